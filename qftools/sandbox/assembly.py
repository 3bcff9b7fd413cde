"""One sandbox put together: gateway, notifications, file, report, pages, and their clock thread.

Makes the parts, hands each one what it uses, and decides when they run.
"""

from __future__ import annotations

import importlib
import os
import threading
from collections.abc import Callable, Sequence
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from qftools.errors import SandboxError
from qftools.locale import mark
from qftools.sandbox.books import payer
from qftools.sandbox.books.orders import Entry
from qftools.sandbox.gateway.gateway import DEFAULT_PUBLIC_URL, Gateway
from qftools.sandbox.keeping.keeping import Keeping
from qftools.sandbox.notifications.notifications import Notifications
from qftools.sandbox.web.app import App
from qftools.sandbox.web.server import Background
from qftools.sandbox.web.ticker import LONGEST_SLEEP, Ticker
from qftools.transport.addresses import Address, AddressError, normal_host, read_address

if TYPE_CHECKING:
    from qftools.sandbox.report.judge import Judge
    from qftools.sandbox.web.app import Page
    from qftools.sandbox.web.shared import SharedServer, Turn
    from qftools.transport.door import WireRequest, WireResponse


class Assembly:
    """The parts of one sandbox.

    Args:
        gateway: The gateway, with its clock and settings.
        data: The file that everything is saved to; None: none.

    Raises:
        SandboxError: The file can't be used.
    """

    def __init__(self, gateway: Gateway, data: str | os.PathLike[str] | None = None) -> None:
        self.lock = threading.RLock()
        self.gateway = gateway
        self.notifications = Notifications(gateway, self.lock)
        self.keeping = Keeping(gateway, self.notifications, self.lock, data)
        self.app = App(gateway, self.lock, self.keeping, self.notifications)
        payer_page = _later(lambda: _load("web.payer_page", "PayerPage", gateway))
        self.app.mount("/payer", payer_page, is_open=True)
        self.app.mount("/sandbox", _later(self._control))
        self.app.mount("/static", _static_files, is_open=True)
        self.app.mount("/", _later(lambda: _load("web.workbench", "Workbench", gateway)))
        self.background: Background | Turn | None = None
        if (watch := getattr(gateway.clock, "watch", None)) is not None:
            watch(self.tick)

    @cached_property
    def judge(self) -> Judge:
        """What makes the report."""
        from qftools.sandbox.report.judge import Judge  # most runs never ask for a report

        return Judge(self.gateway, self.notifications)

    def _control(self) -> Page:
        parts = (self.gateway, self.notifications, self.keeping, self.judge)
        return _load("control.control", "Control", *parts)

    def tick(self) -> None:
        """Do everything that is due: expiries, payers, notifications."""
        with self.lock:
            self.gateway.tick()
            self.keeping.save()
        self.app.deliver()

    def act(self, entry: Entry, name: str) -> None:
        """Let the payer of an order do something."""
        with self.lock:
            payer.act(self.gateway, entry, name)
        self.tick()

    def serve(
        self, host: str, port: int, public_urls: Sequence[str] = (), control_token: str = ""
    ) -> str:
        """Listen, and return the URL; where it is served already, that URL.

        Raises:
            SandboxError: The port is taken, it is served elsewhere already, or an address is none.
        """
        if self.background is None:
            public = [_public(url) for url in public_urls]
            self.app.hosts = frozenset((*_named(host), *(address.host for address in public)))
            self.app.control_token = control_token
            background = Background(self.app, host, port)
            return self._is_served(background, public[0].url if public else "")
        if port and not self.background.url.endswith(f":{port}"):
            raise SandboxError("this sandbox is served already, at {url}", url=self.background.url)
        return self.background.url

    def share(self, server: SharedServer) -> str:
        """Answer at a server that others use before and after, and return its URL."""
        return self._is_served(server.turn(self.app))

    def _is_served(self, background: Background | Turn, public_url: str = "") -> str:
        self.background = background
        self.gateway.public_url = public_url or background.url
        self.notifications.own_port = urlsplit(background.url).port
        if getattr(self.gateway.clock, "kind", "") == "real":
            self.app.ticker = Ticker(self._tick_until, self.gateway.clock.now)
        return background.url

    def stop(self) -> None:
        """Stop listening. The books stay; `serve` may be called again."""
        if self.background is None:
            return
        self.notifications.own_port = None
        ticker, self.app.ticker = self.app.ticker, None
        if ticker is not None:
            ticker.stop()
        self.background.stop()
        self.background = None
        self.gateway.public_url = DEFAULT_PUBLIC_URL

    def _tick_until(self) -> float:
        """Do everything that is due; return when to look again."""
        self.tick()
        return min(self.gateway.clock.now() + LONGEST_SLEEP, self.app.next_due())


def _public(url: str) -> Address:
    wrong = mark(
        "{url} is no public address; scheme, host and port, such as http://192.168.1.20:8787"
    )
    try:
        address = read_address(url.removesuffix("/"))
    except AddressError:
        raise SandboxError(wrong, url=url[:100]) from None
    if address.rest:
        raise SandboxError(wrong, url=url[:100])
    return address


def _named(host: str) -> tuple[str, ...]:
    """Return the host that requests name where it listens; none where it is every address."""
    try:
        return (normal_host(host),)
    except AddressError:
        return ()


def _load(module: str, name: str, *parts: Any) -> Page:
    page: Page = getattr(importlib.import_module(f"qftools.sandbox.{module}"), name)(*parts)
    return page


def _later(make: Callable[[], Page]) -> Page:
    """Return a page that is made with the first request for it: most runs never ask."""
    page = cache(make)
    return lambda request: page()(request)


def _static_files(request: WireRequest) -> WireResponse:
    from qftools.sandbox.web.pages import static_files

    return static_files(request)
