"""Orders as a gateway's replies show them, so that the report's rules run on real traffic.

Answers nothing, sends nothing and changes nothing by itself: what no reply has told is not
known here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qftools import catalogue
from qftools.errors import InputError
from qftools.models import Reply, Transaction, as_written
from qftools.sandbox.books.clock import Clock, from_beijing
from qftools.sandbox.books.orders import Entry
from qftools.sandbox.books.states import MONEY_CAME, OPEN, State
from qftools.sandbox.gateway.faults import Fault, Faults, fault_name
from qftools.sandbox.gateway.gateway import Gateway
from qftools.sandbox.gateway.log import LoggedExchange, Touched
from qftools.sandbox.gateway.merchants import Merchant
from qftools.sandbox.gateway.modes import wallet_of

_UNKNOWN_NUMBER = "?"  # begins the gateway's number of an order whose reply has not come
_STATES = {
    "paid": State.PAID,
    "held": State.HELD,
    "released": State.RELEASED,
    "cancelled": State.CANCELLED,
    "refunded": State.REFUNDED,
    "failed": State.FAILED,
    "expired": State.EXPIRED,
}
_TEXTS = ("udid", "goods_name", "notify_url", "return_url")


@dataclass(frozen=True, slots=True)
class Caller(Merchant):
    """A merchant whose key is not at hand."""

    def __post_init__(self) -> None:
        """Any app code will do: it is what a request carried."""


class WayBack(Faults):
    """The faults of a tap: what the gateway did is done, and the reply suffers.

    Args:
        real_host: The gateway's, where real money can move; else empty.
    """

    NAMES = ("lost after", "slow", "half")

    def __init__(self, real_host: str) -> None:
        super().__init__()
        self._real_host = real_host

    def arm(self, name: str, *args: Any, confirm: str = "", **options: Any) -> Fault:
        """Arm a fault.

        Raises:
            InputError: It is not one of these, or the host is not confirmed.
            SandboxError: There is no such fault or endpoint, or a number makes no sense.
        """
        if (fault := fault_name(name)) not in self.NAMES:
            known = ", ".join(self.NAMES)
            raise InputError("fault", "is {value!r}", "one of {known}", value=name, known=known)
        if self._real_host and confirm != self._real_host:
            raise InputError(
                "confirm",
                "is {value!r}",
                "{host}: real money can move there, and what it did would be unknown to the caller",
                value=confirm,
                host=self._real_host,
            )
        return super().arm(fault, *args, **options)


class Mirror(Gateway):
    """The books that a gateway's replies make.

    Args:
        clock: The time of the exchanges.
        real_host: The gateway's, where real money can move; else empty.
    """

    keeps_the_books = False

    def __init__(self, clock: Clock, real_host: str = "") -> None:
        super().__init__(clock=clock)
        self.faults = WayBack(real_host)
        self.real_host = real_host

    def learn(self, seen: LoggedExchange, reply: Reply | None) -> None:
        """Note what an exchange says of its orders; *reply* is None where nothing usable came.

        What came back counts here, whether or not it reached the caller.
        """
        touched: dict[str, Touched] = {}
        if seen.endpoint == "payment":
            self._placed(seen, reply, touched)
        elif reply is not None and seen.endpoint == "query":
            for row in reply.transactions:
                self._shown(seen, row, touched)
        elif reply is not None:
            entry = self._named(seen)
            if entry is not None and not entry.syssn.startswith(_UNKNOWN_NUMBER):
                _note(touched, entry, entry.state)
        seen.orders = tuple(touched.values())

    def _placed(
        self, seen: LoggedExchange, reply: Reply | None, touched: dict[str, Touched]
    ) -> None:
        number = seen.params.get("out_trade_no", "")
        pay_type = catalogue.pay_types().get(seen.params.get("pay_type", ""))
        amount = seen.params.get("txamt", "")
        if not number or pay_type is None or not (amount.isascii() and amount.isdecimal()):
            return
        if reply is not None and reply.kind == "caller":
            return  # refused: it is on no books
        entry = self._found(seen, reply.syssn if reply else None, number)
        before = entry.state if entry else None
        if entry is None:
            entry = Entry(
                syssn=(reply and reply.syssn) or _UNKNOWN_NUMBER + number,
                out_trade_no=number,
                scope=self._scope(seen),
                app_code=seen.app_code,
                mchid=seen.params.get("mchid", ""),
                pay_type=pay_type.code,
                wallet=wallet_of(pay_type, seen.params.get("auth_code", "")),
                mode=pay_type.mode,
                txamt=int(amount[:18]),
                txcurrcd=seen.params.get("txcurrcd", ""),
                txdtm=seen.params.get("txdtm", ""),
                created=seen.at,
            )
            for name in _TEXTS:
                setattr(entry, name, seen.params.get(name, "")[:512])
            self.books.add(entry)
        if reply is not None:
            self._move(entry, _after_payment(reply, entry), seen.at)
            if not entry.syssn.startswith(_UNKNOWN_NUMBER):
                _note(touched, entry, before)

    def _shown(self, seen: LoggedExchange, row: Transaction, touched: dict[str, Touched]) -> None:
        """Take what a row of a query says of a payment."""
        told = {name: as_written(value) for name, value in row.row.items()}
        syssn = told.get("syssn", "")
        pay_type = catalogue.pay_types().get(told.get("pay_type", ""))
        if not syssn or told.get("order_type", "payment") not in ("payment", ""):
            return
        entry = self._found(seen, syssn, told.get("out_trade_no", ""))
        before = entry.state if entry else None
        if entry is None:
            amount = told.get("txamt", "")
            if pay_type is None or not (amount.isascii() and amount.isdecimal()):
                return
            entry = Entry(
                syssn=syssn,
                out_trade_no=told.get("out_trade_no", ""),
                scope=self._scope(seen),
                app_code=seen.app_code,
                mchid=told.get("mchid", ""),
                pay_type=pay_type.code,
                wallet=wallet_of(pay_type, ""),
                mode=pay_type.mode,
                txamt=int(amount[:18]),
                txcurrcd=told.get("txcurrcd", ""),
                txdtm=told.get("txdtm", ""),
                created=_time(told.get("sysdtm", "")) or seen.at,
                chain=told.get("origssn", ""),
            )
            self.books.add(entry)
        entry.code = row.respcd
        self._move(entry, _by_row(row, entry), seen.at)
        _note(touched, entry, before)

    def _move(self, entry: Entry, state: State, at: float) -> None:
        if state in MONEY_CAME and entry.paid_at is None:
            entry.paid, entry.paid_at = entry.txamt, at
        entry.state = state
        self.books.touch(entry)

    def _found(self, seen: LoggedExchange, syssn: str | None, number: str) -> Entry | None:
        """Return the order with these numbers; one without the gateway's gets it."""
        entry = self.books.by_syssn(syssn) if syssn else None
        if entry is not None:
            return entry
        entry = self.books.by_number(self._scope(seen), number)
        if entry is None or not entry.syssn.startswith(_UNKNOWN_NUMBER):
            return None
        if syssn:
            self.books.renumber(entry, syssn)
        return entry

    def _named(self, seen: LoggedExchange) -> Entry | None:
        params = seen.params
        return self.books.by_syssn(params.get("syssn", "")) or self.books.by_number(
            self._scope(seen), params.get("out_trade_no", "")
        )

    def _scope(self, seen: LoggedExchange) -> str:
        return seen.app_code  # as `Merchant.scope` names a caller whose mchid is optional


