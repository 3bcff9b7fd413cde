"""A cancel as plain data and back: walk, questions, exchanges. Lossless, for the journal.

The dataclasses say what is kept: all that they compare, so a new field is kept without a
change here. A row that lacks a field gets its default. Nothing here reads or writes a file.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum, StrEnum
from functools import cache, partial
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from qftools.cancellation.evidence import Known
from qftools.cancellation.refunding import RefundWalk
from qftools.cancellation.routing import route
from qftools.cancellation.search import Search
from qftools.cancellation.walk import Walk
from qftools.catalogue import Text
from qftools.errors import NotUnderstoodError
from qftools.exchange import Exchange
from qftools.exchange.redaction import ShownExchange, redacted
from qftools.models import Order, Transaction

Plain = dict[str, Any]
Reader = Callable[[Any, str], Any]
Kind = TypeVar("Kind")
_AS_IT_IS = frozenset({NoneType, str, int, float, bool})


def plain(value: Any) -> Any:
    """Return *value*, made of dataclasses of the cancel flow, as data that JSON can carry.

    Bytes become text; those that are not UTF-8 become lone surrogates, which JSON
    carries as escapes, so that no byte is lost. Nothing is redacted here: what a
    reply holds was redacted when it came, and a state is no text.

    Example:
        >>> walk = Walk(Order("A1", 100, "2026-01-05 10:00:00"))
        >>> plain(walk)["order"]["out_trade_no"], read(Walk, plain(walk)) == walk
        ('A1', True)
    """
    kind: Any = type(value)
    return _writer(kind)(value)


def read(kind: type[Kind], record: object) -> Kind:
    """Return what [plain][qftools.journal.records.plain] made plain.

    Raises:
        NotUnderstoodError: It is no record of that kind, or one of a newer qftools.

    Example:
        >>> read(Walk, {"order": {"out_trade_no": "A1"}, "step": "GUESS"})
        Traceback (most recent call last):
        ...
        qftools...NotUnderstoodError: step is 'GUESS', which this qftools does not know
    """
    if kind is Walk:
        record = _with_route(record)
    refunds = kind is Walk and isinstance(record, dict) and "payment" in record
    reader: Reader = _reader(RefundWalk if refunds else kind)  # type: ignore[arg-type]  # hashable
    made: Kind = reader(record, "")
    return made


def _with_route(record: Any) -> Any:
    """Records once said only that there was a route, not which."""
    if not isinstance(record, dict) or "routed" not in record:
        return record
    walk = read(Walk, {name: value for name, value in record.items() if name != "routed"})
    if not record["routed"] or walk.order.pay_type is None:
        return plain(walk)
    return plain(walk) | {
        "route": plain(route(walk.order.pay_type, profile=walk.profile, hk_cancel=walk.hk_cancel))
    }


# ---- writers and readers, made once from the types ---------------------------------------


@cache
def _writer(kind: type) -> Callable[[Any], Any]:
    if issubclass(kind, Enum):
        return lambda value: value.value
    if issubclass(kind, bytes):
        return lambda value: value.decode("utf-8", "surrogateescape")
    if issubclass(kind, Transaction):
        return lambda value: dict(value.row)
    if is_dataclass(kind):
        return _fields_of(_kept(kind))
    if issubclass(kind, tuple):
        return lambda value: [plain(item) for item in value]
    return lambda value: value


def _fields_of(names: tuple[str, ...]) -> Callable[[Any], Plain]:
    def writer(value: Any) -> Plain:
        record = {}
        for name in names:
            held = getattr(value, name)
            # Most fields are such, and there are dozens in a walk.
            record[name] = held if type(held) in _AS_IT_IS else plain(held)
        return record

    return writer


@cache
def _kept(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind) if field.compare)


@cache
def _reader(kind: Any) -> Reader:
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return _optional(inner)
    if origin is Literal:
        return _choice(inner)
    if origin is tuple:
        return _tuple(inner)
    if kind is Text:
        return _text
    if kind is ShownExchange:
        return lambda value, at: redacted(_reader(Exchange)(value, at))
    if kind is Transaction:
        return lambda value, at: Transaction(_checked(dict, value, at))
    if issubclass(kind, tuple):
        return _named_tuple(kind)
    if issubclass(kind, StrEnum):
        return _choice(tuple(kind))
    if is_dataclass(kind):
        return _dataclass(kind)  # type: ignore[arg-type]  # hashable
    return {bytes: _bytes, float: _number}.get(kind) or partial(_checked, kind)


def _checked(kind: type, value: Any, at: str) -> Any:
    if type(value) is not kind:
        raise NotUnderstoodError(
            at, "{at} is {value}, not {kind}", value=_shown(value), kind=_KINDS[kind]
        )
    return value


_KINDS: dict[type, Text] = {
    dict: Text("对象", "an object"),
    list: Text("列表", "a list"),
    str: Text("文本", "a text"),
    int: Text("整数", "a whole number"),
    bool: Text("true 或 false", "true or false"),
}


def _shown(value: Any) -> str | Text:
    kind = type(value).__name__
    return repr(value) if isinstance(value, (str, int, float)) else Text(kind, f"a {kind}")


def _number(value: Any, at: str) -> float:
    try:
        if type(value) in (int, float) and math.isfinite(value):
            return value  # type: ignore[no-any-return]
    except OverflowError:
        pass
    raise NotUnderstoodError(at, "{at} is {value}, not a number", value=_shown(value))


def _bytes(value: Any, at: str) -> bytes:
    try:
        raw: bytes = _checked(str, value, at).encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise NotUnderstoodError(at, "{at} stands for no bytes") from None
    return raw


def _text(value: Any, at: str) -> Text | None:
    # Notes and reasons were once in English only, and empty where there was none.
    if isinstance(value, str):
        return Text(value, value) if value else None
    text: Text = _dataclass(Text)(value, at)
    return text


def _choice(known: tuple[Any, ...]) -> Reader:
    by_value = {str(item): item for item in known}

    def reader(value: Any, at: str) -> Any:
        if not isinstance(value, str) or value not in by_value:
            raise NotUnderstoodError(
                at,
                "{at} is {value}, which this qftools does not know",
                newer=isinstance(value, str),
                value=_shown(value),
            )
        return by_value[value]

    return reader


def _optional(kinds: tuple[Any, ...]) -> Reader:
    (kind,) = set(kinds) - {NoneType}
    of_value = _reader(kind)
    return lambda value, at: None if value is None else of_value(value, at)


def _tuple(kinds: tuple[Any, ...]) -> Reader:
    many = Ellipsis in kinds
    readers = [_reader(kind) for kind in kinds if kind is not Ellipsis]

    def reader(value: Any, at: str) -> tuple[Any, ...]:
        items = _checked(list, value, at)
        if not many and len(items) != len(readers):
            raise NotUnderstoodError(
                at, "{at} has {found} parts, not {number}", found=len(items), number=len(readers)
            )
        return tuple(readers[0 if many else nth](item, at) for nth, item in enumerate(items))

    return reader


def _named_tuple(kind: Any) -> Reader:
    parts = _tuple(tuple(get_type_hints(kind).values()))
    return lambda value, at: kind(*parts(value, at))


@cache
def _dataclass(kind: Any) -> Reader:
    hints = get_type_hints(kind)
    readers = {name: _reader(hints[name]) for name in _kept(kind)}
    needed = {
        field.name
        for field in fields(kind)
        if field.default is MISSING and field.default_factory is MISSING
    }

    def reader(value: Any, at: str) -> Any:
        record = _checked(dict, value, at)
        before = f"{at}." if at else ""
        if missing := needed - record.keys():
            raise NotUnderstoodError(at, "{at} has no {name}", name=min(missing))
        if kind in _DECIDING:
            _refuse_unknown(record, readers, at)
        values = {
            name: one(record[name], before + name)
            for name, one in readers.items()
            if name in record
        }
        try:
            return kind(**values)
        except ValueError as error:  # an InputError: a value that never was in one
            raise NotUnderstoodError(at, "{at} can't be: {error}", error=error) from None

    return reader


_DECIDING = (Order, Known, Search)  # what is cancelled, and what is believed


def _refuse_unknown(record: Plain, known: Mapping[str, Any], at: str) -> None:
    """What is new elsewhere, or says nothing, is ignored."""
    for name, value in record.items():
        if name not in known and value:
            raise NotUnderstoodError(
                at, "{at} has {name}, which this qftools does not know", newer=True, name=name
            )
