"""Ways to make one text of the fields: their order, and how they are joined."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator

from qftools.diagnosis.causes.characters import (
    javascript_escape,
    python_bytes,
    quote,
    quote_plus,
    utf16_units,
)
from qftools.diagnosis.deviations import Deviation, Inputs, Layout, Pair, Pairs
from qftools.transport.addresses import split

Order = Callable[[Pairs], list[Pair]]
Join = Callable[[list[Pair]], str]

MOST_IN_ANY_ORDER = 8  # fields; they have 40,320 orders


def in_order(pairs: Pairs) -> list[Pair]:
    """The gateway's order: by name, capitals first."""
    return sorted(pairs, key=_name)


def _name(pair: Pair) -> str:
    return pair[0]


def joined(pairs: list[Pair]) -> str:
    """The gateway's join: ``name=value`` with ``&``."""
    return "&".join([f"{name}={value}" for name, value in pairs])


# ---- order ------------------------------------------------------------------------


def hash_map_order(names: list[str], size: int = 16) -> list[str]:
    """The order in which a Java ``HashMap`` gives *names* back that were put in one by one.

    Args:
        names: In the order in which they were put in.
        size: How many buckets it begins with.

    Example:
        >>> hash_map_order(["txamt", "txcurrcd", "pay_type"])
        ['pay_type', 'txcurrcd', 'txamt']
    """
    while len(names) > size * 3 // 4:
        size *= 2
    return sorted(names, key=lambda name: _bucket(name, size))


def _bucket(name: str, size: int) -> int:
    code = 0
    for unit in utf16_units(name):
        code = (31 * code + unit) & 0xFFFFFFFF
    return (code ^ code >> 16) & (size - 1)


def _hash_map(size: int) -> Order:
    def order(pairs: Pairs) -> list[Pair]:
        by_name = dict(pairs)
        return [(name, by_name[name]) for name in hash_map_order(list(by_name), size)]

    return order


# One row per other order: (id, detail, how). What changes nothing is never tried.
ORDERS: tuple[tuple[str, str, Order], ...] = (
    ("unsorted", "", lambda pairs: list(pairs)),
    ("hash-map-order", "", _hash_map(16)),
    ("hash-map-order", "8", _hash_map(8)),
    ("hash-map-order", "32", _hash_map(32)),
    ("hash-map-order", "64", _hash_map(64)),
    ("sorted-ignoring-case", "", lambda pairs: sorted(pairs, key=lambda pair: pair[0].lower())),
    ("sorted-by-value", "", lambda pairs: sorted(pairs, key=lambda pair: pair[1])),
    ("sorted-backwards", "", lambda pairs: sorted(pairs, key=_name, reverse=True)),
    ("sorted-by-length", "", lambda pairs: sorted(pairs, key=lambda p: (len(p[0]), p[0]))),
    ("sorted-by-pair", "", lambda pairs: sorted(pairs, key=lambda pair: f"{pair[0]}={pair[1]}")),
)


def any_order(pairs: Pairs) -> Iterator[tuple[Deviation, str]]:
    """Each order of a few fields, with the text that it makes."""
    if len(pairs) <= MOST_IN_ANY_ORDER:
        for several in itertools.permutations([f"{name}={value}" for name, value in pairs]):
            names = ", ".join([part.partition("=")[0] for part in several])
            yield Deviation("other-order", names), "&".join(several)


# ---- join -------------------------------------------------------------------------


def _object(pairs: list[Pair], numbers: bool) -> dict[str, object]:
    return {
        name: int(value) if numbers and value.isdecimal() and value[:1] != "0" else value
        for name, value in pairs
        if len(value) < 4000 or not value.isdecimal()
    }


def _json(compact: bool, ascii_only: bool, numbers: bool) -> Join:
    separators = (",", ":") if compact else (", ", ": ")

    def write(pairs: list[Pair]) -> str:
        value = _object(pairs, numbers)
        return json.dumps(value, ensure_ascii=ascii_only, separators=separators)

    return write


def _php_json(pairs: list[Pair]) -> str:
    return _json(True, True, False)(pairs).replace("/", "\\/")


def _each(form: str, between: str, around: str = "{}") -> Join:
    """Each pair as *form* says, ``k`` and ``v`` in it; *around* all of them."""
    start, _, end = around.partition("{}")
    write = form.format
    return lambda pairs: start + between.join([write(k=k, v=v) for k, v in pairs]) + end


