"""One situation set up: a sandbox of its own, the sale, and the moment at which the shop dies.

Knows nothing of how a shop is reached or judged.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qftools.exam.situations import BadDay
from qftools.notifications import ACKNOWLEDGED
from qftools.sandbox import Sandbox
from qftools.sandbox.books.clock import VIRTUAL_START, RealClock, VirtualClock
from qftools.sandbox.books.states import OPEN
from qftools.sandbox.explanations import is_refused
from qftools.sandbox.gateway.faults import FORGED
from qftools.sandbox.gateway.log import LoggedExchange
from qftools.sandbox.notifications.notices import body_of
from qftools.signing import sign_body

if TYPE_CHECKING:
    from qftools.client.client import Client
    from qftools.sandbox.books.orders import Entry, Row
    from qftools.sandbox.web.shared import SharedServer

LATEST = 40.0  # seconds: longer than a request can be late
REPEATED = 130.0  # seconds: longer than the gateway waits before it repeats a notification
_FORGED_TO_SAY = {"altered to not paid": "not paid"}
STRANGER = "X0"  # the order of another customer, whose notification is stolen


class ShopKilled(BaseException):
    """Ends a shop that is a Python function, where a process would be killed."""


@dataclass(slots=True)
class Sale:
    """What the shop is asked to sell; the same for a shop that was started again.

    Attributes:
        number: The sale, not the order: the shop makes an ``out_trade_no`` of its own, or uses it.
        txamt: The amount in minor units.
        auth_code: The payer's code, empty where the payer scans.
        environment: What a shop's process is given: the gateway, the credentials, a file.
    """

    number: str
    txamt: int
    txcurrcd: str
    pay_type: str
    auth_code: str
    environment: Mapping[str, str]
    _sandbox: Sandbox
    _check: Callable[[], None] = field(repr=False)

    @property
    def journal(self) -> Path:
        """A file for what the shop must not forget; empty at the start of a sale."""
        return Path(self.environment["QFTOOLS_JOURNAL"])

    def pause(self, seconds: float) -> None:
        """Wait by the sandbox's clock, which takes no time where it is virtual."""
        self._sandbox.clock.sleep(seconds)

    def client(self, **options: Any) -> Client:
        """Return a client of this gateway without a socket; its waits take no time."""
        from qftools.sandbox.web.in_process import InProcessAdapter

        check = self._check

        class Mortal(InProcessAdapter):
            def send(self, *args: Any, **more: Any) -> Any:
                check()
                try:
                    return super().send(*args, **more)
                finally:
                    check()

        adapter = Mortal(self._sandbox._assembly.app, self._sandbox.clock)
        return self._sandbox.client(adapter=adapter, **options)


