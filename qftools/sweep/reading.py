"""Reads a sweep's orders from a table or JSON lines, as people and spreadsheets export them.

Encoding, kind and separator are told from the content. A row that can't be an order is
handed out as `Wrong`, with its line and the reason, and the rest is read.
"""

from __future__ import annotations

import codecs
import csv
import functools
import hashlib
import io
import json
import os
import re
import reprlib
import shutil
import stat
import sys
import tempfile
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import IO, Any, NamedTuple

from qftools.errors import InputError
from qftools.locale import mark, text
from qftools.models import Order
from qftools.sweep.cells import (
    HEADINGS,
    Column,
    Stated,
    amount,
    column_of,
    content,
    currency,
    number,
    time,
)
from qftools.sweep.sweep import Row

_NUMBERS = ("out_trade_no", "syssn", "origssn", "mchid")
_LONGEST = 100_000  # characters of a line, or of the lines of one row
_MOST_ABOVE = 30  # lines of titles and remarks before the heading
_MOST_LINES = 100  # of one row: a quoted remark may have several
_REASON = 400  # characters of a reason, which repeats the cell
_SEPARATORS = (",", ";", "\t", "|")
_PAY_TYPE = re.compile("[0-9]{6}")
_ORDER = re.compile(r"(?!#\s).*\d")  # what a title or a remark above the header has not
_SEPARATOR_LINE = re.compile(r'"?[Ss][Ee][Pp]=.?"?\s*')  # what a spreadsheet puts above a table
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# Without a mark, and no UTF-8: tried in turn. In all of them commas, quotes and line ends are
# what they are in ASCII; of the last one nothing but ASCII is read, see _number.
_GUESSES = ("gb18030", "big5hkscs", "latin-1")
_OTHER_FILES = {
    b"PK\x03\x04": mark("{path} is a workbook or an archive"),
    b"\x1f\x8b": mark("{path} is a workbook or an archive"),
    b"\xd0\xcf\x11\xe0": mark("{path} is a workbook"),
}


@dataclass(frozen=True, slots=True)
class Wrong:
    """A row that is no order: where, and why, in the language in use."""

    line: int
    reason: str


