"""Every call of the control API, as a table; its words stand in ``control.json``.

Server, OpenAPI description and documentation read `ROUTES`; `calls` says what each one does.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from qftools.catalogue import Text
from qftools.sandbox.books import payer
from qftools.sandbox.control.params import Kind, Param, Route
from qftools.sandbox.gateway.faults import ALIASES, ENDPOINTS, GROUPS, NAMES, OF_NOTIFICATIONS
from qftools.sandbox.gateway.merchants import MCHID_RULES
from qftools.sandbox.gateway.settings import switches
from qftools.signing import SHORTEST_KEY

MOST_ROWS = 500
ON = ("*", *ENDPOINTS, *(group for group in GROUPS if group != "*"))


@cache
def _words() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    text = Path(__file__).with_name("control.json").read_text(encoding="utf-8")
    table: dict[str, dict[str, dict[str, str]]] = json.loads(text)
    return table


def _value(name: str, kind: Kind, *, key: str = "", **limits: Any) -> Param:
    return Param(name, kind, Text(**_words()["values"][key or name]), **limits)


def _call(
    method: str,
    path: str,
    name: str,
    *,
    thing: str = "",
    thing_key: str = "",
    **more: Any,
) -> Route:
    things = {thing: Text(**_words()["things"][thing_key or thing])} if thing else {}
    return Route(method, path, name, Text(**_words()["calls"][name]), things=things, **more)


ROUTES: tuple[Route, ...] = (
    _call("GET", "/sandbox", "sandbox"),
    _call("GET", "/sandbox/state", "state", query=(_value("seen", "text", default=""),)),
    _call("GET", "/sandbox/clock", "clock", answer="Clock"),
    _call(
        "POST",
        "/sandbox/clock",
        "advanceClock",
        body=(_value("advance", "number", required=True, least=0, most=100_000_000),),
        answer="Clock",
    ),
    _call(
        "GET",
        "/sandbox/orders",
        "orders",
        query=(
            _value("order_type", "text", choices=("payment", "refund", "close")),
            _value("limit", "integer", least=1, most=MOST_ROWS, default=100),
        ),
        answer="Orders",
    ),
    _call("GET", "/sandbox/orders/{number}", "order", thing="number", answer="Order"),
    _call(
        "POST",
        "/sandbox/payer/{number}",
        "payer",
        body=(_value("act", "text", required=True, choices=tuple(payer.ACTS)),),
        thing="number",
        answer="Order",
    ),
    _call(
        "GET",
        "/sandbox/exchanges",
        "exchanges",
        query=(
            _value("after", "integer", least=0, most=1_000_000_000_000, default=0),
            _value("limit", "integer", least=1, most=MOST_ROWS, default=100),
        ),
        answer="Exchanges",
    ),
    _call(
        "GET",
        "/sandbox/exchanges/{number}",
        "exchange",
        thing="number",
        thing_key="exchange.number",
        answer="Exchange",
    ),
    _call("GET", "/sandbox/faults", "faults", answer="Faults"),
    _call(
        "POST",
        "/sandbox/faults",
        "armFault",
        body=(
            _value("name", "text", required=True, choices=(*NAMES, *ALIASES)),
            _value("on", "text", choices=ON, default="*"),
            _value("times", "integer", least=1, most=1_000_000, default=1, nullable=True),
            _value("order", "text", most=128, nullable=True),
            _value("seconds", "number", least=0, most=100_000_000, nullable=True),
            _value("after", "integer", key="armFault.after", least=0, most=1_000_000, default=0),
        ),
        answer="Fault",
    ),
    _call("DELETE", "/sandbox/faults", "disarmAll", answer="Faults"),
    _call("DELETE", "/sandbox/faults/{id}", "disarmFault", thing="id", answer="Faults"),
    _call(
        "POST",
        "/sandbox/notification-faults",
        "armNotificationFault",
        body=(
            _value("name", "text", required=True, choices=tuple(OF_NOTIFICATIONS)),
            _value("times", "integer", least=1, most=1_000_000, default=1, nullable=True),
            _value("order", "text", most=128, nullable=True),
            _value(
                "seconds",
                "number",
                key="armNotificationFault.seconds",
                least=0,
                most=100_000_000,
                nullable=True,
            ),
        ),
        answer="Fault",
    ),
    _call("GET", "/sandbox/magic", "magic", answer="Objects"),
    _call("GET", "/sandbox/merchants", "merchants", answer="Objects"),
    _call(
        "POST",
        "/sandbox/merchants",
        "addMerchant",
        body=(
            _value("app_code", "text", required=True, most=64),
            _value("client_key", "text", required=True, least=SHORTEST_KEY, most=128),
            _value("mchid", "text", choices=MCHID_RULES),
            _value("mchids", "texts", most=1_000),
            _value("pay_types", "texts", most=200),
            _value("currencies", "texts", most=50),
            _value("t0", "flag"),
            _value("notify_url", "text"),
        ),
    ),
    _call(
        "GET",
        "/sandbox/notifications",
        "notifications",
        query=(_value("limit", "integer", least=1, most=MOST_ROWS, default=100),),
        answer="Notices",
    ),
    _call(
        "POST",
        "/sandbox/notifications",
        "notify",
        body=(_value("url", "text", default=""),),
    ),
    _call(
        "POST",
        "/sandbox/notifications/{id}",
        "notifyAgain",
        thing="id",
        thing_key="notifyAgain.id",
        answer="Notice",
    ),
    _call(
        "POST",
        "/sandbox/notification-check",
        "checkNotification",
        body=(
            _value("signature", "text", required=True, most=128),
            # A notice has about 1,000; six bytes a character, as JSON may write it, still fit.
            _value("body", "text", most=32_768, default=""),
        ),
    ),
    _call("GET", "/sandbox/switches", "switches", answer="Objects"),
    _call(
        "POST",
        "/sandbox/switches",
        "turnSwitch",
        body=(
            _value("name", "text", key="turnSwitch.name", required=True, choices=tuple(switches())),
            _value("value", "text", required=True),
        ),
    ),
    _call("POST", "/sandbox/snapshot", "snapshot"),
    _call(
        "POST",
        "/sandbox/restore",
        "restore",
        body=(_value("snapshot", "text", required=True),),
    ),
    _call("POST", "/sandbox/reset", "reset"),
    _call("GET", "/sandbox/report", "report", answer="Report"),
    _call("GET", "/sandbox/openapi.json", "openapi"),
)
