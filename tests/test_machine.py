"""The table of what the machine must have."""

from __future__ import annotations

import re

import pytest

from tests import machine


@pytest.mark.parametrize("need", machine.NEEDS.values(), ids=machine.NEEDS.keys())
def test_every_need_says_how_to_get_it_and_who_uses_it(need):
    assert need.commands and need.packages and need.used_by
    assert all(re.fullmatch(r"[a-z0-9.+-]+", package) for package in need.packages)


def test_what_the_machine_lacks_is_exactly_what_is_not_present():
    lacking = {need.name for need in machine.missing()}

    assert lacking == {name for name in machine.NEEDS if not machine.present(name)}


def test_ci_is_asked_for_by_the_word_true_alone(monkeypatch):
    monkeypatch.setenv("CI", "true")
    asked = machine.nothing_may_be_left_out()

    monkeypatch.delenv("CI")

    assert asked
    assert not machine.nothing_may_be_left_out()
