"""Going on with a cancel: where it began, as the caller says now, and on a disk that has it."""

from __future__ import annotations

import json
import os
import re
import resource
import sqlite3
import subprocess
import sys
import textwrap
from contextlib import closing

import pytest
from click.testing import CliRunner

from qftools import Policy, Verdict, cancel
from qftools.cancellation.walk import Step
from qftools.cli import main
from qftools.errors import InputError
from qftools.journal.journal import Journal
from qftools.models import Credentials, Order
from qftools.sandbox import Sandbox
from tests.test_journal import HASTY, Asks, Died, Dies, placed
from tests.test_journal_entries import spoil

KEY = "MARKER5744993FBC034DBBB995FA"
AGENT, OTHER_AGENT = "MNxMp11FV35qQN", "nDB64h9qJ1An"


@pytest.fixture
def sandbox():
    with Sandbox(client_key=KEY) as running:
        running.serve()
        yield running


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.db"


@pytest.fixture
def client(sandbox):
    return over_the_wire(sandbox)


def over_the_wire(sandbox, **credentials):
    """A client as the command line makes it, for the sandbox's account or another one."""
    account = {"app_code": sandbox.credentials.app_code, "client_key": KEY} | credentials
    return sandbox.client(base_url=sandbox.url, adapter=None, credentials=Credentials(**account))


@pytest.fixture
def qftools(path, no_waiting):
    return lambda *args, **env: CliRunner(env={"QFTOOLS_JOURNAL": str(path), **env}).invoke(
        main, ("--lang", "en", *args)
    )


def interrupted(client, path, at=1, **how):
    """A cancel that died at the n-th moment; returns its order."""
    order = how.pop("order", None) or placed(client)
    with Journal(path) as journal, pytest.raises(Died):
        cancel(client, order, journal=journal, watch=Dies(at), **how)
    return order


def as_environment(sandbox, **more):
    account = {
        "QFTOOLS_BASE_URL": sandbox.url,
        "QFTOOLS_APP_CODE": sandbox.credentials.app_code,
        "QFTOOLS_CLIENT_KEY": KEY,
    }
    return account | more


# ---- only where it began -------------------------------------------------------------------


def test_another_host_is_refused_before_anything_is_sent(sandbox, client, path, qftools):
    order = interrupted(client, path)
    with Sandbox(client_key=KEY) as other:
        elsewhere = as_environment(sandbox, QFTOOLS_BASE_URL=other.serve())

        with Journal(path) as journal, pytest.raises(InputError, match="that of entry 1"):
            journal.resume(over_the_wire(other), 1)
        refused = qftools("resume", "1", **elsewhere)
        everything = qftools("resume", "--all", **elsewhere)

        assert other.exchanges == ()
    assert (refused.exit_code, everything.exit_code) == (2, 0)
    assert "that of entry 1" in refused.output
    assert "Skipped, because they belong to other accounts: 1." in everything.output
    assert sandbox.order(order).state == "waiting"


@pytest.mark.parametrize(
    ("account", "environment"),
    [
        ({"app_code": "B" * 32}, {"QFTOOLS_APP_CODE": "B" * 32}),
        ({"mchid": AGENT}, {"QFTOOLS_MCHID": AGENT}),
    ],
    ids=["app_code", "mchid"],
)
def test_another_account_is_refused_before_anything_is_sent(
    account, environment, sandbox, client, path, qftools
):
    order = interrupted(client, path)
    asked = len(sandbox.exchanges)

    with Journal(path) as journal:
        with pytest.raises(InputError, match="that of entry 1"):
            journal.resume(over_the_wire(sandbox, **account), 1)
        assert journal.pending(over_the_wire(sandbox, **account)) == ()
    refused = qftools("resume", "1", **as_environment(sandbox, **environment))
    everything = qftools("resume", "--all", **as_environment(sandbox, **environment))

    assert refused.exit_code == 2 and "that of entry 1" in refused.output
    assert "Skipped, because they belong to other accounts: 1." in everything.output
    assert len(sandbox.exchanges) == asked
    assert sandbox.order(order).state == "waiting"


def test_a_cancel_of_another_account_begins_an_entry_of_its_own(sandbox, path):
    one, other = (over_the_wire(sandbox, mchid=mchid) for mchid in (AGENT, OTHER_AGENT))
    order = Order("A1", 2500, one.now())
    interrupted(one, path, order=order)

    with Journal(path) as journal:
        cancel(other, order, journal=journal, policy=HASTY)
        assert [entry.mchid for entry in journal.entries()] == [AGENT, OTHER_AGENT]
        assert journal.entry(1).verdict is None


