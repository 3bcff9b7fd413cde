"""How the second gateway writes an answer: words, types, spellings, orders of keys and rows.

Every dialect here is one that a source of the protocol shows, or that a careful client must
bear without being misled: what is written is always true.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import Any

from tests.prove.other.gateway import Cancelled, Is, Row, beijing

#: The words for a payment's end: the row's code, and its ``cancel`` flag.
CLOSED_AS = (("1142", "2"), ("1142", "2"), ("1264", "2"), ("1142", "0"), ("1143", "2"))
REVERSED_AS = (("1263", "1"), ("1263", "1"), ("1264", "1"), ("1263", "0"), ("1143", "1"))
REFUNDED_AS = (("0000", "3"), ("0000", "3"), ("1262", "3"), ("0000", "1"))
NOT_FOUND_AS = ("empty", "empty", "1136", "1268")
CURRENCIES_AS = (*("plain", "lower", "RMB", "empty") * 3, "blanks")
RELEASED_AS = (("0000", "6"), ("0000", "6"), ("1142", "2"), ("1263", "1"))
OPTIONAL = ("order_type", "txamt", "txcurrcd", "cancel", "syssn", "errmsg", "sysdtm", "pay_type")
CANCEL_AS = ("flat", "flat", "flat", "bare", "babble", "useless", "envelope")
BABBLE = (
    *("0000", "1143", "1145", "1260", "1264", "1297", "1142", "1263", "1136", "1101"),
    *("1250", "1295", "7777"),
)
EXTRA = {"surcharge_fee": 0, "trace": {"hops": [1, None]}, "mcc": None, "客户": "张"}


@dataclass(frozen=True, slots=True)
class Dialect:
    """How this gateway speaks, the same in every answer.

    Attributes:
        signs: ``MD5``, ``md5`` (lower case), ``SHA256`` or ``no``.
        rows: The order of rows: ``newest``, ``oldest`` or ``shuffled``.
        numbers: Amounts and flags as ``text``, ``int`` or ``float``.
        leaves_out: Optional fields that no row has; ``cancel`` only where it is 0.
        nulls: Fields without a value are null, otherwise "".
        typed: How a payment's ``order_type`` is spelt.
        asks: The code of a payment in progress.
        releasing: The code of a hold whose release is in progress.
    """

    signs: str = "MD5"
    rows: str = "newest"
    numbers: str = "text"
    currency: str = "plain"
    leaves_out: frozenset[str] = frozenset()
    nulls: bool = False
    extra: bool = False
    typed: str = "payment"
    asks: str = "1143"
    closed: tuple[str, str] = ("1142", "2")
    reversed: tuple[str, str] = ("1263", "1")
    refunded: tuple[str, str] = ("0000", "3")
    released: tuple[str, str] = ("0000", "6")
    releasing: str = "0000"
    not_found: str = "empty"
    cancels: str = "flat"
    beside: bool = False
    blanks: bool = False
    shuffled_keys: bool = False
    spaced: bool = True
    ascii: bool = True

    @property
    def plain(self) -> bool:
        """Whether a client must understand every row: all of it stands in a source."""
        return (
            self.numbers != "float"
            and self.currency != "blanks"
            and not self.blanks
            and self.typed == "payment"
            and not self.leaves_out & {"syssn", "cancel"}
        )


def speaks(dice: random.Random) -> Dialect:
    """A dialect, half of them as the newest documents have it."""
    if dice.random() < 0.5:
        return Dialect(signs=_signs(dice), not_found=dice.choice(NOT_FOUND_AS))
    return Dialect(
        signs=_signs(dice),
        rows=dice.choice(["newest", "oldest", "shuffled", "shuffled"]),
        numbers=dice.choice(["text"] * 6 + ["int"] * 4 + ["float"]),
        currency=dice.choice(CURRENCIES_AS),
        leaves_out=frozenset(dice.sample(OPTIONAL, dice.choice([0, 0, 0, 1, 1, 2]))),
        nulls=dice.random() < 0.3,
        extra=dice.random() < 0.3,
        typed=dice.choice(["payment"] * 16 + ["Payment", " payment"]),
        asks=dice.choice(["1143", "1145"]),
        closed=dice.choice(CLOSED_AS),
        reversed=dice.choice(REVERSED_AS),
        refunded=dice.choice(REFUNDED_AS),
        not_found=dice.choice(NOT_FOUND_AS),
        cancels=dice.choice(CANCEL_AS),
        beside=dice.random() < 0.1,
        blanks=dice.random() < 0.05,
        shuffled_keys=dice.random() < 0.5,
        spaced=dice.random() < 0.7,
        ascii=dice.random() < 0.7,
    )


def _signs(dice: random.Random) -> str:
    return dice.choice(["MD5"] * 28 + ["md5"] * 6 + ["no"] * 9 + ["SHA256"])


# ---- a query's answer -------------------------------------------------------------------------


def written_row(row: Row, way: Dialect, dice: random.Random) -> dict[str, Any]:
    """One row as the wire has it."""
    respcd, flag = _words(row, way)
    none = None if way.nulls else ""
    paid = row.state in (Is.PAID, Is.PART, Is.REFUNDED)
    fields: dict[str, Any] = {
        "pay_type": row.pay_type,
        "sysdtm": beijing(row.made),
        "paydtm": beijing(row.made) if paid else none,
        "order_type": way.typed if row.kind == "payment" else row.kind,
        "txcurrcd": _currency(row.txcurrcd, way),
        "txdtm": row.txdtm,
        "txamt": _number(str(row.txamt), way),
        "out_trade_no": row.out_trade_no,
        "syssn": row.syssn,
        "cancel": _number(flag, way),
        "respcd": respcd,
        "errmsg": "交易成功" if respcd == "0000" else "订单还未支付，或者正在输入密码中",
        "chnlsn": none,
        "cardcd": none,
        "udid": "qiantai2",
    }
    if row.origssn:
        fields["origssn"] = row.origssn
    elif way.nulls:
        fields["origssn"] = None
    if row.mchid:
        fields["mchid"] = row.mchid
    if way.blanks:
        fields |= {n: f" {v} " for n, v in fields.items() if isinstance(v, str) and n != "syssn"}
    if way.extra:
        fields |= EXTRA
    if way.beside:
        fields |= {"txstatus": _status(row, respcd), "qf_trade_no": row.syssn}
    for name in way.leaves_out:
        if name != "cancel" or flag == "0":
            fields.pop(name, None)
    return _keys(fields, way, dice)


def _words(row: Row, way: Dialect) -> tuple[str, str]:
    if row.kind != "payment" or row.origssn:  # a capture is a payment that names its hold
        return {Is.WAIT: way.asks, Is.FAILED: row.failure}.get(row.state, "0000"), "0"
    if row.state is Is.REFUNDED and way.refunded == ("0000", "1") and not row.scanned:
        return "0000", "3"
    return {
        Is.WAIT: ("1143", "0"),
        Is.PIN: (way.asks, "0"),
        Is.CANCELLING: (way.asks, "0"),
        Is.PAID: ("0000", "0"),
        Is.PART: ("0000", "5"),
        Is.REFUNDED: way.refunded,
        Is.FAILED: (row.failure, "0"),
        Is.CLOSED: way.closed,
        Is.REVERSED: way.reversed,
        Is.EXPIRED: ("1181", "0"),
        Is.HELD: ("0000", "0"),
        Is.RELEASING: (way.releasing, "0"),
        Is.RELEASED: way.released,
        Is.CAPTURED: ("0000", "4"),
    }[row.state]


def _status(row: Row, respcd: str) -> str:
    if row.state in (Is.HELD, Is.RELEASING, Is.RELEASED, Is.CAPTURED):
        return {"0000": "SUCCESS", "1143": "PENDING", "1145": "PENDING"}.get(respcd, "FAILED")
    if row.state in (Is.PAID, Is.PART, Is.REFUNDED):
        return "SUCCESS"
    return "PENDING" if row.state in (Is.WAIT, Is.PIN, Is.CANCELLING) else "FAILED"


def _number(text: str, way: Dialect) -> str | int | float:
    if way.numbers == "text":
        return text
    return int(text) if way.numbers == "int" else float(text)


def _currency(code: str, way: Dialect) -> str:
    if way.currency == "RMB" and code == "CNY":
        return "RMB"
    words = {"lower": code.lower(), "blanks": f" {code}", "empty": ""}
    return words.get(way.currency, code)


def _keys(fields: dict[str, Any], way: Dialect, dice: random.Random) -> dict[str, Any]:
    if not way.shuffled_keys:
        return fields
    names = list(fields)
    dice.shuffle(names)
    return {name: fields[name] for name in names}


def query_answer(rows: list[Any], way: Dialect, page: int, size: int) -> dict[str, Any]:
    """The answer around the rows."""
    if not rows and way.not_found != "empty":
        return {"respcd": way.not_found, "resperr": "交易不存在或无法处理", "respmsg": ""}
    head = {"respmsg": "", "resperr": "请求成功", "respcd": "0000", "data": rows}
    return head | {"page": page, "page_size": size}


# ---- a cancel's answer ------------------------------------------------------------------------

_REFUSED = {
    "paid": ("1260",),
    "unknown": ("1136", "1268"),
    "mismatch": ("1267",),
    "amount": ("1266",),
    "unsupported": ("1297", "1297", "1250", "1150"),
    "REFUNDED": ("1262", "1125", "1264"),
    "CLOSED": ("1264", "1142"),
    "REVERSED": ("1263", "1264"),
    "EXPIRED": ("1181",),
    "HELD": ("1260",),
    "RELEASED": ("1264",),
    "CAPTURED": ("1260",),
    "not held": ("1151", "1297"),
    "FAILED": ("1264", "1146"),
}


def cancel_answer(
    became: Cancelled, way: Dialect, dice: random.Random, syssn: str
) -> dict[str, Any]:
    """What is said about a cancel; nothing of it is proof."""
    if way.cancels == "useless":
        return dice.choice([{}, {"respcd": None}, {"result": "ok"}, {"respcd": "0000"}])
    if became.what == "done":
        respcd = "0000"
    elif became.what == "pending":
        respcd = dice.choice(["1143", "1145"])
    else:
        respcd = dice.choice(_REFUSED[became.what])
    if way.cancels == "babble":
        respcd = dice.choice(BABBLE)
    answer: dict[str, Any] = {"resperr": "success", "respmsg": "", "respcd": respcd}
    payment = became.payment
    if way.cancels == "bare" or payment is None:
        return answer
    if respcd in ("0000", "1143", "1145") or dice.random() < 0.5:
        answer["syssn"] = syssn
    answer |= {"orig_syssn": payment.syssn, "txcurrcd": payment.txcurrcd, "chnlsn": ""}
    answer["txamt"] = _number(str(payment.txamt), way)
    if way.cancels == "envelope":  # C10: the result stands inside
        return {"respcd": respcd, "respmsg": "", "data": {"txstatus": "SUCCESS", **answer}}
    return _keys(answer, way, dice)


def to_bytes(answer: Any, way: Dialect) -> bytes:
    """The answer as bytes."""
    separators = (", ", ": ") if way.spaced else (",", ":")
    raw = json.dumps(answer, ensure_ascii=way.ascii, separators=separators)
    return raw.encode("utf-8", "surrogatepass")
