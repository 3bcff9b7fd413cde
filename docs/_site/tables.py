"""The tables of the site, made from the tables of the package: nothing is written twice.

A page says ``<!-- table: fields reversal request -->``; the first word is a function in TABLES,
the others are its arguments. Each returns Markdown in the language of the page. Here are those
of the catalogue and the list of lessons; `flow_tables` and `sandbox_tables` have the others.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from docs._site import floors
from docs._site.flow_tables import FLOW
from docs._site.markdown import Here, anchor, cards, head, table
from docs._site.sandbox_tables import SANDBOX
from docs._site.words import WORDS
from qftools import catalogue
from qftools.assistant.pages import pages
from qftools.assistant.tools import tools
from qftools.cancellation.routing import PROFILES, route
from qftools.catalogue import Code, Field, PayType
from qftools.diagnosis.reading.forms import forms
from qftools.sandbox.gateway import settings as sandbox_settings

_ROOT = Path(__file__).resolve().parents[2]


def fields(here: Here, endpoint: str, part: str = "request") -> str:
    """Every field of one part of an endpoint."""
    rows = catalogue.fields(endpoint, part)
    if part == "answer":
        rows = (*rows, *catalogue.fields(endpoint, "answer-header"))
    return cards(
        head(here, "field", "required", "type", "meaning"),
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
    meaning += here.marks(row.source, row.dispute)
    if row.example:
        meaning += f'<br><span class="qf-example">{here.say("example")} `{row.example}`</span>'
    return [f"`{row.name}`", here.say(f"required {row.required}"), kind, meaning]


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
    return cards(
        head(here, "code", "kind", "meaning", "next"),
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


def row_codes(here: Here) -> str:
    """What each code in the row of a query says about its order; 0000 needs the cancel flag."""
    by_state: dict[str, list[str]] = {}
    for code in catalogue.codes().values():
        by_state.setdefault(code.row, []).append(here.code(code.code))
    states = ("open", "failed", "expired", "cancelled", "refunded", "unclear")
    return table(
        head(here, "row state", "row codes"),
        [[here.say(f"row {state}"), ", ".join(by_state[state])] for state in states],
    )


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
                head(here, "endpoint", "kind", "meaning", "next"),
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
    names = ["pay type", "name", "regions", "cancel", "sure", "refund"]
    return table(head(here, *names), [_pay_type(here, row) for row in rows])


def _pay_type(here: Here, row: PayType) -> list[str]:
    by = route(row.code)
    call = here.link(f"`{by.call}`", f"endpoints/{by.call}.md") if by.call else here.say("no call")
    regions = "·".join(
        here.say(region) if region in WORDS else region for region in row.regions
    ) or here.say("any region")
    refund = here.say(f"refund {row.refund}")
    name = row.name.say(here.lang) + (f" {here.say('legacy')}" if row.legacy else "")
    name += here.marks(row.source, row.dispute)
    sure = here.say(f"sure {row.sure}")
    return [f"`{row.code}`", name, regions, call, sure, refund]


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
    return table(head(here, "wallet", "pay types", "cancel"), rows)


def paged_wallets() -> list[catalogue.Wallet]:
    """The wallets that get a page: those with a pay type."""
    used = {row.wallet for row in catalogue.pay_types().values()}
    return [wallet for wallet in catalogue.wallets().values() if wallet.key in used]


def auth_codes(here: Here) -> str:
    """What payment codes look like."""
    return table(
        head(here, "wallet", "prefixes", "digits"),
        [
            [
                wallet.name.say(here.lang) + here.marks(wallet.source),
                " ".join(f"`{prefix}`" for prefix in wallet.auth_code_prefixes),
                _span(wallet.auth_code_lengths),
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
        head(here, "region", "kind of host", "base url", "moves money", "note"),
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
        head(here, "currency", "name", "minor digits", "2500 means", "note"),
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
        head(here, "source", "date", "says"),
        [
            [
                " ".join(filter(None, (here.sources(reading.source), _small(reading.where)))),
                reading.date,
                reading.says.say(here.lang),
            ]
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
        head(here, "switch", "default", "values", "meaning", "dispute"),
        [
            [
                f"`{row.name}`",
                f"`{row.default}`",
                " ".join(f"`{value}`" for value in row.values),
                row.meaning.say(here.lang),
                here.disputes(row.dispute),
            ]
            for row in {**catalogue.switches(), **sandbox_settings.switches()}.values()
        ],
    )


def sources(here: Here) -> str:
    """What the tags of sources stand for; each has an anchor."""
    return table(
        head(here, "source", "what", "date"),
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
        head(here, "number", "mistake", "how found"),
        [
            [
                f'<span id="{row.id.lower()}">{row.id}</span>',
                row.text.say(here.lang),
                here.say(f"how {row.how}"),
            ]
            for row in catalogue.page_errors()
        ],
    )


def paste_forms(here: Here) -> str:
    """The forms in which `qftools explain` reads a request, each with the same one."""
    blocks = [f"**{form.name.say(here.lang)}**\n\n```text\n{form.example}\n```" for form in forms()]
    return "\n\n".join(blocks)


def notebooks(here: Here) -> str:
    """The lessons: their titles, and what each says first."""
    rows = []
    for path in sorted((_ROOT / "notebooks" / here.lang).glob("[0-9]*.ipynb")):
        first = "".join(json.loads(path.read_text(encoding="utf-8"))["cells"][0]["source"])
        title, *rest = [line for line in first.splitlines() if line.strip()]
        name = f"{int(path.stem[:2])}. {title.removeprefix('# ')}"
        page = here.link(name, f"notebooks/{path.stem}.md")
        rows.append([page, rest[0] if rest else ""])
    return table(head(here, "lesson", "about"), rows)


def assistant_tools(here: Here) -> str:
    """The tools of ``qftools mcp``."""
    return table(
        head(here, "name", "what happens", "takes"),
        [
            [
                f"`{tool.name}`",
                tool.about.say(here.lang),
                " ".join(f"`{value.name}`" for value in tool.takes),
            ]
            for tool in tools().values()
        ],
    )


def assistant_pages(here: Here) -> str:
    """The resources of ``qftools mcp`` in one language."""
    return table(
        head(here, "name", "about"),
        [[f"`{page.uri}`", page.title] for page in pages().values() if page.language == here.lang],
    )


TABLES: dict[str, Callable[..., str]] = {
    **FLOW,
    **SANDBOX,
    "assistant-pages": assistant_pages,
    "assistant-tools": assistant_tools,
    "auth-codes": auth_codes,
    "codes": codes,
    "codes-of": codes_of,
    "currencies": currencies,
    "disputes": disputes,
    "environments": environments,
    "fields": fields,
    "floors": floors.inside,
    "notebooks": notebooks,
    "page-errors": page_errors,
    "paste-forms": paste_forms,
    "pay-types": pay_types,
    "routes": routes,
    "row-codes": row_codes,
    "sources": sources,
    "switches": switches,
    "wallets": wallets,
}
