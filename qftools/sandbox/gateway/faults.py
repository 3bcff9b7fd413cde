"""What can go wrong, by moment: before the gateway acts, after it, or on the way back.

A list of armed faults and the rules for using them up; the shells carry them out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from qftools.errors import SandboxError

ENDPOINTS = ("payment", "query", "reversal", "close", "refund")
GROUPS = {"*": ENDPOINTS, "cancel": ("reversal", "close")}

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
    "duplicated": "the request is delivered twice; the second answer comes back",
    "clock skew": "the gateway's clock is off (seconds)",
}
"""Every fault by name, with what it does."""

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
BEFORE = frozenset({"refused", "lost before", "late", "5xx before", "429"})


def fault_name(name: str) -> str:
    """Return the name in the table for a name or another word for it.

    Raises:
        SandboxError: There is no such fault.

    Example:
        >>> fault_name("reply_lost")
        'lost after'
    """
    plain = name.replace("_", " ").replace("-", " ").strip().lower()
    plain = ALIASES.get(plain, plain)
    if plain not in NAMES:
        raise SandboxError(f"there is no fault {name!r}; there are: {', '.join(NAMES)}")
    return plain


def endpoints_of(on: str) -> tuple[str, ...]:
    """Return the endpoints that a word means: one of them, ``cancel``, or ``*``.

    Raises:
        SandboxError: There is no such endpoint.
    """
    if on in ENDPOINTS:
        return (on,)
    if on not in GROUPS:
        raise SandboxError(f"on is {on!r}; it must be one of: {', '.join((*ENDPOINTS, *GROUPS))}")
    return GROUPS[on]


@dataclass(eq=False, slots=True)
class Fault:
    """One armed fault.

    Attributes:
        name: What goes wrong; a key of `NAMES`.
        on: The endpoints it strikes.
        times: How often it still will; None: until it is disarmed.
        order: Only calls that name this ``out_trade_no`` or ``syssn``; None: any.
        seconds: For late requests, slow replies and clock skew.
        after: How many calls it lets pass first.
        struck: How often it has.
    """

    name: str
    on: tuple[str, ...]
    times: int | None = 1
    order: str | None = None
    seconds: float = 0.0
    after: int = 0
    struck: int = 0
    id: int = 0

    @property
    def acts(self) -> bool:
        """Whether the gateway acts on a request that this fault strikes."""
        return self.name not in BEFORE


@dataclass(slots=True)
class Faults:
    """The armed faults of one gateway, in the order in which they were armed."""

    LIMIT = 1_000
    _armed: list[Fault] = field(default_factory=list)
    _next_id: int = 1

    def arm(
        self,
        name: str,
        on: str = "*",
        times: int | None = 1,
        *,
        order: str | None = None,
        seconds: float | None = None,
        after: int = 0,
    ) -> Fault:
        """Arm a fault.

        Raises:
            SandboxError: There is no such fault or endpoint, or a number makes no sense.
        """
        name = fault_name(name)
        if times is not None and times < 1:
            raise SandboxError(f"times is {times!r}; it must be 1 or more, or None for always")
        if after < 0:
            raise SandboxError(f"after is {after!r}; it must be 0 or more")
        if len(self._armed) >= self.LIMIT:
            raise SandboxError(f"{self.LIMIT} faults are armed; disarm some first")
        wait = DEFAULT_SECONDS.get(name, 0.0) if seconds is None else float(seconds)
        if not -1e9 < wait < 1e9 or (wait < 0 and name != "clock skew"):
            raise SandboxError(f"seconds is {seconds!r}; it must be a time that can be waited")
        fault = Fault(name, endpoints_of(on), times, order, wait, after, id=self._next_id)
        self._next_id += 1
        self._armed.append(fault)
        return fault

    def disarm(self, fault: Fault) -> None:
        """Take a fault back; nothing happens if it is used up."""
        if fault in self._armed:
            self._armed.remove(fault)

    def clear(self) -> None:
        """Take every fault back."""
        self._armed.clear()

    def take(self, endpoint: str, numbers: Collection[str]) -> Fault | None:
        """Return the fault that strikes this call, and count it; None where none does.

        Args:
            endpoint: What was called.
            numbers: Every number, of either kind, of the orders that it names.
        """
        for fault in self._armed:
            if endpoint not in fault.on or (fault.order and fault.order not in numbers):
                continue
            if fault.after > 0:
                fault.after -= 1
                continue
            fault.struck += 1
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
