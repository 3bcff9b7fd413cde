"""The tables of the site, made from the tables of the package: nothing is written twice.

A page says ``<!-- table: fields reversal request -->``; the first word is a function in TABLES,
the others are its arguments. Each returns Markdown in the language of the page.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from docs._site.words import WORDS
from qftools import catalogue
from qftools.catalogue import Code, Field, PayType
from qftools.cli import exits
from qftools.cli.command import ENVIRONMENT
from qftools.findings import Finding
from qftools.locale import Language, text
from qftools.policy import rules
from qftools.routing import PROFILES, route
from qftools.sandbox import control_routes, faults, magic, pages, report, states
from qftools.sandbox import settings as sandbox_settings
from qftools.sandbox.notifications import FAULTS as notices
from qftools.verdicts import VERDICTS, Verdict
from qftools.walk import NEXT

_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Here:
    """The page that asks: its language and its place, for links to other pages.

    Attributes:
        path: The page's file without the language folder: ``endpoints/reversal.md``.
        up: The way to the root of the site, for what is no page.
    """

    lang: Language
    path: str
    up: str = ""

    def link(self, label: str, target: str) -> str:
        """A Markdown link to another page, given from the root of the language."""
        file, hash_, anchor = target.partition("#")
        relative = posixpath.relpath(file, posixpath.dirname(self.path)) if file else ""
        return f"[{label}]({relative}{hash_}{anchor})"

    def say(self, word: str) -> str:
        """A word of the tables' own, in the language of the page."""
        return WORDS[word].say(self.lang)

    def code(self, code: str) -> str:
        """A respcd, linked to its entry."""
        known = code in catalogue.codes()
        return self.link(f"`{code}`", f"codes.md#{code}") if known else f"`{code}`"

    def sources(self, tags: str) -> str:
        """The tags of a row, linked to the list of sources."""
        joined = [
            self.link(tag, f"disputes.md#source-{anchor(tag)}") for tag in tags.split("; ") if tag
        ]
        return " ".join(joined)

    def disputes(self, numbers: Iterable[str]) -> str:
        """Numbers of disputes, linked to the ledger."""
        return " ".join(self.link(number, f"disputes.md#{number.lower()}") for number in numbers)


