"""Orders are read as people export them; what can't be an order is refused with its line."""

from __future__ import annotations

import json
import tracemalloc
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from qftools.models import Order
from qftools.sweep.cells import Stated
from qftools.sweep.reading import Wrong, digest, read
from qftools.sweep.sweep import Row

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


# ---- the header ------------------------------------------------------------------------


def test_columns_come_in_any_order_and_unknown_ones_are_left_alone(file):
    path = file(f"sep=;\n\nnote; TXDTM ;Amount (HKD);Order No.\n1;2026/11/27 7:24;25.00;{ONE}\n")

    (order,) = orders_of(path)

    assert (order.out_trade_no, order.txamt, order.txcurrcd) == (ONE, 2500, "HKD")


@pytest.mark.parametrize(
    "above",
    [
        ["交易明细查询", "起始日期:[2026年11月01日],终止日期:[2026年11月30日]"],
        ["# exported 2026-11-27 07:24, by 1, at 2"],
        ["Daily report,,", "Merchant,1900000001,", ",,", "+-----+-----+-----+"],
        ["商户,门店,终端"],
        ['"Report of', "two lines", '"open'],
        ["x" * 100_000],
        *(["a title"] * count for count in (1, 29)),
    ],
)
def test_titles_and_remarks_may_stand_above_the_header(file, above):
    path = file("\n".join([*above, "out_trade_no,txamt,txdtm", f"{ONE},2500,{AT}", ""]))

    assert said(path) == {len(above) + 2: (ONE, 2500, AT, None)}


def test_the_header_is_found_where_it_is_parted_by_another_sign_than_the_titles(file):
    path = file(f"Report, of 27 November, page 1\n订单号;币种\n{ONE};HKD\n")

    assert [(order.out_trade_no, order.txcurrcd) for order in orders_of(path)] == [(ONE, "HKD")]


def test_what_may_be_an_order_above_the_header_is_told_and_not_lost(file):
    path = file(f"A1,2500\n, 1900\nA2,,\n#1001,2500\n# 1,2\nout_trade_no,txamt\n{ONE},2500\n")

    assert [order.out_trade_no for order in orders_of(path)] == [ONE]
    assert wrong_in(path) == dict.fromkeys((1, 4), "stands above the header")


def test_a_title_that_is_no_row_of_a_table_is_left_out_above_a_single_column(file):
    path = file('"page 1\nout_trade_no\nA1\n')

    assert said(path) == {3: ("A1", None, None, None)}


def test_a_header_that_comes_again_is_no_order(file):
    path = file("out_trade_no\nA1\nout_trade_no\nA2\n")

    assert [order.out_trade_no for order in orders_of(path)] == ["A1", "A2"]
    assert "names no order" in wrong_in(path)[3]


@pytest.mark.parametrize("line", ["sep=,", "sep=\t", "sep=", '"sep=;"', "SEP=;"])
def test_the_line_in_which_a_spreadsheet_names_its_separator_is_no_heading(file, line):
    assert len(orders_of(file(f"{line}\r\nout_trade_no,note\r\nA1,sep=\r\n"))) == 1
    assert len(orders_of(file("out_trade_no\nsep=xy\n"))) == 1
    assert len(orders_of(file(f"out_trade_no\nA1\n{line}\nA2\n"))) == 2


def test_the_separator_is_the_one_that_parts_the_most_known_columns(file):
    path = file("订单号;a,b,c,d,e;币种;f|g\nA1;x;HKD;y\n")

    assert [(order.out_trade_no, order.txcurrcd) for order in orders_of(path)] == [("A1", "HKD")]


def test_a_row_of_more_values_than_columns_is_refused_where_there_is_one_column(file):
    path = file('out_trade_no\nA1,x\nA2, \n "A3"\n')

    assert [order.out_trade_no for order in orders_of(path)] == ["A2", "A3"]
    assert wrong_in(path) == {2: "more values than columns"}


def test_two_columns_for_one_field_must_agree(file):
    path = file("out_trade_no,订单号,out_trade_no\nA1,A1,\nA2,B2,\n,,A3\n")

    assert [order.out_trade_no for order in orders_of(path)] == ["A1", "A3"]
    assert wrong_in(path) == {
        3: "out_trade_no is 'A2' in one column and 'B2' in another; it must be the same in both"
    }


def test_a_day_and_an_hour_in_two_columns_are_one_time(file):
    path = file("out_trade_no,交易日期,交易时间\nA1,2026-11-27,7:24\nA2,2026-11-27,\n")

    assert [order.txdtm for order in orders_of(path)] == [AT, None]


def test_times_of_two_things_are_left_to_the_books(file):
    path = file(f"out_trade_no,下单时间,支付时间\nA1,{AT},2026-11-27 07:25:00\nA2,{AT},{AT}\n")

    assert [order.txdtm for order in orders_of(path)] == [None, AT]


# ---- cells that every export marks in its own way -----------------------------------


