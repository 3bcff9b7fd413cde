"""Signatures are pinned to digests that somebody else computed."""

import hashlib
import json
import random
import shutil
import string
import subprocess
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qftools.errors import InputError
from qftools.signing import canonical, sign, sign_body, sign_text, verify, verify_body

VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text("utf-8"))
REQUESTS = [row for row in VECTORS if row["kind"] == "request"]
BODIES = [row for row in VECTORS if row["kind"] != "request"]

KEY = "abcd1234"
NAMES = st.text(string.ascii_letters + string.digits + "_", min_size=1, max_size=12).filter(
    lambda name: name not in ("sign", "sign_type")
)
VALUES = st.text(st.characters(codec="utf-8"), max_size=40)
PARAMS = st.dictionaries(NAMES, VALUES, max_size=8)


def ids(rows):
    return [row["id"] for row in rows]


@pytest.mark.parametrize("row", REQUESTS, ids=ids(REQUESTS))
def test_a_published_request_gets_its_published_signature(row):
    made = sign(row["params"], row["key"], row["algorithm"])

    assert made == row["expected"].upper()


@pytest.mark.parametrize("row", REQUESTS, ids=ids(REQUESTS))
def test_a_published_signature_is_right_in_either_case_and_wrong_with_one_digit_changed(row):
    given_ = row["expected"]
    changed = ("0" if given_[-1] != "0" else "1").join([given_[:-1], ""])

    assert verify(row["params"], row["key"], given_.lower(), row["algorithm"])
    assert verify(row["params"], row["key"], given_.upper(), row["algorithm"])
    assert not verify(row["params"], row["key"], changed, row["algorithm"])


@pytest.mark.parametrize(
    "row", [row for row in REQUESTS if "wire_body" in row], ids=lambda r: r["id"]
)
def test_the_bytes_that_each_vendor_sample_sent_decode_to_what_it_signed(row):
    received = dict(parse_qsl(row["wire_body"], keep_blank_values=True))

    assert verify(received, row["key"], row["expected"])


@pytest.mark.parametrize("row", BODIES, ids=ids(BODIES))
def test_a_published_reply_or_notification_has_its_published_signature(row):
    body = row["body"].encode()

    assert sign_body(body, row["key"]) == row["expected"]
    assert verify_body(body, row["key"], row["expected"].lower())
    assert not verify_body(body + b"\n", row["key"], row["expected"])


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [  # printf 'mchid=ZaMVg12345&txamt=100&txcurrcd=HKDabcd1234' | md5sum, sha256sum
        ("MD5", "3CB3AA9C21D818AB4CAFAA8FA3FEACF4"),
        ("SHA256", "99D9F7174823928B74C74B1C7A7E1538DF733774DD21C9606A202CB8BB3D74E8"),
    ],
)
def test_the_documented_example_has_the_digest_that_md5sum_and_sha256sum_make(algorithm, expected):
    params: dict[str, str | int] = {"txcurrcd": "HKD", "txamt": 100, "mchid": "ZaMVg12345"}

    assert sign(params, KEY, algorithm) == expected


@pytest.mark.parametrize(
    ("algorithm", "signature"),
    [  # printf '{"respcd": "0000"}abcd1234' | md5sum, sha256sum
        ("MD5", "40526CF4AC031EC195CF8BC251AF2ADB"),
        ("SHA256", "207064C1F0561564AD7F2C9F666449EFE1C1EE6769ED7DAFD250194A7AB86EE0"),
    ],
)
def test_a_body_is_verified_by_the_algorithm_that_is_named(algorithm, signature):
    body = b'{"respcd": "0000"}'

    assert sign_body(body, KEY, algorithm) == signature
    assert verify_body(body, KEY, signature, algorithm)
    assert verify_body(body, KEY, signature) == (algorithm == "MD5")
    assert not verify_body(body, KEY, signature, "SHA256" if algorithm == "MD5" else "MD5")


