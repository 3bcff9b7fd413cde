"""What the journal tells: which entries, when they were asked, and who is at them."""

from __future__ import annotations

import json
import resource
from dataclasses import replace

import pytest

from qftools import Policy, Verdict, cancel
from qftools.cancellation.walk import Step
from qftools.errors import BusyError, InputError, JournalError
from qftools.journal.journal import Journal
from qftools.models import Credentials, Order
from qftools.sandbox import Sandbox
from tests.test_journal import HASTY, Asks, Died, Dies, placed
from tests.test_journal_entries import edit, edit_answer, put, spoil


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.db"


@pytest.fixture
def journal(path):
    with Journal(path) as opened:
        yield opened


def interrupted(client, journal, at, order=None, **how):
    order = order or placed(client)
    with pytest.raises(Died):
        cancel(client, order, journal=journal, watch=Dies(at), **how)
    return order


# ---- which entries -----------------------------------------------------------------------


def test_a_journal_names_its_file(journal, path):
    assert repr(journal) == f"Journal({str(path)!r})"


def test_entries_are_found_by_either_number_and_only_where_both_fit(journal, client):
    one, other = (interrupted(client, journal, 1) for _ in range(2))

    def numbers(**wanted):
        return [entry.number for entry in journal.entries(**wanted)]

    assert numbers() == [1, 2]
    assert numbers(out_trade_no=other.out_trade_no) == numbers(syssn=other.syssn) == [2]
    assert numbers(out_trade_no=one.out_trade_no, syssn=one.syssn) == [1]
    assert numbers(out_trade_no=one.out_trade_no, syssn=other.syssn) == []


def test_an_entry_is_found_by_the_numbers_that_were_only_told_on_the_way(journal, client):
    order = placed(client)
    by_own, by_syssn = Order(order.out_trade_no), Order(None, syssn=placed(client).syssn)
    interrupted(client, journal, 2, by_own)
    interrupted(client, journal, 2, by_syssn)

    assert [entry.number for entry in journal.entries(syssn=order.syssn)] == [1]
    told = journal.entry(2).order.out_trade_no
    assert told and [entry.number for entry in journal.entries(out_trade_no=told)] == [2]
    assert [entry.number for entry in journal.entries(syssn=by_syssn.syssn)] == [2]


def test_an_entry_has_the_outcome_of_its_cancel_once_it_has_ended(journal, client):
    interrupted(client, journal, 2)
    outcome = cancel(client, placed(client), journal=journal)

    left, ended = journal.entries()
    assert (left.verdict, left.outcome) == (None, None)
    assert (ended.verdict, ended.outcome) == (Verdict.CANCELLED, outcome)


def test_a_number_that_is_more_than_a_file_can_count_is_in_no_entry(journal):
    with pytest.raises(InputError, match="is not in the journal"):
        journal.entry(2**63)


@pytest.mark.parametrize(
    ("how", "to_do"),
    [("an unknown step", "A newer qftools wrote it"), ("half a text", "Was the file edited")],
)
def test_what_to_do_about_an_unreadable_entry_depends_on_who_wrote_it(
    how, to_do, journal, path, client
):
    interrupted(client, journal, 1)
    spoil(path, how, 1)

    with pytest.raises(JournalError, match=to_do):
        journal.resume(client, 1)


def test_begun_and_changed_are_by_the_clients_clock(journal, sandbox, client):
    begun = client.clock()
    order = interrupted(client, journal, 1)
    sandbox.clock.advance(3600)
    interrupted(client, journal, 1, order)

    entry = journal.entry(1)
    assert begun <= entry.begun < begun + 60
    assert begun + 3600 <= entry.changed < begun + 3660


def test_the_merchant_of_an_entry_is_the_orders_or_the_clients_or_none(journal, sandbox):
    agent = Credentials(sandbox.credentials.app_code, sandbox.credentials.client_key, mchid="C1")
    for client, order in (
        (sandbox.client(), Order("A1")),
        (sandbox.client(credentials=agent), Order("A2")),
        (sandbox.client(), Order("A3", mchid="M1")),
    ):
        interrupted(client, journal, 0, order)

    assert [entry.mchid for entry in journal.entries()] == ["", "C1", "M1"]


def test_unreadable_entries_are_told_by_host(journal, path, client):
    interrupted(client, journal, 1)
    spoil(path, "an unknown step", 1)

    with Sandbox() as other:
        assert journal.unreadable(other.client(base_url="http://127.0.0.1:9")) == ()
    assert len(journal.unreadable(client)) == 1


