"""What happens to a page between its file and the site.

Tables are made from the tables of the package: a page says ``<!-- table: exit-statuses -->``, and
an unknown name stops the build. Chinese sentences, one a line in the file, are joined without the
blank that Markdown would put between them.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page

from qftools.cli import exits
from qftools.cli.command import ENVIRONMENT
from qftools.locale import Language, text

_FENCE = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
_BETWEEN_CHINESE = re.compile(
    r"(?<=[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef])\n(?=[^\s#>|\-*+\d<:])"
)
_MARKER = re.compile(r"<!-- table: ([\w-]+) -->")


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(
        f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |" for line in lines
    )


def _exit_statuses(lang: Language) -> str:
    head = {"zh": ("退出状态", "什么时候"), "en": ("Exit status", "When")}[lang]
    return _table(head, [(f"`{row.status}`", row.when) for row in exits.exits(lang)])


def _environment(lang: Language) -> str:
    head = {"zh": ("环境变量", "是什么"), "en": ("Variable", "What it is")}[lang]
    return _table(head, [(f"`{name}`", text(what, lang)) for name, what in ENVIRONMENT.items()])


TABLES: dict[str, Callable[[Language], str]] = {
    "exit-statuses": _exit_statuses,
    "environment": _environment,
}


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Put the tables where the page asks for them; join Chinese lines."""
    lang: Language = "zh" if config.theme["language"] == "zh" else "en"

    def table(match: re.Match[str]) -> str:
        name = match[1]
        if name not in TABLES:
            raise PluginError(f"{page.file.src_uri}: no table {name!r}; there are {sorted(TABLES)}")
        return TABLES[name](lang)

    markdown = _MARKER.sub(table, markdown)
    return _joined(markdown) if lang == "zh" else markdown


def _joined(markdown: str) -> str:
    parts = _FENCE.split(markdown)  # every second part is a fenced block
    parts[::2] = [_BETWEEN_CHINESE.sub("", part) for part in parts[::2]]
    return "".join(parts)
