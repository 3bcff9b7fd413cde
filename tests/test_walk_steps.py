"""Each step of a cancel alone: what it counts, how long it waits, what it knows, why it ends."""

from dataclasses import replace

import pytest

from qftools.asking import views
from qftools.catalogue import Text
from qftools.evidence import Known
from qftools.findings import Answer, Difference, Finding
from qftools.models import Order, Transaction
from qftools.policy import Policy, policy_for
from qftools.verdicts import Verdict
from qftools.walk import INTERRUPTED, NEXT, NO_AMOUNT, NO_PAY_TYPE, Ask, Finished, Step, Wait, Walk

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


def test_known_begins_with_nothing():
    known = Known()

    assert (known.learned, known.live, known.cancelled) == ((), (), ())
    assert not (known.several or known.found or known.signed or known.wide)


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


# ---- what an answer adds to what is known ------------------------------------------------


def test_what_the_books_tell_is_learned_and_what_the_caller_said_stays():
    books = row(pay_type="800201", txamt="900", txcurrcd="HKD", out_trade_no="A1")

    walk = told(Answer(Finding.OPEN, "1143", books))

    assert walk.order == replace(ORDER, syssn=ONE, pay_type="800201", txcurrcd="HKD")
    assert walk.known.learned == ("syssn", "txcurrcd")
    walk = walk.told(Answer(Finding.OPEN))
    assert walk.known.learned == ("syssn", "txcurrcd")


def test_what_was_told_first_is_learned_first_and_stays_learned():
    by_syssn = Order(None, syssn=ONE)
    first = Answer(Finding.SILENT, row=row(txcurrcd="HKD"))
    then = Answer(
        Finding.SILENT, row=row(out_trade_no="A1", txamt="7", txdtm="2026-01-15 10:00:00")
    )

    assert told(first, then, order=by_syssn).known.learned == (
        *("txcurrcd", "out_trade_no"),
        *("txamt", "txdtm"),
    )


def test_payments_seen_open_are_live_until_one_answer_says_that_they_are_over():
    walk = told(Answer(Finding.SILENT, open=(ONE, TWO), rows=2))
    assert walk.known.live == (ONE, TWO)
    assert walk.told(LOST).known.live == (ONE, TWO)
    assert walk.told(Answer(Finding.SILENT, open=(TWO,), dead=(ONE,))).known.live == (TWO,)


def test_once_seen_signed_or_several_stays_so():
    walk = told(Answer(Finding.SILENT, rows=2, signed=True, ask_next="wide"), LOST)

    assert walk.known == Known(several=True, found=True, signed=True, wide=True)
    assert walk.action == Wait(3.0)
    assert walk.waited().action == Ask("query", {"out_trade_no": "A1", "page_size": 100})
    assert told(Answer(Finding.SILENT, rows=1)).known == Known(found=True)
    assert told(LOST).known == Known()


@pytest.mark.parametrize("next_one", ["elsewhere", "others"])
def test_the_ways_to_ask_are_gone_through_in_turn_and_begin_again(next_one):
    nothing = Answer(Finding.SILENT, ask_next=next_one)
    walk, seen = Walk(ORDER, POLICY), []

    for _ in range(4):
        seen.append(asked(walk))
        walk = walk.told(nothing)

    assert seen == [*views(ORDER), views(ORDER)[0]]
    assert told(Answer(Finding.SILENT, ask_next="wide")).view == 0


def test_a_cancel_is_for_the_payment_that_the_row_names():
    books = row(txamt="900", txdtm="2026-01-15 10:05:00")

    walk = told(Answer(Finding.OPEN, "1143", books, rows=2))

    assert walk.action == Ask(
        "reversal", {"syssn": ONE, "txamt": 900, "txdtm": "2026-01-15 10:05:00"}
    )
    assert walk.told(LOST).known.cancelled == (ONE,)
    one_row = told(Answer(Finding.OPEN, "1143", books, rows=1))
    assert one_row.action.params["out_trade_no"] == "A1"


def test_a_cancel_without_a_syssn_is_counted_as_one_of_the_order():
    assert sent().known.cancelled == ("",)
    assert sent(order=replace(ORDER, syssn=TWO)).known.cancelled == (TWO,)
    again = told(seen_open(), LOST, seen_open(), seen_open(), LOST)
    assert again.known.cancelled == (ONE,)
    assert again.cancels == 2


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

    pause = replace(told(OPEN), wait=5.0)
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


def test_a_payment_that_arrives_after_the_cancel_ends_it():
    assert told(OPEN, LOST, PAID).action == Finished(Verdict.PAID)


# ---- in every month ------------------------------------------------

NEW_YEAR = replace(ORDER, txdtm="2026-01-31 23:59:00")
DEAD = Answer(Finding.CANCELLED, "1142")
VIEWS = views(NEW_YEAR)


