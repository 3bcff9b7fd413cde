"""No paste, however crafted, makes the work grow beyond its bounds: counted, not timed."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress

import pytest

from qftools import explain
from qftools.diagnosis.causes.search import LONGEST_FOR_PAIRS, MOST_WORK, search
from qftools.diagnosis.deviations import Inputs
from qftools.diagnosis.reading.paste import LONGEST, LONGEST_TEXT
from qftools.diagnosis.reading.reader import read
from qftools.errors import InputError
from qftools.exchange import Request
from tests.fuzz.limits import Meter

KEY = "5744993FBC034DBBB995FA0123456789"
SLACK = 5_000_000  # units: what one step may cost beyond the bound before it is seen


def many(count, size=1):
    return tuple((f"name{number}", "咖 啡%" * size) for number in range(count))


REQUESTS = {
    "a thousand fields": many(1000),
    "long values": many(10, LONGEST_FOR_PAIRS // 50),
    "one huge value": (("udid", "é%" * 12_000),),
    "amounts": tuple((f"f{number}", "1234567") for number in range(400)),
    "times": (("txdtm", "2026-01-05 10:00:00"), ("start_time", "2026-01-05 10:00:00")),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_search_that_finds_nothing_ends_within_its_work(name):
    inputs = Inputs(REQUESTS[name], "payment", "https://h/trade/v1/payment", b"", "MD5", "A" * 32)

    result = search(inputs, KEY, "0" * 32)

    assert not result.matches
    assert 0 < result.work <= MOST_WORK + SLACK


def test_a_smaller_bound_ends_the_search_sooner():
    inputs = Inputs(REQUESTS["times"], "payment", "", b"", "MD5", "")

    result = search(inputs, KEY, "0" * 32, most_work=1_000_000)

    assert result.work <= 1_000_000 + SLACK and result.level == 1


def test_a_request_that_is_too_long_to_search_is_not_searched():
    inputs = Inputs((("udid", "x" * 200_000),), "payment", "", b"", "MD5", "")

    assert search(inputs, KEY, "0" * 32).tries == 0


@pytest.mark.parametrize(
    ("length", "zh", "en"),
    [
        (100, "单个错误，以及两个错误叠加", "single mistakes and two together"),
        (LONGEST_FOR_PAIRS + 1, "只试完了单个错误", "only single mistakes were tried to the end"),
        (200_000, "没有试完", "the search was not finished"),
    ],
)
def test_a_search_that_finds_nothing_says_how_far_it_went(length, zh, en):
    body = f"udid={'x' * length}&txamt=1".encode()
    request = Request("POST", "https://h/trade/v1/query", (("X-QF-SIGN", "0" * 32),), body)

    diagnosis = explain(request, key=KEY)

    (finding,) = [f for f in diagnosis.findings if f.id == "signature-unexplained"]
    assert zh in finding.evidence.zh and en in finding.evidence.en
    assert f"{diagnosis.tried:,} " in finding.evidence.en
    assert ("short values" in finding.fix.en) == (length > LONGEST_FOR_PAIRS)


@pytest.mark.parametrize("length", [LONGEST_FOR_PAIRS - 1000, LONGEST_FOR_PAIRS + 1])
def test_a_single_cause_is_found_in_a_long_request_too(length):
    text = f"txamt=1&udid={'x' * length}"
    wrong = hashlib.md5((text + "&key=" + KEY).encode()).hexdigest()

    diagnosis = explain(f"{text}  sign={wrong}", key=KEY)

    assert diagnosis.cause is not None and diagnosis.cause.id == "key-joined"


CRAFTED = {
    "blanks in a log": "sign string: a=1&b=2" + " " * 400_000 + "x",
    "equals signs": "sign=" * 90_000,
    "half pairs": "a=&" * 150_000,
    "ampersands": "curl https://h/trade/v1/query -d '" + "&" * 250_000 + "'",
    "quotes for bash": "curl " + "''" * 200_000 + "https://h",
    "backslashes for bash": "curl " + "\\" * 400_000,
    "dollars": "curl " + "$" * 400_000,
    "escapes": "curl https://h -d $'" + "\\u4e2d" * 60_000,
    "carets": 'curl ^"https://h^" ' + "^" * 400_000,
    "backslashes for cmd": 'curl ^"https://h^" ' + "\\" * 300_000 + '"',
    "brackets": "[" * 400_000,
    "nested objects": '{"a":' * 100_000,
    "deep but closed": "[" * 900 + "]" * 900,
    "nested answer": '{"respcd":' + "[" * 900 + "]" * 900 + "}",
    "a huge number": '{"url": "https://h", "method": "POST", "body": ' + "9" * 400_000 + "}",
    "many lists": "[" + "[]," * 1_000_000 + "[]]",
    "many headers": "POST /q HTTP/1.1\n" + "a: b\n" * 80_000,
    "a long request line": "POST /" + "a" * 400_000 + " HTTP/1.1\n\n",
    "lengths": "POST /q HTTP/1.1\nContent-Length: " + "9" * 100_000 + "\n\nx",
    "python that nests": "requests.post(" + "-" * 40_000 + "1)",
    "python that nests in brackets": "requests.post(" + "(" * 40_000,
    "print_r": "Array\n" + "[a] => 1\n" * 50_000,
    "hex": ("0" * 31 + "-") * 15_000 + "a=1&b=2",
    "labels": "string to sign string to sign " * 15_000,
    "dots": "a." * 200_000 + "=1&b=2",
    "zero-width": "a=1&b=" + "\u200b" * 400_000,
    "percent signs": "curl https://h/trade/v1/query -d 'a=" + "%" * 200_000 + "'",
    "variables": json.dumps(
        {
            "variable": [{"key": "v", "value": "x" * 75_000}],
            "item": [{"request": {"url": "{{v}}" * 15_000, "body": {"raw": "{{v}}" * 100}}}],
        }
    ),
    "variables in many requests": json.dumps(
        {
            "variable": [{"key": "v", "value": "x" * 50_000}],
            "item": [{"request": {"url": "{{v}}", "header": [{"key": "{{v}}"}] * 9}}] * 400,
        }
    ),
    "names in cells": "txamt\t" * 80_000,
    "names before brackets": "txamt(" * 80_000,
    "names before quotes": "txamt `" * 70_000,
    "tags": "<txamt>" * 70_000,
    "one JSON with many requests": json.dumps([{"txamt": "1", "syssn": "2"}] * 50_000),
    "blank lines": (" " * 300 + "\n") * 1200 + "txamt=1&b=2",
    "blank lines below curl -v": "> POST /q HTTP/1.1\n" + "\n" * 100_000 + "txamt=1&b=2",
    "maps with ampersands": "txamt=1&b=2, " * 25_000,
    "texts of YAML": "goods_name: |\n" * 10_000,
    "secrets": '{"key": "' + '\\"' * 200_000,
    "full form": "curl https://h/trade/v1/payment -d '" + "txamt=1&" * 30_000 + "'",
}


@pytest.mark.parametrize("name", CRAFTED)
def test_a_crafted_paste_is_explained_or_refused_within_its_memory(name):
    meter = Meter()

    with suppress(InputError):
        explain(CRAFTED[name], key=KEY)

    assert meter.grown() < 200_000_000


@pytest.mark.parametrize("start", ["curl https://h -d '", "sign=", "POST /q HTTP/1.1\n\n"])
def test_text_beyond_the_bound_is_refused_before_it_is_read(start):
    with pytest.raises(InputError, match=f"at most {LONGEST_TEXT:,}"):
        read(start + "a" * LONGEST_TEXT)


def test_json_beyond_the_bound_is_refused_before_it_is_read():
    with pytest.raises(InputError, match=f"at most {LONGEST:,}"):
        read("[" * (LONGEST + 1))


def test_an_archive_with_many_requests_is_looked_at_in_part():
    wrong = hashlib.md5(b"x").hexdigest()
    one = f"curl https://h/trade/v1/query -H 'X-QF-SIGN: {wrong}' -d syssn=1\n"

    diagnosis = explain(one * 300, key=KEY)

    assert diagnosis.count <= 50
