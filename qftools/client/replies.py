"""Reads a reply: whether it is the gateway's, and what it says. Knows no transport.

What is not an answer of the gateway (429, 5xx, half a body, a wrong signature) becomes an error
that says "unknown".
"""

from __future__ import annotations

import re
import zlib
from email.utils import parsedate_to_datetime

from qftools.errors import RateLimitError, SignatureError, TransportError
from qftools.exchange import Exchange
from qftools.models import Reply
from qftools.patterns import pattern
from qftools.signing import verify_body
from qftools.transport.strict_json import parse

MOST_BYTES = 4 * 1024 * 1024
"""The largest reply, in bytes, on the wire and after decompression."""

LONGEST_ASK = 120.0
"""The longest ``Retry-After`` that is respected, in seconds."""

PROXIES = "HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY"
_RESPCD = pattern(rb'"respcd"\s*:\s*"?(\d{4})\b')


def read(exchange: Exchange, client_key: str) -> Reply:
    """Return the gateway's answer in *exchange* after checking that it is the gateway's.

    Raises:
        RateLimitError: HTTP 429.
        TransportError: Another status than 200, no JSON within the limits, or no ``respcd``.
        SignatureError: The answer is signed, and not by the gateway.
    """
    response = exchange.response
    assert response is not None
    if response.status == 429:
        limited = RateLimitError("HTTP 429: too many requests, try again later")
        now = exchange.started + exchange.seconds
        limited.retry_after = _seconds(response.header("Retry-After"), now)
        raise limited
    if response.status == 407:
        raise TransportError(
            "HTTP 407 comes from a proxy, not from the gateway: see {names}", names=PROXIES
        )
    if response.status != 200:
        raise TransportError("HTTP {status} is not the gateway's answer", status=response.status)
    signature = response.header("X-QF-SIGN")
    if signature is not None and not _is_signed(response.body, client_key, signature.strip()):
        raise _wrongly_signed(response.body)
    body = parse(response.body)
    respcd = body.get("respcd")
    if isinstance(respcd, int) and not isinstance(respcd, bool):  # some write numbers bare
        respcd = f"{respcd:04}"
    if not isinstance(respcd, str) or not re.fullmatch("[0-9]{4}", respcd):
        raise TransportError("the reply has no four-digit respcd")
    return Reply(exchange.endpoint, respcd, body, signature is not None)


def _is_signed(body: bytes, client_key: str, signature: str) -> bool:
    # MD5 in every sample of an answer; 64 digits can only be SHA256 (docs2026).
    return verify_body(body, client_key, signature, "SHA256" if len(signature) == 64 else "MD5")


def _wrongly_signed(body: bytes) -> SignatureError:
    respcd = unverified_respcd(body)
    if respcd == "1108":
        error = SignatureError(
            "the reply's X-QF-SIGN does not match its bytes. The unverified content says "
            "respcd 1108 (signature error): most likely the client key or the app code does "
            "not belong to this account"
        )
    else:
        error = SignatureError(
            "the reply's X-QF-SIGN does not match its bytes: ignore it, query again"
        )
    error.unverified_respcd = respcd
    return error


def unverified_respcd(body: bytes) -> str | None:
    """Return the code in a reply with a wrong signature: a hint, never to be acted on.

    Example:
        >>> unverified_respcd(b'{"respcd": "1108"}'), unverified_respcd(b"<html>")
        ('1108', None)
    """
    found = _RESPCD.search(body, 0, 65_536)
    return found[1].decode() if found else None


class Body:
    """Collects the bytes of a reply as they come, and no more than `MOST_BYTES`.

    Example:
        >>> body = Body()
        >>> body.add(b'{"respcd": ')
        >>> body.add(b'"0000"}')
        >>> body.whole("")
        b'{"respcd": "0000"}'
    """

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def add(self, part: bytes) -> None:
        """Take the next bytes.

        Raises:
            TransportError: They are too many.
        """
        self._parts.append(part)
        self._size += len(part)
        if self._size > MOST_BYTES:
            raise _too_long()

    def whole(self, coding: str | None) -> bytes:
        """Return the body, decompressed where ``Content-Encoding`` (*coding*) says so.

        Raises:
            TransportError: It can't be decompressed, or is too long then.
        """
        body = b"".join(self._parts)
        coding = (coding or "").strip().lower()
        return body if coding in ("identity", "") else _decompressed(body, coding)


def _decompressed(body: bytes, coding: str) -> bytes:
    """What a server compressed although it was not asked to."""
    if coding not in ("gzip", "x-gzip", "deflate"):
        raise TransportError("the reply is compressed, although no compression was requested")
    machine = zlib.decompressobj(wbits=47)  # zlib or gzip, with the largest window
    plain = machine.decompress(body, MOST_BYTES)
    if machine.unconsumed_tail:
        raise _too_long()
    if not machine.eof or machine.unused_data:
        raise TransportError("the reply ended in the middle")
    return plain


def _too_long() -> TransportError:
    return TransportError("the reply is longer than {most} bytes", most=MOST_BYTES)


def _seconds(text: str | None, now: float) -> float | None:
    """Read a ``Retry-After``: seconds, or a date."""
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(text).timestamp() - now
        except (ValueError, OverflowError):
            return None
        seconds = max(seconds, 0.0)
    return min(seconds, LONGEST_ASK) if seconds >= 0 else None
