"""The search for one order: by which number and in which month to ask next, and what was told."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, replace
from typing import Any, Self

from qftools.cancellation import asking
from qftools.cancellation.evidence import Known
from qftools.cancellation.findings import Answer, Finding
from qftools.cancellation.policy import Policy, policy_for
from qftools.client.numbers import LARGEST_PAGE
from qftools.models import Order


@dataclass(frozen=True, slots=True)
class Search:
    """What is known of one order, and where to ask for it next: plain, immutable data.

    Attributes:
        order: The order; gains what queries tell (syssn, pay type).
        policy: Timeouts and retries; None for the pay type's own.
        absents: How often the gateway did not know it.
        known: What the answers so far showed; later ones must agree with it.
        view: Which of the order's numbers and months the next query asks by.
        today: The date when it began, where the order itself has none (Beijing).
    """

    order: Order
    policy: Policy | None = None
    _: KW_ONLY
    absents: int = 0
    known: Known = Known()
    view: int = 0
    today: str | None = None

    @property
    def patience(self) -> Policy:
        """The policy in use: the given one, or the one of the order's pay type."""
        return self.policy or policy_for(self.order.pay_type)

    def views(self) -> list[asking.Params]:
        """Return the queries that look for the order, see [views][qftools.cancellation.asking]."""
        return asking.views(self.order, self.known.learned, self.today)

    def question(self) -> asking.Params:
        """Return the parameters of the next query."""
        page: asking.Params = {"page_size": LARGEST_PAGE} if self.known.wide else {}
        return self.views()[self.view] | page

    def asked_for(self, *, signs: bool, mchid: str | None) -> tuple[Order, Known]:
        """Return what the answer must be about: the order and what is known, with what the
        client knows besides (whether this gateway signs, and its merchant).
        """
        order, known = self.order, self.known
        if order.mchid is None and mchid is not None:
            order = replace(order, mchid=mchid)
        if signs and not known.signed:
            known = replace(known, signed=True)
        return order, known

    def informed(self, answer: Answer, **counts: Any) -> Self:
        """Return the search with what an answer adds, and with *counts* in its other fields."""
        known, order = self.known, self.order
        told: list[str] = []
        if answer.row is not None:
            order = asking.with_row(order, answer.row)
            told += [n for n in asking.TOLD if getattr(order, n) != getattr(self.order, n)]
        live = dict.fromkeys((*known.live, *answer.open))
        for syssn in answer.dead:
            live.pop(syssn, None)
        known = replace(
            known,
            learned=(*known.learned, *told),
            live=tuple(live),
            found=known.found or answer.rows > 0,
            several=known.several or answer.rows > 1,
            signed=known.signed or answer.signed,
            wide=known.wide or answer.ask_next == "wide",
        )
        view = self.view + (answer.ask_next in ("elsewhere", "others"))
        if view:
            view %= len(asking.views(order, known.learned, self.today))
        return replace(self, order=order, known=known, view=view, **counts)

    def counted(self, answer: Answer, **counts: Any) -> Self:
        """Return the search with what an answer adds, absence counted, and with *counts*."""
        absents = self.absents + (answer.finding is Finding.ABSENT)
        return self.informed(answer, absents=absents, **counts)

    def absents_to_believe(self) -> int:
        """Every number and every month that it can lie in; twice where it can lie in two."""
        times = 2 if self.months_in_doubt() else 1
        return max(self.patience.absent_tries, times * len(self.views()))

    def months_in_doubt(self) -> list[int]:
        """Return which views are months that its payments may be spread over."""
        return asking.months_in_doubt(self.order, self.known.learned, self.today)
