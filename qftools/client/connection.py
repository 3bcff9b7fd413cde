"""The plain client's connection: `requests`, with one deadline for the whole reply."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from contextlib import closing
from http.client import HTTPException

import requests
from requests.adapters import BaseAdapter
from requests.exceptions import ConnectTimeout, InvalidSchema, InvalidURL, ProxyError, SSLError
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import HTTPError, LocationValueError, NewConnectionError

from qftools.client.line import Line
from qftools.client.replies import Body
from qftools.errors import TransportError
from qftools.exchange import Request, Response
from qftools.patterns import pattern
from qftools.transport.deadline import BareSession, DeadlineAdapter

_CHUNK = 65_536

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
_REFUSED_BY_PROXY = pattern(r"Tunnel connection failed: (\d{3})")


class Connection(Line):
    """Carries requests through a `requests` session, on connections that are kept alive.

    Args:
        base_url: Scheme and host, checked by the guard.
        timeout: Seconds to wait for the connection, and for the whole reply.
        clock: Gives the time in seconds since 1970.
        adapter: Carries the bytes; HTTP by default.

    Raises:
        InputError: The timeouts are not two numbers above zero, or the environment names
            certificates that can't be read.
    """

    shown_cause = requests.RequestException

    def __init__(
        self,
        base_url: str,
        timeout: tuple[float, float],
        clock: Callable[[], float],
        adapter: BaseAdapter | None = None,
    ) -> None:
        super().__init__(base_url, timeout, clock)
        self._session = BareSession(base_url, adapter or DeadlineAdapter(pool_maxsize=64))

    def close(self) -> None:
        """Close the connections; a later request opens new ones."""
        self._session.close()

    def carry(self, request: Request) -> Response:
        """Send *request*, once, and return the reply.

        Raises:
            TransportError: No reply came, or it is too long, or can't be decompressed.
        """
        # Made by hand: this is what Session.prepare_request makes of the same
        # input, without looking the environment up again for every call.
        prepared = requests.PreparedRequest()
        prepared.method = request.method
        prepared.url = request.url
        prepared.headers = CaseInsensitiveDict(request.headers)
        prepared.body = None if request.method == "GET" else request.body
        try:
            answer = self._session.send(
                prepared, stream=True, timeout=self._timeout, **self._settings
            )
            with closing(answer):
                body = Body()
                while part := answer.raw.read(_CHUNK, decode_content=False):
                    body.add(part)
            whole = body.whole(answer.headers.get("Content-Encoding"))
        except _TROUBLES as error:
            raise self._lost(request, error) from error
        return Response(answer.status_code, tuple(answer.headers.items()), whole)

    def _lost(self, request: Request, error: Exception) -> TransportError:
        reason, cause = _reason(error), type(error).__name__
        of_proxy = ""
        if self._settings["proxies"] and isinstance(error, _OF_THE_PROXY):
            refused = _REFUSED_BY_PROXY.search(str(error))
            of_proxy = f"HTTP {refused[1]}" if refused else cause
        sent = not isinstance(error, _UNSENT) and reason is None
        system = getattr(reason, "__cause__", None)
        return self._no_reply(request, cause, system, of_proxy=of_proxy, sent=sent)


def _reason(error: Exception) -> NewConnectionError | None:
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return reason if isinstance(reason, NewConnectionError) else None
