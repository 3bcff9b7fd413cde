"""The exam run: one situation after another, each with a shop, a stage and a judgement."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from qftools.exam.evidence import seen
from qftools.exam.judging import Judgement, judge
from qftools.exam.shops import Server, Shop, command_words
from qftools.exam.situations import BadDay
from qftools.exam.stage import Sale, Stage
from qftools.sandbox.books.clock import VIRTUAL_START
from qftools.sandbox.notifications.notifications import Handler

if TYPE_CHECKING:
    from qftools.sandbox.web.shared import SharedServer

IN_PYTHON = "http://127.0.0.1/receiver"
"""The address of a receiver that is a function: nothing listens there."""

Watch = Callable[[Stage, str], None]
"""Told of a stage before the shop starts (``before``) and when all is over (``after``)."""


@dataclass(frozen=True, slots=True)
class Exam:
    """How to examine a shop.

    Attributes:
        shop: The shop.
        receiver: Where it receives notifications: an address; a command with ``{port}`` that
            starts a receiver; or a function that takes the sale and returns one, such as
            ``Inbox.receive``. Empty: it has none.
        environment: As for `Command`, for a receiver that is started.
        pay_types: Those that it takes; empty: all.
        seed: Makes the gateway's numbers.
        start: When a virtual clock begins, seconds since 1970.
        watch: Is told of each stage.
        server: Where the gateway answers a shop that needs an address.
    """

    shop: Shop
    receiver: str | Callable[[Sale], Handler] = ""
    environment: tuple[tuple[str, str], ...] = ()
    pay_types: Collection[str] = ()
    seed: int = 0
    start: float = VIRTUAL_START
    watch: Watch | None = None
    server: SharedServer | None = None

    def run(self, days: Iterable[BadDay]) -> Iterator[Judgement]:
        """Examine the shop in one situation after another.

        Example:
            >>> from qftools.exam.shops import Function
            >>> from qftools.exam.situations import chosen
            >>> exam = Exam(Function(lambda sale: "unknown"))
            >>> {judged.wrong[-1].id for judged in exam.run(chosen("basics"))}
            {'never-asked'}
        """
        for day in days:
            yield self.examine(day)

    def examine(self, day: BadDay) -> Judgement:
        """Examine the shop in one situation."""
        if lacking := self.lacks(day):
            return Judgement(day, "skipped", why=lacking)
        with ExitStack() as cleanup:
            folder = Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="qftools-exam")))
            stage = Stage(
                day,
                folder,
                seed=self.seed,
                real=self.shop.real,
                start=self.start,
                server=self.server if self.shop.served else None,
            )
            cleanup.callback(stage.close)
            cleanup.callback(self.shop.stop)
            return self._examined(stage, cleanup)

    def lacks(self, day: BadDay) -> str:
        """Return why a situation can't be run: a word of the exam's, empty for none."""
        if self.pay_types and day.pay_type not in self.pay_types:
            return "lacks pay_type"
        if day.scans and not self.shop.scans:
            return "lacks auth_code"
        if day.notice and not self.receiver:
            return "lacks receiver"
        if day.crash and not self.shop.restarts:
            return "lacks restart"
        return ""

    def _examined(self, stage: Stage, cleanup: ExitStack) -> Judgement:
        day, shop = stage.day, self.shop
        if self.watch is not None:
            self.watch(stage, "before")
        shop.start(stage)
        address = self._receiver(stage, cleanup) if day.notice else ""
        if day.notice not in ("", "forged", "altered"):
            stage.send_to(address)
        answer = shop.sell(stage)
        if stage.died:
            stage.revive()
            shop.start(stage)
            answer = shop.sell(stage)
        fooled = False
        if day.notice:
            if day.notice in ("forged", "altered"):
                fooled = stage.attack(address)
            else:
                stage.mend()
            answer = shop.sell(stage)  # what it believes now
        report = stage.sandbox.report()
        books = stage.let_the_rest_happen(answer.belief)
        judged = judge(
            day,
            answer.belief,
            books,
            report.findings,
            fooled=fooled,
            asked=stage.was_asked(),
            forged=stage.ended_with_a_forgery(answer.belief),
            refused=stage.refused_throughout(),
            last=stage.last_answer(),
            silence=answer.silence,
        )
        if self.watch is not None:
            self.watch(stage, "after")
        return replace(judged, evidence=seen(stage.sandbox.exchanges), said=answer.said)

    def _receiver(self, stage: Stage, cleanup: ExitStack) -> str:
        """Return where the shop's notifications go; start the receiver if it is a command."""
        if callable(self.receiver):
            stage.sandbox.notifications.receive(IN_PYTHON, self.receiver(stage.sale))
            return IN_PYTHON
        if urlsplit(self.receiver).scheme in ("http", "https"):
            return self.receiver
        port = free_port()
        server = Server(command_words(self.receiver), stage, dict(self.environment), port)
        cleanup.callback(server.stop)
        server.wait_for(port)
        return f"http://127.0.0.1:{port}/"


def free_port() -> int:
    """Return a port of loopback on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
    return port
