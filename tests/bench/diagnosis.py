"""``make bench-diagnosis``: how often the true cause of a wrong signature is named, and how fast.

    python -m tests.bench.diagnosis              100 requests for each cause, 1000 pairs
    python -m tests.bench.diagnosis --quick      10 and 200

Writes the table that the site shows, if ``--write FILE`` says where.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from qftools import explain
from tests import broken_requests as made


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one request came to."""

    names: tuple[str, ...]
    right: bool
    seconds: float


def outcome(names: tuple[str, ...], seed: str) -> Outcome | None:
    """Make one request and explain it; None where these ways can't go together."""
    rng = random.Random(seed)
    broken = made.broken(rng, names) if names else made.correct(rng)
    if broken is None:
        return None
    started = time.process_time()
    diagnosis = explain(
        broken.paste, key=broken.payload.key, other_keys={"other": broken.payload.other_key}
    )
    seconds = time.process_time() - started
    named = [finding for finding in diagnosis.findings if finding.proof == "reproduced"]
    wanted = {cause.partition(":")[0] for cause in broken.causes}
    fields = {cause.partition(":")[2] for cause in broken.causes} - {""}
    right = {finding.id for finding in named} == wanted
    right = right and fields <= {finding.field for finding in named}
    if not names:
        right = right and diagnosis.signature == "right"
    return Outcome(names, right, seconds)


def batch(tasks: list[tuple[tuple[str, ...], str]]) -> list[Outcome]:
    """The outcomes of some tasks."""
    found = (outcome(names, seed) for names, seed in tasks)
    return [each for each in found if each is not None]


def tasks(singles: int, pairs: int) -> Iterable[tuple[tuple[str, ...], str]]:
    """What to make: correct requests, every cause alone, and pairs drawn at random."""
    for number in range(singles * 2):
        yield (), f"correct {number}"
    for name in made.BREAKERS:
        for number in range(singles):
            yield (name,), f"{name} {number}"
    rng = random.Random(0)
    every = made.pairs()
    for number in range(pairs):
        yield rng.choice(every), f"pair {number}"


def run(singles: int, pairs: int) -> list[Outcome]:
    """All outcomes, on all processors, with progress at a terminal."""
    every = list(tasks(singles, pairs))
    parts = [every[at : at + 50] for at in range(0, len(every), 50)]
    done: list[Outcome] = []
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for number, found in enumerate(pool.map(batch, parts), 1):
            done += found
            if sys.stderr.isatty():
                print(f"\r{number * 100 // len(parts)} %", end="", file=sys.stderr, flush=True)
    return done


def row(label: str, outcomes: list[Outcome]) -> dict[str, object]:
    """One line of the table."""
    seconds = sorted(each.seconds for each in outcomes)
    return {
        "requests": label,
        "count": len(outcomes),
        "named": sum(each.right for each in outcomes),
        "median_ms": round(statistics.median(seconds) * 1000, 1),
        "slowest_ms": round(seconds[-1] * 1000),
    }


def table(outcomes: list[Outcome]) -> list[dict[str, object]]:
    """The three lines that count."""
    by_size: dict[int, list[Outcome]] = defaultdict(list)
    for each in outcomes:
        by_size[len(each.names)].append(each)
    labels = {0: "correct: no false cause", 1: "one cause", 2: "two causes together"}
    return [row(labels[size], found) for size, found in sorted(by_size.items())]


def main() -> int:
    """Print the table, and each cause that was missed; 1 if the promise is not kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--write", type=Path, metavar="FILE")
    options = parser.parse_args()
    outcomes = run(*((10, 200) if options.quick else (100, 1000)))
    lines = table(outcomes)
    print(f"\n{'':26} {'requests':>9} {'named':>7} {'share':>8} {'median':>9} {'slowest':>9}")
    for line in lines:
        share = 100 * int(str(line["named"])) / int(str(line["count"]))
        print(
            f"{line['requests']:26} {line['count']:>9} {line['named']:>7} {share:>6.2f} %"
            f" {line['median_ms']:>6} ms {line['slowest_ms']:>6} ms"
        )
    missed: dict[tuple[str, ...], int] = defaultdict(int)
    for each in outcomes:
        missed[each.names] += not each.right
    for names, count in sorted(missed.items(), key=lambda item: -item[1])[:15]:
        if count:
            print(f"  missed {count:>3}: {' + '.join(names) or 'a correct request'}")
    if options.write:
        options.write.write_text(json.dumps(lines, indent=2) + "\n", encoding="utf-8")
    wanted = {0: 100.0, 1: 99.0, 2: 95.0}
    shares = [100 * int(str(line["named"])) / int(str(line["count"])) for line in lines]
    return 0 if all(s >= w for s, w in zip(shares, wanted.values(), strict=True)) else 1


if __name__ == "__main__":
    sys.exit(main())
