"""What happens to a page between its file and the site: mkdocs calls the functions named on_...

A page asks for what the package knows by a comment: ``<!-- table: fields reversal request -->``,
``<!-- diagram: walk -->``, ``<!-- samples: sign verify -->``, ``<!-- cli -->``. An unknown name
stops the build. Chinese sentences, one a line in the file, are joined without the blank that
Markdown would put between them. Each page is published as Markdown, too, and listed in llms.txt.
"""

from __future__ import annotations

import json
import logging
import posixpath
import re
import shutil
import sys
from pathlib import Path, PurePosixPath
from typing import Any

import jieba
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.plugins import event_priority
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

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
from docs._site.words import WORDS
from qftools.sandbox.control import openapi

_FENCE = re.compile(r"(^[ ]*```.*?^[ ]*```$)", re.MULTILINE | re.DOTALL)
_BETWEEN_CHINESE = re.compile(
    r"(?<=[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef])\n(?=[^\s#>|\-*+\d<:!?=])"
)
_MARKER = re.compile(
    r"^( *)<!-- (table|diagram|samples|cli|file|bench|live): ?(.*?) ?-->$", re.MULTILINE
)
_INCLUDED = re.compile(r'^( *)--8<-- "([^"]+)"$', re.MULTILINE)
_ALTERNATE = re.compile(r'<link rel="alternate" href="([^"]+)" hreflang="([^"]+)">')
_BASE = re.compile(r'("base":\s*")([^"]*)(")')

TABLES = {
    **tables.TABLES,
    **signatures.SIGNATURES,
    "served": notices.served,
    "colours": colours.colours,
}

# The pages of this build by address: their title, what they say in one sentence, their Markdown.
_published: dict[str, tuple[str, str, str]] = {}


