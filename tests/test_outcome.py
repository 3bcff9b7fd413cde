"""What a cancel or a refund returns: its words, its repr, and how money went back."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from qftools.cancellation.findings import Answer, Finding
from qftools.cancellation.outcome import Outcome, Taken, outcome_of
from qftools.cancellation.refunding import RefundWalk
from qftools.cancellation.routing import route
from qftools.cancellation.search import Search
from qftools.cancellation.verdicts import HOW, OF_A_CAPTURE, REFUNDS, VERDICTS, Verdict
from qftools.cancellation.walk import Finished, Step, Walk
from qftools.catalogue import Text
from qftools.models import Order

SYSSN = "20260105154100020000977816"
PAYMENT = Order("P1", 2500, "2026-01-05 12:00:00", SYSSN, txcurrcd="HKD", pay_type="800101")
REFUND = Order("R1", 500, "2026-01-05 12:00:00", txcurrcd="HKD", pay_type="800101")
CARD = replace(REFUND, pay_type="802801")
WHY = Text("缘故", "why")


def taken(step: Step, answer: Answer, endpoint: str = "query") -> Taken:
    return Taken(step, endpoint, answer, 0.0)


def sent(finding: str, **more) -> Taken:
    return taken(Step.REFUND, Answer(Finding[finding], **more), "refund")


def given_back(*steps: Taken, order: Order = REFUND, **more) -> Outcome:
    return Outcome(Verdict.REFUNDED, order, steps, payment=PAYMENT, **more)


LOOK = taken(Step.LOOK, Answer(Finding.PAID, "0000"))
PROOF = taken(Step.CONFIRM, Answer(Finding.REFUNDED, "0000", signed=True))


def test_the_repr_of_an_outcome_is_a_line_of_its_verdict_and_its_steps():
    assert repr(given_back(LOOK, PROOF)) == "Outcome(REFUNDED, 'R1', LOOK CONFIRM)"
    assert repr(Outcome(Verdict.PAID, PAYMENT, ())) == "Outcome(PAID, 'P1', no steps)"


def test_the_repr_of_a_step_leaves_out_what_there_is_not():
    assert repr(LOOK) == "Taken(LOOK query PAID 0000)"
    assert repr(sent("SILENT")) == "Taken(REFUND refund SILENT)"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_an_outcome_says_how_why_and_what_to_do_in_one_language(language):
    voided = (LOOK, sent("REFUNDED", void=True), PROOF)
    outcome = given_back(*voided, order=CARD, because=WHY, warnings=("mind",))
    row, how = REFUNDS[Verdict.REFUNDED], HOW["void"]

    assert outcome.remarks(language) == (how.say(language), WHY.say(language), "mind")
    assert outcome.say(language) == "\n".join(
        [
            f"REFUNDED  {row.meaning.say(language)}",
            *outcome.remarks(language),
            row.advice.filled(number="R1").say(language),
        ]
    )


def test_a_notebook_shows_the_verdict_bold_and_each_line_below_it():
    outcome = Outcome(Verdict.PAID, PAYMENT, (PROOF,), warnings=("<b>",))

    shown = outcome._repr_html_()

    assert shown.startswith("<div><b>PAID  ") and shown.endswith("</div></div>")
    assert "<div>&lt;b&gt;</div>" in shown
    assert shown.count("<div>") == 1 + len(outcome.say().splitlines()[1:])


@pytest.mark.parametrize(
    ("steps", "order", "how"),
    [
        ((LOOK, sent("REFUNDED"), PROOF), REFUND, "refund"),
        ((LOOK, sent("SILENT"), PROOF), REFUND, "refund"),
        ((PROOF,), REFUND, "refund"),
        ((LOOK, sent("REFUNDED"), PROOF), CARD, "refund"),
        ((LOOK, sent("REFUNDED", void=True), PROOF), CARD, "void"),
        ((LOOK, sent("SILENT"), sent("REFUNDED", void=True), PROOF), CARD, "void"),
        ((LOOK, sent("SILENT"), PROOF), CARD, "unknown"),
        ((PROOF,), CARD, "unknown"),
        ((PROOF,), replace(REFUND, pay_type=None), "unknown"),
        ((LOOK, sent("CANCELLED"), PROOF), REFUND, "refund"),
    ],
)
def test_how_money_went_back_is_told_by_the_reply_to_the_refund(steps, order, how):
    assert given_back(*steps, order=order).how == how


def test_a_reversal_that_says_cancelled_was_a_void_and_any_other_is_unknown():
    voided = partial(given_back, order=CARD, route=route("802801", profile="docs-2026-late"))

    assert voided(LOOK, sent("CANCELLED"), PROOF).how == "void"
    assert voided(LOOK, sent("OPEN"), PROOF).how == "unknown"
    assert voided(taken(Step.LOOK, Answer(Finding.CANCELLED)), PROOF).how == "unknown"


def test_no_money_went_back_by_a_cancel_or_by_a_refund_that_was_not_made():
    not_made = Outcome(Verdict.NOT_REFUNDED, REFUND, (LOOK,), payment=PAYMENT)

    assert Outcome(Verdict.CANCELLED, PAYMENT, (PROOF,)).how == not_made.how == ""
    assert not_made.meaning == REFUNDS[Verdict.NOT_REFUNDED].meaning
    assert not_made.exit_status == REFUNDS[Verdict.NOT_REFUNDED].exit_status


def test_the_advice_is_that_of_a_cancel_or_of_a_refund():
    for rows, payment in ((VERDICTS, None), (REFUNDS, PAYMENT)):
        for verdict in rows:
            outcome = Outcome(verdict, REFUND, (), payment=payment)
            assert outcome.advice("en") == rows[verdict].advice.filled(number="R1").en


def test_a_capture_is_advised_on_as_the_part_of_a_hold_that_it_is():
    hold = replace(PAYMENT, pay_type="801808")

    assert Outcome(Verdict.PAID, hold, ()).advice("en") == OF_A_CAPTURE.en
    assert Outcome(Verdict.CANCELLED, hold, ()).advice("en") != OF_A_CAPTURE.en
    assert Outcome(Verdict.PAID, PAYMENT, ()).advice("en") != OF_A_CAPTURE.en


def test_only_an_outcome_of_a_refund_names_the_payment_and_how():
    told = given_back(LOOK, sent("REFUNDED"), PROOF).to_dict("en")

    assert (told["how"], told["payment"]) == ("refund", SYSSN)
    assert {"how", "payment"}.isdisjoint(Outcome(Verdict.PAID, PAYMENT, (PROOF,)).to_dict())


def test_the_outcome_of_a_walk_has_all_that_the_walk_knows():
    end = Finished(Verdict.REFUNDED, WHY)
    by = route("802801", profile="docs-2026-late")
    refunded = RefundWalk(REFUND, payment=Search(PAYMENT), end=end, route=by)
    cancelled = Walk(PAYMENT, end=Finished(Verdict.CANCELLED))

    assert outcome_of(refunded, (PROOF,)) == Outcome(
        Verdict.REFUNDED, REFUND, (PROOF,), WHY, by, payment=PAYMENT
    )
    assert outcome_of(cancelled, ()) == Outcome(Verdict.CANCELLED, PAYMENT, ())
