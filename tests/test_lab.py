"""The lessons in a real JupyterLab, in a real browser."""

from __future__ import annotations

import pytest

from tests.lab import NOTEBOOKS, open_and_run

LESSONS = sorted(str(path.relative_to(NOTEBOOKS)) for path in NOTEBOOKS.glob("*/*.ipynb"))


@pytest.mark.needs("chromium", "chinese-font")
@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_runs_to_its_end_without_an_error(browser, lab, lesson):
    with browser.new_context() as context:
        page = context.new_page()
        counts = open_and_run(page, lab, lesson)
        errors = page.locator("[data-mime-type$='stderr'], .jp-RenderedError").all_inner_texts()

    assert counts == list(range(1, len(counts) + 1)) != []
    assert errors == []
