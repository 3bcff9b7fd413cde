"""Five broken integrations, each with a check that tells whether it has been repaired."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ipywidgets import HTML

from qftools import catalogue
from qftools.cancellation.routing import route
from qftools.errors import GatewayError, InputError, OutcomeUnknownError
from qftools.locale import mark
from qftools.locale import text as _
from qftools.markup import el
from qftools.panels.panel import Panel, card, tell
from qftools.panels.signing_desk import asked
from qftools.sandbox import Sandbox
from qftools.sandbox.replaying import WAYS
from qftools.sequence import reading


class RepairCheck(NamedTuple):
    """What a check found.

    Attributes:
        repaired: Whether it works now.
        proof: What was seen, in wire words: the same in every language.
        hint: What to look at next.
    """

    repaired: bool
    proof: str
    hint: str = ""


def _signed(text: str, fields: Mapping[str, str]) -> RepairCheck:
    pairs = tuple(fields.items())
    key = Sandbox().credentials.client_key
    way = WAYS["right"]._replace(text=lambda _pairs: text)
    respcd = str(reading(asked("payment", pairs, way, key, "MD5")).get("respcd"))
    return RepairCheck(
        respcd == "0000", respcd, mark("In which order does the gateway read the fields?")
    )


def _amounts(amounts: Mapping[str, int]) -> RepairCheck:
    meant = {"HKD": 25, "JPY": 2500}  # what the shop wants, in dollars and yen
    wrong = [
        currency
        for currency, whole in meant.items()
        if amounts.get(currency) != whole * 10 ** catalogue.currencies()[currency].minor_digits
    ]
    return RepairCheck(
        not wrong, " ".join(wrong) or "ok", mark("How many decimals does the yen have?")
    )


def _readings(readings: Mapping[str, str]) -> RepairCheck:
    wanted = {"success": "done", "progress": "ask again", "unknown": "ask again"}
    codes = catalogue.codes()
    wrong = [
        code
        for code, said in readings.items()
        if said != wanted.get(codes[code].on("payment").kind, "failed")
    ]
    return RepairCheck(
        not wrong,
        " ".join(wrong) or "ok",
        mark("Which of these codes say that the payer was not charged?"),
    )


def _routes(calls: Mapping[str, str | None]) -> RepairCheck:
    wrong = [pay_type for pay_type, call in calls.items() if route(pay_type).call != call]
    return RepairCheck(
        not wrong, " ".join(wrong) or "ok", mark("Look it up in the wallet map, or with route().")
    )


def _plan(plan: Sequence[str]) -> RepairCheck:
    """Play the plan where the payer is faster and the cancel's reply is lost."""
    sandbox = Sandbox()
    client = sandbox.client()
    order = None
    asked_last = ""
    for endpoint in plan:
        try:
            if endpoint == "payment":
                order = client.pay(pay_type="800101", txamt=77028, txcurrcd="HKD")
                if asked_last:  # the shop charges again, and the payer pays again
                    sandbox.payer(order).pay()
            elif order is not None:
                {"query": client.query, "reversal": client.reverse}[endpoint](order)
        except (OutcomeUnknownError, GatewayError):
            pass  # the shop goes on with its plan
        except KeyError:
            raise InputError(
                "plan", "has {value!r}", "of payment, query, reversal", value=endpoint
            ) from None
        asked_last = endpoint
    charged = sum(1 for row in sandbox.orders() if row.kept)
    known = asked_last == "query" and charged == 1
    proof = f"charged {charged}x, last call {asked_last or 'none'}"
    return RepairCheck(
        known, proof, mark("After no reply, which call finds the state and changes nothing?")
    )


CHECKS: dict[str, Callable[..., RepairCheck]] = {
    "signature": _signed,
    "amounts": _amounts,
    "readings": _readings,
    "routes": _routes,
    "plan": _plan,
}
"""The check of each broken integration, by name."""


class Repair(Panel):
    """Checks whether a broken integration works now.

    Args:
        name: Which one; a key of [CHECKS][qftools.panels.repairs.CHECKS].
        given: What its check wants.

    Raises:
        InputError: There is no such integration.

    Example:
        >>> Repair("routes", calls={"800101": "reversal", "802001": None}).as_text()
        'routes: repaired (ok)'
    """

    def __init__(self, name: str, **given: Any) -> None:
        if name not in CHECKS:
            raise InputError(
                "name", "is {value!r}", "one of {known}", value=name, known=", ".join(CHECKS)
            )
        self.name = name
        self.found = CHECKS[name](**given)
        self.said = HTML()
        super().__init__(self.said)

    def show(self) -> None:
        """Write everything in the language in use."""
        found = self.found
        head = _("Repaired.") if found.repaired else _("Not yet.")
        tell(
            self.said,
            card(
                "ok" if found.repaired else "bad",
                el("p", el("strong", head), " ", _("The sandbox says: "), el("code", found.proof)),
                None if found.repaired else el("p", _(found.hint)),
            ),
        )

    def as_text(self) -> str:
        """Return whether it is repaired, and the proof."""
        state = "repaired" if self.found.repaired else "not yet"
        return f"{self.name}: {state} ({self.found.proof})"
