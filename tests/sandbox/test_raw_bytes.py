"""Any bytes on the socket: an answer or a closed connection, and the sandbox goes on."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import requests

from qftools.sandbox import Sandbox
from qftools.sandbox.sandbox import APP_CODE
from tests.sandbox.doors import signature

PARAMS = {"syssn": "20260105154100020000977813"}
BODY = b"syssn=" + PARAMS["syssn"].encode()
GOOD = (
    b"POST /trade/v1/query HTTP/1.1\r\nHost: localhost\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n"
    b"X-QF-APPCODE: " + APP_CODE.encode() + b"\r\n"
    b"X-QF-SIGN:" + signature(PARAMS).encode() + b"\r\n"  # one client sends no blank here
    b"Content-Length: " + str(len(BODY)).encode() + b"\r\nConnection: close\r\n\r\n" + BODY
)
NASTY = {
    "nothing": b"",
    "a zero byte": b"\0",
    "not HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20,
    "no path": b"GET\r\n\r\n",
    "no version": b"GET /trade/v1/query\r\n\r\n",
    "an unknown version": b"GET / HTTP/9.9\r\n\r\n",
    "a method of control characters": b"\x01\x02 / HTTP/1.1\r\n\r\n",
    "bare line feeds": GOOD.replace(b"\r\n", b"\n"),
    "a raw blank in the path": GOOD.replace(b"/query", b"/que ry"),
    "percent nonsense": GOOD.replace(b"/query", b"/%zz%00%ff"),
    "a path upwards": GOOD.replace(b"/trade/v1/query", b"/../../etc/passwd"),
    "an absolute URL": GOOD.replace(b"POST /", b"POST http://evil.example/"),
    "a header without a colon": GOOD.replace(b"Host:", b"Host"),
    "a header with a bare return": GOOD.replace(b"localhost", b"local\rhost"),
    "a header with a zero byte": GOOD.replace(b"localhost", b"local\0host"),
    "a header of 100 KB": GOOD.replace(b"localhost", b"l" * 100_000),
    "a name of 100 KB": GOOD.replace(b"Host", b"H" * 100_000),
    "ten thousand headers": GOOD.replace(b"Host:", b"A: b\r\n" * 10_000 + b"Host:"),
    "no host": GOOD.replace(b"Host: localhost\r\n", b""),
    "two hosts": GOOD.replace(b"Host:", b"Host: a\r\nHost:"),
    "a negative length": GOOD.replace(b"Content-Length: ", b"Content-Length: -"),
    "a length that is no number": GOOD.replace(b"Content-Length: ", b"Content-Length: x"),
    "a length of another alphabet": GOOD.replace(
        b"Content-Length: 32", "Content-Length: ٣٢".encode()
    ),
    "two lengths": GOOD.replace(b"Content-Length", b"Content-Length: 1\r\nContent-Length"),
    "a length too long": GOOD.replace(b"Content-Length: 3", b"Content-Length: 99993"),
    "a body too long": GOOD.replace(b"Content-Length: 32", b"Content-Length: 300032")
    + b"a" * 300_000,
    "a giant length": GOOD.replace(b"Content-Length: ", b"Content-Length: 99999999999999999"),
    "chunks that are none": GOOD.replace(b"Content-Length: 32", b"Transfer-Encoding: chunked"),
    "an unknown encoding": GOOD.replace(b"Content-Length: 32", b"Transfer-Encoding: smuggle"),
    "length and chunks": GOOD.replace(b"\r\nConnection", b"\r\nTransfer-Encoding: chunked\r\nC"),
    "broken multipart": GOOD.replace(
        b"application/x-www-form-urlencoded", b"multipart/form-data; boundary=\xff\xfe"
    ),
    "multipart without boundary": GOOD.replace(
        b"application/x-www-form-urlencoded", b"multipart/form-data"
    ),
    "a type of nonsense": GOOD.replace(b"application/x-www", b"\x80;;;=="),
    "a sign in another alphabet": GOOD.replace(b"X-QF-SIGN:", b"X-QF-SIGN:\xe4\xb8\xad"),
    "an app code in another alphabet": GOOD.replace(b"APPCODE: ", b"APPCODE: \xff\xff"),
    "half a request": GOOD[: len(GOOD) // 2],
    "two requests at once": GOOD.replace(b"close", b"keep-alive") + GOOD,
    "expect": GOOD.replace(b"Connection", b"Expect: 100-continue\r\nConnection"),
    "expect something else": GOOD.replace(b"Connection", b"Expect: a miracle\r\nConnection"),
    "upgrade": GOOD.replace(b"Connection: close", b"Connection: Upgrade\r\nUpgrade: h2c"),
    "a body of surrogates": GOOD.replace(b"syssn=2", b"syssn=\xed\xa0\x80"),
    "a thousand fields": GOOD.replace(b"Content-Length: 32", b"Content-Length: 4000")
    + b"&a=b" * 992,
}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with Sandbox() as sandbox:
        yield sandbox.serve()


def send(url: str, data: bytes) -> bytes:
    """Send bytes, say that there are no more, and read until the other side closes."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=20) as connection:
        got = b""
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            while chunk := connection.recv(65536):
                got += chunk
        except OSError as error:
            if isinstance(error, TimeoutError):
                raise
            return got  # the server closed on us, which is an answer
        return got


