"""``qftools sandbox``: the fake gateway on this machine, for clients in any language."""

from __future__ import annotations

import contextlib
import gc
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qftools.catalogue.rows import PROFILES
from qftools.cli import exits, output
from qftools.cli.command import (
    Command,
    app_code_option,
    client_key_option,
    json_option,
    option,
    parse_pairs,
)
from qftools.locale import language, mark, text
from qftools.transport.addresses import is_loopback

if TYPE_CHECKING:
    from qftools.cli.exchange_lines import ExchangeLines
    from qftools.sandbox import Sandbox


@click.command(
    cls=Command,
    short_help=mark("Run the sandbox gateway on this machine"),
    help=mark(
        "Run the sandbox gateway on this machine until Ctrl-C.\n"
        "\n"
        "It listens on loopback unless --host says otherwise, checks signatures, keeps orders, "
        "and charges no money. "
        "It prints one line when it is ready, then one line per exchange. The texts of its "
        "answers are in the language of --lang.\n"
        "\n"
        "Special amounts play special cases: 77003 is paid after a password, 77024 loses the "
        "reply to a cancel."
    ),
)
@option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8787,
    show_default=True,
    help=mark("The port; 0 takes a free one."),
)
@option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help=mark(
        "Where it listens. Any address but loopback lets other machines in, and needs "
        "--control-token, --app-code and --client-key."
    ),
)
@option(
    "--public-url",
    "public_urls",
    multiple=True,
    metavar="URL",
    help=mark(
        "The address under which others reach it; QR codes lead to it. May be repeated: the "
        "first is in the links, the hosts of all are let in."
    ),
)
@option(
    "--control-token",
    envvar="QFTOOLS_CONTROL_TOKEN",
    help=mark(
        "What the control API and the workbench ask for; prefer the variable QFTOOLS_CONTROL_TOKEN."
    ),
)
@app_code_option
@client_key_option
@option(
    "--mchid",
    type=click.Choice(["optional", "required", "forbidden"]),
    help=mark("Whether calls must carry an mchid; optional if left out."),
)
@option(
    "--load",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help=mark("Merchants and orders to start with, as TOML."),
)
@option(
    "--data",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help=mark("Keep the orders in this file; in memory if left out."),
)
@option(
    "--profile",
    type=click.Choice(PROFILES),
    default="seed",
    show_default=True,
    help=mark("Which edition of the documents decides between reversal and close."),
)
@option(
    "--set",
    "--switch",
    "switches",
    multiple=True,
    metavar="NAME=VALUE",
    callback=parse_pairs,
    help=mark("Choose a reading of a rule on which the sources disagree; may be repeated."),
)
@option(
    "--clock",
    type=click.Choice(["real", "virtual"]),
    default="real",
    show_default=True,
    help=mark("virtual stands still until the control API advances it."),
)
@option(
    "--notify-url",
    metavar="URL",
    help=mark("The address for notifications without a notify_url; on this machine."),
)
@option("--seed", type=int, default=0, show_default=True, help=mark("Makes ids repeatable."))
@json_option
@option("--quiet", is_flag=True, help=mark("Print one line when it is ready, and nothing else."))
def sandbox(
    port: int,
    host: str,
    public_urls: tuple[str, ...],
    control_token: str | None,
    load: Path | None,
    notify_url: str | None,
    as_json: bool,
    quiet: bool,
    client_key: str | None,
    **chosen: Any,
) -> None:
    """Run the sandbox gateway until Ctrl-C or SIGTERM."""
    stopped = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stopped.set())
    with _opened(client_key=client_key, **chosen) as running:
        loaded = running.load(load).merchants if load is not None else ()
        if notify_url:
            running.notifications.notify(notify_url)
        known = not client_key and not loaded
        shown = loaded if not chosen["app_code"] else ()
        with (
            _lines_of(running, as_json=as_json) if not quiet else contextlib.nullcontext() as lines
        ):
            _warn_of_others(host)
            running.serve(port, host, public_urls=public_urls, control_token=control_token or "")
            _collect_seldom()
            _say_ready(running, shown, known, as_json=as_json)
            if lines is not None:
                lines.start()  # not before: the line that says ready is the first
            while not stopped.wait(1):  # on Windows Ctrl-C does not end a wait without a limit
                pass
    raise exits.ServerStopped(exits.DONE)


def _warn_of_others(host: str) -> None:
    """Say loudly that other machines are let in, where they are; ``--quiet`` does not stop it."""
    if is_loopback(host):
        return
    warning = text(
        "Warning: this listens on {host}. Every machine that reaches the port can call the gateway "
        "and open payer pages; the control API and the workbench ask for the control token. "
        "Nothing is encrypted unless a proxy in front adds TLS."
    ).format(host=output.plain(host))
    click.secho(warning, fg="yellow", bold=True, err=True)


def _collect_seldom() -> None:
    """Disable most garbage collection: orders only grow, and hold no cycles.

    Scanning them took a sixth of the time of each answer.
    """
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)


def _lines_of(
    sandbox: Sandbox, *, as_json: bool
) -> contextlib.AbstractContextManager[ExchangeLines]:
    from qftools.cli.exchange_lines import ExchangeLines
    from qftools.sandbox.explanations import explanation

    gateway = sandbox._gateway
    lines = ExchangeLines(lambda seen: explanation(seen, gateway), as_json=as_json)
    sandbox._gateway.log.watchers.append(lines.add)
    return contextlib.closing(lines)


def _opened(*, switches: list[tuple[str, str]], **chosen: Any) -> Sandbox:
    from qftools.sandbox import Sandbox
    from qftools.sandbox.gateway.settings import Settings

    Settings(dict(switches))  # names a wrong switch before it could pass for another option
    given = {name: value for name, value in chosen.items() if value is not None}
    return Sandbox(**({"lang": language()} | given | dict(switches)))


def _say_ready(sandbox: Sandbox, loaded: tuple[str, ...], known: bool, *, as_json: bool) -> None:
    """One line. The key is in it only where it is the one that every sandbox has."""
    merchant = sandbox._merchant()  # not credentials: they load the nouns of the client
    app_code = output.plain(", ".join(loaded) or merchant.app_code)
    key = merchant.client_key if known else ""
    url = sandbox._gateway.public_url
    if as_json:
        ready = {"ready": url, "app_code": app_code} | ({"client_key": key} if key else {})
        click.echo(output.as_json(ready))
        return
    line = text("Sandbox ready at {url}, app code {app_code}. Ctrl-C stops it.")
    if known:
        line = text("Sandbox ready at {url}, app code {app_code}, key {key}. Ctrl-C stops it.")
    click.echo(line.format(url=url, app_code=app_code, key=key))
