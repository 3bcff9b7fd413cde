"""``/trade/v1/reversal`` and ``/trade/v1/close``: cancel a payment that is not paid yet."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from qftools import catalogue
from qftools.sandbox.books.clock import beijing
from qftools.sandbox.books.orders import Entry
from qftools.sandbox.books.scripts import ORDINARY, End, Planned, Reaction
from qftools.sandbox.books.states import MONEY_CAME, OPEN, Event, State
from qftools.sandbox.gateway.answers import DEFAULT_UDID, Refused, result_text
from qftools.sandbox.gateway.calls import Call
from qftools.sandbox.gateway.modes import AUTO, pay_type_of
from qftools.sandbox.gateway.payment import LONGEST

if TYPE_CHECKING:
    from qftools.sandbox.gateway.gateway import Gateway

_THEN: dict[End, Event] = {"done": Event.CANCEL_DONE, "pay": Event.PAY, "lost": Event.CANCEL_LOST}
_ALIPAY_AND_WECHAT = ("alipay", "wechat")
_HONG_KONG_DENIED = ("seed", "2017")  # the editions of 2026 list some of them (C20)
_LATER_EDITIONS = ("docs-2026-02", "docs-2026-late")


def cancel(gateway: Gateway, call: Call) -> dict[str, Any]:
    """Cancel an order by the endpoint that was called, or refuse."""
    entry = _checked(gateway, call)
    call.touch(entry)
    if gateway.meet(call, entry):
        return {}
    _refuse_route(gateway, call, entry)
    if call.merchant.settles_today(entry.mchid):
        raise Refused("1150")
    if entry.on_cancel.refuse in ("1150", "1297") and entry.state in OPEN:
        raise Refused(entry.on_cancel.refuse)
    _compare(gateway, call, entry)
    if entry.on_cancel.before is not None:
        gateway.ledger.happen(entry, entry.on_cancel.before, call.now)
    respcd = _act(gateway, call, entry)
    return _answer(gateway, call, entry, respcd)


def _checked(gateway: Gateway, call: Call) -> Entry:
    if not call.get("syssn") and not call.get("out_trade_no"):
        raise Refused("1104", "syssn or out_trade_no is missing")
    if not _is_hold(gateway, call):
        call.need("txamt", "txdtm")
    call.check_length("udid", LONGEST["udid"])
    if call.get("txamt"):
        call.amount()
    if call.get("txdtm"):
        call.check_time()
    return call.original(gateway.books)


def _is_hold(gateway: Gateway, call: Call) -> bool:
    """Tell whether this is a pre-authorisation, which is cancelled by its number alone (C25)."""
    entry = call.seen(gateway.books.by_syssn(call.get("syssn")))
    return entry is not None and entry.is_hold


def _refuse_route(gateway: Gateway, call: Call, entry: Entry) -> None:
    """Refuse a pay type that can't be cancelled, or not by this endpoint (C19, C20, C22)."""
    wanted = route(gateway, entry)
    if wanted == "ask":
        wanted = "close"
    if entry.state is State.HELD and gateway.settings.hold_undo != "reversal":
        wanted = "unfreeze"  # a reversal is for a hold whose outcome is unknown (C39)
    if wanted != call.endpoint:
        raise Refused(gateway.settings.cancel_unsupported_code)


def route(gateway: Gateway, entry: Entry) -> str:
    """Return the call that cancels this order: reversal, close, ask, none or unlisted."""
    row = pay_type_of(entry)
    profile = gateway.settings.cancel_routes
    wanted = row.cancel[profile]
    if row.hk_only and profile in _HONG_KONG_DENIED:
        if gateway.settings.hk_cancel == "deny":
            return "none"
        if profile == "seed":  # the page has no call for them: as the next edition that has one
            calls = [row.cancel[edition] for edition in _LATER_EDITIONS]
            return next((call for call in calls if call in ("reversal", "close")), "ask")
    if row.wallet == AUTO and wanted == "reversal" and entry.wallet not in _ALIPAY_AND_WECHAT:
        return "ask"  # 800008 goes as the wallet that was recognised
    return wanted


