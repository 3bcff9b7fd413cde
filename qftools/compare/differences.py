"""Where two answers to one request differ: status, headers, signature, fields, types, codes, order.

Values that every gateway makes up for itself (times, numbers of wallets, texts) are compared by
their kind alone, and no value that names a person, an order or an amount is ever said.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from qftools.errors import TransportError
from qftools.exchange import Response
from qftools.texts import Text, harmless
from qftools.transport.strict_json import parse

KINDS = {
    "status": Text("HTTP 状态", "HTTP status"),
    "header": Text("应答头", "header"),
    "header order": Text("应答头的顺序", "order of headers"),
    "signature": Text("签名", "signature"),
    "format": Text("JSON 的写法", "how the JSON is written"),
    "code": Text("代码", "code"),
    "field": Text("字段", "field"),
    "type": Text("类型", "type"),
    "value": Text("取值", "value"),
    "order": Text("字段的顺序", "order of fields"),
    "rows": Text("订单行", "rows"),
}
"""What can differ."""

WORDS = {
    "present": Text("有", "present"),
    "absent": Text("没有", "absent"),
    "JSON": Text("JSON", "JSON"),
    "no JSON": Text("不是 JSON", "no JSON"),
    "as sent": Text("与请求一致", "as sent"),
    "another value": Text("另一个值", "another value"),
    "another order of rows": Text("另一种顺序", "another order of rows"),
    "newest first": Text("新的在前", "newest first"),
    "text": Text("文字", "text"),
    "number": Text("数字", "number"),
    "true or false": Text("布尔值", "true or false"),
    "object": Text("对象", "object"),
    "list": Text("数组", "list"),
    "null": Text("null", "null"),
    "empty": Text("空", "empty"),
    "time": Text("时间", "time"),
    "digits": Text("一串数字", "digits"),
    "hexadecimal": Text("十六进制", "hexadecimal"),
    "address": Text("网址", "address"),
    "capital letters": Text("大写字母", "capital letters"),
    "small letters": Text("小写字母", "small letters"),
    "32 digits": Text("32 位", "32 digits"),
    "64 digits": Text("64 位", "64 digits"),
    "no digest": Text("不是摘要", "no digest"),
    "compact": Text("紧凑", "compact"),
    "compact, not escaped": Text("紧凑，不转义", "compact, not escaped"),
    "blanks": Text("有空格", "with blanks"),
    "blanks, not escaped": Text("有空格，不转义", "with blanks, not escaped"),
    "other": Text("其他写法", "other"),
}
"""Our words for what stands on either side; what is not here is the gateway's own word."""

