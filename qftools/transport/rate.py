"""So many requests in so many seconds: the one count of them, for both sides.

Knows no clock: the caller says what time it is. A sweep waits as long as it says, the
sandbox refuses what would have to wait.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

Limit = tuple[int, float]
"""So many requests, in so many seconds."""


class RateWindow:
    """The requests of one merchant that still count.

    Args:
        limits: Every limit that holds.
        before: When earlier requests left, oldest first.

    Example:
        >>> window = RateWindow([(2, 1.0)])
        >>> window.add(10.0); window.add(10.25)
        >>> window.wait(10.5), window.wait(11.0)
        (0.5, 0.0)
    """

    def __init__(self, limits: Iterable[Limit], before: Iterable[float] = ()) -> None:
        self._limits = tuple(limits)
        self._times = deque(before, maxlen=max(count for count, _ in self._limits))

    def wait(self, now: float) -> float:
        """Return how many seconds the next request has to wait for all limits; 0 for none."""
        times = self._times
        full = ((times[-count], span) for count, span in self._limits if len(times) >= count)
        return max((0.0, *(first + span - now for first, span in full)))

    def add(self, now: float) -> None:
        """Count a request."""
        self._times.append(now)

    def counted(self, now: float) -> tuple[float, ...]:
        """Return when the requests left that still count, oldest first."""
        longest = max(span for _, span in self._limits)
        return tuple(time for time in self._times if now - time < longest)
