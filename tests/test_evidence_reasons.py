"""What an answer to a query says besides its finding: why, of which rows, and what to ask next."""

import pytest

from qftools.cancellation.evidence import (
    REASONS,
    WORDS,
    Known,
    filled,
    more_telling,
    of_query,
    read_row,
)
from qftools.cancellation.findings import Answer, Difference, Finding
from qftools.exchange import Exchange, Request
from qftools.exchange.redaction import redacted
from qftools.models import Order, Reply, Transaction

ONE, TWO, THREE = (f"2026010515410002000000000{n}" for n in (1, 2, 3))
ORDER = Order("A1", 2500, "2026-01-05 10:00:00", txcurrcd="HKD")
NAMED = Order("A1", 2500, "2026-01-05 10:00:00", syssn=ONE)
PAYMENT = {"order_type": "payment", "out_trade_no": "A1", "txamt": "2500", "txcurrcd": "HKD"}


def row(respcd, syssn=ONE, **changes):
    return {**PAYMENT, "syssn": syssn, "respcd": respcd, "cancel": "0", **changes}


PAID, OPEN, CLOSED = row("0000"), row("1143"), row("1142", cancel="2")


def again(payment, syssn=TWO, **changes):
    return {**payment, "syssn": syssn, **changes}


def judged(*rows, order=ORDER, known=None, **body):
    return answered("0000", {"data": list(rows), **body}, order, known)


def answered(respcd, body, order=ORDER, known=None, signed=False):
    return of_query(Reply("query", respcd, body, signed), order, known or Known())


def many(number, respcd="1142"):
    return [row(respcd, str(20260105154100020000000000 + n)) for n in range(number)]


# ---- why it was read so ------------------------------------------------

STRANGER = row("0000", TWO, out_trade_no="B7")
REFUND = row("0000", TWO, order_type="refund", txamt="100")
CLOSE = row("0000", TWO, order_type="close")

WHY = {
    "nothing there": ([], ORDER, "the gateway has no such order", "elsewhere"),
    "others": ([STRANGER], ORDER, "the rows are about other orders", "others"),
    "null": ([None], ORDER, "a row is not an object", ""),
    "unnamed": ([{"respcd": "0000"}], ORDER, "a row names no order", ""),
    "unknown type": (
        [row("0000", order_type="transfer")],
        ORDER,
        "a row has order_type transfer, which no source lists",
        "",
    ),
    "a close": ([CLOSE], ORDER, "the number names a close, not a payment", "elsewhere"),
    "a refund": ([REFUND], ORDER, "the number names a refund, not a payment", ""),
    "an odd code": (
        [row("1136")],
        ORDER,
        "a row has respcd 1136 and cancel 0, which is not a result of a payment",
        "",
    ),
    "no code, an odd flag": (
        [row(None, cancel="9")],
        ORDER,
        "a row has respcd - and cancel 9, which is not a result of a payment",
        "",
    ),
    "an amount": (
        [row("0000", txamt="1")],
        ORDER,
        "the gateway has txamt 1 for this order, not 2500",
        "",
    ),
    "twice": (
        [PAID, CLOSED],
        ORDER,
        f"two rows of the same syssn {ONE} contradict each other",
        "",
    ),
    "full": (many(10), ORDER, "the page of the answer is full: there may be more rows", "wide"),
    "can't be named": (
        [row("1143", ""), again(CLOSED)],
        ORDER,
        "the open row has no usable syssn, and the number has other rows",
        "",
    ),
    "another is paid": (
        [CLOSED, again(PAID)],
        NAMED,
        f"the out_trade_no has another payment {TWO}, which is paid",
        "",
    ),
    "another is open": (
        [CLOSED, again(OPEN)],
        NAMED,
        f"the out_trade_no has another payment {TWO}, which is open",
        "",
    ),
    "another is over, for other money": (
        [CLOSED, again(CLOSED, txamt="1")],
        NAMED,
        "the gateway has txamt 1 for this order, not 2500",
        "",
    ),
    "another is unclear": (
        [CLOSED, again(OPEN, respcd="1136")],
        NAMED,
        f"the out_trade_no has another payment {TWO}, which is unclear",
        "",
    ),
    "another is of a type that is unknown": (
        [CLOSED, row("1143", TWO, order_type=7)],
        NAMED,
        "a row has order_type 7, which no source lists",
        "",
    ),
    "another is paid and of a type that is unknown": (
        [OPEN, row("0000", TWO, order_type=7)],
        NAMED,
        "a row has order_type 7, which no source lists",
        "",
    ),
    "another is over": ([again(CLOSED)], NAMED, "the rows are about other orders", "others"),
}


