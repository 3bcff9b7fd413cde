"""Orders are read as people export them; what can't be an order is refused with its line."""

from __future__ import annotations

import json
import os
import threading
import tracemalloc
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from qftools.errors import InputError
from qftools.sweep import Row
from qftools.sweep_cells import Stated
from qftools.sweep_files import Orders, Wrong, read

TABLES = Path(__file__).parent / "sweep_tables"
ONE, TWO = "20261127000000000001", "20261127000000000002"
AT = "2026-11-27 07:24:00"
ASKED = Stated(Decimal("25.00"))  # in a currency that only the books know

#: What each table says: line -> number, txamt, txdtm, stated; a text for a row that is refused.
TRUTH: dict[str, dict[int, Any]] = {
    "excel_gbk.csv": {2: (ONE, 2500, AT, None)},
    "excel_onlyno.csv": {2: (ONE, None, None, None), 3: (TWO, None, None, None)},
    "excel_sci.csv": {2: "out_trade_no is '2.02611E+19': a spreadsheet destroyed it"},
    "excel_semicolon.csv": {2: (ONE, 2500, AT, None)},
    "excel_syssn-broken.csv": {
        2: "syssn is '2.02611E+25': a spreadsheet destroyed it",
        3: "syssn is '202611271541000000000000000': a spreadsheet destroyed it",
    },
    "excel_utf16.csv": {2: (TWO, 2500, AT, None)},
    "excel_yuan.csv": {2: (TWO, None, AT, ASKED)},
    "excel_zhhead.csv": {2: (ONE, None, AT, ASKED)},
}


def said(path):
    """Each row by its line: what it says, or the reason why it is refused."""
    return {
        row.line: row.reason
        if isinstance(row, Wrong)
        else (row.order.out_trade_no, row.order.txamt, row.order.txdtm, row.stated)
        for row in read(path)
    }


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


@pytest.mark.parametrize("path", sorted(TABLES.iterdir()), ids=lambda path: path.stem)
def test_a_table_as_a_spreadsheet_exports_it_is_read_as_what_it_is(path):
    found = said(path)

    assert found.keys() == TRUTH[path.name].keys()
    for line, truth in TRUTH[path.name].items():
        if isinstance(truth, str):
            assert found[line].startswith(truth)
        else:
            assert found[line] == truth


# ---- the file --------------------------------------------------------------------------


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
        ("orders.xlsx", b"PK\x03\x04rest", "is a workbook"),
        ("orders.xls", b"\xd0\xcf\x11\xe0\xa1\xb1", "is a workbook"),
        ("orders.json", b'[{"out_trade_no": "A1"}]', "JSON lines"),
        ("orders.csv", b"", "has no column for the number of an order"),
        ("orders.csv", b"txamt,txdtm\n1,2\n", r"has no column .* \(it has: txamt, txdtm\)"),
        ("orders.csv", b"\xef\xbb\xbfout_trade_no\n\xff\n", "is not utf-8-sig"),
        ("orders.csv", b"\xff\xd8\xff\xe0photo", "has no column"),
    ],
)
def test_a_file_that_cannot_be_a_sweep_is_refused_with_the_reason(file, name, content, said):
    with pytest.raises(InputError, match=said):
        list(read(file(content, name)))


def test_a_folder_and_a_file_that_is_not_there_are_refused(tmp_path):
    for path in (tmp_path, tmp_path / "none.csv"):
        with pytest.raises(InputError, match="can't be read"):
            Orders(path)


