"""The steps of a story as a list; each opens to its request and reply. Markup only."""

from __future__ import annotations

from qftools.locale import text as _
from qftools.markup import Markup, el, join
from qftools.panels.exchange_view import exchange_view
from qftools.sequence import Beat, Gap, shortened


def beats_view(beats: tuple[Beat, ...], *, opened: bool = False) -> Markup:
    """Return the list.

    Args:
        beats: The steps.
        opened: Whether the last one is open to begin with.
    """
    drawn, number = [], 0
    for beat in shortened(beats):
        if isinstance(beat, Gap):
            number += beat.left_out
            drawn.append(el("div", "⋮", cls="qf-plain-step"))
            continue
        number += 1
        drawn.append(_beat(number, beat, opened and number == len(beats)))
    return join(el("h4", _("Steps")) if drawn else None, *drawn)


def _beat(number: int, beat: Beat, opened: bool) -> Markup:
    endpoint = f" {beat.exchange.endpoint}" if beat.exchange else ""
    head = [f"{number} · ", el("strong", beat.name), f"{endpoint} → ", el("code", beat.told or "…")]
    if beat.exchange is None:
        return el("div", *head, cls="qf-plain-step")
    return el("details", el("summary", *head), el("div", exchange_view(beat.exchange)), open=opened)
