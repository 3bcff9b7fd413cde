"""``qftools refund``: gives a payment back, once; the exit status is the verdict's."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import click

from qftools.cli import exits
from qftools.cli.account import account_options, connected, numbers_argument, profile_option
from qftools.cli.calls import amount_option, told_when_interrupted
from qftools.cli.command import Command, option, print_json
from qftools.cli.journal import journal_option, no_journal_option, open_journal
from qftools.cli.outcome import Teller, again, print_outcome, to_dict
from qftools.cli.policy import chosen, policy_option
from qftools.locale import mark, text

if TYPE_CHECKING:
    from qftools.cancellation.outcome import Taken
    from qftools.cancellation.walk import Ask, Walk


@click.command(
    cls=Command,
    short_help=mark("Refund a paid order, and confirm the result"),
    help=mark(
        "Refund a paid order, in full or in part, and confirm the result.\n"
        "\n"
        "Queries the payment, sends the refund once, and queries the refund's own number until "
        "the result is final. The number is in the journal before anything is sent: after a "
        "crash, qftools resume queries it and never refunds a second time. The exit status is "
        "the verdict: see qftools --help.\n"
        "\n"
        "A NUMBER alone names the payment: your own, or the gateway's. A refund can't be undone. "
        "In a terminal you are asked to confirm."
    ),
)
@numbers_argument()
@option("--syssn", metavar="NUMBER", help=mark("The gateway's number of the payment."))
@amount_option
@option(
    "--out-trade-no",
    metavar="NUMBER",
    help=mark("The refund's own order number; generated if left out."),
)
@option(
    "--txdtm", metavar="TIME", help=mark("YYYY-MM-DD hh:mm:ss; now, Beijing time, if left out.")
)
@option("--yes", is_flag=True, help=mark("Do not ask for confirmation."))
@profile_option
@policy_option
@journal_option
@no_journal_option
@account_options
def refund(
    number: str | None,
    syssn: str | None,
    txamt: int,
    txdtm: str | None,
    yes: bool,
    profile: str,
    journal: str | None,
    no_journal: bool,
    changes: list[tuple[str, str]],
    as_json: bool,
    **options: Any,
) -> None:
    """Refund a paid order, and confirm the result."""
    from qftools.cancellation.refund import refund as give_back
    from qftools.models import Order

    named = number or syssn
    if named is None or (number and syssn):
        raise click.UsageError(
            text("Which payment? Give its number alone, or with --syssn: qftools refund NUMBER")
        )
    watch = _Watch(as_json, named)
    with (
        nullcontext() if no_journal else open_journal(journal) as keeper,
        connected(options) as client,
    ):
        if sys.stdin.isatty() and not yes:
            question = text("Refund {txamt} of {syssn}? It can't be undone.")
            click.confirm(question.format(txamt=txamt, syssn=named), abort=True, err=True)
        with told_when_interrupted(watch.naming):
            outcome = give_back(
                client,
                Order(syssn=syssn) if syssn else named,
                txamt,
                out_trade_no=options["out_trade_no"],
                policy=chosen(None, changes, wait_for_payer=False),
                profile=profile,  # type: ignore[arg-type]  # click.Choice has checked it
                journal=keeper,
                watch=watch,
                txdtm=txdtm,
            )
        go_on = again(outcome, client, keeper)
    if as_json:
        print_json(to_dict(outcome, go_on))
    else:
        print_outcome(outcome, go_on)
    raise exits.Kept(outcome.exit_status)


class _Watch:
    """Says each question, unless the result goes to a script, and remembers the number."""

    def __init__(self, as_json: bool, payment: str) -> None:
        self._teller = None if as_json else Teller()
        self.naming = [payment]

    def asking(self, walk: Walk, action: Ask) -> None:
        self.naming[:] = ("--out-trade-no", walk.order.number)
        if self._teller is not None:
            self._teller.asking(walk, action)

    def told(self, walk: Walk, taken: Taken) -> None:
        if self._teller is not None:
            self._teller.told(walk, taken)
