"""The lessons on Pyodide, as the site serves them: no server behind, no way out."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.lab import RUN_ALL
from tests.site import serving

pytestmark = pytest.mark.needs("chromium", "chinese-font", "npm", "node")


@pytest.fixture(scope="module")
def lite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the browser build is served, on loopback."""
    site: Path = tmp_path_factory.mktemp("lite")
    subprocess.run(
        [sys.executable, "-m", "docs._site.browser", str(site)], cwd=serving.ROOT, check=True
    )
    with serving.served(site) as address:
        yield f"{address}/lite"


@pytest.fixture
def notebook(browser, lite):
    """Open a lesson; what it asked of others, or threw, is in ``page.wrong``."""
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    context.set_default_timeout(120_000)
    page = context.new_page()
    page.wrong = []
    own = (lite, "data:", "blob:")
    context.route(
        lambda url: not url.startswith((*own, lite.removesuffix("lite"))),
        lambda route: (page.wrong.append(route.request.url), route.abort()),
    )
    page.on("pageerror", lambda error: page.wrong.append(str(error)))

    def open_(lang: str, name: str):
        page.goto(f"{lite}/{lang}/notebooks/index.html?path={name}")
        page.wait_for_selector(".jp-Notebook .jp-Cell")
        page.counts = page.evaluate(RUN_ALL, 1200)
        return page

    yield open_
    context.close()


@pytest.mark.parametrize(
    ("lang", "lesson", "end"),
    [
        ("zh", "01-quickstart", "CANCELLED"),
        ("en", "08-unknown-outcome", "CANCELLED"),  # a journal: SQLite, files, locks
        ("zh", "12-leftovers", "42/42 CANCELLED 18 PAID 24"),  # a sweep without a thread
        ("en", "13-real-gateway", "--set full_refund_again=1264: 0 left"),  # a tap, a recording
    ],
)
def test_a_lesson_runs_to_its_verdict_in_the_browser(notebook, lang, lesson, end):
    page = notebook(lang, f"{lesson}.ipynb")

    assert page.counts == list(range(1, len(page.counts) + 1))
    expect(page.locator(".jp-Notebook")).to_contain_text(end, timeout=60_000)
    assert "Traceback" not in page.inner_text(".jp-Notebook")
    assert page.wrong == []


def test_a_panel_answers_a_press_in_the_browser(notebook):
    page = notebook("en", "04-alipay.ipynb")
    flow = page.locator(".jp-OutputArea-output .qf-panel, .jp-OutputArea-output .widget-vbox").first
    flow.locator("button").first.wait_for()
    before = flow.inner_text()

    flow.locator("button").first.click()
    page.wait_for_function(
        "([panel, before]) => panel.innerText !== before", arg=[flow.element_handle(), before]
    )

    assert "Traceback" not in page.inner_text(".jp-Notebook")
    assert page.wrong == []


def test_each_package_that_a_lesson_loads_is_in_the_notices_with_its_version(lite):
    with urllib.request.urlopen(f"{lite}/pyodide/pyodide-lock.json") as answer:
        packages = json.load(answer)["packages"].values()
    with urllib.request.urlopen(f"{lite.removesuffix('/lite')}/notices.txt") as answer:
        notices = answer.read().decode()

    told = {line.lower().replace("_", "-").replace(".", "-") for line in notices.splitlines()}
    named = {f"{one['name']} {one['version']}".replace(".", "-") for one in packages}
    assert named - told == set()
    assert "Mozilla Public License Version 2.0" in notices
    assert "The source code: https://github.com/pyodide/pyodide" in notices


@pytest.fixture
def contents(lite):
    """Return what is in the wheel of a package, by the package's name."""

    def read(name: str) -> set[str]:
        with urllib.request.urlopen(f"{lite}/pyodide/pyodide-lock.json") as answer:
            wheel = json.load(answer)["packages"][name]["file_name"]
        with urllib.request.urlopen(f"{lite}/pyodide/{wheel}") as answer:
            return set(zipfile.ZipFile(io.BytesIO(answer.read())).namelist())

    return read


def test_what_every_lesson_loads_comes_compiled(contents):
    ipython = contents("ipython")

    assert "IPython/core/interactiveshell.pyc" in ipython
    assert "IPython/core/interactiveshell.py" not in ipython


def test_qftools_keeps_its_source_beside_the_byte_code_so_that_a_reader_can_look(contents):
    ours = contents("qfpay-toolkit")

    assert {"qftools/client/client.py", "qftools/client/__pycache__/client.cpython-314.pyc"} <= ours


def test_what_no_lesson_reads_stays_out_and_what_completes_a_name_stays_in(contents):
    jedi = contents("jedi")

    assert "jedi/third_party/typeshed/stdlib/builtins.pyi" in jedi
    assert not [name for name in jedi if name.startswith("jedi/third_party/typeshed/stubs/")]
