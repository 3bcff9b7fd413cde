"""Inputs, each made from its seed: a real one of its kind, cut, spliced, recoded, blown up."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from qftools.signing import sign

PASTES = Path(__file__).parents[1] / "diagnosis" / "pastes"
KEY = "MARKER5KEY7B2D4F60912C3E5A7B8D9F"
NAME = "MARKER-PAYER-NAME"
NUMBER = "MARKER430102199003071234"
COOKIE = "MARKERSESSIONCOOKIE"
PASSWORD = "MARKERURLPASSWORD"

# Bytes that somebody's program tripped over.
ODD = [
    *(b"\x00", b"\x1b[2J", b"\x9b2J", b"\xed\xa0\x80", b"\\ud800", b"\\udcff", b"\xff\xfe"),
    *(b"\xef\xbb\xbf", "\u202e".encode(), "\u2028".encode(), "\u3002".encode(), b"\xc4\xe3"),
    *(b"%ZZ", b"%00", b"%ED%A0%80", b"+", b"&", b"=", b"==", b";", b"'", b'"', b"`", b"$(x)"),
    *(b"{{a}}", b"{{", b"}}", b"{", b"}", b"[", b"]", b"[[[[", b"(" * 50, b"\\", b"\\\n", b"^"),
    *(b"\r\n", b"\r\n\r\n", b"\n", b"\r", b"\t", b"0\r\n\r\n", b"://", b"//", b"@", b"#", b"?"),
    *(b"https://[::1/", b"http://h:99999999/", b"http://h:x/", b"https:\\\\", b"ftp://a@b/"),
    *(b"HTTP/1.1 abc", b"HTTP/9.9 000", b"GET * HTTP/1.1", b"Content-Length: 99999999999999"),
    *(b"Content-Length: -1", b"Transfer-Encoding: chunked", b"Host: ", b"Expect: 100-continue"),
    *(b"Content-Type: multipart/form-data; boundary=", b"boundary=((((", b'filename="a'),
    *(b"1e999", b"9" * 5000, b"-0", b"NaN", b"Infinity", b"null", b"true", b"0x10", b"1_0"),
    *(
        b"-d @/etc/hostname",
        b"sign=",
        b"X-QF-SIGN: ",
        b"client_key=",
        b'"__proto__"',
        b"=> Array (",
    ),
]
RECODINGS = ("gbk", "gb18030", "big5", "utf-16", "utf-16-le", "utf-8-sig", "utf-7", "latin-1")

PARAMS = {
    "txamt": "2500",
    "txcurrcd": "HKD",
    "pay_type": "800101",
    "out_trade_no": "F1",
    "txdtm": "2026-01-05 10:00:00",
}
PAYER = {"user_truename": NAME, "user_creid": NUMBER}


def pastes() -> list[bytes]:
    """What people paste: the real ones of the tests, and some with secrets in them."""
    query = "&".join(f"{name}={quote(value)}" for name, value in (PARAMS | PAYER).items())
    signature = sign(PARAMS | PAYER, KEY)
    extended = json.dumps({**PARAMS, "extend_info": json.dumps(PAYER), "client_key": KEY})
    host = "openapi-hk.qfapi.com"
    return [
        *(path.read_bytes() for path in sorted(PASTES.iterdir())),
        f"curl 'https://{host}/trade/v1/payment' -H 'X-QF-SIGN: {signature}' -b 'sid={COOKIE}'"
        f" -d '{query}'".encode(),
        f"POST /trade/v1/payment HTTP/1.1\r\nHost: {host}\r\nX-QF-SIGN: {signature}\r\n"
        f"Cookie: sid={COOKIE}\r\n\r\n{query}".encode(),
        f"2026-01-05 INFO POST https://me:{PASSWORD}@{host}/trade/v1/payment?{query}"
        f" Cookie: sid={COOKIE} sign={signature}".encode(),
        f"2026-01-05 DEBUG signing {query}{KEY} -> {signature}".encode(),
        f"POST https://{host}/trade/v1/payment\nX-QF-SIGN: {signature}\n\n{extended}".encode(),
        _laughs(),
        b'{"respcd":"1143","resperr":"x","data":[{"syssn":"1","txamt":"100","cancel":"0"}]}',
        b'HTTP/1.1 200 OK\r\nX-QF-SIGN: 00\r\n\r\n{"respcd": "0000", "syssn": "1"}',
    ]


def _laughs() -> bytes:
    """A Postman collection whose variables double thirty times."""
    names = [f"v{number}" for number in range(31)]
    pairs = zip(names, names[1:], strict=False)
    variables = [{"key": name, "value": ("{{" + then + "}}") * 2} for name, then in pairs]
    item = {"name": "pay", "request": {"method": "POST", "url": "https://{{v0}}/trade/v1/payment"}}
    info = {"schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"}
    return json.dumps({"info": info, "item": [item], "variable": variables}).encode()


def requests() -> list[bytes]:
    """Whole HTTP requests."""
    query = "&".join(f"{name}={quote(value)}" for name, value in PARAMS.items())
    signature = sign(PARAMS, KEY)
    return [
        _request("POST /trade/v1/payment", query.encode(), f"X-QF-SIGN: {signature}"),
        _request("GET /trade/v1/query?" + query, b"", f"X-QF-SIGN: {signature}"),
        _request("POST /trade/v1/payment", f"{query}&client_key={KEY}".encode()),
        _request("GET /", b"", "Accept-Language: zh, en;q=0.5"),
        _request("GET /sandbox/stream", b""),
        _request("GET /sandbox/exchanges?limit=5", b""),
        _request(
            "POST /sandbox/faults",
            b'{"name": "slow", "seconds": 1}',
            "Content-Type: application/json",
        ),
        _request(
            "POST /trade/v1/query", b'{"out_trade_no": "F1"}', "Content-Type: application/json"
        ),
    ]


def forms() -> list[bytes]:
    """Bodies of multipart requests; the boundary is ``b``."""
    fields = list({**PARAMS, **PAYER, "client_key": KEY}.items())
    parts = [f'--b\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in fields]
    whole = ("".join(parts) + "--b--\r\n").encode()
    inner = b"--c\r\n\r\nx\r\n--c--\r\n"
    nested = b"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n" + inner + b"--b--\r\n"
    file = (
        b'--b\r\nContent-Disposition: form-data; name="f"; filename="a.txt"\r\n\r\nx\r\n--b--\r\n'
    )
    return [whole, nested, file, whole.replace(b"\r\n", b"\n")]


def notices() -> list[bytes]:
    """Bodies of notifications."""
    said = {"notify_type": "payment", "status": "1", "respcd": "0000", "syssn": "1", **PARAMS}
    return [
        json.dumps(said).encode(),
        json.dumps(said | PAYER | {"client_key": KEY}).encode(),
        json.dumps(said | {"txamt": "9" * 400, "note": "\x1b[2J \u9b2f"}).encode(),
        b"[]",
        b'{"txamt": 1e5, "syssn": null}',
    ]


def answers() -> list[bytes]:
    """Whole HTTP answers of a gateway, some of which repeat the key."""
    row = {"syssn": "1", "out_trade_no": "F1", "respcd": "0000", "cancel": "0", **PARAMS}
    bodies = [
        {"respcd": "0000", "resperr": "", "data": [row]},
        {"respcd": "0000", "data": [row | {"respcd": "1143"}, row | {"syssn": "2", "cancel": "3"}]},
        {"respcd": "0000", "data": []},
        {"respcd": "1143", "resperr": f"in progress {KEY}", "syssn": "1"},
        {"respcd": "1108", "resperr": f"sign {quote(KEY)} {KEY.lower()} {KEY.encode().hex()}"},
        {"respcd": "0000", "data": [row | {"txamt": 2500.0, "note": KEY} | PAYER]},
    ]
    packed = [json.dumps(body).encode() for body in bodies]
    page = f"<html><title>502</title>{KEY}</html>".encode()
    return [*(_answer("200 OK", body) for body in packed), _answer("502 Bad Gateway", page)]


def _request(line: str, body: bytes, *headers: str) -> bytes:
    head = [f"{line} HTTP/1.1", "Host: 127.0.0.1", "X-QF-APPCODE: A", "Connection: close", *headers]
    return "\r\n".join([*head, f"Content-Length: {len(body)}", "", ""]).encode() + body


def _answer(status: str, body: bytes) -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


CORPORA: dict[str, Callable[[], list[bytes]]] = {
    "pastes": pastes,
    "sockets": requests,
    "multipart": forms,
    "notifications": notices,
    "answers": answers,
}


def made(kind: str, seed: int) -> bytes:
    """The input of this kind and seed: the same one each time."""
    dice = random.Random(f"{kind} {seed}")
    corpus = CORPORA[kind]()
    data = dice.choice(corpus)
    for _ in range(dice.randint(1, 6)):
        data = dice.choice(MUTATIONS)(dice, data, corpus)
    return data


def _span(dice: random.Random, data: bytes, most: int = 60) -> tuple[int, int]:
    start = dice.randrange(len(data) + 1)
    return start, min(len(data), start + dice.randint(1, most))


def _flip(dice: random.Random, data: bytes, _: list[bytes]) -> bytes:
    start, _end = _span(dice, data)
    return data[:start] + bytes([dice.randrange(256)]) + data[start + 1 :]


def _cut(dice: random.Random, data: bytes, _: list[bytes]) -> bytes:
    start, end = _span(dice, data)
    return data[:start] + data[end:]


def _end(dice: random.Random, data: bytes, _: list[bytes]) -> bytes:
    return data[: _span(dice, data)[0]]


def _double(dice: random.Random, data: bytes, _: list[bytes]) -> bytes:
    start, end = _span(dice, data)
    return data[:end] + data[start:]


def _put_in(dice: random.Random, data: bytes, _: list[bytes]) -> bytes:
    start, _end = _span(dice, data)
    return data[:start] + dice.choice(ODD) + data[start:]


def _put_over(dice: random.Random, data: bytes, _: list[bytes]) -> bytes:
    start, end = _span(dice, data, 8)
    return data[:start] + dice.choice(ODD) + data[end:]


def _splice(dice: random.Random, data: bytes, corpus: list[bytes]) -> bytes:
    other = dice.choice(corpus)
    start, end = _span(dice, other, 400)
    place = _span(dice, data)[0]
    return data[:place] + other[start:end] + data[place:]


def _recode(dice: random.Random, data: bytes, _: list[bytes]) -> bytes:
    return data.decode("utf-8", "replace").encode(dice.choice(RECODINGS), "replace")


def _escape(dice: random.Random, data: bytes, _: list[bytes]) -> bytes:
    start, end = _span(dice, data)
    part = data[start:end].decode("latin-1")
    hows: list[Callable[[str], str]] = [quote, lambda text: json.dumps(text)[1:-1], str.swapcase]
    return data[:start] + dice.choice(hows)(part).encode() + data[end:]


def _bomb(dice: random.Random, data: bytes, _: list[bytes]) -> bytes:
    start, end = _span(dice, data, 12)
    piece = dice.choice([data[start:end] or b"x", *ODD])
    return data[:start] + piece * (dice.choice([100, 3_000, 60_000]) // len(piece) + 1) + data[end:]


MUTATIONS = (
    *(_flip, _cut, _end, _double, _put_in, _put_in, _put_over, _put_over),
    *(_splice, _splice, _recode, _escape, _bomb),
)
