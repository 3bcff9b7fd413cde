"""The server: tools and pages over standard input and output, through one redaction.

All that an answer holds is `Shown`, which a Redactor alone makes. Needs the extra ``mcp``.
"""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from functools import partial
from typing import Any

import anyio
import mcp_types as types
from anyio import to_thread
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import MCPError

import qftools
from qftools.assistant.answering import answer
from qftools.assistant.pages import AssistantPage, pages
from qftools.assistant.place import Place
from qftools.assistant.tools import Tool, offered
from qftools.exchange.redaction import redactor_for
from qftools.locale import mark, text

_INSTRUCTIONS = mark(
    "A payment without an answer is not a failed payment: look before you act. Cancel with the "
    "tool cancel alone, and believe its verdict alone. If the payment has completed, it is not "
    "cancelled: deliver what was bought, or refund it."
)


def serve(place: Place) -> None:
    """Serve until standard input ends."""
    server = _server(place)

    async def run() -> None:
        async with stdio_server() as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())

    with redirect_stdout(sys.__stdout__):  # the command line's own has no file below it
        anyio.run(run)


def _server(place: Place) -> Server[Any]:
    found, made = offered(place), pages()
    redactor = redactor_for(place.secrets)

    async def list_tools(*_: object) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[_described(tool) for tool in found.values()])

    async def call_tool(_: object, asked: types.CallToolRequestParams) -> types.CallToolResult:
        asking = partial(answer, place, asked.name, asked.arguments or {})
        shown, failed = await to_thread.run_sync(asking)
        return types.CallToolResult(content=[types.TextContent(text=shown)], is_error=failed)

    async def list_resources(*_: object) -> types.ListResourcesResult:
        return types.ListResourcesResult(resources=[_listed(page) for page in made.values()])

    async def read_resource(
        _: object, asked: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult:
        page = made.get(str(asked.uri))
        if page is None:
            raise MCPError(types.INVALID_PARAMS, text("There is no such page."))
        shown = redactor.words(page.markdown())
        return types.ReadResourceResult(
            contents=[
                types.TextResourceContents(uri=asked.uri, text=shown, mime_type="text/markdown")
            ]
        )

    return Server(
        "qftools",
        version=qftools.__version__,
        instructions=redactor.words(f"{place.about} {text(_INSTRUCTIONS)}"),
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=list_resources,
        on_read_resource=read_resource,
    )


def _described(tool: Tool) -> types.Tool:
    return types.Tool(
        name=tool.name,
        description=tool.about.say(),
        input_schema=tool.schema(),
        annotations=types.ToolAnnotations(
            read_only_hint=not tool.changes,
            destructive_hint=tool.changes,
            open_world_hint=not tool.sandbox,
        ),
    )


def _listed(page: AssistantPage) -> types.Resource:
    return types.Resource(uri=page.uri, name=page.uri, title=page.title, mime_type="text/markdown")
