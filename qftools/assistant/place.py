"""Where the tools act: a sandbox of their own, one that runs here, or a gateway with real money."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qftools.client.client import Client
from qftools.client.guard import check_place
from qftools.errors import InputError, SandboxError
from qftools.locale import text
from qftools.models import Credentials
from qftools.sandbox.books.clock import VirtualClock
from qftools.sandbox.control.remote import TOKEN, Remote
from qftools.sandbox.sandbox import APP_CODE, CLIENT_KEY, Sandbox
from qftools.transport.addresses import read_address

if TYPE_CHECKING:
    from qftools.journal.journal import Journal


@dataclass(frozen=True, slots=True)
class Place:
    """One gateway and one merchant.

    Attributes:
        client: Calls the gateway.
        remote: The control API of a sandbox; None where money is real.
        about: Where this is, in one sentence.
        journal: Keeps every cancel.
    """

    client: Client
    remote: Remote | None
    about: str
    journal: Journal

    @property
    def secrets(self) -> frozenset[str]:
        """What no answer may show."""
        return frozenset(filter(None, (self.client.credentials.client_key, os.environ.get(TOKEN))))


@contextmanager
def opened(account: Mapping[str, Any], real_money: str | None, journal: Journal) -> Iterator[Place]:
    """Yield the place that *account* names: without ``base_url`` a sandbox of its own.

    Args:
        account: ``base_url``, ``app_code``, ``client_key`` and the other values of a client.
        real_money: The host where real money may be moved; that of ``base_url`` alone is right.
        journal: Keeps every cancel.

    Raises:
        InputError: Money is real there and *real_money* does not name that host, or it names a
            host that is not called.
        SandboxError: No sandbox answers at that address of this machine.
    """
    base_url = account["base_url"]
    host = read_address(base_url).host if base_url else "sandbox"
    on_this_machine = not base_url or read_address(base_url).is_loopback
    if real_money is not None and (on_this_machine or real_money != host):
        raise InputError(
            "--real-money",
            "names {value}, but the gateway is {host}",
            "left out, or the host of QFTOOLS_BASE_URL",
            value=real_money,
            host=host,
        )
    if not base_url:
        with _own_sandbox(account) as sandbox:
            url = sandbox.serve()
            about = text("A sandbox of its own at {url}: no money is moved.").format(url=url)
            yield Place(sandbox.client(), Remote(url), about, journal)
        return
    credentials = _credentials(account, on_this_machine)
    url = check_place(base_url, credentials, account["allow"])
    remote = None
    about = text("The gateway {host}, with REAL MONEY.").format(host=host)
    if on_this_machine:
        remote = Remote(url)
        _check_sandbox(remote)
        about = text("The sandbox at {url}: no money is moved.").format(url=url)
    elif real_money is None:
        raise InputError(
            "base_url",
            "is {host}, where money is real",
            "a sandbox on this machine (to allow it: --real-money {host})",
            host=host,
        )
    with Client(credentials, url, allow=account["allow"]) as client:
        yield Place(client, remote, about, journal)


def _own_sandbox(account: Mapping[str, Any]) -> Sandbox:
    return Sandbox(
        app_code=account["app_code"] or APP_CODE,
        client_key=account["client_key"] or CLIENT_KEY,
        clock=VirtualClock(time.time()),
    )


def _credentials(account: Mapping[str, Any], on_this_machine: bool) -> Credentials:
    """The account's; where none is given, a sandbox's published one."""
    return Credentials(
        account["app_code"] or (APP_CODE if on_this_machine else ""),
        account["client_key"] or (CLIENT_KEY if on_this_machine else ""),
        mchid=account["mchid"] or None,
        algorithm=account["algorithm"],
        environment=account["environment"],
    )


def _check_sandbox(remote: Remote) -> None:
    """Refuse what is no sandbox: an address of this machine may lead to a gateway elsewhere."""
    found = remote.call("GET", "/sandbox")
    if not isinstance(found, dict) or found.get("sandbox") != "qftools":
        raise SandboxError("what answers at {url} is no sandbox", url=remote.url)
