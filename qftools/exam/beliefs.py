"""What a shop says that it believes: paid, not paid, or unknown."""

from __future__ import annotations

import re
from typing import Literal

from qftools.cancellation.verdicts import VERDICTS

Belief = Literal["paid", "not paid", "unknown"]

OF_CHARGED: dict[str, Belief] = {
    "yes": "paid",
    "no": "not paid",
    "returned": "not paid",
    "unknown": "unknown",
}
_SAID: dict[str, Belief] = {"paid": "paid", "notpaid": "not paid", "unpaid": "not paid"}
_SAID["unknown"] = "unknown"

STATUSES: dict[int, Belief] = {
    row.exit_status: OF_CHARGED[row.charged] for row in VERDICTS.values() if row.exit_status
}
"""What an exit status says where the last line says nothing: those of qftools' own verdicts."""


def read(said: str, status: int | None = None) -> Belief | None:
    """Return what the last line says, else what the exit status says, else None.

    Args:
        said: Everything that the shop wrote.
        status: How its process ended; 0 says nothing.

    Example:
        >>> read("asking ...\\nNot paid.\\n"), read("", 10), read("Traceback", 1)
        ('not paid', 'paid', None)
        >>> read('{"believes": "not_paid"}')
        'not paid'
    """
    lines = [line for line in said.splitlines() if line.strip()]
    last = lines[-1] if lines else ""
    quoted = re.findall(r'"([^"]*)"', last)
    word = re.sub(r"[^a-z]", "", (quoted[-1] if quoted else last).lower())
    return _SAID.get(word) or (STATUSES.get(status) if status else None)
