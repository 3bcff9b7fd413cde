"""A wrong key is said as what it most likely is, by the name that gave it, and never acted on."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from qftools.cli import main
from qftools.sandbox import Sandbox

WRONG = "0123456789ABCDEF0123456789ABCDEF"
QUICK = ("--policy", "first_wait=0.01", "--policy", "wait_step=0")
PAY = ("pay", "--pay-type", "800101", "--txcurrcd", "HKD", "--txamt", "2500")
BY_VARIABLE = "Check QFTOOLS_CLIENT_KEY and QFTOOLS_APP_CODE"
BY_OPTION = "Check --client-key and QFTOOLS_APP_CODE"


@pytest.fixture
def sandbox():
    with Sandbox() as running:
        running.serve()
        yield running


@pytest.fixture
def qftools(sandbox, tmp_path, no_waiting):
    runner = CliRunner(
        env={
            "QFTOOLS_BASE_URL": sandbox.url,
            "QFTOOLS_APP_CODE": sandbox.credentials.app_code,
            "QFTOOLS_CLIENT_KEY": WRONG,
            "QFTOOLS_JOURNAL": str(tmp_path / "journal.db"),
        }
    )
    return lambda *args, **how: runner.invoke(main, ("--lang", "en", *args), **how)


@pytest.mark.parametrize("args", [("query", "A1"), PAY], ids=["query", "pay"])
def test_an_answer_with_a_wrong_signature_says_what_it_reads_and_what_to_check(qftools, args):
    said = qftools(*args)
    asked = json.loads(qftools(*args, "--json").output)["error"]

    assert said.exit_code == 3
    assert "The unverified content says respcd 1108" in said.output
    assert "The outcome is unknown, not failed" in said.output
    assert BY_VARIABLE in said.output
    assert (asked["type"], asked["unverified_respcd"]) == ("SignatureError", "1108")
    assert BY_VARIABLE in asked["advice"]


def test_a_key_from_the_command_line_is_named_as_the_option(qftools):
    assert BY_OPTION in qftools("query", "A1", "--client-key", WRONG + "0").output


def test_a_cancel_with_a_wrong_key_is_unresolved_and_says_what_to_check(qftools):
    said = qftools("cancel", "A1", *QUICK)
    told = json.loads(qftools("cancel", "A1", *QUICK, "--json").output)

    assert said.exit_code == 15
    assert BY_VARIABLE in said.output
    assert told["verdict"] == "UNRESOLVED"
    assert "The unverified content says respcd 1108" in told["reason"]
    assert BY_VARIABLE in told["advice"]
    assert {step["finding"] for step in told["steps"]} == {"SILENT"}


def test_an_unknown_app_code_is_refused_and_named_too(qftools, sandbox):
    how = {"env": {"QFTOOLS_APP_CODE": "0" * 32}}

    asked = qftools("query", "A1", **how)
    cancelled = qftools("cancel", "A1", *QUICK, **how)

    assert (asked.exit_code, cancelled.exit_code) == (1, 15)
    assert BY_VARIABLE in asked.output
    assert BY_VARIABLE in cancelled.output


def test_a_right_answer_that_was_tampered_with_is_not_put_down_to_the_key(qftools, sandbox):
    sandbox.fault("wrong signature", times=None)
    how = {"env": {"QFTOOLS_CLIENT_KEY": sandbox.credentials.client_key}}

    said = qftools("query", "A1", **how)

    assert said.exit_code == 3
    assert "1108" not in said.output
    assert "ignore it" in said.output


def test_the_key_is_in_none_of_it(qftools):
    outputs = [qftools(*args).output for args in (("query", "A1"), ("cancel", "A1", *QUICK), PAY)]

    assert not any(WRONG in output for output in outputs)
