"""A diagnosis as text for a person and as plain data for a script. Decides nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, NamedTuple

from qftools import catalogue
from qftools.diagnosis.nouns import SEVERITIES, Draft, Finding
from qftools.diagnosis.reading.forms import forms
from qftools.diagnosis.visible import visible
from qftools.patterns import pattern
from qftools.texts import COLON, COMMA, SEMICOLON, Text

_LONGEST_TEXT = 2000

LABELS: dict[str, Text] = {
    "request": Text("请求", "Request"),
    "answer": Text("应答", "Answer"),
    "notification": Text("通知", "Notification"),
    "of": Text("第 {number} 个，共 {count} 个", "{number} of {count}"),
    "reads": Text("网关读到的参数", "What the gateway reads"),
    "nothing": Text("（没有读到任何参数）", "(no parameters at all)"),
    "text": Text(
        "网关签名的文字（· 是空格），后面直接接密钥",
        "What the gateway signs (· is a blank), with the key right behind it",
    ),
    "signed": Text("你的程序签名的文字", "What your program signed"),
    "body": Text(
        "签名的报文（· 是空格），后面直接接密钥",
        "The body that is signed (· is a blank), with the key right behind it",
    ),
    "signature": Text("签名", "Signature"),
    "apart": Text("从第 {byte} 个字节开始不同", "They differ from byte {byte} on"),
    "wanted": Text("应为", "right "),
    "was": Text("签的", "signed"),
    "given": Text("给出", "given   "),
    "expected": Text("应为", "expected"),
    "findings": Text("诊断结果", "Findings"),
    "none": Text("没有发现问题。", "Nothing wrong was found."),
    "proved": Text("已证实的原因", "Proved cause"),
    "depends": Text(
        "{respcd} 的含义取决于它回答的是哪个接口",
        "What {respcd} means depends on the call that it answers",
    ),
    "in all": Text("共 ", "In all: "),
    "evidence": Text("依据", "evidence"),
    "fix": Text("怎么改", "what to do"),
    "do": Text("怎么办", "what to do"),
    "money": Text("钱动了吗", "did money move"),
    "again": Text("能再发一次吗", "may I ask again"),
    "charge": Text("能再收款吗", "may I charge again"),
    "refund": Text("能再退款吗", "may I refund again"),
    "run": Text("接着运行", "run next"),
    "source": Text("规则来源", "source of the rule"),
    "cut": Text("……（共 {count} 个字符）", "... ({count} characters in all)"),
}
SEVERITY: dict[str, Text] = {
    "error": Text("错误", "error"),
    "warning": Text("警告", "warning"),
    "note": Text("提示", "note"),
}
COUNTED: dict[str, Text] = {
    "error": Text("{count} 个错误", "{count} error"),
    "errors": Text("{count} 个错误", "{count} errors"),
    "warning": Text("{count} 个警告", "{count} warning"),
    "warnings": Text("{count} 个警告", "{count} warnings"),
    "note": Text("{count} 个提示", "{count} note"),
    "notes": Text("{count} 个提示", "{count} notes"),
}
PROOF: dict[str, Text] = {
    "reproduced": Text("已证实", "proved"),
    "rule": Text("", ""),
    "open": Text("未证实", "not proved"),
}
MONEY: dict[str, Text] = {
    "yes": Text("动了：已向付款人收款", "yes: the payer was charged"),
    "no": Text("没有：付款人没有被扣款", "no: the payer is not charged"),
    "maybe": Text("不确定：付款人可能已被扣款", "maybe: the payer may have been charged"),
    "returned": Text("动过：收款后已退回付款人", "yes, and it went back to the payer"),
    "refund-done": Text("动了：款项会退回付款人", "yes: it goes back to the payer"),
    "refund-query": Text(
        "不确定：款项可能已退回付款人", "maybe: it may have gone back to the payer"
    ),
    "refund-nothing": Text("没有：这次退款没有动钱", "no: this refund moved nothing"),
    "refund-mend": Text(
        "没有：没有退款，钱仍在商户这边", "no: nothing went back, the merchant still has it"
    ),
}
AGAIN: dict[bool, Text] = {
    True: Text("可以：同样的请求再发一次是安全的", "yes: the same request may be sent again"),
    False: Text("不要再发同样的请求", "no: do not send the same request again"),
}
_PUT_RIGHT = Text("可以，先改正请求", "yes, once the request is put right")
CHARGE: dict[str, Text] = {
    "paid": Text("不能：付款人已支付", "no: the payer has paid"),
    "placed": Text(
        "不能：这笔订单有效，付款人可以支付或已支付",
        "no: this order stands; the payer can pay it, or has paid it",
    ),
    "query": Text(
        "先查询：证实这笔订单已经失效之前不要再收款",
        "not before a query proves that this order is dead",
    ),
    "new-number": Text("可以，用新的 out_trade_no", "yes, under a new out_trade_no"),
    "mend": Text(
        "可以，先改正请求：这次没有下单", "yes, once the request is put right: nothing was placed"
    ),
    "refund-done": Text("不能：这次退款已受理", "no: this refund is accepted"),
    "refund-query": Text(
        "先查询这次退款的结果", "not before a query shows what became of this refund"
    ),
    "refund-nothing": Text("不能：没有可退的款项", "no: there is nothing to refund"),
    "refund-mend": Text("可以，先解决原因", "yes, once the cause is put right"),
}
SIGNATURE: dict[str, Text] = {
    "right": Text("正确", "right"),
    "wrong": Text("不对", "wrong"),
    "unchecked": Text("未能验证", "not checked"),
    "absent": Text("没有签名", "there is none"),
}


def label(name: str, lang: str) -> str:
    """One of the report's own words."""
    return LABELS[name].say(lang)


