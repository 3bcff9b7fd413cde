"""How panels look: style sheets made of JupyterLab's own colours with fallbacks.

No picture, font or script comes from elsewhere.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def for_panels() -> str:
    """Return the style sheet that every panel brings along."""
    return "".join(_sheet(name) for name in ("palette", "panel", "drawing"))


@cache
def for_pictures() -> str:
    """Return the style sheet of a drawing that stands alone: in a saved notebook, on the site."""
    palette = _sheet("palette").replace(".qf-panel", "svg", 1)
    return palette + "svg { background: #fff; }" + _sheet("drawing")


def _sheet(name: str) -> str:
    return Path(__file__).with_name(f"{name}.css").read_text(encoding="utf-8")
