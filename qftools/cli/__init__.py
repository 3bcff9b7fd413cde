"""The command line: reads options, calls one function of the package, shows what it said.

Decides nothing. Commands import what they need when they run, so that help is quick.
"""

from __future__ import annotations

import click

import qftools
from qftools.cli.calls import close, pay, query, refund, reverse
from qftools.cli.cancel import cancel
from qftools.cli.command import Group
from qftools.cli.demo import demo
from qftools.cli.explain import explain
from qftools.cli.journal import journal, pending, resume
from qftools.cli.listen import listen
from qftools.cli.openapi import openapi
from qftools.cli.policy import policy
from qftools.cli.replay import replay
from qftools.cli.report import report
from qftools.cli.sandbox import sandbox
from qftools.cli.sign import sign
from qftools.cli.sweep import sweep
from qftools.locale import mark


@click.group(
    cls=Group,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help=mark("Find out whether money moved, and call a QFPay payment off if it did not."),
)
@click.version_option(qftools.__version__, prog_name="qftools")
def main() -> None:
    """Find out whether money moved, and call a QFPay payment off if it did not."""


for command in (
    *(demo, sandbox, listen, report, sign, explain, replay),
    *(pay, query, cancel, sweep, pending, resume, journal),
    *(reverse, close, refund, policy, openapi),
):
    main.add_command(command)
