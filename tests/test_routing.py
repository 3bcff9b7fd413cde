"""Which call cancels a payment: the vendor's page decides, other editions by name."""

import pytest

from qftools import catalogue, locale
from qftools.cancellation.routing import PROFILES, route, route_of_hold
from qftools.catalogue import Text
from qftools.errors import InputError


@pytest.mark.parametrize(
    ("pay_type", "call", "sure"),
    [
        ("800108", "reversal", "published"),  # Alipay CPM
        ("800101", "reversal", "published"),  # Alipay MPM
        ("800208", "reversal", "published"),  # WeChat Pay CPM
        ("800201", "close", "published"),  # WeChat Pay MPM
        ("802301", "close", "ask"),  # PayNow: another wallet
        ("802001", None, "inferred"),  # FPS: Hong Kong only
        ("805801", None, "inferred"),  # PayMe: Hong Kong only
        ("801501", None, "inferred"),  # Alipay Hong Kong
        ("801101", None, "unlisted"),  # Alipay online
    ],
)
def test_the_vendor_page_decides_by_default(pay_type, call, sure):
    found = route(pay_type)

    assert (found.call, found.sure) == (call, sure)


@pytest.mark.parametrize(
    ("profile", "mpm", "cpm"),
    [
        ("seed", "close", "reversal"),
        ("docs-2026-02", "reversal", "close"),
        ("docs-2026-late", "close", "reversal"),
        ("2017", "close", "reversal"),
    ],
)
def test_the_routes_of_wechat_pay_moved_and_each_edition_can_be_chosen(profile, mpm, cpm):
    assert route("800201", profile=profile).call == mpm
    assert route("800208", profile=profile).call == cpm


def test_hong_kong_pay_types_are_cancellable_where_a_later_edition_says_so():
    assert route("801501").call is None
    assert route("801501", profile="docs-2026-02").call == "reversal"


@pytest.mark.parametrize(
    ("pay_type", "call", "sure"),
    [
        ("801501", "reversal", "published"),  # the documentation of February 2026
        ("801008", "close", "published"),
        ("801514", "close", "inferred"),  # the page of April 2026
        ("802801", "reversal", "inferred"),
        ("805801", "close", "ask"),  # PayMe: no edition names a cancel
    ],
)
def test_hong_kong_pay_types_have_a_call_where_they_are_allowed_one(pay_type, call, sure):
    found = route(pay_type, hk_cancel="allow")

    assert (found.call, found.sure) == (call, sure)


@pytest.mark.parametrize(("hk_cancel", "call"), [("deny", None), ("allow", "reversal")])
def test_the_edition_of_2017_keeps_hong_kong_to_the_vendor_page_unless_allowed(hk_cancel, call):
    assert route("802001", profile="2017", hk_cancel=hk_cancel).call == call


def test_a_pay_type_that_nobody_lists_has_no_call():
    found = route("899999")

    assert found.call is None
    assert found.sure == "unlisted"
    assert found.pay_type == "899999"
    assert found.disputes == ()


def test_only_what_exists_in_hong_kong_alone_is_said_to_have_no_cancel():
    # Elsewhere an edition names a call, says "ask", or lists none; routes have words for these.
    for row in catalogue.pay_types().values():
        for edition, said in row.cancel.items():
            assert said != "none" or (row.hk_only and edition == "seed")


def test_a_profile_that_does_not_exist_is_refused():
    with pytest.raises(InputError, match="profile is 'latest'"):
        route("800101", profile="latest")  # type: ignore[arg-type]


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("hk_cancel", ["deny", "allow"])
def test_every_pay_type_has_a_route_with_reason_and_source_in_both_languages(profile, hk_cancel):
    for pay_type in catalogue.pay_types():
        found = route(pay_type, profile=profile, hk_cancel=hk_cancel)

        assert found.call in ("reversal", "close", None)
        assert found.source
        assert all("{" not in text for text in (found.reason.zh, found.reason.en))
        assert found.reason.zh != found.reason.en


