"""Try hostile inputs in processes of their own, and tell what each came to."""

from __future__ import annotations

import faulthandler
import multiprocessing
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait

from tests.fuzz import inputs
from tests.fuzz.kinds import KINDS, Fault, Kind, shown_secrets

HANGS = 60  # seconds after which an input has hung its reader
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
    if leaked := shown_secrets(reader.arrives(data), shown):
        return Found(kind, seed, "secret shown", ", ".join(leaked))
    return None


def at_its_best(reader: Kind, kind: str, seed: int) -> Found | None:
    """As `tried`; what is over the limits once may share its core, so it is tried twice more."""
    for _time in range(3):
        found = tried(reader, kind, seed)
        if found is None or found.sort != "over the limits":
            break
    return found


def _work(tasks: Sequence[Task], kinds: Mapping[str, type[Kind]], back: Connection) -> None:
    readers: dict[str, Kind] = {}
    try:
        for kind, seed in tasks:
            faulthandler.dump_traceback_later(HANGS, exit=True)
            if kind not in readers:
                readers[kind] = kinds[kind]().__enter__()
            back.send(at_its_best(readers[kind], kind, seed))
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
