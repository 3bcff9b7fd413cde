"""Which credentials may be used with which host: checked before anything is sent.

Every host of QFPay moves real money, its "test" hosts too.
"""

from __future__ import annotations

from collections.abc import Collection

from qftools import catalogue
from qftools.errors import WrongPlaceError
from qftools.locale import mark
from qftools.models import Credentials
from qftools.transport.addresses import AddressError, read_address, split

# The exceptions by name, and what each allows.
EXCEPTIONS = {
    "plain-http": "http without TLS to a host that is not this machine",
    "unlisted-host": "a host that is neither QFPay's nor this machine",
    "environment-mismatch": "credentials of another environment than the host's",
}


def check_place(base_url: str, credentials: Credentials, allow: Collection[str] = ()) -> str:
    """Return *base_url* in its normal form, if *credentials* belong there.

    Without a trailing slash, its host in ASCII and lower case: use this one, not what was given.

    Args:
        base_url: Scheme and host, for example ``https://openapi-hk.qfapi.com``.
        credentials: Say in ``environment`` where they are valid.
        allow: Names of exceptions to make: ``plain-http``, ``unlisted-host``,
            ``environment-mismatch``.

    Raises:
        WrongPlaceError: Host and credentials do not belong together, or the connection is not
            safe.

    Example:
        >>> test = Credentials("A1", "a secret", environment="test")
        >>> check_place("https://openapi-hk.qfapi.com", test)
        Traceback (most recent call last):
        ...
        qftools.errors.WrongPlaceError: base_url is a production host (Hong Kong), but the \
credentials are for test; it must be a host of the credentials' environment (to allow \
it: allow "environment-mismatch")
    """
    return check_address(base_url, credentials.environment, allow)


def check_address(base_url: str, environment: str | None, allow: Collection[str] = ()) -> str:
    """Return *base_url* in its normal form, if credentials of *environment* belong there.

    As `check_place`, for a caller that does not have the credentials.

    Raises:
        WrongPlaceError: They do not, or the connection is not safe.
    """
    for name in allow:
        if name not in EXCEPTIONS:
            raise WrongPlaceError(
                "allow", "has {value!r}", "made of {known}", value=name, known=", ".join(EXCEPTIONS)
            )
    if not isinstance(base_url, str):  # a variable of the environment that is not set
        raise _not_a_url(base_url)
    try:
        address = read_address(base_url)
    except AddressError:
        raise _not_a_url(base_url) from None
    if "?" in base_url or "#" in base_url:
        raise _not_a_url(base_url)
    url, host = address.url.rstrip("/"), address.host
    if address.is_loopback:
        if environment in ("test", "production"):
            _refuse_unless(
                allow,
                "environment-mismatch",
                WrongPlaceError(
                    "base_url",
                    "is this machine, but the credentials are for {said}",
                    "a host of the credentials' environment (to allow it: allow "
                    '"environment-mismatch")',
                    said=environment,
                ),
            )
        return url
    if address.scheme == "http":
        _refuse_unless(
            allow,
            "plain-http",
            WrongPlaceError(
                "base_url",
                "is http to {host}",
                'https, except on this machine (to allow it: allow "plain-http")',
                host=host,
            ),
        )
    _check_listed(host, environment, allow)
    return url


def _check_listed(host: str, environment: str | None, allow: Collection[str]) -> None:
    rows = catalogue.environments().values()
    place = next((row for row in rows if split(row.base_url).hostname == host), None)
    if place is None:
        _refuse_unless(
            allow,
            "unlisted-host",
            WrongPlaceError(
                "base_url",
                "is {host}, which is not a known host of QFPay",
                "a host of QFPay (Environments, on the site, lists them) (to allow it: allow "
                '"unlisted-host")',
                host=host,
            ),
        )
        return
    kind = "production" if place.kind in ("production", "old") else "test"
    if environment != kind:
        _refuse_unless(allow, "environment-mismatch", _mismatch(place, kind, environment))


def _mismatch(place: catalogue.Environment, kind: str, environment: str | None) -> WrongPlaceError:
    if environment:
        return WrongPlaceError(
            "base_url",
            "is a {kind} host ({region}), but the credentials are for {said}",
            'a host of the credentials\' environment (to allow it: allow "environment-mismatch")',
            kind=kind,
            region=place.region,
            said=environment,
        )
    return WrongPlaceError(
        "base_url",
        "is a {kind} host ({region}), but the environment of the credentials is not set",
        'a host of the credentials\' environment (set environment="{kind}" or '
        'QFTOOLS_ENVIRONMENT={kind}) (to allow it: allow "environment-mismatch")',
        kind=kind,
        region=place.region,
    )


def _refuse_unless(allow: Collection[str], name: str, error: WrongPlaceError) -> None:
    if name not in allow:
        raise error


def _not_a_url(base_url: str) -> WrongPlaceError:
    rule = mark("scheme and host, such as https://openapi-hk.qfapi.com")
    if "@" in str(base_url):
        return WrongPlaceError("base_url", "contains a user or password", rule)
    return WrongPlaceError("base_url", "is {value!r}", rule, value=base_url)
