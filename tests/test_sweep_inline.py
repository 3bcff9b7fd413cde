"""A sweep in the thread that asks for it: in the order of the rows, on the clock given."""

from __future__ import annotations

import threading
from collections import Counter
from operator import length_hint

import pytest

from qftools.journal.journal import Journal
from qftools.sandbox import Sandbox
from qftools.sweep.sweep import InlineExecutor, Row, Sweep, Task

AMOUNTS = (77001, 77005, 900, 77024, 1200, 77012)


def placed(client, *amounts):
    return [client.pay(pay_type="800101", txamt=n, txcurrcd="HKD") for n in amounts]


def rows_of(orders):
    return [Row(line, order) for line, order in enumerate(orders, 2)]


def test_one_by_one_each_result_comes_before_the_next_row_is_read():
    client = Sandbox().client()
    orders = placed(client, *AMOUNTS)
    rows = iter(rows_of(orders))

    told = [
        (result.line, len(orders) - length_hint(rows))
        for result in Sweep(Task(lambda: client), InlineExecutor()).run(rows)
    ]

    assert told == [(line, line - 1) for line in range(2, 2 + len(orders))]


def test_where_no_thread_can_start_the_orders_go_one_by_one(monkeypatch):
    monkeypatch.setattr("qftools.sweep.sweep.THREADS", False)  # as in a browser
    client = Sandbox().client()
    orders = placed(client, *AMOUNTS)
    threads = set()
    watched = client.pause

    def pause(seconds):
        threads.add(threading.get_ident())
        watched(seconds)

    client.pause = pause
    results = list(Sweep(Task(lambda: client)).run(rows_of(orders)))

    assert [result.line for result in results] == list(range(2, 2 + len(orders)))
    assert threads == {threading.get_ident()}


def test_one_by_one_the_limits_are_kept_on_the_clock_that_is_given():
    sandbox = Sandbox(rate_limit="off")
    client = sandbox.client()
    orders = placed(client, *[77001] * 450)
    sandbox._gateway.settings.set("rate_limit", "published")
    refused: list[object] = []
    sandbox._gateway.log.watchers.append(
        lambda seen: refused.extend([seen] if seen.response and seen.response.status == 429 else [])
    )
    before = sandbox.clock.now()

    results = list(Sweep(Task(lambda: client), InlineExecutor()).run(rows_of(orders)))

    assert Counter(result.verdict for result in results) == {"PAID": 450}
    assert refused == []
    assert sandbox.clock.now() - before >= 60


def test_ctrl_c_in_the_middle_of_an_order_stops_one_by_one_and_the_journal_knows_it(tmp_path):
    client, kept = Sandbox().client(), str(tmp_path / "journal.db")
    orders = placed(client, *[77024] * 3)
    presses = iter([KeyboardInterrupt])

    def pause(seconds):
        raise next(presses)

    client.pause, wait_as_before = pause, client.pause
    sweep = Sweep(Task(lambda: client, journal=kept), InlineExecutor())
    with pytest.raises(KeyboardInterrupt):
        list(sweep.run(rows_of(orders)))
    client.pause = wait_as_before
    with Journal(kept) as journal:
        begun = [entry.order.out_trade_no for entry in journal.pending()]

    results = list(sweep.run(rows_of(orders)))

    assert begun == [orders[0].out_trade_no]
    assert [result.verdict for result in results] == ["CANCELLED"] * 3
