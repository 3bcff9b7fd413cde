"""What a cause says that a language does is what that language does."""

from __future__ import annotations

import json
import subprocess

import pytest

from qftools.diagnosis.causes.characters import WRITINGS
from qftools.diagnosis.causes.layouts import JOINS, hash_map_order

TEXT = "菠蘿油 x2 ~*'()!&=+/?#%\"<Café\\ 😀"
NAMES = [
    *("txamt", "txcurrcd", "pay_type", "out_trade_no", "txdtm", "goods_name", "udid", "mchid"),
    *("notify_url", "return_url", "goods_info", "limit_pay", "txzone", "expired_time", "syssn"),
    *("extend_info", "failed_url", "auth_code", "lang"),
]
PAIRS = [("txamt", "1280"), ("goods_name", TEXT)]


def printed(folder, *command, source="", name="program"):
    (folder / name).write_text(source, encoding="utf-8")
    done = subprocess.run(
        [*command, name], cwd=folder, capture_output=True, encoding="utf-8", timeout=120
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def written(identifier, detail, text=TEXT):
    (write,) = [how for name, which, how in WRITINGS if (name, which) == (identifier, detail)]
    return write(text)


def join(identifier, detail):
    (how,) = [how for name, which, how in JOINS if (name, which) == (identifier, detail)]
    return how(PAIRS)


@pytest.mark.needs("node")
def test_what_is_said_of_javascript_is_so(tmp_path):
    source = f"""const text = {json.dumps(TEXT)};
const entries = {json.dumps(PAIRS)};
console.log(JSON.stringify([escape(text), encodeURIComponent(text), encodeURI(text),
  Buffer.from(text, "latin1").toString("hex"), String(Object.fromEntries(entries))]));"""

    js_escape, component, uri, low, thing = printed(tmp_path, "node", source=source)

    assert js_escape == written("javascript-escape", "")
    assert component == written("values-url-encoded", "encodeURIComponent")
    assert uri == written("values-url-encoded", "encodeURI")
    assert low == low_bytes(TEXT).hex()
    assert thing == join("map-printed", "[object Object]")


def low_bytes(text):
    from qftools.diagnosis.causes.digests import CHARSETS

    (encode,) = [how for _, detail, how in CHARSETS if detail == "low bytes"]
    return encode(text)


@pytest.mark.needs("php")
def test_what_is_said_of_php_is_so(tmp_path):
    source = f"""<?php $text = json_decode({php(json.dumps(TEXT))});
$array = json_decode({php(json.dumps(dict(PAIRS)))}, true);
echo json_encode([urlencode($text), rawurlencode($text), htmlspecialchars($text, ENT_QUOTES),
  htmlspecialchars($text, ENT_COMPAT), htmlentities($text, ENT_QUOTES), addslashes($text),
  json_encode($array), @(string) $array]);"""

    plus, raw, special, compat, entities, slashes, array, text = printed(
        tmp_path, "php", source=source
    )

    assert plus == written("values-url-encoded", "urlencode (PHP)")
    assert raw == written("values-url-encoded", "%20, %XX")
    assert special == written("html-escaped", "&#039;")
    assert compat == written("html-escaped", "&quot;")
    assert entities == written("html-escaped", "&eacute;")
    assert slashes == written("backslashes", "")
    assert array == join("json-signed", "PHP json_encode")
    assert text == join("map-printed", "PHP Array")


def php(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


@pytest.mark.needs("java")
def test_what_is_said_of_java_is_so(tmp_path):
    puts = "".join([f'names.put("{name}", "1");\n' for name in NAMES])
    source = f"""import java.util.*;
public class Program {{ public static void main(String[] args) throws Exception {{
String text = {json.dumps(TEXT)};
System.out.println("[\\"" + java.net.URLEncoder.encode(text, "UTF-8") + "\\"");
Map<String, String> names = new LinkedHashMap<>();
{puts}
List<String> all = new ArrayList<>(names.keySet());
for (int count : new int[] {{3, 5, 6, 8, 12, 13, {len(NAMES)}}}) {{
  Map<String, String> map = new HashMap<>();
  for (String name : all.subList(0, count)) map.put(name, "1");
  System.out.println(",\\"" + String.join(",", map.keySet()) + "\\"");
}}
Map<String, String> pair = new TreeMap<>();
pair.put("a", "1"); pair.put("b", "x y");
System.out.println(",\\"" + pair + "\\"]");
}} }}"""

    encoded, *orders, pair = printed(
        tmp_path, "java", "-XX:TieredStopAtLevel=1", source=source, name="Program.java"
    )

    assert encoded == written("values-url-encoded", "URLEncoder (Java)")
    for order in orders:
        names = order.split(",")
        assert hash_map_order(NAMES[: len(names)]) == names
    (how,) = [how for _, detail, how in JOINS if detail == "Java Map.toString()"]
    assert pair == how([("a", "1"), ("b", "x y")])


def test_what_is_said_of_python_2_is_so():
    # As Python 2.7.18 prints them.
    assert written("python-repr", "u'...'", "é菠😀'") == 'u"\\xe9\\u83e0\\U0001f600\'"'
    assert written("python-repr", "'\\xXX'", "é菠") == "'\\xc3\\xa9\\xe8\\x8f\\xa0'"
    assert written("python-repr", "\\xXX", "é") == "\\xc3\\xa9"
    (how,) = [how for _, detail, how in JOINS if detail == "Python 2 str(dict)"]
    assert how([("a", "é"), ("b", "1")]) == "{'a': '\\xc3\\xa9', 'b': '1'}"
