"""Pastes that are data: HAR, Postman, the arguments of fetch() and requests, bare JSON."""

from __future__ import annotations

import ast
import base64
import binascii
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

from qftools.diagnosis.reading.json_text import as_text, mended
from qftools.diagnosis.reading.paste import LONGEST_TEXT, Paste
from qftools.errors import InputError
from qftools.exchange import Headers, Request, Response
from qftools.locale import mark

_FORM = "application/x-www-form-urlencoded"
_DEEPEST_FOLDER = 20
_LONGEST_SOURCE = 50_000  # characters of a program that are given to a parser


def from_json(value: Any, text: str) -> Iterator[Paste]:
    """Whatever a JSON value may be: archive, collection, request, parameters, or an answer."""
    if isinstance(value, list):
        for item in value[:200]:
            if isinstance(item, dict):
                yield from from_json(item, json.dumps(item, ensure_ascii=False))
    elif isinstance(value, dict):
        yield from _from_object(value, text)


def _from_object(value: dict[str, Any], text: str) -> Iterator[Paste]:
    log = value.get("log")
    if isinstance(log, dict) and isinstance(log.get("entries"), list):
        yield from _from_har(log["entries"])
    elif (
        isinstance(value.get("request"), dict) and "url" in value["request"] and "item" not in value
    ):
        yield from _from_entry(value)
    elif isinstance(value.get("item"), list):
        yield from _from_items(value["item"], 0, _Variables(value))
    elif isinstance(value.get("collection"), dict):
        yield from _from_object(value["collection"], text)
    elif isinstance(value.get("url"), (str, dict)) and (
        "method" in value or "headers" in value or "header" in value
    ):
        if "header" in value or isinstance(value.get("body"), dict) and "mode" in value["body"]:
            yield from _from_postman(value, _Variables({}))
        else:
            yield from _from_arguments(str(value["url"]), value, "requests")
    elif "respcd" in value:
        yield Paste(
            "answer", response=Response(200, (), text.strip().encode("utf-8", "surrogateescape"))
        )
    else:
        yield from _from_params(value)


def _from_params(value: dict[str, Any]) -> Iterator[Paste]:
    """A bare object of parameters, perhaps with their signature."""
    signature = next(
        (str(value[name]) for name in ("X-QF-SIGN", "x-qf-sign", "signature") if value.get(name)),
        None,
    )
    pairs = [(str(k), as_text(v)) for k, v in value.items() if k.lower() != "x-qf-sign"]
    pairs = [pair for pair in pairs if pair[0] != "signature"]
    if any(not isinstance(v, (dict, list)) for v in value.values()):
        request = Request("POST", "", (), urlencode(pairs, errors="surrogateescape").encode())
        yield Paste("json", request, signature=signature, partial=True)


# ---- HAR -----------------------------------------------------------------------------


def _from_har(entries: list[Any]) -> Iterator[Paste]:
    """Requests to the gateway; all of them where none is one by its address."""
    usable = [e for e in entries if isinstance(e, dict) and isinstance(e.get("request"), dict)]
    ours = [e for e in usable if _is_ours(str(e["request"].get("url", "")))]
    for entry in (ours or usable)[:200]:
        yield from _from_entry(entry)


def _is_ours(url: str) -> bool:
    return "/trade/v1/" in url or "qfapi.com" in url or "qfpay.com" in url


def _from_entry(entry: dict[str, Any]) -> Iterator[Paste]:
    asked = entry["request"]
    url, headers = asked.get("url"), _har_headers(asked.get("headers") or asked.get("header"))
    if not isinstance(url, str):
        yield from _from_postman(asked, _Variables({}))
        return
    posted = asked.get("postData")
    body = _har_body(posted) if isinstance(posted, dict) else b""
    request = Request(str(asked.get("method") or "GET"), url, headers, body)
    yield Paste("har", request, _har_response(entry.get("response")))


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
            str(row.get("key")): as_text(row.get("value"))
            for row in (rows if isinstance(rows, list) else ())
            if isinstance(row, dict)
        }
        self._left = LONGEST_TEXT

    def filled(self, value: object) -> str:
        """A value with its variables filled in."""
        return _VARIABLE.sub(self._value, as_text(value))

    def _value(self, found: re.Match[str]) -> str:
        value = self._values.get(found[1], found[0])
        self._left -= len(value)
        if self._left < 0:
            raise InputError(
                mark("the paste"),
                "is too long",
                "variables that fill in less than {most:,} characters",
                most=LONGEST_TEXT,
            )
        return value


