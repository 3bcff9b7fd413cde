"""Amounts and payment codes that make the sandbox do something special: one table.

The server, the docs page, the demo and the tests all read ``magic.json``.
An amount is magic by itself (77003 = 770.03). A payment code is magic when it is the
wallet's two-digit prefix, six zeros, any digits, and the same five digits at the end:
``130000000000077003``; the digits between may be used to make many of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from qftools.catalogue import Text
from qftools.sandbox.books import scripts
from qftools.sandbox.books.scripts import BoundFault, Planned, Reaction
from qftools.texts import read_table

_CODE = re.compile(r"(?:\d\d)0{6}\d{1,11}(77\d{3})", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Magic:
    """One line of the table: what happens to an order with this number.

    Attributes:
        number: The amount in minor units, and the end of the payment code.
        place: What the wallet or payer does at once: show, type, pay, fail, none;
            empty: what they do for any order of that mode.
        code: The failure's respcd, or the one of an order in progress.
        first: The respcd of the payment's answer, whatever became of it.
        refuse: The respcd of an answer without an order.
        plan: What the payer does later.
        on_cancel, on_refund: How the wallet takes a cancel or a refund.
        faults: Faults on this call and on later ones.
        hidden: How many queries do not find the order.
        expires: Seconds until the order's time runs out.
    """

    number: int
    name: str
    text: Text
    place: str = ""
    code: str = ""
    first: str = ""
    refuse: str = ""
    plan: tuple[Planned, ...] = ()
    on_cancel: Reaction = scripts.ORDINARY
    on_refund: Reaction = scripts.ORDINARY
    faults: tuple[BoundFault, ...] = ()
    hidden: int = 0
    expires: float | None = None


ORDINARY = Magic(number=0, name="", text=Text(zh="", en=""))


@cache
def table() -> Mapping[int, Magic]:
    """Return the table by number.

    Example:
        >>> table()[77001].name
        'paid at once'
    """
    rows = read_table(Path(__file__).with_name("magic.json"))
    return {row["number"]: _magic(row) for row in rows}


def _magic(row: dict[str, Any]) -> Magic:
    read = {
        "plan": tuple(Planned.from_record(planned) for planned in row.get("plan", ())),
        "on_cancel": Reaction.from_record(row.get("on_cancel", {})),
        "on_refund": Reaction.from_record(row.get("on_refund", {})),
        "faults": tuple(BoundFault(*fault) for fault in row.get("faults", ())),
    }
    return Magic(**row | read)


def find(txamt: int, auth_code: str = "") -> Magic:
    """Return the line for a payment; the ordinary one where neither value is magic.

    Example:
        >>> find(2500, "130000000000077002").name
        'typing'
        >>> find(2500).number
        0
    """
    if 77_000 <= txamt < 78_000:
        return table().get(txamt, ORDINARY)
    if auth_code:
        match = _CODE.fullmatch(auth_code)
        if match:
            return table().get(int(match[1]), ORDINARY)
    return ORDINARY


def auth_code(prefix: str, number: int, serial: int = 0, length: int = 18) -> str:
    """Make a payment code that is magic.

    Args:
        prefix: The wallet's two digits: 13 WeChat Pay, 28 Alipay, 62 UnionPay.
        number: A number of the table.
        serial: Makes codes that differ: a code works once, unless this is 0.
        length: How many digits in all; 18, for UnionPay 19.

    Example:
        >>> auth_code("13", 77002)
        '130000000000077002'
    """
    return f"{prefix}000000{serial:0{length - 13}d}{number}"


def reusable(code: str) -> bool:
    """Tell whether a payment code is magic with serial 0: such a code works any number of times.

    Example:
        >>> reusable("130000000000077002"), reusable("130000000000177002")
        (True, False)
    """
    return _CODE.fullmatch(code) is not None and not code[8:-5].strip("0")
