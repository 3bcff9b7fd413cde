"""One request out, one reply in: the only module that knows HTTP.

Sends once and never repeats. What is not an answer of the gateway (a timeout, 429,
5xx, half a body, a wrong signature) becomes an error that says "unknown".
"""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Callable, Mapping
from contextlib import closing
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from pathlib import Path
from typing import Any

import requests
from requests.adapters import BaseAdapter
from requests.exceptions import ConnectTimeout, InvalidSchema, InvalidURL, ProxyError, SSLError
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import HTTPError, LocationValueError, NewConnectionError

from qftools.errors import InputError, RateLimitError, SignatureError, TransportError
from qftools.exchange import Exchange, Request, Response
from qftools.models import Reply
from qftools.signing import verify_body
from qftools.transport.addresses import read_address
from qftools.transport.deadline import BareSession, DeadlineAdapter
from qftools.transport.strict_json import parse

MOST_BYTES = 4 * 1024 * 1024
"""The largest reply, in bytes, on the wire and after decompression."""

LONGEST_ASK = 120.0
"""The longest ``Retry-After`` that is respected, in seconds."""

PATHS = {
    "payment": "/trade/v1/payment",
    "query": "/trade/v1/query",
    "reversal": "/trade/v1/reversal",
    "close": "/trade/v1/close",
    "refund": "/trade/v1/refund",
}
_RESPCD = re.compile(rb'"respcd"\s*:\s*"?(\d{4})\b')
_FORM = "application/x-www-form-urlencoded; charset=UTF-8"
_CHUNK = 65_536
_CA_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_PROXIES = "HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY"

# All that can go wrong while sending: requests lets some errors of its libraries through.
_TROUBLES = (
    HTTPError,
    HTTPException,
    OSError,  # requests.RequestException, too
    ValueError,
    OverflowError,
    zlib.error,
)
# Raised before the first byte of the request has left.
_UNSENT = (ConnectTimeout, SSLError, ProxyError, InvalidURL, InvalidSchema, LocationValueError)
_OF_THE_PROXY = (ProxyError, InvalidURL, InvalidSchema, LocationValueError)
_REFUSED_BY_PROXY = re.compile(r"Tunnel connection failed: (\d{3})")


