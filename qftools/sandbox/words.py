"""The words of the sandbox's pages and of its report, in two languages: `words.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path


@cache
def as_json() -> str:
    """Return the table as the browser gets it."""
    return Path(__file__).with_name("words.json").read_text(encoding="utf-8")


@cache
def words() -> Mapping[str, Mapping[str, str]]:
    """Return the words: by name, then by language."""
    table: dict[str, dict[str, str]] = json.loads(as_json())
    return table


def say(name: str, lang: str) -> str:
    """Return the words of that name in a language, en or zh."""
    return words()[name][lang]
