"""Refunds: never more than came, and every rule that the documents name."""

from __future__ import annotations

import pytest

from qftools.sandbox.books.clock import from_beijing

PAID = 77001
CODE = "134676275354204254"
FIELDS = {
    "orig_syssn", "sysdtm", "paydtm", "txdtm", "udid", "txcurrcd", "txamt", "resperr", "respmsg",
    "out_trade_no", "syssn", "respcd", "chnlsn", "cardcd",
}  # fmt: skip


def test_a_full_refund_gives_everything_back(door):
    paid = door.pay(txamt=PAID)

    answer = door.refund(paid)
    row = door.look(paid)

    assert set(answer.json) == FIELDS
    assert answer.json["orig_syssn"] == paid.json["syssn"] != answer.json["syssn"]
    assert (row["respcd"], row["cancel"]) == ("0000", "3")
    assert door.sandbox.order("N1").kept == 0


def test_parts_are_refunded_until_nothing_is_left(door):
    paid = door.pay(txamt=PAID)

    first = door.refund(paid, 77000)
    part = door.look(paid)
    over = door.refund(paid, 2)
    last = door.refund(paid, 1)

    assert [answer.respcd for answer in (first, over, last)] == ["0000", "1272", "0000"]
    assert part["cancel"] == "5"
    assert door.sandbox.order("N1").refunded == PAID


def test_a_refund_is_a_row_of_its_own(door):
    paid = door.pay(txamt=PAID)
    refund = door.refund(paid, 100)

    row = door.query(out_trade_no=refund.json["out_trade_no"]).row

    assert (row["order_type"], row["txamt"], row["respcd"]) == ("refund", "100", "0000")
    assert row["origssn"] == paid.json["syssn"]


def test_refusals_name_the_original_and_have_no_number_of_their_own(door):
    answer = door.refund(door.pay())

    assert answer.respcd == "1261"
    assert set(answer.json) == {
        "resperr", "respcd", "respmsg", "orig_syssn", "txcurrcd", "out_trade_no",
    }  # fmt: skip


def test_an_unknown_original_gets_1136(door):
    paid = door.pay(txamt=PAID)

    assert door.refund(paid, syssn="20260105000100020000000001").respcd == "1136"
    assert door.refund(paid, syssn=door.refund(paid, 1).json["syssn"]).respcd == "1136"


@pytest.mark.parametrize("field", ["syssn", "out_trade_no", "txamt", "txdtm"])
def test_a_missing_field_gets_1104(door, field):
    paid = door.pay(txamt=PAID).json
    params = {
        "syssn": paid["syssn"],
        "out_trade_no": "R",
        "txamt": "1",
        "txdtm": "2026-01-05 10:00:00",
    }

    assert door.call("refund", params | {field: ""}).respcd == "1104"


def test_a_used_number_gets_1251(door):
    paid = door.pay(txamt=PAID)
    door.refund(paid, 1, out_trade_no="R")

    assert door.refund(paid, 1, out_trade_no="R").respcd == "1251"
    assert door.refund(paid, 1, out_trade_no="N1").respcd == "1251"
    assert door.sandbox.order("N1").refunded == 1


@pytest.mark.parametrize("code", ["1262", "1264", "1125"])
def test_a_second_full_refund_gets_the_code_that_was_chosen(make_door, code):
    door = make_door(full_refund_again=code)
    paid = door.pay(txamt=PAID)
    door.refund(paid)

    assert door.refund(paid).respcd == code


@pytest.mark.parametrize("pay_type", ["802001", "802301", "802901", "805401", "805601"])
def test_wallets_without_refunds_get_1155(door, pay_type):
    paid = door.pay(pay_type, txamt=PAID)

    assert door.refund(paid).respcd == "1155"


def test_fps_is_refunded_when_that_is_switched_on(make_door):
    door = make_door(fps_refund="allow")

    assert door.refund(door.pay("802001", txamt=PAID)).respcd == "0000"


