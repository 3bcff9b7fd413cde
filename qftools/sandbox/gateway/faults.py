"""What can go wrong, by moment: before the gateway acts, after it, or on the way back.

One list of armed faults, for calls and for notifications, and the rules for using them up.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Self

from qftools.errors import SandboxError
from qftools.locale import mark
from qftools.sandbox.words import not_one_of

ENDPOINTS = ("payment", "query", "reversal", "close", "refund", "authtrade", "unfreeze")
GROUPS = {"*": ENDPOINTS, "cancel": ("reversal", "close", "unfreeze")}
NOTIFICATION = "notification"

NAMES: Mapping[str, str] = {
    "refused": "the connection is refused; the gateway sees nothing",
    "lost before": "the request is lost before the gateway acts; no reply",
    "late": "no reply; the request reaches the gateway only after a while (seconds)",
    "lost after": "the gateway acts; the reply is lost",
    "half": "the gateway acts; the reply ends in the middle of the body",
    "slow": "the gateway acts; the reply takes its time (seconds)",
    "5xx before": "HTTP 502 with an HTML page; the gateway did not act",
    "5xx": "the gateway acts; HTTP 502 with an HTML page comes back",
    "429": "HTTP 429; the gateway did not act",
    "wrong signature": "the gateway acts; the reply's signature is wrong",
    "altered to paid": "the gateway acts; the reply is altered to say paid, its signature is wrong",
    "altered to not paid": "the gateway acts; the reply is altered to say that nothing was paid, "
    "its signature is wrong",
    "duplicated": "the request is delivered twice; the second answer comes back",
    "clock skew": "the gateway's clock is off (seconds)",
}
"""Every fault of a call by name, with what it does."""

OF_NOTIFICATIONS: Mapping[str, str] = {
    "late": "the notification leaves later (seconds)",
    "early": "the notification arrives before the reply that it is about",
    "duplicated": "the notification is delivered twice, whatever the receiver says",
    "reordered": "the next notification overtakes this one",
    "tampered": "the amount is changed after signing; a careful receiver refuses it",
    "wrong signature": "the signature is not the gateway's; a careful receiver refuses it",
    "lost": "the delivery is lost on its way and counts as not acknowledged",
}
"""Every fault of a notification by name, with what it does."""

ALIASES = {
    "reply lost": "lost after",
    "request lost": "lost before",
    "connection refused": "refused",
    "half a reply": "half",
    "slow reply": "slow",
    "server error": "5xx",
    "too many requests": "429",
}
DEFAULT_SECONDS = {"late": 30.0, "slow": 35.0, "clock skew": 300.0}
LATE_NOTIFICATION = 300.0  # seconds
BEFORE = frozenset({"refused", "lost before", "late", "5xx before", "429"})
ALTERED = frozenset({"altered to paid", "altered to not paid"})
FORGED = ALTERED | {"wrong signature"}
"""The reply is none of the gateway's: a careful caller takes it for no reply."""
LONGEST = 1e9  # seconds


def fault_name(name: str, names: Mapping[str, str] = NAMES) -> str:
    """Return the name in the table for a name or another word for it.

    Its words may stand in any order, with spaces, hyphens or underscores between them.

    Args:
        name: What a caller calls it.
        names: The table: `NAMES` or `OF_NOTIFICATIONS`.

    Raises:
        SandboxError: There is no such fault.

    Example:
        >>> fault_name("reply_lost"), fault_name("lost-reply")
        ('lost after', 'lost after')
    """
    known = {_words(word): meant for word, meant in ALIASES.items() if meant in names}
    known |= {_words(word): word for word in names}
    if (found := known.get(_words(name))) is None:
        said = mark("there is no fault {name!r}; there are: {known}")
        raise SandboxError(said, name=name, known=", ".join(names))
    return found


def _words(name: str) -> tuple[str, ...]:
    return tuple(sorted(name.replace("_", " ").replace("-", " ").lower().split()))


def endpoints_of(on: str) -> tuple[str, ...]:
    """Return the endpoints that a word means: one of them, ``cancel``, or ``*``.

    Raises:
        SandboxError: There is no such endpoint.
    """
    if on in (*ENDPOINTS, NOTIFICATION):
        return (on,)
    if on not in GROUPS:
        raise not_one_of("on", on, (*ENDPOINTS, *GROUPS, NOTIFICATION))
    return GROUPS[on]


