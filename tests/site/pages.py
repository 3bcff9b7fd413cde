"""The pages of the site as files: which there are, and what a reader meets in them."""

from __future__ import annotations

import re
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"
LANGUAGES = ("zh", "en")
MADE = ("wallets", "notebooks")  # folders whose pages, save index.md, are made at each build

FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
COMMENT = re.compile(r"#.*$", re.MULTILINE)
HEADING = re.compile(r"^(#+) .*?(?:\{ #([\w.-]+) \})?$", re.MULTILINE)
MARKER = re.compile(r"<!-- .*? -->")
ROW = re.compile(r"^\|.*\|$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)]+)\)")


def written(lang: str) -> list[Path]:
    """The pages that people write, relative to the folder of their language."""
    root = DOCS / lang
    found = (page.relative_to(root) for page in root.rglob("*.md"))
    return sorted(page for page in found if page.name == "index.md" or page.parts[0] not in MADE)


def text(lang: str, page: Path) -> str:
    """What a page says."""
    return (DOCS / lang / page).read_text(encoding="utf-8")


def without_code(said: str) -> str:
    """A page without its fenced blocks."""
    return FENCE.sub("", said)


def headings(said: str) -> list[tuple[int, str]]:
    """Level and anchor of every heading."""
    return [(len(mark), anchor) for mark, anchor in HEADING.findall(without_code(said))]


def code(said: str) -> list[str]:
    """Every fenced block, comments left out: those are in the page's own language."""
    return FENCE.findall(COMMENT.sub("", said))


def tables(said: str) -> list[int]:
    """The width of every row of every table, in order."""
    return [row.count("|") for row in ROW.findall(re.sub(r"`[^`\n]*`", "", without_code(said)))]
