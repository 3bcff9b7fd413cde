"""A cell of a table of orders is read for what it says; what may be two things is refused."""

from __future__ import annotations

from decimal import Decimal

import pytest

from qftools import catalogue
from qftools.errors import InputError
from qftools.sweep.cells import (
    HEADINGS,
    MONEY,
    SHARED,
    Column,
    Stated,
    amount,
    column_of,
    content,
    currency,
    number,
    time,
)

AT = "2026-11-27 07:24:00"


def named(header):
    column = column_of(header)
    assert column is not None
    return column


# ---- headings --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "column"),
    [
        (" Out_Trade_No ", Column("out_trade_no", "either")),
        ("ORDER NO.", Column("out_trade_no", "either")),
        ("Merchant Order Number", Column("out_trade_no", "either")),
        ("商户订单号*", Column("out_trade_no", "either")),
        ("商戶訂單號", Column("out_trade_no", "either")),
        ("流水号", Column("syssn", "either")),
        ("钱方订单号", Column("syssn", "either")),
        ("TXAMT", Column("txamt", "wire")),
        ("金额", Column("txamt", "either")),
        ("金额（分）", Column("txamt", "minor")),
        ("金额分", Column("txamt", "minor")),
        ("金额(元)", Column("txamt", "major")),
        ("金额元", Column("txamt", "major")),
        ("Amount (HKD)", Column("txamt", "major", "HKD")),
        ("Amount ( hk$ ) ", Column("txamt", "major", "HKD")),
        ("Amount ($)", Column("txamt", "major")),
        ("Amount (HKD) (gross)", Column("txamt", "major", "HKD")),
        ("txamt (JPY)", Column("txamt", "wire", "JPY")),
        ("amount (Cents)", Column("txamt", "minor")),
        ("amount (minor units)", Column("txamt", "minor")),
        ("amount (fen)", Column("txamt", "minor")),
        ("amount (sen)", Column("txamt", "minor")),
        ("交易时间(北京时间)", Column("txdtm", "either")),
        ("币种", Column("txcurrcd", "either")),
        ("支付类型", Column("pay_type", "either")),
        ("商户号", Column("mchid", "either")),
        ("Amount HKD", Column("txamt", "major", "HKD")),
        ("Amount in hk$", Column("txamt", "major", "HKD")),
        ("金额/元", Column("txamt", "major")),
        ("金额：分", Column("txamt", "minor")),
        ("金额【港币】", Column("txamt", "major", "HKD")),
        ("Amount_USD", Column("txamt", "major", "USD")),
        ("Amount net", None),
        ("Time HKD", None),
        ("HKD", None),
        ("Surcharge HKD", None),
        ("商户订单号/Merchant Order No.", Column("out_trade_no", "either")),
        ("Order No. 订单号", Column("out_trade_no", "either")),
        ("金额Amount", Column("txamt", "either")),
        ("订单号 流水号", None),
        ("订单号/流水号", None),
        ("Date/Time", Column("txdtm", "either")),
        ("order id" + "." * 92, Column("out_trade_no", "either")),
        ("." * 92 + "order id", Column("out_trade_no", "either")),
        ("." * 93 + "order id", None),
        ("备注", None),
        ("order", None),
    ],
)
def test_a_column_is_known_by_its_name_in_either_language(header, column):
    assert column_of(header) == column


def test_a_heading_names_one_field_and_a_sign_of_one_currency_is_not_shared():
    for field, names in HEADINGS.items():
        assert {named(name).field for name in names} == {field}
    for code, names in MONEY.items():
        assert {currency(name) for name in names} == {code}
    for code, row in catalogue.currencies().items():
        for name in (code, code.lower(), row.name.zh, row.name.en.upper()):
            assert currency(name) == code
    for sign, codes in SHARED.items():
        assert currency(sign) == sign and len(codes) != 1
        assert set(codes) <= catalogue.currencies().keys()


# ---- numbers ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cell", ["20261127000000000001", "SO-1000", "1E10", "12E5", "202611270000000", "5e3f", "0001"]
)
def test_a_number_that_only_looks_a_little_like_it_is_not_refused(cell):
    assert number("out_trade_no", cell) == cell


