"""Queries: rows, filters, pages and months."""

from __future__ import annotations

import pytest

from qftools.sandbox.books.clock import from_beijing
from qftools.sandbox.gateway.merchants import Merchant, encode_mchid
from qftools.sandbox.sandbox import APP_CODE, CLIENT_KEY

LEAST_ROW = {
    "pay_type", "sysdtm", "order_type", "txcurrcd", "txdtm", "txamt", "out_trade_no", "syssn",
    "cancel", "respcd", "errmsg",
}  # fmt: skip


def numbers(answer):
    return [row["out_trade_no"] for row in answer.json["data"]]


def test_the_answer_has_the_published_shape(door):
    answer = door.query().json

    assert answer == {
        "respmsg": "",
        "resperr": "success",
        "respcd": "0000",
        "data": [],
        "page": 1,
        "page_size": 10,
    }


def test_every_value_of_a_row_is_a_string(door):
    row = door.look(door.pay())

    assert set(row) >= LEAST_ROW
    assert all(isinstance(value, str) for value in row.values())


def test_an_unpaid_row_has_no_paydtm_and_says_so_in_chinese(make_door):
    door = make_door(lang="zh")
    row = door.look(door.pay())

    assert (row["respcd"], row["paydtm"]) == ("1143", "")
    assert row["errmsg"] == "订单还未支付，或者正在输入密码中"


def test_nothing_found_is_a_success_with_no_rows(door):
    answer = door.query(out_trade_no="NOBODY")

    assert (answer.respcd, answer.json["data"]) == ("0000", [])


def test_rows_come_newest_first(door):
    for _ in range(3):
        door.pay()

    assert numbers(door.query()) == ["N3", "N2", "N1"]
    assert numbers(door.query(out_trade_no="N1,N3")) == ["N3", "N1"]


def test_pages_hold_ten_rows_unless_told_otherwise(door):
    for _ in range(23):
        door.pay()

    assert len(numbers(door.query())) == 10
    assert numbers(door.query(page="3")) == ["N3", "N2", "N1"]
    assert numbers(door.query(page="2", page_size="20")) == ["N3", "N2", "N1"]
    assert door.query(page="9").json["data"] == []


@pytest.mark.parametrize(
    "bad", [{"page": "0"}, {"page": "x"}, {"page_size": "101"}, {"page_size": "-1"}]
)
def test_a_page_that_makes_no_sense_gets_1104(door, bad):
    assert door.query(**bad).respcd == "1104"


def test_names_of_parameters_are_case_sensitive(door):
    assert door.query(Page="7").json["page"] == 1


def test_rows_are_filtered_by_pay_type_and_by_code(door):
    door.pay("800101")
    door.pay("800201")
    door.pay("800101", txamt=77001)

    assert numbers(door.query(pay_type="800101")) == ["N3", "N1"]
    assert numbers(door.query(pay_type="800201,800108")) == ["N2"]
    assert numbers(door.query(respcd="0000")) == ["N3"]
    assert numbers(door.query(respcd="1143")) == ["N2", "N1"]


def test_both_numbers_together_must_name_the_same_order(door):
    first, second = door.pay(), door.pay()

    assert numbers(door.query(syssn=first.json["syssn"], out_trade_no="N1")) == ["N1"]
    assert numbers(door.query(syssn=second.json["syssn"], out_trade_no="N1")) == []


def test_the_interval_is_of_the_gateways_time(door):
    door.pay(txdtm="2020-01-01 00:00:00")
    door.sandbox.clock.advance(3600)
    door.pay(txdtm="2020-01-01 00:00:00")

    assert numbers(door.query(start_time="2026-01-05 10:30:00")) == ["N2"]
    assert numbers(door.query(end_time="2026-01-05 10:30:00")) == ["N1"]


def test_an_interval_over_two_months_gets_1104(door):
    answer = door.query(start_time="2026-01-31 00:00:00", end_time="2026-02-01 00:00:00")

    assert answer.respcd == "1104"


def test_by_the_newest_page_an_interval_looks_across_months_and_must_be_whole(make_door):
    door = make_door(strict_month="across")
    door.pay()
    door.sandbox.clock.advance(40 * 86_400)
    door.pay()
    whole = {"start_time": "2026-01-01 00:00:00", "end_time": "2026-03-31 00:00:00"}

    assert numbers(door.query(**whole)) == ["N2", "N1"]
    assert numbers(door.query(out_trade_no="N1")) == ["N1"]
    assert door.query(start_time=whole["start_time"]).respcd == "1104"
    assert door.query().respcd == "1104"


@pytest.mark.parametrize("time", ["2026-01-32 00:00:00", "now", "2026-01-05"])
def test_a_time_that_does_not_exist_gets_1104(door, time):
    assert door.query(start_time=time).respcd == "1104"


def test_without_numbers_only_the_current_month_is_looked_at(door):
    paid = door.pay()
    door.sandbox.clock.advance(40 * 86_400)

    assert numbers(door.query()) == []
    assert numbers(door.query(start_time="2026-01-01 00:00:00")) == ["N1"]
    assert numbers(door.query(syssn=paid.json["syssn"])) == ["N1"]
    assert numbers(door.query(out_trade_no="N1")) == ["N1"]


