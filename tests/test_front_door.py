"""The front door, as three users would guess before they read: shop, support, and notebook."""

from __future__ import annotations

import re
import urllib.request

import pytest
import requests

import qftools
from qftools import (
    Client,
    GatewayError,
    InputError,
    Order,
    cancel,
    explain,
    use_language,
    verify,
    verify_body,
)
from qftools.journal.journal import Journal
from qftools.signing import sign_text


@pytest.fixture
def chinese():
    use_language("zh")


def placed(client, **fields):
    return client.pay(**{"pay_type": "800101", "txamt": 2500, "txcurrcd": "HKD", **fields})


def paid(sandbox, client, **fields):
    order = placed(client, **fields)
    sandbox.payer(order).pay()
    return order


# ---- the shop: a number is enough --------------------------------------------------------------


@pytest.mark.parametrize("kind", ["out_trade_no", "syssn"])
def test_a_number_cancels_and_queries(sandbox, client, kind):
    order = placed(client, out_trade_no="A1")
    number = getattr(order, kind)

    assert client.query(number).transaction.out_trade_no == "A1"
    assert cancel(client, number).verdict == "CANCELLED"
    assert sandbox.order("A1").state == "cancelled"


def test_a_number_by_name_and_what_is_known_besides_cancels(client):
    placed(client, out_trade_no="A1")

    assert cancel(client, out_trade_no="A1", txamt=2500).verdict == "CANCELLED"


def test_a_number_that_the_books_lack_is_not_found(client):
    assert client.query("A1").transactions == ()
    assert client.query("A1").transaction is None
    assert cancel(client, "A1").verdict == "NOT_FOUND"


def test_several_numbers_are_asked_for_together(client):
    for number in ("A1", "A2"):
        placed(client, out_trade_no=number)

    found = client.query("A1, A2, A3")

    assert {row.out_trade_no for row in found.transactions} == {"A1", "A2"}
    assert found.transaction is None


@pytest.mark.parametrize(
    "asked",
    [
        {"out_trade_no": None},
        {"out_trade_no": ""},
        {"syssn": None},
        {"out_trade_no": None, "syssn": None},
        {"order": None},
        {"order": ""},
        {"order": " , "},
        {"out_trade_no": None, "pay_type": "800101"},
        {"order": ["A1"]},
    ],
)
def test_a_number_that_is_missing_never_lists_the_month(sandbox, client, asked):
    placed(client)
    before = len(sandbox.exchanges)

    with pytest.raises(InputError):
        client.query(**asked)

    assert len(sandbox.exchanges) == before


def test_a_query_without_any_number_lists_the_month(client):
    placed(client)
    placed(client)

    assert len(client.query().transactions) == 2


def test_a_cancel_without_its_client_says_that_the_client_is_missing(sandbox, client):
    for first in ("A1", placed(client)):
        with pytest.raises(InputError, match="^client is .* must be a Client"):
            cancel(first)  # type: ignore[arg-type]

    assert {exchange.endpoint for exchange in sandbox.exchanges} == {"payment"}


@pytest.mark.parametrize("number", [None, "", "2.02611E+25", 1.5, "A1,A2", "A1,"])
def test_what_is_no_number_cancels_nothing(sandbox, client, number):
    with pytest.raises(InputError):
        cancel(client, number)

    assert sandbox.exchanges == ()


def test_a_refund_needs_a_number_and_no_invented_order(sandbox, client):
    order = paid(sandbox, client, out_trade_no="A1")

    assert client.refund("A1", 500).ok
    assert client.refund("A1", txamt=500).ok
    assert client.refund(order.syssn, txamt=500).ok
    assert client.refund(syssn=order.syssn, txamt=500).ok
    assert client.refund(Order(syssn=order.syssn), txamt=500).ok


@pytest.mark.parametrize("call", ["refund", "reverse", "close"])
def test_a_call_about_an_order_that_the_books_lack_sends_nothing_but_a_query(client, call):
    with pytest.raises(InputError, match="names 0 payments"):
        getattr(client, call)("A1")

    assert {exchange.endpoint for exchange in client.exchanges} == {"query"}


def test_a_refund_of_nothing_is_refused_with_what_to_give(client):
    with pytest.raises(InputError):
        client.refund()


# ---- support: what went wrong, in a sentence ---------------------------------------------------


def test_a_missing_signature_is_refused_with_a_sentence():
    with pytest.raises(InputError, match="signature is missing"):
        verify(params={"txamt": "1"}, key="abcd1234", signature=None)
    with pytest.raises(InputError, match="signature is missing"):
        verify_body(body=b"{}", key="abcd1234", signature=None)


@pytest.mark.parametrize("base_url", [None, 5, ""])
def test_an_address_that_is_not_set_is_refused_with_a_sentence(client, base_url):
    with pytest.raises(InputError, match="base_url is"):
        Client(client.credentials, base_url)


def test_every_public_error_is_at_the_front_door():
    public = {
        name
        for name, value in vars(qftools.errors).items()
        if isinstance(value, type) and issubclass(value, Exception) and name[0] != "_"
    }

    assert public <= set(qftools.__all__)


def test_the_chosen_language_is_obeyed_by_errors_advice_report_and_diagnosis(
    sandbox, client, chinese
):
    placed(client, out_trade_no="A1")
    outcome = cancel(client, "A1")
    diagnosis = explain("txamt=100&txcurrcd=HKD  sign=" + "0" * 32, key="abcd1234")

    with pytest.raises(InputError) as caught:
        client.query(out_trade_no=None)

    for said in (
        str(outcome),
        outcome.advice(),
        outcome.to_dict()["advice"],
        str(diagnosis),
        str(sandbox.report()),
        str(caught.value),
        caught.value.say(),
    ):
        assert any("\u4e00" <= char <= "\u9fff" for char in said), said
    assert outcome.advice("en").isascii() and caught.value.say("en").isascii()


