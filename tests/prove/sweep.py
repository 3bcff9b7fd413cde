"""10,000 orders with the published limits on, interrupted three times: each once, and no 429.

    python -m tests.prove.sweep 10000

On the virtual clock, so that the minutes of waiting take none. Memory is what the modules of
the sweep hold, without the sandbox's books, which have to grow.
"""

from __future__ import annotations

import gc
import random
import sys
import tempfile
import time
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from qftools.models import Order
from qftools.sandbox import Sandbox
from qftools.sweep.files import Results
from qftools.sweep.sweep import Row, Sweep, Task

#: Fates that are decided without a wait, so that the limit is what slows the sweep down.
AMOUNTS = (0, 0, 0, 77001, 77005, 77017)

_OURS = [
    tracemalloc.Filter(True, f"*/qftools/{folder}/*.py")
    for folder in ("sweep", "journal", "cancellation", "client", "exchange")
]


def held() -> float:
    """The MiB that the modules of the sweep hold now."""
    gc.collect()
    ours = tracemalloc.take_snapshot().filter_traces(_OURS)
    size = sum(trace.size for trace in ours.traces)
    assert size, "no trace of the sweep was found: its modules have moved"
    return size / 2**20


def rows(orders: list[tuple[str, int | None, str | None]]) -> Iterator[Row]:
    """The orders as a file would give them: made when they are asked for."""
    for line, (number, txamt, txdtm) in enumerate(orders, 2):
        yield Row(line, Order(number, txamt, txdtm, pay_type="800101"))


def main() -> int:
    """Place, sweep, interrupt, sweep the rest, compare."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    dice = random.Random(0)
    with Sandbox() as sandbox, tempfile.TemporaryDirectory() as folder:
        client = sandbox.client()
        orders = []
        for n in range(number):
            amount = dice.choice(AMOUNTS) or dice.randint(300, 30_000)
            order = client.pay(
                pay_type="800101", txamt=amount, txcurrcd="HKD", out_trade_no=f"A{n}"
            )
            orders.append((f"A{n}", order.txamt, order.txdtm))
        sandbox._gateway.settings.set("rate_limit", "published")
        statuses: Counter[int] = Counter()
        watchers = sandbox._gateway.log.watchers
        watchers.append(lambda seen: statuses.update([getattr(seen.response, "status", 0)]))
        target = Path(folder, "results.csv")
        task = Task(lambda: client, journal=str(Path(folder, "journal.db")))
        began, clock = time.perf_counter(), sandbox.clock.now()
        tracemalloc.start()
        memory = []
        for stop_after in (number // 4, number // 4, number // 4, number):
            with Results(target) as written:
                left = (row for row in rows(orders) if not written.has(row.order))
                with closing(Sweep(task, workers=1).run(left)) as results:
                    for done, result in enumerate(results, 1):
                        written.add(result)
                        if done % max(1, number // 10) == 0:
                            memory.append(held())
                        if done == stop_after:
                            break
        seconds, minutes = time.perf_counter() - began, (sandbox.clock.now() - clock) / 60
        lines = target.read_text("utf-8").splitlines()[1:]
        times = Counter(line.split(",")[1] for line in lines)
        wrong = [
            line
            for line in lines
            if (line.split(",")[8] == "yes") != (sandbox.order(line.split(",")[1]).paid > 0)
        ]
        requests = sum(statuses.values())
        print(f"{number} orders, {requests} requests, interrupted 3 times")
        print(f"{minutes:.0f} virtual minutes: {requests / minutes:.0f} requests a minute")
        print(f"{seconds:.0f} s on this machine")
        once = set(times.values()) == {1}
        print(f"HTTP 429: {statuses[429]}; each order exactly once: {once}")
        print(f"results {len(times)}, against the books: {len(wrong)} wrong")
        print(f"MiB held by the sweep at each tenth: {', '.join(f'{m:.1f}' for m in memory)}")
        right = not wrong and len(times) == number and set(times.values()) == {1}
        return 0 if right and not statuses[429] else 1


if __name__ == "__main__":
    sys.exit(main())
