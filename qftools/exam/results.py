"""What an exam found, for programs: as plain data, and as JUnit XML for a CI."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

import qftools
from qftools.exam.judging import RESULTS, Judgement, Lesson
from qftools.exam.situations import CURRENCY, say
from qftools.texts import harmless, text


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
        "wrong": [_lesson(lesson) for lesson in one.wrong],
        "findings": [
            {"rule": item.rule.id, "grade": item.rule.grade, "detail": item.found.detail.say()}
            for item in one.findings
        ],
        "exchanges": list(one.evidence),
        "said": one.said if one.result not in ("passed", "skipped") else "",
        "not_run": say(one.why) if one.why else "",
    }


def _lesson(lesson: Lesson) -> dict[str, str]:
    return {
        "id": lesson.id,
        "title": lesson.title.say(),
        "why": lesson.why.say(),
        "advice": lesson.advice.say(),
        "page": lesson.page,
    }


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
            failure.text = _clean("\n".join((*details(one), *one.evidence, one.said)))
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


def details(one: Judgement) -> tuple[str, ...]:
    """Return what was wrong, why it matters and what to do, line by line."""
    lines = []
    for lesson in one.wrong:
        lines += [lesson.title.say(), lesson.why.say(), f"-> {lesson.advice.say()}"]
        lines += [item.found.detail.say() for item in one.findings if item.rule.id == lesson.id]
    if not one.evidence:
        lines.append(text("The gateway saw no request. Does the shop call QFTOOLS_BASE_URL?"))
    return (*lines, one.day.right())


def _clean(words: str) -> str:
    """XML takes no control characters."""
    return "\n".join(harmless(line) for line in words.splitlines())
