"""What an answer means for the call that it answers: did money move, what to ask next.

The words come from the catalogue of codes; only what to type next is made here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from qftools import catalogue
from qftools.catalogue.rows import Text
from qftools.diagnosis.nouns import Finding, Severity
from qftools.diagnosis.reading.json_text import load_json
from qftools.diagnosis.rules.sending import shortened
from qftools.exchange import Response
from qftools.models import Transaction

_MOST_ROWS = 20

_SEVERITY: dict[str, Severity] = {
    "success": "note",
    "progress": "warning",
    "failure": "error",
    "unknown": "error",
    "caller": "error",
}
_KIND = {
    "success": Text("成功", "success"),
    "progress": Text("处理中，不是失败", "in progress, not failed"),
    "failure": Text("明确失败", "a definite failure"),
    "unknown": Text("结果未知，不等于失败", "outcome unknown, which is not failed"),
    "caller": Text(
        "请求或账户有误，什么都没有发生", "the request or the account is wrong; nothing happened"
    ),
}
_MONEY = {
    "yes": Text("钱已经动了", "money has moved"),
    "no": Text("钱没有动", "no money moved"),
    "maybe": Text("钱可能已经动了", "money may have moved"),
}
_AGAIN = {
    True: Text("再发一次同样的请求是安全的", "sending the same request again is safe"),
    False: Text("不要再发同样的请求", "do not send the same request again"),
}
_EVIDENCE = Text("{kind}；{money}；{again}", "{kind}; {money}; {again}")
_STATES = {
    "paid": Text("已支付", "paid"),
    "open": Text("未支付或处理中", "unpaid or in progress"),
    "cancelled": Text("已撤销", "cancelled"),
    "refunded": Text("已退款", "refunded"),
    "failed": Text("失败", "failed"),
    "expired": Text("已过期", "expired"),
    "unclear": Text("这一行不能说明订单状态", "this row proves nothing about the order"),
}


def answer_findings(
    response: Response, endpoint: str, params: Mapping[str, str], signature_right: bool
) -> Iterator[Finding]:
    """What *response* means, and what to run next.

    Args:
        response: What came back.
        endpoint: The call that it answers; empty where it is not known.
        params: What was sent, for the numbers of the order.
        signature_right: The request's signature was proved right, so that 1108 means
            something else.
    """
    answer = load_json(response.body.decode("utf-8", "replace"))
    if response.status != 200:
        yield _status(response.status, params)
    if not isinstance(answer, dict) or not isinstance(answer.get("respcd"), str):
        if response.status == 200:
            yield _not_an_answer(response, params)
        return
    rows = answer.get("data")
    respcd = answer["respcd"]
    if endpoint in ("query", "") and isinstance(rows, list) and respcd == "0000":
        yield from _rows(rows, params)
        return
    yield _code(respcd, endpoint, {**params, **_texts(answer)}, signature_right)


def _code(respcd: str, endpoint: str, order: Mapping[str, str], signature_right: bool) -> Finding:
    row = catalogue.codes().get(respcd)
    shown = shortened(respcd)
    if row is None:
        return _finding(
            "answer-unlisted",
            "error",
            Text(f"{shown}：没有资料列出这个响应代码", f"{shown}: a code that no source lists"),
            _evidence("unknown", "maybe", False),
            Text(
                "当作结果未知：先查询，再做任何事。",
                "Read it as unknown: query before anything else.",
            ),
            "chosen",
            _next("unknown", endpoint, order),
        )
    row = row.on(endpoint) if endpoint else row
    fix = row.advice
    if respcd == "1108" and signature_right:
        fix = Text(
            "这把密钥下签名是对的：检查 app code 是否属于同一账户，mchid 是否有效"
            "（MCHCODE非法 也答 1108）。",
            "The signature is right for this key: see whether the app code belongs to the same"
            " account, and whether the mchid is valid (MCHCODE非法 is a 1108 too).",
        )
    return _finding(
        "answer-" + row.kind,
        _SEVERITY[row.kind],
        Text(f"应答 {respcd}：{row.meaning.zh}", f"the answer is {respcd}: {row.meaning.en}"),
        _evidence(row.kind, row.money_moved, row.ask_again_safe),
        fix,
        row.source,
        _next(row.kind, endpoint, order, respcd),
    )


def _rows(rows: list[Any], params: Mapping[str, str]) -> Iterator[Finding]:
    orders = [row for row in rows if isinstance(row, dict)]
    if not orders:
        yield _finding(
            "answer-no-rows",
            "warning",
            Text("查询成功，但没有这笔订单", "the query worked, and found no such order"),
            Text(
                "最外层的 0000 只表示查询成功；请求也许还在路上，或在别的月份",
                "the outer 0000 only says that the query worked; the request may still be on its"
                " way, or in another month",
            ),
            Text(
                "过一会儿再查；跨月要带 start_time 与 end_time。在此之前不要换号重新收款。",
                "Query again later; across months give start_time and end_time. Do not charge"
                " again under another number before that.",
            ),
            "docs2024; vendor-tests (C29)",
            _query(params),
        )
    for row in orders[:_MOST_ROWS]:
        yield _row(row)


def _row(row: dict[str, Any]) -> Finding:
    transaction = Transaction(row)
    state = transaction.state
    code = catalogue.codes().get(str(row.get("respcd", "")))
    number = shortened(str(row.get("out_trade_no") or row.get("syssn") or "?"))
    respcd, flag = shortened(str(row.get("respcd", ""))), shortened(str(row.get("cancel", "0")))
    words = _STATES[state]
    advice = code.on("query").advice if code else Text("再查询一次。", "Query again.")
    return _finding(
        "row-" + state,
        "warning" if state in ("open", "unclear") else "note",
        Text(f"订单 {number}：{words.zh}", f"order {number}: {words.en}"),
        Text(
            f"行内 respcd {respcd}，cancel {flag}", f"the row says respcd {respcd}, cancel {flag}"
        ),
        advice,
        code.source if code else "chosen",
        _query(_texts(row)) if state == "open" else (),
    )


def _status(status: int, params: Mapping[str, str]) -> Finding:
    if status == 429:
        what = Text("HTTP 429：请求太频繁", "HTTP 429: too many requests")
        fix = Text(
            "等几秒再查询，逐次加倍。", "Wait some seconds, then query; double the wait each time."
        )
    else:
        what = Text(f"HTTP {status}：不是网关的应答", f"HTTP {status} is not the gateway's answer")
        fix = Text("结果未知：先查询。", "The outcome is unknown: query first.")
    return _finding(
        "answer-http",
        "error",
        what,
        _evidence("unknown", "maybe", False),
        fix,
        "docs2026" if status == 429 else "vendor-tests",
        _query(params),
    )


def _not_an_answer(response: Response, params: Mapping[str, str]) -> Finding:
    start = shortened(response.body[:60].decode("utf-8", "replace"))
    return _finding(
        "answer-not-json",
        "error",
        Text("应答不是网关的 JSON", "the answer is not the gateway's JSON"),
        Text(f"开头：{start}", f"it begins: {start}"),
        Text("结果未知：先查询。", "The outcome is unknown: query first."),
        "manual2018jp",
        _query(params),
    )


def _next(kind: str, endpoint: str, order: Mapping[str, str], respcd: str = "") -> tuple[str, ...]:
    """What to type next, ready to run."""
    if respcd == "1260" or (kind == "success" and endpoint == "refund"):
        return _query(order)
    if kind in ("unknown", "progress"):
        return _query(order)
    if kind == "success" and endpoint in ("payment", "reversal", "close"):
        return _query(order)
    if kind == "failure" and endpoint in ("reversal", "close", "refund"):
        return _query(order)
    return ()


def _query(order: Mapping[str, str]) -> tuple[str, ...]:
    for name, option in (
        ("orig_syssn", "--syssn"),
        ("syssn", "--syssn"),
        ("out_trade_no", "--out-trade-no"),
    ):
        value = order.get(name, "")
        if value and value.isascii() and value.replace("_", "").isalnum() and len(value) <= 128:
            return (f"qftools query {option} {value}",)
    return ()


def _texts(answer: Mapping[str, Any]) -> dict[str, str]:
    return {name: value for name, value in answer.items() if isinstance(value, str)}


def _evidence(kind: str, money: str, again: bool) -> Text:
    def say(lang: str) -> str:
        return _EVIDENCE.say(lang).format(
            kind=_KIND[kind].say(lang), money=_MONEY[money].say(lang), again=_AGAIN[again].say(lang)
        )

    return Text(say("zh"), say("en"))


def _finding(
    identifier: str,
    severity: Severity,
    what: Text,
    evidence: Text,
    fix: Text,
    source: str,
    commands: tuple[str, ...] = (),
) -> Finding:
    return Finding(identifier, severity, "rule", what, evidence, fix, source, commands=commands)
