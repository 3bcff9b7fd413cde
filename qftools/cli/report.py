"""``qftools report``: what an integration did wrong, from a running sandbox."""

from __future__ import annotations

from typing import Any

import click

from qftools.cli import exits, output
from qftools.cli.command import Command, json_option, option, print_json
from qftools.locale import language, mark, text

_COLOURS = {"danger": "red", "warning": "yellow", "note": "blue", "clean": "green"}
_WORDS = {
    "danger": mark("money at risk"),
    "warning": mark("not reliable"),
    "note": mark("minor"),
    "clean": mark("no mistakes found"),
}

_EVIDENCE = ("exchanges", "notifications")


@click.command(
    cls=Command,
    short_help=mark("Report the mistakes of an integration, from a running sandbox"),
    help=mark(
        "Report the mistakes of an integration: graded, with the exchanges as evidence and the "
        "source of each rule.\n"
        "\n"
        "Run your integration against `qftools sandbox`, then this command. The exit status is "
        "1 if a mistake of the grade of --fail-on or higher was found."
    ),
)
@option(
    "--sandbox",
    metavar="URL",
    default="http://127.0.0.1:8787",
    show_default=True,
    help=mark("The running sandbox."),
)
@option(
    "--fail-on",
    type=click.Choice(["danger", "warning", "note", "never"]),
    default="danger",
    show_default=True,
    help=mark("The lowest grade with exit status 1."),
)
@json_option
def report(sandbox: str, fail_on: str, as_json: bool) -> None:
    """Say what an integration did wrong."""
    from qftools.sandbox.control.remote import Remote
    from qftools.sandbox.report.report import GRADES

    found = Remote(sandbox).call("GET", "/sandbox/report")
    if as_json:
        print_json(found)
    else:
        _print(found)
    grades = GRADES[: GRADES.index(fail_on) + 1] if fail_on in GRADES else ()
    raise SystemExit(exits.REFUSED if found["grade"] in grades else exits.DONE)


def _gathered(findings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The findings, those that differ in nothing but their evidence put together."""
    gathered: dict[str, dict[str, Any]] = {}
    for item in findings:
        told = {name: item[name] for name in item if name not in _EVIDENCE}
        first = gathered.setdefault(repr(told), {**told, **{name: [] for name in _EVIDENCE}})
        for name in _EVIDENCE:
            first[name] += item[name]
    return list(gathered.values())


def _print(found: dict[str, Any]) -> None:
    lang = language()
    for item in _gathered(found["findings"]):
        grade = item["grade"]
        where = f" [{item['order']}]" if item["order"] else ""
        numbers = [f"#{number}" for number in item["exchanges"]]
        numbers += [
            text("notification {number}").format(number=number) for number in item["notifications"]
        ]
        head = click.style(text(_WORDS[grade]), fg=_COLOURS[grade], bold=True)
        click.echo(f"{head}  {output.plain(item['title'][lang] + where)}")
        click.echo(f"  {output.plain(item['detail'][lang])} {' '.join(numbers)}".rstrip())
        click.echo(f"  {output.plain(item['why'][lang])}")
        click.echo(f"  -> {output.plain(item['advice'][lang])} ({output.plain(item['source'])})\n")
    grade = found["grade"]
    word = text(_WORDS[grade])
    said = text("{count} exchanges checked: {grade}").format(count=found["exchanges"], grade=word)
    click.secho(said, fg=_COLOURS[grade])
    if found["forgotten"]:
        click.echo(
            text("{count} older exchanges are no longer kept and were not checked.").format(
                count=found["forgotten"]
            )
        )
