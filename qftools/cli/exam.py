"""``qftools exam``: run a shop through every bad day, and compare its belief with the books."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qftools.cli import exits, output
from qftools.cli.command import Command, json_option, option, parse_pairs, print_json
from qftools.locale import mark, text

if TYPE_CHECKING:
    from qftools.exam.conducting import Exam
    from qftools.exam.judging import Judgement
    from qftools.exam.results import Sheet
    from qftools.exam.shops import Shop
    from qftools.exam.situations import BadDay
    from qftools.exam.stage import Stage
    from qftools.transport.door import WireRequest

_ONE_AT_A_TIME = threading.Lock()
_COLOURS = {"passed": "green", "failed": "red", "unsettled": "yellow", "broken": "red"}
_HEAD = ("", *(mark("result"), mark("believed"), mark("books"), mark("cost"), mark("situation")))
_MOST_DETAILS = 2  # of a cause; each situation shows its own
_MOST_SAID = 8  # lines of a shop that said nothing that can be read
_WATCHED = 3600.0  # seconds that a sale may take while a person looks at each request
_PORT = 8787  # of a shop that runs: it has to know the gateway beforehand


@click.command(
    cls=Command,
    short_help=mark("Run your shop through every bad day, on the sandbox"),
    help=mark(
        "Run a shop, in any language, through every bad day of a payment, and compare what it "
        "believes with the books.\n"
        "\n"
        "Each situation has a sandbox gateway of its own: the payer is faster, a reply is lost, "
        "the shop's program dies, a notification is forged. The shop sells once and says in its "
        "last line what it believes: paid, not paid or unknown. It finds the gateway in "
        "QFTOOLS_BASE_URL, QFTOOLS_APP_CODE and QFTOOLS_CLIENT_KEY, and may keep what it must not "
        "forget in the file QFTOOLS_JOURNAL. Where it would sleep, it can POST the JSON "
        '{"advance": SECONDS} to QFTOOLS_CLOCK instead.\n'
        "\n"
        "\b\n"
        "qftools exam --shop 'python shop.py {amount} {currency} {pay_type}'\n"
        "qftools exam --shop 'php shop.php {amount} {currency} {pay_type} {auth_code}' "
        "--level money\n"
        "qftools exam --shop http://127.0.0.1:3000/checkout --start 'node server.mjs'\n"
        "qftools exam --shop '...' --situation S17 --watch\n"
        "\n"
        "The exit status is 0 if every situation that was run is passed, else 1."
    ),
)
@option(
    "--shop",
    metavar="COMMAND|URL",
    help=mark(
        "How to sell: a command with {amount}, {currency}, {pay_type}, and if the shop takes them "
        "{auth_code} and {number}; or an address that takes them as a form."
    ),
)
@option("--start", metavar="COMMAND", help=mark("Starts a shop that has an address."))
@option(
    "--receiver",
    default="",
    metavar="URL|COMMAND",
    help=mark(
        "Where the shop receives notifications; or the command that starts its receiver on {port}."
    ),
)
@option(
    "--env",
    "environment",
    multiple=True,
    metavar="NAME=VALUE",
    callback=parse_pairs,
    help=mark(
        "A variable of the shop's own; {url}, {app_code}, {client_key}, {journal} and {clock} are "
        "filled in. May be repeated."
    ),
)
@option(
    "--level",
    type=click.Choice(["basics", "money", "complete"]),
    default="basics",
    show_default=True,
    help=mark("money holds basics, complete holds all."),
)
@option(
    "--situation",
    "ids",
    multiple=True,
    metavar="S01",
    help=mark("Only this one. May be repeated."),
)
@option(
    "--pay-type",
    "pay_types",
    multiple=True,
    metavar="CODE",
    help=mark("A pay type that the shop takes. May be repeated; all if left out."),
)
@option("--seed", type=int, default=0, show_default=True, help=mark("Makes ids repeatable."))
@option(
    "--port",
    type=click.IntRange(0, 65535),
    help=mark("The gateway's port; a free one, or 8787 for a shop that runs already."),
)
@option(
    "--timeout",
    type=click.FloatRange(min=0.1),
    default=60.0,
    show_default=True,
    help=mark("Seconds that the shop may take for one sale."),
)
@option(
    "--certificate",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help=mark("Write the result as one HTML page, in the language of --lang."),
)
@option(
    "--junit",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help=mark("Write the result as JUnit XML, for a CI."),
)
@option("--list", "listing", is_flag=True, help=mark("Show the situations, and run nothing."))
@option(
    "--watch",
    is_flag=True,
    help=mark(
        "Go step by step: wait before and after each situation, and before each request of the "
        "shop. The sandbox's page shows what happened."
    ),
)
@option(
    "--full",
    is_flag=True,
    help=mark("Show each request and reply of a failed situation in full, not as one line."),
)
@json_option
def exam(
    shop: str | None,
    start: str | None,
    receiver: str,
    environment: list[tuple[str, str]],
    level: str,
    ids: tuple[str, ...],
    pay_types: tuple[str, ...],
    seed: int,
    port: int | None,
    timeout: float,
    certificate: Path | None,
    junit: Path | None,
    listing: bool,
    watch: bool,
    full: bool,
    as_json: bool,
) -> None:
    """Run a shop through every bad day."""
    from qftools.exam.conducting import Exam
    from qftools.exam.results import Sheet, to_dict
    from qftools.exam.situations import chosen
    from qftools.sandbox.web.shared import SharedServer

    days = chosen(level, ids)
    if listing:
        _list(days, as_json=as_json)
        return
    if not shop:
        raise click.UsageError(text("--shop is missing: how is your shop asked to sell?"))
    limit = max(timeout, _WATCHED) if watch else timeout
    reached = _shop(shop, start, dict(environment), limit)
    runs_already = reached.served and not reached.restarts
    with contextlib.ExitStack() as cleanup:
        server = SharedServer(
            port if port is not None else _PORT if runs_already else 0,
            ask=_asked if watch else None,
        )
        cleanup.callback(server.stop)
        held = Exam(
            shop=reached,
            receiver=receiver,
            environment=tuple(environment),
            pay_types=pay_types,
            seed=seed,
            watch=_watched if watch else None,
            server=server,
        )
        if runs_already:
            _say_where(held)
        judged = tuple(_run(held, days, quiet=as_json or watch))
    sheet = Sheet(judged, "" if ids else level, seed, output.redactor().text(shop))
    if as_json:
        print_json(to_dict(sheet))
    else:
        _print(sheet, full=full)
    _write(sheet, certificate, junit)
    raise SystemExit(exits.DONE if sheet.passed else exits.REFUSED)


def _shop(shop: str, start: str | None, environment: dict[str, str], limit: float) -> Shop:
    from qftools.exam.shops import Address, Command

    if shop.startswith(("http://", "https://")):
        return Address(shop, start=start, environment=environment, limit=limit)
    if start:
        raise click.UsageError(text("--start is for a shop that has an address."))
    return Command(shop, environment=environment, limit=limit)


def _say_where(held: Exam) -> None:
    """Say how a shop that runs already reaches the gateway."""
    from qftools.exam.stage import account

    assert held.server is not None
    app_code, client_key = account(held.seed)
    said = text("Your shop must call {url} with app code {app_code} and key {key}.")
    told = said.format(url=held.server.url, app_code=app_code, key=client_key)
    click.echo(told, err=True)


def _run(held: Exam, days: Sequence[BadDay], *, quiet: bool) -> Iterator[Judgement]:
    """One situation after another, each told on standard error: as a bar, or piped as a line."""
    if quiet:
        yield from held.run(days)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from qftools.exam.situations import say

    console = Console(stderr=True)
    columns = (BarColumn(bar_width=24), MofNCompleteColumn(), TextColumn("{task.description}"))
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        line = bar.add_task("", total=len(days))
        for day in days:
            bar.update(line, description=f"{day.id} {day.title()}")
            judged = held.examine(day)
            if not console.is_terminal:
                click.echo(f"{day.id}  {say(judged.result)}  {day.title()}", err=True)
            yield judged
            bar.update(line, advance=1)


def _watched(stage: Stage, moment: str) -> None:
    """Let a person look at the sandbox's page before the shop begins, and when all is over."""
    if moment == "before":
        click.echo(f"{stage.day.id}  {stage.day.title()}", err=True)
        click.echo(f"{stage.sandbox.url}/", err=True)
        prompt = text("Press Enter to start the shop")
    else:
        for seen in stage.sandbox.exchanges:
            click.echo(output.plain(f"#{seen.number} {seen}"), err=True)
        prompt = text("Press Enter to go on")
    click.prompt(prompt, default="", show_default=False, prompt_suffix=" ", err=True)


