"""Web addresses read in one way, so that the host which is checked is the host which is called.

Readers of addresses differ over tabs, backslashes, full-width dots and short forms of numbers.
Here each is refused, or written as every reader takes it; only what was written so is used.
"""

from __future__ import annotations

import ipaddress
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from qftools.errors import QFPayError
from qftools.patterns import pattern

_NAME = pattern(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
_LONGEST = 253
_NUMBER = pattern(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")  # so says the URL standard


class AddressError(QFPayError, ValueError):
    """The text is no address of http or https that can be read in one way only."""


class Address(NamedTuple):
    """An address of http or https, without user name, password and fragment.

    Attributes:
        scheme: ``http`` or ``https``.
        host: In ASCII and lower case, without a dot at its end, IPv6 without brackets.
        port: None for the scheme's own.
        rest: Path and query as they came.
    """

    scheme: str
    host: str
    port: int | None
    rest: str

    @property
    def url(self) -> str:
        """The whole address."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port is None else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.rest}"

    @property
    def is_loopback(self) -> bool:
        """Whether it is this machine, by its name or number alone (no look-up)."""
        return is_loopback(self.host)


def read_address(text: str) -> Address:
    r"""Read an address.

    Raises:
        AddressError: It is no address, names no host, holds a user name or password, or
            characters over which readers differ.

    Example:
        >>> read_address("HTTPS://OpenAPI-hk。qfapi。com./").url
        'https://openapi-hk.qfapi.com/'
        >>> read_address("http://[::ffff:127.0.0.1]:80/a?b=1").url
        'http://127.0.0.1:80/a?b=1'
        >>> read_address("http://evil.example\\.localhost")
        Traceback (most recent call last):
        ...
        qftools...AddressError: an address holds no blank, backslash or control character
    """
    if not text.isprintable() or " " in text or "\\" in text:
        raise AddressError("an address holds no blank, backslash or control character")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise AddressError("the host or the port of the address can't be read") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise AddressError("an address must begin with http:// or https:// and name a host")
    if "@" in parts.netloc:
        raise AddressError("an address must not hold a user name or password")
    if parts.netloc.startswith("[") and ":" not in parts.hostname:
        raise AddressError("only a number of IPv6 stands in brackets")
    query = f"?{parts.query}" if parts.query else ""
    return Address(parts.scheme, normal_host(parts.hostname), port, parts.path + query)


def normal_host(host: str) -> str:
    """Return a host as every reader takes it: a name in ASCII, or an IP number in full.

    Args:
        host: A name or number, IPv6 without brackets.

    Raises:
        AddressError: It is no host.

    Example:
        >>> [normal_host(host) for host in ("Shop.Example.", "127。0。0。1", "::ffff:127.0.0.1")]
        ['shop.example', '127.0.0.1', '127.0.0.1']
    """
    name = host.lower().removesuffix(".")
    number: ipaddress.IPv4Address | ipaddress.IPv6Address | None = None
    try:
        if not name.isascii() and len(name) <= _LONGEST:
            import idna  # most hosts never need it

            name = idna.encode(name, uts46=True, std3_rules=True).decode().removesuffix(".")
        if ":" in name and "%" not in name:
            number = ipaddress.IPv6Address(name)
            number = number.ipv4_mapped or number
        elif _NUMBER.fullmatch(name):
            number = ipaddress.IPv4Address(name)  # in full; 127.1 and 0x7f.1 are not for all
    except ValueError:
        name = ""
    if number is not None and not number.is_unspecified:
        return str(number)
    if number is not None or len(name) > _LONGEST or not _NAME.fullmatch(name):
        raise AddressError("{host!r} is no host", host=host[:80])
    return name


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine, by its name or number alone (no look-up).

    A name that merely resolves to loopback is not: what it resolves to can change.

    Example:
        >>> [is_loopback(host) for host in ("localhost", "shop.localhost", "::1", "127.0.0.2")]
        [True, True, True, True]
        >>> is_loopback("127.0.0.1.example.com"), is_loopback("1.2.3.4")
        (False, False)
    """
    try:
        host = normal_host(host)
    except AddressError:
        return False
    if host == "localhost" or host.endswith(".localhost"):  # RFC 6761
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def split(text: str) -> SplitResult:
    """Take any text apart as an address is; where there is no telling, it is all path and query.

    For what others have recorded. Never for an address that is called.

    Example:
        >>> split("https://[::1/trade/v1/query?syssn=1").query
        'syssn=1'
    """
    try:
        parts = urlsplit(text)
        _ = parts.port
        return parts
    except ValueError:
        path, _, query = text.partition("#")[0].partition("?")
        return SplitResult("", "", path, query, "")
