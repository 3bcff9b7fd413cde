"""``qftools sign``: the canonical text and the signature, step by step."""

from __future__ import annotations

from typing import Any

import click

from qftools.cli import exits
from qftools.cli.command import (
    Command,
    client_key_option,
    json_option,
    key_or_ask,
    option,
    parse_pairs,
    print_json,
)
from qftools.locale import mark, text


@click.command(
    cls=Command,
    short_help=mark("Sign parameters, step by step, or check a signature"),
    help=mark(
        "Show the text that is signed for these parameters, and its signature.\n"
        "\n"
        "Give plain values, before URL encoding. With --body, sign the raw bytes of a reply or "
        "a notification instead."
    ),
)
@click.argument("params", nargs=-1, metavar="NAME=VALUE...", callback=parse_pairs)
@option(
    "--algorithm",
    type=click.Choice(["MD5", "SHA256"], case_sensitive=False),
    metavar="[MD5|SHA256]",
    default="MD5",
    show_default=True,
    help=mark("SHA256 must be announced in X-QF-SIGNTYPE."),
)
@option(
    "--empty-values",
    type=click.Choice(["include", "exclude"]),
    default="include",
    show_default=True,
    help=mark("Whether a parameter without a value is part of the text."),
)
@option(
    "--body",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True),
    help=mark("Sign the raw bytes of this file (- for standard input)."),
)
@option("--check", metavar="SIGNATURE", help=mark("Check this signature."))
@client_key_option
@json_option
def sign(
    params: list[tuple[str, str]], body: str | None, client_key: str | None, **how: Any
) -> None:
    """Sign parameters, or the raw bytes of a reply."""
    if bool(params) == bool(body):
        raise click.UsageError(text("Give either NAME=VALUE parameters or --body."))
    key = key_or_ask(client_key)
    steps = _of_body(body, key, how) if body else _of_params(params, key, how)
    given = how["check"]
    right = None if given is None else steps["accepted"](given)
    if how["as_json"]:
        shown = {name: value for name, value in steps.items() if name != "accepted"}
        print_json(shown if right is None else {**shown, "right": right})
    else:
        _print(steps, right)
    if right is False:
        raise SystemExit(exits.REFUSED)


def _of_params(params: list[tuple[str, str]], key: str, how: dict[str, Any]) -> dict[str, Any]:
    from qftools import signing

    algorithm, empty = how["algorithm"], how["empty_values"]
    return {
        "text": signing.canonical(params, empty_values=empty),
        "algorithm": algorithm,
        "signature": signing.sign(params, key, algorithm, empty_values=empty),
        "accepted": lambda given: signing.verify(params, key, given, algorithm, empty_values=empty),
    }


def _of_body(body: str, key: str, how: dict[str, Any]) -> dict[str, Any]:
    from qftools import signing

    with click.open_file(body, "rb") as file:
        raw = file.read()
    return {
        "bytes": len(raw),
        "algorithm": how["algorithm"],
        "signature": signing.sign_body(raw, key, how["algorithm"]),
        "accepted": lambda given: signing.verify_body(raw, key, given, how["algorithm"]),
    }


def _print(steps: dict[str, Any], right: bool | None) -> None:
    if "text" in steps:
        click.echo(text("1. Sort by name and join; values as they are, not URL-encoded:"))
        click.echo(f"   {steps['text']}")
    else:
        click.echo(text("1. Take the raw bytes as they came: {count}").format(count=steps["bytes"]))
    click.echo(text("2. Append the client key directly. (It is not shown.)"))
    click.echo(
        text("3. Hash the UTF-8 bytes with {algorithm}, in upper-case hexadecimal:").format(
            algorithm=steps["algorithm"]
        )
    )
    click.echo(f"   X-QF-SIGN: {steps['signature']}")
    if steps["algorithm"] != "MD5" and "text" in steps:
        click.echo(f"   X-QF-SIGNTYPE: {steps['algorithm']}")
    if right is not None:
        click.echo(
            text("The given signature is right.")
            if right
            else text("The given signature is wrong.")
        )
