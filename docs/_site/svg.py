"""Boxes and arrows as SVG. Colours are the style sheet's, light and dark."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Box:
    """A labelled box: its middle, its size, its class in the style sheet."""

    at: Point
    lines: tuple[str, ...]
    look: str = ""
    size: Point = (150, 44)

    def svg(self) -> str:
        (x, y), (width, height) = self.at, self.size
        step = 18
        top = y - step * (len(self.lines) - 1) / 2 + 5
        texts = "".join(
            f'<text x="{x}" y="{top + step * i}">{escape(line)}</text>'
            for i, line in enumerate(self.lines)
        )
        return (
            f'<g class="qf-box {self.look}"><rect x="{x - width / 2}" y="{y - height / 2}"'
            f' width="{width}" height="{height}" rx="8"/>{texts}</g>'
        )

    def edge(self, towards: Point) -> Point:
        """Where a line from the middle towards a point leaves the box."""
        (x, y), (width, height) = self.at, self.size
        dx, dy = towards[0] - x, towards[1] - y
        if not dx and not dy:
            return self.at
        scale = min(
            (width / 2 + 3) / abs(dx) if dx else 1e9, (height / 2 + 3) / abs(dy) if dy else 1e9
        )
        return (x + dx * scale, y + dy * scale)


@dataclass(frozen=True, slots=True)
class Arrow:
    """An arrow from box to box, by way of a point or straight, with its label."""

    start: Box
    end: Box
    label: str = ""
    via: Point | None = None
    shift: Point = (0, 0)
    where: float = 0.5

    def svg(self) -> str:
        first = self.start.edge(self.via or self.end.at)
        last = self.end.edge(self.via or self.start.at)
        bend = self.via or ((first[0] + last[0]) / 2, (first[1] + last[1]) / 2)
        path = "M{:.0f},{:.0f} Q{:.0f},{:.0f} {:.0f},{:.0f}".format(*first, *bend, *last)
        t = self.where
        x, y = (
            (1 - t) ** 2 * a + 2 * t * (1 - t) * b + t * t * c
            for a, b, c in zip(first, bend, last, strict=True)
        )
        return f'<path d="{path}" marker-end="url(#qf-head)"/>' + _label(
            self.label, (x + self.shift[0], y + self.shift[1])
        )


def _label(text: str, at: Point) -> str:
    if not text:
        return ""
    wide = sum(13 if ord(char) > 0x2E80 else 7 for char in text) + 8
    return (
        f'<rect class="qf-under" x="{at[0] - wide / 2:.0f}" y="{at[1] - 9:.0f}" width="{wide}"'
        f' height="18" rx="4"/><text class="qf-label" x="{at[0]:.0f}" y="{at[1] + 4:.0f}">'
        f"{escape(text)}</text>"
    )


def drawing(title: str, size: Point, parts: Iterable[str], where: str = "") -> str:
    """The drawing, in a box that scrolls where the page is too narrow for it.

    Args:
        where: ``wide`` or ``tall`` where there is one for each kind of page.
    """
    # What is not shown has no arrow heads to lend.
    own = f"qf-head-{where}" if where else "qf-head"
    head = (
        f'<defs><marker id="{own}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7"'
        ' markerHeight="7" orient="auto-start-reverse"><path d="M0,0 L10,5 L0,10 z"/></marker>'
        "</defs>"
    )
    inside = "".join(parts).replace("#qf-head", f"#{own}")
    box = f"qf-scroll qf-{where}" if where else "qf-scroll"
    return (
        f'<div class="{box}" tabindex="0"><svg class="qf-diagram" role="img"'
        f' aria-label="{escape(title)}" viewBox="0 0 {size[0]:.0f} {size[1]:.0f}"'
        f' style="min-width:{size[0] * 0.7:.0f}px">{head}{inside}</svg></div>'
    )
