"""Tokens as groups of pairs: what any language's dump, code, log line or table says."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, TypeGuard

from qftools.diagnosis.reading.json_text import NULL, as_text, load_json, mended, scalar
from qftools.diagnosis.reading.names import DIGEST, is_known, is_signature, is_telling
from qftools.diagnosis.reading.tokens import Token, tokens
from qftools.patterns import pattern

_DEEPEST = 60
_MOST_VALUES = 100_000
_LONGEST_LITERAL = 50_000  # characters that are given to the parser of Python
# What may stand in front of a bracket and says only of what type the value is.
_TYPE = pattern(
    r"(?i)(?:new\s+)?(?:[\w.\\/:$@%#&*?<>,\[\]\s]|\(\d+\)){0,120}|\((?:int|string|float|bool)\)\s*"
)
_DECIMAL = pattern(r"\\\d{4}")  # an escape of Haskell: \\33824
_NAME = pattern(r"[$@:.\-*_]{0,3}[^\W\d](?:[\w.\-/]|->){0,80}\??")
_SETTER = pattern(r"(?:.*\.)?set_?([A-Z]\w{1,60})")
_NOTHING = frozenset(("null", "none", "nil", "undefined", "undef", "~", "<null>", "<nil>"))
_PAIR_IN_A_STRING = pattern(r"\s*([A-Za-z_][\w.\-\[\]]{0,60})\s?(?:==?|:)\s?(.*)", re.DOTALL)


class Pair(NamedTuple):
    """A name with its value; without a name, a value of a list or words of a line.

    Attributes:
        name: As it is written; empty where there is none.
        value: A text, or a group.
        line: It stood outside of all brackets, in that line.
    """

    name: str
    value: str | Group
    line: int = -1


class Group(NamedTuple):
    """Pairs that stand together in brackets; the whole text is one, too.

    Attributes:
        pairs: What is in it, in order.
        source: Its text, where that is JSON: these very bytes may have been signed.
    """

    pairs: tuple[Pair, ...]
    source: str = ""

    def scalars(self) -> Iterator[tuple[str, str]]:
        """Names with the texts behind them."""
        for pair in self.pairs:
            if pair.name and isinstance(pair.value, str):
                yield pair.name, pair.value


def parse(text: str) -> Group:
    """What *text* says, as groups of pairs.

    Example:
        >>> parse("req={txamt=1, goods_name=a b}").pairs[0].value.pairs[1][:2]
        ('goods_name', 'a b')
    """
    return Parser(text).whole()


class Parser:
    """A text as tokens with its brackets.

    Attributes:
        is_cut: A bracket is opened and never closed: the text may not be whole.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokens(text)
        self.close = _matched(self.tokens)
        self.quotes = any(token.kind == "str" for token in self.tokens)  # around its texts
        self.is_cut = len(self.close) < sum(token.kind == "open" for token in self.tokens)

    def whole(self) -> Group:
        return Group(tuple(self._group(0, len(self.tokens), 0, outside=True)))

    def _group(self, at: int, end: int, depth: int, outside: bool = False) -> Iterator[Pair]:
        """The pairs between two tokens: line by line, brackets taken as one."""
        line: list[int] = []
        number, colon = 0, False
        while at < end:
            token = self.tokens[at]
            if token.kind == "line" and not self._waits(line, at, colon):
                yield from self._line(line, depth, number if outside else -1)
                line, number, colon = [], number + 1, False
            elif token.kind != "line":
                line.append(at)
                colon = colon or token.text == ":"
                at = self.close.get(at, at)
            at += 1
        yield from self._line(line, depth, number if outside else -1)

    def _waits(self, line: list[int], at: int, colon: bool) -> bool:
        """Whether a value, or a bracket, is still to come on the next line."""
        if not line:
            return False
        last = self.tokens[line[-1]]
        following = self.tokens[at + 1].kind if at + 1 < len(self.tokens) else "line"
        if last.kind == "word" and following == "open":  # a type: "Array", "new Dictionary<...>"
            return not colon
        if last.kind == "label":
            return True
        if last.kind != "sep" or following == "line":
            return False
        return last.text != ":" or len(line) == 2 or following in ("open", "str")

    def _line(self, line: list[int], depth: int, number: int) -> Iterator[Pair]:
        if not line or depth > _DEEPEST:
            return
        pair = self._pair(line) if depth else None
        if pair is not None and is_known(pair[0]):
            yield Pair(*pair, number)
            return
        marks = self._names(line, number >= 0)
        if not marks:
            yield from self._nameless(line, depth, number)
            return
        yield from self._nameless(line[: marks[0][0]], depth, number)
        for (_start, value_at, name), following in zip(
            marks, [mark[0] for mark in marks[1:]] + [len(line)], strict=True
        ):
            value, rest = self._value(line[value_at:following], depth, name)
            yield Pair(name, value, number)
            yield from self._nameless(rest, depth, number)

    # ---- names

    def _names(self, line: list[int], outside: bool) -> list[tuple[int, int, str]]:
        """Where names stand in a line: place, place of the value, name."""
        found = [mark for place in range(len(line)) for mark in self._name_at(line, place)]
        if not found:
            return []
        known = [mark for mark in found if is_known(mark[2])]
        style = self._style(line, known or found)
        first = found[0]
        if outside and known == [first] and first[0] == 0 and style == ":":
            return [first]  # "name: the rest of the line"
        strong = {mark for mark in found[1:] if self._after_comma(line, mark[0])}
        kept = []
        for mark in found:
            same = self._sep(line, mark) == style
            apart = mark is first or not strong or mark in strong
            if is_known(mark[2]) or (same and apart):
                kept.append(mark)
        return kept

    def _name_at(self, line: list[int], place: int) -> Iterator[tuple[int, int, str]]:
        token = self.tokens[line[place]]
        if token.kind in ("item", "label"):
            yield place, place, token.name
        elif place + 1 < len(line) and self.tokens[line[place + 1]].kind == "sep":
            name = self._name_of(line[place])
            if name:
                yield place, place + 2, name
        elif token.kind == "word" and self._labels(line, place):
            yield place, place + 1, token.text

    def _labels(self, line: list[int], place: int) -> bool:
        """Whether a word stands in front of a bracket as its name: ``params {``."""
        if place + 1 >= len(line):
            return False
        word, bracket = self.tokens[line[place]], self.tokens[line[place + 1]]
        if bracket.kind != "open" or bracket.text == "(" or word.end == bracket.start:
            return False
        alone = place == 0 and len(line) == 2 and _NAME.fullmatch(word.text) is not None
        return alone or is_known(word.text)

    def _name_of(self, index: int) -> str:
        token = self.tokens[index]
        if token.kind == "open" and index in self.close:
            inside = range(index + 1, self.close[index])
            return self._name_of(inside[0]) if len(inside) in (1, 2) and token.text == "[" else ""
        if token.kind == "sep" and token.text == ":" and index + 1 < len(self.tokens):
            return self._name_of(index + 1)  # Ruby's [:name]
        if token.kind == "str":
            return token.text.strip() if 0 < len(token.text) <= 100 else ""
        if token.kind == "word" and _NAME.fullmatch(token.text):
            return re.split(r"\.|->", token.text.lstrip("$@:.-*").rstrip("?"))[-1] or token.text
        return ""

    def _sep(self, line: list[int], mark: tuple[int, int, str]) -> str:
        return self.tokens[line[mark[1] - 1]].text if mark[1] == mark[0] + 2 else ""

    def _style(self, line: list[int], marks: list[tuple[int, int, str]]) -> str:
        return Counter([self._sep(line, mark) for mark in marks]).most_common(1)[0][0]

    def _after_comma(self, line: list[int], place: int) -> bool:
        return self.tokens[line[place - 1]].kind == "comma"

    # ---- values

    def _value(self, part: list[int], depth: int, name: str) -> tuple[str | Group, list[int]]:
        """The value that a part of a line is, and what stands behind it."""
        end = len(part)
        while end and self.tokens[part[end - 1]].kind == "comma":
            end -= 1
        part = part[:end]
        if not part:
            return "", []
        first = self.tokens[part[0]]
        if first.kind == "item":
            return first.text, part[1:]
        if first.kind == "label":
            part = part[1:]
        typed = self.tokens[part[-1]]
        before = self.text[first.start : typed.start]
        if len(part) > 1 and typed.kind == "str" and _TYPE.fullmatch(before):
            return typed.text, []  # string(4) "1280"
        opened = [n for n, index in enumerate(part) if self.tokens[index].kind == "open"]
        if opened and index_ok(opened, part, self.close):
            group = self._bracketed(part, opened, depth)
            if group is not None:
                return group
        if first.kind in ("str", "url", "run") or (
            is_signature(name) and DIGEST.fullmatch(first.text)
        ):
            return first.text, part[1:]
        return self._slice(part), []

    def _bracketed(
        self, part: list[int], opened: list[int], depth: int
    ) -> tuple[str | Group, list[int]] | None:
        """A value in brackets, or several in a row; None where the brackets are part of a text."""
        opened = [place for place in opened if part[place] in self.close]
        if not opened:
            return None
        first = opened[0]
        start, bracket = self.tokens[part[0]].start, part[first]
        before = self.text[start : self.tokens[bracket].start]
        if first and not _TYPE.fullmatch(before):
            return None
        # Types may have brackets of their own: string(4), map[string]string{...}, int(1280).
        for place in reversed(opened):
            if place != first and _TYPE.fullmatch(
                self.text[start : self.tokens[part[place]].start]
            ):
                first, bracket = place, part[place]
                break
        many = [part[n] for n in opened] if not before.strip() and len(opened) > 1 else [bracket]
        groups = [self._inside(index, depth) for index in many]
        rest = part[first + 1 :] if len(many) == 1 else []
        if len(many) > 1:
            return Group(tuple([Pair("", group) for group in groups])), []
        group = groups[0]
        named = any(pair.name for pair in group.pairs) or any(
            isinstance(pair.value, Group) for pair in group.pairs
        )
        if before.strip() and not named:
            single = [pair.value for pair in group.pairs if isinstance(pair.value, str)]
            plain = re.fullmatch(
                r"(?i)(?:u?int|float|double|bool|string|number|decimal)\d*", before.strip()
            )
            if plain and len(single) == 1:
                return scalar(single[0]), rest
            if self.tokens[bracket].text != "[" and not (
                re.search(r"[{(\[]|\barray\b", before) or re.search(r"[A-Z]\w+$", before[-80:])
            ):
                return None
            if re.fullmatch(r"\[\]\w*", before.strip()) and len(single) == 1:
                return single[0], rest
        return _single(group), rest

    def _inside(self, index: int, depth: int) -> Group:
        close = self.close[index]
        if not depth:
            source = self.text[self.tokens[index].start : self.tokens[close].end]
            kept = of_language(source)
            if kept is not None:
                return kept
        return Group(tuple(self._group(index + 1, close, depth + 1)))

    def _slice(self, part: list[int]) -> str:
        last = self.close.get(part[-1], part[-1])
        text = self.text[self.tokens[part[0]].start : self.tokens[last].end].strip()
        return NULL if text.lower() in _NOTHING else scalar(text, typed=self.quotes)

    def _nameless(self, part: list[int], depth: int, number: int) -> Iterator[Pair]:
        """Values without a name: brackets, strings, addresses, runs, and the words between."""
        words: list[int] = []
        pair = self._pair(part)
        if pair is not None and depth:
            yield Pair(*pair, number)
            return
        for index in part:
            token = self.tokens[index]
            if token.kind == "open" and index in self.close:
                label = (
                    self.text[self.tokens[words[-1]].start : token.start].strip() if words else ""
                )
                group = self._inside(index, depth)
                setter, value = _SETTER.fullmatch(label), _single(group)
                if setter and is_known(setter[1]) and isinstance(value, str):
                    yield Pair(setter[1], value, number)
                    words = []
                    continue
                yield Pair("", self._slice_words(words), number) if words else Pair("", "", number)
                words = []
                yield Pair(label if _NAME.fullmatch(label) else "", group, number)
            elif token.kind in ("str", "url", "run", "item"):
                if words:
                    yield Pair("", self._slice_words(words), number)
                    words = []
                inner = _PAIR_IN_A_STRING.fullmatch(token.text) if token.kind == "str" else None
                if token.kind == "item":
                    yield Pair(token.name, token.text, number)
                elif inner and is_known(inner[1]) and "&" not in token.text:
                    yield Pair(inner[1], inner[2], number)
                else:
                    yield Pair("", token.text, number)
            elif token.kind != "comma":
                words.append(index)
        if words:
            yield Pair("", self._slice_words(words), number)

    def _slice_words(self, words: list[int]) -> str:
        return self.text[self.tokens[words[0]].start : self.tokens[words[-1]].end]

    def _pair(self, part: list[int]) -> tuple[str, str] | None:
        """``name, value`` alone in brackets: a call that sets a field, or an entry of a map."""
        if len(part) < 2 or self.tokens[part[1]].kind != "comma":
            return None
        name = self._name_of(part[0])
        if not name or not (is_known(name) or self.tokens[part[0]].kind == "str"):
            return None
        if len(part) == 2:
            return (name, "") if is_known(name) else None
        token = self.tokens[part[2]]
        if len(part) == 3 and token.kind in ("str", "url", "run"):
            return name, token.text
        if not is_known(name):
            return None
        return name, self._slice(part[2:])


