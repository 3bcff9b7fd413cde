"""Find how a given signature was made: every deviation alone, then every two together.

What is found is proved: the same bytes give the same signature. What is not found is not
guessed at. The work is bounded by the number of texts tried and the bytes hashed.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from qftools.diagnosis.causes.digests import FAR_FETCHED, sealings, target
from qftools.diagnosis.causes.fieldsets import UNSIGNED, fieldset_variants, layouts
from qftools.diagnosis.causes.values import ALL_VALUES, FIELD_SET, value_variants
from qftools.diagnosis.deviations import (
    Deviation,
    Fields,
    Inputs,
    Layout,
    Pairs,
    Sealing,
    changed,
)

#: The bound of one search, in units of work: about 250 of them take a microsecond.
MOST_WORK = 250_000_000
LONGEST = 100_000  # characters of all values together; longer requests are not searched
LONGEST_FOR_PAIRS = 30_000
_MOST_VARIANTS = 700  # ways to write the fields, of which pairs are made

# What the parts of a try cost, in the same units.
_PER_TEXT, _PER_FIELD, _PER_DIGEST, _PER_CHANGED_CHARACTER = 300, 100, 400, 10


class Match(NamedTuple):
    """A way to make the given signature.

    Attributes:
        deviations: What was done otherwise; one or two of them, and what the signature shows.
        text: What was signed, without the key.
        before, after: Where the key stood. Secret.
        hash: The hash that was used.
    """

    deviations: tuple[Deviation, ...]
    text: str
    before: str
    after: str
    hash: str


class Result(NamedTuple):
    """What a search came to.

    Attributes:
        matches: Every way with the fewest deviations; the likeliest first. All of them make the
            same bytes: the request can't tell between them. Empty where nothing fits.
        tries: How many texts were hashed.
        work: What that cost, in units of ``MOST_WORK``.
        level: How many deviations at once were tried to the end.
    """

    matches: tuple[Match, ...]
    tries: int
    work: int
    level: int


class _Spent(Exception):
    """The bounds are reached."""


class _Search:
    def __init__(
        self, inputs: Inputs, key: str, others: Mapping[str, str], signature: str, most_work: int
    ) -> None:
        self.key = key
        self.target = target(signature)
        wanted = self.target.hashes()
        self.forced = (not key) + (bool(wanted) and inputs.algorithm not in wanted)
        self.sealings = sealings(key, others, inputs.app_code, inputs.algorithm, wanted)
        self.layouts = layouts(inputs)
        base = _base(inputs)
        self.heads: dict[int, list[Fields]] = {0: [base], 1: _one(inputs, key, base)}
        self.after_twice = list(_after_twice(inputs, self.heads[1]))
        self.size = sum(len(name) + len(value) for name, value in base.pairs)
        self.tries = self.work = 0
        self.most_work = most_work

    def run(self, levels: int) -> Result:
        done = -1
        for level in range(levels + self.forced + 1):
            try:
                matches = list(self.level(level))
            except _Spent:
                break
            if matches:
                return Result(tuple(_ranked(matches)), self.tries, self.work, level)
            done = level - self.forced
        return Result((), self.tries, self.work, max(done, 0))

    def spend(self, work: int) -> None:
        """Count *work*; stop when there has been enough."""
        self.work += work
        if self.work > self.most_work:
            raise _Spent

    def level(self, level: int) -> Iterator[Match]:
        for fields_level in range(min(level, 2) + 1):
            for layout_level in range(min(level - fields_level, 2) + 1):
                rest = level - fields_level - layout_level
                if rest <= 2 and self.sealings[rest]:
                    yield from self.combine(fields_level, layout_level, rest)

    def combine(self, fields_level: int, layout_level: int, rest: int) -> Iterator[Match]:
        sealings = self.sealings[rest]
        seen: set[str] = set()
        for fields in self._fields(fields_level):
            for layout in self.layouts[layout_level]:
                self.spend(_PER_TEXT + _PER_FIELD * len(fields.pairs) + self.size)
                try:
                    text = layout.text(fields.pairs)
                except (ValueError, TypeError):
                    continue
                if text in seen and not fields.keyless:
                    continue
                if len(sealings) > 4:
                    seen.add(text)
                yield from self._seal(fields, layout, text, sealings)

    def _seal(
        self, fields: Fields, layout: Layout, text: str, sealings: list[Sealing]
    ) -> Iterator[Match]:
        fits = self.target.fits
        for sealing in sealings:
            before, after = sealing.before, sealing.after
            if fields.keyless:  # the key is in the text; only where nobody moved it as well
                if before or after != self.key:
                    continue
                after = ""
            self.tries += 1
            self.spend(_PER_DIGEST + len(text))
            try:
                digest = sealing.digest(text, before, after)
            except UnicodeError:
                continue
            printed = fits(sealing.hash, digest)
            if printed is not None:
                deviations = fields.deviations + layout.deviations + sealing.deviations + printed
                yield Match(deviations, text, before, after, sealing.hash)

    def _fields(self, level: int) -> Iterator[Fields]:
        if level < 2:
            yield from self.heads[level]
            return
        yield from self.after_twice
        for first, second in itertools.combinations(self.heads[1], 2):
            whole = max(first.step, second.step) >= ALL_VALUES
            self.spend(_PER_FIELD * 4 + (_PER_CHANGED_CHARACTER * self.size if whole else 0))
            merged = _both(self.heads[0][0].pairs, first, second)
            if merged is not None:
                yield merged


def search(
    inputs: Inputs,
    key: str,
    signature: str,
    *,
    others: Mapping[str, str] | None = None,
    pairs: bool = True,
    most_work: int = MOST_WORK,
) -> Result:
    """Return how *signature* was made of *inputs*.

    Args:
        inputs: The request as the gateway reads it.
        key: The client key; empty where it is not at hand. Then only what needs no key is tried.
        signature: The given one, as it stands in the header.
        others: Keys of other environments or accounts, by a label that may be shown.
        pairs: Try two deviations together, if one does not explain it.
        most_work: When to give up, in units of ``MOST_WORK``.
    """
    size = sum(len(name) + len(value) for name, value in inputs.pairs)
    if not signature.strip() or size > LONGEST:
        return Result((), 0, 0, 0)
    levels = 2 if pairs and key and size <= LONGEST_FOR_PAIRS else 1
    return _Search(inputs, key, others or {}, signature, most_work).run(levels)


def _base(inputs: Inputs) -> Fields:
    pairs = tuple([pair for pair in inputs.pairs if pair[0] not in UNSIGNED])
    return Fields((), pairs, lambda pairs: pairs)


def _one(inputs: Inputs, key: str, base: Fields) -> list[Fields]:
    """All single deviations of the fields, each set of them once: the likelier reading first."""
    plain = inputs._replace(pairs=base.pairs)
    found: dict[tuple[Pairs, bool], Fields] = {}
    every = itertools.chain(
        _signature_included(inputs, base), fieldset_variants(plain, key), value_variants(plain)
    )
    for fields in itertools.islice(every, _MOST_VARIANTS):
        found.setdefault((fields.pairs, fields.keyless), fields)
    return list(found.values())


def _after_twice(inputs: Inputs, one: list[Fields]) -> Iterator[Fields]:
    """Values that were encoded twice have to be decoded before anything else shows in them."""
    for twice in one:
        if twice.deviations[0].id == "values-encoded-twice":
            decoded = inputs._replace(pairs=twice.pairs)
            for fields in itertools.islice(value_variants(decoded), _MOST_VARIANTS):
                yield fields._replace(deviations=twice.deviations + fields.deviations)


def _signature_included(inputs: Inputs, base: Fields) -> Iterator[Fields]:
    sent = [pair for pair in inputs.pairs if pair[0] in UNSIGNED][:2]
    for count in range(1, len(sent) + 1):
        for chosen in itertools.combinations(sent, count):
            names = [name for name, _value in chosen]
            deviation = Deviation("sign-type-included", field=", ".join(names))
            yield changed(base.pairs, deviation, _with(chosen), FIELD_SET, names)


def _with(more: Pairs) -> Callable[[Pairs], Pairs]:
    return lambda pairs: (*pairs, *more)


def _both(base: Pairs, one: Fields, other: Fields) -> Fields | None:
    """Both changes, one after the other; None where they are not independent."""
    if (
        one.touched & other.touched
        or one.deviations[0].id == other.deviations[0].id == "letter-case"
    ):
        return None
    first, second = (one, other) if one.step <= other.step else (other, one)
    pairs = second.change(first.pairs)
    if pairs in (first.pairs, second.pairs, base):
        return None
    return Fields(
        first.deviations + second.deviations, pairs, second.change, 0, one.keyless or other.keyless
    )


def _ranked(matches: list[Match]) -> list[Match]:
    """The likelier first: fewer changes, nothing far-fetched; then as they were found."""
    first: dict[tuple[Deviation, ...], Match] = {}
    for match in matches:
        first.setdefault(match.deviations, match)
    return sorted(first.values(), key=_likelihood)


def _likelihood(match: Match) -> tuple[int, int]:
    rare = sum(d.detail in FAR_FETCHED or d.id in FAR_FETCHED for d in match.deviations)
    return len(match.deviations), rare
