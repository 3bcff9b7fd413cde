"""The list of commands. Each lives in a module of its own, loaded when it is asked for."""

from __future__ import annotations

from collections import UserDict
from importlib import import_module
from typing import Any

import click

from qftools.cli.command import Group, Option
from qftools.locale import mark

# In the order of a first day, each with the module that it lives in.
_HOME = {
    "demo": "demo",
    "sandbox": "sandbox",
    "tap": "tap",
    "compare": "compare",
    "listen": "listen",
    "report": "report",
    "exam": "exam",
    "sign": "sign",
    "explain": "explain",
    "replay": "replay",
    "pay": "calls",
    "query": "calls",
    "cancel": "cancel",
    "sweep": "sweep",
    "pending": "journal",
    "resume": "journal",
    "journal": "journal",
    "reverse": "calls",
    "close": "calls",
    "refund": "refund",
    "capture": "calls",
    "release": "calls",
    "policy": "policy",
    "openapi": "openapi",
    "mcp": "mcp",
}


class _Commands(UserDict[str, Any]):
    """The commands by name; a command's module is loaded when the command is used."""

    def __getitem__(self, name: str) -> click.Command:
        module = import_module(f"qftools.cli.{self.data[name]}")
        command: click.Command = getattr(module, name)
        return command


def _say_version(ctx: click.Context, _param: click.Parameter, asked: bool) -> None:
    if not asked or ctx.resilient_parsing:
        return
    from qftools.cli.version import print_version

    print_version()
    ctx.exit()


@click.group(
    cls=Group,
    commands=_Commands(_HOME),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help=mark("Check whether a QFPay payment went through, and cancel it if not."),
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_say_version,
    cls=Option,
    help=mark("Show the version and exit."),
)
def main() -> None:
    """Check whether a QFPay payment went through, and cancel it if not."""
