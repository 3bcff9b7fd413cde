"""The journal's file: opened, checked, made where there is none; written in whole transactions.

Every trouble becomes a JournalError that names the file and what to do. What is
in the rows is the journal's business.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from qftools.errors import JournalError

VERSION = 1  # of the schema; written to the file as user_version
_MARK = 0x51464A31  # "QFJ1", as application_id: says that the file is a journal
_PATIENCE = 10.0  # seconds to wait for another process that is writing

_SCHEMA = """
CREATE TABLE entry (
    number INTEGER PRIMARY KEY,
    base_url TEXT NOT NULL,
    app_code TEXT NOT NULL,
    mchid TEXT NOT NULL,
    out_trade_no TEXT,
    syssn TEXT,
    begun REAL NOT NULL,
    changed REAL NOT NULL,
    walk TEXT NOT NULL,
    verdict TEXT,
    settled INTEGER NOT NULL DEFAULT 0,
    owner TEXT
);
CREATE TABLE question (
    number INTEGER PRIMARY KEY,
    entry INTEGER NOT NULL REFERENCES entry,
    asked REAL NOT NULL,
    step TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    params TEXT NOT NULL,
    taken TEXT
);
CREATE INDEX question_of_entry ON question (entry);
CREATE INDEX entry_by_out_trade_no ON entry (out_trade_no);
CREATE INDEX entry_by_syssn ON entry (syssn);
CREATE INDEX entry_unsettled ON entry (number) WHERE settled = 0;
"""

# What the system says, and what to do about it.
_TROUBLES = {
    "SQLITE_CANTOPEN": "can't be opened: does the folder exist, and may you write there?",
    "SQLITE_READONLY": "is read-only: make it writable, or name another file",
    "SQLITE_FULL": "can't grow, the disk is full: free some space",
    "SQLITE_IOERR": "can't be written, the disk is full or broken: look at the disk",
    "SQLITE_CORRUPT": "is damaged: move it away; the gateway still knows the orders",
    "SQLITE_NOTADB": "is no journal, or damaged: move it away, or name another file",
    "SQLITE_BUSY": f"is being written by another process for more than {_PATIENCE:.0f} s",
}


class JournalFile:
    """One SQLite file, in WAL mode, shared by processes and threads.

    Args:
        path: The file, or ``":memory:"``.

    Raises:
        JournalError: It can't be opened, is damaged, is no journal, or is too new.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._lock = threading.RLock()
        if not _is_a_path(path):
            raise JournalError(f"the journal {path!r} can't be opened: no file can have this name")
        with self.clear_errors():
            if path != ":memory:":
                _make_private(path)
            self.db = sqlite3.connect(
                path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
            )
        try:
            with self.clear_errors():
                self._prepare()
        except BaseException:
            self.db.close()
            raise

    def close(self) -> None:
        """Close it."""
        with self._lock:
            self.db.close()

    def _prepare(self) -> None:
        self.db.row_factory = sqlite3.Row
        # One text that is not UTF-8 shall not keep the other rows from being read.
        self.db.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
        # A commit is on the disk, not on its way there, before a request leaves.
        self.db.execute("PRAGMA synchronous = FULL")
        if self._is_current():
            return
        self.db.execute("PRAGMA journal_mode = WAL")
        with self.writing():
            if not self._is_current():  # another process may just have made it
                for statement in _SCHEMA.split(";\n"):
                    self.db.execute(statement)
                self.db.execute(f"PRAGMA application_id = {_MARK}")
                self.db.execute(f"PRAGMA user_version = {VERSION}")

    def _is_current(self) -> bool:
        mark = self.db.execute("PRAGMA application_id").fetchone()[0]
        version = self.db.execute("PRAGMA user_version").fetchone()[0]
        tables = self.db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if not mark and not version and not tables:
            return False
        if mark != _MARK:
            raise JournalError(f"{self.path} is a database, but no journal: name another file")
        if version > VERSION:
            raise JournalError(
                f"{self.path} is the journal of a newer qftools (version {version}, this one"
                f" knows {VERSION}): update qftools, or name another file"
            )
        return True

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction: all of it is on disk afterwards, or nothing."""
        with self._lock, self.clear_errors():
            self.db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.db.commit()
            except BaseException:
                self.db.rollback()
                raise

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Read, with clear errors."""
        with self._lock, self.clear_errors():
            yield

    @contextmanager
    def clear_errors(self) -> Iterator[None]:
        """Turn what goes wrong with the file into a JournalError that says what to do."""
        try:
            yield
        except sqlite3.Error as error:
            name = getattr(error, "sqlite_errorname", "")
            said = next((words for code, words in _TROUBLES.items() if name.startswith(code)), None)
            raise JournalError(f"the journal {self.path} {said or f'fails: {error}'}") from error
        except OSError as error:
            raise JournalError(
                f"the journal {self.path} can't be opened: {error.strerror}"
            ) from error


def _is_a_path(path: str) -> bool:
    try:
        return b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:
        return False


def _make_private(path: str) -> None:
    """Make the file where there is none, for its owner's eyes: it names payers and amounts.

    One that is there is not opened: closing it would end the locks that SQLite has on it.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
