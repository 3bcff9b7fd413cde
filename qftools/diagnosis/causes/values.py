"""Ways to write the values of the fields otherwise than they were sent."""

from __future__ import annotations

import datetime
import decimal
import itertools
import re
from collections.abc import Callable, Iterator

from qftools.diagnosis.causes.characters import WRITINGS
from qftools.diagnosis.deviations import Deviation, Fields, Inputs, Pairs, changed
from qftools.patterns import pattern
from qftools.validation import read_time

# The order in which two changes are made; fieldsets come between.
ONE_VALUE, FIELD_SET, ALL_VALUES = 0, 1, 2

# How languages spell "nothing", "yes" and "no".
_NOTHING = ("", "None", "null", "NULL", "undefined", "nil", "0")
_YES = ("true", "True", "TRUE", "1")
_NO = ("false", "False", "FALSE", "0")

_AMOUNTS = frozenset({"txamt", "total_fee", "surcharge_fee"})
_TIMES = frozenset({"txdtm", "start_time", "end_time"})
_NUMBER = pattern(r"\d{1,15}(?:\.\d{1,6})?", re.ASCII)

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
LONGEST_TO_CUT = 300  # characters of a value that may be all that was signed
_MOST_IN_ANY_SET = 6  # values of which every set is written otherwise
_MOST_SINGLY = 40  # of more values: these alone

Write = Callable[[str], str]


def value_variants(inputs: Inputs) -> Iterator[Fields]:
    """Every way of the tables that changes something in the values of *inputs*."""
    for name, value in inputs.pairs:
        if len(value) <= _LONGEST_VALUE:
            for deviation, other in _one_value(name, value):
                change = _replaced(name, other)
                yield changed(inputs.pairs, deviation, change, ONE_VALUE, {name})
    # The encodings stand first in the table and are done last.
    for index, (identifier, detail, write) in enumerate(WRITINGS):
        step = ALL_VALUES + len(WRITINGS) - index
        fields = _written(inputs, Deviation(identifier, detail), write, step, None)
        if fields is not None and fields.pairs != inputs.pairs:
            yield fields


def some_values_written(inputs: Inputs) -> Iterator[Fields]:
    """Every way to write values, done to some of those that it changes: one, or a few."""
    for identifier, detail, write in WRITINGS:
        for names in _some(inputs.pairs, write):
            deviation = Deviation(identifier, detail, ", ".join(names))
            fields = _written(inputs, deviation, write, ONE_VALUE, frozenset(names))
            if fields is not None:
                yield fields


def _some(pairs: Pairs, write: Write) -> Iterator[tuple[str, ...]]:
    """Sets of names whose values *write* changes: all but the whole."""
    short = [(name, value) for name, value in pairs if len(value) <= _LONGEST_VALUE]
    names = [name for name, value in short if _changes(write, value)]
    if len(names) <= _MOST_IN_ANY_SET:
        for count in range(1, len(names)):
            yield from itertools.combinations(names, count)
        return
    yield tuple([name for name, value in short if name in names and not value.isascii()])
    for name in names[:_MOST_SINGLY]:
        yield (name,)


def _changes(write: Write, value: str) -> bool:
    try:
        return write(value) != value
    except (UnicodeError, ValueError):
        return False


def cut_values(inputs: Inputs, longest: int) -> Iterator[Fields]:
    """Each value cut off after each of its first *longest* characters; names of goods first."""
    by_likelihood = sorted(inputs.pairs, key=lambda pair: pair[1].isascii())
    for name, value in by_likelihood[:_MOST_SINGLY]:
        for length in range(min(len(value) - 1, longest), 0, -1):
            deviation = Deviation("value-cut", str(length), name)
            change = _replaced(name, value[:length])
            yield changed(inputs.pairs, deviation, change, ONE_VALUE, {name})


def _written(
    inputs: Inputs, deviation: Deviation, write: Write, step: int, names: frozenset[str] | None
) -> Fields | None:
    """The fields with values written otherwise: those of *names*, all of them for None."""
    try:
        return changed(inputs.pairs, deviation, _every(write, names), step, names or ())
    except (UnicodeError, ValueError):
        return None


def _replaced(name: str, other: str) -> Callable[[Pairs], Pairs]:
    return lambda pairs: tuple([(name, other) if n == name else (n, v) for n, v in pairs])


def _every(write: Write, names: frozenset[str] | None) -> Callable[[Pairs], Pairs]:
    return lambda pairs: tuple(
        [(n, write(v) if names is None or n in names else v) for n, v in pairs]
    )


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
    moment = read_time(value) or _otherwise_written(value)
    # Leave room for the shifts on both sides.
    return moment if moment and 1900 < moment.year < 9000 else None


def _otherwise_written(value: str) -> datetime.datetime | None:
    for form in _READABLE:
        try:
            return datetime.datetime.strptime(value, form)  # it takes 3 ms to load
        except ValueError:
            continue
    return None