def _asked(request: WireRequest) -> None:
    """Show a request of the shop's before the gateway gets it, and wait for Enter."""
    sent = request.body.decode("utf-8", "replace") or request.query
    with _ONE_AT_A_TIME, contextlib.suppress(click.Abort):  # no more input: it goes on
        shown = output.redactor().text(f"{request.method} {request.path}  {sent}")
        click.echo(output.plain(shown), err=True)
        prompt = text("Press Enter to send it")
        click.prompt(prompt, default="", show_default=False, prompt_suffix=" ", err=True)


def _write(sheet: Sheet, certificate: Path | None, junit: Path | None) -> None:
    from qftools.exam.certificate import as_html
    from qftools.exam.results import as_junit

    if certificate is not None:
        certificate.write_text(as_html(sheet), encoding="utf-8")
    if junit is not None:
        junit.write_text(as_junit(sheet), encoding="utf-8")


def _list(days: Sequence[BadDay], *, as_json: bool) -> None:
    from qftools.exam.situations import say

    if as_json:
        rows = [
            {"id": day.id, "level": day.level, "title": day.title(), "right": day.right()}
            for day in days
        ]
        print_json({"situations": rows})
        return
    head = ("", text("level"), text("situation"), text("a right shop"))
    output.table(
        head,
        [(d.id, say(d.level), f"{d.wallet()}. {d.title()}", d.right()) for d in days],
        prose=2,
    )