def _from_items(items: list[Any], depth: int, variables: _Variables) -> Iterator[Paste]:
    for item in items[:500]:
        if not isinstance(item, dict) or depth > _DEEPEST_FOLDER:
            continue
        if isinstance(item.get("item"), list):
            yield from _from_items(item["item"], depth + 1, variables)
        asked = item.get("request")
        if isinstance(asked, dict):
            yield from _from_postman(asked, variables)


_VARIABLE = re.compile(r"\{\{([^{}]{1,200})\}\}")


def _from_postman(asked: dict[str, Any], variables: _Variables) -> Iterator[Paste]:
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
    yield Paste("postman", Request(str(asked.get("method") or "GET"), address, headers, body))


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


# ---- fetch() and requests -----------------------------------------------------------------


_FETCH = re.compile(r"fetch\(\s{0,20}")
_REQUESTS = re.compile(r"requests\.(?:post|get|request|put)\s{0,5}\(")


def from_call(text: str) -> Iterator[Paste]:
    """``fetch("...", {...})`` as browsers copy it, and ``requests.post("...", ...)``."""
    for match in list(_FETCH.finditer(text))[:50]:
        address, end = _string(text, match.end())
        start = text.find("{", end)
        if address is None:
            continue
        options: Any = {}
        if 0 <= start < end + 20:
            try:
                options = mended(json.JSONDecoder().raw_decode(text, start)[0])
            except (ValueError, RecursionError):
                options = _python_value(_balanced(text, start)) or {}
        if isinstance(options, dict):
            yield from _from_arguments(address, options, "fetch")
    for match in list(_REQUESTS.finditer(text))[:50]:
        yield from _from_python(_balanced(text, match.end() - 1), match[0])


def _string(text: str, at: int) -> tuple[str | None, int]:
    mark = text[at : at + 1]
    close = text.find(mark, at + 1) if mark in ("'", '"', "`") and mark else -1
    return (text[at + 1 : close], close + 1) if close > 0 else (None, at)


def _balanced(text: str, at: int) -> str:
    """From the bracket at *at* to the one that closes it, strings left alone."""
    depth, mark, end = 0, "", min(len(text), at + _LONGEST_SOURCE)
    position = at
    while position < end:
        char = text[position]
        if mark:
            if char == "\\":
                position += 1
            elif char == mark:
                mark = ""
        elif char in "'\"":
            mark = char
        elif char in "([{":
            depth += 1
            if depth > 50:
                return ""
        elif char in ")]}":
            depth -= 1
            if not depth:
                return text[at : position + 1]
        position += 1
    return ""


def _python_value(source: str) -> Any:
    try:
        return mended(ast.literal_eval(source))
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None


def _from_python(source: str, call: str) -> Iterator[Paste]:
    try:
        tree = ast.parse(f"f{source}", mode="eval").body
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return
    if not isinstance(tree, ast.Call):
        return
    arguments = [_literal(argument) for argument in tree.args]
    options = {word.arg: _literal(word.value) for word in tree.keywords if word.arg}
    method = "GET" if ".get" in call else "POST"
    if ".request" in call and arguments:
        method = str(arguments.pop(0))
    url = options.get("url") or (arguments[0] if arguments else "")
    options.setdefault("method", method)
    if len(arguments) > 1:
        options.setdefault("data", arguments[1])
    yield from _from_arguments(str(url), options, "requests")


def _literal(node: ast.expr) -> Any:
    try:
        return mended(ast.literal_eval(node))
    except (ValueError, TypeError, RecursionError, MemoryError):
        return None


def _from_arguments(url: str, options: dict[str, Any], form: str) -> Iterator[Paste]:
    given = options.get("headers")
    headers = [(str(k), as_text(v)) for k, v in given.items()] if isinstance(given, dict) else []
    query = options.get("params")
    if isinstance(query, dict):
        url += ("&" if "?" in url else "?") + _form_of(query)
    data = next((options[n] for n in ("data", "body", "form") if options.get(n) is not None), None)
    kind, body = "", b""
    if isinstance(data, dict):
        sent = {name: value for name, value in data.items() if value is not None}
        kind, body = _FORM, _form_of(sent).encode()
    elif data is not None:
        body = data if isinstance(data, bytes) else str(data).encode("utf-8", "surrogateescape")
    elif options.get("json") is not None:
        kind, body = "application/json", json.dumps(options["json"]).encode()
    if kind and not any(name.lower() == "content-type" for name, _value in headers):
        headers.append(("Content-Type", kind))
    method = str(options.get("method") or ("POST" if body else "GET")).upper()
    insecure = options.get("verify") is False or options.get("rejectUnauthorized") is False
    yield Paste(form, Request(method, url, tuple(headers), body), insecure=insecure)


def _form_of(values: dict[Any, Any]) -> str:
    pairs = [(str(name), as_text(value)) for name, value in values.items()]
    return urlencode(pairs, errors="surrogateescape")