def test_an_unreadable_entry_that_was_settled_is_not_owed(journal, path, client):
    cancel(client, placed(client), journal=journal)
    spoil(path, "an unknown step", 1)

    assert [bad.settled for bad in journal.unreadable()] == [True]


def test_only_a_later_settled_cancel_of_the_same_order_settles_an_unreadable_one(
    journal, path, client
):
    order = placed(client)
    cancel(client, order, journal=journal)
    interrupted(client, journal, 0, order)
    cancel(client, placed(client), journal=journal)
    spoil(path, "an unknown step", 2)

    assert [bad.settled for bad in journal.unreadable()] == [False]


@pytest.mark.parametrize("number", ["x'41'", "'A' || char(27) || '[2J'", "7.5", "NULL"])
def test_a_number_of_an_unreadable_entry_that_is_no_plain_text_is_not_told(
    number, journal, path, client
):
    order = interrupted(client, journal, 1)
    spoil(path, "an unknown step", 1)
    edit(path, f"UPDATE entry SET out_trade_no = CAST({number} AS BLOB)")

    (bad,) = journal.unreadable()
    assert (bad.out_trade_no, bad.syssn) == (None, order.syssn)


@pytest.mark.parametrize("name", ["base_url", "app_code", "mchid"])
def test_an_account_that_is_no_plain_text_is_not_understood(name, journal, path, client):
    interrupted(client, journal, 1)
    edit(path, f"UPDATE entry SET {name} = x'00'")

    assert [bad.why.en for bad in journal.unreadable()] == [f"{name} is no plain text"]


@pytest.mark.parametrize("name", ["begun", "changed", "the answer"])
@pytest.mark.parametrize(
    ("at", "understood"), [(0.0, True), (-0.5, False), (253402214400.0, True), (2.6e11, False)]
)
def test_a_time_is_within_the_years_that_a_date_can_have(
    name, at, understood, journal, path, client
):
    interrupted(client, journal, 3)
    if name == "the answer":
        edit_answer(path, 1, put("at", value=at))
    else:
        edit(path, f"UPDATE entry SET {name} = ?", at)

    assert len(journal.entries()) == understood
    assert len(journal.unreadable()) == (not understood)


def test_only_the_last_question_can_be_without_its_answer(journal, client):
    order = interrupted(client, journal, 0)
    assert journal.entry(1).unanswered == "query"
    interrupted(client, journal, 1, order)

    entry = journal.entry(1)
    assert (entry.unanswered, len(entry.steps)) == (None, 1)


def test_a_cancel_that_is_unresolved_is_owed_however_old_it_is(journal, sandbox, client):
    order = interrupted(client, journal, 0)
    sandbox.clock.advance(2 * Policy().expiry)
    with sandbox.fault("reply lost", on="query", times=None):
        cancel(client, order, journal=journal, policy=HASTY)

    assert [entry.verdict for entry in journal.pending()] == [Verdict.UNRESOLVED]


# ---- when it was asked ---------------------------------------------------------------------


def test_an_accounts_questions_are_told_by_the_time_at_which_they_left(journal, sandbox, client):
    outcome = cancel(client, placed(client), journal=journal)
    left = tuple(exchange.started for exchange in outcome.evidence)

    assert journal.asked(client, 60) == left == tuple(sorted(left))
    sandbox.clock.advance(59)
    recent = tuple(at for at in left if client.clock() - at < 60)
    assert journal.asked(client, 60) == recent
    sandbox.clock.advance(60)
    assert journal.asked(client, 60) == ()


def test_a_question_without_an_answer_counts_from_when_it_was_written(journal, client):
    before = client.clock()
    interrupted(client, journal, 0)

    (at,) = journal.asked(client, 60)
    assert before <= at <= client.clock()


def test_questions_of_another_account_or_host_are_not_counted(journal, sandbox, client):
    cancel(client, placed(client), journal=journal)
    other = sandbox.client(credentials=Credentials("B" * 32, "another key"))
    elsewhere = sandbox.client(base_url="http://127.0.0.1:9")

    assert journal.asked(other, 60) == journal.asked(elsewhere, 60) == ()


