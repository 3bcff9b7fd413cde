"""The tap as a whole: what passes is shown, explained, judged and recorded.

It forwards each request once and as it is. Nothing here sends a request of its own.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Collection
from dataclasses import dataclass, replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

import qftools
from qftools.client.guard import check_address
from qftools.client.line import environment_settings
from qftools.errors import InputError, TransportError
from qftools.exchange import Exchange
from qftools.exchange.redaction import redactor_for
from qftools.exchange.shown import ShownExchange
from qftools.models import Reply
from qftools.sandbox.books.clock import Clock, RealClock
from qftools.sandbox.control.control import Control, reply
from qftools.sandbox.control.inspection import FORMS
from qftools.sandbox.control.routes import ROUTES
from qftools.sandbox.explanations import Explanation, explanation
from qftools.sandbox.gateway.faults import Fault
from qftools.sandbox.gateway.gateway import ENDPOINTS
from qftools.sandbox.gateway.log import LoggedExchange, is_call
from qftools.sandbox.gateway.merchants import Merchant
from qftools.sandbox.gateway.wire import FormatError, judge_signature, read_params
from qftools.sandbox.keeping.keeping import Keeping
from qftools.sandbox.notifications.notifications import Notifications
from qftools.sandbox.report.judge import Judge
from qftools.sandbox.report.report import Report
from qftools.sandbox.web.pages import static_files
from qftools.sandbox.web.server import IN_PROCESS_URL
from qftools.sandbox.web.workbench import Workbench
from qftools.signing import check_key, verify_body
from qftools.tap.mirror import Caller, Mirror, WayBack, reply_of
from qftools.tap.recording import Recording
from qftools.tap.relay import Passed, Relay, Upstream
from qftools.transport.addresses import read_address
from qftools.transport.door import Door, Fate, WireRequest, WireResponse, plain
from qftools.transport.strict_json import parse

if TYPE_CHECKING:
    from qftools.client.client import Client
    from qftools.sandbox import Sandbox

_OFFERED = ("GET ", "POST /sandbox/faults", "DELETE /sandbox/faults")  # of the control API
ReplySignature = Literal["ok", "wrong", "missing", "other key", "unread", ""]
_VISITED = ("/", "/favicon.ico", "/robots.txt")
_FATES: dict[str, Fate] = {"lost after": "lost", "half": "half"}


@dataclass(slots=True)
class TappedExchange(LoggedExchange):
    """An exchange with another gateway.

    Attributes:
        reply_signature: Whether the reply's was right: ``ok``, ``wrong`` or ``missing``;
            ``other key`` where caller and gateway agree on another key than the one at hand,
            ``unread`` where the key is not at hand, empty where no reply came.
    """

    reply_signature: ReplySignature = ""


class Tap:
    """A proxy on this machine in front of a gateway.

    Args:
        to: Scheme and host of the gateway; or a sandbox in this process, which `client` then
            reaches without a socket.
        environment: Where the caller's credentials are valid: test or production, for a host of
            QFPay.
        allow: Exceptions of the guard, by name.
        app_code: Whose key *client_key* is; empty: everyone's who calls.
        client_key: Checks both signatures; empty: they are not checked.
        record: A file to record to.
        clock: Gives the time; a sandbox's own where it is left out.

    Raises:
        WrongPlaceError: The guard refuses the address.
        InputError: The key or the file can't be used.

    Attributes:
        to: Where requests go.
        real: Whether real money can move: the gateway is not on this machine.
        url: Where it listens.
        trouble: Why the recording had to end; empty where it goes on.

    Example:
        >>> from qftools.sandbox import Sandbox
        >>> with Tap(Sandbox()) as tap:
        ...     reply = tap.client().query(out_trade_no="A1")
        ...     print(tap.exchanges[-1].as_http().splitlines()[0])
        POST http://sandbox.localhost/trade/v1/query HTTP/1.1
    """

    def __init__(
        self,
        to: str | Sandbox,
        *,
        environment: str | None = None,
        allow: Collection[str] = (),
        app_code: str = "",
        client_key: str = "",
        record: str | os.PathLike[str] | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._door = Door()
        self._sandbox = None if isinstance(to, str) else to
        self.to = check_address(to if isinstance(to, str) else to.url, environment, allow)
        address = read_address(self.to)
        if address.rest.strip("/"):
            raise InputError("to", "has a path", "scheme and host of the gateway alone")
        self.real = not address.is_loopback
        self.url = ""
        self.trouble = ""
        if client_key:
            check_key(client_key)
        self._app_code = app_code
        self._client_key = client_key
        self._upstream = Upstream(address, environment_settings(self.to))
        self._lock = threading.RLock()
        self._clock = clock or (self._sandbox.clock if self._sandbox else RealClock())
        self.gateway = Mirror(self._clock, address.host if self.real else "")
        notifications = Notifications(self.gateway, self._lock)
        self._keeping = Keeping(self.gateway, notifications, self._lock)
        self._judge = Judge(self.gateway, notifications)
        self._control = Control(self.gateway, notifications, self._keeping, self._judge)
        self._page = Workbench(self.gateway, "/sandbox/static", self.to if self.real else "")
        self._recording = None if record is None else Recording(record)
        self._relay: Relay | None = None
        if client_key and app_code:
            self.gateway.merchants.add(Merchant(app_code, client_key))

    def serve(self, port: int = 0) -> str:
        """Listen on loopback, in the background, and return the address.

        Raises:
            OSError: The port is taken.
            InputError: The gateway's address is this one.
        """
        if not self.real and self._upstream.address.port == port and port:
            raise InputError("to", "is the address of the tap itself", "the gateway's address")
        if self.to == IN_PROCESS_URL:
            raise InputError("to", "is a sandbox that does not listen", "served before the tap is")
        self._relay = Relay(self._upstream, self, port, self._clock.now)
        self.url = self.gateway.public_url = self._relay.url
        return self.url

    def client(self, **options: Any) -> Client:
        """Return a client that reaches the sandbox through the tap, without a socket.

        Args:
            options: As for the sandbox's own `client`.

        Raises:
            InputError: The tap stands in front of an address.
        """
        if self._sandbox is None:
            raise InputError("to", "is an address", "a sandbox in this process, for a client")
        from qftools.tap.in_process import PassingAdapter

        return self._sandbox.client(**{"adapter": PassingAdapter(self._sandbox, self)} | options)

    def close(self) -> None:
        """Stop listening, and close the recording."""
        if self._relay is not None:
            self._relay.stop()
            self._relay = None
        with self._lock:
            if self._recording is not None:
                self._recording.close()
                self._recording = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # -- what it knows ------------------------------------------------------------------

    @property
    def exchanges(self) -> tuple[ShownExchange, ...]:
        """The last exchanges, oldest first, redacted."""
        with self._lock:
            return tuple(self._shown(seen) for seen in self.gateway.log.last)

    def report(self) -> Report:
        """Return what the integration did wrong, as far as what passed here shows it."""
        self._explain("/sandbox/report")
        with self._lock:
            return self._judge.report()

    def why(self, seen: LoggedExchange) -> Explanation | None:
        """Return why the gateway refused a call; None where it did not."""
        return explanation(seen, self.gateway)

    def arm(
        self,
        name: str,
        on: str = "*",
        times: int | None = 1,
        *,
        seconds: float | None = None,
        confirmed_host: str = "",
    ) -> Fault:
        """Let one or more of the next replies be lost, late, or cut in half.

        The gateway has acted then, and the caller does not know: that is the lesson, and where
        money is real it is dangerous. So the host must be named once more there.

        Args:
            name: ``reply lost``, ``slow reply`` or ``half a reply``.
            on: An endpoint, ``cancel``, or ``*``.
            times: How many times; None: until the tap ends.
            seconds: How late a slow reply is.
            confirmed_host: The gateway's host, where money can move.

        Raises:
            InputError: It is not one of these faults, or the host is not confirmed.
            SandboxError: There is no such fault or endpoint.
        """
        with self._lock:
            return self.gateway.faults.arm(name, on, times, seconds=seconds, confirm=confirmed_host)

    # -- what the relay asks ------------------------------------------------------------

    def answered(self, request: WireRequest) -> WireResponse | None:
        """Return the tap's own answer: to who is not let in, and about what passed."""
        if (refusal := self._door.refused(request)) is not None:
            return refusal
        if request.path == "/healthz":
            return plain(200, "ok")
        if request.method in ("GET", "HEAD") and request.path in _VISITED and not is_call(request):
            return self._page(request) if request.path == "/" else plain(404, "404 not found")
        if request.path != "/sandbox" and not request.path.startswith("/sandbox/"):
            return None
        is_read = request.method in ("GET", "HEAD")
        if not is_read and not f"{request.method} {request.path}".startswith(_OFFERED):
            return plain(405, "405 of a tap only faults can be changed", ("Allow", "GET, HEAD"))
        if request.path.startswith("/sandbox/static/"):
            return static_files(replace(request, path=request.path.removeprefix("/sandbox")))
        self._explain(request.path)
        with self._lock:
            if request.path == "/sandbox":
                return self._about()
            return self._control(request)

    def _explain(self, path: str) -> None:
        """Explain what a page shows, without the lock: it can take seconds, and no reply waits."""
        number = path.removeprefix("/sandbox/exchanges/")
        for seen in tuple(self.gateway.log.last):
            if path in ("/sandbox/report", "/sandbox/stream") or number == str(seen.number):
                self.why(seen)

    def _about(self) -> WireResponse:
        told = {
            "tap": self.to,
            "real": self.real,
            "version": qftools.__version__,
            "url": self.url,
            "exchanges": self.gateway.log.count,
            "faults": {"calls": list(WayBack.NAMES), "notifications": []},
            "calls": [
                call
                for route in ROUTES
                if (call := f"{route.method} {route.path}").startswith(_OFFERED)
            ],
            "copies": list(FORMS),
        }
        return reply(200, redactor_for().words(json.dumps(told)))

    def fault(self, request: WireRequest) -> Fault | None:
        """Return what happens to the reply to a request."""
        known = ENDPOINTS.get(request.path)
        if known is None or not self.gateway.faults:
            return None
        try:
            params = read_params(request)
        except FormatError:
            params = {}
        numbers = [params[name] for name in ("out_trade_no", "syssn") if name in params]
        with self._lock:
            return self.gateway.faults.take(known[0], numbers)

    def fate_of(self, fault: Fault | None) -> Fate:
        """Return what a fault lets become of a reply on its way to the caller."""
        return _FATES.get(fault.name, "answer") if fault else "answer"

    def passed(self, what: Passed) -> None:
        """Note what went through, before the last of its reply leaves."""
        name = ENDPOINTS[what.wire.path][0] if what.wire.path in ENDPOINTS else ""
        with self._lock:
            seen = self._seen(name, what)
            if name or is_call(what.wire):
                self.gateway.log.add(seen)
                self._record(seen, what)
                self.gateway.log.finished(seen)
                self._keeping.save()

    def _seen(self, name: str, what: Passed) -> TappedExchange:
        request, response = what.wire, what.response
        seen = TappedExchange(name, request, what.started)
        seen.fault = what.fault.name if what.fault and response else ""
        seen.app_code = request.headers.get("x-qf-appcode", "").strip()[:128]
        try:
            seen.params = read_params(request)
        except FormatError:
            seen.params = {}
        merchant = self._merchant(seen.app_code)
        if merchant is not None and merchant.client_key and name:
            seen.signature, seen.params = judge_signature(
                request, seen.params, merchant, self.gateway.settings
            )
        error = what.error
        late = what.fault.seconds if what.fault and what.fault.name == "slow" else 0.0
        seen.response = WireResponse(0, fate="lost", delay=what.seconds)
        if response is not None:
            fate = self.fate_of(what.fault)
            seen.response = WireResponse(
                response.status, response.headers, response.body, fate, what.seconds + late
            )
            if fate != "answer":
                error = f"kept from the caller (fault: {seen.fault})"
        seen.came = Exchange(
            name, what.request, None if error else response, error, what.started, what.seconds
        )
        said = self._read(seen, what, merchant)
        seen.respcd = said.respcd if said else ""
        accepted = said is not None and said.respcd != "1108"
        if accepted and seen.signature == seen.reply_signature == "wrong":
            seen.signature, seen.reply_signature = "unread", "other key"
        if merchant is not None and name and what.sent:
            self.gateway.learn(seen, said)
        return seen

    def _read(self, seen: TappedExchange, what: Passed, merchant: Merchant | None) -> Reply | None:
        """Check a reply's signature, and return what it says; None where it proves nothing."""
        response = what.response
        if response is None:
            return None
        signature = response.header("X-QF-SIGN")
        if signature is None:
            seen.reply_signature = "missing"
        elif merchant is None or not merchant.client_key:
            seen.reply_signature = "unread"
        else:
            kind: Literal["MD5", "SHA256"] = "SHA256" if len(signature.strip()) == 64 else "MD5"
            right = verify_body(response.body, merchant.client_key, signature.strip(), kind)
            seen.reply_signature = "ok" if right else "wrong"
        if response.status != 200 or not seen.endpoint:
            return None
        try:
            return reply_of(seen, parse(response.body))
        except TransportError:
            return None

    def _merchant(self, app_code: str) -> Merchant | None:
        """Return who calls; a caller that is new is known from now on, with its key or without."""
        known = self.gateway.merchants.find(app_code)
        if known is not None or not app_code or len(self.gateway.merchants) >= 100:
            return known
        everyones = self._client_key and not self._app_code
        merchant = (
            Merchant(app_code, self._client_key)
            if everyones and app_code.isprintable()
            else Caller(app_code, "")
        )
        self.gateway.merchants.add(merchant)
        return merchant

    # -- what is kept ---------------------------------------------------------------------

    def _record(self, seen: TappedExchange, what: Passed) -> None:
        if self._recording is None:
            return
        # The reply as the gateway gave it, whatever became of it on its way back.
        exchange = Exchange(
            seen.endpoint, what.request, what.response, what.error, what.started, what.seconds
        )
        more = {
            "number": seen.number,
            "real": self.real,
            "endpoint": seen.endpoint,
            "signature": seen.signature,
            "reply_signature": seen.reply_signature,
            "fault": seen.fault,
        }
        redactor = redactor_for(self._keys())
        try:
            self._recording.add(redactor.exchange(exchange, ShownExchange), more)
        except OSError as error:
            self._recording.close()
            self._recording, self.trouble = None, error.strerror or type(error).__name__

    def _shown(self, seen: LoggedExchange) -> ShownExchange:
        assert isinstance(seen, TappedExchange)
        exchange = seen.came
        if exchange is None:  # it was long, and is cut
            from qftools.sandbox.gateway.exchanges import made

            exchange = made(seen)
        return redactor_for(self._keys()).exchange(exchange, ShownExchange)

    def _keys(self) -> frozenset[str]:
        return frozenset((self._client_key,) if self._client_key else ())
