"""What is planted, that it is noticed where a test looks, and that no file is changed by it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.mutants.__main__ import reasons
from tests.mutants.planting import mutants

ROOT = Path(__file__).resolve().parent.parent.parent

MODULE = """\
TABLE = {"a": 1, "b": 2}


class Box:
    size: int = 3

    @property
    def double(self):
        return self.size * 2

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.size = 0


def seen(value):
    return value + 1


def unseen(value):
    return value + 1
"""
TESTS = """\
from small import TABLE, Box, seen


def test_all_of_it():
    with Box() as box:
        assert (TABLE, box.size, box.double, seen(1)) == ({"a": 1, "b": 2}, 3, 6, 2)
    assert box.size == 0
"""
PROGRAM = """\
import json, time
from tests.mutants.planting import mutants
from tests.mutants.running import look, play

found = mutants("small.py")
known = look("small.py", ["test_small.py"], [])
ends = play(found, known, ["test_small.py"], 2, time.time() + 60)
print(json.dumps([[mutant.function, mutant.change, end] for mutant, end in ends]))
"""


def test_a_fault_in_a_table_a_default_a_property_or_a_function_is_noticed(tmp_path):
    (tmp_path / "small.py").write_text(MODULE)
    (tmp_path / "test_small.py").write_text(TESTS)
    (tmp_path / "pyproject.toml").write_text('[tool.pytest.ini_options]\npythonpath = ["."]\n')
    (tmp_path / "tests").mkdir()

    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{PROGRAM}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )

    ends = json.loads(done.stdout)
    killed = {place for place, _, end in ends if end == "test_small.py::test_all_of_it"}
    assert killed == {"", "Box", "Box.double", "Box.__exit__", "seen"}
    assert {place for place, _, end in ends if end == "no test runs these lines"} == {"unseen"}
    assert {place for place, _, end in ends} == killed | {"unseen"}
    assert (tmp_path / "small.py").read_text() == MODULE


def test_every_survivor_that_is_listed_can_still_be_planted_and_has_a_reason():
    known = reasons()

    there = {mutant.name for module in {name[0] for name in known} for mutant in mutants(module)}
    assert set(known) <= there
    assert all(known.values())
