"""The door of everything that listens on this machine: what comes in, and what goes out instead.

Host, Origin and size are checked here, and a failure becomes an answer. How long a request may
take and how many there may be is in `transport.server`, how requests are read in
`transport.http1`, the parts of a form in `transport.multipart`. Knows neither orders nor
notifications.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

from qftools.transport.addresses import AddressError, read_address

_LOG = logging.getLogger("qftools.transport.door")

MAX_BODY = 256 * 1024
LONGEST_WAIT = 600.0

Fate = Literal["answer", "refused", "lost", "half"]


@dataclass(slots=True)
class WireRequest:
    """One HTTP request: header names in lower case with hyphens, everything else as it came."""

    method: str
    path: str
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(slots=True)
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


class Door:
    """Lets in what comes from this machine and from no page elsewhere.

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

    def door_for(self, request: WireRequest) -> Door:
        """Return the door that answers a request: this one."""
        return self

    def has_errands(self) -> bool:
        """Tell whether something is to be done around a reply, which may wait for others.

        Asked when the answer is made; where it is not so, neither of the next two is called.
        """
        return False

    def before_reply(self) -> None:
        """Do what has to happen between an answer and its way back; nothing here."""

    def after_reply(self) -> None:
        """Do what has to happen when an answer has left; nothing here."""

    def takes_links(self, request: WireRequest) -> bool:
        """Tell whether a request of a page elsewhere is let in, to be judged by `answered`."""
        return False

    def answer(self, request: WireRequest) -> WireResponse:
        """Return the answer to one request, made and kept; its fate is still to be met."""
        try:
            return self.refused(request) or self.answered(request)
        except Exception:
            # A defect: say so, and go on answering.
            _LOG.exception("%s %s", request.method, request.path)
            return plain(500, "500 qftools failed on this request; its log says where")

    def refused(self, request: WireRequest) -> WireResponse | None:
        """Return the answer to a request that is not let in, None for any other."""
        headers = request.headers
        host = headers.get("host", "localhost")
        name, is_loopback = _named(host)
        # A name that only resolves to loopback is not let in: that is how a web page elsewhere
        # would reach a developer's sandbox.
        if not is_loopback and name not in self.hosts:
            known = ", ".join(("loopback names", *sorted(self.hosts)))
            return plain(421, f"421 only {known} are answered here, not {host[:80]!r}")
        if len(request.body) > MAX_BODY:
            return plain(413, f"413 a body may have {MAX_BODY} bytes at most")
        of_page = "origin" in headers or "sec-fetch-site" in headers
        if of_page and not is_own_origin(request) and not self.takes_links(request):
            return plain(403, "403 a web page of another origin may not call this")
        return None


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
    return ("", False) if {*"/?#"} & {*host} else (address.host, address.is_loopback)
