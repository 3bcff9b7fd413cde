"""The tables of the sandbox, for the site."""

from __future__ import annotations

from collections.abc import Callable

from docs._site.markdown import Here, head, table
from qftools.exam import judging
from qftools.exam import situations as exam
from qftools.sandbox import situations as bad_days
from qftools.sandbox import words
from qftools.sandbox.books import states
from qftools.sandbox.control import routes as control_routes
from qftools.sandbox.gateway import faults, magic
from qftools.sandbox.report import report


def magic_values(here: Here) -> str:
    """Amounts and payment codes that make the sandbox do something special."""
    return table(
        head(here, "txamt", "what happens"),
        [[f"`{row.number}`", row.text.say(here.lang)] for row in magic.table().values()],
    )


def sandbox_faults(here: Here) -> str:
    """What can be made to go wrong."""
    return table(
        head(here, "fault", "what happens"),
        [[f"`{name}`", here.say(f"fault {name}")] for name in faults.NAMES],
    )


def situations(here: Here) -> str:
    """The bad days of the pytest plugin."""
    return table(
        head(here, "situation", "txamt", "what happens"),
        [
            [f"`{row.id}`", f"`{row.txamt}`", row.text.say(here.lang)]
            for row in bad_days.situations()
        ],
    )


def exam_situations(here: Here) -> str:
    """The situations of the exam."""
    return table(
        head(here, "situation", "level", "what happens", "a right shop"),
        [
            [
                f"**{day.id}**",
                exam.say(day.level, here.lang),
                f"{day.wallet(here.lang)}<br>{day.title(here.lang)}",
                day.right(here.lang),
            ]
            for day in exam.situations().values()
        ],
    )


def exam_lessons(here: Here) -> str:
    """What the exam holds against a shop, besides the rules of the report."""
    return table(
        head(here, "what was done", "why it matters", "do instead"),
        [
            [
                here.link(f"**{row.title.say(here.lang)}**", _file(row.page)),
                row.why.say(here.lang),
                row.advice.say(here.lang),
            ]
            for row in judging.own_lessons()
        ],
    )


def _file(page: str) -> str:
    """The source of a page that is named as it is served: ``signing/mistakes/#key``."""
    path, hash_, anchor = page.partition("#")
    name = path.removesuffix("/")
    index = "/" not in name
    return f"{name}/index.md{hash_}{anchor}" if index else f"{name}.md{hash_}{anchor}"


def notification_faults(here: Here) -> str:
    """What can be made to go wrong with a notification."""
    keys = {name: f"fault_{name.replace(' ', '_')}" for name in faults.OF_NOTIFICATIONS}
    return table(
        head(here, "fault", "what happens"),
        [[f"`{name}`", words.say(word, here.lang)] for name, word in keys.items()],
    )


def report_rules(here: Here) -> str:
    """What the report looks for."""
    return table(
        head(here, "what was done", "grade", "why it matters", "do instead"),
        [
            [
                f"**{row.title.say(here.lang)}**",
                words.say(f"grade_{row.grade}", here.lang),
                row.why.say(here.lang),
                row.advice.say(here.lang) + here.marks(row.source),
            ]
            for row in report.rules().values()
        ],
    )


def control_calls(here: Here) -> str:
    """Every call of the sandbox's control API."""
    return table(
        head(here, "call", "what happens", "takes"),
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
    states.Event.CAPTURE_FULL,
    states.Event.RELEASE,
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
    from qftools.sandbox.control.openapi import description

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
    return table(head(here, "call", "what happens", "parameters", "statuses"), rows)


SANDBOX: dict[str, Callable[..., str]] = {
    "control-calls": control_calls,
    "exam-lessons": exam_lessons,
    "exam-situations": exam_situations,
    "faults": sandbox_faults,
    "magic": magic_values,
    "notification-faults": notification_faults,
    "openapi": openapi,
    "order-states": order_states,
    "report-rules": report_rules,
    "situations": situations,
}
