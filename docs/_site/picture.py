"""Pictures that stand alone, for README: ``python -m docs._site.picture``.

The cancel flow is the drawing of the site, with the rules of its style sheet that it needs, in
light colours. The story is played on the sandbox; it follows light and dark.
"""

from __future__ import annotations

import re
from pathlib import Path

from docs._site import diagrams
from docs._site.stories import STORIES, Stage
from qftools import locale
from qftools.locale import Language
from qftools.markup import Markup, el
from qftools.panels import style
from qftools.sequence import Beat, sequence

ASSETS = Path(__file__).resolve().parents[1] / "assets"
LANGUAGES: tuple[Language, ...] = ("en", "zh")
_LIGHT = '[data-md-color-scheme="default"]'
_WHERE = rf"(?:{re.escape(_LIGHT)}|\.qf-(?:diagram|box|chip))[^{{]*"
_RULE = re.compile(rf"^({_WHERE})(\{{[^}}]*\}})", re.MULTILINE)


def path(lang: str) -> Path:
    """Where the picture in a language is kept."""
    return ASSETS / f"cancel-flow-{lang}.svg"


def picture(lang: str) -> str:
    """The picture in a language, as SVG."""
    sheet = (ASSETS / "qftools.css").read_text(encoding="utf-8")
    rules = "".join(
        f"{where.replace(_LIGHT, '.qf-diagram').strip()} {rule}\n"
        for where, rule in _RULE.findall(sheet)
        if "--md-code" not in rule
    )
    found = re.search(r'<svg (.*?viewBox="0 0 (\d+) (\d+)").*?(>.*</svg>)', diagrams.walk(lang))
    assert found is not None
    head, width, height, rest = found.groups()
    # A page gives the drawing its width; a picture has one of its own.
    rules = re.sub(r"  (?:height: auto|width: 100%);\n", "", rules)
    paper = f'<style>\n{rules}</style><rect width="100%" height="100%" fill="#fff"/>'
    rest = rest.replace("<defs>", f"{paper}<defs>", 1)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
        f' font-family="system-ui, sans-serif" {head}{rest}\n'
    )


def story_path(lang: str) -> Path:
    """Where the picture of the story in a language is kept."""
    return ASSETS / f"story-{lang}.svg"


def story(lang: Language) -> str:
    """The story of the lost reply, with its verdict: the payer has paid, the merchant asks."""
    root, _, acts = STORIES["reply"].rpartition(".")
    stage = Stage(root)
    beats: list[Beat] = []
    for letter in acts:
        beats += stage.act(letter)
    outcome = stage.story.outcome
    assert outcome is not None
    drawn, height = _drawn(beats, lang)
    width, top = 404, height + 8
    verdict = el(
        "g",
        el("rect", x=1, y=top, width=width - 2, height=34, rx=9, cls="now"),
        el("text", outcome.verdict.value, x=12, y=top + 22, cls="head info"),
        el("text", outcome.meaning.say(lang), x=66, y=top + 22),
    )
    inside = drawn.replace("</svg>", f"{verdict}</svg>")
    inside = re.sub(r'viewBox="[^"]*"', f'viewBox="0 0 {width} {top + 40}"', inside)
    sheet = el("style", Markup(style.for_pictures(dark=True)))
    size = f'xmlns="http://www.w3.org/2000/svg" width="{width * 3 // 2}"'
    return inside.replace("<svg", f"<svg {size}", 1).replace(">", f">{sheet}", 1) + "\n"


def _drawn(beats: list[Beat], lang: Language) -> tuple[str, float]:
    before = locale.language()
    locale.use_language(lang)
    try:
        drawn = sequence(beats)
    finally:
        locale.use_language(before)
    found = re.search(r'viewBox="0 0 \S+ ([\d.]+)"', drawn)
    assert found is not None
    return drawn, float(found[1])


if __name__ == "__main__":
    for lang in LANGUAGES:
        path(lang).write_text(picture(lang), encoding="utf-8")
        story_path(lang).write_text(story(lang), encoding="utf-8")
