"""The tap between a program and a gateway: the same bytes, both ways, once; and what it says."""

from __future__ import annotations

import json
import re
import signal
import socket
import ssl
import subprocess
import threading
from contextlib import contextmanager, suppress
from typing import Any

import pytest
import requests

from qftools import Client, cancel
from qftools.errors import InputError, OutcomeUnknownError, WrongPlaceError
from qftools.sandbox import Sandbox
from qftools.sandbox.sandbox import APP_CODE, CLIENT_KEY
from qftools.tap.tap import Tap
from qftools.transport.door import WireRequest
from tests.raw_server import RawServer, reply, says

REAL = "https://openapi-hk.qfapi.com"  # no test connects to it
ORDER: dict[str, Any] = {"pay_type": "800101", "txamt": 2500, "txcurrcd": "HKD"}
FORM = b"syssn=20260105154100020000977813&mchid="


@pytest.fixture
def sandbox():
    with Sandbox(clock="real") as running:
        running.serve()
        yield running


@contextmanager
def tapped(to, **options):
    with Tap(to, **options) as tap:
        tap.serve()
        yield tap


def port_of(url):
    return int(url.rpartition(":")[2])


def spoken(url, sent, *more):
    """Send bytes as they are; return everything that comes back until the end."""
    with socket.create_connection(("127.0.0.1", port_of(url)), 5) as sock:
        sock.sendall(sent)
        for piece in more:
            sock.sendall(piece)
        sock.shutdown(socket.SHUT_WR)
        got = b""
        while part := sock.recv(65_536):
            got += part
    return got


