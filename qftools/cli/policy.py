"""``qftools policy``: timeouts and retries per wallet, with sources; and the options to change
them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

import click

from qftools.cli import output
from qftools.cli.command import Command, json_option, option, parse_pairs, print_json
from qftools.locale import mark, text

if TYPE_CHECKING:
    from qftools.cancellation.policy import Policy

F = TypeVar("F", bound=Callable[..., Any])

policy_option = option(
    "--policy",
    "changes",
    multiple=True,
    metavar="NAME=VALUE",
    callback=parse_pairs,
    help=mark("Change a timeout or retry limit, for example cancel_after=300; see qftools policy."),
)
_wait_option = option(
    "--wait-for-payer",
    is_flag=True,
    help=mark("Give the payer time: cancel only orders older than two minutes."),
)


def policy_options(command: F) -> F:
    """Add the options that change the policy."""
    return policy_option(_wait_option(command))


def chosen(
    pay_type: str | None, changes: list[tuple[str, str]], wait_for_payer: bool
) -> Policy | None:
    """The policy that the options ask for; None for the pay type's own.

    Raises:
        click.BadParameter: There is no such name, or it takes no such value.
    """
    from qftools.cancellation.policy import policy_for

    if not changes and not wait_for_payer:
        return None
    policy = policy_for(pay_type)
    values = {name: _number(policy, name, value) for name, value in changes}
    changed = replace(policy, **values)
    return changed.waiting_for_the_payer() if wait_for_payer else changed


def _number(policy: Policy, name: str, value: str) -> Any:
    known = {field.name: type(getattr(policy, field.name)) for field in fields(policy)}
    del known["source"]
    if name not in known:
        said = text("a policy has no {name!r}; it has: {names}")
        raise click.BadParameter(said.format(name=name, names=", ".join(known)))
    try:
        return known[name](value)
    except ValueError:
        said = text("{name} takes a number, not {value!r}")
        raise click.BadParameter(said.format(name=name, value=value)) from None


@click.command(
    cls=Command,
    short_help=mark("Show timeouts and retries per wallet, with sources"),
    help=mark(
        "Show the timeouts and retries of a cancel: of one pay type, or the whole table.\n"
        "\n"
        "A later row overrides an earlier one. All waits are in seconds."
    ),
)
@click.argument("pay_type", required=False, metavar="[PAY_TYPE]")
@json_option
def policy(pay_type: str | None, as_json: bool) -> None:
    """Show the timeouts and retries of a cancel."""
    from qftools import catalogue
    from qftools.cancellation.policy import policy_for, rules, rules_for

    if pay_type is not None and pay_type not in catalogue.pay_types():
        raise click.UsageError(text("No source lists pay type {code}.").format(code=pay_type))
    rows = rules() if pay_type is None else rules_for(pay_type)
    result = policy_for(pay_type)
    values = {field.name: getattr(result, field.name) for field in fields(result)}
    if as_json:
        told = [
            {
                "wallet": row.wallet,
                "mode": row.mode,
                "values": dict(row.values),
                "source": row.source,
                "note": row.note.say(),
            }
            for row in rows
        ]
        print_json({"pay_type": pay_type, "policy": values, "rows": told})
        return
    if pay_type is not None:
        output.folded(f"{pay_type}  {catalogue.pay_types()[pay_type].name.say()}")
        click.echo()
        output.fields(values)
        click.echo()
    output.table(
        (text("wallet"), text("mode"), text("values"), text("source"), text("why")),
        [
            (
                row.wallet,
                row.mode,
                ", ".join(f"{name}={value:g}" for name, value in row.values.items()),
                row.source,
                row.note.say(),
            )
            for row in rows
        ],
        prose=3,
    )
