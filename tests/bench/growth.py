"""How cost grows: with the orders in the books, with the fields of a request."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial
from urllib.parse import urlencode

from qftools.catalogue import Text
from qftools.sandbox import Sandbox
from qftools.sandbox.sandbox import APP_CODE, CLIENT_KEY
from qftools.signing import sign
from qftools.transport.door import WireRequest
from tests.bench.rows import Goal, Measured, Row
from tests.bench.running import Run
from tests.bench.timing import in_turns

_FIELDS = (2, 5, 10, 20, 50, 100, 200)
_ROUNDS = 21


def _query_cost(run: Run) -> Measured:
    sizes = (1, 10, 100, 1_000, 10_000) if run.quick else (1, 10, 100, 1_000, 10_000, 100_000)
    microseconds = []
    with Sandbox() as sandbox:
        placed = 0
        for size in sizes:
            while placed < size:
                placed += 1
                _ask(sandbox, "payment", _payment(placed))
            query = partial(_ask, sandbox, "query", {"out_trade_no": _number((size + 1) // 2)})
            times = in_turns({"query": query}, _ROUNDS, 0.005)["query"]
            microseconds.append([value * 1e6 for value in times])
    return _grown(sizes, microseconds, "orders")


def _ask(sandbox: Sandbox, endpoint: str, params: dict[str, str]) -> None:
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "x-qf-appcode": APP_CODE,
        "x-qf-sign": sign(params, CLIENT_KEY),
    }
    body = urlencode(params).encode()
    request = WireRequest("POST", f"/trade/v1/{endpoint}", "", headers, body)
    reply = sandbox._gateway.handle(request)
    if b'"respcd": "0000"' not in reply.body:
        raise ValueError(f"{endpoint} was refused: {reply.body!r}")


def _payment(number: int) -> dict[str, str]:
    return {
        "out_trade_no": _number(number),
        "txamt": "2500",
        "txcurrcd": "HKD",
        "txdtm": "2026-01-05 10:00:00",
        "pay_type": "800101",
    }


def _number(number: int) -> str:
    return f"GROW{number:09d}"


def _sign_cost(run: Run) -> Measured:
    shapes = [{f"field_{number:03d}": f"value {number}" for number in range(n)} for n in _FIELDS]
    acts: dict[str, Callable[[], object]] = {
        str(len(shape)): partial(sign, shape, CLIENT_KEY) for shape in shapes
    }
    times = in_turns(acts, _ROUNDS, 0.005, time.process_time)
    microseconds = [[value * 1e6 for value in times[str(n)]] for n in _FIELDS]
    curve = _grown(_FIELDS, microseconds, "fields")
    # Per field, so that 1 means "linear": ten times the fields, ten times the time.
    twenty, most = _FIELDS.index(20), len(_FIELDS) - 1
    each = tuple(
        (big / _FIELDS[most]) / (small / _FIELDS[twenty])
        for big, small in zip(microseconds[most], microseconds[twenty], strict=True)
    )
    return Measured(each, curve.ours, curve.theirs, "µs", curve.extra)


def _grown(sizes: tuple[int, ...], samples: list[list[float]], name: str) -> Measured:
    medians = [statistics.median(times) for times in samples]
    return Measured(
        tuple(last / first for last, first in zip(samples[-1], samples[0], strict=True)),
        medians[-1],
        medians[0],
        "µs",
        {"growth": {name: list(sizes), "µs": [round(value, 3) for value in medians]}},
    )


ROWS = (
    Row(
        "grow-books",
        Text("沙盒里按单号查询：账上 100,000 笔", "sandbox, a query by number: 100,000 orders"),
        Text("账上 1 笔", "1 order in the books"),
        Goal("<=", 1.5),
        Text(
            "按单号查询与账的大小无关：O(1)", "a query by number does not depend on the books: O(1)"
        ),
        _query_cost,
        note=Text("快速运行只到 10,000 笔", "a quick run goes up to 10,000"),
    ),
    Row(
        "grow-fields",
        Text("sign：每个字段的用时，200 个字段", "sign: time per field, 200 fields"),
        Text("20 个字段", "20 fields"),
        Goal("<=", 1.2),
        Text("线性或更好", "linear or better"),
        _sign_cost,
    ),
)
