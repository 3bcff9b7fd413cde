"""The server behind every door: waitress, bounded, with what it lacks for this gateway.

It drops the legacy header with underscores, writes header names its own way, has no word
for "close without a reply", and gives every request to a thread; each is a small override.
The sandbox answers one request at a time without waiting, so its answers are made in the loop that
reads them, twice as fast; threads do work that waits: slow replies and notifications.
"""

from __future__ import annotations

import logging
import os
import re
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import ClientDisconnected, HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import TcpWSGIServer
from waitress.task import ThreadedTaskDispatcher, WSGITask

from qftools.transport.door import ANSWER, MAX_BODY, WAIT, Dropped, WireResponse

_LEGACY_HEADER = re.compile(rb"(?im)^X_QF_MCHCODE(?=[ \t]*:)")
_SIGN_AS_WRITTEN = (b"\r\nX-Qf-Sign: ", b"\r\nX-QF-SIGN: ")
THREADS = 8
HEADER_SECONDS = 10.0  # from a request's first byte to the end of its headers
REQUEST_SECONDS = 30.0  # and to the end of its body
MOST_HEADER_LINES = 200
LONGEST_HEADER = 64 * 1024
MOST_CONNECTIONS = 1_000
ACCEPTED_AT_ONCE = 64
_LOG = logging.getLogger("qftools.transport.server")
_LOG.setLevel(logging.ERROR)


class Served(Protocol):
    """A WSGI application in two halves; the loop runs the first one if it never `waits`."""

    waits: bool

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        """Answer a request, or carry out the answer that was made beforehand."""

    def answer(self, environ: dict[str, Any]) -> WireResponse:
        """Make the answer."""

    def leaves_at_once(self, response: WireResponse) -> bool:
        """Tell whether an answer can be sent without waiting."""


class _NeedsThread(BaseException):
    """Hand this request to a worker thread."""


class _Dispatcher(ThreadedTaskDispatcher):  # type: ignore[misc]
    """Lets the loop's own thread begin every request; the other threads finish what waits."""

    def __init__(self) -> None:
        super().__init__()
        self._read: deque[_Channel] = deque()
        self._loop: int | None = None

    def run_loop_here(self) -> None:
        """Take the calling thread for the one that reads requests."""
        self._loop = threading.get_ident()

    @property
    def in_loop(self) -> bool:
        """Whether the calling thread is that one."""
        return threading.get_ident() == self._loop

    def add_task(self, channel: _Channel) -> None:
        """Take a request that was read. Its channel holds a lock that `service` needs, too."""
        if self.in_loop and not channel.total_outbufs_len:
            self._read.append(channel)
        else:
            super().add_task(channel)

    def give_to_thread(self, channel: _Channel) -> None:
        """Let a thread finish what was begun in the loop."""
        super().add_task(channel)

    def begin(self) -> None:
        """Begin every request that was read."""
        while self._read:
            self._read.popleft().service()


class _Parser(HTTPRequestParser):  # type: ignore[misc]
    """Keeps the header that servers drop, and refuses (400) what they choke on."""

    def parse_header(self, header_plus: bytes) -> None:
        if header_plus.count(b"\n") > MOST_HEADER_LINES:
            raise ParsingError("Too many headers")
        try:
            super().parse_header(_LEGACY_HEADER.sub(b"X-QF-MCHCODE", header_plus))
        except ValueError as error:  # a length of thousands of digits, a URL with half a bracket
            raise ParsingError("Header is invalid") from error
        if self.version == "1.1" and "HOST" not in self.headers:
            raise ParsingError("Host is missing")
        if self.chunked and "CONTENT_LENGTH" in self.headers:  # where does the request end?
            raise ParsingError("Content-Length stands beside Transfer-Encoding")


