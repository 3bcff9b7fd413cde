"""The cancel flow without I/O: a table of steps, and the walk through it.

LOOK (query) -> CANCEL (the routed call, only if the order is open) -> CONFIRM
(query until it is no longer open) -> a verdict. A walk is plain data: it says what to send or how
long to wait, and takes the answer. It never sends.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Self

from qftools.cancellation import asking, evidence, findings
from qftools.cancellation.evidence import more_telling
from qftools.cancellation.findings import Answer, Finding
from qftools.cancellation.routing import HongKong, Profile, Route, route, route_of_hold
from qftools.cancellation.search import Search
from qftools.cancellation.verdicts import Verdict
from qftools.catalogue import Text
from qftools.models import Order, Reply, Transaction
from qftools.validation import usable


class Step(StrEnum):
    """The step of a cancel, or of a refund."""

    LOOK = "LOOK"
    CANCEL = "CANCEL"
    CONFIRM = "CONFIRM"
    CHECK = "CHECK"
    REFUND = "REFUND"
    DONE = "DONE"


Next = Step | Verdict

NEXT: dict[Step, dict[Finding, Next]] = {
    Step.LOOK: {
        Finding.PAID: Verdict.PAID,
        Finding.OPEN: Step.CANCEL,
        Finding.HELD: Step.CANCEL,
        Finding.RELEASED: Verdict.RELEASED,
        Finding.CANCELLED: Verdict.ALREADY_CANCELLED,
        Finding.REFUNDED: Verdict.ALREADY_REFUNDED,
        Finding.FAILED: Verdict.FAILED,
        Finding.ABSENT: Step.LOOK,
        Finding.DENIED: Verdict.UNRESOLVED,
        Finding.SILENT: Step.LOOK,
    },
    Step.CANCEL: {
        **dict.fromkeys(Finding, Step.CONFIRM),  # a reply to a cancel is not a verdict
        Finding.DENIED: Verdict.UNRESOLVED,
    },
    Step.CONFIRM: {
        Finding.PAID: Verdict.PAID,
        Finding.OPEN: Step.CONFIRM,
        Finding.HELD: Step.CONFIRM,
        Finding.RELEASED: Verdict.RELEASED,
        Finding.CANCELLED: Verdict.CANCELLED,
        Finding.REFUNDED: Verdict.ALREADY_REFUNDED,
        Finding.FAILED: Verdict.FAILED,
        Finding.ABSENT: Step.CONFIRM,
        Finding.DENIED: Verdict.UNRESOLVED,
        Finding.SILENT: Step.CONFIRM,
    },
}
"""Step x finding -> the next step, or the verdict. The walk adds retries and routing."""

Table = Mapping[Step, Mapping[Finding, Next]]


@dataclass(frozen=True, slots=True)
class Ask:
    """Send this request next."""

    endpoint: str
    params: dict[str, str | int]


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait so many seconds next."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Finished:
    """The walk has ended; the reason explains the verdict, if it needs one."""

    verdict: Verdict
    reason: Text | None = None


Action = Ask | Wait | Finished

DEAD = frozenset({Finding.CANCELLED, Finding.RELEASED, Finding.REFUNDED, Finding.FAILED})
UNDOABLE = frozenset({Finding.OPEN, Finding.HELD})
INTERRUPTED = Text("应答到达之前被中断", "interrupted before the answer arrived")
NO_PAY_TYPE = Text(
    "不知道支付类型，不能判断用哪个接口撤销",
    "the pay type is unknown, so the cancel call can't be chosen",
)
NO_NUMBERS = Text(
    "解冻需要 syssn、out_trade_no 和 txamt，网关的记录里不全",
    "a release needs syssn, out_trade_no and txamt, and the gateway's row lacks some of them",
)
NO_AMOUNT = Text(
    "网关没有可用的金额或时间：请给出 txamt 和 txdtm",
    "the gateway has no amount or time to cancel with: give txamt and txdtm",
)


@dataclass(frozen=True, slots=True)
class Walk(Search):
    """The state of one cancel: plain, immutable data.

    Do what ``action`` says, then continue with the walk that ``told`` or ``waited`` returns. A
    saved walk can be continued later.

    Attributes:
        profile: Which edition of QFPay's docs decides which call cancels.
        hk_cancel: See [route][qftools.cancellation.routing.route].
        step: What the next question is for.
        wait: Seconds to wait before it.
        looks, cancels, confirms: How many questions were asked, by kind.
        opens: How often the order was seen open or held since the cancel was last sent.
        last_cancel: What the last cancel's reply claimed, None where none was sent.
        ripe: The wait until the wallet allows a cancel is over.
        target: The payment that the next cancel is for, as the gateway has it.
        over: The answer that says that the order is dead, while other months are asked.
        searched: The views that have no payment that is alive.
        asked: The views that were answered since the cancel was last sent.
        route: The call that cancels this order, once it is needed.
        end: The verdict, once there is one.
        table: The flow; tests pass another one.

    Example:
        >>> walk = Walk(Order("A1", 100, "2026-01-05 10:00:00", pay_type="800201"))
        >>> walk.action.endpoint
        'query'
        >>> walk = walk.told(Answer(Finding.OPEN))
        >>> walk.action.endpoint
        'close'
        >>> walk = walk.told(Answer(Finding.CANCELLED))
        >>> walk.told(Answer(Finding.CANCELLED)).action
        Finished(verdict=<Verdict.CANCELLED: 'CANCELLED'>, reason=None)
    """

    profile: Profile = "seed"
    hk_cancel: HongKong = "deny"
    step: Step = Step.LOOK
    wait: float = 0.0
    looks: int = 0
    cancels: int = 0
    confirms: int = 0
    opens: int = 0
    last_cancel: Answer | None = None
    ripe: bool = False
    target: Order | None = None
    over: Answer | None = None
    searched: tuple[int, ...] = ()
    asked: tuple[int, ...] = ()
    route: Route | None = None
    end: Finished | None = None
    table: Table = field(default_factory=lambda: NEXT, repr=False, compare=False)

    @property
    def action(self) -> Action:
        """What to do next."""
        if self.end is not None:
            return self.end
        if self.wait > 0:
            return Wait(self.wait)
        return self._asks()

    def _asks(self) -> Ask:
        if self.step is Step.CANCEL:
            assert self.route is not None
            assert self.route.call is not None
            target = self.target or self.order
            call = self.route.call
            return Ask(call, asking.cancelling(target, self.known.several, call))
        return Ask("query", self.question())

    def read(self, reply: Reply, *, signs: bool, mchid: str | None) -> Answer:
        """Return what the reply to the question tells.

        Args:
            reply: What came back.
            signs: This gateway has signed an answer before, of whatever order.
            mchid: The merchant that asks, where the order names none.
        """
        if self.step is Step.CANCEL:
            return findings.of_cancel(reply, signed=self.known.signed or signs)
        return evidence.of_query(reply, *self.asked_for(signs=signs, mchid=mchid))

    @property
    def filed(self) -> tuple[str | None, str | None]:
        """The merchant's and the gateway's number that a journal finds it by."""
        return self.order.out_trade_no, self.order.syssn

    def waited(self) -> Self:
        """Return the walk after its wait."""
        return replace(self, wait=0.0)

    def told(self, answer: Answer) -> Walk:
        """Return the walk after *answer* came back to its question."""
        answer = replace(answer, wait=min(answer.wait, self.patience.longest_ask))
        walk = self._after(answer)
        if self.step is not Step.CANCEL:
            walk, believed = walk._in_every_month(answer, self.view)
            if believed is None:
                return walk
            answer = believed
        goes_to = self.table[self.step][answer.finding]
        if isinstance(goes_to, Verdict):
            return walk._finish(goes_to, answer.note)
        if self.step is Step.LOOK:
            return walk._after_look(goes_to, answer)
        if self.step is Step.CANCEL:
            return walk._after_cancel(goes_to, answer)
        return walk._after_confirm(goes_to, answer)

    def interrupted(self) -> Walk:
        """Return the walk after a crash in the middle of a request: it may have been sent."""
        if self.wait > 0 or self.step is not Step.CANCEL:
            return self
        return self.told(Answer(Finding.SILENT, note=INTERRUPTED))

    def resumed(self) -> Walk:
        """Return the walk to resume: it queries first, and all its limits start again.

        Once a cancel may have reached the gateway, what a query finds is that
        cancel's doing, so the walk goes on in CONFIRM. A cancel that was
        refused is forgotten, with the verdict that rested on it.
        """
        last = self.last_cancel
        refused = last is not None and (last.refused or last.finding is Finding.DENIED)
        if self.end is not None and refused:
            last = None
        return Walk(
            self.order,
            self.policy,
            self.profile,
            self.hk_cancel,
            step=Step.LOOK if last is None else Step.CONFIRM,
            last_cancel=last,
            known=replace(self.known, wide=False),
            today=self.today,
            route=None if last is None else self.route,  # which call the last cancel was
            table=self.table,
        )

    # ---- what an answer adds ----------------------------------------------------------

    def _in_every_month(self, answer: Answer, view: int) -> tuple[Walk, Answer | None]:
        """Take an order as over only if no month has an open payment of it. Without such an answer
        another month is queried first, without a wait.
        """
        refused = answer.finding is Finding.DENIED and "start_time" in self.views()[view]
        if refused and self.over is None:  # the gateway takes no interval: there is no such view
            there = (view + 1) % len(self.views())
            return replace(self, view=there), replace(answer, finding=Finding.SILENT)
        if answer.finding in UNDOABLE:
            return replace(self, over=None, searched=()), answer
        dead = answer.finding in DEAD
        none_here = refused or answer.finding is Finding.ABSENT or answer.ask_next == "others"
        if not (dead or (none_here and self.over)):
            return self, answer
        over = more_telling(self.over, answer)
        walk = replace(self, over=over, searched=(*self.searched, view))
        left = [number for number in self.months_in_doubt() if number not in walk.searched]
        if not left:
            return walk, over
        return replace(walk, view=left[0], wait=answer.wait), None

    # ---- what retries and routing add to the table -------------------------------

    def _after(self, answer: Answer) -> Walk:
        """Count the question, and add what *answer* tells."""
        if self.step is Step.CANCEL:
            sent = (self.target or self.order).syssn
            cancelled = tuple(dict.fromkeys([*self.known.cancelled, sent or ""]))
            known = replace(self.known, cancelled=cancelled)
            cancels = self.cancels + 1
            walk = replace(
                self, cancels=cancels, last_cancel=answer, opens=0, known=known, asked=()
            )
            return walk.informed(answer)
        is_told = answer.finding is not Finding.SILENT or answer.ask_next == "others"
        asked = (*self.asked, self.view) if is_told else self.asked
        if self.step is Step.LOOK:
            return self.counted(answer, looks=self.looks + 1, asked=asked)
        opens = self.opens + (answer.finding in UNDOABLE)
        return self.informed(answer, confirms=self.confirms + 1, opens=opens, asked=asked)

    def _after_look(self, goes_to: Step, answer: Answer) -> Walk:
        if goes_to is Step.CANCEL:
            return self._to_cancel_when_ripe(answer)
        if self.absents >= self.absents_to_believe():
            if self.known.found:  # an order that was seen is never said not to exist
                return self._finish(Verdict.UNRESOLVED, answer.note)
            return self._finish(Verdict.NOT_FOUND)
        # Only a lost reply counts towards look_tries.
        if answer.finding is Finding.SILENT and self.looks >= self.patience.look_tries:
            return self._finish(Verdict.UNRESOLVED, answer.note)
        # A second time round at once, for an order may arrive in a month that was just asked.
        wait = 0.0 if self.absents > len(self.views()) else self.patience.wait(self.looks - 1)
        return replace(self, step=goes_to, wait=max(wait, answer.wait))

    def _to_cancel_when_ripe(self, answer: Answer) -> Walk:
        """Cancel, or wait once until the wallet allows a cancel and query again."""
        walk = self._to_cancel(answer)
        if answer.finding is Finding.HELD:
            return walk  # the wallet has answered already
        early = self.patience.cancel_after - answer.age
        if walk.end is not None or self.ripe or early <= 0:
            return walk
        return replace(self, wait=early, ripe=True)

    def _to_cancel(self, answer: Answer) -> Walk:
        target = asking.target(self.order, answer.row)
        if answer.finding is Finding.HELD or self._released(target):
            if target.syssn is None or target.out_trade_no is None or target.txamt is None:
                return self._finish(Verdict.UNRESOLVED, NO_NUMBERS)
            by = route_of_hold(target.pay_type or "")
            return replace(self, route=by, step=Step.CANCEL, target=target)
        if target.pay_type is None:
            return self._finish(Verdict.UNRESOLVED, NO_PAY_TYPE)
        if target.txamt is None or target.txdtm is None:
            return self._finish(Verdict.UNRESOLVED, NO_AMOUNT)
        by = route(target.pay_type, profile=self.profile, hk_cancel=self.hk_cancel)
        walk = replace(self, route=by, step=Step.CANCEL, target=target)
        if by.call is None:
            return replace(self, route=by)._not_cancellable(answer, by.reason)
        return walk

    def _after_cancel(self, goes_to: Step, answer: Answer) -> Walk:
        # A reply that claims an end is checked at once; else the gateway gets time.
        settled = answer.refused or answer.finding not in (Finding.OPEN, Finding.SILENT)
        wait = 0.0 if settled else self.patience.wait(0)
        return replace(self, step=goes_to, wait=max(wait, answer.wait))

    def _after_confirm(self, goes_to: Step, answer: Answer) -> Walk:
        last = self.last_cancel
        assert last is not None
        another = answer.row is not None and self._is_another(answer.row)
        confirmed = answer.finding is Finding.HELD and self._reversed()
        if answer.finding in UNDOABLE and last.refused and not (another or confirmed):
            return self._not_cancellable(answer, refusal(last))
        if self.confirms >= self.patience.confirm_tries:
            return self._finish(Verdict.UNRESOLVED, answer.note)
        enough = self.patience.recancel_pending if last.pending else self.patience.recancel_after
        if answer.finding in UNDOABLE and (
            another
            or confirmed
            or (self.opens >= enough and self.cancels < self.patience.cancel_tries)
        ):
            # At once: the longer ago the last look, the likelier the payer has paid since.
            tried = 0 if confirmed else self.cancels  # of a release; what was tried was a reversal
            return replace(self, wait=answer.wait, cancels=tried)._to_cancel(answer)
        wait = max(self.patience.wait(self.confirms - 1), answer.wait)
        return replace(self, step=goes_to, wait=wait)

    def _not_cancellable(self, answer: Answer, reason: Text) -> Walk:
        """It is still open and can't be cancelled, unless the answer leaves that open."""
        if answer.note is None:
            left = [number for number in self.months_in_doubt() if number not in self.asked]
            if left:  # another payment of the number may be paid, in another month
                return replace(self, view=left[0], wait=answer.wait)
            held = answer.finding is Finding.HELD
            return self._finish(Verdict.HELD if held else Verdict.NOT_CANCELLABLE, reason)
        asked, most = self.confirms, self.patience.confirm_tries
        if self.step is Step.LOOK:
            asked, most = self.looks, self.patience.look_tries
        if asked >= most:
            return self._finish(Verdict.UNRESOLVED, answer.note)
        return replace(self, wait=max(self.patience.wait(asked - 1), answer.wait))

    def _reversed(self) -> bool:
        """Whether the last cancel was for a hold that the payer had not confirmed yet."""
        return self.route is None or self.route.call != "unfreeze"

    def _released(self, target: Order) -> bool:
        """Whether a release was sent for it: what is in progress then was held before."""
        return not self._reversed() and target.syssn in self.known.cancelled

    def _is_another(self, row: Transaction) -> bool:
        """Whether an open row is a payment of the order that no cancel was sent for yet."""
        syssn = row.written["syssn"]
        return usable("syssn", syssn) and syssn not in self.known.cancelled

    def _finish(self, verdict: Verdict, reason: Text | None = None) -> Self:
        return replace(self, step=Step.DONE, wait=0.0, end=Finished(verdict, reason))


def refusal(last: Answer) -> Text:
    """Return the code and the words of an answer that refuses."""
    said = last.note or Text("", "")
    return Text(f"{last.respcd} {said.zh}".strip(), f"{last.respcd} {said.en}".strip())
