"""QFPay in Python: sign, call, and cancel to a proved answer. Python 3.11, requests."""

import hashlib
import hmac
import json
import os
import sys
import time
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl

import requests

# --8<-- [start:settings]
URL = os.environ["QFPAY_URL"]
APP_CODE = os.environ["QFPAY_APP_CODE"]
CLIENT_KEY = os.environ["QFPAY_CLIENT_KEY"]  # never printed, never sent
MCHID = os.environ.get("QFPAY_MCHID", "")  # only if QFPay gave you one
PAUSE = float(os.environ.get("QFPAY_PAUSE", "3"))  # seconds between two queries
JOURNAL = Path(os.environ.get("QFPAY_JOURNAL", "orders.json"))  # your database
# --8<-- [end:settings]


# --8<-- [start:sign]
def sign(params):
    """Sort by name, join the plain values, append the key, hash the UTF-8 bytes."""
    text = "&".join(f"{name}={params[name]}" for name in sorted(params))
    return hashlib.md5((text + CLIENT_KEY).encode()).hexdigest().upper()


# --8<-- [end:sign]


# --8<-- [start:verify]
def verify(body, signature):
    """Is this answer or notification QFPay's? Give the raw bytes, not parsed JSON."""
    digest = hashlib.md5(body + CLIENT_KEY.encode()).hexdigest().upper()
    return hmac.compare_digest(signature.upper().encode(), digest.encode())


# --8<-- [end:verify]


# --8<-- [start:call]
class OutcomeUnknown(Exception):
    """No usable answer. It may have happened: query before anything else."""


def call(endpoint, params):
    """Send one request, once, and return the answer; 0000 is only one of many."""
    params = {name: str(value) for name, value in params.items() if value != ""}
    if MCHID:
        params["mchid"] = MCHID
    headers = {"X-QF-APPCODE": APP_CODE, "X-QF-SIGN": sign(params), "X-QF-SIGNTYPE": "MD5"}
    try:
        reply = requests.post(
            f"{URL}/trade/v1/{endpoint}", data=params, headers=headers, timeout=(5, 60)
        )
    except requests.RequestException as error:
        raise OutcomeUnknown(f"no answer from {endpoint}") from error
    if reply.status_code != 200:
        raise OutcomeUnknown(f"HTTP {reply.status_code} from {endpoint}")
    if not verify(reply.content, reply.headers.get("X-QF-SIGN", "")):
        raise OutcomeUnknown(f"the answer from {endpoint} is not signed by QFPay")
    return reply.json()


def units(txamt):
    """An amount is a whole number of the smallest unit; 25.00 is a mistake, 2500 is meant."""
    if not str(txamt).isdecimal() or int(txamt) == 0:
        raise ValueError(f"txamt is {txamt}: not a whole number of the smallest unit")
    return str(txamt)


# --8<-- [end:call]


# --8<-- [start:payment]
def payment(pay_type, txamt, txcurrcd, out_trade_no, txdtm, goods_name="", auth_code=""):
    """Ask for money. txamt is an integer in the smallest unit: 2500 is 25.00 HKD."""
    return call(
        "payment",
        {
            "pay_type": pay_type,
            "txamt": units(txamt),
            "txcurrcd": txcurrcd,
            "out_trade_no": out_trade_no,
            "txdtm": txdtm,
            "goods_name": goods_name,
            "auth_code": auth_code,
        },
    )


# --8<-- [end:payment]


# --8<-- [start:query]
def query(out_trade_no):
    """Ask what became of an order. The row decides, not the outer respcd."""
    return call("query", {"out_trade_no": out_trade_no})


# --8<-- [end:query]


# --8<-- [start:reversal]
def reversal(out_trade_no, txamt, txdtm):
    """Call off an unpaid order: Alipay, and WeChat Pay when the shop scans (CPM)."""
    return call("reversal", {"out_trade_no": out_trade_no, "txamt": units(txamt), "txdtm": txdtm})


# --8<-- [end:reversal]


# --8<-- [start:close]
def close(out_trade_no, txamt, txdtm):
    """Call off an unpaid order: WeChat Pay when the payer scans (MPM), other wallets."""
    return call("close", {"out_trade_no": out_trade_no, "txamt": units(txamt), "txdtm": txdtm})


# --8<-- [end:close]


# --8<-- [start:refund]
def refund(syssn, out_trade_no, txamt, txdtm):
    """Refund. syssn is the payment's, out_trade_no a new one for the refund."""
    return call(
        "refund",
        {"syssn": syssn, "out_trade_no": out_trade_no, "txamt": units(txamt), "txdtm": txdtm},
    )


# --8<-- [end:refund]


# --8<-- [start:capture]
def capture(syssn, out_trade_no, txamt, txdtm):
    """Charges a hold, all of it or a part. syssn is the hold's, out_trade_no a new one.

    For the hold of a card leave out_trade_no and txdtm out.
    """
    return call(
        "authtrade",
        {"syssn": syssn, "out_trade_no": out_trade_no, "txamt": units(txamt), "txdtm": txdtm},
    )


# --8<-- [end:capture]


# --8<-- [start:release]
def release(syssn, out_trade_no, txamt, txdtm):
    """Gives back what is still held. syssn and out_trade_no are the hold's."""
    return call(
        "unfreeze",
        {"syssn": syssn, "out_trade_no": out_trade_no, "txamt": units(txamt), "txdtm": txdtm},
    )


