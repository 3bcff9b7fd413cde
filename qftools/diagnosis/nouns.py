"""What a diagnosis says: the request as it was read, its signature, and ranked findings."""

from __future__ import annotations

from dataclasses import KW_ONLY, InitVar, dataclass
from typing import Any, Literal

from qftools.catalogue.rows import Text
from qftools.diagnosis.snippets import SNIPPETS
from qftools.diagnosis.visible import Difference, visible
from qftools.errors import InputError
from qftools.exchange import Request, Response
from qftools.exchange.redaction import (
    Shown,
    ShownRequest,
    ShownResponse,
    only_redacted,
)
from qftools.markup import Markup, el
from qftools.texts import spoken

Severity = Literal["error", "warning", "note"]
Proof = Literal["reproduced", "rule", "open"]
Signature = Literal["right", "wrong", "unchecked", "absent"]

Money = Literal["yes", "no", "maybe", "returned"]
Charge = Literal[
    "paid",
    "placed",
    "query",
    "new-number",
    "mend",
    "refund-done",
    "refund-query",
    "refund-nothing",
    "refund-mend",
]

LONGEST_VISIBLE = 10_000
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an answer means for who must act on it.

    Attributes:
        respcd: The code; of a row, the row's own.
        endpoint: The call that it answers; empty where it is not known.
        kind: success, progress, failure, unknown or caller; of a row, the order's state.
        money_moved: Whether the payer was charged: yes, no, maybe, or returned.
        ask_again_safe: The same call may be sent once more without a second effect.
        charge_again: Whether the payer may be charged again; of a refund, whether to refund again.
    """

    respcd: str
    endpoint: str
    kind: str
    money_moved: Money
    ask_again_safe: bool
    charge_again: Charge


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, or worth knowing.

    Attributes:
        id: The row of the table that it comes from, for scripts and links.
        severity: ``error``: the gateway refuses it, or money is at stake. ``warning``: it will
            go wrong some day. ``note``: good to know.
        proof: ``reproduced``: the given signature comes out when this is done. ``rule``: the
            request breaks a published rule. ``open``: nothing proves a cause.
        what: What is wrong.
        evidence: What shows it.
        fix: What to do.
        source: Who says so; the tags of the catalogue's sources.
        field: The field that it is about.
        code: The fix in python, php, java and node; empty where words are enough.
        commands: What to run next, as typed.
        meaning: What an answer means; None where the finding is about something else.
    """

    id: str
    severity: Severity
    proof: Proof
    what: Text
    evidence: Text
    fix: Text
    source: str
    field: str = ""
    code: str = ""
    commands: tuple[str, ...] = ()
    meaning: Meaning | None = None

    def snippet(self, language: str) -> str:
        """The fix in *language*; empty where words are enough."""
        return SNIPPETS[self.code][language] if self.code else ""


@dataclass(frozen=True, slots=True)
class Draft:
    """What was found out, before the redaction has made a `Diagnosis` of it."""

    form: str
    kind: Literal["request", "answer", "notification"]
    endpoint: str
    request: Request | None
    response: Response | None
    params: tuple[tuple[str, str], ...]
    text: str
    signed: str | None
    difference: Difference | None
    given: str | None
    expected: str | None
    algorithm: str
    signature: Signature
    findings: tuple[Finding, ...]
    tried: int = 0
    number: int = 1
    count: int = 1

    @property
    def ok(self) -> bool:
        """Nothing is wrong: no finding is an error."""
        return all(finding.severity != "error" for finding in self.findings)


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
        found = ", ".join(finding.id for finding in self.findings)
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

    @property
    def visible_text(self) -> str:
        """The text that the gateway hashes, with every byte visible; cut where it is long."""
        cut = visible(self.text[:LONGEST_VISIBLE])
        return cut + "…" if len(self.text) > LONGEST_VISIBLE else cut

    def say(self, language: str | None = None, code: str = "python") -> str:
        """The whole diagnosis as text.

        Args:
            language: ``"zh"`` or ``"en"``; the one in use when left out.
            code: The language of the fixes: python, php, java or node.
        """
        from qftools.diagnosis.report import as_text

        return as_text(self, spoken(language), checked_code(code))

    def to_dict(self, language: str | None = None, code: str = "python") -> dict[str, Any]:
        """The whole diagnosis as plain data, for JSON."""
        from qftools.diagnosis.report import as_dict

        return as_dict(self, spoken(language), checked_code(code))


def checked_code(code: str) -> str:
    """*code*, if it is a language that fixes are written in."""
    known = tuple(SNIPPETS["order"])
    if code not in known:
        raise InputError(
            "code", "is {value!r}", "one of {known}", value=code, known=", ".join(known)
        )
    return code
