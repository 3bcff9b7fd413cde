"""One entry of the gateway's books, and its public row."""

from __future__ import annotations

import json
from dataclasses import astuple, dataclass, field, fields
from typing import Any

from qftools.sandbox.books.clock import beijing
from qftools.sandbox.books.scripts import ORDINARY, BoundFault, Planned, Reaction
from qftools.sandbox.books.states import OWN_CODE, TABLE, Event, State


@dataclass(slots=True, kw_only=True)
class Entry:
    """A payment, a refund, a cancel or a release as the gateway keeps it.

    Only the gateway changes it. The capture of a hold is a payment of its own.

    Attributes:
        scope: Who may see it: the app code, for agents with the mchid.
        order_type: ``payment``, ``refund``, ``close`` or ``unfreeze``.
        created: Seconds since 1970; the gateway's ``sysdtm`` is made of it.
        paid: Money that came in, minor units. *refunded*: money that went back.
        captured: How much of a hold was captured, minor units.
        hold_days: How long a hold lives. *hold_rows*: what a query shows of a released one.
        voided_at: When a cancel gave the money of a paid order back (cancel_paid=refund).
        code: The respcd of a failed order, or of an open one where it is not 1143.
        plan: What will happen by itself.
        on_cancel, on_refund: How the wallet will take a cancel or a refund.
        faults: Faults on calls about this order.
        hidden: Queries that do not find the order yet.
        extra: Fields of the payment's answer that its mode adds.
        chain: For refunds, cancels, captures and releases, the number of the payment or hold.
    """

    syssn: str
    out_trade_no: str
    scope: str
    app_code: str
    mchid: str
    pay_type: str
    wallet: str
    mode: str
    txamt: int
    txcurrcd: str
    txdtm: str
    created: float
    order_type: str = "payment"
    state: State = State.CREATED
    number: int = 0
    paid: int = 0
    refunded: int = 0
    captured: int = 0
    hold_days: int = 7
    hold_rows: str = "flag"
    code: str = ""
    paid_at: float | None = None
    voided_at: float | None = None
    expires: float | None = None
    udid: str = ""
    goods_name: str = ""
    goods_info: str = ""
    notify_url: str = ""
    return_url: str = ""
    chnlsn: str = ""
    cardcd: str = ""
    chain: str = ""
    auth_code: str = ""
    fingerprint: str = ""
    hidden: int = 0
    plan: list[Planned] = field(default_factory=list)
    on_cancel: Reaction = ORDINARY
    on_refund: Reaction = ORDINARY
    faults: list[BoundFault] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)
    kept: dict[str, Any] | None = field(default=None, repr=False, compare=False)

    @property
    def cpm(self) -> bool:
        """Whether the shop scanned the payer's code."""
        return self.mode == "cpm"

    @property
    def is_hold(self) -> bool:
        """Whether it holds money instead of charging it."""
        return self.mode == "preauth" and not self.chain

    @property
    def sysdtm(self) -> str:
        """When the gateway made it, Beijing time."""
        return beijing(self.created)

    @property
    def paydtm(self) -> str:
        """When the money moved, empty while it has not."""
        return "" if self.paid_at is None else beijing(self.paid_at)

    @property
    def left(self) -> int:
        """What can still be refunded; of a hold, what can still be captured."""
        return self.txamt - self.captured if self.is_hold else self.paid - self.refunded

    @property
    def row_respcd(self) -> str:
        """What a query shows as the result of this order."""
        if self.order_type != "payment":
            return _RECORD_CODES.get(self.state, self.code)
        if self.state is State.RELEASED and self.hold_rows == "code":
            return "1142"
        answer = TABLE[self.state][Event.LOOK].read(self.mode == "cpm")[1]
        if answer == OWN_CODE:
            return self.code or "1205"
        if answer == "1143" and self.code in ("1143", "1145"):
            return self.code
        return answer

    @property
    def cancel_flag(self) -> str:
        """The ``cancel`` field of a query row (C30)."""
        if self.order_type != "payment":
            return "0"
        if self.state is State.CANCELLED:
            return "1" if self.cpm else "2"
        if self.state is State.RELEASED:
            return "6" if self.hold_rows == "flag" else "2"
        return _CANCEL_FLAGS.get(self.state, "0")

    def to_record(self) -> dict[str, Any]:
        """Return everything as plain data, without what is as in any new order.

        A record is written before each answer: half as much takes half as long.
        """
        record = {n: value for n, default in _PLAIN if (value := getattr(self, n)) != default}
        return record | {
            "state": self.state.value,
            "plan": [planned.to_record() for planned in self.plan],
            "on_cancel": self.on_cancel.to_record(),
            "on_refund": self.on_refund.to_record(),
            "faults": [astuple(fault) for fault in self.faults],
        }

    def to_keep(self) -> dict[str, Any]:
        """Return a copy of the record, cached until the order changes.

        A snapshot of many orders is mostly of orders that nothing has happened to.
        """
        if self.kept is None:
            self.kept = json.loads(json.dumps(self.to_record()))
        return self.kept

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Entry:
        """Make the entry again of what `to_record` returned."""
        values = {name: value for name, value in record.items() if name in _FIELDS}
        return cls(
            **values
            | {
                "state": State(values["state"]),
                "plan": [Planned.from_record(planned) for planned in values["plan"]],
                "on_cancel": Reaction.from_record(values["on_cancel"]),
                "on_refund": Reaction.from_record(values["on_refund"]),
                "faults": [BoundFault(*fault) for fault in values["faults"]],
            }
        )

    def row(self) -> Row:
        """Return its public row, which never changes."""
        return Row(
            out_trade_no=self.out_trade_no,
            syssn=self.syssn,
            order_type=self.order_type,
            pay_type=self.pay_type,
            txamt=self.txamt,
            txcurrcd=self.txcurrcd,
            txdtm=self.txdtm,
            sysdtm=self.sysdtm,
            paydtm=self.paydtm,
            state=self.state.value,
            respcd=self.row_respcd,
            cancel=self.cancel_flag,
            paid=self.paid,
            refunded=self.refunded,
            captured=self.captured,
            mchid=self.mchid,
            wallet=self.wallet,
            mode=self.mode,
            orig_syssn=self.chain,
            app_code=self.app_code,
        )


