"""Programs and snippets that are handed out run, and the sandbox takes what they send."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from qftools import sign
from qftools.diagnosis.snippets import SNIPPETS
from qftools.exchange import Exchange, Request
from qftools.exchange.programs import as_source
from qftools.exchange.redaction import Redactor, redacted
from qftools.sandbox import Sandbox
from qftools.signing import canonical, sign_body

KEY = "5744993FBC034DBBB995FA0123456789"
APP = "3F504C39125E4886AB4741AAAAAAAAAA"
PARAMS = {
    "txamt": "2500",
    "txcurrcd": "HKD",
    "pay_type": "800101",
    "txdtm": "2026-01-05 10:00:00",
    "goods_name": 'it\'s 一杯 "咖啡" $5 \\ 100%',
    "udid": "a+b&c=d",
}
LANGUAGES = {
    "python": (),
    "php": (pytest.mark.needs("php"),),
    "java": (pytest.mark.needs("java"),),
    "node": (pytest.mark.needs("node"),),
}
every_language = pytest.mark.parametrize(
    "language", [pytest.param(name, marks=marks) for name, marks in LANGUAGES.items()]
)
COMMANDS = {
    "python": (sys.executable, "call.py"),
    "php": ("php", "call.php"),
    "java": ("java", "-XX:TieredStopAtLevel=1", "Call.java"),
    "node": ("node", "call.js"),
    "curl": ("bash", "call.sh"),
}


def run(folder, language, source):
    """Run *source* as its reader would, and return what it printed."""
    *command, name = COMMANDS[language]
    (folder / name).write_text(source, encoding="utf-8")
    environment = {**os.environ, "QFTOOLS_CLIENT_KEY": KEY, "PYTHONWARNINGS": ""}
    done = subprocess.run(
        [*command, name], cwd=folder, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def sandbox():
    with Sandbox(app_code=APP, client_key=KEY) as running:
        running.serve()
        yield running


def recorded(sandbox, number, algorithm="MD5"):
    """A payment as the client would send it, not sent yet."""
    from urllib.parse import urlencode

    params = {**PARAMS, "out_trade_no": number}
    headers = (
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("X-QF-APPCODE", APP),
        ("X-QF-SIGN", sign(params, KEY, algorithm)),
        *((("X-QF-SIGNTYPE", algorithm),) if algorithm != "MD5" else ()),
    )
    return Request("POST", sandbox.url + "/trade/v1/payment", headers, urlencode(params).encode())


def answer_of(printed):
    return json.loads(printed[printed.index("{") :])


@pytest.mark.parametrize(
    "language",
    [
        *(pytest.param(name, marks=marks) for name, marks in LANGUAGES.items()),
        pytest.param("curl", marks=pytest.mark.needs("curl")),
    ],
)
def test_a_recorded_request_runs_as_a_program_and_is_accepted(language, sandbox, tmp_path):
    request = recorded(sandbox, f"REC{language}")
    source = redacted(Exchange("payment", request, None, "-", 0.0, 0.0)).as_source(language)

    answer = answer_of(run(tmp_path, language, source))

    assert answer["respcd"] == "0000"
    assert sandbox.order(f"REC{language}").txamt == 2500


@every_language
@pytest.mark.parametrize("algorithm", ["MD5", "SHA256"])
def test_a_request_is_signed_anew_by_the_program_itself(language, algorithm, sandbox, tmp_path):
    request = recorded(sandbox, f"NEW{language}{algorithm}", algorithm)
    broken = tuple((n, "0" * 32 if n == "X-QF-SIGN" else v) for n, v in request.headers)
    request = Request(request.method, request.url, broken, request.body)

    answer = answer_of(
        run(tmp_path, language, as_source(Redactor().request(request), language, resign=True))
    )

    assert answer["respcd"] == "0000"


# ---- the pieces of code in findings ------------------------------------------------------------

SIGNED = canonical(PARAMS)
EXPECTED = {
    "order": SIGNED,
    "raw": SIGNED,
    "fields": SIGNED,
    "amount": "2500",
    "digest": sign(PARAMS, KEY),
    "sha256": sign(PARAMS, KEY, "SHA256"),
    "key": SIGNED + KEY,
    "body": sign_body(SIGNED.encode(), KEY),
}


def program(language, code):
    """The piece, with what it works on in front and its result printed behind."""
    piece = SNIPPETS[code][language]
    with_text = code in ("digest", "sha256", "key")
    data = json.dumps(PARAMS)
    if language == "python":
        text = f"text = {SIGNED!r}\n" if with_text else ""
        body = f"body = {SIGNED.encode()!r}\n" if code == "body" else ""
        return f"params = {PARAMS!r}\nkey = {KEY!r}\n{text}{body}{piece}\nprint(result)\n"
    if language == "php":
        text = f"$text = json_decode({php(json.dumps(SIGNED))});\n"
        decoded = f"$params = json_decode({php(data)}, true);\n$key = '{KEY}';\n"
        return f'<?php\n{decoded}{text}$body = $text;\n{piece}\necho $result, "\\n";\n'
    if language == "node":
        text = f"const text = {json.dumps(SIGNED)};\n" if with_text else ""
        body = f"const body = Buffer.from({json.dumps(SIGNED)});\n" if code == "body" else ""
        start = f"const params = {data};\nconst key = '{KEY}';\n"
        return f"{start}{text}{body}{piece}\nconsole.log(result);\n"
    puts = "".join([f"params.put({json.dumps(n)}, {json.dumps(v)});\n" for n, v in PARAMS.items()])
    text = f"String text = {json.dumps(SIGNED)};\n" if with_text else ""
    utf8 = "java.nio.charset.StandardCharsets.UTF_8"
    body = f"byte[] body = {json.dumps(SIGNED)}.getBytes({utf8});\n" if code == "body" else ""
    start = f'Map<String, String> params = new HashMap<>();\n{puts}String key = "{KEY}";\n'
    out = f"System.out.write((result + '\\n').getBytes({utf8})); System.out.flush();"
    return (
        "import java.util.*;\npublic class Call {\n"
        "public static void main(String[] args) throws Exception {\n"
        f"{start}{text}{body}{piece}\n{out}\n}}\n}}\n"
    )


def php(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


@every_language
@pytest.mark.parametrize("code", EXPECTED)
def test_a_piece_of_code_in_a_finding_does_what_the_finding_says(language, code, tmp_path):
    assert run(tmp_path, language, program(language, code)) == EXPECTED[code]


@every_language
def test_the_piece_for_times_writes_the_gateways_format(language, tmp_path):
    import datetime

    printed = run(tmp_path, language, program(language, "time"))

    beijing = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=8)))
    moment = datetime.datetime.strptime(printed, "%Y-%m-%d %H:%M:%S")
    assert abs(beijing.replace(tzinfo=None) - moment) < datetime.timedelta(minutes=5)


def test_every_piece_exists_in_every_language_and_is_run_here():
    assert set(SNIPPETS) == {*EXPECTED, "time"}
    assert all(set(pieces) == set(LANGUAGES) for pieces in SNIPPETS.values())
