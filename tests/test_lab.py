"""The lessons in a real JupyterLab, in a real browser: run, pressed, and read."""

from __future__ import annotations

import re

import nbformat
import pytest
from playwright.sync_api import expect

from qftools import panels
from qftools.cancellation.verdicts import Verdict
from tests.browser import kept_out
from tests.lab import (
    NOTEBOOKS,
    open_and_run,
    open_next_and_run,
    running_lab,
    shut_down,
    use_theme,
)
from tests.pressing import DO, kind_of
from tests.taint import KEY, PASTES, found_in


def lessons_to_open():
    """Lessons that show, together, each panel in each language; the one with most new ones first.

    The rest show the same panels with other words; nbval runs them all, and other tests open some
    in Notebook 7 and in the browser alone.
    """
    shows = {
        str(path.relative_to(NOTEBOOKS)): {(path.parent.name, panel) for panel in panels_in(path)}
        for path in sorted(NOTEBOOKS.glob("*/*.ipynb"))
    }
    missing = set().union(*shows.values())
    while missing:
        best = max(shows, key=lambda name: len(shows[name] & missing))
        missing -= shows[best]
        yield best


def panels_in(path):
    cells = nbformat.read(path, as_version=4).cells
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    return {name for name in panels.__all__ if re.search(rf"\b{name}\(", code)}


LESSONS = sorted(lessons_to_open())
VERDICT = re.compile("^(" + "|".join(Verdict) + ")$")

pytestmark = pytest.mark.needs("chromium", "chinese-font")


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_runs_to_its_end_and_its_panels_answer(reader, lesson):
    chinese = lesson.startswith("zh/")  # by keyboard in Chinese and dark, by mouse in English
    counts = open_next_and_run(reader, lesson)
    errors = reader.locator("[data-mime-type$='stderr'], .jp-RenderedError").all_inner_texts()
    assert counts == list(range(1, len(counts) + 1)) != []
    assert errors == []

    reader.locator(".qf-Quiz .qf-choice").first.wait_for()
    for panel in reader.locator(".qf-panel").all():
        if act := DO.get(kind_of(panel)):
            act(panel, chinese)
    for verdict in reader.locator(".qf-CancelFlow .qf-verdict").all_inner_texts():
        assert VERDICT.match(verdict)
    use_theme(reader, dark=chinese)

    assert reader.locator(".qf-panel [role=alert]").all_inner_texts() == []
    assert kept_out(reader, ".qf-panel") == []
    shut_down(reader)


# Whether so many cells have been run to their end, and the panels of them are on the page.
ARE_OVER = """count => {
  const notebook = window.jupyterapp.shell.currentWidget.content;
  const shown = cell => [...Array(cell.outputArea.model.length).keys()].every(i =>
    !('application/vnd.jupyter.widget-view+json' in cell.outputArea.model.get(i).data) ||
    cell.outputArea.node.querySelector('.qf-panel button'));
  return notebook.activeCellIndex >= count && notebook.widgets.slice(0, count).every(cell =>
    cell.model.type !== 'code' || (cell.model.executionCount !== null && shown(cell)));
}"""


def test_the_first_verdict_takes_six_presses_at_most(browser, lab):
    presses = 0
    with browser.new_context(viewport={"width": 1280, "height": 1000}) as context:
        context.set_default_timeout(60_000)
        page = context.new_page()
        page.goto(f"{lab}/doc/tree/en/01-quickstart.ipynb?reset")
        page.wait_for_selector(".jp-Notebook .jp-Cell")
        page.evaluate(
            "async () => { const app = window.jupyterapp; await app.restored;"
            " const it = app.shell.currentWidget; await it.context.ready;"
            " await it.sessionContext.ready;"
            " await app.commands.execute('notebook:enter-command-mode'); }"
        )

        while not page.locator(".qf-CancelFlow .qf-at-acts .qf-main").count():
            page.keyboard.press("Shift+Enter")
            presses += 1
            assert presses <= 5
            page.wait_for_function(ARE_OVER, arg=presses)
        page.locator(".qf-CancelFlow .qf-at-acts .qf-main").click()
        presses += 1
        verdict = page.locator(".qf-CancelFlow .qf-verdict")
        expect(verdict).to_have_text("CANCELLED", timeout=60_000)
        proof = page.locator(".qf-CancelFlow .qf-card[role=status]")
        expect(proof).to_contain_text("query → 1142", timeout=60_000)

    assert presses <= 6


