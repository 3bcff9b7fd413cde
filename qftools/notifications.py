"""A shop's receiver of notifications: checked, asked about, booked once, and acknowledged.

No web framework is imported before a view for it is asked for.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Awaitable, Callable, Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

from qftools.errors import GatewayError, OutcomeUnknownError, SignatureError, TransportError
from qftools.signing import verify_body
from qftools.transport.door import MAX_BODY
from qftools.transport.strict_json import parse

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from qftools.client.client import Client
    from qftools.models import Transaction

ACKNOWLEDGED = b"SUCCESS"
"""The only body that ends the repeats, with HTTP 200."""

MOST_REMEMBERED = 10_000
"""Notifications that `Inbox` remembers by itself; the oldest go first."""

_OVER = frozenset({"refunded", "cancelled"})
_PLAIN = ("Content-Type", "text/plain")


def verify_notification(
    headers: Mapping[str, str], body: bytes, client_key: str | None = None
) -> dict[str, Any]:
    """Return the fields of a notification, after checking that the gateway sent it.

    They say that something happened, not what is true by now: query before you book.

    Args:
        headers: Names in any case.
        body: The raw bytes: the signature covers them as they came.
        client_key: The key of the app code; ``QFTOOLS_CLIENT_KEY`` when left out.

    Raises:
        SignatureError: The signature is missing, or not the gateway's over these bytes.
        TransportError: It is signed, and no JSON object.
        InputError: There is no key to check it with.

    Example:
        >>> signed = {"x-qf-sign": "40526CF4AC031EC195CF8BC251AF2ADB"}
        >>> verify_notification(signed, b'{"respcd": "0000"}', "abcd1234")
        {'respcd': '0000'}
        >>> verify_notification(signed, b'{"respcd": "1143"}', "abcd1234")
        Traceback (most recent call last):
        ...
        qftools.errors.SignatureError: the notification's X-QF-SIGN does not match its bytes: \
reject it
    """
    signature = signature_of(headers)
    if not signature:
        raise SignatureError("the notification has no X-QF-SIGN: reject it")
    key = os.environ.get("QFTOOLS_CLIENT_KEY", "") if client_key is None else client_key
    if not verify_body(body, key, signature):
        raise SignatureError("the notification's X-QF-SIGN does not match its bytes: reject it")
    return parse(body)


def signature_of(headers: Mapping[str, str]) -> str:
    """Return what came in ``X-QF-SIGN``, empty where it is missing.

    Example:
        >>> signature_of({"X-Qf-Sign": " 4052 "})
        '4052'
    """
    return next((v.strip() for name, v in headers.items() if name.lower() == "x-qf-sign"), "")


def news_of(fields: Mapping[str, Any]) -> str:
    """Return what makes a notification the same as an earlier one, as text.

    Example:
        >>> news_of({"syssn": "20260105000001", "notify_type": "payment", "txamt": "100"})
        'payment 20260105000001'
    """
    return " ".join(str(fields.get(name, ""))[:64] for name in ("notify_type", "syssn"))


class Seen(Protocol):
    """Remembers texts: a set, or a table of your database that all processes share."""

    def __contains__(self, news: object, /) -> bool:
        """Tell whether it was added before."""
        ...

    def add(self, news: str, /) -> None:
        """Remember it."""
        ...


class Inbox:
    """Receives notifications: checks each, queries, calls your code once, and answers.

    It is a WSGI application itself, and has a view for Flask, Django and FastAPI. ``SUCCESS`` is
    answered once the news is booked, or was before, or the money has gone back since. A wrong
    signature is answered with 403. Where the query does not confirm the news, or your code
    raises, the gateway is answered with an error, and sends the notification again.

    Args:
        client: Queries, and has the key that signs.
        book: Your code: gets the row of the query. Called once for each payment or refund that
            the query confirms; again where *seen* has forgotten it or another process has its
            own, so let it do nothing for a ``syssn`` that it has.
        seen: What was booked. In memory when left out: gone with the process.

    Example:
        >>> from qftools.sandbox import Sandbox
        >>> with Sandbox() as sandbox:
        ...     inbox = Inbox(sandbox.client(), lambda row: print(row.out_trade_no, row.state))
        ...     sandbox.notifications.receive("http://127.0.0.1/notify", inbox.receive)
        ...     order = sandbox.client().pay(pay_type="800101", txamt=2500, txcurrcd="HKD",
        ...         out_trade_no="A1", notify_url="http://127.0.0.1/notify")
        ...     _ = sandbox.payer(order).pay()
        A1 paid
    """

    def __init__(
        self, client: Client, book: Callable[[Transaction], object], *, seen: Seen | None = None
    ) -> None:
        self._client = client
        self._book = book
        self._seen: Seen = _Memory() if seen is None else seen
        self._lock = threading.Lock()
        self._at_work: set[str] = set()

    def receive(self, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        """Return HTTP status and body of the answer to one notification.

        Args:
            headers: Names in any case.
            body: The raw bytes.
        """
        if len(body) > MAX_BODY:
            return 413, b""
        try:
            fields = verify_notification(headers, body, self._client.credentials.client_key)
        except SignatureError:
            return 403, b""
        except TransportError:
            return 400, b""
        news = news_of(fields)
        with self._lock:
            if news in self._at_work:  # the same one, in another thread: not booked yet
                return 503, b""
            if news in self._seen:
                return 200, ACKNOWLEDGED
            self._at_work.add(news)
        try:
            return self._booked(news, str(fields.get("syssn", "")))
        finally:
            with self._lock:
                self._at_work.discard(news)

    def _booked(self, news: str, syssn: str) -> tuple[int, bytes]:
        """Query; book what is confirmed. What your code raises goes through to the framework."""
        try:
            row = self._client.query(syssn=syssn).transaction if syssn else None
        except (OutcomeUnknownError, GatewayError, ValueError):
            row = None
        if row is None or row.state not in _OVER | {"paid"}:
            return 503, b""
        if row.state == "paid":
            self._book(row)
        with self._lock:
            self._seen.add(news)
        return 200, ACKNOWLEDGED

    # ---- for each framework ---------------------------------------------------------

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer as a WSGI application: for gunicorn, waitress, mod_wsgi and the like."""
        length = environ.get("CONTENT_LENGTH") or "0"
        size = int(length) if length.isdecimal() else MAX_BODY + 1
        if environ["REQUEST_METHOD"] != "POST":
            status, answer = 405, b""
        elif size > MAX_BODY:
            status, answer = 413, b""
        else:
            headers = {"X-QF-SIGN": environ.get("HTTP_X_QF_SIGN", "")}
            status, answer = self.receive(headers, environ["wsgi.input"].read(size))
        start_response(
            f"{status} {HTTPStatus(status).phrase}", [_PLAIN, ("Content-Length", str(len(answer)))]
        )
        return [answer]

    def flask_view(self) -> Callable[[], Any]:
        """Return a view for ``app.post("/notify")(inbox.flask_view())``."""
        from flask import request

        def qfpay_notification() -> Any:
            status, answer = self.receive(dict(request.headers), request.get_data())
            return answer, status, [_PLAIN]

        return qfpay_notification

    def django_view(self) -> Callable[[Any], Any]:
        """Return a view for ``path("notify", inbox.django_view())``; no CSRF token is asked for."""
        from django.http import HttpResponse
        from django.views.decorators.csrf import csrf_exempt
        from django.views.decorators.http import require_POST

        def qfpay_notification(request: Any) -> Any:
            status, answer = self.receive(request.headers, request.body)
            return HttpResponse(answer, status=status, content_type="text/plain")

        view: Callable[[Any], Any] = csrf_exempt(require_POST(qfpay_notification))
        return view

    def fastapi_view(self) -> Callable[[Any], Awaitable[Any]]:
        """Return a view for ``app.add_route("/notify", inbox.fastapi_view(), methods=["POST"])``.

        Query and booking run in a thread, so that other requests are answered meanwhile.
        """
        import asyncio

        from starlette.responses import Response

        async def qfpay_notification(request: Any) -> Any:
            body = await request.body()
            status, answer = await asyncio.to_thread(self.receive, request.headers, body)
            return Response(answer, status, media_type="text/plain")

        return qfpay_notification


class _Memory:
    """The last notifications that were booked, in this process."""

    def __init__(self) -> None:
        self._kept: dict[str, None] = {}

    def __contains__(self, news: object) -> bool:
        return news in self._kept

    def add(self, news: str) -> None:
        self._kept[news] = None
        if len(self._kept) > MOST_REMEMBERED:
            del self._kept[next(iter(self._kept))]
