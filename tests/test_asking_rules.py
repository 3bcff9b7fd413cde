"""What a cancel sends to name its order: each query, each month, and what a row adds to it."""

from dataclasses import replace

import pytest

from qftools.cancellation.asking import TOLD, cancelling, months_in_doubt, target, views, with_row
from qftools.models import Order, Transaction

ONE, TWO = "20260105154100020000000001", "20260105154100020000000002"
ORDER = Order("A1", 2500, "2026-01-15 10:00:00")
ROW = {
    "out_trade_no": "A1",
    "syssn": ONE,
    "pay_type": "800201",
    "txamt": "900",
    "txcurrcd": "hkd",
    "txdtm": "2026-01-15 10:05:00",
}


def months(order, learned=(), today=None):
    """The first and last second of each month that is asked, in turn."""
    asked = views(order, learned, today)
    return [(view["start_time"], view["end_time"]) for view in asked if "start_time" in view]


def starts(order, learned=(), today=None):
    return [start[:7] for start, _ in months(order, learned, today)]


# ---- by which number ------------------------------------------------


def test_a_number_that_the_books_told_is_asked_last_and_never_with_a_month():
    both = replace(ORDER, syssn=ONE)

    asked = views(both, ["out_trade_no"])

    assert asked[0] == {"syssn": ONE}
    assert all(view["syssn"] == ONE for view in asked[:-1])
    assert asked[-1] == {"out_trade_no": "A1"}


def test_a_number_alone_is_asked_alone():
    assert views(Order("A1")) == [{"out_trade_no": "A1"}]
    assert [set(view) for view in views(Order("A1", mchid="M1"))] == [{"mchid", "out_trade_no"}]


def test_each_query_names_the_orders_merchant():
    asked = views(replace(ORDER, syssn=ONE, mchid="M1"), ["syssn"])

    assert len(asked) > 2
    assert {view["mchid"] for view in asked} == {"M1"}


def test_a_walk_knows_of_each_field_that_a_row_can_add():
    bare = Order("A1", syssn=None)
    known = with_row(Order(None, syssn=ONE), Transaction(ROW))

    assert known == Order("A1", 900, ROW["txdtm"], ONE, "800201", "HKD")
    assert with_row(bare, Transaction(ROW)).syssn == ONE
    assert TOLD == ("out_trade_no", "syssn", "txamt", "txcurrcd", "txdtm")


# ---- in which months ------------------------------------------------


@pytest.mark.parametrize(
    ("txdtm", "whole"),
    [
        ("2026-01-15 10:00:00", ["2025-12-01", "2025-12-31", "2026-01-01", "2026-01-31"]),
        ("2026-01-16 00:00:00", ["2026-02-01", "2026-02-28", "2026-01-01", "2026-01-31"]),
        ("2028-02-20 10:00:00", ["2028-03-01", "2028-03-31", "2028-02-01", "2028-02-29"]),
        ("2026-12-01 00:00:00", ["2026-11-01", "2026-11-30", "2026-12-01", "2026-12-31"]),
    ],
)
def test_a_month_is_asked_from_its_first_second_to_its_last(txdtm, whole):
    first, last, own_first, own_last = whole

    assert months(replace(ORDER, txdtm=txdtm)) == [
        (f"{first} 00:00:00", f"{last} 23:59:59"),
        (f"{own_first} 00:00:00", f"{own_last} 23:59:59"),
    ]


def test_a_time_that_the_caller_gave_is_surer_than_a_number_and_than_today():
    march = replace(ORDER, txdtm="2026-03-20 10:00:00", syssn=ONE)

    assert starts(march, (), "2026-07-01") == ["2026-04", "2026-03"]


def test_what_the_books_told_does_not_move_the_months():
    told = replace(ORDER, syssn=ONE, txdtm="2026-03-20 10:00:00")

    assert starts(told, ["txdtm", "syssn"], "2026-07-10") == ["2026-06", "2026-07"]
    assert starts(told, ["txdtm", "syssn"]) == []
    assert starts(told, ["txdtm"]) == ["2025-12", "2026-01"]
    assert starts(told, ["txdtm"], "2026-07-10") == ["2026-06", "2026-07", "2025-12", "2026-01"]
    assert starts(told, ["syssn"]) == ["2026-04", "2026-03"]


def test_today_is_never_looked_past():
    assert starts(Order("A1"), (), "2026-07-31") == ["2026-06", "2026-07"]


