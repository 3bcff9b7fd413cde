"""``qftools cancel``: cancels one order; the exit status is the verdict's."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import click

from qftools.cli import exits, output
from qftools.cli.account import (
    account_options,
    connected,
    names_an_order,
    numbers_argument,
    refuse_both,
    route_options,
)
from qftools.cli.command import Command, option, print_json
from qftools.cli.journal import journal_option, no_journal_option, open_journal
from qftools.cli.outcome import Teller, again, print_outcome, to_dict
from qftools.cli.policy import chosen, policy_options
from qftools.locale import mark, text

if TYPE_CHECKING:
    from qftools.models import Order


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
    """Cancel an order, and confirm the result."""
    from qftools.cancellation.run import cancel as cancel_order
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
            go_on = again(outcome, client, keeper)
        except KeyboardInterrupt:
            named = {"out_trade_no": number} if number else {}
            _say_interrupted(Order(**{**options, **named}))
            raise SystemExit(exits.INTERRUPTED) from None
    if as_json:
        print_json(to_dict(outcome, go_on))
    else:
        print_outcome(outcome, go_on)
    raise exits.Kept(outcome.exit_status)


def _say_interrupted(order: Order) -> None:
    said = text("Interrupted: the order may be open or cancelled. Check with: {command}")
    click.echo("\n" + said.format(command=output.cancel_line(order)), err=True)
