"""Finds secrets in a text, in every encoding in which a gateway or a proxy can repeat them.

Searches the text itself and what it says once decoded, twice decoded, and so on. Knows
nothing of fields.
"""

from __future__ import annotations

import base64
import re
from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import product

from qftools.patterns import pattern

_SHORTEST = 4  # bytes; a shorter secret is not looked for
_SHORTEST_ENCODED = 8  # bytes of one that is looked for in hexadecimal and Base64, too
_SHORTEST_SPREAD = 16  # bytes of one that is looked for as "K E Y" and "K-E-Y", too
_MOST_LEVELS = 8  # encodings within encodings
_SEPARATORS = b" \t\n\v\f\r\0-_+/=.,:;|\"'`*~#()[]{}<>"
_DECODED = bytes.maketrans(b"\b\f\n\r\t", b" " * 5)  # what escapes such as \n are decoded to

# Several characters that stand for one, in lower case. Each form begins with a literal, which
# makes searching fast, and none is tried twice at one place, so that crafted text can't make it
# slow. The second pattern is for secrets of ASCII: other characters need no decoding then.
_ANY_ESCAPE, _ASCII_ESCAPE = (
    pattern(
        "|".join(
            (
                rf"%(?P<percent>{byte})",
                rf"\\x(?P<x>{byte})",
                rf"%u(?P<percent_u>{unit})",
                r"\\u(?P<pair>d[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2})",
                rf"\\u(?:0000)?(?P<u>{unit})",
                rf"\\u\{{0*+(?P<braces>{point})\}}",
                rf"&#x0*+(?P<hexadecimal>{point});?",
                r"&#0*+(?P<decimal>[0-9]{1,7});?",
                r"\\(?P<octal>[0-3][0-7]{2})",
                r"\\(?P<char>[/\"'bfnrt])",
                r"&(?P<name>[a-z]{2,8});",
                r"\\(?P<backslashes>\\(?:\\\\)*+)",
            )
        ).encode()
    )
    for byte, unit, point in (
        ("[0-9a-f]{2}", "[0-9a-f]{4}", "[0-9a-f]{1,6}"),
        ("[0-7][0-9a-f]", "00[0-7][0-9a-f]", "[0-7][0-9a-f]"),
    )
)


class Finder:
    """Finds *secrets* in texts. The time grows in proportion to the text.

    Found are secrets as they are, in other case and from end to begin; with some or all
    characters percent-, JSON-, backslash- or HTML-encoded, also one within the other; as
    numbers, hexadecimal digits, and Base64 or Base32 at any alignment, also one of these within
    another; as UTF-16; and spread out by blanks or punctuation.

    Example:
        >>> finder = Finder(["5744993FBC034DBB"])
        >>> finder.spans(b"the key is %35744993fbc034dbb, is it?")
        [(11, 29)]
        >>> finder.is_in(b"NTc0NDk5M0ZCQzAzNERCQg=="), finder.is_in(b"5744993F")
        (True, False)
    """

    def __init__(self, secrets: Collection[str]) -> None:
        raw = [secret.encode("utf-8", "surrogatepass") for secret in secrets]
        raw = [secret for secret in raw if len(secret) >= _SHORTEST]
        self._escape = _ASCII_ESCAPE if all(map(bytes.isascii, raw)) else _ANY_ESCAPE
        self._written = _once(form for secret in raw for form in self._forms(secret))
        self._based = frozenset(form for secret in raw for form in _based(secret))
        self._unspaced = (*_once(form for secret in raw for form in _digits(secret)), *self._based)
        self._shortest = min(map(len, self._written + self._unspaced), default=0)

    def levels(self, data: bytes) -> Iterator[bytes | None]:
        """Yield *data* in lower case, decoded once, twice ...; at last None if there is no end."""
        level = data.lower()
        for _ in range(_MOST_LEVELS):
            yield level
            if b"%" not in level and b"\\" not in level and b"&" not in level:
                return  # the pattern would find nothing, in ten times the time
            decoded = self._escape.sub(_decoded, level)
            if decoded == level:
                return
            level = decoded
        yield None

    def is_in(self, data: bytes) -> bool:
        """Tell whether a secret is in *data*, or may be, because nothing decodes it."""
        return len(data) >= self._shortest and any(
            level is None or self.is_at(level) for level in self.levels(data)
        )

    def is_at(self, level: bytes) -> bool:
        """Tell whether a secret is in one of the levels of a text."""
        if any(map(level.__contains__, self._written)):
            return True
        packed = level.translate(None, _SEPARATORS)
        return any(map(packed.__contains__, self._unspaced))

    def spans(self, data: bytes) -> list[tuple[int, int]]:
        """Return where secrets begin and end in *data*, in order; all of it if undecodable."""
        found: list[tuple[int, int]] = []
        level = data.lower()
        starts: Sequence[int] = range(len(data) + 1)
        for _ in range(_MOST_LEVELS):
            found += [(starts[begin], starts[end]) for begin, end in self._places(level)]
            decoded, starts = self._with_starts(level, starts)
            if decoded == level:
                return _joined(found)
            level = decoded
        return [(0, len(data))]

    def _places(self, level: bytes) -> Iterator[tuple[int, int]]:
        for form in self._written:
            for begin in _all(form, level):
                yield begin, begin + len(form)
        packed = level.translate(None, _SEPARATORS)
        hits = [
            (begin, begin + len(form), form in self._based)
            for form in self._unspaced
            for begin in _all(form, packed)
        ]
        if not hits:
            return
        kept = [place for place, byte in enumerate(level) if byte not in _SEPARATORS]
        for begin, end, based in hits:
            first, last = kept[begin], kept[end - 1] + 1
            # The characters beside Base64 hold bits of the secret, too.
            if based and level[first - 1 : first].isalnum():
                first -= 1
            if based and level[last : last + 1].isalnum():
                last += 1
            yield first, last

    def _with_starts(self, level: bytes, starts: Sequence[int]) -> tuple[bytes, Sequence[int]]:
        """Decode *level*, with the places in the text where each of its bytes began."""
        parts: list[bytes] = []
        moved = array("Q")
        at = 0
        for match in self._escape.finditer(level):
            char = _decoded(match)
            parts += level[at : match.start()], char
            moved.extend(starts[at : match.start()])
            moved.extend([starts[match.start()]] * len(char))
            at = match.end()
        parts.append(level[at:])
        moved.extend(starts[at:])
        return b"".join(parts), moved

    def _forms(self, secret: bytes) -> Iterator[bytes]:
        yield secret.lower()
        yield secret.lower().replace(b" ", b"+")
        yield secret.lower().translate(_DECODED)
        if len(secret) >= _SHORTEST_ENCODED:
            yield secret.lower()[::-1]
        *_, last = self.levels(secret)  # of one that looks like something encoded
        if last is not None and len(last) >= _SHORTEST:
            yield last


