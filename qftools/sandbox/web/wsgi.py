"""What the sandbox answers behind its door: the gateway, or one of its pages.

Finds who answers a request, with the lock held, and keeps what is answered. No rule about
orders lives here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Protocol

from qftools.errors import SandboxError
from qftools.sandbox.gateway.gateway import Gateway
from qftools.transport.door import Door, WireRequest, WireResponse, plain

GATEWAY_PREFIX = "/trade/"


class Page(Protocol):
    """Whoever answers requests that are not the gateway's: payer page, control API, dashboard."""

    def __call__(self, request: WireRequest) -> WireResponse:
        """Answer one request; called with the sandbox's lock held."""
        ...


class App(Door):
    """The door of one sandbox.

    Args:
        gateway: Answers everything under ``/trade/``.
        lock: Held around every answer: the gateway knows no threads.
        saved: Called after every answer, before it leaves: what is answered is kept.
        hosts: Names, besides loopback ones, that the ``Host`` header may carry.

    Attributes:
        has_errands: Tells whether `before_reply` or `after_reply` would send something. Neither
            is called with the lock held.
    """

    def __init__(
        self,
        gateway: Gateway,
        *,
        lock: threading.RLock | None = None,
        saved: Callable[[], None] | None = None,
        hosts: Iterable[str] = (),
    ) -> None:
        self.gateway = gateway
        self.lock = lock or threading.RLock()
        super().__init__(hosts=hosts)
        self.pages: dict[str, Page] = {}
        self.has_errands: Callable[[], bool] = bool
        self._saved = saved or _nothing
        self._answered_by: int | None = None

    def mount(self, prefix: str, page: Page) -> None:
        """Let *page* answer every path that is *prefix* or begins with ``prefix/``."""
        self.pages[prefix] = page

    def leaves_at_once(self, response: WireResponse) -> bool:
        """Tell whether nothing is waited for between an answer and the next request."""
        return response.delay <= 0 and not self.has_errands()

    def takes_links(self, request: WireRequest) -> bool:
        """Let links lead to pages. Control API and payer page refuse in their own words."""
        return not request.path.startswith(GATEWAY_PREFIX)

    def answered(self, request: WireRequest) -> WireResponse:
        """Return the answer of whoever is responsible for the path."""
        try:
            with self.lock:
                outer, self._answered_by = self._answered_by, threading.get_ident()
                try:
                    if request.path.startswith(GATEWAY_PREFIX):
                        response = self.gateway.handle(request)
                    else:
                        response = self._page(request.path)(request)
                finally:
                    self._answered_by = outer
                self._saved()
        except SandboxError as error:
            return plain(500, f"500 {error}")
        return response

    @property
    def answering(self) -> bool:
        """Whether this very thread is making an answer, with the lock held."""
        return self._answered_by == threading.get_ident()

    def _page(self, path: str) -> Page:
        prefix = path
        while prefix:
            if prefix in self.pages:
                return self.pages[prefix]
            prefix = prefix.rpartition("/")[0]
        return self.pages.get("/", _not_found) if path == "/" else _not_found


def _not_found(request: WireRequest) -> WireResponse:
    return plain(404, "404 page not found")


def _nothing() -> None:
    return None
