"""A bare number is enough: ``qftools cancel A1``, ``query A1``, ``resume A1``."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from qftools import cancel
from qftools.cli import main
from qftools.journal.journal import Journal
from qftools.sandbox import Sandbox
from tests.test_journal import HASTY, Died, Dies, placed

QUICK = ("--policy", "first_wait=0.01", "--policy", "wait_step=0")
UNKNOWN = "20260305066100020000977812"  # as the gateway writes its numbers, but in no books


@pytest.fixture
def sandbox():
    with Sandbox() as running:
        running.serve()
        yield running


@pytest.fixture
def client(sandbox):
    return sandbox.client(base_url=sandbox.url, adapter=None)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.db"


@pytest.fixture
def qftools(sandbox, path, no_waiting):
    runner = CliRunner(
        env={
            "QFTOOLS_BASE_URL": sandbox.url,
            "QFTOOLS_APP_CODE": sandbox.credentials.app_code,
            "QFTOOLS_CLIENT_KEY": sandbox.credentials.client_key,
            "QFTOOLS_JOURNAL": str(path),
        }
    )
    return lambda *args, **how: runner.invoke(main, ("--lang", "en", *args), **how)


@pytest.mark.parametrize("kind", ["out_trade_no", "syssn"])
@pytest.mark.parametrize("ours", ["T1", "2026010510000012345678"])
def test_one_number_of_either_kind_cancels_and_queries(qftools, sandbox, client, kind, ours):
    order = placed(client, out_trade_no=ours)
    number = getattr(order, kind)

    cancelled = qftools("cancel", number)
    asked = qftools("query", number, "--json")

    assert (cancelled.exit_code, asked.exit_code) == (0, 0), cancelled.output
    assert sandbox.order(order).state == "cancelled"
    assert [row["out_trade_no"] for row in json.loads(asked.output)["data"]] == [ours]


def test_a_number_that_is_a_merchants_and_the_gateways_is_the_merchants(qftools, sandbox, client):
    other = placed(client)
    mine = placed(client, out_trade_no=other.syssn)

    qftools("cancel", other.syssn)

    assert (sandbox.order(mine.syssn).state, sandbox.order(other.out_trade_no).state) == (
        "cancelled",
        "waiting",
    )


def test_several_numbers_are_asked_for_together_and_the_missing_are_named(qftools, client):
    first, second = placed(client, out_trade_no="T1"), placed(client, out_trade_no="T2")

    done = qftools("query", "T1,T3", second.syssn)
    found = json.loads(qftools("query", "T1", "T3", second.syssn, "--json").output)["data"]

    assert done.exit_code == 0
    assert {row["syssn"] for row in found} == {first.syssn, second.syssn}
    assert "Not found: T3." in done.output


@pytest.mark.parametrize("number", ["NOSUCH", UNKNOWN])
def test_a_number_that_the_books_lack_is_not_found_after_repeats_and_stays_owed(
    qftools, path, number
):
    done = qftools("cancel", number, "--json", *QUICK)
    asked = qftools("query", number)

    assert (done.exit_code, asked.exit_code) == (13, 13)
    told = json.loads(done.output)
    assert told["verdict"] == "NOT_FOUND"
    assert [step["finding"] for step in told["steps"]] == ["ABSENT"] * len(told["steps"])
    assert len(told["steps"]) >= 3
    with Journal(path) as journal:
        assert {entry.verdict for entry in journal.pending()} == {"NOT_FOUND"}


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("cancel", "T1", "--syssn", "1"), "but not both"),
        (("query", "T1", "--out-trade-no", "T1"), "but not both"),
        (("cancel", "2.02611E+25"), "a spreadsheet leaves"),
        (("query", "20261127000000000000000000"), "a spreadsheet leaves"),
        (("cancel", ""), "syssn and out_trade_no are both missing"),
        (("query", " , "), "syssn and out_trade_no are both missing"),
        (("cancel", "T1", "T2"), "unexpected extra argument"),
    ],
)
def test_wrong_use_is_refused_before_anything_is_sent(qftools, sandbox, path, args, said):
    done = qftools(*args)

    assert done.exit_code == 2
    assert said in done.output
    assert sandbox.exchanges == ()
    assert qftools("pending").output == "No unfinished cancels or refunds.\n"


# ---- resume ----------------------------------------------------------------------------------


def interrupted(client, path, **more):
    order = placed(client, **more)
    with Journal(path) as journal, pytest.raises(Died):
        cancel(client, order, journal=journal, watch=Dies(3))
    return order


@pytest.mark.parametrize("kind", ["out_trade_no", "syssn"])
def test_resume_takes_a_number_of_the_order(qftools, client, path, kind):
    order = interrupted(client, path)

    done = qftools("resume", getattr(order, kind))

    assert done.exit_code == 0, done.output
    assert "CANCELLED" in done.output
    assert qftools("pending").output == "No unfinished cancels or refunds.\n"


def test_of_several_entries_the_one_that_is_owed_is_gone_on_with(qftools, client, path):
    order = interrupted(client, path, out_trade_no="T1")
    qftools("resume", "1")
    with Journal(path) as journal, pytest.raises(Died):
        cancel(client, order, journal=journal, watch=Dies(0))

    done = qftools("resume", "T1", "--json")

    assert [entry["number"] for entry in json.loads(done.output)["resumed"]] == [2]


def test_where_several_entries_could_be_meant_they_are_named(qftools, client, path):
    order = placed(client, out_trade_no="T1")
    with Journal(path) as journal:
        for _ in range(2):
            cancel(client, order, journal=journal, policy=HASTY)

    done = qftools("resume", "T1")

    assert done.exit_code == 2
    assert "several entries about T1: 1, 2" in done.output


def test_resume_of_what_no_journal_has_is_wrong_use(qftools):
    done = qftools("resume", "T1")

    assert done.exit_code == 2
    assert "The journal has nothing about T1" in done.output


# ---- a wrong amount --------------------------------------------------------------------------


def test_a_wrong_amount_is_answered_with_the_command_that_is_right(qftools, sandbox, client, path):
    placed(client, out_trade_no="T1", txamt=2500)

    wrong = qftools("cancel", "T1", "--txamt", "25", *QUICK)
    again = json.loads(qftools("resume", "1", "--json").output)["resumed"][0]

    ready = "qftools cancel --out-trade-no T1 --txamt 2500"
    assert wrong.exit_code == 15
    assert f"  {ready} {' '.join(QUICK)}\n" in wrong.output
    assert (again["command"], again["corrections"]) == (ready, {"txamt": "2500"})

    right = qftools(*ready.split()[1:], "--json")

    assert json.loads(right.output)["verdict"] == "CANCELLED"
    assert json.loads(right.output)["command"] is None
    assert sandbox.order("T1").state == "cancelled"
    assert qftools("pending").output == "No unfinished cancels or refunds.\n"
