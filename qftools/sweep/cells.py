"""What the cells of a table of orders say: headings, numbers, amounts, currencies, times.

Tables of words as people export them, and rules without I/O. A cell that could mean two
things is never guessed: it is refused, or the gateway's books are asked.
"""

from __future__ import annotations

import datetime
import functools
import json
import re
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, NamedTuple

from qftools import catalogue, validation
from qftools.errors import InputError
from qftools.locale import mark

Unit = Literal["minor", "wire", "either", "major"]
"""What a whole number in a column of amounts counts.

minor: minor units. wire: minor units, as in a request; with decimals, the main unit.
either: the heading does not say. major: the main unit.
"""

_WORDS = json.loads(Path(__file__).with_name("words.json").read_bytes())

HEADINGS: dict[str, list[str]] = _WORDS["headings"]
"""The headings of a column, by the field of the wire. Case, blanks and signs do not count."""

MONEY: dict[str, list[str]] = _WORDS["money"]
"""How people write a currency besides its code and its names in the catalogue."""

SHARED: dict[str, list[str]] = _WORDS["shared"]
"""Signs of several currencies; empty where too many would have to be listed."""

_NOTHING = frozenset(_WORDS["nothing"])
_BLANK: str = _WORDS["blank"]  # and what shows nothing
_LINE: str = _WORDS["line"]  # what lines are drawn with
_QUOTES: dict[str, str] = _WORDS["quotes"]  # what closes them
# In the column of numbers, and no order's: sums and the count below a table, a remark.
_NO_NUMBER = re.compile(
    r"""
    [\#\s]*([本当當][页頁])?([合总總小共累][计計]|总额|總額|总交易).*
    | [\#\s]*((grand|sub)[\s-]?)?(totals?|sum(me)?)(\W*|[\s:][\d\W]*)
    | [(\s共]*\d{1,9}\s*([笔筆条條].*|(rows?|records?)\W*)
    | [\#/]+[\s=*-].*
    """,
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_HIDDEN = re.compile(r".*[*•]{3}.*", re.DOTALL)
_SEVERAL = re.compile(r".*,.*|\d{6,}(\s*[;、|\n]\s*\d{6,})+", re.DOTALL)
_WIDE = re.compile(r"[!-~！-～]+")  # ASCII, and the same twice as wide
_HINTED = re.compile(r"(.+?)(?:\s+in\s+|[\s\[【〔/:_-]+)([^\s\]】〕]+)[\]】〕]?")
_TWO_LANGUAGES = re.compile(r"[/|\n]|(?<=[a-z.])\s*(?=[一-鿿])|(?<=[一-鿿])\s*(?=[a-z])")
_LONGEST_HEADING = 100

_MINOR_WORDS = ("分", "cent", "minor", "fen", "sen")

# Amounts: 2500 | 25.00 and 25,00 | 1,234.50 and 1.234,50, with what stands before or behind.
_AMOUNT = re.compile(r"(?P<before>[^\d.,+-]*)(?P<number>\d[\d.,]*)(?P<behind>[^\d.,+-]*)")
_WHOLE = re.compile(r"\d{1,15}")
_DECIMAL = re.compile(
    r"(\d{1,15}|\d{1,3}(?:,\d{3}){1,4}(?=\.)|\d{1,3}(?:\.\d{3}){1,4}(?=,))[.,](\d{1,2})"
)
_AS_TEXT = re.compile(r'="(.+)"')

_NUMBERED_DATE = r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)"
_DATES = (
    r"(?P<year>\d{4})\s*[-/.年]\s*(?P<month>\d{1,2})\s*[-/.月]\s*(?P<day>\d{1,2})\s*日?",
    r"(?P<one>\d{1,2})(?P<by>[-/.])(?P<other>\d{1,2})(?P=by)(?P<year>\d{4})",
)
_HALF = r"上午|下午|[ap]\.?m\.?"
_CLOCK = rf"""
    (?P<half>{_HALF})?\s*(?P<hour>\d{{1,2}})[:时時点點](?P<minute>\d{{1,2}})
    ([:分](?P<second>\d{{1,2}})([.,]\d+)?)?[分秒]?\s*(?P<half2>{_HALF})?
"""
_NUMBERED_CLOCK = r"(?P<hour>\d\d):?(?P<minute>\d\d)(:?(?P<second>\d\d))?(?P<half>)(?P<half2>)"
_ZONE = r"\s*(Z|UTC|GMT)?([+-]\d{1,2}(:?\d\d)?)?"


