"""Belief against books: what is right, what is wrong, and what it would have cost.

Rules only: nothing here starts a shop or writes a page.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from qftools.catalogue import amount
from qftools.exam.beliefs import Belief
from qftools.exam.evidence import Evidence
from qftools.exam.silence import Silence
from qftools.exam.situations import BadDay
from qftools.sandbox.report.history import CANCELS
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
        page: The page of its rule, without the site's address.
        rule: The rule of the report whose findings show it; empty: the one of the same id.
        hides: Lessons that follow from this one, and are not told beside it.
    """

    id: str
    title: Text
    why: Text
    advice: Text
    page: str
    rule: str = ""
    hides: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """One situation, judged.

    Attributes:
        belief: What the shop said; None where it said nothing.
        truth: What the books say: paid, not paid, or charged twice.
        wrong: What it did wrong, the cause first; empty where it passed.
        cost: Minor units that it would have cost the shop or its customer.
        findings: What the report found, the mild ones as well.
        evidence: The exchanges, identical ones together.
        said: The end of what the shop wrote.
        silence: Why it has no belief, as `shops.Answer` says it.
        why: Why it was not run.
    """

    day: BadDay
    result: Result
    belief: Belief | None = None
    truth: str = ""
    wrong: tuple[Lesson, ...] = ()
    cost: int = 0
    findings: tuple[Finding, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    said: str = ""
    silence: Silence = Silence()
    why: str = ""

    @property
    def price(self) -> str:
        """The cost as a person writes it; empty for none."""
        return amount(self.cost, self.day.currency) if self.cost else ""

    def shown_by(self, lesson: Lesson) -> tuple[str, ...]:
        """Return what showed a lesson here, each sentence once."""
        rule = lesson.rule or lesson.id
        found = [item.found.detail.say() for item in self.findings if item.rule.id == rule]
        if lesson.id == self.silence.lesson:
            found.append(self.silence.say())
        return tuple(dict.fromkeys(found))


@cache
def lessons() -> Mapping[str, Lesson]:
    """Return the exam's own lessons and the report's rules, by id.

    Example:
        >>> lessons()["charged-twice"].title.en
        'Charged twice for one sale'
        >>> lessons()["wrong-endpoint"].page
        'understand/which-call/'
    """
    of_report = [
        Lesson(
            rule.id,
            rule.title,
            rule.why,
            rule.advice,
            page=_PAGES.get(rule.id, _RULES),
            hides=_HIDES.get(rule.id, ()),
        )
        for rule in rules().values()
    ]
    return {lesson.id: lesson for lesson in (*own_lessons(), *of_report)}


@cache
def own_lessons() -> tuple[Lesson, ...]:
    """Return the exam's own lessons, in the order in which they are told: causes first.

    Example:
        >>> own_lessons()[0].id
        'always-unsigned'
    """
    rows = read_table(Path(__file__).with_name("lessons.json"))
    return tuple(Lesson(**{**row, "hides": tuple(row.get("hides", ()))}) for row in rows)


_HIDES = {"wrong-endpoint": ("unsettled",)}
_RULES = "sandbox/report/#rules"
_PAGES = {
    "wrong-endpoint": "understand/which-call/",
    "cancelled-paid": "understand/which-call/",
    "amount-changed": "understand/which-call/",
    "charged-again": "understand/unknown/#never",
    "progress-taken-for-failure": "understand/unknown/#never",
    "never-resolved": "understand/unknown/#steps",
    "notification-unchecked": "endpoints/notifications/#receive",
}


def judge(
    day: BadDay,
    belief: Belief | None,
    books: Iterable[Row],
    findings: Iterable[Finding] = (),
    *,
    fooled: bool = False,
    asked: bool = True,
    forged: bool = False,
    refused: Collection[int] = (),
    last: tuple[str, str] = ("", ""),
    silence: Silence | None = None,
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
        forged: Whether it may believe what the last answer says, whose signature is wrong.
        refused: The exchanges of payment or query where the gateway refused each of them.
        last: Endpoint and code of the last answer that the shop got.
        silence: Why it has no belief.
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
    ended = silence if silence and silence.lesson else Silence("no-answer")
    quiet = Silence() if belief else ended
    causes = [*_causes(wrong, found, frozenset(refused)), *_believed(wrong, last, day)]
    named = {quiet.lesson if name == "no-answer" else name for name in wrong}
    return Judgement(
        day=day,
        result=_result(wrong),
        belief=belief,
        truth="charged-twice" if len(paid) > 1 else "paid" if paid else "not paid",
        wrong=_told(causes, named),
        cost=_cost(belief, paid, day),
        findings=found,
        silence=quiet,
    )


def _causes(wrong: list[str], found: tuple[Finding, ...], refused: frozenset[int]) -> Iterator[str]:
    """Yield what explains that something is wrong, though by itself it fails no situation."""
    if not wrong:
        return
    for lesson in own_lessons():
        if any(
            item.rule.id == lesson.rule and refused.issuperset(item.found.exchanges)
            for item in found
        ):
            yield lesson.id
    if {"unsettled", "kept-money"}.intersection(wrong):
        yield from (item.rule.id for item in found if item.rule.id == "wrong-endpoint")


def _believed(wrong: list[str], last: tuple[str, str], day: BadDay) -> Iterator[str]:
    """Yield which 0000, that proves nothing, the shop took for the end."""
    endpoint, respcd = last
    if respcd != "0000":
        return
    if "gave-away" in wrong and endpoint == "payment" and not day.scans:
        yield "placed-believed"
    if "kept-money" in wrong and endpoint in CANCELS:
        yield "cancel-believed"


def _told(causes: Collection[str], wrong: Collection[str]) -> tuple[Lesson, ...]:
    """Return the lessons in their order, causes first, without those that follow from another."""
    names = {*causes, *wrong}
    hidden = {name for lesson in names for name in lessons()[lesson].hides}
    told = [one for one in lessons().values() if one.id in names - hidden]
    return tuple(sorted(told, key=lambda one: one.id not in causes))


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
