"""Merchants and orders from a TOML file: all of it is checked, then all of it is added.

The words are the wire's; the states are those of `states.State`.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from qftools import catalogue
from qftools.errors import InputError, SandboxError
from qftools.locale import mark
from qftools.sandbox.books.clock import from_beijing, parse_time
from qftools.sandbox.books.orders import Entry
from qftools.sandbox.books.states import HOLDS, MONEY_CAME, ON_HOLD, OPEN, State
from qftools.sandbox.gateway.gateway import Gateway
from qftools.sandbox.gateway.merchants import Merchant
from qftools.sandbox.gateway.modes import extra_fields, wallet_of
from qftools.sandbox.gateway.payment import CODE_SECONDS, CPM_SECONDS, HOLD_SECONDS
from qftools.sandbox.gateway.refund import SECONDS_A_DAY
from qftools.sandbox.words import not_one_of
from qftools.signing import check_key

T = TypeVar("T")

_MERCHANT_FIELDS = frozenset(item.name for item in fields(Merchant))
_NEEDED = ("pay_type", "out_trade_no", "txamt", "txdtm")
_TEXTS = ("pay_type", "out_trade_no", "syssn", "txcurrcd", "txdtm", "mchid", "app_code", "sysdtm")
_MORE_TEXTS = ("udid", "goods_name", "goods_info", "notify_url", "return_url", "auth_code")
_ORDER_FIELDS = frozenset({*_TEXTS, *_MORE_TEXTS, "txamt", "state", "refunded", "respcd"})
_ORDER_FIELDS |= {"captured"}


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a file brought.

    Attributes:
        merchants: The app codes of its merchants.
        orders: The numbers of its orders that were new.
        known: The numbers of those that the books had already; they stay as they are.
    """

    merchants: tuple[str, ...]
    orders: tuple[str, ...]
    known: tuple[str, ...]


def load(gateway: Gateway, path: str | os.PathLike[str]) -> Loaded:
    """Add the merchants and orders of a file to the books.

    Raises:
        SandboxError: It can't be read, or a value in it makes no sense: says which.
            Then nothing was added.
    """
    document = _read(Path(path))
    merchants = list(_each(path, document, "merchants", _merchant))
    by_code = {merchant.app_code: merchant for merchant in (*gateway.merchants, *merchants)}
    rows = list(_each(path, document, "orders", lambda row: _order(row, by_code)))
    for row in rows:
        lenient = gateway.settings.mchid == "optional"
        row["scope"] = row["merchant"].scope(row["mchid"], lenient=lenient)
    _refuse_repeats(path, rows)
    for merchant in merchants:
        gateway.merchants.add(merchant)
    new: list[str] = []
    known: list[str] = []
    for row in rows:
        (new if _enter(gateway, row) else known).append(row["out_trade_no"])
    gateway.ledger.rebuild()
    codes = tuple(merchant.app_code for merchant in merchants)
    return Loaded(codes, tuple(new), tuple(known))


def _read(path: Path) -> dict[str, Any]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SandboxError("can't read {path}: {cause}", path=path, cause=error.strerror) from error
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"line (\d+)", str(error))  # else: at the end of the document
        line = at[1] if at else len(path.read_text(encoding="utf-8").splitlines())
        raise SandboxError("{path} is not TOML: see line {line}", path=path, line=line) from error
    except UnicodeDecodeError as error:
        raise SandboxError("{path} is not TOML: it is not UTF-8", path=path) from error
    unknown = set(document) - {"merchants", "orders"}
    if unknown:
        said = mark("{path}: {name!r} is unknown; there are merchants and orders")
        raise SandboxError(said, path=path, name=min(unknown))
    return document


