"""Taking times in pairs: ABAB, so that whatever else the machine does falls on both sides.

Computing is timed by the processor time of this process, which other processes can't add to;
what waits for a socket or a disk is timed by the clock on the wall.
"""

from __future__ import annotations

import gc
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.rows import Measured

Act = Callable[[], object]
ROOT = Path(__file__).resolve().parents[2]


def in_turns(
    acts: Mapping[str, Act],
    rounds: int,
    seconds: float = 0.01,
    timer: Callable[[], float] = time.process_time,
) -> dict[str, list[float]]:
    """Return seconds for one go of each act, *rounds* times, measured in turns.

    Args:
        acts: What is timed, by name.
        rounds: How many samples of each.
        seconds: How long a sample lasts, about.
        timer: Which clock.

    Example:
        >>> times = in_turns({"a": lambda: None, "b": lambda: None}, 3, 0.001)
        >>> {name: len(samples) for name, samples in times.items()}
        {'a': 3, 'b': 3}
    """
    goes = {name: _goes_in(act, seconds) for name, act in acts.items()}
    times: dict[str, list[float]] = {name: [] for name in acts}
    order = list(acts)
    for _ in range(rounds):
        for name in order:
            times[name].append(_sample(acts[name], goes[name], timer) / goes[name])
        order.reverse()  # neither side is always the first
    return times


def compared(ours: Sequence[float], theirs: Sequence[float], scale: float, each: str) -> Measured:
    """Return the ratios of samples that were taken in turns, and both medians times *scale*."""
    return Measured(
        tuple(mine / other for mine, other in zip(ours, theirs, strict=True)),
        statistics.median(ours) * scale,
        statistics.median(theirs) * scale,
        each,
    )


def in_fresh_process(code: str) -> float:
    """Return the processor seconds that *code* takes in a Python that has loaded nothing else."""
    timed = f"import time; start = time.process_time(); {code}; print(time.process_time() - start)"
    done = subprocess.run(
        [sys.executable, "-c", timed],
        cwd=ROOT,
        env=_as_installed(),
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout.split()[-1])


@dataclass(frozen=True, slots=True)
class Took:
    """What a process took, its children included.

    Attributes:
        processor: Seconds of computing: what the wall shows on a machine with nothing else to
            do, for a process that waits for nothing.
        wall: Seconds from start to end.
    """

    processor: float
    wall: float


def whole_process(command: Sequence[str], *, status: int = 0, **environment: str) -> Took:
    """Run *command* to its end, and return what it took.

    Args:
        command: A program with its arguments.
        status: The exit status that it must end with.
        environment: Variables for it.

    Raises:
        ValueError: It did not end with this exit status.
    """
    start, before = time.perf_counter(), _children()
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=_as_installed() | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    took = Took(_children() - before, time.perf_counter() - start)
    if done.returncode != status:
        raise ValueError(f"{command} ended with {done.returncode}: {done.stderr[-500:]}")
    return took


def _as_installed() -> dict[str, str]:
    """The environment, with Python's byte code kept as an installation keeps it."""
    return {key: text for key, text in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _goes_in(act: Act, seconds: float) -> int:
    goes = 1
    while True:
        taken = _sample(act, goes, time.perf_counter)
        if taken >= seconds / 2:
            return max(1, round(goes * seconds / taken))
        goes *= 2


def _sample(act: Act, goes: int, timer: Callable[[], float]) -> float:
    collecting = gc.isenabled()
    gc.disable()  # a collection falls on one side by chance
    try:
        start = timer()
        for _ in range(goes):
            act()
        return timer() - start
    finally:
        if collecting:
            gc.enable()
