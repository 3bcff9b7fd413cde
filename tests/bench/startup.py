"""Start-up: imports, and the way to a first verdict."""

from __future__ import annotations

import statistics
import sys

from qftools.catalogue import Text
from tests.bench.rows import Goal, Measured, Row
from tests.bench.running import Run
from tests.bench.timing import compared, in_fresh_process, whole_process

FIRST_VERDICT = """
from qftools import cancel
from qftools.sandbox import Sandbox
with Sandbox() as sandbox:
    client = sandbox.client()
    order = client.pay(pay_type="800101", txamt=2500, txcurrcd="HKD")
    assert cancel(client, order).verdict.value == "CANCELLED"
"""
CODE = {
    "qftools": "import qftools",
    "sign": "from qftools import sign; sign({'txamt': 1}, 'key')",
    "client": "from qftools import Client",
    "requests": "import requests",
}


def _imports(run: Run) -> dict[str, list[float]]:
    def measure() -> dict[str, list[float]]:
        for code in CODE.values():
            in_fresh_process(code)  # so that all is compiled and in the disk's cache
        turns = [list(CODE), list(reversed(CODE))]
        times: dict[str, list[float]] = {name: [] for name in CODE}
        for round_ in range(run.rounds(30, 8)):
            for name in turns[round_ % 2]:
                times[name].append(in_fresh_process(CODE[name]))
        return times

    return run.once("imports", measure)


def _against_requests(name: str):
    def measure(run: Run) -> Measured:
        times = _imports(run)
        return compared(times[name], times["requests"], 1e3, "ms")

    return measure


def _first_verdict(run: Run) -> Measured:
    command = [sys.executable, "-c", FIRST_VERDICT]
    whole_process(command)
    took = [whole_process(command) for _ in range(run.rounds(20, 7))]
    wall = statistics.median(one.wall for one in took)
    return Measured(tuple(one.processor for one in took), wall * 1e3, None, "ms on the wall")


PROCESSOR = Text(
    "处理器时间：机器空闲时，墙上时钟走的也是这么多",
    "processor time: what the clock on the wall shows on a machine with nothing else to do",
)
_REQUESTS = Text("import requests", "import requests")
_WHY = Text(
    "每个接入方都已经在付这个代价；取新进程的处理器时间",
    "what every integration pays already; processor time in a fresh process",
)

ROWS = (
    Row(
        "import-qftools",
        Text("import qftools", "import qftools"),
        _REQUESTS,
        Goal("<=", 0.25),
        _WHY,
        _against_requests("qftools"),
    ),
    Row(
        "import-sign",
        Text("导入 qftools 并签一次名", "import qftools and sign once"),
        _REQUESTS,
        Goal("<=", 0.25),
        _WHY,
        _against_requests("sign"),
    ),
    Row(
        "import-client",
        Text("from qftools import Client", "from qftools import Client"),
        _REQUESTS,
        Goal("<=", 1.15),
        _WHY,
        _against_requests("client"),
        note=Text(
            "requests 之外的 27 ms 里，标准库的 dataclasses 和 inspect 占 4.5，目录的行类型占 9",
            "of the 27 ms on top of requests, the standard library's dataclasses with inspect take "
            "4.5 and the row types of the catalogue 9",
        ),
    ),
    Row(
        "first-verdict",
        Text(
            "从进程启动到第一个撤销结论（沙盒在进程内）",
            "from process start to the first verdict (sandbox in process)",
        ),
        Text("无", "nothing"),
        Goal("<=", 0.35),
        Text("一眼之间", "the blink of an eye"),
        _first_verdict,
        unit="s",
        note=PROCESSOR,
    ),
)
