"""The gateway's merchants: app codes, keys, agents with their merchants, and their limits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from hashids import Hashids

from qftools.errors import SandboxError
from qftools.locale import mark
from qftools.sandbox.words import not_one_of

MchidRule = Literal["optional", "required", "forbidden"]
MCHID_RULES: tuple[str, ...] = ("optional", "required", "forbidden")

_HASHIDS = Hashids(salt="qfpay")  # found in the vendor's own tests: protocol notes, mchid


@dataclass(frozen=True, slots=True)
class Merchant:
    """One set of credentials, and what its owner may do.

    Args:
        app_code: Sent as ``X-QF-APPCODE``.
        client_key: The secret under the signatures. Kept out of every repr.
        mchid: Whether calls must carry an mchid (agents), must not (direct
            merchants), or may (C12).
        mchids: The merchants of an agent; empty: every mchid that decodes.
        pay_types: The pay types that are enabled; empty: all.
        currencies: The currencies that are bound; empty: all.
        currency: Taken where a payment names none.
        t0: Settled on the same day: such merchants can't cancel (1150).
        t0_mchids: Merchants of an agent of whom the same is true.
        region: Where the account is valid, for example ``"HK"``; empty: everywhere.
        notify_url: Where notifications go that name no URL of their own.
    """

    app_code: str
    client_key: str = field(repr=False)
    mchid: MchidRule = "optional"
    mchids: tuple[str, ...] = ()
    pay_types: tuple[str, ...] = ()
    currencies: tuple[str, ...] = ()
    currency: str = "HKD"
    t0: bool = False
    t0_mchids: tuple[str, ...] = ()
    region: str = ""
    notify_url: str = ""

    def __post_init__(self) -> None:
        for name in ("app_code", "client_key"):
            value = getattr(self, name)
            if not isinstance(value, str) or not value.strip() or not value.isprintable():
                said = mark("a merchant's {name} must be printable text, not empty")
                raise SandboxError(said, name=name)
        if self.mchid not in MCHID_RULES:
            raise not_one_of("mchid", self.mchid, MCHID_RULES)

    def settles_today(self, mchid: str) -> bool:
        """Tell whether an order of this merchant can't be cancelled because of T0."""
        return self.t0 or mchid in self.t0_mchids

    def scope(self, mchid: str, *, lenient: bool = False) -> str:
        """Return the name under which this caller's order numbers are unique."""
        if self.mchid == "required" and not lenient:
            return f"{self.app_code}/{mchid}"
        return self.app_code

    def refuses(self, mchid: str, *, lenient: bool = False) -> str | None:
        """Return why the gateway refuses this mchid (empty: none sent), None where it does not.

        Args:
            mchid: As it was sent.
            lenient: Whether an mchid is optional for every merchant (the switch ``mchid``).
        """
        if not mchid:
            return "mchid is missing" if self.mchid == "required" and not lenient else None
        if self.mchid == "forbidden" and not lenient:
            return "mchid must not be sent by a direct merchant"
        if decode_mchid(mchid) is None:
            return "mchid does not decode"
        if self.mchids and mchid not in self.mchids:
            return "mchid is not one of this agent's merchants"
        return None


@lru_cache(maxsize=4096)
def decode_mchid(mchid: str) -> tuple[int, int] | None:
    """Return agent's and merchant's user number of an mchid, None for an invented one.

    Example:
        >>> decode_mchid("MNxMp11FV35qQN")
        (1100000442, 1100000457)
        >>> decode_mchid("nonsense") is None
        True
    """
    if not 5 <= len(mchid) <= 40 or not mchid.isalnum():
        return None
    numbers = _HASHIDS.decode(mchid)
    return (numbers[0], numbers[1]) if len(numbers) == 2 else None


def merchant_number(mchid: str) -> str:
    """Return the merchant's user number, the second half of an mchid; empty without one.

    Example:
        >>> merchant_number("MNxMp11FV35qQN")
        '1100000457'
    """
    numbers = decode_mchid(mchid) if mchid else None
    return str(numbers[1]) if numbers else ""


def encode_mchid(agent: int, merchant: int) -> str:
    """Make the mchid of a merchant of an agent, as the gateway does.

    Example:
        >>> encode_mchid(1100000442, 1100000457)
        'MNxMp11FV35qQN'
    """
    return str(_HASHIDS.encode(agent, merchant))


class Merchants:
    """The merchants of one gateway, by app code."""

    LIMIT = 1_000

    def __init__(self) -> None:
        self._by_code: dict[str, Merchant] = {}
        self.changed: dict[str, Merchant | None] = {}

    def add(self, merchant: Merchant) -> None:
        """Add a merchant, or replace the one with the same app code.

        Raises:
            SandboxError: There are a thousand already.
        """
        if merchant.app_code not in self._by_code and len(self._by_code) >= self.LIMIT:
            raise SandboxError("a sandbox takes {count} merchants, no more", count=self.LIMIT)
        self._by_code[merchant.app_code] = merchant
        self.changed[merchant.app_code] = merchant

    def find(self, app_code: str) -> Merchant | None:
        """Return the merchant with that app code, None where there is none."""
        return self._by_code.get(app_code)

    @property
    def keys(self) -> frozenset[str]:
        """Every client key: what no page and no answer may show."""
        return frozenset(merchant.client_key for merchant in self if merchant.client_key)

    def clear(self) -> None:
        """Remove all merchants."""
        self.changed.update(dict.fromkeys(self._by_code))
        self._by_code.clear()

    def __iter__(self) -> Iterator[Merchant]:
        return iter(tuple(self._by_code.values()))

    def __len__(self) -> int:
        return len(self._by_code)
