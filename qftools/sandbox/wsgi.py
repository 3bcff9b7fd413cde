"""The HTTP shape of the sandbox: a WSGI application, the same under every server.

Turns environ into a request, finds who answers it, and carries out an answer's fate.
No rule about orders lives here.
"""

from __future__ import annotations

import functools
import logging
import re
import threading
import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol

from qftools.errors import SandboxError
from qftools.sandbox.gateway import Gateway
from qftools.sandbox.wire import MAX_BODY, WireRequest, WireResponse, plain

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_LOG = logging.getLogger("qftools.sandbox")

GATEWAY_PREFIX = "/trade/"
WAIT = "qftools.wait"  # environ key: who waits for a slow reply
ANSWER = "qftools.answer"  # environ key: the answer, where it was made beforehand
LONGEST_WAIT = 600.0

_LOOPBACK = re.compile(
    r"(?:localhost|(?:[a-z0-9-]+\.)*localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?", re.I
)


class Dropped(Exception):
    """The connection ends here without a reply. The server closes it, nothing is written."""

    def __init__(self, refused: bool) -> None:
        super().__init__("refused" if refused else "lost")
        self.refused = refused


class _Body(list[bytes]):
    """The chunks of an answer; the server closes them when they have left."""

    def __init__(self, chunks: list[bytes], closed: Callable[[], None]) -> None:
        super().__init__(chunks)
        self.close = closed


class Page(Protocol):
    """Whoever answers requests that are not the gateway's: payer page, control API, dashboard."""

    def __call__(self, request: WireRequest) -> WireResponse:
        """Answer one request; called with the sandbox's lock held."""
        ...


class App:
    """The WSGI application of one sandbox.

    Args:
        gateway: Answers everything under ``/trade/``.
        lock: Held around every answer: the gateway knows no threads.
        saved: Called after every answer, before it leaves: what is answered is kept.
        hosts: Names, besides loopback ones, that the ``Host`` header may carry.

    Attributes:
        before_reply: Called when an answer is made and kept, before it leaves.
        after_reply: Called when it has left. Neither is called with the lock held.
        has_errands: Tells whether one of those two would send something.
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
        self.hosts = frozenset(host.lower() for host in hosts)
        self.pages: dict[str, Page] = {}
        self.before_reply: Callable[[], None] = _nothing
        self.after_reply: Callable[[], None] = _nothing
        self.has_errands: Callable[[], bool] = bool
        self._saved = saved or _nothing
        self._answered_by: int | None = None

    def mount(self, prefix: str, page: Page) -> None:
        """Let *page* answer every path that is *prefix* or begins with ``prefix/``."""
        self.pages[prefix] = page

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        """Answer one request (WSGI)."""
        response: WireResponse = environ.get(ANSWER) or self.answer(environ)
        self.before_reply()
        if response.delay > 0:
            environ.get(WAIT, _really_wait)(min(response.delay, LONGEST_WAIT))
        if response.fate in ("lost", "refused"):
            self.after_reply()
            raise Dropped(response.fate == "refused")
        status = HTTPStatus(response.status)
        body = b"" if environ["REQUEST_METHOD"] == "HEAD" else response.body
        headers = [*response.headers, ("Content-Length", str(len(response.body)))]
        start_response(f"{status.value} {status.phrase}", headers)
        chunks = [body[: len(body) // 2] if response.fate == "half" else body]
        return _Body(chunks, self.after_reply)

    def answer(self, environ: WSGIEnvironment) -> WireResponse:
        """Return the answer to one request, made and kept; its fate is still to be met.

        Waits for nobody but whoever holds the lock.
        """
        request = _request(environ)
        return self.refused(request) or self.answered(request)

    def leaves_at_once(self, response: WireResponse) -> bool:
        """Tell whether nothing is waited for between an answer and the next request."""
        return response.delay <= 0 and not self.has_errands()

    def refused(self, request: WireRequest) -> WireResponse | None:
        """Return the answer to a request that no page of a foreign site may get through."""
        host = request.headers.get("host", "localhost")
        if not self.is_here(host):
            return plain(
                421, f"421 this sandbox answers to loopback names only, not to {host[:80]!r}"
            )
        if len(request.body) > MAX_BODY:
            return plain(413, f"413 a body may have {MAX_BODY} bytes at most")
        return None

    def is_here(self, host: str) -> bool:
        """Tell whether a ``Host`` value (with or without port) is this machine's own.

        A name that only resolves to loopback is not: that is how a web page elsewhere
        would reach a developer's sandbox.
        """
        return bool(_LOOPBACK.fullmatch(host)) or host.lower().split(":")[0] in self.hosts

    def is_own_origin(self, request: WireRequest) -> bool:
        """Tell whether a request comes from no web page, or from a page of this sandbox."""
        origin = request.headers.get("origin")
        if origin is not None:
            host = request.headers.get("host", "").lower()
            return origin.lower() in (f"http://{host}", f"https://{host}")
        return request.headers.get("sec-fetch-site", "none") in ("none", "same-origin")

    def answered(self, request: WireRequest) -> WireResponse:
        """Return the answer of whoever is responsible for the path."""
        try:
            with self.lock:
                outer, self._answered_by = self._answered_by, threading.get_ident()
                try:
                    if not request.path.startswith(GATEWAY_PREFIX):
                        response = self._page(request.path)(request)
                    elif self.is_own_origin(request):
                        response = self.gateway.handle(request)
                    else:
                        response = plain(403, "403 a web page of another origin may not call this")
                finally:
                    self._answered_by = outer
                self._saved()
        except SandboxError as error:
            return plain(500, f"500 {error}")
        except Exception:
            # A defect of the sandbox: say so, and go on answering.
            _LOG.exception("%s %s", request.method, request.path)
            return plain(500, "500 the sandbox failed on this request; its log says where")
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


def _request(environ: WSGIEnvironment) -> WireRequest:
    headers = {_header(name): value for name, value in environ.items() if name.startswith("HTTP_")}
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            headers[name.replace("_", "-").lower()] = environ[name]
    return WireRequest(
        method=environ["REQUEST_METHOD"],
        path=environ.get("PATH_INFO") or "/",
        query=_text(environ.get("QUERY_STRING", "")),
        headers=headers,
        body=_body(environ),
    )


@functools.lru_cache(maxsize=64)
def _header(name: str) -> str:
    """Return a header's name from its name in environ."""
    return name[5:].replace("_", "-").lower()


def _text(latin: str) -> str:
    """Read a query string as UTF-8; WSGI hands bytes over as Latin-1."""
    if latin.isascii():
        return latin
    return latin.encode("latin-1", "replace").decode("utf-8", "replace")


def _body(environ: WSGIEnvironment) -> bytes:
    try:
        length = int(environ.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return b""
    # One byte more than allowed is enough to know that it is too much.
    return bytes(environ["wsgi.input"].read(min(length, MAX_BODY + 1))) if length > 0 else b""


def _not_found(request: WireRequest) -> WireResponse:
    return plain(404, "404 page not found")


def _really_wait(seconds: float) -> None:
    time.sleep(seconds)


def _nothing() -> None:
    return None
