import os

from qftools import Client, Credentials, Order, cancel

credentials = Credentials.from_environment()  # QFTOOLS_APP_CODE, QFTOOLS_CLIENT_KEY, ...
client = Client(credentials, os.environ["QFTOOLS_BASE_URL"])  # https://openapi-hk.qfapi.com
order = Order("ORDER0001", txamt=2500, txdtm="2026-01-05 10:00:00", pay_type="800101")

outcome = cancel(client, order)
print(outcome.verdict, outcome.advice("en"))
