"""What mkdocs and its theme need beside the plain pages (plain.py): it calls the functions on_...

Before a build the folder of plain pages is written, and the build reads that folder. After it the
two languages are told apart where the theme can't, and the Markdown of each page goes beside it.
"""

from __future__ import annotations

import json
import logging
import posixpath
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jieba
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.livereload import LiveReloadServer
from mkdocs.plugins import event_priority
from mkdocs.structure.pages import Page

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from docs._site import generated, plain
from docs._site.words import WORDS

_ALTERNATE = re.compile(r'<link rel="alternate" href="([^"]+)" hreflang="([^"]+)">')
_BASE = re.compile(r'("base":\s*")([^"]*)(")')


def on_startup(command: str, dirty: bool) -> None:
    """Let a build say what is wrong, and no more; with --quiet --strict would count no warning."""
    for handler in logging.getLogger("mkdocs").handlers if command == "build" else ():
        handler.setLevel(logging.WARNING)


@event_priority(50)
def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Write the plain pages, and build from them; the second language finds them written."""
    jieba.setLogLevel(logging.WARNING)  # it tells of its dictionary at every build
    _forget_references(config)
    i18n: Any = config.plugins["i18n"]
    strings: Any = config.plugins["mkdocstrings"]
    strings.config["locale"] = i18n.current_language or i18n.default_language
    if not i18n.building:
        try:
            config.nav = plain.navigation(config.nav or [], plain.write())
        except plain.PageError as error:
            raise PluginError(str(error)) from error
        config.docs_dir = str(plain.FOLDER)
    return config


def on_serve(
    server: LiveReloadServer, config: MkDocsConfig, builder: Callable[..., None]
) -> LiveReloadServer:
    """Follow the pages that people write, not the folder that each build writes."""
    server.unwatch(config.docs_dir)
    server.watch(str(generated.DOCS))
    return server


def _forget_references(config: MkDocsConfig) -> None:
    """Let the reference of the second language stand beside that of the first."""
    autorefs: Any = config.plugins.get("autorefs")
    if autorefs is not None:
        for name in ("_primary_url_map", "_secondary_url_map", "_title_map", "_breadcrumbs_map"):
            getattr(autorefs, name).clear()


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Point to the twin with its whole address; let each language search its own pages."""
    site_url = (config.site_url or "/").rstrip("/")

    def absolute(match: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join("/", page.url, match[1])).rstrip("/")
        # With the blank, Material does not look for a sitemap at each page's address.
        link = f'<link rel="alternate " href="{site_url}{path}/" hreflang="{{}}">'
        return link.format(match[2]) + (link.format("x-default") if match[2] == "en" else "")

    output = _ALTERNATE.sub(absolute, output)
    lang = "zh" if config.theme["language"] == "zh" else "en"
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
    """After both languages: an index for each, and the Markdown of every page."""
    i18n: Any = config.plugins["i18n"]
    if not i18n.building:
        _split_search(Path(config.site_dir))
        plain.publish(Path(config.site_dir), (config.site_url or "/").rstrip("/"))


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
