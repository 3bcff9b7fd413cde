"""Copy requests out of a real Chromium, for the pastes that the tests read.

    python -m tests.diagnosis.chromium_pastes

A page sends payments to the sandbox; Chromium's own DevTools, opened on that page, write them
with the code behind "Copy as cURL (bash)", "(cmd)" and "Export HAR". Writes ``pastes/chromium.*``.
"""

from __future__ import annotations

import json
import socket
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

from qftools.sandbox import Sandbox
from tests.tools import machine

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PASTES = Path(__file__).parent / "pastes"
PORT = 8787
FORM = {
    "txamt": "2500",
    "txcurrcd": "HKD",
    "goods_name": "it's 一杯 咖啡",
    "note": '100%! "a" ^ & | < > $HOME `b` \\ %PATH% +\nline 2',
}
RAW = "&".join([f"{name}={value}" for name, value in FORM.items() if name != "note"])
RAW += '&note=100%25! "a" ^ | < > $HOME `b` \\ %25PATH%25\r\nline 2'

# What a page of a merchant does: the form encoded by the browser, or sent as it stands.
_SEND = """async ([form, raw]) => {
  const headers = {
    'Content-Type': 'application/x-www-form-urlencoded',
    'X-QF-APPCODE': 'A3B6E2F0C1D94E57A8B2C3D4E5F60718',
    'X-QF-SIGN': '0123456789ABCDEF0123456789ABCDEF',
  };
  for (const body of [new URLSearchParams(form), raw]) {
    await (await fetch('/trade/v1/payment', {method: 'POST', headers, body})).text();
  }
}"""
# Both in the DevTools' own window: the log of the network panel, and what its menu calls.
_LOGGED = """async () => {
  const {NetworkLog} = await import('./models/logs/logs.js');
  return NetworkLog.NetworkLog.instance().requests().map(request => request.url());
}"""
_ARCHIVED = """async () => {
  const {Writer} = await import('./models/har/har.js');
  const {Progress} = await import('./core/common/common.js');
  const {NetworkLog} = await import('./models/logs/logs.js');
  const sent = NetworkLog.NetworkLog.instance().requests()
    .filter(request => !request.url().endsWith('/probe') && request.finished);
  const written = [];
  const stream = {write: async text => { written.push(text); }};
  await Writer.Writer.write(stream, sent, {sanitize: true}, new Progress.Progress());
  return written.join('');
}"""
_COPIED = """async (shell) => {
  const {NetworkLogView} = await import('./panels/network/network.js');
  const {NetworkLog} = await import('./models/logs/logs.js');
  const sent = NetworkLog.NetworkLog.instance().requests()
    .filter(request => request.url().endsWith('/trade/v1/payment') && request.finished);
  const write = request => NetworkLogView.NetworkLogView.generateCurlCommand(request, shell);
  return sent.length < 2 ? null : Promise.all(sent.map(write));
}"""


def main() -> None:
    """Write the pastes."""
    from playwright.sync_api import sync_playwright

    port = _free_port()
    with Sandbox() as sandbox, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=machine.NEEDS["chromium"].command(),
            args=["--no-sandbox", "--disable-dev-shm-usage", f"--remote-debugging-port={port}"],
        )
        page = browser.new_page()
        page.goto(sandbox.serve(PORT))
        devtools = _opened(browser, page, port)
        page.evaluate(_SEND, [FORM, RAW])
        for shell, name in (("unix", "bash"), ("win", "cmd")):
            encoded, raw = devtools.wait_for_function(_COPIED, arg=shell).json_value()
            for paste, text in ((name, encoded), (f"raw.{name}", raw)):
                PASTES.joinpath(f"chromium.{paste}.txt").write_text(text + "\n", "utf-8")
        PASTES.joinpath("chromium.har").write_text(devtools.evaluate(_ARCHIVED) + "\n", "utf-8")
        print(f"written with Chromium {browser.version}")
        browser.close()


def _opened(browser: Browser, page: Page, port: int) -> Page:
    """DevTools on *page*, in a page of their own, once they see what it sends."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list") as answer:
        (target,) = [one["id"] for one in json.load(answer) if one["url"].startswith(page.url)]
    devtools = browser.new_page()
    here = f"127.0.0.1:{port}/devtools"
    devtools.goto(f"http://{here}/inspector.html?ws={here}/page/{target}")
    page.evaluate("window.timer = setInterval(() => fetch('/probe'), 100)")
    devtools.wait_for_function(f"async () => (await ({_LOGGED})()).some(u => u.endsWith('/probe'))")
    page.evaluate("clearInterval(window.timer)")
    return devtools


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
