"""The refund's walk, step by step: where each finding leads, what is said, how long is waited."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qftools.cancellation.evidence import Known
from qftools.cancellation.findings import Answer, Finding
from qftools.cancellation.policy import Policy
from qftools.cancellation.refunding import (
    ALL_GIVEN,
    FAILED,
    LESS_LEFT,
    NO_AMOUNT,
    NOT_SENT,
    REFUND_NEXT,
    TOO_MUCH,
    RefundWalk,
    sent_before,
)
from qftools.cancellation.search import Search
from qftools.cancellation.verdicts import Verdict
from qftools.cancellation.walk import INTERRUPTED, Ask, Finished, Step, Wait
from qftools.catalogue import Text
from qftools.journal import records
from qftools.models import Order, Reply, Transaction

SYSSN = "20260105154100020000977816"
NOW = "2026-01-05 12:00:00"
WHY = Text("缘故", "why")
PAYMENT = Order("P1", 2500, NOW, SYSSN, txcurrcd="HKD", pay_type="800101")
CARD = replace(PAYMENT, pay_type="802801")
POLICY = Policy(look_tries=3, absent_tries=2, confirm_tries=4)
PAID, ABSENT, LOST, OPEN = (Answer(Finding[name]) for name in ("PAID", "ABSENT", "SILENT", "OPEN"))
DONE, DENIED = Answer(Finding.REFUNDED), Answer(Finding.DENIED, "1136", note=WHY)
REFUSED = Answer(Finding.DENIED, "1269", refused=True, note=WHY)


def walk(amount: int | None = 500, payment: Order = PAYMENT, **known) -> RefundWalk:
    about = {"policy": POLICY, "payment": Search(payment, POLICY), **known}
    return RefundWalk(Order("R1", amount, NOW), **about)


def after(*answers: Answer, begun: RefundWalk | None = None) -> RefundWalk:
    now = begun or walk()
    for answer in answers:
        while isinstance(now.action, Wait):
            now = now.waited()
        now = now.told(answer)
    return now


def end(*answers: Answer, begun: RefundWalk | None = None) -> tuple[Verdict, Text | None]:
    now = after(*answers, begun=begun)
    assert isinstance(now.action, Finished)
    return now.action.verdict, now.action.reason


def flagged(cancel: str, finding: Finding = Finding.PAID) -> Answer:
    return Answer(finding, row=Transaction({"cancel": cancel, "respcd": "0000"}))


# ---- the table -----------------------------------------------------------------------------------


def test_each_finding_leads_where_the_rules_of_a_refund_say():
    told = """
        OPEN       NOT_REFUNDED      CONFIRM       CONFIRM
        PAID       REFUND            UNRESOLVED    UNRESOLVED
        HELD       NOT_REFUNDED      UNRESOLVED    UNRESOLVED
        RELEASED   NOT_REFUNDED      UNRESOLVED    UNRESOLVED
        CANCELLED  NOT_REFUNDED      UNRESOLVED    UNRESOLVED
        REFUNDED   ALREADY_REFUNDED  REFUNDED      REFUNDED
        FAILED     NOT_REFUNDED      NOT_REFUNDED  NOT_REFUNDED
        ABSENT     LOOK              CHECK         CONFIRM
        DENIED     UNRESOLVED        UNRESOLVED    UNRESOLVED
        SILENT     LOOK              CHECK         CONFIRM
    """
    rows = [line.split() for line in told.strip().splitlines()]

    asks = (Step.LOOK, Step.CHECK, Step.CONFIRM)
    assert rows == [
        [name, *(str(REFUND_NEXT[step][Finding(name)]) for step in asks)] for name, *_ in rows
    ]
    assert {name for name, *_ in rows} == {finding.value for finding in Finding}


def test_the_table_alone_decides_where_an_answer_leads():
    known = Answer(Finding.SILENT, note=WHY)
    ends = {**REFUND_NEXT, Step.REFUND: dict.fromkeys(Finding, Verdict.UNRESOLVED)}
    checks = {**REFUND_NEXT, Step.LOOK: dict.fromkeys(Finding, Step.CHECK)}

    assert end(PAID, known, begun=walk(table=ends)) == (Verdict.UNRESOLVED, WHY)
    assert after(known, begun=walk(table=checks)).step is Step.CHECK


def test_why_no_refund_was_sent_is_said_in_both_languages():
    said = {finding.value: (words.zh, words.en) for finding, words in NOT_SENT.items()}

    assert said == {
        "OPEN": ("这笔付款还没有支付：没有可退的钱", "the payment is not paid: nothing to refund"),
        "CANCELLED": ("这笔付款已撤销：没有扣款", "the payment is cancelled: nothing was charged"),
        "FAILED": ("这笔付款已失败：没有扣款", "the payment failed: nothing was charged"),
        "HELD": (
            "这笔预授权只是冻结，没有扣款：解冻（release），不要退款",
            "the payment is held and not charged: release it, do not refund it",
        ),
        "RELEASED": ("这笔预授权已解冻：没有扣款", "the hold was released: nothing was charged"),
        "ABSENT": ("网关没有这笔付款", "the gateway has no such payment"),
    }
    assert (NO_AMOUNT.zh, NO_AMOUNT.en) == (
        "网关没有这笔付款的可用金额：请给出要退的金额",
        "the gateway has no usable amount of the payment: say how much to refund",
    )


# ---- before it is sent ---------------------------------------------------------------------------


@pytest.mark.parametrize("finding", [each for each in NOT_SENT if each is not Finding.ABSENT])
def test_what_was_not_charged_is_not_refunded_and_the_walk_says_why(finding):
    assert end(Answer(finding, note=WHY)) == (Verdict.NOT_REFUNDED, NOT_SENT[finding])


def test_a_refusal_of_the_query_is_given_in_its_own_words():
    assert end(DENIED) == (Verdict.UNRESOLVED, WHY)
    assert end(Answer(Finding.REFUNDED, note=WHY)) == (Verdict.ALREADY_REFUNDED, WHY)


def test_a_payment_that_no_query_knows_is_not_refunded_but_one_that_was_seen_is_unresolved():
    missing = replace(ABSENT, note=WHY)
    seen = walk(payment=PAYMENT)
    seen = replace(seen, payment=replace(seen.payment, known=Known(found=True)))
    tries = seen.payment.absents_to_believe()

    assert not after(*[missing] * (tries - 1)).end
    assert end(*[missing] * tries) == (Verdict.NOT_REFUNDED, NOT_SENT[Finding.ABSENT])
    assert end(*[missing] * tries, begun=seen) == (Verdict.UNRESOLVED, WHY)


def test_a_payment_that_is_not_answered_for_is_asked_for_as_often_as_the_policy_says():
    lost = replace(LOST, note=WHY)

    assert after(lost, lost).step is Step.LOOK and not after(lost, lost).end
    assert end(lost, lost, lost) == (Verdict.UNRESOLVED, WHY)
    assert [after(*[lost] * times).wait for times in (1, 2)] == [3.0, 4.0]
    assert after(replace(lost, wait=30.0)).wait == 30.0
    assert after(replace(lost, wait=900.0)).wait == POLICY.longest_ask


def test_absence_and_silence_are_counted_apart():
    assert not after(LOST, LOST, ABSENT, begun=walk(policy=replace(POLICY, absent_tries=9))).end


@pytest.mark.parametrize(
    ("amount", "cancel", "why"),
    [
        (2501, "0", TOO_MUCH.filled(amount=2501, paid=2500)),
        (2500, "5", LESS_LEFT.filled(paid=2500)),
        (None, "5", LESS_LEFT.filled(paid=2500)),
    ],
)
def test_more_than_is_left_is_not_sent(amount, cancel, why):
    assert end(flagged(cancel), begun=walk(amount)) == (Verdict.NOT_REFUNDED, why)


@pytest.mark.parametrize(
    ("paid", "amount", "others", "why"),
    [
        (2500, 501, (2000,), ALL_GIVEN.filled(amount=501, given=2000, paid=2500)),
        (2500, None, (1,), ALL_GIVEN.filled(amount=2500, given=1, paid=2500)),
        (2500, 1, (None,), ALL_GIVEN.filled(amount=1, given=2500, paid=2500)),
        (
            *(None, 1, (1,)),
            Text(
                "日志里有这笔付款的其他退款，而付款金额未知：请给出订单的 txamt",
                "the journal has other refunds of this payment, and what was paid is unknown: give"
                " the order's txamt",
            ),
        ),
    ],
)
def test_what_other_refunds_of_the_journal_took_is_not_given_back_again(paid, amount, others, why):
    begun = walk(amount, replace(PAYMENT, txamt=paid), others=others)

    assert end(PAID, begun=begun) == (Verdict.NOT_REFUNDED, why)


def test_what_other_refunds_of_the_journal_left_is_given_back():
    assert after(PAID, begun=walk(500, others=(1500, 500))).step is Step.REFUND


def test_a_payment_of_unknown_amount_is_refunded_by_an_amount_that_the_caller_says():
    unknown = Order(syssn=SYSSN)

    assert end(PAID, begun=walk(None, unknown)) == (Verdict.NOT_REFUNDED, NO_AMOUNT)
    assert after(PAID, begun=walk(500, unknown)).step is Step.REFUND


def test_the_refund_takes_currency_pay_type_and_proof_of_signing_from_the_payment():
    signed = walk(None)
    signed = replace(signed, payment=replace(signed.payment, known=Known(signed=True)))

    sends = after(replace(PAID, wait=2.0), begun=signed)
    own = after(PAID, begun=replace(walk(), order=Order("R1", 500, NOW, txcurrcd="JPY")))

    assert (sends.order.txamt, sends.order.txcurrcd, sends.order.pay_type) == (
        2500,
        "HKD",
        "800101",
    )
    assert (sends.known.signed, sends.wait) == (True, 2.0)
    assert after(PAID).known.signed is False
    assert own.order.txcurrcd == "JPY"
    known = replace(walk(), known=Known(signed=True))
    assert after(PAID, begun=known).known.signed is True


# ---- once it is sent -----------------------------------------------------------------------------


def test_a_reply_that_claims_an_end_is_checked_at_once_and_any_other_after_a_wait():
    assert [after(PAID, answer).wait for answer in (DONE, REFUSED)] == [0.0, 0.0]
    assert [after(PAID, answer).wait for answer in (LOST, OPEN, PAID)] == [3.0, 3.0, 3.0]
    assert after(PAID, replace(DONE, wait=7.0)).wait == 7.0
    assert after(PAID, replace(LOST, wait=7.0)).wait == 7.0


def test_what_was_counted_before_the_refund_does_not_count_after_it():
    begun = replace(walk(), absents=1, confirms=1, view=1)
    sent = after(PAID, replace(DONE, signed=True), begun=begun)

    assert (sent.absents, sent.confirms, sent.view) == (0, 0, 0)
    assert sent.known.signed is True and sent.last_cancel == replace(DONE, signed=True)
    assert after(PAID, DONE).known.signed is False
    assert after(PAID, DONE, begun=replace(walk(), known=Known(signed=True))).known.signed is True


def test_the_refunds_own_row_decides():
    failed = Answer(Finding.FAILED, "1155", note=WHY)

    assert end(PAID, LOST, DONE) == (Verdict.REFUNDED, None)
    assert end(PAID, LOST, failed) == (Verdict.NOT_REFUNDED, FAILED.filled(respcd="1155"))
    assert end(PAID, LOST, Answer(Finding.CANCELLED, note=WHY)) == (Verdict.UNRESOLVED, WHY)


def test_a_number_of_another_order_proves_only_that_a_refused_refund_was_not_made():
    other = Answer(Finding.DENIED, row=Transaction({"respcd": "0000"}), note=WHY)
    used = Answer(Finding.OPEN, "1251")

    assert end(PAID, REFUSED, other) == (Verdict.NOT_REFUNDED, WHY)
    assert end(PAID, used, other) == (Verdict.NOT_REFUNDED, WHY)
    assert end(PAID, DENIED, other) == (Verdict.NOT_REFUNDED, WHY)
    assert end(other, begun=replace(walk(), step=Step.CHECK)) == (Verdict.NOT_REFUNDED, WHY)
    assert end(PAID, DONE, other) == (Verdict.UNRESOLVED, WHY)
    assert end(PAID, REFUSED, replace(other, row=None)) == (Verdict.UNRESOLVED, WHY)


def test_it_is_asked_for_as_often_and_as_patiently_as_the_policy_says():
    open_, lost = replace(OPEN, note=WHY), replace(LOST, note=WHY)

    assert [after(PAID, LOST, *[OPEN] * times).wait for times in (1, 2, 3)] == [3.0, 4.0, 5.0]
    assert after(PAID, LOST, replace(OPEN, wait=9.0)).wait == 9.0
    assert after(PAID, LOST, *[OPEN] * 3).step is Step.CONFIRM
    assert end(PAID, LOST, *[OPEN] * 4) == (Verdict.REFUND_PENDING, None)
    assert end(PAID, LOST, *[open_] * 4) == (Verdict.UNRESOLVED, WHY)
    assert end(PAID, LOST, *[lost] * 4) == (Verdict.UNRESOLVED, WHY)


def test_absence_under_the_refunds_number_says_what_the_reply_allows():
    tries = walk().absents_to_believe()
    words = Text("1269 缘故", "1269 why")

    assert end(PAID, REFUSED, *[ABSENT] * tries, PAID) == (Verdict.NOT_REFUNDED, words)
    assert end(PAID, LOST, *[ABSENT] * tries) == (Verdict.NOT_FOUND, None)
    words = Text("1136 缘故", "1136 why")
    assert end(PAID, DENIED, *[ABSENT] * tries) == (Verdict.NOT_FOUND, words)
    assert not after(PAID, LOST, *[ABSENT] * (tries - 1)).end
    assert not after(PAID, DONE, *[ABSENT] * tries).end
    seen = after(PAID, LOST)
    seen = replace(seen, known=replace(seen.known, found=True))
    assert not after(*[ABSENT] * tries, begun=seen).end


def refused(before: str, code: str = "1269") -> RefundWalk:
    """A refund that was refused and not found; the payment had this `cancel` flag before."""
    tries = walk().absents_to_believe()
    return after(flagged(before), replace(REFUSED, respcd=code), *[ABSENT] * tries)


def test_a_refusal_is_believed_only_where_the_payment_shows_no_refund_since():
    asked = refused("0")
    assert asked.step is Step.LOOK and asked.action == Ask("query", asked.payment.question())

    for before, now in (("0", "0"), ("", "0"), ("5", "5")):
        assert end(flagged(now), begun=refused(before))[0] is Verdict.NOT_REFUNDED
    since = Text(
        "网关拒绝了（1269 缘故），但这笔付款在发出退款之后显示有退款：可能就是这一笔",
        "the gateway refused (1269 why), but the payment shows a refund since it was sent: it may"
        " be this one",
    )
    for given in (flagged("5"), flagged("3", Finding.REFUNDED)):
        assert end(given, begun=asked) == (Verdict.NOT_FOUND, since)


@pytest.mark.parametrize("code", ["1125", "1262", "1264"])
def test_a_refusal_that_says_already_refunded_needs_a_payment_that_shows_it(code):
    verdict, why = end(flagged("0"), begun=refused("0", code))

    assert verdict is Verdict.NOT_FOUND
    assert why is not None and f"({code} why), and its row shows no refund" in why.en


def test_after_a_refusal_the_payment_is_looked_for_patiently():
    asked = refused("0")

    last = [*[ABSENT] * (walk().absents_to_believe() - 1), replace(ABSENT, wait=7.0)]
    assert (asked.wait, after(PAID, REFUSED, *last).wait) == (0.0, 7.0)
    assert after(replace(LOST, wait=9.0), begun=asked).wait == 9.0
    assert after(LOST, ABSENT, PAID, begun=asked).end == Finished(
        Verdict.NOT_REFUNDED, Text("1269 缘故", "1269 why")
    )
    assert after(LOST, LOST, begun=asked).wait == 4.0
    assert end(LOST, LOST, replace(LOST, note=WHY), begun=asked) == (Verdict.UNRESOLVED, WHY)
    assert end(*[LOST] * 3, begun=asked)[1] == Text("1269 缘故", "1269 why")
    for finding in (Finding.OPEN, Finding.CANCELLED, Finding.FAILED, Finding.DENIED):
        assert end(Answer(finding), begun=asked)[0] is Verdict.UNRESOLVED


def test_what_the_journal_tells_of_other_refunds_is_no_part_of_the_walk():
    beside = walk(others=(500, None))

    assert (walk().flag, walk().others) == ("", ())
    assert beside == walk() and hash(beside) == hash(walk())
    assert repr(beside) == repr(walk()) and "others" not in repr(beside)
    assert "others" not in records.plain(beside)


def test_a_refused_refund_that_is_resumed_knows_what_the_payment_showed_before():
    resumed = after(*[ABSENT] * walk().absents_to_believe(), begun=refused("5").resumed())

    assert resumed.step is Step.LOOK
    assert end(flagged("5"), begun=resumed)[0] is Verdict.NOT_REFUNDED


def test_a_number_that_may_have_been_sent_is_checked_in_every_view_before_the_payment_is():
    checks = replace(walk(), step=Step.CHECK)
    views = len(checks.views())

    waits = after(*[replace(ABSENT, wait=2.0)] * (views - 1), begun=checks) if views > 1 else None
    looks = after(*[ABSENT] * views, begun=checks)

    assert waits is None or (waits.step, waits.wait) == (Step.CHECK, 2.0)
    assert (looks.step, looks.absents, looks.confirms, looks.view) == (Step.LOOK, 0, 0, 0)
    assert looks.action == walk().action
    assert after(ABSENT, begun=replace(checks, absents=views - 1, view=1)).view == 0
    assert end(*[replace(LOST, note=WHY)] * 3, begun=checks) == (Verdict.UNRESOLVED, WHY)
    assert after(LOST, LOST, begun=checks).step is Step.CHECK
    assert after(OPEN, begun=checks).step is Step.CONFIRM


# ---- interrupted and resumed ---------------------------------------------------------------------


def test_a_refund_that_was_interrupted_may_have_been_sent_and_any_other_question_may_not():
    sends = after(PAID)
    waits = replace(sends, wait=0.5)

    assert sends.interrupted().last_cancel == Answer(Finding.SILENT, note=INTERRUPTED)
    assert sends.interrupted().step is Step.CONFIRM
    assert waits.interrupted() == waits
    assert walk().interrupted() == walk()


def test_a_resumed_refund_keeps_what_it_is_and_begins_its_limits_anew():
    table = dict(REFUND_NEXT)
    known = {"profile": "docs-2026-late", "today": "2026-01-05", "table": table}
    begun = walk(2500, CARD, known=Known(signed=True), **known)
    begun = replace(begun, payment=replace(begun.payment, known=Known(found=True)))
    waits, sends = begun.resumed(), after(flagged("0"), begun=begun)
    asks = after(LOST, LOST, begun=sends).resumed()

    assert (waits.step, sends.resumed().step, asks.step) == (Step.LOOK, Step.CHECK, Step.CONFIRM)
    for resumed in (waits, sends.resumed(), asks):
        assert (resumed.policy, resumed.payment.policy) == (POLICY, POLICY)
        assert (resumed.profile, resumed.today) == ("docs-2026-late", "2026-01-05")
        assert resumed.known.signed and resumed.payment.known.found and resumed.table is table
        assert (resumed.looks, resumed.confirms, resumed.wait) == (0, 0, 0.0)
    assert (sends.route, sends.resumed().route, asks.route) == (sends.route, None, sends.route)
    assert asks.last_cancel == LOST and sends.route is not None


def test_a_refund_that_was_sent_by_others_is_queried_and_never_sent():
    refund = Order("R1", 500, NOW, mchid="M1")

    followed = sent_before(refund, SYSSN, POLICY, "2026-01-05")

    assert followed.action == Ask("query", {"out_trade_no": "R1", "mchid": "M1"})
    assert (followed.step, followed.policy, followed.today) == (Step.CONFIRM, POLICY, "2026-01-05")
    assert followed.known == Known(refunds=SYSSN)
    assert followed.last_cancel == Answer(Finding.SILENT, note=INTERRUPTED)
    assert followed.payment == Search(Order(syssn=SYSSN, mchid="M1"), POLICY)
    assert end(*[ABSENT] * followed.absents_to_believe(), begun=followed)[0] is Verdict.NOT_FOUND


def test_two_walks_are_the_same_whichever_table_they_follow_and_their_repr_is_without_it():
    assert walk(table={}) == walk()
    assert "table" not in repr(walk())


# ---- a void --------------------------------------------------------------------------------------

LATE = {"profile": "docs-2026-late"}


def voids(
    payment: Order = CARD, cancel: str | None = "0", amount: int | None = 2500, **known
) -> bool:
    told = flagged(cancel) if cancel is not None else PAID
    now = after(told, begun=walk(amount, payment, **(LATE | known)))
    return now.route is not None


def test_a_whole_card_payment_is_voided_where_the_edition_names_a_reversal_and_nothing_else_is():
    assert voids() and voids(cancel="") and voids(amount=None)
    assert voids(cancel=None)  # the answer rests on no row
    assert not voids(amount=500)
    assert not voids(PAYMENT) and not voids(replace(CARD, pay_type=None))
    assert not voids(replace(CARD, pay_type="802808"))  # at the counter: no call cancels it
    assert not voids(replace(CARD, txdtm=None), cancel=None)
    assert not voids(profile="seed") and not voids(profile="docs-2026-02")
    assert not voids(cancel="5", amount=500)
    assert after(flagged("0"), begun=walk(2500, CARD, **LATE)).action == Ask(
        "reversal", CARD.for_cancel()
    )


def test_a_void_is_proved_by_the_payment_itself():
    sends = after(flagged("0"), begun=walk(2500, CARD, **LATE))
    done = Answer(Finding.CANCELLED)
    refused = replace(REFUSED, respcd="1260")

    assert after(done, begun=sends).wait == 0.0 and after(DONE, begun=sends).wait == 3.0
    assert after(done, begun=sends).action == walk().action
    assert [end(done, found, begun=sends) for found in (done, DONE)] == [
        (Verdict.REFUNDED, None)
    ] * 2
    assert end(refused, PAID, begun=sends) == (Verdict.NOT_REFUNDED, Text("1260 缘故", "1260 why"))
    assert end(PAID, PAID, begun=sends)[0] is Verdict.NOT_REFUNDED
    assert end(done, DENIED, begun=sends) == (Verdict.UNRESOLVED, WHY)
    still = replace(PAID, note=WHY)
    assert [after(done, *[still] * times, begun=sends).wait for times in (1, 2, 3)] == [
        3.0,
        4.0,
        5.0,
    ]
    assert after(done, replace(still, wait=9.0), begun=sends).wait == 9.0
    assert end(done, *[still] * 4, begun=sends) == (Verdict.UNRESOLVED, WHY)
    missing = after(done, ABSENT, begun=sends)
    assert missing.payment.absents == 1


# ---- what a reply is read with -------------------------------------------------------------------


def test_a_reply_must_be_signed_where_the_gateway_signs_and_about_the_merchants_order():
    row = {"out_trade_no": "P1", "syssn": SYSSN, "respcd": "0000", "cancel": "0", "mchid": "M2"}
    found = Reply("query", "0000", {"respcd": "0000", "data": [row]})
    sent = Reply("refund", "0000", {"respcd": "0000"})
    signed = replace(after(PAID), known=Known(signed=True))

    assert walk().read(found, signs=False, mchid=None).finding is Finding.PAID
    assert walk().read(found, signs=False, mchid="M1").finding is not Finding.PAID
    assert walk().read(found, signs=True, mchid=None).finding is not Finding.PAID
    assert after(PAID).read(sent, signs=False, mchid=None).finding is Finding.REFUNDED
    assert after(PAID).read(sent, signs=True, mchid=None).finding is not Finding.REFUNDED
    assert signed.read(sent, signs=False, mchid=None).finding is not Finding.REFUNDED
