"""A request as a program that runs: python, php, java, node, or curl in bash.

Each program sends what was recorded, prints the answer, and ends; with ``resign`` it signs the
parameters anew with the key in ``QFTOOLS_CLIENT_KEY``. Only the languages' own libraries are
used, so that there is nothing to install (Python: requests).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from qftools.errors import InputError
from qftools.exchange import Request
from qftools.exchange.writing import as_curl

if TYPE_CHECKING:
    from qftools.exchange.shown import ShownRequest

# What the libraries write themselves, and refuse or double when it is given.
_THEIRS = frozenset({"content-length", "connection", "host", "accept-encoding", "expect", "te"})


def as_source(request: ShownRequest, language: str, *, resign: bool = False) -> str:
    """*request* as a program in *language*.

    Args:
        request: What to send.
        language: python, php, java, node or curl.
        resign: Sign the parameters anew, with the key from the environment.

    Raises:
        InputError: There is no such language, or the request can't be signed anew in it.

    Example:
        >>> from qftools.exchange.redaction import Redactor
        >>> sent = Request("POST", "http://127.0.0.1:8787/trade/v1/query", (), b"syssn=1")
        >>> "requests.request" in as_source(Redactor().request(sent), "python")
        True
    """
    if language == "curl" and not resign:
        return as_curl(request)
    writer = (_RESIGNED if resign else _RECORDED).get(language)
    if writer is None:
        known = ", ".join(_RESIGNED if resign else (*_RECORDED, "curl"))
        raise InputError("language", "is {value!r}", "one of {known}", value=language, known=known)
    return writer(request)


def _headers(request: Request, resign: bool = False) -> list[tuple[str, str]]:
    dropped = _THEIRS | ({"x-qf-sign", "content-type"} if resign else set())
    return [(name, value) for name, value in request.headers if name.lower() not in dropped]


def _is_sha256(request: Request) -> bool:
    return (request.header("X-QF-SIGNTYPE") or "").strip().upper() == "SHA256"


def _bare(request: Request) -> str:
    return request.url.partition("?")[0]


def _params(request: Request) -> dict[str, str]:
    return {n: v for n, v in request.params.items() if n not in ("sign", "sign_type")}


# ---- Python --------------------------------------------------------------------------


def _python(request: Request) -> str:
    headers = "".join([f"        {name!r}: {value!r},\n" for name, value in _headers(request)])
    body = f"    data={request.body!r},\n" if request.body else ""
    return (
        "import requests\n\n"
        "answer = requests.request(\n"
        f"    {request.method!r},\n"
        f"    {request.url!r},\n"
        "    headers={\n" + headers + "    },\n" + body + "    timeout=60,\n"
        ")\n"
        "print(answer.status_code, answer.text)\n"
    )


def _python_resigned(request: Request) -> str:
    params = "".join([f"    {name!r}: {value!r},\n" for name, value in _params(request).items()])
    headers = "".join([f"    {n!r}: {v!r},\n" for n, v in _headers(request, resign=True)])
    name = "sha256" if _is_sha256(request) else "md5"
    return (
        "import hashlib\nimport os\n\nimport requests\n\n"
        'key = os.environ["QFTOOLS_CLIENT_KEY"]\n'
        "params = {\n" + params + "}\n"
        'text = "&".join(f"{name}={params[name]}" for name in sorted(params))\n'
        "headers = {\n" + headers + "}\n"
        f'headers["X-QF-SIGN"] = hashlib.{name}((text + key).encode()).hexdigest().upper()\n'
        f"answer = requests.post({_bare(request)!r}, data=params, headers=headers, timeout=60)\n"
        "print(answer.status_code, answer.text)\n"
    )


# ---- PHP -----------------------------------------------------------------------------


def _php_text(text: str | bytes) -> str:
    data = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
    if data.isascii() and all(32 <= octet < 127 for octet in data):
        return "'" + data.decode().replace("\\", "\\\\").replace("'", "\\'") + "'"
    special = {34: '\\"', 36: "\\$", 92: "\\\\"}
    return (
        '"'
        + "".join([special.get(o, chr(o) if 32 <= o < 127 else f"\\x{o:02x}") for o in data])
        + '"'
    )


_PHP_SENT = r"""    CURLOPT_TIMEOUT => 60,
]);
$answer = curl_exec($call);
if ($answer === false) { fwrite(STDERR, curl_error($call) . "\n"); exit(1); }
echo curl_getinfo($call, CURLINFO_RESPONSE_CODE), ' ', $answer, "\n";
"""


def _php(request: Request) -> str:
    headers = "".join([f"    {_php_text(f'{n}: {v}')},\n" for n, v in _headers(request)])
    if request.body and request.header("Content-Type") is None:
        headers += "    'Content-Type:',\n"
    body = f"    CURLOPT_POSTFIELDS => {_php_text(request.body)},\n" if request.body else ""
    return (
        "<?php\n"
        f"$call = curl_init({_php_text(request.url)});\n"
        "curl_setopt_array($call, [\n"
        f"    CURLOPT_CUSTOMREQUEST => {_php_text(request.method)},\n"
        "    CURLOPT_HTTPHEADER => [\n" + headers.replace("    '", "        '").replace(
            '    "', '        "') + "    ],\n" + body + "    CURLOPT_RETURNTRANSFER => true,\n"
    ) + _PHP_SENT  # fmt: skip


def _php_resigned(request: Request) -> str:
    params = "".join(
        [f"    {_php_text(n)} => {_php_text(v)},\n" for n, v in _params(request).items()]
    )
    headers = "".join(
        [f"        {_php_text(f'{n}: {v}')},\n" for n, v in _headers(request, resign=True)]
    )
    name = "sha256" if _is_sha256(request) else "md5"
    return (
        "<?php\n"
        "$key = getenv('QFTOOLS_CLIENT_KEY');\n"
        "$params = [\n" + params + "];\n"
        "ksort($params, SORT_STRING);\n"
        "$pairs = [];\n"
        'foreach ($params as $name => $value) $pairs[] = "$name=$value";\n'
        f"$sign = strtoupper(hash('{name}', implode('&', $pairs) . $key));\n"
        f"$call = curl_init({_php_text(_bare(request))});\n"
        "curl_setopt_array($call, [\n"
        "    CURLOPT_POST => true,\n"
        "    CURLOPT_POSTFIELDS => http_build_query($params),\n"
        "    CURLOPT_HTTPHEADER => [\n" + headers + '        "X-QF-SIGN: $sign",\n    ],\n'
        "    CURLOPT_RETURNTRANSFER => true,\n"
    ) + _PHP_SENT  # fmt: skip


# ---- Java ----------------------------------------------------------------------------


def _java_text(text: str) -> str:
    """ASCII only, so that the compiler's charset does not matter."""
    written = json.dumps(text.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
    return written.replace("\\/", "/")


def _java_bytes(body: bytes) -> str:
    """Bytes as text in latin-1, which maps one to one."""
    return json.dumps(body.decode("latin-1")).replace("\\u000a", "\\n").replace("\\u000d", "\\r")


def _java(request: Request) -> str:
    headers = "".join(
        [f"            .header({_java_text(n)}, {_java_text(v)})\n" for n, v in _headers(request)]
    )
    publisher = (
        "HttpRequest.BodyPublishers.ofByteArray(\n"
        f"                {_java_bytes(request.body)}.getBytes(StandardCharsets.ISO_8859_1))"
        if request.body
        else "HttpRequest.BodyPublishers.noBody()"
    )
    return (
        "import java.net.URI;\n"
        "import java.net.http.HttpClient;\n"
        "import java.net.http.HttpRequest;\n"
        "import java.net.http.HttpResponse;\n"
        "import java.nio.charset.StandardCharsets;\n\n"
        "public class Call {\n"
        "    public static void main(String[] args) throws Exception {\n"
        "        HttpRequest request = HttpRequest.newBuilder(URI.create("
        f"{_java_text(request.url)}))\n"
        "            .version(HttpClient.Version.HTTP_1_1)\n"
        + headers
        + f"            .method({_java_text(request.method)}, {publisher})\n"
        "            .build();\n"
        "        HttpResponse<String> answer = HttpClient.newHttpClient()\n"
        "            .send(request, HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8));\n"
        '        System.out.println(answer.statusCode() + " " + answer.body());\n'
        "    }\n"
        "}\n"
    )


def _java_resigned(request: Request) -> str:
    params = "".join(
        [
            f"        params.put({_java_text(n)}, {_java_text(v)});\n"
            for n, v in _params(request).items()
        ]
    )
    headers = "".join(
        [
            f"            .header({_java_text(n)}, {_java_text(v)})\n"
            for n, v in _headers(request, resign=True)
        ]
    )
    name = "SHA-256" if _is_sha256(request) else "MD5"
    return (
        "import java.net.URI;\n"
        "import java.net.URLEncoder;\n"
        "import java.net.http.HttpClient;\n"
        "import java.net.http.HttpRequest;\n"
        "import java.net.http.HttpResponse;\n"
        "import java.nio.charset.StandardCharsets;\n"
        "import java.security.MessageDigest;\n"
        "import java.util.*;\n\n"
        "public class Call {\n"
        "    public static void main(String[] args) throws Exception {\n"
        '        String key = System.getenv("QFTOOLS_CLIENT_KEY");\n'
        "        Map<String, String> params = new TreeMap<>();\n" + params + "        "
        "List<String> pairs = new ArrayList<>(), form = new ArrayList<>();\n"
        "        params.forEach((name, value) -> {\n"
        '            pairs.add(name + "=" + value);\n'
        '            form.add(name + "=" + URLEncoder.encode(value, StandardCharsets.UTF_8));\n'
        "        });\n"
        f'        byte[] digest = MessageDigest.getInstance("{name}").digest(\n'
        '            (String.join("&", pairs) + key).getBytes(StandardCharsets.UTF_8));\n'
        "        HttpRequest request = HttpRequest.newBuilder(URI.create("
        f"{_java_text(_bare(request))}))\n"
        "            .version(HttpClient.Version.HTTP_1_1)\n"
        + headers
        + '            .header("Content-Type", "application/x-www-form-urlencoded")\n'
        '            .header("X-QF-SIGN", HexFormat.of().withUpperCase().formatHex(digest))\n'
        '            .POST(HttpRequest.BodyPublishers.ofString(String.join("&", form)))\n'
        "            .build();\n"
        "        HttpResponse<String> answer = HttpClient.newHttpClient()\n"
        "            .send(request, HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8));\n"
        '        System.out.println(answer.statusCode() + " " + answer.body());\n'
        "    }\n"
        "}\n"
    )


# ---- Node ----------------------------------------------------------------------------


def _node_call(url: str, method: str, headers: str, body: str, before: str = "") -> str:
    # node:http writes what it is given and nothing else; fetch() would add headers of its own.
    return (
        f'const url = new URL({url});\nconst http = require(url.protocol === "https:" ? '
        '"node:https" : "node:http");\n' + before + "const request = http.request(url, {\n"
        f"  method: {method},\n"
        "  headers: {\n" + headers + "  },\n"
        "  timeout: 60000,\n"
        "}, (answer) => {\n"
        "  const parts = [];\n"
        '  answer.on("data", (part) => parts.push(part));\n'
        '  answer.on("end", () =>\n'
        "    console.log(answer.statusCode, Buffer.concat(parts).toString()));\n"
        "});\n"
        'request.on("timeout", () => request.destroy(new Error("no answer in 60 s")));\n'
        'request.on("error", (error) => { console.error(error.message); process.exit(1); });\n'
        f"request.end({body});\n"
    )


def _node(request: Request) -> str:
    headers = "".join([f"    {json.dumps(n)}: {_node_text(v)},\n" for n, v in _headers(request)])
    body = ""
    if request.body:
        headers += f'    "Content-Length": {len(request.body)},\n'
        body = f'Buffer.from({json.dumps(request.body.decode("latin-1"))}, "latin1")'
    return _node_call(_node_text(request.url), json.dumps(request.method), headers, body)


def _node_text(text: str) -> str:
    return json.dumps(text.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))


