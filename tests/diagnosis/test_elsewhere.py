"""Documented addresses that this tool does not call, and pay types that no document lists."""

import pytest

from qftools import catalogue, explain, sign

KEY = "5E5B3A0C9D7F4E21A8B6C4D2E0F19375"
PARAMS = {"pay_type": "800201", "txamt": "1280", "txcurrcd": "HKD"}


def sent_to(address, **changes):
    params = {**PARAMS, **changes}
    body = "&".join(f"{name}={value}" for name, value in params.items())
    return explain(
        f"curl '{address}' -H 'X-QF-APPCODE: {KEY[::-1]}' -H 'X-QF-SIGN: {sign(params, KEY)}'"
        f" -H 'Content-Type: application/x-www-form-urlencoded' -d '{body}'",
        key=KEY,
    )


def found(diagnosis):
    return {finding.id: finding for finding in diagnosis.findings}


PATHS = [place for place in catalogue.elsewhere() if place.startswith("/")]
HOSTS = [place for place in catalogue.elsewhere() if not place.startswith("/")]


@pytest.mark.parametrize("place", PATHS)
@pytest.mark.parametrize("below", ["", "/", "/create"])
def test_a_documented_path_is_called_documented_with_a_link_to_its_page(place, below):
    diagnosis = sent_to(f"https://openapi-hk.qfapi.com{place}{below}")

    assert diagnosis.ok and diagnosis.signature == "right"
    finding = found(diagnosis)["elsewhere"]
    assert catalogue.elsewhere()[place].link in finding.evidence.zh
    assert catalogue.elsewhere()[place].name.zh in finding.what.zh


@pytest.mark.parametrize("place", HOSTS)
def test_a_documented_host_is_called_documented_whatever_its_path(place):
    diagnosis = sent_to(f"https://{place}/any/where")

    assert diagnosis.ok
    assert catalogue.elsewhere()[place].link in found(diagnosis)["elsewhere"].evidence.en


@pytest.mark.parametrize("path", ["/trade/v1/payments", "/customers/v1/create", "/custom"])
def test_what_only_resembles_a_documented_path_is_still_unknown(path):
    assert "path-unknown" in found(sent_to(f"https://openapi-hk.qfapi.com{path}"))


@pytest.mark.parametrize("row", catalogue.environments().values(), ids=lambda row: row.key)
def test_every_host_of_the_catalogue_is_known(row):
    assert "host-unknown" not in found(sent_to(f"{row.base_url}/trade/v1/query"))


@pytest.mark.parametrize("pay_type", ["800709", "800299", "809999"])
def test_a_pay_type_that_no_source_lists_is_a_warning(pay_type):
    diagnosis = sent_to("https://openapi-hk.qfapi.com/trade/v1/query", pay_type=pay_type)

    assert diagnosis.ok
    assert found(diagnosis)["pay-type-unknown"].severity == "warning"
