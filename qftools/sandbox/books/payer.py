"""What a payer can do to an order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qftools.errors import SandboxError
from qftools.sandbox.books.orders import Entry
from qftools.sandbox.books.states import REFUSED, Event

if TYPE_CHECKING:
    from qftools.sandbox.gateway.gateway import Gateway

ACTS: dict[str, Event | None] = {
    "pay": Event.PAY,
    "type_password": Event.TYPE,
    "decline": Event.DECLINE,
    "no_balance": Event.FAIL,
    "walk_away": None,
}
"""What a payer can do, and the event that it is; walking away is none: the clock does the rest."""

CODES = {"no_balance": "1201"}


def act(gateway: Gateway, entry: Entry, name: str) -> str:
    """Do what a payer can do to an order. Returns ``refused`` if the wallet refuses it.

    Raises:
        SandboxError: There is no such act.
    """
    if name not in ACTS:
        known = ", ".join(ACTS)
        raise SandboxError("a payer can't {name!r}; there are: {known}", name=name, known=known)
    gateway.tick()
    event = ACTS[name]
    if event is None:
        entry.plan = []
        gateway.books.touch(entry)
        return ""
    answer = gateway.ledger.happen(entry, event, gateway.clock.now(), code=CODES.get(name, ""))
    return REFUSED if answer == REFUSED else ""
