"""The control API: what it does, what it takes, and whom it refuses."""

from __future__ import annotations

import json

import pytest
import requests

from qftools.sandbox.control.routes import ROUTES
from qftools.sandbox.sandbox import APP_CODE, CLIENT_KEY
from qftools.sandbox.web.server import IN_PROCESS_URL

ORDER = {"pay_type": "800101", "txcurrcd": "HKD"}


@pytest.fixture
def api(sandbox):
    """Call the control API in process: method, path, JSON body, more headers."""
    session = requests.Session()
    session.mount(IN_PROCESS_URL, sandbox._adapter())

    def call(method, path, body=None, **headers):
        return session.request(
            method,
            IN_PROCESS_URL + path,
            json=body,
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )

    return call


def waiting_order(sandbox, txamt=2500):
    return sandbox.client().pay(**ORDER, txamt=txamt)


def test_the_index_lists_every_call(api):
    listed = api("GET", "/sandbox").json()["calls"]

    assert listed == [f"{route.method} {route.path}" for route in ROUTES]


def test_the_clock_is_put_forward_and_what_falls_due_happens(sandbox, api):
    order = waiting_order(sandbox)

    answer = api("POST", "/sandbox/clock", {"advance": 1800}).json()

    assert answer["beijing"] == "2026-01-05 10:30:00"
    assert sandbox.order(order).state == "expired"


@pytest.mark.parametrize(
    ("act", "state"),
    [
        ("pay", "paid"),
        ("type_password", "paying"),
        ("decline", "waiting"),
        ("no_balance", "waiting"),
        ("walk_away", "waiting"),
    ],
)
def test_the_payer_does_as_told(sandbox, api, act, state):
    order = waiting_order(sandbox)

    answer = api("POST", f"/sandbox/payer/{order.out_trade_no}", {"act": act}).json()

    assert (answer["state"], answer["turned_away"]) == (state, False)
    assert sandbox.order(order).state == state


def test_the_payer_of_a_dead_order_is_turned_away(sandbox, api):
    order = waiting_order(sandbox)
    sandbox.client().reverse(order)

    answer = api("POST", f"/sandbox/payer/{order.syssn}", {"act": "pay"}).json()

    assert (answer["state"], answer["turned_away"]) == ("cancelled", True)


def test_paying_through_the_api_notifies_once_the_answer_has_left(sandbox, api):
    came = []

    def receive(headers, body):
        came.append(body)
        return 200, b"SUCCESS"

    sandbox.notifications.receive("http://shop.localhost/", receive)
    api("POST", "/sandbox/notifications", {"url": "http://shop.localhost/"})
    order = waiting_order(sandbox)

    api("POST", f"/sandbox/payer/{order.syssn}", {"act": "pay"})

    assert len(came) == 1


def test_a_fault_is_armed_listed_and_taken_back(sandbox, api):
    fault = api("POST", "/sandbox/faults", {"name": "reply lost", "on": "query", "times": 2}).json()
    notice = api("POST", "/sandbox/notification-faults", {"name": "late", "seconds": 60}).json()
    listed = [item["id"] for item in api("GET", "/sandbox/faults").json()]

    left = api("DELETE", f"/sandbox/faults/{fault['id']}").json()

    assert (fault["name"], fault["on"], fault["times"]) == ("lost after", ["query"], 2)
    assert listed == [fault["id"], notice["id"]]
    assert [item["id"] for item in left] == [notice["id"]]
    assert api("DELETE", "/sandbox/faults").json() == []


def test_an_exchange_shows_what_was_asked_answered_and_changed(sandbox, api):
    order = waiting_order(sandbox)
    sandbox.client().reverse(order)

    newest = api("GET", "/sandbox/exchanges?limit=1").json()[0]
    whole = api("GET", f"/sandbox/exchanges/{newest['number']}").json()

    assert newest["endpoint"] == "reversal"
    assert [(moved["before"], moved["after"]) for moved in newest["orders"]] == [
        ("waiting", "cancelled")
    ]
    assert whole["params"]["txamt"] == "2500"
    assert json.loads(whole["answer"])["respcd"] == "0000"


def test_a_wrong_signature_is_shown_with_the_text_and_the_right_one(sandbox, api):
    session = requests.Session()
    session.mount(IN_PROCESS_URL, sandbox._adapter())
    session.post(
        f"{IN_PROCESS_URL}/trade/v1/query",
        data={"syssn": "1"},
        headers={"X-QF-APPCODE": APP_CODE, "X-QF-SIGN": "0" * 32},
    )

    whole = api("GET", "/sandbox/exchanges/1").json()

    assert whole["signature"] == "wrong"
    assert whole["signed"]["text"] == "syssn=1"
    assert len(whole["signed"]["signature"]) == 32 != whole["sign"]


def test_merchants_come_without_their_keys(sandbox, api):
    added = api(
        "POST",
        "/sandbox/merchants",
        {"app_code": "B" * 32, "client_key": "very-secret-key", "pay_types": ["800101"]},
    )

    text = api("GET", "/sandbox/merchants").text + added.text + api("GET", "/sandbox/stream").text

    assert added.status_code == 200
    assert "very-secret-key" not in text
    assert CLIENT_KEY not in text


def test_a_merchant_with_a_key_of_fewer_than_8_characters_is_refused(sandbox, api):
    refused = api("POST", "/sandbox/merchants", {"app_code": "B" * 32, "client_key": "1234567"})

    assert refused.status_code == 400
    assert "client_key is too short: 8 is the least" in refused.text
    assert len(sandbox._gateway.merchants) == 1


