"""Causes of a wrong signature in the order of the fields and in how they are joined."""

from __future__ import annotations

from collections.abc import Mapping

from qftools.diagnosis.rows import Cause, cause

_SAMPLES = "seed; docs2024; docs2026"
_VECTORS = "seed; measured"

TEXT_CAUSES: Mapping[str, Cause] = {
    # ---- order and join
    "unsorted": cause(
        "参数没有排序，按发送的顺序签名",
        "the parameters were signed in the order of sending, not sorted",
        "按参数名 ASCII 升序排序。",
        "Sort by name, in ASCII order.",
        "order",
        _SAMPLES,
    ),
    "hash-map-order": cause(
        "参数没有排序，按 Java HashMap 给出的顺序签名",
        "the parameters were signed in the order of a Java HashMap, not sorted",
        "按参数名 ASCII 升序排序，例如改用 TreeMap。",
        "Sort by name, in ASCII order: use a TreeMap, for example.",
        "order",
        _SAMPLES,
    ),
    "other-order": cause(
        "参数没有排序，按另一种顺序签名：{detail}",
        "the parameters were signed in another order, not sorted: {detail}",
        "按参数名 ASCII 升序排序。",
        "Sort by name, in ASCII order.",
        "order",
        _SAMPLES,
    ),
    "sorted-ignoring-case": cause(
        "排序时忽略了大小写",
        "the names were sorted without regard to case",
        "按 ASCII 排序：大写字母在小写字母之前。",
        "Sort in ASCII order: capitals come before small letters.",
        "order",
        _SAMPLES,
    ),
    "sorted-by-value": cause(
        "按值排序了，应当按参数名排序",
        "sorted by value instead of by name",
        "按参数名排序（PHP 用 ksort，不是 sort 或 asort）。",
        "Sort by name (in PHP ksort, not sort or asort).",
        "order",
        _SAMPLES,
    ),
    "sorted-backwards": cause(
        "按参数名降序排序了",
        "sorted by name, but backwards",
        "按升序排序。",
        "Sort in ascending order.",
        "order",
        _SAMPLES,
    ),
    "sorted-by-length": cause(
        "先按参数名长度排序了",
        "sorted by the length of the names first",
        "按参数名 ASCII 升序排序。",
        "Sort by name, in ASCII order.",
        "order",
        _SAMPLES,
    ),
    "sorted-by-pair": cause(
        "按整个“参数名=值”排序了：一个参数名是另一个的前缀时次序不同",
        "whole name=value texts were sorted: that differs where one name begins another",
        "只按参数名排序，再拼接。",
        "Sort by name alone, then join.",
        "order",
        "seed; go",
    ),
    "ampersand-before-key": cause(
        "拼接的文字与密钥之间多了一个 &",
        "an & stands between the joined text and the key",
        "去掉循环拼接后剩在末尾的 &，也不要在密钥前加 &。",
        "Cut off the & that a loop leaves at the end, and put none before the key.",
        "order",
        _SAMPLES,
    ),
    "leading-character": cause(
        "拼接后的开头多了一个 {detail}",
        "the joined text begins with {detail}",
        "从第一个参数名开始。",
        "Begin with the first name.",
        "order",
        _SAMPLES,
    ),
    "other-join": cause(
        "参数的拼接方式不对（{detail}）",
        "the parameters were joined in another way ({detail})",
        "用 name=value，以 & 连接。",
        "Write name=value, joined with &.",
        "order",
        _SAMPLES,
    ),
    "map-printed": cause(
        "签的是打印出来的整个对象（{detail}），不是拼接的参数",
        "a whole map was printed and signed ({detail}) instead of the joined parameters",
        "用 name=value，以 & 连接。",
        "Write name=value, joined with &.",
        "order",
        _SAMPLES,
    ),
    "body-as-sent": cause(
        "签名用的是发送时的报文原样（含 URL 编码和发送的顺序）",
        "the text was signed exactly as it is sent, with its URL encoding and in its order",
        "签名用排序后的原始值，URL 编码只用于发送。签发送的原文，只有在已排序、且所有值都是"
        "不含空格等特殊字符的 ASCII 时才碰巧正确。",
        "Sign the plain values, sorted; URL-encode only what is sent. Signing what is sent is right"
        " only while it is sorted and every value is ASCII without blanks or signs.",
        "raw",
        _VECTORS + "; docs2024 (C5)",
    ),
    "text-missing": cause(
        "只对密钥做了摘要：要签名的文字是空的",
        "only the key was hashed: the text to sign was empty",
        "检查拼接结果所在的变量：签名时还没有赋值。",
        "Look at the variable with the joined text: it was empty when it was signed.",
        "order",
        _SAMPLES,
    ),
    "text-url-encoded": cause(
        "拼接好的整段文字又做了 URL 编码（{detail}）",
        "the whole joined text was URL-encoded ({detail})",
        "拼接后的文字原样签名。",
        "Sign the joined text as it is.",
        "raw",
        _VECTORS + " (C5)",
    ),
    "json-signed": cause(
        "签的是 JSON（{detail}），不是拼接的参数",
        "JSON was signed ({detail}) instead of the joined parameters",
        "请求的签名是对 name=value&… 做的；只有应答与通知才对原始报文签名。",
        "A request signs name=value&...; only answers and notifications sign the raw body.",
        "order",
        _SAMPLES + " (C9)",
    ),
    "address-signed": cause(
        "请求地址或方法参与了签名（{detail}）",
        "the address or the method was signed too ({detail})",
        "只有参数和密钥参与签名。",
        "Only the parameters and the key are signed.",
        "order",
        _SAMPLES,
    ),
}
