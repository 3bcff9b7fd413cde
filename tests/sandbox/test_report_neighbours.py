"""The report accuses a program by its own calls about that order: innocent neighbours.

For each rule: what is found where one program does it, and not where the same evidence comes from
another program, another merchant's order, another order, or the sandbox's own controls.
"""

from __future__ import annotations

import contextlib
import sys

import pytest
import requests

from qftools import Credentials
from qftools.errors import QFPayError
from qftools.sandbox import Sandbox
from qftools.sandbox.gateway.merchants import Merchant
from tests.sandbox.doors import RequestsDoor

SHOP = "http://shop.localhost/notify"
QR = {"pay_type": "800101", "txcurrcd": "HKD"}  # Alipay, the payer scans: reversal
WECHAT_QR = {"pay_type": "800201", "txcurrcd": "HKD"}  # close
CODE = {"pay_type": "800208", "txcurrcd": "HKD"}  # WeChat Pay, the shop scans
TYPING = 77002
NOW = "2026-01-05 10:00:00"
OTHER = Credentials("B" * 32, "C" * 32)


@pytest.fixture
def onlooker(sandbox):
    """Another program with the same credentials: a support tool, a second till."""
    door = RequestsDoor(sandbox, serve=False)
    yield door
    door._session.close()


@pytest.fixture
def neighbour(sandbox):
    """Another merchant's program."""
    sandbox._gateway.merchants.add(Merchant(OTHER.app_code, OTHER.client_key))
    return sandbox.client(credentials=OTHER)


def scanned(client, txamt=2500, serial=1, **more):
    code = f"13467627535420{serial:04d}"
    return client.pay(**(CODE | {"auth_code": code, "txamt": txamt} | more))


def look(onlooker, order):
    return onlooker.query(out_trade_no=order.out_trade_no)


@contextlib.contextmanager
def whatever_comes():
    with contextlib.suppress(QFPayError):
        yield


def broken(sandbox):
    return set(sandbox.report().broken())


# -- in progress is not failed, and the same amount is not the same purchase --------------


@pytest.mark.parametrize("told_where", [{"notify_url": SHOP}, {}], ids=["named", "not named"])
@pytest.mark.parametrize("seconds", [1, 119, 121, 1_000])
def test_a_qr_order_that_waits_is_nobodys_misreading_because_another_program_asked(
    sandbox, client, onlooker, told_where, seconds
):
    order = client.pay(**QR, txamt=2500, **told_where)

    look(onlooker, order)
    sandbox.clock.advance(seconds)

    assert broken(sandbox) == set()


def test_customers_who_buy_the_same_while_their_notifications_are_awaited_are_innocent(
    sandbox, client, onlooker
):
    first = client.pay(**QR, txamt=2500, notify_url=SHOP)
    look(onlooker, first)

    client.pay(**QR, txamt=2500, notify_url=SHOP)
    sandbox.clock.advance(300)

    assert broken(sandbox) == set()


def test_a_scanned_order_in_progress_is_a_misreading_by_the_program_that_was_told(
    sandbox, client, onlooker
):
    order = scanned(client, TYPING)
    sandbox.clock.advance(121)
    guilty = broken(sandbox)

    look(onlooker, order)  # it may belong together: it excuses for a while

    assert guilty == {"progress-taken-for-failure"}
    assert broken(sandbox) == set()


def test_a_lost_reply_does_not_become_1143_because_another_program_asked(sandbox, client, onlooker):
    with sandbox.fault("reply lost", on="payment"), whatever_comes():
        scanned(client, TYPING)
    onlooker.query(out_trade_no=sandbox.orders()[0].out_trade_no)

    sandbox.clock.advance(121)

    assert broken(sandbox) == {"never-resolved"}


@pytest.mark.parametrize("what", ["program", "merchant", "goods", "till"])
def test_the_same_amount_from_elsewhere_is_no_second_charge(
    sandbox, client, onlooker, neighbour, what
):
    client.pay(**QR, txamt=2500, goods_name="tea", udid="till 1")

    {
        "program": lambda: onlooker.pay(goods_name="tea", udid="till 1"),
        "merchant": lambda: neighbour.pay(**QR, txamt=2500, goods_name="tea", udid="till 1"),
        "goods": lambda: client.pay(**QR, txamt=2500, goods_name="cake", udid="till 1"),
        "till": lambda: client.pay(**QR, txamt=2500, goods_name="tea", udid="till 2"),
    }[what]()

    assert "charged-again" not in broken(sandbox)


