"""The receiver of a small shop: what it does with a payment or a refund that is confirmed."""

import os

from qftools import Client, Credentials, Inbox

books = {}  # your database: one row for each syssn


def book(row):
    """Called once the gateway's books say so; what is here already stays as it is."""
    books.setdefault(row.syssn, (row.order_type, row.out_trade_no, int(row.txamt)))


account = Credentials.from_environment()
inbox = Inbox(Client(account, os.environ["QFTOOLS_BASE_URL"]), book)