PARAMS = {"txamt": "100", "txcurrcd": "HKD", "out_trade_no": "A1"}


def signed(**changes):
    """A request of `requests`, signed in the order of sending: wrong, as half of them are."""
    text = "&".join(f"{name}={value}" for name, value in PARAMS.items())
    headers = {"X-QF-SIGN": sign_text(text, "abcd1234"), "X-QF-APPCODE": "APP"}
    return requests.Request("POST", "https://h/trade/v1/payment", headers, data=PARAMS, **changes)


def answered():
    reply = requests.Response()
    reply.request = signed().prepare()
    reply.status_code, reply._content = 200, b'{"respcd": "1108"}'
    return reply


def of_urllib():
    same = signed().prepare()
    return urllib.request.Request(same.url, str(same.body).encode(), dict(same.headers))


@pytest.mark.parametrize(
    "make",
    [
        signed,
        lambda: signed().prepare(),
        answered,
        of_urllib,
        lambda: PARAMS | {"sign": signed().headers["X-QF-SIGN"]},
        lambda: str(signed().prepare().body) + "  sign=" + signed().headers["X-QF-SIGN"],
        lambda: (str(signed().prepare().body) + "  sign=" + signed().headers["X-QF-SIGN"]).encode(),
    ],
)
def test_whatever_a_program_has_at_hand_is_explained(make):
    diagnosis = explain(make(), key="abcd1234")

    assert diagnosis.cause and "order of sending" in diagnosis.cause.what.en


def test_a_file_is_explained_by_its_path(tmp_path):
    path = tmp_path / "request.txt"
    path.write_text(str(signed().prepare().body) + "  sign=" + signed().headers["X-QF-SIGN"])

    assert explain(path, key="abcd1234").cause
    with pytest.raises(InputError, match="can't be read"):
        explain(tmp_path / "none.txt")


def test_a_text_that_is_the_name_of_a_file_is_not_opened(tmp_path, monkeypatch):
    (tmp_path / "request.txt").write_text("txamt=1&sign=" + "0" * 32)
    monkeypatch.chdir(tmp_path)

    with pytest.raises(InputError):
        explain("request.txt")


def test_what_the_client_returned_is_explained(sandbox, client):
    order = placed(client, out_trade_no="A1")
    sandbox.payer(order).pay()
    with pytest.raises(GatewayError) as refused:
        client.reverse(order)
    outcome = cancel(client, "A1")

    for given in (
        order,
        order.reply,
        outcome,
        outcome.steps[0],
        refused.value,
        client.exchanges[0],
    ):
        assert explain(given, key=sandbox.credentials.client_key).signature == "right"


@pytest.mark.parametrize("given", [None, 5, object(), []])
def test_what_can_not_be_explained_is_refused_with_what_can(given):
    with pytest.raises(InputError, match="a request, a reply"):
        explain(given)


@pytest.mark.parametrize(
    ("guess", "said"),
    [
        ('qftools.sign("a=1", "abcd1234")', "params are str; it must be a dict"),
        ('verify("a=1", "abcd1234", "x")', "params are str; it must be a dict"),
        ('verify_body("{}", "abcd1234", "x")', "body is str; it must be the bytes"),
        ("placed(client, pay_type=800101)", "pay_type is int 800101"),
    ],
)
def test_a_wrong_guess_is_refused_with_a_sentence(client, guess, said):
    with pytest.raises(InputError, match=re.escape(said)):
        eval(guess, globals() | {"client": client})


def test_the_sandbox_can_be_had_from_the_front_door():
    assert qftools.Sandbox is qftools.sandbox.Sandbox


# ---- the notebook: what a cell shows -----------------------------------------------------------


def test_what_a_repl_shows_is_one_short_line(sandbox, client):
    order = placed(client, out_trade_no="A1")
    with Journal(":memory:") as journal:
        outcome = cancel(client, order, journal=journal)
        entry = journal.entry(1)
    diagnosis = explain(client.exchanges[0])

    of_the_sandbox = (sandbox, sandbox.clock, sandbox.report(), sandbox.exchanges[-1])
    of_an_order = (sandbox.order("A1"), client.query("A1").transaction, sandbox.fault("slow"))
    of_a_cancel = (outcome, outcome.steps[0], client.exchanges[0], entry, diagnosis, order.reply)
    for shown in (*of_the_sandbox, *of_an_order, *of_a_cancel):
        assert "\n" not in repr(shown)
        assert len(repr(shown)) < 160, repr(shown)
    assert repr(outcome) == "Outcome(CANCELLED, 'A1', LOOK CANCEL CONFIRM)"
    assert repr(entry) == "Entry(1, 'A1', CANCELLED)"


def test_a_notebook_shows_markup_in_which_what_came_from_outside_is_escaped(client):
    placed(client, out_trade_no="<b>1", goods_name="<script>")
    with Journal(":memory:") as journal:
        outcome = cancel(client, "<b>1", journal=journal)
        entry = journal.entry(1)

    for shown in (outcome, entry, client.exchanges[0], explain(client.exchanges[0])):
        written = shown._repr_html_()
        assert written.startswith("<") and "<script>" not in written and "<b>1" not in written


def test_print_shows_the_verdict_and_what_to_do(client):
    placed(client, out_trade_no="A1")
    outcome = cancel(client, "A1")

    assert (
        str(outcome).splitlines()[0]
        == "CANCELLED  The order is cancelled; the payer was not charged."
    )
    assert outcome.advice() in str(outcome)
