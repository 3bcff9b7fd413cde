"""Over random schedules of faults, payers and kills no verdict differs from the books."""

from __future__ import annotations

import secrets
from collections import Counter

import pytest

from qftools.cancellation.findings import Finding
from qftools.cancellation.routing import route
from qftools.cancellation.verdicts import VERDICTS, Verdict
from qftools.cancellation.walk import NEXT, Step, Walk
from tests.prove.__main__ import played
from tests.prove.proof import prove
from tests.prove.schedule import schedule

FIXED = 300
FRESH = 300


def disagreements(results):
    return [
        f"python -m tests.prove --replay {r.seed}: {r.disagreements}"
        for r in results
        if r.disagreements
    ]


def test_no_verdict_differs_from_the_books_over_the_same_schedules_every_day():
    results = [played(seed) for seed in range(FIXED)]

    assert disagreements(results) == []
    # The schedules are worth something: every verdict occurs, and processes died.
    assert set(Counter(result.verdict for result in results)) == set(VERDICTS)
    assert sum(result.deaths for result in results) > FIXED // 4


def test_no_verdict_differs_from_the_books_over_schedules_that_nobody_has_seen_yet():
    first = secrets.randbelow(10**9)

    assert disagreements([played(seed) for seed in range(first, first + FRESH)]) == []


@pytest.mark.parametrize(
    "seed",
    [
        648,  # silence had used up the patience that "no such order" needs
        19821310240,  # three cancels were lost, and a fourth was not sent
    ],
)
def test_what_a_schedule_once_showed_to_be_wrong_stays_right(seed):
    result = played(seed)

    assert result.disagreements == () and result.verdict is not Verdict.UNRESOLVED


def test_a_seed_plays_the_same_schedule_again():
    assert [played(seed) for seed in range(40)] == [played(seed) for seed in range(40)]


# ---- is the proof able to fail? flows that are broken on purpose -------------------------------


def with_row(step, **cells):
    """The table of the flow with some cells of one row changed."""
    changed = {Finding[name]: goes_to for name, goes_to in cells.items()}
    return {**NEXT, step: {**NEXT[step], **changed}}


def begin(table):
    return lambda order, plan: Walk(order, plan.policy, plan.profile, plan.hk_cancel, table=table)


def without_looking(order, plan):
    by = route(order.pay_type, profile=plan.profile, hk_cancel=plan.hk_cancel)
    step = Step.CANCEL if by.call else Step.LOOK
    return Walk(order, plan.policy, plan.profile, plan.hk_cancel, step=step, route=by)


BROKEN = {
    "skips CONFIRM": begin(
        {**NEXT, Step.CANCEL: dict.fromkeys(Finding, Verdict.CANCELLED)},
    ),
    "believes the cancel's reply": begin(
        with_row(Step.CANCEL, CANCELLED=Verdict.CANCELLED, PAID=Verdict.PAID)
    ),
    "takes silence for failure": begin(with_row(Step.LOOK, SILENT=Verdict.FAILED)),
    "takes silence after the cancel for cancelled": begin(
        with_row(Step.CONFIRM, SILENT=Verdict.CANCELLED)
    ),
    "believes ABSENT at once": begin(with_row(Step.LOOK, ABSENT=Verdict.FAILED)),
    "cancels without looking": without_looking,
}


@pytest.mark.parametrize("flow", BROKEN.values(), ids=BROKEN)
def test_a_broken_flow_is_caught_within_a_thousand_schedules(flow):
    caught = next(
        (seed for seed in range(1000) if prove(schedule(seed, kills=False), flow).disagreements),
        None,
    )

    assert caught is not None


def test_the_right_flow_is_not_caught_by_what_catches_the_broken_ones():
    right = begin(NEXT)

    results = [prove(schedule(seed, kills=False), right) for seed in range(200)]

    assert disagreements(results) == []
