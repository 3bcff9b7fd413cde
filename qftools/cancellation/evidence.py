"""What an answer to a query proves about an order: rules without I/O, in their order.

An answer is judged as a whole, never by its first row. One number may have several payments
(unpaid numbers are used again, C17): one paid payment makes the order paid; the order is over only
if all its payments are over. An unreadable row proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from qftools import catalogue
from qftools.cancellation.findings import NO_SUCH_ORDER, Answer, Difference, Finding, unsigned
from qftools.catalogue import Text
from qftools.client.numbers import LARGEST_PAGE, currency, kind_of
from qftools.models import STATUSES, Order, Reply, State, Transaction, as_written
from qftools.validation import BEIJING, usable

PAGE = 10  # rows of one answer without page_size (docs2024)

_OTHER_KINDS = frozenset({"refund", "close", "unfreeze"})  # docs2024; manual2018jp; docs2026

REASONS: dict[str, Text] = {
    "no list": Text("应答里没有订单行列表", "the answer has no list of rows"),
    "rows all the same": Text(
        "应答是 {respcd}（没有这笔订单），却带有订单行",
        "the answer is {respcd}, no such order, but has rows",
    ),
    "no such order": Text("网关没有这笔订单", "the gateway has no such order"),
    "others": Text("返回的行属于别的订单", "the rows are about other orders"),
    "merchants": Text(
        "返回的行属于几个商户（mchid {mchids}）：请给出订单的 mchid",
        "the rows are of several merchants (mchid {mchids}): give the order's mchid",
    ),
    "not a row": Text("有一行不是对象", "a row is not an object"),
    "unnamed": Text("有一行没有写明属于哪笔订单", "a row names no order"),
    "unknown type": Text(
        "有一行的 order_type 是 {value}，没有来源说明它",
        "a row has order_type {value}, which no source lists",
    ),
    "another kind": Text(
        "这个号码是 {value}，不是付款", "the number names a {value}, not a payment"
    ),
    "no refund": Text("这个号码是 {value}，不是退款", "the number names a {value}, not a refund"),
    "another refund": Text(
        "这个号码是另一笔付款 {syssn} 的退款",
        "the number names a refund of another payment, {syssn}",
    ),
    "unclear": Text(
        "有一行的 respcd {respcd}、cancel {flag} 不是{kind}结果",
        "a row has respcd {respcd} and cancel {flag}, which is not a result of a {kind}",
    ),
    "held or paid": Text(
        "有一行没有可用的 pay_type，不能说明预授权是已冻结还是已扣款",
        "a row has no usable pay_type, so it does not show whether the hold is held or charged",
    ),
    "no result yet": Text(
        "有一行的 respcd 是 {respcd}，不能说明{kind}是否完成",
        "a row has respcd {respcd}, which does not show whether the {kind} went through",
    ),
    "differs": Text(
        "网关记录里这笔订单的 {field} 是 {books}，不是 {order}",
        "the gateway has {field} {books} for this order, not {order}",
    ),
    "twice": Text(
        "同一个 syssn {syssn} 有两行，内容互相矛盾",
        "two rows of the same syssn {syssn} contradict each other",
    ),
    "another payment": Text(
        "同一个 out_trade_no 下还有一笔付款 {syssn}，状态是 {state}",
        "the out_trade_no has another payment {syssn}, which is {state}",
    ),
    "missing": Text(
        "之前查到的付款 {syssn} 不在这次应答里",
        "the payment {syssn}, which an earlier answer had, is not in this answer",
    ),
    "full page": Text(
        "应答的一页已满，后面可能还有行", "the page of the answer is full: there may be more rows"
    ),
    "cannot name": Text(
        "未支付的那一行没有可用的 syssn，而同一号码下还有别的行",
        "the open row has no usable syssn, and the number has other rows",
    ),
}
"""The reasons behind a finding, in both languages."""

WORDS: dict[State, Text] = {
    "paid": Text("已支付", "paid"),
    "open": Text("未支付或处理中", "open"),
    "held": Text("已冻结", "held"),
    "unclear": Text("不明", "unclear"),
}


@dataclass(frozen=True, slots=True)
class Known:
    """What earlier answers showed; a later answer must agree with it.

    Attributes:
        learned: Names of the order's fields that the gateway supplied, not the caller.
        live: The syssn of each payment of the order that was last seen open or held, or paid
            beside the one that was meant.
        cancelled: The syssn of each payment that a cancel was sent for.
        several: The number has several payments.
        found: The gateway has shown a payment of the order, so there is one.
        signed: The gateway has signed an answer, so it signs.
        wide: The largest page was asked for.
        refunds: The syssn of the payment that the order gives back; None where the order is
            a payment itself.
    """

    learned: tuple[str, ...] = ()
    live: tuple[str, ...] = ()
    cancelled: tuple[str, ...] = ()
    several: bool = False
    found: bool = False
    signed: bool = False
    wide: bool = False
    refunds: str | None = None

    @property
    def kind(self) -> str:
        """What the order is: ``"payment"`` or ``"refund"``."""
        return "payment" if self.refunds is None else "refund"

    def state(self, row: Transaction) -> State:
        """Return what a row says of the order; of a refund, ``"paid"`` is that it was made.

        Example:
            >>> row = Transaction({"respcd": "1155", "cancel": "0"})
            >>> Known().state(row), Known(refunds="2026010515410002").state(row)
            ('unclear', 'failed')
        """
        if self.refunds is None:
            return row.state
        if (row.written["cancel"] or "0") != "0":
            return "unclear"  # no source has a flag on the row of a refund
        code = catalogue.codes().get(row.respcd)
        if code is None:
            return row.state
        if code.row in ("refunded", "cancelled", "expired"):
            return "unclear"  # it speaks of the payment
        kind, status = code.on("refund").kind, row.written["txstatus"]
        if status and STATUSES.get(status) != kind:
            return "unclear"
        refuses_another_call = code.row == "unclear" and "refund" not in code.endpoints
        if kind == "failure" and (refuses_another_call or row.respcd in NO_SUCH_ORDER):
            return "unclear"  # and a row that says there is none contradicts itself
        return _OF_A_REFUND.get(kind, "open")


_KINDS = {"payment": Text("付款", "payment"), "refund": Text("退款", "refund")}
_OF_A_REFUND: dict[str, State] = {"success": "paid", "failure": "failed"}  # all else: open


class Read(NamedTuple):
    """How one row relates to the order: a payment in some state, or why it proves nothing."""

    row: Transaction
    state: State | None  # None: it is about something else
    why: Text | None = None
    differs: tuple[Difference, ...] = ()
    another: bool = False  # a payment of the number, but not the one that the caller named


# ---- one row: the first rule that applies decides ---------------------------------------------


def _named(row: Transaction, state: State, order: Order, known: Known) -> Read | None:
    for number in (row.row.get("out_trade_no"), row.row.get("syssn")):
        if isinstance(number, (bool, Mapping, list)):
            return Read(row, "unclear", REASONS["unnamed"])
    same: dict[str, bool] = {}
    for name, mine in (
        ("out_trade_no", order.out_trade_no),
        ("syssn", order.syssn),
        ("mchid", order.mchid),
    ):
        theirs = row.written[name]
        if mine and theirs:
            same[name] = theirs == mine
    if same.get("mchid") is False or same.get("out_trade_no") is False:
        return Read(row, None)
    if same.get("syssn") is False:
        if "out_trade_no" not in same:
            return Read(row, None)
        if "syssn" not in known.learned:  # the caller meant that payment, and this is another one
            return _another(row, order, known)
    if not (same.get("out_trade_no") or same.get("syssn")):
        return Read(row, "unclear", REASONS["unnamed"])
    return None


def _is_named(row: Transaction, order: Order) -> bool:
    for name, mine in (("out_trade_no", order.out_trade_no), ("syssn", order.syssn)):
        if mine and row.written[name] == mine:
            return True
    return False


def _another(row: Transaction, order: Order, known: Known) -> Read:
    """Another payment with the same number: not the one to cancel.

    If it is open, the order is not over; if it is paid, the order must not be cancelled. That it
    is over counts only from a row over the order's money.
    """
    kind = kind_of(row)
    if kind in _OTHER_KINDS:
        return Read(row, None)
    if kind != "payment":
        return Read(row, "unclear", filled("unknown type", value=kind), another=True)
    if row.state in _GONE:
        differing = _the_same_money(row, row.state, order, known)
        if differing is None:
            return Read(row, row.state, another=True)
        return Read(row, "unclear", differing.why, another=True)
    why = filled("another payment", syssn=row.row.get("syssn"), state=WORDS[row.state])
    return Read(row, "unclear", why, another=True)


def _of_its_kind(row: Transaction, state: State, order: Order, known: Known) -> Read | None:
    kind, wanted = kind_of(row), known.kind
    if kind == "payment" and known.refunds and not row.written["order_type"]:
        return Read(row, "unclear", filled("unknown type", value=""))  # it may be a refund's
    if kind in (*_OTHER_KINDS, "payment") and kind != wanted:
        why = "no refund" if known.refunds else "another kind"
        return Read(row, None, filled(why, value=kind))
    if kind != wanted:
        return Read(row, "unclear", filled("unknown type", value=kind))
    of = row.written["origssn"]
    if known.refunds and of and of != known.refunds:
        return Read(row, None, filled("another refund", syssn=of))
    return None


def _a_result(row: Transaction, state: State, order: Order, known: Known) -> Read | None:
    if state != "unclear":
        return None
    flag = row.row.get("cancel")
    why = filled("unclear", respcd=row.row.get("respcd"), flag=flag, kind=_KINDS[known.kind])
    return Read(row, "unclear", why)


_ANY_HOLD = "801808"  # a pay type of holds; they all read alike


def _held_or_paid(row: Transaction, state: State, order: Order, known: Known) -> Read | None:
    """Only the pay type tells a hold from a payment, and what a caller says of it is no proof."""
    theirs, told = row.written["pay_type"], order.pay_type
    if known.refunds or theirs == (told or ""):
        return None
    readable = usable("pay_type", theirs)
    if readable and told is None:
        return None
    if Transaction({**row.row, "pay_type": told or _ANY_HOLD}).state == state:
        return None
    if not readable:
        return Read(row, "unclear", REASONS["held or paid"])
    if order.syssn is None or order.syssn != row.written["syssn"] or state == "held":
        return None  # another payment of the number; and that a caller took a hold for a payment
    differs = Difference("pay_type", theirs, told or "")
    why = filled("differs", field=differs.field, books=differs.books, order=differs.order)
    return Read(row, "unclear", why, (differs,))


def _the_same_money(row: Transaction, state: State, order: Order, known: Known) -> Read | None:
    differs: list[Difference] = []
    for name, mine, theirs in (
        ("txamt", str(order.txamt or ""), _amount(row.written["txamt"])),
        ("txcurrcd", order.txcurrcd or "", currency(row.written["txcurrcd"])),
    ):
        if mine and theirs and theirs != mine and name not in known.learned:
            differs.append(Difference(name, theirs, mine))
    if not differs:
        return None
    first = differs[0]
    why = filled("differs", field=first.field, books=first.books, order=first.order)
    return Read(row, "unclear", why, tuple(differs))


RULES: tuple[Callable[[Transaction, State, Order, Known], Read | None], ...] = (
    _named,
    _of_its_kind,
    _a_result,
    _held_or_paid,
    _the_same_money,
)
"""Asked in this order of each row, with what it says of itself; one that passes is the order."""


def read_row(value: object, order: Order, known: Known) -> Read:
    """Return what one row of an answer is to *order*."""
    if not isinstance(value, Mapping):
        return Read(Transaction({}), "unclear", REASONS["not a row"])
    row = Transaction(value)
    state = known.state(row)
    for rule in RULES:
        read = rule(row, state, order, known)
        if read is not None:
            return read
    return Read(row, state)


# ---- the answer as a whole --------------------------------------------------------------------

_DEAD: tuple[tuple[Finding, frozenset[State]], ...] = (
    (Finding.REFUNDED, frozenset({"refunded"})),
    (Finding.RELEASED, frozenset({"released"})),
    (Finding.CANCELLED, frozenset({"cancelled", "expired"})),
    (Finding.FAILED, frozenset({"failed"})),
)
"""The state of an order whose payments are all over: a refund outranks the other states."""

_SHOWN = 3  # merchants that a reason names
_UNDOABLE: tuple[State, ...] = ("open", "held")
_GONE = frozenset[State]().union(*[states for _, states in _DEAD])


def of_query(reply: Reply, order: Order, known: Known = Known()) -> Answer:
    """Return what the answer to a query proves about *order*.

    The reply's own ``0000`` only says that the query worked; the rows decide.

    Example:
        >>> rows = [
        ...     {"out_trade_no": "A1", "syssn": "1", "respcd": "1142", "cancel": "2"},
        ...     {"out_trade_no": "A1", "syssn": "2", "respcd": "0000", "cancel": "0"},
        ... ]
        >>> reply = Reply("query", "0000", {"respcd": "0000", "data": rows})
        >>> of_query(reply, Order("A1", 100, "2026-01-05 10:00:00")).finding
        <Finding.PAID: 'PAID'>
    """
    if known.signed and not reply.signed:
        return unsigned(reply)
    rows = reply.body.get("data")
    found = rows if isinstance(rows, list) else []
    reads = _uncontradicted([read_row(row, order, known) for row in found])
    named = 0
    living: list[str] = []
    gone: list[str] = []
    for read in reads:
        named += _is_named(read.row, order)
        if _is_alive(read):
            living.append(read.row.written["syssn"])
        if read.state in _GONE:
            gone.append(read.row.written["syssn"])
    alive = _usable(living)
    if not reply.ok:  # what is alive beside a refusal may live on; nothing is over by it
        return replace(_of_unanswered_query(reply), rows=named, open=alive)
    if not isinstance(rows, list):
        return _silent(reply, REASONS["no list"])
    answer = _of_several_merchants(reply, reads, order, known) or _judged(reply, reads, known)
    return replace(answer, rows=named, open=alive, dead=_usable(gone))


def _of_several_merchants(
    reply: Reply, reads: list[Read], order: Order, known: Known
) -> Answer | None:
    """An agent's query may find its merchants' orders of one number: which is meant?"""
    if order.mchid or (order.syssn and "syssn" not in known.learned):
        return None
    mchids = {read.row.written["mchid"] for read in reads if read.state is not None} - {""}
    if len(mchids) < 2:
        return None
    return _silent(reply, filled("merchants", mchids=", ".join(sorted(mchids)[:_SHOWN])))


def _is_alive(read: Read) -> bool:
    """A payment of the number that is open or held, or paid beside the one that was named."""
    return read.state in _UNDOABLE or (read.another and read.row.state in ("paid", *_UNDOABLE))


def more_telling(one: Answer | None, other: Answer) -> Answer:
    """Return the more informative of two answers about an order whose payments are all over."""
    for finding, _ in _DEAD:
        for answer in (other, one):
            if answer is not None and answer.finding is finding:
                return answer
    return other


def _judged(reply: Reply, reads: list[Read], known: Known) -> Answer:
    payments = [read for read in reads if read.state is not None]
    unclear = [read for read in payments if read.state == "unclear"]
    open_ones = [read for read in payments if read.state in _UNDOABLE]
    open_ones.sort(key=lambda read: read.row.written["syssn"] in known.cancelled)
    for read in payments:
        if read.state == "paid":
            why = _still_there(open_ones[0]) if open_ones else None
            done = Finding.REFUNDED if known.refunds else Finding.PAID
            return _proved(done, reply, read, why)
    paid_beside = [read for read in unclear if read.row.state == "paid" and read.another]
    if paid_beside:
        return _silent(reply, paid_beside[0].why)
    if open_ones:
        if len(payments) > 1 and not usable("syssn", open_ones[0].row.written["syssn"]):
            return _silent(reply, REASONS["cannot name"])
        first = open_ones[0]
        finding = Finding.HELD if first.state == "held" else Finding.OPEN
        return _open(finding, reply, first, _doubt(first, unclear, known), known)
    if unclear:
        return _silent(reply, unclear[0].why, unclear[0])
    return _dead(reply, reads, payments, known)


def _open(finding: Finding, reply: Reply, read: Read, why: Text | None, known: Known) -> Answer:
    """An open payment can be cancelled; that none is paid, a full page does not show."""
    if not _is_full(reply, known.wide):
        return _proved(finding, reply, read, why)
    return replace(_proved(finding, reply, read, why or REASONS["full page"]), ask_next="wide")


def _doubt(read: Read, unclear: list[Read], known: Known) -> Text | None:
    """Why an order with an open row may still have been paid."""
    code = catalogue.codes().get(read.row.respcd)
    where = "refund" if known.refunds else "query"
    progress = code is not None and code.kind == "progress" and where in code.endpoints
    if read.state == "open" and not progress:
        return filled("no result yet", respcd=read.row.respcd, kind=_KINDS[known.kind])
    return next((each.why for each in unclear if each.row.state != "open" or each.differs), None)


def _dead(reply: Reply, reads: list[Read], payments: list[Read], known: Known) -> Answer:
    """All payments in the answer are over, or there are none: check that none is missing."""
    if _is_full(reply, known.wide):
        return replace(_silent(reply, REASONS["full page"]), ask_next="wide")
    if not reads:
        return _absent(reply, REASONS["no such order"])
    if all(read.another for read in payments):
        return _nothing_but_others(reply, reads, known)
    there = {read.row.written["syssn"] for read in payments}
    for syssn in known.live:
        if syssn not in there and "" not in there:
            return replace(_silent(reply, filled("missing", syssn=syssn)), ask_next="elsewhere")
    named = [read for read in payments if not read.another]  # the one that was meant, if one was
    finding, read = next(
        (finding, read) for finding, states in _DEAD for read in named if read.state in states
    )
    return _proved(finding, reply, read)


def _nothing_but_others(reply: Reply, reads: list[Read], known: Known) -> Answer:
    of_another_kind = next((read for read in reads if read.why is not None), None)
    if of_another_kind is None:
        return replace(_silent(reply, REASONS["others"]), ask_next="others")
    if known.refunds or kind_of(of_another_kind.row) == "refund":
        return _answer(Finding.DENIED, reply, of_another_kind.why, of_another_kind.row)
    return replace(_silent(reply, of_another_kind.why), ask_next="elsewhere")


def _uncontradicted(reads: list[Read]) -> list[Read]:
    """Make rows of one syssn that differ in their state or amount unclear, all of them."""
    states: dict[str, set[State | None]] = {}
    for read in reads:
        if read.state not in (None, "unclear") or read.differs:
            states.setdefault(read.row.written["syssn"], set()).add(read.state)
    clear: list[Read] = []
    for read in reads:
        syssn = read.row.written["syssn"]
        if read.state != "unclear" and syssn and len(states.get(syssn, ())) > 1:
            read = read._replace(state="unclear", why=filled("twice", syssn=syssn))
        clear.append(read)
    return clear


def _of_unanswered_query(reply: Reply) -> Answer:
    if reply.respcd in NO_SUCH_ORDER:
        if reply.body.get("data"):
            why = filled("rows all the same", respcd=reply.respcd)
            return replace(_silent(reply, why), ask_next="elsewhere")
        return _absent(reply, reply.words)
    if reply.kind == "caller":
        return _answer(Finding.DENIED, reply, reply.words)
    return _silent(reply, reply.words)


def _still_there(read: Read) -> Text:
    row = read.row
    return filled("another payment", syssn=row.written["syssn"], state=WORDS[row.state])


def _proved(finding: Finding, reply: Reply, read: Read, why: Text | None = None) -> Answer:
    answer = _answer(finding, reply, why, read.row)
    return replace(answer, respcd=read.row.respcd, age=_age(reply, read.row))


def _absent(reply: Reply, why: Text | None) -> Answer:
    return replace(_answer(Finding.ABSENT, reply, why), ask_next="elsewhere")


def _silent(reply: Reply, why: Text | None, read: Read | None = None) -> Answer:
    answer = _answer(Finding.SILENT, reply, why)
    return replace(answer, differs=read.differs) if read else answer


def _answer(
    finding: Finding, reply: Reply, why: Text | None = None, row: Transaction | None = None
) -> Answer:
    return Answer(finding, reply.respcd, row, note=why, signed=reply.signed)


def _age(reply: Reply, row: Transaction) -> float:
    """How long ago the gateway made the order. ``sysdtm`` is its clock, in Beijing's time."""
    if reply.exchange is None:
        return 0.0
    try:
        made = datetime.fromisoformat(row.written["sysdtm"])
        return max(0.0, reply.exchange.started - made.replace(tzinfo=BEIJING).timestamp())
    except ValueError:
        return 0.0


def _is_full(reply: Reply, wide: bool) -> bool:
    number, said = len(reply.body["data"]), as_written(reply.body.get("page_size"))
    # A row that belongs elsewhere may stand behind a full page. Some gateways do not read
    # page_size: then the size of the page is their own, however small, or the usual one.
    filled_up = said in map(str, range(1, number + 1)) if said else number == PAGE
    return number >= (LARGEST_PAGE if wide else PAGE) or filled_up


# ---- values as gateways spell them ------------------------------------------------------------


def _amount(text: str) -> str:
    return text.lstrip("0") or "0" if text.isdecimal() else text


def _usable(numbers: list[str]) -> tuple[str, ...]:
    return tuple([each for each in dict.fromkeys(numbers) if usable("syssn", each)])


def filled(name: str, **values: Any) -> Text:
    """Return a reason with its values in their places, each cut to a readable length."""
    reason = REASONS[name]

    def said(language: str) -> str:
        return reason.say(language).format(
            **{
                key: value.say(language) if isinstance(value, Text) else _short(value)
                for key, value in values.items()
            }
        )

    return Text(said("zh"), said("en"))


def _short(value: object) -> str:
    text = as_written(value)
    return f"{text[:64]}…" if len(text) > 64 else text or "-"
