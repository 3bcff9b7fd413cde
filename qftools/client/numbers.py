"""An order by its number alone: which number it is, which rows it names, what they tell of it.

Rules without I/O. Rows are data from outside: what in them can't be sent back is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from qftools.errors import InputError, TransportError
from qftools.locale import mark
from qftools.models import HOLD, Order, Transaction, as_written
from qftools.patterns import pattern
from qftools.validation import check_values, neither_number, spreadsheet_destroyed, usable

LARGEST_PAGE = 100  # rows of one answer at most (docs2024)

_SYSSN = pattern(r"(19|20)\d\d(0[1-9]|1[0-2])([0-2][1-9]|[123]0|31)\d{8,}", re.ASCII)
_LOST_DIGITS = pattern(r".*\D.*|\d+0000")
_ABOUT = (  # a field of the reply, and of the request; the first that both have decides
    ("orig_syssn", "syssn"),
    ("origssn", "syssn"),  # 2017 (faq2017)
    ("out_trade_no", "out_trade_no"),
)
_ALIASES = {"RMB": "CNY"}  # global2017


def namings(number: str) -> tuple[dict[str, str], ...]:
    """Return the fields that *number* may name an order by, the merchant's own first.

    The gateway's own numbers are digits that begin with a date, but a merchant's may be, too.

    Raises:
        InputError: It is no number, or what a spreadsheet leaves of one: another order's.

    Example:
        >>> namings("A1")
        ({'out_trade_no': 'A1'},)
        >>> [*map(list, namings("20260305066100020000977812"))]
        [['out_trade_no'], ['syssn']]
    """
    if not number:
        raise neither_number()
    if split_numbers(number) != [number.strip()]:
        raise InputError(
            "out_trade_no", "is {value!r}", "one number: a comma parts several", value=number
        )
    check_values("query", {"out_trade_no": number})
    if spreadsheet_destroyed(number) and _LOST_DIGITS.fullmatch(number):
        raise InputError(
            "out_trade_no",
            "is {value}, which is what a spreadsheet leaves of a long number",
            "the whole number; if this is your own number as it stands, say so by name:"
            " out_trade_no (--out-trade-no)",
            value=number,
        )
    either = _SYSSN.fullmatch(number)
    return ({"out_trade_no": number}, *([{"syssn": number}] if either else []))


def split_numbers(numbers: str) -> list[str]:
    """Return the numbers in *numbers*, which commas separate.

    Raises:
        InputError: There is none.

    Example:
        >>> split_numbers("A1, A2,")
        ['A1', 'A2']
    """
    if not isinstance(numbers, str):
        raise InputError(
            mark("the number"), "is {kind}", "an Order, or text", kind=type(numbers).__name__
        )
    found = [part.strip() for part in numbers.split(",") if part.strip()]
    if not found:
        raise neither_number()
    return found


def unanswered(numbers: list[str], rows: tuple[Transaction, ...]) -> list[str]:
    """Return those of *numbers* that no row names.

    Example:
        >>> unanswered(["A1", "A2"], (Transaction({"out_trade_no": "A1"}),))
        ['A2']
    """
    there = {row.written[name] for row in rows for name in ("out_trade_no", "syssn")}
    return [number for number in numbers if number not in there]


def order_of(row: Transaction) -> Order:
    """Return the order that a row of a query is about.

    Example:
        >>> order = order_of(Transaction({"syssn": "1", "txamt": "2500", "txcurrcd": "hkd"}))
        >>> order.syssn, order.txamt, order.txcurrcd
        ('1', 2500, 'HKD')
    """
    return Order(**told(row, ("out_trade_no", "syssn", "pay_type", "txamt", "txcurrcd", "txdtm")))


def told(row: Transaction, names: Iterable[str], order: Order | None = None) -> dict[str, Any]:
    """Return those fields of *row* that a request can send back, and that *order* has otherwise.

    Example:
        >>> row = Transaction({"out_trade_no": "A1", "syssn": "2026", "txamt": "2500"})
        >>> told(row, ("out_trade_no", "syssn", "txamt", "txdtm"), Order("A1", 2500))
        {'syssn': '2026'}
    """
    found = {}
    for name in names:
        value = _value(name, row)
        if (order is None or value != getattr(order, name)) and usable(name, value):
            found[name] = value
    return found


def check_about(endpoint: str, params: Mapping[str, object], body: Mapping[str, Any]) -> None:
    """Check that a reply is the one to this request, by the numbers that both name.

    A proxy can mix replies up, and on a kept connection a reply too many goes to the next
    request. The rows of a query are judged by what asks for them.

    Raises:
        TransportError: It is the reply to another request.

    Example:
        >>> check_about("payment", {"out_trade_no": "A2"}, {"respcd": "0000", "out_trade_no": "A1"})
        Traceback (most recent call last):
        ...
        qftools.errors.TransportError: the reply is about another order: its out_trade_no is not A2
    """
    if endpoint == "query":
        return
    data = body.get("data")
    if isinstance(data, list):
        raise TransportError("the reply has rows: it is the answer to a query, not to this request")
    said = {**body, **data} if isinstance(data, Mapping) else body
    for field, name in _ABOUT:
        theirs, mine = as_written(said.get(field)), as_written(params.get(name))
        if theirs == mine and mine:
            return
        if theirs and mine:
            raise TransportError(
                "the reply is about another order: its {field} is not {mine}",
                field=field,
                mine=mine,
            )


def currency(value: object) -> str:
    """Return a currency's code however it is spelled.

    Example:
        >>> currency("hkd"), currency("RMB"), currency(None)
        ('HKD', 'CNY', '')
    """
    code = as_written(value).upper()
    return _ALIASES.get(code, code)


def kind_of(row: Transaction) -> str:
    """Return what a row is: ``payment``, ``refund``, ``close`` ..."""
    kind = row.written["order_type"].lower()
    kind = "payment" if kind == HOLD else kind  # a hold is placed and undone as a payment is
    # A refund names the payment that it gives back; a payment names none.
    return kind or ("refund" if row.written["origssn"] else "payment")


def _value(name: str, row: Transaction) -> str | int:
    written = row.written[name]
    if name == "txcurrcd":
        return currency(written)
    if name == "txamt" and written.isascii() and written.isdecimal() and len(written) <= 11:
        return int(written)
    return written
