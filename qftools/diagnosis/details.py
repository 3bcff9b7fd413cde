"""The few words in details of deviations that a Chinese reader needs in Chinese."""

from __future__ import annotations

from qftools.catalogue.rows import Text

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
        ("compact, numbers", "紧凑，数字不带引号", "compact, numbers"),
    )
)
_BY_WORD = dict(_WORDS)


def detail_in(detail: str, lang: str) -> str:
    """*detail* in the reader's language; signs, names and values stay as they are.

    Example:
        >>> detail_in("empty", "zh"), detail_in("&key=", "zh")
        ('空', '&key=')
    """
    text = _BY_WORD.get(detail)
    return text.say(lang) if text else detail
