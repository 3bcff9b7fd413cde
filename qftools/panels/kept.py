"""How far a reader has come in the lessons: one small file beside their index page. No widget."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

INDEX, FILE = "index.ipynb", "progress.json"
QUIZ = "quiz"


def place() -> Path | None:
    """Return where progress is kept: beside the index of the lessons; None where there is none."""
    here = Path.cwd()
    found = (folder for folder in (here, here.parent) if (folder / INDEX).is_file())
    folder = next(found, None)
    return folder / FILE if folder else None


def read() -> dict[str, list[str]]:
    """Return what was done, by lesson; nothing where the file is missing or can't be read."""
    where = place()
    try:
        kept = json.loads(where.read_text("utf-8")) if where else {}
    except (OSError, ValueError):
        return {}
    if not isinstance(kept, dict):
        return {}
    return {lesson: [*map(str, done)] for lesson, done in kept.items() if isinstance(done, list)}


def note(lesson: str, done: str) -> None:
    """Keep that something was done in a lesson; without a place for it, nothing is kept."""
    where, kept = place(), read()
    if where is None or done in kept.get(lesson, ()):
        return
    kept[lesson] = sorted({*kept.get(lesson, ()), done})
    with suppress(OSError):  # a folder that can't be written: the lesson goes on
        where.write_text(json.dumps(dict(sorted(kept.items())), indent=1) + "\n", "utf-8")


def mission(name: str) -> str:
    """Return how a mission is noted."""
    return f"mission {name}"
