"""Wrong ways that one language invites: what its own functions make of a text or a map."""

from __future__ import annotations

import random
from collections.abc import Callable
from html.entities import codepoint2name
from typing import Any

from tests.broken_requests.signers import Payload, Signer, breaker, every

_PLAIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@*_+-./"


def js_escape(text: str) -> str:
    """JavaScript's ``escape()``, for characters of the basic plane."""
    parts = []
    for sign in text:
        code = ord(sign)
        coded = f"%u{code:04X}" if code > 255 else f"%{code:02X}"
        parts.append(sign if sign in _PLAIN else coded)
    return "".join(parts)


def java_hash_map(names: list[str]) -> list[str]:
    """The order of a ``HashMap`` into which *names* were put."""
    size, buckets = 16, dict[int, list[str]]()
    while len(names) > size * 0.75:
        size *= 2
    for name in names:
        code = 0
        for sign in name:
            code = (code * 31 + ord(sign)) % 2**32
        buckets.setdefault((code ^ (code >> 16)) % size, []).append(name)
    return [name for number in sorted(buckets) for name in buckets[number]]


@breaker("escape() of JavaScript", "encoding")
def _js(p: Payload, s: Signer, r: random.Random) -> str:
    p.params["udid"] = "收银台 3"
    s.values.append(every(js_escape))
    return "javascript-escape"


@breaker("Python's str() of bytes", "encoding")
def _str(p: Payload, s: Signer, r: random.Random) -> str:
    inner = r.choice([slice(None), slice(1, None), slice(2, -1)])
    p.params["udid"] = "收银台 3"
    s.values.append(every(lambda value: str(value.encode())[inner]))
    return "python-repr"


@breaker("Python's str() of the bytes of one value", "encoding")
def _str_of_one(p: Payload, s: Signer, r: random.Random) -> str:
    p.params["udid"] = "收银台 3"
    s.values.append(lambda params: {**params, "udid": str(params["udid"].encode())})
    return "python-repr:udid"


@breaker("repr() of Python 2", "encoding")
def _repr(p: Payload, s: Signer, r: random.Random) -> str:
    s.values.append(every(lambda value: "u" + ascii(value)))
    return "python-repr"


@breaker("entities with names", "text")
def _entities(p: Payload, s: Signer, r: random.Random) -> str:
    p.params["udid"] = "Café Zoë <3"
    named = {ord(sign): f"&{codepoint2name[ord(sign)]};" for sign in "éë<"}
    s.values.append(every(lambda value: value.translate(named)))
    return "html-escaped"


@breaker("entities with numbers", "text")
def _numbers(p: Payload, s: Signer, r: random.Random) -> str:
    p.params["udid"] = "收银台 3"
    s.values.append(every(lambda v: v.encode("ascii", "xmlcharrefreplace").decode()))
    return "html-escaped"


@breaker("low bytes of old Node", "charset")
def _low(p: Payload, s: Signer, r: random.Random) -> str:
    p.params["udid"] = "收银台 3"
    s.encode = lambda text: bytes([ord(sign) % 256 for sign in text])
    return "charset"


@breaker("all in capitals", "charset")
def _capitals(p: Payload, s: Signer, r: random.Random) -> str:
    s.encode = lambda text: text.upper().encode()
    return "letter-case"


@breaker("order of a Java HashMap", "order")
def _hash_map(p: Payload, s: Signer, r: random.Random) -> str:
    s.order = lambda params: [(name, params[name]) for name in java_hash_map(list(params))]
    return "hash-map-order"


@breaker("an order of its own", "any order")
def _any(p: Payload, s: Signer, r: random.Random) -> str:
    while len(p.params) > 8:
        p.params.popitem()
    names = r.sample(list(p.params), len(p.params))
    s.order = lambda params: [(name, params[name]) for name in names]
    return "other-order"


def _register_maps() -> None:
    rows: dict[str, Callable[[list[tuple[str, str]]], str]] = {
        "a card terminal's map": lambda p: "{" + ",".join([f"{n}='{v}'" for n, v in p]) + "}",
        "a Java map printed": lambda p: "{" + ", ".join([f"{n}={v}" for n, v in p]) + "}",
        "a Python dictionary printed": lambda pairs: str(dict(pairs)),
    }
    for label, join in rows.items():

        def wrong(p: Payload, s: Signer, r: random.Random, j: Any = join) -> str:
            s.join = j
            return "map-printed"

        breaker(label, "join")(wrong)


_register_maps()


def _register_invisible() -> None:
    for label, sign in {"zero-width space": "\u200b", "BOM": "\ufeff"}.items():

        def wrong(p: Payload, s: Signer, r: random.Random, sign: str = sign) -> str:
            front = r.random() < 0.5
            s.key = lambda text, key: text + (sign + key if front else key + sign)
            return "blank-at-key"

        breaker(f"{label} beside the key", "key")(wrong)


_register_invisible()
