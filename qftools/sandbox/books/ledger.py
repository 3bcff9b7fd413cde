"""Changes of orders: events applied by the table of states, money booked, plans done.

Has no clock and writes nothing: callers pass the time. It keeps the books
and calls its listeners.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

from qftools import catalogue
from qftools.errors import SandboxError
from qftools.locale import mark
from qftools.sandbox.books.books import Books
from qftools.sandbox.books.clock import beijing
from qftools.sandbox.books.ids import Ids
from qftools.sandbox.books.orders import Entry
from qftools.sandbox.books.states import ON_HOLD, OPEN, Event, State, after
from qftools.sandbox.books.timers import Timers

USED_CODES = 100_000  # payment codes remembered
OWN_KINDS = ("expire", "plan")
_DAY = 86_400.0  # seconds
MOST_TIMERS = 20_000  # appointments before those of settled orders are forgotten


@dataclass(frozen=True, slots=True)
class Moved:
    """A change of an order, as the listeners get it.

    Attributes:
        entry: The order, as it is now.
        event: What happened.
        before: Its state before.
        at: When, seconds since 1970.
    """

    entry: Entry
    event: Event
    before: State
    at: float


class Ledger:
    """The books, and the only place where they change.

    Args:
        ids: Makes the numbers.
        limit: How many orders are kept.

    Attributes:
        listeners: Called with a `Moved` after each change of a payment's state.
        on_money: Called with the payment or the refund, and the time, when its money
            has moved, or a hold was released: what a notification is about.
    """

    def __init__(self, ids: Ids, limit: int = 100_000) -> None:
        self.ids = ids
        self.books = Books(limit)
        self.timers = Timers()
        self._most_timers = MOST_TIMERS
        self.number = ids.first_number
        self.codes = Codes()
        self.takings: dict[tuple[str, str, str], int] = {}
        self.listeners: list[Callable[[Moved], None]] = []
        self.on_money: list[Callable[[Entry, float], None]] = []
        self.timers.on("expire", self._expire)
        self.timers.on("plan", self._planned)

    # -- new entries --------------------------------------------------------------

    def place(self, *, now: float, known_syssn: str = "", **values: Any) -> Entry:
        """Enter a new payment, under its own number or the next one."""
        number = self._take_number()
        syssn = known_syssn or self.ids.syssn(number, values["txcurrcd"], now)
        entry = Entry(syssn=syssn, number=number, created=now, **values)
        self.books.add(entry)
        return entry

    def record(
        self, original: Entry, order_type: str, respcd: str, now: float, **values: Any
    ) -> Entry:
        """Enter a refund, a cancel, a capture or a release of *original*, with its own number."""
        number = self._take_number()
        given: dict[str, Any] = {
            "out_trade_no": original.out_trade_no,
            "txamt": original.txamt,
            "wallet": original.wallet,
            "mode": original.mode,
        }
        entry = Entry(
            syssn=self.ids.syssn(number, original.txcurrcd, now),
            number=number,
            created=now,
            order_type=order_type,
            chain=original.syssn,
            scope=original.scope,
            app_code=original.app_code,
            mchid=original.mchid,
            pay_type=original.pay_type,
            txcurrcd=original.txcurrcd,
            cardcd=original.cardcd,
            notify_url=original.notify_url,
            **given | values,
        )
        entry.state = _state_of_record(order_type, respcd)
        if entry.state is State.FAILED:
            entry.code = respcd
        self.books.add(entry)
        if order_type == "refund" and entry.state is State.REFUNDED:
            self._refunded(entry, now)
        elif order_type == "payment":
            self._take_money(entry, now)
        elif entry.state is State.RELEASED:
            self._released(entry, now)
        return entry

    def new_code(self, wallet: str, now: float) -> str:
        """Make a payment code of a wallet.

        Raises:
            SandboxError: No source says what the codes of that wallet look like.
        """
        row = catalogue.wallets().get(wallet)
        if row is None or not row.auth_code_prefixes or not row.auth_code_lengths:
            known = (key for key, row in catalogue.wallets().items() if row.auth_code_lengths)
            said = mark("no payment codes for {wallet!r}; there are: {known}")
            raise SandboxError(said, wallet=wallet, known=", ".join(known))
        prefix, length = row.auth_code_prefixes[0], max(row.auth_code_lengths[:3])
        for attempt in count(len(self.codes)):
            token = self.ids.token("auth_code", f"{wallet}/{attempt}", length - len(prefix))
            if prefix + token not in self.codes:
                break
        self.codes.issue(prefix + token, now)
        return prefix + token

    # -- events -------------------------------------------------------------------

    def happen(
        self, entry: Entry, event: Event, at: float, *, code: str = "", amount: int = 0
    ) -> str:
        """Apply an event to an order by the table of states, and return the answer.

        Args:
            entry: The order.
            event: What happens.
            at: When.
            code: For a failure or an order in progress: its respcd.
            amount: For a refund: how much goes back; for a capture: how much comes.
        """
        before = entry.state
        state, answer = after(before, event, cpm=entry.cpm)
        if state is before and not amount and not (code and event is Event.TYPE):
            return answer
        entry.state = state
        if state is State.PAID and before in OPEN:
            self._take_money(entry, at)
        elif state is State.HELD and before in OPEN:
            entry.chnlsn, entry.cardcd = self.ids.wallet_numbers(entry.wallet, entry.syssn, at)
            self.expire_at(entry, at + entry.hold_days * _DAY)
        elif state is State.FAILED:
            entry.code = code or "1205"
        elif code and state in OPEN:
            entry.code = code
        if amount and state in (State.PARTLY_REFUNDED, State.REFUNDED):
            entry.refunded += amount
        elif event in (Event.CAPTURE_PART, Event.CAPTURE_FULL) and answer == "0000":
            entry.captured += amount
        elif event is Event.VOID and state is State.REFUNDED:
            entry.refunded = entry.paid
            entry.voided_at = at
            self._book(entry, -entry.paid, at)
        self.books.touch(entry)
        moved = Moved(entry, event, before, at)
        for listener in self.listeners:
            listener(moved)
        return answer

    def looked(self, entry: Entry, at: float) -> bool:
        """Count a query, and do what was planned after it. False: the order is not found yet."""
        if entry.hidden:
            entry.hidden -= 1
            self.books.touch(entry)
            return False
        if entry.plan and entry.plan[0].looks is not None:
            if entry.plan[0].looks <= 0:
                self._next_step(entry, at)
            else:
                entry.plan[0].looks -= 1
                self.books.touch(entry)
        return True

    # -- time ---------------------------------------------------------------------

    def expire_at(self, entry: Entry, due: float) -> None:
        """Set when an order's time runs out."""
        entry.expires = due
        self.timers.add(due, "expire", entry.syssn)
        if len(self.timers) > self._most_timers:
            self.timers.prune(self._holds)
            self._most_timers = max(MOST_TIMERS, 2 * len(self.timers))

    def _holds(self, kind: str, syssn: str, due: float) -> bool:
        if kind not in OWN_KINDS:
            return True  # other kinds are not the ledger's
        entry = self.books.by_syssn(syssn)
        return entry is not None and (kind == "plan" or entry.state in OPEN | ON_HOLD)

    def start_plan(self, entry: Entry, now: float) -> None:
        """Make the appointment for the next thing that the payer will do, if it has a time."""
        if entry.plan and entry.plan[0].seconds is not None:
            step = entry.plan[0]
            step.due = now + entry.plan[0].seconds if step.due is None else step.due
            self.timers.add(step.due, "plan", entry.syssn)

    def appoint(self, entry: Entry) -> None:
        """Make an order's appointments again, after a restart."""
        if entry.expires is not None and entry.state in OPEN | ON_HOLD:
            self.timers.add(entry.expires, "expire", entry.syssn)
        if entry.plan and entry.plan[0].due is not None:
            self.timers.add(entry.plan[0].due, "plan", entry.syssn)

    def _expire(self, syssn: str, due: float) -> None:
        entry = self.books.by_syssn(syssn)
        if entry is not None and entry.expires == due:
            self.happen(entry, Event.TIME_OUT, due)

    def _planned(self, syssn: str, due: float) -> None:
        entry = self.books.by_syssn(syssn)
        if entry is not None and entry.plan and entry.plan[0].due == due:
            self._next_step(entry, due)

    def _next_step(self, entry: Entry, at: float) -> None:
        """Do the first step of an order's plan."""
        step = entry.plan.pop(0)
        record = self.books.by_syssn(step.refund)
        self.happen(entry, step.event, at, amount=step.amount)
        if record is not None:
            self._settle(record, step.event, at)
        self.start_plan(entry, at)
        self.books.touch(entry)

    def _settle(self, record: Entry, event: Event, at: float) -> None:
        """End a slow refund or release."""
        record.state = _ENDS.get(event, State.FAILED)
        if record.state is State.FAILED:
            record.code = "1155" if record.order_type == "refund" else "1151"
        self.books.touch(record)
        if record.state is State.REFUNDED:
            self._refunded(record, at)
        elif record.state is State.RELEASED:
            self._released(record, at)

    # -- money --------------------------------------------------------------------

    def taken_today(self, entry: Entry, now: float) -> int:
        """Return the day's takings of this order's merchant and wallet, refunds taken off."""
        return self.takings.get(_till(entry, now), 0)

    def clear(self) -> None:
        """Forget every order and payment code; numbers begin again."""
        self.books.clear()
        self.codes.clear()
        self.number = self.ids.first_number
        self.rebuild()

    def rebuild(self) -> None:
        """Make appointments, takings and the last number again from the books."""
        self.timers.prune(lambda kind, _, __: kind not in OWN_KINDS)
        self.takings.clear()
        for entry in self.books:
            self.number = max(self.number, entry.number)
            self.appoint(entry)
            if entry.order_type == "payment" and entry.paid_at is not None:
                self._book(entry, entry.paid, entry.paid_at)
                if entry.voided_at is not None:
                    self._book(entry, -entry.paid, entry.voided_at)
            elif entry.order_type == "refund" and entry.paid_at is not None:
                self._book(entry, -entry.txamt, entry.paid_at)

    def _take_money(self, entry: Entry, at: float) -> None:
        entry.paid = entry.txamt
        entry.paid_at = at
        entry.chnlsn, payer = self.ids.wallet_numbers(entry.wallet, entry.syssn, at)
        entry.cardcd = entry.cardcd or payer  # a capture's is the hold's
        self._book(entry, entry.paid, at)
        self._tell_of_money(entry, at)

    def _refunded(self, refund: Entry, at: float) -> None:
        refund.paid_at = at
        self._book(refund, -refund.txamt, at)
        self._tell_of_money(refund, at)

    def _released(self, release: Entry, at: float) -> None:
        release.paid_at = at
        self._tell_of_money(release, at)

    def _tell_of_money(self, entry: Entry, at: float) -> None:
        for listener in self.on_money:
            listener(entry, at)

    def _book(self, entry: Entry, amount: int, at: float) -> None:
        till = _till(entry, at)
        self.takings[till] = self.takings.get(till, 0) + amount
        if len(self.takings) > 10_000:
            del self.takings[next(iter(self.takings))]

    def _take_number(self) -> int:
        self.number += 1
        return self.number


