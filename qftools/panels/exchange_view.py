"""A request and its reply, redacted, each field with what it means. Markup only.

What each field means is the workbench's own reading of a call.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from qftools.exchange.shown import ShownExchange
from qftools.locale import Language, language
from qftools.locale import text as _
from qftools.markup import Markup, el, join
from qftools.sandbox.control.inspection import inspected

SHOWN_HEADERS = ("X-QF-APPCODE", "X-QF-SIGN", "X-QF-SIGNTYPE")


def exchange_view(exchange: ShownExchange) -> Markup:
    """Return request and reply as two lists; a field opens to its meaning."""
    return _view(exchange, language())


# A story is written anew at every step, and only the last of its exchanges is new then.
@lru_cache(maxsize=64)
def _view(exchange: ShownExchange, _spoken: Language) -> Markup:
    return call_view(inspected(exchange), exchange.request.path)


def call_view(call: Mapping[str, Any], path: str) -> Markup:
    """Return the same of a call as the workbench reads it: `inspected`."""
    request = call["request"]
    return join(
        el("h4", _("Request")),
        el("code", f"{request['method']} {path}"),
        *_signing(request["headers"]),
        *_fields(request["fields"]),
        el("h4", _("Reply")),
        _reply(call),
    )


def _reply(call: Mapping[str, Any]) -> Markup:
    reply = call["reply"]
    if reply is None:
        return el("p", _("No reply."), " ", el("code", call["error"] or ""), cls="qf-bad")
    status = el("code", f"HTTP {reply['status']}")
    if not reply["fields"] and not reply["rows"]:
        return join(status, el("pre", reply["body"][:400], cls="qf-code"))
    empty = [row for row in reply["fields"] if row["name"] == "data" and row["value"] == "[]"]
    return join(
        status,
        *_signing(reply["headers"]),
        *_fields(row for row in reply["fields"] if row not in empty),
        el("h4", "data · ", _("rows")) if empty or reply["rows"] else None,
        el("p", _("no row: the gateway has no such order"), cls="qf-wait") if empty else None,
        *[field for row in reply["rows"] for field in _fields(row)],
    )


def _signing(headers: Iterable[Mapping[str, Any]]) -> list[Markup]:
    return _fields(row for row in headers if row["name"] in SHOWN_HEADERS)


def _fields(rows: Iterable[Mapping[str, Any]]) -> list[Markup]:
    return [_field(row) for row in rows]


def _field(row: Mapping[str, Any]) -> Markup:
    line = [el("code", row["name"]), " ", el("span", row["value"] or "“”", cls="qf-mono-value")]
    if not row["meaning"]:
        return el("div", *line, style="padding:3px 2px 3px 16px")
    meaning = row["meaning"][language()]
    return el(
        "details",
        el("summary", *line, title=meaning),
        el("div", meaning, " ", el("span", f"[{row['source']}]", cls="qf-dim"), cls="qf-why"),
    )
