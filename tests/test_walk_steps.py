"""Each step of a cancel alone: what it counts, how long it waits, what it knows, why it ends."""

from dataclasses import replace

import pytest

from qftools.cancellation.asking import views
from qftools.cancellation.evidence import Known
from qftools.cancellation.findings import Answer, Finding
from qftools.cancellation.policy import Policy, policy_for
from qftools.cancellation.verdicts import Verdict
from qftools.cancellation.walk import (
    INTERRUPTED,
    NEXT,
    NO_AMOUNT,
    NO_PAY_TYPE,
    Ask,
    Finished,
    Step,
    Wait,
    Walk,
)
from qftools.catalogue import Text
from qftools.models import Order, Transaction

ONE, TWO = "20260105154100020000000001", "20260105154100020000000002"
ORDER = Order("A1", 2500, "2026-01-15 10:00:00", pay_type="800101")  # no month's end is near
POLICY = Policy(first_wait=2.0, wait_step=1.0, longest_wait=9.0)
WHY = Text("为什么", "why")
OPEN, PAID, CANCELLED = Answer(Finding.OPEN), Answer(Finding.PAID), Answer(Finding.CANCELLED)
ABSENT = Answer(Finding.ABSENT, note=WHY, ask_next="elsewhere")
LOST = Answer(Finding.SILENT, note=WHY)


def row(syssn=ONE, **fields):
    return Transaction({"syssn": syssn, "respcd": "1143", **fields})


def seen_open(syssn=ONE, **changes):
    return Answer(Finding.OPEN, "1143", row(syssn), rows=1, open=(syssn,), **changes)


def told(*answers, order=ORDER, policy=POLICY, **state):
    """A walk that begins in *state*, after these answers; the waits are over."""
    walk = Walk(order, policy, **state)
    for answer in answers:
        walk = walk.waited().told(answer)
    return walk


def sent(reply=CANCELLED, **changes):
    """A walk whose cancel was just answered."""
    return told(OPEN, reply, **changes)


def asked(walk):
    return walk.waited().action.params


# ---- the beginning ------------------------------------------------


def test_a_walk_begins_with_a_query_and_knows_nothing():
    walk = Walk(ORDER)

    assert walk.action == Ask("query", {"out_trade_no": "A1"})
    assert (walk.looks, walk.absents, walk.cancels, walk.confirms, walk.opens) == (0, 0, 0, 0, 0)
    assert (walk.step, walk.wait, walk.ripe, walk.view) == (Step.LOOK, 0.0, False, 0)
    assert (walk.known, walk.searched) == (Known(), ())
    assert (walk.profile, walk.hk_cancel) == ("seed", "deny")
    assert {walk.policy, walk.last_cancel, walk.target, walk.today, walk.over} == {None}
    assert {walk.route, walk.end} == {None}
    assert walk.table is NEXT


def test_a_walk_follows_the_table_that_it_is_given_which_is_no_part_of_what_it_is():
    other = {step: dict(row) for step, row in NEXT.items()}
    other[Step.LOOK][Finding.SILENT], other[Step.CONFIRM][Finding.SILENT] = Step.CONFIRM, Step.LOOK
    walk = Walk(ORDER, POLICY, table=other)

    assert walk.told(LOST).step is Step.CONFIRM
    assert replace(sent(), table=other).told(LOST).step is Step.LOOK
    assert walk == Walk(ORDER, POLICY)
    assert "table" not in repr(walk)


def test_the_patience_is_the_given_one_or_that_of_the_wallet():
    assert Walk(ORDER, POLICY).patience is POLICY
    assert Walk(ORDER).patience == policy_for("800101")
    assert Walk(replace(ORDER, pay_type="800201")).patience == policy_for("800201")
    assert policy_for("800101") != policy_for("800201")


def test_the_call_that_cancels_is_the_one_of_profile_and_switch():
    by_card = replace(ORDER, pay_type="800201")
    of_hong_kong = replace(ORDER, pay_type="805801")

    assert told(OPEN, order=by_card).action.endpoint == "close"
    assert told(OPEN, order=by_card, profile="docs-2026-02").action.endpoint == "reversal"
    assert told(OPEN, order=of_hong_kong).end.verdict is Verdict.NOT_CANCELLABLE
    assert told(OPEN, order=of_hong_kong, hk_cancel="allow").action.endpoint == "close"