def _print(sheet: Sheet, *, full: bool) -> None:
    """The table, then what failed with its evidence, then the causes, then the sum."""
    from rich.text import Text

    from qftools.exam.situations import say

    rows = []
    for one in sheet.judged:
        run = one.result != "skipped"
        rows.append(
            (
                one.day.id,
                Text(say(one.result), _COLOURS.get(one.result, "dim")),
                say(one.belief or "broken") if run else "",
                say(one.truth) if run else "",
                one.price,
                f"{one.day.pay_type}  {one.day.title()}" + ("" if run else f" ({say(one.why)})"),
            )
        )
    output.table([text(title) for title in _HEAD], rows, prose=1)
    for one in sheet.judged:
        if one.result not in ("passed", "skipped"):
            _print_wrong(one, full=full)
    _print_causes(sheet)
    _print_sum(sheet)


def _print_wrong(one: Judgement, *, full: bool) -> None:
    """What was wrong here; what to do about the first, the cause, stands once, at the end."""
    from qftools.exam.evidence import in_short
    from qftools.exam.results import UNSEEN, summary

    output.folded(f"{one.day.id}  {one.day.title()}", style=f"bold {_COLOURS[one.result]}")
    output.folded(summary(one), 2)
    for place, lesson in enumerate(one.wrong):
        also = (f"-> {lesson.advice.say()}",) if place else ()
        for line in (lesson.title.say(), *one.shown_by(lesson), *also):
            output.folded(output.plain(line), 2)
    output.folded(one.day.right(), 2)
    if not one.evidence:
        output.folded(text(UNSEEN), 2)
    if full:
        for seen in one.evidence:
            for line in seen.whole().splitlines():
                click.echo(f"    {output.plain(line)}".rstrip())
    else:
        for line in in_short(one.evidence):
            click.echo(f"    {output.plain(line)}")
    if one.belief is None:
        for line in one.said.splitlines()[-_MOST_SAID:]:
            output.folded(output.plain(line), 4)
    said = text("Run it alone: the same command with --situation {id} --watch")
    output.folded(said.format(id=one.day.id), 2)
    click.echo()


def _print_causes(sheet: Sheet) -> None:
    """What made situations fail, each cause once with its mend and the page of its rule."""
    from qftools.exam.results import causes, where

    found = causes(sheet)
    for cause in found:
        count, one = len(cause.days), len(found) == 1 and len(cause.days) > 1
        head = text("{count} situations, one cause: {cause}") if one else "{count} × {cause}"
        output.folded(head.format(count=count, cause=cause.lesson.title.say()), style="bold red")
        output.folded(" ".join(cause.days), 2)
        for line in (*cause.details[:_MOST_DETAILS], cause.lesson.why.say()):
            output.folded(output.plain(line), 2)
        output.folded(f"-> {cause.lesson.advice.say()}", 2)
        output.folded(where(cause.lesson), 2)
        click.echo()


def _print_sum(sheet: Sheet) -> None:
    from qftools.catalogue import amount
    from qftools.exam.situations import CURRENCY, say

    counts = "  ".join(f"{say(name)} {count}" for name, count in sheet.counts().items())
    output.folded(counts, style="bold")
    if sheet.cost:
        said = text("It would have cost {price}.").format(price=amount(sheet.cost, CURRENCY))
        output.folded(said)
