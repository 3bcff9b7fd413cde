"""The published limits: 100 requests a second and 400 a minute for each merchant (docs2026)."""

from __future__ import annotations

from collections import OrderedDict

from qftools.transport.rate import Limit, RateWindow

PUBLISHED: tuple[Limit, ...] = ((100, 1.0), (400, 60.0))
MERCHANTS = 1_000  # windows kept


class RateLimit:
    """One window for each app code; the answer (HTTP 429) is made elsewhere.

    Example:
        >>> limit = RateLimit()
        >>> sum(limit.allows("app", 0.0) for _ in range(150))
        100
        >>> limit.allows("app", 1.5)
        True
    """

    def __init__(self) -> None:
        self._windows: OrderedDict[str, RateWindow] = OrderedDict()

    def allows(self, app_code: str, now: float) -> bool:
        """Count a request and tell whether it is within both limits.

        One that is refused is not counted: waiting helps at once.
        """
        window = self._windows.setdefault(app_code, RateWindow(PUBLISHED))
        self._windows.move_to_end(app_code)
        if len(self._windows) > MERCHANTS:
            self._windows.popitem(last=False)
        if window.wait(now) > 0:
            return False
        window.add(now)
        return True

    def clear(self) -> None:
        """Forget every request."""
        self._windows.clear()
