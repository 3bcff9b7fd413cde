"""The calls, for both clients: what is sent, what an answer means, when to ask again.

No payment is ever sent a second time, and no reply is never treated as an answer. Clock and wait
function are arguments.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from qftools import catalogue, validation
from qftools.client.awaiting import settled
from qftools.client.calling import A, Calling, W
from qftools.client.numbers import (
    LARGEST_PAGE,
    kind_of,
    namings,
    order_of,
    split_numbers,
    unanswered,
)
from qftools.errors import (
    GatewayError,
    InputError,
    OutcomeUnknownError,
    RateLimitError,
    UnclearError,
    said_by,
)
from qftools.locale import mark
from qftools.models import Order, Reply

_QUERY_TRIES = 3
_FIRST_WAIT = 1.0  # seconds; doubled each time
_LONGEST_WAIT = 8.0
LEFT_OUT: Any = type("LeftOut", (), {"__repr__": lambda _: "<left out>"})()
"""Stands where a number is not given: None is a mistake there."""


class Calls(Calling[A, W]):
    """The calls as coroutines. `AsyncClient` hands them out, `Client` runs each at once."""

    async def _pay(
        self,
        *,
        pay_type: str,
        txamt: int,
        txcurrcd: str,
        out_trade_no: str | None = None,
        txdtm: str | None = None,
        auth_code: str | None = None,
        **extra: str | int,
    ) -> Order:
        """See [pay][qftools.client.client.Client.pay]."""
        params: dict[str, str | int] = {
            "pay_type": pay_type,
            "txamt": txamt,
            "txcurrcd": txcurrcd,
            "out_trade_no": out_trade_no if out_trade_no is not None else self.new_number(),
            "txdtm": txdtm if txdtm is not None else self.now(),
            **extra,
        }
        if auth_code is not None:
            params["auth_code"] = auth_code
        validation.check_pay_type(pay_type, auth_code)
        order = _order_of(params)
        try:
            reply = await self._call("payment", params)
        except OutcomeUnknownError as error:
            error.order = order
            raise
        order = _order_of(params, reply)
        _raise_refusal(reply, order)
        return order

    async def _query(
        self,
        order: Order | str | None = LEFT_OUT,
        *,
        syssn: str | None = LEFT_OUT,
        out_trade_no: str | None = LEFT_OUT,
        **filters: str | int,
    ) -> Reply:
        """See [query][qftools.client.client.Client.query]."""
        given = [each for each in (order, syssn, out_trade_no) if each is not LEFT_OUT]
        if given and not any(given):
            raise validation.neither_number()
        numbers = {"syssn": syssn, "out_trade_no": out_trade_no}
        params = filters | {k: v for k, v in numbers.items() if v and v is not LEFT_OUT}
        if order and not isinstance(order, Order | type(LEFT_OUT)):
            return await self._query_numbers(order, params)
        about = order if isinstance(order, Order) else None
        reply = await self._ask_again("query", (about.for_query() if about else {}) | params, about)
        _raise_refusal(reply, about)
        return reply

    async def _find(self, number: str) -> Order:
        """See [find][qftools.client.client.Client.find]."""
        rows = [row for row in (await self._query(number)).asked_rows if kind_of(row) == "payment"]
        if len(rows) != 1:
            raise InputError(
                mark("the number"),
                "{value!r} names {count} payments in the gateway's books",
                "that of exactly one",
                value=number,
                count=len(rows),
            )
        return order_of(rows[0])

    async def _reverse(self, order: Order | str) -> Reply:
        """See [reverse][qftools.client.client.Client.reverse]."""
        return await self._cancel(order, "reversal")

    async def _close(self, order: Order | str) -> Reply:
        """See [close][qftools.client.client.Client.close]."""
        return await self._cancel(order, "close")

    async def _refund(
        self,
        order: Order | str | None = None,
        txamt: int | None = None,
        *,
        syssn: str | None = None,
        out_trade_no: str | None = None,
        txdtm: str | None = None,
    ) -> Reply:
        """See [refund][qftools.client.client.Client.refund]."""
        if order is None:
            order = Order(syssn=syssn, txamt=txamt)
        elif not isinstance(order, Order):
            order = await self._find(order)
        if order.syssn is None:
            raise InputError("syssn", "is missing", "known before a refund: query the order first")
        amount = txamt if txamt is not None else order.txamt
        if amount is None:
            raise InputError("txamt", "is missing", "a whole number of minor units")
        validation.check_refundable(amount, order.txamt)
        refund = Order(
            out_trade_no if out_trade_no is not None else self.new_number(),
            amount,
            txdtm if txdtm is not None else self.now(),
            txcurrcd=order.txcurrcd,
            mchid=order.mchid,
            udid=order.udid,
        )
        return await self._about(refund, "refund", refund.for_refund(order.syssn))

    async def _capture(
        self,
        hold: Order | str,
        txamt: int | None = None,
        *,
        out_trade_no: str | None = None,
        txdtm: str | None = None,
    ) -> Reply:
        """See [capture][qftools.client.client.Client.capture]."""
        found = await self._held(hold)
        amount = txamt if txamt is not None else found.txamt
        values = {"txamt": amount, "out_trade_no": out_trade_no, "txdtm": txdtm}
        row = catalogue.pay_types().get(str(found.pay_type))
        if row is not None and row.mode == "preauth":  # the documents of cards have neither
            values["out_trade_no"] = out_trade_no or self.new_number()
            values["txdtm"] = txdtm or self.now()
        params = {"syssn": found.syssn, "mchid": found.mchid, "udid": found.udid} | values
        sent = {name: value for name, value in params.items() if value is not None}
        number = sent.get("out_trade_no")
        capture = Order(str(number), amount, txcurrcd=found.txcurrcd) if number else found
        return await self._about(replace(capture, mchid=found.mchid), "authtrade", sent)

    async def _release(self, hold: Order | str, txamt: int | None = None) -> Reply:
        """See [release][qftools.client.client.Client.release]."""
        found = await self._held(hold)
        rest = replace(found, txamt=txamt) if txamt is not None else found
        return await self._about(found, "unfreeze", rest.for_release() | {"txdtm": self.now()})

    async def _held(self, hold: Order | str) -> Order:
        """The hold with its ``syssn``: by its order, or looked up by its number."""
        found = hold if isinstance(hold, Order) else await self._find(hold)
        if found.syssn is None:
            raise InputError("syssn", "is missing", "known before: query the hold first")
        return found

    async def _cancel(self, order: Order | str, endpoint: str) -> Reply:
        found = order if isinstance(order, Order) else await self._find(order)
        return await self._about(found, endpoint, found.for_cancel())

    async def _about(self, order: Order, endpoint: str, params: Mapping[str, str | int]) -> Reply:
        try:
            reply = await self._call(endpoint, params)
        except OutcomeUnknownError as error:
            error.order = order
            raise
        _raise_refusal(reply, order)
        return reply

    async def _ask_again(
        self, endpoint: str, params: Mapping[str, str | int], order: Order | None
    ) -> Reply:
        for tried in range(1, _QUERY_TRIES + 1):
            try:
                return await self._call(endpoint, params)
            except OutcomeUnknownError as error:
                error.order = order
                if tried == _QUERY_TRIES:
                    raise
                await settled(self.pause(_wait_after(error, tried)))
        raise AssertionError("unreachable")  # pragma: no cover

    async def _query_numbers(self, numbers: str, filters: dict[str, str | int]) -> Reply:
        """Ask under each number as the merchant's, then under those left as the gateway's."""
        asked = split_numbers(numbers)
        either = [number for number in asked if len(namings(number)) > 1]
        if len(asked) > 1:
            filters = {"page_size": LARGEST_PAGE, **filters}
        reply = await self._ask_again("query", {"out_trade_no": ",".join(asked)} | filters, None)
        left = unanswered(either, reply.transactions)
        if left:
            more = await self._ask_again("query", {"syssn": ",".join(left)} | filters, None)
            rows = [row.row for row in reply.transactions + more.transactions]
            if more.ok or not reply.ok:
                reply = replace(more, body={**more.body, "data": rows})
        _raise_refusal(reply, None)
        return reply


def _order_of(params: Mapping[str, Any], reply: Reply | None = None) -> Order:
    return Order(
        params["out_trade_no"],
        params["txamt"],
        params["txdtm"],
        # The gateway's answer is not user input: a value that can't be sent back is left out.
        syssn=reply.syssn if reply and validation.usable("syssn", reply.syssn) else None,
        pay_type=params["pay_type"],
        txcurrcd=params["txcurrcd"],
        mchid=params.get("mchid"),
        udid=params.get("udid"),
        reply=reply,
    )


def _raise_refusal(reply: Reply, order: Order | None) -> None:
    kind = reply.kind
    if kind in ("success", "progress"):
        return
    error: GatewayError | UnclearError
    error = (UnclearError if kind == "unknown" else GatewayError)(
        reply.respcd, said_by(reply, "en"), reply
    )
    error.order = order
    raise error


def _wait_after(error: OutcomeUnknownError, tried: int) -> float:
    wait: float = min(_FIRST_WAIT * 2 ** (tried - 1), _LONGEST_WAIT)
    if isinstance(error, RateLimitError) and error.retry_after is not None:
        wait = min(max(wait, error.retry_after), 60.0)
    # A jitter keeps many clients from querying at the same moment; it need not be secret.
    return wait * random.uniform(1.0, 1.25)
