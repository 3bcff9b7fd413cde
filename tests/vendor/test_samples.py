"""The vendor page's samples, run as they stand, get the answer that the page prints."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from qftools.sandbox import Sandbox

HERE = Path(__file__).parent
PAGE_ANSWER = json.loads((HERE / "answer.json").read_text(encoding="utf-8"))
HOST = "https://test-openapi-hk.qfapi.com"
APP_CODE, CLIENT_KEY = "0123456789ABCDEF0123456789ABCDEF", "FEDCBA9876543210FEDCBA9876543210"
OURS = {"syssn", "orig_syssn", "sysdtm"}  # numbers and times are the sandbox's own

ORDER = f"""
[[merchants]]
app_code = "{APP_CODE}"
client_key = "{CLIENT_KEY}"
mchid = "optional"

[[orders]]
app_code = "{APP_CODE}"
pay_type = "800101"
out_trade_no = "4MDGEJ7L496LAAU1V1HBY9HMOGWZWLXQ"
syssn = "20200305066100020000977812"
txamt = 2500
txcurrcd = "EUR"
txdtm = "2020-03-05 16:50:30"
mchid = "MNxMp11FV35qQN"
state = "waiting"
"""


@pytest.fixture
def sandbox(tmp_path):
    book = tmp_path / "page.toml"
    book.write_text(ORDER, encoding="utf-8")
    with Sandbox(seed_sample="on") as running:
        running.load(book)
        running.serve()
        yield running


def sample(name: str, url: str, folder: Path) -> Path:
    """Copy a sample with our host and credentials in the place of the page's."""
    text = (HERE / name).read_text(encoding="utf-8").replace(HOST, url)
    text = re.sub(r"'(3F504C39|FF2FF74F)[0-9A-F*]+'", f"'{APP_CODE}'", text)
    text = re.sub(r"'(5744993F|7BE791E0)[0-9A-F*]+'", f"'{CLIENT_KEY}'", text)
    text = re.sub(r'"3F504C39[0-9A-F*]+"', f'"{APP_CODE}"', text)
    text = re.sub(r'"5744993F[0-9A-F*]+"', f'"{CLIENT_KEY}"', text)
    assert "*" * 8 not in text and HOST not in text
    path = folder / name.removesuffix(".txt")
    path.write_text(text, encoding="utf-8")
    return path


def run(*command: str, **environment: str) -> str:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
        env={**os.environ, "NO_PROXY": "127.0.0.1", **environment},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def check_page_answer(answer: dict[str, str], sandbox: Sandbox) -> None:
    assert list(answer) == list(PAGE_ANSWER)
    assert {name: value for name, value in answer.items() if name not in OURS} == {
        name: value for name, value in PAGE_ANSWER.items() if name not in OURS
    }
    assert answer["orig_syssn"] == "20200305066100020000977812"
    assert re.fullmatch(r"\d{26}", answer["syssn"])
    assert sandbox.order(answer["orig_syssn"]).state == "cancelled"


def test_the_python_sample_gets_the_answer_that_the_page_prints(sandbox, tmp_path):
    path = sample("reversal.py.txt", sandbox.url, tmp_path)

    printed = run(sys.executable, str(path))

    check_page_answer(ast.literal_eval(printed.splitlines()[-1]), sandbox)


@pytest.mark.needs("java")
def test_the_java_sample_gets_the_answer_that_the_page_prints(sandbox, tmp_path):
    path = sample("Refund.java", sandbox.url, tmp_path)
    for name in ("QFPayUtils.java", "Requests.java"):
        shutil.copy(HERE / "stand_ins" / name, tmp_path)
    run("javac", "-encoding", "UTF-8", "-d", str(tmp_path), *map(str, tmp_path.glob("*.java")))

    printed = run("java", "-cp", str(path.parent), "Refund")

    check_page_answer(json.loads(printed.splitlines()[-1]), sandbox)


@pytest.mark.needs("node")
def test_the_javascript_sample_gets_the_answer_that_the_page_prints(sandbox, tmp_path):
    path = sample("reversal.js", sandbox.url, tmp_path)

    printed = run("node", str(path), NODE_PATH=str(HERE / "stand_ins"))

    check_page_answer(json.loads(printed.splitlines()[-1]), sandbox)


@pytest.mark.needs("php")
def test_the_php_sample_asks_for_a_pay_type_as_number_and_gets_1136(sandbox, tmp_path):
    path = sample("reversal.php", sandbox.url, tmp_path)

    printed = run("php", str(path))

    assert "[respcd] => 1136" in printed
    assert sandbox.order("20200305066100020000977812").state == "waiting"


def test_by_default_the_answer_also_names_the_order_as_the_pages_table_says(tmp_path):
    book = tmp_path / "page.toml"
    book.write_text(ORDER, encoding="utf-8")

    with Sandbox() as sandbox:
        sandbox.load(book)
        path = sample("reversal.py.txt", sandbox.serve(), tmp_path)
        answer = ast.literal_eval(run(sys.executable, str(path)).splitlines()[-1])

    assert answer["out_trade_no"] == "4MDGEJ7L496LAAU1V1HBY9HMOGWZWLXQ"
    assert set(answer) - {"out_trade_no"} == set(PAGE_ANSWER)
