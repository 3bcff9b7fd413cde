"""The bench: that it measures in turns, hides no wrong reply, and shows what it measured."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from html import escape

import pytest

from docs._site import plots, speed
from qftools.catalogue import Text
from tests.bench import results, servers
from tests.bench.load import burst
from tests.bench.mended import MENDED
from tests.bench.rows import Goal, Measured, Missing, Result, Row
from tests.bench.running import Run
from tests.bench.table import ROWS, SUBJECTS
from tests.bench.timing import ROOT, in_turns

CHINESE = re.compile("[\u4e00-\u9fff]")


def row(measure, goal=None):
    text = Text("一", "one")
    return Row("key", text, text, goal, text, measure)


def test_both_sides_are_measured_in_turns_and_neither_is_always_the_first():
    calls = []

    in_turns({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, 4, 1e-9, steps())

    assert "".join(calls[-8:]) == "abbaabba"


def steps():
    """A clock that goes on by a second whenever it is read."""
    return iter(range(10**6)).__next__


def test_a_mark_follows_from_the_median_and_the_goal_alone():
    measured = Measured((1.0, 2.0, 9.0))

    marks = [
        Run().result(row(lambda run: measured, goal)).mark
        for goal in (None, Goal("<=", 2), Goal("<=", 1.9), Goal(">=", 2.1))
    ]

    assert marks == ["met", "met", "not met", "not met"]


def test_a_missing_peer_is_named_and_a_measurement_that_breaks_stops_no_other():
    def breaks(run):
        raise OSError("gone")

    missing = Run().result(row(lambda run: Missing(Text("没有", "not here"))))
    broken = Run().result(row(breaks))

    assert (missing.mark, broken.mark) == ("missing", "broken")
    assert results.as_data(missing)["reason"] == {"zh": "没有", "en": "not here"}
    assert results.as_data(broken)["reason"] == "OSError: gone"


def test_rows_of_one_measurement_share_it_and_its_failure():
    run, made = Run(), []

    assert run.once("a", lambda: made.append(1)) is run.once("a", lambda: made.append(1))
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            run.once("b", lambda: made.append(1 // 0))
    assert made == [1]


def test_a_wrong_reply_is_never_counted_as_one():
    wrong = pytest.raises(ValueError, match="replies to dynamodb were wrong")
    with servers.sandbox() as server, wrong:
        burst(server, "dynamodb", connections=2, cycles=3)


@pytest.mark.parametrize("start", [servers.sandbox, servers.on_waitress])
def test_the_load_plays_every_cycle_to_the_sandbox_once_and_its_replies_are_right(start):
    with start() as server:
        load = burst(server, "qfpay", connections=3, cycles=10, first=5)

    assert load.requests == 30
    assert load.wrong == 0


def test_every_row_speaks_both_languages_and_has_a_goal():
    assert sum(len(subject.rows) for subject in SUBJECTS) == len(ROWS)
    for one in ROWS.values():
        assert one.goal is not None
        assert CHINESE.search(one.what.zh + one.source.zh)
        assert not CHINESE.search(one.what.en + one.against.en + one.source.en)


def test_the_marks_of_the_results_follow_from_their_numbers_and_no_row_is_unknown():
    for key, found in results.read()["rows"].items():
        goal = ROWS[key].goal
        assert goal is not None
        if "median" in found:
            assert found["mark"] == ("met" if goal.met(found["median"]) else "not met"), key
        else:
            assert found["reason"], key


def test_the_file_that_the_page_is_made_from_has_the_texts_of_every_row():
    written = results.read()

    assert {name: written[name] for name in results.table()} == results.table(), (
        "run: python -m tests.bench --table"
    )


# In a process of its own: a test before it may have set tracing up, which a cancel then tells of.
_COUNTED = """
import json, sys
from tests.bench.running import Run
from tests.bench.table import ROWS
found = Run().result(ROWS[sys.argv[1]])
print(json.dumps([found.mark, found.outcome.samples]))
"""


@pytest.mark.parametrize("key", ["calls-cancel", "calls-query"])
def test_no_more_of_our_functions_are_called_than_the_goal_says_and_always_as_many(key):
    told = subprocess.run(
        [sys.executable, "-c", _COUNTED, key], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout

    mark, samples = json.loads(told)

    assert mark == "met", samples
    assert len(set(samples)) == 1


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_shows_every_row(lang):
    tables = "".join(speed.part(["table", subject.name], lang) for subject in SUBJECTS)

    for one in ROWS.values():
        assert escape(one.what.say(lang)) in tables


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("words", ["ratios", "curve grow-books", "curve grow-fields"])
def test_a_plot_is_one_block_with_a_name_to_be_read_out(words, lang):
    block = ElementTree.fromstring(speed.part(words.split(), lang))

    (drawing,) = block
    assert block.tag == "div"
    assert drawing.get("aria-label")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_what_was_mended_is_shown_with_the_value_that_was_measured_last(lang):
    table = speed.part(["mended"], lang)

    for one in MENDED:
        assert escape(ROWS[one.row].what.say(lang)) in table
        found = results.read()["rows"].get(one.row, {})
        unit = ROWS[one.row].unit
        now = plots.in_unit(found["median"], unit) if "median" in found else "–"
        assert f"**{now}**" in table
    assert len(table.splitlines()) == len(MENDED) + 2


def test_a_run_says_which_marks_are_not_those_of_the_run_before():
    key = "verify-reply"
    was = results.read()["rows"][key]["mark"]
    far = Measured((1e9,)), Measured((1e-9,))  # one of them misses the goal, one meets it

    changed = [results.changed_marks([Result(ROWS[key], outcome)]) for outcome in far]

    assert sorted(changed, key=len) == [{}, {key: (was, "met" if was != "met" else "not met")}]
