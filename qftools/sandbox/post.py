"""One POST to a merchant's address: the only place of the sandbox that sends anything.

To loopback only, unless somebody says otherwise by name; no redirect is followed, no proxy
is asked, and no more of an answer is read than is shown.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from qftools.errors import SandboxError

if TYPE_CHECKING:
    import requests

TIMEOUT = (3.0, 10.0)  # seconds to connect, and between two pieces of the answer
MOST_READ = 4_096
LONGEST_URL = 256  # notify_url is String(256)


@dataclass(frozen=True, slots=True)
class Posted:
    """What became of it: the answer's status and beginning, or status 0 and why not."""

    status: int
    body: bytes


def check(url: str, *, anywhere: bool = False) -> None:
    """Refuse an address that must not be sent to.

    Args:
        url: The address.
        anywhere: Whether it may lie outside this machine.

    Raises:
        SandboxError: It is no http(s) address, or not on loopback.

    Example:
        >>> check("http://127.0.0.1:9000/notify")
        >>> check("http://192.168.1.1/")
        Traceback (most recent call last):
        ...
        qftools.errors.SandboxError: 192.168.1.1 is not this machine; ...
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise SandboxError(f"the address can't be read: {error}") from error
    if parts.scheme not in ("http", "https") or not host or port == 0:
        raise SandboxError("an address must begin with http:// or https:// and name a host")
    if len(url) > LONGEST_URL or not url.isprintable() or " " in url:
        raise SandboxError(f"an address has {LONGEST_URL} characters at most, and no blanks")
    if parts.username is not None or parts.password is not None:
        raise SandboxError("an address must not hold a user name or password")
    if not anywhere and not is_loopback(host):
        raise SandboxError(
            f"{host[:80]} is not this machine; notifications go to loopback addresses only, "
            "unless the switch notify_hosts is set to anywhere"
        )


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine, without asking anybody.

    A name that merely resolves to loopback is not: names can change their minds.

    Example:
        >>> [is_loopback(host) for host in ("localhost", "shop.localhost", "::1", "127.0.0.2")]
        [True, True, True, True]
        >>> is_loopback("127.0.0.1.example.com"), is_loopback("0x7f000001")
        (False, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def is_port_here(url: str, port: int | None) -> bool:
    """Tell whether an address is that port of this machine."""
    try:
        parts = urlsplit(url)
        return port is not None and parts.port == port and is_loopback(parts.hostname or "")
    except ValueError:
        return False


def post(url: str, headers: Mapping[str, str], body: bytes, *, anywhere: bool = False) -> Posted:
    """Send one POST and return what came back. Never raises for what the other side does.

    Raises:
        SandboxError: The address must not be sent to.
    """
    import requests  # half of a served sandbox's start, and most of them notify nobody

    check(url, anywhere=anywhere)
    parts = urlsplit(url)
    host = parts.hostname or ""
    sent = dict(headers)
    if host.endswith(".localhost"):  # means this machine by its standard; not every resolver knows
        sent["Host"] = parts.netloc
        url = parts._replace(
            netloc=f"127.0.0.1:{parts.port}" if parts.port else "127.0.0.1"
        ).geturl()
    with requests.Session() as session:
        session.trust_env = False  # no proxy, no netrc
        try:
            with session.post(
                url,
                data=body,
                headers=sent,
                timeout=TIMEOUT,
                allow_redirects=False,
                stream=True,
            ) as response:
                return Posted(response.status_code, _beginning(response))
        except (requests.RequestException, ValueError, OSError) as error:
            return Posted(0, _why(error).encode())


def _beginning(response: requests.Response) -> bytes:
    return bytes(next(response.iter_content(MOST_READ), b""))


def _why(error: Exception) -> str:
    import requests

    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate can't be verified"
    if isinstance(error, requests.ConnectionError):
        return "nobody answers there"
    return type(error).__name__
