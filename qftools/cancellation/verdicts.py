"""The verdicts of a cancel: what proves each, and what to do next; one row per verdict."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from qftools.catalogue import Text


class Verdict(StrEnum):
    """The result of a cancel. All but UNRESOLVED are proved; see VERDICTS."""

    CANCELLED = "CANCELLED"
    ALREADY_CANCELLED = "ALREADY_CANCELLED"
    ALREADY_REFUNDED = "ALREADY_REFUNDED"
    FAILED = "FAILED"
    PAID = "PAID"
    NOT_FOUND = "NOT_FOUND"
    NOT_CANCELLABLE = "NOT_CANCELLABLE"
    UNRESOLVED = "UNRESOLVED"


class VerdictRow(NamedTuple):
    """What a verdict means: what proves it, whether the payer was charged, what comes next."""

    verdict: Verdict
    exit_status: int
    charged: str  # "no", "yes", "returned", "unknown"
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
            "The order was dead before we did anything (cancelled, closed or expired); the payer"
            " was not charged.",
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

CORRECT = Text(
    "网关记录的 {field} 是 {books}，而你给的是 {order}。如果是你写错了，请用正确的值重新撤销"
    "（直接 resume 会重复同样的错误）；如果没有写错，这可能是另一笔订单，请联系服务商。",
    "The gateway has {field} {books}, you gave {order}. If yours is wrong, cancel again with the"
    " correct value (resume would repeat the mistake). If it is correct, this may be another order:"
    " ask the provider.",
)
"""What to do if the gateway has other values than the caller gave."""

UNSIGNED_PROOF = Text(
    "作为依据的应答没有网关签名：它的可信程度取决于网络连接（TLS）。",
    "The answer that proves the verdict was not signed by the gateway: it can be trusted only as"
    " far as the connection (TLS).",
)
"""Added to the advice where the verdict rests on an answer without a signature."""

NO_REFUND = Text(
    "照常交付。这种支付方式不支持退款，交易取消时与顾客另行结算。",
    "Deliver what was bought. This pay type can't be refunded: if the sale is cancelled, settle"
    " with the payer in another way.",
)
