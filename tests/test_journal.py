"""The journal: on disk before it is asked, one driver at a time, never in a verdict's way."""

from __future__ import annotations

import os
import resource
import sqlite3
import threading
from contextlib import contextmanager

import pytest

from qftools import Policy, Verdict, cancel
from qftools.cancellation.walk import Step
from qftools.errors import BusyError, InputError, JournalError
from qftools.journal.going_on import SETTLED
from qftools.journal.journal import Journal
from qftools.models import Credentials, Order
from qftools.sandbox import Sandbox
from qftools.sandbox.books.scripts import ORDINARY

HASTY = Policy(look_tries=2, confirm_tries=2)

BROKEN_DISK = r"journal\.db can't be written, the disk is full or broken: look at the disk$"
READ_ONLY = r"journal\.db is read-only: make it writable, or name another file$"
NO_JOURNAL = r"journal\.db is no journal, or damaged: move it away, or name another file$"
DAMAGED = r"journal\.db is damaged: move it away; the gateway still knows the orders$"
NO_FILE = r"^the journal \S+ can't be opened: does the folder exist, and may you write there\?$"


class Died(BaseException):
    """The process ends here, as far as the flow can tell."""


class Dies:
    """A watcher that ends the process at the n-th moment: before a request, or after its answer."""

    def __init__(self, at: int) -> None:
        self.left = at

    def asking(self, walk, action):
        self._moment()

    def told(self, walk, taken):
        self._moment()

    def _moment(self):
        self.left -= 1
        if self.left < 0:
            raise Died


class Asks:
    """A watcher that does something before a question of one step leaves."""

    def __init__(self, step: Step, do) -> None:
        self.step, self.do = step, do

    def asking(self, walk, action):
        if walk.step is self.step:
            self.do()

    def told(self, walk, taken):
        pass


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.db"


@pytest.fixture
def journal(path):
    with Journal(path) as opened:
        yield opened


def placed(client, **more):
    return client.pay(**{"pay_type": "800101", "txamt": 2500, "txcurrcd": "HKD", **more})


