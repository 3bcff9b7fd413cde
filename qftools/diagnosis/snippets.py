"""How to do each stage of signing right, in the reader's language. Every piece is run by a test.

A piece works on ``params`` (name to plain value) and ``key``, and leaves ``result``.
"""

from __future__ import annotations

from collections.abc import Mapping

#: The comments, as they stand in the code, in Chinese.
_COMMENTS = {
    "sign the plain values; encode only what is sent": "签原始值；只有发送的内容才编码",
    "sent, not signed": "用于发送，不参与签名",
    "minor units; JPY": "最小货币单位；日元",
    "take the time once; sign and send the same text": "时间只取一次；签名与发送用同一段文字",
    "the file itself in UTF-8": "源文件本身也存为 UTF-8",
    "send the header X-QF-SIGNTYPE: SHA256 with it": "同时发送请求头 X-QF-SIGNTYPE: SHA256",
    "nothing in between": "中间什么都不加",
    "the bytes as they came": "收到的原始字节",
    **dict.fromkeys(
        [
            f"one {kind}, complete before it is signed, and sent as it is"
            for kind in ("dictionary", "array", "map", "object")
        ],
        "一份参数：签名前补齐，原样发送",
    ),
}
LANGUAGES = ("python", "php", "java", "node")

#: By stage, then by language. Java pieces are statements of a method; java.util.* is imported.
SNIPPETS: Mapping[str, Mapping[str, str]] = {
    "order": {
        "python": 'result = "&".join(f"{name}={params[name]}" for name in sorted(params))',
        "php": "ksort($params, SORT_STRING);\n"
        "$pairs = [];\n"
        'foreach ($params as $name => $value) $pairs[] = "$name=$value";\n'
        '$result = implode("&", $pairs);',
        "java": "List<String> pairs = new ArrayList<>();\n"
        'new TreeMap<>(params).forEach((name, value) -> pairs.add(name + "=" + value));\n'
        'String result = String.join("&", pairs);',
        "node": "const result = Object.keys(params).sort()\n"
        '  .map((name) => `${name}=${params[name]}`).join("&");',
    },
    "raw": {
        "python": "# sign the plain values; encode only what is sent\n"
        "from urllib.parse import urlencode\n"
        'text = "&".join(f"{name}={params[name]}" for name in sorted(params))\n'
        "body = urlencode(params)  # sent, not signed\n"
        "result = text",
        "php": "// sign the plain values; encode only what is sent\n"
        "ksort($params, SORT_STRING);\n"
        "$pairs = [];\n"
        'foreach ($params as $name => $value) $pairs[] = "$name=$value";\n'
        '$text = implode("&", $pairs);\n'
        "$body = http_build_query($params);  // sent, not signed\n"
        "$result = $text;",
        "java": "// sign the plain values; encode only what is sent\n"
        "List<String> pairs = new ArrayList<>(), form = new ArrayList<>();\n"
        "new TreeMap<>(params).forEach((name, value) -> {\n"
        '    pairs.add(name + "=" + value);\n'
        '    form.add(name + "=" + java.net.URLEncoder.encode(\n'
        "        value, java.nio.charset.StandardCharsets.UTF_8));\n"
        "});\n"
        'String body = String.join("&", form);  // sent, not signed\n'
        'String result = String.join("&", pairs);',
        "node": "// sign the plain values; encode only what is sent\n"
        "const text = Object.keys(params).sort()\n"
        '  .map((name) => `${name}=${params[name]}`).join("&");\n'
        "const body = new URLSearchParams(params).toString();  // sent, not signed\n"
        "const result = text;",
    },
    "fields": {
        "python": "# one dictionary, complete before it is signed, and sent as it is\n"
        'params = {name: value for name, value in params.items() if value not in (None, "")}\n'
        'result = "&".join(f"{name}={params[name]}" for name in sorted(params))',
        "php": "// one array, complete before it is signed, and sent as it is\n"
        "$params = array_filter($params, fn($value) => $value !== null && $value !== '');\n"
        "ksort($params, SORT_STRING);\n"
        "$pairs = [];\n"
        'foreach ($params as $name => $value) $pairs[] = "$name=$value";\n'
        '$result = implode("&", $pairs);',
        "java": "// one map, complete before it is signed, and sent as it is\n"
        "Map<String, String> sent = new TreeMap<>(params);\n"
        "sent.values().removeIf(value -> value == null || value.isEmpty());\n"
        "List<String> pairs = new ArrayList<>();\n"
        'sent.forEach((name, value) -> pairs.add(name + "=" + value));\n'
        'String result = String.join("&", pairs);',
        "node": "// one object, complete before it is signed, and sent as it is\n"
        "const sent = Object.fromEntries(Object.entries(params)\n"
        '  .filter(([, value]) => value !== null && value !== undefined && value !== ""));\n'
        "const result = Object.keys(sent).sort()\n"
        '  .map((name) => `${name}=${sent[name]}`).join("&");',
    },
    "amount": {
        "python": "from decimal import Decimal\n"
        'result = str(int(Decimal("25.00") * 100))  # minor units; JPY: * 1',
        "php": "$result = (string) (int) round(25.00 * 100);  // minor units; JPY: * 1",
        "java": 'String result = new java.math.BigDecimal("25.00")\n'
        "    .movePointRight(2).toBigIntegerExact().toString();  // minor units; JPY: 0",
        "node": "const result = String(Math.round(25.00 * 100));  // minor units; JPY: * 1",
    },
    "time": {
        "python": "# take the time once; sign and send the same text\n"
        "from datetime import datetime, timedelta, timezone\n"
        "beijing = timezone(timedelta(hours=8))\n"
        'result = datetime.now(beijing).strftime("%Y-%m-%d %H:%M:%S")',
        "php": "// take the time once; sign and send the same text\n"
        '$now = new DateTime("now", new DateTimeZone("Asia/Shanghai"));\n'
        '$result = $now->format("Y-m-d H:i:s");',
        "java": "// take the time once; sign and send the same text\n"
        'String result = java.time.ZonedDateTime.now(java.time.ZoneId.of("Asia/Shanghai"))\n'
        '    .format(java.time.format.DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss"));',
        "node": "// take the time once; sign and send the same text\n"
        "const result = new Date(Date.now() + 8 * 3600e3)\n"
        '  .toISOString().slice(0, 19).replace("T", " ");',
    },
    "digest": {
        "python": "import hashlib\n"
        'result = hashlib.md5((text + key).encode("utf-8")).hexdigest().upper()',
        "php": "$result = strtoupper(md5($text . $key));  // the file itself in UTF-8",
        "java": 'byte[] digest = java.security.MessageDigest.getInstance("MD5")\n'
        "    .digest((text + key).getBytes(java.nio.charset.StandardCharsets.UTF_8));\n"
        "String result = HexFormat.of().withUpperCase().formatHex(digest);",
        "node": 'const result = require("node:crypto").createHash("md5")\n'
        '  .update(text + key, "utf8").digest("hex").toUpperCase();',
    },
    "sha256": {
        "python": "import hashlib\n"
        "# send the header X-QF-SIGNTYPE: SHA256 with it\n"
        'result = hashlib.sha256((text + key).encode("utf-8")).hexdigest().upper()',
        "php": "// send the header X-QF-SIGNTYPE: SHA256 with it\n"
        '$result = strtoupper(hash("sha256", $text . $key));',
        "java": "// send the header X-QF-SIGNTYPE: SHA256 with it\n"
        'byte[] digest = java.security.MessageDigest.getInstance("SHA-256")\n'
        "    .digest((text + key).getBytes(java.nio.charset.StandardCharsets.UTF_8));\n"
        "String result = HexFormat.of().withUpperCase().formatHex(digest);",
        "node": "// send the header X-QF-SIGNTYPE: SHA256 with it\n"
        'const result = require("node:crypto").createHash("sha256")\n'
        '  .update(text + key, "utf8").digest("hex").toUpperCase();',
    },
    "key": {
        "python": "import os\n"
        'key = os.environ["QFTOOLS_CLIENT_KEY"].strip()\n'
        "result = text + key  # nothing in between",
        "php": '$key = trim(getenv("QFTOOLS_CLIENT_KEY"));\n'
        "$result = $text . $key;  // nothing in between",
        "java": 'String secret = System.getenv("QFTOOLS_CLIENT_KEY").strip();\n'
        "String result = text + secret;  // nothing in between",
        "node": "const secret = process.env.QFTOOLS_CLIENT_KEY.trim();\n"
        "const result = text + secret;  // nothing in between",
    },
    "body": {
        "python": "import hashlib\n"
        "# body: the bytes as they came (requests: response.content; Flask: request.get_data())\n"
        "result = hashlib.md5(body + key.encode()).hexdigest().upper()",
        "php": '// $body: the bytes as they came, file_get_contents("php://input")\n'
        "$result = strtoupper(md5($body . $key));",
        "java": "// body: the bytes as they came, request.getInputStream().readAllBytes()\n"
        'java.security.MessageDigest md5 = java.security.MessageDigest.getInstance("MD5");\n'
        "md5.update(body);\n"
        "md5.update(key.getBytes(java.nio.charset.StandardCharsets.UTF_8));\n"
        "String result = HexFormat.of().withUpperCase().formatHex(md5.digest());",
        "node": '// body: the bytes as they came, express.raw({ type: "application/json" })\n'
        'const result = require("node:crypto").createHash("md5")\n'
        '  .update(body).update(key).digest("hex").toUpperCase();',
    },
}


def snippet(stage: str, code: str, lang: str = "en") -> str:
    """The piece for *stage* in the programming language *code*, its comments in *lang*."""
    piece = SNIPPETS[stage][code]
    for comment, said in _COMMENTS.items() if lang == "zh" else ():
        piece = piece.replace(comment, said)
    return piece
