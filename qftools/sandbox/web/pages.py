"""What payer page and workbench share: files, words in two languages, and the headers of a page.

Every value that goes into a page is escaped here.
"""

from __future__ import annotations

from functools import cache
from html import escape
from pathlib import Path
from string import Template
from urllib.parse import parse_qsl

from qftools.sandbox.words import FILE, preferred, words
from qftools.texts import known
from qftools.transport.door import WireRequest, WireResponse, plain

# Nothing from elsewhere, no inline script, in no frame: a page of the sandbox runs its own files.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
KINDS = {
    "css": "text/css",
    "js": "text/javascript",
    "svg": "image/svg+xml",
    "json": "application/json",
}
STATIC = (
    "sandbox.css",
    "workbench.css",
    "workbench.js",
    "page.js",
    "stream.js",
    "inspector.js",
    "order.js",
    "controls.js",
    "drawing.css",
    "payer.css",
    "payer.js",
    "icon.svg",
    "words.json",
)


def language(request: WireRequest) -> str:
    """Return the language of a page: the one in its address, else the browser's."""
    asked = dict(parse_qsl(request.query[:1_000])).get("lang", "")
    return known(asked) or preferred(request.headers)


def page(template: str, lang: str, **values: str) -> WireResponse:
    """Return a page made from a template; its ``$words`` are escaped values or words.

    Args:
        template: The file.
        lang: en or zh.
        values: Plain text; what is HTML already has a name that ends in ``_html``.
    """
    tag, other = ("zh-CN", "en") if lang == "zh" else ("en", "zh")
    filled = {name: escape(text.say(lang)) for name, text in words().items()}
    filled |= {"lang": tag, "code": lang, "other": other}
    for name, value in values.items():
        filled[name] = value if name.endswith("_html") else escape(value)
    html = Template(file(template)).substitute(filled)
    return WireResponse(200, headers("text/html; charset=utf-8"), html.encode())


def headers(kind: str) -> tuple[tuple[str, str], ...]:
    """Return the headers of everything that a browser shows."""
    return (
        ("Content-Type", kind),
        ("Content-Security-Policy", POLICY),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "same-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
    )


def static_files(request: WireRequest) -> WireResponse:
    """Answer a request for one of the files of the pages."""
    name = request.path.removeprefix("/static/")
    if name not in STATIC:
        return plain(404, "404 page not found")
    if request.method not in ("GET", "HEAD"):
        return plain(405, "405 method not allowed", ("Allow", "GET, HEAD"))
    kind = KINDS[name.rpartition(".")[2]]
    return WireResponse(200, headers(f"{kind}; charset=utf-8"), file(name).encode())


@cache
def file(name: str) -> str:
    """Return the text of a file of the pages."""
    here = Path(__file__)
    elsewhere = {"words.json": FILE, "drawing.css": here.parents[2] / "drawing.css"}
    path = elsewhere.get(name) or here.with_name("static") / name
    return path.read_text(encoding="utf-8")