# Made by servers, proxies and networks, not by the gateway.
_OF_TRANSPORT = frozenset(
    (
        *("date", "server", "connection", "keep-alive", "content-length", "transfer-encoding"),
        *("content-encoding", "vary", "via", "age", "set-cookie", "cache-control", "expires"),
        *("pragma", "etag", "last-modified", "strict-transport-security", "alt-svc", "nel"),
        *("report-to", "x-request-id", "x-cache", "cf-ray", "cf-cache-status", "traceparent"),
        *("x-amz-cf-id", "x-amz-cf-pop", "x-frame-options", "x-xss-protection"),
        *("x-content-type-options", "accept-ranges"),
    )
)
_CODES = frozenset(
    {"respcd", "cancel", "order_type", "txstatus", "txcurrcd", "pay_type", "notify_type"}
)
_EQUAL = frozenset(  # the same on both sides because the requests were; never said
    {"txamt", "out_trade_no", "syssn", "orig_syssn", "origssn", "txdtm", "qf_trade_no"}
)
_STYLES = {
    "compact": {"separators": (",", ":"), "ensure_ascii": True},
    "compact, not escaped": {"separators": (",", ":"), "ensure_ascii": False},
    "blanks": {"separators": (", ", ": "), "ensure_ascii": True},
    "blanks, not escaped": {"separators": (", ", ": "), "ensure_ascii": False},
}
_SHAPES = (
    ("time", re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")),
    ("digits", re.compile(r"\d+")),
    ("hexadecimal", re.compile(r"[0-9A-Fa-f]{16,}")),
    ("address", re.compile(r"[a-z]{2,12}://.*", re.DOTALL)),
)
_LONGEST = 60


class Point(NamedTuple):
    """One difference between two answers.

    Attributes:
        kind: A key of `KINDS`.
        where: The field or header; ``data[].cancel`` is in the rows of a query.
        recorded: What the recorded gateway has, by kind. *answered*: what the sandbox has.
    """

    kind: str
    where: str
    recorded: str
    answered: str


def differences(recorded: Response, answered: Response) -> Iterator[Point]:
    """Yield where the sandbox's answer is another than the recorded one.

    Example:
        >>> first = Response(200, (), b'{"respcd": "1264", "respmsg": ""}')
        >>> second = Response(200, (), b'{"respcd": "1262", "respmsg": ""}')
        >>> list(differences(first, second))
        [Point(kind='code', where='respcd', recorded='1264', answered='1262')]
    """
    if recorded.status != answered.status:
        yield Point("status", "", str(recorded.status), str(answered.status))
        return
    if recorded.headers:
        yield from _headers(recorded, answered)
    first, second = _parsed(recorded.body), _parsed(answered.body)
    if first is None or second is None:
        said = ["no JSON" if body is None else "JSON" for body in (first, second)]
        if said[0] != said[1]:
            yield Point("format", "", *said)
        return
    if (styles := (_style(recorded.body), _style(answered.body)))[0] != styles[1]:
        yield Point("format", "", *styles)
    yield from _objects("", first, second)


def _headers(recorded: Response, answered: Response) -> Iterator[Point]:
    names = [_names(response) for response in (recorded, answered)]
    for lower in sorted(names[0].keys() ^ names[1].keys()):
        kind = "signature" if lower == "x-qf-sign" else "header"
        yield Point(
            kind,
            _said(names[0].get(lower, "") or names[1].get(lower, "")),
            "present" if lower in names[0] else "absent",
            "present" if lower in names[1] else "absent",
        )
    common = names[0].keys() & names[1].keys()
    for lower in sorted(common):
        if names[0][lower] != names[1][lower]:
            yield Point("header", lower, _said(names[0][lower]), _said(names[1][lower]))
    orders = [[name for name in row if name in common] for row in names]
    if orders[0] != orders[1]:
        yield Point("header order", "", _listed(orders[0]), _listed(orders[1]))
    kinds = [_type(response) for response in (recorded, answered)]
    if "content-type" in common and kinds[0] != kinds[1]:
        yield Point("header", "Content-Type", *map(_said, kinds))
    signs = [(response.header("X-QF-SIGN") or "").strip() for response in (recorded, answered)]
    if all(signs):
        for shape in (_length, _letters):
            if (first := shape(signs[0])) != (second := shape(signs[1])):
                yield Point("signature", "X-QF-SIGN", first, second)


def _names(response: Response) -> dict[str, str]:
    """Return the names of the gateway's own headers, in their order, by their small letters."""
    named = {name.lower(): name for name, _ in response.headers}
    return {lower: name for lower, name in named.items() if lower not in _OF_TRANSPORT}


def _type(response: Response) -> str:
    return re.sub(r"\s*;\s*", "; ", response.header("Content-Type") or "").lower()


def _length(sign: str) -> str:
    """Return how long a digest is: 32 digits are MD5's, 64 those of SHA256."""
    is_digest = re.fullmatch("[0-9A-Fa-f]{32}|[0-9A-Fa-f]{64}", sign)
    return f"{len(sign)} digits" if is_digest else "no digest"


def _letters(sign: str) -> str:
    return "small letters" if sign != sign.upper() else "capital letters"


@lru_cache(maxsize=16_384)  # a recording is played many times
def _parsed(body: bytes) -> dict[str, Any] | None:
    try:
        return parse(body)
    except TransportError:
        return None


@lru_cache(maxsize=16_384)
def _style(body: bytes) -> str:
    """Return how a body is written: a signature is of its bytes."""
    try:
        text = body.decode()
        value = json.loads(text)
    except ValueError:
        return "other"
    found = (name for name, how in _STYLES.items() if json.dumps(value, **how) == text)  # type: ignore[arg-type]
    return next(found, "other")


def _objects(where: str, recorded: dict[str, Any], answered: dict[str, Any]) -> Iterator[Point]:
    prefix = f"{where}." if where else ""
    code = [_value(body.get("respcd")) for body in (recorded, answered)]
    if code[0] != code[1] and "respcd" in recorded and "respcd" in answered:
        yield Point("code", f"{prefix}respcd", *map(_said, code))
        if not where:
            return  # another answer has other fields
    for name in (*recorded, *(name for name in answered if name not in recorded)):
        place = prefix + _said(name)
        if (name in recorded) != (name in answered):
            yield Point("field", place, *_presence(name in recorded, name in answered))
        elif name != "respcd":
            yield from _values(place, name, recorded[name], answered[name])
    common = [
        [name for name in body if name in recorded and name in answered]
        for body in (recorded, answered)
    ]
    if common[0] != common[1]:
        yield Point("order", where, _listed(common[0]), _listed(common[1]))


def _values(place: str, name: str, recorded: Any, answered: Any) -> Iterator[Point]:
    kinds = _kind(recorded), _kind(answered)
    if kinds[0] != kinds[1]:
        yield Point("type", place, *kinds)
    elif isinstance(recorded, dict):
        yield from _objects(place, recorded, answered)
    elif isinstance(recorded, list):
        yield from _rows(place, recorded, answered)
    elif name in _CODES:
        if recorded != answered:
            yield Point("value", place, _said(str(recorded)), _said(str(answered)))
    elif name in _EQUAL:
        if recorded != answered:
            yield Point("value", place, "another value", "as sent")
    elif _emptiness(recorded) != _emptiness(answered) and name not in ("respmsg", "resperr"):
        yield Point("value", place, _shape(recorded), _shape(answered))


def _rows(place: str, recorded: list[Any], answered: list[Any]) -> Iterator[Point]:
    """Compare the rows of a query by their numbers; of other lists, their lengths."""
    rows = [
        {_number(row): row for row in part if isinstance(row, dict)}
        for part in (recorded, answered)
    ]
    for number, row in rows[0].items():
        other = rows[1].get(number)
        kind = _said(str(row.get("order_type") or "payment"))
        if other is not None:
            yield from _objects(f"{place}[]", row, other)
        elif kind in ("payment", "close", "unfreeze"):
            yield Point("rows", f"{place}[] {kind}", "present", "absent")
    for number, row in rows[1].items():
        if number not in rows[0]:
            kind = _said(str(row.get("order_type") or "payment"))
            yield Point("rows", f"{place}[] {kind}", "absent", "present")
    common = [
        [number for number in part if number in rows[0] and number in rows[1]] for part in rows
    ]
    if common[0] != common[1]:
        yield Point("order", f"{place}[]", "another order of rows", "newest first")


def _number(row: dict[str, Any]) -> str:
    return f"{row.get('order_type')} {row.get('syssn')}"


def _presence(first: bool, second: bool) -> tuple[str, str]:
    return ("present" if first else "absent", "present" if second else "absent")


def _kind(value: Any) -> str:
    kinds = {
        str: "text",
        bool: "true or false",
        int: "number",
        float: "number",
        dict: "object",
        list: "list",
    }
    return kinds.get(type(value), "null")


def _shape(value: Any) -> str:
    if not isinstance(value, str):
        return _kind(value)
    if not value:
        return "empty"
    return next((name for name, shape in _SHAPES if shape.fullmatch(value)), "text")


def _emptiness(value: Any) -> bool:
    return value in ("", "0", 0)


def _value(value: Any) -> str:
    return str(value) if isinstance(value, (str, int)) else _kind(value)


def _said(text: str) -> str:
    """Return a word of the gateway's for a person, never long."""
    return harmless(text if len(text) <= _LONGEST else text[:_LONGEST] + "...")


def _listed(names: list[str]) -> str:
    return ", ".join(_said(name) for name in names[:40])
