"""Find how a given signature was made: every deviation alone, then every two together.

What is found is proved: the same bytes give the same signature. What is not found is not
guessed at. The work is bounded by the number of texts tried and the bytes hashed.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from qftools.diagnosis.causes.changes import (
    after_twice,
    both,
    single_changes,
    unchanged,
)
from qftools.diagnosis.causes.digests import sealings
from qftools.diagnosis.causes.fieldsets import subsets
from qftools.diagnosis.causes.layouts import MOST_IN_ANY_ORDER, Order, any_order, joined, layouts
from qftools.diagnosis.causes.matches import Match, ranked
from qftools.diagnosis.causes.pairing import Edit, edits_by_name, pairings
from qftools.diagnosis.causes.targets import target
from qftools.diagnosis.causes.values import (
    ALL_VALUES,
    LONGEST_TO_CUT,
    cut_values,
    some_values_written,
)
from qftools.diagnosis.causes.wire import as_sent
from qftools.diagnosis.deviations import Deviation, Fields, Inputs, Layout, Pair, Sealing

#: The bound of one search, in units of work: more than 100 of them take a microsecond.
MOST_WORK = 150_000_000
LONGEST = 100_000  # characters of all values together; longer requests are not searched
LONGEST_FOR_PAIRS = 30_000
_TO_COMPARE = 30_000_000  # work for other explanations, once there is one
_MOST_OF_EACH = 70  # ways of each wide kind, of which pairs are made
_SHORT_TO_CUT = 40  # characters of a value that is cut off beside another mistake
_FEW = 6  # fields, of which every order is tried with another mistake

# What the parts of a try cost, in the same units; per byte, the longer hashes cost more.
_SLOWER = 3
_PER_REWRITTEN = 1  # a character in another charset or escaped, beside the hash
_PER_TEXT, _PER_FIELD, _PER_DIGEST, _PER_CHANGED_CHARACTER = 300, 100, 400, 10


class Result(NamedTuple):
    """What a search came to.

    Attributes:
        matches: Every way with the fewest deviations; the likeliest first. All of them make the
            same bytes: the request can't tell between them. Empty where nothing fits.
        tries: How many texts were hashed.
        work: What that cost, in units of ``MOST_WORK``.
        level: How many deviations at once were tried to the end.
        whole: Every order and every set of the fields was among them.
    """

    matches: tuple[Match, ...]
    tries: int
    work: int
    level: int
    whole: bool = True


class _Spent(Exception):
    """The bounds are reached."""


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


class _Search:
    def __init__(
        self, inputs: Inputs, key: str, others: Mapping[str, str], signature: str, most_work: int
    ) -> None:
        self.key = key
        self.forced = int(not key)
        self.target = target(signature)
        self.others = others
        self._sealings: dict[int, list[Sealing]] = {}
        self.slower = 1 if "MD5" in self.target.hashes() else _SLOWER
        # A signature that was cut or has lost zeros is compared part by part.
        self.per_digest = _PER_DIGEST * (1 if self.target.exact else 3)
        self.layouts = layouts(inputs)
        base = unchanged(inputs)
        self.heads: dict[int, list[Fields]] = {0: [base], 1: single_changes(inputs, key, base)}
        self.inputs = inputs._replace(pairs=base.pairs)
        self.raw = as_sent(inputs)
        self.size = sum(len(name) + len(value) for name, value in base.pairs)
        self.tries = self.work = 0
        self.most_work = most_work

    def run(self, levels: int) -> Result:
        done = -1
        for level in range(levels + self.forced + 1):
            matches: list[Match] = []
            try:
                for match in self.level(level):
                    if not matches:
                        self.most_work = min(self.most_work, self.work + _TO_COMPARE)
                    matches.append(match)
                done = level - self.forced
            except _Spent:
                levels = -1
            if matches:
                return Result(tuple(ranked(matches)), self.tries, self.work, level)
            if levels < 0:
                break
        whole = len(self.inputs.pairs) <= MOST_IN_ANY_ORDER
        return Result((), self.tries, self.work, max(done, 0), whole)

    def spend(self, work: int, tries: int = 0) -> None:
        """Count *work*; stop when there has been enough."""
        if self.work + work > self.most_work:
            raise _Spent
        self.work += work
        self.tries += tries

    def ways_to_seal(self, level: int) -> list[Sealing]:
        """Ways to seal with so many deviations; two of them are thousands, and seldom needed."""
        if level not in self._sealings:
            known = self.inputs.app_code, self.inputs.algorithm
            self._sealings[level] = sealings(self.key, self.others, *known, self.target, level)
        return self._sealings[level]

    def level(self, level: int) -> Iterator[Match]:
        """Every way with so many deviations; what has most possibilities only if it must be."""
        yield from self.of_the_wire(level)
        found = False
        for match in self.usual(level):
            found = True
            yield match
        if not found and level >= self.forced:
            yield from self.of_many(level - self.forced)

    def of_the_wire(self, level: int) -> Iterator[Match]:
        """What was sent is what was signed, as it is."""
        if self.raw is not None and 1 <= level <= 3:
            as_it_is = Layout((Deviation("body-as-sent"),), list, lambda _pairs: self.raw or "")
            yield from self._seal(
                self.heads[0][0], as_it_is, self.raw, self.ways_to_seal(level - 1)
            )

    def usual(self, level: int) -> Iterator[Match]:
        """The rows of the tables, alone and with one another."""
        for fields_level in range(min(level, 2) + 1):
            for layout_level in range(min(level - fields_level, 2) + 1):
                rest = level - fields_level - layout_level
                if rest <= 2 and self.ways_to_seal(rest):
                    yield from self.combine(fields_level, layout_level, rest)

    def of_many(self, mistakes: int) -> Iterator[Match]:
        """Any set of fields, any order, values cut off anywhere: alone, or with a mistake more."""
        plain, base = self.ways_to_seal(self.forced), self.layouts[0]
        if mistakes == 1:
            for fields in self.wide():
                yield from self._sealed(fields, base, plain)
            yield from self._in_any_order(plain)
        if mistakes == 2:
            once = [sealing for sealing in self.ways_to_seal(self.forced + 1) if sealing.plain]
            for fields in self.some_of_wide():
                yield from self._sealed(fields, base, once)
                yield from self._sealed(fields, self.layouts[1], plain)
            if len(self.inputs.pairs) <= _FEW:
                yield from self._in_any_order(once)

    def wide(self) -> Iterator[Fields]:
        """Ways to write the fields of which there are too many to make pairs of all."""
        yield from some_values_written(self.inputs)
        yield from cut_values(self.inputs, LONGEST_TO_CUT)
        yield from subsets(self.inputs)

    def some_of_wide(self) -> Iterator[Fields]:
        """The likeliest of each kind, beside another mistake."""
        yield from itertools.islice(some_values_written(self.inputs), _MOST_OF_EACH)
        yield from itertools.islice(cut_values(self.inputs, _SHORT_TO_CUT), _MOST_OF_EACH)
        yield from itertools.islice(subsets(self.inputs), _MOST_OF_EACH)

    def _in_any_order(self, sealings: list[Sealing]) -> Iterator[Match]:
        (fields,) = self.heads[0]
        for deviation, text in any_order(fields.pairs):
            layout = Layout((deviation,), list, joined)
            yield from self._seal(fields, layout, text, sealings)

    def combine(self, fields_level: int, layout_level: int, rest: int) -> Iterator[Match]:
        sealings = self.ways_to_seal(rest)
        if fields_level == 2:
            yield from self._two_changes(sealings)
            return
        seen: set[str] = set()
        for fields in self.heads[fields_level]:
            yield from self._sealed(fields, self.layouts[layout_level], sealings, seen)

    def _sealed(
        self,
        fields: Fields,
        layouts: list[Layout],
        sealings: list[Sealing],
        seen: set[str] | None = None,
    ) -> Iterator[Match]:
        """The ways to make the signature of *fields*; a text in *seen* was tried before."""
        ordered: dict[Order, list[Pair]] = {}
        for layout in layouts:
            self.spend(_PER_TEXT + _PER_FIELD * len(fields.pairs) + self.size)
            if layout.order not in ordered:
                ordered[layout.order] = layout.order(fields.pairs)
            try:
                text = layout.join(ordered[layout.order])
            except (ValueError, TypeError):
                continue
            if seen is not None and len(sealings) > 4:
                if text in seen and not fields.keyless:
                    continue
                seen.add(text)
            yield from self._seal(fields, layout, text, sealings)

    def _seal(
        self, fields: Fields, layout: Layout, text: str, sealings: list[Sealing]
    ) -> Iterator[Match]:
        fits = self.target.fits
        data = _bytes(text)
        cost = self.per_digest + len(data) * self.slower
        self.spend(cost * len(sealings), len(sealings))
        self.spend(sum(sealing.plain is None for sealing in sealings) * len(data) * _PER_REWRITTEN)
        for sealing in sealings:
            before, after = sealing.before, sealing.after
            if fields.keyless:  # the key is in the text; only where it was not moved as well
                if before or after != self.key:
                    continue
                after = ""
            if sealing.plain is not None:
                digest = sealing.plain(_bytes(before) + data + _bytes(after)).digest()
            else:
                try:
                    digest = sealing.digest(text, before, after)
                except UnicodeError:
                    continue
            printed = fits(sealing.hash, digest)
            if printed is not None:
                deviations = fields.deviations + layout.deviations + sealing.deviations + printed
                yield Match(deviations, text, before, after, sealing.hash)

    def _two_changes(self, sealings: list[Sealing]) -> Iterator[Match]:
        (base,), plain = self.heads[0], self.layouts[0]
        wide = [fields for fields in self.some_of_wide() if len(fields.touched) > 1]
        cut = list(cut_values(self.inputs, _SHORT_TO_CUT))
        edits = edits_by_name([*self.heads[1], *cut])
        for sealing in sealings:
            if sealing.plain is not None:
                every = pairings(
                    [*self.heads[1], *cut, *wide], edits, sealing, self.target, self.spend
                )
                for first, second in every:
                    merged = both(base.pairs, first, second)
                    if merged is not None:
                        yield from self._sealed(merged, plain, [sealing])
        seen: set[str] = set()
        for fields in self._slowly_paired(edits):
            yield from self._sealed(fields, plain, sealings, seen)

    def _slowly_paired(self, edits: dict[str, list[Edit]]) -> Iterator[Fields]:
        """Both of two changes that are no edits of one field."""
        yield from after_twice(self.inputs, self.heads[1])
        quick = {id(edit.fields) for some in edits.values() for edit in some}
        rest = [fields for fields in self.heads[1] if id(fields) not in quick]
        for first, second in itertools.combinations(rest, 2):
            whole = max(first.step, second.step) >= ALL_VALUES
            self.spend(_PER_FIELD * 4 + (_PER_CHANGED_CHARACTER * self.size if whole else 0))
            merged = both(self.heads[0][0].pairs, first, second)
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
