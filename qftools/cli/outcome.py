"""A cancel as it goes on and as it ended: each question, the verdict, the next command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from qftools.cli import output
from qftools.cli.account import check_the_key
from qftools.locale import text

if TYPE_CHECKING:
    from qftools.cancellation.run import Outcome, Taken
    from qftools.cancellation.walk import Ask, Walk

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


def print_outcome(outcome: Outcome, again: str | None) -> None:
    """Say the verdict, what to do, and the command to go on with (*again*), if any."""
    from qftools.cancellation.verdicts import VERDICTS

    charged = VERDICTS[outcome.verdict].charged
    verdict = click.style(outcome.verdict.value, fg=_COLOURS[charged], bold=True)
    click.echo(f"\n{verdict}  {outcome.meaning.say()}")
    if outcome.because:
        click.echo(output.plain(outcome.because.say()))
    for warning in outcome.warnings:
        click.echo(output.plain(warning))
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
