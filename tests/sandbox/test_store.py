"""The file: it survives restarts, belongs to one process, and is never somebody else's."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import stat
import subprocess
import sys

import pytest

from qftools.errors import SandboxError
from qftools.sandbox import Sandbox
from tests.sandbox.doors import GatewayDoor, RequestsDoor


@pytest.fixture
def file(tmp_path):
    return tmp_path / "books.sqlite3"


def test_everything_goes_on_after_a_restart_where_it_stood(file):
    with Sandbox(data=file) as first:
        door = RequestsDoor(first, serve=False)
        code = first.auth_code("wechat")
        door.pay("800208", auth_code=code)
        slow = door.pay(txamt=77007)
        door.pay(txamt=77061)
        first.clock.advance(30)
        before = first.orders(None)
    with Sandbox(data=file) as second:
        door = RequestsDoor(second, serve=False)
        door._count = 10
        kept = second.orders(None)
        used = door.pay("800208", auth_code=code)
        second.clock.advance(30)

        assert kept == before
        assert second.clock.now() - 60 == first.clock.now() - 30
        assert used.respcd == "1202"
        assert int(used.json["syssn"][-10:]) == int(before[-1].syssn[-10:]) + 1
        assert door.look(slow)["respcd"] == "0000"


def test_an_order_expires_after_a_restart_as_it_would_have(file):
    with Sandbox(data=file) as first:
        RequestsDoor(first, serve=False).pay()
        first.clock.advance(1000)
    with Sandbox(data=file) as second:
        second.clock.advance(799)
        before = second.order("N1").state
        second.clock.advance(1)

        assert (before, second.order("N1").state) == ("waiting", "expired")


def test_what_is_given_now_wins_over_the_merchant_in_the_file(file):
    Sandbox(data=file, app_code="A", client_key="the old key").close()

    with Sandbox(data=file, app_code="A", client_key="the new key") as sandbox:
        assert sandbox.credentials.client_key == "the new key"


def test_a_client_never_repeats_a_number_after_a_restart(file):
    with Sandbox(data=file) as first:
        first.client().pay(pay_type="800101", txamt=1, txcurrcd="HKD")

    with Sandbox(data=file) as second:
        order = second.client().pay(pay_type="800101", txamt=1, txcurrcd="HKD")

        assert order.reply is not None
        assert order.reply.ok


def test_a_second_process_on_the_file_is_refused_clearly(file):
    program = f"from qftools.sandbox import Sandbox; Sandbox(data={str(file)!r})"
    with Sandbox(data=file):
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=False
        )

    assert done.returncode == 1
    assert f"SandboxError: {file.parent}" not in done.stderr.splitlines()[0]
    assert "is in use by another sandbox" in done.stderr.splitlines()[-1]


def test_a_second_sandbox_in_the_same_process_is_refused_and_the_first_goes_on(file):
    with Sandbox(data=file) as sandbox:
        with pytest.raises(SandboxError, match="in use"):
            Sandbox(data=file)

        assert RequestsDoor(sandbox, serve=False).pay().respcd == "0000"


def test_the_file_is_for_its_owner_only(file):
    Sandbox(data=file).close()

    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_file_that_is_something_else_is_left_alone(file):
    file.write_text("my shopping list\n" * 100, encoding="utf-8")

    with pytest.raises(SandboxError, match="not a sandbox's file"):
        Sandbox(data=file)

    assert file.read_text(encoding="utf-8") == "my shopping list\n" * 100


def test_another_programs_database_is_left_alone(file):
    with sqlite3.connect(file) as other:
        other.execute("CREATE TABLE holiday (day TEXT)")
    other.close()
    before = file.read_bytes()

    with pytest.raises(SandboxError, match="something else"):
        Sandbox(data=file)

    assert file.read_bytes() == before


def test_a_file_of_a_newer_version_is_left_alone(file):
    Sandbox(data=file).close()
    with sqlite3.connect(file) as other:
        other.execute("PRAGMA user_version = 99")
    other.close()

    with pytest.raises(SandboxError, match="newer"):
        Sandbox(data=file)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SandboxError, match="nowhere"):
        Sandbox(data=tmp_path / "nowhere" / "books.sqlite3")


def test_an_answer_that_can_not_be_kept_does_not_leave(file):
    with Sandbox(data=file) as sandbox:
        door = RequestsDoor(sandbox, serve=False)
        assert sandbox._keeping._store is not None
        database = sandbox._keeping._store._database
        database.execute("PRAGMA query_only = ON")

        refused = door.pay()
        database.execute("PRAGMA query_only = OFF")
        later = door.pay()

        assert refused.status == 500
        assert later.respcd == "0000"
    with Sandbox(data=file) as again:
        assert [order.out_trade_no for order in again.orders()] == ["N1", "N2"]


def test_a_snapshot_puts_everything_back(make_sandbox):
    door = GatewayDoor(make_sandbox())
    placed = door.pay()
    snapshot = door.sandbox._keeping.snapshot()
    rows = door.sandbox.orders(None)
    door.cancel("reversal", placed)
    door.pay()
    door.sandbox.clock.advance(5000)

    door.sandbox._keeping.restore(snapshot)

    assert door.sandbox.orders(None) == rows
    assert door.look(placed)["respcd"] == "1143"
    assert door.cancel("reversal", placed).respcd == "0000"


def test_a_snapshot_can_be_carried_into_another_sandbox(make_sandbox):
    door = GatewayDoor(make_sandbox())
    door.pay(txamt=77001)

    other = make_sandbox()
    other._keeping.restore(door.sandbox._keeping.snapshot())

    assert other.orders(None) == door.sandbox.orders(None)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"format": {"version": 99}},
        {"format": {"version": 1}, "order": {"x": {"state": "gone"}}},
        {"format": {"version": 1}, "order": [1]},
        [],
    ],
    ids=str,
)
def test_what_is_no_snapshot_is_refused_and_nothing_is_lost(make_sandbox, wrong):
    door = GatewayDoor(make_sandbox())
    door.pay()

    with pytest.raises(SandboxError):
        door.sandbox._keeping.restore(wrong)

    assert len(door.sandbox.orders()) == 1


def test_a_reset_forgets_orders_and_keeps_merchants(file):
    with Sandbox(data=file) as sandbox:
        door = RequestsDoor(sandbox, serve=False)
        first = door.pay()
        sandbox._keeping.reset()
        again = door.pay(out_trade_no="N1")

        assert again.json == first.json
    with Sandbox(data=file) as sandbox:
        assert len(sandbox.orders()) == 1


def test_what_an_order_will_do_stays_in_the_file_as_it_always_was(file):
    with Sandbox(data=file) as sandbox:
        door = RequestsDoor(sandbox, serve=False)
        door.pay(txamt=77003)
        door.pay(txamt=77018)
        door.pay(txamt=77024)
    with contextlib.closing(sqlite3.connect(file)) as database:
        rows = database.execute("SELECT value FROM record WHERE kind = 'order'").fetchall()
    kept = [json.loads(value) for (value,) in rows]

    assert [order["plan"] for order in kept] == [[{"event": "pay", "looks": 1}], [], []]
    assert [order["on_cancel"] for order in kept] == [{}, {"refuse": "1254", "times": 1}, {}]
    assert [order["faults"] for order in kept] == [[], [], [["cancel", "lost after", 1]]]
