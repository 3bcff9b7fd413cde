"""The calls against the sandbox, in process and over a real socket."""

import hashlib
import re

import pytest
import requests
from requests.adapters import HTTPAdapter

from qftools import catalogue
from qftools.client.client import Client
from qftools.client.line import PATHS
from qftools.client.replies import read
from qftools.errors import (
    GatewayError,
    InputError,
    OutcomeUnknownError,
    RateLimitError,
    SignatureError,
    TransportError,
    UnclearError,
)
from qftools.exchange import Exchange, Request, Response
from qftools.models import Credentials, Order, Reply
from qftools.sandbox import Sandbox
from qftools.signing import sign
from tests.awaited import CLIENTS, of_sandbox
from tests.raw_server import RawServer, reply, says


@pytest.fixture(params=["in process", "over http", "async in process", "async over http"])
def client(request, sandbox):
    if "in process" in request.param:
        with of_sandbox(sandbox) if "async" in request.param else sandbox.client() as in_process:
            yield in_process
        return
    with CLIENTS["async" if "async" in request.param else "plain"](
        sandbox.credentials,
        sandbox.serve(),
        clock=sandbox.clock.now,
        pause=sandbox.clock.sleep,
        timeout=(5.0, 5.0),
    ) as over_http:
        yield over_http


def pay(client, **changes):
    return client.pay(**({"pay_type": "800101", "txamt": 2500, "txcurrcd": "HKD"} | changes))


def order_of(error):
    assert error.order is not None
    return error.order


def test_a_placed_order_is_open_until_the_payer_pays(client, sandbox):
    order = pay(client)

    assert order.reply.ok
    assert client.query(order).transaction.state == "open"
    sandbox.payer(order).pay()
    assert client.query(order).transaction.state == "paid"


def test_a_scanned_code_is_paid_at_once(client, sandbox):
    order = pay(client, pay_type="800208", auth_code="134676275354204254")

    assert order.reply.ok
    assert sandbox.order(order).state == "paid"


def test_a_payer_at_the_password_is_a_reply_and_no_error(client, sandbox):
    order = pay(client, pay_type="800208", txamt=77002, auth_code="134676275354204254")

    assert order.reply.in_progress
    assert sandbox.order(order).state == "paying"


@pytest.mark.parametrize(("pay_type", "call"), [("800101", "reverse"), ("800201", "close")])
def test_an_open_order_is_called_off_by_its_own_call(client, sandbox, pay_type, call):
    order = pay(client, pay_type=pay_type)

    reply = getattr(client, call)(order)

    assert reply.ok
    assert reply.body["orig_syssn"] == order.syssn
    assert sandbox.order(order).state == "cancelled"


def test_a_paid_order_is_not_reversed_but_refunded(client, sandbox):
    order = pay(client)
    sandbox.payer(order).pay()

    with pytest.raises(GatewayError) as caught:
        client.reverse(order)
    assert caught.value.respcd == "1260"
    assert caught.value.order == order

    reply = client.refund(order, txamt=1000)
    assert reply.ok
    assert sandbox.order(order).refunded == 1000


def test_more_than_was_paid_is_not_even_asked_back(client, sandbox):
    order = pay(client)
    sandbox.payer(order).pay()
    before = len(sandbox.exchanges)

    with pytest.raises(InputError, match="at most the amount paid, 2500"):
        client.refund(order, txamt=2501)
    assert len(sandbox.exchanges) == before


def test_a_refund_needs_the_gateways_number(client):
    with pytest.raises(InputError, match="query the order first"):
        client.refund(Order("A1", 2500, "2026-01-05 10:00:00"))


def test_a_pay_type_that_no_source_lists_is_sent_with_a_warning(client, sandbox):
    with pytest.warns(UserWarning, match="800709"), pytest.raises(GatewayError):
        pay(client, pay_type="800709")

    assert sandbox.exchanges[-1].request.params["pay_type"] == "800709"


@pytest.mark.parametrize(
    "changes",
    [
        {"txamt": 25.0},
        {"txamt": -1},
        {"txcurrcd": "XXX"},
        {"txdtm": "2026-02-30 00:00:00"},
        {"pay_type": "800108"},
        {"out_trade_no": ""},
        {"out_trade_no": "N" * 129},
        {"goods_name": "茶" * 65},
    ],
    ids=str,
)
def test_a_wrong_argument_is_refused_before_anything_is_sent(client, sandbox, changes):
    with pytest.raises(InputError):
        pay(client, **changes)

    assert sandbox.exchanges == ()
    assert client.exchanges == ()


def test_a_wrong_key_is_refused_with_1108_by_the_gateway(client, sandbox):
    client.credentials = Credentials(sandbox.credentials.app_code, "another key")

    with pytest.raises((GatewayError, SignatureError)):
        client.query(out_trade_no="A1")
    assert sandbox.orders() == ()


