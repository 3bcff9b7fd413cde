"""What a terminal, a logger or a chat put around a text, taken off; tables turned to pairs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from html import unescape

from qftools.diagnosis.reading.json_text import load_json
from qftools.diagnosis.reading.names import header, is_telling
from qftools.patterns import pattern

_COLOUR = pattern(r"\x1b\[[0-9;]{0,20}[A-Za-z]")
_FENCE = pattern(r"^[ \t]{0,3}(?:```|~~~)[^\n]{0,40}$", re.MULTILINE)
_QUOTED = pattern(r"^> ?", re.MULTILINE)
_TALK = pattern(r"^[<>] ?", re.MULTILINE)
_TALK_NOISE = pattern(
    r"^(?:\* |[{}] \[|\s{2,80}% Total|\s{1,80}Dload|[\s\d]{1,80} --:--:--)[^\n]*\n?", re.MULTILINE
)
_TRACED = pattern(r"^(?:\d\d:\d\d:\d\d\.\d+ )?(?:=>|<=) (Send|Recv) (header|data)[^\n]*$")
_TRACE_HEX = pattern(r"^[0-9a-f]{4,8}: ((?:[0-9a-f]{2} ){1,16})")
_TRACE_TEXT = pattern(r"^[0-9a-f]{4,8}: (.*)$")
_WIRED = pattern(r'(?:>>|<<) "')
_STAMPED = pattern(
    r"^(?:\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.,\d]*(?:Z|[+-]\d\d:?\d\d)?\]?\s"
    r"(?:(?:stdout|stderr) F )?"
    r"|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S{1,60} \S{1,60}: )"
)
_SERIALIZED = pattern(r's:\d{1,4}:"(\w{1,60})";(?=s:\d)')
_SERIALIZED_NULL = pattern(r's:\d{1,4}:"(\w{1,60})";N;')
_SERIALIZED_NUMBER = pattern(r's:\d{1,4}:"(\w{1,60})";[idb]:([\d.\-]{1,30});')
_BINARY = pattern(r'<<(?:"((?:[^"\\\n]|\\.){0,2000})"(?:/utf8)?|(\d{1,3}(?:,\d{1,3}){0,2000}))>>')
_BESIDE = pattern(r'(?:(?<=[\s{(\[,]):([A-Za-z][\w.\-]{0,60})|"([A-Za-z][\w.\-]{0,60})") (?=["\d])')
# A string that goes on in the next line; and other ways to write a pair: PHP's var_dump of an
# object, VB, R's print and str.
_PAIRS = (
    (pattern(r"([\"'])[ \t]{0,80}(?:[+.]|&(?: ?_)?)[ \t]{0,80}\n[ \t]{0,80}\1"), ""),
    (pattern(r"([\"'])[ \t]{0,80}\n[ \t]{0,80}[+.&][ \t]{0,80}\1"), ""),
    (pattern(r'\["([^"\n]{1,100})":(?:"[^"\n]{1,200}":private|protected)\]=>'), r'["\1"]=>'),
    (pattern(r'^[ \t]*[\w.]{1,60}\.Add[ \t]+"([\w-]{1,60})",[ \t]*(?=")', re.M), r"\1 = "),
    (pattern(r'^[ \t]*\w[\w.]{0,60}\("([\w-]{1,60})"\) ?= ?(?=")', re.M), r"\1 = "),
    (pattern(r"^ ?\$ (\w{1,60}) *: (?:num|int|chr|logi) ", re.M), r"\1 = "),
    (pattern(r"^\$(\w{1,60})\n\[1\] ", re.M), r"\1 = "),
)
_YAML_BLOCK = pattern(
    r"^([ ]{0,40})([\w.\-]{1,60}): ?([|>])(-?)\n((?:\1 +[^\n]*(?:\n|\Z)){1,50})", re.M
)
_RULE = pattern(r"[-=+|:\s│┼─]+")


def unwrapped(text: str) -> str:
    """*text* as its program wrote it, and tables as ``name<TAB>value``.

    Example:
        >>> unwrapped("> txamt: 1280\\n> txcurrcd: HKD\\n")
        'txamt: 1280\\ntxcurrcd: HKD\\n'
    """
    text = _COLOUR.sub("", text.replace("\r\n", "\n"))
    text = _FENCE.sub("", text)
    for unwrap in _WRAPPERS:
        text = unwrap(text)
    return text


def _of_mail(text: str) -> str:
    lines = [line for line in text.split("\n") if line.strip()]
    return _QUOTED.sub("", text) if lines and all(line[0] == ">" for line in lines) else text


def _of_curl_v(text: str) -> str:
    """What ``curl -v`` prints: the heads of request and answer."""
    if not re.search(r"^> (?:GET|POST|PUT) ", text, re.MULTILINE):
        return text
    return _TALK.sub("", _TALK_NOISE.sub("", text))


def _of_curl_trace(text: str) -> str:
    """What ``curl --trace`` and ``--trace-ascii`` print."""
    if not re.search(r"^(?:[\d:.]+ )?=> Send header", text, re.MULTILINE):
        return text
    out: list[str] = []
    kind, octets = "", bytearray()
    for line in text.split("\n"):
        block = _TRACED.match(line)
        if block:
            out.append(octets.decode("utf-8", "surrogateescape"))
            kind, octets = block[2], bytearray()
            continue
        hexadecimal, plain = _TRACE_HEX.match(line), _TRACE_TEXT.match(line)
        if hexadecimal:
            octets += bytes.fromhex(hexadecimal[1])
        elif plain:
            octets += plain[1].encode("utf-8", "surrogateescape")
            octets += b"\n" if kind == "header" else b""
    return "\n".join([*out, octets.decode("utf-8", "surrogateescape")])


def _of_wire_log(text: str) -> str:
    """Apache HttpClient's wire log: each line of the talk in quotes behind an arrow."""
    if '[\\r][\\n]"' not in text:
        return text
    found = [(line.rstrip(), _WIRED.search(line)) for line in text.split("\n")]
    return "\n".join(
        line[begun.end() : -1].removesuffix(r"[\n]").removesuffix(r"[\r]")
        for line, begun in found
        if begun and line.endswith('"', begun.end())
    )


