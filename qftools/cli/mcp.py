"""``qftools mcp``: the tools for assistants, over standard input and output."""

from __future__ import annotations

from typing import Any

import click

from qftools.cli.account import ACCOUNT, gateway_options, taken_out
from qftools.cli.command import Command, option
from qftools.cli.journal import journal_option, open_journal
from qftools.locale import mark, text


@click.command(
    cls=Command,
    short_help=mark("Serve tools for assistants (Model Context Protocol)"),
    help=mark(
        "Serve tools for assistants over standard input and output, by the Model Context "
        "Protocol: look at an order, explain a paste or a code, name the call that cancels, "
        "cancel to the verdict, and control the sandbox.\n"
        "\n"
        "Without QFTOOLS_BASE_URL it runs a sandbox of its own; an address of this machine must "
        "be that of a sandbox. A gateway with real money is refused unless --real-money names "
        "its host. Every cancel is in the journal, and every call of a tool is a line in the "
        "file beside it that ends in .calls. Keys and payers are redacted from all answers.\n"
        "\n"
        "It needs the extra mcp: pip install 'qfpay-toolkit[mcp]'"
    ),
)
@gateway_options
@journal_option
@option(
    "--real-money",
    metavar="HOST",
    help=mark("Allow the tools to act on this gateway, where money is real."),
)
def mcp(journal: str | None, real_money: str | None, **options: Any) -> None:
    """Serve tools for assistants."""
    try:
        from qftools.assistant.server import serve
    except ImportError as error:
        raise click.UsageError(
            text("qftools mcp needs the extra mcp: {command}").format(
                command="pip install 'qfpay-toolkit[mcp]'"
            )
        ) from error
    from qftools.assistant.place import opened

    account = taken_out(options, *ACCOUNT)
    with open_journal(journal) as keeper, opened(account, real_money, keeper) as place:
        click.echo(place.about, err=True)
        serve(place)
