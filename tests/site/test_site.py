"""The site as its reader meets it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
COMMENT = re.compile(r"#.*$", re.MULTILINE)
PAGES = {
    lang: {p.relative_to(DOCS / lang) for p in (DOCS / lang).rglob("*.md")} for lang in ("zh", "en")
}


def test_every_page_is_there_in_both_languages():
    assert PAGES["zh"] == PAGES["en"] != set()


@pytest.mark.parametrize("page", sorted(PAGES["en"]), ids=str)
def test_both_languages_show_the_same_code(page):
    chinese, english = (
        FENCE.findall(COMMENT.sub("", (DOCS / lang / page).read_text(encoding="utf-8")))
        for lang in ("zh", "en")
    )

    assert chinese == english


def test_no_page_loads_anything_from_elsewhere(site):
    loads = re.compile(r"""<(?:script|link|img|iframe)[^>]+(?:src|href)=["'](?:https?:)?//[^"']+""")

    found = {
        (page.relative_to(site), match)
        for page in site.rglob("*.html")
        for match in loads.findall(page.read_text(encoding="utf-8"))
        if 'rel="canonical"' not in match
    }

    assert not found


@pytest.mark.needs("chromium", "chinese-font")
@pytest.mark.parametrize(
    ("path", "title", "other"),
    [("/", "钱，到底动没动？", "English"), ("/en/", "Did the money move?", "中文")],
)
@pytest.mark.parametrize("width", [390, 1280])
def test_a_reader_finds_the_page_and_its_twin(browser, address, path, title, other, width):
    context = browser.new_context(viewport={"width": width, "height": 900})
    page = context.new_page()
    wrong, asked = [], []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))

    page.goto(address + path)
    heading = page.inner_text("h1")
    overflow = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    page.click(".md-select button", force=True)
    page.click(f".md-select__link:has-text('{other}')")
    page.wait_for_url(lambda url: url != address + path)
    twin = page.inner_text("h1")
    context.close()

    assert title in heading
    assert title not in twin
    assert overflow <= 0
    assert wrong == []
    assert [url for url in asked if not url.startswith(address)] == []
