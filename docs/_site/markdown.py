"""Markdown as the tables of the site write it: where a page is, its links, a table."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from docs._site.words import WORDS
from qftools import catalogue
from qftools.assistant.pages import table as table
from qftools.locale import Language


@dataclass(frozen=True, slots=True)
class Here:
    """The page that asks: its language and its place, for links to other pages.

    Attributes:
        path: The page's file without the language folder: ``endpoints/reversal.md``.
        up: The way to the root of the site, for what is no page.
    """

    lang: Language
    path: str
    up: str = ""

    @property
    def as_built(self) -> str:
        """The line of a source page that says where the page is as it was built."""
        name = self.path.removesuffix(".md").removesuffix("index")
        folder = f"{name}/".replace("//", "/").removeprefix("/")
        page = f"{'' if self.lang == 'zh' else 'en/'}{folder}index.md"
        return self.say("as built").format(page=page)

    def link(self, label: str, target: str) -> str:
        """A Markdown link to another page, given from the root of the language."""
        file, hash_, anchor = target.partition("#")
        relative = posixpath.relpath(file, posixpath.dirname(self.path)) if file else ""
        return f"[{label}]({relative}{hash_}{anchor})"

    def say(self, word: str) -> str:
        """A word of the tables' own, in the language of the page."""
        return WORDS[word].say(self.lang)

    def code(self, code: str) -> str:
        """A respcd, linked to its entry."""
        known = code in catalogue.codes()
        return self.link(f"`{code}`", f"codes.md#{code}") if known else f"`{code}`"

    def sources(self, tags: str) -> str:
        """The tags of a row, linked to the list of sources."""
        joined = [
            self.link(tag, f"disputes.md#source-{anchor(tag)}") for tag in tags.split("; ") if tag
        ]
        return " ".join(joined)

    def marks(self, tags: str, disputes: Iterable[str] = ()) -> str:
        """The sources of a row as small marks that say their tags, with its disputes."""
        sources = [
            self.link("§", f'disputes.md#source-{anchor(tag)} "{self.say("source")}: {tag}"')
            for tag in tags.split("; ")
            if tag
        ]
        marks = " ".join([*sources, *filter(None, [self.disputes(disputes)])])
        return f' <sup class="qf-marks">{marks}</sup>' if marks else ""

    def disputes(self, numbers: Iterable[str]) -> str:
        """Numbers of disputes, linked to the ledger."""
        return " ".join(self.link(number, f"disputes.md#{number.lower()}") for number in numbers)


def anchor(words: str) -> str:
    """A tag as an anchor.

    Example:
        >>> anchor("ISO 4217")
        'iso-4217'
    """
    return words.lower().replace(" ", "-")


def cards(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose rows are cards where a page is narrow: what is long comes last in a row."""
    return f'<div class="qf-cards" markdown>\n\n{table(names, rows)}\n\n</div>'


def head(here: Here, *words: str) -> list[str]:
    return [here.say(word) for word in words]