class _Task(WSGITask):  # type: ignore[misc]
    """Closes the connection when the application says so, and writes X-QF-SIGN as is."""

    logger = _LOG  # half a reply is meant so: no warning

    def execute(self) -> None:
        if self.channel.server.task_dispatcher.in_loop:
            self._begin()
        try:
            super().execute()
        except Dropped as dropped:
            if dropped.refused:  # as near as one gets once the connection is made: a reset
                linger = struct.pack("ii", 1, 0)
                self.channel.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            # What waitress raises when the other side is gone: it writes nothing and closes.
            raise ClientDisconnected from None

    def _begin(self) -> None:
        """Make the answer; continue here if nothing after it waits."""
        app: Served = self.channel.server.application
        if app.waits:
            raise _NeedsThread
        self.channel.made = app.answer(super().get_environment())
        if not app.leaves_at_once(self.channel.made):
            raise _NeedsThread

    def get_environment(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environment()
        environ[WAIT] = self.channel.server.stopping.wait  # a slow reply never delays the end
        # Taken away: the connection's next request may begin before this one is quite over.
        environ[ANSWER], self.channel.made = self.channel.made, None
        return environ

    def build_response_header(self) -> bytes:
        return bytes(super().build_response_header()).replace(*_SIGN_AS_WRITTEN)


class _Channel(HTTPChannel):  # type: ignore[misc]
    parser_class = _Parser
    task_class = _Task
    made: WireResponse | None = None  # an answer that is still to leave
    begun: float | None = None  # since when a request has been coming in

    def handle_read(self) -> None:
        super().handle_read()
        if self.request is None:
            self.begun = None
        elif self.begun is None:
            self.begun = self.server.now()
        self.server.task_dispatcher.begin()

    def is_too_slow(self, now: float) -> bool:
        """Tell whether the request that is coming in has taken too long."""
        if self.request is None or self.begun is None:
            return False
        limit = REQUEST_SECONDS if self.request.headers_finished else HEADER_SECONDS
        return now - self.begun > limit

    def __lt__(self, other: _Channel) -> bool:
        """Tell whether this one is to be dropped before another one: the slowest first."""
        return self._patience() < other._patience()

    def _patience(self) -> tuple[bool, float]:
        return self.request is None, self.begun or self.last_activity

    def service(self) -> None:
        try:
            super().service()
        except _NeedsThread:
            self.server.task_dispatcher.give_to_thread(self)


class HttpServer(TcpWSGIServer):  # type: ignore[misc]
    """A waitress server that can be stopped from another thread."""

    channel_class = _Channel

    def __init__(
        self,
        *arguments: Any,
        now: Callable[[], float],
        most_connections: int,
        **settings: Any,
    ) -> None:
        self.now = now
        self._most_connections = most_connections
        self._next_look = 0.0
        self.stopping = threading.Event()
        self._ending = threading.Lock()
        super().__init__(*arguments, **settings)

    @property
    def url(self) -> str:
        """Where it listens; on all addresses: where this machine itself reaches it."""
        host = str(self.effective_host)
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.effective_port}"

    def run(self) -> None:
        """Serve until `stop` or Ctrl-C."""
        self.task_dispatcher.run_loop_here()
        super().run()

    def readable(self) -> bool:
        """Look once a second for requests that drip in; then as waitress does."""
        now = self.now()
        if now >= self._next_look:
            self._next_look = now + 1
            for channel in tuple(self.active_channels.values()):
                if channel.is_too_slow(now):
                    channel.will_close = True
        return bool(super().readable())

    def handle_accept(self) -> None:
        """Take the connections that wait; drop the slowest that ask for nothing if too many."""
        count = -1
        for _ in range(ACCEPTED_AT_ONCE):
            if count == (count := len(self.active_channels)):
                break
            super().handle_accept()
        # Only now: a new connection must not get the number of one that has events waiting.
        too_many = len(self.active_channels) - self._most_connections
        if too_many > 0:
            idle = [channel for channel in self.active_channels.values() if not channel.requests]
            for channel in sorted(idle)[:too_many]:
                channel.handle_close()

    def pull_trigger(self) -> None:
        """Wake the loop; it is awake where it calls this itself."""
        if not self.task_dispatcher.in_loop:
            super().pull_trigger()

    def stop(self) -> None:
        """End `run`: close every connection and wait for requests under way."""
        self.stopping.set()
        self.task_dispatcher.shutdown(timeout=2)
        # The sockets belong to the thread that selects on them: let it close them. It may be
        # awake already, and must not close the trigger while we are still writing to it.
        with self._ending:
            self.trigger.pull_trigger(self._close_all)

    def _close_all(self) -> None:
        with self._ending:
            wasyncore.close_all(self._map, ignore_all=True)


# Waitress warns of every request that waits for a thread; under load that is noise.
logging.getLogger("waitress.queue").setLevel(logging.ERROR)


def listen(
    app: Served,
    host: str,
    port: int,
    *,
    threads: int = THREADS,
    now: Callable[[], float] = time.monotonic,
    most_connections: int | None = None,
) -> HttpServer:
    """Return a server that listens; ``run()`` serves until ``stop()`` or Ctrl-C.

    Args:
        app: What it serves.
        host: Where it listens.
        port: 0 takes a free one.
        threads: How many finish what waits.
        now: What says how long a request has been coming in, seconds.
        most_connections: Beyond so many the slowest is dropped; None: 1,000, or half of what
            the process may open.

    Raises:
        OSError: The port is taken, or the address is not this machine's.
    """
    settings: dict[str, Any] = {
        "listen": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
        "threads": threads,
        "ident": "qftools",
        "max_request_body_size": 4 * MAX_BODY,
        "max_request_header_size": LONGEST_HEADER,
        "connection_limit": 1_000_000,  # waitress would go deaf; `handle_accept` bounds them
        "channel_timeout": 60,
        "asyncore_use_poll": True,
        "expose_tracebacks": False,
        "clear_untrusted_proxy_headers": False,
    }
    adjustments = Adjustments(**settings)
    sockinfo = adjustments.listen[0]
    bound = _bound(*sockinfo)  # before waitress opens anything: it leaks where this fails
    dispatcher = _Dispatcher()
    dispatcher.set_thread_count(threads)
    return HttpServer(
        app,
        {},
        dispatcher=dispatcher,
        adj=adjustments,
        sockinfo=sockinfo,
        _sock=bound,
        bind_socket=False,
        now=now,
        most_connections=most_connections or _most_connections(),
    )


def _most_connections() -> int:
    try:
        import resource
    except ImportError:  # Windows, where one select() takes 512 sockets
        return MOST_CONNECTIONS // 2
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return min(MOST_CONNECTIONS, files // 2) if files > 0 else MOST_CONNECTIONS


def _bound(family: int, kind: int, protocol: int, address: Any) -> socket.socket:
    bound = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":  # elsewhere it would let two servers share a port
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except BaseException:
        bound.close()
        raise
    return bound
