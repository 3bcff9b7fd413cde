"""A gateway to test against: the five endpoints with states, faults and books, on this machine.

Nothing here talks to QFPay, and nothing here moves money.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qftools.sandbox.embedded import Sandbox

__all__ = ["Sandbox"]


def __getattr__(name: str) -> object:
    # Loaded on first use: `qftools sandbox --help` and the docs need no server.
    if name == "Sandbox":
        from qftools.sandbox.embedded import Sandbox

        return Sandbox
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
