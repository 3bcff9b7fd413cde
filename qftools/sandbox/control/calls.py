"""What each call of the control API does: a few lines over the parts of the sandbox.

`routes.ROUTES` says what each call takes; `CALLS` has its function by the name of the route.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import islice
from typing import Any

import qftools
from qftools.errors import InputError, SandboxError
from qftools.exchange.redaction import redactor_for
from qftools.exchange.shown import Shown
from qftools.sandbox import replaying
from qftools.sandbox.books import payer
from qftools.sandbox.books.clock import beijing
from qftools.sandbox.books.orders import Entry
from qftools.sandbox.control import views
from qftools.sandbox.control.evidence import Evidence
from qftools.sandbox.control.inspection import FORMS, copied, inspected
from qftools.sandbox.control.openapi import description
from qftools.sandbox.control.params import ControlCall, NotFound, Page
from qftools.sandbox.control.routes import ROUTES
from qftools.sandbox.control.stream import Filter, read_position
from qftools.sandbox.control.timeline import Timeline
from qftools.sandbox.gateway import magic
from qftools.sandbox.gateway.exchanges import shown
from qftools.sandbox.gateway.faults import NAMES, NOTIFICATION, OF_NOTIFICATIONS
from qftools.sandbox.gateway.log import LoggedExchange
from qftools.sandbox.gateway.merchants import Merchant
from qftools.sandbox.gateway.settings import switches
from qftools.sandbox.notifications.notices import Notice
from qftools.sandbox.notifications.post import check
from qftools.sandbox.report.report import Finding, of_finding
from qftools.signing import verify_body

# -- the sandbox as a whole ---------------------------------------------------------


def show(ask: ControlCall) -> dict[str, Any]:
    """Return what this is and which calls there are."""
    gateway = ask.gateway
    return {
        "sandbox": "qftools",
        "version": qftools.__version__,
        "real": False,  # whether real money can move
        "url": gateway.public_url,
        "lang": gateway.lang,
        "clock": clock(ask),
        "orders": len(gateway.books),
        "exchanges": gateway.log.count,
        "notifications": len(ask.notifications),
        "switches": dict(gateway.settings),
        "faults": {"calls": list(NAMES), "notifications": list(OF_NOTIFICATIONS)},
        "replays": [replaying.to_dict(*row) for row in replaying.ways().items()],
        "copies": list(FORMS),
        "calls": [f"{route.method} {route.path}" for route in ROUTES],
    }


def stream(ask: ControlCall) -> dict[str, Any]:
    """Return a part of the stream, and what changed, for a page that asks again and again."""
    gateway, values = ask.gateway, ask.values
    gateway.tick()
    mark = ask.judge.mark()
    if values["seen"] == mark:
        ask.stream.prepare()
        return {"seen": mark, "clock": clock(ask)}
    seen, report = ask.stream.look()
    if values["seen"] == seen:
        return {"seen": seen, "clock": clock(ask)}
    wanted = Filter(
        values["q"],
        frozenset(filter(None, values["only"].split(","))),
        values["endpoint"],
        _numbers(ask, values["order"]),
    )
    part = ask.stream.part(
        wanted,
        until=read_position(values["until"]),
        offset=values["offset"],
        limit=values["limit"],
    )
    return {
        "seen": seen,
        "clock": clock(ask),
        **part,
        "orders": len(gateway.books),
        "notifications": len(ask.notifications),
        "notify_url": ask.notifications.url,
        "faults": faults(ask),
        "snapshots": list(ask.keeping.kept_snapshots()),
        "report": report.summary(),
    }


def clock(ask: ControlCall) -> dict[str, Any]:
    """Return the time."""
    now = ask.gateway.clock.now()
    kind = getattr(ask.gateway.clock, "kind", "own")
    return {"now": now, "beijing": beijing(now), "kind": kind}


def advance(ask: ControlCall) -> dict[str, Any]:
    """Put the clock forward."""
    ask.gateway.clock.advance(ask.values["advance"])
    return clock(ask)


def reset(ask: ControlCall) -> dict[str, Any]:
    """Remove everything but the merchants."""
    ask.keeping.reset()
    return {"orders": len(ask.gateway.books)}


def snapshot(ask: ControlCall) -> dict[str, Any]:
    """Keep a snapshot in the sandbox's memory."""
    return {"snapshot": ask.keeping.keep_snapshot()}