def test_a_pipe_is_read_once_and_its_orders_as_often_as_they_are_wanted(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writing = threading.Thread(target=path.write_text, args=(f"out_trade_no\n{ONE}\n{TWO}\n",))
    writing.start()

    with Orders(path) as orders:
        passes = [[row.order.out_trade_no for row in orders if isinstance(row, Row)] for _ in "123"]

    writing.join()
    assert passes == [[ONE, TWO]] * 3


# ---- the header ------------------------------------------------------------------------


def test_columns_come_in_any_order_and_unknown_ones_are_left_alone(file):
    path = file(f"sep=;\n\nnote; TXDTM ;Amount (HKD);Order No.\n1;2026/11/27 7:24;25.00;{ONE}\n")

    (order,) = orders_of(path)

    assert (order.out_trade_no, order.txamt, order.txcurrcd) == (ONE, 2500, "HKD")


def test_two_columns_for_one_field_must_agree(file):
    path = file("out_trade_no,订单号,out_trade_no\nA1,A1,\nA2,B2,\n,,A3\n")

    assert [order.out_trade_no for order in orders_of(path)] == ["A1", "A3"]
    assert "out_trade_no is 'A2' in one column and 'B2' in another" in wrong_in(path)[3]


def test_a_day_and_an_hour_in_two_columns_are_one_time(file):
    path = file("out_trade_no,交易日期,交易时间\nA1,2026-11-27,7:24\nA2,2026-11-27,\n")

    assert [order.txdtm for order in orders_of(path)] == [AT, None]


# ---- numbers -----------------------------------------------------------


@pytest.mark.parametrize(
    "cell",
    [
        *("2.02611E+19", "2.02611e19", "2,02611E+19", "2E+19", "20261127000000000000"),
        *("2026112700000010", "2.02611270001E+15", "202611270001.0", "20,261,127,000"),
        *("########", "#N/A", "#VALUE!", '="2.02611E+19"'),
    ],
)
@pytest.mark.parametrize("name", ["out_trade_no", "syssn", "mchid"])
def test_a_number_that_a_spreadsheet_destroyed_is_refused_with_its_line(file, name, cell):
    other = "" if name == "out_trade_no" else ",out_trade_no"
    rest = "" if name == "out_trade_no" else ",A1"
    quoted = '"' + cell.replace('"', '""') + '"'
    path = file(f"{name}{other}\n{quoted}{rest}\nSO-1000{rest and ',A2'}\n")

    assert "a spreadsheet destroyed it" in wrong_in(path)[2]
    assert len(orders_of(path)) == 1


def test_a_number_that_ends_in_zeros_can_be_said_to_be_right(file):
    path = file('out_trade_no\n="2026112700000010"\n')

    assert [order.out_trade_no for order in orders_of(path)] == ["2026112700000010"]


# ---- rows ------------------------------------------------------------------------------


def test_wrong_rows_are_told_with_line_and_reason_and_do_not_stop_the_rest(file):
    path = file(
        "out_trade_no,syssn,txamt,txdtm,pay_type\n"
        "A1,,2500,2026-01-05 10:00:00,800101\n"
        "A2,,much,2026-01-05 10:00:00,800101\n"
        ",,100,2026-01-05 10:00:00,\n"
        "A4,,100,yesterday,\n"
        "A1,,2500,2026-01-05 10:00:00,800101\n"
        "A5,,100,2026-01-05 10:00:00,800101,more\n"
        "A6,,100,2026-01-05 10:00:00,,,\n"
        ",,,,\n"
        "A7\n"
        "A8,,0,,\n"
        "A\x009,,1,,\n"
        "A10,,25,2026-01"
    )

    assert [order.out_trade_no for order in orders_of(path)] == ["A1", "A6", "A7"]
    wrong = wrong_in(path)
    assert list(wrong) == [3, 4, 5, 6, 7, 11, 12, 13]
    assert "txamt is 'much'" in wrong[3] and "both missing" in wrong[4]
    assert "txdtm is 'yesterday'" in wrong[5]
    assert wrong[6] == "the same order as in line 2"
    assert wrong[7] == "more values than columns"
    assert wrong[13] == "the file ends in the middle of this row"


def test_a_quote_that_is_not_closed_costs_its_own_row_and_no_other(file):
    path = file(
        'out_trade_no,note\nA1,"two\nlines"\nA2,"open\n'
        + "".join(f"B{n},x\n" for n in range(300))
        + 'A3,"closed"\n'
    )

    assert len(orders_of(path)) == 1 + 300 + 1
    assert list(wrong_in(path)) == [4]


def test_what_json_can_hold_ends_in_a_wrong_row_and_nothing_else(file):
    good = json.dumps({"syssn": "20260105154100020000977813", "txamt": 100, "txdtm": AT})
    bad = [
        "[" * 100_000,
        "[" * 90_000,
        '{"out_trade_no": ' * 20_000,
        '{"out_trade_no": "A1", "txamt": ' + "9" * 5000 + "}",
        '{"out_trade_no": "A1", "txamt": ' + "9" * 4000 + "}",
        '{"out_trade_no": "A1", "txamt": NaN}',
        '{"out_trade_no": "A1", "txamt": 1e999}',
        '{"out_trade_no": "A1", "txamt": true}',
        '{"out_trade_no": "A1", "txamt": 1.5}',
        '{"out_trade_no": "\\ud800"}',
        '{"out_trade_no": "A\\u0000"}',
        '{"out_trade_no": ["A1"]}',
        '{"out_trade_no": 2.02611e19}',
        '{"out_trade_no": 20261127000000000000}',
        '{"out_trade_no": "A1", "txcurrcd": {}}',
        '{"txamt": 1}',
        "{}",
        "null",
        "not json",
        '{"out_trade_no": "' + "A" * 200_000 + '"}',
    ]
    path = file("\n\n".join([good, *bad, good.replace("813", "814")]), "orders.jsonl")

    assert len(orders_of(path)) == 2
    assert list(wrong_in(path)) == [3 + 2 * n for n in range(len(bad))]
    assert max(map(len, wrong_in(path).values())) < 500


def test_a_field_longer_than_csv_allows_and_a_line_without_end_take_no_memory(file):
    path = file(b"out_trade_no,note\nA1," + b"x" * 30_000_000 + b"\nA2,y\n" + b"z" * 10_000_000)
    tracemalloc.start()
    try:
        orders, wrong = orders_of(path), wrong_in(path)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert [order.out_trade_no for order in orders] == ["A2"]
    assert wrong == {2: "longer than 100000 characters", 4: "longer than 100000 characters"}
    assert most < 16_000_000
