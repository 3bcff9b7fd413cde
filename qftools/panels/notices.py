"""A merchant's receiver: notifications as they arrive, each checked as it should be."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

from ipywidgets import HTML, Button

from qftools.locale import mark
from qftools.locale import text as _
from qftools.markup import Markup, el
from qftools.notifications import ACKNOWLEDGED, signature_of
from qftools.panels import stage
from qftools.panels.panel import Panel, card, main_button, row, tell
from qftools.sandbox import Sandbox
from qftools.signing import verify_body

URL = "http://127.0.0.1/notify"

SENT: dict[str, tuple[str, str]] = {
    "plain": (mark("A payer pays"), ""),
    "duplicated": (mark("… and it is sent twice"), "duplicated"),
    "late": (mark("… and it arrives five minutes late"), "late"),
    "tampered": (mark("… and the amount is changed on the way"), "tampered"),
    "wrong signature": (mark("… and the signature is wrong"), "wrong signature"),
}


class Came(NamedTuple):
    """One notification with the results of its checks.

    Attributes:
        genuine: The signature is the gateway's over exactly these bytes.
        seen: The same news had come before.
        queried: What a query says the order is: the last word.
    """

    body: Mapping[str, object]
    genuine: bool
    seen: bool
    queried: str


class Notices(Panel):
    """Let a payer pay, with a good or bad notification, and see how a receiver should handle it.

    Args:
        sandbox: Whose notifications; one of its own when left out.

    Example:
        >>> box = Notices()
        >>> box.buttons["plain"].click()
        >>> box.as_text()
        'payment genuine paid'
    """

    def __init__(self, sandbox: Sandbox | None = None) -> None:
        self.sandbox = sandbox if sandbox is not None else Sandbox()
        self.client = self.sandbox.client()
        self.came: list[Came] = []
        self._known: set[str] = set()
        self.sandbox.notifications.receive(URL, self._receive)
        self.head, self.list = HTML(), HTML()
        self.buttons = {name: main_button() if name == "plain" else Button() for name in SENT}
        super().__init__(self.head, row(*self.buttons.values()), self.list)
        for name, button in self.buttons.items():
            self.on_press(button, partial(self._sell, SENT[name][1]))

    def _sell(self, fault: str) -> None:
        order = self.client.pay(pay_type="800101", txamt=2500, txcurrcd="HKD", notify_url=URL)
        if fault:
            self.sandbox.fault(fault, on="notification")
        self.sandbox.payer(order).pay()
        self.sandbox.clock.advance(301 if fault == "late" else 0)
        stage.changed(self.sandbox)

    def _receive(self, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        key = self.sandbox.credentials.client_key
        genuine = verify_body(body, key, signature_of(headers))
        said = json.loads(body)
        number = str(said.get("syssn", ""))
        found = self.client.query(syssn=number).transaction
        queried = found.state if found is not None else "unknown"
        self.came.append(Came(said, genuine, number in self._known, queried))
        if not genuine:
            return 403, b""
        self._known.add(number)
        return 200, ACKNOWLEDGED

    def show(self) -> None:
        """Write everything in the language in use."""
        tell(
            self.head,
            el("h3", _("The shop's receiver")),
            el("p", _("Checked each time: the signature, whether it is new, and the query.")),
        )
        for name, button in self.buttons.items():
            button.description = _(SENT[name][0])
        first = max(0, len(self.came) - 6)
        shown = list(enumerate(self.came, 1))[first:]
        tell(self.list, *[_card(number, came) for number, came in reversed(shown)])

    def as_text(self) -> str:
        """Return one line per notification: what about, whether genuine, what the query says."""
        return (
            "\n".join(
                f"{came.body.get('notify_type')} {_word(came)} {came.queried}" for came in self.came
            )
            or "no notification"
        )


def _word(came: Came) -> str:
    if not came.genuine:
        return "refused"
    return "duplicate" if came.seen else "genuine"


def _card(number: int, came: Came) -> Markup:
    body = came.body
    if not came.genuine:
        tone, said = (
            "bad",
            _("Rejected: the signature does not match these bytes. Nothing is recorded."),
        )
    elif came.seen:
        tone, said = "wait", _("A repeat: acknowledged again, not recorded again.")
    else:
        tone, said = "ok", _("Genuine and new: acknowledged with SUCCESS, then recorded.")
    facts = f"{body.get('notify_type')} · {body.get('out_trade_no')} · txamt {body.get('txamt')}"
    return card(
        tone,
        el("p", el("strong", f"{number}. "), el("code", facts)),
        el("p", said),
        el(
            "p", _("Book it from the query, which says: "), el("code", came.queried), cls="qf-small"
        ),
    )
