"""The words of the sandbox's pages and of its report, in two languages: `words.json`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from qftools.errors import SandboxError
from qftools.texts import Language, Text, known, mark, read_table

FILE = Path(__file__).with_name("words.json")


@cache
def words() -> Mapping[str, Text]:
    """Return the words by name."""
    table: dict[str, Text] = read_table(FILE)
    return table


def say(name: str, lang: str | None = None) -> str:
    """Return the words of that name in a language, or in the one in use."""
    return words()[name].say(lang)


def preferred(headers: Mapping[str, str]) -> Language:
    """Return the language that a request asks for in Accept-Language, English without one."""
    return known(headers.get("accept-language", "")) or "en"


def not_one_of(name: str, value: object, choices: Iterable[str]) -> SandboxError:
    """Return the refusal of a value that is none of its choices."""
    said = mark("{name} is {value!r}; it must be one of: {known}")
    return SandboxError(said, name=name, value=value, known=", ".join(choices))
