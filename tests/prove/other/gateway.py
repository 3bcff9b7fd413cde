"""The second gateway's books and rules: which money moved, and when.

Written from the protocol alone. It shares no code and no table with qftools, so a mistake
that the client and the sandbox have in common is not in here. It knows nothing of bytes:
``dialect`` says how an answer is written, ``breaks`` what happens to it on its way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from enum import StrEnum
from functools import lru_cache

BEIJING = timezone(timedelta(hours=8))
TIME = "%Y-%m-%d %H:%M:%S"


class Clock:
    """A clock that only moves when it is told to; seconds since 1970."""

    def __init__(self, start: float) -> None:
        self._now = start

    def now(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        self._now += max(0.0, seconds)


@lru_cache(maxsize=4096)
def beijing(moment: float) -> str:
    """A moment as the gateway writes it."""
    return datetime.fromtimestamp(moment, BEIJING).strftime(TIME)


class Is(StrEnum):
    """Where one payment stands (protocol, part 13)."""

    WAIT = "WAIT"
    PIN = "PIN"
    CANCELLING = "CANCELLING"
    PAID = "PAID"
    PART = "PART"
    REFUNDED = "REFUNDED"
    FAILED = "FAILED"
    CLOSED = "CLOSED"
    REVERSED = "REVERSED"
    EXPIRED = "EXPIRED"
    # of a hold (protocol, part 17)
    HELD = "HELD"
    RELEASING = "RELEASING"
    RELEASED = "RELEASED"
    CAPTURED = "CAPTURED"


ALIVE = frozenset({Is.WAIT, Is.PIN, Is.CANCELLING})
ON_HOLD = frozenset({Is.HELD, Is.RELEASING})
CAME = frozenset({Is.PAID, Is.PART})
FAILURES = ("1201", "1202", "1203", "1204", "1205", "1212", "2005")

#: Which call cancels a pay type (the vendor's page): "" where none does.
CANCELS = {
    "800101": "reversal",
    "800108": "reversal",
    "800201": "close",
    "800208": "reversal",
    "800701": "close",
    "800708": "close",
    "801501": "",
    "802001": "",
    "805801": "",
}
HOLD = "801808"  # a pre-authorisation: reversed while it is not confirmed, then released (C39)
_WEEK = 7 * 86_400.0
SCANNED = frozenset({"800108", "800208", "800708"})


@dataclass
class Payment:
    """One attempt to pay, and the money that it moved.

    Attributes:
        charged, returned: Every movement of money: when, how much.
        hidden_until: Before that moment no query finds it: it is still on its way.
        cancel_polls: How many queries more a cancel takes; then it is done, or dropped.
    """

    out_trade_no: str
    syssn: str
    pay_type: str
    txamt: int
    txcurrcd: str
    txdtm: str
    made: float
    expires: float
    mchid: str | None = None
    state: Is = Is.WAIT
    failure: str = "1205"
    hidden_until: float = 0.0
    cancel_polls: int = 0
    cancel_dropped: bool = False
    charged: list[tuple[float, int]] = field(default_factory=list)
    returned: list[tuple[float, int]] = field(default_factory=list)

    @property
    def net(self) -> int:
        """What the merchant has of the payer's money."""
        return sum(amount for _, amount in self.charged) - sum(
            amount for _, amount in self.returned
        )

    @property
    def hold(self) -> bool:
        """Whether it holds money, which a capture charges."""
        return self.pay_type == HOLD

    @property
    def waiting(self) -> Is:
        return Is.PIN if self.pay_type in SCANNED else Is.WAIT


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the books as a query shows it, before a dialect writes it."""

    kind: str  # payment, refund, close
    syssn: str
    out_trade_no: str
    origssn: str
    pay_type: str
    txamt: int
    txcurrcd: str
    txdtm: str
    made: float
    state: Is
    failure: str = "1205"
    mchid: str | None = None
    scanned: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    """What this gateway does where the sources disagree, or say nothing.

    Attributes:
        months: ``any``, ``strict`` (a bare out_trade_no finds the current month alone), or
            ``faq2017`` (a bare syssn does, too).
        cancel_polls: How many queries a cancel is in progress.
        cancels_dropped: How many accepted cancels the wallet drops.
        cancel_paid: ``refund``: a cancel of a paid trade gives the money back.
        unsupported: Cancels are refused for good.
        any_route: Both calls cancel.
        strict_amount: A cancel must name the amount of the books.
        picks: Which payment a bare out_trade_no cancels: ``newest`` or ``oldest``.
        refunds_named: Under which out_trade_no refund rows stand: ``own`` or ``payment``.
        close_rows: Cancels have rows, too (manual2018jp).
        unfiltered: A query shows rows of other orders as well.
        page_size: Rows on a page where the query names no number.
    """

    months: str = "any"
    cancel_polls: int = 0
    cancels_dropped: int = 0
    cancel_paid: str = "deny"
    unsupported: bool = False
    any_route: bool = False
    strict_amount: bool = False
    picks: str = "newest"
    refunds_named: str = "own"
    close_rows: bool = False
    unfiltered: int = 0
    page_size: int = 10


@dataclass(frozen=True, slots=True)
class Cancelled:
    """What became of one request to cancel: ``done``, ``pending`` or the refusal's name."""

    what: str
    payment: Payment | None = None


