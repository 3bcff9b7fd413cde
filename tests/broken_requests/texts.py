"""Wrong ways that lie in the text, the key, the hash and how it is written."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import random
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from tests.broken_requests.signers import Payload, Signer, breaker


@breaker("not sorted", "order")
def _unsorted(p: Payload, s: Signer, r: random.Random) -> str:
    s.order = lambda params: list(params.items())
    return "unsorted"


@breaker("sorted ignoring case", "order")
def _ignoring_case(p: Payload, s: Signer, r: random.Random) -> str:
    p.params["Udid2"] = "2"
    s.order = lambda params: sorted(params.items(), key=lambda pair: pair[0].lower())
    return "sorted-ignoring-case"


@breaker("sorted by value", "order")
def _by_value(p: Payload, s: Signer, r: random.Random) -> str:
    s.order = lambda params: sorted(params.items(), key=lambda pair: pair[1])
    return "sorted-by-value"


@breaker("sorted backwards", "order")
def _backwards(p: Payload, s: Signer, r: random.Random) -> str:
    s.order = lambda params: sorted(params.items(), reverse=True)
    return "sorted-backwards"


def _register_joins() -> None:
    plain: Callable[[list[tuple[str, str]]], str] = lambda pairs: "&".join(  # noqa: E731
        [f"{n}={v}" for n, v in pairs]
    )
    rows: dict[str, tuple[str, Callable[[list[tuple[str, str]]], str]]] = {
        "& at the end": ("ampersand-before-key", lambda pairs: plain(pairs) + "&"),
        "joined without &": ("other-join", lambda p: "".join([f"{n}={v}" for n, v in p])),
        "joined with commas": ("other-join", lambda p: ",".join([f"{n}={v}" for n, v in p])),
        "compact JSON": (
            "json-signed",
            lambda pairs: json.dumps(dict(pairs), separators=(",", ":"), ensure_ascii=False),
        ),
        "JSON": ("json-signed", lambda pairs: json.dumps(dict(pairs))),
        "whole text URL-encoded": ("text-url-encoded", lambda p: quote(plain(p), safe="")),
    }
    for label, (identifier, join) in rows.items():

        def wrong(
            p: Payload, s: Signer, r: random.Random, i: str = identifier, j: Any = join
        ) -> str:
            s.join = j
            return i

        breaker(label, "join")(wrong)


_register_joins()


def _register_keys() -> None:
    rows: dict[str, tuple[str, Callable[[str, str], str]]] = {
        "key joined with &": ("ampersand-before-key", lambda text, key: f"{text}&{key}"),
        "key joined with &key=": ("key-joined", lambda text, key: f"{text}&key={key}"),
        "key in front": ("key-in-front", lambda text, key: key + text),
        "key twice": ("key-twice", lambda text, key: text + key + key),
        "key missing": ("key-missing", lambda text, key: text),
        "line break behind the key": ("blank-at-key", lambda text, key: text + key + "\n"),
        "blank before the key": ("blank-at-key", lambda text, key: f"{text} {key}"),
        "key in small letters": ("key-changed", lambda text, key: text + key.lower()),
    }
    for label, (identifier, place) in rows.items():

        def wrong(
            p: Payload, s: Signer, r: random.Random, i: str = identifier, k: Any = place
        ) -> str:
            s.key = k
            return i

        breaker(label, "key")(wrong)


_register_keys()


@breaker("app code as the key", "key")
def _app_code(p: Payload, s: Signer, r: random.Random) -> str:
    s.key = lambda text, key: text + p.app_code
    return "app-code-as-key"


@breaker("another environment's key", "key")
def _other_key(p: Payload, s: Signer, r: random.Random) -> str:
    s.key = lambda text, key: text + p.other_key
    return "other-key"


def _register_charsets() -> None:
    rows: dict[str, Callable[[str], bytes]] = {
        "GBK": lambda text: text.encode("gbk"),
        "Big5": lambda text: text.encode("big5"),
        "UTF-16": lambda text: text.encode("utf-16"),
        "UTF-16LE": lambda text: text.encode("utf-16-le"),
        "latin-1, others as ?": lambda text: text.encode("latin-1", "replace"),
        "UTF-8 read as latin-1": lambda text: text.encode().decode("latin-1").encode(),
    }
    for label, encode in rows.items():

        def wrong(p: Payload, s: Signer, r: random.Random, e: Any = encode) -> str:
            p.params["udid"] = "台北店 3"  # in GBK and Big5 alike
            for name in ("goods_name", "extend_info"):
                p.params.pop(name, None)
            s.encode = e
            return "charset"

        breaker(f"charset {label}", "charset")(wrong)


_register_charsets()


@breaker("SHA256 not announced", "hash")
def _sha256(p: Payload, s: Signer, r: random.Random) -> str:
    p.algorithm = "MD5"
    s.hash = lambda data: hashlib.sha256(data).digest()
    return "other-hash"


@breaker("MD5 where SHA256 is announced", "hash")
def _md5(p: Payload, s: Signer, r: random.Random) -> str:
    p.algorithm = "SHA256"
    s.hash = lambda data: hashlib.md5(data).digest()
    return "other-hash"


@breaker("SHA1", "hash")
def _sha1(p: Payload, s: Signer, r: random.Random) -> str:
    s.hash = lambda data: hashlib.sha1(data).digest()
    return "other-hash"


def _register_hmacs() -> None:
    for name in ("MD5", "SHA256"):

        def wrong(p: Payload, s: Signer, r: random.Random, name: str = name) -> str:
            p.algorithm = name
            s.keyed_hash = lambda text, key: hmac.digest(key.encode(), text.encode(), name.lower())
            return "hmac"

        breaker(f"HMAC-{name}", "keyed")(wrong)


_register_hmacs()


@breaker("hashed twice", "hash")
def _double(p: Payload, s: Signer, r: random.Random) -> str:
    p.algorithm = "MD5"
    inner = r.choice([lambda d: d.hexdigest(), lambda d: d.hexdigest().upper()])
    s.hash = lambda data: hashlib.md5(inner(hashlib.md5(data)).encode()).digest()
    return "hashed-twice"


@breaker("Base64", "output")
def _base64(p: Payload, s: Signer, r: random.Random) -> str:
    s.output = lambda digest: base64.b64encode(digest).decode()
    return "base64"


@breaker("cut short", "output")
def _cut(p: Payload, s: Signer, r: random.Random) -> str:
    p.algorithm = "MD5"
    size = r.choice([16, 20, 24])
    s.output = lambda digest: digest.hex()[:size]
    return "truncated"


@breaker("leading zeros lost", "output")
def _zeros(p: Payload, s: Signer, r: random.Random) -> str:
    s.output = lambda digest: "".join([f"{octet:x}" for octet in digest])
    return "zeros-lost"
