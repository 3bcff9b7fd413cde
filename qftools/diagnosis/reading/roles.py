"""Which part of a paste is the request, the answer, the notification; a bare code."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from qftools.diagnosis.reading.json_text import load_json
from qftools.diagnosis.reading.paste import ENDPOINTS, Paste, Role
from qftools.exchange import Request, Response

_CODE = re.compile(r"\s*[\"']?(\d{4})[\"']?[\s.。!！]*")


def bare_code(text: str) -> tuple[Paste, ...]:
    """A code alone, as an answer with that ``respcd``.

    Example:
        >>> bare_code("1145")[0].role
        'code'
    """
    found = _CODE.fullmatch(text) if len(text) < 100 else None
    return (coded(found[1], "code", text),) if found else ()


def coded(respcd: str, role: Role, text: str) -> Paste:
    """A code that stands in words, as an answer with that ``respcd``."""
    body = json.dumps({"respcd": respcd}).encode()
    response = Response(200, (), body)
    return Paste(role, response=response, role=role, rebuilt=True, partial=True, text=text)


def roled(paste: Paste) -> Paste:
    """The same, with the role of its request or answer."""
    if paste.role != "request":
        return paste
    if paste.request is None:
        return replace(paste, role="answer")
    return replace(paste, role="notification") if _is_notification(paste.request) else paste


def _is_notification(request: Request) -> bool:
    if not request.body.lstrip().startswith(b"{") or "/trade/v1/" in request.url:
        return False
    value = load_json(request.body.decode("utf-8", "replace"))
    return isinstance(value, dict) and "respcd" in value and "syssn" in value


def named(paste: Paste) -> Paste:
    """The same, with its endpoint from the address."""
    if paste.endpoint or paste.request is None:
        return paste
    last = paste.request.path.rstrip("/").rpartition("/")[2]
    return replace(paste, endpoint=last) if last in ENDPOINTS else paste
