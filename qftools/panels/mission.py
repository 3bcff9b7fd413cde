"""A mission: customers who complain, what can be done for them, and what their phones show."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ipywidgets import HTML, Button, VBox

from qftools import catalogue
from qftools.errors import InputError
from qftools.exam.missions import DECISIONS, MOVES, Case, missions
from qftools.exam.results import summary
from qftools.exam.situations import say
from qftools.locale import text as _
from qftools.markup import Markup, el, join
from qftools.panels import kept
from qftools.panels.exchange_view import exchange_view
from qftools.panels.panel import Panel, card, columns, row, tell
from qftools.sandbox.gateway.exchanges import SandboxExchange
from qftools.sequence import reading
from qftools.texts import COLON


class Mission(Panel):
    """Customers who complain: find out what is true, and decide; then the books decide.

    Args:
        name: Which one, an id of `qftools.exam.missions`.
        given: The piece of the shop that the reader repairs, in missions that ask for one; such a
            shop serves its customers at once.
        seed: Makes the gateway's numbers.

    Raises:
        InputError: There is no such mission, or it asks for another piece.

    Example:
        >>> mission = Mission("three-complain")
        >>> mission.cases[0].move("query")
        >>> mission.decide(0, "paid")
        >>> mission.as_text()
        'Mission three-complain: 1 of 3'
        >>> Mission("plan", plan=["payment", "query", "reversal", "query"]).solved
        True
    """

    def __init__(self, name: str, *, seed: int = 0, **given: Any) -> None:
        known = missions()
        if name not in known:
            raise InputError(
                "name", "is {value!r}", "one of {known}", value=name, known=", ".join(known)
            )
        self.mission = known[name]
        wanted = (self.mission.piece,) if self.mission.piece else ()
        if tuple(given) != wanted:
            raise InputError(
                "given", "is {value!r}", "one of {known}", value=[*given], known=[*wanted]
            )
        self._seed, self._given = seed, given.get(self.mission.piece)
        self._hints = 0
        self.cases: list[Case] = []
        self.head, self.hints, self.result = HTML(), HTML(), HTML()
        count = range(len(self.mission.customers))
        self.phones, self.logs = ([HTML() for _n in count] for _ in range(2))
        self.moves = [{name: Button() for name in MOVES} for _n in count]
        self.decisions = [{name: Button() for name in DECISIONS} for _n in count]
        self.hint, self.again = Button(), Button()
        self.hint.add_class("qf-hint")
        super().__init__(
            self.head,
            *map(self._customer, count),
            row(self.hint, *([] if wanted else [self.again])),
            self.hints,
            self.result,
        )
        self.on_press(self.hint, self._more_hints)
        self.on_press(self.again, self.restart)
        self.restart()

    def _customer(self, number: int) -> VBox:
        if self.mission.piece:
            return columns(self.phones[number], self.logs[number])
        for name, button in self.moves[number].items():
            self.on_press(button, self._move(number, name))
        for belief, button in self.decisions[number].items():
            self.on_press(button, self._decision(number, belief))
        buttons = (row(*kind[number].values()) for kind in (self.moves, self.decisions))
        return columns(self.phones[number], VBox([self.logs[number], *buttons]))

    # -- what is done ------------------------------------------------------------------

    def restart(self) -> None:
        """Begin anew, with the same customers."""
        self.cases = [Case(customer, self._seed) for customer in self.mission.customers]
        if self.mission.piece:
            for case in self.cases:
                case.serve(self.mission.piece, self._given)
        self._note()

    def _move(self, number: int, name: str) -> Callable[[], None]:
        return lambda: self.cases[number].move(name)

    def _decision(self, number: int, belief: str) -> Callable[[], None]:
        return lambda: self.decide(number, belief)

    def decide(self, number: int, belief: str) -> None:
        """End a complaint, counted from 0: the customer was charged (``paid``), or not."""
        self.cases[number].decide(belief)
        self._note()

    def _more_hints(self) -> None:
        self._hints = min(self._hints + 1, len(self.mission.hints))

    def _note(self) -> None:
        if self.solved:
            kept.note(self.mission.lesson, kept.mission(self.mission.id))
        self._shown_again()

    @property
    def solved(self) -> bool:
        """Whether every complaint was ended as the books have it."""
        return self._right == len(self.cases)

    @property
    def _right(self) -> int:
        return sum(one.judged is not None and one.judged.result == "passed" for one in self.cases)

    # -- what is shown -----------------------------------------------------------------

    def show(self) -> None:
        """Write everything in the language in use."""
        mission = self.mission
        tell(
            self.head,
            el("h3", mission.title.say()),
            el("p", mission.story.say()),
            el("p", el("strong", _("Goal: ")), mission.goal.say()),
        )
        for number, case in enumerate(self.cases):
            tell(self.phones[number], _phone(number, case))
            tell(self.logs[number], _log(case))
            for names, buttons in ((MOVES, self.moves), (DECISIONS, self.decisions)):
                for name, button in buttons[number].items():
                    button.description = _(names[name])
                    button.disabled = case.judged is not None
        self.hint.description = _("Hint")
        self.hint.disabled = self._hints == len(mission.hints)
        self.again.description = _("Start again")
        hints = [el("li", hint.say()) for hint in mission.hints[: self._hints]]
        tell(self.hints, el("ol", *hints) if hints else "")
        tell(self.result, el("div", self._result(), role="status"))

    def _result(self) -> Markup | None:
        judged = [case.judged for case in self.cases if case.judged is not None]
        if len(judged) < len(self.cases):
            return None
        if self.solved:
            return card("ok", el("strong", _("Mission accomplished.")))
        cost: dict[str, int] = {}
        for one in judged:
            cost[one.day.currency] = cost.get(one.day.currency, 0) + one.cost
        prices = [catalogue.amount(sum_, currency) for currency, sum_ in cost.items() if sum_]
        said = _("It cost {price}.").format(price=" + ".join(prices)) if prices else ""
        return card("bad", el("strong", _("Not yet.")), " ", said)

    def as_text(self) -> str:
        """Return how many complaints were ended rightly; a shop's with what its phones show."""
        told = f"Mission {self.mission.id}: {self._right} of {len(self.cases)}"
        phones = [", ".join(case.charged()) or "-" for case in self.cases if self.mission.piece]
        return "\n".join([told, *phones])

    def as_html(self) -> str:
        """Return the story, the goal, and what the phones show."""
        phones = [_phone(number, case) for number, case in enumerate(self.cases)]
        return join(self.head.value, *phones, self.result.value)


