"""``qftools openapi``: the OpenAPI description of gateway and control API."""

from __future__ import annotations

import json
from pathlib import Path

import click

from qftools.cli.command import Command, option, print_json
from qftools.locale import mark, text


@click.command(
    cls=Command,
    short_help=mark("Print the OpenAPI description of the gateway and the sandbox"),
    help=mark(
        "Print the OpenAPI 3.1 description of the gateway's calls, its notification, and the "
        "sandbox's control API, as JSON."
    ),
)
@option(
    "--url",
    default="http://127.0.0.1:8787",
    show_default=True,
    help=mark("The server that the description names."),
)
@option(
    "--output",
    "-o",
    "file",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    metavar="FILE",
    help=mark("Write it to this file."),
)
def openapi(url: str, file: Path | None) -> None:
    """Print the OpenAPI description."""
    from qftools.sandbox.control.openapi import description

    described = description(url)
    if file is None:
        print_json(described)
        return
    written = json.dumps(described, ensure_ascii=False, indent=2)
    file.write_text(written + "\n", encoding="utf-8")
    click.echo(text("Written: {file}").format(file=file), err=True)
