"""The verdicts of a cancel and of a refund: what proves each, and what to do next."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from qftools.catalogue import Text


class Verdict(StrEnum):
    """The result of a cancel (VERDICTS) or of a refund (REFUNDS). All but UNRESOLVED are proved."""

    CANCELLED = "CANCELLED"
    ALREADY_CANCELLED = "ALREADY_CANCELLED"
    ALREADY_REFUNDED = "ALREADY_REFUNDED"
    FAILED = "FAILED"
    PAID = "PAID"
    HELD = "HELD"
    RELEASED = "RELEASED"
    NOT_FOUND = "NOT_FOUND"
    NOT_CANCELLABLE = "NOT_CANCELLABLE"
    UNRESOLVED = "UNRESOLVED"
    REFUNDED = "REFUNDED"
    REFUND_PENDING = "REFUND_PENDING"
    NOT_REFUNDED = "NOT_REFUNDED"


class VerdictRow(NamedTuple):
    """What a verdict means: what proves it, whether the payer was charged, what comes next.

    Attributes:
        charged: What the payer has paid: ``"no"``: nothing; ``"yes"``: all of it, or what is
            left; ``"returned"``: it was given back, all of it or as much as was asked for;
            ``"unknown"``.
    """

    verdict: Verdict
    exit_status: int
    charged: str
    meaning: Text
    proof: Text
    advice: Text


_ROWS = (
    VerdictRow(
        Verdict.CANCELLED,
        0,
        "no",
        Text("订单已撤销，顾客没有被扣款。", "The order is cancelled; the payer was not charged."),
        Text("撤销之后的一次查询", "A query after the cancel"),
        Text(
            "无需再操作。这个订单号已作废，重新收款请换新的 out_trade_no。",
            "Nothing to do. The order number can't be used again: charge under a new out_trade_no.",
        ),
    ),
    VerdictRow(
        Verdict.ALREADY_CANCELLED,
        0,
        "no",
        Text(
            "订单在我们撤销之前就已失效（已撤销、已关闭或已过期），顾客没有被扣款。",
            "The order was already cancelled, closed or expired; the payer was not charged.",
        ),
        Text("一次查询", "A query"),
        Text(
            "无需再操作。重新收款请换新的 out_trade_no。",
            "Nothing to do. Charge again under a new out_trade_no.",
        ),
    ),
    VerdictRow(
        Verdict.ALREADY_REFUNDED,
        11,
        "returned",
        Text(
            "顾客付过款，已全额退款。",
            "The payer was charged, and refunded in full.",
        ),
        Text("一次查询", "A query"),
        Text(
            "无需再操作，不要再次退款。",
            "Nothing to do; do not refund it again.",
        ),
    ),
    VerdictRow(
        Verdict.FAILED,
        12,
        "no",
        Text("付款已失败，没有扣款。", "The payment failed; the payer was not charged."),
        Text("一次查询", "A query"),
        Text(
            "可以让顾客重新付款，请换新的 out_trade_no。",
            "Let the payer try again, under a new out_trade_no.",
        ),
    ),
    VerdictRow(
        Verdict.PAID,
        10,
        "yes",
        Text("顾客已经付款。", "The payer was charged."),
        Text("一次查询", "A query"),
        Text(
            "照常交付；交易取消就退款（refund），不要冲正。",
            "Deliver what was bought; if the sale is cancelled, refund it. Do not reverse it.",
        ),
    ),
    VerdictRow(
        Verdict.HELD,
        18,
        "no",
        Text(
            "顾客的钱被预授权冻结着，没有被扣款；网关拒绝了解冻。",
            "The payer's money is held by a pre-authorisation and not charged; the gateway refused"
            " to release it.",
        ),
        Text("网关的拒绝，以及一次查询", "The gateway's refusal, and a query"),
        Text(
            "请款（capture），或改正后再解冻（release）；否则冻结到期自动失效。在此之前不要再冻结或收款。",
            "Capture it, or correct what was refused and release it; otherwise the hold dissolves"
            " when its time is over. Do not hold or charge again before that.",
        ),
    ),
    VerdictRow(
        Verdict.RELEASED,
        0,
        "no",
        Text("预授权已解冻，顾客没有被扣款。", "The hold is released; the payer was not charged."),
        Text("一次查询", "A query"),
        Text(
            "无需再操作。它不能再请款，重新冻结请换新的 out_trade_no。",
            "Nothing to do. It can't be captured any more: hold again under a new out_trade_no.",
        ),
    ),
    VerdictRow(
        Verdict.NOT_FOUND,
        13,
        "unknown",
        Text("网关多次查询都没有这笔订单。", "Repeated queries found no such order."),
        Text("多次查询", "Repeated queries"),
        Text(
            "付款请求可能还在路上：在有效期结束前不要换新订单号重新收款，稍后再查询一次。",
            "The payment may still be on its way: do not charge again under a new number before"
            " the order would have expired; query again later.",
        ),
    ),
    VerdictRow(
        Verdict.NOT_CANCELLABLE,
        14,
        "unknown",
        Text(
            "订单仍未完成，但这种支付方式（或网关）不允许撤销。",
            "The order is still open, and this wallet, or the gateway, does not let it be"
            " cancelled.",
        ),
        Text("路由规则或网关的拒绝，以及一次查询", "Routing or the gateway's refusal, and a query"),
        Text(
            "等订单过期后再查一次；需要更早处理请联系服务商。在此之前不要重新收款。",
            "Wait for it to expire and query again; ask the provider if it can't wait. Do not"
            " charge again before that.",
        ),
    ),
    VerdictRow(
        Verdict.UNRESOLVED,
        15,
        "unknown",
        Text("已达等待上限，结果仍未知。", "Timed out: the result is still unknown."),
        Text("没有", "Nothing"),
        Text(
            "不要当作失败，也不要重新收款；稍后继续（resume）。",
            "Do not treat it as failed and do not charge again; resume later.",
        ),
    ),
)

VERDICTS: dict[Verdict, VerdictRow] = {row.verdict: row for row in _ROWS}
"""One row per verdict: exit status, whether the payer was charged, proof, advice."""

_OF_REFUNDS = (
    VerdictRow(
        Verdict.REFUNDED,
        0,
        "returned",
        Text(
            "退款已完成，钱退还给顾客。", "The refund went through: the payer gets the money back."
        ),
        Text(
            "查询退款自己的号码，应答里有成功的退款行",
            "A query of the refund's own number: the row of a refund that succeeded",
        ),
        Text("无需再操作，不要再退一次。", "Nothing to do; do not refund it again."),
    ),
    VerdictRow(
        Verdict.REFUND_PENDING,
        16,
        "unknown",
        Text(
            "网关已受理退款，还在处理中。",
            "The gateway has the refund, and it is still in progress.",
        ),
        Text(
            "查询退款自己的号码，应答里有处理中的退款行",
            "A query of the refund's own number: the row of a refund in progress",
        ),
        Text(
            "不要换号再退：稍后继续（resume），它只查询退款 {number}。",
            "Do not refund under another number: resume later, which only queries refund {number}.",
        ),
    ),
    VerdictRow(
        Verdict.NOT_REFUNDED,
        17,
        "yes",
        Text("这笔退款没有执行，没有退钱。", "This refund was not carried out; it moved no money."),
        Text(
            "没有发出请求；或退款行显示失败；或网关拒绝，之后多次查询都没有这笔退款，原付款也没有新的退款",
            "No request was sent; or the refund's row says that it failed; or the gateway refused,"
            " and queries then found no such refund, and none that the payment shows since",
        ),
        Text(
            "先解决原因里说的问题；之后可以重新退款，用新的号码。",
            "See to the reason; after that it can be refunded anew, under a new number.",
        ),
    ),
    VerdictRow(
        Verdict.ALREADY_REFUNDED,
        11,
        "returned",
        Text(
            "这笔付款在此之前已全额退款；这次没有发出退款。",
            "The payment had been refunded in full before; no refund was sent.",
        ),
        Text("查询原付款", "A query of the payment"),
        Text("无需再操作，不要再次退款。", "Nothing to do; do not refund it again."),
    ),
    VerdictRow(
        Verdict.NOT_FOUND,
        13,
        "unknown",
        Text(
            "退款请求没有得到可作准的应答，网关多次查询都没有这笔退款。",
            "The refund had no answer that settles it, and repeated queries found no such refund.",
        ),
        Text("多次查询退款自己的号码", "Repeated queries of the refund's own number"),
        Text(
            "请求可能还在路上：不要换号再退。稍后继续（resume），它只查询退款 {number}。"
            "过了两小时仍查不到，才可以再退，而且要用同一个号码。",
            "The request may still be on its way: do not refund under another number. Resume"
            " later, which only queries refund {number}. If it is still unknown after two hours,"
            " refund again, under this same number.",
        ),
    ),
    VerdictRow(
        Verdict.UNRESOLVED,
        15,
        "unknown",
        Text(
            "已达等待上限，是否退款仍未知。",
            "Timed out: whether it was refunded is still unknown.",
        ),
        Text("没有", "Nothing"),
        Text(
            "不要当作已退，也不要换号再退：稍后继续（resume），它先查询退款 {number}。",
            "Do not take it as refunded, and do not refund under another number: resume later,"
            " which queries refund {number} first.",
        ),
    ),
)

REFUNDS: dict[Verdict, VerdictRow] = {row.verdict: row for row in _OF_REFUNDS}
"""The same of a refund; ``{number}`` in an advice is the refund's own out_trade_no."""

