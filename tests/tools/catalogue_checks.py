"""Checks of the catalogue's data files.

Two floors: the shape of each row, read off the row types, and what rows of different files
promise each other.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from inspect import signature
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from qftools import catalogue
from qftools.catalogue import rows
from qftools.catalogue.rows import (
    CALL_ENDPOINTS,
    Call,
    Endpoint,
    Mode,
    Profile,
    Reading,
    Text,
    spread,
)

Row = dict[str, Any]
Data = Mapping[str, list[Row]]

# Each file: the type of its rows, and the field that names a row.
_SHAPES: dict[str, tuple[type, str]] = {
    "pay_types": (rows.PayType, "code"),
    "wallets": (rows.Wallet, "key"),
    "codes": (rows.Code, "code"),
    "fields": (rows.Field, "name"),
    "currencies": (rows.Currency, "code"),
    "environments": (rows.Environment, "key"),
    "elsewhere": (rows.Elsewhere, "place"),
    "disputes": (rows.Dispute, "id"),
    "switches": (rows.Switch, "name"),
    "sources": (rows.Source, "tag"),
    "page_errors": (rows.PageError, "id"),
}
_HAN = re.compile(r"[\u4e00-\u9fff]")


def check(data: Data | None = None) -> list[str]:
    """Return what is wrong with the data, one sentence per problem; empty when all is well.

    Args:
        data: Rows by file name, as ``catalogue.raw()`` gives them; the package has the others.

    Example:
        >>> check()
        []
        >>> check({"currencies": [{"code": "HKD", "minor_digits": 2, "source": "docs2024"}]})[0]
        "currencies.json row 1 (HKD): 'name' is missing"
    """
    return problems({file: catalogue.raw(file) for file in catalogue.FILES} | dict(data or {}))


def problems(data: Data) -> list[str]:
    """Return one sentence per problem, naming file and row; empty when all is well.

    Args:
        data: The rows of every file, as parsed JSON.
    """
    found = list(_templates(data))
    data = {**data, "codes": _filled(data)}
    sound: list[tuple[str, str, Row]] = []
    for file, (_, key) in _SHAPES.items():
        for number, row in enumerate(data[file], start=1):
            where = f"{file}.json row {number} ({row.get(key, '?')})"
            wrong = [f"{where}: {problem}" for problem in _shape(file, row)]
            if not wrong:
                sound.append((file, where, row))
            found += wrong
        found += _twice(file, key, data[file])
    for file, where, row in sound:
        found += [f"{where}: {problem}" for problem in _PROMISES[file](row, data)]
    return found + list(_whole(data))


def _templates(data: Data) -> Iterator[str]:
    names = Counter(row.get("like") for row in data["code_templates"])
    used = {row.get("like") for row in data["codes"]}
    for name, count in names.items():
        if count > 1 or name not in used:
            yield f"code_templates.json: {name} is there {count} times, and " + (
                "used" if name in used else "no code is like it"
            )
    for row in data["codes"]:
        if row.get("like") not in {*names, None}:
            yield f"codes.json ({row.get('code')}): like {row['like']!r}, which is no template"


def _filled(data: Data) -> list[Row]:
    templates: defaultdict[str, Row] = defaultdict(dict)
    templates.update({row["like"]: row for row in data["code_templates"] if "like" in row})
    return [rows.filled(row, templates) for row in data["codes"]]


# --- the shape of one row


def _shape(file: str, row: Row) -> Iterator[str]:
    kind, _ = _SHAPES[file]
    hints = _hints(file, kind)
    taken = signature(kind).parameters.values()
    needed = {one.name for one in taken if one.default is one.empty}
    for name in hints:
        if name in row:
            brand = file == "wallets" and name == "name"
            yield from _misfits(repr(name), row[name], hints[name], brand=brand)
        elif name in needed or name == "endpoints" and file == "fields":
            yield f"{name!r} is missing"
    for name in row.keys() - hints.keys():
        yield f"{name!r} is no field of a row of this file"


@cache
def _hints(file: str, kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind)
    if file == "fields":  # one line serves several endpoints
        return {"endpoints": tuple[str, ...]} | {k: v for k, v in hints.items() if k != "endpoint"}
    if file == "codes":  # its values are partial rows, see _code
        return hints | {"at": Mapping[str, Any]}
    return hints


def _misfits(name: str, value: Any, hint: Any, *, brand: bool = False) -> Iterator[str]:
    """Say why *value*, as JSON gives it, is not what the row type wants."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        wanted = next(option for option in inner if option is not NoneType)
        yield from _misfits(name, value, wanted, brand=brand)
    elif hint is Text:
        yield from _untranslated(name, value, brand=brand)
    elif hint is Reading:
        for part, part_hint in get_type_hints(Reading).items():
            if part != "where" or part in value:
                yield from _misfits(f"{name} {part!r}", value.get(part), part_hint)
    elif origin is Literal:
        if value not in inner:
            yield f"{name} is {value!r}; it must be one of {', '.join(inner)}"
    elif origin is tuple:
        if not isinstance(value, list) or not value:
            yield f"{name} must be a list that is not empty; leave it out when it is"
        else:
            for item in value:
                yield from _misfits(name, item, inner[0])
    elif hint in (str, int, bool):
        if type(value) is not hint or value == "" and name != "'example'":
            yield f"{name} is {value!r}; it must be {_ARTICLE[hint]}"
    elif not isinstance(value, dict):
        yield f"{name} must be an object"