def test_what_was_asked_is_kept_with_its_step_and_what_was_given(journal, client):
    order = placed(client)
    cancel(client, order, journal=journal)

    rows = journal._file.db.execute("SELECT step, endpoint, params FROM question").fetchall()
    assert [row["step"] for row in rows] == ["LOOK", "CANCEL", "CONFIRM"]
    assert [row["endpoint"] for row in rows] == ["query", "reversal", "query"]
    assert json.loads(rows[1]["params"])["txamt"] == 2500


# ---- who is at it -------------------------------------------------------------------------


def test_an_entry_is_free_as_soon_as_its_cancel_has_ended(journal, path, sandbox, client):
    with sandbox.fault("reply lost", on="query", times=None):
        cancel(client, placed(client), journal=journal, policy=HASTY)

    assert not journal.entry(1).busy
    with Journal(path) as other:
        assert not other.entry(1).busy
        assert other.resume(client, 1).verdict is Verdict.CANCELLED


def test_resume_is_refused_while_the_same_journal_is_at_the_entry(journal, sandbox, client):
    order = interrupted(client, journal, 1)
    seen = []

    def too():
        seen.append(journal.entry(1).busy)
        with pytest.raises(BusyError, match=f"order {order.out_trade_no} "):
            journal.resume(sandbox.client(), 1)

    journal.resume(client, 1, watch=Asks(Step.CANCEL, too))

    assert seen == [True]


def test_an_order_that_has_only_a_syssn_is_named_by_it_while_it_is_busy(journal, client):
    order = Order(None, syssn=placed(client).syssn)

    def too():
        for _ in range(2):  # being refused frees nothing
            with pytest.raises(BusyError, match=f"order {order.syssn} "):
                cancel(client, order, journal=journal)

    cancel(client, order, journal=journal, watch=Asks(Step.LOOK, too))


@pytest.mark.parametrize("owner", [b"\x00", 7.5, "0123abcd; DROP", "0123456789abcdef"])
def test_an_owner_that_does_not_live_keeps_no_one_out(owner, journal, path, client):
    interrupted(client, journal, 1)
    edit(path, "UPDATE entry SET owner = ?", owner)

    assert not journal.entry(1).busy
    assert journal.resume(client, 1).verdict is Verdict.CANCELLED


def test_a_refusal_names_both_accounts(journal, sandbox, client):
    interrupted(client, journal, 1)
    other = sandbox.client(credentials=Credentials("B" * 32, "another key", mchid="M1"))

    with pytest.raises(InputError) as refused:
        journal.resume(other, 1)

    assert f"{'B' * 32} with mchid M1 at {client.base_url}" in str(refused.value)
    begun_by = f"entry 1: {sandbox.credentials.app_code} at {client.base_url}"
    assert begun_by in str(refused.value)


