"""Calls in programs: ``fetch("...", {...})``, ``requests.post("...", ...)``, HTTPie."""

from __future__ import annotations

import ast
import json
import re
import shlex
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from qftools.diagnosis.reading.json_text import as_text, mended
from qftools.diagnosis.reading.paste import Paste
from qftools.exchange import Request
from qftools.patterns import pattern

_FORM = "application/x-www-form-urlencoded"
_LONGEST_SOURCE = 50_000  # characters of a program that are given to a parser
_ARGUMENTS = {"url", "method", "headers", "params", "data", "body", "form", "json", "verify"}
_FETCH = pattern(r"fetch\(\s{0,20}")
_REQUESTS = pattern(r"requests\.(?:post|get|request|put)\s{0,5}\(")


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
            yield from from_arguments(address, options, "fetch")
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
    if any(options.get(name, 0) is None for name in ("url", "data", "headers", "params")):
        return  # variables: their values stand elsewhere in the paste
    method = "GET" if ".get" in call else "POST"
    if ".request" in call and arguments:
        method = str(arguments.pop(0))
    url = options.get("url") or (arguments[0] if arguments else "")
    options.setdefault("method", method)
    if len(arguments) > 1:
        options.setdefault("data", arguments[1])
    yield from from_arguments(str(url), options, "requests")


def _literal(node: ast.expr) -> Any:
    try:
        return mended(ast.literal_eval(node))
    except (ValueError, TypeError, RecursionError, MemoryError):
        return None


def is_arguments(value: dict[str, Any]) -> bool:
    """Tell whether it is what ``requests.request`` takes, as a tool writes a whole request."""
    headers = value.get("headers")
    if not isinstance(value.get("url"), str) or not isinstance(headers, dict):
        return False
    return {"url", "headers"} <= set(value) <= _ARGUMENTS


def from_arguments(url: str, options: dict[str, Any], form: str) -> Iterator[Paste]:
    """The request that a library makes of these arguments."""
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


# ---- HTTPie -------------------------------------------------------------------------------

_HTTPIE = pattern(r"^\s*+(?:\$\s*+)?(?:http|https|xh|xhs)\s", re.MULTILINE)
_ITEM = pattern(r"([A-Za-z_][\w.\-\[\]]*)(==|:=|=|:)(.*)", re.DOTALL)


def from_httpie(text: str) -> Iterator[Paste]:
    """``http --form POST URL Header:value name=value``."""
    if not _HTTPIE.match(text):
        return
    try:
        words = shlex.split(text.replace("\\\r\n", " ").replace("\\\n", " "))
    except ValueError:
        return
    words = words[words.index("$") + 1 :] if words[0] == "$" else words
    method, url, headers = "", "", []
    pairs: list[tuple[str, str]] = []
    query: list[tuple[str, str]] = []
    for word in words[1:]:
        item = _ITEM.fullmatch(word)
        if word in ("GET", "POST", "PUT", "DELETE", "PATCH") and not url:
            method = word
        elif word[:1] == "-":
            continue
        elif not url:
            url = word if "://" in word[:10] else f"{words[0]}://{word}"
        elif item and item[2] == ":":
            headers.append((item[1], item[3]))
        elif item:
            (query if item[2] == "==" else pairs).append((item[1], item[3]))
        else:
            break  # what it printed
    if not url:
        return
    if query:
        url += ("&" if "?" in url else "?") + urlencode(query)
    as_form = any(word in ("-f", "--form") for word in words)
    body = urlencode(pairs, errors="surrogateescape") if as_form else json.dumps(dict(pairs))
    if pairs and not any(name.lower() == "content-type" for name, _value in headers):
        headers.append(("Content-Type", _FORM if as_form else "application/json"))
    method = method or ("POST" if pairs else "GET")
    request = Request(method, url, tuple(headers), body.encode() if pairs else b"")
    yield Paste("httpie", request)
