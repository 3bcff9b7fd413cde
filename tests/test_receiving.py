"""The shop's receiver: what it books, when it acknowledges, and what it does not believe."""

from __future__ import annotations

import pytest

from qftools import Inbox, SignatureError, Transaction, TransportError, verify_notification
from qftools.errors import InputError
from qftools.signing import sign_body

URL = "http://127.0.0.1/notify"


@pytest.fixture
def came(sandbox):
    """Every notification that the sandbox sends, as headers and body."""
    found = []

    def keep(headers, body):
        found.append((headers, body))
        return 200, b"SUCCESS"

    sandbox.notifications.receive(URL, keep)
    return found


@pytest.fixture
def paid(sandbox, client, came):
    order = client.pay(pay_type="800101", txamt=2500, txcurrcd="HKD", notify_url=URL)
    sandbox.payer(order).pay()
    return order


def test_a_notification_is_verified_by_the_key_of_the_environment_as_well(
    sandbox, paid, came, monkeypatch
):
    monkeypatch.setenv("QFTOOLS_CLIENT_KEY", sandbox.credentials.client_key)

    assert verify_notification(*came[0])["out_trade_no"] == paid.out_trade_no


@pytest.mark.parametrize(
    ("headers", "body", "key", "error"),
    [
        ({}, b"{}", "a client key", SignatureError),
        ({"X-QF-SIGN": "0" * 32}, b"{}", "a client key", SignatureError),
        ({"x-qf-sign": sign_body(b"[]", "a client key")}, b"[]", "a client key", TransportError),
        ({"X-QF-SIGN": "0" * 32}, b"{}", "", InputError),
    ],
)
def test_what_is_not_the_gateways_is_an_error(headers, body, key, error):
    with pytest.raises(error):
        verify_notification(headers, body, key)


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [({}, b"{}", 403), ({"X-QF-SIGN": "é"}, b"{}", 403), ({}, b" " * 300_000, 413)],
)
def test_what_is_not_the_gateways_asks_nothing_and_books_nothing(
    sandbox, client, headers, body, status
):
    inbox = Inbox(client, lambda row: pytest.fail("booked"))

    assert inbox.receive(headers, body) == (status, b"")
    assert sandbox.exchanges == ()


@pytest.mark.parametrize("fault", ["lost before", "wrong signature", "5xx"])
def test_news_that_no_query_confirms_are_left_for_the_repeat(sandbox, client, paid, came, fault):
    booked: list[Transaction] = []
    inbox = Inbox(client, booked.append)

    with sandbox.fault(fault, on="query", times=None):
        assert inbox.receive(*came[0]) == (503, b"")
    assert booked == []
    assert inbox.receive(*came[0]) == inbox.receive(*came[0]) == (200, b"SUCCESS")
    assert [(row.out_trade_no, row.state) for row in booked] == [(paid.out_trade_no, "paid")]


def test_a_signed_notification_about_an_order_that_is_not_on_the_books_is_not_booked(client):
    inbox = Inbox(client, lambda row: pytest.fail("booked"))
    for body in (b'{"syssn": "20260105000000000001"}', b'{"syssn": "no, number"}', b"{}"):
        signed = {"X-QF-SIGN": sign_body(body, client.credentials.client_key)}

        assert inbox.receive(signed, body) == (503, b"")


def test_money_that_has_gone_back_since_is_acknowledged_and_not_booked(client, paid, came):
    client.refund(paid.out_trade_no)
    inbox = Inbox(client, lambda row: pytest.fail("booked"))

    assert inbox.receive(*came[0]) == (200, b"SUCCESS")


def test_what_the_shops_code_could_not_book_is_not_acknowledged(client, paid, came):
    booked = []

    def book(row):
        booked.append(row)
        if len(booked) == 1:
            raise OSError("the database is away")

    inbox = Inbox(client, book)

    with pytest.raises(OSError, match="away"):
        inbox.receive(*came[0])
    assert inbox.receive(*came[0]) == (200, b"SUCCESS")
    assert len(booked) == 2


def test_the_same_news_in_another_thread_wait_until_they_are_booked(client, paid, came):
    meanwhile = []
    inbox = Inbox(client, lambda row: meanwhile.append(inbox.receive(*came[0])))

    assert inbox.receive(*came[0]) == (200, b"SUCCESS")
    assert meanwhile == [(503, b"")]


def test_a_table_that_processes_share_remembers_what_was_booked(client, paid, came):
    table: set[str] = set()
    booked: list[Transaction] = []

    for _ in range(2):
        Inbox(client, booked.append, seen=table).receive(*came[0])

    assert len(booked) == len(table) == 1


@pytest.mark.parametrize(
    ("environ", "status"),
    [
        ({"REQUEST_METHOD": "GET"}, "405 Method Not Allowed"),
        ({"REQUEST_METHOD": "POST", "CONTENT_LENGTH": "1000000"}, "413 "),
        ({"REQUEST_METHOD": "POST", "CONTENT_LENGTH": "-1"}, "413 "),
    ],
)
def test_a_wsgi_server_hears_what_is_no_notification(client, environ, status):
    said = []

    def start_response(line, *_):
        said.append(line)
        return print

    assert Inbox(client, print)(environ, start_response) == [b""]
    assert said[0].startswith(status)
