"""What one reply tells: the row of a query decides, a cancel's reply only claims."""

import pytest

from qftools import locale
from qftools.cancellation.evidence import of_query
from qftools.cancellation.findings import (
    UNSIGNED,
    Answer,
    Difference,
    Finding,
    of_cancel,
    of_error,
    of_refund,
    unsigned,
)
from qftools.catalogue import Text
from qftools.errors import RateLimitError, SignatureError, TransportError
from qftools.models import Order, Reply, Transaction

ORDER = Order("A1", 2500, "2026-01-05 10:00:00", syssn="2026010500010002000000001")
ROW = {
    "out_trade_no": "A1",
    "syssn": "2026010500010002000000001",
    "order_type": "payment",
    "pay_type": "800101",
    "txamt": "2500",
    "txcurrcd": "HKD",
    "cancel": "0",
    "respcd": "1143",
}


def queried(*rows, respcd="0000"):
    return of_query(Reply("query", respcd, {"respcd": respcd, "data": list(rows)}), ORDER)


@pytest.mark.parametrize(
    ("changes", "finding"),
    [
        ({"respcd": "0000"}, Finding.PAID),
        ({"respcd": "0000", "cancel": "5"}, Finding.PAID),
        ({"respcd": "0000", "cancel": "3"}, Finding.REFUNDED),
        ({"respcd": "1143"}, Finding.OPEN),
        ({"respcd": "1145"}, Finding.OPEN),
        ({"respcd": "1298"}, Finding.OPEN),
        ({"respcd": "1142", "cancel": "2"}, Finding.CANCELLED),
        ({"respcd": "1263", "cancel": "1"}, Finding.CANCELLED),
        ({"respcd": "1181"}, Finding.CANCELLED),
        ({"respcd": "1201"}, Finding.FAILED),
        ({"respcd": "4711"}, Finding.OPEN),
    ],
)
def test_the_row_decides_and_not_the_reply(changes, finding):
    answer = queried(ROW | changes)

    assert answer.finding is finding
    assert answer.respcd == changes["respcd"]


def test_an_answer_without_rows_says_that_there_is_no_such_order():
    assert queried().finding is Finding.ABSENT


@pytest.mark.parametrize("data", [None, "", {"rows": []}, 0])
def test_an_answer_whose_rows_are_missing_or_no_list_says_nothing(data):
    body = {"respcd": "0000"} if data is None else {"respcd": "0000", "data": data}

    assert of_query(Reply("query", "0000", body), ORDER).finding is Finding.SILENT


def test_a_row_about_another_order_says_nothing():
    assert queried(ROW | {"out_trade_no": "A2"}).finding is Finding.SILENT
    assert queried(ROW | {"syssn": "1"}, ROW | {"respcd": "0000"}).finding is Finding.PAID


def test_a_number_that_names_a_refund_is_not_cancelled():
    assert queried(ROW | {"order_type": "refund", "respcd": "0000"}).finding is Finding.DENIED


@pytest.mark.parametrize("changes", [{"txamt": "2501"}, {"txcurrcd": "USD"}])
def test_an_open_order_that_differs_from_what_the_caller_believes_is_left_alone(changes):
    order = Order("A1", 2500, "2026-01-05 10:00:00", txcurrcd="HKD")
    reply = Reply("query", "0000", {"respcd": "0000", "data": [ROW | changes]})

    answer = of_query(reply, order)

    assert answer.finding is Finding.SILENT
    assert answer.note is not None and next(iter(changes)) in answer.note.en


@pytest.mark.parametrize(
    ("respcd", "finding"),
    [
        ("1136", Finding.ABSENT),
        ("1108", Finding.DENIED),
        ("1104", Finding.DENIED),
        ("1100", Finding.SILENT),
        ("1254", Finding.SILENT),
        ("9999", Finding.SILENT),
        ("1143", Finding.SILENT),
    ],
)
def test_a_query_that_was_not_answered_tells_nothing_about_the_order(respcd, finding):
    assert queried(respcd=respcd).finding is finding


