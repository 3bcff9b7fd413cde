"""The catalogue's data is complete, and its check refuses data that is not."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from qftools import catalogue
from tests.tools.catalogue_checks import check


def broken(file, row, change):
    """The problems that the check finds once *change* was done to one row of *file*.

    *row* is its place, or its code or name.
    """
    rows = catalogue.raw(file)
    if isinstance(row, str):
        row = next(n for n, r in enumerate(rows) if row in (r.get("code"), r.get("name")))
    change(rows[row])
    return check({file: rows})


def put(**values):
    return lambda row: row.update(values)


def drop(name):
    return lambda row: row.pop(name)


def same_as_english(name):
    return lambda row: row[name].update(zh=row[name]["en"])


# --- the data


def test_the_data_as_shipped_has_no_problem():
    assert check() == []


@pytest.mark.parametrize(
    ("table", "count"),
    [
        (catalogue.pay_types, 83),
        (catalogue.codes, 105),
        (catalogue.disputes, 39),
        (catalogue.currencies, 15),
        (catalogue.environments, 18),
        (catalogue.elsewhere, 16),
        (catalogue.switches, 23),
        (catalogue.page_errors, 32),
    ],
)
def test_every_row_that_the_sources_list_is_there(table, count):
    assert len(table()) == count


def test_the_disputes_are_c1_to_c39_in_order():
    assert list(catalogue.disputes()) == [f"C{n}" for n in range(1, 40)]


def test_current_and_older_codes_are_told_apart():
    assert Counter(code.catalogue for code in catalogue.codes().values()) == {"A": 52, "B": 53}


def test_every_line_of_a_data_file_is_one_row():
    for file in catalogue.FILES:
        text = (Path(catalogue.__file__).parent / f"{file}.json").read_text(encoding="utf-8")

        assert len(text.splitlines()) == len(catalogue.raw(file)) + 2, file


# --- spot checks against the published pages


@pytest.mark.parametrize(
    ("code", "seed", "february_2026", "late_2026", "in_2017"),
    [
        ("800101", "reversal", "reversal", "unlisted", "reversal"),
        ("800108", "reversal", "reversal", "reversal", "reversal"),
        ("800201", "close", "reversal", "close", "close"),
        ("800208", "reversal", "close", "reversal", "reversal"),
        ("800008", "reversal", "close", "unlisted", "reversal"),
        ("800212", "close", "unlisted", "close", "close"),
        ("801501", "none", "reversal", "unlisted", "reversal"),
        ("801514", "none", "unlisted", "close", "unlisted"),
        ("801008", "none", "close", "unlisted", "reversal"),
        ("800708", "ask", "unlisted", "reversal", "reversal"),
        ("802801", "none", "unlisted", "reversal", "unlisted"),
        ("805801", "none", "unlisted", "unlisted", "reversal"),
        ("804201", "ask", "unlisted", "unlisted", "reversal"),
    ],
)
def test_each_edition_routes_a_cancel_as_it_was_printed(
    code, seed, february_2026, late_2026, in_2017
):
    assert catalogue.pay_types()[code].cancel == {
        "seed": seed,
        "docs-2026-02": february_2026,
        "docs-2026-late": late_2026,
        "2017": in_2017,
    }


def test_what_is_not_refundable_is_marked():
    no_refund = {p.code for p in catalogue.pay_types().values() if p.refund == "no"}

    assert no_refund == {
        "802001", "802010", "802301", "802828", "802901", "805401", "805601", "805612",
    }  # fmt: skip
    assert "C28" in catalogue.pay_types()["802001"].dispute


def test_only_the_listed_pay_types_honour_expired_time():
    expiring = {p.code for p in catalogue.pay_types().values() if p.expiry_field}

    assert expiring == {
        "800101", "800201", "800213", "801010", "801101",
        "801107", "801501", "801510", "801512",
    }  # fmt: skip


def test_only_what_the_vendors_page_or_faq_names_is_called_published():
    published = {p.code for p in catalogue.pay_types().values() if p.sure == "published"}

    assert published == {"800101", "800108", "800201", "800207", "800208"}


def test_that_hong_kong_cannot_cancel_is_called_inferred_since_the_page_lists_no_code():
    barred = [p for p in catalogue.pay_types().values() if p.cancel["seed"] == "none"]

    assert barred
    assert {p.sure for p in barred} == {"inferred"}
    assert all("inferred" in p.source.split("; ") for p in barred)


def test_the_yen_has_no_minor_unit_and_all_others_have_two_digits():
    digits = {code: currency.minor_digits for code, currency in catalogue.currencies().items()}

    assert digits.pop("JPY") == 0
    assert set(digits.values()) == {2}


@pytest.mark.parametrize(
    ("code", "kind", "row"),
    [
        ("0000", "success", "paid"),
        ("1101", "unknown", "open"),
        ("1108", "caller", "unclear"),
        ("1125", "failure", "refunded"),
        ("1142", "failure", "cancelled"),
        ("1143", "progress", "open"),
        ("1145", "progress", "open"),
        ("1181", "failure", "expired"),
        ("1201", "failure", "failed"),
        ("1262", "failure", "refunded"),
        ("1263", "failure", "cancelled"),
        ("1264", "failure", "cancelled"),
        ("1297", "unknown", "open"),
        ("1298", "unknown", "open"),
        ("2999", "progress", "open"),
    ],
)
def test_a_code_in_a_query_row_says_what_became_of_the_order(code, kind, row):
    assert (catalogue.codes()[code].kind, catalogue.codes()[code].row) == (kind, row)


def test_a_code_in_progress_or_unknown_never_promises_that_no_money_moved():
    doubtful = [c for c in catalogue.codes().values() if c.kind in ("progress", "unknown")]

    assert doubtful
    assert {code.money_moved for code in doubtful} == {"maybe"}
    assert {code.ask_again_safe for code in doubtful} == {False}


def test_a_code_takes_from_its_template_only_what_is_said_of_its_endpoints():
    assert set(catalogue.codes()["1295"].at) == {"refund"}
    assert set(catalogue.codes()["1252"].at) == set()
    assert catalogue.codes()["1252"].advice == catalogue.codes()["1111"].advice


def test_a_duplicate_number_is_queried_before_anything_is_charged_again():
    for code in ("1102", "1251", "2011"):
        assert catalogue.codes()[code].money_moved == "maybe"
        assert not catalogue.codes()[code].ask_again_safe


def test_1297_is_in_doubt_on_a_payment_and_definite_on_a_cancel():
    busy = catalogue.codes()["1297"]

    assert busy.on("payment").kind == "unknown"
    assert busy.on("close").kind == busy.on("reversal").kind == "failure"
    assert busy.on("close").advice != busy.advice


def test_0000_means_another_thing_on_each_endpoint():
    ok = catalogue.codes()["0000"]

    assert ok.on("query").money_moved == "yes"
    assert ok.on("close").money_moved == "no"
    assert ok.on("payment").money_moved == "maybe"


def test_the_payment_code_of_a_wallet_has_its_documented_shape():
    wallets = catalogue.wallets()

    assert wallets["wechat"].auth_code_prefixes == ("10", "11", "12", "13", "14", "15")
    assert wallets["alipay"].auth_code_prefixes == ("25", "26", "27", "28", "29", "30")
    assert (min(wallets["alipay"].auth_code_lengths), max(wallets["alipay"].auth_code_lengths)) == (
        16,
        24,
    )
    assert wallets["unionpay"].auth_code_lengths == (19,)


def test_refund_windows_are_known_for_five_wallets():
    days = {key: wallet.refund_days for key, wallet in catalogue.wallets().items()}

    assert {key: n for key, n in days.items() if n} == {
        "alipay": 365,
        "wechat": 365,
        "card": 365,
        "payme": 90,
        "fps": 29,
    }


@pytest.mark.parametrize("endpoint", ["reversal", "close"])
def test_a_cancel_takes_the_fields_of_the_page_with_their_lengths(endpoint):
    fields = {f.name: (f.required, f.length) for f in catalogue.fields(endpoint, "request")}

    assert fields == {
        "mchid": ("conditional", 16),
        "syssn": ("one-of", 40),
        "out_trade_no": ("one-of", 128),
        "txamt": ("yes", 11),
        "txdtm": ("yes", 20),
        "udid": ("no", 40),
        "txcurrcd": ("no", 3),
    }


def test_a_query_row_has_all_its_keys():
    assert len(catalogue.fields("query", "row")) == 28
    assert {f.name for f in catalogue.fields("query", "row") if f.required == "yes"} >= {
        "syssn", "out_trade_no", "pay_type", "order_type", "txdtm", "txamt",
        "txcurrcd", "sysdtm", "cancel", "respcd", "errmsg",
    }  # fmt: skip


def test_every_call_carries_the_same_headers():
    for endpoint in catalogue.CALL_ENDPOINTS:
        names = [f.name for f in catalogue.fields(endpoint, "header")]

        assert names == ["X-QF-APPCODE", "X-QF-SIGN", "X-QF-SIGNTYPE", "X_QF_MCHCODE"]


def test_test_hosts_are_known_to_move_real_money():
    safe = [key for key, host in catalogue.environments().items() if not host.moves_money]

    assert safe == ["card-simulation"]


# --- the rows


def test_a_table_and_its_rows_cannot_be_changed():
    pay_type = catalogue.pay_types()["800101"]

    with pytest.raises(FrozenInstanceError):
        pay_type.wallet = "wechat"  # type: ignore[misc]
    with pytest.raises(TypeError):
        pay_type.cancel["seed"] = "close"  # type: ignore[index]
    with pytest.raises(TypeError):
        catalogue.pay_types()["999999"] = pay_type  # type: ignore[index]


def test_a_table_is_read_once():
    assert catalogue.codes() is catalogue.codes()


def test_importing_the_catalogue_reads_no_file():
    program = """
