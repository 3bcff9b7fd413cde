"""The bytes: what real clients send is understood, what is wrong is refused with the right code."""

from __future__ import annotations

import hashlib
import json
import random
from urllib.parse import parse_qsl

import pytest

from qftools.sandbox.gateway.wire import read_params
from qftools.sandbox.sandbox import CLIENT_KEY
from qftools.transport.door import WireRequest
from tests.sandbox.doors import signature

TIME = "2026-01-05 10:00:00"
PAYMENT = {
    "pay_type": "800101",
    "txamt": "2500",
    "txcurrcd": "HKD",
    "out_trade_no": "A1",
    "txdtm": TIME,
}


def form(params: dict[str, str]) -> bytes:
    """Join as is, nothing encoded."""
    return "&".join(f"{name}={value}" for name, value in params.items()).encode()


@pytest.mark.parametrize(
    "txdtm",
    ["2026-01-05+10%3A00%3A00", "2026-01-05%2010%3A00%3A00", "2026-01-05 10:00:00"],
    ids=["plus and percent", "percent only", "raw"],
)
def test_a_time_is_read_however_clients_encode_it(door, txdtm):
    answer = door.raw("payment", form(PAYMENT | {"txdtm": txdtm}), signature(PAYMENT))

    assert answer.json["txdtm"] == TIME


def test_raw_utf8_in_the_body_is_understood(door):
    params = PAYMENT | {"goods_name": "红茶 二杯"}

    answer = door.raw("payment", form(params), signature(params))

    assert answer.respcd == "0000"
    assert door.look(answer)["goods_name"] == "红茶 二杯"


def test_a_url_that_is_sent_unencoded_is_understood(door):
    params = PAYMENT | {"notify_url": "http://127.0.0.1/n?a=1"}

    assert door.raw("payment", form(params), signature(params)).respcd == "0000"


def test_parameters_in_the_query_string_of_an_empty_post_count(door):
    query = form({**PAYMENT, "txdtm": "2026-01-05+10:00:00"}).decode()
    headers = {"X-QF-APPCODE": door.sandbox.credentials.app_code, "X-QF-SIGN": signature(PAYMENT)}

    answer = door.send("POST", "/trade/v1/payment", query, headers, b"")

    assert answer.respcd == "0000"


def test_the_body_wins_over_the_query_string(door):
    headers = {"X-QF-APPCODE": door.sandbox.credentials.app_code, "X-QF-SIGN": signature(PAYMENT)}

    answer = door.send("POST", "/trade/v1/payment", "txamt=1", headers, form(PAYMENT))

    assert answer.json["txamt"] == "2500"


def test_a_raw_plus_that_was_signed_as_plus_is_accepted(door):
    params = PAYMENT | {"txzone": "+0800"}

    assert door.raw("payment", form(params), signature(params)).respcd == "0000"


ZONE = {"out_trade_no": "a b", "txzone": "+0800"}


@pytest.mark.parametrize(
    ("wire", "signed", "respcd"),
    [
        (b"out_trade_no=a+b", {"out_trade_no": "a b"}, "0000"),
        (b"out_trade_no=a+b", {"out_trade_no": "a+b"}, "1108"),
        (b"out_trade_no=a%20b", {"out_trade_no": "a+b"}, "1108"),
        (b"out_trade_no=a b", {"out_trade_no": "a+b"}, "1108"),
        (b"out_trade_no=a%2Bb", {"out_trade_no": "a+b"}, "0000"),
        (b"out_trade_no=a+b&txzone=+0800", ZONE, "0000"),
        (b"txzone=+0800&out_trade_no=a%20b", ZONE, "0000"),
        (b"out_trade_no=a+b&txzone=+0800", {**ZONE, "out_trade_no": "a+b"}, "1108"),
        (b"out_trade_no=a+b&xtxzone=+0800", {"out_trade_no": "a b", "xtxzone": "+0800"}, "1108"),
        (b"out_trade_no=a+b&udid=x y", {"out_trade_no": "a+b", "udid": "x y"}, "0000"),
    ],
)
def test_a_raw_plus_is_a_plus_only_where_no_encoder_wrote_it(door, wire, signed, respcd):
    assert door.raw("query", wire, signature(signed)).respcd == respcd


