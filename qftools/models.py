"""The nouns: who asks, which order, what was answered. Frozen; nothing here sends."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from qftools import catalogue, validation
from qftools.errors import InputError
from qftools.exchange import cut
from qftools.exchange.shown import ShownExchange
from qftools.locale import mark
from qftools.patterns import pattern
from qftools.signing import Algorithm, check_key

MchidRule = Literal["optional", "required", "forbidden"]
EnvironmentName = Literal["sandbox", "test", "production"]
State = Literal[
    "paid",
    "open",
    "held",
    "released",
    "cancelled",
    "refunded",
    "failed",
    "expired",
    "unclear",
]

HOLD: Final = "preauth"  # the order_type of a card's hold [chosen]
UNLISTED: Final = "unknown"  # how a code that no source lists is read (C34): ask before acting

_CHOICES: dict[str, tuple[str | None, ...]] = {
    "algorithm": ("MD5", "SHA256"),
    "mchid_rule": ("optional", "required", "forbidden"),
    "environment": (None, "sandbox", "test", "production"),
}

_FOUR_DIGITS = pattern(r"\d{4}", re.ASCII)
_AS_THE_CODE_SAYS: dict[str, State] = {
    "paid": "paid",
    "open": "open",
    "cancelled": "cancelled",
    "expired": "expired",
    "refunded": "refunded",
    "failed": "failed",
}
_UNDONE: dict[str, State] = {**_AS_THE_CODE_SAYS, "paid": "cancelled", "open": "cancelled"}
STATUSES = {"SUCCESS": "success", "PENDING": "progress", "FAILED": "failure"}  # txstatus (C35)
_OF_STATUS: dict[str, tuple[State, ...]] = {
    "SUCCESS": ("paid", "refunded", "held", "released"),
    "PENDING": ("open",),
    "FAILED": ("cancelled", "failed", "expired"),
}
# What the `cancel` flag of a row makes of what its code says (docs2024; C30). What is not
# here proves nothing: 4 ends a hold, not a payment, and other flags are in no source.
_CANCEL_FLAG: dict[str, Mapping[str, State]] = {
    "0": _AS_THE_CODE_SAYS,
    "1": {**_UNDONE, "paid": "refunded"},  # CPM: the money came and went back
    "2": _UNDONE,
    "3": dict.fromkeys(("paid", "open", "cancelled", "refunded"), "refunded"),
    "5": {"paid": "paid"},  # partly refunded
}
# The same of a hold's row. 4 is read as captured, 6 and 7 as the SDK for terminals has them
# [chosen, C30]. 5 is partly refunded in one source and frozen in another: it proves nothing.
_HOLD_FLAG: dict[str, Mapping[str, State]] = {
    "0": {**_AS_THE_CODE_SAYS, "paid": "held"},
    "1": _UNDONE,
    "2": _UNDONE,
    "3": _CANCEL_FLAG["3"],
    "4": {"paid": "paid"},
    "6": {"paid": "released"},
    "7": {"paid": "paid"},
}


@dataclass(frozen=True, slots=True)
class Credentials:
    """What QFPay issued to a merchant. The client key stays out of every repr.

    Args:
        app_code: Names the merchant, or the agent; sent as ``X-QF-APPCODE``.
        client_key: The secret that signs, at least 8 characters. Never sent, never shown.
        mchid: The merchant's number, where QFPay issued one (agents).
        algorithm: Which hash signs the requests.
        mchid_rule: Whether a call must carry an mchid, must not, or may (C12).
        environment: Where these credentials are valid. The hosts of QFPay
            move real money, so a client for one of them wants this said.

    Raises:
        InputError: A value is empty or not one of the choices, the key is too
            short, or the mchid contradicts the rule.

    Example:
        >>> Credentials("3F504C39125E4886", "a secret")
        Credentials(app_code='3F504C39125E4886', mchid=None, algorithm='MD5', \
mchid_rule='optional', environment=None)
    """

    app_code: str
    client_key: str = field(repr=False)
    mchid: str | None = None
    algorithm: Algorithm = "MD5"
    mchid_rule: MchidRule = "optional"
    environment: EnvironmentName | None = None

    def __post_init__(self) -> None:
        _check_header("app_code", self.app_code)
        check_key(self.client_key)
        for name, choices in _CHOICES.items():
            value = getattr(self, name)
            if value not in choices:
                known = ", ".join(str(choice) for choice in choices)
                raise InputError(name, "is {value!r}", "one of {known}", value=value, known=known)
        if self.mchid_rule == "required" and not self.mchid:
            raise InputError("mchid", "is missing", "given, as for every agent (C12)")
        if self.mchid_rule == "forbidden" and self.mchid:
            raise InputError("mchid", "is given", "left out by a direct merchant (C12)")

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Credentials:
        """Read ``QFTOOLS_APP_CODE``, ``QFTOOLS_CLIENT_KEY``, ``QFTOOLS_MCHID``.

        ``QFTOOLS_ENVIRONMENT`` (sandbox, test, production) says where they are valid.

        Raises:
            InputError: The app code or the key is not set.

        Example:
            >>> Credentials.from_environment({})
            Traceback (most recent call last):
            ...
            qftools.errors.InputError: QFTOOLS_APP_CODE is not set; it must be the app code \
