"""What control API and workbench show of orders, exchanges and notifications, as plain data.

Reads and decides nothing; no client key is ever part of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from qftools import catalogue
from qftools.errors import InputError
from qftools.exchange.redaction import redactor_for
from qftools.sandbox.books.clock import beijing
from qftools.sandbox.books.orders import Entry
from qftools.sandbox.explanations import explanation
from qftools.sandbox.gateway.faults import Fault
from qftools.sandbox.gateway.log import LoggedExchange
from qftools.sandbox.gateway.merchants import Merchant
from qftools.sandbox.notifications.notices import Notice
from qftools.signing import canonical, sign

if TYPE_CHECKING:
    from qftools.sandbox.gateway.gateway import Gateway

MOST_SHOWN = 4_000  # characters of a body


def order(entry: Entry, public_url: str) -> dict[str, Any]:
    """Return one order of the books; ``payer_url`` is where its payer's page is."""
    row = entry.row()
    name = catalogue.wallets().get(entry.wallet)
    return {
        **asdict(row),
        "kept": row.kept,
        "amount": catalogue.amount(entry.txamt, entry.txcurrcd),
        "wallet_name": name.name.to_dict() if name else None,
        "goods_name": entry.goods_name,
        "expires": beijing(entry.expires) if entry.expires is not None else "",
        "payer_url": f"{public_url}/payer/{entry.syssn}" if row.order_type == "payment" else "",
    }


def exchange(seen: LoggedExchange) -> dict[str, Any]:
    """Return one exchange in a line: what was asked, what was answered, what it changed."""
    response = seen.response
    row = catalogue.codes().get(seen.respcd)
    code = row.of_reply(seen.endpoint) if row else None
    return {
        "number": seen.number,
        "at": beijing(seen.at),
        "endpoint": seen.endpoint,
        "method": seen.request.method,
        "path": redactor_for().text(seen.request.path[:200]),
        "signature": seen.signature,
        "respcd": seen.respcd,
        "respcd_kind": code.kind if code else "",
        "respcd_text": code.meaning.to_dict() if code else None,
        "status": response.status if response else 0,
        "fate": response.fate if response else "lost",
        "fault": seen.fault,
        "app_code": seen.app_code,
        "orders": [asdict(touched) for touched in seen.orders],
        "out_trade_no": seen.params.get("out_trade_no", ""),
        "syssn": seen.params.get("syssn", ""),
        "replay_of": seen.replay_of,
    }


def exchange_in_full(seen: LoggedExchange, gateway: Gateway) -> dict[str, Any]:
    """Return one exchange with its parameters, its answer, what should have been signed, and
    why it was refused.

    Keys and what names the payer are left out as in `exchanges`.
    """
    request, response = seen.request, seen.response
    redactor = redactor_for(gateway.merchants.keys)
    params: dict[str, str] = redactor.plain(dict(seen.params))
    return {
        **exchange(seen),
        **{name: params[name] for name in ("out_trade_no", "syssn") if name in params},
        "params": params,
        "content_type": redactor.text(request.headers.get("content-type", "")),
        "sign": redactor.text(request.headers.get("x-qf-sign", "")),
        "signtype": redactor.text(request.headers.get("x-qf-signtype", "")),
        "signed": _signed(seen, params, gateway),
        "answer": redactor.body(response.body, MOST_SHOWN).decode("utf-8", "replace")
        if response
        else "",
        "explanation": found.to_dict() if (found := explanation(seen, gateway)) else None,
    }


def _signed(
    seen: LoggedExchange, params: Mapping[str, str], gateway: Gateway
) -> dict[str, str] | None:
    """Return the text that is signed and the right signature, where the parameters are known."""
    merchant = gateway.merchants.find(seen.app_code)
    if merchant is None or not seen.params:
        return None
    sha = seen.request.headers.get("x-qf-signtype", "").strip().upper() == "SHA256"
    try:
        return {
            "text": canonical(params)[:MOST_SHOWN],
            "signature": sign(seen.params, merchant.client_key, "SHA256" if sha else "MD5"),
        }
    except InputError:
        return None


def notice(item: Notice) -> dict[str, Any]:
    """Return one notification and its deliveries."""
    return {
        "id": item.id,
        "syssn": item.syssn,
        "out_trade_no": item.out_trade_no,
        "notify_type": item.notify_type,
        "url": item.url,
        "state": item.state,
        "made_at": beijing(item.made_at),
        "due": "" if item.due is None else beijing(item.due),
        "body": item.body.decode(),
        "attempts": [{**asdict(done), "at": beijing(done.at)} for done in item.attempts],
    }


def fault(item: Fault) -> dict[str, Any]:
    """Return one armed fault; an id that begins with n is a fault of notifications."""
    record = asdict(item) | {"on": list(item.on)}
    del record["after"]
    return record


def merchant(item: Merchant) -> dict[str, Any]:
    """Return one merchant without its key."""
    return {
        "app_code": item.app_code,
        "mchid": item.mchid,
        "mchids": list(item.mchids),
        "pay_types": list(item.pay_types),
        "currencies": list(item.currencies),
        "currency": item.currency,
        "t0": item.t0,
        "t0_mchids": list(item.t0_mchids),
        "region": item.region,
        "notify_url": item.notify_url,
    }
