"""The evidence of one cancel for others to read: as text, as JSON, or as a page for a ticket.

Shows what the journal has, which is redacted; decides nothing. Whatever came from
outside is escaped.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

from qftools.cancellation.outcome import Taken
from qftools.catalogue import Text
from qftools.exchange import writing
from qftools.exchange.redaction import Shown, redactor_for
from qftools.journal import records
from qftools.journal.journal import Entry
from qftools.markup import Markup, document, el, join
from qftools.texts import harmless, spoken, text
from qftools.validation import BEIJING

INTERRUPTED = Text(
    "中断：结果不确定。用 qftools resume {number} 继续，它会先查询。",
    "Interrupted: the result is unknown. Resume with: qftools resume {number}. It queries first.",
)


def when(seconds: float) -> str:
    """Return a time as the gateway writes it, in Beijing, with the offset.

    Example:
        >>> when(1767578400.0)
        '2026-01-05 10:00:00 +0800'
    """
    return datetime.datetime.fromtimestamp(seconds, BEIJING).strftime("%Y-%m-%d %H:%M:%S %z")


def what_to_do(entry: Entry, language: str | None = None) -> str:
    """Return what comes next for an entry, in ``"zh"`` or ``"en"``."""
    outcome = entry.outcome
    if outcome is None:
        return INTERRUPTED.say(language).format(number=entry.number)
    return outcome.advice(language)


def to_dict(entry: Entry, language: str | None = None) -> dict[str, Any]:
    """Return everything as plain data: entry, order, and each question with its bytes."""
    end = entry.walk.end
    return {
        "number": entry.number,
        "base_url": entry.base_url,
        "app_code": entry.app_code,
        "mchid": entry.mchid or None,
        "begun": when(entry.begun),
        "changed": when(entry.changed),
        "verdict": entry.verdict and entry.verdict.value,
        "reason": end.reason.say(language) if end and end.reason else "",
        "charged": _charged(entry),
        "settled": entry.settled,
        "next": what_to_do(entry, language),
        "order": records.plain(entry.order),
        "unanswered": entry.unanswered,
        "steps": records.plain(entry.steps),
    }


def as_json(entry: Entry, language: str | None = None) -> Shown:
    """Return [to_dict][qftools.journal.page.to_dict] as JSON."""
    return redactor_for().json(to_dict(entry, language), indent=2)


def as_text(entry: Entry, language: str | None = None) -> str:
    """Return the evidence as plain text, every line harmless to a terminal."""
    lines = [f"{name}  {value}" for name, value in _facts(entry, language)]
    for number, taken in enumerate(entry.steps, 1):
        lines += ["", f"{number}. {_headline(taken, language)}"]
        if taken.exchange is not None:
            lines += [f"   {line}" for line in writing.as_text(taken.exchange).splitlines()]
    if entry.unanswered:
        lines += ["", _unanswered(entry, language)]
    return "\n".join(harmless(line) for line in lines)


def as_html(entry: Entry, language: str | None = None) -> str:
    """Return the evidence as one page that needs nothing else: to attach to a ticket."""
    verdict = _verdict(entry, language)
    meaning = entry.outcome.meaning.say(language) if entry.outcome else ""
    steps = [_step_as_html(taken, language) for taken in entry.steps]
    if entry.unanswered:
        steps.append(el("li", _unanswered(entry, language)))
    note = text("This page does not contain the client key. Times are in Beijing time.", language)
    return document(
        f"{entry.order.number}: {verdict}",
        join(
            el("h1", verdict, cls=_charged(entry)),
            el("p", meaning),
            el("table", *(el("tr", el("th", f), el("td", v)) for f, v in _facts(entry, language))),
            el("h2", text("Requests and answers", language)),
            el("ol", *steps),
            el("footer", note),
        ),
        spoken(language),
    )


def _charged(entry: Entry) -> str:
    return entry.outcome.charged if entry.outcome else "unknown"


def _verdict(entry: Entry, language: str | None) -> str:
    return entry.verdict.value if entry.verdict else text("INTERRUPTED", language)


def _facts(entry: Entry, language: str | None = None) -> Iterator[tuple[str, str]]:
    order, end = entry.order, entry.walk.end
    amount = f"{order.txamt} {order.txcurrcd or ''}".rstrip()
    yield text("Verdict", language), _verdict(entry, language)
    if end is not None and end.reason:
        yield text("Reason", language), end.reason.say(language)
    yield text("What to do", language), what_to_do(entry, language)
    for name, value in (
        ("out_trade_no", order.out_trade_no),
        ("syssn", order.syssn),
        ("txamt", amount),
        ("txdtm", order.txdtm),
        ("pay_type", order.pay_type),
        ("mchid", entry.mchid),
        ("app_code", entry.app_code),
        (text("Gateway", language), entry.base_url),
        (text("Started", language), when(entry.begun)),
        (text("Last written", language), when(entry.changed)),
        (text("Entry of the journal", language), str(entry.number)),
    ):
        if value:
            yield name, value


def _unanswered(entry: Entry, language: str | None = None) -> str:
    said = text("{endpoint} was about to be sent; no answer was recorded.", language)
    return said.format(endpoint=entry.unanswered)


def _headline(taken: Taken, language: str | None = None) -> str:
    words = (
        *(when(taken.at), taken.step, taken.endpoint, taken.finding, taken.answer.respcd),
        *(_signed(taken, language), taken.note(language)),
    )
    return "  ".join(str(word) for word in words if word)


def _signed(taken: Taken, language: str | None = None) -> str:
    """Whether the answer was signed; empty where none came."""
    if taken.exchange is None or taken.exchange.response is None:
        return ""
    return text("signed", language) if taken.answer.signed else text("not signed", language)


def _step_as_html(taken: Taken, language: str | None) -> Markup:
    answer = taken.answer
    note = answer.note.say(language) if answer.note else None
    asked = el("summary", text("Request and reply", language))
    return el(
        "li",
        join(el("b", taken.step), " ", el("code", taken.endpoint), " → "),
        join(el("b", taken.finding, cls=taken.finding), " ", answer.respcd),
        el("small", when(taken.at)),
        el("small", _signed(taken, language)),
        note and el("p", note),
        taken.exchange and el("details", asked, el("pre", writing.as_text(taken.exchange))),
    )