class Codes:
    """Payment codes: each works once, and only so long after it was made."""

    def __init__(self) -> None:
        # code -> when it was made (or first seen), and whether it was used
        self._known: OrderedDict[str, tuple[float, bool]] = OrderedDict()
        self.changed: dict[str, list[Any] | None] = {}

    def issue(self, code: str, now: float) -> None:
        """Note when a payment code was made."""
        self.keep(code, now, used=False)

    def use(self, code: str, now: float, life: float) -> bool:
        """Use up a code. False: it was used before, or it is too old."""
        made, used = self._known.get(code, (now, False))
        if used:
            return False
        self.keep(code, made, used=True)
        return now - made <= life

    def records(self) -> dict[str, list[Any]]:
        """Return everything as plain data."""
        return {code: list(state) for code, state in self._known.items()}

    def clear(self) -> None:
        """Forget all codes."""
        self.changed.update(dict.fromkeys(self._known))
        self._known.clear()

    def __len__(self) -> int:
        return len(self._known)

    def __contains__(self, code: str) -> bool:
        return code in self._known

    def keep(self, code: str, made: float, *, used: bool) -> None:
        """Remember a code; forget the oldest if there are too many."""
        self._known[code] = (made, used)
        self.changed[code] = [made, used]
        if len(self._known) > USED_CODES:
            oldest, _ = self._known.popitem(last=False)
            self.changed[oldest] = None


_DONE = {"refund": State.REFUNDED, "payment": State.PAID, "unfreeze": State.RELEASED}
_LATER = {"refund": State.REFUNDING, "unfreeze": State.RELEASING}
_ENDS = {
    Event.REFUND_DONE_PART: State.REFUNDED,
    Event.REFUND_DONE_FULL: State.REFUNDED,
    Event.RELEASE_DONE: State.RELEASED,
}


def _till(entry: Entry, at: float) -> tuple[str, str, str]:
    return entry.scope, entry.wallet, beijing(at)[:10]


def _state_of_record(order_type: str, respcd: str) -> State:
    if order_type in _DONE:  # a payment is a capture
        return _DONE[order_type] if respcd == "0000" else _LATER[order_type]
    if respcd == "0000":
        return State.CANCELLED
    return State.CANCELLING if respcd in ("1143", "1145") else State.FAILED
