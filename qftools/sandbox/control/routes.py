"""Every call of the control API, as a table: ``control.json``, with its words and limits.

Server, OpenAPI description and documentation read `ROUTES`; `calls` says what each one does.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qftools.catalogue import Text
from qftools.sandbox.books import payer
from qftools.sandbox.control.inspection import FORMS
from qftools.sandbox.control.params import ControlRoute, Param
from qftools.sandbox.gateway.faults import ALIASES, ENDPOINTS, GROUPS, NAMES, OF_NOTIFICATIONS
from qftools.sandbox.gateway.merchants import MCHID_RULES
from qftools.sandbox.gateway.settings import switches
from qftools.sandbox.replaying import ways
from qftools.signing import SHORTEST_KEY
from qftools.texts import read_table

# Choices and limits that the table names because they are another module's.
NAMED: dict[str, Any] = {
    "acts": tuple(payer.ACTS),
    "endpoints": ("*", *ENDPOINTS, *(group for group in GROUPS if group != "*")),
    "faults": (*NAMES, *ALIASES),
    "forms": FORMS,
    "mchid rules": MCHID_RULES,
    "notification faults": tuple(OF_NOTIFICATIONS),
    "shortest key": SHORTEST_KEY,
    "switches": tuple(switches()),
    "ways": tuple(ways()),
}


def _read() -> tuple[ControlRoute, ...]:
    table = read_table(Path(__file__).with_name("control.json"))
    return tuple(_route(row, table["values"]) for row in table["calls"])


def _route(row: dict[str, Any], words: Mapping[str, Text]) -> ControlRoute:
    takes = tuple(_param(value, words) for value in row.pop("takes", ()))
    of_query = row["method"] == "GET"
    return ControlRoute(
        about=Text(en=row.pop("en"), zh=row.pop("zh")),
        query=takes if of_query else (),
        body=() if of_query else takes,
        **row,
    )


def _param(value: dict[str, Any], words: Mapping[str, Text]) -> Param:
    about = words[value.pop("words", value["name"])]
    for limit in ("choices", "least"):
        if isinstance(value.get(limit), str):
            value[limit] = NAMED[value[limit]]
    if "choices" in value:
        value["choices"] = tuple(value["choices"])
    return Param(about=about, **value)


ROUTES = _read()