@pytest.mark.parametrize(("rows", "order", "why", "ask_next"), WHY.values(), ids=WHY)
def test_an_answer_that_proves_nothing_says_why_and_what_to_ask_next(rows, order, why, ask_next):
    answer = judged(*rows, order=order)

    assert answer.note.en == why
    assert answer.ask_next == ask_next
    assert answer.respcd == "0000"
    assert answer.row is None or answer.finding is Finding.DENIED


def test_a_reason_is_told_in_chinese_with_the_same_values():
    note = judged(row("0000", txamt="1")).note
    assert note.zh == "网关记录里这笔订单的 txamt 是 1，不是 2500"
    assert judged(CLOSED, again(PAID), order=NAMED).note.zh.endswith(f"{TWO}，状态是 已支付")
    for text in [*REASONS.values(), *WORDS.values()]:
        assert text.en.isascii()
        assert any("\u4e00" <= letter <= "\u9fff" for letter in text.zh)


def test_a_value_in_a_reason_is_cut_to_a_readable_length():
    assert filled("another kind", value="x" * 64).en.split()[4] == "x" * 64 + ","
    assert filled("another kind", value="x" * 65).en.split()[4] == "x" * 64 + "…,"
    assert filled("another kind", value="").zh == "这个号码是 -，不是付款"


@pytest.mark.parametrize("data", [None, "rows", {"0": PAID}])
def test_an_answer_without_a_list_of_rows_says_so(data):
    answer = answered("0000", {"data": data}, signed=True)

    assert answer == Answer(Finding.SILENT, "0000", note=REASONS["no list"], signed=True)
    assert answer.note.en == "the answer has no list of rows"


@pytest.mark.parametrize(
    ("respcd", "finding", "ask_next"),
    [
        ("1136", Finding.ABSENT, "elsewhere"),
        ("1268", Finding.ABSENT, "elsewhere"),
        ("1108", Finding.DENIED, ""),
        ("1145", Finding.SILENT, ""),
    ],
)
def test_a_query_that_was_refused_has_its_code_and_the_gateways_words(respcd, finding, ask_next):
    answer = answered(respcd, {"resperr": "so it is"}, signed=True)

    assert (answer.finding, answer.respcd, answer.ask_next) == (finding, respcd, ask_next)
    assert answer.note.en == "so it is"
    assert answer.signed


def test_what_is_proved_rests_on_its_row_and_needs_no_reason():
    answer = answered("0000", {"data": [again(CLOSED), PAID]}, signed=True)

    assert answer == Answer(
        Finding.PAID, "0000", answer.row, signed=True, rows=2, dead=(TWO,), ask_next=""
    )
    assert answer.row.row == PAID
    assert judged(CLOSED).respcd == "1142"
    assert judged(CLOSED).row.row == CLOSED


def test_a_number_that_names_a_refund_is_told_with_its_row():
    answer = judged(CLOSE, REFUND)
    assert answer.finding is Finding.SILENT
    assert judged(STRANGER, REFUND).finding is Finding.DENIED
    assert judged(STRANGER, REFUND).row.row == REFUND


# ---- an open order of which more is known, or less ------------------------


@pytest.mark.parametrize("respcd", ["1143", "1145"])
def test_an_order_in_progress_is_open_without_a_doubt(respcd):
    assert judged(row(respcd)).note is None
    assert judged(row(respcd), again(OPEN)).note is None


@pytest.mark.parametrize("respcd", ["1298", "4711"])
def test_an_open_order_whose_code_tells_no_result_says_so(respcd):
    answer = judged(row(respcd))

    assert answer.finding is Finding.OPEN
    shown = "does not show whether the payment went through"
    assert answer.note.en == f"a row has respcd {respcd}, which {shown}"


