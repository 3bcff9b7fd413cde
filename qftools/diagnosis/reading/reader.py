"""Read a request out of whatever somebody pasted. Sends nothing, opens nothing, runs nothing.

Every reader goes through the text once; the size of a paste is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress

from qftools.diagnosis.reading.json_text import load_json, mended
from qftools.diagnosis.reading.paste import LONGEST, LONGEST_TEXT, MOST_REQUESTS, Paste
from qftools.diagnosis.reading.roles import bare_code, named, roled
from qftools.diagnosis.reading.sentences import sentences
from qftools.errors import InputError
from qftools.exchange import Exchange, Request, Response
from qftools.locale import mark


def read(source: str | bytes | Exchange | Request) -> tuple[Paste, ...]:
    """Return everything in *source* that looks like a request to the gateway, or its answer.

    Args:
        source: A paste: cURL (bash or Windows cmd), HAR, raw HTTP, a Postman request or
            collection, ``fetch(...)`` or ``requests.post(...)``, JSON, PHP's ``print_r``, a log
            line, or bare ``k=v&k=v``. Or an exchange of the client.

    Raises:
        InputError: It is too long, or nothing in it can be read.

    Example:
        >>> paste, = read("curl https://h/trade/v1/query -d 'syssn=1'")
        >>> paste.form, paste.endpoint, paste.request.params
        ('curl', 'query', {'syssn': '1'})
    """
    if isinstance(source, Exchange):
        paste = Paste("exchange", source.request, source.response, endpoint=source.endpoint)
        return (paste,)
    if isinstance(source, Request):
        return (roled(named(Paste("exchange", source))),)
    text = _text(source)
    found = list(bare_code(text) or _read(text))[:MOST_REQUESTS] or list(sentences(text))
    if not found:
        raise InputError(
            mark("the paste"),
            "holds no request that can be read",
            "a cURL command, HAR, raw HTTP, Postman, fetch(), JSON, print_r, a log line, or"
            " name=value&name=value",
        )
    return tuple(roled(named(paste)) for paste in found)


def _text(source: str | bytes) -> str:
    if len(source) > LONGEST:
        raise InputError(
            mark("the paste"),
            "has {length:,} characters",
            "at most {most:,}",
            length=len(source),
            most=LONGEST,
        )
    if isinstance(source, bytes):
        return _decoded(source).removeprefix("\ufeff")
    return str(mended(source.removeprefix("\ufeff")))


def _decoded(source: bytes) -> str:
    """The text, each byte that is no UTF-8 as a surrogate (PEP 383); but a file is one file."""
    if source[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return source.decode("utf-16", "replace")
    if source.lstrip()[:1] in (b"{", b"["):  # JSON: the values, or the whole file, in GBK?
        for encoding in ("utf-8", "gb18030"):
            with suppress(UnicodeDecodeError):
                return source.decode(encoding)
    return source.decode("utf-8", "surrogateescape")


def _read(text: str) -> Iterator[Paste]:
    from qftools.diagnosis.reading import loose, structured
    from qftools.exchange.shell import read_curl

    start = text.lstrip()[:200]
    if start[:1] in ("{", "["):
        value = load_json(text)
        if value is not None:
            yield from structured.from_json(value, text)
            return
    if len(text) > LONGEST_TEXT:
        raise InputError(
            mark("the paste"),
            "has {length:,} characters",
            "at most {most:,}: paste the part around it",
            length=len(text),
            most=LONGEST_TEXT,
        )
    stripped = text.lstrip()
    if _REQUEST_LINE.match(stripped) or start.startswith("HTTP/"):
        yield from _from_http(stripped)
        return
    if _CURL.search(text):
        commands = read_curl(text)
        if commands:
            for command in commands:
                yield Paste(
                    "curl",
                    command.request,
                    insecure=command.insecure,
                    files=tuple(command.files),
                )
            return
    if "fetch(" in text or "requests." in text:
        found = list(structured.from_call(text))
        if found:
            yield from found
            return
    yield from loose.read_loose(text)


_CURL = re.compile(r"(?:^|[\s;|&$>/])curl(?:\.exe)?\s", re.MULTILINE)
_REQUEST_LINE = re.compile(
    r"(GET|POST|PUT|DELETE|PATCH|HEAD|OPTIONS) (\S{1,8000}) HTTP/[\d.]{1,3}\s"
)
_STATUS_LINE = re.compile(r"HTTP/[\d.]{1,3} (\d{3})")


def _from_http(text: str) -> Iterator[Paste]:
    """A raw request, a raw answer, or one after the other."""
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
    if request or response:
        yield Paste("http", request, response)


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
    if "://" in target[:10]:
        return target
    host = headers.get("host", "")
    if not host:
        return target
    name = host.partition(":")[0]
    local = name in ("localhost", "127.0.0.1") or name.endswith(".localhost")
    return f"{'http' if local else 'https'}://{host}{target}"
