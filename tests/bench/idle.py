"""The sandbox's HTTP server around an application that reads a request and answers ``{}``.

python -m tests.bench.idle PORT
"""

from __future__ import annotations

import sys
from typing import Any

from qftools.sandbox.http import listen


def do_nothing(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Answer any request (WSGI)."""
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", "2")])
    return [b"{}"]


if __name__ == "__main__":
    listen(do_nothing, "127.0.0.1", int(sys.argv[1])).run()  # type: ignore[arg-type]
