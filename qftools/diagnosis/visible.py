"""Text with every byte visible: blanks, look-alikes and what has no shape at all.

What comes out is safe to print: no control character of the input reaches a terminal.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import NamedTuple

from qftools.patterns import pattern

_ALONE = pattern(r"\s*(?:[0-9A-Fa-f\s]+(?=\s|$)|\S+)")
_NAMES = {
    "\n": "LF",
    "\r": "CR",
    "\t": "TAB",
    "\0": "NUL",
    "\x1b": "ESC",
    "\xa0": "NBSP",
    "\xad": "SHY",
    "\u3000": "U+3000",
    "\u200b": "ZWSP",
    "\u200c": "ZWNJ",
    "\u200d": "ZWJ",
    "\ufeff": "BOM",
    "\ufffd": "U+FFFD",
}
BLANK = "·"
_CHINESE_SIGNS = "！（），：；？～"  # full-width in any Chinese text, and seen to be so


def visible(text: str) -> str:
    """*text* with a dot for each blank and a name for each character that deceives the eye.

    Example:
        >>> visible("txdtm=2020-03-05 16:50:30\\u200b\\n")
        'txdtm=2020-03-05·16:50:30⟨ZWSP⟩⟨LF⟩'
    """
    return "".join([_shown(character) for character in text])


def _shown(character: str) -> str:
    if character == " ":
        return BLANK
    if " " < character <= "~":
        return character
    name = _NAMES.get(character)
    if name:
        return f"⟨{name}⟩"
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is no UTF-8
        return f"⟨{code - 0xDC00:02X}⟩"
    if 0xFF01 <= code <= 0xFF5E and character not in _CHINESE_SIGNS:  # looks like ASCII
        return f"{character}⟨U+{code:04X}⟩"
    category = unicodedata.category(character)
    if category in ("Cc", "Cf", "Cs", "Co", "Cn", "Zs", "Zl", "Zp", "Mn", "Me"):
        return f"⟨U+{code:04X}⟩"
    return character


_DECEPTIVE = pattern(
    "[\\x00-\\x1f\\x7f-\\xa0\\xad\\u200b-\\u200f\\u2028-\\u202f\\u2060\\u3000\\ufeff"
    "\\ufffd\\uff10-\\uff19\\uff21-\\uff3a\\uff41-\\uff5a]"
)


def deceptive(text: str) -> list[str]:
    """The names of characters in *text* that deceive the eye, each once; a plain blank does not.

    Example:
        >>> deceptive("a\\u3000b\\u200b"), deceptive("咖啡 a")
        (['U+3000', 'ZWSP'], [])
    """
    found = dict.fromkeys(_DECEPTIVE.findall(text))
    return [_NAMES.get(char, f"U+{ord(char):04X}") for char in found][:10]


class Difference(NamedTuple):
    """Where two texts part.

    Attributes:
        byte: Position of the first byte that differs, from 0.
        wanted: That byte as the gateway has it, in hexadecimal; empty at the end of its text.
        given: That byte as it was signed.
        wanted_near, given_near: What stands around it, with every byte visible.
    """

    byte: int
    wanted: str
    given: str
    wanted_near: str
    given_near: str


def difference(wanted: str, given: str) -> Difference | None:
    """Return the first byte at which two texts differ, None where they are the same.

    Example:
        >>> difference("txdtm=10 30", "txdtm=10+30")[:3]
        (8, '20', '2B')
    """
    if wanted == given:
        return None
    ours, theirs = _bytes(wanted), _bytes(given)
    at = _first(ours, theirs)
    character = _first(wanted, given)
    return Difference(
        at,
        f"{ours[at]:02X}" if at < len(ours) else "",
        f"{theirs[at]:02X}" if at < len(theirs) else "",
        _near(wanted, character),
        _near(given, character),
    )


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _first(one: str | bytes, other: str | bytes) -> int:
    """The first place where they differ, by halving: long texts are compared in one go."""
    same, end = 0, min(len(one), len(other))
    while same < end:
        middle = (same + end + 1) // 2
        if one[same:middle] == other[same:middle]:
            same = middle
        else:
            end = middle - 1
    return same


def _near(text: str, at: int) -> str:
    start, end = max(0, at - 16), at + 24
    cut = ("…" if start else "") + visible(text[start:end])
    return cut + ("…" if end < len(text) else "")


def signature_alone(given: str) -> str:
    """A signature without the text that ran into it where its quote was lost.

    Example:
        >>> signature_alone("5E2A -b sid=1"), signature_alone(" 5E2A 77B0 ")
        ('5E2A …', ' 5E2A 77B0 ')
    """
    found = _ALONE.match(given)
    return given if not found or not given[found.end() :].strip() else found[0].rstrip() + " …"


def differences(wanted: str, given: str) -> list[dict[str, str]]:
    """Return two texts as one row of pieces: ``same``, or ``wanted`` beside ``given``.

    Every byte is visible. Pairs of name and value are compared first, then what is in them.

    Example:
        >>> differences("a=1 &b=2", "a=1+&b=2")
        [{'same': 'a=1'}, {'wanted': '·', 'given': '+'}, {'same': '&b=2'}]
    """
    pieces: list[dict[str, str]] = []
    for before, after in _compared(_SPLIT.findall(wanted), _SPLIT.findall(given)):
        for piece in _parted(before, after):
            if pieces and "same" in piece and "same" in pieces[-1]:
                pieces[-1]["same"] += piece["same"]
            else:
                pieces.append(piece)
    return pieces


_SPLIT = pattern("&|[^&]+")


def _compared(wanted: list[str], given: list[str]) -> Iterator[tuple[str, str]]:
    for kind, a, b, c, d in SequenceMatcher(None, wanted, given, autojunk=False).get_opcodes():
        if kind == "equal":
            yield "".join(wanted[a:b]), "".join(given[c:d])
        elif b - a == d - c:
            yield from zip(wanted[a:b], given[c:d], strict=True)
        else:
            yield "".join(wanted[a:b]), "".join(given[c:d])


def _parted(wanted: str, given: str) -> Iterator[dict[str, str]]:
    """Yield the common beginning of two texts, what differs, and their common end."""
    start = _first(wanted, given)
    end = _first(wanted[start:][::-1], given[start:][::-1])
    if start:
        yield {"same": visible(wanted[:start])}
    middle = wanted[start : len(wanted) - end], given[start : len(given) - end]
    if any(middle):
        yield {"wanted": visible(middle[0]), "given": visible(middle[1])}
    if end:
        yield {"same": visible(wanted[len(wanted) - end :])}
