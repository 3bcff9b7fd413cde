"""What stands around a gateway: notifications, payer page, control API, dashboard, one thread.

Puts them together and decides when they run; each of them lives in a module of its own.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from qftools.sandbox.embedded import Sandbox

_LOG = logging.getLogger("qftools.sandbox")
LONGEST_SLEEP = 0.5  # seconds: the machine's clock can be put forward by hand


class Shell:
    """Everything of one sandbox that is not the gateway.

    Args:
        sandbox: Its gateway, application and lock are there already.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        app = sandbox.app
        self._sandbox = sandbox
        self._ticker: Ticker | None = None
        self.notifications = sandbox.notifications
        app.before_reply = self._before_reply
        app.after_reply = self.after_reply

    def after_reply(self) -> None:
        """Send what is due, now that the answer it is about has left."""
        if self._ticker is not None:
            self._ticker.wake()
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

    def tick(self) -> float:
        """Let everything happen that has fallen due; return how long nothing else will."""
        self._sandbox.tick()
        now = self._sandbox.clock.now()
        dues = (self._sandbox.gateway.ledger.timers.next_due(), self.notifications.next_due())
        waits = [due - now for due in dues if due is not None]
        return max(0.0, min([LONGEST_SLEEP, *waits]))

    def _before_reply(self) -> None:
        if self.notifications.deliver(early=True):
            self._sandbox.save()


class Ticker:
    """The one thread of a served sandbox whose clock is the machine's."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._woken = threading.Event()
        self._over = False
        self._thread = threading.Thread(target=self._run, name="qftools-sandbox-clock", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Look at the clock now."""
        self._woken.set()

    def stop(self) -> None:
        """End the thread; a receiver that is being waited for is not waited for any more."""
        self._over = True
        self._woken.set()
        self._thread.join(timeout=1)

    def _run(self) -> None:
        while not self._over:
            try:
                wait = self._shell.tick()
            except Exception:  # a full disk, a defect: say so and go on looking at the clock
                _LOG.exception("the sandbox's clock")
                wait = LONGEST_SLEEP
            self._woken.wait(wait)
            self._woken.clear()
