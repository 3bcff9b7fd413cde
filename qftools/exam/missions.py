"""Missions: customers who complain; each is a situation of the exam, played by hand or a shop.

A mission is a row that names situations; what is staged and how the books decide is theirs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qftools import catalogue
from qftools.cancellation.routing import route
from qftools.errors import GatewayError, InputError, OutcomeUnknownError
from qftools.exam.beliefs import read
from qftools.exam.judging import Judgement, judge
from qftools.exam.pieces import PIECES, charge
from qftools.exam.situations import BadDay, situations
from qftools.exam.stage import Stage
from qftools.locale import mark
from qftools.texts import Text, read_table

if TYPE_CHECKING:
    from qftools.models import Order
    from qftools.sandbox.gateway.exchanges import SandboxExchange

MOVES: Mapping[str, str] = {
    "query": mark("Query"),
    "cancel": mark("Cancel"),
    "refund": mark("Refund"),
    "payment": mark("Charge again"),
}
"""What can be done to a customer's order."""

DECISIONS: Mapping[str, str] = {
    "paid": mark("Paid: hand over the goods"),
    "not paid": mark("Not paid: no goods"),
}
"""How a complaint is ended."""

_BETWEEN = 5.0  # seconds of the sandbox's clock that a move takes: what is under way goes on


@dataclass(frozen=True, slots=True)
class Customer:
    """One who complains.

    Attributes:
        day: What is staged; a situation of the exam.
        says: The complaint.
        before: The moves that the shop has made already.
    """

    day: BadDay
    says: Text
    before: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mission:
    """A row of ``missions.json``.

    Attributes:
        lesson: The lesson that it belongs to.
        piece: What the reader gives: a key of `PIECES`; empty where it is played by hand.
        hints: The first says least.
    """

    id: str
    lesson: str
    title: Text
    story: Text
    goal: Text
    hints: tuple[Text, ...]
    customers: tuple[Customer, ...]
    piece: str = ""


@cache
def missions() -> Mapping[str, Mission]:
    """Return all of them by id.

    Example:
        >>> missions()["three-complain"].title.en
        'Three customers complain today'
    """
    rows = read_table(Path(__file__).with_name("missions.json"))
    return {row["id"]: _mission(row) for row in rows}


def _mission(row: dict[str, Any]) -> Mission:
    return Mission(
        **{
            **row,
            "hints": tuple(row["hints"]),
            "customers": tuple(_customer(**one) for one in row["customers"]),
        }
    )


def _customer(situation: str, says: Text, before: Sequence[str] = (), **changed: str) -> Customer:
    day = replace(situations()[situation], **changed)  # type: ignore[arg-type]  # words of the row
    return Customer(day, says, tuple(before))


class Case:
    """One customer's complaint, on a sandbox of its own.

    Args:
        customer: Who complains.
        seed: Makes the gateway's numbers.

    Attributes:
        judged: How the books decide; None while nothing was decided.

    Example:
        >>> case = Case(missions()["three-complain"].customers[0])
        >>> case.move("query")
        >>> case.decide("paid")
        >>> case.judged.result, case.charged()
        ('passed', ('HKD 770.27',))
    """

    def __init__(self, customer: Customer, seed: int = 0) -> None:
        self.customer = customer
        self.judged: Judgement | None = None
        self.stage = Stage(customer.day, Path("unused"), seed=seed)
        self._client = self.stage.sale.client()
        self._order: Order | None = None
        self._charges = 0
        for name in customer.before:
            self.move(name)

    def move(self, name: str) -> None:
        """Make one of `MOVES`; what is answered is in `exchanges`, also where it is a refusal."""
        if self.judged is not None:
            return
        with suppress(GatewayError, OutcomeUnknownError):
            self._make(name)
        self.stage.sandbox.clock.advance(_BETWEEN)

    def _make(self, name: str) -> None:
        sale, client, order = self.stage.sale, self._client, self._order
        if name == "payment" or order is None:
            again = f"_{self._charges}" if self._charges else ""
            self._charges += 1
            self._order, respcd = charge(client, sale, number=sale.number + again)
            if again and respcd == "0000":  # the till shows a new code, and the customer pays it
                self.stage.sandbox.payer(self._order).pay()
        elif name == "query":
            client.query(order.out_trade_no)
        elif name == "refund":
            client.refund(order, txamt=sale.txamt)
        elif route(sale.pay_type).call == "close":
            client.close(order)
        else:
            client.reverse(order)

    def decide(self, belief: str) -> None:
        """End the complaint: what can still happen happens, and the books decide.

        Args:
            belief: One of `DECISIONS`, or unknown.
        """
        if self.judged is not None:
            return
        report = self.stage.sandbox.report()
        books = self.stage.let_the_rest_happen(belief)
        asked = self.stage.was_asked()
        self.judged = judge(self.customer.day, read(belief), books, report.findings, asked=asked)

    def serve(self, piece: str, given: Any) -> None:
        """Let a shop sell, one piece of which is *given*, and decide by what it believes.

        Raises:
            InputError: The piece has not the form that this shop needs.
        """
        try:
            believed = PIECES[piece](self.stage.sale, given)
        except (KeyError, TypeError, AttributeError) as error:
            raise InputError(
                piece, "is {value!r}", mark("of the form that the lesson shows"), value=given
            ) from error
        self.decide(believed)

    @property
    def exchanges(self) -> tuple[SandboxExchange, ...]:
        """What the gateway saw, in order."""
        return self.stage.sandbox.exchanges

    def charged(self) -> tuple[str, ...]:
        """Return what the customer's phone shows: each amount that was taken and not given back."""
        return tuple(
            catalogue.amount(row.kept, row.txcurrcd)
            for row in self.stage.sandbox.orders()
            if row.kept
        )