def anchor(words: str) -> str:
    """A tag as an anchor.

    Example:
        >>> anchor("ISO 4217")
        'iso-4217'
    """
    return words.lower().replace(" ", "-")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; what would break a cell is written otherwise."""
    lines = [list(head), ["---"] * len(head), *map(list, rows)]
    return "\n".join("| " + " | ".join(map(_cell_text, line)) + " |" for line in lines)


def _cell_text(cell: str) -> str:
    parts = cell.replace("\n", " ").split("`")
    parts[::2] = [part.replace("|", "&#124;") for part in parts[::2]]  # code may hold a bar
    return "`".join(parts)


def _head(here: Here, *words: str) -> list[str]:
    return [here.say(word) for word in words]


# ---- the gateway's fields, codes, pay types -----------------------------------------------


def fields(here: Here, endpoint: str, part: str = "request") -> str:
    """Every field of one part of an endpoint."""
    rows = catalogue.fields(endpoint, part)
    if part == "answer":
        rows = (*rows, *catalogue.fields(endpoint, "answer-header"))
    return table(
        _head(here, "field", "required", "type", "meaning", "source"),
        [_field(here, row) for row in rows],
    )


def _field(here: Here, row: Field) -> list[str]:
    meaning = row.meaning.say(here.lang)
    if row.flow:
        flows = ", ".join(f"`{flow}`" if flow.isdigit() else flow.upper() for flow in row.flow)
        meaning += " " + here.say("only for").format(flows=flows)
    kind = f"{row.type}({row.length})" if row.length else row.type
    if row.part == "answer-header":
        kind = here.say("header")
    notes = " ".join(filter(None, (here.sources(row.source), here.disputes(row.dispute))))
    if row.example:
        meaning += f'<br><span class="qf-example">{here.say("example")} `{row.example}`</span>'
    return [f"`{row.name}`", here.say(f"required {row.required}"), kind, meaning, _small(notes)]


def _small(notes: str) -> str:
    return f'<span class="qf-source">{notes}</span>' if notes else ""


def codes_of(here: Here, endpoint: str, part: str = "A") -> str:
    """What each code means on one endpoint, and what to do next."""
    rows = [
        code.on(endpoint)
        for code in catalogue.codes().values()
        if code.catalogue == part and {endpoint, "*"} & set(code.endpoints)
    ]
    rows.sort(key=lambda code: (_KINDS.index(code.kind), code.code))
    return table(
        _head(here, "code", "kind", "meaning", "next"),
        [
            [
                here.code(row.code),
                _kind(here, row),
                row.meaning.say(here.lang),
                row.advice.say(here.lang),
            ]
            for row in rows
        ],
    )


_KINDS = ("success", "progress", "unknown", "failure", "caller")


def _kind(here: Here, code: Code) -> str:
    return f'<span class="qf-kind qf-{code.kind}">{here.say("kind " + code.kind)}</span>'


def codes(here: Here) -> str:
    """All codes, one heading and one anchor each."""
    parts = []
    for part in ("A", "B"):
        parts.append(f"## {here.say('codes ' + part)} {{ #codes-{part.lower()} }}")
        rows = [code for code in catalogue.codes().values() if code.catalogue == part]
        parts += [_code(here, code) for code in rows]
    return "\n\n".join(parts)


def _code(here: Here, code: Code) -> str:
    lines = [
        f"### {code.code} {code.meaning.say(here.lang)} {{ #{code.code} }}",
        f"{_kind(here, code)} {here.say('money ' + code.money_moved)}",
    ]
    if code.at:
        general = set(code.endpoints) == {"*"} or set(code.endpoints) - set(code.at)
        rows: list[tuple[str, Code]] = [("", code)] if general else []
        rows += code.at.items()
        lines.append(
            table(
                _head(here, "endpoint", "kind", "meaning", "next"),
                [
                    [
                        here.link(f"`{name}`", f"endpoints/{name}.md")
                        if name
                        else here.say("elsewhere"),
                        _kind(here, reading),
                        reading.meaning.say(here.lang),
                        reading.advice.say(here.lang),
                    ]
                    for name, reading in rows
                ],
            )
        )
    else:
        lines.append(code.advice.say(here.lang))
    if code.was is not None:
        lines.append(here.say("formerly").format(was=code.was.say(here.lang)))
    notes = " ".join(filter(None, (here.sources(code.source), here.disputes(code.dispute))))
    lines.append(_small(f"{here.say('source')}{here.say('colon')}{notes}"))
    return "\n\n".join(lines)


def pay_types(here: Here, wallet: str = "") -> str:
    """Pay types with what cancels them; of one wallet, or of all."""
    rows = [row for row in catalogue.pay_types().values() if wallet in ("", row.wallet)]
    head = ["pay type", "name", "regions", "cancel", "sure", "refund", "source"]
    return table(_head(here, *head), [_pay_type(here, row) for row in rows])


def _pay_type(here: Here, row: PayType) -> list[str]:
    by = route(row.code)
    call = here.link(f"`{by.call}`", f"endpoints/{by.call}.md") if by.call else here.say("no call")
    regions = "·".join(
        here.say(region) if region in WORDS else region for region in row.regions
    ) or here.say("any region")
    refund = here.say(f"refund {row.refund}")
    name = row.name.say(here.lang) + (f" {here.say('legacy')}" if row.legacy else "")
    notes = " ".join(filter(None, (here.sources(row.source), here.disputes(row.dispute))))
    sure = here.say(f"sure {by.sure}")
    return [f"`{row.code}`", name, regions, call, sure, refund, _small(notes)]


def routes(here: Here, wallet: str) -> str:
    """Which call cancels, by edition of the documents."""
    rows = [row for row in catalogue.pay_types().values() if row.wallet == wallet]
    return table(
        [here.say("pay type"), *(here.say(f"profile {profile}") for profile in PROFILES)],
        [
            [
                f"`{row.code}`",
                *(here.say(f"call {row.cancel[profile]}") for profile in PROFILES),
            ]
            for row in rows
        ],
    )


def wallets(here: Here) -> str:
    """Every wallet that has a pay type today."""
    rows = []
    for wallet in paged_wallets():
        own = [row for row in catalogue.pay_types().values() if row.wallet == wallet.key]
        calls = {route(row.code).call or "none" for row in own}
        called = [
            here.say(f"call {call}") for call in ("reversal", "close", "none") if call in calls
        ]
        rows.append(
            [
                here.link(wallet.name.say(here.lang), f"wallets/{wallet.key}.md"),
                " ".join(f"`{row.code}`" for row in own),
                here.say("or").join(called),
            ]
        )
    return table(_head(here, "wallet", "pay types", "cancel"), rows)


def paged_wallets() -> list[catalogue.Wallet]:
    """The wallets that get a page: those with a pay type."""
    used = {row.wallet for row in catalogue.pay_types().values()}
    return [wallet for wallet in catalogue.wallets().values() if wallet.key in used]


def auth_codes(here: Here) -> str:
    """What payment codes look like."""
    return table(
        _head(here, "wallet", "prefixes", "digits", "source"),
        [
            [
                wallet.name.say(here.lang),
                " ".join(f"`{prefix}`" for prefix in wallet.auth_code_prefixes),
                _span(wallet.auth_code_lengths),
                here.sources(wallet.source),
            ]
            for wallet in catalogue.wallets().values()
            if wallet.auth_code_prefixes
        ],
    )


def _span(numbers: tuple[int, ...]) -> str:
    if len(numbers) > 2 and numbers == tuple(range(numbers[0], numbers[-1] + 1)):
        return f"{numbers[0]}–{numbers[-1]}"
    return ", ".join(map(str, numbers))


def environments(here: Here) -> str:
    """The hosts of the gateway."""
    return table(
        _head(here, "region", "kind of host", "base url", "moves money", "note"),
        [
            [
                row.region.say(here.lang),
                here.say(f"host {row.kind}"),
                f"`{row.base_url}`",
                here.say("yes" if row.moves_money else "no"),
                row.note.say(here.lang) if row.note else "",
            ]
            for row in catalogue.environments().values()
        ],
    )


def currencies(here: Here) -> str:
    """Currencies, and what txamt counts."""
    return table(
        _head(here, "currency", "name", "minor digits", "2500 means", "note"),
        [
            [
                f"`{row.code}`",
                row.name.say(here.lang),
                str(row.minor_digits),
                f"{2500 / 10**row.minor_digits:.{row.minor_digits}f} {row.code}",
                row.note.say(here.lang) if row.note else "",
            ]
            for row in catalogue.currencies().values()
        ],
    )


# ---- where the sources disagree ------------------------------------------------------------


def disputes(here: Here) -> str:
    """The ledger: one heading and one anchor for each disagreement."""
    return "\n\n".join(_dispute(here, number) for number in catalogue.disputes())


def _dispute(here: Here, number: str) -> str:
    row = catalogue.disputes()[number]
    said = table(
        _head(here, "source", "date", "says"),
        [
            [here.sources(reading.source), reading.date, reading.says.say(here.lang)]
            for reading in row.readings
        ],
    )
    lines = [
        f"### {number} {row.topic.say(here.lang)} {{ #{number.lower()} }}",
        said,
        f"**{here.say('we do')}** {row.default.say(here.lang)}",
    ]
    if row.switch is not None:
        switch = catalogue.switches()[row.switch]
        values = " ".join(f"`{value}`" for value in switch.values)
        lines.append(here.say("switched by").format(switch=f"`{switch.name}`", values=values))
    return "\n\n".join(lines)


def switches(here: Here) -> str:
    """Every switch of client and sandbox."""
    return table(
        _head(here, "switch", "default", "values", "meaning", "dispute"),
        [
            [
                f"`{row.name}`",
                f"`{row.default}`",
                " ".join(f"`{value}`" for value in row.values),
                row.meaning.say(here.lang),
                here.disputes(row.dispute),
            ]
            for row in sandbox_settings.switches().values()
        ],
    )


def sources(here: Here) -> str:
    """What the tags of sources stand for; each has an anchor."""
    return table(
        _head(here, "source", "what", "date"),
        [
            [
                f'<span id="source-{anchor(row.tag)}">{row.tag}</span>',
                row.name.say(here.lang),
                row.date,
            ]
            for row in catalogue.sources().values()
        ],
    )


def page_errors(here: Here) -> str:
    """The vendor page's mistakes."""
    return table(
        _head(here, "number", "mistake", "how found"),
        [
            [
                f'<span id="{row.id.lower()}">{row.id}</span>',
                row.text.say(here.lang),
                here.say(f"how {row.how}"),
            ]
            for row in catalogue.page_errors()
        ],
    )


