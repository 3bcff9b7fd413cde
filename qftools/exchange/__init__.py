"""One request with its reply, as it went over the wire. Nouns only: nothing here sends."""

from __future__ import annotations

from dataclasses import dataclass, fields
from urllib.parse import parse_qsl

from qftools.exchange.hidden_fields import REDACTED
from qftools.transport.addresses import split

Headers = tuple[tuple[str, str], ...]

CUT = "[cut]"  # stands where a recorded body or query string was too long to be kept whole
MOST_KEPT = 16_384  # bytes of a body
LONGEST_VALUE = 1_024  # characters of a header
MOST_HEADERS = 50

__all__ = ["CUT", "REDACTED", "Exchange", "Headers", "Request", "Response"]


@dataclass(frozen=True, slots=True)
class Request:
    """What was sent: method, full URL, headers in their order, and the raw body."""

    method: str
    url: str
    headers: Headers
    body: bytes

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Request) and _fields(self) == _fields(other)

    def header(self, name: str) -> str | None:
        """Return the first header of that name in any case, None where there is none."""
        return _header(self.headers, name)

    @property
    def path(self) -> str:
        """The path of the URL, without host and query string."""
        return split(self.url).path

    @property
    def params(self) -> dict[str, str]:
        """The parameters as the gateway reads them: query string, then body, decoded as UTF-8."""
        pairs: dict[str, str] = {}
        for text in (split(self.url).query, self.body.decode("utf-8", "replace")):
            pairs.update(parse_qsl(text, keep_blank_values=True))
        return pairs


@dataclass(frozen=True, slots=True)
class Response:
    """What came back: HTTP status, headers in their order, and the raw body."""

    status: int
    headers: Headers
    body: bytes

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Response) and _fields(self) == _fields(other)

    def header(self, name: str) -> str | None:
        """Return the first header of that name in any case, None where there is none."""
        return _header(self.headers, name)


@dataclass(frozen=True, slots=True, repr=False)
class Exchange:
    """A request and what became of it. Exactly one of *response* and *error* is set.

    The client and the sandbox keep the last ones, in ``client.exchanges`` and
    ``sandbox.exchanges``.

    Attributes:
        endpoint: The gateway's name for the call: payment, query, reversal, close, refund.
        request: What was sent.
        response: What came back, None where nothing usable did.
        error: Why nothing came back, in one line.
        started: When it was sent, in seconds since 1970 by the client's clock.
        seconds: How long it took, by the same clock.
    """

    endpoint: str
    request: Request
    response: Response | None
    error: str | None
    started: float
    seconds: float

    def __repr__(self) -> str:
        # The path alone: what has not been redacted yet must not be seen either.
        came = f"HTTP {self.response.status}" if self.response else "no reply"
        asked = f"{self.request.method} {self.request.path}"
        return f"{type(self).__name__}({asked}, {came}, {self.seconds:.3f} s)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Exchange) and _fields(self) == _fields(other)

    def contents(self) -> bytes:
        """Everything that came from outside, in one piece, to search in it."""
        request, response = self.request, self.response
        texts = [request.method, request.url, self.error or ""]
        for header in request.headers + (response.headers if response else ()):
            texts += header
        text = "\n".join(texts).encode("utf-8", "surrogatepass")
        return b"\n".join((text, request.body, response.body if response else b""))


def cut(text: str) -> str:
    """Return *text*, or its beginning and `CUT` where it is longer than `LONGEST_VALUE`."""
    return text if len(text) <= LONGEST_VALUE else text[:LONGEST_VALUE] + CUT


def _fields(noun: Request | Response | Exchange) -> tuple[object, ...]:
    """What makes two of them equal: their contents, redacted or not."""
    kind = next(kind for kind in (Request, Response, Exchange) if isinstance(noun, kind))
    return tuple([getattr(noun, field.name) for field in fields(kind)])


def _header(headers: Headers, name: str) -> str | None:
    wanted = name.lower()
    for key, value in headers:
        if key.lower() == wanted:
            return value
    return None
