"""A cancel as it goes on and as it ended: each question, the verdict, the next command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from qftools.cli import output
from qftools.cli.account import check_the_key
from qftools.locale import text

if TYPE_CHECKING:
    from qftools.cancellation.outcome import Outcome, Taken
    from qftools.cancellation.walk import Ask, Walk
    from qftools.client.client import Client
    from qftools.journal.journal import Journal

_LONG = 20  # characters of a note that are not printed twice in a row

_COLOURS = {"no": "green", "returned": "green", "yes": "yellow", "unknown": "red"}


class Teller:
    """Says each question while it is asked: a cancel can take minutes."""

    def __init__(self) -> None:
        self._note = ""

    def asking(self, walk: Walk, action: Ask) -> None:
        click.echo(f"{walk.step:8} {action.endpoint:9}", nl=False)

    def told(self, walk: Walk, taken: Taken) -> None:
        code = taken.answer.respcd or ""
        note = output.plain(taken.note())
        again = text("as above") if len(note) > _LONG and note == self._note else note
        self._note = note
        # Silence for a quarter of a minute would look like a hang.
        wait = text("next in {seconds:.0f} s").format(seconds=walk.wait) if walk.wait else ""
        click.echo(
            "  ".join(filter(None, (f" {taken.finding:10} {code:5} {again}".rstrip(), wait)))
        )


def again(outcome: Outcome, client: Client, journal: Journal | None) -> str | None:
    """The command that goes on with what is unfinished, None if it is finished."""
    from qftools.errors import JournalError
    from qftools.journal.going_on import SETTLED

    if outcome.verdict in SETTLED:
        return None
    anew = output.cancel_line(outcome.order)
    if outcome.payment is not None:
        anew = output.refund_line(outcome.order, outcome.payment)
    if journal is None:
        return anew
    try:
        owed = [entry.number for entry in journal.pending(client) if entry.order == outcome.order]
    except JournalError:  # the outcome's warnings have said so
        return anew
    return output.resume_line(owed[-1]) if owed else None


def print_outcome(outcome: Outcome, again: str | None) -> None:
    """Say the verdict, what to do, and the command to go on with (*again*), if any."""
    verdict = click.style(outcome.verdict.value, fg=_COLOURS[outcome.charged], bold=True)
    click.echo(f"\n{verdict}  {outcome.meaning.say()}")
    for words in outcome.remarks():
        click.echo(output.plain(words))
    click.echo(_advice(outcome))
    if command := _command(outcome, again):
        click.echo(f"  {command}")


def to_dict(outcome: Outcome, again: str | None) -> dict[str, Any]:
    """The outcome for JSON, with the command to go on with (*again*), if any."""
    command = _command(outcome, again)
    return {**outcome.to_dict(), "advice": _advice(outcome), "command": command}


def _command(outcome: Outcome, again: str | None) -> str | None:
    corrected = outcome.corrections
    return output.cancel_line(outcome.order, corrected) if corrected else again


def _advice(outcome: Outcome) -> str:
    lines = (outcome.advice(), check_the_key(outcome))
    return "\n".join(line for line in lines if line)
