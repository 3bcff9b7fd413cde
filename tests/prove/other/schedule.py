"""One schedule for the second gateway, made from its seed. Plain data."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import datetime

from qftools.cancellation.policy import Policy
from tests.prove.other import breaks, smudges
from tests.prove.other.dialect import RELEASED_AS, Dialect, speaks
from tests.prove.other.gateway import BEIJING, CANCELS, HOLD, Is, Rules

ACTS = (
    *("pay",) * 6,
    *("decline", "refund", "refund part", "cancel elsewhere", "an hour passes"),
)
ACTS_ON_A_HOLD = (
    *("pay",) * 6,
    *("capture", "capture_part", "release_elsewhere", "decline", "cancel elsewhere"),
    *("an hour passes", "a week passes"),
)
#: Payments made here lie near the end of a month, or of a year, or of a February.
EDGES = ("2026-01-31 23:59:20", "2025-12-31 23:59:50", "2026-02-28 23:58:30", "2026-02-01 00:05:00")
PLAIN_DAY = "2026-01-15 11:20:00"
OLD = (*(Is.CLOSED,) * 3, Is.EXPIRED, Is.FAILED, Is.REVERSED, Is.WAIT, Is.PAID, Is.REFUNDED)


@dataclass(frozen=True, slots=True)
class Act:
    """Someone does something to a payment, just before or after the n-th request arrives."""

    what: str
    at: int
    after: bool
    newest: bool


@dataclass(frozen=True, slots=True)
class Trouble:
    """A break or a smudge: on which requests, from the n-th of them, how often."""

    name: str
    on: str
    after: int
    times: int | None

    def strikes(self, endpoint: str, n: int) -> bool:
        """Whether it falls on the *n*-th request to that endpoint."""
        on = {"*": True, "cancel": endpoint != "query"}.get(self.on, endpoint == self.on)
        return on and n >= self.after and (self.times is None or n < self.after + self.times)


@dataclass(frozen=True, slots=True)
class Echo:
    """The gateway repeats what it was sent, and the key that it must have been signed with."""

    encoding: str
    place: str
    after: int


@dataclass(frozen=True, slots=True)
class Old:
    """An earlier payment under the same number."""

    state: Is
    seconds_before: float
    other_amount: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that will happen.

    Attributes:
        made, age: When the payment was made, and how old it is when the cancel begins.
        arrives: Seconds until the gateway has it; None: it never arrives.
        txdtm_skew: How far the caller's clock is from Beijing's time.
        knows: Which fields the caller tells; ``wrong`` is the one that it has wrong.
        agent: The caller is an agent, and sends its merchant's mchid.
        lies: Whoever can be known not to be the gateway says what is not so.
        over: ``process``: an adapter with a virtual clock; ``socket``: real bytes.
    """

    seed: int
    rules: Rules
    way: Dialect
    made: float
    age: float
    arrives: float | None
    pay_type: str
    txamt: int
    txcurrcd: str
    txdtm_skew: float
    knows: frozenset[str]
    wrong: str
    agent: bool
    algorithm: str
    old: tuple[Old, ...]
    acts: tuple[Act, ...]
    troubles: tuple[Trouble, ...]
    echo: Echo | None
    lies: bool
    strangers: int
    profile: str
    hk_cancel: str
    policy: Policy | None
    kills: frozenset[int]
    on_disk: bool
    seconds_dead: float
    journalled: bool
    over: str


def schedule(seed: int, *, kills: bool = True, over: str = "") -> Plan:
    """Make the schedule of a seed.

    Args:
        seed: Any number.
        kills: Whether the process may die; the rest of the schedule is the same.
        over: Play it over this transport, whatever the seed says.
    """
    dice = random.Random(f"other {seed}")
    deaths = _kills(dice)
    echo = _echo(dice)
    edge = dice.random() < 0.35
    months = (
        dice.choice(["strict", "strict", "faq2017"])
        if edge
        else dice.choice(["any"] * 3 + ["strict"])
    )
    old = _old(dice)
    socket = dice.random() < 0.003
    journalled = dice.random() < 0.1 or bool(deaths)
    return Plan(
        seed=seed,
        rules=_rules(dice, months),
        way=speaks(dice),
        made=_moment(dice.choice(EDGES) if edge else PLAIN_DAY),
        age=dice.choice([1.0, 5.0, 30.0, 90.0, 90.0, 400.0]),
        arrives=_arrives(dice) if not old else 0.0,
        pay_type=dice.choice(tuple(CANCELS) + ("800101", "800201", "800108") * 2),
        txamt=dice.randint(300, 30_000),
        txcurrcd=dice.choice(["HKD", "HKD", "CNY"]),
        txdtm_skew=dice.choice([0.0, 0.0, 0.0, 45.0, -45.0, -28_800.0]),
        knows=_knows(dice),
        wrong=dice.choice([""] * 40 + ["txamt", "txcurrcd", "syssn"]),
        agent=dice.random() < 0.2,
        algorithm=dice.choice(["MD5", "MD5", "MD5", "SHA256"]),
        old=old,
        acts=tuple(_act(dice) for _ in range(dice.choice([0, 1, 1, 1, 2, 3]))),
        troubles=tuple(_trouble(dice) for _ in range(dice.choice([0, 0, 1, 1, 1, 2, 3]))),
        echo=echo,
        lies=dice.random() < 0.8,
        strangers=dice.choice([0, 0, 0, 0, 0, 1]),
        profile=dice.choice(["seed"] * 9 + ["docs-2026-02"]),
        hk_cancel=dice.choice(["deny"] * 5 + ["allow"]),
        policy=_policy(dice) if dice.random() < 0.5 else None,
        kills=deaths if kills else frozenset(),
        on_disk=journalled and (echo is not None or dice.random() < 0.02),
        seconds_dead=dice.choice([0.0, 1.0, 60.0, 3600.0]),
        journalled=journalled,
        over=over or ("socket" if socket else "process"),
    )


