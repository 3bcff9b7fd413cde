"""The OpenAPI 3.1 description of gateway and control API, made from the catalogue and the routes.

Fields, codes and pay types come from the catalogue, the control API from its table, and what
neither has from ``openapi.json``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import qftools
from qftools import catalogue
from qftools.catalogue import Field, Text
from qftools.sandbox.control.params import ControlRoute, Param
from qftools.sandbox.control.routes import ROUTES
from qftools.texts import read_table

FIXED: dict[str, Any] = read_table(Path(__file__).with_name("openapi.json"))
GATEWAY: dict[str, Text] = FIXED["gateway"]
FORM = "application/x-www-form-urlencoded"


def description(url: str = "http://127.0.0.1:8787") -> dict[str, Any]:
    """Return the whole description, as plain data.

    Args:
        url: Where the sandbox is.

    Example:
        >>> description()["openapi"]
        '3.1.0'
    """
    paths: dict[str, dict[str, Any]] = {}
    for endpoint, about in GATEWAY.items():
        paths[f"/trade/v1/{endpoint}"] = _gateway_path(endpoint, about)
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {**FIXED["info"], "version": qftools.__version__},
        "servers": [{"url": url}],
        "tags": FIXED["tags"],
        "paths": paths,
        "webhooks": {"notification": {"post": FIXED["notification"]}},
        "components": {
            "schemas": {**FIXED["schemas"], **_gateway_schemas()},
            "securitySchemes": FIXED["securitySchemes"],
        },
    }


# -- the gateway ---------------------------------------------------------------------


def _gateway_path(endpoint: str, about: Text) -> dict[str, Any]:
    common = {
        "tags": ["gateway"],
        "security": [{"appCode": [], "signature": []}],
        "responses": {
            "200": {
                "description": "The answer; `respcd` says what came of it. / 应答，结果见 respcd",
                "headers": {"X-QF-SIGN": FIXED["signature"]},
                "content": {"application/json": {"schema": _ref(f"{endpoint.title()}Answer")}},
            },
            "429": {
                "description": "Too many requests. / 请求过多",
                "content": {"text/html": {"schema": {"type": "string"}}},
            },
        },
    }
    signtype = {
        "name": "X-QF-SIGNTYPE",
        "in": "header",
        "schema": {"type": "string", "enum": ["MD5", "SHA256"], "default": "MD5"},
    }
    fields = catalogue.fields(endpoint=endpoint, part="request")
    path = {
        "post": {
            **common,
            "operationId": endpoint,
            "summary": _say(about),
            "parameters": [signtype],
            "requestBody": {
                "required": True,
                "content": {FORM: {"schema": _ref(f"{endpoint.title()}Request")}},
            },
        }
    }
    named = [
        {
            "name": field.name,
            "in": "query",
            "required": field.required == "yes",
            "description": _say(field.meaning),
            "schema": _field(field),
        }
        for field in fields
    ]
    path["get"] = {  # the vendor page prints GET for reversal and close; the sandbox takes all (C1)
        **common,
        "operationId": f"{endpoint}ByGet",
        "summary": _say(about),
        "parameters": [signtype, *named],
    }
    return path


def _gateway_schemas() -> dict[str, Any]:
    schemas: dict[str, Any] = {}
    for endpoint in GATEWAY:
        request = catalogue.fields(endpoint=endpoint, part="request")
        schemas[f"{endpoint.title()}Request"] = _object(request)
        schemas[f"{endpoint.title()}Answer"] = _answer(endpoint)
    schemas["Row"] = _object(catalogue.fields(endpoint="query", part="row"), needed=False)
    schemas["Notification"] = _object(catalogue.fields(endpoint="notification", part="request"))
    schemas["respcd"] = {
        "type": "string",
        "pattern": r"^\d{4}$",
        "description": "\n".join(
            f"* `{code.code}` {_say(code.meaning)}"
            for code in catalogue.codes().values()
            if code.catalogue == "A"
        ),
    }
    schemas["pay_type"] = {
        "type": "string",
        "pattern": r"^\d{6}$",
        "description": "\n".join(
            f"* `{row.code}` {_say(row.name)}" for row in catalogue.pay_types().values()
        ),
    }
    return schemas


def _answer(endpoint: str) -> dict[str, Any]:
    """The answer's schema: only the three result fields are there whatever happened."""
    schema = _object(catalogue.fields(endpoint=endpoint, part="answer"), needed=False)
    schema["properties"] |= {
        "respcd": _ref("respcd"),
        "resperr": {"type": "string"},
        "respmsg": {"type": "string"},
    }
    schema["required"] = ["respcd", "resperr", "respmsg"]
    if endpoint == "query":
        schema["properties"] |= {
            "data": {"type": "array", "items": _ref("Row")},
            "page": {"type": "integer"},
            "page_size": {"type": "integer"},
        }
    if endpoint == "payment":
        schema["properties"]["pay_params"] = {"type": "object"}
    return schema


