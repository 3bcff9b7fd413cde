"""One line for each exchange that a tap saw; that of a real gateway begins with REAL."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from qftools.cli import output
from qftools.cli.exchange_lines import ExchangeLines, Line, row, text_line
from qftools.locale import mark, text

if TYPE_CHECKING:
    from qftools.sandbox.gateway.log import LoggedExchange
    from qftools.tap.tap import Tap


@contextlib.contextmanager
def tap_lines(tap: Tap, *, as_json: bool) -> Iterator[ExchangeLines]:
    """Lines for what passes from now on; they are printed once they are started."""
    with contextlib.closing(_TapLines(tap, as_json=as_json)) as lines:
        tap.gateway.log.watchers.append(lines.add)
        yield lines


class _TapLines(ExchangeLines):
    """Adds what only a tap knows: whether the gateway is real, and the reply's signature."""

    def __init__(self, tap: Tap, *, as_json: bool) -> None:
        super().__init__(tap.why, as_json=as_json)
        self._tap = tap

    def _line(self, seen: LoggedExchange) -> Line:
        reply_signature = getattr(seen, "reply_signature", "")
        if self._as_json:
            return row(seen) | {"real": self._tap.real, "reply_signature": reply_signature}
        parts = [click.style("REAL", fg="red", bold=True)] if self._tap.real else []
        parts.append(text_line(seen))
        if seen.came is not None and seen.came.error and not seen.fault:
            parts.append(output.plain(seen.came.error))
        if (said := _SIGNATURES.get(reply_signature)) is not None:
            parts.append(text(said))
        return "  ".join(parts)


_SIGNATURES = {
    "wrong": mark("the reply's signature is wrong"),
    "other key": mark("signed with another key than the one given here"),
    "missing": mark("the reply is not signed"),
}
