"""Writes the questions of one entry, each before it is asked, and the answers to them."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

from qftools.cancellation.outcome import Taken
from qftools.cancellation.verdicts import Verdict
from qftools.cancellation.walk import Ask, Step, Walk
from qftools.errors import JournalError
from qftools.exchange.redaction import Redactor, redactor_for
from qftools.journal import records
from qftools.journal.entries import Cells
from qftools.journal.file import JournalFile
from qftools.journal.going_on import SETTLED

if TYPE_CHECKING:
    from qftools.cancellation.run import AnyClient


_KEEP = """
UPDATE entry SET changed = :now, walk = :walk, verdict = :verdict,
settled = :settled OR (:absent AND begun + :expiry <= :now),
syssn = coalesce(:syssn, syssn), out_trade_no = coalesce(:out_trade_no, out_trade_no)
WHERE number = :number
"""
_AS_BEFORE = """
UPDATE entry SET changed = :changed, walk = :walk, verdict = :verdict, settled = :settled
WHERE number = :number
"""
_FORGET = """
DELETE FROM entry
WHERE number = :number AND NOT EXISTS (SELECT 1 FROM question WHERE entry = :number)
"""


class OpenEntry:
    """Writes the questions of one claimed entry; the recorder of its walk."""

    def __init__(self, file: JournalFile, client: AnyClient, row: Cells) -> None:
        self._file = file
        self._client = client
        self._number: int = row["number"]
        self._before = row  # emptied once a question was sent and answered
        self._question: int | None = None  # which row's, while its answer is awaited
        self.warnings: list[str] = []

    def asking(self, walk: Walk, action: Ask) -> None:
        """Write what is about to be asked. Before the first request, failing stops it all."""
        try:
            with self._file.writing():
                self._write(walk)
                number = self._add(self._client.clock(), walk.step, action)
            self._question = number
        except JournalError as error:
            if self._before or walk.step is Step.REFUND:  # it can't be undone, or sent twice
                raise
            self._warn(error)

    def told(self, walk: Walk, taken: Taken) -> None:
        """Write what came back. Failing costs a warning: the verdict must reach the caller."""
        try:
            with self._file.writing():
                self._write(walk)
                if self._question is None:
                    self._question = self._add(taken.at, taken.step, Ask(taken.endpoint, {}))
                self._file.db.execute(
                    "UPDATE question SET taken = ? WHERE number = ?",
                    (json.dumps(records.plain(taken)), self._question),
                )
        except JournalError as error:
            self._warn(error)
        self._question = None
        self._before.clear()

    def take_back(self) -> None:
        """Take the last question back, which never left: as if it had not been written."""
        with suppress(JournalError), self._file.writing():
            db = self._file.db
            db.execute("DELETE FROM question WHERE number = ?", (self._question,))
            if self._before:
                db.execute(_AS_BEFORE, self._before)
            db.execute(_FORGET, {"number": self._number})

    def _add(self, asked: float, step: Step, action: Ask) -> int | None:
        return self._file.db.execute(
            "INSERT INTO question (entry, asked, step, endpoint, params) VALUES (?, ?, ?, ?, ?)",
            (
                self._number,
                asked,
                step.value,
                action.endpoint,
                _redactor(self._client).json(dict(action.params)),
            ),
        ).lastrowid

    def _write(self, walk: Walk) -> None:
        now = self._client.clock()
        out_trade_no, syssn = walk.filed
        self._file.db.execute(
            _KEEP,
            {
                "now": now,
                "walk": dumped(walk, self._client),
                "verdict": walk.end.verdict.value if walk.end else None,
                "settled": walk.end is not None and walk.end.verdict in SETTLED,
                "absent": walk.end is not None and walk.end.verdict is Verdict.NOT_FOUND,
                "expiry": walk.patience.expiry,
                "syssn": syssn,
                "out_trade_no": out_trade_no,
                "number": self._number,
            },
        )

    def _warn(self, error: JournalError) -> None:
        warning = f"not written: {error}"
        if warning not in self.warnings:
            self.warnings.append(warning)


def _redactor(client: AnyClient) -> Redactor:
    """What the caller gave is kept without the key; a reply has been redacted by the client."""
    return redactor_for(frozenset({client.credentials.client_key}))


def dumped(walk: Walk, client: AnyClient) -> str:
    plain = records.plain(walk)
    payment = plain.get("payment") or {}
    for order in filter(None, (plain["order"], plain["target"], payment.get("order"))):
        udid = order["udid"]
        if udid is not None and _redactor(client).text(udid) != udid:
            # A free text, left out: what is redacted can't be sent again. Numbers stay whole.
            order["udid"] = None
    return json.dumps(plain)
