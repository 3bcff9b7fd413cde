"""Archives of other tools read: HAR and Postman. What they write is `exchange.writing`."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from qftools.errors import InputError
from qftools.exchange import Headers, Request, Response
from qftools.locale import mark
from qftools.patterns import pattern

_FORM = "application/x-www-form-urlencoded"
_DEEPEST_FOLDER = 20
_LONGEST_FILLED = 500_000  # characters that the variables of a collection may fill in


class Archived(NamedTuple):
    """One request of an archive, with its answer; *form* is har or postman.

    *started* is when it was sent, as a HAR writes it; empty where that is not known.
    """

    form: str
    request: Request
    response: Response | None = None
    started: str = ""


def from_archive(value: dict[str, Any], most: int = 200) -> Iterator[Archived]:
    """The requests of a HAR, one of its entries, a Postman collection, or one of its requests.

    Of a HAR *most* entries are read.
    """
    log = value.get("log")
    if isinstance(log, dict) and isinstance(log.get("entries"), list):
        yield from _from_har(log["entries"], most)
    elif _is_entry(value):
        yield from _from_entry(value)
    elif isinstance(value.get("item"), list):
        yield from _from_items(value["item"], 0, _Variables(value))
    elif isinstance(value.get("collection"), dict):
        yield from from_archive(value["collection"])
    elif isinstance(value.get("url"), (str, dict)) and _is_postman(value):
        yield from _from_postman(value, _Variables({}))


def _is_entry(value: dict[str, Any]) -> bool:
    """An entry of a HAR, or a request of Postman: headers are lists of rows in both."""
    asked = value.get("request")
    if not isinstance(asked, dict) or "url" not in asked or "item" in value:
        return False
    return isinstance(asked.get("headers") or asked.get("header") or [], list) and (
        not isinstance(asked.get("body"), str)
    )


def _is_postman(value: dict[str, Any]) -> bool:
    body = value.get("body")
    return isinstance(value.get("header"), list) or (isinstance(body, dict) and "mode" in body)


# ---- HAR -----------------------------------------------------------------------------


def _from_har(entries: list[Any], most: int) -> Iterator[Archived]:
    """Requests to the gateway; all of them where none is one by its address."""
    usable = [e for e in entries if isinstance(e, dict) and isinstance(e.get("request"), dict)]
    ours = [e for e in usable if _is_ours(str(e["request"].get("url", "")))]
    for entry in (ours or usable)[:most]:
        yield from _from_entry(entry)


def _is_ours(url: str) -> bool:
    return "/trade/v1/" in url or "qfapi.com" in url or "qfpay.com" in url


def _from_entry(entry: dict[str, Any]) -> Iterator[Archived]:
    asked = entry["request"]
    url, headers = asked.get("url"), _har_headers(asked.get("headers") or asked.get("header"))
    if not isinstance(url, str):
        yield from _from_postman(asked, _Variables({}))
        return
    posted = asked.get("postData")
    body = _har_body(posted) if isinstance(posted, dict) else b""
    request = Request(str(asked.get("method") or "GET"), url, headers, body)
    started = str(entry.get("startedDateTime") or "")
    yield Archived("har", request, _har_response(entry.get("response")), started)


def _har_headers(rows: Any) -> Headers:
    found = []
    for row in rows if isinstance(rows, list) else ():
        name = row.get("name") if isinstance(row, dict) else None
        if isinstance(name, str) and not name.startswith(":"):  # HTTP/2: :method, :path ...
            found.append((name, str(row.get("value", ""))))
    return tuple(found)


def _har_body(posted: dict[str, Any]) -> bytes:
    text = posted.get("text")
    if isinstance(text, str) and text:
        return _decoded(text, posted.get("encoding"))
    rows = posted.get("params")
    pairs = [
        f"{row.get('name', '')}={row.get('value', '')}"
        for row in (rows if isinstance(rows, list) else ())
        if isinstance(row, dict)
    ]
    return "&".join(pairs).encode("utf-8", "surrogateescape")


def _decoded(text: str, encoding: object) -> bytes:
    if encoding == "base64":
        try:
            return base64.b64decode(text)
        except (binascii.Error, ValueError):
            return b""
    return text.encode("utf-8", "surrogateescape")


def _har_response(answer: Any) -> Response | None:
    if not isinstance(answer, dict) or not isinstance(answer.get("status"), int):
        return None
    if not answer["status"]:
        return None
    content = answer.get("content")
    body = b""
    if isinstance(content, dict) and isinstance(content.get("text"), str):
        body = _decoded(content["text"], content.get("encoding"))
    return Response(answer["status"], _har_headers(answer.get("headers")), body)


# ---- Postman --------------------------------------------------------------------------


class _Variables:
    """A collection's variables. What they fill in is bounded: one may stand in many places."""

    def __init__(self, collection: dict[str, Any]) -> None:
        rows = collection.get("variable")
        self._values = {
            str(row.get("key")): _text_of(row.get("value"))
            for row in (rows if isinstance(rows, list) else ())
            if isinstance(row, dict)
        }
        self._left = _LONGEST_FILLED

    def filled(self, value: object) -> str:
        """A value with its variables filled in."""
        return _VARIABLE.sub(self._value, _text_of(value))

    def _value(self, found: re.Match[str]) -> str:
        value = self._values.get(found[1], found[0])
        self._left -= len(value)
        if self._left < 0:
            raise InputError(
                mark("the paste"),
                "is too long",
                "variables that fill in less than {most:,} characters",
                most=_LONGEST_FILLED,
            )
        return value


def _from_items(items: list[Any], depth: int, variables: _Variables) -> Iterator[Archived]:
    for item in items[:500]:
        if not isinstance(item, dict) or depth > _DEEPEST_FOLDER:
            continue
        if isinstance(item.get("item"), list):
            yield from _from_items(item["item"], depth + 1, variables)
        asked = item.get("request")
        if isinstance(asked, dict):
            yield from _from_postman(asked, variables)


_VARIABLE = pattern(r"\{\{([^{}]{1,200})\}\}")


def _from_postman(asked: dict[str, Any], variables: _Variables) -> Iterator[Archived]:
    filled = variables.filled
    url = asked.get("url")
    address = filled(url.get("raw") if isinstance(url, dict) else url)
    rows = asked.get("header")
    headers = tuple(
        (filled(row.get("key")), filled(row.get("value")))
        for row in (rows if isinstance(rows, list) else ())
        if isinstance(row, dict) and not row.get("disabled")
    )
    body, kind = _postman_body(asked.get("body"), filled)
    if kind and not any(name.lower() == "content-type" for name, _value in headers):
        headers = (*headers, ("Content-Type", kind))
    yield Archived("postman", Request(str(asked.get("method") or "GET"), address, headers, body))


def _postman_body(body: Any, filled: Any) -> tuple[bytes, str]:
    if not isinstance(body, dict):
        return b"", ""
    if isinstance(body.get("raw"), str) and body.get("mode", "raw") == "raw":
        return filled(body["raw"]).encode("utf-8", "surrogateescape"), ""
    mode = str(body.get("mode"))
    rows = body.get(mode) if mode in ("urlencoded", "formdata") else None
    pairs = [
        (filled(row.get("key")), filled(row.get("value")))
        for row in (rows if isinstance(rows, list) else ())
        if isinstance(row, dict) and not row.get("disabled")
    ]
    text = urlencode(pairs, quote_via=quote, safe="", errors="surrogateescape")
    return text.encode(), _FORM if mode == "urlencoded" else "multipart/form-data"


def _text_of(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "", True: "true", False: "false"}[value]
    return str(value)