def _of_containers(text: str) -> str:
    """Lines that a container's logger wrapped in JSON."""
    lines = [line for line in text.split("\n") if line.strip()]
    if len(lines) < 2 or not lines[0].startswith('{"log":'):
        return text
    values = [load_json(line) for line in lines]
    said = [str(value.get("log", "")) for value in values if isinstance(value, dict)]
    return "".join([line if line.endswith("\n") else line + "\n" for line in said])


def _of_stamps(text: str) -> str:
    """Lines that each begin with a time, where that breaks a dump into lines."""
    lines = text.split("\n")
    filled = [line for line in lines if line.strip()]
    if len(filled) < 3 or not all(_STAMPED.match(line) for line in filled):
        return text
    return "\n".join([_STAMPED.sub("", line, count=1) for line in lines])


def _of_pairs(text: str) -> str:
    for written, pair in _PAIRS:
        text = written.sub(pair, text)
    return text


def _of_yaml(text: str) -> str:
    """YAML's text on the lines below its name, kept (``|``) or folded (``>``)."""
    return _YAML_BLOCK.sub(_yaml_block, text)


def _yaml_block(found: re.Match[str]) -> str:
    if not _is_name(found[2]):
        return found[0]
    from textwrap import dedent

    said = dedent(found[5]).strip("\n").replace("\n", "\n" if found[3] == "|" else " ")
    return f"{found[1]}{found[2]}: {json.dumps(said + ('' if found[4] else chr(10)))}\n"


def _of_html(text: str) -> str:
    """A table of HTML, as it is copied from a page's source."""
    if "</td>" not in text:
        return text
    text = re.sub(r"</t[dh]>\s*<t[dh][^<>]{0,200}>", "\t", text)
    return re.sub(r"</?(?:table|thead|tbody|tr|t[dh])[^<>]{0,200}>", "\n", text)


