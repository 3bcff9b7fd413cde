"""The sandbox as a value: ``with Sandbox() as sandbox:``, in process or on a loopback port."""

from __future__ import annotations

import itertools
import os
import threading
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, cast

from qftools.errors import SandboxError
from qftools.sandbox.assembly import Shell
from qftools.sandbox.books.clock import Clock, beijing, clock_of
from qftools.sandbox.books.orders import Entry, Row, numbers_of
from qftools.sandbox.books.payer import Payer
from qftools.sandbox.gateway.armed import ArmedFault
from qftools.sandbox.gateway.exchanges import SandboxExchange, shown
from qftools.sandbox.gateway.gateway import DEFAULT_PUBLIC_URL, Gateway
from qftools.sandbox.gateway.merchants import MchidRule, Merchant
from qftools.sandbox.gateway.settings import Settings
from qftools.sandbox.keeping.records import Records, Snapshot, keepers_of
from qftools.sandbox.notifications.notifications import NoticeKeeper, Notifications
from qftools.sandbox.web.server import IN_PROCESS_URL, Background
from qftools.sandbox.web.wsgi import App
from qftools.signing import check_key

if TYPE_CHECKING:
    from qftools.client.client import Client
    from qftools.models import Credentials
    from qftools.sandbox.keeping.loading import Loaded
    from qftools.sandbox.keeping.store import Store
    from qftools.sandbox.report.report import Report
    from qftools.sandbox.web.in_process import InProcessAdapter

APP_CODE = "A3B6E2F0C1D94E57A8B2C3D4E5F60718"
CLIENT_KEY = "5A4DB0C0EF1E4A6B9C2D7F8E90A1B2C3"  # not a secret: it opens nothing but a sandbox


