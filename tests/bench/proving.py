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
            "撤销在沙盒上 8、在第二个网关上 11，退款 11 和 18，预授权 18：要查询 5 到 18 次，"
            "还要被杀掉再继续。其中 64% 是真实的流程（客户端、脱敏、日志、规则各约四分之一），"
            "15% 是两个网关，16% 是裁判（大半是真的再继续一遍、把日志再读一遍），5% 是布置；"
            "这些都不能少，否则证明的就少了。目标定下时只有撤销",
            "in proportion to the processor time of 2,000 schedules, a fifth of each kind. "
            "Milliseconds for one: a cancel 8 on the sandbox and 11 on the second gateway, a "
            "refund 11 and 18, a hold 18: 5 to 18 requests, with kills and resumes. Of that 64 % "
            "is the real flow (client, redaction, journal and rules, about a quarter each), 15 % "
            "the two gateways, 16 % the judge (most of it another real resume, and the journal "
            "read again) and 5 % the setting: with less of any of them less would be proved. The "
            "goal was set when there were cancels only",
        ),
    ),
)
