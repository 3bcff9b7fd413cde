"""Pre-authorisations: what is held is captured, released, or dissolves, and is never charged."""

from __future__ import annotations

import pytest

from qftools.errors import OutcomeUnknownError
from tests.sandbox.doors import GatewayDoor

NOW = "2026-01-05 10:00:00"
DAY = 86_400


def placed(door, *, paid=True, pay_type="801808", txamt=2500):
    hold = door.pay(pay_type, txamt)
    if paid:
        door.sandbox.payer(hold.json["syssn"]).pay()
    return hold


def capture(door, hold, txamt, number="C1"):
    params = {"syssn": hold.json["syssn"], "out_trade_no": number, "txdtm": NOW}
    return door.call("authtrade", params | {"txamt": str(txamt)})


def release(door, hold, txamt=2500, **more):
    named = {"syssn": hold.json["syssn"], "out_trade_no": hold.json["out_trade_no"]}
    return door.call("unfreeze", named | {"txamt": str(txamt), "txdtm": NOW} | more)


def shown(door, hold):
    row = door.look(hold)
    return row["respcd"], row["cancel"]


@pytest.fixture
def gateway(make_sandbox):
    """A door straight to the gateway, with switches turned."""
    return lambda **switches: GatewayDoor(make_sandbox(**switches))


def test_what_is_held_is_captured_in_parts_and_the_rest_released(door):
    hold = placed(door)

    first, second = capture(door, hold, 500), capture(door, hold, 700, "C2")
    rest = release(door, hold, 1300)

    assert [answer.json["respmsg"] for answer in (first, rest)] == [
        "Capture received",
        "Void received",
    ]
    assert first.json["orig_syssn"] == hold.json["syssn"] != first.json["syssn"]
    order = door.sandbox.order("N1")
    assert (order.state, order.captured, order.paid) == ("captured", 1200, 0)
    assert [row.paid for row in door.sandbox.orders() if row.orig_syssn] == [500, 700]
    assert door.look(second)["origssn"] == hold.json["syssn"]


def test_a_hold_charges_nobody_until_it_is_captured(door):
    hold = placed(door)

    assert shown(door, hold) == ("0000", "0")
    assert sum(row.paid for row in door.sandbox.orders()) == 0
    assert door.refund(hold).respcd == "1261"


def test_a_released_hold_is_over(door):
    hold = placed(door)

    assert release(door, hold).respcd == "0000"
    assert (door.sandbox.order("N1").state, *shown(door, hold)) == ("released", "0000", "6")
    assert release(door, hold).respcd == "1151"
    assert capture(door, hold, 1).respcd == "1151"
    assert door.sandbox.order("N1").captured == 0


def test_a_slow_release_is_in_progress_and_notified_once_it_is_done(gateway):
    door = gateway(cancel_latency="1", list_cancels="on")
    hold = placed(door)

    first, again = release(door, hold), release(door, hold)

    assert [answer.respcd for answer in (first, again)] == ["1145", "1145"]
    assert door.sandbox.order("N1").state == "releasing"
    assert not list(door.sandbox.notifications)
    assert capture(door, hold, 100).respcd == "1151"
    assert [shown(door, hold) for _ in range(2)] == [("0000", "0"), ("0000", "6")]
    assert [notice.notify_type for notice in door.sandbox.notifications] == ["unfreeze"]
    assert door.sandbox.order(first.json["syssn"]).state == "released"


def test_a_slow_release_can_fail_and_then_it_is_held_still(gateway):
    door = gateway(list_cancels="on")
    hold = placed(door, txamt=77073)

    first = release(door, hold, 77073)
    for _ in range(3):
        door.look(hold)

    assert (door.sandbox.order("N1").state, list(door.sandbox.notifications)) == ("held", [])
    assert door.sandbox.order(first.json["syssn"]).respcd == "1151"
    assert release(door, hold, 77073).respcd == "0000"


def test_the_refund_of_a_capture_takes_the_number_of_the_capture(door):
    captured = capture(door, placed(door), 500)

    assert door.refund(captured).respcd == "0000"
    assert door.sandbox.order("C1").state == "refunded"
    assert door.sandbox.order("N1").state == "partly captured"


