"""How a request goes out and a reply is read: what is believed, what is refused, and as what."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import zlib
from http.client import HTTPException
from typing import Any

import certifi
import pytest
import requests
import urllib3
from requests.adapters import BaseAdapter

from qftools import Client, Credentials, Order
from qftools.client.awaiting import at_once
from qftools.client.connection import Connection
from qftools.client.line import PATHS
from qftools.client.replies import read, unverified_respcd
from qftools.errors import InputError, RateLimitError, SignatureError, TransportError
from qftools.exchange import Exchange, Request, Response
from qftools.locale import use_language
from qftools.transport.deadline import DeadlineAdapter
from qftools.transport.strict_json import parse

KEY = "0123456789ABCDEF"
OK = b'{"respcd": "0000", "data": []}'
MOST = 4_194_304  # bytes: 4 MiB
PROXY = "http://proxy.invalid:3128"
AWAY = "https://gateway.invalid"
VARIABLES = "HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY"
BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch):
    for name in VARIABLES.split(", "):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name in BUNDLES:
        monkeypatch.delenv(name, raising=False)


# ---- whose answer it is -----------------------------------------------------------------------


def exchange(body: bytes = OK, *headers: tuple[str, str], status: int = 200) -> Exchange:
    asked = Request("POST", "https://h/trade/v1/query", (), b"")
    return Exchange("query", asked, Response(status, headers, body), None, 1e9, 10.0)


def signature(body: bytes, digest: Any = hashlib.md5) -> str:
    return str(digest(body + KEY.encode()).hexdigest())


@pytest.mark.parametrize("digest", [hashlib.md5, hashlib.sha256])
@pytest.mark.parametrize("written", [str.lower, str.upper, " {} \t".format])
def test_a_signature_that_fits_is_told_in_the_reply(digest, written):
    seen = exchange(OK, ("x-qf-sign", written(signature(OK, digest))))

    reply = read(seen, KEY)

    assert (reply.endpoint, reply.respcd, reply.signed) == ("query", "0000", True)
    assert reply.body == {"respcd": "0000", "data": []}


def test_a_reply_without_a_signature_is_read_and_told_as_unsigned():
    assert read(exchange(), KEY).signed is False


@pytest.mark.parametrize(
    "sign",
    [
        "",
        "0" * 32,
        "0" * 64,
        signature(OK)[:-1],
        signature(OK + b" "),
        signature(OK, hashlib.sha1),
        "签" * 32,
    ],
)
def test_any_other_signature_is_refused_before_the_body_is_read(sign):
    for body in (OK, b"<html>"):
        with pytest.raises(SignatureError) as caught:
            read(exchange(body, ("X-QF-SIGN", sign)), KEY)
        assert str(caught.value) == (
            "the reply's X-QF-SIGN does not match its bytes: ignore it, query again"
        )
        assert caught.value.unverified_respcd == ("0000" if body == OK else None)


def test_a_wrong_signature_over_1108_is_put_down_to_the_key():
    with pytest.raises(SignatureError) as caught:
        read(exchange(b'{"respcd": "1108"}', ("X-QF-SIGN", "0" * 32)), KEY)

    assert caught.value.unverified_respcd == "1108"
    assert str(caught.value) == (
        "the reply's X-QF-SIGN does not match its bytes. The unverified content says respcd 1108"
        " (signature error): most likely the client key or the app code does not belong"
        " to this account"
    )


@pytest.mark.parametrize(
    ("body", "respcd"),
    [
        (b'"respcd":"1108"', "1108"),
        (b'{"a": 1, "respcd" :\n 1108}', "1108"),
        (b'{"respcd": "11081"}', None),
        (b'{"respcd": "110"}', None),
        (b'{"RESPCD": "1108"}', None),
        (b" " * (65_536 - 14) + b'"respcd": 1108, "a": 1', "1108"),
        (b" " * (65_537 - 14) + b'"respcd": 1108, "a": 1', None),
        (b"", None),
    ],
    ids=lambda value: repr(value)[-40:],
)
def test_an_unverified_code_is_looked_for_in_the_first_64_kib(body, respcd):
    assert unverified_respcd(body) == respcd


# ---- what is an answer ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "respcd"),
    [('"0000"', "0000"), ('"1143"', "1143"), ("0", "0000"), ("43", "0043"), ("1143", "1143")],
)
def test_a_respcd_is_four_digits_or_a_bare_number(written, respcd):
    assert read(exchange(b'{"respcd": %s}' % written.encode()), KEY).respcd == respcd


@pytest.mark.parametrize(
    "body",
    [
        *(f'{{"respcd": {value}}}' for value in ("true", "false", "null", "-5", "11430", "0.0")),
        *(
            f'{{"respcd": "{value}"}}'
            for value in ("", "143", "11430", "0000\\n", " 0000", "００００")
        ),
        '{"respcd": ["0000"]}',
        '{"RESPCD": "0000"}',
        "{}",
    ],
)
def test_anything_else_is_no_respcd_and_no_answer(body):
    with pytest.raises(TransportError, match="no four-digit respcd"):
        read(exchange(body.encode()), KEY)


@pytest.mark.parametrize("status", [100, 199, 201, 204, 302, 400, 408, 428, 430, 500, 503])
def test_another_status_than_200_is_no_answer_however_well_signed(status):
    with pytest.raises(TransportError) as caught:
        read(exchange(OK, ("X-QF-SIGN", signature(OK)), status=status), KEY)

    assert type(caught.value) is TransportError
    assert str(caught.value) == f"HTTP {status} is not the gateway's answer"


def test_a_407_is_put_down_to_the_proxy_by_the_variables_names():
    with pytest.raises(TransportError) as caught:
        read(exchange(OK, status=407), KEY)

    assert str(caught.value) == (
        f"HTTP 407 comes from a proxy, not from the gateway: see {VARIABLES}"
    )


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        (None, None),
        ("", None),
        ("7", 7.0),
        (" 0.5 ", 0.5),
        ("0", 0.0),
        ("-1", None),
        ("nan", None),
        ("120", 120.0),
        ("120.5", 120.0),
        ("1e999", 120.0),
        ("soon", None),
        ("Sun, 09 Sep 2001 01:47:00 GMT", 10.0),  # the reply was complete at 01:46:50
        ("Sun, 09 Sep 2001 01:46:50 GMT", 0.0),
        ("Sun, 09 Sep 2001 01:46:30 GMT", 0.0),
        ("Thu, 31 Dec 2199 23:59:59 GMT", 120.0),
        ("Thu, 31 Dec 99999 23:59:59 GMT", None),
        (f"Thu, 31 Dec {'9' * 30} 23:59:59 GMT", None),
    ],
)
def test_a_429_tells_how_long_to_wait_after_the_reply(asked, seconds):
    headers = () if asked is None else (("retry-after", asked),)

    with pytest.raises(RateLimitError) as caught:
        read(exchange(b"", *headers, status=429), KEY)

    assert str(caught.value) == "HTTP 429: too many requests, try again later"
    assert caught.value.retry_after == seconds


# ---- JSON -------------------------------------------------------------------------------------


def lists(depth: int) -> bytes:
    return b'{"a": ' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"


def objects(depth: int) -> bytes:
    return b'{"a": ' * depth + b"1" + b"}" * depth


@pytest.mark.parametrize("nested", [lists, objects])
def test_32_levels_are_read_and_33_are_not(nested):
    assert parse(nested(32)) == json.loads(nested(32))
    with pytest.raises(TransportError, match="deeper than 32 levels"):
        parse(nested(33))


def test_lists_and_objects_count_alike_and_many_beside_each_other_are_not_deep():
    wide = {"a": [[{}]] * 99, "b": [1, "[[{{" * 20, None]}

    assert parse(json.dumps(wide).encode()) == wide
    with pytest.raises(TransportError, match="deeper than 32 levels"):
        parse(b'{"a": [0, ' * 17 + b"0" + b"]}" * 17)


@pytest.mark.parametrize("digits", ["9" * 64, "-" + "9" * 63, "0." + "9" * 62, "-12.5e3", "1e300"])
def test_a_number_of_64_characters_is_read_as_it_is(digits):
    assert parse(b'{"a": %s}' % digits.encode()) == {"a": json.loads(digits)}


@pytest.mark.parametrize(
    ("number", "problem"),
    [
        ("9" * 65, "more than 64 digits"),
        ("0." + "9" * 63, "more than 64 digits"),
        ("1e999", "not finite"),
        ("-1e999", "not finite"),
        ("NaN", "not finite"),
        ("Infinity", "not finite"),
        ("-Infinity", "not finite"),
    ],
)
def test_a_number_that_no_gateway_means_is_refused(number, problem):
    with pytest.raises(TransportError, match=problem):
        parse(b'{"a": [%s]}' % number.encode())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b'{"a": 1',
        b'{"a": "\xff"}',
        b"[" * 100_000,
        b'{"a": 1}'.decode().encode("utf-16"),
    ],
    ids=lambda value: repr(value[:20]),
)
def test_what_is_not_json_in_utf_8_is_refused(body):
    with pytest.raises(TransportError, match="the reply is not JSON: [A-Za-z]+Error"):
        parse(body)


@pytest.mark.parametrize("body", [b"[]", b"null", b'"a"', b"1", b"true"])
def test_json_that_is_no_object_is_refused(body):
    with pytest.raises(TransportError, match="not a JSON object"):
        parse(body)


def test_a_byte_order_mark_is_passed_over():
    assert parse(b'\xef\xbb\xbf{"a": "\xe8\x8c\xb6"}') == {"a": "茶"}


def test_a_field_twice_is_read_only_where_both_say_the_same():
    assert parse(b'{"a": 1, "b": {"c": [2], "c": [2]}, "a": 1}') == {"a": 1, "b": {"c": [2]}}
    for body in (b'{"a": 1, "a": 2}', b'{"a": [{"b": "1", "\\u0062": "2"}]}'):
        with pytest.raises(TransportError, match="twice, with different values"):
            parse(body)


@pytest.mark.parametrize("half", ["\\ud800", "\\uD800", "\\uDFFF", "\\udc00", "\\uDbFf"])
def test_half_a_surrogate_pair_becomes_the_replacement_character_wherever_it_stands(half):
    text = f"a {half} z"
    body = '{"%s": "%s", "b": {"%s": ["%s", 1, null, true]}, "c": "\\ud83d\\ude00"}'

    assert parse((body % (text, text, text, text)).encode()) == {
        "a \ufffd z": "a \ufffd z",
        "b": {"a \ufffd z": ["a \ufffd z", 1, None, True]},
        "c": "\U0001f600",
    }


# ---- what is sent -----------------------------------------------------------------------------


class Carrier(BaseAdapter):
    """Carries bytes nowhere: notes what it is given, and has one answer or one trouble."""

    def __init__(self, answer: bytes | io.RawIOBase = OK, *headers: tuple[str, str]) -> None:
        super().__init__()
        self.answer: bytes | io.RawIOBase | Exception = answer
        self.headers = dict(headers)
        self.given: list[tuple[requests.PreparedRequest, dict[str, Any]]] = []
        self.ended = 0

    def send(self, request, **settings):  # type: ignore[override]
        self.given.append((request, settings))
        if isinstance(self.answer, Exception):
            raise self.answer
        body = io.BytesIO(self.answer) if isinstance(self.answer, bytes) else self.answer
        answer = requests.Response()
        answer.status_code = 201
        answer.headers.update(self.headers)
        answer.raw = urllib3.HTTPResponse(body, self.headers, preload_content=False)
        answer.close = self.close  # type: ignore[method-assign]
        return answer

    def close(self) -> None:
        self.ended += 1


def ticking(*moments: float) -> Any:
    return iter(moments).__next__


def sent_by(
    carrier: Carrier, method: str = "POST", url: str = AWAY, endpoint: str = "query"
) -> tuple[Exchange, TransportError | None]:
    connection = Connection(url, (5, 60), ticking(100.0, 103.5), carrier)
    return at_once(connection.send(endpoint, method, "a=1&b=%E8%8C%B6", {"X-QF-SIGN": "S"}))


def test_a_post_carries_the_form_in_its_body():
    carrier = Carrier(OK, ("X-A", "b"))

    seen, trouble = sent_by(carrier)

    assert trouble is None
    (request, settings) = carrier.given[0]
    assert settings == {
        "stream": True,
        "timeout": (5.0, 60.0),
        "verify": True,
        "cert": None,
        "proxies": {},
    }
    headers = {
        "User-Agent": "qftools",
        "Accept": "application/json",
        "Connection": "keep-alive",
        "X-QF-SIGN": "S",
        "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
        "Content-Length": "15",
    }
    url = "https://gateway.invalid/trade/v1/query"
    assert (request.method, request.url, request.body) == ("POST", url, b"a=1&b=%E8%8C%B6")
    assert list(request.headers.items()) == list(headers.items())
    assert seen == Exchange(
        "query",
        Request("POST", url, tuple(headers.items()), b"a=1&b=%E8%8C%B6"),
        Response(201, (("X-A", "b"),), OK),
        None,
        100.0,
        3.5,
    )
    assert carrier.ended == 1


def test_a_get_carries_the_form_in_its_address():
    carrier = Carrier()

    seen, _ = sent_by(carrier, "GET")

    (request, _) = carrier.given[0]
    assert request.url == "https://gateway.invalid/trade/v1/query?a=1&b=%E8%8C%B6"
    assert request.body is None
    assert seen.request == Request(
        "GET",
        request.url,
        (
            ("User-Agent", "qftools"),
            ("Accept", "application/json"),
            ("Connection", "keep-alive"),
            ("X-QF-SIGN", "S"),
        ),
        b"",
    )


def test_a_request_is_shown_before_it_is_sent_and_may_be_stopped():
    carrier = Carrier()
    shown: list[Request] = []
    connection = Connection(AWAY, (5, 60), ticking(100.0, 103.5), carrier)

    seen, _ = at_once(connection.send("query", "POST", "a=1", {}, shown.append))
    with pytest.raises(OSError, match="stop"):
        at_once(connection.send("query", "POST", "a=1", {}, lambda request: _stop()))

    assert shown == [seen.request]
    assert len(carrier.given) == 1


def _stop() -> None:
    raise OSError("stop")


def test_what_is_kept_of_a_missing_reply_is_english_whatever_language_is_chosen():
    carrier = Carrier()
    carrier.answer = requests.ReadTimeout()
    use_language("zh")

    seen, trouble = sent_by(carrier)

    assert trouble is not None
    assert seen.error == "no reply from /trade/v1/query: ReadTimeout" != trouble.say("zh")


@pytest.mark.parametrize(
    ("endpoint", "path"),
    [
        ("payment", "/trade/v1/payment"),
        ("query", "/trade/v1/query"),
        ("reversal", "/trade/v1/reversal"),
        ("close", "/trade/v1/close"),
        ("refund", "/trade/v1/refund"),
        ("authtrade", "/trade/v1/authtrade"),
        ("unfreeze", "/trade/v1/unfreeze"),
    ],
)
def test_each_call_goes_to_the_path_that_the_gateway_publishes(endpoint, path):
    seen, _ = sent_by(Carrier(), endpoint=endpoint)

    assert (seen.endpoint, seen.request.url) == (endpoint, AWAY + path)
    assert len(PATHS) == 7


def test_a_connection_that_is_closed_closes_what_carries_it():
    carrier = Carrier()

    Connection(AWAY, (5, 60), ticking(), carrier).close()

    assert carrier.ended == 1


def test_http_with_a_deadline_carries_and_keeps_64_connections_open():
    adapter: Any = Connection(AWAY, (5, 60), ticking())._session.get_adapter(AWAY + "/")

    assert isinstance(adapter, DeadlineAdapter)
    assert adapter.poolmanager.connection_pool_kw["maxsize"] == 64


@pytest.mark.parametrize("given", [(1, 2), (0.5, 0.25)])
def test_time_outs_are_seconds_above_zero(given):
    carrier = Carrier()
    connection = Connection(AWAY, given, ticking(1.0, 2.0), carrier)
    at_once(connection.send("query", "POST", "", {}))

    used = carrier.given[0][1]["timeout"]
    assert used == given
    assert [type(seconds) for seconds in used] == [float, float]


@pytest.mark.parametrize(
    "given", [(0, 1), (1, 0), (-1, 1), (1, -1), (1, 2, 3), (1,), 5, None, "ab", (1, "b")]
)
def test_anything_else_is_refused_as_a_time_out(given):
    with pytest.raises(InputError, match=r"timeout is .*both above zero"):
        Connection(AWAY, given, ticking(), Carrier())


# ---- bytes that come back ---------------------------------------------------------------------


@pytest.mark.parametrize("coding", [None, "", "identity", " Identity "])
def test_plain_bytes_are_taken_as_they_are_up_to_4_mib(coding):
    headers = () if coding is None else (("Content-Encoding", coding),)
    for body in (b"", OK, b" " * MOST):
        seen, trouble = sent_by(Carrier(body, *headers))

        assert trouble is None
        assert seen.response is not None
        assert seen.response.body == body


@pytest.mark.parametrize("coding", ["gzip", " GZip ", "x-gzip", "deflate"])
def test_compressed_bytes_are_unpacked_up_to_4_mib(coding):
    pack = zlib.compress if coding == "deflate" else gzip.compress
    for body in (b"", OK, b" " * MOST):
        seen, trouble = sent_by(Carrier(pack(body), ("Content-Encoding", coding)))

        assert trouble is None
        assert seen.response is not None
        assert seen.response.body == body


class Endless(io.RawIOBase):
    """Has always more, and notices who goes on reading."""

    read_so_far = 0

    def readinto(self, buffer):
        self.read_so_far += len(buffer)
        assert self.read_so_far < 2 * MOST
        buffer[:] = b" " * len(buffer)
        return len(buffer)

    def readable(self):
        return True


@pytest.mark.parametrize(
    ("body", "coding"),
    [
        (b" " * (MOST + 1), "identity"),
        (Endless(), "identity"),
        (gzip.compress(b" " * (MOST + 1), 1, mtime=0), "gzip"),
        (gzip.compress(b" " * 20 * MOST, 1, mtime=0), "gzip"),
        (zlib.compress(b" " * (MOST + 1), 1), "deflate"),
    ],
    ids=["a byte more", "endless", "a packed byte more", "bomb", "deflate"],
)
def test_a_longer_reply_is_refused(body, coding):
    seen, trouble = sent_by(Carrier(body, ("Content-Encoding", coding)))

    assert str(trouble) == seen.error == "the reply is longer than 4194304 bytes"
    assert seen.response is None


@pytest.mark.parametrize(
    ("body", "coding", "said"),
    [
        (gzip.compress(OK, mtime=0)[:-1], "gzip", "the reply ended in the middle"),
        (gzip.compress(OK, mtime=0) + b"x", "gzip", "the reply ended in the middle"),
        (b"", "gzip", "the reply ended in the middle"),
        (OK, "gzip", "no reply from /trade/v1/query: error"),
        (OK, "br", "the reply is compressed, although no compression was requested"),
        (
            gzip.compress(OK, mtime=0),
            "gzip, gzip",
            "the reply is compressed, although no compression was requested",
        ),
    ],
    ids=["cut", "more", "empty", "not packed", "br", "twice"],
)
def test_packed_bytes_that_are_not_whole_or_of_another_kind_are_refused(body, coding, said):
    seen, trouble = sent_by(Carrier(body, ("Content-Encoding", coding)))

    assert isinstance(trouble, TransportError)
    assert str(trouble) == seen.error == said
    assert trouble.sent
    assert seen.response is None


# ---- no reply ---------------------------------------------------------------------------------


def never_reached() -> requests.ConnectionError:
    pool: Any = None
    reason = urllib3.exceptions.NewConnectionError(pool, "refused")
    return requests.ConnectionError(urllib3.exceptions.MaxRetryError(pool, "/", reason))


UNSENT: list[Exception] = [
    requests.exceptions.ConnectTimeout("late"),
    requests.exceptions.SSLError("no trust"),
    requests.exceptions.ProxyError("refused"),
    requests.exceptions.InvalidURL("odd"),
    requests.exceptions.InvalidSchema("odd"),
    urllib3.exceptions.LocationValueError("odd"),
    never_reached(),
]
SENT: list[Exception] = [
    requests.exceptions.ReadTimeout("late"),
    requests.ConnectionError(),
    requests.ConnectionError(urllib3.exceptions.ProtocolError("reset")),
    urllib3.exceptions.ProtocolError("reset"),
    HTTPException("odd"),
    OSError("reset"),
    ValueError("odd"),
    OverflowError("odd"),
    zlib.error("odd"),
]


@pytest.mark.parametrize("error", UNSENT + SENT, ids=lambda error: f"{error!r}"[:40])
def test_what_goes_wrong_on_the_way_is_an_error_that_says_whether_anything_was_sent(error):
    carrier = Carrier()
    carrier.answer = error

    seen, trouble = sent_by(carrier)

    assert isinstance(trouble, TransportError)
    assert str(trouble) == seen.error == f"no reply from /trade/v1/query: {type(error).__name__}"
    assert trouble.sent is (error in SENT)
    assert trouble.__cause__ is error
    assert (seen.response, seen.started, seen.seconds) == (None, 100.0, 3.5)


def caused(reason: Exception) -> requests.ConnectionError:
    """What requests makes of *reason*, which the system's own error led to."""
    reason.__cause__ = OSError(111, "Connection refused")
    pool: Any = None
    return requests.ConnectionError(urllib3.exceptions.MaxRetryError(pool, "/", reason))


