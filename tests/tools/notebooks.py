"""Run every notebook and save it with its output: ``make notebooks``.

    python -m tests.tools.notebooks                        all of them
    python -m tests.tools.notebooks notebooks/en/01*.ipynb  these

What differs from run to run (times, widget ids) is taken out, so that a difference in git is a
difference in what a reader sees.
"""

from __future__ import annotations

import itertools
import re
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from docs._site.addresses import SITE

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "notebooks"
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
_LINK_TO_SITE = re.compile(r'https://(?:[\w.-]+/)+?(?=(?:en/)?notebooks/\d\d-|>")')
_WIDGET_ID = re.compile(r"\b[0-9a-f]{32}\b")


def run(path: Path) -> None:
    """Run one notebook in its own folder, and write it back."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=60,
        kernel_name="python3",
        record_timing=False,
        store_widget_state=False,
        coalesce_streams=True,  # how a print is cut into messages differs from run to run
        resources={"metadata": {"path": str(path.parent)}},
    )
    client.execute()
    path.write_text(normal(nbformat.writes(_tidy(notebook))) + "\n", encoding="utf-8")


def _tidy(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    notebook.metadata = nbformat.from_dict(METADATA)
    for number, cell in enumerate(notebook.cells, 1):
        cell.id = f"cell-{number:02}"
    return notebook


def normal(text: str) -> str:
    """*text* with its widget ids counted instead of random.

    Example:
        >>> normal('"model_id": "0123456789abcdef0123456789abcdef"')
        '"model_id": "00000000000000000000000000000001"'
    """
    count = itertools.count(1)
    known: dict[str, str] = {}

    def numbered(match: re.Match[str]) -> str:
        if match[0] not in known:
            known[match[0]] = f"{next(count):032}"
        return known[match[0]]

    return re.sub(
        r'("model_id": ")([0-9a-f]{32})', lambda m: m[1] + _WIDGET_ID.sub(numbered, m[2]), text
    )


def main() -> int:
    """Run the notebooks that were named, or all; bring the links of every one to the site."""
    for path in FOLDER.rglob("[0-9i]*.ipynb"):
        text = path.read_text(encoding="utf-8")
        path.write_text(_LINK_TO_SITE.sub(SITE, text), encoding="utf-8")
    paths = [Path(name).resolve() for name in sys.argv[1:]] or sorted(FOLDER.rglob("[0-9i]*.ipynb"))
    for path in paths:
        print(path.relative_to(ROOT), flush=True)
        run(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
