"""The built site as its reader meets it: links, addresses, search, both languages, the browser."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from playwright.sync_api import expect

from docs._site.markdown import Here
from tests.browser import broken_pictures, kept_out
from tests.site import pages, serving

ORIGIN = "http://127.0.0.1:8000"  # where the site believes to be when nobody says otherwise
NO_WAY_OUT = "http://127.0.0.1:9"  # nothing listens there


class Page(HTMLParser):
    """What a page links to and loads, and its anchors."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.anchors |= {named[name] or "" for name in ("id", "name") if named.get(name)}
        address = named.get("href") or named.get("src")
        if not address:
            return
        kind = (named.get("rel") or "").strip()
        follows = tag == "a" or (tag == "link" and kind in ("canonical", "alternate"))
        (self.links if follows else self.loads).append(address)


@pytest.fixture(scope="module")
def read(site: Path) -> dict[str, Page]:
    """Every page by its address."""
    return {
        "/" + str(path.relative_to(site)).removesuffix("index.html"): Page(path)
        for path in site.rglob("index.html")
        if "lite" not in path.relative_to(site).parts
    }


def test_every_link_leads_to_a_page_and_every_anchor_is_there(site, read):
    dead = set()
    for url, page in read.items():
        for link in page.links:
            target = urlsplit(urljoin(f"{ORIGIN}{url}", link))
            if target.netloc != urlsplit(ORIGIN).netloc or target.path.startswith("/lite/"):
                continue  # the browser build is a test of its own
            file = site / unquote(target.path).lstrip("/")
            there = read.get(target.path)
            anchors = there.anchors | {"", "__skip"} if there else {target.fragment}
            if unquote(target.fragment) not in anchors or not (there or file.is_file()):
                dead.add((url, link))

    assert not dead


def test_no_page_loads_anything_from_elsewhere(read):
    foreign = {
        (url, address)
        for url, page in read.items()
        for address in page.loads
        if urlsplit(address).scheme not in ("", "data") or address.startswith("//")
    }

    assert not foreign


def test_style_sheets_and_scripts_name_no_other_host(site):
    own = [*site.glob("assets/*.css"), *site.glob("assets/*.mjs")]
    fetched = re.compile(r"""(?:url\(|@import|from|import|fetch\()\s*["']?(?:https?:)?//[\w.-]+""")
    found = {
        (path.name, match)
        for path in own
        for match in fetched.findall(path.read_text(encoding="utf-8"))
    }

    assert own
    assert not found


def test_each_page_names_its_twin_itself_and_its_markdown(site, read):
    for url in read:
        text = (site / url.lstrip("/") / "index.html").read_text(encoding="utf-8")
        twins = dict(re.findall(r'rel="alternate " href="([^"]+)" hreflang="([^"]+)"', text))
        bare = "/" + url.removeprefix("/en/").removeprefix("/")

        assert f'<link rel="canonical" href="{ORIGIN}{url}">' in text
        assert {f"{ORIGIN}{bare}", f"{ORIGIN}/en{bare}"} <= set(twins), url
        switch = re.findall(r'<a href="([^"]+)" hreflang="(\w+)" class="md-select__link">', text)
        assert {lang: urljoin(url, to) for to, lang in switch} == {
            "zh": bare,
            "en": f"/en{bare}",
        }, url
        assert re.search(r'<meta name="description" content="[^"]{10,}"', text), url
        assert (site / url.lstrip("/") / "index.md").stat().st_size > 100


def test_llms_txt_and_the_sitemap_list_every_page(site, read):
    listed = (site / "llms.txt").read_text(encoding="utf-8")
    sitemap = (site / "sitemap.xml").read_text(encoding="utf-8")

    full = (site / "llms-full.txt").read_text(encoding="utf-8")

    assert "`qftools mcp`" in listed
    assert "llms-full.txt" in listed
    assert {url for url in read if f"<!-- {ORIGIN}{url} -->" not in full} == set()
    assert re.findall(r"^<!-- (?:table|diagram|samples|file|live).*|^--8<--.*", full, re.M) == []
    assert {url for url in read if f"{ORIGIN}{url}index.md" not in listed} == set()
    assert {url for url in read if f"<loc>{ORIGIN}{url}</loc>" not in sitemap} == set()


