"""What a reader sees of panels in a real JupyterLab: nothing jumps, what belongs together is
marked together, and a panel that no kernel answers says what to press."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from qftools.texts import text
from tests.lab import open_next_and_run, run_all, shut_down

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.needs("chromium", "chinese-font")

WAIT = 60_000  # milliseconds
WIDE, NARROW = (1280, 900), (390, 844)
LESSONS = {"en": "en/01-quickstart.ipynb", "zh": "zh/04-alipay.ipynb"}


def resized(page: Page, size: tuple[int, int]) -> None:
    width, height = size
    page.set_viewport_size({"width": width, "height": height})


def next_step(page: Page, lang: str, told: str) -> None:
    """Press "next step", and wait until the inspector shows that step."""
    flow = page.locator(".qf-CancelFlow").first
    flow.get_by_role("button", name=text("Next step", lang), exact=True).click()
    chosen = flow.locator(".qf-at-step select option:checked")
    expect(chosen).to_have_text(re.compile(told), timeout=WAIT)


# Where the parts of the first flow stand, from its upper edge; and how high it is.
PLACES = """() => {
  const flow = document.querySelector('.qf-CancelFlow'), top = flow.getBoundingClientRect().y;
  const of = name => [...flow.querySelectorAll(name)].map(part => {
    const {x, y, width, height} = part.getBoundingClientRect();
    return [x, y - top, width, height].map(Math.round);
  });
  return [flow.getBoundingClientRect().height, ...of('.qf-stage > *'), ...of('.qf-at-acts button'),
    ...of('.qf-phone-acts button')];
}"""


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("lang", LESSONS)
def test_nothing_moves_as_steps_are_made_and_next_step_and_pay_are_in_reach_together(
    reader: Page, lang, size
):
    resized(reader, size)
    open_next_and_run(reader, LESSONS[lang])
    flow = reader.locator(".qf-CancelFlow").first
    flow.locator(".qf-at-flow svg").wait_for()
    pay = flow.locator(".qf-phone-acts .qf-main")
    pay.wait_for()
    before = reader.evaluate(PLACES)
    messages, step = (flow.locator(f".qf-at-{name}") for name in ("messages", "step"))
    one, other = messages.bounding_box(), step.bounding_box()
    assert one is not None and other is not None
    assert (other["x"] >= one["x"] + one["width"]) is (size == WIDE)  # beside
    assert (other["y"] >= one["y"] + one["height"]) is (size == NARROW)  # below

    for number, name in enumerate(("PAY", "LOOK", "CANCEL", "CONFIRM"), 1):
        next_step(reader, lang, rf"^{number}\s·\s{name}")
        assert reader.evaluate(PLACES) == before
        pay.scroll_into_view_if_needed()
        for button in (pay, flow.locator(".qf-at-acts button").nth(1)):
            expect(button).to_be_in_viewport(ratio=0.9, timeout=WAIT)
    expect(flow.locator(".qf-verdict")).to_have_text("CANCELLED", timeout=WAIT)
    shut_down(reader)


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_a_new_message_moves_in_where_motion_is_welcome(reader: Page, motion):
    reader.emulate_media(reduced_motion=motion)
    open_next_and_run(reader, LESSONS["en"])
    next_step(reader, "en", "PAY")

    moving = reader.evaluate(
        "() => [...document.querySelectorAll('.qf-at-messages .line')].map(line =>"
        " getComputedStyle(line).animationName)"
    )
    shut_down(reader)

    none = ["none"] * 3
    assert moving == (["qf-east", "qf-east", "qf-west"] if motion == "no-preference" else none)


def test_a_field_and_its_place_in_the_signed_text_mark_each_other(reader: Page):
    # Marked by a line around it, too: not by its colour alone.
    framed = "part => getComputedStyle(part).boxShadow.endsWith('0px 0px 0px 2px')"
    open_next_and_run(reader, "en/02-signing.ipynb")
    panel = reader.locator(".qf-Signing").first
    place = panel.locator(".qf-place", has_text="txamt=2500")
    other = panel.locator(".qf-place", has_text="txcurrcd=HKD")
    field = panel.locator(".qf-pair").nth(1).locator("input").nth(1)
    expect(field).to_have_value("2500", timeout=WAIT)

    def marked() -> list[bool]:
        return [part.evaluate(framed) for part in (field, place, other)]

    reader.mouse.move(0, 0)
    assert marked() == [False, False, False]
    field.hover()
    assert marked() == [True, True, False]
    place.hover()
    assert marked() == [True, True, False]
    reader.mouse.move(0, 0)
    field.focus()
    assert marked() == [True, True, False]
    panel.locator(".qf-place").first.focus()
    for _ in range(3):
        reader.keyboard.press("Tab")
    assert place.evaluate("part => part === document.activeElement")
    assert marked() == [True, True, False]
    shut_down(reader)


SAID = "This panel is not running."
EXAMPLE = "An example of what it shows; nothing has happened here yet"
CONTROLS = ".qf-panel :is(button,input,select,textarea)"
_RESTART = "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"


@pytest.mark.parametrize("lang", LESSONS)
def test_a_panel_that_no_kernel_answers_says_so_and_what_to_press(reader, lab, lang):
    press = "Run ▸ Run All Cells" if lang == "en" else "运行 ▸ 运行所有单元格"
    address = f"{lab}/doc/tree/{LESSONS[lang]}?reset"
    said = reader.locator(".qf-asleep").filter(has_text=text(SAID, lang)).filter(has_text=press)
    controls = reader.locator(CONTROLS).locator("visible=true")
    drawn = reader.locator(".jp-OutputArea img, .jp-OutputArea svg.qf-draw")

    reader.goto(address)  # saved by us, not run here yet
    expect(said.first).to_be_visible(timeout=WAIT)
    assert drawn.locator("visible=true").count() == (2 if lang == "en" else 0)  # Evidence
    assert reader.locator("summary", has_text=text(EXAMPLE, lang)).count() in (1, 2)

    run_all(reader)
    reader.locator(".qf-Quiz .qf-choice").first.wait_for()
    panels = said.count()
    expect(said.locator("visible=true")).to_have_count(0, timeout=WAIT)
    assert controls.count() > 10

    reader.evaluate(_RESTART)
    expect(said.locator("visible=true")).to_have_count(panels, timeout=WAIT)
    assert controls.count() == 0

    run_all(reader)
    reader.locator(".qf-Quiz .qf-choice").first.wait_for()
    expect(said.locator("visible=true")).to_have_count(0, timeout=WAIT)
    shut_down(reader)
    expect(said.locator("visible=true")).to_have_count(panels, timeout=WAIT)
    assert controls.count() == 0

    reader.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    reader.goto(address)  # run and saved by the reader, opened again
    expect(said.locator("visible=true")).to_have_count(panels, timeout=WAIT)
    expect(reader.get_by_text("Error displaying widget").locator("visible=true")).to_have_count(
        0, timeout=WAIT
    )
    shut_down(reader)
