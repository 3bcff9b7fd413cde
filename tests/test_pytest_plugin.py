"""The pytest plugin as a shop's tests meet it: each test here runs a few of a shop."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from qftools.sandbox.situations import situations

ROOT = Path(__file__).parents[1]
SHOP = """
import os
import pytest
from qftools import Client, Credentials

@pytest.fixture
def shop(qfpay_sandbox):
    account = Credentials(os.environ["QFTOOLS_APP_CODE"], os.environ["QFTOOLS_CLIENT_KEY"])
    with Client(account, os.environ["QFTOOLS_BASE_URL"]) as client:
        yield client

@pytest.fixture
def order():
    return dict(pay_type="800101", txamt=77001, txcurrcd="HKD", out_trade_no="A1")
"""
# Cancels what it has seen to be paid.
CARELESS = """
def careless(shop, order):
    placed = shop.pay(**order)
    shop.query(placed)
    with pytest.raises(GatewayError):
        shop.reverse(placed)
"""
HEAD = "import os\nimport pytest\nfrom qftools import GatewayError, TransportError\n" + CARELESS


@pytest.fixture
def run(pytester, monkeypatch):
    """Run tests of a shop, strictly, with no other plugin than ours."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("CI", raising=False)  # there, pytest's summary repeats whole messages
    monkeypatch.setenv("QFTOOLS_BASE_URL", "https://openapi-hk.qfapi.com")
    monkeypatch.setenv("QFTOOLS_MCHID", "of the shell")
    pytester.makeconftest(SHOP)

    def run(source, *options, strict=True):
        pytester.makepyfile(HEAD + source)
        warnings = "error" if strict else "always"
        plugin = ("-p", "qftools.pytest_plugin", "-p", "no:cacheprovider")
        return pytester.runpytest_inprocess(
            *plugin, "--strict-markers", "--strict-config", "-W", warnings, *options
        )

    return run


def test_a_shop_that_puts_money_at_risk_fails_the_test_with_the_evidence(run):
    done = run("def test_shop(shop, order): careless(shop, order)")

    done.assert_outcomes(failed=1)
    said = done.stdout.str()
    assert "qfpay: money at risk" in said
    assert "danger: Cancelled an order known to be paid, instead of refunding it [A1]" in said
    assert "#3 POST http://127.0.0.1:" in said and "/trade/v1/reversal" in said
    assert "1260" in said  # the gateway's answer to it


def test_the_marker_turns_the_failure_into_a_warning_or_off_and_the_closest_one_wins(run):
    done = run(
        """
pytestmark = pytest.mark.qfpay(report="off")

@pytest.mark.qfpay(report="warn")
def test_warns(shop, order): careless(shop, order)

def test_says_nothing(shop, order): careless(shop, order)

@pytest.mark.qfpay(report="off")
class TestShop:
    @pytest.mark.qfpay(report="fail")
    def test_fails(self, shop, order): careless(shop, order)
""",
        strict=False,
    )

    done.assert_outcomes(passed=2, failed=1, warnings=1)
    assert done.stdout.str().count("known to be paid before it was cancelled") == 2


def test_a_test_that_fails_by_itself_shows_the_report_beside_its_own_reason(run):
    done = run("def test_shop(shop, order):\n    careless(shop, order)\n    assert not 'mine'")

    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["*assert not 'mine'*", "*Captured qfpay call*", "*money at risk"])


def test_each_test_has_empty_books_credentials_and_journal_of_its_own_at_one_address(run):
    done = run(
        """
seen = []

@pytest.mark.parametrize("time", "12")
def test_shop(shop, order, time, qfpay_sandbox):
    shop.pay(**order)
    (row,) = qfpay_sandbox.orders()
    assert row.state == "paid" and row.out_trade_no == "A1"
    names = ("BASE_URL", "APP_CODE", "CLIENT_KEY", "JOURNAL", "ENVIRONMENT")
    seen.append([os.environ["QFTOOLS_" + name] for name in names])
    assert "QFTOOLS_MCHID" not in os.environ

def test_what_they_saw():
    first, second = seen
    assert first[0] == second[0] and first[0].startswith("http://127.0.0.1:")
    assert all(a != b for a, b in zip(first[1:4], second[1:4], strict=True))
    assert first[4] == "sandbox"
    assert os.environ["QFTOOLS_MCHID"] == "of the shell"

@pytest.mark.qfpay(port=0)
def test_own_port(qfpay_sandbox, shop, order):
    assert qfpay_sandbox.url != seen[0][0]
    shop.pay(**order)
"""
    )

    done.assert_outcomes(passed=4)