# One row per other join: (id, detail, how).
JOINS: tuple[tuple[str, str, Join], ...] = (
    ("ampersand-before-key", "", lambda pairs: joined(pairs) + "&"),
    ("leading-character", "&", lambda pairs: "&" + joined(pairs)),
    ("leading-character", "?", lambda pairs: "?" + joined(pairs)),
    ("other-join", "no &", _each("{k}={v}", "")),
    ("other-join", "no = and &", _each("{k}{v}", "")),
    ("other-join", "no =", _each("{k}{v}", "&")),
    ("other-join", "values", _each("{v}", "")),
    ("other-join", "values, &", _each("{v}", "&")),
    ("other-join", ",", _each("{k}={v}", ",")),
    ("other-join", ", ", _each("{k}={v}", ", ")),
    ("other-join", ";", _each("{k}={v}", ";")),
    ("other-join", "|", _each("{k}={v}", "|")),
    ("other-join", "LF", _each("{k}={v}", "\n")),
    ("other-join", "&amp;", _each("{k}={v}", "&amp;")),
    ("other-join", "name:value", _each("{k}:{v}", "&")),
    ("other-join", '"value"', _each('{k}="{v}"', "&")),
    ("map-printed", "{name='value',...}", _each("{k}='{v}'", ",", "{{}}")),
    ("map-printed", "{name='value', ...}", _each("{k}='{v}'", ", ", "{{}}")),
    ("map-printed", '{name="value",...}', _each('{k}="{v}"', ",", "{{}}")),
    ("map-printed", "Java Map.toString()", _each("{k}={v}", ", ", "{{}}")),
    ("map-printed", "Python str(dict)", lambda pairs: str(dict(pairs))),
    ("map-printed", "Python 2 str(dict)", lambda pairs: _python_2(pairs)),
    ("map-printed", "Ruby to_s", _each('"{k}"=>"{v}"', ", ", "{{}}")),
    ("map-printed", "Go map", _each("{k}:{v}", " ", "map[{}]")),
    ("map-printed", "PHP Array", lambda _pairs: "Array"),
    ("map-printed", "[object Object]", lambda _pairs: "[object Object]"),
    ("text-url-encoded", "%XX", lambda pairs: quote(joined(pairs), safe="")),
    ("text-url-encoded", "+, %XX", lambda pairs: quote_plus(joined(pairs))),
    ("javascript-escape", "whole text", lambda pairs: javascript_escape(joined(pairs))),
    ("python-repr", "b'...', whole text", lambda pairs: python_bytes(joined(pairs))),
    ("letter-case", "lower, names too", lambda pairs: joined(pairs).lower()),
    ("letter-case", "upper, names too", lambda pairs: joined(pairs).upper()),
    ("json-signed", "compact", _json(True, False, False)),
    ("json-signed", '", " ": "', _json(False, False, False)),
    ("json-signed", "compact, \\uXXXX", _json(True, True, False)),
    ("json-signed", '", " ": ", \\uXXXX', _json(False, True, False)),
    ("json-signed", "compact, numbers", _json(True, False, True)),
    ("json-signed", '", " ": ", \\uXXXX, numbers', _json(False, True, True)),
    ("json-signed", "compact, \\uXXXX, numbers", _json(True, True, True)),
    ("json-signed", "PHP json_encode", _php_json),
)


def _python_2(pairs: list[Pair]) -> str:
    return "{" + ", ".join([f"'{k}': {python_bytes(v)[1:]}" for k, v in pairs]) + "}"


def layouts(inputs: Inputs) -> dict[int, list[Layout]]:
    """Ways to make one text of fields, by the number of deviations in them."""
    orders = list(_other_orders(inputs.pairs))
    joins = [(Deviation(identifier, detail), join) for identifier, detail, join in JOINS]
    joins += list(_with_address(inputs))
    one = [Layout((deviation,), order, joined) for deviation, order in orders]
    one += [Layout((deviation,), in_order, join) for deviation, join in joins]
    two = [
        Layout((first, second), order, join) for first, order in orders for second, join in joins
    ]
    return {0: [Layout((), in_order, joined)], 1: one, 2: two}


def _other_orders(pairs: Pairs) -> Iterator[tuple[Deviation, Order]]:
    """Each order that differs from the gateway's, once."""
    seen = [in_order(pairs)]
    for identifier, detail, order in ORDERS:
        ordered = order(pairs)
        if ordered not in seen:
            seen.append(ordered)
            yield Deviation(identifier, detail), order


def _with_address(inputs: Inputs) -> Iterator[tuple[Deviation, Join]]:
    if inputs.url:
        path = split(inputs.url).path
        bare = inputs.url.partition("?")[0]
        for front in (path, path + "?", path + "&", bare, bare + "?", "POST" + path, "POST&"):
            yield Deviation("address-signed", front), _prefixed(front)


def _prefixed(front: str) -> Join:
    return lambda pairs: front + joined(pairs)
