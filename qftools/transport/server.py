"""The server behind every door: HTTP/1.1 on `asyncio`, bounded, with the faults of a network.

A door answers one request at a time without waiting, so answers are made in the loop that reads
them; a reply that is lost, cut or reset is a call of the transport, a slow one a timer. Threads
do what waits: notifications, and doors that ask another server.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import struct
import threading
import time
from collections.abc import Callable
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from queue import SimpleQueue
from typing import Any, Protocol, cast

from qftools.transport.door import LONGEST_WAIT, Door, WireRequest, WireResponse, plain
from qftools.transport.http1 import BadRequestError, Received, RequestReader

THREADS = 8
HEADER_SECONDS = 10.0  # from a request's first byte to the end of its headers
REQUEST_SECONDS = 30.0  # and to the end of its body
IDLE_SECONDS = 60.0  # without a request, or with an answer that is not read
LAST_SECONDS = 5.0  # for the caller to read why its request is none
STOP_SECONDS = 2.0  # for what threads have begun
MOST_CONNECTIONS = 1_000
READ_AT_ONCE = 16 * 1024  # bytes
_BACKLOG = 1_024
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_RESET = struct.pack("ii", 1, 0)
_REASONS = {status.value: status.phrase for status in HTTPStatus}
_LOG = logging.getLogger("qftools.transport.server")


class Served(Protocol):
    """Something with a door for each request: a door itself, or what many share."""

    def door_for(self, request: WireRequest) -> Door:
        """Return the door that answers."""


class _Connection(asyncio.BufferedProtocol):
    """One connection: its requests are answered one after another.

    It reads into a buffer of its own: asyncio's are of 256 KiB, made anew for each read, and
    cost more than reading.

    Attributes:
        begun: Since when a request has been coming in; None: none is.
        busy: Whether a request is being answered; no other is read meanwhile.
    """

    _received: Received
    _door: Door
    _response: WireResponse
    _transport: asyncio.Transport

    def __init__(self, server: HttpServer) -> None:
        self._server = server
        self._reader = RequestReader()
        self._read = memoryview(bytearray(READ_AT_ONCE))
        self.begun: float | None = None
        self.busy = False
        self._last = server.now()
        self._errands = False
        self._slow: asyncio.TimerHandle | None = None
        self._is_full = False  # the caller does not read as fast as it asks
        self._has_ended = False  # the caller sends no more
        self._is_over = False  # nothing more is read

    # -- what the loop says ---------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._server.take(self)

    def connection_lost(self, error: Exception | None) -> None:
        self.begun, self._is_over = None, True
        self._server.lost(self)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._read

    def buffer_updated(self, nbytes: int) -> None:
        if not self._is_over:
            self._reader.buffer += self._read[:nbytes]
            self._go_on()

    def eof_received(self) -> bool:
        self._has_ended = True
        return not self._is_over and (self.busy or self._is_full)  # False closes it

    def pause_writing(self) -> None:
        self._is_full, self._last = True, self._server.now()
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._is_full = False
        self._go_on()

    # -- one request after another ----------------------------------------------------

    def _go_on(self) -> None:
        """Answer what is here whole, as far as nothing is to be waited for."""
        reader = self._reader
        try:
            while not (self.busy or self._is_full or self._is_over):
                received = reader.next() if reader.buffer else None
                if received is None:
                    self._rest()
                    return
                self._begin(received)
        except BadRequestError as error:
            self._refuse(error)

    def _rest(self) -> None:
        """Wait for more of a request, or for the next one."""
        reader, transport = self._reader, self._transport
        self._last = self._server.now()
        if self._has_ended:
            self._close()
            return
        if reader.wants_word:
            reader.wants_word = False
            transport.write(_CONTINUE)
        if not (reader.buffer or reader.in_body):
            self.begun = None
        elif self.begun is None:
            self.begun = self._last
        if not transport.is_reading() and not self._is_full:
            transport.resume_reading()

    def _begin(self, received: Received) -> None:
        self._received = received
        door = self._door = self._server.served.door_for(received.request)
        self.begun = None
        if door.waits:
            self._in_thread(self._answer, self._deliver)
            return
        self._response = door.answer(received.request)
        self._errands = door.has_errands()
        if self._errands:
            self._in_thread(self._before, self._deliver)
        elif self._response.delay > 0:
            self._deliver()
        else:
            self._leave()

    def _answer(self) -> None:
        """Make the answer, in a thread."""
        self._response = self._door.answer(self._received.request)
        self._errands = self._door.has_errands()
        if self._errands:
            self._before()

    def _before(self) -> None:
        try:
            self._door.before_reply()
        except Exception:
            _LOG.exception("before a reply")
            self._response = plain(500, "500 qftools failed on this request; its log says where")

    def _after(self) -> None:
        try:
            self._door.after_reply()
        except Exception:
            _LOG.exception("after a reply")

    def _deliver(self) -> None:
        """Let the answer leave when it is time."""
        delay = self._response.delay
        if delay > 0:
            self._pause()
            loop = self._server.loop
            self._slow = loop.call_later(min(delay, LONGEST_WAIT), self.hurry)
        else:
            self._leave()

    def hurry(self) -> None:
        """Let a slow reply leave now."""
        if self._slow is not None:
            self._slow.cancel()
            self._slow = None
            self._errands = self._errands or self._door.has_errands()
            self._leave()

    def _leave(self) -> None:
        """Send the answer, or let it meet its fate."""
        transport, fate = self._transport, self._response.fate
        if fate in ("answer", "half") and not transport.is_closing():
            transport.write(_written(self._response, self._received))
        if self._errands:
            self._in_thread(self._after, self._finish)
        elif fate != "answer" or self.busy or not self._received.stays:
            self._finish()  # else the next request follows, and nothing else

    def _finish(self) -> None:
        fate, was_busy = self._response.fate, self.busy
        self.busy = False
        if fate == "refused" and not self._transport.is_closing():
            # As near as one gets once the connection is made: a reset.
            sock = self._transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self.drop()
        elif fate != "answer":
            self._close()
        elif not self._received.stays:
            self._end()
        elif was_busy:
            self._go_on()

    def _refuse(self, error: BadRequestError) -> None:
        """Say why a request is none."""
        old = Received(WireRequest("GET", "/"), is_old=False, stays=False)
        self._transport.write(_written(plain(error.status, str(error)), old))
        self._end()

    # -- what waits --------------------------------------------------------------------

    def _pause(self) -> None:
        self.busy = True
        self._transport.pause_reading()

    def _in_thread(self, work: Callable[[], object], then: Callable[[], object]) -> None:
        """Let a thread do what waits; go on in the loop."""
        self._pause()
        self._server.threads.give(self._worked, work, then)

    def _worked(self, work: Callable[[], object], then: Callable[[], object]) -> None:
        work()
        with contextlib.suppress(RuntimeError):  # the server has stopped meanwhile
            self._server.loop.call_soon_threadsafe(then)

    # -- the end -------------------------------------------------------------------------

    def _end(self) -> None:
        """Send no more; what is still coming is not read, yet taken.

        Closed at once, the connection would be reset, and the answer lost with it.
        """
        self.begun, self._is_over, self._last = None, True, self._server.now()
        transport = self._transport
        if self._has_ended or transport.is_closing():
            transport.close()
            return
        with contextlib.suppress(OSError):  # the caller has gone
            transport.write_eof()
        if not transport.is_reading():
            transport.resume_reading()

    def _close(self) -> None:
        """Close it when all is sent."""
        self._is_over, self._last = True, self._server.now()
        self._transport.close()

    def drop(self) -> None:
        """Close it now."""
        self.begun, self._is_over = None, True
        self._server.connections.discard(self)
        self._transport.abort()

    @property
    def is_at_work(self) -> bool:
        """Whether a thread does something for it."""
        return self.busy and self._slow is None

    def patience(self) -> tuple[bool, bool, float]:
        """Return what says which connection is dropped first where there are too many."""
        return not self._is_over, self.begun is None, self.begun or self._last

    def has_had_its_time(self, now: float) -> bool:
        """Tell whether its request, its rest or its end has taken too long."""
        if self.busy:
            return False
        if self.begun is not None:
            limit = REQUEST_SECONDS if self._reader.in_body else HEADER_SECONDS
            return now - self.begun > limit
        all_sent = not self._transport.get_write_buffer_size()
        return now - self._last > (LAST_SECONDS if self._is_over and all_sent else IDLE_SECONDS)


class _Threads:
    """Threads that do what waits, as many as are needed.

    None of them holds up the end of the process.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._work: SimpleQueue[tuple[Any, ...] | None] = SimpleQueue()
        self._free = threading.Semaphore(0)
        self._threads: list[threading.Thread] = []

    def give(self, work: Callable[..., object], *given: object) -> None:
        """Let one of them do something."""
        if not self._free.acquire(blocking=False) and len(self._threads) < self._most:
            thread = threading.Thread(target=self._run, name="qftools-door", daemon=True)
            self._threads.append(thread)
            thread.start()
        self._work.put((work, *given))

    def _run(self) -> None:
        while (item := self._work.get()) is not None:
            item[0](*item[1:])
            del item
            self._free.release()

    def stop(self, until: float) -> None:
        """End them; those that are still at work at a moment of the monotonic clock end later."""
        for _ in self._threads:
            self._work.put(None)
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))


