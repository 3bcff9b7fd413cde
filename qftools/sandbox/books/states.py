"""The states of an order, the events, and what each event does: one complete table.

Rules only. The docs' state diagram is drawn from `TABLE`.
Source of the cells: protocol notes, states and events (vendor page; cells that no
source fills are our choice and say so in their comment).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """The state of an order in the gateway's books."""

    CREATED = "created"  # on the books, the wallet has not answered yet
    WAITING = "waiting"  # a code or a page is out; not paid yet
    PAYING = "paying"  # the payer is deciding or typing a password
    PAID = "paid"
    FAILED = "failed"  # the wallet or the payer refused; no money moved
    EXPIRED = "expired"
    CANCELLING = "cancelling"  # a cancel was accepted and is not done
    CANCELLED = "cancelled"  # closed (MPM, online) or reversed (CPM)
    REFUNDING = "refunding"  # a refund was accepted and is not done
    REFUNDED = "refunded"
    PARTLY_REFUNDED = "partially refunded"
    # a pre-authorisation: money that is held is not charged
    HOLD_PENDING = "hold pending"  # the payer has not confirmed it
    HOLD_CANCELLING = "hold cancelling"  # its reversal was accepted and is not done
    HELD = "held"
    RELEASING = "releasing"  # its release was accepted and is not done
    PARTLY_CAPTURED = "partly captured"
    CAPTURED = "captured"  # nothing is held any more; what was captured was charged
    RELEASED = "released"


class Event(StrEnum):
    """What can happen to an order, by who does it."""

    # the wallet, when the order is placed
    SHOW = "show"  # it hands out a code or a page
    # the payer
    TYPE = "type"  # starts typing the password
    PAY = "pay"
    DECLINE = "decline"
    # the wallet
    FAIL = "fail"  # no balance, a bank error ...
    CANCEL_DONE = "cancel done"
    CANCEL_LOST = "cancel lost"  # the wallet could not cancel after all
    REFUND_DONE_PART = "refund done, part"
    REFUND_DONE_FULL = "refund done, all of it"
    REFUND_LOST = "refund lost"  # and nothing had been refunded before
    REFUND_LOST_PART = "refund lost, part before"
    RELEASE_DONE = "release done"
    RELEASE_LOST = "release lost"
    # the clock
    TIME_OUT = "time out"
    # the merchant
    CANCEL = "cancel"  # by the right route
    CANCEL_LATER = "cancel later"  # the same, but the wallet takes its time
    VOID = "void"  # a cancel of a paid order where cancel_paid=refund
    REFUND_PART = "refund part"
    REFUND_FULL = "refund full"
    REFUND_LATER = "refund later"  # the wallet takes its time
    REFUND_OVER = "refund over"  # more than is left
    CAPTURE_PART = "capture part"
    CAPTURE_FULL = "capture full"  # all that is still held
    CAPTURE_OVER = "capture over"  # more than that
    RELEASE = "release"
    RELEASE_LATER = "release later"  # the wallet takes its time
    AGAIN = "again"  # a payment with the same out_trade_no
    LOOK = "look"  # a query


