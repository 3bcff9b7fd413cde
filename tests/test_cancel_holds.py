"""A hold is no charge: a cancel sees it, undoes it by its state, and proves what became of it."""

from __future__ import annotations

import pytest

from qftools import Order, cancel
from qftools.cancellation.evidence import of_query
from qftools.cancellation.findings import Answer, Finding
from qftools.cancellation.routing import route_of_hold
from qftools.cancellation.verdicts import VERDICTS, Verdict
from qftools.cancellation.walk import Ask, Finished, Walk
from qftools.errors import GatewayError, InputError, OutcomeUnknownError
from qftools.models import Reply, Transaction
from qftools.sandbox import Sandbox


@pytest.fixture
def sandbox():
    with Sandbox() as running:
        yield running


@pytest.fixture
def client(sandbox):
    return sandbox.client()


def held(sandbox, txamt=2500, **fields):
    order = sandbox.client().pay(pay_type="801808", txamt=txamt, txcurrcd="HKD", **fields)
    sandbox.payer(order).pay()
    return order


def calls(outcome):
    return [taken.endpoint for taken in outcome.steps]


def test_a_hold_that_is_held_is_released_and_that_is_proved(sandbox, client):
    outcome = cancel(client, held(sandbox))

    assert (outcome.verdict, outcome.charged) == (Verdict.RELEASED, "no")
    assert calls(outcome) == ["query", "unfreeze", "query"]
    assert outcome.route == route_of_hold("801808")
    assert sandbox.order(outcome.order).state == "released"


def test_a_hold_that_is_not_confirmed_is_reversed(sandbox, client):
    order = client.pay(pay_type="801808", txamt=2500, txcurrcd="HKD")

    outcome = cancel(client, order)

    assert (outcome.verdict, calls(outcome)[1]) == (Verdict.CANCELLED, "reversal")


def test_a_hold_that_was_confirmed_meanwhile_is_released_after_the_reversal_was_refused(client):
    order = client.pay(pay_type="801808", txamt=77005, txcurrcd="HKD")

    outcome = cancel(client, order)

    assert outcome.verdict is Verdict.RELEASED
    assert calls(outcome) == ["query", "reversal", "query", "unfreeze", "query"]


@pytest.mark.parametrize("fault", ["lost after", "lost before", "late", "half"])
def test_a_release_whose_reply_was_lost_is_proved_by_queries(sandbox, client, fault):
    order = held(sandbox)
    sandbox.fault(fault, "unfreeze")

    assert cancel(client, order).verdict is Verdict.RELEASED
    assert sandbox.order(order).state == "released"


def test_a_slow_release_is_waited_for_and_one_that_was_dropped_is_sent_again(sandbox, client):
    slow, dropped = cancel(client, held(sandbox, 77072)), cancel(client, held(sandbox, 77073))

    assert (slow.verdict, calls(slow).count("unfreeze")) == (Verdict.RELEASED, 1)
    assert (dropped.verdict, calls(dropped).count("unfreeze")) == (Verdict.RELEASED, 2)
    assert {sandbox.order(each.order).state for each in (slow, dropped)} == {"released"}


def test_a_release_that_the_gateway_refuses_leaves_it_held_and_says_so(sandbox, client):
    outcome = cancel(client, held(sandbox, 77071))

    assert (outcome.verdict, outcome.charged) == (Verdict.HELD, "no")
    assert outcome.reason.startswith("1151")
    assert VERDICTS[outcome.verdict].exit_status == 18
    assert sandbox.order(outcome.order).state == "held"


def test_a_hold_that_was_captured_is_paid_and_its_rest_stays_held(sandbox, client):
    order = held(sandbox)
    capture = client.capture(order, 500)

    outcome = cancel(client, order)

    assert (outcome.verdict, calls(outcome)) == (Verdict.PAID, ["query"])
    assert "refund the capture by its own syssn" in outcome.advice("en")
    assert sandbox.order(order).state == "partly captured"
    assert cancel(client, capture.syssn).verdict is Verdict.PAID


def test_a_hold_that_was_released_before_is_found_so(sandbox, client):
    order = held(sandbox)
    client.release(order)

    outcome = cancel(client, order.out_trade_no)

    assert (outcome.verdict, calls(outcome)[-1]) == (Verdict.RELEASED, "query")