def test_the_same_amount_for_the_same_goods_at_the_same_till_is_a_second_charge(sandbox, client):
    client.pay(**QR, txamt=2500, goods_name="tea", udid="till 1")

    client.pay(**QR, txamt=2500, goods_name="tea", udid="till 1")

    assert "charged-again" in broken(sandbox)


# -- cancels ------------------------------------------------------------------------------


def test_a_cancel_of_a_namesake_accuses_the_merchant_whose_order_it_is(sandbox, client, neighbour):
    mine = client.pay(**QR, txamt=2500, out_trade_no="T1")
    theirs = neighbour.pay(**QR, txamt=9900, out_trade_no="T1")
    client.query(mine)

    client.call(
        "reversal", {"out_trade_no": "T1", "txamt": mine.txamt, "txdtm": "2026-01-05 10:00:00"}
    )

    assert theirs.txamt != mine.txamt
    assert broken(sandbox) == set()


def test_another_merchants_query_of_the_same_number_is_no_look(sandbox, client, neighbour):
    order = client.pay(**QR, txamt=2500, out_trade_no="T1")
    neighbour.query(out_trade_no="T1")

    client.reverse(order)

    assert "cancelled-unseen" in broken(sandbox)


def test_another_programs_query_may_have_been_the_look(sandbox, client, onlooker):
    order = client.pay(**QR, txamt=2500)
    look(onlooker, order)

    client.reverse(order)

    assert "cancelled-unseen" not in broken(sandbox)


@pytest.mark.parametrize("rows", [1, 60])
def test_a_look_at_a_long_list_is_a_look(sandbox, client, rows):
    orders = [client.pay(**QR, txamt=2500 + row) for row in range(rows)]
    client.call("query", {"page_size": "100"})

    client.reverse(orders[0])  # the oldest: last in the list

    assert "cancelled-unseen" not in broken(sandbox)


def test_a_look_that_is_kept_no_more_is_not_taken_for_none(sandbox, client):
    sandbox._gateway.log.limit = 50
    order = client.pay(**QR, txamt=2500)
    client.query(order)
    for _ in range(50):
        sandbox.clock.advance(0.5)
        client.query(out_trade_no="none")

    client.reverse(order)

    assert sandbox.report().forgotten
    assert "cancelled-unseen" not in broken(sandbox)


def test_what_only_another_program_was_told_was_not_known_to_the_one_that_cancelled(
    sandbox, client, onlooker
):
    order = client.pay(**QR, txamt=2500)
    client.query(order)
    sandbox.payer(order).pay()
    look(onlooker, order)

    with whatever_comes():
        client.reverse(order)

    assert "cancelled-paid" not in broken(sandbox)


def test_a_cancel_by_the_route_that_held_then_is_right_when_another_edition_is_chosen_later(
    sandbox, client
):
    order = client.pay(**WECHAT_QR, txamt=2500)
    client.query(order)
    client.close(order)

    sandbox._gateway.settings.set("cancel_routes", "docs-2026-02")

    assert "wrong-endpoint" not in broken(sandbox)


def test_a_cancel_that_names_two_orders_has_changed_the_amount_and_time_of_neither(sandbox, client):
    first = client.pay(**QR, txamt=2500)
    sandbox.clock.advance(60)
    second = client.pay(**QR, txamt=2600)
    for order in (first, second):
        client.query(order)

    answer = client.call(
        "reversal",
        {
            "syssn": first.syssn,
            "out_trade_no": second.out_trade_no,
            "txamt": first.txamt,
            "txdtm": first.txdtm,
        },
    )

    assert answer.respcd == "1267"
    assert {"amount-changed", "time-changed"}.isdisjoint(broken(sandbox))


@pytest.mark.parametrize(("sent", "guilty"), [("02500", False), ("2501", True)])
def test_an_amount_is_compared_as_a_number(sandbox, onlooker, sent, guilty):
    order = onlooker.pay()
    onlooker.look(order)

    onlooker.cancel("reversal", order, txamt=sent)

    assert ("amount-changed" in broken(sandbox)) is guilty


# -- how often ----------------------------------------------------------------------------


def test_two_programs_that_ask_twice_each_are_not_one_that_asks_four_times(
    sandbox, client, onlooker
):
    order = client.pay(**QR, txamt=2500)

    for _ in range(2):
        client.query(order)
        look(onlooker, order)

    assert "polled-too-fast" not in broken(sandbox)


