"""The five calls: check, sign, send, and return the answer.

No payment is ever sent a second time, and no reply is never treated as an answer. Clock and wait
function are arguments.
"""

from __future__ import annotations

import datetime
import logging
import random
import secrets
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from requests import RequestException
from requests.adapters import BaseAdapter

from qftools import validation
from qftools.client.connection import PATHS, Connection, read
from qftools.client.guard import check_place
from qftools.client.numbers import (
    LARGEST_PAGE,
    kind_of,
    namings,
    order_of,
    split_numbers,
    unanswered,
)
from qftools.errors import (
    GatewayError,
    InputError,
    OutcomeUnknownError,
    RateLimitError,
    UnclearError,
    said_by,
)
from qftools.exchange import Request
from qftools.exchange.redaction import (
    Collector,
    Redactor,
    ShownExchange,
    ShownRequest,
    redactor_for,
)
from qftools.locale import mark
from qftools.models import Credentials, Order, Reply
from qftools.signing import canonical, sign
from qftools.texts import harmless

_LOG = logging.getLogger("qftools.client")
_QUERY_TRIES = 3
_FIRST_WAIT = 1.0  # seconds; doubled each time
_LONGEST_WAIT = 8.0
_LEFT_OUT: Any = type("LeftOut", (), {"__repr__": lambda _: "<left out>"})()  # None is a mistake


