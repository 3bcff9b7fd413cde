"""Causes that lie in what was sent, byte for byte: signed with its encoding, or not encoded."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple
from urllib.parse import unquote, unquote_plus

from qftools import catalogue
from qftools.diagnosis.causes.values import ONE_VALUE
from qftools.diagnosis.deviations import (
    UNSIGNED,
    Deviation,
    Fields,
    Inputs,
    Pair,
    Pairs,
    changed,
)
from qftools.transport.addresses import split

BEFORE_ALL = ONE_VALUE - 1
DOUBTFUL = "doubtful"  # what follows an & may as well be a parameter
_MOST_PARTS = 60
_MOST_ODD = 5  # parts that may be the rest of a value, each alone and with others
_MOST_SPLITS = 60  # ways to put parts together again
_MOST_PLUSES = 5  # in one value, of which each may have been a blank


class Part(NamedTuple):
    """One ``name=value`` as it was sent, and as the gateway reads it."""

    name: str
    raw: str
    value: str
    whole: str


def _decoded(raw: str) -> str:
    return unquote_plus(raw, errors="surrogateescape")


def parts_of(inputs: Inputs) -> list[Part]:
    """The parts of query string and body; none where the body is no form."""
    body = inputs.body.decode("utf-8", "surrogateescape")
    if body.lstrip()[:1] in ("{", "[", "<") or body[:2] == "--":
        body = ""
    texts = [split(inputs.url).query, body] if inputs.url else [body]
    found = [part for text in texts for part in text.split("&") if part]
    return [part for part in map(_part, found) if part.name not in UNSIGNED]


def _part(whole: str) -> Part:
    name, _, raw = whole.partition("=")
    return Part(_decoded(name), raw, _decoded(raw), whole)


def as_sent(inputs: Inputs) -> str | None:
    """What was sent, if signing it is another thing than signing its fields unsorted."""
    parts = parts_of(inputs)
    raw = "&".join([part.whole for part in parts])
    return raw if raw != "&".join([f"{part.name}={part.value}" for part in parts]) else None


def wire_variants(inputs: Inputs) -> Iterator[Fields]:
    """The fields as they were signed, where they were sent with too little encoding."""
    parts = parts_of(inputs)
    if not parts or len(parts) > _MOST_PARTS:
        return
    yield from _joined_again(inputs, parts)
    yield from _pluses(inputs, parts)
    raw = {part.name: part.raw for part in parts}
    deviation = Deviation("values-url-encoded", "as sent")
    yield changed(inputs.pairs, deviation, _given(tuple(raw.items())), BEFORE_ALL)


# ---- & --------------------------------------------------------------------------------


def _joined_again(inputs: Inputs, parts: list[Part]) -> Iterator[Fields]:
    for detail, places in itertools.islice(_places(inputs, parts), _MOST_SPLITS):
        for read in (str, _decoded):
            pairs, names = _together(parts, places, read)
            deviation = Deviation("ampersand-sent-raw", detail, ", ".join(names))
            yield changed(inputs.pairs, deviation, _given(pairs), BEFORE_ALL, names)


def _places(inputs: Inputs, parts: list[Part]) -> Iterator[tuple[str, frozenset[int]]]:
    """Which parts may go on with the value in front of them: the likeliest first."""
    known = {field.name for field in catalogue.fields(part="request")}
    odd = [at for at, part in enumerate(parts) if at and part.name not in known][:_MOST_ODD]
    for count in range(len(odd), 0, -1):
        for chosen in itertools.combinations(odd, count):
            likely = all(_goes_on(parts, at, chosen) for at in chosen)
            yield "" if likely else DOUBTFUL, frozenset(chosen)
    for at, part in enumerate(parts):
        if "?" in part.raw:
            for end in range(at + 1, min(at + 5, len(parts))):
                yield DOUBTFUL, frozenset(range(at + 1, end + 1))


def _goes_on(parts: list[Part], at: int, chosen: tuple[int, ...]) -> bool:
    """Whether a part looks like the rest of a value: no ``name=value``, or behind a ``?``."""
    start = at
    while start in chosen:
        start -= 1
    return "=" not in parts[at].whole or "?" in parts[start].raw


def _together(
    parts: list[Part], places: frozenset[int], read: Callable[[str], str]
) -> tuple[Pairs, list[str]]:
    pairs: list[Pair] = []
    names: dict[str, None] = {}
    for at, part in enumerate(parts):
        if at in places:
            name, value = pairs[-1]
            pairs[-1] = (name, f"{value}&{read(part.whole)}")
            names[name] = None
        else:
            pairs.append((part.name, read(part.raw) if at + 1 in places else part.value))
    return tuple(dict(pairs).items()), list(names)


# ---- + --------------------------------------------------------------------------------


def _pluses(inputs: Inputs, parts: list[Part]) -> Iterator[Fields]:
    """Each ``+`` may have been a plus or a blank: of one value in every way, then of all."""
    with_plus = {part.name: part.raw for part in parts if "+" in part.raw}
    for name, raw in itertools.islice(with_plus.items(), 50):
        for value in _readings(raw):
            yield _plus(inputs, {name: value})
    if len(with_plus) > 1:
        yield _plus(inputs, {name: _unquoted(raw) for name, raw in with_plus.items()})


def _readings(raw: str) -> Iterator[str]:
    yield _unquoted(raw)
    pieces = raw.split("+")
    if 1 < len(pieces) - 1 <= _MOST_PLUSES:
        for signs in itertools.product("+ ", repeat=len(pieces) - 1):
            if len(set(signs)) > 1:
                mixed = "".join([piece + sign for piece, sign in zip(pieces, signs, strict=False)])
                yield _unquoted(mixed + pieces[-1])


def _unquoted(raw: str) -> str:
    return unquote(raw, errors="surrogateescape")


def _plus(inputs: Inputs, values: dict[str, str]) -> Fields:
    deviation = Deviation("plus-sent-raw", field=", ".join(sorted(values)))
    return changed(inputs.pairs, deviation, _replaced(values), ONE_VALUE, values)


def _replaced(values: dict[str, str]) -> Callable[[Pairs], Pairs]:
    return lambda pairs: tuple([(name, values.get(name, value)) for name, value in pairs])


def _given(pairs: Iterable[Pair]) -> Callable[[Pairs], Pairs]:
    given = tuple(pairs)
    return lambda _pairs: given
