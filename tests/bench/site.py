"""The site: how long it takes to build, what its first page weighs."""

from __future__ import annotations

import gzip
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qftools.catalogue import Text
from tests import machine
from tests.bench.rows import Goal, Measured, Missing, Row
from tests.bench.running import Run
from tests.bench.startup import PROCESSOR
from tests.bench.timing import Took, whole_process
from tests.browser import chromium
from tests.site import serving

_LESSON = "lite/en/notebooks/index.html?path=01-quickstart.ipynb"
_FIRST_RESULT = "() => document.querySelector('.jp-OutputArea-output') !== null"


@dataclass(frozen=True, slots=True)
class Built:
    """The site with the lessons, as `make docs` builds it, and what that took."""

    folder: Path
    took: Took


@dataclass(frozen=True, slots=True)
class Visit:
    """A lesson opened in the browser: seconds to the first result, MB that came over the wire."""

    seconds: float
    megabytes: float


def _built(run: Run) -> Built:
    def build() -> Built:
        kept = tempfile.TemporaryDirectory(prefix="qftools-site-")
        folder = Path(run.at_end.enter_context(kept))
        mkdocs = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet"]
        pages = whole_process([*mkdocs, f"--site-dir={folder}"])
        lite = whole_process([sys.executable, "-m", "docs._site.browser", str(folder)])
        return Built(folder, Took(pages.processor + lite.processor, pages.wall + lite.wall))

    return run.once("site", build)


def _build_time(run: Run) -> Measured:
    took = _built(run).took
    return Measured((took.processor,), took.wall, None, "s on the wall")


def _home(run: Run) -> Measured | Missing:
    if not machine.present("chromium"):
        return _no_browser()
    plain, packed = 0, 0
    with serving.served(_built(run).folder) as url, chromium() as browser:
        page = browser.new_page()
        bodies: list[bytes] = []
        page.on("response", lambda response: _keep(response, bodies))
        page.goto(url + "/en/", wait_until="networkidle")
        for body in bodies:
            plain += len(body)
            packed += len(gzip.compress(body, 6))
    return Measured((packed / 1e3,), plain / 1e3, None, "kB unpacked")


def _keep(response: Any, bodies: list[bytes]) -> None:
    if response.request.resource_type != "font" and response.status == 200:
        bodies.append(response.body())


def _visits(run: Run) -> tuple[Visit, Visit]:
    def measure() -> tuple[Visit, Visit]:
        with serving.served(_built(run).folder) as url, chromium() as browser:
            context = browser.new_context()
            return _visit(context, url), _visit(context, url)

    return run.once("visits", measure)


def _visit(context: Any, url: str) -> Visit:
    page = context.new_page()
    moved = 0

    def count(request: Any) -> None:
        nonlocal moved
        try:
            moved += request.sizes()["responseBodySize"]
        except Exception:  # from the browser's cache: nothing moved
            return

    page.on("requestfinished", count)
    start = time.perf_counter()
    page.goto(f"{url}/{_LESSON}", wait_until="domcontentloaded")
    page.wait_for_selector(".jp-Cell", timeout=120_000)
    page.locator(".jp-Notebook .jp-CodeCell").first.click()
    page.keyboard.press("Shift+Enter")
    page.wait_for_function(_FIRST_RESULT, timeout=120_000)
    seconds = time.perf_counter() - start
    page.close()
    return Visit(seconds, moved / 1e6)


def _visited(read: Callable[[tuple[Visit, Visit]], Measured]) -> Callable[..., Measured | Missing]:
    def measure(run: Run) -> Measured | Missing:
        return read(_visits(run)) if machine.present("chromium") else _no_browser()

    return measure


def _no_browser() -> Missing:
    return Missing(Text("本机没有 Chromium", "this machine has no Chromium"))


_LOOPBACK = Text("静态文件服务器，回环地址", "a static file server on loopback")

ROWS = (
    Row(
        "site-build",
        Text(
            "完整构建站点，含浏览器里的课程", "a full build of the site, lessons in the browser too"
        ),
        Text("无", "nothing"),
        Goal("<=", 120),
        Text("改一个字不该等太久", "nobody waits long for a changed word"),
        _build_time,
        unit="s",
        note=PROCESSOR,
        quick=False,
    ),
    Row(
        "site-home",
        Text("首页的重量（gzip，不含字体）", "weight of the home page, gzip, without fonts"),
        Text("无", "nothing"),
        Goal("<=", 350),
        Text("手机流量也能读", "readable on a phone's data plan"),
        _home,
        unit="kB",
        quick=False,
    ),
)
