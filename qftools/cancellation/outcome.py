"""What a cancel or a refund returns: the verdict and every step that led to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qftools import catalogue
from qftools.cancellation.findings import Answer, Difference, Finding
from qftools.cancellation.refunding import RefundWalk
from qftools.cancellation.routing import Route
from qftools.cancellation.verdicts import (
    CORRECT,
    HOW,
    NO_REFUND,
    OF_A_CAPTURE,
    REFUNDS,
    UNSIGNED_PROOF,
    VERDICTS,
    Verdict,
    VerdictRow,
)
from qftools.cancellation.walk import Step, Walk
from qftools.catalogue import Text
from qftools.exchange.redaction import ShownExchange
from qftools.markup import Markup, el
from qftools.models import Order
from qftools.texts import harmless, spoken


@dataclass(frozen=True, slots=True, repr=False)
class Taken:
    """One request of a cancel and its answer.

    Attributes:
        step: What the request was for.
        endpoint: The endpoint it was sent to.
        answer: What was read from the answer.
        at: When the answer arrived, seconds since 1970 by the client's clock.
        exchange: Request and reply, redacted; None where nothing was kept.
    """

    step: Step
    endpoint: str
    answer: Answer
    at: float
    exchange: ShownExchange | None = None

    def __repr__(self) -> str:
        words = (self.step, self.endpoint, self.finding, self.answer.respcd)
        return f"Taken({' '.join(str(word) for word in words if word)})"

    @property
    def finding(self) -> Finding:
        """What the question told about the order."""
        return self.answer.finding

    def note(self, language: str | None = None) -> str:
        """Why the answer was read so; empty where that is plain."""
        return self.answer.note.say(language) if self.answer.note else ""


@dataclass(frozen=True, slots=True, repr=False)
class Outcome:
    """The result of a cancel or of a refund, with all its evidence.

    Attributes:
        verdict: How it ended.
        order: The order, completed with the gateway's values; of a refund, the refund itself.
        steps: Every request with its answer, in order.
        because: Why, in both languages, where the verdict alone does not say.
        route: The call that cancels this order; None where it was not needed.
        warnings: Problems that did not change the verdict.
        payment: Of a refund: the payment that it gives back; None for a cancel.
    """

    verdict: Verdict
    order: Order
    steps: tuple[Taken, ...]
    because: Text | None = None
    route: Route | None = None
    warnings: tuple[str, ...] = ()
    payment: Order | None = None

    def __repr__(self) -> str:
        steps = " ".join(taken.step for taken in self.steps)
        return f"Outcome({self.verdict}, {self.order.number!r}, {steps or 'no steps'})"

    def __str__(self) -> str:
        return self.say()

    def say(self, language: str | None = None) -> str:
        """Return verdict, reason, warnings and advice as text, in ``"zh"`` or ``"en"``.

        Example:
            >>> print(Outcome(Verdict.PAID, Order("A1", 100), ()))
            PAID  The payer was charged.
            Deliver what was bought; if the sale is cancelled, refund it. Do not reverse it.
        """
        meaning = f"{self.verdict}  {self.meaning.say(language)}"
        lines = (meaning, *self.remarks(language), self.advice(language))
        return "\n".join(harmless(line) for line in lines if line)

    def remarks(self, language: str | None = None) -> tuple[str, ...]:
        """Return what is said between verdict and advice: void or refund, reason, warnings."""
        texts = (HOW.get(self.how), self.because)
        return (*(words.say(language) for words in texts if words), *self.warnings)

    def _repr_html_(self) -> Markup:
        verdict, *lines = self.say().splitlines()
        return el("div", el("b", verdict), *(el("div", line) for line in lines))

    @property
    def reason(self) -> str:
        """Why, in English, where the verdict alone does not say; empty where it does."""
        return self.because.en if self.because else ""

    @property
    def evidence(self) -> tuple[ShownExchange, ...]:
        """Every exchange, redacted, in order."""
        return tuple(taken.exchange for taken in self.steps if taken.exchange is not None)

    @property
    def proof(self) -> Taken | None:
        """The answer that the verdict rests on; None where nothing is proved."""
        if self.verdict is Verdict.UNRESOLVED or not self.steps:
            return None
        return self.steps[-1]

    @property
    def meaning(self) -> Text:
        """What the verdict says about the payer's money."""
        return self._row.meaning

    @property
    def charged(self) -> str:
        """Whether the payer was charged: ``"no"``, ``"yes"``, ``"returned"``, ``"unknown"``."""
        return self._row.charged

    @property
    def exit_status(self) -> int:
        """The exit status of the command line."""
        return self._row.exit_status

    @property
    def how(self) -> str:
        """How money went back: ``"refund"``, ``"void"`` (a card payment of the same day, called
        off as a whole), ``"unknown"`` (a card's, whose reply was lost); empty where none did.
        """
        if self.payment is None or self.verdict is not Verdict.REFUNDED:
            return ""
        replies = [taken.answer for taken in self.steps if taken.step is Step.REFUND]
        voided = self.route is not None  # by a reversal, whose reply claims that it is cancelled
        done = Finding.CANCELLED if voided else None
        if any(answer.void or answer.finding is done for answer in replies):
            return "void"
        row = catalogue.pay_types().get(str(self.order.pay_type))
        heard = any(answer.finding is not Finding.SILENT for answer in replies)
        may_be_void = row is None or row.wallet in catalogue.CARDS
        return "unknown" if voided or (may_be_void and not heard) else "refund"

    @property
    def _row(self) -> VerdictRow:
        return (VERDICTS if self.payment is None else REFUNDS)[self.verdict]

    def advice(self, language: str | None = None) -> str:
        """Return what to do next, in ``"zh"`` or ``"en"``.

        Example:
            >>> order = Order("A1", 100, "2026-01-05 10:00:00", pay_type="802001")
            >>> Outcome(Verdict.PAID, order, ()).advice("en")[:56]
            "Deliver what was bought. This pay type can't be refunded"
        """
        unsigned = self.proof is not None and not self.proof.answer.signed
        parts = [*self._advice(), *([UNSIGNED_PROOF] if unsigned else [])]
        return ("" if spoken(language) == "zh" else " ").join(part.say(language) for part in parts)

    @property
    def corrections(self) -> dict[str, str]:
        """Fields of the order that differ at the gateway, with the gateway's values."""
        return {differs.field: differs.books for differs in self._differs}

    @property
    def _differs(self) -> tuple[Difference, ...]:
        unresolved = self.verdict is Verdict.UNRESOLVED and self.steps and self.payment is None
        return self.steps[-1].answer.differs if unresolved else ()

    def _advice(self) -> list[Text]:
        row = catalogue.pay_types().get(str(self.order.pay_type))
        if self.verdict is Verdict.PAID and row is not None and row.refund == "no":
            return [NO_REFUND]
        if self.verdict is Verdict.PAID and row is not None and row.mode == "preauth":
            return [OF_A_CAPTURE]
        if self._differs:
            return [CORRECT.filled(**each._asdict()) for each in self._differs]
        return [self._row.advice.filled(number=self.order.number)]

    def to_dict(self, language: str | None = None) -> dict[str, Any]:
        """Return verdict, advice and steps as plain data, for JSON. No secret is in it."""
        order, paid = self.order, self.payment
        of_a_refund = {"how": self.how, "payment": paid.syssn} if paid is not None else {}
        return {
            "verdict": self.verdict.value,
            "reason": self.because.say(language) if self.because else "",
            "advice": self.advice(language),
            "corrections": self.corrections,
            "charged": self.charged,
            "out_trade_no": order.out_trade_no,
            "syssn": order.syssn,
            "pay_type": order.pay_type,
            "txamt": order.txamt,
            "txcurrcd": order.txcurrcd,
            "txdtm": order.txdtm,
            **of_a_refund,
            "steps": [
                {
                    "step": taken.step.value,
                    "endpoint": taken.endpoint,
                    "finding": taken.finding.value,
                    "respcd": taken.answer.respcd,
                    "note": taken.note(language),
                    "signed": taken.answer.signed,
                    "at": taken.at,
                }
                for taken in self.steps
            ],
            "warnings": list(self.warnings),
        }


def outcome_of(walk: Walk, steps: tuple[Taken, ...]) -> Outcome:
    """Return the outcome of a walk that has ended."""
    assert walk.end is not None
    payment = walk.payment.order if isinstance(walk, RefundWalk) else None
    return Outcome(
        walk.end.verdict, walk.order, steps, walk.end.reason, walk.route, payment=payment
    )
