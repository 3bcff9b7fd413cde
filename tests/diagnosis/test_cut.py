"""A log that cuts at so many bytes, also in the middle of a character: never a false cause."""

from __future__ import annotations

import pytest

from qftools import explain
from qftools.diagnosis.reading.gate import UnreadError
from tests.diagnosis.test_field import KEY
from tests.diagnosis.test_forms import PARAMS, RIGHT

NAME = PARAMS["goods_name"].encode()
FORMS = {
    "form": "&".join([f"{n}={v}" for n, v in PARAMS.items()]),
    "java_map": "req={" + ", ".join([f"{n}={v}" for n, v in PARAMS.items()]),
    "print_r": "Array\n(\n" + "\n".join([f"    [{n}] => {v}" for n, v in PARAMS.items()]),
    "json": '{"' + '", "'.join([f'{n}": "{v}' for n, v in PARAMS.items()]),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kept", [1, 2, 4, 5, 7])
def test_a_value_that_ends_in_the_middle_of_a_character_proves_nothing(form, kept):
    whole = f"sign={RIGHT}\n{FORMS[form]}".encode()
    paste = whole[: whole.index(NAME) + kept]

    try:
        diagnosis = explain(paste, key=KEY, pairs=False)
    except UnreadError:
        return

    assert diagnosis.signature == "unchecked"
    assert "goods_name" not in {finding.field for finding in diagnosis.findings}
    assert not {"signature-unexplained", "field-missing"} & {f.id for f in diagnosis.findings}
