"""Exit statuses: one table, for the commands, for ``--help``, for the site, and for scripts.

Those of a verdict are the verdicts' own (``qftools.cancellation.verdicts``).
"""

from __future__ import annotations

from typing import NamedTuple

from qftools.locale import Language, language, mark, text
from qftools.texts import COLON

DONE = 0
REFUSED = 1
USAGE = 2
UNKNOWN = 3
IN_PROGRESS = 4
BROKEN = 70  # EX_SOFTWARE of sysexits.h
INTERRUPTED = 130  # what a shell says of a command that Ctrl-C ended


class Kept(SystemExit):
    """Ends a command that did something at the gateway: the status says what, printed or not."""


class ServerStopped(Kept):
    """Ends a server; output that could not be printed is ignored."""


class Exit(NamedTuple):
    """One exit status, and when a command ends with it."""

    status: int
    when: str


_OF_A_CALL = (
    Exit(DONE, mark("done")),
    Exit(REFUSED, mark("the gateway refused, or another error")),
    Exit(USAGE, mark("wrong usage or input; nothing was sent")),
    Exit(UNKNOWN, mark("no usable reply: the outcome is unknown; query before you act again")),
    Exit(IN_PROGRESS, mark("accepted and still in progress (1143, 1145): query until it is final")),
    Exit(
        BROKEN,
        mark(
            "qftools or the system failed, as the message says; if a request was sent, its outcome "
            "is unknown: query before you act again"
        ),
    ),
)


def verdict_status(name: str) -> int:
    """The exit status of a verdict.

    Example:
        >>> verdict_status("CANCELLED"), verdict_status("PAID")
        (0, 10)
    """
    from qftools.cancellation.verdicts import VERDICTS, Verdict

    return VERDICTS[Verdict(name)].exit_status


def exits(lang: Language | None = None) -> list[Exit]:
    """Every way to end, by exit status, with its meaning in the language in use."""
    from qftools.cancellation.verdicts import REFUNDS, VERDICTS

    spoken = lang or language()
    rows = [Exit(row.status, text(row.when, spoken)) for row in _OF_A_CALL]
    rows += [
        Exit(row.exit_status, f"{row.verdict}{COLON.say(spoken)}{row.meaning.say(spoken)}")
        for row in (REFUNDS | VERDICTS).values()
    ]
    return sorted(rows, key=lambda row: row.status)
