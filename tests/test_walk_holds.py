"""Each step of a cancel that comes upon a hold, and what a walk hands on to others."""

from dataclasses import replace

import pytest

from qftools.cancellation.findings import Answer, Finding
from qftools.cancellation.policy import Policy
from qftools.cancellation.routing import route_of_hold
from qftools.cancellation.verdicts import Verdict
from qftools.cancellation.walk import DEAD, NO_NUMBERS, Ask, Finished, Walk
from qftools.models import Order, Reply, Transaction

ONE, TWO = "20260105154100020000000001", "20260105154100020000000002"
ORDER = Order("A1", 2500, "2026-01-15 10:00:00", pay_type="801808")  # no month's end is near
POLICY = Policy(first_wait=2.0, wait_step=1.0, longest_wait=9.0, cancel_tries=2)


def row(**cells):
    told = {"syssn": ONE, "out_trade_no": "A1", "txamt": "2500", "pay_type": "801808"} | cells
    return Transaction({name: cell for name, cell in told.items() if cell is not None})


def held(**cells):
    return Answer(Finding.HELD, "0000", row(**cells), rows=1, open=(cells.get("syssn", ONE),))


def unconfirmed(**cells):
    return Answer(Finding.OPEN, "1143", row(**cells), rows=1, open=(ONE,))


def told(*answers, order=ORDER, policy=POLICY):
    walk = Walk(order, policy)
    for answer in answers:
        walk = walk.waited().told(answer)
    return walk


def test_a_release_names_the_hold_by_both_numbers_and_its_amount_and_says_no_more():
    walk = told(held(txamt="2000"), order=Order("A1", txdtm="2026-01-15 10:00:00", udid="till 3"))

    assert walk.route == route_of_hold("801808")
    assert walk.waited().action == Ask(
        "unfreeze", {"out_trade_no": "A1", "syssn": ONE, "txamt": 2000}
    )


def test_a_release_is_for_the_hold_that_the_row_names_and_the_order_stays_as_it_was_asked_for():
    walk = told(held(syssn=TWO), order=replace(ORDER, syssn=None))

    assert walk.target is not None and walk.target.syssn == TWO
    assert walk.waited().action.params["syssn"] == TWO


@pytest.mark.parametrize(
    "order",
    [
        Order(syssn=ONE, txamt=2500),
        Order("A1", 2500),
        Order("A1", syssn=ONE),
        Order(syssn=ONE),
        Order("A1"),
    ],
    ids=str,
)
def test_a_hold_without_one_of_the_three_that_a_release_needs_is_said_to_be_so(order):
    bare = Answer(Finding.HELD, "0000", Transaction({"respcd": "0000"}), rows=1)

    walk = told(bare, order=order)

    assert walk.action == Finished(Verdict.UNRESOLVED, NO_NUMBERS)
    assert (NO_NUMBERS.zh[:2], "a release needs" in NO_NUMBERS.en) == ("解冻", True)


def test_a_release_after_a_refused_reversal_is_the_first_one_of_its_kind():
    refused = Answer(Finding.OPEN, "1269", refused=True)
    walk = told(unconfirmed(), refused)
    assert walk.cancels == 1

    walk = walk.waited().told(held())

    assert (walk.cancels, walk.waited().action.endpoint) == (0, "unfreeze")
    assert walk.waited().told(Answer(Finding.SILENT)).cancels == 1


def test_a_hold_that_is_seen_after_a_reversal_without_a_reply_is_released_at_once():
    walk = told(unconfirmed(), Answer(Finding.SILENT), held())

    assert (walk.wait, walk.cancels, walk.action.endpoint) == (0.0, 0, "unfreeze")


def test_a_reversal_that_is_sent_again_for_another_payment_counts_on():
    other = Answer(Finding.OPEN, "1143", row(syssn=TWO), rows=2, open=(ONE, TWO))
    walk = told(unconfirmed(), Answer(Finding.SILENT), other)

    assert (walk.cancels, walk.waited().action.params["syssn"]) == (1, TWO)


