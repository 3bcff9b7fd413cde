"""What was read well enough to be judged; the rest is refused, with what was read of it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from qftools.diagnosis.reading import names
from qftools.diagnosis.reading.paste import Paste
from qftools.errors import InputError
from qftools.exchange import Request
from qftools.locale import mark
from qftools.patterns import pattern

_GATEWAY = pattern(r"/trade/v1/|/checkstand/|/payment_element/|qfapi\.com|qfpay\.com", re.I)
_NAME = pattern(r"(?<![\w.&?/%])[\"'\[]?([A-Za-z_]{3,40})[\"'\]]?\s?(?:=>|=|:)")
_CODE = pattern(r"[$#]\{?\w+|\{\{|[A-Za-z_][\w.]*\([^)]*\)\.?|[fF][\"']|%[sd]")
# Masked, cut, a template, or YAML's mark of a text on the lines below.
_NOT_ALL = pattern(r"\*{3,}|(?:\.\.\.|…)$|\{\{|^[>|][-+]?$")
_WORD = pattern(r"[A-Za-z_]{4,40}")
_BRACKETS = {")": "(", "]": "[", "}": "{"}
_MOST_NAMED = 12


class UnreadError(InputError):
    """A paste that could not be read, or not well enough to be judged."""


def unread(read: Iterable[str] = (), foreign: Iterable[str] = ()) -> UnreadError:
    """What was read, what was not, and what to paste instead."""
    wanted = mark(
        "the cURL command, the raw HTTP request, a HAR, or a line name=value for each field, with"
        " the signature"
    )
    known, strange = _listed(read), _listed(foreign)
    if strange:
        problem = mark(
            "could not be read: the values of {foreign} hold something else (read: {known})"
        )
        return UnreadError(mark("the paste"), problem, wanted, foreign=strange, known=known)
    return UnreadError(
        mark("the paste"),
        mark("could not be read: no field of the gateway was found in it"),
        wanted,
    )


def _listed(found: Iterable[str]) -> str:
    return ", ".join(list(dict.fromkeys(found))[:_MOST_NAMED])


def judged(pastes: tuple[Paste, ...]) -> tuple[Paste, ...]:
    """The pastes that may be judged.

    Raises:
        UnreadError: There is none.
    """
    kept, read, strange = [], [], []
    for paste in pastes:
        foreign = foreign_in(paste)
        if not foreign and _speaks_of_the_gateway(paste):
            kept.append(paste)
        elif paste.request is not None:
            read += [name for name in paste.request.params if names.field(name)]
            strange += foreign
    if not kept:
        raise unread(read, strange)
    return tuple(kept)


def _speaks_of_the_gateway(paste: Paste) -> bool:
    request = paste.request
    if request is None or paste.role != "request" or paste.response is not None:
        return True
    if _GATEWAY.search(request.url) or request.header("X-QF-SIGN") or paste.files:
        return True
    return any(names.field(name) for name in request.params) or _names_in_body(request)


def _names_in_body(request: Request) -> bool:
    text = request.body[:20_000].decode("utf-8", "replace")
    return any(names.is_telling(found) for found in re.findall(r"[A-Za-z_]{4,40}", text))


def foreign_in(paste: Paste) -> list[str]:
    """The fields in whose values something else is left, where a dump was read.

    Example:
        >>> body = b"txamt=1280&goods_name=tea+out_trade_no%3A+7"
        >>> foreign_in(Paste("go", Request("POST", "", (), body), partial=True))
        ['goods_name']
    """
    if not paste.partial or paste.proved or paste.request is None or paste.role != "request":
        return []
    return [name for name, value in paste.request.params.items() if is_foreign(name, value)]


def is_foreign(name: str, value: str) -> bool:
    """Tell whether a value holds another pair, half a bracket, or code instead of a value."""
    if name.endswith(("...", "…")) or _NOT_ALL.search(value):
        return True
    if not names.field(name) or value.startswith(("http://", "https://", "{", "[{")):
        return False
    if any(names.is_telling(found) or names.header(found) for found in _NAME.findall(value)):
        return True
    if sum(names.is_telling(word) for word in _WORD.findall(value)) > 1:
        return True
    return bool(_CODE.fullmatch(value)) or "\n" in value or not _balanced(value)


def _balanced(value: str) -> bool:
    """Whether brackets and quotes at the ends have their other half."""
    first, last = value[:1], value[-1:]
    if first in "\"'" and first and (len(value) < 2 or last != first):
        return False
    opener = _BRACKETS.get(last)
    if opener and value.count(opener) != value.count(last):
        return False
    closer = {left: right for right, left in _BRACKETS.items()}.get(first)
    return not closer or value.count(first) == value.count(closer)


__all__ = ["UnreadError", "foreign_in", "judged", "unread"]
