"""Over schedules on a gateway that shares no code with the sandbox, no verdict is false."""

from __future__ import annotations

import ast
import json
import secrets
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from qftools.cancellation.findings import Finding
from qftools.cancellation.refunding import REFUND_NEXT
from qftools.cancellation.run import finish
from qftools.cancellation.verdicts import VERDICTS, Verdict
from qftools.cancellation.walk import NEXT, Step, Walk
from qftools.client.client import Client
from tests.prove.__main__ import played
from tests.prove.other import refunds
from tests.prove.other.breaks import ENCODINGS, leaks
from tests.prove.other.proof import prove
from tests.prove.other.schedule import of_a_hold, schedule
from tests.prove.other.stage import NUMBER

FIXED = 300
FRESH = 180
FEW = 60  # of holds and of refunds, each
CAUGHT_WITHIN = 1000


def disagreements(results, gateway="other"):
    return [
        f"python -m tests.prove --gateway {gateway} --replay {r.seed}: {r.disagreements}"
        for r in results
        if r.disagreements
    ]


def test_no_verdict_differs_from_the_truth_over_the_same_schedules_every_day():
    results = [played(seed, "other") for seed in range(FIXED)]

    assert disagreements(results) == []
    # The schedules are worth something: every verdict occurs, and processes died.
    of_payments = set(VERDICTS) - {Verdict.HELD, Verdict.RELEASED}
    assert set(Counter(result.verdict for result in results)) == of_payments
    assert sum(result.deaths for result in results) > FIXED // 6


def test_no_verdict_differs_from_the_truth_over_schedules_that_no_run_has_had_yet():
    first = secrets.randbelow(10**9)

    assert disagreements([played(seed, "other") for seed in range(first, first + FRESH)]) == []


