"""The command line: reads options, calls one function of the package, shows the result.

Decides nothing. Loads nothing before it is asked for, not even click; a command imports what it
needs when it runs, so that help is quick and a run loads one command.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qftools.front_door import front_door

if TYPE_CHECKING:
    from qftools.cli.commands import main as main

__all__ = ["main"]

__getattr__, __dir__ = front_door(__name__, {"main": "commands"})
