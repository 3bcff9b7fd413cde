"""The table of rules with the function that finds where each one was broken, and the judgement."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

from qftools.sandbox.report import call_rules, order_rules
from qftools.sandbox.report.history import History
from qftools.sandbox.report.report import Finding, Found, Report, rules

Finder = Callable[[History], Iterator[Found]]
MOST_OF_ONE_RULE = 50


def polled_too_fast(history: History) -> Iterator[Found]:
    """Many queries about one order at once, or more calls than the published limit."""
    yield from order_rules.polled_too_fast(history)
    yield from call_rules.above_the_limit(history)


FINDERS: dict[str, Finder] = {
    "cancelled-unseen": order_rules.cancelled_unseen,
    "progress-taken-for-failure": order_rules.progress_taken_for_failure,
    "charged-again": order_rules.charged_again,
    "captured-again": order_rules.captured_again,
    "cancelled-paid": order_rules.cancelled_paid,
    "wrong-endpoint": order_rules.wrong_endpoint,
    "amount-changed": order_rules.amount_changed,
    "time-changed": order_rules.time_changed,
    "polled-too-fast": polled_too_fast,
    "ignored-429": call_rules.ignored_429,
    "wrong-zone": order_rules.wrong_zone,
    "reused-number": call_rules.reused_number,
    "get-not-documented": call_rules.get_not_documented,
    "notification-refused": call_rules.notification_refused,
    "notification-unchecked": call_rules.notification_unchecked,
    "signature-wrong": call_rules.signature_wrong,
    "request-refused": call_rules.request_refused,
    "never-resolved": order_rules.never_resolved,
}


def judge(history: History) -> Report:
    """Check a history against every rule."""
    findings = [
        Finding(rule, found)
        for rule in rules().values()
        for found in islice(FINDERS[rule.id](history), MOST_OF_ONE_RULE)
    ]
    return Report(tuple(findings), len(history.exchanges), history.forgotten)