@pytest.mark.parametrize(
    ("written", "means"),
    [("20261127000000000000", "20261127000000000000"), ("SO-1", "SO-1"), ("1", "1")],
)
def test_a_number_written_as_a_formula_of_text_is_that_text(written, means):
    assert number("out_trade_no", f'="{written}"') == means


@pytest.mark.parametrize(
    ("cell", "holds"),
    [
        ("'20261127", "20261127"),
        ("`20261127", "20261127"),
        ("`20261127`", "20261127"),
        ("`20261127'", "20261127'"),
        ("’20261127’", "20261127"),
        ("'20261127'", "20261127"),
        ("‘20261127’", "20261127"),
        ("’20261127", "20261127"),
        ('"20261127"', "20261127"),
        ("“20261127”", "20261127"),
        ("' 25.00 ", "25.00"),
        ("''A1", "'A1"),
        ("'=A1", "=A1"),
        ("A1'", "A1'"),
        ("O'Neil-1", "O'Neil-1"),
        ('"A1', '"A1'),
        ("“A1", "“A1"),
        ('"', '"'),
        ("'", ""),
        ("''", ""),
        ("'\u200bA1\u200b'", "A1"),
        ("\u200b\u202a20261127\u202c\ufeff", "20261127"),
        (" \u3000\u00a0\t\u200b 20261127\r\n", "20261127"),
        ("A\u200b1", "A\u200b1"),
        ("\x00A1", "\x00A1"),
        ("", ""),
        *((written, "") for written in ("-", "--", "—", "–", "/", "...", "+---+", "|", "~", "\\")),
        *((written, "") for written in ("N/A", "null", "NULL", "None", "NaN", "\\N", "(null)")),
        *((written, "") for written in ("无", "暂无", "'N/A", "' - '")),
        ("0", "0"),
        ("#N/A", "#N/A"),
        ("####", "####"),
        ("N/A 1", "N/A 1"),
        ("-25.00", "-25.00"),
        ("SO-", "SO-"),
    ],
)
def test_what_a_cell_holds_is_without_blanks_a_mark_and_quotes_and_may_be_nothing(cell, holds):
    assert content(cell) == holds


@pytest.mark.parametrize(
    ("cell", "means"),
    [
        ("２０２６１１２７", "20261127"),
        ("ＳＯ－１", "SO-1"),
        ("20261127０", "202611270"),
        ("订单（一）", "订单（一）"),
        ("订单１", "订单１"),
    ],
)
def test_a_number_in_wide_characters_is_the_same_in_plain_ones(cell, means):
    assert number("out_trade_no", cell) == means


ONE_EACH = "several numbers; it must be one number; give each order a row of its own"
NO_ORDER = (
    "which names no order; it must be the number of an order; delete a row that is about none"
)
HIDDEN = "a part of which is hidden; it must be exported in full"


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("A1,B2", ONE_EACH),
        ("A1\n,B2", ONE_EACH),
        ("A1，B2", ONE_EACH),
        ("202611270001;202611270002", ONE_EACH),
        ("202611270001、 202611270002 、202611270003", ONE_EACH),
        ("202611270001\n202611270002", ONE_EACH),
        ("202611270001 | 202611270002", ONE_EACH),
        ("202611****0001", HIDDEN),
        ("***0001", HIDDEN),
        ("1\n***\n2", HIDDEN),
        ("2026•••", HIDDEN),
        *((cell, NO_ORDER) for cell in ("合计", "合计：2笔", "总计", "小计 25.00", "共计", "總計")),
        *(
            (cell, NO_ORDER)
            for cell in ("合計", "累计", "本页合计", "當頁小計", "总额", "总交易单数")
        ),
        *((cell, NO_ORDER) for cell in ("Total", "TOTAL:", "Totals", "Grand Total", "Sub-total")),
        *((cell, NO_ORDER) for cell in ("subtotal", "Total: 25.00", "Total 2", "Sum", "Summe")),
        *(
            (cell, NO_ORDER)
            for cell in ("(1 row)", "2 rows", "3 records.", "共 2 笔", "2条", "共2筆")
        ),
        *(
            (cell, NO_ORDER)
            for cell in ("# remark", "#-----end", "// x", "#=", "# 合计：1笔", "#Total")
        ),
        *(
            (cell, NO_ORDER)
            for cell in ("out_trade_no", "商户订单号", "Order No.", "syssn", "金额")
        ),
    ],
)
def test_what_is_not_one_number_is_refused_with_what_to_do(cell, said):
    with pytest.raises(InputError) as refused:
        number("out_trade_no", cell)

    shown = cell.replace("，", ",")
    assert refused.value.say("en") == f"out_trade_no is {shown!r}, {said}"


