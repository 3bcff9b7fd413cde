"""``qftools explain``: what is wrong with a request that somebody pasted. Sends nothing."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qftools.cli import exits, output
from qftools.cli.command import Command, json_option, option, print_json
from qftools.locale import language, mark, text

if TYPE_CHECKING:
    from qftools.diagnosis import Diagnosis

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
    short_help=mark("Say what is wrong with a pasted request or signature"),
    help=mark(
        "Say what is wrong with a request, an answer or a notification, and how to mend it.\n\n"
        "Paste it into standard input or name a file: cURL (bash or Windows), HAR, raw HTTP, "
        "Postman, fetch() or requests.post(), JSON, print_r, a log line with the signed text, or "
        "bare name=value&name=value with a signature. Nothing is sent. The key is read from a "
        "variable, never shown, and redacted where the paste shows it.\n\n"
        "The exit status is 0 if nothing is wrong, 1 if something is, 2 if nothing can be read."
    ),
)
@click.argument(
    "file",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    default="-",
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
    help=mark("The language of the fixes."),
)
@option(
    "--environment",
    envvar="QFTOOLS_ENVIRONMENT",
    type=click.Choice(["sandbox", "test", "production"]),
    help=mark("Where these credentials are valid; a host of another kind is an error."),
)
@option(
    "--mchid-rule",
    type=click.Choice(["optional", "required", "forbidden"]),
    default="optional",
    show_default=True,
    help=mark("Whether this account's calls must carry an mchid, must not, or may."),
)
@json_option
def explain(
    file: Path,
    key_env: str,
    other_keys: tuple[str, ...],
    which: int | None,
    code: str,
    environment: str | None,
    mchid_rule: str,
    as_json: bool,
) -> None:
    """Say what is wrong with a request that somebody pasted."""
    from qftools.diagnosis import explain as diagnose

    diagnosis = diagnose(
        read_paste(file),
        key=os.environ.get(key_env) or None,
        other_keys={name: _variable(name) for name in other_keys},
        which=which,
        environment=environment,
        mchid_rule=mchid_rule,
    )
    if as_json:
        print_json(diagnosis.to_dict(language(), code))
    else:
        _print(diagnosis, code)
    raise SystemExit(exits.DONE if diagnosis.ok else exits.REFUSED)


def read_paste(file: Path) -> bytes:
    """The bytes of a file, or of standard input up to its end; not more than can be read."""
    from qftools.diagnosis.reading.paste import LONGEST

    if str(file) == "-" and sys.stdin is None:
        raise click.UsageError(text("Standard input is closed: name a file."))
    if str(file) == "-" and sys.stdin.isatty():
        click.echo(text("Paste the request, then press Ctrl-D on a line of its own:"), err=True)
    with click.open_file(str(file), "rb") as opened:
        return bytes(opened.read(LONGEST + 1))


def _variable(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise click.UsageError(text("The variable {name} is not set.").format(name=name))
    return value


def _print(diagnosis: Diagnosis, code: str) -> None:
    from rich.text import Text

    from qftools.diagnosis.report import lines

    screen = output.console()
    for line in lines(diagnosis, language(), code):
        style = _STYLES.get(line.style, "")
        room = max(screen.width - line.indent, 20)
        # Folded here, so that what is copied from the screen has no blanks at its end.
        for part in Text(line.text, style=style).wrap(screen, room, overflow="fold"):
            screen.print(Text(" " * line.indent) + part, soft_wrap=True)