class Stage:
    """The sandbox of one situation, with everything armed.

    Args:
        day: What is staged.
        folder: Where the shop keeps its file.
        seed: Makes the gateway's numbers, and the credentials.
        real: Whether the clock runs by itself; else it moves only when something waits on it.
        start: When a virtual clock begins, seconds since 1970.
        server: Where the gateway answers; None: in process alone.

    Attributes:
        kill: Called at the moment at which the shop dies.
        died: Whether it did.
    """

    def __init__(
        self,
        day: BadDay,
        folder: Path,
        *,
        seed: int = 0,
        real: bool = False,
        start: float = VIRTUAL_START,
        server: SharedServer | None = None,
    ) -> None:
        self.day = day
        self.kill: Callable[[], None] = lambda: None
        self.died = self.dead = False
        app_code, client_key = account(seed)
        self.sandbox = Sandbox(
            seed=seed,
            clock=RealClock() if real else VirtualClock(start),
            app_code=app_code,
            client_key=client_key,
        )
        if server is not None:
            self.sandbox._assembly.share(server)
        self._watch()
        self._arm()
        self.sale = Sale(
            number=f"{day.id}_{seed}".replace("-", "_"),
            txamt=day.txamt,
            txcurrcd=day.currency,
            pay_type=day.pay_type,
            auth_code=day.auth_code,
            environment=self._environment(folder),
            _sandbox=self.sandbox,
            _check=self._check,
        )

    def _environment(self, folder: Path) -> dict[str, str]:
        url, account = self.sandbox.url, self.sandbox.credentials
        return {
            "QFTOOLS_BASE_URL": url,
            "QFTOOLS_APP_CODE": account.app_code,
            "QFTOOLS_CLIENT_KEY": account.client_key,
            "QFTOOLS_ENVIRONMENT": "sandbox",
            "QFTOOLS_JOURNAL": str(folder / "journal"),
            "QFTOOLS_CLOCK": f"{url}/sandbox/clock",
        }

    # -- what goes wrong ------------------------------------------------------------

    def _arm(self) -> None:
        if self.day.fault is not None:
            on, name, times = self.day.fault
            self.sandbox.fault(name, on=on, times=times)
        if self.day.notice in ("duplicated", "early", "lost"):
            self.sandbox.fault(self.day.notice, on="notification")

    def _watch(self) -> None:
        if self.day.crash:
            self.sandbox._gateway.log.watchers.append(self._seen)

    def _seen(self, exchange: LoggedExchange) -> None:
        """Kill the shop with the first fault that it meets: before it can learn anything."""
        if exchange.fault and not self.died:
            self.died = self.dead = True
            self.kill()

    def _check(self) -> None:
        if self.dead:
            raise ShopKilled

    def revive(self) -> None:
        """Let the shop be started again."""
        self.dead = False

    # -- notifications --------------------------------------------------------------

    def send_to(self, url: str) -> None:
        """Notify the shop's receiver from now on."""
        self.sandbox.notifications.notify(url)

    def attack(self, url: str) -> bool:
        """Send the shop a notification that is not the gateway's.

        Returns whether the receiver took it for one.
        """
        entry = next(
            (one for one in self.sandbox._gateway.books if one.order_type == "payment"), None
        )
        if entry is None:
            return False
        body = _saying_paid(entry)
        if self.day.notice == "forged":
            signature = sign_body(body, "not the key")
        else:
            real = _saying_paid(entry, out_trade_no=STRANGER, syssn="0")
            signature = sign_body(real, self.sandbox.credentials.client_key)
        headers = {"Content-Type": "application/json", "X-QF-SIGN": signature}
        got = self.sandbox.notifications.send(url, headers, body)
        return got.status == 200 and got.body.strip() == ACKNOWLEDGED

    def mend(self) -> None:
        """Let the network work again, and let what was held back arrive."""
        self.sandbox._gateway.faults.clear()
        self.sandbox.clock.advance(REPEATED)
        self._settle()

    def _settle(self) -> None:
        """Wait for the notifications that a thread of the real clock sends."""
        if not isinstance(self.sandbox.clock, RealClock):
            return
        end = time.monotonic() + 5
        while time.monotonic() < end and any(
            notice.due is not None and notice.due <= self.sandbox.clock.now()
            for notice in self.sandbox.notifications.kept()
        ):
            time.sleep(0.02)

    # -- the end --------------------------------------------------------------------

    def was_asked(self) -> bool:
        """Whether the shop sent a payment of this pay type; a request that is lost counts."""
        return any(
            seen.endpoint == "payment"
            and seen.signature in ("ok", "unread")
            and seen.request.params.get("pay_type") == self.day.pay_type
            for seen in self.sandbox.exchanges
        )

    def ended_with_a_forgery(self, believed: str | None) -> bool:
        """Whether the shop may believe what the last reply says, whose signature is wrong.

        It did not ask again. Where it believes something else, it did not take that reply's word.
        """
        calls = self.sandbox.exchanges
        fault = calls[-1].fault if calls else ""
        return fault in FORGED and _FORGED_TO_SAY.get(fault, "paid") == believed

    def last_answer(self) -> tuple[str, str]:
        """Return endpoint and code of the last reply to the shop; empty where none came."""
        calls = self.sandbox.exchanges
        answered = [seen for seen in calls if seen.endpoint and seen.response is not None]
        return (answered[-1].endpoint, answered[-1].respcd) if answered else ("", "")

    def refused_throughout(self) -> frozenset[int]:
        """Return the numbers of payments and queries, where the gateway refused each of them.

        A shop whose cancels are refused has learned something; one whose queries are, nothing.
        """
        numbers: set[int] = set()
        for endpoint in ("payment", "query"):
            calls = [seen for seen in self.sandbox._gateway.log.last if seen.endpoint == endpoint]
            if all(is_refused(seen) for seen in calls):
                numbers.update(seen.number for seen in calls)
        return frozenset(numbers)

    def let_the_rest_happen(self, believed: str | None) -> tuple[Row, ...]:
        """Let late requests arrive, and a customer pay what a shop left open; return the books.

        The code of an open order stays good: a shop has to close it before it says "not paid".
        """
        self.sandbox.clock.advance(LATEST)
        if believed == "not paid":
            for row in self.sandbox.orders():
                if row.state in OPEN:
                    self.sandbox.payer(row.syssn).pay()
        return self.sandbox.orders()

    def close(self) -> None:
        """End it."""
        self.sandbox.close()


def account(seed: int) -> tuple[str, str]:
    """Return app code and key of an exam: the same for the same seed, and no secret.

    Example:
        >>> account(7) == account(7) != account(8)
        True
    """
    made = (hashlib.sha256(f"exam {part} {seed}".encode()).hexdigest() for part in ("app", "key"))
    app_code, client_key = (digest[:32].upper() for digest in made)
    return app_code, client_key


def without_ours(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return an environment without what would lead a shop to another gateway."""
    return {name: value for name, value in environ.items() if not name.startswith("QFTOOLS_")}


def _saying_paid(entry: Entry, **changed: str) -> bytes:
    """Return the body of a notification that says that an order is paid, as the gateway writes it.

    Args:
        entry: The order.
        changed: Fields of another order.
    """
    told = json.loads(body_of(entry, "payment")) | {"cancel": "0"}
    return json.dumps(told | changed).encode()