_pattern = functools.partial(re.compile, flags=re.ASCII | re.IGNORECASE | re.VERBOSE)
_TIMES = [
    _pattern(rf"{_NUMBERED_DATE}[T\s]*{_NUMBERED_CLOCK}{_ZONE}"),
    *(_pattern(rf"{date}([T,\s]+|(?<=日)|(?=上午|下午)){_CLOCK}{_ZONE}") for date in _DATES),
]
_PARTS = [_pattern(part) for part in (_NUMBERED_DATE, *_DATES, _CLOCK)]
_SERIAL = re.compile(r"\d{5}([.,]\d+)?")


class Column(NamedTuple):
    """What a heading says: which field, and for an amount its unit and currency."""

    field: str
    unit: Unit
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Stated:
    """An amount whose currency or unit the file does not say: the gateway's books tell them.

    Attributes:
        value: In the main unit of its currency.
        whole: It was written without decimals, and may count minor units as well.
        currencies: Those that its sign may mean; empty for any.
    """

    value: Decimal
    whole: bool = False
    currencies: tuple[str, ...] = ()

    def txamt(self, txcurrcd: str, in_the_books: int | None = None) -> int:
        """Return it in minor units of *txcurrcd*, the currency that the books name.

        Raises:
            InputError: It can't be an amount in that currency.

        Example:
            >>> Stated(Decimal("25.00")).txamt("HKD")
            2500
            >>> Stated(Decimal(25), whole=True).txamt("HKD", in_the_books=25)
            25
        """
        if self.currencies and txcurrcd not in self.currencies:
            raise _contradiction(" / ".join(self.currencies), txcurrcd)
        if self.whole and in_the_books == self.value:
            return int(self.value)
        return _minor(self.value, txcurrcd)


def column_of(heading: str) -> Column | None:
    """Return what a column with this *heading* holds, None where it is none that is used.

    Example:
        >>> column_of(" Out-Trade-No ").field, column_of("商户订单号").field
        ('out_trade_no', 'out_trade_no')
        >>> column_of("金额（分）").unit, column_of("Amount (HKD)").currency
        ('minor', 'HKD')
        >>> column_of("商户订单号 / Merchant Order No.").field, column_of("Amount HKD").currency
        ('out_trade_no', 'HKD')
    """
    written = unicodedata.normalize("NFKC", heading[:_LONGEST_HEADING]).casefold()
    name, _, hint = written.partition("(")
    if column := _column(name, hint.partition(")")[0].strip()):
        return column
    hinted = _HINTED.fullmatch(written)  # 金额/元
    if hinted and (_sign(hinted[2]) in _CURRENCIES or hinted[2] in _MINOR_WORDS):
        column = _column(hinted[1], hinted[2])
        return column if column and column.field == "txamt" else None
    columns = {_column(part, "") for part in _TWO_LANGUAGES.split(written)}
    return columns.pop() if len(columns) == 1 else None


def _column(heading: str, hint: str) -> Column | None:
    name = _letters(heading)
    field = _FIELDS.get(name)
    if field != "txamt":
        return Column(field, "either") if field else None
    if any(word in f"{name} {hint}" for word in _MINOR_WORDS):
        return Column(field, "minor")
    unit: Unit = "major" if hint or name.endswith("元") else "either"
    return Column(field, "wire" if name == "txamt" else unit, _only(_meant(hint)))


def content(cell: str) -> str:
    """Return what *cell* holds: without the blanks, the mark or the quotes around it.

    Spreadsheets and exports put a mark before a number that shall stay text. What stands for
    no value is an empty text.

    Example:
        >>> content("'20261127000000000001"), content("`25.00"), content("N/A"), content("--")
        ('20261127000000000001', '25.00', '', '')
    """
    cell = cell.strip(_BLANK)
    if closing := _QUOTES.get(cell[:1]):
        closed = cell[1:].endswith(closing)
        if closed or cell[0] not in ('"', "“"):
            cell = cell[1 : -1 if closed else None].strip(_BLANK)
    return "" if not cell.strip(_LINE) or cell.casefold() in _NOTHING else cell


