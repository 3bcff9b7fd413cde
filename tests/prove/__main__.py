"""``make prove N=100000``: play many schedules on all processors, and say what was seen.

python -m tests.prove 100000            fresh seeds
python -m tests.prove 1000 --first 0    the seeds 0 to 999
python -m tests.prove --replay 4711     one schedule, told in full
"""

from __future__ import annotations

import argparse
import os
import secrets
import sys
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor

from qftools.cancellation import Outcome
from tests.prove.proof import Result, explain, prove
from tests.prove.schedule import Schedule, schedule
from tests.prove.stage import Stage

BATCH = 250


def played(seed: int) -> Result:
    """The result of one seed; an exception is a result, too."""
    try:
        return prove(schedule(seed))
    except Exception as error:
        return explain(error, seed)


def batch(seeds: range) -> list[Result]:
    """The results of some seeds."""
    return [played(seed) for seed in seeds]


def play(first: int, number: int, processes: int) -> Iterable[Result]:
    """The results of *number* seeds from *first*, as they come."""
    batches = [
        range(start, min(start + BATCH, first + number))
        for start in range(first, first + number, BATCH)
    ]
    if processes == 1:
        for seeds in batches:
            yield from batch(seeds)
        return
    with ProcessPoolExecutor(processes) as pool:
        for results in pool.map(batch, batches):
            yield from results


def replay(seed: int) -> int:
    """Play one schedule, and show it."""
    plan = schedule(seed)
    for name in Schedule.__slots__:
        print(f"{name:12} {getattr(plan, name)}")
    result = prove(plan, tell=_tell)  # an exception is shown as it is
    print(f"{result.verdict}, {result.deaths} deaths, {result.why or 'proved'}")
    for line in result.disagreements:
        print(f"DISAGREES: {line}")
    return 1 if result.disagreements else 0


def _tell(stage: Stage, outcome: Outcome) -> None:
    for taken in outcome.steps:
        answer = taken.answer
        print(f"{taken.step:8} {taken.endpoint:9} {taken.finding:9} {answer.respcd} {answer.note}")
    print(f"{outcome.verdict} {outcome.reason}\nthe books: {stage.entry()}")


def main() -> int:
    """Play, count, and fail where claim and books differ."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("number", type=int, nargs="?", default=20_000)
    parser.add_argument("--first", type=int, default=None, help="first seed; fresh by default")
    parser.add_argument("--processes", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--replay", type=int, metavar="SEED")
    options = parser.parse_args()
    if options.replay is not None:
        return replay(options.replay)
    first = secrets.randbelow(10**8) * 1000 if options.first is None else options.first
    return report(options.number, first, options.processes)


def report(number: int, first: int, processes: int) -> int:
    """Play, and print what was seen."""
    started = time.perf_counter()
    verdicts: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    deaths = 0
    wrong: list[Result] = []
    for result in play(first, number, processes):
        verdicts[result.verdict.value] += 1
        deaths += result.deaths
        if result.why:
            reasons[result.why] += 1
        if result.disagreements:
            wrong.append(result)
    seconds = time.perf_counter() - started
    print(f"{number} schedules, seeds {first} to {first + number - 1}, {processes} processes")
    print(f"{seconds:.1f} s, {number / seconds:.0f} schedules/s, {deaths} kills and resumes")
    for verdict, count in verdicts.most_common():
        print(f"  {count:8}  {verdict}")
    unresolved = verdicts["UNRESOLVED"]
    print(f"UNRESOLVED: {unresolved} ({unresolved / number:.2%}), because")
    for why, count in reasons.most_common():
        print(f"  {count:8}  {why}")
    print(f"  {unresolved - sum(reasons.values()):8}  for no reason (faults were over)")
    print(f"disagreements with the books: {len(wrong)}")
    for result in wrong[:20]:
        print(f"  python -m tests.prove --replay {result.seed}: {'; '.join(result.disagreements)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
