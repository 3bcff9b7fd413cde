"""A JupyterLab or Notebook of its own in a real browser: start it, open a notebook, run it.

Nothing of the reader's own JupyterLab is touched: settings, runtime and notebooks are copies.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"

# How often it looks for the notebook, every 50 ms, is said by whoever runs it.
RUN_ALL = """tries => Promise.race([
  new Promise((_, fail) => setTimeout(() => fail(new Error('the cells do not end')), 180_000)),
  (async () => {
  const app = window.jupyterapp;
  await app.restored;
  let panel;
  for (let i = 0; i < tries && !(panel = app.shell.currentWidget)?.sessionContext; i++)
    await new Promise(done => setTimeout(done, 50));
  await panel.context.ready;
  await panel.sessionContext.ready;
  await app.commands.execute('notebook:run-all-cells');
  return panel.content.widgets.filter(cell => cell.model.type === 'code')
    .map(cell => cell.model.executionCount);
})()])"""
# What is open is closed first, without asking whether to save it.
_OPEN = """async path => {
  const app = window.jupyterapp;
  await app.restored;
  const before = app.shell.currentWidget;
  if (before?.context) {
    before.context.model.dirty = false;
    before.close();
  }
  await app.commands.execute('docmanager:open', {path, factory: 'Notebook'});
}"""
_NO_WINDOWING = '{"windowingMode": "none"}'


@contextmanager
def running_lab(
    folder: Path, notebooks: Path = NOTEBOOKS, application: str = "jupyterlab"
) -> Iterator[str]:
    """Start JupyterLab, or ``notebook``, on a free loopback port over a copy of *notebooks*.

    Yields its address.
    """
    shutil.copytree(notebooks, folder / "root", dirs_exist_ok=True)
    settings = folder / "settings/@jupyterlab"
    for name, text in {
        "apputils-extension/notification": '{"fetchNews": "false", "checkForUpdates": false}',
        "notebook-extension/tracker": _NO_WINDOWING,
    }.items():
        path = settings / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        "IPYTHONDIR": str(folder / "ipython"),
        "JUPYTER_PLATFORM_DIRS": "1",
        "PYTHONPATH": str(ROOT),
    }
    command = [
        sys.executable, "-m", application, "--no-browser", "--allow-root", "--ip=127.0.0.1",
        f"--port={port}", "--ServerApp.port_retries=0", "--IdentityProvider.token=",
        f"--ServerApp.root_dir={folder / 'root'}", "--ServerApp.terminals_enabled=False",
        "--expose-app-in-browser",
    ]  # fmt: skip
    log = folder / "lab.log"
    with log.open("w") as output:
        server = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_for(address, server, log)
            yield address
        finally:
            server.terminate()
            server.wait(20)


def _wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(1_200):
        try:
            urllib.request.urlopen(f"{address}/api", timeout=1).close()
            return
        except OSError:
            if server.poll() is not None:
                raise RuntimeError(log.read_text()) from None
            time.sleep(0.1)
    raise RuntimeError(f"nothing answered at {address}")


def open_and_run(
    page: Any, address: str, path: str, application: str = "jupyterlab"
) -> list[int | None]:
    """Open a notebook on its own, run all cells, and return their execution counts."""
    where = "doc/tree" if application == "jupyterlab" else "notebooks"
    page.goto(f"{address}/{where}/{path}?reset")
    return run_all(page)


def open_next_and_run(page: Any, path: str) -> list[int | None]:
    """The same in a JupyterLab that is loaded, in place of what is open there."""
    page.evaluate(_OPEN, path)
    return run_all(page)


def run_all(page: Any) -> list[int | None]:
    """Run all cells of the notebook that is open, and return their execution counts."""
    page.wait_for_selector(".jp-Notebook .jp-Cell")
    counts: list[int | None] = page.evaluate(RUN_ALL, 400)
    return counts


def use_theme(page: Any, dark: bool) -> None:
    """Switch JupyterLab to its dark or light theme."""
    theme = "JupyterLab Dark" if dark else "JupyterLab Light"
    page.evaluate(
        "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", theme
    )
    page.wait_for_selector(f"body[data-jp-theme-name='{theme}']", state="attached")


def shut_down(page: Any) -> None:
    """End the kernel of the notebook that is open: a run has many of them."""
    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
