"""The tools: what each is called, takes and does. ``tools.json`` has their words and values.

Those of the sandbox are calls of its control API, by the name of the route.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from qftools import catalogue
from qftools.assistant.place import Place
from qftools.cancellation.policy import policy_for
from qftools.cancellation.routing import PROFILES, route
from qftools.cancellation.run import cancel
from qftools.catalogue import CALL_ENDPOINTS, Code
from qftools.diagnosis import explain
from qftools.diagnosis.snippets import SNIPPETS
from qftools.models import UNLISTED, Reply
from qftools.sandbox.control.params import ControlRoute, Param, read_values
from qftools.sandbox.control.routes import ROUTES
from qftools.texts import Text, read_table

_CHOICES: dict[str, tuple[str, ...]] = {
    "endpoints": CALL_ENDPOINTS,
    "profiles": PROFILES,
    "snippets": tuple(SNIPPETS["order"]),
}


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool.

    Attributes:
        about: What it does, and what happens if the payment has completed.
        sandbox: It is there on a sandbox alone.
        changes: It changes something; the others only read.
        route: The call of the control API that it makes; None for the others.
    """

    name: str
    about: Text
    takes: tuple[Param, ...] = ()
    sandbox: bool = False
    changes: bool = False
    route: ControlRoute | None = None

    def schema(self) -> dict[str, Any]:
        """Return what it takes as JSON schema."""
        return {
            "type": "object",
            "properties": {
                param.name: {**param.schema(), "description": param.about.say()}
                for param in self.takes
            },
            "required": [param.name for param in self.takes if param.required],
            "additionalProperties": False,
        }

    def run(self, place: Place, given: Mapping[str, Any]) -> Any:
        """Check the values, do it, and return plain data, which is not redacted yet.

        Raises:
            WrongValue: A value is missing, wrong, or not one of the tool's.
            QFPayError: It could not be done.
        """
        values = read_values(self.takes, given)
        if self.route is None:
            return _RUNS[self.name](place, values)
        path = self.route.path.format(
            **{name: quote(values.pop(name), safe="") for name in self.route.things}
        )
        values = {name: value for name, value in values.items() if value is not None}
        assert place.remote is not None  # a tool of the sandbox is offered on one alone
        if self.route.method == "GET":
            return place.remote.call("GET", f"{path}?{urlencode(values)}")
        return place.remote.call(self.route.method, path, values)


@cache
def tools() -> Mapping[str, Tool]:
    """Return every tool by its name.

    Example:
        >>> tools()["cancel"].schema()["required"]
        ['number']
        >>> tools()["sandbox_payer"].about.en.partition(". ")[0]
        'Let the payer of an order do something'
    """
    found = [_tool(dict(row)) for row in read_table(Path(__file__).with_name("tools.json"))]
    return {tool.name: tool for tool in found}


def offered(place: Place) -> Mapping[str, Tool]:
    """Return the tools of a place: where money is real, those of the sandbox are not there."""
    on_sandbox = place.remote is not None
    return {name: tool for name, tool in tools().items() if on_sandbox or not tool.sandbox}


def _tool(row: dict[str, Any]) -> Tool:
    takes = tuple(_param(dict(value)) for value in row.pop("takes", ()))
    if "route" not in row:
        return Tool(takes=takes, **row)
    about = row.pop("about")
    call = next(route for route in ROUTES if route.name == row["route"])
    named = [Param(name, "text", what, required=True) for name, what in call.things.items()]
    return Tool(
        **{**row, "route": call},
        about=Text(en=f"{call.about.en}. {about.en}", zh=f"{call.about.zh}。{about.zh}"),
        takes=(*named, *call.query, *call.body),
    )


def _param(value: dict[str, Any]) -> Param:
    choices = _CHOICES.get(value.pop("choices", ""), ())
    return Param(choices=choices, **value)


# ---- what each does -----------------------------------------------------------------------------


def _look(place: Place, values: Mapping[str, Any]) -> Any:
    reply = place.client.query(values["number"])
    rows = [{**row.row, "state": row.state} for row in reply.transactions]
    return {"rows": rows, "explained": explain(dict(reply.body)).say()}


def _explain(place: Place, values: Mapping[str, Any]) -> Any:
    key = place.client.credentials.client_key
    return explain(values["paste"], key=key).to_dict(code=values["language"])


def _code(_place: Place, values: Mapping[str, Any]) -> Any:
    code = catalogue.codes().get(values["code"])
    if code is None:
        unlisted = Reply(values["endpoint"] or "query", values["code"], {})
        return {"code": values["code"], "kind": UNLISTED, "meaning": unlisted.meaning.say()}
    calls = [values["endpoint"]] if values["endpoint"] else ["", *code.at]
    readings = {call or "any call": _read(code.on(call)) for call in calls}
    return {"code": code.code, "readings": readings, "source": code.source}


def _read(code: Code) -> dict[str, str]:
    return {
        "kind": code.kind,
        "money_moved": code.money_moved,
        "meaning": code.meaning.say(),
        "next": code.advice.say(),
    }


def _which_call(_place: Place, values: Mapping[str, Any]) -> Any:
    found = route(values["pay_type"], profile=values["profile"])
    return {
        "pay_type": found.pay_type,
        "call": found.call,
        "reason": found.reason.say(),
        "sure": found.sure,
        "source": found.source,
        "disputes": found.disputes,
    }


def _cancel(place: Place, values: Mapping[str, Any]) -> Any:
    policy = policy_for(None).waiting_for_the_payer() if values["wait_for_payer"] else None
    outcome = cancel(place.client, values["number"], policy=policy, journal=place.journal)
    return {"meaning": outcome.meaning.say(), **outcome.to_dict()}


def _pay(place: Place, values: Mapping[str, Any]) -> Any:
    given = {name: value for name, value in values.items() if value is not None}
    order = place.client.pay(**given)
    assert order.reply is not None  # pay() returns an order only with its reply
    answer = dict(order.reply.body)
    return {"answer": answer, "explained": explain(answer).say()}


_RUNS: dict[str, Callable[[Place, Mapping[str, Any]], Any]] = {
    "look": _look,
    "explain": _explain,
    "code": _code,
    "which_call": _which_call,
    "cancel": _cancel,
    "pay": _pay,
}
