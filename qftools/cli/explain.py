"""``qftools explain``: what is wrong with a paste, what a code means, what became of an order."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qftools.cli import exits, output
from qftools.cli.command import Command, json_option, option, print_json
from qftools.locale import language, mark, text
from qftools.texts import Text

if TYPE_CHECKING:
    from qftools.diagnosis import Diagnosis

_UNFOLDED = ("plain", "code", "command")
_STYLES = {
    "title": "bold",
    "good": "bold green",
    "bad": "bold red",
    "heading": "bold",
    "error": "bold red",
    "warning": "bold yellow",
    "note": "bold cyan",
    "code": "green",
    "command": "bold",
    "faint": "dim",
}


@click.command(
    cls=Command,
    short_help=mark("Explain a pasted request or answer, a code, an order"),
    help=mark(
        "Say what is wrong with a request, an answer or a notification, and how to mend it; what "
        "a code means; what became of an order.\n\n"
        "Paste it into standard input or name a file: cURL (bash or Windows), HAR, raw HTTP, "
        "Postman, fetch() or requests.post(), JSON, print_r, a log line with the signed text, "
        "bare name=value&name=value with a signature, or a sentence with a code. Nothing is sent. "
        "The key is read from a variable, never shown, and redacted where the paste shows it.\n\n"
        "CODE is a response code such as 1145. NUMBER is an order's, yours or the gateway's: the "
        "journal is looked into, and the gateway asked once (a query) if QFTOOLS_BASE_URL, "
        "QFTOOLS_APP_CODE and QFTOOLS_CLIENT_KEY are set.\n\n"
        "The exit status is 0 if nothing is wrong, 1 if something is, 2 if nothing can be read."
    ),
)
@click.argument("target", metavar="[FILE|-|CODE|NUMBER|TEXT]", default="-")
@option(
    "--sandbox",
    "exchange",
    type=click.IntRange(1),
    metavar="EXCHANGE",
    help=mark("Explain this exchange of a running sandbox, by its number."),
)
@option(
    "--sandbox-url",
    metavar="URL",
    default="http://127.0.0.1:8787",
    show_default=True,
    help=mark("The running sandbox."),
)
@option(
    "--key-env",
    metavar="NAME",
    default="QFTOOLS_CLIENT_KEY",
    show_default=True,
    help=mark("The variable that holds the client key."),
)
@option(
    "--other-key-env",
    "other_keys",
    metavar="NAME",
    multiple=True,
    help=mark("A variable with the key of another environment or account; may be repeated."),
)
@option(
    "--request",
    "which",
    type=click.IntRange(1),
    metavar="NUMBER",
    help=mark("Which request of the paste; the first that is wrong if left out."),
)
@option(
    "--code",
    type=click.Choice(["python", "php", "java", "node"]),
    default="python",
    show_default=True,
    help=mark("The programming language of the fixes."),
)
@option(
    "--environment",
    envvar="QFTOOLS_ENVIRONMENT",
    type=click.Choice(["sandbox", "test", "production"]),
    help=mark("The environment of these credentials; a host of another environment is an error."),
)
@option(
    "--mchid-rule",
    type=click.Choice(["optional", "required", "forbidden"]),
    default="optional",
    show_default=True,
    help=mark("Whether this account's calls must carry an mchid, must not, or may."),
)
@option(
    "--mchid",
    envvar="QFTOOLS_MCHID",
    help=mark("The account's merchant number: a program may sign it and not send it."),
)
@json_option
def explain(
    target: str,
    exchange: int | None,
    sandbox_url: str,
    code: str,
    environment: str | None,
    as_json: bool,
    **how: Any,
) -> None:
    """Explain a paste, a code, an order, or an exchange of a sandbox."""
    if exchange is not None:
        ok = _explain_exchange(exchange, sandbox_url, as_json=as_json)
    elif _is_number(target):
        from qftools.cli.explain_order import explain_order

        ok = explain_order(target, lambda d: _print(d, code), environment, as_json=as_json)
    else:
        ok = _explain_paste(_pasted(target), code, environment, as_json=as_json, **how)
    raise SystemExit(exits.DONE if ok else exits.REFUSED)


def _explain_paste(
    paste: bytes,
    code: str,
    environment: str | None,
    *,
    key_env: str,
    other_keys: tuple[str, ...],
    which: int | None,
    mchid_rule: str,
    mchid: str | None,
    as_json: bool,
) -> bool:
    from qftools.diagnosis import explain as diagnose

    diagnosis = diagnose(
        paste,
        key=os.environ.get(key_env) or None,
        other_keys={name: _variable(name) for name in other_keys},
        which=which,
        environment=environment,
        mchid_rule=mchid_rule,
        mchid=mchid,
    )
    if as_json:
        print_json(diagnosis.to_dict(code=code))
    else:
        _print(diagnosis, code)
    return diagnosis.ok


_CODE = re.compile(r"\d{4}", re.ASCII)
_NUMBER = re.compile(r"[A-Za-z0-9_|*-]{2,128}", re.ASCII)
_TEXT = re.compile(r"[\s={}\[\]:]|[^\x00-\x7f]")


def _is_number(target: str) -> bool:
    """Whether it is the number of an order, and neither a code nor a file that exists."""
    is_number = _NUMBER.fullmatch(target) and not _CODE.fullmatch(target)
    return bool(is_number) and not Path(target).exists()


def _pasted(target: str) -> bytes:
    """What a file holds, or standard input; a code or a sentence is itself what was pasted."""
    if _CODE.fullmatch(target) or (_TEXT.search(target) and not _exists(target)):
        return target.encode("utf-8", "surrogateescape")
    readable = click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)
    return read_paste(readable.convert(target, None, click.get_current_context()))


def _exists(target: str) -> bool:
    with contextlib.suppress(OSError, ValueError):  # too long to be a name of a file
        return Path(target).exists()
    return False


def read_paste(file: Path) -> bytes:
    """The bytes of a file, or of standard input up to its end; not more than can be read."""
    from qftools.diagnosis.reading.paste import LONGEST

    if str(file) == "-" and sys.stdin is None:
        raise click.UsageError(text("Standard input is closed: name a file."))
    if str(file) == "-" and sys.stdin.isatty():
        click.echo(text("Paste the request, then press Ctrl-D on a line of its own:"), err=True)
    with click.open_file(str(file), "rb") as opened:
        return bytes(opened.read(LONGEST + 1))


def _explain_exchange(number: int, url: str, *, as_json: bool) -> bool:
    """Print what a running sandbox says of one exchange: it has the request and the key."""
    from qftools.sandbox.control.remote import Remote

    found = Remote(url).call("GET", f"/sandbox/exchanges/{number}")
    explained = found["explanation"]
    if as_json:
        print_json(found)
    elif explained is None:
        click.echo(text("Exchange {number}: nothing is wrong with it.").format(number=number))
    else:
        for line in Text(**explained["text"]).say().splitlines():
            output.folded(line.lstrip(), len(line) - len(line.lstrip()))
    return explained is None


def _variable(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise click.UsageError(text("The variable {name} is not set.").format(name=name))
    return value


def _print(diagnosis: Diagnosis, code: str) -> None:
    from qftools.diagnosis.report import lines

    for line in lines(diagnosis, language(), code):
        widest = 10_000 if line.style in _UNFOLDED else output.READABLE
        output.folded(line.text, line.indent, _STYLES.get(line.style, ""), widest=widest)
