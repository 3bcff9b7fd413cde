"""Ways to write the values of the fields otherwise than they were sent."""

from __future__ import annotations

import datetime
import decimal
import html
import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import partial
from urllib import parse
from urllib.parse import unquote, unquote_plus

from qftools.diagnosis.deviations import Deviation, Fields, Inputs, Pairs, changed

# Of a byte that is no UTF-8 (PEP 383) as well.
quote = partial(parse.quote, errors="surrogateescape")
quote_plus = partial(parse.quote_plus, errors="surrogateescape")

# The order in which two changes are made; fieldsets come between.
ONE_VALUE, FIELD_SET, ALL_VALUES = 0, 1, 2

_ZERO_WIDTH = re.compile("[\u200b-\u200f\u2060\ufeff\u202a-\u202e]")
_ESCAPE = re.compile("%[0-9A-F]{2}")


def _lower_escapes(text: str) -> str:
    return _ESCAPE.sub(lambda match: match[0].lower(), text)


def _escaped(text: str) -> str:
    # Backslashes and quotes stay: a value may hold JSON that has escapes of its own.
    return "".join([sign if sign.isascii() else json.dumps(sign)[1:-1] for sign in text])


# What each language's own function leaves as it is: Python urllib, JavaScript, Java, encodeURI.
_JAVASCRIPT = "!~*'()"
_JAVA = "*"
_URI = ";,/?:@&=+$-_.!~*'()#"

# One row per way to write *all* values: (id, detail, how).
EVERY_VALUE: tuple[tuple[str, str, Callable[[str], str]], ...] = (
    ("values-url-encoded", "+, %XX", lambda value: quote_plus(value)),
    ("values-url-encoded", "%20, %XX", lambda value: quote(value, safe="")),
    ("values-url-encoded", "+, %xx", lambda value: _lower_escapes(quote_plus(value))),
    ("values-url-encoded", "%20, %xx", lambda value: _lower_escapes(quote(value, safe=""))),
    ("values-url-encoded", "encodeURIComponent", lambda value: quote(value, safe=_JAVASCRIPT)),
    ("values-url-encoded", "URLEncoder (Java)", lambda value: quote_plus(value, safe=_JAVA)),
    ("values-url-encoded", "encodeURI", lambda value: quote(value, safe=_URI)),
    ("values-url-encoded", "%20, / kept", lambda value: quote(value)),
    ("values-encoded-twice", "", unquote),
    ("values-encoded-twice", "+", unquote_plus),
    ("values-trimmed", "", str.strip),
    ("unicode-form", "NFC", lambda value: unicodedata.normalize("NFC", value)),
    ("unicode-form", "NFD", lambda value: unicodedata.normalize("NFD", value)),
    ("full-width", "", lambda value: unicodedata.normalize("NFKC", value)),
    ("invisible-characters", "", lambda value: _ZERO_WIDTH.sub("", value)),
    ("line-breaks", "LF", lambda value: value.replace("\r\n", "\n")),
    ("line-breaks", "CR LF", lambda value: value.replace("\r\n", "\n").replace("\n", "\r\n")),
    ("html-escaped", "", lambda value: html.escape(value)),
    ("html-escaped", "&amp;", lambda value: value.replace("&", "&amp;")),
    ("html-unescaped", "", html.unescape),
    # In front of JSON's escapes: without other characters than ASCII both write the same.
    ("backslashes", "", lambda value: re.sub(r"([\\'\"])", r"\\\1", value)),
    ("unicode-escaped", "JSON", lambda value: json.dumps(value)[1:-1]),
    ("unicode-escaped", "", lambda value: _escaped(value)),
    ("unicode-escaped", "\\xXX", lambda value: value.encode("ascii", "backslashreplace").decode()),
    ("letter-case", "lower", str.lower),
    ("letter-case", "upper", str.upper),
    ("blanks-removed", "", lambda value: value.replace(" ", "")),
)

# How languages spell "nothing", "yes" and "no".
_NOTHING = ("", "None", "null", "NULL", "undefined", "nil", "0")
_YES = ("true", "True", "TRUE", "1")
_NO = ("false", "False", "FALSE", "0")

_AMOUNTS = frozenset({"txamt", "total_fee", "surcharge_fee"})
_TIMES = frozenset({"txdtm", "start_time", "end_time"})
_NUMBER = re.compile(r"\d{1,15}(?:\.\d{1,6})?", re.ASCII)

_STANDARD = "%Y-%m-%d %H:%M:%S"
_DATE_FORMATS = (
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%dT%H:%M:%SZ",
    "%Y-%m-%dT%H:%M:%S+08:00",
    "%Y-%m-%dT%H:%M:%S+00:00",
    "%Y-%m-%d %H:%M:%S+08:00",
    "%Y-%m-%dT%H:%M:%S.000Z",
    "%Y-%m-%d %H:%M:%S.000000",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d",
    "%Y/%m/%d %H:%M:%S",
    "%Y%m%d%H%M%S",
    "%Y%m%d %H%M%S",
    "%Y-%m-%d+%H:%M:%S",
    "%Y-%m-%d %I:%M:%S",
    "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M:%S",
)
_READABLE = (_STANDARD, "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y/%m/%d %H:%M:%S")
# Hours between what was signed and what was sent: UTC and the zones where the gateway is used.
_HOURS = (-8, 8, -7, 7, -9, 9, -1, 1, -4, 4, -6, 6)
_SECONDS = (1, -1, 2, -2, 3, -3)
_EPOCH = datetime.datetime(1970, 1, 1)
_LONGEST_VALUE = 4096  # characters; longer ones are looked at in fewer ways


