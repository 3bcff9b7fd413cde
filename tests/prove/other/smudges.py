"""Answers that prove nothing: what is wrong with them, one function each.

A smudge is put on an answer that was true before. What it shows need not be: a row that a
rule of evidence does not count may say anything, so a client that counts it is caught.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

from tests.prove.other.gateway import HOLD

Fields = dict[str, Any]

ODD_CODES = ("1136", "1265", "1254", "1100", "1260", "1108", "2999", "1298", "1161")
_OF_A_REFUND = ("1265", "2999")  # odd for a payment; of a refund: failed, in progress
NO_CODES: tuple[Any, ...] = ("0", "", "OK", "SUCCESS", "00000", "99", None, True, [], 0.5)
WORDS = (("0000", "0"), ("1142", "2"), ("1263", "1"), ("1205", "0"), ("0000", "3"), ("1143", "0"))
_NO_FLAGS: tuple[Any, ...] = ("6", "7", 9, "x", "4")
_NO_HOLD_FLAGS: tuple[Any, ...] = ("8", "10", 9, "x", "5")
DENIALS = ("1108", "1104", "1103")
NO_ANSWERS = ("1143", "1145", "1100", "1101", "1254", "1295", "7777", "abcd", None, 0, 1136)


def _any_word(row: Fields, dice: random.Random) -> Fields:
    respcd, cancel = dice.choice(WORDS)
    return {**row, "respcd": respcd, "cancel": cancel}


def _flag(rows: list[Any], dice: random.Random) -> list[Any]:
    def change(row: Fields) -> Fields:
        flags = _NO_HOLD_FLAGS if _may_be_a_hold(row) else _NO_FLAGS  # there 4, 6, 7 are known
        return {**row, "cancel": dice.choice(flags)}

    return _one(rows, dice, change)


def _may_be_a_hold(row: Fields) -> bool:
    return str(row.get("pay_type", HOLD)).strip() == HOLD


def _odd_code(rows: list[Any], dice: random.Random) -> list[Any]:
    def change(row: Fields) -> Fields:
        codes = [code for code in ODD_CODES if code not in _OF_A_REFUND or "origssn" not in row]
        return {**row, "respcd": dice.choice(codes), "cancel": "0"}

    return _one(rows, dice, change)


def _unlisted(rows: list[Any], dice: random.Random) -> list[Any]:
    return _one(rows, dice, lambda row: {**row, "respcd": "7777", "cancel": "0"})


def _no_code(rows: list[Any], dice: random.Random) -> list[Any]:
    return _one(rows, dice, lambda row: {**row, "respcd": dice.choice(NO_CODES)})


def _status_instead(rows: list[Any], dice: random.Random) -> list[Any]:
    def change(row: Fields) -> Fields:
        rest = {name: value for name, value in row.items() if name not in ("respcd", "cancel")}
        return {**rest, "txstatus": dice.choice(["SUCCESS", "FAILED", "PENDING"])}

    return _one(rows, dice, change)


def _type(rows: list[Any], dice: random.Random) -> list[Any]:
    kinds = ["hold", "capture", "auth", 7, ["payment"], "refund2"]
    return _one(rows, dice, lambda row: {**_any_word(row, dice), "order_type": dice.choice(kinds)})


def _unnamed(rows: list[Any], dice: random.Random) -> list[Any]:
    def change(row: Fields) -> Fields:
        rest = {n: v for n, v in row.items() if n not in ("syssn", "out_trade_no", "origssn")}
        blank: Fields = dice.choice([{}, {"syssn": "", "out_trade_no": ""}, {"syssn": None}])
        return {**_any_word(rest, dice), **blank}

    return _one(rows, dice, change)


def _other_amount(rows: list[Any], dice: random.Random) -> list[Any]:
    amount = dice.choice(["1", 1, "99999999", "25.00", -5, "x", 0])

    def change(row: Fields) -> Fields:
        other = "99999999" if str(amount) == str(row.get("txamt")) else amount
        return {**_any_word(row, dice), "txamt": other}

    return _one(rows, dice, change)


def _other_currency(rows: list[Any], dice: random.Random) -> list[Any]:
    code = dice.choice(["KRW", "usd", "XXXX", "EUR"])
    return _one(rows, dice, lambda row: {**_any_word(row, dice), "txcurrcd": code})


def _twice(rows: list[Any], dice: random.Random) -> list[Any]:
    """The same payment again, saying something else: one of the two is old."""
    if not rows:
        return rows
    row = dice.choice(rows)
    if row.get("order_type", "payment") != "payment" or not row.get("syssn"):
        return [None, *rows]
    said = (row.get("respcd"), str(row.get("cancel", "0")))
    other = dice.choice([word for word in WORDS if word[0] != said[0]])
    double = {**row, "respcd": other[0], "cancel": other[1]}
    return [double, *rows] if dice.random() < 0.5 else [*rows, double]


def _null_beside(rows: list[Any], dice: random.Random) -> list[Any]:
    thing: Any = dice.choice([None, "", {}, [], "null", 0])
    return [thing, *rows] if dice.random() < 0.5 else [*rows, thing]


def _as_text(rows: list[Any], dice: random.Random) -> list[Any]:
    return [json.dumps(row) for row in rows] or ["[]"]


def _odd_values(rows: list[Any], dice: random.Random) -> list[Any]:
    """Values that our own input would never have: they must end nothing by an exception."""

    def change(row: Fields) -> Fields:
        odd: Fields = dice.choice(
            [
                {"pay_type": "80180" if _may_be_a_hold(row) else "899999"},  # that is no hold
                {"pay_type": "WECHAT"},
                {"pay_type": float(HOLD if _may_be_a_hold(row) else "800101")},
                {"pay_type": ["800101"]},
                {"txdtm": "yesterday"},
                {"sysdtm": "0000-00-00 00:00:00"},
                {"sysdtm": 20260105},
                {"txamt": "9" * 6000},
                {"txamt": float("nan")},
                {"txamt": float("inf")},
                {"txamt": True},
                {"txamt": {"value": 1}},
                {"errmsg": "\ud800"},
                {"errmsg": "\x00\x1b[31m"},
                {"syssn": "9" * 300},
                {"syssn": "2.02611E+25"},
                {"out_trade_no": {"no": 1}},
                {"goods_name": "x" * 20000},
                {"respcd": {"code": "0000"}},
                {"cancel": {"flag": 0}},
            ]
        )
        return {**row, **odd}

    return _one(rows, dice, change)


def _one(rows: list[Any], dice: random.Random, change: Callable[[Fields], Fields]) -> list[Any]:
    """The rows with one of them changed; where there is none, one that proves nothing."""
    if not rows:
        return [None]
    at = dice.randrange(len(rows))
    return [change(row) if n == at else row for n, row in enumerate(rows)]


ROWS: dict[str, Callable[[list[Any], random.Random], list[Any]]] = {
    "unknown flag": _flag,
    "odd row code": _odd_code,
    "unlisted row code": _unlisted,
    "no row code": _no_code,
    "txstatus instead of respcd": _status_instead,
    "unknown type": _type,
    "unnamed row": _unnamed,
    "other amount": _other_amount,
    "other currency": _other_currency,
    "same payment twice": _twice,
    "null beside": _null_beside,
    "rows as text": _as_text,
    "odd values": _odd_values,
}
"""Smudges on the rows."""

NEED_AMOUNT = {"other amount": "txamt", "other currency": "txcurrcd"}
"""What the caller must have said of the order for a row to contradict it."""


def _instead(*values: Any) -> Callable[[Fields, random.Random], Any]:
    return lambda answer, dice: {**answer, "data": dice.choice(values)}


def _one_row(answer: Fields, dice: random.Random) -> Fields:
    rows = answer.get("data")
    return {**answer, "data": rows[0] if isinstance(rows, list) and rows else {}}


WHOLE: dict[str, Callable[[Fields, random.Random], Any]] = {
    "data is null": _instead(None),
    "data is an object": _instead({}, {"rows": []}),
    "data is one null": _instead([None], [None, None]),
    "data is text": _instead("", "[]", 0, False),
    "data holds lists": _instead([[]], [[[]]]),
    "no data": lambda answer, dice: {n: v for n, v in answer.items() if n != "data"},
    "one row, no list": _one_row,
    "a list on top": lambda answer, dice: dice.choice([[answer], [], [[answer]]]),
    "no answer inside": lambda answer, dice: dice.choice([None, "ok", 0, {}, True]),
    "0 for 0000": lambda answer, dice: {**answer, "respcd": dice.choice([0, "0", "00000", 0.0])},
    "another code on top": lambda answer, dice: {**answer, "respcd": dice.choice(NO_ANSWERS)},
    "an envelope": lambda answer, dice: {
        "respcd": "0000",
        "respmsg": "success",
        "data": {"txstatus": dice.choice(["SUCCESS", "FAILED", "PENDING"])},
    },
    "denied": lambda answer, dice: {
        "respcd": dice.choice(DENIALS),
        "resperr": "签名错误",
        "respmsg": "",
    },
}
"""Smudges on the answer as a whole."""

NAMES = (*ROWS, *WHOLE)


def rows_with(name: str, rows: list[Any], dice: random.Random) -> list[Any]:
    """The rows with a smudge on them; as they are where it is one of the whole answer."""
    return ROWS[name](rows, dice) if name in ROWS else rows


def whole_with(name: str, answer: Fields, dice: random.Random) -> Any:
    """The answer with a smudge on it; as it is where it is one of the rows."""
    return WHOLE[name](answer, dice) if name in WHOLE else answer


def strange(row: Fields, dice: random.Random, mchid: str | None) -> Fields:
    """A row of another merchant, who uses the same number; it names that merchant."""
    return {
        **_any_word(row, dice),
        "syssn": f"2026010506610003{dice.randrange(10**10):010d}",
        "mchid": f"other{mchid}",
    }
