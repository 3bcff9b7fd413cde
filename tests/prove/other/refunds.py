"""Schedules of refunds on the second gateway, played and compared with its truth."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from qftools.cancellation.outcome import Outcome
from qftools.cancellation.refund import refund
from qftools.cancellation.run import Keeper
from qftools.cancellation.verdicts import Verdict
from qftools.cancellation.walk import Ask, Walk
from qftools.client.client import Client
from qftools.journal.journal import Journal
from tests.prove.lives import Result, judged, lived, newest
from tests.prove.other import schedule as cancels
from tests.prove.other import stage as cancel_stage
from tests.prove.other.breaks import Wire
from tests.prove.other.gateway import Is, Row
from tests.prove.other.giving_back import Back, RefundGateway, RefundRules, refund_answer
from tests.prove.other.proof import Tell
from tests.prove.other.schedule import Act, Trouble
from tests.prove.other.speaker import Said, Speaker
from tests.prove.other.stage import KEY

ACTS = ("refund", "refund part", "refund part", "an hour passes")
_WORDS = {Is.PAID: "refunded", Is.WAIT: "pending", Is.FAILED: "failed"}
_VERDICTS = {
    "refunded": Verdict.REFUNDED,
    "pending": Verdict.REFUND_PENDING,
    "failed": Verdict.NOT_REFUNDED,
}
_SETTLED = (Verdict.REFUNDED, Verdict.NOT_REFUNDED, Verdict.ALREADY_REFUNDED)


@dataclass(frozen=True, slots=True)
class Plan(cancels.Plan):
    """Everything that will happen to a refund; see the schedule of a cancel.

    Attributes:
        amount: How much is asked for; None for all of it.
        number: The refund's own number; None to have one made.
        is_paid: Whether the payer has paid before.
        refunds: What the gateway does with refunds.
    """

    amount: int | None
    number: str | None
    is_paid: bool
    refunds: RefundRules


def schedule(seed: int, *, kills: bool = True) -> Plan:
    """Make the schedule of a seed."""
    like = cancels.schedule(seed, kills=kills, over="process")
    dice = random.Random(f"other refund {seed}")
    base = {item.name: getattr(like, item.name) for item in fields(cancels.Plan)}
    slow = dice.choice([0] * 6 + [1, 2, 5, 10**6])
    same_number = dice.random() < 0.08
    lag = dice.choice([0.0] * 10 + [3.0, 20.0, 3000.0])
    changes: dict[str, Any] = {
        "old": (),
        "arrives": 0.0,
        "knows": (like.knows - {"out_trade_no"}) | {"syssn"},
        "wrong": like.wrong if dice.random() < 0.5 else "",
        "acts": tuple(_act(dice) for _ in range(dice.choice([0, 0, 1, 1, 2]))),
        "troubles": tuple(_trouble(dice, one) for one in like.troubles),
    }
    return Plan(
        **base | changes,
        amount=dice.choice([None, None, like.txamt, 1, like.txamt - 1, like.txamt // 2]),
        number=f"G{seed}" if dice.random() < 0.4 else None,
        is_paid=dice.random() < 0.95,
        refunds=RefundRules(
            polls=slow,
            fails=slow > 0 and dice.random() < 0.4,
            refuses=dice.random() < 0.1,
            appears_after=lag,
            same_number=same_number,
            babbles=dice.random() < 0.1,
        ),
    )


def _act(dice: random.Random) -> Act:
    return Act(dice.choice(ACTS), dice.randint(0, 5), after=dice.random() < 0.5, newest=True)


def _trouble(dice: random.Random, like: Trouble) -> Trouble:
    return replace(like, on=dice.choice(["refund", "refund", "query", "query", "*"]))


class RefundSpeaker(Speaker):
    """Answers requests about a payment and its refund, and keeps a record."""

    gateway: RefundGateway
    plan: Plan
    number: str | None = None
    shown_when_asked: str | None = None  # the refund's state at the last query; "": none is shown
    accepted = False  # the refund is in the books, whatever its reply said
    spoilt = False  # its reply did not say so; what an earlier life was told is not forgotten
    _asked_for: Mapping[str, str] = {}

    def answer(self, path: str, headers: Mapping[str, str], form: bytes) -> Wire:
        wire = super().answer(path, headers, form)
        self.spoilt |= path.endswith("/refund") and not self.life[-1].clear
        return wire

    def _acted(
        self, endpoint: str, params: Mapping[str, str], dice: random.Random
    ) -> tuple[Any, Said]:
        if endpoint != "refund":
            return super()._acted(endpoint, params, dice)
        became = self.gateway.give_back(params)
        self.accepted |= became in ("done", "pending")
        content = refund_answer(became, self.plan.refunds, self.way, dice)
        return content, Said(endpoint, True, became, "")

    def _query(
        self, params: Mapping[str, str], smudge: str, dice: random.Random
    ) -> tuple[Any, Said]:
        self._asked_for = params
        told = super()._query(params, smudge, dice)
        back = self.gateway.back(self.number)
        self.shown_when_asked = _WORDS[back.state] if back is not None else ""
        return told

    def _said(self, found: list[Row], shown: list[Row], size: int) -> Said:
        back, asked = self.gateway.back(self.number), self._asked_for
        numbers = {self.number, back.syssn if back else None} - {None}
        if not {asked.get("out_trade_no"), asked.get("syssn")} & numbers:
            return super()._said(found, shown, size)
        here = [row for row in shown if back is not None and row.syssn == back.syssn]
        trouble = ""
        if len(found) > len(shown) or len(shown) >= size:
            trouble = "a full page: there may be more rows"
        elif not here and found:
            trouble = "rows of other orders only"
        elif not self.way.plain or "order_type" in self.way.leaves_out:
            trouble = "a way to write that no source shows"
        elif here and self.plan.refunds.same_number:
            trouble = "the refund stands under the payment's number"
        word = _WORDS[here[0].state] if here else "absent"
        return Said("query", not trouble, "" if trouble else word, trouble, rows=len(here))


class Stage(cancel_stage.Stage):
    """Plays a schedule while a refund runs."""

    plan: Plan
    speaker: RefundSpeaker
    gateway: RefundGateway

    def __init__(self, plan: Plan, kind: type[Client] = Client) -> None:
        super().__init__(plan, kind)
        self.sent = 0
        self.speaker.number = plan.number
        for payment in self.gateway.payments:
            if plan.is_paid:
                self.gateway.pay(payment)

    def _books(self) -> RefundGateway:
        return RefundGateway(self.plan.rules, self.plan.refunds, self.clock)

    def _speaks(self) -> RefundSpeaker:
        return RefundSpeaker(self.plan, self.gateway, KEY, self._mine)

    def back(self) -> Back | None:
        """The refund in the books; None where there is none."""
        return self.gateway.back(self.speaker.number)

    def asking(self, walk: Walk, action: Ask) -> None:
        if self.speaker.number not in (None, walk.order.out_trade_no):
            self.broken_promises.append("gave the refund a second number")
        self.speaker.number = walk.order.out_trade_no
        super().asking(walk, action)

    def _check(self, endpoint: str, form: str) -> None:
        if endpoint != "refund":
            super()._check(endpoint, form)
            return
        self.sent += 1
        if self.sent > 1:
            self.broken_promises.append("sent the refund a second time")
        last = next((said for said in self.speaker.life[::-1] if said.endpoint == "query"), None)
        if last is None:
            self.broken_promises.append("refunded without having looked")
        elif last.clear and last.shows not in ("paid", "", "absent"):
            self.broken_promises.append(f"refunded what a query showed to be {last.shows}")


def prove(
    plan: Plan,
    *,
    kind: type[Client] = Client,
    tell: Tell = lambda stage, outcome: None,
    keeper: Keeper | None = None,
) -> Result:
    """Play *plan* and judge the verdict; see the proof of cancels.

    Args:
        keeper: Runs a broken walk, for tests of the proof itself.
    """
    stage = Stage(plan, kind)
    how: dict[str, Any] = {
        "amount": plan.amount,
        "out_trade_no": plan.number,
        "policy": plan.policy,
    }
    try:
        if keeper is not None or not plan.journalled:
            outcome = refund(stage.client, stage.order, watch=stage, journal=keeper, **how)
            tell(stage, outcome)
            return _result(stage, outcome, [])
        with lived(stage, how, seed=plan.seed, on_disk=plan.on_disk, flow=refund) as told:
            journal, outcome, said = told
            tell(stage, outcome)
            result = _result(stage, outcome, said)
            return result if result.disagreements else _later(stage, journal, outcome, result)
    finally:
        stage.close()


def _later(stage: Stage, journal: Journal, outcome: Outcome, first: Result) -> Result:
    """What is unsettled is resumed when nothing goes wrong any more: it must not be stuck."""
    if outcome.verdict in _SETTLED:
        return first
    stage.calm()
    stage.clock.sleep(7200)  # what was made is to be seen by now
    again = journal.resume(stage.client, newest(journal).number, watch=stage)
    return replace(first, disagreements=_result(stage, again, []).disagreements)


def _result(stage: Stage, outcome: Outcome, said: list[str]) -> Result:
    wrong = said + stage.broken_promises + _against_the_truth(stage, outcome)
    wrong += stage.speaker.amiss
    return judged(stage, stage.plan.seed, outcome, _why(stage, outcome), wrong)


def _against_the_truth(stage: Stage, outcome: Outcome) -> list[str]:
    """Compare with what was so when the last query reached the gateway."""
    verdict, back = outcome.verdict, stage.back()
    said = []
    if any(payment.net < 0 for payment in stage.gateway.payments):
        said.append("more was given back than had been paid")
    if back is not None and back.amount != outcome.order.txamt:
        said.append(f"{back.amount} was given back instead of {outcome.order.txamt}")
    was = stage.speaker.shown_when_asked or ""
    if verdict in (Verdict.REFUNDED, Verdict.REFUND_PENDING) and _VERDICTS.get(was) is not verdict:
        said.append(f"{verdict}, but the refund was {was or 'not there'}")
    if verdict is Verdict.NOT_REFUNDED and was not in ("", "failed"):
        said.append(f"{verdict}, but the refund was {was}")
    hidden = stage.plan.refunds.appears_after or stage.plan.refunds.same_number
    if verdict is Verdict.NOT_FOUND and was and not hidden:
        said.append(f"{verdict}, but the refund was {was}")
    if verdict is Verdict.ALREADY_REFUNDED:
        then = stage.speaker.own_when_asked
        if back is not None or then is None or then.word != "returned":
            said.append(f"{verdict}, but the payment was {then.word if then else 'not looked at'}")
    return said


def _why(stage: Stage, outcome: Outcome) -> str:
    """Say, from what the gateway sent, what kept a refund from being resolved; "" for nothing."""
    life = stage.speaker.life
    if outcome.verdict is not Verdict.UNRESOLVED or not life:
        return ""
    payment = stage.gateway.payments[-1]
    if not stage.speaker.fits(payment.txamt, payment.txcurrcd):
        return "amount or currency contradict the order"
    if not life[-1].clear:
        return f"no clear answer at the end: {life[-1].trouble}"
    if any(said.denied for said in life):
        return "the gateway refused the request itself"
    if stage.plan.refunds.same_number and stage.speaker.accepted:
        return "the refund stands under the payment's number"
    if stage.plan.refunds.babbles or stage.speaker.spoilt:
        return "the reply said another thing than what was done, and no row came"
    back, lag = stage.back(), stage.plan.refunds.appears_after
    if back is not None and stage.clock.now() < back.made + lag:
        return "the gateway showed no row of the refund before patience ended"
    return ""