def _object(fields: tuple[Field, ...], *, needed: bool = True) -> dict[str, Any]:
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {
            field.name: {**_field(field), "description": _say(field.meaning)} for field in fields
        },
    }
    required = [field.name for field in fields if field.required == "yes"]
    if needed and required:
        schema["required"] = required
    return schema


def _field(field: Field) -> dict[str, Any]:
    """A field's schema: everything is text on the wire, amounts included (C11)."""
    if field.name == "pay_type" and field.part == "request" and field.endpoint == "payment":
        return _ref("pay_type")
    return {"type": "string"} | ({"examples": [field.example]} if field.example else {})


# -- the control API --------------------------------------------------------------------


def _operation(route: ControlRoute) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": f"sandbox_{route.name}",
        "tags": ["sandbox"],
        "summary": _say(route.about),
        "security": [{}, {"controlToken": []}],
        "parameters": [
            *(
                {
                    "name": name,
                    "in": "path",
                    "required": True,
                    "description": _say(about),
                    "schema": {"type": "string", "minLength": 1},
                }
                for name, about in route.things.items()
            ),
            *(
                {
                    "name": param.name,
                    "in": "query",
                    "required": param.required,
                    "description": _say(param.about),
                    "schema": param.schema(),
                }
                for param in route.query
            ),
        ],
        "responses": _responses(route),
    }
    if route.method == "POST":
        operation["requestBody"] = {
            "required": True,  # JSON, even if empty: what a form can send changes nothing
            "content": {"application/json": {"schema": _body(route.body)}},
        }
    return operation


def _body(params: tuple[Param, ...]) -> dict[str, Any]:
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {
            param.name: {**param.schema(), "description": _say(param.about)} for param in params
        },
        "additionalProperties": False,
    }
    required = [param.name for param in params if param.required]
    return schema | ({"required": required} if required else {})


def _responses(route: ControlRoute) -> dict[str, Any]:
    statuses = ["403"]
    if route.query or route.method == "POST":
        statuses.append("400")
    if route.method == "POST":
        statuses += ["409", "415"]
    if route.name == "copy":
        statuses.append("409")
    if route.things or route.name == "restore":
        statuses.append("404")
    return {
        "200": {
            "description": "Done. / 完成",
            "content": _PAGE
            if route.answer == "Page"
            else {"application/json": {"schema": _ref(route.answer)}},
        },
        "401": {
            "description": FIXED["errors"]["401"],
            "content": {"text/plain": {"schema": {"type": "string"}}},
        },
        **{
            status: {
                "description": FIXED["errors"][status],
                "content": {"application/json": {"schema": _ref("Error")}},
            }
            for status in sorted(set(statuses))
        },
    }


_PAGE = {"text/html": {"schema": {"type": "string"}}}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _say(text: Text) -> str:
    return f"{text.en} / {text.zh}"
