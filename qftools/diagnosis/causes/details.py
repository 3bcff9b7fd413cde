"""The few words in details of deviations that a Chinese reader needs in Chinese."""

from __future__ import annotations

import re

from qftools.patterns import pattern
from qftools.texts import Text

_WORDS: tuple[tuple[str, Text], ...] = tuple(
    (word, Text(zh, en))
    for word, zh, en in (
        ("empty", "空", "empty"),
        ("lower", "小写", "lower"),
        ("upper", "大写", "upper"),
        ("blank", "空格", "blank"),
        ("trimmed", "去掉了首尾空白", "trimmed"),
        ("in front", "放在最前", "in front"),
        ("both ends", "前后各一次", "at both ends"),
        ("last character lost", "少了最后一个字符", "last character lost"),
        ("first character lost", "少了第一个字符", "first character lost"),
        ("URL-encoded", "URL 编码", "URL-encoded"),
        ("values, &", "只拼接值，&", "values, &"),
        ("values", "只拼接值", "values only"),
        ("no = and &", "没有 = 和 &", "no = and &"),
        ("no &", "没有 &", "no &"),
        ("no =", "没有 =", "no ="),
        ("first", "第一个", "first"),
        ("last", "最后一个", "last"),
        ("every", "全部", "all of them"),
        ("key + blank", "密钥 + 空格", "key + blank"),
        ("blank + key", "空格 + 密钥", "blank + key"),
        ("GBK, ?", "GBK，无法表示的写成 ?", "GBK, ? for what it lacks"),
        ("latin-1, ?", "latin-1，无法表示的写成 ?", "latin-1, ? for what it lacks"),
        ("ASCII, dropped", "ASCII，其余字符丢掉", "ASCII, the rest dropped"),
        ("UTF-8 read as latin-1", "UTF-8 被当作 latin-1 又编码一次", "UTF-8 read as latin-1"),
        ("low bytes", "每个字符只取低字节，旧版 Node 的做法", "low bytes only, as old Node does"),
        ("as sent", "与发送的编码相同", "encoded as they were sent"),
        ("whole text", "整段文字", "the whole text"),
        ("with the key", "连同密钥", "with the key"),
        ("names too", "连同参数名", "names too"),
        (
            "{name='value',...}",
            "{name='value',...}，刷卡终端的写法",
            "{name='value',...}, as card terminals do",
        ),
        ("compact", "紧凑", "compact"),
        ("numbers", "数字不带引号", "numbers"),
        ("raw", "原始字节", "raw"),
        ("/ kept", "/ 不编码", "/ kept"),
        ("A-Z", "按字段名排序", "A-Z"),
        ("indent 2", "缩进 2", "indent 2"),
        ("indent 4", "缩进 4", "indent 4"),
        ("indent TAB", "缩进 TAB", "indent TAB"),
        ("+ blank", "末尾加空格", "+ blank"),
        ("+ LF", "末尾加 LF", "+ LF"),
        ("+ CR LF", "末尾加 CR LF", "+ CR LF"),
    )
)
_BY_WORD = dict(_WORDS)
_SPAN = pattern(r"([+-]\d+) ([hs])")
_UNITS = {"h": "小时", "s": "秒"}
_FORMULA = pattern(r"\w+\(.*\)|.* \+ .*|[\"']key[\"']")
_IN_FORMULA = {"text": "文字", "key": "密钥"}


# Deviations whose detail is a value of the request or a name that the reader gave.
QUOTING = frozenset(
    {"signed-not-sent", "key-as-a-field", "other-key", "address-signed", "other-order"}
)


def detail_in(detail: str, lang: str) -> str:
    """*detail* in the reader's language; signs, names and values stay as they are.

    Example:
        >>> detail_in("empty", "zh"), detail_in("&key=", "zh")
        ('空', '&key=')
        >>> detail_in("MD5(MD5(text + key)), lower", "zh")
        'MD5(MD5(文字 + 密钥)), 小写'
    """
    text = _BY_WORD.get(detail)
    if text is not None:
        return text.say(lang)
    return ", ".join([_part_in(part, lang) for part in detail.split(", ")])


def _part_in(part: str, lang: str) -> str:
    text = _BY_WORD.get(part)
    if text is not None:
        return text.say(lang)
    if lang != "zh":
        return part
    span = _SPAN.fullmatch(part)
    if span is not None:
        return f"{span[1]} {_UNITS[span[2]]}"
    if _FORMULA.fullmatch(part):
        return re.sub(r"\b(text|key)\b", lambda match: _IN_FORMULA[match[1]], part)
    return part
