"""The steps of a story, as a list and one by one, with request and reply. Markup only."""

from __future__ import annotations

from itertools import groupby

from qftools.locale import text as _
from qftools.markup import Markup, el, join
from qftools.panels.exchange_view import exchange_view
from qftools.sequence import Beat, Gap, shortened, told


def beats_view(beats: tuple[Beat, ...]) -> Markup:
    """Return the list; all are closed to begin with."""
    drawn, number = [], 0
    for _same, run in groupby(shortened(beats), _sort_of):
        first, *others = run
        if isinstance(first, Gap):
            number += first.left_out
            drawn.append(el("div", "⋮", cls="qf-plain-step"))
            continue
        lines = []
        for beat in (first, *others):
            assert isinstance(beat, Beat)
            number += 1
            lines.append(_beat(number, beat))
        drawn.append(_folded(first, number, lines) if others else lines[0])
    return join(el("h4", _("Steps")) if drawn else None, *drawn)


def step_name(number: int, beat: Beat) -> str:
    """Return one line for a step: its number, its name, what was asked and what it tells."""
    endpoint = f" {beat.exchange.endpoint}" if beat.exchange else ""
    return f"{number} · {beat.name}{endpoint} → {beat.told or '…'}"


def step_view(beat: Beat) -> Markup:
    """Return what one step consists of: request and reply, or what happened in words."""
    return exchange_view(beat.exchange) if beat.exchange else el("p", told((beat,)))


def _sort_of(beat: Beat | Gap) -> tuple[str, ...]:
    """What steps have in common that are folded into one line."""
    if isinstance(beat, Gap):
        return ()
    return (beat.name, beat.exchange.endpoint if beat.exchange else "", beat.told)


def _folded(beat: Beat, last: int, lines: list[Markup]) -> Markup:
    endpoint = f" {beat.exchange.endpoint}" if beat.exchange else ""
    head = [f"{last - len(lines) + 1}–{last} · ", el("strong", beat.name), f"{endpoint} → "]
    count = f" × {len(lines)}"
    return el(
        "details",
        el("summary", *head, el("code", beat.told or "…"), count),
        el("div", *lines),
    )


def _beat(number: int, beat: Beat) -> Markup:
    endpoint = f" {beat.exchange.endpoint}" if beat.exchange else ""
    head = [f"{number} · ", el("strong", beat.name), f"{endpoint} → ", el("code", beat.told or "…")]
    if beat.exchange is None:
        return el("div", *head, cls="qf-plain-step")
    return el("details", el("summary", *head), el("div", exchange_view(beat.exchange)))
