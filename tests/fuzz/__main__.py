"""Let hostile input in, and see that nothing fails, takes long, takes memory or shows a secret.

python -m tests.fuzz 20000                      fresh seeds, of every kind
python -m tests.fuzz 1000 --kind pastes         of one kind
python -m tests.fuzz --kind pastes --replay 17  one input, in this process; shows it
"""

from __future__ import annotations

import argparse
import faulthandler
import multiprocessing
import os
import secrets
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait

from tests.fuzz import inputs
from tests.fuzz.kinds import KINDS, SHARES, Fault, Kind, shown_secrets
from tests.fuzz.limits import BYTES, SECONDS

HANGS = 60  # seconds after which an input has hung its reader
SHOWN = 20
Task = tuple[str, int]
# Not a fork: a copy of a process with threads (a browser's, a server's) can wait for ever for a
# lock that one of them held.
_PROCESSES = multiprocessing.get_context("spawn")


@dataclass(frozen=True, slots=True)
class Found:
    """One input that was not taken as it must be."""

    kind: str
    seed: int
    sort: str
    said: str


def tried(reader: Kind, kind: str, seed: int) -> Found | None:
    """What is wrong with how one input is taken; None where nothing is."""
    data = inputs.made(kind, seed)
    reader.meter.start()
    try:
        shown = reader.play(data, seed)
    except Fault as fault:
        return Found(kind, seed, "fault", str(fault))
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{last.filename.rpartition('/')[2]}:{last.lineno}"
        return Found(kind, seed, "traceback", f"{type(error).__name__} at {where}: {error!s:.200}")
    if over := reader.meter.over():
        return Found(kind, seed, "over the limits", over)
    if leaked := shown_secrets(data, shown):
        return Found(kind, seed, "secret shown", ", ".join(leaked))
    return None


def _work(tasks: Sequence[Task], kinds: Mapping[str, type[Kind]], back: Connection) -> None:
    readers: dict[str, Kind] = {}
    try:
        for kind, seed in tasks:
            faulthandler.dump_traceback_later(HANGS, exit=True)
            if kind not in readers:
                readers[kind] = kinds[kind]().__enter__()
            back.send(tried(readers[kind], kind, seed))
            faulthandler.cancel_dump_traceback_later()
    finally:
        for reader in readers.values():
            reader.__exit__()


@dataclass
class _Worker:
    """A process that works through its tasks; one that dies is followed by another."""

    tasks: Sequence[Task]
    kinds: Mapping[str, type[Kind]]
    done: int = 0

    def start(self) -> Connection:
        """Begin with what is left, and return where results come from."""
        ours, theirs = _PROCESSES.Pipe(duplex=False)
        self.process = _PROCESSES.Process(
            target=_work, args=(self.tasks[self.done :], self.kinds, theirs)
        )
        self.process.start()
        theirs.close()
        return ours


def play(
    tasks: Sequence[Task], processes: int, kinds: Mapping[str, type[Kind]] = KINDS
) -> Iterator[tuple[Task, Found | None]]:
    """Try all, and give each with what was found, as they come."""
    workers = [_Worker(tasks[number::processes], kinds) for number in range(processes)]
    open_ends = {worker.start(): worker for worker in workers if worker.tasks}
    try:
        while open_ends:
            for end in wait(list(open_ends)):
                assert isinstance(end, Connection)
                worker = open_ends[end]
                try:
                    said = end.recv()
                except EOFError:
                    del open_ends[end]
                    worker.process.join()
                    if worker.done == len(worker.tasks):
                        continue
                    kind, seed = worker.tasks[worker.done]
                    why = f"its reader ended with {worker.process.exitcode}: it hung, or was killed"
                    worker.done += 1
                    yield (kind, seed), Found(kind, seed, "fault", why)
                    open_ends[worker.start()] = worker
                    continue
                task = worker.tasks[worker.done]
                worker.done += 1
                yield task, said
    finally:
        for worker in workers:
            if worker.tasks and worker.process.is_alive():
                worker.process.terminate()


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
        found = tried(reader, kind, seed)
    print(found or "taken as it must be")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
