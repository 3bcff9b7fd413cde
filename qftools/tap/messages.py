"""HTTP messages as they came: the bytes of head and body, and where they end.

Reads; changes nothing, and refuses what two readers could read in two ways.
"""

from __future__ import annotations

import math
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from time import monotonic

from qftools.exchange import Headers

LONGEST_HEAD = 64 * 1024
MOST_HEADERS = 200
_LONGEST_LINE = 1_024  # of a chunk's size, or of a trailer
_AT_ONCE = 65_536
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FIRST = re.compile(r"(?:[A-Z]{1,20} \S+ HTTP/1\.[01]|HTTP/1\.[01] [1-5]\d\d(?: .*)?)", re.ASCII)
_LENGTH = re.compile(r"\d{1,10}", re.ASCII)
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r\n")
_HEAD_END = re.compile(rb"\n\r?\n")  # of a bare LF, too: such a head is whole, and refused
_LINE_END = re.compile(rb"\r\n")
_HOST = re.compile(rb"(?im)^(host:[ \t]*)[^\r\n]*")


class BadMessage(Exception):
    """These bytes are no HTTP that can be read in one way only, or they end too early.

    Attributes:
        ended: Whether they end too early.
    """

    def __init__(self, text: str, *, ended: bool = False) -> None:
        super().__init__(text)
        self.ended = ended