@pytest.mark.parametrize("finding", sorted(Finding))
def test_an_order_is_over_by_these_findings_alone(finding):
    over = {"CANCELLED", "RELEASED", "REFUNDED", "FAILED"}

    assert (finding in DEAD) == (finding.name in over)


def test_a_release_seen_in_one_month_is_held_against_the_other_one():
    order = Order("A1", 2500, "2026-01-31 23:59:00", pay_type="801808")
    released = Answer(Finding.RELEASED, "0000", row(), rows=1, dead=(ONE,))

    walk = told(released, order=order)

    assert walk.over == released
    assert walk.waited().action.params["start_time"] == "2026-02-01 00:00:00"


def test_a_walk_that_is_resumed_keeps_the_call_of_its_last_cancel_and_forgets_one_not_sent():
    sent = told(held(), Answer(Finding.SILENT))
    only_chosen = told(held())

    assert sent.resumed().route == route_of_hold("801808")
    assert only_chosen.route is not None and only_chosen.resumed().route is None


@pytest.mark.parametrize(
    "order", [Order("A1", syssn=ONE), Order("A1"), Order(syssn=ONE)], ids=["both", "ours", "theirs"]
)
def test_a_journal_files_a_walk_under_both_of_its_numbers(order):
    assert Walk(order).filed == (order.out_trade_no, order.syssn)


CHARGED = Order("A1", 2500, "2026-01-15 10:00:00", pay_type="800101")
PAID = {"syssn": ONE, "out_trade_no": "A1", "txamt": "2500", "respcd": "0000", "cancel": "0"}


def test_an_unsigned_answer_of_a_gateway_that_signs_is_no_proof_of_a_payment():
    reply = Reply("query", "0000", {"respcd": "0000", "data": [PAID]})

    assert Walk(CHARGED).read(reply, signs=False, mchid=None).finding is Finding.PAID
    assert Walk(CHARGED).read(reply, signs=True, mchid=None).finding is Finding.SILENT


def test_the_row_of_another_merchant_is_not_the_order_of_the_one_that_asks():
    reply = Reply("query", "0000", {"respcd": "0000", "data": [PAID | {"mchid": "other"}]})

    assert Walk(CHARGED).read(reply, signs=False, mchid="other").finding is Finding.PAID
    assert Walk(CHARGED).read(reply, signs=False, mchid="mine").finding is not Finding.PAID


def in_progress(**cells):
    return Answer(Finding.OPEN, "1143", row(respcd="1143", **cells), rows=1, open=(ONE,))


def after_a_release(*answers):
    return told(held(), Answer(Finding.SILENT), *answers)


def test_a_release_that_is_in_progress_is_released_again_and_not_reversed():
    patient = Policy(first_wait=2.0, wait_step=1.0, longest_wait=9.0, recancel_after=2)
    walk = told(held(), Answer(Finding.SILENT), in_progress(), in_progress(), policy=patient)

    assert (walk.waited().action.endpoint, walk.cancels) == ("unfreeze", 1)
    assert walk.target is not None and walk.target.syssn == ONE


def test_what_was_reversed_and_is_in_progress_is_reversed_again():
    patient = Policy(first_wait=2.0, wait_step=1.0, longest_wait=9.0, recancel_after=2)
    walk = told(unconfirmed(), Answer(Finding.SILENT), in_progress(), in_progress(), policy=patient)

    assert walk.waited().action.endpoint == "reversal"


def test_another_hold_of_the_number_that_is_not_confirmed_is_reversed_not_released():
    other = Answer(Finding.OPEN, "1143", row(syssn=TWO), rows=2, open=(ONE, TWO))

    walk = after_a_release(other)

    assert walk.waited().action.endpoint == "reversal"


def test_a_hold_that_is_found_released_ends_so():
    released = Answer(Finding.RELEASED, "0000", row(cancel="6"), rows=1, dead=(ONE,))

    assert told(released).action == Finished(Verdict.RELEASED)
    assert after_a_release(released).action == Finished(Verdict.RELEASED)
