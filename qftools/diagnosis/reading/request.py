"""A request as the gateway reads it: parameters from query string and body, decoded once.

Keeps what a decoder usually throws away: raw plus signs, bytes that are no UTF-8, doubles.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import NamedTuple
from urllib.parse import unquote_to_bytes, urlencode

from qftools.diagnosis.deviations import Inputs, Pair, Pairs
from qftools.diagnosis.reading.decoding import ends_in_a_character
from qftools.exchange import CUT, REDACTED, Request
from qftools.transport.addresses import split
from qftools.transport.multipart import MultipartError, read_multipart

MOST_PARAMETERS = 1000


class Reading(NamedTuple):
    """The parameters of a request, and how they were written.

    Attributes:
        pairs: Name and decoded value, in the order of the wire: query string, then body.
        raw_plus: Names whose value has a ``+``, which is read as a blank.
        raw_bytes: Names whose value holds bytes that are no UTF-8.
        unencoded: Names whose value was sent with blanks or non-ASCII characters as they are.
        twice: Names that occur more than once.
        in_query: How many of the parameters stand in the query string.
        kind: What the body is: form, json, multipart, xml, empty, other.
        cut: There were more parameters than are read.
    """

    pairs: tuple[Pair, ...]
    raw_plus: frozenset[str]
    raw_bytes: tuple[str, ...]
    unencoded: tuple[str, ...]
    twice: tuple[str, ...]
    in_query: int
    kind: str
    cut: bool

    @property
    def params(self) -> dict[str, str]:
        """The parameters that count: of doubles the last, so that the body wins."""
        return dict(self.pairs)


def read_request(request: Request) -> Reading:
    """Return the parameters of *request*, whatever its content type says.

    Example:
        >>> read_request(Request("POST", "https://h/q?a=1", (), b"txzone=+0800&b=%E4")).raw_bytes
        ('b',)
    """
    kind = _kind(request)
    query = _query(request.url)
    body = _of_multipart(request) if kind == "multipart" else request.body
    body = body if kind in ("form", "multipart") else b""
    parts = [(part, True) for part in _split(query)] + [(part, False) for part in _split(body)]
    cut = len(parts) > MOST_PARAMETERS
    pairs, plus, broken, unencoded = [], set(), [], []
    in_query = 0
    for part, from_query in parts[:MOST_PARAMETERS]:
        raw_name, _, raw_value = part.partition(b"=")
        name, value = _decode(raw_name), _decode(raw_value)
        pairs.append((name, value))
        in_query += from_query
        if b"+" in raw_value:
            plus.add(name)
        if any("\udc80" <= character <= "\udcff" for character in value):
            broken.append(name)
        if not raw_value.isascii() or b" " in raw_value:
            unencoded.append(name)
    twice = tuple(name for name, count in Counter(n for n, _v in pairs).items() if count > 1)
    return Reading(
        tuple(pairs),
        frozenset(plus),
        tuple(broken),
        tuple(unencoded),
        twice,
        in_query,
        kind,
        cut,
    )


def announced_in(request: Request, reading: Reading) -> str:
    """The algorithm that header or parameter names; MD5 where neither does."""
    said = request.header("X-QF-SIGNTYPE") or reading.params.get("sign_type") or "MD5"
    return said.strip().upper()


def inputs_of(
    reading: Reading,
    request: Request,
    endpoint: str,
    given: str = "",
    partial: bool = False,
    known: Pairs = (),
) -> Inputs:
    """What a search for the cause of a signature needs to know.

    A paste that shows no headers announces by the number of the digits: 64 are SHA256.
    """
    announced = announced_in(request, reading)
    app_code = (request.header("X-QF-APPCODE") or "").strip()
    return Inputs(
        tuple(reading.params.items()),
        endpoint,
        request.url,
        request.body,
        "SHA256" if announced == "SHA256" or (partial and _is_sha256(given)) else "MD5",
        app_code,
        reading.pairs if reading.twice else (),
        known,
    )


def _is_sha256(given: str) -> bool:
    return len(given) == 64 and all(char in "0123456789abcdefABCDEF" for char in given)


def left_out(request: Request, reading: Reading) -> tuple[str, ...]:
    """Where a record does not hold what was sent: names of fields, or the body.

    It says so, or a value ends in the middle of a character, or has one that a log replaced.

    Example:
        >>> request = Request("POST", "https://h/q", (), b"txamt=1&user_creid=[redacted]")
        >>> left_out(request, read_request(request))
        ('user_creid',)
    """
    names = [
        name
        for name, value in reading.pairs
        if REDACTED in value or "\ufffd" in value or value.endswith(CUT)
    ]
    if reading.pairs:
        name, value = reading.pairs[-1]
        is_cut = ends_in_a_character(value) or re.search(rb"%[0-9A-Fa-f]?$", request.body)
        names += [name] if is_cut else []
    if not names and (CUT.encode() == request.body[-len(CUT) :] or request.url.endswith(CUT)):
        names = ["body"]
    return tuple(dict.fromkeys(names))


def _query(url: str) -> bytes:
    return split(url).query.encode("utf-8", "surrogateescape")


def _of_multipart(request: Request) -> bytes:
    """The fields of a multipart body as a form; curl's ``-F`` is kept as one."""
    if not request.body.lstrip().startswith(b"--"):
        return request.body
    try:
        rows = read_multipart(request.header("Content-Type") or _boundary(request), request.body)
    except MultipartError:
        return b""
    return urlencode(rows, errors="surrogateescape").encode()


def _boundary(request: Request) -> str:
    line = request.body.lstrip().split(b"\n", 1)[0].strip().decode("latin-1")
    return f"multipart/form-data; boundary={line[2:]}"


def _split(text: bytes) -> list[bytes]:
    return [part for part in text.split(b"&", MOST_PARAMETERS + 1) if part]


def _decode(raw: bytes) -> str:
    return unquote_to_bytes(raw.replace(b"+", b" ")).decode("utf-8", "surrogateescape")


def _kind(request: Request) -> str:
    body = request.body.lstrip()[:1]
    said = (request.header("Content-Type") or "").lower()
    if not body:
        return "empty"
    if "multipart/" in said or request.body[:2] == b"--":
        return "multipart"
    if body in (b"{", b"["):
        return "json"
    if body == b"<":
        return "xml"
    return "form" if b"=" in request.body else "other"
