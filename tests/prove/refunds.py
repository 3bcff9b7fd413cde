"""Schedules of refunds on the sandbox: faults, other terminals and deaths, against its books."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

from qftools.cancellation.findings import Finding
from qftools.cancellation.outcome import Outcome
from qftools.cancellation.refund import refund
from qftools.cancellation.refunding import REFUND_NEXT
from qftools.cancellation.run import finish
from qftools.cancellation.verdicts import Verdict
from qftools.cancellation.walk import Ask, Table, Walk
from qftools.journal.going_on import SETTLED
from qftools.journal.journal import Journal
from qftools.models import Order
from qftools.sandbox.books.orders import Entry
from qftools.sandbox.books.scripts import End, Reaction
from qftools.sandbox.books.states import State
from qftools.sandbox.gateway.log import LoggedExchange
from tests.prove import schedule as cancels
from tests.prove import stage as cancel_stage
from tests.prove.lives import Result, judged, lived, newest
from tests.prove.schedule import Act, Trouble

MAGIC = (77001, 77026, 77061, 77061, 77062, 77062, 77063, 77064)
ACTS = ("refund", "refund part", "refund part", "an hour passes")
REFUNDS: dict[State, Verdict] = {
    State.REFUNDED: Verdict.REFUNDED,
    State.REFUNDING: Verdict.REFUND_PENDING,
    State.FAILED: Verdict.NOT_REFUNDED,
}
"""What the books' own row of a refund bears out."""


@dataclass(frozen=True, slots=True)
class Schedule(cancels.Schedule):
    """Everything that will happen to a refund; see the schedule of a cancel.

    Attributes:
        amount: How much is asked for; None for all of it.
        number: The refund's own number; None to have one made.
        is_paid: Whether the payer has paid before.
        slow: How the wallet takes the refund, where it takes its time.
    """

    amount: int | None
    number: str | None
    is_paid: bool
    slow: Reaction | None


