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
    return _ratios([load.rate for load in ours], [load.rate for load in theirs])


def processor_rates(ours: list[Load], theirs: list[Load]) -> Measured:
    """Return how many times as many requests we answer per processor second."""
    return _ratios([load.processor_rate for load in ours], [load.processor_rate for load in theirs])


def _ratios(ours: list[float], theirs: list[float]) -> Measured:
    return Measured(
        tuple(mine / other for mine, other in zip(ours, theirs, strict=True)),
        statistics.median(ours),
        statistics.median(theirs),
        "/s",
    )


def _loads(run: Run) -> dict[str, list[Load]]:
    def measure() -> dict[str, list[Load]]:
        with servers.idle() as idle, servers.sandbox() as sandbox:
            subjects = {"memory": (sandbox, "qfpay"), "idle": (idle, "nothing")}
            return bursts_in_turns(subjects, run.rounds(10, 4), 1.0)

    return run.once("serving", measure)


def _memory(run: Run) -> Measured:
    loads = _loads(run)
    return processor_rates(loads["memory"], loads["idle"])


ROWS = (
    Row(
        "serve-memory",
        Text(
            "沙盒每秒答多少请求：支付、查询、撤销，验签名，账在内存里",
            "sandbox requests per second: pay, query, cancel; signature checked, books in memory",
        ),
        Text("同一个服务器，什么都不做", "the same server doing nothing"),
        Goal(">=", 0.6),
        Text(
            "上限：waitress 收下请求、答 {} 的速度；服务器和负载各占一个核，8 个连接",
            "the ceiling: waitress reading a request and answering {}; server and load on a core "
            "each, 8 connections",
        ),
        _memory,
        note=Text(
            "按服务器用掉的处理器时间算，别的程序影响不到。一个请求约 153 µs，"
            "其中 waitress 自己 64。"
            "要到 0.6 倍，余下的只能用 43；光是用标准库读表单、验签名、写 JSON、签应答就要 25，"
            "再加查规则、记账、留存往来，单独跑是 65",
            "per processor second of the server, which other programs can't change. A request "
            "takes some 153 µs, of them 64 waitress's own. For 0.6x the rest may take 43; "
            "reading the form, checking the signature, writing JSON and signing it take 25 with "
            "the standard library alone, with rules, books and the record of exchanges 65",
        ),
    ),
)