@pytest.mark.parametrize(
    ("call", "respcd"),
    [
        (lambda door, hold: capture(door, hold, 2501), "1153"),
        (lambda door, hold: capture(door, hold, 1, "N1"), "1251"),
        (lambda door, hold: capture(door, hold, 1, ""), "1104"),
        (lambda door, hold: release(door, hold, 2499), "1153"),
        (lambda door, hold: release(door, hold, out_trade_no="N9"), "1267"),
        (lambda door, hold: release(door, hold, syssn="20260105154100020000000000"), "1136"),
        (lambda door, hold: door.cancel("reversal", hold), "1297"),
        (lambda door, hold: door.cancel("close", hold), "1297"),
        (lambda door, hold: release(door, door.pay()), "1151"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_does_not_fit_the_hold_is_refused_and_changes_nothing(gateway, call, respcd):
    door = gateway()
    hold = placed(door)

    assert call(door, hold).respcd == respcd
    assert (door.sandbox.order("N1").state, door.sandbox.order("N1").captured) == ("held", 0)


def test_a_hold_that_nobody_confirmed_is_reversed_by_its_number_and_not_released(gateway):
    door = gateway()
    hold = placed(door, paid=False)

    assert release(door, hold).respcd == "1151"
    assert door.call("reversal", {"syssn": hold.json["syssn"]}).respcd == "0000"
    assert door.sandbox.order("N1").state == "cancelled"
    assert door.sandbox.payer("N1").pay().state == "cancelled"


@pytest.mark.parametrize(
    ("paid", "switches", "seconds", "state"),
    [
        (False, {}, 899, "hold pending"),
        (False, {}, 900, "expired"),
        (True, {}, 7 * DAY - 1, "held"),
        (True, {}, 7 * DAY, "expired"),
        (True, {"hold_days": 28}, 28 * DAY - 1, "held"),
    ],
)
def test_a_hold_dissolves_by_itself(gateway, paid, switches, seconds, state):
    door = gateway(**switches)
    placed(door, paid=paid)

    door.sandbox.clock.advance(seconds)

    assert door.sandbox.order("N1").state == state


def test_what_was_captured_stays_when_the_rest_dissolves(gateway):
    door = gateway()
    hold = placed(door)
    capture(door, hold, 500)

    door.sandbox.clock.advance(7 * DAY)

    assert (door.sandbox.order("N1").state, door.sandbox.order("C1").paid) == ("captured", 500)
    assert release(door, hold, 2000).respcd == "1151"


@pytest.mark.parametrize(
    ("switches", "call", "expected"),
    [
        ({"hold_rows": "code"}, release, ("1142", "2")),
        ({"hold_release": "any"}, lambda door, hold: release(door, hold, 1), ("0000", "6")),
        ({"hold_undo": "reversal"}, lambda d, hold: d.cancel("reversal", hold), ("0000", "6")),
        ({"hold_undo": "refund"}, lambda door, hold: door.refund(hold), ("0000", "6")),
    ],
)
def test_what_no_source_says_can_be_switched(gateway, switches, call, expected):
    door = gateway(**switches)
    hold = placed(door)

    assert call(door, hold).respcd == "0000"
    assert shown(door, hold) == expected


def test_a_hold_that_a_refund_releases_is_refunded_whole_and_not_reversed(gateway):
    door = gateway(hold_undo="refund")
    hold = placed(door)

    assert [door.refund(hold, 2499).respcd, door.cancel("reversal", hold).respcd] == [
        "1261",
        door.sandbox._gateway.settings.cancel_unsupported_code,
    ]
    assert door.sandbox.order("N1").state == "held"
    assert door.refund(hold).respcd == "0000"
    assert capture(door, hold, 1).respcd == "1151"


def test_the_codes_of_refusals_can_be_switched(gateway):
    door = gateway(hold_codes="1297")

    assert capture(door, placed(door), 2501).respcd == "1297"


def test_a_capture_and_a_release_are_notified_and_the_hold_is_not(gateway):
    door = gateway()
    hold = placed(door)
    capture(door, hold, 500)
    release(door, hold, 2000)

    assert [notice.notify_type for notice in door.sandbox.notifications] == ["payment", "unfreeze"]


@pytest.mark.parametrize("looks", [True, False])
def test_a_capture_that_is_repeated_after_a_lost_reply_is_reported(make_sandbox, looks):
    sandbox = make_sandbox()
    client = sandbox.client()
    hold = client.pay(pay_type="801808", txamt=2500, txcurrcd="HKD")
    sandbox.payer(hold).pay()
    client.query(hold)
    sandbox.fault("lost after", "authtrade")

    with pytest.raises(OutcomeUnknownError):
        client.capture(hold, 500)
    if looks:
        client.query(hold)
    client.capture(hold, 500)

    found = sandbox.report().broken()
    assert found == (() if looks else ("captured-again",))


def test_a_held_order_that_is_reversed_is_not_said_to_be_paid(make_sandbox):
    sandbox = make_sandbox(hold_undo="reversal")
    client = sandbox.client()
    hold = client.pay(pay_type="801808", txamt=2500, txcurrcd="HKD")
    sandbox.payer(hold).pay()
    client.query(hold)

    client.reverse(hold)

    assert sandbox.report().broken() == ()


def test_the_hold_of_a_card_is_loaded_and_captured_without_a_number(gateway, tmp_path):
    door = gateway()
    file = tmp_path / "hold.toml"
    file.write_text(
        '[[orders]]\npay_type = "802801"\nout_trade_no = "H1"\ntxamt = 2500\nstate = "held"\n'
        f'txdtm = "{NOW}"\ntxcurrcd = "HKD"\n'
    )
    door.sandbox.load(file)
    syssn = door.sandbox.order("H1").syssn

    answers = [door.call("authtrade", {"syssn": syssn, "txamt": "500"}) for _ in range(2)]

    assert [answer.json["out_trade_no"] for answer in answers] == ["", ""]
    assert door.sandbox.order("H1").captured == 1000  # a repeated capture captures again
    assert door.query(syssn=syssn).row["order_type"] == "preauth"