class Gateway:
    """The books of one merchant, and the rules that change them."""

    def __init__(self, rules: Rules, clock: Clock) -> None:
        self.rules = rules
        self.clock = clock
        self.payments: list[Payment] = []
        self.others: list[Row] = []
        self._rows: list[Row] = []
        self._serial = 977000
        self._drops = rules.cancels_dropped
        self.cancels_lost = 0

    def number(self) -> str:
        """The next syssn: Beijing's date, cluster, node, counter."""
        self._serial += 1
        day = beijing(self.clock.now())[:10].replace("-", "")
        return f"{day}15410002{self._serial:010d}"

    # ---- what the payer and others do ---------------------------------------------------

    def place(self, payment: Payment) -> Payment:
        payment.state = payment.waiting
        self.payments.append(payment)
        return payment

    def settle(self, payment: Payment) -> None:
        """Let time do its work: an unpaid order dies."""
        if payment.state in ALIVE | ON_HOLD and self.clock.now() >= payment.expires:
            payment.state = Is.FAILED if payment.waiting is Is.PIN else Is.EXPIRED

    def pay(self, payment: Payment) -> None:
        """The payer pays, if that is still possible; a cancel in progress loses the race."""
        self.settle(payment)
        if payment.state in ALIVE and payment.hold:
            payment.state, payment.expires = Is.HELD, self.clock.now() + _WEEK
        elif payment.state in ALIVE:
            payment.state = Is.PAID
            payment.charged.append((self.clock.now(), payment.txamt))

    def capture(self, payment: Payment) -> None:
        """Another terminal charges what is held."""
        self._capture(payment, payment.txamt - payment.net)

    def capture_part(self, payment: Payment) -> None:
        """Another terminal charges a part of it; the rest stays held."""
        self._capture(payment, 1)

    def _capture(self, payment: Payment, amount: int) -> None:
        self.settle(payment)
        if payment.state in (Is.HELD, Is.CAPTURED) and 0 < amount <= payment.txamt - payment.net:
            payment.state = Is.CAPTURED
            payment.charged.append((self.clock.now(), amount))
            self._note("payment", payment, amount)

    def release_elsewhere(self, payment: Payment) -> None:
        """Another terminal releases it."""
        self.settle(payment)
        if payment.state is Is.HELD:
            payment.state = Is.RELEASED

    def decline(self, payment: Payment) -> None:
        """The payer refuses; a scanned code can't be paid after that, an order can."""
        self.settle(payment)
        if payment.state is Is.PIN:
            payment.state = Is.FAILED

    def refund(self, payment: Payment, amount: int) -> None:
        """Another terminal gives money back."""
        amount = min(amount, payment.net)
        if payment.state not in CAME or amount <= 0:
            return
        payment.returned.append((self.clock.now(), amount))
        payment.state = Is.REFUNDED if payment.net == 0 else Is.PART
        self._note("refund", payment, amount)

    # ---- the calls ----------------------------------------------------------------------

    def cancel(self, call: str, params: Mapping[str, str]) -> Cancelled:
        """A reversal or a close."""
        found = self._named(params)
        if found is None:
            return Cancelled("mismatch")
        if not found:
            return Cancelled("unknown")
        payment = found[-1] if self.rules.picks == "newest" else found[0]
        self.settle(payment)
        if call == "unfreeze":
            return Cancelled(self._release(payment, params), payment)
        if self.rules.strict_amount and params.get("txamt") != str(payment.txamt):
            return Cancelled("amount", payment)
        route = CANCELS.get(payment.pay_type, "reversal" if payment.hold else "close")
        if payment.state in ON_HOLD:
            route = ""  # a reversal is for what is not confirmed
        if self.rules.unsupported or not (route == call or (route and self.rules.any_route)):
            return Cancelled("unsupported", payment)
        return Cancelled(self._cancel(payment), payment)

    def cancel_elsewhere(self, payment: Payment) -> None:
        """Another terminal cancels."""
        self.settle(payment)
        self._cancel(payment)

    def _release(self, payment: Payment, params: Mapping[str, str]) -> str:
        """Give back what is held: all of it, by its own number and that of the merchant."""
        if payment.out_trade_no != params.get("out_trade_no") or not params.get("txdtm"):
            return "mismatch"
        if payment.state is Is.RELEASING:
            return "pending"
        if self.rules.unsupported or payment.state is not Is.HELD:
            return "not held"
        if params.get("txamt") != str(payment.txamt):
            return "amount"
        return self._accepted(payment, Is.RELEASING)

    def _cancel(self, payment: Payment) -> str:
        if payment.state in CAME:
            if self.rules.cancel_paid == "refund":
                self.refund(payment, payment.net)
                return "done"
            return "paid"
        if payment.state is Is.CANCELLING:
            return "pending"
        if payment.state not in ALIVE:
            return payment.state.name
        return self._accepted(payment, Is.CANCELLING)

    def _accepted(self, payment: Payment, underway: Is) -> str:
        dropped = self._drops > 0
        self._drops -= dropped
        if self.rules.cancel_polls:
            payment.state, payment.cancel_dropped = underway, dropped
            payment.cancel_polls = self.rules.cancel_polls
            return "pending"
        if dropped:
            self.cancels_lost += 1
        else:
            self._dead(payment)
        return "done"

    def _dead(self, payment: Payment) -> None:
        if payment.state in ON_HOLD:
            payment.state = Is.RELEASED
            self._note("unfreeze", payment, payment.txamt)
            return
        payment.state = Is.REVERSED if payment.waiting is Is.PIN else Is.CLOSED
        self._note("close", payment, payment.txamt)

    def query(self, params: Mapping[str, str]) -> list[Row]:
        """The rows that a query finds, newest first, all pages."""
        for payment in self.payments:
            self.settle(payment)
        shown = [payment for payment in self._visible() if self._matches(payment, params)]
        for payment in shown:
            if payment.state in (Is.CANCELLING, Is.RELEASING):
                self._one_poll_less(payment)
        rows = [self._row(payment) for payment in shown]
        named = {row.syssn for row in rows} | {row.out_trade_no for row in rows}
        rows += [row for row in self._rows if {row.origssn, row.out_trade_no} & named]
        rows += self.others[: self.rules.unfiltered]
        rows += [row for row in self.others if row.out_trade_no == params.get("out_trade_no")]
        return sorted(dict.fromkeys(rows), key=lambda row: (-row.made, row.syssn))

    def looks_for(self, payments: Iterable[Payment], params: Mapping[str, str]) -> bool:
        """Whether a query looks where one of *payments* lies, be it there yet or not."""
        return any(self._matches(payment, params) for payment in payments)

    def _one_poll_less(self, payment: Payment) -> None:
        payment.cancel_polls -= 1
        if payment.cancel_polls > 0:
            return
        if payment.cancel_dropped:
            payment.state = Is.HELD if payment.state is Is.RELEASING else payment.waiting
            self.cancels_lost += 1
        else:
            self._dead(payment)

    def _visible(self) -> Iterable[Payment]:
        return [p for p in self.payments if p.hidden_until <= self.clock.now()]

    def _named(self, params: Mapping[str, str]) -> list[Payment] | None:
        """The payments that a cancel names, oldest first; None where two numbers disagree."""
        found = list(self._visible())
        by_syssn = [p for p in found if p.syssn == params.get("syssn")]
        by_number = [p for p in found if p.out_trade_no == params.get("out_trade_no")]
        if "syssn" not in params:
            return by_number
        if "out_trade_no" in params and by_syssn and by_syssn[0] not in by_number:
            return None
        return by_syssn

    def _matches(self, payment: Payment, params: Mapping[str, str]) -> bool:
        numbers = params.get("syssn", "").split(",")
        mine = params.get("out_trade_no", "").split(",")
        if "syssn" in params and payment.syssn not in numbers:
            return False
        if "out_trade_no" in params and payment.out_trade_no not in mine:
            return False
        return self._in_the_table(payment, params)

    def _in_the_table(self, payment: Payment, params: Mapping[str, str]) -> bool:
        """Orders lie in tables by the month of ``sysdtm`` in Beijing (C29)."""
        start, end = params.get("start_time"), params.get("end_time")
        bare = self.rules.months == "any" or ("syssn" in params and self.rules.months == "strict")
        if bare:
            return True
        made = beijing(payment.made)
        if start and end:
            return start <= made <= end
        return made[:7] == beijing(self.clock.now())[:7]

    def _row(self, payment: Payment) -> Row:
        return Row(
            "payment",
            payment.syssn,
            payment.out_trade_no,
            "",
            payment.pay_type,
            payment.txamt,
            payment.txcurrcd,
            payment.txdtm,
            payment.made,
            payment.state,
            payment.failure,
            payment.mchid,
            payment.waiting is Is.PIN,
        )

    def _note(self, kind: str, payment: Payment, amount: int) -> None:
        if kind in ("close", "unfreeze") and not self.rules.close_rows:
            return
        own = kind == "payment" or (kind == "refund" and self.rules.refunds_named == "own")
        syssn = self.number()
        self._rows.append(
            Row(
                kind,
                syssn,
                f"R{syssn[-8:]}" if own else payment.out_trade_no,
                payment.syssn,
                payment.pay_type,
                amount,
                payment.txcurrcd,
                payment.txdtm,
                self.clock.now(),
                Is.PAID,
                mchid=payment.mchid,
            )
        )


# ---- the truth ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Truth:
    """What is so about an order at one moment.

    Attributes:
        word: ``absent``, ``open``, ``held``, ``paid``, ``returned`` or ``dead``.
        states: Of every payment under its number.
        paid: Amount and currency of each payment whose money is here.
    """

    word: str
    states: tuple[Is, ...] = ()
    paid: tuple[tuple[int, str], ...] = ()


def truth(payments: Iterable[Payment]) -> Truth:
    """What is so about the order that *payments* are the attempts of."""
    attempts = tuple(payments)
    states = tuple(payment.state for payment in attempts)
    paid = tuple((p.txamt, p.txcurrcd) for p in attempts if p.net > 0)
    if not attempts:
        return Truth("absent")
    if paid:
        return Truth("paid", states, paid)
    if any(state in ALIVE for state in states):
        return Truth("open", states)
    if ON_HOLD.intersection(states):
        return Truth("held", states)
    if any(payment.charged for payment in attempts):
        return Truth("returned", states)
    return Truth("dead", states)