def test_the_hold_of_a_card_is_known_by_its_kind(sandbox, client, tmp_path):
    file = tmp_path / "hold.toml"
    file.write_text(
        '[[orders]]\npay_type = "802801"\nout_trade_no = "H1"\ntxamt = 2500\nstate = "held"\n'
        'txdtm = "2026-01-05 10:00:00"\n'
    )
    sandbox.load(file)

    assert client.query("H1").transaction.state == "held"
    assert cancel(client, "H1").verdict is Verdict.RELEASED


@pytest.mark.parametrize(
    ("cells", "state"),
    [
        ({"cancel": "0"}, "held"),
        ({"cancel": "4"}, "paid"),
        ({"cancel": "5"}, "unclear"),  # partly refunded, or frozen: the sources differ
        ({"cancel": "6"}, "released"),
        ({"cancel": "0", "origssn": "20260105154100020000000001"}, "paid"),  # a capture
        ({"cancel": "6", "pay_type": "800101"}, "unclear"),
        ({"cancel": "0", "pay_type": "800101", "order_type": "preauth"}, "held"),
        ({"cancel": "0", "respcd": "1143"}, "open"),
    ],
)
def test_a_row_of_a_hold_is_read_by_its_own_flags(cells, state):
    assert Transaction({"respcd": "0000", "pay_type": "801808"} | cells).state == state


def test_a_release_in_progress_that_a_query_shows_as_open_is_sent_again_and_never_reversed():
    row = {"syssn": "20260105154100020000000001", "out_trade_no": "A1", "txamt": "100"}
    held = Transaction({**row, "respcd": "0000", "pay_type": "801808"})
    underway = Answer(Finding.OPEN, row=Transaction({**held.row, "respcd": "1143"}))

    walk = Walk(Order("A1", 100, "2026-01-05 10:00:00")).told(Answer(Finding.HELD, row=held))
    walk = walk.told(Answer(Finding.OPEN, pending=True)).resumed()
    asked = set()
    while not isinstance(action := walk.waited().action, Finished):
        assert isinstance(action, Ask)
        asked.add(action.endpoint)
        walk = walk.waited().told(underway)

    assert asked == {"query", "unfreeze"}


def test_a_number_with_a_hold_and_a_payment_that_is_paid_is_paid():
    rows = [
        {"out_trade_no": "A1", "syssn": "1", "respcd": "0000", "cancel": "0", "pay_type": "801808"},
        {"out_trade_no": "A1", "syssn": "2", "respcd": "0000", "cancel": "0", "pay_type": "800101"},
    ]

    answer = of_query(Reply("query", "0000", {"respcd": "0000", "data": rows}), Order("A1", 100))

    assert answer.finding is Finding.PAID
    assert "1, which is held" in str(answer.note)


def test_a_held_row_without_its_numbers_is_not_released_blindly():
    row = Transaction({"syssn": "20260105154100020000000001", "respcd": "0000"})

    walk = Walk(Order(syssn="20260105154100020000000001")).told(Answer(Finding.HELD, row=row))

    assert isinstance(walk.action, Finished) and walk.action.verdict is Verdict.UNRESOLVED
    assert "a release needs" in str(walk.action.reason)


def test_what_is_left_of_a_hold_is_captured_or_released_by_its_number(sandbox, client):
    order = held(sandbox)

    capture = client.capture(order.out_trade_no, 500, out_trade_no="C1")
    release = client.release(order.out_trade_no, 2000)

    assert (capture.body["out_trade_no"], release.respmsg) == ("C1", "Void received")
    with pytest.raises(GatewayError, match="1151"):
        client.capture(order, 1)


def test_a_capture_without_a_reply_names_the_number_to_ask_for(sandbox, client):
    order = held(sandbox)
    sandbox.fault("lost after", "authtrade")

    with pytest.raises(OutcomeUnknownError) as caught:
        client.capture(order, 500)

    assert client.query(caught.value.order).transaction.state == "paid"
    assert sandbox.order(order).captured == 500


def test_a_hold_without_its_syssn_is_not_captured(client):
    with pytest.raises(InputError, match="query the hold first"):
        client.capture(Order("A1", 100))
