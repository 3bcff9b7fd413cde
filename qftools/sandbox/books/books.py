"""The gateway's books: every order, found by either number at once, bounded in size.

Keeps and finds; decides nothing. What changed since the last look is remembered
for the file.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

from qftools.sandbox.books.orders import Entry


class Books:
    """Orders by ``syssn``, by ``out_trade_no`` and by month.

    Args:
        limit: How many orders are kept. Beyond it the oldest are forgotten.

    Attributes:
        changed: The orders that changed since they were last saved; None: forgotten.
        changes: Counts up with every change.
    """

    def __init__(self, limit: int = 100_000) -> None:
        self.limit = limit
        self.forgotten = 0
        self.changes = 0
        self.changed: dict[str, Entry | None] = {}
        # Ordered: its oldest entry is found at once however many were forgotten before.
        self._by_syssn: OrderedDict[str, Entry] = OrderedDict()
        self._latest: dict[str, str] = {}
        self._by_number: dict[tuple[str, str], Entry] = {}
        self._by_month: dict[tuple[str, str], dict[str, Entry]] = {}

    def add(self, entry: Entry) -> None:
        """Enter an order; forget the oldest if there are too many."""
        self._by_syssn[entry.syssn] = entry
        # A cancel or a release shares the number of its payment; a card's capture has none.
        if entry.out_trade_no and entry.order_type not in ("close", "unfreeze"):
            self._by_number[entry.scope, entry.out_trade_no] = entry
            self._latest[entry.out_trade_no] = entry.syssn
        self._by_month.setdefault(_month_of(entry), {})[entry.syssn] = entry
        self._note(entry.syssn, entry)
        if len(self._by_syssn) > self.limit:
            self._forget(next(iter(self._by_syssn.values())))

    def renumber(self, entry: Entry, syssn: str) -> None:
        """Give an order another number of the gateway's: the one that a reply has told."""
        del self._by_syssn[entry.syssn]
        del self._by_month[_month_of(entry)][entry.syssn]
        self._note(entry.syssn, None)
        entry.syssn = syssn
        self.add(entry)

    def touch(self, entry: Entry) -> None:
        """Note that an order changed."""
        self._note(entry.syssn, entry)
        entry.kept = None

    def _note(self, syssn: str, entry: Entry | None) -> None:
        self.changes += 1
        self.changed[syssn] = entry

    def by_syssn(self, syssn: str) -> Entry | None:
        """Return the order with that number of the gateway's."""
        return self._by_syssn.get(syssn)

    def by_number(self, scope: str, out_trade_no: str) -> Entry | None:
        """Return the payment or refund with that number of the merchant's."""
        return self._by_number.get((scope, out_trade_no))

    def month(self, scope: str, month: str) -> Iterator[Entry]:
        """Yield the orders that were made in a month (``YYYY-MM``, Beijing), newest first."""
        return reversed(self._by_month.get((scope, month), {}).values())

    def search(self, number: str) -> Entry | None:
        """Return the order with either number, of any merchant (the newest)."""
        return self._by_syssn.get(number) or self._by_syssn.get(self._latest.get(number, ""))

    def newest(self) -> Iterator[Entry]:
        """Yield every order, newest first; the books must not change meanwhile."""
        return reversed(self._by_syssn.values())

    def __iter__(self) -> Iterator[Entry]:
        return iter(tuple(self._by_syssn.values()))

    def __len__(self) -> int:
        return len(self._by_syssn)

    def clear(self) -> None:
        """Forget everything."""
        self.changes += 1
        self.changed.update(dict.fromkeys(self._by_syssn))
        self._by_syssn.clear()
        self._by_number.clear()
        self._latest.clear()
        self._by_month.clear()

    def _forget(self, entry: Entry) -> None:
        self.forgotten += 1
        del self._by_syssn[entry.syssn]
        if self._by_number.get((entry.scope, entry.out_trade_no)) is entry:
            del self._by_number[entry.scope, entry.out_trade_no]
        if self._latest.get(entry.out_trade_no) == entry.syssn:
            del self._latest[entry.out_trade_no]
        month = self._by_month[_month_of(entry)]
        del month[entry.syssn]
        if not month:
            del self._by_month[_month_of(entry)]
        self._note(entry.syssn, None)


def _month_of(entry: Entry) -> tuple[str, str]:
    return entry.scope, entry.sysdtm[:7]
