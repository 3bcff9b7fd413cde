"""What an answer means: money, asking again, charging again, and the next command."""

import ast
import json
import re
from dataclasses import astuple
from pathlib import Path

import pytest

from qftools import catalogue, diagnosis, explain
from qftools.catalogue.rows import CALL_ENDPOINTS
from qftools.diagnosis.reading.sentences import sentences
from qftools.diagnosis.report import CHARGE, LABELS
from qftools.exchange import Exchange, Request, Response

SYSSN = "20261126154100020004417723"
ORIGINAL = "20261126154100020004417700"


def answer_to(endpoint, body):
    sent = Request("POST", f"https://openapi-hk.qfapi.com/trade/v1/{endpoint}", (), b"syssn=1")
    response = Response(200, (), json.dumps(body).encode())
    return explain(Exchange(endpoint, sent, response, None, 0.0, 0.0))


def read(body):
    """The findings about an answer alone, in their order."""
    return [found for found in explain(json.dumps(body)).findings if found.meaning is not None]


# ---- codes ------------------------------------------------------------------------------


@pytest.mark.parametrize("code", catalogue.codes())
@pytest.mark.parametrize("endpoint", CALL_ENDPOINTS)
def test_no_code_alone_allows_a_new_charge(code, endpoint):
    """Only the row of a query proves that an order is dead. A refused request placed none."""
    for found in answer_to(endpoint, {"respcd": code}).findings:
        if found.meaning:
            assert found.meaning.charge_again != "new-number"
            if found.meaning.charge_again == "mend":
                assert endpoint == "payment"
                assert catalogue.codes()[code].on(endpoint).money_moved == "no"


def test_a_notification_alone_allows_no_new_charge():
    told = {"notify_type": "payment", "respcd": "1142", "cancel": "2", "syssn": SYSSN}

    (found,) = read(told)

    assert found.meaning and found.meaning.charge_again == "query"


NEW_CHARGE = re.compile(
    r"(?i)(?:charge|pay) (?:it |them )?(?:again|once more|a second time|under)"
    r"|(?:take|use) a new (?:number|out_trade_no)|(?:retry|repeat) the (?:payment|charge)"
    r"|another way to pay|under another number|try again, under"
    r"|再次?(?:收款|下单|扣款|付款|付一次|收一次)|重新(?:收款|下单|支付|付款|扣款)"
    r"|换(?:一个)?(?:新|号|订单)|换一种支付方式|新的? ?(?:订单号|单号)"
)
PROVED_FIRST = re.compile(
    r"(?i)quer(?:y|ied)|prove[sdn]?\b|do not|don't|never|can't|查询|证实|不要|绝不|不能|不得"
)
BOUND_TO_IT = re.compile(r"(?i)only (?:once|when)|without a query|before (?:a query|that)|才|之前")
"""After the new charge, in its sentence: what makes the charge wait for the proof."""


def advised_too_early(text):
    """The first new charge that a text advises before it has asked for the proof."""
    for found in NEW_CHARGE.finditer(text):
        rest = re.split(r"[.。\n]", text[found.end() :])[0]
        if not (PROVED_FIRST.search(text[: found.start()]) or BOUND_TO_IT.search(rest)):
            return found[0]
    return None


def texts_of_the_tables():
    folder = Path(catalogue.__file__).parent.parent
    for name in ("catalogue/codes.json", "catalogue/code_templates.json"):
        for row in json.loads((folder / name).read_text("utf-8")):
            for one in (row, *row.get("at", {}).values()):
                yield from one.get("advice", {}).values()
    for row in json.loads((folder / "sandbox/report/report.json").read_text("utf-8")):
        yield from row["advice"].values()


def texts_of_the_diagnosis():
    folder = Path(diagnosis.__file__).parent
    of_a_proved_row = {*astuple(LABELS["charge"]), *astuple(CHARGE["new-number"])}
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield "" if node.value in of_a_proved_row else node.value


def texts_of_the_pages():
    """The lines of the site that say what to do, but for those about a proved state."""
    docs = Path(catalogue.__file__).parent.parent.parent / "docs"
    spared = (
        *("**Cancelled, expired or failed**", "**已撤销、过期或失败**", "stays so.**"),
        *("不会再变。**", "whether you may"),
    )
    for file in docs.glob("*/**/*.md"):
        if {"understand", "endpoints", "troubleshooting.md", "codes.md"} & set(file.parts):
            for line in file.read_text("utf-8").splitlines():
                yield "" if any(word in line for word in spared) else line


@pytest.mark.parametrize("texts", [texts_of_the_tables, texts_of_the_diagnosis, texts_of_the_pages])
def test_no_text_advises_a_new_charge_before_a_proof(texts):
    told = [text for text in texts() if NEW_CHARGE.search(text)]

    assert told
    assert {text: early for text in told if (early := advised_too_early(text))} == {}


