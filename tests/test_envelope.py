"""What comes back in the place of a reply: late, endless, huge, broken. Over real sockets."""

from __future__ import annotations

import gzip
import json
import time
import tracemalloc
import zlib
from typing import Any

import pytest
from requests.adapters import HTTPAdapter

from qftools import Credentials, Journal, Order, cancel
from qftools.cancellation.policy import Policy
from qftools.cancellation.verdicts import Verdict
from qftools.client.replies import LONGEST_ASK, MOST_BYTES
from qftools.errors import InputError, OutcomeUnknownError, RateLimitError, TransportError
from qftools.exchange import CUT, MOST_KEPT
from qftools.sandbox import Sandbox
from qftools.sweep.pace import Pace
from qftools.transport.strict_json import MOST_DEPTH, MOST_DIGITS
from tests.awaited import CLIENTS
from tests.raw_server import RawServer, drips, reply, says

OK = b'{"respcd": "0000", "data": []}'
LIMIT = 0.3  # seconds for a whole reply
HASTY = Policy(look_tries=2, absent_tries=2, confirm_tries=3, first_wait=0.0, wait_step=0.0)
ORDER = Order("A1", 2500, "2026-01-05 10:00:00", pay_type="800101")


both = pytest.mark.parametrize("kind", CLIENTS)


def client_of(url, kind="plain", **changes):
    how: dict[str, Any] = {
        "timeout": (5.0, LIMIT),
        "pause": lambda seconds: None,
        "clock": lambda: 1e9,
    }
    return CLIENTS[kind](Credentials("A1", "a secret key"), url, **(how | changes))


def ask(answer, *, gap=0.0, **changes):
    """One query to a server that answers so."""
    with RawServer(answer, gap=gap) as server, client_of(server.url, **changes) as client:
        return client.call("query", {"out_trade_no": "A1"})


def body(text, *headers):
    return says(reply(text, *headers))


# ---- late -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" + b" " * 9999,
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 99 + b"A" * 999,
        b"HTTP/1.1 200 " + b"O" * 9999,
        b"HTTP/1.1 100 Continue\r\n\r\n" * 999,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\n \r\n" * 999,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;" + b"x" * 9999,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"A: b\r\n" * 999,
        b"HTTP/1.1 200 OK\r\n\r\n" + b" " * 9999,
    ],
    ids=["body", "headers", "status", "interim", "chunks", "extension", "trailers", "no length"],
)
@both
def test_a_reply_in_drops_ends_at_the_deadline_whatever_drips(answer, kind):
    began = time.monotonic()

    with pytest.raises(TransportError, match="ReadTimeout") as caught:
        ask(drips(answer), gap=0.02, kind=kind)

    assert caught.value.sent
    assert LIMIT <= time.monotonic() - began < 10


@both
def test_the_time_of_one_request_is_not_taken_from_the_next_on_the_same_connection(kind):
    kept = reply(OK, closes=False)
    with (
        RawServer(says(b"", kept), gap=0.6, closes=False) as server,
        client_of(server.url, kind, timeout=(5.0, 1.0)) as client,
    ):
        for _ in range(2):
            assert client.call("query", {"out_trade_no": "A1"}).ok


@pytest.mark.parametrize("status", ["102 Processing", "103 Early Hints"])
@both
def test_an_interim_reply_is_not_the_reply_and_leaves_none_to_the_next_request(status, kind):
    interim = f"HTTP/1.1 {status}\r\nLink: </style.css>\r\n\r\n".encode()

    def answer(request):
        number = b"N1" if b"N1" in request else b"N2"
        row = b'{"respcd": "0000", "data": [{"out_trade_no": "' + number + b'"}]}'
        return (interim, interim, reply(row, closes=False))

    with (
        RawServer(answer, gap=0.05, closes=False) as server,
        client_of(server.url, kind, timeout=(5.0, 5.0)) as client,
    ):
        for number in ("N1", "N2"):
            said = client.call("query", {"out_trade_no": number})

            assert [row.out_trade_no for row in said.transactions] == [number]


