"""``qftools cancel``: one order, from doubt to a verdict; the exit status is the verdict's."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import click

from qftools.cli import exits, output
from qftools.cli.account import account_options, connected, names_an_order, route_options
from qftools.cli.command import Command, option, print_json
from qftools.cli.journal import journal_option, no_journal_option, open_journal
from qftools.cli.policy import chosen, policy_options
from qftools.locale import language, mark, text

if TYPE_CHECKING:
    from qftools.cancellation import Outcome, Taken
    from qftools.client import Client
    from qftools.models import Order
    from qftools.walk import Ask, Walk

INTERRUPTED = 130  # what a shell says of a command that Ctrl-C ended

_COLOURS = {"no": "green", "returned": "green", "yes": "yellow", "unknown": "red"}


@click.command(
    cls=Command,
    short_help=mark("Call an order off, and prove what became of it"),
    help=mark(
        "Find out what became of an order, call it off if it is open, and prove how that ended.\n\n"
        "Asks first, cancels by the call that the wallet needs, and asks again until the answer is "
        "final. Never reverses what is paid. The exit status says the verdict: see qftools --help."
        "\n\nWithout --txamt and --txdtm the gateway's books are asked for them. A journal keeps "
        "every step before it is taken: after a crash, see qftools pending and qftools resume."
    ),
)
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
    from qftools.cancellation import cancel as cancel_order
    from qftools.verdicts import VERDICTS

    teller = None if as_json else Teller()
    with (
        nullcontext() if no_journal else open_journal(journal) as keeper,
        connected(options) as client,
    ):
        order = _order(client, options)
        policy = chosen(order.pay_type, changes, wait_for_payer)
        try:
            outcome = cancel_order(
                client,
                order,
                policy=policy,
                profile=profile,  # type: ignore[arg-type]  # click.Choice has checked it
                hk_cancel=hk_cancel,
                journal=keeper,
                watch=teller,
            )
        except KeyboardInterrupt:
            _say_interrupted(order)
            raise SystemExit(INTERRUPTED) from None
    if as_json:
        print_json(outcome.as_dict(language()))
    else:
        print_outcome(outcome)
    raise exits.Kept(VERDICTS[outcome.verdict].exit_status)


class Teller:
    """Says each question while it is asked: a cancel can take minutes."""

    def asking(self, walk: Walk, action: Ask) -> None:
        click.echo(f"{walk.step:8} {action.endpoint:9}", nl=False)

    def told(self, walk: Walk, taken: Taken) -> None:
        code = taken.answer.respcd or ""
        note = output.plain(taken.note(language()))
        # Silence for a quarter of a minute would look like a hang.
        wait = text("next in {seconds:.0f} s").format(seconds=walk.wait) if walk.wait else ""
        click.echo("  ".join(filter(None, (f" {taken.finding:10} {code:5} {note}".rstrip(), wait))))


def _order(client: Client, options: dict[str, Any]) -> Order:
    from qftools.models import Order

    if options["txamt"] is None or not options["txdtm"]:
        return _order_in_the_books(client, options)
    return Order(**options)


def _order_in_the_books(client: Client, options: dict[str, Any]) -> Order:
    """The order, with amount and time as the books have them."""
    from qftools.models import Order

    numbers = {name: options[name] for name in ("out_trade_no", "syssn") if options[name]}
    rows = client.query(**numbers).transactions
    row = rows[0].row if len(rows) == 1 else {}
    if not str(row.get("txamt", "")).isdecimal():
        raise click.UsageError(
            text(
                "The gateway's books do not have exactly this one order: give --txamt and --txdtm "
                "to have it looked for until that is proved."
            )
        )
    known = {"txamt": int(row["txamt"]), "txdtm": row.get("txdtm")}
    return Order(**{**options, **{name: options[name] or known[name] for name in known}})


def print_outcome(outcome: Outcome) -> None:
    from qftools.verdicts import VERDICTS

    charged = VERDICTS[outcome.verdict].charged
    verdict = click.style(outcome.verdict.value, fg=_COLOURS[charged], bold=True)
    click.echo(f"\n{verdict}  {outcome.meaning.say(language())}")
    if outcome.because:
        click.echo(output.plain(outcome.because.say(language())))
    for warning in outcome.warnings:
        click.echo(output.plain(warning))
    click.echo(outcome.advice(language()))


def _say_interrupted(order: Order) -> None:
    number = ("--syssn", order.syssn) if order.syssn else ("--out-trade-no", order.out_trade_no)
    again = output.command_line(
        *("qftools", "cancel", number[0], number[1] or ""),
        *(() if order.txamt is None else ("--txamt", str(order.txamt))),
        *(() if order.txdtm is None else ("--txdtm", order.txdtm)),
    )
    click.echo(
        "\n"
        + text("Interrupted: the order may be open or cancelled. Find out with: {command}").format(
            command=again
        ),
        err=True,
    )