@pytest.mark.parametrize(
    "cell",
    [
        *("TOTAL-1001", "TOTAL1001", "SUM2026001", "SUMMER-1", "Total A1", "SUBTOTALX", "#1001"),
        *("A;B", "A1;B2", "12345;123456", "INV 2026112700", "20261127 000001", "A**1", "2 rowsX"),
        *("1234567890笔", "A2 rows", "//A", "订单一", "NOSUCH", "A-合计", "order", "time1"),
    ],
)
def test_a_number_with_such_words_or_signs_in_it_is_a_number(cell):
    assert number("out_trade_no", cell) == cell


@pytest.mark.parametrize(
    ("field", "cell", "rule"),
    [
        ("out_trade_no", "2.02611E+19", "exported as text"),
        ("mchid", '="2.02611E+19"', "exported as text"),
        ("syssn", "2.02611E+25", "exported as text, or its column left out"),
        ("syssn", "20261127000000000000000000", "exported as text, or its column left out"),
        (
            "out_trade_no",
            "20261127000000000000",
            'exported as text; where it is right as it is, written as ="20261127000000000000"',
        ),
    ],
)
def test_where_a_spreadsheet_destroyed_a_number_it_is_said_how_to_export_it(field, cell, rule):
    with pytest.raises(InputError) as refused:
        number(field, cell)

    destroyed = cell.removeprefix('="').removesuffix('"')
    assert refused.value.say("en") == (
        f"{field} is {destroyed!r}: a spreadsheet destroyed it; it must be {rule}"
    )


# ---- amounts ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "header", "row", "means"),
    [
        ("2500", "txamt", None, (2500, None)),
        ("2500", "txamt", "JPY", (2500, "JPY")),
        ("25.00", "txamt", "HKD", (2500, "HKD")),
        ("25.5", "txamt", "HKD", (2550, "HKD")),
        ("25,00", "txamt", "EUR", (2500, "EUR")),
        ("1,234.50", "txamt", "HKD", (123450, "HKD")),
        ("1.234,50", "txamt", "EUR", (123450, "EUR")),
        ("２５.００", "txamt", "HKD", (2500, "HKD")),
        ("HK$25.00", "txamt", None, (2500, "HKD")),
        ("25.00 港币", "金额", None, (2500, "HKD")),
        ("￥25.00", "txamt", "CNY", (2500, "CNY")),
        ("25", "金额(元)", "HKD", (2500, "HKD")),
        ("25", "金额(分)", "HKD", (25, "HKD")),
        ("25", "金额", "JPY", (25, "JPY")),
        ("25.00", "Amount (HKD)", "HKD", (2500, "HKD")),
        ("25.00", "Amount (HKD)", None, (2500, "HKD")),
        ("US 25.00 $", "txamt", None, (2500, "USD")),
        ("12,345,678.90", "txamt", "HKD", (1234567890, "HKD")),
        ("1", "txamt", None, (1, None)),
        ("0", "txamt", None, (0, None)),
        ("HK$25", "txamt", None, (Stated(Decimal(25), whole=True, currencies=("HKD",)), "HKD")),
        ("¥25", "txamt", "JPY", (25, "JPY")),
        ("25.00元", "金额", "CNY", (2500, "CNY")),
        ("25.00", "金额", "XYZ", (Stated(Decimal("25.00")), "XYZ")),
        ("25.00", "txamt", None, (Stated(Decimal("25.00")), None)),
        ("25", "金额", None, (Stated(Decimal(25), whole=True), None)),
        ("25", "金额", "HKD", (Stated(Decimal(25), whole=True), "HKD")),
        ("￥25.00", "金额", None, (Stated(Decimal("25.00"), False, ("CNY", "JPY")), None)),
    ],
)
def test_an_amount_is_what_its_cell_its_header_and_its_row_say_together(cell, header, row, means):
    assert amount(cell, named(header), row) == means


