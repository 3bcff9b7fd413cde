"""What differs between two builds of the site is counted by what a page says."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs._site import differences

PAGE = """
<nav><a href="gone/">{around}</a></nav>
<article>
  <h1 id="pay">Pay<a class="headerlink" href="#pay">{around}</a></h1>
  <p>A payer pays 25. 用户付款。</p>
  <p>See <a href="../codes/#1143">1143</a> and <a href="a.txt">a</a>.</p>
  <table><tr><th>code</th></tr><tr><td>{cell}</td></tr></table>
  <pre><code>{code}</code></pre>
</article>
"""
CODES = '<article><h1 id="codes">Codes</h1><h2 id="1143">1143</h2></article>'


def site(folder: Path, **said: str) -> Path:
    """A site of two pages and one file."""
    words = {"around": "¶", "cell": "0000", "code": "pay()", **said}
    for place, html in {"pay": PAGE.format(**words), "codes": CODES}.items():
        (folder / place).mkdir(parents=True)
        (folder / place / "index.html").write_text(html, encoding="utf-8")
    (folder / "pay/a.txt").touch()
    return folder


@pytest.fixture
def first(tmp_path):
    return site(tmp_path / "first")


def counted(first, second):
    """Lost and added by kind, where there is any."""
    return {
        row.kind: (row.lost.total(), row.added.total())
        for row in differences.compare(first, second)
        if row.differs
    }


def test_what_the_theme_puts_around_a_page_is_no_difference(first, tmp_path):
    assert counted(first, site(tmp_path / "second", around="#")) == {}


def test_each_kind_of_thing_is_counted(first, tmp_path):
    rows = {row.kind: row.first for row in differences.compare(first, first)}

    assert rows == {
        "pages": 2,
        "headings": 3,
        "tables": 1,
        "code blocks": 1,
        "links": 2,
        "words": 18,  # a Chinese character is one
        "links that lead nowhere": 0,
    }


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ({"cell": "1142"}, {"tables": (1, 1), "words": (1, 1)}),
        ({"code": "pay(1)"}, {"code blocks": (1, 1), "words": (0, 1)}),
        (
            {"code": "</code></pre><h2>more</h2><pre><code>pay()"},
            {"headings": (0, 1), "words": (0, 1), "code blocks": (0, 1)},
        ),
    ],
    ids=["cell", "code", "heading"],
)
def test_what_a_page_says_otherwise_is_found(first, tmp_path, said, found):
    assert counted(first, site(tmp_path / "second", **said)) == found


def test_a_page_that_is_missing_is_one_difference_and_kills_the_links_to_it(first, tmp_path):
    second = site(tmp_path / "second")
    (second / "codes/index.html").unlink()

    assert counted(first, second) == {"pages": (1, 0), "links that lead nowhere": (0, 1)}


def test_a_link_to_a_file_or_an_anchor_that_is_not_there_leads_nowhere(first, tmp_path):
    second = site(tmp_path / "second")
    (second / "pay/a.txt").unlink()
    codes = second / "codes/index.html"
    codes.write_text(CODES.replace('id="1143"', 'id="c1143"'), encoding="utf-8")

    dead = [part for row in differences.compare(first, second)[-1:] for _, part in row.added]

    assert sorted(dead) == ["pay/: codes/#1143", "pay/: pay/a.txt"]


def test_the_report_shows_the_counts_and_the_pages_that_differ_most(first, tmp_path, capsys):
    second = site(tmp_path / "second", cell="1142")

    status = differences.main([str(first), str(second), "--each"])

    said = capsys.readouterr().out
    assert status == 0
    assert "- tables /pay/ code 0000\n+ tables /pay/ code 1142\n" in said
    assert "| tables | 1 | 1 | 1 | 1 |" in said
    assert "| /pay/ |  | 1 |" not in said  # each side counts
    assert "| /pay/ |  | 2 |  |  | 2 |" in said


def test_differences_fail_only_where_one_asks_for_strictness(first, tmp_path):
    second = site(tmp_path / "second", cell="1142")

    assert differences.main([str(first), str(second)]) == 0
    assert differences.main([str(first), str(second), "--strict"]) == 1
    assert differences.main([str(first), str(first), "--strict"]) == 0
