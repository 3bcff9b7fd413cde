"""``qftools report``: what an integration did wrong, from a running sandbox."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from qftools.cli import exits, output
from qftools.cli.command import Command, json_option, option, print_json
from qftools.locale import mark, text
from qftools.texts import Text

_COLOURS = {"danger": "red", "warning": "yellow", "note": "blue", "clean": "green"}
_WORDS = {
    "danger": mark("money at risk"),
    "warning": mark("not reliable"),
    "note": mark("minor"),
    "clean": mark("no mistakes found"),
}

_MOST = 8  # orders, numbers or details of one rule that are written out


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


def _print(found: dict[str, Any]) -> None:
    """The summary, then each rule once, with all the places where it was broken."""
    grade = found["grade"]
    said = text("{count} exchanges checked: {grade}").format(
        count=found["exchanges"], grade=text(_WORDS[grade])
    )
    output.folded(said, style=f"bold {_COLOURS[grade]}")
    if found["forgotten"]:
        output.folded(
            text("{count} older exchanges are no longer kept and were not checked.").format(
                count=found["forgotten"]
            )
        )
    for items in _grouped(found["findings"], lambda item: item["rule"]):
        _print_rule(items)


def _print_rule(items: list[dict[str, Any]]) -> None:
    first = items[0]
    orders = list(dict.fromkeys(item["order"] for item in items if item["order"]))
    times = f"x{len(items)}" if len(items) > 1 else ""
    places = ": ".join(filter(None, (times, _listed(orders))))
    grade = first["grade"]
    click.echo()
    output.folded(
        "  ".join(filter(None, (text(_WORDS[grade]), _said(first["title"]), places))),
        style=f"bold {_COLOURS[grade]}",
    )
    details = _grouped(items, lambda item: _said(item["detail"]))
    for alike in details[:_MOST]:
        numbers = [f"#{number}" for item in alike for number in item["exchanges"]]
        numbers += [
            text("notification {number}").format(number=number)
            for item in alike
            for number in item["notifications"]
        ]
        output.folded(
            f"{_said(alike[0]['detail'])} {_listed(list(dict.fromkeys(numbers)))}".rstrip(), 2
        )
    if len(details) > _MOST:
        output.folded(text("... and {count} more").format(count=len(details) - _MOST), 2)
    output.folded(_said(first["why"]), 2)
    output.folded(f"-> {_said(first['advice'])} ({output.plain(first['source'])})", 2)


def _said(words: dict[str, str]) -> str:
    return output.plain(Text(**words).say())


def _grouped(
    items: list[dict[str, Any]], by: Callable[[dict[str, Any]], str]
) -> list[list[dict[str, Any]]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for item in items:
        groups.setdefault(by(item), []).append(item)
    return list(groups.values())


def _listed(words: list[str]) -> str:
    """The first of *words*; that there are more is said.

    Example:
        >>> _listed([f"A{number}" for number in range(1, 11)])
        'A1, A2, A3, A4, A5, A6, A7, A8, ...'
    """
    shown = [output.plain(word) for word in words[:_MOST]]
    return ", ".join(shown + ["..."] * (len(words) > _MOST))