def test_what_a_walk_says_by_itself_it_says_in_both_languages():
    interrupted = told(OPEN).interrupted().last_cancel.note
    no_pay_type = told(OPEN, order=replace(ORDER, pay_type=None)).end.reason
    no_amount = told(OPEN, order=replace(ORDER, txamt=None)).end.reason

    assert interrupted.en == "interrupted before the answer arrived"
    assert no_pay_type.en == "the pay type is unknown, so the cancel call can't be chosen"
    assert no_amount.en.endswith("give txamt and txdtm")
    for text in (interrupted, no_pay_type, no_amount):
        assert any("\u4e00" <= letter <= "\u9fff" for letter in text.zh)


# ---- LOOK ------------------------------------------------


def test_each_look_is_counted_and_an_absence_by_itself():
    walk = told(LOST, ABSENT, LOST)

    assert (walk.looks, walk.absents, walk.confirms) == (3, 1, 0)
    assert walk.step is Step.LOOK


def test_a_look_that_told_nothing_is_repeated_after_longer_and_longer_waits():
    walk, waits = Walk(ORDER, POLICY), []
    for _ in range(3):
        walk = walk.waited().told(LOST)
        waits.append(walk.wait)

    assert waits == [2.0, 3.0, 4.0]
    assert told(LOST, replace(LOST, wait=2.5)).wait == 3.0
    assert told(LOST, replace(LOST, wait=30.0)).wait == 30.0
    assert told(LOST, policy=replace(POLICY, first_wait=0.5)).action == Wait(0.5)


def test_patience_with_silence_ends_with_why_the_last_answer_told_nothing():
    policy = replace(POLICY, look_tries=3)

    assert told(LOST, LOST, policy=policy).end is None
    assert told(LOST, LOST, LOST, policy=policy).action == Finished(Verdict.UNRESOLVED, WHY)
    assert told(LOST, LOST, ABSENT, policy=policy).end is None
    assert told(LOST, LOST, OPEN, policy=policy).step is Step.CANCEL


def test_an_absence_is_believed_once_every_way_to_ask_was_asked():
    assert len(views(ORDER)) == 3
    eager = replace(POLICY, absent_tries=1)

    assert told(ABSENT, ABSENT, policy=eager).end is None
    assert told(ABSENT, ABSENT, ABSENT, policy=eager).action == Finished(Verdict.NOT_FOUND)
    patient = replace(POLICY, absent_tries=5, look_tries=1)
    assert told(*[ABSENT] * 4, policy=patient).end is None
    assert told(*[ABSENT] * 5, policy=patient).action == Finished(Verdict.NOT_FOUND)


def test_the_second_time_round_there_is_no_wait():
    patient = replace(POLICY, absent_tries=9)

    assert [told(*[ABSENT] * n, policy=patient).wait for n in range(1, 6)] == [2, 3, 4, 0, 0]


def test_where_the_month_is_in_doubt_an_absence_is_looked_at_twice_everywhere():
    new_year = replace(ORDER, txdtm="2026-01-31 23:59:00")

    assert told(*[ABSENT] * 5, order=new_year).end is None
    assert told(*[ABSENT] * 6, order=new_year).action == Finished(Verdict.NOT_FOUND)


def test_an_order_that_was_seen_and_is_gone_stays_unresolved_and_says_why():
    seen = Answer(Finding.SILENT, rows=1)

    walk = told(seen, ABSENT, ABSENT, ABSENT)

    assert walk.action == Finished(Verdict.UNRESOLVED, WHY)


@pytest.mark.parametrize("finding", [Finding.PAID, Finding.DENIED])
def test_a_verdict_at_once_has_the_reason_of_its_answer(finding):
    walk = told(Answer(finding, note=WHY))

    assert walk.end is not None
    assert (walk.end.reason, walk.step, walk.wait) == (WHY, Step.DONE, 0.0)


def test_an_order_without_pay_type_or_amount_says_what_is_missing():
    bare = Order("A1", 2500, "2026-01-15 10:00:00")

    assert told(OPEN, order=bare).action == Finished(Verdict.UNRESOLVED, NO_PAY_TYPE)
    for missing in ("txamt", "txdtm"):
        walk = told(OPEN, order=replace(ORDER, **{missing: None}))
        assert walk.action == Finished(Verdict.UNRESOLVED, NO_AMOUNT)


# ---- the earliest time to revoke ------------------------------------------------

RIPE = replace(POLICY, cancel_after=60.0)


def test_an_order_too_young_to_be_cancelled_is_waited_for_once_and_looked_at_again():
    walk = told(replace(OPEN, age=20.0), policy=RIPE)

    assert (walk.action, walk.step, walk.ripe) == (Wait(40.0), Step.LOOK, True)
    assert walk.waited().told(PAID).end == Finished(Verdict.PAID)
    assert walk.waited().told(replace(OPEN, age=20.0)).action.endpoint == "reversal"


