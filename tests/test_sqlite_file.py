"""A file of our own: who may read it, whose it is, and what is said where it can't be used."""

from __future__ import annotations

import sqlite3
import stat
import threading
from contextlib import closing
from dataclasses import replace

import pytest

from qftools.errors import JournalError
from qftools.sqlite_file import IN_MEMORY, FileKind, opened

KIND = FileKind(
    application_id=4711,
    version=2,
    schema=("CREATE TABLE thing (name TEXT)",),
    patience=0.05,
    exclusive=False,
    synchronous="FULL",
    error=JournalError,
    words={
        "SQLITE_BUSY": "{path} is busy",
        "name": "no file is called {path}",
        "folder": "{path}: {error}",
        "foreign": "{path} is another's",
        "newer": "{path} has {version}, known is {known}",
        "other": "{path} is bad: {error}",
    },
)


def refusal(path, kind=KIND):
    with pytest.raises(JournalError) as refused:
        opened(str(path), kind)
    return refused.value.say("en")


def asked(database, what):
    return database.execute(f"PRAGMA {what}").fetchone()[0]


def test_a_new_file_is_for_its_owner_alone_marked_and_safe_against_loss_of_power(tmp_path):
    path = tmp_path / "a file.db"

    with closing(opened(str(path), KIND)) as database:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert (asked(database, "application_id"), asked(database, "user_version")) == (4711, 2)
        assert asked(database, "journal_mode") == "wal"
        assert asked(database, "synchronous") == 2  # FULL
        assert not database.in_transaction
        assert database.execute("SELECT count(*) FROM thing").fetchone() == (0,)


def test_one_that_is_there_is_opened_with_what_is_in_it_and_with_the_rights_that_it_has(tmp_path):
    path = tmp_path / "file.db"
    with closing(opened(str(path), KIND)) as database:
        database.execute("INSERT INTO thing VALUES ('kept')")
    path.chmod(0o640)

    with closing(opened(str(path), KIND)) as database:
        assert database.execute("SELECT name FROM thing").fetchall() == [("kept",)]
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_threads_share_one_in_memory_and_no_file_is_made_of_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    seen = []

    with closing(opened(IN_MEMORY, KIND)) as database:
        other = threading.Thread(
            target=lambda: seen.append(database.execute("SELECT 1").fetchone())
        )
        other.start()
        other.join()

    assert seen == [(1,)] and not list(tmp_path.iterdir())


def test_one_process_alone_has_an_exclusive_file_and_others_share_one(tmp_path):
    alone = replace(KIND, exclusive=True, synchronous="NORMAL")
    shared, own = tmp_path / "shared.db", tmp_path / "own.db"

    with closing(opened(str(shared), KIND)) as first:
        first.execute("BEGIN IMMEDIATE")  # it writes: who only opens the file need not wait
        second = opened(str(shared), KIND)
    with closing(second):
        assert second.execute("SELECT count(*) FROM thing").fetchone() == (0,)
    for _ in range(2):  # made, and found
        with closing(opened(str(own), alone)) as database:
            assert asked(database, "synchronous") == 1  # NORMAL
            assert refusal(own, alone) == f"{own} is busy"
            assert refusal(own) == f"{own} is busy"


def marked(path, application_id, version):
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"PRAGMA application_id = {application_id}")
        database.execute(f"PRAGMA user_version = {version}")
        database.execute("CREATE TABLE thing (name TEXT)")


@pytest.mark.parametrize(
    ("application_id", "version", "said"),
    [
        (0, 0, "{path} is another's"),
        (4712, 2, "{path} is another's"),
        (4711, 3, "{path} has 3, known is 2"),
    ],
)
def test_what_is_not_ours_or_too_new_is_named_and_left_as_it_is(
    tmp_path, application_id, version, said
):
    path = tmp_path / "file.db"
    marked(path, application_id, version)
    before = path.read_bytes()

    assert refusal(path) == said.format(path=path)
    assert path.read_bytes() == before


def test_an_older_one_is_opened(tmp_path):
    path = tmp_path / "file.db"
    marked(path, 4711, 1)

    opened(str(path), KIND).close()


@pytest.mark.parametrize("name", ["a\0b", "\ud800"])
def test_what_no_file_can_be_called_is_refused(name):
    assert refusal(name) == f"no file is called {name}"


def test_a_folder_that_is_not_there_and_a_file_that_is_no_database_say_so(tmp_path):
    nowhere, photo = tmp_path / "nowhere" / "file.db", tmp_path / "photo.db"
    photo.write_bytes(b"\xff\xd8 a photo" * 100)

    assert refusal(nowhere) == f"{nowhere}: No such file or directory"
    assert refusal(photo) == f"{photo} is bad: file is not a database"


def test_a_trouble_without_words_of_its_own_has_those_of_any_other():
    trouble = KIND.trouble("SQLITE_FULL", "f")

    assert trouble.say("en") == "f is bad: "
    assert KIND.trouble("newer", "f").say("en") == "f has 0, known is 2"
