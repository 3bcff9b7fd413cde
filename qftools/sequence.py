"""The sequence diagram: merchant, gateway, wallet, payer; time runs down.

Its nouns, what an answer and a change of the books look like in it, and the drawing. The lessons
draw what they play, the workbench what came in.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

from qftools import catalogue
from qftools.exchange.shown import ShownExchange
from qftools.locale import mark
from qftools.locale import text as _
from qftools.markup import Markup, el, join
from qftools.models import Transaction

Lane = Literal["merchant", "gateway", "wallet", "payer"]
LANES: tuple[Lane, ...] = ("merchant", "gateway", "wallet", "payer")


class Gap(NamedTuple):
    """Steps that are left out of a long story."""

    left_out: int


class Line(NamedTuple):
    """One arrow of the sequence diagram, or a wait where *start* and *end* are one lane.

    Attributes:
        words: Wire words as they are, other words translated when drawn.
        kind: ask, answer (dashed), act (of payer or wallet), wait, or books: what they say then.
        tone: ok, bad, wait, info, or empty.
        lost: It never arrives.
        at: Seconds since 1970.
    """

    start: Lane
    end: Lane
    words: str
    kind: str
    at: float
    tone: str = ""
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Beat:
    """One step of the story.

    Attributes:
        name: PAY, LOOK, CANCEL, CONFIRM, WAIT, or PAYER.
        lines: What to draw.
        exchange: Request and reply, redacted; None where nothing was sent.
        told: What it tells, in wire words.
        link: Where its name leads to, empty for nowhere.
    """

    name: str
    lines: tuple[Line, ...]
    told: str
    exchange: ShownExchange | None = None
    link: str = ""


CHANGES: dict[str, tuple[tuple[Lane, Lane, str, str, str], ...]] = {
    "paying": (
        ("wallet", "payer", mark("asks for the password"), "ask", "wait"),
        ("payer", "wallet", mark("scans the code"), "act", "wait"),
    ),
    "paid": (
        ("payer", "wallet", mark("pays"), "act", "info"),
        ("wallet", "gateway", mark("paid"), "answer", "info"),
    ),
    "failed": (("wallet", "gateway", mark("failed"), "answer", "bad"),),
    "expired": (("wallet", "gateway", mark("timeout"), "answer", "wait"),),
    "cancelling": (("gateway", "wallet", mark("cancel"), "ask", "wait"),),
    "cancelled": (
        ("gateway", "wallet", mark("cancel"), "ask", "ok"),
        ("wallet", "gateway", mark("done"), "answer", "ok"),
    ),
    "refunded": (("gateway", "wallet", mark("refunds it"), "ask", "info"),),
    "partially refunded": (("gateway", "wallet", mark("refunds it"), "ask", "info"),),
    "held": (
        ("payer", "wallet", mark("confirms"), "act", "info"),
        ("wallet", "gateway", mark("held"), "answer", "info"),
    ),
    "partly captured": (("gateway", "wallet", mark("capture"), "ask", "info"),),
    "captured": (("gateway", "wallet", mark("capture"), "ask", "info"),),
    "releasing": (("gateway", "wallet", mark("release"), "ask", "wait"),),
    "released": (("gateway", "wallet", mark("release"), "ask", "ok"),),
}
"""What a change of the books looks like, by the new state: who tells whom."""


def happened(before: str, state: str, at: float, *, scanned: bool) -> tuple[Line, ...]:
    """Return the arrows of a change of the books.

    Args:
        before: The state before; empty where the order is new.
        state: The state now.
        at: When.
        scanned: Whether the shop scanned the payer's code.
    """
    placed = () if before else (Line("gateway", "wallet", mark("order"), "ask", at),)
    return placed + tuple(
        Line(start, end, words, kind, at, tone)
        for start, end, words, kind, tone in CHANGES.get(state, ())
        if not (words == "scans the code" and scanned)
        and not (words == "asks for the password" and not scanned)
        and not (before == "cancelling" and words == "cancel")
        and not (before == "releasing" and words == "release")
    )


def read(exchange: ShownExchange | None) -> tuple[str, str, bool]:
    """Return words, tone, and whether nothing usable arrived."""
    if exchange is None or exchange.response is None:
        return mark("no reply"), "bad", True
    if exchange.response.status != 200:
        return f"HTTP {exchange.response.status}", "bad", False
    body = reading(exchange)
    rows = body.get("data")
    if isinstance(rows, list):
        if not rows or not isinstance(rows[0], dict):
            return mark("no such order"), "wait", False
        state = Transaction(rows[0]).state
        tone = {"paid": "info", "open": "wait", "failed": "bad"}.get(state, "ok")
        return str(rows[0].get("respcd", "")), tone, False
    respcd = str(body.get("respcd", ""))
    code = catalogue.codes().get(respcd)
    kind = code.on(exchange.endpoint).kind if code else "unknown"
    tone = {"success": "ok", "progress": "wait", "unknown": "bad"}.get(kind, "info")
    return respcd, tone, False


def reading(exchange: ShownExchange) -> dict[str, Any]:
    """Return the answer's fields, none where the answer is not JSON."""
    if exchange.response is None:
        return {}
    try:
        body = json.loads(exchange.response.body)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def shortened(beats: tuple[Beat, ...], most: int = 22) -> tuple[Beat | Gap, ...]:
    """Return *beats*, those of a long story without its middle, where it only asks again."""
    if len(beats) <= most:
        return beats
    return (*beats[:10], Gap(len(beats) - 14), *beats[-4:])


