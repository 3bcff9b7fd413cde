"""Appointments: one heap of times; `run` handles what is due, in order.

No thread and no clock of its own: the caller passes the time.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from itertools import count

Handler = Callable[[str, float], None]


class Timers:
    """Appointments by kind; each kind has one handler, called with the key and the due time."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, str, str]] = []
        self._order = count()
        self._handlers: dict[str, Handler] = {}

    def on(self, kind: str, handler: Handler) -> None:
        """Set the handler for a kind of appointment."""
        self._handlers[kind] = handler

    def add(self, due: float, kind: str, key: str) -> None:
        """Make an appointment. It can't be removed: the handler checks that it still holds."""
        heapq.heappush(self._heap, (due, next(self._order), kind, key))

    def run(self, now: float) -> None:
        """Handle everything that is due, in order of time."""
        heap = self._heap
        while heap and heap[0][0] <= now:
            due, _, kind, key = heapq.heappop(heap)
            self._handlers[kind](key, due)

    def prune(self, holds: Callable[[str, str, float], bool]) -> None:
        """Remove the appointments that no longer hold: ``holds(kind, key, due)``."""
        kept = [item for item in self._heap if holds(item[2], item[3], item[0])]
        heapq.heapify(kept)
        self._heap[:] = kept

    def next_due(self) -> float:
        """Return when the next appointment is due, infinity where there is none."""
        try:
            return self._heap[0][0]
        except IndexError:
            return math.inf

    def __len__(self) -> int:
        return len(self._heap)
