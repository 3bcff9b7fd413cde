"""The rules of the report about calls and notifications: one small function for each rule."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator

from qftools import catalogue
from qftools.catalogue import Text
from qftools.sandbox.explanations import explanation
from qftools.sandbox.gateway.gateway import GET_DOCUMENTED
from qftools.sandbox.gateway.log import LoggedExchange
from qftools.sandbox.notifications.notices import Attempt, Notice
from qftools.sandbox.report.history import Caller, History, caller
from qftools.sandbox.report.report import Found

CALLS_A_MINUTE = 400  # docs2026
BACK_OFF = 1.0  # seconds that a 429 asks for at least [chosen]
DUPLICATE_CODES = ("1251", "1102", "2011")


def above_the_limit(history: History) -> Iterator[Found]:
    """More calls within a minute than the published limit."""
    by_caller: defaultdict[Caller, deque[LoggedExchange]] = defaultdict(deque)
    reported = set()
    for exchange in history.exchanges:
        who = caller(exchange)
        calls = by_caller[who]
        calls.append(exchange)
        while calls[0].at < exchange.at - 60:
            calls.popleft()
        if len(calls) > CALLS_A_MINUTE and who not in reported:
            reported.add(who)
            yield Found(
                "",
                Text(
                    zh=f"一分钟内超过 {CALLS_A_MINUTE} 次请求。",
                    en=f"More than {CALLS_A_MINUTE} requests within a minute.",
                ),
                (calls[0].number, exchange.number),
            )


def ignored_429(history: History) -> Iterator[Found]:
    """The next request came right after HTTP 429."""
    warned: dict[Caller, LoggedExchange] = {}
    for exchange in history.exchanges:
        who = caller(exchange)
        before = warned.pop(who, None)
        if before is not None and exchange.at - before.at < BACK_OFF:
            yield Found(
                exchange.params.get("out_trade_no", ""),
                Text(
                    zh=f"{exchange.at - before.at:.1f} 秒后又发来请求。",
                    en=f"The next request came after {exchange.at - before.at:.1f} seconds.",
                ),
                (before.number, exchange.number),
            )
        if exchange.response is not None and exchange.response.status == 429:
            warned[who] = exchange


def reused_number(history: History) -> Iterator[Found]:
    """A payment or refund that the gateway refused because the program used its number before."""
    used: set[tuple[Caller, str]] = set()
    for exchange in history.exchanges:
        if exchange.endpoint not in ("payment", "refund") or exchange.signature != "ok":
            continue
        number = exchange.params.get("out_trade_no", "")
        again = (caller(exchange), number) in used or _has_number(history, exchange, number)
        used.add((caller(exchange), number))
        if again and exchange.respcd in DUPLICATE_CODES:
            yield Found(
                number,
                Text(zh=f"返回 {exchange.respcd}。", en=f"It was refused with {exchange.respcd}."),
                (exchange.number,),
            )


def get_not_documented(history: History) -> Iterator[Found]:
    """A payment, query or refund by GET, which no source shows."""
    reported = set()
    for exchange in history.exchanges:
        by_get = exchange.request.method == "GET" and exchange.endpoint not in ("", *GET_DOCUMENTED)
        key = (caller(exchange), exchange.endpoint)
        if not by_get or not (exchange.signature == "ok" or _is_call(exchange)) or key in reported:
            continue
        reported.add(key)
        status = exchange.response.status if exchange.response else 0
        end = ("，被拒绝（HTTP 405）", " and was refused (HTTP 405)") if status == 405 else ("", "")
        yield Found(
            exchange.params.get("out_trade_no", ""),
            Text(
                zh=f"{exchange.endpoint} 用了 GET{end[0]}。",
                en=f"{exchange.endpoint} came by GET{end[1]}.",
            ),
            (exchange.number,),
        )


def notification_refused(history: History) -> Iterator[Found]:
    """A good notification that got another answer."""
    for notice, attempt in _attempts(history):
        if not attempt.fault and attempt.result == "refused":
            yield _notified(
                notice,
                f"回复了 HTTP {attempt.status}：{attempt.reply[:40]!r}",
                f"The answer was HTTP {attempt.status}: {attempt.reply[:40]!r}",
            )


def notification_unchecked(history: History) -> Iterator[Found]:
    """A forged notification that was acknowledged."""
    for notice, attempt in _attempts(history):
        if attempt.fault in ("tampered", "wrong signature") and attempt.result == "acknowledged":
            yield _notified(
                notice,
                "伪造的通知得到了 SUCCESS。",
                f"A notification with a fault ({attempt.fault}) was answered with SUCCESS.",
            )


def signature_wrong(history: History) -> Iterator[Found]:
    """A request that arrived and was not signed as it should be."""
    for exchange in history.exchanges:
        if exchange.signature not in ("ok", "unread") and _is_call(exchange):
            yield from _refused(history, exchange)


def request_refused(history: History) -> Iterator[Found]:
    """A request that the gateway could not accept, apart from its signature."""
    for exchange in history.exchanges:
        code = catalogue.codes().get(exchange.respcd)
        callers_fault = code is not None and code.on(exchange.endpoint).kind == "caller"
        reported = exchange.respcd in DUPLICATE_CODES or exchange.signature not in ("ok", "unread")
        not_there = exchange.response is not None and exchange.response.status == 404
        if (callers_fault and not reported) or (not_there and _is_call(exchange)):
            yield from _refused(history, exchange)


def _refused(history: History, exchange: LoggedExchange) -> Iterator[Found]:
    """Why a request was refused, and its mend."""
    why = explanation(exchange, history.gateway)
    if why is not None:
        number = exchange.params.get("out_trade_no", "") if exchange.app_code else ""
        yield Found(number, why.said, (exchange.number,))


def _has_number(history: History, exchange: LoggedExchange, number: str) -> bool:
    """Tell whether a refund's number is the one of the payment that it refunds."""
    original = history.gateway.books.by_syssn(exchange.params.get("syssn", ""))
    return (
        exchange.endpoint == "refund" and original is not None and original.out_trade_no == number
    )


def _is_call(exchange: LoggedExchange) -> bool:
    """Tell whether it is a call; a browser that opens the address sends none of a call's fields."""
    headers = exchange.request.headers
    return bool(exchange.params or headers.get("x-qf-appcode") or headers.get("x-qf-sign"))


def _notified(notice: Notice, zh: str, en: str) -> Found:
    return Found(notice.out_trade_no, Text(zh=zh, en=en), (), (notice.id,))


def _attempts(history: History) -> Iterator[tuple[Notice, Attempt]]:
    for notice in history.notices:
        for attempt in notice.attempts:
            yield notice, attempt
