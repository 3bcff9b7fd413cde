"""The published limits: 100 requests a second and 400 a minute for each merchant.

Counts only; the answer (HTTP 429) is made elsewhere.
"""

from __future__ import annotations

from collections import OrderedDict, deque

PER_SECOND = 100
PER_MINUTE = 400
MERCHANTS = 1_000  # windows kept


class RateLimit:
    """Who asked when, for as long as it matters.

    Example:
        >>> limit = RateLimit()
        >>> sum(limit.allows("app", 0.0) for _ in range(150))
        100
        >>> limit.allows("app", 1.5)
        True
    """

    def __init__(self) -> None:
        self._asked: OrderedDict[str, deque[float]] = OrderedDict()

    def allows(self, app_code: str, now: float) -> bool:
        """Count a request and tell whether it is within both limits.

        One that is refused is not counted: waiting helps at once.
        """
        asked = self._asked.setdefault(app_code, deque(maxlen=PER_MINUTE))
        self._asked.move_to_end(app_code)
        if len(self._asked) > MERCHANTS:
            self._asked.popitem(last=False)
        if len(asked) == PER_MINUTE and now - asked[0] < 60:
            return False
        if len(asked) >= PER_SECOND and now - asked[-PER_SECOND] < 1:
            return False
        asked.append(now)
        return True

    def clear(self) -> None:
        """Forget who asked when."""
        self._asked.clear()
