"""A verdict with its meaning, its proof, and what to do next. Markup only."""

from __future__ import annotations

from qftools.cancellation.outcome import Outcome
from qftools.cancellation.verdicts import VERDICTS
from qftools.locale import text as _
from qftools.markup import Markup, el
from qftools.panels.state_diagram import tone_of


def verdict_card(outcome: Outcome) -> Markup:
    """Return the verdict, in the language in use."""
    row = VERDICTS[outcome.verdict]
    proof = outcome.proof
    rests_on = None
    if proof is not None:
        told = el("code", f"{proof.endpoint} → {proof.answer.respcd or proof.finding.value}")
        signed = _("signed") if proof.answer.signed else _("not signed")
        rests_on = el("span", told, " ", signed)
    meaning = outcome.meaning.say()
    return el(
        "div",
        el("p", el("span", outcome.verdict.value, cls="qf-verdict"), "  ", meaning),
        el("p", el("strong", _("Proof: ")), row.proof.say(), " ", rests_on),
        el("p", el("strong", _("Next: ")), outcome.advice()),
        el("p", outcome.because.say(), cls="qf-small qf-dim") if outcome.because else None,
        cls=f"qf-card {tone_of(outcome.verdict)}",
        role="status",
    )