def test_reading_a_raw_plus_literally_can_be_switched_off(make_door):
    params = PAYMENT | {"txzone": "+0800"}

    answer = make_door(literal_plus="off").raw("payment", form(params), signature(params))

    assert answer.respcd == "1108"


def test_multipart_forms_as_php_sends_them_are_understood(door):
    parts = "".join(
        f'--B\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in PAYMENT.items()
    )

    answer = door.raw(
        "payment",
        f"{parts}--B--\r\n".encode(),
        signature(PAYMENT),
        Content_Type="multipart/form-data; boundary=B",
    )

    assert answer.respcd == "0000"


@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded"])
def test_a_json_body_is_a_format_error(door, kind):
    answer = door.raw(
        "payment", json.dumps(PAYMENT).encode(), signature(PAYMENT), Content_Type=kind
    )

    assert answer.respcd == "1103"


def test_unknown_fields_are_accepted_and_signed(door):
    assert door.pay(trade_name="x", mchntid="y").respcd == "0000"


@pytest.mark.parametrize("field", ["sign", "sign_type"])
def test_a_stray_sign_field_is_not_part_of_the_signed_text(door, field):
    answer = door.raw("payment", form(PAYMENT | {field: "MD5"}), signature(PAYMENT))

    assert answer.respcd == "0000"


@pytest.mark.parametrize("signed", [{"udid": ""}, {}], ids=["included", "excluded"])
def test_empty_values_may_be_signed_or_not(door, signed):
    answer = door.raw("payment", form(PAYMENT | {"udid": ""}), signature(PAYMENT | signed))

    assert answer.respcd == "0000"


@pytest.mark.parametrize(("switch", "signed"), [("include", {}), ("exclude", {"udid": ""})])
def test_a_switch_leaves_one_reading_of_empty_values(make_door, switch, signed):
    door = make_door(empty_values=switch)

    answer = door.raw("payment", form(PAYMENT | {"udid": ""}), signature(PAYMENT | signed))

    assert answer.respcd == "1108"


def test_hex_is_accepted_in_either_case(door):
    assert door.raw("payment", form(PAYMENT), signature(PAYMENT).lower()).respcd == "0000"


def test_sha256_counts_when_it_is_announced(door):
    sign = signature(PAYMENT, algorithm="sha256")

    assert door.raw("payment", form(PAYMENT), sign, X_QF_SIGNTYPE="SHA256").respcd == "0000"
    assert door.raw("payment", form(PAYMENT), sign).respcd == "1108"


@pytest.mark.parametrize("endpoint", ["payment", "query", "reversal", "close", "refund"])
def test_every_endpoint_takes_a_signed_get(door, endpoint):
    placed = door.pay()
    number = {"syssn": placed.json["syssn"], "out_trade_no": "N1"}
    params = PAYMENT if endpoint == "payment" else number | {"txamt": "2500", "txdtm": TIME}

    answer = door.call(endpoint, params, method="GET")

    assert answer.status == 200
    assert answer.respcd not in ("1103", "1104", "1108")


@pytest.mark.parametrize("endpoint", ["payment", "query", "reversal", "close", "refund"])
@pytest.mark.parametrize(
    ("switch", "taken"),
    [
        ("on", ("payment", "query", "reversal", "close", "refund")),
        ("documented", ("reversal", "close")),
        ("off", ()),
    ],
)
def test_a_switch_says_where_get_is_taken(make_door, endpoint, switch, taken):
    door = make_door(allow_get=switch)

    answer = door.call(endpoint, {"syssn": "1"}, method="GET")

    assert answer.status == (200 if endpoint in taken else 405)
    assert answer.headers.get("Allow") == (None if endpoint in taken else "POST")
    assert door.call(endpoint, {"syssn": "1"}).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"X-QF-SIGN": "0" * 32},
        {"X-QF-SIGN": ""},
        {"X-QF-SIGNTYPE": "SHA1"},
        {"X-QF-SIGN": "é" * 8},
        {"X-QF-APPCODE": "nobody"},
        {"X-QF-APPCODE": ""},
    ],
    ids=["wrong", "empty", "unknown kind", "not hex", "unknown app code", "no app code"],
)
def test_a_bad_signature_gets_1108_and_changes_nothing(door, headers):
    answer = door.call("payment", PAYMENT, headers=headers)

    assert answer.status == 200
    assert set(answer.json) == {"resperr", "respcd", "respmsg"}
    assert answer.respcd == "1108"
    assert door.sandbox.orders() == ()


