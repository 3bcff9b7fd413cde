"""Over random schedules of faults, terminals and kills no verdict of a refund is false."""

from __future__ import annotations

import secrets

import pytest

from qftools.cancellation.findings import Finding
from qftools.cancellation.refunding import REFUND_NEXT
from qftools.cancellation.verdicts import Verdict
from qftools.cancellation.walk import Step
from tests.prove.__main__ import played
from tests.prove.refunds import prove, schedule

FIXED, FRESH = 60, 30


def disagreements(results):
    return [
        f"python -m tests.prove --gateway refund --replay {r.seed}: {r.disagreements}"
        for r in results
        if r.disagreements
    ]


def test_no_verdict_of_a_refund_differs_from_the_books_over_the_same_schedules_every_day():
    results = [played(seed, "refund") for seed in range(FIXED)]

    assert disagreements(results) == []
    # The schedules are worth something: the verdicts occur, and processes died.
    often = {Verdict.REFUNDED, Verdict.NOT_REFUNDED, Verdict.NOT_FOUND}
    assert {result.verdict for result in results} >= often
    assert sum(result.deaths for result in results) > FIXED // 4


def test_no_verdict_of_a_refund_differs_from_the_books_over_schedules_that_nobody_has_seen():
    first = secrets.randbelow(10**9)

    assert disagreements([played(seed, "refund") for seed in range(first, first + FRESH)]) == []


def with_cell(step, finding, goes_to):
    return {**REFUND_NEXT, step: {**REFUND_NEXT[step], finding: goes_to}}


@pytest.mark.parametrize(
    "table",
    [
        with_cell(Step.CONFIRM, Finding.SILENT, Verdict.NOT_REFUNDED),
        with_cell(Step.CONFIRM, Finding.ABSENT, Verdict.NOT_REFUNDED),
        with_cell(Step.CONFIRM, Finding.OPEN, Verdict.REFUNDED),
        with_cell(Step.CONFIRM, Finding.FAILED, Verdict.REFUNDED),
        with_cell(Step.LOOK, Finding.SILENT, Verdict.ALREADY_REFUNDED),
        {**REFUND_NEXT, Step.REFUND: dict.fromkeys(Finding, Verdict.REFUNDED)},
    ],
    ids=["silence", "absence", "progress", "failure", "unseen", "the reply"],
)
def test_a_flow_that_is_broken_on_purpose_is_caught(table):
    results = (prove(schedule(seed), table) for seed in range(40))

    assert any(result.disagreements for result in results)
