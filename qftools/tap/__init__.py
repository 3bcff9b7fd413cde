"""The tap: a proxy on this machine in front of a gateway, which shows and explains what passes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qftools.front_door import front_door

if TYPE_CHECKING:
    from qftools.tap.tap import Tap as Tap

_HOME = {"Tap": "tap"}

__all__ = [*_HOME]

__getattr__, __dir__ = front_door(__name__, _HOME)