def _each(
    path: object, document: Mapping[str, Any], name: str, read: Callable[[dict[str, Any]], T]
) -> Iterator[T]:
    """Yield what *read* makes of each row of a table; what it refuses is named by its row."""
    rows = document.get(name, [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise SandboxError("{path}: {name} must be written as [[{name}]]", path=path, name=name)
    for index, row in enumerate(rows, 1):
        try:
            yield read(row)
        except (InputError, SandboxError) as error:
            raise SandboxError(_AT[name], path=path, index=index, problem=error) from error


_AT = {
    "merchants": mark("{path}, merchant {index}: {problem}"),
    "orders": mark("{path}, order {index}: {problem}"),
}


def _merchant(row: dict[str, Any]) -> Merchant:
    _refuse_unknown(row, _MERCHANT_FIELDS)
    for name in ("app_code", "client_key"):
        if not row.get(name):
            raise SandboxError("{name} is missing", name=name)
    values = dict(row)
    for name, value in row.items():
        if name in ("mchids", "pay_types", "currencies", "t0_mchids"):
            if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
                raise SandboxError("{name} must be a list of texts", name=name)
            values[name] = tuple(value)
        elif name == "t0" and not isinstance(value, bool):
            raise SandboxError("t0 must be true or false")
        elif name != "t0" and not isinstance(value, str):
            raise SandboxError("{name} must be a text", name=name)
    check_key(row["client_key"])
    return Merchant(**values)


def _order(row: dict[str, Any], merchants: Mapping[str, Merchant]) -> dict[str, Any]:
    """Return the row with every value checked, and its merchant."""
    _refuse_unknown(row, _ORDER_FIELDS)
    values = dict(row)
    for name in ("txdtm", "sysdtm"):
        if isinstance(values.get(name), datetime):  # a time without quotes is one of TOML's own
            values[name] = values[name].strftime("%Y-%m-%d %H:%M:%S")
    for name in _NEEDED:
        if values.get(name) in (None, ""):
            raise SandboxError("{name} is missing", name=name)
    for name in (*_TEXTS, *_MORE_TEXTS):
        if not isinstance(values.setdefault(name, ""), str):
            raise SandboxError("{name} must be a text", name=name)
    for name in ("txdtm", "sysdtm"):
        try:
            parse_time(values[name] or values["txdtm"])
        except ValueError:
            raise SandboxError("{name} must be YYYY-MM-DD hh:mm:ss", name=name) from None
    for name, least in (("txamt", 1), ("refunded", 0), ("captured", 0)):
        value = values.setdefault(name, 0)
        if type(value) is not int or not least <= value < 10**11:
            raise SandboxError("{name} must be a whole number of minor units", name=name)
    _refuse_unlisted("pay_type", values["pay_type"], catalogue.pay_types())
    if not values["app_code"] and len(merchants) == 1:
        values["app_code"] = next(iter(merchants))
    merchant = merchants.get(values["app_code"])
    if merchant is None:
        raise SandboxError("app_code is not one of the merchants")
    values["txcurrcd"] = values["txcurrcd"] or merchant.currency
    _refuse_unlisted("txcurrcd", values["txcurrcd"], catalogue.currencies())
    values["state"] = _state(values)
    values["merchant"] = merchant
    return values


def _state(values: Mapping[str, Any]) -> State:
    mode = catalogue.pay_types()[values["pay_type"]].mode
    given = values.get("state", "hold pending" if mode == "preauth" else "waiting")
    known = [state.value for state in State]
    if given not in known:
        raise not_one_of("state", given, known)
    state, part = State(given), values["refunded"]
    wrong = mode == "preauth" and state in (OPEN | MONEY_CAME) - HOLDS
    if wrong or (state in HOLDS and mode != "preauth" and not _is_card(values["pay_type"])):
        said = mark("pay_type {value} has no state {state}")
        raise SandboxError(said, value=values["pay_type"], state=given)
    if part and state not in (State.PARTLY_REFUNDED, State.REFUNDING, State.REFUNDED):
        raise SandboxError("refunded is given, but the state is {state}", state=given)
    if state is State.PARTLY_REFUNDED and not 0 < part < values["txamt"]:
        raise SandboxError("refunded must be above 0 and below txamt")
    _check_captured(values, state)
    return state


def _check_captured(values: Mapping[str, Any], state: State) -> None:
    captured, held = values["captured"], values["txamt"]
    if captured and state not in (State.PARTLY_CAPTURED, State.CAPTURED):
        raise SandboxError("captured is given, but the state is {state}", state=state.value)
    if state is State.PARTLY_CAPTURED and not 0 < captured < held:
        raise SandboxError("captured must be above 0 and below txamt")
    if captured > held:
        raise SandboxError("captured must not be above txamt")


def _is_card(pay_type: str) -> bool:
    """Tell whether it is a card's: the Element SDK holds those, no pay type of their own does."""
    return catalogue.pay_types()[pay_type].wallet in catalogue.CARDS


def _refuse_unlisted(name: str, value: str, table: Container[str]) -> None:
    if value not in table:
        raise SandboxError("{name} {value} is not in the catalogue", name=name, value=value)


def _refuse_unknown(row: Mapping[str, Any], known: frozenset[str]) -> None:
    unknown = sorted(set(row) - known)
    if unknown:
        said = mark("{name!r} is unknown; there are: {known}")
        raise SandboxError(said, name=unknown[0], known=", ".join(sorted(known)))


def _refuse_repeats(path: object, rows: list[dict[str, Any]]) -> None:
    for name in ("syssn", "out_trade_no"):
        seen: set[tuple[str, str]] = set()
        for row in rows:
            scope = row["scope"] if name == "out_trade_no" else ""
            if row[name] and (scope, row[name]) in seen:
                said = mark("{path}: {name} {number} is there twice")
                raise SandboxError(said, path=path, name=name, number=row[name])
            seen.add((scope, row[name]))


def _enter(gateway: Gateway, row: dict[str, Any]) -> bool:
    """Enter one order; False where the books have it already."""
    ledger, merchant, scope = gateway.ledger, row["merchant"], row["scope"]
    if gateway.books.by_number(scope, row["out_trade_no"]) or gateway.books.by_syssn(row["syssn"]):
        return False
    now = gateway.clock.now()
    pay_type = catalogue.pay_types()[row["pay_type"]]
    entry = ledger.place(
        now=_created(row, now),
        scope=scope,
        app_code=merchant.app_code,
        wallet=wallet_of(pay_type, row["auth_code"]),
        mode="preauth" if row["state"] in HOLDS else pay_type.mode,
        hold_days=int(gateway.settings.hold_days),
        hold_rows=gateway.settings.hold_rows,
        known_syssn=row["syssn"],
        **{name: row[name] for name in ("pay_type", "out_trade_no", "txamt", "txcurrcd", "txdtm")},
        **{name: row[name] for name in ("mchid", *_MORE_TEXTS)},
    )
    entry.extra = extra_fields(entry, gateway.ids, gateway.public_url, {})
    at = entry.created if row["sysdtm"] else now
    _settle(entry, row, at)
    if entry.captured:
        _enter_capture(gateway, entry, at)
    if entry.state in OPEN | ON_HOLD:  # its time runs from now: so an old one can be cancelled
        ledger.expire_at(entry, now + _lifetime(entry))
    return True


def _enter_capture(gateway: Gateway, hold: Entry, at: float) -> None:
    """Enter what was captured of a hold: a payment of its own, which can be refunded."""
    names = ("scope", "app_code", "mchid", "pay_type", "wallet", "mode", "txcurrcd", "txdtm")
    capture = gateway.ledger.place(
        now=at,
        out_trade_no="",
        txamt=hold.captured,
        chain=hold.syssn,
        **{name: getattr(hold, name) for name in names},
    )
    capture.state, capture.paid, capture.paid_at = State.PAID, capture.txamt, at


def _lifetime(entry: Entry) -> float:
    if entry.state in ON_HOLD:
        return entry.hold_days * SECONDS_A_DAY
    if entry.is_hold:
        return HOLD_SECONDS
    return CPM_SECONDS if entry.cpm else CODE_SECONDS


def _created(row: Mapping[str, Any], now: float) -> float:
    """Return when the gateway made it: as the file says, or the day that the number says."""
    if row["sysdtm"]:
        return from_beijing(row["sysdtm"])
    day = row["syssn"][:8]
    if len(day) == 8 and day.isascii() and day.isdigit():
        date = f"{day[:4]}-{day[4:6]}-{day[6:]}"
        time = row["txdtm"][11:] if row["txdtm"].startswith(date) else "00:00:00"
        try:
            return from_beijing(f"{date} {time}")
        except ValueError:
            return now
    return now


def _settle(entry: Entry, row: Mapping[str, Any], paid_at: float) -> None:
    """Give the order its state, with the money that belongs to it."""
    entry.state = row["state"]
    entry.code = row.get("respcd", "") or ""
    if entry.is_hold and entry.state in MONEY_CAME:
        entry.captured = row["captured"] or entry.txamt
    elif entry.state in MONEY_CAME:
        entry.paid = entry.txamt
        entry.paid_at = paid_at
        entry.refunded = entry.txamt if entry.state is State.REFUNDED else row["refunded"]
