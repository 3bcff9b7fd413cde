"""What must not be shown of a request, in whatever form it is written.

A client key never belongs in a request (C8: one published sample leaks it); the other
fields name the payer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable
from typing import Any
from urllib.parse import quote, quote_plus, unquote_plus

REDACTED = "[redacted]"

KEY_FIELDS = frozenset({"key", "client_key", "app_key", "clientkey", "appkey", "app_secret"})
PAYER_FIELDS = frozenset({"user_creid", "user_truename"})
SECRET_FIELDS = KEY_FIELDS | PAYER_FIELDS
_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie"})

# "name": "value" in JSON that is broken off, so that no parser reads it. Possessive: no
# way back into what was matched, so that crafted text can't make it slow.
_IN_JSON = re.compile(
    r'(?i)("(?:' + "|".join(sorted(SECRET_FIELDS)) + r')"\s*+:\s*+)"(?:[^"\\]++|\\.)*+"?'
)
_SHORTEST_SECRET = 4  # characters; a shorter one is not looked for in other text


def redact_form(text: str) -> str:
    """*text*, a query string or a form body, without the values of secret fields.

    Example:
        >>> redact_form("txamt=1&k%65y=5744&extend_info=%7B%22user_creid%22%3A%2242%22%7D")
        'txamt=1&k%65y=[redacted]&extend_info=%7B%22user_creid%22%3A+%22%5Bredacted%5D%22%7D'
    """
    return "&".join([_redact_pair(pair) for pair in text.split("&")])


def _redact_pair(pair: str) -> str:
    name, equals, value = pair.partition("=")
    if equals and value and unquote_plus(name).strip().lower() in SECRET_FIELDS:
        return f"{name}={REDACTED}"
    plain = unquote_plus(value)
    if '"' in plain and any(field in plain.lower() for field in SECRET_FIELDS):
        clean = redact_json(plain)
        if clean != plain:
            return f"{name}={clean if plain == value else quote_plus(clean)}"
    return pair


def redact_json(text: str) -> str:
    """*text* without the values of secret fields, at any depth; unchanged where it has none.

    Example:
        >>> redact_json('{"a": {"user_truename": "Li", "b": 1}}')
        '{"a": {"user_truename": "[redacted]", "b": 1}}'
    """
    try:
        value = json.loads(text)
        clean = _clean(value)
    except (ValueError, RecursionError):
        return _IN_JSON.sub(rf'\1"{REDACTED}"', text)
    return text if clean == value else json.dumps(clean, ensure_ascii=not _written_raw(text))


def _written_raw(text: str) -> bool:
    return not text.isascii()


def _clean(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: REDACTED
            if str(name).lower() in SECRET_FIELDS and value not in (None, "")
            else _clean(value)
            for name, value in value.items()
        }
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, str) and value[:1] in "{[" and any(f in value for f in SECRET_FIELDS):
        return redact_json(value)
    return value


def redact_body(body: bytes) -> bytes:
    """A form, a JSON text or anything else, without the values of secret fields."""
    if not body:
        return body
    text = body.decode("utf-8", "surrogateescape")
    clean = redact_json(text) if text.lstrip()[:1] in ("{", "[") else redact_form(text)
    return clean.encode("utf-8", "surrogateescape")


def redact_url(url: str) -> str:
    """*url* without the values of secret fields in its query string."""
    address, mark, query = url.partition("?")
    return address + mark + redact_form(query) if mark else url


def redact_headers(headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Headers without credentials of other systems and without keys."""
    secret = _SECRET_HEADERS | SECRET_FIELDS
    return tuple(
        (
            name,
            REDACTED
            if name.lower().replace("-", "_") in secret or name.lower() in secret
            else value,
        )
        for name, value in headers
    )


def without(text: str, secrets: Collection[str]) -> str:
    """*text* without the *secrets*, plain, URL-encoded or as JSON writes them.

    Example:
        >>> without("txamt=1&txcurrcd=HKD5744993F", ["5744993F"])
        'txamt=1&txcurrcd=HKD[redacted]'
    """
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) < _SHORTEST_SECRET:
            continue
        for form in {secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]}:
            for written in {form, form.lower(), form.upper()}:
                text = text.replace(written, REDACTED)
    return text
