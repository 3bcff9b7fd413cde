"""A sweep's results, in a file that only grows while the sweep runs: CSV or JSON lines.

A file that is not recognised as results of a sweep is never written to. What has to be
written anew is written beside the file and takes its place when it is whole.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import stat
import tempfile
from array import array
from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from qftools.errors import BusyError, InputError
from qftools.exchange.redaction import redactor_for
from qftools.journal import owner as ownership
from qftools.journal.page import when
from qftools.locale import mark
from qftools.models import Order
from qftools.sweep.reading import Orders as Orders
from qftools.sweep.reading import Wrong as Wrong
from qftools.sweep.reading import digest
from qftools.sweep.reading import read as read
from qftools.sweep.sweep import Result

RESULT_COLUMNS = (
    "line",
    "out_trade_no",
    "syssn",
    "mchid",
    "pay_type",
    "txamt",
    "txcurrcd",
    "verdict",
    "charged",
    "finding",
    "would",
    "reason",
    "requests",
    "at",
)


AGAIN = frozenset({"UNRESOLVED", "NOT_FOUND", "NOT_CANCELLABLE", "HELD", "REFUND_PENDING"})
"""Verdicts that a later look may change."""

_HEADING = (",".join(RESULT_COLUMNS) + "\r\n").encode()
_OF_THE_ORDER = ("out_trade_no", "syssn", "mchid", "pay_type", "txamt", "txcurrcd")
_FIRST_LINE = b'{"line": 0, "out_trade_no": '  # as `add` begins one, but for the number
_REASON = 2_000  # characters
_ESCAPED = ("=", "+", "-", "@", "'")


class Results:
    """The file of results, in the format that its name says: CSV for ``.csv``, else JSON lines.

    One sweep at a time writes to it. What a crash cut off at its end is taken away.

    Args:
        path: Where; made where there is none.
        again: Verdicts whose orders are to be asked for again. Their results stay until
            there are new ones.
        orders: The orders that are swept: their file is never written to.
        dry: For a dry run, which begins anew each time.

    Raises:
        InputError: It is the file of orders, holds anything but such results, or can't be
            written. It was left as it is.
        BusyError: Another sweep writes to it.

    Example:
        >>> folder = Path(tempfile.mkdtemp())
        >>> with Results(folder / "results.csv") as results:
        ...     results.has(Order("A1"))
        False
    """

    def __init__(
        self,
        path: Path,
        again: frozenset[str] = frozenset(),
        *,
        orders: Orders | None = None,
        dry: bool = False,
    ) -> None:
        self.path = path
        self._target = Path(os.path.realpath(path))  # a link stays a link
        self._csv = path.suffix.lower() == ".csv"
        self._again, self._dry = again, dry
        # Of each number of an order: that it is done, and where verdicts stand that may change.
        # A file may have a million of them, so this is packed; see `_remember`.
        self._known: dict[bytes, int | tuple[int, ...]] = {}
        self._syssn_of = array("Q")  # a short digest of each result's, 0 where it has none
        self._replaced: set[int] = set()
        self._lock: IO[bytes] | None = None
        try:
            with self._clear_errors():
                self._refuse_what_is_no_place_for_results(orders)
                self._lock = ownership.hold(self._beside)
                if self._lock is None:
                    raise BusyError(
                        mark("another sweep writes to {path}: wait until it ends"), path=path
                    )
                self._take_up()
                self._file = self._target.open("ab", buffering=0)
                if self._csv and not self._size():
                    self._append(_HEADING)
        except BaseException:
            self._let_go()
            raise

    def __enter__(self) -> Results:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; results that newer ones replace are taken out first."""
        if self._lock is None:
            return
        try:
            self._file.close()
            if self._replaced:
                with self._clear_errors():
                    self._rewrite(self._replaced)
        finally:
            self._let_go()

    def has(self, order: Order) -> bool:
        """Whether the order has its result already."""
        # Several payments may share an out_trade_no: the gateway's number tells them apart.
        name = "syssn" if order.syssn else "out_trade_no"
        return _is_done(self._known.get(_key(order.mchid, name, getattr(order, name)), 0))

    def add(self, result: Result) -> None:
        """Append one result; it is in the file when this returns.

        Raises:
            InputError: It can't be written (the disk is full): nothing of it is in the file.
        """
        values = {name: getattr(result, name, None) for name in RESULT_COLUMNS}
        values |= {name: getattr(result.order, name) for name in _OF_THE_ORDER}
        values |= {"at": when(result.at), "reason": " ".join(result.reason.split())[:_REASON]}
        if self._csv:
            written = io.StringIO(newline="")
            csv.writer(written).writerow(_harmless(values[name]) for name in RESULT_COLUMNS)
            line = written.getvalue()
        else:
            line = redactor_for().json(values) + "\n"
        with self._clear_errors():
            self._append(line.encode("utf-8", "backslashreplace"))
        self._remember(values)

    # ---- recognising -------------------------------------------------------------

    def _refuse_what_is_no_place_for_results(self, orders: Orders | None) -> None:
        try:
            told = self._target.stat()
        except FileNotFoundError:
            return
        if orders and orders.told and os.path.samestat(told, orders.told):
            raise self._unusable(mark("{path} is the file of orders itself"), mark("another file"))
        if not stat.S_ISREG(told.st_mode):
            raise self._unusable(mark("{path} is a folder or a device"), _RULE)
        with self._target.open("rb") as file:
            self._refuse_foreign(file.readline(2**16))

    def _refuse_foreign(self, first: bytes) -> None:
        if self._csv:
            if not _HEADING.startswith(first):
                raise self._unusable(mark("{path} holds other data: its columns differ"), _RULE)
        elif not _is_beginning(first):
            raise self._unusable(mark("{path} holds other data"), _RULE)

    def _take_up(self) -> None:
        """Remember what the file holds, and mend its end where a crash cut it off."""
        if not self._target.exists():
            return
        torn = self._csv and self._target.stat().st_size < len(_HEADING)
        ended = False
        with self._target.open("rb") as file:
            for record, values in self._records(file):
                ended = record.endswith(b"\n")
                if values is None:
                    torn = True
                    continue
                if torn:
                    raise self._damaged()
                if bool(values["verdict"]) == self._dry:
                    raise self._unusable(
                        mark("{path} holds verdicts, which a dry run would replace")
                        if self._dry
                        else mark("{path} holds what a dry run found"),
                        mark("another file"),
                    )
                if not self._dry:
                    self._remember(values)
        if torn and ended:
            raise self._damaged()
        if self._dry:
            self._target.write_bytes(b"")
        elif torn:
            self._rewrite(frozenset())

    def _damaged(self) -> InputError:
        problem = mark("{path} is damaged in result {number}")
        return self._unusable(problem, _RULE, number=len(self._syssn_of) + 1)

    def _records(self, file: IO[bytes]) -> Iterator[tuple[bytes, dict[str, Any] | None]]:
        """Each result as it is written, and what it says; None for one that can't be read."""
        if self._csv:
            file.seek(len(_HEADING))
        for record in file:
            values = _of_csv(record) if self._csv else _of_json(record)
            yield record, values if record.endswith(b"\n") and _is_result(values) else None

    def _remember(self, values: Mapping[str, Any]) -> None:
        syssn = values["syssn"] or ""
        keys = {
            _key(values["mchid"], name, values[name])
            for name in ("syssn", "out_trade_no")
            if values[name]
        }
        short = int.from_bytes(digest(str(syssn))[:8]) if syssn else 0
        # An out_trade_no may have had several payments: two numbers of the gateway, two orders.
        earlier = {
            number
            for key in keys
            for number in _places(self._known.get(key, 0))
            if self._syssn_of[number] in (0, short) or not short
        } - self._replaced
        if len(earlier) == 1:
            self._replaced |= earlier
        here = (len(self._syssn_of) << 1) + 2 if values["verdict"] in AGAIN | self._again else 0
        here |= values["verdict"] not in self._again
        for key in keys:
            self._known[key] = _joined(self._known.get(key, 0), here)
        self._syssn_of.append(short)

    # ---- writing -----------------------------------------------------------------

    def _append(self, written: bytes) -> None:
        size = self._size()
        try:
            while written:
                written = written[self._file.write(written) :]
        except OSError:
            self._file.truncate(size)
            raise

    def _size(self) -> int:
        return os.fstat(self._file.fileno()).st_size

    def _rewrite(self, without: Container[int]) -> None:
        """Write the file anew beside it, without some of its results, and put it in its place."""
        descriptor, name = tempfile.mkstemp(dir=self._target.parent, prefix=f"{self._target.name}.")
        try:
            with os.fdopen(descriptor, "wb") as beside, self._target.open("rb") as file:
                if self._csv:
                    beside.write(_HEADING)
                for number, (record, values) in enumerate(self._records(file)):
                    if values is not None and number not in without:
                        beside.write(record)
                beside.flush()
                os.fsync(descriptor)
            shutil.copymode(self._target, name)
            Path(name).replace(self._target)
        except BaseException:
            Path(name).unlink()
            raise

    @contextmanager
    def _clear_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._unusable(
                mark("{path} can't be written ({cause})"),
                mark("a file that can be written"),
                cause=error.strerror or error,
            ) from error

    @property
    def _beside(self) -> Path:
        return self._target.with_name(f"{self._target.name}.lock")

    def _let_go(self) -> None:
        if self._lock is not None:
            ownership.let_go(self._beside, self._lock)
            self._lock = None

    def _unusable(self, problem: str, rule: str, **values: object) -> InputError:
        return InputError("results", problem, rule, path=self.path, **values)


