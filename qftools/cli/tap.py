"""``qftools tap``: a proxy in front of a gateway that shows, explains and records what passes."""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qftools.cli import exits, output
from qftools.cli.command import (
    Command,
    app_code_option,
    client_key_option,
    json_option,
    option,
)
from qftools.locale import mark, text
from qftools.texts import of_system

if TYPE_CHECKING:
    from qftools.tap.tap import Tap


@click.command(
    cls=Command,
    short_help=mark("Stand in front of a gateway: show, explain and record what passes"),
    help=mark(
        "Stand in front of a gateway until Ctrl-C: give your program the address of the tap as "
        "the gateway's address. Each request is sent on once and unchanged (only the Host line "
        "becomes the gateway's), and the reply comes back as it is.\n"
        "\n"
        "Each line says what was asked and answered, whether both signatures are right (with "
        "--client-key), and why a call was refused. A gateway that is not on this machine is "
        "marked REAL: what passes moves real money. The tap sends nothing by itself. "
        "`qftools report --sandbox` and `qftools explain --sandbox` take its address, too; the "
        "report is printed at the end.\n"
        "\n"
        "With --fault a reply is lost, comes late or in half, although the gateway has acted. For "
        "a gateway that is REAL that has to be confirmed by its host."
    ),
)
@option(
    "--to",
    required=True,
    metavar="URL",
    help=mark("Scheme and host of the gateway, such as https://openapi-hk.qfapi.com."),
)
@option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8789,
    show_default=True,
    help=mark("Port on 127.0.0.1; 0 takes a free one."),
)
@app_code_option
@client_key_option
@option(
    "--environment",
    envvar="QFTOOLS_ENVIRONMENT",
    type=click.Choice(["sandbox", "test", "production"]),
    help=mark("The environment of your program's credentials; a host of another is refused."),
)
@option(
    "--allow",
    multiple=True,
    metavar="NAME",
    help=mark("Allow one exception to this check; the refusal shows its name."),
)
@option(
    "--record",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help=mark("Record what passes, redacted, as a HAR file; one that exists is continued."),
)
@option(
    "--fault",
    type=click.Choice(["lost", "slow", "half"]),
    help=mark("What happens to the reply; the gateway has acted."),
)
@option(
    "--on",
    default="*",
    show_default=True,
    metavar="ENDPOINT",
    help=mark("The calls that the fault is for: payment, query, cancel ..., * for all."),
)
@option(
    "--times",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help=mark("How many replies it is for."),
)
@option(
    "--seconds",
    type=click.FloatRange(0, 600),
    default=35.0,
    show_default=True,
    help=mark("How late a slow reply comes."),
)
@option(
    "--confirm",
    default="",
    metavar="HOST",
    help=mark("The gateway's host once more: confirms a fault where real money can move."),
)
@json_option
def tap(
    to: str,
    port: int,
    app_code: str | None,
    client_key: str | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Forward until Ctrl-C or SIGTERM."""
    from qftools.cli.tap_lines import tap_lines
    from qftools.tap.tap import Tap

    faults = {name: options.pop(name) for name in ("fault", "on", "times", "seconds", "confirm")}
    stopped = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stopped.set())
    with Tap(to, app_code=app_code or "", client_key=client_key or "", **options) as running:
        _arm(running, **faults)
        with tap_lines(running, as_json=as_json) as lines:
            try:
                running.serve(port)
            except OSError as error:
                raise click.UsageError(
                    text(
                        "Can't listen on port {port}: {reason}. --port 0 takes a free one."
                    ).format(port=port, reason=of_system(error.strerror))
                ) from error
            _say_ready(running, as_json=as_json)
            lines.start()  # not before: the line that says ready is the first
            told = False
            while not stopped.wait(1):  # on Windows Ctrl-C does not end a wait without a limit
                if running.trouble and not told:
                    told = True
                    said = text("The recording can't be written any more: {reason}")
                    click.echo(said.format(reason=of_system(running.trouble)), err=True)
            running.close()  # before the lines end: what is under way has its line, too
    found = running.report()
    if found.looked:
        click.echo(output.as_json({"report": found.to_dict()}) if as_json else "")
        if not as_json:
            click.echo("\n".join(map(output.plain, found.say().splitlines())))
    raise exits.ServerStopped(exits.DONE)


def _arm(tap: Tap, *, fault: str | None, on: str, times: int, seconds: float, confirm: str) -> None:
    if fault is None:
        return
    if tap.real and not confirm and sys.stdin.isatty():
        click.secho(
            text(
                "The reply will be kept from your program although the gateway has acted: real "
                "money can move without your program knowing."
            ),
            fg="red",
            bold=True,
            err=True,
        )
        confirm = click.prompt(text("Type the gateway's host to confirm"), err=True)
    name = {"lost": "lost after"}.get(fault, fault)
    late = seconds if fault == "slow" else None
    tap.arm(name, on, times, seconds=late, confirmed_host=confirm)


def _say_ready(tap: Tap, *, as_json: bool) -> None:
    if as_json:
        click.echo(output.as_json({"ready": tap.url, "to": tap.to, "real": tap.real}))
    else:
        said = text("Tap ready at {url}, in front of {to}. Ctrl-C stops it.")
        click.echo(said.format(url=tap.url, to=output.plain(tap.to)))
    if tap.real:
        said = text("REAL: {to} is no sandbox. Every call that passes can move real money.")
        click.secho(said.format(to=output.plain(tap.to)), fg="red", bold=True, err=True)
