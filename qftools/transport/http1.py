"""Requests of HTTP/1.1 out of the bytes of one connection: strict, bounded, without I/O.

Not httptools: it refuses a target that is not ASCII, and drops the body of a request with
``Upgrade: h2c``, which Java's HttpClient sends. What readers differ over is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote_to_bytes, urlsplit

from qftools.transport.door import MAX_BODY, WireRequest

MOST_HEADER_LINES = 200
LONGEST_HEAD = 64 * 1024
MOST_BODY = 4 * MAX_BODY  # what is longer than a door takes is read, so that its word arrives
_LONGEST_LINE = 1_024  # before a chunk
_LEGACY_HEADER = "X_QF_MCHCODE"  # other names with an underscore are dropped, as servers do

_REQUEST_LINE = re.compile(r"([!#-'*+.^`|~0-9A-Z_-]{1,64}) ([^ \t]+) HTTP/1\.([0-9])")
_NAME = re.compile(r"[!#-'*+.^`|~0-9A-Za-z_-]{1,128}")
_LENGTH = re.compile(r"[0-9]{1,15}")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?")
_TRAILER = re.compile(_NAME.pattern.encode() + rb":[^\r\n\0]*")
_CONTROLS = bytes({*range(32), 127} - set(b"\t\r\n"))


class BadRequestError(Exception):
    """What came is no request: the connection ends with this answer.

    Attributes:
        status: Of the answer.
    """

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status} {text}")
        self.status = status


@dataclass(slots=True)
class Received:
    """One request that is here whole.

    Attributes:
        is_old: Whether it is one of HTTP/1.0.
        stays: Whether the connection is to stay open after its answer.
    """

    request: WireRequest
    is_old: bool
    stays: bool


class RequestReader:
    """Takes the bytes of a connection, and gives its requests one after another.

    Attributes:
        buffer: What has come and is not read yet; add to it.
        in_body: Whether the body of a request is coming in.
        wants_word: Whether the caller sends the body of its request only after ``100 Continue``.

    Example:
        >>> reader = RequestReader()
        >>> reader.buffer += b"GET /healthz?a=1 HTTP/1.1\\r\\nHost: localh"
        >>> reader.next() is None
        True
        >>> reader.buffer += b"ost\\r\\n\\r\\n"
        >>> reader.next().request
        WireRequest(method='GET', path='/healthz', query='a=1', headers={'host': 'localhost'}, \
body=b'')
    """

    def __init__(self) -> None:
        self.buffer = bytearray()
        self._searched = 0
        self._head: Received | None = None
        self.in_body = False
        self._length = 0
        self._chunks: _Chunks | None = None
        self.wants_word = False

    def next(self) -> Received | None:
        """Return the next request, None where it is not here whole.

        Raises:
            BadRequestError: It is none; what follows is not read.
        """
        head = self._head or self._read_head()
        if head is None:
            return None
        body = self._read_body()
        if body is None:
            self._head, self.in_body = head, True
            return None
        self._head, self.in_body, self.wants_word = None, False, False
        head.request.body = body
        return head

    def _read_head(self) -> Received | None:
        buffer = self.buffer
        if buffer.startswith(b"\x16"):  # the hand that TLS holds out: it would wait for an answer
            raise BadRequestError(400, "this is http, and not https")
        while buffer.startswith(b"\r\n"):  # some clients send one after a body
            del buffer[:2]
        end = buffer.find(b"\r\n\r\n", self._searched)
        if end >= LONGEST_HEAD or (end < 0 and len(buffer) >= LONGEST_HEAD):
            raise BadRequestError(431, f"a head may have {LONGEST_HEAD} bytes at most")
        if end < 0:
            self._searched = max(0, len(buffer) - 3)
            return None
        raw = bytes(buffer[:end])
        del buffer[: end + 4]
        self._searched = 0
        head = _read_head(raw)
        self._expect_body(head)
        return head

    def _expect_body(self, head: Received) -> None:
        """Note how the end of the body is found."""
        headers = head.request.headers
        length, coding = headers.get("content-length"), headers.pop("transfer-encoding", None)
        self._length, self._chunks = 0, None
        if coding is not None:
            if head.is_old or length is not None:  # where does the request end?
                raise BadRequestError(400, "Transfer-Encoding can't stand here")
            if coding.lower() != "chunked":
                raise BadRequestError(501, "the only Transfer-Encoding known here is chunked")
            self._chunks = _Chunks()
        elif length is not None:
            if not _LENGTH.fullmatch(length):
                raise BadRequestError(400, "Content-Length is no number")
            self._length = int(length)
            if self._length >= MOST_BODY:
                raise _too_long()
        else:
            return
        self.wants_word = not head.is_old and headers.get("expect", "").lower() == "100-continue"

    def _read_body(self) -> bytes | None:
        """Take the body; one byte more than a door takes is enough to know that it is too much."""
        if self._chunks is not None:
            return self._chunks.read(self.buffer)
        length = self._length
        if not length:
            return b""
        if len(self.buffer) < length:
            return None
        body = bytes(self.buffer[: min(length, MAX_BODY + 1)])
        del self.buffer[:length]
        return body


class _Chunks:
    """A body in chunks, as far as it is here."""

    def __init__(self) -> None:
        self._body = bytearray()
        self._left = -1  # bytes of the chunk that is coming in, and its end of line; -1: none is
        self._trailer = 0
        self._in_trailer = False

    def read(self, buffer: bytearray) -> bytes | None:
        """Take what is here of it out of *buffer*; return the body when it is whole."""
        at = 0
        try:
            while True:
                if self._left >= 0:
                    if len(buffer) - at < self._left + 2:
                        return None
                    if buffer[at + self._left : at + self._left + 2] != b"\r\n":
                        raise BadRequestError(400, "a chunk is longer than it says")
                    self._body += buffer[at : at + self._left]
                    at += self._left + 2
                    self._left = -1
                end = buffer.find(b"\r\n", at, at + LONGEST_HEAD)
                if end < 0:
                    if len(buffer) - at > _LONGEST_LINE:
                        raise BadRequestError(400, "the line before a chunk is too long")
                    return None
                line = bytes(buffer[at:end])
                at = end + 2
                if self._in_trailer:
                    self._trailer += len(line)
                    if self._trailer > LONGEST_HEAD:
                        raise BadRequestError(431, "the trailer is too long")
                    if not line:
                        return bytes(self._body[: MAX_BODY + 1])
                    if not _TRAILER.fullmatch(line):
                        raise BadRequestError(400, "a line after the last chunk is no header")
                    continue
                self._begin_chunk(line)
        finally:
            del buffer[:at]

    def _begin_chunk(self, line: bytes) -> None:
        size = _CHUNK.fullmatch(line)
        if size is None or len(line) > _LONGEST_LINE:
            raise BadRequestError(400, "a chunk does not say how long it is")
        length = int(size[1], 16)
        if len(self._body) + length >= MOST_BODY:
            raise _too_long()
        self._in_trailer = not length
        self._left = length or -1


def _too_long() -> BadRequestError:
    return BadRequestError(413, f"a body may have {MAX_BODY} bytes at most")


def _read_head(raw: bytes) -> Received:
    lines = raw.decode("latin-1").split("\r\n")
    ends = len(lines) - 1
    if ends > MOST_HEADER_LINES:
        raise BadRequestError(400, f"a request may have {MOST_HEADER_LINES} header lines at most")
    if raw.count(b"\r") != ends or raw.count(b"\n") != ends:
        raise BadRequestError(400, "a line of a head ends in CR and LF")
    if len(raw.translate(None, _CONTROLS)) != len(raw):
        raise BadRequestError(400, "a head holds no control characters")
    first = _REQUEST_LINE.fullmatch(lines[0])
    if first is None:
        raise BadRequestError(400, "the first line is none of HTTP/1.1")
    method, target, minor = first.groups()
    headers: dict[str, str] = {}
    for line in lines[1:]:
        written, colon, value = line.partition(":")
        name = _name(written)
        if not colon:
            raise BadRequestError(400, "a header line has no colon")
        value = value.strip(" \t")
        if name in headers:
            value = f"{headers[name]}, {value}"
        headers[name] = value
    headers.pop("", None)
    is_old = minor == "0"
    if not is_old and "host" not in headers:
        raise BadRequestError(400, "Host is missing")
    connection = headers.get("connection", "").lower()
    stays = "keep-alive" in connection if is_old else "close" not in connection
    path, query, host = _target(target)
    if host:  # a target in full says which host is meant, whatever the header says
        headers["host"] = host
    return Received(WireRequest(method, path, query, headers), is_old, stays)


@lru_cache(maxsize=128)
def _name(written: str) -> str:
    """Return the name of a header in lower case; empty where it is dropped."""
    if not _NAME.fullmatch(written):
        raise BadRequestError(400, "the name of a header is none")
    if "_" not in written:
        return written.lower()
    return "x-qf-mchcode" if written.upper() == _LEGACY_HEADER else ""


def _target(target: str) -> tuple[str, str, str]:
    """Return the path, without percent signs and as Latin-1, the query, as text, and the host."""
    host = ""
    if target[0] == "/":
        path, _, query = target.partition("#")[0].partition("?")
    else:
        try:
            parts = urlsplit(target)
        except ValueError:
            raise BadRequestError(400, "the target is no address") from None
        path, query, host = parts.path or "/", parts.query, parts.netloc
    if "%" in path:
        path = unquote_to_bytes(path.encode("latin-1")).decode("latin-1")
    if path.startswith("//"):
        path = "/" + path.lstrip("/")
    if not query.isascii():
        query = query.encode("latin-1").decode("utf-8", "replace")
    return path, query, host
