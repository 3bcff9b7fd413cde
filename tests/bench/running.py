"""One run of the bench: how thorough it is, and what its rows share."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, TypeVar

from tests.bench.rows import Result, Row

T = TypeVar("T")


@dataclass
class Run:
    """What every row is given.

    Attributes:
        quick: Fewer rounds, no peers.
        at_end: Closes what rows have opened: servers, folders.
    """

    quick: bool = False
    at_end: ExitStack = field(default_factory=ExitStack)
    _shared: dict[str, Any] = field(default_factory=dict)

    def rounds(self, thorough: int, quick: int) -> int:
        """Return how many pairs to measure."""
        return quick if self.quick else thorough

    def once(self, key: str, make: Callable[[], T]) -> T:
        """Return what *make* returned when it was first called under this key.

        Several rows come from one measurement, so that their numbers fit together.
        """
        if key not in self._shared:
            try:
                self._shared[key] = make()
            except Exception as error:
                self._shared[key] = error
        value = self._shared[key]
        if isinstance(value, Exception):
            raise value
        return value  # type: ignore[no-any-return]

    def result(self, row: Row) -> Result:
        """Measure one row. What breaks is kept as the row's outcome, so that the rest goes on."""
        try:
            return Result(row, row.measure(self))
        except Exception as error:
            return Result(row, error)