class Sandbox:
    """A gateway of one's own: no account, no network, no money.

    Args:
        seed: The same seed makes the same numbers, every day and on every machine.
        clock: ``"virtual"`` (the default: stands still until it is told to move),
            ``"real"``, or an object with ``now``, ``sleep`` and ``advance``.
        app_code: The credentials that it knows.
        client_key: Their key.
        mchid: Whether calls must carry an mchid (``required``), must not
            (``forbidden``), or may (``optional``, the default, which then holds for
            merchants of a file as well); ``agents``: as each merchant's own rule says.
        lang: The language of the gateway's texts: en or zh.
        profile: Whose mapping of pay types to reversal and close holds (C19).
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
            raise SandboxError(f"lang is {lang!r}; it must be en or zh")
        if mchid in ("agents", "optional"):
            switches["mchid"] = mchid
        settings = Settings({"cancel_routes": profile} | switches)
        self.clock = clock_of(clock)
        self.gateway = Gateway(
            clock=self.clock, seed=seed, settings=settings, lang=lang, limit=limit
        )
        self._app_code = app_code
        rule = "forbidden" if mchid == "agents" else mchid or "optional"
        merchant = Merchant(app_code, client_key, cast(MchidRule, rule))
        check_key(client_key)
        self.lock = threading.RLock()
        self.notifications = Notifications(self.gateway, self.lock)
        self.records = Records(keepers_of(self.gateway))
        self.records.add(NoticeKeeper(self.notifications))
        self._store = None if data is None else self._opened(data)
        # What is given now wins over what the file holds.
        self.gateway.merchants.add(merchant)
        self.app = App(self.gateway, lock=self.lock, saved=self._save)
        self.shell = Shell(self)
        self._background: Background | None = None
        self._numbers = itertools.count(1)
        if (watch := getattr(self.clock, "watch", None)) is not None:
            watch(self.tick)

    # -- to be called through -----------------------------------------------------

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
        """Where it is: on loopback once `serve` was called, before that in process only."""
        return self._background.url if self._background else IN_PROCESS_URL

    def client(self, **options: Any) -> Client:
        """Return a client that is wired to this sandbox, without a socket.

        It shares the sandbox's clock, so waits take no time on the virtual one, and its
        order numbers follow from the seed.

        Args:
            options: Whatever `Client` takes; they replace the wiring.
        """
        # The only seam between client and sandbox: everywhere else they meet on the wire.
        from qftools.client.client import Client

        wired: dict[str, Any] = {
            "adapter": self.adapter(),
            "clock": self.clock.now,
            "pause": self.clock.sleep,
            "new_number": self._new_number,
        }
        credentials = options.pop("credentials", None) or self.credentials
        return Client(credentials, options.pop("base_url", IN_PROCESS_URL), **(wired | options))

    def adapter(self) -> InProcessAdapter:
        """Return a `requests` transport for a session of one's own (mount it on `url`)."""
        from qftools.sandbox.web.in_process import InProcessAdapter

        return InProcessAdapter(self.app, self.clock)

    def serve(self, port: int = 0, host: str = "127.0.0.1") -> str:
        """Listen on loopback, in the background, and return the URL.

        Args:
            port: 0 takes a free one.
            host: Another address than loopback lets other machines in; they need to be
                told apart by name in ``app.hosts``.

        Raises:
            SandboxError: The port is taken, or it is served already elsewhere.
        """
        if self._background is None:
            self._background = Background(self.app, host, port)
            self.gateway.public_url = self._background.url
            self.shell.served(self._background.url)
        elif port and not self._background.url.endswith(f":{port}"):
            raise SandboxError(f"this sandbox is served already, at {self._background.url}")
        return self._background.url

    def start(self) -> Self:
        """Serve on a free port; the same as `serve`, for chaining."""
        self.serve()
        return self

    def stop(self) -> None:
        """Stop listening. The books stay; `serve` may be called again."""
        if self._background is not None:
            self.shell.stopped()
            self._background.stop()
            self._background = None
            self.gateway.public_url = DEFAULT_PUBLIC_URL

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
        """Stop listening and let go of the file; the books can still be read."""
        self.stop()
        if self._store is not None:
            with self.lock:
                self._store.close()
                self._store = None

    # -- the truth ------------------------------------------------------------------

    def orders(self, order_type: str | None = "payment") -> tuple[Row, ...]:
        """Return the books, oldest first.

        Args:
            order_type: ``payment``, ``refund``, ``close``, or None for all three.
        """
        self.tick()
        with self.lock:
            return tuple(
                entry.row()
                for entry in self.gateway.books
                if order_type is None or entry.order_type == order_type
            )

    def order(self, order: object) -> Row:
        """Return one order as the books have it now.

        Args:
            order: Its ``out_trade_no`` or ``syssn``, or anything that has them.

        Raises:
            SandboxError: There is no such order.
        """
        self.tick()
        with self.lock:
            return self.entry(order).row()

    def entry(self, order: object) -> Entry:
        """Return the living entry of an order; for the sandbox's own pages.

        Raises:
            SandboxError: There is no such order.
        """
        numbers = numbers_of(order)
        for number in numbers:
            entry = self.gateway.books.search(number)
            if entry is not None:
                return entry
        named = " / ".join(numbers) or repr(order)
        raise SandboxError(f"no order {named} is on the books")

    @property
    def exchanges(self) -> tuple[SandboxExchange, ...]:
        """The last exchanges as the gateway saw them, oldest first, fit to be shown.

        Example:
            >>> with Sandbox() as sandbox:
            ...     reply = sandbox.client().query(out_trade_no="A1")
            ...     print(sandbox.exchanges[-1].as_http().splitlines()[0])
            POST http://sandbox.localhost/trade/v1/query HTTP/1.1
        """
        with self.lock:
            return tuple(shown(seen, self.gateway.merchants) for seen in self.gateway.sight.last)

    # -- what happens to it -----------------------------------------------------------

    def payer(self, order: object) -> Payer:
        """Return the payer of an order, who can pay, decline, or walk away.

        Args:
            order: Its ``out_trade_no`` or ``syssn``, or anything that has them.

        Raises:
            SandboxError: There is no such order.

        Example:
            >>> with Sandbox() as sandbox:
            ...     sandbox.payer("nobody's")
            Traceback (most recent call last):
            ...
            qftools.errors.SandboxError: no order nobody's is on the books
        """
        return Payer(self.gateway, self.entry(order), self.lock, self.tick)

    def auth_code(self, wallet: str = "wechat") -> str:
        """Return a fresh payment code, as the payer's app would show it.

        It works once, and for as long as the switch ``authcode_life`` says.

        Args:
            wallet: wechat, alipay or unionpay.

        Raises:
            SandboxError: Nobody knows how the codes of that wallet begin.

        Example:
            >>> with Sandbox() as sandbox:
            ...     sandbox.auth_code("alipay")[:2]
            '25'
        """
        with self.lock:
            code = self.gateway.ledger.new_code(wallet, self.clock.now())
            self._save()
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
        """Let something go wrong.

        It is armed at once; used in a ``with`` it is taken back at the end.

        Args:
            name: ``lost before``, ``lost after`` (also ``reply lost``), ``refused``,
                ``half``, ``slow``, ``5xx``, ``5xx before``, ``429``, ``wrong signature``,
                ``duplicated``, ``clock skew``. Of notifications: ``late``, ``early``
                (before the reply), ``duplicated``, ``reordered``, ``tampered``,
                ``wrong signature``, ``lost``.
            on: An endpoint, ``cancel`` for reversal and close, ``*`` for all of them, or
                ``notification``.
            times: How often; None for always.
            order: Only calls about this order.
            seconds: How late a slow reply or a notification is, how wrong a skewed clock.
            after: How many calls pass unharmed first.

        Raises:
            SandboxError: There is no such fault or endpoint.

        Example:
            >>> with Sandbox() as sandbox, sandbox.fault("reply lost", on="reversal") as fault:
            ...     fault.name
            'lost after'
        """
        number = None if order is None else (numbers_of(order) or (str(order),))[0]
        with self.lock:
            if on == "notification":
                notice = self.notifications.arm(name, times, order=number, seconds=seconds)
                return ArmedFault(notice, partial(self.notifications.disarm, notice), self.lock)
            faults = self.gateway.faults
            armed = faults.arm(name, on, times, order=number, seconds=seconds, after=after)
            return ArmedFault(armed, partial(faults.disarm, armed), self.lock)

    def load(self, path: str | os.PathLike[str]) -> Loaded:
        """Bring merchants and orders of a TOML file into the books, with numbers and states.

        Orders that the books have already stay as they are.

        Raises:
            SandboxError: It can't be read, or a value makes no sense; nothing was taken in.
        """
        from qftools.sandbox.keeping.loading import load

        with self.lock:
            loaded = load(self.gateway, path)
            self._save()
        return loaded

    def snapshot(self) -> Snapshot:
        """Return everything that this sandbox knows, as plain data that JSON can hold.

        The clock's time is part of it if the clock is virtual; armed faults are not.
        It holds the merchants' keys.
        """
        with self.lock:
            self.gateway.tick()
            return self.records.snapshot()

    def restore(self, snapshot: Snapshot) -> None:
        """Put everything back to a snapshot. The report then judges what comes after it.

        Raises:
            SandboxError: It is no snapshot.

        Example:
            >>> with Sandbox() as sandbox:
            ...     empty = sandbox.snapshot()
            ...     order = sandbox.client().pay(pay_type="800101", txamt=100, txcurrcd="HKD")
            ...     sandbox.restore(empty)
            ...     sandbox.orders()
            ()
        """
        with self.lock:
            self.records.restore(snapshot)
            self.gateway.forget_late()
            self.gateway.sight.restored = self.gateway.sight.count
            self._save()

    def reset(self) -> None:
        """Forget every order, payment code, fault and exchange; the merchants stay."""
        with self.lock:
            self.gateway.ledger.clear()
            self.gateway.faults.clear()
            self.gateway.forget_requests()
            self.notifications.clear()
            self._save()

    def report(self) -> Report:
        """Return what the integration did wrong, graded, with the exchanges as evidence.

        Example:
            >>> with Sandbox() as sandbox:
            ...     client = sandbox.client()
            ...     _ = client.reverse(client.pay(pay_type="800101", txamt=100, txcurrcd="HKD"))
            ...     sandbox.report().broken()
            ('cancelled-unseen',)
        """
        self.tick()
        with self.lock:
            return self.shell.report()

    def tick(self) -> None:
        """Let everything happen that has fallen due: expiries, payers, notifications."""
        with self.lock:
            self.gateway.tick()
            self._save()
        self.shell.deliver()

    def save(self) -> None:
        """Keep what changed; nothing happens without a file."""
        with self.lock:
            self._save()

    # -- inside -------------------------------------------------------------------------

    def _opened(self, data: str | os.PathLike[str]) -> Store:
        from qftools.sandbox.keeping.store import Store  # the browser's sandbox has no file

        store = Store(data)
        store.read_into(self.records)
        return store

    def _save(self) -> None:
        if self._store is None:
            self.records.forget_changed()
        elif changed := self.records.changed():
            self._store.save(changed)

    def _merchant(self) -> Merchant:
        merchants = self.gateway.merchants
        merchant = merchants.find(self._app_code) or next(iter(merchants), None)
        if merchant is None:
            raise SandboxError("this sandbox has no merchant")
        return merchant

    def _new_number(self) -> str:
        # One count for all clients of a sandbox, and after a restart none that was used.
        day = beijing(self.clock.now())[:10].replace("-", "")
        numbers = (f"{day}{count:06d}" for count in self._numbers)
        return next(number for number in numbers if not self.gateway.books.search(number))

    def __repr__(self) -> str:
        return f"Sandbox({self.url!r}, {len(self.gateway.books)} orders)"
