"""How an answer reaches the client: in process, with a clock that is counted, or by a socket."""

from __future__ import annotations

import contextlib
import io
import socket
import struct
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPHeaderDict, HTTPResponse
from urllib3.connection import HTTPConnection
from urllib3.exceptions import MaxRetryError, NewConnectionError

from tests.prove.other.breaks import Wire
from tests.prove.other.gateway import Clock

_BUILDER = HTTPAdapter()


class Handler(Protocol):
    """Takes one request, gives what goes over the wire."""

    def __call__(self, path: str, headers: Mapping[str, str], form: bytes) -> Wire: ...


class Adapter(BaseAdapter):
    """A `requests` transport that gives real bytes to `urllib3`, without a socket."""

    def __init__(self, handle: Handler, clock: Clock) -> None:
        super().__init__()
        self._handle, self._clock = handle, clock

    def send(self, request: Any, *, timeout: Any = None, **how: Any) -> Any:  # type: ignore[override]
        body = request.body or b""
        wire = self._handle(
            urlsplit(request.url).path,
            request.headers,
            body if isinstance(body, bytes) else body.encode(),
        )
        self._clock.sleep(0.1)
        if wire.fate == "refused":
            raise _refused(request)
        if wire.fate == "reset":
            raise requests.ConnectionError("Connection aborted.", request=request)
        if wire.fate == "late":
            self._clock.sleep(timeout[1] if isinstance(timeout, tuple) else timeout or 60.0)
            raise requests.ReadTimeout("Read timed out.", request=request)
        return _response(request, wire, self._clock, stream=bool(how.get("stream")))

    def close(self) -> None:
        """Nothing is held."""


def _response(request: Any, wire: Wire, clock: Clock, *, stream: bool) -> requests.Response:
    whole = wire.body[: len(wire.body) // 2] if wire.fate == "half" else wire.body
    raw = HTTPResponse(
        body=_Slow(whole, clock) if wire.fate == "drip" else io.BytesIO(whole),
        headers=HTTPHeaderDict([*wire.headers, ("Content-Length", str(len(wire.body)))]),
        status=wire.status,
        reason="OK",
        preload_content=False,
        request_method=request.method,
    )
    response = _BUILDER.build_response(request, raw)
    if not stream:
        _ = response.content
    return response


class _Slow(io.BytesIO):
    """Bytes that come one every two seconds; the time is counted, not waited."""

    def __init__(self, body: bytes, clock: Clock) -> None:
        super().__init__(body)
        self._clock = clock

    def read(self, size: int | None = -1, /) -> bytes:
        some = super().read(size)
        self._clock.sleep(2.0 * len(some))
        return some


def _refused(request: Any) -> requests.ConnectionError:
    pool = HTTPConnectionPool("other.localhost")
    reason = NewConnectionError(HTTPConnection("other.localhost"), "refused")
    return requests.ConnectionError(MaxRetryError(pool, request.url or "", reason), request=request)


# ---- a real socket ------------------------------------------------------------------------------


@contextlib.contextmanager
def served(handle: Handler) -> Iterator[str]:
    """Answer on a free port of this machine, and give the address."""
    listening = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()
    thread = threading.Thread(target=_serve, args=(listening, handle, stop), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        stop.set()
        with contextlib.suppress(OSError):  # wakes the thread up
            socket.create_connection(listening.getsockname(), 1).close()
        thread.join(5)
        listening.close()


def _serve(listening: socket.socket, handle: Handler, stop: threading.Event) -> None:
    while not stop.is_set():
        connection, _ = listening.accept()
        with connection, contextlib.suppress(OSError):
            connection.settimeout(2)
            request = _read(connection)
            if request is not None and not stop.is_set():
                _write(connection, handle(*request))


def _read(connection: socket.socket) -> tuple[str, Mapping[str, str], bytes] | None:
    with connection.makefile("rb") as stream:
        first = stream.readline().decode("latin-1").split()
        if len(first) < 2:
            return None
        headers = requests.structures.CaseInsensitiveDict[str]()
        while (line := stream.readline().decode("latin-1").strip()) != "":
            name, _, value = line.partition(":")
            headers[name] = value.strip()
        return urlsplit(first[1]).path, headers, stream.read(int(headers.get("Content-Length", 0)))


def _write(connection: socket.socket, wire: Wire) -> None:
    if wire.fate in ("refused", "reset"):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return
    if wire.fate == "late":
        _wait_until_gone(connection)
        return
    lines = [f"HTTP/1.1 {wire.status} OK", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in wire.headers]
    lines += [f"Content-Length: {len(wire.body)}", "", ""]
    head = "\r\n".join(lines).encode("latin-1", "replace")
    body = wire.body[: len(wire.body) // 2] if wire.fate == "half" else wire.body
    connection.sendall(head)
    if wire.fate != "drip":
        connection.sendall(body)
        return
    for byte in body:  # each byte in time, the whole of them not
        connection.sendall(bytes([byte]))
        time.sleep(0.05)


def _wait_until_gone(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while connection.recv(1024):
            pass
