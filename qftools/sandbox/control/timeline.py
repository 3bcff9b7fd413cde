"""One order on one clock: calls, what happened to them, payer, wallet, notifications, and books.

Put together from what the sandbox logged; decides nothing. The drawing is that of the lessons.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from qftools.sandbox.books.clock import beijing
from qftools.sandbox.books.orders import Entry
from qftools.sandbox.control import views
from qftools.sandbox.control.stream import Filter, Stream
from qftools.sandbox.gateway.exchanges import shown
from qftools.sandbox.gateway.faults import BEFORE
from qftools.sandbox.gateway.log import LoggedExchange, Move
from qftools.sandbox.notifications.notices import Attempt, Notice
from qftools.sandbox.words import say
from qftools.sequence import Beat, Line, happened, read, sequence, told

if TYPE_CHECKING:
    from qftools.sandbox.gateway.gateway import Gateway

MOST_DRAWN = 60  # steps; of a longer story the middle is left out


@dataclass(slots=True)
class Step:
    """One step of an order's timeline.

    Attributes:
        at: When it began, seconds since 1970.
        order: What it comes after, where several happen at once.
        kind: ``call``, ``books`` (payer, wallet or clock) or ``notification``.
        number: Of the call or the notification.
        moves: What it changed in the books: states before and after.
        what: What happened, in the wire's words.
        lines: What to draw.
    """

    at: float
    order: tuple[int, int]
    kind: str
    number: int = 0
    moves: list[Move] = field(default_factory=list)
    what: str = ""
    lines: tuple[Line, ...] = ()


class Timeline:
    """The timeline of one payment, with its refunds, cancels and captures.

    Args:
        gateway: Its books and log.
        stream: Its calls and notifications.
        entry: The payment.
    """

    def __init__(self, gateway: Gateway, stream: Stream, entry: Entry) -> None:
        self._gateway = gateway
        self.entry = entry
        books = gateway.books
        self.records = [one for one in books if one.chain == entry.syssn]
        own = {entry.syssn, entry.out_trade_no, *(one.syssn for one in self.records)}
        own |= {one.out_trade_no for one in self.records}
        items = stream.matching(Filter(numbers=frozenset(own - {""})))
        restored = gateway.log.restored
        self.calls = [
            item
            for item in items
            if isinstance(item, LoggedExchange) and item.number > restored and self._is_ours(item)
        ]
        syssns = {entry.syssn, *(one.syssn for one in self.records)}
        self.notices = [one for one in items if isinstance(one, Notice) and one.syssn in syssns]
        self._moves = [move for move in gateway.log.moves if move.syssn == entry.syssn]
        self.steps = sorted(self._steps(), key=lambda step: (step.at, step.order))

    @property
    def is_whole(self) -> bool:
        """Whether the call that placed the order is still kept."""
        return any(
            one.syssn == self.entry.syssn and not one.before
            for call in self.calls
            for one in call.orders
        )

    def beats(self, lang: str) -> tuple[Beat, ...]:
        """Return the steps to draw."""
        return tuple(self._beat(step, lang) for step in self.steps)

    def to_dict(self, lang: str) -> dict[str, Any]:
        """Return everything as plain data, and the drawing in one language."""
        url = self._gateway.public_url
        beats = self.beats(lang)
        return {
            "order": views.order(self.entry, url),
            "records": [views.order(one, url) for one in self.records],
            "whole": self.is_whole,
            "steps": [_plain(step) for step in self.steps],
            "drawing": sequence(beats, lang, MOST_DRAWN),
            "told": told(beats, lang),
        }

    def _is_ours(self, seen: LoggedExchange) -> bool:
        """Tell whether a call is about this order, not about a namesake of another merchant."""
        numbers = {touched.syssn for touched in seen.orders}
        known = {self.entry.syssn, *(one.syssn for one in self.records)}
        return bool(numbers & known) if numbers else seen.app_code in ("", self.entry.app_code)

    def _steps(self) -> Iterator[Step]:
        by_call: dict[int, list[Move]] = {}
        for move in self._moves:
            if move.in_call:
                by_call.setdefault(move.after_call, []).append(move)
            else:
                scanned = self.entry.cpm
                lines = happened(move.before, move.after, move.at, scanned=scanned)
                yield Step(move.at, (move.after_call, 1), "books", 0, [move], move.event, lines)
        for seen in reversed(self.calls):
            yield self._call(seen, by_call.get(seen.number) or self._told_by(seen))
        for notice in reversed(self.notices):
            for attempt in notice.attempts:
                drawn = _delivery(notice, attempt)
                at, order = attempt.at, (notice.after_call, 2)
                yield Step(at, order, "notification", notice.id, [], attempt.result, drawn)

    def _told_by(self, seen: LoggedExchange) -> list[Move]:
        """Return what a call's answer says of the order, where no books have it: a tap's."""
        at = seen.at + _late(seen)
        return [
            Move(one.syssn, "", one.before, one.after, at, seen.number, True)
            for one in seen.orders
            if one.syssn == self.entry.syssn and one.before != one.after
        ]

    def _call(self, seen: LoggedExchange, moves: list[Move]) -> Step:
        words, tone, lost = read(shown(seen, self._gateway.merchants))
        stopped = seen.fault in BEFORE and seen.fault not in ("429", "5xx before")
        twice = " ×2" if seen.fault == "duplicated" else ""
        asked = Line(
            "merchant", "gateway", seen.endpoint + twice, "ask", seen.at, "bad" if stopped else ""
        )
        step = Step(seen.at, (seen.number, 0), "call", seen.number, moves, seen.endpoint)
        if stopped:
            step.lines = (asked._replace(lost=True),)
            return step
        if seen.signature not in ("ok", "unread"):
            tone = "bad"
        if seen.fault in ("lost after", "half"):
            tone, lost = "bad", True
        at = seen.at + _late(seen)
        answer = Line("gateway", "merchant", words, "answer", at, tone, lost)
        placed = any(one.syssn == self.entry.syssn and not one.before for one in seen.orders)
        between: list[Line] = []
        if placed and not moves:
            between += happened("", "", seen.at, scanned=self.entry.cpm)
        for place, move in enumerate(moves):
            before = "" if placed and not place else move.before
            between += happened(before, move.after, move.at, scanned=self.entry.cpm)
        step.lines = (asked, *between, answer)
        return step

    def _beat(self, step: Step, lang: str) -> Beat:
        at = step.lines[-1].at if step.lines else step.at
        books = tuple(
            Line("gateway", "gateway", _state(last.after, lang), "books", at)
            for last in step.moves[-1:]
        )
        name = {
            "call": f"#{step.number}",
            "notification": f"n{step.number}",
            "books": say(f"by_{_BY.get(step.what, 'wallet')}", lang),
        }[step.kind]
        link = {"call": f"#exchange/{step.number}", "notification": f"#notification/{step.number}"}
        return Beat(name, (*step.lines, *books), step.what, link=link.get(step.kind, ""))


_BY = {**dict.fromkeys(("pay", "decline", "type", "fail"), "payer"), "time out": "clock"}


def _late(seen: LoggedExchange) -> float:
    """Return how many seconds after the request its reply came, or was given up."""
    return seen.response.delay if seen.response else 0.0


def _delivery(notice: Notice, attempt: Attempt) -> tuple[Line, ...]:
    retry = f" ({attempt.retry})" if attempt.retry else ""
    lost = attempt.result in ("lost", "unreachable", "forbidden")
    tone = "bad" if lost else ""
    sent = Line(
        "gateway", "merchant", f"notify {notice.notify_type}{retry}", "ask", attempt.at, tone, lost
    )
    if lost:
        return (sent,)
    done = attempt.result == "acknowledged"
    refusal = "≠ SUCCESS" if attempt.status == 200 else f"HTTP {attempt.status}"
    reply = "SUCCESS" if done else refusal
    tone = "ok" if done else "bad"
    return sent, Line("merchant", "gateway", reply, "answer", attempt.at, tone)


def _plain(step: Step) -> dict[str, Any]:
    moved = [{"before": move.before, "after": move.after} for move in step.moves]
    return {
        "at": beijing(step.at),
        "kind": step.kind,
        "number": step.number,
        "what": step.what,
        "moves": moved,
    }


def _state(state: str, lang: str) -> str:
    return say(f"state_{state.replace(' ', '_')}", lang)
