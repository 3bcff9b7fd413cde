"""The live flow as the page begins with it: a story that was played when the site was built.

The page's script takes these elements over. Its first picture is complete without a script.
"""

from __future__ import annotations

import io
import json
import re
from typing import Any

import segno

from docs._site.markdown import Here
from docs._site.stories import PAYABLE, PAYERS, STORIES, WALLETS, graph, roots, walked
from docs._site.words import WORDS
from qftools import catalogue
from qftools.catalogue import Text
from qftools.locale import LANGUAGES
from qftools.markup import Markup, el
from qftools.sequence import LANES

FIRST = "800101.good.rp"
"""What the page begins with: the payer has paid, and the merchant knows nothing of it."""

_BUTTONS = tuple(STORIES)[:3]


def live(here: Here, first: str = FIRST) -> str:
    """The live flow: choices, messages, the payer's phone, and who knows what.

    Args:
        first: The story that it begins with.
    """
    say = here.say
    story = walked(first)
    data = graph()
    knows, books, _next, ended = data["views"][data["nodes"][story.nodes[-1]][0]]
    three = [
        el("button", say(f"story told {name}"), type="button", data_story=STORIES[name])
        for name in _BUTTONS
    ]
    return el(
        "div",
        el("p", el("span", say("story choose")), *three, cls="qf-three"),
        el(
            "div",
            _flow(here, story.steps),
            _phone(here, first, books),
            _truth(here, knows, books, ended),
            el("div", _acts(here, "nqrlf"), _acts(here, "".join(PAYERS)), cls="qf-acts"),
            cls="qf-stage",
        ),
        el("div", *_choices(here), cls="qf-choose", hidden=True),
        cls="qf-story",
        data_story=first,
        data_lang=here.lang,
    )


_SAVED = re.compile(r"CancelFlow (\d{6}) payer=(\d+) network=fine")


def of_lesson(here: Here, saved: str) -> str | None:
    """The live flow in place of a cancel flow panel that was saved with a lesson.

    Args:
        saved: What the panel says of itself as text.

    Returns:
        None where the graph has no such story.
    """
    found = _SAVED.match(saved)
    if found is None:
        return None
    for name, wallet in WALLETS.items():
        root = f"{found[1]}.{name}"
        if root in graph()["roots"] and wallet.number == int(found[2]) and not wallet.silent:
            return live(here, f"{root}.{'n' * _steps(root)}")
    return None


def _steps(root: str) -> int:
    """How many acts it takes to the verdict if nothing is lost and the payer does nothing."""
    node, count = graph()["roots"][root], 0
    while edge := graph()["nodes"][node][1].get("n"):
        node, count = edge[1], count + 1
    return count


def _choices(here: Here) -> list[Markup]:
    pay_types = dict.fromkeys(root.partition(".")[0] for root in roots())
    rows = catalogue.pay_types()
    names = {code: f"{code} {rows[code].name.say(here.lang)}" for code in pay_types}
    wallets = {name: here.say(f"story chosen {name}") for name in WALLETS}
    return [
        el("label", here.say(f"story {word}"), " ", el("select", *_options(names)))
        for word, names in (("pay type", names), ("wallet", wallets))
    ]


def _options(names: dict[str, str]) -> list[Markup]:
    return [el("option", name, value=value) for value, name in names.items()]


def _flow(here: Here, steps: tuple[int | None, ...]) -> Markup:
    data, language = graph(), LANGUAGES.index(here.lang)
    lanes = [here.say(f"story lane {lane}") for lane in LANES]
    drawn, began = [], 0.0
    for step in steps:
        seconds, parts = data["steps"][step] if step is not None else (0.0, ())
        for number in parts:
            name, after, lines = data["parts"][number]
            shown = [
                _line(start, end, data["words"][words][language], look, lanes)
                for start, end, words, look in (data["lines"][line] for line in lines)
            ]
            drawn.append(_part(name, began + after, shown))
        began += seconds
    return el(
        "section",
        el("div", *(el("span", lane) for lane in lanes), cls="qf-lanes", aria_hidden="true"),
        el("ol", *drawn, cls="qf-parts", tabindex="0", aria_label=here.say("story flow")),
        cls="qf-flow",
        aria_label=here.say("story flow"),
    )


def _part(name: str, at: float, lines: list[Markup]) -> Markup:
    return el(
        "li",
        el("b", name, " ", el("time", _clock(at))),
        el("ol", *lines),
    )


def _clock(at: float) -> str:
    return f"{int(at) // 3600}:{int(at) // 60 % 60:02}:{int(at) % 60:02}"


def _line(start: int, end: int, words: str, look: str, lanes: list[str]) -> Markup:
    who = f"{lanes[start]} → {lanes[end]}: " if start != end else ""
    low, high = min(start, end), max(start, end)
    return el(
        "li",
        el("span", el("span", who, cls="qf-unseen"), words),
        cls=" ".join(("to-left" if end < start else "to-right", look)),
        style=f"--from:{low};--to:{high}",
    )


