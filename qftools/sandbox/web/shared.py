"""One server for many sandboxes, one after another: a test run listens once.

Knows no test and no rule; it hands requests to the sandbox whose turn it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from qftools.sandbox.web.server import Background
from qftools.transport.door import Door, WireRequest, WireResponse, plain

if TYPE_CHECKING:
    from qftools.sandbox.web.app import App


Ask = Callable[[WireRequest], None]


class _NoTurn(Door):
    """Answers between two turns, and what a program of an earlier turn still sends."""

    def answered(self, request: WireRequest) -> WireResponse:
        return plain(503, "503 the sandbox of this test is closed")


class _Gate(Door):
    """Hands a request on once it has asked; a thread waits for the answer."""

    waits = True

    def __init__(self, door: Door, ask: Ask) -> None:
        self._door, self._ask = door, ask

    def answer(self, request: WireRequest) -> WireResponse:
        self._ask(request)
        return self._door.answer(request)

    def has_errands(self) -> bool:
        return self._door.has_errands()

    def before_reply(self) -> None:
        self._door.before_reply()

    def after_reply(self) -> None:
        self._door.after_reply()


class SharedServer:
    """A server on loopback that stays while sandboxes come and go.

    Args:
        port: 0 takes a free one.
        ask: Called in a thread before each request of the gateway's own is answered; the request
            waits until it returns.

    Attributes:
        url: Where it listens.
    """

    def __init__(self, port: int = 0, ask: Ask | None = None) -> None:
        self._ask = ask
        self._none = _NoTurn()
        self._app: Door = self._none
        self._ended: set[str] = set()
        self._server = Background(self, port=port)
        self.url = self._server.url

    def turn(self, app: App) -> Turn:
        """Let a sandbox answer from now on, until the turn is stopped."""
        app_codes = {merchant.app_code for merchant in app.gateway.merchants}
        self._ended -= app_codes
        self._app = app
        return Turn(self, app_codes)

    def end_turn(self, app_codes: set[str]) -> None:
        """Take what these app codes still send for late; end the slow replies under way."""
        self._ended |= app_codes
        self._app = self._none
        self._server.hurry()

    def stop(self) -> None:
        """Stop listening."""
        self._server.stop()

    def door_for(self, request: WireRequest) -> Door:
        """Return the door of the sandbox whose turn it is."""
        is_late = request.headers.get("x-qf-appcode", "").strip() in self._ended
        if is_late or self._app is self._none:
            return self._none
        if self._ask is not None and request.path.startswith("/trade/"):
            return _Gate(self._app, self._ask)
        return self._app


class Turn:
    """The time in which one sandbox answers at a shared server."""

    def __init__(self, server: SharedServer, app_codes: set[str]) -> None:
        self._server = server
        self._app_codes = app_codes
        self.url = server.url

    def stop(self) -> None:
        """End it."""
        self._server.end_turn(self._app_codes)
