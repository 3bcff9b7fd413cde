"""The sandbox as a value: deterministic, bounded, and safe to leave running."""

from __future__ import annotations

import select
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from urllib.parse import urlsplit

import pytest
import requests

from qftools.errors import InputError, SandboxError
from qftools.sandbox import Sandbox
from qftools.sandbox.books.clock import RealClock, VirtualClock
from qftools.sandbox.gateway.settings import Settings, switches
from qftools.sandbox.sandbox import CLIENT_KEY
from tests.sandbox.doors import GatewayDoor, NoReplyError, RequestsDoor

PAYMENT = {
    "pay_type": "800101",
    "txamt": "2500",
    "out_trade_no": "A1",
    "txdtm": "2026-01-05 10:00:00",
}


def play(seed: int) -> list[dict[str, object]]:
    with Sandbox(seed=seed) as sandbox:
        door = GatewayDoor(sandbox)
        paid = door.pay(txamt=77001)
        answers = [paid, door.cancel("reversal", door.pay()), door.refund(paid)]
        answers += [door.pay("800213"), door.query()]
        return [answer.json for answer in answers]


def test_the_same_seed_makes_the_same_answers():
    assert play(7) == play(7)
    assert play(7) != play(8)


def test_numbers_begin_where_the_vendors_sample_stands(make_sandbox):
    placed = GatewayDoor(make_sandbox()).pay(txcurrcd="EUR")

    assert placed.json["syssn"] == "20260105066100020000977813"


def test_every_switch_is_a_constructor_argument_with_each_of_its_values(make_sandbox):
    for switch in switches().values():
        for value in switch.values:
            sandbox = make_sandbox(**{switch.name: value})
            assert getattr(sandbox._gateway.settings, switch.name) == value


def test_settings_know_every_switch_and_no_other():
    assert set(Settings.__annotations__) == set(switches())


@pytest.mark.parametrize(
    "wrong",
    [
        {"speed": "high"},
        {"cancel_paid": "maybe"},
        {"cancel_latency": "-1"},
        {"profile": "2019"},
        {"lang": "fr"},
        {"clock": "sundial"},
        {"mchid": "perhaps"},
        {"client_key": ""},
    ],
    ids=str,
)
def test_an_option_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(SandboxError):
        Sandbox(**wrong)


def test_a_key_of_fewer_than_8_characters_is_refused_and_not_repeated():
    with pytest.raises(InputError, match="client_key is shorter than 8 characters") as refused:
        Sandbox(client_key="qwertzu")

    assert "qwertzu" not in str(refused.value)
    assert Sandbox(client_key="qwertzui").credentials.client_key == "qwertzui"


def test_old_orders_are_forgotten_when_there_are_too_many(make_sandbox):
    door = GatewayDoor(make_sandbox(limit=5))
    first = door.pay()
    for _ in range(20):
        door.pay()

    assert [order.out_trade_no for order in door.sandbox.orders()] == [
        f"N{number}" for number in range(17, 22)
    ]
    assert door.query(syssn=first.json["syssn"]).json["data"] == []
    assert door.pay(out_trade_no="N1").respcd == "0000"


def test_exchanges_are_kept_with_their_verdicts_and_never_with_the_key(make_sandbox):
    door = GatewayDoor(make_sandbox())
    placed = door.pay()
    door.cancel("reversal", placed)
    door.call("query", {"syssn": "1"}, headers={"X-QF-SIGN": "0" * 32})

    pay, cancel, bad = door.sandbox.exchanges

    assert (pay.endpoint, pay.signature, pay.respcd) == ("payment", "ok", "0000")
    assert [(order.before, order.after) for order in cancel.orders] == [("waiting", "cancelled")]
    assert (bad.signature, bad.respcd) == ("wrong", "1108")
    assert CLIENT_KEY not in repr(door.sandbox.exchanges)


def test_exchanges_are_bounded(make_sandbox):
    door = GatewayDoor(make_sandbox())
    log = door.sandbox._gateway.log
    assert log.limit == 10_000
    log.limit = 50
    for _ in range(60):
        door.query()

    assert len(door.sandbox.exchanges) == 50
    assert door.sandbox.exchanges[-1].number == 60


def test_exchanges_are_bounded_in_bytes_too(make_sandbox, monkeypatch):
    monkeypatch.setattr("qftools.sandbox.gateway.log.MOST_BYTES", 5_000)
    door = GatewayDoor(make_sandbox())
    for _ in range(60):
        door.query()

    kept = door.sandbox._gateway.log.last
    assert 1 < len(kept) < 60
    assert sum(seen.weight for seen in kept) <= 5_000


@pytest.mark.parametrize("clock", [VirtualClock(), RealClock()], ids=["virtual", "real"])
def test_a_clock_never_runs_backwards_by_hand(clock):
    for seconds in (-1, float("nan"), 1e12):
        with pytest.raises(SandboxError):
            clock.advance(seconds)


def test_a_real_clock_can_be_put_forward(make_sandbox):
    door = GatewayDoor(make_sandbox(clock="real"))
    placed = door.pay()
    door.sandbox.clock.advance(1801)

    assert door.look(placed)["respcd"] == "1181"


def test_a_sandbox_can_be_served_stopped_and_served_again(make_sandbox):
    sandbox = make_sandbox()
    door = RequestsDoor(sandbox, serve=True)
    door.pay()
    url = sandbox.url
    sandbox._assembly.stop()
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=5)

    sandbox.serve()

    assert door.query(out_trade_no="N1").row["respcd"] == "1143"
    assert sandbox.serve() == sandbox.url


