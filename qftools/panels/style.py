"""How panels look: style sheets made of JupyterLab's own colours with fallbacks.

No picture, font or script comes from elsewhere.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from qftools.sequence import sheet


@cache
def for_panels() -> str:
    """Return the style sheet that every panel brings along."""
    return "".join(_sheet(name) for name in ("palette", "panel", "drawing"))


@cache
def for_asleep() -> str:
    """Return the style sheet of what is said in place of a panel that is not running."""
    return _sheet("asleep")


@cache
def for_pictures(*, dark: bool = False) -> str:
    """Return the style sheet of a drawing that stands alone: in a saved notebook, on the site.

    Args:
        dark: Whether it follows a reader who prefers dark pages.
    """
    if not dark:
        return sheet("svg")
    _, _, rules = _sheet("panel").partition("{")  # the first rule has the dark colours
    rules = rules.partition("}")[0]
    return sheet(
        "svg",
        "@media (prefers-color-scheme: dark) { svg { background: #0d1117; --qf-bg: #0d1117;"
        f" --qf-soft: #161b22; --qf-line: #3d444d; --qf-fg: #e6edf3; {rules} }} }}",
    )


def _sheet(name: str) -> str:
    here = Path(__file__).parent
    folder = here if name in ("panel", "asleep") else here.parent  # what others draw with, too
    return (folder / f"{name}.css").read_text(encoding="utf-8")
