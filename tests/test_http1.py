"""Requests out of bytes: the same ones however the bytes arrive, and no doubtful one."""

from __future__ import annotations

import pytest

from qftools.transport.http1 import MOST_BODY, BadRequestError, RequestReader

HOST = b"Host: localhost\r\n"
CHUNKS = (
    b"POST /a HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
    b"3;x=y\r\nabc\r\n0A\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n"
)
UPGRADE = (
    b"POST /b?q=\xe8\x8c\xb6 HTTP/1.1\r\n" + HOST + b"Connection: Upgrade, HTTP2-Settings\r\n"
    b"Upgrade: h2c\r\nContent-Length: 5\r\n\r\nhello"
)
OLD = b"GET //c%2Fd#part HTTP/1.0\r\nX_QF_MCHCODE: M\r\nX_Other: 1\r\nA: 1\r\na:2\t\r\n\r\n"
SEVERAL = CHUNKS + b"\r\n" + UPGRADE + OLD


def read(*pieces: bytes):
    reader, found = RequestReader(), []
    for piece in pieces:
        reader.buffer += piece
        while (received := reader.next()) is not None:
            found.append(received)
    assert not reader.buffer
    return found


def test_requests_come_out_with_their_bodies_and_headers_and_say_whether_more_will_come():
    chunks, upgrade, old = read(SEVERAL)

    assert (chunks.request.path, chunks.request.body) == ("/a", b"abc0123456789")
    assert (upgrade.request.query, upgrade.request.body) == ("q=茶", b"hello")
    assert (old.request.path, old.request.query) == ("/c/d", "")
    assert old.request.headers == {"x-qf-mchcode": "M", "a": "1, 2"}
    assert [(one.is_old, one.stays) for one in (chunks, upgrade, old)] == [
        (False, True),
        (False, True),
        (True, False),
    ]


def test_the_requests_are_the_same_wherever_the_bytes_are_cut():
    whole = read(SEVERAL)

    assert read(*(bytes([byte]) for byte in SEVERAL)) == whole
    for at in range(len(SEVERAL)):
        assert read(SEVERAL[:at], SEVERAL[at:]) == whole


def get(*lines: bytes, first: bytes = b"POST / HTTP/1.1") -> bytes:
    return b"\r\n".join((first, b"Host: localhost", *lines, b"", b""))


CHUNKED = b"Transfer-Encoding: chunked"


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (get(first=b"GET /"), 400),
        (get(first=b"GET  / HTTP/1.1"), 400),
        (get(first=b"get / HTTP/1.1"), 400),
        (get(first=b"GET / HTTP/2.0"), 400),
        (get(first=b"GET http://[::1 HTTP/1.1"), 400),
        (get(b"A : b"), 400),
        (get(b" folded"), 400),
        (get(b"NoColon"), 400),
        (get(b"A: b\nB: c"), 400),
        (get(b"A: b\rB: c"), 400),
        (get(b"A: \0"), 400),
        (get(b"Content-Length: +1"), 400),
        (get(b"Content-Length: 1", b"Content-Length: 1"), 400),
        (get(b"Content-Length: 1", CHUNKED), 400),
        (get(b"Content-Length: %d" % MOST_BODY), 413),
        (get(CHUNKED, first=b"POST / HTTP/1.0"), 400),
        (get(b"Transfer-Encoding: gzip, chunked"), 501),
        (get(CHUNKED) + b"x\r\n", 400),
        (get(CHUNKED) + b"-1\r\n", 400),
        (get(CHUNKED) + b"1\r\nab\r\n", 400),
        (get(CHUNKED) + b"1" * 2_000, 400),
        (get(CHUNKED) + b"FFFFFFFF\r\n", 413),
        (get(CHUNKED) + b"0\r\nA: b\n\nGET / HTTP/1.1\r\n\r\n", 400),
        (get(CHUNKED) + b"0\r\nA: b\rB: c\r\n\r\n", 400),
        (get(CHUNKED) + b"0\r\nno header\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (get(CHUNKED) + b"0\r\n" + b"A: %s\r\n" % (b"b" * 1_000) * 70, 431),
    ],
)
def test_what_readers_differ_over_is_refused(data, status):
    reader = RequestReader()
    reader.buffer += data

    with pytest.raises(BadRequestError) as refused:
        reader.next()

    assert refused.value.status == status


def test_a_caller_that_waits_for_a_word_before_its_body_is_known():
    reader = RequestReader()
    reader.buffer += get(b"Content-Length: 2", b"Expect: 100-Continue")

    assert (reader.next(), reader.wants_word, reader.in_body) == (None, True, True)
    reader.buffer += b"ab"
    received = reader.next()
    assert received is not None
    assert received.request.body == b"ab"
    assert not reader.wants_word
