"""The requests of a cancel: by which number, in which month, for which payment of an order.

Rules without I/O. Values of a row are used only if they can be sent back. A row is not user input,
so an unusable value raises no error.
"""

from __future__ import annotations

import calendar
import contextlib
import datetime
import re
from collections.abc import Collection
from dataclasses import replace
from functools import lru_cache

from qftools.client.numbers import told
from qftools.models import Order, Transaction

Params = dict[str, str | int]
TOLD = ("out_trade_no", "syssn", "txamt", "txcurrcd", "txdtm")
"""Fields whose origin a walk records: the caller or the gateway."""

_DATE = re.compile(r"(20\d\d)-?(\d\d)-?(\d\d)")


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
        [None, '2026-02-01 00:00:00', '2026-01-01 00:00:00']
    """
    merchant: Params = {} if order.mchid is None else {"mchid": order.mchid}
    given: list[Params] = []
    told: list[Params] = []
    for name, number in (("out_trade_no", order.out_trade_no), ("syssn", order.syssn)):
        if number:
            (told if name in learned else given).append({**merchant, name: number})
    in_a_month = [given[0] | month for month in _months(order, learned, today)]
    return [*given, *in_a_month, *told]


def months_in_doubt(
    order: Order, learned: Collection[str] = (), today: str | None = None
) -> list[int]:
    """Return which of the views are months that payments of one number may be spread over.

    Empty, except within two days of the end of a month: then a payment that is dead in one
    month says nothing of another one in the other.

    Example:
        >>> months_in_doubt(Order("A1", 2500, "2026-01-31 23:59:00"))
        [1, 2]
        >>> months_in_doubt(Order("A1", 2500, "2026-01-15 10:00:00"))
        []
    """
    said, began = _days(order, learned, today)
    day = said or began
    if day is None or 2 < day.day < calendar.monthrange(day.year, day.month)[1] - 1:
        return []
    asked = views(order, learned, today)
    return [number for number, view in enumerate(asked) if "start_time" in view]


def _days(
    order: Order, learned: Collection[str], today: str | None
) -> tuple[datetime.date | None, datetime.date | None]:
    """The day that the order tells, and the day when it was first asked for.

    What was learned does not move it, so that the views stay. A time is surer than a number:
    where there is one, today does not matter.
    """
    if order.txdtm is not None and "txdtm" not in learned:
        return _date(order.txdtm), None
    return None if "syssn" in learned else _date(order.syssn), _date(today)


@lru_cache  # a walk asks for the same few, again and again
def _date(text: str | None) -> datetime.date | None:
    found = _DATE.match(text) if text else None
    with contextlib.suppress(ValueError):
        return datetime.date(*map(int, found.groups())) if found else None
    return None


def _months(order: Order, learned: Collection[str], today: str | None) -> list[Params]:
    """The months to query, the most likely one last: an order may still be on its way."""
    said, began = _days(order, learned, today)
    months: dict[int, None] = {}
    for day, later in ((began, False), (said, True)):
        if day is not None:
            # The gateway counts by its own time when the request arrived, not by the merchant's.
            month = day.year * 12 + day.month - 1
            months |= {month + (1 if later and day.day > 15 else -1): None, month: None}
    return [_month(month // 12, month % 12 + 1) for month in months]


@lru_cache
def _month(year: int, month: int) -> Params:
    last = calendar.monthrange(year, month)[1]
    return {
        "start_time": f"{year}-{month:02}-01 00:00:00",
        "end_time": f"{year}-{month:02}-{last} 23:59:59",
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
    differing = told(row, ("syssn", "pay_type", "txamt", "txdtm"), order)
    return replace(order, **differing) if differing else order


def cancelling(target: Order, several: bool, call: str | None = None) -> Params:
    """Return the parameters of a reversal, a close or a release of one payment.

    The number of an order that has several payments names none of them: a gateway that looks
    it up first would cancel another one.
    """
    if call == "unfreeze":
        return target.for_release()
    params = target.for_cancel()
    if several and target.syssn is not None:
        params.pop("out_trade_no", None)
    return params


def with_row(order: Order, row: Transaction) -> Order:
    """Return *order* completed with the gateway's values that the caller did not give."""
    wanted = [name for name in TOLD if getattr(order, name) is None]
    differing = told(row, (*wanted, "pay_type"), order)
    return replace(order, **differing) if differing else order