CORRECT = Text(
    "网关记录的 {field} 是 {books}，而你给的是 {order}。如果是你写错了，请用正确的值重新撤销"
    "（直接 resume 会重复同样的错误）；如果没有写错，这可能是另一笔订单，请联系服务商。",
    "The gateway has {field} {books}, you gave {order}. If yours is wrong, cancel again with the"
    " correct value (resume would repeat the mistake). If it is correct, this may be another order:"
    " ask the provider.",
)
"""What to do if the gateway has other values than the caller gave."""

HOW: dict[str, Text] = {
    "void": Text(
        "这是当日撤销（void），不是退款：卡支付整笔取消，对账单上没有退款行。",
        "It was a void, not a refund: the card payment of today was called off as a whole.",
    ),
    "unknown": Text(
        "退款请求的应答丢失：网关做的是退款还是当日撤销（void），只有应答才写明。",
        "The reply was lost, and only it says whether this was a refund or a void of the day.",
    ),
}
"""What is said of a card's refund: whether it was one (docs2026; 91APP)."""

UNSIGNED_PROOF = Text(
    "作为依据的应答没有网关签名：它的可信程度取决于网络连接（TLS）。",
    "The answer that proves the verdict was not signed by the gateway: it can be trusted only as"
    " far as the connection (TLS).",
)
"""Added to the advice where the verdict rests on an answer without a signature."""

OF_A_CAPTURE = Text(
    "这笔预授权已请款，全部或一部分。照常交付；交易取消就按请款自己的 syssn 退款，"
    "剩余的解冻（release）。",
    "The hold was captured, in full or in part. Deliver what was bought; if the sale is cancelled,"
    " refund the capture by its own syssn and release what is still held.",
)
"""What to do if a hold turns out to be captured."""

NO_REFUND = Text(
    "照常交付。这种支付方式不支持退款，交易取消时与顾客另行结算。",
    "Deliver what was bought. This pay type can't be refunded: if the sale is cancelled, settle"
    " with the payer in another way.",
)
