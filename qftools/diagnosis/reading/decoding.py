"""The bytes of a file as text: UTF-8, UTF-16, GBK. What is no text stays, byte by byte."""

from __future__ import annotations

from codecs import getincrementaldecoder
from contextlib import suppress

from qftools.patterns import pattern

_HALF_AT_END = pattern(
    "(?:[\udcc2-\udcf4]|[\udce0-\udcf4][\udc80-\udcbf]|[\udcf0-\udcf4][\udc80-\udcbf]{2})$"
)
_MACHINE = (b"curl", b"HTTP/", b"POST ", b"GET ", b"$ curl")  # their bytes are what was sent


def decoded(source: bytes) -> str:
    """The text, each byte that is no text as a surrogate (PEP 383); but a file is one file."""
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if source.startswith(mark):
            return source.decode(encoding, "replace")
    wide = _wide(source[:400])
    if wide:
        return source.decode(wide, "replace")
    text = source.decode("utf-8", "surrogateescape")
    if source.lstrip().startswith(_MACHINE) or _is_utf8(text):
        return text
    with suppress(UnicodeDecodeError):
        decoder = getincrementaldecoder("gb18030")()
        return decoder.decode(source) + ("\ufffd" if decoder.getstate()[0] else "")
    return text


def ends_in_a_character(text: str) -> bool:
    """Tell whether *text* ends in the middle of a character: a log that cuts at so many bytes.

    Example:
        >>> ends_in_a_character(bytes.fromhex("e88fa0e898").decode("utf-8", "surrogateescape"))
        True
    """
    half = _HALF_AT_END.search(text)
    return half is not None and len(half[0]) == _broken(text)


def _is_utf8(text: str) -> bool:
    """Whether it is, but for a character that was cut; of GBK most bytes are none."""
    broken = _broken(text)
    whole = sum(char > "\x7f" for char in text) - broken
    return whole >= broken or ends_in_a_character(text)


def _broken(text: str) -> int:
    return sum("\udc80" <= char <= "\udcff" for char in text)


def _wide(start: bytes) -> str:
    """UTF-16 without a mark: every other byte of its ASCII is zero."""
    if len(start) < 8 or start.count(b"\0") * 5 < len(start):
        return ""
    even, odd = start[::2].count(b"\0"), start[1::2].count(b"\0")
    if even and odd:
        return ""
    return "utf-16-le" if odd else "utf-16-be"
