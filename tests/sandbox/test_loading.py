"""Files of merchants and orders: taken in whole, or refused with a reason."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from qftools import Order
from qftools.errors import SandboxError
from qftools.sandbox import Sandbox
from qftools.sandbox.books.states import HOLDS, MONEY_CAME, State
from tests.sandbox.doors import GatewayDoor, NoReplyError

MERCHANT = """
[[merchants]]
app_code = "SHOP"
client_key = "shop key"
mchid = "forbidden"
pay_types = ["800101", "800208"]
currencies = ["HKD"]
"""
ORDER = """
[[orders]]
app_code = "SHOP"
pay_type = "800101"
out_trade_no = "L1"
syssn = "20200305066100020000977812"
txamt = 2500
txcurrcd = "HKD"
txdtm = "2020-03-05 16:50:30"
"""


@pytest.fixture
def load(tmp_path):
    """Write a file and load it into a sandbox."""

    def loaded(sandbox: Sandbox, text: str):
        path = Path(tmp_path, "book.toml")
        path.write_text(text, encoding="utf-8")
        return sandbox.load(path)

    return loaded


def test_merchants_and_orders_are_brought_in_with_their_numbers(make_sandbox, load):
    sandbox = make_sandbox()

    loaded = load(sandbox, MERCHANT + ORDER)

    order = sandbox.order("L1")
    assert (loaded.merchants, loaded.orders, loaded.known) == (("SHOP",), ("L1",), ())
    assert order.syssn == "20200305066100020000977812"
    assert order.sysdtm == "2020-03-05 16:50:30"
    assert order.state == "waiting"


def test_a_loaded_order_can_be_queried_and_cancelled_by_its_merchant(make_sandbox, load):
    door = GatewayDoor(make_sandbox())
    load(door.sandbox, MERCHANT + ORDER)
    params = {"out_trade_no": "L1", "txamt": "2500", "txdtm": "2020-03-05 16:50:30"}

    row = door.call("query", {"out_trade_no": "L1"}, app_code="SHOP", key="shop key").row
    answer = door.call("reversal", params, app_code="SHOP", key="shop key")

    assert row["respcd"] == "1143"
    assert answer.respcd == "0000"


def test_the_rules_of_a_loaded_merchant_hold(make_sandbox, load):
    door = GatewayDoor(make_sandbox(mchid="agents"))
    load(door.sandbox, MERCHANT)
    pay = partial(door.pay, app_code="SHOP", key="shop key")

    assert pay("800201").json["respmsg"] == "filter error"
    assert pay("800101", txcurrcd="EUR").respcd == "1104"
    assert pay("800101", mchid="MNxMp11FV35qQN").respcd == "1108"
    assert pay("800101").respcd == "0000"


@pytest.mark.parametrize("state", State)
def test_an_order_can_be_loaded_in_every_state_with_its_money(make_sandbox, load, state):
    sandbox = make_sandbox()
    part = {State.PARTLY_REFUNDED: "refunded = 100", State.PARTLY_CAPTURED: "captured = 100"}

    pay_type = "802801" if state in HOLDS else "800101"
    order = ORDER.replace("800101", pay_type)
    load(sandbox, f'{MERCHANT}{order}state = "{state}"\n{part.get(state, "")}')

    order = sandbox.order("L1")
    assert order.state == state
    assert order.paid == (2500 if state in MONEY_CAME - HOLDS else 0)
    assert order.captured == {"captured": 2500, "partly captured": 100}.get(state, 0)
    assert order.refunded == {"refunded": 2500, "partially refunded": 100}.get(state, 0)


@pytest.mark.parametrize(
    ("pay_type", "state", "says"),
    [
        ("800101", "held", "pay_type 800101 has no state held"),
        ("801808", "paid", "pay_type 801808 has no state paid"),
        ("801808", "partly captured", "captured must be above 0 and below txamt"),
        ("801808", 'held"\ncaptured = 100 #"', "captured is given, but the state is held"),
        ("801808", 'captured"\ncaptured = 2501 #"', "captured must not be above txamt"),
    ],
)
def test_a_hold_is_loaded_only_where_there_can_be_one(make_sandbox, load, pay_type, state, says):
    order = ORDER.replace("800101", pay_type)

    with pytest.raises(SandboxError, match=says):
        load(make_sandbox(), f'{MERCHANT}{order}state = "{state}"')


def test_a_captured_hold_is_loaded_with_its_capture_which_can_be_refunded(make_sandbox, load):
    sandbox = make_sandbox()
    order = ORDER.replace("800101", "802801").replace('app_code = "SHOP"', "captured = 100")
    load(sandbox, f'{order}state = "partly captured"')
    client = sandbox.client()

    capture = next(row for row in sandbox.orders() if row.orig_syssn)
    refund = client.refund(Order(syssn=capture.syssn, txamt=100))
    rest = client.release("L1", 2400)

    assert (refund.respcd, rest.respcd) == ("0000", "0000")
    assert sandbox.order("L1").state == "captured"
    assert sandbox.order(capture.syssn).refunded == 100
    kinds = [notice.notify_type for notice in sandbox.notifications]
    assert kinds == ["refund", "unfreeze"]  # and none of what was loaded


def test_loading_a_file_again_leaves_known_orders_as_they_are(make_sandbox, load):
    sandbox = make_sandbox()
    load(sandbox, MERCHANT + ORDER)
    sandbox.payer("L1").pay()

    again = load(sandbox, MERCHANT + ORDER)

    assert (again.orders, again.known) == ((), ("L1",))
    assert sandbox.order("L1").state == "paid"


def test_a_time_of_tomls_own_is_as_good_as_a_text(make_sandbox, load):
    sandbox = make_sandbox()

    load(sandbox, MERCHANT + ORDER.replace('"2020-03-05 16:50:30"', "2020-03-05 16:50:30"))

    assert sandbox.order("L1").txdtm == "2020-03-05 16:50:30"


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('app_code = "SHOP"\nclient', 'code = "SHOP"\nclient', "merchant 1: 'code' is unknown"),
        ('client_key = "shop key"', "", "merchant 1: client_key is missing"),
        ('client_key = "shop key"', 'client_key = "K"', "client_key is shorter than 8 characters"),
        ('mchid = "forbidden"', 'mchid = "maybe"', "merchant 1: mchid is 'maybe'"),
        ('["HKD"]', '"HKD"', "merchant 1: currencies must be a list"),
        ("txamt = 2500", "txamt = 25.0", "order 1: txamt must be a whole number"),
        ("txamt = 2500", "txamt = true", "order 1: txamt must be a whole number"),
        ("txamt = 2500", "", "order 1: txamt is missing"),
        ('"800101"\nout', '"999999"\nout', "order 1: pay_type 999999"),
        ("2020-03-05 16:50:30", "2020-02-30 16:50:30", "order 1: txdtm must be"),
        ('txcurrcd = "HKD"', 'txcurrcd = "XXX"', "order 1: txcurrcd XXX"),
        ('txcurrcd = "HKD"', 'state = "gone"', "order 1: state is 'gone'"),
        ('txcurrcd = "HKD"', "refunded = 1", "order 1: refunded is given"),
        ('[[orders]]\napp_code = "SHOP"', '[[orders]]\napp_code = "X"', "order 1: app_code"),
        ("[[orders]]", "[orders]", "orders must be written as [[orders]]"),
        ("[[orders]]", "[[order]]", "'order' is unknown"),
        ("[[merchants]]", "[[merchants", "is not TOML"),
    ],
)
def test_a_mistake_is_named_with_its_place_and_nothing_is_taken_in(
    make_sandbox, load, old, new, complaint
):
    sandbox = make_sandbox()
    text = MERCHANT + ORDER
    assert old in text

    with pytest.raises(SandboxError) as refused:
        load(sandbox, text.replace(old, new))

    assert complaint in str(refused.value)
    assert sandbox.orders() == ()
    assert len(sandbox._gateway.merchants) == 1


def test_the_same_number_twice_in_one_file_is_refused(make_sandbox, load):
    with pytest.raises(SandboxError, match="is there twice"):
        load(make_sandbox(), MERCHANT + ORDER + ORDER)


def test_a_file_that_is_not_there_is_named(make_sandbox, tmp_path):
    with pytest.raises(SandboxError, match="nowhere.toml"):
        make_sandbox().load(tmp_path / "nowhere.toml")


def test_loading_forgets_nothing_that_was_to_happen(make_sandbox, load):
    door = GatewayDoor(make_sandbox())
    door.pay(txamt=77007)
    door.sandbox.fault("late", on="payment", seconds=90)
    with pytest.raises(NoReplyError):
        door.pay()

    load(door.sandbox, MERCHANT + ORDER)
    door.sandbox.clock.advance(90)

    assert [order.state for order in door.sandbox.orders()] == ["paid", "waiting", "waiting"]
