"""Which gateway, and as whom: the options of every command that talks to one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from qftools.cli.command import (
    app_code_option,
    client_key_option,
    json_option,
    key_or_ask,
    option,
    required,
)
from qftools.locale import mark

if TYPE_CHECKING:
    from qftools.client import Client

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    option(
        "--base-url",
        envvar="QFTOOLS_BASE_URL",
        help=mark("Scheme and host of the gateway, or of a sandbox."),
    ),
    app_code_option,
    client_key_option,
    option("--mchid", envvar="QFTOOLS_MCHID", help=mark("The merchant number, if one was issued.")),
    option(
        "--algorithm",
        type=click.Choice(["MD5", "SHA256"], case_sensitive=False),
        metavar="[MD5|SHA256]",
        default="MD5",
        help=mark("The hash of the signatures."),
    ),
    option(
        "--environment",
        envvar="QFTOOLS_ENVIRONMENT",
        type=click.Choice(["sandbox", "test", "production"]),
        help=mark("Where these credentials are valid; a host of another kind is refused."),
    ),
    option(
        "--allow",
        multiple=True,
        metavar="NAME",
        help=mark("Make an exception to that guard, by the name that its refusal says."),
    ),
    json_option,
)
ACCOUNT = (
    "base_url",
    "app_code",
    "client_key",
    "mchid",
    "algorithm",
    "environment",
    "allow",
)


def account_options(command: F) -> F:
    """Add the options that say which gateway and as whom, and ``--json``."""
    for add in reversed(_OPTIONS):
        command = add(command)
    return command


@contextmanager
def connected(options: dict[str, Any]) -> Iterator[Client]:
    """A client for the account that *options* name; they are taken out of *options*.

    Raises:
        click.UsageError: Something is missing; the message names option and variable.
        WrongPlaceError: The credentials don't belong on that host.
    """
    from qftools.client import Client
    from qftools.models import Credentials

    account = {name: options.pop(name) for name in ACCOUNT}
    base_url = required(account["base_url"], "--base-url", "QFTOOLS_BASE_URL")
    credentials = Credentials(
        required(account["app_code"], "--app-code", "QFTOOLS_APP_CODE"),
        key_or_ask(account["client_key"]),
        mchid=account["mchid"] or None,
        algorithm=account["algorithm"],
        environment=account["environment"],
    )
    with Client(credentials, base_url, allow=account["allow"]) as client:
        yield client


order_options: tuple[Callable[[F], F], ...] = (
    option("--out-trade-no", metavar="NUMBER", help=mark("Your own number of the payment.")),
    option("--syssn", metavar="NUMBER", help=mark("The gateway's number of the payment.")),
)


def names_an_order(command: F) -> F:
    """Add ``--out-trade-no`` and ``--syssn``; at least one of them must be given."""
    for add in reversed(order_options):
        command = add(command)
    return command


_ROUTES = (
    option(
        "--profile",
        type=click.Choice(["seed", "docs-2026-02", "docs-2026-late", "2017"]),
        default="seed",
        show_default=True,
        help=mark("Whose word decides between reversal and close."),
    ),
    option(
        "--hk-cancel",
        type=click.Choice(["deny", "allow"]),
        default="deny",
        show_default=True,
        help=mark("Whether wallets of Hong Kong alone may be cancelled."),
    ),
)


def route_options(command: F) -> F:
    """Add the options that choose between the calls that cancel: ``--profile``, ``--hk-cancel``."""
    for add in reversed(_ROUTES):
        command = add(command)
    return command