def _node_resigned(request: Request) -> str:
    params = "".join(
        [f"  {_node_text(n)}: {_node_text(v)},\n" for n, v in _params(request).items()]
    )
    headers = "".join(
        [f"    {json.dumps(n)}: {_node_text(v)},\n" for n, v in _headers(request, resign=True)]
    )
    headers += (
        '    "Content-Type": "application/x-www-form-urlencoded",\n'
        '    "Content-Length": Buffer.byteLength(body),\n'
        '    "X-QF-SIGN": sign,\n'
    )
    name = "sha256" if _is_sha256(request) else "md5"
    before = (
        "const params = {\n" + params + "};\n"
        "const text = Object.keys(params).sort()"
        '.map((name) => `${name}=${params[name]}`).join("&");\n'
        f'const sign = require("node:crypto").createHash("{name}")\n'
        '  .update(text + process.env.QFTOOLS_CLIENT_KEY, "utf8").digest("hex").toUpperCase();\n'
        "const body = new URLSearchParams(params).toString();\n"
    )
    return _node_call(_node_text(_bare(request)), '"POST"', headers, "body", before)


_RECORDED: dict[str, Callable[[Request], str]] = {
    "python": _python,
    "php": _php,
    "java": _java,
    "node": _node,
}
_RESIGNED: dict[str, Callable[[Request], str]] = {
    "python": _python_resigned,
    "php": _php_resigned,
    "java": _java_resigned,
    "node": _node_resigned,
}
