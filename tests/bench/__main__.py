"""Runs the bench: the table on the screen, and after a full run results.json."""

from __future__ import annotations

import signal
import sys
import time

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from docs._site import plots
from tests.bench import results
from tests.bench.rows import Measured, Missing, Result
from tests.bench.running import Run
from tests.bench.table import SUBJECTS, Subject
from tests.bench.timing import ROOT

MARKS = {
    "met": "[green]✓[/]",
    "not met": "[red]✗[/]",
    "missing": "[dim]–[/]",
    "broken": "[red]![/]",
}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--quick", is_flag=True, help="Fewer rounds and no peers, in less than two minutes.")
@click.option(
    "--only",
    type=click.Choice([subject.name for subject in SUBJECTS]),
    multiple=True,
    help="Measure this subject only; may be repeated.",
)
@click.option("--table", is_flag=True, help="Write the texts of all rows anew; measure nothing.")
def main(quick: bool, only: tuple[str, ...], table: bool) -> None:
    """Measure qftools side by side with the floor and with its peers.

    Writes tests/bench/results.json, from which the site makes its page, unless it is quick. No
    mark fails the run: the exit status is 1 only where something of ours could not be measured.
    """
    if table:
        results.write_table()
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that servers are stopped, too
    console = Console()
    run = Run(quick=quick)
    measured: list[Result] = []
    began = time.monotonic()
    with run.at_end:
        for subject in SUBJECTS:
            if only and subject.name not in only:
                continue
            measured += _measure(console, run, subject)
    console.print(f"\n{time.monotonic() - began:.0f} s")
    if not quick:
        changed = results.changed_marks(measured)
        results.write(measured)
        console.print(f"written: {results.FILE.relative_to(ROOT)}")
        _say_what_changed(console, changed)
    raise SystemExit(any(result.mark == "broken" for result in measured))


def _say_what_changed(console: Console, changed: dict[str, tuple[str, str]]) -> None:
    """Say on which marks this run and the one before it disagree."""
    if not changed:
        console.print("every mark is the one that was written before")
    for key, (before, now) in changed.items():
        console.print(f"changed: {key}: {before} -> {now}")


def _measure(console: Console, run: Run, subject: Subject) -> list[Result]:
    """Measure the rows of a subject and print them."""
    rows = [row for row in subject.rows if row.quick or not run.quick]
    found = []
    table = Table(title=subject.title.en, title_justify="left", box=None, pad_edge=False)
    for name in ("", "median", "min – max", "goal", "ours : theirs"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("what : against")
    for row in rows:
        with console.status(f"{row.what.en} …"):
            result = run.result(row)
        found.append(result)
        table.add_row(*_cells(result))
    if rows:
        console.print()
        console.print(table)
    return found


def _cells(result: Result) -> list[str]:
    row, outcome = result.row, result.outcome
    mark, what = MARKS[result.mark], f"{row.what.en} : [dim]{row.against.en}[/]"
    if isinstance(outcome, Missing):
        return [mark, "", "", str(row.goal or ""), "", f"{what} ({outcome.reason.en})"]
    if isinstance(outcome, Exception):
        said = escape(f"{type(outcome).__name__}: {outcome}")
        return [mark, "", "", str(row.goal or ""), "", f"{what} ({said})"]
    return [
        mark,
        plots.in_unit(outcome.median, row.unit),
        plots.span(min(outcome.samples), max(outcome.samples), row.unit),
        str(row.goal or ""),
        _absolute(outcome),
        what,
    ]


def _absolute(outcome: Measured) -> str:
    both = [value for value in (outcome.ours, outcome.theirs) if value is not None]
    return " : ".join(plots.number(value) for value in both) + f" {outcome.each}" if both else ""


if __name__ == "__main__":
    main()
