"""The rules of the report about orders: one small function for each rule.

A rule holds a program to what that program itself sent and what the answers answers it. What
another program did can only excuse it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from datetime import UTC
from itertools import pairwise

from qftools.catalogue import Text
from qftools.sandbox.books.clock import BEIJING, RealClock, parse_time
from qftools.sandbox.books.states import OPEN
from qftools.sandbox.gateway.cancel import route
from qftools.sandbox.notifications.notices import Notice
from qftools.sandbox.report.history import (
    CANCELS,
    Caller,
    History,
    HistoryStep,
    OrderHistory,
    purchase,
)
from qftools.sandbox.report.report import Found
from qftools.sandbox.words import say

PATIENCE = 120.0  # seconds: how long to query before cancelling (manual2018jp)
SAME_CUSTOMER = 900.0  # seconds within which the same amount again is the same purchase [chosen]
QUERIES, WITHIN = 4, 2.0  # so many queries about one order in so many seconds are too fast [chosen]
WRONG_ROUTE_CODES = ("1297", "1250")
LONGEST_OFFSET = 14 * 3600.0
HALF_HOUR = 1800.0
_ON_THE_BOOKS = Text(zh="账本上的状态：", en="On the books it is")
_AS_LAST_SAID = Text(zh="最后一次应答里的状态：", en="By the last reply about it, it is")


def cancelled_unseen(history: History) -> Iterator[Found]:
    """A cancel with no answered query about the order before it."""
    for story in history:
        cancels = story.calls(*CANCELS)
        looks = [step for step in story.calls("query") if step.result not in ("nothing", "refused")]
        seen = any(look.number < cancels[0].number for look in looks) if cancels else True
        if not seen and history.is_whole(story):
            yield _found(
                story,
                f"{cancels[0].exchange.endpoint} 之前没有查询过这笔订单。",
                f"No query about it was answered before the {cancels[0].exchange.endpoint}.",
                cancels[0],
            )


def progress_taken_for_failure(history: History) -> Iterator[Found]:
    """The last answer was 1143 or 1145, and no query followed."""
    for story in history:
        answers = [step for step in story.own if step.result != "nothing"]
        if not answers or answers[-1].result != "progress" or story.ended_before(history.now):
            continue
        if _waits_for_payer(story) or _will_be_told(history, story):
            continue
        last = story.steps[-1]
        begun = next(step for step in answers if step.result == "progress")
        if last.at - begun.at >= PATIENCE:
            continue  # queried long enough: that is the rule never-resolved
        again = _charged_after(history, story, last.number)
        if again is None and history.now - last.at < PATIENCE:
            continue
        extra = (again,) if again else ()
        yield _found(
            story,
            "最后的应答是处理中，之后没有再问。",
            "The last answer was in progress, and nothing was asked after it.",
            answers[-1],
            *extra,
        )


def charged_again(history: History) -> Iterator[Found]:
    """The same amount charged again while the result of the first order was unknown."""
    for story in history:
        if (placed := story.placed) is None:
            continue
        later = _charged_after(history, story, placed.number)
        if later is None or story.asked_after(later.number) or story.ended_before(later.at):
            continue
        last_word = story.result_before(later.number, placed.caller)
        if last_word == "refused" or (last_word != "nothing" and _will_be_told(history, story)):
            continue
        other = later.exchange.params.get("out_trade_no", "")
        yield _found(
            story,
            f"结局未知时，又以 {other} 收取同样金额。",
            f"Its end was unknown when {other} asked for the same amount.",
            placed,
            later,
        )


def captured_again(history: History) -> Iterator[Found]:
    """The same amount of a hold captured again after no answer, with no query in between."""
    queries = [seen.number for seen in history.exchanges if seen.endpoint == "query"]
    for story in history:
        for first, second in pairwise(story.calls("authtrade")):
            amounts = {step.exchange.params.get("txamt") for step in (first, second)}
            looked = any(first.number < number < second.number for number in queries)
            if first.result == "nothing" and len(amounts) == 1 and not looked:
                yield _found(
                    story,
                    "请款没有应答，没有查询就再次请款。",
                    "A capture had no answer, and was sent again without a query.",
                    first,
                    second,
                )


def cancelled_paid(history: History) -> Iterator[Found]:
    """A cancel of an order that the integration knew to be paid."""
    for story in history:
        for step in story.calls(*CANCELS):
            knew = _knew_paid(story, step)
            if knew:
                yield _found(
                    story,
                    "撤销之前已经得知这笔订单已支付。",
                    "It was known to be paid before it was cancelled.",
                    *knew,
                    step,
                )
                break


def wrong_endpoint(history: History) -> Iterator[Found]:
    """A cancel by a route that is not the pay type's."""
    for story in history:
        wanted = {"ask": "close"}.get(way := route(history.gateway, story.entry), way)
        for step in story.calls(*CANCELS):
            refused = step.exchange.respcd in WRONG_ROUTE_CODES  # by the edition that held then
            if not refused or step.exchange.endpoint == wanted:
                continue
            code, used = story.entry.pay_type, step.exchange.endpoint
            can = wanted in CANCELS
            yield _found(
                story,
                f"{code} 用了 {used}，应当是 {wanted}。" if can else f"{code} 不能撤销。",
                f"{code} was sent to {used}; {wanted} is right."
                if can
                else f"{code} can't be cancelled.",
                step,
            )