class Connection:
    """Carries requests to one gateway, on connections that are kept alive.

    Args:
        base_url: Scheme and host, checked by the guard.
        timeout: Seconds to wait for the connection, and for the whole reply, counted from the
            first byte sent to the last byte read.
        clock: Gives the time in seconds since 1970.
        adapter: Carries the bytes; HTTP by default.

    Raises:
        InputError: The timeouts are not two numbers above zero, or the environment names
            certificates that can't be read.
    """

    def __init__(
        self,
        base_url: str,
        timeout: tuple[float, float],
        clock: Callable[[], float],
        adapter: BaseAdapter | None = None,
    ) -> None:
        self._base_url = base_url
        self._timeout = _checked_timeout(timeout)
        self._clock = clock
        self._session = BareSession(base_url, adapter or DeadlineAdapter(pool_maxsize=64))
        self._settings = _environment_settings(base_url)

    def close(self) -> None:
        """Close the connections; a later request opens new ones."""
        self._session.close()

    def send(
        self,
        endpoint: str,
        method: str,
        form: str,
        signed: Mapping[str, str],
        before: Callable[[Request], object] | None = None,
    ) -> tuple[Exchange, TransportError | None]:
        """Send one request; return the exchange, and the error if there was no reply.

        *before* gets the request first. What it raises is raised, and nothing is sent.
        """
        prepared = self._prepare(endpoint, method, form, signed)
        sent = prepared.body if isinstance(prepared.body, bytes) else b""
        request = Request(method, str(prepared.url), tuple(prepared.headers.items()), sent)
        if before is not None:
            before(request)
        started = self._clock()
        response: Response | None = None
        trouble: TransportError | None = None
        try:
            answer = self._session.send(
                prepared, stream=True, timeout=self._timeout, **self._settings
            )
            with closing(answer):
                body = _body(answer)
            response = Response(answer.status_code, tuple(answer.headers.items()), body)
        except TransportError as error:
            trouble = error
        except _TROUBLES as error:
            trouble = self._no_reply(PATHS[endpoint], error)
        seconds = self._clock() - started
        line = None if trouble is None else trouble.say("en")
        return Exchange(endpoint, request, response, line, started, seconds), trouble

    def _no_reply(self, path: str, error: Exception) -> TransportError:
        # The text of the cause is not repeated: it can hold the query string of a GET, and what
        # the other side sent. What the system says of a line it can't open holds neither.
        cause = type(error).__name__
        system = getattr(_reason(error), "__cause__", None)
        if self._settings["proxies"] and isinstance(error, _OF_THE_PROXY):
            refused = _REFUSED_BY_PROXY.search(str(error))
            trouble = TransportError(
                "the proxy can't be reached ({cause}), nothing was sent to the gateway: see "
                "{names}",
                cause=f"HTTP {refused[1]}" if refused else cause,
                names=_PROXIES,
            )
        elif isinstance(system, OSError) and system.strerror:
            trouble = TransportError(
                "no connection to {url}: {cause}", url=self._base_url, cause=system.strerror
            )
        else:
            trouble = TransportError("no reply from {path}: {cause}", path=path, cause=cause)
        trouble.sent = not _never_connected(error)
        trouble.__cause__ = error
        return trouble

    def _prepare(
        self, endpoint: str, method: str, form: str, signed: Mapping[str, str]
    ) -> requests.PreparedRequest:
        # Made by hand: this is what Session.prepare_request makes of the same
        # input, without looking the environment up again for every call.
        prepared = requests.PreparedRequest()
        prepared.method = method
        prepared.url = self._base_url + PATHS[endpoint]
        prepared.headers = CaseInsensitiveDict(
            {
                "User-Agent": "qftools",
                "Accept": "application/json",
                "Connection": "keep-alive",
                **signed,
            }
        )
        if method == "GET":
            prepared.url += "?" + form
        else:
            prepared.body = form.encode()
            prepared.headers["Content-Type"] = _FORM
            prepared.headers["Content-Length"] = str(len(prepared.body))
        return prepared


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
            "HTTP 407 comes from a proxy, not from the gateway: see {names}", names=_PROXIES
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


def _body(answer: requests.Response) -> bytes:
    parts: list[bytes] = []
    size = 0
    while part := answer.raw.read(_CHUNK, decode_content=False):
        parts.append(part)
        size += len(part)
        if size > MOST_BYTES:
            raise _too_long()
    body = b"".join(parts)
    coding = answer.headers.get("Content-Encoding", "").strip().lower()
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


def _never_connected(error: Exception) -> bool:
    return isinstance(error, _UNSENT) or _reason(error) is not None


def _reason(error: Exception) -> NewConnectionError | None:
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return reason if isinstance(reason, NewConnectionError) else None


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


def _environment_settings(base_url: str) -> dict[str, Any]:
    """Look proxies and CA bundle up once; per call it costs a sixth of a request."""
    with requests.Session() as session:
        found = session.merge_environment_settings(base_url, {}, None, None, None)
    if base_url.startswith("https:") and isinstance(found["verify"], str):
        _check_certificates(found["verify"])
    here = read_address(base_url).is_loopback  # this machine is behind no proxy
    return {"verify": found["verify"], "proxies": {} if here else found["proxies"]}


def _check_certificates(path: str) -> None:
    import ssl

    name = next(name for name in _CA_BUNDLES if os.environ.get(name))
    try:
        if not Path(path).is_dir():
            ssl.create_default_context(cafile=path)
    except OSError as error:
        raise InputError(
            name,
            "is {path!r}, which can't be read ({cause})",
            "a file or a folder of CA certificates, or not set",
            path=path,
            cause=error.strerror or type(error).__name__,
        ) from None


def _checked_timeout(timeout: tuple[float, float]) -> tuple[float, float]:
    try:
        connect, receive = timeout
        if connect > 0 and receive > 0:
            return float(connect), float(receive)
    except (TypeError, ValueError):
        pass
    raise InputError(
        "timeout", "is {value!r}", "(connect, read) in seconds, both above zero", value=timeout
    )
