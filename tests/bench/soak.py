"""The sandbox after a long day: 200,000 cycles on one server, its speed, memory and delays."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

from qftools.catalogue import Text
from tests.bench import servers
from tests.bench.load import Load, burst
from tests.bench.rows import Goal, Measured, Missing, Row
from tests.bench.running import Run
from tests.bench.servers import Server
from tests.bench.serving import fresh_numbers

CYCLES = 200_000
_STEP = 20_000
_PATIENCE = 900  # seconds; a machine with nothing else to do takes three minutes


@dataclass(frozen=True, slots=True)
class Soak:
    """What a server was like at the start and at the end.

    Attributes:
        before: Bursts at the start, with 8 connections.
        after: The same at the end.
        crowded: Bursts at the end with 64 connections.
        memory: MiB after each step of 20,000 cycles.
    """

    before: list[Load]
    after: list[Load]
    crowded: list[Load]
    memory: list[float]


class _TooBusy(Exception):
    """The machine had so much else to do that the cycles would not end."""


def _soaked(run: Run) -> Soak:
    def measure() -> Soak:
        with servers.sandbox() as server:
            _bursts(server, 2, 8)  # warms up
            before = _bursts(server, 8, 8)
            memory: list[float] = []
            began = time.monotonic()
            for _ in range(CYCLES // _STEP):
                burst(server, "qfpay", connections=8, cycles=_STEP, first=fresh_numbers())
                memory.append(server.memory())
                left = CYCLES - len(memory) * _STEP
                if left and time.monotonic() - began > _PATIENCE:
                    raise _TooBusy(len(memory) * _STEP)
            return Soak(before, _bursts(server, 8, 8), _bursts(server, 8, 64), memory)

    return run.once("soak", measure)


def _bursts(server: Server, count: int, connections: int) -> list[Load]:
    return [
        burst(server, "qfpay", connections=connections, seconds=1.0, first=fresh_numbers())
        for _ in range(count)
    ]


def _unless_busy(measure: Callable[[Run], Measured]) -> Callable[[Run], Measured | Missing]:
    def tried(run: Run) -> Measured | Missing:
        try:
            return measure(run)
        except _TooBusy as busy:
            (cycles,) = busy.args
            return Missing(
                Text(
                    f"机器太忙：{_PATIENCE} 秒只跑了 {cycles:,} 轮",
                    f"the machine was too busy: {cycles:,} cycles in {_PATIENCE} s",
                )
            )

    return tried


def _speed(run: Run) -> Measured:
    soak = _soaked(run)
    ours = [load.processor_rate for load in soak.after]
    theirs = [load.processor_rate for load in soak.before]
    middle = statistics.median(theirs)
    return Measured(tuple(rate / middle for rate in ours), statistics.median(ours), middle, "/s")


def _memory(run: Run) -> Measured:
    # The books hold 200,000 entries, a payment and its cancel each: full at half of the way.
    memory = _soaked(run).memory
    half, end = memory[len(memory) // 2], memory[-1]
    steps = {"cycles": [_STEP * (step + 1) for step in range(len(memory))], "MiB": memory}
    return Measured((end / half,), end, half, "MiB", {"memory": steps})


def _delay(which: Callable[[Soak], list[Load]]) -> Callable[[Run], Measured]:
    def measure(run: Run) -> Measured:
        loads = which(_soaked(run))
        p50 = statistics.median(load.p50 for load in loads)
        return Measured(tuple(load.p99 for load in loads), p50, None, "ms (p50)")

    return measure


_AFTER = Text(f"跑过 {CYCLES:,} 轮之后", f"after {CYCLES:,} cycles")
_WALL = Text(
    "按墙上时钟；机器上别的程序也算在里面",
    "by the clock on the wall: what else the machine does counts",
)

ROWS = (
    Row(
        "soak-speed",
        Text(f"沙盒{_AFTER.zh}的速度", f"sandbox {_AFTER.en}: requests per processor second"),
        Text("刚启动时", "itself at the start"),
        Goal(">=", 0.97),
        Text("久用不慢", "it must not slow down as it is used"),
        _unless_busy(_speed),
        quick=False,
        note=Text(
            "每轮三次请求里，忘掉两笔最老的订单占 1.5%。其余是内存：100,000 笔订单散落在 190 MiB "
            "里，什么都不忘的查询也比刚启动时慢 5%",
            "Of the time of a cycle, forgetting the two oldest orders takes 1.5 %. The rest is "
            "memory: 100,000 orders lie scattered over 190 MiB, and a query, which forgets "
            "nothing, takes 5 % longer than at the start",
        ),
    ),
    Row(
        "soak-memory",
        Text(f"沙盒{_AFTER.zh}的内存", f"sandbox {_AFTER.en}: memory"),
        Text("账满时（一半路程）", "itself half-way, when the books were full"),
        Goal("<=", 1.05),
        Text("账有上限：最老的订单会被忘掉", "the books are bounded: the oldest are forgotten"),
        _unless_busy(_memory),
        quick=False,
    ),
    Row(
        "soak-p99-8",
        Text(f"沙盒{_AFTER.zh}：8 个连接，p99", f"sandbox {_AFTER.en}: p99 at 8 connections"),
        Text("无", "nothing"),
        Goal("<=", 10),
        _WALL,
        _unless_busy(_delay(lambda soak: soak.after)),
        unit="ms",
        quick=False,
        note=_WALL,
    ),
    Row(
        "soak-p99-64",
        Text(f"沙盒{_AFTER.zh}：64 个连接，p99", f"sandbox {_AFTER.en}: p99 at 64 connections"),
        Text("无", "nothing"),
        Goal("<=", 10),
        _WALL,
        _unless_busy(_delay(lambda soak: soak.crowded)),
        unit="ms",
        quick=False,
        note=Text(
            f"{_WALL.zh}。64 个请求等同一个进程：每秒 8,000 个时，一轮里最后一个要等 8 毫秒，"
            "剩下 2 毫秒给机器上别的程序；账满之后没有垃圾回收",
            f"{_WALL.en}. 64 requests wait for one process: at 8,000 a second the last of a round "
            "waits 8 ms, which leaves 2 ms for everything else on the machine; no garbage is "
            "collected once the books are full",
        ),
    ),
)
