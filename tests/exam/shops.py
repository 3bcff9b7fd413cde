"""A right shop in steps, and shops with one classic mistake each: one step done wrong."""

from __future__ import annotations

import itertools
import json
from contextlib import suppress

from qftools import GatewayError, Inbox, Order, OutcomeUnknownError, SignatureError, cancel

BELIEFS = {"yes": "paid", "unknown": "unknown", "no": "not paid", "returned": "not paid"}


class Shop:
    """Does it right: writes down, charges once, cancels with proof, checks notifications."""

    def __init__(self, sale):
        self.sale, self.client = sale, sale.client()

    def sell(self):
        known = self.remembered()
        order = known or self.order(self.sale.number)
        if not known:
            self.write(order)
            said = self.charge(order)
            if said is not None:
                return said
        return self.settled(order)

    def order(self, number):
        sale = self.sale
        named = {"out_trade_no": number, "txamt": sale.txamt}
        return {**named, "txcurrcd": sale.txcurrcd, "pay_type": sale.pay_type}

    def remembered(self):
        journal = self.sale.journal
        return json.loads(journal.read_text()) if journal.exists() else None

    def write(self, order):
        self.sale.journal.write_text(json.dumps(order))

    def pay(self, order):
        code = {"auth_code": self.sale.auth_code} if self.sale.auth_code else {}
        return self.client.pay(**order, **code)

    def charge(self, order):
        with suppress(OutcomeUnknownError, GatewayError):
            self.pay(order)

    def settled(self, order):
        return BELIEFS[cancel(self.client, Order(**order)).charged]

    @classmethod
    def receiver(cls, sale):
        return Inbox(sale.client(), book=lambda row: None).receive


class ChargesAgain(Shop):
    """No reply: so it charges again, under a new number, until one is answered."""

    def charge(self, order):
        for attempt in range(3):
            order["out_trade_no"] = f"{self.sale.number}_{attempt}"
            self.write(order)
            with suppress(GatewayError):
                try:
                    self.pay(order)
                except OutcomeUnknownError:
                    continue
            return


class TakesSilenceForFailure(Shop):
    """No reply to the payment: it says that nothing was paid."""

    def charge(self, order):
        try:
            with suppress(GatewayError):
                self.pay(order)
        except OutcomeUnknownError:
            return "not paid"
        return None


class TakesProgressForFailure(Shop):
    """1143 or 1145 in the query: it says that nothing was paid, and leaves the order open."""

    def settled(self, order):
        rows = self.client.query(order["out_trade_no"]).asked_rows
        if rows and rows[0].respcd in ("1143", "1145"):
            return "not paid"
        return super().settled(order)


class ReadsTheOuterCode(Shop):
    """0000 of the query's envelope: it says paid, whatever the row says."""

    def settled(self, order):
        with suppress(OutcomeUnknownError):
            if self.client.query(order["out_trade_no"]).respcd == "0000":
                return "paid"
        return super().settled(order)


class BelievesTheCancel(Shop):
    """0000 of a cancel: it says not paid, without a query after it."""

    def settled(self, order):
        with suppress(OutcomeUnknownError, GatewayError):
            rows = self.client.query(order["out_trade_no"]).asked_rows
            if rows and rows[0].state == "open":
                call = self.client.close if self.sale.pay_type == "800201" else self.client.reverse
                if call(Order(**order, txdtm=rows[0].txdtm)).respcd == "0000":
                    return "not paid"
        return super().settled(order)


class ForgetsInACrash(Shop):
    """It writes the order down only once the payment has been answered."""

    starts = itertools.count()

    def write(self, order):
        pass

    def order(self, number):
        return super().order(f"{number}_{next(self.starts)}")

    def charge(self, order):
        super().charge(order)
        super().write(order)


class TrustsNotifications(Shop):
    """Whoever posts to its receiver is believed."""

    @classmethod
    def receiver(cls, sale):
        def receive(headers, body):
            sale.journal.with_name("told").write_text(json.loads(body)["out_trade_no"])
            return 200, b"SUCCESS"

        return receive

    def sell(self):
        told = self.sale.journal.with_name("told")
        known = self.remembered()
        if known and told.exists() and told.read_text() == known["out_trade_no"]:
            return "paid"
        return super().sell()


class TrustsAnswers(Shop):
    """It never checks the signature of an answer: what it says is believed."""

    def charge(self, order):
        with suppress(GatewayError, OutcomeUnknownError):
            try:
                self.pay(order)
            except SignatureError:
                return self.told() if self.sale.auth_code else None
        return None

    def settled(self, order):
        try:
            self.client.call("query", {"out_trade_no": order["out_trade_no"]})
        except SignatureError:
            return self.told() or super().settled(order)
        except OutcomeUnknownError:
            pass
        return super().settled(order)

    def told(self):
        answer = json.loads(self.client.exchanges[-1].response.body)
        (row,) = answer.get("data", [answer])
        return {"0000": "paid", "1205": "not paid"}.get(row["respcd"])


class ReversesEverything(Shop):
    """It calls reversal for each wallet, and takes the refusal for an end."""

    def settled(self, order):
        with suppress(OutcomeUnknownError):
            rows = self.client.query(order["out_trade_no"]).asked_rows
            if rows and rows[0].state == "open" and self.sale.pay_type == "800201":
                sent = {name: order[name] for name in ("out_trade_no", "txamt")}
                with suppress(GatewayError):
                    self.client.call("reversal", {**sent, "txdtm": rows[0].txdtm})
                return "not paid"
        return super().settled(order)


class SaysUnknownTooSoon(Shop):
    """One query, and no more."""

    def settled(self, order):
        with suppress(OutcomeUnknownError):
            rows = self.client.query(order["out_trade_no"]).asked_rows
            if rows and rows[0].state == "paid":
                return "paid"
        return "unknown"
