"""Play a schedule to its verdict, through deaths and resumes, and compare it with the books."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qftools.cancellation.findings import Finding
from qftools.cancellation.outcome import Outcome
from qftools.cancellation.run import finish
from qftools.cancellation.verdicts import Verdict
from qftools.cancellation.walk import Step, Walk
from qftools.client.awaiting import at_once
from qftools.journal.journal import Journal
from qftools.models import Order
from qftools.sandbox.books.states import MONEY_CAME, OPEN, State
from tests.awaited import cancel, resume
from tests.prove.lives import Result, judged, lived, newest
from tests.prove.schedule import Schedule
from tests.prove.stage import Stage

_OVER = frozenset({State.CANCELLED, State.EXPIRED, State.RELEASED})
#: The states of the books that bear a verdict out.
BORNE_OUT: dict[Verdict, frozenset[State]] = {
    Verdict.CANCELLED: _OVER,
    Verdict.ALREADY_CANCELLED: _OVER,
    Verdict.ALREADY_REFUNDED: frozenset({State.REFUNDED}),
    Verdict.FAILED: frozenset({State.FAILED}),
    Verdict.PAID: MONEY_CAME - {State.REFUNDED},
    Verdict.HELD: frozenset({State.HELD}),
    Verdict.RELEASED: frozenset({State.RELEASED}),
    Verdict.NOT_CANCELLABLE: OPEN,
}
_DEAD = (Verdict.CANCELLED, Verdict.ALREADY_CANCELLED, Verdict.RELEASED, Verdict.FAILED)


Flow = Callable[[Order, Schedule], Walk]
"""Begins a walk; a test of the proof itself begins a broken one."""


def prove(
    plan: Schedule,
    flow: Flow | None = None,
    tell: Callable[[Stage, Outcome], None] = lambda stage, outcome: None,
) -> Result:
    """Play *plan* and judge the verdict.

    Args:
        plan: What will happen.
        flow: Begins another walk than the real one; it is then played without a
            journal, so its schedule should hold no kills.
        tell: Shown how it ended.
    """
    stage = Stage(plan)
    if flow is not None:
        outcome = at_once(finish(stage.client, flow(stage.order, plan), stage))
        tell(stage, outcome)
        return _result(stage, outcome, [])
    if not plan.journalled:
        outcome = cancel(stage.client, stage.order, watch=stage, **_how(plan))
        tell(stage, outcome)
        return _result(stage, outcome, [])
    with lived(stage, _how(plan), seed=plan.seed, on_disk=plan.on_disk) as (journal, outcome, said):
        tell(stage, outcome)
        result = _result(stage, outcome, said)
        later = _later(stage, journal, outcome)
        return later if later is not None and not result.disagreements else result


def _how(plan: Schedule) -> dict[str, Any]:
    return {"policy": plan.policy, "profile": plan.profile, "hk_cancel": plan.hk_cancel}


def _later(stage: Stage, journal: Journal, outcome: Outcome) -> Result | None:
    """An unresolved cancel is resumed when all faults are over: it must be resolved then."""
    if outcome.verdict is not Verdict.UNRESOLVED:
        return None
    stage.mortal = False
    stage.sandbox._gateway.faults.clear()
    entry = stage.entry()
    if entry is not None:
        entry.faults.clear()
    before = _why(stage, outcome)
    again = resume(journal, stage.client, newest(journal).number)
    result = _result(stage, again, [])
    if again.verdict is Verdict.UNRESOLVED and _why(stage, again) in ("", _FAULTS):
        said = (*result.disagreements, f"still unresolved after the faults: {again.reason}")
        return Result(result.seed, again.verdict, result.why, result.deaths, said)
    # What was claimed first counts; this run only shows that it is not stuck.
    why = before or result.why
    return Result(result.seed, outcome.verdict, why, result.deaths, result.disagreements)


_FAULTS = "faults went on until patience ended"
_NEVER_ENDS = "the wallet never finished the cancel that it accepted"
_UNDERWAY = (State.CANCELLING, State.HOLD_CANCELLING, State.RELEASING)
_DROPPED = "the wallet dropped every cancel that the policy had sent"


def _why(stage: Stage, outcome: Outcome) -> str:
    """Say what kept a cancel from being resolved; empty where nothing excuses it."""
    if outcome.verdict is not Verdict.UNRESOLVED or not outcome.steps:
        return ""
    last, entry = outcome.steps[-1], stage.entry()
    if entry is not None and entry.state in _UNDERWAY:
        return _NEVER_ENDS
    if last.finding is Finding.SILENT:
        return _FAULTS
    if stage.cancels_dropped and last.finding in (Finding.OPEN, Finding.HELD):
        return _DROPPED
    # Those of this life: a look after a death, or after a refusal, begins anew.
    begun = max((n for n, taken in enumerate(outcome.steps) if taken.step is Step.LOOK), default=0)
    cancels = [taken for taken in outcome.steps[begun:] if taken.step is Step.CANCEL]
    of_the_last_kind = [taken for taken in cancels if taken.endpoint == cancels[-1].endpoint]
    if cancels and all(taken.finding is Finding.SILENT for taken in of_the_last_kind):
        return "every cancel that the policy allows was lost"
    return ""


def _result(stage: Stage, outcome: Outcome, said: list[str]) -> Result:
    wrong = said + stage.broken_promises + _against_the_books(stage, outcome)
    return judged(stage, stage.plan.seed, outcome, _why(stage, outcome), wrong)


def _against_the_books(stage: Stage, outcome: Outcome) -> list[str]:
    """Compare with the books as they were when the last query reached the gateway."""
    verdict, state = outcome.verdict, stage.last_looked
    if verdict is Verdict.UNRESOLVED:
        return []
    if verdict is Verdict.NOT_FOUND:
        return [] if state is None else ["NOT_FOUND, but the books have the order"]
    if state is None:
        return [f"{verdict}, but the books have no such order"]
    if state not in BORNE_OUT[verdict]:
        return [f"{verdict}, but the books say {state}"]
    return _still_dead(stage, verdict) if verdict in _DEAD else []


def _still_dead(stage: Stage, verdict: Verdict) -> list[str]:
    """Let payer and shop do everything to charge, for hours: no money may move any more."""
    entry = stage.entry()
    assert entry is not None
    for seconds in (0, 600, 7200):
        stage.sandbox.clock.advance(seconds)
        stage.sandbox.payer(entry).pay()
        stage.other_terminal("refund", entry)  # of a hold: its capture
    charged = entry.paid or entry.captured
    return [f"{verdict}, but the payer was charged later"] if charged else []