@pytest.mark.parametrize(
    ("beside", "why"),
    [
        (None, "a row is not an object"),
        (row("0000", TWO, cancel="9"), "a row has respcd 0000 and cancel 9, "),
        (row("1143", TWO, txamt="7"), "the gateway has txamt 7 for this order, not 2500"),
    ],
)
def test_an_open_order_says_what_else_in_the_answer_may_be_a_payment_of_it(beside, why):
    answer = judged(OPEN, beside)

    assert answer.finding is Finding.OPEN
    assert answer.row.row == OPEN
    assert answer.note.en.startswith(why)


def test_an_open_payment_beside_the_one_that_was_named_raises_no_doubt_of_it():
    assert judged(OPEN, again(OPEN), order=NAMED).note is None


def test_a_paid_order_names_the_first_of_its_payments_that_is_still_open():
    answer = judged(PAID, again(OPEN), again(OPEN, THREE))

    assert answer.note.en == f"the out_trade_no has another payment {TWO}, which is open"
    assert (answer.open, answer.dead, answer.rows) == ((TWO, THREE), (), 3)


def test_a_payment_seen_paid_beside_the_named_one_is_missed_where_a_later_answer_lacks_it():
    first = judged(CLOSED, again(PAID), order=NAMED)

    later = judged(CLOSED, order=NAMED, known=Known(live=first.open))

    assert first.open == (TWO,)
    assert (later.finding, later.ask_next) == (Finding.SILENT, "elsewhere")


@pytest.mark.parametrize("respcd", ["1136", "7777"])
def test_the_rows_beside_a_refusal_tell_what_is_alive_and_that_nothing_is_over(respcd):
    answer = answered(respcd, {"data": [CLOSED, again(PAID)]}, order=NAMED)

    assert answer.finding is Finding.SILENT
    assert (answer.open, answer.dead, answer.rows) == ((TWO,), (), 2)


def test_an_open_payment_is_cancelled_without_a_usable_syssn_only_if_it_is_alone():
    for nameless in ("", "an odd one!"):
        assert judged(row("1143", nameless)).finding is Finding.OPEN
        assert judged(row("1143", nameless), None).note == REASONS["cannot name"]
        assert judged(row("1143", nameless), again(CLOSED)).note == REASONS["cannot name"]
        assert judged(row("1143", nameless), STRANGER).finding is Finding.OPEN


def test_before_any_answer_nothing_is_known():
    known = Known()

    assert judged(CLOSED, known=known).finding is Finding.CANCELLED
    assert known == Known((), (), (), several=False, found=False, signed=False, wide=False)


def test_a_row_that_passes_every_rule_is_a_payment_with_nothing_to_say_against_it():
    assert tuple(read_row(PAID, ORDER, Known())) == (Transaction(PAID), "paid", None, (), False)


# ---- which rows it names ------------------------------------------------


def test_rows_are_counted_that_name_the_order_by_either_number():
    by_its_own = {"syssn": ONE, "respcd": "1142"}

    assert judged(OPEN, again(CLOSED), STRANGER, None).rows == 2
    assert judged(by_its_own, order=NAMED).rows == 1
    assert judged(by_its_own).rows == 0
    assert judged({"respcd": "1142", "out_trade_no": ""}, order=Order(None, syssn=ONE)).rows == 0
    assert judged(REFUND).rows == 1


def test_payments_are_told_by_each_number_that_can_be_sent_back_once():
    rows = [OPEN, OPEN, again(OPEN, "an odd one!"), again(CLOSED), row("0000", THREE, cancel="3")]

    answer = judged(*rows)

    assert (answer.open, answer.dead) == ((ONE,), (TWO, THREE))
    assert judged(row("1201", THREE), again(CLOSED), PAID).dead == (THREE, TWO)
    assert judged(OPEN, again(CLOSED), order=NAMED).dead == (TWO,)
    assert judged(None).open == judged(None).dead == ()