def test_an_address_that_can_not_be_reached_is_named_with_what_the_system_says():
    pool: Any = None
    carrier = Carrier()
    carrier.answer = caused(urllib3.exceptions.NewConnectionError(pool, "not these words"))

    _, trouble = sent_by(carrier)

    assert isinstance(trouble, TransportError)
    assert str(trouble) == f"no connection to {AWAY}: Connection refused"
    assert trouble.sent is False


def test_what_the_system_says_of_a_line_that_was_open_is_left_out():
    carrier = Carrier()
    carrier.answer = caused(urllib3.exceptions.ProtocolError("reset"))

    _, trouble = sent_by(carrier)

    assert str(trouble) == "no reply from /trade/v1/query: ConnectionError"


def test_a_fault_of_the_program_is_not_taken_for_a_lost_reply():
    carrier = Carrier()
    carrier.answer = TypeError("a fault")

    with pytest.raises(TypeError, match="a fault"):
        sent_by(carrier)


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (requests.exceptions.ProxyError("refused"), "ProxyError"),
        (OSError("Tunnel connection failed: 407 No"), None),
        (requests.exceptions.ProxyError("x Tunnel connection failed: 407 No"), "HTTP 407"),
        (requests.exceptions.InvalidURL("odd"), "InvalidURL"),
        (requests.exceptions.InvalidSchema("odd"), "InvalidSchema"),
        (urllib3.exceptions.LocationValueError("odd"), "LocationValueError"),
        (requests.exceptions.ReadTimeout("late"), None),
    ],
    ids=lambda value: f"{value!r}"[:60],
)
def test_the_proxy_is_named_where_there_is_one_and_it_is_at_fault(monkeypatch, error, cause):
    monkeypatch.setenv("HTTPS_PROXY", PROXY)
    carrier = Carrier()
    carrier.answer = error

    _, trouble = sent_by(carrier)

    assert isinstance(trouble, TransportError)
    assert carrier.given[0][1]["proxies"]["https"] == PROXY
    assert trouble.sent is (cause is None)
    assert str(trouble) == (
        f"no reply from /trade/v1/query: {type(error).__name__}"
        if cause is None
        else f"the proxy can't be reached ({cause}), nothing was sent to the gateway:"
        f" see {VARIABLES}"
    )


