"""What a file of orders is, is told from its content; what can't be one is refused."""

from __future__ import annotations

import io
import json
import os
import re
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from qftools.errors import InputError
from qftools.sweep.reading import Orders, Wrong, read
from qftools.sweep.sweep import Row

ONE, TWO = "20261127000000000001", "20261127000000000002"
AT = "2026-11-27 07:24:00"
SAVED = "it must be saved as CSV (UTF-8)"
BEGINS = f", as its first bytes say; {SAVED}"
LINES = "it must be JSON lines: one object a line"
NO_COLUMN = "has no column for the number of an order (it has: "
KNOWN = (
    "it must be a table whose header names out_trade_no or syssn, such as merchant order number,"
    " transaction number, 商户订单号"
)


def orders_of(path):
    return [row.order for row in read(path) if isinstance(row, Row)]


def wrong_in(path):
    return {row.line: row.reason for row in read(path) if isinstance(row, Wrong)}


@pytest.fixture
def file(tmp_path):
    def write(content, name="orders.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "gb18030"]
)
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encoding_separator_and_line_ends_are_told_from_the_content(file, encoding, separator, end):
    rows = [["商户订单号", "交易时间", "备注"], [ONE, AT, "一冬"], ["", "", ""], [TWO, AT, ""]]
    written = end.join(separator.join(row) for row in rows) + end

    assert [order.out_trade_no for order in orders_of(file(written.encode(encoding)))] == [ONE, TWO]


@pytest.mark.parametrize(
    ("encoding", "header"), [("big5hkscs", "商戶訂單號,金額,備註"), ("cp1252", "Order No.,Größe")]
)
def test_other_encodings_are_found_by_the_header_they_make(file, encoding, header):
    path = file(f"{header}\r\n{ONE}\r\n".encode(encoding))

    assert [order.out_trade_no for order in orders_of(path)] == [ONE]


def test_a_number_in_an_encoding_that_is_guessed_is_not(file):
    path = file("out_trade_no,note\n订单一,x\nA1,一\n".encode("gb18030"))

    assert [order.out_trade_no for order in orders_of(path)] == ["A1"]
    assert "does not say its encoding" in wrong_in(path)[2]


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.txt", "a.dat", "a", "a.CSV"])
def test_the_name_of_a_file_decides_nothing_where_its_content_tells(file, name):
    assert len(orders_of(file(f"out_trade_no\ttxamt\n{ONE}\t100\n", name))) == 1
    assert len(orders_of(file(json.dumps({"out_trade_no": ONE}) + "\n", name))) == 1


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("orders.xlsx", b"PK\x03\x04rest", f"is a workbook or an archive; {SAVED}"),
        ("orders.xls", b"\xd0\xcf\x11\xe0\xa1\xb1", f"is a workbook; {SAVED}"),
        ("a.json", b'\n [{"out_trade_no": "A1"}]', "is one JSON array; it must be JSON lines: one"),
        ("a.json", b'{\n "out_trade_no": "A1"\n}\n', f"is JSON over several lines; {LINES}"),
        ("a.json", b' {"data": [\n{"syssn": "1"}]}', f"is JSON over several lines; {LINES}"),
        ("orders.csv.gz", b"\x1f\x8b\x08\0", f"is a workbook or an archive; {SAVED}"),
        ("orders.csv", b"x\n" * 30 + b"syssn\n1\n", f"{NO_COLUMN}x); {KNOWN}"),
        ("orders.csv", b"", f"{NO_COLUMN}-); {KNOWN}"),
        ("orders.csv", b"txamt,txdtm\n1,2\n", f"{NO_COLUMN}txamt, txdtm); {KNOWN}"),
        ("orders.csv", b"mchid;txamt;x,y\n1;2;3\n", f"{NO_COLUMN}mchid, txamt, x,y); {KNOWN}"),
        ("orders.csv", b"a;b,c;d\n", f"{NO_COLUMN}a, b,c, d); {KNOWN}"),
        ("orders.csv", b"x" * 500, f"{NO_COLUMN}{'x' * 400}); {KNOWN}"),
        ("orders.csv", b'"out_trade_no\n', f"{NO_COLUMN}-); {KNOWN}"),
        ("orders.csv", b"\xef\xbb\xbfout_trade_no\n\xff\n", f"is not utf-8-sig{BEGINS}"),
        ("orders.csv", "out_trade_no".encode("utf-16-le")[:-1], f"is not utf-16-le{BEGINS}"),
        ("orders.csv", "out_trade_no".encode("utf-16-be")[:-1], f"is not utf-16-be{BEGINS}"),
        ("orders.csv", b"\xff\xfe" + "商x".encode("utf-16-le")[:-1], f"is not utf-16{BEGINS}"),
        ("orders.csv", b"\xfe\xff" + "商x".encode("utf-16-be")[:-1], f"is not utf-16{BEGINS}"),
        ("orders.csv", b"\xff\xfe\0\0" + b"x\0\0", f"is not utf-32{BEGINS}"),
        ("orders.csv", b"\0\0\xfe\xff" + b"\0\0x", f"is not utf-32{BEGINS}"),
        ("orders.csv", b"\xff\xd8\xff\xe0photo", NO_COLUMN),
    ],
)
def test_a_file_that_cannot_be_a_sweep_is_refused_with_the_reason(file, name, content, said):
    path = file(content, name)

    with pytest.raises(InputError, match=re.escape(f"file {path} {said}")):
        list(read(path))


