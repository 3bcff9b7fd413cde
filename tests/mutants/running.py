"""Runs mutants: each in a process forked from one that has everything loaded.

A mutant inside a function is planted where the tests are collected already: the code of the
function is exchanged, and the tests that run its lines are run, the fastest first. One in a
table, a class or a default is planted before the package is imported. No file is ever changed.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import importlib
import importlib.machinery
import importlib.util
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from tests.mutants.planting import Mutant

SURVIVED = ""  # else the test that killed it, or one of these
NO_TEST = "no test runs these lines"
TIMED_OUT = "timed out"
CRASHED = "did not load"
BROKEN = "could not be run"  # the fault of what is here, not of the mutant
UNFIT = "must be planted before the import"

_OPTIONS = [
    *("-p", "no:cacheprovider", "-p", "no:terminal", "-o", "addopts=", "--doctest-modules"),
    *("--import-mode=importlib", "--strict-markers", "--confcutdir=."),
    "--assert=plain",  # else the modules that are named would be loaded by pytest's own loader
]
_MEMORY = 4 << 30

Verdict = tuple[Mutant, str]


@dataclass(slots=True)
class Seen:
    """What one run of the tests shows, without any fault.

    Attributes:
        tests: How long each takes, in seconds.
        lines: The lines of the module that each runs; under "" those that ran before any test.
        failed: The tests that fail as it is.
        loaded: The modules of others that are worth loading before forking.
    """

    tests: dict[str, float] = field(default_factory=dict)
    lines: dict[str, list[int]] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)

    def running(self, mutant: Mutant) -> list[str]:
        """The tests that run the mutant's lines; for a table or a class, any of its module."""
        first, last = mutant.lines
        found = [
            test
            for test in self.tests
            # A test that reads a table alone runs no line of the module.
            if not mutant.in_function or any(first <= at <= last for at in self.lines[test])
        ]
        return sorted(found, key=self.tests.__getitem__)

    def is_early(self, mutant: Mutant) -> bool:
        """Whether it has to be planted before the package is imported."""
        first, last = mutant.lines
        return not mutant.in_function or any(first <= at <= last for at in self.lines[""])


def look(module: str, files: Sequence[str], left_out: Sequence[str]) -> Seen:
    """Run the tests once, in a process of its own, and return what they run of *module*."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "seen.json")

        def run() -> None:
            _quiet(folder)
            watcher = _Watcher(str(Path(module).resolve()))
            pytest.main([*_OPTIONS, *_deselected(left_out), *files], plugins=[_Profile(), watcher])
            report.write_text(json.dumps(asdict(watcher.seen)), encoding="utf-8")

        _wait_for(_fork(run))
        seen = Seen(**json.loads(report.read_text(encoding="utf-8"))) if report.exists() else Seen()
    if not seen.tests:
        raise SystemExit(f"the tests of {module} could not be run: pytest {' '.join(files)}")
    return seen


def play(
    chosen: Sequence[Mutant], seen: Seen, files: Sequence[str], jobs: int, until: float
) -> Iterator[Verdict]:
    """Run mutants of one module, and tell of each what killed it; none is begun after *until*."""
    for name in seen.loaded:
        _import_quietly(name)
    for mutant in chosen:
        compile(mutant.source(), mutant.module, "exec", dont_inherit=True)  # else all would notice
    tested = {mutant: seen.running(mutant) for mutant in chosen}
    yield from ((mutant, NO_TEST) for mutant in chosen if not tested[mutant])
    late = [one for one in chosen if tested[one] and not seen.is_early(one)]
    early = [one for one in chosen if tested[one] and seen.is_early(one)]
    with tempfile.TemporaryDirectory() as folder:
        if late:
            for mutant, end in _late(late, seen, files, jobs, until, folder):
                if end == UNFIT:
                    early.append(mutant)
                else:
                    yield mutant, end
        tell = {one: functools.partial(_plant_early, one, tested[one]) for one in early}
        yield from _pool(tell, seen, jobs, until, folder)


def _late(
    chosen: Sequence[Mutant],
    seen: Seen,
    files: Sequence[str],
    jobs: int,
    until: float,
    folder: str,
) -> Iterator[Verdict]:
    """Fork one process that collects the tests; it forks one for every mutant."""
    reading, writing = os.pipe()

    def run() -> None:
        os.close(reading)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # ends those that it has started
        _quiet(folder)
        pytest.main(
            [*_OPTIONS, *files],
            plugins=[_Profile(), _Planter(chosen, seen, jobs, until, folder, writing)],
        )

    process = _fork(run)
    os.close(writing)
    try:
        with os.fdopen(reading, encoding="utf-8") as lines:
            for line in lines:
                at, end = json.loads(line)
                yield chosen[at], end
    except BaseException:
        os.kill(process, signal.SIGTERM)
        raise
    finally:
        os.waitpid(process, 0)


# ---- processes ------------------------------------------------------------------------


def _fork(run: Callable[[], None]) -> int:
    """Start *run* in a forked process that leads a group of its own."""
    process = os.fork()
    if process:
        return process
    try:
        os.setsid()
        run()
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def _wait_for(process: int) -> int:
    _, status = os.waitpid(process, 0)
    _end(process)
    return status


def _end(process: int) -> None:
    """End what is left of a process and of those that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process, signal.SIGKILL)


