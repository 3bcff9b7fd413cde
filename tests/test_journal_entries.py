"""One bad entry never blocks the others: what is not understood is named, and left as it is."""

from __future__ import annotations

import html
import json
import sqlite3
from datetime import datetime

import pytest

from qftools import Verdict, cancel
from qftools.catalogue import Text
from qftools.errors import BusyError, InputError, JournalError
from qftools.journal.journal import Journal
from qftools.validation import BEIJING
from tests.test_journal import Died, Dies, placed


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.db"


@pytest.fixture
def three(client, path):
    """A journal of three cancels that were interrupted after the reversal had left."""
    orders = [placed(client) for _ in range(3)]
    with Journal(path) as journal:
        for order in orders:
            with pytest.raises(Died):
                cancel(client, order, journal=journal, watch=Dies(3))
    return orders


def edit(path, statement, *values):
    with sqlite3.connect(path) as database:
        assert database.execute(statement, values).rowcount
    database.close()


def edit_walk(path, number, change):
    """Change the stored walk of one entry, given as what JSON makes of it."""
    with sqlite3.connect(path) as database:
        (text,) = database.execute("SELECT walk FROM entry WHERE number = ?", (number,)).fetchone()
        walk = json.loads(text)
        change(walk)
        database.execute("UPDATE entry SET walk = ? WHERE number = ?", (json.dumps(walk), number))
    database.close()


def edit_answer(path, number, change):
    """Change the first answer that one entry has."""
    with sqlite3.connect(path) as database:
        which, text = database.execute(
            "SELECT number, taken FROM question WHERE entry = ? ORDER BY number", (number,)
        ).fetchone()
        taken = json.loads(text)
        change(taken)
        taken = json.dumps(taken)
        database.execute("UPDATE question SET taken = ? WHERE number = ?", (taken, which))
    database.close()


def put(*names, value):
    """A change of a record: the value at that place."""

    def change(record):
        for name in names[:-1]:
            record = record[name]
        record[names[-1]] = value

    return change


def without(*names):
    def change(record):
        for name in names[:-1]:
            record = record[name]
        del record[names[-1]]

    return change


ROWS = {
    "half a text": "UPDATE entry SET walk = substr(walk, 1, 40)",
    "empty": "UPDATE entry SET walk = ''",
    "bytes": "UPDATE entry SET walk = x'ff00fe'",
    "text that is not UTF-8": "UPDATE entry SET walk = CAST(x'7bff' AS TEXT)",
    "null": "UPDATE entry SET walk = 'null'",
    "a list": "UPDATE entry SET walk = '[]'",
    "very deep": "UPDATE entry SET walk = replace(hex(zeroblob(50000)), '0', '[')",
    "a very long number": "UPDATE entry SET walk = replace(hex(zeroblob(5000)), '0', '9')",
    "no time": "UPDATE entry SET begun = 'once'",
    "the end of time": "UPDATE entry SET changed = 9e999",
    "no place": "UPDATE entry SET base_url = x'00'",
}
WALKS = {
    "no order": without("order"),
    "an order without numbers": put("order", value={}),
    "an amount of text": put("order", "txamt", value="2500"),
    "an amount of true": put("order", "txamt", value=True),
    "a time that is none": put("order", "txdtm", value="soon"),
    "infinite": put("wait", value=float("inf")),
    "no number that a machine has": put("wait", value=10**400),
    "a flag that is a number": put("ripe", value=1),
    "an unknown step": put("step", value="GUESS"),
    "a step of a list": put("step", value=["LOOK"]),
    "an unknown edition": put("profile", value="2031"),
    "an unknown choice": put("hk_cancel", value="maybe"),
    "an unknown verdict": put("end", value={"verdict": "HALF_PAID", "reason": ""}),
    "a policy that can't be": put("policy", value={"look_tries": 0}),
    "a new name of the order": put("order", "store", value="S1"),
}
ANSWERS = {
    "an unknown finding": put("answer", "finding", value="MAYBE"),
    "an answer of null": put("answer", value=None),
    "half bytes": put("exchange", "request", "body", value="\ud800"),
    "the time of an answer": put("at", value=-1),
    "a header of three": put("exchange", "request", "headers", value=[["a", "b", "c"]]),
}
BAD = (*ROWS, *WALKS, *ANSWERS)


