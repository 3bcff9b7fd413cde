"""The sandbox's HTTP server around an application that reads a request and answers ``{}``.

python -m tests.bench.idle PORT
"""

from __future__ import annotations

import sys
from typing import Any

from qftools.transport.door import WireResponse
from qftools.transport.server import listen


class DoingNothing:
    """Answers any request (WSGI), and is as quick as can be."""

    waits = False

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        """Answer."""
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", "2")])
        return [b"{}"]

    def answer(self, environ: dict[str, Any]) -> WireResponse:
        """Read the request."""
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        return WireResponse(200)

    def leaves_at_once(self, response: WireResponse) -> bool:
        """Never let it wait."""
        return True


if __name__ == "__main__":
    listen(DoingNothing(), "127.0.0.1", int(sys.argv[1])).run()
