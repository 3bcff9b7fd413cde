"""The report of one sandbox, made again only when there is something new to judge."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from qftools.sandbox.gateway.gateway import Gateway
from qftools.sandbox.notifications.notifications import Notifications
from qftools.sandbox.report.history import History
from qftools.sandbox.report.report import Report
from qftools.sandbox.report.rules import judge

REST = 4.0  # how long a thread that judges rests, in times of what the last judging took

Moment = tuple[str, float]


class Judge:
    """Makes the report and keeps it until something changes.

    Args:
        gateway: Its exchanges and orders are judged.
        notifications: Its notifications.
        now: What says how long judging takes, seconds.
    """

    def __init__(
        self,
        gateway: Gateway,
        notifications: Notifications,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._gateway = gateway
        self._notifications = notifications
        self._judged: tuple[Moment, Report] | None = None
        self._thread: threading.Thread | None = None
        self._now = now
        self._rests_until = 0.0

    def mark(self) -> str:
        """Return a text that changes whenever there is something new to show, and every minute.

        Time alone breaks rules, too: an order that no query resolves.
        """
        gateway = self._gateway
        parts = (gateway.books, self._notifications, gateway.faults)
        minute = int(gateway.clock.now() // 60)
        return ".".join(map(str, (gateway.log.count, *(part.changes for part in parts), minute)))

    def report(self) -> Report:
        """Judge what is known now."""
        moment = self._moment()
        return self._known(moment) or self._judge(moment)

    def recent(self) -> tuple[Report, bool]:
        """Return the report; of a served sandbox, which judging would delay, the one before it.

        The second value tells whether it is up to date. Where it is not, a thread is judging:
        ask again.
        """
        served = self._notifications.own_port is not None
        if not served or not self._gateway.log.last:
            return self.report(), True
        moment = self._moment()
        if self._judged is not None and self._judged[0][0] == moment[0]:
            return self._judged[1], True
        is_judging = self._thread is not None and self._thread.is_alive()
        if not is_judging and self._now() >= self._rests_until:
            self._thread = threading.Thread(target=self._judge, args=(moment,), daemon=True)
            self._thread.start()
        return self._judged[1] if self._judged else Report((), 0), False

    def _moment(self) -> Moment:
        return self.mark(), self._gateway.clock.now()

    def _known(self, moment: Moment) -> Report | None:
        return self._judged[1] if self._judged and self._judged[0] == moment else None

    def _judge(self, moment: Moment) -> Report:
        begun = self._now()
        report = judge(History(self._gateway, self._notifications))
        ended = self._now()
        self._rests_until = ended + REST * (ended - begun)
        self._judged = moment, report
        return report
