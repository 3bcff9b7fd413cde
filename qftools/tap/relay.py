"""The proxy itself: each request goes to one address, once; its reply comes back as it is.

Reads both to know where they end. Changes the ``Host`` line of a request and nothing else,
repeats nothing, and opens a connection for each request: so none can be lost in one that is
being closed.
"""

from __future__ import annotations

import contextlib
import logging
import re
import socket
import threading
import time
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from http.client import responses
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from requests.utils import get_auth_from_url, select_proxy

from qftools.client.replies import PROXIES
from qftools.errors import InputError
from qftools.exchange import Request, Response
from qftools.sandbox.gateway.faults import Fault
from qftools.tap.messages import (
    BadMessage,
    Head,
    Stream,
    content,
    read_head,
    reply_body,
    request_body,
)
from qftools.transport.addresses import Address, read_address
from qftools.transport.door import MAX_BODY, WireRequest, WireResponse, plain

if TYPE_CHECKING:
    import ssl  # loaded where it is needed: a browser has none

_LOG = logging.getLogger("qftools.tap")

CONNECT_SECONDS = 10.0
IDLE_SECONDS = 300.0  # a connection without a request
REQUEST_SECONDS = 30.0  # from a request's first byte to its last
REPLY_SECONDS = 180.0  # from the first byte sent to the last byte of the reply
LAST_SECONDS = 2.0  # for the caller to read the last answer on a connection
STOP_SECONDS = 5.0  # for replies under way
MOST_CONNECTIONS = 100  # beyond it the one that has asked for nothing for the longest is closed
MOST_KEPT = 4 * 1024 * 1024  # bytes of a reply that are looked at; all of it is passed on
_WITHOUT_BODY = (204, 304)
_CONTINUE = re.compile(rb"HTTP/1\.[01] 100[ \r]")


@dataclass(frozen=True, slots=True)
class Passed:
    """What went through.

    Attributes:
        wire: The request as a door reads it.
        request: The request as it was sent on, under the gateway's address.
        response: What came back; None where nothing whole did.
        error: Why nothing came back, in one line.
        sent: Whether the gateway can have seen the request.
        fault: What kept the reply from the caller; None: nothing.
        started: When it was sent, seconds since 1970. *seconds*: how long it took.
    """

    wire: WireRequest
    request: Request
    response: Response | None
    error: str | None
    sent: bool
    fault: Fault | None
    started: float
    seconds: float


class Attendant(Protocol):
    """Who stands at the relay: answers what is not forwarded, and is told what was."""

    def answered(self, request: WireRequest) -> WireResponse | None:
        """Return an answer of its own; None: the request is forwarded."""

    def fault(self, request: WireRequest) -> Fault | None:
        """Return what happens to the reply to a request; None: nothing."""

    def passed(self, what: Passed) -> None:
        """Take what went through."""


class Upstream:
    """The only place to which requests go.

    Args:
        address: Scheme, host and port.
        settings: The proxies, and the file or folder of certificates to trust, of
            `environment_settings`.

    Raises:
        InputError: A proxy can't be used.
    """

    def __init__(self, address: Address, settings: Mapping[str, Any]) -> None:
        self.address = address
        host = f"[{address.host}]" if ":" in address.host else address.host
        self.host = host if address.port is None else f"{host}:{address.port}"
        verify = settings["verify"]
        trusted = verify if isinstance(verify, str) else None
        self._tls = _tls(trusted) if address.scheme == "https" else None
        self._proxy: Address | None = None
        self._asked = b""
        if proxy := select_proxy(address.url, settings["proxies"]):
            self._proxy, self._asked = _tunnel(proxy, host, self._port)

    @property
    def _port(self) -> int:
        return self.address.port or (443 if self._tls else 80)

    def connect(self) -> socket.socket:
        """Open a connection.

        Raises:
            OSError: There is none, or it is not who it should be. Nothing was sent.
        """
        address = self._proxy or self.address
        port = address.port or (80 if self._proxy else self._port)
        name = "127.0.0.1" if address.host.endswith(".localhost") else address.host
        sock = socket.create_connection((name, port), CONNECT_SECONDS)
        try:
            if self._proxy:
                _pass_through(sock, self._asked)
            if self._tls is None:
                return sock
            return self._tls.wrap_socket(sock, server_hostname=self.address.host)
        except BaseException:
            sock.close()
            raise


