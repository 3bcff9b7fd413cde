"""The machine's own Chromium, without a window, driven by Playwright.

python -m tests.browser   prove that it works: a page says 42
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from tests.tools import machine

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

_ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage"]
_BROKEN = """async () => {
  const broken = [];
  for (const image of document.images) {
    image.loading = 'eager';
    await image.decode().catch(() => broken.push(image.src));
  }
  return broken;
}"""
# Style sheets are not read again by axe-core itself: no rule asks for them, and it takes longest.
_AXE = """async ([include, exclude, tags]) => {
  // A colour on its way to another is neither: what is judged is the page at rest.
  document.getAnimations()
    .filter(each => each instanceof CSSTransition).forEach(each => each.finish());
  return axe.run({include, exclude}, {
  resultTypes: ['violations'], preload: {assets: ['media']},
  ...(tags.length && {runOnly: tags})});
}"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser; it is closed afterwards. Nothing is downloaded."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=machine.NEEDS["chromium"].command(),
            args=_ARGUMENTS,
        )
        yield browser
        browser.close()


@contextmanager
def returning(profile: Path) -> Iterator[BrowserContext]:
    """The browser of a reader who comes back: what it keeps, it keeps in *profile*."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path=machine.NEEDS["chromium"].command(), args=_ARGUMENTS
        )
        yield context
        context.close()


def broken_pictures(page: Page) -> list[str]:
    """Fetch every picture of a page, wherever it stands, and return those that can't be shown."""
    broken: list[str] = page.evaluate(_BROKEN)
    return broken


@cache
def _axe() -> str:
    return files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")


def kept_out(
    page: Page, include: str, exclude: Sequence[str] = (), tags: Sequence[str] = ()
) -> list[tuple[str, str, str]]:
    """What axe-core finds in parts of a page that is serious or worse: rule, place, and why.

    Args:
        page: As it is now.
        include: A selector of what is looked at.
        exclude: Selectors of what is not.
        tags: Rules by their tags; all that are on by default where there are none.
    """
    page.evaluate(_axe())
    found = page.evaluate(_AXE, [[[include]], [[part] for part in exclude], list(tags)])
    return [
        (problem["id"], node["html"][:200], node["failureSummary"])
        for problem in found["violations"]
        if problem["impact"] in ("serious", "critical")
        for node in problem["nodes"]
    ]


def main() -> None:
    """Open a page, run its script, and print what it shows."""
    with chromium() as browser:
        page = browser.new_page()
        page.goto("data:text/html,<script>document.write(6 * 7)</script>")
        print(page.inner_text("body"))


if __name__ == "__main__":
    main()