def title(diagnosis: Draft, lang: str) -> str:
    """The first line: what it is, and which of how many."""
    words = [label(diagnosis.kind, lang)]
    if diagnosis.request is not None:
        # Without an address the method is not from the paste; what is in a query stands below.
        url = visible(diagnosis.request.url.partition("?")[0])
        words += [diagnosis.request.method, url] if url else []
    elif diagnosis.endpoint:
        words.append(diagnosis.endpoint)
    words += [f"({form.name.say(lang)})" for form in forms() if form.id == diagnosis.form]
    if diagnosis.count > 1:
        words.append(label("of", lang).format(number=diagnosis.number, count=diagnosis.count))
    return " ".join(words)


class Styled(NamedTuple):
    """One line of the report.

    Attributes:
        style: title, good, bad, heading, item, evidence, more, code, command, plain or empty.
        text: What it says; safe to print.
        indent: Columns in front of it, and of what is folded.
    """

    style: str
    text: str = ""
    indent: int = 0


def as_text(diagnosis: Draft, lang: str, code: str) -> str:
    """The whole diagnosis, for a ticket or a chat; nothing is folded."""
    return "\n".join([" " * line.indent + line.text for line in lines(diagnosis, lang, code)])


def lines(diagnosis: Draft, lang: str, code: str) -> Iterator[Styled]:
    """The report, the most important first: what is wrong, then what it rests on."""
    yield Styled("title", title(diagnosis, lang))
    yield Styled("good" if diagnosis.ok else "bad", summary(diagnosis, lang))
    yield Styled("empty")
    if diagnosis.kind != "request":
        yield from _findings(diagnosis, lang, code)
        if diagnosis.given:
            yield Styled("empty")
            yield from _texts(diagnosis, lang)
            yield from _signature(diagnosis, lang)
        return
    yield from _params(diagnosis, lang)
    yield from _texts(diagnosis, lang)
    yield from _signature(diagnosis, lang)
    if diagnosis.findings:
        yield Styled("empty")
        yield from _findings(diagnosis, lang, code)


def _findings(diagnosis: Draft, lang: str, code: str) -> Iterator[Styled]:
    if diagnosis.findings:
        yield Styled("heading", label("findings", lang))
    shown: set[str] = set()
    before: set[Styled] = set()
    for number, finding in enumerate(diagnosis.findings, 1):
        snippet = finding.snippet(code, lang)
        found = list(_finding(number, finding, lang, "" if finding.code in shown else snippet))
        # Several readings of one code rest on the same: that is said once.
        yield from (line for line in found if not (finding.meaning and line in before))
        before = set(found) - {line for line in found if line.style not in _ONCE}
        shown.add(finding.code)


_ONCE = ("evidence", "command", "faint")


