"""How a cancel asks: under each number, in each month, and for each payment of the order."""

from datetime import datetime

import pytest

from qftools import cancel
from qftools.cancellation.asking import target, views, with_row
from qftools.cancellation.evidence import of_query
from qftools.cancellation.findings import Answer, Finding, of_cancel
from qftools.cancellation.policy import Policy
from qftools.cancellation.verdicts import Verdict
from qftools.cancellation.walk import Ask, Wait, Walk
from qftools.errors import InputError
from qftools.models import Order, Reply, Transaction
from qftools.sandbox import Sandbox
from qftools.sandbox.books.clock import VirtualClock
from qftools.validation import BEIJING

ONE, TWO = "20260105154100020000000001", "20260105154100020000000002"
ORDER = Order("A1", 2500, "2026-01-05 10:00:00")


def row(syssn, respcd, **changes):
    return {
        "out_trade_no": "A1",
        "syssn": syssn,
        "respcd": respcd,
        "cancel": "0",
        "pay_type": "800101",
        "txamt": "2500",
        "txdtm": "2026-01-05 10:00:00",
        **changes,
    }


def go_on(walk, *answers):
    """Feed a reply to each question in turn; return the walk and the questions."""
    asked = []
    for answer in answers:
        while isinstance(walk.action, Wait):
            walk = walk.waited()
        assert isinstance(walk.action, Ask), f"ended with {walk.end}"
        asked.append((walk.action.endpoint, walk.action.params))
        walk = walk.told(read(walk, answer))
    return walk, asked


def read(walk, answer):
    if isinstance(answer, Answer):
        return answer
    if isinstance(answer, str):
        return of_cancel(Reply("reversal", answer, {"respcd": answer}))
    return of_query(Reply("query", "0000", {"data": answer}), walk.order, walk.known)


# ---- where it is looked for ------------------------------------------------


def test_the_number_comes_first_then_the_gateways_then_the_months():
    both = Order("A1", 2500, "2026-01-05 10:00:00", syssn=ONE, mchid="M1")

    assert views(both) == [
        {"mchid": "M1", "out_trade_no": "A1"},
        {"mchid": "M1", "syssn": ONE},
        {
            "mchid": "M1",
            "out_trade_no": "A1",
            "start_time": "2025-12-01 00:00:00",
            "end_time": "2025-12-31 23:59:59",
        },
        {
            "mchid": "M1",
            "out_trade_no": "A1",
            "start_time": "2026-01-01 00:00:00",
            "end_time": "2026-01-31 23:59:59",
        },
    ]
    assert views(both, ["syssn"])[-1] == {"mchid": "M1", "syssn": ONE}


@pytest.mark.parametrize(
    ("txdtm", "months"),
    [
        ("2026-01-31 23:59:00", ["2026-02-01", "2026-01-01"]),
        ("2026-02-01 00:00:10", ["2026-01-01", "2026-02-01"]),
        ("2026-12-20 12:00:00", ["2027-01-01", "2026-12-01"]),
    ],
)
def test_the_month_of_the_payment_and_the_nearest_other_one_are_asked(txdtm, months):
    asked = [str(view.get("start_time", ""))[:10] for view in views(Order("A1", 2500, txdtm))]

    assert asked == ["", *months]


def test_without_a_time_the_date_in_the_syssn_counts_or_else_today():
    assert views(Order(None, syssn=ONE))[-1]["start_time"] == "2026-01-01 00:00:00"
    assert views(Order("A1"), (), "2026-03-20")[-1]["start_time"] == "2026-03-01 00:00:00"
    assert len(views(Order("A1"))) == 1


def test_an_order_is_not_found_only_after_it_was_asked_for_everywhere():
    both = Order("A1", 2500, "2026-01-05 10:00:00", syssn=ONE)

    walk, asked = go_on(Walk(both), [], [], [], [])

    assert walk.end.verdict is Verdict.NOT_FOUND
    assert [params for _, params in asked] == views(both)


def test_the_way_that_found_an_order_stays():
    walk, asked = go_on(Walk(ORDER), [], [row(ONE, "1143")], "0000", [row(ONE, "1142")])

    assert walk.end.verdict is Verdict.CANCELLED
    assert asked[1][1] == asked[3][1] == views(ORDER)[1]


def test_an_answer_whose_page_is_full_is_asked_for_again_as_large_as_it_can_be():
    dead = [row(str(20260105154100020000000000 + n), "1142") for n in range(10)]

    _, asked = go_on(Walk(ORDER), dead, [*dead, row(TWO, "0000")])

    assert asked[1][1] == {"out_trade_no": "A1", "page_size": 100}


