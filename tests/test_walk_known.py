"""What a walk learns from answers and keeps: fields, payments, signatures, the way that it asks."""

from dataclasses import replace

import pytest

from qftools.cancellation.asking import views
from qftools.cancellation.evidence import Known
from qftools.cancellation.findings import Answer, Finding
from qftools.cancellation.walk import Ask, Wait, Walk
from qftools.models import Order
from tests.test_walk_steps import (
    LOST,
    ONE,
    OPEN,
    ORDER,
    POLICY,
    TWO,
    asked,
    row,
    seen_open,
    sent,
    told,
)


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


def test_each_payment_that_a_cancel_was_sent_for_is_remembered():
    walk = told(seen_open(), LOST, seen_open(TWO))

    assert walk.told(LOST).known.cancelled == (ONE, TWO)


def test_a_journal_without_the_payment_to_cancel_means_the_one_that_the_order_names():
    walk = replace(told(OPEN, order=replace(ORDER, syssn=TWO)), target=None)

    assert asked(walk)["syssn"] == TWO
    assert walk.told(LOST).known.cancelled == (TWO,)