_ARTICLE = {str: "text that is not empty", int: "a whole number", bool: "true or false"}


def _untranslated(name: str, value: Any, *, brand: bool) -> Iterator[str]:
    if not isinstance(value, dict) or value.keys() != {"zh", "en"}:
        yield f"{name} must have a 'zh' and an 'en' text, and nothing else"
        return
    for lang, words in value.items():
        if not isinstance(words, str) or words != words.strip() or not words:
            yield f"{name} has no clean {lang} text: {words!r}"
            return
    if _HAN.search(value["en"]):
        yield f"{name} has Chinese characters in its English: {value['en']!r}"
    if not brand and not _HAN.search(value["zh"]):
        yield f"{name} is not translated: its zh is {value['zh']!r}"


def _twice(file: str, key: str, data: list[Row]) -> Iterator[str]:
    for name, count in Counter(name for row in data for name in _names(file, key, row)).items():
        if count > 1:
            yield f"{file}.json: {name} is there {count} times"


def _names(file: str, key: str, row: Row) -> Iterator[str]:
    """What identifies *row*: its key, or for a field also where it stands."""
    if file != "fields":
        yield str(row.get(key))
        return
    for endpoint in spread(row.get("endpoints", [])):
        yield f"{endpoint} {row.get('part')} {row.get('name')}"


# --- consistency between rows


def _known(data: Data, file: str) -> set[Any]:
    return {row.get(_SHAPES[file][1]) for row in data[file]}


def _links(row: Row, data: Data) -> Iterator[str]:
    """Every row: its sources and its disputes exist."""
    tags = _known(data, "sources")
    for tag in row["source"].split("; ") if "source" in row else ():
        if tag not in tags:
            yield f"source {tag!r} is not in sources.json"
    ids = _known(data, "disputes")
    for dispute in row.get("dispute", []):
        if dispute not in ids:
            yield f"dispute {dispute!r} is not in disputes.json"


def _pay_type(row: Row, data: Data) -> Iterator[str]:
    yield from _links(row, data)
    wallet = next((w for w in data["wallets"] if w.get("key") == row["wallet"]), None)
    if not re.fullmatch(r"80\d{4}", row["code"]):
        yield "a pay type is six digits, beginning with 80"
    if wallet is None:
        yield f"wallet {row['wallet']!r} is not in wallets.json"
    elif row["code"][:4] not in wallet.get("families", []):
        yield f"{row['code'][:4]} is not a family of wallet {row['wallet']!r}"
    if row.get("hk_only") and row.get("regions") != ["HK"]:
        yield "hk_only needs the regions to be HK alone"
    yield from _cancel(row)
    if row.get("refund") == "no" and row.get("partial_refund", True):
        yield "what cannot be refunded cannot be refunded in part"


def _cancel(row: Row) -> Iterator[str]:
    cancel = row["cancel"]
    if set(cancel) != set(get_args(Profile)):
        yield f"cancel must have the profiles {', '.join(get_args(Profile))}"
        return
    for profile, call in cancel.items():
        if call not in get_args(Call):
            yield f"cancel {profile!r} is {call!r}; it must be one of {', '.join(get_args(Call))}"
    seed = cancel["seed"]
    if {seed, row["sure"]} & {"ask", "unlisted"} and seed != row["sure"]:
        yield f"the seed's call is {seed!r}, so sure cannot be {row['sure']!r}"
    if row.get("hk_only") and seed not in ("none", "unlisted"):
        yield f"hk_only cannot go with the seed's call {seed!r}"
    if seed == "none" and not row.get("hk_only"):
        yield "only Hong Kong's own pay types cannot be cancelled"
    listed = {cancel[p] for p in ("seed", "docs-2026-02", "docs-2026-late")} - {"unlisted"}
    if len(listed) > 1 and "C19" not in row.get("dispute", []):
        yield "its routes differ between editions, so it must name dispute C19"


def _wallet(row: Row, data: Data) -> Iterator[str]:
    yield from _links(row, data)
    for currency in row.get("currencies", []):
        if currency not in _known(data, "currencies"):
            yield f"currency {currency!r} is not in currencies.json"


def _code(row: Row, data: Data) -> Iterator[str]:
    yield from _links(row, data)
    if not re.fullmatch(r"\d{4}", row["code"]):
        yield "a code is four digits"
    endpoints = row["endpoints"]
    for endpoint in endpoints:
        if endpoint not in (*CALL_ENDPOINTS, "*") or endpoint == "*" and len(endpoints) > 1:
            yield f"endpoint {endpoint!r} is none of {', '.join(CALL_ENDPOINTS)}, nor * alone"
    yield from _consistent(row)
    hints = get_type_hints(rows.Code)
    for endpoint, differs in row.get("at", {}).items():
        if endpoint not in spread(endpoints):
            yield f"'at' speaks of {endpoint!r}, where the code does not occur"
        for name, value in differs.items():
            if name in ("code", "endpoints", "at") or name not in hints:
                yield f"'at' {endpoint!r} cannot change {name!r}"
            else:
                yield from _misfits(f"'at' {endpoint!r} {name!r}", value, hints[name])


