"""The sandbox: ``with Sandbox() as sandbox:``, in process or on a loopback port."""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, cast

from qftools.errors import SandboxError
from qftools.sandbox.assembly import Assembly
from qftools.sandbox.books.clock import Clock, beijing, clock_of
from qftools.sandbox.books.orders import Entry, Row, numbers_of
from qftools.sandbox.gateway.faults import ArmedFault
from qftools.sandbox.gateway.gateway import Gateway
from qftools.sandbox.gateway.merchants import MchidRule, Merchant
from qftools.sandbox.gateway.settings import Settings
from qftools.sandbox.payer import Payer
from qftools.sandbox.web.server import IN_PROCESS_URL
from qftools.signing import check_key
from qftools.transport.addresses import is_loopback

if TYPE_CHECKING:
    from qftools.client.async_client import AsyncClient
    from qftools.client.client import Client
    from qftools.models import Credentials
    from qftools.sandbox.gateway.exchanges import SandboxExchange
    from qftools.sandbox.keeping.loading import Loaded
    from qftools.sandbox.report.report import Report
    from qftools.sandbox.web.in_process import InProcessAdapter

APP_CODE = "A3B6E2F0C1D94E57A8B2C3D4E5F60718"
CLIENT_KEY = "5A4DB0C0EF1E4A6B9C2D7F8E90A1B2C3"  # not a secret: it opens nothing but a sandbox
SHORTEST_TOKEN = 16


