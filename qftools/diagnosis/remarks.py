"""What can be wrong with a request besides its signature: one row each, with its rule's source.

``{...}`` are filled by the check that finds it. The docs page lists these rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from qftools.catalogue.rows import Text
from qftools.diagnosis.nouns import Severity


class Remark(NamedTuple):
    """One row: how bad it is, what is wrong, what shows it, what to do, who says so."""

    severity: Severity
    what: Text
    evidence: Text
    fix: Text
    source: str
    code: str = ""


def _row(
    severity: Severity,
    what: tuple[str, str],
    evidence: tuple[str, str],
    fix: tuple[str, str],
    source: str,
    code: str = "",
) -> Remark:
    return Remark(severity, Text(*what), Text(*evidence), Text(*fix), source, code)


_SEEN = ("请求中：{value}", "in the request: {value}")

REMARKS: Mapping[str, Remark] = {
    # ---- secrets and safety
    "key-visible": _row(
        "error",
        (
            "粘贴的内容里有密钥（已遮盖）",
            "the client key is visible in what was pasted (redacted here)",
        ),
        ("出现的位置：{value}", "where: {value}"),
        (
            "密钥只用来签名，从不发送。它可能已进入日志或聊天记录：请向服务商申请更换。",
            "The key signs and is never sent. It may be in logs or chats now: ask the provider"
            " for a new one.",
        ),
        "seed (C8); docs2024",
    ),
    "tls-off": _row(
        "error",
        ("关闭了 TLS 证书校验", "the check of the TLS certificate is switched off"),
        _SEEN,
        (
            "去掉 -k / verify=False / CURLOPT_SSL_VERIFYPEER=false；否则任何中间人都能读改请求。",
            "Remove -k, verify=False, CURLOPT_SSL_VERIFYPEER=false: anybody in between could read"
            " and change the request.",
        ),
        "chosen; seed (PHP sample)",
    ),
    "plain-http": _row(
        "error",
        ("用 http 明文发送", "it goes over plain http"),
        _SEEN,
        ("改用 https。", "Use https."),
        "docs2024",
    ),
    # ---- where it goes
    "host-unknown": _row(
        "error",
        ("{value} 不是钱方公布的网关地址", "{value} is not a host that QFPay publishes"),
        ("最接近的地址：{near}", "nearest published host: {near}"),
        ("使用开通账户时给你的地址。", "Use the host that came with your account."),
        "docs2024 (C15)",
    ),
    "host-old": _row(
        "warning",
        ("{value} 是 2017 年的旧地址", "{value} is an address of 2017"),
        _SEEN,
        ("改用现在公布的地址。", "Move to a host that is published today."),
        "global2017; docs2024",
    ),
    "host-environment": _row(
        "error",
        (
            "凭据属于{environment}环境，请求却发往{host}环境",
            "the credentials are for {environment}, the request goes to a {host} host",
        ),
        _SEEN,
        (
            "app code、密钥与地址必须属于同一环境、同一地区。",
            "App code, key and host must belong to the same environment and region.",
        ),
        "docs2024; docs2026",
    ),
    "path-unknown": _row(
        "error",
        ("路径 {value} 不是网关的接口", "the path {value} is none of the gateway's"),
        ("最接近的接口：{near}", "nearest: {near}"),
        ("五个接口都在 /trade/v1/ 下。", "The five calls are all under /trade/v1/."),
        "seed (C2); docs2024",
    ),
    "method": _row(
        "error",
        (
            "{endpoint} 接口用了 {value}，只接受 POST",
            "{endpoint} was sent by {value}; it takes POST only",
        ),
        _SEEN,
        ("改用 POST，参数放在请求体。", "Use POST, with the parameters in the body."),
        "docs2024; docs2026 (C1)",
    ),
    "method-disputed": _row(
        "note",
        ("{endpoint} 用 GET 发送：资料说法不一", "{endpoint} by GET: the sources disagree"),
        _SEEN,
        ("用 POST：所有示例都是 POST。", "Use POST, as all samples do."),
        "seed (C1)",
    ),
    "wrong-endpoint": _row(
        "error",
        (
            "{value} 不能用 {endpoint} 撤销，应当用 {near}",
            "{value} is not cancelled by {endpoint} but by {near}",
        ),
        ("{reason}", "{reason}"),
        ("改调 /trade/v1/{near}，然后查询确认。", "Call /trade/v1/{near} instead, then query."),
        "seed (C19)",
    ),
    "not-cancellable": _row(
        "error",
        ("{value} 不能撤销", "{value} can't be cancelled"),
        ("{reason}", "{reason}"),
        (
            "先查询：已支付就退款，未支付就等它过期。",
            "Query first: refund it if it was paid, let it expire if not.",
        ),
        "seed (C20)",
    ),
    # ---- headers
    "header-missing": _row(
        "error",
        ("缺少请求头 {field}", "the header {field} is missing"),
        ("请求头有：{value}", "the headers are: {value}"),
        ("每个请求都要带上它。", "Send it with every request."),
        "seed; docs2024",
    ),
    "sign-in-body": _row(
        "error",
        (
            "签名放在了参数 {field} 里，没有放在请求头",
            "the signature is in the parameter {field}, not in the header",
        ),
        _SEEN,
        ("放到请求头 X-QF-SIGN。", "Send it as the header X-QF-SIGN."),
        "seed; docs2024",
    ),
    "app-code-shape": _row(
        "warning",
        ("X-QF-APPCODE 不像 app code", "X-QF-APPCODE does not look like an app code"),
        (
            "{value} 个字符，应为 32 位十六进制",
            "{value} characters; it should be 32 hexadecimal digits",
        ),
        (
            "对照开通邮件，检查是否复制完整。",
            "Compare it with what was issued: was all of it copied?",
        ),
        "docs2024 (seed's PHP sample has 31)",
    ),
    "signature-shape": _row(
        "error",
        ("签名的形状不对：{value}", "the signature has the wrong shape: {value}"),
        ("{algorithm} 应为 {wanted} 位十六进制", "{algorithm} has {wanted} hexadecimal digits"),
        ("把摘要写成十六进制，一位不少。", "Write the digest in hexadecimal, all of it."),
        "seed; docs2026",
        "digest",
    ),
    "sha256-unannounced": _row(
        "error",
        (
            "签名是 64 位（SHA256 的长度），却没有用 X-QF-SIGNTYPE 说明",
            "the signature has 64 digits, as SHA256 has, and X-QF-SIGNTYPE does not say so",
        ),
        ("X-QF-SIGNTYPE：{value}", "X-QF-SIGNTYPE: {value}"),
        (
            "加上请求头 X-QF-SIGNTYPE: SHA256，或改用 MD5。",
            "Add X-QF-SIGNTYPE: SHA256, or sign with MD5.",
        ),
        "docs2024; docs2026 (C6)",
        "sha256",
    ),
    "md5-announced-as-sha256": _row(
        "error",
        (
            "X-QF-SIGNTYPE 说是 SHA256，签名却只有 32 位（MD5 的长度）",
            "X-QF-SIGNTYPE says SHA256, but the signature has 32 digits, as MD5 has",
        ),
        _SEEN,
        ("用 SHA256 签名，或去掉这个请求头。", "Sign with SHA256, or remove the header."),
        "docs2024; docs2026 (C6)",
        "sha256",
    ),
    "signtype-unknown": _row(
        "error",
        (
            "X-QF-SIGNTYPE 的值 {value} 网关不认识",
            "X-QF-SIGNTYPE is {value}, which the gateway does not know",
        ),
        _SEEN,
        ("只能是 MD5 或 SHA256；不带就是 MD5。", "It is MD5 or SHA256; without it MD5 is meant."),
        "docs2024; docs2026",
    ),
    "content-type": _row(
        "warning",
        ("Content-Type 是 {value}", "Content-Type is {value}"),
        (
            "应为 application/x-www-form-urlencoded",
            "it should be application/x-www-form-urlencoded",
        ),
        ("改成表单类型。", "Send the type of a form."),
        "docs2024; docs2026",
    ),
    "body-not-form": _row(
        "error",
        ("请求体是 {value}，网关只读表单", "the body is {value}; the gateway reads forms only"),
        ("请求体开头：{start}", "it begins: {start}"),
        (
            "发送 name=value&name=value（requests 用 data=，axios 用 URLSearchParams）。",
            "Send name=value&name=value (requests: data=, axios: URLSearchParams).",
        ),
        "docs2024; docs2026",
        "raw",
    ),
    "body-file": _row(
        "note",
        (
            "请求体来自文件 {value}，这里读不到",
            "the body comes from the file {value}, which can't be read here",
        ),
        _SEEN,
        ("把文件内容一起粘贴进来。", "Paste the content of the file too."),
        "chosen",
    ),
    # ---- fields
    "field-missing": _row(
        "error",
        ("缺少必填参数 {field}", "the required parameter {field} is missing"),
        ("{endpoint} 接口必须有它", "{endpoint} requires it"),
        ("加上它，再签名。", "Add it, then sign."),
        "seed; docs2024",
    ),
    "field-unknown": _row(
        "warning",
        (
            "没有叫 {field} 的参数，是不是 {near}？",
            "there is no parameter {field}; is {near} meant?",
        ),
        (
            "名称区分大小写；不认识的参数会被忽略，但参与签名",
            "names are case-sensitive; an unknown one is signed and ignored",
        ),
        ("改名后重新签名。", "Rename it, then sign again."),
        "docs2024; vendor-tests; manual2018jp",
    ),
    "field-unlisted": _row(
        "note",
        (
            "{endpoint} 接口没有公布参数 {field}",
            "no source lists a parameter {field} for {endpoint}",
        ),
        ("网关会忽略它，但它参与签名", "the gateway ignores it, but it is signed"),
        ("不需要就去掉。", "Remove it if nothing needs it."),
        "docs2024; vendor-tests",
    ),
    "field-too-long": _row(
        "error",
        ("{field} 太长：{value} 个字符", "{field} is too long: {value} characters"),
        ("最多 {wanted} 个字符", "at most {wanted} characters"),
        ("缩短它。", "Shorten it."),
        "seed; docs2024",
    ),
    "field-empty": _row(
        "note",
        ("{field} 没有值", "{field} has no value"),
        (
            "空值是否参与签名，各版文档说法不一（C4）",
            "whether empty values are signed is disputed (C4)",
        ),
        ("没有值就不要发送。", "Leave out what has no value."),
        "seed; live2026 (C4)",
    ),
    "field-repeated": _row(
        "warning",
        ("{field} 出现了多次", "{field} occurs more than once"),
        ("只有最后一个算数", "only the last one counts"),
        ("每个参数只发送一次。", "Send every parameter once."),
        "chosen",
    ),
    "field-blanks": _row(
        "warning",
        ("{field} 首尾有空白", "there are blanks around the value of {field}"),
        ("值：{value}", "the value: {value}"),
        ("签名之前去掉。", "Cut them off before signing."),
        "published vectors",
    ),
    "field-deceptive": _row(
        "warning",
        (
            "{field} 里有看不见或容易看错的字符",
            "{field} holds characters that are invisible or deceive the eye",
        ),
        ("{value}", "{value}"),
        (
            "多半是复制粘贴带进来的：签名之前清除。",
            "They usually come from copy and paste: remove them before signing.",
        ),
        "published vectors",
    ),
    "field-not-utf8": _row(
        "error",
        ("{field} 的字节不是 UTF-8", "the bytes of {field} are not UTF-8"),
        ("{value}", "{value}"),
        ("用 UTF-8 编码发送（常见的误用：GBK）。", "Send UTF-8 (what is often sent instead: GBK)."),
        "docs2024; docs2026",
        "digest",
    ),
    "plus-raw": _row(
        "warning",
        (
            "{field} 里的 + 没有编码，网关会读成空格",
            "the + in {field} is not encoded: the gateway reads a blank",
        ),
        ("网关读到：{value}", "the gateway reads: {value}"),
        ("写成 %2B。", "Write %2B."),
        "docs2024; measured",
    ),
    "parameters-in-query": _row(
        "note",
        (
            "参数在网址的查询串里，不在请求体里",
            "the parameters are in the query string, not in the body",
        ),
        ("网址会进入各级日志", "addresses end up in logs"),
        ("放到请求体里。", "Move them into the body."),
        "global2017; measured",
    ),
    # ---- values
    "amount-format": _row(
        "error",
        ("{field} 不是最小货币单位的整数", "{field} is not a whole number of minor units"),
        _SEEN,
        (
            "25.00 元写成 2500；日元没有小数，100 日元写成 100。",
            "HKD 25.00 is 2500; yen have no decimals: JPY 100 is 100.",
        ),
        "seed; manual2018jp (C13)",
        "amount",
    ),
    "amount-not-positive": _row(
        "error",
        ("{field} 必须大于零", "{field} must be greater than zero"),
        _SEEN,
        ("检查金额的来源。", "See where the amount comes from."),
        "chosen",
    ),
    "amount-small": _row(
        "note",
        (
            "金额只有 {value}：是不是按元（而不是分）填的？",
            "the amount is only {value}: was it given in major units?",
        ),
        ("txamt 以最小货币单位计", "txamt counts minor units"),
        ("25 元写成 2500。", "25 dollars are 2500."),
        "seed (C13)",
        "amount",
    ),
    "amount-yen": _row(
        "warning",
        (
            "日元没有小数：这笔是 {value}，是不是多乘了 100？",
            "yen have no decimals: this is {value}; was it multiplied by 100?",
        ),
        ("txamt={raw}，末两位是 00", "txamt={raw} ends in 00"),
        ("100 日元写成 100。", "JPY 100 is sent as 100."),
        "manual2018jp; ISO 4217 (C13)",
        "amount",
    ),
    "currency-unknown": _row(
        "error",
        ("网关不收货币 {value}", "the gateway takes no currency {value}"),
        ("最接近：{near}", "nearest: {near}"),
        (
            "用三位大写 ISO 代码（人民币是 CNY，不是 RMB）。",
            "Use the ISO code in capitals (CNY, not RMB).",
        ),
        "docs2024; docs2026",
    ),
    "time-format": _row(
        "error",
        ("{field} 不是 YYYY-MM-DD hh:mm:ss", "{field} is not YYYY-MM-DD hh:mm:ss"),
        _SEEN,
        ("24 小时制，中间一个空格，没有时区。", "24-hour clock, one blank in the middle, no zone."),
        "docs2024",
        "time",
    ),
    "time-zone-utc": _row(
        "warning",
        ("{field} 是 UTC，不是当地时间", "{field} is UTC, not local time"),
        (
            "与网关的时间 {value} 相差 {wanted} 小时",
            "it is {wanted} hours away from the gateway's {value}",
        ),
        ("按北京时间发送，或用 txzone 说明时区。", "Send Beijing time, or say the zone in txzone."),
        "docs2024",
        "time",
    ),
    "months-crossed": _row(
        "error",
        (
            "start_time 与 end_time 不在同一个月",
            "start_time and end_time are not in the same month",
        ),
        _SEEN,
        ("按月分开查询。", "Query month by month."),
        "docs2024 (C29)",
    ),
    "syssn-is-pay-type": _row(
        "error",
        (
            "{field} 填的是支付类型 {value}，不是网关流水号",
            "{field} is the pay type {value}, not a number of the gateway",
        ),
        _SEEN,
        (
            "填下单应答里的 syssn（26 位数字）。",
            "Send the syssn of the payment's answer (26 digits).",
        ),
        "seed (PHP sample)",
    ),
    "syssn-shape": _row(
        "warning",
        ("{field} 不像网关流水号", "{field} does not look like a number of the gateway"),
        (
            "{value}；应为 26 位数字，以日期开头",
            "{value}; it has 26 digits and begins with the date",
        ),
        ("是不是填成了 out_trade_no？", "Is it the out_trade_no?"),
        "docs2024; vendor-tests",
    ),
    "number-characters": _row(
        "warning",
        ("{field} 里有公布范围之外的字符", "{field} has characters outside of the published set"),
        ("{value}；公布的是字母、数字、_ | *", "{value}; published are letters, digits, _ | *"),
        ("只用字母和数字最稳妥。", "Letters and digits alone are safest."),
        "manual2018jp",
    ),
    "number-reused": _row(
        "error",
        ("out_trade_no {value} 用过了", "the out_trade_no {value} was used before"),
        ("{reason}", "{reason}"),
        (
            "每笔支付、每笔退款都用新的号码。",
            "Every payment and every refund needs a number of its own.",
        ),
        "docs2024 (C17)",
    ),
    "pay-type-unknown": _row(
        "error",
        ("没有支付类型 {value}", "there is no pay type {value}"),
        ("最接近：{near}", "nearest: {near}"),
        ("对照支付类型表。", "See the table of pay types."),
        "docs2024",
    ),
    "auth-code-missing": _row(
        "error",
        (
            "{value} 是付款码支付，缺少 auth_code",
            "{value} scans the customer's code, but auth_code is missing",
        ),
        _SEEN,
        ("填扫到的付款码。", "Send the code that was scanned."),
        "docs2024; faq2017",
    ),
    "auth-code-wallet": _row(
        "note",
        ("auth_code 不像 {value} 的付款码", "auth_code does not look like one of {value}"),
        ("开头 {start}，{wanted} 位", "it begins with {start} and has {wanted} digits"),
        ("用 800008，让网关识别钱包。", "Use 800008, which recognises the wallet."),
        "wallet-docs; faq2017",
    ),
    "expiry-range": _row(
        "error",
        ("expired_time 应在 5 到 120 分钟之间", "expired_time must be 5 to 120 minutes"),
        _SEEN,
        (
            "单位是分钟，不是秒，也不是时刻。",
            "It counts minutes, not seconds, and is no point in time.",
        ),
        "docs2024",
    ),
    "notify-port": _row(
        "warning",
        ("通知地址的端口网关不会访问", "the gateway does not call this port"),
        ("{value}；只允许 80 和 443", "{value}; only 80 and 443 are allowed"),
        ("换成公网的 80 或 443 端口。", "Use port 80 or 443 of a public host."),
        "manual2018jp; docs2024",
    ),
    "mchid-missing": _row(
        "error",
        ("缺少 mchid：这个账户是代理商", "mchid is missing: this account is an agent's"),
        ("分配了 mchid 就必须每次都带", "who was given an mchid must send it in every call"),
        ("加上 mchid，再签名。", "Add mchid, then sign."),
        "docs2024; docs2026 (C12)",
    ),
    "mchid-forbidden": _row(
        "error",
        (
            "不应有 mchid：这个账户是直连商户",
            "mchid must not be there: this account is a direct merchant's",
        ),
        _SEEN,
        ("去掉 mchid，再签名。", "Remove mchid, then sign."),
        "docs2024; docs2026 (C12)",
    ),
    "mchid-shape": _row(
        "warning",
        ("mchid 解不开：它不是网关发的编号", "mchid does not decode: the gateway never issued it"),
        ("{value}；网关会答 1108 MCHCODE非法", "{value}; the gateway answers 1108 MCHCODE非法"),
        ("核对大小写与长度，原样复制。", "Compare letter case and length; copy it as it is."),
        "vendor-tests",
    ),
}