def test_a_journal_in_memory_marks_its_owner_in_no_folder(client, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    there = []

    def look():
        there.append(list(tmp_path.iterdir()))

    with Journal(":memory:") as journal:
        cancel(client, placed(client), journal=journal, watch=Asks(Step.CANCEL, look))

    assert there == [[]]


# ---- how it goes on -------------------------------------------------------------------------


def test_the_waits_are_those_of_the_caller(journal, sandbox, client):
    policy = Policy(look_tries=2, first_wait=3.0)
    drive: list[float] = []
    resume: list[float] = []
    with sandbox.fault("reply lost", on="query", times=None):
        cancel(client, placed(client), journal=journal, policy=policy, pause=drive.append)
        journal.resume(client, 1, pause=resume.append)

    assert 3.0 in drive and 3.0 in resume


@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize("now", [False, True])
def test_a_gateway_that_signed_once_must_sign_on_going_on(before, now, journal, sandbox):
    order = placed(sandbox.client())
    clients = [sandbox.client(), sandbox.client()]
    for client, signed in zip(clients, (before, now), strict=True):
        if signed:
            client.query(out_trade_no=order.out_trade_no)
        assert client.signs == signed
    interrupted(clients[0], journal, 0, order)
    seen = []

    class Looks:
        def asking(self, walk, action):
            seen.append(walk.known.signed)

        def told(self, walk, taken): ...

    cancel(clients[1], order, journal=journal, watch=Looks())

    assert seen[0] == (before or now)


def test_a_cancel_whose_question_could_not_be_written_keeps_its_answer(journal, path, client):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    class FullForAMoment:
        """The disk is full when the cancel is about to leave, and no more when it has."""

        def asking(self, walk, action):
            if walk.step is Step.CANCEL:
                resource.setrlimit(resource.RLIMIT_FSIZE, limits)

        def told(self, walk, taken):
            if taken.step is Step.LOOK:
                resource.setrlimit(resource.RLIMIT_FSIZE, (1, limits[1]))

    outcome = cancel(client, placed(client), journal=journal, watch=FullForAMoment())

    assert outcome.verdict is Verdict.CANCELLED
    assert len(outcome.warnings) == 1 and "not written: the journal" in outcome.warnings[0]
    entry = journal.entry(1)
    assert (entry.steps, entry.unanswered) == (outcome.steps, None)
    rows = journal._file.db.execute("SELECT asked, step, endpoint FROM question").fetchall()
    assert [row["step"] for row in rows] == ["LOOK", "CANCEL", "CONFIRM"]
    assert rows[1]["endpoint"] == "reversal" and rows[1]["asked"] == outcome.steps[1].at


def test_a_question_that_never_left_takes_no_answered_one_with_it(journal, sandbox, client):
    """The second question can't be sent; what the first one told stays."""
    order = placed(client)

    class Forbids:
        def asking(self, walk, action):
            if walk.step is Step.CANCEL:
                raise InputError("order", "can't be asked for", "another one")

        def told(self, walk, taken): ...

    with pytest.raises(InputError):
        cancel(client, order, journal=journal, watch=Forbids())

    entry = journal.entry(1)
    assert [taken.endpoint for taken in entry.steps] == ["query"]
    assert (entry.unanswered, entry.walk.step) == (None, Step.CANCEL)


def test_a_full_disk_does_not_hide_why_a_question_can_not_be_sent(journal, client):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    class Forbids:
        def asking(self, walk, action):
            resource.setrlimit(resource.RLIMIT_FSIZE, (1, limits[1]))
            raise InputError("order", "can't be asked for", "another one")

        def told(self, walk, taken): ...

    try:
        with pytest.raises(InputError, match="can't be asked for"):
            cancel(client, placed(client), journal=journal, watch=Forbids())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert journal.entry(1).unanswered == "query"  # it could not be taken back


def test_a_disk_that_fills_up_when_a_question_is_written_is_told_before_it_leaves(
    journal, sandbox, client
):
    interrupted(client, journal, 1)
    asked = len(sandbox.exchanges)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    now = client.clock

    def clock():  # read when the question is written, after the entry was claimed
        resource.setrlimit(resource.RLIMIT_FSIZE, (1, limits[1]))
        return now()

    client.clock = clock
    try:
        with pytest.raises(JournalError, match="can't be written"):
            journal.resume(client, 1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert len(sandbox.exchanges) == asked


def test_what_resume_is_given_is_kept_before_anything_is_sent(journal, sandbox, client):
    interrupted(client, journal, 1)
    sandbox.clock.advance(3600)
    with pytest.raises(Died):
        journal.resume(client, 1, policy=HASTY, watch=Dies(0))

    entry = journal.entry(1)
    assert entry.walk.policy == HASTY
    assert client.clock() - 60 < entry.changed


def test_a_udid_that_holds_the_key_is_left_out_and_another_is_kept(journal, client):
    key = client.credentials.client_key
    kept, left_out = (replace(placed(client), udid=udid) for udid in ("till 7", f"till {key}"))
    for order in (kept, left_out):
        interrupted(client, journal, 2, order)  # the payment to cancel is known by then

    first, second = (entry.walk for entry in journal.entries())
    assert first.target and second.target
    assert (first.order.udid, first.target.udid) == ("till 7", "till 7")
    assert (second.order.udid, second.target.udid) == (None, None)


def test_an_entry_is_free_again_where_its_claim_could_not_be_written(journal, client):
    order, db = placed(client), journal._file.db
    db.execute("PRAGMA foreign_keys = ON")
    db.execute("CREATE TABLE room (n INTEGER PRIMARY KEY)")
    db.execute("CREATE TABLE needs (n REFERENCES room DEFERRABLE INITIALLY DEFERRED)")

    def no_room():  # from here on each change of an owner fails, as late as when it is committed
        db.execute(
            "CREATE TRIGGER no_room AFTER UPDATE OF owner ON entry"
            " BEGIN INSERT INTO needs VALUES (1); END"
        )
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cancel(client, order, journal=journal, watch=Asks(Step.LOOK, no_room))
    with pytest.raises(JournalError):
        cancel(client, order, journal=journal)
    db.execute("DROP TRIGGER no_room")

    assert cancel(client, order, journal=journal).verdict is Verdict.CANCELLED