def test_four_lists_of_a_month_are_not_four_questions_about_one_order(sandbox, client):
    client.pay(**QR, txamt=2500)

    for _ in range(4):
        client.call("query", {"page_size": "100"})

    assert "polled-too-fast" not in broken(sandbox)


def test_the_calls_of_two_programs_are_counted_apart(sandbox, client, onlooker):
    for _ in range(201):
        client.query(out_trade_no="none")
        onlooker.query(out_trade_no="none")

    assert "polled-too-fast" not in broken(sandbox)


def test_another_programs_call_after_a_429_is_not_the_one_that_went_on(sandbox, client, onlooker):
    with sandbox.fault("429", on="query"), whatever_comes():
        client.call("query", {"out_trade_no": "T1"})

    onlooker.query(out_trade_no="T1")
    innocent = broken(sandbox)
    client.call("query", {"out_trade_no": "T1"})

    assert "ignored-429" not in innocent
    assert "ignored-429" in broken(sandbox)


# -- time, numbers, methods, signatures ---------------------------------------------------


@pytest.mark.parametrize(("ahead", "zone_off", "guilty"), [(3_600, 1, False), (0, 1, True)])
def test_a_clock_that_was_put_forward_is_not_the_programs_zone(ahead, zone_off, guilty):
    with Sandbox(clock="real") as sandbox:
        behind = sandbox.clock.now() - zone_off * 3_600
        sandbox.clock.advance(ahead)
        stamp = sandbox.client(clock=lambda: behind + (0 if guilty else 3_600)).pay
        stamp(**QR, txamt=2500)

        assert ("wrong-zone" in broken(sandbox)) is guilty


def test_a_number_that_another_program_used_was_not_used_twice_by_this_one(
    sandbox, client, onlooker
):
    onlooker.pay(out_trade_no="T1")

    with whatever_comes():
        client.pay(**QR, txamt=2500, out_trade_no="T1")
    innocent = broken(sandbox)
    with whatever_comes():
        client.pay(**QR, txamt=2500, out_trade_no="T1")

    assert "reused-number" not in innocent
    assert "reused-number" in broken(sandbox)


def test_a_refund_under_the_number_of_its_payment_uses_it_twice(sandbox, client, onlooker):
    paid = client.pay(**QR, txamt=77001, out_trade_no="T1")

    onlooker.call("refund", {"out_trade_no": "T1", "syssn": paid.syssn, "txamt": "1", "txdtm": NOW})

    assert "reused-number" in broken(sandbox)


@pytest.mark.parametrize(
    ("endpoint", "method", "noted"),
    [
        ("query", "GET", True),
        ("query", "POST", False),
        ("reversal", "GET", False),
        ("close", "GET", False),
    ],
)
@pytest.mark.parametrize("allowed", ["on", "documented", "off"])
def test_a_get_is_noted_where_every_source_says_post(endpoint, method, noted, allowed):
    with Sandbox(allow_get=allowed) as sandbox:
        door = RequestsDoor(sandbox, serve=False)
        order = {"out_trade_no": "T1", "txamt": "1", "txdtm": "2026-01-05 10:00:00"}
        answer = door.call(endpoint, order, method=method)
        refused = answer.status == 405
        notes = [item for item in sandbox.report().findings if item.rule.id == "get-not-documented"]

        assert [note.found.exchanges for note in notes] == ([(1,)] if noted else [])
        assert refused is (method == "GET" and (allowed == "off" or (noted and allowed != "on")))
        door._session.close()


def test_a_browser_that_opens_the_address_is_no_integration(sandbox):
    with requests.Session() as browser:
        browser.trust_env = False
        browser.mount("http://", sandbox._adapter())
        browser.get(f"{sandbox.url}/trade/v1/query")

    assert broken(sandbox) == set()


def test_a_call_without_a_right_signature_is_found_and_speaks_for_no_order(sandbox, client):
    order = client.pay(**QR, txamt=2500)
    stranger = sandbox.client(credentials=Credentials("D" * 32, "E" * 32))

    with whatever_comes():
        stranger.query(order)

    (found,) = sandbox.report().findings
    assert (found.rule.id, found.found.order) == ("signature-wrong", "")


# -- notifications, and every order's end -------------------------------------------------


