"""What an unfinished entry is gone on with, and what the refunds in the journal leave room for."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from qftools.cancellation.evidence import Known
from qftools.cancellation.findings import Answer, Finding
from qftools.cancellation.policy import Policy
from qftools.cancellation.refunding import RefundWalk, sent_before
from qftools.cancellation.search import Search
from qftools.cancellation.verdicts import Verdict
from qftools.cancellation.walk import Finished, Walk
from qftools.catalogue import Text
from qftools.client.client import Client
from qftools.errors import InputError
from qftools.journal.entries import Entry, Unreadable
from qftools.journal.going_on import check_left, goes_on, others_of, with_news
from qftools.journal.open_entry import dumped
from qftools.models import Credentials, Order

SYSSN = "20260105154100020000977816"
PAYMENT = Order("P1", 2500, "2026-01-05 12:00:00", SYSSN)
HASTY = Policy(look_tries=2)
LOST = Answer(Finding.SILENT)


def refund(number: str, amount: int | None, paid: int | None = 2500) -> RefundWalk:
    return RefundWalk(Order(number, amount), payment=Search(replace(PAYMENT, txamt=paid)))


def entry(walk: Walk, verdict: Verdict | None = None, *, settled: bool = False) -> Entry:
    ended = replace(walk, end=Finished(verdict)) if verdict else walk
    return Entry(1, "https://h", "APP", "", 0.0, 0.0, ended, (), None, settled, False)


# ---- what goes on --------------------------------------------------------------------------------


def test_a_refund_that_is_only_followed_goes_on_with_the_entry_whatever_it_came_to():
    followed = sent_before(Order("R1"), SYSSN)

    assert goes_on(entry(refund("R1", 500)), followed)
    assert goes_on(entry(refund("R1", 500)), refund("R1", 500))
    assert goes_on(entry(refund("R1", 2500)), refund("R1", None))  # all of it
    assert goes_on(entry(refund("R1", 2500)), refund("R1", None, paid=None))  # as it knows by now
    assert goes_on(entry(refund("R1", None, paid=None)), refund("R1", None, paid=None))


@pytest.mark.parametrize(
    "asked",
    [
        refund("R1", 600),
        refund("R1", None),
        refund("R1", None, paid=None),
        sent_before(Order("R1", 600), SYSSN),
    ],
)
def test_another_amount_under_the_same_number_is_refused(asked):
    with pytest.raises(InputError, match=r"^txamt is .*, and an unfinished refund of 500 of this"):
        goes_on(entry(refund("R1", 500)), asked)


# ---- what is left --------------------------------------------------------------------------------


def left(amount: int | None, *others: Entry | Unreadable, paid: int | None = 2500) -> bool:
    walk = refund("R9", amount, paid)
    try:
        check_left(walk, others_of(walk, others))
    except InputError as error:
        assert error.say("en").startswith(f"txamt is {amount or paid}, and the refunds of this")
        return False
    return True


MADE = entry(refund("R1", 1500), Verdict.REFUNDED, settled=True)
NOT_MADE = entry(refund("R1", 1500), Verdict.NOT_REFUNDED, settled=True)
UNREADABLE = Unreadable(2, "R2", SYSSN, Text("缘故", "why"), False, False, False)


def test_a_refund_is_refused_where_those_that_were_made_or_are_in_doubt_leave_too_little():
    in_doubt = entry(refund("R1", 1500))

    assert left(1000, MADE) and not left(1001, MADE)
    assert left(1000, in_doubt) and not left(1001, in_doubt)
    assert left(2500) and not left(1, MADE, entry(refund("R2", 1000)))


def test_a_refund_that_was_not_found_counts_however_old_it_is():
    not_found = entry(refund("R1", 1500), Verdict.NOT_FOUND, settled=True)

    assert left(1000, not_found) and not left(1001, not_found)


def test_what_gives_nothing_back_takes_nothing_from_the_payment():
    cancelled = entry(Walk(PAYMENT), Verdict.UNRESOLVED)

    already = entry(refund("R1", 2500), Verdict.ALREADY_REFUNDED, settled=True)

    assert left(2500, NOT_MADE, already, cancelled, UNREADABLE)
    assert left(2500, entry(refund("R9", 500)))  # itself, begun before


def test_a_refund_without_an_amount_is_of_the_whole_payment():
    whole = entry(refund("R1", None), Verdict.REFUNDED, settled=True)

    assert not left(1, whole) and not left(None, MADE)


def test_where_it_is_not_known_what_was_paid_or_is_asked_for_nothing_is_refused():
    assert left(9999, MADE, paid=None)
    assert left(9999, entry(refund("R1", None, paid=None)), paid=None)
    assert left(None, MADE, paid=None)


# ---- what the caller says now --------------------------------------------------------------------


def test_a_refund_takes_the_callers_patience_and_nothing_else():
    before = refund("R1", 500)
    sent = replace(before, last_cancel=LOST)
    followed = sent_before(Order("R1", mchid="M1"), SYSSN, HASTY)

    assert with_news(before, replace(refund("R1", 600), policy=HASTY)) == replace(
        before, policy=HASTY
    )
    assert with_news(sent, followed) == replace(sent, policy=HASTY)
    assert with_news(before, followed) == followed  # to be followed, and not sent


@pytest.mark.parametrize(("before", "now"), [(True, False), (False, True)])
def test_a_gateway_that_signed_once_is_one_that_signs(before, now):
    left_at, told = (Walk(PAYMENT, known=Known(signed=signed)) for signed in (before, now))

    assert with_news(left_at, told).known.signed
    assert not with_news(Walk(PAYMENT), Walk(PAYMENT)).known.signed


def test_a_udid_of_the_payment_that_holds_the_key_is_not_written():
    key = "0123456789ABCDEF"
    client = Client(Credentials("APP", key), "http://localhost")

    def written(udid: str) -> object:
        payment = Search(replace(PAYMENT, udid=udid))
        walk = RefundWalk(Order("R1", 500), payment=payment)
        return json.loads(dumped(walk, client))["payment"]["order"]["udid"]

    assert (written("till 7"), written(f"till {key}")) == ("till 7", None)