def spoil(path, how, number=2):
    if how in ROWS:
        edit(path, f"{ROWS[how]} WHERE number = ?", number)
    elif how in WALKS:
        edit_walk(path, number, WALKS[how])
    else:
        edit_answer(path, number, ANSWERS[how])


@pytest.mark.parametrize("how", BAD)
def test_one_bad_entry_blocks_no_other_and_is_named_with_its_reason(
    how, three, path, client, sandbox
):
    spoil(path, how)

    with Journal(path) as journal:
        assert [entry.number for entry in journal.pending(client)] == [1, 3]
        assert [entry.number for entry in journal.entries()] == [1, 3]
        (bad,) = journal.unreadable()
        with pytest.raises(JournalError, match=r"entry 2 of the journal .* can't be read: ") as why:
            journal.entry(2)
        asked = len(sandbox.exchanges)
        with pytest.raises(JournalError, match="entry 2 of the journal"):
            journal.resume(client, 2)
        assert len(sandbox.exchanges) == asked
        verdicts = [journal.resume(client, number).verdict for number in (1, 3)]
        journal.asked(client, 60)

    assert verdicts == [Verdict.CANCELLED] * 2
    assert bad.number == 2 and bad.out_trade_no == three[1].out_trade_no
    assert bad.why.en in str(why.value) and "damaged" not in str(why.value)
    assert not bad.settled and not bad.busy


@pytest.mark.parametrize("how", BAD)
def test_an_order_whose_entry_cannot_be_read_can_be_cancelled_anew_and_is_then_not_owed(
    how, three, path, client
):
    spoil(path, how)

    with Journal(path) as journal:
        outcome = cancel(client, three[1], journal=journal)

        assert outcome.verdict in (Verdict.CANCELLED, Verdict.ALREADY_CANCELLED)
        assert [entry.number for entry in journal.entries()] == [1, 3, 4]
        if how != "no place":
            assert [entry.settled for entry in journal.unreadable()] == [True]


@pytest.mark.parametrize(
    "how",
    [
        "an unknown step",
        "an unknown edition",
        "an unknown choice",
        "an unknown verdict",
        "an unknown finding",
        "a new name of the order",
    ],
)
def test_what_a_newer_qftools_may_have_written_is_said_to_be_newer(how, three, path):
    spoil(path, how)

    with Journal(path) as journal:
        assert [entry.newer for entry in journal.unreadable()] == [True]
        with pytest.raises(JournalError, match="A newer qftools wrote it: update qftools") as said:
            journal.entry(2)

    assert "更新版本的 qftools" in said.value.say("zh")


def test_a_record_that_is_no_json_is_named(three, path):
    spoil(path, "half a text", 1)
    edit(path, "UPDATE question SET taken = '{' WHERE entry = 2 AND taken IS NOT NULL")

    with Journal(path) as journal:
        why = [entry.why.en for entry in journal.unreadable()]

    assert why == ["walk is no JSON", "taken is no JSON"]


@pytest.mark.parametrize(("second", "understood"), [(253402271999, True), (253402272000, False)])
def test_a_time_after_the_year_9999_in_beijing_is_not_understood(second, understood, three, path):
    edit(path, "UPDATE entry SET changed = ? WHERE number = 2", second)

    with Journal(path) as journal:
        assert len(journal.unreadable()) == (not understood)
        if understood:
            assert datetime.fromtimestamp(journal.entry(2).changed, BEIJING).year == 9999


def test_an_answer_at_a_whole_second_is_understood(three, path):
    edit_answer(path, 2, put("at", value=1767578400))

    with Journal(path) as journal:
        assert journal.entry(2).steps[0].at == 1767578400


def test_an_entry_says_whether_it_is_settled(three, path, client):
    with Journal(path) as journal:
        journal.resume(client, 2)

        assert [entry.settled for entry in journal.entries()] == [False, True, False]


def test_what_was_edited_is_not_said_to_be_newer(three, path):
    spoil(path, "an amount of text")

    with Journal(path) as journal:
        (bad,) = journal.unreadable()
        assert (bad.newer, bad.why.en) == (False, "order.txamt is '2500', not a whole number")
        with pytest.raises(JournalError, match="Was the file edited"):
            journal.entry(2)


