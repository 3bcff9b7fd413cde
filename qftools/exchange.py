"""One request with its reply, as it went over the wire, and what of it may be shown.

Nouns and redaction only: nothing here sends.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, urlsplit

Headers = tuple[tuple[str, str], ...]

REDACTED = "[redacted]"

# A client key never belongs in a request (C8: one published sample leaks it);
# the others name the payer.
SECRET_FIELDS = frozenset({"key", "client_key", "app_key", "user_creid", "user_truename"})

_SECRET_IN_FORM = re.compile(
    rb"(?i)(^|&)(" + b"|".join(sorted(name.encode() for name in SECRET_FIELDS)) + rb")=[^&]*"
)


@dataclass(frozen=True, slots=True)
class Request:
    """What was sent: method, full URL, headers in their order, and the raw body."""

    method: str
    url: str
    headers: Headers
    body: bytes

    def header(self, name: str) -> str | None:
        """Return the first header of that name in any case, None where there is none."""
        return _header(self.headers, name)

    @property
    def path(self) -> str:
        """The path of the URL, without host and query string."""
        return urlsplit(self.url).path

    @property
    def params(self) -> dict[str, str]:
        """The parameters as the gateway reads them: query string, then body, decoded as UTF-8."""
        pairs: dict[str, str] = {}
        for text in (urlsplit(self.url).query, self.body.decode("utf-8", "replace")):
            pairs.update(parse_qsl(text, keep_blank_values=True))
        return pairs


@dataclass(frozen=True, slots=True)
class Response:
    """What came back: HTTP status, headers in their order, and the raw body."""

    status: int
    headers: Headers
    body: bytes

    def header(self, name: str) -> str | None:
        """Return the first header of that name in any case, None where there is none."""
        return _header(self.headers, name)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and what became of it. Exactly one of *response* and *error* is set.

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

    def redacted(self) -> Exchange:
        """Return the same exchange without what must not be shown to others.

        Example:
            >>> sent = Request("POST", "https://h/trade/v1/query", (), b"key=5744&txamt=1")
            >>> Exchange("query", sent, None, "ReadTimeout", 0.0, 3.0).redacted().request.body
            b'key=[redacted]&txamt=1'
        """
        request = self.request
        body = _redact_form(request.body)
        url = (
            _redact_form(request.url.replace("?", "?&", 1).encode()).decode().replace("?&", "?", 1)
        )
        if body == request.body and url == request.url:
            return self
        return replace(self, request=replace(request, body=body, url=url))


def _redact_form(text: bytes) -> bytes:
    return _SECRET_IN_FORM.sub(rb"\1\2=" + REDACTED.encode(), text)


def _header(headers: Headers, name: str) -> str | None:
    wanted = name.lower()
    return next((value for key, value in headers if key.lower() == wanted), None)
