"""The sandbox's file: SQLite, one writer, each answer on disk before it leaves.

Nothing here knows what a record means.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qftools.errors import SandboxError

if TYPE_CHECKING:
    from qftools.sandbox.keeping.records import Records

APPLICATION_ID = 0x7166_7462  # "qftb": tells our files from other SQLite databases
VERSION = 1
LOG_PAGES = 8_000  # 32 MB: each time the log is written into the file, answers wait for the disk


class Store:
    """One file, held by one process at a time.

    Written ahead (WAL), so that a process that is killed loses nothing it had answered.

    Args:
        path: The file; made if it is not there.

    Raises:
        SandboxError: Another process has it, it is something else, or it can't be written.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        try:
            self._database = self._opened()
        except sqlite3.Error as error:
            raise SandboxError(self._explained(error)) from error

    def load(self) -> dict[str, dict[str, Any]]:
        """Return every record by kind and key."""
        kinds: dict[str, dict[str, Any]] = {}
        for kind, key, value in self._database.execute("SELECT kind, key, value FROM record"):
            kinds.setdefault(kind, {})[key] = json.loads(value)
        return kinds

    def read_into(self, records: Records) -> None:
        """Read the file into *records*; it is closed if that fails.

        Raises:
            SandboxError: The file holds records that make no sense.
        """
        try:
            records.replace(self.load())
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            self.close()
            raise SandboxError(f"{self.path} can't be read: {error!r}") from error
        records.mark_saved()

    def save(self, changed: Mapping[str, Mapping[str, Any]]) -> None:
        """Write changes in one transaction; a record that is None is deleted.

        Raises:
            SandboxError: The disk is full or gone. Nothing was written.
        """
        rows = [(kind, *item) for kind, records in changed.items() for item in records.items()]
        gone = [(kind, key) for kind, key, record in rows if record is None]
        kept = [(kind, key, json.dumps(rec)) for kind, key, rec in rows if rec is not None]
        try:
            with self._database as database:
                database.execute("BEGIN")
                if gone:
                    database.executemany("DELETE FROM record WHERE kind = ? AND key = ?", gone)
                database.executemany("INSERT OR REPLACE INTO record VALUES (?, ?, ?)", kept)
        except sqlite3.Error as error:
            raise SandboxError(self._explained(error)) from error

    def close(self) -> None:
        """Let go of the file; the log is written into it."""
        self._database.close()

    def _opened(self) -> sqlite3.Connection:
        is_new = not self.path.exists() or self.path.stat().st_size == 0
        if is_new:
            self._make_private()
        # The sandbox holds one lock around each request, so threads never meet here.
        database = sqlite3.connect(
            self.path, check_same_thread=False, isolation_level=None, timeout=0.5
        )
        try:
            database.execute("PRAGMA locking_mode = EXCLUSIVE")
            if not is_new:
                self._check(database)
                self._close_to_others()
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")  # survives the process, not the power
            database.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES}")
            database.execute("BEGIN IMMEDIATE")
            database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            database.execute(f"PRAGMA user_version = {VERSION}")
            database.execute(
                "CREATE TABLE IF NOT EXISTS record (kind TEXT, key TEXT, value TEXT NOT NULL, "
                "PRIMARY KEY (kind, key)) WITHOUT ROWID"
            )
            database.execute("COMMIT")
        except BaseException:
            database.close()
            raise
        return database

    def _make_private(self) -> None:
        try:
            os.close(os.open(self.path, os.O_CREAT | os.O_WRONLY, 0o600))
        except OSError as error:
            raise SandboxError(f"can't write {self.path}: {error.strerror}") from error
        self._close_to_others()

    def _close_to_others(self) -> None:
        # It holds client keys. By path: closing a descriptor would let go of SQLite's locks.
        try:
            for end in ("", "-wal", "-shm"):  # new ones beside it take its mode
                path = self.path.with_name(self.path.name + end)
                if path.exists() and path.stat().st_mode & 0o077:
                    path.chmod(0o600)
        except OSError as error:
            raise SandboxError(f"can't keep {self.path} private: {error.strerror}") from error

    def _check(self, database: sqlite3.Connection) -> None:
        (application,) = database.execute("PRAGMA application_id").fetchone()
        (version,) = database.execute("PRAGMA user_version").fetchone()
        (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if application != APPLICATION_ID and tables:
            raise SandboxError(f"{self.path} is a database of something else; choose another file")
        if version > VERSION:
            raise SandboxError(f"{self.path} was written by a newer qftools; update this one")

    def _explained(self, error: sqlite3.Error) -> str:
        text = str(error)
        if "locked" in text or "busy" in text:
            return f"{self.path} is in use by another sandbox; stop it or choose another file"
        if "not a database" in text:
            return f"{self.path} is not a sandbox's file; choose another one"
        return f"can't use {self.path}: {text}"
