"""Where a schedule is played: a sandbox, a payer, two ways to ask, and a process that can die."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
from collections.abc import Callable
from dataclasses import replace
from functools import cache, cached_property
from typing import Any, cast
from urllib.parse import urlencode

import httpx2
from requests.adapters import BaseAdapter

from qftools import catalogue
from qftools.cancellation.outcome import Taken
from qftools.cancellation.walk import Ask, Walk
from qftools.client.client import Client
from qftools.client.line import PATHS
from qftools.client.replies import read
from qftools.errors import GatewayError, OutcomeUnknownError, TransportError
from qftools.exchange import Exchange, Request, Response
from qftools.exchange.redaction import redacted
from qftools.models import Order, Reply
from qftools.sandbox import Sandbox
from qftools.sandbox.books.ledger import Moved
from qftools.sandbox.books.orders import Entry
from qftools.sandbox.books.states import Event, State
from qftools.sandbox.gateway.log import LoggedExchange
from qftools.sandbox.gateway.merchants import Merchant
from qftools.sandbox.web.in_process_async import InProcessTransport
from qftools.signing import sign
from qftools.transport.door import WireRequest
from tests.awaited import Awaited
from tests.prove.lives import Died
from tests.prove.schedule import Act, Schedule

_READ_TIMEOUT = 60.0
_PREFIXES = {"wechat": ("13", 18), "unionpay": ("62", 19)}


class Stage:
    """Plays what a schedule says while a cancel runs. It is a watcher of that cancel, too."""

    def __init__(self, plan: Schedule) -> None:
        self.plan = plan
        switches: dict[str, Any] = dict(plan.switches)
        self.sandbox = Sandbox(seed=plan.seed % 1000, **switches)
        if plan.t0:
            me = self.sandbox.credentials
            self.sandbox._gateway.merchants.add(Merchant(me.app_code, me.client_key, t0=True))
        self.client = Direct(self) if plan.direct else self._client()
        self.requests = 0
        self._alone = False
        self.moments = 0
        self.deaths = 0
        self.mortal = True
        self.paid_when_last_looked: bool | None = None
        self.last_looked: State | None = None
        self._was_hidden = False
        self._watch_looks()
        self.sandbox._gateway.log.watchers.append(self._saw)
        self.broken_promises: list[str] = []
        self.cancels_dropped = 0
        self.sandbox._gateway.ledger.listeners.append(self._moved)
        self.order = self._placed()

    # ---- the payment ---------------------------------------------------------------

    def _placed(self) -> Order:
        self._trouble()
        return self._pay()

    def _trouble(self) -> None:
        for trouble in self.plan.troubles:
            self.sandbox.fault(
                trouble.name,
                trouble.on,
                trouble.times,
                after=trouble.after,
                seconds=trouble.seconds,
            )

    def _pay(self) -> Order:
        row = catalogue.pay_types()[self.plan.pay_type]
        currencies = catalogue.wallets()[row.wallet].currencies or ("HKD",)
        params: dict[str, Any] = {
            "pay_type": row.code,
            "txamt": self.plan.txamt,
            "txcurrcd": currencies[0],
            "out_trade_no": f"S{self.plan.seed}",
            "txdtm": "2026-01-05 10:00:00",
        }
        if row.mode == "cpm":
            prefix, length = _PREFIXES.get(row.wallet, ("28", 18))
            params["auth_code"] = prefix + str(self.plan.seed % 10**9).zfill(length - 2)
        about = ("out_trade_no", "txamt", "txdtm", "pay_type", "txcurrcd")
        order = Order(**{name: params[name] for name in about})
        try:
            reply = self.client.call("payment", params)
        except OutcomeUnknownError:
            return order
        return Order(**{name: params[name] for name in about}, syssn=reply.syssn)

    def entry(self) -> Entry | None:
        """The order in the books; None where it never arrived."""
        return self.sandbox._gateway.books.search(f"S{self.plan.seed}")

    # ---- what happens meanwhile --------------------------------------------------------

    def asking(self, walk: Walk, action: Ask) -> None:
        """What is asked is on disk; the process may die before the request leaves."""
        self._moment()

    def told(self, walk: Walk, taken: Taken) -> None:
        """What came back is on disk; the process may die."""
        self._moment()

    def _moment(self) -> None:
        self.moments += 1
        if self.mortal and self.moments - 1 in self.plan.kills:
            self.deaths += 1
            raise Died

    def rest(self) -> None:
        """The process is dead for a while."""
        self.sandbox.clock.advance(self.plan.seconds_dead)

    def before(self, endpoint: str) -> None:
        """A request is about to reach the gateway."""
        if self._alone:
            return
        self._perform(after=False)
        if self.requests:
            self._moment()
        entry = self.entry()
        paid = entry is not None and (entry.paid > 0 or entry.captured > 0)
        if endpoint == "query":
            self.paid_when_last_looked = paid
        elif endpoint in ("reversal", "close", "unfreeze"):
            if self.paid_when_last_looked is None:
                self.broken_promises.append("cancelled without having looked")
            elif self.paid_when_last_looked:
                self.broken_promises.append("tried to reverse what a query showed to be paid")
        elif endpoint == "payment" and self.requests:
            self.broken_promises.append("sent a payment by itself")

    def _saw(self, seen: LoggedExchange) -> None:
        if seen.endpoint == "query" and not self._alone:
            entry = self.entry()
            hidden = entry is None or entry.hidden or self._was_hidden
            self.last_looked = None if hidden or entry is None else entry.state

    def _watch_looks(self) -> None:
        """A look counts down how long an order is hidden: the last one may still not find it."""
        ledger = self.sandbox._gateway.ledger
        look = ledger.looked

        def looked(entry: Entry, at: float) -> bool:
            found = look(entry, at)
            self._was_hidden = not found
            return found

        ledger.looked = looked  # type: ignore[method-assign]

    def _moved(self, moved: Moved) -> None:
        self.cancels_dropped += moved.event in (Event.CANCEL_LOST, Event.RELEASE_LOST)

    def after(self) -> None:
        """A request has reached the gateway; nobody has seen the answer yet."""
        if self._alone:
            return
        self._perform(after=True)
        self.requests += 1
        if self.requests > 1:
            self._moment()

    def _perform(self, after: bool) -> None:
        for act in self.plan.acts:
            if (act.at, act.after) == (self.requests, after):
                self._alone = True
                try:
                    self._do(act)
                finally:
                    self._alone = False

    def _do(self, act: Act) -> None:
        if act.what == "an hour passes":
            self.sandbox.clock.advance(3600)
            return
        entry = self.entry()
        if entry is None:
            return
        if act.what in ("refund", "refund part", "cancel elsewhere"):
            self.other_terminal(act.what, entry)
        else:
            getattr(self.sandbox.payer(entry), act.what)()

    def other_terminal(self, what: str, entry: Entry) -> None:
        """Another program refunds or cancels; a hold it captures or releases."""
        other = self._other
        order = Order(
            entry.out_trade_no,
            entry.txamt,
            entry.txdtm,
            syssn=entry.syssn,
            pay_type=entry.pay_type,
        )
        with contextlib.suppress(OutcomeUnknownError, GatewayError):
            if entry.is_hold and what != "cancel elsewhere":
                other.capture(order, entry.txamt if what == "refund" else 1)
            elif entry.is_hold and entry.state is State.HELD:
                other.release(order)
            elif what == "cancel elsewhere":
                other.reverse(order)
                other.close(order)
            else:
                other.refund(order, txamt=None if what == "refund" else 1)

    @cached_property
    def _other(self) -> Client:
        """Another program's client; most schedules need it again and again, or never."""
        return self.sandbox.client()

    def _client(self) -> Any:
        if self.plan.awaited:
            inner = InProcessTransport(self.sandbox._assembly.app, self.sandbox.clock)
            client = self.sandbox.async_client(adapter=_AsyncAdapter(self, inner))
            return Awaited(client, _loop().run)
        return self.sandbox.client(adapter=_Adapter(self, self.sandbox._adapter()))