NO_AMOUNT = "it must be minor units such as 2500, or an amount with its decimals such as 25.00"
IN_IT = "it must be in the order's currency"
DECIMALS = "it must be a whole number of minor units (100 = HKD 1.00, JPY 100)"


@pytest.mark.parametrize(
    ("cell", "header", "row", "said"),
    [
        ("25.00", "txamt", "JPY", f"is 25.00, and JPY has 0 decimals; {DECIMALS}"),
        ("25.0", "金额", "JPY", f"is 25.0, and JPY has 0 decimals; {DECIMALS}"),
        ("25.005", "txamt", "HKD", f"is '25.005'; {NO_AMOUNT}"),
        ("1,234", "txamt", "HKD", f"is '1,234'; {NO_AMOUNT}"),
        ("1,234,50", "txamt", "HKD", f"is '1,234,50'; {NO_AMOUNT}"),
        ("-25.00", "txamt", "HKD", f"is '-25.00'; {NO_AMOUNT}"),
        ("(25.00)", "txamt", "HKD", f"is '(25.00)'; {NO_AMOUNT}"),
        ("25.00 quid", "txamt", None, f"is '25.00 quid'; {NO_AMOUNT}"),
        ("HK$25.00 HKD", "txamt", None, f"is 'HK$25.00 HKD'; {NO_AMOUNT}"),
        ("2.5E+3", "txamt", "HKD", f"is '2.5E+3'; {NO_AMOUNT}"),
        ("much", "txamt", None, f"is 'much'; {NO_AMOUNT}"),
        ("1" * 20, "txamt", "HKD", f"is '{'1' * 20}'; {NO_AMOUNT}"),
        ("0.00", "txamt", "HKD", "is 0.00; it must be greater than zero"),
        ("0.00", "txamt", None, "is 0.00; it must be greater than zero"),
        ("HK$25.00", "txamt", "JPY", f"is in HKD, and the currency is JPY; {IN_IT}"),
        ("￥25.00", "txamt", "HKD", f"is in CNY / JPY, and the currency is HKD; {IN_IT}"),
        ("25.00", "Amount (HKD)", "USD", f"is in HKD, and the currency is USD; {IN_IT}"),
        ("25.0", "金额(分)", "HKD", "is '25.0'; it must be whole, for it counts minor units"),
    ],
)
def test_an_amount_that_may_be_two_or_none_is_refused_with_the_reason(cell, header, row, said):
    with pytest.raises(InputError) as refused:
        amount(cell, named(header), row)

    assert refused.value.say("en") == f"txamt {said}"


def test_what_the_books_tell_completes_an_amount_and_nothing_else_does():
    assert Stated(Decimal("25.00")).txamt("HKD", 9999) == 2500
    assert Stated(Decimal(25), whole=True).txamt("HKD", 25) == 25
    assert Stated(Decimal(25), whole=True).txamt("HKD", 9999) == 2500
    with pytest.raises(InputError, match="JPY has 0 decimals"):
        Stated(Decimal("25.00")).txamt("JPY", 25)
    with pytest.raises(InputError, match="is in CNY / JPY, and the currency is HKD"):
        Stated(Decimal("25.00"), currencies=("CNY", "JPY")).txamt("HKD")


@pytest.mark.parametrize(
    ("cell", "code"),
    [("rmb", "CNY"), ("港币", "HKD"), ("hkd", "HKD"), ("Japanese yen", "JPY"), ("XYZ", "XYZ")],
)
def test_a_currency_is_known_by_its_names(cell, code):
    assert currency(cell) == code