@pytest.mark.parametrize(
    ("gateway", "often"),
    [
        ("other-hold", {Verdict.RELEASED, Verdict.HELD, Verdict.CANCELLED, Verdict.PAID}),
        ("other-refund", {Verdict.REFUNDED, Verdict.NOT_REFUNDED, Verdict.NOT_FOUND}),
    ],
)
def test_no_verdict_of_a_hold_or_of_a_refund_differs_from_the_truth(gateway, often):
    first = secrets.randbelow(10**9)
    seeds = [*range(FEW), *range(first, first + FEW // 3)]

    results = [played(seed, gateway) for seed in seeds]

    assert disagreements(results, gateway) == []
    assert {result.verdict for result in results} >= often
    assert sum(result.deaths for result in results) > FEW // 6


FOUND = (
    73368849,  # another payment of the number, of a type that no source knows
    # A page that says it has two rows, and a third of another merchant behind them.
    40567671689,
    40567672295,
    40567691092,
    40567711188,
    # Another payment of the number decided how the one that was named had ended.
    40567686723,
    40567696820,
    40567713364,
    40567715971,  # a code of refunds in the row of a payment
    # Another payment of the number, over other money, was said to be over; it was paid, or open.
    52363066193,
    52363067164,
    52363096651,
    52363104948,
    # Another payment was seen paid once, and not asked for again.
    77416334041,
    77416361352,
    77416333747,  # it was refunded after the last query
)


OF_HOLDS = (
    112,  # a row without a pay type made a hold look charged
    143,  # a release in progress was shown as open, and was reversed
)


@pytest.mark.parametrize("seed", OF_HOLDS)
def test_what_a_schedule_of_a_hold_once_showed_to_be_wrong_stays_right(seed):
    assert disagreements([played(seed, "other-hold")], "other-hold") == []


@pytest.mark.parametrize("seed", FOUND)
def test_what_a_schedule_once_showed_to_be_wrong_stays_right(seed):
    assert disagreements([played(seed, "other")]) == []


def test_over_a_real_socket_the_same_holds():
    plans = [schedule(seed, over="socket") for seed in range(25)]

    assert disagreements([prove(plan) for plan in plans]) == []


def test_a_seed_plays_the_same_schedule_again():
    assert [played(seed, "other") for seed in range(40)] == [
        played(seed, "other") for seed in range(40)
    ]


def test_the_second_gateway_knows_nothing_of_the_sandbox_nor_of_the_rules_it_checks():
    allowed = {
        *("cancellation", "client", "journal", "models", "verdicts", "walk"),  # what is proved
        "policy",  # how patient: it changes no verdict
    }
    for path in (Path(__file__).parent / "other").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                names = node.module.split(".")
                assert names[0] != "qftools" or names[1] in allowed, path
                assert node.module not in ("tests.prove.stage", "tests.prove.proof"), path


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_key_that_stands_in_the_output_is_seen_in_every_encoding(encoding):
    key = "5744993FBC034DBBB995FAD0C1B2E3F4"

    assert leaks(key, f"before {ENCODINGS[encoding](key)} after")
    assert leaks(key, json.dumps({"said": ENCODINGS[encoding](key)}))
    assert not leaks(key, "a text without it")


# ---- is the proof able to fail? clients that read carelessly, flows that are broken ----------


class Careless(Client):
    """A client whose reading of queries is spoilt before the rules see it."""

    def call(self, endpoint, params):
        reply = super().call(endpoint, self.asked(endpoint, dict(params)))
        if endpoint != "query" or not isinstance(reply.body.get("data"), list):
            return reply
        return self.spoilt(reply, reply.body["data"])

    def asked(self, endpoint, params):
        return params

    def spoilt(self, reply, rows):
        return replace(reply, body={**reply.body, "data": self.rows(rows)})

    def rows(self, rows):
        return rows


class BelievesTheFirstRow(Careless):
    def rows(self, rows):
        return rows[:1]


class IgnoresTheAmount(Careless):
    def rows(self, rows):
        return [{**row, "txamt": ""} if isinstance(row, dict) else row for row in rows]


class IgnoresTheCurrency(Careless):
    def rows(self, rows):
        return [{**row, "txcurrcd": ""} if isinstance(row, dict) else row for row in rows]


class DropsWhatIsNoRow(Careless):
    def rows(self, rows):
        return [row for row in rows if isinstance(row, dict)]


class Takes1136ForFailed(Careless):
    def rows(self, rows):
        codes = {"1136": "1205", "1265": "1205"}
        return [
            {**row, "respcd": codes.get(str(row.get("respcd")), row.get("respcd"))}
            if isinstance(row, dict)
            else row
            for row in rows
        ]


class TakesEveryFlagForNone(Careless):
    def rows(self, rows):
        flags = ("0", "1", "2", "3", "5")
        return [
            {**row, "cancel": "0"}
            if isinstance(row, dict) and str(row.get("cancel")).strip() not in flags
            else row
            for row in rows
        ]


class TakesEveryRowForAPayment(Careless):
    def rows(self, rows):
        return [
            {**row, "order_type": "payment", "origssn": ""} if isinstance(row, dict) else row
            for row in rows
        ]


class TakesEveryRowForThisOrder(Careless):
    def rows(self, rows):
        numbers = ("syssn", "out_trade_no")
        return [
            {name: value for name, value in row.items() if name not in numbers}
            | {"out_trade_no": NUMBER}
            if isinstance(row, dict)
            else row
            for row in rows
        ]


class TakesTheUnsignedForSigned(Careless):
    def spoilt(self, reply, rows):
        return replace(reply, signed=True)


class AsksInNoOtherMonth(Careless):
    def asked(self, endpoint, params):
        return {n: v for n, v in params.items() if n not in ("start_time", "end_time")}


class CancelsByTheNumberAlone(Careless):
    def asked(self, endpoint, params):
        if endpoint == "query" or "syssn" not in params:
            return params
        del params["syssn"]
        return {**params, "out_trade_no": NUMBER}


CARELESS = [
    BelievesTheFirstRow,
    IgnoresTheAmount,
    IgnoresTheCurrency,
    DropsWhatIsNoRow,
    Takes1136ForFailed,
    TakesEveryFlagForNone,
    TakesEveryRowForAPayment,
    TakesEveryRowForThisOrder,
    TakesTheUnsignedForSigned,
    AsksInNoOtherMonth,
    CancelsByTheNumberAlone,
]


@pytest.mark.parametrize("client", CARELESS)
def test_a_careless_client_is_caught(client):
    assert caught(lambda plan: prove(plan, kind=client))


BROKEN = {
    "skips CONFIRM": {**NEXT, Step.CANCEL: dict.fromkeys(Finding, Verdict.CANCELLED)},
    "takes silence for failure": {
        **NEXT,
        Step.LOOK: {**NEXT[Step.LOOK], Finding.SILENT: Verdict.FAILED},
    },
    "takes silence after the cancel for cancelled": {
        **NEXT,
        Step.CONFIRM: {**NEXT[Step.CONFIRM], Finding.SILENT: Verdict.CANCELLED},
    },
    "believes ABSENT at once": {
        **NEXT,
        Step.LOOK: {**NEXT[Step.LOOK], Finding.ABSENT: Verdict.FAILED},
    },
}


@pytest.mark.parametrize("table", BROKEN.values(), ids=BROKEN)
def test_a_broken_flow_is_caught(table):
    def flow(stage):
        plan = stage.plan
        return Walk(stage.order, plan.policy, plan.profile, plan.hk_cancel, table=table)

    assert caught(lambda plan: prove(plan, flow=flow))


class TakesAHoldForACharge(Careless):
    def rows(self, rows):
        return [{**row, "pay_type": "800101"} if isinstance(row, dict) else row for row in rows]


class Broken:
    """Runs the refund's walk with another table."""

    def __init__(self, step, finding, verdict):
        self.table = {**REFUND_NEXT, step: {**REFUND_NEXT[step], finding: verdict}}

    async def drive(self, client, walk, *, watch, pause):
        return await finish(client, replace(walk, table=self.table), watch, pause=pause)


def test_a_client_that_takes_a_hold_for_a_charge_is_caught():
    assert caught(lambda plan: prove(plan, kind=TakesAHoldForACharge), of=of_a_hold)


@pytest.mark.parametrize(
    "keeper",
    [
        Broken(Step.REFUND, Finding.REFUNDED, Verdict.REFUNDED),
        Broken(Step.CONFIRM, Finding.ABSENT, Verdict.NOT_REFUNDED),
        Broken(Step.CONFIRM, Finding.OPEN, Verdict.REFUNDED),
    ],
    ids=["the reply", "absence", "progress"],
)
def test_a_flow_of_refunds_that_is_broken_is_caught(keeper):
    def play(plan):
        return refunds.prove(plan, keeper=keeper)

    assert caught(play, of=refunds.schedule, right=refunds.prove)


def caught(play, of=schedule, right=prove):
    """Whether some schedule is failed by what is broken, and by that alone."""
    plans = (of(seed, kills=False) for seed in range(CAUGHT_WITHIN))
    return any(disagrees(play, plan) and not disagrees(right, plan) for plan in plans)


def disagrees(play, plan):
    try:
        return bool(play(plan).disagreements)
    except Exception:
        return True


def test_a_careful_client_is_not_caught_by_what_catches_the_careless_ones():
    results = [prove(schedule(seed, kills=False), kind=Careless) for seed in range(200)]

    assert disagreements(results) == []
