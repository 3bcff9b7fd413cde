"""A sweep whose limits are out of reach: one thread, many threads, two processes of Dask.

Each merchant has one batch of orders, so that no published limit (100 requests a second for a
merchant) is ever reached: what is measured is how the work spreads over the cores.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple

from qftools import Client, Credentials
from qftools.catalogue import Text
from qftools.sandbox.gateway.merchants import encode_mchid
from qftools.sandbox.sandbox import APP_CODE, CLIENT_KEY
from qftools.sweep.sweep import BATCH, Sweep, Task
from qftools.sweep.sweep import Row as Swept
from tests.bench import servers
from tests.bench.rows import Goal, Measured, Row
from tests.bench.running import Run
from tests.bench.serving import compared_rates

_MANY = 1_000
_THREADS = 8
_AGENT, _FIRST = 1_100_000_442, 1_100_000_457
_merchants = itertools.count(_FIRST)


class Way(NamedTuple):
    """How a sweep is carried out."""

    task: Task
    executor: Executor | None
    workers: int


def _rates(run: Run) -> dict[str, list[float]]:
    """Orders a second of each way, measured in turns."""

    def measure() -> dict[str, list[float]]:
        with servers.sandbox() as server, _two_processes() as processes:
            credentials = Credentials(APP_CODE, CLIENT_KEY, environment="sandbox")
            connect = partial(Client, credentials, f"http://127.0.0.1:{server.port}")
            task = Task(connect, limit="merchant", threads=2)
            ways = {
                "one": Way(task, None, 1),
                "threads": Way(task, None, _THREADS),
                "processes": Way(task, processes, _THREADS),
            }
            client = connect()
            seen: dict[str, list[float]] = {name: [] for name in ways}
            order = list(ways)
            for round_ in range(-1, run.rounds(4, 1)):  # the first one warms up
                for name in order:
                    many = _MANY if round_ >= 0 else 4 * BATCH
                    rate = _rate(ways[name], _placed(client, many))
                    if round_ >= 0:
                        seen[name].append(rate)
                order.reverse()
            return seen

    return run.once("sweeping", measure)


@contextmanager
def _two_processes() -> Iterator[Executor]:
    from distributed import Client as Dask
    from distributed import LocalCluster

    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
        ) as cluster,
        Dask(cluster) as dask,
    ):
        yield dask.get_executor()


def _placed(client: Client, many: int) -> list[Swept]:
    """So many open orders on the sandbox's books, a batch for each merchant."""
    rows = []
    for line in range(many):
        if line % BATCH == 0:
            mchid = encode_mchid(_AGENT, next(_merchants))
        order = client.pay(pay_type="800101", txamt=2500, txcurrcd="HKD", mchid=mchid)
        rows.append(Swept(line, order))
    return rows


def _rate(way: Way, rows: list[Swept]) -> float:
    began = time.perf_counter()
    results = list(Sweep(way.task, way.executor, way.workers).run(rows))
    seconds = time.perf_counter() - began
    wrong = [one for one in results if one.verdict != "CANCELLED"]
    if wrong or len(results) != len(rows):
        raise ValueError(f"{len(results)} of {len(rows)} orders, {len(wrong)} wrong: {wrong[:1]}")
    return len(rows) / seconds


def _against_one_thread(name: str) -> Callable[[Run], Measured]:
    def measure(run: Run) -> Measured:
        rates = _rates(run)
        return compared_rates(rates[name], rates["one"])

    return measure


_WHAT = Text(
    f"sweep {_MANY:,} 笔未支付的订单，够不到限速",
    f"a sweep of {_MANY:,} open orders, limits out of reach",
)
_ONE = Text("一个线程", "one thread")
_SHARED = Text(
    "按墙上时钟；十万笔要几分钟，所以只扫一千笔。两个核上还有沙盒和 Dask 的调度："
    "每笔订单的处理器时间里，两个进程占 0.7，调度占 0.18，沙盒占 0.12，所以这里到不了 2 倍，"
    "瓶颈也不是沙盒",
    "by the clock on the wall; 100,000 orders would take minutes, so there are 1,000. The two "
    "cores hold the sandbox and Dask's scheduler, too: of the processor time of an order the two "
    "processes take 0.7, the scheduler 0.18 and the sandbox 0.12, so 2 can't be reached here, "
    "and it is not the sandbox that limits it",
)
_ONE_AT_A_TIME = Text(
    "一笔订单的处理器时间里，客户端占 0.82、沙盒占 0.18；Python 同时只算一个线程，"
    "所以在本机最多快 1.2 倍；远处的网关让线程等得久，才有更多可省",
    "of the processor time of an order the client takes 0.82 and the sandbox 0.18; Python "
    "computes in one thread at a time, so 1.2 is the most on one machine, and only a gateway far "
    "away leaves threads more to wait for",
)

ROWS = (
    Row(
        "sweep-processes",
        Text(f"{_WHAT.zh}：Dask 的两个进程", f"{_WHAT.en}: two processes of Dask"),
        _ONE,
        Goal(">=", 1.3),
        Text("批量处理随核数加快", "a sweep scales with cores"),
        _against_one_thread("processes"),
        quick=False,
        note=_SHARED,
    ),
    Row(
        "sweep-threads",
        Text(f"{_WHAT.zh}：{_THREADS} 个线程", f"{_WHAT.en}: {_THREADS} threads"),
        _ONE,
        Goal(">=", 0.9),
        Text(
            "线程只在等应答时并行：网关就在本机，不该更慢",
            "threads run at once only while they wait: with a gateway on this machine they must "
            "not be slower",
        ),
        _against_one_thread("threads"),
        quick=False,
        note=_ONE_AT_A_TIME,
    ),
)