def restore(ask: ControlCall) -> dict[str, Any]:
    """Put everything back to a snapshot."""
    name = ask.values["snapshot"]
    if (kept := ask.keeping.kept_snapshot(name)) is None:
        raise NotFound("no snapshot {name!r} is kept; there are the last 20", name=name[:40])
    ask.keeping.restore(kept)
    return {"orders": len(ask.gateway.books)}


def all_switches(ask: ControlCall) -> list[dict[str, Any]]:
    """Return every switch with its value."""
    settings = ask.gateway.settings
    return [
        {
            "name": item.name,
            "value": getattr(settings, item.name),
            "default": item.default,
            "values": list(item.values),
            "about": item.meaning.to_dict(),
            "source": item.source,
        }
        for item in switches().values()
    ]


def turn(ask: ControlCall) -> dict[str, Any]:
    """Set one switch."""
    name, value = ask.values["name"], ask.values["value"]
    ask.gateway.settings.set(name, value)
    return {"name": name, "value": value}


# -- orders and their payers ---------------------------------------------------------


def orders(ask: ControlCall) -> list[dict[str, Any]]:
    """Return the books, newest first."""
    ask.gateway.tick()
    gateway, values = ask.gateway, ask.values
    wanted = (values["order_type"],) if values["order_type"] else ("payment", "refund")
    rows = (entry for entry in gateway.books.newest() if entry.order_type in wanted)
    part = islice(rows, values["offset"], values["offset"] + values["limit"])
    return [views.order(entry, gateway.public_url) for entry in part]


def one_order(ask: ControlCall) -> dict[str, Any]:
    """Return one order."""
    ask.gateway.tick()
    return views.order(_entry(ask), ask.gateway.public_url)


def act(ask: ControlCall) -> dict[str, Any]:
    """Do what a payer can do to an order."""
    entry = _entry(ask)
    refused = payer.act(ask.gateway, entry, ask.values["act"])
    shown = views.order(entry, ask.gateway.public_url)
    return {**shown, "turned_away": bool(refused)}


def exchanges(ask: ControlCall) -> list[dict[str, Any]]:
    """Return the last exchanges, newest first."""
    after = ask.values["after"]
    found = (seen for seen in reversed(ask.gateway.log.last) if seen.number > after)
    return [views.exchange(seen) for seen in islice(found, ask.values["limit"])]


def one_exchange(ask: ControlCall) -> dict[str, Any]:
    """Return one exchange in full."""
    seen = _exchange(ask)
    exchange = shown(seen, ask.gateway.merchants)
    return {
        **views.exchange_in_full(seen, ask.gateway),
        **inspected(exchange),
        "order": _order_of(ask, seen),
        "reply_signature": getattr(seen, "reply_signature", ""),  # which a tap checks
        "findings": _findings(ask, seen),
    }


def copy(ask: ControlCall) -> dict[str, Any]:
    """Return the request of one exchange, written for another tool."""
    exchange = shown(_exchange(ask), ask.gateway.merchants)
    form, resign = ask.values["form"], ask.values["resign"] == "yes"
    return {"form": form, "text": copied(exchange, form, resign=resign)}


def replay(ask: ControlCall) -> dict[str, Any]:
    """Send a request again."""
    again = replaying.replay(ask.gateway, _exchange(ask), ask.values["way"])
    return views.exchange(again)