def test_after_a_change_of_protocol_the_connection_is_not_used_again():
    upgraded = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n"

    def answer(request):
        return (upgraded,) if b"N1" in request else (reply(OK, closes=False),)

    with (
        RawServer(answer, closes=False) as server,
        client_of(server.url, timeout=(5.0, 5.0)) as client,
    ):
        with pytest.raises(TransportError, match="HTTP 101"):
            client.call("query", {"out_trade_no": "N1"})

        assert client.call("query", {"out_trade_no": "N2"}).ok


def test_an_adapter_of_ones_own_is_used_as_it_is():
    assert ask(body(OK), adapter=HTTPAdapter()).ok


def test_in_process_the_deadline_counts_by_the_sandboxs_clock():
    with Sandbox() as sandbox:
        client = sandbox.client()
        before = sandbox.clock.now()
        with sandbox.fault("slow", on="query", seconds=600), pytest.raises(TransportError):
            client.call("query", {"out_trade_no": "A1"})

        assert sandbox.clock.now() - before == 60


# ---- another request's ----------------------------------------------------------------------

PAYMENT = {"pay_type": "800108", "txamt": 2500, "txcurrcd": "HKD", "auth_code": "28" + "0" * 16}
PAYMENT |= {"out_trade_no": "A2", "txdtm": "2026-01-05 10:00:00"}
CANCEL = {"syssn": "2", "out_trade_no": "A2", "txamt": 2500, "txdtm": "2026-01-05 10:00:00"}
REFUND = CANCEL | {"out_trade_no": "R2"}
CAPTURE = {"syssn": "2", "txamt": 2500}
OTHERS = [
    ("payment", PAYMENT, {"out_trade_no": "A1"}),
    ("payment", PAYMENT, {"data": {"txstatus": "SUCCESS", "out_trade_no": "A1"}}),
    ("payment", PAYMENT, {"data": [{"out_trade_no": "A2", "respcd": "0000"}]}),
    ("reversal", CANCEL, {"out_trade_no": "A1"}),
    ("close", CANCEL, {"orig_syssn": "1", "out_trade_no": "A2"}),
    ("refund", REFUND, {"orig_syssn": "1"}),
    ("refund", REFUND, {"origssn": "1"}),
    ("refund", REFUND, {"out_trade_no": "R1"}),
    ("authtrade", CAPTURE, {"orig_syssn": "1"}),
    ("unfreeze", CANCEL, {"orig_syssn": "1"}),
]


@pytest.mark.parametrize(("endpoint", "params", "told"), OTHERS, ids=str)
@both
def test_a_reply_about_another_order_leaves_the_outcome_unknown(endpoint, params, told, kind):
    answer = json.dumps({"respcd": "0000", "respmsg": "", **told}).encode()

    with RawServer(body(answer)) as server, client_of(server.url, kind) as client:
        with pytest.raises(TransportError, match="about another order|answer to a query"):
            client.call(endpoint, params)

        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("endpoint", "params", "told"),
    [
        ("payment", PAYMENT, {"out_trade_no": None}),
        ("reversal", CANCEL, {"orig_syssn": 2, "out_trade_no": ""}),
        ("refund", REFUND, {"orig_syssn": "2", "out_trade_no": "A2"}),
        ("authtrade", CAPTURE, {"orig_syssn": "2", "out_trade_no": "A2"}),
    ],
    ids=str,
)
def test_a_reply_is_taken_where_it_names_the_order_once_however_spelled(endpoint, params, told):
    answer = json.dumps({"respcd": "0000", "respmsg": "", **told}).encode()

    with RawServer(body(answer)) as server, client_of(server.url) as client:
        assert client.call(endpoint, params).ok


# ---- too much -------------------------------------------------------------------------------


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "deflate"])
@both
def test_a_reply_that_is_compressed_all_the_same_is_read(coding, kind):
    packed = zlib.compress(OK) if coding == "deflate" else gzip.compress(OK, mtime=0)

    assert ask(body(packed, f"Content-Encoding: {coding}"), kind=kind).ok