@pytest.mark.parametrize("seconds_later", [90, 86_400])
def test_a_payment_of_last_month_is_found_where_a_number_finds_this_month_only(seconds_later):
    new_year = datetime(2026, 1, 31, 23, 59, tzinfo=BEIJING).timestamp()
    with Sandbox(clock=VirtualClock(new_year), strict_month="on") as sandbox:
        client = sandbox.client()
        paid = client.pay(pay_type="800101", txamt=77001, txcurrcd="HKD")
        sandbox.clock.advance(seconds_later)

        for known in (paid, Order(paid.out_trade_no, paid.txamt, paid.txdtm)):
            assert cancel(client, known).verdict is Verdict.PAID
        assert cancel(client, Order(paid.out_trade_no)).verdict is Verdict.PAID
        assert cancel(client, Order(None, syssn=paid.syssn)).verdict is Verdict.PAID


# ---- a number alone ------------------------------------------------


JANUARY = Order("A1", 2500, "2026-01-31 23:59:00")


def test_near_the_end_of_a_month_an_order_is_dead_only_if_it_is_in_the_other_month_too():
    dead, paid = [row(ONE, "1142")], [row(TWO, "0000")]

    walk, asked = go_on(Walk(JANUARY), dead, dead, [])
    assert walk.end.verdict is Verdict.ALREADY_CANCELLED
    assert [params for _, params in asked] == views(JANUARY)

    walk, _ = go_on(Walk(JANUARY), dead, [], paid)
    assert walk.end.verdict is Verdict.PAID

    walk, asked = go_on(Walk(JANUARY), dead, [], [row(TWO, "1143")], "0000")
    assert asked[-1][1]["syssn"] == TWO
    assert walk.over is None


def test_a_gateway_that_takes_no_interval_is_believed_without_one():
    refused = Answer(Finding.DENIED, "1104")

    walk, _ = go_on(Walk(JANUARY), [row(ONE, "1142")], refused, refused)
    assert walk.end.verdict is Verdict.ALREADY_CANCELLED

    walk, _ = go_on(Walk(JANUARY), [], refused, [row(ONE, "0000")])
    assert walk.end is None or walk.end.verdict is Verdict.PAID


def test_an_order_that_was_seen_is_never_said_not_to_exist():
    policy = Policy(cancel_after=60.0)

    walk, _ = go_on(Walk(ORDER, policy), [row(ONE, "1143")], [], [], [], [])

    assert walk.end.verdict is Verdict.UNRESOLVED


def test_a_number_whose_rows_carry_another_syssn_is_never_said_not_to_exist():
    wrong = Order("A1", 2500, "2026-01-05 10:00:00", syssn=TWO)
    others = [row(ONE, "1142")]

    walk, _ = go_on(Walk(wrong), others, [], [], [], [])

    assert walk.end.verdict is Verdict.UNRESOLVED


def test_a_code_that_tells_no_result_is_asked_again_before_an_order_is_not_cancellable():
    of_hong_kong = Order("A1", 2500, "2026-01-05 10:00:00", pay_type="805801")
    unknown = [row(ONE, "1298", pay_type="805801")]

    walk, asked = go_on(Walk(of_hong_kong), unknown, [row(ONE, "0000", pay_type="805801")])
    assert walk.end.verdict is Verdict.PAID

    walk, asked = go_on(Walk(of_hong_kong), *[unknown] * 8)
    assert (walk.end.verdict, len(asked)) == (Verdict.UNRESOLVED, 8)
    assert "1298" in walk.end.reason.zh


def test_what_the_books_told_contradicts_nothing():
    older = row(ONE, "1142", txamt="900", txcurrcd="EUR")

    walk, _ = go_on(Walk(Order("A1")), [row(TWO, "1143")], "0000", [older, row(TWO, "1142")])

    assert walk.end.verdict is Verdict.CANCELLED


def test_a_number_alone_is_enough_for_the_books_tell_the_rest():
    with Sandbox() as sandbox:
        client = sandbox.client()
        placed = client.pay(pay_type="800201", txamt=2500, txcurrcd="HKD")

        outcome = cancel(client, Order(placed.out_trade_no))

    assert outcome.verdict is Verdict.CANCELLED
    told = outcome.order
    assert (told.txamt, told.txdtm, told.txcurrcd) == (2500, placed.txdtm, "HKD")


def test_a_number_that_no_order_has_ends_not_found_after_repeated_queries():
    with Sandbox() as sandbox:
        outcome = cancel(sandbox.client(), Order("NOSUCH"))

    assert outcome.verdict is Verdict.NOT_FOUND
    assert len(outcome.steps) == 3


