"""A marker key is planted everywhere, and then looked for in everything that is shown or kept."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from ipywidgets import HTML

from qftools import Credentials, Journal, cancel, explain
from qftools.errors import QFPayError
from qftools.journal.page import as_html, as_json, as_text
from qftools.panels import CancelFlow, Connection, Doctor, Signing
from qftools.sandbox import Sandbox
from qftools.sandbox.control.openapi import description

MARKER = "5EC2E75EC2E7MARKER5EC2E75EC2E7AB"
ROOT = Path(__file__).parent.parent
TIME = ("--txdtm", "2026-01-05 10:00:00")
HASTE = ("--policy", "first_wait=0", "--policy", "wait_step=0")


@pytest.fixture
def sandbox():
    with Sandbox(client_key=MARKER) as running:
        yield running


def pay(client, **changes):
    return client.pay(**({"pay_type": "800101", "txamt": 2500, "txcurrcd": "HKD"} | changes))


def test_a_marker_that_is_there_would_be_found(sandbox):
    assert MARKER in sandbox.credentials.client_key


def test_no_repr_log_exception_or_exchange_holds_the_key(sandbox, client, caplog):
    caplog.set_level(logging.DEBUG)
    shown = [repr(sandbox), repr(client), repr(sandbox.credentials), repr(sandbox.exchanges)]
    order = pay(client)
    outcome = cancel(client, order)
    for fault in ("wrong signature", "half", "lost after", "5xx"):
        with sandbox.fault(fault, on="*", times=None), pytest.raises(QFPayError) as caught:
            client.query(order)
        shown += [repr(caught.value), str(caught.value), repr(caught.value.__cause__)]

    shown += [repr(order), repr(outcome), json.dumps(outcome.to_dict()), caplog.text]
    for exchange in client.exchanges:
        shown += [repr(exchange), exchange.as_curl(), exchange.as_http(), repr(exchange.as_har())]
        shown += [repr(exchange.as_postman())]
        shown += [exchange.as_source(language) for language in ("python", "php", "java", "node")]
    shown += [repr(sandbox.orders()), repr(sandbox.report()), repr(sandbox.exchanges)]
    assert not [text for text in shown if MARKER in str(text)]


def test_no_journal_and_no_evidence_holds_the_key(sandbox, client, tmp_path):
    path = tmp_path / "journal.db"
    with Journal(path) as journal:
        cancel(client, pay(client), journal=journal)
        entry = journal.entry(1)
        shown = [repr(entry)]
        for language in ("zh", "en"):
            shown += [show(entry, language) for show in (as_text, as_json, as_html)]
        kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())

    assert kept
    assert MARKER.encode() not in kept
    assert not [text for text in shown if MARKER in text]


@pytest.mark.parametrize(
    "paste",
    [
        "curl https://openapi-hk.qfapi.com/trade/v1/query -H 'X-QF-APPCODE: A1'"
        " -H 'X-QF-SIGN: 00112233445566778899AABBCCDDEEFF' -d 'syssn=1&key={key}'",
        "string to sign: syssn=1&txamt=2500{key}\nsign: 00112233445566778899AABBCCDDEEFF",
        "$app_key = '{key}';\nArray\n(\n    [syssn] => 1\n    [txamt] => 2500\n)\n",
    ],
)
def test_a_key_in_a_paste_is_not_repeated_by_the_diagnosis(paste):
    diagnosis = explain(paste.format(key=MARKER), key=MARKER)

    for language in ("zh", "en"):
        assert MARKER not in diagnosis.say(language)
        assert MARKER not in json.dumps(diagnosis.to_dict(language), ensure_ascii=False)
    assert MARKER not in repr(diagnosis)


def test_no_page_and_no_control_call_of_the_sandbox_shows_the_key(sandbox, client):
    order = pay(client)
    cancel(client, order)
    url = sandbox.serve()
    pages = ["/", f"/payer/{order.syssn}", "/sandbox/openapi.json"]
    pages += [f"/sandbox/{name}" for name in ("orders", "exchanges", "merchants", "report")]
    pages += ["/sandbox/stream"]

    answers = {page: requests.get(url + page, timeout=10) for page in pages}

    assert {page: answer.status_code for page, answer in answers.items()} == dict.fromkeys(
        pages, 200
    )
    assert not [page for page, answer in answers.items() if MARKER in answer.text]
    assert MARKER not in json.dumps(description())


def shown_by(widget):
    """Yield every text of a panel that a reader sees or that its notebook keeps."""
    if isinstance(widget, HTML):
        yield widget.value
    for child in getattr(widget, "children", ()):
        yield from shown_by(child)


def test_no_panel_shows_the_key(sandbox):
    panels = [
        CancelFlow(sandbox),
        Signing(key=MARKER),
        Doctor(key=MARKER),
        Connection(sandbox),
    ]

    for panel in panels:
        assert list(shown_by(panel))
        assert not [text for text in shown_by(panel) if MARKER in text]
        assert MARKER not in repr(panel)


@pytest.mark.parametrize(
    "arguments",
    [
        ["sign", "txamt=1"],
        ["sign", "txamt=1", "--json"],
        ["query", "--out-trade-no", "A1"],
        ["query", "--out-trade-no", "A1", "--json"],
        ["cancel", "--out-trade-no", "A1", "--txamt", "1", *TIME, *HASTE],
        ["pending"],
        ["--help"],
    ],
    ids=" ".join,
)
def test_no_command_prints_the_key(sandbox, arguments, tmp_path):
    environment = {
        **os.environ,
        "QFTOOLS_BASE_URL": sandbox.serve(),
        "QFTOOLS_APP_CODE": sandbox.credentials.app_code,
        "QFTOOLS_CLIENT_KEY": MARKER,
        "QFTOOLS_JOURNAL": str(tmp_path / "journal.db"),
    }

    done = subprocess.run(
        [sys.executable, "-m", "qftools", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.stdout
    assert MARKER not in done.stdout + done.stderr
    assert not [file for file in tmp_path.iterdir() if MARKER.encode() in file.read_bytes()]


def test_no_saved_notebook_holds_the_sandboxs_own_key():
    key = Sandbox().credentials.client_key
    notebooks = sorted((ROOT / "notebooks").rglob("*.ipynb"))

    assert notebooks
    assert not [path for path in notebooks if key in path.read_text("utf-8")]


def test_pickled_credentials_are_the_only_place_that_carries_the_key():
    credentials = Credentials("A", MARKER)

    assert MARKER not in f"{credentials} {credentials!r} {[credentials]} {{'a': credentials}}"
