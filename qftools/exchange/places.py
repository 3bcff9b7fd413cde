"""Where a value stands in a text: the patterns of addresses, headers, logs, pages and forms."""

from __future__ import annotations

from qftools.exchange.hidden_fields import LOOSE, TELLING
from qftools.patterns import pattern

BEFORE_NAME = pattern(r"[?#\s;,/{}(\"'|]")
ADDRESS = pattern(r"[A-Za-z][A-Za-z0-9+.\-]{1,20}:[/\\]{1,3}|//")
# The name and password of an address end at the last "@" before the path; a password with "/"
# or "#" in it makes what stands before it no port.
USER = pattern(
    r"((?:[A-Za-z][A-Za-z0-9+.\-]{0,20}:)?[/\\]{2,3})"
    r"([^/\\?#\s]*|[^/\\?#\s@:]*:(?![0-9]{1,5}(?:[/\\?#]|$))[^\s]*)@"
)
USER_IN_TEXT = pattern(
    r"(:(?<=[A-Za-z0-9+.\-]:)[/\\]{2,3})(?!redacted@)"
    r"([^/\\?#\s\"'<>&]{1,500}|[^/\\?#\s@:\"'<>&]{0,200}:(?![0-9]{1,5}[/\\?#])"
    r"[^\s\"'<>@]{1,500}+(?:@[^\s\"'<>@]{0,200}+(?=@))*+)@"
)
# Text that was cut before the "@": what stands where a port would, and is none.
USER_CUT = pattern(
    r"(:(?<=[A-Za-z0-9+.\-]:)[/\\]{2,3}[^/\\?#\s@:\"'<>&\[]{0,200}:)"
    r"(?![0-9]{1,5}(?![A-Za-z0-9])|redacted@|\[redacted\]|[\[{$%<])([^/\s\"'<>&@]{4,500})(?![^\s\"'<>]{0,500}@)"
)
# A quotation mark as logs and pages write it.
QUOTE = r"(?:\\{0,8}[\"']|\\{1,8}(?:x|u00)22|&quot;|&#0?3[49];)"
# Blanks may have been made visible.
SEPARATOR = rf"{QUOTE}?\]?[\s·]{{0,4}}(?:=>|->|[=:：])[\s·]{{0,4}}"
COOKIE = pattern(
    r"(?i)((?<![\w-])(?:(?:set-|http_)?cookie|(?:proxy-|http_)?authorization)"
    + SEPARATOR
    + r"\\{0,8}[\"']?(?:(?:basic|bearer|digest|token|negotiate)\s{1,4})?+)"
    r"(?!\[redacted\])([^\s;,\"'\\]{1,4000}(?:;\s{0,4}[^\s;,\"'\\=]{1,200}(?:=[^\s;,\"'\\]{0,4000})?){0,100})"
)
# curl -u name:password -b 'a=b; c=d'
OPTION = pattern(
    r"((?<![\w-])(?:-u|--(?:proxy-)?user|-b|--cookie)(?:\s{1,4}|=)[\"']?"
    r"|-b\s{1,4}[\"'](?=[\w-]{1,80}=))"  # torn from what was in front of it
    r"(?!\[redacted\])((?<=[\"'])[^\"']{1,4000}|[^\s\"']{1,4000})"
)
# Possessive and bounded: no way back into what was matched, so that crafted text can't make
# it slow.
VALUE = (
    r"\"(?P<quoted>(?:[^\"\\]++|\\.)*+)\"?|'(?P<single>(?:[^'\\]++|\\.)*+)'?"
    rf"|{QUOTE}(?!\[redacted\])(?P<escaped>(?:(?!{QUOTE}).){{1,2000}})"
    r"|(?P<bare>(?!\[redacted\])[^\s&,;\"'<>{}()\[\]|\\](?:[^&\r\n,;\"'<>{}()\[\]|\\]{0,200}?"
    r"(?=\s+[\w.\-]{1,60}\s*[=:：]|[&\r\n,;\"'<>{}()\[\]|\\]|$)"
    r"|[^&\r\n,;\"'<>{}()\[\]|\\]{200,4000}+))"  # no value has an end so far away
)
IN_TEXT = pattern(
    rf"(?is)(?:(?<![a-z0-9])|(?<=x22)|(?<=u0022)|(?={TELLING}))(?:"
    + LOOSE
    + r"|key(?=[\"']?\]?\s{0,4}(?:=>|->|[=:：])\s{0,4}[\"']?"
    r"(?=[a-z]{0,40}[0-9])[a-z0-9*+/_\-]{8,128}(?![a-z0-9])))"
    rf"(?:{SEPARATOR}(?:{VALUE})"
    r"|\s{0,4}>(?:<!\[CDATA\[)?(?!\[redacted\])(?P<tagged>[^<\]]{1,2000}))"
)
# What looks like a value of a field in a torn text may be the name of another one.
NEXT_VALUE = pattern(rf"(?is){SEPARATOR}(?:{VALUE})")
# One field of a multipart body, and one row of a table, in a text that is neither.
PART_IN_TEXT = pattern(
    r"(?i)(form-data;\s{0,4}name=\\?\"([^\"\\\r\n]{1,200})\\?\"[^\r\n\\]{0,200}"
    r"(?:(?:\r?\n|\\r\\n|\\n)[\w-]{1,40}:[^\r\n\\]{0,200}){0,5}(?:\r?\n|\\r\\n|\\n){2})"
    r"((?:(?!\r?\n--|\\n--|\\r).){1,2000})"
)
ROW_IN_TEXT = pattern(
    rf"(?i)((?:key|name){SEPARATOR}{QUOTE}([\w.\[\]-]{{1,200}}){QUOTE}\s{{0,4}},\s{{0,9}}{QUOTE}?value"
    rf"{SEPARATOR}{QUOTE})((?:(?!{QUOTE}).){{1,2000}})"
)
BOUNDARY = pattern(r'(?i)multipart/.{0,200}?;\s*boundary=(?:"([^"]{1,200})"|([^\s";,]{1,200}))')
FIRST_LINE = pattern(rb"\s{0,20}--([^\r\n]{1,200}?)\r?\n[^\r\n:]{1,80}:")
EMPTY_LINE = pattern(rb"\r?\n\r?\n")
PART_NAME = pattern(r'(?i)[;\s]name\*?=(?:"((?:[^"\\\r\n]|\\.)*)"|([^\s";]+))')
PART_TYPE = pattern(r"(?im)^content-type:\s*([^\r\n]+(?:\r?\n[ \t][^\r\n]+)*)")
