"""What is planted, where, and everything that is searched for it. Printed by ``python -m``."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import quote, urlencode

import click
import nbformat
import requests
from click.testing import CliRunner
from ipywidgets import Widget

from qftools import Journal, Order, cancel, explain, locale
from qftools.assistant.answering import answer
from qftools.assistant.place import opened
from qftools.cli import main
from qftools.cli.exchange_lines import ExchangeLines
from qftools.cli.tap_lines import tap_lines
from qftools.compare.comparison import compare
from qftools.compare.page import as_html
from qftools.diagnosis import redacted_paste
from qftools.errors import InputError, QFPayError
from qftools.exchange.redaction import redactor_for
from qftools.journal import page as journal_page
from qftools.panels import Connection, Doctor, Signing, Workbench
from qftools.panels.exchange_view import exchange_view
from qftools.sandbox import Sandbox
from qftools.sandbox.control.inspection import FORMS
from qftools.sandbox.explanations import explanation
from qftools.sandbox.notifications.receiver import Receiver
from qftools.signing import sign, sign_body
from qftools.tap.tap import Tap

KEY = "7A1D0C7A1D0CSecretKey7A1D0C7A1D0"
SECRETS = {
    "client key": KEY,
    "ID number": "430067798868676871",
    "name": "赵钱孙李Zhaoqian",
    "cookie": "c00kie5eCretValue",
    "authorization": "bearer5ecRetT0ken",
    "URL password": "ur1Pa55w0rdSecret",
}
_PAYER = {"user_creid": SECRETS["ID number"], "user_truename": SECRETS["name"]}
_FIELDS = {"pay_type": "800101", "txamt": "2500", "txcurrcd": "HKD", "goods_name": "tea"}
_ADDRESS = f"http://user:{SECRETS['URL password']}@127.0.0.1:9/n?user_creid={_PAYER['user_creid']}"
_HEADERS = {
    "Cookie": f"sid={SECRETS['cookie']}; a=b",
    "Authorization": f"Bearer {SECRETS['authorization']}",
    "X-Api-Key": KEY,
}

# ---- where it is planted: name, then content type and body ------------------------------------


def _multipart(fields: dict[str, str]) -> tuple[str, bytes]:
    parts = [
        f'--XX\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    return "multipart/form-data; boundary=XX", ("".join(parts) + "--XX--\r\n").encode()


def _form(fields: dict[str, str]) -> tuple[str, bytes]:
    return "application/x-www-form-urlencoded", urlencode(fields).encode()


def _json(value: object, *, ascii_only: bool = True) -> tuple[str, bytes]:
    return "application/json", json.dumps(value, ensure_ascii=ascii_only).encode()


_ESCAPED = "".join(f"\\u{ord(char):04x}" for char in KEY)
_BASED = base64.b64encode(KEY.encode()).decode()
PLANTS: dict[str, Callable[[], tuple[str, bytes]]] = {
    "form, fields": lambda: _form({**_FIELDS, **_PAYER, "client_key": KEY}),
    "form, extend_info": lambda: _form({**_FIELDS, "extend_info": json.dumps(_PAYER)}),
    "form, extend_info, UTF-8": lambda: _form(
        {**_FIELDS, "extend_info": json.dumps(_PAYER, ensure_ascii=False)}
    ),
    "form, JSON in JSON": lambda: _form(
        {**_FIELDS, "extend_info": json.dumps({"a": json.dumps(_PAYER)})}
    ),
    "form, nested as PHP does": lambda: _form(
        {**_FIELDS, **{f"extend_info[{name}]": value for name, value in _PAYER.items()}}
    ),
    "form, other spelling": lambda: _form(
        {**_FIELDS, "userTruename": SECRETS["name"], "USER-CREID": SECRETS["ID number"]}
    ),
    "form, an address": lambda: _form({**_FIELDS, "notify_url": _ADDRESS}),
    "form, encoded twice": lambda: _form({**_FIELDS, "extend_info": quote(json.dumps(_PAYER))}),
    "form, the key in other fields": lambda: _form(
        {
            **_FIELDS,
            "goods_name": KEY,
            "udid": KEY.lower(),
            "a": base64.b64encode(KEY.encode()).decode(),
        }
    ),
    "form, the key escaped": lambda: _form({**_FIELDS, "goods_name": _ESCAPED, "udid": quote(KEY)}),
    "JSON": lambda: _json({**_FIELDS, **_PAYER, "key": KEY}),
    "JSON, nested": lambda: _json({**_FIELDS, "extend_info": _PAYER}, ascii_only=False),
    "JSON, a text in it": lambda: _json({**_FIELDS, "extend_info": json.dumps(_PAYER)}),
    "JSON, names and values": lambda: _json(
        [{"key": name, "value": value} for name, value in _PAYER.items()]
    ),
    "JSON, broken off": lambda: ("application/json", _json({**_PAYER, "a": 1})[1][:-6]),
    "multipart": lambda: _multipart({**_FIELDS, **_PAYER, "key": KEY}),
    "multipart, extend_info": lambda: _multipart({**_FIELDS, "extend_info": json.dumps(_PAYER)}),
    "XML": lambda: (
        "text/xml",
        "".join(f"<{name}>{value}</{name}>" for name, value in _PAYER.items()).encode(),
    ),
}


def _pairs(params: dict[str, str]) -> str:
    return "&".join(f"{name}={value}" for name, value in params.items())


def _pastes() -> Iterator[tuple[str, str]]:
    """The same in the forms that people paste."""
    url = f"https://user:{SECRETS['URL password']}@openapi-hk.qfapi.com/trade/v1/payment"
    headers = {**_HEADERS, "X-QF-APPCODE": "A1"}  # unsigned: why a signature is wrong takes long
    lines = "\n".join(f"{name}: {value}" for name, value in headers.items())
    for name, plant in PLANTS.items():
        kind, body = plant()
        text = body.decode()
        yield (
            f"raw HTTP, {name}",
            f"POST {url} HTTP/1.1\n{lines}\nContent-Type: {kind}\n\n{text}",
        )
        if "'" not in text and "\r" not in text:
            options = " ".join(f"-H '{name}: {value}'" for name, value in headers.items())
            yield f"curl, {name}", f"curl '{url}' {options} --data-raw '{text}'"
        log = f"2026-01-05 [info] Cookie: {_HEADERS['Cookie']} POST {url} body={text}"
        yield f"log, {name}", f"{log}\ncode 1"
    signed = _pairs({**_FIELDS, "extend_info": json.dumps(_PAYER, ensure_ascii=False)})
    sign_line = "sign=" + hashlib.md5(f"{signed}&key={KEY}".encode()).hexdigest()
    yield "log, signed text and key", f"sign string: {signed}{KEY}\n{sign_line}"
    yield "log, key named", f"client_key = '{KEY}'\nsign string: {signed}\n{sign_line}"
    yield "log, cookie in it", f"sign string: {signed}; Cookie: {_HEADERS['Cookie']}\n{sign_line}"
    array = "\n".join(f"    [{n}] => {v}" for n, v in {**_FIELDS, **_PAYER, "key": KEY}.items())
    yield "print_r", f"Array\n(\n{array}\n)\nsign={sign({**_FIELDS, **_PAYER}, KEY)}"
    yield "print_r, signed otherwise", f"Array\n(\n{array}\n)\n{sign_line}"
    yield (
        "curl, its own options",
        (
            f"curl '{url}' -u 'me:{SECRETS['authorization']}' -b 'sid={SECRETS['cookie']}'"
            " -d 'syssn=1'"
        ),
    )
    rows = [{"name": name, "value": value} for name, value in headers.items()]
    har = {"request": {"method": "POST", "url": url, "headers": rows, "postData": {"text": signed}}}
    yield "HAR", json.dumps({"log": {"entries": [har]}})
    yield "answer", json.dumps({"respcd": "1108", "resperr": f"bad {KEY}", **_PAYER})


PASTES = dict(_pastes())
PASTES["answer"] = PASTES["answer"].replace(f"bad {KEY}", "bad")  # nothing tells that it is a key


# ---- what is searched ---------------------------------------------------------------------------


class World:
    """A sandbox that got everything, a client that sent it, and what both show."""

    def __init__(self, folder: Any) -> None:
        self.folder = folder
        self.sandbox = Sandbox(client_key=KEY)
        self.url = self.sandbox.serve()
        self.client = self.sandbox.client()
        for plant in PLANTS.values():
            kind, body = plant()
            params = {"user_truename": SECRETS["name"], "client_key": KEY}
            requests.post(
                f"{self.url}/trade/v1/payment",
                params=params,
                data=body,
                headers={
                    **_HEADERS,
                    "Content-Type": kind,
                    "X-QF-APPCODE": self.sandbox.credentials.app_code,
                    "X-QF-SIGN": "0" * 32,
                },
                timeout=30,
            )
        self.paid = self.client.pay(
            pay_type="800101",
            txamt=2500,
            txcurrcd="HKD",
            goods_name=f"tea {KEY}",
            extend_info=json.dumps(_PAYER),
        )
        signed = {**_FIELDS, "out_trade_no": "A77", "txdtm": self.client.now(), "udid": KEY}
        signed |= {"notify_url": _ADDRESS, "extend_info": json.dumps(_PAYER)}
        requests.post(
            f"{self.url}/trade/v1/payment",
            data=signed,
            headers={
                "X-QF-APPCODE": self.sandbox.credentials.app_code,
                "X-QF-SIGN": sign(signed, KEY),
            },
            timeout=30,
        )
        self.environment = {
            "QFTOOLS_CLIENT_KEY": KEY,
            "QFTOOLS_BASE_URL": self.url,
            "QFTOOLS_APP_CODE": self.sandbox.credentials.app_code,
            "QFTOOLS_JOURNAL": str(folder / "journal.db"),
        }

    def close(self) -> None:
        self.sandbox._assembly.stop()

    def typed(self, *arguments: str, given: str | None = None) -> str:
        before = locale.language()
        done = CliRunner(env=self.environment).invoke(
            main, list(arguments), input=given and given.encode()
        )
        locale.use_language(before)
        return done.output + repr(done.exception)


def _written(exchange: Any) -> Iterator[str]:
    yield from (repr(exchange), str(exchange), exchange._repr_html_())
    yield from (exchange.as_http(), exchange_view(exchange), exchange.as_curl())
    with suppress(InputError):  # cmd can't write everything
        yield exchange.as_curl("cmd")
    yield from (json.dumps(exchange.as_har(), ensure_ascii=False),)
    with suppress(InputError):
        yield json.dumps(exchange.as_postman(), ensure_ascii=False)
    for language in ("python", "php", "java", "node"):
        for resign in (False, True):
            yield exchange.as_source(language, resign=resign)


def _exchanges(world: World) -> Iterator[str]:
    for exchange in world.sandbox.exchanges:
        yield from _written(exchange)


def _sent(world: World) -> Iterator[str]:
    yield repr(world.client)
    yield repr(world.paid)
    for exchange in world.client.exchanges:
        yield from _written(exchange)


def _errors(world: World) -> Iterator[str]:
    for fault in ("wrong signature", "half", "5xx"):
        with world.sandbox.fault(fault, on="*", times=None):
            try:
                world.client.pay(
                    pay_type="800101", txamt=1, txcurrcd="HKD", extend_info=json.dumps(_PAYER)
                )
            except QFPayError as error:
                yield from (repr(error), str(error), error.say("zh"), repr(vars(error)))


def _control(world: World) -> Iterator[str]:
    paths = ["", "/stream", "/orders", "/exchanges", "/notifications", "/report", "/merchants"]
    paths += ["/faults", "/switches", "/clock", "/openapi.json", "/stream?q=tea"]
    for exchange in world.sandbox.exchanges:
        copy = f"/exchanges/{exchange.number}/copy?form="
        paths += [f"/exchanges/{exchange.number}", *(copy + form for form in FORMS)]
    paths += [f"/notifications/{notice.id}" for notice in world.sandbox.notifications]
    for row in world.sandbox.orders():
        paths += [f"/orders/{row.syssn}/{part}" for part in ("timeline", "evidence")]
    for path in paths:
        yield requests.get(f"{world.url}/sandbox{path}", timeout=30).text
    yield requests.get(f"{world.url}/sandbox/{_ADDRESS}", timeout=30).text


def _pages(world: World) -> Iterator[str]:
    for row in world.sandbox.orders():
        yield requests.get(f"{world.url}/payer/{row.syssn}", timeout=30).text
    yield requests.get(world.url, timeout=30).text


def _lines(world: World) -> Iterator[str]:
    for as_json in (False, True):
        lines = ExchangeLines(
            lambda seen: explanation(seen, world.sandbox._gateway), as_json=as_json
        )
        for seen in world.sandbox._gateway.log.last:
            lines.add(seen)
        while not lines._lines.empty():
            line = lines._lines.get()
            yield lines.written(*line) if line else ""


def _journal(world: World) -> Iterator[str]:
    path = world.folder / "journal.db"
    with Journal(path) as journal:
        order = Order(world.paid.out_trade_no, 2500, world.paid.txdtm)
        outcome = cancel(world.client, order, journal=journal)
        yield from (repr(outcome), str(outcome), outcome._repr_html_())
        yield json.dumps(outcome.to_dict(), ensure_ascii=False)
        entry = journal.entry(1)
        yield from (repr(entry), repr(entry.steps), entry._repr_html_())
        for show in (journal_page.as_text, journal_page.as_json, journal_page.as_html):
            yield from (show(entry, lang) for lang in ("zh", "en"))
    for file in world.folder.glob("journal.db*"):
        yield file.read_bytes().decode("latin-1")
    for form in ((), ("--json",)):
        yield world.typed("journal", "1", *form)
        yield world.typed("pending", *form)


def _diagnosis(world: World) -> Iterator[str]:
    for name, paste in PASTES.items():
        # Without a key, and without the name of a field that holds it, nothing tells what it is.
        for key in (KEY,) if "the key" in name else (None, KEY):
            try:
                diagnosis = explain(paste, key=key)
            except InputError as error:
                yield from (str(error), error.say("zh"))
                continue
            yield from (repr(diagnosis), diagnosis._repr_html_())
            yield from (diagnosis.say("zh"), diagnosis.say("en", "php"))
            yield json.dumps(diagnosis.to_dict(), ensure_ascii=False)
        yield redacted_paste(paste, KEY)


def _diagnosis_printed(world: World) -> Iterator[str]:
    for name in (
        "log, form, fields",
        "curl, form, fields",
        "HAR",
        "print_r",
        "raw HTTP, multipart",
    ):
        for form in ((), ("--json",)):
            yield world.typed("explain", "-", *form, given=PASTES[name])


def _calls_printed(world: World) -> Iterator[str]:
    number = ("--out-trade-no", str(world.paid.out_trade_no))
    for form in ((), ("--json",)):
        yield world.typed("query", *number, *form)
        yield world.typed("report", "--sandbox", world.url, *form)
        yield world.typed("sign", "txamt=1", *form)


def _asked(world: World) -> Iterator[str]:
    """What an assistant gets of each tool that only reads, and the record of its calls."""
    names = ("base_url", "app_code", "client_key", "mchid", "environment")
    account = {**dict.fromkeys(names), "base_url": world.url, "client_key": KEY}
    path = world.folder / "assistant.db"
    with (
        Journal(path) as journal,
        opened({**account, "algorithm": "MD5", "allow": ()}, None, journal) as place,
    ):
        for name in ("report", "sandbox_orders", "sandbox_exchanges", "sandbox_notifications"):
            yield answer(place, name, {})[0]
        for number in (str(world.paid.out_trade_no), "A77", KEY):
            yield answer(place, "look", {"number": number})[0]
        for name in ("log, form, fields", "curl, form, fields", "HAR", "print_r"):
            yield answer(place, "explain", {"paste": PASTES[name]})[0]
        yield answer(place, "pay", {"pay_type": KEY, "extend_info": _PAYER})[0]
    yield path.with_suffix(".db.calls").read_text("utf-8")


def _received(world: World) -> Iterator[str]:
    """What ``listen`` prints of a notification, as text and as JSON."""
    from qftools.cli.listen import _Shown

    fields = {"notify_type": KEY, "out_trade_no": f"\x1b[2J{KEY}", "txamt": "1", "a": _ADDRESS}
    body = json.dumps({**fields, **_PAYER, "extend_info": json.dumps(_PAYER)}).encode()

    @click.command()
    @click.option("--client-key")
    @click.option("--json", "as_json", is_flag=True)
    def shown(client_key: str, as_json: bool) -> None:
        receiver = Receiver(client_key)
        arrival = receiver.receive({"X-QF-SIGN": sign_body(body, KEY)}, body)
        _Shown(receiver, None, "SUCCESS", as_json)._show(arrival, 200, KEY.encode())

    for form in ((), ("--json",)):
        yield CliRunner().invoke(shown, ["--client-key", KEY, *form]).output


def _tapped(world: World) -> Iterator[str]:
    """What a tap records, prints and tells, and what ``compare`` makes of the recording."""
    record = world.folder / "calls.har"
    with Tap(world.url, client_key=KEY, record=record) as tap:
        url = tap.serve()
        for name in ("form, fields", "form, the key in other fields", "JSON", "multipart"):
            kind, body = PLANTS[name]()
            own = {"X-QF-APPCODE": world.sandbox.credentials.app_code, "X-QF-SIGN": "0" * 32}
            headers = {**_HEADERS, **own, "Content-Type": kind}
            address = f"{url}/trade/v1/payment"
            requests.post(address, params=_PAYER, data=body, headers=headers, timeout=30)
        for as_json in (False, True):
            with tap_lines(tap, as_json=as_json) as lines:
                for seen in tap.gateway.log.last:
                    yield lines.written(lines._line(seen), seen)
        for path in ("exchanges/1", "exchanges/2", "exchanges", "report", "state"):
            yield requests.get(f"{url}/sandbox/{path}", timeout=30).text
        yield from (str(exchange) for exchange in tap.exchanges)
    yield record.read_text("utf-8")
    found = compare(record.read_bytes(), client_key=KEY, search=False)
    yield found.say("en")
    yield as_html(found, redactor_for(frozenset({KEY})), "en")


def _panels(world: World) -> Iterator[str]:
    """A notebook with the panels' outputs and the state of their widgets, as a lab saves it."""
    doctor, signing, connection = Doctor(), Signing(), Connection(world.sandbox)
    for panel in (doctor, signing, connection):
        # What comes from the browser, as its messages bring it.
        panel.key.set_state({"value": KEY})
    signing._add_row("extend_info", "")
    signing.ways["right"].click()
    connection.key.set_state({"value": KEY})
    for name, paste in PASTES.items():
        if "form, fields" not in name and "," in name:
            continue
        doctor.paste.set_state({"value": paste})
        yield from saved(doctor)
        doctor.button.click()
        yield from saved(doctor)
    yield from saved(signing)
    yield from saved(connection)
    bench = Workbench(world.sandbox)
    for position in bench.list._options_values:
        bench.list.value = position
        yield bench.call.value + bench.order.value
    for form in FORMS:
        bench.form.value = form
        yield bench.call.value
    bench.search.set_state({"value": f"tea {KEY}"})
    yield from saved(bench)
    bench.close()


