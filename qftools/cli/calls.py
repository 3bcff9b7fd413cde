"""``qftools pay``, ``query``, ``reverse``, ``close``: one call each, no verdict."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from qftools.cli import exits, output
from qftools.cli.account import (
    account_options,
    connected,
    names_an_order,
    numbers_argument,
    refuse_both,
)
from qftools.cli.command import Command, option, parse_pairs, print_json
from qftools.locale import mark, text

if TYPE_CHECKING:
    from qftools.client.client import Client
    from qftools.models import Order, Reply

_NUMBERS = ("out_trade_no", "syssn")
_PAID_AT_ONCE = ("cpm", "card-present")  # modes where 0000 means paid, elsewhere placed


_more_fields = option(
    "--field",
    "-F",
    "extra",
    multiple=True,
    metavar="NAME=VALUE",
    callback=parse_pairs,
    help=mark("Another field of the call, by its name in the request; may be repeated."),
)
amount_option = option(
    "--txamt",
    type=int,
    required=True,
    help=mark("Amount in the currency's minor unit: 2500 is HKD 25.00, or JPY 2500."),
)
_time_option = option(
    "--txdtm", required=True, metavar="TIME", help=mark("The time that was sent with the payment.")
)


@click.command(
    cls=Command,
    short_help=mark("Place a payment"),
    help=mark(
        "Place a payment. The request is sent once.\n"
        "\n"
        "A reply of 0000 means paid if the shop scanned the customer's code; otherwise it only "
        "means placed. qftools never sends a payment a second time."
    ),
)
@option(
    "--pay-type",
    required=True,
    metavar="CODE",
    help=mark("Wallet and mode: 800101 is Alipay, the customer scans."),
)
@amount_option
@option("--txcurrcd", required=True, metavar="CODE", help=mark("Currency: HKD, EUR, JPY ..."))
@option(
    "--out-trade-no",
    metavar="NUMBER",
    help=mark("Your order number, not used before; generated if left out."),
)
@option(
    "--txdtm", metavar="TIME", help=mark("YYYY-MM-DD hh:mm:ss; now, Beijing time, if left out.")
)
@option(
    "--auth-code", metavar="CODE", help=mark("What the shop scanned from the customer's phone.")
)
@_more_fields
@account_options
def pay(extra: list[tuple[str, str]], as_json: bool, **options: Any) -> None:
    """Place a payment, once."""
    with connected(options) as client:
        if options["out_trade_no"] is None:
            options["out_trade_no"] = client.new_number()
        number = options["out_trade_no"]
        with output.warnings_shown(), told_when_interrupted(("--out-trade-no", number)):
            order = client.pay(**{**options, **dict(extra)})
    reply = order.reply
    assert reply is not None  # pay() returns an order only with its reply
    paid = reply.ok and _mode(order.pay_type) in _PAID_AT_ONCE
    if as_json:
        print_json({"order": _of_order(order), "paid": paid, "reply": dict(reply.body)})
    else:
        click.echo(_state_of_payment(reply, paid))
        qrcode = reply.body.get("qrcode")
        charged = output.amount(order.txamt, order.txcurrcd)
        output.fields(_of_order(order) | {"txamt": charged, "txcurrcd": "", "qrcode": qrcode})
        if qrcode and sys.stdout.isatty():
            output.qr_code(str(qrcode))
        if not paid:
            _say_how_to_go_on(order)
    raise exits.Kept(_status(reply))


@click.command(
    cls=Command,
    short_help=mark("Query payments"),
    help=mark(
        "Query orders at the gateway.\n"
        "\n"
        "The outer 0000 of the reply means that the query worked; each row is the state of an "
        "order.\n"
        "\n"
        "A NUMBER is queried as your own order number, and as the gateway's if it looks like "
        "one. Several numbers are queried together."
    ),
)
@numbers_argument(several=True)
@names_an_order
@_more_fields
@account_options
def query(
    numbers: tuple[str, ...], extra: list[tuple[str, str]], as_json: bool, **options: Any
) -> None:
    """Query orders at the gateway."""
    from qftools.client.numbers import split_numbers, unanswered

    refuse_both(numbers, options)
    number = ",".join(numbers)
    wanted = {name: value for name, value in options.items() if name in _NUMBERS and value}
    with connected(options) as client:
        found = {"order": number} if numbers else wanted
        reply = client.query(**found, **dict(extra))
    rows = reply.transactions
    left = unanswered(split_numbers(number), rows) if numbers else []
    if as_json:
        print_json(
            {**reply.body, "data": [{**row.row, "state": row.state} for row in rows]},
        )
    elif rows:
        _print_rows(rows)
        if left:
            said = text("Not found: {numbers}. The payment may still be on its way: query again.")
            click.echo(said.format(numbers=output.plain(", ".join(left))))
    else:
        click.echo(
            text("Nothing found. The payment may still be on its way: query again before you act.")
        )
    if found and not rows:
        raise SystemExit(exits.verdict_status("NOT_FOUND"))


def _cancel_call(
    name: str, short: str, long: str, send: Callable[[Client, Order], Reply]
) -> click.Command:
    @click.command(name, cls=Command, short_help=short, help=long)
    @names_an_order
    @amount_option
    @_time_option
    @option("--udid", metavar="ID", help=mark("The terminal that took the payment."))
    @account_options
    def command(as_json: bool, **options: Any) -> None:
        from qftools.models import Order

        with connected(options) as client:
            order = Order(**options)
            with told_when_interrupted(output.naming(order)):
                reply = send(client, order)
        if as_json:
            print_json(reply.body)
        else:
            _print_reply(reply)
            click.echo(text("This is not a verdict. Query the order:"))
            click.echo(f"  {output.query_line(order)}")
        raise exits.Kept(_status(reply))

    return command


reverse = _cancel_call(
    "reverse",
    mark("Send one reversal (no verdict; see cancel)"),
    mark(
        "Send one /trade/v1/reversal, and show the reply.\n"
        "\n"
        "It cancels Alipay, and WeChat Pay if the shop scanned. The reply proves nothing: "
        "qftools cancel runs the whole flow."
    ),
    lambda client, order: client.reverse(order),
)
close = _cancel_call(
    "close",
    mark("Send one close (no verdict; see cancel)"),
    mark(
        "Send one /trade/v1/close, and show the reply.\n"
        "\n"
        "It cancels WeChat Pay if the customer scanned, and other wallets. The reply proves "
        "nothing: qftools cancel runs the whole flow."
    ),
    lambda client, order: client.close(order),
)


@click.command(
    cls=Command,
    short_help=mark("Charge what a pre-authorisation holds"),
    help=mark(
        "Capture a pre-authorisation (hold), in full or in part.\n"
        "\n"
        "This charges the payer. It is sent once; after a lost reply, query before you send it "
        "again. In a terminal you are asked to confirm."
    ),
)
@option("--syssn", required=True, metavar="NUMBER", help=mark("The gateway's number of the hold."))
@amount_option
@option(
    "--out-trade-no",
    metavar="NUMBER",
    help=mark("The capture's own order number (Alipay); generated if left out."),
)
@option("--yes", is_flag=True, help=mark("Do not ask for confirmation."))
@account_options
def capture(
    syssn: str, txamt: int, out_trade_no: str | None, yes: bool, as_json: bool, **options: Any
) -> None:
    """Charge what a pre-authorisation holds."""
    with connected(options) as client:
        if sys.stdin.isatty() and not yes:
            question = text("Capture {txamt} of {syssn}? The payer is charged.")
            click.confirm(question.format(txamt=txamt, syssn=syssn), abort=True, err=True)
        with told_when_interrupted(("--syssn", syssn)):
            reply = client.capture(syssn, txamt, out_trade_no=out_trade_no)
    _show(reply, as_json)


@click.command(
    cls=Command,
    short_help=mark("Release what a pre-authorisation holds (no verdict; see cancel)"),
    help=mark(
        "Send one /trade/v1/unfreeze, and show the reply.\n"
        "\n"
        "It gives back what a pre-authorisation still holds. The reply proves nothing: "
        "qftools cancel runs the whole flow."
    ),
)
@option("--syssn", required=True, metavar="NUMBER", help=mark("The gateway's number of the hold."))
@option(
    "--txamt",
    type=int,
    metavar="AMOUNT",
    help=mark("What is still held, in minor units; the whole hold if left out."),
)
@account_options
def release(syssn: str, txamt: int | None, as_json: bool, **options: Any) -> None:
    """Release what a pre-authorisation holds."""
    with connected(options) as client, told_when_interrupted(("--syssn", syssn)):
        reply = client.release(syssn, txamt)
    _show(reply, as_json)


def _show(reply: Reply, as_json: bool) -> None:
    if as_json:
        print_json(reply.body)
    else:
        _print_reply(reply)
    raise exits.Kept(_status(reply))


@contextmanager
def told_when_interrupted(naming: Sequence[str]) -> Iterator[None]:
    """After Ctrl-C during a request, print the number to query."""
    try:
        yield
    except KeyboardInterrupt:
        said = text("Interrupted: the request may have taken effect. Check with: {command}")
        asking = output.next_line("query", *naming)
        click.echo("\n" + said.format(command=asking), err=True)
        raise exits.Kept(exits.INTERRUPTED) from None


def _status(reply: Reply) -> int:
    return exits.IN_PROGRESS if reply.in_progress else exits.DONE


def _mode(pay_type: str | None) -> str | None:
    from qftools import catalogue

    row = catalogue.pay_types().get(pay_type or "")
    return row.mode if row else None


def _state_of_payment(reply: Reply, paid: bool) -> str:
    if paid:
        return text("Paid.")
    if reply.ok:
        return text("Placed, not paid: the customer has to scan or confirm.")
    return text("In progress: the customer may be typing a password. This is not a failure.")


def _of_order(order: Order) -> dict[str, object]:
    names = ("out_trade_no", "syssn", "pay_type", "txamt", "txcurrcd", "txdtm", "mchid", "udid")
    return {name: getattr(order, name) for name in names}


def _say_how_to_go_on(order: Order) -> None:
    click.echo(text("Query it:"))
    click.echo(f"  {output.query_line(order)}")
    click.echo(text("Cancel it:"))
    click.echo(f"  {output.cancel_line(order)}")


def _print_reply(reply: Reply) -> None:
    click.echo(f"{reply.respcd}  {reply.meaning.say()}")
    shown: Mapping[str, Any] = {name: reply.body[name] for name in reply.body if name != "respcd"}
    output.fields(shown)


# What a paid row's `cancel` flag says of its txamt (protocol 6.3, 17.1; C30).
_NOT_THE_WHOLE = {
    "4": mark("cancel 4: a hold. txamt is what was held; each capture is a row and a charge."),
    "5": mark("cancel 5: a part was refunded. txamt is what was paid at first."),
    "7": mark("cancel 7: a hold, captured in part. txamt is what was held, not the charge."),
}


def _print_rows(rows: tuple[Any, ...]) -> None:
    names = ("out_trade_no", "syssn", "order_type", "pay_type", "sysdtm", "respcd", "cancel")
    output.table(
        (text("state"), "txamt", *names),
        [
            (
                row.state,
                output.amount(row.row.get("txamt", ""), row.row.get("txcurrcd")),
                *(row.row.get(name) or "" for name in names),
            )
            for row in rows
        ],
    )
    for flag in sorted({row.written["cancel"] for row in rows if row.state == "paid"}):
        if flag in _NOT_THE_WHOLE:
            output.folded(text(_NOT_THE_WHOLE[flag]))
