"""The receivers of the page "Notifications": each gets the sandbox's own, over real sockets."""

from __future__ import annotations

import importlib
import socket
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

from qftools.sandbox import Sandbox

FOLDER = Path(__file__).parents[2] / "docs/samples/receiver"


class Quiet(WSGIRequestHandler):
    """Prints no line for each request."""

    def log_message(self, *_):
        pass


@contextmanager
def wsgi(app):
    """Serve a WSGI application; yields the address of its receiver."""
    with make_server("127.0.0.1", 0, app, handler_class=Quiet) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/qfpay/notify"
        server.shutdown()


@contextmanager
def asgi(app):
    """Serve an ASGI application; yields the address of its receiver."""
    uvicorn = pytest.importorskip("uvicorn")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/qfpay/notify"
        server.should_exit = True
        thread.join()


@pytest.mark.parametrize(
    ("name", "serve"), [("wsgi", wsgi), ("flask", wsgi), ("django", wsgi), ("fastapi", asgi)]
)
def test_a_receiver_books_each_payment_and_refund_once_and_nothing_forged(name, serve, monkeypatch):
    if name != "wsgi":
        pytest.importorskip(name)
    with Sandbox() as sandbox:
        for variable, value in {
            "BASE_URL": sandbox.serve(),
            "APP_CODE": sandbox.credentials.app_code,
            "CLIENT_KEY": sandbox.credentials.client_key,
        }.items():
            monkeypatch.setenv(f"QFTOOLS_{variable}", value)
        monkeypatch.syspath_prepend(FOLDER)
        for module in ("receiver", f"{name}_receiver"):
            monkeypatch.delitem(sys.modules, module, raising=False)
        app = importlib.import_module(f"{name}_receiver").app
        booked = importlib.import_module("receiver").books
        with serve(app) as url:
            sandbox.notifications.notify(url)
            client = sandbox.client()
            order = client.pay(pay_type="800101", txamt=2500, txcurrcd="HKD", out_trade_no="A1")
            sandbox.fault("tampered", on="notification")
            sandbox.payer(order).pay()
            forged = dict(booked)
            sandbox.fault("duplicated", on="notification")
            sandbox.clock.advance(120)  # the gateway repeats it
            client.refund("A1", txamt=500, out_trade_no="R1")

            assert forged == {}
            assert list(booked.values()) == [("payment", "A1", 2500), ("refund", "R1", 500)]
            assert [
                [(attempt.status, attempt.reply) for attempt in notice.attempts]
                for notice in sandbox.notifications.kept()
            ] == [[(403, ""), (200, "SUCCESS"), (200, "SUCCESS")], [(200, "SUCCESS")]]
            assert sandbox.report().findings == ()
