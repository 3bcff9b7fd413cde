"""A comparison as one page that needs nothing else: to be sent to the authors of qftools.

What the recording holds of orders, amounts and people is not on it: only names of fields, codes,
kinds of values, and counts.
"""

from __future__ import annotations

import qftools
from qftools.compare.comparison import MOST_NUMBERS, Comparison, Difference, advice, word
from qftools.compare.differences import KINDS
from qftools.exchange.redaction import Redactor
from qftools.markup import Markup, document, el, join
from qftools.texts import spoken, text


def as_html(found: Comparison, redactor: Redactor, language: str | None = None) -> str:
    """Return the page, in ``"zh"`` or ``"en"``.

    Args:
        found: What was found.
        redactor: Knows the key under the recorded signatures.
        language: The language in use if left out.
    """
    parts: list[Markup] = []
    for endpoint, count in found.compared.items():
        rows = [item for item in found.differences if item.endpoint == endpoint]
        parts.append(el("h2", f"{endpoint} ({count})"))
        parts += [part for item in rows for part in _shown(item, language)]
        if not rows:
            parts.append(el("p", text("The answers agree.", language), cls="no"))
    page = document(
        text("Recording and sandbox", language),
        join(
            el("h1", text("Recording and sandbox", language)),
            el("p", found.summary(language)),
            el("p", el("code", advice(found, language))) if found.switches else None,
            *parts,
            el("footer", _said_of_it(language)),
        ),
        spoken(language),
    )
    return redactor.words(page)


def _shown(item: Difference, language: str | None) -> tuple[Markup, Markup]:
    kind, where, recorded, answered = item.point
    numbers = " ".join(f"#{number}" for number in item.exchanges[:MOST_NUMBERS])
    sides = (
        (text("Recorded", language), word(recorded, language)),
        (text("Sandbox", language), word(answered, language)),
    )
    lines = [el("tr", el("th", name), el("td", value)) for name, value in sides]
    lines += [
        el(
            "tr",
            el("th", text("As recorded with", language)),
            el("td", el("code", f"--set {value}")),
        )
        for value in item.switches
    ]
    head = el("h3", KINDS[kind].say(language), " ", el("code", where), " ", el("small", numbers))
    return head, el("table", *lines)


def _said_of_it(language: str | None) -> str:
    said = text(
        "Made by qftools {version}. The page holds names of fields, response codes and kinds of "
        "values; no key, no order number, no amount and no person.",
        language,
    )
    return said.format(version=qftools.__version__)