def value_variants(inputs: Inputs) -> Iterator[Fields]:
    """Every way of the tables that changes something in the values of *inputs*."""
    for name, value in inputs.pairs:
        if len(value) <= _LONGEST_VALUE:
            for deviation, other in _one_value(name, value):
                change = _replaced(name, other)
                yield changed(inputs.pairs, deviation, change, ONE_VALUE, {name})
    for names in _plus_sets(inputs.raw_plus):
        deviation = Deviation("plus-sent-raw", field=", ".join(sorted(names)))
        yield changed(inputs.pairs, deviation, _literal_plus(names), ONE_VALUE, names)
    # The encodings stand first in the table and are done last.
    for index, (identifier, detail, write) in enumerate(EVERY_VALUE):
        step = ALL_VALUES + len(EVERY_VALUE) - index
        try:
            fields = changed(inputs.pairs, Deviation(identifier, detail), _every(write), step)
        except (UnicodeError, ValueError):
            continue
        if fields.pairs != inputs.pairs:
            yield fields


def _plus_sets(names: frozenset[str]) -> list[frozenset[str]]:
    """Each field whose blank was a ``+`` on the wire, alone; and all of them."""
    alone = [frozenset({name}) for name in sorted(names)[:50]]
    return [*alone, names] if len(names) > 1 else alone


def _replaced(name: str, other: str) -> Callable[[Pairs], Pairs]:
    return lambda pairs: tuple([(name, other) if n == name else (n, v) for n, v in pairs])


def _every(write: Callable[[str], str]) -> Callable[[Pairs], Pairs]:
    return lambda pairs: tuple([(name, write(value)) for name, value in pairs])


def _literal_plus(names: frozenset[str]) -> Callable[[Pairs], Pairs]:
    return lambda pairs: tuple([(n, v.replace(" ", "+") if n in names else v) for n, v in pairs])


def _one_value(name: str, value: str) -> Iterator[tuple[Deviation, str]]:
    for row in (_NOTHING, _YES, _NO):
        if value in row:
            for other in row:
                if other != value:
                    yield Deviation("spelling", f"{value!r} -> {other!r}", name), other
    if _NUMBER.fullmatch(value) and (name in _AMOUNTS or len(value) <= 7):
        for other in _numbers(value):
            yield Deviation("number-format", f"{value} -> {other}", name), other
    if name in _TIMES:
        yield from _times(name, value)
    for blank, shown in (("\n", "LF"), ("\r\n", "CR LF"), (" ", "blank"), ("\t", "TAB")):
        yield Deviation("blank-after-value", shown, name), value + blank


def _numbers(value: str) -> Iterator[str]:
    number = decimal.Decimal(value)
    seen = {value}
    for scale in (1, decimal.Decimal("0.01"), 100, 10, decimal.Decimal("0.1")):
        scaled = number * scale
        for other in _spellings(scaled):
            if other not in seen:
                seen.add(other)
                yield other


def _spellings(number: decimal.Decimal) -> Iterator[str]:
    plain = f"{number:f}"
    short = plain.rstrip("0").rstrip(".") if "." in plain else plain
    yield short
    yield f"{number:.2f}"
    yield f"{number:.1f}"
    if short != "0":
        digits = short.replace(".", "").lstrip("0").rstrip("0") or "0"
        power = number.adjusted()
        mantissa = digits[0] + ("." + digits[1:] if len(digits) > 1 else "")
        for form in ("e{0}", "E{0}", "e+{0:02d}", "E+{0:02d}", "e+{0}", "E+{0}"):
            yield mantissa + form.format(power)
    if "." not in short:
        yield f"{int(short):,}"
    yield f"{number:,.2f}"


def _times(name: str, value: str) -> Iterator[tuple[Deviation, str]]:
    moment = _moment(value)
    if moment is None:
        return
    seen = {value}

    def fresh(kind: str, detail: str, other: str) -> Iterator[tuple[Deviation, str]]:
        if other not in seen:
            seen.add(other)
            yield Deviation(kind, detail, name), other

    yield from fresh("date-format", _STANDARD, moment.strftime(_STANDARD))
    for hours in _HOURS:
        shifted = moment + datetime.timedelta(hours=hours)
        yield from fresh("time-zone", f"{hours:+d} h", shifted.strftime(_STANDARD))
    for form in _DATE_FORMATS:
        yield from fresh("date-format", form, moment.strftime(form))
    for hours in (-8, 8):
        shifted = moment + datetime.timedelta(hours=hours)
        for form in _DATE_FORMATS[:6]:
            yield from fresh("date-format", f"{form}, {hours:+d} h", shifted.strftime(form))
    for hours in (0, -8):
        stamp = int((moment - _EPOCH).total_seconds()) + hours * 3600
        yield from fresh("date-format", "Unix", str(stamp))
        yield from fresh("date-format", "Unix, ms", str(stamp * 1000))
    for seconds in _SECONDS:
        shifted = moment + datetime.timedelta(seconds=seconds)
        yield from fresh("time-taken-twice", f"{seconds:+d} s", shifted.strftime(_STANDARD))


def _moment(value: str) -> datetime.datetime | None:
    for form in _READABLE:
        try:
            moment = datetime.datetime.strptime(value, form)
        except ValueError:
            continue
        # Leave room for the shifts on both sides.
        return moment if 1900 < moment.year < 9000 else None
    return None
