"""What an answer holds: the outer code, the rows of a query, or the envelope of one edition.

The gateway's own answer may stand inside what a program logged around it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from qftools.catalogue.rows import CALL_ENDPOINTS
from qftools.diagnosis.reading.json_text import load_json

_DEEPEST = 8
_CODES = ("respcd", "respCd", "resp_cd", "resp_code", "respCode")
_STATUS = ("txstatus", "txStatus", "tx_status")
_RENAMED = {"qf_trade_no": "syssn", "qfTradeNo": "syssn", "origssn": "orig_syssn"}


class Answer(NamedTuple):
    """One answer of the gateway.

    Attributes:
        respcd: The outer code; empty where only an envelope stands there.
        fields: What stands beside it, as text, by its name on the wire.
        rows: The rows of a query; None where there is no ``data``.
        txstatus: SUCCESS, FAILED or PENDING of an envelope (C35); empty where there is none.
    """

    respcd: str
    fields: Mapping[str, str]
    rows: tuple[Mapping[str, Any], ...] | None = None
    txstatus: str = ""

    @property
    def endpoints(self) -> tuple[str, ...]:
        """The calls that answer in this shape; all of them where nothing tells."""
        if self.rows is not None or "page" in self.fields:
            return ("query",)
        if self.fields.get("orig_syssn"):
            return ("reversal", "close", "refund")
        if any(name in self.fields for name in ("qrcode", "pay_url", "pay_params")):
            return ("payment",)
        return CALL_ENDPOINTS


def answer_in(body: bytes) -> Answer | None:
    """The gateway's answer in *body*, wherever it stands in it; None where there is none.

    Example:
        >>> answer_in(b'{"code": 1, "msg": "{\\\\"respcd\\\\": 1145}"}').respcd
        '1145'
        >>> answer_in(b'{"respcd": "0000", "data": {"txstatus": "PENDING"}}').txstatus
        'PENDING'
    """
    value = load_json(body.decode("utf-8", "replace"))
    for found in _dicts(value, 0):
        if _first(found, _CODES) is not None or _first(found, _STATUS) is not None:
            return _answer(found)
    return None


def _answer(found: Mapping[str, Any]) -> Answer:
    data = _opened(found.get("data"))
    inside = data if isinstance(data, dict) else {}
    status = _first(inside, _STATUS) or _first(found, _STATUS)
    rows: tuple[Mapping[str, Any], ...] | None = None
    if isinstance(data, list):
        rows = tuple(row for row in map(_opened, data) if isinstance(row, dict))
    elif _first(inside, _CODES) is not None:
        rows = (inside,)
    return Answer(
        as_code(_first(found, _CODES)),
        {**_texts(found), **(_texts(inside) if status else {})},
        tuple(_row(row) for row in rows) if rows is not None else None,
        str(status or "").upper()[:20],
    )


def _row(row: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**row, "respcd": as_code(_first(row, _CODES))}


def as_code(value: Any) -> str:
    """A code as it is written on the wire: a program that read a number lost its zeros."""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:04}"
    return str(value).strip() if value is not None else ""


def _first(found: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((found[name] for name in names if found.get(name) is not None), None)


def _texts(found: Mapping[str, Any]) -> dict[str, str]:
    return {
        _RENAMED.get(name, name): str(value)
        for name, value in found.items()
        if isinstance(value, str | int) and not isinstance(value, bool)
    }


def _opened(value: Any) -> Any:
    """JSON that stands in a text of JSON."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        return load_json(value)
    return value


def _dicts(value: Any, depth: int) -> Iterator[Mapping[str, Any]]:
    """Every object in *value*, the outer before the inner."""
    value = _opened(value)
    if depth > _DEEPEST:
        return
    if isinstance(value, dict):
        yield value
        for part in value.values():
            yield from _dicts(part, depth + 1)
    elif isinstance(value, list):
        for part in value[:100]:
            yield from _dicts(part, depth + 1)
