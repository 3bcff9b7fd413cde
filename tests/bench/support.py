"""What a support engineer waits for: the cause of a bad signature, a file of doubtful orders."""

from __future__ import annotations

import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence

from qftools.catalogue import Text
from qftools.sandbox import Sandbox
from qftools.sweep.sweep import Row as Order
from qftools.sweep.sweep import Sweep, Task
from tests import broken_requests
from tests.bench.diagnosis import outcome
from tests.bench.rows import Goal, Measured, Row
from tests.bench.running import Run

_ALLOWED = 400 / 60  # requests a second in the long run, as published for one merchant
_BURST = 400  # may leave at once, before the limit begins to tell


def _explained(names: Sequence[tuple[str, ...]], count: int) -> Callable[[Run], Measured]:
    """Requests that are broken in known ways, as `make bench-diagnosis` makes them."""

    def measure(run: Run) -> Measured:
        rng = random.Random(7)
        seconds, worst = [], []
        for number in range(run.rounds(4, 1)):
            chosen = rng.choices(names, k=run.rounds(count, count // 4))
            found = [outcome(one, f"{number} {place}") for place, one in enumerate(chosen)]
            took = sorted(one.seconds for one in found if one is not None)
            worst.append(took[len(took) * 99 // 100])
            seconds += took
        return Measured(tuple(worst), statistics.median(seconds) * 1e3, None, "ms (p50)")

    return measure


def _sweep(run: Run) -> Measured:
    """Requests a second on the sandbox's own clock, which enforces the published limits."""
    number = 10_000
    with Sandbox(rate_limit="off") as sandbox:
        client = sandbox.client()
        amounts = (2500, 77001)  # open until it is cancelled; paid
        orders = [
            client.pay(pay_type="800101", txamt=amounts[place % 2], txcurrcd="HKD")
            for place in range(number)
        ]
        sandbox._gateway.settings.set("rate_limit", "published")
        sandbox.clock.advance(120)
        began = sandbox.clock.now()
        rows = [Order(line, order) for line, order in enumerate(orders, 2)]
        requests, verdicts = 0, set()
        for done in Sweep(Task(lambda: client), workers=1).run(rows):
            requests += done.requests
            verdicts.add(done.verdict)
        seconds = sandbox.clock.now() - began
    # The sweep takes its time: some orders expire before it comes to them.
    if not {"CANCELLED", "PAID"} <= verdicts <= {"CANCELLED", "PAID", "ALREADY_CANCELLED"}:
        raise ValueError(f"the sweep ended in {verdicts}")
    rate = (requests - _BURST) / seconds
    return Measured((rate / _ALLOWED,), rate, _ALLOWED, "requests/s")


_RESUMED = """
import resource, sys
from pathlib import Path
from qftools.models import Order
from qftools.sweep.files import Results
from qftools.sweep.sweep import Result

def peak():
    # ru_maxrss begins with what the parent had when it started this process.
    if sys.platform == "linux":
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 2**10
    kept = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kept / (2**20 if sys.platform == "darwin" else 2**10)

path, verdict, many = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
if many:
    with Results(path) as results:
        for number in range(many):
            order = Order(f"A{number}", 2500, syssn=f"20261127{number:09d}123", txcurrcd="HKD")
            results.add(Result(number + 2, order, verdict, "no"))
else:
    before = peak()
    with Results(path):
        print(peak() - before)
"""


def _resumed(run: Run) -> Measured:
    """MiB that a process grows by when it takes up 200,000 results; the worst of two kinds."""
    grown = []
    with tempfile.TemporaryDirectory() as folder:
        for verdict in ("CANCELLED", "UNRESOLVED"):
            for many in ("200000", "0"):
                command = [sys.executable, "-c", _RESUMED, f"{folder}/{verdict}.csv", verdict, many]
                told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            grown.append(float(told))
    if not all(grown):
        raise ValueError("no trace of the results in the memory of the process")
    return Measured((max(grown),), min(grown), None, "MiB")


_PROCESSOR = Text("处理器时间；每批的 p99", "processor time; the p99 of each batch")

ROWS = (
    Row(
        "explain-single",
        Text("explain：一处错的签名，p99", "explain: a signature broken in one way, p99"),
        Text("无", "nothing"),
        Goal("<=", 0.3),
        Text("凌晨两点，贴上就该有答案", "at 2 a.m. the answer must be there when the paste is"),
        _explained([(name,) for name in broken_requests.BREAKERS], 100),
        unit="s",
        note=_PROCESSOR,
    ),
    Row(
        "explain-double",
        Text("explain：同时错两处，p99", "explain: broken in two ways at once, p99"),
        Text("无", "nothing"),
        Goal("<=", 2),
        Text("组合要多试很多次", "combinations take many more tries"),
        _explained(broken_requests.pairs(), 60),
        unit="s",
        note=_PROCESSOR,
    ),
    Row(
        "sweep",
        Text("sweep 一万笔订单，限速打开", "a sweep of 10,000 orders, limits on"),
        Text("公布的限速：每商户每分钟 400 次", "the published limit: 400 a minute per merchant"),
        Goal(">=", 0.95),
        Text("限速以内，越快越好", "as fast as the limit lets it, and no 429"),
        _sweep,
        quick=False,
        note=Text(
            "按沙盒的虚拟时钟；沙盒照公布的限速回 429",
            "on the sandbox's virtual clock; the sandbox enforces the limit with 429",
        ),
    ),
    Row(
        "sweep-resume",
        Text("sweep 续做：结果文件里已有 20 万笔", "sweep goes on: 200,000 results in the file"),
        Text("无", "nothing"),
        Goal("<=", 60),
        Text(
            "大文件断了也能在小机器上续做", "a large file that was interrupted fits a small machine"
        ),
        _resumed,
        unit="MiB",
        quick=False,
        note=Text(
            "进程增加的内存；全部有定论，或全部还会变，取大的",
            "what the process grows by; all settled, or all that may change: the larger",
        ),
    ),
)
