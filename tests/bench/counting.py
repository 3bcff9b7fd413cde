"""Counting calls: how many of our own functions run for one piece of work.

A count is the same on every machine and under any load; it differs between versions of Python,
which inline comprehensions from 3.12 on.
"""

from __future__ import annotations

import socket
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import qftools
from qftools import cancel
from qftools.catalogue import Text
from qftools.sandbox import Sandbox
from tests.bench.rows import Goal, Measured, Row
from tests.bench.running import Run
from tests.bench.traffic import qfpay

OWN = f"{Path(qftools.__file__).parent}/"
_ROUNDS = 5
_ANSWERS = 20

Calls = Counter[str]
"""How often functions of each of our files were called."""


def file_of(frame: FrameType) -> str:
    """Return which file of ours a function is in; empty for a function of others."""
    name = frame.f_code.co_filename
    return name.removeprefix(OWN) if name.startswith(OWN) else ""


def counted(act: Callable[[], object]) -> Calls:
    """Return how often functions of each of our files are called by *act*.

    Example:
        >>> from qftools import sign
        >>> _ = sign({"txamt": 1}, "client key")
        >>> dict(counted(lambda: sign({"txamt": 1}, "client key")))["signing.py"] < 10
        True
    """
    calls: Calls = Counter()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and (file := file_of(frame)):
            calls[file] += 1

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        act()
    finally:
        sys.setprofile(before)
    return calls


def one_cancel() -> Calls:
    """Return the calls of a cancel of an unpaid order, but for those of the sandbox."""
    with Sandbox() as sandbox:
        client = sandbox.client()
        for _ in range(2):  # the first one fills the caches
            order = client.pay(pay_type="800101", txamt=2500, txcurrcd="HKD")
            calls = counted(lambda order=order: cancel(client, order))  # type: ignore[misc]
    return Counter({file: n for file, n in calls.items() if not file.startswith("sandbox/")})


def one_answer() -> Calls:
    """Return the calls in the server's thread for one query, from its bytes to its answer's.

    The connection is kept alive, and has asked before.
    """
    with (
        _counted_server() as (port, of_each),
        socket.create_connection(("127.0.0.1", port)) as line,
    ):
        _send(line, *next(qfpay(1)))
        query, wanted = _query()
        for _ in range(_ANSWERS + 2):
            _send(line, query, wanted)
        # The server may still be at the end of the last one; the first ones fill the caches.
        return sorted(of_each[-_ANSWERS - 1 : -1], key=Counter.total)[_ANSWERS // 2]


@contextmanager
def _counted_server() -> Iterator[tuple[int, list[Calls]]]:
    """Serve a sandbox; yield its port and the calls of each time that bytes came in."""
    of_each: list[Calls] = []

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and (file := file_of(frame)):
            if frame.f_code.co_name == "get_buffer":  # asked for when bytes are there
                of_each.append(Counter())
            if of_each:
                of_each[-1][file] += 1

    with Sandbox() as sandbox:
        threading.setprofile(note)
        try:
            url = sandbox.serve()
        finally:
            threading.setprofile(None)
        yield int(url.rpartition(":")[2]), of_each


def _query() -> tuple[bytes, bytes]:
    cycle = qfpay(1)
    next(cycle)
    return cycle.send(b"")


def _send(line: socket.socket, request: bytes, wanted: bytes) -> None:
    line.sendall(request)
    reply = line.recv(65_536)
    if wanted not in reply:
        raise ValueError(f"the reply was another one: {reply!r}")


def _measured(name: str, count: Callable[[], Calls]) -> Callable[[Run], Measured]:
    def measure(run: Run) -> Measured:
        counts = run.once(name, lambda: [count() for _ in range(_ROUNDS)])
        by_part: Calls = Counter()
        for file, calls in counts[0].items():
            by_part[file.partition("/")[0].removesuffix(".py")] += calls
        parts = dict(by_part.most_common())
        return Measured(tuple(calls.total() for calls in counts), extra={"parts": parts})

    return measure


_NOTHING = Text("（数的是次数，与机器和负载无关）", "(a count: machine and load do not matter)")
OF_A_CANCEL = Row(
    "calls-cancel",
    Text(
        "一次撤销（三次请求，在同一进程内）调用 qftools 自己的 Python 函数几次，沙盒除外",
        "own Python calls of one cancel: three requests, in process, without the sandbox's",
    ),
    _NOTHING,
    Goal("<=", 500),
    Text(
        "次数决定了 Python 代码的速度，别的程序影响不到",
        "the speed of Python code follows from it, and other programs can't change it",
    ),
    _measured("calls-cancel", one_cancel),
    unit="",
    note=Text(
        "一次撤销的调用里，三分之一多是流程和证据的规则，五分之一在要保留的内容里找密钥，七分之一是"
        "客户端，其余是签名、验签和检查参数",
        "Of the calls of a cancel, more than a third are the rules of the flow and of evidence, a "
        "fifth look for secrets in what is kept, a seventh are the client's; the rest sign, verify "
        "and check values",
    ),
)
OF_AN_ANSWER = Row(
    "calls-query",
    Text(
        "沙盒答一次查询，从收到字节到发出应答，调用 qftools 自己的 Python 函数几次",
        "own Python calls of one query to the sandbox, from the bytes that come to the answer's",
    ),
    _NOTHING,
    Goal("<=", 70),
    Text(
        "在服务器的线程里数，用真的套接字；连接保持着，缓存已热",
        "counted in the server's thread, over a socket; the connection is kept alive, and warm",
    ),
    _measured("calls-query", one_answer),
    unit="",
    note=Text(
        "沙盒答一次查询的调用里，四分之一读写 HTTP，十分之一验签和签名，其余是网关和账本",
        "Of the calls of an answer, a quarter read and write HTTP, a tenth verify and sign; the "
        "rest are the gateway's and its books'",
    ),
)
