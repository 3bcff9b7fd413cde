"""The site as plain Markdown and files in one folder, which any builder can make pages of.

    python -m docs._site.plain      write .make/pages: zh/ and en/ with the pages, and all they load

A page in docs/zh or docs/en asks for what the package knows by a comment:
``<!-- table: fields reversal request -->``, ``<!-- diagram: walk -->``,
``<!-- samples: sign verify -->``, ``<!-- cli -->``. An unknown name is an error. Files that a page
shows are put in, and Chinese sentences, one a line in the file, are joined without the blank that
Markdown would put between them. Nothing here knows which builder reads the folder.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import yaml

from docs._site import (
    addresses,
    colours,
    commands,
    diagrams,
    generated,
    hero,
    notices,
    reference,
    samples,
    signatures,
    speed,
    tables,
)
from docs._site.markdown import Here
from qftools.locale import Language
from qftools.sandbox.control import openapi

ROOT = generated.ROOT
FOLDER = ROOT / ".make" / "pages"
SERVED = ("assets", "samples", "service")
"""Folders of docs/ that the site serves as they are."""

TABLES = {
    **tables.TABLES,
    **signatures.SIGNATURES,
    "served": notices.served,
    "colours": colours.colours,
}

_FRONT_MATTER = re.compile(r"\A---\n(.*?)^---\n\s*", re.MULTILINE | re.DOTALL)
_FENCE = re.compile(r"(^[ ]*```.*?^[ ]*```$)", re.MULTILINE | re.DOTALL)
_BETWEEN_CHINESE = re.compile(
    r"(?<=[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef])\n(?=[^\s#>|\-*+\d<:!?=])"
)
_MARKER = re.compile(
    r"^( *)<!-- (table|diagram|samples|cli|file|bench|live): ?(.*?) ?-->$", re.MULTILINE
)
_ATTRIBUTES = re.compile(r" *\{[^}]*\} *$")
_INCLUDED = re.compile(r'^( *)--8<-- "([^"]+)"$', re.MULTILINE)


class PageError(Exception):
    """A page asks for what there is not."""


@dataclass(frozen=True)
class Page:
    """One page of the folder.

    Attributes:
        lang: Its language.
        path: Its file in the folder of the language: ``endpoints/reversal.md``.
        text: What the file says, front matter included.
    """

    lang: Language
    path: str
    text: str

    @cached_property
    def url(self) -> str:
        """Where it is below the root of the site.

        Example:
            >>> Page("en", "endpoints/index.md", "").url, Page("zh", "codes.md", "").url
            ('en/endpoints/', 'codes/')
        """
        name = self.path.removesuffix(".md")
        folder = "" if name == "index" else f"{name.removesuffix('/index')}/"
        return folder if self.lang == "zh" else f"en/{folder}"

    @property
    def here(self) -> Here:
        """The page as tables see it."""
        return Here(self.lang, self.path, "../" * self.url.count("/"))

    @property
    def body(self) -> str:
        """What it says below the front matter."""
        return _FRONT_MATTER.sub("", self.text)

    @property
    def description(self) -> str:
        """What it is for, in one sentence."""
        found = _FRONT_MATTER.match(self.text)
        return str(yaml.safe_load(found[1]).get("description", "")) if found else ""

    @property
    def title(self) -> str:
        """Its first heading.

        Example:
            >>> Page("en", "index.md", "# Was the payer charged? { .qf-title }").title
            'Was the payer charged?'
        """
        return _ATTRIBUTES.sub("", self.body.partition("\n")[0]).lstrip("# ")


def write(folder: Path = FOLDER) -> list[str]:
    """Write the folder; return the made pages in the order of the navigation.

    A file is written only when it changes, and what does not belong there is removed.
    """
    made = {lang: generated.pages(lang) for lang in generated.LANGUAGES}
    files = {folder / name: content for name, content in _files(made)}
    for path, content in files.items():
        if not path.exists() or path.read_bytes() != content:
            _write_whole(path, content, beside=folder.parent)
    for path in folder.rglob("*"):
        if path.is_file() and path not in files:
            path.unlink(missing_ok=True)
    return list(made["en"])


def _write_whole(path: Path, content: bytes, beside: Path) -> None:
    """At once, since another build may be reading: tests build the site more than once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=beside, delete=False) as file:
        file.write(content)
    Path(file.name).chmod(0o644)
    Path(file.name).replace(path)


def _files(made: dict[Language, dict[str, str]]) -> Iterator[tuple[str, bytes]]:
    for lang in generated.LANGUAGES:
        for path, text in {**_written(lang), **made[lang]}.items():
            yield f"{lang}/{path}", filled(Page(lang, path, text)).encode()
        for notebook in generated.notebooks(lang):
            yield f"{lang}/notebooks/{notebook.stem}/{notebook.name}", notebook.read_bytes()
    for name in SERVED:
        for file in (generated.DOCS / name).rglob("*"):
            if file.is_file() and "__pycache__" not in file.parts:
                yield str(file.relative_to(generated.DOCS)), file.read_bytes()
    yield "assets/stories.json", hero.script().encode()
    described = json.dumps(openapi.description(), ensure_ascii=False, indent=1)
    yield "openapi.json", described.encode()
    yield notices.NAME, notices.notices(FOLDER).encode()


