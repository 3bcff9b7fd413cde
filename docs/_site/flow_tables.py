"""The tables of the cancel flow and of the command line, for the site."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial

from docs._site.markdown import Here, head, table
from qftools import catalogue
from qftools.cancellation.evidence import REASONS
from qftools.cancellation.findings import Finding
from qftools.cancellation.policy import rules
from qftools.cancellation.routing import route
from qftools.cancellation.verdicts import REFUNDS, VERDICTS, Verdict, VerdictRow
from qftools.cancellation.walk import NEXT
from qftools.catalogue import Text
from qftools.cli import exits
from qftools.cli.command import ENVIRONMENT
from qftools.locale import text


def verdicts(here: Here, rows: Mapping[Verdict, VerdictRow] = VERDICTS) -> str:
    """How a cancel, or a refund, ends, what proves it, what to do then."""
    return table(
        head(here, "verdict", "meaning", "proof", "next", "exit"),
        [
            [
                f"`{row.verdict}`",
                row.meaning.say(here.lang),
                row.proof.say(here.lang),
                row.advice.filled(number="`out_trade_no`").say(here.lang),
                f"`{row.exit_status}`",
            ]
            for row in rows.values()
        ],
    )


def policies(here: Here) -> str:
    """How patient a cancel is, by wallet and mode, and who says so."""
    return table(
        head(here, "wallet", "mode", "patience", "note"),
        [
            [
                "" if rule.wallet == "*" else catalogue.wallets()[rule.wallet].name.say(here.lang),
                "" if rule.mode == "*" else rule.mode,
                ", ".join(f"`{name}={value:g}`" for name, value in rule.values.items()),
                rule.note.say(here.lang) + here.marks(rule.source),
            ]
            for rule in rules()
        ],
    )


def walk(here: Here) -> str:
    """Step by finding: what comes next."""
    steps = list(NEXT)
    return table(
        [here.say("finding"), *(f"`{step}`" for step in steps)],
        [
            [
                f"`{finding}` {here.say('finding ' + finding)}",
                *(_next(NEXT[step][finding]) for step in steps),
            ]
            for finding in Finding
        ],
    )


def _next(goes_to: object) -> str:
    return f"**`{goes_to}`**" if isinstance(goes_to, Verdict) else f"`{goes_to}`"


# A reason speaks of an answer; without one it is shown with values that an answer might have.
_EXAMPLE: dict[str, object] = {
    "respcd": "`1298`",
    "mchids": "`M1`, `M2`",
    "syssn": "`20200305066100020000977812`",
    "flag": "`9`",
    "kind": Text("付款", "payment"),
    "field": "`txamt`",
    "books": "`2600`",
    "order": "`2500`",
    "state": Text("已支付", "paid"),
}
_EXAMPLES: dict[str, dict[str, object]] = {
    "rows all the same": {"respcd": "`1136`"},
    "unknown type": {"value": "`transfer`"},
    "another kind": {"value": "`refund`"},
    "no refund": {"value": "`payment`"},
}


def reasons(here: Here) -> str:
    """Why an answer to a query proves nothing, or less than it says."""
    return "\n".join(
        f"- {reason.filled(**(_EXAMPLE | _EXAMPLES.get(name, {}))).say(here.lang)}"
        for name, reason in REASONS.items()
    )


def route_data(here: Here) -> str:
    """What cancels each pay type, and why, for the live part of the page."""
    rows = []
    for row in catalogue.pay_types().values():
        by = route(row.code)
        rows.append(
            {
                "code": row.code,
                "name": row.name.say(here.lang),
                "call": by.call,
                "reason": by.reason.say(here.lang),
            }
        )
    return _data("route", rows)


def _data(live: str, value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return f'<script type="application/json" data-for="{live}">{text}</script>'


def exit_statuses(here: Here) -> str:
    """The exit statuses of the command line."""
    return table(
        head(here, "exit", "when"),
        [[f"`{row.status}`", row.when] for row in exits.exits(here.lang)],
    )


def environment(here: Here) -> str:
    """The variables that the command line and the client read."""
    return table(
        head(here, "variable", "what"),
        [[f"`{name}`", text(what, here.lang)] for name, what in ENVIRONMENT.items()],
    )


FLOW: dict[str, Callable[..., str]] = {
    "environment": environment,
    "exit-statuses": exit_statuses,
    "route-data": route_data,
    "policies": policies,
    "reasons": reasons,
    "refund-verdicts": partial(verdicts, rows=REFUNDS),
    "verdicts": verdicts,
    "walk": walk,
}