def timeline(ask: ControlCall) -> dict[str, Any]:
    """Return the timeline of one order."""
    found, findings = _timeline(ask)
    told = [of_finding(one) for one in findings]
    return {**found.to_dict(ask.values["lang"]), "findings": told}


def evidence(ask: ControlCall) -> Page:
    """Return the evidence of one order as a file."""
    found, findings = _timeline(ask)
    redactor = redactor_for(ask.gateway.merchants.keys)
    page = Evidence(ask.gateway, found, findings, redactor, ask.values["lang"]).page()
    name = "".join(char for char in found.entry.out_trade_no if char.isalnum() and char.isascii())
    return Page(redactor.words(page), f"order-{name[:40] or found.entry.syssn}.html")


# -- what goes wrong -----------------------------------------------------------------


def faults(ask: ControlCall) -> list[dict[str, Any]]:
    """Return every armed fault."""
    return [views.fault(item) for item in ask.gateway.faults]


def arm(ask: ControlCall) -> dict[str, Any]:
    """Arm a fault of calls."""
    try:
        return views.fault(ask.gateway.faults.arm(**ask.values))
    except InputError as error:  # of a tap
        raise SandboxError("{error}", error=error) from error


def arm_notice(ask: ControlCall) -> dict[str, Any]:
    """Arm a fault of notifications."""
    return views.fault(ask.gateway.faults.arm(on=NOTIFICATION, **ask.values))


def disarm(ask: ControlCall) -> list[dict[str, Any]]:
    """Disarm one fault."""
    wanted = ask.path["id"]
    for fault in ask.gateway.faults:
        if fault.id == wanted:
            ask.gateway.faults.disarm(fault)
            return faults(ask)
    raise NotFound("no fault {name!r} is armed", name=wanted[:40])


def disarm_all(ask: ControlCall) -> list[dict[str, Any]]:
    """Disarm every fault."""
    ask.gateway.faults.clear()
    return faults(ask)


def magic_table(ask: ControlCall) -> list[dict[str, Any]]:
    """Return the magic amounts and payment codes."""
    return [
        {
            "number": row.number,
            "name": row.name,
            "about": row.text.to_dict(),
            "auth_code": magic.auth_code("13", row.number),
        }
        for row in magic.table().values()
    ]


# -- merchants and notifications ------------------------------------------------------


def merchants(ask: ControlCall) -> list[dict[str, Any]]:
    """Return the merchants, without their keys."""
    return [views.merchant(item) for item in ask.gateway.merchants]


def add_merchant(ask: ControlCall) -> dict[str, Any]:
    """Add a merchant."""
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in ask.values.items()
        if value is not None
    }
    if values.get("notify_url"):
        anywhere = ask.gateway.settings.notify_hosts == "anywhere"
        check(values["notify_url"], anywhere=anywhere)
    merchant = Merchant(**values)
    ask.gateway.merchants.add(merchant)
    return views.merchant(merchant)


def notifications(ask: ControlCall) -> list[dict[str, Any]]:
    """Return the notifications, newest first."""
    kept = ask.notifications.kept()
    return [views.notice(item) for item in _newest(kept, ask.values["limit"])]


def notification(ask: ControlCall) -> dict[str, Any]:
    """Return one notification, with what is pinned to it."""
    item = _notice(ask)
    return {**views.notice(item), "order": item.syssn, "findings": _findings(ask, item)}


def notify(ask: ControlCall) -> dict[str, Any]:
    """Set the address for notifications that have none of their own."""
    ask.notifications.notify(ask.values["url"])
    return {"url": ask.notifications.url}


def notify_again(ask: ControlCall) -> dict[str, Any]:
    """Send a notification once more, as soon as this answer has left."""
    ask.notifications.requeue(_notice(ask).id)
    return views.notice(_notice(ask))


def check_notice(ask: ControlCall) -> dict[str, Any]:
    """Tell whether a merchant's key signed a notification: no key leaves the sandbox for it."""
    body, signature = ask.values["body"].encode("utf-8", "replace"), ask.values["signature"]
    merchants = ask.gateway.merchants
    return {"signed": any(verify_body(body, item.client_key, signature) for item in merchants)}


