"""Runs of pairs: ``name=value&name=value``, encoded or as plain values."""

from __future__ import annotations

from urllib.parse import parse_qsl, quote

from qftools.patterns import pattern

# Blanks are looked at once: from their first one, and without a second way through them.
_JOINT = pattern(r"(?:(?<![ \t])[ \t]*+\r?\n[ \t]*+)?&(?:amp;)?(?:\r?\n[ \t]*+)?")


def pairs_of(text: str) -> list[tuple[str, str]]:
    """The pairs of ``name=value&name=value``, decoded where they are encoded."""
    text = unbroken(text)
    if not is_plain(text):
        return parse_qsl(text, keep_blank_values=True)
    parts = (part.partition("=") for part in text.split("&"))
    return [(name, value) for name, _equals, value in parts]


def unbroken(text: str) -> str:
    """A run in one line, without what HTML made of its ampersands."""
    return _JOINT.sub("&", text)


def is_plain(run: str) -> bool:
    """Whether the values stand there as they are, not URL-encoded."""
    return "%" not in run and (" " in run or not run.isascii())


def form_of_plain(text: str) -> bytes:
    """A text of plain values as the form that would have been sent."""
    parts = []
    for part in unbroken(text).split("&"):
        name, equals, value = part.partition("=")
        name = quote(name, safe="[]", errors="surrogateescape")
        parts.append(name + equals + quote(value, safe="", errors="surrogateescape"))
    return "&".join(parts).encode()