def test_a_dead_order_near_a_months_end_is_asked_for_in_both_months_at_once():
    walk = told(DEAD, order=NEW_YEAR)
    assert (walk.over, walk.searched, walk.step) == (DEAD, (0,), Step.LOOK)
    assert walk.action == Ask("query", VIEWS[1])
    walk = walk.told(ABSENT)
    assert (walk.searched, walk.action) == ((0, 1), Ask("query", VIEWS[2]))
    walk = walk.told(Answer(Finding.SILENT, ask_next="others"))
    assert walk.action == Finished(Verdict.ALREADY_CANCELLED)


def test_the_month_that_was_asked_already_is_not_asked_again():
    walk = told(ABSENT, DEAD, order=NEW_YEAR)
    assert (walk.searched, walk.action) == ((1,), Ask("query", VIEWS[2]))
    assert walk.told(DEAD).end == Finished(Verdict.ALREADY_CANCELLED)


def test_a_wait_that_the_gateway_asks_for_is_kept_between_the_months():
    assert told(replace(DEAD, wait=7.0), order=NEW_YEAR).action == Wait(7.0)


def test_the_most_telling_of_the_months_is_believed():
    refunded = Answer(Finding.REFUNDED, "0000", note=WHY)

    walk = told(DEAD, refunded, DEAD, order=NEW_YEAR)

    assert walk.action == Finished(Verdict.ALREADY_REFUNDED, WHY)


def test_silence_in_a_month_is_asked_again_and_a_living_payment_is_believed():
    walk = told(DEAD, LOST, order=NEW_YEAR)
    assert (walk.over, walk.searched, walk.view) == (DEAD, (0,), 1)
    alive = walk.waited().told(seen_open())
    assert (alive.step, alive.over, alive.searched) == (Step.CANCEL, None, ())
    assert walk.waited().told(PAID).end == Finished(Verdict.PAID)


def test_an_interval_that_is_refused_is_no_month_and_no_mistake_of_the_caller():
    refused = Answer(Finding.DENIED, "1104", note=WHY)

    assert told(refused, order=NEW_YEAR).action == Finished(Verdict.UNRESOLVED, WHY)
    walk = told(ABSENT, refused, order=NEW_YEAR)
    assert (walk.view, walk.step, walk.end) == (2, Step.LOOK, None)
    assert walk.waited().told(refused).view == 0
    assert told(DEAD, refused, order=NEW_YEAR).searched == (0, 1)
    assert told(DEAD, refused, refused, order=NEW_YEAR).end == Finished(Verdict.ALREADY_CANCELLED)


def test_far_from_a_months_end_one_dead_answer_is_enough():
    assert told(DEAD).action == Finished(Verdict.ALREADY_CANCELLED)
    assert told(OPEN, LOST, DEAD).action == Finished(Verdict.CANCELLED)


def test_an_order_without_a_time_is_looked_for_in_the_month_of_today():
    walk = Walk(Order("A1"), POLICY, today="2026-03-20").told(ABSENT)

    assert asked(walk)["start_time"] == "2026-02-01 00:00:00"
    near = Walk(Order("A1"), POLICY, today="2026-03-31").told(DEAD)
    assert asked(near)["start_time"] == "2026-02-01 00:00:00"


# ---- later ------------------------------------------------


def test_a_walk_that_is_resumed_keeps_what_it_knows_and_is_patient_anew():
    table = {step: dict(row) for step, row in NEXT.items()}
    walk = Walk(ORDER, POLICY, "docs-2026-02", "allow", today="2026-01-15", table=table)
    walk = walk.told(replace(seen_open(), rows=2, signed=True)).told(LOST).waited()
    walk = walk.told(Answer(Finding.SILENT, ask_next="wide"))

    again = walk.resumed()

    assert again == Walk(
        walk.order,
        POLICY,
        "docs-2026-02",
        "allow",
        step=Step.CONFIRM,
        last_cancel=LOST,
        known=replace(walk.known, wide=False),
        today="2026-01-15",
    )
    assert again.table is table
    assert walk.known.wide and walk.known.several and walk.known.signed


def test_a_walk_that_sent_no_cancel_is_resumed_with_a_look():
    assert told(LOST, LOST).resumed() == Walk(ORDER, POLICY)
    assert sent(LOST).resumed().step is Step.CONFIRM


@pytest.mark.parametrize(
    ("reply", "then", "step"),
    [
        (Answer(Finding.DENIED, "1108"), [], Step.LOOK),
        (REFUSED, [OPEN], Step.LOOK),
        (REFUSED, [], Step.CONFIRM),
        (LOST, [PAID], Step.CONFIRM),
        (Answer(Finding.OPEN, "1145", pending=True), [Answer(Finding.DENIED)], Step.CONFIRM),
    ],
)
def test_a_refusal_is_forgotten_only_with_the_verdict_that_rested_on_it(reply, then, step):
    again = told(OPEN, reply, *then).resumed()

    assert again.step is step
    assert (again.last_cancel is None) is (step is Step.LOOK)


def test_what_differs_is_no_reason_to_stop_asking():
    walk = told(Answer(Finding.SILENT, differs=(Difference("txamt", "1", "2500"),), note=WHY))

    assert (walk.step, walk.order, walk.known) == (Step.LOOK, ORDER, Known())
