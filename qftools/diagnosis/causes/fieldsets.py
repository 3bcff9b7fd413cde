"""Ways to sign other fields than were sent, in another order, joined otherwise."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from qftools import catalogue
from qftools.diagnosis.causes.values import FIELD_SET, quote, quote_plus
from qftools.diagnosis.deviations import Deviation, Fields, Inputs, Layout, Pair, Pairs, changed
from qftools.transport.addresses import split

UNSIGNED = ("sign", "sign_type")

# Values that somebody signs and then does not send, by field; see _not_sent for the rest.
_USUAL: dict[str, tuple[str, ...]] = {
    "txzone": ("+0800", " 0800", "0800"),
    "udid": ("qiantai2", "0001", "1"),
    "sign_type": ("MD5", "SHA256", "md5", "sha256"),
    "signtype": ("MD5", "SHA256"),
    "sign": ("",),
    "charset": ("utf-8", "UTF-8"),
    "page": ("1", "0"),
    "page_size": ("10", "20", "50", "100"),
    "lang": ("zh", "en", "zh-cn"),
    "format": ("json",),
    "limit_pay": ("no_credit",),
    "pay_tag": ("ALIPAYHK", "ALIPAYCN"),
    "rmb_tag": ("Y",),
    "expired_time": ("5", "10", "30", "60", "120"),
    "respcd": ("0000",),
}
_NOTHING = ("", "None", "null", "undefined")
_FIRST_FIELDS = 80  # fields of a request that are left out one by one


def fieldset_variants(inputs: Inputs, key: str) -> Iterator[Fields]:
    """Every other set of fields that the rows allow; each differs from what was sent."""
    pairs = inputs.pairs
    if any(value == "" for _name, value in pairs):
        yield _fields(pairs, Deviation("empty-values-dropped"), _without_empty)
    for name, _value in pairs[:_FIRST_FIELDS]:
        deviation = Deviation("sent-not-signed", field=name)
        yield _fields(pairs, deviation, _without(name), {name})
    yield from _twice(inputs)
    for name, value in _not_sent(inputs):
        identifier = "sign-type-included" if name in UNSIGNED else "signed-not-sent"
        yield _fields(
            pairs, Deviation(identifier, value or "empty", name), _and(name, value), {name}
        )
    for name in ("key", "client_key", "app_key", "appkey") if key else ():
        for keyless in (True, False):
            deviation = Deviation("key-as-a-field", name)
            yield _fields(pairs, deviation, _and(name, key), {name}, keyless)


def _fields(
    pairs: Pairs,
    deviation: Deviation,
    change: Callable[[Pairs], Pairs],
    touched: Iterable[str] = (),
    keyless: bool = False,
) -> Fields:
    return changed(pairs, deviation, change, FIELD_SET, touched, keyless)


def _without_empty(pairs: Pairs) -> Pairs:
    return tuple([pair for pair in pairs if pair[1] != ""])


def _without(name: str) -> Callable[[Pairs], Pairs]:
    return lambda pairs: tuple([pair for pair in pairs if pair[0] != name])


def _and(name: str, value: str) -> Callable[[Pairs], Pairs]:
    return lambda pairs: (*pairs, (name, value))


def _twice(inputs: Inputs) -> Iterator[Fields]:
    if not inputs.every:
        return
    names = Counter(name for name, _value in inputs.every)
    double = {name for name, count in names.items() if count > 1}
    field = ", ".join(sorted(double))
    first = tuple(dict(reversed(inputs.every)).items())
    for detail, other in (("every", inputs.every), ("first", first)):
        yield _fields(inputs.pairs, Deviation("field-twice", detail, field), _given(other), double)


def _given(pairs: Pairs) -> Callable[[Pairs], Pairs]:
    return lambda _pairs: pairs


def _not_sent(inputs: Inputs) -> Iterator[Pair]:
    """Fields that this endpoint knows and this request lacks, with the values they usually have."""
    sent = {name for name, _value in inputs.pairs}
    if inputs.app_code:
        for name in ("app_code", "appcode", "X-QF-APPCODE"):
            yield from _lacking(sent, name, (inputs.app_code,))
    for name, values in _USUAL.items():
        yield from _lacking(sent, name, values)
    known = [
        field.name
        for field in catalogue.fields(endpoint=inputs.endpoint or "payment", part="request")
    ]
    for name in dict.fromkeys([*known, "mchid", "udid", "txzone", "goods_name"]):
        yield from _lacking(sent, name, _NOTHING)
    yield from _lacking(sent, "txcurrcd", tuple(catalogue.currencies()))
    yield from _lacking(sent, "pay_type", tuple(catalogue.pay_types()))


def _lacking(sent: set[str], name: str, values: tuple[str, ...]) -> Iterator[Pair]:
    if name not in sent:
        for value in values:
            yield name, value


# ---- order and join ---------------------------------------------------------------


def in_order(pairs: Pairs) -> list[Pair]:
    """The gateway's order: by name, capitals first."""
    return sorted(pairs, key=_name)


def _name(pair: Pair) -> str:
    return pair[0]