# ---- the drawing ------

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


def sequence(
    beats: Iterable[Beat], lang: str | None = None, most: int = 22, *, new: bool = False
) -> Markup:
    """Return the drawing of *beats*.

    Args:
        beats: The steps.
        lang: zh or en; the language in use when left out.
        most: Of how many steps none is left out.
        new: Whether the last step was taken just now; a style sheet may let it move in.
    """
    beats = tuple(beats)
    drawable = shortened(beats, most)
    rows: list[Markup] = []
    y, shown_at = float(_TOP), ""
    for number, beat in enumerate(drawable, 1):
        if isinstance(beat, Gap):
            y += _ROW
            words = _("{count} more steps like these", lang).format(count=beat.left_out)
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
            drawn.append(_line(line, y, lang))
        y += _BETWEEN
        rows.append(el("g", *drawn, cls="new" if new and last else None))
    height = y + 22 if beats else _TOP + 60
    lanes = [_lane(lane, height, lang) for lane in LANES]
    hint = None
    if not beats:
        words = _("Press “next” for one step, or “run” for all of them.", lang)
        hint = el("text", words, x=_WIDTH / 2, y=_TOP + 34, text_anchor="middle", cls="halo")
    return el(
        "svg",
        el("title", _("Sequence of messages", lang)),
        el("desc", told(beats, lang)),
        join(*lanes),
        join(*rows),
        hint,
        viewBox=f"0 0 {_WIDTH} {height}",
        role="group" if any(beat.link for beat in beats) else "img",
        cls="qf-draw",
    )


def lane_names(lang: str | None = None) -> Markup:
    """Return the head of the drawing alone, to stay in sight where the drawing scrolls."""
    return el(
        "svg",
        *(_lane_name(lane, lang) for lane in LANES),
        viewBox=f"0 0 {_WIDTH} {_TOP - 12}",
        aria_hidden="true",
        cls="qf-draw",
    )


@cache
def sheet(inside: str, more: str = "") -> str:
    """Return the style sheet of drawings that stand in the element *inside*, on white.

    Args:
        inside: The selector of that element.
        more: Rules to put in before those of the drawing, such as other colours.
    """
    here = Path(__file__).parent
    palette = (here / "palette.css").read_text("utf-8").replace(".qf-panel", inside, 1)
    drawing = (here / "drawing.css").read_text("utf-8")
    return f"{palette}{inside} {{ background: #fff; }}{more}{drawing}"


