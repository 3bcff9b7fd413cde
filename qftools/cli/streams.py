"""Standard output and error as the commands write them: any text, and no error ends a command.

A character that the terminal's code page lacks is written as an escape, and so is one that
would steer the terminal. Where nothing can be written (the reader is gone, the disk is full,
the stream is closed) the text is kept, and the end of the command line says so.
"""

from __future__ import annotations

import errno
import io
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO, cast

from qftools.cli import exits
from qftools.locale import text
from qftools.texts import of_system

MOST_KEPT = 20_000  # characters of what could not be written

# Control characters but tab and line ends; controls of bidi. An ESC passes before colours and
# before what rich's progress bar needs: one line up, the line emptied, the cursor hidden.
_STEERING = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]"
    r"|\x1b(?!\[(?:[0-9;]*m|1?A|2K|\?25[hl]))"
)


class Printer(io.TextIOBase):
    """A text stream whose writes never fail.

    Args:
        stream: Where the text goes; None where it is closed.

    Attributes:
        trouble: Why nothing more can be written; None while all is well.
        lost: The end of what was not written.

    Example:
        >>> stream = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
        >>> printer = Printer(stream)
        >>> _ = printer.write("café 撤销 \\x9b2J")
        >>> printer.flush()
        >>> print(stream.buffer.getvalue().decode("cp1252"))
        café \\u64a4\\u9500 \\x9b2J
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self._pending = ""
        self.lost = ""
        self.trouble: Exception | None = None
        if stream is None:
            self.trouble = OSError(errno.EBADF, os.strerror(errno.EBADF))

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The code page of the stream."""
        return getattr(self._stream, "encoding", None) or "utf-8"

    @property
    def errors(self) -> str:  # type: ignore[override]
        """How characters that the code page lacks are written."""
        return "backslashreplace"

    def isatty(self) -> bool:
        """Tell whether a terminal shows it."""
        return self.trouble is None and cast(TextIO, self._stream).isatty()

    def fileno(self) -> int:
        """The number of the stream's file."""
        if self._stream is None:
            raise io.UnsupportedOperation("fileno")
        return self._stream.fileno()

    def writable(self) -> bool:
        """Tell that text may be written: always."""
        return True

    def write(self, text: str, /) -> int:
        """Write *text*, or keep it where that is impossible."""
        safe = _STEERING.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
        safe = safe.encode(self.encoding, self.errors).decode(self.encoding)
        if self.trouble is not None:
            self.lost = (self.lost + safe)[-MOST_KEPT:]
            return len(text)
        self._pending = (self._pending + safe)[-MOST_KEPT:]
        try:
            cast(TextIO, self._stream).write(safe)
        except (OSError, ValueError) as error:  # ValueError: it was closed
            self._give_up(error)
        return len(text)

    def flush(self) -> None:
        """Pass on what was written."""
        if self.trouble is not None:
            return
        try:
            cast(TextIO, self._stream).flush()
        except (OSError, ValueError) as error:
            self._give_up(error)
        self._pending = ""

    def _give_up(self, error: Exception) -> None:
        self.trouble, self.lost = error, self._pending
        # What the interpreter still holds is written when it ends: let that go nowhere, or it
        # would change the exit status.
        with suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)

    @property
    def reader_is_gone(self) -> bool:
        """Tell whether the other end of a pipe is closed, as with ``| head``."""
        return isinstance(self.trouble, BrokenPipeError)

    @property
    def reason(self) -> str:
        """Why nothing can be written, in the system's words."""
        return str(of_system(getattr(self.trouble, "strerror", None) or str(self.trouble)))


@contextmanager
def printing() -> Iterator[None]:
    """Let everything that is printed go through printers; report what could not be printed."""
    before = sys.stdout, sys.stderr
    printers = Printer(sys.stdout), Printer(sys.stderr)
    sys.stdout, sys.stderr = cast(tuple[TextIO, TextIO], printers)
    try:
        yield
    except SystemExit as end:
        printers[0].flush()
        if printers[0].trouble is not None:
            raise SystemExit(_status_unprinted(printers[0], end)) from None
        raise
    finally:
        for printer in printers:
            printer.flush()
        sys.stdout, sys.stderr = before


def _status_unprinted(printed: Printer, end: SystemExit) -> int:
    """Report what could not be printed, and return the exit status.

    The exit status of a verdict stays. For other commands the output is the result, so without it
    the command has failed.
    """
    import click

    status = 0 if end.code is None else end.code if isinstance(end.code, int) else exits.REFUSED
    if isinstance(end, exits.ServerStopped):
        return status
    if isinstance(end, exits.Kept):
        said = text("This could not be printed ({reason}); the exit status is the result's:")
        click.echo(said.format(reason=printed.reason), err=True)
        click.echo(printed.lost, err=True)
        return status
    if not printed.reader_is_gone:
        said = text("Standard output can't be written: {reason}")
        click.echo(said.format(reason=printed.reason), err=True)
    return status or exits.REFUSED
