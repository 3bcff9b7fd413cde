"""What is wrong with a request or an answer besides its signature, found without any key."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from qftools import explain
from qftools.diagnosis.rules.remarks import REMARKS
from qftools.exchange import Exchange, Request, Response
from qftools.exchange.redaction import redacted
from qftools.sandbox import Sandbox

HOST = "https://openapi-hk.qfapi.com"
APP = ("X-QF-APPCODE", "3F504C39125E4886AB4741AAAAAAAAAA")
SIGN = ("X-QF-SIGN", "0123456789ABCDEF0123456789ABCDEF")
FORM = ("Content-Type", "application/x-www-form-urlencoded")
PAYMENT = {
    "txamt": "2500",
    "txcurrcd": "HKD",
    "pay_type": "800101",
    "out_trade_no": "A20260105001",
    "txdtm": "2026-01-05+10:00:00",
}
CANCEL = {"txamt": "2500", "txdtm": "2026-01-05+10:00:00", "syssn": "20260105154100020000000001"}


def body_of(params):
    return "&".join([f"{name}={value}" for name, value in params.items()])


def request(endpoint="payment", params=None, *, url=None, headers=(APP, SIGN, FORM), body=None):
    params = PAYMENT if params is None else params
    sent = body_of(params) if body is None else body
    return Request("POST", url or f"{HOST}/trade/v1/{endpoint}", headers, sent.encode())


def found(source, **how):
    return {finding.id: finding for finding in explain(source, **how).findings}


def changed(endpoint="payment", **changes):
    base = PAYMENT if endpoint == "payment" else CANCEL
    params = {**base, **changes}
    return request(endpoint, {name: value for name, value in params.items() if value is not None})


CASES = {
    "tls-off": "curl -k https://openapi-hk.qfapi.com/trade/v1/query -d syssn=1",
    "body-file": "curl https://openapi-hk.qfapi.com/trade/v1/query -d @body.txt",
    "plain-http": request(url="http://openapi-hk.qfapi.com/trade/v1/payment"),
    "host-unknown": request(url="https://test-openapi-hk.qfpay.com/trade/v1/payment"),
    "host-old": request(url="https://osqt.qfpay.com/trade/v1/payment"),
    "path-unknown": request(url=HOST + "/trade/v1/reversals"),
    "elsewhere": request(url=HOST + "/payment_element/v1/create_payment_intent"),
    "method": Request("PUT", f"{HOST}/trade/v1/payment", (APP, SIGN), body_of(PAYMENT).encode()),
    "method-get": Request("GET", f"{HOST}/trade/v1/payment?{body_of(PAYMENT)}", (APP, SIGN), b""),
    "method-disputed": Request("GET", f"{HOST}/trade/v1/close?{body_of(CANCEL)}", (APP, SIGN), b""),
    "wrong-endpoint": changed("reversal", pay_type="800201"),
    "not-cancellable": changed("close", pay_type="802001"),
    "header-missing": request(headers=(SIGN, FORM)),
    "sign-in-body": request(headers=(APP, FORM), params={**PAYMENT, "sign": SIGN[1]}),
    "app-code-shape": request(headers=(("X-QF-APPCODE", APP[1][:31]), SIGN, FORM)),
    "signature-shape": request(headers=(APP, ("X-QF-SIGN", "q" * 32), FORM)),
    "sha256-unannounced": request(headers=(APP, ("X-QF-SIGN", "0" * 64), FORM)),
    "md5-announced-as-sha256": request(headers=(APP, SIGN, FORM, ("X-QF-SIGNTYPE", "SHA256"))),
    "signtype-unknown": request(headers=(APP, SIGN, FORM, ("X-QF-SIGNTYPE", "RSA"))),
    "content-type": request(headers=(APP, SIGN, ("Content-Type", "text/plain"))),
    "body-not-form": request(body=json.dumps(PAYMENT)),
    "body-multipart": request(headers=(APP, SIGN, ("Content-Type", "multipart/form-data"))),
    "field-missing": changed(txcurrcd=None),
    "field-unknown": changed(txcurrcd=None, txcurcd="HKD"),
    "field-unlisted": changed("close", goods_name="tea"),
    "field-too-long": changed(udid="x" * 41),
    "field-empty": changed(udid=""),
    "field-repeated": request(body=body_of(PAYMENT) + "&txamt=1"),
    "field-blanks": changed(udid="till+"),
    "field-deceptive": changed(udid="till\u200b"),
    "field-not-utf8": changed(udid="%C4%E3"),
    "plus-raw": changed(txzone="+0800"),
    "parameters-in-query": request(url=f"{HOST}/trade/v1/payment?{body_of(PAYMENT)}", body=""),
    "amount-format": changed(txamt="25.00"),
    "amount-not-positive": changed(txamt="0"),
    "amount-small": changed(txamt="25"),
    "amount-yen": changed(txamt="250000", txcurrcd="JPY"),
    "currency-unknown": changed(txcurrcd="RMB"),
    "time-format": changed(txdtm="2026-01-05T10:00:00Z"),
    "months-crossed": request(
        "query", {"start_time": "2026-01-30+00:00:00", "end_time": "2026-02-01+00:00:00"}
    ),
    "syssn-is-pay-type": changed("reversal", syssn="800101"),
    "syssn-shape": changed("reversal", syssn="A1"),
    "number-characters": changed(out_trade_no="A-1"),
    "pay-type-unknown": changed(pay_type="800110"),
    "auth-code-missing": changed(pay_type="800108"),
    "auth-code-wallet": changed(pay_type="800208", auth_code="280438849930815813"),
    "expiry-range": changed(expired_time="1800"),
    "notify-port": changed(notify_url="http://shop.example:8080/n"),
    "mchid-shape": changed(mchid="nobody"),
}
PLACE = re.compile(r"\{[a-z]+\}")
WITH_MORE: dict[str, tuple[Any, dict[str, Any]]] = {
    "host-environment": (request(), {"environment": "test"}),
    "mchid-missing": (request(), {"mchid_rule": "required"}),
    "mchid-forbidden": (changed(mchid="MNxMp11FV35qQN"), {"mchid_rule": "forbidden"}),
    "number-reused": (request(), {"used_numbers": ["A20260105001"]}),
    "key-visible": (changed(key="5744993FBC034DBB"), {}),
}
UTC = Response(200, (), b'{"respcd": "0000", "sysdtm": "2026-01-05 18:00:07"}')


@pytest.mark.parametrize("identifier", CASES)
def test_what_is_wrong_is_found(identifier):
    assert identifier in found(CASES[identifier])


@pytest.mark.parametrize("identifier", WITH_MORE)
def test_what_needs_more_knowledge_is_found_with_it(identifier):
    source, known = WITH_MORE[identifier]

    assert identifier in found(source, **known)


def test_a_time_in_utc_is_seen_by_the_gateways_own_time():
    exchange = Exchange("payment", request(), UTC, None, 0.0, 0.0)

    assert "time-zone-utc" in found(exchange)


def test_every_remark_of_the_table_has_a_request_that_earns_it():
    assert {*CASES, *WITH_MORE, "time-zone-utc"} == set(REMARKS)


@pytest.mark.parametrize("endpoint", ["payment", "reversal", "close"])
def test_a_request_without_fault_has_no_finding_but_that_no_key_is_at_hand(endpoint):
    assert set(found(changed(endpoint))) == {"key-not-at-hand"}


def test_what_the_client_sends_has_no_finding_at_all():
    with Sandbox() as sandbox:
        client = sandbox.client()
        order = client.pay(pay_type="800101", txamt=2500, txcurrcd="HKD", goods_name="一杯 咖啡")
        client.query(order)
        client.reverse(order)

        for exchange in client.exchanges:
            diagnosis = explain(exchange, key=sandbox.credentials.client_key)

            assert diagnosis.signature == "right"
            assert {f.id for f in diagnosis.findings} <= {"row-open", "answer-success"}


def test_an_unknown_field_gets_the_nearest_known_name():
    assert "txcurrcd" in found(CASES["field-unknown"])["field-unknown"].what.en
    assert "page" in found(request("query", {"syssn": "1", "Page": "1"}))["field-unknown"].what.zh


def test_a_cancel_by_the_wrong_call_is_seen_from_the_payment_in_the_same_paste():
    payment = request(params={**PAYMENT, "pay_type": "800201"})
    cancel = changed("reversal", syssn=None, out_trade_no="A20260105001")
    paste = "\n".join([as_curl(payment), as_curl(cancel)])

    assert "wrong-endpoint" in found(paste, which=2)


def as_curl(request):
    return redacted(Exchange("", request, None, "-", 0.0, 0.0)).as_curl()


def test_a_number_that_two_payments_of_a_paste_share_is_found():
    paste = "\n".join([as_curl(request()), as_curl(request(params={**PAYMENT, "txamt": "900"}))])

    assert "number-reused" in found(paste, which=2)


def test_of_several_requests_the_first_that_is_wrong_is_explained():
    paste = "\n".join([as_curl(request()), as_curl(changed(txamt="25.00", out_trade_no="B1"))])

    diagnosis = explain(paste)

    assert (diagnosis.number, diagnosis.count) == (2, 2)


# ---- answers -----------------------------------------------------------------------------


def answered(endpoint, body, status=200):
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = request() if endpoint == "payment" else changed(endpoint)
    return explain(Exchange(endpoint, sent, Response(status, (), text), None, 0.0, 0.0))


def of(diagnosis, start):
    return next(finding for finding in diagnosis.findings if finding.id.startswith(start))


def test_unknown_is_not_called_failed_and_the_next_call_is_ready_to_run():
    finding = of(answered("payment", {"respcd": "1298", "out_trade_no": "A1"}), "answer-")

    assert finding.id == "answer-unknown"
    assert "not failed" in finding.evidence.en and finding.meaning.money_moved == "maybe"
    assert finding.commands == (
        "qftools query --out-trade-no A1",
        "qftools cancel --out-trade-no A1",
    )


def test_in_progress_is_no_error():
    assert of(answered("payment", {"respcd": "1143"}), "answer-").severity == "warning"


def test_the_outer_code_of_a_query_is_not_taken_for_the_order():
    row = {"out_trade_no": "A1", "respcd": "1143", "cancel": "0"}

    diagnosis = answered("query", {"respcd": "0000", "data": [row]})

    assert of(diagnosis, "row-").id == "row-open"


@pytest.mark.parametrize(
    ("body", "status", "identifier"),
    [
        ({"respcd": "9999"}, 200, "answer-unlisted"),
        ({"respcd": "0000", "data": []}, 200, "answer-no-rows"),
        (b"<html>", 502, "answer-http"),
        (b"<html>", 200, "answer-not-json"),
    ],
)
def test_what_is_no_clear_answer_leads_to_a_query(body, status, identifier):
    finding = of(answered("query", body, status), identifier)

    assert finding.commands and finding.commands[0].startswith("qftools query")


def test_1108_to_a_right_signature_points_at_the_account():
    with Sandbox() as sandbox:
        key = sandbox.credentials.client_key
        client = sandbox.client()
        client.call("query", {"syssn": "1", "mchid": "nobody"})

        diagnosis = explain(client.exchanges[-1], key=key)

    assert diagnosis.signature == "right"
    assert "MCHCODE" in of(diagnosis, "answer-caller").fix.en


# ---- both languages ------------------------------------------------------------------------


@pytest.mark.parametrize("identifier", CASES)
def test_every_finding_is_told_in_both_languages_without_a_gap(identifier):
    diagnosis = explain(CASES[identifier])

    for finding in diagnosis.findings:
        for text in (finding.what, finding.evidence, finding.fix):
            assert text.zh and text.en
            assert not PLACE.search(text.zh + text.en)
        assert finding.what.zh != finding.what.en and finding.fix.zh != finding.fix.en
    assert diagnosis.say("zh") and diagnosis.say("en", "java")
