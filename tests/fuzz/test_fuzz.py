"""Hostile input changes nothing; and what looks for it finds what is planted."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz import inputs
from tests.fuzz.__main__ import planned
from tests.fuzz.bad import FIRST_BAD, Bad
from tests.fuzz.kinds import KINDS, SECRETS, Answers, shown_secrets
from tests.fuzz.running import play

FIRST = 20_261_127
SAMPLE = 60  # of each kind


@pytest.mark.parametrize("kind", KINDS)
def test_a_sample_of_hostile_input_fails_nowhere_costs_little_and_shows_no_secret(kind):
    tasks = [(kind, FIRST + number) for number in range(SAMPLE)]

    assert [found for _, found in play(tasks, 1) if found] == []


FOUND = [
    # Brackets without an end before a type; a line break within a row of a table.
    *(("pastes", seed) for seed in (49_665_535, 49_665_939, 49_665_767)),
    # Long runs of blanks and line breaks; signs that each language escapes, thousands of them.
    *(("pastes", seed) for seed in (49_665_688, 49_666_058, 49_666_146, 49_667_364, 49_668_901)),
    # Something in front of a payer's field; a value that ran into another; an address that was
    # cut behind its password; a cookie behind a signature without its quote.
    *(("pastes", seed) for seed in (49_665_556, 49_668_277, 49_668_977, 49_668_320)),
    # An app code with half a character; a field with a bracket in its name, an address that is
    # cut before a field, an option of curl behind a quote; a signature of SHA1 that was cut.
    *(("pastes", seed) for seed in (273_956_229, 273_954_992, 273_957_185, 273_954_138)),
    *(("pastes", seed) for seed in (273_955_193, 273_957_181, 273_957_284)),
    # Thousands of commas behind a value, of brackets in front of a sign, of addresses; a name
    # that lost its first letter, an option of curl that ran into what was in front of it.
    *(("pastes", seed) for seed in (595_261_524, 595_265_249, 595_267_540, 595_269_232)),
    ("answers", 595_262_731),
    # A type in front of a bracket on each of thousands of lines; 60 kB without an address; a
    # payer's number that ran into the key, a value without an end, a reply that has it twice.
    *(("pastes", seed) for seed in (806_704_994, 806_700_761, 806_703_585, 806_701_401)),
    ("answers", 806_700_671),
    # A cookie that ran into an encoded body, one that lost the name of its header; a colon at
    # the end behind a field.
    *(("pastes", seed) for seed in (800_315_163, 800_318_271, 800_316_452)),
    # A payer's number whose name stands only where no client reads: behind the announced end of
    # the body, and in the reason.
    *(("answers", seed) for seed in (63_356_235, 63_356_483, 63_355_598)),
]


def test_what_an_input_once_showed_to_be_wrong_stays_right():
    assert [found for _, found in play(FOUND, 1) if found] == []


def test_the_command_lets_inputs_of_every_kind_in_and_counts_them():
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", "40", "--first", str(FIRST)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^\d+ inputs from seed \d+ in \d+ s: 0 tracebacks, 0 over", done.stdout, re.M)
    assert all(re.search(rf"^{kind} ", done.stdout, re.M) for kind in KINDS)


def test_every_kind_has_its_share_of_a_run():
    tasks = planned(1000, 5, list(KINDS))

    assert {kind for kind, _ in tasks} == set(KINDS)
    assert len(tasks) == len(set(tasks)) == 1000


@pytest.mark.parametrize("kind", KINDS)
def test_an_input_is_the_same_each_time_and_another_for_another_seed(kind):
    assert inputs.made(kind, 1) == inputs.made(kind, 1)
    assert len({inputs.made(kind, seed) for seed in range(50)}) > 40


def test_each_sort_of_fault_is_found_and_the_inputs_after_it_are_tried():
    tasks = [("pastes", FIRST_BAD + number) for number in range(8)]

    ends = [found for _, found in play(tasks, 1, {"pastes": Bad})]

    assert len(ends) == 8
    assert ends[0] is None and ends[7] is None
    assert [found.sort for found in ends if found] == [
        *("traceback", "fault", "over the limits", "over the limits", "secret shown", "fault"),
    ]
    assert "-9" in str(ends[6])


@pytest.mark.parametrize("secret", SECRETS)
def test_each_secret_stands_in_some_input_and_is_seen_where_it_is_shown(secret):
    carrying = [data for data in inputs.pastes() if secret.encode() in data]

    assert carrying
    assert any(shown_secrets(data, f"... {secret} ...") == [secret] for data in carrying)
    assert shown_secrets(carrying[0], "nothing of it") == []


def test_of_an_answer_what_a_client_reads_is_judged_and_nothing_behind_it():
    body = f'{{"user_creid": "{inputs.NUMBER}"}}'.encode()
    head = b"HTTP/1.1 200 %b\r\nContent-Length: %d\r\n\r\n"
    read, behind = head % (b"OK", len(body)) + body, head % (body, 0) + body
    torn = b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n" + body  # none of it is sure

    assert [shown_secrets(Answers().arrives(data), inputs.NUMBER) for data in (read, torn)] == [
        [inputs.NUMBER]
    ] * 2
    assert shown_secrets(Answers().arrives(behind), inputs.NUMBER) == []
