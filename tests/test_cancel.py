"""A cancel ends in a verdict that the gateway's own books bear out."""

import hashlib
import json

import pytest

from qftools import Client
from qftools.cancellation.policy import Policy
from qftools.cancellation.verdicts import Verdict
from qftools.errors import GatewayError, OutcomeUnknownError
from qftools.journal.journal import Journal
from qftools.models import Credentials, Order
from qftools.sandbox import Sandbox
from tests.awaited import cancel, of_sandbox
from tests.raw_server import RawServer, reply


@pytest.fixture(params=["plain", "async"])
def client(request, sandbox):
    with of_sandbox(sandbox) if request.param == "async" else sandbox.client() as client:
        yield client


AUTH_CODES = {"800108": "280438849930815813", "800208": "134676275354204254"}
PAIRS = ["800108", "800101", "800208", "800201", "802301"]
TERMS = {"802301": "SGD"}


def pay(client, pay_type="800101", txamt=77006):
    """Ask for a payment whose outcome stays in doubt, whatever comes back."""
    extra = {"auth_code": AUTH_CODES[pay_type]} if pay_type in AUTH_CODES else {}
    try:
        return client.pay(
            pay_type=pay_type, txamt=txamt, txcurrcd=TERMS.get(pay_type, "HKD"), **extra
        )
    except (OutcomeUnknownError, GatewayError) as error:
        assert error.order is not None
        return error.order


def names(outcome):
    return [taken.step.value for taken in outcome.steps]


@pytest.mark.parametrize(
    ("client", "pay_type"),
    [*(("plain", pay_type) for pay_type in PAIRS), ("async", "800101")],
    indirect=["client"],
)
@pytest.mark.parametrize(
    ("txamt", "verdict"),
    [
        (77001, Verdict.PAID),
        (77002, Verdict.CANCELLED),  # at the password
        (77005, Verdict.PAID),  # paid between look and cancel
        (77006, Verdict.CANCELLED),  # never paid
        (77011, Verdict.CANCELLED),  # cancel in progress, then done
        (77012, Verdict.CANCELLED),
        (77013, Verdict.PAID),  # cancel in progress, payer faster
        (77015, Verdict.PAID),  # cancel said done, payer faster
        (77016, Verdict.NOT_CANCELLABLE),  # refused by the wallet
        (77017, Verdict.CANCELLED),  # said error, was done
        (77018, Verdict.CANCELLED),  # said error, was not done: sent again
        (77019, Verdict.CANCELLED),  # in progress, then the wallet forgot it
        (77023, Verdict.CANCELLED),  # cancel lost on its way
        (77024, Verdict.CANCELLED),  # cancel's reply lost
        (77025, Verdict.CANCELLED),  # queries lost
        (77027, Verdict.PAID),  # paid, reply lost
        (77028, Verdict.PAID),  # payer faster, cancel's reply lost
    ],
)
def test_the_verdict_is_what_the_books_say(client, sandbox, pay_type, txamt, verdict):
    order = pay(client, pay_type, txamt)

    outcome = cancel(client, order)

    assert outcome.verdict is verdict
    books = sandbox.order(order)
    assert (books.paid > 0) == (verdict is Verdict.PAID)
    if verdict is Verdict.CANCELLED:
        assert books.state == "cancelled"
        assert outcome.proof is not None
        assert outcome.proof.endpoint == "query"


def test_a_lost_payment_that_never_arrived_is_not_found_after_repeated_queries(client, sandbox):
    order = pay(client, txamt=77021)

    outcome = cancel(client, order)

    assert outcome.verdict is Verdict.NOT_FOUND
    assert names(outcome) == ["LOOK", "LOOK", "LOOK"]
    assert sandbox.orders() == ()


def test_an_order_of_hong_kong_alone_is_left_open_without_any_cancel(client, sandbox):
    order = pay(client, "805801")

    outcome = cancel(client, order)

    assert outcome.verdict is Verdict.NOT_CANCELLABLE
    assert names(outcome) == ["LOOK"]
    assert "Hong Kong" in outcome.reason
    assert sandbox.order(order).state == "waiting"


def test_an_order_that_is_known_by_its_number_alone_is_routed_by_the_books(client, sandbox):
    placed = pay(client, "800201")
    order = Order(placed.out_trade_no, placed.txamt, placed.txdtm)

    outcome = cancel(client, order)

    assert outcome.verdict is Verdict.CANCELLED
    assert [taken.endpoint for taken in outcome.steps] == ["query", "close", "query"]
    assert outcome.order.syssn == placed.syssn


def test_an_order_whose_amount_is_another_is_not_cancelled(client, sandbox):
    placed = pay(client)
    order = Order(placed.out_trade_no, placed.txamt + 1, placed.txdtm)

    outcome = cancel(client, order)

    assert outcome.verdict is Verdict.UNRESOLVED
    assert "txamt" in outcome.reason
    assert sandbox.order(placed).state == "waiting"