def test_marks_before_cells_are_taken_away_and_what_stands_for_nothing_is_nothing(file):
    path = file(
        "out_trade_no,syssn,txamt,txdtm\n"
        f"`A1,`20260105154100020000977813,`2500,`{AT}\n"
        f"'A2,-,'2500,'{AT}\n"
        "A3\t,N/A,--,null\n"
        "N/A,-,2500,\n"
    )

    assert orders_of(path) == [
        Order("A1", 2500, AT, syssn="20260105154100020000977813"),
        Order("A2", 2500, AT),
        Order("A3"),
    ]
    assert "both missing" in wrong_in(path)[5]


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


def test_a_row_of_all_columns_is_the_order_that_it_names(file):
    path = file(
        "out_trade_no,syssn,txamt,txdtm,pay_type,txcurrcd,mchid,udid\n"
        f"A1,20260105154100020000977813,25.00,{AT},800101,港币,MNxMp11FV35qQN,T1\n"
        "A1,20260105154100020000977814,25.00,,微信支付,HKD,,\n"
        "A1,20260105154100020000977813,25.00,,80010,,nDB64h9qJ1An,\n"
        "A1,20260105154100020000977813,25.00,,8001010,,MNxMp11FV35qQN,\n"
    )
    syssns = ("20260105154100020000977813", "20260105154100020000977814")

    first, second, third = orders_of(path)

    assert first == Order(
        "A1", 2500, AT, syssn=syssns[0], pay_type="800101", txcurrcd="HKD",
        mchid="MNxMp11FV35qQN", udid="T1",
    )  # fmt: skip
    assert second == Order("A1", 2500, syssn=syssns[1], txcurrcd="HKD")
    assert (third.mchid, third.pay_type, third.txamt) == ("nDB64h9qJ1An", None, None)
    assert wrong_in(path) == {5: "the same order as in line 2"}


def test_a_row_with_quotes_that_mean_nothing_is_refused_and_the_file_may_end_in_an_open_one(file):
    path = file('out_trade_no,note\nA1,"x"y\nA2,"open\nA3,x\nA4,y')

    assert [order.out_trade_no for order in orders_of(path)] == ["A3", "A4"]
    assert wrong_in(path) == {
        2: "no CSV: ',' expected after '\"'",
        3: "a quote is opened and not closed",
    }


def test_a_row_of_a_hundred_lines_is_read_and_a_longer_one_is_not(file):
    for lines, whole in ((100, True), (101, False)):
        note = "\n".join("x" * lines)
        path = file(f'out_trade_no,note\nA1,"{note}"\nA2,y\n')
        numbers = {order.out_trade_no for order in orders_of(path)}

        assert "A2" in numbers and ("A1" in numbers) is whole


def test_a_number_in_two_lines_is_refused_as_it_stands(file):
    path = file('out_trade_no,note\n"A\n1", "x,y"\nA2, "x,y"\n')

    assert [order.out_trade_no for order in orders_of(path)] == ["A2"]
    assert wrong_in(path)[2].startswith("out_trade_no is 'A\\n1'; it must be")


def test_rows_after_two_open_quotes_keep_their_order(file):
    numbers = [f"B{n}" for n in range(250)]
    path = file('out_trade_no,x,y\nA1,"open\na",b,"c\n' + "\n".join(numbers) + "\n")

    assert [order.out_trade_no for order in orders_of(path)] == numbers
    assert list(wrong_in(path)) == [2, 3]


def test_what_stands_for_an_order_is_twelve_bytes_for_any_text():
    assert len(digest("a", "\ud800")) == len(digest("a", "")) == 12
    assert digest("a", "\ud800") != digest("a", "")


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
        "[" * 99_999,
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
        '{"out_trade_no": "A1", "out_trade_no": "A2"}',
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


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("[" * 99_998, "no JSON: nested too deeply"),
        ("[" * 99_999, "longer than 100000 characters"),
        ("not json", "no JSON: wrong at character 1"),
        ("null", "no JSON object"),
        (
            '{"syssn": "1", "syssn": "2"}',
            "no JSON: a name is there twice, with different values",
        ),
        ('{"txamt": true}', "txamt is bool True; it must be text or a whole number"),
        ('{"udid": {"a": 1}}', "udid is dict {'a': 1}; it must be text or a whole number"),
        (
            '{"out_trade_no": "订单\\u0000"}',
            "out_trade_no is '订单\\x00'; it must be not empty, without blanks around it or control"
            " characters",
        ),
    ],
)
def test_what_is_wrong_with_a_line_of_json_is_said(file, line, said):
    good = '{"out_trade_no": "A1", "txamt": null, "TXDTM": "", "note": NaN, "Order No.": "A1"}'
    path = file(f'{line}\n{good[:-1]}, "out_trade_no": "A1"}}\n', "a.jsonl")

    assert wrong_in(path) == {1: said}
    assert orders_of(path) == [Order("A1")]


def test_a_reason_is_cut_to_four_hundred_characters(file):
    path = file("out_trade_no,txamt\nA1," + "x" * 1_000 + "\n")

    assert wrong_in(path) == {2: "txamt is '" + "x" * 390}


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
