"""However much a gateway answers, the journal stays small: no megabyte is kept whole."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from qftools import Client, Credentials, Order, Policy, Verdict, cancel
from qftools.journal.journal import Journal

ROW = {
    "out_trade_no": "A1",
    "syssn": "20260105154100020000977813",
    "pay_type": "800101",
    "txamt": "2500",
    "txcurrcd": "HKD",
    "respcd": "1143",
    "cancel": "0",
    "order_type": "payment",
    "txdtm": "2026-01-05 10:00:00",
}
LONG = "tea " * 250_000


@contextmanager
def gateway(answer):
    """A gateway that answers the bytes that *answer* makes of the endpoint; yields its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            body = answer(self.path.rsplit("/", 1)[-1])
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args): ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def answering(row=None, **reply):
    """Open rows with *row* in them, and a cancel that is in doubt; *reply* in every answer."""

    def answer(endpoint):
        data = {"data": [ROW | (row or {})], "respcd": "0000"}
        return json.dumps((data if endpoint == "query" else {"respcd": "1298"}) | reply).encode()

    return answer


@pytest.mark.parametrize(
    "answer",
    [
        answering(row={"goods_name": LONG}),
        answering(row={"extend_info": {"items": [LONG[:1000]] * 1000}}),
        answering(row={f"field {number}": "tea" for number in range(50_000)}),
        answering(resperr=LONG, respmsg=LONG),
        lambda endpoint: LONG.encode(),
        lambda endpoint: b'{"respcd": "0000", "data": [' + LONG.encode(),
    ],
    ids=["a value", "values in a value", "many fields", "words", "no JSON", "half a JSON"],
)
def test_answers_of_a_megabyte_leave_a_few_kilobytes_each(answer, tmp_path):
    policy = Policy(look_tries=4, confirm_tries=4, cancel_tries=2)
    with gateway(answer) as url, Journal(tmp_path / "journal.db") as journal:
        client = Client(Credentials("A", "0123456789ABCDEF0123456789ABCDEF"), url)
        order = Order("A1", 2500, "2026-01-05 10:00:00")
        outcome = cancel(client, order, journal=journal, policy=policy, pause=lambda seconds: None)

        assert outcome.verdict is Verdict.UNRESOLVED
        assert journal.entry(1).outcome == outcome

    written = sum(file.stat().st_size for file in tmp_path.iterdir())
    assert written < 100_000 + 40_000 * len(outcome.steps)
