"""A text as tokens: strings, words, brackets, separators, whole pairs. One pass, linear time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from typing import NamedTuple

from qftools.diagnosis.reading.json_text import NULL
from qftools.diagnosis.reading.names import DIGEST, is_known, is_signature, is_telling
from qftools.errors import InputError
from qftools.locale import mark
from qftools.patterns import pattern

MOST_TOKENS = 80_000
_LONGEST_IN_A_MAP = 500  # characters of a value in which the next pair of a map is seen


class Token(NamedTuple):
    """A piece of the text.

    Attributes:
        kind: str, open, close, sep, comma, line, word, url, run, item (a whole pair), label.
        start, end: Where it stands.
        text: What it says; a string without its quotes and escapes.
        name: Of an item, its name; *text* is the value then.
    """

    kind: str
    start: int
    end: int
    text: str
    name: str = ""


_BLANK = pattern(r"[ \t\r\f\v]+")
_QUOTED = pattern(
    r"(?P<prefix>[bBuUrRfF@$]{0,2})(?:\"(?P<double>(?:[^\"\\\n]|\\.)*)\"|'(?P<single>(?:[^'\\\n]|\\.)*)'"
    r"|`(?P<tick>(?:[^`\\]|\\.)*)`|“(?P<curly>[^”\n]*)”|‘(?P<round>[^’\n]*)’)"
)
_QUOTES, _PREFIXES = "\"'`“‘", "bBuUrRfF@$"
_AFTER_QUOTE = pattern(r"[\s,;:=)\]}.&|+\-/<>\\]|$|\.\s|to\b|，|。|；")
_COUNTED = pattern(r"(?:string\((\d{1,7})\)\s|s:(\d{1,7}):)\"")
_PRINTED = pattern(r"\[([^\]\[\n\"']{1,100})\] => ?")
_PRINTED_END = pattern(
    # A run of blanks is looked at once, from its first one.
    r"\n|\)[ \t]*(?=\n|$|\))|(?:(?<![ \t])|(?<==> ))[ \t]++"
    r"(?:\[[^\]\[\n\"']{1,100}\] => ?|\)[ \t]*(?=\n|$|\))|\)(?=[ \t]))"
)
# Lines of a value with line breaks: what stands between it and the next item.
_BROKEN_VALUE = pattern(
    r"(?:\n(?![ \t]*(?:\[[^\]\[\n\"']{1,100}\] => |\)?[ \t]*(?:\n|$)))[^\n]{0,300}){1,8}"
    r"(?=\n[ \t]*(?:\[[^\]\[\n\"']{1,100}\] => |\)[ \t]*(?:\n|$)))"
)
_NESTED = pattern(r"(?:Array|[\w\\]{1,80} Object)[ \t\n]*\(")
_SEP = pattern(r"(?<=[\"'] )to(?= [\"'])|=>|->(?!\w)|:=|==|=|:(?!//)|：|＝")
_URL = pattern(r"(?:https?://|/(?:trade|checkstand|payment_element)/)[^\s\"'<>`，。；、）】]*")
_WORD = pattern(r"[^\s\"'`\[\](){}=:,;：＝，；“”]+")
_NEXT_IN_A_MAP = pattern(r"[,;] ?([A-Za-z_]\w{0,40})=")
_NAME_IS = pattern(r"[A-Za-z_][\w.\-\[\]%]{0,80}=")
_TAG = pattern(
    r"<([A-Za-z_][\w.\-]{0,60})>(?:<!\[CDATA\[([^<>\n]{0,2000})\]\]>|([^<>\n]{0,2000}))</\1>"
)
_MARKUP = pattern(r"</?[A-Za-z][\w.\-:]{0,60}>")
_VALUE_ENDS = pattern(
    r"(?P<amp>(?:(?<![ \t])[ \t]*+\r?\n[ \t]*+)?&(?:amp;)?(?:\r?\n[ \t]*+)?)"
    r"|\n|(?<!\s)\s++[A-Za-z_][\w.\-\[\]]{0,60}="
    r"|[\"'`”](?=\s|$|[,;)\]}])|</"
)
_LAST_ENDS = pattern(
    r"(?i)(?<!\s)\s++(?=[(（\[]?(?:[-=]?>|=>|[|]|sign|signature|x[-_]qf|md5|sha256|headers?|key|resp|response|result"
    r"|answer|http/\d)\b|[-=]>|->|[|]|签名|(?:[0-9A-F]{64}|[0-9A-F]{40}|[0-9A-F]{32})(?![0-9A-Za-z]))"
    r"|[,;，；]\s*+(?=sign|x[-_]qf|签名|key\b|resp)|(?<![)\]}])[)\]}]++$"
)
_TABLE_ROW = pattern(r"[ \t|+*\-•│]*([A-Za-z_][\w.\-]{1,60})[\"']?(?:[ \t]*[|│][ \t]*|\t+| {2,})")
_ESCAPE = pattern(
    r"\\(?:(\d{4,7})|[ux]\{([0-9a-fA-F]{1,6})\}|[uU]([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|([0-7]{3})|(.))",
    re.DOTALL,
)
_OCTETS = pattern(r"(?<!\\)(?:\\x[89a-fA-F][0-9a-fA-F]|\\[23][0-7]{2}){2,}")
_DECIMAL_OCTETS = pattern(r"(?<!\\)(?:\\(?:1[2-9]\d|2[0-4]\d)){2,}")  # Lua's
_CHARS = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "0": "\0"}


def tokens(text: str) -> list[Token]:
    """The tokens of *text*; blanks are left out.

    Raises:
        InputError: There are too many.
    """
    found = list(islice(_tokens(text), MOST_TOKENS + 1))
    if len(found) > MOST_TOKENS:
        raise too_long(text, found[-1].start)
    return found


def too_long(text: str, most: int) -> InputError:
    """Return the refusal of a text of which only *most* characters can be read."""
    return InputError(
        mark("the paste"),
        "has {length:,} characters",
        "at most {most:,}: paste the part around it",
        length=len(text),
        most=most,
    )


class _Failed:
    """Up to where a string or a run can't begin: what was tried once is not tried again."""

    def __init__(self) -> None:
        self.run = 0
        self.quotes: dict[str, int] = {}