def test_a_choice_about_hong_kong_that_does_not_exist_is_refused():
    with pytest.raises(InputError, match="hk_cancel is 'maybe'"):
        route("800101", hk_cancel="maybe")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("pay_type", "choices", "en", "zh"),
    [
        (
            "800101",
            {},
            "Vendor page: Alipay MPM is cancelled by /trade/v1/reversal.",
            "厂商页面规定：支付宝 MPM 用 /trade/v1/reversal（冲正）撤销。",
        ),
        (
            "800208",
            {"profile": "docs-2026-02"},
            "English documentation of February 2026: WeChat Pay CPM is cancelled by"
            " /trade/v1/close.",
            "2026 年 2 月英文文档规定：微信支付 CPM 用 /trade/v1/close（关闭）撤销。",
        ),
        (
            "800101",
            {"profile": "2017"},
            "Documentation of 2017: Alipay MPM is cancelled by /trade/v1/reversal."
            " That this includes 800101 is inferred.",
            "2017 年文档规定：支付宝 MPM 用 /trade/v1/reversal（冲正）撤销。"
            "其中包括 800101 是推断。",
        ),
        (
            "800212",
            {"profile": "docs-2026-late"},
            "Traditional Chinese page of April 2026: WeChat Pay h5 is cancelled by"
            " /trade/v1/close. That this includes 800212 is inferred.",
            "2026 年 4 月繁体中文页规定：微信支付 h5 用 /trade/v1/close（关闭）撤销。"
            "其中包括 800212 是推断。",
        ),
        (
            "802301",
            {},
            "Vendor page: other wallets use /trade/v1/close, after asking the provider whether"
            " PayNow is one of them.",
            "厂商页面：其他钱包用 /trade/v1/close，但须先联系服务商确认“PayNow”是否支持。",
        ),
        (
            "805801",
            {},
            "Vendor page: Hong Kong pay types can't be cancelled; that 805801 is one is inferred,"
            " since it exists in Hong Kong only (C20).",
            "厂商页面：香港支付类型不支持撤销；805801 只在香港可用，属于其中是推断（C20）。",
        ),
        (
            "801101",
            {},
            "No source names a cancel for Alipay web. Refund it if it was paid, otherwise"
            " let it expire.",
            "没有资料说明 支付宝 web 可以撤销。已支付的退款，未支付的等待过期。",
        ),
        (
            "899999",
            {},
            "No source lists pay type 899999, so the cancel call can't be chosen.",
            "没有资料列出支付类型 899999，不能判断用哪个接口撤销。",
        ),
    ],
)
def test_the_reason_names_the_edition_the_wallet_and_the_mode(pay_type, choices, en, zh):
    reason = route(pay_type, **choices).reason

    assert (reason.en, reason.zh) == (en, zh)


def test_a_route_names_its_pay_type_its_source_and_what_is_disputed_about_it():
    rows = catalogue.pay_types()

    assert route("899999").source == "chosen"
    assert route("805801").source == rows["805801"].source
    assert route("800101").source == rows["800101"].source
    for profile in PROFILES[1:]:
        assert route("800101", profile=profile).source == profile
    for pay_type, row in rows.items():
        found = route(pay_type)
        assert (found.pay_type, found.disputes) == (pay_type, row.dispute)
        assert found.source == row.source


@pytest.mark.parametrize("profile", PROFILES)
def test_how_sure_a_route_is_follows_from_what_its_edition_says(profile):
    for pay_type, row in catalogue.pay_types().items():
        if row.hk_only and profile in ("seed", "2017"):
            continue
        said = row.cancel[profile]
        if profile == "seed":
            assert route(pay_type).sure == row.sure
        else:
            listed = "published" if profile == "docs-2026-02" else "inferred"
            sure = said if said in ("ask", "unlisted") else listed
            assert route(pay_type, profile=profile).sure == sure


@pytest.mark.parametrize(
    ("pay_type", "sure", "source", "zh", "en"),
    [
        (
            "801808",
            "inferred",
            "docs2024; chosen",
            "已冻结的预授权用 /trade/v1/unfreeze 解冻：文档只写了银行卡，用于支付宝是选定（C39）。",
            "What a pre-authorisation holds is released by /trade/v1/unfreeze: documented for"
            " cards, chosen for Alipay (C39).",
        ),
        (
            "802801",
            "published",
            "docs2024; docs2026; live2026",
            "文档规定：银行卡已冻结的预授权用 /trade/v1/unfreeze 解冻。",
            "The documents: what a card's pre-authorisation holds is released by"
            " /trade/v1/unfreeze.",
        ),
    ],
)
def test_a_hold_is_released_by_unfreeze_and_the_reason_says_how_sure_that_is(
    pay_type, sure, source, zh, en
):
    found = route_of_hold(pay_type)

    assert (found.pay_type, found.call, found.disputes) == (pay_type, "unfreeze", ("C39",))
    assert (found.sure, found.source, found.reason) == (sure, source, Text(zh, en))


def test_a_hold_of_a_pay_type_that_no_source_lists_is_taken_for_a_cards():
    assert route_of_hold("899999").reason == route_of_hold("802801").reason


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_reason_is_in_both_languages_whichever_is_in_use(language):
    before = locale.language()
    locale.use_language(language)
    try:
        reason = route("800101").reason
    finally:
        locale.use_language(before)

    assert "用 /trade/v1/reversal（冲正）撤销" in reason.zh and "is cancelled by" in reason.en
