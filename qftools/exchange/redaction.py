"""The one redaction: what must not be shown of a request or a reply, however it is written.

A client key never belongs in a request (C8: one published sample leaks it), and a gateway
or a proxy may repeat it anywhere; the other fields name the payer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any
from urllib.parse import quote_plus, unquote_plus

from qftools.exchange.encoded import Finder

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
# Each name above contains one of these.
_HINTS = (b"key", b"app_secret", b"user_", b"authorization", b"cookie")


_LONGEST_ENCODED = 16_384  # bytes of a secret in the longest of its encodings


class Redactor:
    """Takes out of requests and replies what must not be shown.

    That is secrets, wherever they are and in [every encoding][qftools.exchange.encoded.Finder],
    and the values of the fields and headers that hold keys or name the payer.

    Args:
        secrets: Values that must not be seen, such as the client key.

    Example:
        >>> redactor = Redactor(["5744993FBC034DBB"])
        >>> redactor.text("txcurrcd=HKD5744993FBC034DBB, %35744993fbc034dbb")
        'txcurrcd=HKD[redacted], [redacted]'
        >>> redactor.body(b"txamt=1&k%65y=5744&extend_info=%7B%22user_creid%22%3A%2242%22%7D")
        b'txamt=1&k%65y=[redacted]&extend_info=%7B%22user_creid%22%3A+%22%5Bredacted%5D%22%7D'
    """

    def __init__(self, secrets: Collection[str] = ()) -> None:
        self._finder = Finder(secrets) if secrets else None

    def suspects(self, data: bytes) -> bool:
        """Tell whether *data* may hold what must not be shown; a "no" is always right."""
        finder = self._finder or _NO_SECRETS
        for level in finder.levels(data):
            if level is None or finder.is_at(level):
                return True
            for hint in _HINTS:
                if hint in level:
                    return True
        return False

    def text(self, text: str) -> str:
        """*text* without the secrets."""
        return self.raw(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")

    def raw(self, data: bytes) -> bytes:
        """*data* without the secrets."""
        return self._without(data, len(data))

    def body(self, body: bytes, most: int | None = None) -> bytes:
        """A form, JSON or any other text without the secrets and secret fields.

        Args:
            body: The text.
            most: How many bytes of it to return; all when left out.
        """
        clean = _body(body)
        return self._without(clean, len(clean) if most is None else most)

    def headers(self, headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        """Headers without the secrets, and without credentials of other systems."""
        return tuple(
            [
                (self.text(name), REDACTED if _is_secret(name) else self.text(value))
                for name, value in headers
            ]
        )

    def url(self, url: str) -> str:
        """*url* without the secrets, and without secret fields in its query string."""
        address, mark, query = url.partition("?")
        return self.text(address + mark + _form(query))

    def plain(self, value: Any) -> Any:
        """A JSON value without the secrets and secret fields, at any depth.

        Example:
            >>> Redactor(["5744993F"]).plain({"resperr": "key 5744993F", "user_truename": "Li"})
            {'resperr': 'key [redacted]', 'user_truename': '[redacted]'}
        """
        return self._plain(_clean(value))

    def _plain(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(name): self._plain(part) for name, part in value.items()}
        if isinstance(value, list):
            return [self._plain(part) for part in value]
        if isinstance(value, (int, float)) and self.text(str(value)) != str(value):
            return REDACTED  # a key of digits, sent as a number
        return value

    def _without(self, data: bytes, most: int) -> bytes:
        """The first *most* bytes of *data*, and a secret that begins there and ends later."""
        near = data[: most + _LONGEST_ENCODED]
        if self._finder is None or not self._finder.is_in(near):
            return data[:most]
        parts: list[bytes] = []
        at = 0
        for begin, end in self._finder.spans(near):
            if begin >= most:
                break
            parts += near[at:begin], REDACTED.encode()
            at = end
        return b"".join([*parts, near[at:most]])


@lru_cache(maxsize=32)
def redactor_for(secrets: frozenset[str]) -> Redactor:
    """Return the redactor of these secrets; making one costs more than using it."""
    return Redactor(secrets)


def payer_in(params: Mapping[str, object]) -> Iterator[str]:
    """Yield what a request says of the payer, in ``extend_info`` too: a reply may repeat it.

    Example:
        >>> list(payer_in({"txamt": 1, "extend_info": '{"user_creid": "430067798868676871"}'}))
        ['430067798868676871']
    """
    for name in PAYER_FIELDS & params.keys():
        yield str(params[name])
    nested = params.get("extend_info")
    if isinstance(nested, str):
        with suppress(ValueError, RecursionError):
            value = json.loads(nested)
            if isinstance(value, dict):
                yield from payer_in(value)


_NO_SECRETS = Finder(())


def _form(text: str) -> str:
    return "&".join([_pair(pair) for pair in text.split("&")])


def _pair(pair: str) -> str:
    name, equals, value = pair.partition("=")
    if equals and value and unquote_plus(name).strip().lower() in SECRET_FIELDS:
        return f"{name}={REDACTED}"
    plain = unquote_plus(value)
    if '"' in plain and any(field in plain.lower() for field in SECRET_FIELDS):
        clean = _json(plain)
        if clean != plain:
            return f"{name}={clean if plain == value else quote_plus(clean)}"
    return pair


def _json(text: str) -> str:
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
        return _json(value)
    return value


def _body(body: bytes) -> bytes:
    if not body:
        return body
    text = body.decode("utf-8", "surrogateescape")
    is_json = text.lstrip("\ufeff \t\r\n")[:1] in ("{", "[")
    clean = _json(text.lstrip("\ufeff")) if is_json else _form(text)
    return body if clean is text else clean.encode("utf-8", "surrogateescape")


def _is_secret(header: str) -> bool:
    name = header.lower()
    return name in _SECRET_HEADERS or name.replace("-", "_") in SECRET_FIELDS
