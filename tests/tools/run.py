"""Every check of the project, in one run: ``make test``.

    python -m tests.tools.run          all of them
    python -m tests.tools.run lint     those whose name begins so

All checks run even if one fails, so that one run shows everything. The last line counts tests;
each other check counts as one.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.tools import machine

ROOT = Path(__file__).resolve().parents[2]

# Order: what fails fastest comes first.
CHECKS: dict[str, tuple[str, ...]] = {
    "lint: ruff check": ("ruff", "check"),
    "lint: ruff format": ("ruff", "format", "--check"),
    "lint: mypy": ("mypy",),
    "lint: zizmor": ("zizmor", "--offline", "--no-progress", "--quiet", ".github"),
    # The tests of the site build it, strictly.
    "tests: pytest": (
        *("pytest", "-n", "auto", "--maxprocesses=8"),
        *("--dist=loadscope", "--no-loadscope-reorder"),  # in the order of tests/conftest.py
    ),
    # Faults for some seconds, in a module a day; all of them: make mutants.
    "tests: mutants": ("tests.mutants", "--sample", "20"),
}

NO_MODULES = ("zizmor",)


@dataclass(frozen=True, slots=True)
class Result:
    """What one check came to, and why tests were skipped in it."""

    counts: Counter[str]
    skipped: tuple[str, ...] = ()


def run(name: str, command: tuple[str, ...]) -> Result:
    """Run one check from the project's root, its output going straight to the reader."""
    print(f"\n== {name}", flush=True)
    if command[0] == "pytest":
        return run_pytest(command)
    done = subprocess.run(_with_our_python(command), cwd=ROOT, check=False)
    return Result(Counter(["passed" if done.returncode == 0 else "failed"]))


def run_pytest(command: tuple[str, ...]) -> Result:
    """Run pytest and count from its report, not from its exit status alone."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        done = subprocess.run(
            [*_with_our_python(command), f"--junit-xml={report}"], cwd=ROOT, check=False
        )
        if not report.exists():
            return Result(Counter(failed=1))
        result = read_report(report)
    if done.returncode and not result.counts["failed"]:
        result.counts["failed"] += 1  # no test collected, an error outside of tests, Ctrl-C
    return result


def read_report(report: Path) -> Result:
    """The counts and the skip reasons of a JUnit report."""
    counts: Counter[str] = Counter()
    reasons = []
    for case in ElementTree.parse(report).iter("testcase"):
        outcomes = {child.tag: child.get("message") or "" for child in case}
        if "failure" in outcomes or "error" in outcomes:
            counts["failed"] += 1
        elif "skipped" in outcomes:
            counts["skipped"] += 1
            reasons.append(f"{case.get('name')}: {outcomes['skipped']}")
        else:
            counts["passed"] += 1
    return Result(counts, tuple(reasons))


def left_out(results: list[Result]) -> Iterator[str]:
    """One line for each thing that this run could not check."""
    for need in machine.missing():
        yield (
            f"{need.name} ({need.used_by}): {machine.how_to_get(need)}"
            f" ({machine.why_missing(need.name)})"
        )
    for result in results:
        yield from result.skipped


def _with_our_python(command: tuple[str, ...]) -> list[str]:
    if command[0] in NO_MODULES:
        return [str(Path(sys.executable).with_name(command[0])), *command[1:]]
    return [sys.executable, "-m", *command]


def main() -> int:
    """Run the checks that were asked for; the exit status is 1 if anything failed."""
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    os.environ.setdefault("NO_MKDOCS_2_WARNING", "1")
    # Tests start hundreds of processes: without byte code on the disk each compiles all it imports.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    if machine.nothing_may_be_left_out() and not wanted:
        machine.install(machine.missing())
    checks = {name: command for name, command in CHECKS.items() if name.startswith(wanted)}
    results = {name: run(name, command) for name, command in checks.items()}

    print("\n== summary")
    for name, result in results.items():
        print(f"{'FAILED' if result.counts['failed'] else 'passed'}  {name}")
    for line in left_out(list(results.values())) if not wanted else ():
        print(f"left out: {line}")
    total = sum((result.counts for result in results.values()), Counter())
    print(f"{total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped")
    return 1 if total["failed"] or not total["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