# ---- what the environment says ----------------------------------------------------------------


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8080", "[::1]:80", "a.localhost"])
def test_this_machine_is_behind_no_proxy(monkeypatch, host):
    monkeypatch.setenv("HTTP_PROXY", PROXY)
    monkeypatch.setenv("ALL_PROXY", PROXY)
    carrier = Carrier()

    sent_by(carrier, url=f"http://{host}")

    given = carrier.given[0][1]
    assert given["proxies"] == {} and given["verify"] is True


def test_another_machine_is_behind_its_proxy_by_plain_http_too(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", PROXY)
    carrier = Carrier()

    sent_by(carrier, url="http://gateway.invalid")

    assert carrier.given[0][1]["proxies"]["http"] == PROXY


@pytest.mark.parametrize("name", BUNDLES)
@pytest.mark.parametrize("content", [None, "", "no certificate"])
def test_certificates_that_can_not_be_read_are_refused_by_the_variables_name(
    monkeypatch, tmp_path, name, content
):
    path = tmp_path / "bundle.pem"
    if content is not None:
        path.write_text(content)
    monkeypatch.setenv(name, str(path))

    with pytest.raises(InputError) as caught:
        Connection(AWAY, (5, 60), ticking(), Carrier())

    assert caught.value.field == name
    assert repr(str(path)) in caught.value.problem


def test_certificates_that_nothing_reads_are_not_looked_at(monkeypatch, tmp_path):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "missing.pem"))

    assert sent_by(Carrier(), url="http://localhost")[1] is None


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_the_certificates_that_the_environment_names_are_used(monkeypatch, tmp_path, kind):
    path = certifi.where() if kind == "file" else str(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", path)
    carrier = Carrier()

    sent_by(carrier)

    assert carrier.given[0][1]["verify"] == path


def test_the_certificates_that_the_environment_names_are_used_on_this_machine_too(monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", certifi.where())
    monkeypatch.setenv("HTTPS_PROXY", PROXY)
    carrier = Carrier()

    sent_by(carrier, url="https://localhost")

    given = carrier.given[0][1]
    assert given["verify"] == certifi.where() and given["proxies"] == {}


def test_what_the_library_said_of_a_lost_reply_is_kept_as_its_own_kind_of_error():
    client = Client(Credentials("APP", KEY), "http://127.0.0.1:9", timeout=(1.0, 1.0))  # discard

    with pytest.raises(TransportError) as lost:
        client.query(Order("A1"))

    assert type(lost.value.__cause__) is requests.RequestException
    assert "refused" in str(lost.value.__cause__)
