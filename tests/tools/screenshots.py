"""Pictures of the site, of every lesson and of every panel, to look at: ``make screenshots``.

Wide and narrow, light and dark, in both languages; they land in screenshots/.

python -m tests.tools.screenshots panels      a part of them: pages, lessons, panels
python -m tests.tools.screenshots workbench   the pictures of the workbench on the home page
"""

from __future__ import annotations

import base64
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import requests

from qftools import cancel, panels
from qftools.errors import OutcomeUnknownError
from qftools.sandbox import Sandbox
from qftools.sandbox.replaying import WAYS, sealed
from qftools.sandbox.sandbox import APP_CODE, CLIENT_KEY
from tests.browser import broken_pictures, chromium
from tests.lab import NOTEBOOKS, open_and_run, running_lab, shut_down, use_theme
from tests.pressing import DO, kind_of
from tests.site import serving
from tests.tools import machine

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, ViewportSize

PICTURES = serving.ROOT / "screenshots"
ASSETS = serving.ROOT / "docs/assets"
WIDTHS = {"wide": 1280, "narrow": 390}
PATIENT = 300_000  # milliseconds: the longest page takes a while where the machine is busy
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
            page.set_default_timeout(PATIENT)
            for path in pages(site):
                page.goto(f"{address}/{path}")
                broken_pictures(page)  # one far below is not fetched yet
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
    taken: set[str] = set()
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
                        if picture not in taken:
                            panel.screenshot(path=PICTURES / picture)
                            taken.add(picture)
                shut_down(page)
    return len(taken)


# The browser writes a picture in a quarter of the bytes of its own screenshot.
_SMALL = """async (png) => {
  const image = new Image();
  image.src = 'data:image/png;base64,' + png;
  await image.decode();
  const canvas = Object.assign(document.createElement('canvas'),
    {width: image.width, height: image.height});
  canvas.getContext('2d').drawImage(image, 0, 0);
  return canvas.toDataURL('image/webp', 0.8);
}"""


def take_workbench(browser: Browser) -> None:
    """Take the pictures of the home page: a shop's bad day in the workbench."""
    for lang in ("en", "zh"):
        with Sandbox(seed=7) as sandbox:
            url = sandbox.serve()
            client = sandbox.client()
            cancel(client, client.pay(pay_type="800201", txamt=1800, txcurrcd="HKD"))
            fields = (
                *(("txamt", "2500"), ("txcurrcd", "HKD"), ("pay_type", "800101")),
                *(("out_trade_no", "T-1041"), ("txdtm", "2026-01-05 10:00:00")),
            )
            signature, _ = sealed(WAYS["unsorted"], fields, CLIENT_KEY, "MD5")
            headers = {"X-QF-APPCODE": APP_CODE, "X-QF-SIGN": signature, "User-Agent": "shop"}
            requests.post(f"{url}/trade/v1/payment", data=dict(fields), headers=headers, timeout=10)
            try:
                with sandbox.fault("lost after", on="payment"):
                    client.pay(pay_type="800101", txamt=2500, txcurrcd="HKD", out_trade_no="T-1042")
            except OutcomeUnknownError as error:
                assert error.order is not None
                sandbox.payer(error.order).pay()
                cancel(client, error.order)
            for scheme in SCHEMES:
                size: ViewportSize = {"width": 1280, "height": 720}
                with browser.new_context(viewport=size, color_scheme=scheme) as context:
                    page = context.new_page()
                    page.goto(f"{url}/?lang={lang}#order/T-1042")
                    page.locator("[data-chip=signature]").wait_for()
                    page.locator("#rows .row", has_text="1108").click()
                    page.locator("#inspector .why").wait_for()
                    small = page.evaluate(_SMALL, base64.b64encode(page.screenshot()).decode())
                    picture = ASSETS / f"workbench-{lang}-{scheme}.webp"
                    picture.write_bytes(base64.b64decode(small.partition(",")[2]))


def main() -> int:
    """Build, serve, take the pictures, and say where they are."""
    if not machine.present("chromium"):
        print(f"pictures need chromium: {machine.how_to_get(machine.NEEDS['chromium'])}")
        return 1
    if sys.argv[1:] == ["workbench"]:
        with chromium() as browser:
            take_workbench(browser)
        return 0
    asked = sys.argv[1:] or ["pages", "lessons", "panels"]
    if not sys.argv[1:]:
        shutil.rmtree(PICTURES, ignore_errors=True)
    PICTURES.mkdir(exist_ok=True)
    taken = 0
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        if "pages" in asked:
            site = serving.build(Path(folder, "site"))
            with serving.served(site) as address:
                taken += take_pages(browser, site, address)
        if "lessons" in asked or "panels" in asked:
            with running_lab(Path(folder, "lab")) as address:
                taken += take_lessons(browser, address) if "lessons" in asked else 0
                taken += take_panels(browser, address) if "panels" in asked else 0
    print(f"{taken} pictures in {PICTURES.name}/")
    return 0


if __name__ == "__main__":
    sys.exit(main())
