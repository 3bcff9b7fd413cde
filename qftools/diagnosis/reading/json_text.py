"""JSON as gateways and shops write it, read without surprises: no float, no half character."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from qftools.patterns import pattern

# What no byte stands behind (PEP 383): it can be neither sent nor signed.
_HALF = pattern("[\ud800-\udc7f\udd00-\udfff]")


class _Null(str):
    """What a dump shows for a value that is not there: most programs do not send such a field."""


NULL = _Null()


class Scalar(str):
    """A boolean or a number as a dump shows it: into a form each language writes it in its way."""

    def written(self, booleans: tuple[str, str], plain: bool) -> str:
        """The same in a form, a number *plain* or as it is shown."""
        if self[:1] in "tTfF":
            return booleans[self[:1] in "fF"]
        return f"{Decimal(self).normalize():f}" if plain else self


_BOOLEANS = (("True", "False"), ("1", "0"), ("1", ""), ("true", "false"))
_SCALAR = pattern(
    r"(?P<bool>true|false|True|False)|-?\d{1,20}(?:\.\d{1,20})?(?:[eE][+-]?\d\d?|(?<=\.0))"
)


def scalar(text: str, typed: bool = True) -> str:
    """*text* as a `Scalar`, if it is one; without a type beside it, "true" may be a text."""
    found = _SCALAR.fullmatch(text)
    return Scalar(text) if found and (typed or not found["bool"]) else text


def written_otherwise(fields: Iterable[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    """The fields as they may have been sent: PHP sends true as 1, Python as True.

    Example:
        >>> list(dict.fromkeys(way[0][1] for way in written_otherwise([("x", scalar("true"))])))
        ['True', '1', 'true']
    """
    fields = list(fields)
    if not any(isinstance(value, Scalar) for _name, value in fields):
        return
    for booleans in _BOOLEANS:
        for plain in (False, True):
            yield [
                (name, value.written(booleans, plain) if isinstance(value, Scalar) else value)
                for name, value in fields
            ]


def load_json(text: str) -> Any:
    """The value, or None where *text* is no JSON, or nested too deeply to be anything of ours."""
    try:
        value = json.loads(text, parse_constant=str, parse_int=_number, parse_float=scalar)
        return mended(value) if "\\ud" in text.lower() else value
    except (ValueError, RecursionError):
        return None


def mended(value: Any) -> Any:
    """A value of JSON or of a program, each half of a surrogate pair in it as U+FFFD."""
    if isinstance(value, str):
        return _HALF.sub("\ufffd", value)
    if isinstance(value, dict):
        return {mended(name): mended(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [mended(part) for part in value]
    return value


def as_text(value: object) -> str:
    """A value of JSON as a form would hold it."""
    if value is None:
        return NULL
    if isinstance(value, bool):
        return Scalar("true" if value else "false")
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Scalar):
        return value
    return scalar(str(value)) if isinstance(value, float) else str(value)


def _number(digits: str) -> int | str:
    return int(digits) if len(digits) < 20 else digits  # huge ones stay text: int() is not linear
