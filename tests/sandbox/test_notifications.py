"""Notifications: the bytes, the waits, the deliveries, and what may go wrong with them."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from qftools.errors import SandboxError
from qftools.sandbox import Sandbox
from qftools.sandbox.notifications import post
from qftools.sandbox.notifications.notices import SCHEDULES
from qftools.sandbox.sandbox import CLIENT_KEY
from qftools.signing import verify_body
from tests.sandbox.receiving import Receiver

SHOP = "http://shop.localhost/notify"
ORDER: dict[str, Any] = {"pay_type": "800101", "txamt": 2500, "txcurrcd": "HKD"}


class Shop:
    """A receiver in process that answers as it is told and keeps what came."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.came = []

    def __call__(self, headers, body):
        self.came.append((dict(headers), body))
        return self.answers.pop(0) if self.answers else (200, b"SUCCESS")

    @property
    def fields(self):
        return [json.loads(body) for _, body in self.came]


def shop_at(sandbox, *answers):
    shop = Shop(*answers)
    sandbox.notifications.receive(SHOP, shop)
    return shop


def paid_order(sandbox, **more):
    order = sandbox.client().pay(**(ORDER | {"notify_url": SHOP} | more))
    sandbox.payer(order).pay()
    return order


def test_a_payment_is_notified_with_the_published_keys_in_the_published_order(sandbox):
    shop = shop_at(sandbox)

    order = paid_order(sandbox, goods_name="茶")

    (headers, body) = shop.came[0]
    assert ", ".join(json.loads(body)) == (
        "status, pay_type, sysdtm, paydtm, goods_name, txcurrcd, txdtm, txamt, exchange_rate, "
        "chnlsn2, out_trade_no, syssn, cash_fee_type, cancel, respcd, goods_info, cash_fee, "
        "notify_type, chnlsn, cardcd"
    )
    assert shop.fields[0]["out_trade_no"] == order.out_trade_no
    assert all(isinstance(value, str) for value in shop.fields[0].values())
    assert headers["Content-Type"] == "application/json"


def test_receivers_that_rebuild_the_body_get_the_same_bytes(sandbox):
    shop = shop_at(sandbox)

    paid_order(sandbox, goods_name="茶 & tea")

    body = shop.came[0][1]
    assert json.dumps(json.loads(body)).encode() == body
    assert b'"goods_name": "\\u8336 & tea"' in body


def test_the_signature_is_the_md5_of_the_raw_body_and_the_key(sandbox):
    shop = shop_at(sandbox)

    paid_order(sandbox)

    headers, body = shop.came[0]
    expected = hashlib.md5(body + CLIENT_KEY.encode()).hexdigest().upper()
    assert headers["X-QF-SIGN"] == expected


def test_an_agents_merchant_is_named_between_txdtm_and_txamt():
    with Sandbox(mchid="required") as sandbox:
        shop = shop_at(sandbox)
        client = sandbox.client(
            credentials=sandbox.credentials.__class__(
                sandbox.credentials.app_code, CLIENT_KEY, mchid="MNxMp11FV35qQN"
            )
        )

        sandbox.payer(client.pay(**ORDER, notify_url=SHOP)).pay()

        keys = list(shop.fields[0])
        assert keys[keys.index("txdtm") : keys.index("txamt") + 1] == ["txdtm", "mchid", "txamt"]
        assert shop.fields[0]["mchid"] == "MNxMp11FV35qQN"


def test_a_refund_is_notified_under_its_own_numbers(sandbox):
    shop = shop_at(sandbox)
    order = paid_order(sandbox)

    refund = sandbox.client().refund(order, txamt=500)

    assert [fields["notify_type"] for fields in shop.fields] == ["payment", "refund"]
    assert shop.fields[1]["syssn"] == refund.body["syssn"] != order.syssn
    assert shop.fields[1]["txamt"] == "500"


def test_a_refund_that_takes_its_time_is_notified_when_it_is_done(sandbox):
    shop = shop_at(sandbox)
    order = paid_order(sandbox, txamt=77061)
    client = sandbox.client()
    client.refund(order, txamt=77061)
    before = len(shop.came)

    for _ in range(3):
        client.query(order)

    assert before == 1
    assert [fields["notify_type"] for fields in shop.fields] == ["payment", "refund"]


def test_a_cancel_is_not_notified(sandbox):
    shop = shop_at(sandbox)
    client = sandbox.client()

    client.reverse(client.pay(**ORDER, notify_url=SHOP))

    assert shop.came == []


def test_a_cancel_is_notified_where_that_is_switched_on():
    with Sandbox(notify_cancels="on") as sandbox:
        shop = shop_at(sandbox)
        client = sandbox.client()
        order = client.pay(**ORDER, notify_url=SHOP)

        client.reverse(order)

        assert [(f["notify_type"], f["syssn"]) for f in shop.fields] == [("close", order.syssn)]


