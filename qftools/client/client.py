"""The plain client: each call returns when it is done."""

from __future__ import annotations

import time
from collections.abc import Mapping

from requests.adapters import BaseAdapter

from qftools.client.awaiting import at_once
from qftools.client.calls import LEFT_OUT, Calls
from qftools.client.connection import Connection
from qftools.models import Order, Reply


class Client(Calls[BaseAdapter, None]):
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
        unlisted_codes: How a code that no source lists is read: ``"unknown"``, or
            ``"failure"`` as on the vendor's page (C34). A wrong ``"failure"`` charges twice.
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

    _sleep = staticmethod(time.sleep)
    _connection: Connection

    def _connect(self, timeout: tuple[float, float], adapter: BaseAdapter | None) -> Connection:
        return Connection(self.base_url, timeout, self.clock, adapter)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close_connections()

    def close_connections(self) -> None:
        """Close the kept-alive connections; the client opens new ones when needed."""
        self._connection.close()

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
        return at_once(
            self._pay(
                pay_type=pay_type,
                txamt=txamt,
                txcurrcd=txcurrcd,
                out_trade_no=out_trade_no,
                txdtm=txdtm,
                auth_code=auth_code,
                **extra,
            )
        )

    def query(
        self,
        order: Order | str | None = LEFT_OUT,
        *,
        syssn: str | None = LEFT_OUT,
        out_trade_no: str | None = LEFT_OUT,
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
        return at_once(self._query(order, syssn=syssn, out_trade_no=out_trade_no, **filters))

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
        return at_once(self._find(number))

    def reverse(self, order: Order | str) -> Reply:
        """Send a reversal of *order* (``/trade/v1/reversal``): Alipay, and WeChat Pay CPM.

        The reply is not a verdict, not even ``0000``: query afterwards, or use
        [cancel][qftools.cancellation.run.cancel] for the whole flow.

        Raises:
            InputError: The order lacks a field of the request; nothing was sent.
            OutcomeUnknownError: No usable answer; the order may be cancelled or not.
            GatewayError: Refused, for example 1260: it is paid, refund it.
        """
        return at_once(self._reverse(order))

    def close(self, order: Order | str) -> Reply:
        """Send a close of *order* (``/trade/v1/close``): WeChat Pay MPM, other wallets.

        The reply is not a verdict; see [reverse][qftools.client.client.Client.reverse].

        Raises:
            InputError: The order lacks a field of the request; nothing was sent.
            OutcomeUnknownError: No usable answer; the order may be closed or not.
            GatewayError: Refused, for example 1260: it is paid, refund it.
        """
        return at_once(self._close(order))

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
        return at_once(
            self._refund(order, txamt, syssn=syssn, out_trade_no=out_trade_no, txdtm=txdtm)
        )

    def capture(
        self,
        hold: Order | str,
        txamt: int | None = None,
        *,
        out_trade_no: str | None = None,
        txdtm: str | None = None,
    ) -> Reply:
        """Charge what a pre-authorisation holds, in full or *txamt* of it.

        Sent once: no document says that a repeated capture charges only once.

        Args:
            hold: The hold, with its ``syssn``; or its number, which is looked up first.
            txamt: How much, in minor units; the whole hold when left out.
            out_trade_no: The capture's own number. For Alipay made up when left out; the
                documents of cards have none.
            txdtm: ``YYYY-MM-DD hh:mm:ss``; for Alipay now in Beijing when left out.

        Raises:
            InputError: The hold has no ``syssn``, or a value is wrong; nothing was sent.
            OutcomeUnknownError: No usable answer; ``error.order`` names the capture to ask for,
                or the hold where the capture has no number.
            GatewayError: Refused; nothing was charged by it.

        Example:
            >>> from qftools.sandbox import Sandbox
            >>> with Sandbox() as sandbox:
            ...     client = sandbox.client()
            ...     hold = client.pay(pay_type="801808", txamt=2500, txcurrcd="HKD")
            ...     row = sandbox.payer(hold).pay()
            ...     client.query(hold).transaction.state, client.capture(hold, 500).respmsg
            ('held', 'Capture received')
        """
        return at_once(self._capture(hold, txamt, out_trade_no=out_trade_no, txdtm=txdtm))

    def release(self, hold: Order | str, txamt: int | None = None) -> Reply:
        """Give back what a pre-authorisation still holds (``/trade/v1/unfreeze``).

        The reply is not a verdict: query afterwards, or use
        [cancel][qftools.cancellation.run.cancel] for the whole flow. Nothing can be captured
        any more.

        Args:
            hold: The hold, with its numbers; or its number, which is looked up first.
            txamt: What is left, in minor units, where a part was captured; the whole hold
                when left out.

        Raises:
            InputError: The hold lacks a field of the request; nothing was sent.
            OutcomeUnknownError: No usable answer; the hold may be released or not.
            GatewayError: Refused.
        """
        return at_once(self._release(hold, txamt))

    def call(self, endpoint: str, params: Mapping[str, str | int]) -> Reply:
        """Send one request and return the gateway's answer, including refusals.

        The lowest of the calls: checks the values, adds the mchid, signs,
        sends once.

        Args:
            endpoint: payment, query, reversal, close, refund, authtrade or unfreeze.
            params: The fields as on the wire, without any signature.

        Raises:
            InputError: A value that the gateway could not accept; nothing was sent.
            TransportError: No usable reply (RateLimitError for HTTP 429).
            SignatureError: The reply is not the gateway's.
        """
        return at_once(self._call(endpoint, params))