def test_a_card_payment_of_today_is_refunded_in_full_only(door):
    paid = door.pay("802801", txamt=PAID)

    assert door.refund(paid, 1).respcd == "1124"
    assert door.refund(paid).json["respmsg"] == "Void received"
    assert door.sandbox.order("N1").kept == 0


def test_refunds_need_takings_of_the_day_and_the_wallet(door):
    old = door.pay("800101", txamt=PAID)
    door.sandbox.clock.advance(86_400)
    none_today = door.refund(old)
    door.pay("800208", auth_code=CODE, txamt=PAID)
    another_wallet = door.refund(old)
    door.pay("800101", txamt=PAID)
    enough = door.refund(old)

    assert [answer.respcd for answer in (none_today, another_wallet, enough)] == [
        "1269",
        "1269",
        "0000",
    ]


def test_takings_can_be_ignored(make_door):
    door = make_door(takings="ignore")
    paid = door.pay(txamt=PAID)
    door.sandbox.clock.advance(86_400)

    assert door.refund(paid).respcd == "0000"


@pytest.mark.parametrize(("days", "pay_type"), [(365, "800101"), (90, "805801")])
def test_the_window_of_a_wallet_closes(make_door, days, pay_type):
    door = make_door(takings="ignore")
    paid = door.pay(pay_type, txamt=PAID)
    door.sandbox.clock.advance(days * 86_400)
    in_time = door.refund(paid, 1)
    door.sandbox.clock.advance(1)

    assert (in_time.respcd, door.refund(paid, 1).respcd) == ("0000", "1265")


@pytest.mark.parametrize(
    ("time", "respcd"), [("23:29:59", "0000"), ("23:30:00", "1265"), ("23:59:59", "1265")]
)
def test_trades_made_around_midnight_in_beijing_are_not_refunded_at_any_hour(
    make_door, time, respcd
):
    door = make_door(takings="ignore")  # those of the next day are 0
    now = door.sandbox.clock.now()
    door.sandbox.clock.advance(from_beijing(f"2026-01-05 {time}") - now)
    paid = door.pay(txamt=PAID)
    door.sandbox.clock.advance(45 * 60)

    assert door.refund(paid).respcd == respcd


def test_a_switch_bars_the_refunds_that_are_asked_for_around_midnight(make_door):
    door = make_door(refund_night="asked")
    door.sandbox.clock.advance(from_beijing("2026-01-05 23:20:00") - door.sandbox.clock.now())
    paid = door.pay(txamt=PAID)
    before = door.refund(paid, 1).respcd
    door.sandbox.clock.advance(15 * 60)

    assert (before, door.refund(paid, 1).respcd) == ("0000", "1265")


def test_refunds_around_midnight_can_be_switched_on(make_door):
    door = make_door(refund_night="allow")
    door.sandbox.clock.advance(from_beijing("2026-01-05 23:45:00") - door.sandbox.clock.now())

    assert door.refund(door.pay(txamt=PAID)).respcd == "0000"


def test_a_slow_refund_is_in_progress_and_a_second_one_is_refused_meanwhile(door):
    paid = door.pay(txamt=77061)
    slow = door.refund(paid, 61)
    second = door.refund(paid, 1)
    state = door.sandbox.order("N1").state
    looks = [door.look(paid)["cancel"] for _ in range(3)]

    assert (slow.respcd, second.respcd, state) == ("1143", "1155", "refunding")
    assert looks == ["0", "0", "5"]
    assert door.query(syssn=slow.json["syssn"]).row["respcd"] == "0000"
    assert door.sandbox.order("N1").refunded == 61


def test_a_slow_refund_can_fail_and_then_nothing_went_back(door):
    paid = door.pay(txamt=77062)
    slow = door.refund(paid)
    running = door.query(syssn=slow.json["syssn"]).row
    looks = [door.look(paid)["cancel"] for _ in range(3)]

    assert (slow.respcd, running["respcd"]) == ("1143", "1143")
    assert looks == ["0", "0", "0"]
    assert door.query(syssn=slow.json["syssn"]).row["respcd"] == "1155"
    assert door.sandbox.order("N1").kept == 77062
