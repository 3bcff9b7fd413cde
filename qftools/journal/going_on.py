"""How an unsettled entry is gone on with: by which walk, and what news a caller brings."""

from __future__ import annotations

from dataclasses import fields, replace

from qftools.cancellation.refunding import RefundWalk, given_beside
from qftools.cancellation.verdicts import Verdict
from qftools.cancellation.walk import Step, Walk
from qftools.errors import InputError
from qftools.journal.entries import Entry, Unreadable
from qftools.models import Order

SETTLED = frozenset(Verdict) - {
    Verdict.UNRESOLVED,
    Verdict.NOT_FOUND,
    Verdict.NOT_CANCELLABLE,
    Verdict.HELD,
    Verdict.REFUND_PENDING,
}
"""Verdicts after which nothing is owed. NOT_FOUND joins them once the order's time is over."""


def as_it_was_left(entry: Entry) -> Walk:
    return (entry.walk.interrupted() if entry.unanswered else entry.walk).resumed()


def goes_on(entry: Entry | Unreadable, walk: Walk) -> bool:
    """Whether *walk* is what an unsettled entry was begun for.

    Raises:
        InputError: It is a refund under the entry's number, or of its payment, but of another
            amount.
    """
    if not isinstance(entry, Entry):
        return entry.busy
    before = entry.walk
    if not (isinstance(walk, RefundWalk) and isinstance(before, RefundWalk)):
        return type(before) is type(walk)
    begun, now = before.order, walk.order
    if begun.out_trade_no != now.out_trade_no and walk.step is not Step.LOOK:
        return False  # the caller gave it a number: it is another refund of the payment
    amount, paid = walk.amount, before.payment.order.txamt
    if amount is None:  # of all that was paid, or of whatever is followed
        amount = paid if walk.last_cancel is None else before.amount
    if before.amount != amount:
        raise InputError(
            "txamt",
            "is {value}, and an unfinished refund of {begun} of this payment is entry {number} of"
            " the journal",
            "{begun}, or asked for when that entry is resumed and settled",
            value=walk.amount,
            begun=before.amount,
            number=entry.number,
        )
    return True


def others_of(walk: RefundWalk, entries: tuple[Entry | Unreadable, ...]) -> tuple[Entry, ...]:
    """The other refunds of the payment that were made, or may have been.

    One that was not found counts, too, however old: the gateway may not be able to find it, and
    sent again under its own number it can't be made twice.
    """
    return tuple(
        entry
        for entry in entries
        if isinstance(entry, Entry)
        and isinstance(entry.walk, RefundWalk)
        and entry.order.out_trade_no != walk.order.out_trade_no
        and entry.verdict not in (Verdict.NOT_REFUNDED, Verdict.ALREADY_REFUNDED)
    )


def check_left(walk: RefundWalk, others: tuple[Entry, ...]) -> None:
    """Refuse a refund that with the others of the payment, made or in doubt, is too much."""
    paid, amount = walk.payment.order.txamt, walk.amount
    if paid is None or amount is None:
        return  # the walk decides, once it is known what was paid
    given = given_beside((entry.order.txamt for entry in others), paid)
    if amount + given <= paid:
        return
    raise InputError(
        "txamt",
        "is {value}, and the refunds of this payment in the journal ({numbers}) come to {given}",
        "at most what is left of {paid}: resume those that are unfinished first, and send one that"
        " was not found again under its own number",
        value=amount,
        numbers=", ".join(str(entry.number) for entry in others),
        given=given,
        paid=paid,
    )


def with_news(before: Walk, walk: Walk) -> Walk:
    """The walk as it was left, with what the caller says now: more is known, or less."""
    if isinstance(walk, RefundWalk):  # what is refunded was fixed when it began
        if walk.last_cancel is not None and before.last_cancel is None:
            return walk  # the caller wants it followed, and not sent
        return replace(before, policy=walk.policy)
    known = {
        field.name: getattr(walk.order, field.name)
        for field in fields(Order)
        if getattr(walk.order, field.name) is not None
    }
    return replace(
        before,
        order=replace(before.order, **known),
        policy=walk.policy,
        profile=walk.profile,
        hk_cancel=walk.hk_cancel,
        known=replace(before.known, signed=before.known.signed or walk.known.signed),
    )
