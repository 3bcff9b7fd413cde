"""The report: each rule has a run that breaks it and one that keeps it."""

from __future__ import annotations

import contextlib
import json

import pytest

from qftools import Policy, cancel
from qftools.errors import QFPayError
from qftools.sandbox.report.report import GRADES, rules
from qftools.sandbox.report.rules import FINDERS

SHOP = "http://shop.localhost/notify"
QR = {"pay_type": "800101", "txcurrcd": "HKD"}  # Alipay, the payer scans: reversal
CODE = {"pay_type": "800208", "txcurrcd": "HKD"}  # WeChat Pay, the shop scans: reversal
WECHAT_QR = {"pay_type": "800201", "txcurrcd": "HKD"}  # close
TYPING, LATER_PAID = 77002, 77003


def scanned(client, txamt=2500, serial=1, **more):
    """Charge a payer's code; returns the order even where the answer is no plain success."""
    code = f"13467627535420{serial:04d}"
    return client.pay(**(CODE | {"auth_code": code, "txamt": txamt} | more))


@contextlib.contextmanager
def whatever_comes():
    with contextlib.suppress(QFPayError):
        yield


def broken(sandbox):
    return sandbox.report().broken()


def evidence(sandbox, rule):
    return [item.found for item in sandbox.report().findings if item.rule.id == rule]


# -- the table ----------------------------------------------------------------------------


def test_every_rule_has_a_finder_and_every_finder_a_rule():
    assert set(rules()) == set(FINDERS)


@pytest.mark.parametrize("rule", rules().values(), ids=lambda rule: rule.id)
def test_a_rule_says_what_why_and_what_instead_in_both_languages_with_its_source(rule):
    texts = [text for name in ("title", "why", "advice") for text in [getattr(rule, name)]]

    assert all(text.zh and text.en for text in texts)
    assert rule.source
    assert rule.grade in GRADES


def test_nothing_done_is_nothing_wrong(sandbox):
    report = sandbox.report()

    assert (report.grade, report.findings) == ("clean", ())


# -- the flow of qftools keeps every rule ----------------------------------------------------


@pytest.mark.parametrize("number", [2500, 77005, 77011, 77013, 77015, 77018, 77019, 77023, 77024])
@pytest.mark.parametrize("kind", [QR, WECHAT_QR], ids=["alipay", "wechat"])
def test_a_cancel_by_qftools_is_clean_whatever_the_wallet_does(sandbox, client, number, kind):
    order = client.pay(**kind, txamt=number)

    outcome = cancel(client, order)
    sandbox.clock.advance(3600)

    assert outcome.verdict in ("CANCELLED", "PAID")
    assert broken(sandbox) == ()


def test_a_cancel_by_qftools_through_lost_replies_is_clean(sandbox, client):
    order = client.pay(**QR, txamt=2500)

    with sandbox.fault("reply lost", times=2), sandbox.fault("429", after=3):
        cancel(client, order)

    assert broken(sandbox) == ()


# -- cancelled without looking first -----------------------------------------------------------


def test_a_cancel_without_a_query_is_found(sandbox, client):
    order = client.pay(**QR, txamt=2500)

    client.reverse(order)

    (found,) = evidence(sandbox, "cancelled-unseen")
    assert (found.order, found.exchanges) == (order.out_trade_no, (2,))


def test_a_query_whose_answer_was_lost_is_no_look(sandbox, client):
    order = client.pay(**QR, txamt=2500)
    with sandbox.fault("reply lost", on="query", times=None), whatever_comes():
        client.query(order)

    client.reverse(order)

    assert "cancelled-unseen" in broken(sandbox)


def test_a_cancel_after_a_query_is_not(sandbox, client):
    order = client.pay(**QR, txamt=2500)
    client.query(order)

    client.reverse(order)

    assert "cancelled-unseen" not in broken(sandbox)


# -- in progress is not failed -----------------------------------------------------------------


def test_a_new_number_after_1143_is_both_a_misreading_and_a_second_charge(sandbox, client):
    scanned(client, TYPING)

    scanned(client, TYPING, serial=2)

    found = evidence(sandbox, "progress-taken-for-failure")
    assert found[0].exchanges == (1, 2)
    assert evidence(sandbox, "charged-again")[0].exchanges == (1, 2)
    assert sandbox.report().grade == "danger"


