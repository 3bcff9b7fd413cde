"""What a panel says when something is wrong: in the language of the panel, whatever it is."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

import pytest

from qftools import locale
from qftools.panels import Connection, Doctor, Notices, Signing
from qftools.panels.panel import Panel
from qftools.sandbox import Sandbox

CHINESE = re.compile(r"[\u4e00-\u9fff]")
ENGLISH = re.compile(r"\b[a-z]+ [a-z]+ [a-z]+\b")
TOO_DEEP = "[" * 100_000

Case = Callable[[], Panel]


def entered(press: str = "pay", **values: Any) -> Case:
    """The connection panel, with values typed into its fields."""

    def panel() -> Panel:
        connection = Connection()
        for name, value in values.items():
            getattr(connection, name).value = value
        connection.acts[press].click()
        return connection

    return panel


def gateway(place: str, **values: Any) -> Case:
    """The connection panel, on its way to a real gateway."""

    def panel() -> Panel:
        connection = Connection()
        connection.where.value = place
        for name, value in ({"app_code": "A1", "key": "a secret"} | values).items():
            getattr(connection, name).value = value
        connection.connect.click()
        return connection

    return panel


def faulty(fault: str) -> Case:
    """The connection panel, on a sandbox where something happens to the payment."""

    def panel() -> Panel:
        sandbox = Sandbox()
        sandbox.fault(fault, on="payment")
        connection = Connection(sandbox)
        connection.acts["pay"].click()
        return connection

    return panel


def from_environment(place: str) -> Case:
    def panel() -> Panel:
        connection = Connection()
        connection.where.value = place
        connection.from_environment.click()
        return connection

    return panel


def twice() -> Panel:
    connection = Connection()
    connection.acts["pay"].click()
    connection.acts["pay"].click()
    return connection


def signing(key: str, press: str = "right", **fields: str) -> Case:
    def panel() -> Panel:
        signer = Signing(fields or None)
        signer.key.value = key
        signer.ways[press].click()
        return signer

    return panel


def pasted(paste: str) -> Case:
    def panel() -> Panel:
        doctor = Doctor(paste)
        doctor.button.click()
        return doctor

    return panel


def unnotified() -> Panel:
    sandbox = Sandbox()
    sandbox.fault("reply lost", on="payment")
    box = Notices(sandbox)
    box.buttons["plain"].click()
    return box


CASES: dict[str, Case] = {
    "amount zero": entered(amount=0),
    "amount too long": entered(amount=10**12),
    "pay type misspelt": entered(pay_type="alipay"),
    "no payment code": entered(pay_type="800108"),
    "currency": entered(currency="XXX"),
    "number": entered(number=" A1"),
    "number too long": entered(number="A" * 200),
    "nothing named": entered("query"),
    "time": entered("query", number="A1", time="today"),
    "time that is none": entered("query", number="A1", time="2026-02-30 10:00:00"),
    "refund of nothing": entered("refund", number="A1"),
    "cancel of nothing": entered("cancel", number="", time="soon"),
    "refused": twice,
    "reply lost": faulty("reply lost"),
    "connection refused": faulty("refused"),
    "reply cut": faulty("half"),
    "forged": faulty("wrong signature"),
    "limited": faulty("429"),
    "server error": faulty("5xx"),
    "test at production": gateway("hk", valid="test"),
    "production at test": gateway("hk-test", valid="production"),
    "not said": gateway("hk"),
    "no app code": gateway("hk", app_code=""),
    "no key": gateway("hk", key="", valid="production"),
    "environment not set": from_environment("hk"),
    "key empty": signing(""),
    "key that nobody sees": signing("\u200b"),
    "lone surrogate": signing("a secret", goods_name="\ud800"),
    "no request": pasted("nothing like a request"),
    "too deep": pasted(TOO_DEEP),
    "too long": pasted("x" * 20_000_000),
    "shop's reply lost": unnotified,
}


@pytest.mark.parametrize("name", CASES)
def test_an_error_in_a_panel_is_said_in_its_language(name, monkeypatch):
    for variable in ("QFTOOLS_APP_CODE", "QFTOOLS_CLIENT_KEY"):
        monkeypatch.delenv(variable, raising=False)
    locale.use_language("zh")

    alert = CASES[name]()._trouble.value

    said = html.unescape(re.sub(r"<strong>.*?</strong>|<[^>]*>", " ", alert))
    assert 'role="alert"' in alert
    ours, *_the_gateways_own_words = said.split(" / ")
    assert CHINESE.search(ours)
    assert ENGLISH.search(ours) is None