def test_the_program_that_takes_the_forged_one_is_found_by_its_own_notification(sandbox, client):
    sandbox.notifications.receive(SHOP, lambda headers, body: (200, b"SUCCESS"))
    forged = client.pay(**QR, txamt=2500, notify_url=SHOP)
    good = client.pay(**QR, txamt=2600, notify_url=SHOP)
    with sandbox.fault("tampered", on="notification", order=forged):
        for order in (forged, good):
            sandbox.payer(order).pay()

    found = [item for item in sandbox.report().findings if item.rule.id == "notification-unchecked"]

    assert [item.found.order for item in found] == [forged.out_trade_no]


def test_an_answer_to_one_notification_says_nothing_of_another(sandbox, client):
    answers = iter([(500, b""), (200, b"SUCCESS")])
    sandbox.notifications.receive(SHOP, lambda headers, body: next(answers))
    refused = client.pay(**QR, txamt=2500, notify_url=SHOP)
    taken = client.pay(**QR, txamt=2600, notify_url=SHOP)
    for order in (refused, taken):
        sandbox.payer(order).pay()

    found = [item for item in sandbox.report().findings if item.rule.id == "notification-refused"]

    assert [item.found.order for item in found] == [refused.out_trade_no]


@pytest.mark.parametrize("fault", ["late", "lost"])
def test_an_order_whose_notification_the_sandbox_holds_back_is_not_yet_forgotten(
    sandbox, client, fault
):
    sandbox.notifications.receive(SHOP, lambda headers, body: (200, b"SUCCESS"))
    order = client.pay(**QR, txamt=2500, notify_url=SHOP)
    with sandbox.fault(fault, on="notification", seconds=600 if fault == "late" else None):
        sandbox.payer(order).pay()

    sandbox.clock.advance(119)
    sandbox.clock.advance(0.5)

    assert broken(sandbox) == set()


def test_an_order_that_nobody_scanned_is_unresolved_only_when_its_time_is_over(sandbox, client):
    client.pay(**QR, txamt=2500)

    sandbox.clock.advance(1_700)
    waiting = broken(sandbox)
    sandbox.clock.advance(300)

    assert waiting == set()
    assert broken(sandbox) == {"never-resolved"}


def test_an_end_that_another_merchant_was_told_of_its_namesake_is_not_this_ones(
    sandbox, client, neighbour
):
    order = client.pay(**QR, txamt=2500, out_trade_no="T1")
    sandbox.payer(order).pay()
    neighbour.query(out_trade_no="T1")

    sandbox.clock.advance(200)

    assert broken(sandbox) == {"never-resolved"}


# -- the control API ----------------------------------------------------------------------


def test_what_was_told_before_a_restore_is_no_evidence_of_what_was_known_after_it(sandbox, client):
    order = client.pay(**QR, txamt=2500)
    waiting = sandbox._keeping.snapshot()
    sandbox.payer(order).pay()
    client.query(order)
    sandbox._keeping.restore(waiting)

    client.reverse(order)

    assert sandbox.order(order).state == "cancelled"
    assert broken(sandbox) == set()


# -- while it is served -------------------------------------------------------------------


def test_a_page_that_asks_again_and_again_gets_the_report_of_many_exchanges_aside(sandbox, client):
    url = sandbox.serve()
    for _ in range(250):
        client.query(out_trade_no="none")

    states = [requests.get(f"{url}/sandbox/stream", timeout=20).json()]
    while states[-1]["seen"].endswith("~"):
        states.append(
            requests.get(
                f"{url}/sandbox/stream", params={"seen": states[-1]["seen"]}, timeout=20
            ).json()
        )

    assert states[0]["seen"].endswith("~")
    assert states[0]["report"]["exchanges"] == 0
    assert states[-1]["report"] == sandbox.report().summary()
    assert states[-1]["report"]["exchanges"] == 250


def test_many_orders_of_one_price_are_judged_in_time_that_grows_with_their_number(sandbox, client):
    looked = 0

    def count(frame, event, argument):
        nonlocal looked
        looked += event == "call"

    def work(orders):
        nonlocal looked
        for _ in range(orders):
            client.pay(**QR, txamt=2500)
        looked = 0
        sys.setprofile(count)
        try:
            sandbox.report()
        finally:
            sys.setprofile(None)
        return looked

    of_200, of_800 = work(200), work(600)

    assert of_800 < 8 * of_200  # four times as many; pair by pair it would be sixteen times
