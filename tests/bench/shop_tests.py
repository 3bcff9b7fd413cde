"""What the pytest plugin adds to each test of a shop: a gateway with empty books, and its end."""

from __future__ import annotations

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

# The tests themselves do nothing: what is between two starts is the fixture and pytest.
_TESTS = """
import json
import time

import pytest

starts = {{"bare": [], "sandbox": []}}

@pytest.mark.parametrize("number", range({tests}))
def test_bare(number):
    starts["bare"].append(time.perf_counter())

@pytest.mark.parametrize("number", range({tests}))
def test_sandbox(number, qfpay_sandbox):
    starts["sandbox"].append(time.perf_counter())

def test_written():
    with open("starts.json", "w") as file:
        json.dump(starts, file)
"""


def _per_test(run: Run) -> Measured:
    """Return the milliseconds from each test's start to the next one's, the first one left out."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "test_shop.py")
        file.write_text(_TESTS.format(tests=run.rounds(200, 50)), "utf-8")
        subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "qftools.pytest_plugin", str(file)],
            cwd=folder,
            env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT)},
            capture_output=True,
            check=True,
        )
        starts = json.loads(Path(folder, "starts.json").read_text("utf-8"))
    took = {
        name: [(after - before) * 1e3 for before, after in zip(at[1:], at[2:], strict=False)]
        for name, at in starts.items()
    }
    ours, bare = (statistics.median(took[name]) for name in ("sandbox", "bare"))
    return Measured(tuple(took["sandbox"]), ours, bare, "ms")


ROWS = (
    Row(
        "pytest-sandbox",
        Text(
            "每个测试用 qfpay_sandbox：新账本、自己的凭据、测试后出报告（第一个测试之后）",
            "each test with qfpay_sandbox: new books, own credentials, a report at the end (after "
            "the first)",
        ),
        Text("空测试，只有 pytest 本身", "an empty test: pytest alone"),
        Goal("<=", 10),
        Text(
            "一千个测试多花不到十秒",
            "a thousand tests take less than ten seconds more",
        ),
        _per_test,
        unit="ms",
    ),
)
