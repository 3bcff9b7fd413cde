"""The refund flow without I/O: a table of steps, and the walk through it.

LOOK (query the payment) -> REFUND (send it, once) -> CONFIRM (query the refund's own number until
it is proved) -> a verdict. A refusal is believed after one more LOOK, where the payment shows no
refund since. A refund whose number may have been sent before begins with CHECK,
which queries that number. Like the cancel's walk it is plain data and never sends.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass, field, replace

from qftools import catalogue
from qftools.cancellation import evidence, findings
from qftools.cancellation.evidence import Known
from qftools.cancellation.findings import Answer, Finding
from qftools.cancellation.policy import Policy
from qftools.cancellation.routing import Route, route
from qftools.cancellation.search import Search
from qftools.cancellation.verdicts import Verdict
from qftools.cancellation.walk import (
    INTERRUPTED,
    Ask,
    Next,
    Step,
    Table,
    Walk,
    refusal,
)
from qftools.catalogue import Text
from qftools.models import Order, Reply

_HOLDS = (Finding.HELD, Finding.RELEASED)
_NOT_CHARGED = (Finding.OPEN, Finding.CANCELLED, Finding.FAILED, *_HOLDS)
_OF_NO_REFUND = (Finding.PAID, Finding.CANCELLED, Finding.DENIED, *_HOLDS)
REFUND_NEXT: dict[Step, dict[Finding, Next]] = {
    Step.CHECK: {
        Finding.REFUNDED: Verdict.REFUNDED,
        Finding.OPEN: Step.CONFIRM,
        Finding.FAILED: Verdict.NOT_REFUNDED,
        Finding.ABSENT: Step.CHECK,
        Finding.SILENT: Step.CHECK,
        **dict.fromkeys(_OF_NO_REFUND, Verdict.UNRESOLVED),
    },
    Step.LOOK: {
        Finding.PAID: Step.REFUND,
        Finding.REFUNDED: Verdict.ALREADY_REFUNDED,
        Finding.ABSENT: Step.LOOK,
        Finding.SILENT: Step.LOOK,
        Finding.DENIED: Verdict.UNRESOLVED,
        **dict.fromkeys(_NOT_CHARGED, Verdict.NOT_REFUNDED),
    },
    Step.REFUND: dict.fromkeys(Finding, Step.CONFIRM),  # a reply to a refund is not a verdict
    Step.CONFIRM: {
        Finding.REFUNDED: Verdict.REFUNDED,
        Finding.OPEN: Step.CONFIRM,
        Finding.FAILED: Verdict.NOT_REFUNDED,
        Finding.ABSENT: Step.CONFIRM,
        Finding.SILENT: Step.CONFIRM,
        **dict.fromkeys(_OF_NO_REFUND, Verdict.UNRESOLVED),
    },
}
"""Step x finding -> the next step, or the verdict. The walk adds retries, and what is left."""

_IN_PART = "5"  # the payment's `cancel` flag: refunded in part (docs2024)

NOT_SENT: dict[Finding, Text] = {
    Finding.OPEN: Text(
        "这笔付款还没有支付：没有可退的钱", "the payment is not paid: nothing to refund"
    ),
    Finding.CANCELLED: Text(
        "这笔付款已撤销：没有扣款", "the payment is cancelled: nothing was charged"
    ),
    Finding.FAILED: Text("这笔付款已失败：没有扣款", "the payment failed: nothing was charged"),
    Finding.HELD: Text(
        "这笔预授权只是冻结，没有扣款：解冻（release），不要退款",
        "the payment is held and not charged: release it, do not refund it",
    ),
    Finding.RELEASED: Text(
        "这笔预授权已解冻：没有扣款", "the hold was released: nothing was charged"
    ),
    Finding.ABSENT: Text("网关没有这笔付款", "the gateway has no such payment"),
}
"""Why no refund was sent, by what the query of the payment told."""

TOO_MUCH = Text(
    "退款金额 {amount} 超过付款金额 {paid}", "the refund of {amount} is above what was paid, {paid}"
)
LESS_LEFT = Text(
    "这笔付款已部分退款：剩下的少于付款金额 {paid}，请给出要退的金额",
    "the payment was refunded in part: less than {paid} is left, so say how much to refund",
)
ALL_GIVEN = Text(
    "退款 {amount} 加上日志里这笔付款的其他退款（已完成或未定，共 {given}）超过付款金额 {paid}",
    "the refund of {amount} and the others of this payment in the journal, made or in doubt,"
    " {given}, are above what was paid, {paid}",
)
PAID_UNKNOWN = Text(
    "日志里有这笔付款的其他退款，而付款金额未知：请给出订单的 txamt",
    "the journal has other refunds of this payment, and what was paid is unknown: give the order's"
    " txamt",
)
NO_AMOUNT = Text(
    "网关没有这笔付款的可用金额：请给出要退的金额",
    "the gateway has no usable amount of the payment: say how much to refund",
)
GIVEN_SINCE = Text(
    "网关拒绝了（{refusal}），但这笔付款在发出退款之后显示有退款：可能就是这一笔",
    "the gateway refused ({refusal}), but the payment shows a refund since it was sent: it may be"
    " this one",
)
GIVEN_IT_SAYS = Text(
    "网关说这笔付款已经退款（{refusal}），而付款行没有显示退款",
    "the gateway says that the payment was refunded ({refusal}), and its row shows no refund",
)
_SAYS_GIVEN = frozenset({"1125", "1262", "1264"})  # C27
FAILED = Text("退款行显示失败：{respcd}", "the row of the refund says that it failed: {respcd}")


@dataclass(frozen=True, slots=True)
class RefundWalk(Walk):
    """The state of one refund: plain, immutable data, used like a cancel's walk.

    Its order is the refund itself, under the number that was fixed before anything was sent; it
    is sent at most once.

    Attributes:
        payment: What is known of the payment that is refunded.
        looks, confirms: How many questions were asked, of the payment and of the refund.
        last_cancel: What the refund's reply claimed; None where none is known to be sent.
        route: The reversal that voids the payment instead, where the profile names one (C21).
        flag: The payment's `cancel` flag when the refund was sent.
        others: The amounts of the payment's other refunds that the journal has, made or in doubt;
            None for one of the whole payment. The gateway need not be able to tell them.

    Example:
        >>> payment = Order(syssn="2026010515410002")
        >>> refund = Order("R1", 500, "2026-01-05 12:00:00")
        >>> walk = RefundWalk(refund, payment=Search(payment))
        >>> walk.action.params
        {'syssn': '2026010515410002'}
        >>> walk = walk.told(Answer(Finding.PAID))
        >>> walk.action.endpoint
        'refund'
        >>> walk = walk.told(Answer(Finding.SILENT)).waited()
        >>> walk.action.params
        {'out_trade_no': 'R1'}
        >>> walk.told(Answer(Finding.REFUNDED)).action.verdict
        <Verdict.REFUNDED: 'REFUNDED'>
    """

    _: KW_ONLY
    payment: Search
    flag: str = ""
    others: tuple[int | None, ...] = field(default=(), repr=False, compare=False)
    table: Table = field(default_factory=lambda: REFUND_NEXT, repr=False, compare=False)

    def _asks(self) -> Ask:
        if self.step is Step.REFUND:
            books = self.payment.order
            assert books.syssn is not None
            if self.route is not None:
                return Ask("reversal", books.for_cancel())
            return Ask("refund", self.order.for_refund(books.syssn))
        return Ask("query", self._searched.question())

    def read(self, reply: Reply, *, signs: bool, mchid: str | None) -> Answer:
        """Return what the reply to the question tells; see the cancel's walk."""
        search = self._searched
        if self.step is Step.REFUND:
            read = findings.of_refund if self.route is None else findings.of_cancel
            return read(reply, signed=search.known.signed or signs)
        return evidence.of_query(reply, *search.asked_for(signs=signs, mchid=mchid))

    @property
    def amount(self) -> int | None:
        """How much is given back: the whole payment where nothing else was said."""
        said, paid = self.order.txamt, self.payment.order.txamt
        return paid if said is None else said

    @property
    def filed(self) -> tuple[str | None, str | None]:
        """The refund's own number, and the gateway's of the payment that it gives back."""
        return self.order.out_trade_no, self.payment.order.syssn

    def told(self, answer: Answer) -> RefundWalk:
        """Return the walk after *answer* came back to its question."""
        answer = replace(answer, wait=min(answer.wait, self.patience.longest_ask))
        goes_to = self.table[self.step][answer.finding]
        if self.step is Step.REFUND:
            return self._after_refund(goes_to, answer)
        if self.step is Step.LOOK:
            looked = replace(self, looks=self.looks + 1, payment=self.payment.counted(answer))
            if self.last_cancel is not None:
                return looked._after_refusal(self.last_cancel, answer)
            return looked._after_look(goes_to, answer)
        if self.route is not None and self.step is Step.CONFIRM:
            confirms, payment = self.confirms + 1, self.payment.counted(answer)
            return replace(self, confirms=confirms, payment=payment)._after_void(answer)
        walk = self.counted(answer, confirms=self.confirms + 1)
        return walk._after_query(goes_to, answer)

    def interrupted(self) -> RefundWalk:
        """Return the walk after a crash in the middle of a request: it may have been sent."""
        if self.wait > 0 or self.step is not Step.REFUND:
            return self
        return self.told(Answer(Finding.SILENT, note=INTERRUPTED))

    def resumed(self) -> RefundWalk:
        """Return the walk to resume: its limits start again, and a refund that may have been
        sent is queried, never sent again.
        """
        unsent = Step.LOOK if self.step is Step.LOOK else Step.CHECK
        return RefundWalk(
            self.order,
            self.policy,
            self.profile,
            known=self.known,
            today=self.today,
            route=self.route if self.last_cancel is not None else None,
            payment=Search(self.payment.order, self.policy, known=self.payment.known),
            step=unsent if self.last_cancel is None else Step.CONFIRM,
            last_cancel=self.last_cancel,
            flag=self.flag,
            table=self.table,
        )

    # ---- what retries and amounts add to the table ---------------------------------

    @property
    def _searched(self) -> Search:
        voided = self.route is not None and self.step is Step.CONFIRM
        return self.payment if voided or self.step is Step.LOOK else self

    def _void(self, flag: str) -> Route | None:
        """The reversal that voids a card payment as a whole, None where it is refunded.

        Only the Traditional Chinese page of April 2026 names it, for charged cards (C21).
        """
        books = self.payment.order
        row = catalogue.pay_types().get(books.pay_type or "")
        whole = self.amount == books.txamt and flag in ("", "0") and books.txdtm is not None
        if row is None or row.wallet not in catalogue.CARDS or not whole:
            return None
        by = route(row.code, profile=self.profile)
        named = self.profile == "docs-2026-late" and by.call == "reversal"
        return by if named else None

    def _after_void(self, answer: Answer) -> RefundWalk:
        """A reversal has no number to ask for: the payment itself shows what became of it."""
        sent = self.last_cancel
        assert sent is not None
        if answer.finding in (Finding.REFUNDED, Finding.CANCELLED):
            return self._finish(Verdict.REFUNDED)
        if answer.finding is Finding.PAID and (sent.refused or sent.finding is Finding.PAID):
            return self._finish(Verdict.NOT_REFUNDED, refusal(sent))
        denied = answer.finding is Finding.DENIED
        if denied or self.confirms >= self.patience.confirm_tries:
            return self._finish(Verdict.UNRESOLVED, answer.note)
        wait = max(self.patience.wait(self.confirms - 1), answer.wait)
        return replace(self, wait=wait)

    def _after_look(self, goes_to: Next, answer: Answer) -> RefundWalk:
        search = self.payment
        if isinstance(goes_to, Verdict):
            return self._finish(goes_to, NOT_SENT.get(answer.finding, answer.note))
        if goes_to is Step.REFUND:
            return self._to_refund(answer)
        if search.absents >= search.absents_to_believe():
            if search.known.found:  # a payment that was seen is never said not to exist
                return self._finish(Verdict.UNRESOLVED, answer.note)
            return self._finish(Verdict.NOT_REFUNDED, NOT_SENT[Finding.ABSENT])
        if answer.finding is Finding.SILENT and self.looks >= self.patience.look_tries:
            return self._finish(Verdict.UNRESOLVED, answer.note)
        wait = max(self.patience.wait(self.looks - 1), answer.wait)
        return replace(self, step=goes_to, wait=wait)

    def _to_refund(self, answer: Answer) -> RefundWalk:
        """Send it, unless that is more than the payment has left."""
        paid, amount = self.payment.order.txamt, self.amount
        flag = answer.row.written["cancel"] if answer.row else ""
        if paid is not None and amount is not None:
            if amount > paid:
                return self._finish(Verdict.NOT_REFUNDED, TOO_MUCH.filled(amount=amount, paid=paid))
            if flag == _IN_PART and amount == paid:
                return self._finish(Verdict.NOT_REFUNDED, LESS_LEFT.filled(paid=paid))
        if amount is None:
            return self._finish(Verdict.NOT_REFUNDED, NO_AMOUNT)
        if self.others:
            if paid is None:
                return self._finish(Verdict.NOT_REFUNDED, PAID_UNKNOWN)
            given = given_beside(self.others, paid)
            if amount + given > paid:
                said = ALL_GIVEN.filled(amount=amount, given=given, paid=paid)
                return self._finish(Verdict.NOT_REFUNDED, said)
        books = self.payment.order
        order = replace(
            self.order,
            txamt=amount,
            txcurrcd=self.order.txcurrcd or books.txcurrcd,
            pay_type=self.order.pay_type or books.pay_type,
        )
        known = replace(self.known, signed=self.known.signed or self.payment.known.signed)
        void = self._void(flag)
        return replace(
            self,
            order=order,
            known=known,
            route=void,
            step=Step.REFUND,
            wait=answer.wait,
            flag=flag,
        )

    def _after_refund(self, goes_to: Next, answer: Answer) -> RefundWalk:
        if isinstance(goes_to, Verdict):
            return self._finish(goes_to, answer.note)
        # A reply that claims an end is checked at once; else the gateway gets time.
        done = Finding.REFUNDED if self.route is None else Finding.CANCELLED
        settled = answer.refused or answer.finding is done
        wait = 0.0 if settled else self.patience.wait(0)
        known = replace(self.known, signed=self.known.signed or answer.signed)
        return replace(
            self,
            step=goes_to,
            last_cancel=answer,
            wait=max(wait, answer.wait),
            known=known,
            absents=0,
            confirms=0,
            view=0,
        )

    def _after_query(self, goes_to: Next, answer: Answer) -> RefundWalk:
        if answer.finding is Finding.DENIED and answer.row is not None and self._is_refused():
            return self._finish(Verdict.NOT_REFUNDED, answer.note)  # the number is another's
        if isinstance(goes_to, Verdict):
            failed = goes_to is Verdict.NOT_REFUNDED
            said = FAILED.filled(respcd=answer.respcd) if failed else answer.note
            return self._finish(goes_to, said)
        if self.step is Step.CHECK and answer.finding is Finding.ABSENT:
            if self.absents < len(self.views()):
                return replace(self, wait=answer.wait)
            # Should it be on its way, the gateway takes a number once (C17): it is the same one.
            return replace(self, step=Step.LOOK, absents=0, confirms=0, view=0)
        if self.last_cancel and self.absents >= self.absents_to_believe() and not self.known.found:
            if self.last_cancel.refused:  # maybe because it was made already: the payment shows it
                return replace(self, step=Step.LOOK, looks=0, wait=answer.wait)
            if self.last_cancel.finding is Finding.SILENT:
                return self._finish(Verdict.NOT_FOUND)
            if self.last_cancel.finding is Finding.DENIED:  # of the request, not of the refund
                return self._finish(Verdict.NOT_FOUND, refusal(self.last_cancel))
        checks = self.step is Step.CHECK
        if self.confirms >= (self.patience.look_tries if checks else self.patience.confirm_tries):
            running = answer.finding is Finding.OPEN and answer.note is None
            verdict = Verdict.REFUND_PENDING if running else Verdict.UNRESOLVED
            return self._finish(verdict, answer.note)
        wait = max(self.patience.wait(self.confirms - 1), answer.wait)
        return replace(self, step=goes_to, wait=wait)

    def _after_refusal(self, sent: Answer, answer: Answer) -> RefundWalk:
        """The gateway refused, and has no such refund: the payment must show none either."""
        flag = answer.row.written["cancel"] if answer.row else ""
        if answer.finding is Finding.PAID and (flag != _IN_PART or self.flag == _IN_PART):
            if sent.respcd in _SAYS_GIVEN:
                return self._finish(Verdict.NOT_FOUND, GIVEN_IT_SAYS.filled(refusal=refusal(sent)))
            return self._finish(Verdict.NOT_REFUNDED, refusal(sent))
        if answer.finding in (Finding.PAID, Finding.REFUNDED):
            return self._finish(Verdict.NOT_FOUND, GIVEN_SINCE.filled(refusal=refusal(sent)))
        asks_again = answer.finding in (Finding.SILENT, Finding.ABSENT)
        if asks_again and self.looks < self.patience.look_tries:
            return replace(self, wait=max(self.patience.wait(self.looks - 1), answer.wait))
        return self._finish(Verdict.UNRESOLVED, answer.note or refusal(sent))

    def _is_refused(self) -> bool:
        """Whether nothing was sent under the number, or the gateway took nothing under it."""
        sent = self.last_cancel
        if sent is None or sent.refused or sent.finding is Finding.DENIED:
            return True
        return sent.respcd in findings.USED


def given_beside(others: Iterable[int | None], paid: int) -> int:
    """Return what other refunds of a payment come to; None is one of the whole payment.

    Example:
        >>> given_beside([500, None], paid=2500)
        3000
    """
    return sum(paid if other is None else other for other in others)


def sent_before(
    refund: Order, payment: str, policy: Policy | None = None, today: str | None = None
) -> RefundWalk:
    """Return the walk of a refund that may have been sent: it is queried, and never sent.

    Args:
        refund: The refund, by its own number.
        payment: The gateway's number of the payment that it gives back.
        policy: Timeouts and retries; the pay type's own when left out.
        today: The date, where the refund tells none.
    """
    return RefundWalk(
        refund,
        policy,
        known=Known(refunds=payment),
        today=today,
        payment=Search(Order(syssn=payment, mchid=refund.mchid), policy),
        step=Step.CONFIRM,
        last_cancel=Answer(Finding.SILENT, note=INTERRUPTED),
    )
