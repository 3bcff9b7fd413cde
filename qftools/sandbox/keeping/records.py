"""Everything that a sandbox knows as plain records: for disk, for snapshots, for a reset.

One keeper for each kind of thing. Whoever adds something that must outlive a restart adds
a keeper; disk and snapshots then have it too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Protocol

from qftools.errors import SandboxError
from qftools.sandbox.books.clock import Clock, RealClock, VirtualClock
from qftools.sandbox.books.orders import Entry
from qftools.sandbox.gateway.gateway import Gateway
from qftools.sandbox.gateway.merchants import Merchant

Snapshot = Mapping[str, Mapping[str, Any]]
FORMAT = 1


class Keeper(Protocol):
    """Knows how to write down one kind of thing, and how to take it in again."""

    kind: str

    def changed(self) -> dict[str, Any]:
        """Return the records that changed since the last call; None: gone."""
        ...

    def forget_changed(self) -> None:
        """Take everything there is for written."""
        ...

    def records(self) -> dict[str, Any]:
        """Return all records, sharing nothing with what goes on living."""
        ...

    def take_in(self, records: Mapping[str, Any]) -> None:
        """Put these in the place of everything there is."""
        ...


class OrderKeeper:
    """The books."""

    kind = "order"

    def __init__(self, gateway: Gateway) -> None:
        self._ledger = gateway.ledger

    def changed(self) -> dict[str, Any]:
        """Return the orders that changed since the last call; None: forgotten."""
        changed = self._ledger.books.take_changed()
        return {syssn: entry and entry.to_record() for syssn, entry in changed.items()}

    def forget_changed(self) -> None:
        """Take all orders for written."""
        self._ledger.books.changed.clear()

    def records(self) -> dict[str, Any]:
        """Return all orders."""
        return {entry.syssn: entry.to_keep() for entry in self._ledger.books}

    def take_in(self, records: Mapping[str, Any]) -> None:
        """Replace the books."""
        entries = [Entry.from_record(record) for record in records.values()]
        self._ledger.books.clear()
        for entry in sorted(entries, key=lambda entry: entry.number):
            self._ledger.books.add(entry)
        self._ledger.rebuild()


class MerchantKeeper:
    """The merchants, with their keys."""

    kind = "merchant"

    def __init__(self, gateway: Gateway) -> None:
        self._merchants = gateway.merchants

    def changed(self) -> dict[str, Any]:
        """Return the merchants that changed since the last call."""
        changed, self._merchants.changed = self._merchants.changed, {}
        return {code: merchant and asdict(merchant) for code, merchant in changed.items()}

    def forget_changed(self) -> None:
        """Take all merchants for written."""
        self._merchants.changed.clear()

    def records(self) -> dict[str, Any]:
        """Return all merchants."""
        return copied({merchant.app_code: asdict(merchant) for merchant in self._merchants})

    def take_in(self, records: Mapping[str, Any]) -> None:
        """Replace the merchants."""
        self._merchants.clear()
        for record in records.values():
            lists = {name: tuple(value) for name, value in record.items() if type(value) is list}
            self._merchants.add(Merchant(**(record | lists)))


class CodeKeeper:
    """The payment codes that were made or used."""

    kind = "auth_code"

    def __init__(self, gateway: Gateway) -> None:
        self._codes = gateway.ledger.codes

    def changed(self) -> dict[str, Any]:
        """Return the codes that changed since the last call."""
        changed, self._codes.changed = self._codes.changed, {}
        return changed

    def forget_changed(self) -> None:
        """Take all codes for written."""
        self._codes.changed.clear()

    def records(self) -> dict[str, Any]:
        """Return all codes."""
        return copied(self._codes.records())

    def take_in(self, records: Mapping[str, Any]) -> None:
        """Replace the codes."""
        self._codes.clear()
        for code, (made, used) in sorted(records.items(), key=lambda item: item[1][0]):
            self._codes.keep(code, made, used=used)


class ClockKeeper:
    """The clock's setting: a restart goes on where it stood."""

    kind = "clock"

    def __init__(self, clock: Clock) -> None:
        self._clock = clock if isinstance(clock, VirtualClock | RealClock) else None
        self._written: float | None = None

    def changed(self) -> dict[str, Any]:
        """Return the setting if it changed since the last call."""
        records = self.records()
        if not records or self._written == self._clock_setting():
            return {}
        self.forget_changed()
        return records

    def forget_changed(self) -> None:
        """Take the setting for written."""
        self._written = self._clock_setting()

    def records(self) -> dict[str, Any]:
        """Return the setting, under the kind of clock that it is for."""
        return {self._clock.kind: self._clock.setting} if self._clock else {}

    def take_in(self, records: Mapping[str, Any]) -> None:
        """Set the clock, if the setting is for one of its kind."""
        if self._clock is not None and self._clock.kind in records:
            self._clock.set(float(records[self._clock.kind]))

    def _clock_setting(self) -> float | None:
        return self._clock.setting if self._clock else None


class Records:
    """All keepers of one sandbox.

    Args:
        keepers: In the order in which they take records in: the clock first, since
            appointments are made again by its time.
    """

    def __init__(self, keepers: list[Keeper]) -> None:
        self.keepers = keepers

    def add(self, keeper: Keeper) -> None:
        """Keep another kind of thing as well."""
        self.keepers.append(keeper)

    def changed(self) -> dict[str, dict[str, Any]]:
        """Return everything that changed since the last call, by kind."""
        return {keeper.kind: records for keeper in self.keepers if (records := keeper.changed())}

    def forget_changed(self) -> None:
        """Take everything there is for written."""
        for keeper in self.keepers:
            keeper.forget_changed()

    def snapshot(self) -> Snapshot:
        """Return everything, as it is now."""
        kinds = {keeper.kind: keeper.records() for keeper in self.keepers}
        return kinds | {"format": {"version": FORMAT}}

    def restore(self, snapshot: Snapshot) -> None:
        """Put everything back to a snapshot.

        Raises:
            SandboxError: It is no snapshot of this version.
        """
        try:
            if snapshot["format"]["version"] != FORMAT:
                raise SandboxError(f"the snapshot is not of format {FORMAT}; make a new one")
            kinds = copied(dict(snapshot))
        except (KeyError, TypeError, ValueError) as error:
            raise SandboxError("this is no snapshot of a sandbox") from error
        before = self.snapshot()
        try:
            self.take_in(kinds)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            self.take_in({kind: dict(records) for kind, records in before.items()})
            raise SandboxError(f"the snapshot can't be read: {error!r}") from error

    def take_in(self, kinds: Mapping[str, Mapping[str, Any]]) -> None:
        """Put these records in the place of everything there is."""
        for keeper in self.keepers:
            keeper.take_in(kinds.get(keeper.kind, {}))


def copied(records: dict[str, Any]) -> dict[str, Any]:
    """Return records as JSON keeps them, sharing nothing with those that were given."""
    same: dict[str, Any] = json.loads(json.dumps(records))
    return same


def keepers_of(gateway: Gateway) -> list[Keeper]:
    """Return the keepers of everything that a gateway knows."""
    return [
        ClockKeeper(gateway.clock),
        MerchantKeeper(gateway),
        CodeKeeper(gateway),
        OrderKeeper(gateway),
    ]
