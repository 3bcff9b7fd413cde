"""Who is at work on something: a mark that the operating system takes back when its process dies.

A process number is not enough: after ``kill -9`` it may belong to another
program. A lock on a file is let go by the system whatever way a process ends.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows
    fcntl = None  # type: ignore[assignment]
    import msvcrt

_TRIES = 5


class Owner:
    """One that owns things, from its making to its ``release`` or the end of the process.

    Args:
        beside: The file whose owners these are; their marks lie next to it. None
            for what no other process can see, which needs no mark.

    Raises:
        OSError: The mark can't be made.
    """

    def __init__(self, beside: Path | None) -> None:
        self._beside = beside
        self._file: int | None = None
        self.name = secrets.token_hex(8)
        if beside is not None:
            self._mark()

    def _mark(self) -> None:
        for _ in range(_TRIES):
            path = self._path(self.name)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            if _lock(self._file) and _is_still(path, self._file):
                return
            # Another process removed it while cleaning up: try again, under another name.
            os.close(self._file)
            self._file, self.name = None, secrets.token_hex(8)
        raise OSError(f"no lock can be taken beside {self._beside}")

    def _path(self, name: str) -> Path:
        assert self._beside is not None
        return self._beside.with_name(f"{self._beside.name}-owner-{name}")

    def is_alive(self, name: str) -> bool:
        """Whether another owner, of that *name*, still exists; a dead one's mark is removed."""
        if self._beside is None:
            return False
        return not _remove_if_dead(self._path(name))

    def release(self) -> None:
        """Stop being an owner, and remove the marks of those that died without saying so."""
        if self._beside is None or self._file is None:
            return
        with contextlib.suppress(OSError):
            self._path(self.name).unlink(missing_ok=True)
        os.close(self._file)
        self._file = None
        for path in self._beside.parent.iterdir():
            if path.name.startswith(f"{self._beside.name}-owner-"):
                _remove_if_dead(path)


def hold(path: Path) -> IO[bytes] | None:
    """Lock *path*, a file made for that; None where another process holds it.

    Ends with ``let_go``, or with the process, however that ends.

    Raises:
        OSError: It can't be made.
    """
    for _ in range(_TRIES):
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b")
        if not _lock(file.fileno()):
            file.close()
            return None
        if _is_still(path, file.fileno()):
            return file
        file.close()  # its last holder removed it in between
    return None


def let_go(path: Path, file: IO[bytes]) -> None:
    """Give up what ``hold`` returned, and remove the file that was made for it."""
    if not os.fstat(file.fileno()).st_size:
        with contextlib.suppress(OSError):  # Windows keeps what is open
            path.unlink()
    file.close()


def _remove_if_dead(path: Path) -> bool:
    try:
        file = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return True
    except OSError:
        return False  # not ours to judge, so it counts as alive
    try:
        if not _lock(file):
            return False
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
        return True
    finally:
        os.close(file)


def _lock(file: int) -> bool:
    if sys.platform == "emscripten":
        return True  # Python in a browser has no locks, and no other processes
    try:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:  # pragma: no cover - Windows
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
    except OSError:
        return False
    return True


def _is_still(path: Path, file: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(file))  # noqa: PTH116
    except FileNotFoundError:
        return False
