"""The workbench as a panel: what it shows of a sandbox or a tap, and that it is live."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from qftools import Client, OutcomeUnknownError, locale
from qftools.panels import Report, Workbench
from qftools.panels.workbench import PAGE
from qftools.sandbox import Sandbox
from qftools.sandbox.sandbox import CLIENT_KEY
from qftools.tap import Tap

ORDER: dict[str, Any] = {"pay_type": "800101", "txamt": 2500, "txcurrcd": "HKD"}
NASTY = "<img src=x onerror=alert(1)>\"'&<script>alert(2)</script>"


@pytest.fixture
def sandbox():
    return Sandbox()


def rows(bench):
    return [label for label, _position in bench.list.options]


def test_a_refusal_is_broken_on_purpose_explained_and_stands_in_its_orders_timeline(sandbox):
    bench = Workbench(sandbox)
    sandbox.client().pay(**ORDER, out_trade_no="A1")
    bench.look()

    bench.way.value = "unsorted"
    bench.again.click()

    assert bench.as_text().splitlines() == [
        "Workbench: 2 of 2",
        "#2 payment wrong 1108",
        "#1 payment ok 0000",
    ]
    assert "not sorted" in bench.call.value and "qf-differs" in bench.call.value
    bench.list.value = "1"
    assert "waiting for the payer" in bench.order.value and "<svg" in bench.order.value


def test_an_orders_timeline_is_shown_whatever_characters_its_number_has(sandbox):
    bench = Workbench(sandbox)
    sandbox.client().pay(**ORDER, out_trade_no="A/1 #?%25")

    bench.look()

    assert "A/1 #?%25" in bench.order.value and "<svg" in bench.order.value


def test_it_follows_the_newest_until_one_is_chosen_and_again_when_told_so(sandbox):
    bench, client = Workbench(sandbox), sandbox.client()
    for number in ("A1", "A2"):
        client.pay(**ORDER, out_trade_no=number)
    bench.look()
    assert "A2" in bench.call.value

    bench.list.value = "1"
    client.query(out_trade_no="A2")
    bench.look()
    assert "A1" in bench.call.value and not bench.follow.value

    bench.follow.value = True
    assert "#3 " in bench.call.value and bench.list.value == "3"


def test_it_is_searched_narrowed_and_paged_to_the_end(sandbox):
    client = sandbox.client()
    for number in range(PAGE + 5):
        client.query(out_trade_no=f"A{number}")
    bench = Workbench(sandbox)

    bench.older.click()
    client.query(out_trade_no="B1")  # what is read stays in its place
    bench.look()
    assert [row.split(" ")[0] for row in rows(bench)] == ["#5", "#4", "#3", "#2", "#1"]
    assert bench.older.disabled and not bench.newer.disabled

    bench.search.value = "b1"
    assert bench.as_text().splitlines()[0] == f"Workbench: 1 of {PAGE + 6}"
    bench.chips["fault"].value = True
    assert rows(bench) == [] and "Nothing here matches" in bench.count.value


def test_what_calls_a_served_sandbox_is_shown_while_the_cell_that_calls_is_running(sandbox):
    sandbox.serve()
    bench = Workbench(sandbox)
    seen = threading.Event()

    def listed(change):
        if change["new"]:
            seen.set()

    bench.list.observe(listed, "options")
    bench._repr_mimebundle_()  # it is on the page from here on

    Client(sandbox.credentials, sandbox.url).query(out_trade_no="A1")

    assert seen.wait(30), bench._trouble.value
    bench.close()
    sandbox.close()


def test_a_tap_shows_what_became_of_a_reply_that_was_lost_and_sends_nothing(sandbox):
    with Tap(sandbox, client_key=CLIENT_KEY) as tap:
        bench, client = Workbench(tap), tap.client()
        order = client.pay(**ORDER)
        sandbox.payer(order).pay()
        tap.arm("reply lost", on="refund")
        with pytest.raises(OutcomeUnknownError):
            client.refund(order)
        found = client.query(order).transaction
        assert found is not None and found.state == "refunded"
        bench.look()

        assert bench.as_text().splitlines()[1:3] == [
            "#3 query ok 0000",
            "#2 refund ok 0000 lost after",
        ]
        assert "refunded" in bench.order.value
        assert bench.again not in [
            w for box in bench.children for w in getattr(box, "children", ())
        ]
        assert Report(tap).as_text() == "Report: clean"


def test_a_real_gateway_is_called_real_in_both_languages():
    with Tap("https://openapi-hk.qfapi.com", environment="production") as tap:
        bench = Workbench(tap)
        assert "REAL" in bench.title.value and "openapi-hk.qfapi.com" in bench.title.value
        locale.use_language("zh")
        assert "真实网关" in bench.title.value


def test_hostile_text_stays_text_and_a_key_that_is_searched_for_is_not_kept(sandbox):
    bench = Workbench(sandbox)
    sandbox.client().pay(**ORDER, out_trade_no="A1", goods_name=NASTY)
    bench.search.value = f"{NASTY} {CLIENT_KEY}"
    assert CLIENT_KEY not in bench.search.value

    bench.search.value = ""
    shown = bench.call.value + bench.order.value + bench.as_html() + bench.title.value
    assert "&lt;script&gt;" in shown
    assert "<script>" not in shown and "<img src=x" not in shown
