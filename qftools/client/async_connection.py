"""The async client's connection: `httpx2`, with one deadline for the whole reply.

It uses the library's transport itself: that follows no redirect, keeps no cookie, writes no line
to the log, and reads no environment. httpx2 comes with the extra ``async``.
"""

from __future__ import annotations

import asyncio
import ssl
import zlib
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import httpx2
from requests.utils import DEFAULT_CA_BUNDLE_PATH, select_proxy

from qftools.client.line import Line
from qftools.client.replies import Body
from qftools.errors import TransportError
from qftools.exchange import Request, Response
from qftools.patterns import pattern

# All that can go wrong while sending; a proxy may need a library that is not there.
_TROUBLES = (
    httpx2.HTTPError,
    httpx2.InvalidURL,
    ImportError,
    OSError,
    ValueError,
    OverflowError,
    zlib.error,
)
_REFUSED_BY_PROXY = pattern(r"\d{3}\b")
Loop = asyncio.AbstractEventLoop
_Follow = Callable[[str, dict[str, Any]], Awaitable[None]]
_SENDING = "http11.send_request_headers.started"


class AsyncConnection(Line):
    """Carries requests through a transport of `httpx2`, on connections that are kept alive.

    Args:
        base_url: Scheme and host, checked by the guard.
        timeout: Seconds to wait for the connection, and for the whole reply.
        clock: Gives the time in seconds since 1970.
        adapter: Carries the bytes; HTTP by default.

    Raises:
        InputError: The timeouts are not two numbers above zero, or the environment names
            certificates that can't be read.
    """

    shown_cause = httpx2.TransportError

    def __init__(
        self,
        base_url: str,
        timeout: tuple[float, float],
        clock: Callable[[], float],
        adapter: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        super().__init__(base_url, timeout, clock)
        self._adapter = adapter
        self._proxy = select_proxy(base_url, self._settings["proxies"])
        # A connection belongs to the loop that opened it.
        self._of_loop: WeakKeyDictionary[Loop, httpx2.AsyncBaseTransport] = WeakKeyDictionary()

    async def close(self) -> None:
        """Close the connections; a later request opens new ones."""
        carrier = self._adapter or self._of_loop.pop(asyncio.get_running_loop(), None)
        if carrier is not None:
            await carrier.aclose()

    async def carry(self, request: Request) -> Response:
        """Send *request*, once, and return the reply.

        Raises:
            TransportError: No reply came, or it is too long, or can't be decompressed.
        """
        connect, receive = self._timeout
        sent = False

        async def follow(name: str, info: dict[str, Any]) -> None:
            nonlocal sent
            # The request to a proxy for a tunnel is none to the gateway.
            if name == _SENDING and info["request"].method != b"CONNECT":
                sent = True
                deadline.reschedule(asyncio.get_running_loop().time() + receive)

        try:
            carrier = self._adapter or self._carrier()
            async with asyncio.timeout(connect) as deadline:
                answer = await carrier.handle_async_request(self._prepared(request, follow))
                body = Body()
                try:
                    if not answer.http_version.startswith("HTTP/1."):
                        raise httpx2.RemoteProtocolError("another version of HTTP")
                    async for part in answer.stream:  # type: ignore[union-attr]
                        body.add(part)
                finally:
                    await answer.aclose()
            response = Response(answer.status_code, tuple(answer.headers.items()), b"")
            return replace(response, body=body.whole(response.header("Content-Encoding")))
        except _TROUBLES as error:
            raise self._lost(request, error, sent) from error

    def _carrier(self) -> httpx2.AsyncBaseTransport:
        loop = asyncio.get_running_loop()
        if loop not in self._of_loop:
            verify = self._settings["verify"]
            self._of_loop[loop] = _transport(self._base_url, verify, self._proxy)
        return self._of_loop[loop]

    def _prepared(self, request: Request, follow: _Follow) -> httpx2.Request:
        connect, receive = self._timeout
        times = {"connect": connect, "write": receive, "read": receive, "pool": connect}
        how: dict[str, Any] = {"timeout": times, "trace": follow}
        # What the other client's library adds: nothing compressed is asked for.
        headers = [*request.headers, ("Accept-Encoding", "identity")]
        url = httpx2.URL(request.url)
        if url.host.endswith(".localhost"):  # this machine, without a look-up (RFC 6761)
            headers.insert(0, ("Host", url.netloc.decode()))
            how["sni_hostname"] = url.host
            url = url.copy_with(host="127.0.0.1")
        body = None if request.method == "GET" else request.body
        return httpx2.Request(request.method, url, headers=headers, content=body, extensions=how)

    def _lost(self, request: Request, error: Exception, sent: bool) -> TransportError:
        causes = [*_causes(error)]
        tls = next((each for each in causes if isinstance(each, ssl.SSLError)), None)
        system = next((each for each in causes if getattr(each, "strerror", None)), None)
        cause = type(tls or error).__name__
        if isinstance(error, TimeoutError):  # the deadline
            cause = "ReadTimeout" if sent else "ConnectTimeout"
        of_proxy = ""
        if self._proxy and not sent and tls is None:
            refused = _REFUSED_BY_PROXY.match(str(error))
            of_proxy = f"HTTP {refused[0]}" if refused else cause
        return self._no_reply(
            request, cause, None if sent or tls else system, of_proxy=of_proxy, sent=sent
        )


def _transport(base_url: str, verify: bool | str, proxy: str | None) -> httpx2.AsyncBaseTransport:
    trusts = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # no one, where no TLS is used
    if base_url.startswith("https:"):
        place = DEFAULT_CA_BUNDLE_PATH if verify is True else str(verify)
        folder = Path(place).is_dir()
        trusts = ssl.create_default_context(
            cafile=None if folder else place, capath=place if folder else None
        )
    through = None
    if proxy:
        by_tls = trusts if proxy.startswith("https:") else None
        through = httpx2.Proxy(proxy if "://" in proxy else f"http://{proxy}", ssl_context=by_tls)
    open_at_once = httpx2.Limits(max_connections=None, max_keepalive_connections=64)
    return httpx2.AsyncHTTPTransport(
        verify=trusts, trust_env=False, limits=open_at_once, proxy=through
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__