def schedule(seed: int) -> Schedule:
    """Make the schedule of a seed."""
    like = cancels.schedule(seed)
    dice = random.Random(f"refund {seed}")
    txamt = dice.choice(MAGIC) if dice.random() < 0.6 else dice.randint(300, 30_000)
    base = {item.name: getattr(like, item.name) for item in fields(cancels.Schedule)}
    return Schedule(
        **base
        | {
            "txamt": txamt,
            "switches": tuple(_switches(dice).items()),
            "acts": tuple(_act(dice) for _ in range(dice.choice([0, 0, 1, 1, 2]))),
            "troubles": tuple(_trouble(dice) for _ in range(dice.choice([0, 1, 1, 2, 3]))),
            "t0": False,
        },
        amount=dice.choice([None, None, txamt, 1, txamt - 1, txamt // 2]),
        number=f"G{seed}" if dice.random() < 0.4 else None,
        is_paid=dice.random() < 0.96,
        slow=_slow(dice) if dice.random() < 0.15 else None,
    )


def _slow(dice: random.Random) -> Reaction:
    then: End = "done" if dice.random() < 0.6 else "lost"
    looks = dice.choice([0, 1, 5, 300])
    return Reaction(answer=dice.choice(["1143", "1145", "2999"]), looks=looks, then=then)


def _switches(dice: random.Random) -> dict[str, str]:
    return {
        "duplicate_code": dice.choice(["1251", "1251", "1102", "2011"]),
        "full_refund_again": dice.choice(["1262", "1264", "1125"]),
        "strict_month": dice.choice(["off", "off", "on"]),
        "fps_refund": dice.choice(["deny", "allow"]),
    }


def _act(dice: random.Random) -> Act:
    return Act(dice.choice(ACTS), dice.randint(1, 6), after=dice.random() < 0.5)


def _trouble(dice: random.Random) -> Trouble:
    on = dice.choice(["refund", "refund", "refund", "query", "query", "*"])
    after = dice.choice([0, 0, 0, 1, 1, 2, 3])
    if dice.random() < 0.1:
        return Trouble("slow", on, 1, after, seconds=dice.choice([5.0, 59.0, 60.0, 90.0]))
    times = None if dice.random() < 0.05 else dice.choice([1, 1, 1, 2, 3])
    return Trouble(dice.choice(cancels.FAULTS), on, times, after)


class Stage(cancel_stage.Stage):
    """Plays a schedule while a refund runs."""

    plan: Schedule

    def _placed(self) -> Order:
        self._alone = True
        order = self._pay()
        entry = self.entry()
        if self.plan.is_paid and entry is not None and not entry.paid:
            self.sandbox.payer(entry).pay()
        if self.plan.slow is not None and entry is not None:
            entry.on_refund = self.plan.slow
        self._trouble()
        self._alone, self.requests = False, 1
        self.sent = 0
        self.number = self.plan.number
        self.seen: State | None = None
        return order

    def given_back(self) -> Entry | None:
        """The refund in the books, by its number; None where there is none."""
        found = self.sandbox._gateway.books.search(self.number) if self.number else None
        return found if found is not None and found.order_type == "refund" else None

    def asking(self, walk: Walk, action: Ask) -> None:
        if self.number not in (None, walk.order.out_trade_no):
            self.broken_promises.append("gave the refund a second number")
        self.number = walk.order.out_trade_no
        super().asking(walk, action)

    def before(self, endpoint: str) -> None:
        super().before(endpoint)
        if endpoint == "refund" and not self._alone:
            self.sent += 1
            if self.sent > 1:
                self.broken_promises.append("sent the refund a second time")

    def _saw(self, seen: LoggedExchange) -> None:
        super()._saw(seen)
        if seen.endpoint == "query" and not self._alone:
            found = self.given_back()
            self.seen = found.state if found is not None else None


def prove(
    plan: Schedule,
    table: Table = REFUND_NEXT,
    tell: Callable[[Stage, Outcome], None] = lambda stage, outcome: None,
) -> Result:
    """Play *plan* and judge the verdict.

    Args:
        plan: What will happen.
        table: The flow; another one is played without a journal.
        tell: Shown how it ended.
    """
    stage = Stage(plan)
    how: dict[str, Any] = {
        "amount": plan.amount,
        "out_trade_no": plan.number,
        "policy": plan.policy,
    }
    if table is not REFUND_NEXT:
        how["journal"] = _Broken(table)
    if not plan.journalled or table is not REFUND_NEXT:
        stage.mortal = False
        outcome = refund(stage.client, stage.order, watch=stage, **how)
        tell(stage, outcome)
        return _result(stage, outcome, [])
    with lived(stage, how, seed=plan.seed, on_disk=plan.on_disk, flow=refund) as told:
        journal, outcome, said = told
        tell(stage, outcome)
        result = _result(stage, outcome, said)
        return result if result.disagreements else _later(stage, journal, outcome, result)


class _Broken:
    """Runs the walk with another table, as a journal is asked to run it."""

    def __init__(self, table: Table) -> None:
        self.table = table

    async def drive(self, client: Any, walk: Walk, *, watch: Any, pause: Any) -> Outcome:
        return await finish(client, replace(walk, table=self.table), watch, pause=pause)


def _result(stage: Stage, outcome: Outcome, said: list[str]) -> Result:
    wrong = said + stage.broken_promises + _against_the_books(stage, outcome)
    return judged(stage, stage.plan.seed, outcome, _why(outcome), wrong)


def _why(outcome: Outcome) -> str:
    if outcome.verdict is not Verdict.UNRESOLVED or not outcome.steps:
        return ""
    last = outcome.steps[-1]
    return "faults went on until patience ended" if last.finding is Finding.SILENT else ""


def _later(stage: Stage, journal: Journal, outcome: Outcome, first: Result) -> Result:
    """What is unsettled is resumed when all faults are over: it must be settled, or not found."""
    if outcome.verdict in SETTLED:
        return first
    stage.mortal = False
    stage.sandbox._gateway.faults.clear()
    for entry in filter(None, (stage.entry(), stage.given_back())):
        entry.faults.clear()
    stage.sandbox.clock.advance(7200)  # what was on its way has arrived
    again = journal.resume(stage.client, newest(journal).number)
    result = _result(stage, again, [])
    wrong = result.disagreements
    if again.verdict is Verdict.UNRESOLVED:
        wrong = (*wrong, f"still unresolved after the faults: {again.reason}")
    return replace(first, disagreements=wrong)


def _against_the_books(stage: Stage, outcome: Outcome) -> list[str]:
    """Compare with the books as they were when the last query reached the gateway."""
    verdict, payment, row = outcome.verdict, stage.entry(), stage.given_back()
    assert payment is not None
    said = []
    if payment.refunded > payment.paid:
        said.append("more was given back than had been paid")
    if row is not None and row.txamt != outcome.order.txamt:
        said.append(f"{row.txamt} was given back instead of {outcome.order.txamt}")
    shown = REFUNDS[stage.seen] if stage.seen is not None else None
    if verdict in REFUNDS.values() and shown is not verdict:
        nothing_there = verdict is Verdict.NOT_REFUNDED and shown is None
        if not nothing_there:
            said.append(f"{verdict}, but the books say {stage.seen}")
    if verdict in (Verdict.NOT_FOUND, Verdict.ALREADY_REFUNDED) and shown is not None:
        said.append(f"{verdict}, but the books have the refund: {stage.seen}")
    if verdict is Verdict.ALREADY_REFUNDED and stage.last_looked is not State.REFUNDED:
        said.append(f"{verdict}, but the books say {stage.last_looked}")
    if verdict in (Verdict.NOT_REFUNDED, Verdict.ALREADY_REFUNDED):
        stage.sandbox.clock.advance(7200)
        row = stage.given_back()
        if row is not None and row.state is not State.FAILED:
            said.append(f"{verdict}, but it was given back later")
    return said
