"""``/trade/v1/authtrade`` and ``/trade/v1/unfreeze``: capture a hold, or release the rest of it.

No source documents what a refused call answers, or that a call may be repeated [chosen]: each
capture that arrives captures again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qftools.sandbox.books.orders import Entry
from qftools.sandbox.books.scripts import ORDINARY, Planned, Reaction
from qftools.sandbox.books.states import Event, State
from qftools.sandbox.gateway.answers import DEFAULT_UDID, Refused, number_is_used, result_text
from qftools.sandbox.gateway.calls import Call
from qftools.sandbox.gateway.cancel import refuse_once
from qftools.sandbox.gateway.payment import LONGEST

if TYPE_CHECKING:
    from qftools.sandbox.gateway.gateway import Gateway

_OLD_CODES = ("1151", "1152", "1153")


def capture(gateway: Gateway, call: Call) -> dict[str, Any]:
    """Charge a part of a hold, or all that is left of it, or refuse."""
    call.need("syssn", "txamt")
    hold = _original(gateway, call)
    if hold.wallet == "alipay":  # cards have neither (docs2024)
        call.need("out_trade_no", "txdtm")
    if gateway.meet(call, hold):
        return {}
    number = call.get("out_trade_no")
    used = gateway.books.by_number(call.scope, number) if number else None
    if used is not None:
        respcd = gateway.ledger.happen(used, Event.AGAIN, call.now)
        raise number_is_used(respcd, gateway.settings.duplicate_code)
    amount = call.amount()
    event = Event.CAPTURE_FULL if amount == hold.left else Event.CAPTURE_PART
    if amount > hold.left:
        event, amount = Event.CAPTURE_OVER, 0
    _happen(gateway, call, hold, event, amount)
    return _recorded(gateway, call, hold, "payment", amount, number, "Capture received")


def release(gateway: Gateway, call: Call) -> dict[str, Any]:
    """Give back what is still held, or refuse."""
    call.need("syssn", "out_trade_no", "txamt", "txdtm")
    hold = _original(gateway, call)
    if gateway.meet(call, hold):
        return {}
    if call.get("out_trade_no") != hold.out_trade_no:
        raise Refused("1267", "out_trade_no is not the hold's")
    if hold.on_cancel.before is not None:
        gateway.ledger.happen(hold, hold.on_cancel.before, call.now)
    if hold.on_cancel.refuse:
        raise Refused(refuse_once(gateway, hold))
    amount, rest = call.amount(), hold.left
    if amount != rest and gateway.settings.hold_release == "whole":
        raise _refusal(gateway, "1153")
    script = _taken(gateway, hold)
    if script.answer and script.event is None:
        gateway.ledger.happen(hold, Event.RELEASE_LATER, call.now)
    else:
        _happen(gateway, call, hold, Event.RELEASE, 0)
    respcd = script.answer or "0000"
    said = "Void received" if respcd == "0000" else ""
    body = _recorded(gateway, call, hold, "unfreeze", rest, hold.out_trade_no, said, respcd=respcd)
    hold.on_cancel = ORDINARY
    if script.then:
        end = Event.RELEASE_DONE if script.then == "done" else Event.RELEASE_LOST
        hold.plan = [Planned(looks=script.looks, event=end, refund=body["syssn"])]
    return body


def _taken(gateway: Gateway, hold: Entry) -> Reaction:
    """Return how the wallet takes the release of a hold: as it takes a cancel."""
    if hold.state is not State.HELD:
        return ORDINARY
    script, latency = hold.on_cancel, int(gateway.settings.cancel_latency)
    if script.answer or not latency:
        return script
    return Reaction(answer=gateway.settings.cancel_pending_code, looks=latency, then="done")


def _original(gateway: Gateway, call: Call) -> Entry:
    """Return the hold that ``syssn`` names; refuse what is none."""
    for name in ("out_trade_no", "udid"):
        call.check_length(name, LONGEST[name])
    if call.get("txdtm"):
        call.check_time()
    call.amount()
    entry = call.seen(gateway.books.by_syssn(call.get("syssn")))
    if entry is None:
        raise Refused("1136", out_trade_no=call.get("out_trade_no"))
    call.touch(entry)
    if not entry.is_hold:
        raise _refusal(gateway, "1151")
    return entry


def _happen(gateway: Gateway, call: Call, hold: Entry, event: Event, amount: int) -> None:
    respcd = gateway.ledger.happen(hold, event, call.now, amount=amount)
    if respcd != "0000":
        raise _refusal(gateway, respcd)


def _refusal(gateway: Gateway, respcd: str) -> Refused:
    """Return a refusal in the codes that the switch ``hold_codes`` names."""
    general = gateway.settings.hold_codes == "1297" and respcd in _OLD_CODES
    return Refused("1297" if general else respcd)


def _recorded(
    gateway: Gateway,
    call: Call,
    hold: Entry,
    order_type: str,
    amount: int,
    number: str,
    respmsg: str,
    *,
    respcd: str = "0000",
) -> dict[str, Any]:
    record = gateway.ledger.record(
        hold,
        order_type,
        "1145" if hold.state is State.RELEASING else "0000",
        call.now,
        out_trade_no=number,
        txamt=amount,
        txdtm=call.get("txdtm"),
        udid=call.get("udid"),
    )
    return {
        "sysdtm": record.sysdtm,
        "paydtm": record.sysdtm,
        "udid": call.get("udid") or DEFAULT_UDID,
        "txcurrcd": hold.txcurrcd,
        "txdtm": record.txdtm or record.sysdtm,
        "txamt": str(amount),
        "resperr": result_text(respcd, gateway.lang),
        "respmsg": respmsg,
        "out_trade_no": number,
        "syssn": record.syssn,
        "orig_syssn": hold.syssn,
        "respcd": respcd,
        "chnlsn": record.chnlsn,
        "cardcd": hold.cardcd,
    }
