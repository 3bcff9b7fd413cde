"""What an exam found, for programs: as plain data, and as JUnit XML for a CI."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, metadata
from typing import Any
from xml.etree import ElementTree

import qftools
from qftools.exam.judging import RESULTS, Judgement, Lesson
from qftools.exam.situations import CURRENCY, say
from qftools.texts import harmless, mark, spoken, text


@dataclass(frozen=True, slots=True)
class Sheet:
    """The results of one exam.

    Attributes:
        judged: Every situation, in order.
        level: What was asked for; empty where situations were named.
        seed: Made the gateway's numbers.
        shop: How the shop was reached.
    """

    judged: Sequence[Judgement]
    level: str
    seed: int
    shop: str

    @property
    def passed(self) -> bool:
        """Whether something was run, and all of it passed."""
        run = [one for one in self.judged if one.result != "skipped"]
        return bool(run) and all(one.result == "passed" for one in run)

    @property
    def cost(self) -> int:
        """What everything together would have cost, in minor units."""
        return sum(one.cost for one in self.judged)

    def counts(self) -> dict[str, int]:
        """Return how many ended in which way."""
        counted = Counter(one.result for one in self.judged)
        return {result: counted[result] for result in RESULTS if counted[result]}


def to_dict(sheet: Sheet) -> dict[str, Any]:
    """Return everything as plain data; the same for the same shop and seed."""
    return {
        "qftools": qftools.__version__,
        "shop": sheet.shop,
        "level": sheet.level,
        "seed": sheet.seed,
        "passed": sheet.passed,
        "counts": sheet.counts(),
        "cost": sheet.cost,
        "currency": CURRENCY,
        "causes": [
            {"id": cause.lesson.id, "details": list(cause.details), "situations": list(cause.days)}
            for cause in causes(sheet)
        ],
        "situations": [_to_dict(one) for one in sheet.judged],
    }


def _to_dict(one: Judgement) -> dict[str, Any]:
    day = one.day
    return {
        "id": day.id,
        "level": day.level,
        "title": day.title(),
        "pay_type": day.pay_type,
        "txamt": day.txamt,
        "right": day.right(),
        "result": one.result,
        "believed": one.belief,
        "books": one.truth,
        "cost": one.cost,
        "wrong": [_lesson(lesson, one) for lesson in one.wrong],
        "findings": _findings(one),
        "exchanges": [seen.whole() for seen in one.evidence],
        "said": one.said if one.result not in ("passed", "skipped") else "",
        "not_run": say(one.why) if one.why else "",
    }


def _findings(one: Judgement) -> list[dict[str, Any]]:
    """What the report found, each sentence once, with how often."""
    counted = Counter(
        (item.rule.id, item.rule.grade, item.found.detail.say()) for item in one.findings
    )
    return [
        {"rule": rule, "grade": grade, "detail": detail, "times": times}
        for (rule, grade, detail), times in counted.items()
    ]


def _lesson(lesson: Lesson, one: Judgement) -> dict[str, Any]:
    return {
        "id": lesson.id,
        "title": lesson.title.say(),
        "details": list(one.shown_by(lesson)),
        "why": lesson.why.say(),
        "advice": lesson.advice.say(),
        "page": lesson.page,
    }


@dataclass(frozen=True, slots=True)
class Cause:
    """What made situations fail, and which ones.

    Attributes:
        lesson: What was done wrong: the first that the judgement tells.
        details: What showed it, each sentence once.
        days: The ids of the situations.
    """

    lesson: Lesson
    details: tuple[str, ...]
    days: tuple[str, ...]


def causes(sheet: Sheet) -> tuple[Cause, ...]:
    """Return what made situations fail, the cause of most of them first."""
    found: dict[str, list[Judgement]] = {}
    for one in sheet.judged:
        if one.wrong:
            found.setdefault(one.wrong[0].id, []).append(one)
    made = []
    for judged in found.values():
        lesson = judged[0].wrong[0]
        details = dict.fromkeys(said for one in judged for said in one.shown_by(lesson))
        made.append(Cause(lesson, tuple(details), tuple(one.day.id for one in judged)))
    return tuple(sorted(made, key=lambda cause: -len(cause.days)))


def documentation() -> str:
    """Return the address of the documentation in the language in use; empty where unknown.

    It is the one that the installed package names; a copy that was built before the address was
    decided names a placeholder, which leads nowhere.
    """
    try:
        urls = metadata("qfpay-toolkit").get_all("Project-URL") or []
    except PackageNotFoundError:
        return ""
    named = dict(url.split(", ", 1) for url in urls)
    site = named.get("Documentation", "")
    if _UNDECIDED in site:
        return ""
    return f"{site}en/" if site and spoken() == "en" else site


_UNDECIDED = "//OWNER."


def where(lesson: Lesson) -> str:
    """Return where the rule of a lesson is explained: an address, or the page by its path.

    Example:
        >>> from qftools.exam.judging import lessons
        >>> "understand/which-call/" in where(lessons()["wrong-endpoint"])
        True
    """
    if site := documentation():
        return site + lesson.page
    return text("page {page} of the documentation").format(page=lesson.page)


def as_junit(sheet: Sheet) -> str:
    """Return JUnit XML: one test case for each situation."""
    counts = sheet.counts()
    failures = sum(counts.get(name, 0) for name in ("failed", "unsettled", "broken"))
    suite = ElementTree.Element(
        "testsuite",
        name="qftools exam",
        tests=str(len(sheet.judged)),
        failures=str(failures),
        errors="0",
        skipped=str(counts.get("skipped", 0)),
    )
    for one in sheet.judged:
        name = f"{one.day.id} {one.day.title()}"
        case = ElementTree.SubElement(
            suite, "testcase", classname=f"qftools.exam.{one.day.level}", name=name
        )
        if one.result == "skipped":
            ElementTree.SubElement(case, "skipped", message=say(one.why))
        elif one.result != "passed":
            failure = ElementTree.SubElement(case, "failure", message=summary(one))
            failure.text = _clean(
                "\n".join((*details(one), *(seen.whole() for seen in one.evidence), one.said))
            )
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def summary(one: Judgement) -> str:
    """Return belief against books in one line.

    Example:
        >>> from qftools.exam.judging import judge
        >>> from qftools.exam.situations import situations
        >>> summary(judge(situations()["S01"], "paid", ()))
        'the shop believes: paid; on the books: not paid; cost: HKD 770.01'
    """
    said = text("the shop believes: {belief}; on the books: {books}").format(
        belief=say(one.belief or "broken"), books=say(one.truth)
    )
    cost = text("; cost: {price}").format(price=one.price) if one.price else ""
    return said + cost


UNSEEN = mark("The gateway saw no request. Does the shop call QFTOOLS_BASE_URL?")


def details(one: Judgement) -> tuple[str, ...]:
    """Return what was wrong, why it matters and what to do, line by line."""
    lines = []
    for lesson in one.wrong:
        lines += [lesson.title.say(), *one.shown_by(lesson), lesson.why.say()]
        lines += [f"-> {lesson.advice.say()}", where(lesson)]
    if not one.evidence:
        lines.append(text(UNSEEN))
    return (*lines, one.day.right())


def _clean(words: str) -> str:
    """XML takes no control characters."""
    return "\n".join(harmless(line) for line in words.splitlines())