class Client:
    """Talks to one gateway for one merchant.

    Args:
        credentials: Who asks; see [Credentials][qftools.models.Credentials].
        base_url: Scheme and host. Plain http is for this machine only.
        timeout: ``(connect, read)``: seconds to wait for the connection, and for the whole
            reply, from the first byte sent to the last byte read. The vendor's FAQ
            recommends long ones, since a payment waits for the payer.
        clock: Gives the time in seconds since 1970.
        pause: Waits so many seconds before a query is repeated.
        new_number: Makes an ``out_trade_no`` where a call gives none.
        adapter: Carries the requests; the in-process sandbox brings its own.
        allow: Exceptions to the guard by name, see
            [check_place][qftools.client.guard.check_place].
        methods: HTTP method by endpoint where it is not POST (C1: the
            sources disagree about reversal and close).
        keep: How many exchanges to keep in ``exchanges``, the oldest go first.
        on_request: Called with each request, redacted, before it is sent. If it raises, nothing
            is sent.
        on_response: Called with each exchange, redacted, also where no reply came. What it
            raises goes to the log: it must not hide what became of a payment.

    The logger ``qftools`` has one line a call at INFO, and the signed text without the key
    at DEBUG, redacted.

    Raises:
        WrongPlaceError: Host and credentials do not belong together.
        InputError: A time-out is not above zero, or ``REQUESTS_CA_BUNDLE`` or
            ``CURL_CA_BUNDLE`` names certificates that can't be read.

    Example:
        >>> from qftools.sandbox import Sandbox
        >>> with Sandbox() as sandbox:
        ...     client = sandbox.client()
        ...     order = client.pay(pay_type="800101", txamt=2500, txcurrcd="HKD")
        ...     client.query(order).transaction.state
        'open'
    """

    def __init__(
        self,
        credentials: Credentials,
        base_url: str,
        *,
        timeout: tuple[float, float] = (5.0, 60.0),
        clock: Callable[[], float] = time.time,
        pause: Callable[[float], None] = time.sleep,
        new_number: Callable[[], str] = lambda: secrets.token_hex(16).upper(),
        adapter: BaseAdapter | None = None,
        allow: Collection[str] = (),
        methods: Mapping[str, str] | None = None,
        keep: int = 100,
        on_request: Callable[[ShownRequest], object] | None = None,
        on_response: Callable[[ShownExchange], object] | None = None,
    ) -> None:
        self.credentials = credentials
        self.base_url = check_place(base_url, credentials, allow)
        self.clock = clock
        self.pause = pause
        self.new_number = new_number
        self.methods = _checked_methods(methods or {})
        self.on_request = on_request
        self.on_response = on_response
        self.signs = False
        """Whether this gateway has signed an answer; from then on an unsigned answer proves
        nothing."""
        self._connection = Connection(self.base_url, timeout, clock, adapter)
        self._kept: deque[ShownExchange] = deque(maxlen=keep)

    def __repr__(self) -> str:
        return f"Client({self.credentials!r}, {self.base_url!r})"

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close_connections()

    def close_connections(self) -> None:
        """Close the kept-alive connections; the client opens new ones when needed."""
        self._connection.close()

    @property
    def exchanges(self) -> tuple[ShownExchange, ...]:
        """The last exchanges, oldest first, redacted."""
        return tuple(self._kept)

    # ---- the five calls ---------------------------------------------------------

    def pay(
        self,
        *,
        pay_type: str,
        txamt: int,
        txcurrcd: str,
        out_trade_no: str | None = None,
        txdtm: str | None = None,
        auth_code: str | None = None,
        **extra: str | int,
    ) -> Order:
        """Place a payment, once, and return the order.

        A returned order is not a paid one: ``order.reply.ok`` means *paid*
        only where the shop scanned the customer's code (CPM), elsewhere
        *placed*; ``order.reply.in_progress`` means that the payer is still paying.

        Args:
            pay_type: Wallet and mode, for example ``"800101"``.
            txamt: The amount in minor units.
            txcurrcd: The currency, for example ``"HKD"``.
            out_trade_no: The merchant's number, never used before; made up
                when left out.
            txdtm: ``YYYY-MM-DD hh:mm:ss``; now in Beijing when left out.
            auth_code: The customer's code, for pay types that scan one.
            **extra: Any other field of the endpoint: ``goods_name``,
                ``notify_url``, ``expired_time``, ``udid``, ``mchid`` ...

        Raises:
            InputError: A value that the gateway could not accept; nothing was sent.
            OutcomeUnknownError: No usable answer; ``error.order`` has the number to ask for.
            GatewayError: Refused; nothing was charged or refunded.
        """
        params: dict[str, str | int] = {
            "pay_type": pay_type,
            "txamt": txamt,
            "txcurrcd": txcurrcd,
            "out_trade_no": out_trade_no if out_trade_no is not None else self.new_number(),
            "txdtm": txdtm if txdtm is not None else self.now(),
            **extra,
        }
        if auth_code is not None:
            params["auth_code"] = auth_code
        validation.check_pay_type(pay_type, auth_code)
        order = _order_of(params)
        try:
            reply = self.call("payment", params)
        except OutcomeUnknownError as error:
            error.order = order
            raise
        order = _order_of(params, reply)
        _raise_refusal(reply, order)
        return order

    def query(
        self,
        order: Order | str | None = _LEFT_OUT,
        *,
        syssn: str | None = _LEFT_OUT,
        out_trade_no: str | None = _LEFT_OUT,
        **filters: str | int,
    ) -> Reply:
        """Query orders, and return the answer with its rows.

        Safe to repeat, so a lost reply is asked for again, three times in all. Without any
        number it lists the payments of the current month.

        Args:
            order: The order to ask for, or its number, or several numbers with commas. A
                number is asked for as the merchant's own first, then as the gateway's
                where it looks like one.
            syssn: The gateway's number, or several with commas.
            out_trade_no: The merchant's number, or several with commas.
            **filters: ``pay_type``, ``respcd``, ``start_time``, ``end_time``,
                ``page``, ``page_size``, ``txzone``, ``mchid``.

        Raises:
            InputError: A value that the gateway could not accept, or a number that is None or
                empty and would list the month instead; nothing was sent.
            OutcomeUnknownError: Still no usable answer; what is known of the order is unchanged.
            GatewayError: The query was refused (signature, parameters).

        Example:
            >>> from qftools.sandbox import Sandbox
            >>> with Sandbox() as sandbox:
            ...     client = sandbox.client()
            ...     order = client.pay(
            ...         pay_type="800101", txamt=2500, txcurrcd="HKD", out_trade_no="A1"
            ...     )
            ...     client.query("A1").transaction.state, client.query("A2").transaction
            ('open', None)
        """
        given = [each for each in (order, syssn, out_trade_no) if each is not _LEFT_OUT]
        if given and not any(given):
            raise validation.neither_number()
        numbers = {"syssn": syssn, "out_trade_no": out_trade_no}
        params = filters | {k: v for k, v in numbers.items() if v and v is not _LEFT_OUT}
        if order and not isinstance(order, Order | type(_LEFT_OUT)):
            return self._query_numbers(order, params)
        about = order if isinstance(order, Order) else None
        reply = self._ask_again("query", (about.for_query() if about else {}) | params, about)
        _raise_refusal(reply, about)
        return reply

    def find(self, number: str) -> Order:
        """Return the one payment that *number* names, as the gateway's books have it.

        Args:
            number: The merchant's own, or the gateway's.

        Raises:
            InputError: The books have no such payment, or several under that number.
            OutcomeUnknownError: No usable answer.
            GatewayError: The query was refused.

        Example:
            >>> from qftools.sandbox import Sandbox
            >>> with Sandbox() as sandbox:
            ...     client = sandbox.client()
            ...     order = client.pay(pay_type="800101", txamt=2500, txcurrcd="HKD")
            ...     client.find(order.syssn).out_trade_no == order.out_trade_no
            True
        """
        rows = [row for row in self.query(number).asked_rows if kind_of(row) == "payment"]
        if len(rows) != 1:
            raise InputError(
                mark("the number"),
                "{value!r} names {count} payments in the gateway's books",
                "that of exactly one",
                value=number,
                count=len(rows),
            )
        return order_of(rows[0])

    def reverse(self, order: Order | str) -> Reply:
        """Send a reversal of *order* (``/trade/v1/reversal``): Alipay, and WeChat Pay CPM.

        The reply is not a verdict, not even ``0000``: query afterwards, or use
        [cancel][qftools.cancellation.run.cancel] for the whole flow.

        Raises:
            InputError: The order lacks a field of the request; nothing was sent.
            OutcomeUnknownError: No usable answer; the order may be cancelled or not.
            GatewayError: Refused, for example 1260: it is paid, refund it.
        """
        return self._cancel(order, "reversal")

    def close(self, order: Order | str) -> Reply:
        """Send a close of *order* (``/trade/v1/close``): WeChat Pay MPM, other wallets.

        The reply is not a verdict; see [reverse][qftools.client.client.Client.reverse].

        Raises:
            InputError: The order lacks a field of the request; nothing was sent.
            OutcomeUnknownError: No usable answer; the order may be closed or not.
            GatewayError: Refused, for example 1260: it is paid, refund it.
        """
        return self._cancel(order, "close")

    def refund(
        self,
        order: Order | str | None = None,
        txamt: int | None = None,
        *,
        syssn: str | None = None,
        out_trade_no: str | None = None,
        txdtm: str | None = None,
    ) -> Reply:
        """Refund the paid *order*, in full or *txamt* of it.

        A refund is an order of its own, with its own number, and can't be
        undone. It is sent once.

        Args:
            order: The paid order, with its ``syssn`` (a query tells it); or its number, which is
                looked up first.
            txamt: How much, in minor units; the whole amount when left out.
            syssn: The gateway's number of the paid order, instead of *order*; needs *txamt*.
            out_trade_no: The refund's own number; made up when left out.
            txdtm: ``YYYY-MM-DD hh:mm:ss``; now in Beijing when left out.

        Raises:
            InputError: The order has no ``syssn``, or a value is wrong; nothing was sent.
            OutcomeUnknownError: No usable answer; ``error.order`` names the refund to ask for.
            GatewayError: Refused; nothing was charged or refunded.
        """
        if order is None:
            order = Order(syssn=syssn, txamt=txamt)
        elif not isinstance(order, Order):
            order = self.find(order)
        if order.syssn is None:
            raise InputError("syssn", "is missing", "known before a refund: query the order first")
        amount = txamt if txamt is not None else order.txamt
        if amount is None:
            raise InputError("txamt", "is missing", "a whole number of minor units")
        params: dict[str, str | int] = {
            "syssn": order.syssn,
            "out_trade_no": out_trade_no if out_trade_no is not None else self.new_number(),
            "txamt": amount,
            "txdtm": txdtm if txdtm is not None else self.now(),
        }
        own = (("mchid", order.mchid), ("udid", order.udid))
        params |= {name: value for name, value in own if value is not None}
        if isinstance(amount, int) and order.txamt is not None and amount > order.txamt:
            raise InputError(
                "txamt",
                "is {value}",
                "at most the amount paid, {most}",
                value=txamt,
                most=order.txamt,
            )
        validation.check_values("refund", params)
        refund = Order(
            str(params["out_trade_no"]),
            amount,
            str(params["txdtm"]),
            txcurrcd=order.txcurrcd,
            mchid=order.mchid,
        )
        return self._about(refund, "refund", params)

    def call(self, endpoint: str, params: Mapping[str, str | int]) -> Reply:
        """Send one request and return the gateway's answer, including refusals.

        The lowest of the calls: checks the values, adds the mchid, signs,
        sends once.

        Args:
            endpoint: payment, query, reversal, close, or refund.
            params: The fields as on the wire, without any signature.

        Raises:
            InputError: A value that the gateway could not accept; nothing was sent.
            TransportError: No usable reply (RateLimitError for HTTP 429).
            SignatureError: The reply is not the gateway's.
        """
        if endpoint not in PATHS:
            raise InputError(
                "endpoint", "is {value!r}", "one of {known}", value=endpoint, known=", ".join(PATHS)
            )
        complete = self._with_mchid({k: v for k, v in params.items() if v != ""})
        validation.check_values(endpoint, complete)
        validation.check_complete(endpoint, complete)
        key = self.credentials.client_key
        payer = Collector()
        payer.plain(dict(complete))
        redactor = redactor_for(frozenset((key, *payer.taken)))
        if _LOG.isEnabledFor(logging.DEBUG):
            _LOG.debug("%s signs %s", endpoint, harmless(canonical(redactor.plain(complete))))
        exchange, trouble = self._connection.send(
            endpoint,
            self.methods.get(endpoint, "POST"),
            urlencode(complete),
            self._signed(complete),
            lambda request: self._announce(request, redactor),
        )
        kept = redactor.kept(exchange)
        self._kept.append(kept)
        if trouble is not None and trouble.__cause__ is not None:
            # The library's errors repeat what the other side sent, each in its own way.
            trouble.__cause__ = RequestException(redactor.text(str(trouble.__cause__)))
        try:
            if trouble is not None:
                raise trouble
            reply = read(exchange, key)
        except OutcomeUnknownError as error:
            error.exchange = kept
            self._tell(kept, redactor.text(error.say("en")))
            raise
        self.signs = self.signs or reply.signed
        self._tell(kept, f"respcd {reply.respcd}")
        body = reply.body
        if exchange.response and redactor.suspects(exchange.response.body):
            body = redactor.plain(body)
        return replace(reply, body=body, exchange=kept)

    def now(self) -> str:
        """Return the time in Beijing as ``YYYY-MM-DD hh:mm:ss``, for ``txdtm``."""
        moment = datetime.datetime.fromtimestamp(self.clock(), validation.BEIJING)
        return moment.strftime(validation.TIME_FORMAT)

    # ---- each layer of a request, named for its concern -------------------------

    def _cancel(self, order: Order | str, endpoint: str) -> Reply:
        found = order if isinstance(order, Order) else self.find(order)
        return self._about(found, endpoint, found.for_cancel())

    def _about(self, order: Order, endpoint: str, params: Mapping[str, str | int]) -> Reply:
        try:
            reply = self.call(endpoint, params)
        except OutcomeUnknownError as error:
            error.order = order
            raise
        _raise_refusal(reply, order)
        return reply

    def _ask_again(
        self, endpoint: str, params: Mapping[str, str | int], order: Order | None
    ) -> Reply:
        for tried in range(1, _QUERY_TRIES + 1):
            try:
                return self.call(endpoint, params)
            except OutcomeUnknownError as error:
                error.order = order
                if tried == _QUERY_TRIES:
                    raise
                self.pause(_wait_after(error, tried))
        raise AssertionError("unreachable")  # pragma: no cover

    def _query_numbers(self, numbers: str, filters: dict[str, str | int]) -> Reply:
        """Ask under each number as the merchant's, then under those left as the gateway's."""
        asked = split_numbers(numbers)
        either = [number for number in asked if len(namings(number)) > 1]
        if len(asked) > 1:
            filters = {"page_size": LARGEST_PAGE, **filters}
        reply = self._ask_again("query", {"out_trade_no": ",".join(asked)} | filters, None)
        left = unanswered(either, reply.transactions)
        if left:
            more = self._ask_again("query", {"syssn": ",".join(left)} | filters, None)
            rows = [row.row for row in reply.transactions + more.transactions]
            if more.ok or not reply.ok:
                reply = replace(more, body={**more.body, "data": rows})
        _raise_refusal(reply, None)
        return reply

    def _announce(self, request: Request, redactor: Redactor) -> None:
        if self.on_request is not None:
            self.on_request(redactor.request(request))

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