def test_a_payment_seen_open_is_missing_unless_a_row_may_be_it():
    live = Known(live=(TWO,))

    missing = judged(CLOSED, known=live)
    assert missing.note.en == (
        f"the payment {TWO}, which an earlier answer had, is not in this answer"
    )
    assert judged(CLOSED, again(CLOSED), known=live).finding is Finding.CANCELLED
    assert judged(CLOSED, {**CLOSED, "syssn": ""}, known=live).finding is Finding.CANCELLED
    both = judged(again(CLOSED), known=Known(live=(TWO, THREE)))
    assert (both.finding, both.ask_next) == (Finding.SILENT, "elsewhere")
    assert THREE in both.note.en


# ---- whose rows they are ------------------------------------------------


def test_a_merchant_that_only_one_of_order_and_row_names_makes_no_difference():
    of_a_merchant = Order("A1", 2500, "2026-01-05 10:00:00", mchid="M1")

    assert judged({**PAID, "mchid": "M2"}).finding is Finding.PAID
    assert judged(PAID, order=of_a_merchant).finding is Finding.PAID
    assert judged({**PAID, "mchid": "M2"}, order=of_a_merchant).ask_next == "others"
    assert (
        judged({"mchid": "M1", "respcd": "0000"}, order=of_a_merchant).note == (REASONS["unnamed"])
    )


def test_an_order_known_by_its_syssn_alone_is_not_that_of_a_row_with_another():
    by_syssn = Order(None, syssn=ONE)

    assert judged(PAID, order=by_syssn).finding is Finding.PAID
    assert judged(again(PAID), order=by_syssn).ask_next == "others"
    assert judged({"respcd": "0000", "syssn": TWO}, order=NAMED).ask_next == "others"


def test_refunds_and_closes_of_another_payment_under_the_number_are_left_out():
    for other in (CLOSE, REFUND):
        assert judged(CLOSED, other, order=NAMED).finding is Finding.CANCELLED
    assert judged(row("0000", order_type="unfreeze"), again(CLOSED)).finding is Finding.CANCELLED


def test_a_row_that_names_the_payment_it_gives_back_is_a_refund():
    refund = {**again(PAID), "order_type": "", "origssn": ONE}

    assert judged(CLOSED, refund).finding is Finding.CANCELLED
    assert judged(refund).note == filled("another kind", value="refund")
    assert judged({**refund, "order_type": "payment"}).finding is Finding.PAID
    assert judged({**refund, "order_type": "Refund"}).finding is Finding.DENIED


# ---- amounts and currencies ------------------------------------------------


def test_the_same_amount_however_many_zeros_are_before_it():
    assert judged({**PAID, "txamt": "0002500"}).finding is Finding.PAID
    assert judged({**PAID, "txamt": "25000"}).finding is Finding.SILENT
    assert judged({**PAID, "txamt": "000"}).differs == (Difference("txamt", "0", "2500"),)
    assert judged({**PAID, "txamt": "0.25"}).differs == (Difference("txamt", "0.25", "2500"),)


def test_nothing_contradicts_an_order_that_says_neither_amount_nor_currency():
    assert judged({**PAID, "txamt": "7", "txcurrcd": "JPY"}, order=Order("A1")).finding is (
        Finding.PAID
    )


@pytest.mark.parametrize("name", ["txamt", "txcurrcd"])
def test_what_the_books_told_before_is_not_held_against_them(name):
    odd = {**PAID, name: "7"}

    assert judged(odd, known=Known(learned=(name,))).finding is Finding.PAID
    assert judged(odd, known=Known(learned=("txdtm",))).finding is Finding.SILENT


def test_rows_without_a_syssn_do_not_contradict_each_other():
    assert judged({**PAID, "syssn": ""}, {**CLOSED, "syssn": ""}).finding is Finding.PAID


def test_a_row_that_contradicts_the_order_contradicts_its_twin_and_a_close_does_not():
    assert judged(PAID, row("0000", txamt="1")).finding is Finding.SILENT
    assert judged(PAID, row("0000", order_type="close")).finding is Finding.PAID
    assert judged(PAID, row("0000", cancel="9")).finding is Finding.PAID
    assert judged(row("0000", txamt="1"), PAID).note.en.startswith("the gateway has txamt 1 ")
    twice = judged(CLOSED, again(PAID), again(CLOSED))
    assert twice.finding is Finding.SILENT
    assert TWO in twice.note.en


