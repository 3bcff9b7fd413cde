"""``/trade/v1/payment``: a new order on the books, and the wallet's answer."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from qftools import catalogue
from qftools.catalogue import PayType
from qftools.sandbox.books.orders import Entry
from qftools.sandbox.books.states import DEAD, Event, State
from qftools.sandbox.gateway import magic
from qftools.sandbox.gateway.answers import Refused, flat, number_is_used
from qftools.sandbox.gateway.calls import Call
from qftools.sandbox.gateway.faults import DEFAULT_SECONDS, Fault
from qftools.sandbox.gateway.modes import (
    FPS_APP,
    extra_fields,
    fields_of_mode,
    wallet_of,
)
from qftools.sandbox.gateway.settings import AUTHCODE_SECONDS

if TYPE_CHECKING:
    from qftools.sandbox.gateway.gateway import Gateway

# Characters, as published; goods_info has no limit there. What is kept must be bounded.
LONGEST = {
    "out_trade_no": 128,
    "udid": 40,
    "goods_name": 64,
    "goods_info": 1_000,
    "notify_url": 256,
    "return_url": 512,
    "auth_code": 128,
}
STALE_CODE = "130132752777533864"  # the vendor's own test expects 1202 for it [vendor-tests]
CPM_SECONDS = 300.0  # how long a payer may type the password [chosen]
HOLD_SECONDS = 900.0  # a hold that the payer does not confirm (docs2024)
CODE_SECONDS = 1_800.0  # a code or page lives 30 minutes unless expired_time says otherwise


def pay(gateway: Gateway, call: Call) -> dict[str, Any]:
    """Place an order, or refuse it."""
    call.need("txamt", "pay_type", "out_trade_no", "txdtm")
    for name, longest in LONGEST.items():
        if name in call.params:
            call.check_length(name, longest)
    call.check_time()
    if "," in call.get("out_trade_no"):
        raise Refused("1104", "out_trade_no must not hold a comma")
    amount, currency = call.amount(), call.currency()
    pay_type = _pay_type(gateway, call)
    _refuse_amount(gateway, pay_type, amount, currency)
    if gateway.settings.strict_fields == "on":
        call.need(*fields_of_mode(pay_type))
    seconds = _lifetime(call, pay_type)
    code = call.get("auth_code") if pay_type.mode == "cpm" else ""
    script = gateway.magic(amount, code)
    first = gateway.books.by_number(call.scope, call.get("out_trade_no"))
    if first is not None:
        return _again(gateway, call, first)
    wallet = wallet_of(pay_type, code)
    if script.refuse:
        raise Refused(script.refuse)
    if _stopped(call, script):
        return {}
    entry = gateway.ledger.place(
        now=call.now,
        out_trade_no=call.get("out_trade_no"),
        scope=call.scope,
        app_code=call.merchant.app_code,
        mchid=call.mchid,
        txdtm=call.get("txdtm"),
        pay_type=call.get("pay_type"),
        wallet=wallet,
        mode=pay_type.mode,
        state=State.HOLD_PENDING if pay_type.mode == "preauth" else State.CREATED,
        hold_days=int(gateway.settings.hold_days),
        hold_rows=gateway.settings.hold_rows,
        txamt=amount,
        txcurrcd=currency,
        plan=[replace(planned) for planned in script.plan],
        on_cancel=script.on_cancel,
        on_refund=script.on_refund,
        faults=[replace(fault) for fault in script.faults if fault.on != "payment"],
        hidden=script.hidden,
        fingerprint=_fingerprint(call),
        **{name: call.get(name) for name in LONGEST if name != "out_trade_no"},
    )
    call.touched.append((entry, ""))
    entry.extra = extra_fields(entry, gateway.ids, gateway.public_url, call.params)
    lives = seconds if script.expires is None else script.expires
    gateway.ledger.expire_at(entry, call.now + lives)
    _begin(gateway, call, entry, script)
    gateway.ledger.start_plan(entry, call.now)
    return flat(entry, script.first or _result(entry), gateway.lang)


def _pay_type(gateway: Gateway, call: Call) -> PayType:
    """Return the row of the pay type; refuse one that it can't use."""
    code, fps_app = call.get("pay_type"), gateway.settings.fps_app
    row = catalogue.pay_types().get(FPS_APP.get(code, code) if code == fps_app else code)
    enabled = call.merchant.pay_types
    if row is None or (enabled and code not in enabled) or code == FPS_APP.get(fps_app):
        raise Refused("1104", "filter error")
    region = call.merchant.region
    if region and row.regions and not {region, "all", "overseas"} & set(row.regions):
        raise Refused("1104", "filter error")
    if row.mode == "cpm":
        call.need("auth_code")
    return row


