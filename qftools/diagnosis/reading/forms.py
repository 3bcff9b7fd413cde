"""The forms in which people paste a request: ``forms.json``, each with an example.

All examples hold the same request, signed right. The page of the site, the tests and the
bench read them; a form is added by adding its row.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from qftools.texts import Text

_LOOKED_AT = 20_000  # characters of a paste that decide what its form is called


class Form(NamedTuple):
    """A form of a paste.

    Attributes:
        id: Its name.
        name: The same in words.
        example: A request in this form.
        mark: What tells it from the others, as a pattern; empty where a reader of its own does.
    """

    id: str
    name: Text
    example: str
    mark: str


@cache
def forms() -> tuple[Form, ...]:
    """All forms, those with a reader of their own first.

    Example:
        >>> forms()[0].id
        'curl'
    """
    rows = json.loads(Path(__file__).with_name("forms.json").read_text("utf-8"))
    return tuple(
        [
            Form(row["id"], Text(row["zh"], row["en"]), "\n".join(row["example"]), row["mark"])
            for row in rows
        ]
    )


def form_of(text: str) -> str:
    """The form that *text* is written in; ``text`` for any other.

    Example:
        >>> form_of("map[txamt:1280 txcurrcd:HKD]")
        'go_map'
    """
    start = text[:_LOOKED_AT]
    found = (row.id for row in forms() if row.mark and re.search(row.mark, start, re.MULTILINE))
    return next(found, "text")
