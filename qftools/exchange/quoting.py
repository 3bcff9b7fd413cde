"""One word for a shell: bytes as bash, Windows cmd and printf take them."""

from __future__ import annotations

import re


def bash_word(data: bytes) -> str:
    """*data* as one word for bash; any byte but NUL."""
    text = _printable(data)
    if text is not None:
        return "'" + text.replace("'", "'\\''") + "'"
    return "$'" + "".join([_ansi_byte(octet) for octet in data]) + "'"


def _ansi_byte(octet: int) -> str:
    char = chr(octet)
    if char in "'\\":
        return "\\" + char
    return char if 32 <= octet < 127 else f"\\x{octet:02x}"


def cmd_word(data: bytes) -> str:
    """*data* as one word for Windows cmd, the way Chromium copies a request."""
    text = data.decode("utf-8", "surrogateescape")
    # Backslashes count only in front of a quote, that at the end of the word too.
    text = re.sub(r'(\\*+)("|$(?!\n))', lambda m: m[1] * 2 + ('\\"' if m[2] else ""), text)
    text = re.sub(r"[^a-zA-Z0-9\s_\-:=+~'/.,?;()*`\u0080-\U0010ffff]", r"^\g<0>", text)
    text = re.sub(r"%(?=[a-zA-Z0-9_])", "%^", text)
    return '^"' + re.sub(r"\r?\n|\r", "^\n\n", text) + '^"'


def printf_word(data: bytes) -> str:
    """*data* as the format of ``printf`` in bash: every byte, NUL too."""
    plain = {92: "\\\\", 37: "%%"}
    octets = [
        plain.get(octet, chr(octet) if 32 <= octet < 127 and octet != 39 else f"\\{octet:03o}")
        for octet in data
    ]
    return "'" + "".join(octets) + "'"


def _printable(data: bytes) -> str | None:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return text if text.isprintable() else None
