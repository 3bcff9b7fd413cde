"""The resources: pages in Markdown, made from the tables that the package carries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from qftools import catalogue
from qftools.cancellation.policy import rules
from qftools.cancellation.routing import route
from qftools.cancellation.verdicts import REFUNDS, VERDICTS, Verdict, VerdictRow
from qftools.sandbox.report.report import rules as report_rules
from qftools.sandbox.situations import situations
from qftools.texts import LANGUAGES, Language, Text


class AssistantPage(NamedTuple):
    """One page: its address, its title, and what writes it."""

    uri: str
    title: str
    write: Callable[[Language], str]
    language: Language

    def markdown(self) -> str:
        """Return the page, with its title."""
        return f"# {self.title}\n\n{self.write(self.language)}\n"


def pages() -> dict[str, AssistantPage]:
    """Return every page by its address, in both languages.

    Example:
        >>> pages()["qftools://en/verdicts"].markdown().splitlines()[0]
        '# Verdicts of a cancel: what proves each, and what to do next'
    """
    made = [
        AssistantPage(f"qftools://{language}/{name}", title.say(language), write, language)
        for language in LANGUAGES
        for name, (title, write) in _PAGES.items()
    ]
    return {page.uri: page for page in made}


def table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; what would break a cell is written otherwise.

    Example:
        >>> print(table(["a"], [["`x|y` | z"]]))
        | a |
        | --- |
        | `x|y` &#124; z |
    """
    lines = [list(names), ["---"] * len(names), *map(list, rows)]
    return "\n".join("| " + " | ".join(map(_cell_text, line)) + " |" for line in lines)


def _cell_text(cell: str) -> str:
    parts = cell.replace("\n", " ").split("`")
    parts[::2] = [part.replace("|", "&#124;") for part in parts[::2]]  # code may hold a bar
    return "`".join(parts)


def _codes(language: Language) -> str:
    return table(
        ["respcd", "call", "kind", "money_moved", "meaning", "next", "source"],
        [
            [
                *(code.code, call or "*", reading.kind, reading.money_moved),
                *(reading.meaning.say(language), reading.advice.say(language), code.source),
            ]
            for code in catalogue.codes().values()
            for call, reading in {"": code, **code.at}.items()
        ],
    )


def _pay_types(language: Language) -> str:
    found = [(row, route(row.code)) for row in catalogue.pay_types().values()]
    return table(
        ["pay_type", "name", "call", "sure", "reason", "refund"],
        [
            [
                *(row.code, row.name.say(language), way.call or "-", way.sure),
                *(way.reason.say(language), row.refund),
            ]
            for row, way in found
        ],
    )


def _verdicts(rows: Mapping[Verdict, VerdictRow], language: Language) -> str:
    return table(
        ["verdict", "charged", "meaning", "proof", "next"],
        [
            [row.verdict.value, row.charged]
            + [words.say(language) for words in (row.meaning, row.proof, row.advice)]
            for row in rows.values()
        ],
    )


def _patience(language: Language) -> str:
    return table(
        ["wallet", "mode", "values", "why", "source"],
        [
            [
                *(rule.wallet, rule.mode),
                ", ".join(f"{name}={value:g}" for name, value in rule.values.items()),
                *(rule.note.say(language), rule.source),
            ]
            for rule in rules()
        ],
    )


def _fields(language: Language) -> str:
    return table(
        ["call", "part", "field", "required", "type", "meaning"],
        [
            [
                *(field.endpoint, field.part, field.name, field.required, field.type),
                field.meaning.say(language),
            ]
            for field in catalogue.fields()
        ],
    )


def _disputes(language: Language) -> str:
    return table(
        ["id", "about", "source", "says", "qftools"],
        [
            [
                *(row.id, row.topic.say(language), f"{reading.source} {reading.date}".strip()),
                *(reading.says.say(language), row.default.say(language)),
            ]
            for row in catalogue.disputes().values()
            for reading in row.readings
        ],
    )


def _situations(language: Language) -> str:
    return table(
        ["txamt", "fault", "on", "what happens"],
        [
            [str(day.txamt), day.fault or "-", day.on, day.text.say(language)]
            for day in situations()
        ],
    )


def _report_rules(language: Language) -> str:
    return table(
        ["rule", "grade", "title", "why", "advice", "source"],
        [
            [rule.id, rule.grade]
            + [words.say(language) for words in (rule.title, rule.why, rule.advice)]
            + [rule.source]
            for rule in report_rules().values()
        ],
    )


_PAGES: dict[str, tuple[Text, Callable[[Language], str]]] = {
    "codes": (
        Text("响应代码：含义、资金是否变动、下一步", "Response codes: meaning, money, next step"),
        _codes,
    ),
    "which-call": (
        Text("支付类型，以及撤销用哪个接口", "Pay types, and which call cancels each"),
        _pay_types,
    ),
    "verdicts": (
        Text(
            "撤销的结论：由什么证实、下一步怎么做",
            "Verdicts of a cancel: what proves each, and what to do next",
        ),
        partial(_verdicts, VERDICTS),
    ),
    "refund-verdicts": (
        Text(
            "退款的结论：由什么证实、下一步怎么做",
            "Verdicts of a refund: what proves each, and what to do next",
        ),
        partial(_verdicts, REFUNDS),
    ),
    "patience": (
        Text("各钱包的等待与重试", "Timeouts and retries per wallet, with sources"),
        _patience,
    ),
    "fields": (
        Text("各接口和通知的字段", "Fields of every call and of notifications"),
        _fields,
    ),
    "disputes": (
        Text("资料不一致之处", "Where the sources disagree"),
        _disputes,
    ),
    "bad-days": (
        Text("沙盒能演示的异常情况", "Bad days that the sandbox can play"),
        _situations,
    ),
    "report-rules": (
        Text("检查报告的规则", "The rules of the report"),
        _report_rules,
    ),
}
