"""One schedule, made from its seed: who pays how, what the payer does, what goes wrong, who dies.

Plain data; the same seed makes the same schedule on every machine.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache

from qftools import catalogue
from qftools.cancellation.policy import Policy
from qftools.cancellation.routing import PROFILES, Profile
from qftools.sandbox.gateway import magic
from qftools.sandbox.gateway.faults import NAMES
from qftools.sandbox.gateway.settings import switches

#: What somebody does, beside the cancel that is being proved.
ACTS = (
    *("pay", "pay", "pay", "pay"),  # the act that matters most
    *("type_password", "decline", "no_balance", "walk_away"),
    *("refund", "refund part", "cancel elsewhere"),
    "an hour passes",
)
FAULTS = tuple(name for name in NAMES if name != "slow")
_OF_HOLDS = 77071  # the magic amounts of holds begin here
MODES = ("cpm", "mpm", "jsapi", "mini", "app", "wap", "web", "h5", "online")


@dataclass(frozen=True, slots=True)
class Act:
    """Somebody does something, just before or after the gateway gets the n-th request."""

    what: str
    at: int
    after: bool


@dataclass(frozen=True, slots=True)
class Trouble:
    """A fault, as ``Sandbox.fault`` takes it."""

    name: str
    on: str
    times: int | None
    after: int
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """Everything that will happen.

    Attributes:
        seed: Makes this schedule again.
        direct: Ask the gateway object itself, not through the client, for speed.
        pay_type, txamt: The payment; the amount may be magic.
        switches: Of the sandbox.
        profile, hk_cancel: What the client believes about routes; mostly what is so.
        policy: How patient; None for the pay type's own.
        acts: What others do, and when.
        troubles: What goes wrong, and when.
        kills: The moments at which the process dies, counted over all its lives.
        t0: The merchant settles on the same day and can't cancel.
        on_disk: The journal is a file that is opened anew after each death.
        seconds_dead: How long nobody resumes after a death.
        journalled: There is a journal; always where the process dies.
    """

    seed: int
    direct: bool
    pay_type: str
    txamt: int
    switches: tuple[tuple[str, str], ...]
    profile: Profile
    hk_cancel: str
    policy: Policy | None
    acts: tuple[Act, ...]
    troubles: tuple[Trouble, ...]
    kills: frozenset[int]
    t0: bool
    on_disk: bool
    seconds_dead: float
    journalled: bool

    @property
    def awaited(self) -> bool:
        """Whether an async client asks: in about one schedule of eight, by either parity."""
        return not self.direct and self.seed % 10 < 2

    @property
    def endless(self) -> bool:
        """Whether something goes wrong for ever."""
        return any(trouble.times is None for trouble in self.troubles)


def schedule(seed: int, *, kills: bool = True) -> Schedule:
    """Make the schedule of a seed.

    Args:
        seed: Any number.
        kills: Whether the process may die; the rest of the schedule is the same.
    """
    dice = random.Random(seed)
    turned = _switches(dice)
    client_knows = dice.random() < 0.9  # else it believes another edition of the documents
    profile = turned["cancel_routes"] if client_knows else dice.choice(PROFILES)
    hk_cancel = turned["hk_cancel"] if dice.random() < 0.9 else dice.choice(["allow", "deny"])
    deaths = _kills(dice)
    direct = dice.random() < 0.35
    pay_type, amount = dice.choice(pay_types()), _amount(dice)
    holds = random.Random(f"hold {seed}")  # its own dice: the other schedules stay as they were
    if holds.random() < 0.12:
        pay_type = holds.choice(_holds())
        amount = holds.choice([amount, amount, 77001, *_of_holds()])
        turned |= _hold_switches(holds)
    return Schedule(
        seed,
        direct=direct,
        pay_type=pay_type,
        txamt=amount,
        switches=tuple(turned.items()),
        profile=profile,  # type: ignore[arg-type]
        hk_cancel=hk_cancel,
        policy=_policy(dice) if dice.random() < 0.5 else None,
        acts=tuple(_act(dice) for _ in range(dice.choice([0, 0, 1, 1, 1, 2, 3]))),
        troubles=tuple(_trouble(dice) for _ in range(dice.choice([0, 0, 1, 1, 2, 3, 4]))),
        kills=deaths if kills else frozenset(),
        t0=dice.random() < 0.03,
        on_disk=dice.random() < 0.02,
        seconds_dead=dice.choice([0.0, 1.0, 60.0, 3600.0]),
        journalled=dice.random() < 0.25 or bool(deaths),
    )


@cache
def pay_types() -> tuple[str, ...]:
    """Every pay type that a schedule can use; those that can be cancelled come more often."""
    rows = [row for row in catalogue.pay_types().values() if row.mode in MODES and not row.legacy]
    often = [row.code for row in rows if row.cancel["seed"] in ("reversal", "close", "ask")]
    return tuple(row.code for row in rows) + tuple(often) * 2


@cache
def _holds() -> tuple[str, ...]:
    return tuple(row.code for row in catalogue.pay_types().values() if row.mode == "preauth")


def _hold_switches(dice: random.Random) -> dict[str, str]:
    names = ("hold_undo", "hold_rows", "hold_codes", "hold_release")
    return {name: dice.choice(switches()[name].values) for name in names}


@cache
def _of_holds() -> tuple[int, ...]:
    return tuple(number for number in magic.table() if number >= _OF_HOLDS)


@cache
def _amounts() -> tuple[int, ...]:
    return tuple(number for number in magic.table() if number < _OF_HOLDS)


def _amount(dice: random.Random) -> int:
    return dice.choice(_amounts()) if dice.random() < 0.6 else dice.randint(300, 30_000)


def _switches(dice: random.Random) -> dict[str, str]:
    return {
        "cancel_latency": dice.choice(["0", "0", "0", "1", "2", "5"]),
        "cancel_paid": dice.choice(["deny"] * 3 + ["refund"]),
        "cancel_routes": dice.choice(["seed"] * 4 + list(PROFILES)),
        "hk_cancel": dice.choice(["deny", "deny", "allow"]),
        "cancel_unsupported_code": dice.choice(["1297", "1297", "1250"]),
        "cancel_pending_code": dice.choice(["1143", "1145"]),
        "strict_cancel": dice.choice(["off", "on"]),
        "password": dice.choice(["off", "on"]),
    }


def _policy(dice: random.Random) -> Policy:
    return Policy(
        look_tries=dice.randint(5, 12),
        absent_tries=dice.randint(3, 4),
        cancel_tries=dice.randint(1, 4),
        recancel_after=dice.randint(1, 4),
        recancel_pending=dice.randint(3, 12),
        confirm_tries=dice.randint(60, 80),
        first_wait=dice.choice([0.0, 0.5, 2.0]),
        cancel_after=dice.choice([0.0, 0.0, 15.0, 120.0]),
    )


def _act(dice: random.Random) -> Act:
    # Request 0 is the payment; most of a walk happens within the next six.
    return Act(dice.choice(ACTS), dice.randint(0, 6), after=dice.random() < 0.5)


def _trouble(dice: random.Random) -> Trouble:
    on = dice.choice(["payment", "query", "query", "cancel", "cancel", "*"])
    after = dice.choice([0, 0, 0, 1, 1, 2, 3])
    if dice.random() < 0.1:
        return Trouble("slow", on, 1, after, seconds=dice.choice([5.0, 59.0, 60.0, 90.0]))
    times = None if dice.random() < 0.05 else dice.choice([1, 1, 1, 2, 3])
    return Trouble(dice.choice(FAULTS), on, times, after)


def _kills(dice: random.Random) -> frozenset[int]:
    if dice.random() < 0.5:
        return frozenset()
    return frozenset(dice.randint(0, 24) for _ in range(dice.choice([1, 1, 2, 3])))
