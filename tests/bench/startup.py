"""Start-up: imports, and the way to a first verdict."""

from __future__ import annotations

import hashlib
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from qftools.catalogue import Text
from qftools.signing import canonical
from tests.bench.rows import Goal, Measured, Row
from tests.bench.running import Run
from tests.bench.signing import KEY, SIX
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
# What the installed script holds; started so, it is the command of this source, whatever the
# script on the path belongs to.
_QFTOOLS = (sys.executable, "-c", "from qftools.__main__ import main; main()")
_BARE = (sys.executable, "-c", "pass")
_IMPORT_REQUESTS = (sys.executable, "-c", "import requests")
_SIGN = (*_QFTOOLS, "sign", *[f"{name}={value}" for name, value in SIX.items()])


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


def _commands(
    *command: str, against: tuple[str, ...], status: int = 0
) -> Callable[[Run], Measured]:
    def measure(run: Run) -> Measured:
        return _side_by_side(run, command, against, status)

    return measure


def _side_by_side(
    run: Run, command: tuple[str, ...], against: tuple[str, ...], status: int
) -> Measured:
    """Whole processes in turns, each with the key of the bench in its environment."""

    def ours() -> float:
        return whole_process(command, status=status, QFTOOLS_CLIENT_KEY=KEY).processor

    def theirs() -> float:
        return whole_process(against).processor

    ours(), theirs()  # so that all is compiled and in the disk's cache
    pairs = []
    for round_ in range(run.rounds(40, 10)):
        if round_ % 2:
            pairs.append((ours(), theirs()))
        else:
            other = theirs()
            pairs.append((ours(), other))
    mine, others = zip(*pairs, strict=True)
    return compared(mine, others, 1e3, "ms")


def _explain(run: Run) -> Measured:
    """A command of curl whose signature has the key behind ``&key=``: the cause is found."""
    text = f"{canonical(SIX)}&key={KEY}"
    signature = hashlib.md5(text.encode()).hexdigest().upper()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "paste.txt")
        file.write_text(
            "curl https://test-openapi-hk.qfapi.com/trade/v1/reversal -H 'X-QF-APPCODE: A1' "
            f"-H 'X-QF-SIGN: {signature}' -d '{canonical(SIX)}'",
            "utf-8",
        )
        return _side_by_side(run, (*_QFTOOLS, "explain", str(file)), _BARE, status=1)


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
_BARE_PYTHON = Text("python -c pass", "python -c pass")
_WHY_BARE = Text(
    "下限：Python 自己的启动", "the floor: what Python itself takes to start and to end"
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
            "字节码编译好之后，requests 之外还有 21 ms：标准库的 dataclasses 和 inspect 占 5，"
            "生成 11 个不可变类占 6，其余 35 个模块占 10；1.15 倍只够 14 ms",
            "with all byte code there, of the 21 ms on top of requests the standard library's "
            "dataclasses with inspect take 5, the making of eleven frozen classes 6 and the other "
            "35 modules 10: 1.15 would leave 14",
        ),
    ),
    Row(
        "command-version",
        Text("qftools --version，整个进程", "qftools --version, the whole process"),
        _BARE_PYTHON,
        Goal("<=", 5),
        _WHY_BARE,
        _commands(*_QFTOOLS, "--version", against=_BARE),
        note=PROCESSOR,
    ),
    Row(
        "command-sign",
        Text("qftools sign 签 6 个字段，整个进程", "qftools sign of 6 fields, the whole process"),
        _REQUESTS,
        Goal("<=", 0.4),
        _WHY,
        _commands(*_SIGN, against=_IMPORT_REQUESTS),
        note=Text(
            "处理器时间。约 0.46 倍里，空的 Python 占 0.09，click 占 0.28，hashlib 占 0.03："
            "这些省不掉，合起来已是 0.40",
            "processor time. Of some 0.46, bare Python is 0.09, click 0.28 and hashlib 0.03, which "
            "no command can save: 0.40 together",
        ),
    ),
    Row(
        "command-explain",
        Text(
            "qftools explain 一份粘贴，整个进程", "qftools explain of one paste, the whole process"
        ),
        _BARE_PYTHON,
        Goal("<=", 6),
        _WHY_BARE,
        _explain,
        note=Text(
            "处理器时间。约 12 倍里，Python 自己占 1，click 占 3，加载诊断占 5"
            "（其中生成 16 个不可变类占 1），找原因（连同读表）占 1.3，脱敏、输出和收尾占 1.7；"
            "6 倍只给 Python 和 click 之外的一切留 2",
            "processor time. Of some 12, Python itself is 1, click 3, loading the diagnosis 5 (1 "
            "of it the making of 16 frozen classes), the search for the cause with its tables 1.3, "
            "redaction, printing and the end 1.7: 6 would leave 2 for all that is not Python or "
            "click",
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