def _consistent(row: Row) -> Iterator[str]:
    kind, says = row["kind"], row["row"]
    if kind in ("progress", "unknown") and (says, row["money_moved"]) != ("open", "maybe"):
        yield f"kind {kind!r} leaves the order open and the money in doubt"
    if kind == "success" and says != "paid":
        yield "a success in a row says that the order is paid"
    if kind != "failure" and row["ask_again_safe"] and kind != "caller":
        yield f"kind {kind!r} is not safe to send again"
    if row["money_moved"] == "yes" and says in ("cancelled", "refunded", "expired"):
        yield f"a row that says {says!r} cannot leave the payer charged"


def _field(row: Row, data: Data) -> Iterator[str]:
    yield from _links(row, data)
    for endpoint in spread(row["endpoints"]):
        yield from _misfits("endpoint", endpoint, Endpoint)
    if row.get("length", 1) < 1:
        yield "a length is at least 1"
    for flow in row.get("flow", []):
        if flow not in get_args(Mode) and flow not in _known(data, "pay_types"):
            yield f"flow {flow!r} is neither a mode nor a pay type"


def _currency(row: Row, data: Data) -> Iterator[str]:
    yield from _links(row, data)
    if not re.fullmatch(r"[A-Z]{3}", row["code"]):
        yield "a currency is three capital letters"
    if row["minor_digits"] not in range(4):
        yield f"{row['minor_digits']} minor digits: ISO 4217 has 0 to 3"


def _environment(row: Row, data: Data) -> Iterator[str]:
    yield from _links(row, data)
    if not re.fullmatch(r"https://[a-z0-9.-]+", row["base_url"]):
        yield f"{row['base_url']!r} is not https:// and a host, without a path"
    if row["moves_money"] is (row["kind"] == "card-simulation"):
        yield "only the card simulation moves no money"


def _elsewhere(row: Row, data: Data) -> Iterator[str]:
    yield from _links(row, data)
    if not re.fullmatch(r"(/[a-z_0-9]+)+|[a-z0-9-]+(\.[a-z0-9-]+)+", row["place"]):
        yield f"{row['place']!r} is neither a path nor a host"
    if not row["link"].startswith("https://sdk.qfapi.com/"):
        yield f"{row['link']!r} is no page of the provider's documentation"


def _dispute(row: Row, data: Data) -> Iterator[str]:
    yield from _links(row, data)
    if len(row["readings"]) < 2:
        yield "a dispute has two readings at least"
    for reading in row["readings"]:
        yield from _links(reading, data)
    switch = row.get("switch")
    if switch is None:
        return
    found = next((s for s in data["switches"] if s.get("name") == switch), None)
    if found is None:
        yield f"switch {switch!r} is not in switches.json"
    elif row["id"] not in found.get("dispute", []):
        yield f"switch {switch!r} does not name this dispute"


def _switch(row: Row, data: Data) -> Iterator[str]:
    yield from _links(row, data)
    if not re.fullmatch(r"[a-z]+(_[a-z]+)*", row["name"]):
        yield "a switch is named in snake_case"
    if row["default"] not in row["values"]:
        yield f"the default {row['default']!r} is none of its values"
    for dispute in row.get("dispute", []):
        found = next((d for d in data["disputes"] if d.get("id") == dispute), {})
        if found.get("switch") != row["name"]:
            yield f"dispute {dispute!r} does not name this switch"


_PROMISES = {
    "pay_types": _pay_type,
    "wallets": _wallet,
    "codes": _code,
    "fields": _field,
    "currencies": _currency,
    "environments": _environment,
    "elsewhere": _elsewhere,
    "disputes": _dispute,
    "switches": _switch,
    "sources": _links,
    "page_errors": _links,
}


def _whole(data: Data) -> Iterator[str]:
    """Say what only the files together can show."""
    yield from (f"{file}.json: it is empty" for file in _SHAPES if not data[file])
    for lang in ("zh", "en"):
        names = Counter(row.get("name", {}).get(lang) for row in data["pay_types"])
        for name, count in names.items():
            if count > 1:
                yield f"pay_types.json: {count} pay types are called {name!r}; rename one"
    expiring = {row.get("code") for row in data["pay_types"] if row.get("expiry_field")}
    for row in data["fields"]:
        if row.get("name") == "expired_time" and set(row.get("flow", [])) != expiring:
            yield "fields.json: expired_time and the pay types with expiry_field do not agree"
    routes = next((s for s in data["switches"] if s.get("name") == "cancel_routes"), {})
    if set(routes.get("values", [])) != set(get_args(Profile)):
        yield "switches.json: cancel_routes and the profiles of pay types do not agree"
