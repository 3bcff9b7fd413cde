"""Runs the cancel flow: sends, waits, and returns a verdict with its evidence.

The rules are in `walk`; client and wait function are arguments. `cancel` and `acancel` are the
same flow: it awaits what an `AsyncClient` gives, and a `Client` gives nothing to await.
"""

from __future__ import annotations

import datetime
import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Protocol

from qftools import catalogue
from qftools.cancellation import evidence, findings
from qftools.cancellation.findings import Answer, Difference, Finding
from qftools.cancellation.policy import Policy
from qftools.cancellation.refunding import RefundWalk
from qftools.cancellation.routing import HongKong, Profile, Route
from qftools.cancellation.tracing import span
from qftools.cancellation.verdicts import (
    CORRECT,
    HOW,
    NO_REFUND,
    OF_A_CAPTURE,
    REFUNDS,
    UNSIGNED_PROOF,
    VERDICTS,
    Verdict,
    VerdictRow,
)
from qftools.cancellation.walk import Ask, Finished, Step, Wait, Walk
from qftools.catalogue import Text
from qftools.client.awaiting import at_once, settled
from qftools.client.client import Client
from qftools.client.numbers import namings
from qftools.errors import InputError, OutcomeUnknownError
from qftools.exchange.redaction import ShownExchange
from qftools.locale import mark
from qftools.markup import Markup, el
from qftools.models import Order
from qftools.texts import harmless, spoken
from qftools.validation import BEIJING

if TYPE_CHECKING:
    from qftools.client.async_client import AsyncClient

    AnyClient = Client | AsyncClient
    Pause = Callable[[float], Awaitable[None] | None]


@dataclass(frozen=True, slots=True, repr=False)
class Taken:
    """One request of a cancel and its answer.

    Attributes:
        step: What the request was for.
        endpoint: The endpoint it was sent to.
        answer: What was read from the answer.
        at: When the answer arrived, seconds since 1970 by the client's clock.
        exchange: Request and reply, redacted; None where nothing was kept.
    """

    step: Step
    endpoint: str
    answer: Answer
    at: float
    exchange: ShownExchange | None = None

    def __repr__(self) -> str:
        words = (self.step, self.endpoint, self.finding, self.answer.respcd)
        return f"Taken({' '.join(str(word) for word in words if word)})"

    @property
    def finding(self) -> Finding:
        """What the question told about the order."""
        return self.answer.finding

    def note(self, language: str | None = None) -> str:
        """Why the answer was read so; empty where that is plain."""
        return self.answer.note.say(language) if self.answer.note else ""