# ---- is it all there is ------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "page_size", "wide", "full"),
    [
        (9, None, False, False),
        (9, "9", False, True),
        (9, 9, False, True),
        (9, "10", False, False),
        (10, "100", False, True),
        (11, None, False, True),
        (0, "0", False, False),
        (1, "1", False, True),
        (10, None, True, True),
        (11, None, True, False),
        (10, "100", True, False),
        (10, "10", True, True),
        (1, "1", True, True),
        (9, "9", True, True),
        (9, "10", True, False),
        (11, "11", True, True),
        (99, None, True, False),
        (100, None, True, True),
        (101, "200", True, True),
    ],
)
def test_a_page_is_full_by_its_own_size_or_by_the_one_that_counts_without(
    rows, page_size, wide, full
):
    answer = judged(*many(rows), known=Known(wide=wide), page_size=page_size)

    assert (answer.ask_next == "wide") is full
    assert (answer.finding is Finding.SILENT) is full


@pytest.mark.parametrize("wide", [False, True])
def test_an_open_payment_of_a_full_page_is_open_and_what_stands_behind_it_is_in_doubt(wide):
    rows = [*many(9), row("1143", "20260105154100020000000099")]
    doubted = judged(*rows, known=Known(wide=wide))
    alone = judged(*rows[1:], known=Known(wide=wide))

    assert (doubted.finding, doubted.ask_next) == (Finding.OPEN, "wide")
    assert doubted.note == REASONS["full page"]
    assert (alone.finding, alone.ask_next, alone.note) == (Finding.OPEN, "", None)


@pytest.mark.parametrize("one", [STRANGER, CLOSE])
def test_a_full_page_of_what_are_no_payments_is_no_answer_either(one):
    assert judged(*[one] * 10).ask_next == "wide"


def test_of_two_dead_answers_the_one_counts_that_says_more():
    cancelled, failed = Answer(Finding.CANCELLED), Answer(Finding.FAILED)
    refunded, silent = Answer(Finding.REFUNDED), Answer(Finding.SILENT)

    assert more_telling(None, failed) is failed
    assert more_telling(failed, cancelled) is more_telling(cancelled, failed) is cancelled
    assert more_telling(refunded, cancelled) is more_telling(cancelled, refunded) is refunded
    newer = Answer(Finding.CANCELLED, "1142")
    assert more_telling(cancelled, newer) is newer
    assert more_telling(None, silent) is silent


def test_an_order_that_expired_is_cancelled_and_says_by_which_row():
    both = judged(row("1201"), row("1181", TWO))

    assert (both.finding, both.row.syssn, both.respcd) == (Finding.CANCELLED, TWO, "1181")


# ---- how old the order is ------------------------------------------------


def aged(sysdtm, started=1_767_578_460.0):  # 2026-01-05 10:01:00 in Beijing
    request = Request("POST", "http://127.0.0.1/trade/v1/query", (), b"")
    exchange = Exchange("query", request, None, None, started, 0.1)
    body = {"data": [{**OPEN, "sysdtm": sysdtm}]}
    return of_query(Reply("query", "0000", body, exchange=redacted(exchange)), ORDER).age


def test_an_order_is_as_old_as_the_gateways_clock_says_in_beijing():
    assert aged("2026-01-05 10:00:00") == 60.0
    assert aged("2026-01-05 10:00:59.5") == 0.5


@pytest.mark.parametrize("sysdtm", [None, "", "never", 5, "2026-01-05 10:02:00", [1]])
def test_an_age_that_can_not_be_told_is_none_at_all(sysdtm):
    assert aged(sysdtm) == 0.0
    assert judged({**OPEN, "sysdtm": "2026-01-05 10:00:00"}).age == 0.0


@pytest.mark.parametrize("sysdtm", ["0001-01-01 00:00:00", "9999-12-31 23:59:59"])
def test_the_first_and_the_last_day_there_is_are_days(sysdtm):
    assert aged(sysdtm) >= 0.0