NOTHING = ""  # the event has no effect and no answer
REFUSED = "refused"  # the wallet tells the payer that the order is closed
OWN_CODE = "own code"  # the failure code that the order carries


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the table.

    Attributes:
        state: The new state of an order that the payer's code started (MPM, online).
        answer: The respcd that the merchant gets (for LOOK: the row's), or one of
            NOTHING, REFUSED, OWN_CODE.
        cpm_state: The new state where the shop scanned the payer, if another one.
        cpm_answer: Its answer, if another one.
    """

    state: State
    answer: str = NOTHING
    cpm_state: State | None = None
    cpm_answer: str | None = None

    def read(self, cpm: bool) -> tuple[State, str]:
        """Return new state and answer for an order, by its mode."""
        if not cpm:
            return self.state, self.answer
        answer = self.answer if self.cpm_answer is None else self.cpm_answer
        return self.cpm_state or self.state, answer


_S = State
_E = Event
_WALLET_RESULTS = (
    _E.CANCEL_DONE,
    _E.CANCEL_LOST,
    _E.REFUND_DONE_PART,
    _E.REFUND_DONE_FULL,
    _E.REFUND_LOST,
    _E.REFUND_LOST_PART,
    _E.RELEASE_DONE,
    _E.RELEASE_LOST,
)
_CAPTURES = (_E.CAPTURE_PART, _E.CAPTURE_FULL, _E.CAPTURE_OVER)
_RELEASES = (_E.RELEASE, _E.RELEASE_LATER)
_REFUNDS = (_E.REFUND_PART, _E.REFUND_FULL, _E.REFUND_LATER, _E.REFUND_OVER)


def _stay(state: State, answer: str, *events: Event) -> dict[Event, Cell]:
    return {event: Cell(state, answer) for event in events}


def _open(state: State, look: str) -> dict[Event, Cell]:
    """The part of a row that all orders in progress share."""
    return {
        **_stay(state, NOTHING, *_WALLET_RESULTS),
        _E.SHOW: Cell(_S.WAITING),
        _E.TYPE: Cell(_S.PAYING),
        _E.PAY: Cell(_S.PAID),
        # An MPM payer may scan the code again; a CPM code is burnt.
        _E.DECLINE: Cell(_S.WAITING, NOTHING, _S.FAILED),
        _E.FAIL: Cell(_S.WAITING, NOTHING, _S.FAILED),
        _E.TIME_OUT: Cell(_S.EXPIRED, NOTHING, _S.FAILED),
        _E.CANCEL: Cell(_S.CANCELLED, "0000"),
        _E.CANCEL_LATER: Cell(_S.CANCELLING, "1145"),
        _E.VOID: Cell(_S.CANCELLED, "0000"),
        **_stay(state, "1261", *_REFUNDS),
        _E.AGAIN: Cell(state, "1251"),
        _E.LOOK: Cell(state, look),
    }


def _dead(state: State, *, cancel: Cell, refund: Cell, look: Cell) -> dict[Event, Cell]:
    """A row of an order that can no longer be paid: the wallet refuses the payer."""
    return {
        **_stay(state, NOTHING, *_WALLET_RESULTS, _E.SHOW, _E.TIME_OUT),
        **_stay(state, REFUSED, _E.TYPE, _E.PAY, _E.DECLINE, _E.FAIL),
        **dict.fromkeys((_E.CANCEL, _E.CANCEL_LATER, _E.VOID), cancel),
        **dict.fromkeys(_REFUNDS, refund),
        _E.AGAIN: Cell(state, "1251"),
        _E.LOOK: look,
    }


def _settled(state: State, cancel: str) -> dict[Event, Cell]:
    """The part of a row that all paid orders share."""
    return {
        **_stay(state, NOTHING, *_WALLET_RESULTS, _E.SHOW, _E.TIME_OUT),
        **_stay(state, REFUSED, _E.TYPE, _E.PAY, _E.DECLINE, _E.FAIL),
        **_stay(state, cancel, _E.CANCEL, _E.CANCEL_LATER, _E.VOID),
        _E.AGAIN: Cell(state, "1251"),
        _E.LOOK: Cell(state, "0000"),
    }


_ORDERS: dict[State, dict[Event, Cell]] = {
    _S.CREATED: _open(_S.CREATED, "1143"),
    _S.WAITING: _open(_S.WAITING, "1143"),
    _S.PAYING: {**_open(_S.PAYING, "1143"), _E.SHOW: Cell(_S.PAYING)},
    _S.PAID: {
        **_settled(_S.PAID, "1260"),
        _E.VOID: Cell(_S.REFUNDED, "0000"),
        _E.REFUND_PART: Cell(_S.PARTLY_REFUNDED, "0000"),
        _E.REFUND_FULL: Cell(_S.REFUNDED, "0000"),
        _E.REFUND_LATER: Cell(_S.REFUNDING, "1143"),
        _E.REFUND_OVER: Cell(_S.PAID, "1272"),
    },
    _S.FAILED: _dead(
        _S.FAILED,
        cancel=Cell(_S.FAILED, "1264"),
        refund=Cell(_S.FAILED, "1261"),
        look=Cell(_S.FAILED, OWN_CODE),
    ),
    _S.EXPIRED: _dead(
        _S.EXPIRED,
        cancel=Cell(_S.EXPIRED, "1181"),
        refund=Cell(_S.EXPIRED, "1261"),
        look=Cell(_S.EXPIRED, "1181"),
    ),
    _S.CANCELLING: {
        **_stay(_S.CANCELLING, NOTHING, *_WALLET_RESULTS, _E.SHOW),
        _E.CANCEL_DONE: Cell(_S.CANCELLED),
        _E.CANCEL_LOST: Cell(_S.WAITING, NOTHING, _S.PAYING),
        _E.TYPE: Cell(_S.CANCELLING),
        _E.PAY: Cell(_S.PAID),  # the race: the cancel lost
        _E.DECLINE: Cell(_S.CANCELLED),
        _E.FAIL: Cell(_S.CANCELLED),
        _E.TIME_OUT: Cell(_S.CANCELLED),
        **_stay(_S.CANCELLING, "1145", _E.CANCEL, _E.CANCEL_LATER, _E.VOID),
        **_stay(_S.CANCELLING, "1261", *_REFUNDS),
        _E.AGAIN: Cell(_S.CANCELLING, "1251"),
        _E.LOOK: Cell(_S.CANCELLING, "1143"),
    },
    _S.CANCELLED: _dead(
        _S.CANCELLED,
        cancel=Cell(_S.CANCELLED, "1264", None, "1263"),
        refund=Cell(_S.CANCELLED, "1264", None, "1263"),
        look=Cell(_S.CANCELLED, "1142", None, "1263"),
    ),
    _S.REFUNDING: {
        **_settled(_S.REFUNDING, "1260"),
        _E.REFUND_DONE_PART: Cell(_S.PARTLY_REFUNDED),
        _E.REFUND_DONE_FULL: Cell(_S.REFUNDED),
        _E.REFUND_LOST: Cell(_S.PAID),
        _E.REFUND_LOST_PART: Cell(_S.PARTLY_REFUNDED),
        # A second refund beside a running one is refused; no source has the code.
        **_stay(_S.REFUNDING, "1155", *_REFUNDS),
    },
    _S.PARTLY_REFUNDED: {
        **_settled(_S.PARTLY_REFUNDED, "1260"),
        _E.REFUND_PART: Cell(_S.PARTLY_REFUNDED, "0000"),
        _E.REFUND_FULL: Cell(_S.REFUNDED, "0000"),
        _E.REFUND_LATER: Cell(_S.REFUNDING, "1143"),
        _E.REFUND_OVER: Cell(_S.PARTLY_REFUNDED, "1272"),
    },
    _S.REFUNDED: {
        **_settled(_S.REFUNDED, "1262"),
        **_stay(_S.REFUNDED, "1262", *_REFUNDS),
    },
}

# No source documents the answers of a hold [chosen]: the codes are those that the old list
# has for pre-authorisations, 1151 (does not match), 1152 (date) and 1153 (amount).
_HOLDS: dict[State, dict[Event, Cell]] = {
    _S.HOLD_PENDING: {
        **_open(_S.HOLD_PENDING, "1143"),
        **_stay(_S.HOLD_PENDING, NOTHING, _E.SHOW, _E.TYPE, _E.DECLINE, _E.FAIL),
        _E.PAY: Cell(_S.HELD),
        _E.TIME_OUT: Cell(_S.EXPIRED),
        _E.CANCEL_LATER: Cell(_S.HOLD_CANCELLING, "1145"),
    },
    _S.HOLD_CANCELLING: {
        **_stay(_S.HOLD_CANCELLING, NOTHING, *_WALLET_RESULTS, _E.SHOW, _E.TYPE),
        _E.CANCEL_DONE: Cell(_S.CANCELLED),
        _E.CANCEL_LOST: Cell(_S.HOLD_PENDING),
        _E.PAY: Cell(_S.HELD),  # the race: the reversal lost
        **dict.fromkeys((_E.DECLINE, _E.FAIL, _E.TIME_OUT), Cell(_S.CANCELLED)),
        **_stay(_S.HOLD_CANCELLING, "1145", _E.CANCEL, _E.CANCEL_LATER, _E.VOID),
        **_stay(_S.HOLD_CANCELLING, "1261", *_REFUNDS),
        _E.AGAIN: Cell(_S.HOLD_CANCELLING, "1251"),
        _E.LOOK: Cell(_S.HOLD_CANCELLING, "1143"),
    },
    _S.HELD: {
        **_settled(_S.HELD, "1297"),
        _E.VOID: Cell(_S.RELEASED, "0000"),  # where the switch hold_undo lets a reversal do it
        **_stay(_S.HELD, "1261", *_REFUNDS),
        _E.CAPTURE_PART: Cell(_S.PARTLY_CAPTURED, "0000"),
        _E.CAPTURE_FULL: Cell(_S.CAPTURED, "0000"),
        _E.CAPTURE_OVER: Cell(_S.HELD, "1153"),
        _E.RELEASE: Cell(_S.RELEASED, "0000"),
        _E.RELEASE_LATER: Cell(_S.RELEASING, "1145"),
        _E.TIME_OUT: Cell(_S.EXPIRED),
    },
    _S.RELEASING: {  # a query shows it as held until it is done
        **_settled(_S.RELEASING, "1297"),
        **_stay(_S.RELEASING, "1261", *_REFUNDS),
        **_stay(_S.RELEASING, "1145", *_RELEASES),
        _E.RELEASE_DONE: Cell(_S.RELEASED),
        _E.RELEASE_LOST: Cell(_S.HELD),
        _E.TIME_OUT: Cell(_S.EXPIRED),
    },
    _S.PARTLY_CAPTURED: {
        **_settled(_S.PARTLY_CAPTURED, "1260"),
        **_stay(_S.PARTLY_CAPTURED, "1261", *_REFUNDS),  # the capture is refunded, not the hold
        _E.CAPTURE_PART: Cell(_S.PARTLY_CAPTURED, "0000"),
        _E.CAPTURE_FULL: Cell(_S.CAPTURED, "0000"),
        _E.CAPTURE_OVER: Cell(_S.PARTLY_CAPTURED, "1153"),
        **dict.fromkeys(_RELEASES, Cell(_S.CAPTURED, "0000")),  # of the rest, at once
        _E.TIME_OUT: Cell(_S.CAPTURED),
    },
    _S.CAPTURED: {
        **_settled(_S.CAPTURED, "1260"),
        **_stay(_S.CAPTURED, "1261", *_REFUNDS),
    },
    _S.RELEASED: _dead(
        _S.RELEASED,
        cancel=Cell(_S.RELEASED, "1264"),
        refund=Cell(_S.RELEASED, "1261"),
        look=Cell(_S.RELEASED, "0000"),
    ),
}


def _without_hold(state: State) -> dict[Event, Cell]:
    """What a capture or a release of a hold that is not there, or not there yet, is answered."""
    return _stay(state, "1152" if state is _S.EXPIRED else "1151", *_CAPTURES, *_RELEASES)


TABLE = {state: {**_without_hold(state), **row} for state, row in (_ORDERS | _HOLDS).items()}

OPEN = frozenset({_S.CREATED, _S.WAITING, _S.PAYING, _S.CANCELLING})
OPEN |= {_S.HOLD_PENDING, _S.HOLD_CANCELLING}
DEAD = frozenset({_S.FAILED, _S.EXPIRED, _S.CANCELLED, _S.RELEASED})
MONEY_CAME = frozenset({_S.PAID, _S.REFUNDING, _S.PARTLY_REFUNDED, _S.REFUNDED})
MONEY_CAME |= {_S.PARTLY_CAPTURED, _S.CAPTURED}
HOLDS = frozenset(_HOLDS)
ON_HOLD = frozenset({_S.HELD, _S.RELEASING, _S.PARTLY_CAPTURED})  # something is held


def after(state: State, event: Event, *, cpm: bool) -> tuple[State, str]:
    """Return the new state and the answer.

    Example:
        >>> after(State.PAID, Event.CANCEL, cpm=False)
        (<State.PAID: 'paid'>, '1260')
        >>> after(State.CANCELLED, Event.LOOK, cpm=True)
        (<State.CANCELLED: 'cancelled'>, '1263')
    """
    return TABLE[state][event].read(cpm)