def test_a_strict_gateway_finds_a_number_of_another_month_only_with_its_times(make_door):
    door = make_door(strict_month="on")
    paid = door.pay()
    door.sandbox.clock.advance(40 * 86_400)

    assert numbers(door.query(out_trade_no="N1")) == []
    assert numbers(door.query(out_trade_no="N1", start_time="2026-01-01 00:00:00")) == ["N1"]
    assert numbers(door.query(syssn=paid.json["syssn"])) == ["N1"]


JANUARY = {"start_time": "2026-01-01 00:00:00", "end_time": "2026-01-31 23:59:59"}
FEBRUARY = {"start_time": "2026-02-01 00:00:00", "end_time": "2026-02-28 23:59:59"}


@pytest.mark.parametrize(
    ("by", "interval", "strict", "found"),
    [
        ("out_trade_no", {}, "on", False),
        ("out_trade_no", JANUARY, "on", True),
        ("out_trade_no", {"end_time": JANUARY["end_time"]}, "on", True),
        ("out_trade_no", FEBRUARY, "on", False),
        ("syssn", {}, "on", True),
        ("syssn", FEBRUARY, "on", True),
        ("both", {}, "on", True),
        ("both", FEBRUARY, "on", True),
        ("out_trade_no", {}, "off", True),
        ("out_trade_no", FEBRUARY, "off", True),
        ("syssn", FEBRUARY, "off", True),
        ("nothing", {}, "off", False),
        ("nothing", JANUARY, "off", True),
        ("nothing", FEBRUARY, "off", False),
    ],
)
def test_at_the_end_of_a_month_a_number_needs_its_month_and_a_syssn_has_it(
    make_door, by, interval, strict, found
):
    door = make_door(strict_month=strict)
    door.sandbox.clock.advance(from_beijing("2026-01-31 23:59:00") - door.sandbox.clock.now())
    placed = door.pay(txamt=77001, txdtm="2026-01-31 23:59:00")
    door.sandbox.clock.advance(90)
    number = {"out_trade_no": "N1", "syssn": placed.json["syssn"]}
    asked = number if by == "both" else {by: number[by]} if by in number else {}

    assert numbers(door.query(**asked, **interval)) == (["N1"] if found else [])


@pytest.mark.parametrize(("month", "found"), [(JANUARY, False), (FEBRUARY, True)])
@pytest.mark.parametrize("strict", ["off", "on"])
def test_the_month_is_that_of_the_gateways_time_and_not_of_the_merchants(
    make_door, month, found, strict
):
    door = make_door(strict_month=strict)
    door.sandbox.clock.advance(from_beijing("2026-02-01 00:00:01") - door.sandbox.clock.now())
    door.pay(txdtm="2026-01-31 23:59:59")

    assert numbers(door.query(**month)) == (["N1"] if found else [])
    by_number = numbers(door.query(out_trade_no="N1", **month))
    assert by_number == (["N1"] if found or strict == "off" else [])


def test_one_merchant_never_sees_anothers_orders(door):
    door.sandbox._gateway.merchants.add(Merchant("OTHER", "their key"))
    mine = door.pay()

    theirs = door.call("query", {"syssn": mine.json["syssn"]}, app_code="OTHER", key="their key")

    assert theirs.json["data"] == []


def test_merchants_of_an_agent_never_see_each_others_orders(make_door):
    door = make_door(mchid="required")
    first, second = encode_mchid(11751, 1), encode_mchid(11751, 2)
    placed = door.pay(out_trade_no="SAME", mchid=first)
    also = door.pay(out_trade_no="SAME", mchid=second)

    assert (placed.respcd, also.respcd) == ("0000", "0000")
    assert door.query(syssn=placed.json["syssn"], mchid=second).json["data"] == []
    assert door.query(out_trade_no="SAME", mchid=first).row["syssn"] == placed.json["syssn"]


def test_a_row_names_the_merchants_user_number(make_door):
    door = make_door()

    placed = door.pay(mchid="MNxMp11FV35qQN")

    assert door.look(placed)["userid"] == "1100000457"


def test_a_cancel_is_listed_only_when_that_is_switched_on(make_door):
    def listed(door):
        placed = door.pay()
        door.cancel("reversal", placed)
        return [row["order_type"] for row in door.query().json["data"]]

    assert listed(make_door()) == ["payment"]
    assert listed(make_door(list_cancels="on")) == ["close", "payment"]


def test_asking_is_not_acting(door):
    placed = door.pay()
    before = door.sandbox.order("N1")

    for _ in range(20):
        door.look(placed)

    assert door.sandbox.order("N1") == before


def test_the_credentials_in_use_are_those_of_the_sandbox(door):
    mine = door.sandbox.credentials

    assert (mine.app_code, mine.client_key) == (APP_CODE, CLIENT_KEY)
