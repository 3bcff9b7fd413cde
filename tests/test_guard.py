"""Credentials and hosts that do not belong together are kept apart before anything is sent."""

import pytest

from qftools import catalogue
from qftools.client.client import Client
from qftools.client.guard import check_place
from qftools.errors import WrongPlaceError
from qftools.models import Credentials

HOSTS = sorted(catalogue.environments().values(), key=lambda row: row.key)


def of(environment):
    return Credentials("A", "a secret", environment=environment)


@pytest.mark.parametrize("row", HOSTS, ids=lambda row: row.key)
def test_each_host_of_qfpay_takes_the_credentials_of_its_environment_alone(row):
    kind = "production" if row.kind in ("production", "old") else "test"
    other = "test" if kind == "production" else "production"

    assert check_place(row.base_url + "/", of(kind)) == row.base_url
    for wrong in (other, "sandbox", None):
        with pytest.raises(WrongPlaceError, match="credentials"):
            check_place(row.base_url, of(wrong))
    assert check_place(row.base_url, of(other), allow=["environment-mismatch"])


@pytest.mark.parametrize("host", ["localhost:8787", "127.0.0.1", "[::1]:1", "sandbox.localhost"])
def test_this_machine_takes_plain_http_but_no_real_credentials(host):
    assert check_place(f"http://{host}", of(None))
    assert check_place(f"http://{host}", of("sandbox"))
    for real in ("test", "production"):
        with pytest.raises(WrongPlaceError, match="is this machine"):
            check_place(f"http://{host}", of(real))


def test_plain_http_to_any_other_machine_is_refused():
    with pytest.raises(WrongPlaceError, match="plain-http"):
        check_place("http://openapi-hk.qfapi.com", of("production"))


@pytest.mark.parametrize("host", ["127.0.0.1.example.com", "notlocalhost", "qfapi.com.example"])
def test_a_host_that_only_looks_like_a_known_one_is_refused(host):
    with pytest.raises(WrongPlaceError, match="unlisted-host"):
        check_place(f"https://{host}", of("production"))


@pytest.mark.parametrize(
    "url", ["openapi-hk.qfapi.com", "ftp://localhost", "", "http://", "http://[::1", "http://h:x"]
)
def test_what_is_no_url_is_refused(url):
    with pytest.raises(WrongPlaceError, match="scheme and host"):
        check_place(url, of(None))


def test_a_password_in_the_url_is_refused_and_not_repeated():
    with pytest.raises(WrongPlaceError) as caught:
        check_place("https://me:hidden@openapi-hk.qfapi.com", of("production"))

    assert "hidden" not in str(caught.value)


def test_an_exception_that_does_not_exist_cannot_be_allowed():
    with pytest.raises(WrongPlaceError, match="allow has 'everything'"):
        check_place("http://localhost", of(None), allow=["everything"])


def test_a_client_cannot_be_made_for_the_wrong_place():
    with pytest.raises(WrongPlaceError):
        Client(of("test"), "https://openapi.qfpay.com")
