"""``/trade/v1/refund``: a refund of a payment, never of more than was paid.

A hold is released by it where the switch ``hold_undo`` says so (C39).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qftools import catalogue
from qftools.sandbox.books.clock import beijing
from qftools.sandbox.books.orders import Entry
from qftools.sandbox.books.scripts import ORDINARY, Planned
from qftools.sandbox.books.states import DEAD, OPEN, Event, State
from qftools.sandbox.gateway.answers import DEFAULT_UDID, Refused, number_is_used, result_text
from qftools.sandbox.gateway.calls import Call
from qftools.sandbox.gateway.modes import pay_type_of
from qftools.sandbox.gateway.payment import LONGEST

if TYPE_CHECKING:
    from qftools.sandbox.gateway.gateway import Gateway

SECONDS_A_DAY = 86_400.0


def refund(gateway: Gateway, call: Call) -> dict[str, Any]:
    """Refund a payment in part or in full, or refuse."""
    call.need("syssn", "out_trade_no", "txamt", "txdtm")
    for name in ("out_trade_no", "udid"):
        call.check_length(name, LONGEST[name])
    call.check_time()
    amount = call.amount()
    entry = call.seen(gateway.books.by_syssn(call.get("syssn")))
    number = call.get("out_trade_no")
    if entry is None:
        raise Refused("1136", out_trade_no=number)
    call.touch(entry)
    if gateway.meet(call, entry):
        return {}
    try:
        _refuse(gateway, call, entry, amount)
        respcd = _act(gateway, call, entry, amount)
    except Refused as refused:
        refused.fields = _failure_fields(entry, number) | refused.fields
        raise
    record = gateway.ledger.record(
        entry,
        "refund",
        respcd,
        call.now,
        out_trade_no=number,
        txamt=amount,
        txdtm=call.get("txdtm"),
        udid=call.get("udid"),
    )
    if respcd != "0000":
        entry.plan[0].refund = record.syssn
    return _answer(gateway, call, entry, record, respcd)


def _failure_fields(entry: Entry, number: str) -> dict[str, str]:
    return {"orig_syssn": entry.syssn, "txcurrcd": entry.txcurrcd, "out_trade_no": number}


def _refuse(gateway: Gateway, call: Call, entry: Entry, amount: int) -> None:
    """Refuse what the wallet, the clock or the number forbid."""
    used = gateway.books.by_number(call.scope, call.get("out_trade_no"))
    if used is not None:
        respcd = gateway.ledger.happen(used, Event.AGAIN, call.now)
        raise number_is_used(respcd, gateway.settings.duplicate_code)
    if entry.state is State.HELD and gateway.settings.hold_undo == "refund":
        if amount != entry.left:
            raise Refused("1261", "a hold is refunded in full only")
        return
    if entry.state in OPEN or entry.state in DEAD or entry.is_hold:
        raise Refused(gateway.ledger.happen(entry, Event.REFUND_FULL, call.now))
    row = pay_type_of(entry)
    disputed = "C28" in row.dispute and gateway.settings.fps_refund == "allow"
    if row.refund != "yes" and not disputed:
        raise Refused("1155")
    days = catalogue.wallets()[entry.wallet].refund_days
    if days is not None and call.now - (entry.paid_at or entry.created) > days * SECONDS_A_DAY:
        raise Refused("1265", "the time for refunds of this order is over")
    if gateway.settings.refund_night == "made" and _is_night(entry.paid_at or entry.created):
        raise Refused("1265", "no refunds of trades made from 23:30 to 00:30")
    if gateway.settings.refund_night == "asked" and _is_night(call.now):
        raise Refused("1265", "no refunds from 23:30 to 00:30")
    if entry.state is State.REFUNDED:
        raise Refused(gateway.settings.full_refund_again)
    if amount < entry.txamt:
        _refuse_part(call, entry, row.partial_refund)
    if entry.on_refund.refuse:
        raise Refused(entry.on_refund.refuse)


def _is_void(entry: Entry, now: float) -> bool:
    """Tell whether a refund is a void: of a card payment, on the day it was made."""
    today = beijing(entry.paid_at or entry.created)[:10] == beijing(now)[:10]
    return entry.wallet in catalogue.CARDS and today


def _refuse_part(call: Call, entry: Entry, partial: bool) -> None:
    if _is_void(entry, call.now):
        raise Refused("1124", "a card payment of today is voided, in full only")
    if not partial:
        raise Refused("1271")


def _is_night(now: float) -> bool:
    """Tell whether it is between 23:30 and 00:30 in Beijing.

    Example:
        >>> from qftools.sandbox.books.clock import from_beijing
        >>> _is_night(from_beijing("2026-01-05 23:30:00"))
        True
        >>> _is_night(from_beijing("2026-01-06 00:30:00"))
        False
    """
    time = beijing(now)[11:16]
    return time >= "23:30" or time < "00:30"


def _act(gateway: Gateway, call: Call, entry: Entry, amount: int) -> str:
    if entry.state is State.HELD:  # nothing was charged: what was held is given back
        return gateway.ledger.happen(entry, Event.RELEASE, call.now)
    if amount > entry.left:
        raise Refused(gateway.ledger.happen(entry, Event.REFUND_OVER, call.now))
    script = entry.on_refund
    if script.answer and entry.state is not State.REFUNDING:
        gateway.ledger.happen(entry, Event.REFUND_LATER, call.now)
        done = Event.REFUND_DONE_FULL if amount == entry.left else Event.REFUND_DONE_PART
        lost = Event.REFUND_LOST_PART if entry.refunded else Event.REFUND_LOST
        then = done if script.then == "done" else lost
        entry.plan = [Planned(looks=script.looks, event=then, amount=amount)]
        entry.on_refund = ORDINARY
        return script.answer
    takings = gateway.ledger.taken_today(entry, call.now)
    if gateway.settings.takings == "check" and amount > takings:
        raise Refused("1269")
    full = amount == entry.left
    respcd = gateway.ledger.happen(
        entry, Event.REFUND_FULL if full else Event.REFUND_PART, call.now, amount=amount
    )
    if respcd != "0000":
        raise Refused(respcd)
    return respcd


def _answer(
    gateway: Gateway, call: Call, entry: Entry, record: Entry, respcd: str
) -> dict[str, Any]:
    return {
        "orig_syssn": entry.syssn,
        "sysdtm": record.sysdtm,
        "paydtm": record.sysdtm,
        "txdtm": record.txdtm,
        "udid": call.get("udid") or DEFAULT_UDID,
        "txcurrcd": entry.txcurrcd,
        "txamt": str(record.txamt),
        "resperr": result_text(respcd, gateway.lang),
        "respmsg": "Void received" if _is_void(entry, call.now) else "",
        "out_trade_no": record.out_trade_no,
        "syssn": record.syssn,
        "respcd": respcd,
        "chnlsn": record.chnlsn,
        "cardcd": entry.cardcd,
    }
