"""``qftools sweep``: resolves a file of orders with unknown results."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qftools.cli import exits, output
from qftools.cli.account import account_options, connected, route_options, taken_out
from qftools.cli.command import Command, option, print_json
from qftools.cli.journal import journal_option, no_journal_option, open_journal
from qftools.cli.policy import chosen, policy_options
from qftools.locale import mark, text

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from qftools.client.client import Client
    from qftools.sweep.files import Orders, Results, Wrong
    from qftools.sweep.sweep import Result, Row, Task


@click.command(
    cls=Command,
    short_help=mark("Resolve a file of orders with unknown results"),
    help=mark(
        "Bring every order of FILE to its verdict, as qftools cancel does for one.\n\n"
        "FILE is a table with a header, as a spreadsheet exports it (separated by commas, "
        "semicolons, tabs or |; UTF-8, UTF-16 or GBK), or JSON lines; - is standard input. It "
        "needs out_trade_no or syssn; txamt, txdtm, pay_type, txcurrcd, mchid and udid where you "
        "know them: the gateway's books tell the rest. Headers may be Chinese or English words, "
        "such as 商户订单号 or Order No. A row with origssn (the gateway's number of the payment) "
        "is a refund whose reply was lost: it is queried to its verdict, and never sent.\n\n"
        "txamt counts minor units (2500); with decimals (25.00) it is an amount in the currency of "
        "its row, or the one that the books name. A number that a spreadsheet destroyed "
        "(2.02611E+19) is refused with its line, and so is what could mean two things.\n\n"
        "Results go to FILE.results.csv (or .jsonl) as they come, one sweep at a time; a file that "
        "holds anything else is never written to. Interrupted, or run again, it does only what is "
        "left. The published limits (100 requests a second, 400 a minute) are kept."
    ),
)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@option(
    "--results",
    type=click.Path(dir_okay=False, path_type=Path),
    help=mark("The file of results; beside FILE by default. Needed for - and pipes."),
)
@option("--dry-run", "dry", is_flag=True, help=mark("Query each order once; cancel nothing."))
@option(
    "--again",
    is_flag=True,
    help=mark(
        "Process again orders whose result is UNRESOLVED, NOT_FOUND, NOT_CANCELLABLE, HELD or "
        "REFUND_PENDING."
    ),
)
@option(
    "--workers",
    type=click.IntRange(1, 64),
    default=8,
    show_default=True,
    help=mark("How many orders are processed at the same time."),
)
@route_options
@policy_options
@journal_option
@no_journal_option
@account_options
def sweep(
    file: Path,
    results: Path | None,
    dry: bool,
    again: bool,
    workers: int,
    journal: str | None,
    no_journal: bool,
    changes: list[tuple[str, str]],
    wait_for_payer: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Resolve a file of orders with unknown results."""
    from qftools.sweep import sweep as sweeping
    from qftools.sweep.files import AGAIN, Orders, Results

    target = results or _beside(file, dry)
    how = taken_out(options, "profile", "hk_cancel")
    kept = None
    if not (no_journal or dry):
        with open_journal(journal) as opened:  # what is wrong with it is told before a request
            kept = opened.path
    redo = AGAIN if again else frozenset()
    # A dry run is not the sweep: it begins anew each time, in a file of its own.
    with (
        Orders(file) as orders,
        connected(options) as client,
        Results(target, redo, orders=orders, dry=dry) as written,
    ):
        number, wrong = _counted(orders)
        task = sweeping.Task(
            functools.partial(_same, client),
            journal=kept,
            policy=chosen(None, changes, wait_for_payer),
            dry=dry,
            threads=workers,
            **how,
        )
        before = sum(written.has(row.order) for row in _rows(orders))
        left = (row for row in _rows(orders) if not written.has(row.order))
        told = _swept(task, left, workers, written, (before, number))
    if as_json:
        print_json(_to_dict(told, wrong, target))
    else:
        _print(told, wrong, target)
    raise exits.Kept(_status(told, wrong))


class _Told:
    """What a sweep came to, for its last lines."""

    def __init__(self, before: int) -> None:
        self.before = before
        self.counts: Counter[str] = Counter()
        self.errors: list[Result] = []
        self.requests = 0
        self.interrupted = False

    def add(self, result: Result) -> None:
        """Count one result."""
        self.requests += result.requests
        if result.error:
            self.errors.append(result)
        else:
            self.counts[result.verdict or result.finding] += 1