@pytest.mark.parametrize(
    ("respcd", "finding", "refused", "pending"),
    [
        ("0000", Finding.CANCELLED, False, False),
        ("1143", Finding.OPEN, False, True),
        ("1145", Finding.OPEN, False, True),
        ("1260", Finding.PAID, False, False),
        ("1262", Finding.REFUNDED, False, False),
        ("1263", Finding.CANCELLED, False, False),
        ("1264", Finding.CANCELLED, False, False),
        ("1181", Finding.CANCELLED, False, False),
        ("1136", Finding.ABSENT, False, False),
        ("1150", Finding.OPEN, True, False),
        ("1297", Finding.OPEN, True, False),
        ("1266", Finding.OPEN, True, False),
        ("1108", Finding.DENIED, False, False),
        ("1101", Finding.SILENT, False, False),
        ("9999", Finding.SILENT, False, False),
    ],
)
def test_what_the_reply_to_a_cancel_claims(respcd, finding, refused, pending):
    answer = of_cancel(Reply("reversal", respcd, {"respcd": respcd}))

    assert (answer.finding, answer.refused, answer.pending) == (finding, refused, pending)


def test_no_usable_reply_is_silence_and_nothing_more():
    limited = RateLimitError("HTTP 429")
    limited.retry_after = 7.0

    assert of_error(TransportError("no reply")).finding is Finding.SILENT
    assert of_error(SignatureError("wrong")).finding is Finding.SILENT
    assert of_error(limited).wait == 7.0


def test_silence_says_why_in_both_languages_and_knows_no_code():
    error = TransportError("HTTP {status} is not the gateway's answer", status=502)

    assert of_error(error) == Answer(Finding.SILENT, note=Text(error.say("zh"), error.say("en")))
    assert of_error(RateLimitError("HTTP 429")).wait == 0.0
    for language in ("zh", "en"):
        locale.use_language(language)
        assert of_error(error).note == Text(error.say("zh"), error.say("en"))


CODES_OF_A_REFUSAL = [
    "1260",
    "1125",
    "1262",
    "1142",
    "1263",
    "1136",
    "1268",
    "1108",
    "1297",
    "9999",
]


@pytest.mark.parametrize("respcd", CODES_OF_A_REFUSAL)
def test_a_cancel_that_is_refused_keeps_the_code_and_the_gateways_own_words(respcd):
    said = {"respcd": respcd, "respmsg": "", "resperr": "not this one"}

    answer = of_cancel(Reply("reversal", respcd, said, signed=True))

    assert answer.respcd == respcd
    assert answer.note == Text("not this one", "not this one")
    assert answer.signed


@pytest.mark.parametrize("respcd", ["0000", "1143", "1145"])
def test_a_cancel_that_is_accepted_has_its_code_and_needs_no_words(respcd):
    answer = of_cancel(Reply("close", respcd, {"respcd": respcd, "resperr": "done"}, signed=True))

    assert (answer.respcd, answer.note, answer.signed) == (respcd, None, True)


@pytest.mark.parametrize(
    ("respcd", "finding"),
    [
        ("1125", Finding.REFUNDED),
        ("1142", Finding.CANCELLED),
        ("1268", Finding.ABSENT),
    ],
)
def test_a_refusal_that_names_the_orders_state_claims_that_state(respcd, finding):
    answer = of_cancel(Reply("close", respcd, {"respcd": respcd}))

    assert (answer.finding, answer.refused, answer.pending) == (finding, False, False)


@pytest.mark.parametrize("respcd", ["0000", "1145", "1260", "1297"])
def test_once_the_gateway_signs_an_unsigned_reply_to_a_cancel_claims_nothing(respcd):
    reply = Reply("reversal", respcd, {"respcd": respcd})

    assert of_cancel(reply, signed=True) == Answer(Finding.SILENT, respcd, note=UNSIGNED)
    assert of_cancel(reply, signed=True) == unsigned(reply)
    assert UNSIGNED.en.startswith("the answer is not signed, but this gateway")
    assert "不可信" in UNSIGNED.zh
    assert of_cancel(reply).finding is not Finding.SILENT


def test_an_answer_that_says_nothing_more_has_no_wait_no_age_and_no_claim():
    answer = Answer(Finding.OPEN).bounded()

    assert (answer.respcd, answer.row, answer.note) == (None, None, None)
    assert (answer.wait, answer.age) == (0.0, 0.0)
    assert [answer.refused, answer.pending, answer.signed] == [False, False, False]
    assert (answer.differs, answer.open, answer.dead, answer.ask_next) == ((), (), (), "")
    assert answer.rows == 0
    assert answer == Answer(Finding.OPEN)


