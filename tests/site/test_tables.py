"""The tables, diagrams and examples that are made when the site is built."""

from __future__ import annotations

import json
import re

import pytest

from docs._site import colours, diagrams, floors, generated, samples, signatures, tables, words
from docs._site.generated import DOCS
from docs._site.markdown import Here
from qftools import catalogue
from qftools.diagnosis import explain
from qftools.diagnosis.causes.table import CAUSES
from qftools.exchange import Request
from qftools.locale import Language
from qftools.sandbox.books.states import State
from qftools.signing import sign
from tests import test_layers
from tests.bench.diagnosis import WANTED

LANGUAGES: tuple[Language, ...] = ("zh", "en")


def here(lang: Language) -> Here:
    return Here(lang, "codes.md")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_code_has_its_anchor(lang):
    anchors = re.findall(r"\{ #(\d{4}) \}", tables.codes(here(lang)))

    assert sorted(anchors) == sorted(catalogue.codes())


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_code_of_a_row_stands_once_beside_what_it_says_about_the_order(lang):
    lines = tables.row_codes(here(lang)).splitlines()[2:]
    rows = [re.findall(r"`(\d{4})`", line) for line in lines]
    unfinished, failed = rows[:2]

    assert sorted(sum(rows, ["0000"])) == sorted(catalogue.codes())
    assert {"1143", "1145", "1252", "1254", "1295", "1296", "1297", "1298"} <= set(unfinished)
    assert {"1201", "1250", "2005"} <= set(failed)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_dispute_has_its_anchor_and_every_source_too(lang):
    ledger = tables.disputes(here(lang))

    assert re.findall(r"\{ #(c\d+) \}", ledger) == [key.lower() for key in catalogue.disputes()]
    linked = set(re.findall(r"#source-([\w-]+)", ledger))
    assert linked <= set(re.findall(r'id="source-([\w-]+)"', tables.sources(here(lang))))


@pytest.mark.parametrize("name", tables.TABLES)
def test_both_languages_of_a_table_have_the_same_rows(name):
    words = {"fields": ["reversal"], "codes-of": ["reversal"], "routes": ["wechat"]}.get(name, [])
    chinese, english = (tables.TABLES[name](here(lang), *words) for lang in LANGUAGES)

    assert [row.count("|") for row in chinese.splitlines()] == [
        row.count("|") for row in english.splitlines()
    ]
    assert chinese != english


@pytest.mark.parametrize("name", diagrams.DIAGRAMS)
def test_a_diagram_is_one_block_with_a_name_to_be_read_out(name):
    drawn = diagrams.DIAGRAMS[name]("en")

    assert "\n" not in drawn
    assert 'role="img"' in drawn
    assert re.search(r'aria-label="[^"]{20,}"', drawn)


@pytest.mark.parametrize("dark", [False, True])
def test_site_sandbox_and_panels_have_one_logo_and_the_same_colours(dark):
    different = {
        says: found
        for says in colours.COLOURS
        if len(set(found := colours.values(says, dark))) != 1
    }

    logo = DOCS.joinpath("assets/logo.svg").read_text("utf-8")
    assert different == {}
    assert DOCS.parent.joinpath("qftools/sandbox/web/static/icon.svg").read_text("utf-8") == logo


def test_the_diagrams_of_states_show_every_state_of_the_table():
    drawn = diagrams.states("en") + diagrams.holds("en")

    unseen = {state for state in State if words.WORDS[f"state {state}"].en not in drawn}

    assert unseen == {State.CREATED}  # one box with the other states of an open order


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_on_architecture_shows_every_room_that_the_floor_test_checks(lang):
    drawn, inside = diagrams.DIAGRAMS["floors"](lang), tables.TABLES["floors"](here(lang))

    assert floors.FLOORS == test_layers.FLOORS
    for folder, rows in floors.FLOORS.items():
        for name in [name for row in rows for name in row]:
            assert f"`{name}`" in inside
            assert folder != "qftools" or f">{name}<" in drawn


def files_named_on(page):
    """Every file that a table of the page names, but for those that a reader makes."""
    named = re.findall(r"^\| (`.+?) \|", page.read_text("utf-8"), re.MULTILINE)
    return [path for cell in named for path in re.findall(r"`([^`]+)`", cell) if "NAME" not in path]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_file_that_the_page_on_architecture_names_is_there(lang):
    page = floors.DOCS / lang / "reference/architecture.md"
    text = page.read_text("utf-8")
    modules = re.findall(r"`([\w/]+\.py)`", text.partition("{ #wallet }")[0])
    every = [str(path) for path in floors.DOCS.parent.glob("*/**/*.py")]

    assert len(files_named_on(page)) > 15 and len(modules) > 25
    assert [path for path in files_named_on(page) if not (floors.DOCS.parent / path).exists()] == []
    assert [name for name in modules if not any(path.endswith(f"/{name}") for path in every)] == []