def test_a_port_that_is_taken_is_named(make_sandbox):
    port = int(make_sandbox().serve().rpartition(":")[2])

    with pytest.raises(SandboxError, match=str(port)):
        make_sandbox().serve(port)


def test_the_number_of_an_order_that_nobody_has_is_named(make_sandbox):
    with pytest.raises(SandboxError, match="NOBODY"):
        make_sandbox().order("NOBODY")


def test_a_client_of_the_sandbox_shares_its_clock(make_sandbox):
    sandbox = make_sandbox()
    client = sandbox.client()
    began = sandbox.clock.now()

    client.pause(60)

    assert client.clock() - began == 60


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "10.0.0.1", "[::2]", "sandbox.local", ""]
)
def test_a_host_that_is_not_this_machine_is_turned_away(make_sandbox, host):
    url = make_sandbox().serve()

    answer = requests.post(f"{url}/trade/v1/query", headers={"Host": host}, timeout=5)

    assert answer.status_code in (400, 421)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:80", "[::1]:8787", "qf.localhost"])
def test_every_name_of_this_machine_is_let_in(make_sandbox, host):
    url = make_sandbox().serve()

    answer = requests.post(f"{url}/trade/v1/query", headers={"Host": host}, timeout=5)

    assert answer.json()["respcd"] == "1108"


def test_many_callers_at_once_get_numbers_of_their_own(make_sandbox):
    sandbox = make_sandbox()
    url = sandbox.serve()

    def place(caller: int) -> list[str]:
        numbers = iter([f"C{caller}N{count}" for count in range(20)])
        client = sandbox.client(base_url=url, adapter=None, new_number=lambda: next(numbers))
        orders = [client.pay(pay_type="800101", txamt=1, txcurrcd="HKD") for _ in range(20)]
        client.close_connections()
        return [order.syssn or "" for order in orders]

    with ThreadPoolExecutor(8) as pool:
        syssns = [syssn for made in pool.map(place, range(8)) for syssn in made]

    assert len(set(syssns)) == 160
    assert {order.syssn for order in sandbox.orders()} == set(syssns)


def test_stopping_does_not_wait_for_a_slow_reply(make_sandbox):
    sandbox = make_sandbox()
    url = sandbox.serve()
    sandbox.fault("slow", seconds=500)

    def ask():
        with suppress(requests.ConnectionError):  # the end of the sandbox ends the call, too
            requests.post(f"{url}/trade/v1/query", timeout=60)

    caller = threading.Thread(target=ask, daemon=True)
    caller.start()
    while not sandbox.exchanges:
        pass

    sandbox._assembly.stop()
    caller.join(timeout=10)

    assert not caller.is_alive()


def test_twenty_slow_replies_hold_up_nobody_else(make_sandbox):
    sandbox = make_sandbox()
    url = sandbox.serve()
    order = sandbox.client().pay(pay_type="800101", txamt=1, txcurrcd="HKD")
    sandbox.fault("slow", on="close", seconds=500, times=None)
    where = ("127.0.0.1", urlsplit(url).port)
    with ExitStack() as opened:
        waiting = [opened.enter_context(socket.create_connection(where)) for _ in range(20)]
        for link in waiting:
            link.sendall(b"POST /trade/v1/close HTTP/1.1\r\nHost: localhost\r\n\r\n")

        reply = sandbox.client(base_url=url, adapter=None).query(order)
        page = requests.get(f"{url}/sandbox/orders", timeout=60)
        answered, _, _ = select.select(waiting, [], [], 0)

    assert reply.transaction.out_trade_no == order.out_trade_no
    assert page.ok
    assert answered == []


def test_what_is_kept_of_a_giant_request_is_cut(make_sandbox):
    door = GatewayDoor(make_sandbox())
    body = b"goods_name=" + b"a" * 200_000

    answer = door.raw("payment", body, "0" * 32, User_Agent="b" * 60_000)

    (exchange,) = door.sandbox.exchanges
    (seen,) = door.sandbox._gateway.log.last
    assert answer.respcd == "1108"
    assert seen.size < 40_000
    assert len(seen.params["goods_name"]) == 1_024
    assert exchange.request.body.endswith(b"aaa[cut]")


@pytest.mark.parametrize("field", ["udid", "goods_name", "goods_info", "notify_url", "return_url"])
def test_what_orders_keep_is_bounded(make_sandbox, field):
    door = GatewayDoor(make_sandbox())

    refused = door.call("payment", PAYMENT | {field: "a" * 1_001})
    taken = door.call("payment", PAYMENT | {field: "a" * 40})

    assert (refused.respcd, taken.respcd) == ("1104", "0000")


def test_a_giant_request_that_is_late_arrives_whole(make_sandbox):
    door = GatewayDoor(make_sandbox())
    door.sandbox.fault("late", on="payment", seconds=5)
    with pytest.raises(NoReplyError):
        door.pay(attach="a" * 100_000)

    door.sandbox.clock.advance(5)

    assert door.sandbox.order("N1").state == "waiting"
    assert door.sandbox._gateway.log.last[0].size < 40_000


def test_a_sandbox_shows_what_its_users_need_and_no_plumbing():
    with Sandbox() as sandbox:
        shown = [name for name in dir(sandbox) if not name.startswith("_")]

    assert shown == [
        *("async_client", "auth_code", "client", "clock", "close", "credentials", "exchanges"),
        *("fault", "load", "notifications", "order", "orders", "payer", "report", "serve", "url"),
    ]
