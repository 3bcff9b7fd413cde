"""The effect of a fault on an answer: late, cut, forged, or lost."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from qftools.sandbox.gateway.faults import ALTERED, FORGED, Fault
from qftools.transport.door import WireResponse

_HTML = (("Content-Type", "text/html"),)
_BAD_GATEWAY = (
    b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
    b"<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n"
)
_TOO_MANY = (
    b"<html>\r\n<head><title>429 Too Many Requests</title></head>\r\n<body>\r\n"
    b"<center><h1>429 Too Many Requests</h1></center>\r\n</body>\r\n</html>\r\n"
)


def undelivered(fault: Fault) -> WireResponse:
    """Return what the caller gets for a request that the gateway never acted on."""
    if fault.name == "5xx before":
        return WireResponse(502, _HTML, _BAD_GATEWAY)
    if fault.name == "429":
        return too_many()
    return WireResponse(502, _HTML, b"", fate="refused" if fault.name == "refused" else "lost")


def too_many() -> WireResponse:
    """Return the answer to too many requests."""
    return WireResponse(429, _HTML, _TOO_MANY)


def deliver(response: WireResponse, fault: Fault, endpoint: str) -> WireResponse:
    """Return the answer of an endpoint as the caller gets it, with a fault applied."""
    if fault.name == "lost after":
        return response.with_fate("lost")
    if fault.name == "half":
        return response.with_fate("half")
    if fault.name == "slow":
        return replace(response, delay=fault.seconds)
    if fault.name == "5xx":
        return WireResponse(502, _HTML, _BAD_GATEWAY)
    if fault.name in FORGED:
        body = response.body
        if fault.name in ALTERED:
            body = _altered(body, *_SAYS[fault.name, endpoint in _GIVE_BACK])
        return replace(response, headers=tuple(map(_forged, response.headers)), body=body)
    return response


_GIVE_BACK = ("reversal", "close", "refund", "unfreeze")
# What an altered reply says, by whether the call takes money or gives it back: code and txstatus.
_SAYS = {
    ("altered to paid", False): ("0000", "SUCCESS"),
    ("altered to paid", True): ("1260", "FAILED"),
    ("altered to not paid", False): ("1205", "FAILED"),
    ("altered to not paid", True): ("0000", "SUCCESS"),
}


def _altered(body: bytes, respcd: str, txstatus: str) -> bytes:
    """Return an answer that says something else: in its rows where it has some.

    Example:
        >>> _altered(b'{"respcd": "0000", "data": [{"respcd": "1143"}]}', "0000", "SUCCESS")
        b'{"respcd": "0000", "data": [{"respcd": "0000", "cancel": "0"}]}'
    """
    told: dict[str, Any] = json.loads(body)
    data = told.get("data")
    if isinstance(data, list):
        for row in data:
            row.update(respcd=respcd, cancel="0")
    elif isinstance(data, dict):
        data.update(respcd=respcd, txstatus=txstatus)
    else:
        told["respcd"] = respcd
    return json.dumps(told).encode()


def _forged(header: tuple[str, str]) -> tuple[str, str]:
    name, value = header
    return (name, "0" * len(value)) if name == "X-QF-SIGN" else header
