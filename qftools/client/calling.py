"""One call: check, sign, send, read; keep the exchange, tell hooks and log. For both clients."""

from __future__ import annotations

import datetime
import logging
import secrets
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import replace
from functools import partial
from typing import Generic, Literal, TypeVar
from urllib.parse import urlencode

from qftools import validation
from qftools.client.guard import check_place
from qftools.client.line import PATHS, Line
from qftools.client.numbers import check_about
from qftools.client.replies import read
from qftools.errors import InputError, OutcomeUnknownError
from qftools.exchange import Request
from qftools.exchange.redaction import (
    Redactor,
    ShownExchange,
    ShownRequest,
    redactor_for,
    taken_from,
)
from qftools.models import UNLISTED, Credentials, Reply
from qftools.signing import canonical, sign
from qftools.texts import harmless

_LOG = logging.getLogger("qftools.client")

A = TypeVar("A")  # what carries the requests
W = TypeVar("W", bound=Awaitable[None] | None)  # what a pause gives


class Calling(ABC, Generic[A, W]):
    """What both clients know of their gateway, and how one call is made.

    For the arguments see [Client][qftools.client.client.Client].
    """

    _sleep: Callable[[float], W]  # where no other pause is given

    def __init__(
        self,
        credentials: Credentials,
        base_url: str,
        *,
        timeout: tuple[float, float] = (5.0, 60.0),
        clock: Callable[[], float] = time.time,
        pause: Callable[[float], W] | None = None,
        new_number: Callable[[], str] = lambda: secrets.token_hex(16).upper(),
        adapter: A | None = None,
        allow: Collection[str] = (),
        unlisted_codes: Literal["unknown", "failure"] = UNLISTED,
        methods: Mapping[str, str] | None = None,
        keep: int = 100,
        on_request: Callable[[ShownRequest], object] | None = None,
        on_response: Callable[[ShownExchange], object] | None = None,
    ) -> None:
        self.credentials = credentials
        self.base_url = check_place(base_url, credentials, allow)
        self.clock = clock
        self.pause: Callable[[float], W] = pause or self._sleep
        self.new_number = new_number
        self.unlisted_codes = _one_of("unlisted_codes", unlisted_codes, ("unknown", "failure"))
        self.methods = _checked_methods(methods or {})
        self.on_request = on_request
        self.on_response = on_response
        self.signs = False
        """Whether this gateway has signed an answer; from then on an unsigned answer proves
        nothing."""
        self._connection = self._connect(timeout, adapter)
        self._kept: deque[ShownExchange] = deque(maxlen=keep)

    @abstractmethod
    def _connect(self, timeout: tuple[float, float], adapter: A | None) -> Line:
        """Make what sends the requests."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.credentials!r}, {self.base_url!r})"

    @property
    def exchanges(self) -> tuple[ShownExchange, ...]:
        """The last exchanges, oldest first, redacted."""
        return tuple(self._kept)

    def now(self) -> str:
        """Return the time in Beijing as ``YYYY-MM-DD hh:mm:ss``, for ``txdtm``."""
        moment = datetime.datetime.fromtimestamp(self.clock(), validation.BEIJING)
        return moment.strftime(validation.TIME_FORMAT)

    async def _call(self, endpoint: str, params: Mapping[str, str | int]) -> Reply:
        """See [call][qftools.client.client.Client.call]."""
        if endpoint not in PATHS:
            raise InputError(
                "endpoint", "is {value!r}", "one of {known}", value=endpoint, known=", ".join(PATHS)
            )
        complete = self._with_mchid({k: v for k, v in params.items() if v != ""})
        validation.check_values(endpoint, complete)
        validation.check_complete(endpoint, complete)
        key = self.credentials.client_key
        form = urlencode(complete)
        redactor = redactor_for(frozenset((key, *taken_from(complete, form))))
        if _LOG.isEnabledFor(logging.DEBUG):
            _LOG.debug("%s signs %s", endpoint, harmless(canonical(redactor.plain(complete))))
        told = self.on_request
        announce = None if told is None else partial(_announce, told, redactor)
        method = self.methods.get(endpoint, "POST")
        exchange, trouble = await self._connection.send(
            endpoint, method, form, self._signed(complete), announce
        )
        suspect = redactor.suspects(exchange.contents())
        kept = redactor.kept(exchange, suspect)
        self._kept.append(kept)
        if trouble is not None and trouble.__cause__ is not None:
            # The library's errors repeat what the other side sent, each in its own way.
            shown = redactor.text(str(trouble.__cause__))
            trouble.__cause__ = self._connection.shown_cause(shown)
            trouble.__context__ = None
        try:
            if trouble is not None:
                raise trouble
            reply = read(exchange, key)
            check_about(endpoint, complete, reply.body)
        except OutcomeUnknownError as error:
            error.exchange = kept
            self._tell(kept, redactor.text(error.say("en")))
            raise
        self.signs = self.signs or reply.signed
        self._tell(kept, f"respcd {reply.respcd}")
        body = redactor.plain(reply.body) if suspect else reply.body
        return replace(reply, body=body, exchange=kept, unlisted=self.unlisted_codes)

    def _tell(self, kept: ShownExchange, result: str) -> None:
        if _LOG.isEnabledFor(logging.INFO):
            line = f"{_named(kept)}: {result}, {kept.seconds:.3f} s"
            _LOG.info("%s", harmless(line))
        if self.on_response is not None:
            try:
                self.on_response(kept)
            except Exception:  # what became of a payment matters more
                _LOG.exception("on_response failed; the call goes on")

    def _signed(self, params: Mapping[str, str | int]) -> dict[str, str]:
        me = self.credentials
        return {
            "X-QF-APPCODE": me.app_code,
            "X-QF-SIGN": sign(params, me.client_key, me.algorithm),
            "X-QF-SIGNTYPE": me.algorithm,
        }

    def _with_mchid(self, params: dict[str, str | int]) -> dict[str, str | int]:
        me = self.credentials
        if me.mchid is not None:
            params.setdefault("mchid", me.mchid)
        if me.mchid_rule == "required" and "mchid" not in params:
            raise InputError("mchid", "is missing", "given in every call of an agent (C12)")
        if me.mchid_rule == "forbidden" and "mchid" in params:
            raise InputError("mchid", "is given", "left out by a direct merchant (C12)")
        return params


def _announce(
    on_request: Callable[[ShownRequest], object], redactor: Redactor, request: Request
) -> None:
    on_request(redactor.request(request))


def _named(kept: ShownExchange) -> str:
    params = kept.request.params
    numbers = [f"{name}={params[name]}" for name in ("out_trade_no", "syssn") if name in params]
    status = [] if kept.response is None else [f"HTTP {kept.response.status}"]
    return " ".join([kept.endpoint, *numbers, *status])


def _one_of(name: str, value: str, known: tuple[str, ...]) -> str:
    if value not in known:
        raise InputError(
            name, "is {value!r}", "one of {known}", value=value, known=", ".join(known)
        )
    return value


def _checked_methods(methods: Mapping[str, str]) -> Mapping[str, str]:
    for endpoint, method in methods.items():
        if endpoint not in PATHS or method not in ("GET", "POST"):
            raise InputError(
                "methods",
                "has {endpoint!r}: {method!r}",
                "GET or POST by endpoint",
                endpoint=endpoint,
                method=method,
            )
        if method == "GET" and endpoint not in ("reversal", "close"):
            raise InputError(
                "methods", "has {name!r}: 'GET'", "POST there in every source", name=endpoint
            )
    return dict(methods)
