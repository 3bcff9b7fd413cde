"""Write requests down for other tools: cURL, raw HTTP, HAR, Postman. Takes what may be shown.

What is written here is read back as the very same request by ``diagnosis.reading``.
"""

from __future__ import annotations

import base64
import datetime
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, unquote

from qftools.errors import InputError
from qftools.exchange import Exchange, Headers, Request, Response
from qftools.exchange.quoting import bash_word, cmd_word, printf_word
from qftools.patterns import pattern
from qftools.transport.addresses import split

if TYPE_CHECKING:
    from qftools.exchange.shown import ShownExchange, ShownRequest

_FORM = "application/x-www-form-urlencoded"


def as_curl(request: ShownRequest, shell: str = "bash") -> str:
    """*request* as a cURL command for ``bash`` or Windows ``cmd``.

    Raises:
        InputError: There is no such shell, or cmd can't write these bytes.

    Example:
        >>> from qftools.exchange.redaction import Redactor
        >>> sent = Request("POST", "https://h/q", (("X-QF-SIGN", "A1"),), b"txamt=1")
        >>> print(as_curl(Redactor().request(sent)))
        curl -X POST 'https://h/q' \\
          -H 'X-QF-SIGN: A1' \\
          -H 'Content-Type:' \\
          --data-raw 'txamt=1'
    """
    if shell not in ("bash", "cmd"):
        raise InputError("shell", "is {value!r}", "bash or cmd", value=shell)
    word = bash_word if shell == "bash" else cmd_word
    url = word(request.url.encode("utf-8", "surrogateescape"))
    parts = [f"curl -X {request.method} {url}"]
    for name, value in request.headers:
        if name.lower() != "content-length":
            header = f"{name}: {value}" if value else f"{name};"
            parts.append("-H " + word(header.encode("utf-8", "surrogateescape")))
    if request.body and request.header("Content-Type") is None:
        parts.append("-H " + word(b"Content-Type:"))
    before = ""
    if request.body and (b"\0" in request.body or shell == "cmd" and not _is_text(request.body)):
        if shell == "cmd":
            raise InputError("body", "holds bytes that cmd can't write", "text; or use bash")
        before = f"printf {printf_word(request.body)} | "
        parts.append("--data-binary @-")
    elif request.body:
        parts.append("--data-raw " + word(request.body))
    return before + (" \\\n  " if shell == "bash" else " ^\n  ").join(parts)


def _is_text(body: bytes) -> bool:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    # cmd has one line break, and no way to write another one.
    return "\r" not in text and "\0" not in text