def summary(diagnosis: Draft, lang: str) -> str:
    """One sentence: what the answer means, is the signature right, how much else there is."""
    stop = Text("。", ". ").say(lang)
    said = list(_said(diagnosis, lang))
    counts = {
        severity: sum(finding.severity == severity for finding in diagnosis.findings)
        for severity in SEVERITIES
    }
    listed = [
        COUNTED[severity if count == 1 else severity + "s"].say(lang).format(count=count)
        for severity, count in counts.items()
        if count
    ]
    if not listed:
        return stop.join([*said, label("none", lang)])
    total = label("in all", lang) + COMMA.say(lang).join(listed)
    return (stop.join([*said, total]) + stop).rstrip()


def _said(diagnosis: Draft, lang: str) -> Iterator[str]:
    colon = COLON.say(lang)
    told = [finding for finding in diagnosis.findings if finding.meaning is not None]
    if diagnosis.kind != "request" and told:
        codes = {finding.meaning.respcd for finding in told if finding.meaning}
        several = len(told) > 1 and len(codes) == 1 and told[0].id.startswith("answer-")
        depends = label("depends", lang).format(respcd=codes.pop())
        yield depends if several else told[0].what.say(lang)
    if diagnosis.kind == "request" or diagnosis.given:
        state = SIGNATURE[diagnosis.signature].say(lang)
        yield f"{label('signature', lang)}{colon}{state}"
    causes = [
        finding.what.say(lang) for finding in diagnosis.findings if finding.proof == "reproduced"
    ]
    if causes:
        yield f"{label('proved', lang)}{colon}{SEMICOLON.say(lang).join(causes)}"
    elif diagnosis.kind == "request" and diagnosis.findings:
        yield diagnosis.findings[0].what.say(lang)


def _params(diagnosis: Draft, lang: str) -> Iterator[Styled]:
    yield Styled("heading", label("reads", lang))
    names = [visible(name)[:60] for name, _value in diagnosis.params]
    width = min(max(map(len, names), default=0), 24)
    for name, (_name, value) in zip(names, diagnosis.params, strict=True):
        yield Styled("plain", f"{name:{width}}  {shown(value, lang, 200)}", 2)
    if not diagnosis.params:
        yield Styled("plain", label("nothing", lang), 2)
    yield Styled("empty")


def _texts(diagnosis: Draft, lang: str) -> Iterator[Styled]:
    lost = any(finding.id == "bytes-lost" for finding in diagnosis.findings)
    if lost or not diagnosis.text:
        return
    yield Styled("heading", label("text" if diagnosis.kind == "request" else "body", lang))
    yield Styled("plain", shown(diagnosis.text, lang, _LONGEST_TEXT), 2)
    if diagnosis.signed is not None and diagnosis.signed != diagnosis.text:
        yield Styled("heading", label("signed", lang))
        yield Styled("plain", shown(diagnosis.signed, lang, _LONGEST_TEXT), 2)
    apart = diagnosis.difference
    if apart is not None:
        yield Styled("heading", label("apart", lang).format(byte=apart.byte + 1))
        wanted, given = label("wanted", lang), label("was", lang)
        yield Styled("plain", f"{wanted}  {apart.wanted or '--'}  {apart.wanted_near}", 2)
        yield Styled("plain", f"{given}  {apart.given or '--'}  {apart.given_near}", 2)
    yield Styled("empty")


def _signature(diagnosis: Draft, lang: str) -> Iterator[Styled]:
    yield Styled("heading", f"{label('signature', lang)} ({diagnosis.algorithm})")
    if diagnosis.given:
        yield Styled("plain", f"{label('given', lang)}  {visible(diagnosis.given[:200])}", 2)
    if diagnosis.expected:
        yield Styled("plain", f"{label('expected', lang)}  {diagnosis.expected}", 2)
    if not diagnosis.given or not diagnosis.expected:
        yield Styled("plain", SIGNATURE[diagnosis.signature].say(lang), 2)


def heading(finding: Finding, lang: str) -> str:
    """How bad it is, and whether it is proved: ``error, proved``."""
    proof = PROOF[finding.proof].say(lang) if finding.severity != "note" else ""
    words = [SEVERITY[finding.severity].say(lang), proof]
    return COMMA.say(lang).join([word for word in words if word])