def _phone(number: int, case: Case) -> Markup:
    """The customer's phone, with what was taken; red where the books are against the shop."""
    charged = case.charged()
    wrong = case.judged is not None and case.judged.result != "passed"
    tone = "bad" if wrong else "ok" if case.judged else "info" if charged else "wait"
    taken = [el("div", amount, cls="qf-amount") for amount in charged]
    return el(
        "div",
        el("div", _("Phone of customer {number}").format(number=number + 1), cls="qf-dim"),
        *(taken or [el("div", "—", cls="qf-amount")]),
        el("span", _("charged") if charged else _("not charged"), cls=f"qf-tag qf-{tone}"),
        cls="qf-phone",
    )


def _log(case: Case) -> Markup:
    """The complaint, each call with its answer, and how it was judged."""
    day = case.customer.day
    price = catalogue.amount(day.txamt, day.currency)
    parts = [
        el("p", el("strong", f"“{case.customer.says.say()}”")),
        el("p", f"{price}, {day.wallet()}", cls="qf-small qf-dim"),
        *map(_call, case.exchanges),
    ]
    if (judged := case.judged) is not None:
        colon = COLON.say()
        told = [el("p", el("strong", say(judged.result)), colon, summary(judged))]
        told += [el("p", lesson.title.say(), colon, lesson.why.say()) for lesson in judged.wrong]
        parts.append(card("ok" if judged.result == "passed" else "bad", *told))
    return join(*parts)


def _call(exchange: SandboxExchange) -> Markup:
    """One call: what was answered, and what the query's row says; it opens to the whole."""
    body = reading(exchange)
    told = [str(body["respcd"])] if body else [_("no reply")]
    rows = body.get("data") if isinstance(body.get("data"), list) else None
    if rows is not None:
        told += [
            f"respcd {one.get('respcd')}, cancel {one.get('cancel')}"
            for one in rows
            if isinstance(one, dict)
        ] or [_("no row: the gateway has no such order")]
    return el(
        "details",
        el("summary", el("code", exchange.endpoint), " → ", " · ".join(told)),
        el("div", exchange_view(exchange)),
    )