@pytest.mark.parametrize("lang", pages.LANGUAGES)
def test_the_markdown_of_a_page_has_every_table_and_no_word_of_how_it_is_built(site, lang):
    folder = site / ("" if lang == "zh" else lang)
    for page in pages.written(lang):
        twin = folder / (page if page.name == "index.md" else page.with_suffix("") / "index.md")
        said, built = twin.read_text("utf-8"), twin.with_suffix(".html").read_text("utf-8")

        assert Here(lang, str(page)).as_built not in said, page
        assert ":::" not in said, page
        if page.stem != "python":  # its tables are made of the docstrings' lists of arguments
            assert built.count("<tr>") <= len(re.findall(r"^ *\|", said, re.M)), page


def test_no_key_but_the_published_example_is_on_any_page(site):
    from qftools.sandbox.sandbox import CLIENT_KEY

    found = [page for page in site.rglob("*.html") if CLIENT_KEY in page.read_text("utf-8")]

    assert not found


@pytest.mark.needs("node")
def test_the_live_parts_calculate_as_qftools_does(tmp_path):
    vectors = json.loads((serving.ROOT / "tests/vectors.json").read_text(encoding="utf-8"))
    wanted = [v for v in vectors if v["kind"] == "request"]
    script = tmp_path / "check.mjs"
    script.write_text(
        f'import {{ canonical, md5, sha256 }} from "{serving.ROOT}/docs/assets/digests.mjs";\n'
        f"for (const v of {json.dumps(wanted)})\n"
        "  console.log((v.algorithm === 'MD5' ? md5 : sha256)"
        "(canonical(Object.entries(v.params)) + v.key));\n",
        encoding="utf-8",
    )

    done = subprocess.run(["node", script], capture_output=True, text=True, check=True)

    assert done.stdout.split() == [vector["expected"].upper() for vector in wanted]


# ---- in a browser, with no way out --------------------------------------------------------------

in_browser = pytest.mark.needs("chromium", "chinese-font")


