"""The sandbox says why it refused a call: in its log, its report, its page and its control API."""

import hashlib
import json
from typing import Any

import pytest
import requests

from qftools import sign
from qftools.cli.exchange_lines import ExchangeLines
from qftools.sandbox import Sandbox
from qftools.sandbox.explanations import explanation

KEY = "5744993FBC034DBBB995FA0123456789"
APP = "A3B6E2F0C1D94E57A8B2C3D4E5F60718"
PARAMS = {
    "pay_type": "800101",
    "txamt": "2500",
    "txcurrcd": "HKD",
    "txdtm": "2026-01-05 10:00:00",
    "out_trade_no": "A1",
}
TEXT = "&".join(f"{name}={value}" for name, value in sorted(PARAMS.items()))
JOINED = hashlib.md5(f"{TEXT}&key={KEY}".encode()).hexdigest()
RIGHT = sign(PARAMS, KEY)


@pytest.fixture
def sandbox():
    with Sandbox(app_code=APP, client_key=KEY) as running:
        running.serve()
        yield running


def send(sandbox, path="/trade/v1/payment", params=None, signature="", app_code=APP, **how):
    headers = {"X-QF-APPCODE": app_code, "X-QF-SIGN": signature or sign(params or PARAMS, KEY)}
    sent = how or {"data": params or PARAMS}
    return requests.post(sandbox.url + path, headers=headers, timeout=30, **sent)


def why(sandbox, number=1):
    """What the control API says of an exchange."""
    answer = requests.get(f"{sandbox.url}/sandbox/exchanges/{number}", timeout=30)
    assert KEY not in answer.text
    return answer.json()["explanation"]


def changed(**values):
    return {**PARAMS, **values}


REFUSED: dict[str, dict[str, Any]] = {
    "key-joined": {"signature": JOINED},
    "signature-unexplained": {"signature": "0" * 32},
    "unknown-app-code": {"app_code": "B" * 32},
    "path-unknown": {"path": "/trade/v1/payments"},
    "body-not-form": {"json": PARAMS},
    "amount-format": {"params": changed(txamt="25.00")},
    "mchid-shape": {"params": changed(mchid="nobody")},
}


@pytest.mark.parametrize("rule", REFUSED)
def test_a_refused_call_gets_its_cause_and_its_mend(sandbox, rule):
    send(sandbox, **REFUSED[rule])

    found = why(sandbox)

    assert found["rule"] == rule
    assert found["proved"] is (rule != "signature-unexplained")
    for part in ("cause", "fix", "said", "text"):
        assert found[part]["zh"] and found[part]["en"]


@pytest.mark.parametrize(
    "path", ["/trade/v1/payments", "/trade/v1/payment/", "/trad/v1/payment", "/payment", "/"]
)
def test_a_call_to_a_path_that_is_not_there_is_kept_and_explained(sandbox, path):
    assert send(sandbox, path).status_code == 404

    assert why(sandbox)["rule"] == "path-unknown"
    assert sandbox.report().broken() == ("request-refused",)


@pytest.mark.parametrize("path", ["/favicon.ico", "/", "/trade/v1/nothing"])
def test_a_visit_of_a_browser_is_no_call(sandbox, path):
    requests.get(sandbox.url + path, timeout=30)

    assert sandbox.exchanges == () and sandbox.report().grade == "clean"


def test_a_call_that_was_accepted_needs_no_explanation(sandbox):
    send(sandbox)

    assert why(sandbox) is None


def test_a_cancel_by_the_wrong_call_is_told_the_right_one(sandbox):
    send(sandbox)
    send(
        sandbox,
        "/trade/v1/close",
        {name: PARAMS[name] for name in ("out_trade_no", "txamt", "txdtm")},
    )

    assert why(sandbox, 2)["rule"] == "wrong-endpoint"
    assert "reversal" in why(sandbox, 2)["fix"]["en"]


def test_a_number_that_was_used_before_is_named(sandbox):
    send(sandbox)
    send(sandbox)

    assert why(sandbox, 2)["rule"] == "number-reused"


def test_the_report_names_the_cause_of_a_wrong_signature(sandbox):
    send(sandbox, signature=JOINED)

    (finding,) = sandbox.report().findings

    assert finding.rule.id == "signature-wrong"
    assert "&key= stands between the text and the key" in finding.found.detail.en
    told = requests.get(f"{sandbox.url}/sandbox/report", timeout=30).json()
    assert told["findings"][0]["detail"]["en"] == finding.found.detail.en


@pytest.mark.parametrize("as_json", [False, True])
def test_the_line_of_the_log_has_cause_and_mend(sandbox, as_json):
    gateway = sandbox._gateway
    lines = ExchangeLines(lambda seen: explanation(seen, gateway), as_json=as_json)
    gateway.log.watchers.append(lines.add)

    send(sandbox, signature=JOINED)
    waiting = lines._lines.get(timeout=5)

    assert waiting is not None
    line = lines.written(*waiting)
    assert "&key= stands between the text and the key" in line
    assert "Append the key directly" in line
    if as_json:
        assert json.loads(line)["explanation"]["rule"] == "key-joined"


def test_a_key_that_was_sent_as_app_code_is_in_no_explanation(sandbox):
    send(sandbox, app_code=KEY)

    assert KEY not in json.dumps(why(sandbox))
    assert KEY not in str(sandbox.report())


def test_nothing_is_explained_before_somebody_looks(sandbox):
    send(sandbox, signature=JOINED)

    assert sandbox._gateway.log.last[0].explanation is None
