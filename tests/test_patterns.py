"""Patterns are compiled late; a mistake in one must not be found by a user."""

from __future__ import annotations

import pickle
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from copy import copy
from importlib import import_module

import pytest

import qftools
from qftools import patterns

MODULES = [
    one.name
    for one in pkgutil.walk_packages(qftools.__path__, "qftools.")
    if one.name.startswith(("qftools.diagnosis", "qftools.exchange", "qftools.transport"))
]


def _written_in(value: object) -> Iterator[patterns._Pattern]:
    if isinstance(value, patterns._Pattern):
        yield value
    elif isinstance(value, (tuple, list)):
        for part in value:
            yield from _written_in(part)


@pytest.mark.parametrize("module", MODULES)
def test_every_pattern_of_a_module_compiles(module):
    for one in _written_in(list(vars(import_module(module)).values())):
        assert isinstance(one._compiled, re.Pattern)


def test_a_pattern_does_what_the_compiled_one_does():
    late = patterns.pattern(r"(?P<code>\d{4})", re.ASCII)

    assert late.findall("respcd 1145, 1143") == ["1145", "1143"]
    assert late.sub("....", "respcd 1145") == "respcd ...."
    assert late.pattern == r"(?P<code>\d{4})"
    assert not hasattr(late, "nothing")
    assert (
        copy(late).findall("1145") == pickle.loads(pickle.dumps(late)).findall("1145") == ["1145"]
    )


def test_loading_the_client_compiles_none_of_our_patterns():
    code = (
        "from qftools import Client, patterns; import gc;"
        "late = [one for one in gc.get_objects() if isinstance(one, patterns._Pattern)];"
        "assert late; assert not [one for one in late if '_compiled' in vars(one)]"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