def _tunnel(proxy: str, host: str, port: int) -> tuple[Address, bytes]:
    """Return where a proxy is, and what asks it for a tunnel to a host.

    Raises:
        InputError: It is none of HTTP.
    """
    parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    try:
        place = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        address = read_address(f"{parts.scheme}://{place}:{parts.port or 80}")
    except ValueError:
        address = None
    if address is None or address.scheme != "http":
        raise InputError(PROXIES, "names a proxy that the tap can't use", "http://host:port")
    lines = [f"CONNECT {host}:{port} HTTP/1.1", f"Host: {host}:{port}"]
    user, password = get_auth_from_url(parts.geturl())
    if user or password:
        basic = b64encode(f"{user}:{password}".encode()).decode()
        lines.append(f"Proxy-Authorization: Basic {basic}")
    return address, "\r\n".join([*lines, "", ""]).encode("latin-1")


def _pass_through(sock: socket.socket, asked: bytes) -> None:
    """Have a proxy open its way to the gateway; nothing of a request goes to the proxy itself.

    Raises:
        OSError: It does not.
    """
    sock.sendall(asked)
    stream = Stream(sock)
    stream.until = monotonic() + CONNECT_SECONDS
    try:
        head = read_head(stream.head() or b"nothing")
    except BadMessage as error:
        raise OSError(0, f"the proxy gave no answer ({error})") from None
    if head.status != 200:
        raise OSError(0, f"the proxy refused: HTTP {head.status}")


def _tls(certificates: str | None) -> ssl.SSLContext:
    import ssl
    from pathlib import Path

    from requests.utils import DEFAULT_CA_BUNDLE_PATH

    trusted = certificates or DEFAULT_CA_BUNDLE_PATH
    if Path(trusted).is_dir():
        context = ssl.create_default_context(capath=trusted)
    else:
        context = ssl.create_default_context(cafile=trusted)
    context.set_alpn_protocols(["http/1.1"])
    return context


