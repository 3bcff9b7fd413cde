"""What one reply says about an order. No reply says nothing; a cancel's reply proves nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import islice
from typing import Any, Literal, NamedTuple

from qftools.catalogue import Text
from qftools.errors import OutcomeUnknownError, RateLimitError
from qftools.exchange import CUT, LONGEST_VALUE
from qftools.models import Reply, Transaction


class Finding(StrEnum):
    """What is known about the order after one request."""

    PAID = "PAID"
    """The payer was charged and not refunded."""
    OPEN = "OPEN"
    """Unpaid, or the payer is still paying."""
    HELD = "HELD"
    """The payer's money is held by a pre-authorisation, and not charged."""
    RELEASED = "RELEASED"
    """The hold was released; the payer was not charged."""
    CANCELLED = "CANCELLED"
    """Cancelled, closed or expired; the payer was not charged."""
    REFUNDED = "REFUNDED"
    """The payer was charged, then refunded in full; of a refund: it was made."""
    FAILED = "FAILED"
    """The payment failed; the payer was not charged."""
    ABSENT = "ABSENT"
    """The gateway has no such order; it may still be on its way."""
    DENIED = "DENIED"
    """The request itself was refused: correct it; the order's state is unknown."""
    SILENT = "SILENT"
    """No usable reply; the order's state is unknown."""


class Difference(NamedTuple):
    """A field in which gateway and order differ: both values, as text."""

    field: str
    books: str
    order: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one request of the flow.

    Attributes:
        finding: What it tells about the order.
        respcd: The code it rests on: of the row for a query, of the reply otherwise.
        row: The row of the books that it rests on, where a query found one.
        refused: The gateway said for certain that it will not cancel this order.
        pending: A cancel was accepted and is in progress.
        note: Why it was read so, in both languages, or the gateway's own words.
        wait: Seconds that the gateway asks to wait.
        age: Seconds since the gateway made the order, by the two clocks; zero
            where that is not known.
        signed: The answer carried the gateway's signature, checked and right.
        differs: Where the books contradict the order.
        rows: How many rows of the answer name the order, by either of its numbers.
        open, dead: The syssn of each payment of the order that it says is open (or paid
            beside the one that was meant), or over without money for the merchant.
        ask_next: ``"elsewhere"``: ask under another number, or in another month, before
            this is believed; ``"others"``: so, too, for there were rows of other orders only.
            ``"wide"``: ask for the largest page.
        void: The gateway voided a card payment, instead of refunding it.
    """

    finding: Finding
    respcd: str | None = None
    row: Transaction | None = None
    refused: bool = False
    pending: bool = False
    note: Text | None = None
    wait: float = 0.0
    age: float = 0.0
    signed: bool = False
    differs: tuple[Difference, ...] = ()
    rows: int = 0
    open: tuple[str, ...] = ()
    dead: tuple[str, ...] = ()
    ask_next: Literal["", "elsewhere", "others", "wide"] = ""
    void: bool = False

    def bounded(self) -> Answer:
        """Return the answer with what is too long in it cut: a row or a note of a megabyte.

        Nothing that long is a number, a time or an amount, so no finding rests on it.

        Example:
            >>> answer = Answer(Finding.OPEN, row=Transaction({"goods_name": "tea" * 500_000}))
            >>> len(answer.bounded().row.goods_name) < 2_000
            True
        """
        row = self.row and _row_cut(self.row)
        differs = tuple(Difference(*map(_cut, each)) for each in self.differs)
        note = self.note and Text(_cut(self.note.zh), _cut(self.note.en))
        return replace(self, respcd=_cut(self.respcd), row=row, note=note, differs=differs)


_MOST_FIELDS = 100  # of a row


def _row_cut(row: Transaction) -> Transaction:
    cells = dict(islice(row.row.items(), _MOST_FIELDS))
    long = [1 for pair in cells.items() for part in pair if len(str(part)) > LONGEST_VALUE]
    if not long and len(cells) == len(row.row):
        return row
    return Transaction({_cut(name): _cut(value) for name, value in cells.items()})


def _cut(value: Any) -> Any:
    text = str(value)
    return value if len(text) <= LONGEST_VALUE else text[:LONGEST_VALUE] + CUT


UNSIGNED = Text(
    "这个应答没有签名，而这个网关此前的应答有签名：不可信",
    "the answer is not signed, but this gateway has signed earlier answers: not trusted",
)

NO_SUCH_ORDER = frozenset({"1136", "1268"})

# What a refused cancel says about the order. No verdict rests on it: a query follows.
_OF_REFUSAL = {
    "1260": Finding.PAID,
    "1125": Finding.REFUNDED,
    "1262": Finding.REFUNDED,
    "1142": Finding.CANCELLED,
    "1181": Finding.CANCELLED,
    "1263": Finding.CANCELLED,
    "1264": Finding.CANCELLED,
    **dict.fromkeys(NO_SUCH_ORDER, Finding.ABSENT),
}


def of_error(error: OutcomeUnknownError) -> Answer:
    """Return what a question without a usable reply tells: nothing.

    Example:
        >>> from qftools.errors import TransportError
        >>> of_error(TransportError("no reply")).finding
        <Finding.SILENT: 'SILENT'>
    """
    wait = error.retry_after if isinstance(error, RateLimitError) else None
    note = Text(error.say("zh"), error.say("en"))
    return Answer(Finding.SILENT, note=note, wait=wait or 0.0)


def unsigned(reply: Reply) -> Answer:
    """Return what an answer tells that lacks the signature of a gateway that signs: nothing."""
    return Answer(Finding.SILENT, reply.respcd, note=UNSIGNED)


def of_cancel(reply: Reply, *, signed: bool = False) -> Answer:
    """Return what the reply to a reversal, a close or a release claims about the order.

    Args:
        reply: What came back.
        signed: The gateway has signed an answer before, so that it signs them all.

    Example:
        >>> of_cancel(Reply("reversal", "1145", {"respcd": "1145"})).pending
        True
        >>> of_cancel(Reply("close", "1297", {"respcd": "1297"})).refused
        True
    """
    if signed and not reply.signed:
        return unsigned(reply)
    return _answer(reply, *_claimed(reply))


def _answer(reply: Reply, finding: Finding, refused: bool, *, void: bool = False) -> Answer:
    return Answer(
        finding,
        reply.respcd,
        refused=refused,
        pending=reply.in_progress,
        void=void,
        note=None if reply.ok or reply.in_progress else reply.words,
        signed=reply.signed,
    )


def _claimed(reply: Reply) -> tuple[Finding, bool]:
    """The finding that a cancel's reply claims, and whether it refuses the cancel for good."""
    if reply.ok:
        released = reply.endpoint == "unfreeze"
        return Finding.RELEASED if released else Finding.CANCELLED, False
    if reply.in_progress:
        return Finding.OPEN, False
    if reply.respcd in _OF_REFUSAL:
        return _OF_REFUSAL[reply.respcd], False
    if reply.kind == "caller":
        return Finding.DENIED, False
    if reply.kind == "failure":
        return Finding.OPEN, True
    return Finding.SILENT, False


