"""Faults by moment: what the caller sees, and what the books say."""

from __future__ import annotations

import json

import pytest
import requests

from qftools.errors import SandboxError, SignatureError
from qftools.sandbox import Sandbox
from qftools.sandbox.gateway.faults import BEFORE, NAMES
from qftools.signing import verify_body
from tests.sandbox.doors import NoReplyError

NO_REPLY = ("refused", "lost before", "lost after", "half")


@pytest.mark.parametrize("name", NO_REPLY)
@pytest.mark.parametrize("on", ["payment", "reversal"])
def test_a_fault_without_a_reply_strikes_once_and_the_books_know_whether_it_acted(door, name, on):
    placed = door.pay() if on == "reversal" else None
    armed = door.sandbox.fault(name, on=on)

    with pytest.raises(NoReplyError):
        door.pay() if placed is None else door.cancel("reversal", placed)

    acted = name not in BEFORE
    if placed is None:
        assert len(door.sandbox.orders()) == acted
    else:
        assert door.sandbox.order("N1").state == ("cancelled" if acted else "waiting")
    assert armed.struck == 1
    assert door.query().respcd == "0000"


@pytest.mark.parametrize(("name", "acts"), [("5xx", True), ("5xx before", False)])
def test_a_server_error_is_html_and_says_nothing_about_the_order(door, name, acts):
    door.sandbox.fault(name, on="payment")

    answer = door.pay()

    assert answer.status == 502
    assert answer.headers["Content-Type"] == "text/html"
    assert len(door.sandbox.orders()) == acts


def test_429_comes_before_anything_happens(door):
    door.sandbox.fault("429", on="payment")

    assert door.pay().status == 429
    assert door.sandbox.orders() == ()


def test_a_wrong_signature_is_wrong_and_the_rest_is_right(door):
    door.sandbox.fault("wrong signature", on="payment")

    answer = door.pay()

    key = door.sandbox.credentials.client_key
    assert not verify_body(answer.body, key, answer.headers["X-QF-SIGN"])
    assert answer.respcd == "0000"


@pytest.mark.parametrize(
    ("fault", "endpoint", "said"),
    [
        ("altered to paid", "payment", "0000"),
        ("altered to paid", "query", "0000"),
        ("altered to paid", "reversal", "1260"),
        ("altered to not paid", "payment", "1205"),
        ("altered to not paid", "query", "1205"),
        ("altered to not paid", "reversal", "0000"),
    ],
)
def test_an_altered_reply_says_what_the_books_do_not_and_its_signature_is_wrong(
    door, fault, endpoint, said
):
    placed = door.pay() if endpoint != "payment" else None
    door.sandbox.fault(fault, on=endpoint)

    if placed is None:
        answer = door.pay()
    else:
        answer = door.query() if endpoint == "query" else door.cancel("reversal", placed)

    told = answer.json["data"][0] if endpoint == "query" else answer.json
    assert told["respcd"] == said
    key = door.sandbox.credentials.client_key
    assert not verify_body(answer.body, key, answer.headers["X-QF-SIGN"])
    assert door.sandbox.order("N1").state == ("cancelled" if endpoint == "reversal" else "waiting")


def test_an_altered_reply_with_its_result_in_txstatus_is_altered_there():
    with Sandbox(result_in="txstatus") as sandbox:
        sandbox.fault("altered to not paid", on="payment")
        with sandbox.client() as client, pytest.raises(SignatureError):
            client.pay(pay_type="800101", txamt=2500, txcurrcd="HKD")
        (answer,) = sandbox.exchanges

    assert answer.response
    told = json.loads(answer.response.body)
    assert (told["respcd"], told["data"]["txstatus"]) == ("0000", "FAILED")


def test_a_duplicated_request_is_acted_on_twice(door):
    door.sandbox.fault("duplicated", on="payment")

    answer = door.pay()

    assert answer.respcd == "1251"
    assert len(door.sandbox.orders()) == 1


def test_a_duplicated_cancel_finds_its_own_work_done(door):
    placed = door.pay()
    door.sandbox.fault("duplicated", on="cancel")

    assert door.cancel("reversal", placed).respcd == "1264"
    assert door.sandbox.order("N1").state == "cancelled"


def test_a_skewed_clock_shows_in_the_gateways_times(door):
    door.sandbox.fault("clock skew", on="payment", seconds=-7200)

    assert door.pay().json["sysdtm"] == "2026-01-05 08:00:00"


def test_a_fault_can_wait_for_its_call_and_strike_several_times(door):
    door.sandbox.fault("429", on="query", times=2, after=1)

    assert [door.query().status for _ in range(4)] == [200, 429, 429, 200]


def test_a_fault_can_be_about_one_order_only(door):
    door.pay()
    other = door.pay()
    door.sandbox.fault("429", on="*", times=None, order="N2")

    assert door.query(out_trade_no="N1").status == 200
    assert door.query(out_trade_no="N2").status == 429
    assert door.cancel("reversal", other, out_trade_no="N2").status == 429


def test_a_fault_about_an_order_strikes_by_whichever_number_it_is_called(door):
    placed = door.pay()
    door.sandbox.fault("429", on="query", times=None, order=door.sandbox.order("N1"))

    by_number = door.query(out_trade_no="NOBODY,N1").status
    by_syssn = door.query(syssn=placed.json["syssn"]).status

    assert (by_number, by_syssn, door.query().status) == (429, 429, 200)


