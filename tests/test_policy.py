"""The table of policies: complete, sourced, and what a cancel goes by."""

from __future__ import annotations

import json
from dataclasses import fields

import pytest
from click.testing import CliRunner

from qftools import catalogue
from qftools.cancellation.policy import Policy, policy_for, rules
from qftools.cancellation.run import cancel
from qftools.cli import main
from qftools.sandbox import Sandbox

AUTH_CODE = "134676275354204254"


@pytest.fixture
def qftools():
    return lambda *args: CliRunner().invoke(main, ("--lang", "en", *args))


def test_every_row_has_known_sources_and_says_why_in_both_languages():
    for rule in rules():
        assert set(rule.source.split("; ")) <= {*catalogue.sources(), "chosen"}
        assert rule.note.zh and rule.note.en


def test_every_row_is_about_pay_types_that_exist_and_sets_fields_that_exist():
    names = {field.name for field in fields(Policy)}
    pairs = {(row.wallet, row.mode) for row in catalogue.pay_types().values()}

    for rule in rules():
        assert set(rule.values) <= names
        assert any(
            rule.wallet in ("*", wallet) and rule.mode in ("*", mode) for wallet, mode in pairs
        )


def test_the_first_row_is_what_a_policy_is_without_a_table():
    assert policy_for(None) == Policy()
    assert set(rules()[0].values) == {field.name for field in fields(Policy)} - {"source"}


@pytest.mark.parametrize("pay_type", catalogue.pay_types())
def test_a_cancel_is_patient_for_at_least_the_two_minutes_of_the_sources(pay_type):
    policy = policy_for(pay_type)

    patience = sum(policy.wait(again) for again in range(policy.confirm_tries))
    assert patience >= policy.in_progress


def asked_at(outcome, endpoint):
    return [taken.at for taken in outcome.steps if taken.endpoint == endpoint]


def test_a_scanned_wechat_payment_is_revoked_no_earlier_than_the_wallet_asks_for():
    with Sandbox(password="on") as sandbox:
        client = sandbox.client()
        began = client.clock()
        order = client.pay(pay_type="800208", txamt=2500, txcurrcd="HKD", auth_code=AUTH_CODE)

        outcome = cancel(client, order)

    assert outcome.verdict == "CANCELLED"
    assert asked_at(outcome, "reversal")[0] - began >= 15
    assert outcome.steps[-3].step == "LOOK", "it is looked at again right before the cancel"


def test_an_order_that_is_old_enough_is_revoked_at_once():
    with Sandbox(password="on") as sandbox:
        client = sandbox.client()
        order = client.pay(pay_type="800208", txamt=2500, txcurrcd="HKD", auth_code=AUTH_CODE)
        sandbox.clock.advance(20)

        outcome = cancel(client, order)

    assert [taken.step for taken in outcome.steps] == ["LOOK", "CANCEL", "CONFIRM"]


@pytest.mark.parametrize("slow", [-86_400.0, 86_400.0])
def test_a_clock_that_is_a_day_wrong_costs_at_most_the_wait_itself(slow):
    with Sandbox(password="on") as sandbox:
        order = sandbox.client().pay(
            pay_type="800208", txamt=2500, txcurrcd="HKD", auth_code=AUTH_CODE
        )
        client = sandbox.client(clock=lambda: sandbox.clock.now() + slow)
        before = sandbox.clock.now()

        outcome = cancel(client, order)

    assert outcome.verdict == "CANCELLED"
    assert sandbox.clock.now() - before <= 15


def test_the_policy_of_a_pay_type_is_shown_with_its_sources(qftools):
    shown = json.loads(qftools("policy", "800208", "--json").output)

    assert shown["policy"]["cancel_after"] == 15
    assert [row["wallet"] for row in shown["rows"]] == ["*", "wechat"]
    assert all(row["source"] and row["note"] for row in shown["rows"])


def test_the_whole_table_is_shown(qftools):
    done = qftools("policy")

    assert done.exit_code == 0
    assert "cancel_after=15" in done.output and "manual2018jp" in done.output


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("policy", "123456"), "No source lists pay type 123456"),
        (("cancel", "--policy", "hope=1"), "a policy has no 'hope'; it has: look_tries"),
        (("cancel", "--policy", "cancel_after=soon"), "cancel_after takes a number, not 'soon'"),
        (("cancel", "--policy", "look_tries=0"), "look_tries is 0"),
    ],
)
def test_wrong_values_are_refused_before_anything_is_sent(qftools, args, said):
    order = ("--syssn", "1", "--txamt", "1", "--txdtm", "2026-01-05 10:00:00", "--no-journal")
    account = (
        "--base-url",
        "http://127.0.0.1:9",
        "--app-code",
        "A",
        "--client-key",
        "not a real key",
    )
    done = qftools(*args, *(order + account if args[0] == "cancel" else ()))

    assert done.exit_code == 2
    assert said in done.output
