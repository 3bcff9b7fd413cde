"""What the pytest plugin adds to each test of a shop: a gateway with empty books, and its end."""

from __future__ import annotations

import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from qftools.catalogue import Text
from tests.bench.rows import Goal, Measured, Row
from tests.bench.running import Run
from tests.bench.timing import ROOT

# The tests themselves do nothing: what is between two starts is the fixture, pytest and xdist.
_TESTS = """
import json
import os
import time

import pytest

starts = []

@pytest.fixture(scope="session", autouse=True)
def written():
    yield
    with open(os.environ["PYTEST_XDIST_WORKER"] + ".json", "w") as file:
        json.dump(starts, file)

@pytest.mark.parametrize("number", range({tests}))
def test_bare(number):
    starts.append(("bare", time.perf_counter()))

@pytest.mark.parametrize("number", range({tests}))
def test_sandbox(number, qfpay_sandbox):
    starts.append(("sandbox", time.perf_counter()))
"""
_OPTIONS = ("-q", "-p", "qftools.pytest_plugin", "-p", "xdist.plugin", "-n", "2")


def _per_test(run: Run) -> Measured:
    """Return the milliseconds from each test's start to that of the same worker's next one."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "test_shop.py")
        file.write_text(_TESTS.format(tests=run.rounds(1000, 100)), "utf-8")
        subprocess.run(
            [sys.executable, "-m", "pytest", *_OPTIONS, str(file)],
            cwd=folder,
            env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT)},
            capture_output=True,
            check=True,
        )
        workers = [json.loads(kept.read_text("utf-8")) for kept in Path(folder).glob("*.json")]
    took: dict[str, list[float]] = {"bare": [], "sandbox": []}
    for starts in workers:
        fresh = set(took)  # the first of each kind loads what every later one has
        for (kind, start), (_kind, end) in itertools.pairwise(starts):
            if kind in fresh:
                fresh.remove(kind)
            else:
                took[kind].append((end - start) * 1e3)
    ours, bare = (statistics.median(took[name]) for name in ("sandbox", "bare"))
    return Measured(tuple(took["sandbox"]), ours, bare, "ms")


ROWS = (
    Row(
        "pytest-sandbox",
        Text(
            "xdist 两个进程跑 1,000 个测试，每个用 qfpay_sandbox：新账本、自己的凭据、测试后出报告",
            "1,000 tests in two processes of xdist, each with qfpay_sandbox: new books, own "
            "credentials, a report at the end",
        ),
        Text("空测试，只有 pytest 和 xdist", "an empty test: pytest and xdist alone"),
        Goal("<=", 10),
        Text(
            "一千个测试多花不到十秒",
            "a thousand tests take less than ten seconds more",
        ),
        _per_test,
        unit="ms",
        note=Text(
            "从一个测试开始到同一进程的下一个开始，按墙上时钟；每个进程的第一个不算",
            "from the start of a test to that of the next in its process, by the clock on the "
            "wall; the first of each process does not count",
        ),
    ),
)