def _written(lang: Language) -> dict[str, str]:
    root = generated.DOCS / lang
    return {
        str(path.relative_to(root)): path.read_text(encoding="utf-8")
        for path in sorted(root.rglob("*.md"))
        # Builds of old wrote the made pages here.
        if path.parent.name not in generated.FOLDERS or path.name == "index.md"
    }


def filled(page: Page) -> str:
    """The text of *page* with all that it asks for.

    Raises:
        PageError: It asks for what there is not.

    Example:
        >>> filled(Page("zh", "codes.md", "# 代码\\n\\n第一句。\\n第二句。"))
        '# 代码\\n\\n第一句。第二句。'
    """
    here, body = page.here, page.body

    def asked(match: re.Match[str]) -> str:
        indent, kind, words = match[1], match[2], match[3].split()
        try:
            return indent + _made(kind, words, here).replace("\n", "\n" + indent)
        except (KeyError, TypeError) as error:
            name = f"{page.lang}/{page.path}"
            raise PageError(f"{name}: can't make {match[0]}: {error!r}") from error

    def included(match: re.Match[str]) -> str:
        try:
            text = (ROOT / match[2]).read_text(encoding="utf-8").rstrip("\n")
        except OSError as error:
            raise PageError(f"{page.lang}/{page.path}: can't show {match[2]}: {error}") from error
        return match[1] + text.replace("\n", "\n" + match[1])

    front_matter = page.text.removesuffix(body)
    body = _MARKER.sub(asked, body.replace(f"{here.as_built}\n\n", "", 1))
    body = body.replace("<this repository>", addresses.REPOSITORY)
    if page.lang == "zh":
        body = _joined(body)
    return front_matter + _INCLUDED.sub(included, body)


def _made(kind: str, words: list[str], here: Here) -> str:
    if kind == "table":
        return TABLES[words[0]](here, *words[1:])
    if kind == "diagram":
        return diagrams.DIAGRAMS[words[0]](here.lang)
    if kind == "cli":
        return commands.reference(here.lang)
    if kind == "bench":
        return speed.part(words, here.lang)
    if kind == "live":
        return hero.LIVE[words[0]](here, *words[1:])
    if kind == "file":
        text = (ROOT / words[0]).read_text(encoding="utf-8")
        return text.partition("\n")[2].strip()  # the page has a title of its own
    if words == ["files"]:
        return samples.files(here.up)
    return samples.tabs(*words)


def _joined(markdown: str) -> str:
    parts = _FENCE.split(markdown)  # every second part is a fenced block
    parts[::2] = [_BETWEEN_CHINESE.sub("", part) for part in parts[::2]]
    return "".join(parts)


def navigation(items: Iterable[Any], made: Iterable[str]) -> list[Any]:
    """The navigation of mkdocs.yml, with the *made* pages where it says ``wallets/*``.

    Example:
        >>> navigation(["index.md", {"Wallets": ["wallets/*"]}], ["wallets/fps.md", "x/y.md"])
        ['index.md', {'Wallets': ['wallets/fps.md']}]
    """
    spread: list[Any] = []
    for item in items:
        if isinstance(item, dict):
            spread.append({title: navigation(below, made) for title, below in item.items()})
        elif item.endswith("/*"):
            spread += [page for page in made if page.startswith(item.removesuffix("*"))]
        else:
            spread.append(item)
    return spread


def publish(site: Path, site_url: str, folder: Path = FOLDER) -> None:
    """Put the Markdown of every page beside it, and lists of them at the root of *site*."""
    said = {page.url: page for page in sorted(read(folder), key=lambda page: page.url)}
    whole = {
        url: reference.ASKED.sub(reference.written, page.body.rstrip("\n"))
        for url, page in said.items()
    }
    for url, text in whole.items():
        (site / url / "index.md").write_text(text, encoding="utf-8")
    lines = [
        "# qftools",
        "",
        "> Cancel QFPay payments to a proved verdict: query first, reverse or close what is open,",
        "> query until the answer is final. Every page below is plain Markdown.",
        "",
        "To act, too, on a sandbox by default: `pip install 'qfpay-toolkit[mcp]'`, and start",
        "`qftools mcp`, a server of the Model Context Protocol over standard input and output.",
        f"[Its tools]({site_url}/en/reference/assistants/index.md) look, explain and cancel.",
    ]
    for title, lang in (("English", "en"), ("中文", "zh")):
        lines += ["", f"## {title}", ""]
        lines += [
            f"- [{page.title}]({site_url}/{url}index.md): {page.description}"
            for url, page in said.items()
            if page.lang == lang
        ]
    lines += ["", f"All of them in one file, tables included: {site_url}/llms-full.txt"]
    (site / "llms.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    full = (f"<!-- {site_url}/{url} -->\n\n{text}" for url, text in whole.items())
    (site / "llms-full.txt").write_text("\n\n".join(full) + "\n", encoding="utf-8")


def read(folder: Path = FOLDER) -> Iterator[Page]:
    """Every page of the folder."""
    for lang in generated.LANGUAGES:
        for path in (folder / lang).rglob("*.md"):
            name = str(path.relative_to(folder / lang))
            yield Page(lang, name, path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    write()