def _quiet(folder: str) -> None:
    """Let the tests print nowhere, and keep their files in *folder*."""
    os.environ["PYTEST_DEBUG_TEMPROOT"] = folder
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)


def _pool(
    tasks: Mapping[Mutant, Callable[[], str]], seen: Seen, jobs: int, until: float, folder: str
) -> Iterator[Verdict]:
    """Run each task in a process of its own, *jobs* at a time."""
    waiting = list(tasks)
    running: dict[int, tuple[Mutant, int, str]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < jobs and time.time() < until:
                mutant = waiting.pop(0)
                own = tempfile.mkdtemp(dir=folder)
                reading, writing = os.pipe()
                seconds = sum(seen.tests[test] for test in seen.running(mutant))
                run = functools.partial(_answer, tasks[mutant], own, writing, seconds)
                running[_fork(run)] = mutant, reading, own
                os.close(writing)
            if not running:
                return
            process, status = os.waitpid(-1, 0)
            if process not in running:
                continue
            mutant, reading, own = running.pop(process)
            _end(process)
            with os.fdopen(reading, encoding="utf-8") as answer:
                end = answer.read() if status == 0 else _by_status(status)
            shutil.rmtree(own, ignore_errors=True)
            yield mutant, end
    finally:
        for process in running:
            _end(process)


def _by_status(status: int) -> str:
    if not os.WIFSIGNALED(status):
        return BROKEN
    return TIMED_OUT if os.WTERMSIG(status) in (signal.SIGALRM, signal.SIGPROF) else CRASHED


def _answer(task: Callable[[], str], own: str, writing: int, seconds: float) -> None:
    _quiet(own)
    for which, signalled, limit in (
        (signal.ITIMER_PROF, signal.SIGPROF, 5 + 3 * seconds),
        (signal.ITIMER_REAL, signal.SIGALRM, 20 + 10 * seconds),
    ):
        signal.signal(signalled, signal.SIG_DFL)
        signal.setitimer(which, limit)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    try:
        end = task()
    except Exception as error:
        end = f"{BROKEN}: {error!r}"
    os.write(writing, end.encode())


# ---- planting, in the forked process ----------------------------------------------------


def _plant_early(mutant: Mutant, tests: list[str]) -> str:
    """Import the package with the fault in it, and run the tests."""
    path = Path(mutant.module).resolve()
    name = mutant.module[:-3].replace("/", ".")
    sys.meta_path.insert(0, _Finder(name, path, mutant.source()))
    runner = _Runner(tests)
    files = dict.fromkeys(test.split("::")[0] for test in tests)
    pytest.main([*_OPTIONS, *files], plugins=[_Profile(), runner])
    loaded = sys.modules.get(name)
    assert loaded is None or isinstance(loaded.__loader__, _Loader), "it was not planted"
    return runner.end


class _Finder:
    """Finds one module, with another source."""

    def __init__(self, name: str, path: Path, source: bytes) -> None:
        self._name, self._path, self._source = name, path, source

    def find_spec(self, name: str, *_: object) -> importlib.machinery.ModuleSpec | None:
        if name != self._name:
            return None
        loader = _Loader(name, str(self._path))
        loader.source = self._source
        return importlib.util.spec_from_file_location(name, self._path, loader=loader)


class _Loader(importlib.machinery.SourceFileLoader):
    source = b""

    def get_code(self, fullname: str) -> CodeType:
        return compile(self.source, self.path, "exec", dont_inherit=True)


def _exchange(mutant: Mutant, functions: list[FunctionType]) -> bool:
    """Give the function that is loaded the mutant's code; False where that can't be."""
    path = str(Path(mutant.module).resolve())
    old = compile(Path(mutant.module).read_bytes(), path, "exec", dont_inherit=True)
    new = compile(mutant.source(), path, "exec", dont_inherit=True)
    mine = {_place(code): code for code in _codes(old)}
    wanted = [
        (place, code)
        for place, code in ((_place(code), code) for code in _codes(new))
        if place in mine and not _same(mine[place], code)
    ]
    hit = False
    for place, code in wanted:
        for function in functions:
            if _place(function.__code__) == place:
                if function.__code__.co_freevars != code.co_freevars:
                    return False
                function.__code__ = code
                hit = True
    return hit


def _codes(code: CodeType) -> Iterator[CodeType]:
    """The code of every function of a module and of its classes, not of those inside functions."""
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            if inner.co_flags & 0x1:  # CO_OPTIMIZED: a function, not a class
                yield inner
            else:
                yield from _codes(inner)


def _place(code: CodeType) -> tuple[str, int]:
    return code.co_qualname, code.co_firstlineno


def _same(one: CodeType, other: CodeType) -> bool:
    return one == other and one.co_consts == other.co_consts


class _Profile:
    """Few examples, the same each time, for the property tests."""

    def pytest_collection(self) -> None:
        from hypothesis import settings

        settings.register_profile(
            "mutants", deadline=None, max_examples=25, derandomize=True, database=None
        )
        settings.load_profile("mutants")


class _Runner:
    """Runs the wanted tests in the wanted order, up to the first that fails."""

    def __init__(self, tests: list[str]) -> None:
        self.tests = tests
        self.end = CRASHED  # the tests could not even be collected

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if not session.testsfailed:
            items = {item.nodeid: item for item in session.items}
            # Where the fault is in what tests are made for, they have other names now.
            there = [test for test in self.tests if test in items]
            self.end = run_tests(items, there if len(there) == len(self.tests) else list(items))
        return True


def run_tests(items: dict[str, pytest.Item], tests: list[str]) -> str:
    """Run tests that are collected; return the first that fails, or ``SURVIVED``."""
    wanted = [items[test] for test in tests]
    for item, after in zip(wanted, [*wanted[1:], None], strict=True):
        try:
            reports = runtestprotocol(item, log=False, nextitem=after)
        except (KeyboardInterrupt, SystemExit, pytest.exit.Exception):
            return item.nodeid
        if any(report.failed for report in reports):
            return item.nodeid
    return SURVIVED


class _Planter:
    """In place of running the tests, forks for every mutant and runs there what it needs."""

    def __init__(
        self, chosen: Sequence[Mutant], seen: Seen, jobs: int, until: float, folder: str, out: int
    ) -> None:
        self._chosen, self._seen, self._jobs, self._until = chosen, seen, jobs, until
        self._folder, self._out = folder, out

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = {item.nodeid: item for item in session.items}
        path = str(Path(self._chosen[0].module).resolve())
        loaded = gc.get_objects()
        functions = [
            it for it in loaded if type(it) is FunctionType and it.__code__.co_filename == path
        ]
        for it in loaded:
            if isinstance(it, functools._lru_cache_wrapper):
                it.cache_clear()  # what was computed before the fault must not hide it
        del loaded
        gc.freeze()

        def task(mutant: Mutant) -> str:
            if not _exchange(mutant, functions):
                return UNFIT
            return run_tests(items, self._seen.running(mutant))

        tasks = {one: functools.partial(task, one) for one in self._chosen}
        places = {one: at for at, one in enumerate(self._chosen)}
        for mutant, end in _pool(tasks, self._seen, self._jobs, self._until, self._folder):
            os.write(self._out, json.dumps([places[mutant], end]).encode() + b"\n")
        return True


class _Watcher:
    """Notes which lines of one file each test runs."""

    def __init__(self, path: str) -> None:
        self.seen = Seen()
        self._path = path
        self._lines: set[int] = set()
        sys.settrace(self._trace)
        threading.settrace(self._trace)

    def _trace(self, frame: FrameType, event: str, argument: object) -> Any:
        if frame.f_code.co_filename != self._path:
            return None
        self._lines.add(frame.f_lineno)
        return self._trace_line

    def _trace_line(self, frame: FrameType, event: str, argument: object) -> Any:
        self._lines.add(frame.f_lineno)
        return self._trace_line

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self.seen.lines.setdefault("", sorted(self._lines))
        self._lines.clear()
        begun = time.perf_counter()
        result = yield
        self.seen.tests[item.nodeid] = round(time.perf_counter() - begun, 4)
        self.seen.lines[item.nodeid] = sorted(self._lines)
        return result

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.seen.failed.append(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.seen.failed.append(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        sys.settrace(None)
        threading.settrace(None)
        here = str(Path.cwd())
        self.seen.loaded = [
            name
            for name, module in list(sys.modules.items())
            if (file := getattr(module, "__file__", None))
            and ("site-packages" in file or not file.startswith(here))
        ]


def _deselected(tests: Iterable[str]) -> list[str]:
    return [f"--deselect={test}" for test in tests]


def _import_quietly(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except Exception:
        return None
