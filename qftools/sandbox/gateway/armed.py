"""A fault in the hands of a test: armed at once, taken back at the end of its ``with``."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol, Self


class Strikes(Protocol):
    """A fault of calls or of notifications."""

    name: str
    struck: int


class ArmedFault:
    """A fault that was armed: use it in a ``with``, `disarm` it, or let it be used up."""

    def __init__(self, fault: Strikes, disarm: Callable[[], None], lock: threading.RLock) -> None:
        self._fault = fault
        self._disarm = disarm
        self._lock = lock

    @property
    def name(self) -> str:
        """What goes wrong."""
        return self._fault.name

    @property
    def struck(self) -> int:
        """How often it has struck."""
        return self._fault.struck

    def disarm(self) -> None:
        """Take it back."""
        with self._lock:
            self._disarm()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.disarm()
