"""The payer, as a person in front of the wallet: what they can do to one order."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from qftools.errors import SandboxError
from qftools.sandbox.books.orders import Entry, Row
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
    """Let the payer of an order do something. Returns ``refused`` if the wallet turns them away.

    Raises:
        SandboxError: There is no such act.
    """
    if name not in ACTS:
        raise SandboxError(f"a payer can't {name!r}; there are: {', '.join(ACTS)}")
    gateway.tick()
    event = ACTS[name]
    if event is None:
        entry.plan = []
        gateway.books.touch(entry)
        return ""
    answer = gateway.ledger.happen(entry, event, gateway.clock.now(), code=CODES.get(name, ""))
    return REFUSED if answer == REFUSED else ""


class Payer:
    """The payer of one order.

    Every act returns the order's row afterwards. The wallet turns the payer of a dead
    order away: then nothing changes.
    """

    def __init__(
        self, gateway: Gateway, entry: Entry, lock: threading.RLock, acted: Callable[[], None]
    ) -> None:
        self._gateway = gateway
        self._entry = entry
        self._lock = lock
        self._acted = acted

    def pay(self) -> Row:
        """Pay the order."""
        return self._act("pay")

    def type_password(self) -> Row:
        """Scan, or be asked, and begin to type the password."""
        return self._act("type_password")

    def decline(self) -> Row:
        """Refuse to pay. With a code of the shop's one can try again."""
        return self._act("decline")

    def no_balance(self) -> Row:
        """Try to pay without enough money (1201)."""
        return self._act("no_balance")

    def walk_away(self) -> Row:
        """Leave; whatever the payer was going to do will not happen."""
        return self._act("walk_away")

    def _act(self, name: str) -> Row:
        with self._lock:  # a served sandbox may be answering somebody
            act(self._gateway, self._entry, name)
        self._acted()
        return self._entry.row()
