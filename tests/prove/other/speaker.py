"""The second gateway at work: a request in, an answer out, and a record of what was said.

The record is what the verdict is judged by: which answers a client had to understand, and
what they showed. It is the gateway's own; nothing of what the client made of it is in here.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl

from tests.prove.other import breaks, smudges
from tests.prove.other.breaks import Wire
from tests.prove.other.dialect import (
    Dialect,
    cancel_answer,
    query_answer,
    to_bytes,
    written_row,
)
from tests.prove.other.gateway import ALIVE, HOLD, ON_HOLD, Gateway, Payment, Row, Truth, truth
from tests.prove.other.schedule import Plan, Trouble


@dataclass(frozen=True, slots=True)
class Said:
    """One answer as the gateway knows it.

    Attributes:
        clear: A client must understand it: it came through, signed as the others, every row
            as some source has it.
        shows: What it proves: a word of the truth; "" where it proves nothing.
        trouble: What was wrong with it, or "".
        alive: The syssn of every payment that could still be paid, as the rows had it.
        rows: How many payments of this order it showed.
    """

    endpoint: str
    clear: bool
    shows: str
    trouble: str
    alive: frozenset[str] = frozenset()
    rows: int = 0
    denied: bool = False
    body: bytes = b""


class Speaker:
    """Answers requests for one order, and keeps a record."""

    def __init__(self, plan: Plan, gateway: Gateway, key: str, mine: Mapping[str, str]) -> None:
        self.plan = plan
        self.gateway = gateway
        self.way: Dialect = plan.way
        self.troubles: tuple[Trouble, ...] = plan.troubles
        self.echo = plan.echo
        self._key = key
        self._mine = mine
        self.life: list[Said] = []
        self.asked = 0
        self.trusted = False  # a signed answer has been seen for certain
        self.signs_seen = False  # one was sent
        self._count = {"query": 0, "cancel": 0}
        self.truth_when_asked: Truth | None = None
        self.own_when_asked: Truth | None = None
        self.another_when_asked = False
        self.there_when_looked: bool | None = None  # by a query that looked in the right place
        self.unsaid = False  # a cancel was refused, and its reply did not say so
        self.badly_signed = False

    # ---- the order --------------------------------------------------------------------------

    @property
    def amiss(self) -> list[str]:
        """What was wrong with the requests that came."""
        return ["a request was not signed as the protocol says"] if self.badly_signed else []

    def attempts(self) -> list[Payment]:
        """The payments that are this order: all under its number, or the one of its syssn."""
        now = self.gateway.clock.now()
        return [payment for payment in self._coming() if payment.hidden_until <= now]

    def _coming(self) -> list[Payment]:
        """The same, with those that have not arrived yet."""
        number, syssn = self._mine.get("out_trade_no"), self._mine.get("syssn")
        return [
            payment
            for payment in self.gateway.payments
            if (payment.out_trade_no == number if number else payment.syssn == syssn)
        ]

    def meant(self) -> list[Payment]:
        """The payment whose syssn the caller gave; all of the order where it gave none."""
        syssn = self._mine.get("syssn")
        return [p for p in self.attempts() if syssn in (None, p.syssn)]

    def fits(self, txamt: int, txcurrcd: str) -> bool:
        """Whether a row over so much does not contradict what the caller said."""
        told, hidden = self._mine, self.way.leaves_out
        amount = "txamt" in hidden or told.get("txamt") in (None, str(txamt))
        unsaid = "txcurrcd" in hidden or self.way.currency == "empty"
        return amount and (unsaid or told.get("txcurrcd") in (None, txcurrcd))

    # ---- one request ------------------------------------------------------------------------

    def answer(self, path: str, headers: Mapping[str, str], form: bytes) -> Wire:
        """What comes back over the wire."""
        endpoint = path.rpartition("/")[2]
        params = dict(parse_qsl(form.decode(), keep_blank_values=True))
        self._check_signature(params, headers)
        kind = "query" if endpoint == "query" else "cancel"
        n = self._count[kind]
        self._count[kind] += 1
        self.asked += 1
        names = [t.name for t in self.troubles if t.strikes(endpoint, n)]
        broken = next((name for name in names if name in breaks.BREAKS), "")
        smudge = next((name for name in names if name in smudges.NAMES), "")
        dice = random.Random(f"{self.plan.seed} {self.asked}")
        if broken == "request lost":
            self.life.append(Said(endpoint, False, "", broken))
            return Wire(fate="refused")
        if kind == "query":
            content, said = self._query(params, smudge, dice)
        else:
            content, said = self._acted(endpoint, params, dice)
        if smudge:
            content = smudges.whole_with(smudge, content, dice) if content else content
            said = replace(said, clear=False, shows="", trouble=smudge, denied=smudge == "denied")
        if (
            broken in breaks.FORGES
            and self.plan.lies
            and (broken == "wrong signature" or (self.trusted and self.signs))
        ):
            content = self._lie(content, dice)
        wire, said = self._through(content, said, broken, n, form, dice)
        self.life.append(replace(said, body=wire.body))
        return wire

    def _acted(
        self, endpoint: str, params: Mapping[str, str], dice: random.Random
    ) -> tuple[Any, Said]:
        """A call that is to change something, and what is said about it."""
        became = self.gateway.cancel(endpoint, params)
        content = cancel_answer(became, self.way, dice, self.gateway.number())
        told = self.way.cancels in ("flat", "bare")
        self.unsaid |= became.what not in ("done", "pending") and not told
        return content, Said(endpoint, True, "", "", denied=became.what in ("mismatch",))

    def _query(
        self, params: Mapping[str, str], smudge: str, dice: random.Random
    ) -> tuple[Any, Said]:
        found = self.gateway.query(params)
        attempts, meant = self.attempts(), self.meant()
        self.truth_when_asked, self.own_when_asked = truth(attempts), truth(meant)
        self.another_when_asked = any(
            payment.state in ALIVE | ON_HOLD or payment.net > 0
            for payment in attempts
            if payment not in meant
        )
        if self.gateway.looks_for(self._coming(), params):
            self.there_when_looked = bool(attempts)
        size = int(params.get("page_size", "0")) or self.gateway.rules.page_size
        page = int(params.get("page", "1") or 1)
        ordered = self._ordered(found, dice)
        shown = ordered[(page - 1) * size : page * size]
        written = [written_row(row, self.way, dice) for row in shown]
        said = self._said(found, shown, size)
        if self.plan.strangers and written and self.plan.agent:
            written.append(smudges.strange(written[0], dice, self._mine.get("mchid")))
            said = replace(said, clear=False, shows="", trouble="a row of another merchant")
        if smudge in smudges.NEED_AMOUNT and smudges.NEED_AMOUNT[smudge] not in self._mine:
            smudge = "null beside"
        rows = smudges.rows_with(smudge, written, dice)
        return query_answer(rows, self.way, page, size), said

    def _ordered(self, rows: list[Row], dice: random.Random) -> list[Row]:
        if self.way.rows == "oldest":
            return rows[::-1]
        if self.way.rows == "shuffled":
            return dice.sample(rows, len(rows))
        return rows

    def _said(self, found: list[Row], shown: list[Row], size: int) -> Said:
        """What the rows on this page prove of the order, read by the protocol alone."""
        mine = {payment.syssn: payment for payment in self.attempts()}
        here = [mine[row.syssn] for row in shown if row.kind == "payment" and row.syssn in mine]
        alive = frozenset(p.syssn for p in here if p.state in ALIVE | ON_HOLD)
        word = truth(here).word
        meant = self.meant()
        own = truth(payment for payment in here if payment in meant).word
        if word == "paid" and own == "open":  # that payment may be called off, by its own number
            word = own
        whole = len(here) == len(mine) and len(found) == len(shown)
        trouble = ""
        says_hold = self.plan.pay_type != HOLD or "pay_type" not in self.way.leaves_out
        plain = self.way.plain and says_hold
        if not here and found:
            trouble = "rows of other orders only"
        elif len(found) > len(shown) or len(shown) >= size:
            trouble = "a full page: there may be more rows"
        elif not whole and here:
            trouble = "not every payment of the order lies in this table"
        elif not plain:
            trouble = "a way to write that no source shows"
        elif not all(self.fits(payment.txamt, payment.txcurrcd) for payment in here):
            trouble = "amount or currency contradict the order"
        paid = any(p.net > 0 and self.fits(p.txamt, p.txcurrcd) for p in here)
        proves = not trouble or (word == "paid" and paid and plain)
        shows = word if proves and (whole or word in ("paid", "absent")) else ""
        return Said("query", proves, shows, trouble, alive, len(here))

    # ---- onto the wire ----------------------------------------------------------------------

    @property
    def signs(self) -> bool:
        """Whether the gateway signs its answers."""
        return self.way.signs != "no"

    def _through(
        self, content: Any, said: Said, broken: str, n: int, form: bytes, dice: random.Random
    ) -> tuple[Wire, Said]:
        text = self._echoed(n, form)
        if text and self.echo:
            content = breaks.put_in(content, self.echo.place, text)
        body = to_bytes(content, self.way)
        headers = (("Content-Type", "application/json; charset=UTF-8"), ("Server", "nginx"))
        wire = Wire(body, headers=headers + self._signature(body))
        if text and self.echo:
            wire = breaks.echoed(wire, self.echo.place, text)
            if wire.status != 200:
                said = replace(said, clear=False, shows="", trouble="a page")
        if broken:
            wire = breaks.BREAKS[broken](wire, dice)
            said = replace(said, clear=False, shows="", trouble=broken)
        signed = any(name == "X-QF-SIGN" for name, _ in wire.headers)
        if said.clear and self.signs_seen and not signed:
            said = replace(said, clear=False, shows="", trouble="unsigned after signed")
        self.signs_seen = self.signs_seen or signed
        return replace(wire, seen=said.clear and signed), said

    def _signature(self, body: bytes) -> tuple[tuple[str, str], ...]:
        signs = self.way.signs
        if signs == "no":
            return ()
        hashed = hashlib.sha256 if signs == "SHA256" else hashlib.md5
        text = hashed(body + self._key.encode()).hexdigest()
        return (("X-QF-SIGN", text if signs == "md5" else text.upper()),)

    def _echoed(self, n: int, form: bytes) -> str:
        if self.echo is None or n != self.echo.after:
            return ""
        return f"{form.decode()} {breaks.ENCODINGS[self.echo.encoding](self._key)}"

    def _lie(self, content: Any, dice: random.Random) -> Any:
        """What someone says who is not the gateway."""
        if not isinstance(content, dict) or not isinstance(content.get("data"), list):
            return content
        rows = [row for row in content["data"] if isinstance(row, dict)]
        respcd, cancel = dice.choice(smudges.WORDS)
        told = [{**row, "respcd": respcd, "cancel": cancel} for row in rows]
        return {**content, "data": dice.choice([told, told, []])}

    def _check_signature(self, params: Mapping[str, str], headers: Mapping[str, str]) -> None:
        plain = "&".join(f"{name}={params[name]}" for name in sorted(params)) + self._key
        hashed = hashlib.sha256 if headers.get("X-QF-SIGNTYPE") == "SHA256" else hashlib.md5
        expected = hashed(plain.encode()).hexdigest()
        self.badly_signed |= headers.get("X-QF-SIGN", "").lower() != expected
