"""The sandbox on waitress, the server that it had before its own.

python -m tests.bench.on_waitress PORT
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from waitress import serve

from qftools.sandbox import Sandbox
from qftools.transport.door import WireRequest

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def on_waitress(sandbox: Sandbox) -> WSGIApplication:
    """Return a WSGI application that answers as the sandbox does."""
    app = sandbox._assembly.app

    def answered(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        headers = {
            name.removeprefix("HTTP_").replace("_", "-").lower(): value
            for name, value in environ.items()
            if name.startswith("HTTP_") or name in ("CONTENT_TYPE", "CONTENT_LENGTH")
        }
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        method, path, query = (
            environ[name] for name in ("REQUEST_METHOD", "PATH_INFO", "QUERY_STRING")
        )
        answer = app.answer(WireRequest(method, path, query, headers, body))
        app.has_errands()
        length = ("Content-Length", str(len(answer.body)))
        start_response(f"{answer.status} Answered", [*answer.headers, length])
        return [answer.body]

    return answered


if __name__ == "__main__":
    with Sandbox(clock="real") as sandbox:
        serve(on_waitress(sandbox), listen=f"127.0.0.1:{sys.argv[1]}", threads=8)
