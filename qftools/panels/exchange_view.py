"""A request and its reply, redacted, each field with what it means. Markup only."""

from __future__ import annotations

from functools import lru_cache

from qftools import catalogue
from qftools.exchange.shown import ShownExchange
from qftools.locale import Language, language
from qftools.locale import text as _
from qftools.markup import Markup, el, join
from qftools.sequence import reading

SHOWN_HEADERS = ("X-QF-APPCODE", "X-QF-SIGN", "X-QF-SIGNTYPE")


def exchange_view(exchange: ShownExchange) -> Markup:
    """Return request and reply as two lists; a field opens to its meaning."""
    return _view(exchange, language())


# A story is written anew at every step, and only the last of its exchanges is new then.
@lru_cache(maxsize=64)
def _view(exchange: ShownExchange, _spoken: Language) -> Markup:
    request = exchange.request
    endpoint = exchange.endpoint
    headers = [(name, request.header(name) or "") for name in SHOWN_HEADERS]
    return join(
        el("h4", _("Request")),
        el("code", f"{request.method} {request.path}"),
        *[_field(endpoint, "header", name, value) for name, value in headers if value],
        *[_field(endpoint, "request", name, value) for name, value in request.params.items()],
        el("h4", _("Reply")),
        _reply(exchange),
    )


def _reply(exchange: ShownExchange) -> Markup:
    response = exchange.response
    if response is None:
        return el("p", _("No reply."), " ", el("code", exchange.error or ""), cls="qf-bad")
    body = reading(exchange)
    parts: list[Markup] = [el("code", f"HTTP {response.status}")]
    if not body:
        shown = response.body[:400].decode("utf-8", "replace")
        return join(*parts, el("pre", shown, cls="qf-code"))
    signature = response.header("X-QF-SIGN")
    if signature:
        parts.append(_field(exchange.endpoint, "answer-header", "X-QF-SIGN", signature))
    for name, value in body.items():
        if isinstance(value, list):
            parts += [_rows(exchange.endpoint, name, value)]
        else:
            parts.append(_field(exchange.endpoint, "answer", name, str(value)))
    return join(*parts)


def _rows(endpoint: str, name: str, rows: list[object]) -> Markup:
    drawn = []
    for row in rows:
        if isinstance(row, dict):
            given = {key: value for key, value in row.items() if value not in ("", None)}
            drawn += [_field(endpoint, "row", key, str(value)) for key, value in given.items()]
    empty = None if drawn else el("p", _("no row: the gateway has no such order"), cls="qf-wait")
    return join(el("h4", f"{name} · ", _("rows")), empty, *drawn)


def _field(endpoint: str, part: str, name: str, value: str) -> Markup:
    row = catalogue.field(endpoint, part, name)
    meaning, source = "", ""
    if name == "respcd":
        code = catalogue.codes().get(value)
        if code is not None:
            meaning = code.on(endpoint).meaning.say()
            source = code.source
    elif row is not None:
        meaning, source = row.meaning.say(), row.source
    line = [el("code", name), " ", el("span", value or "“”", cls="qf-mono-value")]
    if not meaning:
        return el("div", *line, style="padding:3px 2px 3px 16px")
    return el(
        "details",
        el("summary", *line, title=meaning),
        el("div", meaning, " ", el("span", f"[{source}]", cls="qf-dim"), cls="qf-why"),
    )
