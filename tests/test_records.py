"""How a cancel is written down, and what is not taken for one: word for word, without a file."""

from __future__ import annotations

import json
from typing import Any

import pytest

from qftools import Policy, Verdict
from qftools.cancellation.evidence import Known
from qftools.cancellation.findings import Answer, Difference, Finding
from qftools.cancellation.outcome import Taken
from qftools.cancellation.refunding import RefundWalk
from qftools.cancellation.routing import Route, route
from qftools.cancellation.search import Search
from qftools.cancellation.walk import Finished, Step, Walk
from qftools.catalogue import Text
from qftools.errors import NotUnderstoodError
from qftools.exchange import Exchange, Request, Response
from qftools.exchange.redaction import redacted
from qftools.journal import records
from qftools.models import Order, Transaction

ORDER = Order("A1", 2500, "2026-01-05 10:00:00", "1" * 20, "800101", "HKD", "M1", "till 3")
ORDER_WRITTEN = {
    "out_trade_no": "A1",
    "txamt": 2500,
    "txdtm": "2026-01-05 10:00:00",
    "syssn": "1" * 20,
    "pay_type": "800101",
    "txcurrcd": "HKD",
    "mchid": "M1",
    "udid": "till 3",
}
ANSWER = Answer(
    Finding.OPEN,
    "1143",
    Transaction({"out_trade_no": "A1", "more": [1, None, {"a": "b"}]}),
    refused=True,
    pending=True,
    note=Text(zh="未付", en="not paid"),
    wait=1.5,
    age=2.5,
    signed=True,
    differs=(Difference("txamt", "2500", "100"), Difference("txcurrcd", "JPY", "HKD")),
    rows=3,
    open=("1", "2"),
    dead=("3",),
    ask_next="wide",
    void=True,
)
ANSWER_WRITTEN = {
    "finding": "OPEN",
    "respcd": "1143",
    "row": {"out_trade_no": "A1", "more": [1, None, {"a": "b"}]},
    "refused": True,
    "pending": True,
    "note": {"zh": "未付", "en": "not paid"},
    "wait": 1.5,
    "age": 2.5,
    "signed": True,
    "differs": [["txamt", "2500", "100"], ["txcurrcd", "JPY", "HKD"]],
    "rows": 3,
    "open": ["1", "2"],
    "dead": ["3"],
    "ask_next": "wide",
    "void": True,
}
EXCHANGE = Exchange(
    "query",
    Request("POST", "https://h/trade/v1/query", (("A", "b"), ("C", "d")), b"\xe6\x9c\xaa\xff"),
    Response(200, (("E", "f"),), b"\x00"),
    None,
    1.0,
    0.25,
)
EXCHANGE_WRITTEN = {
    "endpoint": "query",
    "request": {
        "method": "POST",
        "url": "https://h/trade/v1/query",
        "headers": [["A", "b"], ["C", "d"]],
        "body": "未\udcff",
    },
    "response": {"status": 200, "headers": [["E", "f"]], "body": "\x00"},
    "error": None,
    "started": 1.0,
    "seconds": 0.25,
}
ROUTE = route("800101")
ROUTE_WRITTEN = {
    "pay_type": "800101",
    "call": ROUTE.call,
    "reason": {"zh": ROUTE.reason.zh, "en": ROUTE.reason.en},
    "sure": ROUTE.sure,
    "source": ROUTE.source,
    "disputes": list(ROUTE.disputes),
}
WALK = Walk(
    ORDER,
    None,
    "docs-2026-02",
    "allow",
    step=Step.CONFIRM,
    wait=2.0,
    looks=1,
    absents=2,
    cancels=3,
    confirms=4,
    opens=5,
    last_cancel=ANSWER,
    ripe=True,
    known=Known(signed=True, wide=True),
    target=ORDER,
    view=1,
    today="2026-01-05",
    over=ANSWER,
    searched=(0, 1),
    asked=(2,),
    route=ROUTE,
    end=Finished(Verdict.CANCELLED, Text("好", "well")),
)
WALK_WRITTEN = {
    "order": ORDER_WRITTEN,
    "policy": None,
    "profile": "docs-2026-02",
    "hk_cancel": "allow",
    "step": "CONFIRM",
    "wait": 2.0,
    "looks": 1,
    "absents": 2,
    "cancels": 3,
    "confirms": 4,
    "opens": 5,
    "last_cancel": ANSWER_WRITTEN,
    "ripe": True,
    "known": records.plain(Known(signed=True, wide=True)),
    "target": ORDER_WRITTEN,
    "view": 1,
    "today": "2026-01-05",
    "over": ANSWER_WRITTEN,
    "searched": [0, 1],
    "asked": [2],
    "route": ROUTE_WRITTEN,
    "end": {"verdict": "CANCELLED", "reason": {"zh": "好", "en": "well"}},
}
PAYMENT = Search(Order(syssn="2" * 20), today="2026-01-05", known=Known(found=True), absents=1)
REFUND = RefundWalk(ORDER, payment=PAYMENT, step=Step.CONFIRM, known=Known(refunds="2" * 20))
TAKEN = Taken(Step.LOOK, "query", ANSWER, 7.5, redacted(EXCHANGE))
TAKEN_WRITTEN = {
    "step": "LOOK",
    "endpoint": "query",
    "answer": ANSWER_WRITTEN,
    "at": 7.5,
    "exchange": EXCHANGE_WRITTEN,
}


