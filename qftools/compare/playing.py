"""Plays a recording on a sandbox: the same requests, numbers, clock and payers.

What payers and wallets did is taken from the recording, for no gateway decides it; what the
gateway made of it is the sandbox's own answer.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlencode

from qftools import catalogue
from qftools.compare.recorded import Recorded
from qftools.errors import InputError
from qftools.exchange import Request, Response
from qftools.models import Reply, Transaction, as_written
from qftools.sandbox.books.clock import VirtualClock, from_beijing
from qftools.sandbox.books.ids import Ids
from qftools.sandbox.books.orders import Entry
from qftools.sandbox.books.states import MONEY_CAME, OPEN, Event, State
from qftools.sandbox.gateway import magic
from qftools.sandbox.gateway.gateway import Gateway
from qftools.sandbox.gateway.merchants import Merchant
from qftools.sandbox.gateway.modes import wallet_of
from qftools.sandbox.gateway.payment import CODE_SECONDS
from qftools.sandbox.gateway.settings import Settings
from qftools.sandbox.gateway.wire import FormatError, read_params
from qftools.sandbox.sandbox import CLIENT_KEY
from qftools.signing import sign, verify_body
from qftools.transport.addresses import split
from qftools.transport.door import WireRequest

CHOSEN = {"magic": "off", "takings": "ignore"}
"""The switches that a recording of a real gateway needs: its amounts are not magic, and what its
merchant took before is not known."""

WRONG_SIGNATURE = "1108"
_WAS_PAID = ("1260", "1262", "1264", "1125", "1269", "1124", "1271", "1265")
_MOVES = {
    "paid": Event.PAY,
    "held": Event.PAY,
    "failed": Event.FAIL,
    "expired": Event.TIME_OUT,
    "cancelled": Event.TIME_OUT,
}
_BEGAN = {
    "paid": State.PAID,
    "held": State.HELD,
    "released": State.RELEASED,
    "cancelled": State.CANCELLED,
    "refunded": State.REFUNDED,
    "failed": State.FAILED,
    "expired": State.EXPIRED,
}


class _Numbers(Ids):
    """Gives the numbers that the recorded gateway gave."""

    wanted: str | None = None

    def syssn(self, number: int, currency: str, now: float) -> str:
        """Return the recorded number, or one of the sandbox's own."""
        given, self.wanted = self.wanted, None
        return given or super().syssn(number, currency, now)


class _Stage(Gateway):
    """A sandbox whose payers and wallets do what they did in the recording."""

    script = magic.ORDINARY

    def magic(self, txamt: int, auth_code: str) -> magic.Magic:
        """Return what the wallet does with a payment."""
        return super().magic(txamt, auth_code) if self.settings.magic == "on" else self.script


class Player:
    """Plays one recording, as often as it is asked to.

    Args:
        exchanges: The recording.
        client_key: The key under the recorded signatures; empty: each request is signed anew, save
            those that were refused for their signature.
    """

    def __init__(self, exchanges: tuple[Recorded, ...], client_key: str = "") -> None:
        self._exchanges = exchanges
        self._key = client_key or CLIENT_KEY
        self._as_signed = bool(client_key) or _is_by_sandbox(exchanges)
        self._facts = _Facts(exchanges)

    def play(self, switches: Mapping[str, str]) -> tuple[Response | None, ...]:
        """Return what the sandbox answers to each request.

        None stands where an order was placed before the recording and no query in it shows the
        order.

        Args:
            switches: What differs from the defaults.

        Raises:
            SandboxError: There is no such switch or value.
        """
        clock = VirtualClock(self._exchanges[0].at)
        stage = _Stage(clock=clock, settings=Settings({**CHOSEN, **switches}))
        stage.ledger.ids = stage.ids = numbers = _Numbers()
        answers: list[Response | None] = []
        for exchange in self._exchanges:
            clock.set(max(clock.now(), exchange.at))
            stage.tick()
            for syssn, at in self._facts.due.get(exchange.number, ()):
                _pay(stage, stage.books.by_syssn(syssn), at)
            request = self._request(stage, exchange)
            said, params = exchange.reply, _params(request)
            if said is not None and not _prepare(stage, exchange, said, params, self._facts):
                answers.append(None)
                continue
            numbers.wanted = said.syssn if said is not None else None
            answer = stage.handle(request)
            numbers.wanted = None
            answers.append(Response(answer.status, answer.headers, answer.body))
        return tuple(answers)

    def _request(self, stage: _Stage, exchange: Recorded) -> WireRequest:
        """Return a request as it is played, from a merchant that the sandbox knows."""
        request, said = _wire(exchange.request), exchange.reply
        app_code = _app_code(exchange)
        refused = said is not None and said.respcd == WRONG_SIGNATURE
        is_known = not app_code.isprintable() or stage.merchants.find(app_code) is not None
        was_known = not refused or exchange.response.header("X-QF-SIGN") is not None
        if app_code and not is_known and was_known:
            stage.merchants.add(Merchant(app_code, self._key))
        if self._as_signed or refused:
            return request
        return _signed(request, _params(request), self._key)