def test_a_gateway_that_never_answers_leaves_it_unresolved_and_says_what_is_known(client, sandbox):
    order = pay(client)

    with sandbox.fault("lost before", times=None):
        outcome = cancel(client, order)

    assert outcome.verdict is Verdict.UNRESOLVED
    assert outcome.proof is None
    assert outcome.order == order
    assert outcome.reason


def test_a_cancel_that_is_in_progress_for_ever_ends_unresolved_with_the_evidence(client, sandbox):
    order = pay(client, txamt=77014)

    outcome = cancel(client, order, policy=Policy(confirm_tries=5))

    assert outcome.verdict is Verdict.UNRESOLVED
    assert len(outcome.evidence) == len(outcome.steps)


@pytest.mark.parametrize(
    "fault", ["half", "5xx", "429", "wrong signature", "lost after", "refused"]
)
@pytest.mark.parametrize("on", ["query", "reversal"])
def test_faults_that_stop_before_patience_does_change_no_verdict(client, sandbox, fault, on):
    order = pay(client)

    with sandbox.fault(fault, on=on, times=2):
        outcome = cancel(client, order)

    assert outcome.verdict is Verdict.CANCELLED
    assert sandbox.order(order).state == "cancelled"


def test_nothing_is_paid_a_second_time_whatever_happens(client, sandbox):
    order = pay(client, txamt=77022)

    cancel(client, order)

    assert [seen.endpoint for seen in client.exchanges].count("payment") == 1


def test_what_is_paid_is_never_sent_a_cancel(client, sandbox):
    order = pay(client)
    sandbox.payer(order).pay()

    outcome = cancel(client, order)

    assert [taken.endpoint for taken in outcome.steps] == ["query"]


def test_the_same_seed_gives_the_same_evidence_every_day():
    def run():
        with Sandbox() as sandbox:
            client = sandbox.client()
            outcome = cancel(client, pay(client, txamt=77012))
            return [exchange.response.body for exchange in outcome.evidence if exchange.response]

    assert run() == run()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_outcome_as_plain_data_holds_verdict_advice_and_steps(client, language):
    outcome = cancel(client, pay(client))

    data = outcome.to_dict(language)

    assert data["verdict"] == "CANCELLED"
    assert data["advice"] == outcome.advice(language)
    assert [step["step"] for step in data["steps"]] == ["LOOK", "CANCEL", "CONFIRM"]


def test_a_paid_order_that_cannot_be_refunded_is_advised_otherwise(client, sandbox):
    order = pay(client, "802001")
    sandbox.payer(order).pay()

    outcome = cancel(client, order)

    assert outcome.verdict is Verdict.PAID
    assert "can't be refunded" in outcome.advice("en")
    assert "不支持退款" in outcome.advice("zh")


class Notes:
    """A recorder that keeps what it is told."""

    def __init__(self):
        self.asked, self.told_of = [], []

    def asking(self, walk, action):
        self.asked.append((walk.step, action.endpoint))

    def told(self, walk, taken):
        self.told_of.append((walk.step, taken))


def test_the_outcome_as_plain_data_has_these_names_and_values(client, sandbox):
    order = pay(client)

    outcome = cancel(client, order)

    data = outcome.to_dict()
    steps = data.pop("steps")
    assert data == {
        "verdict": "CANCELLED",
        "reason": "",
        "advice": outcome.advice(),
        "corrections": {},
        "charged": "no",
        "out_trade_no": order.out_trade_no,
        "syssn": order.syssn,
        "pay_type": "800101",
        "txamt": 77006,
        "txcurrcd": "HKD",
        "txdtm": order.txdtm,
        "warnings": [],
    }
    assert [list(step.values())[:5] for step in steps] == [
        ["LOOK", "query", "OPEN", "1143", ""],
        ["CANCEL", "reversal", "CANCELLED", "0000", ""],
        ["CONFIRM", "query", "CANCELLED", "1142", ""],
    ]
    names = ["step", "endpoint", "finding", "respcd", "note", "signed", "at"]
    assert [list(step) for step in steps] == [names] * 3
    assert [(step["signed"], step["at"]) for step in steps] == [
        (taken.answer.signed, taken.at) for taken in outcome.steps
    ]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_reason_and_notes_as_plain_data_are_in_the_language_that_was_asked_for(client, language):
    placed = pay(client)
    outcome = cancel(client, Order(placed.out_trade_no, placed.txamt + 1, placed.txdtm))

    data = outcome.to_dict(language)

    assert outcome.because is not None
    assert data["reason"] == outcome.because.say(language)
    assert [step["note"] for step in data["steps"]] == [
        taken.note(language) for taken in outcome.steps
    ]
    assert data["reason"] in [step["note"] for step in data["steps"]]
    assert data["corrections"] == outcome.corrections == {"txamt": str(placed.txamt)}


