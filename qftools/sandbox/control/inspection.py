"""One call as the workbench shows it: each field with its meaning, and the call for other tools.

Takes what may be shown; decides nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from qftools import catalogue
from qftools.errors import InputError, SandboxError
from qftools.exchange.shown import ShownExchange
from qftools.locale import mark
from qftools.sequence import reading

FORMS = ("curl", "cmd", "http", "python", "php", "java", "node", "har", "postman")
_MOST_SHOWN = 16_384  # characters of a body
_MOST_ROWS = 20  # of an answer to a query


def inspected(exchange: ShownExchange) -> dict[str, Any]:
    """Return request and reply of a call, with what each field means."""
    request, response, endpoint = exchange.request, exchange.response, exchange.endpoint
    headers = [_header(endpoint, "header", *pair) for pair in request.headers]
    sent = {
        "method": request.method,
        "url": request.url,
        "headers": sorted(headers, key=lambda row: row["meaning"] is None),
        "fields": [described(endpoint, "request", *pair) for pair in request.params.items()],
        "body": _text(request.body),
    }
    if response is None:
        return {"request": sent, "reply": None, "error": exchange.error}
    body = reading(exchange)
    rows = [row for row in body.get("data") or () if isinstance(row, dict)]
    plain = {name: value for name, value in body.items() if not (name == "data" and rows)}
    reply = {
        "status": response.status,
        "headers": [_header(endpoint, "answer-header", *pair) for pair in response.headers],
        "fields": [described(endpoint, "answer", *pair) for pair in plain.items()],
        "rows": [_row(endpoint, row) for row in rows[:_MOST_ROWS]],
        "more_rows": max(0, len(rows) - _MOST_ROWS),
        "body": _text(response.body),
    }
    return {"request": sent, "reply": reply, "error": exchange.error}


def described(endpoint: str, part: str, name: str, value: object) -> dict[str, Any]:
    """Return a field with its meaning and the meaning's source, as the catalogue has them."""
    shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    meaning, source = None, ""
    if name == "respcd" and (code := catalogue.codes().get(shown)) is not None:
        told = code.of_reply(endpoint) if part == "answer" else code
        meaning, source = told.meaning.to_dict(), code.source
    elif (field := catalogue.field(endpoint, part, name)) is not None:
        meaning, source = field.meaning.to_dict(), field.source
    return {"name": name, "value": shown, "meaning": meaning, "source": source}


def copied(exchange: ShownExchange, form: str, *, resign: bool) -> str:
    """Return a request in one of `FORMS`, to paste elsewhere.

    Raises:
        SandboxError: It can't be written so, or not be signed anew there.
    """
    try:
        if form in ("python", "php", "java", "node") or (form == "curl" and resign):
            return exchange.as_source(form, resign=resign)
        if form in ("har", "postman"):
            archive = exchange.as_har() if form == "har" else exchange.as_postman()
            return json.dumps(archive, ensure_ascii=False, indent=2)
        return exchange.as_http() if form == "http" else exchange.as_curl(_SHELLS[form])
    except InputError as error:
        said = mark("this can't be written as {form}: {error}")
        raise SandboxError(said, form=form, error=error) from error


_SHELLS = {"curl": "bash", "cmd": "cmd"}


def _header(endpoint: str, part: str, name: str, value: str) -> dict[str, Any]:
    written = name.upper() if name.lower().startswith("x-qf-") else name
    return described(endpoint, part, written, value)


def _row(endpoint: str, row: dict[str, Any]) -> list[dict[str, Any]]:
    given: Iterable[tuple[str, Any]] = row.items()
    return [described(endpoint, "row", *pair) for pair in given if pair[1] not in ("", None)]


def _text(body: bytes) -> str:
    return body[:_MOST_SHOWN].decode("utf-8", "replace")