# ---- the cancel flow --------------------------------------------------------------------------


def verdicts(here: Here) -> str:
    """How a cancel ends, what proves it, what to do then."""
    return table(
        _head(here, "verdict", "meaning", "proof", "next", "exit"),
        [
            [
                f"`{row.verdict}`",
                row.meaning.say(here.lang),
                row.proof.say(here.lang),
                row.advice.say(here.lang),
                f"`{row.exit_status}`",
            ]
            for row in VERDICTS.values()
        ],
    )


def policies(here: Here) -> str:
    """How patient a cancel is, by wallet and mode, and who says so."""
    return table(
        _head(here, "wallet", "mode", "patience", "note", "source"),
        [
            [
                "" if rule.wallet == "*" else catalogue.wallets()[rule.wallet].name.say(here.lang),
                "" if rule.mode == "*" else rule.mode,
                ", ".join(f"`{name}={value:g}`" for name, value in rule.values.items()),
                rule.note.say(here.lang),
                here.sources(rule.source),
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


def walk_data(here: Here) -> str:
    """The same table for the live part of the page."""
    return _data(
        "walk",
        {
            "next": {
                str(step): {str(f): str(to) for f, to in row.items()} for step, row in NEXT.items()
            },
            "steps": {str(step): here.say(f"walk {step}") for step in NEXT},
            "findings": {str(finding): here.say(f"finding {finding}") for finding in Finding},
            "verdicts": {
                str(row.verdict): f"{row.meaning.say(here.lang)} {row.advice.say(here.lang)}"
                for row in VERDICTS.values()
            },
        },
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
        _head(here, "exit", "when"),
        [[f"`{row.status}`", row.when] for row in exits.exits(here.lang)],
    )


def environment(here: Here) -> str:
    """The variables that the command line and the client read."""
    return table(
        _head(here, "variable", "what"),
        [[f"`{name}`", text(what, here.lang)] for name, what in ENVIRONMENT.items()],
    )


# ---- the sandbox ---------------------------------------------------------------------------------


def magic_values(here: Here) -> str:
    """Amounts and payment codes that make the sandbox do something special."""
    return table(
        _head(here, "txamt", "what happens"),
        [[f"`{row.number}`", row.text.say(here.lang)] for row in magic.table().values()],
    )


def sandbox_faults(here: Here) -> str:
    """What can be made to go wrong."""
    return table(
        _head(here, "fault", "what happens"),
        [[f"`{name}`", here.say(f"fault {name}")] for name in faults.NAMES],
    )


def notification_faults(here: Here) -> str:
    """What can be made to go wrong with a notification."""
    words = {name: f"fault_{name.replace(' ', '_')}" for name in notices}
    return table(
        _head(here, "fault", "what happens"),
        [[f"`{name}`", pages.say(word, here.lang)] for name, word in words.items()],
    )


def report_rules(here: Here) -> str:
    """What the report looks for."""
    return table(
        _head(here, "what was done", "grade", "why it matters", "do instead", "source"),
        [
            [
                f"**{row.title.say(here.lang)}**",
                pages.say(f"grade_{row.grade}", here.lang),
                row.why.say(here.lang),
                row.advice.say(here.lang),
                here.sources(row.source),
            ]
            for row in report.rules().values()
        ],
    )


def control_calls(here: Here) -> str:
    """Every call of the sandbox's control API."""
    return table(
        _head(here, "call", "what happens", "takes"),
        [
            [
                f"`{row.method} {row.path}`",
                row.about.say(here.lang),
                " ".join(f"`{value.name}`" for value in (*row.query, *row.body)),
            ]
            for row in control_routes.ROUTES
        ],
    )


_MERCHANT = (
    states.Event.CANCEL,
    states.Event.REFUND_PART,
    states.Event.REFUND_FULL,
    states.Event.AGAIN,
    states.Event.LOOK,
)


def order_states(here: Here) -> str:
    """State by what the merchant asks: the answer, and the new state."""
    return table(
        [here.say("state"), *(here.say(f"event {event}") for event in _MERCHANT)],
        [
            [here.say(f"state {state}"), *(_cell(here, state, event) for event in _MERCHANT)]
            for state in states.State
        ],
    )


def _cell(here: Here, state: states.State, event: states.Event) -> str:
    cell = states.TABLE[state][event]
    answers = [cell.read(cpm) for cpm in (False, True)]
    shown = []
    for new, answer in dict.fromkeys(answers):
        said = here.say("own code") if answer == states.OWN_CODE else here.code(answer)
        shown.append(said + (f" → {here.say(f'state {new}')}" if new is not state else ""))
    return here.say("or").join(shown)


def openapi(here: Here) -> str:
    """Every operation of the sandbox: the gateway's five, and its own."""
    from qftools.sandbox.openapi import description

    rows = []
    for path, operations in description()["paths"].items():
        for method, operation in operations.items():
            english, _, chinese = operation["summary"].partition(" / ")
            names = [item["name"] for item in operation.get("parameters", []) if "name" in item]
            said = chinese or english if here.lang == "zh" else english
            rows.append(
                [
                    f"`{method.upper()} {path}`",
                    said,
                    " ".join(f"`{name}`" for name in names[:6]) + (" …" if names[6:] else ""),
                    " ".join(f"`{status}`" for status in operation["responses"]),
                ]
            )
    return table(_head(here, "call", "what happens", "parameters", "statuses"), rows)


# ---- lessons -------------------------------------------------------------------------------------


def notebooks(here: Here) -> str:
    """The lessons: their titles, and what each says first."""
    rows = []
    for path in sorted((_ROOT / "notebooks" / here.lang).glob("[0-9]*.ipynb")):
        first = "".join(json.loads(path.read_text(encoding="utf-8"))["cells"][0]["source"])
        title, *rest = [line for line in first.splitlines() if line.strip()]
        page = here.link(title.removeprefix("# "), f"notebooks/{path.stem}.md")
        rows.append([page, rest[0] if rest else ""])
    return table(_head(here, "lesson", "about"), rows)


TABLES: dict[str, Callable[..., str]] = {
    "auth-codes": auth_codes,
    "codes": codes,
    "codes-of": codes_of,
    "control-calls": control_calls,
    "currencies": currencies,
    "disputes": disputes,
    "environment": environment,
    "environments": environments,
    "exit-statuses": exit_statuses,
    "faults": sandbox_faults,
    "fields": fields,
    "magic": magic_values,
    "notebooks": notebooks,
    "notification-faults": notification_faults,
    "openapi": openapi,
    "order-states": order_states,
    "page-errors": page_errors,
    "pay-types": pay_types,
    "route-data": route_data,
    "report-rules": report_rules,
    "routes": routes,
    "policies": policies,
    "sources": sources,
    "switches": switches,
    "verdicts": verdicts,
    "walk": walk,
    "walk-data": walk_data,
    "wallets": wallets,
}
