"""A refund: sent once under a number fixed before, and proved by queries of that number."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qftools import Client, Journal, Order, Outcome, Sandbox, Verdict, refund
from qftools.cancellation.evidence import Known, of_query
from qftools.cancellation.findings import Answer, Finding, of_refund
from qftools.cancellation.policy import Policy
from qftools.cancellation.refund import follow
from qftools.cancellation.refunding import REFUND_NEXT, RefundWalk
from qftools.cancellation.search import Search
from qftools.cancellation.verdicts import REFUNDS
from qftools.cancellation.walk import Ask, Finished, Step, Wait
from qftools.errors import InputError, JournalError, TransportError
from qftools.models import Reply
from qftools.sweep.files import read
from qftools.sweep.sweep import InlineExecutor, Row, Sweep, Task

PAID, ABSENT, LOST = (Answer(Finding[name]) for name in ("PAID", "ABSENT", "SILENT"))
REFUSED = of_refund(Reply("refund", "1269", {"respcd": "1269", "respmsg": "takings"}))
SYSSN = "20260105154100020000977816"


def paid(sandbox: Sandbox, txamt: int = 2500, pay_type: str = "800101") -> Order:
    order = sandbox.client().pay(pay_type=pay_type, txamt=txamt, txcurrcd="HKD")
    sandbox.payer(order).pay()
    return order


def payment_of(outcome: Outcome) -> str | None:
    return outcome.payment.syssn if outcome.payment else None


def ended(walk: RefundWalk) -> Verdict | None:
    return walk.end.verdict if walk.end else None


def sent(client: Client) -> list[str]:
    return [exchange.endpoint for exchange in client.exchanges if exchange.endpoint != "query"]


# ---- the flow ----------------------------------------------------------------------------------


def test_a_part_and_then_the_rest_are_given_back(sandbox, client):
    order = paid(sandbox)

    part, rest = refund(client, order, 500), refund(client, order.number, 2000)

    assert (part.verdict, rest.verdict) == (Verdict.REFUNDED, Verdict.REFUNDED)
    assert (part.charged, part.how, payment_of(part)) == ("returned", "refund", order.syssn)
    assert part.order.txamt == 500 and part.order.out_trade_no != rest.order.out_trade_no
    assert sandbox.order(order).refunded == 2500


def test_more_than_was_paid_is_refused_before_anything_is_sent(sandbox, client):
    order = paid(sandbox)

    with pytest.raises(InputError, match="at most the amount paid, 2500"):
        refund(client, order, 2501)
    assert client.exchanges == ()


@pytest.mark.parametrize("amount", [None, 2500])
def test_after_a_part_all_of_it_is_more_than_is_left(sandbox, client, amount):
    order = paid(sandbox)
    refund(client, order, 500)

    outcome = refund(client, order, amount)

    assert outcome.verdict is Verdict.NOT_REFUNDED and "less than 2500 is left" in outcome.reason
    assert sent(client) == ["refund"]


def test_what_the_books_say_was_paid_is_the_limit_where_the_caller_does_not_know(sandbox, client):
    outcome = refund(client, Order(syssn=paid(sandbox).syssn), 2501)

    assert outcome.verdict is Verdict.NOT_REFUNDED and "above what was paid" in outcome.reason
    assert sent(client) == []


def test_a_payment_that_is_refunded_in_full_is_not_refunded_again(sandbox, client):
    order = paid(sandbox)
    refund(client, order)

    assert refund(client, order).verdict is Verdict.ALREADY_REFUNDED
    assert sent(client) == ["refund"]


def test_what_is_not_paid_is_not_refunded(client):
    order = client.pay(pay_type="800101", txamt=2500, txcurrcd="HKD")

    outcome = refund(client, order)

    assert (outcome.verdict, outcome.reason) == (
        Verdict.NOT_REFUNDED,
        "the payment is not paid: nothing to refund",
    )


def test_a_refund_whose_reply_is_lost_is_found_under_its_number_and_not_sent_again(sandbox, client):
    order = paid(sandbox)
    sandbox.fault("lost after", "refund", 1)

    outcome = refund(client, order, 500)

    assert outcome.verdict is Verdict.REFUNDED and sandbox.order(order).refunded == 500
    assert [taken.step for taken in outcome.steps] == ["LOOK", "REFUND", "CONFIRM"]


@pytest.mark.parametrize("fault", ["lost before", "late"])
def test_a_refund_that_may_be_on_its_way_is_neither_refunded_nor_not(sandbox, client, fault):
    order = paid(sandbox)
    sandbox.fault(fault, "refund", 1, **({"seconds": 600} if fault == "late" else {}))

    outcome = refund(client, order, 500, out_trade_no="R1")

    assert outcome.verdict is Verdict.NOT_FOUND
    assert "do not refund under another number" in outcome.advice()
    assert "refund again, under this same number" in outcome.advice()
    sandbox.clock.advance(600)
    again = refund(client, order, 500, out_trade_no="R1")
    assert again.verdict is Verdict.REFUNDED and sandbox.order(order).refunded == 500
    assert len(sent(client)) == (1 if fault == "late" else 2)


def test_a_refund_that_was_delivered_twice_counts_once(sandbox, client):
    order = paid(sandbox)
    sandbox.fault("duplicated", "refund", 1)

    outcome = refund(client, order, 500)

    assert outcome.steps[-2].answer.respcd == "1251"
    assert outcome.verdict is Verdict.REFUNDED and sandbox.order(order).refunded == 500


@pytest.mark.parametrize(
    ("txamt", "verdict", "respcd"),
    [
        (77061, Verdict.REFUNDED, "1143"),
        (77062, Verdict.NOT_REFUNDED, "1143"),
        (77063, Verdict.NOT_REFUNDED, "1155"),
        (77064, Verdict.NOT_REFUNDED, "1269"),
    ],
)
def test_a_refund_in_progress_is_followed_to_its_end_and_a_refusal_is_proved(
    client, txamt, verdict, respcd
):
    order = client.pay(pay_type="800101", txamt=txamt, txcurrcd="HKD")

    outcome = refund(client, order)

    assert outcome.verdict is verdict and outcome.steps[1].answer.respcd == respcd
    if verdict is Verdict.NOT_REFUNDED:
        assert outcome.reason.startswith(("the row of the refund", respcd))


def test_a_number_that_is_another_orders_refunds_nothing(sandbox, client):
    order, other = paid(sandbox), paid(sandbox)
    refund(client, other, 100, out_trade_no="R1")

    payments = refund(client, order, out_trade_no=order.out_trade_no)
    refunds = refund(client, order, 100, out_trade_no="R1")

    assert (payments.verdict, refunds.verdict) == (Verdict.NOT_REFUNDED, Verdict.NOT_REFUNDED)
    assert payments.reason == "the number names a payment, not a refund"
    assert "a refund of another payment" in refunds.reason


def test_a_payment_that_can_not_be_looked_up_is_not_refunded(sandbox, client):
    order = paid(sandbox)
    sandbox.fault("lost after", "query", None)

    outcome = refund(client, order)

    assert outcome.verdict is Verdict.UNRESOLVED and sent(client) == []
    with pytest.raises(TransportError):
        refund(client, order.number)


def test_the_outcome_is_said_in_both_languages_and_as_plain_data(sandbox, client):
    outcome = refund(client, paid(sandbox), 500)

    assert outcome.say("en").startswith("REFUNDED  The refund went through")
    assert outcome.say("zh").startswith("REFUNDED  退款已完成")
    told = outcome.to_dict()
    assert (told["verdict"], told["how"], told["payment"]) == (
        *("REFUNDED", "refund"),
        payment_of(outcome),
    )


# ---- cards: a void on the day of payment --------------------------------------------------------


def test_a_card_is_voided_on_its_day_in_full_only_and_the_outcome_says_so(sandbox, client):
    order = paid(sandbox, pay_type="802801")

    part, whole = refund(client, order, 500), refund(client, order)

    assert part.verdict is Verdict.NOT_REFUNDED and part.reason.startswith("1124")
    assert (whole.verdict, whole.how) == (Verdict.REFUNDED, "void")
    assert "It was a void, not a refund" in whole.say("en") and "不是退款" in whole.say("zh")


def test_a_card_is_refunded_on_another_day_and_where_the_reply_was_lost_that_is_unknown(
    sandbox, client
):
    order, other = paid(sandbox, pay_type="802801"), paid(sandbox, pay_type="802801")
    sandbox.fault("lost after", "refund", 1)
    lost = refund(client, order)
    sandbox.clock.advance(86_400)
    paid(sandbox, pay_type="802801")  # the day's takings, which a refund comes from

    assert (lost.verdict, lost.how) == (Verdict.REFUNDED, "unknown")
    assert "only it says whether" in lost.say("en")
    assert refund(client, other, 500).how == "refund"


def late(**how):
    return Sandbox(cancel_routes="docs-2026-late", **how)


@pytest.mark.parametrize(("fault", "how"), [(None, "void"), ("lost after", "unknown")])
def test_the_edition_of_april_2026_voids_a_whole_card_payment_by_a_reversal(fault, how):
    with late() as sandbox:
        client, order = sandbox.client(), paid(sandbox, pay_type="802801")
        if fault:
            sandbox.fault(fault, "cancel", 1)

        outcome = refund(client, order, profile="docs-2026-late")

        assert (outcome.verdict, outcome.how) == (Verdict.REFUNDED, how)
        assert sent(client) == ["reversal"] and sandbox.order(order).refunded == 2500


def test_a_void_that_the_gateway_refuses_is_no_refund_and_one_that_is_lost_is_unresolved(sandbox):
    client, order = sandbox.client(), paid(sandbox, pay_type="802801")  # of another edition
    refused = refund(client, order, profile="docs-2026-late")
    with late() as other:
        lost = paid(other, pay_type="802801")
        other.fault("lost before", "cancel", 1)
        outcome = refund(other.client(), lost, profile="docs-2026-late")

    assert refused.verdict is Verdict.NOT_REFUNDED and outcome.verdict is Verdict.UNRESOLVED
    assert sent(client) == ["reversal"] and sandbox.order(order).refunded == 0


def test_a_part_of_a_card_payment_and_other_wallets_are_refunded_in_every_edition(sandbox, client):
    refund(client, paid(sandbox), profile="docs-2026-late")
    refund(client, paid(sandbox, pay_type="802801"), 500, profile="docs-2026-late")

    assert sent(client) == ["refund", "refund"]


# ---- the walk ----------------------------------------------------------------------------------


def walk(**known) -> RefundWalk:
    about = {"policy": Policy(), "payment": Search(Order(syssn=SYSSN)), **known}
    return RefundWalk(Order("R1", 500, "2026-01-05 12:00:00"), **about)


def walked(*answers, begun: RefundWalk | None = None) -> tuple[list[str], RefundWalk]:
    now, asked = begun or walk(), []
    for answer in answers:
        while isinstance(now.action, Wait):
            now = now.waited()
        if isinstance(now.action, Finished):
            break
        asked.append(now.step.value)
        now = now.told(answer)
    return asked, now


def test_every_step_of_a_refund_knows_where_to_go_for_every_finding():
    assert set(REFUND_NEXT) == {Step.CHECK, Step.LOOK, Step.REFUND, Step.CONFIRM}
    assert all(set(row) == set(Finding) for row in REFUND_NEXT.values())
    ends = {to for row in REFUND_NEXT.values() for to in row.values() if isinstance(to, Verdict)}
    assert ends < set(REFUNDS)


def test_no_reply_to_a_refund_is_a_verdict():
    assert set(REFUND_NEXT[Step.REFUND].values()) == {Step.CONFIRM}


@pytest.mark.parametrize("finding", Finding)
def test_a_refund_is_sent_once_whatever_the_replies_are(finding):
    asked, _ = walked(PAID, Answer(finding), *[LOST, ABSENT, Answer(Finding.OPEN)] * 30)

    assert asked.count("REFUND") == 1


def test_absence_proves_that_nothing_was_refunded_only_after_a_refusal():
    assert ended(walked(PAID, REFUSED, *[ABSENT] * 3, PAID)[1]) is Verdict.NOT_REFUNDED
    assert ended(walked(PAID, LOST, *[ABSENT] * 3)[1]) is Verdict.NOT_FOUND
    done = Answer(Finding.REFUNDED, "0000")
    assert ended(walked(PAID, done, *[ABSENT] * 80)[1]) is Verdict.UNRESOLVED


def test_what_is_in_progress_until_the_end_is_pending():
    running = Answer(Finding.OPEN, "1143")
    doubtful = Answer(Finding.OPEN, "7777", note=REFUSED.note)

    assert ended(walked(PAID, *[running] * 80)[1]) is Verdict.REFUND_PENDING
    assert ended(walked(PAID, *[doubtful] * 80)[1]) is Verdict.UNRESOLVED


def test_a_refund_that_was_interrupted_is_only_queried():
    _, now = walked(PAID)

    resumed = now.interrupted().resumed()

    assert isinstance(resumed.action, Ask) and resumed.action.params == {"out_trade_no": "R1"}
    asked, _ = walked(*[ABSENT] * 9, begun=resumed)
    assert set(asked) == {"CONFIRM"}


@pytest.mark.parametrize(
    ("row", "finding"),
    [
        ({}, Finding.REFUNDED),
        ({"respcd": "1143"}, Finding.OPEN),
        ({"respcd": "2999"}, Finding.OPEN),
        ({"respcd": "1155"}, Finding.FAILED),
        ({"respcd": "7777"}, Finding.OPEN),
        ({"cancel": "3"}, Finding.SILENT),
        ({"txstatus": "PENDING"}, Finding.SILENT),
        ({"respcd": "1262"}, Finding.SILENT),
        ({"txamt": "501"}, Finding.SILENT),
        ({"order_type": "payment", "origssn": ""}, Finding.DENIED),
        ({"order_type": "", "origssn": ""}, Finding.SILENT),
        ({"order_type": ""}, Finding.REFUNDED),
        ({"origssn": "20260105154100020000970000"}, Finding.DENIED),
    ],
)
def test_what_the_row_of_a_refund_proves(row, finding):
    whole = {
        "out_trade_no": "R1",
        "syssn": "20260105154100020000977817",
        "order_type": "refund",
        "txamt": "500",
        "respcd": "0000",
        "cancel": "0",
        "origssn": SYSSN,
    }
    reply = Reply("query", "0000", {"respcd": "0000", "data": [whole | row]})

    answer = of_query(reply, Order("R1", 500), Known(refunds=SYSSN))

    assert answer.finding is finding
    assert (answer.note is None) is (finding in (Finding.REFUNDED, Finding.FAILED)) or (
        row.get("respcd") in ("1143", "2999")
    )


# ---- the journal ---------------------------------------------------------------------------------


class Died(BaseException):
    pass


class Dies:
    """Kills the process before, or after, a request of an endpoint."""

    def __init__(self, endpoint: str, *, after: bool) -> None:
        self.endpoint, self.after = endpoint, after

    def asking(self, walk, action) -> None:
        if not self.after and action.endpoint == self.endpoint:
            raise Died

    def told(self, walk, taken) -> None:
        if self.after and taken.endpoint == self.endpoint:
            raise Died


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("endpoint", ["query", "refund"])
def test_a_killed_refund_is_resumed_under_its_number_and_never_sent_twice(
    sandbox, client, tmp_path, endpoint, after
):
    order, path = paid(sandbox), tmp_path / "journal.db"
    with Journal(path) as journal, pytest.raises(Died):
        refund(client, order, 500, journal=journal, watch=Dies(endpoint, after=after))

    with Journal(path) as journal:
        (entry,) = journal.pending(client)
        outcome = journal.resume(client, entry.number)
        assert journal.entry(entry.number).outcome == outcome

    left = endpoint == "refund" and not after  # died before it left, which nobody can know
    assert outcome.verdict is (Verdict.NOT_FOUND if left else Verdict.REFUNDED)
    assert outcome.order.out_trade_no == entry.order.out_trade_no
    assert sandbox.order(order).refunded == (0 if left else 500)
    assert len(sent(client)) <= 1


def test_the_same_refund_again_goes_on_with_the_unfinished_one(sandbox, client):
    order = paid(sandbox)
    with Journal(":memory:") as journal:
        with pytest.raises(Died):
            refund(client, order, 500, journal=journal, watch=Dies("refund", after=True))

        with pytest.raises(InputError, match="an unfinished refund of 500 of this payment"):
            refund(client, order, 600, journal=journal)
        outcome = refund(client, order, 500, journal=journal)

        assert outcome.verdict is Verdict.REFUNDED and len(journal.entries()) == 1
        assert sandbox.order(order).refunded == 500


def test_refunds_in_doubt_count_for_what_is_left(sandbox, client):
    order = paid(sandbox)
    with Journal(":memory:") as journal:
        sandbox.fault("lost before", "refund", 1)
        doubtful = refund(client, order, 2000, out_trade_no="R1", journal=journal)

        with pytest.raises(InputError, match="come to 2000"):
            refund(client, order, 501, out_trade_no="R2", journal=journal)
        fits = refund(client, order, 500, out_trade_no="R2", journal=journal)

    assert (doubtful.verdict, fits.verdict) == (Verdict.NOT_FOUND, Verdict.REFUNDED)


def test_what_the_journal_has_limits_a_refund_where_neither_gateway_nor_caller_tell_the_rest(
    sandbox, client
):
    payment = Order(syssn=paid(sandbox).syssn)  # what was paid is learnt by the query
    with Journal(":memory:") as journal:
        sandbox.fault("lost before", "refund", 1)
        doubtful = refund(client, payment, 2000, out_trade_no="R1", journal=journal)
        beside = refund(client, payment, 501, out_trade_no="R2", journal=journal)
        whole = refund(client, payment, out_trade_no="R3", journal=journal)
        client.pause(3 * 3600)
        settled = journal.resume(client, 1)
        later = refund(client, payment, 501, out_trade_no="R4", journal=journal)
        again = refund(client, payment, 2000, out_trade_no="R1", journal=journal)

        assert journal.entry(1).settled and journal.entry(1).verdict is settled.verdict
    assert doubtful.verdict is settled.verdict is Verdict.NOT_FOUND
    assert {each.verdict for each in (beside, whole, later)} == {Verdict.NOT_REFUNDED}
    assert beside.reason.endswith("made or in doubt, 2000, are above what was paid, 2500")
    assert (again.verdict, sent(client)) == (Verdict.REFUNDED, ["refund", "refund"])
    assert sandbox.order(payment).refunded == 2000


def test_a_refund_that_is_resumed_counts_what_the_journal_has_too(sandbox, client):
    payment = Order(syssn=paid(sandbox).syssn)
    with Journal(":memory:") as journal:
        refund(client, payment, 2000, out_trade_no="R1", journal=journal)
        with pytest.raises(Died):
            refund(client, payment, 501, journal=journal, watch=Dies("query", after=False))

        outcome = journal.resume(client, 2)

    assert (outcome.verdict, sent(client)) == (Verdict.NOT_REFUNDED, ["refund"])
    assert "the others of this payment in the journal" in outcome.reason


def test_an_agents_refund_counts_whichever_merchant_it_was_asked_for(sandbox, client):
    order = paid(sandbox)
    with Journal(":memory:") as journal:
        refund(client, order, 2000, journal=journal)

        with pytest.raises(InputError, match="come to 2000"):
            refund(client, replace(order, mchid="MNxMp11FV35qQN"), 501, journal=journal)


def test_a_cancel_of_the_payment_does_not_take_its_refund_for_its_own(sandbox, client):
    from qftools import cancel

    order = paid(sandbox)
    with Journal(":memory:") as journal:
        with pytest.raises(Died):
            refund(client, order, 500, journal=journal, watch=Dies("refund", after=True))

        assert cancel(client, order, journal=journal).verdict is Verdict.PAID
        assert len(journal.entries(syssn=order.syssn)) == 2


def test_a_refund_that_can_not_be_written_down_is_not_sent(sandbox, client):
    order = paid(sandbox)
    with Journal(":memory:") as journal:
        journal._file.db.execute(
            "CREATE TRIGGER full BEFORE INSERT ON question WHEN NEW.endpoint = 'refund'"
            " BEGIN SELECT RAISE(ABORT, 'disk full'); END"
        )
        with pytest.raises(JournalError):
            refund(client, order, journal=journal)

    assert sent(client) == []


# ---- a sweep -------------------------------------------------------------------------------------


def test_a_swept_refund_is_queried_to_its_verdict_and_never_sent(sandbox, client, tmp_path):
    order, file = paid(sandbox), tmp_path / "day.csv"
    client.refund(order, 500, out_trade_no="R1")
    wanted = f"R1,{order.syssn},500\nR2,{order.syssn},500\n{order.out_trade_no},,2500\n"
    file.write_text(f"商户订单号,原交易流水号,txamt\n{wanted}")
    asked = len(sent(client))

    rows = [row for row in read(file) if isinstance(row, Row)]
    looked = list(Sweep(Task(lambda: client, dry=True), InlineExecutor()).run(rows))
    swept = list(Sweep(Task(lambda: client), InlineExecutor()).run(rows))

    assert [row.refund_of for row in rows] == [order.syssn, order.syssn, None]
    assert [(result.finding, result.would) for result in looked] == [
        *(("REFUNDED", ""), ("ABSENT", ""), ("PAID", ""))
    ]
    assert [(result.verdict, result.charged) for result in swept] == [
        *(("REFUNDED", "returned"), ("NOT_FOUND", "unknown"), ("PAID", "yes"))
    ]
    assert len(sent(client)) == asked and sandbox.order(order).refunded == 500


def test_a_followed_refund_that_the_journal_has_unsent_is_not_sent(sandbox, client):
    order = paid(sandbox)
    with Journal(":memory:") as journal:
        with pytest.raises(Died):
            dies = Dies("query", after=True)
            refund(client, order, 500, out_trade_no="R1", journal=journal, watch=dies)

        outcome = follow(client, Order("R1", 500), str(order.syssn), journal=journal)

        assert outcome.verdict is Verdict.NOT_FOUND and len(journal.entries()) == 1
    assert sent(client) == []


def test_what_was_refunded_of_one_payment_limits_no_refund_of_another(sandbox, client):
    first, second = paid(sandbox), paid(sandbox)
    known = Order(syssn=second.syssn, txamt=second.txamt)

    with Journal(":memory:") as journal:
        refund(client, first, journal=journal)
        part = refund(client, known, 2000, journal=journal)
        rest = refund(client, Order(syssn=second.syssn), 500, journal=journal)

    assert (part.verdict, rest.verdict) == (Verdict.REFUNDED, Verdict.REFUNDED)
