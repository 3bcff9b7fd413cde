"""A key in a paste is used to find the cause, redacted everywhere, and said."""

from __future__ import annotations

import hashlib
import json

import pytest

from qftools import explain
from qftools.exchange import Exchange, Request, Response
from qftools.exchange.redaction import redacted
from qftools.sandbox import Sandbox

KEY = "F00DFACE5744993FBC034DBBB995FA77"
PARAMS = "txamt=2500&txcurrcd=HKD&txdtm=2026-01-05 10:00:00"
WRONG = hashlib.md5(f"{PARAMS}&key={KEY}".encode()).hexdigest()

PASTES = {
    "as a form field": f"curl https://h/trade/v1/payment -H 'X-QF-SIGN: {WRONG}' -d 'key={KEY}'",
    "as a field of JSON": json.dumps({"txamt": 1, "client_key": KEY, "sign": WRONG}),
    "behind the signed text": f"sign string: {PARAMS}&key={KEY}\nsign={WRONG}",
    "right behind the text": f"sign string: {PARAMS}{KEY}\nsign={WRONG}",
    "in the program": f"$client_key = '{KEY}';\n{PARAMS}\nsign={WRONG}",
    "in a header": f"curl https://h/trade/v1/query -H 'key: {KEY}' -d 'syssn=1'",
    "in the address": f"curl 'https://h/trade/v1/query?client_key={KEY}' -d 'syssn=1'",
    "in small letters": f"{PARAMS}&x={KEY.lower()}\nsign={WRONG}\nclient_key={KEY}",
    "percent-encoded name": f"curl https://h/trade/v1/query -d 'k%65y={KEY}&syssn=1'",
}


@pytest.mark.parametrize("where", PASTES)
@pytest.mark.parametrize("given", [None, KEY])
def test_a_key_in_the_paste_is_shown_nowhere_and_said(where, given):
    diagnosis = explain(PASTES[where], key=given)

    everything = repr(diagnosis) + json.dumps(diagnosis.to_dict("en"), ensure_ascii=False)
    everything += diagnosis.say("zh") + diagnosis.say("en", "php")
    assert KEY.lower() not in everything.lower()
    assert "key-visible" in {finding.id for finding in diagnosis.findings}


def test_a_key_that_stands_in_the_paste_proves_the_cause_without_being_given():
    diagnosis = explain(PASTES["in the program"])

    assert diagnosis.cause is not None and diagnosis.cause.id == "key-joined"


def test_an_exchange_is_redacted_in_its_body_its_address_and_what_names_the_payer():
    info = json.dumps({"user_creid": "330102199001011234", "user_truename": "王小明"})
    body = b"key=5744993F&txamt=1&extend_info=" + info.encode()
    sent = Request("POST", "https://h/q?client_key=5744993F", (("Cookie", "5744993F"),), body)
    answer = Response(200, (), b'{"user_truename": "Wang"}')

    shown = redacted(Exchange("query", sent, answer, None, 0.0, 0.0))

    for secret in ("5744993F", "330102199001011234", "王小明", "Wang"):
        assert secret not in f"{shown!r} {shown.request} {shown.response} {shown}"
    assert shown.request.params["txamt"] == "1"


@pytest.mark.parametrize(
    "form", ["curl", "http", "har", "postman", "python", "php", "java", "node"]
)
def test_whatever_an_exchange_is_written_as_has_no_secret_in_it(form):
    sent = Request("POST", "https://h/q", (), b"key=5744993F&txamt=1")
    exchange = redacted(Exchange("query", sent, None, "none", 0.0, 0.0))
    writers = {
        "curl": exchange.as_curl,
        "http": exchange.as_http,
        "har": exchange.as_har,
        "postman": exchange.as_postman,
    }

    written = writers[form]() if form in writers else exchange.as_source(form)

    assert "5744993F" not in str(written) and "txamt" in str(written)


def test_the_exchanges_of_a_client_never_show_its_key():
    with Sandbox(client_key=KEY) as sandbox:
        client = sandbox.client()
        client.pay(pay_type="800101", txamt=100, txcurrcd="HKD", goods_name=f"leak {KEY}")

        shown = repr(client.exchanges) + str(client.exchanges[0]) + repr(client)

    assert KEY not in shown and "goods_name" in shown
