"""What an answer proves: the whole of it is judged, and what can't be read proves nothing."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qftools.cancellation.evidence import Known, of_query
from qftools.cancellation.findings import Finding, of_cancel
from qftools.catalogue import Text
from qftools.models import Order, Reply

ONE, TWO = "20260105154100020000000001", "20260105154100020000000002"
ORDER = Order("A1", 2500, "2026-01-05 10:00:00", txcurrcd="HKD")
PAYMENT = {"order_type": "payment", "out_trade_no": "A1", "txamt": "2500", "txcurrcd": "HKD"}


def row(respcd, syssn=ONE, **changes):
    return {**PAYMENT, "syssn": syssn, "respcd": respcd, "cancel": "0", **changes}


PAID, OPEN, CLOSED = row("0000"), row("1143"), row("1142", cancel="2")
FAILED, REFUNDED = row("1205"), row("0000", cancel="3")


def judged(*rows, order=ORDER, known=None, signed=False, **body):
    whole = {"respcd": "0000", "data": list(rows), **body}
    return of_query(Reply("query", "0000", whole, signed), order, known or Known())


def again(payment, **changes):
    """The same payment as another attempt under its number."""
    return {**payment, "syssn": TWO, **changes}


# ---- several merchants ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("order", "known", "finding"),
    [
        (ORDER, None, Finding.SILENT),
        (ORDER, Known(learned=("syssn",)), Finding.SILENT),
        (replace(ORDER, syssn=TWO), Known(learned=("syssn",)), Finding.SILENT),
        (replace(ORDER, mchid="M2"), None, Finding.OPEN),
        (replace(ORDER, syssn=TWO), None, Finding.SILENT),  # another payment of the number is paid
        (replace(ORDER, syssn=ONE), None, Finding.PAID),
    ],
)
def test_rows_of_several_merchants_tell_nothing_unless_it_is_said_which_is_meant(
    order, known, finding
):
    rows = [{**PAID, "mchid": "M1"}, again(OPEN, mchid="M2")]

    answers = [
        judged(*order_of_rows, order=order, known=known) for order_of_rows in (rows, rows[::-1])
    ]

    assert {answer.finding for answer in answers} == {finding}
    said = Text(
        "返回的行属于几个商户（mchid M1, M2）：请给出订单的 mchid",
        "the rows are of several merchants (mchid M1, M2): give the order's mchid",
    )
    meant = order.mchid or (order.syssn and known is None)
    assert (answers[0].note == said) is not bool(meant)


def test_rows_of_one_merchant_are_one_order_whether_or_not_each_names_it():
    assert judged({**CLOSED, "mchid": "M1"}, again(PAID)).finding is Finding.PAID
    assert judged({**CLOSED, "mchid": "M1"}, again(PAID, mchid="M1")).finding is Finding.PAID
    many = [row("0000", f"{ONE[:-1]}{n}", mchid=f"M{n}") for n in (5, 4, 3, 2)]
    assert "(mchid M2, M3, M4)" in str(judged(*many).note)


# ---- several payments under one number (C17) ------------------------------------------------


@pytest.mark.parametrize("dead", [CLOSED, FAILED, REFUNDED, OPEN])
def test_one_paid_payment_makes_the_order_paid_wherever_its_row_stands(dead):
    assert judged(dead, again(PAID)).finding is Finding.PAID
    assert judged(again(PAID), dead).finding is Finding.PAID


def test_an_order_is_dead_only_if_every_payment_of_it_is():
    assert judged(CLOSED, again(OPEN)).finding is Finding.OPEN
    assert judged(CLOSED, again(CLOSED)).finding is Finding.CANCELLED
    assert judged(CLOSED, again(FAILED)).finding is Finding.CANCELLED
    assert judged(FAILED, again(REFUNDED)).finding is Finding.REFUNDED


def test_the_open_payment_that_no_cancel_was_sent_for_comes_first():
    answer = judged(OPEN, again(OPEN), known=Known(cancelled=(ONE,)))

    assert answer.row.syssn == TWO
    assert answer.open == (ONE, TWO)


def test_a_paid_order_whose_other_payment_is_still_open_says_so():
    assert TWO in judged(PAID, again(OPEN)).note.en


def test_an_open_payment_without_a_number_of_its_own_is_not_cancelled_beside_others():
    assert judged({**OPEN, "syssn": ""}, again(CLOSED)).finding is Finding.SILENT


def test_a_payment_that_was_seen_open_must_be_in_the_answer_that_says_it_is_over():
    missing = judged(CLOSED, known=Known(live=(TWO,)))

    assert (missing.finding, missing.ask_next) == (Finding.SILENT, "elsewhere")
    assert TWO in missing.note.en


@pytest.mark.parametrize("alive", [PAID, OPEN])
def test_another_payment_that_is_alive_keeps_the_one_that_was_named_from_being_called_dead(alive):
    named = Order("A1", 2500, "2026-01-05 10:00:00", syssn=ONE)

    assert judged(CLOSED, again(alive), order=named).finding is Finding.SILENT
    assert judged(PAID, again(alive), order=named).finding is Finding.PAID


def test_of_dead_payments_the_one_that_was_named_says_how_it_ended_and_another_proves_nothing():
    named = Order("A1", 2500, "2026-01-05 10:00:00", syssn=ONE)

    assert judged(CLOSED, again(CLOSED), order=named).finding is Finding.CANCELLED
    assert judged(CLOSED, again(REFUNDED), order=named).finding is Finding.CANCELLED
    assert judged(FAILED, again(CLOSED), order=named).finding is Finding.FAILED
    assert judged(CLOSED, again(FAILED), order=named).finding is Finding.CANCELLED
    assert judged(again(CLOSED), order=named).finding is Finding.SILENT


def test_a_payment_that_was_named_is_cancelled_beside_an_open_one_but_not_beside_a_paid_one():
    named = Order("A1", 2500, "2026-01-05 10:00:00", syssn=ONE)

    beside = judged(OPEN, again(OPEN), order=named)
    assert (beside.finding, beside.row.syssn) == (Finding.OPEN, ONE)
    assert judged(OPEN, again(PAID), order=named).finding is Finding.SILENT


def test_a_number_that_the_books_told_is_no_reason_to_leave_out_the_other_payments():
    named = Order("A1", 2500, "2026-01-05 10:00:00", syssn=ONE)

    answer = judged(CLOSED, again(PAID), order=named, known=Known(learned=("syssn",)))

    assert answer.finding is Finding.PAID


@pytest.mark.parametrize(
    ("rows", "wide"), [(10, False), (100, True)], ids=["ten", "a hundred, the largest page"]
)
def test_a_full_page_of_dead_payments_may_not_be_all_of_them(rows, wide):
    many = [row("1142", syssn=str(20260105154100020000000000 + n)) for n in range(rows)]

    full = judged(*many, known=Known(wide=wide))

    assert (full.finding, full.ask_next) == (Finding.SILENT, "wide")
    assert judged(*many[:-1], known=Known(wide=wide)).finding is Finding.CANCELLED


@pytest.mark.parametrize(
    "rows", [2, 3], ids=["as many rows as it says", "and one of another order"]
)
def test_a_page_that_says_how_small_it_is_may_be_full_with_few_rows(rows):
    others = [row("1143", out_trade_no="B1", syssn=TWO)] * (rows - 2)
    answer = judged(CLOSED, again(CLOSED), *others, page_size=2)

    assert (answer.finding, answer.ask_next) == (Finding.SILENT, "wide")


def test_a_code_of_refunds_in_the_row_of_a_payment_is_no_proof_that_it_is_open():
    answer = judged(row("2999"))

    assert answer.finding is Finding.OPEN
    assert answer.note is not None


# ---- what proves nothing ------------------------------------------------

UNREADABLE = {
    "null": None,
    "a text": "PAID",
    "a list": [PAID],
    "names no order": {name: PAID[name] for name in ("respcd", "cancel", "txamt")},
    "a number that is none": {**PAID, "out_trade_no": {"is": "A1"}},
    "a syssn that is none": {**PAID, "syssn": [ONE]},
    "numbers without a value": {**PAID, "out_trade_no": "", "syssn": None},
    "a flag that no source knows": row("0000", cancel="9"),
    "a flag that is no flag": row("0000", cancel={"is": 0}),
    "a kind that no source knows": row("0000", order_type="transfer"),
    "a refusal of a refund as its code": row("1265"),
    "no such order as its code": row("1136"),
    "no code": row(None),
    "a code of three digits": row("000"),
    "another amount": row("0000", txamt="1"),
    "another currency": row("0000", txcurrcd="JPY"),
    "an amount that is none": row("0000", txamt="many"),
}


@pytest.mark.parametrize("value", UNREADABLE.values(), ids=UNREADABLE)
def test_what_can_not_be_read_proves_nothing_and_keeps_the_order_from_being_called_dead(value):
    assert judged(value).finding is Finding.SILENT
    assert judged(value, again(CLOSED)).finding is Finding.SILENT
    assert judged(again(FAILED), value).finding is Finding.SILENT
    assert judged(value, again(PAID)).finding is Finding.PAID
    assert judged(value).note.zh != judged(value).note.en


def test_two_rows_of_one_payment_that_contradict_each_other_prove_nothing():
    assert judged(PAID, CLOSED).finding is Finding.SILENT
    assert judged(OPEN, PAID).finding is Finding.SILENT
    assert judged(PAID, PAID).finding is Finding.PAID
    assert judged(PAID, row("0000", txamt="1")).finding is Finding.SILENT


def test_a_contradiction_says_both_values():
    answer = judged(row("0000", txamt="1", txcurrcd="JPY"))

    assert [tuple(each) for each in answer.differs] == [
        ("txamt", "1", "2500"),
        ("txcurrcd", "JPY", "HKD"),
    ]
    assert "1" in answer.note.en and "2500" in answer.note.zh


def test_rows_of_other_orders_and_merchants_are_left_out():
    mine = Order("A1", 2500, "2026-01-05 10:00:00", mchid="M1")
    stranger = row("0000", out_trade_no="B7", syssn=TWO)

    assert judged(stranger, CLOSED).finding is Finding.CANCELLED
    assert judged(stranger).finding is Finding.SILENT
    assert judged(again(PAID, mchid="M2"), {**CLOSED, "mchid": "M1"}, order=mine).finding is (
        Finding.CANCELLED
    )
    assert judged(row("0000", out_trade_no="B7")).finding is Finding.SILENT  # the syssn is ours


def test_refunds_and_closes_under_the_number_are_no_payments():
    close = row("0000", TWO, order_type="close")
    refund = row("0000", TWO, order_type="refund", txamt="100")

    assert judged(close, CLOSED).finding is Finding.CANCELLED
    assert judged(refund, PAID).finding is Finding.PAID
    assert judged(close).finding is Finding.SILENT
    assert judged(refund).finding is Finding.DENIED


# ---- the same, as other gateways spell it ------------------------------------------------


@pytest.mark.parametrize(
    "spelled",
    [
        {"txamt": 2500, "respcd": 0, "cancel": 0, "syssn": int(ONE)},
        {"txamt": 2500.0, "cancel": None},
        {"txcurrcd": "hkd", "out_trade_no": " A1 "},
        {"txcurrcd": "", "txamt": ""},
        {"order_type": "Payment"},
        {"order_type": None, "paydtm": [], "extra": {"deep": [1]}},
    ],
    ids=str,
)
def test_types_and_spellings_make_no_difference(spelled):
    assert judged({**PAID, **spelled}).finding is Finding.PAID


@pytest.mark.parametrize("name", ["order_type", "txamt", "txcurrcd", "cancel", "syssn"])
def test_a_row_may_lack_what_is_optional(name):
    assert judged({key: value for key, value in PAID.items() if key != name}).finding is (
        Finding.PAID
    )


def test_an_old_name_of_a_currency_is_that_currency():
    order = Order("A1", 2500, "2026-01-05 10:00:00", txcurrcd="CNY")

    assert judged(row("0000", txcurrcd="RMB"), order=order).finding is Finding.PAID


@pytest.mark.parametrize("respcd", ["1136", "1268"])
@pytest.mark.parametrize(
    "rows", [[PAID], [CLOSED], [None, {"respcd": "1143"}], PAID, "paid", {"0": PAID}]
)
def test_an_answer_that_there_is_no_such_order_and_has_rows_proves_nothing(respcd, rows):
    said = of_query(Reply("query", respcd, {"respcd": respcd, "data": rows}), ORDER)

    assert (said.finding, said.ask_next) == (Finding.SILENT, "elsewhere")
    assert said.note is not None and respcd in said.note.en and respcd in said.note.zh


# ---- signatures ------------------------------------------------


def test_an_unsigned_answer_proves_nothing_once_the_gateway_has_signed_one():
    signs = Known(signed=True)

    assert judged(PAID, known=signs).finding is Finding.SILENT
    assert judged(known=signs).finding is Finding.SILENT
    assert judged(PAID, known=signs, signed=True).finding is Finding.PAID
    assert of_cancel(Reply("close", "0000", {}), signed=True).finding is Finding.SILENT
    assert of_cancel(Reply("close", "1108", {}), signed=True).finding is Finding.SILENT
    assert of_cancel(Reply("close", "0000", {}, signed=True), signed=True).signed


# ---- for all ------------------------------------------------

JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
NAMES = ["syssn", "out_trade_no", "respcd", "cancel", "order_type", "txamt", "txcurrcd", "sysdtm"]
VALUES = st.sampled_from(["A1", ONE, TWO, "0000", "1143", "1142", "0", "2", "payment", "2500"])
ROWS = st.dictionaries(st.sampled_from(NAMES), VALUES | JUNK) | JUNK
GOOD = st.sampled_from([PAID, OPEN, CLOSED, FAILED, REFUNDED, again(PAID), again(OPEN)])


@given(st.lists(ROWS | GOOD, max_size=5))
def test_no_row_raises_and_no_paid_row_is_ever_called_dead(rows):
    answer = judged(*rows)

    if PAID in rows or again(PAID) in rows:
        assert answer.finding in (Finding.PAID, Finding.OPEN, Finding.SILENT)


@given(st.lists(ROWS | GOOD, min_size=1, max_size=5), st.randoms())
def test_the_order_of_the_rows_changes_no_finding(rows, dice):
    shuffled = list(rows)
    dice.shuffle(shuffled)

    assert judged(*shuffled).finding is judged(*rows).finding
