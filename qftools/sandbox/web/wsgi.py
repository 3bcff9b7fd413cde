"""What the sandbox answers behind its door: the gateway, or one of its pages.

Finds the page for a request, answers with the lock held, and saves before the answer leaves.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable
from typing import Protocol

from qftools.errors import SandboxError
from qftools.sandbox.gateway.gateway import Gateway
from qftools.sandbox.keeping.keeping import Keeping
from qftools.sandbox.notifications.notifications import Notifications
from qftools.sandbox.web.ticker import Ticker
from qftools.transport.door import Door, WireRequest, WireResponse, plain

GATEWAY_PREFIX = "/trade/"


class Page(Protocol):
    """Answers requests that are not the gateway's: payer page, control API, dashboard."""

    def __call__(self, request: WireRequest) -> WireResponse:
        """Answer one request; called with the sandbox's lock held."""
        ...


class App(Door):
    """The door of one sandbox.

    Args:
        gateway: Answers everything under ``/trade/``.
        lock: Held around every answer: the gateway knows no threads.
        keeping: Saves what changed before an answer leaves.
        notifications: Sent between answers, without the lock.
        hosts: Names, besides loopback ones, that the ``Host`` header may carry.

    Attributes:
        ticker: The clock's thread; it sends notifications while it runs.
    """

    def __init__(
        self,
        gateway: Gateway,
        lock: threading.RLock,
        keeping: Keeping,
        notifications: Notifications,
        *,
        hosts: Iterable[str] = (),
    ) -> None:
        super().__init__(hosts=hosts)
        self.gateway = gateway
        self.lock = lock
        self.ticker: Ticker | None = None
        self._keeping = keeping
        self._notifications = notifications
        self._pages: dict[str, Page] = {}
        self._answered_by: int | None = None

    def mount(self, prefix: str, page: Page) -> None:
        """Let *page* answer every path that is *prefix* or begins with ``prefix/``."""
        self._pages[prefix] = page

    def leaves_at_once(self, response: WireResponse) -> bool:
        """Tell whether an answer can leave with nothing to wait for or to send."""
        return response.delay <= 0 and not self._notifications.is_due()

    def takes_links(self, request: WireRequest) -> bool:
        """Let links lead to pages. Control API and payer page refuse in their own words."""
        return not request.path.startswith(GATEWAY_PREFIX)

    def answered(self, request: WireRequest) -> WireResponse:
        """Return the answer of the gateway or of the page for the path."""
        try:
            with self.lock:
                outer, self._answered_by = self._answered_by, threading.get_ident()
                try:
                    response = self._page(request)(request)
                finally:
                    self._answered_by = outer
                self._keeping.save()
        except SandboxError as error:
            return plain(500, f"500 {error}")
        return response

    def before_reply(self) -> None:
        """Send the notifications that may arrive before the reply they are about."""
        if self._notifications.is_due() and self._notifications.deliver(early=True):
            self._keeping.save()

    def after_reply(self) -> None:
        """Send what is due, now that the answer it is about has left."""
        if self.ticker is not None:
            self.ticker.wake_before(self.next_due())
        else:
            self.deliver()

    def deliver(self) -> None:
        """Send every notification that is due, unless this thread is making an answer."""
        answering = self._answered_by == threading.get_ident()
        if not answering and self._notifications.deliver():
            self._keeping.save()

    def next_due(self) -> float:
        """Return when something is due next, infinity where nothing is."""
        with self.lock:
            timer = self.gateway.ledger.timers.next_due()
        notice = self._notifications.next_due()
        return min(math.inf if due is None else due for due in (timer, notice))

    def _page(self, request: WireRequest) -> Page:
        path = request.path
        if path.startswith(GATEWAY_PREFIX) or (path == "/" and request.body):
            return self.gateway.handle
        prefix = path
        while prefix:
            if prefix in self._pages:
                return self._pages[prefix]
            prefix = prefix.rpartition("/")[0]
        return self._pages["/"] if path == "/" else self.gateway.handle  # which says 404
