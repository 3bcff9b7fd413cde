"""Whatever somebody pastes is read as the request that was sent; what is written is read back."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qftools.diagnosis.reading.paste import LONGEST, LONGEST_TEXT
from qftools.diagnosis.reading.reader import read
from qftools.errors import InputError
from qftools.exchange import Exchange, Request, Response
from qftools.exchange.redaction import redacted
from qftools.exchange.writing import as_curl, as_har, as_http, as_postman
from tests.diagnosis import chromium_pastes

PASTES = Path(__file__).parent / "pastes"
GIVEN = "0123456789ABCDEF0123456789ABCDEF"
COMMON = {"txamt": "2500", "txcurrcd": "HKD"}
COFFEE = "it's 一杯 咖啡"


def pasted(name):
    return read((PASTES / name).read_bytes())


def signature_of(paste):
    return paste.request.header("X-QF-SIGN") or paste.signature


# ---- real pastes ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["chromium.bash.txt", "chromium.cmd.txt"])
def test_a_form_that_chromium_copied_as_curl_is_read_as_it_was_sent(name):
    (paste,) = pasted(name)

    assert paste.endpoint == "payment"
    assert paste.request.params == chromium_pastes.FORM
    assert '"Chromium";v="156"' in paste.request.header("sec-ch-ua")
    assert signature_of(paste) == GIVEN


def test_a_body_of_any_characters_that_chromium_copied_for_bash_is_read_byte_for_byte():
    (paste,) = pasted("chromium.raw.bash.txt")

    assert paste.request.body.decode() == chromium_pastes.RAW


def test_a_body_that_chromium_copied_for_cmd_is_read_as_windows_would_send_it():
    (paste,) = pasted("chromium.raw.cmd.txt")

    # Chromium writes a blank for what is not ASCII, one line break for CR LF, and \\ for \.
    changed = re.sub("[^\x00-\x7f]", " ", chromium_pastes.RAW).replace("\r\n", "\n")
    assert paste.request.body.decode() == changed.replace("\\", "\\\\")


def test_an_archive_of_chromium_gives_the_calls_to_the_gateway_with_their_answers():
    encoded, raw = pasted("chromium.har")

    assert {encoded.endpoint, raw.endpoint} == {"payment"}
    assert encoded.request.params == chromium_pastes.FORM
    assert raw.request.body.decode() == chromium_pastes.RAW
    assert json.loads(encoded.response.body)["respcd"] == "1108"


@pytest.mark.parametrize(
    ("name", "form", "expected"),
    [
        ("postman.json", "postman", {**COMMON, "goods_name": COFFEE}),
        # print_r writes null, which is not sent, as an empty text: the signature decides.
        ("print_r.txt", "print_r", {**COMMON, "goods_name": COFFEE}),
        ("var_dump.txt", "var_dump", {**COMMON, "goods_name": COFFEE, "udid": ""}),
        ("fetch.txt", "fetch", {**COMMON, "goods_name": COFFEE}),
        ("requests.txt", "requests", {**COMMON, "goods_name": COFFEE}),
        ("log.txt", "signed_text", {**COMMON, "goods_name": COFFEE}),
        ("bare.txt", "form", {**COMMON, "goods_name": COFFEE}),
    ],
)
def test_a_paste_is_read_with_its_parameters_and_its_signature(name, form, expected):
    (paste,) = pasted(name)

    assert paste.form == form
    assert paste.request.params == expected
    assert signature_of(paste) == GIVEN


def test_a_collection_fills_its_variables_and_leaves_disabled_rows_out():
    (paste,) = pasted("postman.json")

    assert paste.request.url == "https://test-openapi-hk.qfapi.com/trade/v1/payment"
    assert paste.request.header("X-Unused") is None


def test_a_switched_off_certificate_check_is_seen_in_python_and_in_curl():
    (python,) = pasted("requests.txt")
    (curl,) = read("curl -sk https://h/trade/v1/query -d a=1")

    assert python.insecure and curl.insecure


@pytest.mark.parametrize(
    ("text", "method", "url", "body"),
    [
        ("curl https://h/q -d a=1 -d b=2", "POST", "https://h/q", b"a=1&b=2"),
        ("curl -G https://h/q -d a=1", "GET", "https://h/q?a=1", b""),
        ("$ curl -XPUT h/q --data-urlencode 'a=b c'", "PUT", "http://h/q", b"a=b%20c"),
        ('KEY=1 curl https://h/q -d "a=\\"1\\""', "POST", "https://h/q", b'a="1"'),
        ("curl https://h/q \\\n -d 'a=1' | jq .", "POST", "https://h/q", b"a=1"),
    ],
)
def test_options_of_curl_make_the_request_that_curl_would_send(text, method, url, body):
    request = read_back(text)

    assert (request.method, request.url, request.body) == (method, url, body)


def test_a_raw_request_and_the_answer_below_it_are_one_exchange():
    (paste,) = read(
        "POST /trade/v1/close HTTP/1.1\nHost: openapi-hk.qfapi.com\nX-QF-SIGN: AB\n\ntxamt=1\n\n"
        'HTTP/1.1 200 OK\nContent-Type: application/json\n\n{"respcd": "1136"}\n'
    )

    assert paste.request is not None and paste.response is not None
    assert paste.request.url == "https://openapi-hk.qfapi.com/trade/v1/close"
    assert paste.request.body == b"txamt=1"
    assert paste.response.body == b'{"respcd": "1136"}'


@pytest.mark.parametrize("text", ["", "hello", "{", "[]", "curl", "a=1", "\0\1\2"])
def test_what_holds_no_request_is_refused_with_what_could_be_pasted(text):
    with pytest.raises(InputError, match="could not be read.*cURL command"):
        read(text)


@pytest.mark.parametrize("text", ["{" + " " * LONGEST, "a" * (LONGEST_TEXT + 1)])
def test_a_paste_that_is_too_long_is_refused_and_not_cut(text):
    with pytest.raises(InputError, match="characters; it must be at most"):
        read(text)


# ---- round trips ------------------------------------------------------------------------

TOKEN = st.text("ABCDEFabcdef-0123456789", min_size=1, max_size=12)
LINE = st.text(
    st.characters(min_codepoint=32, exclude_characters="\x7f", codec="utf-8"), max_size=30
)
FORM = st.dictionaries(TOKEN, st.text(st.characters(codec="utf-8"), max_size=30), max_size=6)
BODY = st.one_of(
    FORM.map(lambda form: urlencode(form).encode()),
    FORM.map(lambda form: "&".join([f"{k}={v}" for k, v in form.items()]).encode()),
    st.binary(max_size=60),
)
HEADERS = st.lists(
    st.tuples(TOKEN.map(lambda name: "X-" + name), LINE.map(lambda value: value.strip())),
    max_size=4,
    unique_by=lambda header: header[0].lower(),
)


@st.composite
def requests(draw):
    form = draw(FORM)
    query = "?" + urlencode(form) if form and draw(st.booleans()) else ""
    kind = (("Content-Type", "application/x-www-form-urlencoded"),)
    headers = (*(kind if draw(st.booleans()) else ()), *draw(HEADERS))
    return Request("POST", f"https://h.example/trade/v1/query{query}", headers, draw(BODY))


def read_back(text):
    (paste,) = read(text)
    return paste.request


@given(requests())
def test_what_is_written_as_curl_for_bash_is_read_back_as_the_same_request(request):
    assert read_back(as_curl(request)) == request


@given(requests())
def test_what_is_written_as_curl_for_windows_is_read_back_as_the_same_request(request):
    try:
        written = as_curl(request, "cmd")
    except InputError:
        return  # bytes that cmd has no way to write

    assert read_back(written) == request


@given(requests())
def test_what_is_written_as_raw_http_is_read_back_as_the_same_request(request):
    assert read_back(as_http(request)) == request


@given(requests(), BODY)
def test_what_is_written_as_an_archive_is_read_back_as_the_same_exchange(request, body):
    answer = Response(200, (("Content-Type", "application/json"),), body)
    exchange = redacted(Exchange("query", request, answer, None, 1e9, 0.25))

    (paste,) = read(json.dumps(as_har([exchange])))

    assert (paste.request, paste.response) == (exchange.request, exchange.response)


@given(requests())
def test_what_is_written_for_postman_is_read_back_as_the_same_request(request):
    exchange = redacted(Exchange("query", request, None, "none", 1e9, 0.25))
    try:
        written = json.dumps(as_postman([exchange]))
    except InputError:
        return  # bytes that are no text

    assert read_back(written) == request
