"""Fields found by the structure of what holds them, and their values hidden.

JSON, forms, multipart bodies, headers and addresses, one inside the other; where there is no
structure, as in a line of a log, by the `places`. Which fields is in `hidden_fields`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus, unquote_plus

from qftools.exchange import places
from qftools.exchange.encoded import Finder
from qftools.exchange.hidden_fields import HINTS, REDACTED, is_hidden
from qftools.exchange.shown import Shown
from qftools.patterns import pattern

_DEEPEST = 8  # structures inside structures; what is deeper is not shown
_NO_PORT = pattern(rb"//[^/?#\s@:]{0,200}:(?![0-9]{1,5}(?![A-Za-z0-9]))")
# What 1143 says in most answers to a query is no field; each of them would be gone through.
# The word itself stands first, which makes searching forty times as fast.
_PASSWORD = pattern(rb'passw(?:(?!ord",)|(?<!is typing the passw))')
_NO_SECRETS = Finder(())


def suspects(data: bytes, finder: Finder = _NO_SECRETS) -> bool:
    """Tell whether *data* may hold a secret or a field to hide; a "no" is always right."""
    for level in finder.levels(data):
        if level is None or finder.is_at(level):
            return True
        for hint in HINTS:
            if hint in level and (hint != b"passw" or _PASSWORD.search(level)):
                return True
        if b"//" in level and (b"@" in level or _NO_PORT.search(level)) or b"curl" in level:
            return True
    return False


class Structure:
    """Walks through a value of any of these structures; `_hide` says what stands in place."""

    def _hide(self, value: object) -> str:
        """What stands for a value that must not be shown."""
        return REDACTED

    def _field(self, name: str, value: str) -> str:
        """The value of a field of that name."""
        if value and value != REDACTED and is_hidden(name):
            return self._hide(value)
        return value

    def _value(self, text: str, depth: int) -> str:
        """A text that may be JSON, an address, a form, percent-encoded, or nothing of these."""
        if not self._needs_a_look(text):
            return text
        if depth > _DEEPEST:
            return self._hide(text)
        if text.lstrip("\ufeff \t\r\n")[:1] in ("{", "[", '"'):
            return self._json(text, depth)
        if places.ADDRESS.match(text):
            return self._url(text, depth)
        return self._form(text, depth)

    def _needs_a_look(self, text: str) -> bool:
        return len(text) > 3 and suspects(text.encode("utf-8", "surrogatepass"))

    def _url(self, url: str, depth: int) -> str:
        found = places.USER.match(url)
        if found:
            self._hide(found[2])
            url = f"{found[1]}redacted{url[found.end() - 1 :]}"
        parts = re.split(r"([?#])", url)
        return "".join([self._loose(parts[0]), *[self._form(part, depth) for part in parts[1:]]])

    def _form(self, text: str, depth: int) -> str:
        return self._loose("&".join([self._pair(pair, depth) for pair in text.split("&")]))

    def _pair(self, pair: str, depth: int) -> str:
        name, equals, value = pair.partition("=")
        if not equals:
            name, value = "", pair
        plain = unquote_plus(value, errors="surrogateescape")
        field = places.BEFORE_NAME.split(unquote_plus(name[-200:]).rstrip("{}()\"'|"))[-1].strip()
        clean = self._field(field, plain)
        nested = equals and (plain[:1] in ("{", "[") or places.ADDRESS.match(plain))
        if clean == plain and (plain != value or nested):
            clean = self._value(plain, depth + 1)
        if clean == plain:
            return pair
        encoded = quote_plus(clean, errors="surrogateescape") if plain != value else clean
        return name + equals + (clean if clean == REDACTED else encoded)

    def _loose(self, text: str) -> str:
        """A text without structure, such as a line of a log, an error page, or half of JSON."""
        text = places.COOKIE.sub(self._loose_cookie, text)
        text = places.OPTION.sub(self._loose_cookie, text)
        text = places.PART_IN_TEXT.sub(self._loose_row, text)
        text = places.ROW_IN_TEXT.sub(self._loose_row, text)
        if "@" in text:
            text = places.USER_IN_TEXT.sub(self._loose_user, text)
        text = places.USER_CUT.sub(self._loose_cookie, text)
        return self._loose_fields(text)

    def _loose_cookie(self, found: re.Match[str]) -> str:
        return found[1] + self._hide(found[2])

    def _loose_row(self, found: re.Match[str]) -> str:
        if not is_hidden(found[2]) or found[3] == REDACTED:
            return found[0]
        return found[1] + self._hide(found[3])

    def _loose_user(self, found: re.Match[str]) -> str:
        self._hide(found[2])
        return f"{found[1]}redacted@"

    def _loose_fields(self, text: str) -> str:
        parts: list[str] = []
        at = 0
        found = places.IN_TEXT.search(text)
        while found:
            begin, end = found.span(found.lastgroup or 0)
            value = text[begin:end]
            hidden = self._hide(value) if value and value != REDACTED else value
            parts += text[at:begin], hidden
            at = end
            found = places.NEXT_VALUE.match(text, at) if hidden is not value else None
            found = found or places.IN_TEXT.search(text, at)
        return "".join([*parts, text[at:]]) if parts else text

    def _json(self, text: str, depth: int) -> str:
        try:
            value = json.loads(text.lstrip("\ufeff"))
            clean = self._clean(value, depth + 1)
        except (ValueError, RecursionError):
            return self._form(text, depth)
        return text if clean == value else json.dumps(clean, ensure_ascii=text.isascii())

    def _clean(self, value: Any, depth: int) -> Any:
        if isinstance(value, dict):
            named = value.get("name", value.get("key")) if "value" in value else None
            return {
                self._value(str(name), depth): self._leaf(
                    named if named and name == "value" else name, part, depth, value
                )
                for name, part in value.items()
            }
        if isinstance(value, (list, tuple)):
            if len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], str):
                return [value[0], self._leaf(value[0], value[1], depth, {})]
            return [self._clean(item, depth) for item in value]
        if isinstance(value, Shown):  # a redaction has made it: it may be a sentence of ours
            return value
        return self._value(value, depth) if isinstance(value, str) else value

    def _leaf(self, name: Any, value: Any, depth: int, around: Mapping[str, Any]) -> Any:
        if name == "key" and "value" in around:
            return value  # {"key": "out_trade_no", "value": "1"}: the name of a field
        if value in (None, "", REDACTED) or not is_hidden(str(name)):
            return self._clean(value, depth)
        if isinstance(value, (dict, list)):
            return self._all_hidden(value)
        return self._hide(value)

    def _all_hidden(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._all_hidden(part) for name, part in value.items()}
        if isinstance(value, list):
            return [self._all_hidden(part) for part in value]
        return self._hide(value)

    def _body(self, body: bytes, content_type: str, depth: int) -> bytes:
        if not body or not suspects(body):
            return body
        found = places.BOUNDARY.search(content_type)
        first = places.FIRST_LINE.match(body)
        if found or first:
            boundary = (found[1] or found[2]).encode() if found else first[1] if first else b""
            return self._multipart(body, b"--" + boundary, depth)
        text = body.decode("utf-8", "surrogateescape")
        clean = self._value(text, depth)
        return body if clean is text else clean.encode("utf-8", "surrogateescape")

    def _multipart(self, body: bytes, line: bytes, depth: int) -> bytes:
        return line.join([self._part(part, depth) for part in body.split(line)])

    def _part(self, part: bytes, depth: int) -> bytes:
        gap = places.EMPTY_LINE.search(part)
        if gap is None or depth > _DEEPEST:
            return self._loose_bytes(part)
        head, value = part[: gap.end()], part[gap.end() :]
        end = len(value.rstrip(b"\r\n"))
        value, rest = value[:end], value[end:]
        text = head.decode("utf-8", "surrogateescape")
        named = places.PART_NAME.search(text)
        name = unquote_plus(named[1] or named[2] or "") if named else ""
        if value and is_hidden(name):
            return head + self._hide(value.decode("utf-8", "surrogateescape")).encode() + rest
        kind = places.PART_TYPE.search(text)
        return head + self._body(value, kind[1] if kind else "", depth + 1) + rest

    def _loose_bytes(self, data: bytes) -> bytes:
        text = data.decode("utf-8", "surrogateescape")
        return self._loose(text).encode("utf-8", "surrogateescape")
