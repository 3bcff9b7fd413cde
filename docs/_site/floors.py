"""The floors of the package: drawn from the table that ``tests/test_layers.py`` checks."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

from docs._site.markdown import Here, head, table
from docs._site.svg import Box, drawing
from docs._site.words import WORDS

DOCS = Path(__file__).parents[1]
FLOORS: dict[str, list[list[str]]] = tomllib.loads((DOCS / "floors.toml").read_text("utf-8"))
_WIDTH, _STEP, _LEFT = 950, 56, 70


def drawn(lang: str) -> str:
    """The floors of the package itself, the highest on top."""
    top = len(FLOORS["qftools"])
    parts = [
        part
        for number, names in enumerate(FLOORS["qftools"], start=1)
        for part in _floor(number, names, 28 + (top - number) * _STEP)
    ]
    return drawing(WORDS["floors title"].say(lang), (_WIDTH, top * _STEP), parts)


def _floor(number: int, names: list[str], y: float) -> Iterator[str]:
    yield f'<text class="qf-label" x="30" y="{y + 5}">{number}</text>'
    width = (_WIDTH - _LEFT) / len(names)
    for place, name in enumerate(names):
        x = _LEFT + (place + 0.5) * width
        yield Box((x, y), (name,), "qf-caller", (width - 10, 40)).svg()


def inside(here: Here) -> str:
    """The floors inside each folder, the lowest first."""
    return table(
        head(here, "folder", "floors"),
        [
            [f"`{folder.removeprefix('qftools.')}`", " → ".join(map(_side_by_side, floors))]
            for folder, floors in FLOORS.items()
        ],
    )


def _side_by_side(names: list[str]) -> str:
    return " ".join(f"`{name}`" for name in names)
