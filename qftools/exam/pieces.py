"""Shops of which one piece is given as data: a reader of the lessons repairs it.

All else of such a shop is right. What it believes is judged by the books, as in the exam.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import requests

from qftools import catalogue
from qftools.cancellation.run import cancel
from qftools.errors import GatewayError, OutcomeUnknownError
from qftools.exam.beliefs import OF_CHARGED, Belief
from qftools.models import Order
from qftools.sandbox.books.clock import beijing
from qftools.sandbox.replaying import FORM
from qftools.signing import sign_text

if TYPE_CHECKING:
    from qftools.client.client import Client
    from qftools.exam.stage import Sale


def charge(
    client: Client, sale: Sale, *, number: str = "", txamt: int | None = None
) -> tuple[Order, str]:
    """Charge once; return the order and the answer's code, empty where none came."""
    code = {"auth_code": sale.auth_code} if sale.auth_code else {}
    try:
        order = client.pay(
            pay_type=sale.pay_type,
            txamt=sale.txamt if txamt is None else txamt,
            txcurrcd=sale.txcurrcd,
            out_trade_no=number or sale.number,
            **code,
        )
    except (GatewayError, OutcomeUnknownError) as error:
        assert error.order is not None
        return error.order, getattr(error, "respcd", "")
    assert order.reply is not None
    return order, order.reply.respcd


def _settled(client: Client, order: Order) -> Belief:
    """Query, cancel what is open, and query until the answer is final."""
    return OF_CHARGED[cancel(client, order).charged]


def _signature(sale: Sale, signed: Sequence[str]) -> Belief:
    """*signed* are the names of the fields in the order in which they are signed."""
    sandbox = sale._sandbox
    fields = {
        "txamt": str(sale.txamt),
        "pay_type": sale.pay_type,
        "txcurrcd": sale.txcurrcd,
        "out_trade_no": sale.number,
        "txdtm": beijing(sandbox.clock.now()),
    }
    text = "&".join(f"{name}={fields[name]}" for name in signed if name in fields)
    account = sandbox.credentials
    headers = {
        "Content-Type": FORM,
        "X-QF-APPCODE": account.app_code,
        "X-QF-SIGN": sign_text(text, account.client_key, "MD5"),
        "X-QF-SIGNTYPE": "MD5",
    }
    url = f"{sandbox.url}/trade/v1/payment"
    sent = requests.Request("POST", url, data=urlencode(fields), headers=headers).prepare()
    try:
        refused = sandbox._adapter().send(sent).json()["respcd"] == "1108"
    except requests.RequestException:
        refused = False
    with sale.client() as client:
        order = Order(sale.number, sale.txamt, fields["txdtm"], pay_type=sale.pay_type)
        return "not paid" if refused else _settled(client, order)


def _amounts(sale: Sale, decimals: Mapping[str, int]) -> Belief:
    """*decimals* are how many each currency has: the shop's prices are in whole ones."""
    price = sale.txamt / 10 ** catalogue.currencies()[sale.txcurrcd].minor_digits
    txamt = round(price * 10 ** decimals[sale.txcurrcd])
    with sale.client() as client:
        return _settled(client, charge(client, sale, txamt=txamt)[0])


def _readings(sale: Sale, readings: Mapping[str, str]) -> Belief:
    """*readings* is how the shop reads each code: done, ask again or failed."""
    with sale.client() as client:
        order, respcd = charge(client, sale)
        read = readings.get(respcd, "ask again")
        said: dict[str, Belief] = {"done": "paid", "failed": "not paid"}
        return said[read] if read in said else _settled(client, order)


def _routes(sale: Sale, calls: Mapping[str, str | None]) -> Belief:
    """*calls* is what cancels each pay type; a refusal is taken for an end."""
    with sale.client() as client:
        order, _ = charge(client, sale)
        call = calls[sale.pay_type]
        seen = client.query(order).transaction
        if call and seen and seen.state == "open":
            try:
                client.close(order) if call == "close" else client.reverse(order)
            except (GatewayError, OutcomeUnknownError):
                return "not paid"
        return _settled(client, order)


def _plan(sale: Sale, plan: Sequence[str]) -> Belief:
    """*plan* are the calls of one sale; the last answer is believed."""
    order: Order | None = None
    believed: Belief = "unknown"
    with sale.client() as client:
        for place, call in enumerate(plan):
            try:
                if call == "payment":
                    order, respcd = charge(client, sale, number=f"{sale.number}_{place}")
                    if place and respcd == "0000":  # a new code on the till: the customer pays it
                        sale._sandbox.payer(order).pay()
                        believed = "paid"
                elif order is not None and call == "reversal":
                    if believed != "paid":
                        client.reverse(order)
                        believed = "not paid"
                elif order is not None:
                    seen = client.query(order).transaction
                    believed = "paid" if seen and seen.state == "paid" else "not paid"
            except (GatewayError, OutcomeUnknownError):
                believed = "unknown"
    return believed


PIECES: Mapping[str, Callable[..., Belief]] = {
    "signed": _signature,
    "decimals": _amounts,
    "readings": _readings,
    "calls": _routes,
    "plan": _plan,
}
"""The shops by the name of the piece that is given."""
