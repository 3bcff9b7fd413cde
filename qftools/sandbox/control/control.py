"""The control API under ``/sandbox/``: JSON in and out, for tests and for the workbench.

Finds the route, checks origin and values, and turns refusals into answers. What the calls
do is in `calls`, what they take and give in `routes`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from qftools.errors import SandboxError
from qftools.exchange.redaction import redactor_for
from qftools.exchange.shown import Shown
from qftools.locale import mark
from qftools.sandbox.control.calls import CALLS
from qftools.sandbox.control.params import ControlCall, ControlRoute, Page, WrongValue, read_values
from qftools.sandbox.control.routes import ROUTES
from qftools.sandbox.control.stream import Stream
from qftools.sandbox.words import preferred
from qftools.transport.door import WireRequest, WireResponse, is_own_origin

if TYPE_CHECKING:
    from qftools.sandbox.gateway.gateway import Gateway
    from qftools.sandbox.keeping.keeping import Keeping
    from qftools.sandbox.notifications.notifications import Notifications
    from qftools.sandbox.report.judge import Judge

JSON = "application/json"
OWN_HEADER = "x-qftools"  # no web page elsewhere can set it without asking first
MOST_QUERY = 20


class Refusal(SandboxError):
    """The request is refused before anything is done."""

    def __init__(
        self, status: int, code: str, message: str, *headers: tuple[str, str], **values: object
    ) -> None:
        super().__init__(message, **values)
        self.status = status
        self.code = code
        self.headers = headers


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
            ControlCall,
            gateway=gateway,
            notifications=notifications,
            keeping=keeping,
            judge=judge,
            stream=Stream(gateway, notifications, judge),
        )

    def __call__(self, request: WireRequest) -> WireResponse:
        """Answer one request; called with the sandbox's lock held."""
        try:
            self._check_origin(request)
            route, found = _route(request)
            values = self._values(request, route)
            answer = CALLS[route.name](self._ask(path=found, values=values))
            return kept(answer) if isinstance(answer, Page) else reply(200, self._shown(answer))
        except SandboxError as error:
            return self._refused(error, preferred(request.headers))

    def _shown(self, value: object) -> Shown:
        """Return an answer as JSON, without merchants' keys and payers' names."""
        if isinstance(value, Shown):
            return value
        return redactor_for(self._gateway.merchants.keys).json(value)

    def _refused(self, error: SandboxError, language: str) -> WireResponse:
        told = {"code": getattr(error, "code", "refused"), "message": error.say(language)}
        if isinstance(error, WrongValue):
            told["field"] = error.field
        shown = self._shown({"error": told})
        return reply(getattr(error, "status", 409), shown, *getattr(error, "headers", ()))

    def _check_origin(self, request: WireRequest) -> None:
        """Refuse every request of a page of another origin."""
        if not is_own_origin(request):
            raise Refusal(403, "foreign origin", "a web page of another origin may not ask this")

    def _values(self, request: WireRequest, route: ControlRoute) -> dict[str, Any]:
        """Return the checked values of the query, or of the JSON body of a call that changes."""
        if request.method in ("GET", "HEAD"):
            pairs = parse_qsl(request.query, keep_blank_values=True, max_num_fields=None)
            if len(pairs) > MOST_QUERY:
                said = mark("more than {most} values in the query")
                raise Refusal(400, "wrong value", said, most=MOST_QUERY)
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
        cause = str(error)[:200]
        raise Refusal(400, "not JSON", "the body is no JSON: {cause}", cause=cause) from error
    if not isinstance(body, dict):
        raise Refusal(400, "not JSON", "the body must be a JSON object")
    return body


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _route(request: WireRequest) -> tuple[ControlRoute, dict[str, str]]:
    words = request.path.strip("/").split("/")
    allowed: list[str] = []
    for route, found in _matching(words):
        allowed.append(route.method)
        if route.method == request.method or (request.method, route.method) == ("HEAD", "GET"):
            return route, found
    if allowed:
        names = sorted({*allowed, *(("HEAD",) if "GET" in allowed else ())})
        allow = ("Allow", ", ".join(names))
        said = mark("{path} takes {methods}")
        raise Refusal(405, "wrong method", said, allow, path=request.path[:80], methods=allow[1])
    raise Refusal(404, "not found", "there is no such path; GET /sandbox lists all of them")


def _matching(words: list[str]) -> list[tuple[ControlRoute, dict[str, str]]]:
    """Return the routes of a path; an order's number may hold slashes, which part it in words."""
    if not (found := _exactly(words)) and words[1:2] in (["orders"], ["payer"]):
        end = len(words) - (words[-1] in ("timeline", "evidence"))
        found = _exactly([*words[:2], "/".join(words[2:end]), *words[end:]])
    return found


def _exactly(words: list[str]) -> list[tuple[ControlRoute, dict[str, str]]]:
    return [
        (route, found)
        for route in ROUTES
        if (found := _match(route.path.strip("/").split("/"), words)) is not None
    ]


def _match(pattern: list[str], words: list[str]) -> dict[str, str] | None:
    if len(pattern) != len(words):
        return None
    found = {}
    for wanted, word in zip(pattern, words, strict=True):
        if wanted.startswith("{"):
            # The door has taken the percent signs away, and left the bytes as Latin-1.
            found[wanted.strip("{}")] = word.encode("latin-1").decode("utf-8", "replace")
        elif wanted != word:
            return None
    return found


def kept(page: Page) -> WireResponse:
    """Return a page as a file that a browser keeps; opened, it may load and run nothing."""
    policy = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    shown = reply(200, page.text, ("Content-Security-Policy", policy))
    headers = {**dict(shown.headers), "Content-Type": "text/html; charset=utf-8"}
    headers["Content-Disposition"] = f'attachment; filename="{page.name}"'
    return WireResponse(200, tuple(headers.items()), shown.body)


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
