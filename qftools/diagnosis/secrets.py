"""What in a paste must not be shown: found, keys used to check the signature, and taken out."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Iterator
from functools import cache
from typing import Any

from qftools import catalogue
from qftools.diagnosis.diagnosis import Diagnosis
from qftools.diagnosis.nouns import Draft
from qftools.diagnosis.reading.json_text import load_json
from qftools.diagnosis.reading.names import is_signature
from qftools.diagnosis.reading.paste import LONGEST_TEXT, Paste
from qftools.diagnosis.visible import difference, signature_alone
from qftools.exchange import REDACTED
from qftools.exchange.hidden_fields import is_hidden, is_key
from qftools.exchange.redaction import Collector, redactor_for
from qftools.patterns import pattern
from qftools.texts import Text

_MOST = 10
_DEEPEST = 50
_SHORTEST_KEY = 8
_STRING = Text("签名的文字", "string to sign")
_TEXT = Text("粘贴的文字", "text")
# client_key = "...", 'key' => '...', QFTOOLS_CLIENT_KEY=..., "app_key": "..."
_ASSIGNED = pattern(
    r"(?i)(?<![A-Za-z0-9])(?:(?:client_?key|app_?key|app_?secret|qftools_client_key|密钥)"
    r"[\"']?\]?\s{0,4}(?:=>|->|[=:：])\s{0,4}[\"']?([A-Za-z0-9*+/_\-]{8,128})"
    r"|key[\"']?\]?\s{0,4}(?:=>|->|[=:：])\s{0,4}[\"']?([0-9A-F]{16,32}|[0-9a-f]{16,32}))(?![A-Za-z0-9])"
    r"(?!\\?[\"']?\s{0,4},\s{0,4}\\?[\"']?value)"  # as Postman writes a table of fields
)
# 32 digits behind something that is no "=": a value that is a number of its own stays one.
_BEHIND = pattern(rb"(?<=[^=])([0-9A-F]{32}|[0-9a-f]{32})$")


def keys_in(text: str, pastes: Iterable[Paste]) -> list[str]:
    """Everything in a paste that is a client key by its name."""
    value = _json(text)
    if value is None:
        assigned = [match[1] or match[2] for match in list(_ASSIGNED.finditer(text))[:_MOST]]
        found = dict.fromkeys(one for one in assigned if not _is_name(one))
    else:
        found = dict.fromkeys(one for name, one in _named(value, 0) if is_key(name))
    for paste in pastes:
        request = paste.request
        if request is None:
            continue
        for name, given in (*request.params.items(), *request.headers):
            if is_key(name):
                found[given] = None
    return [key for key in found if key not in ("", REDACTED)][:_MOST]


def _json(text: str) -> Any:
    return load_json(text) if text.lstrip()[:1] in ("{", "[") else None


def _named(value: Any, depth: int) -> Iterator[tuple[str, str]]:
    """Names with their texts in a JSON value; a table of names and values is read as such."""
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        for item in value:
            yield from _named(item, depth + 1)
    elif isinstance(value, dict):
        row = "value" in value and ("key" in value or "name" in value)
        if row:
            yield str(value.get("key", value.get("name"))), str(value["value"])
        for name, part in value.items():
            if isinstance(part, (dict, list)):
                yield from _named(part, depth + 1)
            elif not row and part:
                yield name, str(part)


def _is_name(text: str) -> bool:
    """Tell whether it names a field, as in ``value: "1", key: "out_trade_no"``."""
    return text.lower() in _field_names() or is_hidden(text)


@cache
def _field_names() -> frozenset[str]:
    return frozenset(row.name.lower() for row in catalogue.fields())


def without_key(paste: Paste, key: str = "") -> tuple[Paste, str]:
    """*paste* without the key that stands behind a logged text, and that key; empty if none."""
    request = paste.request
    if request is None or not paste.partial or paste.role != "request":
        return paste, ""
    if is_signature(request.body.rpartition(b"&")[2].partition(b"=")[0].decode("utf-8", "replace")):
        return paste, ""
    found = _BEHIND.search(request.body)
    behind = found[1].decode() if found else ""
    if key and len(key) >= _SHORTEST_KEY and request.body.endswith(key.encode()):
        behind = key
    if not behind:
        return paste, ""
    body = request.body.removesuffix(behind.encode()).removesuffix(b"&")
    return dataclasses.replace(paste, request=dataclasses.replace(request, body=body)), behind


def places_of(secrets: Collection[str], text: str, pastes: Iterable[Paste]) -> list[Text]:
    """Where secrets stand in a paste, for the reader: names only."""
    places: list[Text] = []
    for paste in pastes:
        request = paste.request
        if request is None:
            continue
        for name, value in request.params.items():
            if any(secret in value for secret in secrets):
                places.append(Text(name, name))
        for name, value in request.headers:
            if any(secret in value for secret in secrets):
                places.append(Text(name, name))
        if paste.signed_text and any(secret in paste.signed_text for secret in secrets):
            places.append(_STRING)
    if not places and any(secret in text for secret in secrets):
        places.append(_TEXT)
    return list(dict.fromkeys(places))[:5]


def named_in(text: str, pastes: Iterable[Paste]) -> tuple[str, ...]:
    """What must not be shown and stands in a paste in a field, a header or an address."""
    found = Collector()
    for paste in pastes:
        if paste.request is not None:
            found.request(paste.request)
        if paste.response is not None:
            found.response(paste.response)
        found.text(paste.signed_text or "")
    if len(text) <= LONGEST_TEXT and _json(text) is None:
        found.text(text)  # what stands around the request in a log
    return found.taken


def shown(draft: Draft, secrets: Collection[str]) -> Diagnosis:
    """The diagnosis of a draft, without *secrets*, and without fields that must not be shown."""
    redactor = redactor_for(frozenset(secrets))
    text, signed = redactor.text(draft.text), draft.signed and redactor.text(draft.signed)
    apart = draft.difference
    if apart is not None and (text, signed) != (draft.text, draft.signed):
        # Its bytes stay; what stands around them may begin in the middle of a secret.
        near = difference(text, signed or "")
        apart = apart._replace(
            wanted_near=near.wanted_near if near else REDACTED,
            given_near=near.given_near if near else REDACTED,
        )
    return redactor.tree(
        dataclasses.replace(
            draft,
            params=redactor.headers(draft.params),
            text=text,
            signed=signed,
            difference=apart,
            given=draft.given and redactor.text(signature_alone(draft.given)),
        ),
        Diagnosis,
    )
