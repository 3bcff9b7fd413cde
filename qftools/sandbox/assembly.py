"""What stands around a gateway: notifications, payer page, control API, dashboard, one thread.

Puts them together and decides when they run; each of them lives in a module of its own.
"""

from __future__ import annotations

import importlib
import itertools
import logging
import math
import threading
from collections import OrderedDict
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from qftools.sandbox.keeping.records import Snapshot
    from qftools.sandbox.report.report import Report
    from qftools.sandbox.sandbox import Sandbox
    from qftools.sandbox.web.wsgi import Page
    from qftools.transport.door import WireRequest, WireResponse

_LOG = logging.getLogger("qftools.sandbox")
MOST_SNAPSHOTS = 20
MOST_JUDGED_AT_ONCE = 200  # exchanges: so many take a few milliseconds
LONGEST_SLEEP = 0.5  # seconds: the machine's clock can be put forward by hand


class Shell:
    """Everything of one sandbox that is not the gateway.

    Args:
        sandbox: Its gateway, application and lock are there already.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        app = sandbox.app
        self._moves = 0
        self._judged: tuple[tuple[str, float], Report] | None = None
        self._judging: threading.Thread | None = None
        self._snapshots: OrderedDict[str, Snapshot] = OrderedDict()
        self._snapshot_names = itertools.count(1)
        self._sandbox = sandbox
        self._ticker: Ticker | None = None
        self.notifications = sandbox.notifications
        sandbox.gateway.ledger.listeners.append(lambda _: self.moved())
        app.before_reply = self._before_reply
        app.after_reply = self.after_reply
        app.has_errands = self.notifications.is_due
        app.mount("/payer", _later("web.payer_page", "PayerPage", sandbox))
        app.mount("/sandbox", _later("control.control", "Control", sandbox))
        app.mount("/static", _static_files)
        app.mount("/", _later("web.dashboard", "Dashboard", sandbox))

    def after_reply(self) -> None:
        """Send what is due, now that the answer it is about has left."""
        if self._ticker is not None:
            self._ticker.wake_before(self._next_due())
        else:
            self.deliver()

    def deliver(self) -> None:
        """Send every notification that is due, unless an answer is just being made."""
        if not self._sandbox.app.answering and self.notifications.deliver():
            self._sandbox.save()

    def served(self, url: str) -> None:
        """Begin to look after the clock: it moves by itself and nobody else would notice."""
        self.notifications.own_port = urlsplit(url).port
        if getattr(self._sandbox.clock, "kind", "") == "real":
            self._ticker = Ticker(self)

    def stopped(self) -> None:
        """End what `served` began."""
        self.notifications.own_port = None
        ticker, self._ticker = self._ticker, None
        if ticker is not None:
            ticker.stop()

    def now(self) -> float:
        """Return the time of the sandbox's clock."""
        return self._sandbox.clock.now()

    def tick(self) -> float:
        """Let everything happen that has fallen due; return when to look again."""
        self._sandbox.tick()
        return min(self.now() + LONGEST_SLEEP, self._next_due())

    def _next_due(self) -> float:
        with self._sandbox.lock:
            timer = self._sandbox.gateway.ledger.timers.next_due()
        notice = self.notifications.next_due()
        return min(math.inf if due is None else due for due in (timer, notice))

    def moved(self) -> None:
        """Note that a page which shows this sandbox is out of date."""
        self._moves += 1

    def mark(self) -> str:
        """Return a text that is another one whenever there is something new to show."""
        gateway = self._sandbox.gateway
        faults = [*gateway.faults, *self.notifications.faults]
        struck = sum(fault.struck for fault in faults)
        changes = self.notifications.changes
        return f"{gateway.sight.count}.{self._moves}.{changes}.{len(faults)}.{struck}"

    def keep_snapshot(self) -> str:
        """Keep a snapshot in memory, for tests in other languages, and return its name."""
        name = str(next(self._snapshot_names))
        self._snapshots[name] = self._sandbox.snapshot()
        if len(self._snapshots) > MOST_SNAPSHOTS:
            self._snapshots.popitem(last=False)
        return name

    def restore_snapshot(self, name: str) -> None:
        """Put everything back.

        Raises:
            NotFound: No snapshot of that name is kept.
        """
        from qftools.sandbox.control.params import NotFound

        snapshot = self._snapshots.get(name)
        if snapshot is None:
            raise NotFound(f"no snapshot {name[:40]!r} is kept; there are the last 20")
        self._sandbox.restore(snapshot)
        self.moved()

    def report(self) -> Report:
        """Judge what is known now; asked again with nothing new, it is the same report."""
        key = self._report_key()
        if self._judged is None or self._judged[0] != key:
            self._judge(key)
        assert self._judged is not None
        return self._judged[1]

    def recent_report(self) -> tuple[Report, bool]:
        """Return the report, or the one before it where judging would hold up the server.

        The second value tells whether it is up to date. Where it is not, a thread is judging:
        ask again.
        """
        from qftools.sandbox.report.report import Report

        served = self.notifications.own_port is not None
        if not served or len(self._sandbox.gateway.sight.last) <= MOST_JUDGED_AT_ONCE:
            return self.report(), True
        key = self._report_key()
        if self._judged is not None and self._judged[0] == key:
            return self._judged[1], True
        if self._judging is None or not self._judging.is_alive():
            self._judging = threading.Thread(target=self._judge, args=(key,), daemon=True)
            self._judging.start()
        return self._judged[1] if self._judged else Report((), 0), False

    def _report_key(self) -> tuple[str, float]:
        return self.mark(), self._sandbox.clock.now()

    def _judge(self, key: tuple[str, float]) -> None:
        from qftools.sandbox.report.history import History
        from qftools.sandbox.report.rules import judge

        self._judged = (key, judge(History(self._sandbox)))

    def _before_reply(self) -> None:
        if self.notifications.is_due() and self.notifications.deliver(early=True):
            self._sandbox.save()


def _later(module: str, name: str, sandbox: Sandbox) -> Page:
    """Return a page whose module is loaded when it is first asked for: most runs never ask."""

    @cache
    def page() -> Page:
        made: Page = getattr(importlib.import_module(f"qftools.sandbox.{module}"), name)(sandbox)
        return made

    return lambda request: page()(request)


def _static_files(request: WireRequest) -> WireResponse:
    from qftools.sandbox.web.pages import static_files

    return static_files(request)


class Ticker:
    """The one thread of a served sandbox whose clock is the machine's."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._woken = threading.Event()
        self._asleep_until = math.inf  # by the sandbox's clock
        self._over = False
        self._thread = threading.Thread(target=self._run, name="qftools-sandbox-clock", daemon=True)
        self._thread.start()

    def wake_before(self, due: float) -> None:
        """Look at the clock now if something is due before it would be looked at anyway.

        Most answers change nothing there, and a thread that wakes for each of them costs
        more than the answer.
        """
        if due < self._asleep_until:
            self._woken.set()

    def stop(self) -> None:
        """End the thread; a receiver that is being waited for is not waited for any more."""
        self._over = True
        self._woken.set()
        self._thread.join(timeout=1)

    def _run(self) -> None:
        while not self._over:
            self._asleep_until = math.inf  # what comes up meanwhile is looked at right after
            try:
                until = self._shell.tick()
            except Exception:  # a full disk, a defect: say so and go on looking at the clock
                _LOG.exception("the sandbox's clock")
                until = self._shell.now() + LONGEST_SLEEP
            self._asleep_until = until
            self._woken.wait(max(0.0, until - self._shell.now()))
            self._woken.clear()
