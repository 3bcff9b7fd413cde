"""What an integration sent and what the answers said, order by order: the input of the rules.

Made from the exchanges that are kept, the books and the notifications; judges nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from qftools import catalogue
from qftools.errors import TransportError
from qftools.exchange import CUT
from qftools.models import Reply, as_written
from qftools.sandbox.books.orders import Entry
from qftools.sandbox.books.states import OPEN, State
from qftools.sandbox.gateway.faults import FORGED
from qftools.sandbox.gateway.log import LoggedExchange
from qftools.sandbox.gateway.wire import FormatError, read_params
from qftools.sandbox.notifications.notices import Notice
from qftools.transport.strict_json import parse

if TYPE_CHECKING:
    from qftools.sandbox.gateway.gateway import Gateway
    from qftools.sandbox.notifications.notifications import Notifications

Result = Literal["nothing", "placed", "progress", "unknown", "absent", "paid", "over", "refused"]
"""What an answer said about an order. ``paid`` and ``over`` (closed, or refunded) are final."""

_OF_ROW: dict[str, Result] = {
    "paid": "paid",
    "open": "progress",
    "cancelled": "over",
    "refunded": "over",
    "failed": "over",
    "expired": "over",
    "unclear": "unknown",
}
FINAL = frozenset({"paid", "over"})
CANCELS = ("reversal", "close")


Purchase = tuple[str, str, int, str, str]
Caller = tuple[str, str]


def purchase(entry: Entry) -> Purchase:
    """Return what two charges for one purchase have in common."""
    return entry.scope, entry.txcurrcd, entry.txamt, entry.goods_name, entry.udid


def caller(exchange: LoggedExchange) -> Caller:
    """Return what identifies a program that calls this sandbox: app code and User-Agent."""
    headers = exchange.request.headers
    app_code = exchange.app_code or headers.get("x-qf-appcode", "").strip()
    return app_code, headers.get("user-agent", "")


@dataclass(frozen=True, slots=True)
class HistoryStep:
    """One request about an order, and what its answer said."""

    exchange: LoggedExchange
    result: Result
    before: State | None

    @property
    def number(self) -> int:
        """The exchange's number."""
        return self.exchange.number

    @property
    def at(self) -> float:
        """When it came."""
        return self.exchange.at

    @property
    def caller(self) -> Caller:
        """Which program sent it."""
        return caller(self.exchange)

    @property
    def names_it(self) -> bool:
        """Whether it names the order; a query for a month does not."""
        return bool(self.exchange.params.get("syssn") or self.exchange.params.get("out_trade_no"))


@dataclass(slots=True)
class OrderHistory:
    """All about one payment: the order, the requests, the notifications.

    Attributes:
        placed: The request that placed it, if that is still kept.
    """

    entry: Entry
    placed: HistoryStep | None = None
    steps: list[HistoryStep] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    def calls(self, *endpoints: str) -> list[HistoryStep]:
        """Return the requests to these endpoints."""
        return [step for step in self.steps if step.exchange.endpoint in endpoints]

    @property
    def own(self) -> list[HistoryStep]:
        """The steps of the program that placed it; none where that is not known.

        What another program learned is no evidence of what this one knew.
        """
        placed = self.placed
        return [step for step in self.steps if placed and step.caller == placed.caller]

    def result_before(self, number: int, who: Caller) -> Result:
        """Return what a program had last learned before an exchange; a lost reply says nothing."""
        last: Result = "nothing"
        for step in self.steps:
            if step.number < number and step.result != "nothing" and step.caller == who:
                last = step.result
        return last

    def ended_before(self, at: float) -> bool:
        """Tell whether the integration knew the final state of the order by then."""
        if any(step.result in FINAL and step.at <= at for step in self.steps):
            return True
        return any(
            attempt.result == "acknowledged" and not attempt.fault and attempt.at <= at
            for notice in self.notices
            for attempt in notice.attempts
        )

    def asked_after(self, number: int) -> bool:
        """Tell whether there was a request about it after an exchange."""
        return any(step.number > number for step in self.steps)


