"""A web page of another origin, in a real Chromium, against the sandbox and ``qftools listen``.

It can neither read nor write nor freeze anything, nor fake a line.
"""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from qftools.sandbox import Sandbox
from qftools.sandbox.control.routes import ROUTES
from qftools.sandbox.gateway.faults import NAMES
from qftools.sandbox.sandbox import APP_CODE, CLIENT_KEY
from qftools.signing import sign_body
from tests.sandbox.doors import signature
from tests.sandbox.test_listening import listening

pytestmark = pytest.mark.needs("chromium")

ORDER = {"pay_type": "800101", "txamt": 2500, "txcurrcd": "HKD"}
NOTICE = json.dumps({"notify_type": "payment", "syssn": "1", "out_trade_no": "\x1b[2JFORGED"})

# Tries everything that a page can try with one address; returns what it could read.
TRY = """async ([url, method, type, body, headers]) => {
    const read = [];
    const kind = type ? {"Content-Type": type} : {};
    const sent = method === "GET" ? {} : {method, body, headers: kind};
    for (const mode of ["cors", "no-cors"]) {
        for (const more of [{}, headers]) {
            try {
                const all = {...sent, mode, credentials: "include",
                             headers: {...sent.headers, ...more}};
                const text = await (await fetch(url, all)).text();
                if (text) read.push(mode + " " + text.slice(0, 80));
            } catch (error) { /* blocked */ }
        }
    }
    if (method === "POST") navigator.sendBeacon(url, new Blob([body], {type}));
    return read;
}"""

FORM = """([url, fields, type]) => new Promise(done => {
    const frame = document.createElement("iframe");
    frame.name = "f" + Math.random();
    document.body.append(frame);
    const form = Object.assign(document.createElement("form"),
        {action: url, method: "post", enctype: type, target: frame.name});
    for (const [name, value] of Object.entries(fields)) {
        form.append(Object.assign(document.createElement("input"), {name, value}));
    }
    document.body.append(form);
    frame.onload = () => {
        let read = "";
        try { read = frame.contentDocument.body.innerText; } catch (error) { /* blocked */ }
        done(read);
    };
    form.submit();
})"""

EMBED = """([url, tag]) => new Promise(done => {
    const names = () => Object.keys(window).filter(isNaN).length;  // frames have numbers
    const before = names();
    const element = document.createElement(tag);
    element.onload = element.onerror = () => {
        let read = names() === before ? "" : "new names";
        try { read += element.contentDocument.body.innerText; } catch (error) { /* blocked */ }
        done(read);
    };
    element.src = url;
    document.body.append(element);
})"""


@pytest.fixture
def elsewhere(browser: Any) -> Iterator[Any]:
    """A page that was loaded from a server of its own: same machine, another port."""

    class Shop(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>elsewhere</title><body>")

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Shop) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        yield page
        context.close()
        server.shutdown()
        thread.join(timeout=10)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(clock="virtual") as running:
        running.serve()
        yield running


def books(sandbox: Sandbox) -> tuple[object, ...]:
    """Everything that a call could change."""
    gateway = sandbox._gateway
    return (
        sandbox.orders(None),
        len(sandbox.exchanges),
        list(gateway.faults),
        sandbox.notifications.url,
        [merchant.app_code for merchant in gateway.merchants],
        dict(gateway.settings),
        sandbox.clock.now(),
    )


# What each call that changes something needs in order to do so.
CHANGES: dict[str, dict[str, Any]] = {
    "advanceClock": {"advance": 99},
    "payer": {"act": "pay"},
    "armFault": {"name": next(iter(NAMES))},
    "addMerchant": {"app_code": "FORGED", "client_key": "0" * 32},
    "notify": {"url": "http://127.0.0.1:9/"},
    "turnSwitch": {"name": "notify_hosts", "value": "anywhere"},
    "reset": {},
}


def calls(sandbox: Sandbox, number: str) -> Iterator[tuple[str, str, str, str]]:
    """Name, method, address and body of each call of the control API."""
    for route in ROUTES:
        path = route.path.replace("{number}", number).replace("{id}", "1")
        yield route.name, route.method, sandbox.url + path, json.dumps(CHANGES.get(route.name, {}))


def test_each_call_changes_something_where_no_page_elsewhere_makes_it(sandbox):
    number = sandbox.client().pay(**ORDER).out_trade_no
    json_type = {"Content-Type": "application/json"}
    changed = set()
    for name, method, url, body in calls(sandbox, number):
        if name in CHANGES:
            before = books(sandbox)
            requests.request(method, url, data=body, headers=json_type, timeout=20)
            changed |= {name} if books(sandbox) != before else set()

    assert changed == set(CHANGES)