@pytest.mark.parametrize(("tool", "algorithm"), [("md5sum", "MD5"), ("sha256sum", "SHA256")])
def test_chinese_text_is_signed_as_utf8_like_coreutils_would(tool, algorithm):
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not on this machine")
    params = {"goods_name": "奶茶 大杯", "txamt": "2500"}
    text = "goods_name=奶茶 大杯&txamt=2500" + KEY

    printed = subprocess.run([tool], input=text.encode(), capture_output=True, check=True).stdout

    assert sign(params, KEY, algorithm) == printed.split()[0].decode().upper()


def test_names_are_sorted_and_not_the_joined_strings():
    # "=" comes after the digits: sorting whole strings would put chnlsn2 first.
    assert canonical({"chnlsn2": "b", "chnlsn": "a", "Page": "1"}) == "Page=1&chnlsn=a&chnlsn2=b"


def test_a_stray_sign_or_sign_type_in_the_body_is_not_signed():
    params = {"txamt": "1", "sign": "F00", "sign_type": "MD5"}

    assert canonical(params) == "txamt=1"
    assert canonical(list(params.items())) == "txamt=1"


def test_empty_values_are_signed_unless_told_otherwise():
    params = {"mchid": "", "txamt": "1"}

    assert canonical(params) == "mchid=&txamt=1"
    assert canonical(params, empty_values="exclude") == "txamt=1"


def test_either_treatment_of_empty_values_is_accepted_by_default_and_one_when_told():
    params = {"mchid": "", "txamt": "1"}
    with_them, without = sign(params, KEY), sign({"txamt": "1"}, KEY)

    assert verify(params, KEY, with_them)
    assert verify(params, KEY, without)
    assert not verify(params, KEY, without, empty_values="include")
    assert not verify(params, KEY, with_them, empty_values="exclude")


@pytest.mark.parametrize("value", [25.0, None, True, b"1", ["1"], {"a": 1}])
@pytest.mark.parametrize("shape", [dict, lambda pairs: list(pairs)])
def test_a_value_that_can_be_written_in_two_ways_is_refused_by_name(value, shape):
    params = shape([("txamt", value)])

    with pytest.raises(InputError, match="txamt is .* text or a whole number"):
        sign(params, KEY)


def test_an_unknown_algorithm_or_an_empty_key_is_refused():
    with pytest.raises(InputError, match="algorithm is 'MD4'"):
        sign({"a": "1"}, KEY, "MD4")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="client_key is empty"):
        sign({"a": "1"}, "")
    with pytest.raises(InputError, match="client_key is empty"):
        sign_body(b"{}", "")
    with pytest.raises(InputError, match="algorithm"):
        sign_body(b"{}", KEY, "md5")  # type: ignore[arg-type]


def test_text_that_utf8_cannot_write_is_refused_without_showing_the_key():
    with pytest.raises(InputError) as caught:
        sign({"goods_name": "\ud800"}, "marker-key")

    assert "marker-key" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert not verify({"goods_name": "\ud800"}, KEY, "00" * 16)


@pytest.mark.parametrize("signature", ["", "签名", "\ud800", "0" * 31, "\x00" * 32])
def test_any_text_at_all_may_come_as_a_signature(signature):
    assert not verify({"txamt": "1"}, KEY, signature)
    assert not verify_body(b"{}", KEY, signature)


@given(
    PARAMS, st.text(st.characters(codec="utf-8"), min_size=1), st.sampled_from(["MD5", "SHA256"])
)
def test_what_is_signed_verifies_in_any_order_and_shape(params, key, algorithm):
    made = sign(params, key, algorithm)
    shuffled = random.Random(0).sample(list(params.items()), len(params))

    assert verify(dict(shuffled), key, made, algorithm)
    assert verify(shuffled, key, made.lower(), algorithm)


@given(PARAMS, NAMES, VALUES)
def test_any_change_of_a_value_breaks_the_signature(params, name, value):
    made = sign({**params, name: value}, KEY)

    assert not verify({**params, name: value + " "}, KEY, made, empty_values="include")


@given(PARAMS)
def test_the_signature_is_the_hash_of_canonical_text_and_key(params):
    expected = hashlib.md5((canonical(params) + KEY).encode()).hexdigest().upper()

    assert sign(params, KEY) == sign_text(canonical(params), KEY) == expected
