"""HTTP with one deadline for the whole reply, from the first byte sent to the last byte read.

`requests` counts its read time-out anew with every byte that comes: a server that sends one
byte in two seconds holds a call for hours. Here each read waits only for what is left.
"""

from __future__ import annotations

import io
import math
import socket
from functools import cache
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPResponse, parse_headers
from time import monotonic
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from requests.cookies import RequestsCookieJar
from urllib3.connection import BaseSSLError
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import ProxyError
from urllib3.poolmanager import PoolManager, ProxyManager

_UPGRADED = HTTPStatus.SWITCHING_PROTOCOLS


class DeadlineAdapter(HTTPAdapter):
    """A `requests` transport whose read time-out is for the whole reply.

    Whatever the other side sends late, in small pieces or without end: headers, interim
    replies, the answer of a proxy (within the connect time-out), or the body.
    """

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools of `requests`, with connections that keep the deadline."""
        super().init_poolmanager(*args, **kwargs)
        _keep_deadlines(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> ProxyManager:
        """The same for the pools behind a proxy."""
        manager: ProxyManager = super().proxy_manager_for(proxy, **kwargs)
        _keep_deadlines(manager)
        return manager

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, *args: Any, **kwargs: Any
    ) -> Any:
        """Call a name under ``localhost`` without a look-up: it is this machine (RFC 6761)."""
        found: Any = super().build_connection_pool_key_attributes(request, *args, **kwargs)
        place, pool = found
        name = place["host"] or ""
        if name.endswith(".localhost"):
            port = f":{place['port']}" if place["port"] else ""
            request.headers.setdefault("Host", name + port)
            place["host"] = "127.0.0.1"
            if place["scheme"] == "https":
                pool["server_hostname"] = name
        return place, pool


class BareSession(requests.Session):
    """Sends one request to one address, and gives the answer as it came.

    It follows no redirect, keeps no cookie, and reads no environment. Tools that watch
    `requests.Session.send` see what goes through it.

    Args:
        base_url: Scheme and host of the only address that it reaches.
        adapter: Carries the bytes.
    """

    def __init__(self, base_url: str, adapter: BaseAdapter) -> None:
        super().__init__()
        self.trust_env = False
        self.cookies = _NoCookies()
        self.adapters.clear()
        self.mount(base_url + "/", adapter)

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Name none: `requests` would read the whole body of a redirect, however long."""


class _NoCookies(RequestsCookieJar):
    def extract_cookies(self, *answer: object) -> None:
        """Take none, and parse none."""


def direct() -> requests.Session:
    """A session for what runs on this machine: it asks no proxy and sends no one's password."""
    session = requests.Session()
    session.trust_env = False
    for scheme in ("http://", "https://"):
        session.mount(scheme, DeadlineAdapter())
    return session


def _keep_deadlines(manager: PoolManager) -> None:
    pools = manager.pool_classes_by_scheme
    manager.pool_classes_by_scheme = {name: _timed_pool(pool) for name, pool in pools.items()}


@cache
def _timed_pool(pool: type[HTTPConnectionPool]) -> type[HTTPConnectionPool]:
    return pool if issubclass(pool, _TimedPool) else type(pool.__name__, (_TimedPool, pool), {})


class _TimedPool(HTTPConnectionPool):
    @property
    def ConnectionCls(self) -> Any:  # type: ignore[override]
        return _timed(super().ConnectionCls)  # looked up each time: VCR puts its own there


@cache
def _timed(carrier: Any) -> Any:
    # In the browser the page's own fetch() carries requests, and in a test a tool may.
    if carrier.__module__ != "urllib3.connection":
        return carrier
    return type(carrier.__name__, (_Timed, carrier), {})


# A mix-in: where this is loaded while VCR is on, http.client has a class of VCR's there.
class _Timed(HTTPConnection if TYPE_CHECKING else object):  # type: ignore[misc]
    """Counts from the first byte of a request; its time-out is urllib3's for the phase."""

    timeout: float | None
    proxy: object
    _until = math.inf
    _began: float | None = None

    def connect(self) -> None:
        self._until = self._after(monotonic())  # for the answer of a proxy
        try:
            super().connect()
        except BaseSSLError:
            raise
        except (OSError, HTTPException) as error:
            if self.proxy is None:
                raise
            raise ProxyError("no tunnel through the proxy", error) from error

    def putrequest(self, *args: Any, **kwargs: Any) -> None:
        self._began = None
        super().putrequest(*args, **kwargs)

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        if self._began is None:
            self._began = monotonic()
        super().send(data)

    def getresponse(self) -> Any:
        self._until = self._after(self._began or monotonic())
        return super().getresponse()

    def response_class(self, sock: socket.socket, *args: Any, **kwargs: Any) -> HTTPResponse:
        return _TimedResponse(_Socket(sock, self._until), *args, **kwargs)  # type: ignore[arg-type]

    def _after(self, moment: float) -> float:
        return math.inf if self.timeout is None else moment + self.timeout


class _TimedResponse(HTTPResponse):
    def _read_status(self) -> tuple[str, int, str]:
        # http.client skips 100 alone. Taken for the reply, 102 or 103 would leave the real one
        # on the connection, for the next request to read as its own.
        while True:
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if not HTTPStatus.CONTINUE < status < HTTPStatus.OK or status == _UPGRADED:
                return version, status, reason
            parse_headers(self.fp)

    def begin(self) -> None:
        super().begin()
        if self.status == _UPGRADED:
            self.will_close = True  # what follows is no HTTP
        # What is no header is dropped. urllib3 would write it to its log, word for word.
        self.msg.defects.clear()
        self.msg.set_payload("")


class _Socket:
    """Gives `http.client` the one thing that it wants of a socket: a file to read from."""

    def __init__(self, sock: socket.socket, until: float) -> None:
        self._sock = sock
        self._until = until

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self._sock, self._until))


class _Reader(io.RawIOBase):
    """Reads from a socket until a moment of the monotonic clock."""

    def __init__(self, sock: socket.socket, until: float) -> None:
        self._sock = sock
        self._until = until
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self._until < math.inf:
            left = self._until - monotonic()
            if left <= 0:
                raise TimeoutError("the reply was not complete in time")
            self._sock.settimeout(left)
        try:
            return self._raw.readinto(buffer)
        except BaseSSLError as error:  # an SSLError else means that nothing was sent
            raise ConnectionAbortedError(f"TLS failed in the reply: {error}") from error

    def close(self) -> None:
        self._raw.close()
        super().close()
