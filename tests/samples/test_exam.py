"""The samples as whole shops: they pass the exam, and with one classic mistake they fail it."""

from __future__ import annotations

from pathlib import Path

import pytest

from qftools.exam.conducting import Exam
from qftools.exam.shops import Command
from qftools.exam.situations import chosen
from qftools.sandbox.web.shared import SharedServer
from tests.samples.conftest import LANGUAGES, ROOT, made

SETTINGS = {
    "QFPAY_URL": "{url}",
    "QFPAY_APP_CODE": "{app_code}",
    "QFPAY_CLIENT_KEY": "{client_key}",
    "QFPAY_JOURNAL": "{journal}",
    "QFPAY_PAUSE": "0.001",
}
WORDS = "shop {number} {amount} {currency} {pay_type} {auth_code}"
JAVA_RUNS = LANGUAGES["java"][3].removesuffix(" QFPay")
SILENCE = "            // charged or not: the query tells"

COMPLETE = [day.id for day in chosen()]

# Language, what is right in its sample, what stands there instead, and what that fails where.
# S04 is closed, S08 paid with its reply lost, S33 killed once it was paid, S39 gets a forgery.
SHOPS = [
    ("php", "", "", {"S04": "passed", "S08": "passed", "S33": "passed", "S39": "passed"}),
    ("node", "", "", {"S04": "passed", "S33": "passed", "S39": "passed"}),
    ("java", "", "", {"S33": "passed"}),
    ("go", "", "", dict.fromkeys(COMPLETE, "passed")),  # a run of it costs least: all sixty
    ("curl", "", "", {"S04": "passed", "S08": "passed", "S33": "passed"}),
    (
        "php",
        SILENCE,
        "payment($pay_type, $txamt, $txcurrcd, $number . 'b', $orders[$number], '', $auth_code);",
        {"S04": "passed", "S08": "charged-twice"},
    ),
    ("php", SILENCE, "return 'not paid';", {"S04": "passed", "S08": "kept-money"}),
    (
        "node",
        "const row = answer.data[0];",
        "const row = answer;",
        {"S04": "gave-away", "S08": "passed"},
    ),
    (
        "node",
        '!verify(body, request.headers["x-qf-sign"] ?? "")',
        "false",
        {"S39": "notification-unchecked"},
    ),
    (
        "java",
        'if (respcd.equals("0000") || refused) {',
        'if (respcd.equals("0000")) { return "CANCELLED"; } if (refused) {',
        {"S18": "kept-money"},
    ),
    ("java", 'Set.of("800201")', "Set.of()", {"S04": "unsettled"}),
]
ROWS = [
    pytest.param(
        *(number, language, expected),
        marks=pytest.mark.needs(*LANGUAGES[language][0]),
        id=f"{language}-{'wrong' if right else 'right'}-{number}",
    )
    for number, (language, right, _, expected) in enumerate(SHOPS)
]


@pytest.fixture(scope="module")
def server():
    shared = SharedServer()
    yield shared
    shared.stop()


@pytest.fixture(scope="module")
def commands(tmp_path_factory):
    """How to run each shop; those in Java are compiled together, when the first one is run.

    The sample in C# is none: it makes single calls, and sells nothing.
    """
    folder = tmp_path_factory.mktemp("shops")
    found = []
    for number, (language, right, wrong, _) in enumerate(SHOPS):
        source = (ROOT / LANGUAGES[language][1]).read_text("utf-8")
        assert not right or source.count(right) == 1
        name = f"Shop{number}"
        file = folder / f"{name}{Path(LANGUAGES[language][1]).suffix}"
        changed = source.replace(right, wrong) if right else source
        file.write_text(changed.replace("QFPay", name) if language == "java" else changed, "utf-8")
        command = f"{JAVA_RUNS} {name}" if language == "java" else LANGUAGES[language][3]
        found.append(command.format(file=file, out=folder))
    return found


@pytest.fixture(scope="module")
def java(commands, tmp_path_factory):
    folder = Path(commands[0].split()[-1]).parent
    files = " ".join(map(str, sorted(folder.glob("*.java"))))
    made(LANGUAGES["java"][2].format(file=files, out=folder), tmp_path_factory)


@pytest.fixture(scope="module")
def go(commands, tmp_path_factory):
    folder = Path(commands[0].split()[-1]).parent
    made(LANGUAGES["go"][2].format(file=ROOT / LANGUAGES["go"][1], out=folder), tmp_path_factory)


@pytest.mark.parametrize(("number", "language", "expected"), ROWS)
def test_a_sample_passes_and_with_a_classic_mistake_fails_where_it_matters(
    number, language, expected, commands, server, request
):
    if language in ("java", "go"):
        request.getfixturevalue(language)
    command = commands[number]
    php = f"php -S 127.0.0.1:{{port}} {command.split()[-1]}"
    receiver = php if language == "php" else f"{command} serve {{port}}"
    shop = Command(f"{command} {WORDS}", environment=SETTINGS)
    held = Exam(shop, receiver, tuple(SETTINGS.items()), server=server)

    judged = list(held.run(chosen(ids=list(expected))))

    assert {one.day.id: one.wrong[0].id if one.wrong else one.result for one in judged} == expected


@pytest.mark.needs("php")
def test_the_shop_in_57_lines_of_php_passes_and_needs_no_setting_and_no_wait(server):
    file = ROOT / "shop/shop.php"
    shop = Command(f"php {file} {WORDS.removeprefix('shop ')}")

    judged = Exam(shop, server=server).run(chosen(ids=["S03", "S04", "S06", "S18", "S32", "S33"]))

    assert {one.day.id: one.result for one in judged if one.result != "passed"} == {}
    assert len(file.read_text("utf-8").splitlines()) == 57
