import logging
import sys

from qftools.sandbox import Sandbox

handler = logging.StreamHandler(sys.stdout)
handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
log = logging.getLogger("qftools.client")
log.addHandler(handler)
log.setLevel(logging.DEBUG)

with Sandbox() as sandbox:
    client = sandbox.client(
        on_request=lambda request: print("sending", request.path),
        on_response=lambda exchange: print("came", exchange.response and exchange.response.status),
    )
    client.query(out_trade_no="A1")

log.setLevel(logging.NOTSET)
log.removeHandler(handler)