@pytest.mark.parametrize(
    "planted",
    [
        "No money moved. Charge again under a new number, then query.",
        "Ask the payer for another way to pay; a query can follow.",
        "Take a new number, and look at the old one later.",
        "没有扣款。换新订单号重新收款，然后查询。",
        "请顾客再付一次，稍后再查询。",
        "请顾客换一种支付方式。查询可以以后再做。",
    ],
)
def test_a_planted_advice_to_charge_first_is_noticed(planted):
    assert advised_too_early(planted)


@pytest.mark.parametrize("code", catalogue.codes())
def test_a_code_alone_has_every_reading_that_it_has_and_no_other(code):
    row = catalogue.codes()[code]

    found = [f for f in explain(code).findings if f.meaning is not None]

    where = CALL_ENDPOINTS if "*" in row.endpoints else row.endpoints
    meanings = {row.on(endpoint).meaning.en for endpoint in where}
    assert {one for one in meanings if any(one in f.what.en for f in found)} == meanings


def test_a_code_that_no_source_lists_is_unknown_and_charges_nobody():
    (found,) = [f for f in explain("9876").findings if f.meaning]

    assert found.id == "answer-unlisted" and found.meaning
    assert (found.meaning.money_moved, found.meaning.charge_again) == ("maybe", "query")


@pytest.mark.parametrize("written", [1145, "1145", " 1145 "])
def test_a_code_is_the_same_as_a_number_and_as_a_text(written):
    assert {f.meaning.respcd for f in read({"respcd": written, "syssn": SYSSN})} == {"1145"}


@pytest.mark.parametrize(
    ("pay_type", "says", "money", "charge"),
    [
        ("800208", "paid", "yes", "paid"),
        ("800201", "placed, not paid", "maybe", "placed"),
        ("899999", "CPM: paid. Other modes: the order is placed, not paid", "maybe", "placed"),
    ],
)
def test_0000_of_a_known_pay_type_says_what_holds_for_its_mode(pay_type, says, money, charge):
    found = read({"respcd": "0000", "pay_type": pay_type, "syssn": SYSSN})[0]

    assert found.what.en.endswith(f": {says}") and found.meaning
    assert (found.meaning.money_moved, found.meaning.charge_again) == (money, charge)


def test_a_short_form_names_each_finding_once():
    assert repr(explain(1145)).endswith(": answer-progress x4)")


def test_a_number_that_lost_its_zeros_is_0000():
    assert read({"respcd": 0, "orig_syssn": ORIGINAL})[0].meaning.respcd == "0000"


# ---- which call, which order -----------------------------------------------------------------


def test_an_answer_that_names_an_original_is_of_a_cancel_or_a_refund_and_asks_for_the_original():
    found = read({"respcd": "1145", "syssn": SYSSN, "orig_syssn": ORIGINAL})

    assert [f.meaning.endpoint for f in found] == ["reversal", "refund"]
    assert f"qftools query --syssn {ORIGINAL}" in found[0].commands
    assert f"qftools query --syssn {SYSSN}" in found[1].commands


@pytest.mark.parametrize(
    ("number", "typed"),
    [("A1", "A1"), ("7f3c--12--4", "7f3c--12--4"), ("A|1*", "'A|1*'"), ("A1; rm -rf /", "NUMBER"),
     ("-x", "NUMBER"), ("$(id)", "NUMBER")],
)  # fmt: skip
def test_a_number_goes_into_the_command_as_a_shell_takes_it_or_not_at_all(number, typed):
    found = read({"respcd": "1298", "out_trade_no": number})

    assert found[0].commands[0] == f"qftools query --out-trade-no {typed}"


# ---- rows and envelopes ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("respcd", "cancel", "state", "money", "charge"),
    [
        ("0000", "0", "paid", "yes", "paid"),
        ("0000", "3", "refunded", "returned", "new-number"),
        ("1143", "0", "open", "maybe", "query"),
        ("1142", "2", "cancelled", "no", "new-number"),
        ("1205", "0", "failed", "no", "new-number"),
        ("1181", "0", "expired", "no", "new-number"),
        ("0000", "9", "unclear", "maybe", "query"),
    ],
)
def test_the_row_of_a_query_is_told_apart_from_the_outer_code(respcd, cancel, state, money, charge):
    row = {"out_trade_no": "A1", "syssn": SYSSN, "respcd": respcd, "cancel": cancel}

    (found,) = read({"respcd": "0000", "resperr": "ok", "data": [row]})

    assert found.id == f"row-{state}"
    assert (found.meaning.money_moved, found.meaning.charge_again) == (money, charge)
    assert "outer 0000" in found.evidence.en


def test_the_outer_0000_of_a_query_without_a_row_is_not_called_paid():
    (found,) = [f for f in answer_to("query", {"respcd": "0000"}).findings if f.meaning]

    assert found.id == "answer-outer" and found.meaning.money_moved == "maybe"