class _Facts:
    """What the queries of a recording tell of its payments.

    Attributes:
        rows: The first row of each, by the gateway's number.
        numbers: The same by the merchant's number.
        paid: When each was paid, by the gateway's number.
        due: The payments that were paid before an exchange, by the place of the exchange.
    """

    def __init__(self, exchanges: tuple[Recorded, ...]) -> None:
        self.rows: dict[str, Transaction] = {}
        self.numbers: dict[str, Transaction] = {}
        self.paid: dict[str, float] = {}
        self.due: defaultdict[int, list[tuple[str, float]]] = defaultdict(list)
        last_open: dict[str, int] = {}
        for exchange in exchanges:
            if exchange.endpoint == "payment" and exchange.reply and exchange.reply.syssn:
                last_open[exchange.reply.syssn] = exchange.number
            reply = exchange.reply if exchange.endpoint == "query" else None
            for row in reply.transactions if reply else ():
                told = {name: as_written(value) for name, value in row.row.items()}
                syssn = told.get("syssn", "")
                if not syssn or told.get("order_type", "") not in ("payment", ""):
                    continue
                self.rows.setdefault(syssn, row)
                self.numbers.setdefault(told.get("out_trade_no", ""), row)
                at = _time(told.get("paydtm", ""))
                if at is not None and row.state in ("paid", "refunded", "held"):
                    self.paid.setdefault(syssn, at)
                elif row.state == "open":
                    last_open[syssn] = exchange.number
        times = [exchange.at for exchange in exchanges]
        for syssn, at in self.paid.items():  # the gateway's times are whole seconds
            number = max(bisect_left(times, at), last_open.get(syssn, 0))
            self.due[number + 1].append((syssn, at))


def _app_code(exchange: Recorded) -> str:
    return (exchange.request.header("X-QF-APPCODE") or "").strip()


def _pay(stage: _Stage, entry: Entry | None, at: float) -> None:
    if entry is not None and entry.state in OPEN:
        stage.ledger.happen(entry, Event.PAY, max(at, entry.created))


def _wire(request: Request) -> WireRequest:
    """Return a recorded request as a door reads it."""
    parts = split(request.url)
    at = parts.path.find("/trade/")
    headers = {name.lower(): value for name, value in request.headers}
    path = parts.path[at:] if at > 0 else parts.path
    return WireRequest(request.method, path, parts.query, headers, request.body)


def _params(request: WireRequest) -> dict[str, str]:
    try:
        return read_params(request)
    except FormatError:
        return {}


def _is_by_sandbox(exchanges: tuple[Recorded, ...]) -> bool:
    """Tell whether the recorded gateway is a sandbox with the key that every sandbox has."""
    return any(
        verify_body(exchange.response.body, CLIENT_KEY, signature)
        for exchange in exchanges
        if (signature := exchange.response.header("X-QF-SIGN")) is not None
    )


def _signed(request: WireRequest, params: dict[str, str], key: str) -> WireRequest:
    """Return a request signed anew; what is no call, or can't be signed, stays as it is."""
    if not request.headers.get("x-qf-sign") or not params:
        return request
    is_sha = request.headers.get("x-qf-signtype", "").strip().upper() == "SHA256"
    try:
        signature = sign(params, key, "SHA256" if is_sha else "MD5")
    except InputError:
        return request
    headers = {**request.headers, "x-qf-sign": signature}
    if not request.body:
        return replace(request, headers=headers)
    headers["content-type"] = "application/x-www-form-urlencoded"
    return replace(request, headers=headers, query="", body=urlencode(params).encode())


# -- what payers, wallets and earlier days did ---------------------------------------------


