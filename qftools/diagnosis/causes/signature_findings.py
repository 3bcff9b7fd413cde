"""Findings on a signature: what was reproduced, and what was not."""

from __future__ import annotations

import dataclasses

from qftools.diagnosis.causes.details import QUOTING, detail_in
from qftools.diagnosis.causes.search import Result
from qftools.diagnosis.causes.table import CAUSES
from qftools.diagnosis.deviations import Deviation
from qftools.diagnosis.nouns import Finding
from qftools.diagnosis.reading.paste import Paste
from qftools.diagnosis.rules.sending import may_say, shortened
from qftools.diagnosis.visible import Difference, difference
from qftools.texts import Text


def reproduced(
    deviation: Deviation,
    all_of: tuple[Deviation, ...],
    apart: Difference | None,
    name: str,
    others: list[tuple[Deviation, ...]],
) -> Finding:
    """A cause that was proved: done this way, the given signature comes out."""
    row = CAUSES[deviation.id]
    # C4: the gateway accepts both readings of empty values by default, so this alone may pass.
    alone = len(all_of) == 1 and deviation.id == "empty-values-dropped"
    return Finding(
        deviation.id,
        "warning" if alone else "error",
        "reproduced",
        _what(deviation),
        _proof(all_of, apart, name, others),
        _filled(row.fix, deviation),
        row.source,
        shortened(deviation.field),
        row.code,
    )


_ONLY = Text("（只有 {field}）", " (only {field})")


def _what(deviation: Deviation) -> Text:
    """The row's text, and of which fields it is true where it is not of all."""
    what = CAUSES[deviation.id].what
    if not deviation.field or "{field}" in what.en:
        return _filled(what, deviation)
    return _filled(Text(what.zh + _ONLY.zh, what.en + _ONLY.en), deviation)


def _filled(text: Text, deviation: Deviation) -> Text:
    def fill(lang: str) -> str:
        quoted = deviation.id in QUOTING and deviation.detail != "empty"
        detail = shortened(may_say(deviation.field, deviation.detail))
        detail = detail if quoted else detail_in(detail, lang)
        return (
            text.say(lang)
            .replace("{detail}", detail)
            .replace("{field}", shortened(deviation.field))
        )

    return Text(fill("zh"), fill("en"))


def _proof(
    all_of: tuple[Deviation, ...],
    apart: Difference | None,
    name: str,
    others: list[tuple[Deviation, ...]],
) -> Text:
    zh = (
        "这样做正好得到请求里的签名"
        if len(all_of) == 1
        else f"这 {len(all_of)} 处一起，正好得到请求里的签名"
    )
    en = (
        "done this way, the given signature comes out exactly"
        if len(all_of) == 1
        else f"with these {len(all_of)} together, the given signature comes out exactly"
    )
    if apart is not None:
        wanted, given = apart.wanted or "-", apart.given or "-"
        zh += f"；第 {apart.byte + 1} 个字节开始不同：应为 {wanted}，签的是 {given}"
        en += (
            f"; the texts differ from byte {apart.byte + 1}: {wanted} is right, {given} was signed"
        )
    else:
        zh += f"（{name}）"
        en += f" ({name})"
    mine = [deviation.id for deviation in all_of]
    alike = [other for other in others if [deviation.id for deviation in other] != mine]
    if alike:
        zh += f"。从这个请求无法与下列情况区分：{'；'.join(_said(alike, 'zh'))}"
        en += f". This request can't tell it from: {'; '.join(_said(alike, 'en'))}"
    return Text(zh, en)


def _said(ways: list[tuple[Deviation, ...]], lang: str) -> list[str]:
    """Each way in words, once."""
    joint = Text("，并且", ", and ").say(lang)
    said = [joint.join([_what(one).say(lang) for one in way]) for way in ways]
    return list(dict.fromkeys(said))


# How far a search went, by the number of causes at once that were tried to the end.
_SEARCHED = (
    Text(
        "请求太长，没有试完：在试过的 {tried} 种签法里没有找到",
        "the request is too long, and the search was not finished: not among the {tried} ways"
        " that were tried",
    ),
    Text(
        "用这把密钥试了 {tried} 种签法，没有一种得到请求里的签名；请求太长或参数太多，"
        "只试完了单个错误，两个错误叠加的没有试完",
        "{tried} ways to sign were tried with this key; none gives the signature of the request."
        " It is so long, or has so many parameters, that only single mistakes were tried to the"
        " end, not two together",
    ),
    Text(
        "用这把密钥试了 {tried} 种签法（单个错误，以及两个错误叠加），没有一种得到请求里的签名",
        "{tried} ways to sign were tried with this key, single mistakes and two together; none"
        " gives the signature of the request",
    ),
)
_NOT_ALL = Text(
    "；参数太多，没有试遍它们的每种顺序和每种组合",
    "; there are too many parameters to try every order and every set of them",
)
_SHORTER = Text(
    "先用短的值发一次同样的请求，再诊断那一次。",
    "Send the same call with short values, and have that one explained.",
)