class HttpServer:
    """A server that listens; ``run()`` serves until `stop` or Ctrl-C.

    Args:
        served: What it serves.
        bound: The socket on which it listens.
        threads: How many finish what waits.
        now: What says how long a request has been coming in, seconds.
        most_connections: Beyond so many the slowest is dropped.
    """

    def __init__(
        self,
        served: Served,
        bound: socket.socket,
        *,
        threads: int,
        now: Callable[[], float],
        most_connections: int,
    ) -> None:
        self.served = served
        self.now = now
        self.loop = asyncio.new_event_loop()
        self.threads = _Threads(threads)
        self.connections: set[_Connection] = set()
        self._open = 0  # connections whose sockets are not closed yet
        self._bound = bound
        self._most_connections = most_connections
        self._next_look = 0.0
        self._stopping = asyncio.Event()
        self._over = threading.Event()
        host, port = bound.getsockname()[:2]
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
        # On all addresses: where this machine itself reaches it.
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{port}"

    def run(self) -> None:
        """Serve until `stop` or Ctrl-C."""
        serving = self.loop.create_task(self._serve())
        try:
            self.loop.run_until_complete(serving)
        except KeyboardInterrupt:
            self._stopping.set()
            self.loop.run_until_complete(serving)
        finally:
            self.loop.close()
            self._over.set()

    def stop(self) -> None:
        """End `run`: close every connection, once what threads have begun is done."""
        with contextlib.suppress(RuntimeError):  # it has ended
            self.loop.call_soon_threadsafe(self._stopping.set)
            self._over.wait(STOP_SECONDS + 3)

    def hurry(self) -> None:
        """Let every slow reply leave now; called from any thread."""
        with contextlib.suppress(RuntimeError):
            self.loop.call_soon_threadsafe(self._hurry)

    def _hurry(self) -> None:
        for connection in tuple(self.connections):
            connection.hurry()

    async def _serve(self) -> None:
        listening = await self.loop.create_server(
            lambda: _Connection(self), sock=self._bound, backlog=_BACKLOG
        )
        looking = self.loop.create_task(self._look_each_second())
        await self._stopping.wait()
        listening.close()
        until = time.monotonic() + STOP_SECONDS
        while any(one.is_at_work for one in self.connections) and time.monotonic() < until:
            await asyncio.sleep(0.01)
        looking.cancel()
        self.threads.stop(until)
        for connection in tuple(self.connections):
            connection.drop()
        while self._open or len(asyncio.all_tasks()) > 1:
            await asyncio.sleep(0)

    async def _look_each_second(self) -> None:
        while True:
            await asyncio.sleep(1)
            self._look()

    def _look(self) -> None:
        """Drop what drips in, rests too long, or does not read its answer."""
        now = self.now()
        if now >= self._next_look:
            self._next_look = now + 1
            for connection in tuple(self.connections):
                if connection.has_had_its_time(now):
                    connection.drop()

    def take(self, connection: _Connection) -> None:
        """Take a new connection; drop the slowest that ask for nothing if there are too many."""
        self._look()
        self._open += 1
        if self._stopping.is_set():
            connection.drop()
            return
        if len(self.connections) >= self._most_connections:
            idle = [one for one in self.connections if not one.busy]
            if idle:
                min(idle, key=_Connection.patience).drop()
        self.connections.add(connection)

    def lost(self, connection: _Connection) -> None:
        """Forget a connection whose socket is closed."""
        self._open -= 1
        self.connections.discard(connection)


