"""The sandbox without a socket, for an async client: an `httpx2` transport.

Knows no rule. Loaded when an async client asks for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx2

from qftools.exchange import Request
from qftools.sandbox.books.clock import Clock, RealClock
from qftools.sandbox.web.app import App
from qftools.sandbox.web.in_process import answered


class InProcessTransport(httpx2.AsyncBaseTransport):
    """An `httpx2` transport that calls the application: no socket.

    A lost reply raises what the network would raise; a slow one moves a virtual clock, and is
    awaited on the real one.

    Args:
        app: The application.
        clock: Waits for slow replies.
    """

    def __init__(self, app: App, clock: Clock) -> None:
        self._app = app
        self._clock = clock

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request through the application.

        Raises:
            httpx2.TransportError: The sandbox refused the connection or dropped it, the reply
                came later than the time-out allows, or ended in the middle.
        """
        limit = request.extensions.get("timeout", {}).get("read")
        asked = Request(
            request.method, str(request.url), tuple(request.headers.items()), await request.aread()
        )
        given = (self._app, self._clock, asked, limit)
        try:
            if isinstance(self._clock, RealClock):
                answer = await asyncio.to_thread(answered, *given)
            else:
                answer = answered(*given)
        except TimeoutError as late:
            raise httpx2.ReadTimeout(str(late)) from None
        if answer.fate == "refused":
            raise httpx2.ConnectError("Failed to establish a new connection: refused")
        if answer.fate == "lost":
            raise httpx2.RemoteProtocolError("Server disconnected without sending a response.")
        half = answer.fate == "half"
        return httpx2.Response(
            answer.status, headers=[*answer.headers], stream=_Stream(answer.body, half)
        )


def sleep_on(clock: Clock) -> Callable[[float], Awaitable[None]]:
    """What an async client waits with: the event loop's time is real."""

    async def sleep(seconds: float) -> None:
        if isinstance(clock, RealClock):
            await asyncio.sleep(seconds)
        else:
            clock.sleep(seconds)

    return sleep


class _Stream(httpx2.AsyncByteStream):
    def __init__(self, body: bytes, half: bool) -> None:
        self._body, self._half = body, half

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._half:
            yield self._body[: len(self._body) // 2]
            raise httpx2.RemoteProtocolError("the reply ended in the middle")
        yield self._body
