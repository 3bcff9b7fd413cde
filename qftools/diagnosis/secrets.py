"""Keys that stand in a paste: found, used to check the signature, and never shown."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Iterable
from typing import Any, TypeVar

from qftools.catalogue.rows import Text
from qftools.exchange import Request, Response
from qftools.exchange.parsing import Paste
from qftools.exchange.redaction import KEY_FIELDS, redactor_for

T = TypeVar("T")

_MOST = 10
_STRING = Text("签名的文字", "string to sign")
_TEXT = Text("粘贴的文字", "text")
# client_key = "...", 'key' => '...', QFTOOLS_CLIENT_KEY=..., "app_key": "..."
_ASSIGNED = re.compile(
    r"(?i)(?<![A-Za-z0-9])(?:client_?key|app_?key|app_?secret|qftools_client_key|密钥|key)"
    r"[\"']?\]?\s{0,4}(?:=>|->|[=:：])\s{0,4}[\"']?([A-Za-z0-9*+/_\-]{8,128})(?![A-Za-z0-9])"
)
# 32 digits behind something that is no "=": a value that is a number of its own stays one.
_BEHIND = re.compile(rb"(?<=[^=])([0-9A-F]{32}|[0-9a-f]{32})$")


def keys_in(text: str, pastes: Iterable[Paste]) -> list[str]:
    """Everything in a paste that is a client key by its name."""
    found = dict.fromkeys(match[1] for match in list(_ASSIGNED.finditer(text))[:_MOST])
    for paste in pastes:
        request = paste.request
        if request is None:
            continue
        for name, value in (*request.params.items(), *request.headers):
            if name.strip().lower() in KEY_FIELDS and value:
                found[value] = None
    return [key for key in found if key != "[redacted]"][:_MOST]


def without_key(paste: Paste) -> tuple[Paste, str]:
    """*paste* without the key that stands behind a logged text, and that key; empty if none."""
    request = paste.request
    if request is None or not paste.partial or paste.form not in ("log", "form"):
        return paste, ""
    found = _BEHIND.search(request.body)
    if found is None:
        return paste, ""
    body = request.body[: found.start(1)].removesuffix(b"&")
    return dataclasses.replace(paste, request=dataclasses.replace(request, body=body)), found[
        1
    ].decode()


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


def scrubbed(value: T, secrets: Collection[str]) -> T:
    """*value*, a tree of frozen nouns, with every text in it free of *secrets*."""
    if not secrets:
        return value
    return _scrub(value, frozenset(secrets))  # type: ignore[no-any-return]


def _scrub(value: Any, secrets: frozenset[str]) -> Any:
    redactor = redactor_for(secrets)
    if isinstance(value, str):
        return redactor.text(value)
    if isinstance(value, bytes):
        return redactor.raw(value)
    if isinstance(value, tuple):
        items = [_scrub(item, secrets) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    if isinstance(value, Text):
        return Text(redactor.text(value.zh), redactor.text(value.en))
    if isinstance(value, (Request, Response)):
        return value.redacted(secrets)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        changes = {
            field.name: _scrub(getattr(value, field.name), secrets)
            for field in dataclasses.fields(value)
        }
        return dataclasses.replace(value, **changes)
    return value