@pytest.fixture
def tab(browser, address) -> Iterator[object]:
    """A page that reaches the site alone; what it asked of others or said is in ``tab.wrong``."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 900},
        locale="zh-CN",
        proxy={"server": NO_WAY_OUT, "bypass": "127.0.0.1"},
    )
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.wrong = []
    # Not by a route: the browser would then keep no style sheet or script from page to page.
    context.on(
        "request",
        lambda request: page.wrong.append(request.url) if foreign(request.url, address) else None,
    )
    page.on("pageerror", lambda error: page.wrong.append(str(error)))
    page.on(
        "console",
        lambda said: page.wrong.append(said.text) if said.type == "error" else None,
    )
    yield page
    context.close()


def foreign(url, address):
    return not url.startswith((f"{address}/", "data:", "blob:"))


@in_browser
def test_what_a_page_asks_of_others_does_not_arrive_and_is_seen(tab, address):
    tab.goto(f"{address}/codes/")

    tab.evaluate("fetch('http://example.com/').catch(() => 0)")

    assert "http://example.com/" in tab.wrong


# One of each kind of page; made pages are alike.
KINDS = [
    *(
        str(page.parent if page.name == "index.md" else page.with_suffix(""))
        for page in pages.written("en")
    ),
    "wallets/alipay",
    "notebooks/01-quickstart",
]


RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice")
# What is built as something before it, in the same place, keeps out the same readers: the rows of a
# table, the links of the navigation, the coloured words of code. One of each is looked at.
ONE_OF_EACH = """() => {
  const seen = new Set();
  const place = node =>
    node ? `${place(node.parentElement)}/${node.tagName}.${node.className}` : '';
  const attribute = ({name, value}) => ['id', 'href', 'title'].includes(name) ? name : name + value;
  const built = node => node.nodeType !== Node.ELEMENT_NODE ? node.data.trim() && '…' :
    `<${node.tagName} ${Array.from(node.attributes, attribute)}>` +
    Array.from(node.childNodes, built).join('');
  for (const part of document.querySelectorAll('tr, li, p, h2, h3, .highlight span')) {
    const how = place(part.parentElement) + built(part);
    if (seen.has(how)) part.remove();
    seen.add(how);
  }
}"""


@in_browser
def test_a_picture_that_is_missing_counts_as_broken_wherever_it_stands_and_is_fetched_when(
    tab, address
):
    tab.goto(f"{address}/en/")
    tab.evaluate("""() => {
      for (const [loading, name] of [['lazy', 'far'], ['eager', 'hidden']]) {
        const image = Object.assign(new Image(), {loading, src: `/${name}.webp`});
        image.hidden = name === 'hidden';
        document.querySelector('.md-footer').append(image);
      }
    }""")

    assert broken_pictures(tab) == [f"{address}/far.webp", f"{address}/hidden.webp"]


@in_browser
def test_a_page_fetches_the_index_of_the_search_once_its_reader_turns_to_it(tab, address):
    fetched: list[str] = []
    tab.on("request", lambda request: fetched.append(urlsplit(request.url).path))
    for path, turns in [("en/", False), ("en/codes/", True), ("en/?q=refund", True)]:
        fetched.clear()
        tab.goto(f"{address}/{path}", wait_until="networkidle")
        assert ("/en/search/search_index.json" in fetched) is ("?" in path), path
        if turns:
            tab.focus(".md-search__input")
            tab.fill(".md-search__input", "refund")
            tab.press(".md-search__input", "End")
            tab.locator(".md-search-result__link").first.wait_for()

    marked = tab.locator("mark[data-md-highlight]")
    tab.goto(f"{address}/en/codes/?h=refund")
    expect(marked.first).to_have_text("refund", ignore_case=True)
    assert tab.wrong == []


@in_browser
@pytest.mark.parametrize(("scheme", "folder"), [("light", "en/"), ("dark", "")])
def test_each_kind_of_page_opens_without_an_error_fits_a_phone_and_keeps_nobody_out(
    tab, address, scheme, folder
):
    tab.emulate_media(color_scheme=scheme)
    wide, found = [], set()
    for number, path in enumerate(KINDS):
        tab.set_viewport_size({"width": 360, "height": 740})
        tab.goto(f"{address}/{folder}{path}/".replace("/./", "/"))
        tab.wrong += broken_pictures(tab)
        if tab.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
            wide.append(path)
        # Each page once: one half light and in English, the other dark and in Chinese.
        if number % 2 == (scheme == "dark"):
            tab.evaluate(ONE_OF_EACH)
            tab.set_viewport_size({"width": 1280, "height": 900})
            found |= {(path, *what) for what in kept_out(tab, "html", tags=RULES)}

    assert tab.wrong == []
    assert wide == []
    assert not found


# What readers look for, in each language, and the page that they should find first.
SEARCHES = {
    "": {
        "冲正": "endpoints/reversal/",
        "1143": "codes/",
        "FPS": "wallets/fps/",
        "转数快": "wallets/fps/",
        "签名": "signing/",
        "退款": "endpoints/refund/",
        "超时": "troubleshooting/",
        "重复扣款": "troubleshooting/",
    },
    "en/": {
        "signature": "signing/",
        "1143": "codes/",
        "FPS": "wallets/fps/",
        "refund": "endpoints/refund/",
        "timeout": "codes/",
        "time-out": "troubleshooting/",
        "double charge": "troubleshooting/",
    },
}


@in_browser
@pytest.mark.parametrize("folder", SEARCHES)
def test_search_finds_the_right_page_first_and_prints_no_word_that_it_lacks(tab, address, folder):
    tab.goto(f"{address}/{folder}glossary/")
    hits = tab.locator(".md-search-result__link")
    found = {}
    for words in SEARCHES[folder]:
        tab.fill(".md-search__input", "")
        tab.press(".md-search__input", "End")  # it listens to keys; filling alone presses none
        expect(hits).to_have_count(0)
        tab.fill(".md-search__input", words)
        tab.press(".md-search__input", "End")
        hits.first.wait_for()
        found[words] = hits.first.evaluate("link => link.pathname").removeprefix(f"/{folder}")
        said = tab.inner_text(".md-search-result__list")
        assert "Missing:" not in said and "缺少" not in said

    wrong = {
        words: found[words]
        for words, page in SEARCHES[folder].items()
        if not found[words].startswith(page)
    }
    assert wrong == {}
    assert tab.wrong == []


@in_browser
def test_the_language_switch_stays_on_the_page(tab, address):
    for path in ("endpoints/close/", "notebooks/01-quickstart/"):
        tab.goto(f"{address}/{path}")

        tab.click(".md-select button", force=True)
        tab.click(".md-select__link:has-text('English')")
        tab.wait_for_url(f"{address}/en/{path}")
        tab.click(".md-select button", force=True)
        tab.click(".md-select__link:has-text('中文')")
        tab.wait_for_url(f"{address}/{path}")

    assert tab.wrong == []


@in_browser
def test_the_live_parts_answer_while_the_reader_types(tab, address):
    tab.goto(f"{address}/en/signing/")
    tab.fill("[data-live=signing] textarea", "txcurrcd=HKD\ntxamt=100\nmchid=ZaMVg12345")
    expect(tab.locator("#qf-md5")).to_have_text("3CB3AA9C21D818AB4CAFAA8FA3FEACF4")

    tab.goto(f"{address}/understand/which-call/")
    tab.select_option("[data-live=route] select", "800201")
    expect(tab.locator("#qf-call")).to_have_text("POST /trade/v1/close")

    tab.goto(f"{address}/codes/")
    tab.fill("[data-live=codes] input", "1143")
    expect(tab.locator("h3[id='1108']")).to_be_hidden()
    expect(tab.locator("h3[id='1143']")).to_be_visible()

    assert tab.wrong == []


@in_browser
def test_the_live_flow_is_played_by_keyboard_and_each_story_has_its_address(tab, address):
    knows, books, ended = (
        tab.locator(f".qf-{name}") for name in ("knows", "books", "ended strong")
    )
    tab.emulate_media(reduced_motion="reduce")
    tab.goto(f"{address}/en/")
    expect(knows).to_have_text("nothing: no reply")
    expect(books).to_have_text("paid")

    tab.locator("[data-act=n]").press("Enter")
    expect(ended).to_have_text("PAID")
    assert tab.url.endswith("#800101.good.rpn")

    tab.get_by_role("button", name="The cancel is refused").press("Enter")
    expect(ended).to_have_text("NOT_CANCELLABLE")
    tab.locator("[data-act=p]").press("Enter")  # the payer may still pay
    tab.locator("[data-act=l]").press("Enter")
    tab.locator("[data-act=n]").press("Enter")
    expect(ended).to_have_text("PAID")

    tab.goto(f"{address}/#800201.slow.nnnpn")
    expect(ended).to_have_text("PAID")
    expect(tab.locator(".qf-parts > li")).to_have_count(6)

    tab.set_viewport_size({"width": 390, "height": 844})
    tab.goto(f"{address}/en/#800101.good.n")
    tab.locator(".qf-flow").scroll_into_view_if_needed()
    expect(tab.locator("[data-act=p]")).to_be_in_viewport()
    assert tab.wrong == []


@in_browser
def test_the_verdict_is_seen_without_scrolling_and_each_linked_story_plays(tab, address):
    tab.set_viewport_size({"width": 1280, "height": 800})
    tab.emulate_media(reduced_motion="reduce")
    tab.goto(f"{address}/en/")
    ended = tab.locator(".qf-ended strong")
    told = tab.locator("li:has(> a[href^='#8']), li:has(> p > a[href^='#8'])")
    expect(ended).to_be_in_viewport()

    for story in told.all():
        story.locator("a").click()
        expect(ended).to_have_text(story.locator("code").inner_text())


@in_browser
def test_without_scripts_pages_say_what_is_signed_and_show_a_story(browser, address):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/signing/")
    said = page.inner_text("[data-live=signing]")
    page.goto(f"{address}/en/")
    story = page.inner_text(".qf-story")
    context.close()

    assert "3CB3AA9C21D818AB4CAFAA8FA3FEACF4" in said
    assert re.search("no reply.*pays.*nothing: no reply.*paid", story, re.DOTALL)


@in_browser
def test_an_english_browser_is_offered_english(browser, address):
    offered = {}
    for locale in ("en-US", "zh-CN"):
        context = browser.new_context(locale=locale)
        page = context.new_page()
        page.goto(f"{address}/")
        page.locator("select").first.wait_for()  # the scripts have run
        offered[locale] = [link.get_attribute("href") for link in page.locator(".qf-offer a").all()]
        context.close()

    assert offered == {"en-US": [f"{address}/en/"], "zh-CN": []}