def of_a_hold(seed: int, *, kills: bool = True, over: str = "") -> Plan:
    """Make the schedule of a seed for a pre-authorisation; see ``schedule``."""
    plan = schedule(seed, kills=kills, over=over)
    dice = random.Random(f"other hold {seed}")
    knows = plan.knows
    way = replace(
        plan.way,
        released=dice.choice(RELEASED_AS),
        releasing=dice.choice(["0000", "0000", plan.way.asks]),
    )
    if "pay_type" not in knows:  # nothing else tells that it is no payment
        way = replace(way, leaves_out=way.leaves_out - {"pay_type"})
    first = Act("pay", 0, after=False, newest=True)
    acts = tuple(replace(act, what=dice.choice(ACTS_ON_A_HOLD)) for act in plan.acts)
    return replace(
        plan,
        pay_type=HOLD,
        way=way,
        old=(),
        acts=(first, *acts) if dice.random() < 0.6 else acts,
    )


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=BEIJING).timestamp()


def _rules(dice: random.Random, months: str) -> Rules:
    return Rules(
        months=months,
        cancel_polls=dice.choice([0, 0, 0, 1, 2, 5, 5, 10**6]) if dice.random() < 0.5 else 0,
        cancels_dropped=dice.choice([0, 0, 0, 0, 0, 1, 2, 10**6]),
        cancel_paid=dice.choice(["deny", "deny", "refund"]),
        unsupported=dice.random() < 0.07,
        any_route=dice.random() < 0.3,
        strict_amount=dice.random() < 0.2,
        picks=dice.choice(["newest", "oldest"]),
        refunds_named=dice.choice(["own", "own", "payment"]),
        close_rows=dice.random() < 0.2,
        unfiltered=dice.choice([0] * 14 + [1, 3, 12]),
        page_size=dice.choice([10] * 9 + [2]),
    )


def _arrives(dice: random.Random) -> float | None:
    return dice.choice([0.0] * 14 + [None, None, 2.0, 6.0, 20.0, 3000.0])


def _knows(dice: random.Random) -> frozenset[str]:
    names = dice.choice([{"out_trade_no"}] * 5 + [{"out_trade_no", "syssn"}] * 3 + [{"syssn"}])
    if dice.random() < 0.12:  # a bare number; the books tell the rest
        return frozenset(names)
    more = {name for name in ("pay_type", "txcurrcd", "mchid") if dice.random() < 0.7}
    return frozenset(names | more | {"txamt", "txdtm"})


def _old(dice: random.Random) -> tuple[Old, ...]:
    number = dice.choice([0] * 28 + [1] * 8 + [2, 2, 3, 11])
    return tuple(
        Old(dice.choice(OLD), dice.choice([5.0, 60.0, 600.0, 86_400.0]), dice.random() < 0.04)
        for _ in range(number)
    )


def _act(dice: random.Random) -> Act:
    at = dice.choice([0, 0, 1, 1, 2, 3, 4, 6])
    return Act(dice.choice(ACTS), at, after=dice.random() < 0.5, newest=dice.random() < 0.75)


def _trouble(dice: random.Random) -> Trouble:
    if dice.random() < 0.5:
        name = dice.choice(smudges.NAMES)
    else:
        name = dice.choice(tuple(breaks.BREAKS))
        if name in breaks.COSTLY and dice.random() < 0.97:
            name = "garbage"
    on = dice.choice(["query", "query", "query", "cancel", "*"])
    times = None if dice.random() < 0.06 else dice.choice([1, 1, 1, 2, 3])
    return Trouble(name, on, dice.choice([0, 0, 0, 1, 1, 2, 3]), times)


def _echo(dice: random.Random) -> Echo | None:
    if dice.random() > 0.04:
        return None
    encoding = dice.choice(tuple(breaks.ENCODINGS))
    return Echo(encoding, dice.choice(breaks.PLACES), dice.choice([0, 0, 1, 2]))


def _policy(dice: random.Random) -> Policy:
    return Policy(
        look_tries=dice.randint(3, 10),
        absent_tries=dice.randint(2, 4),
        cancel_tries=dice.randint(1, 4),
        recancel_after=dice.randint(1, 4),
        recancel_pending=dice.randint(3, 12),
        confirm_tries=dice.randint(60, 80),
        first_wait=dice.choice([0.0, 1.0, 2.0]),
        cancel_after=dice.choice([0.0, 0.0, 15.0, 120.0]),
    )


def _kills(dice: random.Random) -> frozenset[int]:
    if dice.random() < 0.75:
        return frozenset()
    return frozenset(dice.randint(0, 20) for _ in range(dice.choice([1, 1, 2, 3])))