class Orders:
    """A file of orders, opened once and read as often as it is iterated over, row by row.

    What can be read only once (standard input, a pipe) is copied to a temporary file first.

    Args:
        path: A table with a heading, or JSON lines; ``-`` for standard input.

    Attributes:
        told: The file that was opened, as the system tells it apart from others; None for none.
        is_table: A table; else JSON lines.

    Raises:
        InputError: It can't be read, is no such file, or has no column of numbers.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp(), "orders.txt")
        >>> _ = file.write_text("商户订单号;金额\\n20261127000000000001;25.00\\n", "gb18030")
        >>> with Orders(file) as orders:
        ...     for row in orders:
        ...         print(row.line, row.order.out_trade_no, row.stated.value)
        2 20261127000000000001 25.00
    """

    def __init__(self, path: Path) -> None:
        self._name = str(path)
        try:
            self._file, self.told = _opened(path)
        except OSError as error:
            raise InputError(
                "file",
                "{path} can't be read ({cause})",
                "readable",
                path=path,
                cause=error.strerror or error,
            ) from error
        try:
            self._encoding, self._guessed = self._told_encoding()
            self.is_table = not self._is_json(path.suffix.lower())
            self._table = self._told_heading() if self.is_table else None
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Orders:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __iter__(self) -> Iterator[Row | Wrong]:
        """Yield the rows, the wrong ones too; one pass at a time."""
        seen: dict[bytes, int] = {}
        lines = self._lines(self._encoding)
        rows = _table_rows(lines, self._table) if self._table else _json_rows(lines)
        for line, values in rows:
            yield _row(line, values, seen, guessed=self._guessed)

    def _lines(self, encoding: str) -> Iterator[tuple[int, str]]:
        """The lines that are not blank, with their numbers; of a long one only its beginning."""
        self._file.seek(0)
        wrapped = io.TextIOWrapper(self._file, encoding)
        try:
            line = 0
            while written := wrapped.readline(_LONGEST):
                line += 1
                rest = written
                while rest and not rest.endswith("\n"):
                    rest = wrapped.readline(_LONGEST)
                if written.strip() and not _SEPARATOR_LINE.fullmatch(written):
                    yield line, written
        finally:
            with suppress(ValueError):  # the file was closed in the middle of a pass
                wrapped.detach()

    # ---- what the content tells --------------------------------------------------

    def _told_encoding(self) -> tuple[str, bool]:
        """The encoding, and whether it is a guess."""
        self._file.seek(0)
        head = self._file.read(2**12)
        for magic, problem in _OTHER_FILES.items():
            if head.startswith(magic):
                raise self._no_orders(problem, mark("saved as CSV (UTF-8)"))
        told = next((name for begin, name in _MARKS.items() if head.startswith(begin)), None)
        if told is None and head.count(0) * 5 > len(head):  # every other byte of ASCII in UTF-16
            told = "utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"
        if told is not None:
            if self._decodes(told):
                return told, False
            raise self._no_orders(
                mark("{path} is not {encoding}, as its first bytes say"),
                mark("saved as CSV (UTF-8)"),
                encoding=told,
            )
        if self._decodes("utf-8"):
            return "utf-8", False
        possible = [name for name in _GUESSES if self._decodes(name)]
        known = (name for name in possible if self._heading(name).separator)
        return next(known, possible[0]), True

    def _decodes(self, encoding: str) -> bool:
        try:
            for _ in self._lines(encoding):
                pass
        except UnicodeError:
            return False
        return True

    def _is_json(self, suffix: str) -> bool:
        named_so = suffix in (".jsonl", ".ndjson")
        first = next((line.strip() for _, line in self._lines(self._encoding)), "")
        begins = first[:1]
        if begins == "[" and not named_so:
            raise self._no_orders(
                mark("{path} is one JSON array"), mark("JSON lines: one object a line")
            )
        if begins == "{" and not named_so and not first.removesuffix(",").endswith("}"):
            raise self._no_orders(
                mark("{path} is JSON over several lines"), mark("JSON lines: one object a line")
            )
        return named_so or begins == "{"

    def _heading(self, encoding: str) -> _Heading:
        """The first line that names a column of numbers; titles and remarks may stand above it."""
        lines = [line for _, line in islice(self._lines(encoding), _MOST_ABOVE)] or [""]
        headings = [_heading(above, line) for above, line in enumerate(lines)]
        return next((heading for heading in headings if heading.separator), headings[0])

    def _told_heading(self) -> _Heading:
        heading = self._heading(self._encoding)
        if heading.separator:
            return heading
        raise self._no_orders(
            mark("{path} has no column for the number of an order (it has: {names})"),
            mark("a table whose header names out_trade_no or syssn, such as {known}"),
            names=", ".join(heading.cells)[:_REASON] or "-",
            known=", ".join((HEADINGS["out_trade_no"][1], HEADINGS["syssn"][1], "商户订单号")),
        )

    def _no_orders(self, problem: str, rule: str, **values: object) -> InputError:
        return InputError("file", problem, rule, path=self._name, **values)


def read(path: Path) -> Iterator[Row | Wrong]:
    """Yield the rows of a file of orders, the wrong ones too. Reads as it goes.

    Args:
        path: A table with a heading, or JSON lines, see [Orders][qftools.sweep.reading.Orders].

    Raises:
        InputError: It can't be read, is no such file, or has no column of numbers.
    """
    with Orders(path) as orders:
        yield from orders


def key_of(values: Mapping[str, Any]) -> bytes:
    """What makes two rows the same order."""
    return digest(*(str(values.get(name) or "") for name in ("mchid", "out_trade_no", "syssn")))