@dataclass(frozen=True, slots=True, repr=False)
class Outcome:
    """The result of a cancel or of a refund, with all its evidence.

    Attributes:
        verdict: How it ended.
        order: The order, completed with the gateway's values; of a refund, the refund itself.
        steps: Every request with its answer, in order.
        because: Why, in both languages, where the verdict alone does not say.
        route: The call that cancels this order; None where it was not needed.
        warnings: Problems that did not change the verdict.
        payment: Of a refund: the payment that it gives back; None for a cancel.
    """

    verdict: Verdict
    order: Order
    steps: tuple[Taken, ...]
    because: Text | None = None
    route: Route | None = None
    warnings: tuple[str, ...] = ()
    payment: Order | None = None

    def __repr__(self) -> str:
        steps = " ".join(taken.step for taken in self.steps)
        return f"Outcome({self.verdict}, {self.order.number!r}, {steps or 'no steps'})"

    def __str__(self) -> str:
        return self.say()

    def say(self, language: str | None = None) -> str:
        """Return verdict, reason, warnings and advice as text, in ``"zh"`` or ``"en"``.

        Example:
            >>> print(Outcome(Verdict.PAID, Order("A1", 100), ()))
            PAID  The payer was charged.
            Deliver what was bought; if the sale is cancelled, refund it. Do not reverse it.
        """
        meaning = f"{self.verdict}  {self.meaning.say(language)}"
        lines = (meaning, *self.remarks(language), self.advice(language))
        return "\n".join(harmless(line) for line in lines if line)

    def remarks(self, language: str | None = None) -> tuple[str, ...]:
        """Return what is said between verdict and advice: void or refund, reason, warnings."""
        texts = (HOW.get(self.how), self.because)
        return (*(words.say(language) for words in texts if words), *self.warnings)

    def _repr_html_(self) -> Markup:
        verdict, *lines = self.say().splitlines()
        return el("div", el("b", verdict), *(el("div", line) for line in lines))

    @property
    def reason(self) -> str:
        """Why, in English, where the verdict alone does not say; empty where it does."""
        return self.because.en if self.because else ""

    @property
    def evidence(self) -> tuple[ShownExchange, ...]:
        """Every exchange, redacted, in order."""
        return tuple(taken.exchange for taken in self.steps if taken.exchange is not None)

    @property
    def proof(self) -> Taken | None:
        """The answer that the verdict rests on; None where nothing is proved."""
        if self.verdict is Verdict.UNRESOLVED or not self.steps:
            return None
        return self.steps[-1]

    @property
    def meaning(self) -> Text:
        """What the verdict says about the payer's money."""
        return self._row.meaning

    @property
    def charged(self) -> str:
        """Whether the payer was charged: ``"no"``, ``"yes"``, ``"returned"``, ``"unknown"``."""
        return self._row.charged

    @property
    def exit_status(self) -> int:
        """The exit status of the command line."""
        return self._row.exit_status

    @property
    def how(self) -> str:
        """How money went back: ``"refund"``, ``"void"`` (a card payment of the same day, called
        off as a whole), ``"unknown"`` (a card's, whose reply was lost); empty where none did.
        """
        if self.payment is None or self.verdict is not Verdict.REFUNDED:
            return ""
        replies = [taken.answer for taken in self.steps if taken.step is Step.REFUND]
        voided = self.route is not None  # by a reversal, whose reply claims that it is cancelled
        done = Finding.CANCELLED if voided else None
        if any(answer.void or answer.finding is done for answer in replies):
            return "void"
        row = catalogue.pay_types().get(str(self.order.pay_type))
        heard = any(answer.finding is not Finding.SILENT for answer in replies)
        may_be_void = row is None or row.wallet in catalogue.CARDS
        return "unknown" if voided or (may_be_void and not heard) else "refund"

    @property
    def _row(self) -> VerdictRow:
        return (VERDICTS if self.payment is None else REFUNDS)[self.verdict]

    def advice(self, language: str | None = None) -> str:
        """Return what to do next, in ``"zh"`` or ``"en"``.

        Example:
            >>> order = Order("A1", 100, "2026-01-05 10:00:00", pay_type="802001")
            >>> Outcome(Verdict.PAID, order, ()).advice("en")[:56]
            "Deliver what was bought. This pay type can't be refunded"
        """
        unsigned = self.proof is not None and not self.proof.answer.signed
        parts = [*self._advice(), *([UNSIGNED_PROOF] if unsigned else [])]
        return ("" if spoken(language) == "zh" else " ").join(part.say(language) for part in parts)

    @property
    def corrections(self) -> dict[str, str]:
        """Fields of the order that differ at the gateway, with the gateway's values."""
        return {differs.field: differs.books for differs in self._differs}

    @property
    def _differs(self) -> tuple[Difference, ...]:
        unresolved = self.verdict is Verdict.UNRESOLVED and self.steps and self.payment is None
        return self.steps[-1].answer.differs if unresolved else ()

    def _advice(self) -> list[Text]:
        row = catalogue.pay_types().get(str(self.order.pay_type))
        if self.verdict is Verdict.PAID and row is not None and row.refund == "no":
            return [NO_REFUND]
        if self.verdict is Verdict.PAID and row is not None and row.mode == "preauth":
            return [OF_A_CAPTURE]
        if self._differs:
            return [CORRECT.filled(**each._asdict()) for each in self._differs]
        return [self._row.advice.filled(number=self.order.number)]

    def to_dict(self, language: str | None = None) -> dict[str, Any]:
        """Return verdict, advice and steps as plain data, for JSON. No secret is in it."""
        order, paid = self.order, self.payment
        of_a_refund = {"how": self.how, "payment": paid.syssn} if paid is not None else {}
        return {
            "verdict": self.verdict.value,
            "reason": self.because.say(language) if self.because else "",
            "advice": self.advice(language),
            "corrections": self.corrections,
            "charged": self.charged,
            "out_trade_no": order.out_trade_no,
            "syssn": order.syssn,
            "pay_type": order.pay_type,
            "txamt": order.txamt,
            "txcurrcd": order.txcurrcd,
            "txdtm": order.txdtm,
            **of_a_refund,
            "steps": [
                {
                    "step": taken.step.value,
                    "endpoint": taken.endpoint,
                    "finding": taken.finding.value,
                    "respcd": taken.answer.respcd,
                    "note": taken.note(language),
                    "signed": taken.answer.signed,
                    "at": taken.at,
                }
                for taken in self.steps
            ],
            "warnings": list(self.warnings),
        }


