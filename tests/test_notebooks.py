"""The lessons in their two languages: the same code, other words, saved with their output."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

from docs._site.addresses import SITE
from qftools.panels.quiz import lessons
from qftools.texts import text

FOLDER = Path(__file__).resolve().parent.parent / "notebooks"
NAMES = {lang: {path.name for path in (FOLDER / lang).glob("*.ipynb")} for lang in ("en", "zh")}
WIDGET = "application/vnd.jupyter.widget-view+json"
EVERY = sorted(FOLDER.glob("*/*.ipynb"))
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def cells(lang, name, kind):
    notebook = nbformat.read(FOLDER / lang / name, as_version=4)
    return [cell for cell in notebook.cells if cell.cell_type == kind]


def test_every_lesson_is_there_in_both_languages():
    assert NAMES["en"] == NAMES["zh"] != set()


@pytest.mark.parametrize("name", sorted(NAMES["en"]))
def test_both_languages_have_the_same_code_but_for_the_language_itself(name):
    english, chinese = (
        [cell.source.replace('"zh"', '"en"') for cell in cells(lang, name, "code")]
        for lang in ("en", "zh")
    )

    assert chinese == english


@pytest.mark.parametrize("name", sorted(NAMES["en"]))
def test_each_language_has_its_own_words(name):
    english, chinese = (
        [cell.source for cell in cells(lang, name, "markdown")] for lang in ("en", "zh")
    )

    assert len(english) == len(chinese)
    assert not any(map(CHINESE.search, english))
    assert all(map(CHINESE.search, chinese))


@pytest.mark.parametrize("path", EVERY, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_lesson_is_saved_with_the_output_of_one_run_from_top_to_bottom(path):
    code = cells(path.parent.name, path.name, "code")

    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert any(cell.outputs for cell in code)
    assert not any(output.output_type == "error" for cell in code for output in cell.outputs)


@pytest.mark.parametrize("path", EVERY, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_above_each_saved_panel_stands_what_to_press_while_it_is_not_running(path):
    lang = path.parent.name
    for cell in cells(lang, path.name, "code"):
        data = [output.get("data", {}) for output in cell.outputs]
        for above, panel in zip([{}, *data], data, strict=False):
            if WIDGET in panel:
                assert text("This panel is not running.", lang) in above["text/html"]
                assert "Run ▸ Run All Cells" in above["text/html"]


@pytest.mark.parametrize("lang", NAMES)
def test_what_the_first_lesson_ends_in_is_explained_and_proved_beside_it(lang):
    lesson = nbformat.read(FOLDER / lang / "01-quickstart.ipynb", as_version=4).cells
    paid = next(n for n, cell in enumerate(lesson) if "'PAID'" in str(cell.get("outputs")))
    said, proof = lesson[paid + 1], lesson[paid + 2]

    assert said.cell_type == "markdown" and said.source.startswith("`PAID`")
    assert "`cancel`" in said.source and "`0000`" in said.source
    assert proof.source == "Evidence(outcome)"
    assert "LOOK query 0000 PAID" in str(proof.outputs)


@pytest.mark.parametrize("path", EVERY, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_lesson_says_what_and_how_long_and_ends_with_questions_and_links(path):
    lang, number = path.parent.name, path.name[:2]
    lesson = lessons()[number]
    notebook = nbformat.read(path, as_version=4)
    first, last = notebook.cells[0].source, notebook.cells[-1].source
    site = SITE + ("en/" if lang == "en" else "") + f"notebooks/{path.stem}/"

    assert first.startswith(f"# {lesson['title'].say(lang)}\n")
    assert lesson["know"].say(lang) in first and str(lesson["minutes"]) in first
    assert notebook.cells[-2].source == f'Quiz("{number}")'
    assert site in last


@pytest.mark.parametrize("path", EVERY, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_cells_are_short_and_define_nothing(path):
    for cell in cells(path.parent.name, path.name, "code"):
        assert len(cell.source.splitlines()) <= 10
        assert "def " not in cell.source and "class " not in cell.source


def test_the_start_page_lists_every_lesson_in_both_languages():
    page = nbformat.read(FOLDER / "index.ipynb", as_version=4).cells[0].source

    assert SITE in page
    for path in EVERY:
        lang, title = path.parent.name, lessons()[path.name[:2]]["title"]
        assert f"[{title.say(lang)}]({lang}/{path.name})" in page
