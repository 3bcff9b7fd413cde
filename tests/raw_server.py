"""A server that reads one HTTP request at a time and answers with whatever bytes a test wants."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterable

Answer = Callable[[bytes], Iterable[bytes]]


class RawServer:
    """Answers on loopback, from a thread of its own for each connection.

    Args:
        answer: Is given a request, head and body, and yields what to send.
        gap: Seconds between two pieces of an answer.
        closes: Whether the connection ends with the answer.
        tls: Makes it a server of https.
    """

    def __init__(
        self,
        answer: Answer,
        *,
        gap: float = 0.0,
        closes: bool = True,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._answer = answer
        self._gap = gap
        self._closes = closes
        self._stop = threading.Event()
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self.requests: list[bytes] = []
        self._start(self._accept)

    @property
    def url(self) -> str:
        return f"http{'s' if self._tls else ''}://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> RawServer:
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)

    def _start(self, run: Callable[[], None]) -> None:
        thread = threading.Thread(target=run, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                connection.settimeout(10)
                self._start(lambda it=connection: self._talk(it))  # type: ignore[misc]

    def _talk(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), contextlib.ExitStack() as open_:
            open_.callback(connection.close)
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
                open_.callback(connection.close)
            while (request := _request(connection)) and not self._stop.is_set():
                self.requests.append(request)
                for number, piece in enumerate(self._answer(request)):
                    if number and self._gap and self._stop.wait(self._gap):
                        return
                    connection.sendall(piece)
                if self._closes:
                    return


def _request(connection: socket.socket) -> bytes:
    got = b""
    while b"\r\n\r\n" not in got:
        if not (part := connection.recv(65_536)):
            return b""
        got += part
    head, _, body = got.partition(b"\r\n\r\n")
    length = next(
        (
            int(line.partition(b":")[2])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length:")
        ),
        0,
    )
    while len(body) < length:
        body += connection.recv(65_536)
    return head + b"\r\n\r\n" + body


def reply(body: bytes, *headers: str, status: str = "200 OK", closes: bool = True) -> bytes:
    """A whole answer, as bytes, which says whether its connection ends with it.

    A client that is not told may send its next request into a connection that is closing.
    """
    ends = "close" if closes else "keep-alive"
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", f"Connection: {ends}"]
    lines += [*headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def says(*pieces: bytes) -> Answer:
    """Answers the same to every request."""
    return lambda request: pieces


def drips(data: bytes) -> Answer:
    """Answers with one byte after the other; the gap is the server's."""
    return lambda request: (bytes([byte]) for byte in data)