def _finding(number: int, finding: Finding, lang: str, snippet: str) -> Iterator[Styled]:
    colon = COLON.say(lang)
    yield Styled(finding.severity, f"{number}. [{heading(finding, lang)}] {finding.what.say(lang)}")
    told = [
        ("evidence", finding.evidence),
        *_meaning(finding),
        ("do" if finding.meaning else "fix", finding.fix),
    ]
    for name, text in told:
        style = "evidence" if name == "evidence" else "more"
        yield Styled(style, f"{label(name, lang)}{colon}{text.say(lang)}", 3)
    for line in snippet.splitlines():
        yield Styled("code", line, 7)
    for command in finding.commands:
        yield Styled("command", f"{label('run', lang)}{colon}{command}", 3)
    if finding.source:
        yield Styled("faint", f"{label('source', lang)}{colon}{sources(finding.source, lang)}", 3)


def _meaning(finding: Finding) -> list[tuple[str, Text]]:
    """What an answer means for who must act on it: money, asking again, charging again."""
    meaning = finding.meaning
    if meaning is None:
        return []
    charge = meaning.charge_again
    put_right = meaning.kind == "caller" and meaning.ask_again_safe
    return [
        ("money", MONEY.get(charge, MONEY[meaning.money_moved])),
        ("again", _PUT_RIGHT if put_right else AGAIN[meaning.ask_again_safe]),
        ("refund" if charge.startswith("refund") else "charge", CHARGE[charge]),
    ]


# What stands in brackets behind a source, where it is more than numbers of disputes.
_BRACKETS = {
    "(PHP sample)": Text("（PHP 示例）", " (PHP sample)"),
    "(pre-authorisation samples)": Text("（预授权示例）", " (pre-authorisation samples)"),
    "(seed's PHP sample has 31)": Text(
        "（厂商页面的 PHP 示例是 31 位）", " (the vendor page's PHP sample has 31)"
    ),
}
_MOST_SOURCES = 2  # on a line for a person; JSON has them all
_TAG = pattern(r"[\w-]+")


def sources(source: str, lang: str) -> str:
    """The tags of a source with their names: ``seed`` becomes the vendor's cancel page.

    Example:
        >>> sources("seed (C5)", "en")
        "the vendor's cancel page, which this project starts from (C5)"
        >>> sources("docs2024; docs2026; chosen", "en").split(";")[0]
        'no source says it'
    """
    known = catalogue.sources()
    ours = {"chosen", "inferred"}  # first: a line that is cut must not hide that no source says it
    parts = sorted(source.split(";"), key=lambda part: part.strip() not in ours)
    named = [
        _TAG.sub(lambda m: known[m[0]].name.say(lang) if m[0] in known else m[0], part.strip(), 1)
        for part in parts[:_MOST_SOURCES]
    ]
    said = SEMICOLON.say(lang).join(named)
    for written, words in _BRACKETS.items():
        said = said.replace(" " + written, words.say(lang))
    return said


def shown(text: str, lang: str, limit: int) -> str:
    """*text* with every byte visible, cut where it is long."""
    cut = visible(text[:limit])
    return cut if len(text) <= limit else cut + label("cut", lang).format(count=len(text))


def as_dict(diagnosis: Draft, lang: str, code: str) -> dict[str, Any]:
    """The whole diagnosis as plain data."""
    difference = diagnosis.difference
    return {
        "kind": diagnosis.kind,
        "form": diagnosis.form,
        "number": diagnosis.number,
        "count": diagnosis.count,
        "endpoint": diagnosis.endpoint,
        "params": dict(diagnosis.params),
        "text": diagnosis.text,
        "visible_text": diagnosis.visible_text,
        "signed": diagnosis.signed,
        "difference": difference._asdict() if difference else None,
        "algorithm": diagnosis.algorithm,
        "signature": diagnosis.signature,
        "given": diagnosis.given,
        "expected": diagnosis.expected,
        "tried": diagnosis.tried,
        "ok": diagnosis.ok,
        "findings": [_finding_dict(finding, lang, code) for finding in diagnosis.findings],
    }


def _finding_dict(finding: Finding, lang: str, code: str) -> dict[str, Any]:
    return {
        "id": finding.id,
        "severity": finding.severity,
        "proof": finding.proof,
        "field": finding.field,
        "what": finding.what.say(lang),
        "evidence": finding.evidence.say(lang),
        "fix": finding.fix.say(lang),
        "code": finding.snippet(code, lang),
        "commands": list(finding.commands),
        "meaning": asdict(finding.meaning) if finding.meaning else None,
        "source": finding.source,
    }
