"""The demo: every wallet of the vendor's page in every situation, checked against the books."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner
from rich.cells import cell_len

from qftools import catalogue
from qftools.cancellation.verdicts import VERDICTS, Verdict
from qftools.cli import demonstration, main

ROWS = list(demonstration.run())


def test_every_pair_of_the_vendors_page_is_shown_in_every_situation():
    shown = {(row.pay_type, row.situation) for row in ROWS}

    assert {
        (pay_type, situation.label)
        for pay_type in demonstration.PAY_TYPES
        for situation in demonstration.SITUATIONS
    } <= shown
    assert len(demonstration.PAY_TYPES) * len(demonstration.SITUATIONS) >= 25


def test_the_pairs_are_those_of_the_vendors_page():
    types = [catalogue.pay_types()[code] for code in demonstration.PAY_TYPES]

    assert {(row.wallet, row.mode) for row in types[:4]} == {
        ("alipay", "mpm"),
        ("alipay", "cpm"),
        ("wechat", "mpm"),
        ("wechat", "cpm"),
    }
    assert types[4].wallet not in ("alipay", "wechat")


def test_every_verdict_agrees_with_the_books():
    assert [row for row in ROWS if not row.agrees] == []


def test_every_verdict_is_shown_but_those_that_need_a_past_or_a_hold():
    shown = {row.outcome.verdict for row in ROWS}

    # FAILED and ALREADY_REFUNDED: the payment's own reply says the first, a refund makes the second
    without = {Verdict.FAILED, Verdict.ALREADY_REFUNDED, Verdict.HELD, Verdict.RELEASED}
    assert set(VERDICTS) - shown <= without


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.pay_type} {row.situation}")
def test_a_verdict_that_the_books_contradict_is_noticed(row):
    paid = row.books in ("paid", "refunded")
    contradicted = replace(row, books="waiting" if paid else "paid")

    assert row.outcome.verdict is Verdict.UNRESOLVED or not contradicted.agrees


def test_the_demo_ends_with_0_and_says_how_many_verdicts_agree():
    done = CliRunner().invoke(main, ["--lang", "en", "demo"])

    assert done.exit_code == 0
    assert f"{len(ROWS)} of {len(ROWS)} verdicts agree" in done.output


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_demo_fits_a_terminal_of_24_lines_and_80_columns(language, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")

    lines = CliRunner().invoke(main, ["--lang", language, "demo"]).output.splitlines()

    assert len(lines) < 24  # the prompt has the last one
    assert max(map(cell_len, lines)) <= 80
    assert all(any(row.outcome.verdict in line for line in lines) for row in ROWS)


def test_the_demo_in_full_names_every_call():
    done = CliRunner().invoke(main, ["--lang", "en", "demo", "--full"], env={"COLUMNS": "200"})

    assert "query 1143 → reversal 0000 →" in done.output


def test_a_disagreement_ends_with_1_and_is_named(monkeypatch):
    # What the books may say of a paid order is changed, so that the first row no longer agrees.
    monkeypatch.setitem(demonstration.TRUE, Verdict.PAID, frozenset())

    done = CliRunner().invoke(main, ["--lang", "en", "demo"])

    assert done.exit_code == 1
    assert "Alipay MPM, paid: the verdict is PAID, the sandbox has paid" in done.output


def test_json_has_every_row_with_what_was_asked():
    rows = json.loads(CliRunner().invoke(main, ["--lang", "en", "demo", "--json"]).output)["rows"]

    assert len(rows) == len(ROWS)
    assert rows[1]["asked"] == ["query 1143", "reversal 0000", "query 1142"]
    assert rows[1]["verdict"] == "CANCELLED"
