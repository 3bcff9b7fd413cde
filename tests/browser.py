"""The machine's own Chromium, without a window, driven by Playwright.

python -m tests.browser   prove that it works: a page says 42
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.tools import machine

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

_ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage"]


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


def main() -> None:
    """Open a page, run its script, and print what it shows."""
    with chromium() as browser:
        page = browser.new_page()
        page.goto("data:text/html,<script>document.write(6 * 7)</script>")
        print(page.inner_text("body"))


if __name__ == "__main__":
    main()
