"""One call of a tool: on record first, then done, and its answer through the redaction."""

from __future__ import annotations

import datetime
import os
from collections.abc import Mapping
from typing import Any

from qftools import catalogue
from qftools.assistant.place import Place
from qftools.assistant.tools import Tool, offered
from qftools.errors import InputError, JournalError, OutcomeUnknownError, QFPayError
from qftools.exchange.redaction import Redactor, redactor_for
from qftools.exchange.shown import Shown
from qftools.locale import text


def answer(place: Place, name: str, given: Mapping[str, Any]) -> tuple[Shown, bool]:
    """Run a tool; return what it says, as JSON, and whether it failed.

    The call is on record before anything is done.
    """
    redactor = redactor_for(place.secrets)
    try:
        tool = offered(place).get(name)
        if tool is None:
            raise InputError("name", "is unknown", "that of a tool in the list of tools")
        _record(place, redactor, tool, given)
        return redactor.json(tool.run(place, given), indent=1), False
    except QFPayError as error:
        told = {"error": type(error).__name__, "message": error.say(), "next": _next(error)}
    except Exception as error:  # its own text may hold a secret
        said = text("qftools failed ({cause}). This is a defect of qftools.")
        told = {"error": type(error).__name__, "message": said.format(cause=type(error).__name__)}
    return redactor.json(told, indent=1), True


def _next(error: QFPayError) -> str:
    code = catalogue.codes().get(getattr(error, "respcd", ""))
    if isinstance(error, OutcomeUnknownError):
        return text("The outcome is unknown, not failed. A query changes nothing: query again.")
    return code.advice.say() if code else ""


def _record(place: Place, redactor: Redactor, tool: Tool, given: Mapping[str, Any]) -> None:
    """Write the call beside the journal before anything is done; a paste is left out."""
    path = f"{place.journal.path}.calls"
    at = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    values = {} if tool.name == "explain" else dict(given)
    url = place.client.base_url
    line = redactor.json({"at": at, "gateway": url, "tool": tool.name, "values": values})
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(file, f"{line}\n".encode())
        finally:
            os.close(file)
    except OSError as error:
        raise JournalError(
            "the record of calls {path} can't be written ({cause}): nothing was done",
            path=path,
            cause=error.strerror,
        ) from error
