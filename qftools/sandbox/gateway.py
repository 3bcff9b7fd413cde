"""The fake gateway: one request in, one answer out, and books that always balance.

A plain object: no socket, no thread, no lock, no clock and no randomness of its own.
Whoever calls it from several threads holds a lock around each call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from qftools.sandbox import magic
from qftools.sandbox.answers import Refused
from qftools.sandbox.books import Books
from qftools.sandbox.calls import Call
from qftools.sandbox.cancel import cancel
from qftools.sandbox.clock import Clock
from qftools.sandbox.delivery import Undelivered, deliver, undelivered
from qftools.sandbox.faults import Fault, Faults, endpoints_of
from qftools.sandbox.ids import Ids
from qftools.sandbox.merchants import Merchant, Merchants
from qftools.sandbox.orders import Entry
from qftools.sandbox.payment import pay
from qftools.sandbox.query import query
from qftools.sandbox.refund import refund
from qftools.sandbox.seen import Seen, Sight
from qftools.sandbox.settings import Settings
from qftools.sandbox.states import Event, State, after
from qftools.sandbox.timers import Timers
from qftools.sandbox.wire import (
    FormatError,
    WireRequest,
    WireResponse,
    answer,
    judge_signature,
    plain,
    read_params,
)

Endpoint = Callable[["Gateway", Call], dict[str, Any]]

ENDPOINTS: dict[str, tuple[str, Endpoint]] = {
    "/trade/v1/payment": ("payment", pay),
    "/trade/v1/query": ("query", query),
    "/trade/v1/reversal": ("reversal", cancel),
    "/trade/v1/close": ("close", cancel),
    "/trade/v1/refund": ("refund", refund),
}
DEFAULT_PUBLIC_URL = "http://sandbox.localhost"
USED_CODES = 100_000  # payment codes remembered


@dataclass(frozen=True, slots=True)
class Moved:
    """Something happened to an order: told to everybody who listens.

    Attributes:
        entry: The order, as it is now.
        event: What happened.
        before: Its state before.
        at: When, seconds since 1970.
    """

    entry: Entry
    event: Event
    before: State
    at: float


class Gateway:
    """The five endpoints over one set of books.

    Args:
        clock: Asked for the time of each request.
        seed: The same seed makes the same numbers.
        settings: The switches.
        lang: The language of ``resperr``: en or zh.
        limit: How many orders are kept.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        seed: int = 0,
        settings: Settings | None = None,
        lang: str = "en",
        limit: int = 200_000,
    ) -> None:
        self.clock = clock
        self.settings = settings or Settings()
        self.lang = lang
        self.public_url = DEFAULT_PUBLIC_URL
        self.ids = Ids(seed)
        self.books = Books(limit)
        self.merchants = Merchants()
        self.faults = Faults()
        self.timers = Timers()
        self.sight = Sight()
        self.next_number = self.ids.first_number
        self.used_codes: dict[str, float] = {}
        self.listeners: list[Callable[[Moved], None]] = []
        self.timers.on("expire", self._expire)
        self.timers.on("plan", self._planned)

    # -- one request ------------------------------------------------------------

    def handle(self, request: WireRequest) -> WireResponse:
        """Answer one request as the gateway would. Never raises on any input."""
        self.tick()
        known = ENDPOINTS.get(request.path)
        if known is None:
            return plain(404, "404 page not found")
        if request.method not in ("GET", "POST") or (
            request.method == "GET" and self.settings.allow_get == "off"
        ):
            return plain(405, "405 method not allowed", ("Allow", "GET, POST"))
        name, act = known
        seen = Seen(name, request, self.clock.now())
        self.sight.add(seen)
        fault = self.faults.take(name, _numbers(request)) if self.faults else None
        response = self._answered(seen, act, fault)
        seen.response = response
        self.sight.finished(seen)
        return response

    def _answered(self, seen: Seen, act: Endpoint, fault: Fault | None) -> WireResponse:
        merchant = None
        call: Call | None = None
        try:
            if fault is not None and not fault.acts:
                raise Undelivered(fault)
            params, merchant = self._identified(seen)
            times = 2 if fault is not None and fault.name == "duplicated" else 1
            skew = fault.seconds if fault is not None and fault.name == "clock skew" else 0.0
            for _ in range(times):
                call = self._call(seen, params, merchant, self.clock.now() + skew)
                body = self._acted(act, call)
        except Undelivered as stopped:
            seen.fault = stopped.fault.name
            return undelivered(stopped.fault)
        except Refused as refused:
            body = refused.body(self.lang)
        seen.note(call, str(body["respcd"]))
        fault = (call.fault if call else None) or fault
        response = answer(body, merchant.client_key if merchant else None)
        if fault is None:
            return response
        seen.fault = fault.name
        return deliver(response, fault)

    def _identified(self, seen: Seen) -> tuple[dict[str, str], Merchant]:
        """Read the parameters and check who signed them."""
        request = seen.request
        merchant = self.merchants.find(request.headers.get("x-qf-appcode", "").strip())
        try:
            params = read_params(request)
        except FormatError as error:
            seen.signature = "unread"
            raise Refused("1103", str(error)) from error
        seen.params = params
        if merchant is None:
            seen.signature = "unknown app code"
            raise Refused("1108", resperr=self._signature_error("X-QF-APPCODE is not known here"))
        seen.app_code = merchant.app_code
        seen.signature, params = judge_signature(request, params, merchant, self.settings)
        seen.params = params
        if seen.signature != "ok":
            why = {"missing": "X-QF-SIGN is missing", "unknown algorithm": "X-QF-SIGNTYPE"}
            raise Refused("1108", resperr=self._signature_error(why.get(seen.signature, "")))
        return params, merchant

    def _signature_error(self, why: str) -> str:
        text = {"zh": "签名错误", "en": "signature error"}[self.lang]
        return f"{text} {why}".rstrip()

    def _call(self, seen: Seen, params: dict[str, str], merchant: Merchant, now: float) -> Call:
        mchid = params.get("mchid") or seen.request.headers.get("x-qf-mchcode", "").strip()
        why = None if self.settings.mchid == "optional" and not mchid else merchant.refuses(mchid)
        if why is not None:
            raise Refused("1108", why, "MCHCODE非法")
        return Call(seen.endpoint, params, merchant, mchid, merchant.scope(mchid), now)

    def _acted(self, act: Endpoint, call: Call) -> dict[str, Any]:
        try:
            return act(self, call)
        except Refused as refused:
            return refused.body(self.lang)

    # -- what the endpoints use ---------------------------------------------------

    def magic(self, txamt: int, auth_code: str) -> magic.Magic:
        """Return the line of the magic table for a payment."""
        return magic.find(txamt, auth_code) if self.settings.magic == "on" else magic.ORDINARY

    def place(self, call: Call, **values: Any) -> Entry:
        """Enter a new payment."""
        number = self._take_number()
        entry = Entry(
            syssn=self.ids.syssn(number, values["txcurrcd"], call.now),
            number=number,
            out_trade_no=call.get("out_trade_no"),
            scope=call.scope,
            app_code=call.merchant.app_code,
            mchid=call.mchid,
            txdtm=call.get("txdtm"),
            created=call.now,
            **values,
        )
        self.books.add(entry)
        call.touched.append((entry, ""))
        return entry

    def record(self, original: Entry, *, respcd: str, now: float, **values: Any) -> Entry:
        """Enter a refund or a cancel of *original*, with a number of its own."""
        number = self._take_number()
        refund = values["order_type"] == "refund"
        state = {"0000": State.REFUNDED if refund else State.CANCELLED}.get(
            respcd, State.REFUNDING if refund else State.CANCELLING
        )
        if not refund and respcd not in ("0000", "1143", "1145"):
            state = State.FAILED
        given: dict[str, Any] = {
            "out_trade_no": original.out_trade_no,
            "txamt": original.txamt,
        } | values
        entry = Entry(
            syssn=self.ids.syssn(number, original.txcurrcd, now),
            number=number,
            scope=original.scope,
            app_code=original.app_code,
            mchid=original.mchid,
            pay_type=original.pay_type,
            wallet=original.wallet,
            mode=original.mode,
            txcurrcd=original.txcurrcd,
            created=now,
            state=state,
            code=respcd if state is State.FAILED else "",
            chain=original.syssn,
            cardcd=original.cardcd,
            **given,
        )
        self.books.add(entry)
        return entry

    def happen(
        self, entry: Entry, event: Event, at: float, *, code: str = "", amount: int = 0
    ) -> str:
        """Let an event happen to an order: the table says what then. Returns the answer.

        Args:
            entry: The order.
            event: What happens.
            at: When.
            code: For a failure or an order in progress: its respcd.
            amount: For a refund: how much goes back.
        """
        before = entry.state
        state, answered = after(before, event, cpm=entry.cpm)
        if event is Event.LOOK:
            return answered
        if state is before and not amount:
            if code and event is Event.TYPE:
                entry.code = code
            return answered
        entry.state = state
        if state is State.PAID and not entry.paid:
            self._take_money(entry, at)
        elif state is State.FAILED:
            entry.code = code or "1205"
        elif code:
            entry.code = code
        if amount and state in (State.PARTLY_REFUNDED, State.REFUNDED):
            entry.refunded += amount
        elif event is Event.VOID and state is State.REFUNDED:
            entry.refunded = entry.paid
        self.books.touch(entry)
        moved = Moved(entry, event, before, at)
        for listener in self.listeners:
            listener(moved)
        return answered

    def looked(self, call: Call, entry: Entry) -> bool:
        """Count a query of this order, let what waits for it happen; False: it is not found yet."""
        if entry.hidden:
            entry.hidden -= 1
            self.books.touch(entry)
            return False
        call.touch(entry)
        if entry.plan and "looks" in entry.plan[0]:
            step = entry.plan[0]
            if step["looks"] <= 0:
                entry.plan.pop(0)
                self._carry_out(entry, step, call.now)
                self.start_plan(entry)
            else:
                step["looks"] -= 1
            self.books.touch(entry)
        return True

    def start_plan(self, entry: Entry) -> None:
        """Make the appointment for the next step of what the payer will do, if it has a time."""
        if entry.plan and "seconds" in entry.plan[0]:
            step = entry.plan[0]
            step.setdefault("due", self.clock.now() + step["seconds"])
            self.timers.add(step["due"], "plan", entry.syssn)
            self.books.touch(entry)

    def expire_after(self, entry: Entry, seconds: float) -> None:
        """Set when an order's time runs out."""
        entry.expires = entry.created + seconds
        self.timers.add(entry.expires, "expire", entry.syssn)

    def use_code(self, code: str, life: float) -> bool:
        """Use up a payment code. False: it was used before, or it is too old."""
        now = self.clock.now()
        first_seen = self.used_codes.get(code)
        if first_seen is not None:
            return False
        self.used_codes[code] = now
        if len(self.used_codes) > USED_CODES:
            del self.used_codes[next(iter(self.used_codes))]
        return True

    def meet(self, call: Call, entry: Entry) -> None:
        """Let a fault that is bound to this order strike, if it is for this call."""
        for item in entry.faults:
            where, name, times = item
            if call.endpoint in endpoints_of(where):
                item[2] = times - 1
                if item[2] <= 0:
                    entry.faults.remove(item)
                self.books.touch(entry)
                self.meet_fault(call, Fault(name, endpoints_of(where)))
                return

    def meet_fault(self, call: Call, fault: Fault) -> None:
        """Let a fault strike: at once if the gateway never acts, else on the way back."""
        if not fault.acts:
            raise Undelivered(fault)
        call.fault = fault

    # -- time ---------------------------------------------------------------------

    def tick(self) -> None:
        """Let everything happen that has fallen due."""
        self.timers.run(self.clock.now())

    def _expire(self, syssn: str, due: float) -> None:
        entry = self.books.by_syssn(syssn)
        if entry is not None and entry.expires == due:
            self.happen(entry, Event.TIME_OUT, due)

    def _planned(self, syssn: str, due: float) -> None:
        entry = self.books.by_syssn(syssn)
        if entry is not None and entry.plan and entry.plan[0].get("due") == due:
            step = entry.plan.pop(0)
            self._carry_out(entry, step, due)
            self.start_plan(entry)

    def _carry_out(self, entry: Entry, step: dict[str, Any], at: float) -> None:
        event = Event(step["event"])
        self.happen(entry, event, at, amount=step.get("amount", 0))
        refund = self.books.by_syssn(step.get("refund", ""))
        if refund is not None:
            done = event in (Event.REFUND_DONE_PART, Event.REFUND_DONE_FULL)
            refund.state = State.REFUNDED if done else State.FAILED
            refund.code = "" if done else "1155"
            self.books.touch(refund)

    def _take_money(self, entry: Entry, at: float) -> None:
        entry.paid = entry.txamt
        entry.paid_at = at
        day = entry.sysdtm[:10].replace("-", "")
        if entry.wallet == "wechat":
            entry.chnlsn = "42" + self.ids.token("chnlsn", entry.syssn, 26)
            entry.cardcd = "o" + self.ids.token("cardcd", entry.syssn, 27)
        else:
            entry.chnlsn = day + "22001" + self.ids.token("chnlsn", entry.syssn, 15)
            entry.cardcd = "2088" + self.ids.token("cardcd", entry.syssn, 12)

    def _take_number(self) -> int:
        self.next_number += 1
        return self.next_number

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.books)


def _numbers(request: WireRequest) -> tuple[str, ...]:
    try:
        params = read_params(request)
    except FormatError:
        return ()
    return params.get("syssn", ""), params.get("out_trade_no", "")