class Stream:
    """Reads from a socket until a moment of the monotonic clock.

    Attributes:
        until: That moment; a later read raises TimeoutError.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._kept = b""
        self.until = math.inf

    def some(self) -> bytes:
        """Return what comes next, empty at the end."""
        if self._kept:
            kept, self._kept = self._kept, b""
            return kept
        left = self.until - monotonic()
        if left <= 0:
            raise TimeoutError("it was not complete in time")
        self._sock.settimeout(None if left == math.inf else left)
        return self._sock.recv(_AT_ONCE)

    def wait(self) -> bool:
        """Wait for the first byte of what comes next; False at the end."""
        self._kept = self.some()
        return bool(self._kept)

    @property
    def is_tls(self) -> bool:
        """Whether what `wait` waited for begins as TLS does."""
        return self._kept.startswith(b"\x16")

    def head(self) -> bytes:
        """Return what comes up to an empty line; empty where nothing comes.

        Raises:
            BadMessage: It ends before, or is too long; `left` gives what came.
        """
        return self._up_to(_HEAD_END, LONGEST_HEAD)

    def line(self) -> bytes:
        """Return what comes up to the end of a line; empty where nothing comes.

        Raises:
            BadMessage: It ends before, or is too long; `left` gives what came.
        """
        return self._up_to(_LINE_END, _LONGEST_LINE)

    def _up_to(self, mark: re.Pattern[bytes], most: int) -> bytes:
        got = bytearray()
        searched = 0
        try:
            while (found := mark.search(got, searched)) is None:
                searched = max(0, len(got) - 2)
                if len(got) > most:
                    raise BadMessage("the head or a line of it is too long")
                part = self.some()
                if not part and not got:
                    return b""
                if not part:
                    raise BadMessage("it ends early", ended=True)
                got += part
        except (BadMessage, OSError):
            self._kept = bytes(got)
            raise
        self._kept = bytes(got[found.end() :])
        return bytes(got[: found.end()])

    def left(self) -> bytes:
        """Take what has come and was not read."""
        kept, self._kept = self._kept, b""
        return kept

    def exactly(self, count: int) -> Iterator[bytes]:
        """Yield so many bytes.

        Raises:
            BadMessage: There are fewer.
        """
        while count:
            if not (part := self.some()):
                raise BadMessage("it ends early", ended=True)
            part, self._kept = part[:count], part[count:]
            count -= len(part)
            yield part

    def to_the_end(self) -> Iterator[bytes]:
        """Yield everything that comes."""
        while part := self.some():
            yield part

    def chunks(self) -> Iterator[bytes]:
        """Yield a chunked body, with the frames of its chunks.

        Raises:
            BadMessage: It has no such frames, or ends early. What can't be read was yielded.
        """
        while line := self.line():
            yield line
            size = _SIZE.fullmatch(line)
            if size is None:
                raise BadMessage("a chunk has no size")
            if not (count := int(size[1], 16)):
                yield from self._trailer()
                return
            yield from self.exactly(count)
            end = b""
            for part in self.exactly(2):
                end += part
                yield part
            if end != b"\r\n":
                raise BadMessage("a chunk is longer than it says")
        raise BadMessage("it ends early", ended=True)

    def _trailer(self) -> Iterator[bytes]:
        while line := self.line():
            yield line
            if line == b"\r\n":
                return
            name, colon, value = line.removesuffix(b"\r\n").partition(b":")
            if not colon or not _NAME.fullmatch(name) or _is_torn(value):
                raise BadMessage("the lines after the last chunk can't be read")


@dataclass(frozen=True)
class Head:
    """The first line and the headers of a message.

    Attributes:
        raw: As they came, with the empty line at their end.
        first: The first line.
        headers: In their order, names as they were written.
    """

    raw: bytes
    first: str
    headers: Headers

    def all(self, name: str) -> list[str]:
        """Return the values of every header of that name (in lower case)."""
        return [value for key, value in self.headers if key.lower() == name]

    @cached_property
    def is_chunked(self) -> bool:
        """Whether its body comes in chunks."""
        return [value.lower() for value in self.all("transfer-encoding")] == ["chunked"]

    @property
    def status(self) -> int:
        """The status of a reply.

        Raises:
            BadMessage: It is the head of a request.
        """
        if not self.first.startswith("HTTP/"):
            raise BadMessage("it is a request, and no reply")
        return int(self.first.split(" ", 2)[1])

    @property
    def is_last(self) -> bool:
        """Whether its sender wants the connection closed after it."""
        asked = ",".join(self.all("connection")).lower()
        return "close" in asked or ("HTTP/1.0" in self.first and "keep-alive" not in asked)

    def for_host(self, host: str) -> bytes:
        """Return the bytes with another host, and nothing else changed."""
        line = host.encode("ascii")
        if self.all("host"):
            return _HOST.sub(rb"\g<1>" + line, self.raw, count=1)
        first, _, rest = self.raw.partition(b"\r\n")
        return first + b"\r\nHost: " + line + b"\r\n" + rest


def read_head(raw: bytes) -> Head:
    r"""Read the head of a message.

    Raises:
        BadMessage: It is none, or one with a bare CR or LF, which some readers take for an end.

    Example:
        >>> head = read_head(b"POST /q HTTP/1.1\r\nhost: a\r\nX-QF-Sign: 1\r\n\r\n")
        >>> head.headers
        (('host', 'a'), ('X-QF-Sign', '1'))
        >>> head.for_host("b")
        b'POST /q HTTP/1.1\r\nhost: b\r\nX-QF-Sign: 1\r\n\r\n'
    """
    if _is_torn(raw) or not raw.endswith(b"\r\n\r\n"):
        raise BadMessage("a line of a head ends in CR and LF")
    lines = raw[:-4].split(b"\r\n")
    first = lines[0].decode("latin-1")
    if not _FIRST.fullmatch(first):
        raise BadMessage("the first line is not HTTP/1.1")
    if len(lines) > MOST_HEADERS:
        raise BadMessage("the headers can't be read")
    headers = []
    for line in lines[1:]:
        name, colon, value = line.partition(b":")
        if not colon or not _NAME.fullmatch(name):
            raise BadMessage("the headers can't be read")
        headers.append((name.decode(), value.strip(b" \t").decode("latin-1")))
    return Head(raw, first, tuple(headers))


def _is_torn(raw: bytes) -> bool:
    """Tell whether a line has an end within."""
    return bool({*b"\r\n\0"} & {*raw.replace(b"\r\n", b"")})


def request_body(stream: Stream, head: Head) -> Iterator[bytes]:
    """Return the body of a request, as it comes.

    Raises:
        BadMessage: The headers say two things about its length.
    """
    lengths, codings = head.all("content-length"), head.all("transfer-encoding")
    is_old = head.first.endswith("HTTP/1.0")  # which knows no chunks
    if len(lengths) > 1 or (lengths and codings) or (codings and (is_old or not head.is_chunked)):
        raise BadMessage("the headers do not agree on the length of the body")
    return _framed(stream, head, lengths) or iter(())


def reply_body(stream: Stream, head: Head) -> tuple[Iterator[bytes], bool]:
    """Return the body of a reply as it comes, and whether the connection's end is its end.

    Raises:
        BadMessage: The headers can't be read.
    """
    lengths = head.all("content-length")
    if len(set(lengths)) > 1 and not head.is_chunked:
        raise BadMessage("the headers do not agree on the length of the body")
    framed = _framed(stream, head, lengths)
    return framed or stream.to_the_end(), framed is None


def _framed(stream: Stream, head: Head, lengths: list[str]) -> Iterator[bytes] | None:
    if head.is_chunked:
        return stream.chunks()
    if not lengths:
        return None
    if not _LENGTH.fullmatch(lengths[0]):
        raise BadMessage("Content-Length is no number")
    return stream.exactly(int(lengths[0]))


def content(head: Head, body: bytes) -> bytes:
    r"""Return a body without the frames of its chunks.

    Example:
        >>> head = read_head(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        >>> content(head, b"3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n")
        b'abcd'
    """
    if not head.is_chunked:
        return body
    parts, at = [], 0
    while size := _SIZE.match(body, at, body.find(b"\n", at) + 1):
        count = int(size[1], 16)
        parts.append(body[size.end() : size.end() + count])
        at = size.end() + count + 2
        if not count:
            break
    return b"".join(parts)