def test_without_an_amount_in_the_books_nothing_is_cancelled():
    walk, _ = go_on(Walk(Order("A1")), [row(ONE, "1143", txamt=None)])

    assert walk.end.verdict is Verdict.UNRESOLVED
    assert "txamt" in walk.end.reason.en and "txamt" in walk.end.reason.zh


# ---- which payment is cancelled ------------------------------------------------


def test_each_open_payment_of_a_number_is_cancelled_by_its_own_syssn():
    both = [row(ONE, "1143"), row(TWO, "1143", txdtm="2026-01-05 10:05:00")]
    one_left = [row(ONE, "1142"), both[1]]
    gone = [row(ONE, "1142"), row(TWO, "1142")]

    walk, asked = go_on(Walk(ORDER), both, "0000", one_left, "0000", gone)

    assert walk.end.verdict is Verdict.CANCELLED
    cancels = [params for endpoint, params in asked if endpoint == "reversal"]
    assert [params["syssn"] for params in cancels] == [ONE, TWO]
    assert [params["txdtm"] for params in cancels] == ["2026-01-05 10:00:00", "2026-01-05 10:05:00"]


def test_a_payment_that_can_not_be_cancelled_does_not_keep_the_others_from_it():
    both = [row(ONE, "1143"), row(TWO, "1143")]

    walk, asked = go_on(Walk(ORDER), both, "1297", both, "0000", [both[0], row(TWO, "1142")])

    assert [endpoint for endpoint, _ in asked] == ["query", "reversal"] * 2 + ["query"]
    assert walk.end is None  # the first is still open, and was only refused once


def test_a_row_whose_syssn_can_not_be_sent_back_is_no_reason_to_cancel_again_at_once():
    odd = [row("2" * 60, "1143")]

    _, asked = go_on(Walk(ORDER), odd, "1145", odd, odd)

    assert [endpoint for endpoint, _ in asked] == ["query", "reversal", "query", "query"]
    assert "syssn" not in asked[1][1]


def test_each_payment_is_cancelled_by_the_call_of_its_own_pay_type():
    by_card = [row(ONE, "1142"), row(TWO, "1143", pay_type="800201")]

    _, asked = go_on(Walk(ORDER), [row(ONE, "1143")], "0000", by_card, "0000")

    assert [endpoint for endpoint, _ in asked][1::2] == ["reversal", "close"]


# ---- rows are not our input ------------------------------------------------

ODD: dict[str, list[object]] = {
    "txcurrcd": ["RMB", "hkd", "KRW", 5, [], "H" * 999],
    "syssn": ["2" * 60, "an odd one!", {}, -1],
    "pay_type": ["80", "800101,800201", None, [8], "\ud800"],
    "txamt": ["25.00", -1, 10**40, "x", True],
    "txdtm": ["yesterday", "2026-02-31 10:00:00", 0],
    "sysdtm": ["0001-01-01 00:00:00", "9999-12-31 23:59:59", "never"],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name in ODD for value in ODD[name]], ids=repr
)
def test_an_odd_value_in_a_row_is_not_taken_over_and_ends_nothing(name, value):
    odd = Transaction({**row(ONE, "1143"), name: value})

    known = with_row(Order("A1", 2500, "2026-01-05 10:00:00", pay_type="800101"), odd)

    assert known.txamt == 2500
    assert target(known, odd).for_cancel()["out_trade_no"] == "A1"


@pytest.mark.parametrize("syssn", ["2.02611E+25", "202611271541000000000000000", "a b", "."])
def test_what_can_not_be_a_syssn_is_refused_before_anything_is_sent(syssn):
    with pytest.raises(InputError, match="syssn"):
        Order("A1", 2500, "2026-01-05 10:00:00", syssn=syssn)


# ---- what an outcome says ------------------------------------------------


def test_a_wrong_amount_is_told_with_what_to_correct():
    with Sandbox() as sandbox:
        client = sandbox.client()
        placed = client.pay(pay_type="800101", txamt=2500, txcurrcd="HKD")

        outcome = cancel(client, Order(placed.out_trade_no, 2600, placed.txdtm, txcurrcd="CNY"))

        assert sandbox.order(placed).state == "waiting"
    assert outcome.verdict is Verdict.UNRESOLVED
    assert outcome.corrections == {"txamt": "2500", "txcurrcd": "HKD"}
    assert outcome.to_dict()["corrections"] == outcome.corrections
    for language in ("zh", "en"):
        assert all(word in outcome.advice(language) for word in ("2600", "2500", "CNY", "HKD"))