that QFPay issued
        """
        for name, meaning in (
            ("QFTOOLS_APP_CODE", mark("the app code that QFPay issued")),
            ("QFTOOLS_CLIENT_KEY", mark("the client key that QFPay issued with it")),
        ):
            if not environ.get(name):
                raise InputError(name, "is not set", meaning)
        return cls(
            environ["QFTOOLS_APP_CODE"],
            environ["QFTOOLS_CLIENT_KEY"],
            mchid=environ.get("QFTOOLS_MCHID") or None,
            environment=environ.get("QFTOOLS_ENVIRONMENT") or None,  # type: ignore[arg-type]
        )


@dataclass(frozen=True, slots=True)
class Order:
    """One payment, named by the fields that the gateway uses for it.

    Args:
        out_trade_no: The merchant's own number; None where only *syssn* is known.
        txamt: The amount in the currency's minor unit: 2500 is HKD 25.00, and JPY 2500.
            None where it is not known: a query tells it.
        txdtm: The time that was sent with the payment, ``YYYY-MM-DD hh:mm:ss``; None
            where it is not known.
        syssn: The gateway's number; None while no answer has told it.
        pay_type: Six digits that say wallet and mode, ``"800101"``; None where it is
            not known (a query tells it).
        txcurrcd: Three letters, ``"HKD"``.
        mchid: The merchant, where it is another than the credentials'.
        udid: The terminal that took the payment.
        reply: What the gateway answered to the payment.

    Raises:
        InputError: A value that the gateway could not accept, or neither number.

    Example:
        >>> Order("A-1", 2500, "2020-03-05 16:50:30").txamt
        2500
        >>> Order("A1", 25.0, "2020-03-05 16:50:30")
        Traceback (most recent call last):
        ...
        qftools.errors.InputError: txamt is float 25.0; it must be a whole number of minor units \
