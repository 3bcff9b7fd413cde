"""The bad days that a shop should survive, made from magic amounts and faults.

A situation says what to charge and what goes wrong; nothing of either is written here again.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from qftools.catalogue import Text
from qftools.sandbox.gateway import magic
from qftools.sandbox.words import say

if TYPE_CHECKING:
    from qftools.sandbox.sandbox import Sandbox

_PLAIN_AMOUNT = 2500
_AMOUNTS = (
    *(77001, 77002, 77003, 77004, 77005, 77006, 77008),  # the payer
    *(77011, 77012, 77013, 77015, 77016, 77017, 77018),  # the wallet's answer to a cancel
    *(77021, 77022, 77023, 77024, 77025, 77027, 77028),  # lost requests and replies
    *(77031, 77041, 77042, 77043, 77044, 77051, 77053),  # codes that are easily misread
)
_FAULTS = (
    ("half", "payment"),
    ("5xx", "payment"),
    ("wrong signature", "payment"),
    ("duplicated", "payment"),
    ("429", "query"),
    ("5xx", "cancel"),
)


@dataclass(frozen=True, slots=True)
class Situation:
    """One bad day.

    Attributes:
        id: Its name, for a test's id.
        text: What happens, in Chinese and English.
        txamt: What the shop must charge, in minor units; the amount itself may play the case.
        fault: What goes wrong besides, empty for nothing.
        on: The endpoint whose call meets the fault.
    """

    id: str
    text: Text
    txamt: int
    fault: str = ""
    on: str = "*"

    def stage(self, sandbox: Sandbox) -> None:
        """Arm its fault."""
        if self.fault:
            sandbox.fault(self.fault, on=self.on)


@cache
def situations() -> tuple[Situation, ...]:
    """Return all of them.

    Example:
        >>> lost = next(one for one in situations() if one.id == "payment-lost-after")
        >>> lost.txamt, lost.text.en
        (77022, 'The gateway acts on the payment, the reply is lost')
    """
    rows = [magic.table()[number] for number in _AMOUNTS]
    played = [Situation(_id(row.name), row.text, row.number) for row in rows]
    return (*played, *(_of_a_fault(*row) for row in _FAULTS))


def _id(name: str) -> str:
    return name.replace(",", "").replace(" ", "-")


def _of_a_fault(fault: str, on: str) -> Situation:
    word = f"fault_{fault.replace(' ', '_')}"
    text = Text(zh=f"{on}：{say(word, 'zh')}", en=f"{on}: {say(word, 'en')}")
    return Situation(_id(f"{on} {fault}"), text, _PLAIN_AMOUNT, fault, on)
