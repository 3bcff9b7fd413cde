"""Signature mistakes as they were met in the field: one cause, and the simplest."""

from __future__ import annotations

import pytest

from qftools import explain

KEY = "5E5B3A0C9D7F4E21A8B6C4D2E0F19375"
MCHID = "MNxMp11FV35qQN"
PLAIN = (
    "txamt=1280&txcurrcd=HKD&pay_type=800201&out_trade_no=BAO20261126A17"
    "&txdtm=2026-11-26+18%3A20%3A31&goods_name=%E8%8F%A0%E8%98%BF%E6%B2%B9+x2"
)
REST = "&out_trade_no=BAO20261126A17&pay_type=800201&txamt=1280&txcurrcd=HKD"
AT = "&txdtm=2026-11-26 18:20:31"
LATE = "&notify_url=https%3A%2F%2Fs.example%2Fn&return_url=https%3A%2F%2Fs.example%2Fr&udid=POS7"
BARE = PLAIN.replace("+", " ").replace("%3A", ":").partition("&goods_name")[0]

# Signature, body, and the cause with its field.
MET = {
    "a card terminal's map": ("304D767334070E5CEA02E3C66754CEED", PLAIN, "map-printed", ""),
    "& inside a URL": (
        "0DF3B3FC8DFBB8E99203A289AEF66ADC",
        f"{BARE}&goods_name=菠蘿油 x2&notify_url=https://shop.example/qf/notify.php?shop=7&t=ok",
        "ampersand-sent-raw",
        "notify_url",
    ),
    "& inside a URL, sorted": (
        "399E6623669B89D925DA8B6FF8475A11",
        "goods_name=菠蘿油 x2&notify_url=https://shop.example/qf/notify.php?order=7&shop=2"
        + REST
        + AT,
        "ampersand-sent-raw",
        "notify_url",
    ),
    "mchid not sent": ("4ADCC83122397DFE66B18864C0C18625", PLAIN, "signed-not-sent", "mchid"),
    "a HashMap": ("6B1643EB6C4D739F14297329A7625A47", PLAIN, "hash-map-order", ""),
    "the vendor's PHP with a URL": (
        "221EF95245F71BC66CC1C32EA8545981",
        "goods_name=tea&notify_url=https%3A%2F%2Fshop.example%2Fqf%2Fnotify" + REST + AT,
        "body-as-sent",
        "",
    ),
    "the vendor's PHP with a plus": (
        "BECE126EA8DC4D65DCBC34F8E138A864",
        "goods_name=C+ juice" + REST + AT,
        "body-as-sent",
        "",
    ),
    "three added late": (
        "CC21FFDE724F18AA3D3086629EC409AC",
        PLAIN + LATE,
        "sent-not-signed",
        "notify_url, return_url, udid",
    ),
    "escape()": ("49905C49F890598E5493C07D0389C5A0", PLAIN, "javascript-escape", ""),
    "a zero-width space": ("7920C7923100A11EE13D6E06387C6B4B", PLAIN, "blank-at-key", ""),
    "str(bytes)": ("E1657D2010DF121BADD1CDF0333E4777", PLAIN, "python-repr", "goods_name"),
}


def paste(signature, body):
    return (
        "curl -X POST 'https://test-openapi-hk.qfapi.com/trade/v1/payment'"
        f" -H 'X-QF-APPCODE: 1C2D3E4F5A6B47889900AABBCCDDEEFF' -H 'X-QF-SIGN: {signature}'"
        f" -H 'Content-Type: application/x-www-form-urlencoded' --data-raw '{body}'"
    )


@pytest.mark.parametrize("met", MET)
def test_one_mistake_is_named_alone(met):
    signature, body, cause, field = MET[met]

    diagnosis = explain(paste(signature, body), key=KEY, mchid=MCHID)

    proved = [(f.id, f.field) for f in diagnosis.findings if f.proof == "reproduced"]
    assert proved == [(cause, field)]


def test_the_plus_that_the_request_cannot_tell_from_what_was_sent_is_said():
    signature, body, *_ = MET["the vendor's PHP with a plus"]

    finding = explain(paste(signature, body), key=KEY).cause

    assert finding is not None
    assert "goods_name was sent unencoded" in finding.evidence.en
    assert "goods_name 里的 + 没有编码" in finding.evidence.zh


def test_a_request_of_many_fields_says_that_not_every_order_was_tried():
    body = "&".join([f"f{number}=v{number}" for number in range(12)])

    diagnosis = explain(paste("0" * 32, body + "&txamt=1"), key=KEY)

    (finding,) = [f for f in diagnosis.findings if f.id == "signature-unexplained"]
    assert "every order and every set" in finding.evidence.en
    assert "每种顺序" in finding.evidence.zh