def _same(client: Client) -> Client:
    return client


def _counted(orders: Orders) -> tuple[int, list[Wrong]]:
    """How many orders there are; what is wrong with the other rows is said at once."""
    from qftools.sweep.sweep import Row

    number = 0
    wrong = []
    for row in orders:
        if isinstance(row, Row):
            number += 1
            continue
        wrong.append(row)
        said = text("line {line}: {reason}").format(line=row.line, reason=row.reason)
        click.echo(output.plain(said), err=True)
    return number, wrong


def _rows(orders: Orders) -> Iterator[Row]:
    from qftools.sweep.sweep import Row

    return (row for row in orders if isinstance(row, Row))


def _beside(file: Path, dry: bool) -> Path:
    system = file.is_absolute() and file.parts[1:2] in (("dev",), ("proc",))
    if str(file) == "-" or system or (file.exists() and not file.is_file()):
        raise click.UsageError(
            text("{file} has no folder for the results: give a file with --results").format(
                file=file
            )
        )
    suffix = ".jsonl" if file.suffix.lower() in (".jsonl", ".ndjson") else ".csv"
    return file.with_name(f"{file.name}.{'look' if dry else 'results'}{suffix}")


def _swept(
    task: Task, rows: Iterable[Row], workers: int, written: Results, done: tuple[int, int]
) -> _Told:
    from qftools.sweep.sweep import Sweep

    before, number = done
    told = _Told(before)
    with _progress() as bar:
        line = bar.add_task("", total=number, completed=before, told="")
        try:
            with closing(Sweep(task, workers=workers).run(rows)) as results:
                for result in results:
                    if not result.error:
                        written.add(result)
                    told.add(result)
                    with suppress(OSError, ValueError):  # what can't be shown is in the file
                        _show(bar, line, told)
        except KeyboardInterrupt:
            told.interrupted = True
    return told


def _progress() -> Progress:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    return Progress(
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[told]}", markup=False),
        console=Console(stderr=True),
    )


def _show(bar: Progress, line: TaskID, told: _Told) -> None:
    counts = "  ".join(f"{name} {count}" for name, count in told.counts.most_common())
    errors = f"  {text('errors')} {len(told.errors)}" if told.errors else ""
    bar.update(line, advance=1, told=counts + errors)


def _to_dict(told: _Told, wrong: list[Wrong], target: Path) -> dict[str, Any]:
    return {
        "results": str(target),
        "counts": dict(told.counts),
        "done_before": told.before,
        "requests": told.requests,
        "wrong": [{"line": row.line, "reason": row.reason} for row in wrong],
        "errors": [{"line": result.line, "error": result.error} for result in told.errors],
        "interrupted": told.interrupted,
    }


def _print(told: _Told, wrong: list[Wrong], target: Path) -> None:
    if not (told.before or told.counts or told.errors or wrong or told.interrupted):
        click.echo(text("The file has no orders."), err=True)
    if told.before:
        click.echo(text("{count} were finished before.").format(count=told.before))
    for name, count in told.counts.most_common():
        click.echo(f"{count:8}  {name}")
    for result in told.errors:
        said = text("line {line}: {reason}").format(line=result.line, reason=result.error)
        click.echo(output.plain(said), err=True)
    if wrong or told.errors:
        said = text("{count} rows could not be processed; correct them and run it again.")
        click.echo(said.format(count=len(wrong) + len(told.errors)), err=True)
    click.echo(text("Results: {path}").format(path=target))
    if told.interrupted:
        click.echo(text("Interrupted. Run it again to process the rest."), err=True)


_UNKNOWN = ("UNRESOLVED", "SILENT", "DENIED")  # the last two are findings of a dry run


def _status(told: _Told, wrong: list[Wrong]) -> int:
    if told.interrupted:
        return exits.INTERRUPTED
    if wrong or told.errors:
        return exits.REFUSED
    if any(told.counts[name] for name in _UNKNOWN):
        return exits.verdict_status("UNRESOLVED")
    return exits.DONE
