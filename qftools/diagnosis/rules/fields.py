"""Checks of the parameters: names, lengths, amounts, times, numbers, pay types.

None of them needs a key. Names and lengths come from the catalogue.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from qftools import catalogue
from qftools.diagnosis.reading.json_text import load_json
from qftools.diagnosis.rules.sending import Case, Hit, hit, near
from qftools.diagnosis.visible import deceptive, visible
from qftools.exchange.hidden_fields import KEY_FIELDS
from qftools.patterns import pattern
from qftools.validation import read_time

_NUMBER = pattern(r"[A-Za-z0-9_|*]+")
_NOT_NUMBERS = frozenset({"mchid"})  # real ones are longer than the 16 of the tables (3.1)
_TIMES = ("txdtm", "start_time", "end_time")
_MOST_LOOKED_AT = 100  # parameters whose names are compared with known ones
_SMALL = 100  # minor units; less than one dollar is worth a question
_LONG_LISTS = {("query", "syssn"), ("query", "out_trade_no")}
_BEYOND_TABLE = frozenset({"sign", "sign_type", "app_code", "appcode"}) | KEY_FIELDS


def field_rules(case: Case) -> Iterator[Hit]:
    """Everything that is wrong with the parameters, in the order of the rules."""
    if case.reading.kind in ("json", "xml", "other"):
        return
    yield from _written(case)
    if case.endpoint:
        yield from _names(case)
        yield from _lengths(case)
        if case.whole:
            yield from _missing(case)
    yield from _amount(case)
    yield from _times(case)
    yield from _numbers(case)
    yield from _pay_type(case)
    yield from _mchid(case)
    yield from _others(case)
    if case.endpoint in ("reversal", "close"):
        yield from _route(case)


# ---- how values are written ------------------------------------------------------------


def _written(case: Case) -> Iterator[Hit]:
    reading = case.reading
    for name in reading.twice[:5]:
        yield hit("field-repeated", name)
    for name in reading.raw_bytes[:5]:
        yield hit("field-not-utf8", name, value=reading.params[name])
    for name, value in list(reading.params.items())[:200]:
        if name in reading.raw_bytes:
            continue
        found = deceptive(value[:5000]) + deceptive(name[:200])
        if found:
            yield hit("field-deceptive", name, value=f"{', '.join(found)}: {visible(value[:60])}")
        elif value != value.strip():
            yield hit("field-blanks", name, value=visible(value))
        elif value == "":
            yield hit("field-empty", name)
        if name in reading.raw_plus and (name == "txzone" or re.search(r" 0\d00$", value)):
            yield hit("plus-raw", name, value=f"'{value}'")


# ---- names -----------------------------------------------------------------------------


def _names(case: Case) -> Iterator[Hit]:
    known = {field.name for field in catalogue.fields(case.endpoint, "request")}
    everywhere = {field.name for field in catalogue.fields(part="request")}
    sent = case.reading.params
    for name in list(sent)[:_MOST_LOOKED_AT]:
        if name in known or name in _BEYOND_TABLE:
            continue
        missing = sorted(known - set(sent))
        close = near(name, missing)
        if close and name not in everywhere:
            yield hit("field-unknown", name, near=close)
        else:
            yield hit("field-unlisted", name, endpoint=case.endpoint)


def _missing(case: Case) -> Iterator[Hit]:
    sent = case.reading.params
    rows = catalogue.fields(case.endpoint, "request")
    for row in rows:
        if row.required == "yes" and not sent.get(row.name):
            yield hit("field-missing", row.name, endpoint=case.endpoint)
    group = [row.name for row in rows if row.required == "one-of"]
    if group and not any(sent.get(name) for name in group):
        yield hit("field-missing", " / ".join(group), endpoint=case.endpoint)


def _lengths(case: Case) -> Iterator[Hit]:
    sent = case.reading.params
    for row in catalogue.fields(case.endpoint, "request"):
        length = len(sent.get(row.name, ""))
        if row.length is None or length <= row.length or row.name in _NOT_NUMBERS:
            continue
        if (case.endpoint, row.name) not in _LONG_LISTS:
            yield hit("field-too-long", row.name, value=str(length), wanted=str(row.length))


# ---- amounts -----------------------------------------------------------------------------


def _amount(case: Case) -> Iterator[Hit]:
    params = case.reading.params
    currency = params.get("txcurrcd", "")
    if currency and currency not in catalogue.currencies():
        close = (
            "CNY" if currency.upper() in ("RMB", "CNH") else near(currency, catalogue.currencies())
        )
        yield hit("currency-unknown", "txcurrcd", value=currency, near=close or "-")
    text = params.get("txamt", "")
    if not text:
        return
    if not (text.isascii() and text.isdecimal()):
        negative = re.fullmatch(r"-\d{1,11}", text, re.ASCII)
        yield hit("amount-not-positive" if negative else "amount-format", "txamt", value=text)
        return
    if len(text) > 11:
        return  # said by the length
    amount = int(text)
    if amount == 0:
        yield hit("amount-not-positive", "txamt", value=text)
    elif currency == "JPY" and amount >= 10_000 and amount % 100 == 0:
        yield hit("amount-yen", "txamt", value=f"JPY {amount:,}", raw=text)
    elif currency != "JPY" and amount < _SMALL and case.endpoint == "payment":
        shown = f"{currency} {amount / 100:.2f}".strip()
        yield hit("amount-small", "txamt", value=shown)


# ---- times -------------------------------------------------------------------------------


def _times(case: Case) -> Iterator[Hit]:
    params = case.reading.params
    moments = {}
    for name in _TIMES:
        text = params.get(name)
        if not text:
            continue
        moment = read_time(text)
        if moment is None:
            yield hit("time-format", name, value=text)
        else:
            moments[name] = moment
    start, end = moments.get("start_time"), moments.get("end_time")
    if start and end and (start.year, start.month) != (end.year, end.month):
        yield hit("months-crossed", "end_time", value=f"{start:%Y-%m} / {end:%Y-%m}")
    if case.endpoint in ("payment", "refund") and "txdtm" in moments:
        yield from _zone(case, moments["txdtm"])


def _zone(case: Case, sent: datetime.datetime) -> Iterator[Hit]:
    """The gateway's own time in the answer is Beijing's: eight hours away means UTC."""
    if case.response is None or "txzone" in case.reading.params:
        return
    answer = load_json(case.response.body.decode("utf-8", "replace"))
    said = answer.get("sysdtm") if isinstance(answer, dict) else None
    booked = read_time(said) if isinstance(said, str) else None
    if booked and abs(booked - sent - datetime.timedelta(hours=8)) < datetime.timedelta(minutes=5):
        yield hit("time-zone-utc", "txdtm", value=str(said), wanted="8")


# ---- numbers of orders -------------------------------------------------------------------


def _numbers(case: Case) -> Iterator[Hit]:
    params = case.reading.params
    for number in params.get("syssn", "").split(",")[:20]:
        if number in catalogue.pay_types():
            yield hit("syssn-is-pay-type", "syssn", value=number)
        elif number and not (number.isascii() and number.isdecimal() and len(number) in _SYSSN):
            yield hit("syssn-shape", "syssn", value=number)
    number = params.get("out_trade_no", "")
    if number and case.endpoint in ("payment", "refund"):
        if not _NUMBER.fullmatch(number):
            yield hit("number-characters", "out_trade_no", value=number)
        if number in case.used:
            yield hit("number-reused", "out_trade_no", value=number, reason=case.used[number])


_SYSSN = (14, 18, 24, 26)


# ---- pay types ---------------------------------------------------------------------------


def _pay_type(case: Case) -> Iterator[Hit]:
    params = case.reading.params
    code = params.get("pay_type", "")
    if not code or case.endpoint == "query" and "," in code:
        return
    row = catalogue.pay_types().get(code)
    if row is None:
        close = near(code, catalogue.pay_types())
        yield hit("pay-type-unknown", "pay_type", value=code, near=close or "-")
    elif row.mode == "cpm" and case.endpoint == "payment" and not params.get("auth_code"):
        yield hit("auth-code-missing", "auth_code", value=code)
    elif row.mode == "cpm" and params.get("auth_code"):
        wallet = catalogue.wallets()[row.wallet]
        scanned = params["auth_code"]
        fits = scanned.startswith(wallet.auth_code_prefixes) and (
            not wallet.auth_code_lengths or len(scanned) in wallet.auth_code_lengths
        )
        if wallet.auth_code_prefixes and not fits:
            start, size = scanned[:2], str(len(scanned))
            yield hit("auth-code-wallet", "auth_code", value=wallet.name, start=start, wanted=size)


def _route(case: Case) -> Iterator[Hit]:
    params = case.reading.params
    code = params.get("pay_type") or next(
        (
            case.pay_types[params[name]]
            for name in ("syssn", "out_trade_no")
            if params.get(name) in case.pay_types
        ),
        "",
    )
    if code not in catalogue.pay_types():
        return
    from qftools.cancellation.routing import route  # few requests name a pay type and cancel

    way = route(code)
    if way.call == case.endpoint:
        return
    identifier = "wrong-endpoint" if way.call else "not-cancellable"
    found = hit(identifier, "pay_type", value=code, near=way.call or "-", endpoint=case.endpoint)
    yield Hit(found.id, {**found.values, "reason": way.reason}, found.field, way.source)


def _mchid(case: Case) -> Iterator[Hit]:
    mchid = case.reading.params.get("mchid")
    if case.mchid_rule == "required" and not mchid:
        yield hit("mchid-missing", "mchid")
    if not mchid:
        return
    if case.mchid_rule == "forbidden":
        yield hit("mchid-forbidden", "mchid", value=mchid)
    elif len(mchid) > 64 or len(_decoded(mchid)) != 2:
        yield hit("mchid-shape", "mchid", value=mchid)


def _decoded(mchid: str) -> tuple[int, ...]:
    from hashids import Hashids

    return tuple(Hashids(salt="qfpay").decode(mchid))


def _others(case: Case) -> Iterator[Hit]:
    params = case.reading.params
    minutes = params.get("expired_time", "")
    if minutes and not (minutes.isascii() and minutes.isdecimal() and 5 <= int(minutes[:9]) <= 120):
        yield hit("expiry-range", "expired_time", value=minutes)
    address = params.get("notify_url", "")
    if address:
        try:
            port = urlsplit(address).port
        except ValueError:
            port = -1
        if port not in (None, 80, 443):
            yield hit("notify-port", "notify_url", value=address)
