"""The colours of all that is shown: what each says, and what each style sheet calls it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from docs._site.markdown import Here, head, table

_ROOT = Path(__file__).resolve().parents[2]
_VALUE = re.compile(r"(--[\w-]+):\s*([^;]+);")


class Names(NamedTuple):
    """What a colour is called; empty where a sheet has no use for it."""

    panels: str
    sandbox: str
    site: str


COLOURS = {
    "accent": Names("--qf-accent", "--accent", "--md-typeset-a-color"),
    "progress": Names("--qf-info", "--accent", "--qf-progress"),
    "good": Names("--qf-ok", "--paid", "--qf-success"),
    "wait": Names("--qf-wait", "--open", "--qf-unknown"),
    "bad": Names("--qf-bad", "--bad", "--qf-bad"),
    "over": Names("--qf-dim", "--dead", "--qf-failure"),
    "back": Names("", "--back", "--qf-caller"),
}
"""By what a colour says. The first sheet that has it decides its values."""


def sheets(dark: bool) -> Names:
    """The rules of each sheet that hold its colours, as text."""
    panel, sandbox, site = (
        _ROOT.joinpath(path).read_text("utf-8")
        for path in (
            "qftools/panels/panel.css" if dark else "qftools/palette.css",
            "qftools/sandbox/web/static/sandbox.css",
            "docs/assets/qftools.css",
        )
    )
    return Names(
        panel.partition("{")[2].partition("}")[0],
        sandbox.split(":root {")[2 if dark else 1].partition("}")[0],
        site.split("[data-md-color-scheme=")[2 if dark else 1].partition("}")[0],
    )


def values(says: str, dark: bool) -> list[str]:
    """The values of a colour, one for each sheet that has it."""
    found = zip(sheets(dark), COLOURS[says], strict=True)
    return [dict(_VALUE.findall(rules))[name] for rules, name in found if name]


def colours(here: Here) -> str:
    """What each colour says, with its values and its names."""
    return table(
        head(here, "colour says", "colour light", "colour dark", "colour names"),
        [
            [
                here.say(f"colour {says}"),
                _swatch(values(says, False)[0]),
                _swatch(values(says, True)[0]),
                " ".join(f"`{name}`" for name in dict.fromkeys(names) if name),
            ]
            for says, names in COLOURS.items()
        ],
    )


def _swatch(value: str) -> str:
    return f'<span class="qf-swatch" style="background:{value}"></span> `{value}`'
