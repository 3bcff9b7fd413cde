"""The gateway's notifications: made when money moves, sent again until they are acknowledged.

No thread and no clock of its own: `deliver` is called after an answer has left or the clock
has moved; it holds no lock while it waits for a receiver.
"""

from __future__ import annotations

import heapq
import itertools
import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol

import qftools
from qftools.errors import SandboxError
from qftools.notifications import ACKNOWLEDGED
from qftools.sandbox.books.ledger import Moved
from qftools.sandbox.books.orders import Entry
from qftools.sandbox.books.states import State
from qftools.sandbox.gateway.faults import NOTIFICATION, OF_NOTIFICATIONS, Fault
from qftools.sandbox.gateway.gateway import Gateway
from qftools.sandbox.notifications import post
from qftools.sandbox.notifications.notices import (
    KEPT_OF_A_REPLY,
    SCHEDULES,
    Attempt,
    Notice,
    body_of,
)

KEPT = 2_000  # notices
LONGEST_HOLD = 60.0  # how long a notice waits for the one that is to overtake it

_WHEN_MADE = frozenset({"late", "early", "reordered"})
_WHEN_SENT = frozenset(OF_NOTIFICATIONS) - _WHEN_MADE

Handler = Callable[[Mapping[str, str], bytes], tuple[int, bytes]]
"""A receiver in process: takes headers and body, returns HTTP status and body."""


class Poster(Protocol):
    """Sends one POST."""

    def __call__(
        self, url: str, headers: Mapping[str, str], body: bytes, *, anywhere: bool = ...
    ) -> post.Posted:
        """Send it and return what came back."""
        ...


class Notifications:
    """Every notice of one sandbox, and their deliveries.

    Args:
        gateway: Its money movements are notified and its merchants' keys sign; its switches
            ``retry_schedule`` and ``notify_hosts`` and its armed faults apply.
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
        self._log = gateway.log
        self._merchants = gateway.merchants
        self._settings = gateway.settings
        self._lock = lock
        self._post = poster
        self._handlers: dict[str, Handler] = {}
        self._kept: OrderedDict[int, Notice] = OrderedDict()
        self._queue: list[tuple[float, int, int]] = []
        self._turn = itertools.count()
        self._held: list[Notice] = []
        self._faults = gateway.faults
        self._last_id = 0
        gateway.ledger.on_money.append(self.money_moved)
        gateway.ledger.listeners.append(self._moved)

    # -- for lessons and tests ------------------------------------

    def receive(self, url: str, handler: Handler) -> None:
        """Let a Python function receive what is sent to *url*: no socket is needed.

        Args:
            url: As in ``notify_url``.
            handler: Takes headers and body, returns HTTP status and body.
        """
        self._handlers[url] = handler

    def notify(self, url: str) -> None:
        """Set the address for notices whose payment and merchant name none; empty: none.

        Raises:
            SandboxError: The address is not on this machine, and ``notify_hosts`` is loopback.
        """
        if url:
            post.check(url, anywhere=self._settings.notify_hosts == "anywhere")
        self.url = url

    def again(self, number: int) -> None:
        """Send a notice once more, now.

        Raises:
            SandboxError: There is no such notice.
        """
        self.requeue(number)
        self.deliver()

    def requeue(self, number: int) -> None:
        """Send a notice once more with the next `deliver`.

        Raises:
            SandboxError: There is no such notice.
        """
        with self._lock:
            notice = self._kept.get(number)
            if notice is None:
                raise SandboxError("there is no notification {number!r}", number=number)
            notice.url = notice.url or self._address("", notice.app_code)
            notice.state = "waiting"
            self._appoint(notice, self._clock.now())

    # -- made when money moves ------------------------------------------------------

    def money_moved(self, entry: Entry, at: float, kind: str = "") -> None:
        """Make the notice about a payment or refund; called with the lock held.

        Args:
            entry: The payment or refund.
            at: When.
            kind: The ``notify_type`` where it is not the kind of the entry.
        """
        self._last_id += 1
        url = self._address(entry.notify_url, entry.app_code)
        notice = Notice(
            id=self._last_id,
            syssn=entry.syssn,
            out_trade_no=entry.out_trade_no,
            app_code=entry.app_code,
            notify_type=kind or entry.order_type,
            url=url,
            body=body_of(entry, kind or entry.order_type),
            made_at=at,
            after_call=self._log.count,
        )
        self._keep(notice)
        if not url:
            notice.state = "no address"
            self.changed.pop(str(notice.id), None)  # nothing to do about it after a restart
            return
        fault = self._fault(notice, _WHEN_MADE)
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

    def _moved(self, moved: Moved) -> None:
        """Make the notice about a cancel, where the switch has them (C37)."""
        cancelled = moved.entry.state is State.CANCELLED
        if cancelled and self._settings.notify_cancels == "on":
            self.money_moved(moved.entry, moved.at, "close")

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
                fault = self._fault(notice, _WHEN_SENT)
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

    def next_due(self) -> float:
        """Return when the next delivery is due, infinity where none is."""
        try:
            return self._queue[0][0]
        except IndexError:
            return math.inf

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
            posted = self.send(notice.url, headers, body)
        except SandboxError as error:
            return Attempt(at, retry, "forbidden", reply=str(error)[:KEPT_OF_A_REPLY], fault=fault)
        reply = posted.body[:KEPT_OF_A_REPLY].decode("utf-8", "replace")
        if posted.status == 0:
            return Attempt(at, retry, "unreachable", reply=reply, fault=fault)
        good = posted.status == 200 and posted.body.strip() == ACKNOWLEDGED
        result = "acknowledged" if good else "refused"
        return Attempt(at, retry, result, posted.status, reply, fault)

    def send(self, url: str, headers: Mapping[str, str], body: bytes) -> post.Posted:
        """Send one POST to a receiver, as it is: also one that is not the gateway's.

        Raises:
            SandboxError: The address must not be sent to.
        """
        handler = self._handlers.get(url)
        if handler is not None:
            status, answer = handler(headers, body)
            return post.Posted(status, answer)
        if post.is_port_here(url, self.own_port):
            raise SandboxError("this is the sandbox's own address; it does not notify itself")
        return self._post(url, headers, body, anywhere=self._settings.notify_hosts == "anywhere")

    # -- inside ---------------------------------------------------------------------

    def _fault(self, notice: Notice, names: frozenset[str]) -> Fault | None:
        return self._faults.take(NOTIFICATION, (notice.syssn, notice.out_trade_no), names)

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
        """Forget every notice."""
        self.changes += 1
        self.changed.update(dict.fromkeys(map(str, self._kept)))
        self._kept.clear()
        self._queue.clear()
        self._held.clear()

    def replace(self, notices: Iterable[Notice]) -> None:
        """Replace everything by these notices; what is overdue is sent next."""
        self.clear()
        for notice in notices:
            notice.after_call = self._log.count  # older than every call that is still to come
            self._keep(notice)
            self._last_id = max(self._last_id, notice.id)
            if notice.state == "waiting":
                due = notice.made_at if notice.due is None else notice.due
                self._appoint(notice, max(due, self._clock.now()))

    def kept(self) -> tuple[Notice, ...]:
        """Return the notices themselves, oldest first; they change later."""
        with self._lock:
            return tuple(self._kept.values())

    def __iter__(self) -> Iterator[Notice]:
        with self._lock:
            return iter([notice.copy() for notice in self._kept.values()])

    def __len__(self) -> int:
        return len(self._kept)
