"""``qftools pending``, ``resume``, ``journal list`` and ``journal show``."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from qftools.cli import exits, output
from qftools.cli.account import account_options, connected
from qftools.cli.command import Command, Group, json_option, option, print_json
from qftools.cli.outcome import Teller, print_outcome, to_dict
from qftools.locale import mark, text

if TYPE_CHECKING:
    from qftools.cancellation.outcome import Outcome
    from qftools.client.client import Client
    from qftools.errors import QFPayError
    from qftools.journal.journal import Entry, Journal, Unreadable

journal_option = option(
    "--journal",
    envvar="QFTOOLS_JOURNAL",
    type=click.Path(dir_okay=False),
    help=mark("The journal file; by default one per user."),
)
no_journal_option = option(
    "--no-journal",
    is_flag=True,
    help=mark("Write no journal: after a crash it can't be resumed."),
)


def default_path() -> Path:
    """The default journal file of a user: in the folder for programs' states."""
    if os.name == "nt":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home())
    else:
        base = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    return base / "qftools" / "journal.db"


def open_journal(path: str | None) -> Journal:
    """The journal that an option names, or the user's own; made where there is none.

    Raises:
        JournalError: It can't be opened; the message names the file.
    """
    from qftools.errors import JournalError
    from qftools.journal.journal import Journal

    if path:
        return Journal(path)
    own = default_path()
    try:
        own.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise JournalError(
            "the journal {path} can't be made ({cause}): name a file with --journal, or say "
            "--no-journal",
            path=own,
            cause=error.strerror,
        ) from error
    return Journal(own)


def existing_journal(path: str | None) -> Journal | None:
    """The journal, for reading: reading must not create a file."""
    where = Path(path) if path else default_path()
    if not where.exists():
        typed = click.get_current_context().get_parameter_source("journal")
        if typed is ParameterSource.COMMANDLINE:  # a typing mistake, not a first run
            raise click.UsageError(text("There is no journal {path}.").format(path=path))
        return None
    return open_journal(path)


@click.command(
    cls=Command,
    short_help=mark("List unfinished cancels and refunds"),
    help=mark(
        "List the unfinished cancels and refunds of the journal: those that were interrupted, "
        "and those with an unknown result.\n"
        "\n"
        "Nothing is sent."
    ),
)
@journal_option
@json_option
def pending(journal: str | None, as_json: bool) -> None:
    """List what is unfinished."""
    opened = existing_journal(journal)
    owed = opened.pending() if opened else ()
    unread = _unread(opened)
    if as_json:
        print_json(_told("pending", owed, unread))
    elif not owed and not unread:
        click.echo(text("No unfinished cancels or refunds."))
    else:
        from qftools.journal import page as journal_page

        _print_entries(owed, text("what to do"), lambda entry: journal_page.what_to_do(entry))
        _print_unread(unread)
        if owed:
            several = len({_account(entry) for entry in owed}) > 1
            said = (
                text("Resume those of the current account: {command}")
                if several
                else text("Resume all of them: {command}")
            )
            click.echo(said.format(command=output.next_line("resume", "--all")))


def _unread(opened: Journal | None, client: Client | None = None) -> list[Unreadable]:
    """The unreadable entries that may be unfinished."""
    return [entry for entry in opened.unreadable(client) if not entry.settled] if opened else []


def _told(
    name: str, entries: Sequence[Entry], unread: Sequence[Unreadable]
) -> dict[str, list[dict[str, object]]]:
    return {
        name: [_brief(entry) for entry in entries],
        "unreadable": [asdict(entry) for entry in unread],
    }


def _print_entries(entries: Sequence[Entry], last: str, of: Callable[[Entry], str]) -> None:
    from qftools.journal import page as journal_page

    if not entries:
        return
    names = ("out_trade_no", "syssn", "pay_type")
    several = len({_account(entry) for entry in entries}) > 1
    output.table(
        (
            *("N", text("state"), "txamt", *names),
            *((text("Gateway"), "app_code") if several else ()),
            *(text("since"), last),
        ),
        [
            (
                entry.number,
                _state(entry),
                output.amount(entry.order.txamt, entry.order.txcurrcd),
                *(getattr(entry.order, name) or "" for name in names),
                *(_account(entry)[:2] if several else ()),
                journal_page.when(entry.begun),
                of(entry),
            )
            for entry in entries
        ],
        prose=1,
    )


