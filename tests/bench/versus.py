"""The sandbox that keeps its books on disk, against servers that a user would take instead."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

from qftools.catalogue import Text
from tests.bench import servers
from tests.bench.load import Load, burst
from tests.bench.peers import PEERS, Absent, Peer, fill
from tests.bench.rows import Goal, Measured, Missing, Row
from tests.bench.running import Run
from tests.bench.servers import Server
from tests.bench.serving import bursts_in_turns, fresh_numbers, rates

_CYCLES = 30  # of a burst on localstripe: more would change how much it keeps
_FULL = 460  # objects


def _or_missing(measure: Callable[[Run], Measured]) -> Callable[[Run], Measured | Missing]:
    def tried(run: Run) -> Measured | Missing:
        try:
            return measure(run)
        except Absent as absent:
            return Missing(absent.reason)

    return tried


def _on_disk(run: Run) -> Server:
    """The one sandbox with a file that all peers are compared with."""

    def started() -> Server:
        folder = run.at_end.enter_context(tempfile.TemporaryDirectory(prefix="qftools-bench-"))
        server = run.at_end.enter_context(servers.sandbox(Path(folder, "books.sqlite3")))
        burst(server, "qfpay", seconds=1.0, first=fresh_numbers())
        return server

    return run.once("on disk", started)


def _peer(name: str) -> Peer:
    peer = PEERS[name]
    peer.install()
    return peer


def _against(name: str) -> Callable[[Run], Measured | Missing]:
    def measure(run: Run) -> Measured:
        peer, ours = _peer(name), _on_disk(run)
        with peer.start() as theirs:
            burst(theirs, peer.cycle, seconds=5.0, first=fresh_numbers())  # a JVM warms up slowly
            subjects = {"ours": (ours, "qfpay"), "theirs": (theirs, peer.cycle)}
            loads = bursts_in_turns(subjects, run.rounds(14, 3), 0.6)
        return rates(loads["ours"], loads["theirs"])

    return _or_missing(measure)


def _localstripe(run: Run) -> dict[str, list[Load]]:
    def measure() -> dict[str, list[Load]]:
        peer, sandbox = _peer("localstripe"), _on_disk(run)
        loads: dict[str, list[Load]] = {"ours": [], "empty": [], "full": []}
        for _ in range(run.rounds(6, 2)):
            loads["ours"].append(burst(sandbox, "qfpay", seconds=1.0, first=fresh_numbers()))
            with peer.start() as theirs:
                loads["empty"].append(burst(theirs, peer.cycle, cycles=_CYCLES))
                fill(theirs, peer, _FULL - _CYCLES)
                loads["full"].append(burst(theirs, peer.cycle, cycles=_CYCLES))
        return loads

    return run.once("localstripe", measure)


def _against_localstripe(state: str) -> Callable[[Run], Measured | Missing]:
    def measure(run: Run) -> Measured:
        loads = _localstripe(run)
        return rates(loads["ours"], loads[state])

    return _or_missing(measure)


def _starts(run: Run) -> dict[str, list[tuple[float, float]]]:
    def measure() -> dict[str, list[tuple[float, float]]]:
        peer = _peer("localstripe")
        makers = {"ours": servers.sandbox, "theirs": peer.start}
        seen: dict[str, list[tuple[float, float]]] = {"ours": [], "theirs": []}
        for round_ in range(-1, run.rounds(10, 2)):  # the first one fills the disk's cache
            for name, make in makers.items():
                with make() as server:
                    if round_ >= 0:
                        seen[name].append((server.processor_seconds(), server.memory()))
        return seen

    return run.once("starts", measure)


def _at_start(which: int, scale: float, each: str) -> Callable[[Run], Measured | Missing]:
    def measure(run: Run) -> Measured:
        seen = _starts(run)
        ours, theirs = ([one[which] for one in seen[name]] for name in ("ours", "theirs"))
        return Measured(
            tuple(mine / other for mine, other in zip(ours, theirs, strict=True)),
            statistics.median(ours) * scale,
            statistics.median(theirs) * scale,
            each,
        )

    return _or_missing(measure)


_WHAT = Text(
    "沙盒（--data）每秒答多少请求：支付、查询、撤销，验签名，账落盘后才应答",
    "sandbox with --data, requests per second: pay, query, cancel; signature checked, books on "
    "disk before the answer leaves",
)
_WHY_LOCALSTRIPE = Text(
    "同类：本地的有状态支付模拟器（创建、查询、取消 PaymentIntent）",
    "its kind: a stateful payment fake (a PaymentIntent created, retrieved, cancelled)",
)
_WHY_STATELESS = Text(
    "常用的接口模拟器：按路径给出固定应答，什么都不记",
    "common mocks: a fixed answer by path, nothing kept",
)

_WALL = Text(
    "按墙上时钟，服务器和负载各占一个核。Prism 和 WireMock 只看路径，不验签名、不记账、不落盘",
    "by the clock on the wall, server and load on a core each. Prism and WireMock look at the "
    "path, check no signature, keep no books and write no disk",
)
_OF_A_REQUEST = Text(
    f"{_WALL.zh}。沙盒每个请求的处理器时间里，落盘占四分之一（SQLite 11%，订单转成 JSON 13%），"
    "其余都是应答用的 Python：套接字和事件循环 17%，HTTP 11%，表单、签名和应答的 JSON 17%，"
    "规则和账本 29%",
    f"{_WALL.en}. A quarter of the processor time of a request to the sandbox goes to the disk "
    "(SQLite 11 %, the order as JSON 13 %); the rest is Python that answers: sockets and their "
    "loop 17 %, HTTP 11 %, form, signatures and the answer's JSON 17 %, rules and books 29 %",
)
_ONE_PROCESS = Text(
    "WireMock 由 JVM 编译成机器码。一个 Python 进程什么都不算，每秒也只能应答 15,000 次左右，"
    "约为 WireMock 的 0.57；验签名、记账和落盘之后，剩下的就是这一行",
    "The JVM compiles WireMock to machine code. One Python process that does nothing but answer "
    "ends at some 15,000 a second, 0.57 of WireMock; with signature, books and disk it ends here",
)

ROWS = (
    Row(
        "start-localstripe",
        Text("qftools sandbox：从启动到第一个应答", "qftools sandbox: start to first answer"),
        Text("localstripe", "localstripe"),
        Goal("<=", 0.5),
        _WHY_LOCALSTRIPE,
        _at_start(0, 1e3, "ms"),
        quick=False,
        note=Text("处理器时间", "processor time"),
    ),
    Row(
        "serve-localstripe-empty",
        _WHAT,
        Text("localstripe，空的", "localstripe, empty"),
        Goal(">=", 3.5),
        _WHY_LOCALSTRIPE,
        _against_localstripe("empty"),
        quick=False,
        note=_OF_A_REQUEST,
    ),
    Row(
        "serve-localstripe-full",
        _WHAT,
        Text(f"localstripe，已有 {_FULL} 个对象", f"localstripe with {_FULL} objects"),
        Goal(">=", 8),
        Text(
            "它每次写入都把全部对象重写一遍，所以越用越慢",
            "it writes all its objects again on every change, so it slows down as it fills",
        ),
        _against_localstripe("full"),
        quick=False,
        note=_OF_A_REQUEST,
    ),
    Row(
        "serve-moto",
        _WHAT,
        Text("moto 的 DynamoDB：写、读、改一条", "moto's DynamoDB: an item put, read, updated"),
        Goal(">=", 11),
        Text("最常用的有状态云服务模拟器", "the best-known stateful fake of a cloud service"),
        _against("moto"),
        quick=False,
        note=_OF_A_REQUEST,
    ),
    Row(
        "serve-prism",
        _WHAT,
        Text("Prism（OpenAPI 模拟器）", "Prism (mocks an OpenAPI description)"),
        Goal(">=", 1.2),
        _WHY_STATELESS,
        _against("prism"),
        quick=False,
        note=_WALL,
    ),
    Row(
        "serve-wiremock",
        _WHAT,
        Text("WireMock", "WireMock"),
        Goal(">=", 0.25),
        _WHY_STATELESS,
        _against("wiremock"),
        quick=False,
        note=_ONE_PROCESS,
    ),
)
