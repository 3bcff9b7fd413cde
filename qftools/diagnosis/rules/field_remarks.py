"""What can be wrong with the parameters of a request."""

from __future__ import annotations

from collections.abc import Mapping

from qftools.diagnosis.rows import Remark, remark

_SEEN = ("请求中：{value}", "in the request: {value}")

FIELD_REMARKS: Mapping[str, Remark] = {
    # ---- fields
    "field-missing": remark(
        "error",
        ("缺少必填参数 {field}", "the required parameter {field} is missing"),
        ("{endpoint} 接口必须有它", "{endpoint} requires it"),
        ("加上它，再签名。", "Add it, then sign."),
        "seed; docs2024",
    ),
    "field-unknown": remark(
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
    "field-unlisted": remark(
        "note",
        (
            "{endpoint} 接口没有公布参数 {field}",
            "no source lists a parameter {field} for {endpoint}",
        ),
        ("网关会忽略它，但它参与签名", "the gateway ignores it, but it is signed"),
        ("不需要就去掉。", "Remove it if nothing needs it."),
        "docs2024; vendor-tests",
    ),
    "field-too-long": remark(
        "error",
        ("{field} 太长：{value} 个字符", "{field} is too long: {value} characters"),
        ("最多 {wanted} 个字符", "at most {wanted} characters"),
        ("缩短它。", "Shorten it."),
        "seed; docs2024",
    ),
    "field-empty": remark(
        "note",
        ("{field} 没有值", "{field} has no value"),
        (
            "空值是否参与签名，各版文档说法不一（C4）",
            "whether empty values are signed is disputed (C4)",
        ),
        ("没有值就不要发送。", "Leave out what has no value."),
        "seed; live2026 (C4)",
    ),
    "field-repeated": remark(
        "warning",
        ("{field} 出现了多次", "{field} occurs more than once"),
        ("只有最后一个算数", "only the last one counts"),
        ("每个参数只发送一次。", "Send every parameter once."),
        "chosen",
    ),
    "field-blanks": remark(
        "warning",
        ("{field} 首尾有空白", "there are blanks around the value of {field}"),
        ("值：{value}", "the value: {value}"),
        ("签名之前去掉。", "Cut them off before signing."),
        "measured",
    ),
    "field-deceptive": remark(
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
        "measured",
    ),
    "field-not-utf8": remark(
        "error",
        ("{field} 的字节不是 UTF-8", "the bytes of {field} are not UTF-8"),
        ("{value}", "{value}"),
        ("用 UTF-8 编码发送（常见的误用：GBK）。", "Send UTF-8 (what is often sent instead: GBK)."),
        "docs2024; docs2026",
        "digest",
    ),
    "plus-raw": remark(
        "warning",
        (
            "{field} 里的 + 没有编码，网关会读成空格",
            "the + in {field} is not encoded: the gateway reads a blank",
        ),
        ("网关读到：{value}", "the gateway reads: {value}"),
        ("写成 %2B。", "Write %2B."),
        "docs2024; measured",
    ),
    "parameters-in-query": remark(
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
    "amount-format": remark(
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
    "amount-not-positive": remark(
        "error",
        ("{field} 必须大于零", "{field} must be greater than zero"),
        _SEEN,
        ("检查金额的来源。", "See where the amount comes from."),
        "chosen",
    ),
    "amount-small": remark(
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
    "amount-yen": remark(
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
    "currency-unknown": remark(
        "error",
        ("网关不收货币 {value}", "the gateway takes no currency {value}"),
        ("最接近：{near}", "nearest: {near}"),
        (
            "用三位大写 ISO 代码（人民币是 CNY，不是 RMB）。",
            "Use the ISO code in capitals (CNY, not RMB).",
        ),
        "docs2024; docs2026",
    ),
    "time-format": remark(
        "error",
        ("{field} 不是 YYYY-MM-DD hh:mm:ss", "{field} is not YYYY-MM-DD hh:mm:ss"),
        _SEEN,
        ("24 小时制，中间一个空格，没有时区。", "24-hour clock, one blank in the middle, no zone."),
        "docs2024",
        "time",
    ),
    "time-zone-utc": remark(
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
    "months-crossed": remark(
        "error",
        (
            "start_time 与 end_time 不在同一个月",
            "start_time and end_time are not in the same month",
        ),
        _SEEN,
        ("按月分开查询。", "Query month by month."),
        "docs2024 (C29)",
    ),
    "syssn-is-pay-type": remark(
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
    "syssn-shape": remark(
        "warning",
        ("{field} 不像网关流水号", "{field} does not look like a number of the gateway"),
        (
            "{value}；应为 26 位数字，以日期开头",
            "{value}; it has 26 digits and begins with the date",
        ),
        ("是不是填成了 out_trade_no？", "Is it the out_trade_no?"),
        "docs2024; vendor-tests",
    ),
    "number-characters": remark(
        "warning",
        ("{field} 里有公布范围之外的字符", "{field} has characters outside of the published set"),
        ("{value}；公布的是字母、数字、_ | *", "{value}; published are letters, digits, _ | *"),
        ("只用字母和数字最稳妥。", "Letters and digits alone are safest."),
        "manual2018jp",
    ),
    "number-reused": remark(
        "error",
        ("out_trade_no {value} 用过了", "the out_trade_no {value} was used before"),
        ("{reason}", "{reason}"),
        (
            "每笔支付、每笔退款都用新的号码。",
            "Every payment and every refund needs a number of its own.",
        ),
        "docs2024 (C17)",
    ),
    "pay-type-unknown": remark(
        "warning",
        ("没有资料列出支付类型 {value}", "no source lists the pay type {value}"),
        ("最接近：{near}", "nearest: {near}"),
        (
            "文档之外也有支付类型：对照开通资料，或询问钱方。",
            "There are pay types that no document lists: compare it with what was opened for"
            " your account, or ask QFPay.",
        ),
        "docs2024",
    ),
    "auth-code-missing": remark(
        "error",
        (
            "{value} 是付款码支付，缺少 auth_code",
            "{value} scans the customer's code, but auth_code is missing",
        ),
        _SEEN,
        ("填扫到的付款码。", "Send the code that was scanned."),
        "docs2024; faq2017",
    ),
    "auth-code-wallet": remark(
        "note",
        ("auth_code 不像 {value} 的付款码", "auth_code does not look like one of {value}"),
        ("开头 {start}，{wanted} 位", "it begins with {start} and has {wanted} digits"),
        ("用 800008，让网关识别钱包。", "Use 800008, which recognises the wallet."),
        "wallet-docs; faq2017",
    ),
    "expiry-range": remark(
        "error",
        ("expired_time 应在 5 到 120 分钟之间", "expired_time must be 5 to 120 minutes"),
        _SEEN,
        (
            "单位是分钟，不是秒，也不是时刻。",
            "It counts minutes, not seconds, and is no point in time.",
        ),
        "docs2024",
    ),
    "notify-port": remark(
        "warning",
        ("通知地址的端口网关不会访问", "the gateway does not call this port"),
        ("{value}；只允许 80 和 443", "{value}; only 80 and 443 are allowed"),
        ("换成公网的 80 或 443 端口。", "Use port 80 or 443 of a public host."),
        "manual2018jp; docs2024",
    ),
    "mchid-missing": remark(
        "error",
        ("缺少 mchid：这个账户是代理商", "mchid is missing: this account is an agent's"),
        ("分配了 mchid 就必须每次都带", "who was given an mchid must send it in every call"),
        ("加上 mchid，再签名。", "Add mchid, then sign."),
        "docs2024; docs2026 (C12)",
    ),
    "mchid-forbidden": remark(
        "error",
        (
            "不应有 mchid：这个账户是直连商户",
            "mchid must not be there: this account is a direct merchant's",
        ),
        _SEEN,
        ("去掉 mchid，再签名。", "Remove mchid, then sign."),
        "docs2024; docs2026 (C12)",
    ),
    "mchid-shape": remark(
        "warning",
        ("mchid 解不开：它不是网关发的编号", "mchid does not decode: the gateway never issued it"),
        ("{value}；网关会答 1108 MCHCODE非法", "{value}; the gateway answers 1108 MCHCODE非法"),
        ("核对大小写与长度，原样复制。", "Compare letter case and length; copy it as it is."),
        "vendor-tests",
    ),
}
