"""An SQLite file of our own: made for its owner alone, told apart from others, errors explained.

The journal and the sandbox's file differ in what is in them, in how long they wait for another
process, and in their words; all of that is a `FileKind`.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from qftools.errors import QFPayError

IN_MEMORY = ":memory:"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileKind:
    """One kind of SQLite file.

    Attributes:
        application_id: Tells files of this kind from other databases.
        version: Of the schema.
        schema: Its statements.
        patience: How many seconds to wait for another process.
        exclusive: Whether one process has the file to itself while it is open.
        synchronous: SQLite's word: ``FULL`` survives the power, ``NORMAL`` the process.
        error: What is raised.
        words: What each trouble is called, by the name of SQLite's error, or ``name`` (no file
            can have it), ``folder`` (can't be opened), ``foreign`` (another database), ``newer``
            (a newer qftools wrote it), ``other``; with ``{path}``, ``{error}``, ``{version}`` and
            ``{known}`` in their places.
    """

    application_id: int
    version: int
    schema: tuple[str, ...]
    patience: float
    exclusive: bool
    synchronous: str
    error: type[QFPayError]
    words: Mapping[str, str]

    def trouble(self, key: str, path: str, *, error: object = "", version: int = 0) -> QFPayError:
        """Return the error for one kind of trouble."""
        words = self.words.get(key, self.words["other"])
        return self.error(words, path=path, error=error, version=version, known=self.version)


def opened(path: str, kind: FileKind) -> sqlite3.Connection:
    """Open a file of this kind; make it where there is none.

    Threads may share the connection under a lock of the caller's. No transaction begins by
    itself.

    Args:
        path: The file, or ``":memory:"``.
        kind: What it has to be.

    Raises:
        QFPayError: The kind's error: it can't be opened, is damaged, something else, or too new.
    """
    if not _is_a_path(path):
        raise kind.trouble("name", path)
    with explained(path, kind):
        if path != IN_MEMORY:
            _make_private(path)
        database = sqlite3.connect(
            path, timeout=kind.patience, isolation_level=None, check_same_thread=False
        )
        try:
            _prepare(database, path, kind)
        except BaseException:
            database.close()
            raise
    return database


@contextmanager
def explained(path: str, kind: FileKind) -> Iterator[None]:
    """Turn what goes wrong with a file into the kind's error, which says what to do."""
    try:
        yield
    except sqlite3.Error as error:
        name = getattr(error, "sqlite_errorname", "")
        known = (key for key in kind.words if name.startswith(key))
        raise kind.trouble(next(known, "other"), path, error=error) from error
    except OSError as error:
        raise kind.trouble("folder", path, error=error.strerror) from error


def _prepare(database: sqlite3.Connection, path: str, kind: FileKind) -> None:
    if kind.exclusive:
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
    database.execute(f"PRAGMA synchronous = {kind.synchronous}")
    if _is_current(database, path, kind) and not kind.exclusive:
        return
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("BEGIN IMMEDIATE")
    if not _is_current(database, path, kind):  # another process may just have made it
        for statement in kind.schema:
            database.execute(statement)
        database.execute(f"PRAGMA application_id = {kind.application_id}")
        database.execute(f"PRAGMA user_version = {kind.version}")
    database.execute("COMMIT")


def _is_current(database: sqlite3.Connection, path: str, kind: FileKind) -> bool:
    (mark,) = database.execute("PRAGMA application_id").fetchone()
    (version,) = database.execute("PRAGMA user_version").fetchone()
    (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if not mark and not version and not tables:
        return False
    if mark != kind.application_id:
        raise kind.trouble("foreign", path)
    if version > kind.version:
        raise kind.trouble("newer", path, version=version)
    return True


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
