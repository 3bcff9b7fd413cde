"""The words and fields of an answer: codes in the merchant's language, refusals, flat rows."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from qftools import catalogue
from qftools.catalogue import Text
from qftools.sandbox.books.orders import Entry

SUCCESS = Text("交易成功", "success")
QUERY_SUCCESS = Text("请求成功", "success")
DEFAULT_UDID = "qiantai2"  # what published answers show where no udid was sent


class Refused(Exception):
    """The gateway refuses; nothing was changed.

    Args:
        respcd: The code.
        respmsg: The answer's ``respmsg``: which field, and what about it.
        resperr: The answer's ``resperr``, where it is not the code's own text.
        fields: What else the answer holds.
    """

    def __init__(self, respcd: str, respmsg: str = "", resperr: str = "", **fields: str) -> None:
        super().__init__(respcd)
        self.respcd = respcd
        self.respmsg = respmsg
        self.resperr = resperr
        self.fields = fields

    def body(self, lang: str) -> dict[str, Any]:
        """Return the answer."""
        return {
            "resperr": self.resperr or result_text(self.respcd, lang),
            "respcd": self.respcd,
            "respmsg": self.respmsg,
            **self.fields,
        }


def number_is_used(respcd: str, choice: str) -> Refused:
    """Return the refusal of an ``out_trade_no`` that was used before (C17).

    Args:
        respcd: The table's answer: 1251, whose real texts are known.
        choice: The switch ``duplicate_code``.
    """
    if choice in (respcd, "idempotent"):
        text = f"Do not use duplicate out_trade_no for request({respcd})"
        return Refused(respcd, "out_trade_no is used", text)
    return Refused(choice)


_STATUSES = {"success": "SUCCESS", "progress": "PENDING"}  # the others: FAILED


def enveloped(body: Mapping[str, Any], endpoint: str, *, is_open: bool) -> dict[str, Any]:
    """Return an answer with its result in ``txstatus``: 0000 means that the call worked (C35).

    Args:
        body: The flat answer.
        endpoint: Of the call.
        is_open: It is about a payment that is placed, but not paid.

    Example:
        >>> flat = {"respcd": "1145", "resperr": "", "syssn": "1", "txamt": "100"}
        >>> enveloped(flat, "reversal", is_open=False)["data"]
        {'txstatus': 'PENDING', 'qf_trade_no': '1', 'respcd': '1145', 'txamt': '100'}
    """
    kind = "progress" if is_open else catalogue.codes()[body["respcd"]].on(endpoint).kind
    rest = {name: body[name] for name in body if name not in ("respmsg", "resperr", "syssn")}
    numbered = {"txstatus": _STATUSES.get(kind, "FAILED"), "qf_trade_no": body.get("syssn", "")}
    whole = {"respcd": "0000", "respmsg": "", "resperr": body["resperr"]}
    return {**whole, "data": {**numbered, **rest}}


@lru_cache(maxsize=512)
def result_text(respcd: str, lang: str) -> str:
    """Return the ``resperr`` of a code: its meaning, with the code in brackets on failure.

    Example:
        >>> result_text("0000", "en")
        'success'
    """
    if respcd == "0000":
        return SUCCESS.say(lang)
    code = catalogue.codes().get(respcd)
    return f"{code.meaning.say(lang) if code else ''}({respcd})"


def flat(entry: Entry, respcd: str, lang: str, respmsg: str = "") -> dict[str, Any]:
    """Return the fields that every answer to a payment has."""
    body: dict[str, Any] = {
        "pay_type": entry.pay_type,
        "sysdtm": entry.sysdtm,
        "paydtm": entry.paydtm or entry.sysdtm,
        "txdtm": entry.txdtm,
        "resperr": result_text(respcd, lang),
        "respmsg": respmsg,
        "txamt": str(entry.txamt),
        "txcurrcd": entry.txcurrcd,
        "out_trade_no": entry.out_trade_no,
        "syssn": entry.syssn,
        "chnlsn": entry.chnlsn,
        "cardcd": entry.cardcd,
        "udid": entry.udid or DEFAULT_UDID,
        "respcd": respcd,
    }
    if entry.txcurrcd == "EUR":  # the European cluster's extra fields
        body.update(surcharge_fee="0", surcharge_rate="0", chnlsn2="")
    body.update(entry.extra)
    return body
