"""What a code or the state of a row means for who must act: money, asking again, charging again.

Words of the catalogue decide; the tables here say them.
"""

from __future__ import annotations

from dataclasses import replace

from qftools.catalogue.rows import Code, Text
from qftools.diagnosis.nouns import Charge, Meaning, Money, Severity

KINDS = {
    "success": Text("成功", "success"),
    "progress": Text("处理中，不是失败", "in progress, not failed"),
    "failure": Text("明确失败", "a definite failure"),
    "unknown": Text("结果未知，不等于失败", "outcome unknown, which is not failed"),
    "caller": Text(
        "请求或账户有误，没有被受理", "the request or the account is wrong; not accepted"
    ),
}
SEVERITIES: dict[str, Severity] = {
    "success": "note",
    "progress": "warning",
    "failure": "error",
    "unknown": "error",
    "caller": "error",
}
STATES = {
    "paid": Text("已支付", "paid"),
    "open": Text("未支付或处理中", "unpaid or in progress"),
    "cancelled": Text("已撤销", "cancelled"),
    "refunded": Text("已退款", "refunded"),
    "failed": Text("失败", "failed"),
    "expired": Text("已过期", "expired"),
    "unclear": Text("这一行不能说明订单状态", "this row proves nothing about the order"),
}
# What the state of a row says: did money move, may one charge again. Only the row of a query
# proves that an order is dead: no code alone allows a new charge.
_OF_STATE: dict[str, tuple[Money, Charge]] = {
    "paid": ("yes", "paid"),
    "open": ("maybe", "query"),
    "cancelled": ("no", "new-number"),
    "refunded": ("returned", "new-number"),
    "failed": ("no", "new-number"),
    "expired": ("no", "new-number"),
    "unclear": ("maybe", "query"),
}
_PAID = Text("已支付", "paid")
_DELIVER = Text("钱已到账，可以交付。", "The money has arrived: deliver.")
_PLACED = Text("已下单，尚未支付", "placed, not paid")
_WAIT = Text(
    "只是下单成功：等通知或查询。", "The order is only placed: wait for the notification, or query."
)
STATUSES = {"SUCCESS": "paid", "FAILED": "failed", "PENDING": "open"}  # of an envelope (C35)


def of_code(code: Code, endpoint: str) -> Meaning:
    """What *code*, read as the answer of *endpoint*, means."""
    charge = _refund(code) if endpoint == "refund" else _charge(code, endpoint)
    money: Money = "returned" if code.row == "refunded" else code.money_moved
    return Meaning(code.code, endpoint, code.kind, money, code.ask_again_safe, charge)


def of_mode(code: Code, mode: str) -> Code:
    """What 0000 says of a payment whose *mode* is known: paid, or only placed."""
    if mode == "cpm":
        return replace(code, meaning=_PAID, advice=_DELIVER, money_moved="yes")
    return replace(code, meaning=_PLACED, advice=_WAIT)


def of_unlisted(respcd: str, endpoint: str) -> Meaning:
    """A code that no source lists: unknown, whatever it is."""
    charge: Charge = "refund-query" if endpoint == "refund" else "query"
    return Meaning(respcd, endpoint, "unknown", "maybe", endpoint == "query", charge)


def of_state(state: str, respcd: str) -> Meaning:
    """What a row in *state* means; a query may always be repeated."""
    money, charge = _OF_STATE[state]
    return Meaning(respcd, "query", state, money, True, charge)


def _charge(code: Code, endpoint: str) -> Charge:
    if code.money_moved == "yes":
        return "paid"
    if code.kind == "success":
        return "placed" if endpoint == "payment" else "query"
    refused = endpoint == "payment" and code.kind == "caller" and code.money_moved == "no"
    return "mend" if refused else "query"


def _refund(code: Code) -> Charge:
    if code.kind == "success":
        return "refund-done"
    if code.kind in ("progress", "unknown"):
        return "refund-query"
    if code.kind == "failure" and code.money_moved == "no":
        return "refund-nothing"
    return "refund-mend" if code.ask_again_safe else "refund-query"