def test_giving_up_on_1143_is_found_when_patience_would_have_ended(sandbox, client):
    order = scanned(client, TYPING)
    client.query(order)
    at_once = broken(sandbox)

    sandbox.clock.advance(120)

    assert at_once == ()
    assert broken(sandbox) == ("progress-taken-for-failure",)


def test_asking_on_until_it_is_paid_is_right(sandbox, client):
    order = scanned(client, LATER_PAID)
    for _ in range(2):
        sandbox.clock.advance(2)
        client.query(order)

    scanned(client, LATER_PAID, serial=2)

    assert "progress-taken-for-failure" not in {
        item.rule.id for item in sandbox.report().findings if item.found.order == order.out_trade_no
    }


# -- charged again ---------------------------------------------------------------------------


def test_a_new_number_after_a_lost_reply_is_a_second_charge(sandbox, client):
    with sandbox.fault("reply lost", on="payment"), whatever_comes():
        scanned(client)

    scanned(client, serial=2)

    (found,) = evidence(sandbox, "charged-again")
    assert found.exchanges == (1, 2)
    assert [order.paid for order in sandbox.orders()] == [2500, 2500]


def test_another_wallet_while_the_first_code_can_still_be_paid_is_a_second_charge(sandbox, client):
    client.pay(**QR, txamt=2500)

    client.pay(**WECHAT_QR, txamt=2500)

    assert "charged-again" in broken(sandbox)


def test_a_new_number_after_the_first_was_cancelled_is_right(sandbox, client):
    cancel(client, client.pay(**QR, txamt=2500))

    client.pay(**WECHAT_QR, txamt=2500)

    assert "charged-again" not in broken(sandbox)


def test_two_customers_who_buy_the_same_are_no_second_charge(sandbox, client):
    first = client.pay(**QR, txamt=2500)
    second = client.pay(**QR, txamt=2500)

    for order in (first, second):
        sandbox.payer(order).pay()
        client.query(order)

    assert broken(sandbox) == ()


def test_orders_that_wait_for_their_notification_are_no_second_charge(sandbox, client):
    client.pay(**QR, txamt=2500, notify_url=SHOP)

    client.pay(**QR, txamt=2500, notify_url=SHOP)

    assert broken(sandbox) == ()


# -- cancelled what is paid ------------------------------------------------------------------


def test_a_cancel_of_an_order_that_was_known_to_be_paid_is_found(sandbox, client):
    order = client.pay(**QR, txamt=2500)
    sandbox.payer(order).pay()
    client.query(order)

    with whatever_comes():
        client.reverse(order)

    (found,) = evidence(sandbox, "cancelled-paid")
    assert found.exchanges == (2, 3)


def test_a_cancel_that_the_payer_outran_is_not(sandbox, client):
    order = client.pay(**QR, txamt=77005)

    cancel(client, order)

    assert sandbox.order(order).state == "paid"
    assert broken(sandbox) == ()


def test_a_refund_of_a_paid_order_is_right(sandbox, client):
    order = client.pay(**QR, txamt=2500)
    sandbox.payer(order).pay()
    client.query(order)

    client.refund(order, txamt=2500)

    assert broken(sandbox) == ()


# -- the right endpoint ---------------------------------------------------------------------


def test_a_reversal_of_a_wechat_code_to_scan_is_the_wrong_endpoint(sandbox, client):
    order = client.pay(**WECHAT_QR, txamt=2500)
    client.query(order)

    with whatever_comes():
        client.reverse(order)

    (found,) = evidence(sandbox, "wrong-endpoint")
    assert found.detail.en == "800201 was sent to reversal; close is right."


def test_a_cancel_of_what_cannot_be_cancelled_is_the_wrong_endpoint(sandbox, client):
    order = client.pay(pay_type="802001", txamt=2500, txcurrcd="HKD")
    client.query(order)

    with whatever_comes():
        client.close(order)

    assert evidence(sandbox, "wrong-endpoint")[0].detail.en == "802001 can't be cancelled."


def test_a_close_of_a_wechat_code_to_scan_is_right(sandbox, client):
    order = client.pay(**WECHAT_QR, txamt=2500)
    client.query(order)

    client.close(order)

    assert "wrong-endpoint" not in broken(sandbox)


# -- the same order, the same values ------------------------------------------------------------


