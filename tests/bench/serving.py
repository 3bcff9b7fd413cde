"""The sandbox as a server, without peers: in memory and on disk, against doing nothing."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Mapping

from qftools.catalogue import Text
from tests.bench import servers
from tests.bench.load import Load, burst
from tests.bench.rows import Goal, Measured, Row
from tests.bench.running import Run
from tests.bench.servers import Server

_numbers = itertools.count()


def bursts_in_turns(
    subjects: Mapping[str, tuple[Server, str]], rounds: int, seconds: float
) -> dict[str, list[Load]]:
    """Load each server in turns, so long a burst, and return all that came of it."""
    loads: dict[str, list[Load]] = {name: [] for name in subjects}
    order = list(subjects)
    for round_ in range(-1, rounds):  # the first one warms up
        for name in order:
            server, cycle = subjects[name]
            load = burst(server, cycle, seconds=seconds, first=fresh_numbers())
            if round_ >= 0:
                loads[name].append(load)
        order.reverse()
    return loads


def fresh_numbers() -> int:
    """Return a number of which a million follow that nobody else is given."""
    return next(_numbers) * 1_000_000


def rates(ours: list[Load], theirs: list[Load]) -> Measured:
    """Return how many times as many requests a second we answer, by the clock on the wall."""
    return compared_rates([load.rate for load in ours], [load.rate for load in theirs])


def processor_rates(ours: list[Load], theirs: list[Load]) -> Measured:
    """Return how many times as many requests we answer per processor second."""
    return compared_rates(
        [load.processor_rate for load in ours], [load.processor_rate for load in theirs]
    )


def compared_rates(ours: list[float], theirs: list[float]) -> Measured:
    """Return the ratios of rates that were measured in turns, and both medians."""
    return Measured(
        tuple(mine / other for mine, other in zip(ours, theirs, strict=True)),
        statistics.median(ours),
        statistics.median(theirs),
        "/s",
    )


def _on_waitress(run: Run) -> Measured:
    with servers.on_waitress() as waitress, servers.sandbox() as sandbox:
        subjects = {"ours": (sandbox, "qfpay"), "theirs": (waitress, "qfpay")}
        loads = bursts_in_turns(subjects, run.rounds(10, 4), 1.0)
    return processor_rates(loads["ours"], loads["theirs"])


ROWS = (
    Row(
        "serve-waitress",
        Text(
            "沙盒每处理器秒答多少请求：支付、查询、撤销，验签名，账在内存里",
            "sandbox, requests per processor second: pay, query, cancel; signature checked, books "
            "in memory",
        ),
        Text("同一个沙盒，跑在 waitress 上", "the same sandbox on waitress"),
        Goal(">=", 1.8),
        Text(
            "waitress 是沙盒以前用的服务器；服务器和负载各占一个核，8 个连接",
            "the server that the sandbox had before its own; server and load on a core each, "
            "8 connections",
        ),
        _on_waitress,
        note=Text(
            "按服务器用掉的处理器时间算，别的程序影响不到；两边的答案相同",
            "per processor second of the server, which other programs can't change; both give "
            "the same answers",
        ),
    ),
)
