"""Signatures on the pages: worked examples, each calculated when the site is built."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

from docs._site.markdown import Here, table
from qftools.diagnosis.causes.table import CAUSES
from qftools.signing import canonical, sign

KEY = "abcd1234"  # the vendor's published example key; it opens nothing
FIRST = {"mchid": "ZaMVg12345", "txamt": "100", "txcurrcd": "HKD"}
WRONG = {
    "txamt": "2500",
    "txcurrcd": "HKD",
    "txdtm": "2026-01-05 10:00:00",
    "goods_name": "龙井茶",
}
_TESTS = Path(__file__).resolve().parents[2] / "tests"
_VECTORS = _TESTS / "vectors.json"
RESULTS = _TESTS / "bench" / "diagnosis.json"  # written by `make bench-diagnosis`


def _md5(text: str, charset: str = "utf-8") -> str:
    return hashlib.md5(text.encode(charset)).hexdigest().upper()


# What each mistake of the table of causes makes of WRONG; the site's tests let the diagnosis
# name each of them from its digest.
MISTAKES: dict[str, Callable[[], str]] = {
    "unsorted": lambda: _md5("&".join(f"{n}={v}" for n, v in WRONG.items()) + KEY),
    "key-joined": lambda: _md5(canonical(WRONG) + "&key=" + KEY),
    "values-url-encoded": lambda: sign({n: quote_plus(v) for n, v in WRONG.items()}, KEY),
    "charset": lambda: _md5(canonical(WRONG) + KEY, "gbk"),
    "sent-not-signed": lambda: sign({n: v for n, v in WRONG.items() if n != "goods_name"}, KEY),
    "number-format": lambda: sign({**WRONG, "txamt": "25.00"}, KEY),
    "blank-at-key": lambda: sign(WRONG, KEY + "\n"),
    "json-signed": lambda: _md5(json.dumps(WRONG) + KEY),
    "other-hash": lambda: sign(WRONG, KEY, "SHA256"),
}


def example(here: Here) -> str:
    """The first example of the signing page, with both digests."""
    text = canonical(FIRST)
    return (
        f"```text\n{text}{KEY}\n```\n\n```text\nMD5     {sign(FIRST, KEY)}\n"
        f"SHA256  {sign(FIRST, KEY, 'SHA256')}\n```"
    )


def mistakes(here: Here) -> str:
    """What each usual mistake makes of one request."""
    rows = [[f"**{here.say('right')}**", "", f"`{sign(WRONG, KEY)}`"]]
    rows += [[*_cause(here, name), f"`{digest()}`"] for name, digest in MISTAKES.items()]
    drawn = table([here.say("mistake"), here.say("mend"), here.say("digest")], rows)
    return f'<div class="qf-digests" markdown>\n\n{drawn}\n\n</div>'


def causes(here: Here) -> str:
    """Every cause that the diagnosis can prove, and how often it did."""
    measured = _results()["causes"]
    rows = [
        [f"`{name}`", *_cause(here, name), "{named}&nbsp;/&nbsp;{tried}".format(**measured[name])]
        for name in CAUSES
    ]
    titles = ("cause", "mistake", "mend", "named of tried")
    return table([here.say(title) for title in titles], rows)


def results(here: Here) -> str:
    """How often the true cause was named when it was last measured."""
    rows = [
        [here.say(f"made {name}"), str(line["tried"]), str(line["named"]), _percent(line)]
        for name, line in _results()["totals"].items()
    ]
    titles = ("made", "tried", "named", "share")
    return table([here.say(title) for title in titles], rows)


def _percent(line: dict[str, int]) -> str:
    # Rounded down: what is not all is never shown as all.
    return f"{math.floor(10_000 * line['named'] / line['tried']) / 100:.2f} %"


def _results() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8"))
    return found


def _cause(here: Here, name: str) -> list[str]:
    cause = CAUSES[name]
    what = cause.what.say(here.lang)
    for empty in ("（{detail}）", " ({detail})", "：{detail}", ": {detail}", " (value: {detail})"):
        what = what.replace(empty, "")
    field = here.say("a field")
    if not field.isascii():
        what = what.replace("{field} ", field)  # Chinese beside Chinese has no blank
    what = what.replace("{field}", field).replace("{detail}", "…")
    return [what, cause.fix.say(here.lang)]


def vectors(here: Here) -> str:
    """The vectors that the package's own tests use."""
    parts = []
    for vector in json.loads(_VECTORS.read_text(encoding="utf-8")):
        text = canonical(vector["params"]) if "params" in vector else vector["body"]
        if "*" in vector["key"]:
            continue  # the vendor's page masks its keys: nothing to test with
        title = here.say(f"vector {vector['kind']}").format(algorithm=vector["algorithm"])
        block = f"{text}\n\nkey     {vector['key']}\ndigest  {vector['expected']}"
        indented = "\n".join(f"    {line}".rstrip() for line in block.splitlines())
        origin = here.say("published" if vector["published"] else "computed")
        parts.append(f'??? example "{title} · {origin}"\n\n    ```text\n{indented}\n    ```')
    return "\n\n".join(parts)


SIGNATURES: dict[str, Callable[[Here], str]] = {
    "diagnosis-results": results,
    "signing-causes": causes,
    "signing-example": example,
    "signing-mistakes": mistakes,
    "vectors": vectors,
}
