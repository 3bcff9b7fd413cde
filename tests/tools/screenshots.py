"""Pictures of the site, of every lesson and of every panel, to look at: ``make screenshots``.

Wide and narrow, light and dark, in both languages; they land in screenshots/.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from qftools import panels
from tests.browser import chromium
from tests.lab import NOTEBOOKS, open_and_run, running_lab, shut_down, use_theme
from tests.pressing import DO, kind_of
from tests.site import serving
from tests.tools import machine

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator

PICTURES = serving.ROOT / "screenshots"
WIDTHS = {"wide": 1280, "narrow": 390}
TALL = 3600  # pixels: JupyterLab scrolls inside the page, so a lesson has to fit
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def pages(site: Path) -> list[str]:
    """The address of every page, relative to the site."""
    return sorted(
        str(page.parent.relative_to(site)).removeprefix(".") for page in site.rglob("index.html")
    )


def take_pages(browser: Browser, site: Path, address: str) -> int:
    """Take a picture of every page in every width and scheme; how many."""
    taken = 0
    for width, pixels in WIDTHS.items():
        for scheme in SCHEMES:
            context = browser.new_context(
                viewport={"width": pixels, "height": 900}, color_scheme=scheme
            )
            page = context.new_page()
            for path in pages(site):
                page.goto(f"{address}/{path}")
                name = path.replace("/", "-") or "home"
                page.screenshot(path=PICTURES / f"{name}-{width}-{scheme}.png", full_page=True)
                taken += 1
            context.close()
    return taken


def take_lessons(browser: Browser, address: str) -> int:
    """Take a picture of every lesson, run to its end in JupyterLab, light and dark; how many."""
    lessons = sorted(NOTEBOOKS.glob("*/*.ipynb"))
    for lesson in lessons:
        with browser.new_context(viewport={"width": WIDTHS["wide"], "height": TALL}) as context:
            page = context.new_page()
            open_and_run(page, address, str(lesson.relative_to(NOTEBOOKS)))
            for scheme in SCHEMES:
                use_theme(page, dark=scheme == "dark")
                page.wait_for_selector("#jupyterlab-splash", state="detached")
                picture = f"lesson-{lesson.parent.name}-{lesson.stem}-{scheme}.png"
                page.screenshot(path=PICTURES / picture)
    return len(lessons) * len(SCHEMES)


def lessons_with_every_panel() -> list[Path]:
    """As few lessons of each language as it takes to meet every kind of panel."""
    chosen = set()
    for lang in ("en", "zh"):
        met: set[str] = set()
        for lesson in sorted((NOTEBOOKS / lang).glob("*.ipynb")):
            text = lesson.read_text("utf-8")
            shown = {name for name in panels.__all__ if f"{name}(" in text} - met
            if shown:
                met |= shown
                chosen.add(lesson)
    return sorted(chosen)


def take_panels(browser: Browser, address: str) -> int:
    """Take a picture of every kind of panel after it was pressed: both languages, light and
    dark, wide and narrow; how many.
    """
    taken = 0
    for lesson in lessons_with_every_panel():
        for width, pixels in {"wide": 1280, "narrow": 480}.items():
            with browser.new_context(viewport={"width": pixels, "height": TALL}) as context:
                page = context.new_page()
                open_and_run(page, address, str(lesson.relative_to(NOTEBOOKS)))
                page.locator(".qf-Quiz .qf-choice").first.wait_for()
                first: dict[str, Locator] = {}
                for panel in page.locator(".qf-panel").all():
                    first.setdefault(kind_of(panel), panel)
                # As a reader goes down the page: nobody pays before there is an order.
                for kind, panel in first.items():
                    if kind in DO:
                        DO[kind](panel, False)
                for scheme in SCHEMES:
                    use_theme(page, dark=scheme == "dark")
                    page.wait_for_selector("#jupyterlab-splash", state="detached")
                    for kind, panel in first.items():
                        picture = f"panel-{kind}-{lesson.parent.name}-{width}-{scheme}.png"
                        if not (PICTURES / picture).exists():
                            panel.screenshot(path=PICTURES / picture)
                            taken += 1
                shut_down(page)
    return taken


def main() -> int:
    """Build, serve, take the pictures, and say where they are."""
    if not machine.present("chromium"):
        print(f"pictures need chromium: {machine.how_to_get(machine.NEEDS['chromium'])}")
        return 1
    shutil.rmtree(PICTURES, ignore_errors=True)
    PICTURES.mkdir()
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        site = serving.build(Path(folder, "site"))
        with serving.served(site) as address:
            taken = take_pages(browser, site, address)
        with running_lab(Path(folder, "lab")) as address:
            taken += take_lessons(browser, address)
            taken += take_panels(browser, address)
    print(f"{taken} pictures in {PICTURES.name}/")
    return 0


if __name__ == "__main__":
    sys.exit(main())
