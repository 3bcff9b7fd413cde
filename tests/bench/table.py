"""Every row of the bench, in the order of the page."""

from __future__ import annotations

from dataclasses import dataclass

from qftools.catalogue import Text
from tests.bench import (
    calling,
    counting,
    growth,
    lessons,
    proving,
    serving,
    shop_tests,
    signing,
    site,
    soak,
    startup,
    support,
    sweeping,
    versus,
    workbench,
)
from tests.bench.rows import Row


@dataclass(frozen=True, slots=True)
class Subject:
    """A chapter of the page, and its rows."""

    name: str
    title: Text
    rows: tuple[Row, ...]


SUBJECTS = (
    Subject("signing", Text("签名", "Signing"), signing.ROWS),
    Subject("calling", Text("客户端", "The client"), (*calling.ROWS, counting.OF_A_CANCEL)),
    Subject("startup", Text("启动", "Start-up"), startup.ROWS),
    Subject(
        "serving",
        Text("沙盒服务器", "The sandbox as a server"),
        (*serving.ROWS, counting.OF_AN_ANSWER, *shop_tests.ROWS),
    ),
    Subject("versus", Text("与同类相比", "Against what one would take instead"), versus.ROWS),
    Subject("soak", Text("跑久之后", "After a long day"), soak.ROWS),
    Subject("proving", Text("证明", "The proof"), proving.ROWS),
    Subject("support", Text("诊断与批量处理", "Diagnosis and sweep"), support.ROWS + sweeping.ROWS),
    Subject("lessons", Text("课程与面板", "Lessons and panels"), lessons.ROWS + workbench.ROWS),
    Subject("site", Text("站点", "The site"), site.ROWS),
    Subject("growth", Text("增长", "How cost grows"), growth.ROWS),
)
ROWS = {row.key: row for subject in SUBJECTS for row in subject.rows}
