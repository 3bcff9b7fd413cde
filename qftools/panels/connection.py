"""The connection panel: chooses gateway and credentials, and guards actions that charge."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from ipywidgets import HTML, Button, Dropdown, IntText, Text

from qftools import catalogue
from qftools.cancellation.outcome import Outcome
from qftools.cancellation.run import cancel
from qftools.client.client import Client
from qftools.errors import InputError
from qftools.locale import mark
from qftools.locale import text as _
from qftools.markup import Markup, el, join
from qftools.models import Credentials, Order, Reply
from qftools.panels import stage
from qftools.panels.exchange_view import exchange_view
from qftools.panels.panel import Panel, card, field, main_button, named, relabel, row, tell
from qftools.panels.typed import Secret
from qftools.panels.verdict_view import verdict_card
from qftools.sandbox import Sandbox

SANDBOX = "sandbox"
_VALID = {
    "": mark("not said"),
    "test": mark("the provider's test hosts"),
    "production": mark("production"),
}
_STATES = {
    "paid": mark("paid"),
    "open": mark("open, not paid yet"),
    "cancelled": mark("cancelled"),
    "refunded": mark("refunded"),
    "failed": mark("failed"),
    "expired": mark("expired"),
}
ACTS = {
    "query": mark("Query"),
    "cancel": mark("Cancel"),
    "refund": mark("Refund"),
    "pay": mark("Pay"),
}
MOVES_MONEY = frozenset({"pay", "refund", "cancel"})


class Connection(Panel):
    """The sandbox by default; a real gateway with your own credentials, behind the guard.

    The key is typed or comes from the environment, and is forgotten by the panel as soon as
    it is connected. On a real gateway, an action that could charge needs a second press.

    Args:
        sandbox: The sandbox to begin with; one of its own when left out.

    Example:
        >>> panel = Connection()
        >>> panel.acts["pay"].click()
        >>> panel.acts["cancel"].click()
        >>> panel.outcome.verdict.value
        'CANCELLED'
    """

    def __init__(self, sandbox: Sandbox | None = None) -> None:
        self.sandbox = sandbox if sandbox is not None else Sandbox()
        self.client: Client = self.sandbox.client()
        self.outcome: Outcome | None = None
        self.reply: Reply | None = None
        self.armed = ""
        self.banner, self.result = HTML(), HTML()
        self.where = Dropdown(options=_places(), value=SANDBOX)
        self.valid = Dropdown(options=named(_VALID), value="")
        self.app_code, self.mchid, self.key = Text(), Text(), Secret()
        self.from_environment, self.connect = Button(), main_button()
        self.number, self.time, self.pay_type = Text(), Text(), Text(value="800101")
        self.amount, self.currency = IntText(value=2500), Text(value="HKD")
        self.acts = {name: Button() for name in ACTS}
        for name, button in self.acts.items():
            button.add_class(f"qf-act-{name}")
        self.account = row(
            *(field(w, "qf-mono") for w in (self.valid, self.app_code, self.key, self.mchid)),
            self.from_environment,
            self.connect,
        )
        order = (self.number, self.amount, self.currency, self.time, self.pay_type)
        super().__init__(
            self.banner,
            row(field(self.where, "qf-wide")),
            self.account,
            row(*(field(widget, "qf-mono") for widget in order)),
            row(*self.acts.values()),
            self.result,
        )
        self.on_change(self.where, self._choose)
        self.on_press(self.connect, self._connect)
        self.on_press(self.from_environment, self._read_environment)
        for widget in (*order, self.valid, self.app_code, self.mchid):
            self.on_change(widget, self._disarm)
        for name, button in self.acts.items():
            self.on_press(button, self._press(name))

    @property
    def place(self) -> catalogue.Environment | None:
        """The gateway's environment that is chosen; None for the sandbox."""
        return catalogue.environments().get(self.where.value)

    @property
    def real(self) -> bool:
        """Whether real payers are charged where the client asks."""
        return self.client.base_url != self.sandbox.client().base_url

    # ---- what the reader does -------------------------------------------------------

    def _choose(self) -> None:
        self._disarm()
        self.client = self.sandbox.client()  # until it is connected, nothing real is asked
        self.outcome = self.reply = None

    def _read_environment(self) -> None:
        self._connect_with(Credentials.from_environment(os.environ))

    def _connect(self) -> None:
        self._disarm()
        if self.place is None:
            self.client = self.sandbox.client()
            return
        self._connect_with(
            Credentials(
                self.app_code.value.strip(),
                self.key.secret.strip(),
                mchid=self.mchid.value.strip() or None,
                environment=self.valid.value or None,
            )
        )

    def _connect_with(self, credentials: Credentials) -> None:
        place = self.place
        if place is None:
            raise InputError("gateway", "is the sandbox", "one of QFPay's, to use credentials")
        self.client = Client(credentials, place.base_url)
        self.key.value = ""  # the client has it; the notebook shall not

    def _disarm(self) -> None:
        self.armed = ""

    def _press(self, name: str) -> Callable[[], None]:
        def act() -> None:
            if self.real and name in MOVES_MONEY and self.armed != name:
                self.armed = name
                return
            self.armed = ""
            self.outcome = self.reply = None
            self._act(name)
            stage.changed(self.sandbox)

        return act

    def _act(self, name: str) -> None:
        client = self.client
        if name == "pay":
            made = client.pay(
                pay_type=self.pay_type.value,
                txamt=self.amount.value,
                txcurrcd=self.currency.value,
                **({"out_trade_no": self.number.value} if self.number.value else {}),
            )
            self.number.value, self.time.value = made.out_trade_no or "", made.txdtm
            self.reply = made.reply
        elif name == "query":
            self.reply = client.query(self._order())
        elif name == "cancel":
            self.outcome = cancel(client, self._order())
        else:
            found = client.query(self._order()).transaction
            if found is None:
                raise InputError("out_trade_no", "names no order", "the number of a paid order")
            self.reply = client.refund(self._order(syssn=found.syssn))

    def _order(self, **more: Any) -> Order:
        return Order(
            self.number.value.strip() or None,
            self.amount.value,
            self.time.value.strip() or self.client.now(),
            pay_type=self.pay_type.value.strip() or None,
            txcurrcd=self.currency.value.strip() or None,
            **more,
        )

    # ---- what the reader sees -------------------------------------------------------

    def show(self) -> None:
        """Write everything in the language in use."""
        tell(self.banner, self._banner())
        for widget, label in (
            (self.where, _("Gateway")),
            (self.valid, _("Environment of the credentials")),
            (self.app_code, _("App code")),
            (self.key, _("Client key (never saved)")),
            (self.mchid, _("mchid, if you were given one")),
            (self.number, "out_trade_no"),
            (self.amount, _("txamt (minor units)")),
            (self.currency, "txcurrcd"),
            (self.time, "txdtm"),
            (self.pay_type, "pay_type"),
        ):
            widget.description = label
        relabel(self.where, _places())
        relabel(self.valid, named(_VALID))
        self.account.layout.display = "none" if self.place is None else None
        self.connect.description = _("Connect")
        self.from_environment.description = _("From the environment (QFTOOLS_…)")
        waiting = self.place is not None and not self.real
        for name, button in self.acts.items():
            armed = self.armed == name
            word = _(ACTS[name])
            button.description = _("Press again: {act}").format(act=word) if armed else word
            button.disabled = waiting
            (button.add_class if armed else button.remove_class)("qf-risky")
        tell(self.result, self._result())

    def _banner(self) -> Markup:
        place = self.place
        if place is None:
            return card(
                "ok",
                el(
                    "p",
                    el("strong", _("Sandbox.")),
                    " ",
                    _("You need no account and no network, and no money is charged."),
                ),
            )
        said = place.region.say() + f" · {place.kind} · {place.base_url}"
        note = place.note.say() if place.note else None
        if not self.real:
            return card("wait", el("p", el("strong", _("Not connected yet.")), " ", said))
        return el(
            "div",
            el("p", el("span", _("REAL MONEY"), cls="qf-verdict"), " ", said),
            el(
                "p",
                _("Payers are really charged here. An action that charges needs a second press."),
            ),
            el("p", note) if note else None,
            cls="qf-card bad",
            role="alert",
        )

    def _result(self) -> Markup:
        if self.armed:
            moves = _("This can charge real money on {host}.").format(host=self.client.base_url)
            return card("bad", el("strong", moves), " ", _("Press again to confirm."))
        if self.outcome is not None:
            return verdict_card(self.outcome)
        if self.reply is None:
            return Markup("")
        head = _head(self.reply)
        exchange = self.reply.exchange
        seen = exchange_view(exchange) if exchange else Markup("")
        return join(head, el("details", el("summary", _("Request and reply")), el("div", seen)))

    def as_text(self) -> str:
        """Return where it is connected to and what came of the last press; never a secret."""
        place = self.place.key if self.place else SANDBOX
        lines = [
            f"Connection {place} {'connected' if self.real or place == SANDBOX else 'waiting'}"
        ]
        if self.outcome is not None:
            lines.append(f"verdict {self.outcome.verdict.value}")
        elif self.reply is not None:
            row_of = self.reply.transaction
            state = f" {row_of.state}" if row_of is not None else ""
            lines.append(f"{self.reply.endpoint} {self.reply.respcd}{state}")
        return "\n".join(lines)


def _head(reply: Reply) -> Markup:
    if reply.endpoint == "query" and reply.ok:
        # Its own 0000 only says that the query worked: the row tells of the order.
        row_of = reply.transaction
        if row_of is None:
            return card(
                "wait", el("strong", _("The gateway has no such order. Query again later."))
            )
        tone = {"paid": "info", "open": "wait", "failed": "bad"}.get(row_of.state, "ok")
        said = join(_("The order is: "), el("strong", _(_STATES[row_of.state])))
        return card(tone, el("span", row_of.respcd, cls="qf-verdict"), "  ", said)
    tone = {"success": "ok", "progress": "wait", "unknown": "bad"}.get(reply.kind, "info")
    said = Markup(el("span", reply.meaning.say()))
    if reply.endpoint == "payment" and reply.ok:
        said = join(_("Accepted. Query it to see whether it is paid."))
    return card(tone, el("span", reply.respcd, cls="qf-verdict"), "  ", said)


def _places() -> list[tuple[str, str]]:
    hosts = [
        (f"{place.region.say()} · {place.kind} · {place.base_url}", key)
        for key, place in catalogue.environments().items()
        if place.kind != "old"
    ]
    return [(_("Sandbox in this notebook"), SANDBOX), *hosts]
