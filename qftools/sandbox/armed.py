"""A fault in the hands of a test: armed at once, taken back at the end of its ``with``."""

from __future__ import annotations

import threading
from typing import Self

from qftools.sandbox.faults import Fault, Faults


class ArmedFault:
    """A fault that was armed: use it in a ``with``, `disarm` it, or let it be used up."""

    def __init__(self, faults: Faults, fault: Fault, lock: threading.RLock) -> None:
        self._faults = faults
        self._fault = fault
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
            self._faults.disarm(self._fault)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.disarm()
