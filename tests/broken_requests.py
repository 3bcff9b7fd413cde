"""Requests that are signed wrongly in one or two known ways, as many as wanted.

Signs with code of its own, so that the diagnosis is not measured against itself.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import json
import random
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

from qftools.exchange import Exchange, Request
from qftools.exchange.writing import as_curl, as_har, as_http, as_postman

Params = dict[str, str]

HOST = "https://test-openapi-hk.qfapi.com"
_CHINESE = "一杯拿铁咖啡香港中环店满减优惠早餐套餐测试商品订单繁體測試"
_LATIN = "Café Zoë naïve Müller"
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"


@dataclass
class Signer:
    """How somebody signs; every part can be exchanged for a wrong one."""

    values: list[Callable[[Params], Params]] = field(default_factory=list)
    order: Callable[[Params], list[tuple[str, str]]] = lambda params: sorted(params.items())
    join: Callable[[list[tuple[str, str]]], str] = lambda pairs: "&".join(
        [f"{name}={value}" for name, value in pairs]
    )
    key: Callable[[str, str], str] = lambda text, key: text + key
    encode: Callable[[str], bytes] = lambda text: text.encode()
    hash: Callable[[bytes], bytes] | None = None
    keyed_hash: Callable[[str, str], bytes] | None = None
    output: Callable[[bytes], str] = lambda digest: digest.hex().upper()

    def sign(self, params: Params, key: str, algorithm: str) -> str:
        """The signature that this signer sends."""
        for change in self.values:
            params = change(params)
        text = self.join(self.order(params))
        if self.keyed_hash is not None:
            return self.output(self.keyed_hash(text, key))
        data = self.encode(self.key(text, key))
        plain = hashlib.sha256 if algorithm == "SHA256" else hashlib.md5
        return self.output(self.hash(data) if self.hash else plain(data).digest())


@dataclass
class Payload:
    """A correct request, before anybody signs it."""

    endpoint: str
    params: Params
    key: str
    app_code: str
    other_key: str
    algorithm: str
    sent: Callable[[Params], bytes] = lambda params: urlencode(params).encode()


@dataclass(frozen=True)
class Broken:
    """A request with its true causes.

    Attributes:
        causes: ``id`` or ``id:field`` of what was done wrong; empty for a correct request.
        paste: The request as somebody pastes it.
    """

    causes: frozenset[str]
    paste: str
    payload: Payload


def payload(rng: random.Random) -> Payload:
    """A random request: Chinese, blanks, long values, any of four calls."""

    def some(letters: str, least: int, most: int) -> str:
        return "".join(rng.choices(letters, k=rng.randint(least, most)))

    moment = datetime(2026, 1, 1) + timedelta(seconds=rng.randint(0, 27_000_000))
    params = {
        "txamt": str(rng.choice([1, 37, 990, 2500, 128800, rng.randint(300, 99_999_999)])),
        "txdtm": f"{moment:%Y-%m-%d %H:%M:%S}",
        "out_trade_no": some(_LETTERS, 12, 32),
    }
    endpoint = rng.choice(["payment", "payment", "reversal", "close", "refund"])
    if endpoint == "payment":
        params["txcurrcd"] = rng.choice(["HKD", "CNY", "EUR", "JPY", "SGD"])
        params["pay_type"] = rng.choice(["800101", "800201", "800108", "800208", "805801"])
        words = [some(_CHINESE, 2, 8), some(_LETTERS, 1, 6), some(_CHINESE, 1, 4)]
        params["goods_name"] = " ".join(words)
        if rng.random() < 0.3:
            params["notify_url"] = f"https://shop.example/n?id={rng.randint(1, 999)}&lang=zh"
        if rng.random() < 0.2:
            params["return_url"] = "https://shop.example/" + some(_LETTERS, 100, 400)
        if rng.random() < 0.2:
            info = {"note": some(_CHINESE, 3, 9), "ids": [rng.randint(1, 9)]}
            params["extend_info"] = json.dumps(info, ensure_ascii=rng.random() < 0.5)
    else:
        params["syssn"] = f"{moment:%Y%m%d}06610002{rng.randint(0, 9_999_999_999):010d}"
    if rng.random() < 0.4:
        params["udid"] = rng.choice(["POS 3 收银台", "qiantai2", "till-07 " + some(_CHINESE, 1, 3)])
    if rng.random() < 0.4:
        params["mchid"] = some(_LETTERS, 8, 14)
    names = list(params)
    while names == sorted(names):
        rng.shuffle(names)
    return Payload(
        endpoint,
        {name: params[name] for name in names},
        some("0123456789ABCDEF", 32, 32),
        some("0123456789ABCDEF", 32, 32),
        some("0123456789ABCDEF", 32, 32),
        rng.choice(["MD5", "MD5", "SHA256"]),
    )


# ---- ways to break it -----------------------------------------------------------------

Breaker = Callable[[Payload, Signer, random.Random], "str | None"]
BREAKERS: dict[str, tuple[str, Breaker]] = {}


def breaker(name: str, stage: str) -> Callable[[Breaker], Breaker]:
    """Register a way to sign wrongly; two of one stage are never combined, but of fields."""

    def register(function: Breaker) -> Breaker:
        BREAKERS[name] = (stage, function)
        return function

    return register


def _every(write: Callable[[str], str]) -> Callable[[Params], Params]:
    return lambda params: {name: write(value) for name, value in params.items()}


def _one(name: str, value: str) -> Callable[[Params], Params]:
    return lambda params: {**params, name: value} if name in params else params


def _lower(encode: Callable[[str], str]) -> Callable[[str], str]:
    def write(value: str) -> str:
        parts = encode(value).split("%")
        return parts[0] + "".join(["%" + part[:2].lower() + part[2:] for part in parts[1:]])

    return write


_ENCODINGS: dict[str, Callable[[str], str]] = {
    "+": quote_plus,
    "%20": lambda value: quote(value, safe=""),
    "+ lower": _lower(quote_plus),
    "%20 lower": _lower(lambda value: quote(value, safe="")),
    "encodeURIComponent": lambda value: quote(value, safe="!~*'()"),
}


def _register_values() -> None:
    for label, write in _ENCODINGS.items():

        def url_encoded(p: Payload, s: Signer, r: random.Random, write: Any = write) -> str:
            s.values.append(_every(write))
            return "values-url-encoded"

        breaker(f"values URL-encoded, {label}", "encoding")(url_encoded)


_register_values()


@breaker("values encoded twice for sending", "encoding")
def _twice(p: Payload, s: Signer, r: random.Random) -> str:
    p.sent = lambda params: urlencode({n: quote(v, safe="") for n, v in params.items()}).encode()
    return "values-encoded-twice"


@breaker("blanks at the end of a value not signed", "text")
def _trimmed(p: Payload, s: Signer, r: random.Random) -> str:
    # Not those that another way writes anew, so that two ways stay two.
    name = r.choice([name for name in p.params if name not in ("txamt", "txdtm")])
    p.params[name] += r.choice([" ", "  ", "\t", "\n"])
    s.values.append(_every(str.strip))
    return "values-trimmed"


@breaker("signed as NFC, sent as NFD", "text")
def _nfc(p: Payload, s: Signer, r: random.Random) -> str:
    p.params["udid"] = unicodedata.normalize("NFD", _LATIN)
    s.values.append(_every(lambda value: unicodedata.normalize("NFC", value)))
    return "unicode-form"


@breaker("signed as NFD, sent as NFC", "text")
def _nfd(p: Payload, s: Signer, r: random.Random) -> str:
    p.params["udid"] = unicodedata.normalize("NFC", _LATIN)
    s.values.append(_every(lambda value: unicodedata.normalize("NFD", value)))
    return "unicode-form"


@breaker("full-width characters sent", "text")
def _full_width(p: Payload, s: Signer, r: random.Random) -> str:
    p.params["udid"] = "ＰＯＳ－" + "".join(chr(0xFF10 + r.randint(0, 9)) for _ in range(3))
    s.values.append(_every(lambda value: unicodedata.normalize("NFKC", value)))
    return "full-width"


@breaker("zero-width character sent", "text")
def _zero_width(p: Payload, s: Signer, r: random.Random) -> str:
    p.params["out_trade_no"] += r.choice(["\u200b", "\ufeff", "\u200e"])
    s.values.append(
        _every(lambda value: "".join(c for c in value if c not in "\u200b\ufeff\u200e"))
    )
    return "invisible-characters"


@breaker("HTML-escaped", "text")
def _html(p: Payload, s: Signer, r: random.Random) -> str:
    p.params["udid"] = "Tom & 'Jerry' <3"
    s.values.append(_every(html.escape))
    return "html-escaped"


@breaker("non-ASCII as \\uXXXX", "text")
def _escaped(p: Payload, s: Signer, r: random.Random) -> str:
    p.params["udid"] = "收银台 3"
    s.values.append(_every(lambda v: v.encode("ascii", "backslashreplace").decode()))
    return "unicode-escaped"


@breaker("amount in major units", "txamt")
def _major(p: Payload, s: Signer, r: random.Random) -> str:
    s.values.append(_one("txamt", f"{int(p.params['txamt']) / 100:.2f}"))
    return "number-format:txamt"


@breaker("amount with decimals", "txamt")
def _decimals(p: Payload, s: Signer, r: random.Random) -> str:
    s.values.append(_one("txamt", p.params["txamt"] + r.choice([".0", ".00"])))
    return "number-format:txamt"


@breaker("amount as a power of ten", "txamt")
def _power(p: Payload, s: Signer, r: random.Random) -> str:
    p.params["txamt"] = r.choice(["2500", "12000", "30000000"])
    s.values.append(
        _one("txamt", {"2500": "2.5e3", "12000": "1.2E4", "30000000": "3E7"}[p.params["txamt"]])
    )
    return "number-format:txamt"


@breaker("time in another format", "txdtm")
def _date(p: Payload, s: Signer, r: random.Random) -> str:
    moment = datetime.strptime(p.params["txdtm"], "%Y-%m-%d %H:%M:%S")
    form = r.choice(["%Y-%m-%dT%H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y%m%d%H%M%S", "%Y-%m-%d %H:%M"])
    s.values.append(_one("txdtm", moment.strftime(form)))
    return "date-format:txdtm"


@breaker("time in UTC", "txdtm")
def _zone(p: Payload, s: Signer, r: random.Random) -> str:
    moment = datetime.strptime(p.params["txdtm"], "%Y-%m-%d %H:%M:%S") - timedelta(hours=8)
    s.values.append(_one("txdtm", f"{moment:%Y-%m-%d %H:%M:%S}"))
    return "time-zone:txdtm"


@breaker("time taken twice", "txdtm")
def _clock(p: Payload, s: Signer, r: random.Random) -> str:
    moment = datetime.strptime(p.params["txdtm"], "%Y-%m-%d %H:%M:%S") - timedelta(seconds=1)
    s.values.append(_one("txdtm", f"{moment:%Y-%m-%d %H:%M:%S}"))
    return "time-taken-twice:txdtm"


@breaker("nothing spelled as a word", "spelling")
def _nothing(p: Payload, s: Signer, r: random.Random) -> str:
    p.params["limit_pay"] = ""
    s.values.append(_one("limit_pay", r.choice(["None", "null", "undefined"])))
    return "spelling:limit_pay"


@breaker("yes spelled otherwise", "spelling")
def _yes(p: Payload, s: Signer, r: random.Random) -> str:
    p.params["limit_pay"], signed = r.choice([("true", "True"), ("True", "true"), ("1", "true")])
    s.values.append(_one("limit_pay", signed))
    return "spelling:limit_pay"


@breaker("plus sent raw", "txzone")
def _plus(p: Payload, s: Signer, r: random.Random) -> str:
    p.params["txzone"] = "+0800"
    sent = p.sent
    p.sent = lambda params: sent(params).replace(b"%2B0800", b"+0800")
    return "plus-sent-raw:txzone"


@breaker("empty values left out", "set")
def _empty(p: Payload, s: Signer, r: random.Random) -> str:
    p.params["goods_info"] = ""
    s.values.append(lambda params: {n: v for n, v in params.items() if v})
    return "empty-values-dropped"


@breaker("a field sent and not signed", "drop")
def _unsigned(p: Payload, s: Signer, r: random.Random) -> str:
    name = r.choice(list(p.params))
    s.values.append(lambda params: {n: v for n, v in params.items() if n != name})
    return f"sent-not-signed:{name}"


@breaker("a field signed and not sent", "add")
def _unsent(p: Payload, s: Signer, r: random.Random) -> str:
    choices = [("lnglat", ""), ("txzone", "+0800"), ("goods_detail", "null"), ("seller_id", "")]
    name, value = r.choice(choices)
    if p.endpoint != "payment":
        name, value = r.choice([("txzone", "+0800"), ("txcurrcd", "HKD"), ("goods_name", "")])
    p.params.pop(name, None)
    s.values.append(lambda params: {**params, name: value})
    return f"signed-not-sent:{name}"


@breaker("sign_type signed", "add")
def _sign_type(p: Payload, s: Signer, r: random.Random) -> str:
    if r.random() < 0.5:
        p.params["sign_type"] = p.algorithm
    else:
        s.values.append(lambda params: {**params, "sign_type": p.algorithm})
    return "sign-type-included:sign_type"


@breaker("key sorted among the fields", "key")
def _key_field(p: Payload, s: Signer, r: random.Random) -> str:
    name = r.choice(["key", "client_key"])
    s.values.append(lambda params: {**params, name: p.key})
    s.key = lambda text, key: text
    return "key-as-a-field"


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


# ---- putting it together ---------------------------------------------------------------

_FIELD_STAGES = ("text", "txamt", "txdtm", "spelling", "txzone", "set", "drop", "add", "encoding")


def broken(rng: random.Random, names: tuple[str, ...]) -> Broken | None:
    """A request that is wrong in these ways; None where they cancel each other out."""
    stages = [BREAKERS[name][0] for name in names]
    if len(set(stages)) < len(stages) or {"keyed", "key"} <= set(stages):
        return None
    if "keyed" in stages and set(stages) & {"charset", "hash"}:
        return None
    # What changes a value comes before what encodes all of them.
    ordered = sorted(names, key=lambda name: _place(BREAKERS[name][0]))
    made = payload(rng)
    signer = Signer()
    causes = [BREAKERS[name][1](made, signer, rng) for name in ordered]
    params, sent = made.params, made.sent(made.params)
    if list(params) == sorted(params):
        return None
    try:
        signature = signer.sign(params, made.key, made.algorithm)
        if not _is_real(signer, made, signature):
            return None
    except UnicodeEncodeError:  # nobody can sign these characters in that charset
        return None
    request = Request("POST", f"{HOST}/trade/v1/{made.endpoint}", _headers(made, signature), sent)
    return Broken(frozenset(c for c in causes if c), _pasted(rng, request), made)


def _place(stage: str) -> int:
    return _FIELD_STAGES.index(stage) if stage in _FIELD_STAGES else len(_FIELD_STAGES)


def _is_real(signer: Signer, made: Payload, whole: str) -> bool:
    """Whether every one of the ways changes the signature: else it is not a cause."""
    fresh = Signer()
    slots = ("order", "join", "key", "encode", "hash", "keyed_hash", "output")
    parts = [
        _copy(signer, values=[value for value in signer.values if value is not left_out])
        for left_out in signer.values
    ]
    parts += [
        _copy(signer, **{slot: getattr(fresh, slot)})
        for slot in slots
        if getattr(signer, slot) is not getattr(fresh, slot)
    ]
    signed = [part.sign(made.params, made.key, made.algorithm) for part in parts]
    return all(other.upper() != whole.upper() for other in signed)


def _copy(signer: Signer, **changes: Any) -> Signer:
    return Signer(**{**vars(signer), **changes})


def correct(rng: random.Random) -> Broken:
    """A request that is signed right."""
    made = payload(rng)
    signature = Signer().sign(made.params, made.key, made.algorithm)
    if rng.random() < 0.5:
        signature = signature.lower()
    url = f"{HOST}/trade/v1/{made.endpoint}"
    request = Request("POST", url, _headers(made, signature), made.sent(made.params))
    return Broken(frozenset(), _pasted(rng, request), made)


def _headers(made: Payload, signature: str) -> tuple[tuple[str, str], ...]:
    announced = (("X-QF-SIGNTYPE", "SHA256"),) if made.algorithm == "SHA256" else ()
    return (
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("X-QF-APPCODE", made.app_code),
        ("X-QF-SIGN", signature),
        *announced,
    )


def _pasted(rng: random.Random, request: Request) -> str:
    exchange = Exchange("", request, None, "-", 0.0, 0.0)
    forms: list[Callable[[], str]] = [
        lambda: as_curl(request),
        lambda: as_curl(request, "cmd"),
        lambda: as_http(request),
        lambda: json.dumps(as_har([exchange])),
        lambda: json.dumps(as_postman([exchange]), ensure_ascii=False),
    ]
    return rng.choice(forms)()


def singles() -> Iterator[tuple[str, ...]]:
    """Every way alone."""
    return ((name,) for name in BREAKERS)


def pairs() -> list[tuple[str, str]]:
    """Every two ways that can go together."""
    names = list(BREAKERS)
    return [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
