"""What was about to be asked, on disk before it is asked; and how to go on after a crash.

One SQLite file that processes may share. It promises that a cancel which had
begun is never forgotten, and never writes the client key.
"""

from __future__ import annotations

import os
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qftools.cancellation.outcome import Outcome
from qftools.cancellation.policy import Policy
from qftools.cancellation.refunding import RefundWalk
from qftools.cancellation.run import Recorder, check_client, finish
from qftools.cancellation.tracing import span
from qftools.cancellation.walk import Walk
from qftools.client.awaiting import at_once
from qftools.client.client import Client
from qftools.errors import BusyError, InputError, JournalError
from qftools.journal.entries import Cells, entry_of, text_or_none
from qftools.journal.entries import Entry as Entry
from qftools.journal.entries import Unreadable as Unreadable
from qftools.journal.file import JournalFile
from qftools.journal.going_on import as_it_was_left, check_left, goes_on, others_of, with_news
from qftools.journal.open_entry import OpenEntry, dumped
from qftools.journal.owner import Owner
from qftools.locale import mark
from qftools.models import Order

if TYPE_CHECKING:
    from qftools.cancellation.run import AnyClient, Pause
    from qftools.client.async_client import AsyncClient


class Journal:
    """Keeps cancels and refunds on disk, so that none is lost or driven twice at once.

    Args:
        path: The file; made where there is none. ``":memory:"`` keeps everything
            in this process, for lessons and tests.

    Raises:
        JournalError: The file can't be opened, is damaged, is no journal, or
            is one of a newer qftools.

    Example:
        >>> from qftools import cancel
        >>> from qftools.sandbox import Sandbox
        >>> with Sandbox() as sandbox, Journal(":memory:") as journal:
        ...     client = sandbox.client()
        ...     order = client.pay(pay_type="800101", txamt=2500, txcurrcd="HKD")
        ...     outcome = cancel(client, order, journal=journal)
        ...     journal.entry(1).verdict, journal.pending()
        (<Verdict.CANCELLED: 'CANCELLED'>, ())
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        self._file = JournalFile(self.path)
        self._owner: Owner | None = None
        self._driven: set[int] = set()

    def __repr__(self) -> str:
        return f"Journal({self.path!r})"

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. Entries that are still being driven become free to go on with."""
        if self._owner is not None:
            self._owner.release()
        self._file.close()

    # ---- driving ------------------------------------------------------------------

    async def drive(
        self,
        client: AnyClient,
        walk: Walk,
        *,
        pause: Pause | None = None,
        watch: Recorder | None = None,
    ) -> Outcome:
        """Go on with *walk* to its end; ``cancel(..., journal=...)`` calls this.

        An unsettled cancel of the same order is gone on with, by what *walk*
        says about order, policy and routes; one that can't be read is left as it is. So is an
        unsettled refund: that of the same number, or where the caller gave none, of the same
        payment and amount.

        Raises:
            BusyError: Another process is cancelling this order; nothing was sent.
            JournalError: The journal can't be written; nothing was sent.
            InputError: The order can't be asked for, or with the refunds that the journal has of
                the payment this one is above what was paid; nothing was sent.
        """
        with self._claimed(client, lambda: self._find_or_add(client, walk)) as (entry, page):
            walk = self._beside(with_news(as_it_was_left(entry), walk), entry)
            return await self._finish(client, walk, entry, page, pause, watch)

    def resume(
        self,
        client: Client,
        number: int,
        *,
        policy: Policy | None = None,
        pause: Callable[[float], None] | None = None,
        watch: Recorder | None = None,
    ) -> Outcome:
        """Go on with an unsettled entry: look first, then as far as it takes.

        A settled entry is not asked for again: its outcome is returned as it was.

        Args:
            client: For the same gateway and merchant as when it began.
            number: Of the entry, as ``pending`` tells it.
            policy: How patient to be; as before when left out.
            pause: Waits so many seconds; the client's own when left out.
            watch: Told of every question.

        Raises:
            BusyError: Another process is cancelling it; nothing was sent.
            InputError: There is no such entry, or it belongs to another account.
            JournalError: The journal can't be written, or the entry can't be read;
                nothing was sent.
        """
        check_client(client, "Client")
        return at_once(self._resume(client, number, policy, pause, watch))

    async def aresume(
        self,
        client: AsyncClient,
        number: int,
        *,
        policy: Policy | None = None,
        pause: Callable[[float], Awaitable[None]] | None = None,
        watch: Recorder | None = None,
    ) -> Outcome:
        """Do what ``resume`` does, with an ``AsyncClient``."""
        check_client(client, "AsyncClient")
        return await self._resume(client, number, policy, pause, watch)

    async def _resume(
        self,
        client: AnyClient,
        number: int,
        policy: Policy | None,
        pause: Pause | None,
        watch: Recorder | None,
    ) -> Outcome:
        with self._claimed(client, lambda: number) as (entry, page):
            if entry.settled and entry.outcome is not None:
                return entry.outcome
            walk = self._beside(as_it_was_left(entry), entry)
            if policy is not None:
                walk = replace(walk, policy=policy)
            with span("refund" if isinstance(walk, RefundWalk) else "cancel") as tell:
                outcome = await self._finish(client, walk, entry, page, pause, watch)
                tell(outcome)
                return outcome

    def _beside(self, walk: Walk, entry: Entry) -> Walk:
        """Return a walk that knows the other refunds of its payment.

        Of two at the same time the later one sees the earlier: its entry is written first.
        """
        if not isinstance(walk, RefundWalk):
            return walk
        beside = {
            "base_url": entry.base_url,
            "app_code": entry.app_code,
            "syssn": walk.payment.order.syssn,
            "number": entry.number,
        }
        others = self._read(_SAME_PAYMENT, beside)
        return replace(walk, others=tuple(o.order.txamt for o in others_of(walk, others)))

    async def _finish(
        self,
        client: AnyClient,
        walk: Walk,
        entry: Entry,
        page: OpenEntry,
        pause: Pause | None,
        watch: Recorder | None,
    ) -> Outcome:
        followers = (page,) if watch is None else (page, watch)
        try:
            outcome = await finish(client, walk, *followers, pause=pause, steps=entry.steps)
        except InputError:  # nothing was sent: it is not a question whose answer was lost
            page.take_back()
            raise
        return replace(outcome, warnings=outcome.warnings + tuple(page.warnings))

    # ---- reading --------------------------------------------------------------------

    def pending(self, client: AnyClient | None = None) -> tuple[Entry, ...]:
        """Return what is still owed, oldest first: interrupted, or ended with the money unknown.

        Entries that can't be read are not among them: see ``unreadable``.

        Args:
            client: Only what this client could resume; everything when left out.
        """
        owed = self._entries("WHERE settled = 0 ORDER BY number", {})
        return tuple(entry for entry in owed if client is None or _is_for(entry, client))

    def entries(
        self, *, out_trade_no: str | None = None, syssn: str | None = None
    ) -> tuple[Entry, ...]:
        """Return every cancel that was begun, oldest first, or those of one order.

        Entries that can't be read are not among them: see ``unreadable``.
        """
        wanted = {"out_trade_no": out_trade_no, "syssn": syssn}
        given = (name for name, value in wanted.items() if value is not None)
        by = "".join(f" AND {name} = :{name}" for name in given)
        return self._entries(f"WHERE true{by} ORDER BY number", wanted)

    def unreadable(self, client: AnyClient | None = None) -> tuple[Unreadable, ...]:
        """Return the entries that can't be read, oldest first. They never block the others.

        Args:
            client: Only those of this client's gateway and app code.
        """
        where, values = "", {}
        if client is not None:
            where = "WHERE base_url = :base_url AND app_code = :app_code "
            values = {"base_url": client.base_url, "app_code": client.credentials.app_code}
        found = self._read(f"{where}ORDER BY number", values)
        return tuple(entry for entry in found if isinstance(entry, Unreadable))

    def entry(self, number: int) -> Entry:
        """Return one entry, with its evidence.

        Raises:
            InputError: There is no entry of that number.
            JournalError: It can't be read; says why, and what to do.
        """
        with self._file.reading():
            return self._readable(self._row(number))

    def asked(self, client: AnyClient, seconds: float) -> tuple[float, ...]:
        """Return when this account's last questions left, for its limits; *seconds* back."""
        with self._file.reading():
            rows = self._file.db.execute(
                _SENT,
                {
                    "now": client.clock(),
                    "seconds": seconds,
                    "base_url": client.base_url,
                    "app_code": client.credentials.app_code,
                },
            )
            return tuple(sent for (sent,) in rows)

    def _entries(self, where: str, values: dict[str, Any]) -> tuple[Entry, ...]:
        return tuple(entry for entry in self._read(where, values) if isinstance(entry, Entry))

    def _read(self, where: str, values: dict[str, Any]) -> tuple[Entry | Unreadable, ...]:
        with self._file.reading():
            rows = self._file.db.execute(f"SELECT * FROM entry {where}", values).fetchall()
            return tuple(self._of_row(dict(row)) for row in rows)

    def _row(self, number: int) -> Cells:
        row = None
        with suppress(OverflowError):  # more than SQLite can count
            by_number = "SELECT * FROM entry WHERE number = ?"
            row = self._file.db.execute(by_number, (number,)).fetchone()
        if row is None:
            raise InputError(
                "number",
                "{number} is not in the journal",
                "the number of an entry in {path}",
                number=number,
                path=self.path,
            )
        return dict(row)

    def _readable(self, row: Cells) -> Entry:
        entry = self._of_row(row)
        if isinstance(entry, Entry):
            return entry
        to_do = _UPDATE if entry.newer else _ANEW
        raise JournalError(to_do, number=entry.number, path=self.path, why=entry.why)

    def _of_row(self, row: Cells) -> Entry | Unreadable:
        return entry_of(self._file.db, row, self._is_busy(row))

    # ---- claiming -------------------------------------------------------------------

    def _find_or_add(self, client: AnyClient, walk: Walk) -> int:
        out_trade_no, syssn = walk.filed
        values = {
            "base_url": client.base_url,
            "app_code": client.credentials.app_code,
            "mchid": _mchid(walk.order, client),
            "out_trade_no": out_trade_no,
            "syssn": syssn,
            "begun": client.clock(),
            "walk": dumped(walk, client),
            "number": 0,  # of its own entry, which it does not have yet
        }
        for entry in self._read(_UNSETTLED, values):
            if goes_on(entry, walk):
                return entry.number
        if isinstance(walk, RefundWalk):
            check_left(walk, others_of(walk, self._read(_SAME_PAYMENT, values)))
        added = self._file.db.execute(_ADD, values)
        assert added.lastrowid is not None
        return added.lastrowid

    @contextmanager
    def _claimed(
        self, client: AnyClient, find: Callable[[], int]
    ) -> Iterator[tuple[Entry, OpenEntry]]:
        """Claim the entry that *find* names or adds, in one transaction."""
        claimed = 0  # none yet
        try:
            with self._file.writing():
                number = find()
                row = self._row(number)
                entry = self._free(row, client)
                self._file.db.execute(
                    "UPDATE entry SET owner = ? WHERE number = ?", (self._mine().name, number)
                )
                claimed = number
                self._driven.add(claimed)
        except BaseException:
            self._driven.discard(claimed)  # what was written is taken back
            raise
        try:
            yield entry, OpenEntry(self._file, client, row)
        finally:
            self._driven.discard(number)
            # Where this fails, the entry is free for others when the process ends.
            with suppress(JournalError), self._file.writing():
                self._file.db.execute("UPDATE entry SET owner = NULL WHERE number = ?", (number,))

    def _free(self, row: Cells, client: AnyClient) -> Entry:
        """Return the entry of a row; refuse one that is claimed, or of another account."""
        number = row["number"]
        if self._is_busy(row):
            raise BusyError(
                f"order {text_or_none(row['out_trade_no']) or text_or_none(row['syssn'])}"
                f" (entry {number} of {self.path}) is being"
                " cancelled or refunded by another process: wait until it ends"
            )
        entry = self._readable(row)
        if not _is_for(entry, client):
            raise InputError(
                "client",
                "is for {given} at {url}",
                "that of entry {number}: {wanted} at {wanted_url}",
                given=_account(client.credentials.app_code, client.credentials.mchid),
                url=client.base_url,
                number=number,
                wanted=_account(entry.app_code, entry.mchid),
                wanted_url=entry.base_url,
            )
        return entry

    def _is_busy(self, row: Cells) -> bool:
        owner = row["owner"]
        if not isinstance(owner, str) or not _OWNER.fullmatch(owner):
            return False
        mine = self._mine()
        return row["number"] in self._driven if owner == mine.name else mine.is_alive(owner)

    def _mine(self) -> Owner:
        if self._owner is None:
            self._owner = Owner(None if self.path == ":memory:" else Path(self.path))
        return self._owner


