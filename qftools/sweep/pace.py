"""How fast one merchant may ask: the published limits, and slower after HTTP 429.

The clock and the waiting come in from outside.
Source of the limits: docs2026 (100 requests a second and 400 a minute per merchant).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from qftools.transport.rate import RateWindow

# The gateway counts when a request arrives, we when it leaves: the windows are a
# little longer than published, so that a slow request and a fast one after it fit.
LIMITS = ((100, 1_100), (400, 61_000))
"""So many requests in so many milliseconds."""

_FIRST_HOLD = 2.0  # seconds after a 429 that names no time; doubled each time
_LONGEST_HOLD = 60.0


class Pace:
    """The requests of one merchant, one after another or from many threads.

    Args:
        clock: Seconds since 1970.
        before: When earlier requests of this merchant left, oldest first: what a
            pace in another process has sent.

    Example:
        >>> now, waits = [1000.0], []
        >>> def pause(seconds):
        ...     waits.append(round(seconds, 1))
        ...     now[0] += seconds
        >>> pace = Pace(lambda: now[0])
        >>> for _ in range(101):
        ...     pace.take(pause)
        >>> waits
        [1.1]
    """

    def __init__(self, clock: Callable[[], float], before: Iterable[float] = ()) -> None:
        self._clock = clock
        self._window = RateWindow([(count, span / 1000) for count, span in LIMITS], before)
        self._lock = threading.Lock()
        self._held_until = 0.0
        self._hold = _FIRST_HOLD

    @property
    def sent(self) -> tuple[float, ...]:
        """When the requests that still count have left, oldest first."""
        with self._lock:
            return self._window.counted(self._clock())

    def take(self, pause: Callable[[float], None]) -> None:
        """Come back when a request may leave, and count it."""
        while (seconds := self._try()) > 0:
            pause(seconds)

    def limited(self, retry_after: float = 0.0) -> None:
        """The gateway said 429: no request of this merchant for a while, a minute at most."""
        with self._lock:
            hold = min(max(retry_after, self._hold), _LONGEST_HOLD)
            self._held_until = max(self._held_until, self._clock() + hold)
            self._hold = min(self._hold * 2, _LONGEST_HOLD)

    def answered(self) -> None:
        """The gateway answered: a later 429 begins with a short wait again."""
        self._hold = _FIRST_HOLD

    def _try(self) -> float:
        """Count a request and return 0, or return how many seconds to wait first."""
        with self._lock:
            now = self._clock()
            if now < self._held_until:
                return self._held_until - now
            wait = self._window.wait(now)
            if not wait:
                self._window.add(now)
            return wait
