"""The plots of the page, as SVG without a library: ratios on a scale of powers, and curves.

Colours are the page's own (``currentColor``), so that they fit light and dark.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape

_MET, _NOT_MET = "#2a9d6a", "#d2603a"
_WIDTH, _LEFT, _RIGHT, _STEP = 760, 400, 56, 34


@dataclass(frozen=True, slots=True)
class Ratio:
    """A line of the ratio plot."""

    label: str
    median: float
    least: float
    most: float
    sense: str
    goal: float
    met: bool


def number(value: float) -> str:
    """Return a number with three significant digits.

    Example:
        >>> [number(value) for value in (0.0312, 1.347, 45.21, 6404.2)]
        ['0.0312', '1.35', '45.2', '6,404']
    """
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:#.3g}"


def in_unit(value: float, unit: str) -> str:
    """Return a number with its unit; a count has none.

    Example:
        >>> in_unit(0.9512, "x"), in_unit(0.31, "s"), in_unit(68, "")
        ('0.951x', '0.310 s', '68')
    """
    if not unit:
        return f"{value:,.0f}"
    return number(value) + (unit if unit == "x" else f" {unit}")


def span(least: float, most: float, unit: str) -> str:
    """Return a range; the unit stands elsewhere.

    Example:
        >>> span(0.9512, 1.1, "x"), span(68, 70, "")
        ('0.951 – 1.10', '68 – 70')
    """
    write = number if unit else "{:,.0f}".format
    return f"{write(least)} – {write(most)}"


def ratios(title: str, lines: Sequence[Ratio]) -> str:
    """Draw medians as dots, their range as a bar, and where they must be as a shaded stretch."""
    ends = [value for line in lines for value in (line.least, line.most, line.goal, 1.0)]
    low, high = 2 ** math.floor(math.log2(min(ends))), 2 ** math.ceil(math.log2(max(ends)))

    def at(value: float) -> float:
        share = (math.log2(value) - math.log2(low)) / (math.log2(high) - math.log2(low))
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)

    height = _STEP * len(lines) + 40
    parts = []
    power = low
    while power <= high:
        parts.append(_upright(at(power), height, 0.5 if power == 1 else 0.12))
        if round(math.log2(power / low)) % _every(low, high) == 0:
            parts.append(_text(at(power), height - 8, _short(power), "middle"))
        power *= 2
    for place, line in enumerate(lines):
        parts.append(_line(line, at, 20 + place * _STEP, (at(low), at(high))))
    return _svg(title, height, parts)


def _every(low: float, high: float) -> int:
    return max(1, math.ceil(math.log2(high / low) / 5))


def _short(power: float) -> str:
    return f"{power:g}x" if power >= 1 else f"1/{1 / power:g}x"


def _line(line: Ratio, at: Callable[[float], float], y: float, ends: tuple[float, float]) -> str:
    goal = at(line.goal)
    start, width = (ends[0], goal - ends[0]) if line.sense == "<=" else (goal, ends[1] - goal)
    colour = _MET if line.met else _NOT_MET
    shaded = (
        f'<rect x="{start:.1f}" y="{y - 10:.1f}" width="{max(width, 0):.1f}" height="20" '
        f'fill="{_MET}" opacity="0.13"/>'
    )
    span = (
        f'<path d="M{at(line.least):.1f} {y:.1f}H{at(line.most):.1f}" stroke="{colour}" '
        'stroke-width="3" opacity="0.5"/>'
    )
    dot = f'<circle cx="{at(line.median):.1f}" cy="{y:.1f}" r="5.5" fill="{colour}"/>'
    label = _text(_LEFT - 14, y + 4, line.label, "end")
    value = _text(_WIDTH - 4, y + 4, number(line.median) + "x", "end")
    return shaded + span + dot + label + value


def curve(title: str, across: tuple[str, Sequence[float]], up: tuple[str, Sequence[float]]) -> str:
    """Draw how one quantity grows with another, both on scales of powers of ten."""
    (x_name, xs), (y_name, ys) = across, up
    height, left, bottom, top = 300, 76, 46, 18
    x_low, x_high = _powers(xs)
    y_low, y_high = _powers(ys)

    def x_at(value: float) -> float:
        share = (math.log10(value) - x_low) / (x_high - x_low)
        return left + share * (_WIDTH - left - 24)

    def y_at(value: float) -> float:
        share = (math.log10(value) - y_low) / (y_high - y_low)
        return height - bottom - share * (height - bottom - top)

    parts = []
    for power in range(x_low, x_high + 1):
        x = x_at(10.0**power)
        parts.append(f'<path d="M{x:.1f} {top}V{height - bottom}" {_GRID}/>')
        parts.append(
            _text(x, height - bottom + 18, f"{10**power:,}" if power >= 0 else "", "middle")
        )
    for power in range(y_low, y_high + 1):
        y = y_at(10.0**power)
        parts.append(f'<path d="M{left} {y:.1f}H{_WIDTH - 24}" {_GRID}/>')
        parts.append(_text(left - 8, y + 4, f"{10.0**power:,g}", "end"))
    points = [(x_at(x), y_at(y)) for x, y in zip(xs, ys, strict=True)]
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    parts.append(f'<path d="M{path}" fill="none" stroke="{_MET}" stroke-width="2.5"/>')
    parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{_MET}"/>' for x, y in points]
    parts.append(_text(_WIDTH - 24, height - 6, x_name, "end"))
    parts.append(_text(left + 8, top + 12, y_name, "start"))
    return _svg(title, height, parts)


_GRID = 'stroke="currentColor" opacity="0.12"'


def _powers(values: Iterable[float]) -> tuple[int, int]:
    values = list(values)
    low = math.floor(math.log10(min(values)))
    return low, max(low + 1, math.ceil(math.log10(max(values))))


def _upright(x: float, height: float, opacity: float) -> str:
    return f'<path d="M{x:.1f} 4V{height - 24}" stroke="currentColor" opacity="{opacity}"/>'


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="13" '
        f'fill="currentColor">{escape(text)}</text>'
    )


def _svg(title: str, height: float, parts: Iterable[str]) -> str:
    return (
        f'<div class="qf-scroll" tabindex="0"><svg role="img" aria-label="{escape(title)}" '
        f'viewBox="0 0 {_WIDTH} {height}" style="min-width:{_WIDTH * 0.75:.0f}px;width:100%">'
        f"<title>{escape(title)}</title>{''.join(parts)}</svg></div>"
    )
