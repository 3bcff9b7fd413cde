"""The second gateway's refunds: its books of them, and what its rows and replies say.

Written from the protocol alone, like the books of payments.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from tests.prove.other.dialect import Dialect
from tests.prove.other.gateway import CAME, Clock, Gateway, Is, Payment, Row, Rules

USED_AS = ("1251", "1102", "2011")  # C17
REFUSED_AS = ("1155", "1269", "1265", "1297")
_BABBLE = ("0000", "1143", "1145", "1101", "1254", "7777", "1251")


@dataclass(frozen=True, slots=True)
class RefundRules:
    """What this gateway does with refunds.

    Attributes:
        polls: How many queries a refund is in progress; 0: it is done at once.
        fails: What is in progress fails in the end.
        refuses: It takes no refund of this payment.
        appears_after: Seconds until a query finds a refund that was made.
        same_number: A refund's row stands under the payment's number (no source denies it).
        babbles: The reply says anything that is no refusal.
    """

    polls: int = 0
    fails: bool = False
    refuses: bool = False
    appears_after: float = 0.0
    same_number: bool = False
    babbles: bool = False


@dataclass
class Back:
    """One refund: of which payment, how much, and how far it is."""

    number: str
    syssn: str
    payment: Payment
    amount: int
    txdtm: str
    made: float
    state: Is = Is.PAID
    polls: int = 0


class RefundGateway(Gateway):
    """The books of payments, and of what was given back by number."""

    def __init__(self, rules: Rules, refunds: RefundRules, clock: Clock) -> None:
        super().__init__(rules, clock)
        self.refunds = refunds
        self.backs: list[Back] = []

    def back(self, number: str | None) -> Back | None:
        """The refund of that number."""
        return next((back for back in self.backs if back.number == number), None)

    def refund(self, payment: Payment, amount: int) -> None:
        """Another terminal gives money back: no more than is left beside what is under way."""
        super().refund(payment, min(amount, payment.net - self._underway()))

    def _underway(self) -> int:
        return sum(back.amount for back in self.backs if back.state is Is.WAIT)

    def give_back(self, params: Mapping[str, str]) -> str:
        """Refund: ``done``, ``pending``, or the refusal's name."""
        payment = next((p for p in self.payments if p.syssn == params.get("syssn")), None)
        number, amount = params.get("out_trade_no", ""), int(params.get("txamt", "0"))
        numbers = {p.out_trade_no for p in self.payments} | {back.number for back in self.backs}
        if payment is None:
            return "unknown"
        if number in numbers:
            return "used"
        if payment.state not in CAME:
            return "not paid"
        if not 0 < amount <= payment.net - self._underway():
            return "too much"
        if self.refunds.refuses:
            return "refused"
        now, waits = self.clock.now(), self.refunds.polls > 0
        back = Back(number, self.number(), payment, amount, params.get("txdtm", ""), now)
        self.backs.append(back)
        if waits:
            back.state, back.polls = Is.WAIT, self.refunds.polls
            return "pending"
        self._done(back)
        return "done"

    def _done(self, back: Back) -> None:
        payment = back.payment
        back.state = Is.PAID
        payment.returned.append((self.clock.now(), back.amount))
        payment.state = Is.REFUNDED if payment.net == 0 else Is.PART

    def query(self, params: Mapping[str, str]) -> list[Row]:
        rows = super().query(params)
        payments = {row.syssn for row in rows if row.kind == "payment"}
        for back in self.backs:
            row = self.row_of(back)
            if self.clock.now() < back.made + self.refunds.appears_after:
                continue
            if row.origssn in payments or self.finds(back, params):
                self._one_poll_more(back)
                rows.append(self.row_of(back))
        return sorted(dict.fromkeys(rows), key=lambda row: (-row.made, row.syssn))

    def finds(self, back: Back, params: Mapping[str, str]) -> bool:
        """Whether a query names the refund, and looks into the month where it lies."""
        row = self.row_of(back)
        fields = {"syssn": row.syssn, "out_trade_no": row.out_trade_no}
        named = [name for name in fields if name in params]
        mine = all(fields[name] in params[name].split(",") for name in named)
        as_payment = replace(
            back.payment, syssn=row.syssn, out_trade_no=row.out_trade_no, made=back.made
        )
        return bool(named) and mine and self._in_the_table(as_payment, params)

    def _one_poll_more(self, back: Back) -> None:
        if back.state is not Is.WAIT:
            return
        back.polls -= 1
        if back.polls <= 0 and self.refunds.fails:
            back.state = Is.FAILED
        elif back.polls <= 0:
            self._done(back)

    def row_of(self, back: Back) -> Row:
        """The refund's own row."""
        payment = back.payment
        return Row(
            "refund",
            back.syssn,
            payment.out_trade_no if self.refunds.same_number else back.number,
            payment.syssn,
            payment.pay_type,
            back.amount,
            payment.txcurrcd,
            back.txdtm,
            back.made,
            back.state,
            failure="1155",
            mchid=payment.mchid,
        )


_SAYS = {
    "done": ("0000",),
    "pending": ("1143", "1145"),
    "used": USED_AS,
    "unknown": ("1136",),
    "not paid": ("1261",),
    "too much": ("1272",),
    "refused": REFUSED_AS,
}


def refund_answer(
    became: str, refunds: RefundRules, way: Dialect, dice: random.Random
) -> dict[str, Any]:
    """What is said about a refund."""
    respcd = dice.choice(_SAYS[became])
    if refunds.babbles:
        respcd = dice.choice(_BABBLE)
    if way.cancels == "useless":
        return dice.choice([{}, {"respcd": None}, {"result": "ok"}])
    return {"resperr": "success", "respmsg": "", "respcd": respcd}
