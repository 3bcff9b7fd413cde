"""``/trade/v1/query``: orders of the books, one row each. A query changes nothing by itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qftools import catalogue
from qftools.sandbox.books.clock import beijing, parse_time
from qftools.sandbox.books.orders import Entry
from qftools.sandbox.books.states import State
from qftools.sandbox.gateway.answers import DEFAULT_UDID, QUERY_SUCCESS, Refused, result_text
from qftools.sandbox.gateway.calls import Call
from qftools.sandbox.gateway.merchants import merchant_number

if TYPE_CHECKING:
    from qftools.sandbox.gateway.gateway import Gateway

DEFAULT_PAGE_SIZE = 10
MAX_PAGE_SIZE = 100
MAX_NUMBERS = 100
_CANCELS = ("close", "unfreeze")


@dataclass(slots=True)
class Wanted:
    """What a query asks for.

    Attributes:
        named: Whether orders are named: the interval is ignored then (docs2024).
    """

    numbers: tuple[str, ...]
    syssns: tuple[str, ...]
    pay_types: tuple[str, ...]
    respcds: tuple[str, ...]
    start: str
    end: str
    named: bool

    @property
    def month(self) -> str:
        """The month of the interval (``YYYY-MM``), empty without one."""
        return (self.start or self.end)[:7]

    def fits(self, entry: Entry) -> bool:
        """Tell whether an order is one of those that are asked for, numbers apart."""
        if self.pay_types and entry.pay_type not in self.pay_types:
            return False
        if self.respcds and entry.row_respcd not in self.respcds:
            return False
        if self.named or not (self.start or self.end):
            return True
        sysdtm = entry.sysdtm
        return self.start <= sysdtm and (not self.end or sysdtm <= self.end)


def query(gateway: Gateway, call: Call) -> dict[str, Any]:
    """Answer with the rows that were asked for, newest first."""
    page, size, sent = 1, DEFAULT_PAGE_SIZE, call.params
    if "page" in sent:
        page = _count(call, "page", 1, 10_000_000)
    if "page_size" in sent:
        size = _count(call, "page_size", DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)
    wanted = _wanted(gateway, call)
    found = _found(gateway, call, wanted, (page - 1) * size, size)
    for entry in found:
        if entry.faults and gateway.meet(call, entry):
            return {}
    visible: list[Entry] = []
    for entry in found:
        visible += _looked(gateway, call, entry)
    return {
        "respmsg": "",
        "resperr": QUERY_SUCCESS.say(gateway.lang),
        "respcd": "0000",
        # Once more: the look itself may have moved an order on.
        "data": [row_of(entry, gateway.lang) for entry in visible if wanted.fits(entry)],
        "page": page,
        "page_size": size,
    }


def _found(gateway: Gateway, call: Call, wanted: Wanted, skipped: int, most: int) -> list[Entry]:
    """Return a page of the orders that are asked for."""
    listed = gateway.settings.list_cancels == "on"
    found: list[Entry] = []
    for entry in _candidates(gateway, call, wanted):
        if (
            call.may_see(entry)
            and (listed or entry.order_type not in _CANCELS)
            and wanted.fits(entry)
        ):
            if skipped:
                skipped -= 1
                continue
            found.append(entry)
            if len(found) == most:
                break
    return found


def _looked(gateway: Gateway, call: Call, entry: Entry) -> tuple[Entry, ...]:
    """Count a query of an order; return the order if it is found."""
    before = entry.state.value
    if entry.order_type == "refund":  # a slow refund gets done by looks at either number
        payment = gateway.books.by_syssn(entry.chain)
        if payment is not None and entry.state is State.REFUNDING:
            gateway.ledger.looked(payment, call.now)
    if not gateway.ledger.looked(entry, call.now):
        return ()
    call.touched.append((entry, before))
    return (entry,)


def row_of(entry: Entry, lang: str) -> dict[str, Any]:
    """Return one row as the gateway writes it: every value a string."""
    respcd = entry.row_respcd
    return {
        "pay_type": entry.pay_type,
        "sysdtm": beijing(entry.created),
        "paydtm": entry.paydtm,
        "order_type": _order_type(entry) if entry.mode == "preauth" else entry.order_type,
        "txcurrcd": entry.txcurrcd,
        "txdtm": entry.txdtm,
        "txamt": str(entry.txamt),
        "chnlsn2": "",
        "out_trade_no": entry.out_trade_no,
        "syssn": entry.syssn,
        "cancel": entry.cancel_flag,
        "respcd": respcd,
        "errmsg": result_text(respcd, lang).removesuffix(f"({respcd})"),
        "chnlsn": entry.chnlsn,
        "cardcd": entry.cardcd,
        "udid": entry.udid or DEFAULT_UDID,
        "userid": merchant_number(entry.mchid) if entry.mchid else "",
        "goods_name": entry.goods_name,
        "goods_info": entry.goods_info,
        "goods_detail": "",
        "clisn": "",
        "cardtp": "",
        "origssn": entry.chain,
        "exchange_rate": "",
        "cash_fee": "0",
        "cash_fee_type": "",
        "cash_refund_fee": "0",
        "cash_refund_fee_type": "",
    }


def _order_type(entry: Entry) -> str:
    """Return what kind of row it is. The pay type of a card does not say that it is a hold."""
    card = entry.is_hold and catalogue.pay_types()[entry.pay_type].mode != "preauth"
    return "preauth" if card else entry.order_type  # [chosen]


def _count(call: Call, name: str, default: int, most: int) -> int:
    text = call.params.get(name)
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 8 and 1 <= int(text) <= most):
        raise Refused("1104", f"{name} must be a number from 1 to {most}")
    return int(text)


def _interval(gateway: Gateway, call: Call) -> tuple[str, str]:
    start, end = call.params.get("start_time", ""), call.params.get("end_time", "")
    for name, text in (("start_time", start), ("end_time", end)):
        if text:
            try:
                parse_time(text)
            except ValueError:
                raise Refused("1104", f"{name} must be YYYY-MM-DD hh:mm:ss") from None
    if gateway.settings.strict_month == "across":
        numbers = call.get("syssn") or call.get("out_trade_no")
        if not numbers and not (start and end):
            raise Refused("1104", "a number, or start_time and end_time, must be given")
    elif start and end and start[:7] != end[:7]:
        raise Refused("1104", "start_time and end_time must lie in one calendar month")
    return start, end


def _words(call: Call, name: str) -> tuple[str, ...]:
    text = call.params[name].strip()
    if "," not in text:  # the usual case
        return (text,) if text else ()
    words = tuple([word.strip() for word in text.split(",") if word.strip()])
    if len(words) > MAX_NUMBERS:
        raise Refused("1104", f"{name} must name at most {MAX_NUMBERS}")
    return words


def _wanted(gateway: Gateway, call: Call) -> Wanted:
    sent = call.params
    of_time = "start_time" in sent or "end_time" in sent
    across = gateway.settings.strict_month == "across"
    start, end = _interval(gateway, call) if of_time or across else ("", "")
    numbers = _words(call, "out_trade_no") if "out_trade_no" in sent else ()
    syssns = _words(call, "syssn") if "syssn" in sent else ()
    return Wanted(
        numbers=numbers,
        syssns=syssns,
        pay_types=_words(call, "pay_type") if "pay_type" in sent else (),
        respcds=_words(call, "respcd") if "respcd" in sent else (),
        start=start,
        end=end,
        named=bool(numbers or syssns),
    )


def _candidates(gateway: Gateway, call: Call, wanted: Wanted) -> Iterable[Entry]:
    """Return the orders that are named, or all of a month, newest first."""
    if not wanted.named:
        if wanted.start[:7] < wanted.end[:7] and wanted.start:
            return gateway.books.newest()
        month = wanted.month or beijing(call.now)[:7]
        return gateway.books.month(call.scope, month)
    found = _named(gateway, call, wanted)
    if len(found) < 2:
        return found.values()
    return sorted(found.values(), key=lambda entry: -entry.number)


def _named(gateway: Gateway, call: Call, wanted: Wanted) -> dict[str, Entry]:
    """Return the orders that are named, by syssn."""
    books, found = gateway.ledger.books, {}
    # Rows lie in tables by month of sysdtm; a syssn has its date in it (C29).
    is_strict = gateway.settings.strict_month == "on" and not wanted.syssns
    month = (wanted.month or beijing(call.now)[:7]) if is_strict else ""
    for number in wanted.numbers:
        entry = books.by_number(call.scope, number)
        if entry is None or (wanted.syssns and entry.syssn not in wanted.syssns):
            continue
        if not is_strict or entry.sysdtm[:7] == month:
            found[entry.syssn] = entry
    for syssn in wanted.syssns if not wanted.numbers else ():
        entry = books.by_syssn(syssn)
        if entry is not None:
            found[syssn] = entry
    return found
