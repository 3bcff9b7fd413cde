"""Belief against books: what is right, what is wrong, and what it would have cost.

Rules only: nothing here starts a shop or writes a page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from qftools.catalogue import amount
from qftools.exam.beliefs import Belief
from qftools.exam.situations import BadDay
from qftools.sandbox.report.report import Finding, rules
from qftools.texts import Text, read_table

if TYPE_CHECKING:
    from qftools.sandbox.books.orders import Row

Result = Literal["passed", "failed", "unsettled", "broken", "skipped"]
RESULTS: tuple[Result, ...] = ("passed", "failed", "unsettled", "broken", "skipped")


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a shop did wrong, in the words of the exam or of the report.

    Attributes:
        page: Where the site explains it, without the site's address.
    """

    id: str
    title: Text
    why: Text
    advice: Text
    page: str = "sandbox/exam/#failures"


@dataclass(frozen=True, slots=True)
class Judgement:
    """One situation, judged.

    Attributes:
        belief: What the shop said; None where it said nothing.
        truth: What the books say: paid, not paid, or charged twice.
        wrong: What it did wrong; empty where it passed.
        cost: Minor units that it would have cost the shop or its customer.
        findings: What the report found, the mild ones as well.
        evidence: The exchanges, one line each.
        said: The end of what the shop wrote.
        why: Why it was not run.
    """

    day: BadDay
    result: Result
    belief: Belief | None = None
    truth: str = ""
    wrong: tuple[Lesson, ...] = ()
    cost: int = 0
    findings: tuple[Finding, ...] = ()
    evidence: tuple[str, ...] = ()
    said: str = ""
    why: str = ""

    @property
    def price(self) -> str:
        """The cost as a person writes it; empty for none."""
        return amount(self.cost, self.day.currency) if self.cost else ""


@cache
def lessons() -> Mapping[str, Lesson]:
    """Return the exam's own lessons and the report's rules, by id.

    Example:
        >>> lessons()["charged-twice"].title.en
        'Charged twice for one sale'
        >>> lessons()["cancelled-paid"].page
        'sandbox/report/#rules'
    """
    own = [Lesson(**row) for row in read_table(Path(__file__).with_name("lessons.json"))]
    of_report = [
        Lesson(rule.id, rule.title, rule.why, rule.advice, "sandbox/report/#rules")
        for rule in rules().values()
    ]
    return {lesson.id: lesson for lesson in (*own, *of_report)}


def judge(
    day: BadDay,
    belief: Belief | None,
    books: Iterable[Row],
    findings: Iterable[Finding] = (),
    *,
    fooled: bool = False,
    asked: bool = True,
    forged: bool = False,
) -> Judgement:
    """Judge one situation.

    Args:
        day: What was staged.
        belief: What the shop said in the end.
        books: Its payments, once everything has happened that still could.
        findings: What the report found. Those of the grade danger count, and those of the rule
            that the situation is about.
        fooled: Whether its receiver acknowledged a forged notification.
        asked: Whether the shop asked the gateway for this sale at all.
        forged: Whether the last answer that the shop got had a wrong signature.
    """
    books = tuple(books)
    paid = [row.kept for row in books if row.kept > 0]
    found = tuple(findings)
    wrong = [*_against_books(belief, paid, day)]
    if forged and {"gave-away", "kept-money"}.intersection(wrong):
        wrong.append("answer-not-genuine")
    if belief is not None and not asked:  # "not paid" agrees with empty books, and sells nothing
        wrong.append("never-asked")
    if any((row.txamt, row.txcurrcd) != (day.txamt, day.currency) for row in books):
        wrong.append("wrong-amount")
    wrong += ["notification-unchecked"] if fooled else []
    wrong += [
        finding.rule.id
        for finding in found
        if finding.rule.grade == "danger" or finding.rule.id == day.rule
    ]
    return Judgement(
        day=day,
        result=_result(wrong),
        belief=belief,
        truth="charged-twice" if len(paid) > 1 else "paid" if paid else "not paid",
        wrong=tuple(lessons()[name] for name in dict.fromkeys(wrong)),
        cost=_cost(belief, paid, day),
        findings=found,
    )


def _against_books(belief: Belief | None, paid: list[int], day: BadDay) -> Iterable[str]:
    if len(paid) > 1:
        yield "charged-twice"
    if belief is None:
        yield "no-answer"
    elif belief == "paid" and not paid:
        yield "gave-away"
    elif belief == "not paid" and paid:
        yield "kept-money"
    elif belief == "unknown" and not day.open:
        yield "unsettled"


def _result(wrong: list[str]) -> Result:
    """The worst of what is wrong."""
    if not wrong:
        return "passed"
    mild: dict[str, Result] = {"unsettled": "unsettled", "no-answer": "broken"}
    return mild.get(wrong[0], "failed") if len(wrong) == 1 else "failed"


def _cost(belief: Belief | None, paid: list[int], day: BadDay) -> int:
    """What was given away, and what was taken without a sale.

    Example:
        >>> from qftools.exam.situations import situations
        >>> day = situations()["S01"]
        >>> _cost("paid", [], day), _cost("not paid", [77001], day), _cost("paid", 2 * [77001], day)
        (77001, 77001, 77001)
        >>> _cost("paid", [7700100], day)  # a hundred times too much
        7623099
    """
    if belief == "paid":
        return abs(paid[0] - day.txamt) + sum(paid[1:]) if paid else day.txamt
    if belief == "not paid":
        return sum(paid)
    return sum(paid[1:])