# One row per other order: (id, detail, how). What changes nothing is never tried.
ORDERS: tuple[tuple[str, str, Callable[[Pairs], list[Pair]]], ...] = (
    ("unsorted", "", lambda pairs: list(pairs)),
    ("sorted-ignoring-case", "", lambda pairs: sorted(pairs, key=lambda pair: pair[0].lower())),
    ("sorted-by-value", "", lambda pairs: sorted(pairs, key=lambda pair: pair[1])),
    ("sorted-backwards", "", lambda pairs: sorted(pairs, key=_name, reverse=True)),
    ("sorted-by-length", "", lambda pairs: sorted(pairs, key=lambda p: (len(p[0]), p[0]))),
    ("sorted-by-pair", "", lambda pairs: sorted(pairs, key=lambda pair: f"{pair[0]}={pair[1]}")),
)


def joined(pairs: list[Pair]) -> str:
    """The gateway's join: ``name=value`` with ``&``."""
    return "&".join([f"{name}={value}" for name, value in pairs])


def _object(pairs: list[Pair], numbers: bool) -> dict[str, object]:
    return {
        name: int(value) if numbers and value.isdecimal() and value[:1] != "0" else value
        for name, value in pairs
        if len(value) < 4000 or not value.isdecimal()
    }


def _json(compact: bool, ascii_only: bool, numbers: bool) -> Callable[[list[Pair]], str]:
    separators = (",", ":") if compact else (", ", ": ")

    def write(pairs: list[Pair]) -> str:
        value = _object(pairs, numbers)
        return json.dumps(value, ensure_ascii=ascii_only, separators=separators)

    return write


def _php_json(pairs: list[Pair]) -> str:
    return _json(True, True, False)(pairs).replace("/", "\\/")


# One row per other join: (id, detail, how).
JOINS: tuple[tuple[str, str, Callable[[list[Pair]], str]], ...] = (
    ("ampersand-before-key", "", lambda pairs: joined(pairs) + "&"),
    ("leading-character", "&", lambda pairs: "&" + joined(pairs)),
    ("leading-character", "?", lambda pairs: "?" + joined(pairs)),
    ("other-join", "no &", lambda pairs: "".join([f"{k}={v}" for k, v in pairs])),
    ("other-join", "no = and &", lambda pairs: "".join([f"{k}{v}" for k, v in pairs])),
    ("other-join", "no =", lambda pairs: "&".join([f"{k}{v}" for k, v in pairs])),
    ("other-join", "values", lambda pairs: "".join([v for _, v in pairs])),
    ("other-join", "values, &", lambda pairs: "&".join([v for _, v in pairs])),
    ("other-join", ",", lambda pairs: ",".join([f"{k}={v}" for k, v in pairs])),
    ("other-join", ", ", lambda pairs: ", ".join([f"{k}={v}" for k, v in pairs])),
    ("other-join", ";", lambda pairs: ";".join([f"{k}={v}" for k, v in pairs])),
    ("other-join", "|", lambda pairs: "|".join([f"{k}={v}" for k, v in pairs])),
    ("other-join", "LF", lambda pairs: "\n".join([f"{k}={v}" for k, v in pairs])),
    ("other-join", "&amp;", lambda pairs: "&amp;".join([f"{k}={v}" for k, v in pairs])),
    ("other-join", "name:value", lambda pairs: "&".join([f"{k}:{v}" for k, v in pairs])),
    ("other-join", '"value"', lambda pairs: "&".join([f'{k}="{v}"' for k, v in pairs])),
    ("text-url-encoded", "%XX", lambda pairs: quote(joined(pairs), safe="")),
    ("text-url-encoded", "+, %XX", lambda pairs: quote_plus(joined(pairs))),
    ("json-signed", "compact", _json(True, False, False)),
    ("json-signed", '", " ": "', _json(False, False, False)),
    ("json-signed", "compact, \\uXXXX", _json(True, True, False)),
    ("json-signed", '", " ": ", \\uXXXX', _json(False, True, False)),
    ("json-signed", "compact, numbers", _json(True, False, True)),
    ("json-signed", '", " ": ", \\uXXXX, numbers', _json(False, True, True)),
    ("json-signed", "compact, \\uXXXX, numbers", _json(True, True, True)),
    ("json-signed", "PHP json_encode", _php_json),
)


def layouts(inputs: Inputs) -> dict[int, list[Layout]]:
    """Ways to make one text of fields, by the number of deviations in them."""
    base = Layout((), lambda pairs: joined(in_order(pairs)))
    orders = [
        (Deviation(identifier, detail), order)
        for identifier, detail, order in ORDERS
        if order(inputs.pairs) != in_order(inputs.pairs)
    ]
    joins = [(Deviation(identifier, detail), join) for identifier, detail, join in JOINS]
    joins += list(_with_address(inputs))
    one = [Layout((deviation,), _compose(order, joined)) for deviation, order in orders]
    one += [Layout((deviation,), _compose(in_order, join)) for deviation, join in joins]
    two = [
        Layout((first, second), _compose(order, join))
        for first, order in orders
        for second, join in joins
    ]
    return {0: [base], 1: one, 2: two}


def _with_address(inputs: Inputs) -> Iterator[tuple[Deviation, Callable[[list[Pair]], str]]]:
    if inputs.url:
        path = split(inputs.url).path
        bare = inputs.url.partition("?")[0]
        for front in (path, path + "?", path + "&", bare, bare + "?", "POST" + path, "POST&"):
            yield Deviation("address-signed", front), _prefixed(front)


def _prefixed(front: str) -> Callable[[list[Pair]], str]:
    return lambda pairs: front + joined(pairs)


def _compose(
    order: Callable[[Pairs], list[Pair]], join: Callable[[list[Pair]], str]
) -> Callable[[Pairs], str]:
    return lambda pairs: join(order(pairs))
