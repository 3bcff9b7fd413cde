"""The control API under ``/sandbox/``: JSON in and out, for tests and for the dashboard.

Finds the route, checks origin and values, and turns refusals into answers. What the calls
do is in `calls`, what they take and give in `routes`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from qftools.errors import SandboxError
from qftools.exchange.redaction import Shown, redactor_for
from qftools.sandbox.control.calls import CALLS
from qftools.sandbox.control.params import Ask, NotFound, Route, WrongValue, read_values
from qftools.sandbox.control.routes import ROUTES
from qftools.transport.door import WireRequest, WireResponse, is_own_origin

if TYPE_CHECKING:
    from qftools.sandbox.gateway.gateway import Gateway
    from qftools.sandbox.keeping.keeping import Keeping
    from qftools.sandbox.notifications.notifications import Notifications
    from qftools.sandbox.report.judge import Judge

JSON = "application/json"
OWN_HEADER = "x-qftools"  # no web page elsewhere can set it without asking first
MOST_QUERY = 20


class Refusal(Exception):
    """The request is refused before anything is done."""

    def __init__(
        self, status: int, code: str, message: str, *headers: tuple[str, str], field: str = ""
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = headers
        self.field = field


class Control:
    """Answers everything under ``/sandbox``.

    Args:
        gateway: Its orders, exchanges, faults, merchants, switches and clock.
        notifications: Its notifications.
        keeping: Makes and restores snapshots.
        judge: Makes the report.
    """

    def __init__(
        self, gateway: Gateway, notifications: Notifications, keeping: Keeping, judge: Judge
    ) -> None:
        self._gateway = gateway
        self._ask = partial(
            Ask, gateway=gateway, notifications=notifications, keeping=keeping, judge=judge
        )

    def __call__(self, request: WireRequest) -> WireResponse:
        """Answer one request; called with the sandbox's lock held."""
        try:
            self._check_origin(request)
            route, found = _route(request)
            values = self._values(request, route)
            return reply(200, self._shown(CALLS[route.name](self._ask(path=found, values=values))))
        except Refusal as refusal:
            return self._refused(refusal)
        except NotFound as error:
            return self._refused(Refusal(404, "not found", str(error)))
        except WrongValue as error:
            return self._refused(Refusal(400, "wrong value", str(error), field=error.field))
        except SandboxError as error:
            return self._refused(Refusal(409, "refused", str(error)))

    def _shown(self, value: object) -> Shown:
        """Return an answer as JSON, without merchants' keys and payers' names."""
        if isinstance(value, Shown):
            return value
        keys = frozenset(item.client_key for item in self._gateway.merchants)
        return redactor_for(keys).json(value)

    def _refused(self, refusal: Refusal) -> WireResponse:
        error = {"code": refusal.code, "message": str(refusal)}
        if refusal.field:
            error["field"] = refusal.field
        return reply(refusal.status, self._shown({"error": error}), *refusal.headers)

    def _check_origin(self, request: WireRequest) -> None:
        """Refuse every request of a page of another origin."""
        if not is_own_origin(request):
            raise Refusal(403, "foreign origin", "a web page of another origin may not ask this")

    def _values(self, request: WireRequest, route: Route) -> dict[str, Any]:
        """Return the checked values of the query, or of the JSON body of a call that changes."""
        if request.method in ("GET", "HEAD"):
            pairs = parse_qsl(request.query, keep_blank_values=True, max_num_fields=None)
            if len(pairs) > MOST_QUERY:
                raise Refusal(400, "wrong value", f"more than {MOST_QUERY} values in the query")
            return read_values(route.query, dict(pairs), of_query=True)
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if request.body and kind != JSON:
            raise Refusal(415, "not JSON", "send the body as application/json")
        if kind != JSON and OWN_HEADER not in request.headers and request.method != "DELETE":
            # What a form of a foreign page can send ends here even if Origin is missing.
            raise Refusal(
                415, "not JSON", "a call that changes something is sent as application/json"
            )
        return read_values(route.body, _body(request))


def _body(request: WireRequest) -> Mapping[str, Any]:
    if not request.body:
        return {}
    try:
        body = json.loads(request.body, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Refusal(400, "not JSON", f"the body is no JSON: {str(error)[:200]}") from error
    if not isinstance(body, dict):
        raise Refusal(400, "not JSON", "the body must be a JSON object")
    return body


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _route(request: WireRequest) -> tuple[Route, dict[str, str]]:
    words = request.path.strip("/").split("/")
    allowed: list[str] = []
    for route in ROUTES:
        found = _match(route.path.strip("/").split("/"), words)
        if found is None:
            continue
        allowed.append(route.method)
        if route.method == request.method or (request.method, route.method) == ("HEAD", "GET"):
            return route, found
    if allowed:
        names = sorted({*allowed, *(("HEAD",) if "GET" in allowed else ())})
        raise Refusal(
            405,
            "wrong method",
            f"{request.path[:80]} takes {', '.join(names)}",
            ("Allow", ", ".join(names)),
        )
    raise Refusal(404, "not found", "there is no such path; GET /sandbox lists all of them")


def _match(pattern: list[str], words: list[str]) -> dict[str, str] | None:
    if len(pattern) != len(words):
        return None
    found = {}
    for wanted, word in zip(pattern, words, strict=True):
        if wanted.startswith("{"):
            found[wanted.strip("{}")] = unquote(word)
        elif wanted != word:
            return None
    return found


def reply(status: int, text: Shown, *headers: tuple[str, str]) -> WireResponse:
    """Return an answer in JSON; it is not cached, and pages of other origins can't read it."""
    return WireResponse(
        status,
        (
            ("Content-Type", JSON),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
            *headers,
        ),
        text.encode(),
    )
