"""Runs the cancel flow: sends, waits, and returns a verdict with its evidence.

The rules are in `walk`; client and wait function are arguments. `cancel` and `acancel` are the
same flow: it awaits what an `AsyncClient` gives, and a `Client` gives nothing to await.
"""

from __future__ import annotations

import datetime
import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Protocol

from qftools.cancellation import evidence, findings
from qftools.cancellation.findings import Answer
from qftools.cancellation.outcome import Outcome, Taken, outcome_of
from qftools.cancellation.policy import Policy
from qftools.cancellation.routing import HongKong, Profile
from qftools.cancellation.tracing import span
from qftools.cancellation.verdicts import (
    Verdict,
)
from qftools.cancellation.walk import Ask, Finished, Wait, Walk
from qftools.client.awaiting import at_once, settled
from qftools.client.client import Client
from qftools.client.numbers import namings
from qftools.errors import InputError, OutcomeUnknownError
from qftools.exchange.redaction import ShownExchange
from qftools.locale import mark
from qftools.models import Order
from qftools.validation import BEIJING

if TYPE_CHECKING:
    from qftools.client.async_client import AsyncClient

    AnyClient = Client | AsyncClient
    Pause = Callable[[float], Awaitable[None] | None]


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
