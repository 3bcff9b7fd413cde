"""The report of one sandbox, made again only when there is something new to judge."""

from __future__ import annotations

import threading

from qftools.sandbox.gateway.gateway import Gateway
from qftools.sandbox.notifications.notifications import Notifications
from qftools.sandbox.report.history import History
from qftools.sandbox.report.report import Report
from qftools.sandbox.report.rules import judge

MOST_JUDGED_AT_ONCE = 200  # exchanges: so many take a few milliseconds

Moment = tuple[str, float]


class Judge:
    """Makes the report and keeps it until something changes.

    Args:
        gateway: Its exchanges and orders are judged.
        notifications: Its notifications.
    """

    def __init__(self, gateway: Gateway, notifications: Notifications) -> None:
        self._gateway = gateway
        self._notifications = notifications
        self._judged: tuple[Moment, Report] | None = None
        self._thread: threading.Thread | None = None

    def mark(self) -> str:
        """Return a text that changes whenever there is something new to show."""
        gateway = self._gateway
        parts = (gateway.books, self._notifications, gateway.faults)
        return ".".join(map(str, (gateway.log.count, *(part.changes for part in parts))))

    def report(self) -> Report:
        """Judge what is known now."""
        moment = self._moment()
        return self._known(moment) or self._judge(moment)

    def recent(self) -> tuple[Report, bool]:
        """Return the report, or the one before it where judging would delay a served sandbox.

        The second value tells whether it is up to date. Where it is not, a thread is judging:
        ask again.
        """
        served = self._notifications.own_port is not None
        if not served or len(self._gateway.log.last) <= MOST_JUDGED_AT_ONCE:
            return self.report(), True
        moment = self._moment()
        if (known := self._known(moment)) is not None:
            return known, True
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._judge, args=(moment,), daemon=True)
            self._thread.start()
        return self._judged[1] if self._judged else Report((), 0), False

    def _moment(self) -> Moment:
        return self.mark(), self._gateway.clock.now()

    def _known(self, moment: Moment) -> Report | None:
        return self._judged[1] if self._judged and self._judged[0] == moment else None

    def _judge(self, moment: Moment) -> Report:
        report = judge(History(self._gateway, self._notifications))
        self._judged = moment, report
        return report
