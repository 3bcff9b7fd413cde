"""The sandbox without a socket: a `requests` transport that calls the application.

Knows no rule. Loaded when a client asks for it: a served sandbox needs no `requests`.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from http.client import responses
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPHeaderDict, HTTPResponse
from urllib3.connection import HTTPConnection
from urllib3.exceptions import MaxRetryError, NewConnectionError

from qftools.exchange import Request
from qftools.sandbox.books.clock import Clock
from qftools.sandbox.web.app import App
from qftools.transport.door import LONGEST_WAIT, MAX_BODY, WireRequest, WireResponse


class InProcessAdapter(BaseAdapter):
    """A `requests` transport that calls the application: no socket, no thread.

    Mount it on a session for `IN_PROCESS_URL`. A lost reply raises what the network
    would raise; a slow one moves the sandbox's clock, up to the caller's time-out.

    Args:
        app: The application.
        clock: Waits for slow replies.
    """

    def __init__(self, app: App, clock: Clock) -> None:
        super().__init__()
        self._app = app
        self._clock = clock
        self._builder = HTTPAdapter()

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: float | tuple[float | None, float | None] | None = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Send one request through the application.

        Raises:
            requests.ConnectionError: The sandbox refused the connection or dropped it.
            requests.ReadTimeout: The reply came later than the time-out allows.
            requests.exceptions.ChunkedEncodingError: The reply ended in the middle.
        """
        limit = timeout[1] if isinstance(timeout, tuple) else timeout
        given = request.headers.items()
        headers = [(n, v.decode("latin-1") if isinstance(v, bytes) else v) for n, v in given]
        try:
            answer = self.answered(
                Request(request.method or "GET", request.url or "", tuple(headers), _sent(request)),
                limit,
            )
        except TimeoutError as late:
            raise requests.ReadTimeout(str(late), request=request) from None
        if answer.fate in ("refused", "lost"):
            raise _dropped(request, refused=answer.fate == "refused")
        if answer.fate == "half":
            raise requests.exceptions.ChunkedEncodingError(
                "Connection broken: the reply ended in the middle", request=request
            )
        body = b"" if request.method == "HEAD" else answer.body
        raw = HTTPResponse(
            body=io.BytesIO(body),
            headers=HTTPHeaderDict([*answer.headers, ("Content-Length", str(len(answer.body)))]),
            status=answer.status,
            reason=responses.get(answer.status, ""),
            preload_content=False,
        )
        response = self._builder.build_response(request, raw)
        if not stream:
            _ = response.content  # read now, as requests does
        return response

    def answered(self, request: Request, limit: float | None) -> WireResponse:
        """Return the application's answer; see the function of this name."""
        return answered(self._app, self._clock, request, limit)

    def close(self) -> None:
        """Nothing is held."""


def answered(app: App, clock: Clock, request: Request, limit: float | None) -> WireResponse:
    """Return the application's answer to *request*, and what becomes of it on its way.

    Raises:
        TimeoutError: It comes later than *limit* seconds.
    """

    def wait(seconds: float) -> None:
        if limit is not None and seconds >= limit:
            clock.sleep(limit)
            raise TimeoutError(f"Read timed out. (read timeout={limit})")
        clock.sleep(seconds)

    answer = app.answer(_wire(request))
    errands = app.has_errands()
    if errands:
        app.before_reply()
    if answer.delay > 0:
        wait(min(answer.delay, LONGEST_WAIT))
    if errands or answer.delay > 0:
        app.after_reply()
    return answer


def _sent(request: requests.PreparedRequest) -> bytes:
    body = request.body or b""
    if isinstance(body, str):
        return body.encode()
    return body if isinstance(body, bytes) else b"".join(body)  # a generator or a file


def _dropped(
    request: requests.PreparedRequest, *, refused: bool
) -> requests.exceptions.ConnectionError:
    if refused:
        pool = HTTPConnectionPool("sandbox.localhost")
        reason = NewConnectionError(
            HTTPConnection("sandbox.localhost"), "Failed to establish a new connection: refused"
        )
        return requests.ConnectionError(
            MaxRetryError(pool, request.url or "", reason), request=request
        )
    return requests.ConnectionError(
        "Connection aborted: the remote end closed the connection without a reply",
        request=request,
    )


def _wire(request: Request) -> WireRequest:
    """Return a request as it would have come through a socket."""
    parts = urlsplit(request.url)
    headers = {"host": parts.netloc}
    headers |= {name.lower().replace("_", "-"): value for name, value in request.headers}
    kind = headers.pop("content-type", "")
    headers.pop("content-length", None)
    if kind:
        headers["content-type"] = kind
    headers["content-length"] = str(len(request.body))
    path = parts.path or "/"
    if "%" in path or not path.isascii():
        path = unquote_to_bytes(path).decode("latin-1")
    return WireRequest(request.method, path, parts.query, headers, request.body[: MAX_BODY + 1])
