"""What the demo shows: one table of pay types, one of situations, and the run through both.

The situations are the sandbox's magic amounts, by name. Shows nothing itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from qftools import catalogue
from qftools.cancellation.outcome import Outcome, Taken
from qftools.cancellation.run import cancel
from qftools.cancellation.verdicts import Verdict
from qftools.catalogue import Text
from qftools.client.client import Client
from qftools.errors import GatewayError, OutcomeUnknownError
from qftools.locale import mark
from qftools.models import Order
from qftools.sandbox import Sandbox
from qftools.sandbox.gateway import magic


class Situation(NamedTuple):
    """A failure case, and the name of the magic amount that plays it."""

    label: str
    magic: str
    fault: tuple[str, str] | None = None  # a fault of the sandbox: name, endpoint


SITUATIONS = (
    Situation(mark("paid"), "paid at once"),
    Situation(mark("open, never paid"), "never paid"),
    Situation(mark("in progress: the payer is typing"), "typing"),
    Situation(mark("the payment's reply is lost"), "payment lost after"),
    Situation(mark("the cancel's reply is lost"), "cancel lost after"),
    Situation(mark("the cancel is refused"), "cancel refused by the wallet"),
    Situation(mark("paid between query and cancel"), "paid between look and cancel"),
)
"""Shown for each pay type of the vendor's page."""

MORE = (
    Situation(mark("paid, and the reply is lost"), "payment paid, reply lost"),
    Situation(mark("the cancel stays in progress"), "cancel 1145, then done"),
    Situation(mark("the cancel says done, but it was paid"), "cancel says done, payer was faster"),
    Situation(mark("expired"), "expired"),
    Situation(mark("unknown to the gateway"), "unknown for ever"),
    Situation(mark("never answered"), "never paid", ("lost after", "query")),
)
"""Shown once, with the first pay type."""

PAY_TYPES = ("800101", "800108", "800201", "800208", "800708")
"""Alipay MPM and CPM, WeChat Pay MPM and CPM, and UnionPay CPM for the other wallets."""

NOT_CANCELLABLE = ("805801", "802001")
"""PayMe and FPS: Hong Kong alone, so no call cancels them. Shown paid and open."""

# The states at the gateway that agree with each verdict.
_NOTHING_PAID = frozenset(
    {"created", "waiting", "paying", "cancelling", "cancelled", "expired", "failed"}
)
TRUE = {
    Verdict.CANCELLED: frozenset({"cancelled"}),
    Verdict.ALREADY_CANCELLED: frozenset({"cancelled", "expired"}),
    Verdict.ALREADY_REFUNDED: frozenset({"refunded"}),
    Verdict.FAILED: frozenset({"failed"}),
    Verdict.PAID: frozenset({"paid", "partially refunded", "refunding"}),
    Verdict.HELD: frozenset({"held"}),
    Verdict.RELEASED: frozenset({"released"}),
    Verdict.NOT_FOUND: _NOTHING_PAID | {"absent"},
    Verdict.NOT_CANCELLABLE: frozenset({"created", "waiting", "paying", "cancelling"}),
}


@dataclass(frozen=True, slots=True)
class DemoRow:
    """One row of the demo.

    Attributes:
        pay_type: Six digits.
        wallet: The wallet's name. *mode*: CPM or MPM.
        situation: What goes wrong, in English; translated when shown.
        asked: Each question with what it told; repeats are counted.
        outcome: The verdict with its evidence.
        books: The order's state at the gateway.
    """

    pay_type: str
    wallet: Text
    mode: str
    situation: str
    asked: tuple[str, ...]
    outcome: Outcome
    books: str

    @property
    def agrees(self) -> bool:
        """Whether the gateway's state agrees with the verdict. UNRESOLVED claims nothing."""
        verdict = self.outcome.verdict
        return verdict is Verdict.UNRESOLVED or self.books in TRUE[verdict]


def plan() -> Iterator[tuple[str, Situation]]:
    """Every row of the demo: pay type and situation."""
    for pay_type in PAY_TYPES:
        for situation in SITUATIONS + (MORE if pay_type == PAY_TYPES[0] else ()):
            yield pay_type, situation
    for pay_type in NOT_CANCELLABLE:
        for situation in SITUATIONS[:2]:
            yield pay_type, situation


def run(seed: int = 0) -> Iterator[DemoRow]:
    """Play every row on a sandbox of its own, in virtual time."""
    for pay_type, situation in plan():
        with Sandbox(seed=seed) as sandbox:
            yield show(sandbox, pay_type, situation)


def show(sandbox: Sandbox, pay_type: str, situation: Situation) -> DemoRow:
    """Pay, cancel, and compare with the gateway's state."""
    row = catalogue.pay_types()[pay_type]
    client = sandbox.client()
    order = _pay(client, row, situation)
    if situation.fault:
        name, endpoint = situation.fault
        sandbox.fault(name, on=endpoint, times=1_000)
    outcome = cancel(client, order)
    books = [entry for entry in sandbox.orders() if entry.out_trade_no == order.out_trade_no]
    return DemoRow(
        pay_type=pay_type,
        wallet=catalogue.wallets()[row.wallet].name,
        mode=row.mode.upper(),
        situation=situation.label,
        asked=_asked(outcome.steps),
        outcome=outcome,
        books=books[0].state if books else "absent",
    )


def _pay(client: Client, row: catalogue.PayType, situation: Situation) -> Order:
    """Place the payment; with or without a reply, the order is known by its number."""
    number = next(line.number for line in magic.table().values() if line.name == situation.magic)
    scanned = {}
    if row.mode == "cpm":
        prefix = catalogue.wallets()[row.wallet].auth_code_prefixes[0]
        scanned["auth_code"] = magic.auth_code(prefix, number)
    try:
        return client.pay(pay_type=row.code, txamt=number, txcurrcd="HKD", **scanned)
    except (OutcomeUnknownError, GatewayError) as error:
        if error.order is None:
            raise
        return error.order


def _asked(steps: tuple[Taken, ...]) -> tuple[str, ...]:
    told = [f"{step.endpoint} {step.answer.respcd or step.finding.value}" for step in steps]
    counted = [(line, len(list(same))) for line, same in groupby(told)]
    return tuple(line if times == 1 else f"{line} ×{times}" for line, times in counted)