def asked(*headers, body=FORM, host="127.0.0.1", first="POST /trade/v1/query?a=%2b HTTP/1.1"):
    lines = [first, f"HOST: {host}", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


LENGTH = f"content-LENGTH:{len(FORM)}"
ODD = ("x-qf-sign: 00", "X-Twice: b", "x-TWICE:  a ", "X-Latin: \xe9", LENGTH)
CHUNKED = b"5;name=1\r\nsyssn\r\n3\r\n=1&\r\n0\r\nX-Trailer: 1\r\n\r\n"
ANSWER = b'{"respcd":"1136" ,  "respmsg":"\\u65e0"}'


@pytest.mark.parametrize(
    ("sent", "came"),
    [
        (asked(*ODD), reply(ANSWER, "x-QF-sign: 0", "Set-Cookie: a", "set-cookie: b")),
        (asked("Transfer-Encoding: chunked", body=CHUNKED), reply(ANSWER)),
        (asked(LENGTH), b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKED),
        (asked(LENGTH), b"HTTP/1.1 502 Bad Gateway\r\nserver: nginx\r\n\r\n<html>no length"),
        (asked(body=b"", first="GET /trade/v1/query?syssn=1 HTTP/1.1"), reply(b"\x00\xff")),
        (asked(LENGTH), b"HTTP/1.1 103 Early\r\na: b\r\n\r\n" + reply(ANSWER)),
        (asked(body=b"", first="HEAD /trade/v1/query HTTP/1.1"), b"HTTP/1.1 200 OK\r\n\r\n"),
        (asked(LENGTH), reply(ANSWER) + b"behind its end"),
    ],
    ids=["odd", "chunks in", "chunks out", "no length", "binary", "interim", "head", "behind"],
)
def test_what_is_sent_arrives_byte_for_byte_and_so_does_the_reply(sent, came):
    with RawServer(says(came)) as gateway, tapped(gateway.url) as tap:
        back = spoken(tap.url, sent)

        host = gateway.url.removeprefix("http://").encode()
        assert gateway.requests == [sent.replace(b"HOST: 127.0.0.1", b"HOST: " + host)]
        assert back == came


ODDLY_FRAMED = {
    "another version": b"HTTP/2 200 OK\r\nContent-Length: 2\r\n\r\nab",
    "bare LF": b"HTTP/1.1 200 OK\nContent-Length: 2\n\nab",
    "a bare CR": b"HTTP/1.1 200 OK\r\nA: b\rC: d\r\nContent-Length: 2\r\n\r\nab",
    "a folded header": b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 2\r\n\r\nab",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
    "a list of lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nab",
    "a request": b"POST /trade/v1/query HTTP/1.1\r\n\r\nab",
    "a chunk too long": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n",
}


@pytest.mark.parametrize("came", ODDLY_FRAMED.values(), ids=ODDLY_FRAMED)
def test_a_reply_that_can_not_be_read_is_passed_on_as_it_came_and_noted(came):
    with RawServer(says(came[:30], came[30:])) as gateway, tapped(gateway.url) as tap:
        assert spoken(tap.url, asked(LENGTH, "X-QF-APPCODE: A")) == came

        assert len(gateway.requests) == 1
        (exchange,) = tap.exchanges
        assert exchange.response is None and "can't be read" in exchange.error


def test_only_the_word_that_the_caller_has_is_kept_from_it():
    hint = b"HTTP/1.1 103 Early\r\na: b\r\n\r\n"
    word = b"HTTP/1.1 100 Continue\r\n\r\n"
    with RawServer(says(word + hint + reply(ANSWER))) as gateway, tapped(gateway.url) as tap:
        back = spoken(tap.url, asked(LENGTH, "Expect: 100-continue"))

        assert back == word + hint + reply(ANSWER)


REFUSED = {
    "two lengths": asked(LENGTH, LENGTH),
    "length and chunks": asked(LENGTH, "Transfer-Encoding: chunked"),
    "unknown coding": asked("Transfer-Encoding: gzip, chunked"),
    "two hosts": asked("Host: evil.example", LENGTH),
    "another host": asked(LENGTH, host="evil.example"),
    "a page elsewhere": asked("Origin: https://evil.example", LENGTH),
    "a page's request": asked("Sec-Fetch-Site: cross-site", LENGTH),
    "a proxy's target": asked(LENGTH, first="POST http://evil.example/ HTTP/1.1"),
    "a tunnel": asked(body=b"", first="CONNECT evil.example:443 HTTP/1.1"),
    "a folded header": asked("X-A: 1", " 2", LENGTH),
    "a bare line end": asked("X-A: 1\nX-B: 2", LENGTH),
    "a bare CR": asked("X-A: 1\rX-B: 2", LENGTH),
    "a head of bare line ends": b"POST /trade/v1/query HTTP/1.1\nHost: 127.0.0.1\n\n",
    "chunks in HTTP/1.0": asked(
        "Transfer-Encoding: chunked", body=CHUNKED, first="POST /trade/v1/query HTTP/1.0"
    ),
    "a torn chunk line": asked("Transfer-Encoding: chunked", body=b"1;a\nb\r\na\r\n0\r\n\r\n"),
    "a chunk too long": asked("Transfer-Encoding: chunked", body=b"1\r\nab\r\n0\r\n\r\n"),
    "a torn trailer": asked("Transfer-Encoding: chunked", body=b"0\r\na: b\nX: 1\r\n\r\n"),
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "no name": asked(": 1", LENGTH),
    "no HTTP": b"hello\r\n\r\n",
    "too much": asked(f"Content-Length: {10**9}", body=b"a" * 600_000),
}


@pytest.mark.parametrize("sent", REFUSED.values(), ids=REFUSED)
def test_what_could_be_read_in_two_ways_or_comes_from_elsewhere_is_not_sent_on(sent):
    with RawServer(says(reply(ANSWER))) as gateway, tapped(gateway.url) as tap:
        with socket.create_connection(("127.0.0.1", port_of(tap.url)), 5) as sock:
            sock.sendall(sent)
            back = sock.recv(100)

        assert back.startswith((b"HTTP/1.1 400", b"HTTP/1.1 403", b"HTTP/1.1 413", b"HTTP/1.1 421"))
        assert gateway.requests == []


def test_why_a_body_is_too_long_is_read_by_a_caller_that_is_still_sending():
    with RawServer(says(reply(ANSWER))) as gateway, tapped(gateway.url) as tap:
        assert spoken(tap.url, REFUSED["too much"], b"a" * 600_000).startswith(b"HTTP/1.1 413")
        assert gateway.requests == []


HOSTILE = {
    "nothing": b"",
    "noise": b"\x00\x01\x02" * 100,
    "half a head": b"HTTP/1.1 200 OK\r\nContent-Le",
    "half a body": b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{}",
    "a length that is none": b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}",
    "a chunk without end": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "half the end of a chunk": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r",
    "a head without end": b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 30_000,
}


