"""What a cycle of requests looks like to each server: place an order, look at it, call it off.

Bytes only: nothing here connects. A cycle yields a request with a piece that the reply must
hold, and is sent the reply's body.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Generator, Mapping
from typing import Any
from urllib.parse import urlencode

from qftools.sandbox.sandbox import APP_CODE, CLIENT_KEY
from qftools.signing import sign

Cycle = Generator[tuple[bytes, bytes], Any, None]

_FORM = "application/x-www-form-urlencoded"
_PAID_AT = "2026-01-05 10:00:00"


def post(path: str, body: str, headers: dict[str, str], method: str = "POST") -> bytes:
    """Return a request in the bytes that go out."""
    content = body.encode()
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(content)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + content


def qfpay(number: int) -> Cycle:
    """Pay, query, cancel, each signed: the sandbox, and the servers that keep nothing."""
    name = {"out_trade_no": f"BENCH{number:012d}", "txamt": "2500", "txdtm": _PAID_AT}
    payment = name | {"pay_type": "800101", "txcurrcd": "HKD"}
    yield _signed("payment", payment), b'"respcd": "0000"'
    yield _signed("query", {"out_trade_no": name["out_trade_no"]}), b'"respcd": "1143"'
    yield _signed("reversal", name), b'"respcd": "0000"'


def qfpay_stateless(number: int) -> Cycle:
    """The same requests to a server that answers by path alone."""
    for request, _ in qfpay(number):
        yield request, b'"0000"'


def localstripe(number: int) -> Cycle:
    """A payment intent: created, retrieved, cancelled."""
    headers = {"Content-Type": _FORM, "Authorization": "Bearer sk_test_12345"}
    form = f"amount=2500&currency=hkd&metadata[order]=BENCH{number:012d}"
    body = yield post("/v1/payment_intents", form, headers), b'"payment_intent"'
    found = re.search(rb'"id": "(pi_\w+)"', body)
    if found is None:
        raise ValueError(f"localstripe names no payment intent: {body[:200]!r}")
    path = f"/v1/payment_intents/{found[1].decode()}"
    yield post(path, "", headers, "GET"), b'"requires_payment_method"'
    yield post(path + "/cancel", "", headers), b'"canceled"'


def dynamodb(number: int) -> Cycle:
    """An item: put, read, updated."""
    key = {"out_trade_no": {"S": f"BENCH{number:012d}"}}
    item = key | {"txamt": {"N": "2500"}, "state": {"S": "waiting"}, "txdtm": {"S": _PAID_AT}}
    yield dynamodb_call("PutItem", {"TableName": "orders", "Item": item}), b"{"
    yield dynamodb_call("GetItem", {"TableName": "orders", "Key": key}), b'"waiting"'
    update = {
        "TableName": "orders",
        "Key": key,
        "UpdateExpression": "SET #s = :s",
        "ExpressionAttributeNames": {"#s": "state"},
        "ExpressionAttributeValues": {":s": {"S": "cancelled"}},
    }
    yield dynamodb_call("UpdateItem", update), b"{"


def dynamodb_call(action: str, body: Mapping[str, object]) -> bytes:
    """Return a call of DynamoDB's, with a signature that moto does not check."""
    return post(
        "/",
        json.dumps(body),
        {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": f"DynamoDB_20120810.{action}",
            "Authorization": "AWS4-HMAC-SHA256 Credential=bench/20260105/us-east-1/dynamodb/"
            "aws4_request, SignedHeaders=host, Signature=0",
        },
    )


def _signed(endpoint: str, params: dict[str, str]) -> bytes:
    headers = {
        "Content-Type": _FORM,
        "X-QF-APPCODE": APP_CODE,
        "X-QF-SIGN": sign(params, CLIENT_KEY),
    }
    return post(f"/trade/v1/{endpoint}", urlencode(params), headers)


KNOWN_AHEAD = {qfpay, qfpay_stateless}  # these need no reply to go on
CYCLES: dict[str, Callable[[int], Cycle]] = {
    cycle.__name__: cycle for cycle in (qfpay, qfpay_stateless, localstripe, dynamodb)
}
