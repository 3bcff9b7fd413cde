"""The door of everything that listens on this machine: what comes in, and what goes out instead.

Host, Origin and size are checked here, requests read, answers written, and a failure becomes an
answer. How long a request may take, how many there may be and what its headers may hold is in
`door.server`; the parts of a form in `door.multipart`. Knows neither orders nor notifications.
"""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from http.client import responses
from typing import TYPE_CHECKING, Literal

from qftools.transport.addresses import AddressError, read_address

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_LOG = logging.getLogger("qftools.transport.door")

MAX_BODY = 256 * 1024
WAIT = "qftools.wait"  # environ key: who waits for a slow reply
ANSWER = "qftools.answer"  # environ key: the answer, where it was made beforehand
LONGEST_WAIT = 600.0

Fate = Literal["answer", "refused", "lost", "half"]


@dataclass(frozen=True, slots=True)
class WireRequest:
    """One HTTP request: header names in lower case with hyphens, everything else as it came."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class WireResponse:
    """One HTTP answer, and what becomes of it on its way.

    Attributes:
        fate: ``answer``: delivered. ``refused``: as if no server listened. ``lost``: the
            connection ends without a reply. ``half``: it ends in the middle of the body.
        delay: Seconds before anything leaves.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    fate: Fate = "answer"
    delay: float = 0.0

    def with_fate(self, fate: Fate) -> WireResponse:
        """Return the same answer with another fate."""
        return replace(self, fate=fate)


def plain(status: int, text: str, *headers: tuple[str, str]) -> WireResponse:
    """Return an answer that is not the gateway's: a wrong path, a wrong method, a bad Host."""
    return WireResponse(
        status,
        (("Content-Type", "text/plain; charset=UTF-8"), *headers),
        (text + "\n").encode(),
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


class Door:
    """A WSGI application that lets in what comes from this machine and from no page elsewhere.

    A subclass says in `answered` what it answers.

    Args:
        hosts: Names, besides loopback ones, that the ``Host`` header may carry.

    Attributes:
        waits: Whether making an answer may wait for another process: then a thread makes it.
    """

    waits = False

    def __init__(self, *, hosts: Iterable[str] = ()) -> None:
        self.hosts = frozenset(host.lower() for host in hosts)

    def answered(self, request: WireRequest) -> WireResponse:
        """Return the answer to a request that was let in."""
        raise NotImplementedError

    def before_reply(self) -> None:
        """Do what has to happen between an answer and its way back; nothing here."""

    def after_reply(self) -> None:
        """Do what has to happen when an answer has left; nothing here."""

    def takes_links(self, request: WireRequest) -> bool:
        """Tell whether a request of a page elsewhere is let in, to be judged by `answered`."""
        return False

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        """Answer one request (WSGI)."""
        response = self.leaving(environ)
        if response.fate in ("lost", "refused"):
            self.after_reply()
            raise Dropped(response.fate == "refused")  # WSGI has no other word for it
        body = b"" if environ["REQUEST_METHOD"] == "HEAD" else response.body
        headers = [*response.headers, ("Content-Length", str(len(response.body)))]
        reason = responses.get(response.status, "Answered")
        start_response(f"{response.status} {reason}", headers)
        chunks = [body[: len(body) // 2] if response.fate == "half" else body]
        return _Body(chunks, self.after_reply)

    def leaving(self, environ: WSGIEnvironment) -> WireResponse:
        """Return the answer to one request when it is time for it to leave."""
        response: WireResponse = environ.get(ANSWER) or self.answer(environ)
        self.before_reply()
        if response.delay > 0:
            environ.get(WAIT, time.sleep)(min(response.delay, LONGEST_WAIT))
        return response

    def answer(self, environ: WSGIEnvironment) -> WireResponse:
        """Return the answer to one request, made and kept; its fate is still to be met."""
        request = _request(environ)
        try:
            return self.refused(request) or self.answered(request)
        except Exception:
            # A defect: say so, and go on answering.
            _LOG.exception("%s %s", request.method, request.path)
            return plain(500, "500 qftools failed on this request; its log says where")

    def leaves_at_once(self, response: WireResponse) -> bool:
        """Tell whether nothing is waited for between an answer and the next request."""
        return response.delay <= 0

    def refused(self, request: WireRequest) -> WireResponse | None:
        """Return the answer to a request that is not let in, None for any other."""
        host = request.headers.get("host", "localhost")
        if not self.is_here(host):
            known = ", ".join(("loopback names", *sorted(self.hosts)))
            return plain(421, f"421 only {known} are answered here, not {host[:80]!r}")
        if len(request.body) > MAX_BODY:
            return plain(413, f"413 a body may have {MAX_BODY} bytes at most")
        if not is_own_origin(request) and not self.takes_links(request):
            return plain(403, "403 a web page of another origin may not call this")
        return None

    def is_here(self, host: str) -> bool:
        """Tell whether a ``Host`` value (with or without port) is this machine's own.

        A name that only resolves to loopback is not: that is how a web page elsewhere
        would reach a developer's sandbox.
        """
        name, is_loopback = _named(host)
        return is_loopback or name in self.hosts


def is_own_origin(request: WireRequest) -> bool:
    """Tell whether a request comes from no web page, or from a page of this very server."""
    origin = request.headers.get("origin")
    if origin is not None:
        host = request.headers.get("host", "").lower()
        return origin.lower() in (f"http://{host}", f"https://{host}")
    return request.headers.get("sec-fetch-site", "none") in ("none", "same-origin")


@functools.lru_cache(maxsize=64)
def _named(host: str) -> tuple[str, bool]:
    """Return the name in a ``Host`` value, empty where it is none; and whether it is loopback."""
    try:
        address = read_address(f"http://{host}")
    except AddressError:
        return "", False
    return ("", False) if address.rest else (address.host, address.is_loopback)


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
