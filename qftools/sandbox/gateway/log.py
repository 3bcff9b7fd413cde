"""The gateway's log: the last exchanges, for the workbench, the report and the tests."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from qftools.exchange import CUT, LONGEST_VALUE, MOST_HEADERS, MOST_KEPT, Exchange
from qftools.sandbox.books.ledger import Moved
from qftools.sandbox.gateway.calls import Call
from qftools.sandbox.gateway.wire import Verdict
from qftools.transport.door import WireRequest, WireResponse

if TYPE_CHECKING:
    from qftools.sandbox.explanations import Explanation
    from qftools.sandbox.gateway.exchanges import SandboxExchange

MOST_ORDERS = 100  # as many as one query may name
MOST_BYTES = 64 * 1024 * 1024  # of all exchanges that are kept


@dataclass(slots=True)
class Touched:
    """An order that a request was about, with its state before and after."""

    syssn: str
    out_trade_no: str
    before: str
    after: str


@dataclass(slots=True)
class LoggedExchange:
    """One exchange as it came; ``exchanges`` makes it fit to show.

    Attributes:
        endpoint: payment, query, reversal, close or refund; empty where no such path is known.
        at: When it came, seconds since 1970.
        signature: Whether it was right, or why not.
        params: The parameters as read; empty where the body can't be read.
        respcd: The answer's code; empty where the gateway did not act.
        fault: The fault that occurred, empty for none.
        orders: The orders it was about.
        number: Counts up over the life of the sandbox.
        came: The exchange as it went over the wire, where another gateway answered it (the tap).
        shown: The public form, made on first use and again after a change.
        explanation: Why it was refused, once it was shown.
        replay_of: The number of the exchange that the workbench sent again; 0: a program sent it.
        found_by: What the workbench finds it by, made on first use and again after a change.
    """

    endpoint: str
    request: WireRequest
    at: float
    signature: Verdict = "unread"
    app_code: str = ""
    params: dict[str, str] = field(default_factory=dict)
    respcd: str = ""
    fault: str = ""
    orders: tuple[Touched, ...] = ()
    response: WireResponse | None = None
    number: int = 0
    came: Exchange | None = None
    shown: SandboxExchange | None = None
    explanation: Explanation | None = None
    replay_of: int = 0
    found_by: Any = None
    weight: int = 0

    @property
    def size(self) -> int:
        """How many bytes it takes to keep, roughly."""
        request, response = self.request, self.response
        sent = len(request.body) + len(request.query) + len(request.path)
        sent += sum(map(len, request.headers.values()))
        return 2 * sent + (len(response.body) if response else 0)

    def trim(self) -> int:
        """Cut what is long: ten thousand of them would fill the memory. Return the size left."""
        self.shown = self.explanation = self.found_by = None
        if (size := self.size) <= MOST_KEPT:
            return size
        self.came = None
        headers = {
            name: value[:LONGEST_VALUE]
            for name, value in list(self.request.headers.items())[:MOST_HEADERS]
        }
        self.request = replace(
            self.request,
            path=self.request.path[:LONGEST_VALUE],
            query=_cut(self.request.query),
            body=_cut_bytes(self.request.body),
            headers=headers,
        )
        self.params = {name[:64]: value[:LONGEST_VALUE] for name, value in self.params.items()}
        if self.response is not None:
            self.response = replace(self.response, body=_cut_bytes(self.response.body))
        return self.size

    def note(self, call: Call | None, respcd: str) -> None:
        """Note the outcome."""
        self.respcd = respcd
        if call is not None:
            orders = []
            for entry, before in call.touched[:MOST_ORDERS]:
                after = entry.state.value
                orders.append(Touched(entry.syssn, entry.out_trade_no, before, after))
            self.orders = tuple(orders)


def _cut(text: str) -> str:
    return text if len(text) <= MOST_KEPT else text[:MOST_KEPT] + CUT


def _cut_bytes(body: bytes) -> bytes:
    return body if len(body) <= MOST_KEPT else body[:MOST_KEPT] + CUT.encode()


def is_call(request: WireRequest) -> bool:
    """Tell a call from a visit: a browser that opens an address sends nothing of a call."""
    headers = request.headers
    return bool(request.body or headers.get("x-qf-appcode") or headers.get("x-qf-sign"))


@dataclass(slots=True)
class Move:
    """A change of the books, for the timeline of an order.

    Attributes:
        event: What happened; ``before`` and ``after``: the states.
        after_call: The number of the last exchange that had come by then.
        in_call: Whether that exchange did it; else payer, wallet or clock.
    """

    syssn: str
    event: str
    before: str
    after: str
    at: float
    after_call: int
    in_call: bool


class ExchangeLog:
    """The last exchanges and changes of the books, bounded in number and in bytes.

    Args:
        limit: How many of each are kept.

    Attributes:
        acting: The number of the exchange that the gateway is acting on; 0: none.
        moves: The changes of the books.
    """

    def __init__(self, limit: int = 10_000) -> None:
        self.limit = limit
        self.count = 0
        self.restored = 0  # the number of the last exchange before the books were put back
        self.last: deque[LoggedExchange] = deque()
        self.watchers: list[Callable[[LoggedExchange], None]] = []
        self.acting = 0
        self.moves: deque[Move] = deque()
        self._bytes = 0

    def add(self, seen: LoggedExchange) -> None:
        """Log an exchange that begins."""
        self.count += 1
        seen.number = self.count
        self.last.append(seen)

    def finished(self, seen: LoggedExchange) -> None:
        """Cut an exchange that is complete, forget the oldest, and call the watchers."""
        seen.weight = seen.trim()
        self._bytes += seen.weight
        while len(self.last) > self.limit or (self._bytes > MOST_BYTES and len(self.last) > 1):
            self._bytes -= self.last.popleft().weight
        for watcher in self.watchers:
            watcher(seen)

    def moved(self, moved: Moved) -> None:
        """Log a change of the books."""
        entry = moved.entry
        self.moves.append(
            Move(
                entry.syssn,
                moved.event.value,
                moved.before.value,
                entry.state.value,
                moved.at,
                self.acting or self.count,
                bool(self.acting),
            )
        )
        if len(self.moves) > self.limit:
            self.moves.popleft()

    def find(self, number: int) -> LoggedExchange | None:
        """Return the exchange of that number, None where it is not kept."""
        place = number - self.last[0].number if self.last else -1
        found = next(islice(self.last, place, None), None) if place >= 0 else None
        return found if found is not None and found.number == number else None

    def put_back(self) -> None:
        """Note that the books were put back: what was before is not about these orders."""
        self.restored = self.count
        self.moves.clear()

    def clear(self) -> None:
        """Forget every exchange and every change; the numbers go on."""
        self.last.clear()
        self.moves.clear()
        self._bytes = 0