def report(ask: ControlCall) -> dict[str, Any]:
    """Return what the integration did, graded."""
    ask.gateway.tick()
    return ask.judge.report().to_dict()


def describe(ask: ControlCall) -> Shown:
    """Return the OpenAPI description: our own words, with names of secret fields, and no values."""
    described = description(ask.gateway.public_url)
    return redactor_for().words(json.dumps(described, ensure_ascii=False))


# -- inside ----------------------------------------------------------------------------


def _findings(ask: ControlCall, item: LoggedExchange | Notice) -> list[dict[str, Any]]:
    ask.stream.look()
    return [of_finding(one) for one in ask.stream.findings(item)]


def _entry(ask: ControlCall) -> Entry:
    entry = ask.gateway.books.search(ask.path["number"])
    if entry is None:
        raise NotFound("no order {number!r} is on the books", number=ask.path["number"][:40])
    return entry


def _newest(items: Any, limit: int) -> list[Any]:
    return list(islice(reversed(items), limit))


def _numbers(ask: ControlCall, number: str) -> frozenset[str]:
    """Return the numbers of an order by one of them; that one alone where there is no order."""
    entry = ask.gateway.books.search(number) if number else None
    return frozenset({number, *(entry and (entry.syssn, entry.out_trade_no) or ())} - {""})


def _exchange(ask: ControlCall) -> LoggedExchange:
    number = ask.path["number"]
    is_number = number.isascii() and number.isdecimal() and len(number) < 16
    if (seen := ask.gateway.log.find(int(number)) if is_number else None) is None:
        raise NotFound("no exchange {number!r} is kept", number=number[:40])
    return seen


def _order_of(ask: ControlCall, seen: LoggedExchange) -> str:
    """Return the number of the order on the books that a call is about, or names; else nothing."""
    named = [seen.params.get(name, "") for name in ("syssn", "out_trade_no")]
    books = ask.gateway.books
    found = map(books.search, [*(touched.syssn for touched in seen.orders), *named])
    return next((entry.syssn for entry in found if entry is not None), "")


def _notice(ask: ControlCall) -> Notice:
    for item in ask.notifications.kept():
        if str(item.id) == ask.path["id"]:
            return item
    raise NotFound("no notification {number!r} is kept", number=ask.path["id"][:40])


def _timeline(ask: ControlCall) -> tuple[Timeline, list[Finding]]:
    ask.gateway.tick()
    entry = _entry(ask)
    entry = ask.gateway.books.by_syssn(entry.chain) or entry
    report = ask.stream.look()[1]
    timeline = Timeline(ask.gateway, ask.stream, entry)
    calls = {seen.number for seen in timeline.calls}
    findings = [one for one in report.findings if calls & {*one.found.exchanges}]
    return timeline, findings


CALLS: dict[str, Callable[[ControlCall], Any]] = {
    "sandbox": show,
    "stream": stream,
    "clock": clock,
    "advanceClock": advance,
    "orders": orders,
    "order": one_order,
    "timeline": timeline,
    "evidence": evidence,
    "payer": act,
    "exchanges": exchanges,
    "exchange": one_exchange,
    "copy": copy,
    "replay": replay,
    "faults": faults,
    "armFault": arm,
    "disarmAll": disarm_all,
    "disarmFault": disarm,
    "armNotificationFault": arm_notice,
    "magic": magic_table,
    "merchants": merchants,
    "addMerchant": add_merchant,
    "notifications": notifications,
    "notification": notification,
    "notify": notify,
    "notifyAgain": notify_again,
    "checkNotification": check_notice,
    "switches": all_switches,
    "turnSwitch": turn,
    "snapshot": snapshot,
    "restore": restore,
    "reset": reset,
    "report": report,
    "openapi": describe,
}
