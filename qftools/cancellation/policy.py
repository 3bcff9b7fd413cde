"""Timeouts and retries of a cancel."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from qftools import catalogue
from qftools.catalogue import Text
from qftools.errors import InputError

_SECONDS = (
    "first_wait",
    "wait_step",
    "longest_wait",
    "longest_ask",
    "cancel_after",
    "in_progress",
    "expiry",
)


@dataclass(frozen=True, slots=True)
class Policy:
    """The timeouts and retries of one cancel. All waits are in seconds.

    Args:
        look_tries: How many queries without a usable reply before the cancel stops.
        absent_tries: How many "no such order" answers it takes to accept it.
        cancel_tries: How often the cancel may be sent, where its reply was
            lost and the order stays open.
        recancel_after: How many times the order must be seen open after a lost
            reply before the cancel is sent again.
        recancel_pending: The same where the reply was "in progress": a wallet
            can drop a cancel that it had accepted.
        confirm_tries: How many queries to send after the cancel.
        first_wait: The wait before the first repeated query.
        wait_step: How much longer each further wait is.
        longest_wait: No wait is longer, unless the gateway asks for one.
        longest_ask: No wait is longer than this when the gateway asks for one (``Retry-After``).
        cancel_after: How old an open order must be before it is cancelled;
            the wallet's earliest time to revoke.
        in_progress: How long an order may stay in progress before the sources
            say to call it off. A cancel does not wait for that by itself: see
            ``waiting_for_the_payer``.
        expiry: When an unpaid order is dead at the latest, counted from the
            payment: one that the gateway does not know by then never comes.
        source: Where the numbers come from, tags of ``catalogue.sources()``.

    Example:
        >>> [Policy().wait(again) for again in range(5)]
        [3.0, 4.0, 5.0, 5.0, 5.0]
    """

    look_tries: int = 8
    absent_tries: int = 3
    cancel_tries: int = 8
    recancel_after: int = 2
    recancel_pending: int = 10
    confirm_tries: int = 40
    first_wait: float = 3.0
    wait_step: float = 1.0
    longest_wait: float = 5.0
    longest_ask: float = 60.0
    cancel_after: float = 0.0
    in_progress: float = 120.0
    expiry: float = 7200.0
    source: str = "live2026; manual2018jp; docs2024; chosen"

    def __post_init__(self) -> None:
        for name in (
            "look_tries",
            "absent_tries",
            "cancel_tries",
            "recancel_after",
            "recancel_pending",
            "confirm_tries",
        ):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise InputError(name, "is {value!r}", "a whole number of at least 1", value=value)
        for name in _SECONDS:
            value = getattr(self, name)
            if not isinstance(value, (int, float)) or not 0 <= value < float("inf"):
                raise InputError(name, "is {value!r}", "seconds, zero or more", value=value)

    def wait(self, again: int) -> float:
        """Return how long to wait before a question is repeated for the *again*-th time, from 0."""
        return min(self.first_wait + self.wait_step * again, self.longest_wait)

    def waiting_for_the_payer(self) -> Policy:
        """Return the policy that gives the payer two minutes before the cancel, as the sources
        say.

        Example:
            >>> Policy().waiting_for_the_payer().cancel_after
            120.0
        """
        return replace(self, cancel_after=max(self.cancel_after, self.in_progress))


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table of policies: the values, their pay types, and their source.

    Attributes:
        wallet, mode: For which pay types; ``"*"`` for all.
        values: The fields of a policy that it sets.
        source: Tags of ``catalogue.sources()``.
        note: Why, in both languages.
    """

    wallet: str
    mode: str
    values: Mapping[str, int | float]
    source: str
    note: Text


@cache
def rules() -> tuple[Rule, ...]:
    """Return the table of policies; a later row overrides an earlier one.

    Example:
        >>> [(rule.wallet, rule.mode) for rule in rules()][:2]
        [('*', '*'), ('alipay', '*')]
    """
    rows = json.loads(Path(__file__).with_name("policies.json").read_text(encoding="utf-8"))
    return tuple(Rule(**{**row, "note": Text(**row["note"])}) for row in rows)


def rules_for(pay_type: str | None) -> tuple[Rule, ...]:
    """Return the rows of the table that count for one pay type."""
    row = catalogue.pay_types().get(pay_type or "")
    wallet, mode = (row.wallet, row.mode) if row else ("", "")
    return tuple(
        rule for rule in rules() if rule.wallet in ("*", wallet) and rule.mode in ("*", mode)
    )


@cache
def policy_for(pay_type: str | None) -> Policy:
    """Return the policy for one pay type, or the general one where none is known.

    To change a value, replace it: ``dataclasses.replace(policy_for("800208"), cancel_after=0)``.

    Example:
        >>> policy_for("800208").cancel_after, policy_for("800201").cancel_after
        (15.0, 0.0)
        >>> policy_for(None) == Policy()
        True
    """
    values: dict[str, Any] = {}
    for rule in rules_for(pay_type):
        values |= rule.values
    tags = dict.fromkeys(tag for rule in rules_for(pay_type) for tag in rule.source.split("; "))
    return Policy(**values, source="; ".join(tags))
