"""The tables of the catalogue: each file read when it is first asked for, then kept.

What comes back is immutable. No rule lives here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, TypeVar

from qftools.catalogue.rows import (
    Code,
    Currency,
    Dispute,
    Elsewhere,
    Environment,
    Field,
    PageError,
    PayType,
    Reading,
    Source,
    Switch,
    Text,
    Wallet,
    filled,
    spread,
)

FILES = (
    "pay_types",
    "wallets",
    "codes",
    "code_templates",
    "fields",
    "currencies",
    "environments",
    "elsewhere",
    "disputes",
    "switches",
    "sources",
    "page_errors",
)
"""The data files, without ``.json``."""

_T = TypeVar("_T")


def raw(file: str) -> list[dict[str, Any]]:
    """Return the rows of one data file as parsed JSON: a fresh copy, yours to change.

    Args:
        file: One of ``FILES``.

    Raises:
        ValueError: There is no such file.

    Example:
        >>> raw("currencies")[0]["code"]
        'AED'
    """
    import json
    from pathlib import Path

    if file not in FILES:
        raise ValueError(f"the catalogue has no file {file!r}; it has {', '.join(FILES)}")
    rows: list[dict[str, Any]] = json.loads(
        Path(__file__).with_name(f"{file}.json").read_text(encoding="utf-8")
    )
    return rows


@cache
def pay_types() -> Mapping[str, PayType]:
    """Return every ``pay_type`` by its code.

    Example:
        >>> pay_types()["800208"].cancel["seed"], pay_types()["800208"].cancel["docs-2026-02"]
        ('reversal', 'close')
    """
    return _table("pay_types", "code", PayType)


@cache
def wallets() -> Mapping[str, Wallet]:
    """Return every wallet by its key.

    Example:
        >>> wallets()["wechat"].auth_code_lengths
        (18,)
    """
    return _table("wallets", "key", Wallet)


@cache
def codes() -> Mapping[str, Code]:
    """Return every response code by its ``respcd``.

    A code that is missing here is not a failure: treat it as unknown, and query.

    Example:
        >>> codes()["1142"].row
        'cancelled'
        >>> codes()["1143"].on("reversal").meaning.en
        'cancel in progress'
    """
    templates = {row["like"]: row for row in raw("code_templates")}
    rows = [filled(row, templates) for row in raw("codes")]
    return MappingProxyType({row["code"]: _code(**_frozen(row)) for row in rows})


@cache
def fields(endpoint: str | None = None, part: str | None = None) -> tuple[Field, ...]:
    """Return the fields of one endpoint, of one part, or all of them, in document order.

    Args:
        endpoint: one of ``CALL_ENDPOINTS``, notification or redirect.
        part: request, answer, row, header or answer-header.

    Example:
        >>> [field.name for field in fields("reversal", "request")]
        ['mchid', 'syssn', 'out_trade_no', 'txamt', 'txdtm', 'udid', 'txcurrcd']
    """
    return tuple(
        field
        for field in _all_fields()
        if endpoint in (None, field.endpoint) and part in (None, field.part)
    )


def field(endpoint: str, part: str, name: str) -> Field | None:
    """Return one field, None where the endpoint has none of that name.

    Example:
        >>> field("reversal", "request", "txamt").required
        'yes'
    """
    return next((row for row in fields(endpoint, part) if row.name == name), None)


@cache
def currencies() -> Mapping[str, Currency]:
    """Return every ``txcurrcd`` with its minor digits.

    Example:
        >>> currencies()["HKD"].minor_digits, currencies()["JPY"].minor_digits
        (2, 0)
    """
    return _table("currencies", "code", Currency)


def amount(txamt: int, txcurrcd: str) -> str:
    """Return an amount of minor units as people write it; in an unknown currency as it is.

    Example:
        >>> amount(2500, "HKD"), amount(2500, "JPY"), amount(2500, "XXX")
        ('HKD 25.00', 'JPY 2500', 'XXX 2500')
    """
    currency = currencies().get(txcurrcd)
    digits = currency.minor_digits if currency else 0
    whole, rest = divmod(txamt, 10**digits)
    return f"{txcurrcd} {whole}.{rest:0{digits}d}" if digits else f"{txcurrcd} {txamt}"


@cache
def environments() -> Mapping[str, Environment]:
    """Return every host of the gateway by its key.

    Example:
        >>> environments()["hk-test"].base_url
        'https://test-openapi-hk.qfapi.com'
        >>> environments()["hk-test"].moves_money
        True
    """
    return _table("environments", "key", Environment)


@cache
def elsewhere() -> Mapping[str, Elsewhere]:
    """Return what the provider documents and this tool does not call, by path or host.

    Example:
        >>> elsewhere()["/checkstand"].name.en
        'the hosted checkout page'
    """
    return _table("elsewhere", "place", Elsewhere)


@cache
def disputes() -> Mapping[str, Dispute]:
    """Return every rule on which the sources disagree, C1 to C39.

    Example:
        >>> disputes()["C19"].switch
        'cancel_routes'
    """
    return _table("disputes", "id", _dispute)


@cache
def switches() -> Mapping[str, Switch]:
    """Return every setting that selects another reading of a disputed rule.

    Example:
        >>> switches()["cancel_paid"].default, switches()["cancel_paid"].values
        ('deny', ('deny', 'refund'))
    """
    return _table("switches", "name", Switch)


@cache
def sources() -> Mapping[str, Source]:
    """Return what the tags in every row's ``source`` stand for.

    Example:
        >>> sources()["faq2017"].date
        '2017-11-03'
    """
    return _table("sources", "tag", Source)


@cache
def page_errors() -> tuple[PageError, ...]:
    """Return the mistakes on the vendor's cancel page.

    Example:
        >>> page_errors()[0].how
        'read'
    """
    return tuple(_table("page_errors", "id", PageError).values())


def _table(file: str, key: str, build: Callable[..., _T]) -> Mapping[str, _T]:
    return MappingProxyType({row[key]: build(**_frozen(row)) for row in raw(file)})


def _frozen(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _freeze(value) for name, value in row.items()}


def _freeze(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_freeze(item) for item in value)
    if isinstance(value, dict):
        return Text(**value) if value.keys() == {"zh", "en"} else MappingProxyType(_frozen(value))
    return value


def _code(at: Mapping[str, Mapping[str, Any]] | None = None, **row: Any) -> Code:
    readings = {endpoint: Code(**{**row, **differs}) for endpoint, differs in (at or {}).items()}
    return Code(**row, at=MappingProxyType(readings))


def _dispute(readings: tuple[Mapping[str, Any], ...], **row: Any) -> Dispute:
    return Dispute(readings=tuple(Reading(**reading) for reading in readings), **row)


@cache
def _all_fields() -> tuple[Field, ...]:
    return tuple(field for row in raw("fields") for field in _expand(row))


def _expand(row: dict[str, Any]) -> Iterator[Field]:
    """One line may serve several endpoints, so that what they share cannot drift apart."""
    for endpoint in spread(row.pop("endpoints")):
        yield Field(endpoint=endpoint, **_frozen(row))
