"""How a cancel asks in every month before an order is dead, and how it goes on another day."""

from dataclasses import replace

import pytest

from qftools.cancellation.asking import views
from qftools.cancellation.findings import Answer, Finding
from qftools.cancellation.verdicts import Verdict
from qftools.cancellation.walk import NEXT, Ask, Finished, Step, Wait, Walk
from qftools.models import Order
from tests.test_walk_steps import (
    ABSENT,
    LOST,
    OPEN,
    ORDER,
    PAID,
    POLICY,
    REFUSED,
    WHY,
    asked,
    row,
    seen_open,
    sent,
    told,
)

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


@pytest.mark.parametrize("finding", [Finding.REFUNDED, Finding.FAILED, Finding.CANCELLED])
def test_each_kind_of_dead_order_is_asked_for_in_the_other_month_too(finding):
    walk = told(Answer(finding), order=NEW_YEAR)

    assert (walk.end, walk.searched) == (None, (0,))


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


@pytest.mark.parametrize("answer", [ABSENT, DEAD, OPEN])
def test_what_cannot_be_cancelled_near_a_months_end_is_called_so_only_after_both_months(answer):
    walk = told(OPEN, order=replace(NEW_YEAR, pay_type="802001"))
    assert (walk.end, walk.action) == (None, Ask("query", VIEWS[1]))

    for _ in range(9):
        if walk.end is None:
            walk = walk.told(answer if walk.view == 1 else OPEN).waited()
    assert walk.end.verdict is Verdict.NOT_CANCELLABLE


@pytest.mark.parametrize("order", [replace(NEW_YEAR, pay_type="802001"), NEW_YEAR])
def test_what_cannot_be_cancelled_is_paid_where_the_other_month_has_it_paid(order):
    walk = told(OPEN, order=order)
    if order is NEW_YEAR:
        walk = walk.told(REFUSED).told(OPEN)

    assert walk.action == Ask("query", VIEWS[1])
    assert walk.told(PAID).end == Finished(Verdict.PAID)


def test_where_a_refused_interval_is_no_month_the_others_are_enough():
    walk = told(OPEN, order=replace(NEW_YEAR, pay_type="802001"))
    for _ in range(9):
        if walk.end is None:
            walk = walk.told(Answer(Finding.DENIED, "1104") if walk.view else OPEN).waited()

    assert walk.end.verdict is Verdict.NOT_CANCELLABLE


def test_a_hold_whose_release_is_refused_is_held_only_after_both_months():
    hold = replace(NEW_YEAR, pay_type="801801", syssn=None)
    held = Answer(Finding.HELD, "0000", row(pay_type="801801", out_trade_no="A1"))
    walk = told(held, order=hold).told(REFUSED).told(held)
    assert walk.action == Ask("query", VIEWS[1])

    for answer in (ABSENT, ABSENT):
        walk = walk.told(answer).waited()
    assert walk.told(held).end.verdict is Verdict.HELD


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
        route=walk.route,
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


def test_after_a_cancel_each_month_is_asked_anew_before_an_order_is_called_not_cancellable():
    walk = told(ABSENT, ABSENT, OPEN, order=NEW_YEAR).told(REFUSED).waited().told(OPEN)

    assert (walk.end, walk.asked) == (None, (2,))
    assert walk.waited().action == Ask("query", VIEWS[1])


@pytest.mark.parametrize(("ask_next", "ends"), [("others", True), ("elsewhere", False)])
def test_a_month_with_rows_of_other_orders_alone_is_answered_and_a_silent_one_is_not(
    ask_next, ends
):
    walk = told(OPEN, order=replace(NEW_YEAR, pay_type="802001"))
    walk = walk.told(Answer(Finding.SILENT, ask_next=ask_next)).waited()
    assert walk.view == 2

    walk = walk.told(OPEN)

    assert (walk.end is not None) is ends
    assert ends or walk.waited().action == Ask("query", VIEWS[1])


def test_a_wait_that_the_gateway_asks_for_is_kept_before_the_other_month_is_asked():
    walk = told(replace(OPEN, wait=9.0), order=replace(NEW_YEAR, pay_type="802001"))

    assert walk.action == Wait(9.0)
    assert walk.waited().action == Ask("query", VIEWS[1])
