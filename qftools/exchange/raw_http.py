"""Raw HTTP read: a request, an answer, or one after the other. `exchange.writing` writes it."""

from __future__ import annotations

import re
from typing import NamedTuple

from qftools.exchange import Request, Response
from qftools.patterns import pattern
from qftools.transport.addresses import is_loopback

_REQUEST_LINE = pattern(r"(GET|POST|PUT|DELETE|PATCH|HEAD|OPTIONS) (\S{1,8000}) HTTP/[\d.]{1,3}\s")
_STATUS_LINE = pattern(r"HTTP/[\d.]{1,3} (\d{3})")


class ReadMessage(NamedTuple):
    """What was read, and the text behind it."""

    request: Request | None
    response: Response | None
    rest: str


def is_http(text: str) -> bool:
    """Tell whether *text* begins with the first line of a request or an answer."""
    return bool(_REQUEST_LINE.match(text) or text.startswith("HTTP/"))


def from_http(text: str) -> ReadMessage:
    """A raw request, a raw answer, or one after the other.

    Example:
        >>> from_http("POST /q HTTP/1.1\\nHost: h\\n\\ntxamt=1").request.url
        'https://h/q'
    """
    request: Request | None = None
    response: Response | None = None
    while text and (request is None or response is None):
        first = _REQUEST_LINE.match(text)
        status = _STATUS_LINE.match(text)
        if not first and not status:
            break
        headers, rest = _headers(text)
        body, text, used = _body(headers, rest, before_answer=first is not None)
        if used:  # the length is the sender's business again
            headers = tuple(row for row in headers if row[0].lower() != "content-length")
        if first:
            url = _url_of(first[2], {name.lower(): value for name, value in headers})
            request = Request(first[1], url, headers, body)
        elif status:
            response = Response(int(status[1]), headers, body)
        text = text.lstrip("\r\n")
    return ReadMessage(request, response, text)


def _headers(text: str) -> tuple[tuple[tuple[str, str], ...], str]:
    """The headers after the first line, and what follows the empty line."""
    found = []
    _line, _, rest = text.partition("\n")
    while rest:
        line, _, rest = rest.partition("\n")
        line = line.rstrip("\r")
        if not line:
            break
        name, colon, value = line.partition(":")
        if colon:
            found.append((name.strip(), value.strip(" \t")))
        if len(found) > 200:
            break
    return tuple(found), rest


def _body(
    headers: tuple[tuple[str, str], ...], rest: str, *, before_answer: bool
) -> tuple[bytes, str, bool]:
    """The body, what follows it, and whether its length was said, and was right."""
    said = next((v for n, v in headers if n.lower() == "content-length"), "")
    data = rest.encode("utf-8", "surrogateescape")
    if said.isascii() and said.isdecimal() and len(said) < 9 and int(said) <= len(data):
        cut = int(said)
        return data[:cut], data[cut:].decode("utf-8", "surrogateescape"), True
    answer = re.search(r"^HTTP/[\d.]{1,3} \d{3}", rest, re.MULTILINE) if before_answer else None
    if answer:
        body = rest[: answer.start()].rstrip("\r\n")
        return body.encode("utf-8", "surrogateescape"), rest[answer.start() :], False
    return rest.rstrip("\r\n").encode("utf-8", "surrogateescape"), "", False


def _url_of(target: str, headers: dict[str, str]) -> str:
    host = headers.get("host", "")
    if "://" in target[:10] or not host:
        return target
    return f"{'http' if is_loopback(host.partition(':')[0]) else 'https'}://{host}{target}"
