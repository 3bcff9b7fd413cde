"""Which call cancels a payment: reversal, close, or none; why, and how certain that is.

A hold has two: what is not confirmed is reversed, what is held is released (C39).

The vendor's page decides; what other editions of the documentation say can be
chosen by name (C19, C20). The rows are the catalogue's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from qftools import catalogue
from qftools.catalogue import PayType, Text
from qftools.errors import InputError

Call = Literal["reversal", "close", "unfreeze"]
Profile = Literal["seed", "docs-2026-02", "docs-2026-late", "2017"]
HongKong = Literal["deny", "allow"]
Sure = Literal["published", "inferred", "ask", "unlisted"]

PROFILES: tuple[Profile, ...] = ("seed", "docs-2026-02", "docs-2026-late", "2017")


@dataclass(frozen=True, slots=True)
class Route:
    """The call that cancels a pay type, with the reason.

    Attributes:
        pay_type: The pay type asked for.
        call: ``"reversal"``, ``"close"``, for a hold ``"unfreeze"``; None where it can't be
            cancelled.
        reason: Why, in both languages.
        sure: ``published``: a source says so. ``inferred``: we conclude it.
            ``ask``: the provider wants to be asked first. ``unlisted``: no
            source names a cancel.
        source: Its source.
        disputes: Where the sources disagree about it, by number.
    """

    pay_type: str
    call: Call | None
    reason: Text
    sure: Sure
    source: str
    disputes: tuple[str, ...] = ()


_PUBLISHED: dict[str, Text] = {
    "reversal": Text(
        "{source}规定：{wallet} {mode} 用 /trade/v1/reversal（冲正）撤销。",
        "{source}: {wallet} {mode} is cancelled by /trade/v1/reversal.",
    ),
    "close": Text(
        "{source}规定：{wallet} {mode} 用 /trade/v1/close（关闭）撤销。",
        "{source}: {wallet} {mode} is cancelled by /trade/v1/close.",
    ),
    "ask": Text(
        "{source}：其他钱包用 /trade/v1/close，但须先联系服务商确认“{wallet}”是否支持。",
        "{source}: other wallets use /trade/v1/close, after asking the provider whether"
        " {wallet} is one of them.",
    ),
    "unlisted": Text(
        "没有资料说明 {wallet} {mode} 可以撤销。已支付的退款，未支付的等待过期。",
        "No source names a cancel for {wallet} {mode}. Refund it if it was paid,"
        " otherwise let it expire.",
    ),
}
_INFERRED = Text("其中包括 {pay_type} 是推断。", " That this includes {pay_type} is inferred.")
_HONG_KONG = Text(
    "厂商页面：香港支付类型不支持撤销；{pay_type} 只在香港可用，属于其中是推断（C20）。",
    "Vendor page: Hong Kong pay types can't be cancelled; that {pay_type} is one is inferred,"
    " since it exists in Hong Kong only (C20).",
)
_UNLISTED = Text(
    "没有资料列出支付类型 {pay_type}，不能判断用哪个接口撤销。",
    "No source lists pay type {pay_type}, so the cancel call can't be chosen.",
)
_CARD_HOLD = Text(
    "文档规定：银行卡已冻结的预授权用 /trade/v1/unfreeze 解冻。",
    "The documents: what a card's pre-authorisation holds is released by /trade/v1/unfreeze.",
)
_ALIPAY_HOLD = Text(
    "已冻结的预授权用 /trade/v1/unfreeze 解冻：文档只写了银行卡，用于支付宝是选定（C39）。",
    "What a pre-authorisation holds is released by /trade/v1/unfreeze: documented for cards,"
    " chosen for Alipay (C39).",
)
_TITLES: dict[str, Text] = {
    "seed": Text("厂商页面", "Vendor page"),
    "docs-2026-02": Text("2026 年 2 月英文文档", "English documentation of February 2026"),
    "docs-2026-late": Text("2026 年 4 月繁体中文页", "Traditional Chinese page of April 2026"),
    "2017": Text("2017 年文档", "Documentation of 2017"),
}
_MODES = {"cpm": "CPM", "mpm": "MPM"}


def route(
    pay_type: str,
    *,
    profile: Profile = "seed",
    hk_cancel: HongKong = "deny",
) -> Route:
    """Return the call that cancels *pay_type*, with the reason and how sure it is.

    Args:
        pay_type: Six digits, for example ``"800101"``.
        profile: Which edition of QFPay's docs to follow: the vendor's page (``seed``) or another
            one (C19).
        hk_cancel: ``"allow"`` lets pay types that exist only in Hong Kong be
            cancelled as the profile says elsewhere (C20).

    Raises:
        InputError: There is no such profile or choice.

    Example:
        >>> route("800101").call, route("800201").call, route("802001").call
        ('reversal', 'close', None)
        >>> route("800201", profile="docs-2026-02").call
        'reversal'
    """
    if profile not in PROFILES:
        raise InputError(
            "profile", "is {value!r}", "one of {known}", value=profile, known=", ".join(PROFILES)
        )
    if hk_cancel not in ("deny", "allow"):
        raise InputError("hk_cancel", "is {value!r}", "deny or allow", value=hk_cancel)
    row = catalogue.pay_types().get(pay_type)
    if row is None:
        return Route(pay_type, None, _fill(_UNLISTED, pay_type), "unlisted", "chosen")
    if row.hk_only and profile in ("seed", "2017"):
        if hk_cancel == "deny":
            reason = _fill(_HONG_KONG, pay_type)
            return Route(pay_type, None, reason, row.sure, row.source, row.dispute)
        if profile == "seed":
            return _by_profile(row, *_where_hong_kong_may(row))
    return _by_profile(row, profile, row.cancel[profile])


def route_of_hold(pay_type: str) -> Route:
    """Return the call that releases what a pre-authorisation holds.

    Example:
        >>> route_of_hold("801808").call, route_of_hold("801808").sure
        ('unfreeze', 'inferred')
    """
    row = catalogue.pay_types().get(pay_type)
    if row is not None and row.mode == "preauth":  # the documents name this call for cards
        return Route(pay_type, "unfreeze", _ALIPAY_HOLD, "inferred", "docs2024; chosen", ("C39",))
    source = "docs2024; docs2026; live2026"
    return Route(pay_type, "unfreeze", _CARD_HOLD, "published", source, ("C39",))


def _where_hong_kong_may(row: PayType) -> tuple[Profile, str]:
    """Return the edition that names a cancel for a pay type of Hong Kong alone, and the call."""
    editions: tuple[Profile, ...] = ("docs-2026-02", "docs-2026-late")
    for edition in editions:
        if row.cancel[edition] in ("reversal", "close"):
            return edition, row.cancel[edition]
    return "seed", "ask"  # then it is one of the page's "other wallets"


def _by_profile(row: PayType, profile: Profile, said: str) -> Route:
    call: Call | None = None
    if said in ("reversal", "ask", "close"):
        call = "reversal" if said == "reversal" else "close"
    sure = _sureness(row, profile, said)
    reason = _fill(_PUBLISHED[said], row.code, row, profile)
    if call and sure == "inferred":
        mark = _fill(_INFERRED, row.code)
        reason = Text(reason.zh + mark.zh, reason.en + mark.en)
    return Route(
        row.code,
        call,
        reason,
        sure,
        row.source if profile == "seed" else profile,
        row.dispute,
    )


def _sureness(row: PayType, profile: Profile, said: str) -> Sure:
    if profile == "seed" and said == row.cancel["seed"]:
        return row.sure
    if said in ("ask", "unlisted"):
        return said  # type: ignore[return-value]
    # The page of April 2026 calls its lists typical, that of 2017 has a rule and no list.
    return "published" if profile == "docs-2026-02" else "inferred"


def _fill(text: Text, pay_type: str, row: PayType | None = None, profile: str = "seed") -> Text:
    def words(language: Literal["zh", "en"]) -> str:
        wallet = catalogue.wallets()[row.wallet].name.say(language) if row else ""
        return text.say(language).format(
            pay_type=pay_type,
            wallet=wallet,
            mode=_MODES.get(row.mode, row.mode) if row else "",
            source=_TITLES[profile].say(language),
        )

    return Text(words("zh"), words("en"))