@pytest.mark.parametrize(
    ("left", "verdict"), [(True, Verdict.CANCELLED), (False, Verdict.ALREADY_CANCELLED)]
)
def test_a_cancel_found_on_going_on_is_ours_only_if_our_question_may_have_left(
    left, verdict, sandbox, client, path
):
    order = placed(client)
    interrupted(client, path, at=2 if left else 1, order=order)
    cancel(over_the_wire(sandbox), order)

    with Journal(path) as journal:
        assert journal.entry(1).unanswered == ("reversal" if left else None)
        assert journal.resume(client, 1).verdict is verdict


# ---- as the caller says now ------------------------------------------------------------------


def test_the_policy_given_to_resume_is_used_and_kept(sandbox, client, path):
    interrupted(client, path, at=0, policy=Policy(look_tries=7))
    patience = Policy(look_tries=2, first_wait=0.0, wait_step=0.0)

    with sandbox.fault("reply lost", on="query", times=None), Journal(path) as journal:
        outcome = journal.resume(client, 1, policy=patience)

    assert outcome.verdict is Verdict.UNRESOLVED
    assert [taken.endpoint for taken in outcome.steps] == ["query"] * 2
    with Journal(path) as journal:
        assert journal.entry(1).walk.policy == patience


def test_resume_is_as_patient_as_the_cancel_was_where_it_is_told_nothing(sandbox, client, path):
    patience = Policy(look_tries=3, first_wait=0.0, wait_step=0.0)
    interrupted(client, path, at=0, policy=patience)

    with sandbox.fault("reply lost", on="query", times=None), Journal(path) as journal:
        outcome = journal.resume(client, 1)

        assert len(outcome.steps) == 3
        assert journal.entry(1).walk.policy == patience


@pytest.mark.parametrize(
    ("pay_type", "chosen", "call"),
    [
        ("800201", {"profile": "docs-2026-02"}, "reversal"),
        ("805801", {"hk_cancel": "allow"}, "close"),
        ("800101", {"policy": Policy(look_tries=3)}, "reversal"),
    ],
)
def test_what_is_chosen_on_cancelling_again_is_used_and_kept(pay_type, chosen, call, client, path):
    order = placed(client, pay_type=pay_type)
    interrupted(client, path, order=order)

    with Journal(path) as journal:
        outcome = cancel(client, order, journal=journal, **chosen)

    assert call in [taken.endpoint for taken in outcome.steps]
    with Journal(path) as journal:
        walk = journal.entry(1).walk
        assert {name: getattr(walk, name) for name in chosen} == chosen
        assert len(journal.entries()) == 1


@pytest.mark.parametrize(
    ("pay_type", "chosen", "call"),
    [
        ("800201", {"profile": "docs-2026-02"}, "reversal"),
        ("805801", {"hk_cancel": "allow"}, "close"),
    ],
)
def test_what_was_chosen_at_first_is_what_resume_goes_by(pay_type, chosen, call, client, path):
    interrupted(client, path, order=placed(client, pay_type=pay_type), **chosen)

    with Journal(path) as journal:
        outcome = journal.resume(client, 1)

    assert call in [taken.endpoint for taken in outcome.steps]


def test_the_outcome_has_the_questions_of_before_and_those_of_going_on(sandbox, client, path):
    interrupted(client, path)

    with Journal(path) as journal:
        before = journal.entry(1).steps
        outcome = journal.resume(client, 1)

        assert len(before) == 1 and outcome.steps[:1] == before and len(outcome.steps) > 1
        assert journal.entry(1).outcome == outcome


def test_what_is_known_of_an_order_is_kept_where_the_caller_says_less(client, path):
    order = placed(client)
    interrupted(client, path, order=order)

    with Journal(path) as journal:
        cancel(client, Order(order.out_trade_no), journal=journal)
        kept = journal.entry(1).order

    assert (kept.txamt, kept.txdtm, kept.syssn) == (order.txamt, order.txdtm, order.syssn)


def test_an_amount_that_the_caller_corrects_takes_the_place_of_the_wrong_one(client, path):
    order = placed(client)
    wrong = Order(order.out_trade_no, 9900, order.txdtm, txcurrcd="HKD")
    with Journal(path) as journal:
        first = cancel(client, wrong, journal=journal, policy=HASTY)
        second = cancel(client, order, journal=journal)

        assert (first.verdict, second.verdict) == (Verdict.UNRESOLVED, Verdict.CANCELLED)
        assert [entry.order.txamt for entry in journal.entries()] == [order.txamt]


# ---- what can't be read, on the command line ----------------------------------------------------


