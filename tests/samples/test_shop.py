"""The shops of the page "Test your shop": their own tests, run as a reader runs them."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from qftools.exam.situations import chosen
from qftools.sandbox.situations import situations

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs/samples/shop"
FRAMEWORKS = ("django", "fastapi", "flask")


@pytest.mark.needs("php")
def test_the_shops_of_the_page_pass_their_own_tests():
    for name in FRAMEWORKS:
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"{name} is not installed: make setup")

    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "qftools.pytest_plugin"),
            *("-p", "no:cacheprovider", "-c", os.devnull),
            *("--rootdir", FOLDER, "--confcutdir", FOLDER, FOLDER),
        ],
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )

    assert (
        f"{2 * len(FRAMEWORKS) + len(situations()) + 1 + len(chosen('basics'))} passed"
        in done.stdout
    ), done.stdout
    assert done.returncode == 0
