"""What happens to an answer on its way: lost, cut, forged, echoed, blown up, dripped.

``sent`` is what the gateway wrote; a break makes something else of it, or nothing. The
transports (in process, socket) carry out what a ``Wire`` says.

Not in here: an old answer that comes again, signed. Nothing in the protocol ties an answer to
its question or to a time, so no client can tell, and no verdict could be held against it.
"""

from __future__ import annotations

import base64
import gzip
import html
import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Wire:
    """One answer as it goes over the wire.

    Attributes:
        fate: ``answer``; ``refused`` (no connection), ``reset`` (closed without a byte),
            ``late`` (nothing before the time-out), ``half`` (broken off), ``drip`` (slow).
        seen: Whether a client must understand it: nothing is wrong with it.
    """

    body: bytes = b""
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    fate: str = "answer"
    seen: bool = False


Break = Callable[[Wire, random.Random], Wire]


def _fate(fate: str) -> Break:
    return lambda wire, dice: replace(wire, fate=fate)


def _page(wire: Wire, dice: random.Random) -> Wire:
    text = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
    status = dice.choice([200, 403, 404, 407, 500, 502, 503, 504, 201, 204])
    return Wire(text.encode(), status, (("Content-Type", "text/html"),))


def _status(wire: Wire, dice: random.Random) -> Wire:
    """The very answer, signed and all, under a status that no answer of the gateway has."""
    return replace(wire, status=dice.choice([500, 502, 503, 400, 404, 202, 206]))


def _limit(wire: Wire, dice: random.Random) -> Wire:
    after = dice.choice(
        [
            "999999",
            "-1",
            "soon",
            "1e9",
            "inf",
            "nan",
            "Wed, 21 Oct 2099 07:28:00 GMT",
            "",
            "0",
            "3",
            "9" * 400,
        ]
    )
    return Wire(b'{"respcd": "0000"}', 429, (("Retry-After", after),))


def _redirect(wire: Wire, dice: random.Random) -> Wire:
    to = dice.choice(["https://elsewhere.example/trade/v1/query", "/trade/v1/query", "//", "\x80"])
    return Wire(b"", dice.choice([301, 302, 307, 308]), (("Location", to),))


def _big(wire: Wire, dice: random.Random) -> Wire:
    data = json.loads(wire.body or b"{}")
    body = json.dumps({**data, "padding": "x" * 3_000_000} if isinstance(data, dict) else data)
    return replace(wire, body=body.encode())


def _bomb(wire: Wire, dice: random.Random) -> Wire:
    packed = gzip.compress(b" " * 30_000_000 + wire.body, 9)
    return replace(wire, body=packed, headers=(*wire.headers, ("Content-Encoding", "gzip")))


def _zipped(wire: Wire, dice: random.Random) -> Wire:
    """Compressed though the client did not ask for it."""
    packed = gzip.compress(wire.body, 1)
    return replace(wire, body=packed, headers=(*wire.headers, ("Content-Encoding", "gzip")))


def _garbage(wire: Wire, dice: random.Random) -> Wire:
    return replace(
        wire,
        body=dice.choice(
            [
                b"",
                b"\xef\xbb\xbf" + wire.body,
                wire.body.replace(b'"', b"'"),
                wire.body + wire.body,
                wire.body[: len(wire.body) // 2],
                b"[" * 20000,
                b'{"data":' * 20000,
                b'{"respcd": "0000", "data": [{"txamt": ' + b"9" * 5000 + b"}]}",
                b"\xff\xfe" + wire.body,
                b"\x00",
                wire.body.decode("utf-8", "replace").encode("utf-16"),
                b"callback(" + wire.body + b")",
            ]
        ),
    )


def _unsigned(wire: Wire, dice: random.Random) -> Wire:
    return replace(wire, headers=_without_signature(wire))


def _wrong_signature(wire: Wire, dice: random.Random) -> Wire:
    wrong = dice.choice(["0" * 32, "", "x", "é", "A" * 64, "D41D8CD98F00B204E9800998ECF8427E"])
    return replace(wire, headers=(*_without_signature(wire), ("X-QF-SIGN", wrong)))


def _without_signature(wire: Wire) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in wire.headers if name != "X-QF-SIGN")


BREAKS: dict[str, Break] = {
    "request lost": _fate("refused"),
    "reply lost": _fate("reset"),
    "late": _fate("late"),
    "half a body": _fate("half"),
    "drip": _fate("drip"),
    "a page": _page,
    "another status": _status,
    "limit": _limit,
    "redirect": _redirect,
    "big": _big,
    "bomb": _bomb,
    "gzip": _zipped,
    "garbage": _garbage,
    "unsigned": _unsigned,
    "wrong signature": _wrong_signature,
}
"""What can happen, by name. A request that is ``lost`` never reaches the gateway."""

COSTLY = frozenset({"bomb", "big"})
FORGES = frozenset({"unsigned", "wrong signature"})
"""Where a client can know that it is not the gateway who speaks, the speaker may lie."""


# ---- echoes -----------------------------------------------------------------------------------


def _escaped(key: str) -> str:
    return "".join(f"\\u{ord(letter):04x}" for letter in key)


ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": lambda key: key,
    "lower case": str.lower,
    "percent": lambda key: "".join(f"%{ord(letter):02X}" for letter in key),
    "percent twice": lambda key: "".join(f"%25{ord(letter):02X}" for letter in key),
    "unicode escapes": _escaped,
    "html": lambda key: "".join(f"&#{ord(letter)};" for letter in key),
    "html hex": lambda key: "".join(f"&#x{ord(letter):x};" for letter in key),
    "hex": lambda key: key.encode().hex(),
    "base64": lambda key: base64.b64encode(key.encode()).decode(),
    "quoted in JSON": lambda key: json.dumps(json.dumps({"client_key": key})),
    "in a form": lambda key: f"key={quote(key)}&client_key={key.lower()}",
}
_BACKSLASHES = re.compile(r"\\+")
PLACES = ("resperr", "respmsg", "row", "unknown field", "field name", "page", "header")


def echoed(wire: Wire, place: str, text: str) -> Wire:
    """The answer with *text* in it. What was signed before must be signed anew."""
    if place == "header":
        shown = text.encode("ascii", "replace").decode()
        return replace(wire, headers=(*wire.headers, ("X-Echo", shown)))
    if place == "page":
        page = f"<html><body><pre>{html.escape(text, quote=False)}</pre></body></html>"
        return Wire(page.encode(), 502, (("Content-Type", "text/html"),))
    return wire


def put_in(answer: Any, place: str, text: str) -> Any:
    """The answer, before it is written, with *text* in one of its fields."""
    if not isinstance(answer, dict):
        return answer
    if place in ("resperr", "respmsg"):
        return {**answer, place: f"bad request: {text}"}
    if place == "unknown field":
        return {**answer, "debug": {"base": [text]}}
    if place == "field name":
        return {**answer, text: "1"}
    rows = answer.get("data")
    if place == "row" and isinstance(rows, list):
        told = [
            {**row, "goods_name": text, "errmsg": text} if isinstance(row, dict) else row
            for row in rows
        ]
        return {**answer, "data": told}
    return answer


def leaks(key: str, text: str) -> list[str]:
    """The encodings in which *key* stands in *text*, however its letters are written."""
    low = _BACKSLASHES.sub(r"\\", text.lower())  # JSON inside JSON doubles them
    return [name for name, encode in ENCODINGS.items() if encode(key).lower() in low]
