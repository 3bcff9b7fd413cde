"""``qftools cancel``: one order, from doubt to a verdict; the exit status is the verdict's."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import click

from qftools.cli import exits, output
from qftools.cli.account import (
    account_options,
    check_the_key,
    connected,
    names_an_order,
    numbers_argument,
    refuse_both,
    route_options,
)
from qftools.cli.command import Command, option, print_json
from qftools.cli.journal import journal_option, no_journal_option, open_journal
from qftools.cli.policy import chosen, policy_options
from qftools.locale import language, mark, text

if TYPE_CHECKING:
    from qftools.cancellation.run import Outcome, Taken
    from qftools.cancellation.walk import Ask, Walk
    from qftools.client.client import Client
    from qftools.journal.journal import Journal
    from qftools.models import Order

_LONG = 20  # characters of a note that are not printed twice in a row

_COLOURS = {"no": "green", "returned": "green", "yes": "yellow", "unknown": "red"}


@click.command(
    cls=Command,
    short_help=mark("Cancel an order, and confirm the result"),
    help=mark(
        "Query an order, cancel it if it is open, and confirm the result.\n"
        "\n"
        "Queries first, cancels with the call that the wallet requires, and keeps querying "
        "until the result is final. Never reverses a paid order. The exit status is the "
        "verdict: see qftools --help.\n"
        "\n"
        "A NUMBER alone is enough: your own, or the gateway's; the gateway supplies the rest. "
        "The journal saves every step before it is taken: after a crash, see qftools pending "
        "and qftools resume."
    ),
)
@numbers_argument()
@names_an_order
@option("--txamt", type=int, help=mark("The amount of the payment, in minor units."))
@option("--txdtm", metavar="TIME", help=mark("The time that was sent with the payment."))
@option("--pay-type", metavar="CODE", help=mark("Wallet and mode, if you know it."))
@option("--txcurrcd", metavar="CODE", help=mark("The currency, if you know it."))
@option("--udid", metavar="ID", help=mark("The terminal that took the payment."))
@route_options
@policy_options
@journal_option
@no_journal_option
@account_options
def cancel(
    number: str | None,
    profile: str,
    hk_cancel: str,
    journal: str | None,
    no_journal: bool,
    changes: list[tuple[str, str]],
    wait_for_payer: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Call an order off, and prove what became of it."""
    from qftools.cancellation.run import cancel as cancel_order
    from qftools.cancellation.verdicts import VERDICTS
    from qftools.models import Order

    refuse_both(number, options)
    if number is None and options["out_trade_no"] is None and options["syssn"] is None:
        raise click.UsageError(text("Which order? Give its number: qftools cancel NUMBER"))
    teller = None if as_json else Teller()
    with (
        nullcontext() if no_journal else open_journal(journal) as keeper,
        connected(options) as client,
    ):
        policy = chosen(options["pay_type"], changes, wait_for_payer)
        try:
            outcome = cancel_order(
                client,
                number,
                policy=policy,
                profile=profile,  # type: ignore[arg-type]  # click.Choice has checked it
                hk_cancel=hk_cancel,  # type: ignore[arg-type]
                journal=keeper,
                watch=teller,
                **options,
            )
            again = _again(outcome, client, keeper)
        except KeyboardInterrupt:
            named = {"out_trade_no": number} if number else {}
            _say_interrupted(Order(**{**options, **named}))
            raise SystemExit(exits.INTERRUPTED) from None
    if as_json:
        print_json(to_dict(outcome, again))
    else:
        print_outcome(outcome, again)
    raise exits.Kept(VERDICTS[outcome.verdict].exit_status)


class Teller:
    """Says each question while it is asked: a cancel can take minutes."""

    def __init__(self) -> None:
        self._note = ""

    def asking(self, walk: Walk, action: Ask) -> None:
        click.echo(f"{walk.step:8} {action.endpoint:9}", nl=False)

    def told(self, walk: Walk, taken: Taken) -> None:
        code = taken.answer.respcd or ""
        note = output.plain(taken.note(language()))
        again = text("as above") if len(note) > _LONG and note == self._note else note
        self._note = note
        # Silence for a quarter of a minute would look like a hang.
        wait = text("next in {seconds:.0f} s").format(seconds=walk.wait) if walk.wait else ""
        click.echo(
            "  ".join(filter(None, (f" {taken.finding:10} {code:5} {again}".rstrip(), wait)))
        )


def print_outcome(outcome: Outcome, again: str | None) -> None:
    """Say the verdict, what to do, and the command to go on with (*again*), if any."""
    from qftools.cancellation.verdicts import VERDICTS

    charged = VERDICTS[outcome.verdict].charged
    verdict = click.style(outcome.verdict.value, fg=_COLOURS[charged], bold=True)
    click.echo(f"\n{verdict}  {outcome.meaning.say(language())}")
    if outcome.because:
        click.echo(output.plain(outcome.because.say(language())))
    for warning in outcome.warnings:
        click.echo(output.plain(warning))
    click.echo(_advice(outcome))
    if command := _command(outcome, again):
        click.echo(f"  {command}")


def to_dict(outcome: Outcome, again: str | None) -> dict[str, Any]:
    """The outcome for JSON, with the command to go on with (*again*), if any."""
    command = _command(outcome, again)
    return {**outcome.to_dict(language()), "advice": _advice(outcome), "command": command}


def _command(outcome: Outcome, again: str | None) -> str | None:
    corrected = outcome.corrections
    return output.cancel_line(outcome.order, corrected) if corrected else again


def _again(outcome: Outcome, client: Client, journal: Journal | None) -> str | None:
    """The command that goes on with a cancel that is not settled, None where nothing is owed."""
    from qftools.errors import JournalError
    from qftools.journal.journal import SETTLED

    if outcome.verdict in SETTLED:
        return None
    if journal is None:
        return output.cancel_line(outcome.order)
    try:
        owed = [entry.number for entry in journal.pending(client) if entry.order == outcome.order]
    except JournalError:  # the outcome's warnings have said so
        return output.cancel_line(outcome.order)
    return output.resume_line(owed[-1]) if owed else None


def _advice(outcome: Outcome) -> str:
    lines = (outcome.advice(language()), check_the_key(outcome))
    return "\n".join(line for line in lines if line)


def _say_interrupted(order: Order) -> None:
    said = text("Interrupted: the order may be open or cancelled. Check with: {command}")
    click.echo("\n" + said.format(command=output.cancel_line(order)), err=True)
