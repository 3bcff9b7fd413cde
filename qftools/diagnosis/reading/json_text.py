"""JSON as gateways and shops write it, read without surprises: no float, no half character."""

from __future__ import annotations

import json
import re
from typing import Any

# What no byte stands behind (PEP 383): it can be neither sent nor signed.
_HALF = re.compile("[\ud800-\udc7f\udd00-\udfff]")


class _Null(str):
    """What a dump shows for a value that is not there: most programs do not send such a field."""


NULL = _Null()


def load_json(text: str) -> Any:
    """The value, or None where *text* is no JSON, or nested too deeply to be anything of ours."""
    try:
        value = json.loads(text, parse_constant=str, parse_int=_number, parse_float=str)
        return mended(value) if "\\ud" in text.lower() else value
    except (ValueError, RecursionError):
        return None


def mended(value: Any) -> Any:
    """A value of JSON or of a program, each half of a surrogate pair in it as U+FFFD."""
    if isinstance(value, str):
        return _HALF.sub("\ufffd", value)
    if isinstance(value, dict):
        return {mended(name): mended(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [mended(part) for part in value]
    return value


def as_text(value: object) -> str:
    """A value of JSON as a form would hold it."""
    if value is None:
        return NULL
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _number(digits: str) -> int | str:
    return int(digits) if len(digits) < 20 else digits  # huge ones stay text: int() is not linear
