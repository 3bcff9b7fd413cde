"""The one thread of a served sandbox whose clock is the machine's."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable

_LOG = logging.getLogger("qftools.sandbox")
LONGEST_SLEEP = 0.5  # seconds: the machine's clock can be put forward by hand


class Ticker:
    """Looks at the clock as often as something is due.

    Args:
        tick: Does what is due, and returns when to look again.
        now: The time of the sandbox's clock.
    """

    def __init__(self, tick: Callable[[], float], now: Callable[[], float]) -> None:
        self._tick = tick
        self._now = now
        self._woken = threading.Event()
        self._asleep_until = math.inf  # by the sandbox's clock
        self._over = False
        self._thread = threading.Thread(target=self._run, name="qftools-sandbox-clock", daemon=True)
        self._thread.start()

    def wake_before(self, due: float) -> None:
        """Look at the clock now if something is due before the next look.

        Most answers change nothing there, and a thread that wakes for each of them costs
        more than the answer.
        """
        if due < self._asleep_until:
            self._woken.set()

    def stop(self) -> None:
        """End the thread; does not wait for a receiver that has not answered."""
        self._over = True
        self._woken.set()
        self._thread.join(timeout=1)

    def _run(self) -> None:
        while not self._over:
            self._asleep_until = math.inf  # what comes up meanwhile is looked at right after
            try:
                until = self._tick()
            except Exception:  # a full disk, a defect: log it and go on looking at the clock
                _LOG.exception("the sandbox's clock")
                until = self._now() + LONGEST_SLEEP
            self._asleep_until = until
            self._woken.wait(max(0.0, until - self._now()))
            self._woken.clear()
