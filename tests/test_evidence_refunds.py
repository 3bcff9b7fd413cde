"""What an answer proves about a refund, and about what a pre-authorisation holds."""

import pytest

from qftools.cancellation.evidence import REASONS, Known, filled, of_query, read_row
from qftools.cancellation.findings import Finding
from qftools.catalogue import Text
from qftools.client.numbers import LARGEST_PAGE
from qftools.locale import use_language
from qftools.models import Order, Reply, Transaction

PAYMENT, REFUND, OTHER = (f"2026010515410002000000000{n}" for n in (1, 2, 3))
ORDER = Order("R1", 100, txcurrcd="HKD")
KNOWN = Known(refunds=PAYMENT)


def refund(respcd="0000", **cells):
    told = {
        "order_type": "refund",
        "out_trade_no": "R1",
        "syssn": REFUND,
        "origssn": PAYMENT,
        "txamt": "100",
        "txcurrcd": "HKD",
        "respcd": respcd,
        "cancel": "0",
    } | cells
    return {name: cell for name, cell in told.items() if cell is not None}


def hold(**cells):
    return {
        "out_trade_no": "A1",
        "syssn": PAYMENT,
        "txamt": "2500",
        "pay_type": "801808",
        "respcd": "0000",
        "cancel": "0",
    } | cells


def judged(*rows, order=ORDER, known=KNOWN):
    return of_query(Reply("query", "0000", {"respcd": "0000", "data": list(rows)}), order, known)


# ---- one row ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "state"),
    [
        ({"respcd": "0000"}, "paid"),
        ({"respcd": "0000", "cancel": None}, "paid"),
        ({"respcd": "0000", "cancel": ""}, "paid"),
        ({"respcd": "0000", "cancel": "1"}, "unclear"),
        ({"respcd": "0000", "cancel": "3"}, "unclear"),
        ({"respcd": "1143"}, "open"),
        ({"respcd": "1145"}, "open"),
        ({"respcd": "1128"}, "open"),  # unknown is not failed
        ({"respcd": "1155"}, "failed"),
        ({"respcd": "1272"}, "failed"),
        ({"respcd": "1260"}, "unclear"),  # refuses a cancel
        ({"respcd": "1150"}, "unclear"),
        ({"respcd": "1136"}, "unclear"),  # there is no such order, says its own row
        ({"respcd": "1268"}, "unclear"),
        ({"respcd": "1108"}, "open"),
        ({"respcd": "1125"}, "unclear"),
        ({"respcd": "1142"}, "unclear"),
        ({"respcd": "1181"}, "unclear"),
        ({"respcd": "7777"}, "open"),
        ({"respcd": "0000", "txstatus": "SUCCESS"}, "paid"),
        ({"respcd": "0000", "txstatus": "PENDING"}, "unclear"),
        ({"respcd": "1143", "txstatus": "PENDING"}, "open"),
        ({"respcd": "1155", "txstatus": "FAILED"}, "failed"),
        ({"respcd": "1155", "txstatus": "SUCCESS"}, "unclear"),
        ({"respcd": "0000", "txstatus": "NEW WORD"}, "unclear"),
    ],
    ids=str,
)
def test_a_row_of_a_refund_says_whether_it_was_made(cells, state):
    assert KNOWN.state(Transaction(refund(**cells))) == state


def test_an_order_is_a_refund_where_it_gives_a_payment_back():
    assert (KNOWN.kind, Known().kind) == ("refund", "payment")


@pytest.mark.parametrize(
    ("cells", "state", "zh", "en"),
    [
        ({}, "paid", None, None),
        ({"origssn": None}, "paid", None, None),
        ({"order_type": None}, "paid", None, None),  # its origssn says it
        (
            {"order_type": None, "origssn": None},
            "unclear",
            "order_type 是 -",
            "order_type -, which no source",
        ),
        ({"order_type": "payment"}, None, "这个号码是 payment，不是退款", "names a payment, not a"),
        (
            {"order_type": "close"},
            None,
            "这个号码是 close，不是退款",
            "names a close, not a refund",
        ),
        ({"order_type": "transfer"}, "unclear", "transfer", "transfer"),
        (
            {"origssn": OTHER},
            None,
            f"另一笔付款 {OTHER} 的退款",
            f"refund of another payment, {OTHER}",
        ),
        ({"respcd": "1142"}, "unclear", "不是退款结果", "not a result of a refund"),
    ],
    ids=str,
)
def test_a_row_is_the_refund_only_where_it_says_so(cells, state, zh, en):
    read = read_row(refund(**cells), ORDER, KNOWN)

    assert read.state == state
    if en is None:
        assert read.why is None
    else:
        assert read.why is not None and zh in read.why.zh and en in read.why.en


