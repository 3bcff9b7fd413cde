"""A cancel ends in a verdict that the gateway's own books bear out."""

import pytest

from qftools import cancel
from qftools.errors import GatewayError, OutcomeUnknownError
from qftools.models import Order
from qftools.policy import Policy
from qftools.sandbox import Sandbox
from qftools.verdicts import Verdict

AUTH_CODES = {"800108": "280438849930815813", "800208": "130132752777533864"}
PAIRS = ["800108", "800101", "800208", "800201", "802301"]
TERMS = {"802301": "SGD"}


@pytest.fixture
def sandbox():
    with Sandbox() as running:
        yield running


@pytest.fixture
def client(sandbox):
    return sandbox.client()


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


@pytest.mark.parametrize("pay_type", PAIRS)
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

    data = outcome.as_dict(language)

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
