"""Everything that a sandbox knows as plain records: for disk, for snapshots, for a reset.

One keeper for each kind of thing. What must outlive a restart needs a keeper; disk and
snapshots then have it too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Protocol

from qftools.errors import SandboxError
from qftools.sandbox.books.clock import RealClock, VirtualClock
from qftools.sandbox.books.orders import Entry
from qftools.sandbox.gateway.gateway import Gateway
from qftools.sandbox.gateway.merchants import Merchant
from qftools.sandbox.notifications.notices import Notice
from qftools.sandbox.notifications.notifications import Notifications

Snapshot = Mapping[str, Mapping[str, Any]]
FORMAT = 1


class Changing(Protocol):
    """A collection that notes by key what changed; None: removed."""

    changed: dict[str, Any]


class RecordKeeper:
    """Writes one kind of thing as records, and reads it back.

    Args:
        things: The collection.
    """

    kind = ""

    def __init__(self, things: Changing) -> None:
        self._things = things

    def changed(self) -> dict[str, Any]:
        """Return the records that changed since `mark_saved`; None: removed."""
        changed = self._things.changed
        if not changed:  # as after most answers
            return {}
        return {key: thing and self.record(thing) for key, thing in changed.items()}

    def mark_saved(self) -> None:
        """Mark all records as saved."""
        self._things.changed.clear()

    def record(self, thing: Any) -> Any:
        """Return one thing as plain data."""
        return thing

    def records(self) -> dict[str, Any]:
        """Return all records, as copies."""
        raise NotImplementedError

    def replace(self, records: Mapping[str, Any]) -> None:
        """Replace everything by these records."""
        raise NotImplementedError


class OrderKeeper(RecordKeeper):
    """The books."""

    kind = "order"

    def __init__(self, gateway: Gateway) -> None:
        super().__init__(gateway.books)
        self._ledger = gateway.ledger

    def record(self, thing: Entry) -> dict[str, Any]:
        """Return one order as plain data."""
        return thing.to_record()

    def records(self) -> dict[str, Any]:
        """Return all orders."""
        return {entry.syssn: entry.to_keep() for entry in self._ledger.books}

    def replace(self, records: Mapping[str, Any]) -> None:
        """Replace the books."""
        entries = [Entry.from_record(record) for record in records.values()]
        self._ledger.books.clear()
        for entry in sorted(entries, key=lambda entry: entry.number):
            self._ledger.books.add(entry)
        self._ledger.rebuild()


class MerchantKeeper(RecordKeeper):
    """The merchants, with their keys."""

    kind = "merchant"

    def __init__(self, gateway: Gateway) -> None:
        super().__init__(gateway.merchants)
        self._merchants = gateway.merchants

    def record(self, thing: Merchant) -> dict[str, Any]:
        """Return one merchant as plain data."""
        return asdict(thing)

    def records(self) -> dict[str, Any]:
        """Return all merchants."""
        return copied({merchant.app_code: asdict(merchant) for merchant in self._merchants})

    def replace(self, records: Mapping[str, Any]) -> None:
        """Replace the merchants."""
        self._merchants.clear()
        for record in records.values():
            lists = {name: tuple(value) for name, value in record.items() if type(value) is list}
            self._merchants.add(Merchant(**(record | lists)))


class CodeKeeper(RecordKeeper):
    """The payment codes that were made or used."""

    kind = "auth_code"

    def __init__(self, gateway: Gateway) -> None:
        super().__init__(gateway.ledger.codes)
        self._codes = gateway.ledger.codes

    def records(self) -> dict[str, Any]:
        """Return all codes."""
        return copied(self._codes.records())

    def replace(self, records: Mapping[str, Any]) -> None:
        """Replace the codes."""
        self._codes.clear()
        for code, (made, used) in sorted(records.items(), key=lambda item: item[1][0]):
            self._codes.keep(code, made, used=used)


class NoticeKeeper(RecordKeeper):
    """The notifications."""

    kind = "notification"

    def __init__(self, notifications: Notifications) -> None:
        super().__init__(notifications)
        self._notifications = notifications

    def record(self, thing: Notice) -> dict[str, Any]:
        """Return one notification as plain data."""
        return thing.to_record()

    def records(self) -> dict[str, Any]:
        """Return all notifications."""
        return copied({str(item.id): item.to_record() for item in self._notifications.kept()})

    def replace(self, records: Mapping[str, Any]) -> None:
        """Replace the notifications."""
        notices = [Notice.from_record(record) for record in records.values()]
        self._notifications.replace(sorted(notices, key=lambda notice: notice.id))


class ClockKeeper(RecordKeeper):
    """The clock's setting: after a restart the clock goes on from there."""

    kind = "clock"

    def __init__(self, gateway: Gateway) -> None:
        clock = gateway.clock
        self._clock = clock if isinstance(clock, VirtualClock | RealClock) else None
        self._saved: dict[str, Any] = {}

    def changed(self) -> dict[str, Any]:
        """Return the setting if it changed since `mark_saved`."""
        records = self.records()
        return {} if records == self._saved else records

    def mark_saved(self) -> None:
        """Mark the setting as saved."""
        self._saved = self.records()

    def records(self) -> dict[str, Any]:
        """Return the setting, under the kind of clock that it is for."""
        return {self._clock.kind: self._clock.setting} if self._clock else {}

    def replace(self, records: Mapping[str, Any]) -> None:
        """Set the clock, if the setting is for one of its kind."""
        if self._clock is not None and self._clock.kind in records:
            self._clock.set(float(records[self._clock.kind]))


class Records:
    """The keepers of one sandbox.

    They read records in this order: the clock first, since appointments are made again
    by its time.

    Attributes:
        unsaved: What each collection has noted as changed.
    """

    def __init__(self, gateway: Gateway, notifications: Notifications) -> None:
        self.keepers: tuple[RecordKeeper, ...] = (
            ClockKeeper(gateway),
            MerchantKeeper(gateway),
            CodeKeeper(gateway),
            OrderKeeper(gateway),
            NoticeKeeper(notifications),
        )
        things = (gateway.merchants, gateway.ledger.codes, gateway.books, notifications)
        self.unsaved: tuple[dict[str, Any], ...] = tuple(thing.changed for thing in things)

    def changed(self) -> dict[str, dict[str, Any]]:
        """Return everything that changed since `mark_saved`, by kind."""
        return {keeper.kind: found for keeper in self.keepers if (found := keeper.changed())}

    def mark_saved(self) -> None:
        """Mark all records as saved."""
        for keeper in self.keepers:
            keeper.mark_saved()

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
                raise SandboxError("the snapshot is of another format; make a new one")
            kinds = copied(dict(snapshot))
        except (KeyError, TypeError, ValueError) as error:
            raise SandboxError("this is no snapshot of a sandbox") from error
        before = self.snapshot()
        try:
            self.replace(kinds)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            self.replace(before)
            raise SandboxError("the snapshot can't be read: {cause}", cause=repr(error)) from error

    def replace(self, kinds: Mapping[str, Mapping[str, Any]]) -> None:
        """Replace everything by these records."""
        for keeper in self.keepers:
            keeper.replace(kinds.get(keeper.kind, {}))


def copied(records: dict[str, Any]) -> dict[str, Any]:
    """Return records as JSON keeps them, sharing nothing with those that were given."""
    same: dict[str, Any] = json.loads(json.dumps(records))
    return same