def test_a_row_of_a_refund_is_not_the_payment_and_the_other_way_round():
    of_payment = read_row(refund(), Order("R1", 100, txcurrcd="HKD"), Known())

    assert of_payment.state is None
    assert of_payment.why is not None and "refund" in of_payment.why.en


def test_a_payment_that_is_unclear_is_said_to_be_no_result_of_a_payment():
    read = read_row(hold(cancel="9"), Order("A1", 2500), Known())

    assert read.why is not None
    assert ("付款结果" in read.why.zh, "result of a payment" in read.why.en) == (True, True)


# ---- the answer as a whole -----------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "finding", "why"),
    [
        ([refund()], Finding.REFUNDED, None),
        ([refund("1143")], Finding.OPEN, None),
        ([refund("1155")], Finding.FAILED, None),
        ([refund("1128")], Finding.OPEN, "whether the refund went through"),
        ([refund("1142")], Finding.SILENT, "of a refund"),
        ([refund(txamt="90")], Finding.SILENT, "txamt"),
        ([refund(order_type="payment")], Finding.DENIED, "not a refund"),
        ([refund(origssn=OTHER)], Finding.DENIED, "another payment"),
    ],
    ids=str,
)
def test_an_answer_about_a_refund(rows, finding, why):
    answer = judged(*rows)

    assert answer.finding is finding
    assert (answer.note is None) if why is None else why in str(answer.note)


def test_the_number_of_a_refund_asked_for_as_a_payment_is_refused():
    answer = judged(refund(), known=Known())

    assert answer.finding is Finding.DENIED and "refund" in str(answer.note)


@pytest.mark.parametrize(
    ("cells", "finding"),
    [
        ({}, Finding.HELD),
        ({"cancel": "6"}, Finding.RELEASED),
        ({"respcd": "1143"}, Finding.OPEN),
    ],
    ids=str,
)
def test_what_is_held_is_neither_open_nor_paid(cells, finding):
    row = hold(**cells)
    state = Transaction(row).state

    answer = judged(row, order=Order("A1", 2500), known=Known())

    assert answer.finding is finding, state
    assert answer.open == ((PAYMENT,) if finding is not Finding.RELEASED else ())
    assert answer.dead == ((PAYMENT,) if finding is Finding.RELEASED else ())


def test_a_paid_payment_beside_one_that_is_held_names_it_so_in_both_languages():
    paid = hold(syssn=OTHER, pay_type="800101")

    answer = judged(hold(), paid, order=Order("A1", 2500), known=Known())

    assert answer.finding is Finding.PAID and answer.note is not None
    assert "已冻结" in answer.note.zh and "held" in answer.note.en


@pytest.mark.parametrize("respcd", ["1143", "0000"])
def test_another_payment_of_the_number_that_is_open_or_held_keeps_the_order_alive(respcd):
    named = Order("A1", 2500, syssn=OTHER)

    answer = judged(hold(respcd=respcd), order=named, known=Known())

    assert answer.open == (PAYMENT,)


def test_another_payment_that_is_over_for_other_money_is_another_all_the_same():
    read = read_row(
        hold(txamt="9", respcd="1142", cancel="2"), Order("A1", 2500, syssn=OTHER), Known()
    )

    assert (read.state, read.another) == ("unclear", True)


@pytest.mark.parametrize("missing", [None, "", " ", ["801808"], {}, "hold", "80180"], ids=str)
def test_a_row_without_a_pay_type_shows_not_whether_it_is_held_or_charged(missing):
    row = hold(pay_type=missing)

    read = read_row(row, Order("A1", 2500, pay_type="801808"), Known())

    assert (read.row.row, read.state) == (row, "unclear")
    assert read.why is not None
    assert (
        "没有可用的 pay_type" in read.why.zh
        and "whether the hold is held or charged" in read.why.en
    )


@pytest.mark.parametrize(
    ("pay_type", "cells", "state"),
    [
        ("801808", {"respcd": "1143"}, "open"),  # the same, held or charged
        ("801808", {"respcd": "1142", "cancel": "2"}, "cancelled"),
        ("800101", {}, "paid"),
        (None, {}, "paid"),
    ],
)
def test_where_a_hold_and_a_payment_say_the_same_no_pay_type_is_needed(pay_type, cells, state):
    row = hold(**cells) | {"pay_type": ""}

    assert read_row(row, Order("A1", 2500, pay_type=pay_type), Known()).state == state


def test_the_pay_type_of_the_row_counts_and_not_what_the_caller_says():
    charged = hold(pay_type="800101")

    assert read_row(charged, Order("A1", 2500, pay_type="801808"), Known()).state == "paid"


def test_a_refund_has_no_pay_type_to_miss():
    made = refund(pay_type="")

    assert read_row(made, Order("R1", 100, pay_type="801808"), KNOWN).state == "paid"