class Recorder(Protocol):
    """Follows a cancel or a refund request by request, to show or save it."""

    def asking(self, walk: Walk, action: Ask) -> None:
        """Called before a request is sent. If it raises, the request is not sent."""

    def told(self, walk: Walk, taken: Taken) -> None:
        """Called after an answer arrived, with the new walk."""


class Keeper(Protocol):
    """Runs a walk and saves it beyond the life of the process; the journal does."""

    async def drive(
        self,
        client: AnyClient,
        walk: Walk,
        *,
        pause: Pause | None = None,
        watch: Recorder | None = None,
    ) -> Outcome:
        """Run *walk* to its end; every request is on disk before it is sent."""


def cancel(
    client: Client,
    order: Order | str | None = None,
    *,
    policy: Policy | None = None,
    profile: Profile = "seed",
    hk_cancel: HongKong = "deny",
    pause: Callable[[float], None] | None = None,
    journal: Keeper | None = None,
    watch: Recorder | None = None,
    **known: Any,
) -> Outcome:
    """Query *order*, cancel it if it is open, and confirm the result by queries.

    A pre-authorisation that is held is released, never called charged.

    Never sends a payment, and never reverses an order that a query has shown to be paid.

    Args:
        client: The gateway to ask.
        order: The payment whose outcome is unknown, or its number alone: the merchant's own, or
            the gateway's. The gateway supplies the rest.
        policy: Timeouts and retries; the pay type's own when left out.
        profile: Which edition of QFPay's docs decides between reversal and close (C19).
        hk_cancel: Whether pay types of Hong Kong alone may be cancelled (C20).
        pause: Waits so many seconds; the client's own when left out.
        journal: Keeps every step on disk before it is taken, see
            [Journal][qftools.journal.journal.Journal]. An interrupted cancel of this order is
            resumed.
        watch: Notified of every request and answer, to show them.
        **known: What is known of the order besides, by the names of
            [Order][qftools.models.Order]: ``out_trade_no``, ``txamt``, ``txdtm`` ...

    Returns:
        The verdict, every step, and the exchanges that prove it. UNRESOLVED is
        an outcome, not an exception: it says what is known.

    Raises:
        InputError: The order can't be asked for (an agent's without mchid, several numbers);
            nothing was sent.
        JournalError: The journal can't be written, or another process is
            cancelling this order; nothing was sent.

    Example:
        >>> from qftools.sandbox import Sandbox
        >>> with Sandbox() as sandbox:
        ...     client = sandbox.client()
        ...     order = client.pay(pay_type="800101", txamt=2500, txcurrcd="HKD")
        ...     outcome = cancel(client, order)
        >>> outcome.verdict.value, [taken.step.value for taken in outcome.steps]
        ('CANCELLED', ['LOOK', 'CANCEL', 'CONFIRM'])
        >>> cancel(client, order.out_trade_no).verdict.value
        'ALREADY_CANCELLED'
    """
    check_client(client, "Client")
    begin = partial(Walk, policy=policy, profile=profile, hk_cancel=hk_cancel)
    return at_once(_cancel(client, order, known, begin, pause, journal, watch))


async def acancel(
    client: AsyncClient,
    order: Order | str | None = None,
    *,
    policy: Policy | None = None,
    profile: Profile = "seed",
    hk_cancel: HongKong = "deny",
    pause: Callable[[float], Awaitable[None]] | None = None,
    journal: Keeper | None = None,
    watch: Recorder | None = None,
    **known: Any,
) -> Outcome:
    """Do what [cancel][qftools.cancellation.run.cancel] does, in an event loop.

    If the task is cancelled in the middle, the journal has all that was sent: ``aresume`` goes
    on with it. Writing to the journal holds the loop up for the milliseconds that the disk takes.

    Args:
        client: The gateway to ask.
        order: The payment whose outcome is unknown, or its number alone.
        policy: Timeouts and retries; the pay type's own when left out.
        profile: Which edition of QFPay's docs decides between reversal and close (C19).
        hk_cancel: Whether pay types of Hong Kong alone may be cancelled (C20).
        pause: Is awaited for so many seconds; the client's own when left out.
        journal: Keeps every step on disk before it is taken.
        watch: Notified of every request and answer, to show them.
        **known: What is known of the order besides.

    Raises:
        InputError: The order can't be asked for; nothing was sent.
        JournalError: The journal can't be written, or the order is being cancelled elsewhere;
            nothing was sent.
    """
    check_client(client, "AsyncClient")
    begin = partial(Walk, policy=policy, profile=profile, hk_cancel=hk_cancel)
    return await _cancel(client, order, known, begin, pause, journal, watch)


