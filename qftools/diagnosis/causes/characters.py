"""How languages write the characters of a value: URL encodings, escapes, entities, reprs."""

from __future__ import annotations

import html
import json
import re
import unicodedata
from collections.abc import Callable
from functools import partial
from html.entities import codepoint2name
from urllib import parse
from urllib.parse import unquote, unquote_plus

from qftools.patterns import pattern

# Of a byte that is no UTF-8 (PEP 383) as well.
quote = partial(parse.quote, errors="surrogateescape")
quote_plus = partial(parse.quote_plus, errors="surrogateescape")

_ZERO_WIDTH = pattern("[\u200b-\u200f\u2060\ufeff\u202a-\u202e]")
_ESCAPE = pattern("%[0-9A-F]{2}")

# What each language's own function leaves as it is: JavaScript, Java and browsers, .NET, encodeURI.
_JAVASCRIPT = "!~*'()"
_JAVA = "*"
_NET = "!*()"
_URI = ";,/?:@&=+$-_.!~*'()#"
_ESCAPE_KEEPS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@*_+-./")


def _lower_escapes(text: str) -> str:
    return _ESCAPE.sub(lambda match: match[0].lower(), text)


def _with_tilde(text: str) -> str:
    return text.replace("~", "%7E")


def utf16_units(text: str) -> memoryview:
    """The 16-bit units that JavaScript and Java count as characters."""
    return memoryview(text.encode("utf-16-le", "surrogatepass")).cast("H")


def javascript_escape(text: str) -> str:
    """What JavaScript's old ``escape()`` makes of *text*.

    Example:
        >>> javascript_escape("一 é+")
        '%u4E00%20%E9+'
    """
    return text.translate(_ESCAPES)


class _Escapes(dict[int, str]):
    """What each character becomes, made when it is first met."""

    def __missing__(self, character: int) -> str:
        sign = chr(character)
        units = utf16_units("" if sign in _ESCAPE_KEEPS else sign)
        escaped = [f"%{unit:02X}" if unit < 256 else f"%u{unit:04X}" for unit in units]
        return self.setdefault(character, "".join(escaped) or sign)


_ESCAPES = _Escapes()


def python_bytes(text: str) -> str:
    """What Python 3's ``str()`` makes of the bytes of *text*.

    Example:
        >>> python_bytes("é")
        "b'\\\\xc3\\\\xa9'"
    """
    return str(text.encode("utf-8", "surrogateescape"))


def _json_signs(text: str) -> str:
    # Backslashes and quotes stay: a value may hold JSON that has escapes of its own.
    return "".join([sign if sign.isascii() else json.dumps(sign)[1:-1] for sign in text])


def _html_quotes(apostrophe: str) -> Callable[[str], str]:
    return lambda value: html.escape(value).replace("&#x27;", apostrophe)


def _html_names(value: str) -> str:
    escaped = _html_quotes("&#039;")(value)
    names = {sign: codepoint2name.get(ord(sign)) for sign in escaped if not sign.isascii()}
    return "".join([f"&{names[sign]};" if names.get(sign) else sign for sign in escaped])


def _hexadecimal(value: str) -> str:
    return "".join([sign if sign.isascii() else f"&#x{ord(sign):x};" for sign in value])


# One row per way to write values: (id, detail, how).
WRITINGS: tuple[tuple[str, str, Callable[[str], str]], ...] = (
    ("values-url-encoded", "+, %XX", lambda value: quote_plus(value)),
    ("values-url-encoded", "%20, %XX", lambda value: quote(value, safe="")),
    ("values-url-encoded", "+, %xx", lambda value: _lower_escapes(quote_plus(value))),
    ("values-url-encoded", "%20, %xx", lambda value: _lower_escapes(quote(value, safe=""))),
    ("values-url-encoded", "encodeURIComponent", lambda value: quote(value, safe=_JAVASCRIPT)),
    ("values-url-encoded", "URLEncoder (Java)", lambda v: _with_tilde(quote_plus(v, safe=_JAVA))),
    ("values-url-encoded", "urlencode (PHP)", lambda value: _with_tilde(quote_plus(value))),
    (
        "values-url-encoded",
        "UrlEncode (.NET)",
        lambda value: _lower_escapes(_with_tilde(quote_plus(value, safe=_NET))),
    ),
    ("values-url-encoded", "encodeURI", lambda value: quote(value, safe=_URI)),
    ("values-url-encoded", "%20, / kept", lambda value: quote(value)),
    ("values-encoded-twice", "", unquote),
    ("values-encoded-twice", "+", unquote_plus),
    ("javascript-escape", "", javascript_escape),
    ("values-trimmed", "", str.strip),
    ("unicode-form", "NFC", lambda value: unicodedata.normalize("NFC", value)),
    ("unicode-form", "NFD", lambda value: unicodedata.normalize("NFD", value)),
    ("full-width", "", lambda value: unicodedata.normalize("NFKC", value)),
    ("invisible-characters", "", lambda value: _ZERO_WIDTH.sub("", value)),
    ("line-breaks", "LF", lambda value: value.replace("\r\n", "\n")),
    ("line-breaks", "CR LF", lambda value: value.replace("\r\n", "\n").replace("\n", "\r\n")),
    ("html-escaped", "", lambda value: html.escape(value)),
    ("html-escaped", "&amp;", lambda value: value.replace("&", "&amp;")),
    ("html-escaped", "&amp; &lt; &gt;", lambda value: html.escape(value, quote=False)),
    ("html-escaped", "&quot;", _html_quotes("'")),
    ("html-escaped", "&#039;", _html_quotes("&#039;")),
    ("html-escaped", "&#39;", _html_quotes("&#39;")),
    ("html-escaped", "&eacute;", _html_names),
    ("html-escaped", "&#233;", lambda v: v.encode("ascii", "xmlcharrefreplace").decode()),
    ("html-escaped", "&#xe9;", _hexadecimal),
    ("html-unescaped", "", html.unescape),
    # In front of JSON's escapes: without other characters than ASCII both write the same.
    ("backslashes", "", lambda value: re.sub(r"([\\'\"])", r"\\\1", value)),
    ("unicode-escaped", "JSON", lambda value: json.dumps(value)[1:-1]),
    ("unicode-escaped", "", _json_signs),
    ("unicode-escaped", "\\xXX", lambda value: value.encode("ascii", "backslashreplace").decode()),
    ("python-repr", "b'...'", python_bytes),
    ("python-repr", "'\\xXX'", lambda value: python_bytes(value)[1:]),
    ("python-repr", "\\xXX", lambda value: python_bytes(value)[2:-1]),
    ("python-repr", "u'...'", lambda value: "u" + ascii(value)),
    ("python-repr", "'...'", repr),
    ("letter-case", "lower", str.lower),
    ("letter-case", "upper", str.upper),
    ("blanks-removed", "", lambda value: value.replace(" ", "")),
)