_RULE = mark("a new file, or the results of an earlier sweep")


def _of_csv(record: bytes) -> dict[str, Any] | None:
    try:
        (row,) = csv.reader([record.decode()])
        values = dict(zip(RESULT_COLUMNS, map(_as_it_was, row), strict=True))
        return {**values, "line": int(row[0])}
    except (ValueError, csv.Error):
        return None


def _of_json(record: bytes) -> Any:
    try:
        return json.loads(record)
    except (ValueError, RecursionError):
        return None


def _is_result(values: Any) -> bool:
    if not isinstance(values, dict) or values.keys() != set(RESULT_COLUMNS):
        return False
    return isinstance(values["verdict"], str)


def _is_beginning(line: bytes) -> bool:
    """Whether *line* may be what a crash left of the first result."""
    if (values := _of_json(line)) is not None:
        return _is_result(values)
    begun = re.sub(rb"\d+", b"0", line)
    return _FIRST_LINE.startswith(begun) or begun.startswith(_FIRST_LINE)


def _key(mchid: Any, name: str, number: Any) -> bytes:
    return digest(str(mchid or ""), name, str(number))


# What is known of a number of an order, in one integer or, for several results, in some:
# its lowest bit says that it is done, the others say which result may change, counted from 1.


def _is_done(known: int | tuple[int, ...]) -> bool:
    return any(one & 1 for one in known) if isinstance(known, tuple) else bool(known & 1)


def _places(known: int | tuple[int, ...]) -> list[int]:
    every = known if isinstance(known, tuple) else (known,)
    return [(one >> 1) - 1 for one in every if one > 1]


def _joined(known: int | tuple[int, ...], one: int) -> int | tuple[int, ...]:
    """Both; one that says no more than that it is done says it for the others, too."""
    if not isinstance(known, tuple) and (known < 2 or one < 2):
        return known | one
    return (*known, one) if isinstance(known, tuple) else (known, one)


def _harmless(value: Any) -> Any:
    """A cell that a spreadsheet takes for text: it runs one that begins like a formula."""
    if isinstance(value, str) and value.startswith(_ESCAPED):
        return "'" + value
    return value


def _as_it_was(cell: str) -> str:
    """What `_harmless` was given."""
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(_ESCAPED) else cell