@dataclass(eq=False, slots=True, kw_only=True)
class Fault:
    """One armed fault.

    Attributes:
        name: What goes wrong; a key of `NAMES` or of `OF_NOTIFICATIONS`.
        on: The endpoints whose calls it affects, or ``notification``.
        times: How many times it will still occur; None: until it is disarmed.
        order: Only calls or notifications about this ``out_trade_no`` or ``syssn``; None: any.
        seconds: For late requests and notifications, slow replies and clock skew.
        after: How many calls it lets pass first.
        struck: How many times it has occurred.
        id: Its name in the control API.
    """

    name: str
    on: tuple[str, ...]
    times: int | None = 1
    order: str | None = None
    seconds: float = 0.0
    after: int = 0
    struck: int = 0
    id: str = ""

    @property
    def acts(self) -> bool:
        """Whether the gateway acts on a request with this fault."""
        return self.name not in BEFORE

    def applies(self, endpoint: str, numbers: Collection[str]) -> bool:
        """Tell whether it is for calls of an endpoint about these orders."""
        return endpoint in self.on and (not self.order or self.order in numbers)


@dataclass(slots=True)
class Faults:
    """The armed faults of one sandbox, in the order in which they were armed.

    Attributes:
        changes: Counts up with everything that happens here.
    """

    LIMIT = 1_000
    changes: int = 0
    _armed: list[Fault] = field(default_factory=list)
    _count: int = 0

    def arm(
        self,
        name: str,
        on: str = "*",
        times: int | None = 1,
        *,
        order: str | None = None,
        seconds: float | None = None,
        after: int = 0,
        confirm: str = "",
    ) -> Fault:
        """Arm a fault.

        Args:
            name: What goes wrong.
            on: An endpoint, a group of them, or ``notification``.
            times: How many times; None: until it is disarmed.
            order: Only calls about this number.
            seconds: How late, or how wrong a clock.
            after: How many calls it lets pass first.
            confirm: The gateway's host once more: asked for by a tap where money is real.

        Raises:
            SandboxError: There is no such fault or endpoint, or a number makes no sense.
        """
        endpoints = endpoints_of(on)
        of_notice = on == NOTIFICATION
        name = fault_name(name, OF_NOTIFICATIONS if of_notice else NAMES)
        if times is not None and times < 1:
            said = mark("times is {value!r}; it must be 1 or more, or None for always")
            raise SandboxError(said, value=times)
        if after < 0:
            raise SandboxError("after is {value!r}; it must be 0 or more", value=after)
        if len(self._armed) >= self.LIMIT:
            raise SandboxError("{count} faults are armed; disarm some first", count=self.LIMIT)
        default = LATE_NOTIFICATION if of_notice else DEFAULT_SECONDS.get(name, 0.0)
        wait = default if seconds is None else float(seconds)
        if not -LONGEST < wait < LONGEST or (wait < 0 and name != "clock skew"):
            said = mark("seconds is {value!r}; it must be a time that can be waited")
            raise SandboxError(said, value=seconds)
        self._count += 1
        fault = Fault(
            name=name,
            on=endpoints,
            times=times,
            order=order,
            seconds=wait,
            after=after,
            id=f"{'n' if of_notice else ''}{self._count}",
        )
        self._armed.append(fault)
        self.changes += 1
        return fault

    def disarm(self, fault: Fault) -> None:
        """Disarm a fault; does nothing if it is used up."""
        if fault in self._armed:
            self._armed.remove(fault)
            self.changes += 1

    def clear(self) -> None:
        """Disarm every fault."""
        self._armed.clear()
        self.changes += 1

    def take(
        self, endpoint: str, numbers: Collection[str], names: Collection[str] | None = None
    ) -> Fault | None:
        """Return the fault that this call or notification meets, and count it; None for none.

        Args:
            endpoint: What was called, or ``notification``.
            numbers: Every number, of either kind, of the orders that it names.
            names: Only faults of these names; None: any.
        """
        for fault in self._armed:
            if not fault.applies(endpoint, numbers) or (names and fault.name not in names):
                continue
            if fault.after > 0:
                fault.after -= 1
                continue
            fault.struck += 1
            self.changes += 1
            if fault.times is not None:
                fault.times -= 1
                if fault.times == 0:
                    self._armed.remove(fault)
            return fault
        return None

    def __iter__(self) -> Iterator[Fault]:
        return iter(tuple(self._armed))

    def __bool__(self) -> bool:
        return bool(self._armed)


class ArmedFault:
    """A fault that was armed: use it in a ``with``, `disarm` it, or let it be used up."""

    def __init__(self, fault: Fault, faults: Faults, lock: threading.RLock) -> None:
        self._fault = fault
        self._faults = faults
        self._lock = lock

    @property
    def name(self) -> str:
        """What goes wrong."""
        return self._fault.name

    @property
    def struck(self) -> int:
        """How many times it has occurred."""
        return self._fault.struck

    def disarm(self) -> None:
        """Disarm it."""
        with self._lock:
            self._faults.disarm(self._fault)

    def __repr__(self) -> str:
        return f"ArmedFault({self.name!r}, struck {self.struck})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.disarm()
