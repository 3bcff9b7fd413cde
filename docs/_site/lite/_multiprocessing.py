"""In the place of what Python in a browser has not: there are no other processes.

pyrate-limiter looks for it when it is imported, for a kind of bucket that no lesson uses.
"""

from __future__ import annotations

from typing import NoReturn


class SemLock:
    """A lock that other processes would share, which nobody can take here."""

    SEM_VALUE_MAX = 1

    def __init__(self, *_arguments: object) -> None:
        raise OSError("there are no other processes in a browser")


def sem_unlink(name: str) -> NoReturn:
    """Refuse: no lock was ever made."""
    raise FileNotFoundError(name)
