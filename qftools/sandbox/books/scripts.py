"""What an order will do: the payer's plans, and how the wallet takes a cancel or a refund.

The table of magic numbers is written in these words, and so are the records of orders.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, Literal, Self

from qftools.sandbox.books.states import Event

End = Literal["", "done", "pay", "lost"]
_EVENTS = frozenset({"event", "before"})


class Recorded:
    """Written as a mapping of the values that differ from the defaults."""

    __slots__ = ()

    def to_record(self) -> dict[str, Any]:
        """Return it as plain data."""
        kind: Any = type(self)
        return {
            n: value for n, default in _defaults(kind) if (value := getattr(self, n)) != default
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """Make it again of what `to_record` returned."""
        events = {name: Event(record[name]) for name in _EVENTS & set(record)}
        return cls(**{**record, **events})


@cache
def _defaults(kind: Any) -> tuple[tuple[str, Any], ...]:
    return tuple((item.name, item.default) for item in fields(kind))


@dataclass(slots=True, kw_only=True)
class Planned(Recorded):
    """An event that will happen to an order.

    Attributes:
        event: What happens.
        seconds: After so many seconds. *due*: seconds since 1970, once the time runs.
        looks: After so many queries that still find the order as it was.
        amount: For a refund: how much goes back.
        refund: The ``syssn`` of the refund, or of the release, that ends then.
    """

    event: Event
    seconds: float | None = None
    due: float | None = None
    looks: int | None = None
    amount: int = 0
    refund: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction(Recorded):
    """How the wallet takes a cancel, a release or a refund; all empty: as any wallet does.

    Attributes:
        before: What happens just before a cancel is judged.
        refuse: The code that it is refused with. *times*: so many times; None: always.
        answer: The code that it is answered with.
        event: What happens with that answer.
        looks: After so many queries comes the end. *then*: the end, empty: none ever.
    """

    before: Event | None = None
    refuse: str = ""
    times: int | None = None
    answer: str = ""
    event: Event | None = None
    looks: int = 0
    then: End = ""


ORDINARY = Reaction()


@dataclass(slots=True)
class BoundFault:
    """A fault that is bound to one order: on which calls, its name, how many times."""

    on: str
    name: str
    times: int
