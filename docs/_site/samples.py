"""The code samples on a page: one linked tab a language, cut out of the files that tests run."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from textwrap import dedent

FOLDER = Path(__file__).resolve().parents[1] / "samples"

# Title of the tab, file, name of the highlighter. The order is that of the tabs.
LANGUAGES = (
    ("Python", "python/qfpay.py", "python"),
    ("Java", "java/QFPay.java", "java"),
    ("Node.js", "node/qfpay.mjs", "javascript"),
    ("PHP", "php/qfpay.php", "php"),
    ("cURL", "curl/qfpay.sh", "bash"),
    ("Go", "go/qfpay.go", "go"),
    ("C#", "csharp/QFPay.cs", "csharp"),
)
# Sections that only the languages of the exam's page have.
_OF_THE_EXAM = frozenset({"shop", "server"})
_MARKER = re.compile(r"^.*--8<-- \[(start|end):([\w-]+)\].*\n?", re.MULTILINE)


def tabs(*sections: str) -> str:
    """The named sections in every language, in tabs; those of the exam where a language has them.

    Raises:
        KeyError: A sample lacks a section.
    """
    return "\n".join(
        _tab(title, file, lexer, sections)
        for title, file, lexer in LANGUAGES
        if not _OF_THE_EXAM.issuperset(sections) or _sections(FOLDER / file).keys() >= {*sections}
    )


def _tab(title: str, file: str, lexer: str, sections: tuple[str, ...]) -> str:
    cut = _sections(FOLDER / file)
    code = "\n\n".join(dedent(cut[section]) for section in sections)
    options = f'.{lexer} title="{file.partition("/")[2]}"'
    if lexer == "php":
        options += ' startinline="true"'  # a section has no opening tag
    fenced = f"``` {{ {options} }}\n{code}\n```"
    indented = "\n".join(f"    {line}".rstrip() for line in fenced.splitlines())
    return f'=== "{title}"\n\n{indented}\n'


@cache
def _sections(file: Path) -> dict[str, str]:
    text = file.read_text(encoding="utf-8")
    found, open_at = {}, {}
    for mark in _MARKER.finditer(text):
        if mark[1] == "start":
            open_at[mark[2]] = mark.end()
        else:
            found[mark[2]] = text[open_at[mark[2]] : mark.start()].strip("\n")
    return found


def files(up: str) -> str:
    """Links to the whole files, to be copied; they are no pages, so mkdocs does not know them."""
    return "\n".join(
        f'- {title}: <a href="{up}samples/{file}" download>{file}</a>'
        for title, file, _ in LANGUAGES
    )
