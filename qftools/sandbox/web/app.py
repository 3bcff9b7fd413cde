"""What the sandbox answers behind its door: the gateway, or one of its pages.

Finds the page for a request, answers with the lock held, and saves before the answer leaves.
"""

from __future__ import annotations

import base64
import hmac
import math
import threading
from typing import Protocol

from qftools.errors import SandboxError
from qftools.sandbox.gateway.gateway import Gateway
from qftools.sandbox.keeping.keeping import Keeping
from qftools.sandbox.notifications.notifications import Notifications
from qftools.sandbox.web.ticker import Ticker
from qftools.transport.door import Door, WireRequest, WireResponse, plain

GATEWAY_PREFIX = "/trade/"


class Page(Protocol):
    """Answers requests that are not the gateway's: payer page, control API, workbench."""

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

    Attributes:
        ticker: The clock's thread; it sends notifications while it runs.
        control_token: What every request must carry, save those to the gateway and to open
            pages; empty: none is needed.
    """

    def __init__(
        self,
        gateway: Gateway,
        lock: threading.RLock,
        keeping: Keeping,
        notifications: Notifications,
    ) -> None:
        super().__init__()
        self.gateway = gateway
        self.lock = lock
        self.ticker: Ticker | None = None
        self.control_token = ""
        self._keeping = keeping
        self._notifications = notifications
        self._pages: dict[str, Page] = {"/healthz": _health}
        self._open = {"/healthz"}
        self._answered_by: int | None = None

    def mount(self, prefix: str, page: Page, *, is_open: bool = False) -> None:
        """Let *page* answer every path that is *prefix* or begins with ``prefix/``.

        Args:
            prefix: The beginning of its paths.
            page: Answers.
            is_open: Whether it answers without the control token.
        """
        self._pages[prefix] = page
        if is_open:
            self._open.add(prefix)

    def has_errands(self) -> bool:
        """Tell whether a notification is due; the ticker looks after what is due later."""
        notice = self._notifications.next_due()
        if notice < math.inf and notice <= self.gateway.clock.now():
            return True
        if self.ticker is not None:
            self.ticker.wake_before(min(notice, self.gateway.ledger.timers.next_due()))
        return False

    def takes_links(self, request: WireRequest) -> bool:
        """Let links lead to pages. Control API and payer page refuse in their own words."""
        return not request.path.startswith(GATEWAY_PREFIX)

    def _without_token(self, request: WireRequest) -> WireResponse | None:
        """Return the answer to a request that lacks the control token, None for any other."""
        prefix = self._prefix(request)
        if prefix is None or prefix in self._open or _carries(request, self.control_token):
            return None
        # A browser asks its user for a password, and sends it with every request from then on.
        asked = ("WWW-Authenticate", 'Basic realm="qftools sandbox: the control token"')
        return plain(401, "401 this needs the control token of the sandbox", asked)

    def answered(self, request: WireRequest) -> WireResponse:
        """Return the answer of the gateway or of the page for the path."""
        if self.control_token and (refusal := self._without_token(request)) is not None:
            return refusal
        try:
            with self.lock:
                outer, self._answered_by = self._answered_by, threading.get_ident()
                is_call = request.path.startswith(GATEWAY_PREFIX)
                answered = self.gateway.handle if is_call else self._page(request)
                try:
                    response = answered(request)
                finally:
                    self._answered_by = outer
                self._keeping.save()
        except SandboxError as error:
            return plain(500, f"500 {error}")
        return response

    def before_reply(self) -> None:
        """Send the notifications that may arrive before the reply they are about."""
        if self._notifications.deliver(early=True):
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
        return min(self._notifications.next_due(), self.gateway.ledger.timers.next_due())

    def _page(self, request: WireRequest) -> Page:
        prefix = self._prefix(request)
        return self._pages[prefix] if prefix else self.gateway.handle  # which knows 404

    def _prefix(self, request: WireRequest) -> str | None:
        """Return the prefix of the page for a request; None where the gateway answers."""
        path = request.path
        if path.startswith(GATEWAY_PREFIX) or (path == "/" and request.body):
            return None
        prefix = path
        while prefix and prefix not in self._pages:
            prefix = prefix.rpartition("/")[0]
        return prefix or ("/" if path == "/" else None)


def _health(request: WireRequest) -> WireResponse:
    if request.method not in ("GET", "HEAD"):
        return plain(405, "405 method not allowed", ("Allow", "GET, HEAD"))
    return plain(200, "ok", ("Cache-Control", "no-store"))


def _carries(request: WireRequest, token: str) -> bool:
    """Tell whether a request has the token: as Bearer, or as a password of any user."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    sent = given.strip().encode("latin-1", "replace")
    if scheme.lower() == "basic":
        try:
            sent = base64.b64decode(sent, validate=True).partition(b":")[2]
        except ValueError:
            return False
    elif scheme.lower() != "bearer":
        return False
    return hmac.compare_digest(sent, token.encode())
