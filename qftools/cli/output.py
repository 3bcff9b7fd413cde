"""How results look in a terminal: tables, amounts, QR codes. Text from outside is made harmless."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from qftools.locale import text
from qftools.texts import harmless

if TYPE_CHECKING:
    from rich.console import Console

    from qftools.exchange.redaction import Redactor
    from qftools.models import Order

WIDE = 150  # columns where there is no terminal to ask, as in a log
READABLE = 110  # columns of a sentence
PROSE = 20  # columns that a wrapped text needs at least, to be readable

plain = harmless


def console(at_least: int = WIDE) -> Console:
    """A rich console on standard output, as wide as the terminal; wide enough in a file."""
    from rich.console import Console

    # Not COLUMNS: where there is no terminal it comes from some parent process, and means nothing.
    width = None if sys.stdout.isatty() else max(WIDE, at_least)
    return Console(width=width, highlight=False, markup=False, emoji=False)


def redactor() -> Redactor:
    """The redaction of what a command shows: it knows the key that the command was given."""
    from qftools.exchange.redaction import redactor_for

    context = click.get_current_context(silent=True)
    keys = (context and context.params.get("client_key"), os.environ.get("QFTOOLS_CLIENT_KEY"))
    return redactor_for(frozenset(key for key in keys if key))


def as_json(value: object, *, indent: int | None = None) -> str:
    """*value* as JSON that any reader takes, with an escape for what the terminal can't write.

    Example:
        >>> print(as_json({"撤销": "a\\udc80\\x9b", "rate": float("inf")}))
        {"撤销": "a\\udc80\\u009b", "rate": "inf"}
    """
    try:
        written = redactor().json(value, indent=indent, allow_nan=False)
    except ValueError:  # Python reads NaN and 1e999 from JSON, but there they are no JSON
        written = redactor().json(_finite(value), indent=indent)
    encoding = _encoding()
    return re.sub(r"[^\x20-\x7e\n]", lambda found: _in_json(found[0], encoding), written)


def _encoding() -> str:
    return getattr(sys.stdout, "encoding", None) or "utf-8"


def _in_json(char: str, encoding: str) -> str:
    if char.isprintable() and char.encode(encoding, "ignore"):
        return char
    import json

    return json.dumps(char)[1:-1]


def in_html(page: str) -> str:
    """A page of UTF-8 as another code page can write it, too.

    Example:
        >>> in_html("撤销")  # standard output is UTF-8 here
        '撤销'
    """
    if _encoding().lower().replace("-", "") == "utf8":
        return page
    return page.encode("ascii", "xmlcharrefreplace").decode()


def _finite(value: Any) -> Any:
    import math

    if isinstance(value, Mapping):
        return {name: _finite(content) for name, content in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(content) for content in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def amount(txamt: int | str | None, txcurrcd: str | None) -> str:
    """An amount in minor units, and what a person calls it.

    Example:
        >>> amount(2500, "HKD"), amount(2500, "JPY"), amount(2500, None)
        ('2500 (HKD 25.00)', '2500 (JPY 2500)', '2500')
    """
    from qftools import catalogue

    if txamt is None:
        return ""
    currency = catalogue.currencies().get(txcurrcd or "")
    figure = str(txamt)
    if currency is None or not (figure.isascii() and figure.isdecimal() and len(figure) < 19):
        return plain(txamt)
    return f"{txamt} ({catalogue.amount(int(txamt), currency.code)})"


def folded(words: str, indent: int = 0, style: str = "", *, widest: int = READABLE) -> None:
    """Print *words* in lines that fit the terminal and the eye, without blanks at their ends.

    Args:
        indent: Columns in front of each line.
        widest: Columns that no line exceeds on a wide terminal.
    """
    # rich takes long to load; where nothing has a style it has nothing to do.
    styled = sys.stdout.isatty() or any(map(os.environ.get, ("FORCE_COLOR", "TTY_COMPATIBLE")))
    screen = console() if styled else None
    columns = screen.width if screen else WIDE
    for line in filled(words, max(min(columns, widest) - indent, PROSE)):
        if screen:
            screen.print(" " * indent + line, style=style, soft_wrap=True)
        else:
            click.echo(" " * indent + line)


# A line may end at a blank, or beside a Chinese character unless a mark belongs to it.
_OPENING, _CLOSING, _CHINESE = "（《「“【", "，。；：、）》」”？！】…", "\u2e80-\u2fff\u3040-\u9fff"
_PIECE = rf"\s+|[{_OPENING}]*(?:[{_CHINESE}]|[^\s{_CHINESE}{_OPENING}{_CLOSING}]+)?[{_CLOSING}]*"


def filled(words: str, room: int) -> Iterator[str]:
    """Lines of at most *room* columns.

    Example:
        >>> list(filled("请求没有执行。 see 4 of it", 12))
        ['请求没有执', '行。 see 4', 'of it']
    """
    line = ""
    for piece in re.findall(r"\s+|\S+" if _is_latin(words) else _PIECE, words):
        if _columns((line + piece).rstrip()) > room:
            if line.strip():
                yield line.rstrip()
                line, piece = "", piece.lstrip()
            *full, line = _chopped(line + piece, room) or [""]
            yield from full
        else:
            line += piece
    yield line.rstrip()


def _is_latin(text: str) -> bool:
    """Tell whether each character takes one column: that needs no rich, which loads slowly."""
    return text.isprintable() and (text.isascii() or max(text) < "\u0300")


def _columns(text: str) -> int:
    if _is_latin(text):
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _chopped(text: str, room: int) -> list[str]:
    if _is_latin(text):
        return [text[at : at + room] for at in range(0, len(text), room)]
    from rich.cells import chop_cells

    return chop_cells(text, room)


def fields(values: Mapping[str, object]) -> None:
    """Print names and values in two columns, those without a value left out."""
    shown = {name: plain(value) for name, value in values.items() if value not in (None, "")}
    _named(list(shown.items()), indent=2)


def _named(values: Sequence[tuple[str, str]], indent: int = 0) -> None:
    """Print names and values in two columns; a value goes on below itself at a blank."""
    wide = indent + max((_columns(name) for name, _ in values), default=0) + 2
    columns = WIDE
    if sys.stdout.isatty():
        import shutil

        columns = shutil.get_terminal_size().columns
    room = max(columns - wide, PROSE)
    for name, value in values:
        # An address or a number is not broken in two: it could not be copied.
        lines = filled(value, room) if " " in value or not value.isascii() else (value,)
        before = " " * indent + name + " " * (wide - indent - _columns(name))
        for line in lines:
            click.echo((before + line).rstrip())
            before = " " * wide


def table(head: Sequence[str], rows: Iterable[Sequence[object]], *, prose: int = 0) -> None:
    """Print a table; where the terminal is too narrow for whole cells, one block for each row.

    A number that is broken in two can't be copied. Only the last *prose* columns are wrapped.
    A cell with a colour is a ``Text`` of rich.
    """
    from rich.cells import cell_len
    from rich.text import Text

    coloured = [
        [value if isinstance(value, Text) else Text(plain(value)) for value in row] for row in rows
    ]
    cells = [[value.plain for value in row] for row in coloured]
    widths = [max(map(cell_len, column)) for column in zip(head, *cells, strict=True)]
    whole = len(head) - prose
    least = sum(widths[:whole]) + sum(min(width, PROSE) for width in widths[whole:])
    least += 3 * len(head) - 1  # what stands between the columns, and at the edges
    screen = console(at_least=least)
    if least > screen.width:
        for row in cells:
            click.echo()
            _named([(title, cell) for title, cell in zip(head, row, strict=True) if cell])
        click.echo()
        return
    from rich import box
    from rich.table import Table

    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for place, title in enumerate(head):
        drawn.add_column(title, no_wrap=place < whole, overflow="fold")
    for line in coloured:
        drawn.add_row(*line)
    screen.print(drawn)


def command_line(*words: str) -> str:
    """A command to copy into a shell.

    Example:
        >>> command_line("qftools", "query", "--txdtm", "2026-01-05 10:00:00")
        "qftools query --txdtm '2026-01-05 10:00:00'"
    """
    import shlex

    return shlex.join(map(plain, words))


# What goes on elsewhere if it is left out; the key is a secret, and is never repeated.
_REPEATED = (
    *("base_url", "app_code", "mchid", "algorithm", "environment", "allow"),
    *("journal", "no_journal", "changes", "wait_for_payer", "profile", "hk_cancel"),
)


def next_line(command: str, *words: str) -> str:
    """The command to go on with, for the account and the journal that were typed for this one."""
    return command_line("qftools", command, *words, *_typed_for(command))


def _typed_for(command: str) -> Iterator[str]:
    context = click.get_current_context(silent=True)
    if context is None:
        return
    root = context.find_root().command
    other = root.commands.get(command) if isinstance(root, click.Group) else None
    takes = {param.name for param in other.params} if other else set()
    for param in context.command.params:
        name = param.name or ""
        if name not in _REPEATED or name not in takes:
            continue
        if context.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
            continue
        value: Any = context.params.get(name)
        for one in value if param.multiple else (value,):
            yield param.opts[0]
            if not (isinstance(param, click.Option) and param.is_flag):
                yield "=".join(one) if isinstance(one, tuple) else str(one)


def query_line(order: Order) -> str:
    """The command that asks what became of *order*."""
    return next_line("query", *naming(order))


def resume_line(number: int) -> str:
    """The command that goes on with an entry of the journal."""
    return next_line("resume", str(number))


def cancel_line(order: Order, corrected: Mapping[str, str] | None = None) -> str:
    """The command that cancels *order*, with what the books have where that is another value.

    Example:
        >>> from qftools.models import Order
        >>> cancel_line(Order("A1", 100, txcurrcd="HKD"), {"txamt": "2500"})
        'qftools cancel --out-trade-no A1 --txamt 2500'
    """
    from qftools.validation import usable

    told = {"txamt": order.txamt, "txdtm": order.txdtm, "udid": order.udid}
    for name, value in (corrected or {}).items():
        # What can't be given is left out: the books are asked for it then.
        takes = usable(name, int(value) if name == "txamt" and value.isdecimal() else value)
        told[name] = value if takes else None
    words = [
        word
        for name, value in told.items()
        if value is not None
        for word in (f"--{name}", str(value))
    ]
    return next_line("cancel", *naming(order), *words)


def refund_line(refund: Order, payment: Order) -> str:
    """The command that goes on with *refund* of *payment*, under the refund's own number.

    Example:
        >>> from qftools.models import Order
        >>> refund_line(Order("R1", 500), Order(syssn="2026010515410002"))
        'qftools refund --syssn 2026010515410002 --txamt 500 --out-trade-no R1'
    """
    amount = () if refund.txamt is None else ("--txamt", str(refund.txamt))
    return next_line("refund", "--syssn", payment.syssn or "", *amount, *naming(refund))


def naming(order: Order) -> tuple[str, str]:
    """The option that names *order*, and its number."""
    if order.out_trade_no:
        return "--out-trade-no", order.out_trade_no
    return "--syssn", order.syssn or ""


def qr_code(content: str) -> None:
    """Draw what the payer's wallet scans; with blanks in two colours where blocks can't be."""
    import segno

    blocks = bool("█".encode(_encoding(), "ignore"))
    segno.make(content, micro=False).terminal(compact=blocks)


@contextmanager
def warnings_shown() -> Iterator[None]:
    """Print what the library warns of as a line on standard error."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = lambda message, *_rest: click.echo(
            text("Warning: {message}").format(message=plain(str(message))), err=True
        )
        yield
