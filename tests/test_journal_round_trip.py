"""What a cancel holds comes out of the journal as it went in: every field, any answer, any bytes.

The values are made from the types of the fields, so a new field is tested without a change here.
"""

from __future__ import annotations

import json
import string
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Literal, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from qftools import Verdict, cancel
from qftools.cancellation.findings import Answer, Finding
from qftools.cancellation.outcome import Taken
from qftools.cancellation.policy import Policy
from qftools.cancellation.routing import route
from qftools.cancellation.walk import Finished, Walk
from qftools.catalogue import Text
from qftools.errors import InputError
from qftools.exchange import Exchange
from qftools.exchange.redaction import ShownExchange, redacted
from qftools.journal import records
from qftools.journal.journal import Journal
from qftools.models import Order, Transaction
from qftools.sandbox import Sandbox
from tests.test_journal import Died, Dies, placed

ANY_TEXT = st.text(st.characters(exclude_categories=()))  # lone surrogates, too
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=8,
)
DIGITS = st.text(string.digits, min_size=1, max_size=20)
ORDERS = {
    "out_trade_no": st.none() | st.text(string.ascii_letters, min_size=1, max_size=32),
    "txamt": st.none() | st.integers(1, 99_999_999),
    "txdtm": st.none() | st.datetimes().map(lambda at: at.strftime("%Y-%m-%d %H:%M:%S")),
    "syssn": st.none() | st.integers(10**19, 10**24).map(str),
    "pay_type": st.none() | st.sampled_from(["800101", "800201", "802001"]),
    "txcurrcd": st.none() | st.sampled_from(["HKD", "JPY"]),
    "mchid": st.none() | st.text(string.ascii_letters, min_size=1, max_size=16),
    "udid": st.none() | st.text(string.ascii_letters, min_size=1, max_size=16),
}


def policies():
    numbers = {
        name: st.integers(1) if hint is int else st.floats(0, allow_infinity=False)
        for name, hint in get_type_hints(Policy).items()
        if hint in (int, float)
    }
    return st.builds(Policy, **numbers, source=ANY_TEXT)


