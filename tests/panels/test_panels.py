"""Every other panel: typed into and pressed in Python, read as the reader does."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from qftools import cancel, locale
from qftools.cancellation.verdicts import Verdict
from qftools.catalogue import codes, pay_types
from qftools.errors import InputError
from qftools.exam.missions import missions
from qftools.panels import (
    CancelFlow,
    CodeBook,
    Connection,
    Doctor,
    Evidence,
    Mission,
    Notices,
    Phone,
    Progress,
    Quiz,
    Signing,
    WalletMap,
    Workbench,
)
from qftools.panels.quiz import lessons
from qftools.sandbox import Sandbox
from qftools.sandbox.replaying import WAYS
from qftools.sandbox.sandbox import CLIENT_KEY

ATTACK = "<img src=x onerror=alert(1)>\"'&<script>alert(2)</script>"


def value_of(panel, name):
    return next(
        line.children[1] for line in panel.fields.children if line.children[0].value == name
    )


# ---- signing ------------------------------------------------------------------------


def test_the_signed_text_follows_what_is_typed():
    panel = Signing({"txamt": "100", "txcurrcd": "HKD"}, "abcd1234")

    value_of(panel, "txamt").value = "200"

    assert "txamt=200&amp;txcurrcd=HKD" in re.sub("<.*?>", "", panel.text.value)
    assert panel.signature in panel.text.value


def test_fields_are_added_moved_and_removed():
    panel = Signing({"b": "1", "a": "2"})

    panel.add.click()
    panel.fields.children[2].children[0].value = "c"
    panel.fields.children[1].children[2].click()
    panel.fields.children[1].children[3].click()

    assert [name for name, _value in panel.pairs] == ["a", "c"]


@pytest.mark.parametrize("way", WAYS)
def test_each_way_to_sign_gets_the_gateways_own_answer(way):
    panel = Signing()

    panel.ways[way].click()

    expected = "0000" if way in ("right", "lower") else "1108"
    assert panel.as_text().endswith(f"{way}: {expected}")


def test_characters_that_nobody_sees_are_shown():
    panel = Signing({"goods_name": "tea\u200b cake "})

    assert "ZWSP" in panel.text.value
    assert panel.text.value.count("·") == 2


def test_the_key_is_in_no_text_of_the_signing_panel():
    panel = Signing(key="a very secret key")

    panel.ways["right"].click()
    for program in panel.program.options:
        panel.program.value = program
        shown = panel.text.value + panel.answer.value + panel.source.value + panel.as_text()
        assert "a very secret key" not in shown
        assert panel._trouble.value == ""


def test_each_field_is_joined_to_its_place_in_the_signed_text():
    panel = Signing({"b": "1 & 2", "a": "3", "sign": "4", "b ": ""})
    pieces = [
        piece.partition(">") for piece in panel.text.value.split('<span class="qf-place ')[1:]
    ]
    written = {start.split('"')[0].split()[0]: re.sub("<.*?>", "", end) for start, _, end in pieces}

    lines = {line.children[0].value: line for line in panel.fields.children}
    assert {name: written.get(line.name) for name, line in lines.items()} == {
        "b": "b=1·&amp;·2&amp;", "a": "a=3&amp;", "sign": None, "b ": "b·="
    }  # fmt: skip
    assert all(line.name in line._dom_classes for line in lines.values())
    assert written["qf-line-key"].startswith("••••••••") and "qf-line-key" in panel.key._dom_classes
    assert all(f".{line.name}:not" in panel.joined.value for line in lines.values())


def test_a_key_that_was_typed_as_a_value_is_not_shown_in_any_place():
    panel = Signing({"a": "a very secret key", "b": "2"}, key="a very secret key")

    assert "very" not in panel.text.value and "redacted" in panel.text.value


def test_an_empty_key_is_an_error_in_the_panel_and_not_a_crash():
    panel = Signing()

    panel.key.value = ""

    assert "client_key is empty" in panel._trouble.value


# ---- wallet map and code book -------------------------------------------------------


def test_the_map_has_every_pay_type():
    assert len(WalletMap().found()) == len(pay_types())


def test_the_map_is_filtered_by_words_call_region_and_edition():
    panel = WalletMap()

    panel.search.value = "wechat mpm"
    assert [row.code for row, _by in panel.found()] == ["800201"]
    assert "/trade/v1/close" in panel.table.value

    panel.profile.value = "docs-2026-02"
    assert "reversal" in panel.table.value

    panel.search.value = ""
    panel.call.value = "none"
    panel.region.value = "HK"
    assert all(by.call is None for _row, by in panel.found())
    assert "802001" in panel.table.value


def test_nothing_found_says_so():
    assert "No match" in WalletMap("no such wallet").table.value


def test_a_code_is_explained_with_money_and_next_step():
    panel = CodeBook("1143")

    assert "in progress" in panel.result.value
    assert codes()["1143"].advice.en in panel.result.value


def test_a_code_reads_differently_where_it_means_something_else():
    assert CodeBook("1297", "payment").as_text() == "1297 unknown"
    assert CodeBook("1297", "close").as_text() == "1297 failure"


def test_words_find_codes_in_both_languages():
    panel = CodeBook("签名")

    assert "1108" in panel.as_text()


def test_a_code_that_nobody_lists_is_not_called_a_failure():
    panel = CodeBook("9876")

    assert "outcome unknown" in panel.result.value


# ---- connection ---------------------------------------------------------------------


def connected_to_a_test_host():
    panel = Connection()
    panel.where.value = "hk-test"
    panel.valid.value = "test"
    panel.app_code.value = "A1"
    panel.key.value = "typed key"
    panel.connect.click()
    return panel


def test_the_sandbox_is_paid_queried_and_cancelled():
    panel = Connection()

    panel.acts["pay"].click()
    panel.acts["query"].click()
    assert "open, not paid yet" in panel.result.value

    panel.acts["cancel"].click()
    assert panel.outcome is not None
    assert panel.outcome.verdict is Verdict.CANCELLED


def test_real_money_cannot_be_missed_and_wants_a_second_press():
    panel = connected_to_a_test_host()

    panel.acts["refund"].click()

    assert "REAL MONEY" in panel.banner.value
    assert panel.acts["refund"].description == "Press again: Refund"
    assert panel.client.exchanges == ()


def test_any_change_between_the_two_presses_takes_the_first_one_back():
    panel = connected_to_a_test_host()
    panel.acts["refund"].click()

    panel.amount.value = 9900

    assert panel.armed == ""
    assert panel.acts["refund"].description == "Refund"


def test_the_typed_key_is_forgotten_once_it_is_connected():
    panel = connected_to_a_test_host()

    assert panel.key.value == ""
    assert "typed key" not in panel.as_text() + panel.banner.value + repr(panel.client)


def test_the_guard_refuses_credentials_of_another_environment():
    panel = Connection()
    panel.where.value = "hk"
    panel.valid.value = "test"
    panel.app_code.value, panel.key.value = "A1", "a secret"

    panel.connect.click()

    assert "production host" in panel._trouble.value
    assert not panel.real
    assert panel.acts["query"].disabled


def test_choosing_a_host_asks_nobody_until_it_is_connected():
    panel = connected_to_a_test_host()

    panel.where.value = "hk"

    assert not panel.real
    assert "Not connected yet" in panel.banner.value


def test_credentials_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("QFTOOLS_APP_CODE", "A1")
    monkeypatch.setenv("QFTOOLS_CLIENT_KEY", "a secret")
    monkeypatch.setenv("QFTOOLS_ENVIRONMENT", "test")
    panel = Connection()
    panel.where.value = "hk-test"

    panel.from_environment.click()

    assert panel.real


# ---- evidence, notices ------------------------------------------------------


def test_an_outcome_is_shown_with_its_proof():
    client = Sandbox().client()
    order = client.pay(pay_type="800101", txamt=77024, txcurrcd="HKD")

    panel = Evidence(cancel(client, order))

    assert "no reply" in panel.messages.value
    assert "query → 1142" in panel.verdict.value


def test_steps_that_repeat_are_folded_into_one_line():
    with Sandbox() as sandbox:
        client = sandbox.client()
        order = client.pay(pay_type="800101", txamt=2500, txcurrcd="HKD")
        with sandbox.fault("lost after", on="query", times=8):
            evidence = Evidence(cancel(client, order))

    lines = re.findall("<summary>(.*?)</summary>", evidence.steps.value)
    assert lines[0] == "1–8 · <strong>LOOK</strong> query → <code>SILENT</code> × 8"
    assert lines[1].startswith("1 · ")  # each is still there, inside
    assert evidence.as_text().count("LOOK") == 8


def test_the_phone_rests_and_the_flow_dims_what_did_not_happen_when_the_order_is_over():
    flow = CancelFlow(payer=77001)  # paid at once: nothing is cancelled
    phone = Phone(flow.sandbox)
    flow.next_button.click()
    before = flow.flow.value.count("undone")

    flow.run_button.click()

    assert {button.disabled for button in phone.buttons.values()} == {True}
    assert (before, flow.flow.value.count("undone")) == (0, 2)


@pytest.mark.parametrize(
    ("button", "expected"),
    [
        ("plain", "payment genuine paid"),
        ("duplicated", "payment genuine paid\npayment duplicate paid"),
        ("late", "payment genuine paid"),
        ("tampered", "payment refused paid"),
        ("wrong signature", "payment refused paid"),
    ],
)
def test_a_careful_shop_judges_each_notification(button, expected):
    box = Notices()

    box.buttons[button].click()

    assert box.as_text() == expected


# ---- quiz, missions, progress ---------------------------------------------------------


def test_every_lesson_has_three_questions_in_both_languages():
    assert list(lessons()) == [f"{number:02}" for number in range(1, 15)]
    for row in lessons().values():
        texts = [row["title"], row["know"]]
        for question in row["questions"]:
            texts += [question["ask"], *question["why"], *question["choices"]]
            assert 0 <= question["right"] < len(question["choices"])
        assert len(row["questions"]) == 3
        assert all(text.zh and text.en for text in texts)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_choice_has_a_reason_of_its_own(language):
    for lesson in lessons().values():
        reasons = [why.say(language) for row in lesson["questions"] for why in row["why"]]

        assert len(set(reasons)) == sum(len(row["choices"]) for row in lesson["questions"])


def test_an_answer_is_checked_and_says_why():
    quiz = Quiz("01")

    quiz.choices[0][0].click()
    assert "Wrong." in quiz.whys[0].value and "still has to scan" in quiz.whys[0].value

    quiz.choices[0][1].click()
    assert "0000 means placed" in quiz.whys[0].value
    assert quiz.as_text() == "Quiz 01: 1 of 3"


def test_a_lesson_that_does_not_exist_is_refused():
    with pytest.raises(InputError, match="lesson is '99'"):
        Quiz("99")


# The moves and the decision for each customer.
PLAYED = {
    "three-complain": [("query", "paid"), ("query", "paid"), ("query cancel query", "not paid")],
    "letters": [("query", "paid"), ("query", "not paid"), ("query cancel query", "not paid")],
}
REPAIRED: dict[str, Any] = {
    "signature": ["out_trade_no", "pay_type", "txamt", "txcurrcd", "txdtm"],
    "amounts": {"HKD": 2, "JPY": 0},
    "readings": {"1143": "ask again", "1202": "failed", "1298": "ask again"},
    "routes": {"800101": "reversal", "800108": "reversal", "800201": "close"},
    "plan": ["payment", "query", "reversal", "query"],
}


def test_every_mission_is_told_in_both_languages_and_can_be_accomplished():
    assert list(missions()) == [*PLAYED, *REPAIRED]
    for row in missions().values():
        said = [customer.says for customer in row.customers]
        assert len(row.hints) == 3 and row.lesson in lessons()
        assert all(t.zh and t.en for t in (row.title, row.story, row.goal, *row.hints, *said))


@pytest.mark.parametrize("name", PLAYED)
def test_a_mission_is_accomplished_by_asking_before_deciding(name):
    mission = Mission(name)

    for buttons, decisions, (moves, belief) in zip(
        mission.moves, mission.decisions, PLAYED[name], strict=True
    ):
        for move in moves.split():
            buttons[move].click()
        decisions[belief].click()

    assert mission.solved and "Mission accomplished." in mission.result.value


@pytest.mark.parametrize("name", REPAIRED)
def test_a_repaired_piece_accomplishes_its_mission(name):
    assert Mission(name, **{missions()[name].piece: REPAIRED[name]}).solved


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_missions_of_the_lesson_are_not_accomplished_yet(lang):
    path = Path(__file__).resolve().parents[2] / "notebooks" / lang / "11-debugging-day.ipynb"
    cells = json.loads(path.read_text("utf-8"))["cells"]
    said = [
        "".join(output["data"]["text/plain"])
        for cell in cells
        if "Mission(" in "".join(cell["source"]) and cell["outputs"]
        for output in cell["outputs"]
        if "text/plain" in output["data"]
    ]

    assert [line.split(":")[0] for line in said] == [f"Mission {name}" for name in REPAIRED]
    assert not any("3 of 3" in line for line in said)


def test_a_wrong_move_costs_money_on_the_customers_phone():
    mission = Mission("three-complain")

    mission.moves[0]["payment"].click()
    mission.decide(0, "paid")
    mission.decide(2, "not paid")  # left open: the customer pays it afterwards
    mission.decide(1, "paid")

    assert mission.phones[0].value.count("HKD 770.27") == 2
    assert "HKD 770.22" in mission.phones[2].value
    assert "Not yet." in mission.result.value and "HKD 1540.49" in mission.result.value
    mission.again.click()
    assert "HKD 770.22" not in mission.phones[2].value


def test_hints_come_one_by_one():
    mission = Mission("letters")

    told = []
    for _press in range(4):
        mission.hint.click()
        told.append(mission.hints.value.count("<li>"))

    assert told == [1, 2, 3, 3] and mission.hint.disabled


def test_a_mission_that_does_not_exist_or_lacks_its_piece_is_refused():
    with pytest.raises(InputError, match="name is 'none'"):
        Mission("none")
    with pytest.raises(InputError, match="given is"):
        Mission("plan")
    with pytest.raises(InputError, match="calls is"):
        Mission("routes", calls={})


def test_progress_is_kept_beside_the_index_of_the_lessons(tmp_path, monkeypatch):
    (tmp_path / "en").mkdir()
    (tmp_path / "index.ipynb").touch()
    monkeypatch.chdir(tmp_path / "en")
    quiz = Quiz("11")

    for number, row in enumerate(quiz.questions):
        quiz.choices[number][row["right"]].click()
    for name, given in REPAIRED.items():
        Mission(name, **{missions()[name].piece: given})

    progress = Progress()
    assert progress.as_text() == "Progress: 1 of 14"
    assert "5/5" in progress.table.value
    (tmp_path / "progress.json").write_text("[", "utf-8")
    progress.again.click()
    assert progress.as_text() == "Progress: 0 of 14"


def test_without_an_index_nothing_is_kept_and_that_is_said(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Mission("plan", plan=REPAIRED["plan"])

    assert "Not kept" in Progress().table.value
    assert list(tmp_path.iterdir()) == []


# ---- what all have in common --------------------------------------------------------


EVERY = {
    "CancelFlow": lambda sandbox, order: CancelFlow(sandbox),
    "Phone": lambda sandbox, order: Phone(sandbox),
    "Signing": lambda sandbox, order: Signing(),
    "WalletMap": lambda sandbox, order: WalletMap(),
    "CodeBook": lambda sandbox, order: CodeBook(),
    "Connection": lambda sandbox, order: Connection(),
    "Doctor": lambda sandbox, order: Doctor(),
    "Evidence": lambda sandbox, order: Evidence(cancel(sandbox.client(), order)),
    "Notices": lambda sandbox, order: Notices(),
    "Quiz": lambda sandbox, order: Quiz("01"),
    "Mission": lambda sandbox, order: Mission("three-complain"),
    "Mission with a plan": lambda sandbox, order: Mission("plan", plan=["payment"]),
    "Progress": lambda sandbox, order: Progress(),
    "Workbench": lambda sandbox, order: Workbench(sandbox),
}


@pytest.fixture(params=EVERY)
def panel(request):
    sandbox = Sandbox()
    order = sandbox.client().pay(pay_type="800101", txamt=2500, txcurrcd="HKD")
    return EVERY[request.param](sandbox, order)


def test_a_panel_speaks_both_languages_and_says_the_same(panel):
    said = panel.as_text()

    locale.use_language("zh")
    chinese = panel._repr_mimebundle_()

    assert panel.as_text() == said
    assert chinese["text/plain"] == said
    assert panel._trouble.value == ""
    assert CLIENT_KEY not in str(chinese)


def test_every_control_has_a_name_for_those_who_do_not_see_it(panel):
    def controls(widget):
        if hasattr(widget, "children"):
            for child in widget.children:
                yield from controls(child)
        elif hasattr(widget, "description") and not type(widget).__name__.startswith("HTML"):
            yield widget

    nameless = [c for c in controls(panel) if not (c.description or getattr(c, "tooltip", ""))]

    assert nameless == []


@pytest.mark.parametrize("field", ["goods_name", "out_trade_no"])
def test_an_attack_in_the_gateways_answers_is_shown_as_text(field, monkeypatch):
    flow = CancelFlow()
    phone = Phone(flow.sandbox)
    flow.next_button.click()
    setattr(flow.sandbox._entry(flow.sandbox.orders()[0].syssn), field, ATTACK)

    flow.run_button.click()

    shown = "".join(
        html.value for html in (flow.messages, flow.step_shown, flow.verdict, phone.screen)
    )
    assert "&lt;script&gt;" in shown
    assert "<script>" not in shown and "<img src=x" not in shown


def test_an_attack_as_resperr_is_shown_as_text():
    from qftools.sandbox.gateway.wire import answer  # what the gateway answers with

    sandbox = Sandbox()
    connection = Connection(sandbox)
    original = sandbox._gateway.handle

    def handle(request):
        original(request)
        return answer({"respcd": "1108", "resperr": ATTACK, "respmsg": ATTACK}, CLIENT_KEY)

    sandbox._gateway.handle = handle  # type: ignore[method-assign, assignment]
    connection.acts["pay"].click()

    shown = connection._trouble.value + connection.result.value
    assert "&lt;script&gt;" in shown
    assert "<script>" not in shown


def test_an_attack_that_is_typed_is_shown_as_text():
    signing, doctor = (
        Signing({"goods_name": ATTACK}),
        Doctor(f"txamt=1&goods_name={ATTACK}&sign=00"),
    )
    book, wallets = CodeBook(ATTACK), WalletMap(ATTACK)

    doctor.button.click()

    html = [signing.text, signing.order, signing.source, doctor.result, doctor._trouble]
    shown = "".join(part.value for part in [*html, book.result, wallets.table])
    assert "<script>" not in shown and "<img src=x" not in shown
