"""How this sandbox reads what the sources leave open: every switch, checked when it is set.

Names, values and defaults come from the catalogue's table of switches; the few that only
a sandbox has are in `OWN`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from qftools import catalogue
from qftools.catalogue import Switch, Text
from qftools.errors import SandboxError

OWN: tuple[Switch, ...] = (
    Switch(
        name="rate_limit",
        default="off",
        values=("off", "published"),
        meaning=Text(
            zh="是否按公布的限额（每商户每秒 100 次、每分钟 400 次）返回 HTTP 429",
            en="Whether HTTP 429 comes at the published limits (100/s and 400/min a merchant)",
        ),
        source="docs2026",
    ),
    Switch(
        name="magic",
        default="on",
        values=("on", "off"),
        meaning=Text(
            zh="是否启用特殊金额和付款码",
            en="Whether magic amounts and payment codes do what their table says",
        ),
        source="chosen",
    ),
    Switch(
        name="cancel_pending_code",
        default="1145",
        values=("1143", "1145"),
        meaning=Text(
            zh="撤销处理中时返回的代码",
            en="The code while a cancel is in progress",
        ),
        source="seed",
    ),
    Switch(
        name="list_cancels",
        default="off",
        values=("off", "on"),
        meaning=Text(
            zh="查询是否把撤销也列为 order_type 为 close 的行（2018 年手册）",
            en="Whether queries list cancels as rows of order_type close (2018 manual)",
        ),
        source="manual2018jp",
    ),
    Switch(
        name="password",
        default="off",
        values=("off", "on"),
        meaning=Text(
            zh="付款码支付是否先要求顾客输入密码（1143），而不是立即成功",
            en="Whether a CPM payer types the password first (1143) instead of paying at once",
        ),
        source="chosen",
    ),
)

AUTHCODE_SECONDS = {"1d": 86_400.0, "60s": 60.0}
ALIASES = {"profile": "cancel_routes"}


@cache
def switches() -> Mapping[str, Switch]:
    """Return every switch of the sandbox by name."""
    return {**catalogue.switches(), **{switch.name: switch for switch in OWN}}


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
    magic: str
    cancel_pending_code: str
    list_cancels: str
    password: str

    def __init__(self, values: Mapping[str, object] | None = None) -> None:
        for switch in switches().values():
            setattr(self, switch.name, switch.default)
        for name, value in (values or {}).items():
            self.set(name, value)

    def set(self, name: str, value: object) -> None:
        """Turn one switch.

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
