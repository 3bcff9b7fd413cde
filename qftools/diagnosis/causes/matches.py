"""What a search finds, and which of it is the likeliest."""

from __future__ import annotations

from typing import NamedTuple

from qftools.diagnosis.causes.digests import FAR_FETCHED
from qftools.diagnosis.causes.wire import DOUBTFUL
from qftools.diagnosis.deviations import Deviation

# Where something else explains the same bytes, these are the worse explanation.
_RARE = FAR_FETCHED | {DOUBTFUL, "value-cut", "with the key"}


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


def ranked(matches: list[Match]) -> list[Match]:
    """The likelier first: fewer changes, nothing far-fetched; then as they were found."""
    first: dict[tuple[Deviation, ...], Match] = {}
    for match in matches:
        first.setdefault(match.deviations, match)
    return sorted(first.values(), key=_likelihood)


def _likelihood(match: Match) -> tuple[int, int, bool]:
    rare = sum(d.detail in _RARE or d.id in _RARE for d in match.deviations)
    likely = any(d == ("ampersand-sent-raw", "", d.field) for d in match.deviations)
    return len(match.deviations), rare, not likely
