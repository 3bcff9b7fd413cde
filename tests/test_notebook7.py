"""The lessons in Notebook 7, which shows one document at a time: run, pressed by mouse, read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab import open_and_run, running_lab, use_theme
from tests.pressing import DO

pytestmark = pytest.mark.needs("chromium", "chinese-font")


@pytest.fixture(scope="module")
def notebook7(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where Notebook 7 serves a copy of the lessons, on loopback."""
    with running_lab(tmp_path_factory.mktemp("notebook7"), application="notebook") as address:
        yield address


@pytest.mark.parametrize("lesson", ["en/01-quickstart", "zh/05-wechat-cpm"])
def test_a_lesson_runs_and_its_flow_ends_in_a_verdict_in_notebook_7(browser, notebook7, lesson):
    with browser.new_context(viewport={"width": 1280, "height": 1000}) as context:
        context.set_default_timeout(60_000)
        page = context.new_page()
        counts = open_and_run(page, notebook7, f"{lesson}.ipynb", "notebook")
        flow = page.locator(".qf-CancelFlow").first

        DO["CancelFlow"](flow, False)
        use_theme(page, dark=lesson.startswith("zh/"))

        assert counts == list(range(1, len(counts) + 1)) != []
        assert flow.locator(".qf-verdict").inner_text() == "CANCELLED"
        assert page.locator(".qf-panel [role=alert]").all_inner_texts() == []
