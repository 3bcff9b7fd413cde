"""The payer's phone: a real QR code or the payment code, and what the payer can do."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import lru_cache

import segno
from ipywidgets import HTML, Button

from qftools import catalogue
from qftools.locale import mark
from qftools.locale import text as _
from qftools.markup import Markup, el, join
from qftools.panels import stage
from qftools.panels.panel import Panel, row, tell
from qftools.sandbox import Sandbox
from qftools.sandbox.books.orders import Row
from qftools.sandbox.books.states import OPEN
from qftools.story import ACTS, STATES

_TONES = {"paid": "info", "failed": "bad", "cancelled": "ok", "refunded": "ok"}


class Phone(Panel):
    """The payer of the sandbox's latest order.

    Args:
        sandbox: Whose order it is. A [CancelFlow][qftools.panels.cancel_flow.CancelFlow]
            has a phone beside it.

    Example:
        >>> sandbox = Sandbox()
        >>> phone = Phone(sandbox)
        >>> order = sandbox.client().pay(pay_type="800101", txamt=2500, txcurrcd="HKD")
        >>> phone.buttons["pay"].click()
        >>> sandbox.order(order).state
        'paid'
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.screen = HTML()
        self.buttons = {name: Button() for name in ACTS}
        self.buttons["pay"].add_class("qf-main")
        self.answer = HTML()
        self.said = ""
        acts = row(*self.buttons.values())
        acts.add_class("qf-middle")
        acts.add_class("qf-phone-acts")
        super().__init__(self.screen, acts, self.answer)
        for name, button in self.buttons.items():
            self.on_press(button, self._act(name))
        stage.watch(sandbox, self._shown_again)

    def _act(self, name: str) -> Callable[[], None]:
        def act() -> None:
            order = self.sandbox._newest()
            if order is None:
                self.said = ""
                return
            before = order.state
            after = getattr(self.sandbox.payer(order.syssn), name)()
            refused = name in ("pay", "type_password") and after.state == before != "paying"
            self.said = (
                mark("The wallet says: this order can no longer be paid.") if refused else ""
            )
            stage.changed(self.sandbox)

        return act

    def show(self) -> None:
        """Write everything in the language in use."""
        order = self.sandbox._newest()
        for name, button in self.buttons.items():
            button.description = _(ACTS[name])
            button.disabled = order is None or order.state not in OPEN
        tell(
            self.screen,
            el(
                "div",
                el("h3", _("The payer's phone")),
                _screen(self.sandbox, order),
                cls="qf-phone",
            ),
        )
        tell(
            self.answer,
            el("p", _(self.said), cls="qf-wait qf-phone-says", role="status") if self.said else "",
        )

    def as_text(self) -> str:
        """Return the order on the screen and its state."""
        order = self.sandbox._newest()
        if order is None:
            return "Phone: no order"
        return f"Phone {order.pay_type} {order.txamt} {order.txcurrcd}: {order.state}"


def _screen(sandbox: Sandbox, order: Row | None) -> Markup:
    if order is None:
        return el("p", _("No order yet. The code of the order will appear here."), cls="qf-dim")
    wallet = catalogue.wallets()[order.wallet].name.say()
    return join(
        el("div", wallet, cls="qf-dim"),
        el("div", catalogue.amount(order.txamt, order.txcurrcd), cls="qf-amount"),
        _code(sandbox, order),
        el(
            "span",
            _(STATES.get(order.state, order.state)),
            cls=f"qf-tag qf-{_TONES.get(order.state, 'wait')}",
            role="status",
        ),
    )


def _code(sandbox: Sandbox, order: Row) -> Markup:
    entry = sandbox._entry(order.syssn)
    if order.mode == "cpm":
        return join(
            el("div", qr(entry.auth_code), cls="qf-qr"),
            el("div", _("payment code "), el("code", entry.auth_code), cls="qf-small"),
        )
    content = entry.extra.get("qrcode") or entry.extra.get("pay_url")
    if not content:
        return el("p", _("This pay type has no code: it opens the wallet."), cls="qf-dim")
    return join(
        el("div", qr(str(content)), cls="qf-qr"),
        el("div", el("code", content), cls="qf-small"),
    )


@lru_cache(maxsize=16)  # drawn anew with every step of a flow that stands beside it
def qr(content: str) -> Markup:
    """Return a QR code that a real phone can read, as SVG."""
    drawn = io.BytesIO()
    segno.make(content, error="m", micro=False).save(
        drawn, kind="svg", xmldecl=False, svgns=False, omitsize=True, border=2, title=content
    )
    return Markup(drawn.getvalue().decode().strip())