# Written down is not yet sent: it may have waited for its turn.
_SENT = """
SELECT coalesce(
    CASE WHEN typeof(taken) = 'text' AND json_valid(taken)
    THEN json_extract(taken, '$.exchange.started') END,
    asked
) AS sent
FROM question JOIN entry ON entry.number = question.entry
WHERE question.number > (SELECT max(number) FROM question) - 2000
AND typeof(sent) IN ('real', 'integer') AND abs(sent - :now) < :seconds
AND base_url = :base_url AND app_code = :app_code
ORDER BY sent
"""
_UNSETTLED = """
WHERE settled = 0 AND base_url = :base_url AND app_code = :app_code AND mchid = :mchid
AND (out_trade_no = :out_trade_no OR syssn = :syssn)
ORDER BY number
"""
_SAME_PAYMENT = """
WHERE syssn = :syssn AND base_url = :base_url AND app_code = :app_code AND number <> :number
ORDER BY number
"""
_ADD = """
INSERT INTO entry (base_url, app_code, mchid, out_trade_no, syssn, begun, changed, walk)
VALUES (:base_url, :app_code, :mchid, :out_trade_no, :syssn, :begun, :begun, :walk)
"""

_OWNER = re.compile("[0-9a-f]+")
_UPDATE = mark(
    "entry {number} of the journal {path} can't be read: {why}. A newer qftools wrote it: "
    "update qftools, or cancel the order again, which starts a new entry"
)
_ANEW = mark(
    "entry {number} of the journal {path} can't be read: {why}. Was the file edited? Cancel "
    "the order again, which starts with a query and a new entry"
)


def _mchid(order: Order, client: AnyClient) -> str:
    return order.mchid or client.credentials.mchid or ""


def _is_for(entry: Entry, client: AnyClient) -> bool:
    mine = (client.base_url, client.credentials.app_code, _mchid(entry.order, client))
    return (entry.base_url, entry.app_code, entry.mchid) == mine


def _account(app_code: str, mchid: str | None) -> str:
    return f"{app_code} with mchid {mchid}" if mchid else app_code
