"""The sandbox's time: real, or virtual, which moves only when told to.

Nothing else in the sandbox asks the machine what time it is.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Literal, Protocol

from qftools.errors import SandboxError
from qftools.locale import mark

BEIJING = timezone(timedelta(hours=8), "Beijing")
TIME_FORMAT = "%Y-%m-%d %H:%M:%S"
# An hour of 24 is the next day to Python 3.14.
_TIME = re.compile(r"\d{4}-\d\d-\d\d (?!24)\d\d:\d\d:\d\d", re.ASCII)
VIRTUAL_START = datetime(2026, 1, 5, 10, 0, 0, tzinfo=BEIJING).timestamp()


class Clock(Protocol):
    """What the sandbox wants of a clock. Times are seconds since 1970 (UTC)."""

    def now(self) -> float:
        """Return the time."""
        ...

    def sleep(self, seconds: float) -> None:
        """Return when that much time has passed."""
        ...

    def advance(self, seconds: float) -> None:
        """Put the clock forward, without waiting."""
        ...


class _Settable:
    """A clock that can be put forward; `setting` is what a snapshot keeps of it."""

    def __init__(self, setting: float) -> None:
        self.setting = setting
        self._watchers: list[Callable[[], None]] = []

    def advance(self, seconds: float) -> None:
        """Put the clock forward without waiting; everything that is then due happens.

        Raises:
            SandboxError: *seconds* is negative: no clock here runs backwards.
        """
        if not 0 <= seconds < 1e9:
            said = mark("a clock can be put forward by 0 to 1e9 seconds, not by {value!r}")
            raise SandboxError(said, value=seconds)
        self.setting += seconds
        for watcher in self._watchers:
            watcher()

    def set(self, setting: float) -> None:
        """Set the clock, back as well: for a snapshot or a restart. Nothing becomes due."""
        self.setting = setting

    def watch(self, watcher: Callable[[], None]) -> None:
        """Call *watcher* after each `advance`."""
        self._watchers.append(watcher)


class VirtualClock(_Settable):
    """Moves only when something sleeps on it or puts it forward.

    Args:
        start: Seconds since 1970. The default is 2026-01-05 10:00:00 in Beijing.

    Example:
        >>> clock = VirtualClock()
        >>> clock.sleep(90)
        >>> beijing(clock.now())
        '2026-01-05 10:01:30'
    """

    kind = "virtual"

    def __repr__(self) -> str:
        return f"VirtualClock({beijing(self.setting)})"

    def __init__(self, start: float = VIRTUAL_START) -> None:
        super().__init__(start)

    def now(self) -> float:
        """Return the virtual time."""
        return self.setting

    def sleep(self, seconds: float) -> None:
        """Put the clock forward instead of waiting."""
        self.advance(seconds)


class RealClock(_Settable):
    """The machine's clock; its setting is by how many seconds it was put forward."""

    kind = "real"

    def __init__(self) -> None:
        super().__init__(0.0)

    def now(self) -> float:
        """Return the machine's time, plus what it was put forward by."""
        return time.time() + self.setting

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


@lru_cache(maxsize=64)
def _beijing_second(second: int) -> str:
    return datetime.fromtimestamp(second, BEIJING).strftime(TIME_FORMAT)


def beijing(timestamp: float) -> str:
    """Write a time as the gateway does: Beijing time, ``YYYY-MM-DD hh:mm:ss``."""
    return _beijing_second(int(timestamp))


def from_beijing(text: str) -> float:
    """Read a time that the gateway wrote.

    Raises:
        ValueError: The text is not ``YYYY-MM-DD hh:mm:ss``, or no such time exists.

    Example:
        >>> from_beijing("2026-01-05 10:00:00") == VIRTUAL_START
        True
    """
    return parse_time(text).replace(tzinfo=BEIJING).timestamp()


def parse_time(text: str) -> datetime:
    """Read ``YYYY-MM-DD hh:mm:ss`` strictly: nineteen characters, a date that exists.

    Raises:
        ValueError: It is anything else.
    """
    if not _TIME.fullmatch(text):
        raise ValueError(f"{text!r} is not YYYY-MM-DD hh:mm:ss")
    return datetime.fromisoformat(text)  # four times as fast as strptime


def utc_iso(timestamp: float) -> str:
    """Write a time for logs: ISO 8601 in UTC with milliseconds."""
    return datetime.fromtimestamp(timestamp, UTC).isoformat(timespec="milliseconds")


def clock_of(choice: Literal["virtual", "real"] | Clock | None) -> Clock:
    """Return the clock that a word means; a clock stays as it is.

    Raises:
        SandboxError: There is no such clock.
    """
    if choice is None or choice == "virtual":
        return VirtualClock()
    if choice == "real":
        return RealClock()
    if isinstance(choice, str):
        said = mark("clock is {value!r}; it must be virtual, real, or a clock")
        raise SandboxError(said, value=choice)
    return choice