def _of_entities(text: str) -> str:
    """Characters that a page of HTML shows by their number, where its ampersands are escaped."""
    if "&amp;" not in text:
        return text
    return re.sub(r"&#(?:\d{2,6}|x[0-9A-Fa-f]{2,5});", lambda found: unescape(found[0]), text)


def _of_serialize(text: str) -> str:
    """PHP's serialize: names and values stand in turn."""
    if not re.search(r"a:\d{1,6}:\{s:", text):
        return text
    text = _SERIALIZED_NULL.sub(r'"\1" => null;', text)
    text = _SERIALIZED_NUMBER.sub(r'"\1" => "\2";', text)
    return _SERIALIZED.sub(r'"\1" => ', text)


def _of_binaries(text: str) -> str:
    """Erlang's and Elixir's binaries: ``<<"txamt">>``, and text as a list of its bytes."""
    return _BINARY.sub(_binary, text) if "<<" in text else text


def _binary(found: re.Match[str]) -> str:
    if found[2] is None:
        return f'"{found[1]}"'
    octets = [int(number) for number in found[2].split(",")]
    if max(octets) > 255:
        return found[0]
    said = bytes(octets).decode("utf-8", "surrogateescape")
    return '"' + re.sub(r'["\\\n]', lambda char: f"\\u{ord(char[0]):04x}", said) + '"'


def _of_clojure(text: str) -> str:
    """Names with the value right behind them: ``{:txamt "1280"}``, ``{"txamt" "1280"}``."""
    return _BESIDE.sub(
        lambda found: (
            f'"{found[1] or found[2]}" => ' if _is_name(found[1] or found[2]) else found[0]
        ),
        text,
    )


def _of_tables(text: str) -> str:
    lines = text.split("\n")
    return "\n".join(_rows(lines)) if any(_names_in(line) for line in lines[:2000]) else text


def _rows(lines: list[str]) -> Iterator[str]:
    """Each row of a table under its names, and each name with the value on the line below."""
    names: list[str] = []
    alone = ""
    for line in lines:
        cells = _cells(line)
        if alone:
            yield f"{alone}\t{line.strip()}" if line.strip() and not _alone(line) else alone
            alone = _alone(line)
        elif _alone(line):
            alone = _alone(line)
        elif _names_in(line) > 1 and len(cells) == len([cell for cell in cells if cell]):
            names = cells
        elif names and _RULE.fullmatch(line) and line.strip():
            continue
        elif names and len(cells) == len(names):
            yield from (f"{name}\t{cell}" for name, cell in zip(names, cells, strict=True))
            yield ""
        elif len(cells) == 2 and "," in line and _is_name(cells[0]):
            yield f"{cells[0]}\t{cells[1]}"
        else:
            names = []
            yield line
    if alone:
        yield alone


def _alone(line: str) -> str:
    name = line.strip().rstrip(":").strip()
    return name if _is_name(name) else ""


def _is_name(text: str) -> bool:
    return is_telling(text) or bool(header(text))


def _cells(line: str) -> list[str]:
    """The cells of a row, by tabs, strokes or commas."""
    line = line.strip("\r\n")
    for stroke in ("\t", "|", "│"):
        if stroke in line:
            return [cell.strip().strip("\"'") for cell in line.strip().strip(stroke).split(stroke)]
    if "," not in line or "\r" in line or len(line) >= 10_000:  # a row has no line break in it
        return []
    import csv

    return next(csv.reader([line]), [])


def _names_in(line: str) -> int:
    """How many known names a line has that is nothing but cells; one that stands alone counts."""
    if len(line) > 2000 or any(char in line for char in "={}[]()"):
        return 0
    cells = _cells(line)
    if _alone(line):
        return 1
    telling = sum(_is_name(cell) for cell in cells)
    return telling if telling == 1 == len(cells) - 1 or telling * 2 > len(cells) else 0


_WRAPPERS: tuple[Callable[[str], str], ...] = (
    *(_of_curl_v, _of_mail, _of_curl_trace, _of_wire_log),
    *(_of_containers, _of_stamps, _of_pairs, _of_yaml, _of_serialize, _of_html, _of_entities),
    *(_of_binaries, _of_clojure, _of_tables),
)