class Relay:
    """Listens on loopback and forwards; one thread for each connection.

    Args:
        upstream: Where requests go.
        attendant: Answers what is not forwarded, and is told what was.
        port: 0 takes a free one.
        clock: Gives the time in seconds since 1970.

    Raises:
        OSError: The port is taken.
    """

    def __init__(
        self,
        upstream: Upstream,
        attendant: Attendant,
        port: int = 0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._upstream = upstream
        self._attendant = attendant
        self._clock = clock
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._idle: dict[socket.socket, None] = {}  # the one that waits longest is first
        self._under_way: set[socket.socket] = set()  # to the gateway
        self._threads: set[threading.Thread] = set()
        self._listener = socket.create_server(("127.0.0.1", port))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._acceptor = threading.Thread(target=self._accept, name="qftools-tap", daemon=True)
        self._acceptor.start()

    def stop(self) -> None:
        """Take no more requests, and let those under way end, for a few seconds.

        What has no reply by then is noted so: the gateway may have acted on it.
        """
        self._stopping.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            idle, threads = tuple(self._idle), tuple(self._threads)
        for sock in idle:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        _join((self._acceptor, *threads), STOP_SECONDS)
        with self._lock:
            for there in self._under_way:
                with contextlib.suppress(OSError):  # not an SSLSocket's: it is read meanwhile
                    socket.socket.shutdown(there, socket.SHUT_RDWR)
        _join(threads, LAST_SECONDS + 1)

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:  # the process may open no more files: wait until one is closed
                self._make_room()
                self._stopping.wait(0.1)
                continue
            if len(self._threads) >= MOST_CONNECTIONS and not self._make_room():
                sock.close()
                continue
            thread = threading.Thread(target=self._serve, args=(sock,), daemon=True)
            with self._lock:
                self._threads.add(thread)
                self._idle[sock] = None
            thread.start()

    @contextlib.contextmanager
    def _open(self, there: socket.socket) -> Iterator[None]:
        """Close a connection to the gateway in the end; `stop` may end it before."""
        with self._lock:
            self._under_way.add(there)
        try:
            with there:
                yield
        finally:
            with self._lock:
                self._under_way.discard(there)

    def _make_room(self) -> bool:
        """Close the connection that has asked for nothing for the longest; tell whether one was."""
        with self._lock:
            idle = next(iter(self._idle), None)
            if idle is None:
                return False
            del self._idle[idle]
            with contextlib.suppress(OSError):
                idle.shutdown(socket.SHUT_RDWR)
            return True

    def _serve(self, sock: socket.socket) -> None:
        stream = Stream(sock)
        try:
            with sock, contextlib.suppress(OSError):  # the caller has hung up
                while not self._stopping.is_set() and self._wait(sock, stream):
                    if not self._one(sock, stream):
                        if not self._stopping.is_set():
                            _end(sock)
                        return
        except Exception:
            _LOG.exception("a defect of the tap")  # the request is not sent again
        finally:
            with self._lock:
                self._threads.discard(threading.current_thread())

    def _wait(self, sock: socket.socket, stream: Stream) -> bool:
        """Wait for a request; `stop` ends it."""
        stream.until = monotonic() + IDLE_SECONDS
        with self._lock:
            self._idle[sock] = None
        try:
            return stream.wait()
        finally:
            with self._lock:
                self._idle.pop(sock, None)

    def _one(self, sock: socket.socket, stream: Stream) -> bool:
        """Read one request and see to it; tell whether the connection goes on."""
        stream.until = monotonic() + REQUEST_SECONDS
        try:
            head, body, expects = _read(sock, stream)
            wire = _wire(head, content(head, body))
        except BadMessage as error:
            sock.sendall(_written(plain(400, f"400 {error}")))
            return False
        own = self._attendant.answered(wire)
        if own is not None:
            sock.sendall(_written(own, head=wire.method == "HEAD"))
            return False
        return self._forwarded(sock, head, body, wire, expects=expects)

    def _forwarded(
        self, sock: socket.socket, head: Head, body: bytes, wire: WireRequest, *, expects: bool
    ) -> bool:
        upstream = self._upstream
        fault: Fault | None = None
        place = upstream.address.url.rstrip("/")
        sent = Request(
            wire.method, place + head.first.split(" ")[1], _sent_headers(head, upstream), wire.body
        )
        started = self._clock()

        def note(response: Response | None, error: str | None, *, reached: bool = True) -> None:
            seconds = self._clock() - started
            self._attendant.passed(
                Passed(wire, sent, response, error, reached, fault, started, seconds)
            )

        try:
            there = upstream.connect()
        except OSError as error:
            note(None, f"no connection: {_why(error)}; nothing was sent", reached=False)
            said = f"502 qftools tap: no connection to {upstream.host}, nothing was sent"
            sock.sendall(_written(plain(502, said)))
            return False
        fault = self._attendant.fault(wire)  # not before: a fault is for what the gateway did
        back = _WayBack(sock, held=fault is not None)
        with self._open(there):
            stream = Stream(there)
            try:
                there.settimeout(REQUEST_SECONDS)
                with contextlib.suppress(ConnectionError):  # answered before it had all of it
                    there.sendall(head.for_host(upstream.host) + body)
                reply, came, open_ended = _reply(stream, back, wire.method, expects=expects)
            except (BadMessage, OSError) as error:
                unread = isinstance(error, BadMessage) and not error.ended
                said = "can't be read" if unread else "did not come whole"
                why = "the tap was stopped" if self._stopping.is_set() else _why(error)
                note(None, f"the reply {said}: {why}")
                back.take(stream.left())
                back.finish()
                if unread:
                    back.pass_on(stream)
                return False
        too_much = stream.left()  # what came behind the announced end is the caller's to judge
        if too_much:
            back.take(too_much)
        note(_response(reply, came), None)
        back.finish()
        if fault is not None:
            self._carry_out(fault, sock, back)
        ends = bool(too_much) or open_ended or reply.is_last or head.is_last or reply.status == 101
        return not (fault or ends or back.is_gone)

    def _carry_out(self, fault: Fault, sock: socket.socket, back: _WayBack) -> None:
        """Let a reply come late or in half; a lost one does not come."""
        if fault.name == "slow":
            self._stopping.wait(fault.seconds)
            sock.sendall(bytes(back.all))
        elif fault.name == "half":
            sock.sendall(back.all[: back.body_at + (len(back.all) - back.body_at) // 2])


class _WayBack:
    """Passes a reply on, piece by piece as it comes; or holds it back whole.

    The last piece leaves when the exchange is noted: what a caller has seen is in the recording.

    Attributes:
        all: What came, where it is held back.
        body_at: Where the body begins in it.
        is_gone: Whether the caller has hung up.
    """

    def __init__(self, sock: socket.socket, *, held: bool) -> None:
        self._sock = sock
        self._held = held
        self._last = b""
        self.all = bytearray()
        self.body_at = 0
        self.is_gone = False

    def take(self, piece: bytes) -> None:
        """Take a piece, and pass the one before it on."""
        if self._held:
            self.all += piece
            if len(self.all) > MOST_KEPT:
                raise BadMessage("it is too long to be held back")
            return
        self.finish()
        self._last = piece

    def pass_on(self, stream: Stream) -> None:
        """Pass on what still comes, as far as it comes, without reading it."""
        with contextlib.suppress(OSError):
            for piece in stream.to_the_end():
                if self._held or self.is_gone:
                    return
                self.take(piece)
                self.finish()

    def finish(self) -> None:
        """Pass the last piece on. A caller that has hung up changes nothing: it was carried out."""
        piece, self._last = self._last, b""
        if self.is_gone or not piece:
            return
        try:
            self._sock.settimeout(REQUEST_SECONDS)
            self._sock.sendall(piece)
        except OSError:
            self.is_gone = True


def _join(threads: Iterable[threading.Thread], seconds: float) -> None:
    until = monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, until - monotonic()))


def _end(sock: socket.socket) -> None:
    """Send no more, and take what is still coming for a while.

    Closed at once, the connection would be reset, and the answer lost with it.
    """
    sock.shutdown(socket.SHUT_WR)
    stream = Stream(sock)
    stream.until = monotonic() + LAST_SECONDS
    for _ in stream.to_the_end():
        pass


def _read(sock: socket.socket, stream: Stream) -> tuple[Head, bytes, bool]:
    """Return head and body of a request as they came, and whether it asked to go on with it."""
    if stream.is_tls:
        raise BadMessage("this is http, and not https: give its address as it is shown")
    head = read_head(stream.head())
    if not head.first.split(" ")[1].startswith("/"):
        raise BadMessage("this is no HTTP proxy: give its address as the gateway's")
    if len(head.all("host")) > 1:
        raise BadMessage("more than one Host")
    expects = [value.lower() for value in head.all("expect")] == ["100-continue"]
    if expects:
        sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = bytearray()
    for piece in request_body(stream, head):
        body += piece
        if len(body) > 2 * MAX_BODY:
            break  # the door refuses it
    return head, bytes(body), expects


def _reply(
    stream: Stream, back: _WayBack, method: str, *, expects: bool
) -> tuple[Head, bytes, bool]:
    """Pass a reply on as it comes; return its head, its body, and whether it has an open end."""
    stream.until = monotonic() + REPLY_SECONDS
    while True:
        if not (raw := stream.head()):
            raise BadMessage("the connection ended", ended=True)
        if not (expects and _CONTINUE.match(raw)):  # the caller has got it already
            back.take(raw)
        head = read_head(raw)
        interim = 100 <= head.status < 200 and head.status != 101
        if not interim:
            break
    back.body_at = len(back.all)
    if method == "HEAD" or head.status in _WITHOUT_BODY:
        return head, b"", False
    pieces, open_ended = reply_body(stream, head)
    body = bytearray()
    for piece in pieces:
        back.take(piece)
        if len(body) < MOST_KEPT:
            body += piece
    return head, bytes(body), open_ended


def _response(head: Head, body: bytes) -> Response:
    """Return a reply as it is looked at: without frames, and decompressed."""
    from qftools.client.replies import Body
    from qftools.errors import TransportError

    whole = Body()
    try:
        whole.add(content(head, body))
        read = whole.whole(",".join(head.all("content-encoding")))
    except (TransportError, zlib.error):
        read = content(head, body)
    return Response(head.status, head.headers, read)


def _wire(head: Head, body: bytes) -> WireRequest:
    method, target, _ = head.first.split(" ")
    path, _, query = target.partition("?")
    headers: dict[str, str] = {}
    for name, value in head.headers:
        key = name.lower().replace("_", "-")
        headers[key] = f"{headers[key]},{value}" if key in headers else value
    return WireRequest(method, path, query, headers, body)


def _sent_headers(head: Head, upstream: Upstream) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name, upstream.host if name.lower() == "host" else value) for name, value in head.headers
    )


def _written(answer: WireResponse, *, head: bool = False) -> bytes:
    """Return an answer of the tap's own as bytes; its connection ends with it."""
    reason = responses.get(answer.status, "Answered")
    lines = [f"HTTP/1.1 {answer.status} {reason}"]
    lines += [f"{name}: {value}" for name, value in answer.headers]
    lines += [f"Content-Length: {len(answer.body)}", "Connection: close", "", ""]
    return "\r\n".join(lines).encode("latin-1", "replace") + (b"" if head else answer.body)


def _why(error: Exception) -> str:
    if untrusted := getattr(error, "verify_message", ""):  # of an SSLCertVerificationError
        return f"its certificate is not trusted ({untrusted})"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) if isinstance(error, (BadMessage, TimeoutError)) else type(error).__name__
