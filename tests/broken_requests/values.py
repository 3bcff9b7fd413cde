"""Wrong ways that lie in the fields: their values, and which of them are signed."""

from __future__ import annotations

import html
import random
import unicodedata
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

from tests.broken_requests.signers import Params, Payload, Signer, breaker, every

_LATIN = "Café Zoë naïve Müller"


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
            s.values.append(every(write))
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
    s.values.append(every(str.strip))
    return "values-trimmed"


@breaker("signed as NFC, sent as NFD", "text")
def _nfc(p: Payload, s: Signer, r: random.Random) -> str:
    p.params["udid"] = unicodedata.normalize("NFD", _LATIN)
    s.values.append(every(lambda value: unicodedata.normalize("NFC", value)))
    return "unicode-form"


@breaker("signed as NFD, sent as NFC", "text")
def _nfd(p: Payload, s: Signer, r: random.Random) -> str:
    p.params["udid"] = unicodedata.normalize("NFC", _LATIN)
    s.values.append(every(lambda value: unicodedata.normalize("NFD", value)))
    return "unicode-form"


@breaker("full-width characters sent", "text")
def _full_width(p: Payload, s: Signer, r: random.Random) -> str:
    p.params["udid"] = "ＰＯＳ－" + "".join(chr(0xFF10 + r.randint(0, 9)) for _ in range(3))
    s.values.append(every(lambda value: unicodedata.normalize("NFKC", value)))
    return "full-width"


@breaker("zero-width character sent", "text")
def _zero_width(p: Payload, s: Signer, r: random.Random) -> str:
    p.params["out_trade_no"] += r.choice(["\u200b", "\ufeff", "\u200e"])
    s.values.append(every(lambda value: "".join(c for c in value if c not in "\u200b\ufeff\u200e")))
    return "invisible-characters"


@breaker("HTML-escaped", "text")
def _html(p: Payload, s: Signer, r: random.Random) -> str:
    p.params["udid"] = "Tom & 'Jerry' <3"
    s.values.append(every(html.escape))
    return "html-escaped"


@breaker("non-ASCII as \\uXXXX", "text")
def _escaped(p: Payload, s: Signer, r: random.Random) -> str:
    p.params["udid"] = "收银台 3"
    s.values.append(every(lambda v: v.encode("ascii", "backslashreplace").decode()))
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


@breaker("plus sent raw", "sending")
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
