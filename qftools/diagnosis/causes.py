"""What each deviation means: the table that makes findings, the docs page and the tests.

One row per deviation: what was done, what to do instead, the piece of code that does it, and
the source of the rule. ``{detail}`` and ``{field}`` are filled from the deviation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from qftools.catalogue.rows import Text


class Cause(NamedTuple):
    """One row.

    Attributes:
        what: What was done otherwise.
        fix: What to do instead.
        code: Key of the piece of code in the snippets.
        source: Who says how it has to be.
    """

    what: Text
    fix: Text
    code: str
    source: str


def _row(zh: str, en: str, fix_zh: str, fix_en: str, code: str, source: str) -> Cause:
    return Cause(Text(zh, en), Text(fix_zh, fix_en), code, source)


_SAMPLES = "seed; docs2024; docs2026"
_VECTORS = "seed; published vectors"

CAUSES: Mapping[str, Cause] = {
    # ---- values
    "values-url-encoded": _row(
        "签名时用了 URL 编码后的值（{detail}）",
        "the values were URL-encoded before signing ({detail})",
        "用原始值签名；URL 编码只用于发送。",
        "Sign the plain values; URL-encode only what is sent.",
        "raw",
        _VECTORS + " (C5)",
    ),
    "values-encoded-twice": _row(
        "发送的值被 URL 编码了两次，网关解码后得到的不是所签的值",
        "the values were URL-encoded twice for sending, so the gateway decodes another text"
        " than was signed",
        "只编码一次：HTTP 库已经会编码，不要自己先编码。",
        "Encode once: the HTTP library does it already, so do not encode before.",
        "raw",
        _VECTORS,
    ),
    "values-trimmed": _row(
        "签名时去掉了值首尾的空白，发送时没有去掉",
        "blanks around the values were cut off before signing, but were sent",
        "签名与发送用同一份参数：要去空白就在签名之前去。",
        "Sign and send the same values: trim before you sign, or not at all.",
        "fields",
        _VECTORS,
    ),
    "unicode-form": _row(
        "签名时的文字是 Unicode {detail} 形式，发送的是另一种形式：看上去相同，字节不同",
        "the text was signed in Unicode form {detail} and sent in another: it looks the same,"
        " its bytes differ",
        "签名前统一转换一次（NFC），签名与发送都用转换后的值。",
        "Normalise once (NFC) before signing, and send what you signed.",
        "fields",
        _VECTORS,
    ),
    "full-width": _row(
        "发送的值里有全角字符，签名时却是半角",
        "full-width characters were sent where half-width ones were signed",
        "签名前统一成一种写法，签名与发送用同一个值。",
        "Settle on one form before signing, and send what you signed.",
        "fields",
        _VECTORS,
    ),
    "invisible-characters": _row(
        "发送的值里有看不见的字符（零宽字符、BOM 等），签名时没有",
        "invisible characters (zero-width, BOM) were sent and not signed",
        "在签名之前清除它们（多半是复制粘贴带进来的）。",
        "Remove them before signing; they usually come from copy and paste.",
        "fields",
        _VECTORS,
    ),
    "line-breaks": _row(
        "签名时的换行是 {detail}，发送的是另一种",
        "line breaks were signed as {detail} and sent otherwise",
        "签名之前统一换行符。",
        "Settle on one kind of line break before signing.",
        "fields",
        _VECTORS,
    ),
    "html-escaped": _row(
        "签名时值被转成了 HTML 实体（& 变成 &amp; 等）",
        "the values were HTML-escaped before signing (& became &amp; and so on)",
        "签名用原始值；HTML 转义只用于显示。",
        "Sign the plain values; HTML escapes are for pages only.",
        "raw",
        _VECTORS,
    ),
    "html-unescaped": _row(
        "发送的值是 HTML 实体，签名时是原文",
        "HTML entities were sent where plain text was signed",
        "不要发送 HTML 转义后的值。",
        "Do not send HTML-escaped values.",
        "raw",
        _VECTORS,
    ),
    "unicode-escaped": _row(
        "签名时中文等字符写成了 \\uXXXX",
        "non-ASCII characters were signed as \\uXXXX escapes",
        "签名用文字本身的 UTF-8 字节。",
        "Sign the characters themselves, as UTF-8.",
        "raw",
        _VECTORS,
    ),
    "backslashes": _row(
        "签名时引号或反斜杠前被加了反斜杠（addslashes）",
        "quotes or backslashes were escaped by a backslash before signing (addslashes)",
        "签名用未转义的值。",
        "Sign the values without escapes.",
        "raw",
        _VECTORS,
    ),
    "letter-case": _row(
        "签名时把所有值的字母改成了{detail}",
        "the letters of all values were changed to {detail} case before signing",
        "值的大小写原样参与签名；只有最后的摘要可以任意大小写。",
        "Sign the values as they are; only the digest may be in either case.",
        "raw",
        _VECTORS + " (C3)",
    ),
    "blanks-removed": _row(
        "签名时值里的空格被删掉了",
        "blanks inside the values were removed before signing",
        "空格原样参与签名，例如 txdtm 中间的那个。",
        "Sign blanks as they are, such as the one inside txdtm.",
        "raw",
        _VECTORS,
    ),
    "spelling": _row(
        "{field} 发送的写法与签名的写法不同：{detail}",
        "{field} was spelled otherwise for signing than for sending: {detail}",
        "空值、布尔值先转成确定的文字；没有值的参数不要放进请求。",
        "Turn empty values and booleans into text first; leave out what has no value.",
        "fields",
        _VECTORS + " (C4)",
    ),
    "number-format": _row(
        "{field} 签名时是另一种数字写法：{detail}",
        "{field} was signed in another number format: {detail}",
        "金额是最小货币单位的整数，先转成文字，再签名、发送同一段文字。",
        "Amounts are whole minor units: make the text once, then sign and send that text.",
        "amount",
        "seed; docs2024; manual2018jp (C13)",
    ),
    "date-format": _row(
        "{field} 签名时是另一种时间格式：{detail}",
        "{field} was signed in another date format: {detail}",
        "格式是 YYYY-MM-DD hh:mm:ss；先转成文字，再签名、发送同一段文字。",
        "The format is YYYY-MM-DD hh:mm:ss: make the text once, then sign and send that text.",
        "time",
        "seed; docs2024",
    ),
    "time-zone": _row(
        "{field} 签名时是另一个时区的时间（相差 {detail}）",
        "{field} was signed in another time zone ({detail})",
        "时间只取一次，签名与发送用同一段文字。",
        "Take the time once; sign and send the same text.",
        "time",
        "seed; docs2024",
    ),
    "time-taken-twice": _row(
        "{field} 取了两次当前时间：签名的与发送的相差 {detail}",
        "{field} was taken from the clock twice: what was signed is {detail} away from what was"
        " sent",
        "时间只取一次，签名与发送用同一个变量。",
        "Take the time once; sign and send the same variable.",
        "time",
        "seed; docs2024",
    ),
    "blank-after-value": _row(
        "{field} 签名时末尾多了看不见的字符（{detail}），发送时没有",
        "{field} was signed with an invisible character at its end ({detail}), which was not sent",
        "读取参数后先去掉首尾空白，再签名。",
        "Trim what you read before you sign it.",
        "fields",
        _VECTORS,
    ),
    "plus-sent-raw": _row(
        "{field} 里的 + 没有编码就发送了，网关会读成空格",
        "the + in {field} was sent unencoded, and the gateway reads it as a blank",
        "发送前做 URL 编码：+ 要写成 %2B。",
        "URL-encode what is sent: + becomes %2B.",
        "raw",
        "docs2024 (pre-authorisation samples); measured",
    ),
    # ---- set of fields
    "empty-values-dropped": _row(
        "签名时去掉了空值参数，发送时仍带着它们",
        "parameters without a value were left out of the signature, but were sent",
        "没有值的参数干脆不发送，这样各版文档的规则就一致了。",
        "Do not send parameters without a value; then every edition of the rule agrees.",
        "fields",
        "seed; published vectors; live2026 (C4)",
    ),
    "sent-not-signed": _row(
        "{field} 发送了，但没有参与签名",
        "{field} was sent but not signed",
        "签名之后不要再加参数：所有发送的参数都要参与签名。",
        "Add nothing after signing: every parameter that is sent is signed.",
        "fields",
        _SAMPLES,
    ),
    "signed-not-sent": _row(
        "{field} 参与了签名，但没有发送（值：{detail}）",
        "{field} was signed but not sent (value: {detail})",
        "签名与发送用同一份参数。",
        "Sign and send the same parameters.",
        "fields",
        _SAMPLES,
    ),
    "sign-type-included": _row(
        "{field} 参与了签名",
        "{field} was part of what was signed",
        "sign 与 sign_type 不参与签名；签名方式用请求头 X-QF-SIGNTYPE 说明。",
        "Leave sign and sign_type out; X-QF-SIGNTYPE announces the algorithm.",
        "fields",
        "vendor-tests; live2026",
    ),
    "field-twice": _row(
        "{field} 在请求里出现多次，签名只用了其中一个（{detail}）",
        "{field} is in the request more than once, and only one of them was signed ({detail})",
        "每个参数只发送一次。",
        "Send every parameter once.",
        "fields",
        "chosen",
    ),
    "key-as-a-field": _row(
        "密钥作为参数 {detail} 参与了排序",
        "the key was sorted among the parameters, as {detail}",
        "密钥不是参数：排序拼接完成后，直接接在最后。",
        "The key is no parameter: append it to the sorted text, with nothing in between.",
        "key",
        "seed (C8)",
    ),
    # ---- order and join
    "unsorted": _row(
        "参数没有排序，按发送的顺序签名",
        "the parameters were signed in the order of sending, not sorted",
        "按参数名 ASCII 升序排序。",
        "Sort by name, in ASCII order.",
        "order",
        _SAMPLES,
    ),
    "sorted-ignoring-case": _row(
        "排序时忽略了大小写",
        "the names were sorted without regard to case",
        "按 ASCII 排序：大写字母在小写字母之前。",
        "Sort in ASCII order: capitals come before small letters.",
        "order",
        _SAMPLES,
    ),
    "sorted-by-value": _row(
        "按值排序了，应当按参数名排序",
        "sorted by value instead of by name",
        "按参数名排序（PHP 用 ksort，不是 sort 或 asort）。",
        "Sort by name (in PHP ksort, not sort or asort).",
        "order",
        _SAMPLES,
    ),
    "sorted-backwards": _row(
        "按参数名降序排序了",
        "sorted by name, but backwards",
        "按升序排序。",
        "Sort in ascending order.",
        "order",
        _SAMPLES,
    ),
    "sorted-by-length": _row(
        "先按参数名长度排序了",
        "sorted by the length of the names first",
        "按参数名 ASCII 升序排序。",
        "Sort by name, in ASCII order.",
        "order",
        _SAMPLES,
    ),
    "sorted-by-pair": _row(
        "按整个“参数名=值”排序了：一个参数名是另一个的前缀时次序不同",
        "whole name=value texts were sorted: that differs where one name begins another",
        "只按参数名排序，再拼接。",
        "Sort by name alone, then join.",
        "order",
        "seed; go",
    ),
    "ampersand-before-key": _row(
        "拼接的文字与密钥之间多了一个 &",
        "an & stands between the joined text and the key",
        "去掉循环拼接后剩在末尾的 &，也不要在密钥前加 &。",
        "Cut off the & that a loop leaves at the end, and put none before the key.",
        "order",
        _SAMPLES,
    ),
    "leading-character": _row(
        "拼接后的开头多了一个 {detail}",
        "the joined text begins with {detail}",
        "从第一个参数名开始。",
        "Begin with the first name.",
        "order",
        _SAMPLES,
    ),
    "other-join": _row(
        "参数的拼接方式不对（{detail}）",
        "the parameters were joined in another way ({detail})",
        "用 name=value，以 & 连接。",
        "Write name=value, joined with &.",
        "order",
        _SAMPLES,
    ),
    "text-url-encoded": _row(
        "拼接好的整段文字又做了 URL 编码（{detail}）",
        "the whole joined text was URL-encoded ({detail})",
        "拼接后的文字原样签名。",
        "Sign the joined text as it is.",
        "raw",
        _VECTORS + " (C5)",
    ),
    "json-signed": _row(
        "签的是 JSON（{detail}），不是拼接的参数",
        "JSON was signed ({detail}) instead of the joined parameters",
        "请求的签名是对 name=value&… 做的；只有应答与通知才对原始报文签名。",
        "A request signs name=value&...; only answers and notifications sign the raw body.",
        "order",
        _SAMPLES + " (C9)",
    ),
    "address-signed": _row(
        "请求地址或方法参与了签名（{detail}）",
        "the address or the method was signed too ({detail})",
        "只有参数和密钥参与签名。",
        "Only the parameters and the key are signed.",
        "order",
        _SAMPLES,
    ),
    # ---- key, charset, hash
    "key-joined": _row(
        "密钥前多了 {detail}",
        "{detail} stands between the text and the key",
        "密钥直接接在最后，中间什么都不加（与微信支付的 &key= 不同）。",
        "Append the key directly, with nothing in between (unlike WeChat Pay's &key=).",
        "key",
        _SAMPLES,
    ),
    "key-in-front": _row(
        "密钥放在了最前面",
        "the key stands in front of the text",
        "密钥接在最后。",
        "Append the key at the end.",
        "key",
        _SAMPLES,
    ),
    "key-twice": _row(
        "密钥拼接了两次",
        "the key was added twice",
        "密钥只在最后接一次。",
        "Append the key once, at the end.",
        "key",
        _SAMPLES,
    ),
    "blank-at-key": _row(
        "密钥旁边有看不见的字符（{detail}）",
        "there is an invisible character at the key ({detail})",
        "读取密钥后去掉首尾空白（多半是配置文件末尾的换行）。",
        "Trim the key after reading it; usually it is the line break at the end of a file.",
        "key",
        _SAMPLES,
    ),
    "key-changed": _row(
        "密钥被改动过再使用（{detail}）",
        "the key was changed before use ({detail})",
        "密钥原样使用。",
        "Use the key exactly as issued.",
        "key",
        _SAMPLES,
    ),
    "other-key": _row(
        "用了另一个账户或环境的密钥：{detail}",
        "the key of another account or environment was used: {detail}",
        "app code、密钥与网关地址必须属于同一环境。",
        "App code, key and host must belong to the same environment.",
        "key",
        "docs2024; docs2026",
    ),
    "app-code-as-key": _row(
        "用 app code 当密钥签名了",
        "the app code was used as the key",
        "签名用 client key；app code 只放在请求头 X-QF-APPCODE。",
        "Sign with the client key; the app code only goes into X-QF-APPCODE.",
        "key",
        _SAMPLES,
    ),
    "app-code-too": _row(
        "除密钥外，app code 也参与了签名",
        "the app code was signed as well as the key",
        "只有参数和密钥参与签名。",
        "Only the parameters and the key are signed.",
        "key",
        _SAMPLES,
    ),
    "key-missing": _row(
        "签名时没有加密钥",
        "the key was not part of what was signed",
        "拼接后直接接上密钥再做摘要；检查密钥变量是否为空。",
        "Append the key before hashing; see whether its variable was empty.",
        "key",
        _SAMPLES,
    ),
    "charset": _row(
        "签名时的字符编码是 {detail}，应为 UTF-8",
        "the text was hashed as {detail} instead of UTF-8",
        "取 UTF-8 字节再做摘要（Java：getBytes(UTF_8)；源文件也存为 UTF-8）。",
        "Hash the UTF-8 bytes (Java: getBytes(UTF_8); save the source file as UTF-8 too).",
        "digest",
        "docs2024; published vectors",
    ),
    "other-hash": _row(
        "签名用的是 {detail}，与请求头说明的算法不同",
        "{detail} was used, which is not what the headers announce",
        "不带 X-QF-SIGNTYPE 就是 MD5；用 SHA256 必须加上 X-QF-SIGNTYPE: SHA256。",
        "Without X-QF-SIGNTYPE it is MD5; SHA256 needs the header X-QF-SIGNTYPE: SHA256.",
        "sha256",
        "docs2024; docs2026 (C6)",
    ),
    "hmac": _row(
        "用了 {detail}，应为普通摘要",
        "{detail} was used instead of a plain hash",
        "把密钥接在文字后面，做普通的 MD5 或 SHA256。",
        "Append the key to the text and take a plain MD5 or SHA256.",
        "digest",
        _SAMPLES,
    ),
    "hashed-twice": _row(
        "做了两次摘要：{detail}",
        "the hash was taken twice: {detail}",
        "只做一次摘要。",
        "Hash once.",
        "digest",
        _SAMPLES,
    ),
    # ---- output
    "base64": _row(
        "摘要写成了 Base64，应为十六进制",
        "the digest was written in Base64 instead of hexadecimal",
        "输出 32 位（MD5）或 64 位（SHA256）十六进制。",
        "Write 32 (MD5) or 64 (SHA256) hexadecimal digits.",
        "digest",
        _SAMPLES,
    ),
    "hex-with-separators": _row(
        "十六进制里夹了分隔符",
        "the hexadecimal digits have separators in them",
        '去掉分隔符（C#：BitConverter.ToString(…).Replace("-", "")）。',
        'Remove them (C#: BitConverter.ToString(...).Replace("-", "")).',
        "digest",
        _SAMPLES,
    ),
    "truncated": _row(
        "签名被截短了（{detail} 位）",
        "the signature is cut short ({detail} digits)",
        "发送完整的摘要；检查变量或数据库字段的长度。",
        "Send the whole digest; look for a variable or column that is too short.",
        "digest",
        _SAMPLES,
    ),
    "zeros-lost": _row(
        "十六进制丢了前导零（{detail} 位）",
        "leading zeros of the hexadecimal digits are lost ({detail} digits)",
        "每个字节写成两位（Java：HexFormat 或 %02x，不要用 BigInteger.toString(16)）。",
        "Write two digits per byte (Java: HexFormat or %02x, not BigInteger.toString(16)).",
        "digest",
        _SAMPLES,
    ),
    "signed-bytes": _row(
        "负数字节写成了 ffffffXX（{detail} 位）",
        "negative bytes were written as ffffffXX ({detail} digits)",
        "先与 0xff 再转十六进制，每个字节两位。",
        "Mask each byte with 0xff and write two digits for it.",
        "digest",
        _SAMPLES,
    ),
    # ---- answers and notifications
    "body-rewritten": _row(
        "验签用的不是原始报文：它被解析后重新写过（原文应为：{detail}）",
        "these are not the bytes that came: the body was parsed and written again"
        " (it was: {detail})",
        "验签要用收到的原始字节；框架解析成对象再转回 JSON，空格、顺序、转义都会变。",
        "Verify the raw bytes; parsing and writing JSON changes blanks, order and escapes.",
        "body",
        "manual2018jp; docs2024; measured (C9, C31)",
    ),
    "body-signed-as-fields": _row(
        "这个签名是对排序后的字段做的，不是对原始报文",
        "this signature was made over sorted fields, not over the raw body",
        "应答与通知的签名是 MD5(原始报文 + 密钥)。",
        "Answers and notifications are signed by MD5(raw body + key).",
        "body",
        "manual2018jp (C9, C31)",
    ),
}
