"""``make prove N=100000``: play many schedules on all processors, and say what was seen.

python -m tests.prove 100000                         fresh seeds: cancels, holds and refunds
python -m tests.prove 1000 --first 0                 the seeds 0 to 199, of each of the five
python -m tests.prove 1000 --gateway other           cancels on the second gateway alone
python -m tests.prove 1000 --gateway other-hold      holds there; other-refund: refunds there
python -m tests.prove 1000 --gateway refund          refunds alone, on the sandbox
python -m tests.prove --replay 4711                  one schedule of the sandbox, told in full
python -m tests.prove --replay 4711 --gateway other  one of the second gateway
"""

from __future__ import annotations

import argparse
import os
import secrets
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import chain
from typing import Any

from qftools.cancellation.outcome import Outcome
from tests.prove import proof, refunds, schedule
from tests.prove.lives import Result, explain
from tests.prove.other import proof as other_proof
from tests.prove.other import refunds as other_refunds
from tests.prove.other import schedule as other_schedule
from tests.prove.other.stage import Stage as OtherStage
from tests.prove.stage import Stage

BATCH = 50  # a second at most: so long one process may be busy when the other has nothing left
CAUSES = 40  # more than that are not printed
SHOWN = 12  # answers of a replayed schedule, the last ones


def played(seed: int, gateway: str = "sandbox") -> Result:
    """The result of one seed; an exception is a result, too."""
    try:
        here = GATEWAYS[gateway]
        return here.prove(here.plan(seed))
    except Exception as error:
        return explain(error, seed)


def batch(task: tuple[str, range]) -> list[Result]:
    """The results of some seeds."""
    gateway, seeds = task
    return [played(seed, gateway) for seed in seeds]


def play(
    gateway: str, first: int, number: int, pool: ProcessPoolExecutor | None
) -> Iterable[Result]:
    """The results of *number* seeds from *first*, as they come; in this process without a pool."""
    batches = [
        (gateway, range(start, min(start + BATCH, first + number)))
        for start in range(first, first + number, BATCH)
    ]
    return chain.from_iterable(map(batch, batches) if pool is None else pool.map(batch, batches))


def replay(seed: int, gateway: str) -> int:
    """Play one schedule, and show it."""
    here = GATEWAYS[gateway]
    plan = here.plan(seed)
    _show(plan)
    result = here.prove(plan, tell=here.tell)  # an exception is shown as it is
    print(f"{result.verdict}, {result.deaths} deaths, {result.why or 'proved'}")
    for line in result.disagreements:
        print(f"DISAGREES: {line}")
    return 1 if result.disagreements else 0


def _show(plan: Any) -> None:
    for name in plan.__slots__:
        print(f"{name:12} {getattr(plan, name)}")


def _steps(outcome: Outcome) -> None:
    for taken in outcome.steps:
        answer = taken.answer
        print(f"{taken.step:8} {taken.endpoint:9} {taken.finding:9} {answer.respcd} {answer.note}")
    print(f"{outcome.verdict} {outcome.reason}")


def _tell(stage: Stage, outcome: Outcome) -> None:
    _steps(outcome)
    print(f"the books: {stage.entry()}")


def _tell_refund(stage: refunds.Stage, outcome: Outcome) -> None:
    _steps(outcome)
    print(f"the books: {stage.entry()}\n{stage.given_back()}")


def _tell_other(stage: OtherStage, outcome: Outcome) -> None:
    _steps(outcome)
    print(f"asked for: {stage.order}")
    for said in stage.speaker.life[-SHOWN:]:  # a death forgets what was said before
        what = said.shows if said.clear else f"not clear: {said.trouble}"
        print(f"{said.endpoint:9} {what}\n    {said.body[:2000].decode(errors='replace')}")
    for payment in stage.gateway.payments:
        print(f"the books: {payment}")


@dataclass(frozen=True, slots=True)
class Gateway:
    """What is played on which gateway.

    Attributes:
        plan: Makes the schedule of a seed.
        prove: Plays one, and judges what it came to.
        tell: Prints what happened.
    """

    plan: Callable[[int], Any]
    prove: Callable[..., Result]
    tell: Callable[[Any, Outcome], None]


GATEWAYS = {
    "sandbox": Gateway(schedule.schedule, proof.prove, _tell),
    "other": Gateway(other_schedule.schedule, other_proof.prove, _tell_other),
    "other-hold": Gateway(other_schedule.of_a_hold, other_proof.prove, _tell_other),
    "refund": Gateway(refunds.schedule, refunds.prove, _tell_refund),
    "other-refund": Gateway(other_refunds.schedule, other_refunds.prove, _tell_other),
}


def main() -> int:
    """Play, count, and fail where claim and books differ."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("number", type=int, nargs="?", default=20_000)
    parser.add_argument("--first", type=int, default=None, help="first seed; fresh by default")
    parser.add_argument("--processes", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--gateway", choices=GATEWAYS, help="one alone; all by default")
    parser.add_argument("--replay", type=int, metavar="SEED")
    options = parser.parse_args()
    if options.replay is not None:
        return replay(options.replay, options.gateway or "sandbox")
    first = secrets.randbelow(10**8) * 1000 if options.first is None else options.first
    wanted = [options.gateway] if options.gateway else list(GATEWAYS)
    number = options.number // len(wanted)
    processes = options.processes
    with nullcontext() if processes == 1 else ProcessPoolExecutor(processes) as pool:
        # All are queued at once: no process waits for the end of one kind before the next.
        results = {gateway: play(gateway, first, number, pool) for gateway in wanted}
        wrong = [report(kind, number, first, processes, results[kind]) for kind in wanted]
    return 1 if any(wrong) else 0


def report(gateway: str, number: int, first: int, processes: int, results: Iterable[Result]) -> int:
    """Print what was seen on one gateway, and return how often claim and books differ."""
    started = time.perf_counter()
    verdicts: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    deaths = 0
    wrong: list[Result] = []
    for result in results:
        verdicts[result.verdict.value] += 1
        deaths += result.deaths
        if result.why:
            reasons[result.why] += 1
        if result.disagreements:
            wrong.append(result)
    seconds = time.perf_counter() - started
    last = first + number - 1
    print(f"{gateway}: {number} schedules, seeds {first} to {last}, {processes} processes")
    print(f"{seconds:.1f} s, {number / seconds:.0f} schedules/s, {deaths} kills and resumes")
    for verdict, count in verdicts.most_common():
        print(f"  {count:8}  {verdict}")
    unresolved = verdicts["UNRESOLVED"]
    print(f"UNRESOLVED: {unresolved} ({unresolved / number:.2%}), because")
    for why, count in reasons.most_common(CAUSES):
        print(f"  {count:8}  {why}")
    print(f"  {unresolved - sum(reasons.values()):8}  for no reason (there was proof)")
    print(f"disagreements with the books: {len(wrong)}\n")
    for result in wrong[:20]:
        said = "; ".join(result.disagreements)
        print(f"  python -m tests.prove --gateway {gateway} --replay {result.seed}: {said}")
    return len(wrong)


if __name__ == "__main__":
    sys.exit(main())
