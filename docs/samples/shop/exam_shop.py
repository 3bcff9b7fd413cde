"""A shop that sells once, whatever happens: it is examined in test_exam.py."""

import json
from contextlib import suppress

from qftools import GatewayError, Inbox, Order, OutcomeUnknownError, cancel


def sell(sale):
    """Write the order down, ask for money once, then find out what became of it."""
    client = sale.client()
    order = {
        "out_trade_no": sale.number,
        "txamt": sale.txamt,
        "txcurrcd": sale.txcurrcd,
        "pay_type": sale.pay_type,
    }
    if not sale.journal.exists():
        sale.journal.write_text(json.dumps(order))  # before the request is sent
        code = {"auth_code": sale.auth_code} if sale.auth_code else {}
        with suppress(OutcomeUnknownError, GatewayError):  # charged or not: the query tells
            client.pay(**order, **code)
    outcome = cancel(client, Order(**order))  # asks first, and cancels only what is open
    return {"yes": "paid", "unknown": "unknown"}.get(outcome.charged, "not paid")


def receiver(sale):
    """Notifications: checked, confirmed by a query, and then acknowledged."""
    return Inbox(sale.client(), book=lambda row: None).receive