def test_everything_can_be_put_back_to_a_snapshot(sandbox, api):
    first = waiting_order(sandbox)
    name = api("POST", "/sandbox/snapshot", {}).json()["snapshot"]
    sandbox.payer(first).pay()
    waiting_order(sandbox)

    answer = api("POST", "/sandbox/restore", {"snapshot": name}).json()

    assert answer["orders"] == 1
    assert sandbox.order(first).state == "waiting"


def test_a_reset_forgets_orders_and_keeps_merchants(sandbox, api):
    waiting_order(sandbox)

    api("POST", "/sandbox/reset", {})

    assert sandbox.orders() == ()
    assert len(api("GET", "/sandbox/merchants").json()) == 1


def test_a_page_that_asks_again_gets_only_the_clock_until_something_changes(sandbox, api):
    first = api("GET", "/sandbox/stream").json()
    nothing_new = api("GET", f"/sandbox/stream?seen={first['seen']}").json()
    order = waiting_order(sandbox)

    something = api("GET", f"/sandbox/stream?seen={first['seen']}").json()

    assert set(nothing_new) == {"seen", "clock"}
    assert [item["out_trade_no"] for item in something["items"]] == [order.out_trade_no]


@pytest.mark.parametrize("path", ["/sandbox/switches", "/sandbox/magic", "/sandbox/report"])
def test_the_tables_come_as_json(api, path):
    answer = api("GET", path)

    assert answer.status_code == 200
    assert answer.json()


def test_a_switch_is_turned(sandbox, api):
    api("POST", "/sandbox/switches", {"name": "cancel_paid", "value": "refund"})

    assert sandbox._gateway.settings.cancel_paid == "refund"


# -- what is wrong is said -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "word"),
    [
        ("POST", "/sandbox/clock", {"advance": -1}, 400, "advance must be 0 to"),
        ("POST", "/sandbox/clock", {"advance": "60"}, 400, "advance must be a number"),
        ("POST", "/sandbox/clock", {"advance": True}, 400, "advance must be a number"),
        ("POST", "/sandbox/clock", {}, 400, "advance is missing"),
        ("POST", "/sandbox/clock", {"advance": 1, "x": 1}, 400, "x is not known here"),
        ("POST", "/sandbox/clock", [1], 400, "must be a JSON object"),
        ("POST", "/sandbox/payer/none", {"act": "pay"}, 404, "no order 'none'"),
        ("POST", "/sandbox/faults", {"name": "earthquake"}, 400, "name must be one of"),
        ("POST", "/sandbox/notifications", {"url": "http://10.0.0.1/"}, 409, "not this machine"),
        ("POST", "/sandbox/restore", {"snapshot": "9"}, 404, "no snapshot '9'"),
        ("POST", "/sandbox/switches", {"name": "x", "value": "y"}, 400, "name must be one of"),
        ("POST", "/sandbox/switches", {"name": "magic", "value": "y"}, 409, "one of: on, off"),
        ("GET", "/sandbox/exchanges/9", None, 404, "no exchange '9'"),
        ("GET", "/sandbox/orders?limit=many", None, 400, "limit must be a whole number"),
        ("GET", "/sandbox/orders?limit=501", None, 400, "limit must be 1 to"),
        ("GET", "/sandbox/nothing", None, 404, "GET /sandbox lists all"),
        ("PUT", "/sandbox/clock", {}, 405, "takes GET, HEAD, POST"),
        ("DELETE", "/sandbox/faults/9", None, 404, "no fault '9'"),
    ],
)
def test_what_is_wrong_is_said_with_its_name(api, method, path, body, status, word):
    answer = api(method, path, body)

    assert answer.status_code == status
    assert word in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [("zh-CN,zh;q=0.9", "账本里没有订单 'A9'"), ("fr", "no order 'A9' is on the books")],
)
def test_a_refusal_is_said_in_the_language_that_the_request_asks_for(api, asked, said):
    refused = api("GET", "/sandbox/orders/A9", Accept_Language=asked)

    assert refused.json()["error"]["message"] == said


# -- whom it refuses ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://[bad"},
        {"Origin": "http://localhost:3000"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/sandbox/stream"), ("POST", "/sandbox/reset")]
)
def test_a_page_of_another_origin_is_refused(sandbox, api, headers, method, path):
    waiting_order(sandbox)

    answer = api(method, path, {} if method == "POST" else None, **headers)

    assert answer.status_code == 403
    assert len(sandbox.orders()) == 1
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""],
)
def test_what_a_form_of_any_page_can_send_changes_nothing(sandbox, kind):
    waiting_order(sandbox)
    session = requests.Session()
    session.mount(IN_PROCESS_URL, sandbox._adapter())

    answer = session.post(
        f"{IN_PROCESS_URL}/sandbox/reset", data=b"{}", headers={"Content-Type": kind}
    )

    assert answer.status_code == 415
    assert len(sandbox.orders()) == 1


@pytest.mark.parametrize("path", ["/", "/sandbox/stream", "/payer/1", "/trade/v1/query", "/x"])
@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:80", "localhost.evil"])
def test_a_name_that_was_rebound_to_loopback_is_refused_everywhere(sandbox, path, host):
    session = requests.Session()
    session.mount(IN_PROCESS_URL, sandbox._adapter())
    request = session.prepare_request(requests.Request("GET", f"http://{host}{path}"))

    answer = sandbox._adapter().send(request)

    assert answer.status_code == 421


def test_a_page_of_the_sandbox_itself_may_ask(sandbox, api):
    answer = api("GET", "/sandbox/stream", Origin=IN_PROCESS_URL, Sec_Fetch_Site="same-origin")

    assert answer.status_code == 200