# --8<-- [end:release]


# --8<-- [start:cancel]
DEAD = {"1142", "1181", "1263", "1264"}
FAILED = {"1147", "1201", "1202", "1203", "1204", "1205", "1212", "1250", "1294", "2005"}
UNCLEAR = {"1100", "1101", "1254"}  # the gateway does not know either


def look(out_trade_no):
    """What the books say: PAID, REFUNDED, CANCELLED, FAILED, OPEN, or UNKNOWN."""
    try:
        answer = query(out_trade_no)
    except OutcomeUnknown:
        return "UNKNOWN"
    if answer["respcd"] != "0000":
        sys.exit(f"the query was refused: {answer['respcd']} {answer['resperr']}")
    if not answer["data"]:
        return "UNKNOWN"  # it may still be on its way
    row = answer["data"][0]
    if row["respcd"] == "0000":
        return {"1": "CANCELLED", "2": "CANCELLED", "3": "REFUNDED"}.get(row["cancel"], "PAID")
    if row["respcd"] in DEAD:
        return "CANCELLED"
    if row["respcd"] in FAILED:
        return "FAILED"
    return "OPEN" if row["respcd"] in ("1143", "1145") else "UNKNOWN"


def cancel(out_trade_no, txamt, txdtm, how):
    """Query, call off if it is still open, query until the answer is final."""
    answered = refused = False
    for _ in range(40):
        state = look(out_trade_no)
        if state not in ("OPEN", "UNKNOWN"):
            return state
        if state == "OPEN" and refused:
            return "NOT_CANCELLABLE"
        if state == "OPEN" and not answered:
            try:
                reply = (reversal if how == "reversal" else close)(out_trade_no, txamt, txdtm)
                answered = reply["respcd"] not in UNCLEAR  # no verdict in any case: look again
                refused = answered and reply["respcd"] not in ("0000", "1143", "1145")
                if reply["respcd"] == "0000" or refused:
                    continue
            except OutcomeUnknown:
                pass  # it may have worked: look again
        time.sleep(PAUSE)
    return "UNRESOLVED"  # not failed: resume later, and do not charge again


# --8<-- [end:cancel]


# --8<-- [start:shop]
CLOSED = {"800201"}  # WeChat Pay MPM is called off by close, the others by reversal


def shop(number, txamt, txcurrcd, pay_type, auth_code=""):
    """Sell once. A sale that the journal has was sent already: ask, and never charge again."""
    orders = json.loads(JOURNAL.read_text()) if JOURNAL.exists() else {}
    if number not in orders:
        beijing = datetime.now(timezone(timedelta(hours=8)))
        orders[number] = beijing.strftime("%Y-%m-%d %H:%M:%S")
        note(orders)  # before the request is sent
        with suppress(OutcomeUnknown):  # charged or not: the query tells
            payment(pay_type, txamt, txcurrcd, number, orders[number], auth_code=auth_code)
    for _ in range(40):  # the payer has two minutes
        state = look(number)
        if state not in ("OPEN", "UNKNOWN"):
            break
        time.sleep(PAUSE)
    else:
        how = "close" if pay_type in CLOSED else "reversal"
        state = cancel(number, txamt, orders[number], how)
    return BELIEVED.get(state, "unknown")


BELIEVED = {"PAID": "paid", "CANCELLED": "not paid", "FAILED": "not paid", "REFUNDED": "not paid"}


def note(orders):
    """Written as a whole, on the disk before anything is sent."""
    new = JOURNAL.with_name(JOURNAL.name + ".new")
    with new.open("w") as file:
        json.dump(orders, file)
        file.flush()
        os.fsync(file.fileno())
    new.replace(JOURNAL)


# --8<-- [end:shop]


# --8<-- [start:server]
class Server(BaseHTTPRequestHandler):
    """Notifications: checked, asked about, and only then acknowledged."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/checkout":
            self.checkout(dict(parse_qsl(body.decode())))
        elif not verify(body, self.headers.get("X-QF-SIGN", "")):
            self.answer(403, b"")  # not QFPay's
        elif look(json.loads(body)["out_trade_no"]) == "UNKNOWN":
            self.answer(503, b"")  # QFPay sends it again
        else:
            self.answer(200, b"SUCCESS")  # here: book what the query says, once

    def checkout(self, form):
        names = ("number", "amount", "currency", "pay_type", "auth_code")
        believed = shop(*(form.get(name, "") for name in names))
        self.answer(200, believed.encode())

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


# --8<-- [end:server]


def main(what, *words):
    if what == "sign":
        print(sign(dict(word.split("=", 1) for word in words)))
    elif what == "verify":
        body = Path(words[0]).read_bytes()
        print("genuine" if verify(body, words[1]) else "not genuine")
    elif what == "cancel":
        print(cancel(*words))
    elif what == "shop":
        print(shop(*words))
    elif what == "serve":
        ThreadingHTTPServer(("127.0.0.1", int(words[0])), Server).serve_forever()
    else:
        known = (payment, query, reversal, close, refund, capture, release)
        calls = {f.__name__: f for f in known}
        print(json.dumps(calls[what](*words), ensure_ascii=False))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except OutcomeUnknown as error:
        sys.exit(f"unknown: {error}; query before anything else")