@cache
def anything(hint):
    """Values of a type, made from what the type says."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return st.one_of([anything(one) for one in inner])
    if origin is Literal:
        return st.sampled_from(inner)
    if origin is tuple and inner[-1] is Ellipsis:
        return st.lists(anything(inner[0]), max_size=3).map(tuple)
    if origin is tuple:
        return st.tuples(*[anything(one) for one in inner])
    if hint is Transaction:
        return st.dictionaries(ANY_TEXT, JSON, max_size=4).map(Transaction)
    if hint is Order:
        return st.builds(valid_order, **ORDERS).filter(bool)
    if hint is ShownExchange:
        return anything(Exchange).map(redacted)
    if hint is Policy:
        return policies()
    if isinstance(hint, type) and issubclass(hint, tuple):
        return st.tuples(*[anything(one) for one in get_type_hints(hint).values()]).map(
            lambda parts: hint(*parts)
        )
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(list(hint))
    if isinstance(hint, type) and is_dataclass(hint):
        hints = get_type_hints(hint)
        kept = [field.name for field in fields(hint) if field.compare]
        return st.builds(hint, **{name: anything(hints[name]) for name in kept})
    return {
        str: ANY_TEXT,
        int: st.integers(),
        float: st.floats(allow_nan=False, allow_infinity=False),
        bool: st.booleans(),
        bytes: st.binary(),
        NoneType: st.none(),
    }[hint]


def valid_order(**values):
    try:
        return Order(**values)
    except InputError:
        return None


def through_json(value):
    return records.read(type(value), json.loads(json.dumps(records.plain(value))))


@given(anything(Walk))
def test_a_walk_comes_back_as_it_was(walk):
    assert through_json(walk) == walk


@given(anything(Answer))
def test_an_answer_comes_back_as_it_was_whatever_its_row_holds(answer):
    assert through_json(answer) == answer


@given(anything(Taken))
def test_a_question_comes_back_with_every_byte_of_its_exchange(taken):
    assert through_json(taken) == taken


@pytest.mark.parametrize("kind", [Walk, Answer, Taken, Order, Policy, Finished])
def test_each_field_that_is_compared_is_kept(kind):
    kept = {field.name for field in fields(kind) if field.compare}

    @settings(max_examples=3, phases=[Phase.generate])
    @given(anything(kind))
    def keeps(value):
        assert records.plain(value).keys() == kept

    keeps()


@given(anything(Walk), st.data())
def test_a_walk_of_an_older_journal_gets_the_defaults_of_what_is_new(walk, data):
    optional = [field.name for field in fields(Walk) if field.compare and field.name != "order"]
    missing = data.draw(st.sets(st.sampled_from(optional)))
    record = records.plain(walk)
    for name in missing:
        del record[name]

    defaults = {name: getattr(Walk(walk.order), name) for name in missing}
    assert records.read(Walk, record) == replace(walk, **defaults)


OLD_WALK = {
    "order": {
        "out_trade_no": "A1",
        "txamt": 2500,
        "txdtm": "2026-01-05 10:00:00",
        "syssn": None,
        "pay_type": "800101",
        "txcurrcd": "HKD",
        "mchid": None,
        "udid": None,
    },
    "policy": None,
    "profile": "seed",
    "hk_cancel": "deny",
    "step": "DONE",
    "wait": 0.0,
    "looks": 1,
    "absents": 0,
    "cancels": 1,
    "confirms": 1,
    "opens": 0,
    "ripe": False,
    "last_cancel": {
        "finding": "OPEN",
        "respcd": "1297",
        "row": None,
        "refused": True,
        "pending": False,
        "note": "not now",
        "wait": 0.0,
        "age": 0.0,
    },
    "routed": True,
    "end": {"verdict": "NOT_CANCELLABLE", "reason": "1297 not now"},
}


def test_a_walk_that_an_earlier_qftools_wrote_is_read():
    walk = records.read(Walk, OLD_WALK)

    assert walk.route == route("800101")
    assert walk.end == Finished(Verdict.NOT_CANCELLABLE, Text("1297 not now", "1297 not now"))
    assert walk.last_cancel == Answer(
        Finding.OPEN, "1297", refused=True, note=Text("not now", "not now")
    )


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"routed": False}, None),
        ({"end": None}, route("800101")),
        ({"profile": "docs-2026-02"}, route("800101", profile="docs-2026-02")),
    ],
)
def test_what_an_earlier_qftools_left_out_is_worked_out_again(change, expected):
    assert records.read(Walk, OLD_WALK | change).route == expected


def test_a_reason_that_an_earlier_qftools_left_empty_is_none():
    walk = records.read(Walk, OLD_WALK | {"end": {"verdict": "CANCELLED", "reason": ""}})

    assert walk.end == Finished(Verdict.CANCELLED)


# ---- a key that is a word of the state -----------------------------------------------------


@pytest.mark.parametrize("key", ["CANCELLED", "out_trade_no", "reversal", "look_tries", "exchange"])
def test_a_key_that_is_a_word_of_the_journal_leaves_its_state_whole(key, tmp_path):
    path = tmp_path / "journal.db"
    with Sandbox(client_key=key.ljust(8, "x")) as sandbox, Journal(path) as journal:
        client = sandbox.client()
        order = placed(client, goods_name=f"sold {sandbox.credentials.client_key}")
        with pytest.raises(Died):
            cancel(client, order, journal=journal, watch=Dies(3))
        again = journal.resume(client, 1)

        assert again.verdict is Verdict.CANCELLED
        assert journal.entry(1).outcome == replace(again, steps=journal.entry(1).steps)
        assert journal.unreadable() == () == journal.pending()


def test_a_terminal_named_by_the_client_key_is_not_kept_and_the_cancel_goes_on_without(tmp_path):
    path = tmp_path / "journal.db"
    with Sandbox(client_key="MARKER5744993FBC034DBBB995FA") as sandbox, Journal(path) as journal:
        client = sandbox.client()
        order = replace(placed(client), udid="MARKER5744993FBC034DBBB995FA")
        with pytest.raises(Died):
            cancel(client, order, journal=journal, watch=Dies(2))
        written = b"".join(file.read_bytes() for file in tmp_path.iterdir())

        assert b"MARKER" not in written
        assert journal.entry(1).order.udid is None
        assert journal.resume(client, 1).verdict is Verdict.CANCELLED


# ---- on disk, not on its way there ----------------------------------------------------------


@pytest.mark.parametrize("opened_before", [False, True])
def test_every_commit_waits_for_the_disk_also_in_a_file_that_was_there(tmp_path, opened_before):
    path = tmp_path / "journal.db"
    if opened_before:
        Journal(path).close()
    levels = []

    class Looks:
        def __init__(self, journal):
            self.database = journal._file.db

        def asking(self, walk, action):
            levels.append(self.database.execute("PRAGMA synchronous").fetchone()[0])

        told = asking

    with Sandbox() as sandbox, Journal(path) as journal:
        client = sandbox.client()
        cancel(client, placed(client), journal=journal, watch=Looks(journal))
        assert journal._file.db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"

    assert set(levels) == {2}  # FULL
