"""The lessons in a real JupyterLab, in a real browser."""

from __future__ import annotations

import pytest

from tests.lab import running

LESSONS = sorted(
    str(path.relative_to(running.NOTEBOOKS)) for path in running.NOTEBOOKS.glob("*/*.ipynb")
)

pytestmark = pytest.mark.needs("chromium", "chinese-font")


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_runs_to_its_end_without_an_error(browser, lab, lesson):
    with running.opened(browser, lab, lesson) as (page, counts):
        errors = page.locator(".jp-OutputArea-output[data-mime-type*='stderr'], .jp-RenderedError")
        shown = errors.all_inner_texts()

    assert counts == list(range(1, len(counts) + 1)) != []
    assert shown == []