def reversal(client, order, **other):
    values = {"out_trade_no": order.out_trade_no, "txamt": order.txamt, "txdtm": order.txdtm}
    return client.call("reversal", values | other)


@pytest.mark.parametrize(
    ("other", "rule"),
    [
        ({"txamt": 2200}, "amount-changed"),
        ({"txdtm": "2026-01-05 09:00:00"}, "time-changed"),
    ],
)
def test_another_value_in_the_cancel_than_in_the_payment_is_found(sandbox, client, other, rule):
    order = client.pay(**QR, txamt=2500)
    client.query(order)

    reversal(client, order, **other)

    assert broken(sandbox)[0] == rule


def test_the_same_values_in_the_cancel_are_right(sandbox, client):
    order = client.pay(**QR, txamt=2500)
    client.query(order)

    reversal(client, order)

    assert {"amount-changed", "time-changed"}.isdisjoint(broken(sandbox))


# -- how often ------------------------------------------------------------------------------


def test_four_queries_within_two_seconds_are_too_fast(sandbox, client):
    order = client.pay(**QR, txamt=2500)

    for _ in range(4):
        client.query(order)
        sandbox.clock.advance(0.5)

    assert evidence(sandbox, "polled-too-fast")[0].exchanges == (2, 3, 4, 5)


def test_a_query_every_two_seconds_is_right(sandbox, client):
    order = client.pay(**QR, txamt=2500)

    for _ in range(10):
        sandbox.clock.advance(2)
        client.query(order)

    assert "polled-too-fast" not in broken(sandbox)


def test_more_than_the_published_limit_in_a_minute_is_too_fast(sandbox, client):
    for _ in range(401):
        client.query(out_trade_no="none")

    assert evidence(sandbox, "polled-too-fast")[0].exchanges == (1, 401)


def test_going_on_at_once_after_429_is_found(sandbox, client):
    order = client.pay(**QR, txamt=2500)
    asked = {"out_trade_no": order.out_trade_no}
    with sandbox.fault("429", on="query"), whatever_comes():
        client.call("query", asked)

    client.call("query", asked)

    assert evidence(sandbox, "ignored-429")[0].exchanges == (2, 3)


def test_the_client_of_qftools_waits_after_429(sandbox, client):
    order = client.pay(**QR, txamt=2500)
    with sandbox.fault("429", on="query"):
        client.query(order)  # waits, and asks again

    assert "ignored-429" not in broken(sandbox)


# -- the time ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("txdtm", "more", "off"),
    [
        ("2026-01-05 02:00:00", {}, "-8 hours"),
        ("2026-01-05 11:00:10", {}, "+1 hours"),
        ("2026-01-05 10:00:00", {"txzone": "+0900"}, "-1 hours"),
    ],
)
def test_a_time_of_another_zone_is_found(sandbox, client, txdtm, more, off):
    client.pay(**QR, txamt=2500, txdtm=txdtm, **more)

    assert off in evidence(sandbox, "wrong-zone")[0].detail.en


@pytest.mark.parametrize(
    ("txdtm", "more"),
    [
        ("2026-01-05 10:00:00", {}),
        ("2026-01-05 09:57:00", {}),
        ("2026-01-05 02:00:00", {"txzone": "+0000"}),
        ("2020-03-05 16:50:30", {}),
    ],
)
def test_beijing_time_a_named_zone_and_an_old_sample_are_right(sandbox, client, txdtm, more):
    client.pay(**QR, txamt=2500, txdtm=txdtm, **more)

    assert "wrong-zone" not in broken(sandbox)


# -- numbers ------------------------------------------------------------------------------------


def test_a_number_used_twice_is_found(sandbox, client):
    client.pay(**QR, txamt=2500, out_trade_no="T1")

    with whatever_comes():
        client.pay(**QR, txamt=2500, out_trade_no="T1")

    assert evidence(sandbox, "reused-number")[0].exchanges == (2,)


def test_new_numbers_are_right(sandbox, client):
    client.pay(**QR, txamt=2500, out_trade_no="T1")
    client.pay(**QR, txamt=2600, out_trade_no="T2")

    assert "reused-number" not in broken(sandbox)


# -- notifications ------------------------------------------------------------------------------


def notified(sandbox, client, *answers):
    left = list(answers)
    sandbox.notifications.receive(SHOP, lambda headers, body: left.pop(0))
    order = client.pay(**QR, txamt=2500, notify_url=SHOP)
    sandbox.payer(order).pay()
    return order


