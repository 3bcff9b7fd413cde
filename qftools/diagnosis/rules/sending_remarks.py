"""What can be wrong with the way a request is sent: host, path, method, headers, body."""

from __future__ import annotations

from collections.abc import Mapping

from qftools.diagnosis.rows import Remark, remark

_SEEN = ("请求中：{value}", "in the request: {value}")

SENDING_REMARKS: Mapping[str, Remark] = {
    # ---- secrets and safety
    "key-visible": remark(
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
    "tls-off": remark(
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
    "plain-http": remark(
        "error",
        ("用 http 明文发送", "it goes over plain http"),
        _SEEN,
        ("改用 https。", "Use https."),
        "docs2024",
    ),
    # ---- where it goes
    "host-unknown": remark(
        "error",
        ("{value} 不是钱方公布的网关地址", "{value} is not a host that QFPay publishes"),
        ("最接近的地址：{near}", "nearest published host: {near}"),
        ("使用开通账户时给你的地址。", "Use the host that came with your account."),
        "docs2024 (C15)",
    ),
    "host-old": remark(
        "warning",
        ("{value} 是 2017 年的旧地址", "{value} is an address of 2017"),
        _SEEN,
        ("改用现在公布的地址。", "Move to a host that is published today."),
        "global2017; docs2024",
    ),
    "host-environment": remark(
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
    "path-unknown": remark(
        "error",
        ("路径 {value} 不是网关的接口", "the path {value} is none of the gateway's"),
        ("最接近的接口：{near}", "nearest: {near}"),
        ("接口都在 /trade/v1/ 下。", "All calls are under /trade/v1/."),
        "seed (C2); docs2024",
    ),
    "elsewhere": remark(
        "note",
        (
            "{value} 是厂商有文档的地址，不在本工具范围内：{about}",
            "{value} is documented by the provider, outside this tool: {about}",
        ),
        ("文档：{near}", "its page: {near}"),
        (
            "按那一页检查字段；这里只检查签名和请求头。",
            "Compare the fields with that page; only signature and headers are checked here.",
        ),
        "docs2024; live2026",
    ),
    "method": remark(
        "error",
        (
            "{endpoint} 接口用了 {value}，只接受 POST",
            "{endpoint} was sent by {value}; it takes POST only",
        ),
        _SEEN,
        ("改用 POST，参数放在请求体。", "Use POST, with the parameters in the body."),
        "docs2024; docs2026 (C1)",
    ),
    "method-get": remark(
        "note",
        ("{endpoint} 用 GET 发送", "{endpoint} was sent by GET"),
        ("资料写的是 POST", "the sources name POST"),
        ("用 POST：所有示例都是 POST。", "Use POST, as all samples do."),
        "docs2024; docs2026 (C1)",
    ),
    "method-disputed": remark(
        "note",
        ("{endpoint} 用 GET 发送：资料说法不一", "{endpoint} by GET: the sources disagree"),
        _SEEN,
        ("用 POST：所有示例都是 POST。", "Use POST, as all samples do."),
        "seed (C1)",
    ),
    "wrong-endpoint": remark(
        "error",
        (
            "{value} 不能用 {endpoint} 撤销，应当用 {near}",
            "{value} is not cancelled by {endpoint} but by {near}",
        ),
        ("{reason}", "{reason}"),
        ("改调 /trade/v1/{near}，然后查询确认。", "Call /trade/v1/{near} instead, then query."),
        "seed (C19)",
    ),
    "not-cancellable": remark(
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
    "header-missing": remark(
        "error",
        ("缺少请求头 {field}", "the header {field} is missing"),
        ("请求头有：{value}", "the headers are: {value}"),
        ("每个请求都要带上它。", "Send it with every request."),
        "seed; docs2024",
    ),
    "sign-in-body": remark(
        "error",
        (
            "签名放在了参数 {field} 里，没有放在请求头",
            "the signature is in the parameter {field}, not in the header",
        ),
        _SEEN,
        ("放到请求头 X-QF-SIGN。", "Send it as the header X-QF-SIGN."),
        "seed; docs2024",
    ),
    "app-code-shape": remark(
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
    "signature-shape": remark(
        "error",
        ("签名的形状不对：{value}", "the signature has the wrong shape: {value}"),
        ("{algorithm} 应为 {wanted} 位十六进制", "{algorithm} has {wanted} hexadecimal digits"),
        ("把摘要写成十六进制，一位不少。", "Write the digest in hexadecimal, all of it."),
        "seed; docs2026",
        "digest",
    ),
    "sha256-unannounced": remark(
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
    "md5-announced-as-sha256": remark(
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
    "signtype-unknown": remark(
        "error",
        (
            "X-QF-SIGNTYPE 的值 {value} 网关不认识",
            "X-QF-SIGNTYPE is {value}, which the gateway does not know",
        ),
        _SEEN,
        ("只能是 MD5 或 SHA256；不带就是 MD5。", "It is MD5 or SHA256; without it MD5 is meant."),
        "docs2024; docs2026",
    ),
    "content-type": remark(
        "warning",
        ("Content-Type 是 {value}", "Content-Type is {value}"),
        (
            "应为 application/x-www-form-urlencoded",
            "it should be application/x-www-form-urlencoded",
        ),
        ("改成表单类型。", "Send the type of a form."),
        "docs2024; docs2026",
    ),
    "body-multipart": remark(
        "note",
        ("请求体是 multipart/form-data", "the body is multipart/form-data"),
        (
            "网关也读它；资料里写的是 application/x-www-form-urlencoded",
            "the gateway reads it, too; the sources name application/x-www-form-urlencoded",
        ),
        (
            "可以不改；按资料发送则用表单（PHP：http_build_query）。",
            "It may stay; the documented way is a form (PHP: http_build_query).",
        ),
        "docs2024; docs2026",
    ),
    "body-not-form": remark(
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
    "body-file": remark(
        "note",
        (
            "请求体来自文件 {value}，这里读不到",
            "the body comes from the file {value}, which can't be read here",
        ),
        _SEEN,
        ("把文件内容一起粘贴进来。", "Paste the content of the file too."),
        "chosen",
    ),
}
