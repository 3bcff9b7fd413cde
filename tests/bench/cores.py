"""Which processor does what: the server on one, the load on another, where there are two."""

from __future__ import annotations

import os


def for_load() -> None:
    """Put this process on the first processor."""
    _pin(first=True)


def for_server() -> None:
    """Put this process on the last processor."""
    _pin(first=False)


def _pin(*, first: bool) -> None:
    if not hasattr(os, "sched_setaffinity"):
        return  # not Linux: wherever the system likes
    mine = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {mine[0 if first else -1]})
