"""Every change of the fields alone, and two of them one after the other."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

from qftools.diagnosis.causes.fieldsets import fieldset_variants
from qftools.diagnosis.causes.values import FIELD_SET, value_variants
from qftools.diagnosis.causes.wire import wire_variants
from qftools.diagnosis.deviations import (
    UNSIGNED,
    Deviation,
    Fields,
    Inputs,
    Pairs,
    changed,
)

MOST_VARIANTS = 700  # ways to write the fields, of which pairs are made


def unchanged(inputs: Inputs) -> Fields:
    pairs = tuple([pair for pair in inputs.pairs if pair[0] not in UNSIGNED])
    return Fields((), pairs, lambda pairs: pairs)


def single_changes(inputs: Inputs, key: str, base: Fields) -> list[Fields]:
    """All single deviations of the fields, each set of them once: the likelier reading first."""
    plain = inputs._replace(pairs=base.pairs)
    found: dict[tuple[Pairs, bool], Fields] = {}
    every = itertools.chain(
        wire_variants(inputs._replace(pairs=base.pairs)),
        _signature_included(inputs, base),
        fieldset_variants(plain, key),
        value_variants(plain),
    )
    for fields in itertools.islice(every, MOST_VARIANTS):
        found.setdefault((fields.pairs, fields.keyless), fields)
    return list(found.values())


def after_twice(inputs: Inputs, one: list[Fields]) -> Iterator[Fields]:
    """Values that were encoded twice have to be decoded before anything else shows in them."""
    for twice in one:
        if twice.deviations[0].id == "values-encoded-twice":
            decoded = inputs._replace(pairs=twice.pairs)
            for fields in itertools.islice(value_variants(decoded), MOST_VARIANTS):
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


def both(base: Pairs, one: Fields, other: Fields) -> Fields | None:
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
