"""``qftools sandbox``: the fake gateway on this machine, for clients in any language."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qftools.cli import output
from qftools.cli.command import Command, app_code_option, client_key_option, option, parse_pairs
from qftools.locale import mark, text

if TYPE_CHECKING:
    from qftools.models import Credentials


@click.command(
    cls=Command,
    short_help=mark("Run the sandbox gateway on this machine"),
    help=mark(
        "Run the sandbox gateway on this machine, until Ctrl-C.\n\n"
        "It listens on loopback only, checks signatures, keeps books, and moves no money. One line "
        "says when it is ready."
    ),
)
@option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8787,
    show_default=True,
    help=mark("Port on 127.0.0.1; 0 takes a free one."),
)
@app_code_option
@client_key_option
@option("--seed", type=int, default=0, show_default=True, help=mark("Makes ids repeatable."))
@option(
    "--data",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help=mark("Keep the books in this file; in memory if left out."),
)
@option(
    "--load",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help=mark("Merchants and orders to start with, as TOML."),
)
@option(
    "--switch",
    "switches",
    multiple=True,
    metavar="NAME=VALUE",
    callback=parse_pairs,
    help=mark("How to read a rule on which the sources disagree; may be repeated."),
)
@option("--quiet", is_flag=True, help=mark("Do not say when it is ready."))
def sandbox(
    port: int,
    app_code: str | None,
    client_key: str | None,
    seed: int,
    data: Path | None,
    load: Path | None,
    switches: list[tuple[str, str]],
    quiet: bool,
) -> None:
    """Run the sandbox gateway until Ctrl-C or SIGTERM."""
    from qftools.sandbox import Sandbox

    account = {"app_code": app_code, "client_key": client_key}
    chosen: dict[str, Any] = {name: value for name, value in account.items() if value}
    running = Sandbox(seed=seed, clock="real", data=data, **(dict(switches) | chosen))
    stopped = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stopped.set())
    with running:
        if load is not None:
            running.load(load)
        url = running.serve(port)
        if not quiet:
            _say_ready(url, running.credentials, known=client_key is None)
        stopped.wait()


def _say_ready(url: str, credentials: Credentials, *, known: bool) -> None:
    """One line. The key is in it only where it is the one that every sandbox has."""
    line = text("Sandbox ready at {url}, app code {app_code}. Ctrl-C stops it.")
    if known:
        line = text("Sandbox ready at {url}, app code {app_code}, key {key}. Ctrl-C stops it.")
    key = credentials.client_key if known else ""
    click.echo(line.format(url=url, app_code=output.plain(credentials.app_code), key=key))
