"""A comparison as one page that needs nothing else: to be sent to the authors of qftools.

What the recording holds of orders, amounts and people is not on it: only names of fields, codes,
kinds of values, and counts.
"""

from __future__ import annotations

import qftools
from qftools.compare.comparison import Comparison, Difference, advice
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
        if rows:
            parts.append(_table(rows, language))
        else:
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


def _table(rows: list[Difference], language: str | None) -> Markup:
    head = [text("Where", language), text("Recorded", language), text("Sandbox", language)]
    head.append(text("What answers as the recording does", language))
    lines = [el("tr", *(el("th", word) for word in head))]
    for item in rows:
        kind, where, recorded, answered = item.point
        named = [el("code", f"--set {value}") for value in item.switches]
        count = text("{count} exchanges", language).format(count=len(item.exchanges))
        lines.append(
            el(
                "tr",
                el("td", KINDS[kind].say(language), " ", el("code", where), el("small", count)),
                el("td", recorded),
                el("td", answered),
                el("td", *(part for name in named for part in (name, el("br")))),
            )
        )
    return el("table", *lines, cls="wide")


def _said_of_it(language: str | None) -> str:
    said = text(
        "Made by qftools {version}. The page holds names of fields, response codes and kinds of "
        "values; no key, no order number, no amount and no person.",
        language,
    )
    return said.format(version=qftools.__version__)