def test_the_lost_reply_is_seen_without_typing_code_and_by_keyboard_alone(reader):
    open_next_and_run(reader, "en/08-unknown-outcome.ipynb")
    flow = reader.locator(".qf-CancelFlow").first
    flow.locator("select").first.focus()

    reached = "() => document.activeElement.classList.contains('qf-main')"
    for _ in range(8):
        reader.keyboard.press("Tab")
        if reader.evaluate(reached):
            break
    reader.keyboard.press("Enter")

    expect(flow.locator(".qf-verdict")).to_have_text("CANCELLED", timeout=60_000)
    expect(flow.locator("svg").first).to_contain_text("no reply", timeout=60_000)
    shut_down(reader)


def test_a_panel_fits_a_narrow_window(reader):
    reader.set_viewport_size({"width": 480, "height": 1000})
    open_next_and_run(reader, "zh/01-quickstart.ipynb")
    flow = reader.locator(".qf-CancelFlow")
    flow.locator(".qf-at-acts .qf-main").click()
    flow.locator(".qf-verdict").wait_for()

    wider = flow.evaluate(
        "panel => [...panel.querySelectorAll('button, input, select, .qf-card')]"
        ".filter(part => part.getBoundingClientRect().right >"
        " panel.getBoundingClientRect().right + 1).map(part => part.outerHTML.slice(0, 80))"
    )
    shut_down(reader)

    assert wider == []


def test_a_notebook_saved_with_widget_state_holds_nothing_of_what_was_typed(browser, tmp_path):
    code = (
        "from qftools.panels import Connection, Doctor, Signing\n"
        "from IPython.display import display\n"
        "doctor, signing, connection = Doctor(), Signing(), Connection()\n"
        "connection.where.value = 'hk-test'\n"
        "display(doctor, signing, connection)"
    )
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(code)], metadata={"kernelspec": kernel}
    )
    (tmp_path / "notebooks").mkdir()
    nbformat.write(notebook, tmp_path / "notebooks/typed.ipynb")
    saving = tmp_path / "settings/@jupyter-widgets/jupyterlab-manager"
    saving.mkdir(parents=True)
    (saving / "plugin.jupyterlab-settings").write_text('{"saveState": true}')
    with (
        running_lab(tmp_path, tmp_path / "notebooks") as address,
        browser.new_context(viewport={"width": 1280, "height": 1000}) as context,
    ):
        context.set_default_timeout(60_000)
        page = context.new_page()
        open_and_run(page, address, "typed.ipynb")
        keys = page.locator(".qf-panel input[type=password]")
        page.locator(".qf-Doctor textarea").wait_for()
        page.locator(".qf-Connection input[type=password]").wait_for()
        for field in keys.all():
            field.fill(KEY)
            field.press("Tab")
            expect(field).to_have_value("••••••••")
        paste = page.locator(".qf-Doctor textarea")
        paste.fill(f"{PASTES['curl, form, fields']}\n")
        paste.press("Tab")
        expect(paste).to_have_value(re.compile(r"\[redacted\]"))
        page.locator(".qf-Doctor .qf-main").click()
        page.locator(".qf-Doctor [role=status]").wait_for()
        page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
        saved = (tmp_path / "root/typed.ipynb").read_text("utf-8")
        shut_down(page)

    assert "PasswordModel" in saved and "[redacted]" in saved
    assert not found_in(saved)
