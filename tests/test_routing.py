"""Which call cancels a payment: the vendor's page decides, other editions by name."""

import pytest

from qftools import catalogue
from qftools.errors import InputError
from qftools.routing import PROFILES, route


@pytest.mark.parametrize(
    ("pay_type", "call", "sure"),
    [
        ("800108", "reversal", "published"),  # Alipay CPM
        ("800101", "reversal", "published"),  # Alipay MPM
        ("800208", "reversal", "published"),  # WeChat Pay CPM
        ("800201", "close", "published"),  # WeChat Pay MPM
        ("802301", "close", "ask"),  # PayNow: another wallet
        ("802001", None, "published"),  # FPS: Hong Kong only
        ("805801", None, "published"),  # PayMe: Hong Kong only
        ("801501", None, "published"),  # Alipay Hong Kong
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
        ("805801", "close", "ask"),  # PayMe: no edition names a cancel
    ],
)
def test_hong_kong_pay_types_have_a_call_where_they_are_allowed_one(pay_type, call, sure):
    found = route(pay_type, hk_cancel="allow")

    assert (found.call, found.sure) == (call, sure)


def test_a_pay_type_that_nobody_lists_has_no_call():
    found = route("899999")

    assert found.call is None
    assert found.sure == "unlisted"


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