@both
def test_nothing_compressed_is_asked_for(kind):
    with RawServer(body(OK)) as server, client_of(server.url, kind) as client:
        client.call("query", {"out_trade_no": "A1"})

        assert b"accept-encoding: identity" in server.requests[0].lower()


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(
            lambda: body(gzip.compress(b" " * 200_000_000, 1), "Content-Encoding: gzip"),
            id="bomb",
        ),
        pytest.param(
            lambda: says(b"HTTP/1.1 200 OK\r\n\r\n", *[b" " * 65_536] * 1_000), id="endless"
        ),
        pytest.param(
            lambda: says(
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                *[b"10000\r\n" + b" " * 65_536 + b"\r\n"] * 1_000,
            ),
            id="chunks",
        ),
    ],
)
@both
def test_a_reply_without_end_is_refused_in_little_memory(answer, kind):
    answer = answer()
    tracemalloc.start()

    with pytest.raises(TransportError, match=f"longer than {MOST_BYTES} bytes"):
        ask(answer, timeout=(5.0, 120.0), kind=kind)

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 6 * MOST_BYTES


def nested(depth):
    return b'{"respcd": "0000", "a": ' + b"[" * depth + b"]" * depth + b"}"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (nested(100_000), "not JSON"),
        (nested(MOST_DEPTH), f"deeper than {MOST_DEPTH} levels"),
        (b'{"respcd": "0000", "a": ' + b"[" * 100_000, "not JSON"),
        (b'{"respcd": "0000", "a": ' + b"9" * 5_000 + b"}", f"more than {MOST_DIGITS} digits"),
        (b'{"respcd": "0000", "a": 0.' + b"9" * 5_000 + b"}", f"more than {MOST_DIGITS} digits"),
        (b'{"respcd": "0000", "a": 1e999}', "not finite"),
        (b'{"respcd": "0000", "a": NaN}', "not finite"),
        (b'{"respcd": "0000", "a": -Infinity}', "not finite"),
        (b'{"respcd": "1143", "respcd": "0000"}', "a field twice"),
        (b'{"respcd": "0000", "data": [{"respcd": "1143", "resp\\u0063d": "0000"}]}', "twice"),
        (b'{"respcd": "0000", "a": "\xff"}', "not JSON"),
        (OK.decode().encode("utf-16"), "not JSON"),
        (OK[:-3], "not JSON"),
        (b"", "not JSON"),
        (b"[]", "not a JSON object"),
        (b'{"respcd": -5}', "no four-digit respcd"),
        (b'{"respcd": true}', "no four-digit respcd"),
        ('{"respcd": "００００"}'.encode(), "no four-digit respcd"),
    ],
    ids=lambda value: repr(value[:40]),
)
def test_json_beyond_the_limits_or_of_two_meanings_is_no_reply(text, problem):
    with pytest.raises(TransportError, match=problem):
        ask(body(text))


@pytest.mark.parametrize(
    "text",
    [
        nested(MOST_DEPTH - 1),
        b'{"respcd": "0000", "a": "' + b"[{" * 99 + b'"}',
        b'{"respcd": "0000", "respcd": "0000"}',
        b"\xef\xbb\xbf" + OK,
        b'{"respcd": "0000", "a": -12.5e3}',
    ],
    ids=lambda value: repr(value[:40]),
)
def test_json_that_is_only_unusual_is_read(text):
    assert ask(says(reply(text, "Content-Type: text/plain; charset=utf-16"))).ok


# ---- broken ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x00\xff" * 500,
        b"HTTP/1.1 200999 OK\r\n\r\n",
        b"HTTP/9.9 200 OK\r\n\r\n" + OK,
        b"HTTP/1.1 200 " + b"O" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 31\r\n\r\n" + OK,
        b"HTTP/1.1 200 OK\r\nContent-Length: 29\r\n\r\n" + OK,
        b"HTTP/1.1 200 OK\r\nContent-Length: 30\r\nContent-Length: 5\r\n\r\n" + OK,
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n" + OK,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n" + OK,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n" + OK,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"F" * 99 + b"\r\n" + OK,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1e\r\n" + OK,
        reply(OK, "Content-Encoding: gzip"),
        reply(gzip.compress(OK, mtime=0)[:-9], "Content-Encoding: gzip"),
        reply(gzip.compress(OK, mtime=0) + b"more", "Content-Encoding: gzip"),
        reply(OK, "Content-Encoding: br"),
        reply(gzip.compress(gzip.compress(OK, mtime=0), mtime=0), "Content-Encoding: gzip, gzip"),
        reply(OK, status="204 No Content"),
        reply(OK, "Location: http://[::1/\xff", status="302 Found"),
        reply(OK, "Location: /trade/v1/query", status="307 Temporary Redirect"),
        reply(OK, status="502 Bad Gateway"),
        reply(OK, status="407 Proxy Authentication Required"),
    ],
    ids=lambda value: repr(value[:70]),
)
@both
def test_what_is_no_whole_reply_is_an_unknown_outcome_and_never_another_exception(answer, kind):
    with RawServer(says(answer)) as server, client_of(server.url, kind) as client:
        with pytest.raises(TransportError) as caught:
            client.call("query", {"out_trade_no": "A1"})

        assert len(server.requests) == 1
        assert caught.value.sent
        assert caught.value.exchange == client.exchanges[0]


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.0 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 \xff\xfe\r\n\xff\r\nno header at all\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: multipart/mixed; boundary=x\r\nSet-Cookie: ;;\r\n\r\n",
    ],
    ids=lambda value: repr(value[:60]),
)
def test_odd_headers_around_a_whole_reply_are_read(head):
    assert ask(says(head + OK)).ok


