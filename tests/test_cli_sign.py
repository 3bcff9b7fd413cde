"""``qftools sign``, as its user types it."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from qftools import locale
from qftools.cli import exits, main

PARAMS = ("mchid=ZaMVg12345", "txamt=100", "txcurrcd=HKD")
MD5 = "3CB3AA9C21D818AB4CAFAA8FA3FEACF4"  # published by the vendor for these and the key abcd1234


@pytest.fixture
def qftools():
    """Type ``qftools ...``."""
    runner = CliRunner(env={"QFTOOLS_CLIENT_KEY": "abcd1234"})

    return lambda *args, **how: runner.invoke(main, args, **how)


def test_the_published_signature_comes_out_with_the_text_that_was_signed(qftools):
    done = qftools("sign", *PARAMS, "--lang", "en")

    assert done.exit_code == 0
    assert "mchid=ZaMVg12345&txamt=100&txcurrcd=HKD" in done.output
    assert f"X-QF-SIGN: {MD5}" in done.output


def test_the_steps_are_told_in_chinese_too(qftools):
    done = qftools("sign", "--lang", "zh", *PARAMS)

    assert "按参数名排序后拼接" in done.output
    assert MD5 in done.output


def test_json_holds_text_and_signature_and_never_the_key(qftools):
    done = qftools("sign", "--json", *PARAMS)

    assert json.loads(done.output) == {
        "text": "mchid=ZaMVg12345&txamt=100&txcurrcd=HKD",
        "algorithm": "MD5",
        "signature": MD5,
    }
    assert "abcd1234" not in done.output


@pytest.mark.parametrize(("signature", "status"), [(MD5.lower(), 0), ("0" * 32, 1)])
def test_checking_a_signature_ends_by_whether_it_is_right(qftools, signature, status):
    assert qftools("sign", *PARAMS, "--check", signature).exit_code == status


def test_the_raw_bytes_of_a_reply_are_signed_as_they_are(qftools):
    done = qftools("sign", "--json", "--body", "-", input=b'{"respcd": "0000"}')

    # printf '%s' '{"respcd": "0000"}abcd1234' | md5sum
    assert json.loads(done.output)["signature"] == "40526CF4AC031EC195CF8BC251AF2ADB"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("sign", "txamt"), "'txamt' is not of the form name=value"),
        (("sign",), "Give either NAME=VALUE parameters or --body"),
        (("sign", "a=1", "--body", "-"), "Give either NAME=VALUE parameters or --body"),
        (("sign", "a=1", "--algorithm", "SHA1"), "SHA1"),
    ],
)
def test_wrong_use_ends_with_2_and_says_what_is_wrong(qftools, args, said):
    done = qftools("--lang", "en", *args)

    assert done.exit_code == 2
    assert said in done.output


def test_without_a_key_both_ways_to_give_it_are_named(qftools):
    done = qftools("--lang", "en", "sign", "a=1", env={"QFTOOLS_CLIENT_KEY": ""})

    assert done.exit_code == 2
    assert "--client-key is missing: give it, or set QFTOOLS_CLIENT_KEY" in done.output


@pytest.mark.parametrize("lang", locale.LANGUAGES)
def test_help_lists_every_exit_status_in_the_chosen_language(qftools, lang):
    shown = "".join(qftools("--help", "--lang", lang).output.split())

    for row in exits.exits(lang):
        assert f"{row.status}{''.join(row.when.split())}" in shown
