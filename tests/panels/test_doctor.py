"""The doctor: what is pasted is diagnosed, and where the signed texts differ is marked."""

import re
from urllib.parse import urlencode

from qftools.panels import Doctor
from qftools.sandbox.replaying import WAYS, sealed
from qftools.sandbox.sandbox import APP_CODE, CLIENT_KEY

FIELDS = {
    "goods_name": "tea & cake",
    "out_trade_no": "R1",
    "pay_type": "800101",
    "txamt": "2500",
    "txcurrcd": "HKD",
    "txdtm": "2026-01-05 10:00:00",
}


def test_the_doctor_proves_the_cause_and_shows_the_bytes():
    doctor = Doctor()

    doctor.button.click()

    assert doctor.diagnosis is not None
    assert doctor.diagnosis.cause is not None
    assert "signed in the order of sending" in doctor.result.value
    assert CLIENT_KEY not in doctor.result.value


def test_the_doctor_marks_the_bytes_that_were_signed_differently():
    pairs = tuple(FIELDS.items())
    signature, algorithm = sealed(WAYS["encoded"], pairs, CLIENT_KEY, "MD5")
    form = urlencode(pairs)
    doctor = Doctor(
        f"curl -X POST http://127.0.0.1:8787/trade/v1/payment -H 'X-QF-APPCODE: {APP_CODE}' "
        f"-H 'X-QF-SIGN: {signature}' -H 'X-QF-SIGNTYPE: {algorithm}' -d '{form}'"
    )

    doctor.button.click()

    marked = re.findall(r'<mark class="qf-differs">(.*?)</mark>', doctor.result.value)
    assert "+%26+" in marked  # as it was signed, for "·&amp;·"
    assert not [part for part in marked if "txamt" in part or "tea" in part]


def test_a_paste_that_cannot_be_read_is_said_in_the_panel():
    doctor = Doctor("nothing like a request")

    doctor.button.click()

    assert "qf-card" in doctor._trouble.value
    assert doctor.diagnosis is None
