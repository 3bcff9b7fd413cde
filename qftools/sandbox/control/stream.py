"""The stream of the workbench: calls and notifications, newest first, filtered and counted.

What the workbench reads is one small interface, which something else than a sandbox can serve,
too. Below its prefix (``/sandbox`` here):

- ``/``: what this is; ``calls`` lists what can be done, and the page offers nothing else. ``tap``
  is the address that the calls go to, ``real`` whether they can move real money; the page says so.
- ``/stream``: a part of the stream, as `Stream.part` returns it.
- ``/exchanges/{number}`` and ``/notifications/{id}``: one of its items, with everything.
- ``/orders/{number}/timeline``: one order, as `timeline` returns it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from qftools import catalogue
from qftools.exchange.redaction import Redactor, redactor_for
from qftools.sandbox.control import views
from qftools.sandbox.gateway.log import LoggedExchange
from qftools.sandbox.notifications.notices import Notice

if TYPE_CHECKING:
    from qftools.sandbox.gateway.gateway import Gateway
    from qftools.sandbox.notifications.notifications import Notifications
    from qftools.sandbox.report.judge import Judge
    from qftools.sandbox.report.report import Finding, Report

FLAGS = ("failed", "signature", "fault", "danger", "finding", "notification", "replay")
_MOST_SEARCHED = 4_000  # characters of one item
_READ_AT_ONCE = 200  # items, some 10 ms
_MOST_FILTERS = 8  # whose results are kept until something changes

Item = LoggedExchange | Notice
Position = tuple[int, int]
"""Where an item stands: a call as (its number, 0), a notification as (call before it, its id)."""


@dataclass(slots=True)
class FoundBy:
    """What an item of the stream is found by.

    Attributes:
        flags: Those of `FLAGS` that are true of it whatever the report says.
        numbers: Of the orders that it is about, both kinds.
        text: In lower case, without what must not be shown; None until it is searched.
    """

    flags: frozenset[str]
    numbers: frozenset[str]
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Filter:
    """Which items are asked for.

    Attributes:
        text: Words that an item has, each of them.
        flags: Of `FLAGS`, all of which are true of it.
        endpoint: The endpoint that was called.
        numbers: Those of an order.
    """

    text: str = ""
    flags: frozenset[str] = frozenset()
    endpoint: str = ""
    numbers: frozenset[str] = frozenset()


class Stream:
    """Calls and notifications of one sandbox. What was found is kept until something changes.

    Args:
        gateway: Its calls.
        notifications: Its notifications.
        judge: Makes the report, whose findings are pinned to them.
    """

    def __init__(self, gateway: Gateway, notifications: Notifications, judge: Judge) -> None:
        self._gateway = gateway
        self._notifications = notifications
        self._judge = judge
        self._moment: tuple[str, Report] | None = None
        self._items: list[Item] = []
        self._pinned: Mapping[tuple[str, int], list[Finding]] = {}
        self._counts: dict[str, Any] = {}
        self._found: dict[Filter, list[Item]] = {}
        self._unread: Iterator[Item] = iter(())

    def look(self) -> tuple[str, Report]:
        """Take notice of what has changed; return a text for this moment, and the report.

        The text ends in ``~`` while a newer report is being made.
        """
        mark = self._judge.mark()
        report, is_current = self._judge.recent()
        if self._moment != (mark, report):
            self._moment = mark, report
            self._items = list(self._merged())
            self._pinned = pinned(report)
            self._counts = self._counted()
            self._found = {_EVERYTHING: self._items}
            self._unread = iter(self._items)
        return mark if is_current else f"{mark}~", report

    def prepare(self) -> None:
        """Read some more of what a search will look at, while a page has nothing else to ask."""
        redactor = self._redactor()
        for item in islice(self._unread, _READ_AT_ONCE):
            if isinstance(item, LoggedExchange):  # it alone keeps what was read
                _read(item, found_by(item), redactor)

    def part(
        self, wanted: Filter, *, until: Position | None, offset: int, limit: int
    ) -> dict[str, Any]:
        """Return a part of what a filter lets through, and how much there is of everything.

        Args:
            wanted: The filter.
            until: Leave out what is newer than this; None: nothing.
            offset: How many to leave out from the newest.
            limit: How many at most.
        """
        found, newer = self.matching(wanted), 0
        if until is not None:
            newer = next((n for n, item in enumerate(found) if position(item) <= until), len(found))
        log = self._gateway.log
        top = until or (position(self._items[0]) if self._items else (0, 0))
        return {
            "items": [self._shown(item) for item in found[newer:][offset : offset + limit]],
            "matching": len(found) - newer,
            "newer": newer,
            "until": written(top),
            "total": log.count,
            "kept": len(log.last),
            "forgotten": log.count - len(log.last),
            "counts": self._counts,
        }

    def matching(self, wanted: Filter) -> list[Item]:
        """Return everything that a filter lets through, the newest first."""
        if wanted not in self._found:
            redactor, words = self._redactor(), wanted.text.lower().split()
            found = [
                item for item in self._items if self._lets_through(item, wanted, words, redactor)
            ]
            if len(self._found) >= _MOST_FILTERS:
                self._found = {_EVERYTHING: self._items}
            self._found[wanted] = found
        return self._found[wanted]

    def findings(self, item: Item) -> list[Finding]:
        """Return the findings of the report that an item is evidence of."""
        return self._pinned.get(_key(item), [])

    def _merged(self) -> Iterator[Item]:
        """Yield everything, the newest first."""
        notices = reversed(self._notifications.kept())
        notice = next(notices, None)
        for seen in reversed(self._gateway.log.last):
            while notice is not None and notice.after_call >= seen.number:
                yield notice
                notice = next(notices, None)
            yield seen
        if notice is not None:
            yield from chain((notice,), notices)

    def _lets_through(
        self, item: Item, wanted: Filter, words: list[str], redactor: Redactor
    ) -> bool:
        if wanted.endpoint and getattr(item, "endpoint", "") != wanted.endpoint:
            return False
        by = found_by(item)
        if not wanted.flags <= by.flags | self._graded(item):
            return False
        if wanted.numbers and not wanted.numbers & by.numbers:
            return False
        if not words:
            return True
        text = _read(item, by, redactor)
        return all(word in text for word in words)

    def _counted(self) -> dict[str, Any]:
        counts = dict.fromkeys(FLAGS, 0)
        for item in self._items:
            for flag in found_by(item).flags:
                counts[flag] += 1
        kept = {_key(item): item for item in self._items} if self._pinned else {}
        for pin in self._pinned:
            for flag in self._graded(kept[pin]) if pin in kept else ():
                counts[flag] += 1
        endpoints = Counter(seen.endpoint for seen in self._gateway.log.last)
        return {**counts, "endpoints": endpoints}

    def _graded(self, item: Item) -> frozenset[str]:
        found = self._pinned.get(_key(item))
        if not found:
            return frozenset()
        return _DANGER if found[0].rule.grade == "danger" else _FINDING

    def _redactor(self) -> Redactor:
        return redactor_for(self._gateway.merchants.keys)

    def _shown(self, item: Item) -> dict[str, Any]:
        shown = views.notice(item) if isinstance(item, Notice) else views.exchange(item)
        grades = [finding.rule.grade for finding in self.findings(item)]
        return {
            "kind": "notification" if isinstance(item, Notice) else "call",
            "position": written(position(item)),
            **shown,
            "flags": sorted(found_by(item).flags | self._graded(item)),
            "grade": grades[0] if grades else "",
        }


_EVERYTHING = Filter()
_FINDING = frozenset({"finding"})
_DANGER = frozenset({"finding", "danger"})


def pinned(report: Report) -> Mapping[tuple[str, int], list[Finding]]:
    """Return the findings of a report by what they are pinned to, the most serious first."""
    pins: dict[tuple[str, int], list[Finding]] = {}
    for finding in report.findings:
        for number in finding.found.exchanges:
            pins.setdefault(("call", number), []).append(finding)
        for number in finding.found.notices:
            pins.setdefault(("notice", number), []).append(finding)
    return pins


def position(item: Item) -> Position:
    """Return where an item stands in the stream."""
    return (item.after_call, item.id) if isinstance(item, Notice) else (item.number, 0)


def written(at: Position) -> str:
    """Return a position as text.

    Example:
        >>> written((17, 0)), written((17, 3)), read_position("17n3")
        ('17', '17n3', (17, 3))
    """
    return f"{at[0]}n{at[1]}" if at[1] else str(at[0])


def read_position(text: str) -> Position | None:
    """Return the position that a text means, None where it means none."""
    call, _, notice = text.partition("n")
    parts = (call, notice or "0")
    if not all(part.isascii() and part.isdecimal() and len(part) < 16 for part in parts):
        return None
    return int(call), int(notice or 0)


def found_by(item: Item) -> FoundBy:
    """Return what an item is found by; a call keeps it."""
    if isinstance(item, Notice):
        return _of_notice(item)
    if item.found_by is None:
        item.found_by = _of_call(item)
    found: FoundBy = item.found_by
    return found


def _of_call(seen: LoggedExchange) -> FoundBy:
    response = seen.response
    flags = set()
    if seen.signature not in ("ok", "unread"):
        flags.add("signature")
    if seen.fault:
        flags.add("fault")
    if seen.replay_of:
        flags.add("replay")
    code = catalogue.codes().get(seen.respcd)
    kind = code.on(seen.endpoint).kind if code and seen.endpoint else "failure"
    lost = response is None or response.fate != "answer" or response.status != 200
    if lost or kind not in ("success", "progress"):
        flags.add("failed")
    names = [seen.params.get(name, "") for name in ("syssn", "out_trade_no")]
    numbers = {number.strip() for name in names for number in name.split(",")[:100]}
    for touched in seen.orders:
        numbers |= {touched.syssn, touched.out_trade_no}
    return FoundBy(frozenset(flags), frozenset(numbers - {""}))


def _of_notice(notice: Notice) -> FoundBy:
    flags = {"notification"}
    tried = notice.attempts
    if notice.state == "given up" or (tried and tried[-1].result != "acknowledged"):
        flags.add("failed")
    if any(attempt.fault for attempt in tried):
        flags.add("fault")
    return FoundBy(frozenset(flags), frozenset({notice.syssn, notice.out_trade_no} - {""}))


def _read(item: Item, by: FoundBy, redactor: Redactor) -> str:
    if by.text is None:
        by.text = _text_of(item, by, redactor)
    return by.text


def _text_of(item: Item, by: FoundBy, redactor: Redactor) -> str:
    if isinstance(item, Notice):
        words = [f"n{item.id}", "notification", item.notify_type, item.state, item.url]
        words += [*by.numbers, *(attempt.fault for attempt in item.attempts)]
        return redactor.json(words).lower()
    words = [f"#{item.number}", item.endpoint or item.request.path[:200], item.request.method]
    words += [item.respcd, item.signature, item.fault, item.app_code, *sorted(by.numbers)]
    text = redactor.json({**item.params, "": " ".join(words)}, separators=(" ", "="))
    return text.replace('"', "")[-_MOST_SEARCHED:].lower()


def _key(item: Item) -> tuple[str, int]:
    return ("notice", item.id) if isinstance(item, Notice) else ("call", item.number)
