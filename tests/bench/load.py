"""The load: one process, many connections, each with one request under way at a time.

    python -m tests.bench.load '{"port": 8787, "cycle": "qfpay", "connections": 8, "seconds": 1}'

Prints what came of it as JSON. Every reply is looked at: a wrong one is counted, not hidden.
"""

from __future__ import annotations

import json
import re
import selectors
import socket
import subprocess
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from tests.bench import cores
from tests.bench.servers import Server
from tests.bench.timing import ROOT
from tests.bench.traffic import CYCLES, KNOWN_AHEAD, Cycle

CYCLES_A_SECOND = 4_000  # so many are made ahead; no server here is faster

_LENGTH = re.compile(rb"(?i)\r\ncontent-length:\s*(\d+)")
_CHUNKED = re.compile(rb"(?i)\r\ntransfer-encoding:\s*chunked")
_CLOSE = re.compile(rb"(?i)\r\nconnection:\s*close")


@dataclass(frozen=True, slots=True)
class Load:
    """What one burst came to.

    Attributes:
        requests: How many were answered.
        seconds: From the first request to the last reply.
        processor: Processor seconds of the server meanwhile.
        p50: Half of the replies came within so many milliseconds.
        p99: All but one in a hundred did.
        wrong: Replies that were not what they must be; the first of them is *example*.
    """

    requests: int
    seconds: float
    processor: float
    p50: float
    p99: float
    wrong: int = 0
    example: str = ""

    @property
    def rate(self) -> float:
        """Requests per second, by the clock on the wall: what a user sees."""
        return self.requests / self.seconds

    @property
    def processor_rate(self) -> float:
        """Requests per processor second: what a core of its own would answer in a second.

        Other programs on the machine can't change it; waiting (for a disk, for Nagle's
        algorithm) does not count in it.
        """
        return self.requests / (self.processor or self.seconds)


def burst(
    server: Server,
    cycle: str,
    *,
    connections: int = 8,
    seconds: float | None = None,
    cycles: int | None = None,
    first: int = 0,
) -> Load:
    """Let a process of its own, on its own core, load *server*.

    Args:
        server: It is left running.
        cycle: A name of `traffic.CYCLES`.
        connections: How many requests are under way at a time.
        seconds: No new cycle begins later than this.
        cycles: How many cycles at most.
        first: The number of the first cycle; numbers must not come twice.

    Raises:
        ValueError: A reply was wrong: such a number would mean nothing.
    """
    plan = {
        "port": server.port,
        "cycle": cycle,
        "connections": connections,
        "seconds": seconds,
        "cycles": cycles,
        "first": first,
    }
    before = server.processor_seconds()
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.load", json.dumps(plan)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=cores.for_load,
    )
    if done.returncode:
        raise ValueError(f"the load on {cycle} broke: {done.stderr.strip().splitlines()[-1:]}")
    used = server.processor_seconds() - before
    load = Load(**json.loads(done.stdout), processor=used)
    if load.wrong:
        raise ValueError(f"{load.wrong} replies to {cycle} were wrong, such as {load.example}")
    return load


Step = tuple[bytes, bytes]


@dataclass
class _Connection:
    """One connection and the cycle that it is in."""

    port: int
    link: socket.socket = field(init=False)
    cycle: Cycle | None = None
    expected: bytes = b""
    sent: float = 0.0
    got: bytes = b""

    def open(self) -> None:
        self.link = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        self.link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class _Driver:
    """Keeps every connection busy until the plan is carried out."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self._make = CYCLES[plan["cycle"]]
        self._port, self._count = plan["port"], plan["connections"]
        self._seconds = plan["seconds"] or 3600.0
        self._left = plan["cycles"] or sys.maxsize
        self._next = plan["first"]
        self._prepared = self._made_ahead()
        self._waiting: list[float] = []
        self._wrong, self._example = 0, ""
        self._ready = selectors.DefaultSelector()

    def _made_ahead(self) -> deque[list[Step]]:
        """Make requests before the clock runs, so that signing them slows no reply down."""
        if self._make not in KNOWN_AHEAD:
            return deque()
        count = min(self._left, round(CYCLES_A_SECOND * min(self._seconds, 10.0)))
        numbers = range(self._next, self._next + count)
        self._next += count
        return deque(list(self._make(number)) for number in numbers)

    def run(self) -> dict[str, Any]:
        connections = [_Connection(self._port) for _ in range(self._count)]
        for connection in connections:
            connection.open()
        start = time.perf_counter()
        self._end = start + self._seconds
        for connection in connections:
            self._ready.register(connection.link, selectors.EVENT_READ, connection)
            self._begin(connection)
        while self._ready.get_map():
            for key, _ in self._ready.select(timeout=60) or self._stuck():
                self._read(key.data)
        taken = time.perf_counter() - start
        delays = sorted(self._waiting)
        return {
            "requests": len(delays),
            "seconds": taken,
            "p50": delays[len(delays) // 2] * 1e3,
            "p99": delays[len(delays) * 99 // 100] * 1e3,
            "wrong": self._wrong,
            "example": self._example,
        }

    def _begin(self, connection: _Connection) -> None:
        if self._left <= 0 or time.perf_counter() >= self._end:
            self._ready.unregister(connection.link)
            connection.link.close()
            return
        self._left -= 1
        connection.cycle = self._cycle()
        self._send(connection, *next(connection.cycle))

    def _cycle(self) -> Cycle:
        if self._prepared:
            return _played(self._prepared.popleft())
        self._next += 1
        return self._make(self._next)

    def _send(self, connection: _Connection, request: bytes, expected: bytes) -> None:
        connection.expected, connection.got = expected, b""
        connection.sent = time.perf_counter()
        connection.link.sendall(request)

    def _read(self, connection: _Connection) -> None:
        piece = connection.link.recv(65536)
        connection.got += piece
        body = _complete(connection.got)
        if body is None and piece:
            return
        self._waiting.append(time.perf_counter() - connection.sent)
        if body is None or connection.expected not in body:
            self._wrong += 1
            self._example = self._example or repr(connection.got[:600])
        if not piece or _closes(connection.got):
            self._reopen(connection)
        self._go_on(connection, body or b"")

    def _go_on(self, connection: _Connection, body: bytes) -> None:
        assert connection.cycle is not None
        try:
            request, expected = connection.cycle.send(body)
        except StopIteration:
            self._begin(connection)
        else:
            self._send(connection, request, expected)

    def _reopen(self, connection: _Connection) -> None:
        self._ready.unregister(connection.link)
        connection.link.close()
        connection.open()
        self._ready.register(connection.link, selectors.EVENT_READ, connection)

    def _stuck(self) -> list[Any]:
        raise TimeoutError(f"no reply from port {self._port} for a minute")


def _played(steps: list[Step]) -> Cycle:
    for step in steps:
        _ = yield step  # whatever the reply


def _complete(got: bytes) -> bytes | None:
    """Return the body of a reply that is all there, None for one that is not."""
    head, end, body = got.partition(b"\r\n\r\n")
    if not end:
        return None
    length = _LENGTH.search(head)
    if length is not None:
        return body if len(body) >= int(length[1]) else None
    if _CHUNKED.search(head):
        return body if body.endswith(b"0\r\n\r\n") else None
    return b"" if head.split(b" ", 2)[1] == b"204" else None


def _closes(got: bytes) -> bool:
    head = got.partition(b"\r\n\r\n")[0]
    return head.startswith(b"HTTP/1.0") or bool(_CLOSE.search(head))


if __name__ == "__main__":
    print(json.dumps(_Driver(json.loads(sys.argv[1])).run()))
