"""No row of the catalogue cites a page that does not say it.

``facts.json`` has what each source says, in our words: page, language, date, and the names that
stand there. It was written from the pages, not from the rows; a row is held against it.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qftools import catalogue
from qftools.catalogue.rows import spread

FACTS = json.loads(Path(__file__).with_name("facts.json").read_text(encoding="utf-8"))
OURS = {"inferred", "chosen", "measured"}
WITHOUT_PAGES = OURS | {"integrator", "wallet-docs", "ISO 4217"}
EDITIONS = {"docs-2026-02": "docs2026", "docs-2026-late": "live2026"}


def said(kind, source):
    """Every name of a *kind* that the facts of *source* have."""
    return {word for f in FACTS if f["source"] == source for word in f.get(kind, "").split()}


def fields_of(source):
    return {
        (endpoint, place.split(" ")[1], name)
        for f in FACTS
        if f["source"] == source
        for place, names in f.get("fields", {}).items()
        for endpoint in spread(place.split(" ")[0].split(","))
        for name in names.split()
    }


def tags(row):
    return [tag for tag in row["source"].split("; ") if tag not in WITHOUT_PAGES]


def unsupported_pay_type(row):
    """What a pay type's row claims of a source, and no fact of that source says."""
    code, seed = row["code"], row["cancel"]["seed"]
    for tag in tags(row):
        if tag == "seed":  # the page lists modes and rules; codes stand in its samples
            rules = said("rule", "seed") if row["sure"] in ("inferred", "ask") else set()
            if f"{code}={seed}" not in said("cancels", "seed") and not rules & {seed, "ask"}:
                yield f"{code}: the seed does not publish {seed}"
        elif code not in said("pay_types", tag):
            yield f"{code}: {tag} has no such pay type"
    for edition, tag in EDITIONS.items():
        call = row["cancel"][edition]
        if call != "unlisted" and f"{code}={call}" not in said("cancels", tag):
            yield f"{code}: {tag} lists no {call} for it"
    if row["sure"] == "published" and not any(
        f"{code}={seed}" in said("cancels", tag) for tag in tags(row)
    ):
        yield f"{code}: no source of the row publishes {seed}"


def unsupported(file, row):
    if file == "pay_types":
        yield from unsupported_pay_type(row)
    elif file == "codes":
        for tag in tags(row):
            if row["code"] not in said("codes", tag):
                yield f"{row['code']}: {tag} has no such code"
    elif file == "fields":
        for tag in tags(row):
            for endpoint in spread(row["endpoints"]):
                if (endpoint, row["part"], row["name"]) not in fields_of(tag):
                    yield f"{row['name']}: {tag} has no such field of {endpoint} {row['part']}"
    else:
        dates = {source.tag: source.date for source in catalogue.sources().values()}
        for reading in row["readings"]:
            for tag in tags(reading):
                if row["id"] not in said("disputes", tag):
                    yield f"{row['id']}: {tag} says nothing about it"
            listed = [dates[tag] for tag in reading["source"].split("; ")]
            if reading["date"] != "; ".join(dict.fromkeys(listed)):
                yield f"{row['id']}: {reading['source']} is not of {reading['date']}"


@pytest.mark.parametrize("file", ["pay_types", "codes", "fields", "disputes"])
def test_each_source_of_a_row_says_what_the_row_says(file):
    assert [word for row in catalogue.raw(file) for word in unsupported(file, row)] == []


@pytest.mark.parametrize(
    ("file", "row", "change", "says"),
    [
        ("pay_types", "803712", {"source": "docs2024"}, "docs2024 has no such pay type"),
        ("pay_types", "801801", {"source": "docs2026"}, "docs2026 has no such pay type"),
        ("pay_types", "805801", {"sure": "published"}, "no source of the row publishes none"),
        ("codes", "1148", {"source": "global2017"}, "global2017 has no such code"),
        ("fields", "lnglat", {"source": "docs2024"}, "docs2024 has no such field of payment"),
    ],
)
def test_a_row_with_a_wrong_source_is_noticed(file, row, change, says):
    rows = (r for r in catalogue.raw(file) if row in (r.get("code"), r.get("name")))
    found = list(unsupported(file, next(rows) | change))

    assert any(says in problem for problem in found), found


def test_an_edition_that_is_said_to_list_a_call_does_so():
    row = next(r for r in catalogue.raw("pay_types") if r["code"] == "801801")
    row["cancel"] = {**row["cancel"], "docs-2026-02": "reversal"}

    assert list(unsupported("pay_types", row)) == ["801801: docs2026 lists no reversal for it"]


def test_a_reading_with_a_wrong_source_or_date_is_noticed():
    row = next(r for r in catalogue.raw("disputes") if r["id"] == "C36")
    row["readings"][0] |= {"source": "docs2024", "date": "2026-02"}

    assert list(unsupported("disputes", row)) == [
        "C36: docs2024 says nothing about it",
        "C36: docs2024 is not of 2026-02",
    ]


def test_each_fact_names_a_source_a_page_a_language_and_a_date():
    for fact in FACTS:
        assert fact["source"] in catalogue.sources()
        assert fact["page"] and fact["language"] and fact["date"] and fact["says"]


def test_what_no_page_says_is_marked_as_chosen_or_inferred():
    for row in catalogue.raw("disputes"):
        ours = {"Chosen", "Inferred", "chosen", "inferred"}
        marked = any(word in row["default"]["en"] for word in ours)
        assert marked == bool(OURS - {"measured"} & set(row["source"].split("; "))), row["id"]