USED = frozenset({"1251", "1102", "2011"})  # C17: the number was used, maybe by this very refund
# Beside those: 0000 with a txstatus that says it failed, and that there is no such payment, which
# a query has just shown. A reply that contradicts itself or the books refuses nothing.
_NO_REFUSAL = USED | NO_SUCH_ORDER | {"0000"}
_VOIDED = "void"  # "Void received": docs2026, 91APP


def of_refund(reply: Reply, *, signed: bool = False) -> Answer:
    """Return what the reply to a refund claims about it. A query of its number follows.

    Args:
        reply: What came back.
        signed: The gateway has signed an answer before, so that it signs them all.

    Example:
        >>> of_refund(Reply("refund", "1269", {"respcd": "1269"})).refused
        True
        >>> of_refund(Reply("refund", "1251", {"respcd": "1251"})).refused
        False
        >>> of_refund(Reply("refund", "1136", {"respcd": "1136"})).refused
        False
        >>> of_refund(Reply("refund", "1103", {"respcd": "1103"})).finding
        <Finding.DENIED: 'DENIED'>
        >>> of_refund(Reply("refund", "0000", {"respmsg": "Void received"})).void
        True
    """
    if signed and not reply.signed:
        return unsigned(reply)
    finding, refused = Finding.SILENT, False
    if reply.ok or reply.in_progress:
        finding = Finding.REFUNDED if reply.ok else Finding.OPEN
    elif reply.respcd in _NO_REFUSAL:
        pass  # it may have been made: by an earlier call, or by this one
    elif reply.kind == "failure":
        finding, refused = Finding.FAILED, True
    elif reply.kind == "caller":
        finding = Finding.DENIED
    return _answer(reply, finding, refused, void=reply.respmsg.lower().startswith(_VOIDED))
