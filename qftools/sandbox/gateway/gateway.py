"""The fake gateway: one request in, one answer out.

A plain object: no socket, no thread, no lock, no clock and no randomness of its own.
With several threads, the caller holds a lock around each call.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qftools.catalogue import Text
from qftools.sandbox.books.books import Books
from qftools.sandbox.books.clock import Clock
from qftools.sandbox.books.ids import Ids
from qftools.sandbox.books.ledger import Ledger
from qftools.sandbox.books.orders import Entry
from qftools.sandbox.books.states import OPEN
from qftools.sandbox.gateway import magic
from qftools.sandbox.gateway.answers import Refused, enveloped
from qftools.sandbox.gateway.calls import Call
from qftools.sandbox.gateway.cancel import cancel
from qftools.sandbox.gateway.delivery import deliver, too_many, undelivered
from qftools.sandbox.gateway.faults import Fault, Faults, endpoints_of
from qftools.sandbox.gateway.holds import capture, release
from qftools.sandbox.gateway.limits import RateLimit
from qftools.sandbox.gateway.log import ExchangeLog, LoggedExchange, is_call
from qftools.sandbox.gateway.merchants import Merchant, Merchants
from qftools.sandbox.gateway.payment import pay
from qftools.sandbox.gateway.query import MAX_NUMBERS, query
from qftools.sandbox.gateway.refund import refund
from qftools.sandbox.gateway.settings import Settings
from qftools.sandbox.gateway.wire import FormatError, answer, judge_signature, read_params
from qftools.transport.door import WireRequest, WireResponse, plain

Endpoint = Callable[["Gateway", Call], dict[str, Any]]

ENDPOINTS: dict[str, tuple[str, Endpoint]] = {
    "/trade/v1/payment": ("payment", pay),
    "/trade/v1/query": ("query", query),
    "/trade/v1/reversal": ("reversal", cancel),
    "/trade/v1/close": ("close", cancel),
    "/trade/v1/refund": ("refund", refund),
    "/trade/v1/authtrade": ("authtrade", capture),
    "/trade/v1/unfreeze": ("unfreeze", release),
}
GET_DOCUMENTED = ("reversal", "close")  # the vendor's pages print GET for these (C1)
ARRIVED = Fault(name="arrived", on=())  # marks a request that arrives late; has no effect
MOST_ON_THEIR_WAY = 1_000
DEFAULT_PUBLIC_URL = "http://sandbox.localhost"


class Gateway:
    """The endpoints over one set of books.

    Args:
        clock: Asked for the time of each request.
        seed: The same seed makes the same numbers.
        settings: The switches.
        lang: The language of ``resperr``: en or zh.
        limit: How many orders are kept.

    Attributes:
        keeps_the_books: Whether the books are this gateway's own, and so say how an order is.
        real_host: Of the gateway whose calls these are, where real money can move; else empty.
    """

    keeps_the_books = True
    real_host = ""

    def __init__(
        self,
        *,
        clock: Clock,
        seed: int = 0,
        settings: Settings | None = None,
        lang: str = "en",
        limit: int = 100_000,
    ) -> None:
        self.clock = clock
        self.settings = settings or Settings()
        self.lang = lang
        self.public_url = DEFAULT_PUBLIC_URL
        self.ids = Ids(seed)
        self.ledger = Ledger(self.ids, limit)
        self.merchants = Merchants()
        self.faults = Faults()
        self.log = ExchangeLog()
        self.ledger.listeners.append(self.log.moved)
        self._on_their_way: dict[str, tuple[LoggedExchange, WireRequest]] = {}
        self.ledger.timers.on("arrival", self._arrived)
        self.limit = RateLimit()

    def forget_requests(self) -> None:
        """Forget exchanges, rates, and requests that have not arrived yet."""
        self.log.clear()
        self.limit.clear()
        self.forget_late()

    def forget_late(self) -> None:
        """Forget the requests that have not arrived yet."""
        self._on_their_way.clear()

    # -- one request ------------------------------------------------------------

    def handle(
        self, request: WireRequest, *, replay_of: int = 0, fault: Fault | None = None
    ) -> WireResponse:
        """Answer one request as the gateway would. Never raises on any input.

        Args:
            request: What came in.
            replay_of: The number of the exchange that the workbench sends again.
            fault: What goes wrong this time, instead of what is armed.
        """
        now = self.clock.now()
        self.ledger.timers.run(now)
        known = ENDPOINTS.get(request.path)
        if known is None:
            return self._unrouted(request)
        name, act = known
        wrong_method = None if request.method == "POST" else self._wrong_method(request, name)
        if wrong_method is not None and request.method != "GET":
            return wrong_method
        seen = LoggedExchange(name, request, now, replay_of=replay_of)
        self.log.add(seen)
        if wrong_method is None:
            if fault is None and self.faults and not replay_of:
                fault = self._fault_for(seen)
            seen.response = response = self._answered(seen, act, fault)
        else:
            seen.response = response = wrong_method
        self.log.finished(seen)
        return response

    def _unrouted(self, request: WireRequest) -> WireResponse:
        """Refuse a path that the gateway does not have; a call is kept, a visit is not."""
        seen = LoggedExchange(
            "", request, self.clock.now(), response=plain(404, "404 page not found")
        )
        if is_call(request):
            self.log.add(seen)
            self.log.finished(seen)
        assert seen.response is not None
        return seen.response

    def _wrong_method(self, request: WireRequest, endpoint: str) -> WireResponse | None:
        """Return the answer to a method other than POST; None where GET is accepted (C1)."""
        choice = self.settings.allow_get
        takes_get = choice == "on" or (choice == "documented" and endpoint in GET_DOCUMENTED)
        if takes_get and request.method == "GET":
            return None
        methods = "GET, POST" if takes_get else "POST"
        return plain(405, "405 method not allowed", ("Allow", methods))

    def _answered(self, seen: LoggedExchange, act: Endpoint, fault: Fault | None) -> WireResponse:
        app_code = seen.request.headers.get("x-qf-appcode", "").strip()
        if self.settings.rate_limit != "off" and not self.limit.allows(app_code, seen.at):
            seen.fault = "429"
            return too_many()
        if fault is not None and not fault.acts:
            return self._undelivered(seen, fault, None)
        merchant = self.merchants.find(app_code)
        call = None
        self.log.acting = seen.number
        try:
            for call in self._calls(seen, merchant, fault):
                body = self._acted(act, call)
                if call.fault is not None and not call.fault.acts:
                    return self._undelivered(seen, call.fault, call)
        except Refused as refused:
            body = refused.body(self.lang)
        finally:
            self.log.acting = 0
        seen.note(call, str(body["respcd"]))
        response = answer(body, merchant.client_key if merchant else None)
        fault = (call.fault if call is not None else None) or fault
        if fault is None:
            return response
        seen.fault = fault.name
        return deliver(response, fault, seen.endpoint)

    def _undelivered(self, seen: LoggedExchange, fault: Fault, call: Call | None) -> WireResponse:
        """Note a request that the gateway does not act on, or not yet."""
        seen.fault = fault.name
        seen.note(call, "")
        if fault.name == "late":
            self._keep_for_later(seen, fault.seconds)
        return undelivered(fault)

    def _fault_for(self, seen: LoggedExchange) -> Fault | None:
        """Return the armed fault for this request."""
        try:
            seen.params = read_params(seen.request)
        except FormatError:
            seen.params = {}
        numbers = set()
        for name in ("syssn", "out_trade_no"):
            for number in seen.params.get(name, "").split(",", MAX_NUMBERS)[:MAX_NUMBERS]:
                entry = self.books.search(number)
                numbers |= {number} if entry is None else {entry.syssn, entry.out_trade_no}
        return self.faults.take(seen.endpoint, numbers)

    def _keep_for_later(self, seen: LoggedExchange, seconds: float) -> None:
        """Let a request arrive after some time."""
        if len(self._on_their_way) < MOST_ON_THEIR_WAY:
            self._on_their_way[str(seen.number)] = seen, seen.request
            self.ledger.timers.add(self.clock.now() + seconds, "arrival", str(seen.number))

    def _arrived(self, number: str, due: float) -> None:
        """Act on a request that arrives late; its caller has given up."""
        if number not in self._on_their_way:
            return
        seen, request = self._on_their_way.pop(number)
        seen.request = request
        self._answered(seen, ENDPOINTS[seen.request.path][1], ARRIVED)
        seen.fault = "late"
        seen.trim()

    def _calls(
        self, seen: LoggedExchange, merchant: Merchant | None, fault: Fault | None
    ) -> list[Call]:
        """Return the call that a request is, twice where a fault repeats it.

        Raises:
            Refused: It can't be read, or its signature or mchid is wrong.
        """
        try:
            seen.params = read_params(seen.request)
        except FormatError as error:
            seen.signature = "unread"
            raise Refused("1103", str(error)) from error
        if merchant is None:
            seen.signature = "unknown app code"
            raise self._wrong_signature("X-QF-APPCODE is not known here")
        seen.app_code = merchant.app_code
        seen.signature, seen.params = judge_signature(
            seen.request, seen.params, merchant, self.settings
        )
        if seen.signature != "ok":
            why = {"missing": "X-QF-SIGN is missing", "unknown algorithm": "X-QF-SIGNTYPE"}
            raise self._wrong_signature(why.get(seen.signature, ""))
        name = fault.name if fault is not None else ""
        skew = fault.seconds if fault is not None and name == "clock skew" else 0.0
        is_late = fault is ARRIVED
        now = (self.clock.now() if is_late else seen.at) + skew
        calls = [self._call(seen, merchant, now, late=is_late)]
        if name == "duplicated":
            calls.append(self._call(seen, merchant, now, late=is_late))
        return calls

    def _wrong_signature(self, why: str) -> Refused:
        text = Text("签名错误", "signature error").say(self.lang)
        return Refused("1108", resperr=f"{text} {why}".rstrip())

    def _call(self, seen: LoggedExchange, merchant: Merchant, now: float, *, late: bool) -> Call:
        mchid = seen.params.get("mchid") or seen.request.headers.get("x-qf-mchcode", "").strip()
        lenient = self.settings.mchid == "optional"
        why = merchant.refuses(mchid, lenient=lenient)
        if why is not None:
            raise Refused("1108", why, "MCHCODE非法")
        return Call(
            endpoint=seen.endpoint,
            params=seen.params,
            merchant=merchant,
            mchid=mchid,
            scope=merchant.scope(mchid, lenient=lenient),
            now=now,
            late=late,
        )

    def _acted(self, act: Endpoint, call: Call) -> dict[str, Any]:
        try:
            body = act(self, call)
        except Refused as refused:
            return refused.body(self.lang)
        if body and self.settings.result_in == "txstatus" and call.endpoint != "query":
            placed = call.endpoint == "payment" and call.touched[0][0].state in OPEN
            return enveloped(body, call.endpoint, is_open=placed)
        return body

    # -- what the endpoints use ---------------------------------------------------

    def magic(self, txamt: int, auth_code: str) -> magic.Magic:
        """Return the line of the magic table for a payment."""
        return magic.find(txamt, auth_code) if self.settings.magic == "on" else magic.ORDINARY

    def meet(self, call: Call, entry: Entry) -> bool:
        """Use up a fault that is bound to this order, if it is for this call.

        Returns whether the call ends here: then the gateway never acts on it.
        """
        for bound in entry.faults:
            if call.endpoint in endpoints_of(bound.on):
                bound.times -= 1
                if bound.times <= 0:
                    entry.faults.remove(bound)
                self.books.touch(entry)
                return call.meet(Fault(name=bound.name, on=endpoints_of(bound.on)))
        return False

    def tick(self) -> None:
        """Do everything that is due: expiries, payers' plans, late requests."""
        self.ledger.timers.run(self.clock.now())

    @property
    def books(self) -> Books:
        """The orders."""
        return self.ledger.books