def _written(response: WireResponse, received: Received) -> bytes:
    """Return an answer as it is sent."""
    body, status = response.body, response.status
    lines = [f"HTTP/1.{0 if received.is_old else 1} {status} {_REASONS.get(status, 'Answered')}"]
    for name, value in response.headers:
        lines.append(f"{name}: {value}")
    lines.append(f"Content-Length: {len(body)}")
    if not received.stays:
        lines.append("Connection: close")
    elif received.is_old:
        lines.append("Connection: keep-alive")
    lines += ("Server: qftools", f"Date: {_date(int(time.time()))}", "", "")
    head = "\r\n".join(lines).encode("latin-1", "replace")
    if head.count(b"\n") >= len(lines) or head.count(b"\r") >= len(lines):
        raise ValueError("the header of an answer holds the end of a line")
    if received.request.method == "HEAD":
        return head
    return head + (body[: len(body) // 2] if response.fate == "half" else body)


@lru_cache(maxsize=1)
def _date(now: int) -> str:
    """Return a time as HTTP writes it, whatever the language of the machine.

    Example:
        >>> _date(0)
        'Thu, 01 Jan 1970 00:00:00 GMT'
    """
    return formatdate(now, usegmt=True)


def listen(
    served: Served,
    host: str,
    port: int,
    *,
    threads: int = THREADS,
    now: Callable[[], float] = time.monotonic,
    most_connections: int | None = None,
) -> HttpServer:
    """Return a server that listens; ``run()`` serves until ``stop()`` or Ctrl-C.

    Args:
        served: What it serves.
        host: Where it listens.
        port: 0 takes a free one.
        threads: How many finish what waits.
        now: What says how long a request has been coming in, seconds.
        most_connections: Beyond so many the slowest is dropped; None: 1,000, or half of what
            the process may open.

    Raises:
        OSError: The port is taken, or the address is not this machine's.
        ValueError: No look-up finds the host.
    """
    return HttpServer(
        served,
        _bound(host, port),
        threads=threads,
        now=now,
        most_connections=most_connections or _most_connections(),
    )


def _most_connections() -> int:
    try:
        import resource
    except ImportError:  # Windows
        return MOST_CONNECTIONS
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return min(MOST_CONNECTIONS, files // 2) if files > 0 else MOST_CONNECTIONS


def _bound(host: str, port: int) -> socket.socket:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except socket.gaierror:
        raise ValueError("no look-up finds the host") from None
    family, kind, protocol, _, address = found[0]
    bound = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":  # elsewhere it would let two servers share a port
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.listen(_BACKLOG)
    except BaseException:
        bound.close()
        raise
    return bound