def _account(entry: Entry) -> tuple[str, str, str]:
    return entry.base_url, entry.app_code, entry.mchid


def _print_unread(unread: Sequence[Unreadable], *, err: bool = False) -> None:
    for entry in unread:
        update = text("A newer qftools wrote it: update qftools, or cancel the order again.")
        anew = text("Cancel the order again: that starts with a query and a new entry.")
        said = text("Entry {number} can't be read ({order}): {why}.").format(
            number=entry.number, order=entry.out_trade_no or entry.syssn or "?", why=entry.why.say()
        )
        click.echo(output.plain(said), err=err)
        if not entry.settled:
            click.echo(f"  {update if entry.newer else anew}", err=err)


def _state(entry: Entry) -> str:
    if entry.busy:
        return text("in use now")
    return entry.verdict.value if entry.verdict else text("INTERRUPTED")


def _brief(entry: Entry) -> dict[str, object]:
    from qftools.journal import page as journal_page

    whole = journal_page.to_dict(entry)
    return {name: value for name, value in whole.items() if name != "steps"} | {"busy": entry.busy}


@click.command(
    cls=Command,
    short_help=mark("Resume interrupted or unresolved cancels and refunds"),
    help=mark(
        "Resume entries of the journal; with --all, everything unfinished. N is the number "
        "of an entry, or an out_trade_no or syssn.\n"
        "\n"
        "Each order is queried first; a cancel is sent only if the order is still open, "
        "and a refund that may have been sent is never sent again. The "
        "exit status is the verdict's; for several orders, 0 if all results are confirmed."
    ),
)
@click.argument("wanted", nargs=-1, metavar="[N]...")
@option("--all", "everything", is_flag=True, help=mark("Everything unfinished of this account."))
@journal_option
@account_options
def resume(
    wanted: tuple[str, ...], everything: bool, journal: str | None, as_json: bool, **options: Any
) -> None:
    """Resume what is unfinished."""
    if bool(wanted) == everything:
        raise click.UsageError(text("Give either numbers of entries (qftools pending) or --all."))
    opened = existing_journal(journal)
    numbers = tuple(dict.fromkeys(_owed(opened, which).number for which in wanted))
    if opened is None:
        if as_json:
            print_json({"resumed": [], "unreadable": []})
        else:
            click.echo(text("No unfinished cancels or refunds."))
        return
    with opened, connected(options) as client:
        unread: list[Unreadable] = []
        results: list[tuple[int, Outcome | QFPayError]] = []
        if everything:
            numbers = tuple(entry.number for entry in opened.pending(client))
            unread = _unread(opened, client)
            _print_unread(unread, err=True)
            _say_others(opened, client)
            if not numbers and not unread and not as_json:
                click.echo(text("No unfinished cancels or refunds."))
        try:
            for number in numbers:
                end = _resumed(opened, client, number, as_json, several=len(numbers) > 1)
                results.append((number, end))
        except KeyboardInterrupt:
            click.echo("\n" + text("Interrupted. What is left: qftools pending"), err=True)
            raise SystemExit(exits.INTERRUPTED) from None
    if as_json:
        resumed = [_as_json(number, end) for number, end in results]
        print_json({"resumed": resumed, "unreadable": [asdict(entry) for entry in unread]})
    raise exits.Kept(_status([end for _, end in results], len(unread)))


def _say_others(journal: Journal, client: Client) -> None:
    own = {entry.number for entry in journal.pending(client)}
    others = [str(entry.number) for entry in journal.pending() if entry.number not in own]
    if others:
        said = text(
            "Skipped, because they belong to other accounts: {numbers}. See qftools pending."
        )
        click.echo(said.format(numbers=", ".join(others)), err=True)


def _resumed(
    journal: Journal, client: Client, number: int, as_json: bool, *, several: bool
) -> Outcome | QFPayError:
    """The outcome of an entry, or the error that prevented it; other entries still continue."""
    from qftools.errors import BusyError, QFPayError

    try:
        if not as_json:
            order = journal.entry(number).order
            click.echo(f"{number}. {output.plain(order.number)}")
        outcome = journal.resume(client, number, watch=None if as_json else Teller())
    except QFPayError as error:
        if not several and not isinstance(error, BusyError):
            raise
        click.echo(output.plain(error.say()), err=True)
        return error
    if not as_json:
        print_outcome(outcome, _again(outcome, number))
        click.echo()
    return outcome


def _again(outcome: Outcome, number: int) -> str | None:
    from qftools.journal.going_on import SETTLED

    return None if outcome.verdict in SETTLED else output.resume_line(number)