def test_over_http_a_refused_connection_is_reset():
    with Sandbox() as sandbox, requests.Session() as session:
        session.trust_env = False
        url = sandbox.serve()
        sandbox.fault("refused")

        with pytest.raises(requests.ConnectionError, match="reset"):
            session.post(f"{url}/trade/v1/query", timeout=5)


def test_a_fault_is_taken_back_at_the_end_of_its_with(door):
    with door.sandbox.fault("429", on="query", times=None):
        inside = door.query().status

    assert (inside, door.query().status) == (429, 200)


def test_a_fault_under_its_other_name_is_the_same_fault(make_sandbox):
    assert make_sandbox().fault("reply_lost").name == "lost after"


@pytest.mark.parametrize(
    "bad",
    [
        {"name": "rain"},
        {"name": "slow", "on": "lunch"},
        {"name": "slow", "times": 0},
        {"name": "slow", "seconds": -1},
        {"name": "slow", "seconds": float("nan")},
        {"name": "slow", "after": -1},
    ],
    ids=str,
)
def test_a_fault_that_makes_no_sense_is_refused(make_sandbox, bad):
    with pytest.raises(SandboxError):
        make_sandbox().fault(**bad)


def test_in_process_a_slow_reply_moves_the_clock_and_times_out():
    with Sandbox() as sandbox, requests.Session() as session:
        session.mount("http://", sandbox._adapter())
        began = sandbox.clock.now()
        sandbox.fault("slow", seconds=7)
        late = session.post(f"{sandbox.url}/trade/v1/query", timeout=10)
        after_seven = sandbox.clock.now() - began
        sandbox.fault("slow", seconds=70)

        with pytest.raises(requests.ReadTimeout):
            session.post(f"{sandbox.url}/trade/v1/query", timeout=(1, 10))

        assert late.status_code == 200
        assert (after_seven, sandbox.clock.now() - began) == (7, 17)


def test_over_http_a_slow_reply_takes_its_time():
    with Sandbox() as sandbox, requests.Session() as session:
        session.trust_env = False
        url = f"{sandbox.serve()}/trade/v1/query"
        sandbox.fault("slow", seconds=30)

        with pytest.raises(requests.ReadTimeout):
            session.post(url, timeout=0.05)

        assert session.post(url, timeout=5).status_code == 200


def test_in_process_a_refused_connection_looks_like_one():
    with Sandbox() as sandbox, requests.Session() as session:
        session.mount("http://", sandbox._adapter())
        sandbox.fault("refused")

        with pytest.raises(requests.ConnectionError, match="Failed to establish"):
            session.post(f"{sandbox.url}/trade/v1/query")


def test_every_fault_says_what_it_does():
    assert all(NAMES.values())


@pytest.mark.parametrize("first", ["payer", "cancel"])
def test_the_payer_and_the_cancel_can_race_in_either_order(door, first):
    placed = door.pay()
    acts = {
        "payer": lambda: door.sandbox.payer("N1").pay(),
        "cancel": lambda: door.cancel("reversal", placed),
    }
    acts.pop(first)()
    acts.popitem()[1]()

    order = door.sandbox.order("N1")

    assert (order.state, order.paid) == {"payer": ("paid", 2500), "cancel": ("cancelled", 0)}[first]


def test_a_cancel_can_overtake_its_payment_which_then_arrives(door):
    door.sandbox.fault("late", on="payment", seconds=10)
    with pytest.raises(NoReplyError):
        door.pay()
    order = {"out_trade_no": "N1", "txamt": "2500", "txdtm": "2026-01-05 10:00:00"}

    overtaken = door.call("reversal", order)
    before = door.query(out_trade_no="N1").json["data"]
    door.sandbox.clock.advance(10)
    after = door.query(out_trade_no="N1").row

    assert (overtaken.respcd, before) == ("1136", [])
    assert (after["respcd"], after["sysdtm"]) == ("1143", "2026-01-05 10:00:10")
    assert len(door.sandbox.exchanges) == 4


def test_a_late_request_is_read_as_it_was_sent(door):
    door.sandbox.fault("late", on="payment", seconds=10)
    with pytest.raises(NoReplyError):
        door.call("payment", {"txamt": "1"}, headers={"X-QF-SIGN": "0" * 32})

    door.sandbox.clock.advance(10)

    assert door.sandbox.orders() == ()
    assert door.sandbox.exchanges[0].respcd == "1108"


@pytest.mark.parametrize("name", ["lost_reply", "reply lost", "Reply-Lost", "lost after"])
def test_a_fault_is_found_by_its_words_in_any_order(name):
    with Sandbox() as sandbox:
        assert sandbox.fault(name).name == "lost after"


def test_faults_of_calls_and_of_notifications_are_armed_and_removed_in_one_place():
    with Sandbox() as sandbox:
        sandbox.fault("late", on="query")
        with sandbox.fault("late", on="notification"):
            armed = [(fault.id, fault.on) for fault in sandbox._gateway.faults]

        assert armed == [("1", ("query",)), ("n2", ("notification",))]
        assert [fault.on for fault in sandbox._gateway.faults] == [("query",)]
