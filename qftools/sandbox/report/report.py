"""What an integration did wrong, graded, each finding with its evidence and its rule's source.

The nouns: rules as the table has them, findings, and the report that holds them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from qftools.texts import Text, read_table

Grade = Literal["danger", "warning", "note"]
GRADES: tuple[Grade, ...] = ("danger", "warning", "note")


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table of rules.

    Attributes:
        grade: ``danger``: money can be lost or charged twice. ``warning``: fails in some
            cases. ``note``: worth a look.
        title: What was done. *why*: what it leads to. *advice*: what to do instead.
        source: Where the rule comes from.
    """

    id: str
    grade: Grade
    title: Text
    why: Text
    advice: Text
    source: str


@dataclass(frozen=True, slots=True)
class Found:
    """One case in which a rule was broken.

    Attributes:
        order: The ``out_trade_no``, empty where it is about no order.
        detail: What happened here.
        exchanges: The numbers of the exchanges that show it.
        notices: The numbers of the notifications that show it.
    """

    order: str
    detail: Text
    exchanges: tuple[int, ...] = ()
    notices: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule and where it was broken."""

    rule: Rule
    found: Found


@dataclass(frozen=True, slots=True, repr=False)
class Report:
    """All findings, the most serious first.

    Attributes:
        looked: How many exchanges were checked. *forgotten*: how many are no longer kept.
    """

    findings: tuple[Finding, ...]
    looked: int
    forgotten: int = 0

    @property
    def grade(self) -> str:
        """The most serious grade, ``clean`` where there are no findings."""
        return self.findings[0].rule.grade if self.findings else "clean"

    def broken(self) -> tuple[str, ...]:
        """Return the ids of the broken rules, the most serious first."""
        return tuple(dict.fromkeys(finding.rule.id for finding in self.findings))

    def summary(self) -> dict[str, Any]:
        """Return grade and counts."""
        return {
            "grade": self.grade,
            "findings": len(self.findings),
            "exchanges": self.looked,
            "forgotten": self.forgotten,
        }

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {**self.summary(), "findings": [of_finding(finding) for finding in self.findings]}

    def say(self, language: str | None = None) -> str:
        """Return the report for a terminal or a log, in ``"zh"`` or ``"en"``."""
        lines = [_HEAD.say(language).format(looked=self.looked, grade=self.grade)]
        for finding in self.findings:
            rule, found = finding.rule, finding.found
            where = f" [{found.order}]" if found.order else ""
            numbers = " ".join(f"#{number}" for number in found.exchanges)
            lines += [
                "",
                f"{rule.grade}: {rule.title.say(language)}{where}",
                f"  {found.detail.say(language)} {numbers}".rstrip(),
                f"  {rule.why.say(language)}",
                f"  -> {rule.advice.say(language)} ({rule.source})",
            ]
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.say()

    def __repr__(self) -> str:
        broken = ", ".join(self.broken()) or "no findings"
        return f"Report({self.grade}, {self.looked} exchanges: {broken})"


_HEAD = Text("检查了 {looked} 次请求：{grade}", "{looked} exchanges checked: {grade}")


def of_finding(finding: Finding) -> dict[str, Any]:
    """Return a finding as plain data."""
    rule, found = finding.rule, finding.found
    return {
        "rule": rule.id,
        "grade": rule.grade,
        "title": rule.title.to_dict(),
        "detail": found.detail.to_dict(),
        "why": rule.why.to_dict(),
        "advice": rule.advice.to_dict(),
        "source": rule.source,
        "order": found.order,
        "exchanges": list(found.exchanges),
        "notifications": list(found.notices),
    }


@cache
def rules() -> Mapping[str, Rule]:
    """Return the table of rules by id, the most serious first.

    Example:
        >>> rules()["cancelled-unseen"].grade
        'warning'
    """
    table = [Rule(**row) for row in read_table(Path(__file__).with_name("report.json"))]
    return {rule.id: rule for rule in sorted(table, key=lambda rule: GRADES.index(rule.grade))}
