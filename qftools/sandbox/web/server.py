"""The sandbox on loopback: a server in a thread of its own, around the application.

Knows no rule. Listens nowhere but on loopback unless it is told to.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from qftools.errors import SandboxError

if TYPE_CHECKING:
    from qftools.transport.server import HttpServer, Served

IN_PROCESS_URL = "http://sandbox.localhost"


class Background:
    """A server in a thread of its own.

    Args:
        served: What it serves.
        host: Where it listens; loopback by default.
        port: 0 takes a free one.

    Raises:
        SandboxError: The port is taken.
    """

    def __init__(self, served: Served, host: str = "127.0.0.1", port: int = 0) -> None:
        from qftools.transport.server import listen  # not in a browser: it has no sockets

        try:
            self._server: HttpServer = listen(served, host, port)
        except ValueError:
            raise SandboxError("{host} is no address of this machine", host=host) from None
        except OSError as error:
            raise SandboxError(
                "can't listen on {host}:{port} ({reason}); choose another port, 0 takes a free one",
                host=host,
                port=port,
                reason=error.strerror,
            ) from error
        self.url = self._server.url
        self._thread = threading.Thread(target=self._server.run, name="qftools-sandbox")
        self._thread.daemon = True
        self._thread.start()

    def hurry(self) -> None:
        """Let the slow replies under way leave now."""
        self._server.hurry()

    def stop(self) -> None:
        """Stop listening, close every connection, and return when that is done."""
        self._server.stop()
        self._thread.join(timeout=5)