@pytest.mark.parametrize("value", SCHEDULES)
def test_it_is_sent_again_on_the_schedule_until_the_schedule_is_over(value):
    with Sandbox(retry_schedule=value) as sandbox:
        shop = shop_at(sandbox, *[(200, b"OK")] * 20)
        paid_order(sandbox)

        sandbox.clock.advance(30 * 3600)

        (notice,) = sandbox.notifications
        times = [attempt.at for attempt in notice.attempts]
        gaps = tuple(later - earlier for earlier, later in zip(times, times[1:], strict=False))
        assert gaps == SCHEDULES[value]
        assert notice.state == "given up"
        assert len(shop.came) == 1 + len(SCHEDULES[value])


@pytest.mark.parametrize(
    "answer", [(200, b"success"), (200, b'{"SUCCESS": 1}'), (201, b"SUCCESS"), (500, b"SUCCESS")]
)
def test_only_200_with_the_body_success_acknowledges(sandbox, answer):
    shop = shop_at(sandbox, answer)
    paid_order(sandbox)
    first = next(iter(sandbox.notifications)).attempts[0].result

    sandbox.clock.advance(120)

    assert first == "refused"
    assert next(iter(sandbox.notifications)).state == "acknowledged"
    assert len(shop.came) == 2


def test_retries_carry_the_same_bytes(sandbox):
    shop = shop_at(sandbox, (500, b""), (500, b""))
    paid_order(sandbox)

    sandbox.clock.advance(3600)

    assert len(shop.came) == 3
    assert len({body for _, body in shop.came}) == 1


def test_an_order_without_an_address_is_kept_and_can_be_sent_later(sandbox):
    sandbox.payer(sandbox.client().pay(**ORDER)).pay()
    (notice,) = sandbox.notifications
    shop = shop_at(sandbox)

    sandbox.notifications.url = SHOP
    sandbox.notifications.again(notice.id)

    assert notice.state == "no address"
    assert len(shop.came) == 1


def test_a_receiver_may_query_while_it_is_being_notified(sandbox):
    seen = []
    client = sandbox.client()
    order = client.pay(**ORDER, notify_url=SHOP)

    def confirm(headers, body):
        seen.append(client.query(order).transaction.state)
        return 200, b"SUCCESS"

    sandbox.notifications.receive(SHOP, confirm)
    sandbox.payer(order).pay()

    assert seen == ["paid"]


# -- on demand --------------------------------------------------------------------


def test_a_late_one_comes_late(sandbox):
    shop = shop_at(sandbox)
    sandbox.fault("late", on="notification", seconds=600)
    paid_order(sandbox)
    sandbox.clock.advance(599)
    before = len(shop.came)

    sandbox.clock.advance(1)

    assert (before, len(shop.came)) == (0, 1)


def test_a_duplicated_one_comes_twice_although_it_was_acknowledged(sandbox):
    shop = shop_at(sandbox)

    with sandbox.fault("duplicated", on="notification"):
        paid_order(sandbox)

    assert len(shop.came) == 2
    assert shop.came[0] == shop.came[1]


def test_a_reordered_one_is_overtaken_by_the_next(sandbox):
    shop = shop_at(sandbox)
    sandbox.fault("reordered", on="notification")

    first = paid_order(sandbox)
    second = paid_order(sandbox)

    came = [fields["out_trade_no"] for fields in shop.fields]
    assert came == [second.out_trade_no, first.out_trade_no]


def test_a_reordered_one_goes_after_a_minute_if_nothing_overtakes_it(sandbox):
    shop = shop_at(sandbox)
    sandbox.fault("reordered", on="notification")
    paid_order(sandbox)

    sandbox.clock.advance(60)

    assert len(shop.came) == 1


@pytest.mark.parametrize("fault", ["tampered", "wrong signature"])
def test_a_forged_one_fails_the_check_and_the_retry_passes_it(sandbox, fault):
    shop = shop_at(sandbox, (403, b""))
    sandbox.fault(fault, on="notification")
    paid_order(sandbox)

    sandbox.clock.advance(120)

    checks = [verify_body(body, CLIENT_KEY, headers["X-QF-SIGN"]) for headers, body in shop.came]
    assert checks == [False, True]


def test_a_lost_one_comes_with_the_next_retry(sandbox):
    shop = shop_at(sandbox)
    sandbox.fault("lost", on="notification")
    paid_order(sandbox)
    before = len(shop.came)

    sandbox.clock.advance(120)

    assert (before, len(shop.came)) == (0, 1)


