"""The Python reference for those who read pages as Markdown: signatures and docstrings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import griffe

ASKED = re.compile(r"^::: ([\w.]+)\n?(?:    options:\n      members: \[(.*)\]\n?)?", re.MULTILINE)


def written(asked: re.Match[str]) -> str:
    """What mkdocstrings puts in the place of *asked*, as plain Markdown."""
    return _module(asked[1], asked[2] or "")


@cache
def _package() -> griffe.Object | griffe.Alias:
    return griffe.load("qftools")


@cache
def _module(name: str, members: str) -> str:
    wanted = frozenset(members.split(", ")) if members else None
    module = _package()[name.removeprefix("qftools.")]
    return "\n\n".join(_parts(module, wanted)) + "\n"


def _parts(found: griffe.Object | griffe.Alias, wanted: frozenset[str] | None) -> Iterator[str]:
    if found.docstring is not None:
        yield f"```text\n{found.docstring.value}\n```"
    for name, member in found.members.items():
        if name.startswith("_") or member.is_alias or member.docstring is None:
            continue
        if wanted is None or name in wanted:
            yield f"### `{_signature(member)}` {{ #{member.path} }}"
            yield from _parts(member, None)


def _signature(member: griffe.Object | griffe.Alias) -> str:
    if isinstance(member, griffe.Function):
        return " ".join(member.signature(name=member.name).split())
    return f"class {member.name}" if member.is_class else member.name