def digest(*parts: str) -> bytes:
    """Twelve bytes an order instead of its texts: a million orders fit in memory."""
    return hashlib.blake2b(
        "\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=12
    ).digest()


def _opened(path: Path) -> tuple[IO[bytes], os.stat_result | None]:
    """The file, so that it can be gone through again, and which one it is."""
    told: os.stat_result | None = None
    if str(path) == "-":
        with suppress(OSError):  # standard input of a test, or of a notebook, is no file
            told = os.fstat(sys.stdin.fileno())
        return _copied(sys.stdin.buffer), told
    file = path.open("rb")
    told = os.fstat(file.fileno())
    if stat.S_ISREG(told.st_mode):
        return file, told
    with file:
        return _copied(file), told


def _copied(source: IO[bytes]) -> IO[bytes]:
    copy = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the orders
    shutil.copyfileobj(source, copy)
    return copy


# ---- lines to rows ---------------------------------------------------------------------

Given = list[tuple[Column, Any]]
Lines = Iterator[tuple[int, str]]


class _Heading(NamedTuple):
    """Of a table: how many lines stand above it, its cells, and what parts them.

    What parts them is empty where no number has a column.
    """

    above: int
    cells: list[str]
    separator: str


def _heading(above: int, written: str) -> _Heading:
    best: tuple[tuple[int, int], list[str], str] = (0, 0), [], ""
    for separator in _SEPARATORS:
        cells = _cells(written, separator)
        if isinstance(cells, list):
            fields = {column.field for cell in cells if (column := column_of(cell))}
            named = "" if fields.isdisjoint(_NUMBERS[:2]) else separator
            best = max(best, ((len(fields), len(cells)), cells, named), key=itemgetter(0))
    return _Heading(above, *best[1:])


def _table_rows(lines: Lines, heading: _Heading) -> Iterator[tuple[int, Given | str]]:
    above, names, separator = heading
    for line, written in islice(lines, above):
        if _filled(_cells(written, separator)) >= _filled(names) and _ORDER.match(written):
            yield line, text("stands above the header")
    columns: list[Column | None] | None = None
    for line, cells, torn in _records(lines, separator):
        if isinstance(cells, str):
            yield line, cells
        elif columns is None:
            columns = [column_of(cell) for cell in cells]
        elif any(map(str.strip, cells[len(columns) :])):
            yield line, text("more values than columns")
        elif torn and len(cells) < len(columns):
            yield line, text("the file ends in the middle of this row")
        elif any(map(str.strip, cells)):
            pairs = zip(columns, cells, strict=False)
            yield line, [(column, cell) for column, cell in pairs if column]


def _filled(cells: list[str] | str | None) -> int:
    return len([cell for cell in cells if cell.strip()]) if isinstance(cells, list) else 0


def _json_rows(lines: Lines) -> Iterator[tuple[int, Given | str]]:
    known = functools.lru_cache(column_of)  # most lines have the same names
    for line, written in lines:
        if len(written) >= _LONGEST:
            yield line, _too_long()
            continue
        try:
            values = json.loads(written, object_pairs_hook=_object)
        except (ValueError, RecursionError) as error:
            yield line, text("no JSON: {cause}").format(cause=_cause(error))
            continue
        if not isinstance(values, dict):
            yield line, text("no JSON object")
            continue
        pairs = [(known(name), value) for name, value in values.items()]
        yield line, [(column, value) for column, value in pairs if column]


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if any(values[name] is not value and values[name] != value for name, value in pairs):  # NaN
        raise ValueError(text("a name is there twice, with different values"))
    return values