def _named(kept: ShownExchange) -> str:
    params = kept.request.params
    numbers = [f"{name}={params[name]}" for name in ("out_trade_no", "syssn") if name in params]
    status = [] if kept.response is None else [f"HTTP {kept.response.status}"]
    return " ".join([kept.endpoint, *numbers, *status])


def _order_of(params: Mapping[str, Any], reply: Reply | None = None) -> Order:
    return Order(
        params["out_trade_no"],
        params["txamt"],
        params["txdtm"],
        # The gateway's answer is not user input: a value that can't be sent back is left out.
        syssn=reply.syssn if reply and validation.usable("syssn", reply.syssn) else None,
        pay_type=params["pay_type"],
        txcurrcd=params["txcurrcd"],
        mchid=params.get("mchid"),
        udid=params.get("udid"),
        reply=reply,
    )


def _raise_refusal(reply: Reply, order: Order | None) -> None:
    kind = reply.kind
    if kind in ("success", "progress"):
        return
    error: GatewayError | UnclearError
    error = (UnclearError if kind == "unknown" else GatewayError)(
        reply.respcd, said_by(reply, "en"), reply
    )
    error.order = order
    raise error


def _wait_after(error: OutcomeUnknownError, tried: int) -> float:
    wait: float = min(_FIRST_WAIT * 2 ** (tried - 1), _LONGEST_WAIT)
    if isinstance(error, RateLimitError) and error.retry_after is not None:
        wait = min(max(wait, error.retry_after), 60.0)
    # A jitter keeps many clients from querying at the same moment; it need not be secret.
    return wait * random.uniform(1.0, 1.25)


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
