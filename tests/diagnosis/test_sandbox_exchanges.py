"""What the sandbox kept of a call can be handed on in every form, and explained."""

from __future__ import annotations

import hashlib
import http.client
import json
from urllib.parse import urlencode, urlsplit

import pytest

from qftools import explain, sign
from qftools.diagnosis.reading.reader import read
from qftools.exchange import REDACTED
from qftools.exchange.redaction import ShownExchange
from qftools.sandbox import Sandbox
from tests.diagnosis.test_programs import answer_of, every_language, run

KEY = "5744993FBC034DBBB995FA0123456789"
APP = "3F504C39125E4886AB4741AAAAAAAAAA"
PAYMENT = {
    "txamt": "2500",
    "txcurrcd": "HKD",
    "pay_type": "800101",
    "out_trade_no": "A20260105001",
    "txdtm": "2026-01-05 10:00:00",
    "goods_name": 'it\'s 一杯 "咖啡" 100%!',
}


@pytest.fixture
def sandbox():
    with Sandbox(app_code=APP, client_key=KEY) as running:
        running.serve()
        yield running


def send(sandbox, endpoint, params, signature, more=()):
    """Call the sandbox as a program would that knows nothing of qftools."""
    place = urlsplit(sandbox.url)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=60)
    try:
        connection.putrequest("POST", f"/trade/v1/{endpoint}", skip_accept_encoding=True)
        body = urlencode(params).encode()
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-QF-APPCODE": APP,
            "X-QF-SIGN": signature,
            "Content-Length": str(len(body)),
            **dict(more),
        }
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


def unsorted(params):
    """Sign in the order of sending: what half of all first programs do."""
    text = "&".join([f"{name}={value}" for name, value in params.items()])
    return hashlib.md5((text + KEY).encode()).hexdigest().upper()


WRITERS = {
    "curl": ShownExchange.as_curl,
    "curl for cmd": lambda exchange: exchange.as_curl("cmd"),
    "http": ShownExchange.as_http,
    "har": lambda exchange: json.dumps(exchange.as_har()),
    "postman": lambda exchange: json.dumps(exchange.as_postman()),
}


@pytest.mark.parametrize("form", WRITERS)
def test_what_a_foreign_program_sent_is_written_in_every_form_and_read_back(form, sandbox):
    send(sandbox, "payment", PAYMENT, sign(PAYMENT, KEY))
    exchange = sandbox.exchanges[-1]

    (paste,) = read(WRITERS[form](exchange))

    assert exchange.request.params == PAYMENT
    assert paste.request == exchange.request
    assert exchange.request.url == sandbox.url + "/trade/v1/payment"


def test_an_archive_of_the_sandbox_holds_its_answer(sandbox):
    answer = send(sandbox, "payment", PAYMENT, sign(PAYMENT, KEY))

    (paste,) = read(json.dumps(sandbox.exchanges[-1].as_har()))

    assert paste.response is not None
    assert json.loads(paste.response.body) == answer
    assert paste.response.header("X-QF-SIGN")


@every_language
def test_what_the_sandbox_kept_runs_as_a_program_that_asks_the_same_again(
    language, sandbox, tmp_path
):
    asked = {"out_trade_no": "一杯 & 'A'"}
    first = send(sandbox, "query", asked, sign(asked, KEY))
    source = sandbox.exchanges[-1].as_source(language)

    again = answer_of(run(tmp_path, language, source))

    one, other = sandbox.exchanges
    assert (again["respcd"], other.signature) == (first["respcd"], "ok")
    assert other.request.body == one.request.body


@pytest.mark.parametrize("algorithm", ["MD5", "SHA256"])
def test_the_cause_of_a_wrong_signature_is_named_from_what_the_sandbox_kept(algorithm, sandbox):
    announced = {"X-QF-SIGNTYPE": algorithm}
    refused = send(sandbox, "payment", PAYMENT, unsorted(PAYMENT), announced)

    diagnosis = explain(sandbox.exchanges[-1], key=KEY)

    assert refused["respcd"] == "1108"
    assert sandbox.exchanges[-1].signature == "wrong"
    assert diagnosis.signature == "wrong"
    assert diagnosis.cause is not None
    named = {finding.id for finding in diagnosis.findings if finding.proof == "reproduced"}
    assert named == {"unsorted"} | ({"other-hash"} if algorithm == "SHA256" else set())


def test_a_right_signature_is_right_from_what_the_sandbox_kept(sandbox):
    send(sandbox, "payment", PAYMENT, sign(PAYMENT, KEY))

    assert explain(sandbox.exchanges[-1], key=KEY).signature == "right"


@pytest.mark.parametrize("place", ["key", "goods_name", "X-Debug"])
def test_a_key_that_a_program_sent_is_in_nothing_that_the_sandbox_shows(place, sandbox):
    params = PAYMENT | ({place: f"see {KEY}"} if place != "X-Debug" else {})
    more = {place: KEY} if place == "X-Debug" else {}
    send(sandbox, "payment", params, sign(params, KEY), more)
    exchange = sandbox.exchanges[-1]

    shown = [str(exchange), exchange.as_source("python")]
    shown += [write(exchange) for write in WRITERS.values()]

    assert KEY not in repr(sandbox.exchanges)
    for text in shown:
        assert KEY not in text and REDACTED in text.replace("^", "")  # cmd quotes brackets


@pytest.mark.parametrize("field", ["user_creid", "goods_name"])
def test_a_signature_over_what_was_redacted_or_cut_is_not_called_wrong(field, sandbox):
    params = PAYMENT | {field: "310101199001011234" if field == "user_creid" else "a" * 20_000}
    send(sandbox, "payment", params, sign(params, KEY))

    diagnosis = explain(sandbox.exchanges[-1], key=KEY)

    assert sandbox.exchanges[-1].signature == "ok"
    assert (diagnosis.signature, diagnosis.expected) == ("unchecked", None)
    found = {finding.id: finding for finding in diagnosis.findings}
    assert field in found["record-incomplete"].evidence.en
    assert "signature-unexplained" not in found


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("refused", "the connection was refused (fault: refused)"),
        ("lost after", "the connection ended without a reply (fault: lost after)"),
        ("half", "the connection ended in the middle of the reply (fault: half)"),
    ],
)
def test_what_never_came_back_is_kept_with_the_reason(fault, error, sandbox):
    sandbox.fault(fault, on="query")
    asked = {"syssn": "1"}

    with pytest.raises((OSError, http.client.HTTPException)):
        send(sandbox, "query", asked, sign(asked, KEY))

    exchange = sandbox.exchanges[-1]
    assert (exchange.response, exchange.error, exchange.fault) == (None, error, fault)
    assert exchange.as_har()["log"]["entries"][0]["comment"] == error


def test_a_request_that_arrives_late_is_shown_as_it_ended(sandbox):
    sandbox.fault("late", on="payment", seconds=5)
    with pytest.raises((OSError, http.client.HTTPException)):
        send(sandbox, "payment", PAYMENT, sign(PAYMENT, KEY))
    before = sandbox.exchanges[-1]

    sandbox.clock.advance(5)

    assert (before.respcd, sandbox.exchanges[-1].respcd) == ("", "0000")
    assert sandbox.exchanges[-1].orders[0].after == "waiting"