def _as_json(number: int, end: Outcome | QFPayError) -> dict[str, object]:
    from qftools.errors import BusyError, QFPayError

    if not isinstance(end, QFPayError):
        return {"number": number, **to_dict(end, _again(end, number))}
    return {"number": number, "busy": isinstance(end, BusyError), "error": str(end)}


def _status(ends: list[Outcome | QFPayError], unread: int) -> int:
    from qftools.errors import QFPayError

    unresolved = exits.verdict_status("UNRESOLVED")
    statuses = [unresolved if isinstance(end, QFPayError) else end.exit_status for end in ends] + [
        unresolved
    ] * unread
    if len(statuses) == 1:
        return statuses[0]
    return unresolved if unresolved in statuses else exits.DONE


@click.group(
    cls=Group,
    short_help=mark("List the journal, or show one entry"),
    help=mark(
        "Show the journal: all cancels and refunds, or every request and answer of one, redacted."
    ),
)
def journal() -> None:
    """Show the journal."""


@journal.command(
    "list",
    cls=Command,
    short_help=mark("List all cancels and refunds, including finished ones"),
    help=mark(
        "List every cancel and refund of the journal, oldest first: its verdict, its order, "
        "when it began, and whether it is finished.\n"
        "\n"
        "Nothing is sent."
    ),
)
@journal_option
@json_option
def list_(journal: str | None, as_json: bool) -> None:
    """List every entry of the journal."""
    opened = existing_journal(journal)
    entries = opened.entries() if opened else ()
    unread = opened.unreadable() if opened else ()
    if as_json:
        print_json(_told("entries", entries, unread))
    elif not entries and not unread:
        click.echo(text("The journal is empty."))
    else:
        _print_entries(
            entries, text("finished"), lambda entry: text("yes") if entry.settled else text("no")
        )
        _print_unread(unread)


@journal.command(
    "show",
    cls=Command,
    short_help=mark("The evidence of one entry, as text, JSON or a page"),
    help=mark(
        "Show the evidence of one entry: N is the number of an entry, or an out_trade_no or "
        "syssn.\n"
        "\n"
        "The HTML page is self-contained and holds no secrets: you can attach it to a ticket."
    ),
)
@click.argument("which", metavar="N")
@option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "html"]),
    default="text",
    show_default=True,
    help=mark("Plain text, JSON for scripts, or a page of HTML."),
)
@option(
    "--output",
    "-o",
    "target",
    type=click.Path(dir_okay=False, writable=True),
    help=mark("Write to this file instead of standard output."),
)
@journal_option
def show(which: str, form: str, target: str | None, journal: str | None) -> None:
    """Show the evidence of one entry."""
    from qftools.journal import page as journal_page

    opened = existing_journal(journal)
    entry = _found(opened, which)[-1]
    forms = {
        "text": journal_page.as_text,
        "json": journal_page.as_json,
        "html": journal_page.as_html,
    }
    whole = forms[form](entry)
    if target:
        Path(target).write_text(whole, encoding="utf-8")
        click.echo(target)
    elif form == "json":
        print_json(journal_page.to_dict(entry))
    elif form == "html":
        click.echo(output.in_html(whole))
    else:
        click.echo(whole)


def _found(journal: Journal | None, which: str) -> tuple[Entry, ...]:
    """The entries that *which* names: the number of one, or else an order's, oldest first."""
    from qftools.errors import InputError

    if journal is not None:
        if which.isdecimal() and len(which) < 10:
            try:
                return (journal.entry(int(which)),)
            except InputError:
                pass
        found = journal.entries(out_trade_no=which) or journal.entries(syssn=which)
        if found:
            return found
        for entry in journal.unreadable():
            if which in (entry.out_trade_no, entry.syssn):
                journal.entry(entry.number)  # raises what is wrong with it
    raise click.UsageError(
        text("The journal has nothing about {which}.").format(which=output.plain(which))
    )


def _owed(journal: Journal | None, which: str) -> Entry:
    """The entry that *which* means: of several, the unfinished one."""
    found = _found(journal, which)
    owed = [entry for entry in found if not entry.settled] or found
    if len(owed) == 1:
        return owed[0]
    raise click.UsageError(
        text("The journal has several entries about {which}: {numbers}. Give one of these.").format(
            which=output.plain(which), numbers=", ".join(str(entry.number) for entry in owed)
        )
    )
