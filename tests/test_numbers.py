"""What names an order: one number, and what a row of the books tells of it."""

from __future__ import annotations

from typing import Any

import pytest

from qftools import InputError, Order
from qftools.client.numbers import check_about, kind_of, namings, order_of, unanswered
from qftools.errors import TransportError
from qftools.models import Transaction

ROW = {
    "out_trade_no": "A1",
    "syssn": "20260305066100020000977812",
    "pay_type": "800101",
    "txamt": "99999999999",  # the longest amount
    "txcurrcd": "HKD",
    "txdtm": "2026-03-05 16:50:30",
}


def test_an_order_has_everything_that_its_row_tells():
    told: dict[str, Any] = ROW | {"txamt": 99_999_999_999}

    assert order_of(Transaction(ROW)) == Order(**told)


@pytest.mark.parametrize("digits", [12, 5000])
def test_an_amount_that_is_too_long_is_left_out(digits):
    assert order_of(Transaction(ROW | {"txamt": "9" * digits})).txamt is None


@pytest.mark.parametrize("name", ["out_trade_no", "syssn"])
def test_a_row_answers_for_either_of_its_numbers(name):
    rows = (Transaction({name: "A1"}),)

    assert unanswered(["A1", "A2"], rows) == ["A2"]


@pytest.mark.parametrize("missing", [None, ""])
def test_a_missing_number_is_said_to_be_missing(missing):
    with pytest.raises(InputError, match="are both missing"):
        namings(missing)


def test_a_number_that_the_gateway_could_not_take_is_refused():
    with pytest.raises(InputError, match="control characters"):
        namings("A\x001")


def test_digits_of_another_script_are_no_number_of_the_gateway():
    foreign = "20260305066100020000977812".translate({48 + n: 0xFF10 + n for n in range(10)})

    for number in (foreign, "20260305" + foreign[8:], "20" + foreign[2:]):
        assert [list(naming) for naming in namings(number)] == [["out_trade_no"]]


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ({}, "payment"),
        ({"order_type": "Payment"}, "payment"),
        ({"order_type": "preauth"}, "payment"),
        ({"order_type": " PreAuth "}, "payment"),
        ({"order_type": "refund"}, "refund"),
        ({"order_type": "close", "origssn": "1"}, "close"),
        ({"origssn": "1"}, "refund"),
        ({"order_type": "", "origssn": ""}, "payment"),
    ],
)
def test_a_row_is_what_its_type_says_and_a_hold_is_a_payment(cells, kind):
    assert kind_of(Transaction(cells)) == kind


ASKED = {"out_trade_no": "A1", "syssn": "20260305066100020000977812"}
OTHER = "20260305066100020000977813"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (ASKED, {"orig_syssn": ASKED["syssn"], "out_trade_no": "the reversal's own"}),
        (ASKED, {"origssn": int(ASKED["syssn"]), "syssn": OTHER}),
        (ASKED, {"out_trade_no": " A1 "}),
        (ASKED, {"data": {"out_trade_no": "A1", "syssn": OTHER}}),
        (ASKED, {"out_trade_no": "A2", "data": {"orig_syssn": ASKED["syssn"]}}),
        (ASKED, {"syssn": OTHER}),
        (ASKED, {"orig_syssn": "", "out_trade_no": None}),
        ({"out_trade_no": "A1"}, {"orig_syssn": OTHER, "origssn": OTHER}),
        ({"syssn": ASKED["syssn"]}, {"out_trade_no": "A2"}),
        ({}, {"out_trade_no": "A2", "orig_syssn": OTHER}),
    ],
)
def test_a_reply_that_names_the_order_or_none_is_the_one_to_the_request(asked, said):
    check_about("reversal", asked, said)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"orig_syssn": OTHER}, f"its orig_syssn is not {ASKED['syssn']}"),
        ({"origssn": OTHER, "out_trade_no": "A1"}, f"its origssn is not {ASKED['syssn']}"),
        ({"out_trade_no": "A2"}, "its out_trade_no is not A1"),
        ({"out_trade_no": "A2", "data": {"txstatus": "SUCCESS"}}, "its out_trade_no is not A1"),
        ({"out_trade_no": "A1", "data": {"out_trade_no": "A2"}}, "its out_trade_no is not A1"),
    ],
)
def test_a_reply_that_names_another_order_is_the_one_to_another_request(said, why):
    with pytest.raises(TransportError) as refused:
        check_about("reversal", ASKED, said)

    assert refused.value.say("en") == f"the reply is about another order: {why}"
    assert refused.value.say("zh").startswith("这个应答属于别的订单：")
    check_about("query", ASKED, said)


def test_rows_are_the_answer_to_a_query_alone():
    with pytest.raises(TransportError) as refused:
        check_about("close", {}, {"data": []})

    assert refused.value.say("en") == (
        "the reply has rows: it is the answer to a query, not to this request"
    )
    check_about("query", {}, {"data": []})