def _digits(secret: bytes) -> Iterator[bytes]:
    """Forms that are looked for without separators: hexadecimal, numbers, the secret itself."""
    if len(secret) >= _SHORTEST_ENCODED:
        for form in (*_inner(secret), _wide(secret)):
            yield form.hex().encode()
        for form in _cases(secret):
            yield b"".join(b"0x%02x" % byte for byte in form)
    spread = secret.lower().translate(None, _SEPARATORS)
    if len(spread) >= _SHORTEST_SPREAD:
        yield spread
        for form in _cases(secret):
            yield b"".join(b"%d" % byte for byte in form)


def _based(secret: bytes) -> Iterator[bytes]:
    """What Base64 and Base32 make of a secret whatever is around it, without separators."""
    if len(secret) < _SHORTEST_ENCODED:
        return
    for encode, group, bits, forms in (
        (base64.b64encode, 3, 6, (*_inner(secret), _wide(secret))),
        (base64.b32encode, 5, 5, _cases(secret)),
    ):  # bytes that make a group, bits in a character
        for form, before in product(forms, range(group)):
            text = encode(b"\0" * before + form)
            whole = text[-(-before * 8 // bits) : (before + len(form)) * 8 // bits]
            found = whole.lower().translate(None, _SEPARATORS)
            if len(found) >= _SHORTEST_ENCODED:
                yield found


def _cases(secret: bytes) -> tuple[bytes, ...]:
    return _once((secret, secret.lower(), secret.upper()))


def _inner(secret: bytes) -> tuple[bytes, ...]:
    """What may have been encoded: the secret in any case, or what was encoded before."""
    digits = secret.hex().encode()
    return (*_cases(secret), digits, digits.upper(), base64.b64encode(secret))


def _wide(secret: bytes) -> bytes:
    """The secret in UTF-16, of either order of bytes."""
    return secret.decode("utf-8", "surrogatepass").encode("utf-16-le", "surrogatepass")[:-1]


def _decoded(match: re.Match[bytes]) -> bytes:
    form = match.lastgroup or ""
    value = match[form]
    if form == "backslashes":
        return value[: len(value) // 2 + 1]
    return _char(form, value) or match[0]


@lru_cache(maxsize=1024)
def _char(form: str, value: bytes) -> bytes:
    """What an escape stands for; empty where that is nothing."""
    if form == "char":
        return b" " if value.isalpha() else value
    if form == "name":
        from html import unescape  # all names of HTML, which few texts need

        char = unescape(f"&{value.decode()};")
        return char.encode() if len(char) == 1 else b""
    if form == "pair":
        high, low = int(value[:4], 16), int(value[-4:], 16)
        return chr(0x10000 + (high - 0xD800) * 0x400 + low - 0xDC00).encode()
    number = int(value, {"decimal": 10, "octal": 8}.get(form, 16))
    if form in ("percent", "x", "octal"):
        return bytes([number]).lower()
    return chr(number).encode("utf-8", "surrogatepass").lower() if number < 0x110000 else b""


def _all(form: bytes, text: bytes) -> Iterator[int]:
    begin = text.find(form)
    while begin >= 0:
        yield begin
        begin = text.find(form, begin + len(form))


def _joined(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for begin, end in sorted(spans):
        if joined and begin <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((begin, end))
    return joined


def _once(forms: Iterable[bytes]) -> tuple[bytes, ...]:
    return tuple(dict.fromkeys(forms))