def _prepare(
    stage: _Stage,
    exchange: Recorded,
    said: Reply,
    params: dict[str, str],
    facts: _Facts,
) -> bool:
    """Let happen what happened since the last exchange; tell whether its order is known."""
    stage.script = magic.ORDINARY
    if exchange.endpoint == "payment":
        stage.script = _script(said)
        return True
    app_code = _app_code(exchange)
    if exchange.endpoint == "query":
        for row in said.transactions:
            syssn = row.written["syssn"]
            entry = stage.books.by_syssn(syssn)
            if entry is None and syssn in facts.rows:
                _enter(stage, facts.rows[syssn], app_code, exchange.at)
            elif entry is not None and entry.order_type == "payment":
                _follow(stage, entry, row, exchange.at)
        return True
    known = _order(stage, exchange, params, facts)
    if known is None:
        return said.kind == "caller"  # the recorded gateway did not know it either
    paid = said.respcd in _WAS_PAID or (exchange.endpoint == "refund" and said.ok)
    if paid:
        _pay(stage, known, exchange.at)
    return True


def _order(
    stage: _Stage, exchange: Recorded, params: dict[str, str], facts: _Facts
) -> Entry | None:
    """Return the payment that a request names; one from before the recording is entered."""
    syssn, number = params.get("syssn", ""), params.get("out_trade_no", "")
    if exchange.endpoint == "refund":
        number = ""  # it is the refund's own
    app_code = _app_code(exchange)
    known = stage.books.by_syssn(syssn) or stage.books.by_number(app_code, number)
    row = facts.rows.get(syssn) or (facts.numbers.get(number) if number else None)
    if known is not None or row is None:
        return known
    entry = _enter(stage, row, app_code, exchange.at, is_open=True)
    if entry is not None and (at := facts.paid.get(entry.syssn, exchange.at + 1)) <= exchange.at:
        _pay(stage, entry, at)
    return entry


def _script(said: Reply) -> magic.Magic:
    """Return what the wallet did with a payment, as far as its reply tells it."""
    if said.kind == "progress":
        return replace(magic.ORDINARY, place="type", code=said.respcd)
    if said.kind == "failure":
        return replace(magic.ORDINARY, place="fail", code=said.respcd)
    return magic.ORDINARY


def _follow(stage: _Stage, entry: Entry, row: Transaction, at: float) -> None:
    """Let the payer do what a row says that was done."""
    event = _MOVES.get(row.state)
    if event is None or entry.state not in OPEN:
        return
    when = _time(as_written(row.row.get("paydtm"))) if event is Event.PAY else None
    code = row.respcd if event is Event.FAIL else ""
    stage.ledger.happen(entry, event, min(when or at, at), code=code)


def _enter(
    stage: _Stage, row: Transaction, app_code: str, at: float, *, is_open: bool = False
) -> Entry | None:
    """Enter a payment that was placed before the recording, as its first row shows it."""
    told = {name: as_written(value) for name, value in row.row.items()}
    pay_type = catalogue.pay_types().get(told.get("pay_type", ""))
    amount = told.get("txamt", "")
    if pay_type is None or not (amount.isascii() and amount.isdecimal() and len(amount) < 12):
        return None
    made = min(_time(told.get("sysdtm", "")) or at, at)
    texts = ("out_trade_no", "txcurrcd", "txdtm", "udid", "goods_name", "goods_info")
    entry = stage.ledger.place(
        now=made,
        known_syssn=told["syssn"],
        scope=app_code,
        app_code=app_code,
        mchid="",
        pay_type=pay_type.code,
        wallet=wallet_of(pay_type, ""),
        mode=pay_type.mode,
        txamt=int(amount),
        chnlsn=told.get("chnlsn", ""),
        cardcd=told.get("cardcd", ""),
        **{name: told.get(name, "") for name in texts},
    )
    state = _BEGAN.get(row.state, State.WAITING if not entry.cpm else State.PAYING)
    entry.state = State.WAITING if is_open and state in MONEY_CAME | {State.CANCELLED} else state
    entry.code = row.respcd if state is State.FAILED else ""
    if entry.state in MONEY_CAME:
        entry.paid, entry.paid_at = entry.txamt, _time(told.get("paydtm", "")) or made
        entry.refunded = entry.txamt if entry.state is State.REFUNDED else 0
        if told.get("cancel") == "5":
            entry.state, entry.refunded = State.PARTLY_REFUNDED, 1
    if entry.state in OPEN:
        stage.ledger.expire_at(entry, at + CODE_SECONDS)
    return entry


def _time(text: str) -> float | None:
    try:
        return from_beijing(text)
    except ValueError:
        return None
