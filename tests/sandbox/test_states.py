"""The table of states and events: complete, and without a way back to money that never came."""

from __future__ import annotations

import pytest

from qftools import catalogue
from qftools.sandbox.books.states import (
    DEAD,
    MONEY_CAME,
    NOTHING,
    OPEN,
    OWN_CODE,
    REFUSED,
    TABLE,
    Event,
    State,
    after,
)


def test_every_state_says_what_every_event_does():
    assert set(TABLE) == set(State)
    assert all(set(row) == set(Event) for row in TABLE.values())


def test_every_answer_is_a_code_of_the_catalogue_or_one_of_three_words():
    known = {NOTHING, REFUSED, OWN_CODE, *catalogue.codes()}

    answers = {
        cell.read(cpm)[1]
        for row in TABLE.values()
        for cell in row.values()
        for cpm in (True, False)
    }

    assert answers <= known


def test_open_dead_and_paid_states_are_all_states_but_the_held_ones_and_never_overlap():
    assert set(State) - OPEN - DEAD - MONEY_CAME == {State.HELD, State.RELEASING}
    assert not OPEN & DEAD and not OPEN & MONEY_CAME and not DEAD & MONEY_CAME


@pytest.mark.parametrize("cpm", [True, False])
@pytest.mark.parametrize("event", Event)
def test_an_order_that_is_dead_is_never_paid_afterwards(event, cpm):
    assert {after(state, event, cpm=cpm)[0] for state in DEAD} <= DEAD


@pytest.mark.parametrize("cpm", [True, False])
@pytest.mark.parametrize("event", Event)
def test_money_that_came_stays_in_the_books(event, cpm):
    assert {after(state, event, cpm=cpm)[0] for state in MONEY_CAME} <= MONEY_CAME


@pytest.mark.parametrize("cpm", [True, False])
@pytest.mark.parametrize("event", [event for event in Event if event is not Event.PAY])
def test_only_the_payer_paying_brings_money(event, cpm):
    assert not {after(state, event, cpm=cpm)[0] for state in OPEN} & MONEY_CAME


@pytest.mark.parametrize("event", Event)
def test_only_a_capture_charges_what_is_held(event):
    charges = {Event.CAPTURE_PART, Event.CAPTURE_FULL}

    assert (after(State.HELD, event, cpm=False)[0] in MONEY_CAME) is (event in charges)


@pytest.mark.parametrize("state", State)
def test_a_query_never_changes_a_state(state):
    assert after(state, Event.LOOK, cpm=True)[0] is state
    assert after(state, Event.LOOK, cpm=False)[0] is state