def told(beats: Iterable[Beat], lang: str | None = None) -> str:
    """Return the same diagram in words, one sentence per message."""
    sentences = []
    for beat in beats:
        for line in beat.lines:
            lost = " (" + _("lost", lang) + ")" if line.lost else ""
            if line.kind == "wait":
                sentences.append(_("wait {time}", lang).format(time=line.words))
            elif line.kind == "books":
                sentences.append(f"{_(_NAMES[line.start], lang)}: {line.words}")
            else:
                way = f"{_(_NAMES[line.start], lang)} → {_(_NAMES[line.end], lang)}"
                sentences.append(f"{way}: {_(line.words, lang)}{lost}")
    return "; ".join(sentences)


def clock(at: float) -> str:
    """Return the time of day in Beijing, which is the gateway's."""
    return (datetime.fromtimestamp(at, UTC) + timedelta(hours=8)).strftime("%H:%M:%S")


def _margin(beat: Beat, y: float, *, first: bool) -> Markup:
    """The name of a step, and the line that parts it from the one before."""
    edge = y + 2
    name = el("text", beat.name, x=2, y=y + _ROW - 2, cls="name")
    return join(
        None if first else el("line", x1=0, x2=_WIDTH, y1=edge, y2=edge, cls="edge"),
        el("a", name, href=beat.link) if beat.link else name,
    )


def _lane(lane: Lane, height: float, lang: str | None) -> Markup:
    x = _X[lane]
    life = el("line", x1=x, x2=x, y1=38, y2=height - 6, cls="life")
    return join(life, _lane_name(lane, lang))


def _lane_name(lane: Lane, lang: str | None) -> Markup:
    x = _X[lane]
    return join(
        el("rect", x=x - 38, y=8, width=76, height=30, rx=8, cls="box"),
        el("text", _(_NAMES[lane], lang), x=x, y=28, text_anchor="middle", cls="head"),
    )


def _line(line: Line, y: float, lang: str | None) -> Markup:
    if line.kind == "wait":
        return _pill("merchant", _("wait {time}", lang).format(time=line.words), 68, "wait", y)
    if line.kind == "books":
        return _pill("gateway", line.words, 24 + sum(_width(sign) for sign in line.words), "", y)
    start, end = _X[line.start], _X[line.end]
    way = 1 if end > start else -1
    stop = (start + end) / 2 + way * 6 if line.lost else end
    tone = line.tone
    dashed = " reply" if line.kind == "answer" else ""
    words = _(line.words, lang)
    mono = " code" if words == line.words and words.isascii() else ""
    arrow = el("line", x1=start, x2=stop - way * 7, y1=y, y2=y, cls=f"arrow {tone}{dashed}".strip())
    if line.lost:
        tip = el(
            "path",
            d=f"M{stop - 5} {y - 5}l10 10m0 -10l-10 10",
            cls="arrow bad",
            stroke_width="2.4",
        )
        words = words if line.words == "no reply" else words + " · " + _("lost", lang)
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
    return el("g", arrow, tip, label, cls="line east" if way > 0 else "line west")


def _pill(lane: Lane, words: str, width: float, tone: str, y: float) -> Markup:
    x = _X[lane]
    return el(
        "g",
        el(
            "rect",
            x=x - width // 2,
            y=y - 19,
            width=width,
            height=20,
            rx=10,
            cls=f"lit-{tone}" if tone else "box",
        ),
        el("text", words, x=x, y=y - 5, text_anchor="middle", cls=tone or None),
        cls="line",
    )


def _width(sign: str) -> float:
    """Return about how wide a sign is drawn: a Chinese one is twice as wide."""
    return 6.2 if sign < "\u2e80" else 11.6