class Sandbox:
    """A gateway for tests: no account, no network, no money.

    Args:
        seed: The same seed makes the same numbers, every day and on every machine.
        clock: ``"virtual"`` (the default: moves only when told to),
            ``"real"``, or an object with ``now``, ``sleep`` and ``advance``.
        app_code: The app code of its merchant.
        client_key: The key of its merchant.
        mchid: Whether calls must carry an mchid (``required``), must not
            (``forbidden``), or may (``optional``, the default, which then holds for
            merchants of a file as well); ``agents``: as each merchant's own rule says.
        lang: The language of the gateway's texts: en or zh.
        profile: The edition of QFPay's docs that says which pay types are cancelled by
            reversal and which by close (C19).
        limit: How many orders are kept; beyond it the oldest are dropped.
        data: A file that everything is saved to; one process at a time can use it.
        switches: Every switch of the catalogue, by name, for example
            ``cancel_paid="refund"``.

    Raises:
        SandboxError: A switch or a value that does not exist.

    Example:
        >>> with Sandbox() as sandbox:
        ...     sandbox.orders()
        ()
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        clock: Literal["virtual", "real"] | Clock | None = None,
        app_code: str = APP_CODE,
        client_key: str = CLIENT_KEY,
        mchid: str | None = None,
        lang: Literal["en", "zh"] = "en",
        profile: str = "seed",
        limit: int = 100_000,
        data: str | os.PathLike[str] | None = None,
        **switches: object,
    ) -> None:
        if lang not in ("en", "zh"):
            raise SandboxError("lang is {value!r}; it must be en or zh", value=lang)
        if mchid in ("agents", "optional"):
            switches["mchid"] = mchid
        settings = Settings({"cancel_routes": profile} | switches)
        self.clock = clock_of(clock)
        self._gateway = Gateway(
            clock=self.clock, seed=seed, settings=settings, lang=lang, limit=limit
        )
        self._app_code = app_code
        rule = "forbidden" if mchid == "agents" else mchid or "optional"
        merchant = Merchant(app_code, client_key, cast(MchidRule, rule))
        check_key(client_key)
        self._assembly = Assembly(self._gateway, data)
        self._app = self._assembly.app
        self._keeping = self._assembly.keeping
        self.notifications = self._assembly.notifications
        # What is given now wins over what the file holds.
        self._gateway.merchants.add(merchant)
        self._numbers = itertools.count(1)

    # -- connections ----------------------------------------------------------------

    @property
    def credentials(self) -> Credentials:
        """The credentials of the first merchant, for a client."""
        from qftools.models import Credentials

        merchant = self._merchant()
        mchid = merchant.mchids[0] if merchant.mchid == "required" and merchant.mchids else None
        rule = "optional" if merchant.mchid == "required" and mchid is None else merchant.mchid
        return Credentials(merchant.app_code, merchant.client_key, mchid=mchid, mchid_rule=rule)

    @property
    def url(self) -> str:
        """Its address: on loopback after `serve`, else one that only works in process."""
        background = self._assembly.background
        return background.url if background else IN_PROCESS_URL

    def client(self, **options: Any) -> Client:
        """Return a client that is wired to this sandbox, without a socket.

        It shares the sandbox's clock, so waits take no time on the virtual one, and its
        order numbers follow from the seed.

        Args:
            options: Any arguments of `Client`; they replace these defaults.
        """
        # The only import of the clients is here: otherwise the two meet on the wire.
        from qftools.client.client import Client

        return Client(**self._wired(self._adapter(), self.clock.sleep, options))

    def async_client(self, **options: Any) -> AsyncClient:
        """Return an async client that is wired to this sandbox, without a socket.

        Args:
            options: Any arguments of `AsyncClient`, as for ``client``.

        Raises:
            ImportError: The extra ``async`` is not installed.
        """
        from qftools.client.async_client import AsyncClient, needs_extra

        with needs_extra():
            from qftools.sandbox.web.in_process_async import InProcessTransport, sleep_on

        adapter = InProcessTransport(self._assembly.app, self.clock)
        return AsyncClient(**self._wired(adapter, sleep_on(self.clock), options))

    def _wired(self, adapter: object, pause: object, options: dict[str, Any]) -> dict[str, Any]:
        wired = {
            "base_url": IN_PROCESS_URL,
            "adapter": adapter,
            "clock": self.clock.now,
            "pause": pause,
            "new_number": self._new_number,
        }
        credentials = options.get("credentials") or self.credentials
        return wired | options | {"credentials": credentials}

    def _adapter(self) -> InProcessAdapter:
        from qftools.sandbox.web.in_process import InProcessAdapter

        return InProcessAdapter(self._assembly.app, self.clock)

    def serve(
        self,
        port: int = 0,
        host: str = "127.0.0.1",
        *,
        public_urls: Sequence[str] = (),
        control_token: str = "",
    ) -> str:
        """Listen on loopback, in the background, and return the URL.

        Args:
            port: 0 takes a free one.
            host: Another address than loopback lets other machines in. That needs a control
                token, and app code and client key of your own.
            public_urls: Addresses under which others reach it. QR codes and payment pages lead
                to the first; requests that name another host than these, *host* or loopback
                are refused.
            control_token: What the control API and the workbench ask for then, as
                ``Authorization: Bearer TOKEN`` or as a password.

        Raises:
            SandboxError: The port is taken, it is served already elsewhere, an address is
                none, or the token is missing.

        Example:
            >>> with Sandbox() as sandbox:
            ...     sandbox.serve(host="0.0.0.0")
            Traceback (most recent call last):
            ...
            qftools.errors.SandboxError: 0.0.0.0 lets other machines in: give a control token \
        of at least 16 characters (--control-token or QFTOOLS_CONTROL_TOKEN)
        """
        self._check_access(host, control_token)
        return self._assembly.serve(host, port, public_urls, control_token)

    def _check_access(self, host: str, control_token: str) -> None:
        """Refuse to let other machines in without a token, or with the key of every sandbox."""
        if control_token and not (
            len(control_token) >= SHORTEST_TOKEN
            and control_token.isascii()
            and control_token.isprintable()
            and " " not in control_token
        ):
            raise SandboxError(
                "a control token has at least {least} characters, ASCII and without blanks",
                least=SHORTEST_TOKEN,
            )
        if is_loopback(host):
            return
        if not control_token:
            raise SandboxError(
                "{host} lets other machines in: give a control token of at least {least} "
                "characters (--control-token or QFTOOLS_CONTROL_TOKEN)",
                host=host,
                least=SHORTEST_TOKEN,
            )
        if any(merchant.client_key == CLIENT_KEY for merchant in self._gateway.merchants):
            raise SandboxError(
                "{host} lets other machines in: give an app code and a client key of your "
                "own (--app-code and --client-key); those of every sandbox are published",
                host=host,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening and close the file; the books can still be read."""
        self._assembly.stop()
        self._keeping.close()

    # -- the truth ------------------------------------------------------------------

    def orders(self, order_type: str | None = "payment") -> tuple[Row, ...]:
        """Return the books, oldest first.

        Args:
            order_type: ``payment``, ``refund``, ``close``, ``unfreeze``, or None for all.
        """
        self._assembly.tick()
        with self._assembly.lock:
            return tuple(
                entry.row()
                for entry in self._gateway.books
                if order_type is None or entry.order_type == order_type
            )

    def order(self, order: object) -> Row:
        """Return one order as the books have it now.

        Args:
            order: Its ``out_trade_no`` or ``syssn``, or anything that has them.

        Raises:
            SandboxError: There is no such order.
        """
        self._assembly.tick()
        with self._assembly.lock:
            return self._entry(order).row()

    def _newest(self) -> Row | None:
        """The latest payment, without a look at all that came before."""
        self._assembly.tick()
        with self._assembly.lock:
            books = self._gateway.books.newest()
            return next((entry.row() for entry in books if entry.order_type == "payment"), None)

    def _entry(self, order: object) -> Entry:
        numbers = numbers_of(order)
        for number in numbers:
            entry = self._gateway.books.search(number)
            if entry is not None:
                return entry
        named = " / ".join(numbers) or repr(order)
        raise SandboxError("no order {number} is on the books", number=named)

    @property
    def exchanges(self) -> tuple[SandboxExchange, ...]:
        """The last exchanges as the gateway saw them, oldest first, redacted.

        Example:
            >>> with Sandbox() as sandbox:
            ...     reply = sandbox.client().query(out_trade_no="A1")
            ...     print(sandbox.exchanges[-1].as_http().splitlines()[0])
            POST http://sandbox.localhost/trade/v1/query HTTP/1.1
        """
        from qftools.sandbox.gateway.exchanges import shown  # a sixth of what a start loads

        with self._assembly.lock:
            return tuple(shown(seen, self._gateway.merchants) for seen in self._gateway.log.last)

    # -- what happens to it -----------------------------------------------------------

    def payer(self, order: object) -> Payer:
        """Return the payer of an order, who can pay, decline, or walk away.

        Args:
            order: Its ``out_trade_no`` or ``syssn``, or anything that has them.

        Raises:
            SandboxError: There is no such order.

        Example:
            >>> with Sandbox() as sandbox:
            ...     sandbox.payer("A9")
            Traceback (most recent call last):
            ...
            qftools.errors.SandboxError: no order A9 is on the books
        """
        return Payer(self._assembly, self._entry(order))

    def auth_code(self, wallet: str = "wechat") -> str:
        """Return a fresh payment code, as the payer's app would show it.

        It works once, and for as long as the switch ``authcode_life`` says.

        Args:
            wallet: wechat, alipay or unionpay.

        Raises:
            SandboxError: No source says what the codes of that wallet look like.

        Example:
            >>> with Sandbox() as sandbox:
            ...     sandbox.auth_code("alipay")[:2]
            '25'
        """
        with self._assembly.lock:
            code = self._gateway.ledger.new_code(wallet, self.clock.now())
            self._keeping.save()
        return code

    def fault(
        self,
        name: str,
        on: str = "*",
        times: int | None = 1,
        *,
        order: object = None,
        seconds: float | None = None,
        after: int = 0,
    ) -> ArmedFault:
        """Arm a fault: one or more of the next calls or notifications will fail.

        In a ``with`` it is disarmed at the end.

        Args:
            name: In any order and with ``_`` or ``-`` for blanks: ``lost before``,
                ``lost after`` (also ``reply lost``, ``lost_reply``), ``refused``,
                ``half``, ``slow``, ``5xx``, ``5xx before``, ``429``, ``wrong signature``,
                ``altered to paid``, ``altered to not paid``, ``duplicated``, ``clock skew``.
                Of notifications: ``late``, ``early`` (before the reply), ``duplicated``,
                ``reordered``, ``tampered``, ``wrong signature``, ``lost``.
            on: An endpoint, ``cancel`` for reversal and close, ``*`` for all of them, or
                ``notification``.
            times: How many times; None: until it is disarmed.
            order: Only calls about this order.
            seconds: How late a slow reply or a notification is, how wrong a skewed clock.
            after: How many calls it lets pass first.

        Raises:
            SandboxError: There is no such fault or endpoint.

        Example:
            >>> with Sandbox() as sandbox, sandbox.fault("lost_reply", on="reversal") as fault:
            ...     fault.name
            'lost after'
        """
        number = None if order is None else (numbers_of(order) or (str(order),))[0]
        with self._assembly.lock:
            faults = self._gateway.faults
            armed = faults.arm(name, on, times, order=number, seconds=seconds, after=after)
        return ArmedFault(armed, faults, self._assembly.lock)

    def load(self, path: str | os.PathLike[str]) -> Loaded:
        """Add merchants and orders from a TOML file, with numbers and states.

        Orders that the books have already stay as they are.

        Raises:
            SandboxError: It can't be read, or a value makes no sense; nothing was added.
        """
        from qftools.sandbox.keeping.loading import load

        with self._assembly.lock:
            loaded = load(self._gateway, path)
            self._keeping.save()
        return loaded

    def report(self) -> Report:
        """Return what the integration did wrong, graded, with the exchanges as evidence.

        Example:
            >>> with Sandbox() as sandbox:
            ...     client = sandbox.client()
            ...     _ = client.reverse(client.pay(pay_type="800101", txamt=100, txcurrcd="HKD"))
            ...     sandbox.report().broken()
            ('cancelled-unseen',)
        """
        self._assembly.tick()
        with self._assembly.lock:
            return self._assembly.judge.report()

    # -- inside -------------------------------------------------------------------------

    def _merchant(self) -> Merchant:
        merchants = self._gateway.merchants
        merchant = merchants.find(self._app_code) or next(iter(merchants), None)
        if merchant is None:
            raise SandboxError("this sandbox has no merchant")
        return merchant

    def _new_number(self) -> str:
        # One count for all clients of a sandbox, and after a restart none that was used.
        day = beijing(self.clock.now())[:10].replace("-", "")
        while True:
            number = f"{day}{next(self._numbers):06d}"
            if not self._gateway.books.search(number):
                return number

    def __repr__(self) -> str:
        return f"Sandbox({self.url!r}, {len(self._gateway.books)} orders)"