@pytest.mark.parametrize("fault", ["lost before", "lost after", "half", "5xx", "refused"])
def test_a_payment_without_a_usable_reply_is_unknown_keeps_its_number_and_is_sent_once(
    client, sandbox, fault
):
    with sandbox.fault(fault, on="payment", times=None), pytest.raises(TransportError) as caught:
        pay(client, out_trade_no="LOST1")

    assert order_of(caught.value).out_trade_no == "LOST1"
    assert caught.value.exchange is not None
    asked = [seen for seen in client.exchanges if seen.endpoint == "payment"]
    assert len(asked) == 1


def test_a_reply_with_a_wrong_signature_is_not_believed(client, sandbox):
    with sandbox.fault("wrong signature", on="payment"), pytest.raises(SignatureError) as caught:
        pay(client, out_trade_no="FORGED1")

    assert order_of(caught.value).out_trade_no == "FORGED1"


def test_a_lost_query_is_asked_again_with_growing_waits(client, sandbox):
    order = pay(client)
    started = sandbox.clock.now()

    with sandbox.fault("lost after", on="query", times=2):
        reply = client.query(order)

    assert reply.transaction.state == "open"
    assert 3.0 <= sandbox.clock.now() - started <= 3.75  # 1 s and 2 s, each up to a quarter longer


def test_a_query_that_is_never_answered_is_asked_three_times_and_stays_unknown(client, sandbox):
    order = pay(client)

    with (
        sandbox.fault("lost before", on="query", times=None),
        pytest.raises(OutcomeUnknownError) as caught,
    ):
        client.query(order)

    assert caught.value.order == order
    assert [seen.endpoint for seen in client.exchanges].count("query") == 3


def test_http_429_is_told_apart_and_its_wait_is_kept(client, sandbox):
    order = pay(client)
    with sandbox.fault("429", on="reversal"), pytest.raises(RateLimitError):
        client.reverse(order)

    assert sandbox.order(order).state == "waiting"


def test_a_code_that_means_ask_is_no_refusal(client, sandbox):
    order = pay(client, txamt=77017)  # the cancel answers 1101, and was done

    with pytest.raises(UnclearError) as caught:
        client.reverse(order)

    assert caught.value.respcd == "1101"
    assert caught.value.order == order
    assert sandbox.order(order).state == "cancelled"


@pytest.mark.parametrize(
    ("choice", "error"), [("unknown", UnclearError), ("failure", GatewayError)]
)
def test_a_code_that_no_source_lists_is_read_as_the_client_was_told(choice, error):
    credentials = Credentials("app", "a secret key")

    with (
        RawServer(says(reply(b'{"respcd": "7777"}'))) as server,
        Client(credentials, server.url, unlisted_codes=choice) as client,
        pytest.raises((UnclearError, GatewayError)) as caught,
    ):
        pay(client)

    assert type(caught.value) is error


@pytest.mark.parametrize("value", ["paid", None])
def test_a_way_to_read_codes_that_there_is_not_is_refused(value):
    with pytest.raises(InputError, match="unlisted_codes is "):
        Client(Credentials("app", "a secret key"), "http://127.0.0.1", unlisted_codes=value)


@pytest.mark.parametrize(
    ("txamt", "pay_type", "kind"),
    [(2500, "800208", "success"), (77002, "800208", "progress"), (2500, "800101", "progress")],
)
def test_the_result_counts_where_an_edition_writes_it_not_the_outer_code(txamt, pay_type, kind):
    with Sandbox(result_in="txstatus") as sandbox:
        code = "134676275354204254" if pay_type == "800208" else None
        order = pay(sandbox.client(), txamt=txamt, pay_type=pay_type, auth_code=code)

        assert (order.reply.respcd, order.reply.kind) == ("0000", kind)
        assert order.reply.ok == (kind == "success")
        assert order.syssn == sandbox.order(order).syssn


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"txstatus": "PENDING"}, "progress"),
        ({"txstatus": "FAILED", "data": {}}, "failure"),
        ({"txstatus": "SUCCESS", "data": {"txstatus": "PENDING"}}, "progress"),
        ({"txstatus": "FAILED", "data": [{"txstatus": "SUCCESS"}]}, "success"),  # each row's own
    ],
)
def test_the_result_counts_where_a_flat_answer_has_it_beside_its_code(body, kind):
    assert Reply("reversal", "0000", body).kind == kind


def test_a_payment_that_failed_inside_an_envelope_is_a_refusal():
    with Sandbox(result_in="txstatus") as sandbox, pytest.raises(GatewayError) as caught:
        pay(sandbox.client(), txamt=77031, pay_type="800208", auth_code="134676275354204254")

    assert "txstatus FAILED" in str(caught.value)


def test_a_failed_payment_is_a_refusal_that_keeps_its_order(client):
    with pytest.raises(GatewayError) as caught:
        pay(client, txamt=77031, pay_type="800208", auth_code="134676275354204254")

    assert caught.value.respcd == "1201"
    assert order_of(caught.value).syssn


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_reversal_may_be_sent_by_get_where_told_so(sandbox, method):
    client = sandbox.client(methods={"reversal": method})
    order = pay(client, goods_name="奶茶 & 蛋糕")

    assert client.reverse(order).ok
    assert client.exchanges[-1].request.method == method