def test_pending_names_what_it_cannot_read_and_lists_the_rest(sandbox, client, path, qftools):
    orders = [interrupted(client, path) for _ in range(3)]
    spoil(path, "an unknown step")

    listed = qftools("pending")
    machine = json.loads(qftools("pending", "--json").stdout)
    shown = qftools("journal", "show", orders[1].out_trade_no)

    assert orders[0].out_trade_no in listed.output and orders[2].out_trade_no in listed.output
    assert "Entry 2 can't be read" in listed.output and "newer qftools" in listed.output
    assert [entry["number"] for entry in machine["pending"]] == [1, 3]
    assert [bad["number"] for bad in machine["unreadable"]] == [2]
    assert shown.exit_code == 1 and "entry 2 of the journal" in shown.output


def test_resume_all_goes_on_with_the_rest_and_does_not_say_that_all_is_proved(
    sandbox, client, path, qftools
):
    orders = [interrupted(client, path) for _ in range(3)]
    spoil(path, "half a text")

    done = qftools("resume", "--all", **as_environment(sandbox))

    assert done.exit_code == 15
    assert "Entry 2 can't be read" in done.output
    assert [sandbox.order(order).state for order in orders] == ["cancelled", "waiting", "cancelled"]


def test_with_nothing_but_an_unreadable_entry_pending_does_not_say_that_nothing_is_owed(
    client, path, qftools
):
    interrupted(client, path)
    spoil(path, "null", 1)

    listed = qftools("pending")

    assert "No unfinished cancels or refunds" not in listed.output
    assert "Entry 1 can't be read" in listed.output


def test_one_entry_that_goes_wrong_does_not_stop_resume_all(sandbox, client, path, qftools):
    orders = [interrupted(client, path) for _ in range(3)]

    class Locks:
        """Another process is at the second one while all are gone on with."""

        def asking(self, walk, action):
            self.done = qftools("resume", "--all", **as_environment(sandbox))

        def told(self, walk, taken):
            raise Died

    watch = Locks()
    with Journal(path) as journal, pytest.raises(Died):
        journal.resume(client, 2, watch=watch)

    assert watch.done.exit_code == 15
    assert [sandbox.order(order).state for order in orders] == ["cancelled", "waiting", "cancelled"]


def test_an_answer_that_cannot_be_written_costs_one_warning(client, path):
    order = placed(client)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1, limits[1]))

    with Journal(path) as journal:
        try:
            outcome = cancel(client, order, journal=journal, watch=Asks(Step.CONFIRM, fill))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)

        assert outcome.verdict is Verdict.CANCELLED
        assert len(outcome.warnings) == 1 and "not written: the journal" in outcome.warnings[0]
        assert [entry.unanswered for entry in journal.pending()] == ["query"]


def test_a_finished_cancel_is_found_by_its_verdict_with_sql(client, path):
    cancelled = placed(client)
    with Journal(path) as journal:
        cancel(client, cancelled, journal=journal)
    interrupted(client, path)

    with closing(sqlite3.connect(path)) as database:
        rows = database.execute("SELECT out_trade_no FROM entry WHERE verdict = 'CANCELLED'")
        assert rows.fetchall() == [(cancelled.out_trade_no,)]


# ---- on the disk -------------------------------------------------------------------------------

CANCELS = """
    import os, sys
    from qftools import Journal, cancel
    from qftools.sandbox import Sandbox

    class Watch:
        def asking(self, walk, action):
            os.write(2, f"ASKING {action.endpoint}\\n".encode())
        def told(self, walk, taken):
            os.write(2, b"TOLD\\n")

    Journal(sys.argv[1]).close()  # the file was there before: what counts is each opening
    with Sandbox() as sandbox, Journal(sys.argv[1]) as journal:
        client = sandbox.client()
        order = client.pay(pay_type="800101", txamt=2500, txcurrcd="HKD")
        cancel(client, order, journal=journal, watch=Watch())
"""


@pytest.mark.needs("strace")
def test_what_is_about_to_be_asked_is_synced_to_the_disk_before_it_leaves(path):
    """As the system sees it: between any two moments of the flow the file's log is synced."""
    program = textwrap.dedent(CANCELS)
    done = subprocess.run(
        ["strace", "-f", "-y", "-e", "trace=fsync,fdatasync,write", "--signal=none"]
        + [sys.executable, "-c", program, str(path)],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )

    moments = re.findall(rf"(?:fsync|fdatasync)\(\d+<{path}-wal>\)|\"(?:ASKING|TOLD)", done.stderr)
    in_short = "".join("s" if "sync" in moment else moment[1] for moment in moments)

    assert re.fullmatch(r"(s+As+T){3}s*", in_short), in_short
