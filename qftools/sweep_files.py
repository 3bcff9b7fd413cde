"""A sweep's files: orders from CSV or JSON lines, results beside them as they come.

A result file only grows, line by line; what a crash cut off in its middle is
taken away when it is opened again.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from qftools.errors import InputError
from qftools.journal_page import when
from qftools.locale import text
from qftools.models import Order
from qftools.sweep import Result, Row

COLUMNS = ("out_trade_no", "syssn", "txamt", "txdtm", "pay_type", "txcurrcd", "mchid", "udid")
"""What a row may have; others are left alone. One of the first two, txamt and txdtm must be."""

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


@dataclass(frozen=True, slots=True)
class Wrong:
    """A row that is no order: where, and why, in the language in use."""

    line: int
    reason: str


def read(path: Path) -> Iterator[Row | Wrong]:
    """Yield the rows of a file of orders, the wrong ones too. Reads as it goes.

    Args:
        path: ``.csv`` with a header, or ``.jsonl`` with an object a line.

    Raises:
        InputError: It is another kind of file, can't be read, or lacks a column
            that every row needs.
    """
    kinds = {".csv": _csv_rows, ".jsonl": _json_rows, ".ndjson": _json_rows}
    reader = kinds.get(path.suffix.lower())
    if reader is None:
        raise InputError("file", "is {name}", "a .csv or .jsonl", name=path.name)
    seen: dict[bytes, int] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for line, values in reader(file):
                yield _row(line, values, seen)
    except OSError as error:
        raise InputError(
            "file", "{path} can't be read ({cause})", "readable", path=path, cause=error.strerror
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(
            "file", "{path} is not UTF-8 ({cause})", "UTF-8", path=path, cause=error.reason
        ) from error


def key_of(values: Mapping[str, Any]) -> bytes:
    """What makes two rows the same order."""
    return _digest(*(str(values.get(name) or "") for name in ("mchid", "out_trade_no", "syssn")))


def _csv_rows(file: IO[str]) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    reader = csv.DictReader(file, strict=True)
    names = [name.strip() for name in reader.fieldnames or ()]
    reader.fieldnames = names
    for wanted in ("txamt", "txdtm"):
        if wanted not in names:
            raise InputError(
                "file",
                "has no column {wanted!r} (it has: {names})",
                "with a header",
                wanted=wanted,
                names=", ".join(names),
            )
    while True:
        line = reader.line_num + 1
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield line, text("no CSV: {cause}").format(cause=error)
            continue
        yield line, text("more values than columns") if None in values else values


def _json_rows(file: IO[str]) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    for line, written in enumerate(file, 1):
        if not written.strip():
            continue
        try:
            values = json.loads(written)
        except ValueError as error:
            yield line, text("no JSON: {cause}").format(cause=error)
            continue
        yield line, values if isinstance(values, dict) else text("no JSON object")


def _row(line: int, values: Mapping[str, Any] | str, seen: dict[bytes, int]) -> Row | Wrong:
    if isinstance(values, str):
        return Wrong(line, values)
    given = {name: _plain(values.get(name)) for name in COLUMNS}
    try:
        row = Row(line, Order(**{**given, "txamt": _amount(given["txamt"])}))
    except InputError as error:
        return Wrong(line, error.say())
    key = key_of(given)
    if key in seen:
        return Wrong(line, text("the same order as in line {line}").format(line=seen[key]))
    seen[key] = line
    return row


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return value.strip() or None
    return value


def _amount(value: Any) -> Any:
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        return int(value)
    if value is None:
        raise InputError("txamt", "is missing", "a whole number of minor units")
    return value  # the order refuses what is no whole number


class Results:
    """The file of results, in the format that its name says: CSV or JSON lines.

    Args:
        path: Where; made where there is none.
        again: Verdicts whose orders are to be asked for again: their results are
            taken out.

    Raises:
        InputError: It can't be written, or is no file of results.
    """

    def __init__(self, path: Path, again: frozenset[str] = frozenset()) -> None:
        self.path = path
        self._csv = path.suffix.lower() == ".csv"
        self._done: set[bytes] = set()
        try:
            whole = self._cut() if path.exists() else b""
            kept = self._known(whole.decode("utf-8"), again)
            if kept is not None:
                _replace(path, kept)
            self._file = path.open("a", encoding="utf-8", newline="")
            if self._csv and not path.stat().st_size:
                self._write([*RESULT_COLUMNS])
        except (OSError, UnicodeDecodeError, ValueError, KeyError, csv.Error) as error:
            raise InputError(
                "results",
                "{path} can't be used ({cause})",
                "a file of results of this sweep",
                path=path,
                cause=error,
            ) from error

    def __enter__(self) -> Results:
        return self

    def __exit__(self, *exc: object) -> None:
        self._file.close()

    def has(self, order: Order) -> bool:
        """Whether the order has its result already."""
        return not self._done.isdisjoint(_keys(order))

    def add(self, result: Result) -> None:
        """Append one result; it is in the file when this returns."""
        order = result.order
        values = {name: getattr(result, name, None) for name in RESULT_COLUMNS}
        values |= {
            name: getattr(order, name)
            for name in ("out_trade_no", "syssn", "mchid", "pay_type", "txamt", "txcurrcd")
        }
        values["at"] = when(result.at)
        if self._csv:
            self._write(["" if values[name] is None else values[name] for name in RESULT_COLUMNS])
        else:
            self._file.write(json.dumps(values, ensure_ascii=False) + "\n")
            self._file.flush()
        self._remember(values)

    def _write(self, values: list[Any]) -> None:
        csv.writer(self._file).writerow([_harmless(value) for value in values])
        self._file.flush()

    def _remember(self, values: Mapping[str, Any]) -> None:
        for name in ("out_trade_no", "syssn"):
            if values.get(name):
                self._done.add(_key(values.get("mchid"), name, values[name]))

    def _cut(self) -> bytes:
        """The whole lines of the file; a last one that a crash cut off is taken away."""
        raw = self.path.read_bytes()
        whole = raw[: raw.rfind(b"\n") + 1]
        if whole != raw:
            with self.path.open("r+b") as file:
                file.truncate(len(whole))
        return whole

    def _known(self, text: str, again: frozenset[str]) -> str | None:
        """Remember what is done; return the text without what is asked for again, if any is."""
        rows = list(self._rows(text))
        for values in rows:
            if values["verdict"] not in again:
                self._remember(values)
        if not any(values["verdict"] in again for values in rows):
            return None
        kept = io.StringIO(newline="")
        if self._csv:
            writer = csv.DictWriter(kept, RESULT_COLUMNS)
            writer.writeheader()
            writer.writerows(values for values in rows if values["verdict"] not in again)
        else:
            kept.writelines(
                json.dumps(values, ensure_ascii=False) + "\n"
                for values in rows
                if values["verdict"] not in again
            )
        return kept.getvalue()

    def _rows(self, text: str) -> Iterator[dict[str, Any]]:
        if not self._csv:
            yield from (json.loads(line) for line in text.splitlines())
            return
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        if text and tuple(reader.fieldnames or ()) != RESULT_COLUMNS:
            raise ValueError("its columns are others")
        yield from reader


def _keys(order: Order) -> Iterator[bytes]:
    for name in ("out_trade_no", "syssn"):
        if getattr(order, name):
            yield _key(order.mchid, name, getattr(order, name))


def _key(mchid: Any, name: str, number: Any) -> bytes:
    return _digest(str(mchid or ""), name, str(number))


def _digest(*parts: str) -> bytes:
    # Twelve bytes an order instead of its texts: a million orders fit in memory.
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=12).digest()


def _harmless(value: Any) -> Any:
    # A spreadsheet runs a cell that begins so; a leading apostrophe keeps it text.
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return "'" + value
    return value


def _replace(path: Path, text: str) -> None:
    """Write the file anew, whole or not at all."""
    beside = path.with_name(path.name + ".new")
    beside.write_text(text, encoding="utf-8", newline="")
    beside.replace(path)
