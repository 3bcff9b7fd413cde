"""Every way to sign wrongly is named, with proof; what is right is left alone.

How often it succeeds over many random requests is what ``make bench-diagnosis`` prints.
"""

from __future__ import annotations

import hashlib
import json
import random

import pytest

from qftools import catalogue, explain
from qftools.diagnosis.causes.table import CAUSES
from qftools.diagnosis.rules.remarks import REMARKS
from qftools.exchange import Exchange, Request, Response
from qftools.sandbox import Sandbox
from qftools.signing import canonical, sign, sign_body
from tests import broken_requests as made

KEY = "5744993FBC034DBBB995FA0123456789"
PARAMS = {
    "txamt": "2500",
    "txcurrcd": "HKD",
    "pay_type": "800101",
    "out_trade_no": "A20260105001",
    "txdtm": "2026-01-05 10:00:00",
    "goods_name": "一杯 咖啡",
}


def proved(diagnosis):
    return {finding.id for finding in diagnosis.findings if finding.proof == "reproduced"}


def about(causes):
    return {cause.partition(":")[0] for cause in causes}


def diagnosed(broken):
    payload = broken.payload
    return explain(
        broken.paste,
        key=payload.key,
        other_keys={"other": payload.other_key},
        mchid=payload.mchid,
    )


def made_of(names, seed):
    rng = random.Random(f"{names} {seed}")
    found = (made.create(rng, names) for _ in range(40))
    return next((broken for broken in found if broken is not None), None)


@pytest.mark.parametrize("name", [*made.BREAKERS, *made.ANSWERS])
def test_a_single_cause_is_named_and_nothing_else(name):
    broken = made_of((name,), 1)

    diagnosis = diagnosed(broken)

    assert proved(diagnosis) == about(broken.causes)
    assert diagnosis.cause in diagnosis.findings[:2]  # only a visible key would come before
    (field,) = {cause.partition(":")[2] for cause in broken.causes}
    assert diagnosis.cause.field == field or not field


PAIRS = [
    ("values URL-encoded, +", "key joined with &key="),
    ("not sorted", "values URL-encoded, %20 lower"),
    ("a field sent and not signed", "time in UTC"),
    ("amount in major units", "a field signed and not sent"),
    ("charset GBK", "key joined with &"),
    ("SHA256 not announced", "a field sent and not signed"),
    ("Base64", "not sorted"),
    ("empty values left out", "another environment's key"),
    ("compact JSON", "not sorted"),
    ("hashed twice", "charset Big5"),
    ("values encoded twice for sending", "time in another format"),
    ("key missing", "values URL-encoded, +"),
]


@pytest.mark.parametrize("names", PAIRS, ids=" and ".join)
def test_two_causes_together_are_both_named(names):
    broken = made_of(names, 1)

    assert proved(diagnosed(broken)) == about(broken.causes)


@pytest.mark.parametrize("seed", range(20))
def test_a_correct_request_has_no_cause_and_is_called_right(seed):
    correct = made.correct(random.Random(seed))

    diagnosis = diagnosed(correct)

    assert diagnosis.signature == "right"
    assert proved(diagnosis) == set()


def form(params, signature, **headers):
    lines = "".join([f"{name}: {value}\n" for name, value in headers.items()])
    body = "&".join([f"{name}={value}" for name, value in params.items()])
    return f"{lines}{body}\nsign={signature}"


def test_what_nothing_reproduces_is_never_called_proved():
    diagnosis = explain(form(PARAMS, "0" * 32), key=KEY)

    assert proved(diagnosis) == set() and diagnosis.cause is None
    (finding,) = [f for f in diagnosis.findings if f.id == "signature-unexplained"]
    assert finding.proof == "open" and finding.severity == "error"


def test_without_a_key_nothing_is_said_about_the_signature_but_that():
    wrong = hashlib.md5((canonical(PARAMS) + "&" + KEY).encode()).hexdigest()

    diagnosis = explain(form(PARAMS, wrong))

    assert diagnosis.signature == "unchecked" and diagnosis.expected is None
    assert proved(diagnosis) == set()


def test_a_missing_key_is_proved_without_a_key_at_hand():
    wrong = hashlib.md5(canonical(PARAMS).encode()).hexdigest()

    diagnosis = explain(form(PARAMS, wrong))

    assert proved(diagnosis) == {"key-missing"}
    assert diagnosis.signature == "wrong"


def test_the_diagnosis_shows_both_texts_and_the_first_byte_that_differs():
    text = canonical(PARAMS).replace(" ", "+")
    wrong = hashlib.md5((text + KEY).encode()).hexdigest()

    diagnosis = explain(form(PARAMS, wrong), key=KEY)

    # goods_name=, then six bytes of 一杯: the blank is byte 17, counted from 0.
    assert diagnosis.difference is None or diagnosis.difference.byte == 17
    assert diagnosis.expected == sign(PARAMS, KEY)
    assert "一杯·咖啡" in diagnosis.visible_text


def test_what_the_request_cannot_tell_apart_is_said():
    params = {"txamt": "1", "txcurrcd": "HKD"}
    wrong = hashlib.md5((canonical(params) + "1").encode()).hexdigest()

    diagnosis = explain(form(params, wrong), key=KEY, other_keys={"till": "1"})

    assert proved(diagnosis) == {"other-key"}
    assert "till" in diagnosis.findings[0].what.en


def test_empty_values_left_out_alone_are_a_warning_for_the_gateway_takes_both():
    params = {**PARAMS, "udid": ""}
    signature = sign(params, KEY, empty_values="exclude")

    diagnosis = explain(form(params, signature), key=KEY)

    (finding,) = [f for f in diagnosis.findings if f.proof == "reproduced"]
    assert finding.id == "empty-values-dropped"
    assert finding.severity == "warning" and diagnosis.ok


