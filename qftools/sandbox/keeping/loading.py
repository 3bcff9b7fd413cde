"""Merchants and orders from a TOML file: all of it is checked, then all of it is added.

The words are the wire's; the states are those of `states.State`.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from qftools import catalogue
from qftools.errors import InputError, SandboxError
from qftools.sandbox.books.clock import from_beijing, parse_time
from qftools.sandbox.books.orders import Entry
from qftools.sandbox.books.states import MONEY_CAME, OPEN, State
from qftools.sandbox.gateway.gateway import Gateway
from qftools.sandbox.gateway.merchants import Merchant
from qftools.sandbox.gateway.modes import extra_fields, wallet_of
from qftools.sandbox.gateway.payment import CODE_SECONDS, CPM_SECONDS
from qftools.signing import check_key

_MERCHANT_FIELDS = frozenset(item.name for item in fields(Merchant))
_NEEDED = ("pay_type", "out_trade_no", "txamt", "txdtm")
_TEXTS = ("pay_type", "out_trade_no", "syssn", "txcurrcd", "txdtm", "mchid", "app_code", "sysdtm")
_MORE_TEXTS = ("udid", "goods_name", "goods_info", "notify_url", "return_url", "auth_code")
_ORDER_FIELDS = frozenset({*_TEXTS, *_MORE_TEXTS, "txamt", "state", "refunded", "respcd"})


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
    merchants = [_merchant(path, at, row) for at, row in _rows(path, document, "merchants")]
    by_code = {merchant.app_code: merchant for merchant in (*gateway.merchants, *merchants)}
    rows = [_order(path, at, row, by_code) for at, row in _rows(path, document, "orders")]
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
        raise SandboxError(f"can't read {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SandboxError(f"{path} is not TOML: {error}") from error
    unknown = set(document) - {"merchants", "orders"}
    if unknown:
        raise SandboxError(f"{path}: {min(unknown)!r} is unknown; there are merchants and orders")
    return document


def _rows(path: Any, document: Mapping[str, Any], name: str) -> list[tuple[str, dict[str, Any]]]:
    rows = document.get(name, [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise SandboxError(f"{path}: {name} must be written as [[{name}]]")
    return [(f"{name[:-1]} {index}", row) for index, row in enumerate(rows, 1)]


def _merchant(path: Any, at: str, row: dict[str, Any]) -> Merchant:
    _refuse_unknown(path, at, row, _MERCHANT_FIELDS)
    for name in ("app_code", "client_key"):
        if not row.get(name):
            raise SandboxError(f"{path}, {at}: {name} is missing")
    values = dict(row)
    for name, value in row.items():
        if name in ("mchids", "pay_types", "currencies", "t0_mchids"):
            if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
                raise SandboxError(f"{path}, {at}: {name} must be a list of texts")
            values[name] = tuple(value)
        elif name == "t0" and not isinstance(value, bool):
            raise SandboxError(f"{path}, {at}: t0 must be true or false")
        elif name != "t0" and not isinstance(value, str):
            raise SandboxError(f"{path}, {at}: {name} must be a text")
    try:
        check_key(row["client_key"])
        return Merchant(**values)
    except (InputError, SandboxError) as error:
        raise SandboxError(f"{path}, {at}: {error}") from error


def _order(
    path: Any, at: str, row: dict[str, Any], merchants: Mapping[str, Merchant]
) -> dict[str, Any]:
    """Return the row with every value checked, and its merchant."""

    def refuse(problem: str) -> SandboxError:
        return SandboxError(f"{path}, {at}: {problem}")

    _refuse_unknown(path, at, row, _ORDER_FIELDS)
    values = dict(row)
    for name in ("txdtm", "sysdtm"):
        if isinstance(values.get(name), datetime):  # a time without quotes is one of TOML's own
            values[name] = values[name].strftime("%Y-%m-%d %H:%M:%S")
    for name in _NEEDED:
        if values.get(name) in (None, ""):
            raise refuse(f"{name} is missing")
    for name in (*_TEXTS, *_MORE_TEXTS):
        if not isinstance(values.setdefault(name, ""), str):
            raise refuse(f"{name} must be a text")
    for name in ("txdtm", "sysdtm"):
        try:
            parse_time(values[name] or values["txdtm"])
        except ValueError:
            raise refuse(f"{name} must be YYYY-MM-DD hh:mm:ss") from None
    values["refunded"] = values.get("refunded", 0)
    for name, least in (("txamt", 1), ("refunded", 0)):
        value = values[name]
        if type(value) is not int or not least <= value < 10**11:
            raise refuse(f"{name} must be a whole number of minor units")
    if values["pay_type"] not in catalogue.pay_types():
        raise refuse(f"pay_type {values['pay_type']} is not in the catalogue")
    if not values["app_code"] and len(merchants) == 1:
        values["app_code"] = next(iter(merchants))
    merchant = merchants.get(values["app_code"])
    if merchant is None:
        raise refuse("app_code is not one of the merchants")
    values["txcurrcd"] = values["txcurrcd"] or merchant.currency
    if values["txcurrcd"] not in catalogue.currencies():
        raise refuse(f"txcurrcd {values['txcurrcd']} is not in the catalogue")
    values["state"] = _state(refuse, values)
    values["merchant"] = merchant
    return values


def _state(refuse: Any, values: Mapping[str, Any]) -> State:
    try:
        state = State(values.get("state", "waiting"))
    except ValueError:
        words = ", ".join(state.value for state in State)
        raise refuse(f"state is {values['state']!r}; it must be one of: {words}") from None
    part = values["refunded"]
    if part and state not in (State.PARTLY_REFUNDED, State.REFUNDING, State.REFUNDED):
        raise refuse(f"refunded is given, but the state is {state.value}")
    if state is State.PARTLY_REFUNDED and not 0 < part < values["txamt"]:
        raise refuse("refunded must be above 0 and below txamt")
    return state


def _refuse_unknown(path: Any, at: str, row: Mapping[str, Any], known: frozenset[str]) -> None:
    unknown = sorted(set(row) - known)
    if unknown:
        names = ", ".join(sorted(known))
        raise SandboxError(f"{path}, {at}: {unknown[0]!r} is unknown; there are: {names}")


def _refuse_repeats(path: Any, rows: list[dict[str, Any]]) -> None:
    for name in ("syssn", "out_trade_no"):
        seen: set[tuple[str, str]] = set()
        for row in rows:
            scope = row["scope"] if name == "out_trade_no" else ""
            if row[name] and (scope, row[name]) in seen:
                raise SandboxError(f"{path}: {name} {row[name]} is there twice")
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
        mode=pay_type.mode,
        known_syssn=row["syssn"],
        **{name: row[name] for name in ("pay_type", "out_trade_no", "txamt", "txcurrcd", "txdtm")},
        **{name: row[name] for name in ("mchid", *_MORE_TEXTS)},
    )
    entry.extra = extra_fields(entry, gateway.ids, gateway.public_url, {})
    _settle(entry, row, entry.created if row["sysdtm"] else now)
    if entry.state in OPEN:  # its time runs from now: an order of long ago can still be cancelled
        ledger.expire_at(entry, now + (CPM_SECONDS if entry.cpm else CODE_SECONDS))
    return True


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
    if entry.state in MONEY_CAME:
        entry.paid = entry.txamt
        entry.paid_at = paid_at
        entry.refunded = entry.txamt if entry.state is State.REFUNDED else row["refunded"]
