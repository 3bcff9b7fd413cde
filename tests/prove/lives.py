"""A cancel that is played through deaths of its process, whatever the gateway is."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from qftools.cancellation.outcome import Outcome
from qftools.cancellation.run import Recorder
from qftools.cancellation.verdicts import Verdict
from qftools.client.client import Client
from qftools.errors import QFPayError
from qftools.journal.journal import Journal
from qftools.models import Order
from tests.awaited import cancel, resume


class Died(BaseException):
    """The process is gone, as after ``kill -9``: nothing that it held in memory is left."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one schedule.

    Attributes:
        verdict: What was claimed in the end.
        why: Where it is UNRESOLVED: what kept it from being resolved.
        deaths: How often the process died.
        disagreements: Where claim and books differ, or a promise was broken. Empty: none.
    """

    seed: int
    verdict: Verdict
    why: str
    deaths: int
    disagreements: tuple[str, ...]


class Mortal(Recorder, Protocol):
    """Where a schedule is played; it raises ``Died`` at the moments that the schedule says."""

    client: Client
    order: Order
    broken_promises: list[str]
    deaths: int

    def rest(self) -> None:
        """The process is dead for a while."""


def judged(stage: Mortal, seed: int, outcome: Outcome, why: str, wrong: list[str]) -> Result:
    """Return what a schedule came to.

    Args:
        why: What kept it from being resolved; empty where nothing excuses that.
        wrong: What differs from the truth, and the promises that were broken.
    """
    if outcome.verdict is Verdict.UNRESOLVED and not why:
        last = [f"{taken.step} was told {taken.finding}" for taken in outcome.steps[-1:]]
        wrong = [*wrong, f"unresolved for no reason: {outcome.reason or ''.join(last)}"]
    return Result(seed, outcome.verdict, why, stage.deaths, tuple(wrong))


@contextmanager
def lived(
    stage: Mortal,
    how: Mapping[str, Any],
    *,
    seed: int,
    on_disk: bool,
    flow: Callable[..., Outcome] = cancel,
) -> Iterator[tuple[Journal, Outcome, list[str]]]:
    """Cancel, through every death; give the journal, the outcome, and what the journal says amiss.

    Args:
        stage: Where it is played.
        how: Policy and routes, as ``cancel`` takes them.
        seed: Odd: a death is followed by a resume; even: by the same cancel again.
        on_disk: The journal is a file that is opened anew after each death.
        flow: What is done: ``cancel`` or ``refund``.
    """
    with tempfile.TemporaryDirectory() if on_disk else _nowhere() as folder:
        path = str(Path(folder, "journal.db")) if folder else ":memory:"
        journal = Journal(path)
        try:
            while True:
                try:
                    outcome = _go_on(stage, journal, flow, how, resumes=bool(seed % 2))
                    break
                except Died:
                    stage.rest()
                    if folder:
                        journal.close()
                        journal = Journal(path)
            yield journal, outcome, _of_the_journal(journal, outcome)
        finally:
            journal.close()


@contextmanager
def _nowhere() -> Iterator[str]:
    yield ""


def _go_on(
    stage: Mortal,
    journal: Journal,
    flow: Callable[..., Outcome],
    how: Mapping[str, Any],
    *,
    resumes: bool,
) -> Outcome:
    begun = newest(journal)
    if begun.number and (begun.settled or resumes):
        return resume(journal, stage.client, begun.number, watch=stage)
    return flow(stage.client, stage.order, journal=journal, watch=stage, **how)


class Begun(NamedTuple):
    """An entry of a journal; the number is 0 where there is none."""

    number: int
    settled: bool


def newest(journal: Journal) -> Begun:
    """The newest entry, without its exchanges: whoever resumes it reads them anyway."""
    row = journal._file.db.execute(
        "SELECT number, settled FROM entry ORDER BY number DESC LIMIT 1"
    ).fetchone()
    return Begun(row["number"], bool(row["settled"])) if row is not None else Begun(0, False)


def _of_the_journal(journal: Journal, outcome: Outcome) -> list[str]:
    entries = journal.entries()
    said = []
    if len(entries) != 1:
        said.append(f"the journal has {len(entries)} entries of one order")
    if entries[-1].verdict is not outcome.verdict:
        said.append(
            f"the journal says {entries[-1].verdict}, the caller was told {outcome.verdict}"
        )
    if outcome.warnings:
        said.append(f"warned of {outcome.warnings[0]}")
    return said


def explain(error: Exception, seed: int) -> Result:
    """A schedule that ended in an exception is a disagreement, too: cancel gives verdicts."""
    kind = "" if isinstance(error, QFPayError) else "crashed: "
    said = (f"{kind}{type(error).__name__}: {error}",)
    return Result(seed, Verdict.UNRESOLVED, "", 0, said)
