"""Wrong input is refused before anything is sent, naming field, problem and rule."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qftools import catalogue
from qftools.errors import InputError, QFPayError
from qftools.models import Credentials, Order, Reply, Transaction
from qftools.validation import check_complete, check_pay_type, check_values

TIME = "2026-01-05 10:00:00"


@pytest.mark.parametrize(
    ("field", "value", "problem", "rule"),
    [
        ("txamt", 25.0, "is float 25.0", "whole number of minor units"),
        ("txamt", "2500", "is str '2500'", "whole number of minor units"),
        ("txamt", True, "is bool True", "whole number of minor units"),
        ("txamt", -1, "is -1", "greater than zero"),
        ("txamt", 0, "is 0", "greater than zero"),
        ("txamt", 10**11, "has 12 characters", "at most 11"),
        ("txdtm", "2026-02-30 10:00:00", "a time that does not exist", "YYYY-MM-DD hh:mm:ss"),
        ("txdtm", "2026-01-05 24:00:00", "a time that does not exist", "YYYY-MM-DD hh:mm:ss"),
        ("txdtm", "2026-01-05T10:00:00", "is '2026-01-05T10:00:00'", "YYYY-MM-DD hh:mm:ss"),
        ("txdtm", "2026-1-5 10:00:00", "is '2026-1-5 10:00:00'", "YYYY-MM-DD hh:mm:ss"),
        ("txdtm", "２０２６-01-05 10:00:00", "is '２０２６", "YYYY-MM-DD hh:mm:ss"),
        ("txcurrcd", "XXX", "is 'XXX'", "HKD"),
        ("txcurrcd", "hkd", "is 'hkd'", "HKD"),
        ("pay_type", "8001", "is '8001'", "six digits"),
        ("out_trade_no", "N" * 129, "has 129 characters", "at most 128"),
        ("out_trade_no", "A1 ", "is 'A1 '", "without blanks around it"),
        ("out_trade_no", "A\n1", r"is 'A\n1'", "control characters"),
        ("out_trade_no", "", "is ''", "not empty"),
        ("goods_name", "茶" * 65, "has 65 characters", "at most 64"),
        ("goods_name", None, "is NoneType None", "text or a whole number"),
        ("goods_name", "\ud800", "lone surrogate", "UTF-8"),
        ("expired_time", "soon", "is 'soon'", "whole number"),
    ],
)
def test_a_value_that_the_gateway_could_not_accept_is_refused(field, value, problem, rule):
    with pytest.raises(ValueError) as caught:
        check_values("payment", {field: value})

    error = caught.value
    assert isinstance(error, InputError)
    assert error.field == field
    assert problem in error.problem
    assert rule in error.rule


def test_a_cancel_wants_one_of_the_two_numbers_and_takes_both():
    rest = {"txamt": 2500, "txdtm": TIME}

    check_complete("reversal", rest | {"syssn": "1", "out_trade_no": "A1"})
    with pytest.raises(InputError, match="syssn and out_trade_no are both missing"):
        check_complete("close", rest)


@pytest.mark.parametrize("missing", ["txamt", "txdtm"])
def test_a_cancel_without_amount_or_time_is_refused(missing):
    rest: dict[str, object] = {"txamt": 2500, "txdtm": TIME, "syssn": "1"}
    del rest[missing]

    with pytest.raises(InputError, match=f"{missing} is missing"):
        check_complete("reversal", rest)


def test_a_field_that_nobody_lists_is_accepted_as_the_gateway_does():
    check_values("payment", {"mchntid": "x" * 500, "trade_name": "茶"})


def test_a_pay_type_that_nobody_lists_is_warned_of_with_the_nearest_one_and_not_refused():
    with pytest.warns(UserWarning, match="800101"):
        check_pay_type("800102", None)


def test_an_order_without_any_number_is_refused():
    with pytest.raises(InputError, match="both missing"):
        Order(None, 2500, TIME)


def test_an_order_is_named_by_the_gateways_number_where_it_is_known():
    both = Order("A1", 2500, TIME, syssn="2026", mchid="M1")

    assert both.for_query() == {"mchid": "M1", "syssn": "2026"}
    assert both.for_cancel() == {
        "mchid": "M1", "syssn": "2026", "out_trade_no": "A1", "txamt": 2500, "txdtm": TIME,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"app_code": ""}, "app_code"),
        ({"app_code": "A\r\nX: y"}, "app_code"),
        ({"client_key": ""}, "client_key is empty"),
        ({"client_key": " " * 32}, "client_key is empty"),
        ({"client_key": None}, "client_key is empty"),
        ({"client_key": "1234567"}, "client_key is shorter than 8 characters; it must be as QFPay"),
        ({"algorithm": "SHA1"}, "algorithm is 'SHA1'"),
        ({"environment": "prod"}, "environment is 'prod'"),
        ({"mchid_rule": "required"}, "mchid is missing"),
        ({"mchid_rule": "forbidden", "mchid": "M1"}, "mchid is given"),
    ],
)
def test_credentials_that_cannot_be_right_are_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        Credentials(**({"app_code": "A", "client_key": "a secret"} | arguments))


def test_the_client_key_is_in_no_repr():
    credentials = Credentials("A", "marker-key")

    assert "marker-key" not in repr(credentials) + str(credentials)


@pytest.mark.parametrize(
    ("row", "state"),
    [
        ({"respcd": "0000", "cancel": "0"}, "paid"),
        ({"respcd": "0000", "cancel": "5"}, "paid"),  # partly refunded: some money stays
        ({"respcd": "0000", "cancel": "1"}, "refunded"),
        ({"respcd": "0000", "cancel": "2"}, "cancelled"),
        ({"respcd": "0000", "cancel": "3"}, "refunded"),
        ({"respcd": "1143", "cancel": "0"}, "open"),
        ({"respcd": "1145", "cancel": "0"}, "open"),
        ({"respcd": "1298", "cancel": "0"}, "open"),
        ({"respcd": "9999", "cancel": "0"}, "open"),  # a code that nobody lists
        ({"respcd": "1142", "cancel": "2"}, "cancelled"),
        ({"respcd": "1263", "cancel": "1"}, "cancelled"),
        ({"respcd": "1181", "cancel": "0"}, "expired"),
        ({"respcd": "1262", "cancel": "3"}, "refunded"),
        ({"respcd": "1201", "cancel": "0"}, "failed"),
        ({}, "unclear"),
        ({"respcd": "0000", "cancel": "0", "txstatus": "SUCCESS"}, "paid"),
        ({"respcd": "0000", "cancel": "0", "txstatus": "PENDING"}, "unclear"),  # the two differ
        ({"respcd": "1142", "cancel": "2", "txstatus": "FAILED"}, "cancelled"),
        ({"respcd": "1142", "cancel": "2", "txstatus": "SUCCESS"}, "unclear"),
        ({"respcd": "1143", "cancel": "0", "txstatus": "WAIT"}, "unclear"),
        ({"respcd": "0000", "cancel": "9"}, "unclear"),  # a flag that no source knows
        ({"respcd": "0000", "cancel": "4"}, "unclear"),  # ends a hold, not a payment
        ({"respcd": "1136", "cancel": "0"}, "unclear"),  # no result of a payment
        ({"respcd": "1265", "cancel": "0"}, "unclear"),
        ({"respcd": 0, "cancel": 0}, "paid"),  # numbers without quotes
        ({"respcd": 1143}, "open"),
        ({"respcd": [], "cancel": {}}, "unclear"),
    ],
)
def test_a_row_of_the_books_is_read_by_its_code_and_its_cancel_flag(row, state):
    assert Transaction(row).state == state


def test_a_row_can_be_copied_and_says_which_field_it_lacks():
    row = Transaction({"respcd": "0000", "chnlsn2": None})

    assert pickle.loads(pickle.dumps(row)) == row
    assert row.chnlsn2 == ""
    with pytest.raises(AttributeError, match="'qrcode'"):
        _ = row.qrcode


def test_the_same_code_is_read_by_where_it_came_from():
    # C33: "bank busy" on a payment leaves the outcome open; on a cancel it is a refusal.
    assert Reply("payment", "1297", {}).kind == "unknown"
    assert Reply("close", "1297", {}).kind == "failure"
    assert Reply("query", "9876", {}).kind == "unknown"


def test_an_input_error_survives_its_way_between_processes():
    error = InputError("txamt", "is 0", "greater than zero")

    copy = pickle.loads(pickle.dumps(error))

    assert (type(copy), str(copy), copy.field) == (InputError, str(error), "txamt")
    assert issubclass(InputError, QFPayError)


@given(st.sampled_from(sorted(catalogue.currencies())), st.integers(1, 10**11 - 1))
def test_every_currency_and_every_amount_of_up_to_eleven_digits_is_accepted(txcurrcd, txamt):
    check_values("payment", {"txcurrcd": txcurrcd, "txamt": txamt})
