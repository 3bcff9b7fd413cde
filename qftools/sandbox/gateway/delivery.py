"""The effect of a fault on an answer: late, cut, forged, or lost."""

from __future__ import annotations

from dataclasses import replace

from qftools.sandbox.gateway.faults import Fault
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


def deliver(response: WireResponse, fault: Fault) -> WireResponse:
    """Return the answer as the caller gets it, with a fault applied."""
    if fault.name == "lost after":
        return response.with_fate("lost")
    if fault.name == "half":
        return response.with_fate("half")
    if fault.name == "slow":
        return replace(response, delay=fault.seconds)
    if fault.name == "5xx":
        return WireResponse(502, _HTML, _BAD_GATEWAY)
    if fault.name == "wrong signature":
        return replace(response, headers=tuple(map(_forged, response.headers)))
    return response


def _forged(header: tuple[str, str]) -> tuple[str, str]:
    name, value = header
    return (name, "0" * len(value)) if name == "X-QF-SIGN" else header
