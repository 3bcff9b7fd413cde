"""Each magic value does what its line says. One line of the table, one story."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from qftools import catalogue
from qftools.models import Transaction
from qftools.sandbox.books.payer import ACTS
from qftools.sandbox.gateway import magic
from qftools.sandbox.gateway.faults import endpoints_of, fault_name
from tests.sandbox.doors import Door, GatewayDoor, NoReplyError


@pytest.fixture
def door(make_sandbox):
    return GatewayDoor(make_sandbox())


def look(door: Door, times: int = 1) -> list[str]:
    """Ask so many times; what each answer says of the order."""
    seen = []
    for _ in range(times):
        try:
            rows = door.query(out_trade_no="N1").json["data"]
            seen.append(rows[0]["respcd"] if rows else "absent")
        except NoReplyError:
            seen.append("silent")
    return seen


def cancel(door: Door) -> str:
    order = {"out_trade_no": "N1", "txdtm": "2026-01-05 10:00:00"}
    amount = {"txamt": str(door.sandbox.order("N1").txamt)}
    try:
        return door.call("reversal", order | amount).respcd
    except NoReplyError:
        return "silent"


def refund(door: Door) -> str:
    order = door.sandbox.order("N1")
    params = {"syssn": order.syssn, "out_trade_no": "R1", "txdtm": "2026-01-05 10:00:00"}
    try:
        return door.call("refund", params | {"txamt": str(order.txamt)}).respcd
    except NoReplyError:
        return "silent"


def release(door: Door) -> str:
    order = door.sandbox.order("N1")
    params = {"syssn": order.syssn, "out_trade_no": "N1", "txdtm": "2026-01-05 10:00:00"}
    return door.call("unfreeze", params | {"txamt": str(order.txamt)}).respcd


def shown(door: Door, times: int = 1) -> list[str]:
    """Ask so many times; what each answer says of the hold."""
    rows = (door.query(out_trade_no="N1").json["data"][0] for _ in range(times))
    return [Transaction(row).state for row in rows]


def wait(seconds: float) -> Callable[[Door], str]:
    def waited(door: Door) -> str:
        door.sandbox.clock.advance(seconds)
        return "waited"

    return waited


# number: pay type, answer to the payment, then what happens by and by, and money kept at the end
STORIES: dict[int, tuple[str, str, list[Any], int | None]] = {
    77001: ("800101", "0000", [(look, 1, ["0000"])], 77001),
    77002: ("800208", "1143", [(look, 3, ["1143"] * 3), (cancel, "0000"), (look, 1, ["1263"])], 0),
    77003: ("800208", "1143", [(look, 2, ["1143", "0000"])], 77003),
    77004: ("800208", "1143", [(look, 2, ["1143", "1205"])], 0),
    77005: ("800101", "0000", [(look, 1, ["1143"]), (cancel, "1260"), (look, 1, ["0000"])], 77005),
    77006: ("800101", "0000", [(wait(1800), "waited"), (look, 1, ["1181"])], 0),
    77007: ("800101", "0000", [(wait(60), "waited"), (look, 1, ["0000"])], 77007),
    77008: ("800208", "1145", [(look, 2, ["1145", "0000"])], 77008),
    77011: ("800101", "0000", [(cancel, "1143"), (look, 3, ["1143", "1143", "1142"])], 0),
    77012: ("800101", "0000", [(cancel, "1145"), (look, 3, ["1143", "1143", "1142"])], 0),
    77013: ("800101", "0000", [(cancel, "1145"), (look, 3, ["1143", "1143", "0000"])], 77013),
    77014: ("800101", "0000", [(cancel, "1145"), (look, 9, ["1143"] * 9), (cancel, "1145")], 0),
    77015: ("800101", "0000", [(cancel, "0000"), (look, 1, ["0000"])], 77015),
    77016: ("800101", "0000", [(cancel, "1146"), (look, 1, ["1143"]), (cancel, "1146")], 0),
    77017: ("800101", "0000", [(cancel, "1101"), (look, 1, ["1142"])], 0),
    77018: ("800101", "0000", [(cancel, "1254"), (look, 1, ["1143"]), (cancel, "0000")], 0),
    77019: ("800101", "0000", [(cancel, "1145"), (look, 3, ["1143"] * 3), (cancel, "0000")], 0),
    77021: ("800101", "silent", [(look, 1, ["absent"])], None),
    77022: ("800101", "silent", [(look, 1, ["1143"])], 0),
    77023: ("800101", "0000", [(cancel, "silent"), (look, 1, ["1143"]), (cancel, "0000")], 0),
    77024: ("800101", "0000", [(cancel, "silent"), (look, 1, ["1142"])], 0),
    77025: ("800101", "0000", [(look, 3, ["silent", "silent", "1143"])], 0),
    77026: ("800101", "0000", [(refund, "silent"), (look, 1, ["0000"])], 0),
    77027: ("800208", "silent", [(look, 1, ["0000"])], 77027),
    77028: ("800101", "0000", [(cancel, "silent"), (look, 1, ["0000"])], 77028),
    77029: ("800101", "silent", [(wait(30), "waited"), (look, 1, ["1143"])], 0),
    77031: ("800208", "1201", [(look, 1, ["1201"])], 0),
    77032: ("800208", "1202", [(look, 1, ["1202"])], 0),
    77033: ("800208", "1203", [(look, 1, ["1203"])], 0),
    77034: ("800208", "1204", [(look, 1, ["1204"])], 0),
    77035: ("800208", "1205", [(look, 1, ["1205"])], 0),
    77036: ("800208", "1294", [(look, 1, ["1294"])], 0),
    77041: ("800208", "1298", [(look, 1, ["0000"])], 77041),
    77042: ("800208", "1298", [(look, 1, ["1143"])], 0),
    77043: ("800208", "1252", [(look, 1, ["1143"]), (cancel, "0000")], 0),
    77044: ("800208", "1254", [(look, 1, ["absent"])], None),
    77051: ("800101", "0000", [(look, 3, ["absent", "absent", "1143"])], 0),
    77052: ("800101", "0000", [(look, 9, ["absent"] * 9), (cancel, "1136")], 0),
    77053: ("800101", "0000", [(look, 1, ["1181"]), (cancel, "1181")], 0),
    77054: ("800101", "0000", [(cancel, "1150"), (look, 1, ["1143"])], 0),
    77055: ("800101", "0000", [(cancel, "1297"), (look, 1, ["1143"])], 0),
    77061: ("800101", "0000", [(refund, "1143"), (look, 3, ["0000"] * 3)], 0),
    77062: ("800101", "0000", [(refund, "1143"), (look, 3, ["0000"] * 3)], 77062),
    77063: ("800101", "0000", [(refund, "1155"), (look, 1, ["0000"])], 77063),
    77071: ("801808", "0000", [(look, 1, ["0000"]), (release, "1151"), (cancel, "1297")], 0),
    77072: ("801808", "0000", [(release, "1145"), (shown, 3, ["held", "held", "released"])], 0),
    77073: ("801808", "0000", [(release, "1145"), (shown, 3, ["held"] * 3), (release, "0000")], 0),
    77064: ("800101", "0000", [(refund, "1269"), (look, 1, ["0000"])], 77064),
}  # fmt: skip


@pytest.mark.parametrize("number", magic.table())
def test_a_magic_value_tells_its_story(door, number):
    pay_type, answer, story, kept = STORIES[number]

    try:
        respcd = door.pay(pay_type, txamt=number, auth_code="134676275354204254").respcd
    except NoReplyError:
        respcd = "silent"

    assert respcd == answer
    for act, *arguments, expected in story:
        assert act(door, *arguments) == expected
    orders = door.sandbox.orders()
    assert [order.kept for order in orders] == ([] if kept is None else [kept])


def test_every_line_uses_words_that_the_sandbox_knows():
    for row in magic.table().values():
        assert row.text.zh and row.text.en and row.name
        assert row.place in {"", "show", "type", "pay", "fail", "none"}
        for fault in row.faults:
            assert endpoints_of(fault.on) and fault_name(fault.name) == fault.name
            assert fault.times > 0
        for code in (row.code, row.first, row.refuse):
            assert not code or code in catalogue.codes()


def test_names_and_numbers_are_there_once():
    names = [row.name for row in magic.table().values()]

    assert len(set(names)) == len(names)
    assert list(magic.table()) == sorted(magic.table())


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("pay_type", ["800101", "800208"])
def test_the_payer_can_do_everything_to_an_open_order(door, act, pay_type):
    door.pay(pay_type, auth_code=magic.auth_code("13", 77002))

    row = getattr(door.sandbox.payer("N1"), act)()

    cpm = pay_type == "800208"
    states = {
        "pay": "paid",
        "type_password": "paying",
        "decline": "failed" if cpm else "waiting",
        "no_balance": "failed" if cpm else "waiting",
        "walk_away": "paying" if cpm else "waiting",
    }
    assert row.state == states[act]
    if cpm and act == "no_balance":
        assert row.respcd == "1201"
