"""Pastes without a grammar: log lines, bare parameters with a signature, PHP's print_r.

Line by line, and each line once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote, urlencode

from qftools.diagnosis.reading.paste import Paste
from qftools.exchange import Headers, Request, Response

_LONGEST_LINE = 200_000
_MOST_LINES = 20_000

_PRINT_R = re.compile(r"^\s{0,40}\[\"?([^\]\"]{1,100})\"?\]\s{0,4}=>\s?(.*)$")
_VAR_DUMP = re.compile(
    r'^(?:string\(\d{1,9}\)\s"(.*)"|int\((-?\d{1,20})\)|bool\((\w{4,5})\)|NULL)$'
)
_PAIR = re.compile(r"(?<![\w%])[A-Za-z_][\w.\-\[\]]{0,60}=")
_HEADER = re.compile(
    r"^\W{0,4}\"?(X-QF-[A-Za-z]{1,20}|Content-Type)\"?\s{0,3}[:=]\s{0,3}\"?([^\"\s,]{0,200})",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"https?://[\w.\-]{1,200}(?::\d{1,5})?(/trade/v1/[a-z_]{1,20})?")
_DIGITS = r"[0-9A-Fa-f]{32}|[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}|[0-9A-Fa-f]{128}"
# sign=..., signature: ..., X-QF-SIGN -> ...: any form of a digest.
_NAMED = re.compile(
    r"(?i)(?<![\w])(?:x[-_]qf[-_]sign|signature|sign|签名|md5|sha256|digest)\"?'?\s{0,3}(?:=>|->|[=:：])\s{0,3}"
    r"[\"']?([0-9A-Za-z+/_=:\-]{8,200})(?![^\s\"',;)\]}])"
)
_ALONE = re.compile(rf"(?<![0-9A-Za-z])({_DIGITS})(?![0-9A-Za-z])")
_TEXT_LABEL = re.compile(
    r"(?i)(?:str(?:ing)?[ _]?to[ _]?sign|sign[ _]?(?:str(?:ing)?|text|src|source|data|content)"
    r"|signed text|canonical(?: string)?|before (?:md5|sign)"
    r"|待签名(?:字符)?串?|签名(?:原)?(?:字符)?串|签名原文|加密前)"
    r"[\"']?\s{0,3}(?:=>|->|is|[:=：])\s{0,3}"
)


def read_loose(text: str) -> Iterator[Paste]:
    """What a text without a grammar holds: one request, and what else stands around it."""
    lines = [line[:_LONGEST_LINE] for line in text.splitlines()[:_MOST_LINES]]
    around = _Around(lines)
    array = list(_array(lines))
    if len(array) >= 2:
        kept = [pair for pair in array if not _is_header(pair[0])]
        for name, value in array:
            if _is_header(name):
                around.add_header(name, value)
        body = urlencode(kept, errors="surrogateescape").encode()
        yield around.paste("print_r", body)
        return
    signed = around.signed_text
    body_text = around.form or signed
    if body_text is None:
        return
    if body_text is signed or around.form_is_plain:
        body = _from_plain(body_text)
    else:
        body = body_text.encode("utf-8", "surrogateescape")
    yield around.paste("log" if around.is_log else "form", body)


def _is_header(name: str) -> bool:
    return name.lower().startswith("x-qf-")


def _array(lines: list[str]) -> Iterator[tuple[str, str]]:
    """``[name] => value`` of print_r, and of var_dump, whose value stands on the next line."""
    pending = ""
    for line in lines:
        if pending:
            dumped = _VAR_DUMP.match(line.strip())
            if dumped:
                value = dumped[1] or dumped[2] or dumped[3] or ""
                yield pending, value
            pending = ""
            continue
        match = _PRINT_R.match(line)
        if match and match[2].strip() not in ("Array", "("):
            if match[2] == "" and '["' in line:
                pending = match[1]
            else:
                yield match[1], match[2]


class _Around:
    """What the lines say besides parameters: headers, address, signature, the signed text."""

    def __init__(self, lines: list[str]) -> None:
        self.headers: list[tuple[str, str]] = []
        self.url = ""
        self.signature: str | None = None
        self.signed_text: str | None = None
        self.form: str | None = None
        self.form_is_plain = False
        self.answer: str | None = None
        self.is_log = False
        alone: list[str] = []
        for line in lines:
            self._line(line, alone)
        if self.signature is None and alone:
            self.signature = alone[-1]

    def add_header(self, name: str, value: str) -> None:
        """Keep a header; the signature is one."""
        self.headers.append((name, value))

    def _line(self, line: str, alone: list[str]) -> None:
        header = _HEADER.match(line)
        if header and "&" not in line:
            self.headers.append((header[1], header[2]))
            return
        address = _ADDRESS.search(line)
        if address and not self.url:
            self.url = address[0]
        if '"respcd"' in line and "{" in line and self.answer is None:
            opened, closed = line.index("{"), line.rfind("}") + 1
            self.answer = line[opened:closed]
            line = line[:opened] + line[closed:]
        label = _TEXT_LABEL.search(line)
        start = label.end() if label else None
        run, rest = _run(line, start)
        if run is not None:
            if label:
                self.signed_text = run
                self.is_log = True
            elif self.form is None or len(run) > len(self.form):
                self.form = run
                self.form_is_plain = _is_plain(run)
                self.is_log = self.is_log or not line.startswith(run[:20])
        else:
            rest = line
        named = _NAMED.search(rest)
        if named:
            self.signature = named[1]
        else:
            alone.extend(match[1] for match in list(_ALONE.finditer(rest))[:5])

    def paste(self, form: str, body: bytes) -> Paste:
        """The request that all of it makes."""
        names = {name.lower() for name, _value in self.headers}
        partial = not self.url or "x-qf-appcode" not in names
        headers: Headers = tuple(self.headers)
        request = Request("POST", self.url, headers, body)
        response = None
        if self.answer:
            response = Response(200, (), self.answer.encode("utf-8", "surrogateescape"))
        signature = None if "x-qf-sign" in names else self.signature
        return Paste(
            form,
            request,
            response,
            signature=signature,
            signed_text=self.signed_text,
            partial=partial,
        )


def _run(line: str, start: int | None) -> tuple[str | None, str]:
    """The parameters in *line*, from *start* or from the first that look so; and the rest."""
    first = _PAIR.search(line, start or 0)
    if first is None or (line.count("&", first.start()) < 1 and start is None):
        return None, line
    at = first.start() if start is None else start
    tail = line[at:].strip(" \t\"'`")
    cut = _end_of_run(tail)
    return tail[:cut].rstrip(" \t\"',;`"), line[:at] + " " + tail[cut:]


_AFTER = re.compile(
    r"(?<!\s)\s++(?=(?:[-=]?>|=>|[|,;]|sign|signature|x[-_]qf|md5|sha256|header|key|response|resp|result)\b"
    r"|[-=]>|签名|(?:" + _DIGITS + r")(?![0-9A-Za-z]))"
    r"|[\"'`](?=\s|$|,)|[,;，；]\s*+(?=sign|x[-_]qf|签名)",
    re.IGNORECASE,
)


def _end_of_run(tail: str) -> int:
    match = _AFTER.search(tail)
    return match.start() if match else len(tail)


def _is_plain(run: str) -> bool:
    """Whether the values stand there as they are, not URL-encoded."""
    return "%" not in run and (" " in run or not run.isascii())


def _from_plain(text: str) -> bytes:
    """A text of plain values as the form that would have been sent."""
    parts = []
    for part in text.split("&"):
        name, equals, value = part.partition("=")
        parts.append(
            quote(name, safe="[]", errors="surrogateescape")
            + equals
            + quote(value, safe="", errors="surrogateescape")
        )
    return "&".join(parts).encode()