class History:
    """The stories of one sandbox.

    Attributes:
        exchanges: Every exchange that is kept, oldest first.
        stories: One for each payment, by ``syssn``.
        charges: The payments that one program placed for what may be one purchase, in order.
        now: The sandbox's time.
        notify_url: Where notifications go that name no address.
    """

    def __init__(self, gateway: Gateway, notifications: Notifications) -> None:
        self.gateway = gateway
        # What went before a restore is about orders that are no longer, or not yet, on the books.
        last = tuple(gateway.log.last)  # a copy: other threads go on calling
        self.exchanges = tuple(
            exchange
            for exchange in last
            if exchange.number > gateway.log.restored and not exchange.replay_of
        )
        replays = sum(1 for exchange in last if exchange.replay_of)
        self.forgotten = gateway.log.count - len(self.exchanges) - replays
        self.notices = notifications.kept()
        self.notify_url = notifications.url
        self.now = gateway.clock.now()
        self.stories: dict[str, OrderHistory] = {}
        for exchange in self.exchanges:
            for entry in self._about(exchange):
                story = self.stories.setdefault(entry.syssn, OrderHistory(entry))
                before = next((t.before for t in exchange.orders if t.syssn == entry.syssn), "")
                state = State(before) if before else None
                step = HistoryStep(exchange, result_of(exchange, entry), state)
                story.steps.append(step)
                if story.placed is None and exchange.endpoint == "payment" and state is None:
                    story.placed = step
        self.charges: defaultdict[tuple[Purchase, Caller], list[OrderHistory]] = defaultdict(list)
        for story in self.stories.values():
            if story.placed is not None:
                self.charges[purchase(story.entry), story.placed.caller].append(story)
        by_payment: defaultdict[str, list[Notice]] = defaultdict(list)
        for notice in self.notices:
            by_payment[notice.syssn].append(notice)
        for story in self.stories.values():
            story.notices = by_payment[story.entry.syssn]

    def __iter__(self) -> Iterator[OrderHistory]:
        return iter(self.stories.values())

    def is_whole(self, story: OrderHistory) -> bool:
        """Tell whether every request about an order is still kept."""
        whole = not self.forgotten and self.gateway.keeps_the_books
        return whole or story.placed is not None

    def _about(self, exchange: LoggedExchange) -> list[Entry]:
        """Return the payments of its sender that a request is about, or names if it got lost.

        A cancel that names two different orders is about neither.
        """
        merchant = self.gateway.merchants.find(caller(exchange)[0])
        if merchant is None or not exchange.endpoint or exchange.signature not in ("ok", "unread"):
            return []
        numbers = [touched.syssn for touched in exchange.orders]
        params = exchange.params or _sent(exchange)
        if not numbers:
            given = f"{params.get('syssn', '')},{params.get('out_trade_no', '')}"
            numbers = [number.strip() for number in given.split(",")[:100] if number.strip()]
        mchid = params.get("mchid") or exchange.request.headers.get("x-qf-mchcode", "").strip()
        scope = merchant.scope(mchid, lenient=self.gateway.settings.mchid == "optional")
        books = self.gateway.books
        found: dict[str, Entry] = {}
        for number in numbers:
            entry = books.by_syssn(number) or books.by_number(scope, number)
            if entry is not None and (entry.order_type, entry.scope) == ("payment", scope):
                found[entry.syssn] = entry
        return [] if exchange.endpoint in CANCELS and len(found) > 1 else list(found.values())


def _sent(exchange: LoggedExchange) -> dict[str, str]:
    """Return the parameters of a request that never arrived."""
    try:
        return read_params(exchange.request)
    except FormatError:
        return {}


def result_of(exchange: LoggedExchange, entry: Entry) -> Result:
    """Return what an answer said about an order."""
    body = usable_body(exchange)
    if body is None:
        return _result_by_state(exchange, entry)
    respcd = str(body.get("respcd", ""))
    if exchange.endpoint == "query":
        return _result_by_rows(body, entry)
    code = catalogue.codes().get(respcd)
    if code is None:
        return "unknown"
    kind = Reply(exchange.endpoint, respcd, body).kind
    if kind == "unknown":
        return "unknown"
    if kind == "progress":
        return "progress"
    if exchange.endpoint == "payment":
        if kind == "success":
            return "paid" if entry.cpm else "placed"
        return "over" if kind == "failure" else "refused"
    if exchange.endpoint in CANCELS:
        return _result_by_cancel(respcd, code.row)
    if exchange.endpoint == "unfreeze" and kind == "success":
        return "over"
    return "paid" if kind == "success" else "refused"  # only what was paid can be refunded


def _result_by_state(exchange: LoggedExchange, entry: Entry) -> Result:
    """Return what an answer said that was too long to be kept whole."""
    cut = exchange.response is not None and exchange.response.body.endswith(CUT.encode())
    if not cut or exchange.fault or exchange.endpoint != "query":
        return "nothing"
    after = next((State(t.after) for t in exchange.orders if t.syssn == entry.syssn), None)
    if after is None:
        return "absent"
    if after in (State.PAID, State.PARTLY_REFUNDED):
        return "paid"
    return "progress" if after in OPEN else "over"


def _result_by_rows(body: dict[str, Any], entry: Entry) -> Result:
    if body.get("respcd") != "0000":
        return "refused"
    rows = body.get("data")
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict) and as_written(row.get("syssn")) == entry.syssn:
            respcd = as_written(row.get("respcd"))
            if respcd == "0000":
                charged = as_written(row.get("cancel")) in ("0", "5") and not entry.is_hold
                return "paid" if charged else "over"
            code = catalogue.codes().get(respcd)
            return _OF_ROW[code.row] if code else "unknown"
    return "absent"


def _result_by_cancel(respcd: str, row: str) -> Result:
    if respcd == "0000":
        return "unknown"  # a reply to a cancel is no verdict: only a query is
    if respcd == "1260":
        return "paid"
    if respcd in ("1262", "1263", "1264", "1142", "1181"):
        return _OF_ROW[row]
    return "refused"


def usable_body(exchange: LoggedExchange) -> dict[str, Any] | None:
    """Return the body of a complete answer; None where there was no usable one."""
    response = exchange.response
    if response is None or response.fate != "answer" or response.status != 200:
        return None
    if exchange.fault in FORGED:
        return None
    try:
        return parse(response.body)
    except TransportError:
        return None