def _refuse_amount(gateway: Gateway, pay_type: PayType, amount: int, currency: str) -> None:
    if pay_type.above_one_unit and currency in ("HKD", "MYR") and amount <= 100:
        raise Refused("1104", f"txamt must be above {currency} 1.00 for {pay_type.code}")
    own = catalogue.wallets()[pay_type.wallet].currencies
    if gateway.settings.wallet_currency == "own" and own and currency not in own:
        raise Refused("1104", f"txcurrcd must be {' or '.join(own)} for {pay_type.code}")


def _lifetime(call: Call, pay_type: PayType) -> float:
    if pay_type.mode == "cpm":
        return CPM_SECONDS
    if pay_type.mode == "preauth":
        return HOLD_SECONDS
    text = call.get("expired_time")
    if not text or not pay_type.expiry_field:
        return CODE_SECONDS
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and 5 <= int(text) <= 120):
        raise Refused("1104", "expired_time must be 5 to 120 minutes")
    return int(text) * 60.0


def _again(gateway: Gateway, call: Call, first: Entry) -> dict[str, Any]:
    """Answer a payment whose out_trade_no was used before (C17)."""
    call.touch(first)
    if gateway.settings.duplicate_code == "idempotent":
        same = first.fingerprint == _fingerprint(call) and first.order_type == "payment"
        if same and first.state not in DEAD and not first.paid:
            return flat(first, _result(first), gateway.lang)
    respcd = gateway.ledger.happen(first, Event.AGAIN, call.now)
    raise number_is_used(respcd, gateway.settings.duplicate_code)


def _stopped(call: Call, script: magic.Magic) -> bool:
    """Let the script's fault affect the payment; tell whether it ends here, before any act."""
    for bound in script.faults:
        if bound.on == "payment":
            wait = DEFAULT_SECONDS.get(bound.name, 0.0)
            return call.meet(Fault(name=bound.name, on=("payment",), seconds=wait))
    return False


def _begin(gateway: Gateway, call: Call, entry: Entry, script: magic.Magic) -> None:
    """Pass the order to the wallet."""
    stale = entry.auth_code == STALE_CODE and not script.number  # a magic amount goes first
    if entry.cpm and (stale or not _code_works(gateway, call, entry)):
        gateway.ledger.happen(entry, Event.FAIL, call.now, code="1202")
        return
    place = script.place
    if entry.cpm and place == "show":  # nothing to show: the payer is being asked
        place = "type"
    if not place:
        ask = gateway.settings.password == "on"
        place = ("type" if ask else "pay") if entry.cpm else "show"
    if place == "none":
        return
    if not entry.cpm and place in ("pay", "type", "fail"):
        gateway.ledger.happen(entry, Event.SHOW, call.now)
    if place != "fail" or entry.cpm:
        gateway.ledger.happen(entry, Event(place), call.now, code=script.code)


def _code_works(gateway: Gateway, call: Call, entry: Entry) -> bool:
    """Use up the payment code: it works once, and only so long after it was first seen."""
    code = entry.auth_code
    if gateway.settings.magic == "on" and magic.reusable(code):
        return True
    life = AUTHCODE_SECONDS[gateway.settings.authcode_life]
    return gateway.ledger.codes.use(code, call.now, life)


def _result(entry: Entry) -> str:
    """Return what the answer says: for a code to be scanned 0000 means placed."""
    if not entry.cpm and entry.state not in DEAD:
        return "0000"
    return entry.row_respcd if entry.state is not State.PAID else "0000"


def _fingerprint(call: Call) -> str:
    text = "&".join(f"{name}={call.params[name]}" for name in sorted(call.params))
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=12).hexdigest()