def number(field: str, cell: str) -> str:
    """Return the number of an order as it is written in *cell*.

    ``="2026..."``, which keeps a spreadsheet from reading a number as one, is undone.

    Raises:
        InputError: A spreadsheet destroyed it, it is several numbers, or names no order.

    Example:
        >>> number("out_trade_no", '="20261127000000000001"')
        '20261127000000000001'
    """
    if _WIDE.fullmatch(cell):
        cell = unicodedata.normalize("NFKC", cell)
    if found := _AS_TEXT.fullmatch(cell):
        cell = found[1]
        if cell.isdecimal():
            return cell
    if not validation.spreadsheet_destroyed(cell):
        for is_none, problem, rule in _NOT_ONE:
            if is_none(cell):
                raise InputError(field, problem, rule, value=cell)
        return cell
    rule = mark("exported as text")
    if field == "syssn":
        rule = mark("exported as text, or its column left out")
    elif cell.isdecimal():
        rule = mark('exported as text; where it is right as it is, written as ="{value}"')
    raise InputError(field, "is {value!r}: a spreadsheet destroyed it", rule, value=cell)


def _names_no_order(cell: str) -> bool:
    """Whether *cell* is a sum, a count, a remark or a heading."""
    if _NO_NUMBER.fullmatch(cell):
        return True
    return not any(map(str.isdigit, cell)) and column_of(cell) is not None


_NOT_ONE: tuple[tuple[Callable[[str], object], str, str], ...] = (
    (
        _SEVERAL.fullmatch,
        mark("is {value!r}, several numbers"),
        mark("one number; give each order a row of its own"),
    ),
    (_HIDDEN.fullmatch, mark("is {value!r}, a part of which is hidden"), mark("exported in full")),
    (
        _names_no_order,
        mark("is {value!r}, which names no order"),
        mark("the number of an order; delete a row that is about none"),
    ),
)


def currency(cell: str) -> str:
    """Return the code of a currency, as the gateway spells it, for what people write.

    What is not known is returned as it is, for the order to refuse.

    Example:
        >>> currency("rmb"), currency("港币"), currency("Hong Kong dollar")
        ('CNY', 'HKD', 'HKD')
    """
    return _only(_meant(cell)) or cell


def amount(cell: str, column: Column, txcurrcd: str | None) -> tuple[int | Stated, str | None]:
    """Return the amount in minor units, or what is stated of it, and the currency it names.

    Raises:
        InputError: It is no amount, may be two, or contradicts *txcurrcd*.

    Example:
        >>> txamt = column_of("txamt")
        >>> amount("2500", txamt, None), amount("1,234.50", txamt, "HKD")
        ((2500, None), (123450, 'HKD'))
        >>> amount("HK$25.00", txamt, None)
        (2500, 'HKD')
        >>> amount("25.00", txamt, None)
        (Stated(value=Decimal('25.00'), whole=False, currencies=()), None)
    """
    if column.currency and txcurrcd and column.currency != txcurrcd:
        raise _contradiction(column.currency, txcurrcd)
    txcurrcd = txcurrcd or column.currency
    unit = column.unit
    found = _AMOUNT.fullmatch(unicodedata.normalize("NFKC", cell).strip())
    if found is None:
        raise _no_amount(cell)
    sign = _sign(found["before"] + found["behind"])
    if sign and sign not in _CURRENCIES:
        raise _no_amount(cell)
    among = _meant(sign)
    if txcurrcd and among and txcurrcd not in among:
        raise _contradiction(" / ".join(among), txcurrcd)
    txcurrcd = txcurrcd or _only(among)
    value, whole = _value(cell, found["number"])
    if unit == "minor" and not whole:
        raise InputError("txamt", "is {value!r}", "whole, for it counts minor units", value=cell)
    if whole and (unit == "minor" or (unit == "wire" and not sign)):
        return int(value), txcurrcd
    if value == 0:
        raise InputError("txamt", "is {value}", "greater than zero", value=cell)
    stated = Stated(value, whole and unit != "major", among)
    known = catalogue.currencies().get(txcurrcd) if txcurrcd else None
    if known is None or (stated.whole and known.minor_digits):
        return stated, txcurrcd
    return _minor(value, known.code), txcurrcd


