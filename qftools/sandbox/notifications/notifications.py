"""The gateway's notifications: made when money moves, sent again until they are acknowledged.

No thread of its own and no clock of its own: whoever has answered a request or moved the
clock calls `deliver`, which holds no lock while a receiver is asked.
"""

from __future__ import annotations

import heapq
import itertools
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import qftools
from qftools.errors import SandboxError
from qftools.sandbox.books.orders import Entry
from qftools.sandbox.gateway.gateway import Gateway
from qftools.sandbox.keeping.records import copied
from qftools.sandbox.notifications import post
from qftools.sandbox.notifications.notices import (
    ACKNOWLEDGED,
    KEPT_OF_A_REPLY,
    SCHEDULES,
    Attempt,
    Notice,
    body_of,
)

KEPT = 2_000  # notices
LONGEST_HOLD = 60.0  # how long a notice waits for the one that is to overtake it

FAULTS: Mapping[str, str] = {
    "late": "the notification leaves later (seconds)",
    "early": "the notification arrives before the reply that it is about",
    "duplicated": "the notification is delivered twice, whatever the receiver says",
    "reordered": "the next notification overtakes this one",
    "tampered": "the amount is changed after signing; a careful receiver refuses it",
    "wrong signature": "the signature is not the gateway's; a careful receiver refuses it",
    "lost": "the delivery is lost on its way and counts as not acknowledged",
}
"""Every fault of a notification by name, with what it does."""

_WHEN_MADE = frozenset({"late", "early", "reordered"})
DEFAULT_LATE = 300.0

Handler = Callable[[Mapping[str, str], bytes], tuple[int, bytes]]
"""A receiver in process: takes headers and body, returns HTTP status and body."""


class Poster(Protocol):
    """Sends one POST."""

    def __call__(
        self, url: str, headers: Mapping[str, str], body: bytes, *, anywhere: bool = ...
    ) -> post.Posted:
        """Send it and return what came back."""
        ...


@dataclass(eq=False, slots=True)
class NoticeFault:
    """One armed fault of notifications.

    Attributes:
        name: A key of `FAULTS`.
        times: How often it still strikes; None: until it is disarmed.
        order: Only notices about this number; None: any.
        seconds: How late a late one is.
    """

    name: str
    times: int | None = 1
    order: str | None = None
    seconds: float = DEFAULT_LATE
    struck: int = 0
    id: int = 0


