"""What differs between two builds of the site, counted: what a page says, not how it looks.

    python -m docs._site.differences FIRST SECOND             two folders with a site in each
    python -m docs._site.differences FIRST SECOND --each      show every difference, too
    python -m docs._site.differences FIRST SECOND --strict    fail where anything differs

Two builders never write the same HTML. What must be the same is what a reader gets: the pages, and
in each its headings with their anchors, tables, code, links and words.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

from bs4 import BeautifulSoup, Tag

from docs._site.markdown import table

LESSONS = "lite"
"""The lessons in the browser: no builder makes them."""

# A Chinese sentence has no blanks: each of its characters counts.
_WORD = re.compile(r"[\u3400-\u9fff]|[^\W\u3400-\u9fff]+")
_HEADINGS = ["h1", "h2", "h3", "h4", "h5", "h6"]


@dataclass(frozen=True, slots=True)
class Built:
    """One page as built.

    Attributes:
        url: Where it is below the root of the site: ``en/codes/``.
        content: The article, without what the theme puts around it.
        anchors: What a link to a part of the page may name.
    """

    url: str
    content: Tag
    anchors: frozenset[str]

    def links(self) -> Iterator[str]:
        """Where the links of the article lead: below the root of the site, or out of it."""
        for link in self.content.find_all("a", href=True):
            yield urljoin(f"/{self.url}", str(link["href"])).removeprefix("/")


def read(site: Path) -> dict[str, Built]:
    """Every page of a built site by its address."""
    pages = {}
    for path in sorted(site.rglob("index.html")):
        place = path.relative_to(site)
        if place.parts[0] != LESSONS:
            url = str(place).removesuffix("index.html")
            pages[url] = _page(url, path.read_text(encoding="utf-8"))
    return pages


def _page(url: str, html: str) -> Built:
    soup = BeautifulSoup(html, "html.parser")
    content = soup.find("article") or soup
    names = (tag.get(name) for tag in soup.find_all(True) for name in ("id", "name"))
    anchors = frozenset(str(name) for name in names if name)
    for mark in content.select(".headerlink"):
        mark.decompose()  # each theme has its own
    return Built(url, content, anchors)


def _headings(page: Built) -> Iterator[str]:
    for heading in page.content.find_all(_HEADINGS):
        yield f"{heading.name} #{heading.get('id', '')} {_said(heading)}"


def _tables(page: Built) -> Iterator[str]:
    for found in page.content.find_all("table"):
        if "highlighttable" not in (found.get("class") or []):
            yield "\n".join(_said(row) for row in found.find_all("tr"))


def _code(page: Built) -> Iterator[str]:
    for block in page.content.find_all("pre"):
        yield block.get_text().strip()


def _words(page: Built) -> Iterator[str]:
    yield from _WORD.findall(page.content.get_text(" "))


def _said(tag: Tag) -> str:
    return " ".join(tag.get_text(" ").split())


KINDS: dict[str, Callable[[Built], Iterator[str]]] = {
    "headings": _headings,
    "tables": _tables,
    "code blocks": _code,
    "links": Built.links,
    "words": _words,
}


def dead_links(site: Path, pages: dict[str, Built]) -> Iterator[str]:
    """Links of the articles of a site that lead to no page, no file or no anchor of it."""
    for page in pages.values():
        for link in page.links():
            target = urlsplit(link)
            path = unquote(target.path)
            if target.scheme or target.netloc or path.startswith(f"{LESSONS}/"):
                continue
            there = pages.get(path)
            if there is None:
                alive = (site / path).is_file()
            else:
                alive = unquote(target.fragment) in there.anchors | {""}
            if not alive:
                yield f"{page.url}: {link}"


@dataclass(frozen=True, slots=True)
class Row:
    """How often one kind of thing is there in each build.

    Attributes:
        lost: What only the first build has, by page.
        added: What only the second build has, by page.
    """

    kind: str
    first: int
    second: int
    lost: Counter[tuple[str, str]]
    added: Counter[tuple[str, str]]

    @property
    def differs(self) -> int:
        """How many things are in one build only."""
        return self.lost.total() + self.added.total()


def compare(first: Path, second: Path) -> list[Row]:
    """Count what differs between two builds; a page that one build lacks counts once, as a page."""
    before, after = read(first), read(second)
    shared = before.keys() & after.keys()
    rows = [
        _row("pages", Counter((url, "") for url in before), Counter((url, "") for url in after))
    ]
    for kind, parts in KINDS.items():
        one, other = (
            Counter((url, part) for url in shared for part in parts(pages[url]))
            for pages in (before, after)
        )
        rows.append(_row(kind, one, other))
    dead = [
        Counter(("", link) for link in dead_links(*built))
        for built in ((first, before), (second, after))
    ]
    return [*rows, _row("links that lead nowhere", *dead)]


def _row(kind: str, first: Counter[tuple[str, str]], second: Counter[tuple[str, str]]) -> Row:
    return Row(kind, first.total(), second.total(), first - second, second - first)


def report(rows: list[Row], names: tuple[str, str], worst: int = 10) -> str:
    """The counts as Markdown, and the pages that differ most."""
    first, second = names
    parts = [
        table(
            ["", first, second, f"only {first}", f"only {second}"],
            [
                [row.kind, *map(str, (row.first, row.second, row.lost.total(), row.added.total()))]
                for row in rows
            ],
        )
    ]
    by_page: dict[str, Counter[str]] = {}
    for row in rows[1:-1]:
        for (url, _), times in [*row.lost.items(), *row.added.items()]:
            by_page.setdefault(url, Counter())[row.kind] += times
    differing = sorted(by_page.items(), key=lambda page: (-page[1].total(), page[0]))
    if differing:
        parts.append(f"{len(differing)} pages differ; most:")
        parts.append(
            table(
                ["page", *KINDS],
                [
                    [f"/{url}", *(str(counts[kind] or "") for kind in KINDS)]
                    for url, counts in differing[:worst]
                ],
            )
        )
    return "\n\n".join(parts)


def each(rows: list[Row]) -> Iterator[str]:
    """Every difference on a line; of words and longer things the beginning."""
    for row in rows:
        for sign, parts in (("-", row.lost), ("+", row.added)):
            for (url, part), times in sorted(parts.items()):
                said = " ".join(part.split())[:200]
                yield f"{sign} {row.kind} /{url} {said}" + (f" ({times})" if times > 1 else "")


def main(words: list[str] | None = None) -> int:
    """Count and say it; the exit status is 0 unless one asks for strictness."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("first", type=Path)
    parser.add_argument("second", type=Path)
    parser.add_argument("--each", action="store_true", help="show every difference")
    parser.add_argument("--strict", action="store_true", help="fail where anything differs")
    asked = parser.parse_args(words)
    rows = compare(asked.first, asked.second)
    if asked.each:
        print(*each(rows), "", sep="\n")
    print(report(rows, (asked.first.name, asked.second.name)))
    return 1 if asked.strict and any(row.differs for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
