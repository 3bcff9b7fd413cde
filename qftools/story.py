"""One cancel as it is played on a sandbox: a payment, then the real flow step by step.

Decides nothing: the walk says what comes next, the sandbox what happens. Remembers what to
draw, and can go back one step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from qftools import catalogue
from qftools.cancellation.outcome import Outcome, Taken, outcome_of
from qftools.cancellation.run import take
from qftools.cancellation.walk import Ask, Finished, Wait, Walk
from qftools.client.client import Client
from qftools.errors import GatewayError, OutcomeUnknownError, SandboxError
from qftools.exchange.shown import ShownExchange
from qftools.locale import mark
from qftools.models import Order
from qftools.sandbox import Sandbox
from qftools.sandbox.gateway import magic
from qftools.sandbox.gateway.faults import BEFORE, FORGED, ArmedFault
from qftools.sandbox.gateway.log import LoggedExchange
from qftools.sequence import Beat, Line, happened, read


class Trouble(NamedTuple):
    """What the network does to one kind of call."""

    words: str
    on: str = ""
    fault: str = ""
    times: int = 1


NETWORK: dict[str, Trouble] = {
    "fine": Trouble(mark("Every message arrives")),
    "payment lost before": Trouble(
        mark("The payment never reaches the gateway"), "payment", "lost before"
    ),
    "payment lost after": Trouble(
        mark("The reply to the payment is lost"), "payment", "lost after"
    ),
    "cancel lost before": Trouble(
        mark("The cancel never reaches the gateway"), "cancel", "lost before"
    ),
    "cancel lost after": Trouble(mark("The reply to the cancel is lost"), "cancel", "lost after"),
    "cancel half": Trouble(mark("Half of the reply to the cancel arrives"), "cancel", "half"),
    "cancel 5xx": Trouble(mark("HTTP 502 in place of the cancel's reply"), "cancel", "5xx"),
    "cancel forged": Trouble(
        mark("The signature of the cancel's reply is wrong"), "cancel", "wrong signature"
    ),
    "cancel duplicated": Trouble(mark("The cancel is delivered twice"), "cancel", "duplicated"),
    "query lost": Trouble(mark("Two replies to queries are lost"), "query", "lost after", 2),
    "query 429": Trouble(mark("One query too many: HTTP 429"), "query", "429"),
}
"""What can be chosen for the network, made of the sandbox's faults."""

BY_HAND = 0
PAYERS: tuple[int, ...] = (
    BY_HAND, 77001, 77002, 77003, 77004, 77005, 77007, 77008,
    77011, 77013, 77014, 77015, 77016, 77017, 77018, 77019,
    77031, 77041, 77042, 77051, 77052, 77053, 77054,
)  # fmt: skip
"""What can be chosen for payer and wallet: lines of the sandbox's table of magic numbers."""

ACTS = {
    "pay": mark("Pay"),
    "type_password": mark("Type the password…"),
    "decline": mark("Decline"),
    "no_balance": mark("Pay, without enough money"),
    "walk_away": mark("Leave"),
}
"""What the payer can do, by the sandbox's name for it."""

STATES = {
    "created": mark("placed"),
    "waiting": mark("waiting for the payer"),
    "paying": mark("the payer is typing"),
    "paid": mark("paid"),
    "failed": mark("failed"),
    "expired": mark("expired"),
    "cancelling": mark("cancel in progress"),
    "cancelled": mark("cancelled"),
    "refunding": mark("refund in progress"),
    "refunded": mark("refunded"),
    "partially refunded": mark("partially refunded"),
}
"""The states of an order as a reader is told them."""

# Extra fields that a mode requires; not shown, accepted by the sandbox.
_EXTRA: dict[str, dict[str, str]] = {
    "jsapi": {"sub_openid": "oLn1AwHk_sandbox"},
    "mini": {"sub_openid": "oLn1AwHk_sandbox"},
    "h5": {"openid": "oLn1AwHk_sandbox"},
    "app": {"goods_name": "tea"},
    "wap": {"return_url": "https://shop.example/back"},
    "web": {"return_url": "https://shop.example/back"},
    "online": {"return_url": "https://shop.example/back"},
}
_CURRENCY = {"TH": "THB", "SG": "SGD", "MY": "MYR", "JP": "JPY", "ID": "IDR", "CN": "CNY"}


