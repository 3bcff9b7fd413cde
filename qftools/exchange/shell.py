"""cURL commands: quoting of bash and of Windows cmd, options to a request.

Reads text once from left to right. Nothing is executed, no file is opened.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote_from_bytes, quote_plus

from qftools.exchange import Request
from qftools.patterns import pattern

_FORM = "application/x-www-form-urlencoded"

# Options of curl that take a value and say nothing about the request.
_IGNORED_WITH_VALUE = frozenset(
    """
    -o --output -w --write-out -m --max-time --connect-timeout -x --proxy --cacert --capath -E
    --cert --resolve --retry --retry-delay --retry-max-time -c --cookie-jar --interface -D
    --dump-header --limit-rate --ciphers --tls-max --connect-to -K --config -T --upload-file --key
    --pass --cert-type --key-type -y -Y -C -r --range -z -U --noproxy --max-redirs --dns-servers
    --local-port --keepalive-time --trace --trace-ascii
    """.split()  # noqa: SIM905
)
_DATA = frozenset(
    ("-d", "--data", "--data-ascii", "--data-raw", "--data-binary", "--data-urlencode", "--json")
)
_REQUEST = (
    *("-X", "--request", "-H", "--header", "-b", "--cookie", "-u", "--user", "-A", "--user-agent"),
    *("-e", "--referer", "--url", "-F", "--form", "--form-string"),
)
_WITH_VALUE = _IGNORED_WITH_VALUE | _DATA | frozenset(_REQUEST)
_SHORT_WITH_VALUE = {option for option in _WITH_VALUE if len(option) == 2}
_ANSI = {
    "n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", '"': '"', "?": "?",
    "a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "v": "\v",
}  # fmt: skip
_WORD_IN_SINGLE_QUOTES = pattern(r"(?<!\S)'[^']*'(?!\S)")  # which cmd doesn't know
_ANSI_HEX = pattern(r"x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8})|([0-7]{1,3})")


@dataclass(slots=True)
class CurlCommand:
    """What one curl command asks for.

    Attributes:
        request: None where the command names no address.
        insecure: It switches the check of the certificate off (``-k``).
        files: Files that it sends, which can't be read here.
    """

    request: Request | None = None
    insecure: bool = False
    files: list[str] = field(default_factory=list)


def read_curl(text: str) -> list[CurlCommand]:
    """Return every curl command in *text*, quoted for bash or for Windows cmd."""
    windows = _is_windows(text)
    words = _argv(_cmd(text)) if windows else _bash(text)
    found = []
    piped = b""
    for command in words:
        while command and (b"=" in command[0] and command[0][:1].isupper() or command[0] == b"$"):
            command = command[1:]  # VAR=value in front, or a prompt
        if not command:
            continue
        name = command[0].rsplit(b"/", 1)[-1].removesuffix(b".exe")
        if name == b"printf" and len(command) > 1:
            piped = _printf(command[-1])
        elif name == b"curl":
            found.append(_read_options(command[1:], piped))
            piped = b""
    return [command for command in found if command.request is not None]


def _is_windows(text: str) -> bool:
    """Carets quote there, before any quote that bash would know."""
    if re.search(r"curl(?:\.exe)?\s[^\n'\"]*\^[\"\r\n]", text):
        return True
    return '"^&' in _WORD_IN_SINGLE_QUOTES.sub("", text)


# ---- bash ----------------------------------------------------------------------------


def _bash(text: str) -> list[list[bytes]]:
    """Words of every command; ``|``, ``;``, ``&`` and line ends separate commands."""
    commands: list[list[bytes]] = [[]]
    word: bytearray | None = None
    at, end = 0, len(text)
    while at < end:
        char = text[at]
        if char == "\\":
            following = text[at + 1 : at + 3]
            if following[:1] == "\n" or following == "\r\n":
                at += 1 + (2 if following == "\r\n" else 1)
                continue
            word = _add(word, following[:1])
            at += 2
        elif char == "'":
            close = text.find("'", at + 1)
            close = end if close < 0 else close
            word = _add(word, text[at + 1 : close])
            at = close + 1
        elif char == "$" and text[at + 1 : at + 2] == "'":
            part, at = _ansi(text, at + 2)
            word = bytearray() if word is None else word
            word += part
        elif char == '"':
            part_text, at = _double(text, at + 1)
            word = _add(word, part_text)
        elif char in " \t\r\n|;&<>":
            if word is not None:
                commands[-1].append(bytes(word))
                word = None
            if char in "\n|;&" and commands[-1]:
                commands.append([])
            at += 1
        elif char == "#" and word is None:
            line = text.find("\n", at)
            at = end if line < 0 else line
        else:
            start = at
            while at < end and text[at] not in "\\'\"$ \t\r\n|;&<>":
                at += 1
            at = max(at, start + 1)  # a $ that quotes nothing stands for itself
            word = _add(word, text[start:at])
    if word is not None:
        commands[-1].append(bytes(word))
    return commands


def _add(word: bytearray | None, text: str) -> bytearray:
    word = bytearray() if word is None else word
    word += text.encode("utf-8", "surrogateescape")  # in place: many small parts stay cheap
    return word


def _double(text: str, at: int) -> tuple[str, int]:
    parts = []
    end = len(text)
    while at < end and text[at] != '"':
        if text[at] == "\\" and text[at + 1 : at + 2] in tuple('"\\$`'):
            parts.append(text[at + 1])
            at += 2
        elif text[at] == "\\" and text[at + 1 : at + 2] == "\n":
            at += 2
        else:
            start = at
            at += 1
            while at < end and text[at] not in '"\\':
                at += 1
            parts.append(text[start:at])
    return "".join(parts), at + 1


def _ansi(text: str, at: int) -> tuple[bytes, int]:
    out = bytearray()
    end = len(text)
    while at < end and text[at] != "'":
        if text[at] != "\\":
            start = at
            while at < end and text[at] not in "'\\":
                at += 1
            out += text[start:at].encode("utf-8", "surrogateescape")
            continue
        number = _ANSI_HEX.match(text, at + 1)
        if number:
            octet = number[1] or None
            if octet or number[4]:
                out.append(int(octet, 16) if octet else int(number[4], 8) & 255)
            else:
                code = int(number[2] or number[3], 16)
                out += chr(min(code, 0x10FFFF)).encode("utf-8", "surrogatepass")
            at = number.end()
        else:
            escaped = text[at + 1 : at + 2]
            out += _ANSI.get(escaped, "\\" + escaped).encode("utf-8", "surrogateescape")
            at += 2
    return bytes(out), at + 1


def _printf(form: bytes) -> bytes:
    """What ``printf '...'`` writes: the escapes that as_curl uses for bytes."""

    def plain(match: re.Match[bytes]) -> bytes:
        if match[1]:
            return bytes([int(match[1], 8) & 255])
        return {b"\\\\": b"\\", b"%%": b"%", b"\\n": b"\n"}.get(match[0], match[0])

    return re.sub(rb"\\([0-7]{1,3})|\\\\|\\n|%%", plain, form)


# ---- Windows cmd -----------------------------------------------------------------------


def _cmd(text: str) -> str:
    """What cmd.exe makes of a command before the program sees it: carets are gone."""
    out = []
    at, end, quoted = 0, len(text), False
    text = text.replace("\r\n", "\n")
    end = len(text)
    while at < end:
        char = text[at]
        if char == '"':
            quoted = not quoted
        if char == "^" and not quoted:
            following = text[at + 1 : at + 2]
            if following == "\n":  # the end of the line is gone; a second one is meant
                at += 2
                if text[at : at + 1] == "\n":
                    out.append("\n")
                    at += 1
                continue
            out.append(following)
            at += 2
            continue
        out.append("\0" if char == "\n" and not quoted else char)
        at += 1
    return "".join(out)


def _argv(line: str) -> list[list[bytes]]:
    """Split as Microsoft's C runtime does: backslashes count only before a quote."""
    commands: list[list[bytes]] = [[]]
    word: list[str] | None = None
    at, end, quoted = 0, len(line), False
    while at < end:
        char = line[at]
        if char == "\\":
            start = at
            while at < end and line[at] == "\\":
                at += 1
            count = at - start
            word = word if word is not None else []
            if line[at : at + 1] == '"':
                word.append("\\" * (count // 2))
                if count % 2:
                    word.append('"')
                    at += 1
            else:
                word.append("\\" * count)
            continue
        if char == '"':
            word = word if word is not None else []
            if quoted and line[at + 1 : at + 2] == '"':
                word.append('"')
                at += 2
                continue
            quoted = not quoted
        elif char == "\0" or (char in " \t\n" and not quoted):
            if word is not None:
                commands[-1].append("".join(word).encode("utf-8", "surrogateescape"))
                word = None
            if char == "\0" and commands[-1]:
                commands.append([])
            quoted = quoted and char != "\0"
        else:
            word = word if word is not None else []
            word.append(char)
        at += 1
    if word is not None:
        commands[-1].append("".join(word).encode("utf-8", "surrogateescape"))
    return commands


# ---- options -----------------------------------------------------------------------------


def _options(words: list[bytes]) -> Iterator[tuple[str, bytes]]:
    """``(option, value)``; ``("", word)`` for an address."""
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        name = word.decode("utf-8", "replace")
        if len(name) < 2 or name[0] != "-":
            yield "", word
        elif name.startswith("--"):
            option, equals, _rest = name.partition("=")
            if equals and option in _WITH_VALUE:
                yield option, word.partition(b"=")[2]
            elif name in _WITH_VALUE:
                yield name, words[at] if at < len(words) else b""
                at += 1
            else:
                yield name, b""
        else:
            for index, letter in enumerate(name[1:], 2):
                option = "-" + letter
                if option not in _SHORT_WITH_VALUE:
                    yield option, b""
                    continue
                joined = name[index:].encode("utf-8", "surrogateescape")
                yield option, joined or (words[at] if at < len(words) else b"")
                at += 0 if joined else 1
                break


def _read_options(words: list[bytes], piped: bytes) -> CurlCommand:
    command = CurlCommand()
    method, url, get = "", "", False
    headers: list[tuple[str, str]] = []
    data: list[bytes] = []
    removed: set[str] = set()
    kind = _FORM
    for option, value in _options(words):
        text = value.decode("utf-8", "surrogateescape")
        if option in ("", "--url"):
            url = url or text
        elif option in ("-X", "--request"):
            method = text
        elif option in ("-H", "--header"):
            _add_header(headers, removed, text)
        elif option in _DATA:
            data.append(_data(option, value, piped, command))
            kind = "application/json" if option == "--json" else kind
        elif option in ("-F", "--form", "--form-string"):
            data.append(_form_field(option, value))
            kind = "multipart/form-data"
        elif option in ("-k", "--insecure"):
            command.insecure = True
        elif option in ("-G", "--get"):
            get = True
        elif option in ("-A", "--user-agent"):
            headers.append(("User-Agent", text))
        elif option in ("-b", "--cookie"):
            headers.append(("Cookie", text))
    if not url:
        return command
    body = b"&".join(data)
    if get and data:
        url += ("&" if "?" in url else "?") + body.decode("utf-8", "surrogateescape")
        data, body = [], b""
    names = {name.lower() for name, _value in headers} | removed
    if data and "content-type" not in names:
        headers.append(("Content-Type", kind))
    if "://" not in url[:12]:
        url = "http://" + url
    method = method or ("POST" if data else "GET")
    command.request = Request(method, url, tuple(headers), body)
    return command


def _form_field(option: str, value: bytes) -> bytes:
    """A field of ``-F``, encoded so that fields can be joined; its type is left out."""
    name, equals, content = value.partition(b"=")
    if option != "--form-string":
        content = content.partition(b";type=")[0]
        content = content[1:-1] if content[:1] == content[-1:] == b'"' else content
    return name + equals + quote_from_bytes(content, safe="").encode()


def _add_header(headers: list[tuple[str, str]], removed: set[str], text: str) -> None:
    name, colon, value = text.partition(":")
    if colon and value.strip(" \t"):
        headers.append((name.strip(), value.strip(" \t")))
    elif colon:
        removed.add(name.strip().lower())  # "Name:" takes a header of curl's own away
    elif text.endswith(";"):
        headers.append((text[:-1].strip(), ""))


def _data(option: str, value: bytes, piped: bytes, command: CurlCommand) -> bytes:
    if option == "--data-urlencode":
        name, equals, content = value.partition(b"=")
        encoded = quote_plus(content if equals else value, safe="").replace("+", "%20").encode()
        return name + b"=" + encoded if equals and name else encoded
    if option != "--data-raw" and value[:1] == b"@":
        if value == b"@-":
            return piped
        command.files.append(value[1:].decode("utf-8", "replace"))
        return b""
    return value