def amount_changed(history: History) -> Iterator[Found]:
    """A cancel that names another amount."""
    return _changed(history, "txamt", lambda sent: sent.lstrip("0") or "0")


def time_changed(history: History) -> Iterator[Found]:
    """A cancel that names another time."""
    return _changed(history, "txdtm", str)


def _changed(history: History, name: str, read: Callable[[str], str]) -> Iterator[Found]:
    for story in history:
        placed = str(getattr(story.entry, name))
        for step in story.calls(*CANCELS):
            sent = step.exchange.params.get(name, "")
            if sent and read(sent) != placed:
                yield _found(
                    story,
                    f"下单 {placed}，撤销 {sent[:20]}。",
                    f"Placed with {placed}, cancelled with {sent[:20]}.",
                    step,
                )


def polled_too_fast(history: History) -> Iterator[Found]:
    """Many queries about one order at once, or more calls than the published limit."""
    for story in history:
        by_caller: defaultdict[Caller, deque[HistoryStep]] = defaultdict(
            lambda: deque(maxlen=QUERIES)
        )
        for step in story.calls("query"):
            if not step.names_it:
                continue
            recent = by_caller[step.caller]
            recent.append(step)
            if len(recent) == QUERIES and recent[-1].at - recent[0].at <= WITHIN:
                yield _found(
                    story,
                    f"{WITHIN:.0f} 秒内查询了 {QUERIES} 次。",
                    f"{QUERIES} queries within {WITHIN:.0f} seconds.",
                    *recent,
                )
                break


def wrong_zone(history: History) -> Iterator[Found]:
    """A payment whose time is off by whole half hours."""
    clock = history.gateway.clock
    # A clock that was put forward by hand is ahead of the program's own by that much.
    ahead = clock.setting if isinstance(clock, RealClock) else 0.0
    for story in history:
        for step in story.calls("payment"):
            params = step.exchange.params
            off = _off_by(params.get("txdtm", ""), params.get("txzone", ""), step.at)
            if off is not None and not -ahead - 300 <= off * 3600 < 0:
                yield _found(
                    story,
                    f"{params['txdtm']} 与北京时间相差 {off:+g} 小时。",
                    f"{params['txdtm']} is {off:+g} hours away from Beijing time.",
                    step,
                )