def _compare(gateway: Gateway, call: Call, entry: Entry) -> None:
    """Compare what the caller says of the order with the books (C14, C24)."""
    strict = gateway.settings.strict_cancel == "on"
    amount = call.get("txamt")
    if amount and int(amount) != entry.txamt and (strict or call.endpoint == "reversal"):
        raise Refused("1266", "txamt is not the order's")
    currency = call.get("txcurrcd")
    if strict and currency and currency != entry.txcurrcd:
        raise Refused("1267", "txcurrcd is not the order's")


def _act(gateway: Gateway, call: Call, entry: Entry) -> str:
    """Cancel as the wallet reacts to it, and return the respcd."""
    script = entry.on_cancel
    if entry.state in OPEN and entry.state is not State.CANCELLING:
        if script.refuse:
            return refuse_once(gateway, entry)
        if script.event is not None:
            gateway.ledger.happen(entry, script.event, call.now)
            return script.answer
        if script.answer:
            return _later(gateway, call, entry, script)
        latency = int(gateway.settings.cancel_latency)
        if latency:
            return _later(gateway, call, entry, Reaction(looks=latency, then="done"))
    releases = entry.state is State.HELD and gateway.settings.hold_undo == "reversal"
    if releases or (entry.state in MONEY_CAME and _gives_back(gateway, entry)):
        return gateway.ledger.happen(entry, Event.VOID, call.now)
    return gateway.ledger.happen(entry, Event.CANCEL, call.now)


def _gives_back(gateway: Gateway, entry: Entry) -> bool:
    """Tell whether the cancel of a paid order returns the money instead of being refused (C21)."""
    if gateway.settings.cancel_paid == "refund":
        return True
    # April 2026, Traditional Chinese: a reversal voids card and Apple Pay payments; no time limit.
    late = gateway.settings.cancel_routes == "docs-2026-late"
    return late and entry.wallet in catalogue.CARDS


def refuse_once(gateway: Gateway, entry: Entry) -> str:
    """Return the wallet's refusal, for as many times as it was scripted."""
    script = entry.on_cancel
    if script.times is not None:
        left = script.times - 1
        entry.on_cancel = replace(script, times=left) if left > 0 else ORDINARY
        gateway.books.touch(entry)
    return script.refuse


def _later(gateway: Gateway, call: Call, entry: Entry, script: Reaction) -> str:
    """Accept the cancel; the wallet does it after so many queries, or never."""
    gateway.ledger.happen(entry, Event.CANCEL_LATER, call.now)
    entry.plan = []
    if script.then:
        entry.plan = [Planned(looks=script.looks, event=_THEN[script.then])]
    entry.on_cancel = ORDINARY
    return script.answer or gateway.settings.cancel_pending_code


def _answer(gateway: Gateway, call: Call, entry: Entry, respcd: str) -> dict[str, Any]:
    """Return the vendor page's fields in the order of its sample.

    Every cancel that reached the wallet has a number of its own, refused or not.
    """
    record = gateway.ledger.record(
        entry, "close", respcd, call.now, txdtm=call.get("txdtm") or entry.txdtm
    )
    body: dict[str, Any] = {
        "surcharge_fee": "0",
        "resperr": result_text(respcd, gateway.lang),
        "txdtm": record.txdtm,
        "syssn": record.syssn,
        "sysdtm": beijing(call.now),
        "txcurrcd": entry.txcurrcd,
        "respmsg": "",
        "chnlsn2": "",
        "cardcd": entry.cardcd,
        "udid": call.get("udid") or DEFAULT_UDID,
        "txamt": str(entry.txamt),
        "orig_syssn": entry.syssn,
        "surcharge_rate": "0",
        "respcd": respcd,
        "chnlsn": entry.chnlsn,
    }
    if call.get("out_trade_no") and gateway.settings.seed_sample == "off":
        body["out_trade_no"] = entry.out_trade_no
    return body
