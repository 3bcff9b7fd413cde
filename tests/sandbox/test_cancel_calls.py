"""Reversal and close: routes, states, answers, and who may not cancel at all."""

from __future__ import annotations

import pytest

from qftools import catalogue
from qftools.cancellation.routing import route
from qftools.sandbox.gateway import magic
from qftools.sandbox.gateway.merchants import Merchant
from tests.sandbox.doors import GatewayDoor

CODE = "134676275354204254"
TYPING = magic.auth_code("13", 77002)  # works any number of times
SAMPLE_ORDER = [
    "surcharge_fee", "resperr", "txdtm", "syssn", "sysdtm", "txcurrcd", "respmsg", "chnlsn2",
    "cardcd", "udid", "txamt", "orig_syssn", "surcharge_rate", "respcd", "chnlsn",
]  # fmt: skip
OPEN_PAYMENTS = [
    ("800101", "reversal", "2", "1142"),
    ("800108", "reversal", "1", "1263"),
    ("800201", "close", "2", "1142"),
    ("800208", "reversal", "1", "1263"),
]


@pytest.mark.parametrize(("pay_type", "endpoint", "flag", "respcd"), OPEN_PAYMENTS)
def test_an_open_order_is_cancelled_by_the_vendors_route(
    make_door, pay_type, endpoint, flag, respcd
):
    door = make_door(password="on")
    placed = door.pay(pay_type, auth_code=CODE)

    answer = door.cancel(endpoint, placed)
    row = door.look(placed)

    assert answer.respcd == "0000"
    assert (row["cancel"], row["respcd"]) == (flag, respcd)
    assert door.sandbox.order("N1").state == "cancelled"


@pytest.mark.parametrize(("pay_type", "endpoint", "flag", "respcd"), OPEN_PAYMENTS)
def test_the_wrong_route_gets_1297_without_a_number(make_door, pay_type, endpoint, flag, respcd):
    door = make_door(password="on")
    placed = door.pay(pay_type, auth_code=CODE)

    answer = door.cancel({"reversal": "close", "close": "reversal"}[endpoint], placed)

    assert answer.respcd == "1297"
    assert "syssn" not in answer.json
    assert door.look(placed)["cancel"] == "0"


def test_the_answer_has_the_pages_fields_in_the_pages_order(door):
    placed = door.pay()

    answer = door.cancel("reversal", placed).json

    assert list(answer) == SAMPLE_ORDER
    assert answer["orig_syssn"] == placed.json["syssn"]
    assert int(answer["syssn"][-10:]) == int(placed.json["syssn"][-10:]) + 1


@pytest.mark.parametrize("hk_cancel", ["deny", "allow"])
@pytest.mark.parametrize("profile", ["seed", "docs-2026-02", "docs-2026-late", "2017"])
@pytest.mark.parametrize("endpoint", ["reversal", "close"])
def test_every_pay_type_is_cancelled_as_the_routing_says_in_every_profile(
    make_sandbox, profile, endpoint, hk_cancel
):
    door = GatewayDoor(make_sandbox(profile=profile, hk_cancel=hk_cancel))
    for code in catalogue.pay_types():
        wanted = route(code, profile=profile, hk_cancel=hk_cancel).call
        placed = door.pay(code, auth_code=TYPING)

        answer = door.cancel(endpoint, placed)

        assert answer.respcd == ("0000" if endpoint == wanted else "1297"), code


@pytest.mark.parametrize("pay_type", ["801501", "801010", "805801", "802001", "803701", "800714"])
def test_hong_kong_pay_types_can_be_cancelled_only_when_that_is_switched_on(make_door, pay_type):
    def answers(door):
        placed = door.pay(pay_type)
        return {door.cancel(endpoint, placed).respcd for endpoint in ("reversal", "close")}

    assert answers(make_door()) == {"1297"}
    assert "0000" in answers(make_door(hk_cancel="allow"))


def test_a_paid_order_is_never_cancelled(door):
    placed = door.pay(txamt=77001)

    answer = door.cancel("reversal", placed)

    assert answer.respcd == "1260"
    assert door.sandbox.order("N1").kept == 77001


def test_a_switch_makes_the_cancel_of_a_paid_order_give_the_money_back(make_door):
    door = make_door(cancel_paid="refund")
    placed = door.pay(txamt=77001)

    answer = door.cancel("reversal", placed)
    row = door.look(placed)

    assert answer.respcd == "0000"
    assert (row["respcd"], row["cancel"]) == ("0000", "3")
    assert door.sandbox.order("N1").kept == 0


@pytest.mark.parametrize(
    ("pay_type", "endpoint", "again"),
    [("800101", "reversal", "1264"), ("800201", "close", "1264"), ("800208", "reversal", "1263")],
)
def test_a_second_cancel_says_that_it_is_done(make_door, pay_type, endpoint, again):
    door = make_door(password="on")
    placed = door.pay(pay_type, auth_code=CODE)
    door.cancel(endpoint, placed)

    assert door.cancel(endpoint, placed).respcd == again


def test_an_expired_order_gets_1181_and_a_refunded_one_1262(door):
    expired, refunded = door.pay(), door.pay(txamt=77001)
    door.refund(refunded)
    door.sandbox.clock.advance(1800)

    assert door.cancel("reversal", expired).respcd == "1181"
    assert door.cancel("reversal", refunded).respcd == "1262"