import sys
opened = []
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
import qftools.catalogue
before = len([name for name in opened if name.endswith(".json")])
qftools.catalogue.currencies()
print(before, len([name for name in opened if name.endswith(".json")]))
"""

    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert printed.stdout == "0 1\n", printed.stderr


def test_a_text_in_a_language_that_there_is_not_is_refused():
    with pytest.raises(ValueError, match="language is 'fr'; it must be zh or en"):
        catalogue.codes()["0000"].meaning.say("fr")


# --- the check itself


@pytest.mark.parametrize(
    ("file", "row", "change", "says"),
    [
        ("pay_types", 0, drop("source"), "pay_types.json row 1 (800008): 'source'"),
        ("codes", 0, put(source=""), "'source' is ''"),
        ("codes", 0, put(source="a friend"), "source 'a friend' is not in sources"),
        ("pay_types", 0, put(wallet="bitcoin"), "'bitcoin' is not in wallets.json"),
        ("pay_types", 0, put(wallet="payme"), "8000 is not a family of wallet"),
        ("pay_types", 0, put(mode="swipe"), "'mode' is 'swipe'"),
        ("pay_types", 0, put(dispute=["C99"]), "dispute 'C99' is not in disputes"),
        ("pay_types", 0, put(dispute=[]), "leave it out when it is"),
        ("pay_types", 0, put(colour="red"), "'colour' is no field"),
        ("pay_types", 0, put(regions=["MOON"]), "'regions' is 'MOON'"),
        ("pay_types", 0, put(hk_only=True), "hk_only cannot go with"),
        ("pay_types", "800201", drop("dispute"), "must name dispute C19"),
        ("pay_types", 0, lambda r: r["cancel"].pop("2017"), "must have the profiles"),
        ("pay_types", 0, lambda r: r["cancel"].update(seed="x"), "'seed' is 'x'"),
        ("pay_types", "800101", put(sure="ask"), "sure cannot be 'ask'"),
        ("pay_types", "800101", put(refund="no"), "refunded in part"),
        (
            "pay_types",
            0,
            lambda r: r["name"].update(en="LINE Pay, online"),
            "2 pay types are called",
        ),
        ("pay_types", "800201", drop("expiry_field"), "expired_time and the pay"),
        ("codes", 0, same_as_english("advice"), "'advice' is not translated"),
        ("codes", 0, lambda r: r["advice"].pop("zh"), "must have a 'zh' and an 'en'"),
        ("codes", 0, lambda r: r["advice"].update(en=" "), "no clean en text"),
        ("codes", 0, lambda r: r["advice"].update(en="撤销"), "in its English"),
        ("codes", 0, put(endpoints=["void"]), "endpoint 'void' is none of"),
        ("codes", 0, put(endpoints=["*", "close"]), "nor * alone"),
        ("codes", 0, put(kind="maybe"), "'kind' is 'maybe'"),
        ("codes", "1143", put(row="failed"), "leaves the order open"),
        ("codes", "1298", put(ask_again_safe=True), "not safe to send again"),
        ("codes", "1142", put(money_moved="yes"), "leave the payer charged"),
        ("codes", "1111", put(like="nothing"), "like 'nothing', which is no template"),
        ("codes", "1111", drop("endpoints"), "'endpoints' is missing"),
        ("code_templates", 0, put(like="new"), "new is there 1 times, and no code is like it"),
        ("code_templates", 0, same_as_english("advice"), "(1100): 'advice' is not translated"),
        ("codes", "1297", put(endpoints=["payment"]), "does not occur"),
        (
            "codes",
            "1297",
            lambda r: r["at"]["close"].update(kind="?"),
            "'at' 'close' 'kind' is '?'",
        ),
        ("fields", 0, put(endpoints=["void"]), "endpoint is 'void'"),
        ("fields", 0, put(part="body"), "'part' is 'body'"),
        ("fields", 0, put(length=0), "a length is at least 1"),
        ("fields", 0, put(length=True), "'length' is True"),
        ("fields", 0, put(flow=["teleport"]), "neither a mode nor a pay type"),
        ("fields", 0, put(name="X-QF-SIGN"), "header X-QF-SIGN is there 2 times"),
        ("currencies", 0, put(minor_digits=-1), "-1 minor digits"),
        ("currencies", 0, put(code="HKD"), "HKD is there 2 times"),
        ("wallets", 0, put(currencies=["XXX"]), "'XXX' is not in currencies.json"),
        ("environments", 0, put(base_url="http://a"), "is not https://"),
        ("environments", 0, put(moves_money=False), "only the card simulation"),
        ("disputes", 0, put(switch="magic"), "'magic' is not in switches.json"),
        ("disputes", 0, put(switch="mchid"), "does not name this dispute"),
        ("disputes", 1, lambda r: r["readings"].pop(), "two readings at least"),
        ("disputes", 0, lambda r: r["readings"][0].update(source="x"), "'x' is not in sources"),
        ("switches", 0, put(default="x"), "default 'x' is none of its values"),
        ("switches", 0, put(values=["seed"]), "cancel_routes and the profiles"),
        ("switches", 0, put(dispute=["C1"]), "'C1' does not name this switch"),
        ("switches", 0, put(name="Magic"), "snake_case"),
        ("sources", 0, drop("date"), "sources.json row 1 (seed): 'date' is missing"),
        ("page_errors", 0, put(how="guessed"), "'how' is 'guessed'"),
    ],
)
def test_the_check_names_what_is_wrong_with_a_broken_row(file, row, change, says):
    found = broken(file, row, change)

    assert any(says in problem for problem in found), found


def test_the_check_refuses_an_empty_file():
    assert "currencies.json: it is empty" in check({"currencies": []})


def test_a_file_that_there_is_not_is_refused_by_name():
    with pytest.raises(ValueError, match="the catalogue has no file 'prices'"):
        catalogue.raw("prices")
