"""The payments of a small shop: it believes what a query says, and nothing else."""

import os
import time
from contextlib import suppress

from qftools import Client, Credentials, GatewayError, OutcomeUnknownError

pause = time.sleep  # between two tries; a test puts the sandbox's clock here


def client():
    """Read at each use, so that a test can say where the gateway is."""
    account = Credentials(os.environ["QFTOOLS_APP_CODE"], os.environ["QFTOOLS_CLIENT_KEY"])
    return Client(account, os.environ["QFTOOLS_BASE_URL"], pause=pause)


def charge(number, amount):
    """Ask for money once, then look: paid, not paid, or unknown."""
    with client() as gateway:
        with suppress(OutcomeUnknownError, GatewayError):  # charged or not: the query tells
            gateway.pay(pay_type="800101", txamt=amount, txcurrcd="HKD", out_trade_no=number)
        try:
            rows = gateway.query(number).asked_rows
        except OutcomeUnknownError:
            return "unknown"
    if not rows:
        return "unknown"  # it may still be on its way
    return "paid" if any(row.state == "paid" for row in rows) else "not paid"
