"""The table of what the machine must have."""

from __future__ import annotations

import os
import re

import pytest

from tests.tools import machine


@pytest.mark.parametrize("need", machine.NEEDS.values(), ids=machine.NEEDS.keys())
def test_every_need_says_how_to_get_it_and_who_uses_it(need):
    assert need.commands and need.proof and need.packages and need.used_by
    assert all(re.fullmatch(r"[a-z0-9.+-]+", package) for package in need.packages)


@pytest.mark.parametrize("end", ["exit 0", "exit 127"], ids=["does nothing", "can't start"])
@pytest.mark.parametrize("name", machine.NEEDS)
def test_a_program_of_the_right_name_is_not_enough(name, end, tmp_path, monkeypatch):
    need = machine.NEEDS[name]
    for command in (*need.commands, "java", "mono"):
        (tmp_path / command).write_text(f"#!/bin/sh\n{end}\n")
        (tmp_path / command).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    machine.why_missing.cache_clear()

    why = machine.why_missing(name)

    machine.why_missing.cache_clear()
    assert f"{tmp_path}/{need.commands[0]} does not work" in why


def test_what_the_machine_lacks_is_exactly_what_is_not_present():
    lacking = {need.name for need in machine.missing()}

    assert lacking == {name for name in machine.NEEDS if not machine.present(name)}


def test_ci_is_asked_for_by_the_word_true_alone(monkeypatch):
    monkeypatch.setenv("CI", "true")
    asked = machine.nothing_may_be_left_out()

    monkeypatch.delenv("CI")

    assert asked
    assert not machine.nothing_may_be_left_out()
