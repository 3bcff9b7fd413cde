"""Runs the refund flow: a payment is given back, and the refund's own number proves it.

The rules are in `refunding`; client and wait function are arguments.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from qftools.cancellation.evidence import Known
from qftools.cancellation.outcome import Outcome
from qftools.cancellation.policy import Policy
from qftools.cancellation.refunding import RefundWalk, sent_before
from qftools.cancellation.routing import Profile
from qftools.cancellation.run import Keeper, Recorder, check_client, finish, today
from qftools.cancellation.search import Search
from qftools.cancellation.tracing import span
from qftools.cancellation.walk import Step
from qftools.client.awaiting import at_once, settled
from qftools.client.client import Client
from qftools.models import Order
from qftools.validation import check_refundable

if TYPE_CHECKING:
    from qftools.cancellation.run import AnyClient, Pause
    from qftools.client.async_client import AsyncClient


def refund(
    client: Client,
    order: Order | str,
    amount: int | None = None,
    *,
    out_trade_no: str | None = None,
    txdtm: str | None = None,
    policy: Policy | None = None,
    profile: Profile = "seed",
    pause: Callable[[float], None] | None = None,
    journal: Keeper | None = None,
    watch: Recorder | None = None,
) -> Outcome:
    """Query the payment *order*, refund it once, and confirm that by queries of the refund.

    A refund is an order of its own and can't be undone. Its number is fixed, and in the journal,
    before anything is sent. The request is sent at most once; when its reply is lost, that number
    is queried until the result is proved.

    Args:
        client: The gateway to ask.
        order: The paid order, or its number alone: the merchant's own, or the gateway's.
        amount: How much to give back, in minor units; the whole payment when left out.
        out_trade_no: The refund's own number; made up when left out. A number that may have been
            sent before is queried first, and not sent again if the gateway has it.
        txdtm: ``YYYY-MM-DD hh:mm:ss``; now in Beijing when left out.
        policy: Timeouts and retries; the pay type's own when left out.
        profile: Which edition of QFPay's docs to follow: ``"docs-2026-late"`` voids a whole card
            payment by a reversal (C21), the others refund it.
        pause: Waits so many seconds; the client's own when left out.
        journal: Keeps every step on disk before it is taken, see
            [Journal][qftools.journal.journal.Journal]. An unfinished refund of this payment is
            resumed, under its number.
        watch: Notified of every request and answer, to show them.

    Returns:
        The verdict, every step, and the exchanges that prove it. ``outcome.order`` is the refund,
        ``outcome.payment`` what it gives back.

    Raises:
        InputError: The amount is above what was paid, or there is no such payment; nothing
            was refunded.
        OutcomeUnknownError: The payment's own number could not be looked up; nothing was
            refunded.
        JournalError: The journal can't be written; nothing was refunded.

    Example:
        >>> from qftools.sandbox import Sandbox
        >>> with Sandbox() as sandbox:
        ...     client = sandbox.client()
        ...     order = client.pay(pay_type="800101", txamt=2500, txcurrcd="HKD")
        ...     _ = sandbox.payer(order).pay()
        ...     outcome = refund(client, order, 500)
        >>> outcome.verdict.value, [taken.step.value for taken in outcome.steps]
        ('REFUNDED', ['LOOK', 'REFUND', 'CONFIRM'])
    """
    check_client(client, "Client")
    begin = partial(RefundWalk, policy=policy, profile=profile)
    return at_once(
        _refund(client, order, amount, out_trade_no, txdtm, begin, pause, journal, watch)
    )


async def arefund(
    client: AsyncClient,
    order: Order | str,
    amount: int | None = None,
    *,
    out_trade_no: str | None = None,
    txdtm: str | None = None,
    policy: Policy | None = None,
    profile: Profile = "seed",
    pause: Callable[[float], Awaitable[None]] | None = None,
    journal: Keeper | None = None,
    watch: Recorder | None = None,
) -> Outcome:
    """Do what [refund][qftools.cancellation.refund.refund] does, in an event loop.

    If the task is cancelled in the middle, the journal has all that was sent: ``aresume`` goes
    on with it, and never refunds a second time.

    Args:
        client: The gateway to ask.
        order, amount, out_trade_no, txdtm, policy, profile, journal, watch: As for ``refund``.
        pause: Is awaited for so many seconds; the client's own when left out.

    Raises:
        InputError, OutcomeUnknownError, JournalError: As for ``refund``; nothing was refunded.
    """
    check_client(client, "AsyncClient")
    begin = partial(RefundWalk, policy=policy, profile=profile)
    return await _refund(client, order, amount, out_trade_no, txdtm, begin, pause, journal, watch)


def follow(
    client: Client,
    order: Order,
    payment: str,
    *,
    policy: Policy | None = None,
    pause: Callable[[float], None] | None = None,
    journal: Keeper | None = None,
    watch: Recorder | None = None,
) -> Outcome:
    """Query a refund whose reply was lost until its result is proved; send nothing.

    Args:
        client: The gateway to ask.
        order: The refund, by its own number.
        payment: The gateway's number of the payment that it gives back.
        policy, pause, journal, watch: As for [refund][qftools.cancellation.refund.refund].

    Example:
        >>> from qftools.sandbox import Sandbox
        >>> with Sandbox() as sandbox:
        ...     client = sandbox.client()
        ...     order = client.pay(pay_type="800101", txamt=77001, txcurrcd="HKD")
        ...     reply = client.refund(order, 500, out_trade_no="R1")
        ...     follow(client, Order("R1", 500), order.syssn).verdict.value
        'REFUNDED'
    """
    walk = sent_before(order, payment, policy, today(client))
    return at_once(_run(client, walk, pause, journal, watch))


async def _refund(
    client: AnyClient,
    order: Order | str,
    amount: int | None,
    out_trade_no: str | None,
    txdtm: str | None,
    begin: partial[RefundWalk],
    pause: Pause | None,
    journal: Keeper | None,
    watch: Recorder | None,
) -> Outcome:
    payment = order
    if not (isinstance(payment, Order) and payment.syssn):
        number = payment.number if isinstance(payment, Order) else payment
        payment = await settled(client.find(number))
    assert payment.syssn is not None
    check_refundable(amount, payment.txamt)
    # The merchant's own number may name several payments: only this one is refunded.
    named = replace(payment, out_trade_no=None, txdtm=None, udid=None, reply=None)
    asked = replace(
        named,
        syssn=None,
        out_trade_no=out_trade_no if out_trade_no is not None else client.new_number(),
        txamt=amount,
        txdtm=txdtm if txdtm is not None else client.now(),
        udid=payment.udid,
    )
    walk = begin(
        asked,
        known=Known(signed=client.signs, refunds=payment.syssn),
        today=today(client),
        payment=Search(named, begin.keywords["policy"], known=Known(signed=client.signs)),
        step=Step.LOOK if out_trade_no is None else Step.CHECK,
    )
    return await _run(client, walk, pause, journal, watch)


async def _run(
    client: AnyClient,
    walk: RefundWalk,
    pause: Pause | None,
    journal: Keeper | None,
    watch: Recorder | None,
) -> Outcome:
    with span("refund") as tell:
        if journal is not None:
            outcome = await journal.drive(client, walk, pause=pause, watch=watch)
        else:
            outcome = await finish(client, walk, *([] if watch is None else [watch]), pause=pause)
        tell(outcome)
        return outcome
