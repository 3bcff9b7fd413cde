"""How a cancel names its order: by which number, in which month, which of its payments.

Rules without I/O. What the books tell is taken over where it can be sent back, and only there:
a row is not our input, so nothing in it is refused with an error.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any

from qftools.evidence import currency
from qftools.models import Order, Transaction, as_written
from qftools.validation import usable

Params = dict[str, str | int]
NUMBERS = ("out_trade_no", "syssn")

_DATE = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)", re.ASCII)


def views(order: Order, learned: Collection[str] = (), today: str | None = None) -> list[Params]:
    """Return the queries that look for *order* wherever the gateway may keep it (C29).

    First by the merchant's number, which shows every payment under it; then by the gateway's.
    What was learned from the books comes last: the way that found an order stays the first.
    Some gateways keep a table a month and look into the current one only: then in the month
    of the payment and in the nearest other one.

    Args:
        order: What is known of it.
        learned: Names of the fields that the books told.
        today: The date, where the order tells none.

    Example:
        >>> [asked.get("start_time") for asked in views(Order("A1", 2500, "2026-01-31 23:59:00"))]
        [None, '2026-01-01 00:00:00', '2026-02-01 00:00:00']
    """
    merchant: Params = {} if order.mchid is None else {"mchid": order.mchid}
    numbers = {"out_trade_no": order.out_trade_no, "syssn": order.syssn}
    given: list[Params] = [
        {name: number} for name, number in numbers.items() if number and name not in learned
    ]
    told: list[Params] = [
        {name: number} for name, number in numbers.items() if number and name in learned
    ]
    in_a_month = [given[0] | month for month in _months(order, today)]
    return [merchant | asked for asked in (*given, *in_a_month, *told)]


def _months(order: Order, today: str | None) -> Iterator[Params]:
    for said in (order.txdtm, order.syssn, today):
        found = _DATE.match(said or "")
        if found is None:
            continue
        year, month, day = map(int, found.groups())
        if not (1 <= month <= 12 and 1 <= day <= 31 and 1000 < year < 9999):
            continue
        yield _month(year, month)
        # The gateway counts by its own time when the request arrived, not by the merchant's.
        months = year * 12 + month - 1 + (-1 if day <= 15 else 1)
        yield _month(months // 12, months % 12 + 1)
        return


def _month(year: int, month: int) -> Params:
    last = calendar.monthrange(year, month)[1]
    return {
        "start_time": f"{year:04}-{month:02}-01 00:00:00",
        "end_time": f"{year:04}-{month:02}-{last:02} 23:59:59",
    }


def target(order: Order, row: Transaction | None) -> Order:
    """Return *order* as the payment in *row*: the one of its payments that is to be cancelled.

    Example:
        >>> row = Transaction({"syssn": "2026010515410002", "txamt": "2500", "txcurrcd": "hkd"})
        >>> found = target(Order("A1", 2500, "2026-01-05 10:00:00"), row)
        >>> found.syssn, found.txdtm
        ('2026010515410002', '2026-01-05 10:00:00')
    """
    if row is None:
        return order
    return replace(order, **_told(row, ("syssn", "pay_type", "txamt", "txdtm")))


def with_row(order: Order, row: Transaction) -> Order:
    """Return *order* with what the books know and the caller did not say."""
    told = _told(row, ("out_trade_no", "syssn", "pay_type", "txamt", "txcurrcd", "txdtm"))
    return replace(
        order,
        **{
            name: value
            for name, value in told.items()
            if getattr(order, name) is None or name == "pay_type"
        },
    )


def _told(row: Transaction, names: tuple[str, ...]) -> dict[str, Any]:
    values = {name: _value(name, row) for name in names}
    return {name: value for name, value in values.items() if usable(name, value)}


def _value(name: str, row: Transaction) -> str | int:
    written = as_written(row.row.get(name))
    if name == "txcurrcd":
        return currency(written)
    if name == "txamt" and written.isascii() and written.isdecimal() and len(written) <= 11:
        return int(written)
    return written