class Notifications:
    """Every notice of one sandbox, and their deliveries.

    Args:
        gateway: Whose money moves, whose merchants' keys sign, whose switches
            ``retry_schedule`` and ``notify_hosts`` hold.
        lock: Held while notices are looked at or changed, never while one is sent.
        poster: Sends; `post.post` unless a test of the machinery says otherwise.

    Attributes:
        url: Where notices go whose payment and merchant name no address.
        own_port: The sandbox's own; it never notifies itself.
        changes: Counts up with everything that happens here.
    """

    def __init__(
        self,
        gateway: Gateway,
        lock: threading.RLock,
        *,
        poster: Poster = post.post,
    ) -> None:
        self.url = ""
        self.own_port: int | None = None
        self.changes = 0
        self.changed: dict[str, Notice | None] = {}
        self._clock = gateway.clock
        self._merchants = gateway.merchants
        self._settings = gateway.settings
        self._lock = lock
        self._post = poster
        self._handlers: dict[str, Handler] = {}
        self._kept: OrderedDict[int, Notice] = OrderedDict()
        self._queue: list[tuple[float, int, int]] = []
        self._turn = itertools.count()
        self._held: list[Notice] = []
        self._faults: list[NoticeFault] = []
        self._fault_ids = itertools.count(1)
        self._last_id = 0
        gateway.ledger.on_money.append(self.money_moved)

    # -- what a lesson or a test wants to happen ------------------------------------

    def receive(self, url: str, handler: Handler) -> None:
        """Let a Python function receive what is sent to *url*: no socket is needed.

        Args:
            url: As in ``notify_url``.
            handler: Takes headers and body, returns HTTP status and body.
        """
        self._handlers[url] = handler

    def notify(self, url: str) -> None:
        """Say where notices go whose payment and merchant name no address; empty: nowhere.

        Raises:
            SandboxError: The address is not on this machine, and ``notify_hosts`` is loopback.
        """
        if url:
            post.check(url, anywhere=self._settings.notify_hosts == "anywhere")
        self.url = url

    def arm(
        self,
        name: str,
        times: int | None = 1,
        *,
        order: str | None = None,
        seconds: float | None = None,
    ) -> NoticeFault:
        """Arm a fault of notifications.

        Raises:
            SandboxError: There is no such fault, or a number makes no sense.
        """
        plain = name.replace("_", " ").replace("-", " ").strip().lower()
        if plain not in FAULTS:
            raise SandboxError(
                f"there is no fault {name!r} of a notification; there are: {', '.join(FAULTS)}"
            )
        if times is not None and times < 1:
            raise SandboxError(f"times is {times!r}; it must be 1 or more, or None for always")
        late = DEFAULT_LATE if seconds is None else float(seconds)
        if not 0 <= late < 1e9:
            raise SandboxError(f"seconds is {seconds!r}; it must be a time that can be waited")
        if len(self._faults) >= 1_000:
            raise SandboxError("1000 faults are armed; disarm some first")
        fault = NoticeFault(plain, times, order, late, id=next(self._fault_ids))
        self._faults.append(fault)
        return fault

    def disarm(self, fault: NoticeFault) -> None:
        """Take a fault back; nothing happens if it is used up."""
        if fault in self._faults:
            self._faults.remove(fault)

    @property
    def faults(self) -> tuple[NoticeFault, ...]:
        """The faults that are armed."""
        return tuple(self._faults)

    def again(self, number: int) -> None:
        """Send a notice once more, now, whatever became of it.

        Raises:
            SandboxError: There is no such notice.
        """
        self.requeue(number)
        self.deliver()

    def requeue(self, number: int) -> None:
        """Let a notice be sent with the next `deliver`, whatever became of it.

        Raises:
            SandboxError: There is no such notice.
        """
        with self._lock:
            notice = self._kept.get(number)
            if notice is None:
                raise SandboxError(f"there is no notification {number!r}")
            notice.url = notice.url or self._address("", notice.app_code)
            notice.state = "waiting"
            self._appoint(notice, self._clock.now())

    # -- made when money moves ------------------------------------------------------

    def money_moved(self, entry: Entry, at: float) -> None:
        """Make the notice about a payment or refund; called with the lock held."""
        self._last_id += 1
        url = self._address(entry.notify_url, entry.app_code)
        notice = Notice(
            id=self._last_id,
            syssn=entry.syssn,
            out_trade_no=entry.out_trade_no,
            app_code=entry.app_code,
            notify_type=entry.order_type,
            url=url,
            body=body_of(entry),
            made_at=at,
        )
        self._keep(notice)
        if not url:
            notice.state = "no address"
            self.changed.pop(str(notice.id), None)  # nothing to do about it after a restart
            return
        fault = self._strike(notice, when_made=True)
        held, self._held = self._held, []
        if fault is not None and fault.name == "reordered":
            self._held.append(notice)
            self._appoint(notice, at + LONGEST_HOLD)
        else:
            notice.early = fault is not None and fault.name == "early"
            late = fault.seconds if fault is not None and fault.name == "late" else 0.0
            self._appoint(notice, at + late)
        for earlier in held:
            if earlier.due is not None and not earlier.attempts:
                self._appoint(earlier, at)

    def _address(self, asked: str, app_code: str) -> str:
        merchant = self._merchants.find(app_code)
        return asked or (merchant.notify_url if merchant else "") or self.url

    # -- sending --------------------------------------------------------------------

    def deliver(self, *, early: bool = False) -> int:
        """Send everything that is due, in order of time, and return how many were sent.

        Args:
            early: Only those that may overtake a reply.
        """
        sent = 0
        while True:
            with self._lock:
                notice = self._take_due(early)
                if notice is None:
                    return sent
                at = notice.due or self._clock.now()
                notice.due = None
                fault = self._strike(notice, when_made=False)
                name = fault.name if fault is not None else ""
            attempt = self._attempt(notice, at, name)
            sent += 1
            with self._lock:
                if name == "duplicated":
                    notice.copies += 1
                notice.outcome(attempt, SCHEDULES[self._settings.retry_schedule])
                if notice.due is not None:
                    self._appoint(notice, notice.due)
                self._note(notice)

    def next_due(self) -> float | None:
        """Return when the next delivery is due, None where none is."""
        with self._lock:
            return self._queue[0][0] if self._queue else None

    def is_due(self) -> bool:
        """Tell whether a delivery is due now."""
        due = self.next_due()
        return due is not None and due <= self._clock.now()

    def _take_due(self, early: bool) -> Notice | None:
        now = self._clock.now()
        queue, put_back = self._queue, []
        found = None
        while queue and queue[0][0] <= now and found is None:
            item = heapq.heappop(queue)
            notice = self._kept.get(item[2])
            if notice is None or notice.due != item[0]:
                continue  # forgotten, or it has another appointment by now
            if early and not notice.early:
                put_back.append(item)
            else:
                found = notice
        for item in put_back:
            heapq.heappush(queue, item)
        return found

    def _attempt(self, notice: Notice, at: float, fault: str) -> Attempt:
        """Deliver once; the lock is not held."""
        retry = notice.retries
        if fault == "lost":
            return Attempt(at, retry, "lost", fault=fault)
        merchant = self._merchants.find(notice.app_code)
        body, signature = notice.signed(merchant.client_key if merchant else "", fault)
        headers = {
            "Content-Type": "application/json",
            "X-QF-SIGN": signature,
            "User-Agent": f"qftools-sandbox/{qftools.__version__}",
        }
        try:
            posted = self._sent(notice.url, headers, body)
        except SandboxError as error:
            return Attempt(at, retry, "forbidden", reply=str(error)[:KEPT_OF_A_REPLY], fault=fault)
        reply = posted.body[:KEPT_OF_A_REPLY].decode("utf-8", "replace")
        if posted.status == 0:
            return Attempt(at, retry, "unreachable", reply=reply, fault=fault)
        good = posted.status == 200 and posted.body.strip() == ACKNOWLEDGED
        result = "acknowledged" if good else "refused"
        return Attempt(at, retry, result, posted.status, reply, fault)

    def _sent(self, url: str, headers: Mapping[str, str], body: bytes) -> post.Posted:
        handler = self._handlers.get(url)
        if handler is not None:
            status, answer = handler(headers, body)
            return post.Posted(status, answer)
        if post.is_port_here(url, self.own_port):
            raise SandboxError("this is the sandbox's own address; it does not notify itself")
        return self._post(url, headers, body, anywhere=self._settings.notify_hosts == "anywhere")

    # -- inside ---------------------------------------------------------------------

    def _strike(self, notice: Notice, *, when_made: bool) -> NoticeFault | None:
        for fault in self._faults:
            if (fault.name in _WHEN_MADE) is not when_made:
                continue
            if fault.order and fault.order not in (notice.syssn, notice.out_trade_no):
                continue
            fault.struck += 1
            if fault.times is not None:
                fault.times -= 1
                if fault.times == 0:
                    self._faults.remove(fault)
            return fault
        return None

    def _appoint(self, notice: Notice, due: float) -> None:
        notice.due = due
        heapq.heappush(self._queue, (due, next(self._turn), notice.id))
        self._note(notice)

    def _keep(self, notice: Notice) -> None:
        self._kept[notice.id] = notice
        self._note(notice)
        if len(self._kept) > KEPT:
            oldest, _ = self._kept.popitem(last=False)
            self.changed[str(oldest)] = None

    def _note(self, notice: Notice) -> None:
        self.changes += 1
        self.changed[str(notice.id)] = notice

    def clear(self) -> None:
        """Forget every notice and fault."""
        self.changes += 1
        self.changed.update(dict.fromkeys(map(str, self._kept)))
        self._kept.clear()
        self._queue.clear()
        self._held.clear()
        self._faults.clear()

    def take_in(self, records: Mapping[str, Any]) -> None:
        """Put these notices in the place of all there are; what is overdue is sent next."""
        self.clear()
        for record in sorted(records.values(), key=lambda record: int(record["id"])):
            notice = Notice.from_record(record)
            self._keep(notice)
            self._last_id = max(self._last_id, notice.id)
            if notice.state == "waiting":
                due = notice.made_at if notice.due is None else notice.due
                self._appoint(notice, max(due, self._clock.now()))

    def records(self) -> dict[str, Any]:
        """Return every notice as plain data."""
        return {str(notice.id): notice.to_record() for notice in self._kept.values()}

    def kept(self) -> tuple[Notice, ...]:
        """Return the notices themselves, oldest first: to be read, not to be held on to."""
        with self._lock:
            return tuple(self._kept.values())

    def __iter__(self) -> Iterator[Notice]:
        with self._lock:
            return iter([notice.copy() for notice in self._kept.values()])

    def __len__(self) -> int:
        return len(self._kept)


class NoticeKeeper:
    """Writes notices down with everything else that must outlive a restart."""

    kind = "notification"

    def __init__(self, notifications: Notifications) -> None:
        self._notifications = notifications

    def changed(self) -> dict[str, Any]:
        """Return the notices that changed since the last call; None: forgotten."""
        changed, self._notifications.changed = self._notifications.changed, {}
        return {key: notice and notice.to_record() for key, notice in changed.items()}

    def forget_changed(self) -> None:
        """Take all notices for written."""
        self._notifications.changed.clear()

    def records(self) -> dict[str, Any]:
        """Return all notices."""
        return copied(self._notifications.records())

    def take_in(self, records: Mapping[str, Any]) -> None:
        """Replace the notices."""
        self._notifications.take_in(records)
