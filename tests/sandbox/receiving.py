"""A merchant's receiver on a real socket, for tests."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class Receiver:
    """Answers POSTs as it is told, and keeps what came.

    Args:
        answer: Status, body and more headers of every answer.
    """

    def __init__(self, answer: tuple[Any, ...] = (200, b"SUCCESS")) -> None:
        self.answer = answer
        self.came: list[tuple[dict[str, str], bytes]] = []
        self.meanwhile: Callable[[], object] = lambda: None
        self._changed = threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver._receive(self)

            def log_message(self, *_: object) -> None:
                """Nothing is printed."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/notify"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )
        self._thread.start()

    def _receive(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        self.meanwhile()
        with self._changed:
            self.came.append((dict(handler.headers.items()), body))
            self._changed.notify_all()
        status, answer, *more = self.answer
        handler.send_response(status)
        for name, value in (more[0] if more else {}).items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(answer)))
        handler.end_headers()
        handler.wfile.write(answer)

    def wait_for(self, count: int, seconds: float = 10.0) -> bool:
        """Come back when so many have come; False if they do not."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self.came) >= count, seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)
