"""The sandbox's file: SQLite, one writer, each answer on disk before it leaves.

Nothing here knows what a record means.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qftools.errors import SandboxError
from qftools.sqlite_file import FileKind, explained, opened

if TYPE_CHECKING:
    from qftools.sandbox.keeping.records import Records

LOG_PAGES = 8_000  # 32 MB: each time the log is written into the file, answers wait for the disk

_SCHEMA = (
    "CREATE TABLE record (kind TEXT, key TEXT, value TEXT NOT NULL, PRIMARY KEY (kind, key)) "
    "WITHOUT ROWID"
)
_KIND = FileKind(
    application_id=0x7166_7462,  # "qftb"
    version=1,
    schema=(_SCHEMA,),
    patience=0.5,
    exclusive=True,
    synchronous="NORMAL",
    error=SandboxError,
    words={
        "SQLITE_BUSY": "{path} is in use by another sandbox; stop it or choose another file",
        "SQLITE_LOCKED": "{path} is in use by another sandbox; stop it or choose another file",
        "SQLITE_NOTADB": "{path} is not a sandbox's file; choose another one",
        "name": "can't use {path!r}: no file can have this name",
        "folder": "can't write {path}: {error}",
        "foreign": "{path} is a database of something else; choose another file",
        "newer": "{path} was written by a newer qftools; update this one",
        "other": "can't use {path}: {error}",
    },
)


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
        self._database = opened(str(self.path), _KIND)
        self._close_to_others()
        self._database.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES}")

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
            raise SandboxError(
                "{path} can't be read: {cause}", path=self.path, cause=repr(error)
            ) from error
        records.mark_saved()

    def save(self, changed: Mapping[str, Mapping[str, Any]]) -> None:
        """Write changes in one transaction; a record that is None is deleted.

        Raises:
            SandboxError: The disk is full or gone. Nothing was written.
        """
        gone: list[tuple[str, str]] = []
        kept: list[tuple[str, str, str]] = []
        for kind, records in changed.items():
            for key, record in records.items():
                if record is None:
                    gone.append((kind, key))
                else:
                    kept.append((kind, key, json.dumps(record)))
        with explained(str(self.path), _KIND), self._database as database:
            database.execute("BEGIN")
            if gone:
                database.executemany("DELETE FROM record WHERE kind = ? AND key = ?", gone)
            database.executemany("INSERT OR REPLACE INTO record VALUES (?, ?, ?)", kept)

    def close(self) -> None:
        """Close the file; the log is written into it."""
        self._database.close()

    def _close_to_others(self) -> None:
        # It holds client keys. By path: closing a descriptor would let go of SQLite's locks.
        try:
            for end in ("", "-wal", "-shm"):  # new ones beside it take its mode
                path = self.path.with_name(self.path.name + end)
                if path.exists() and path.stat().st_mode & 0o077:
                    path.chmod(0o600)
        except OSError as error:
            self.close()
            raise SandboxError(
                "can't keep {path} private: {cause}", path=self.path, cause=error.strerror
            ) from error