def test_a_page_elsewhere_reads_and_writes_nothing_in_the_control_api(sandbox, elsewhere):
    number = sandbox.client().pay(**ORDER).out_trade_no
    before = books(sandbox)

    read = []
    for _name, method, url, body in calls(sandbox, number):
        for kind in ("text/plain", "application/json"):
            read += elsewhere.evaluate(TRY, [url, method, kind, body, {"X-Qftools": "1"}])

    assert read == []
    assert books(sandbox) == before


@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data", "urlencoded"])
def test_a_form_elsewhere_presses_no_button_and_places_no_order(sandbox, elsewhere, kind):
    order = sandbox.client().pay(**ORDER)
    before = books(sandbox)
    kind = "application/x-www-form-urlencoded" if kind == "urlencoded" else kind

    read = [
        elsewhere.evaluate(FORM, [f"{sandbox.url}{path}", {"act": "pay"}, kind])
        for path in (f"/payer/{order.syssn}", "/trade/v1/payment", "/sandbox/reset")
    ]

    assert read == ["", "", ""]
    assert books(sandbox) == before


def test_a_signed_call_of_a_page_elsewhere_reaches_no_order(sandbox, elsewhere):
    params = {"out_trade_no": "A1"}
    headers = {"X-QF-APPCODE": APP_CODE, "X-QF-SIGN": signature(params)}
    url = f"{sandbox.url}/trade/v1/query"

    read = elsewhere.evaluate(
        TRY, [url, "POST", "application/x-www-form-urlencoded", "out_trade_no=A1", headers]
    )
    read += elsewhere.evaluate(TRY, [f"{url}?out_trade_no=A1", "GET", "", "", headers])

    assert read == []
    assert sandbox.exchanges == ()


@pytest.mark.parametrize("tag", ["script", "iframe", "img"])
@pytest.mark.parametrize(
    "path", ["/", "/sandbox/stream", "/sandbox/openapi.json", "/trade/v1/query"]
)
def test_what_a_page_elsewhere_embeds_it_cannot_read(sandbox, elsewhere, tag, path):
    assert elsewhere.evaluate(EMBED, [sandbox.url + path, tag]) == ""
    assert sandbox.exchanges == ()


def test_a_page_elsewhere_cannot_freeze_the_sandbox(sandbox, elsewhere):
    size = 250_000
    bombs = [
        "--B\r\n" * (size // 5),
        "--B\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n" * (size // 50),
        "--B\r\n" + "a: b\r\n" * (size // 6),
        "[" * size,
        "a=1&" * (size // 4),
        "x" * 4 * size,
    ]
    throw = """([url, bombs]) => { for (let i = 0; i < 4; i++) for (const body of bombs)
        for (const kind of ["multipart/form-data; boundary=B", "text/plain"])
            fetch(url, {method: "POST", mode: "no-cors", body,
                        headers: {"Content-Type": kind}}).catch(() => {}); }"""
    for path in ("/trade/v1/query", "/payer/1"):
        elsewhere.evaluate(throw, [sandbox.url + path, bombs])

        for _ in range(10):
            assert requests.get(f"{sandbox.url}/sandbox/clock", timeout=3).ok

    assert sandbox.exchanges == ()


def test_a_page_elsewhere_fakes_no_line_in_listen(elsewhere):
    genuine = b'{"notify_type": "payment", "syssn": "1", "out_trade_no": "GENUINE"}'
    sign = {"X-QF-SIGN": sign_body(NOTICE.encode(), CLIENT_KEY)}
    with listening("--client-key", CLIENT_KEY) as (lines, url):
        read = []
        for kind in ("text/plain", "application/json", "application/x-www-form-urlencoded"):
            read += elsewhere.evaluate(TRY, [url, "POST", kind, NOTICE, sign])
            read += elsewhere.evaluate(TRY, [url, "GET", kind, NOTICE, sign])
        read.append(elsewhere.evaluate(FORM, [url, {"notify_type": "FORGED"}, "text/plain"]))
        read.append(elsewhere.evaluate(EMBED, [url, "iframe"]))
        headers = {"X-QF-SIGN": sign_body(genuine, CLIENT_KEY)}
        answer = requests.post(url, data=genuine, headers=headers, timeout=20)

        first = lines.readline()

    assert read == ["", ""]
    assert answer.text == "SUCCESS"
    assert "GENUINE" in first
    assert "first delivery" in first