@cache
def _loop() -> asyncio.Runner:
    """One event loop for all schedules: to make one takes longer than a call in process."""
    runner = asyncio.Runner()
    atexit.register(runner.close)
    return runner


class _Adapter(BaseAdapter):
    """The in-process transport, with the stage's hooks around it."""

    def __init__(self, stage: Stage, inner: BaseAdapter) -> None:
        super().__init__()
        self._stage, self._inner = stage, inner

    def send(self, request: Any, **how: Any) -> Any:  # type: ignore[override]
        self._stage.before(request.path_url.rpartition("/")[2])
        try:
            return self._inner.send(request, **how)
        finally:
            self._stage.after()

    def close(self) -> None:
        self._inner.close()


class _AsyncAdapter(httpx2.AsyncBaseTransport):
    """The same for an async client."""

    def __init__(self, stage: Stage, inner: httpx2.AsyncBaseTransport) -> None:
        self._stage, self._inner = stage, inner

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self._stage.before(request.url.path.rpartition("/")[2])
        try:
            return await self._inner.handle_async_request(request)
        finally:
            self._stage.after()


class _Direct:
    """Asks the gateway object itself: no HTTP, the same bytes and the same reading of them."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.credentials = stage.sandbox.credentials
        self.base_url = "http://sandbox.localhost"
        self.signs = False
        self.clock: Callable[[], float] = stage.sandbox.clock.now
        self.pause: Callable[[float], None] = stage.sandbox.clock.sleep
        self.new_number = lambda: f"R{stage.plan.seed}"
        self.now = lambda: "2026-01-05 10:00:00"

    def call(self, endpoint: str, params: dict[str, str | int]) -> Reply:
        stage, me = self._stage, self.credentials
        body = urlencode(params).encode()
        headers = {
            "x-qf-appcode": me.app_code,
            "x-qf-sign": sign(params, me.client_key),
            "content-type": "application/x-www-form-urlencoded",
        }
        stage.before(endpoint)
        started = self.clock()
        answer = stage.sandbox._gateway.handle(
            WireRequest("POST", PATHS[endpoint], "", headers, body)
        )
        stage.after()
        self.pause(min(answer.delay, _READ_TIMEOUT))
        request = Request("POST", self.base_url + PATHS[endpoint], (), body)
        late = answer.delay >= _READ_TIMEOUT
        response = None
        if answer.fate == "answer" and not late:
            response = Response(answer.status, answer.headers, answer.body)
        trouble = None if response else f"no reply: {'late' if late else answer.fate}"
        exchange = Exchange(endpoint, request, response, trouble, started, self.clock() - started)
        if response is None:
            error = TransportError(trouble)
            error.exchange = redacted(exchange)
            raise error
        return replace(read(exchange, me.client_key), exchange=redacted(exchange))


def Direct(stage: Stage) -> Client:
    return cast(Client, _Direct(stage))