def test_half_a_surrogate_pair_comes_through_to_json_and_page_without_an_exception(capsysbinary):
    text = b'"\\ud800 a \\ud83d\\ude00", "\\udfff": "\\udc00"'
    row = b'{"out_trade_no": "A1", "respcd": "1143", "goods_name": ' + text + b"}"
    whole = b'{"respcd": "0000", "resperr": ' + text + b', "data": [' + row + b"]}"
    with (
        RawServer(body(whole)) as server,
        Journal(":memory:") as journal,
        client_of(server.url) as client,
    ):
        outcome = cancel(client, ORDER, journal=journal, policy=HASTY)
        reply = client.call("query", {"out_trade_no": "A1"})
        shown = json.dumps(outcome.to_dict(), ensure_ascii=False) + repr(journal.entry(1))

    print(shown.encode(), reply.resperr, repr(client.exchanges).encode())
    assert reply.resperr == "\ufffd a \U0001f600"


# ---- what is kept ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        b'{"respcd": "1143", "resperr": "' + b"x" * 1_000_000 + b'"}',
        b'{"respcd": "0000", "data": [{"out_trade_no": "A1", "respcd": "1143", "goods_name": "'
        + b"x" * 1_000_000
        + b'"}]}',
        b'{"respcd": "0000", "data": [{"out_trade_no": "A1", "respcd": "1143", "goods_name": '
        + b"["
        + b"1," * 100_000
        + b"1]}]}",
        b'{"respcd": "0000", "data": [{"out_trade_no": "A1", "respcd": "1143"'
        + b"".join(b', "f%d": "x"' % number for number in range(20_000))
        + b"}]}",
        b'{"respcd": "0000", "data": []' + b" " * 1_000_000 + b"}",
        b"<html>" + b"x" * 1_000_000,
    ],
    ids=["resperr", "text", "list", "fields", "blanks", "html"],
)
def test_answers_of_a_megabyte_make_a_small_journal(text, tmp_path):
    headers = [f"X-{number}: {'y' * 10_000}" for number in range(60)]
    with (
        RawServer(body(text, *headers)) as server,
        Journal(tmp_path / "journal.db") as journal,
        client_of(server.url, timeout=(5.0, 120.0)) as client,
    ):
        outcome = cancel(client, ORDER, journal=journal, policy=HASTY)
        kept = sum(file.stat().st_size for file in tmp_path.iterdir())

        assert len(client.exchanges) >= 2
        assert kept < 200_000 * len(client.exchanges)
        assert len(repr(outcome)) < 200_000 * len(client.exchanges)
        exchange = client.exchanges[-1]
    assert exchange.response.body == text[:MOST_KEPT] + CUT.encode()


def test_a_long_list_of_rows_decides_though_only_its_beginning_is_kept():
    row = b'{"out_trade_no": "B%d", "respcd": "1143"}'
    mine = b'{"out_trade_no": "A1", "respcd": "0000", "cancel": "0", "txamt": "2500"}'
    rows = b", ".join([row % number for number in range(1_000)] + [mine])
    with (
        RawServer(body(b'{"respcd": "0000", "data": [' + rows + b"]}")) as server,
        client_of(server.url, timeout=(5.0, 120.0)) as client,
    ):
        assert cancel(client, ORDER, policy=HASTY).verdict is Verdict.PAID
        assert client.exchanges[0].response.body.endswith(CUT.encode())


