"""An outcome of `cancel`, drawn: each request with its answer, and the proof of the verdict."""

from __future__ import annotations

from ipywidgets import HTML, VBox

from qftools.cancellation.outcome import Outcome, Taken
from qftools.markup import el, join
from qftools.panels.beats import beats_view
from qftools.panels.panel import Panel, columns, picture, tell
from qftools.panels.verdict_view import verdict_card
from qftools.sequence import Beat, Line, read, sequence, told


class Evidence(Panel):
    """The verdict of an outcome with its proof: messages, requests and replies, redacted.

    Args:
        outcome: What [cancel][qftools.cancellation.run.cancel] returned.

    Example:
        >>> from qftools import cancel
        >>> from qftools.sandbox import Sandbox
        >>> client = Sandbox().client()
        >>> order = client.pay(pay_type="800101", txamt=2500, txcurrcd="HKD")
        >>> print(Evidence(cancel(client, order)).as_text())
        LOOK query 1143 OPEN
        CANCEL reversal 0000 CANCELLED
        CONFIRM query 1142 CANCELLED
        verdict CANCELLED
    """

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self.beats = tuple(_beat(taken) for taken in outcome.steps)
        self.verdict, self.messages, self.steps = HTML(), HTML(), HTML()
        self.messages.add_class("qf-drawing")
        super().__init__(self.verdict, columns(self.messages, VBox([self.steps])))

    def show(self) -> None:
        """Write everything in the language in use."""
        tell(self.verdict, verdict_card(self.outcome))
        tell(self.messages, sequence(self.beats))
        tell(self.steps, beats_view(self.beats))

    def as_text(self) -> str:
        """Return one line per question, then the verdict."""
        lines = [
            f"{beat.name} {beat.exchange.endpoint if beat.exchange else ''} {beat.told}"
            for beat in self.beats
        ]
        return "\n".join([*lines, f"verdict {self.outcome.verdict.value}"])

    def as_html(self) -> str:
        """Return a picture of the messages, and the verdict."""
        seen = picture(sequence(self.beats), told(self.beats))
        return join(seen, el("p", el("strong", self.outcome.verdict.value)))


def _beat(taken: Taken) -> Beat:
    exchange = taken.exchange
    started = exchange.started if exchange else taken.at
    words, tone, lost = read(exchange)
    lines = (
        Line("merchant", "gateway", taken.endpoint, "ask", started),
        Line("gateway", "merchant", words, "answer", taken.at, tone, lost),
    )
    said = f"{taken.answer.respcd or ''} {taken.finding.value}".strip()
    return Beat(taken.step.value, lines, said, exchange)