def time(cell: str) -> str | None:
    """Return a time as the gateway writes it; None for a day or an hour alone.

    Seconds that are missing are 00. A zone is left out: nothing compares ``txdtm``. A day and an
    hour, each in a line of its own, are one time; two different times are none: the books tell.

    Raises:
        InputError: It is no time, or may be two.

    Example:
        >>> time("2026/11/27 7:24"), time("2026年11月27日 下午7时24分"), time("20261127072400")
        ('2026-11-27 07:24:00', '2026-11-27 19:24:00', '2026-11-27 07:24:00')
    """
    parts = cell.split("\n")
    if len(parts) > 1:
        times = {whole for part in parts if (whole := time(part))}
        if not times:
            with suppress(InputError):
                return time(" ".join(parts))
        return times.pop() if len(times) == 1 else None
    written = unicodedata.normalize("NFKC", cell).strip()
    for pattern in _TIMES:
        if found := pattern.fullmatch(written):
            return _time(cell, found.groupdict())
    if any(part.fullmatch(written) for part in _PARTS):
        return None
    if _SERIAL.fullmatch(written):
        raise InputError(
            "txdtm",
            "is {value!r}, a time as a spreadsheet counts it",
            "shown as date and time, or its column left out",
            value=cell,
        )
    raise InputError("txdtm", "is {value!r}", "YYYY-MM-DD hh:mm:ss", value=cell)


def _time(cell: str, parts: dict[str, Any]) -> str:
    if "one" in parts:
        month, day = sorted((int(parts["one"]), int(parts["other"])))
        if month != day and day <= 12:
            raise InputError(
                "txdtm",
                "is {value!r}, in which day and month can't be told apart",
                "YYYY-MM-DD hh:mm:ss",
                value=cell,
            )
    else:
        month, day = int(parts["month"]), int(parts["day"])
    hour = int(parts["hour"])
    half = (parts["half"] or parts["half2"] or "").lower().replace(".", "")
    try:
        if half:  # it begins with 12
            hour = (12, *range(1, 12)).index(hour) + 12 * (half in ("pm", "下午"))
        when = datetime.datetime(
            int(parts["year"]), month, day, hour, int(parts["minute"]), int(parts["second"] or 0)
        )
    except ValueError:
        raise InputError(
            "txdtm",
            "is {value!r}, a time that does not exist",
            "YYYY-MM-DD hh:mm:ss",
            value=cell,
        ) from None
    return when.isoformat(" ")


def _value(cell: str, written: str) -> tuple[Decimal, bool]:
    """The number in the main unit, and whether it has no decimals."""
    if _WHOLE.fullmatch(written):
        return Decimal(written), True
    found = _DECIMAL.fullmatch(written)
    if found is None:
        raise _no_amount(cell)
    whole, rest = found.groups()
    return Decimal(f"{whole.replace(',', '').replace('.', '')}.{rest}"), False


def _minor(value: Decimal, txcurrcd: str) -> int:
    digits = catalogue.currencies()[txcurrcd].minor_digits
    if int(value.as_tuple().exponent) < -digits:
        raise InputError(
            "txamt",
            "is {value}, and {currency} has {digits} decimals",
            "a whole number of minor units (100 = HKD 1.00, JPY 100)",
            value=value,
            currency=txcurrcd,
            digits=digits,
        )
    return int(value.scaleb(digits))


def _no_amount(cell: str) -> InputError:
    rule = mark("minor units such as 2500, or an amount with its decimals such as 25.00")
    return InputError("txamt", "is {value!r}", rule, value=cell)


def _contradiction(stated: str, txcurrcd: str) -> InputError:
    return InputError(
        "txamt",
        "is in {stated}, and the currency is {currency}",
        "in the order's currency",
        stated=stated,
        currency=txcurrcd,
    )


def _letters(heading: str) -> str:
    """The letters and digits of a heading: what is left of it when it is compared."""
    return "".join(char for char in heading.casefold() if char.isalnum())


def _sign(written: str) -> str:
    """A currency's sign or name as it is compared."""
    return "".join(unicodedata.normalize("NFKC", written).casefold().split())


def _meant(written: str) -> tuple[str, ...]:
    """The currencies that a sign or name may mean."""
    return _CURRENCIES.get(_sign(written), ())


def _only(codes: tuple[str, ...]) -> str | None:
    return codes[0] if len(codes) == 1 else None


_FIELDS = {_letters(name): field for field, names in HEADINGS.items() for name in names}
_CURRENCIES = {_sign(sign): tuple(codes) for sign, codes in SHARED.items()} | {
    _sign(name): (code,)
    for code, row in catalogue.currencies().items()
    for name in (code, row.name.zh, row.name.en, *MONEY.get(code, ()))
}
