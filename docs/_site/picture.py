"""The cancel flow as a picture that stands alone, for README: ``python -m docs._site.picture``.

The drawing of the site, with the rules of its style sheet that it needs, in light colours.
"""

from __future__ import annotations

import re
from pathlib import Path

from docs._site import diagrams

ASSETS = Path(__file__).resolve().parents[1] / "assets"
LANGUAGES = ("en", "zh")
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


if __name__ == "__main__":
    for lang in LANGUAGES:
        path(lang).write_text(picture(lang), encoding="utf-8")
