"""The site: how long it takes to build, what its first page weighs."""

from __future__ import annotations

import gzip
import re
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qftools.catalogue import Text
from tests.bench.hosting import hosted
from tests.bench.rows import Goal, Measured, Missing, Row
from tests.bench.running import Run
from tests.bench.startup import PROCESSOR
from tests.bench.timing import Took, whole_process
from tests.browser import chromium, returning
from tests.site import serving
from tests.tools import machine

_READERS = 3
_LESSON = "lite/en/notebooks/index.html?path=01-quickstart.ipynb"


@dataclass(frozen=True, slots=True)
class Built:
    """The site with the lessons, as `make docs` builds it, and what that took."""

    folder: Path
    took: Took


@dataclass(frozen=True, slots=True)
class Visit:
    """A lesson opened in the browser: seconds to the first result, MB that went over the wire."""

    seconds: float
    megabytes: float


def _built(run: Run) -> Built:
    def build() -> Built:
        kept = tempfile.TemporaryDirectory(prefix="qftools-site-")
        folder = Path(run.at_end.enter_context(kept))
        mkdocs = [sys.executable, "-m", "mkdocs", "build", "--strict"]
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


# Presses the player's next step until that changes what the merchant knows.
_PRESS = """() => {
  const press = () => {
    const knows = document.querySelector(".qf-story .qf-knows");
    const before = knows?.textContent;
    document.querySelector(".qf-story [data-act=n]")?.click();
    if (knows && knows.textContent !== before) window.answered = performance.now();
    else setTimeout(press, 2);
  };
  press();
}"""


def _interactive(run: Run) -> Measured | Missing:
    if not machine.present("chromium"):
        return _no_browser()
    with hosted(_built(run).folder) as (url, _sent), chromium() as browser:
        seconds = [_until_a_press_is_answered(browser, f"{url}/en/") for _ in range(11)]
    return Measured(tuple(seconds[1:]))  # the first one starts the browser's own processes


def _until_a_press_is_answered(browser: Any, address: str) -> float:
    """Seconds from the navigation to the first press that has an effect, with nothing kept."""
    context = browser.new_context()
    page = context.new_page()
    page.add_init_script(f"({_PRESS})()")
    page.goto(address)
    answered: float = page.wait_for_function("window.answered").json_value()
    context.close()
    return answered / 1e3


def _visits(run: Run) -> tuple[list[Visit], list[Visit]]:
    """First and second visits of some readers."""

    def measure() -> tuple[list[Visit], list[Visit]]:
        with hosted(_built(run).folder) as (url, sent):
            readers = [_two_visits(url, sent) for _ in range(_READERS)]
        return [first for first, _again in readers], [again for _first, again in readers]

    return run.once("visits", measure)


def _two_visits(url: str, sent: list[int]) -> list[Visit]:
    visits = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        for _ in range(2):
            sent.clear()
            with returning(Path(profile)) as browser:  # closed in between, as a reader does
                seconds = _first_result(browser, url)
            visits.append(Visit(seconds, sum(sent) / 1e6))
    return visits


def _first_result(context: Any, url: str) -> float:
    """Open a lesson, run its first cell, and return the seconds until its result is there."""
    page = context.new_page()
    start = time.perf_counter()
    page.goto(f"{url}/{_LESSON}", wait_until="domcontentloaded")
    cell = page.locator(".jp-Notebook .jp-CodeCell").first
    cell.wait_for(timeout=120_000)
    cell.click()
    page.keyboard.press("Shift+Enter")
    prompt = cell.locator(".jp-InputPrompt").first
    prompt.filter(has_text="[*]").wait_for(timeout=120_000)  # the saved output does not count
    prompt.filter(has_text=re.compile(r"\[\d+\]")).wait_for(timeout=120_000)
    seconds = time.perf_counter() - start
    page.close()
    return seconds


def _visited(which: int, read: Callable[[Visit], float]) -> Callable[..., Measured | Missing]:
    def measure(run: Run) -> Measured | Missing:
        if not machine.present("chromium"):
            return _no_browser()
        return Measured(tuple(read(visit) for visit in _visits(run)[which]))

    return measure


def _no_browser() -> Missing:
    return Missing(Text("本机没有 Chromium", "this machine has no Chromium"))


_LOOPBACK = Text(
    "本机上的静态站点：gzip 压缩，缓存十分钟",
    "a static host on loopback: gzip, ten minutes to keep",
)

_WALL = Text(
    "按墙上时钟，机器上别的程序也算在里面。负载为 5 的双核机器上，第二次访问用 5.2 到 6.0 s："
    "其中笔记本页面 2.3 s。页面之后，按处理器时间：启动 Pyodide 1.2 s，"
    "解开 28 个 wheel 1.0 s，内核 0.3 s，第一格 0.5 s",
    "by the clock on the wall: what else the machine does counts. On two cores with a load of 5 "
    "a second visit took 5.2 to 6.0 s, of which the notebook's page took 2.3. After it, by the "
    "processor's time: 1.2 s for Pyodide's start, 1.0 to unpack 28 wheels, 0.3 for the kernel, "
    "0.5 for the first cell",
)
_EMPTY = Text(
    "按墙上时钟；每次都是新的读者，浏览器里什么都没有缓存",
    "by the clock on the wall; each time a new reader, of whom the browser has kept nothing",
)
_SENT = Text(
    "其中解释器和标准库 7.4 MB，wheel 5.5 MB，笔记本页面 1.9 MB",
    "of this 7.4 MB are Python itself, 5.5 MB its packages, 1.9 MB the notebook's page",
)

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
    Row(
        "home-interactive",
        Text(
            "首页的播放器：从打开到按钮有反应",
            "the home page's player: open to the first press that is answered",
        ),
        Text("无", "nothing"),
        Goal("<=", 1),
        _LOOPBACK,
        _interactive,
        unit="s",
        quick=False,
        note=_EMPTY,
    ),
    Row(
        "lesson-first",
        Text(
            "浏览器里的课程：打开到第一个结果，第一次访问",
            "a lesson in the browser: open to first result",
        ),
        Text("无", "nothing"),
        Goal("<=", 8),
        _LOOPBACK,
        _visited(0, lambda visit: visit.seconds),
        unit="s",
        quick=False,
        note=_WALL,
    ),
    Row(
        "lesson-again",
        Text("同上，第二次访问", "the same, second visit"),
        Text("无", "nothing"),
        Goal("<=", 5),
        _LOOPBACK,
        _visited(1, lambda visit: visit.seconds),
        unit="s",
        quick=False,
        note=_WALL,
    ),
    Row(
        "lesson-bytes",
        Text("同上，第一次访问的下载量（gzip）", "the same, first visit: sent, gzip"),
        Text("无", "nothing"),
        Goal("<=", 16),
        _LOOPBACK,
        _visited(0, lambda visit: visit.megabytes),
        unit="MB",
        note=_SENT,
        quick=False,
    ),
    Row(
        "lesson-bytes-again",
        Text("同上，第二次访问的下载量（gzip）", "the same, second visit: sent, gzip"),
        Text("无", "nothing"),
        Goal("<=", 0.5),
        _LOOPBACK,
        _visited(1, lambda visit: visit.megabytes),
        unit="MB",
        quick=False,
    ),
)
