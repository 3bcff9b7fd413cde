"""What the rows of a journal say: entries, and those that this qftools can't read."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

from qftools.cancellation.outcome import Outcome, Taken, outcome_of
from qftools.cancellation.verdicts import Verdict
from qftools.cancellation.walk import Walk
from qftools.catalogue import Text
from qftools.errors import NotUnderstoodError
from qftools.journal import records
from qftools.markup import Markup, el
from qftools.models import Order

Cells = dict[str, Any]  # of one row of the table "entry", by the column's name
_LATEST = 253402271999.0  # the last second of the year 9999, in Beijing


@dataclass(frozen=True, slots=True, repr=False)
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
        busy: A process is cancelling it now.
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

    def __repr__(self) -> str:
        state = self.verdict or f"interrupted at {self.walk.step}"
        return f"Entry({self.number}, {self.order.number!r}, {state})"

    def _repr_html_(self) -> Markup:
        ended = self.outcome
        return el("div", repr(self), ended and ended._repr_html_())

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


@dataclass(frozen=True, slots=True, repr=False)
class Unreadable:
    """An entry that this qftools can't read: a newer one wrote it, or it was edited.

    Attributes:
        number: Its number in this journal.
        out_trade_no, syssn: The order, as far as the row says; None where it does not.
        why: What is not understood, in one line, in both languages.
        newer: A newer qftools may understand it.
        settled: Nothing is owed: it said so itself, or a later entry of the
            same order does.
        busy: Another process is cancelling this order now.
    """

    number: int
    out_trade_no: str | None
    syssn: str | None
    why: Text
    newer: bool
    settled: bool
    busy: bool

    def __repr__(self) -> str:
        return f"Unreadable({self.number}, {self.out_trade_no or self.syssn!r}, {self.why.en!r})"


def entry_of(db: sqlite3.Connection, row: Cells, busy: bool) -> Entry | Unreadable:
    """Return what *row* of the table ``entry`` says; *busy*: a process is cancelling this order."""
    try:
        return _understood(db, row, busy)
    except NotUnderstoodError as error:
        return Unreadable(
            row["number"],
            text_or_none(row["out_trade_no"]),
            text_or_none(row["syssn"]),
            Text(error.say("zh"), error.say("en")),
            error.newer,
            row["settled"] == 1 or _is_settled_later(db, row),
            busy,
        )


def _understood(db: sqlite3.Connection, row: Cells, busy: bool) -> Entry:
    questions = db.execute(
        "SELECT endpoint, taken FROM question WHERE entry = :number ORDER BY number", row
    ).fetchall()
    walk = records.read(Walk, _parsed("walk", row["walk"]))
    steps = tuple(
        records.read(Taken, _parsed("taken", taken)) for _, taken in questions if taken is not None
    )
    for name in ("base_url", "app_code", "mchid"):
        if text_or_none(row[name]) is None:
            raise NotUnderstoodError(name, "{at} is no plain text")
    for at in (row["begun"], row["changed"], *(taken.at for taken in steps)):
        if type(at) not in (int, float) or not 0 <= at <= _LATEST:
            raise NotUnderstoodError("time", "{at} is {value!r}, not seconds since 1970", value=at)
    return Entry(
        row["number"],
        row["base_url"],
        row["app_code"],
        row["mchid"],
        row["begun"],
        row["changed"],
        walk,
        steps,
        next((str(endpoint) for endpoint, taken in questions[-1:] if taken is None), None),
        bool(row["settled"]),
        busy,
    )


def _is_settled_later(db: sqlite3.Connection, row: Cells) -> bool:
    return db.execute(_SETTLED_LATER, row).fetchone() is not None


_SETTLED_LATER = """
SELECT 1 FROM entry WHERE number > :number AND settled = 1
AND base_url = :base_url AND app_code = :app_code AND mchid = :mchid
AND (out_trade_no = :out_trade_no OR syssn = :syssn)
"""


def _parsed(name: str, text: str | bytes) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise NotUnderstoodError(name, "{at} is no JSON") from None


def text_or_none(value: object) -> str | None:
    """Return what may be shown of a cell: a plain text, or None."""
    return value if isinstance(value, str) and value.isprintable() else None