def saved(*panels: Any) -> Iterator[str]:
    outputs = [
        nbformat.v4.new_output("display_data", panel._repr_mimebundle_()) for panel in panels
    ]
    cell = nbformat.v4.new_code_cell("panel", outputs=outputs)
    kind = "application/vnd.jupyter.widget-state+json"
    notebook = nbformat.v4.new_notebook(
        cells=[cell], metadata={"widgets": {kind: Widget.get_manager_state()}}
    )
    yield nbformat.writes(notebook)


OUTPUTS: dict[str, Callable[[World], Iterator[str]]] = {
    "sandbox.exchanges: repr, HTTP, cURL, HAR, Postman, programs, panel": _exchanges,
    "client.exchanges and replies: the same": _sent,
    "errors: repr, text, attributes": _errors,
    "control API: every path, every exchange in full": _control,
    "pages: workbench and payer": _pages,
    "qftools sandbox: lines, text and JSON": _lines,
    "journal: outcome, entry, text, JSON, page, file, command": _journal,
    "explain: repr, text, JSON, redacted paste": _diagnosis,
    "qftools explain: text and JSON": _diagnosis_printed,
    "qftools query, report, sign: text and JSON": _calls_printed,
    "qftools listen: text and JSON": _received,
    "qftools tap and compare: recording, lines, pages": _tapped,
    "qftools mcp: answers, and the record of calls": _asked,
    "a notebook with panels and their widget state": _panels,
}


def found_in(text: str) -> list[str]:
    """The secrets that a reader of *text* finds, as they are or as Python, JSON and URLs write."""
    readings = [text, text.replace("\\\\", "\\")]
    readings += [re.sub(r"\\+u([0-9a-f]{4})", lambda code: chr(int(code[1], 16)), text)]
    plain_text = "\n".join(readings).lower()
    found = []
    for name, secret in SECRETS.items():
        forms = {secret, quote(secret), json.dumps(secret)[1:-1], repr(secret.encode())[2:-1]}
        if name == "client key":
            forms |= {_BASED, _ESCAPED, secret.encode().hex()}
        if any(form.lower() in plain_text for form in forms):
            found.append(name)
    return found


if __name__ == "__main__":
    for heading, names in (("planted", SECRETS), ("as", PLANTS), ("pasted as", PASTES)):
        print(f"{heading}: {len(names)}", *names, sep="\n  ")
    print(f"searched: {len(OUTPUTS)}", *OUTPUTS, sep="\n  ")