def test_every_sample_has_every_section():
    for sections in ("settings call", "sign", "verify", "cancel", "payment query refund"):
        shown = samples.tabs(*sections.split())

        assert len(re.findall('^=== "', shown, re.MULTILINE)) == len(samples.LANGUAGES)
        assert "--8<--" not in shown


@pytest.mark.parametrize("name", signatures.MISTAKES)
def test_the_diagnosis_names_each_mistake_of_the_page_from_its_digest(name):
    from urllib.parse import urlencode

    request = Request(
        "POST",
        "http://127.0.0.1/trade/v1/payment",
        (
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("X-QF-APPCODE", "A3B6E2F0C1D94E57A8B2C3D4E5F60718"),
            ("X-QF-SIGN", signatures.MISTAKES[name]()),
        ),
        urlencode(signatures.WRONG).encode(),
    )

    found = explain(request, key=signatures.KEY).findings

    assert name in [finding.id for finding in found if finding.proof == "reproduced"]


def test_the_example_of_the_signing_page_is_what_qftools_signs():
    shown = signatures.example(here("en"))

    assert sign(signatures.FIRST, signatures.KEY) in shown
    assert sign(signatures.FIRST, signatures.KEY, "SHA256") in shown


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_shows_the_measured_figures_of_every_cause(lang):
    measured = json.loads(signatures.RESULTS.read_text(encoding="utf-8"))

    shown = re.findall(
        r"\| `([\w-]+)` \|.*\| (\d+)&nbsp;/&nbsp;(\d+) \|", signatures.causes(here(lang))
    )

    assert [name for name, *_ in shown] == list(CAUSES)
    assert {name: (int(named), int(tried)) for name, named, tried in shown} == {
        name: (row["named"], row["tried"]) for name, row in measured["causes"].items()
    }
    assert all(int(tried) > 0 for _, _, tried in shown)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_totals_of_the_diagnosis_are_those_that_were_measured(lang):
    totals = json.loads(signatures.RESULTS.read_text(encoding="utf-8"))["totals"]

    rows = re.findall(r"\| (\d+) \| (\d+) \| ([\d.]+) % \|", signatures.results(here(lang)))

    assert [(int(tried), int(named)) for tried, named, _ in rows] == [
        (line["tried"], line["named"]) for line in totals.values()
    ]
    for tried, named, share in rows:
        assert (share == "100.00") == (tried == named)
        assert abs(float(share) - 100 * int(named) / int(tried)) < 0.01


def test_the_measured_figures_keep_what_the_bench_promises():
    totals = json.loads(signatures.RESULTS.read_text(encoding="utf-8"))["totals"]

    for name, least in WANTED.items():
        assert 100 * totals[name]["named"] / totals[name]["tried"] >= least


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_page_of_a_wallet_contradicts_its_own_table(lang):
    said = {word: words.WORDS[f"limit {word}"].say(lang) for word in ("no refund", "refund days")}
    for wallet in tables.paged_wallets():
        own = [row for row in catalogue.pay_types().values() if row.wallet == wallet.key]
        limits = generated._limits(lang, wallet)
        days = said["refund days"].format(days=wallet.refund_days)

        assert (said["no refund"] in limits) == all(row.refund == "no" for row in own), wallet.key
        assert not (said["no refund"] in limits and days in limits), wallet.key
        shown = tables.pay_types(Here(lang, "wallets/x.md"), wallet.key)
        cells = [line.split("|") for line in shown.splitlines() if line.startswith("| `8")]
        assert [cell[6].strip() for cell in cells] == [
            words.WORDS[f"refund {row.refund}"].say(lang) for row in own
        ]
        assert [cell[5].strip() for cell in cells] == [
            words.WORDS[f"sure {row.sure}"].say(lang) for row in own
        ]


# What no source says, on each page that says it: the words, and that they carry the mark.
UNSOURCED = {
    "1260`]": ("endpoints/reversal.md", "understand/which-call.md"),
    "`1260`": ("start/first-week.md",),
    "1297`]": ("endpoints/close.md", "understand/which-call.md"),
    "#c34": (
        "codes.md",
        "understand/unknown.md",
        *(f"endpoints/{name}.md" for name in catalogue.CALL_ENDPOINTS),
    ),
    "`1263`": ("understand/cpm-mpm.md", "understand/proof.md"),
    "1265`": ("endpoints/refund.md", "troubleshooting.md"),
    "#c20": ("understand/which-call.md", "endpoints/reversal.md", "troubleshooting.md"),
    "#c21": ("troubleshooting.md",),
    "#c22": ("troubleshooting.md",),
    "`1104`": ("endpoints/query.md",),
}


@pytest.mark.parametrize(("says", "pages"), UNSOURCED.items(), ids=UNSOURCED)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_no_source_says_is_marked_wherever_a_page_says_it(lang, says, pages):
    marks = ("our choice", "chosen", "inferred") if lang == "en" else ("选定", "推断")
    for page in pages:
        text = (DOCS / lang / page).read_text(encoding="utf-8")
        lines = [line for line in text.splitlines() if says in line and "{ #" not in line]

        assert lines, page
        assert any(mark in line for line in lines for mark in marks), page
