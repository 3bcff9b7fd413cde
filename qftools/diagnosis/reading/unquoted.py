"""Where the values of a dump without quotes end: every way to read it.

``{goods_name=Tea, size=L, txamt=1280}`` may hold two fields or three. Only the signature can
tell, so each reading is handed on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from itertools import combinations
from typing import NamedTuple

from qftools.diagnosis.reading import names
from qftools.patterns import pattern

Pairs = tuple[tuple[str, str], ...]

# Fields of free text: what looks like the next field may still belong to them.
_FREE = frozenset(
    ["goods_name", "goods_info", "goods_detail", "trade_name", "product_name", "extend_info"]
    + ["notify_url", "return_url", "failed_url"]
)
_MOST_OPEN = 5  # places that may or may not begin a field; with more only the extremes are read
_MARK = pattern(r"(?<![\w.\-\"'])([A-Za-z_][\w.\-]{0,60})(\s?(?:=>|->|=|:)\s?+)(?![/\"'>])")
_BETWEEN = pattern(r"[,;，；|]?\s*$")
_COMMENT = pattern(r"(?<!\s)\s+(?:#|//|--|;|←|<-+)\s[^\n]*$")
_CLOSERS = {"{": "}", "(": ")", "[": "]"}


class _Mark(NamedTuple):
    """Where a name stands, and where its value begins."""

    start: int
    value: int
    name: str
    known: bool


def readings(fields: Pairs, text: str) -> Iterator[Pairs]:
    """The other ways to read *text*, of which *fields* are one.

    Args:
        fields: As they were read, each name up to the next.
        text: The dump with what stands around it.

    Example:
        >>> fields = (("txamt", "1"), ("goods_name", "Tea"), ("size", "L"), ("syssn", "7"))
        >>> [dict(one)["goods_name"] for one in
        ...  readings(fields, "{txamt=1, goods_name=Tea, size=L, syssn=7}")]
        ['Tea, size=L']
    """
    marks, between, stop = _marks(text)
    sure = [mark for mark in marks if mark.known]
    if len(sure) < 2 or sum(text[mark.value] in "\"'[" for mark in sure if mark.value < stop) > 1:
        return
    fields = tuple([pair for pair in fields if not names.is_signature(pair[0])])
    wanted = {name for name, _value in fields if names.is_telling(name)}
    seen = {fields}
    for end in _ends(text, marks, stop):
        for cuts in _cuts(marks, lines="\n" in between):
            found = _pairs(text, cuts, len(between), end)
            if found not in seen and wanted <= dict(found).keys():
                seen.add(found)
                yield found


def without_comments(fields: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The fields without what a program or a settings file says behind a value.

    Example:
        >>> without_comments([("txamt", "1280   # cents"), ("goods_name", "Tea #2")])
        [('txamt', '1280'), ('goods_name', 'Tea #2')]
    """
    return [(name, _COMMENT.sub("", value)) for name, value in fields]


def _marks(text: str) -> tuple[list[_Mark], str, int]:
    """The names, what stands between two pairs, and where the dump must have ended."""
    found = [(match, names.field(match[1])) for match in _MARK.finditer(text)]
    fields = [match for match, name in found if names.is_telling(name)]
    if len(fields) < 2:
        return [], "", 0
    style = Counter([match[2] for match in fields]).most_common(1)[0][0]
    fields = [match for match in fields if match[2] == style]
    gaps = [_gap(text, match.start()) for match in fields[1:]]
    between = Counter(gaps).most_common(1)[0][0] if gaps else ""
    if not between:
        return [], "", 0
    first, marks, stop = fields[0].start(), [], len(text)
    for match, name in found:
        if match.start() < first:
            continue
        if names.header(match[1]) or (
            names.is_signature(match[1]) and names.DIGEST.match(text, match.end())
        ):
            if match.start() > fields[-1].start():
                stop = match.start()
                break
            marks.append(_Mark(match.start(), match.end(), "", True))
        elif match[2] == style and (
            match.start() == first or text.endswith(between, 0, match.start())
        ):
            known = names.is_telling(name)
            marks.append(_Mark(match.start(), match.end(), name or match[1], known))
    return marks, between, stop


def _gap(text: str, at: int) -> str:
    found = _BETWEEN.search(text, max(0, at - 8), at)
    return found[0] if found else ""


def _ends(text: str, marks: Sequence[_Mark], stop: int) -> list[int]:
    """Where the last value may end: at each bracket that may close the dump."""
    first, last = marks[0].start, marks[-1].value
    opener = text[:first].rstrip()[-1:]
    closer = _CLOSERS.get(opener, "")
    if not closer:
        line = text.find("\n", last, stop)
        return [len(text[: stop if line < 0 else line].rstrip(" ,;，；\r\n"))]
    line = text.rfind("\n", 0, first) + 1
    around = text.count(opener, line, first) - text.count(closer, line, first) - 1
    found = [at for at in range(last, stop) if text[at] == closer]
    return found[: len(found) - max(around, 0)][:3]


def _cuts(marks: Sequence[_Mark], *, lines: bool) -> Iterator[list[_Mark]]:
    """Which names begin a field: all sure ones, and every choice of those that are not."""
    count = Counter(mark.name for mark in marks if mark.known)
    unsure: list[_Mark] = []
    free = False
    for mark in marks:
        if free and (count[mark.name] > 1 if mark.known else not lines):
            unsure.append(mark)
        elif mark.known:
            free = mark.name in _FREE
    sizes = range(len(unsure) + 1) if len(unsure) <= _MOST_OPEN else (0, len(unsure))
    for size in sizes:
        for chosen in combinations(unsure, size):
            joined = set(unsure).difference(chosen)
            kept = [mark for mark in marks if mark not in joined]
            twice = Counter(mark.name for mark in kept if mark.name).most_common(1)[0][1] > 1
            if not twice and _only_free(marks, joined):
                yield kept


def _only_free(marks: Sequence[_Mark], joined: AbstractSet[_Mark]) -> bool:
    """Whether what was joined is joined to a field of free text."""
    last = marks[0]
    for mark in marks:
        if mark not in joined:
            last = mark
        elif last.known and last.name not in _FREE:
            return False
    return True


def _pairs(text: str, cuts: Sequence[_Mark], between: int, end: int) -> Pairs:
    stops = [mark.start - between for mark in cuts[1:]] + [end]
    values = zip(cuts, stops, strict=True)
    return tuple([(mark.name, text[mark.value : at]) for mark, at in values if mark.name])
