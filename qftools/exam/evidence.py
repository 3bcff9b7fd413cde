"""What the gateway saw, for a reader: a line for each exchange, identical ones together."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

from qftools.exam.situations import say
from qftools.sandbox import words as sandbox_words

if TYPE_CHECKING:
    from qftools.sandbox.gateway.exchanges import SandboxExchange


@dataclass(frozen=True, slots=True)
class Evidence:
    """One exchange, or several in a row that are identical.

    Attributes:
        first: The number of the first one. *last*: of the last one.
        call: The endpoint, or where it is none the method and the path.
        status: The HTTP status of the reply; 0: no reply came.
        respcd: The code of the reply, empty for none.
        rows: The codes of the rows of a query, with a cancel flag that is not 0; None where the
            reply has no rows.
        fault: What the network did to it, a name of the sandbox's; empty for nothing.
        full: Everything that was sent and came back.
    """

    first: int
    last: int
    call: str
    status: int
    respcd: str
    rows: tuple[str, ...] | None
    fault: str
    full: str

    @property
    def numbers(self) -> str:
        """``#2``, or ``#2-#40``."""
        return f"#{self.first}" if self.first == self.last else f"#{self.first}-#{self.last}"

    @property
    def times(self) -> str:
        """How often, empty for once."""
        count = self.last - self.first + 1
        return say("seen_times").format(count=count) if count > 1 else ""

    def line(self) -> str:
        """Return it as one line.

        Example:
            >>> from qftools.texts import choose
            >>> choose("en")
            True
            >>> Evidence(2, 40, "query", 200, "0000", ("1143",), "", "").line()
            '#2-#40 query -> 0000, row 1143 (39 times)'
            >>> Evidence(1, 1, "payment", 0, "", None, "lost after", "").line()
            '#1 payment -> no reply [gateway acted, reply lost]'
        """
        fault = f" [{_fault(self.fault)}]" if self.fault else ""
        return f"{self.numbers} {self.call} -> {self._came()}{fault}{self.times}"

    def _came(self) -> str:
        if not self.status:
            return say("seen_lost")
        came = self.respcd or f"HTTP {self.status}"
        if self.rows is None:
            return came
        rows = say("seen_rows").format(rows=" ".join(self.rows))
        return came + (rows if self.rows else say("seen_no_row"))

    def whole(self) -> str:
        """Return everything, as it went over the wire, below its number."""
        return f"{self.numbers}{self.times} {self.full}"


def _fault(name: str) -> str:
    return sandbox_words.say(f"fault_{name.replace(' ', '_')}")


def seen(exchanges: Iterable[SandboxExchange]) -> tuple[Evidence, ...]:
    """Return what a sandbox saw; exchanges in a row that differ in their time alone are one."""
    same = groupby(exchanges, key=lambda one: (one.endpoint, one.fault, one.contents()))
    return tuple(_together([_seen(one) for one in group]) for _, group in same)


def in_short(evidence: Iterable[Evidence]) -> tuple[str, ...]:
    """Return a line for each exchange; those in a row whose lines say the same are one.

    Example:
        >>> from qftools.texts import choose
        >>> choose("en")
        True
        >>> in_short(Evidence(n, n, "query", 200, "1108", None, "", f"at {n}") for n in (2, 3))
        ('#2-#3 query -> 1108 (2 times)',)
    """
    same = groupby(evidence, key=lambda one: replace(one, first=0, last=0, full=""))
    return tuple(_together(list(group)).line() for _, group in same)


def _together(alike: Sequence[Evidence]) -> Evidence:
    return replace(alike[0], last=alike[-1].last)


def _seen(one: SandboxExchange) -> Evidence:
    status = one.response.status if one.response else 0
    rows = _rows(one.response.body) if one.response and one.endpoint == "query" else None
    call = one.endpoint or f"{one.request.method} {one.request.path}"
    respcd = one.respcd if status else ""
    return Evidence(one.number, one.number, call, status, respcd, rows, one.fault, str(one))


def _rows(body: bytes) -> tuple[str, ...] | None:
    """Return the code of each row of a query's reply, None where it has no rows."""
    try:
        data = json.loads(body)["data"]
        return tuple(map(_row, data))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _row(row: dict[str, object]) -> str:
    flag = row.get("cancel")
    return f"{row['respcd']} cancel {flag}" if flag not in (None, "", "0") else str(row["respcd"])