def _tokens(text: str) -> Iterator[Token]:
    at, end, fresh = 0, len(text), True  # fresh: a line begins here
    failed = _Failed()
    while at < end:
        blank = _BLANK.match(text, at)
        if fresh:
            row = _table_row(text, at)
            if row is not None:
                yield row
                at, fresh = row.end, False
                continue
        if blank:
            at = blank.end()
            continue
        token = _next(text, at, failed)
        fresh = token.kind == "line"
        if token.text or token.kind in ("str", "item"):
            yield token
        at = token.end


def _next(text: str, at: int, failed: _Failed) -> Token:
    char = text[at]
    if char == "\n":
        return Token("line", at, at + 1, "\n")
    counted = _counted(text, at) if char in "s" else None
    if counted:
        return counted
    quoted = _quoted(text, at, failed) if char in _QUOTES or char in _PREFIXES else None
    if quoted:
        return quoted
    if char == "[":
        printed = _printed(text, at)
        if printed:
            return printed
    if char == "<":
        tag = _TAG.match(text, at)
        if tag and is_known(tag[1]):
            return Token("item", at, tag.end(), tag[2] or tag[3] or "", tag[1])
        markup = _MARKUP.match(text, at)
        if markup:
            return Token("word", at, markup.end(), markup[0])
    if char in "[({":
        return Token("open", at, at + 1, char)
    if char in "])}":
        return Token("close", at, at + 1, char)
    if char in ",;，；":
        return Token("comma", at, at + 1, char)
    for kind, shape, starts in (("url", _URL, "h/"), ("sep", _SEP, "=-:：＝t")):
        found = shape.match(text, at) if char in starts else None
        if found:
            said = found[0].rstrip(",;)]}.。，") if kind == "url" else found[0]
            return Token(kind, at, at + len(said), said)
    run = _run(text, at, failed)
    if run:
        return run
    word = _WORD.match(text, at)
    last = word.end() if word else at + 1
    return Token("word", at, last, text[at:last])