def _off_by(txdtm: str, txzone: str, now: float) -> float | None:
    """Return by how many hours a time is off if it looks like another time zone, else None."""
    try:
        sent = parse_time(txdtm)
    except ValueError:
        return None
    if txzone:
        if not (len(txzone) == 5 and txzone[0] in "+- " and txzone[1:].isdecimal()):
            return None
        east = -1 if txzone[0] == "-" else 1
        seconds = east * (int(txzone[1:3]) * 3600 + int(txzone[3:]) * 60)
        off = sent.replace(tzinfo=UTC).timestamp() - seconds - now
    else:
        off = sent.replace(tzinfo=BEIJING).timestamp() - now
    rounded = round(off / HALF_HOUR) * HALF_HOUR
    if rounded == 0 or abs(rounded) > LONGEST_OFFSET or abs(off - rounded) > 300:
        return None
    return rounded / 3600


def never_resolved(history: History) -> Iterator[Found]:
    """An order whose final state the integration never learned."""
    doubtful = {
        found.exchanges[0]
        for finder in (progress_taken_for_failure, charged_again)
        for found in finder(history)
    }
    for story in history:
        if story.ended_before(history.now) or not story.own:
            continue
        if doubtful & {step.number for step in story.steps}:
            continue
        answers = [step.result for step in story.steps if step.result != "nothing"]
        if answers[-3:] == ["absent"] * 3 or answers[-1:] == ["refused"]:
            continue
        entry = story.entry
        if entry.state in OPEN and (_waits_for_payer(story) or _will_be_told(history, story)):
            continue
        if any(_is_on_its_way(notice, history.now) for notice in story.notices):
            continue
        ended = entry.paid_at or (entry.expires if entry.state not in OPEN else None) or 0.0
        if history.now - max(story.steps[-1].at, min(ended, history.now)) >= PATIENCE:
            known = _ON_THE_BOOKS if history.gateway.keeps_the_books else _AS_LAST_SAID
            word = "state_" + entry.state.value.replace(" ", "_")
            yield _found(
                story,
                f"{known.zh}{say(word, 'zh')}。",
                f"{known.en} {say(word, 'en')}.",
                story.own[-1],
            )


def _found(story: OrderHistory, zh: str, en: str, *steps: HistoryStep) -> Found:
    numbers = dict.fromkeys(step.number for step in steps)
    return Found(story.entry.out_trade_no, Text(zh=zh, en=en), tuple(numbers))


def _charged_after(history: History, story: OrderHistory, number: int) -> HistoryStep | None:
    """Return the next payment by the same program that may be for the same purchase."""
    if story.placed is None:
        return None
    first = story.entry
    others = history.charges[purchase(first), story.placed.caller]
    for other in others[bisect_right(others, number, key=_placed_at) :]:
        if other.entry is not first and other.entry.created >= first.created:
            return other.placed if other.entry.created - first.created <= SAME_CUSTOMER else None
    return None


def _placed_at(story: OrderHistory) -> int:
    return story.placed.number if story.placed else 0


def _waits_for_payer(story: OrderHistory) -> bool:
    """Tell whether "in progress" only means that the payer has not scanned the code yet."""
    return not story.entry.cpm and not story.calls(*CANCELS)


def _is_on_its_way(notice: Notice, now: float) -> bool:
    """Tell whether a fault delays a notification."""
    kept_back = all(attempt.fault for attempt in notice.attempts)
    return notice.due is not None and notice.due > now and kept_back


def _will_be_told(history: History, story: OrderHistory) -> bool:
    """Tell whether a notification will say when the order is paid."""
    entry = story.entry
    merchant = history.gateway.merchants.find(entry.app_code)
    return bool(entry.notify_url or (merchant and merchant.notify_url) or history.notify_url)


def _knew_paid(story: OrderHistory, cancel: HistoryStep) -> list[HistoryStep]:
    """Return the step whose answer said "paid" before a cancel, if it was the last answer."""
    earlier = [step for step in story.steps if step.number < cancel.number]
    words = [
        step
        for step in earlier
        if step.caller == cancel.caller and step.result in ("paid", "over", "progress", "placed")
    ]
    return words[-1:] if words and words[-1].result == "paid" else []