def test_journals_and_plain_data_know_a_finding_by_the_name_it_has_here():
    # A journal that an older version wrote is read by these.
    names = [
        *("PAID", "OPEN", "HELD", "RELEASED", "CANCELLED"),
        *("REFUNDED", "FAILED", "ABSENT", "DENIED", "SILENT"),
    ]

    assert [Answer(finding).bounded().finding.value for finding in Finding] == names
    assert [finding.name for finding in Finding] == names


# ---- what is too long to be kept ------------------------------------------------


def kept(row):
    return Answer(Finding.OPEN, row=Transaction(row)).bounded().row


LONG, CUT_SHORT = "x" * 1025, "x" * 1024 + "[cut]"
ALMOST = "x" * 1024


def test_what_is_too_long_in_an_answer_is_cut_and_what_is_not_stays_as_it_was():
    fields = {
        "goods_name": LONG,
        LONG: 7,
        "short": ALMOST,
        "none": None,
        "list": [1],
        "many": [LONG],
    }
    whole = Answer(
        Finding.SILENT,
        LONG,
        Transaction(fields),
        note=Text("长" * 1025, LONG),
        differs=(Difference("txamt", LONG, "2500"), Difference("txcurrcd", "JPY", ALMOST)),
        wait=3.0,
        open=("1",),
    )

    assert whole.bounded() == Answer(
        Finding.SILENT,
        CUT_SHORT,
        Transaction(
            {
                "goods_name": CUT_SHORT,
                CUT_SHORT: 7,
                "short": ALMOST,
                "none": None,
                "list": [1],
                "many": str([LONG])[:1024] + "[cut]",
            }
        ),
        note=Text("长" * 1024 + "[cut]", CUT_SHORT),
        differs=(Difference("txamt", CUT_SHORT, "2500"), Difference("txcurrcd", "JPY", ALMOST)),
        wait=3.0,
        open=("1",),
    )
    assert kept({"txamt": 10**1024}).txamt == "1" + "0" * 1023 + "[cut]"
    assert kept({"deep": {"deeper": LONG}}).deep.endswith("x[cut]")


def test_no_more_than_a_hundred_fields_of_a_row_are_kept():
    fields = {f"field{n}": n for n in range(150)}

    assert list(kept(fields).row) == [f"field{n}" for n in range(100)]


# ---- the reply to a refund ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("respcd", "finding", "refused"),
    [
        ("0000", Finding.REFUNDED, False),
        ("1143", Finding.OPEN, False),
        ("1145", Finding.OPEN, False),
        ("1269", Finding.FAILED, True),
        ("1124", Finding.FAILED, True),
        ("1103", Finding.DENIED, False),
        ("1108", Finding.DENIED, False),
        *((used, Finding.SILENT, False) for used in ("1251", "1102", "2011")),
        *((no_such, Finding.SILENT, False) for no_such in ("1136", "1268")),
        ("1100", Finding.SILENT, False),
        ("7777", Finding.SILENT, False),
    ],
)
def test_a_reply_to_a_refund_claims_what_its_code_says_of_this_refund(respcd, finding, refused):
    reply = Reply("refund", respcd, {"respcd": respcd}, signed=True)

    for signs in (False, True):
        answer = of_refund(reply, signed=signs)
        assert (answer.finding, answer.refused, answer.void) == (finding, refused, False)
        assert answer.pending is (finding is Finding.OPEN) and answer.signed
    unsigned_one = Reply("refund", respcd, {"respcd": respcd})
    assert of_refund(unsigned_one, signed=True) == unsigned(unsigned_one)
    assert of_refund(unsigned_one).finding is finding


@pytest.mark.parametrize(
    ("status", "finding"),
    [("SUCCESS", Finding.REFUNDED), ("PENDING", Finding.OPEN), ("FAILED", Finding.SILENT)],
)
def test_a_reply_that_says_two_things_refuses_no_refund(status, finding):
    answer = of_refund(Reply("refund", "0000", {"data": {"txstatus": status}}))

    assert (answer.finding, answer.refused) == (finding, False)


def test_a_refund_is_a_void_where_the_gateway_calls_it_so():
    assert of_refund(Reply("refund", "0000", {"respmsg": "Void received"})).void is True
    assert Answer(Finding.PAID).void is False
    assert of_cancel(Reply("reversal", "0000", {})).void is False


def test_the_reply_to_a_release_claims_that_and_no_cancel():
    assert of_cancel(Reply("unfreeze", "0000", {})).finding is Finding.RELEASED
    assert of_cancel(Reply("reversal", "0000", {})).finding is Finding.CANCELLED
    assert not of_cancel(Reply("unfreeze", "0000", {})).refused
