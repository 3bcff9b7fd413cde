"""Whatever merchants, payers, wallets, clocks and faults do in whatever order: the books balance.

``CI=true`` walks 10,000 steps and more; without it a tenth. ``make prove`` walks as far as told.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from qftools import catalogue
from qftools.sandbox import Sandbox
from qftools.sandbox.books.orders import Entry, Row
from qftools.sandbox.books.payer import ACTS
from qftools.sandbox.books.states import OPEN
from qftools.sandbox.gateway import magic
from qftools.sandbox.gateway.faults import NAMES
from qftools.sandbox.keeping.records import Snapshot
from qftools.sandbox.sandbox import CLIENT_KEY
from tests.sandbox.doors import Answer, GatewayDoor, NoReplyError

STEPS = 50
WALKS = 240 if os.environ.get("CI") == "true" else 30
LEAST_STEPS = 10_000 if os.environ.get("CI") == "true" else 750
PAYABLE = sorted(code for code, row in catalogue.pay_types().items() if row.mode != "cpm")
SCANNED = sorted(code for code, row in catalogue.pay_types().items() if row.mode == "cpm")
MAGIC = sorted(magic.table())
COUNTED: Counter[str] = Counter()

CANCELLED_CODES = {"1142", "1263"}
FAILED_CODES = set(catalogue.codes()) - {"0000", "1143", "1145", "1181"} - CANCELLED_CODES


class Shop(RuleBasedStateMachine):
    """One gateway and everybody around it."""

    orders = Bundle("orders")
    snapshots = Bundle("snapshots")

    def __init__(self) -> None:
        super().__init__()
        self.sandbox = Sandbox()  # closed by `open_shop`, before anything else
        self.money: Counter[str] = Counter()

    @initialize(
        cancel_paid=st.sampled_from(["deny", "refund"]),
        cancel_latency=st.integers(0, 2),
        duplicate_code=st.sampled_from(["1251", "idempotent"]),
        takings=st.sampled_from(["check", "ignore"]),
        refund_night=st.sampled_from(["made", "asked", "allow"]),
        hk_cancel=st.sampled_from(["deny", "allow"]),
    )
    def open_shop(self, **switches: Any) -> None:
        self.sandbox.close()
        self.sandbox = Sandbox(**switches)
        self.voids = switches["cancel_paid"] == "refund"
        self.door = GatewayDoor(self.sandbox)
        self.sandbox._gateway.ledger.on_money.append(self.note_money)

    def note_money(self, entry: Entry, at: float) -> None:
        self.money[entry.syssn] += 1

    def teardown(self) -> None:
        self.sandbox.close()

    def ask(self, endpoint: str, **params: str) -> Answer | None:
        """The answer; None where none came, or one that was altered on its way."""
        COUNTED["requests"] += 1
        try:
            answer = self.door.call(endpoint, params)
        except NoReplyError:
            return None
        signed = hashlib.md5(answer.body + CLIENT_KEY.encode()).hexdigest()
        if answer.headers.get("X-QF-SIGN", "").lower() != signed:
            return None
        COUNTED["believed"] += 1
        return answer

    # -- the merchant -----------------------------------------------------------------

    @rule(
        target=orders,
        pay_type=st.sampled_from(PAYABLE),
        txamt=st.sampled_from([1, 2500, *MAGIC]),
        currency=st.sampled_from(["HKD", "EUR", "JPY"]),
    )
    def place(self, pay_type: str, txamt: int, currency: str) -> str:
        number = f"P{len(self.sandbox._gateway.books)}x{COUNTED['requests']}"
        self.pay(number, pay_type, txamt, txcurrcd=currency)
        return number

    @rule(
        target=orders,
        pay_type=st.sampled_from(SCANNED),
        prefix=st.sampled_from(["13", "28", "62"]),
        number=st.sampled_from([0, *MAGIC]),
    )
    def scan(self, pay_type: str, prefix: str, number: int) -> str:
        code = magic.auth_code(prefix, number) if number else prefix + "1" * 16
        out_trade_no = f"S{len(self.sandbox._gateway.books)}x{COUNTED['requests']}"
        self.pay(out_trade_no, pay_type, 2500, auth_code=code)
        return out_trade_no

    def pay(self, number: str, pay_type: str, txamt: int, **more: str) -> None:
        params = {"out_trade_no": number, "pay_type": pay_type, "txamt": str(txamt)}
        self.ask("payment", txdtm="2026-01-05 10:00:00", **({"txcurrcd": "HKD"} | params | more))

    @rule(number=orders)
    def repeat(self, number: str) -> None:
        before = self.find(number)
        self.pay(number, "800101", 7)
        assert self.find(number) == before or before is None

    @rule(number=orders)
    def look(self, number: str) -> None:
        answer = self.ask("query", out_trade_no=number)
        if answer is not None and answer.status == 200:
            for row in answer.json["data"]:
                self.compare(row, self.sandbox.order(row["syssn"]))

    @rule(number=orders, endpoint=st.sampled_from(["reversal", "close"]))
    def cancel(self, number: str, endpoint: str) -> None:
        before = self.find(number)
        amount = str(before.txamt) if before else "1"
        time = "2026-01-05 10:00:00"
        answer = self.ask(endpoint, out_trade_no=number, txamt=amount, txdtm=time)
        after = self.find(number)
        if before is not None and after is not None and before.paid and not self.voids:
            assert after.kept == before.kept  # what is paid is never cancelled
        if answer is not None and answer.status == 200 and after is not None:
            self.check_chain(answer, after)

    @rule(number=orders, txamt=st.one_of(st.just(0), st.integers(1, 100_000)))
    def refund(self, number: str, txamt: int) -> None:
        order = self.find(number)
        if order is None:
            return
        before = order.refunded
        answer = self.ask(
            "refund",
            syssn=order.syssn,
            out_trade_no=f"R{len(self.sandbox._gateway.books)}x{COUNTED['requests']}",
            txamt=str(txamt or order.txamt),
            txdtm="2026-01-05 10:00:00",
        )
        after = self.sandbox.order(order.syssn)
        if answer is not None and answer.status == 200 and answer.respcd not in ("0000", "1143"):
            assert after.refunded == before or answer.respcd == "1251"  # delivered twice

    # -- payers, clocks, faults ---------------------------------------------------------

    @rule(number=orders, act=st.sampled_from(sorted(ACTS)))
    def act(self, number: str, act: str) -> None:
        if self.find(number) is not None:
            getattr(self.sandbox.payer(number), act)()

    @rule(seconds=st.sampled_from([0.0, 1.0, 59.0, 301.0, 1801.0, 86_400.0]))
    def wait(self, seconds: float) -> None:
        self.sandbox.clock.advance(seconds)

    @rule(name=st.sampled_from(sorted(NAMES)), on=st.sampled_from(["payment", "cancel", "refund"]))
    def break_something(self, name: str, on: str) -> None:
        self.sandbox.fault(name, on=on)

    @rule(target=snapshots)
    def remember(self) -> tuple[Snapshot, tuple[Row, ...], Counter[str]]:
        return self.sandbox._keeping.snapshot(), self.sandbox.orders(None), self.money.copy()

    @rule(snapshot=consumes(snapshots))
    def go_back(self, snapshot: tuple[Snapshot, tuple[Row, ...], Counter[str]]) -> None:
        records, rows, money = snapshot
        self.sandbox._keeping.restore(records)
        self.money = money.copy()
        assert self.sandbox.orders(None) == rows

    # -- what always holds ----------------------------------------------------------------

    @invariant()
    def money_moves_once_and_never_more_than_was_asked_for(self) -> None:
        COUNTED["steps"] += 1  # invariants are checked after every step
        payments = {order.syssn: order for order in self.sandbox.orders()}
        refunds: Counter[str] = Counter()
        for order in payments.values():
            assert order.paid in (0, order.txamt)
            assert 0 <= order.refunded <= order.paid
            assert self.money[order.syssn] == (1 if order.paid else 0)
        for refund in self.sandbox.orders("refund"):
            done = refund.state == "refunded"
            assert self.money[refund.syssn] == done
            refunds[refund.orig_syssn] += refund.txamt * done
        for syssn, order in payments.items():
            voided = self.voids and order.refunded == order.paid and not refunds[syssn]
            assert voided or refunds[syssn] == order.refunded

    @invariant()
    def nothing_is_both_paid_and_cancelled(self) -> None:
        for order in self.sandbox.orders():
            came = order.state in ("paid", "refunding", "refunded", "partially refunded")
            assert bool(order.paid) == came

    @invariant()
    def what_is_kept_of_an_order_is_what_it_is(self) -> None:
        for entry in self.sandbox._gateway.books:  # a change that nobody noted would be lost
            assert entry.to_keep() == json.loads(json.dumps(entry.to_record()))

    @invariant()
    def numbers_are_unique_and_every_refund_and_cancel_belongs_to_a_payment(self) -> None:
        rows = self.sandbox.orders(None)
        payments = {row.syssn for row in rows if row.order_type == "payment"}
        assert len({row.syssn for row in rows}) == len(rows)
        numbered = [row.out_trade_no for row in rows if row.order_type != "close"]
        assert len(set(numbered)) == len(numbered)
        assert {row.orig_syssn for row in rows if row.order_type != "payment"} <= payments

    @invariant()
    def takings_are_what_came_less_what_went_back(self) -> None:
        kept = sum(order.kept for order in self.sandbox.orders())
        assert sum(self.sandbox._gateway.ledger.takings.values()) == kept

    # -- how ------------------------------------------------------------------------------

    def find(self, number: str) -> Row | None:
        entry = self.sandbox._gateway.books.search(number)
        return None if entry is None else self.sandbox.order(number)

    def compare(self, row: dict[str, str], order: Row) -> None:
        """A query shows what happened."""
        respcd, flag = row["respcd"], row["cancel"]
        shown = {
            "0000": order.paid > 0 or order.state == "held",
            "1143": order.state in OPEN,
            "1145": order.state in OPEN,
            "1181": order.state == "expired",
        }
        if respcd in CANCELLED_CODES:
            assert order.state == "cancelled" and flag in ("1", "2")
        elif respcd in shown:
            assert shown[respcd], (row, order)
        else:
            assert respcd in FAILED_CODES and order.state == "failed"
        assert (flag in ("3", "5")) == (order.refunded > 0)

    def check_chain(self, answer: Answer, order: Row) -> None:
        body = answer.json
        if "syssn" in body:
            assert body["orig_syssn"] == order.syssn != body["syssn"]
            assert self.sandbox.order(body["syssn"]).orig_syssn == order.syssn


def test_the_books_balance_however_long_one_walks():
    COUNTED.clear()
    Shop.TestCase.settings = settings(
        max_examples=max(WALKS, int(os.environ.get("EXAMPLES", "0")) // STEPS),
        stateful_step_count=STEPS,
        suppress_health_check=list(HealthCheck),
        deadline=None,
    )

    Shop.TestCase().runTest()

    assert COUNTED["steps"] >= LEAST_STEPS
    assert COUNTED["believed"] > COUNTED["requests"] / 2