@pytest.mark.parametrize("end", ["", ","])
def test_an_object_that_ends_with_its_line_is_json_lines_whatever_the_name(file, end):
    path = file(f'{{"out_trade_no": "A1"}}{end} \n{{"out_trade_no": "A2"}}\n', "orders.json")

    with Orders(path) as orders:
        assert not orders.is_table
    assert [order.out_trade_no for order in orders_of(path)] == (["A2"] if end else ["A1", "A2"])


@pytest.mark.parametrize("name", ["a.jsonl", "a.ndjson", "a.JSONL"])
@pytest.mark.parametrize("content", ["", "{\n", "[1]\n", "out_trade_no\nA1\n"])
def test_a_file_named_as_json_lines_is_read_as_such_whatever_it_holds(file, name, content):
    with Orders(file(content, name)) as orders:
        assert not orders.is_table
        assert all("no JSON" in row.reason for row in orders if isinstance(row, Wrong))


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_known_by_where_its_zeros_lie(file, encoding):
    header = "out_trade_no," + "一" * 13  # in this letter the zero lies on the other side
    path = file(f"{header}\nA1\n".encode(encoding))

    assert [order.out_trade_no for order in orders_of(path)] == ["A1"]


def test_a_few_zeros_do_not_make_a_table_utf_16(file):
    path = file(b"out_trade_no,remark\nA1,x" + b"\0" * 6)  # a fifth of all

    assert [order.out_trade_no for order in orders_of(path)] == ["A1"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_a_number_that_is_not_ascii_is_taken_where_the_encoding_is_sure(file, encoding):
    path = file("out_trade_no,note\n订单一,x\n".encode(encoding))

    assert [order.out_trade_no for order in orders_of(path)] == ["订单一"]


def test_an_encoding_in_which_the_file_ends_within_a_letter_is_not_its_own(file):
    path = file(b"out_trade_no,note\nA1," + "é".encode()[:1])

    assert [order.out_trade_no for order in orders_of(path)] == ["A1"]


def test_a_folder_and_a_file_that_is_not_there_are_refused(tmp_path):
    for path in (tmp_path, tmp_path / "none.csv"):
        with pytest.raises(InputError, match="can't be read"):
            Orders(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_pipe_is_read_once_and_its_orders_as_often_as_they_are_wanted(tmp_path, encoding):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    content = f"out_trade_no\n{ONE}\n{TWO}\n".encode(encoding)
    writing = threading.Thread(target=path.write_bytes, args=(content,))
    writing.start()

    with Orders(path) as orders:
        passes = [[row.order.out_trade_no for row in orders if isinstance(row, Row)] for _ in "123"]

    writing.join()
    assert passes == [[ONE, TWO]] * 3


def test_standard_input_is_copied_and_known_again_where_it_is_a_file(file, monkeypatch):
    path = file(f"out_trade_no\n{ONE}\n")
    with path.open() as opened:
        monkeypatch.setattr(sys, "stdin", opened)
        with Orders(Path("-")) as orders:
            assert orders.told is not None and os.path.samestat(orders.told, path.stat())
            assert [row.line for row in orders] == [row.line for row in orders] == [2]

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(path.read_bytes())))
    with Orders(Path("-")) as orders:
        assert orders.told is None and [row.line for row in orders] == [2]


def test_a_file_may_be_closed_in_the_middle_of_a_pass(file):
    orders = Orders(file(f"out_trade_no\n{ONE}\n{TWO}\n"))
    rows: Any = orders._lines("utf-8")
    assert next(rows) == (1, "out_trade_no\n")

    orders.close()

    rows.close()
    with pytest.raises(ValueError, match="closed file"):
        list(orders)


def test_a_file_that_is_refused_is_closed(file, monkeypatch):
    with file("txamt\n1\n").open() as opened:
        monkeypatch.setattr(sys, "stdin", opened)
        with pytest.raises(InputError) as refused:
            Orders(Path("-"))

    (orders,) = (frame.frame.f_locals["self"] for frame in refused.traceback[1:2])
    assert orders._file.closed


def test_a_row_that_names_a_payment_is_a_refund_of_it(file):
    (row,) = read(file("out_trade_no,origssn\nR1,20260305066100020000977812\n"))

    assert isinstance(row, Row)
    assert (row.order.out_trade_no, row.refund_of) == ("R1", "20260305066100020000977812")


def test_the_number_of_a_refunds_payment_that_a_spreadsheet_destroyed_is_refused_by_line(file):
    (wrong,) = read(file("out_trade_no,origssn\nR1,2.02611E+25\n"))

    assert isinstance(wrong, Wrong)
    assert wrong.line == 2 and "2.02611E+25" in wrong.reason
