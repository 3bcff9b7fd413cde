"""A static host as readers meet one: it compresses what is text, and lets browsers keep files.

As GitHub Pages do: gzip for text, scripts and wasm, not for archives; ten minutes to keep, then
a question whether the file is still the same. Files are compressed beforehand, not on request.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

_PACKED = ("text/", "application/javascript", "application/json", "application/wasm", "image/svg")


@dataclass(frozen=True, slots=True)
class File:
    """What is sent for one path."""

    kind: str
    packed: bool
    body: bytes
    tag: str


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, files: dict[str, File], sent: list[int], *args: object) -> None:
        self.files, self.sent = files, sent
        super().__init__(*args)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        path = unquote(self.path.partition("?")[0])
        file = self.files.get(path + "index.html" if path.endswith("/") else path)
        if file is None:
            self._answer(HTTPStatus.NOT_FOUND, {}, b"")
            return
        headers = {"ETag": file.tag, "Cache-Control": "max-age=600"}
        if self.headers.get("If-None-Match") == file.tag:
            self._answer(HTTPStatus.NOT_MODIFIED, headers, b"")
            return
        headers["Content-Type"] = file.kind
        if file.packed:
            headers["Content-Encoding"] = "gzip"
        self._answer(HTTPStatus.OK, headers, file.body)

    def _answer(self, status: HTTPStatus, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status is not HTTPStatus.NOT_MODIFIED:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.sent.append(len(body))

    def log_message(self, *args: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that leaves a page before all of it came is no error."""


@contextmanager
def hosted(folder: Path) -> Iterator[tuple[str, list[int]]]:
    """Serve *folder* on loopback; yields its address and the bytes of each answer, as they go."""
    files = {
        f"/{path.relative_to(folder).as_posix()}": _file(path)
        for path in folder.rglob("*")
        if path.is_file()
    }
    sent: list[int] = []
    with _Server(("127.0.0.1", 0), partial(_Handler, files, sent)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", sent
        finally:
            server.shutdown()
            thread.join()


def _file(path: Path) -> File:
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    kind = kind.replace("text/javascript", "application/javascript")
    packed, body = kind.startswith(_PACKED), path.read_bytes()
    tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
    return File(kind, packed, gzip.compress(body, 6, mtime=0) if packed else body, tag)
