"""What a cancel carries from its questions into its outcome, and in which words."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
import requests
import urllib3
from requests.adapters import BaseAdapter

from qftools import cancel
from qftools.cancellation.evidence import Known
from qftools.cancellation.findings import UNSIGNED, Answer, Difference, Finding
from qftools.cancellation.outcome import Outcome, Taken, outcome_of
from qftools.cancellation.policy import Policy
from qftools.cancellation.routing import route
from qftools.cancellation.run import finish, take
from qftools.cancellation.verdicts import UNSIGNED_PROOF, VERDICTS, Verdict
from qftools.cancellation.walk import Finished, Step, Walk
from qftools.catalogue import Text
from qftools.client.awaiting import at_once
from qftools.client.client import Client
from qftools.errors import RateLimitError
from qftools.exchange import Exchange, Request
from qftools.exchange.redaction import ShownExchange, redacted
from qftools.models import Credentials, Order
from qftools.signing import sign_body

ORDER = Order("A1", 100, "2026-01-05 10:00:00", pay_type="800101", txcurrcd="HKD")
OPEN = Answer(Finding.OPEN, "1143", signed=True)
NOTE = Text("因为", "because")
EXCHANGE = redacted(Exchange("query", Request("POST", "https://h", (), b""), None, None, 1.0, 2.0))


class Wire(BaseAdapter):
    """Carries bytes nowhere: answers each request in turn with what it was given."""

    def __init__(self, *answers: tuple[bytes, dict[str, str]] | Exception) -> None:
        super().__init__()
        self.answers = list(answers)
        self.asked: list[tuple[str, str]] = []

    def send(self, request, **settings):  # type: ignore[override]
        self.asked.append((request.url.rsplit("/", 1)[1], request.body.decode()))
        given = self.answers.pop(0)
        if isinstance(given, Exception):
            raise given
        body, headers = given
        answer = requests.Response()
        answer.status_code = int(headers.get("status", "200"))
        answer.headers.update(headers)
        answer.raw = urllib3.HTTPResponse(io.BytesIO(body), preload_content=False)
        return answer

    def close(self) -> None:
        pass


KEY = "0123456789ABCDEF"


def client_of(*answers: tuple[bytes, dict[str, str]] | Exception, now: float = 1000.0) -> Client:
    return Client(
        Credentials("APP", KEY),
        "http://localhost",
        adapter=Wire(*answers),
        clock=lambda: now,
        pause=lambda seconds: None,
    )


def reply(respcd: str = "0000", *, signed: bool = True, **fields: Any) -> tuple[bytes, Any]:
    body = json.dumps({"respcd": respcd, **fields}).encode()
    return body, {"X-QF-SIGN": sign_body(body, KEY)} if signed else {}


def row(respcd: str = "1143", **fields: Any) -> dict[str, Any]:
    return {
        "out_trade_no": "A1",
        "syssn": "20260105000200020000000001",
        "respcd": respcd,
        "txamt": "100",
        "txcurrcd": "HKD",
        "pay_type": "800101",
        "cancel": "0",
        "order_type": "payment",
        "txdtm": "2026-01-05 10:00:00",
        **fields,
    }


# ---- what one question told ---------------------------------------------------------------------


def test_a_question_says_its_finding_and_its_note_in_both_languages_english_first():
    plain = Taken(Step.LOOK, "query", OPEN, 1.0)
    noted = Taken(Step.LOOK, "query", Answer(Finding.SILENT, note=NOTE), 1.0)

    assert (plain.finding, noted.finding) == (Finding.OPEN, Finding.SILENT)
    assert (plain.note(), plain.exchange) == ("", None)
    assert [noted.note(), noted.note("en"), noted.note("zh")] == ["because", "because", "因为"]


# ---- the outcome --------------------------------------------------------------------------------


def outcome(verdict: Verdict, *steps: Taken, **fields: Any) -> Outcome:
    return Outcome(verdict, ORDER, steps, **fields)


def looked(answer: Answer = OPEN, exchange: ShownExchange | None = None) -> Taken:
    return Taken(Step.LOOK, "query", answer, 7.5, exchange)


def test_an_outcome_says_the_reason_where_there_is_one():
    plain = outcome(Verdict.PAID)

    assert (plain.reason, plain.because, plain.route, plain.warnings) == ("", None, None, ())
    assert outcome(Verdict.UNRESOLVED, because=NOTE).reason == "because"


def test_the_evidence_is_every_exchange_that_was_kept():
    kept = looked(exchange=EXCHANGE)

    assert outcome(Verdict.PAID, looked(), kept, kept).evidence == (EXCHANGE, EXCHANGE)


def test_the_last_answer_is_the_proof_of_every_verdict_but_unresolved():
    first, last = looked(), looked(Answer(Finding.PAID))

    for verdict in VERDICTS:
        proof = last if verdict is not Verdict.UNRESOLVED else None
        assert outcome(verdict, first, last).proof is proof
        assert outcome(verdict).proof is None


@pytest.mark.parametrize("verdict", VERDICTS)
def test_meaning_and_advice_are_those_of_the_verdict(verdict):
    ended = outcome(verdict, looked())

    assert ended.meaning == VERDICTS[verdict].meaning
    assert [ended.advice(), ended.advice("en"), ended.advice("zh")] == [
        VERDICTS[verdict].advice.en,
        VERDICTS[verdict].advice.en,
        VERDICTS[verdict].advice.zh,
    ]


@pytest.mark.parametrize("verdict", VERDICTS)
def test_the_advice_says_where_a_verdict_rests_on_an_answer_without_a_signature(verdict):
    advice = VERDICTS[verdict].advice
    ended = outcome(verdict, looked(), looked(Answer(Finding.PAID)))

    if verdict is Verdict.UNRESOLVED:  # it rests on nothing
        assert (ended.advice("en"), ended.advice("zh")) == (advice.en, advice.zh)
    else:
        assert ended.advice("en") == f"{advice.en} {UNSIGNED_PROOF.en}"
        assert ended.advice("zh") == f"{advice.zh}{UNSIGNED_PROOF.zh}"


def test_only_what_is_paid_with_a_pay_type_without_refunds_is_advised_against_a_refund():
    def told(verdict: Verdict, pay_type: str | None) -> bool:
        order = Order("A1", 100, "2026-01-05 10:00:00", pay_type=pay_type)
        advice = Outcome(verdict, order, (looked(),)).advice()
        assert ("can't be refunded" in advice) is (advice != VERDICTS[verdict].advice.en)
        return "can't be refunded" in advice

    assert told(Verdict.PAID, "802001")
    assert not told(Verdict.CANCELLED, "802001")
    assert not told(Verdict.PAID, "800101")
    assert not told(Verdict.PAID, "999999")
    assert not told(Verdict.PAID, None)


DIFFERS = Answer(
    Finding.SILENT,
    differs=(Difference("txamt", "2500", "100"), Difference("txcurrcd", "JPY", "HKD")),
)


def test_what_is_unresolved_because_the_books_differ_is_advised_field_by_field():
    ended = outcome(Verdict.UNRESOLVED, looked(), looked(DIFFERS))

    assert ended.corrections == {"txamt": "2500", "txcurrcd": "JPY"}
    assert ended.advice("en").startswith("The gateway has txamt 2500, you gave 100. If yours")
    assert " The gateway has txcurrcd JPY, you gave HKD. If yours" in ended.advice("en")
    assert "的 txamt 是 2500，而你给的是 100。" in ended.advice("zh")
    assert "的 txcurrcd 是 JPY，而你给的是 HKD。" in ended.advice("zh")


@pytest.mark.parametrize(
    ("verdict", "steps"),
    [
        (Verdict.UNRESOLVED, ()),
        (Verdict.UNRESOLVED, (looked(DIFFERS), looked())),
        (Verdict.PAID, (looked(DIFFERS),)),
    ],
)
def test_a_difference_that_does_not_end_the_cancel_asks_for_no_correction(verdict, steps):
    assert outcome(verdict, *steps).corrections == {}


@pytest.mark.parametrize("language", ["", "en", "zh"])
def test_the_outcome_as_plain_data_is_in_english_unless_asked_otherwise(language):
    order = Order("A1", 100, "2026-01-05 10:00:00", "20260105000200020000000001", "800101", "HKD")
    steps = (
        Taken(Step.LOOK, "query", OPEN, 1.5),
        Taken(Step.CANCEL, "reversal", Answer(Finding.SILENT, "1205", note=NOTE), 2.5, EXCHANGE),
        Taken(Step.CONFIRM, "query", DIFFERS, 3.5),
    )
    ended = Outcome(Verdict.UNRESOLVED, order, steps, NOTE, warnings=("late",))
    used = language or "en"
    names = ("step", "endpoint", "finding", "respcd", "note", "signed", "at")

    told = ended.to_dict(language) if language else ended.to_dict()

    assert list(told.items()) == [
        ("verdict", "UNRESOLVED"),
        ("reason", NOTE.say(used)),
        ("advice", ended.advice(used)),
        ("corrections", {"txamt": "2500", "txcurrcd": "JPY"}),
        ("charged", "unknown"),
        ("out_trade_no", "A1"),
        ("syssn", "20260105000200020000000001"),
        ("pay_type", "800101"),
        ("txamt", 100),
        ("txcurrcd", "HKD"),
        ("txdtm", "2026-01-05 10:00:00"),
        (
            "steps",
            [
                dict(zip(names, values, strict=True))
                for values in (
                    ("LOOK", "query", "OPEN", "1143", "", True, 1.5),
                    ("CANCEL", "reversal", "SILENT", "1205", NOTE.say(used), False, 2.5),
                    ("CONFIRM", "query", "SILENT", None, "", False, 3.5),
                )
            ],
        ),
        ("warnings", ["late"]),
    ]
    assert outcome(Verdict.PAID, looked()).to_dict()["reason"] == ""


# ---- from the choices to the outcome ------------------------------------------------------------


class Kept:
    """Keeps what it is given to drive, and drives nothing."""

    async def drive(self, client, walk, *, pause=None, watch=None):
        self.given = (client, walk, pause, watch)
        return outcome(Verdict.UNRESOLVED)


@pytest.mark.parametrize(
    ("now", "today"), [(1767628799.0, "2026-01-05"), (1767628800.0, "2026-01-06")]
)
def test_a_journal_is_given_every_choice_of_the_cancel_and_the_date_in_beijing(now, today):
    client, kept, policy = client_of(now=now), Kept(), Policy(confirm_tries=3)
    watch: Any = object()

    def pause(seconds):
        pass

    ended = cancel(
        client,
        ORDER,
        policy=policy,
        profile="docs-2026-02",
        hk_cancel="allow",
        pause=pause,
        journal=kept,
        watch=watch,
    )

    walk = Walk(ORDER, policy, "docs-2026-02", "allow", known=Known(signed=False), today=today)
    assert kept.given == (client, walk, pause, watch)
    assert ended == outcome(Verdict.UNRESOLVED)


def test_a_cancel_is_by_the_pay_types_own_patience_and_routing_where_nothing_else_is_said():
    client, kept = client_of(), Kept()
    client.signs = True

    cancel(client, ORDER, journal=kept)

    walk = Walk(ORDER, None, "seed", "deny", known=Known(signed=True), today="1970-01-01")
    assert kept.given == (client, walk, None, None)


class Notes:
    """A recorder that keeps all that it is told."""

    def __init__(self) -> None:
        self.told_of: list[Any] = []

    def asking(self, walk, action):
        self.told_of.append(("asking", walk, action))

    def told(self, walk, taken):
        self.told_of.append(("told", walk, taken))


PAID = row("0000")


def test_each_recorder_is_told_of_a_question_before_it_is_sent_and_after_it_is_answered():
    client, notes, walk = client_of(reply(data=[PAID])), [Notes(), Notes()], Walk(ORDER)
    action: Any = walk.action

    after, taken = take(client, walk, action, *notes)

    assert (taken.step, taken.endpoint, taken.at) == (Step.LOOK, "query", 1000.0)
    assert (taken.finding, taken.answer.signed) == (Finding.PAID, True)
    assert taken.exchange is client.exchanges[0]
    assert after == walk.told(taken.answer)
    told = [("asking", walk, action), ("told", after, taken)]
    assert [one.told_of for one in notes] == [told, told]


def test_what_a_recorder_raises_keeps_the_request_from_leaving():
    class Full(Notes):
        def asking(self, walk, action):
            raise OSError("the disk is full")

    client, walk = client_of(reply(data=[PAID])), Walk(ORDER)

    with pytest.raises(OSError, match="the disk is full"):
        cancel(client, walk.order, watch=Full())

    assert client.exchanges == ()


def test_a_question_without_a_usable_reply_is_told_with_its_exchange_and_its_trouble():
    client = client_of((b"", {"status": "429", "Retry-After": "7"}))
    walk = Walk(ORDER)
    action: Any = walk.action

    _, taken = take(client, walk, action)

    limited = RateLimitError("HTTP 429: too many requests, try again later")
    assert taken.answer == Answer(
        Finding.SILENT, note=Text(limited.say("zh"), str(limited)), wait=7
    )
    assert taken.exchange is client.exchanges[0]


def test_an_answer_of_a_megabyte_is_kept_cut():
    client, walk = client_of(reply(data=[row("0000", goods_name="tea" * 300_000)])), Walk(ORDER)
    action: Any = walk.action

    after, taken = take(client, walk, action)

    assert taken.answer.row is not None
    assert len(taken.answer.row.goods_name) < 2_000
    assert len(repr(after)) < 10_000


@pytest.mark.parametrize("signs", [True, False])
@pytest.mark.parametrize("step", [Step.LOOK, Step.CANCEL])
def test_an_unsigned_answer_is_believed_only_of_a_gateway_that_signs_none(signs, step):
    answer = reply(data=[PAID], signed=False) if step is Step.LOOK else reply(signed=False)
    walk = Walk(ORDER, known=Known(signed=signs), step=step, route=route("800101"))
    action: Any = walk.action

    _, taken = take(client_of(answer), walk, action)

    believed = Finding.PAID if step is Step.LOOK else Finding.CANCELLED
    assert taken.finding is (Finding.SILENT if signs else believed)
    assert (taken.answer.note == UNSIGNED) is signs
    assert taken.exchange is not None


def test_a_client_that_has_seen_a_signature_believes_no_cancel_without_one():
    client = client_of(*[reply(data=[PAID], signed=False)] * 20)
    client.signs = True

    assert cancel(client, ORDER).verdict is Verdict.UNRESOLVED


def test_a_cancel_that_was_left_goes_on_after_the_steps_that_it_has():
    before = looked()
    waits: list[float] = []
    notes = Notes()

    going_on = finish(
        client_of(reply(data=[PAID])),
        Walk(ORDER, wait=2.5),
        notes,
        pause=waits.append,
        steps=(before,),
    )
    ended = at_once(going_on)

    assert (ended.verdict, ended.steps[0], len(ended.steps)) == (Verdict.PAID, before, 2)
    assert waits == [2.5]
    assert [name for name, *_ in notes.told_of] == ["asking", "told"]


def test_a_cancel_waits_by_its_own_pause_where_one_is_given_and_else_by_the_clients():
    answers = [reply(data=[]), reply(data=[PAID])]
    own: list[float] = []
    clients: list[float] = []
    for pause in (own.append, None):
        client = client_of(*answers)
        client.pause = clients.append
        assert cancel(client, ORDER, pause=pause).verdict is Verdict.PAID

    assert own == clients != []


def sent(client: Client) -> list[str]:
    return [f"{each.endpoint} {each.request.body.decode()}" for each in client.exchanges]


def test_what_is_known_besides_an_order_is_sent_with_it_and_nothing_else_is():
    client = client_of(*[reply(data=[PAID])] * 2)

    cancel(client, ORDER)
    cancel(client, ORDER, mchid="M1")

    assert sent(client) == ["query out_trade_no=A1", "query mchid=M1&out_trade_no=A1"]


GATEWAYS = "20260105154100020000977816"


@pytest.mark.parametrize(
    "first",
    [requests.ConnectionError(), reply(data=[])],
    ids=["silent", "absent"],
)
def test_a_number_that_may_be_either_is_first_cancelled_as_what_the_books_have(first):
    by_syssn = row("0000", out_trade_no="A7", syssn=GATEWAYS)
    client = client_of(first, *[reply(data=[by_syssn])] * 2)

    ended = cancel(client, GATEWAYS)

    assert (ended.verdict, ended.order.syssn, len(ended.steps)) == (Verdict.PAID, GATEWAYS, 1)
    assert sent(client) == [
        f"query {name}={GATEWAYS}" for name in ("out_trade_no", "syssn", "syssn")
    ]


def test_a_number_that_the_books_lack_is_asked_for_as_either():
    client = client_of(*[reply(data=[])] * 40)

    ended = cancel(client, GATEWAYS, policy=Policy(absent_tries=1))

    assert (ended.verdict, ended.order.syssn) == (Verdict.NOT_FOUND, GATEWAYS)
    names = [each.split("=")[0].split()[1] for each in sent(client)]
    assert names[:2] == ["out_trade_no", "syssn"] and "out_trade_no" in names[2:]


def test_a_number_that_is_only_the_merchants_is_not_looked_up_before_it_is_asked_for():
    client = client_of(reply(data=[PAID]))

    assert cancel(client, "A1").verdict is Verdict.PAID
    assert len(sent(client)) == 1


def test_the_outcome_takes_verdict_reason_order_and_route_from_the_walk():
    by = route("800101")
    walk = Walk(ORDER, route=by, end=Finished(Verdict.NOT_CANCELLABLE, NOTE))
    steps = (looked(),)

    ended = outcome_of(walk, steps)

    assert ended == Outcome(Verdict.NOT_CANCELLABLE, ORDER, steps, NOTE, by)
    assert ended.warnings == ()
