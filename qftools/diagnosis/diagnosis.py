"""A diagnosis as it may be shown: the nouns of `nouns`, redacted, said by `report`."""

from __future__ import annotations

from collections import Counter
from dataclasses import KW_ONLY, InitVar, dataclass
from typing import Any

from qftools.diagnosis import report
from qftools.diagnosis.nouns import Draft, Finding
from qftools.diagnosis.snippets import SNIPPETS
from qftools.errors import InputError
from qftools.exchange.shown import Shown, ShownRequest, ShownResponse, only_redacted
from qftools.markup import Markup, el
from qftools.texts import spoken


@dataclass(frozen=True, slots=True, repr=False)
class Diagnosis(Draft):
    """Why a request, an answer or a notification is wrong. Only a Redactor makes it.

    Attributes:
        form: How the paste was written: curl, har, http, log ...
        kind: request, answer or notification.
        endpoint: payment, query, reversal, close, refund; empty where nothing says so.
        request: What was sent, redacted.
        response: What came back, redacted.
        params: The parameters as the gateway reads them, redacted.
        text: What the gateway hashes, without the key; for an answer, its body.
        signed: What was hashed instead, where a finding reproduces it.
        difference: Where these two part.
        given: The signature that came with it.
        expected: The right one, where the key is at hand.
        algorithm: MD5 or SHA256, as announced.
        signature: right, wrong, absent, or unchecked (no key at hand).
        findings: What is wrong, most important first.
        tried: How many ways to sign were tried.
        number, count: Which of how many requests in the paste this is.
    """

    request: ShownRequest | None
    response: ShownResponse | None
    params: tuple[tuple[Shown, Shown], ...]
    text: Shown
    signed: Shown | None
    given: Shown | None
    _: KW_ONLY
    made_by: InitVar[object]

    def __post_init__(self, made_by: object) -> None:
        only_redacted(made_by, type(self))

    def __repr__(self) -> str:
        times = Counter(finding.id for finding in self.findings)
        found = ", ".join(f"{name} x{n}" if n > 1 else name for name, n in times.items())
        what = f"{self.kind} {self.endpoint}".strip()
        return f"Diagnosis({what}, signature {self.signature}: {found or 'nothing wrong'})"

    def __str__(self) -> str:
        return self.say()

    def _repr_html_(self) -> Markup:
        return el("pre", self.say())

    @property
    def cause(self) -> Finding | None:
        """The proved cause of a wrong signature, None where there is no proof."""
        return next((f for f in self.findings if f.proof == "reproduced"), None)

    def say(self, language: str | None = None, code: str = "python") -> str:
        """The whole diagnosis as text.

        Args:
            language: ``"zh"`` or ``"en"``; the one in use when left out.
            code: The language of the fixes: python, php, java or node.
        """
        return report.as_text(self, spoken(language), checked_code(code))

    def to_dict(self, language: str | None = None, code: str = "python") -> dict[str, Any]:
        """The whole diagnosis as plain data, for JSON."""
        return report.as_dict(self, spoken(language), checked_code(code))


def checked_code(code: str) -> str:
    """*code*, if it is a language that fixes are written in."""
    known = tuple(SNIPPETS["order"])
    if code not in known:
        raise InputError(
            "code", "is {value!r}", "one of {known}", value=code, known=", ".join(known)
        )
    return code
