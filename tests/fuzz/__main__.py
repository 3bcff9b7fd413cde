"""Let hostile input in, and see that nothing fails, takes long, takes memory or shows a secret.

python -m tests.fuzz 20000                      fresh seeds, of every kind
python -m tests.fuzz 1000 --kind pastes         of one kind
python -m tests.fuzz --kind pastes --replay 17  one input, in this process; shows it
"""

from __future__ import annotations

import argparse
import os
import secrets
import sys
import time
from collections import Counter
from collections.abc import Sequence

from tests.fuzz import inputs
from tests.fuzz.kinds import KINDS, SHARES
from tests.fuzz.limits import BYTES, SECONDS
from tests.fuzz.running import Found, Task, at_its_best, play

SHOWN = 100


def planned(number: int, first: int, kinds: Sequence[str]) -> list[Task]:
    """*number* inputs from seed *first*, shared out between the kinds."""
    whole = sum(SHARES[kind] for kind in kinds)
    shared = [
        (kind, first + seed) for kind in kinds for seed in range(number * SHARES[kind] // whole)
    ]
    return shared or [(kinds[0], first)]


def main() -> int:
    """Try, count, and fail where anything was found."""
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").splitlines()[0],
        epilog=f"Limits: {SECONDS:g} s of the processor and {BYTES // 2**20} MB for each input.",
    )
    parser.add_argument("number", type=int, nargs="?", default=20_000)
    parser.add_argument("--kind", choices=KINDS, help="one alone; all by default")
    parser.add_argument("--first", type=int, help="first seed; fresh by default")
    parser.add_argument("--processes", type=int, default=min(4, os.cpu_count() or 1))
    parser.add_argument("--replay", type=int, metavar="SEED", help="with --kind")
    asked = parser.parse_args()
    if asked.replay is not None:
        return _replayed(asked.kind or parser.error("--replay needs --kind"), asked.replay)
    first = secrets.randbelow(10**9) if asked.first is None else asked.first
    tasks = planned(asked.number, first, [asked.kind] if asked.kind else list(KINDS))
    return _reported(tasks, asked.processes, first)


def _reported(tasks: Sequence[Task], processes: int, first: int) -> int:
    begun = time.monotonic()
    counts: Counter[tuple[str, str]] = Counter()
    found: list[Found] = []
    for number, (task, one) in enumerate(play(tasks, processes), 1):
        counts[task[0], one.sort if one else "taken as it must be"] += 1
        if one:
            found.append(one)
        if sys.stderr.isatty() and number % 20 == 0:
            print(f"\r{number} of {len(tasks)}, {len(found)} wrong ", end="", file=sys.stderr)
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr)
    for one in found[:SHOWN]:
        print(f"{one.sort}: {one.said}\n    again: --kind {one.kind} --replay {one.seed}")
    if len(found) > SHOWN:
        print(f"... and {len(found) - SHOWN} more")
    for kind in KINDS:
        row = {sort: n for (of, sort), n in counts.items() if of == kind}
        if row:
            print(f"{kind:14}" + ", ".join(f"{n:,} {sort}" for sort, n in sorted(row.items())))
    sorts = Counter(one.sort for one in found)
    print(
        f"{len(tasks):,} inputs from seed {first} in {time.monotonic() - begun:.0f} s: "
        f"{sorts['traceback']} tracebacks, {sorts['over the limits']} over the limits, "
        f"{sorts['secret shown']} secrets shown, {sorts['fault']} other faults"
    )
    return 1 if found else 0


def _replayed(kind: str, seed: int) -> int:
    data = inputs.made(kind, seed)
    print(data if len(data) < 10_000 else data[:10_000] + b" ...")
    with KINDS[kind]() as reader:
        found = at_its_best(reader, kind, seed)
    print(found or "taken as it must be")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