@pytest.mark.parametrize("came", HOSTILE.values(), ids=HOSTILE)
def test_half_a_reply_ends_as_half_a_reply_and_nothing_is_sent_again(came):
    with RawServer(says(came)) as gateway, tapped(gateway.url, client_key=CLIENT_KEY) as tap:
        back = spoken(tap.url, asked(LENGTH, "X-QF-APPCODE: A"))

        assert back == came
        assert len(gateway.requests) == 1
        (exchange,) = tap.exchanges
        assert exchange.response is None
        assert "did not come whole" in exchange.error or "can't be read" in exchange.error


NASTY = {
    "deep": b"[" * 100_000,
    "rows": b'{"respcd": "0000", "data": [1, null, {"syssn": []}, {"syssn": "2", "respcd": {}}]}',
    "data": b'{"respcd": 0, "data": 5}',
    "bomb": b"\x1f\x8b\x08" + b"\x00" * 50,
    "escapes": b'{"respcd": "1136", "respmsg": "\\u001b[2J<script>"}',
}


@pytest.mark.parametrize("body", NASTY.values(), ids=NASTY)
def test_no_reply_breaks_the_report_or_the_next_call(body):
    coding = "gzip" if body[:1] == b"\x1f" else "identity"
    came = reply(body, "X-QF-SIGN: " + "0" * 32, f"Content-Encoding: {coding}")
    with RawServer(says(came)) as gateway, tapped(gateway.url, client_key=CLIENT_KEY) as tap:
        for _ in range(2):
            assert spoken(tap.url, asked(LENGTH, "X-QF-APPCODE: A")) == came

        assert tap.report().looked == 2
        assert {seen.reply_signature for seen in tap.gateway.log.last} == {"wrong"}
        assert len(gateway.requests) == 2


def test_a_client_works_through_it_and_both_signatures_are_checked(sandbox, tmp_path):
    record = tmp_path / "calls.har"
    with tapped(sandbox.url, client_key=CLIENT_KEY, record=record) as tap:
        client = Client(sandbox.credentials, tap.url)
        order = client.pay(**ORDER)
        sandbox.payer(order).pay()
        assert client.query(order).transactions[0].state == "paid"
        with pytest.raises(Exception, match="1260"):
            client.reverse(order)

        checked = [(seen.signature, seen.reply_signature) for seen in tap.gateway.log.last]
        assert checked == [("ok", "ok")] * 3
        assert tap.report().broken() == ("cancelled-paid",)
        assert tap.gateway.books.search(order.out_trade_no).state == "paid"

    har = json.loads(record.read_text())
    sent = [entry["request"]["postData"]["text"] for entry in har["log"]["entries"]]
    assert sent == [exchange.request.body.decode() for exchange in sandbox.exchanges]
    assert CLIENT_KEY not in record.read_text()


def test_a_careful_program_is_accused_of_nothing_nor_of_what_was_before_the_tap(sandbox):
    early = Client(sandbox.credentials, sandbox.url).pay(**ORDER)
    with tapped(sandbox.url, client_key=CLIENT_KEY) as tap:
        client = Client(sandbox.credentials, tap.url)
        order = client.pay(**ORDER)
        assert cancel(client, order).verdict == "CANCELLED"
        client.reverse(early)  # who knows what was asked before the tap was there

        assert tap.report().broken() == ()


def test_a_refusal_is_explained_and_another_key_is_named_as_the_cause(sandbox):
    with tapped(sandbox.url, client_key=CLIENT_KEY) as tap:
        form = {"txamt": "100", "syssn": "20260105154100020000977813"}
        headers = {"X-QF-APPCODE": APP_CODE, "X-QF-SIGN": "0" * 32}
        requests.post(tap.url + "/trade/v1/query", data=form, headers=headers)

        told = requests.get(tap.url + "/sandbox/exchanges/1").json()

    assert told["signature"] == "wrong" and told["respcd"] == "1108"
    assert told["explanation"]["rule"].startswith("signature")
    assert told["signed"]["text"] == "syssn=20260105154100020000977813&txamt=100"