def test_even_half_a_second_too_young_is_waited_for():
    assert told(replace(OPEN, age=59.5), policy=RIPE).action == Wait(0.5)


@pytest.mark.parametrize("age", [60.0, 61.0])
def test_an_order_that_is_old_enough_is_cancelled_at_once(age):
    assert told(replace(OPEN, age=age), policy=RIPE).action.endpoint == "reversal"


def test_an_order_that_nothing_can_cancel_is_not_waited_for():
    no_cancel = replace(ORDER, pay_type="802001")

    walk = told(OPEN, order=no_cancel, policy=RIPE)

    assert walk.end.verdict is Verdict.NOT_CANCELLABLE
    assert walk.end.reason == walk.route.reason
    assert walk.route.call is None


def test_an_order_that_nothing_can_cancel_and_that_may_be_paid_is_looked_at_again():
    doubtful = replace(OPEN, note=WHY)
    no_cancel = replace(ORDER, pay_type="802001")
    policy = replace(RIPE, look_tries=3)

    walk = told(doubtful, order=no_cancel, policy=policy)
    assert (walk.step, walk.wait) == (Step.LOOK, 60.0)
    walk = told(LOST, doubtful, order=no_cancel, policy=replace(policy, cancel_after=0.0))
    assert (walk.step, walk.wait) == (Step.LOOK, 3.0)
    assert told(replace(doubtful, wait=30.0), order=no_cancel, policy=POLICY).wait == 30.0
    assert told(*[doubtful] * 3, order=no_cancel, policy=policy).action == Finished(
        Verdict.UNRESOLVED, WHY
    )


# ---- CANCEL ------------------------------------------------


def test_the_reply_to_a_cancel_is_kept_and_counted():
    walk = sent()

    assert (walk.step, walk.cancels, walk.last_cancel) == (Step.CONFIRM, 1, CANCELLED)
    assert (walk.looks, walk.confirms, walk.opens) == (1, 0, 0)


@pytest.mark.parametrize(
    ("reply", "wait"),
    [
        (CANCELLED, 0.0),
        (PAID, 0.0),
        (Answer(Finding.OPEN, "1150", refused=True), 0.0),
        (Answer(Finding.OPEN, "1145", pending=True), 2.0),
        (LOST, 2.0),
        (replace(LOST, wait=1.0), 2.0),
        (replace(LOST, wait=30.0), 30.0),
        (replace(CANCELLED, wait=30.0), 30.0),
    ],
)
def test_a_reply_that_claims_an_end_is_checked_at_once_and_another_given_time(reply, wait):
    assert sent(reply).wait == wait


def test_a_cancel_that_is_denied_ends_the_walk_with_the_gateways_words():
    assert sent(Answer(Finding.DENIED, "1108", note=WHY)).action == Finished(
        Verdict.UNRESOLVED, WHY
    )


def test_a_cancel_that_was_interrupted_counts_as_sent_and_anything_else_is_as_it_was():
    walk = told(OPEN).interrupted()
    assert (walk.step, walk.cancels) == (Step.CONFIRM, 1)
    assert walk.last_cancel == Answer(Finding.SILENT, note=INTERRUPTED)

    pause = replace(told(OPEN), wait=0.5)
    for unchanged in (Walk(ORDER), sent(), sent(LOST), told(PAID), pause):
        assert unchanged.interrupted() is unchanged


# ---- CONFIRM ------------------------------------------------


def test_a_question_after_the_cancel_is_repeated_after_longer_and_longer_waits():
    walk = sent(LOST).waited().told(LOST)
    assert (walk.confirms, walk.wait, walk.opens) == (1, 2.0, 0)
    walk = walk.waited().told(ABSENT)
    assert (walk.confirms, walk.wait, walk.step) == (2, 3.0, Step.CONFIRM)
    assert walk.waited().told(replace(LOST, wait=30.0)).wait == 30.0


def test_a_lost_cancel_is_sent_again_at_once_when_the_order_was_seen_open_often_enough():
    policy = replace(POLICY, recancel_after=2, recancel_pending=3)

    walk = told(OPEN, LOST, OPEN, policy=policy)
    assert (walk.step, walk.opens, walk.wait) == (Step.CONFIRM, 1, 2.0)
    walk = walk.waited().told(OPEN)
    assert (walk.step, walk.wait) == (Step.CANCEL, 0.0)
    assert (walk.waited().told(LOST).opens, walk.waited().told(LOST).cancels) == (0, 2)
    kept = told(OPEN, LOST, OPEN, replace(OPEN, wait=7.0), policy=policy)
    assert (kept.step, kept.action) == (Step.CANCEL, Wait(7.0))

    pending = Answer(Finding.OPEN, "1145", pending=True)
    assert told(OPEN, pending, OPEN, OPEN, policy=policy).step is Step.CONFIRM
    assert told(OPEN, pending, OPEN, OPEN, OPEN, policy=policy).step is Step.CANCEL