def test_a_refund_without_its_kind_is_kept_with_its_row():
    row = refund(order_type=None, origssn=None)

    assert read_row(row, ORDER, KNOWN).row.row == row


@pytest.mark.parametrize(
    ("pay_type", "cells", "finding"),
    [
        ("801808", {}, Finding.SILENT),  # held, or charged: nothing but the pay type would tell
        ("801808", {"cancel": "3"}, Finding.REFUNDED),
        ("801808", {"respcd": "1143"}, Finding.OPEN),
        (None, {"pay_type": "WECHAT"}, Finding.SILENT),  # nor would one that is none
        (None, {"pay_type": ["800101"]}, Finding.SILENT),
        (None, {"pay_type": "WECHAT", "respcd": "1143"}, Finding.OPEN),
        (None, {"pay_type": "899999", "syssn": "2"}, Finding.PAID),  # none that a source lists
        ("800101", {"pay_type": "WECHAT"}, Finding.PAID),
        ("800101", {}, Finding.PAID),
        (None, {}, Finding.PAID),
    ],
)
def test_a_row_without_a_pay_type_does_not_make_a_hold_a_charge(pay_type, cells, finding):
    row = {"out_trade_no": "A1", "syssn": "1", "respcd": "0000", "cancel": "0"} | cells
    order = Order("A1", 100, pay_type=pay_type)

    answer = of_query(Reply("query", "0000", {"respcd": "0000", "data": [row]}), order)

    assert answer.finding is finding
    assert (answer.note == REASONS["held or paid"]) is (finding is Finding.SILENT)


@pytest.mark.parametrize(
    ("told", "books", "syssn", "finding"),
    [
        ("801808", "800101", "1", Finding.SILENT),  # a hold is not charged by another pay type
        ("801808", "800101", None, Finding.PAID),  # it may be another payment under the number
        ("801808", "800101", "2", Finding.PAID),  # as this is one
        ("800101", "801808", "1", Finding.HELD),  # the caller is wrong about it
    ],
)
def test_a_hold_whose_row_names_another_pay_type_is_not_said_to_be_charged(
    told, books, syssn, finding
):
    row = {"out_trade_no": "A1", "syssn": "1", "respcd": "0000", "cancel": "0", "pay_type": books}
    order = Order("A1", 100, syssn=syssn and syssn * 26, pay_type=told)
    row["syssn"] *= 26
    known = Known(learned=("syssn",))

    answer = of_query(Reply("query", "0000", {"respcd": "0000", "data": [row]}), order, known)

    assert answer.finding is finding
    said = Text(
        "网关记录里这笔订单的 pay_type 是 800101，不是 801808",
        "the gateway has pay_type 800101 for this order, not 801808",
    )
    assert (answer.note == said) is (finding is Finding.SILENT)
    told_apart = [(each.field, each.books, each.order) for each in answer.differs]
    assert told_apart == ([("pay_type", books, told)] if finding is Finding.SILENT else [])


def test_a_refund_that_the_gateway_works_on_is_open_and_nothing_else_is_known_of_it():
    for respcd in ("1143", "1145", "2999"):  # 2999 is of refunds alone
        answer = judged(refund(respcd))
        assert (answer.finding, answer.note) == (Finding.OPEN, None)


def test_a_row_without_a_type_may_be_a_refunds_and_is_said_to_have_none():
    answer = judged({"out_trade_no": "R1", "syssn": REFUND, "respcd": "0000"})

    assert answer.finding is Finding.SILENT
    assert answer.note is not None
    assert answer.note.en == "a row has order_type -, which no source lists"


def test_of_the_largest_page_no_larger_one_is_asked_for():
    rows = [hold(syssn=f"{PAYMENT[:-3]}{n:03}", respcd="1143") for n in range(LARGEST_PAGE)]
    order, asked = Order("A1", 2500), {}
    for known in (Known(), Known(wide=True)):
        for number in (9, 10, 20, LARGEST_PAGE):
            answer = judged(*rows[:number], order=order, known=known)
            assert answer.finding is Finding.OPEN
            asked[known.wide, number] = answer.ask_next

    narrow, wide = list(asked.values())[:4], list(asked.values())[4:]
    assert narrow == ["", "wide", "wide", "wide"]
    assert wide == ["", "wide", "", "wide"]  # ten may be all that a gateway shows


def test_a_reason_is_in_both_languages_whatever_the_language_in_use():
    use_language("zh")

    assert filled("merchants", mchids="M1, M2") == Text(
        "返回的行属于几个商户（mchid M1, M2）：请给出订单的 mchid",
        "the rows are of several merchants (mchid M1, M2): give the order's mchid",
    )