def not_found(result: Result) -> Finding:
    """Nothing reproduces the signature: said so, with how far the search went and what is left."""
    searched, tried = _SEARCHED[min(result.level, 2)], f"{result.tries:,}"
    if not result.whole and result.tries:
        searched = Text(searched.zh + _NOT_ALL.zh, searched.en + _NOT_ALL.en)
    fix = Text(
        "剩下的可能：密钥不是这一把；签名之后改了某个值；粘贴的内容与发送的不完全一样。"
        "把程序里签名前的那段文字打印出来（不含密钥），连同签名再贴一次。",
        "What is left: it is not this key; a value was changed after signing; what was pasted"
        " is not exactly what was sent. Print the text that your program signs (without the"
        " key) and paste it with the signature.",
    )
    if result.level < 2:
        fix = Text(_SHORTER.zh + fix.zh, f"{_SHORTER.en} {fix.en}")
    return Finding(
        "signature-unexplained",
        "error",
        "open",
        Text("签名不对，原因没有找到", "the signature is wrong, and no cause was found"),
        Text(searched.zh.format(tried=tried), searched.en.format(tried=tried)),
        fix,
        "",
    )


def no_key() -> Finding:
    """Without a key there is no proof either way."""
    return Finding(
        "key-not-at-hand",
        "note",
        "open",
        Text("没有密钥，无法验证签名", "without the key the signature can't be checked"),
        Text("只检查了不需要密钥的项目", "only what needs no key was checked"),
        Text(
            "把密钥放进环境变量 QFTOOLS_CLIENT_KEY 再运行一次；它不会被显示，也不会被发送。",
            "Put the key into QFTOOLS_CLIENT_KEY and run it again; it is neither shown nor sent.",
        ),
        "",
    )


def not_all_here(places: tuple[str, ...]) -> Finding:
    """A record without what may not be shown: its signature proves nothing either way."""
    names = ", ".join([shortened(place) for place in places[:5]])
    return Finding(
        "record-incomplete",
        "note",
        "open",
        Text(
            "这份记录看来不完整（有隐去或截断的内容），无法验证签名",
            "this record does not seem to be whole (something is left out or cut off), so its"
            " signature can't be checked",
        ),
        Text(f"不完整的是：{names}", f"not whole: {names}"),
        Text(
            "要验证签名，就粘贴程序实际发送的请求。",
            "To have the signature checked, paste the request as your program sent it.",
        ),
        "",
    )


def logged(paste: Paste, text: str) -> list[Finding]:
    """What the logged text itself shows, where no search explains the signature."""
    if paste.signed_text is None:
        return []
    apart = difference(text, paste.signed_text)
    if apart is None or paste.signed_text.startswith(text):
        return []
    return [
        Finding(
            "logged-text-differs",
            "error",
            "rule",
            Text(
                "日志里签名的文字与网关拼出的不同",
                "the text in the log is not the one that the gateway signs",
            ),
            Text(
                f"第 {apart.byte + 1} 个字节开始不同：应为 {apart.wanted_near}，"
                f"日志是 {apart.given_near}",
                f"from byte {apart.byte + 1}: {apart.wanted_near} is right, the log has"
                f" {apart.given_near}",
            ),
            CAUSES["unsorted"].fix,
            "seed; docs2024",
            code="order",
        )
    ]


def not_read(fields: tuple[str, ...]) -> Finding:
    """A dump whose values are not sure, and of which no reading fits the signature."""
    listed = ", ".join([shortened(name) for name in fields[:5]])
    return Finding(
        "values-unclear",
        "warning",
        "open",
        Text(
            f"看不出这些字段发送时的值：{listed}",
            f"the paste does not show for sure with which values these fields were sent: {listed}",
        ),
        Text(
            "每种读法都试过了，没有一种与签名相符，所以签名是对是错不能判断",
            "every way to read them was tried, and none fits the signature; so this paste does not"
            " show whether it is right or wrong",
        ),
        Text(
            "粘贴程序实际发送的请求（例如 cURL 命令或报文），或把参数打印成 JSON 再贴一次。",
            "Paste the request as your program sent it (a cURL command, the body), or print the"
            " parameters as JSON.",
        ),
        "",
    )


