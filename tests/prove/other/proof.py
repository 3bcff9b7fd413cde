"""Play a schedule against the second gateway, and compare the verdict with its truth."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from qftools.cancellation.outcome import Outcome
from qftools.cancellation.run import cancel, finish
from qftools.cancellation.verdicts import Verdict
from qftools.cancellation.walk import Walk
from qftools.client.awaiting import at_once
from qftools.client.client import Client
from qftools.journal.journal import Journal
from tests.prove.lives import Result, judged, lived, newest
from tests.prove.other.breaks import leaks
from tests.prove.other.gateway import ALIVE, CANCELS, ON_HOLD, Is, Truth
from tests.prove.other.schedule import Plan
from tests.prove.other.speaker import Said
from tests.prove.other.stage import KEY, Stage

Tell = Callable[[Stage, Outcome], None]

_DEAD = (Verdict.CANCELLED, Verdict.ALREADY_CANCELLED, Verdict.RELEASED, Verdict.FAILED)
_WORDS = {
    Verdict.CANCELLED: "dead",
    Verdict.ALREADY_CANCELLED: "dead",
    Verdict.FAILED: "dead",
    Verdict.RELEASED: "dead",
    Verdict.HELD: "held",
    Verdict.ALREADY_REFUNDED: "returned",
    Verdict.PAID: "paid",
    Verdict.NOT_CANCELLABLE: "open",
    Verdict.NOT_FOUND: "absent",
}


def prove(
    plan: Plan,
    *,
    kind: type[Client] = Client,
    flow: Callable[[Stage], Walk] | None = None,
    tell: Tell = lambda stage, outcome: None,
) -> Result:
    """Play *plan* and judge the verdict.

    Args:
        plan: What will happen.
        kind: A client that reads carelessly, for tests of the proof itself.
        flow: Begins a broken walk, likewise; played without a journal.
        tell: Shown how it ended.
    """
    stage = Stage(plan, kind)
    try:
        return _played(stage, flow, tell)
    finally:
        stage.close()


def _played(stage: Stage, flow: Callable[[Stage], Walk] | None, tell: Tell) -> Result:
    plan = stage.plan
    if flow is not None:
        outcome = at_once(finish(stage.client, flow(stage), stage))
    elif not plan.journalled:
        outcome = cancel(stage.client, stage.order, watch=stage, **_how(plan))
    else:
        return _through_deaths(stage, tell)
    tell(stage, outcome)
    return _result(stage, outcome, _leaked(stage, outcome))


def _through_deaths(stage: Stage, tell: Tell) -> Result:
    plan = stage.plan
    with lived(stage, _how(plan), seed=plan.seed, on_disk=plan.on_disk) as (journal, outcome, said):
        tell(stage, outcome)
        said = said + _leaked(stage, outcome) + _leaked_to(journal)
        result = _result(stage, outcome, said)
        if outcome.verdict is not Verdict.UNRESOLVED or result.disagreements:
            return result
        stage.calm()
        again = journal.resume(stage.client, newest(journal).number, watch=stage)
        later = _result(stage, again, [])
        # What was claimed first counts; the second run shows that it is not stuck.
        return Result(plan.seed, outcome.verdict, result.why, stage.deaths, later.disagreements)


def _how(plan: Plan) -> dict[str, Any]:
    return {"policy": plan.policy, "profile": plan.profile, "hk_cancel": plan.hk_cancel}


def _result(stage: Stage, outcome: Outcome, said: list[str]) -> Result:
    wrong = said + stage.broken_promises + _against_the_truth(stage, outcome)
    wrong += stage.speaker.amiss
    return judged(stage, stage.plan.seed, outcome, _why(stage, outcome), wrong)


# ---- is it true? --------------------------------------------------------------------------------


def _against_the_truth(stage: Stage, outcome: Outcome) -> list[str]:
    """Compare with what was so when the last query reached the gateway."""
    verdict, then = outcome.verdict, stage.speaker.truth_when_asked
    if verdict is Verdict.UNRESOLVED:
        return []
    if then is None:
        return [f"{verdict}, but no query reached the gateway"]
    own = stage.speaker.own_when_asked
    assert own is not None
    if own.word == _WORDS[verdict] and then.word == "returned":
        then = own  # the caller meant one payment; the others of the number are no danger
    if verdict is Verdict.NOT_FOUND and stage.speaker.there_when_looked is False:
        return []  # it arrived after the last look into its month
    if verdict is Verdict.NOT_CANCELLABLE and (ALIVE | {Is.RELEASING}).intersection(then.states):
        return []  # that one is open still; of what was charged it says nothing
    if then.word != _WORDS[verdict]:
        return [f"{verdict}, but the truth is {_told(then)}"]
    if verdict is Verdict.PAID:
        return _another_payment(stage, then)
    if verdict in _DEAD:
        return _wrong_end(verdict, then, own) + _still_dead(stage, verdict)
    return []


def _told(then: Truth) -> str:
    return f"{then.word}: {', '.join(then.states) or 'no payment'}"


def _another_payment(stage: Stage, then: Truth) -> list[str]:
    """What came must be what the caller asked for, as far as the rows say it."""
    if any(stage.speaker.fits(*paid) for paid in then.paid):
        return []
    return [f"PAID {stage.order.txcurrcd} {stage.order.txamt}, but what came is {then.paid}"]


def _wrong_end(verdict: Verdict, then: Truth, own: Truth) -> list[str]:
    """A payment that failed is not cancelled, nor the reverse; of several, one must say it."""
    if verdict is Verdict.RELEASED and Is.RELEASED not in then.states:
        return [f"{verdict}, but the truth is {_told(then)}"]
    failed = {state is Is.FAILED for state in (*then.states, *own.states)}
    if (verdict is Verdict.FAILED) in failed:
        return []
    return [f"{verdict}, but the truth is {_told(then)}"]


def _still_dead(stage: Stage, verdict: Verdict) -> list[str]:
    """Let the payer do everything to pay, for hours: no money may move any more."""
    attempts = stage.speaker.attempts()
    before = [len(payment.charged) for payment in attempts]
    for seconds in (0, 600, 7200):
        stage.clock.sleep(seconds)
        for payment in attempts:
            stage.gateway.pay(payment)
            stage.gateway.capture(payment)
    if [len(payment.charged) for payment in attempts] == before:
        return []
    return [f"{verdict}, but the payer was charged later"]


# ---- was there no proof? ------------------------------------------------------------------------


def _why(stage: Stage, outcome: Outcome) -> str:
    """Say, from what the gateway sent, what kept a cancel from being resolved; "" for nothing."""
    life = stage.speaker.life
    if outcome.verdict is not Verdict.UNRESOLVED or not life:
        return ""
    if reason := _the_callers_own(stage):
        return reason
    if any(said.clear and said.shows == "paid" for said in life if said.endpoint == "query"):
        return ""  # one such answer is enough; that all is dead may take several
    last = life[-1]
    if any(said.denied for said in life):
        return "the gateway refused the request itself"
    if not last.clear:
        return f"no clear answer at the end: {last.trouble}"
    return _open_to_the_end(stage, life)


def _the_callers_own(stage: Stage) -> str:
    """What the caller said of the order keeps every answer from being proof."""
    plan, attempts = stage.plan, stage.speaker.attempts()
    if not all(stage.speaker.fits(payment.txamt, payment.txcurrcd) for payment in attempts):
        return "amount or currency contradict the order"
    if plan.wrong == "syssn" and "syssn" in plan.knows:
        return "the caller's two numbers contradict each other"
    if stage.speaker.another_when_asked:
        return "another payment under the same number"
    return ""


def _open_to_the_end(stage: Stage, life: list[Said]) -> str:
    attempts = stage.speaker.attempts()
    if any(payment.state in (Is.CANCELLING, Is.RELEASING) for payment in attempts):
        return "the wallet never finished the cancel that it accepted"
    if stage.gateway.cancels_lost:
        return "the wallet dropped a cancel that it had accepted"
    cancels = [said for said in life if said.endpoint != "query"]
    if cancels and not any(said.clear for said in cancels):
        return "every cancel that was sent was lost"
    policy = stage.plan.policy
    if policy is not None and len(cancels) >= policy.cancel_tries:
        return "the policy allows no more cancels"
    if stage.speaker.unsaid:
        return "the gateway refused a cancel without saying so"
    if "pay_type" not in stage.plan.knows and "pay_type" in stage.speaker.way.leaves_out:
        return "no answer tells the pay type"
    if "txamt" not in stage.plan.knows and "txamt" in stage.speaker.way.leaves_out:
        return "no answer tells the amount"
    held = any(payment.state in ON_HOLD for payment in attempts)
    if held and stage.speaker.way.leaves_out & {"syssn", "txamt"}:
        return "no answer tells what a release needs"
    if stage.plan.pay_type not in CANCELS and not held:
        return "no call is known for the pay type"
    return ""


# ---- does a secret get out? ---------------------------------------------------------------------


def _leaked(stage: Stage, outcome: Outcome) -> list[str]:
    if stage.plan.echo is None:  # the gateway never said the key
        return []
    shown = f"{outcome!r} {json.dumps(outcome.to_dict())} {outcome.to_dict('zh')}"
    shown += "".join(repr(exchange) for exchange in outcome.evidence)
    return [f"the key is in the outcome: {name}" for name in leaks(KEY, shown)]


def _leaked_to(journal: Journal) -> list[str]:
    if journal.path == ":memory:":
        return []
    said = []
    for path in Path(journal.path).parent.iterdir():
        text = path.read_bytes().decode("latin-1")
        said += [f"the key is in the journal: {name}" for name in leaks(KEY, text)]
    return said