@dataclass(frozen=True, slots=True)
class Played:
    """How far a story has come; plain data, so it can be kept and gone back to."""

    order: Order | None = None
    walk: Walk | None = None
    steps: tuple[Taken, ...] = ()
    beats: tuple[Beat, ...] = ()
    books: str = ""


class Story:
    """Plays one cancel on a sandbox.

    Args:
        sandbox: Where it is played; its clock must be virtual.
        client: Asks; the sandbox's own client when left out.
    """

    def __init__(self, sandbox: Sandbox, client: Client | None = None) -> None:
        self.sandbox = sandbox
        self.client = client or sandbox.client()
        self.pay_type = "800101"
        self.payer = BY_HAND
        self.network = "fine"
        self.played = Played()
        self._before: list[tuple[Any, Played, int]] = []
        self._armed: ArmedFault | None = None
        self._struck_before = 0

    # ---- what can be asked of it ----------------------------------------------------

    @property
    def outcome(self) -> Outcome | None:
        """The verdict with its evidence, once there is one."""
        walk = self.played.walk
        if walk is None or walk.end is None:
            return None
        return outcome_of(walk, self.played.steps)

    @property
    def ended(self) -> bool:
        """Whether nothing is left to do."""
        return self.outcome is not None

    @property
    def can_go_back(self) -> bool:
        """Whether there is a step to take back."""
        return bool(self._before)

    def restart(self) -> None:
        """Leave this order as it is; the next step places a new one."""
        self._disarm()
        self._before.clear()
        self.played = Played()

    def back(self) -> None:
        """Take the last step back: the sandbox's books and clock, too."""
        if not self._before:
            return
        snapshot, self.played, struck = self._before.pop()
        self.sandbox._keeping.restore(snapshot)
        self._disarm()  # armed faults are no part of a snapshot
        if self.played.order is not None:
            self._arm(struck)

    def next(self) -> None:
        """Take one step: the payment first, then whatever the walk says; after the end, anew."""
        if self.ended:
            self.restart()
        snapshot = self.sandbox._keeping.snapshot()
        before, struck = self.played, self._struck
        try:
            self._step()
        except Exception:
            self.sandbox._keeping.restore(snapshot)
            self.played = before
            raise
        self._before.append((snapshot, before, struck))

    def run(self) -> None:
        """Take every step to the verdict; after the end, those of a new order."""
        self.next()
        while not self.ended:
            self.next()

    def look(self) -> None:
        """Take notice of what happened to the order behind our back: the payer, the clock."""
        lines = self._happened()
        if lines:
            self._add(Beat("PAYER", lines, self.played.books))

    # ---- one step -------------------------------------------------------------------

    def _step(self) -> None:
        walk = self.played.walk
        if walk is None:
            self._pay()
            return
        action = walk.action
        if isinstance(action, Finished):
            return
        if isinstance(action, Wait):
            started = self.client.clock()
            self.client.pause(action.seconds)
            self.played = replace(self.played, walk=walk.waited())
            wait = Line("merchant", "merchant", f"{action.seconds:g} s", "wait", started, "wait")
            self._add(Beat("WAIT", (wait, *self._happened()), f"{action.seconds:g} s"))
            return
        self._ask(walk, action)

    def _ask(self, walk: Walk, action: Ask) -> None:
        taken: list[Taken] = []

        def asked() -> ShownExchange | None:
            after, step = take(self.client, walk, action)
            taken.append(step)
            self.played = replace(self.played, walk=after, steps=(*self.played.steps, step))
            return step.exchange

        lines, exchange = self._exchange(action.endpoint, asked)
        step = taken[0]
        told = f"{step.answer.respcd or ''} {step.finding.value}".strip()
        self._add(Beat(step.step.value, lines, told, exchange))

    def _pay(self) -> None:
        self._arm()
        order: list[Order] = []
        answered: list[str] = []

        def paid() -> ShownExchange | None:
            unread: ShownExchange | None = None
            try:
                made = self.client.pay(**self.payment())
                answered.append(made.reply.respcd if made.reply else "")
            except (OutcomeUnknownError, GatewayError) as error:
                if error.order is None:
                    raise
                made, unread = error.order, getattr(error, "exchange", None)
                answered.append(getattr(error, "respcd", "SILENT"))
            order.append(made)
            return made.reply.exchange if made.reply else unread

        # The order's number is known before its fate is: look for it in the books by that.
        lines, exchange = self._exchange("payment", paid, order)
        walk = Walk(order[0])
        self.played = replace(self.played, order=order[0], walk=walk)
        self._add(Beat("PAY", lines, answered[0], exchange))

    def payment(self) -> dict[str, Any]:
        """Return the parameters of the payment."""
        row = catalogue.pay_types()[self.pay_type]
        wallet = catalogue.wallets()[row.wallet]
        region = next((_CURRENCY[place] for place in row.regions if place in _CURRENCY), "HKD")
        wanted: dict[str, Any] = {
            "pay_type": row.code,
            "txamt": self.payer or 2500,
            "txcurrcd": wallet.currencies[0] if wallet.currencies else region,
            **_EXTRA.get(row.mode, {}),
        }
        if row.mode == "cpm":
            # By hand: the payer is asked for the password, and the phone's buttons decide.
            prefix = wallet.auth_code_prefixes[0] if wallet.auth_code_prefixes else "28"
            length = wallet.auth_code_lengths[0] if wallet.auth_code_lengths else 18
            number = self.payer or 77002
            wanted |= {
                "txamt": 2500,
                "auth_code": magic.auth_code(prefix, number, length=max(length, 18)),
            }
        return wanted

    def _arm(self, struck: int = 0) -> None:
        trouble = NETWORK[self.network]
        self._struck_before = struck
        if trouble.fault and trouble.times > struck:
            self._armed = self.sandbox.fault(
                trouble.fault, on=trouble.on, times=trouble.times - struck
            )

    def _disarm(self) -> None:
        if self._armed is not None:
            self._armed.disarm()
        self._armed = None
        self._struck_before = 0

    @property
    def _struck(self) -> int:
        return self._struck_before + (self._armed.struck if self._armed else 0)

    # ---- what to draw ---------------------------------------------------------------

    def _exchange(
        self,
        endpoint: str,
        ask: Callable[[], ShownExchange | None],
        order: list[Order] | None = None,
    ) -> tuple[tuple[Line, ...], ShownExchange | None]:
        started = self.client.clock()
        seen_before = self._last_seen()
        exchange = ask()
        if order:
            self.played = replace(self.played, order=order[0])
        seen = self._last_seen()
        fault = seen.fault if seen is not None and seen is not seen_before else ""
        words = endpoint + (" ×2" if fault == "duplicated" else "")
        stopped = fault in BEFORE and fault not in ("429", "5xx before")
        request = Line("merchant", "gateway", words, "ask", started, "bad" if stopped else "")
        if stopped:
            return (request._replace(lost=True), *self._happened()), exchange
        reply = self._reply(exchange, fault)
        return (request, *self._happened(), reply), exchange

    def _last_seen(self) -> LoggedExchange | None:
        last = self.sandbox._gateway.log.last
        return last[-1] if last else None

    def _reply(self, exchange: ShownExchange | None, fault: str) -> Line:
        now = self.client.clock()
        words, tone, lost = read(exchange)
        if fault in ("lost after", "half"):
            tone, lost = "bad", True
        elif fault in FORGED:
            words, tone = mark("wrong signature"), "bad"
        return Line("gateway", "merchant", words, "answer", now, tone, lost)

    def _happened(self) -> tuple[Line, ...]:
        state = self._in_the_books()
        before = self.played.books
        if state == before:
            return ()
        self.played = replace(self.played, books=state)
        row = catalogue.pay_types().get(self.pay_type)
        scanned = row is not None and row.mode == "cpm"
        return happened(before, state, self.client.clock(), scanned=scanned)

    def _in_the_books(self) -> str:
        if self.played.order is None:
            return ""
        try:
            return self.sandbox.order(self.played.order).state
        except SandboxError:
            return ""

    def _add(self, beat: Beat) -> None:
        self.played = replace(self.played, beats=(*self.played.beats, beat))
