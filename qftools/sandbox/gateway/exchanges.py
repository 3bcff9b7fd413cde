"""The sandbox's exchanges for its users: without keys, exportable as cURL and more.

Made from the gateway's own notes; decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from qftools.exchange import Exchange, Headers, Request, Response
from qftools.exchange.redaction import redactor_for
from qftools.exchange.shown import ShownExchange
from qftools.sandbox.gateway.log import LoggedExchange, Touched
from qftools.sandbox.gateway.merchants import Merchants
from qftools.sandbox.gateway.wire import Verdict
from qftools.transport.door import WireRequest, WireResponse

_OF_THE_URL = frozenset({"host", "content-length"})
_ENDS = {
    "refused": "the connection was refused",
    "lost": "the connection ended without a reply",
    "half": "the connection ended in the middle of the reply",
}


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SandboxExchange(ShownExchange):
    """An exchange with what only the gateway knows of it.

    Attributes:
        number: Counts up over the life of the sandbox.
        signature: ``ok``, or why not: missing, wrong, unknown app code, unknown algorithm; unread
            where it was not checked.
        respcd: The answer's code; empty where the gateway did not act.
        fault: The fault that occurred, empty for none.
        orders: The orders that it was about, each with its state before and after.
    """

    number: int
    signature: Verdict
    respcd: str
    fault: str
    orders: tuple[Touched, ...]


def shown(seen: LoggedExchange, merchants: Merchants) -> SandboxExchange:
    """Return an exchange from the gateway's note of it, redacted, and without merchants' keys."""
    if seen.shown is None:
        seen.shown = redactor_for(merchants.keys).exchange(
            made(seen),
            SandboxExchange,
            number=seen.number,
            signature=seen.signature,
            respcd=seen.respcd,
            fault=seen.fault,
            orders=seen.orders,
        )
    return seen.shown


def made(seen: LoggedExchange) -> Exchange:
    """Return an exchange as it came, with everything in it: for the diagnosis, not to be shown."""
    if seen.came is not None:
        return seen.came
    response, error = _came_back(seen.response)
    if error is not None and seen.fault:
        error += f" (fault: {seen.fault})"
    delay = seen.response.delay if seen.response else 0.0
    return Exchange(seen.endpoint, _sent(seen.request), response, error, seen.at, delay)


def _came_back(response: WireResponse | None) -> tuple[Response | None, str | None]:
    if response is None:
        return None, "the sandbox has not answered"
    if response.fate != "answer":
        return None, _ENDS[response.fate]
    return Response(response.status, response.headers, response.body), None


def _sent(request: WireRequest) -> Request:
    host = request.headers.get("host", "sandbox.localhost")
    query = f"?{request.query}" if request.query else ""
    headers: Headers = tuple(
        (_as_usual(name), value)
        for name, value in request.headers.items()
        if name not in _OF_THE_URL
    )
    return Request(request.method, f"http://{host}{request.path}{query}", headers, request.body)


def _as_usual(name: str) -> str:
    """Write a header's name as it is usually written; servers hand it over in lower case."""
    return name.upper() if name.startswith("x-qf-") else name.title()
