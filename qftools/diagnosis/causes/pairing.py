"""Two changes of the fields together, fast: the text around one field is hashed once.

Most pairs are some change and a change of one field: its ``name=value`` is written otherwise,
left out or added. All such changes of one field share what stands before it and behind it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from qftools.diagnosis.causes.targets import Target
from qftools.diagnosis.causes.values import ALL_VALUES
from qftools.diagnosis.deviations import Fields, Pair, Sealing

_PER_EDIT, _PER_NAME = 300, 1500  # what they cost, in units of work


class Edit(NamedTuple):
    """What a change makes of one field.

    Attributes:
        pair: The field as it is signed; None where it is left out.
        fields: The change.
    """

    pair: Pair | None
    fields: Fields


def edits_by_name(every: Iterable[Fields]) -> dict[str, list[Edit]]:
    """The changes of one field among *every*, by its name."""
    found: dict[str, list[Edit]] = defaultdict(list)
    for fields in every:
        if len(fields.touched) == 1 and not fields.keyless and 0 <= fields.step < ALL_VALUES:
            (name,) = fields.touched
            pairs = [pair for pair in fields.pairs if pair[0] == name]
            if len(pairs) <= 1:
                found[name].append(Edit(pairs[0] if pairs else None, fields))
    return dict(found)


def pairings(
    firsts: Iterable[Fields],
    edits: dict[str, list[Edit]],
    sealing: Sealing,
    aim: Target,
    spend: Callable[[int, int], None],
) -> Iterator[tuple[Fields, Fields]]:
    """Each two changes that together make the signature: one of *firsts*, and one edit."""
    single = {id(edit.fields): name for name, some in edits.items() for edit in some}
    for first in firsts:
        alone = single.get(id(first), "")
        if first.keyless and sealing.before:
            continue
        end = b"" if first.keyless else _bytes(sealing.after)
        parts = sorted(first.pairs, key=lambda pair: pair[0])
        for name, some in edits.items():
            # Two changes of one field each are met once: where the first has the smaller name.
            if name in first.touched or name < alone:
                continue
            before = "".join([f"&{n}={v}" for n, v in parts if n < name])
            behind = _bytes("".join([f"&{n}={v}" for n, v in parts if n > name])) + end
            spend(_PER_NAME + len(some) * (_PER_EDIT + len(behind)), len(some))
            yield from _of_one_name(first, some, _bytes(before), behind, sealing, aim)


def _of_one_name(
    first: Fields, edits: list[Edit], before: bytes, behind: bytes, sealing: Sealing, aim: Target
) -> Iterator[tuple[Fields, Fields]]:
    assert sealing.plain is not None
    start = _bytes(sealing.before)
    opened = sealing.plain(start + before[1:])
    whole = first.step >= ALL_VALUES
    for edit in edits:
        rest = _written(edit, first if whole else None) + behind
        state = opened.copy()
        state.update(rest if before else rest[1:])
        if aim.fits(sealing.hash, state.digest()) is not None:
            yield first, edit.fields


def _written(edit: Edit, after: Fields | None) -> bytes:
    if edit.pair is None:
        return b""
    try:
        (name, value), *_ = after.change((edit.pair,)) if after else (edit.pair,)
    except (UnicodeError, ValueError):
        return b""
    return _bytes(f"&{name}={value}")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
