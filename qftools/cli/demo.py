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
    from rich.text import Text

    from qftools.cli.demonstration import DemoRow

_HEAD = (
    mark("wallet"),
    mark("mode"),
    mark("situation"),
    mark("queries and calls, in order"),
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
    from rich.table import Table
    from rich.text import Text

    types = list(dict.fromkeys((row.pay_type, row.wallet.say(), row.mode) for row in shown))
    drawn = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    drawn.add_column("\n" + text("situation"))
    before = ""
    for _, wallet, mode in types:
        drawn.add_column(f"{'' if wallet == before else wallet.split()[0]}\n{mode}", no_wrap=True)
        before = wallet
    for situation in dict.fromkeys(row.situation for row in shown):
        cells = {row.pay_type: _letter(row) for row in shown if row.situation == situation}
        drawn.add_row(text(situation), *(cells.get(pay_type, Text("")) for pay_type, *_ in types))
    legend = Table(box=None, pad_edge=False, show_header=False, padding=(0, 1, 0, 0))
    for row in {row.outcome.verdict: row for row in shown}.values():
        advice = re.split("[.。;；:：]", row.outcome.advice(), maxsplit=1)[0]
        legend.add_row(_letter(row), row.outcome.verdict.value, advice)
    console = output.console()
    console.print(drawn)
    console.print()
    console.print(legend)


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

    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in _HEAD:
        drawn.add_column(text(title), overflow="fold", no_wrap=title in ("mode", "verdict"))
    before = None
    for row in shown:
        wallet, mode = ("", "") if row.pay_type == before else (row.wallet.say(), row.mode)
        if before and wallet:
            drawn.add_section()
        before = row.pay_type
        colour = _COLOURS[VERDICTS[row.outcome.verdict].charged]
        drawn.add_row(
            wallet,
            mode,
            text(row.situation),
            " → ".join(row.asked),
            Text(row.outcome.verdict.value, colour if row.agrees else "reverse red"),
            _first_sentence(row.outcome.advice()),
        )
    output.console().print(drawn)


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
    click.echo(agree.format(count=len(shown) - len(wrong), total=len(shown)) + more)
