"""The examples that the site shows: each is run, and prints what the page says it prints."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

EXAMPLES = sorted(Path(__file__).with_name("examples").glob("*.py"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_prints_what_the_site_says(example, capsys):
    runpy.run_path(str(example), run_name="__main__")

    printed = capsys.readouterr().out

    assert printed == example.with_suffix(".txt").read_text(encoding="utf-8")


def test_there_are_examples():
    assert EXAMPLES
