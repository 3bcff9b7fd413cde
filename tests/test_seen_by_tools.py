"""What tools that watch `requests` see of our calls, what hooks and log say, and what they can't.

requests-mock, responses, VCR and OpenTelemetry are tried by the examples that the site shows, too.
"""

from __future__ import annotations

import logging
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests_mock
import vcr

import qftools
from qftools import (
    Client,
    Credentials,
    GatewayError,
    InputError,
    Journal,
    TransportError,
    cancel,
    refund,
)
from qftools.cancellation import run
from qftools.sandbox import Sandbox
from tests.raw_server import RawServer, reply, says

ROOT = Path(__file__).parent.parent
KEY = "0123456789ABCDEF"
OK = b'{"respcd": "0000", "data": []}'
PAYER = {"user_truename": "Li Lei", "user_creid": "430067798868676871"}
A1 = {"out_trade_no": "A1"}


@pytest.fixture
def sandbox():
    with Sandbox(client_key=KEY) as running:
        yield running


def pay(client, **more):
    call = {"pay_type": "800101", "txamt": 2500, "txcurrcd": "HKD", "out_trade_no": "A1"}
    return client.pay(**(call | more))


# ---- what a session could do besides sending ---------------------------------------------------


def test_a_redirect_is_not_followed_its_body_is_bounded_and_its_cookie_is_not_sent_again():
    endless = b"HTTP/1.1 302 Found\r\nLocation: /x\r\nSet-Cookie: a=b\r\n\r\n" + b" " * 9_000_000
    with (
        RawServer(says(endless)) as server,
        Client(Credentials("A1", KEY), server.url) as client,
    ):
        with pytest.raises(TransportError, match="longer than 4194304 bytes"):
            client.call("query", A1)
        with pytest.raises(TransportError):
            client.call("query", A1)

        assert len(client._connection._session.cookies) == 0
        assert [seen.request.header("Cookie") for seen in client.exchanges] == [None, None]


def test_the_session_reaches_no_other_address():
    with requests_mock.Mocker() as gateway, Client(Credentials("A1", KEY), "http://[::1]:9") as one:
        gateway.post("http://[::1]:9/trade/v1/query", content=OK)
        assert one.call("query", A1).ok

    assert list(one._connection._session.adapters) == ["http://[::1]:9/"]


def test_a_cassette_that_begins_later_sees_a_client_with_open_connections(tmp_path):
    kept = reply(OK, closes=False)
    with (
        RawServer(says(kept, kept, kept), closes=False) as server,
        Client(Credentials("A1", KEY), server.url) as client,
    ):
        client.call("query", A1)
        with vcr.use_cassette(str(tmp_path / "one.yaml")) as cassette:
            client.call("query", A1)
        client.call("query", A1)

        assert len(cassette) == 1


# ---- hooks and log -----------------------------------------------------------------------------


def test_hooks_see_every_call_without_key_and_payer_also_one_without_a_reply(sandbox):
    asked: list[Any] = []
    came: list[Any] = []
    client = sandbox.client(on_request=asked.append, on_response=came.append)
    pay(client, extend_info='{"user_creid": "430067798868676871"}')
    with sandbox.fault("lost after", on="query"), pytest.raises(TransportError):
        client.call("query", A1)

    assert [request.path for request in asked] == ["/trade/v1/payment", "/trade/v1/query"]
    assert came == list(client.exchanges)
    assert (came[0].response.status, came[1].response) == (200, None)
    assert came[1].error
    assert PAYER["user_creid"].encode() not in asked[0].body + came[0].request.body


def test_a_hook_that_fails_before_sends_nothing_and_one_that_fails_after_hides_nothing(
    sandbox, caplog
):
    def fail(seen):
        raise ValueError("the hook is broken")

    with pytest.raises(ValueError, match="the hook is broken"):
        pay(sandbox.client(on_request=fail))
    assert sandbox.exchanges == ()

    assert pay(sandbox.client(on_response=fail)).reply.respcd == "0000"
    assert "on_response failed; the call goes on" in caplog.text


def test_the_log_has_one_line_a_call_whatever_becomes_of_it(sandbox, caplog):
    caplog.set_level(logging.INFO, "qftools")
    client = sandbox.client()
    pay(client)
    with pytest.raises(GatewayError):
        pay(client)
    with sandbox.fault("5xx", on="query"), pytest.raises(TransportError):
        client.call("query", A1 | {"syssn": "S1"})

    first, second, third = caplog.messages
    assert first == "payment out_trade_no=A1 HTTP 200: respcd 0000, 0.000 s"
    assert second.startswith("payment out_trade_no=A1 HTTP 200: respcd 1")
    assert third.startswith("query out_trade_no=A1 syssn=S1 HTTP 5")
    assert "is not the gateway's answer" in third


def test_at_debug_the_log_has_the_signed_text_without_key_and_payer(sandbox, caplog):
    caplog.set_level(logging.DEBUG, "qftools")
    more = {"goods_name": f"a\n{KEY}", "extend_info": '{"user_creid": "430067798868676871"}'}
    with pytest.raises(GatewayError):  # no line break is allowed there
        pay(sandbox.client(), **more)

    text = caplog.messages[0]
    assert text.startswith('payment signs extend_info={"user_creid": "[redacted]"}&goods_name=a\\n')
    assert "&out_trade_no=A1&pay_type=800101&" in text
    assert not [secret for secret in (KEY, *PAYER.values()) if secret in caplog.text]


# ---- spans -------------------------------------------------------------------------------------


@pytest.fixture
def spans(monkeypatch):
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    spans, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    return spans


def test_a_cancel_is_one_span_wherever_it_runs_and_a_resume_is_another(spans, sandbox):
    client = sandbox.client()
    order = pay(client)
    with Journal(":memory:") as journal:
        with sandbox.fault("lost before", times=None):
            run.cancel(client, order, journal=journal)
        journal.resume(client, 1)
        journal.resume(client, 1)  # settled: nothing runs

    ended = spans.get_finished_spans()
    assert [span.attributes["qfpay.verdict"] for span in ended] == ["UNRESOLVED", "CANCELLED"]
    assert [span.name for span in ended] == ["qfpay cancel", "qfpay cancel"]


def test_the_span_of_a_refund_is_named_so_when_it_is_resumed_too(spans, sandbox):
    client = sandbox.client()
    order = pay(client)
    sandbox.payer(order).pay()
    with Journal(":memory:") as journal:
        with sandbox.fault("lost before", times=None):
            refund(client, order, journal=journal)
        journal.resume(client, 1)

    assert [span.name for span in spans.get_finished_spans()] == ["qfpay refund", "qfpay refund"]


def test_a_cancel_that_raises_ends_its_span_with_the_type_of_the_error_alone(spans, sandbox):
    with pytest.raises(InputError):
        cancel(sandbox.client(), txamt=2500)

    (span,) = spans.get_finished_spans()
    assert (span.name, span.status.description) == ("qfpay cancel", "InputError")
    assert not span.attributes
    assert not span.events


def test_without_opentelemetry_a_cancel_is_the_same_and_imports_none_of_it(sandbox):
    code = (
        "import sys; from qftools import cancel; from qftools.sandbox import Sandbox\n"
        "with Sandbox() as sandbox: print(cancel(sandbox.client(), 'A1').verdict)\n"
        "print([name for name in sys.modules if 'opentelemetry' in name])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)

    assert done.stdout == "NOT_FOUND\n[]\n"


def test_the_cancel_of_the_front_door_can_be_pickled():
    assert pickle.loads(pickle.dumps(cancel)) is qftools.cancel
