"""What a program has at hand, as what can be read: requests and replies of any HTTP library.

Objects are known by what they have, so that no library is imported: `requests`, httpx,
urllib, and the nouns of qftools. Of files only a `Path` is opened; a text is never one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qftools.catalogue.rows import CALL_ENDPOINTS
from qftools.diagnosis.reading.paste import LONGEST
from qftools.errors import InputError
from qftools.exchange import Exchange, Headers, Request, Response
from qftools.locale import mark

Source = str | bytes | Exchange | Request


def sources_of(given: Any) -> tuple[Source, ...]:
    """Return what can be read of *given*; several where it holds several exchanges.

    Raises:
        InputError: It is nothing of the kind, or its file can't be read.

    Example:
        >>> sources_of({"txamt": 1, "sign": "ab"})
        ('{"txamt": 1, "sign": "ab"}',)
        >>> sources_of(1145)
        ('1145',)
    """
    if isinstance(given, str | bytes | Exchange | Request):
        return (given,)
    if isinstance(given, int) and given in range(1000, 10_000):
        return (str(given),)  # a code
    if isinstance(given, os.PathLike):
        return (_content(given),)
    if isinstance(given, Mapping) or (isinstance(given, list) and given):
        return (json.dumps(given, ensure_ascii=False, default=str),)
    if isinstance(given, bytearray | memoryview):
        return (bytes(given),)
    for read in (_of_ours, _of_a_reply, _of_a_request):
        found = read(given)
        if found:
            return found
    raise InputError(
        mark("the paste"),
        "is {kind}",
        "text, bytes, a Path, a dict, a request, a reply, an exchange or an outcome",
        kind=type(given).__name__,
    )


def _content(path: os.PathLike[Any]) -> bytes:
    try:
        with Path(path).open("rb") as file:
            return file.read(LONGEST + 1)
    except OSError as error:
        raise InputError(
            mark("the paste"),
            "can't be read: {cause}",
            "a file",
            cause=error.strerror or type(error).__name__,
        ) from None


def _of_ours(given: Any) -> tuple[Source, ...]:
    """A Reply, an Outcome, an Order, a step, an entry of the journal, or an error of qftools."""
    if isinstance(exchange := getattr(given, "exchange", None), Exchange):
        return (exchange,)
    if evidence := getattr(given, "evidence", None):
        return tuple(evidence)
    for name in ("reply", "outcome"):
        if (held := getattr(given, name, None)) is not None:
            return sources_of(held)
    body = getattr(given, "body", None)  # a Reply that was made by hand
    return (json.dumps(dict(body)),) if isinstance(body, Mapping) else ()


def _of_a_reply(given: Any) -> tuple[Source, ...]:
    status, content = getattr(given, "status_code", None), getattr(given, "content", None)
    if not isinstance(status, int) or not isinstance(content, bytes):
        return ()
    response = Response(status, _headers(given.headers), content)
    (request,) = _of_a_request(getattr(given, "request", None)) or (None,)
    if not isinstance(request, Request):
        return (_as_http(response),)
    last = request.path.rstrip("/").rpartition("/")[2]
    endpoint = last if last in CALL_ENDPOINTS else ""
    return (Exchange(endpoint, request, response, None, 0.0, 0.0),)


def _of_a_request(given: Any) -> tuple[Source, ...]:
    prepare = getattr(given, "prepare", None)
    if callable(prepare) and not hasattr(given, "body"):  # requests, not prepared yet
        given = prepare()
    if callable(method := getattr(given, "get_method", None)):  # urllib
        headers = _headers(dict(given.header_items()))
        return (Request(method(), given.full_url, headers, _bytes(given.data)),)
    method, url = getattr(given, "method", None), getattr(given, "url", None)
    if not isinstance(method, str) or url is None:
        return ()
    body = getattr(given, "body", None) or getattr(given, "content", None)
    return (Request(method, str(url), _headers(given.headers), _bytes(body)),)


def _headers(headers: Mapping[Any, Any]) -> Headers:
    return tuple((_text(name), _text(value)) for name, value in headers.items())


def _text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _bytes(body: object) -> bytes:
    """A body that is sent; one that is made while it is sent can't be read."""
    return body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else b""


def _as_http(response: Response) -> bytes:
    head = "".join(f"{name}: {value}\r\n" for name, value in response.headers)
    return f"HTTP/1.1 {response.status} \r\n{head}\r\n".encode() + response.body
