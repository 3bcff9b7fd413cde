"""What was about to be asked, on disk before it is asked; and how to go on after a crash.

One SQLite file that processes may share. It promises that a cancel which had
begun is never forgotten, and never writes the client key.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from qftools import records
from qftools.cancellation import Outcome, Recorder, Taken, finish, outcome_of
from qftools.client import Client
from qftools.errors import BusyError, InputError, JournalError
from qftools.exchange.redaction import redactor_for
from qftools.journal_file import JournalFile
from qftools.models import Order
from qftools.ownership import Owner
from qftools.policy import Policy
from qftools.verdicts import Verdict
from qftools.walk import Ask, Walk


@dataclass(frozen=True, slots=True)
class Entry:
    """What the journal has of one cancel.

    Attributes:
        number: Its number in this journal, from 1.
        base_url, app_code, mchid: The gateway that was asked, by whom, and for
            which merchant (empty: the app code's own).
        begun, changed: When it began and when it was last written, in seconds
            since 1970 by the client's clock.
        walk: Where the cancel stands.
        steps: Every question that was answered, in order.
        unanswered: The endpoint of a question that may have left without its
            answer having been seen; None where there is none.
        settled: Nothing is owed any more.
        busy: Somebody is at it now.
    """

    number: int
    base_url: str
    app_code: str
    mchid: str
    begun: float
    changed: float
    walk: Walk
    steps: tuple[Taken, ...]
    unanswered: str | None
    settled: bool
    busy: bool

    @property
    def order(self) -> Order:
        """The order, with what the books told about it."""
        return self.walk.order

    @property
    def verdict(self) -> Verdict | None:
        """How it ended; None where it was interrupted."""
        return self.walk.end.verdict if self.walk.end else None

    @property
    def outcome(self) -> Outcome | None:
        """Verdict and evidence, as ``cancel`` returned them; None where it was interrupted."""
        return outcome_of(self.walk, self.steps) if self.walk.end else None


class Journal:
    """Keeps cancels on disk, so that none is lost and none is driven twice at once.

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

    def drive(
        self,
        client: Client,
        walk: Walk,
        *,
        pause: Callable[[float], None] | None = None,
        watch: Recorder | None = None,
    ) -> Outcome:
        """Go on with *walk* to its end; ``cancel(..., journal=...)`` calls this.

        An unsettled cancel of the same order is gone on with, by what *walk*
        says about order, policy and routes.

        Raises:
            BusyError: Somebody else is cancelling this order; nothing was sent.
            JournalError: The journal can't be written; nothing was sent.
            InputError: The order can't be asked for; nothing was sent.
        """
        with self._claimed(client, self._find_or_add(client, walk)) as (entry, page):
            before = _as_it_was_left(entry)
            if before != walk:
                walk = _with_news(before, walk)
            return self._finish(client, walk, entry, page, pause, watch)

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
            BusyError: Somebody else is at it; nothing was sent.
            InputError: There is no such entry, or it belongs to another account.
            JournalError: The journal can't be written; nothing was sent.
        """
        with self._claimed(client, number) as (entry, page):
            if entry.settled and entry.outcome is not None:
                return entry.outcome
            walk = _as_it_was_left(entry)
            if policy is not None:
                walk = replace(walk, policy=policy)
            return self._finish(client, walk, entry, page, pause, watch)

    def _finish(
        self,
        client: Client,
        walk: Walk,
        entry: Entry,
        page: _Page,
        pause: Callable[[float], None] | None,
        watch: Recorder | None,
    ) -> Outcome:
        followers = (page,) if watch is None else (page, watch)
        outcome = finish(client, walk, *followers, pause=pause, steps=entry.steps)
        return replace(outcome, warnings=outcome.warnings + tuple(page.warnings))

    # ---- reading --------------------------------------------------------------------

    def pending(self, client: Client | None = None) -> tuple[Entry, ...]:
        """Return what is still owed, oldest first: interrupted, or ended with the money unknown.

        Args:
            client: Only what this client could resume; everything when left out.
        """
        owed = self._entries("WHERE settled = 0 ORDER BY number")
        return tuple(entry for entry in owed if client is None or _is_for(entry, client))

    def entries(
        self, *, out_trade_no: str | None = None, syssn: str | None = None
    ) -> tuple[Entry, ...]:
        """Return every cancel that was begun, oldest first, or those of one order."""
        wanted = {"out_trade_no": out_trade_no, "syssn": syssn}
        given = {name: value for name, value in wanted.items() if value is not None}
        by = " AND ".join(f"{name} = :{name}" for name in given)
        return self._entries((f"WHERE {by} " if by else "") + "ORDER BY number", given)

    def entry(self, number: int) -> Entry:
        """Return one entry, with its evidence.

        Raises:
            InputError: There is no entry of that number.
        """
        found = self._entries("WHERE number = :number", {"number": number})
        if not found:
            raise InputError(
                "number",
                "{number} is in no entry",
                "one that {path} has",
                number=number,
                path=self.path,
            )
        return found[0]

    def asked(self, client: Client, seconds: float) -> tuple[float, ...]:
        """Return when this account's last questions left, for its limits; *seconds* back."""
        with self._file.reading():
            rows = self._file.db.execute(
                # Written down is not yet sent: it may have waited for its turn.
                "SELECT coalesce(json_extract(taken, '$.exchange.started'), asked) AS sent"
                " FROM question JOIN entry ON entry.number = question.entry"
                " WHERE question.number > (SELECT max(number) FROM question) - 2000"
                " AND sent > ? AND base_url = ? AND app_code = ? ORDER BY sent",
                (client.clock() - seconds, client.base_url, client.credentials.app_code),
            ).fetchall()
            return tuple(row["sent"] for row in rows)

    def _entries(self, where: str, values: dict[str, Any] | None = None) -> tuple[Entry, ...]:
        with self._file.reading():
            rows = self._file.db.execute(f"SELECT * FROM entry {where}", values or {}).fetchall()
            return tuple(self._of_row(row) for row in rows)

    def _of_row(self, row: sqlite3.Row) -> Entry:
        questions = self._file.db.execute(
            "SELECT endpoint, taken FROM question WHERE entry = ? ORDER BY number",
            (row["number"],),
        ).fetchall()
        last = questions[-1] if questions else None
        return Entry(
            row["number"],
            row["base_url"],
            row["app_code"],
            row["mchid"],
            row["begun"],
            row["changed"],
            records.to_walk(json.loads(row["walk"])),
            tuple(records.to_taken(json.loads(told["taken"])) for told in questions if told[1]),
            last["endpoint"] if last and not last["taken"] else None,
            bool(row["settled"]),
            row["owner"] is not None and self._is_driven(row["number"], row["owner"]),
        )

    # ---- claiming -------------------------------------------------------------------

    def _find_or_add(self, client: Client, walk: Walk) -> int:
        order = walk.order
        values = {
            "base_url": client.base_url,
            "app_code": client.credentials.app_code,
            "mchid": _mchid(order, client),
            "out_trade_no": order.out_trade_no,
            "syssn": order.syssn,
            "begun": client.clock(),
            "walk": _dumped(walk, client),
        }
        with self._file.writing():
            found = self._file.db.execute(
                "SELECT number FROM entry WHERE settled = 0 AND base_url = :base_url"
                " AND app_code = :app_code AND mchid = :mchid"
                " AND (out_trade_no = :out_trade_no OR syssn = :syssn)",
                values,
            ).fetchone()
            if found is not None:
                return int(found["number"])
            added = self._file.db.execute(
                "INSERT INTO entry"
                " (base_url, app_code, mchid, out_trade_no, syssn, begun, changed, walk)"
                " VALUES (:base_url, :app_code, :mchid, :out_trade_no, :syssn, :begun, :begun,"
                " :walk)",
                values,
            )
            return int(added.lastrowid or 0)

    @contextmanager
    def _claimed(self, client: Client, number: int) -> Iterator[tuple[Entry, _Page]]:
        with self._file.writing():
            entry = self.entry(number)
            if entry.busy:
                raise BusyError(
                    f"order {_name(entry.order)} (entry {number} of {self.path}) is being"
                    " cancelled by somebody else right now: let that finish"
                )
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
            self._file.db.execute(
                "UPDATE entry SET owner = ? WHERE number = ?", (self._mine().name, number)
            )
            self._driven.add(number)
        try:
            yield entry, _Page(self._file, client, number)
        finally:
            self._driven.discard(number)
            # Where this fails, the entry is free for others when the process ends.
            with suppress(JournalError), self._file.writing():
                self._file.db.execute("UPDATE entry SET owner = NULL WHERE number = ?", (number,))

    def _is_driven(self, number: int, owner: str) -> bool:
        mine = self._mine()
        return number in self._driven if owner == mine.name else mine.is_alive(owner)

    def _mine(self) -> Owner:
        if self._owner is None:
            self._owner = Owner(None if self.path == ":memory:" else Path(self.path))
        return self._owner


class _Page:
    """Writes the questions of one claimed entry; the recorder of its walk."""

    def __init__(self, file: JournalFile, client: Client, number: int) -> None:
        self._file = file
        self._client = client
        self._number = number
        self._question: int | None = None
        self._sent = False
        self.warnings: list[str] = []

    def asking(self, walk: Walk, action: Ask) -> None:
        """Write what is about to be asked. Before the first request, failing stops it all."""
        try:
            with self._file.writing():
                self._write(walk)
                self._question = self._add(walk, action)
        except JournalError as error:
            if not self._sent:
                raise
            self._warn(error)
        self._sent = True

    def told(self, walk: Walk, taken: Taken) -> None:
        """Write what came back. Failing costs a warning: the verdict must reach the caller."""
        try:
            with self._file.writing():
                self._write(walk)
                if self._question is None:
                    self._question = self._add(walk, Ask(taken.endpoint, {}), taken)
                self._file.db.execute(
                    "UPDATE question SET taken = ? WHERE number = ?",
                    (json.dumps(records.of_taken(taken)), self._question),
                )
        except JournalError as error:
            self._warn(error)
        self._question = None

    def _add(self, walk: Walk, action: Ask, taken: Taken | None = None) -> int | None:
        return self._file.db.execute(
            "INSERT INTO question (entry, asked, step, endpoint, params) VALUES (?, ?, ?, ?, ?)",
            (
                self._number,
                taken.at if taken else self._client.clock(),
                (taken.step if taken else walk.step).value,
                action.endpoint,
                json.dumps(_redacted(action.params, self._client)),
            ),
        ).lastrowid

    def _write(self, walk: Walk) -> None:
        now = self._client.clock()
        self._file.db.execute(
            "UPDATE entry SET changed = :now, walk = :walk, verdict = :verdict, settled ="
            " :settled OR (:absent AND begun + :expiry <= :now), syssn = coalesce(:syssn, syssn),"
            " out_trade_no = coalesce(:out_trade_no, out_trade_no) WHERE number = :number",
            {
                "now": now,
                "walk": _dumped(walk, self._client),
                "verdict": walk.end.verdict.value if walk.end else None,
                "settled": walk.end is not None and walk.end.verdict in SETTLED,
                "absent": walk.end is not None and walk.end.verdict is Verdict.NOT_FOUND,
                "expiry": walk.patience.expiry,
                "syssn": walk.order.syssn,
                "out_trade_no": walk.order.out_trade_no,
                "number": self._number,
            },
        )

    def _warn(self, error: JournalError) -> None:
        warning = f"not written: {error}"
        if warning not in self.warnings:
            self.warnings.append(warning)


SETTLED = frozenset(Verdict) - {Verdict.UNRESOLVED, Verdict.NOT_FOUND, Verdict.NOT_CANCELLABLE}
"""Verdicts after which nothing is owed. NOT_FOUND joins them once the payment's time is over."""


def _as_it_was_left(entry: Entry) -> Walk:
    walk = entry.walk.interrupted() if entry.unanswered else entry.walk
    fresh = not entry.steps and entry.unanswered is None
    return walk if fresh else walk.resumed()


def _with_news(before: Walk, walk: Walk) -> Walk:
    """The walk as it was left, with what the caller says now: more is known, or less."""
    known = before.order
    order = replace(
        walk.order,
        **{
            name: getattr(walk.order, name) or getattr(known, name)
            for name in ("out_trade_no", "syssn", "pay_type", "txcurrcd", "udid", "mchid")
        },
    )
    policy, profile, hk_cancel = walk.policy, walk.profile, walk.hk_cancel
    signs = before.known.signed or walk.known.signed
    return replace(
        before,
        order=order,
        policy=policy,
        profile=profile,
        hk_cancel=hk_cancel,
        known=replace(before.known, signed=signs),
    )


def _mchid(order: Order, client: Client) -> str:
    return order.mchid or client.credentials.mchid or ""


def _is_for(entry: Entry, client: Client) -> bool:
    mine = (client.base_url, client.credentials.app_code, _mchid(entry.order, client))
    return (entry.base_url, entry.app_code, entry.mchid) == mine


def _account(app_code: str, mchid: str | None) -> str:
    return f"{app_code} with mchid {mchid}" if mchid else app_code


def _name(order: Order) -> str:
    return order.out_trade_no or order.syssn or ""


def _dumped(walk: Walk, client: Client) -> str:
    plain = records.of_walk(walk)
    return json.dumps({**plain, "order": _redacted(plain["order"], client)})


def _redacted(given: Mapping[str, Any], client: Client) -> Any:
    """What the caller gave, without the key; a reply has been redacted by the client."""
    return redactor_for(frozenset({client.credentials.client_key})).plain(dict(given))
