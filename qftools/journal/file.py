"""The journal's file: its tables, and whole transactions.

Every trouble becomes a JournalError that names the file and what to do. What is
in the rows is the journal's business.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from qftools.errors import JournalError
from qftools.sqlite_file import FileKind, explained, opened

VERSION = 1  # of the schema; written to the file as user_version
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

_KIND = FileKind(
    application_id=0x51464A31,  # "QFJ1"
    version=VERSION,
    schema=tuple(_SCHEMA.split(";\n")),
    patience=_PATIENCE,
    exclusive=False,
    synchronous="FULL",  # a commit is on the disk before a request leaves
    error=JournalError,
    words={
        "SQLITE_CANTOPEN": "the journal {path} can't be opened: does the folder exist, and may you"
        " write there?",
        "SQLITE_READONLY": "the journal {path} is read-only: make it writable, or name another"
        " file",
        "SQLITE_FULL": "the journal {path} can't grow, the disk is full: free some space",
        "SQLITE_IOERR": "the journal {path} can't be written, the disk is full or broken: look at"
        " the disk",
        "SQLITE_CORRUPT": "the journal {path} is damaged: move it away; the gateway still knows"
        " the orders",
        "SQLITE_NOTADB": "the journal {path} is no journal, or damaged: move it away, or name"
        " another file",
        "SQLITE_BUSY": "the journal {path} is being written by another process for more than"
        f" {_PATIENCE:.0f} s",
        "name": "the journal {path!r} can't be opened: no file can have this name",
        "folder": "the journal {path} can't be opened: {error}",
        "foreign": "{path} is a database, but no journal: name another file",
        "newer": "{path} is the journal of a newer qftools (version {version}, this one knows"
        " {known}): update qftools, or name another file",
        "other": "the journal {path} fails: {error}",
    },
)


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
        self.db = opened(path, _KIND)
        self.db.row_factory = sqlite3.Row
        # One text that is not UTF-8 shall not keep the other rows from being read.
        self.db.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")

    def close(self) -> None:
        """Close it."""
        with self._lock:
            self.db.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction: all of it is on disk afterwards, or nothing."""
        with self.reading():
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
        with self._lock, explained(self.path, _KIND):
            yield
