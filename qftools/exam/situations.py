"""The bad days as data: what is staged, how it ends on the books, what a right shop believes.

Rows name magic amounts, faults and rules; what those mean is written in their own tables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from qftools import catalogue
from qftools.errors import InputError
from qftools.sandbox import words as sandbox_words
from qftools.sandbox.gateway import magic
from qftools.sandbox.gateway.faults import ENDPOINTS
from qftools.sandbox.report.report import rules
from qftools.texts import Text, read_table

Level = Literal["basics", "money", "complete"]
LEVELS: tuple[Level, ...] = ("basics", "money", "complete")
"""Each holds those before it."""

PLAIN_AMOUNT = 2500
CURRENCY = "HKD"
_FOLDER = Path(__file__).parent
_STOP = Text("。", ". ")


@cache
def _words() -> Mapping[str, Text]:
    found: Mapping[str, Text] = read_table(_FOLDER / "words.json")
    return found


def say(word: str, language: str | None = None) -> str:
    """Return a word of the exam's own table."""
    return _words()[word].say(language)


@dataclass(frozen=True, slots=True, kw_only=True)
class BadDay:
    """One situation.

    Attributes:
        id: ``S01`` and so on.
        level: The lowest level that holds it.
        number: The magic number that plays payer and wallet.
        pay_type: Which wallet and mode.
        fault: What the network does besides: endpoint, name, how many times (None: always).
        crash: Whether the shop's program dies with the first fault, and starts again.
        notice: What happens with notifications, empty for nothing; a key of the words.
        ends: What the books say once a right shop is done: paid, not paid, or either.
        open: Whether a right shop may not know in the end.
        rule: The rule of the report that this day is about.
        currency: What the shop sells in.
    """

    id: str
    level: Level
    number: int
    pay_type: str
    ends: str
    rule: str
    fault: tuple[str, str, int | None] | None = None
    crash: bool = False
    notice: str = ""
    open: bool = False
    currency: str = CURRENCY

    @property
    def scans(self) -> bool:
        """Whether the shop scans the payer's code (CPM)."""
        return catalogue.pay_types()[self.pay_type].mode == "cpm"

    @property
    def txamt(self) -> int:
        """What the shop must charge, in minor units; a payment code plays the case by itself."""
        return PLAIN_AMOUNT if self.scans else self.number

    @property
    def auth_code(self) -> str:
        """The payer's code, empty where the payer scans."""
        if not self.scans:
            return ""
        wallet = catalogue.wallets()[catalogue.pay_types()[self.pay_type].wallet]
        return magic.auth_code(wallet.auth_code_prefixes[0], self.number)

    def title(self, language: str | None = None) -> str:
        """Return what goes wrong, in one line."""
        parts = [magic.table()[self.number].text.say(language)]
        if self.fault is not None:
            on, name, _ = self.fault
            word = sandbox_words.say(f"fault_{name.replace(' ', '_')}", language)
            parts.append(f"{on}{_COLON.say(language)}{word}")
        if self.crash:
            parts.append(say("crash", language))
        if self.notice:
            parts.append(say(self.notice, language))
        return _STOP.say(language).join(parts)

    def wallet(self, language: str | None = None) -> str:
        """Return wallet and mode, as the catalogue names the pay type."""
        return f"{self.pay_type} {catalogue.pay_types()[self.pay_type].name.say(language)}"

    def right(self, language: str | None = None) -> str:
        """Return how it ends on the books, and what a right shop believes and does."""
        said = [say(f"ends_{self.ends.replace(' ', '_')}", language)]
        if self.open:
            said.append(say("may_stay_open", language))
        said.append(rules()[self.rule].advice.say(language))
        return _BLANK.say(language).join(said)


_COLON = Text("：", ": ")
_BLANK = Text("", " ")


@cache
def situations() -> Mapping[str, BadDay]:
    """Return all of them by id, in order.

    Example:
        >>> situations()["S08"].title("en")
        'Paid, but the reply to the payment is lost'
    """
    return {row["id"]: _day(row) for row in read_table(_FOLDER / "situations.json")}


def _day(row: dict[str, Any]) -> BadDay:
    fault = row.get("fault")
    assert fault is None or fault[0] in (*ENDPOINTS, "cancel"), row
    return BadDay(**{**row, "fault": fault and tuple(fault)})


def chosen(level: str = "complete", ids: Sequence[str] = ()) -> tuple[BadDay, ...]:
    """Return the situations of a level, or those that are named.

    Args:
        level: basics, money or complete; each holds those before it.
        ids: Names of situations, in any case; they win over the level.

    Raises:
        InputError: There is no such level or situation.

    Example:
        >>> [len(chosen(level)) for level in LEVELS]
        [10, 44, 64]
        >>> chosen(ids=["s17"])[0].number
        77013
    """
    table = situations()
    for name in ids:
        if name.upper() not in table:
            known = f"{min(table)} ... {max(table)}"
            raise InputError("situation", "is {value!r}", known, value=name)
    if ids:
        return tuple(table[name.upper()] for name in ids)
    if level not in LEVELS:
        raise InputError("level", "is {value!r}", ", ".join(LEVELS), value=level)
    held = LEVELS[: LEVELS.index(level) + 1]
    return tuple(day for day in table.values() if day.level in held)
