"""The samples of the site sign, ask, verify and cancel as qftools does, against the sandbox."""

from __future__ import annotations

import json
import os
import re
import ssl
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from qftools import catalogue
from qftools.sandbox import Sandbox
from qftools.signing import sign
from tests.samples.conftest import LANGUAGES, ROOT

VECTORS = json.loads((Path(__file__).parents[1] / "vectors.json").read_text(encoding="utf-8"))
TIME = "2026-01-05 10:00:00"
CASES = [
    {"txamt": "2500", "out_trade_no": "A1", "txcurrcd": "HKD"},
    {"goods_name": "龙井茶 & 咖啡", "remark": "50%+1=?", "emoji": "🍵", "é": "ü"}
    | {"chnlsn2": "2", "chnlsn": "1", "Page": "1", "page": "2", "_": "x"}
    | {"empty": "", "blank": " ", "equals": "a=b=c", "amp": "a&b"},
]


@pytest.mark.parametrize("params", CASES, ids=["plain", "odd"])
def test_a_sample_signs_as_qftools_does(sample, params):
    key = Sandbox().credentials.client_key

    said = sample.says("sign", *(f"{name}={value}" for name, value in params.items()))

    assert said == sign(params, key)


def test_a_sample_signs_the_published_vectors(sample):
    for vector in VECTORS:
        if vector["kind"] == "request" and vector["algorithm"] == "MD5":
            words = [f"{name}={value}" for name, value in vector["params"].items()]

            said = sample.says("sign", *words, QFPAY_CLIENT_KEY=vector["key"])

            assert said == vector["expected"].upper(), vector["id"]


def test_a_sample_tells_the_gateway_s_bytes_from_others(sample, tmp_path):
    (vector,) = (v for v in VECTORS if v["kind"] == "notification")
    real, other = tmp_path / "real", tmp_path / "other"
    real.write_bytes(vector["body"].encode())
    other.write_bytes(vector["body"].replace('": "', '":"').encode())
    signature, key = vector["expected"], {"QFPAY_CLIENT_KEY": vector["key"]}

    assert sample.says("verify", str(real), signature, **key) == "genuine"
    assert sample.says("verify", str(real), signature.lower(), **key) == "genuine"
    assert sample.says("verify", str(other), signature, **key) == "not genuine"
    assert sample.says("verify", str(real), "", **key) == "not genuine"


def test_a_sample_sends_what_qftools_sends(sample, sandbox):
    goods = "龙井茶 & 1+1"
    twin = Sandbox()
    client = twin.client()
    order = client.pay(
        pay_type="800101",
        txamt=77001,
        txcurrcd="HKD",
        out_trade_no="A1",
        txdtm=TIME,
        goods_name=goods,
    )
    client.query(out_trade_no="A1")
    client.call("reversal", {"out_trade_no": "A1", "txamt": 77001, "txdtm": TIME})
    client.call("close", {"out_trade_no": "A1", "txamt": 77001, "txdtm": TIME})
    client.refund(order, txamt=1, out_trade_no="R1", txdtm=TIME)
    hold = client.pay(pay_type="801808", txamt=77001, txcurrcd="HKD", out_trade_no="H1", txdtm=TIME)
    named: dict[str, str | int] = {"syssn": hold.syssn or "", "txdtm": TIME}
    client.call("authtrade", {**named, "out_trade_no": "C1", "txamt": 1})
    client.call("unfreeze", {**named, "out_trade_no": "H1", "txamt": 77000})

    paid = json.loads(
        sample.says("payment", "800101", "77001", "HKD", "A1", TIME, goods, url=sandbox.url)
    )
    sample.says("query", "A1", url=sandbox.url)
    sample.says("reversal", "A1", "77001", TIME, url=sandbox.url)
    sample.says("close", "A1", "77001", TIME, url=sandbox.url)
    sample.says("refund", paid["syssn"], "R1", "1", TIME, url=sandbox.url)
    held = json.loads(sample.says("payment", "801808", "77001", "HKD", "H1", TIME, url=sandbox.url))
    sample.says("capture", held["syssn"], "C1", "1", TIME, url=sandbox.url)
    sample.says("release", held["syssn"], "H1", "77000", TIME, url=sandbox.url)

    assert [_told(seen) for seen in sandbox.exchanges] == [_told(seen) for seen in twin.exchanges]
    assert all(seen.signature == "ok" for seen in sandbox.exchanges)


def _told(seen):
    """What a request says: where, what, and under which signature."""
    request = seen.request
    kind = request.header("Content-Type").partition(";")[0]
    signed = [request.header(name) for name in ("X-QF-APPCODE", "X-QF-SIGN", "X-QF-SIGNTYPE")]
    return (request.method, request.path, kind, request.params, signed, seen.respcd)


def test_a_sample_sends_the_mchid_it_was_given(sample, sandbox):
    sample.run("query", "A1", url=sandbox.url, QFPAY_MCHID="MNxMp11FV35qQN")

    assert sandbox.exchanges[-1].request.params == {"out_trade_no": "A1", "mchid": "MNxMp11FV35qQN"}


