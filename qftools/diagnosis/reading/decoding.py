"""The bytes of a file as text: UTF-8, UTF-16, GBK. What is no text stays, byte by byte."""

from __future__ import annotations

from contextlib import suppress

_MACHINE = (b"curl", b"HTTP/", b"POST ", b"GET ", b"$ curl")  # their bytes are what was sent


def decoded(source: bytes) -> str:
    """The text, each byte that is no text as a surrogate (PEP 383); but a file is one file."""
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if source.startswith(mark):
            return source.decode(encoding, "replace")
    wide = _wide(source[:400])
    if wide:
        return source.decode(wide, "replace")
    encodings = ["utf-8"] if source.lstrip().startswith(_MACHINE) else ["utf-8", "gb18030"]
    for encoding in encodings:
        with suppress(UnicodeDecodeError):
            return source.decode(encoding)
    return source.decode("utf-8", "surrogateescape")


def _wide(start: bytes) -> str:
    """UTF-16 without a mark: every other byte of its ASCII is zero."""
    if len(start) < 8 or start.count(b"\0") * 5 < len(start):
        return ""
    even, odd = start[::2].count(b"\0"), start[1::2].count(b"\0")
    if even and odd:
        return ""
    return "utf-16-le" if odd else "utf-16-be"
