"""The workbench's page with ten thousand calls: how soon a call is there, how soon a filter is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from qftools.catalogue import Text
from qftools.sandbox import Sandbox
from qftools.sandbox.sandbox import APP_CODE, CLIENT_KEY
from qftools.signing import sign
from qftools.transport.door import WireRequest
from tests.bench.rows import Goal, Measured, Missing, Row
from tests.bench.running import Run
from tests.browser import chromium
from tests.tools import machine

_CALLS = 10_000  # as many as a sandbox keeps
_FORM = "application/x-www-form-urlencoded"

# Each acts, and returns the seconds until the page shows what comes of it.
_UNTIL = """
const until = (shown) => new Promise((done) => {
  const look = () => (shown() ? done() : requestAnimationFrame(look));
  look();
});
const counted = () => document.querySelector("#count").textContent;
"""
_CALL = f"""async ([number, headers]) => {{ {_UNTIL}
  const began = performance.now();
  fetch("/trade/v1/query", {{method: "POST", headers, body: `syssn=${{number}}`}});
  await until(() => document.querySelector("#rows")?.textContent.includes(number));
  return (performance.now() - began) / 1000;
}}"""
_CHIP = f"""async () => {{ {_UNTIL}
  const chip = document.querySelector("[data-chip=signature]");
  const before = counted();
  const began = performance.now();
  chip.click();
  await until(() => counted() !== before);
  return (performance.now() - began) / 1000;
}}"""
# What is typed is looked for once no key was pressed for a while; that pause is left out.
_SEARCH = f"""async (word) => {{ {_UNTIL}
  const box = document.querySelector("#q");
  box.value = word;
  const began = performance.now();
  box.dispatchEvent(new Event("input"));
  await until(() => document.querySelectorAll("#rows .row").length === 1
    && document.querySelector("#rows .row").textContent.toLowerCase().includes(word));
  return (performance.now() - began) / 1000 - 0.12;
}}"""


@contextmanager
def _page() -> Iterator[Any]:
    with Sandbox() as sandbox, chromium() as browser:
        url = sandbox.serve()
        for number in range(1, _CALLS + 1):
            headers = _headers(f"S{number}") if number % 100 else {"x-qf-appcode": APP_CODE}
            body = f"syssn=S{number}".encode()
            wire = WireRequest("POST", "/trade/v1/query", "", headers, body)
            with sandbox._assembly.lock:
                sandbox._gateway.handle(wire)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(f"{url}/?lang=en")
        page.wait_for_selector("#rows .row")
        page.wait_for_function("document.querySelector('#grade').textContent")
        yield page


def _headers(number: str) -> dict[str, str]:
    seal = sign({"syssn": number}, CLIENT_KEY)
    return {"x-qf-appcode": APP_CODE, "x-qf-sign": seal, "content-type": _FORM}


def _taken(run: Run) -> dict[str, tuple[float, ...]]:
    """Seconds of each kind, one after the other on one page."""

    def measure() -> dict[str, tuple[float, ...]]:
        rounds = run.rounds(30, 8)
        with _page() as page:
            live = [
                page.evaluate(_CALL, [f"N{place}", _headers(f"N{place}")])
                for place in range(rounds)
            ]
            chip = [page.evaluate(_CHIP) for _ in range(rounds // 2 * 2)]  # on and off
            page.evaluate(_SEARCH, "s8999")  # what is not read yet, the first search reads
            search = [page.evaluate(_SEARCH, f"s{9_000 + place}") for place in range(rounds)]
        return {"live": tuple(live), "chip": tuple(chip), "search": tuple(search)}

    return run.once("workbench", measure)


def _measured(name: str, unit: float) -> Callable[[Run], Measured | Missing]:
    def measure(run: Run) -> Measured | Missing:
        if not machine.present("chromium"):
            return Missing(Text("本机没有 Chromium", "this machine has no Chromium"))
        return Measured(tuple(seconds * unit for seconds in _taken(run)[name]))

    return measure


_KEPT = Text(
    "真实的 Chromium，沙盒保留着 10,000 次请求",
    "a real Chromium; the sandbox keeps 10,000 calls",
)

ROWS = (
    Row(
        "workbench-live",
        Text(
            "工作台：从发出请求到它出现在页面上",
            "the workbench: from a call to its row on the page",
        ),
        Text("无", "nothing"),
        Goal("<=", 0.2),
        _KEPT,
        _measured("live", 1.0),
        unit="s",
    ),
    Row(
        "workbench-chip",
        Text("工作台：按下“签名错误”到列表更新", "the workbench: a press on “wrong signature”"),
        Text("无", "nothing"),
        Goal("<=", 50),
        _KEPT,
        _measured("chip", 1e3),
        unit="ms",
    ),
    Row(
        "workbench-search",
        Text("工作台：搜索一个新词", "the workbench: the search for a new word"),
        Text("无", "nothing"),
        Goal("<=", 50),
        _KEPT,
        _measured("search", 1e3),
        unit="ms",
        note=Text("不含等待输入停顿的 120 ms", "without the 120 ms in which typing may go on"),
    ),
)
