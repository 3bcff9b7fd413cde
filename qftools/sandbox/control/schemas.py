"""The shapes of the control API's answers, for its OpenAPI description."""

from __future__ import annotations

from typing import Any

_TEXT: dict[str, Any] = {"type": "string"}
_WHOLE: dict[str, Any] = {"type": "integer"}
_BOTH: dict[str, Any] = {
    "type": "object",
    "properties": {"zh": _TEXT, "en": _TEXT},
    "required": ["zh", "en"],
}


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _array(name: str) -> dict[str, Any]:
    return {"type": "array", "items": {"$ref": f"#/components/schemas/{name}"}}


_TEXTS = {"type": "array", "items": _TEXT}

SCHEMAS: dict[str, Any] = {
    "Object": {"type": "object"},
    "Objects": {"type": "array", "items": {"type": "object"}},
    "Error": _object(
        error={
            "type": "object",
            "properties": {"code": _TEXT, "message": _TEXT, "field": _TEXT},
            "required": ["code", "message"],
        }
    ),
    "Clock": _object(now={"type": "number"}, beijing=_TEXT, kind=_TEXT),
    "Order": _object(
        out_trade_no=_TEXT,
        syssn=_TEXT,
        order_type={"type": "string", "enum": ["payment", "refund", "close"]},
        pay_type=_TEXT,
        txamt=_WHOLE,
        txcurrcd=_TEXT,
        txdtm=_TEXT,
        sysdtm=_TEXT,
        paydtm=_TEXT,
        state=_TEXT,
        respcd=_TEXT,
        cancel=_TEXT,
        paid=_WHOLE,
        refunded=_WHOLE,
        kept=_WHOLE,
        amount=_TEXT,
        payer_url=_TEXT,
    ),
    "Orders": _array("Order"),
    "Exchange": _object(
        number=_WHOLE,
        at=_TEXT,
        endpoint=_TEXT,
        method=_TEXT,
        signature=_TEXT,
        respcd=_TEXT,
        status=_WHOLE,
        fate={"type": "string", "enum": ["answer", "refused", "lost", "half"]},
        fault=_TEXT,
        orders={
            "type": "array",
            "items": _object(syssn=_TEXT, out_trade_no=_TEXT, before=_TEXT, after=_TEXT),
        },
    ),
    "Exchanges": _array("Exchange"),
    "Fault": _object(
        id=_TEXT,
        name=_TEXT,
        on=_TEXTS,
        times={"type": ["integer", "null"]},
        order={"type": ["string", "null"]},
        seconds={"type": "number"},
        struck=_WHOLE,
    ),
    "Faults": _array("Fault"),
    "Notice": _object(
        id=_WHOLE,
        syssn=_TEXT,
        out_trade_no=_TEXT,
        notify_type=_TEXT,
        url=_TEXT,
        state={"type": "string", "enum": ["waiting", "acknowledged", "given up", "no address"]},
        made_at=_TEXT,
        due=_TEXT,
        body=_TEXT,
        attempts={
            "type": "array",
            "items": _object(
                at=_TEXT, retry=_WHOLE, result=_TEXT, status=_WHOLE, reply=_TEXT, fault=_TEXT
            ),
        },
    ),
    "Notices": _array("Notice"),
    "Report": _object(
        grade={"type": "string", "enum": ["danger", "warning", "note", "clean"]},
        exchanges=_WHOLE,
        forgotten=_WHOLE,
        findings={
            "type": "array",
            "items": _object(
                rule=_TEXT,
                grade=_TEXT,
                title=_BOTH,
                detail=_BOTH,
                why=_BOTH,
                advice=_BOTH,
                source=_TEXT,
                order=_TEXT,
                exchanges={"type": "array", "items": _WHOLE},
                notifications={"type": "array", "items": _WHOLE},
            ),
        },
    ),
}
