"""One request out, one reply in: the only module that knows HTTP.

Sends once and never repeats. What is no answer of the gateway (a time-out, 429,
5xx, half a body, a wrong signature) becomes an error that says "unknown".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import NewConnectionError

from qftools.errors import InputError, RateLimitError, SignatureError, TransportError
from qftools.exchange import Exchange, Request, Response
from qftools.guard import is_loopback
from qftools.models import Reply
from qftools.signing import verify_body

PATHS = {
    "payment": "/trade/v1/payment",
    "query": "/trade/v1/query",
    "reversal": "/trade/v1/reversal",
    "close": "/trade/v1/close",
    "refund": "/trade/v1/refund",
}
_RESPCD = re.compile(rb'"respcd"\s*:\s*"(\d{4})"')
_FORM = "application/x-www-form-urlencoded; charset=UTF-8"


class Connection:
    """Carries requests to one gateway, on connections that are kept alive.

    Args:
        base_url: Scheme and host, checked by the guard.
        timeout: Seconds to wait for the connection, and for the reply.
        clock: Gives the time in seconds since 1970.
        adapter: Carries the bytes; HTTP by default.

    Raises:
        InputError: The time-outs are not two numbers above zero.
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
        self._adapter = adapter or HTTPAdapter(pool_maxsize=64)
        self._settings = _environment_settings(base_url)

    def close(self) -> None:
        """Let go of the connections; a later request opens new ones."""
        self._adapter.close()

    def send(
        self, endpoint: str, method: str, form: str, signed: Mapping[str, str]
    ) -> tuple[Exchange, TransportError | None]:
        """Send one request; return what happened, and the trouble where no reply came."""
        prepared = self._prepare(endpoint, method, form, signed)
        body = prepared.body if isinstance(prepared.body, bytes) else b""
        request = Request(method, prepared.url or "", tuple(prepared.headers.items()), body)
        started = self._clock()
        response, trouble = None, None
        try:
            answer = self._adapter.send(
                prepared, stream=False, timeout=self._timeout, **self._settings
            )
            response = Response(answer.status_code, tuple(answer.headers.items()), answer.content)
        except requests.RequestException as error:
            trouble = _no_reply(PATHS[endpoint], error)
        seconds = self._clock() - started
        line = None if trouble is None else str(trouble)
        return Exchange(endpoint, request, response, line, started, seconds), trouble

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
    """Return the gateway's answer in *exchange*, once it is sure that it is the gateway's.

    Raises:
        RateLimitError: HTTP 429.
        TransportError: Another status than 200, not JSON, or no ``respcd``.
        SignatureError: The answer is signed, and not by the gateway.
    """
    response = exchange.response
    assert response is not None
    if response.status == 429:
        limited = RateLimitError("HTTP 429: too many requests, ask again later")
        limited.retry_after = _seconds(response.header("Retry-After"))
        raise limited
    if response.status != 200:
        raise TransportError("HTTP {status} is not the gateway's answer", status=response.status)
    signature = response.header("X-QF-SIGN")
    if signature is not None and not _is_signed(response.body, client_key, signature.strip()):
        raise _wrongly_signed(response.body)
    body = _json_object(response.body)
    respcd = body.get("respcd")
    if isinstance(respcd, int) and not isinstance(respcd, bool):  # some write numbers bare
        respcd = f"{respcd:04}"
    if not isinstance(respcd, str) or len(respcd) != 4:
        raise TransportError("the reply has no four-digit respcd")
    return Reply(exchange.endpoint, respcd, body, signature is not None, exchange)


def _is_signed(body: bytes, client_key: str, signature: str) -> bool:
    # MD5 in every sample of an answer; 64 digits can only be SHA256 (docs2026).
    return verify_body(body, client_key, signature, "SHA256" if len(signature) == 64 else "MD5")


def _wrongly_signed(body: bytes) -> SignatureError:
    respcd = unverified_respcd(body)
    if respcd == "1108":
        error = SignatureError(
            "the reply's X-QF-SIGN does not fit its bytes. Unverified, it reads respcd 1108"
            " (signature error): most likely the client key or the app code is not the one of"
            " this account"
        )
    else:
        error = SignatureError(
            "the reply's X-QF-SIGN does not fit its bytes: do not believe it, query again"
        )
    error.unverified_respcd = respcd
    return error


def unverified_respcd(body: bytes) -> str | None:
    """Return the code that a reply with a wrong signature reads: a hint, never to be acted on.

    Example:
        >>> unverified_respcd(b'{"respcd": "1108"}'), unverified_respcd(b"<html>")
        ('1108', None)
    """
    found = _RESPCD.search(body, 0, 65_536)
    return found[1].decode() if found else None


def _no_reply(path: str, error: requests.RequestException) -> TransportError:
    # The text of the cause is not repeated: it can hold the query string of a GET.
    trouble = TransportError("no reply from {path}: {cause}", path=path, cause=type(error).__name__)
    trouble.sent = not _never_connected(error)
    trouble.__cause__ = error
    return trouble


def _never_connected(error: requests.RequestException) -> bool:
    if isinstance(error, (requests.ConnectTimeout, requests.exceptions.SSLError)):
        return True
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(reason, NewConnectionError)


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise TransportError("the reply is not JSON: {cause}", cause=type(error).__name__) from None
    if not isinstance(value, dict):
        raise TransportError("the reply is not a JSON object")
    return value


def _seconds(text: str | None) -> float | None:
    try:
        seconds = float(text or "")
    except ValueError:
        return None
    return min(seconds, 3600.0) if seconds >= 0 else None


def _environment_settings(base_url: str) -> dict[str, Any]:
    """Look proxies and CA bundle up once; per call it costs a sixth of a request."""
    with requests.Session() as session:
        found = session.merge_environment_settings(base_url, {}, False, True, None)
    settings: dict[str, Any] = {"verify": found["verify"], "cert": None, "proxies": {}}
    if not is_loopback(urlsplit(base_url).hostname or ""):  # this machine is behind no proxy
        settings["proxies"] = found["proxies"]
    return settings


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