def test_a_signature_over_wire_bytes_counts_only_when_it_is_switched_on(make_door):
    wire = {name: value.replace(" ", "+").replace(":", "%3A") for name, value in PAYMENT.items()}

    off = make_door().raw("payment", form(wire), signature(wire))
    on = make_door(wire_signature_fallback="on").raw("payment", form(wire), signature(wire))

    assert (off.respcd, on.respcd) == ("1108", "0000")


def test_answers_are_signed_over_their_very_bytes(door):
    answer = door.pay()

    expected = hashlib.md5(answer.body + CLIENT_KEY.encode()).hexdigest().upper()
    assert answer.headers["X-QF-SIGN"] == expected


def test_refusals_are_signed_too_where_the_app_code_is_known(door):
    known = door.call("payment", PAYMENT, headers={"X-QF-SIGN": "0" * 32})
    unknown = door.call("payment", PAYMENT, headers={"X-QF-APPCODE": "nobody"})

    assert known.headers["X-QF-SIGN"]
    assert "X-QF-SIGN" not in unknown.headers


def test_answers_are_written_as_python_writes_json(make_door):
    answer = make_door(lang="zh").pay()

    assert answer.body == json.dumps(answer.json).encode()
    assert answer.headers["Content-Type"] == "application/json; charset=UTF-8"
    assert answer.json["resperr"] == "交易成功"


def test_a_path_that_is_not_there_gets_404(door):
    assert door.send("POST", "/trade/v1/nothing", "", {}, b"").status == 404
    assert door.send("GET", "/trade/v1/payment/", "", {}, b"").status == 404


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_a_method_that_is_not_there_gets_405(door, method):
    answer = door.send(method, "/trade/v1/query", "", {}, b"")

    assert answer.status == 405
    assert answer.headers["Allow"] == "GET, POST"


def test_too_many_fields_are_refused(door):
    params = {f"f{index}": "1" for index in range(300)}

    assert door.call("query", params).respcd == "1103"


def test_a_body_in_another_charset_is_answered(door):
    assert door.raw("payment", "goods_name=茶".encode("gbk"), "0" * 32).respcd == "1108"


def test_the_old_header_with_underscores_names_the_merchant(make_door):
    door = make_door(mchid="required")
    mchid = "MNxMp11FV35qQN"

    refused = door.call("payment", PAYMENT)
    taken = door.call("payment", PAYMENT, headers={"X_QF_MCHCODE": mchid})

    assert (refused.respcd, taken.respcd) == ("1108", "0000")
    assert door.sandbox.order("A1").mchid == mchid


def test_the_published_limits_give_429_when_they_are_switched_on(make_door):
    door = make_door(rate_limit="published")

    statuses = [door.query(syssn="1").status for _ in range(102)]
    door.sandbox.clock.advance(1)
    after_a_second = door.query(syssn="1").status

    assert statuses == [200] * 100 + [429] * 2
    assert after_a_second == 200


def test_the_limit_of_a_minute_is_400(make_door):
    door = make_door(rate_limit="published")
    statuses = []
    for _ in range(5):
        statuses += [door.query(syssn="1").status for _ in range(90)]
        door.sandbox.clock.advance(2)

    assert statuses.count(200) == 400
    assert statuses[400:] == [429] * 50


@pytest.mark.parametrize("seed", range(20))
def test_a_form_is_read_as_the_standard_library_reads_it(seed):
    chance = random.Random(seed)
    text = "".join(chance.choices(["a", "b=", "=", "&", "%41", "%e8%8c%b6", "%", "+", "茶"], k=60))

    read = read_params(WireRequest("GET", "/", text))

    assert read == dict(parse_qsl(text, keep_blank_values=True, errors="replace"))
