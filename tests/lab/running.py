"""A JupyterLab of one's own on loopback, for tests and for pictures."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
PATIENCE = 60  # seconds for the server to answer, and for each thing in the page

# Waits for the application itself, so nothing depends on the language of the menus.
RUN_ALL = """async () => {
  const app = window.jupyterapp;
  await app.restored;
  let notebook;
  while (!(notebook = app.shell.currentWidget)?.sessionContext) {
    await new Promise(soon => setTimeout(soon, 50));
  }
  await notebook.context.ready;
  await notebook.sessionContext.ready;
  await app.commands.execute('notebook:run-all-cells');
  return notebook.content.widgets
    .filter(cell => cell.model.type === 'code')
    .map(cell => cell.model.executionCount);
}"""


@contextmanager
def lab(folder: Path) -> Iterator[str]:
    """The address of a JupyterLab on a copy of the notebooks, all of its files in *folder*."""
    shutil.copytree(NOTEBOOKS, folder / "root")
    news = folder / "settings/@jupyterlab/apputils-extension/notification.jupyterlab-settings"
    news.parent.mkdir(parents=True)
    news.write_text('{"fetchNews": "false", "checkForUpdates": false}')
    private = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "run",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
    }
    with (folder / "lab.log").open("w") as log:
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
                *("--ip=127.0.0.1", "--port=0", "--expose-app-in-browser"),
                *("--IdentityProvider.token=", "--ServerApp.disable_check_xsrf=True"),
                *("--ServerApp.terminals_enabled=False", f"--ServerApp.root_dir={folder / 'root'}"),
            ],
            env=os.environ | {name: str(folder / where) for name, where in private.items()},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        yield _address(server, folder)
    finally:
        server.terminate()
        server.wait(PATIENCE)


def _address(server: subprocess.Popen[bytes], folder: Path) -> str:
    """Where it listens: it writes that down once it does."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and server.poll() is None:
        for written in (folder / "run").glob("jpserver-*.json"):
            port = _port(written)
            if port and _answers(f"http://127.0.0.1:{port}/api"):
                return f"http://127.0.0.1:{port}"
        time.sleep(0.05)
    raise RuntimeError((folder / "lab.log").read_text())


def _port(written: Path) -> int | None:
    import json

    try:
        return int(json.loads(written.read_text())["port"])
    except (ValueError, KeyError):
        return None  # not all of it is there yet


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except OSError:
        return False


@contextmanager
def opened(
    browser: Browser, address: str, notebook: str, *, width: int = 1280, dark: bool = False
) -> Iterator[tuple[Page, list[int | None]]]:
    """A page with *notebook* (``en/01-quickstart.ipynb``) run to its end, and its cells' counts."""
    context = browser.new_context(viewport={"width": width, "height": 1000})
    context.set_default_timeout(PATIENCE * 1000)
    page = context.new_page()
    page.goto(f"{address}/doc/tree/{notebook}?reset")
    page.wait_for_selector(".jp-Notebook .jp-Cell")
    if dark:
        page.evaluate(
            "() => window.jupyterapp.commands.execute("
            "'apputils:change-theme', {theme: 'JupyterLab Dark'})"
        )
    counts = page.evaluate(RUN_ALL)
    yield page, counts
    context.close()
