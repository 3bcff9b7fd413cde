"""What one reply tells about an order. Silence tells nothing; a cancel's reply proves nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from qftools.errors import OutcomeUnknownError, RateLimitError
from qftools.models import Order, Reply, State, Transaction
from qftools.validation import BEIJING


class Finding(StrEnum):
    """What is known about the order after one question."""

    PAID = "PAID"
    """The payer was charged, and the money was not given back."""
    OPEN = "OPEN"
    """Nothing is decided: unpaid, or the payer is still at it."""
    CANCELLED = "CANCELLED"
    """Dead without money: cancelled, closed, or expired."""
    REFUNDED = "REFUNDED"
    """The money moved, and was given back in full."""
    FAILED = "FAILED"
    """The payment failed for good: no money moved."""
    ABSENT = "ABSENT"
    """The gateway knows no such order; it may still be on its way."""
    DENIED = "DENIED"
    """The request itself was refused: fix it, nothing was learned."""
    SILENT = "SILENT"
    """No usable reply: nothing was learned."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back to one question of the flow.

    Attributes:
        finding: What it tells about the order.
        respcd: The code it rests on: of the row for a query, of the reply otherwise.
        row: The row of the books, where a query found one.
        refused: The gateway said for certain that it will not cancel this order.
        pending: A cancel was accepted and is in progress.
        note: What else there is to say, in one line of English.
        wait: Seconds that the gateway asks to wait.
        age: Seconds since the gateway made the order, by the two clocks; zero
            where that is not known.
    """

    finding: Finding
    respcd: str | None = None
    row: Transaction | None = None
    refused: bool = False
    pending: bool = False
    note: str = ""
    wait: float = 0.0
    age: float = 0.0


_OF_STATE: dict[State, Finding] = {
    "paid": Finding.PAID,
    "open": Finding.OPEN,
    "cancelled": Finding.CANCELLED,
    "expired": Finding.CANCELLED,
    "refunded": Finding.REFUNDED,
    "failed": Finding.FAILED,
}

# What a refused cancel says about the order. No verdict rests on it: a query follows.
_OF_REFUSAL = {
    "1260": Finding.PAID,
    "1125": Finding.REFUNDED,
    "1262": Finding.REFUNDED,
    "1142": Finding.CANCELLED,
    "1181": Finding.CANCELLED,
    "1263": Finding.CANCELLED,
    "1264": Finding.CANCELLED,
    "1136": Finding.ABSENT,
    "1268": Finding.ABSENT,
}


def of_error(error: OutcomeUnknownError) -> Answer:
    """Return what a question without a usable reply tells: nothing.

    Example:
        >>> from qftools.errors import TransportError
        >>> of_error(TransportError("no reply")).finding
        <Finding.SILENT: 'SILENT'>
    """
    wait = error.retry_after if isinstance(error, RateLimitError) else None
    return Answer(Finding.SILENT, note=str(error), wait=wait or 0.0)


def of_query(reply: Reply, order: Order) -> Answer:
    """Return what the answer to a query tells about *order*.

    The reply's own ``0000`` only says that the query worked; the row decides.

    Example:
        >>> row = {"out_trade_no": "A1", "respcd": "1143", "cancel": "0"}
        >>> reply = Reply("query", "0000", {"respcd": "0000", "data": [row]})
        >>> of_query(reply, Order("A1", 100, "2026-01-05 10:00:00")).finding
        <Finding.OPEN: 'OPEN'>
    """
    if not reply.ok:
        return _of_unanswered_query(reply)
    if not isinstance(reply.body.get("data"), list):
        return Answer(Finding.SILENT, reply.respcd, note="the answer has no list of rows")
    rows = [row for row in reply.transactions if _is_about(row, order)]
    if not rows:
        if reply.transactions:
            return Answer(Finding.SILENT, note="the rows are about other orders")
        return Answer(Finding.ABSENT, note="no such order in the books")
    row = rows[0]
    if row.row.get("order_type", "payment") != "payment":
        note = f"the number names a {row.row['order_type']}, not a payment"
        return Answer(Finding.DENIED, str(row.row.get("respcd")), row, note=note)
    finding = _OF_STATE[row.state]
    difference = _difference(row, order)
    if finding is Finding.OPEN and difference:
        return Answer(Finding.DENIED, str(row.row.get("respcd")), row, note=difference)
    return Answer(finding, str(row.row.get("respcd")), row, age=_age(reply, row))


def of_cancel(reply: Reply) -> Answer:
    """Return what the reply to a reversal or a close claims about the order.

    Example:
        >>> of_cancel(Reply("reversal", "1145", {"respcd": "1145"})).pending
        True
        >>> of_cancel(Reply("close", "1297", {"respcd": "1297"})).refused
        True
    """
    note = reply.respmsg or reply.resperr
    if reply.ok:
        return Answer(Finding.CANCELLED, reply.respcd)
    if reply.in_progress:
        return Answer(Finding.OPEN, reply.respcd, pending=True)
    if reply.respcd in _OF_REFUSAL:
        return Answer(_OF_REFUSAL[reply.respcd], reply.respcd, note=note)
    if reply.kind == "caller":
        return Answer(Finding.DENIED, reply.respcd, note=note)
    if reply.kind == "failure":
        return Answer(Finding.OPEN, reply.respcd, refused=True, note=note)
    return Answer(Finding.SILENT, reply.respcd, note=note)


def _of_unanswered_query(reply: Reply) -> Answer:
    note = reply.respmsg or reply.resperr
    if reply.respcd in ("1136", "1268"):
        return Answer(Finding.ABSENT, reply.respcd, note=note)
    if reply.kind == "caller":
        return Answer(Finding.DENIED, reply.respcd, note=note)
    return Answer(Finding.SILENT, reply.respcd, note=note)


def _is_about(row: Transaction, order: Order) -> bool:
    for name, value in (("syssn", order.syssn), ("out_trade_no", order.out_trade_no)):
        if value is not None and name in row.row and row.row[name] != value:
            return False
    return True


def _age(reply: Reply, row: Transaction) -> float:
    """How long ago the gateway made the order. ``sysdtm`` is its clock, in Beijing's time."""
    if reply.exchange is None:
        return 0.0
    try:
        made = datetime.fromisoformat(str(row.row.get("sysdtm")))
    except ValueError:
        return 0.0
    return max(0.0, reply.exchange.started - made.replace(tzinfo=BEIJING).timestamp())


def _difference(row: Transaction, order: Order) -> str:
    """Say where the books differ from what the caller believes: it may be another order."""
    for name, mine in (("txamt", str(order.txamt)), ("txcurrcd", order.txcurrcd)):
        theirs = str(row.row.get(name) or "")
        if mine and theirs and theirs != mine:
            return f"the books have {name} {theirs} for this order, not {mine}"
    return ""
