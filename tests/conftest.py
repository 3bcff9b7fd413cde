"""What every test may use: the machine's table, and the settings of the property tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from qftools import Client
from qftools.sandbox import Sandbox
from tests.browser import chromium
from tests.lab import running_lab
from tests.tools import machine

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

collect_ignore_glob = ["examples/*"]  # run by test_examples.py, not imported for doctests

# What takes longest, the longest first. A worker takes a file at a time: one that begins such a
# file last would have all others wait for it.
LONG = (
    "tests/site/test_site.py",
    "tests/test_lab.py",
    "tests/test_panels_in_lab.py",
    "tests/site/test_lessons_in_browser.py",
    "tests/sandbox/test_kill.py",
    "tests/prove/test_other.py",
    "tests/samples/test_samples.py",
    "tests/samples/test_exam.py",
    "tests/test_notebook7.py",
    "tests/diagnosis/test_bounds.py",
    "tests/test_readme_in_a_shell.py",
    "tests/sandbox/test_books_balance.py",
    "tests/mutants/test_mutants.py",
    "tests/fuzz/test_fuzz.py",
    "tests/prove/test_kills.py",
    "tests/prove/test_prove.py",
)

settings.register_profile("default", deadline=None)
settings.register_profile(
    "prove", deadline=None, max_examples=int(os.environ.get("EXAMPLES", "20000"))
)
settings.load_profile("default")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what takes longest in front."""
    rank = {name: at for at, name in enumerate(LONG)}
    items.sort(key=lambda item: rank.get(item.nodeid.partition("::")[0], len(rank)))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose need the machine lacks; where nothing may be left out, fail it."""
    for mark in item.iter_markers("needs"):
        for name in mark.args:
            if not (why := machine.why_missing(name)):
                continue
            reason = f"needs {name}: {machine.how_to_get(machine.NEEDS[name])} ({why})"
            if machine.nothing_may_be_left_out():
                pytest.fail(reason, pytrace=False)
            pytest.skip(reason)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A sandbox as it is without any options, in process."""
    with Sandbox() as running:
        yield running


@pytest.fixture
def client(sandbox: Sandbox) -> Client:
    """A client that is wired to the sandbox."""
    return sandbox.client()


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that is given no pause, such as a command's, asks again at once."""
    monkeypatch.setattr(Client, "_sleep", staticmethod(lambda seconds: None))


@pytest.fixture(scope="session", autouse=True)
def _own_state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Whatever a test keeps by default, it keeps away from the journal of the person who tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("QFTOOLS_JOURNAL", raising=False)
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(scope="session", autouse=True)
def _nothing_left_in_the_root() -> Iterator[None]:
    """A program that a test starts in the project's folder leaves no file of its own there."""
    before = _unknown_to_git()
    yield
    assert _unknown_to_git() <= before


def _unknown_to_git() -> set[str]:
    """The files beside the project's own, in its root alone; none where there is no git."""
    git = shutil.which("git")
    if git is None or not (machine.ROOT / ".git").exists():
        return set()
    asked = [git, "status", "--porcelain", "--", ":(glob)*"]
    told = subprocess.check_output(asked, cwd=machine.ROOT, text=True)
    return {line for line in told.splitlines() if line.startswith("??")}


@pytest.fixture(scope="session")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with source and wheel, built as a release is: the wheel from the source."""
    folder = tmp_path_factory.mktemp("dist")
    uv = str(Path(sys.executable).with_name("uv"))
    subprocess.run([uv, "build", "--quiet", "--out-dir", str(folder)], cwd=machine.ROOT, check=True)
    return folder


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A browser for all tests of a run; a test that wants it also says ``needs("chromium")``."""
    with chromium() as running:
        yield running


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a JupyterLab over a copy of the lessons, for all tests of a run."""
    with running_lab(tmp_path_factory.mktemp("lab")) as address:
        yield address


@pytest.fixture(scope="session")
def window(browser: Browser, lab: str) -> Iterator[Page]:
    """A window in which JupyterLab is loaded, once for all tests of a run: that takes seconds."""
    with browser.new_context() as context:
        context.set_default_timeout(60_000)
        page = context.new_page()
        page.goto(f"{lab}/doc?reset")
        page.wait_for_function("() => window.jupyterapp")
        yield page


@pytest.fixture
def reader(window: Page) -> Page:
    """The window of one reader of all lessons, whatever size it had and where the mouse was."""
    window.set_viewport_size({"width": 1280, "height": 1000})
    window.emulate_media(reduced_motion="no-preference")
    window.mouse.move(0, 0)
    return window
