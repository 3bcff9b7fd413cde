"""``qftools compare``: where the sandbox answers otherwise than a recorded gateway did."""

from __future__ import annotations

from pathlib import Path

import click

from qftools.catalogue.rows import PROFILES
from qftools.cli import exits, output
from qftools.cli.command import Command, json_option, option, parse_pairs, print_json
from qftools.locale import language, mark, text


@click.command(
    cls=Command,
    short_help=mark("Compare a recording of a gateway with the sandbox"),
    help=mark(
        "Play a recording against the sandbox, with the same orders and clock, and list where the "
        "sandbox answers otherwise: codes, fields, types, order, headers, signature. A switch "
        "that answers as the recording does is named. Nothing is sent.\n"
        "\n"
        "RECORDING is a HAR file (of `qftools tap --record`, of a browser, of exchanges written "
        "with as_har) or a list of exchanges of a sandbox. With the key in QFTOOLS_CLIENT_KEY the "
        "recorded signatures are judged as well; without it each request is signed anew.\n"
        "\n"
        "--html writes a page to send to us: it holds no key, order number, amount or person. The "
        "exit status is 0 where the answers agree, 1 where they differ."
    ),
)
@click.argument(
    "recording", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)
)
@option(
    "--profile",
    type=click.Choice(PROFILES),
    help=mark("Which edition of the documents decides between reversal and close."),
)
@option(
    "--set",
    "--switch",
    "switches",
    multiple=True,
    metavar="NAME=VALUE",
    callback=parse_pairs,
    help=mark("Choose a reading of a rule on which the sources disagree; may be repeated."),
)
@option(
    "--html",
    "page",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help=mark("Write the comparison as a page that needs nothing else."),
)
@option(
    "--key-env",
    metavar="NAME",
    default="QFTOOLS_CLIENT_KEY",
    show_default=True,
    help=mark("The variable that holds the client key."),
)
@json_option
def compare(
    recording: Path,
    profile: str | None,
    switches: list[tuple[str, str]],
    page: Path | None,
    key_env: str,
    as_json: bool,
) -> None:
    """Compare a recording with the sandbox."""
    import os

    from qftools.compare.comparison import compare as compared
    from qftools.compare.page import as_html
    from qftools.compare.recorded import MOST_BYTES
    from qftools.exchange.redaction import redactor_for

    key = os.environ.get(key_env) or ""
    with click.open_file(str(recording), "rb") as opened:
        source = opened.read(MOST_BYTES + 1)
    chosen = dict(switches) | ({"cancel_routes": profile} if profile else {})
    found = compared(source, chosen, client_key=key)
    redactor = redactor_for(frozenset((key,) if key else ()))
    if page is not None:
        page.write_text(as_html(found, redactor, language()), encoding="utf-8")
    if as_json:
        print_json(redactor.plain(found.to_dict()))
    else:
        for line in found.say().splitlines():
            click.echo(output.plain(redactor.words(line)))
        if page is not None:
            said = text("The page is in {path}.").format(path=output.plain(page))
            click.echo(said)
    raise SystemExit(exits.REFUSED if found.differences else exits.DONE)