@pytest.fixture(autouse=True)
def _made_anew():
    """How a reader or a writer is made is tested each time, not only the first."""
    for made in (records._writer, records._kept, records._reader, records._dataclass):
        made.cache_clear()


def as_json(value):
    return json.loads(json.dumps(value))


def changed(record, place, value):
    """The record with another value at a place such as ``order.txamt``."""
    record = as_json(record)
    *names, last = place.split(".")
    at = record
    for name in names:
        at = at[name]
    at[last] = value
    return record


def refusal(kind, record):
    with pytest.raises(NotUnderstoodError) as refused:
        records.read(kind, record)
    return str(refused.value), refused.value.newer


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ([], "it 为 list，不是对象"),
        ({"order": {"out_trade_no": "A1"}, "step": "GUESS"}, "step 为 'GUESS'，这个版本的"),
        ({"order": {"out_trade_no": "A1", "txamt": 0}}, "order 不可能是这样：txamt 为 0"),
        ({"order": {"out_trade_no": 1}}, "order.out_trade_no 为 1，不是文本"),
        ({"order": {"txamt": "1"}}, "order.txamt 为 '1'，不是整数"),
        ({"order": {"out_trade_no": "A1"}, "ripe": 1}, "ripe 为 1，不是true 或 false"),
        ({"order": {"out_trade_no": "A1"}, "searched": 1}, "searched 为 1，不是列表"),
    ],
)
def test_what_is_not_understood_is_said_in_chinese_too(record, said):
    with pytest.raises(NotUnderstoodError) as refused:
        records.read(Walk, record)

    assert refused.value.say("zh").startswith(said)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (ORDER, ORDER_WRITTEN),
        (ANSWER, ANSWER_WRITTEN),
        (WALK, WALK_WRITTEN),
        (TAKEN, TAKEN_WRITTEN),
    ],
    ids=["order", "answer", "walk", "question"],
)
def test_every_field_is_written_under_its_name_and_read_again(value, written):
    assert as_json(records.plain(value)) == as_json(written)
    assert records.read(type(value), as_json(written)) == value


def test_a_refund_is_read_as_one_because_it_names_its_payment():
    written = as_json(records.plain(REFUND))

    assert written["payment"]["order"] == {**dict.fromkeys(ORDER_WRITTEN), "syssn": "2" * 20}
    assert records.read(Walk, written) == REFUND
    assert type(records.read(Walk, written)) is RefundWalk
    with_more = changed(written, "payment.store", "S1")
    assert refusal(Walk, with_more) == (
        "payment has store, which this qftools does not know",
        True,
    )