def test_it_comes_after_the_reply_unless_it_is_told_to_come_before(sandbox):
    moments: list[str] = []

    def told(headers, body):
        moments.append("told")
        return 200, b"SUCCESS"

    sandbox.notifications.receive(SHOP, told)
    code = {"pay_type": "800208", "txamt": 100, "txcurrcd": "HKD", "notify_url": SHOP}
    answered, after_reply = sandbox._app.answered, sandbox._app.after_reply

    def answer_and_note(request):
        response = answered(request)
        moments.append("answered")
        return response

    def reply_left():
        moments.append("left")
        after_reply()

    sandbox._app.answered = answer_and_note
    sandbox._app.after_reply = reply_left
    client = sandbox.client()
    client.pay(**code, auth_code="134676275354204254")
    ordinary = moments.copy()
    moments.clear()

    sandbox.fault("early", on="notification")
    client.pay(**code, auth_code="134676275354204255")

    assert ordinary == ["answered", "left", "told"]
    assert moments == ["answered", "told", "left"]


@pytest.mark.parametrize("name", ["half", "slow", "nonsense"])
def test_a_fault_that_no_notification_can_have_is_refused(sandbox, name):
    with pytest.raises(SandboxError, match="there are: late, early, duplicated"):
        sandbox.fault(name, on="notification")


# -- where it goes ------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://192.168.0.1/",
        "http://169.254.169.254/latest/meta-data",
        "http://example.com/notify",
        "http://127.0.0.1.example.com/",
        "http://0x7f.1/",
        "http://[::ffff:10.0.0.1]/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "http://user:word@127.0.0.1/",
        "http://",
        "http://[::1",
        "http://127.0.0.1:99999/",
        "no address at all",
    ],
)
def test_nothing_leaves_this_machine(sandbox, url):
    paid_order(sandbox, notify_url=url)

    (notice,) = sandbox.notifications
    assert [attempt.result for attempt in notice.attempts] == ["forbidden"]


def test_another_machine_can_be_allowed_by_name():
    post.check("https://example.com/notify", anywhere=True)

    assert Sandbox(notify_hosts="anywhere")._gateway.settings.notify_hosts == "anywhere"


def test_a_redirect_is_not_followed(sandbox):
    with Receiver() as other, Receiver((302, b"", {"Location": other.url})) as shop:
        paid_order(sandbox, notify_url=shop.url)

        assert len(shop.came) == 1
        assert other.came == []


def test_a_served_sandbox_does_not_notify_itself(sandbox):
    url = sandbox.serve()

    paid_order(sandbox, notify_url=f"{url}/sandbox/reset")

    (notice,) = sandbox.notifications
    assert notice.attempts[0].result == "forbidden"


# -- served -----------------------------------------------------------------------------


def test_over_sockets_the_receiver_gets_the_same_bytes_and_may_query_meanwhile():
    with Sandbox() as sandbox, Receiver() as shop:
        url = sandbox.serve()
        client = sandbox.client(base_url=url, adapter=None, allow=())
        order = client.pay(**ORDER, notify_url=shop.url)
        shop.meanwhile = lambda: client.query(order)

        sandbox.payer(order).pay()

        (headers, body) = shop.came[0]
        assert verify_body(body, CLIENT_KEY, headers["X-QF-SIGN"])
        assert headers["Content-Type"] == "application/json"
        assert next(iter(sandbox.notifications)).state == "acknowledged"


def test_on_the_machines_clock_a_served_sandbox_notifies_by_itself():
    with Sandbox(clock="real") as sandbox, Receiver() as shop:
        client = sandbox.client(base_url=sandbox.serve(), adapter=None)

        client.pay(
            pay_type="800208",
            txamt=100,
            txcurrcd="HKD",
            auth_code="134676275354204254",
            notify_url=shop.url,
        )

        assert shop.wait_for(1)


def test_nobody_listening_is_unreachable_and_tried_again(sandbox):
    with Receiver() as shop:
        url = shop.url
    paid_order(sandbox, notify_url=url)

    (notice,) = sandbox.notifications

    assert notice.attempts[0].result == "unreachable"
    assert notice.due == notice.attempts[0].at + 120


# -- kept ------------------------------------------------------------------------------


def test_after_a_restart_a_waiting_notification_still_goes(tmp_path):
    with Sandbox(data=tmp_path / "books", clock="real") as sandbox:
        shop_at(sandbox, (500, b""))
        paid_order(sandbox)

    with Sandbox(data=tmp_path / "books", clock="real") as again:
        shop = shop_at(again)
        again.clock.advance(120)

        assert len(shop.came) == 1
        assert next(iter(again.notifications)).state == "acknowledged"


def test_a_snapshot_holds_the_notifications_and_a_reset_forgets_them(sandbox):
    shop_at(sandbox)
    paid_order(sandbox)
    snapshot = sandbox._keeping.snapshot()
    sandbox._keeping.reset()
    after_reset = len(sandbox.notifications)

    sandbox._keeping.restore(snapshot)

    assert (after_reset, len(sandbox.notifications)) == (0, 1)