def test_the_marker_alone_gives_the_fixture_and_arms_the_fault_also_in_unittest_classes(run):
    done = run(
        """
import unittest
import requests

@pytest.mark.qfpay(fault="lost_reply", on="payment")
def test_lost(shop, order, qfpay_sandbox):
    with pytest.raises(TransportError):
        shop.pay(**order)
    assert qfpay_sandbox.order("A1").state == "paid"
    assert shop.query("A1").ok

@pytest.mark.qfpay(clock="real", lang="zh")
class TestShop(unittest.TestCase):
    def setUp(self):
        assert self.qfpay_sandbox.clock.kind == "real"

    def test_shop(self):
        answer = requests.post(os.environ["QFTOOLS_BASE_URL"] + "/trade/v1/query")
        assert answer.json()["respcd"] == "1108"
        assert self.qfpay_sandbox.exchanges

@pytest.mark.usefixtures("qfpay_sandbox")
class TestOther(unittest.TestCase):
    def test_shop(self):
        assert self.qfpay_sandbox.exchanges == ()
        assert self.qfpay_sandbox.clock.kind == "virtual"
"""
    )

    done.assert_outcomes(passed=3)


def test_a_test_runs_once_for_each_bad_day_and_the_day_is_staged(run):
    done = run(
        """
def test_shop(qfpay_sandbox, qfpay_situations):
    armed = len(list(qfpay_sandbox._gateway.faults))
    assert armed == bool(qfpay_situations.fault)
    assert qfpay_situations.txamt and qfpay_situations.text.en and qfpay_situations.text.zh
""",
        "-v",
    )

    found = situations()
    done.assert_outcomes(passed=len(found))
    assert len({one.id for one in found}) == len(found)
    done.stdout.fnmatch_lines(["*test_shop[[]payment-lost-after[]] PASSED*"])


@pytest.mark.parametrize(
    ("marker", "said"),
    [
        ("fault='sunspots'", "there is no fault 'sunspots'"),
        ("on='payment'", "qfpay(on): of which fault?"),
        ("report='loud'", "qfpay(report='loud'): it is fail or warn or off"),
        ("'lost_reply'", "qfpay('lost_reply',): give each value its name"),
        ("colour='red'", "colour"),
    ],
)
def test_a_marker_that_makes_no_sense_is_an_error_that_says_why(run, marker, said):
    done = run(f"@pytest.mark.qfpay({marker})\ndef test_shop(): pass")

    done.assert_outcomes(errors=1)
    assert said in done.stdout.str()


def test_what_a_program_of_an_earlier_test_still_sends_is_no_evidence_against_the_next(run):
    done = run(
        """
kept = []

def test_one(shop):
    kept.append(shop)

def test_two(qfpay_sandbox, order):
    with pytest.raises(TransportError, match="503"):
        kept[0].pay(**order)
    assert qfpay_sandbox.exchanges == ()
    assert not qfpay_sandbox.report().findings
"""
    )

    done.assert_outcomes(passed=2)


def test_a_slow_reply_ends_with_its_test(run):
    done = run(
        """
import requests, threading, time

@pytest.mark.qfpay(fault="slow", seconds=600)
def test_slow(qfpay_sandbox):
    ask = lambda: requests.post(qfpay_sandbox.url + "/trade/v1/query", timeout=20)
    test_slow.thread = threading.Thread(target=ask)
    test_slow.thread.start()
    while not qfpay_sandbox.exchanges:
        pass

def test_next(qfpay_sandbox):
    test_slow.thread.join(timeout=10)
    assert not test_slow.thread.is_alive()
"""
    )

    done.assert_outcomes(passed=2)


def test_it_works_under_xdist(run, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    done = run(
        """
@pytest.mark.parametrize("number", range(4))
def test_shop(shop, order, number, qfpay_sandbox):
    shop.pay(**order)
    assert len(qfpay_sandbox.orders()) == 1
""",
        *("-p", "xdist", "-n", "2"),
    )

    done.assert_outcomes(passed=4)


def test_pytest_finds_it_by_its_entry_point():
    project = tomllib.loads(ROOT.joinpath("pyproject.toml").read_text("utf-8"))["project"]

    assert project["entry-points"]["pytest11"] == {"qftools": "qftools.pytest_plugin"}