def test_a_policy_and_an_order_without_anything_else_are_kept():
    walk = Walk(Order("A1"), Policy(look_tries=9, first_wait=0.5))

    assert records.read(Walk, as_json(records.plain(walk))) == walk
    assert records.read(Walk, {"order": {"out_trade_no": "A1"}}) == Walk(Order("A1"))


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        ("order", None, "order is a NoneType, not an object"),
        ("order", [], "order is a list, not an object"),
        ("order.txamt", "2500", "order.txamt is '2500', not a whole number"),
        ("order.txamt", True, "order.txamt is True, not a whole number"),
        ("order.txamt", 2500.5, "order.txamt is 2500.5, not a whole number"),
        ("order.udid", {}, "order.udid is a dict, not a text"),
        ("ripe", 1, "ripe is 1, not true or false"),
        ("searched", "01", "searched is '01', not a list"),
        ("searched", [0, "1"], "searched is '1', not a whole number"),
        ("wait", "2", "wait is '2', not a number"),
        ("wait", False, "wait is False, not a number"),
        ("wait", float("inf"), "wait is inf, not a number"),
        ("wait", float("nan"), "wait is nan, not a number"),
        ("wait", 10**400, f"wait is {10**400}, not a number"),
        ("last_cancel.row", [], "last_cancel.row is a list, not an object"),
        ("over.note", 1, "over.note is 1, not an object"),
        ("over.note", {"zh": "好"}, "over.note has no en"),
        ("over.note", {"zh": "好", "en": 1}, "over.note.en is 1, not a text"),
        ("over.differs", [["txamt", "1"]], "over.differs has 2 parts, not 3"),
        ("over.differs", [["txamt", "1", 2]], "over.differs is 2, not a text"),
        ("over.differs", [{}], "over.differs is a dict, not a list"),
        ("step", ["LOOK"], "step is a list, which this qftools does not know"),
        ("policy", {"look_tries": 0}, "policy can't be: "),
        ("order", {}, "order can't be: "),
        ("order", {"out_trade_no": None}, "order can't be: "),
    ],
)
def test_what_was_edited_is_named_by_its_place(place, value, said):
    why, newer = refusal(Walk, changed(WALK_WRITTEN, place, value))

    assert why.startswith(said) if said.endswith(": ") else why == said
    assert not newer


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        ("exchange.request.body", "\ud800", "exchange.request.body stands for no bytes"),
        ("exchange.request.body", 1, "exchange.request.body is 1, not a text"),
        (
            "exchange.response.headers",
            [["a", "b", "c"]],
            "exchange.response.headers has 3 parts, not 2",
        ),
        ("at", None, "at is a NoneType, not a number"),
        ("exchange", {}, "exchange has no endpoint"),
    ],
)
def test_a_question_that_was_edited_is_named_by_its_place(place, value, said):
    assert refusal(Taken, changed(TAKEN_WRITTEN, place, value)) == (said, False)


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        ("step", "GUESS", "step is 'GUESS', which this qftools does not know"),
        ("profile", "2031", "profile is '2031', which this qftools does not know"),
        ("end.verdict", "HALF", "end.verdict is 'HALF', which this qftools does not know"),
        ("order.store", "S1", "order has store, which this qftools does not know"),
        ("target.store", "S1", "target has store, which this qftools does not know"),
        ("known.store", True, "known has store, which this qftools does not know"),
    ],
)
def test_what_a_newer_one_may_have_written_is_said_to_be_newer(place, value, said):
    assert refusal(Walk, changed(WALK_WRITTEN, place, value)) == (said, True)


def test_a_number_may_be_whole_and_what_is_new_and_decides_nothing_is_ignored():
    record = changed(WALK_WRITTEN, "wait", 2)
    record = changed(record, "order.store", None)
    record = changed(record, "over.colour", "blue")
    record["colour"] = "blue"

    assert records.read(Walk, record) == WALK


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (None, "it is a NoneType, not an object"),
        ([], "it is a list, not an object"),
        ("walk", "it is 'walk', not an object"),
        ({}, "it has no order"),
    ],
)
def test_what_is_no_walk_at_all_is_told_as_such(record, said):
    assert refusal(Walk, record) == (said, False)


def test_a_row_of_different_things_is_read_by_its_places():
    kind: Any = tuple[int, str]

    assert records.read(kind, [1, "a"]) == (1, "a")
    assert refusal(kind, ["a", 1]) == ("it is 'a', not a whole number", False)


def test_of_several_things_that_are_missing_the_first_by_name_is_told():
    assert refusal(Taken, {}) == ("it has no answer", False)
    assert refusal(Order, {"txamt": 0, "out_trade_no": "A1"})[0].startswith("it can't be: ")


# ---- as it was written once ---------------------------------------------------------------


def earlier(**changes):
    """A walk of the time when a record said only that there was a route."""
    record = {name: value for name, value in WALK_WRITTEN.items() if name != "route"}
    return record | {"routed": True} | changes


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, route("800101", profile="docs-2026-02", hk_cancel="allow")),
        ({"profile": "seed"}, route("800101", hk_cancel="allow")),
        ({"routed": False}, None),
        ({"order": ORDER_WRITTEN | {"pay_type": None}}, None),
    ],
)
def test_a_route_that_was_not_written_is_worked_out_again(changes, expected):
    walk = records.read(Walk, earlier(**changes))

    assert walk.route == expected
    assert walk.order.out_trade_no == "A1" and walk.searched == (0, 1)


def test_the_choice_for_hong_kong_counts_where_a_route_is_worked_out_again():
    routes: list[Route | None] = [
        records.read(
            Walk,
            earlier(order=ORDER_WRITTEN | {"pay_type": "805801"}, profile="seed", hk_cancel=chosen),
        ).route
        for chosen in ("deny", "allow")
    ]

    assert routes == [route("805801", hk_cancel="deny"), route("805801", hk_cancel="allow")]
    assert routes[0] != routes[1]


def test_words_that_were_in_english_only_are_the_same_in_both_languages():
    end = {"verdict": "UNRESOLVED", "reason": "not now"}
    assert records.read(Walk, earlier(end=end)).end == Finished(
        Verdict.UNRESOLVED, Text("not now", "not now")
    )
    assert records.read(Walk, earlier(end=end | {"reason": ""})).end == Finished(Verdict.UNRESOLVED)