@contextmanager
def disk_full_beyond(bytes_more: int, path):
    """No file of this process may grow further than that: what SQLite sees of a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = max((p.stat().st_size for p in path.parent.iterdir()), default=0)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + bytes_more, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


# ---- before it is asked, it is on disk ------------------------------------------------


def test_what_is_about_to_be_asked_is_on_disk_for_others_before_it_leaves(journal, path, client):
    seen = []

    def look():
        with Journal(path) as other:
            (entry,) = other.entries()
            seen.append((entry.unanswered, len(entry.steps), entry.busy))

    cancel(client, placed(client), journal=journal, watch=Asks(Step.CANCEL, look))

    assert seen == [("reversal", 1, True)]


def test_a_finished_cancel_is_kept_with_everything_that_proves_it(journal, client):
    outcome = cancel(client, placed(client), journal=journal)

    entry = journal.entry(1)
    assert entry.outcome == outcome
    assert [taken.exchange for taken in entry.steps] == list(outcome.evidence)
    assert journal.pending() == ()


def test_an_entry_survives_the_file_being_closed_and_opened(path, client):
    with Journal(path) as journal:
        outcome = cancel(client, placed(client), journal=journal)

    with Journal(path) as journal:
        assert journal.entry(1).outcome == outcome


# ---- killed, and resumed -------------------------------------------------------------------


@pytest.mark.parametrize("at", range(6))
def test_killed_at_any_moment_and_resumed_the_verdict_is_that_of_an_unkilled_run(
    at, path, sandbox, client
):
    order = placed(client)
    with Journal(path) as journal, pytest.raises(Died):
        cancel(client, order, journal=journal, watch=Dies(at))

    with Journal(path) as journal:
        (entry,) = journal.pending() or journal.entries()
        outcome = journal.resume(client, entry.number)

    # The cancel left at the fourth moment: before that, nothing of ours can have done it.
    assert outcome.verdict is Verdict.CANCELLED
    assert sandbox.order(order).state == "cancelled"


def test_a_resumed_cancel_looks_before_it_does_anything(journal, sandbox, client):
    order = placed(client)
    with pytest.raises(Died):
        cancel(client, order, journal=journal, watch=Dies(2))
    sandbox.payer(order).pay()

    outcome = journal.resume(client, 1)

    assert outcome.verdict is Verdict.PAID
    assert "reversal" not in [taken.endpoint for taken in outcome.steps]


def test_cancelling_again_goes_on_with_the_cancel_that_was_interrupted(journal, client):
    order = placed(client)
    with pytest.raises(Died):
        cancel(client, order, journal=journal, watch=Dies(3))

    outcome = cancel(client, order, journal=journal)

    assert outcome.verdict is Verdict.CANCELLED
    assert len(journal.entries()) == 1


def test_the_same_order_by_its_other_number_is_the_same_entry(journal, client):
    order = placed(client)
    with pytest.raises(Died):
        cancel(client, order, journal=journal, watch=Dies(2))

    by_syssn = Order(None, order.txamt, order.txdtm, syssn=order.syssn)
    cancel(client, by_syssn, journal=journal)

    assert len(journal.entries()) == 1


DIRECT = {"credentials": Credentials("DIRECT", "0123456789ABCDEF", mchid_rule="forbidden")}


def test_a_question_that_never_left_leaves_no_entry(journal, sandbox):
    client = sandbox.client(**DIRECT)  # refuses to send an agent's order

    with pytest.raises(InputError):
        cancel(client, Order("A1", mchid="m1"), journal=journal)

    assert sandbox.exchanges == ()
    assert journal.entries() == ()


def test_an_entry_is_as_it_was_after_a_question_that_never_left(journal, sandbox):
    agent = sandbox.client(credentials=Credentials("DIRECT", "0123456789ABCDEF"))
    with sandbox.fault("reply lost", on="query", times=None):
        cancel(agent, Order("A1", mchid="m1"), journal=journal, policy=HASTY)
    (before,) = journal.entries()

    with pytest.raises(InputError):
        journal.resume(sandbox.client(**DIRECT), before.number)

    assert journal.entries() == (before,)
    assert before.verdict is Verdict.UNRESOLVED


def test_a_settled_cancel_is_not_asked_for_again(journal, sandbox, client):
    outcome = cancel(client, placed(client), journal=journal)
    asked = len(sandbox.exchanges)

    assert journal.resume(client, 1) == outcome
    assert len(sandbox.exchanges) == asked


def test_cancelling_a_settled_order_again_begins_a_new_entry(journal, client):
    order = placed(client)
    cancel(client, order, journal=journal)

    again = cancel(client, order, journal=journal)

    assert again.verdict is Verdict.ALREADY_CANCELLED
    assert [entry.verdict for entry in journal.entries()] == ["CANCELLED", "ALREADY_CANCELLED"]


def test_an_unresolved_cancel_is_owed_until_a_later_look_proves_it(journal, sandbox, client):
    order = placed(client)
    with sandbox.fault("reply lost", on="query", times=None):
        lost = cancel(client, order, journal=journal, policy=HASTY)
    owed = journal.pending()

    found = journal.resume(client, owed[0].number)

    assert lost.verdict is Verdict.UNRESOLVED
    assert found.verdict is Verdict.CANCELLED
    assert len(found.steps) > len(lost.steps)
    assert journal.pending() == ()


def test_an_order_that_the_gateway_will_not_cancel_stays_owed_and_is_cancelled_once_it_may_be(
    journal, sandbox, client
):
    order = placed(client, txamt=77016)  # the wallet refuses the cancel
    first = cancel(client, order, journal=journal)
    assert [entry.verdict for entry in journal.pending()] == [Verdict.NOT_CANCELLABLE]
    sandbox._entry(order).on_cancel = ORDINARY

    second = journal.resume(client, 1)

    assert (first.verdict, second.verdict) == (Verdict.NOT_CANCELLABLE, Verdict.CANCELLED)


def test_an_unknown_order_is_owed_only_until_its_time_is_over(journal, sandbox, client):
    order = Order("never-seen", 2500, client.now())
    first = cancel(client, order, journal=journal)
    owed = journal.pending()
    sandbox.clock.advance(Policy().expiry)

    second = journal.resume(client, 1)

    assert (first.verdict, second.verdict) == (Verdict.NOT_FOUND, Verdict.NOT_FOUND)
    assert len(owed) == 1 and journal.pending() == ()


def test_nothing_is_owed_after_a_verdict_that_says_where_the_money_is():
    from qftools.cancellation.verdicts import REFUNDS, VERDICTS

    rows = [*VERDICTS.values(), *REFUNDS.values()]

    # Not charged is not over: what is held can still be captured, and is to be released.
    said = {row.verdict for row in rows if row.charged != "unknown"}
    assert said - {Verdict.HELD} == SETTLED


# ---- one driver at a time ----------------------------------------------------------------------


def test_two_cannot_cancel_the_same_order_at_once_even_from_two_processes(
    journal, path, sandbox, client
):
    order = placed(client)
    refusals = []

    def try_too():
        with Journal(path) as other, pytest.raises(BusyError) as refused:
            cancel(sandbox.client(), order, journal=other)
        refusals.append(str(refused.value))

    outcome = cancel(client, order, journal=journal, watch=Asks(Step.CANCEL, try_too))

    assert outcome.verdict is Verdict.CANCELLED
    assert len(refusals) == 1 and "is being cancelled or refunded by another process" in refusals[0]


def test_two_threads_of_one_journal_cannot_cancel_the_same_order_at_once(journal, client):
    order = placed(client)
    refusals = []

    def try_too():
        try:
            cancel(client, order, journal=journal)
        except BusyError as refused:
            refusals.append(refused)

    def in_a_thread():
        thread = threading.Thread(target=try_too)
        thread.start()
        thread.join()

    cancel(client, order, journal=journal, watch=Asks(Step.CANCEL, in_a_thread))

    assert len(refusals) == 1


def test_many_threads_share_one_journal(journal, sandbox):
    orders = [placed(sandbox.client()) for _ in range(8)]
    verdicts = {}

    def work(order):
        verdicts[order.out_trade_no] = cancel(sandbox.client(), order, journal=journal).verdict

    threads = [threading.Thread(target=work, args=(order,)) for order in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert set(verdicts.values()) == {Verdict.CANCELLED} and len(verdicts) == 8
    assert journal.pending() == ()


def test_no_mark_of_an_owner_is_left_behind(path, client):
    with Journal(path) as journal:
        cancel(client, placed(client), journal=journal)

    assert not [file for file in path.parent.iterdir() if "owner" in file.name]


def test_an_entry_is_resumed_only_for_the_merchant_that_began_it(journal, sandbox, client):
    with pytest.raises(Died):
        cancel(client, placed(client), journal=journal, watch=Dies(1))
    other = sandbox.client(credentials=Credentials("B" * 32, "another key"))

    with pytest.raises(InputError, match="client is for BBBB"):
        journal.resume(other, 1)

    assert journal.pending(other) == ()
    assert len(journal.pending(client)) == 1


def test_an_agents_entry_is_not_looked_for_under_another_merchant(journal, sandbox):
    def agent(mchid):
        credentials = sandbox.credentials
        return sandbox.client(
            credentials=Credentials(credentials.app_code, credentials.client_key, mchid=mchid)
        )

    order = placed(agent("MNxMp11FV35qQN"))
    with pytest.raises(Died):
        cancel(agent("MNxMp11FV35qQN"), order, journal=journal, watch=Dies(1))

    with pytest.raises(InputError, match="that of entry 1: .* with mchid MNxMp11FV35qQN"):
        journal.resume(agent("nDB64h9qJ1An"), 1)

    assert journal.resume(agent("MNxMp11FV35qQN"), 1).verdict is Verdict.CANCELLED


# ---- when the disk does not do its part -----------------------------------------------------


def test_a_full_disk_is_told_before_anything_is_sent(journal, path, sandbox, client):
    order = placed(client)
    asked = len(sandbox.exchanges)

    with disk_full_beyond(0, path), pytest.raises(JournalError, match=BROKEN_DISK):
        cancel(client, order, journal=journal)

    assert len(sandbox.exchanges) == asked


def test_once_sent_the_verdict_arrives_with_a_warning_though_the_disk_is_full(
    journal, path, sandbox, client
):
    order = placed(client)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1, before[1]))

    try:
        outcome = cancel(client, order, journal=journal, watch=Asks(Step.LOOK, fill))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert outcome.verdict is Verdict.CANCELLED
    assert [str(path) in warning for warning in outcome.warnings] == [True]
    assert outcome.warnings[0] in outcome.to_dict()["warnings"]
    assert [entry.verdict for entry in journal.pending()] == [None]
    assert journal.resume(client, 1).verdict in (Verdict.CANCELLED, Verdict.ALREADY_CANCELLED)


def test_a_read_only_file_is_told_before_anything_is_sent(path, sandbox, client):
    Journal(path).close()
    with path.open("r+b") as file:
        file.seek(18)  # "file format write version": one that no SQLite knows may only be read
        file.write(b"\x09")
    order = placed(client)
    asked = len(sandbox.exchanges)

    with Journal(path) as journal, pytest.raises(JournalError, match=READ_ONLY):
        cancel(client, order, journal=journal)

    assert len(sandbox.exchanges) == asked


def test_a_file_that_is_no_database_is_refused(path):
    path.write_bytes(b"once upon a time " * 1000)

    with pytest.raises(JournalError, match=NO_JOURNAL):
        Journal(path)


def test_a_database_of_somebody_else_is_refused(path):
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE mine (a)")
    other.close()

    with pytest.raises(JournalError, match="no journal"):
        Journal(path)


def test_a_damaged_page_is_told_before_anything_is_sent(path, sandbox, client):
    with Journal(path) as journal:
        cancel(client, placed(client), journal=journal)
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(path.stat().st_size - 4096))
    asked = len(sandbox.exchanges)
    order = Order("A1", 100, client.now())

    with pytest.raises(JournalError, match=DAMAGED), Journal(path) as journal:
        cancel(client, order, journal=journal)

    assert len(sandbox.exchanges) == asked


def test_a_journal_of_a_newer_version_is_refused(path):
    Journal(path).close()
    with sqlite3.connect(path) as newer:
        newer.execute("PRAGMA user_version = 99")
    newer.close()

    with pytest.raises(JournalError, match="newer qftools"):
        Journal(path)


def test_a_place_that_cannot_be_a_file_is_refused(tmp_path):
    with pytest.raises(JournalError, match=r"journal\.db can't be opened: No such file"):
        Journal(tmp_path / "no/such/folder/journal.db")
    with pytest.raises(JournalError, match=NO_FILE):
        Journal(tmp_path)


# ---- secrets ----------------------------------------------------------------------------


def test_the_client_key_is_in_no_byte_of_the_journal_even_if_the_gateway_echoes_it(tmp_path):
    key = "MARKER5744993FBC034DBBB995FA"
    path = tmp_path / "journal.db"
    with Sandbox(client_key=key) as sandbox, Journal(path) as journal:
        client = sandbox.client()
        order = placed(client, goods_name=f"sold {key}")
        cancel(client, order, journal=journal)
        cancel(client, Order("A2", 100, client.now(), udid=key), journal=journal)

        written = b"".join(file.read_bytes() for file in tmp_path.iterdir())

    assert key.encode() not in written
    assert b"[redacted]" in written


def test_the_file_is_for_its_owner_alone(journal, path):
    assert path.stat().st_mode & 0o077 == 0
