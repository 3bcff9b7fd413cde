"""The journal's file: what is made, what is refused, and what goes wrong with a disk or a lock."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from qftools import cancel
from qftools.errors import JournalError
from qftools.journal.file import VERSION, JournalFile
from qftools.journal.journal import Journal
from qftools.sandbox import Sandbox
from tests.test_journal import Died, placed

OPEN = Path("/proc/self/fd")
FULL = r"journal\.db can't grow, the disk is full: free some space$"
BUSY = r"journal\.db is being written by another process for more than 10 s$"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.db"


@pytest.fixture
def file(path):
    opened = JournalFile(str(path))
    yield opened
    opened.close()


def begun(file):
    """Write one entry, without its end; the transaction is the caller's."""
    file.db.execute(
        "INSERT INTO entry (base_url, app_code, mchid, begun, changed, walk)"
        " VALUES ('', '', '', 0, 0, '')"
    )


def entries(file):
    return file.db.execute("SELECT count(*) FROM entry").fetchone()[0]


# ---- made, or refused ------------------------------------------------------------------


def test_an_empty_file_becomes_a_journal_of_this_version(path):
    path.touch()
    Journal(path).close()

    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA application_id").fetchone() == (0x51464A31,)
        assert database.execute("PRAGMA user_version").fetchone() == (VERSION,) == (1,)
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_journal_in_memory_leaves_nothing_in_the_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Sandbox() as sandbox, Journal(":memory:") as journal:
        client = sandbox.client()
        cancel(client, placed(client), journal=journal)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a\0b.db", "\ud800.db"])
def test_a_name_that_no_file_can_have_is_refused_as_such(tmp_path, name):
    with pytest.raises(JournalError, match="no file can have this name"):
        Journal(tmp_path / name)


def of_another(folder):
    with closing(sqlite3.connect(folder / "j")) as other:
        other.execute("CREATE TABLE mine (a)")
    return folder / "j"


def of_a_newer(folder):
    Journal(folder / "j").close()
    with closing(sqlite3.connect(folder / "j")) as newer:
        newer.execute("PRAGMA user_version = 2")
    return folder / "j"


SPOILT = {
    "the journal {path!r} can't be opened: no file can have this name": lambda path: path / "a\0b",
    "the journal {path} can't be opened: No such file or directory": lambda path: path / "in" / "j",
    "{path} is a database, but no journal: name another file": of_another,
    "{path} is the journal of a newer qftools (version 2, this one knows 1): update qftools, or"
    " name another file": of_a_newer,
}


@pytest.mark.parametrize(("said", "spoilt"), SPOILT.items())
def test_where_a_journal_cannot_be_opened_it_is_said_why_and_what_to_do(tmp_path, said, spoilt):
    path = spoilt(tmp_path)

    with pytest.raises(JournalError) as refused:
        Journal(path)

    assert refused.value.say("en") == said.format(path=str(path))


def test_what_is_written_down_is_on_the_disk_before_it_is_said_to_be(file):
    assert file.db.execute("PRAGMA synchronous").fetchone()[0] == 2  # FULL


def test_text_that_is_not_utf_8_is_read_and_goes_back_as_it_was(file):
    text = file.db.execute("SELECT CAST(x'7bff' AS TEXT)").fetchone()[0]

    assert text == "{\udcff"


@pytest.mark.parametrize(
    "statement", ["PRAGMA application_id = 7", "PRAGMA user_version = 1", "CREATE TABLE mine (a)"]
)
def test_a_database_that_is_anything_already_is_refused_and_left_as_it_is(statement, path):
    with closing(sqlite3.connect(path)) as other:
        other.execute(statement)
    before = path.read_bytes()

    with pytest.raises(JournalError, match="is a database, but no journal"):
        Journal(path)

    assert path.read_bytes() == before


@pytest.mark.skipif(not OPEN.is_dir(), reason="only Linux tells what is open")
def test_a_file_that_is_refused_is_not_kept_open(path):
    path.write_bytes(b"once upon a time " * 1000)

    with pytest.raises(JournalError) as refused:
        Journal(path)

    assert path not in {link.readlink() for link in OPEN.iterdir() if link.is_symlink()}
    assert refused.value is not None  # it holds on to what was open where it was raised


def test_a_journal_opened_twice_by_a_process_is_still_safe_from_others(path):
    """Closing a file ends all locks that the process has on it; another then takes it for free."""
    with Journal(path) as journal, Sandbox() as sandbox:
        Journal(path).close()
        client = sandbox.client()
        outcome = cancel(client, placed(client), journal=journal)
        look = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('SELECT * FROM entry')"
        subprocess.run([sys.executable, "-S", "-c", look, str(path)], check=True)
        cancel(client, placed(client), journal=journal)

        with Journal(path) as other:
            assert [entry.verdict for entry in other.entries()] == [outcome.verdict] * 2
        assert path.with_name("journal.db-wal").exists()


# ---- whole transactions ----------------------------------------------------------------


def test_what_fails_in_the_middle_leaves_nothing_and_the_next_is_written(file):
    with pytest.raises(Died), file.writing():
        begun(file)
        raise Died
    assert entries(file) == 0

    with file.writing():
        begun(file)
    assert entries(file) == 1


def test_a_transaction_is_seen_by_others_once_it_is_whole(file, path):
    with closing(JournalFile(str(path))) as other:
        with file.writing():
            begun(file)
            assert entries(other) == 0
        assert entries(other) == 1


# ---- what goes wrong, and what to do about it ----------------------------------------------


def test_a_disk_that_is_full_is_told_as_such_and_nothing_is_half_written(file):
    pages = file.db.execute("PRAGMA page_count").fetchone()[0]
    file.db.execute(f"PRAGMA max_page_count = {pages}")

    full = pytest.raises(JournalError, match=FULL)
    with full, file.writing():
        for _ in range(1000):
            begun(file)

    assert entries(file) == 0


def test_another_process_that_keeps_writing_is_waited_for_and_then_named(file, path):
    assert file.db.execute("PRAGMA busy_timeout").fetchone()[0] == 10_000
    file.db.execute("PRAGMA busy_timeout = 0")

    busy = pytest.raises(JournalError, match=BUSY)
    with closing(JournalFile(str(path))) as other, other.writing(), busy, file.writing():
        begun(file)


def test_a_journal_that_was_closed_says_so_and_may_be_closed_again(path):
    journal = Journal(path)
    journal.close()
    journal.close()

    with pytest.raises(JournalError, match=r"^the journal \S+ fails: .* closed"):
        journal.pending()
