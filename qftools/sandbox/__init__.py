"""A gateway to test against: the endpoints with states, faults and books, on this machine.

Nothing here talks to QFPay, and nothing here moves money.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qftools.front_door import front_door

if TYPE_CHECKING:
    from qftools.sandbox.books.clock import VirtualClock as VirtualClock
    from qftools.sandbox.sandbox import Sandbox as Sandbox

# Loaded on first use: `qftools sandbox --help` and the docs need no server.
_HOME = {"Sandbox": "sandbox", "VirtualClock": "books.clock"}

__all__ = [*_HOME]

__getattr__, __dir__ = front_door(__name__, _HOME)
