"""``qftools explain NUMBER``: what the journal and the gateway have of one order."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import click

from qftools.cli import output
from qftools.cli.account import ACCOUNT, connected
from qftools.cli.journal import existing_journal
from qftools.locale import text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qftools.diagnosis import Diagnosis
    from qftools.journal.journal import Entry
    from qftools.models import Transaction

_ACCOUNT = ("QFTOOLS_BASE_URL", "QFTOOLS_APP_CODE", "QFTOOLS_CLIENT_KEY")


def explain_order(
    number: str, show: Callable[[Diagnosis], None], environment: str | None, *, as_json: bool
) -> bool:
    """Say what is known of an order; return whether nothing about it is wrong.

    Args:
        number: The merchant's or the gateway's.
        show: Prints a diagnosis.
        environment: Where the credentials are valid.
    """
    entries = _journalled(number)
    found = _asked(number, environment) if all(map(os.environ.get, _ACCOUNT)) else None
    if not entries and found is None:
        raise click.UsageError(
            text(
                "The journal has no cancel of {number}, and no account is named to ask the gateway"
                " as: set {variables}."
            ).format(number=output.plain(number), variables=", ".join(_ACCOUNT))
        )
    if as_json:
        _print_json(number, entries, found)
    else:
        _print_entries(entries)
        if found is not None:
            show(found)
    return found is None or found.ok


def _journalled(number: str) -> Sequence[Entry]:
    """What the journal has of the order, under either number; no journal is made for it."""
    journal = existing_journal(os.environ.get("QFTOOLS_JOURNAL"))
    if journal is None:
        return ()
    with journal:
        found = {entry.number: entry for entry in journal.entries(out_trade_no=number)}
        found |= {entry.number: entry for entry in journal.entries(syssn=number)}
    return tuple(found.values())


def _asked(number: str, environment: str | None) -> Diagnosis:
    """What the gateway's rows of the order mean; one query, nothing is changed."""
    from qftools.diagnosis import explain

    options: dict[str, Any] = dict.fromkeys(ACCOUNT)
    for name in ("base_url", "app_code", "client_key", "mchid"):
        options[name] = os.environ.get(f"QFTOOLS_{name.upper()}")
    options |= {"algorithm": "MD5", "environment": environment, "allow": ()}
    with connected(options) as client:
        reply = client.query(number)
    return explain(_answer(reply.transactions, number))


def _answer(rows: Sequence[Transaction], number: str) -> str:
    whole = {"respcd": "0000", "data": [dict(row.row) for row in rows]}
    return json.dumps(whole if rows else {**whole, "out_trade_no": number})


def _print_entries(entries: Sequence[Entry]) -> None:
    from qftools.journal.page import what_to_do

    for entry in entries:
        said = text("Entry {number} of the journal, {order}: {verdict}").format(
            number=entry.number,
            order=output.plain(entry.order.number),
            verdict=entry.verdict.value if entry.verdict else text("INTERRUPTED"),
        )
        click.secho(said, bold=True)
        click.echo(output.plain(what_to_do(entry)))
        click.echo(f"  qftools journal show {entry.number}\n")


def _print_json(number: str, entries: Sequence[Entry], found: Diagnosis | None) -> None:
    from qftools.cli.command import print_json
    from qftools.journal.page import what_to_do

    print_json(
        {
            "number": number,
            "journal": [
                {
                    "number": entry.number,
                    "verdict": entry.verdict and entry.verdict.value,
                    "settled": entry.settled,
                    "next": what_to_do(entry),
                }
                for entry in entries
            ],
            "gateway": found and found.to_dict(),
        }
    )