def test_without_a_key_nothing_is_said_of_signatures(sandbox):
    with tapped(sandbox.url) as tap:
        Client(sandbox.credentials, tap.url).query(out_trade_no="A1")

        (seen,) = tap.gateway.log.last
        assert (seen.signature, seen.reply_signature) == ("unread", "unread")
        assert tap.report().broken() == ()


def test_a_key_that_is_not_the_callers_is_called_so_and_no_signature_wrong(sandbox):
    with tapped(sandbox.url, client_key="another key 0123") as tap:
        Client(sandbox.credentials, tap.url).pay(**ORDER)

        (seen,) = tap.gateway.log.last
        assert (seen.signature, seen.reply_signature) == ("unread", "other key")


def test_a_reply_is_lost_that_the_gateway_acted_on_and_nothing_is_sent_again(sandbox, tmp_path):
    record = tmp_path / "calls.har"
    with tapped(sandbox.url, record=record) as tap:
        client = Client(sandbox.credentials, tap.url)
        tap.arm("reply lost", on="payment")

        with pytest.raises(OutcomeUnknownError):
            client.pay(**ORDER, out_trade_no="A1")

        assert [order.out_trade_no for order in sandbox.orders()] == ["A1"]
        assert len(sandbox.exchanges) == 1
        assert client.query(out_trade_no="A1").transactions[0].state == "open"
        assert tap.gateway.books.search("A1").syssn == sandbox.order("A1").syssn

    entry = json.loads(record.read_text())["log"]["entries"][0]
    assert entry["response"]["status"] == 200 and entry["_qftools"]["fault"] == "lost after"


def test_a_reply_comes_in_half_or_late(sandbox):
    with tapped(sandbox.url) as tap:
        client = Client(sandbox.credentials, tap.url, timeout=(3, 0.3))
        tap.arm("half")
        with pytest.raises(OutcomeUnknownError):
            client.pay(**ORDER)
        tap.arm("slow", seconds=5)
        with pytest.raises(OutcomeUnknownError, match="Timeout"):
            client.pay(**ORDER)

        assert len(sandbox.exchanges) == len(sandbox.orders()) == 2


def test_where_money_is_real_the_host_is_confirmed_before_a_reply_is_kept_back():
    with Tap(REAL, environment="test", allow=("environment-mismatch",)) as tap:
        assert tap.real
        for confirmed in ("", "yes", "openapi.qfapi.com"):
            with pytest.raises(InputError, match="real money"):
                tap.arm("reply lost", confirmed_host=confirmed)
        assert not tap.gateway.faults

        tap.arm("reply lost", confirmed_host="openapi-hk.qfapi.com")
        with pytest.raises(InputError, match="one of"):
            tap.arm("duplicated", confirmed_host="openapi-hk.qfapi.com")


@pytest.mark.parametrize(
    "to", [REAL, "http://openapi-hk.qfapi.com", "https://example.com", "https://u:p@127.0.0.1", "x"]
)
def test_the_guard_refuses_what_it_refuses_a_client(to):
    with pytest.raises(WrongPlaceError):
        Tap(to)


def test_an_address_with_a_path_is_refused_because_no_request_is_changed():
    with pytest.raises(InputError, match="path"):
        Tap("http://127.0.0.1:8787/gateway")
    Tap("http://127.0.0.1:8787/").close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=gateway"
        f" -addext subjectAltName=IP:127.0.0.1,DNS:openapi-hk.qfapi.com"
        f" -keyout {key} -out {certificate}".split(),
        check=True,
        capture_output=True,
    )
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    return str(certificate), tls


def behind_tls(sandbox, tls):
    """A server of https in front of a sandbox: what it takes it hands on."""

    def answer(request):
        request = request.replace(b": openapi-hk.qfapi.com", b": 127.0.0.1")  # its own host
        yield spoken(sandbox.url, request.replace(b": keep-alive", b": close"))

    return RawServer(answer, tls=tls)


