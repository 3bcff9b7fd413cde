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
def for_pictures(*, dark: bool = False) -> str:
    """Return the style sheet of a drawing that stands alone: in a saved notebook, on the site.

    Args:
        dark: Whether it follows a reader who prefers dark pages.
    """
    palette = _sheet("palette").replace(".qf-panel", "svg", 1) + "svg { background: #fff; }"
    if dark:
        _, _, rules = _sheet("panel").partition("{")  # the first rule has the dark colours
        rules = rules.partition("}")[0]
        palette += (
            "@media (prefers-color-scheme: dark) { svg { background: #0d1117; --qf-bg: #0d1117;"
            f" --qf-soft: #161b22; --qf-line: #3d444d; --qf-fg: #e6edf3; {rules} }} }}"
        )
    return palette + _sheet("drawing")


def _sheet(name: str) -> str:
    return Path(__file__).with_name(f"{name}.css").read_text(encoding="utf-8")
