"""Causes of a wrong signature in key, charset, hash and output, and in bodies."""

from __future__ import annotations

from collections.abc import Mapping

from qftools.diagnosis.rows import Cause, cause

_SAMPLES = "seed; docs2024; docs2026"

SEAL_CAUSES: Mapping[str, Cause] = {
    # ---- key, charset, hash
    "key-joined": cause(
        "密钥前多了 {detail}",
        "{detail} stands between the text and the key",
        "密钥直接接在最后，中间什么都不加（与微信支付的 &key= 不同）。",
        "Append the key directly, with nothing in between (unlike WeChat Pay's &key=).",
        "key",
        _SAMPLES,
    ),
    "key-in-front": cause(
        "密钥放在了最前面",
        "the key stands in front of the text",
        "密钥接在最后。",
        "Append the key at the end.",
        "key",
        _SAMPLES,
    ),
    "key-twice": cause(
        "密钥拼接了两次",
        "the key was added twice",
        "密钥只在最后接一次。",
        "Append the key once, at the end.",
        "key",
        _SAMPLES,
    ),
    "blank-at-key": cause(
        "密钥旁边有看不见的字符（{detail}）",
        "there is an invisible character at the key ({detail})",
        "读取密钥后去掉首尾空白（例如配置文件末尾的换行）。零宽字符和 BOM 去不掉：重新复制密钥。",
        "Trim the key after reading it (the line break at the end of a file). That leaves a"
        " zero-width character or a BOM: copy the key anew.",
        "key",
        _SAMPLES,
    ),
    "key-changed": cause(
        "密钥被改动过再使用（{detail}）",
        "the key was changed before use ({detail})",
        "密钥原样使用。",
        "Use the key exactly as issued.",
        "key",
        _SAMPLES,
    ),
    "other-key": cause(
        "用了另一个账户或环境的密钥：{detail}",
        "the key of another account or environment was used: {detail}",
        "app code、密钥与网关地址必须属于同一环境。",
        "App code, key and host must belong to the same environment.",
        "key",
        "docs2024; docs2026",
    ),
    "app-code-as-key": cause(
        "用 app code 当密钥签名了",
        "the app code was used as the key",
        "签名用 client key；app code 只放在请求头 X-QF-APPCODE。",
        "Sign with the client key; the app code only goes into X-QF-APPCODE.",
        "key",
        _SAMPLES,
    ),
    "app-code-too": cause(
        "除密钥外，app code 也参与了签名",
        "the app code was signed as well as the key",
        "只有参数和密钥参与签名。",
        "Only the parameters and the key are signed.",
        "key",
        _SAMPLES,
    ),
    "key-missing": cause(
        "签名时没有加密钥",
        "the key was not part of what was signed",
        "拼接后直接接上密钥再做摘要；检查密钥变量是否为空。",
        "Append the key before hashing; see whether its variable was empty.",
        "key",
        _SAMPLES,
    ),
    "charset": cause(
        "签名时的字符编码是 {detail}，应为 UTF-8",
        "the text was hashed as {detail} instead of UTF-8",
        "取 UTF-8 字节再做摘要（Java：getBytes(UTF_8)；源文件也存为 UTF-8）。",
        "Hash the UTF-8 bytes (Java: getBytes(UTF_8); save the source file as UTF-8 too).",
        "digest",
        "docs2024; measured",
    ),
    "other-hash": cause(
        "签名用的是 {detail}，与请求头说明的算法不同",
        "{detail} was used, which is not what the headers announce",
        "不带 X-QF-SIGNTYPE 就是 MD5；用 SHA256 必须加上 X-QF-SIGNTYPE: SHA256。",
        "Without X-QF-SIGNTYPE it is MD5; SHA256 needs the header X-QF-SIGNTYPE: SHA256.",
        "sha256",
        "docs2024; docs2026 (C6)",
    ),
    "hmac": cause(
        "用了 {detail}，应为普通摘要",
        "{detail} was used instead of a plain hash",
        "把密钥接在文字后面，做普通的 MD5 或 SHA256。",
        "Append the key to the text and take a plain MD5 or SHA256.",
        "digest",
        _SAMPLES,
    ),
    "hashed-twice": cause(
        "做了两次摘要：{detail}",
        "the hash was taken twice: {detail}",
        "只做一次摘要。",
        "Hash once.",
        "digest",
        _SAMPLES,
    ),
    # ---- output
    "base64": cause(
        "摘要写成了 Base64，应为十六进制",
        "the digest was written in Base64 instead of hexadecimal",
        "输出 32 位（MD5）或 64 位（SHA256）十六进制。",
        "Write 32 (MD5) or 64 (SHA256) hexadecimal digits.",
        "digest",
        _SAMPLES,
    ),
    "hex-with-separators": cause(
        "十六进制里夹了分隔符",
        "the hexadecimal digits have separators in them",
        '去掉分隔符（C#：BitConverter.ToString(…).Replace("-", "")）。',
        'Remove them (C#: BitConverter.ToString(...).Replace("-", "")).',
        "digest",
        _SAMPLES,
    ),
    "truncated": cause(
        "签名被截短了（{detail} 位）",
        "the signature is cut short ({detail} digits)",
        "发送完整的摘要；检查变量或数据库字段的长度。",
        "Send the whole digest; look for a variable or column that is too short.",
        "digest",
        _SAMPLES,
    ),
    "zeros-lost": cause(
        "十六进制丢了前导零（{detail} 位）",
        "leading zeros of the hexadecimal digits are lost ({detail} digits)",
        "每个字节写成两位（Java：HexFormat 或 %02x，不要用 BigInteger.toString(16)）。",
        "Write two digits per byte (Java: HexFormat or %02x, not BigInteger.toString(16)).",
        "digest",
        _SAMPLES,
    ),
    "signed-bytes": cause(
        "负数字节写成了 ffffffXX（{detail} 位）",
        "negative bytes were written as ffffffXX ({detail} digits)",
        "先与 0xff 再转十六进制，每个字节两位。",
        "Mask each byte with 0xff and write two digits for it.",
        "digest",
        _SAMPLES,
    ),
    # ---- answers and notifications
    "body-rewritten": cause(
        "验签用的不是原始报文：它被解析后重新写过（原文应为：{detail}）",
        "these are not the bytes that came: the body was parsed and written again"
        " (it was: {detail})",
        "验签要用收到的原始字节；框架解析成对象再转回 JSON，空格、顺序、转义都会变。",
        "Verify the raw bytes; parsing and writing JSON changes blanks, order and escapes.",
        "body",
        "manual2018jp; docs2024; measured (C9, C31)",
    ),
    "body-signed-as-fields": cause(
        "这个签名是对排序后的字段做的，不是对原始报文",
        "this signature was made over sorted fields, not over the raw body",
        "应答与通知的签名是 MD5(原始报文 + 密钥)。",
        "Answers and notifications are signed by MD5(raw body + key).",
        "body",
        "manual2018jp (C9, C31)",
    ),
}