# ---- later ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("999999", LONGEST_ASK),
        ("9" * 5_000, LONGEST_ASK),
        ("inf", LONGEST_ASK),
        ("nan", None),
        ("-1", None),
        ("soon", None),
        ("Sun, 09 Sep 2001 01:46:50 GMT", 10.0),  # by the client's clock it is 01:46:40
        ("Sun, 09 Sep 2001 01:46:30 GMT", 0.0),
        ("Thu, 31 Dec 2199 23:59:59 GMT", LONGEST_ASK),
        ("Thu, 99 Dec 99999 23:59:59 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_capped(asked, seconds):
    answer = reply(b"", f"Retry-After: {asked}", status="429 Too Many Requests")

    with pytest.raises(RateLimitError) as caught:
        ask(says(answer))

    assert caught.value.retry_after == seconds


def test_no_wait_is_longer_than_two_minutes_whatever_the_gateway_asks_for():
    waits: list[float] = []
    answer = says(reply(b"", "Retry-After: 999999", status="429 Too Many Requests"))
    with RawServer(answer) as server, client_of(server.url, pause=waits.append) as client:
        cancel(client, ORDER, policy=HASTY)
        with pytest.raises(RateLimitError):
            client.query(ORDER)
    now = [0.0]

    def pause(seconds):
        waits.append(seconds)
        now[0] += seconds

    pace = Pace(lambda: now[0])
    pace.limited(LONGEST_ASK)
    pace.take(pause)

    assert waits
    assert max(waits) <= LONGEST_ASK


# ---- before anything is sent ----------------------------------------------------------------


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
@pytest.mark.parametrize("content", [None, "no certificate"])
@both
def test_certificates_that_can_not_be_read_are_an_input_error_that_names_them(
    monkeypatch, tmp_path, name, content, kind
):
    path = tmp_path / "bundle.pem"
    if content is not None:
        path.write_text(content)
    for bundle in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(bundle, raising=False)
    monkeypatch.setenv(name, str(path))

    with pytest.raises(InputError) as caught:
        client_of("https://127.0.0.1:1", kind)

    assert caught.value.field == name
    assert str(path) in str(caught.value)
    client_of("http://127.0.0.1:1", kind)  # without TLS nobody reads it


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 403 Forbidden\r\n\r\n",
        b"",
        b"\xff\xff\r\n\r\n",
    ],
    ids=repr,
)
@both
def test_a_proxy_that_refuses_is_named_and_nothing_was_sent(monkeypatch, answer, kind):
    with RawServer(says(answer)) as proxy:
        error = through(monkeypatch, kind, f"http://me:pass1234word@{proxy.url[7:]}")

        assert len(proxy.requests) == 1
    assert error.sent is False
    assert "HTTPS_PROXY" in str(error)
    assert ("HTTP 407" in str(error)) == (b"407" in answer)
    assert "pass1234word" not in f"{error!r}{error.__cause__!r}{error.exchange!r}"


@both
def test_a_proxy_whose_answer_drips_is_given_up(monkeypatch, kind):
    with RawServer(drips(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 999), gap=0.02) as proxy:
        error = through(monkeypatch, kind, proxy.url)

    assert isinstance(error, OutcomeUnknownError)


@pytest.mark.parametrize("proxy", ["http://127.0.0.1:1", "http://127.0.0.1:port", "socks5://", "x"])
@both
def test_a_proxy_that_is_not_there_is_named_and_nothing_was_sent(monkeypatch, proxy, kind):
    error = through(monkeypatch, kind, proxy)

    assert error.sent is False
    assert "HTTPS_PROXY" in str(error)


def through(monkeypatch, kind, proxy):
    """The error of a query through a proxy, to a host that no test can reach."""
    for name in ("NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    place: dict[str, Any] = {"base_url": "https://gateway.invalid", "allow": ("unlisted-host",)}
    how: dict[str, Any] = {"timeout": (LIMIT, LIMIT), "pause": lambda seconds: None}
    with (
        CLIENTS[kind](Credentials("A1", "a secret key"), **place, **how) as client,
        pytest.raises(TransportError) as caught,
    ):
        client.call("query", {"out_trade_no": "A1"})
    return caught.value