@pytest.mark.parametrize(
    "change",
    [
        put("colour", value="blue"),
        put("policy", value={"look_tries": 2, "colour": "blue"}),
        put("order", "store", value=None),
    ],
)
def test_a_field_that_a_newer_qftools_added_and_that_names_no_order_is_ignored(
    change, three, path, client
):
    edit_walk(path, 2, change)
    edit_answer(path, 2, put("answer", "colour", value="blue"))

    with Journal(path) as journal:
        assert [entry.number for entry in journal.pending()] == [1, 2, 3]
        assert journal.unreadable() == ()
        assert journal.resume(client, 2).verdict is Verdict.CANCELLED


def test_what_others_put_into_the_times_of_questions_holds_up_no_request(three, path, client):
    for number, taken in enumerate(("[1", '{"exchange": {"started": "x"}}', b"\xff"), 1):
        edit(path, "UPDATE question SET taken = ? WHERE entry = ?", taken, number)
    edit(path, "UPDATE question SET asked = 9e15 WHERE entry = 1")
    edit(path, "UPDATE question SET asked = 'never' WHERE entry = 3")

    with Journal(path) as journal:
        assert all(abs(at - client.clock()) < 60 for at in journal.asked(client, 60))


def test_an_unreadable_entry_that_another_process_is_at_is_left_to_it(path, sandbox, client):
    order = placed(client)
    refused = []

    class Edits:
        def asking(self, walk, action):
            edit_walk(path, 1, WALKS["an unknown step"])
            with Journal(path) as other, pytest.raises(BusyError) as busy:
                cancel(sandbox.client(), order, journal=other)
            with Journal(path) as other:
                assert [entry.busy for entry in other.unreadable()] == [True]
            refused.append(str(busy.value))

        def told(self, walk, taken): ...

    with Journal(path) as journal:
        outcome = cancel(client, order, journal=journal, watch=Edits())

    assert outcome.verdict is Verdict.CANCELLED
    assert refused and all(order.out_trade_no in said for said in refused)


def test_an_owner_that_is_none_blocks_nobody(three, path, client):
    edit(path, "UPDATE entry SET owner = '../../etc/passwd' WHERE number = 2")

    with Journal(path) as journal:
        assert not journal.entry(2).busy
        assert journal.resume(client, 2).verdict is Verdict.CANCELLED


@pytest.mark.parametrize("number", [0, -1, 4, 2**63, 10**30])
def test_a_number_that_no_entry_has_is_refused(number, three, path, client):
    with Journal(path) as journal, pytest.raises(InputError, match="is not in the journal"):
        journal.resume(client, number)


def test_unreadable_entries_are_told_by_account(three, path, sandbox, client):
    from qftools.models import Credentials

    spoil(path, "an unknown step")
    other = sandbox.client(credentials=Credentials("B" * 32, "another key"))

    with Journal(path) as journal:
        assert len(journal.unreadable(client)) == 1
        assert journal.unreadable(other) == ()


def test_an_error_of_our_own_is_not_said_to_be_a_damaged_disk(path, client):
    order = placed(client)
    times = [client.clock()]

    def clock():
        if not times:
            raise ValueError("our own")
        return times.pop()

    client.clock = clock
    with Journal(path) as journal, pytest.raises(ValueError, match="our own"):
        cancel(client, order, journal=journal)


@pytest.mark.parametrize("locale", ["zh_CN.UTF-8", "C"])
def test_an_entry_shows_its_order_and_where_it_stands_and_its_evidence_once_it_is_over(
    three, path, client, monkeypatch, locale
):
    spoil(path, "an unknown step", 3)
    monkeypatch.setenv("LC_ALL", locale)  # a repr is English all the same
    with Journal(path) as journal:
        first, _ = journal.entries()
        (unreadable,) = journal.unreadable()
        outcome = journal.resume(client, first.number)
        over = journal.entries()[0]

    assert repr(first) == f"Entry(1, {three[0].out_trade_no!r}, interrupted at CONFIRM)"
    assert str(first._repr_html_()) == f"<div>{html.escape(repr(first))}</div>"
    assert repr(over) == f"Entry(1, {three[0].out_trade_no!r}, CANCELLED)"
    shown = html.escape(repr(over))
    assert str(over._repr_html_()) == f"<div>{shown}{outcome._repr_html_()}</div>"
    why = "step is 'GUESS', which this qftools does not know"
    assert repr(unreadable) == f"Unreadable(3, {three[2].out_trade_no!r}, {why!r})"
    assert unreadable.why == Text("step 为 'GUESS'，这个版本的 qftools 不认识", why)