(100 = HKD 1.00, JPY 100)
    """

    out_trade_no: str | None = None
    txamt: int | None = None
    txdtm: str | None = None
    syssn: str | None = None
    pay_type: str | None = None
    txcurrcd: str | None = None
    mchid: str | None = None
    udid: str | None = None
    reply: Reply | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.out_trade_no and not self.syssn:
            raise validation.neither_number()
        validation.check_values("reversal", self._given(_CHECKED))

    @property
    def number(self) -> str:
        """The merchant's own number, or the gateway's where that is not known."""
        return self.out_trade_no or self.syssn or ""

    def naming(self) -> dict[str, str | int]:
        """Return the fields that name this order in a request."""
        return self._given(_NAMING)

    def for_query(self) -> dict[str, str | int]:
        """Return the parameters of a query for this order alone.

        The gateway's own number is enough and finds any month (its date is in
        it); the merchant's number is used where that is not known (C29).
        """
        naming = self.naming()
        if "syssn" in naming:
            naming.pop("out_trade_no", None)
        return naming

    def for_cancel(self) -> dict[str, str | int]:
        """Return the parameters of a reversal or a close of this order."""
        return self._given((*_NAMING, "txamt", "txdtm", "udid"))

    def for_refund(self, syssn: str) -> dict[str, str | int]:
        """Return the parameters of the refund that this order is, of the payment *syssn*."""
        details = self._given(("out_trade_no", "txamt", "txdtm", "mchid", "udid"))
        return {"syssn": syssn} | details

    def for_release(self) -> dict[str, str | int]:
        """Return the parameters of a release of this hold, but for the time that it is sent."""
        return self._given((*_NAMING, "txamt"))

    def _given(self, names: tuple[str, ...]) -> dict[str, str | int]:
        given: dict[str, str | int] = {}
        for name in names:
            value = getattr(self, name)
            if value is not None:
                given[name] = value
        return given


_NAMING = ("mchid", "syssn", "out_trade_no")
_CHECKED = (*_NAMING, "txamt", "txdtm", "pay_type", "txcurrcd", "udid")


@dataclass(frozen=True, slots=True, repr=False)
class Transaction:
    """One row of a query's answer: what the gateway's books say about one order.

    Attributes:
        row: The row as it came, every field.
        written: The fields that rules read, as text; empty where the row has none.

    Example:
        >>> row = Transaction({"txamt": 2500, "respcd": "1143"})
        >>> row.written["txamt"], row.written["mchid"]
        ('2500', '')
    """

    row: Mapping[str, Any]
    written: Mapping[str, str] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        written = {}
        for name in _READ:
            value = self.row.get(name, "")
            written[name] = value.strip() if type(value) is str else as_written(value)
        object.__setattr__(self, "written", written)

    def __getattr__(self, name: str) -> str:
        if name == "row":  # while a copy is being made there is no row yet
            raise AttributeError(name)
        try:
            value = self.row[name]
        except KeyError:
            raise AttributeError(f"the row has no field {name!r}") from None
        return "" if value is None else str(value)

    def __repr__(self) -> str:
        number = as_written(self.row.get("out_trade_no") or self.row.get("syssn"))
        return f"Transaction({cut(number)!r}, {self.state}, {cut(self.respcd)})"

    def has(self, numbers: Mapping[str, str]) -> bool:
        """Tell whether the row has one of *numbers* in every field that they name.

        Several numbers of a field are separated by commas, as in a query.

        Example:
            >>> Transaction({"out_trade_no": "A1"}).has({"out_trade_no": "A1,A2"})
            True
        """
        return all(as_written(self.row.get(k)) in v.split(",") for k, v in numbers.items())

    @property
    def state(self) -> State:
        """What the row says: its ``respcd``, and where money came back its ``cancel`` flag.

        ``"unclear"``: a flag or a code that no payment has, or a ``txstatus`` that says
        something else (C35); it proves nothing.

        Example:
            >>> Transaction({"respcd": "1143", "cancel": "0"}).state
            'open'
            >>> Transaction({"respcd": "0000", "cancel": "3"}).state
            'refunded'
            >>> Transaction({"respcd": "0000", "cancel": "9"}).state  # no source knows that flag
            'unclear'
            >>> Transaction({"respcd": "0000", "pay_type": "801808"}).state  # held, not charged
            'held'
        """
        respcd, flag = self.respcd, self.written["cancel"] or "0"
        flags = _HOLD_FLAG if self.is_hold else _CANCEL_FLAG
        if not (_FOUR_DIGITS.fullmatch(respcd) and flag in flags):
            return "unclear"
        code = catalogue.codes().get(respcd)
        says = code.row if code else "open"
        state = flags[flag].get(says, "unclear")
        status = self.written["txstatus"]
        return state if not status or state in _OF_STATUS.get(status, ()) else "unclear"

    @property
    def is_hold(self) -> bool:
        """Whether it is a pre-authorisation: by its pay type, or by its kind for cards.

        The capture of a hold has the same pay type, and names the hold.
        """
        if self.written["order_type"].lower() == HOLD:
            return True
        pay_type = catalogue.pay_types().get(self.written["pay_type"])
        hold = pay_type is not None and pay_type.mode == "preauth"
        return hold and not self.written["origssn"]

    @property
    def respcd(self) -> str:
        """The row's own code: four digits, also where the gateway wrote a number.

        Example:
            >>> Transaction({"respcd": 0}).respcd
            '0000'
        """
        value, text = self.row.get("respcd"), self.written["respcd"]
        return text.zfill(4) if isinstance(value, int) and not isinstance(value, bool) else text


_READ = (
    *("out_trade_no", "syssn", "origssn", "mchid", "order_type", "pay_type"),
    *("respcd", "cancel", "txstatus", "txamt", "txcurrcd", "txdtm", "sysdtm"),
)


def as_written(value: object) -> str:
    """Return a value of a row as text: gateways write numbers with and without quotes.

    Example:
        >>> as_written(2500), as_written(" 2500 "), as_written(2500.0), as_written(None)
        ('2500', '2500', '2500', '')
    """
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


@dataclass(frozen=True, slots=True)
class Reply:
    """What the gateway answered to one request.

    Attributes:
        endpoint: payment, query, reversal, close, or refund.
        respcd: The four-digit code. ``"0000"`` of a query means that the
            query worked, not that anything was paid.
        body: Every field of the answer.
        signed: Whether the answer carried a signature (that was checked, and right).
        exchange: Request and answer as they went over the wire.
        unlisted: How a code that no source lists is read: unknown or failure (C34).
    """

    endpoint: str
    respcd: str
    body: Mapping[str, Any] = field(repr=False)
    signed: bool = False
    exchange: ShownExchange | None = field(default=None, repr=False, compare=False)
    unlisted: str = field(default=UNLISTED, repr=False)

    @property
    def kind(self) -> str:
        """How to read the code here: success, progress, failure, unknown, or caller (my mistake).

        A code that no source lists is unknown: query before acting on it. Where the result
        stands in ``txstatus`` inside ``data``, ``0000`` alone is no success (C35).

        Example:
            >>> Reply("payment", "0000", {"data": {"txstatus": "PENDING"}}).kind
            'progress'
        """
        status = _status(self.body) if self.respcd == "0000" else ""
        if status:
            return STATUSES.get(status, "unknown")
        code = catalogue.codes().get(self.respcd)
        return code.on(self.endpoint).kind if code else self.unlisted

    @property
    def ok(self) -> bool:
        """True for ``0000``: done, or for a code to be scanned: placed."""
        return self.respcd == "0000" and self.kind == "success"

    @property
    def in_progress(self) -> bool:
        """True for 1143, 1145 and their like: not an error, ask again."""
        return self.kind == "progress"

    @property
    def meaning(self) -> catalogue.Text:
        """What the code means, in both languages."""
        code = catalogue.codes().get(self.respcd)
        status = _status(self.body)
        if self.respcd == "0000" and status:
            said = f"txstatus {cut(status)}"
            return catalogue.Text(said, said)
        if code:
            return code.of_reply(self.endpoint).meaning
        return catalogue.Text(
            "没有资料列出这个响应代码：先查询，再做任何事",
            "a code that no source lists: query before anything else",
        )

    @property
    def respmsg(self) -> str:
        """The gateway's message, often empty; a very long one is cut."""
        return cut(str(self.body.get("respmsg") or ""))

    @property
    def resperr(self) -> str:
        """The gateway's result text, Chinese or English by account; a very long one is cut."""
        return cut(str(self.body.get("resperr") or ""))

    @property
    def words(self) -> catalogue.Text | None:
        """The gateway's own words, as they came; None where there are none."""
        said = self.respmsg or self.resperr
        return catalogue.Text(said, said) if said else None

    @property
    def syssn(self) -> str | None:
        """The gateway's number of *this* call: a cancel or refund has one of its own."""
        data = self.body.get("data")  # of an envelope, or the rows of a query
        named = data.get("qf_trade_no") if isinstance(data, Mapping) else None
        return as_written(self.body.get("syssn") or named) or None

    @property
    def transactions(self) -> tuple[Transaction, ...]:
        """The rows of a query, newest first; empty where nothing was found."""
        rows = self.body.get("data")
        if not isinstance(rows, list):
            return ()
        return tuple(Transaction(row) for row in rows if isinstance(row, dict))

    @property
    def asked_rows(self) -> tuple[Transaction, ...]:
        """The rows of a query that have the numbers which were asked for; all where none was."""
        params = self.exchange.request.params if self.exchange else {}
        asked = {name: params[name] for name in ("out_trade_no", "syssn") if params.get(name)}
        return tuple(row for row in self.transactions if row.has(asked))

    @property
    def transaction(self) -> Transaction | None:
        """The only row of a query for one order, None where there are none or several.

        Rows of other orders, which some gateways return as well, do not count.
        """
        rows = self.asked_rows
        return rows[0] if len(rows) == 1 else None


def _status(body: Mapping[str, Any]) -> str:
    """Return the ``txstatus`` of an answer, empty where there is none.

    It stands inside ``data``; a flat answer may have it beside its code. Each row of a query
    says its own.
    """
    data = body.get("data")
    if isinstance(data, list):
        return ""
    inside = data.get("txstatus") if isinstance(data, Mapping) else None
    return as_written(inside or body.get("txstatus"))


def _check_header(name: str, value: object) -> None:
    # A line break here would let a value write headers of its own.
    if not isinstance(value, str) or not value or not value.isascii() or not value.isprintable():
        raise InputError(name, "is empty or not printable ASCII", "as QFPay issued it")
