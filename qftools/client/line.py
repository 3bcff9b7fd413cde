"""One request out, its reply in: what both clients' connections do alike.

A request is sent once and never repeated. Where no reply comes, the error says whether the
gateway can have seen the request.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import requests

from qftools.client.awaiting import settled
from qftools.client.replies import PROXIES
from qftools.errors import InputError, TransportError
from qftools.exchange import Exchange, Request, Response
from qftools.transport.addresses import read_address

PATHS = {
    "payment": "/trade/v1/payment",
    "query": "/trade/v1/query",
    "reversal": "/trade/v1/reversal",
    "close": "/trade/v1/close",
    "refund": "/trade/v1/refund",
    "authtrade": "/trade/v1/authtrade",
    "unfreeze": "/trade/v1/unfreeze",
}
_FORM = "application/x-www-form-urlencoded; charset=UTF-8"
_CA_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


class Line(ABC):
    """Sends requests to one gateway; how the bytes get there is a subclass's business.

    Args:
        base_url: Scheme and host, checked by the guard.
        timeout: Seconds to wait for the connection, and for the whole reply, counted from the
            first byte sent to the last byte read.
        clock: Gives the time in seconds since 1970.

    Raises:
        InputError: The timeouts are not two numbers above zero, or the environment names
            certificates that can't be read.
    """

    shown_cause: type[Exception]
    """What stands, with a redacted text, in the place of what a library raised."""

    def __init__(
        self, base_url: str, timeout: tuple[float, float], clock: Callable[[], float]
    ) -> None:
        self._base_url = base_url
        self._timeout = _checked_timeout(timeout)
        self._clock = clock
        self._settings = environment_settings(base_url)

    @abstractmethod
    def close(self) -> Awaitable[None] | None:
        """Close the connections; a later request opens new ones."""

    @abstractmethod
    def carry(self, request: Request) -> Response | Awaitable[Response]:
        """Send *request*, once, and return the reply.

        Raises:
            TransportError: No reply came, or it is too long, or can't be decompressed.
        """

    async def send(
        self,
        endpoint: str,
        method: str,
        form: str,
        signed: Mapping[str, str],
        before: Callable[[Request], object] | None = None,
    ) -> tuple[Exchange, TransportError | None]:
        """Send one request; return the exchange, and the error if there was no reply.

        *before* gets the request first. What it raises is raised, and nothing is sent.
        """
        request = self._request(endpoint, method, form, signed)
        if before is not None:
            before(request)
        started = self._clock()
        response: Response | None = None
        trouble: TransportError | None = None
        try:
            response = await settled(self.carry(request))
        except TransportError as error:
            trouble = error
        seconds = self._clock() - started
        line = None if trouble is None else trouble.say("en")
        return Exchange(endpoint, request, response, line, started, seconds), trouble

    def _request(self, endpoint: str, method: str, form: str, signed: Mapping[str, str]) -> Request:
        url = self._base_url + PATHS[endpoint]
        headers = {
            "User-Agent": "qftools",
            "Accept": "application/json",
            "Connection": "keep-alive",
            **signed,
        }
        if method == "GET":
            return Request(method, f"{url}?{form}", tuple(headers.items()), b"")
        body = form.encode()
        headers |= {"Content-Type": _FORM, "Content-Length": str(len(body))}
        return Request(method, url, tuple(headers.items()), body)

    def _no_reply(
        self, request: Request, cause: str, system: object, *, of_proxy: str, sent: bool
    ) -> TransportError:
        """Say why no reply came.

        The text of the cause is not repeated: it can hold the query string of a GET, and what
        the other side sent. What the system says of a line it can't open holds neither.

        Args:
            request: What was to be sent.
            cause: The kind of what the library raised.
            system: What the system raised where no connection could be opened.
            of_proxy: What the proxy said or did; empty where it was not the proxy.
            sent: Whether the gateway can have seen the request.
        """
        if of_proxy:
            trouble = TransportError(
                "the proxy can't be reached ({cause}), nothing was sent to the gateway: see "
                "{names}",
                cause=of_proxy,
                names=PROXIES,
            )
        elif isinstance(system, OSError) and system.strerror:
            trouble = TransportError(
                "no connection to {url}: {cause}", url=self._base_url, cause=system.strerror
            )
        else:
            path = request.path
            trouble = TransportError("no reply from {path}: {cause}", path=path, cause=cause)
        trouble.sent = sent
        return trouble


def environment_settings(base_url: str) -> dict[str, Any]:
    """Look proxies and CA bundle up once; per call it costs a sixth of a request."""
    here, secure = read_address(base_url).is_loopback, base_url.startswith("https:")
    if here and not secure:  # a sandbox: no proxy before it, and no certificate
        return {"verify": True, "proxies": {}}
    with requests.Session() as session:
        found = session.merge_environment_settings(base_url, {}, None, None, None)
    if secure and isinstance(found["verify"], str):
        _check_certificates(found["verify"])
    return {"verify": found["verify"], "proxies": {} if here else found["proxies"]}


def _check_certificates(path: str) -> None:
    import ssl

    name = next(name for name in _CA_BUNDLES if os.environ.get(name))
    try:
        if not Path(path).is_dir():
            ssl.create_default_context(cafile=path)
    except OSError as error:
        raise InputError(
            name,
            "is {path!r}, which can't be read ({cause})",
            "a file or a folder of CA certificates, or not set",
            path=path,
            cause=error.strerror or type(error).__name__,
        ) from None


def _checked_timeout(timeout: tuple[float, float]) -> tuple[float, float]:
    try:
        connect, receive = timeout
        if connect > 0 and receive > 0:
            return float(connect), float(receive)
    except (TypeError, ValueError):
        pass
    raise InputError(
        "timeout", "is {value!r}", "(connect, read) in seconds, both above zero", value=timeout
    )