def _quoted(text: str, at: int, failed: _Failed) -> Token | None:
    if at and (text[at - 1].isalnum() or text[at - 1] == "_"):
        return None
    quote = next((char for char in text[at : at + 3] if char in _QUOTES), "")
    if at < failed.quotes.get(quote, 0):
        return None
    found = _QUOTED.match(text, at) if quote else None
    if quote and not found:
        stop = text.find("\n", at) if quote != "`" else -1
        failed.quotes[quote] = len(text) if stop < 0 else stop
    if not found or not _AFTER_QUOTE.match(text, found.end()):
        return None
    body = found[found.lastgroup or ""]
    if "b" in found["prefix"].lower():
        return Token("str", at, found.end(), _bytes(body))
    return Token("str", at, found.end(), unescaped(body, found.lastgroup == "single"))


def unescaped(body: str, single: bool = False) -> str:
    """What a string says, with the escapes of any language."""
    if "\\" not in body:
        return body
    body = _DECIMAL_OCTETS.sub(_text_of_decimals, _OCTETS.sub(_text_of, body))
    return _joined(_ESCAPE.sub(_char, body))


def _text_of(octets: re.Match[str]) -> str:
    """Bytes of UTF-8, each as an escape of its own; what is none stays as it is."""
    numbers = [
        int(one[1:], 16) if one[0] == "x" else int(one, 8) for one in octets[0].split("\\")[1:]
    ]
    return _utf8(numbers) or octets[0]


def _text_of_decimals(octets: re.Match[str]) -> str:
    return _utf8(int(one) for one in octets[0].split("\\")[1:]) or octets[0]


def _utf8(numbers: Iterable[int]) -> str:
    with suppress(UnicodeDecodeError):
        return bytes(numbers).decode()
    return ""


def _char(found: re.Match[str]) -> str:
    digits = found[2] or found[3] or found[4]
    if found[1] or digits:
        code = int(digits, 16) if digits else int(found[1])
        return chr(code) if code <= 0x10FFFF else "\ufffd"
    if found[5]:
        return chr(int(found[5], 8) & 255)
    return _CHARS.get(found[6], found[6] if found[6] in "\\\"'/`$#&{}()[]" else "\\" + found[6])


_PAIR_OF_HALVES = pattern("[\ud800-\udbff][\udc00-\udfff]")
_HALF = pattern("[\ud800-\udbff]|[\udc00-\udc7f]|[\udd00-\udfff]")


def _joined(text: str) -> str:
    """Halves of a character put together; what is left alone stands for no byte."""
    whole = _PAIR_OF_HALVES.sub(
        lambda m: m[0].encode("utf-16", "surrogatepass").decode("utf-16"), text
    )
    return _HALF.sub("\ufffd", whole)


def _bytes(body: str) -> str:
    """What a literal of bytes holds, as UTF-8; the bytes that are none as surrogates."""
    raw = _ESCAPE.sub(_char, body)
    octets = b"".join(
        [
            char.encode("latin-1") if ord(char) < 256 else char.encode("utf-8", "surrogatepass")
            for char in raw
        ]
    )
    return octets.decode("utf-8", "surrogateescape")


def _counted(text: str, at: int) -> Token | None:
    """A string with its number of bytes: of PHP's var_dump and serialize."""
    found = _COUNTED.match(text, at)
    if not found:
        return None
    size, start = int(found[1] or found[2]), found.end()
    body = text[start : start + size].encode("utf-8", "surrogateescape")[:size]
    said = body.decode("utf-8", "surrogateescape")
    stop = start + len(said)
    if text[stop : stop + 1] != '"':
        return None
    return Token("str", at, stop + 1, said)


