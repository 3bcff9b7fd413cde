"""What is found out: the request as it was read, its signature, and ranked findings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from qftools.diagnosis.snippets import snippet
from qftools.diagnosis.visible import Difference, visible
from qftools.exchange import Request, Response
from qftools.texts import Text

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

    def snippet(self, language: str, lang: str = "en") -> str:
        """The fix in *language*, with comments in *lang*; empty where words are enough."""
        return snippet(self.code, language, lang) if self.code else ""


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

    @property
    def visible_text(self) -> str:
        """The text that the gateway hashes, with every byte visible; cut where it is long."""
        cut = visible(self.text[:LONGEST_VISIBLE])
        return cut + "…" if len(self.text) > LONGEST_VISIBLE else cut
