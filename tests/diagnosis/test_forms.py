"""Every form of the table is read as the request that it shows; nothing in it is called wrong."""

from __future__ import annotations

import hashlib
import re

import pytest

from qftools import explain
from qftools.diagnosis.reading.forms import forms
from qftools.signing import canonical
from tests.diagnosis.test_field import KEY

PARAMS = {
    "txamt": "1280",
    "txcurrcd": "HKD",
    "pay_type": "800201",
    "out_trade_no": "BAO20261126A17",
    "txdtm": "2026-11-26 18:20:31",
    "goods_name": "菠蘿油 x2",
}
RIGHT = "CC21FFDE724F18AA3D3086629EC409AC"
WRONG = hashlib.md5(f"{canonical(PARAMS)}&key={KEY}".encode()).hexdigest().upper()
EVERY = {form.id: form for form in forms()}


@pytest.mark.parametrize("name", EVERY)
def test_a_correct_request_is_read_in_every_form_and_nothing_in_it_is_called_wrong(name):
    diagnosis = explain(EVERY[name].example, key=KEY)

    assert diagnosis.form == name
    assert {n: v for n, v in diagnosis.params if n != "sign"} == PARAMS
    assert diagnosis.signature == "right" and diagnosis.ok


@pytest.mark.parametrize("name", EVERY)
def test_the_one_mistake_is_named_in_every_form(name):
    example = EVERY[name].example
    assert RIGHT in example

    diagnosis = explain(example.replace(RIGHT, WRONG), key=KEY)

    assert [f.id for f in diagnosis.findings if f.proof == "reproduced"] == ["key-joined"]
    assert not {f.id for f in diagnosis.findings} & {"header-missing", "field-missing"}


@pytest.mark.parametrize("name", EVERY)
def test_without_a_name_of_the_gateway_no_form_is_judged(name):
    """The same text about something else: exit status 0 would say that it is right."""
    names = "|".join([name.replace("_", "_?") for name in PARAMS])
    strange = re.sub(names, "other", EVERY[name].example, flags=re.IGNORECASE)
    strange = strange.replace("QF", "YZ").replace("qf", "yz").replace("/trade/v1", "/shop")

    try:
        diagnosis = explain(strange, key=KEY)
    except ValueError:
        return

    assert not diagnosis.params or not diagnosis.ok
