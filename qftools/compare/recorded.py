"""A recording as its exchanges: a tap's, any HTTP archive, or a sandbox's own exchanges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from qftools.diagnosis.reading.json_text import load_json
from qftools.errors import InputError, TransportError
from qftools.exchange import CUT, Request, Response
from qftools.exchange.archives import from_archive
from qftools.locale import mark
from qftools.models import Reply, as_written
from qftools.sandbox.books.clock import VIRTUAL_START, from_beijing
from qftools.sandbox.gateway.gateway import ENDPOINTS
from qftools.transport.strict_json import parse

MOST_BYTES = 64 * 1024 * 1024
MOST_EXCHANGES = 5_000
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Recorded:
    """One exchange of a recording.

    Attributes:
        number: Its place in the recording, from 1.
        endpoint: payment, query, reversal, close, refund, authtrade or unfreeze.
        at: When it was sent, seconds since 1970.
        reply: What the answer says; None where it is none of the gateway's.
    """

    number: int
    endpoint: str
    request: Request
    response: Response
    at: float
    reply: Reply | None


@dataclass(frozen=True, slots=True)
class Recordings:
    """What was read.

    Attributes:
        exchanges: Those that can be played, in the order of their times.
        left_out: How many can't: no call of the gateway, no reply, or one that was cut.
    """

    exchanges: tuple[Recorded, ...]
    left_out: int


def read_recording(source: bytes) -> Recordings:
    """Read a recording.

    Args:
        source: A HAR file, as the tap, a client's or a sandbox's exchanges, or a browser write
            it; or a list of exchanges as ``GET /sandbox/exchanges/N`` answers them, or one.

    Raises:
        InputError: It is too long, or is no recording.

    Example:
        >>> read_recording(b'{"log": {"entries": []}}')
        Traceback (most recent call last):
        ...
        qftools.errors.InputError: the recording has no exchange with a reply of the gateway; it \
must be a HAR file, or a list of exchanges of a sandbox
    """
    found, seen = [], 0
    for request, response, at in _read(source):
        seen += 1
        path = request.path
        known = ENDPOINTS.get(path[path.find("/trade/") :] if "/trade/" in path else path)
        if known and response is not None and not response.body.endswith(CUT.encode()):
            found.append((at, known[0], request, response))
    if not found:
        raise InputError(
            mark("the recording"), "has no exchange with a reply of the gateway", _RULE
        )
    last = VIRTUAL_START
    timed = []
    for at, endpoint, request, response in found:
        last = last if at is None else at
        timed.append((last, endpoint, request, response))
    timed.sort(key=lambda row: row[0])  # stable: those of one moment stay in their order
    exchanges = tuple(
        Recorded(number, endpoint, request, response, at, _reply(endpoint, response))
        for number, (at, endpoint, request, response) in enumerate(timed, 1)
    )
    return Recordings(exchanges, seen - len(exchanges))


_RULE = mark("a HAR file, or a list of exchanges of a sandbox")


def _read(source: bytes) -> Iterator[tuple[Request, Response | None, float | None]]:
    if len(source) > MOST_BYTES:
        raise InputError(
            mark("the recording"),
            "has {length:,} bytes",
            "at most {most:,}",
            length=len(source),
            most=MOST_BYTES,
        )
    if (value := load_json(source.decode("utf-8-sig", "replace"))) is None:
        raise InputError(mark("the recording"), "is not JSON", _RULE)
    for item in (value if isinstance(value, list) else [value])[:MOST_EXCHANGES]:
        if isinstance(item, dict) and isinstance(item.get("params"), dict) and "answer" in item:
            yield _of_sandbox(item)
        elif isinstance(item, dict):
            for one in from_archive(item, MOST_EXCHANGES):
                yield one.request, one.response, _time(one.started)


def _reply(endpoint: str, response: Response) -> Reply | None:
    if response.status != 200:
        return None
    try:
        body = parse(response.body)
    except TransportError:
        return None
    data = body.get("data")  # of an envelope, whose outer code says nothing of the order (C35)
    inner = as_written(data.get("respcd")) if isinstance(data, dict) else ""
    respcd = inner or as_written(body.get("respcd"))
    return Reply(endpoint, respcd.zfill(4), body) if respcd else None


def _of_sandbox(item: dict[str, Any]) -> tuple[Request, Response | None, float | None]:
    """Read an exchange as a sandbox tells it; its headers are not in it."""
    names = {"X-QF-APPCODE": "app_code", "X-QF-SIGN": "sign", "X-QF-SIGNTYPE": "signtype"}
    headers = {name: str(item[key]) for name, key in names.items() if item.get(key)}
    headers["Content-Type"] = str(item.get("content_type") or _FORM)
    body = urlencode({name: str(text) for name, text in item["params"].items()}).encode()
    path = str(item.get("path") or "")
    request = Request("POST", f"http://sandbox.localhost{path}", tuple(headers.items()), body)
    status = item.get("status")
    response = None
    if isinstance(status, int) and status and item.get("fate", "answer") == "answer":
        response = Response(status, (), str(item["answer"]).encode("utf-8", "surrogateescape"))
    try:
        at = from_beijing(str(item.get("at")))
    except ValueError:
        at = None
    return request, response, at


def _time(text: str) -> float | None:
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    if not 1990 < read.year < 2200:
        return None
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()
