"""Exit statuses: one table, for the commands, for ``--help`` and for the reader of a script."""

from __future__ import annotations

from typing import NamedTuple

from qftools.locale import mark


class Exit(NamedTuple):
    """One exit status, and when a command ends with it."""

    status: int
    when: str


DONE = 0
REFUSED = 1
USAGE = 2
UNKNOWN = 3
IN_PROGRESS = 4

#: The verdicts of ``qftools cancel``, by name.
VERDICTS = {
    "CANCELLED": DONE,
    "ALREADY_CANCELLED": DONE,
    "PAID": 10,
    "ALREADY_REFUNDED": 11,
    "FAILED": 12,
    "NOT_FOUND": 13,
    "NOT_CANCELLABLE": 14,
    "UNRESOLVED": UNKNOWN,
}

EXITS = (
    Exit(DONE, mark("done; of a cancel: CANCELLED or ALREADY_CANCELLED")),
    Exit(REFUSED, mark("the gateway refused, or another error")),
    Exit(USAGE, mark("wrong use or wrong input; nothing was sent")),
    Exit(UNKNOWN, mark("nobody knows: UNRESOLVED, or no usable reply; ask again before you act")),
    Exit(IN_PROGRESS, mark("accepted and still in progress (1143, 1145); query until it is final")),
    Exit(10, mark("PAID: deliver or refund")),
    Exit(11, mark("ALREADY_REFUNDED")),
    Exit(12, mark("FAILED: no money moved")),
    Exit(13, mark("NOT_FOUND: the gateway knows no such order")),
    Exit(14, mark("NOT_CANCELLABLE: still open, and no call cancels it")),
)
