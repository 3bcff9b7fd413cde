"""The switches: what the sources leave open, checked when it is set.

Names, values and defaults come from the catalogue's table of switches; the few that only
a sandbox has are in ``switches.json``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from qftools import catalogue
from qftools.catalogue import Switch
from qftools.errors import SandboxError
from qftools.locale import mark
from qftools.sandbox.words import not_one_of
from qftools.texts import read_table

AUTHCODE_SECONDS = {"1d": 86_400.0, "60s": 60.0}
ALIASES = {"profile": "cancel_routes"}


@cache
def switches() -> Mapping[str, Switch]:
    """Return every switch of the sandbox by name."""
    rows = read_table(Path(__file__).with_name("switches.json"))
    own = {row["name"]: Switch(**row | {"values": tuple(row["values"])}) for row in rows}
    shared = {name: row for name, row in catalogue.switches().items() if row.where == "sandbox"}
    return {**shared, **own}


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
    result_in: str
    fps_app: str
    notify_cancels: str
    strict_fields: str
    wallet_currency: str
    magic: str
    cancel_pending_code: str
    literal_plus: str
    list_cancels: str
    notify_hosts: str
    password: str
    hold_undo: str
    hold_days: str
    hold_rows: str
    hold_codes: str
    hold_release: str

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
            said = mark("there is no switch {name!r}; there are: {known}")
            raise SandboxError(said, name=name, known=", ".join(switches()))
        text = {True: "on", False: "off"}.get(value) if isinstance(value, bool) else str(value)
        if switch.kind == "count" and text is not None:
            if not (text.isdecimal() and len(text) <= 4):
                said = mark("cancel_latency is {value!r}; it must be a number of queries")
                raise SandboxError(said, value=value)
        elif text not in switch.values:
            raise not_one_of(name, value, switch.values)
        setattr(self, switch.name, text)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter([(name, getattr(self, name)) for name in switches()])
