"""The switches: what the sources leave open, checked when it is set.

Names, values and defaults come from the catalogue's table of switches; the few that only
a sandbox has are in ``switches.json``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from qftools import catalogue
from qftools.catalogue import Switch, Text
from qftools.errors import SandboxError

AUTHCODE_SECONDS = {"1d": 86_400.0, "60s": 60.0}
ALIASES = {"profile": "cancel_routes"}


@cache
def switches() -> Mapping[str, Switch]:
    """Return every switch of the sandbox by name."""
    text = Path(__file__).with_name("switches.json").read_text(encoding="utf-8")
    own = [_switch(row) for row in json.loads(text)]
    return {**catalogue.switches(), **{switch.name: switch for switch in own}}


def _switch(row: dict[str, Any]) -> Switch:
    values = {"values": tuple(row["values"]), "meaning": Text(**row["meaning"])}
    return Switch(**(row | values))


class Settings:
    """The switches of one sandbox. Values are text, as on the command line.

    Args:
        values: What differs from the defaults.

    Raises:
        SandboxError: There is no such switch, or it has no such value.

    Example:
        >>> Settings({"cancel_paid": "refund"}).cancel_paid
        'refund'
    """

    cancel_routes: str
    hk_cancel: str
    cancel_paid: str
    cancel_unsupported_code: str
    strict_cancel: str
    duplicate_code: str
    authcode_life: str
    empty_values: str
    wire_signature_fallback: str
    allow_get: str
    retry_schedule: str
    mchid: str
    full_refund_again: str
    fps_refund: str
    strict_month: str
    cancel_latency: str
    seed_sample: str
    rate_limit: str
    takings: str
    refund_night: str
    strict_fields: str
    wallet_currency: str
    magic: str
    cancel_pending_code: str
    literal_plus: str
    list_cancels: str
    notify_hosts: str
    password: str

    def __init__(self, values: Mapping[str, object] | None = None) -> None:
        for switch in switches().values():
            setattr(self, switch.name, switch.default)
        for name, value in (values or {}).items():
            self.set(name, value)

    def set(self, name: str, value: object) -> None:
        """Set one switch.

        Raises:
            SandboxError: There is no such switch, or it has no such value.
        """
        switch = switches().get(ALIASES.get(name, name))
        if switch is None:
            raise SandboxError(f"there is no switch {name!r}; there are: {_listed(switches())}")
        text = {True: "on", False: "off"}.get(value) if isinstance(value, bool) else str(value)
        if switch.name == "cancel_latency" and text is not None:
            if not (text.isdecimal() and len(text) <= 4):
                raise SandboxError(f"cancel_latency is {value!r}; it must be a number of queries")
        elif text not in switch.values:
            raise SandboxError(f"{name} is {value!r}; it must be one of: {_listed(switch.values)}")
        setattr(self, switch.name, text)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter([(name, getattr(self, name)) for name in switches()])


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