def test_a_recorder_is_told_before_each_question_and_after_each_answer(client):
    notes = Notes()

    outcome = cancel(client, pay(client), watch=notes)

    assert notes.asked == [(taken.step, taken.endpoint) for taken in outcome.steps]
    assert [taken for _, taken in notes.told_of] == list(outcome.steps)
    assert [step.value for step, _ in notes.told_of] == ["CANCEL", "CONFIRM", "DONE"]


def test_the_choices_of_a_cancel_reach_its_route(client, sandbox):
    by_edition = cancel(client, pay(client, "800201"), profile="docs-2026-02")
    in_hong_kong = cancel(client, pay(client, "805801"), hk_cancel="allow")

    assert by_edition.route is not None and by_edition.route.source == "docs-2026-02"
    assert [taken.endpoint for taken in by_edition.steps] == ["query", "reversal", "query"]
    assert in_hong_kong.route is not None and in_hong_kong.route.call == "close"
    assert "close" in [taken.endpoint for taken in in_hong_kong.steps]


def test_a_pause_that_is_given_waits_in_place_of_the_clients_own(client, sandbox):
    waited = []

    def pause(seconds):
        waited.append(seconds)
        sandbox.clock.sleep(seconds)

    cancel(client, pay(client, txamt=77021), pause=pause, policy=Policy(first_wait=7.0))

    assert waited == [5.0, 5.0]


def test_each_step_says_when_its_answer_was_in_and_what_went_over_the_wire(client, sandbox):
    with sandbox.fault("lost after", on="query", times=1):
        outcome = cancel(client, pay(client))

    lost, *answered = outcome.steps
    assert lost.exchange is not None and lost.exchange.response is None
    assert lost.note("en").startswith("no reply from /trade/v1/query")
    assert all(taken.exchange is not None and taken.exchange.response for taken in answered)
    assert [taken.at for taken in outcome.steps] == sorted(taken.at for taken in outcome.steps)
    assert outcome.steps[-1].at == sandbox.clock.now()
    assert outcome.evidence == tuple(taken.exchange for taken in outcome.steps)
    assert outcome.proof == outcome.steps[-1]


# ---- what the client knows counts as well ------------------------------------------------------

KEY, HASTY = "a secret key", Policy(look_tries=2, absent_tries=2, first_wait=0.0, wait_step=0.0)


def gateway(of_number, signs=lambda number: False):
    """A gateway that answers a query with one row, by the out_trade_no that is asked for."""

    def answer(request):
        number = "A1" if b"out_trade_no=A1" in request else "A2"
        row = {"out_trade_no": number, "respcd": "0000", "cancel": "0", **of_number[number]}
        text = json.dumps({"respcd": "0000", "data": [row]}).encode()
        sign = hashlib.md5(text + KEY.encode()).hexdigest()
        return [reply(text, *([f"X-QF-SIGN: {sign}"] if signs(number) else []))]

    return RawServer(answer)


@pytest.mark.parametrize("respcd", ["0000", "1142", "1143"])
def test_a_row_of_another_merchant_proves_nothing_where_the_credentials_name_ours(respcd):
    theirs = {"respcd": respcd, "mchid": "M2", "pay_type": "800101"}
    ours = {"respcd": "0000", "mchid": "M1"}
    with (
        gateway({"A1": theirs, "A2": ours}) as server,
        Client(Credentials("A", KEY, mchid="M1"), server.url) as client,
        Journal(":memory:") as journal,
    ):
        first = cancel(client, Order("A1", 2500), policy=HASTY, journal=journal)
        again = journal.resume(client, 1, policy=HASTY)
        second = cancel(client, Order("A2", 2500), policy=HASTY, journal=journal)

    assert (first.verdict, again.verdict) == (Verdict.UNRESOLVED, Verdict.UNRESOLVED)
    assert {taken.endpoint for taken in again.steps} == {"query"}
    assert second.verdict is Verdict.PAID


def test_once_a_gateway_has_signed_for_one_order_it_must_sign_for_all_resumed_ones_too():
    with (
        gateway({"A1": {}, "A2": {}}, signs=lambda number: number == "A2") as server,
        Client(Credentials("A", KEY), server.url) as client,
        Journal(":memory:") as journal,
    ):

        class Stops:
            def asking(self, walk, action):
                raise KeyboardInterrupt

            def told(self, walk, taken): ...

        with pytest.raises(KeyboardInterrupt):
            cancel(client, Order("A1", 2500), policy=HASTY, journal=journal, watch=Stops())
        signed = cancel(client, Order("A2", 2500), policy=HASTY)
        unsigned = journal.resume(client, 1)

    assert (signed.verdict, unsigned.verdict) == (Verdict.PAID, Verdict.UNRESOLVED)
    assert "not signed" in unsigned.reason
