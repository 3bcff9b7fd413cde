"""A ``multipart/form-data`` body read in one pass, with bounds (RFC 7578).

PHP's cURL sends this when it is given an array. The email package reads any message there
is, in time and memory that a crafted body decides.
"""

from __future__ import annotations

import re

from qftools.patterns import pattern

MOST_PARTS = 200
LONGEST_HEAD = 4_096  # bytes of a part's headers

_BOUNDARY = pattern(r';\s*boundary=(?:"([^"]{1,70})"|([^\s";,]{1,70}))', re.I | re.ASCII)
_DISPOSITION = pattern(rb"^content-disposition:\s*form-data\b([^\r\n]*)", re.I | re.M)
_NAME = pattern(rb';\s*name=(?:"([^"]*)"|([^\s";]+))', re.I)
_FILE = pattern(rb";\s*filename\*?=", re.I)
_NESTED = pattern(rb"^content-type:\s*multipart/", re.I | re.M)


class MultipartError(ValueError):
    """The body is no form that can be read."""


def read_multipart(content_type: str, body: bytes) -> list[tuple[str, str]]:
    """Return names and values in their order; file parts are left out.

    Args:
        content_type: The request's header, with the boundary.
        body: As it came. Lines may end with a line feed alone.

    Raises:
        MultipartError: No boundary, a part that is not closed or has no name, parts inside
            parts, or too much of it.

    Example:
        >>> kind = "multipart/form-data; boundary=B"
        >>> body = b'--B\\nContent-Disposition: form-data; name="a"\\n\\n1\\n--B--'
        >>> read_multipart(kind, body)
        [('a', '1')]
    """
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise MultipartError("the multipart body has no boundary")
    boundary = (found[1] or found[2]).encode("latin-1", "replace")
    line = b"\r\n" if b"\r\n" in body else b"\n"
    _, *parts = (line + body).split(line + b"--" + boundary, MOST_PARTS + 1)
    if not parts or not parts[-1].startswith(b"--"):
        much = len(parts) > MOST_PARTS
        raise MultipartError(f"more than {MOST_PARTS} fields" if much else "no closing boundary")
    pairs = [_read_part(part, line) for part in parts[:-1]]
    return [pair for pair in pairs if pair is not None]


def _read_part(part: bytes, line: bytes) -> tuple[str, str] | None:
    """Return the name and the value of a part, None for a file."""
    end = part.find(line + line, 0, LONGEST_HEAD)
    head = part[:end].replace(b"\r\n", b"\n")
    about = _DISPOSITION.search(head)
    if end < 0 or about is None or _NESTED.search(head):
        raise MultipartError("a part of the multipart body can't be read")
    if _FILE.search(about[1]):
        return None
    name = _NAME.search(about[1])
    if name is None:
        raise MultipartError("a part of the multipart body has no name")
    value = part[end + 2 * len(line) :]
    return (name[1] or name[2] or b"").decode("utf-8", "replace"), value.decode("utf-8", "replace")
