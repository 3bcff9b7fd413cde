"""What the groups of pairs in a paste say, one thing after the other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from qftools.diagnosis.reading import names
from qftools.diagnosis.reading.json_text import load_json
from qftools.diagnosis.reading.tree import Group, Pair, group_of, parse
from qftools.patterns import pattern

_TIMES_READ = 2  # how often a character is read as part of a text within a text
_METHOD = pattern(r"(?:^|[\s\"'>])(GET|POST|PUT|DELETE|PATCH|HEAD)$")
_REQUEST_LINE = pattern(r"(?:^|[\s\"])(GET|POST|PUT|DELETE|PATCH|HEAD) ([^\s\"]+)")
_STATUS = pattern(r"HTTP/[\d.]{1,3} (\d{3})\b|^(?:<-- )?(\d{3}) (?:OK|[A-Z])")
_OURS = pattern(r"/trade/v1/|/checkstand/|/payment_element/|qfapi\.com|qfpay\.com", re.I)
_DIGEST_AT_END = pattern(r"(?<![0-9A-Za-z])([0-9A-Fa-f]{64}|[0-9A-Fa-f]{32})[\s.;,)\"']*$")
_PAIR_OF_FORM = pattern(r"(?:^|&|\?)[A-Za-z_][\w.\-\[\]%]*=")
_HAS_NAME = pattern(
    r"(?i)(?<![A-Za-z0-9])(?:set)?(?:txamt|txcurrcd|pay_?type|out_?trade_?no|txdtm|goods_?name|syssn|respcd|orig_?syssn"
    r"|auth_?code|notify_?url|x[-_]?qf[-_]?(?:sign|appcode))(?![A-Za-z0-9])"
)


class Event(NamedTuple):
    """One thing that a paste says.

    Attributes:
        kind: url, method, header, fields, body, signature, answer, status.
        value: The text, or the value of an answer.
        pairs: The fields, or the header.
        label: What stood in front of it.
        source: The answer's own bytes, where they are known.
    """

    kind: str
    value: Any = ""
    pairs: tuple[tuple[str, str], ...] = ()
    label: str = ""
    source: str = ""


def speaks(text: str) -> bool:
    """Tell whether a name of the gateway stands in *text*, or in what it says once decoded."""
    return _HAS_NAME.search(text) is not None or "=> Send header" in text


# ---- from groups to events ---------------------------------------------------------------


class _Left:
    """How many characters of texts within texts are still read; each level is another text."""

    def __init__(self, size: int) -> None:
        self.characters = _TIMES_READ * size

    def takes(self, text: str) -> bool:
        """Count *text*; False where there has been enough."""
        self.characters -= len(text)
        return self.characters >= 0


def events(group: Group, size: int) -> Iterator[Event]:
    """What a group says, in order; *size* is the length of the text that it was parsed from."""
    return _events(group, "", _Left(size))


def _events(group: Group, label: str, left: _Left) -> Iterator[Event]:
    if _is_answer(group):
        yield Event("answer", as_answer(group), label=label, source=group.source)
        group = Group(tuple(p for p in group.pairs if names.header(p.name)))
    yield from _fields(group, label)
    for number, pair in enumerate(group.pairs):
        if isinstance(pair.value, Group):
            yield from _events(pair.value, _label(group, number) or label, left)
        else:
            yield from _of_text(pair, _label(group, number) or label, left)


def _label(group: Group, number: int) -> str:
    """The words in front of a pair: its name, else what stands before it in its line."""
    pair = group.pairs[number]
    before = group.pairs[number - 1] if number else pair
    words = before.value if before is not pair and isinstance(before.value, str) else ""
    near = before.line == pair.line and not before.name
    return f"{words if near else ''} {pair.name}".strip()


def _is_answer(group: Group) -> bool:
    return any(names.field(name) == "respcd" for name, _value in group.scalars())


def as_answer(group: Group) -> Any:
    """A group as the JSON that it was dumped from."""
    if group.pairs and all(_is_item(pair) for pair in group.pairs):
        return [as_answer(p.value) if isinstance(p.value, Group) else p.value for p in group.pairs]
    return {
        names.field(p.name) or p.name: as_answer(p.value) if isinstance(p.value, Group) else p.value
        for p in group.pairs
        if p.name
    }


def _is_item(pair: Pair) -> bool:
    """Whether it is one of a list; in front of its bracket there may stand its type."""
    if not pair.name or pair.name.isdecimal():
        return True
    return isinstance(pair.value, Group) and not names.field(pair.name) and _is_answer(pair.value)


def _fields(group: Group, label: str) -> Iterator[Event]:
    """The parameters of a request that stand in a group, outside of brackets block by block."""
    outside = any(pair.line >= 0 for pair in group.pairs)
    block: list[tuple[str, str]] = []
    last = -1
    for pair in group.pairs:
        if not pair.name or not isinstance(pair.value, str):
            continue
        if outside and pair.line > last + 1 and block:
            yield from _block(block, label, outside)
            block = []
        last = pair.line
        block.append((pair.name, pair.value))
    yield from _block(block, label, outside)


def _block(block: list[tuple[str, str]], label: str, outside: bool) -> Iterator[Event]:
    if not any(names.is_telling(name) for name, _value in block):
        return
    logged = any(names.is_of_a_log(name) for name, _value in block)
    kept = []
    for name, value in block:
        wire = names.field(name)
        strange = logged or outside or "-" in name or not name.replace("_", "").isalnum()
        if wire and not names.header(name):
            kept.append((wire, value))
        elif not strange and not names.header(name) and not names.is_signature(name):
            kept.append((name, value))
    yield Event("fields", pairs=tuple(kept), label=label)


def _of_text(pair: Pair, label: str, left: _Left) -> Iterator[Event]:
    name, text = pair.name, str(pair.value).strip()
    known = names.header(name)
    if "**" in text and (known or names.is_signature(name)):
        return  # masked: it proves nothing
    if known:
        yield Event("header", pairs=((known, text.removeprefix("- ")),))
        return
    if names.is_signature(name) and _is_signature(text):
        yield Event("signature", text, label=name)
        return
    if names.plain(name) in ("host", "contenttype") and text and " " not in text.partition(";")[0]:
        yield Event("header", pairs=(("Host" if "ost" in name else "Content-Type", text),))
        return
    if names.plain(name) in ("method", "requestmethod", "httpmethod") and text.isalpha():
        yield Event("method", text.upper())
        return
    if names.plain(name) in ("statuscode", "httpcode") and re.fullmatch(r"\d{3}", text):
        yield Event("status", int(text))
        return
    if not text or names.is_telling(name) or (names.field(name) and "&" not in text):
        return
    yield from _of_words(text, label, left)


def _is_signature(text: str) -> bool:
    """Whether a text behind that name is one: "string to sign: a=1&b=2" is what was signed."""
    if _PAIR_OF_FORM.match(text) and _HAS_NAME.search(text):
        return False
    return names.DIGEST.fullmatch(text) is not None or len(text) >= 8 and " " not in text


def _of_words(text: str, label: str, left: _Left) -> Iterator[Event]:
    """What a text without a known name says: an address, a body, a digest, a dump of its own."""
    text = text.replace("&amp;", "&")
    method = _METHOD.search(text)
    if method and len(text) < 200:
        yield Event("method", method[1])
        return
    line = _REQUEST_LINE.match(text)
    if line and (_OURS.search(line[2]) or "HTTP/" in text):
        yield Event("url", line[2], label=line[1])
        text = text[line.end() :]
    elif re.match(r"https?://|/(?:trade|checkstand|payment_element)/", text):
        if _OURS.search(text) or "?" in text and _HAS_NAME.search(text):
            yield Event("url", text.split()[0])
        return
    status = _STATUS.search(text)
    if status:
        yield Event("status", int(status[1] or status[2]))
    digest = _DIGEST_AT_END.search(text)
    if digest and "&" not in text:
        said = text[: digest.start()].strip(" :=>-")
        if not said or names.is_signature(said.split()[-1].strip("'\"[]")):
            yield Event("signature", digest[1], label=said)
            return
    if not _HAS_NAME.search(text):
        return
    if (
        text.lstrip()[:1] not in "{[<"
        and len(_PAIR_OF_FORM.findall(text)) > 1
        and not re.match(r"\S+ \S+ \S+ \S*=", text)
    ):
        yield Event("body", text, label=label)
    elif left.takes(text):
        value = load_json(text) if text[:1] in "{[" else None
        group = (
            group_of(value)._replace(source=text)
            if isinstance(value, (dict, list))
            else parse(text)
        )
        yield from _events(group, label, left)