def _printed(text: str, at: int) -> Token | None:
    """``[name] => value`` of PHP's print_r."""
    found = _PRINTED.match(text, at)
    if not found:
        return None
    if _NESTED.match(text, found.end()):
        return Token("label", at, found.end(), found[1], found[1])
    ends = _PRINTED_END.search(text, found.end())
    stop = ends.start() if ends else len(text)
    broken = _BROKEN_VALUE.match(text, stop) if is_telling(found[1]) else None
    stop = broken.end() if broken else stop
    value = text[found.end() : stop].rstrip("\r")
    if value[:1] in ('"', "'") or value.startswith(("string(", "int(", "bool(", "NULL", "array(")):
        return None
    return Token("item", at, stop, value or NULL, found[1])


def _table_row(text: str, at: int) -> Token | None:
    """A line whose first column is a known name: a table by tabs, blanks or strokes."""
    found = _TABLE_ROW.match(text, at)
    if not found or not (is_telling(found[1]) or is_signature(found[1])):
        return None
    stop = text.find("\n", found.end())
    line = text[found.end() : len(text) if stop < 0 else stop].rstrip("\r")
    if line[:1] in ("=", ":", "{", "[", "("):
        return None
    value = re.split(r"\t|(?<![ \t])[ \t]++[|│]|[|│]$|(?<! ) {2,}+(?=\S+$)", line)[0].strip()
    if is_telling(value) or is_signature(value):
        return None  # names in a line of their own: a table with a header
    return Token("item", at, found.end() + len(line), value, found[1])


def _run(text: str, at: int, failed: _Failed) -> Token | None:
    """``name=value&name=value``, as it stands; a line may break before or behind an ampersand."""
    if at < failed.run:
        return None
    label = _NAME_IS.match(text, at)
    if label and _NAME_IS.match(text, label.end() + (text[label.end() :][:1] in _QUOTES)):
        return None  # body=txamt=1&... or body="txamt=1&...": a name, then the run
    if label and text[label.end() : label.end() + 4] == "http" and _in_a_map(text, at):
        return None
    start, count, plain = at, 0, False
    while True:
        name = _NAME_IS.match(text, at)
        if not name:
            return None
        count += 1
        value, at, more = _value(text, name.end())
        following = _NEXT_IN_A_MAP.search(value[:_LONGEST_IN_A_MAP])
        if following and is_telling(following[1]):
            failed.run = name.end() + following.start(1)
            return None
        plain = plain or " " in value or not value.isascii()
        if not more:
            break
    if count < 2:
        failed.run = at
        return None
    at = _cut(text, name.end(), at, plain)
    return Token("run", start, at, text[start:at])


def _in_a_map(text: str, at: int) -> bool:
    """Whether a pair stands in a printed map: its ampersands are then its own."""
    return text[at - 1 : at] == "{" or text[max(at - 2, 0) : at] == ", "


def _value(text: str, at: int) -> tuple[str, int, bool]:
    """A value, where it or the ampersand behind it ends, and whether a pair follows."""
    start = at
    while True:
        ends = _VALUE_ENDS.search(text, at)
        if not ends:
            return text[start:], len(text), False
        if not ends["amp"]:
            return text[start : ends.start()], ends.start(), False
        if _NAME_IS.match(text, ends.end()):
            return text[start : ends.start()], ends.end(), True
        at = ends.end()


def _cut(text: str, start: int, stop: int, plain: bool) -> int:
    """Where the last value of a run ends: before a digest, an arrow or a label."""
    value = text[start:stop]
    if not plain and ("%" in value or "+" in value):
        return start + len(re.split(r"\s|[)\]},;]$", value, maxsplit=1)[0])
    ends = _LAST_ENDS.search(value)
    stop = start + (ends.start() if ends else len(value))
    while stop > start and text[stop - 1] in " \t\r,;'\"`":
        stop -= 1
    return stop


__all__ = ["DIGEST", "Token", "tokens", "too_long", "unescaped"]