# ---- answers and notifications ------------------------------------------------------------

BODY = {"respcd": "0000", "respmsg": "", "resperr": "交易成功", "txamt": "2500", "syssn": "1" * 26}
SENT = json.dumps(BODY).encode()  # how the gateway writes it

REWRITTEN = {
    "compact": json.dumps(BODY, separators=(",", ":")),
    "raw UTF-8": json.dumps(BODY, ensure_ascii=False),
    "compact, raw UTF-8": json.dumps(BODY, separators=(",", ":"), ensure_ascii=False),
    "numbers": json.dumps({**BODY, "txamt": 2500}),
    "indented": json.dumps(BODY, indent=2),
    "a line break at the end": json.dumps(BODY) + "\n",
}


@pytest.mark.parametrize("how", REWRITTEN)
def test_an_answer_that_was_written_again_is_recognised(how):
    body = REWRITTEN[how].encode()
    answer = Response(200, (("X-QF-SIGN", sign_body(SENT, KEY)),), body)
    sent = Request("POST", "http://127.0.0.1/n", answer.headers, body)

    diagnosis = explain(sent, key=KEY)

    assert diagnosis.kind == "notification"
    assert proved(diagnosis) == {"body-rewritten"}


def test_an_answer_as_it_came_is_right():
    text = f"HTTP/1.1 200 OK\nX-QF-SIGN: {sign_body(SENT, KEY)}\n\n{SENT.decode()}"

    diagnosis = explain(text, key=KEY)

    assert (diagnosis.kind, diagnosis.signature) == ("answer", "right")


def test_a_notification_signed_over_its_fields_is_recognised():
    signature = hashlib.md5((canonical(BODY) + KEY).encode()).hexdigest()
    sent = Request("POST", "http://127.0.0.1/n", (("X-QF-SIGN", signature),), SENT)

    assert proved(explain(sent, key=KEY)) == {"body-signed-as-fields"}


def test_a_tampered_notification_is_not_explained_and_not_to_be_believed():
    sent = Request(
        "POST",
        "http://127.0.0.1/n",
        (("X-QF-SIGN", sign_body(SENT, KEY)),),
        SENT.replace(b"2500", b"9900"),
    )

    diagnosis = explain(sent, key=KEY)

    assert proved(diagnosis) == set()
    (finding,) = [f for f in diagnosis.findings if f.id == "body-unexplained"]
    assert "query" in finding.fix.en


def test_the_signature_of_an_answer_is_checked_with_its_request():
    request = Request("POST", "https://h/trade/v1/query", (), b"syssn=1")
    answer = Response(200, (("X-QF-SIGN", sign_body(SENT, KEY)),), SENT.replace(b", ", b","))

    diagnosis = explain(Exchange("query", request, answer, None, 0.0, 0.0), key=KEY)

    assert "body-rewritten" in proved(diagnosis)


# ---- the table ---------------------------------------------------------------------------


def test_every_cause_of_the_table_is_made_by_the_generator():
    ways = (*made.BREAKERS, *made.ANSWERS)

    assert {cause for name in ways for cause in about(made_of((name,), 1).causes)} == set(CAUSES)


def unexplained(key):
    request = Request(
        "POST",
        "https://h/trade/v1/payment",
        (("X-QF-SIGN", "0" * 32),),
        "&".join([f"{n}={v.replace(' ', '+')}" for n, v in PARAMS.items()]).encode(),
    )
    refusal = b'{"resperr": "signature error", "respcd": "1108", "respmsg": ""}'
    answer = Response(200, (("X-QF-SIGN", sign_body(refusal, key)),), refusal)
    diagnosis = explain(Exchange("payment", request, answer, None, 0.0, 0.0), key=KEY)
    return {finding.id: finding for finding in diagnosis.findings}


def test_an_answer_that_fits_the_key_clears_the_key_where_no_cause_was_found():
    finding = unexplained(KEY)["signature-unexplained"]

    assert "the key is right" in finding.evidence.en and "not this key" not in finding.fix.en


def test_an_answer_that_does_not_fit_the_key_either_puts_the_key_in_doubt_without_claiming_proof():
    found = unexplained("5744993FBC034DBBB995FA99999999EE")

    assert found["key-doubtful"].proof == "open"
    assert "signature-unexplained" not in found


def test_a_log_whose_signature_stands_in_the_line_of_the_answer_is_read_whole():
    wrong = hashlib.md5((canonical(PARAMS) + KEY).encode("gbk")).hexdigest()
    log = (
        f"02:13:44 ERROR sign str: {canonical(PARAMS)}\n"
        "02:13:44 ERROR POST https://openapi-hk.qfapi.com/trade/v1/payment "
        f'sign={wrong} resp={{"respcd":"1108","resperr":"签名错误"}}'
    )

    diagnosis = explain(log, key=KEY)

    assert proved(diagnosis) == {"charset"}
    assert "answer-caller" in {finding.id for finding in diagnosis.findings}


def test_a_request_to_a_sandbox_of_this_machine_is_checked_with_the_key_that_all_of_them_have():
    with Sandbox() as sandbox:
        client = sandbox.client()
        client.pay(pay_type="800101", txamt=2500, txcurrcd="HKD")

        assert explain(client.exchanges[-1]).signature == "right"


def test_every_source_of_a_cause_or_a_remark_is_one_of_the_catalogue():
    known = catalogue.sources()
    named = [row.source for row in CAUSES.values()] + [row.source for row in REMARKS.values()]

    for source in named:
        for part in source.split(";"):
            assert part.partition("(")[0].strip() in known