def still_answers(url: str) -> bool:
    headers = {"X-QF-APPCODE": APP_CODE, "X-QF-SIGN": signature(PARAMS)}
    answer = requests.post(f"{url}/trade/v1/query", data=PARAMS, headers=headers, timeout=20)
    return bool(answer.json()["respcd"] == "0000")


def test_the_request_that_the_others_are_made_of_is_good(url):
    assert b'"respcd": "0000"' in send(url, GOOD)


@pytest.mark.parametrize("name", NASTY)
def test_nasty_bytes_get_an_answer_or_a_closed_door(url, name):
    got = send(url, NASTY[name])

    assert got == b"" or got.startswith(b"HTTP/1.")
    assert b" 500 " not in got[:20]
    assert still_answers(url)


def test_two_requests_at_once_get_two_answers(url):
    assert send(url, NASTY["two requests at once"]).count(b'"respcd": "0000"') == 2


@pytest.mark.parametrize("seed", range(4))
def test_mangled_requests_leave_the_sandbox_answering(url, seed):
    chance = random.Random(seed)
    for _ in range(50):
        data = bytearray(GOOD)
        for _ in range(chance.randrange(1, 8)):
            at = chance.randrange(len(data))
            action = chance.randrange(4)
            if action == 0:
                data[at] = chance.randrange(256)
            elif action == 1:
                del data[at : at + chance.randrange(1, 20)]
            elif action == 2:
                data[at:at] = chance.randbytes(chance.randrange(1, 20))
            else:
                data[at:at] = data[: chance.randrange(len(data))]
        got = send(url, bytes(data))

        assert got == b"" or got.startswith(b"HTTP/1.")
        assert b" 500 " not in got[:20]

    assert still_answers(url)


@pytest.mark.parametrize("seed", range(4))
def test_random_bodies_are_answered_with_a_code(url, seed):
    chance = random.Random(seed)
    alphabet = b"&=%+;\x00\r\n\xff\xe4\xb8\x96abtxamtsyn0123456789[]{}\"'"
    for _ in range(100):
        body = bytes(chance.choices(alphabet, k=chance.randrange(200)))
        headers = {"X-QF-APPCODE": APP_CODE, "X-QF-SIGN": "0" * 32}
        endpoint = chance.choice(["payment", "query", "reversal", "close", "refund"])

        answer = requests.post(f"{url}/trade/v1/{endpoint}", data=body, headers=headers, timeout=20)

        assert answer.json()["respcd"] in ("1103", "1108")
