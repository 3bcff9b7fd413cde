"""The payer of one order, as a test plays them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qftools.sandbox.books.orders import Entry, Row

if TYPE_CHECKING:
    from qftools.sandbox.assembly import Assembly


class Payer:
    """The payer of one order.

    Every act returns the order's row afterwards. The wallet refuses the payer of a closed
    order: then nothing changes.
    """

    def __init__(self, assembly: Assembly, entry: Entry) -> None:
        self._assembly = assembly
        self._entry = entry

    def pay(self) -> Row:
        """Pay the order."""
        return self._act("pay")

    def type_password(self) -> Row:
        """Scan the code, or answer the prompt, and begin to type the password."""
        return self._act("type_password")

    def decline(self) -> Row:
        """Refuse to pay. If the payer scanned the shop's code, they can try again."""
        return self._act("decline")

    def no_balance(self) -> Row:
        """Try to pay without enough money (1201)."""
        return self._act("no_balance")

    def walk_away(self) -> Row:
        """Leave: the payer's planned acts do not happen."""
        return self._act("walk_away")

    def _act(self, name: str) -> Row:
        self._assembly.act(self._entry, name)
        return self._entry.row()
