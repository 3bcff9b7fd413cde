import hashlib

import requests

from qftools import explain
from qftools.sandbox import Sandbox

with Sandbox() as sandbox:
    me = sandbox.credentials
    form = {"txamt": "2500", "txcurrcd": "HKD", "pay_type": "800101", "out_trade_no": "A1"}
    form["txdtm"] = "2026-01-05 10:00:00"
    text = "&".join([f"{name}={value}" for name, value in form.items()])  # in the order of sending
    headers = {
        "X-QF-APPCODE": me.app_code,
        "X-QF-SIGN": hashlib.md5((text + me.client_key).encode()).hexdigest(),
    }
    requests.post(sandbox.serve() + "/trade/v1/payment", form, headers=headers)
    exchange = sandbox.exchanges[-1]

print(exchange.endpoint, exchange.respcd, exchange.signature)
print(explain(exchange).cause.what.en)
print(exchange.as_http().splitlines()[-1])