@pytest.mark.parametrize(
    ("status", "money"), [("SUCCESS", "yes"), ("PENDING", "maybe"), ("FAILED", "maybe")]
)
def test_an_envelope_is_read_and_confirmed_by_a_query_of_its_number(status, money):
    (found,) = read({"respcd": "0000", "data": {"txstatus": status, "qf_trade_no": SYSSN}})

    assert found.id == "answer-status" and found.meaning.money_moved == money
    assert found.commands == (f"qftools query --syssn {SYSSN}",)


INNER = {"respcd": "1145", "syssn": SYSSN}


@pytest.mark.parametrize(
    "body",
    [
        {"respcd": "0000", "data": json.dumps([{**INNER, "cancel": "0"}])},
        {"respcd": "0000", "data": [json.dumps({**INNER, "cancel": "0"})]},
        {"respcd": "0000", "data": {**INNER, "cancel": "0"}},
    ],
    ids=["rows as text", "a row as text", "one row"],
)
def test_rows_are_found_however_they_were_written_again(body):
    (found,) = read(body)

    assert found.id == "row-open" and found.meaning.respcd == "1145"


@pytest.mark.parametrize(
    ("notify_type", "identifier", "money"),
    [("payment", "row-paid", "yes"), ("refund", "answer-success", "no")],
)
def test_a_notification_tells_of_its_own_order_and_is_confirmed_by_a_query(
    notify_type, identifier, money
):
    told = {"status": "1", "respcd": "0000", "cancel": "0", "syssn": SYSSN, "out_trade_no": "A1"}

    (found,) = read({**told, "notify_type": notify_type})

    assert (found.id, found.meaning and found.meaning.money_moved) == (identifier, money)
    assert found.commands == (f"qftools query --syssn {SYSSN}",)


@pytest.mark.parametrize(
    ("sent", "endpoints"),
    [
        ({"pay_type": "800101", "txamt": "1", "txcurrcd": "HKD"}, ["payment"]),
        ({"syssn": SYSSN}, ["query"]),
        ({"syssn": SYSSN, "txamt": "1", "txdtm": "t"}, ["reversal", "refund"]),
    ],
)
def test_the_fields_that_were_sent_tell_which_call_an_answer_is_of(sent, endpoints):
    body = "&".join(f"{name}={value}" for name, value in sent.items()).encode()
    response = Response(200, (), b'{"respcd": "1145"}')

    found = explain(Exchange("", Request("POST", "", (), body), response, None, 0.0, 0.0)).findings

    assert [f.meaning.endpoint for f in found if f.meaning] == endpoints


# ---- sentences -------------------------------------------------------------------------------

SAID = {
    "退款返回1269，怎么办？": [("refund", "1269")],
    "接口返回 1145 是什么意思": [("", "1145")],
    "客人付款时提示1205": [("payment", "1205")],
    "撤销后查询返回1143": [("query", "1143")],
    "退款錯誤碼：1272": [("refund", "1272")],
    "QFPayError: [1260] already paid": [("", "1260")],
    'File "pay.py", line 1145, in pay\nGatewayError: 1263': [("", "1263")],
    "com.qf.PayException: respcd=1101, respmsg=null\n\tat com.qf.Pay.pay(Pay.java:1145)": [
        ("", "1101")
    ],
    "POST https://h/trade/v1/refund -> 200 respcd:1265": [("refund", "1265")],
    "The query says 1143 or 1145 for hours": [("query", "1143"), ("query", "1145")],
    "该订单已支付，请确认交易结果后再操作": [("", "1260")],
    "付款返回9999": [("payment", "9999")],
    "Room 1205 has 1143 seats.": [],
    "我们2011年开通的支付，金额1205元": [],
    "支付 txamt=1145": [],
    "the payment of 12:1145 on 2026-1143": [],
    "order 1145 paid HKD 1201": [],
}


@pytest.mark.parametrize("words", SAID)
def test_a_code_in_a_sentence_is_found_with_its_call_and_other_numbers_are_not(words):
    found = [
        (paste.endpoint, json.loads(paste.response.body)["respcd"])
        for paste in sentences(words)
        if paste.response
    ]

    assert found == SAID[words]


def test_a_sentence_gives_the_number_of_its_order_to_the_command():
    (found,) = [f for f in explain("订单 BAO20261126A17 查询一直返回 1143").findings if f.meaning]

    assert found.commands[0] == "qftools query --out-trade-no BAO20261126A17"


# ---- how it is said --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "questions"),
    [
        ("en", ("did money move: ", "may I ask again: ", "may I charge again: ", "run next: ")),
        ("zh", ("钱动了吗：", "能再发一次吗：", "能再收款吗：", "接着运行：")),
    ],
)
def test_the_four_questions_are_answered_in_this_order(language, questions):
    said = explain("1298").say(language)

    assert sorted(questions, key=said.index) == list(questions)


def test_several_readings_of_a_code_say_once_what_they_share():
    said = explain("1145").say("en")

    assert said.count("In older documents") == said.count("source of the rule") == 1