_RULES = {
    "Client": mark("a Client; the order comes after it"),
    "AsyncClient": mark("an AsyncClient; the order comes after it"),
}


def check_client(client: object, wanted: Literal["Client", "AsyncClient"]) -> None:
    """Check that the flow can wait as *client* waits.

    Raises:
        InputError: It is the other client, or none.
    """
    call = getattr(client, "call", None)
    if call is None or inspect.iscoroutinefunction(call) != (wanted == "AsyncClient"):
        raise InputError("client", "is {kind}", _RULES[wanted], kind=type(client).__name__)


async def _cancel(
    client: AnyClient,
    order: Order | str | None,
    known: Mapping[str, Any],
    begin: Callable[..., Walk],
    pause: Pause | None,
    journal: Keeper | None,
    watch: Recorder | None,
) -> Outcome:
    with span() as tell:
        for each in await _orders(client, order, known):
            heard = evidence.Known(signed=client.signs)
            walk = begin(each, known=heard, today=today(client))
            if journal is not None:
                outcome = await journal.drive(client, walk, pause=pause, watch=watch)
            else:
                outcome = await finish(client, walk, *_given(watch), pause=pause)
            if outcome.verdict is not Verdict.NOT_FOUND:
                break
        tell(outcome)
        return outcome


async def _orders(
    client: AnyClient, order: Order | str | None, known: Mapping[str, Any]
) -> list[Order]:
    """The orders that may be meant; of two, the one that the books have comes first."""
    if isinstance(order, Order):
        return [replace(order, **known) if known else order]
    named = ({},) if order is None else namings(order)
    orders = [Order(**{**known, **number}) for number in named]
    if len(orders) == 1:
        return orders
    there = [each for each in orders if await _is_there(client, each)]
    return [*there, *(each for each in orders if each not in there)]


async def _is_there(client: AnyClient, order: Order) -> bool:
    try:
        return bool((await settled(client.call("query", order.for_query()))).asked_rows)
    except OutcomeUnknownError:
        return False  # the cancel asks again, and is patient


async def finish(
    client: AnyClient,
    walk: Walk,
    *recorders: Recorder,
    pause: Pause | None = None,
    steps: tuple[Taken, ...] = (),
) -> Outcome:
    """Run *walk* to its end; *steps* are the ones taken before."""
    taken = list(steps)
    wait = pause or client.pause
    while not isinstance(action := walk.action, Finished):
        if isinstance(action, Wait):
            await settled(wait(action.seconds))
            walk = walk.waited()
            continue
        walk, step = await _take(client, walk, action, *recorders)
        taken.append(step)
    return outcome_of(walk, tuple(taken))


def take(client: Client, walk: Walk, action: Ask, *recorders: Recorder) -> tuple[Walk, Taken]:
    """Send one request of the flow and return the next walk and the step."""
    return at_once(_take(client, walk, action, *recorders))


async def _take(
    client: AnyClient, walk: Walk, action: Ask, *recorders: Recorder
) -> tuple[Walk, Taken]:
    for recorder in recorders:
        recorder.asking(walk, action)
    answer, exchange = await _ask(client, walk, action)
    answer = answer.bounded()
    step = Taken(walk.step, action.endpoint, answer, client.clock(), exchange)
    after = walk.told(answer)
    for recorder in recorders:
        recorder.told(after, step)
    return after, step


def outcome_of(walk: Walk, steps: tuple[Taken, ...]) -> Outcome:
    """Return the outcome of a walk that has ended."""
    assert walk.end is not None
    payment = walk.payment.order if isinstance(walk, RefundWalk) else None
    return Outcome(
        walk.end.verdict, walk.order, steps, walk.end.reason, walk.route, payment=payment
    )


async def _ask(client: AnyClient, walk: Walk, action: Ask) -> tuple[Answer, ShownExchange | None]:
    # A release says when it was sent; the walk has no clock.
    now = {"txdtm": client.now()} if action.endpoint == "unfreeze" else {}
    try:
        reply = await settled(client.call(action.endpoint, action.params | now))
    except OutcomeUnknownError as error:
        return findings.of_error(error), error.exchange
    me = client.credentials
    return walk.read(reply, signs=client.signs, mchid=me.mchid), reply.exchange


def today(client: AnyClient) -> str:
    return datetime.datetime.fromtimestamp(client.clock(), BEIJING).date().isoformat()


def _given(watch: Recorder | None) -> tuple[Recorder, ...]:
    return () if watch is None else (watch,)
