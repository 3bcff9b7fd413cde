"""The proof by fault schedules: how long a hundred thousand of them take."""

from __future__ import annotations

import statistics
import time

from qftools.catalogue import Text
from tests.bench.rows import Goal, Measured, Row
from tests.bench.running import Run
from tests.prove.__main__ import GATEWAYS, batch

_MANY = 100_000
_CORES = 2


def _prove(run: Run) -> Measured:
    size = 250
    for gateway in GATEWAYS:
        batch((gateway, range(50)))
    minutes = []
    for number in range(run.rounds(8, 2)):
        first = number * size
        start = time.process_time()
        played = [
            result
            for gateway in GATEWAYS
            for result in batch((gateway, range(first, first + size // len(GATEWAYS))))
        ]
        wrong = [one for one in played if one.disagreements]
        minutes.append((time.process_time() - start) / size * _MANY / _CORES / 60)
        if wrong:
            raise ValueError(f"seed {wrong[0].seed} disagrees with the books")
    a_second = _MANY / (statistics.median(minutes) * 60)
    return Measured(tuple(minutes), a_second, None, "schedules/s")


ROWS = (
    Row(
        "prove",
        Text("make prove N=100000，两个核", "make prove N=100000 on two cores"),
        Text("无", "nothing"),
        Goal("<=", 5),
        Text(
            "一杯咖啡的工夫；每个故障剧本都经过真实的客户端",
            "the time of a coffee; every schedule goes through the real client",
        ),
        _prove,
        unit="min",
        note=Text(
            "由 2,000 个剧本用掉的处理器时间按比例算出；五种剧本各占五分之一。每个剧本的毫秒数："
            "撤销在沙盒上 7、在第二个网关上 10，退款 15 和 17，预授权 20：这些更常被杀掉再继续，"
            "日志也写得更多。目标定下时只有撤销",
            "in proportion to the processor time of 2,000 schedules, a fifth of each kind. "
            "Milliseconds for one: a cancel 7 on the sandbox and 10 on the second gateway, a "
            "refund 15 and 17, a hold 20: these are killed and resumed more often, and write more "
            "into the journal. The goal was set when there were cancels only",
        ),
    ),
)