@pytest.mark.parametrize("answer", [(200, b"OK"), (200, b""), (500, b"SUCCESS"), (302, b"")])
def test_a_notification_answered_with_anything_else_is_found(sandbox, client, answer):
    order = notified(sandbox, client, answer)

    (found,) = evidence(sandbox, "notification-refused")
    assert (found.order, found.notices) == (order.out_trade_no, (1,))


@pytest.mark.parametrize("fault", ["tampered", "wrong signature"])
def test_a_forged_notification_that_is_believed_is_found(sandbox, client, fault):
    with sandbox.fault(fault, on="notification"):
        notified(sandbox, client, (200, b"SUCCESS"))

    assert evidence(sandbox, "notification-unchecked")[0].notices == (1,)
    assert sandbox.report().grade == "danger"


def test_refusing_the_forged_and_taking_the_good_one_is_right(sandbox, client):
    with sandbox.fault("tampered", on="notification"):
        notified(sandbox, client, (403, b""), (200, b"SUCCESS"))

    sandbox.clock.advance(120)

    assert broken(sandbox) == ()


# -- signatures ------------------------------------------------------------------------------------


def test_a_wrong_signature_is_found(sandbox):
    stranger = sandbox.client(
        credentials=type(sandbox.credentials)(sandbox.credentials.app_code, "no key here")
    )

    with whatever_comes():
        stranger.query(out_trade_no="T1")

    assert evidence(sandbox, "signature-wrong")[0].exchanges == (1,)


def test_a_right_one_is_not(sandbox, client):
    client.query(out_trade_no="T1")

    assert broken(sandbox) == ()


# -- every order has an end ---------------------------------------------------------------------


def test_an_order_nobody_asked_about_again_is_found(sandbox, client):
    order = client.pay(**QR, txamt=2500)
    sandbox.payer(order).pay()

    sandbox.clock.advance(120)

    (found,) = evidence(sandbox, "never-resolved")
    assert (found.order, found.detail.en) == (order.out_trade_no, "On the books it is paid.")


def test_a_lost_reply_that_nobody_followed_is_found(sandbox, client):
    with sandbox.fault("reply lost", on="payment"), whatever_comes():
        scanned(client)

    sandbox.clock.advance(120)

    assert broken(sandbox) == ("never-resolved",)


@pytest.mark.parametrize("how", ["query", "notification"])
def test_an_order_whose_end_was_learned_is_right(sandbox, client, how):
    if how == "query":
        order = client.pay(**QR, txamt=2500)
        sandbox.payer(order).pay()
        client.query(order)
    else:
        notified(sandbox, client, (200, b"SUCCESS"))

    sandbox.clock.advance(3600)

    assert broken(sandbox) == ()


def test_an_unresolved_cancel_of_qftools_that_is_resumed_later_is_right(sandbox, client):
    order = client.pay(**QR, txamt=77013)
    cancel(client, order, policy=Policy(confirm_tries=1))

    sandbox.clock.advance(60)
    cancel(client, order)
    sandbox.clock.advance(3600)

    assert broken(sandbox) == ()


# -- the report as a whole ------------------------------------------------------------------------


def test_the_gravest_comes_first_and_gives_the_grade(sandbox, client):
    client.pay(**QR, txamt=2500, txdtm="2026-01-05 02:00:00")
    scanned(client, TYPING)
    scanned(client, TYPING, serial=2)

    grades = [item.rule.grade for item in sandbox.report().findings]

    assert grades == sorted(grades, key=GRADES.index)
    assert sandbox.report().grade == "danger"


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_it_can_be_read_as_text_and_as_json(sandbox, client, lang):
    client.reverse(client.pay(**QR, txamt=2500))
    report = sandbox.report()

    rule = rules()["cancelled-unseen"]
    assert rule.title.say(lang) in report.say(lang)
    assert rule.advice.say(lang) in report.say(lang)
    assert json.loads(json.dumps(report.to_dict()))["findings"][0]["rule"] == rule.id


def test_exchanges_that_are_kept_no_more_are_counted(sandbox, client):
    sandbox._gateway.log.limit = 20
    for _ in range(21):
        client.query(out_trade_no="none")
        sandbox.clock.advance(5)

    assert sandbox.report().forgotten == 1
