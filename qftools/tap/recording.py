"""A recording of what passed: an HTTP archive (HAR 1.2), whole after each exchange, redacted.

Any tool that reads such archives reads it; what only the tap knows stands in ``_qftools``.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any

from qftools.errors import InputError
from qftools.exchange.shown import ShownExchange
from qftools.exchange.writing import as_har
from qftools.journal import owner
from qftools.locale import mark

_RULE = mark("a new file, or a recording to continue")
_OWN = mark("a file of its own for each tap")
_END = b"\n]}}\n"


class Recording:
    """A file to which exchanges are added.

    Args:
        path: The file. One that is there already must be a recording, and is continued.

    Raises:
        InputError: It can't be opened, is a file of something else, or another tap writes to it.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._beside = self.path.with_name(f"{self.path.name}.lock")
        try:
            # For its owner alone: order numbers and amounts are in it.
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
            self._file = os.fdopen(handle, "r+b", buffering=0)
            self._held = owner.hold(self._beside)
        except OSError as error:
            raise InputError(
                "record",
                "is {path!r}, which can't be opened ({cause})",
                _RULE,
                path=str(path),
                cause=error.strerror or type(error).__name__,
            ) from None
        if self._held is None:
            self._file.close()
            raise InputError(
                "record", "is {path!r}, to which another tap writes", _OWN, path=str(path)
            )
        size = self._file.seek(0, os.SEEK_END)
        if not size:
            self._write(0, _beginning())
            self._empty = True
        else:
            self._file.seek(max(0, size - len(_END)))
            end = self._file.read()
            self._file.seek(0)
            if end != _END or not self._file.read(8).startswith(b'{"log"'):
                self.close()
                raise InputError(
                    "record", "is {path!r}, which is no recording of a tap", _RULE, path=str(path)
                )
            self._file.seek(max(0, size - len(_END) - 1))
            self._empty = self._file.read(1) == b"["

    def add(self, exchange: ShownExchange, more: dict[str, Any]) -> None:
        """Write an exchange down, with what only the tap knows of it.

        Raises:
            OSError: The file can't be written; what was in it is still whole.
        """
        (entry,) = as_har([exchange])["log"]["entries"]
        line = json.dumps(entry | {"_qftools": more}).encode()
        end = self._file.seek(-len(_END), os.SEEK_END)
        self._write(end, (b"\n" if self._empty else b",\n") + line)
        self._empty = False

    def _write(self, at: int, what: bytes) -> None:
        """Write at the end; where the disk is full, leave the file as it was."""
        self._file.seek(at)
        try:
            left = memoryview(what + _END)
            while left:
                left = left[self._file.write(left) :]
        except OSError:
            with contextlib.suppress(OSError):
                self._file.truncate(at)
                if at:
                    self._file.seek(at)
                    self._file.write(_END)
            raise

    def close(self) -> None:
        """Close the file, and let another tap continue it."""
        self._file.close()
        if self._held is not None:
            owner.let_go(self._beside, self._held)
            self._held = None


def _beginning() -> bytes:
    whole = json.dumps(as_har([]))
    return whole.removesuffix("]}}").encode()