def reply_of(seen: LoggedExchange, body: dict[str, Any]) -> Reply | None:
    """Return a reply's body as what it says; None where it has no code."""
    respcd = body.get("respcd")
    if isinstance(respcd, int) and not isinstance(respcd, bool):
        respcd = f"{respcd:04}"
    if not isinstance(respcd, str) or not (len(respcd) == 4 and respcd.isdecimal()):
        return None
    return Reply(seen.endpoint, respcd, body)


def _note(touched: dict[str, Touched], entry: Entry, before: State | None) -> None:
    first = touched.get(entry.syssn)
    was = first.before if first else before.value if before else ""
    touched[entry.syssn] = Touched(entry.syssn, entry.out_trade_no, was, entry.state.value)


def _after_payment(reply: Reply, entry: Entry) -> State:
    if reply.kind == "failure":
        entry.code = reply.respcd
        return State.FAILED
    if entry.mode == "preauth":
        return State.HOLD_PENDING
    if not entry.cpm:
        return State.WAITING
    return State.PAID if reply.kind == "success" else State.PAYING


def _by_row(row: Transaction, entry: Entry) -> State:
    if row.state == "open":
        if entry.state in OPEN and entry.state is not State.CREATED:
            return entry.state
        return State.PAYING if entry.cpm else State.WAITING
    if row.state == "paid" and row.written["cancel"] == "5":
        return State.PARTLY_REFUNDED
    return _STATES.get(row.state, entry.state)


def _time(text: str) -> float | None:
    try:
        return from_beijing(text)
    except ValueError:
        return None