def test_only_an_open_order_is_cancelled_again():
    assert told(OPEN, LOST, OPEN, LOST, LOST).step is Step.CONFIRM
    assert told(OPEN, LOST, OPEN, LOST, OPEN).step is Step.CANCEL


def test_no_more_cancels_are_sent_than_the_policy_allows():
    policy = replace(POLICY, cancel_tries=2, recancel_after=1, confirm_tries=9)
    doubtful = replace(OPEN, note=WHY)

    walk = told(OPEN, LOST, OPEN, LOST, *[doubtful] * 7, policy=policy)
    assert (walk.step, walk.cancels, walk.confirms) == (Step.CONFIRM, 2, 8)
    assert walk.waited().told(doubtful).action == Finished(Verdict.UNRESOLVED, WHY)


def test_another_payment_of_the_number_is_cancelled_however_often_one_was_before():
    policy = replace(POLICY, cancel_tries=1, recancel_after=9)

    walk = told(seen_open(), LOST, seen_open(TWO), policy=policy)

    assert (walk.step, walk.target.syssn, walk.wait) == (Step.CANCEL, TWO, 0.0)
    assert told(seen_open(), LOST, seen_open(), policy=policy).step is Step.CONFIRM
    nameless = Answer(Finding.OPEN, "1143", row(""))
    assert told(seen_open(), LOST, nameless, policy=policy).step is Step.CONFIRM
    assert told(seen_open(), LOST, Answer(Finding.SILENT, row=row(TWO))).step is Step.CONFIRM


REFUSED = Answer(Finding.OPEN, "1150", refused=True, note=WHY)


def test_a_refused_order_that_is_still_open_says_the_code_and_the_gateways_words():
    assert told(OPEN, REFUSED, OPEN).action == Finished(
        Verdict.NOT_CANCELLABLE, Text("1150 为什么", "1150 why")
    )
    assert told(OPEN, replace(REFUSED, note=None), OPEN).end.reason == Text("1150", "1150")
    assert told(OPEN, REFUSED, LOST).step is Step.CONFIRM
    assert told(OPEN, REFUSED, PAID).end == Finished(Verdict.PAID)
    assert told(seen_open(), REFUSED, seen_open(TWO)).step is Step.CANCEL


def test_a_refused_order_that_may_be_paid_is_asked_for_until_patience_is_out():
    doubtful = replace(OPEN, note=WHY)
    policy = replace(POLICY, confirm_tries=3)

    walk = told(OPEN, REFUSED, LOST, doubtful, policy=policy)
    assert (walk.step, walk.wait) == (Step.CONFIRM, 3.0)
    assert walk.waited().told(doubtful).action == Finished(Verdict.UNRESOLVED, WHY)
    assert told(OPEN, REFUSED, replace(doubtful, wait=30.0)).wait == 30.0


def test_patience_after_the_cancel_ends_with_why_the_last_answer_told_nothing():
    policy = replace(POLICY, confirm_tries=2)

    assert told(OPEN, LOST, LOST, policy=policy).end is None
    assert told(OPEN, LOST, LOST, LOST, policy=policy).action == Finished(Verdict.UNRESOLVED, WHY)


@pytest.mark.parametrize(
    ("finding", "verdict"),
    [
        (Finding.PAID, Verdict.PAID),
        (Finding.CANCELLED, Verdict.CANCELLED),
        (Finding.REFUNDED, Verdict.ALREADY_REFUNDED),
        (Finding.FAILED, Verdict.FAILED),
        (Finding.DENIED, Verdict.UNRESOLVED),
    ],
)
def test_what_a_query_proves_after_the_cancel_ends_the_walk(finding, verdict):
    walk = told(OPEN, LOST, Answer(finding))

    assert walk.action == Finished(verdict)
    assert walk.step.value == "DONE"


def test_an_end_leaves_nothing_to_wait_for():
    no_cancel = Answer(Finding.OPEN, row=row(TWO, pay_type="802001"), wait=7.0)

    walk = told(seen_open(), LOST, no_cancel)

    assert walk.end.verdict is Verdict.NOT_CANCELLABLE
    assert walk.wait == 0.0