def _records(lines: Lines, separator: str) -> Iterator[tuple[int, list[str] | str, bool]]:
    """The cells of each row, or what is wrong with it; and whether it has no line end.

    A row goes on in the next line where a quote is open. One that is never closed is wrong in
    its own line, and those after it are read as rows of their own.
    """
    waiting: deque[tuple[int, str]] = deque()
    while first := waiting.popleft() if waiting else next(lines, None):
        row, cells = [first], _cells(first[1], separator)
        while cells is None and len(row) < _MOST_LINES:
            after = waiting.popleft() if waiting else next(lines, None)
            if after is None:
                break
            row.append(after)
            cells = _cells("".join(part for _, part in row), separator)
        if not isinstance(cells, list):
            waiting.extendleft(reversed(row[1:]))
        said = text("a quote is opened and not closed") if cells is None else cells
        yield first[0], said, not row[-1][1].endswith("\n")


def _cells(written: str, separator: str) -> list[str] | str | None:
    """The cells of a row, or what is wrong with it; None where a quote is still open."""
    if len(written) >= _LONGEST:
        return _too_long()
    reader = csv.reader([written], delimiter=separator, skipinitialspace=True, strict=True)
    try:
        return next(reader)
    except csv.Error as error:
        if "unexpected end of data" in str(error):
            return None
        return text("no CSV: {cause}").format(cause=error)


def _cause(error: ValueError | RecursionError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return text("wrong at character {position}").format(position=error.pos + 1)
    return text("nested too deeply") if isinstance(error, RecursionError) else str(error)


def _too_long() -> str:
    return text("longer than {most} characters").format(most=_LONGEST)


def _row(line: int, given: Given | str, seen: dict[bytes, int], *, guessed: bool) -> Row | Wrong:
    if isinstance(given, str):
        return Wrong(line, given)
    try:
        row = _order(line, _by_field(given), guessed=guessed)
    except InputError as error:
        return Wrong(line, error.say()[:_REASON])
    key = key_of({name: getattr(row.order, name, None) for name in _NUMBERS})
    if key in seen:
        return Wrong(line, text("the same order as in line {line}").format(line=seen[key]))
    seen[key] = line
    return row


def _by_field(given: Given) -> dict[str, tuple[Column, str]]:
    """What each field is given; where two columns give it, they must agree."""
    found: dict[str, tuple[Column, str]] = {}
    for column, value in given:
        name, cell = column.field, _plain(column.field, value)
        if not cell or (name in found and found[name][1] == cell):
            continue
        if name not in found:
            found[name] = column, cell
        elif name == "txdtm":  # a day and an hour in columns of their own, or times of two things
            found[name] = column, f"{found[name][1]}\n{cell}"
        else:
            raise InputError(
                name,
                "is {one!r} in one column and {other!r} in another",
                "the same in both",
                one=found[name][1],
                other=cell,
            )
    return found


def _order(line: int, found: dict[str, tuple[Column, str]], *, guessed: bool) -> Row:
    values: dict[str, Any] = {name: cell for name, (_, cell) in found.items()}
    for name in _NUMBERS:
        if name in found:
            values[name] = _number(name, found[name][1], guessed=guessed)
    if "txdtm" in found:
        values["txdtm"] = time(values["txdtm"])
    if "txcurrcd" in found:
        values["txcurrcd"] = currency(values["txcurrcd"])
    if "pay_type" in found and not _PAY_TYPE.fullmatch(values["pay_type"]):
        del values["pay_type"]  # the name of a wallet, as exports have it
    stated = None
    if "txamt" in found:
        column, cell = found["txamt"]
        txamt, values["txcurrcd"] = amount(cell, column, values.get("txcurrcd"))
        stated = txamt if isinstance(txamt, Stated) else None
        values["txamt"] = None if stated else txamt
    refund_of = values.pop("origssn", None)
    return Row(line, Order(**values), stated, refund_of)


def _plain(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise InputError(
            name,
            "is {kind} {value}",
            "text or a whole number",
            kind=type(value).__name__,
            value=reprlib.repr(value),
        )
    return content(str(value))


def _number(name: str, cell: str, *, guessed: bool) -> str:
    if guessed and not cell.isascii():
        raise InputError(
            name,
            "is {value!r}, and the file does not say its encoding",
            "ASCII, or in a file saved as UTF-8",
            value=cell,
        )
    return number(name, cell)