def test_each_month_is_asked_once():
    of_january = Order("A1", syssn=ONE)

    assert starts(of_january, (), "2026-01-09") == ["2025-12", "2026-01"]
    assert starts(of_january, (), "2026-02-09") == ["2026-01", "2026-02", "2025-12"]


@pytest.mark.parametrize(
    "syssn", ["1999123115410002", "2100010115410002", "2026133115410002", "7", "99991231"]
)
def test_a_number_that_begins_with_no_day_of_these_times_names_no_month(syssn):
    assert starts(Order(None, syssn=syssn)) == []


def test_a_number_may_begin_with_a_day_that_has_dashes():
    assert starts(Order(None, syssn="2026-03-20-77")) == ["2026-04", "2026-03"]


@pytest.mark.parametrize(
    ("day", "doubt"),
    [
        ("2026-03-01", True),
        ("2026-03-02", True),
        ("2026-03-03", False),
        ("2026-03-29", False),
        ("2026-03-30", True),
        ("2026-03-31", True),
        ("2026-02-26", False),
        ("2026-02-27", True),
    ],
)
def test_payments_may_be_in_two_months_within_two_days_of_the_end_of_one(day, doubt):
    order = replace(ORDER, txdtm=f"{day} 12:00:00")

    assert months_in_doubt(order) == ([1, 2] if doubt else [])
    assert months_in_doubt(Order("A1"), (), day) == ([1, 2] if doubt else [])


def test_the_months_in_doubt_are_the_views_that_have_an_interval():
    new_year = replace(ORDER, txdtm="2026-01-31 23:59:00", syssn=ONE)

    assert months_in_doubt(new_year) == [2, 3]
    assert months_in_doubt(new_year, ["syssn"]) == [1, 2]
    assert months_in_doubt(Order("A1")) == []
    assert months_in_doubt(new_year, ["txdtm"], "2026-05-15") == []
    assert months_in_doubt(new_year, ["txdtm", "syssn"], "2026-05-31") == [1, 2]


# ---- which payment ------------------------------------------------


def test_a_cancel_takes_number_wallet_amount_and_time_from_the_payments_own_row():
    order = replace(ORDER, syssn=TWO, pay_type="800101", txcurrcd="USD", udid="till")

    found = target(order, Transaction(ROW))

    assert found == Order("A1", 900, ROW["txdtm"], ONE, "800201", "USD", udid="till")
    assert target(order, None) is order
    assert target(order, Transaction({})) == order


def test_a_row_that_says_what_is_known_makes_no_other_order():
    order = with_row(Order("A1"), Transaction(ROW))

    assert target(order, Transaction(ROW)) is order
    assert with_row(order, Transaction(ROW)) is order


def test_a_row_tells_what_the_caller_did_not_say_and_the_pay_type():
    said = Order("A2", 2500, "2026-01-15 10:00:00", TWO, "800101", "USD")

    assert with_row(said, Transaction(ROW)) == replace(said, pay_type="800201")
    assert with_row(Order("A1"), Transaction(ROW)) == (
        Order("A1", 900, ROW["txdtm"], ONE, "800201", "HKD")
    )
    assert with_row(said, Transaction({})) == said


@pytest.mark.parametrize(
    ("txamt", "amount"),
    [
        ("99999999999", 99_999_999_999),
        ("999999999999", None),
        ("00000000900", 900),
        ("9 00", None),
        ("\uff19\uff10\uff10", None),
        (900, 900),
        (900.0, 900),
        ("0", None),
        ("", None),
    ],
)
def test_an_amount_is_taken_over_where_it_can_be_sent_back(txamt, amount):
    assert with_row(Order("A1"), Transaction({"txamt": txamt})).txamt == amount


def test_a_payment_among_several_is_cancelled_by_its_own_number_alone():
    both, bare = replace(ORDER, syssn=ONE), ORDER

    assert cancelling(both, True) == {"syssn": ONE, "txamt": 2500, "txdtm": ORDER.txdtm}
    assert cancelling(both, False) == both.for_cancel()
    assert cancelling(bare, True) == bare.for_cancel()
    assert cancelling(Order(None, 2500, ORDER.txdtm, ONE), True)["syssn"] == ONE


def test_a_hold_is_released_by_both_its_numbers_and_without_its_time():
    both = replace(ORDER, syssn=ONE)

    released = {"out_trade_no": ORDER.out_trade_no, "syssn": ONE, "txamt": 2500}
    assert cancelling(both, True, "unfreeze") == both.for_release() == released