def key_is_right(finding: Finding) -> Finding:
    """The same finding, when the answer proves that the key is the account's."""
    return dataclasses.replace(
        finding,
        evidence=Text(
            finding.evidence.zh + "；密钥是对的：应答的签名与它相符",
            finding.evidence.en + "; the key is right: the answer's signature fits it",
        ),
        fix=Text(
            "剩下的可能：签名之后改了某个值；粘贴的内容与发送的不完全一样。"
            "把程序里签名前的那段文字打印出来（不含密钥），连同签名再贴一次。",
            "What is left: a value was changed after signing, or what was pasted is not exactly"
            " what was sent. Print the text that your program signs (without the key) and paste"
            " it with the signature.",
        ),
    )


def key_is_doubtful() -> Finding:
    """Neither signature fits: said with what shows it, and not as proved."""
    return Finding(
        "key-doubtful",
        "error",
        "open",
        Text(
            "请求和应答的签名都与这把密钥不符：很可能不是这个账户的密钥",
            "neither the request's nor the answer's signature fits this key: it is most likely"
            " not the key of this account",
        ),
        Text(
            "网关用账户自己的密钥给应答签名；没有一种签法或写法得到这两个签名",
            "the gateway signs its answers with the account's own key; no way to sign or to write"
            " gives either signature",
        ),
        Text(
            "核对 X-QF-APPCODE 对应的密钥；其他环境的密钥可用 --other-key-env 一起试。",
            "Look up the key that belongs to this X-QF-APPCODE; try keys of other environments"
            " with --other-key-env.",
        ),
        "manual2018jp; docs2024",
    )


def body_not_found() -> Finding:
    """Nothing reproduces the signature of an answer or a notification."""
    return Finding(
        "body-unexplained",
        "error",
        "open",
        Text(
            "验签不通过，原因没有找到",
            "the signature of this body does not fit, and no cause was found",
        ),
        Text(
            "原样、以及重写 JSON 的各种写法都试过了",
            "the bytes as they are and every way to write the JSON again were tried",
        ),
        Text(
            "不要相信这份内容：改用查询确认。再看密钥是否属于同一账户，报文是否完整。",
            "Do not believe what it says: query instead. Then see whether the key belongs to the"
            " same account and the body is complete.",
        ),
        "manual2018jp; docs2024",
        code="body",
    )


def bytes_are_lost() -> Finding:
    """A body that was put together from a dump: order and types of its fields are lost."""
    return Finding(
        "bytes-lost",
        "note",
        "open",
        Text(
            "只有解析后的字段，没有原始报文，无法验签",
            "the paste shows parsed fields, not the body itself: its signature can't be checked",
        ),
        Text(
            "签名针对原始报文的每个字节；字段的顺序、类型和空格在打印时已经丢失",
            "the signature is over the bytes of the body; a dump loses the order and the types of"
            " its fields and the blanks between them",
        ),
        Text(
            "记录收到的原始报文（解析之前），连同 X-QF-SIGN 一起粘贴。",
            "Log the raw body before it is parsed, and paste it with X-QF-SIGN.",
        ),
        "manual2018jp; docs2024",
    )


def key_is_not_theirs() -> Finding:
    """The signed text is the gateway's own, with this key behind it, and was answered by 1108."""
    return Finding(
        "key-of-another-account",
        "error",
        "open",
        Text(
            "签名的文字是对的，网关仍答 1108：密钥不属于这个账户",
            "the signed text is right, and the gateway still answers 1108: the key is not this"
            " account's",
        ),
        Text(
            "粘贴的文字正是网关要签的文字，后面直接接着密钥",
            "what was pasted is the text that the gateway signs, with the key right behind it",
        ),
        Text(
            "核对 X-QF-APPCODE 与密钥是否属于同一账户、同一环境；再看摘要的算法是否与"
            " X-QF-SIGNTYPE 一致。",
            "See whether X-QF-APPCODE and the key belong to the same account and environment, and"
            " whether the hash is the one that X-QF-SIGNTYPE announces.",
        ),
        "seed; docs2024",
    )


def refused_for_it(finding: Finding) -> Finding:
    """What the answer 1108 means, beside its cause: nothing is left to be looked for."""
    if finding.meaning is None or finding.meaning.respcd != "1108":
        return finding
    fix = Text(
        "原因见上面：改正后重新发送。", "The cause is named above: put it right and send again."
    )
    return dataclasses.replace(finding, fix=fix, commands=())
