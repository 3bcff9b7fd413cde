"""Pictures of every page of the site, to look at: ``make screenshots``.

Wide and narrow, light and dark, in both languages; they land in screenshots/.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Literal

from tests import machine
from tests.browser import chromium
from tests.site import serving

PICTURES = serving.ROOT / "screenshots"
WIDTHS = {"wide": 1280, "narrow": 390}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def pages(site: Path) -> list[str]:
    """The address of every page, relative to the site."""
    return sorted(
        str(page.parent.relative_to(site)).removeprefix(".") for page in site.rglob("index.html")
    )


def take(site: Path, address: str) -> int:
    """Take a picture of every page in every width and scheme; how many."""
    taken = 0
    with chromium() as browser:
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


def main() -> int:
    """Build, serve, take the pictures, and say where they are."""
    if not machine.present("chromium"):
        print(f"pictures need chromium: {machine.how_to_get(machine.NEEDS['chromium'])}")
        return 1
    shutil.rmtree(PICTURES, ignore_errors=True)
    PICTURES.mkdir()
    with tempfile.TemporaryDirectory() as folder:
        site = serving.build(Path(folder))
        with serving.served(site) as address:
            taken = take(site, address)
    print(f"{taken} pictures in {PICTURES.name}/")
    return 0


if __name__ == "__main__":
    sys.exit(main())
