"""One POST to a merchant's address: the only place of the sandbox that sends anything.

To loopback only, unless ``notify_hosts`` says otherwise; no redirect is followed, no proxy
is used, and only the beginning of an answer is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qftools.errors import SandboxError
from qftools.transport.addresses import Address, AddressError, read_address

if TYPE_CHECKING:
    import requests

TIMEOUT = (3.0, 10.0)  # seconds to connect, and between two pieces of the answer
MOST_READ = 4_096
LONGEST_URL = 256  # notify_url is String(256)


@dataclass(frozen=True, slots=True)
class Posted:
    """The answer's status and beginning, or status 0 and the reason."""

    status: int
    body: bytes


def check(url: str, *, anywhere: bool = False) -> Address:
    """Return the address to send to, or refuse it.

    Args:
        url: The address.
        anywhere: Whether it may lie outside this machine.

    Raises:
        SandboxError: It is no http(s) address, or not on loopback.

    Example:
        >>> check("http://127.0.0.1:9000/notify").host
        '127.0.0.1'
        >>> check("http://192.168.1.1/")
        Traceback (most recent call last):
        ...
        qftools.errors.SandboxError: 192.168.1.1 is not this machine; ...
    """
    try:
        address = read_address(url)
    except AddressError as error:
        raise SandboxError("the address is wrong: {error}", error=error) from None
    if len(url) > LONGEST_URL:
        raise SandboxError("an address has {most} characters at most", most=LONGEST_URL)
    if not anywhere and not address.is_loopback:
        raise SandboxError(
            "{host} is not this machine; notifications go to loopback addresses only, unless the "
            "switch notify_hosts is set to anywhere",
            host=address.host[:80],
        )
    return address


def is_port_here(url: str, port: int | None) -> bool:
    """Tell whether an address is that port of this machine."""
    try:
        address = read_address(url)
    except AddressError:
        return False
    return port is not None and address.port == port and address.is_loopback


def post(url: str, headers: Mapping[str, str], body: bytes, *, anywhere: bool = False) -> Posted:
    """Send one POST and return the answer. No failure of the receiver raises.

    Raises:
        SandboxError: The address must not be sent to.
    """
    import requests  # half of a served sandbox's start; most of them send no notification

    from qftools.transport.deadline import direct

    address = check(url, anywhere=anywhere)
    with direct() as session:
        try:
            with session.post(
                address.url,
                data=body,
                headers=headers,
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
        return "no connection"
    return type(error).__name__