@pytest.mark.parametrize("algorithm", ["MD5", "SHA256"])
def test_the_request_carries_exactly_what_was_signed(sandbox, algorithm):
    me = sandbox.credentials
    mine = Credentials(me.app_code, me.client_key, algorithm=algorithm)
    client = sandbox.client(credentials=mine)

    pay(client, goods_name="奶茶 大杯 + 50% & 更多=")

    request = client.exchanges[-1].request
    assert request.header("x-qf-signtype") == algorithm
    assert request.header("X-QF-SIGN") == sign(request.params, me.client_key, algorithm)
    assert request.params["goods_name"] == "奶茶 大杯 + 50% & 更多="


def test_every_endpoint_has_a_path():
    assert tuple(PATHS) == catalogue.CALL_ENDPOINTS
    assert all(re.fullmatch(r"/trade/v1/[a-z]+", path) for path in PATHS.values())


def test_the_exchanges_that_are_kept_are_bounded(sandbox):
    client = sandbox.client(keep=3)
    for _ in range(5):
        pay(client)

    assert len(client.exchanges) == 3


@pytest.mark.parametrize("rule", ["required", "forbidden"])
def test_the_rule_about_the_mchid_holds_before_anything_is_sent(sandbox, rule):
    me = sandbox.credentials
    mchid = "MNxMp11FV35qQN" if rule == "required" else None
    client = sandbox.client(
        credentials=Credentials(me.app_code, me.client_key, mchid=mchid, mchid_rule=rule)
    )

    if rule == "required":
        assert client._with_mchid({}) == {"mchid": mchid}
        return
    with pytest.raises(InputError, match="mchid is given"):
        client.query(out_trade_no="A1", mchid="MNxMp11FV35qQN")


def test_the_environments_proxy_is_looked_up_once_and_never_for_this_machine(monkeypatch, sandbox):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    here = Client(sandbox.credentials, sandbox.serve())
    away = Client(
        Credentials("A", "a secret", environment="production"), "https://openapi.qfpay.com"
    )

    assert here.query(out_trade_no="A1").transactions == ()
    assert away._connection._settings["proxies"]["https"] == "http://127.0.0.1:9"
    assert away._connection._settings["verify"] is not False


def test_no_secret_is_in_anything_that_a_client_shows(sandbox):
    marker = "5EC2E7AA5EC2E7AA5EC2E7AA5EC2E7AA"
    with Sandbox(client_key=marker) as secret:
        client = secret.client()
        order = pay(client)
        with secret.fault("half", on="query", times=None), pytest.raises(OutcomeUnknownError) as e:
            client.query(order)
        with pytest.raises(InputError) as wrong:
            pay(client, txamt=1.5)

    shown = [repr(client), repr(order), repr(client.exchanges), repr(e.value), str(e.value)]
    shown += [repr(e.value.__cause__), repr(wrong.value), repr(order.reply), repr(secret)]
    assert not [text for text in shown if marker in text]


@pytest.mark.parametrize("timeout", [(0, 1), (1, -1), 5, None, ("a", "b")])
def test_a_client_without_both_time_outs_cannot_be_made(timeout):
    with pytest.raises(InputError, match="timeout"):
        Client(Credentials("A", "a secret"), "http://localhost", timeout=timeout)


def test_connections_are_kept_alive(sandbox):
    adapter = HTTPAdapter()
    with Client(sandbox.credentials, sandbox.serve(), adapter=adapter) as client:
        for _ in range(3):
            client.query(out_trade_no="A1")
        by_host = adapter.poolmanager.pools
        pools = [by_host[key] for key in list(by_host.keys())]

        assert [(pool.num_connections, pool.num_requests) for pool in pools] == [(1, 3)]


def test_a_requests_session_of_ones_own_reaches_the_sandbox(sandbox):
    me = sandbox.credentials
    params = {"out_trade_no": "A1"}
    headers = {"X-QF-APPCODE": me.app_code, "X-QF-SIGN": sign(params, me.client_key)}

    answer = requests.post(sandbox.serve() + PATHS["query"], params, headers=headers, timeout=5)

    assert answer.json()["data"] == []


@pytest.mark.parametrize("digest", [hashlib.md5, hashlib.sha256])
@pytest.mark.parametrize("written", [str.upper, str.lower])
def test_a_reply_is_verified_by_the_algorithm_that_its_signature_tells(digest, written):
    body, key = b'{"respcd": 1143, "respmsg": ""}', "5744993FBC034DBBB995FA28F42DCA71"
    signature = written(digest(body + key.encode()).hexdigest())
    asked = Request("POST", "https://h/trade/v1/query", (), b"")

    reply = read(answered(asked, body, signature), key)

    assert (reply.signed, reply.respcd) == (True, "1143")
    with pytest.raises(SignatureError):
        read(answered(asked, body + b" ", signature), key)


def answered(request, body, signature):
    response = Response(200, (("X-QF-SIGN", signature),), body)
    return Exchange("query", request, response, None, 0.0, 0.1)
