"""``qftools demo``: every wallet of the vendor's page and every failure case, on the embedded
sandbox."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from qftools.cli import exits, output
from qftools.cli.command import Command, json_option, option, print_json
from qftools.locale import mark, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rich.text import Text

    from qftools.cli.demonstration import DemoRow

    Found = Mapping[str, Mapping[str, Text]]  # the letter of each situation and pay type

_HEAD = (
    mark("wallet"),
    mark("mode"),
    mark("situation"),
    mark("calls, in order"),
    mark("verdict"),
    mark("next"),
)
_COLOURS = {"no": "green", "returned": "green", "yes": "yellow", "unknown": "red"}


@click.command(
    cls=Command,
    short_help=mark("Show every wallet and failure case on the sandbox"),
    help=mark(
        "Cancel payments of every wallet of the vendor's page, in every failure case, on the "
        "embedded sandbox.\n"
        "\n"
        "Each verdict is compared with the sandbox's own records; the exit status is 1 if any "
        "differs. Nothing is sent to another machine."
    ),
)
@option("--seed", type=int, default=0, show_default=True, help=mark("Makes ids repeatable."))
@option(
    "--full", is_flag=True, help=mark("Show the queries and calls of each, and what to do next.")
)
@json_option
def demo(seed: int, full: bool, as_json: bool) -> None:
    """Show every wallet and failure case on the sandbox."""
    from qftools.cli.demonstration import run

    shown = list(run(seed))
    wrong = [row for row in shown if not row.agrees]
    if as_json:
        print_json({"rows": [_to_dict(row) for row in shown], "disagreeing": len(wrong)})
    else:
        if full:
            _print_full(shown)
        _print_sum(shown, wrong, full)
        if not full:
            _print(shown)
    raise SystemExit(exits.REFUSED if wrong else exits.DONE)


def _to_dict(row: DemoRow) -> dict[str, Any]:
    return {
        "pay_type": row.pay_type,
        "wallet": row.wallet.say(),
        "mode": row.mode,
        "situation": text(row.situation),
        "asked": list(row.asked),
        "verdict": row.outcome.verdict.value,
        "next": row.outcome.advice(),
        "books": row.books,
        "agrees": row.agrees,
    }


def _print(shown: list[DemoRow]) -> None:
    """One line a situation, one column a pay type; the verdicts by their letters, told below."""
    from rich.text import Text

    screen = output.console()
    names = {row.pay_type: (row.wallet.say().split()[0], row.mode) for row in shown}
    found: dict[str, dict[str, Text]] = {}
    for row in shown:
        found.setdefault(text(row.situation), {})[row.pay_type] = _letter(row)
    lines = _columns(names, found)
    if max(line.cell_len for line in lines) > screen.width:
        for number, (wallet, mode) in enumerate(names.values(), 1):
            click.echo(f"{number} {wallet} {mode}")
        click.echo()
        lines = _numbered(names, found)
    for line in lines:
        screen.print(line, soft_wrap=True)
    screen.print()
    wide = max(len(row.outcome.verdict) for row in shown) + 3
    for row in {row.outcome.verdict: row for row in shown}.values():
        advice = re.split("[.。;；:：]", row.outcome.advice(), maxsplit=1)[0]
        before = Text.assemble(_letter(row), " ", row.outcome.verdict.ljust(wide - 2))
        for said in output.filled(advice, max(screen.width - wide, output.PROSE)):
            screen.print(before + Text(said), soft_wrap=True)
            before = Text(" " * wide)


def _columns(names: Mapping[str, tuple[str, str]], found: Found) -> list[Text]:
    """A table of a column for each pay type, under the names of its wallet and mode."""
    from rich.cells import cell_len, set_cell_size
    from rich.text import Text

    first = max(map(cell_len, (*found, text("situation")))) + 1
    above, head = " " * first, set_cell_size(text("situation"), first)
    before, widths = "", {}
    for pay_type, (wallet, mode) in names.items():
        shown = "" if wallet == before else wallet
        widths[pay_type] = max(cell_len(shown), cell_len(mode)) + 1
        above += set_cell_size(shown, widths[pay_type])
        head += set_cell_size(mode, widths[pay_type])
        before = wallet
    lines = [Text(above, "bold"), Text(head, "bold")]
    for situation, letters in found.items():
        line = Text(set_cell_size(situation, first))
        for pay_type, width in widths.items():
            line += letters.get(pay_type, Text(" ")) + Text(" " * (width - 1))
        lines.append(line)
    for line in lines:
        line.rstrip()
    return lines


def _numbered(names: Iterable[str], found: Found) -> list[Text]:
    """The same for a narrow terminal: the pay types by number, below each situation."""
    from rich.text import Text

    lines = []
    for situation, letters in found.items():
        line = Text()
        for number, pay_type in enumerate(names, 1):
            if pay_type in letters:
                line += Text(f"  {number} ") + letters[pay_type]
        lines += [Text(situation), line]
    return lines


def _letter(row: DemoRow) -> Text:
    """The first letter of a verdict, in the colour of what it says of the money."""
    from rich.text import Text

    from qftools.cancellation.verdicts import VERDICTS, Verdict

    verdict = row.outcome.verdict
    letter = "F" if verdict is Verdict.NOT_FOUND else verdict[0]  # N is NOT_CANCELLABLE
    colour = _COLOURS[VERDICTS[verdict].charged]
    return Text(letter, colour if row.agrees else "reverse red")


def _print_full(shown: list[DemoRow]) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from qftools.cancellation.verdicts import VERDICTS

    head = [text(title) for title in _HEAD]
    rows = [
        (
            row.wallet.say(),
            row.mode,
            text(row.situation),
            " → ".join(row.asked),
            row.outcome.verdict.value,
            _first_sentence(row.outcome.advice()),
        )
        for row in shown
    ]
    screen = output.console()
    if screen.width < output.READABLE:
        output.table(head, rows)  # too narrow: a block for each
        return
    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title, name in zip(head, _HEAD, strict=True):
        drawn.add_column(title, overflow="fold", no_wrap=name in ("mode", "verdict"))
    before = None
    for row, (wallet, mode, situation, asked, verdict, advice) in zip(shown, rows, strict=True):
        if before and row.pay_type != before:
            drawn.add_section()
        colour = _COLOURS[VERDICTS[row.outcome.verdict].charged] if row.agrees else "reverse red"
        named = ("", "") if row.pay_type == before else (wallet, mode)
        drawn.add_row(*named, situation, asked, Text(verdict, colour), advice)
        before = row.pay_type
    screen.print(drawn)


def _first_sentence(advice: str) -> str:
    """A summary for the table; ``qftools cancel`` and --json show everything."""
    return re.split(r"(?<=[.。])\s*", advice, maxsplit=1)[0]


def _print_sum(shown: list[DemoRow], wrong: list[DemoRow], full: bool) -> None:
    for row in wrong:
        said = text(
            "{wallet} {mode}, {situation}: the verdict is {verdict}, the sandbox has {books}"
        )
        click.echo(
            said.format(
                wallet=row.wallet.say(),
                mode=row.mode,
                situation=text(row.situation),
                verdict=row.outcome.verdict.value,
                books=row.books,
            )
        )
    agree = text("{count} of {total} verdicts agree with the sandbox's own records.")
    more = "" if full else text("  --full: each call")
    output.folded(agree.format(count=len(shown) - len(wrong), total=len(shown)) + more)
