"""The sequence diagram: merchant, gateway, wallet, payer; time runs down. Drawing only."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from qftools.locale import mark
from qftools.locale import text as _
from qftools.markup import Markup, el, join
from qftools.story import LANES, Beat, Gap, Lane, Line, shortened

_WIDTH = 404
_X: dict[Lane, int] = {"merchant": 88, "gateway": 180, "wallet": 272, "payer": 364}
_TOP = 54
_ROW = 30
_BETWEEN = 12
_NAMES: dict[Lane, str] = {
    "merchant": mark("Merchant"),
    "gateway": mark("Gateway"),
    "wallet": mark("Wallet"),
    "payer": mark("Payer"),
}


def sequence(beats: Iterable[Beat]) -> Markup:
    """Return the drawing of *beats*, in the language in use."""
    beats = tuple(beats)
    drawable = shortened(beats)
    rows: list[Markup] = []
    y, shown_at = float(_TOP), ""
    for number, beat in enumerate(drawable, 1):
        if isinstance(beat, Gap):
            y += _ROW
            words = _("{count} more steps like these").format(count=beat.left_out)
            rows.append(
                el(
                    "text",
                    f"⋮  {words}",
                    x=_X["gateway"],
                    y=y - 6,
                    text_anchor="middle",
                    cls="dim halo",
                )
            )
            continue
        last = number == len(drawable)
        drawn = [_margin(beat, y, first=number == 1)] if beat.lines else []
        for place, line in enumerate(beat.lines):
            y += _ROW
            at = clock(line.at)
            if at != shown_at:
                # Below the step's name, which stands beside its first message.
                drawn.append(el("text", at, x=2, y=y + (4 if place else 12), cls="dim code"))
                shown_at = at
            drawn.append(_line(line, y))
        y += _BETWEEN
        rows.append(el("g", *drawn, cls="new" if last else None))
    height = y + 22 if beats else _TOP + 60
    lanes = [_lane(lane, height) for lane in LANES]
    hint = None
    if not beats:
        words = _("Press “next” for one step, or “run” for all of them.")
        hint = el("text", words, x=_WIDTH / 2, y=_TOP + 34, text_anchor="middle", cls="halo")
    return el(
        "svg",
        el("title", _("Sequence of messages")),
        el("desc", told(beats)),
        join(*lanes),
        join(*rows),
        hint,
        viewBox=f"0 0 {_WIDTH} {height}",
        role="img",
        cls="qf-draw",
    )


def told(beats: Iterable[Beat]) -> str:
    """Return the same diagram in words, one sentence per message."""
    sentences = []
    for beat in beats:
        for line in beat.lines:
            lost = " (" + _("lost") + ")" if line.lost else ""
            if line.kind == "wait":
                sentences.append(_("wait {time}").format(time=line.words))
            else:
                way = f"{_(_NAMES[line.start])} → {_(_NAMES[line.end])}"
                sentences.append(f"{way}: {_(line.words)}{lost}")
    return "; ".join(sentences)


def clock(at: float) -> str:
    """Return the time of day in Beijing, which is the gateway's."""
    return (datetime.fromtimestamp(at, UTC) + timedelta(hours=8)).strftime("%H:%M:%S")


def _margin(beat: Beat, y: float, *, first: bool) -> Markup:
    """The name of a step, and the line that parts it from the one before."""
    edge = y + 2
    return join(
        None if first else el("line", x1=0, x2=_WIDTH, y1=edge, y2=edge, cls="edge"),
        el("text", beat.name, x=2, y=y + _ROW - 2, cls="name"),
    )


def _lane(lane: Lane, height: float) -> Markup:
    x = _X[lane]
    return join(
        el("line", x1=x, x2=x, y1=38, y2=height - 6, cls="life"),
        el("rect", x=x - 38, y=8, width=76, height=30, rx=8, cls="box"),
        el("text", _(_NAMES[lane]), x=x, y=28, text_anchor="middle", cls="head"),
    )


def _line(line: Line, y: float) -> Markup:
    if line.kind == "wait":
        x = _X["merchant"]
        return join(
            el("rect", x=x - 34, y=y - 19, width=68, height=20, rx=10, cls="lit-wait"),
            el(
                "text",
                _("wait {time}").format(time=line.words),
                x=x,
                y=y - 5,
                text_anchor="middle",
                cls="wait",
            ),
        )
    start, end = _X[line.start], _X[line.end]
    way = 1 if end > start else -1
    stop = (start + end) / 2 + way * 6 if line.lost else end
    tone = line.tone
    dashed = " reply" if line.kind == "answer" else ""
    words = _(line.words)
    mono = " code" if words == line.words and words.isascii() else ""
    arrow = el("line", x1=start, x2=stop - way * 7, y1=y, y2=y, cls=f"arrow {tone}{dashed}".strip())
    if line.lost:
        tip = el(
            "path",
            d=f"M{stop - 5} {y - 5}l10 10m0 -10l-10 10",
            cls="arrow bad",
            stroke_width="2.4",
        )
        words = words if line.words == "no reply" else words + " · " + _("lost")
    else:
        tip = el("path", d=f"M{end} {y}l{-way * 8} -4v8z", cls=f"tip {tone}")
    label = el(
        "text",
        words,
        x=(start + end) / 2,
        y=y - (9 if line.lost else 5),
        text_anchor="middle",
        cls=f"halo {tone}{mono}".replace("  ", " "),
    )
    return join(arrow, tip, label)
