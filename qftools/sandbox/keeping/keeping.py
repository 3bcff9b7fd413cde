"""A sandbox as a whole: saved to its file, put back to a snapshot, or emptied."""

from __future__ import annotations

import itertools
import os
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

from qftools.sandbox.gateway.gateway import Gateway
from qftools.sandbox.keeping.records import Records, Snapshot
from qftools.sandbox.notifications.notifications import Notifications

if TYPE_CHECKING:
    from qftools.sandbox.keeping.store import Store

MOST_SNAPSHOTS = 20


class Keeping:
    """Saves and restores one sandbox.

    Args:
        gateway: Its orders, merchants, payment codes and clock.
        notifications: Its notifications.
        lock: Held while records are read or replaced.
        data: The file; None: nothing is saved.

    Raises:
        SandboxError: The file can't be used.
    """

    def __init__(
        self,
        gateway: Gateway,
        notifications: Notifications,
        lock: threading.RLock,
        data: str | os.PathLike[str] | None = None,
    ) -> None:
        self._gateway = gateway
        self._notifications = notifications
        self._lock = lock
        self._records = Records(gateway, notifications)
        self._store = None if data is None else self._opened(data)
        self._snapshots: OrderedDict[str, Snapshot] = OrderedDict()
        self._names = map(str, itertools.count(1))

    def _opened(self, data: str | os.PathLike[str]) -> Store:
        from qftools.sandbox.keeping.store import Store  # the browser's sandbox has no file

        store = Store(data)
        store.read_into(self._records)
        return store

    def save(self) -> None:
        """Write what changed to the file, if there is one."""
        with self._lock:
            if self._store is None:
                for unsaved in self._records.unsaved:
                    unsaved.clear()
                return
            if changed := self._records.changed():
                self._store.save(changed)  # raises where it can't: then they stay marked
                self._records.mark_saved()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._store is not None:
                self._store.close()
                self._store = None

    def snapshot(self) -> Snapshot:
        """Return everything as plain data; armed faults are not part of it."""
        with self._lock:
            self._gateway.tick()
            return self._records.snapshot()

    def restore(self, snapshot: Snapshot) -> None:
        """Put everything back to a snapshot. The report then judges what comes after it.

        Raises:
            SandboxError: It is no snapshot.
        """
        with self._lock:
            self._records.restore(snapshot)
            self._gateway.forget_late()
            self._gateway.log.put_back()
            self.save()

    def reset(self) -> None:
        """Forget every order, payment code, fault, exchange and notification."""
        with self._lock:
            self._gateway.ledger.clear()
            self._gateway.faults.clear()
            self._gateway.forget_requests()
            self._notifications.clear()
            self.save()

    def keep_snapshot(self) -> str:
        """Keep a snapshot in memory, for tests in other languages, and return its name."""
        name = next(self._names)
        self._snapshots[name] = self.snapshot()
        if len(self._snapshots) > MOST_SNAPSHOTS:
            self._snapshots.popitem(last=False)
        return name

    def kept_snapshots(self) -> tuple[str, ...]:
        """Return the names of the snapshots that are kept, oldest first."""
        return tuple(self._snapshots)

    def kept_snapshot(self, name: str) -> Snapshot | None:
        """Return the snapshot of that name, None where it is not kept."""
        return self._snapshots.get(name)
