"""JSON from outside, read within limits: a text that could be read in two ways is refused."""

from __future__ import annotations

import json
import math
from typing import Any

from qftools.errors import TransportError
from qftools.patterns import pattern

MOST_DEPTH = 32
MOST_DIGITS = 64

_LONE_SURROGATE = pattern("[\ud800-\udfff]")


def parse(body: bytes) -> dict[str, Any]:
    """Return the JSON object in *body*, which is UTF-8 with or without a byte order mark.

    Half of a surrogate pair, which nothing could print or store, becomes U+FFFD.

    Raises:
        TransportError: It is no JSON object, or one that is nested too deep, has a number that
            is too long or not finite, or the same name twice with different values.

    Example:
        >>> parse(b'{"respcd": "0000"}')
        {'respcd': '0000'}
        >>> parse(b'{"respcd": "0000", "respcd": "1143"}')
        Traceback (most recent call last):
        ...
        qftools.errors.TransportError: the reply has a field twice, with different values
    """
    try:
        value: Any = _DECODER.decode(body.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise TransportError("the reply is not JSON: {cause}", cause=type(error).__name__) from None
    if not isinstance(value, dict):
        raise TransportError("the reply is not a JSON object")
    # Brackets in texts count, too: most replies have fewer than the limit of both.
    if body.count(b"[") + body.count(b"{") > MOST_DEPTH and _is_deeper(value, MOST_DEPTH):
        raise TransportError("the reply is nested deeper than {most} levels", most=MOST_DEPTH)
    if b"\\ud" in body.lower():
        return {_mended(name): _mended(part) for name, part in value.items()}
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs) and any(value[name] != other for name, other in pairs):
        raise TransportError("the reply has a field twice, with different values")
    return value


def _whole(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise TransportError("the reply has a number of more than {most} digits", most=MOST_DIGITS)
    return int(digits)


def _fraction(digits: str) -> float:
    if len(digits) > MOST_DIGITS:
        raise TransportError("the reply has a number of more than {most} digits", most=MOST_DIGITS)
    value = float(digits)
    return value if math.isfinite(value) else _not_finite(digits)


def _not_finite(_: str) -> float:
    raise TransportError("the reply has a number that is not finite")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_int=_whole,
    parse_float=_fraction,
    parse_constant=_not_finite,
)


def _is_deeper(value: Any, most: int) -> bool:
    level = [value]
    for _ in range(most):
        level = [
            part
            for outer in level
            if isinstance(outer, (dict, list))
            for part in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return any(isinstance(part, (dict, list)) for part in level)


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return _LONE_SURROGATE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_mended(name): _mended(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_mended(part) for part in value]
    return value