def of_language(source: str) -> Group | None:
    """What the parser of JSON or of Python says; None where it is neither."""
    if source[:1] not in "{[" or source[1:2] in "[{" or _DECIMAL.search(source):
        return None
    value = load_json(source)
    if isinstance(value, (dict, list)):
        return group_of(value)._replace(source=source)
    if len(source) <= _LONGEST_LITERAL and re.match(r"[{\[]\s*[buBU]?['\"(]", source):
        with suppress(ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
            value = mended(ast.literal_eval(source))
            if isinstance(value, (dict, list)):
                return group_of(value)
    return None


def group_of(value: object) -> Group:
    """A value of JSON or of Python as a group.

    Example:
        >>> group_of({"txamt": 1}).pairs[0][:2]
        ('txamt', '1')
    """
    return _group_of(value, [_MOST_VALUES])


def _group_of(value: object, left: list[int]) -> Group:
    if isinstance(value, dict) and "value" in value and ("name" in value or "key" in value):
        return Group((Pair(str(value.get("name", value.get("key"))), as_text(value["value"])),))
    rows = list(value.items()) if isinstance(value, dict) else [("", one) for one in _list(value)]
    left[0] -= len(rows)
    kept = rows if left[0] > 0 else []
    return Group(tuple([Pair(str(name), _as_value(one, left)) for name, one in kept]))


def _list(value: object) -> list[object]:
    return list(value)[:_MOST_VALUES] if isinstance(value, (list, tuple)) else [value]


def _is_pair(value: object) -> TypeGuard[Sequence[Any]]:
    """``["txamt", 1280]``: an entry of a map, dumped as a list."""
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        return False
    return isinstance(value[0], str) and is_known(value[0]) and isinstance(value[1], (str, int))


def _as_value(value: object, left: list[int]) -> str | Group:
    if _is_pair(value):
        return Group((Pair(value[0], as_text(value[1])),))
    if isinstance(value, (dict, list, tuple)):
        group = _group_of(value, left)
        return group if isinstance(value, dict) else _single(group)
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    return as_text(value)


def index_ok(opened: list[int], part: list[int], close: dict[int, int]) -> bool:
    """Whether the first bracket of a part is closed."""
    return part[opened[0]] in close


def _single(group: Group) -> str | Group:
    """A list of one text is that text: Go's url.Values, Java's MultiValueMap."""
    if len(group.pairs) == 1 and not group.pairs[0].name and isinstance(group.pairs[0].value, str):
        return group.pairs[0].value
    return group


def _matched(found: list[Token]) -> dict[int, int]:
    """For each opening bracket the one that closes it; those that nothing closes are left out."""
    pairs = {"(": ")", "[": "]", "{": "}"}
    stack: list[int] = []
    close = {}
    for index, token in enumerate(found):
        if token.kind == "open":
            stack.append(index)
        elif token.kind == "close":
            for back in range(len(stack) - 1, max(len(stack) - 4, -1), -1):
                if pairs[found[stack[back]].text] == token.text:
                    close[stack[back]] = index
                    del stack[back:]
                    break
    return close


__all__ = ["Group", "Pair", "is_telling", "parse"]