@pytest.mark.needs("openssl")
def test_it_speaks_tls_to_a_gateway_that_is_who_it_says(sandbox, certificate, monkeypatch):
    path, tls = certificate
    with behind_tls(sandbox, tls) as gateway:
        with tapped(gateway.url) as tap:
            back = requests.post(tap.url + "/trade/v1/query", data=FORM)
            assert back.status_code == 502 and "nothing was sent" in back.text
            assert gateway.requests == [] and sandbox.exchanges == ()

        monkeypatch.setenv("REQUESTS_CA_BUNDLE", path)
        with tapped(gateway.url, client_key=CLIENT_KEY) as tap:
            order = Client(sandbox.credentials, tap.url).pay(**ORDER)

            assert sandbox.order(order).state == "waiting"
            (seen,) = tap.gateway.log.last
            assert (seen.signature, seen.reply_signature) == ("ok", "ok")
            assert seen.came.request.url.startswith(gateway.url)


@contextmanager
def proxied(to):
    """A proxy that opens each tunnel to one address, whatever it is asked for."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            with suppress(OSError):
                here, _ = listener.accept()
                with here, socket.create_connection(("127.0.0.1", port_of(to))) as there:
                    asked.append(here.recv(65_536))
                    here.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                    back = threading.Thread(target=pump, args=(there, here))
                    back.start()
                    pump(here, there)
                    back.join(10)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://shop:s%21cret@127.0.0.1:{listener.getsockname()[1]}", asked
        thread.join(10)


def pump(source, target):
    with suppress(OSError):
        while part := source.recv(65_536):
            target.sendall(part)
        target.shutdown(socket.SHUT_WR)


@pytest.mark.needs("openssl")
def test_a_real_host_is_reached_through_the_proxy_of_the_environment(
    sandbox, certificate, monkeypatch
):
    path, tls = certificate
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", path)
    with behind_tls(sandbox, tls) as gateway, proxied(gateway.url) as (proxy, asked):
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        with tapped(REAL, environment="production", client_key=CLIENT_KEY) as tap:
            order = Client(sandbox.credentials, tap.url).pay(**ORDER)

            assert sandbox.order(order).state == "waiting"
            (seen,) = tap.gateway.log.last
            assert (seen.signature, seen.reply_signature) == ("ok", "ok")
            assert b"Host: openapi-hk.qfapi.com\r\n" in gateway.requests[0]
            assert asked[0].startswith(b"CONNECT openapi-hk.qfapi.com:443 HTTP/1.1\r\n")
            assert b"Proxy-Authorization: Basic c2hvcDpzIWNyZXQ=\r\n" in asked[0]
            assert b"pay_type" not in asked[0] and b"X-QF" not in asked[0]


def test_a_proxy_that_refuses_is_named_and_nothing_is_sent(monkeypatch):
    with RawServer(says(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("://", "://u:s3cret@"))
        with tapped(REAL, environment="production") as tap:
            back = spoken(tap.url, asked(LENGTH, "X-QF-APPCODE: A"))

            (exchange,) = tap.exchanges
        assert back.startswith(b"HTTP/1.1 502") and b"nothing was sent" in back
        assert "HTTP 407" in exchange.error and "s3cret" not in exchange.error
        assert len(proxy.requests) == 1 and b"syssn" not in proxy.requests[0]

        monkeypatch.setenv("NO_PROXY", "openapi-hk.qfapi.com")
        with Tap(REAL, environment="production") as tap:
            assert tap._upstream._proxy is None
        monkeypatch.setenv("NO_PROXY", "")
        monkeypatch.setenv("HTTPS_PROXY", "socks5://127.0.0.1:9")
        with pytest.raises(InputError, match="proxy"):
            Tap(REAL, environment="production")


def test_a_recording_is_whole_after_each_exchange_and_is_continued(sandbox, tmp_path):
    record = tmp_path / "calls.har"
    for times in (1, 2):
        with tapped(sandbox.url, record=record) as tap:
            Client(sandbox.credentials, tap.url).query(out_trade_no="A1")
            assert len(json.loads(record.read_text())["log"]["entries"]) == times
    assert record.stat().st_mode & 0o077 == 0

    record.write_text("something else")
    with pytest.raises(InputError, match="recording"):
        Tap(sandbox.url, record=record)
    assert record.read_text() == "something else"


def test_no_two_taps_write_one_recording_and_nothing_stays_beside_it(sandbox, tmp_path):
    record = tmp_path / "calls.har"
    with tapped(sandbox.url, record=record):
        with pytest.raises(InputError, match="to which another tap writes"):
            Tap(sandbox.url, record=record)
        json.loads(record.read_text())
    with tapped(sandbox.url, record=record):
        pass
    assert list(tmp_path.iterdir()) == [record]


def test_a_request_under_way_when_the_tap_ends_is_in_the_recording(tmp_path, monkeypatch):
    monkeypatch.setattr("qftools.tap.relay.STOP_SECONDS", 0.1)
    record = tmp_path / "calls.har"
    came, over = threading.Event(), threading.Event()

    def never(request):
        came.set()
        over.wait(10)
        return ()

    with RawServer(never) as gateway, tapped(gateway.url, record=record) as tap:
        with socket.create_connection(("127.0.0.1", port_of(tap.url)), 5) as caller:
            caller.sendall(asked(LENGTH, "X-QF-APPCODE: A"))
            assert came.wait(5)
            tap.close()

        (exchange,) = tap.exchanges
        assert exchange.error == "the reply did not come whole: the tap was stopped"
        over.set()
    assert len(json.loads(record.read_text())["log"]["entries"]) == 1


def test_a_full_disk_ends_the_recording_and_leaves_it_whole(sandbox, tmp_path):
    resource = pytest.importorskip("resource")
    record = tmp_path / "calls.har"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handled = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with tapped(sandbox.url, record=record) as tap:
        client = Client(sandbox.credentials, tap.url)
        client.query(out_trade_no="A1")
        try:
            # No file may grow by more than half an exchange.
            full = record.stat().st_size * 3 // 2
            resource.setrlimit(resource.RLIMIT_FSIZE, (full, before[1]))
            client.query(out_trade_no="A2")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
            signal.signal(signal.SIGXFSZ, handled)
        assert tap.trouble and len(sandbox.exchanges) == 2
        assert len(json.loads(record.read_text())["log"]["entries"]) == 1

    with tapped(sandbox.url, record=record) as tap:
        Client(sandbox.credentials, tap.url).query(out_trade_no="A3")
    assert len(json.loads(record.read_text())["log"]["entries"]) == 2


def test_a_browser_that_opens_its_address_is_told_what_it_is_and_nothing_is_sent_on():
    with Tap(REAL, environment="test", allow=("environment-mismatch",)) as tap:
        shown = requests.get(tap.serve()).text

        assert REAL in shown and "REAL: " in shown
        assert tap.gateway.log.count == 0


def test_connections_that_ask_for_nothing_make_room_for_those_that_do(sandbox, monkeypatch):
    monkeypatch.setattr("qftools.tap.relay.MOST_CONNECTIONS", 2)
    with tapped(sandbox.url) as tap:
        idle = [socket.create_connection(("127.0.0.1", port_of(tap.url)), 5) for _ in range(4)]
        Client(sandbox.credentials, tap.url).query(out_trade_no="A1")

        assert len(sandbox.exchanges) == 1
        for sock in idle:
            sock.close()


def test_where_no_more_files_may_be_open_it_waits_and_goes_on(sandbox):
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    with tapped(sandbox.url) as tap, socket.socket() as idle:
        assert tap._relay is not None
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (1, before[1]))
            idle.connect(("127.0.0.1", port_of(tap.url)))
            tap._relay._acceptor.join(0.3)  # it would end here
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
        Client(sandbox.credentials, tap.url).query(out_trade_no="A1")

        assert len(sandbox.exchanges) == 1


def test_neither_its_page_nor_its_evidence_calls_a_real_gateway_a_sandbox(sandbox):
    with tapped(sandbox.url) as tap:
        Client(sandbox.credentials, tap.url).pay(**ORDER, out_trade_no="A1")
        tap.gateway.real_host = "openapi-hk.qfapi.com"  # as in front of it

        evidence = requests.get(f"{tap.url}/sandbox/orders/A1/evidence?lang=en").text
        page = requests.get(f"{tap.url}/?lang=en").text

    assert "REAL: " in evidence and "openapi-hk.qfapi.com" in evidence
    assert "a qftools tap saw" in evidence and "sandbox saw" not in evidence
    assert "Time here" in page and "Sandbox time" not in page


def test_faults_are_armed_while_it_runs_and_a_real_host_is_confirmed_each_time(sandbox):
    with tapped(sandbox.url, client_key=CLIENT_KEY) as tap:
        client = Client(sandbox.credentials, tap.url)
        lost = {"name": "lost after", "on": "payment", "order": "A2"}
        armed = requests.post(tap.url + "/sandbox/faults", json=lost)
        assert armed.json()["name"] == "lost after"

        client.pay(**ORDER, out_trade_no="A1")  # another order's
        with pytest.raises(OutcomeUnknownError):
            client.pay(**ORDER, out_trade_no="A2")
        assert sandbox.order("A2").state == "waiting"
        assert requests.get(tap.url + "/sandbox/faults").json() == []
        unfit = requests.post(tap.url + "/sandbox/faults", json={"name": "duplicated"})
        assert unfit.status_code == 409 and "lost after" in unfit.json()["error"]["message"]

    with tapped(REAL, environment="production") as tap:
        for confirm in ("", "openapi.qfapi.com"):
            asked = {"name": "lost after", "confirm": confirm}
            assert requests.post(tap.url + "/sandbox/faults", json=asked).status_code == 409
        asked["confirm"] = "openapi-hk.qfapi.com"
        number = requests.post(tap.url + "/sandbox/faults", json=asked).json()["id"]
        form = requests.post(tap.url + "/sandbox/faults", data=asked)
        assert form.status_code == 415  # what a page elsewhere can send
        requests.delete(f"{tap.url}/sandbox/faults/{number}")
        assert not tap.gateway.faults


def test_the_timeline_shows_when_each_reply_came(sandbox):
    with sandbox.fault("slow", on="query", seconds=1.2), tapped(sandbox.url) as tap:
        client = Client(sandbox.credentials, tap.url)
        order = client.pay(**ORDER, out_trade_no="A1")
        sandbox.payer(order).pay()
        client.query(order)

        timeline = tap._control(WireRequest("GET", "/sandbox/orders/A1/timeline"))
    drawing = json.loads(timeline.body)["drawing"]
    times = re.findall(r">(\d\d:\d\d:\d\d)<", drawing)
    assert len(times) >= 2 and times == sorted(set(times))


def test_it_can_be_read_and_only_its_faults_be_changed(sandbox):
    with tapped(sandbox.url) as tap:
        about = requests.get(tap.url + "/sandbox").json()
        page = requests.get(tap.url)
        assert (about["real"], about["tap"]) == (False, sandbox.url)
        changing = {call for call in about["calls"] if not call.startswith("GET ")}
        assert changing == {f"{method} /sandbox/faults" for method in ("POST", "DELETE")} | {
            "DELETE /sandbox/faults/{id}"
        }
        assert page.ok and "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
        for name in re.findall(r'(?:src|href)="(/sandbox/static/[^"]+)"', page.text):
            assert requests.get(tap.url + name).ok, name
        assert requests.get(tap.url + "/sandbox/stream").json()["total"] == 0
        assert requests.get(tap.url + "/sandbox/report").json()["grade"] == "clean"
        for method in ("POST", "DELETE", "PUT"):
            for path in ("reset", "clock", "exchanges/1/replay", "merchants", "notifications"):
                address = f"{tap.url}/sandbox/{path}"
                assert requests.request(method, address).status_code == 405
        elsewhere = {"Origin": "https://evil.example"}
        assert requests.get(tap.url + "/sandbox", headers=elsewhere).status_code == 403

        assert sandbox.exchanges == ()
