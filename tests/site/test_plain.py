"""The plain pages hold all that the site says, whichever builder makes pages of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from docs._site import plain, second
from tests.site import pages

LEFT_OVER = "en/notebooks/00-an-old-lesson.md"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plain pages, written over those of a build before."""
    folder = tmp_path_factory.mktemp("pages")
    (folder / LEFT_OVER).parent.mkdir(parents=True)
    (folder / LEFT_OVER).touch()
    plain.write(folder)
    return folder


@pytest.fixture(scope="module")
def written(folder: Path) -> dict[str, plain.Page]:
    """Every plain page by its place in the folder."""
    return {f"{page.lang}/{page.path}": page for page in plain.read(folder)}


def named(items: list[Any]) -> Iterator[str]:
    """The pages that a navigation names."""
    for item in items:
        if isinstance(item, dict):
            for below in item.values():
                yield from named(below)
        else:
            yield item


ASKED = re.compile(
    r"^ *<!-- (?:table|diagram|samples|cli|file|bench|live)\b.*|^ *--8<--.*", re.MULTILINE
)


def test_a_plain_page_asks_for_nothing_more(written):
    assert [(place, ASKED.findall(page.text)) for place, page in written.items()] == [
        (place, []) for place in written
    ]


def test_each_plain_page_says_what_it_is_for_and_begins_with_its_title(written):
    assert {
        place
        for place, page in written.items()
        if not (page.description and page.title and page.body.startswith("# "))
    } == set()


def test_the_folder_holds_both_languages_and_what_pages_load_and_nothing_of_builds_before(
    folder, written
):
    names = {
        lang: {page.path for page in written.values() if page.lang == lang}
        for lang in pages.LANGUAGES
    }

    assert names["zh"] == names["en"] > {str(page) for page in pages.written("en")}
    assert LEFT_OVER not in written
    for name in ("assets/qftools.css", "assets/stories.json", "openapi.json", "notices.txt"):
        assert (folder / name).stat().st_size > 100
    lessons = {str(path.relative_to(folder / "en")) for path in folder.glob("en/**/*.ipynb")}
    assert {f"notebooks/{Path(name).stem}.md" for name in lessons} < names["en"]


@pytest.mark.parametrize("marker", ["<!-- table: no-such -->", '--8<-- "no/such/file.py"'])
def test_a_page_that_asks_for_what_there_is_not_is_named(marker):
    page = plain.Page("en", "codes.md", f"# Codes\n\n{marker}\n")

    with pytest.raises(plain.PageError, match=r"en/codes\.md: can't .* no.such"):
        plain.filled(page)


@pytest.mark.parametrize("lang", pages.LANGUAGES)
def test_the_second_builder_is_told_of_each_page_once_and_of_one_language(written, lang):
    paths = [page.path for page in written.values() if page.lang == lang]
    made = [path for path in paths if path.split("/")[0] in pages.MADE and "index" not in path]

    said = second.settings(lang, made)

    assert sorted(named(said["nav"])) == sorted(paths)
    assert said["theme"]["language"] == lang
    assert ("Start here" in str(said["nav"])) == (lang == "en")
    assert said["site_url"].endswith("/en/") == (lang == "en")
    assert not {"i18n", "hooks"} & {*said, *(name for plugin in said["plugins"] for name in plugin)}