# One amount for each way in which a cancel ends; the exam cancels in all the others.
FORKS = [2500, 77001, 77014, 77016]
# What may be said when the books end so. UNRESOLVED is always honest.
TRUE = {
    "cancelled": "CANCELLED",
    "expired": "CANCELLED",
    "paid": "PAID",
    "failed": "FAILED",
    "waiting": "NOT_CANCELLABLE",
    "paying": "NOT_CANCELLABLE",
}


def test_what_a_sample_s_cancel_says_agrees_with_the_books(sample, sandbox):
    client = sandbox.client()
    said, books = {}, {}
    for txamt in FORKS:
        number = f"N{txamt}"
        order = {"pay_type": "800101", "txcurrcd": "HKD", "out_trade_no": number}
        client.call("payment", {**order, "txamt": txamt, "txdtm": TIME})

        said[txamt] = sample.says("cancel", number, str(txamt), TIME, "reversal", url=sandbox.url)
        books[txamt] = TRUE.get(sandbox.order(number).state)

    assert {n: told for n, told in said.items() if told not in ("UNRESOLVED", books[n])} == {}
    assert {n for n, told in said.items() if told == "UNRESOLVED"} == {77014}


def test_a_sample_closes_where_it_is_told_to_close(sample, sandbox):
    sandbox.client().pay(
        pay_type="800201", txamt=2500, txcurrcd="HKD", out_trade_no="W1", txdtm=TIME
    )

    assert sample.says("cancel", "W1", "2500", TIME, "close", url=sandbox.url) == "CANCELLED"
    assert [seen.endpoint for seen in sandbox.exchanges][1:] == ["query", "close", "query"]


@pytest.mark.parametrize("fault", ["lost after", "5xx", "wrong signature", "half"])
def test_a_sample_calls_no_answer_unknown(sample, sandbox, fault):
    sandbox.fault(fault, on="query", times=3)

    done = sample.run("query", "A1", url=sandbox.url)

    assert done.returncode == 1 or (sample.language == "curl" and done.returncode == 3)
    assert "query before anything else" in done.stderr or "unknown" in done.stderr
    assert not done.stdout.strip()


@pytest.mark.parametrize("txamt", ["25.00", "-1", "0", "HKD 25"])
def test_a_sample_refuses_an_amount_that_is_no_whole_number(sample, sandbox, txamt):
    done = sample.run("reversal", "A1", txamt, TIME, url=sandbox.url)

    assert done.returncode != 0
    assert not sandbox.exchanges


def test_the_example_for_the_real_gateway_needs_nothing_but_its_environment(sandbox):
    sandbox.client().pay(
        pay_type="800101", txamt=2500, txcurrcd="HKD", out_trade_no="ORDER0001", txdtm=TIME
    )
    credentials = sandbox.credentials

    done = subprocess.run(
        [sys.executable, ROOT / "real_gateway.py"],
        capture_output=True,
        text=True,
        check=True,
        env={
            **os.environ,
            "QFTOOLS_BASE_URL": sandbox.url,
            "QFTOOLS_APP_CODE": credentials.app_code,
            "QFTOOLS_CLIENT_KEY": credentials.client_key,
            "QFTOOLS_ENVIRONMENT": "sandbox",
        },
    )

    assert done.stdout.startswith("CANCELLED Nothing to do.")


def test_the_codes_in_a_sample_are_the_catalogue_s():
    table = [code for code in catalogue.codes().values() if code.catalogue == "A"]
    dead = {code.code for code in table if code.row in ("cancelled", "expired")}
    failed = {
        code.code
        for code in table
        if code.row == "failed" and code.kind == "failure" and "payment" in code.endpoints
    }
    unclear = {
        code.code
        for code in table
        if code.on("reversal").kind == "unknown" and {"reversal", "*"} & set(code.endpoints)
    }
    for _, name, *_ in LANGUAGES.values():
        source = (ROOT / name).read_text(encoding="utf-8")
        section = source.partition("[start:cancel]")[2].partition("[end:cancel]")[0]

        codes = set(re.findall(r"(?<!\d)\d{4}(?!\d)", section))

        assert codes - {"0000", "1143", "1145", "1000"} == dead | failed | unclear, name


@pytest.mark.needs("openssl")
def test_a_sample_talks_to_nobody_without_a_good_certificate(sample, impostor):
    url, seen = impostor

    done = sample.run("query", "A1", url=url)

    assert done.returncode != 0
    assert seen == []


@pytest.fixture(scope="module")
def impostor(tmp_path_factory):
    """A server on loopback whose certificate nobody signed; what it got to see."""
    folder = tmp_path_factory.mktemp("impostor")
    pem, seen = folder / "both.pem", []
    subprocess.run(
        "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost"
        f" -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout {pem} -out {pem}.crt".split(),
        check=True,
        capture_output=True,
    )

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            seen.append(self.path)

        def log_message(self, *args):
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *args):  # a caller that hangs up in the handshake is what we want
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{pem}.crt", pem)
    server = Server(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"https://localhost:{server.server_port}", seen
    server.shutdown()
    server.server_close()
    thread.join()
