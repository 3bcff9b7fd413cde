"""What an answer means for the call that it answers: did money move, what to ask next.

The words come from the catalogue of codes; only what to type next is made here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from qftools import catalogue
from qftools.catalogue.rows import CALL_ENDPOINTS, Code, Text
from qftools.diagnosis.nouns import Finding, Meaning, Severity
from qftools.diagnosis.rules import meanings, next_commands
from qftools.diagnosis.rules.answer_body import Answer, answer_in
from qftools.diagnosis.rules.sending import shortened
from qftools.exchange import Response

_MOST_ROWS = 20
_LATER = Text("结果未知：先查询。", "The outcome is unknown: query first.")
_ACCOUNT = Text(
    "这把密钥下签名是对的：检查 app code 是否属于同一账户，mchid 是否有效"
    "（MCHCODE非法 也答 1108）。",
    "The signature is right for this key: see whether the app code belongs to the same"
    " account, and whether the mchid is valid (MCHCODE非法 is a 1108 too).",
)


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
    answer = answer_in(response.body)
    if response.status != 200:
        yield _status(response.status, params)
    if answer is None:
        if response.status == 200:
            yield _not_an_answer(response, params)
    elif answer.fields.get("notify_type"):
        yield _notification(answer)
    elif answer.txstatus:
        yield _envelope(answer, {**params, **answer.fields})
    elif answer.respcd == "0000" and answer.rows is not None and endpoint in ("query", ""):
        yield from _rows(answer.rows, {**params, **answer.fields})
    elif answer.respcd == "0000" and (endpoint or answer.endpoints[0]) == "query":
        yield _outer(params)
    else:
        endpoints = (endpoint,) if endpoint else _asked_by(params) or answer.endpoints
        order = {**params, **answer.fields}
        yield from _readings(answer.respcd, endpoints, order, signature_right)


def _asked_by(params: Mapping[str, str]) -> tuple[str, ...]:
    """The calls that send such fields, where the paste does not name the call."""
    if params.get("pay_type") and params.get("txcurrcd"):
        return ("payment",)
    if params.get("txamt") and (params.get("syssn") or params.get("out_trade_no")):
        return ("reversal", "close", "refund")
    return ("query",) if params.get("syssn") or params.get("out_trade_no") else ()


def _readings(
    respcd: str, endpoints: Sequence[str], order: Mapping[str, str], signature_right: bool
) -> Iterator[Finding]:
    """What a code means as the answer of each of *endpoints*; those that agree are one."""
    row = catalogue.codes().get(respcd)
    if row is None:
        yield _unlisted(respcd, endpoints, order)
        return
    where = set(CALL_ENDPOINTS) if "*" in row.endpoints else set(row.endpoints)
    known = [name for name in endpoints if name in where] or endpoints
    groups: dict[tuple[object, ...], list[str]] = {}
    for name in known:
        meaning = meanings.of_code(row.on(name), name)
        alike = (row.on(name).meaning, meaning.money_moved, meaning.charge_again)
        groups.setdefault((*alike, meaning.ask_again_safe), []).append(name)
    for names in groups.values():
        yield _code(row.on(names[0]), names, len(endpoints) > 1, order, signature_right)


def _code(
    code: Code,
    endpoints: list[str],
    several: bool,
    order: Mapping[str, str],
    signature_right: bool,
) -> Finding:
    right = code.code == "1108" and signature_right
    row = catalogue.pay_types().get(order.get("pay_type", ""))
    if row is not None and code.code == "0000" and endpoints[0] == "payment":
        code = meanings.of_mode(code, row.mode)
    meaning = meanings.of_code(code, endpoints[0])
    commands = next_commands.after(code.kind, endpoints[0], order, code.code)
    return _finding(
        "answer-" + code.kind,
        meanings.SEVERITIES[code.kind],
        _heading(code.code, endpoints if several else [], code.meaning),
        _evidence(code),
        _ACCOUNT if right else code.advice,
        code.source,
        commands if not right else (),
        meaning,
    )


def _heading(respcd: str, endpoints: Sequence[str], meaning: Text) -> Text:
    if not endpoints:
        return Text(f"应答 {respcd}：{meaning.zh}", f"the answer is {respcd}: {meaning.en}")
    return Text(
        f"{respcd}，作为 {'、'.join(endpoints)} 的应答：{meaning.zh}",
        f"{respcd} as the answer to {', '.join(endpoints)}: {meaning.en}",
    )


def _evidence(code: Code) -> Text:
    kind = meanings.KINDS[code.kind]
    if code.was is None:
        return kind
    return Text(
        f"{kind.zh}。旧资料里的含义：{code.was.zh}",
        f"{kind.en}. In older documents: {code.was.en}",
    )


def _unlisted(respcd: str, endpoints: Sequence[str], order: Mapping[str, str]) -> Finding:
    shown = shortened(respcd) or "-"
    return _finding(
        "answer-unlisted",
        "error",
        Text(f"{shown}：没有资料列出这个响应代码", f"{shown}: a code that no source lists"),
        Text(
            "结果未知（选定）；文档说其余代码都是失败（C34）",
            "outcome unknown (chosen); the documents say that every other code means failed (C34)",
        ),
        Text(
            "当作结果未知：先查询，再做任何事。", "Read it as unknown: query before anything else."
        ),
        "chosen",
        next_commands.query(order),
        meanings.of_unlisted(shown, endpoints[0] if len(endpoints) == 1 else ""),
    )


def _outer(params: Mapping[str, str]) -> Finding:
    return _finding(
        "answer-outer",
        "warning",
        Text(
            "0000 是查询本身的结果，不是订单的结果",
            "0000 is the result of the query, not of the order",
        ),
        Text(
            "应答里没有订单行（data）",
            "the answer shows no row of an order (data)",
        ),
        Text(
            "看 data 里那一行的 respcd 与 cancel：那才是订单的结果。",
            "Read respcd and cancel of the row in data: they are the order's result.",
        ),
        "docs2024; faq2017; manual2018jp",
        next_commands.query(params),
        meanings.of_state("unclear", "0000"),
    )


def _rows(rows: Sequence[Mapping[str, Any]], params: Mapping[str, str]) -> Iterator[Finding]:
    if not rows:
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
            next_commands.query(params),
            meanings.of_state("unclear", ""),
        )
    for row in rows[:_MOST_ROWS]:
        yield _row(row)


def _notification(answer: Answer) -> Finding:
    """What a notification tells: it is the row of its order, or of its refund."""
    if answer.fields["notify_type"] == "refund":
        (found,) = _readings(answer.respcd, ("refund",), answer.fields, False)
    else:
        found = _row({**answer.fields, "respcd": answer.respcd})
    meaning = found.meaning
    if meaning is not None and meaning.charge_again == "new-number":
        meaning = replace(meaning, charge_again="query")
    return replace(
        found,
        meaning=meaning,
        evidence=Text(
            "通知里的 respcd 与 cancel；签名验证通过才可信",
            "respcd and cancel of the notification; to be believed only if its signature is right",
        ),
        fix=Text("用查询确认，再交付或记账。", "Confirm it by a query, then deliver or book it."),
        commands=next_commands.query(answer.fields, "refund"),
    )


def _row(row: Mapping[str, Any]) -> Finding:
    from qftools.models import Transaction  # of the rows of an answer; a request needs none

    transaction = Transaction(row)
    state, respcd = transaction.state, shortened(transaction.respcd)
    code = catalogue.codes().get(transaction.respcd)
    order = {name: str(value) for name, value in row.items() if isinstance(value, str | int)}
    number = shortened(order.get("out_trade_no") or order.get("syssn") or "?")
    flag = shortened(order.get("cancel", "0"))
    words = meanings.STATES[state]
    advice = code.on("query").advice if code else Text("再查询一次。", "Query again.")
    asked = next_commands.query(order) if state in ("open", "unclear") else ()
    return _finding(
        "row-" + state,
        "warning" if state in ("open", "unclear") else "note",
        Text(f"订单 {number}：{words.zh}", f"order {number}: {words.en}"),
        Text(
            f"行内 respcd {respcd or '-'}，cancel {flag}；最外层的 0000 只表示查询成功",
            f"the row says respcd {respcd or '-'}, cancel {flag}; the outer 0000 only says that"
            " the query worked",
        ),
        advice,
        code.source if code else "chosen",
        asked + (next_commands.cancel(order) if state == "open" else ()),
        meanings.of_state(state, respcd),
    )


def _envelope(answer: Answer, order: Mapping[str, str]) -> Finding:
    """The result inside ``data`` as one edition writes it; a query confirms it (C35)."""
    state = meanings.STATUSES.get(answer.txstatus, "unclear")
    words, status = meanings.STATES[state], shortened(answer.txstatus)
    respcd = shortened(answer.respcd) or "-"
    return _finding(
        "answer-status",
        "note" if state == "paid" else "warning",
        Text(f"txstatus {status}：{words.zh}", f"txstatus {status}: {words.en}"),
        Text(
            f"结果写在 data 里的 txstatus，最外层的 respcd 是 {respcd}；只有一版文档这样写（C35）",
            f"the result stands in txstatus inside data, the outer respcd is {respcd}; one edition"
            " of the documents alone writes it so (C35)",
        ),
        Text(
            "用查询确认：以订单行里的 respcd 为准。",
            "Confirm it by a query: the respcd of the row decides.",
        ),
        "docs2026; live2026",
        next_commands.query(order),
        meanings.of_state("unclear" if state == "failed" else state, respcd),
    )


def _status(status: int, params: Mapping[str, str]) -> Finding:
    if status == 429:
        what = Text("HTTP 429：请求太频繁", "HTTP 429: too many requests")
        fix = Text(
            "等几秒再查询，逐次加倍。", "Wait some seconds, then query; double the wait each time."
        )
    else:
        what = Text(f"HTTP {status}：不是网关的应答", f"HTTP {status} is not the gateway's answer")
        fix = _LATER
    source = "docs2026" if status == 429 else "vendor-tests"
    return _unknown("answer-http", what, meanings.KINDS["unknown"], fix, source, params)


def _not_an_answer(response: Response, params: Mapping[str, str]) -> Finding:
    start = shortened(response.body[:60].decode("utf-8", "replace"))
    what = Text("应答不是网关的 JSON", "the answer is not the gateway's JSON")
    evidence = Text(f"开头：{start}", f"it begins: {start}")
    return _unknown("answer-not-json", what, evidence, _LATER, "manual2018jp", params)


def _unknown(
    identifier: str,
    what: Text,
    evidence: Text,
    fix: Text,
    source: str,
    params: Mapping[str, str],
) -> Finding:
    asked, meaning = next_commands.query(params), meanings.of_unlisted("", "")
    return _finding(identifier, "error", what, evidence, fix, source, asked, meaning)


def _finding(
    identifier: str,
    severity: Severity,
    what: Text,
    evidence: Text,
    fix: Text,
    source: str,
    commands: tuple[str, ...],
    meaning: Meaning,
) -> Finding:
    return Finding(
        identifier,
        severity,
        "rule",
        what,
        evidence,
        fix,
        source,
        commands=commands,
        meaning=meaning,
    )
