"""Whether values are ones that the gateway could accept, asked before anything is sent.

Lengths and names come from the catalogue. A refusal names field, problem and rule.
"""

from __future__ import annotations

import datetime
import functools
import re
import warnings
from collections.abc import Callable, Mapping

from qftools import catalogue
from qftools.errors import InputError
from qftools.locale import mark, text
from qftools.patterns import pattern

TIME_FORMAT = "%Y-%m-%d %H:%M:%S"
BEIJING = datetime.timezone(datetime.timedelta(hours=8), "+0800")  # C29, docs2024: the books' zone

_TIME = pattern(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", re.ASCII)

# A spreadsheet keeps 15 digits of a number and shows long ones as 2.02611E+19; a program that
# goes through floating point leaves ".0"; a column that is too narrow is exported as "###".
_DESTROYED = pattern(
    r"""
    [+-]?\d[.,]\d+E[+-]?\d+ | [+-]?\dE\+\d+      # 2.02611E+19, 2E+19
    | \d{15}0+                                    # 20261127000000000000
    | \d{6,}\.0+                                  # 202611270001.0
    | \d{1,3}(,\d{3}){2,}                         # 20,261,127,000
    | \#+ | \#(N/A|REF!|VALUE!|NAME\?|NUM!|NULL!|DIV/0!)
    """,
    re.ASCII | re.IGNORECASE | re.VERBOSE,
)


def check_values(endpoint: str, params: Mapping[str, object]) -> None:
    """Refuse the first value in *params* that the gateway could not accept at *endpoint*.

    Only what is there is looked at; see [check_complete][qftools.validation.check_complete]
    for what is missing. A field that the catalogue does not list is accepted,
    as the gateway does, as long as it is text or a whole number.

    Raises:
        InputError: Names the field, the problem, and the rule.

    Example:
        >>> check_values("reversal", {"txamt": 2500, "txdtm": "2020-02-30 16:50:30"})
        Traceback (most recent call last):
        ...
        qftools.errors.InputError: txdtm is '2020-02-30 16:50:30', a time that does not exist; \
it must be YYYY-MM-DD hh:mm:ss
    """
    lengths = _lengths(endpoint)
    for name, value in params.items():
        check = _CHECKS.get(name, _check_text)
        check(name, value)
        limit = lengths.get(name)
        if limit is not None and len(str(value)) > limit:
            raise InputError(
                name,
                "has {length} characters",
                "at most {limit} characters long",
                length=len(str(value)),
                limit=limit,
            )


def check_complete(endpoint: str, params: Mapping[str, object]) -> None:
    """Refuse a request for *endpoint* that lacks a required field.

    Raises:
        InputError: Names the first field that is missing.

    Example:
        >>> check_complete("reversal", {"txamt": 2500, "txdtm": "2020-03-05 16:50:30"})
        Traceback (most recent call last):
        ...
        qftools.errors.InputError: syssn and out_trade_no are both missing; it must be at least \
one of the two, to name the order
    """
    if endpoint in ("reversal", "close") and not (
        params.get("syssn") or params.get("out_trade_no")
    ):
        raise neither_number()
    for name in _required(endpoint):
        if params.get(name) in (None, ""):
            raise InputError(name, "is missing", "given in every {endpoint}", endpoint=endpoint)


def usable(name: str, value: object) -> bool:
    """Tell whether a value that came from outside could be sent back as *name*.

    Example:
        >>> usable("txcurrcd", "HKD"), usable("txcurrcd", "KRW"), usable("pay_type", "x")
        (True, False, False)
    """
    try:
        check_values("reversal", {name: value})
    except InputError:
        return False
    return value != ""


def neither_number() -> InputError:
    """Return the refusal of an order that nothing names."""
    return InputError(
        mark("syssn and out_trade_no"),
        "are both missing",
        "at least one of the two, to name the order",
    )


def check_amount(name: str, value: object) -> None:
    """Refuse an amount that is not a positive whole number of at most 11 digits."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise InputError(
            name,
            "is {kind} {value!r}",
            "a whole number of minor units (100 = HKD 1.00, JPY 100)",
            kind=type(value).__name__,
            value=value,
        )
    if value <= 0:
        raise InputError(name, "is {value}", "greater than zero", value=value)


def check_refundable(amount: object, paid: int | None) -> None:
    """Refuse a refund of more than was paid, where both are known.

    Raises:
        InputError: It is more.

    Example:
        >>> check_refundable(2600, 2500)
        Traceback (most recent call last):
        ...
        qftools.errors.InputError: txamt is 2600; it must be at most the amount paid, 2500
    """
    if isinstance(amount, int) and paid is not None and amount > paid:
        raise InputError(
            "txamt", "is {value}", "at most the amount paid, {most}", value=amount, most=paid
        )


def spreadsheet_destroyed(number: str) -> bool:
    """Whether *number*, an order's, is what a spreadsheet or floating point leaves of a long one.

    Its last digits are lost: to ask for it would be to ask for another order.

    Example:
        >>> spreadsheet_destroyed("2.02611E+19"), spreadsheet_destroyed("20261127000000000000")
        (True, True)
        >>> spreadsheet_destroyed("20261127000000000001"), spreadsheet_destroyed("SO-1000")
        (False, False)
    """
    return _DESTROYED.fullmatch(number.strip()) is not None


def check_pay_type(pay_type: str, auth_code: str | None) -> None:
    """Refuse a payment whose customer's code is missing; warn of a pay type that no source lists.

    The provider adds pay types before its documents do, so that one is sent all the same.

    Raises:
        InputError: Names the field, and the nearest pay type that exists.

    Example:
        >>> check_pay_type("800108", None)
        Traceback (most recent call last):
        ...
        qftools.errors.InputError: auth_code is missing; it must be the code on the customer's \
phone, for 800108 (CPM) scans it
    """
    _check_pay_type("pay_type", pay_type)
    row = catalogue.pay_types().get(pay_type)
    if row is None:
        near = sorted(catalogue.pay_types(), key=lambda code: _differing(code, pay_type))[:3]
        said = text("No source lists the pay type {value}; it is sent as given. Nearest: {near}.")
        warnings.warn(said.format(value=pay_type, near=", ".join(near)), stacklevel=3)
        return
    if row.mode == "cpm" and not auth_code:
        raise InputError(
            "auth_code",
            "is missing",
            "the code on the customer's phone, for {pay_type} (CPM) scans it",
            pay_type=pay_type,
        )


def _check_text(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise InputError(
            name,
            "is {kind} {value!r}",
            "text or a whole number",
            kind=type(value).__name__,
            value=value,
        )
    if isinstance(value, str) and not (value.isascii() or _utf8(value)):
        raise InputError(name, "holds a lone surrogate", "text that UTF-8 can write")


def _check_number(name: str, value: object) -> None:
    number = int(value) if isinstance(value, str) and value.isdecimal() else value
    if isinstance(number, bool) or not isinstance(number, int) or number <= 0:
        raise InputError(name, "is {value!r}", "a whole number greater than zero", value=value)


def _check_time(name: str, value: object) -> None:
    _check_text(name, value)
    text = str(value)
    if read_time(text) is not None:
        return
    if not _TIME.fullmatch(text):
        raise InputError(name, "is {value!r}", "YYYY-MM-DD hh:mm:ss", value=text)
    raise InputError(
        name, "is {value!r}, a time that does not exist", "YYYY-MM-DD hh:mm:ss", value=text
    )


def read_time(text: str) -> datetime.datetime | None:
    """Return the time that ``YYYY-MM-DD hh:mm:ss`` means; None for any other text.

    Example:
        >>> read_time("2020-03-05 16:50:30"), read_time("2020-03-05 24:00:00")
        (datetime.datetime(2020, 3, 5, 16, 50, 30), None)
    """
    if not _TIME.fullmatch(text) or text[11:13] == "24":  # the next day to Python 3.14
        return None
    try:
        return datetime.datetime.fromisoformat(text)
    except ValueError:
        return None


def _check_currency(name: str, value: object) -> None:
    if value not in catalogue.currencies():
        known = ", ".join(sorted(catalogue.currencies()))
        raise InputError(
            name, "is {value!r}", "a currency the gateway takes: {known}", value=value, known=known
        )


def _check_pay_type(name: str, value: object) -> None:
    if not isinstance(value, str):
        kind = type(value).__name__
        raise InputError(
            name, "is {kind} {value!r}", 'six digits such as "800101"', kind=kind, value=value
        )
    for code in value.split(","):  # a query filters by several
        if not (len(code) == 6 and code.isascii() and code.isdecimal()):
            raise InputError(name, "is {value!r}", 'six digits such as "800101"', value=value)


def _check_order_number(name: str, value: object) -> None:
    _check_text(name, value)
    if not str(value) or not str(value).isprintable() or str(value) != str(value).strip():
        raise InputError(
            name,
            "is {value!r}",
            "not empty, without blanks around it or control characters",
            value=value,
        )


_SYSSN = pattern(r"[A-Za-z0-9_-]+", re.ASCII)


def _check_syssn(name: str, value: object) -> None:
    _check_order_number(name, value)
    for number in str(value).split(","):  # a query takes several
        if spreadsheet_destroyed(number):
            raise InputError(
                name,
                "is {value!r}, which a spreadsheet has destroyed",
                "the digits that the gateway issued: export the column as text, or leave it out",
                value=number,
            )
        if not _SYSSN.fullmatch(number):
            raise InputError(
                name, "is {value!r}", "the digits that the gateway issued", value=number
            )


_CHECKS: dict[str, Callable[[str, object], None]] = {
    "txamt": check_amount,
    "expired_time": _check_number,
    "page": _check_number,
    "page_size": _check_number,
    "txdtm": _check_time,
    "start_time": _check_time,
    "end_time": _check_time,
    "txcurrcd": _check_currency,
    "pay_type": _check_pay_type,
    "out_trade_no": _check_order_number,
    "syssn": _check_syssn,
    "mchid": _check_order_number,
}

# The catalogue gives 16 for mchid, but real ones have up to 26 characters; and a
# comma list of numbers in a query does not fit its 128 either. Not enforced.
_NOT_ENFORCED = {("*", "mchid"), ("query", "out_trade_no"), ("query", "syssn")}


@functools.cache
def _lengths(endpoint: str) -> Mapping[str, int]:
    return {
        field.name: field.length
        for field in catalogue.fields(endpoint=endpoint, part="request")
        if field.length is not None
        and not {("*", field.name), (endpoint, field.name)} & _NOT_ENFORCED
    }


@functools.cache
def _required(endpoint: str) -> tuple[str, ...]:
    return tuple(
        field.name
        for field in catalogue.fields(endpoint=endpoint, part="request")
        if field.required == "yes"
    )


def _differing(one: str, other: str) -> int:
    # By position: in a pay type the place of a digit says what it means.
    return sum(a != b for a, b in zip(one, other, strict=False))


def _utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