# A refund's or a cancel's own row: done, or under way; else it failed with its code.
_RECORD_CODES = {
    State.REFUNDED: "0000",
    State.CANCELLED: "0000",
    State.RELEASED: "0000",
    State.REFUNDING: "1143",
    State.CANCELLING: "1143",
    State.RELEASING: "1143",
}
_CANCEL_FLAGS = {
    State.REFUNDED: "3",
    State.PARTLY_CAPTURED: "4",  # as a finished one: a charge must not look like none [chosen]
    State.CAPTURED: "4",
    State.PARTLY_REFUNDED: "5",
}
_NESTED = ("plan", "on_cancel", "on_refund", "faults")
_FIELDS = {item.name: item.default for item in fields(Entry) if item.name != "kept"}
_PLAIN = [item for item in _FIELDS.items() if item[0] not in ("state", *_NESTED)]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Row:
    """One order as the gateway's books have it.

    Attributes:
        state: created, waiting, paying, paid, failed, expired, cancelling, cancelled,
            refunding, refunded, partially refunded; of a hold also hold pending, hold
            cancelling, held, releasing, partly captured, captured, released.
        respcd: What a query row shows at this moment.
        cancel: The row's ``cancel`` flag.
        paid: Money that came in, in minor units.
        refunded: Money that went back.
        captured: Of a hold: how much was captured; each capture is a row of its own.
        orig_syssn: For a refund or a cancel: the payment's number. For a capture or a release:
            the hold's.
    """

    out_trade_no: str
    syssn: str
    order_type: str
    pay_type: str
    txamt: int
    txcurrcd: str
    txdtm: str
    sysdtm: str
    paydtm: str
    state: str
    respcd: str
    cancel: str
    paid: int
    refunded: int
    captured: int
    mchid: str
    wallet: str
    mode: str
    orig_syssn: str
    app_code: str

    @property
    def kept(self) -> int:
        """Paid less refunded, in minor units."""
        return self.paid - self.refunded

    def __repr__(self) -> str:
        return f"Row({self.out_trade_no!r}, {self.state}, {self.txamt} {self.txcurrcd})"


def numbers_of(order: object) -> tuple[str, ...]:
    """Return the numbers that name an order: the number itself, or those of an object.

    Example:
        >>> numbers_of("T1")
        ('T1',)
    """
    if isinstance(order, str):
        return (order,)
    numbers = (getattr(order, "syssn", None), getattr(order, "out_trade_no", None))
    return tuple(number for number in numbers if number)
