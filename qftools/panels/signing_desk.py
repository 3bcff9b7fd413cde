"""Where the panels send what is signed, right or wrong: to a sandbox gateway. No widget here."""

from __future__ import annotations

from urllib.parse import urlencode

import requests

from qftools.exchange import Exchange, Request, Response
from qftools.exchange.redaction import redacted
from qftools.exchange.shown import ShownExchange
from qftools.sandbox import Sandbox
from qftools.sandbox.replaying import Pairs, Way, sealed
from qftools.signing import Algorithm


def asked(endpoint: str, pairs: Pairs, way: Way, key: str, algorithm: Algorithm) -> ShownExchange:
    """Send the fields, signed in *way*, to a new sandbox, and return the exchange."""
    sandbox = Sandbox(client_key=key)
    signature, announced = sealed(way, pairs, key, algorithm)
    headers = {
        "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
        "X-QF-APPCODE": sandbox.credentials.app_code,
        "X-QF-SIGN": signature,
        "X-QF-SIGNTYPE": announced,
    }
    url = f"{sandbox.url}/trade/v1/{endpoint}"
    prepared = requests.Request("POST", url, data=urlencode(pairs), headers=headers).prepare()
    reply = sandbox._adapter().send(prepared)
    now = sandbox.clock.now()
    sent = Request("POST", url, tuple(headers.items()), urlencode(pairs).encode())
    came = Response(reply.status_code, tuple(reply.headers.items()), reply.content)
    return redacted(Exchange(endpoint, sent, came, None, now, 0.0))
