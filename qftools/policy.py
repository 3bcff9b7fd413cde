"""How patient a cancel is: how often it asks, how long it waits in between, when it gives up."""

from __future__ import annotations

from dataclasses import dataclass

from qftools.errors import InputError


@dataclass(frozen=True, slots=True)
class Policy:
    """The waits and limits of one cancel. All waits are seconds.

    Args:
        look_tries: How often to ask what became of the order before anything is done.
        absent_tries: How many answers "no such order" it takes to believe it.
        cancel_tries: How often the cancel may be sent, where its reply was
            lost and the order stays open.
        recancel_after: How many times the order must be seen open after a lost
            reply before the cancel is sent again.
        recancel_pending: The same where the reply was "in progress": a wallet
            can drop a cancel that it had accepted.
        confirm_tries: How often to ask after the cancel.
        first_wait: Before a question is repeated for the first time.
        wait_step: How much longer each further wait is.
        longest_wait: No wait is longer, unless the gateway asks for one.
        expiry: When an unpaid order is dead at the latest, counted from the
            payment: one that the gateway does not know by then never comes.
        source: Where the numbers come from.

    Example:
        >>> [Policy().wait(again) for again in range(5)]
        [2.0, 3.0, 4.0, 5.0, 5.0]
    """

    look_tries: int = 8
    absent_tries: int = 3
    cancel_tries: int = 3
    recancel_after: int = 2
    recancel_pending: int = 10
    confirm_tries: int = 40
    first_wait: float = 2.0
    wait_step: float = 1.0
    longest_wait: float = 5.0
    expiry: float = 7200.0
    source: str = "chosen: the published limit allows 6.6 calls a second; 2 s rising to 5 s is sane"

    def __post_init__(self) -> None:
        for name in (
            "look_tries",
            "absent_tries",
            "cancel_tries",
            "recancel_after",
            "recancel_pending",
            "confirm_tries",
        ):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise InputError(name, f"is {value!r}", "a whole number of at least 1")
        for name in ("first_wait", "wait_step", "longest_wait", "expiry"):
            value = getattr(self, name)
            if not isinstance(value, (int, float)) or not 0 <= value < float("inf"):
                raise InputError(name, f"is {value!r}", "seconds, zero or more")

    def wait(self, again: int) -> float:
        """Return how long to wait before a question is repeated for the *again*-th time, from 0."""
        return min(self.first_wait + self.wait_step * again, self.longest_wait)


def policy_for(pay_type: str | None) -> Policy:
    """Return the policy for one pay type, or the general one where none is known."""
    return Policy()