def as_http(request: ShownRequest) -> str:
    """*request* as it goes over the wire, with its full address in the first line.

    Bytes of the body that are no UTF-8 become lone surrogates, as ``surrogateescape`` makes them.

    Example:
        >>> from qftools.exchange.redaction import Redactor
        >>> sent = Request("POST", "https://h/q", (), b"txamt=1")
        >>> as_http(Redactor().request(sent)).split("\\r\\n")
        ['POST https://h/q HTTP/1.1', 'Content-Length: 7', '', 'txamt=1']
    """
    lines = [f"{request.method} {request.url} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in _without_length(request.headers)]
    if request.body:
        lines.append(f"Content-Length: {len(request.body)}")
    return "\r\n".join(lines) + "\r\n\r\n" + request.body.decode("utf-8", "surrogateescape")


def _without_length(headers: Headers) -> Headers:
    return tuple(row for row in headers if row[0].lower() != "content-length")


def as_text(exchange: ShownExchange) -> str:
    """Request and reply for a person: as on the wire, but JSON's ``\\uXXXX`` as letters."""
    request, response = exchange.request, exchange.response
    lines = [*_message(f"{request.method} {request.url}", request)]
    lines += [f"-- {exchange.seconds:.3f} s --"]
    lines += _message(f"HTTP {response.status}", response) if response else [exchange.error or ""]
    return "\n".join(lines)


def _message(first: str, message: Request | Response) -> list[str]:
    headers = [f"{name}: {value}" for name, value in message.headers]
    body = message.body.decode("utf-8", "backslashreplace")
    return [first, *headers, "", _ESCAPED.sub(_letter, body)]


_ESCAPED = pattern(r"(?<!\\)((?:\\\\)*)\\u([0-9A-Fa-f]{4})")


def _letter(escaped: re.Match[str]) -> str:
    letter = chr(int(escaped[2], 16))
    return escaped[1] + letter if letter > "\x9f" and letter.isprintable() else escaped[0]


# ---- HAR -----------------------------------------------------------------------------


def as_har(exchanges: Iterable[ShownExchange]) -> dict[str, Any]:
    """*exchanges* as an HTTP archive, version 1.2."""
    from qftools import __version__

    return {
        "log": {
            "version": "1.2",
            "creator": {"name": "qftools", "version": __version__},
            "entries": [_entry(exchange) for exchange in exchanges],
        }
    }


def _entry(exchange: Exchange) -> dict[str, Any]:
    started = datetime.datetime.fromtimestamp(exchange.started, datetime.UTC)
    milliseconds = round(exchange.seconds * 1000, 3)
    entry: dict[str, Any] = {
        "startedDateTime": started.isoformat(timespec="milliseconds"),
        "time": milliseconds,
        "request": _har_request(exchange.request),
        "response": _har_response(exchange.response),
        "cache": {},
        "timings": {"send": 0, "wait": milliseconds, "receive": 0},
    }
    if exchange.error:
        entry["comment"] = exchange.error
    return entry


def _har_request(request: Request) -> dict[str, Any]:
    query = parse_qsl(split(request.url).query, keep_blank_values=True)
    written: dict[str, Any] = {
        "method": request.method,
        "url": request.url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _named(_without_length(request.headers)),
        "queryString": [{"name": name, "value": value} for name, value in query],
        "headersSize": -1,
        "bodySize": len(request.body),
    }
    if request.body:
        kind = request.header("Content-Type") or ""
        written["postData"] = {"mimeType": kind, **_text(request.body)}
    return written


def _har_response(response: Response | None) -> dict[str, Any]:
    if response is None:
        response = Response(0, (), b"")
    return {
        "status": response.status,
        "statusText": "",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _named(response.headers),
        "content": {
            "size": len(response.body),
            "mimeType": response.header("Content-Type") or "",
            **_text(response.body),
        },
        "redirectURL": "",
        "headersSize": -1,
        "bodySize": len(response.body),
    }


def _named(headers: Headers) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers]


def _text(body: bytes) -> dict[str, str]:
    try:
        return {"text": body.decode("utf-8")}
    except UnicodeDecodeError:
        return {"text": base64.b64encode(body).decode(), "encoding": "base64"}


# ---- Postman --------------------------------------------------------------------------


def as_postman(exchanges: Iterable[ShownExchange], name: str = "qftools") -> dict[str, Any]:
    """*exchanges* as a Postman collection, version 2.1.

    Raises:
        InputError: A body is no text, which a collection can't hold.
    """
    return {
        "info": {
            "name": name,
            "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
        },
        "item": [
            {
                "name": exchange.endpoint or exchange.request.path,
                "request": _asked(exchange.request),
            }
            for exchange in exchanges
        ],
    }


def _asked(request: Request) -> dict[str, Any]:
    parts = split(request.url)
    url: dict[str, Any] = {
        "raw": request.url,
        "protocol": parts.scheme,
        "host": (parts.hostname or "").split("."),
        "path": parts.path.strip("/").split("/"),
    }
    if parts.port:
        url["port"] = str(parts.port)
    if parts.query:
        query = parse_qsl(parts.query, keep_blank_values=True)
        url["query"] = [{"key": key, "value": value} for key, value in query]
    asked: dict[str, Any] = {
        "method": request.method,
        "header": [{"key": k, "value": v} for k, v in _without_length(request.headers)],
        "url": url,
    }
    if request.body:
        asked["body"] = _postman_body(request)
    return asked


def _postman_body(request: Request) -> dict[str, Any]:
    """A table of fields where Postman would send the same bytes from it; else the text."""
    try:
        text = request.body.decode("utf-8")
    except UnicodeDecodeError:
        raise InputError("body", "holds bytes that are no UTF-8", "text, for Postman") from None
    pairs = [part.partition("=") for part in text.split("&")]
    rows = [(unquote(name), unquote(value)) for name, _, value in pairs]
    rebuilt = "&".join([f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in rows])
    variables = "{{" in text or any("{{" in name + value for name, value in rows)
    if rebuilt == text and request.header("Content-Type") == _FORM and not variables:
        fields = [{"key": name, "value": value, "type": "text"} for name, value in rows]
        return {"mode": "urlencoded", "urlencoded": fields}
    return {"mode": "raw", "raw": text}