@pytest.mark.parametrize(
    "cell",
    [
        *(AT, "2026-11-27T07:24:00", "2026-11-27T07:24:00.000+08:00", "2026-11-27T07:24:00Z"),
        *("20261127072400", "202611270724", "2026/11/27 7:24", "2026.11.27 07:24"),
        *("2026年11月27日 7:24", "2026年11月27日7时24分", "2026/11/27 上午 7:24:00"),
        *("11/27/2026 7:24 AM", "27.11.2026 07:24", "11/27/2026 7:24\u202fam"),
        *("2026-11-27 7:24 a.m.", "2026-11-27, 7:24 A.M.", "2026年11月27日上午7點24"),
    ],
)
def test_a_time_is_read_in_the_ways_that_it_is_written(cell):
    assert time(cell) == AT


@pytest.mark.parametrize(
    ("written", "means"),
    [
        ("7:24:35", "07:24:35"),
        ("19:24", "19:24:00"),
        ("23:59:59", "23:59:59"),
        ("0:05", "00:05:00"),
        ("12:05", "12:05:00"),
        ("12:05 AM", "00:05:00"),
        ("1:05 am", "01:05:00"),
        ("11:05 AM", "11:05:00"),
        ("12:05 PM", "12:05:00"),
        ("1:05 pm", "13:05:00"),
        ("11:05 p.m.", "23:05:00"),
        ("上午12:05", "00:05:00"),
        ("下午 12:05", "12:05:00"),
        ("下午3时05分", "15:05:00"),
    ],
)
def test_an_hour_counts_from_midnight_or_on_its_half_of_the_day(written, means):
    assert time(f"2026-11-27 {written}") == f"2026-11-27 {means}"


@pytest.mark.parametrize(
    ("cell", "means"),
    [
        ("11/13/2026 7:24", "2026-11-13 07:24:00"),
        ("13/11/2026 7:24", "2026-11-13 07:24:00"),
        ("5.5.2026 7:24", "2026-05-05 07:24:00"),
        ("12.12.2026 7:24", "2026-12-12 07:24:00"),
    ],
)
def test_day_and_month_are_told_apart_where_only_one_can_be_the_month(cell, means):
    assert time(cell) == means


@pytest.mark.parametrize("cell", ["2026-11-27", "20261127", "2026年11月27日", "7:24", "07:24:00"])
def test_half_a_time_is_left_to_the_books(cell):
    assert time(cell) is None


@pytest.mark.parametrize(
    ("cell", "means"),
    [
        ("2026-11-27\n7:24", AT),
        (f"{AT}\n2026/11/27 7:24", AT),
        (f"2026-11-27\n{AT}", AT),
        (f"{AT}\n2026-11-27 07:25:00", None),
        (f"{AT}\n2026-11-27 07:25:00\n{AT}", None),
        ("2026-11-27\n2026-11-28", None),
        ("7:24\n7:25", None),
    ],
)
def test_of_several_times_the_one_they_make_is_taken_and_two_are_left_to_the_books(cell, means):
    assert time(cell) == means


def test_a_time_among_several_that_is_none_is_refused():
    with pytest.raises(InputError, match="is 'yesterday'"):
        time(f"{AT}\nyesterday")


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("11/12/2026 7:24", "is '11/12/2026 7:24', in which day and month can't be told apart"),
        ("1/2/2026 7:24", "day and month can't be told apart"),
        ("13/14/2026 7:24", "is '13/14/2026 7:24', a time that does not exist"),
        ("46353.3083", "a time as a spreadsheet counts it"),
        ("2026-02-30 10:00", "does not exist"),
        ("2026-11-27 24:00:00", "does not exist"),
        ("2026-11-27 13:00 PM", "does not exist"),
        ("2026-11-27 0:30 AM", "does not exist"),
        ("26/11/27 7:24", "YYYY-MM-DD"),
        ("1795735440", "YYYY-MM-DD"),
        ("yesterday", "YYYY-MM-DD"),
    ],
)
def test_a_time_that_may_be_two_or_none_is_refused(cell, said):
    with pytest.raises(InputError, match=said):
        time(cell)
