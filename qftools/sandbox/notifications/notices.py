"""What the gateway sends when money has moved: the bytes, the waits, and one notice.

Rules only: nothing here sends or waits.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from qftools.sandbox.books.orders import Entry
from qftools.signing import sign_body

# Waits in seconds before a notice is sent again, by value of the switch retry_schedule (C32).
# The published list is one of gaps, not of offsets: it has "10 m" twice.
SCHEDULES: dict[str, tuple[float, ...]] = {
    "2024": (120, 600, 600, 3_600, 7_200, 21_600, 54_000),
    "2018": (60, 300, 600, 3_600, 7_200, 21_600, 54_000),
    "2017": (30, 30, 30, 30),
}
KEPT_OF_A_REPLY = 200  # bytes


def body_of(entry: Entry, notify_type: str) -> bytes:
    """Return the bytes of the notice about a payment, a refund or a cancel.

    The order of the keys, the separators and the ASCII escapes are part of the contract:
    receivers exist that rebuild them from the parsed JSON to check the signature.

    Args:
        entry: A payment that is paid or cancelled, or a refund that is done.
        notify_type: Which of them.
    """
    moved = entry.paydtm or entry.sysdtm
    values = {
        "status": "1",
        "pay_type": entry.pay_type,
        "sysdtm": entry.sysdtm,
        "paydtm": moved,
        "goods_name": entry.goods_name,
        "txcurrcd": entry.txcurrcd,
        "txdtm": entry.txdtm,
        "mchid": entry.mchid,
        "txamt": str(entry.txamt),
        "exchange_rate": "",
        "chnlsn2": "",
        "out_trade_no": entry.out_trade_no,
        "syssn": entry.syssn,
        "cash_fee_type": "",
        "cancel": entry.cancel_flag,
        "respcd": "0000",
        "goods_info": entry.goods_info,
        "cash_fee": "0",
        "notify_type": notify_type,
        "chnlsn": entry.chnlsn,
        "cardcd": entry.cardcd,
    }
    if not entry.mchid:  # agents only
        del values["mchid"]
    return json.dumps(values).encode()


def tampered(body: bytes) -> bytes:
    """Return the same notice with another amount, as an attacker would change it.

    Example:
        >>> tampered(b'{"txamt": "2500"}')
        b'{"txamt": "1"}'
    """
    return json.dumps({**json.loads(body), "txamt": "1"}).encode()


@dataclass(frozen=True, slots=True)
class Attempt:
    """One delivery of a notice.

    Attributes:
        at: When, seconds since 1970 by the sandbox's clock.
        retry: 0 for the first delivery, then counting up.
        result: ``acknowledged``, ``refused`` (another answer than 200 and SUCCESS),
            ``unreachable``, ``forbidden`` (the address is not on loopback) or ``lost``.
        status: The receiver's HTTP status, 0 where there was none.
        reply: The beginning of its answer, or why there was none.
        fault: What was done to this delivery on purpose.
    """

    at: float
    retry: int
    result: str
    status: int = 0
    reply: str = ""
    fault: str = ""


@dataclass(slots=True, kw_only=True)
class Notice:
    """One notice and its deliveries.

    Attributes:
        state: ``waiting``, ``acknowledged``, ``given up``, or ``no address``.
        due: When it is sent next; None: never again.
        early: It may overtake the reply that it is about.
        copies: How many more times it is sent whatever the receiver says.
        after_call: The number of the last call that had come when it was made.
    """

    id: int
    syssn: str
    out_trade_no: str
    app_code: str
    notify_type: str
    url: str
    body: bytes
    made_at: float
    state: str = "waiting"
    due: float | None = None
    early: bool = False
    copies: int = 0
    retries: int = 0
    after_call: int = 0
    attempts: list[Attempt] = field(default_factory=list)

    def signed(self, client_key: str, fault: str = "") -> tuple[bytes, str]:
        """Return body and signature as sent, changed by a fault if there is one."""
        signature = sign_body(self.body, client_key)
        if fault == "tampered":
            return tampered(self.body), signature
        if fault == "wrong signature":
            return self.body, "0" * len(signature)
        return self.body, signature

    def outcome(self, attempt: Attempt, schedule: tuple[float, ...]) -> None:
        """Note a delivery and when the next one is due."""
        self.attempts.append(attempt)
        if self.copies > 0:
            self.copies -= 1
            self.due = attempt.at
        elif attempt.result == "acknowledged":
            self.state, self.due = "acknowledged", None
        elif self.retries >= len(schedule):
            self.state, self.due = "given up", None
        else:
            self.due = attempt.at + schedule[self.retries]
            self.retries += 1

    def copy(self) -> Notice:
        """Return a copy for callers."""
        return replace(self, attempts=list(self.attempts))

    def to_record(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {**asdict(self), "body": self.body.decode()}

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Notice:
        """Make the notice again of what `to_record` returned."""
        attempts = [Attempt(**attempt) for attempt in record["attempts"]]
        return cls(**{**record, "body": record["body"].encode(), "attempts": attempts})
