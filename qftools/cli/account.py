"""Gateway and credentials: the options of every command that talks to a gateway."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from qftools.catalogue.rows import PROFILES
from qftools.cli.command import (
    app_code_option,
    client_key_option,
    json_option,
    key_or_ask,
    option,
    required,
    wrong_key_hint,
)
from qftools.locale import mark, text

if TYPE_CHECKING:
    from qftools.cancellation.outcome import Outcome
    from qftools.client.client import Client

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
        help=mark("The hash algorithm of the signatures."),
    ),
    option(
        "--environment",
        envvar="QFTOOLS_ENVIRONMENT",
        type=click.Choice(["sandbox", "test", "production"]),
        help=mark(
            "The environment of these credentials; a host of another environment is refused."
        ),
    ),
    option(
        "--allow",
        multiple=True,
        metavar="NAME",
        help=mark("Allow one exception to this check; the refusal shows its name."),
    ),
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


def gateway_options(command: F) -> F:
    """Add the options for gateway and credentials."""
    for add in reversed(_OPTIONS):
        command = add(command)
    return command


def account_options(command: F) -> F:
    """Add the options for gateway and credentials, and ``--json``."""
    return gateway_options(json_option(command))


@contextmanager
def connected(options: dict[str, Any]) -> Iterator[Client]:
    """A client for the account that *options* name; they are taken out of *options*.

    Raises:
        click.UsageError: Something is missing; the message names option and variable.
        WrongPlaceError: The credentials don't belong on that host.
    """
    from qftools.client.client import Client
    from qftools.models import Credentials

    account = taken_out(options, *ACCOUNT)
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


def taken_out(options: dict[str, Any], *names: str) -> dict[str, Any]:
    """The options of these names, which are in *options* no more."""
    taken = {}
    for name in names:
        taken[name] = options.pop(name)
    return taken


def check_the_key(outcome: Outcome) -> str | None:
    """What to check where the gateway's last answer, signed or not, is that of a wrong key."""
    from qftools.client.replies import unverified_respcd

    if outcome.verdict != "UNRESOLVED" or not outcome.steps:
        return None
    last = outcome.steps[-1]
    reply = last.exchange.response if last.exchange else None
    respcd = last.answer.respcd
    if respcd is None and reply is not None and reply.header("X-QF-SIGN") is not None:
        respcd = unverified_respcd(reply.body)
    return wrong_key_hint() if respcd == "1108" else None


order_options: tuple[Callable[[F], F], ...] = (
    option("--out-trade-no", metavar="NUMBER", help=mark("Your own number of the payment.")),
    option("--syssn", metavar="NUMBER", help=mark("The gateway's number of the payment.")),
)


def names_an_order(command: F) -> F:
    """Add ``--out-trade-no`` and ``--syssn``; at least one of them must be given."""
    for add in reversed(order_options):
        command = add(command)
    return command


def numbers_argument(*, several: bool = False) -> Callable[[F], F]:
    """Add NUMBER: of an order, where its user need not say whose number it is."""
    if several:
        return click.argument("numbers", nargs=-1, metavar="[NUMBER]...")
    return click.argument("number", required=False, metavar="[NUMBER]")


def refuse_both(numbers: object, options: dict[str, Any]) -> None:
    """Refuse a number that is given both alone and with an option.

    Raises:
        click.UsageError: It is.
    """
    if numbers and (options["out_trade_no"] or options["syssn"]):
        raise click.UsageError(
            text("Give the number alone, or with --out-trade-no or --syssn, but not both.")
        )


profile_option = option(
    "--profile",
    type=click.Choice(PROFILES),
    default="seed",
    show_default=True,
    help=mark("Which edition of QFPay's docs to follow."),
)
_ROUTES = (
    profile_option,
    option(
        "--hk-cancel",
        type=click.Choice(["deny", "allow"]),
        default="deny",
        show_default=True,
        help=mark("Whether pay types of Hong Kong only may be cancelled."),
    ),
)


def route_options(command: F) -> F:
    """Add the options that choose between the calls that cancel: ``--profile``, ``--hk-cancel``."""
    for add in reversed(_ROUTES):
        command = add(command)
    return command