def _phone(here: Here, first: str, books: str) -> Markup:
    row = catalogue.pay_types()[first.partition(".")[0]]
    return el(
        "section",
        el("span", catalogue.wallets()[row.wallet].name.say(here.lang), cls="qf-phone-wallet"),
        el("strong", graph()["amounts"][first.rpartition(".")[0]], cls="qf-phone-amount"),
        el("span", _code(), cls="qf-phone-code"),
        el("span", here.say(f"story phone {books or 'none'}"), cls="qf-phone-says", role="status"),
        cls="qf-payer-phone",
        data_books=books,
        aria_label=here.say("story phone"),
    )


def _code() -> Markup:
    """A code to be scanned that says what it is."""
    drawn = io.BytesIO()
    segno.make("qftools sandbox", micro=False).save(
        drawn, kind="svg", xmldecl=False, svgns=False, omitsize=True, border=1, svgclass=None
    )
    return Markup(drawn.getvalue().decode().strip().replace("<svg", '<svg aria-hidden="true"', 1))


def _truth(here: Here, knows: str, books: str, ended: list[Any] | None) -> Markup:
    known, true = here.say(f"story knows {knows}"), _state(books).say(here.lang)
    words, language = graph()["words"], LANGUAGES.index(here.lang)
    name, charged, said = here.say("story no verdict"), "", ["", here.say("story hint")]
    if ended:
        name, charged, *numbers = ended
        meaning, remarks, advice = (words[number][language] for number in numbers)
        said = [f"{meaning} {remarks}".strip(), advice]
    agree = books in ("", *PAYABLE) or known == true or charged not in ("", "unknown")
    return el(
        "section",
        el(
            "dl",
            el("dt", here.say("story knows")),
            el("dd", known, cls="qf-knows"),
            el("dt", here.say("story books")),
            el("dd", true, cls="qf-books"),
            aria_live="polite",
        ),
        el(
            "div",
            el("strong", name),
            *(el("p", line) for line in said),
            cls="qf-ended",
            role="status",
            data_charged=charged,
        ),
        cls="qf-truth",
        aria_label=here.say("verdict"),
        data_agree="yes" if agree else "",
    )


def _state(books: str) -> Text:
    return WORDS[f"state {books}" if books else "story books none"]


def _acts(here: Here, letters: str) -> Markup:
    buttons = [
        el("button", here.say(f"story {letter}"), type="button", data_act=letter, disabled=True)
        for letter in letters
    ]
    of_the_merchant = "n" in letters
    others = ("back", "again") if of_the_merchant else ()
    buttons += [
        el("button", here.say(f"story {name}"), type="button", data_do=name, disabled=True)
        for name in others
    ]
    return el("div", *buttons, cls="qf-merchant" if of_the_merchant else "qf-payer")


def workbench(here: Here) -> str:
    """The sandbox's workbench as pictures, of which the page shows the one in its scheme."""
    return "".join(
        el(
            "img",
            src=f"{here.up}assets/workbench-{here.lang}-{scheme}.webp#only-{scheme}",
            alt=here.say("workbench picture"),
            width=1280,
            height=720,
            loading="lazy",  # the one of the other scheme is never fetched
            cls="qf-picture",
        )
        for scheme in ("light", "dark")
    )


def told(here: Here) -> str:
    """Every story that pages tell of, with its address and its verdict."""
    return "\n".join(
        f"- [{here.say(f'story told {name}')}](#{address}){{ #{address} }}{here.say('colon')}"
        f"`{verdict(address)}`"
        for name, address in STORIES.items()
    )


def verdict(address: str) -> str:
    """The verdict that a story ends with; empty while it has not ended."""
    data = graph()
    ended = data["views"][data["nodes"][walked(address).nodes[-1]][0]][3]
    return ended[0] if ended else ""


def script() -> str:
    """What the page's script reads: the graph, and the words in both languages, as JSON."""
    wanted = ("knows", "phone", "step")
    words: dict[str, Any] = {}
    for lang in LANGUAGES:
        own: dict[str, Any] = {
            kind: {
                name.removeprefix(f"story {kind} "): word.say(lang)
                for name, word in WORDS.items()
                if name.startswith(f"story {kind} ")
            }
            for kind in wanted
        }
        states = {view[1] for view in graph()["views"]}
        own["books"] = {state: _state(state).say(lang) for state in sorted(states)}
        own["lanes"] = {lane: WORDS[f"story lane {lane}"].say(lang) for lane in LANES}
        own["wallets"] = {
            code: catalogue.wallets()[catalogue.pay_types()[code].wallet].name.say(lang)
            for code in dict.fromkeys(root.partition(".")[0] for root in roots())
        }
        own["none"] = WORDS["story no verdict"].say(lang)
        own["hint"] = WORDS["story hint"].say(lang)
        own["next"] = WORDS["story n"].say(lang)
        words[lang] = own
    data = {**graph(), "say": words, "open": ["", *sorted(PAYABLE)]}
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


LIVE = {"flow": live, "stories": told, "workbench": workbench}
