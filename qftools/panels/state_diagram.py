"""The cancel flow's own steps and verdicts, with the present one lit. Drawing only."""

from __future__ import annotations

from functools import cache

from qftools.cancellation.verdicts import VERDICTS, Verdict
from qftools.cancellation.walk import NEXT, Step, Walk
from qftools.locale import Language, language
from qftools.locale import text as _
from qftools.markup import Markup, el, join

_WIDTH = 404
_BOX_W, _BOX_H, _BOX_Y = 104, 40, 34
_STEPS = {Step.LOOK: 4, Step.CANCEL: 150, Step.CONFIRM: 296}
_BRACE_Y = 88
_CHIP_W, _CHIP_H = 129, 25
_GOOD = {
    Verdict.CANCELLED,
    Verdict.ALREADY_CANCELLED,
    Verdict.ALREADY_REFUNDED,
    Verdict.FAILED,
    Verdict.RELEASED,
}


def tone_of(verdict: Verdict) -> str:
    """Return the colour of a verdict: finished, charged, or still open."""
    if verdict in _GOOD:
        return "ok"
    return "info" if verdict is Verdict.PAID else "wait"


def state_diagram(walk: Walk | None, passed: tuple[Step, ...] = ()) -> Markup:
    """Return the drawing, in the language in use.

    Args:
        walk: Where the cancel stands; None before it began.
        passed: The steps that were taken.
    """
    now = walk.step if walk is not None else None
    end = walk.end.verdict if walk is not None and walk.end is not None else None
    return _drawn(now, end, frozenset(passed), language())


@cache  # a few dozen drawings, of which each press shows one
def _drawn(
    now: Step | None, end: Verdict | None, passed: frozenset[Step], _spoken: Language
) -> Markup:
    boxes = [
        _box(step, step is now, step in passed, over=end is not None and step not in passed)
        for step in _STEPS
    ]
    chips = [_chip(number, verdict, end) for number, verdict in enumerate(VERDICTS)]
    said = _("The flow has not begun.")
    if end is not None:
        said = end.value
    elif now is not None:
        said = now.value
    rows = (len(VERDICTS) + 2) // 3
    return el(
        "svg",
        el("title", _("The flow and its current step")),
        el("desc", said),
        _ways(now),
        join(*boxes),
        el("text", _("and one verdict:"), x=4, y=112, cls="dim"),
        join(*chips),
        viewBox=f"0 0 {_WIDTH} {122 + rows * 31}",
        role="img",
        cls="qf-draw",
    )


def _box(step: Step, now: bool, passed: bool, over: bool) -> Markup:
    x = _STEPS[step]
    words = {
        Step.LOOK: _("one query"),
        Step.CANCEL: _("reversal or close"),
        Step.CONFIRM: _("query until final"),
    }[step]
    middle = x + _BOX_W / 2
    style = "now" if now else "was" if passed else "box"
    return el(
        "g",
        el("rect", x=x, y=_BOX_Y, width=_BOX_W, height=_BOX_H, rx=9, cls=style),
        el("text", step.value, x=middle, y=_BOX_Y + 17, text_anchor="middle", cls="head"),
        el("text", words, x=middle, y=_BOX_Y + 32, text_anchor="middle", cls="dim"),
        cls="undone" if over else None,
    )


def _ways(now: Step | None) -> Markup:
    """The arrows between steps, as the table of the flow has them."""
    drawn = []
    middle_y = _BOX_Y + _BOX_H / 2
    for step, cells in NEXT.items():
        for goes_to in dict.fromkeys(cells.values()):
            if not isinstance(goes_to, Step):
                continue
            start, end = _STEPS[step], _STEPS[goes_to]
            if goes_to is step:
                x = start + _BOX_W / 2
                path = f"M{x - 18} {_BOX_Y}c-14 -26 50 -26 36 -2"
                tip = f"M{x + 17} {_BOX_Y}l-2 -8l8 3z"
            else:
                path = f"M{start + _BOX_W} {middle_y}H{end - 7}"
                tip = f"M{end} {middle_y}l-8 -4v8z"
            drawn += [el("path", d=path, cls="arrow"), el("path", d=tip, cls="tip")]
            if goes_to is step:
                inwards = 1 if start < _WIDTH / 2 - _BOX_W / 2 else -1
                drawn.append(
                    el(
                        "text",
                        _("query again"),
                        x=start + _BOX_W / 2 + inwards * 28,
                        y=20,
                        text_anchor="start" if inwards > 0 else "end",
                        cls="dim",
                    )
                )
    return join(*drawn, _way_out())


def _way_out() -> Markup:
    """From every step that can end the flow down to the verdicts."""
    ends = [
        _STEPS[step] + _BOX_W / 2
        for step, cells in NEXT.items()
        if any(not isinstance(goes_to, Step) for goes_to in cells.values())
    ]
    below, middle = _BOX_Y + _BOX_H, _WIDTH / 2
    down = "".join(f"M{x} {below}V{_BRACE_Y}" for x in ends)
    across = f"M{min(ends)} {_BRACE_Y}H{max(ends)}"
    return join(
        el("path", d=f"{down}{across}M{middle} {_BRACE_Y}v14", cls="arrow faint"),
        el("path", d=f"M{middle} {_BRACE_Y + 20}l-4 -8h8z", cls="tip faint"),
    )


def _chip(number: int, verdict: Verdict, end: Verdict | None) -> Markup:
    x = 4 + (number % 3) * (_CHIP_W + 4)
    y = 120 + (number // 3) * 31
    style = f"lit-{tone_of(verdict)}".replace("lit-info", "now") if verdict is end else "box"
    return join(
        el("rect", x=x, y=y, width=_CHIP_W, height=_CHIP_H, rx=12, cls=style),
        el(
            "text",
            verdict.value,
            x=x + _CHIP_W / 2,
            y=y + 16.5,
            text_anchor="middle",
            font_weight="700" if verdict is end else None,
            cls="code chip" if verdict is end else "code chip off",
        ),
    )