@event_priority(50)
def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Write the made pages, and put them into the navigation where it says ``wallets/*``."""
    jieba.setLogLevel(logging.WARNING)  # it tells of its dictionary at every build
    _forget_references(config)
    i18n: Any = config.plugins["i18n"]
    strings: Any = config.plugins["mkdocstrings"]
    strings.config["locale"] = i18n.current_language or i18n.default_language
    made = generated.write_all()
    config.nav = [_spread(item, made) for item in config.nav or []]
    return config


def _forget_references(config: MkDocsConfig) -> None:
    """Let the reference of the second language stand beside that of the first."""
    autorefs: Any = config.plugins.get("autorefs")
    if autorefs is not None:
        for name in ("_primary_url_map", "_secondary_url_map", "_title_map", "_breadcrumbs_map"):
            getattr(autorefs, name).clear()


def _spread(item: Any, made: dict[str, list[str]]) -> Any:
    if not isinstance(item, dict):
        return item
    ((title, children),) = item.items()
    if not isinstance(children, list):
        return item
    spread: list[Any] = []
    for child in children:
        folder = child.removesuffix("/*") if isinstance(child, str) else ""
        spread += made[folder] if f"{folder}/*" == child else [_spread(child, made)]
    return {title: spread}


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Put in what the page asks for; join Chinese lines; keep the result for publishing."""
    here = _here(page, config)

    def asked(match: re.Match[str]) -> str:
        indent, kind, words = match[1], match[2], match[3].split()
        try:
            return indent + _made(kind, words, here).replace("\n", "\n" + indent)
        except (KeyError, TypeError) as error:
            raise PluginError(f"{page.file.src_uri}: can't make {match[0]}: {error!r}") from error

    markdown = _MARKER.sub(asked, markdown.replace(f"{here.as_built}\n\n", "", 1))
    markdown = markdown.replace("<this repository>", addresses.REPOSITORY)
    if here.lang == "zh":
        markdown = _joined(markdown)
    whole = reference.ASKED.sub(reference.written, _INCLUDED.sub(_included, markdown))
    _published[page.url] = (page.title or "", str(page.meta.get("description", "")), whole)
    return markdown


def _included(match: re.Match[str]) -> str:
    """What a page takes out of a file, for those who read it as Markdown."""
    text = (generated.ROOT / match[2]).read_text(encoding="utf-8").rstrip("\n")
    return match[1] + text.replace("\n", "\n" + match[1])


def _here(page: Page, config: MkDocsConfig) -> Here:
    path = PurePosixPath(page.file.src_uri)
    lang = "zh" if config.theme["language"] == "zh" else "en"
    parts = path.parts[1:] if path.parts[0] in ("zh", "en") else path.parts
    return Here(lang, "/".join(parts), "../" * page.url.count("/"))  # type: ignore[arg-type]


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
        text = (generated.ROOT / words[0]).read_text(encoding="utf-8")
        return text.partition("\n")[2].strip()  # the page has a title of its own
    if words == ["files"]:
        return samples.files(here.up)
    return samples.tabs(*words)


def _joined(markdown: str) -> str:
    parts = _FENCE.split(markdown)  # every second part is a fenced block
    parts[::2] = [_BETWEEN_CHINESE.sub("", part) for part in parts[::2]]
    return "".join(parts)


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Point to the twin with its whole address; let each language search its own pages."""
    site_url = (config.site_url or "/").rstrip("/")

    def absolute(match: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join("/", page.url, match[1])).rstrip("/")
        # With the blank, Material does not look for a sitemap at each page's address.
        link = f'<link rel="alternate " href="{site_url}{path}/" hreflang="{{}}">'
        return link.format(match[2]) + (link.format("x-default") if match[2] == "en" else "")

    output = _ALTERNATE.sub(absolute, output)
    lang = _here(page, config).lang
    done = WORDS["done"].say(lang)
    output = output.replace('<input type="checkbox"', f'<input aria-label="{done}" type="checkbox"')
    search = WORDS["search"].say(lang)
    output = output.replace('role="dialog">', f'role="dialog" aria-label="{search}">')
    if lang == "en":
        output = _BASE.sub(lambda match: match[1] + _up(match[2]) + match[3], output, count=1)
    return output


def _up(base: str) -> str:
    """The root of the English pages, one floor below the root of the site."""
    if base == "..":
        return "."
    return base.removesuffix("/..") if base.endswith("/..") else base + "/en"


@event_priority(-200)
def on_post_build(config: MkDocsConfig) -> None:
    """After both languages: an index for each, Markdown of every page, llms.txt, notebooks."""
    i18n: Any = config.plugins["i18n"]
    if i18n.building:
        return
    site = Path(config.site_dir)
    _split_search(site)
    for url, (_, _, markdown) in _published.items():
        (site / url / "index.md").write_text(markdown, encoding="utf-8")
    described = json.dumps(openapi.description(), ensure_ascii=False, indent=1)
    (site / "openapi.json").write_text(described, encoding="utf-8")
    notices.write(site)
    hero.write(site)
    _write_llms(site, (config.site_url or "/").rstrip("/"))
    for lang in generated.LANGUAGES:
        for notebook in generated.notebooks(lang):
            page = site / ("" if lang == "zh" else lang) / "notebooks" / notebook.stem
            if page.is_dir():
                shutil.copy(notebook, page / notebook.name)
    _published.clear()


def _split_search(site: Path) -> None:
    whole = json.loads((site / "search/search_index.json").read_text(encoding="utf-8"))
    for folder in ("", "en/"):
        own = [
            {**doc, "location": doc["location"].removeprefix(folder)}
            for doc in whole["docs"]
            if doc["location"].startswith("en/") == bool(folder)
        ]
        target = site / f"{folder}search/search_index.json"
        target.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({**whole, "docs": own}, ensure_ascii=False, separators=(",", ":"))
        target.write_text(text, encoding="utf-8")


def _write_llms(site: Path, site_url: str) -> None:
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
    for title, inside in (("English", True), ("中文", False)):
        lines += ["", f"## {title}", ""]
        lines += [
            f"- [{name}]({site_url}/{url}index.md): {sentence}"
            for url, (name, sentence, _) in sorted(_published.items())
            if url.startswith("en/") is inside
        ]
    lines += ["", f"All of them in one file, tables included: {site_url}/llms-full.txt"]
    (site / "llms.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    whole = (f"<!-- {site_url}/{url} -->\n\n{said[2]}" for url, said in sorted(_published.items()))
    (site / "llms-full.txt").write_text("\n\n".join(whole) + "\n", encoding="utf-8")
