"""One line for each exchange of a running sandbox: text for people, JSON for programs.

The sandbox never waits for the reader of these lines: one that stops reading loses some,
and is told how many.
"""

from __future__ import annotations

import contextlib
import json
import queue
import threading
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from qftools.cli import output
from qftools.locale import text
from qftools.sandbox.books.clock import beijing, utc_iso
from qftools.sandbox.words import say

if TYPE_CHECKING:
    from qftools.sandbox.explanations import Explanation
    from qftools.sandbox.gateway.log import LoggedExchange

_WAITING_LINES = 10_000
_MOST_EXPLAINED = 50  # lines that wait; a program that is wrong a thousand times is wrong once

Line = str | dict[str, object]
Why = Callable[["LoggedExchange"], "Explanation | None"]


class ExchangeLines:
    """Prints in a thread of its own.

    Args:
        why: Says why a call was refused; asked in the printing thread, so that no answer waits.
        as_json: One JSON object a line instead of text.
    """

    def __init__(self, why: Why, *, as_json: bool) -> None:
        self._why = why
        self._as_json = as_json
        self._redactor = output.redactor()  # here: the lines are made in other threads
        self._lines: queue.Queue[tuple[Line, LoggedExchange] | None] = queue.Queue(_WAITING_LINES)
        self._left_out = 0
        self._thread = threading.Thread(target=self._print, name="qftools-lines", daemon=True)

    def start(self) -> None:
        """Begin to print; what came before is printed first."""
        self._thread.start()

    def add(self, seen: LoggedExchange) -> None:
        """Take an exchange in; called by the sandbox with its lock held."""
        try:
            self._lines.put_nowait((self._line(seen), seen))
        except queue.Full:
            self._left_out += 1

    def _line(self, seen: LoggedExchange) -> Line:
        return row(seen) if self._as_json else text_line(seen)

    def close(self) -> None:
        """Print the waiting lines, unless the output is closed."""
        with contextlib.suppress(queue.Full):
            self._lines.put_nowait(None)
            if self._thread.is_alive():
                self._thread.join(timeout=1)

    def _print(self) -> None:
        while (waiting := self._lines.get()) is not None:
            if self._left_out:
                left_out, self._left_out = self._left_out, 0
                click.echo(_left_out_line(left_out, as_json=self._as_json))
            click.echo(self.written(*waiting))

    def written(self, line: Line, seen: LoggedExchange) -> str:
        """The line with why the call was refused, unless too many others wait for theirs."""
        why = self._why(seen) if self._lines.qsize() < _MOST_EXPLAINED else None
        if isinstance(line, dict):
            line = output.as_json(line | {"explanation": why and _brief(why)})
        elif why:
            line += f"  #{seen.number} {output.plain(why.said.say())}"
        return self._redactor.words(line)


def _brief(why: Explanation) -> dict[str, object]:
    return {name: value for name, value in why.to_dict().items() if name != "text"}


def row(seen: LoggedExchange) -> dict[str, object]:
    """Return an exchange as plain data. No key and no other parameter is in it."""
    return {
        "number": seen.number,
        "at": utc_iso(seen.at),
        "endpoint": seen.endpoint,
        "method": seen.request.method,
        "signature": seen.signature,
        "status": seen.response.status if seen.response else None,
        "respcd": seen.respcd,
        "fault": seen.fault,
        "app_code": seen.app_code,
        "out_trade_no": seen.params.get("out_trade_no", ""),
        "syssn": seen.params.get("syssn", ""),
        "orders": [asdict(order) for order in seen.orders],
    }


def text_line(seen: LoggedExchange) -> str:
    """Write an exchange for a person: when, what, the answer, and what became of the order."""
    place = seen.endpoint or output.plain(f"{seen.request.method} {seen.request.path}"[:80])
    status = str(seen.response.status) if seen.response and not seen.endpoint else ""
    parts = [beijing(seen.at)[11:], f"{place:8}", seen.respcd or status or "    "]
    if seen.signature not in ("ok", "unread"):
        parts.append(say("signature_" + seen.signature.replace(" ", "_")))
    if seen.fault:
        parts.append(text("fault: {fault}").format(fault=seen.fault))
    for order in seen.orders:
        moved = order.after if order.before == order.after else f"{order.before} -> {order.after}"
        parts.append(f"{output.plain(order.out_trade_no)} ({moved.removeprefix(' -> ')})")
    if not seen.orders:
        number = seen.params.get("out_trade_no") or seen.params.get("syssn") or ""
        parts.append(output.plain(number)[:64])
    return "  ".join(parts).rstrip()


def _left_out_line(count: int, *, as_json: bool) -> str:
    if as_json:
        return json.dumps({"left_out": count})
    return text("... {count} lines left out").format(count=count)
