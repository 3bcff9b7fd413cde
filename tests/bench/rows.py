"""What a row of the bench is: what is measured, against what, and where it must be.

Nouns only; nothing here measures.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from qftools.catalogue import Text

if TYPE_CHECKING:
    from tests.bench.running import Run

Mark = Literal["met", "not met", "missing", "broken"]


@dataclass(frozen=True, slots=True)
class Goal:
    """Where a median must be.

    Example:
        >>> str(Goal("<=", 0.95)), Goal("<=", 0.95).met(0.94), Goal(">=", 12).met(11.9)
        ('<= 0.95', True, False)
    """

    sense: Literal["<=", ">="]
    value: float

    def met(self, median: float) -> bool:
        """Tell whether a median is where it must be."""
        return median <= self.value if self.sense == "<=" else median >= self.value

    def __str__(self) -> str:
        return f"{self.sense} {self.value:g}"


@dataclass(frozen=True, slots=True)
class Measured:
    """What a measurement came to.

    Attributes:
        samples: In the row's unit, one for each pair that was measured.
        ours: Our side alone, as a median, in *each*.
        theirs: The other side alone.
        each: The unit of those two: ``µs``, ``ms``, ``requests/s``, ``MiB``.
        extra: Further numbers for plots, by name.
    """

    samples: tuple[float, ...]
    ours: float | None = None
    theirs: float | None = None
    each: str = ""
    extra: dict[str, object] | None = None

    @property
    def median(self) -> float:
        """The middle of the samples, to four digits: what is shown is what gets the mark."""
        return float(f"{statistics.median(self.samples):.4g}")


@dataclass(frozen=True, slots=True)
class Missing:
    """Why something could not be measured here. Nothing is estimated in its place."""

    reason: Text


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    Attributes:
        key: Its name in results.json; never changes.
        what: What is measured.
        against: What it is measured against.
        goal: Where the median must be; None for what is only shown.
        source: Why this peer, and where it comes from.
        measure: Does it.
        unit: Of the samples: ``x`` for a ratio, empty for a count, else ``s``, ``requests/s`` ...
        quick: Whether a quick run measures it too.
        note: What a reader must know to read the number; the floor, where a goal can't be met.
    """

    key: str
    what: Text
    against: Text
    goal: Goal | None
    source: Text
    measure: Callable[[Run], Measured | Missing]
    unit: str = "x"
    quick: bool = True
    note: Text | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """A row with what it came to, or why it came to nothing."""

    row: Row
    outcome: Measured | Missing | Exception

    @property
    def mark(self) -> Mark:
        """Goal met, not met, a peer missing, or a measurement that broke."""
        if isinstance(self.outcome, Exception):
            return "broken"
        if isinstance(self.outcome, Missing):
            return "missing"
        goal = self.row.goal
        return "met" if goal is None or goal.met(self.outcome.median) else "not met"