@pytest.mark.parametrize("endpoint", ["reversal", "close"])
@pytest.mark.parametrize(
    ("named", "shown"),
    [
        ({"out_trade_no": "NOBODY"}, "NOBODY"),
        ({"syssn": "20260105154100020000000001"}, ""),
        ({"syssn": "20260105154100020000000001", "out_trade_no": "NOBODY"}, "NOBODY"),
    ],
    ids=["number", "syssn", "both"],
)
def test_an_unknown_order_gets_1136_with_the_number_that_was_asked_for(
    door, endpoint, named, shown
):
    answer = door.call(endpoint, named | {"txamt": "1", "txdtm": "2026-01-05 10:00:00"})

    assert list(answer.json) == ["resperr", "respcd", "respmsg", "out_trade_no"]
    assert (answer.respcd, answer.json["out_trade_no"]) == ("1136", shown)


def test_numbers_of_different_orders_get_1267(door):
    first = door.pay()
    door.pay()

    assert door.cancel("reversal", first, out_trade_no="N2").respcd == "1267"
    assert door.cancel("reversal", first, out_trade_no="NOBODY").respcd == "1267"
    assert door.cancel("reversal", first, out_trade_no="N1").respcd == "0000"


@pytest.mark.parametrize("missing", ["syssn", "txamt", "txdtm"])
def test_a_missing_field_gets_1104(door, missing):
    assert door.cancel("reversal", door.pay(), **{missing: ""}).respcd == "1104"


@pytest.mark.parametrize(("pay_type", "endpoint"), [("800101", "reversal"), ("800201", "close")])
def test_a_reversal_compares_the_amount_and_a_close_does_not(door, pay_type, endpoint):
    answer = door.cancel(endpoint, door.pay(pay_type), txamt="1")

    assert answer.respcd == {"reversal": "1266", "close": "0000"}[endpoint]


def test_a_strict_gateway_compares_amount_and_currency_on_close_as_well(make_door):
    door = make_door(strict_cancel="on")
    placed = door.pay("800201")

    assert door.cancel("close", placed, txamt="1").respcd == "1266"
    assert door.cancel("close", placed, txcurrcd="EUR").respcd == "1267"
    assert door.cancel("close", placed, txcurrcd="HKD").respcd == "0000"


def test_the_time_is_only_looked_at(door):
    assert door.cancel("reversal", door.pay(), txdtm="1999-12-31 23:59:59").respcd == "0000"
    assert door.cancel("reversal", door.pay(), txdtm="1999-13-31 23:59:59").respcd == "1104"


def test_a_preauthorisation_is_cancelled_by_its_number_alone(door):
    placed = door.pay("801801")

    assert door.call("reversal", {"syssn": placed.json["syssn"]}).respcd == "0000"


def test_merchants_settled_on_the_same_day_cannot_cancel(door):
    door.sandbox._gateway.merchants.add(Merchant("T0", "their key", t0=True))
    params = {"pay_type": "800101", "txamt": "1", "out_trade_no": "A", "txcurrcd": "HKD"}
    params["txdtm"] = "2026-01-05 10:00:00"
    door.call("payment", params, app_code="T0", key="their key")

    answer = door.call("reversal", params, app_code="T0", key="their key")

    assert answer.respcd == "1150"
    assert "syssn" not in answer.json


@pytest.mark.parametrize("latency", [1, 3])
def test_a_slow_cancel_is_in_progress_for_so_many_queries(make_door, latency):
    door = make_door(cancel_latency=latency)
    placed = door.pay()

    answer = door.cancel("reversal", placed)
    meanwhile = [door.look(placed)["respcd"] for _ in range(latency)]
    states = door.sandbox.order("N1").state, door.look(placed)["respcd"]

    assert answer.respcd == "1145"
    assert meanwhile == ["1143"] * latency
    assert states == ("cancelling", "1142")


def test_the_payer_can_still_win_against_a_slow_cancel(make_door):
    door = make_door(cancel_latency=3)
    placed = door.pay()
    door.cancel("reversal", placed)

    door.sandbox.payer("N1").pay()

    assert door.look(placed)["respcd"] == "0000"
    assert door.cancel("reversal", placed).respcd == "1260"


def test_after_a_cancel_the_wallet_turns_the_payer_away(door):
    door.cancel("reversal", door.pay())

    row = door.sandbox.payer("N1").pay()

    assert (row.state, row.paid) == ("cancelled", 0)


def test_an_answer_leaves_the_order_number_out_when_told_so(make_door):
    def answered(door):
        return door.cancel("reversal", door.pay(), out_trade_no="N1").json

    assert answered(make_door())["out_trade_no"] == "N1"
    assert "out_trade_no" not in answered(make_door(seed_sample="on"))


@pytest.mark.parametrize("days", [0, 1])
def test_in_the_late_edition_a_paid_card_is_voided_by_a_reversal_on_any_day(make_door, days):
    door = make_door(profile="docs-2026-late")
    card, wallet = door.pay("802801", txamt=77001), door.pay("800201", txamt=77001)
    door.sandbox.clock.advance(days * 86_400)

    voided, refused = door.cancel("reversal", card), door.cancel("close", wallet)

    assert (voided.respcd, refused.respcd) == ("0000", "1260")
    assert [order.kept for order in door.sandbox.orders()] == [0, 77001]
